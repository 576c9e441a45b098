/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The probe core for the applets jtag-...; see jtag.h.  A batch is a command
 * PROBE_VECTOR and a barrier, whose reply says that all before it is done.
 */
#include "jtag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/core-probe.h"

#define CLOCK_HZ 48000000
/* Beside its bits, a batch may take so long: the device may be busy with other
   things. */
#define SLACK_NS INT64_C(2000000000)
/* In multiples of a packet; the OUT pipe holds the longest batch. */
#define OUT_SIZE  4096
#define OUT_DEPTH 32
#define IN_SIZE   4096
#define IN_DEPTH  32

struct sent {
	uint64_t ticket;
	uint8_t *tdo;
	uint32_t bytes; /* of the reply, without the barrier's */
	uint8_t tag;
};

struct jtag {
	struct clyde_run *run;
	struct clyde_pipe *out, *in;
	uint64_t last;
	uint32_t rate_hz;
	unsigned delay;  /* of the sample, half cycles */
	int64_t done_ns; /* when all that was sent is done, at the earliest */
	unsigned first, count; /* of `sent` */
	struct sent sent[JTAG_TICKETS];
	uint8_t bytes[4 + JTAG_BITS_MAX / 4 + 2]; /* a batch */
};

/* ---- Claims --------------------------------------------------------------- */

static const struct {
	const char *name;
	enum pin_use use;
	unsigned function;
	bool required;
} lines[] = {
	{"tck", PIN_OUTPUT, OUTPUT_PROBE + PROBE_OUTPUT_TCK, true},
	{"tms", PIN_OUTPUT, OUTPUT_PROBE + PROBE_OUTPUT_TMS, true},
	{"tdi", PIN_OUTPUT, OUTPUT_PROBE + PROBE_OUTPUT_TDI, true},
	{"tdo", PIN_INPUT, INPUT_PROBE + PROBE_INPUT_TDO, true},
	{"trst", PIN_OUTPUT, OUTPUT_PROBE + PROBE_OUTPUT_TRST, false},
	{"srst", PIN_OUTPUT, OUTPUT_PROBE + PROBE_OUTPUT_SRST, false},
};

#define LINES (sizeof(lines) / sizeof(*lines))

static const struct clyde_pin *pin_of(struct clyde_run *run, size_t line)
{
	const struct clyde_pin *pin;

	return run_pins(run, lines[line].name, &pin) ? pin : NULL;
}

int jtag_claim(struct clyde_run *run, const char *applet)
{
	int result = 0;

	for (size_t i = 0; i < LINES; i++)
		if (lines[i].required && pin_of(run, i) == NULL)
			return set_error(CLYDE_ERROR_INVALID,
				"%s: a pin is needed for --%s", applet,
				lines[i].name);
	result = run_claim_core(run, CORE_PROBE, CORE_TAKES | CORE_GIVES);
	for (size_t i = 0; i < LINES && result == 0; i++) {
		const struct clyde_pin *pin = pin_of(run, i);

		if (pin)
			result = run_claim_pin(run, lines[i].name, pin,
				lines[i].use, lines[i].function);
	}
	return result;
}

/* ---- Replies -------------------------------------------------------------- */

static int protocol_error(void)
{
	return set_error(CLYDE_ERROR_PROTOCOL,
		"the probe core replied what it must not; run the applet "
		"again");
}

/* So long may it take until all that was sent is done. */
static int limit_ms(const struct jtag *jtag)
{
	int64_t rest = jtag->done_ns - now_ns(run_device(jtag->run));

	return ((rest > 0 ? rest : 0) + SLACK_NS) / 1000000;
}

static int receive(struct jtag *jtag, void *data, size_t size)
{
	ssize_t got = clyde_pipe_read(jtag->in, data, size, limit_ms(jtag));

	if (got < 0)
		return got;
	if ((size_t)got == size)
		return 0;
	/* The failure that cut it short. */
	got = clyde_pipe_read(jtag->in, data, 1, 0);
	return got < 0 ? got : protocol_error();
}

