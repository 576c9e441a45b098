/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde_jtag_svf(): what the player of svf.h asks for, as batches of steps.
 * Steps are collected, and sent when there are many, or when bits that come back
 * are to be compared.  A file's next scan is not sent before, unless the caller
 * wants that: behind an IDCODE that is wrong stands the erasure of the chip.
 *
 * The tree is not locked, since the callbacks may call the library.  No batch may
 * have memory of the player when the call returns.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/jtag.h"
#include "svf.h"

#define READ_SIZE  65536
#define STEPS_MAX  256
#define ARENA_SIZE 32768 /* of bits that are sent with other steps */
/* Batches on their way, and bytes that are to be compared when they come. */
#define BATCHES_MAX 64
#define CHECKS_MAX  (1 << 20)
#define LAST_MS     2000 /* for the way to RESET at the end */
#define TIME_MAX_NS UINT64_C(100000000000000000) /* three years */

/* Bits that were sent, and have not been compared. */
struct check {
	struct check *next;
	struct svf_scan scan;
	size_t size;
	uint8_t *got;
	uint8_t memory[]; /* what is expected, the masks, and what came */
};

/* A batch that is on its way. */
struct sent {
	uint64_t ticket;
	struct check *checks; /* in the file's order */
};

struct player {
	struct clyde_jtag *jtag; /* the object */
	struct clyde_jtag *handle;
	bool ahead, trst;
	uint16_t before; /* the period, to be restored */
	uint32_t rate_max_hz;
	uint16_t period;
	/* The next batch. */
	struct clyde_jtag_step steps[STEPS_MAX];
	unsigned count;
	struct check *checks, **checks_end;
	uint8_t arena[ARENA_SIZE];
	size_t used;
	/* Those before it. */
	struct sent sent[BATCHES_MAX];
	unsigned first, sent_count;
	size_t checks_size;
	uint8_t *wide; /* a scan of several pieces in one */
	size_t wide_size;
	uint8_t bytes[READ_SIZE];
};

/* ---- Batches ---------------------------------------------------------- */

static void free_checks(struct check *check)
{
	while (check) {
		struct check *next = check->next;

		free(check);
		check = next;
	}
}

static int compare(struct player *player, const struct check *check)
{
	char why[SVF_WHY_SIZE];

	for (; check; check = check->next) {
		player->checks_size -= check->size;
		if (!svf_compare(&check->scan, check->got, why))
			return set_error(CLYDE_ERROR_MISMATCH, "%s", why);
	}
	return 0;
}

static int collect_first(struct player *player)
{
	struct sent *sent = &player->sent[player->first];
	int result = clyde_jtag_collect(player->handle, sent->ticket, -1);

	if (result < 0)
		return result;
	result = compare(player, sent->checks);
	free_checks(sent->checks);
	sent->checks = NULL;
	player->first = (player->first + 1) % BATCHES_MAX;
	player->sent_count--;
	return result;
}

static int collect_all(struct player *player)
{
	int result = 0;

	while (result == 0 && player->sent_count > 0)
		result = collect_first(player);
	return result;
}

/* Send the steps. */
static int flush(struct player *player)
{
	struct sent *sent;
	int result = 0;

	if (player->count == 0)
		return 0;
	while (result == 0 &&
		(player->sent_count == BATCHES_MAX ||
			(player->sent_count > 0 &&
				player->checks_size > CHECKS_MAX)))
		result = collect_first(player);
	if (result < 0)
		return result;
	sent = &player->sent[(player->first + player->sent_count) %
		BATCHES_MAX];
	result = clyde_jtag_submit(player->handle, player->steps, player->count,
		0, &sent->ticket, -1);
	if (result < 0)
		return result;
	sent->checks = player->checks;
	player->sent_count++;
	player->checks = NULL;
	player->checks_end = &player->checks;
	player->count = 0;
	player->used = 0;
	return 0;
}

static int add(struct player *player, struct clyde_jtag_step step)
{
	int result = player->count == STEPS_MAX ? flush(player) : 0;

	if (result == 0)
		player->steps[player->count++] = step;
	return result;
}

/* Bits of a step that stay valid until the batch is sent; NULL: no room. */
static uint8_t *take(struct player *player, size_t size)
{
	uint8_t *bytes = player->arena + player->used;

	if (size > ARENA_SIZE - player->used)
		return NULL;
	player->used += size;
	return bytes;
}