static int collect_first(struct jtag *jtag)
{
	struct sent *sent = &jtag->sent[jtag->first];
	struct stream_barrier barrier;
	int result = 0;

	if (sent->bytes > 0)
		result = receive(jtag, sent->tdo, sent->bytes);
	if (result == 0)
		result = receive(jtag, &barrier, sizeof(barrier));
	if (result < 0)
		return result;
	jtag->first = (jtag->first + 1) % JTAG_TICKETS;
	jtag->count--;
	if (barrier.tag != sent->tag || barrier.code != STREAM_OK)
		return protocol_error();
	return 0;
}

int jtag_collect(struct jtag *jtag, uint64_t ticket)
{
	int result = 0;

	while (result == 0 && jtag->count > 0 &&
		jtag->sent[jtag->first].ticket <= ticket)
		result = collect_first(jtag);
	return result;
}

/* ---- Commands ------------------------------------------------------------- */

static void will_take(struct jtag *jtag, int64_t time_ns)
{
	int64_t now = now_ns(run_device(jtag->run));

	if (jtag->done_ns < now)
		jtag->done_ns = now;
	jtag->done_ns += time_ns;
}

static int send_bytes(struct jtag *jtag, const void *bytes, size_t size)
{
	ssize_t done = clyde_pipe_write(jtag->out, bytes, size, limit_ms(jtag));

	if (done < 0)
		return done;
	if ((size_t)done < size) {
		done = clyde_pipe_write(jtag->out, bytes, 1, 0);
		return done < 0 ? done : protocol_error();
	}
	return clyde_pipe_push(jtag->out);
}

/* Returns the size of the command. */
static size_t encode(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, bool tdo)
{
	uint8_t *at = jtag->bytes;

	*at++ = PROBE_VECTOR | (tdo ? PROBE_TDO : 0);
	*at++ = bits;
	*at++ = bits >> 8;
	*at++ = bits >> 16;
	for (uint32_t i = 0; i < (bits + 7) / 8; i++) {
		*at++ = tms[i];
		*at++ = tdi[i];
	}
	return at - jtag->bytes;
}

static void will_clock(struct jtag *jtag, uint32_t clocks)
{
	will_take(jtag, INT64_C(1000000000) * clocks / jtag->rate_hz);
}

int jtag_send(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi)
{
	will_clock(jtag, bits);
	return send_bytes(
		jtag, jtag->bytes, encode(jtag, bits, tms, tdi, false));
}

int jtag_go(struct jtag *jtag, const struct jtag_path *path)
{
	static const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff};
	const uint8_t tms[] = {
		path->tms, path->tms >> 8, path->tms >> 16, path->tms >> 24};

	return path->count ? jtag_send(jtag, path->count, tms, ones) : 0;
}

int jtag_clocks(struct jtag *jtag, uint32_t count, bool tms)
{
	const uint8_t bytes[] = {
		PROBE_RUN | PROBE_ONES | (tms ? PROBE_HIGH : 0), count,
		count >> 8, count >> 16, count >> 24};

	if (count == 0)
		return 0;
	will_clock(jtag, count);
	return send_bytes(jtag, bytes, sizeof(bytes));
}

int jtag_submit(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo, uint64_t *ret_ticket)
{
	struct sent sent = {
		.ticket = ++jtag->last,
		.tdo = tdo,
		.bytes = tdo ? (bits + 7) / 8 : 0,
		.tag = jtag->last,
	};
	size_t size = encode(jtag, bits, tms, tdi, tdo);
	int result = 0;

	jtag->bytes[size++] = STREAM_BARRIER;
	jtag->bytes[size++] = sent.tag;
	*ret_ticket = sent.ticket;
	if (jtag->count == JTAG_TICKETS)
		result = collect_first(jtag);
	will_clock(jtag, bits);
	if (result == 0)
		result = send_bytes(jtag, jtag->bytes, size);
	if (result == 0)
		jtag->sent[(jtag->first + jtag->count++) % JTAG_TICKETS] = sent;
	return result;
}

int jtag_shift(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo)
{
	uint64_t ticket;
	int result = jtag_submit(jtag, bits, tms, tdi, tdo, &ticket);

	return result < 0 ? result : jtag_collect(jtag, ticket);
}

int jtag_set_resets(struct jtag *jtag, bool trst, bool srst)
{
	const uint8_t bytes[] = {STREAM_PINS,
		(trst ? 0 : PROBE_TRST_HIGH) | (srst ? 0 : PROBE_SRST_HIGH)};

	return send_bytes(jtag, bytes, sizeof(bytes));
}

int jtag_delay(struct jtag *jtag, uint32_t delay_us)
{
	const uint8_t bytes[] = {STREAM_DELAY, delay_us, delay_us >> 8,
		delay_us >> 16, delay_us >> 24};

	will_take(jtag, INT64_C(1000) * delay_us);
	return send_bytes(jtag, bytes, sizeof(bytes));
}

int jtag_settle(struct jtag *jtag)
{
	struct sent sent = {.ticket = ++jtag->last, .tag = jtag->last};
	const uint8_t bytes[] = {STREAM_BARRIER, sent.tag};
	int result = jtag_collect(jtag, jtag->last - 1);

	if (result == 0)
		result = send_bytes(jtag, bytes, sizeof(bytes));
	if (result < 0)
		return result;
	jtag->sent[(jtag->first + jtag->count++) % JTAG_TICKETS] = sent;
	return collect_first(jtag);
}

int jtag_read_tdo(struct jtag *jtag, bool *ret_high)
{
	uint8_t levels;
	int result = jtag_settle(jtag);

	if (result == 0)
		result = clyde_register_read(run_device(jtag->run),
			REG_PROBE_LEVELS, &levels, sizeof(levels));
	*ret_high = result == 0 && levels >> PROBE_INPUT_TDO & 1;
	return result;
}

int jtag_set_rate(struct jtag *jtag, uint32_t rate_hz, uint32_t *ret_rate_hz)
{
	uint32_t period;
	uint8_t bytes[4];

	if (rate_hz > JTAG_RATE_MAX)
		rate_hz = JTAG_RATE_MAX;
	if (rate_hz < JTAG_RATE_MIN)
		rate_hz = JTAG_RATE_MIN;
	period = (CLOCK_HZ + rate_hz - 1) / rate_hz;
	jtag->rate_hz = CLOCK_HZ / period;
	if (ret_rate_hz)
		*ret_rate_hz = jtag->rate_hz;
	bytes[0] = PROBE_CONFIG;
	bytes[1] = period;
	bytes[2] = period >> 8;
	bytes[3] = jtag->delay << PROBE_SAMPLE_DELAY_SHIFT;
	return send_bytes(jtag, bytes, sizeof(bytes));
}

/* ---- Opening -------------------------------------------------------------- */

static void tell_start(struct jtag *jtag)
{
	char pins[96] = "";
	size_t size = 0;

	for (size_t i = 0; i < LINES; i++) {
		const struct clyde_pin *pin = pin_of(jtag->run, i);

		if (pin)
			size += snprintf(pins + size, sizeof(pins) - size,
				"%s%s %c%u%s", size ? ", " : "", lines[i].name,
				'A' + pin->port, pin->number,
				pin->invert ? "#" : "");
	}
	run_tell(jtag->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("pins", pins),
			COUNT_FIELD("rate_hz", jtag->rate_hz), END_FIELD},
		"%s, %.6g MHz", pins, jtag->rate_hz / 1e6);
}

static int start(struct jtag *jtag, uint32_t rate_hz)
{
	const struct clyde_pipe_options out = {
		.transfer_size = OUT_SIZE, .depth = OUT_DEPTH};
	const struct clyde_pipe_options in = {
		.transfer_size = IN_SIZE, .depth = IN_DEPTH};
	int result = run_pipe(jtag->run, CORE_GIVES, &in, &jtag->in);

	if (result == 0)
		result = run_pipe(jtag->run, CORE_TAKES, &out, &jtag->out);
	if (result == 0)
		result = run_connect(jtag->run);
	return result < 0 ? result : jtag_set_rate(jtag, rate_hz, NULL);
}

int jtag_open(struct clyde_run *run, uint32_t rate_hz, struct jtag **ret_jtag)
{
	struct jtag *jtag = calloc(1, sizeof(*jtag));
	int result;

	if (jtag == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	jtag->run = run;
	jtag->delay = (96 * run_value(run, "sample-delay") + 500) / 1000;
	result = start(jtag, rate_hz);
	if (result < 0) {
		free(jtag);
		return result;
	}
	tell_start(jtag);
	*ret_jtag = jtag;
	return 0;
}

void jtag_close(struct jtag *jtag)
{
	free(jtag);
}