/* ---- Scans ------------------------------------------------------------ */

static size_t bytes_of(uint64_t bits)
{
	return (bits + 7) / 8;
}

static uint64_t bits_of(const struct svf_scan *scan)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < scan->pieces_count; i++)
		bits += scan->pieces[i].count;
	return bits;
}

static bool is_checked(const struct svf_scan *scan)
{
	for (unsigned i = 0; i < scan->pieces_count; i++)
		if (scan->pieces[i].tdo)
			return true;
	return false;
}

/* Append bits to those that are there; the bytes behind them are zeros. */
static void append(
	uint8_t *to, uint64_t at, const uint8_t *bits, uint32_t count)
{
	unsigned shift = at % 8;

	for (size_t i = 0; i < bytes_of(count); i++) {
		uint32_t left = count - 8 * (uint32_t)i;
		unsigned byte =
			left < 8 ? bits[i] & ((1u << left) - 1) : bits[i];

		to[at / 8 + i] |= byte << shift;
		if (shift && byte >> (8 - shift))
			to[at / 8 + i + 1] |= byte >> (8 - shift);
	}
}

static void join(const struct svf_scan *scan, uint8_t *to)
{
	uint64_t at = 0;

	memset(to, 0, bytes_of(bits_of(scan)));
	for (unsigned i = 0; i < scan->pieces_count; i++) {
		append(to, at, scan->pieces[i].tdi, scan->pieces[i].count);
		at += scan->pieces[i].count;
	}
}

static int grow_wide(struct player *player, size_t size)
{
	if (size <= player->wide_size)
		return 0;
	free(player->wide);
	player->wide = malloc(size);
	player->wide_size = player->wide ? size : 0;
	return player->wide
		? 0
		: set_error(CLYDE_ERROR_NO_MEMORY,
			  "no memory for a scan of %zu bytes", size);
}

static const uint8_t *keep(uint8_t **at, const uint8_t *bits, uint32_t count)
{
	uint8_t *kept = *at;

	if (bits == NULL)
		return NULL;
	memcpy(kept, bits, bytes_of(count));
	*at += bytes_of(count);
	return kept;
}

/* Remember what a scan should receive: the player's bits are only valid during
   its call. */
static int add_check(
	struct player *player, const struct svf_scan *scan, uint8_t **ret_got)
{
	size_t size = bytes_of(bits_of(scan));
	struct check *check;
	uint8_t *at;

	for (unsigned i = 0; i < scan->pieces_count; i++)
		size += 2 * bytes_of(scan->pieces[i].count);
	check = malloc(sizeof(*check) + size);
	if (check == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY,
			"no memory for a scan of %zu bytes", size);
	*check = (struct check){.scan = *scan, .size = size};
	at = check->memory;
	for (unsigned i = 0; i < scan->pieces_count; i++) {
		struct svf_bits *piece = &check->scan.pieces[i];

		piece->tdi = NULL;
		piece->tdo = keep(&at, piece->tdo, piece->count);
		piece->mask = keep(&at, piece->mask, piece->count);
	}
	*ret_got = check->got = at;
	*player->checks_end = check;
	player->checks_end = &check->next;
	player->checks_size += size;
	return 0;
}

/* The bits of a scan in one, in memory that is valid until the batch is sent.
   *ret_now: the batch must be sent before the player goes on. */
static int gather(struct player *player, const struct svf_scan *scan,
	const uint8_t **ret_bits, bool *ret_now)
{
	size_t size = bytes_of(bits_of(scan));
	bool large = size > ARENA_SIZE / 4;
	uint8_t *to;
	int result = 0;

	*ret_now = large;
	*ret_bits = scan->pieces[0].tdi;
	if (large && scan->pieces_count == 1)
		return 0;
	if (large)
		result = grow_wide(player, size);
	else if (size > ARENA_SIZE - player->used)
		result = flush(player);
	if (result < 0)
		return result;
	to = large ? player->wide : take(player, size);
	join(scan, to);
	*ret_bits = to;
	return 0;
}

static int play_shift(void *user, const struct svf_scan *scan)
{
	struct player *player = user;
	struct clyde_jtag_step step = {
		.kind = scan->ir ? CLYDE_JTAG_IR : CLYDE_JTAG_DR,
		.state = scan->ir ? CLYDE_TAP_IR_EXIT1 : CLYDE_TAP_DR_EXIT1,
		.bits = bits_of(scan),
	};
	bool checked = is_checked(scan), now = false;
	const uint8_t *bits = NULL;
	uint8_t *got = NULL;
	int result = player->count == STEPS_MAX ? flush(player) : 0;

	if (result == 0)
		result = gather(player, scan, &bits, &now);
	if (result == 0 && checked)
		result = add_check(player, scan, &got);
	if (result < 0)
		return result;
	step.out = bits;
	step.in = got;
	player->steps[player->count++] = step;
	if (now || checked)
		result = flush(player);
	if (result == 0 && checked && !player->ahead)
		result = collect_all(player);
	return result;
}

/* ---- The rest of the port --------------------------------------------- */

static int play_move(
	void *user, enum jtag_state from, const struct jtag_path *path)
{
	struct player *player = user;
	struct jtag_path shortest = jtag_path(from, path->to);
	struct clyde_jtag_step step = {
		.kind = CLYDE_JTAG_STATE, .state = path->to};
	uint8_t *tms;
	int result;

	if (path->to == JTAG_RESET ||
		(shortest.count == path->count && shortest.tms == path->tms))
		return add(player, step);
	result = sizeof(path->tms) > ARENA_SIZE - player->used ? flush(player)
							       : 0;
	if (result < 0)
		return result;
	tms = take(player, sizeof(path->tms));
	memcpy(tms, &path->tms, sizeof(path->tms));
	step.kind = CLYDE_JTAG_VECTOR;
	step.bits = path->count;
	step.tms = tms;
	return add(player, step);
}

/* How many clocks of this period last so long. */
static uint64_t clocks_for(uint64_t ns, uint16_t period)
{
	uint64_t limited = ns < TIME_MAX_NS ? ns : TIME_MAX_NS;
	uint64_t per_clock = 1000 * (uint64_t)period;

	return (48 * limited + per_clock - 1) / per_clock;
}

/* A time is clocks, too: many chips need them to get on.  Those of the target's
   own clock cannot be counted. */
static int play_run(void *user, const struct svf_run *run)
{
	struct player *player = user;
	uint64_t clocks = clocks_for(run->minimum_ns, player->period);
	int result = 0;

	if (clocks < run->clocks)
		clocks = run->clocks;
	while (clocks > 0 && result == 0) {
		uint32_t piece = clocks < UINT32_MAX ? clocks : UINT32_MAX;

		result = add(player,
			(struct clyde_jtag_step){
				.kind = CLYDE_JTAG_RUN, .clocks = piece});
		clocks -= piece;
	}
	return result;
}

static int play_trst(void *user, enum svf_trst trst, uint64_t line)
{
	struct player *player = user;
	bool low = trst == SVF_TRST_ON;
	int result = 0;

	(void)line;
	if (low)
		result = add(player,
			(struct clyde_jtag_step){.kind = CLYDE_JTAG_STATE,
				.state = CLYDE_TAP_RESET});
	if (result < 0 || !player->trst)
		return result;
	return add(player,
		(struct clyde_jtag_step){.kind = CLYDE_JTAG_PINS,
			.pins = CLYDE_JTAG_SRST_HIGH |
				(low ? 0 : CLYDE_JTAG_TRST_HIGH)});
}

static int change_rate(struct player *player, uint32_t rate_hz)
{
	int result = core_period(rate_hz, 0, &player->period);

	if (result == 0)
		player->jtag->config.period = player->period;
	return result;
}

static int set_rate(struct player *player, uint32_t rate_hz)
{
	int result = object_lock(&player->jtag->object);

	if (result < 0)
		return result;
	result = change_rate(player, rate_hz);
	object_unlock(&player->jtag->object);
	return result;
}

/* The steps before it keep their rate: it is that of a batch. */
static int play_frequency(void *user, uint64_t hz, uint64_t line)
{
	struct player *player = user;
	uint32_t rate =
		hz && hz < player->rate_max_hz ? hz : player->rate_max_hz;
	int result = flush(player);

	if (result < 0)
		return result;
	if (rate < CLYDE_JTAG_RATE_MIN)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"line %" PRIu64 ": FREQUENCY: %" PRIu32
			" Hz are slower than the %d Hz that are possible",
			line, rate, CLYDE_JTAG_RATE_MIN);
	return set_rate(player, rate);
}

static const struct svf_port port = {
	.move = play_move,
	.shift = play_shift,
	.run = play_run,
	.trst = play_trst,
	.frequency = play_frequency,
};

/* ---- The file --------------------------------------------------------- */

static int explain(const struct svf *svf, int result)
{
	if (result == -EINVAL || result == -ENOMEM) {
		const char *why = svf_why(svf);

		if (*why)
			return set_error(CLYDE_ERROR_SVF, "%s", why);
	}
	return result;
}

static int feed(struct player *player, struct svf *svf,
	ssize_t (*read)(void *user, void *ret_bytes, size_t size), void *user,
	const struct clyde_observer *observer)
{
	uint64_t done = 0;
	int result = 0;
	ssize_t size;

	while ((size = read(user, player->bytes, READ_SIZE)) > 0) {
		result = explain(svf, svf_feed(svf, player->bytes, size));
		if (result < 0)
			return result;
		done += size;
		if (observer && observer->progress)
			observer->progress(observer->user, "play", done, 0);
	}
	if (size < 0)
		return size;
	result = explain(svf, svf_end(svf));
	if (result == 0)
		result = flush(player);
	return result < 0 ? result : collect_all(player);
}

static void free_player(struct player *player)
{
	while (player->sent_count > 0) {
		free_checks(player->sent[player->first].checks);
		player->first = (player->first + 1) % BATCHES_MAX;
		player->sent_count--;
	}
	free_checks(player->checks);
	free(player->wide);
	free(player);
}

/* No batch has the player's memory after that. */
static int go_to_reset(struct player *player, int result)
{
	const struct clyde_jtag_step reset = {
		.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET};
	char why[ERROR_SIZE];

	error_take(result, why);
	jtag_transfer_last(player->jtag, &reset, 1, LAST_MS);
	return set_error(result, "%s", why);
}

static void restore(struct player *player)
{
	if (object_lock(&player->jtag->object) < 0)
		return;
	player->jtag->config.period = player->before;
	object_unlock(&player->jtag->object);
}

/* The rate that is set is the file's rate at most. */
static struct player *new_player(struct clyde_jtag *jtag,
	struct clyde_jtag *handle, const struct clyde_svf_options *options)
{
	struct player *player = calloc(1, sizeof(*player));
	uint16_t period = jtag->config.period;

	if (player == NULL)
		return NULL;
	player->jtag = jtag;
	player->handle = handle;
	player->trst = jtag_has(jtag, PROBE_OUTPUT_TRST);
	player->checks_end = &player->checks;
	player->before = player->period = period;
	player->rate_max_hz = (CORE_CLOCK_HZ + period - 1) / period;
	if (options) {
		player->ahead = options->ahead;
		if (options->rate_hz && options->rate_hz < player->rate_max_hz)
			player->rate_max_hz = options->rate_hz;
	}
	return player;
}

static int play_file(struct player *player,
	ssize_t (*read)(void *user, void *ret_bytes, size_t size), void *user,
	const struct clyde_observer *observer)
{
	struct svf *svf = svf_new(&port, player, SVF_BITS_MAX);
	int result;

	if (svf == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = set_rate(player, player->rate_max_hz);
	if (result == 0)
		result = feed(player, svf, read, user, observer);
	if (result < 0)
		result = go_to_reset(player, result);
	restore(player);
	svf_free(svf);
	return result;
}

static int play(struct clyde_jtag *jtag, struct clyde_jtag *handle,
	const struct clyde_svf_options *options,
	ssize_t (*read)(void *user, void *ret_bytes, size_t size), void *user,
	const struct clyde_observer *observer)
{
	struct player *player;
	int result;

	if (read == NULL)
		return set_error(CLYDE_ERROR_INVALID, "read is NULL");
	if (!jtag_has(jtag, PROBE_OUTPUT_TDI))
		return set_error(
			CLYDE_ERROR_INVALID, "SVF needs tdi, which has no pin");
	player = new_player(jtag, handle, options);
	if (player == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = play_file(player, read, user, observer);
	free_player(player);
	return result;
}

CLYDE_API int clyde_jtag_svf(struct clyde_jtag *handle,
	const struct clyde_svf_options *options,
	ssize_t (*read)(void *user, void *ret_bytes, size_t size), void *user,
	const struct clyde_observer *observer)
{
	return PINNED(jtag, handle,
		play(jtag, handle, options, read, user, observer));
}
