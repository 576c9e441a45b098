/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet jtag-svf: its table, its claims, and its run, which feeds a file to
 * lib/chip's player.  The library calls claim() and run() by applet_jtag_svf.
 *
 * What is not compared is sent ahead; a scan that is compared is waited for, so
 * that nothing behind a mismatch is played.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/shared/jtag.h"
#include "lib/chip/svf.h"

static const struct clyde_parameter parameters[] = {
	{
		.name = "file",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.help = "The SVF file",
	},
	JTAG_PINS,
	JTAG_FREQUENCY(NULL,
		"Of TCK, at most; without, as FREQUENCY in the file says, and "
		"1 MHz before"),
	JTAG_DELAY,
	{0},
};

#define RATE_DEFAULT 1000000

/* Clocks of a scan that are sent at once; whole bytes. */
#define CHUNK_BITS  32768
#define CHUNK_BYTES (CHUNK_BITS / 8)
#define FEED_BYTES  65536

struct play {
	struct clyde_run *run;
	struct jtag *jtag;
	bool has_trst, limited;
	uint32_t base_hz, rate_hz;
	uint64_t scans, bits, compared;
	/* Of a scan: bits that are gathered to a chunk */
	uint32_t gathered;
	uint8_t tdi[CHUNK_BYTES], tms[CHUNK_BYTES];
	uint8_t *tdo; /* of the whole scan, if it is compared; else NULL */
	uint32_t tdo_bits;
	uint64_t ticket;
};

/* ---- Scans ---------------------------------------------------------------- */

/* Send what was gathered; `last`: it ends the scan. */
static int send_chunk(struct play *play, bool last)
{
	uint32_t bits = play->gathered, at = (bits - 1) / 8;
	int result;

	play->tms[at] = last ? 1 << (bits - 1) % 8 : 0;
	if (play->tdo)
		result = jtag_submit(play->jtag, bits, play->tms, play->tdi,
			play->tdo + play->tdo_bits / 8, &play->ticket);
	else
		result = jtag_send(play->jtag, bits, play->tms, play->tdi);
	play->tms[at] = 0;
	play->tdo_bits += bits;
	play->gathered = 0;
	return result < 0 ? result : run_stopped(play->run);
}

/* Pieces need not end at a byte. */
static int add_piece(
	struct play *play, const struct svf_bits *piece, bool last_piece)
{
	int result = 0;

	for (uint32_t i = 0; i < piece->count && result == 0;) {
		uint32_t rest = piece->count - i;
		uint32_t room = CHUNK_BITS - play->gathered;

		if (i % 8 == 0 && play->gathered % 8 == 0 && rest >= 8) {
			uint32_t bytes = (rest < room ? rest : room) / 8;

			memcpy(play->tdi + play->gathered / 8,
				piece->tdi + i / 8, bytes);
			play->gathered += 8 * bytes;
			i += 8 * bytes;
		} else {
			uint8_t bit = 1 << play->gathered % 8;
			uint8_t *byte = &play->tdi[play->gathered / 8];

			*byte = piece->tdi[i / 8] >> i % 8 & 1 ? *byte | bit
							       : *byte & ~bit;
			play->gathered++;
			i++;
		}
		if (play->gathered == CHUNK_BITS &&
			!(last_piece && i == piece->count))
			result = send_chunk(play, false);
	}
	return result;
}

static int compare(struct play *play, const struct svf_scan *scan)
{
	char why[SVF_WHY_SIZE];
	int result = jtag_collect(play->jtag, play->ticket);

	if (result < 0)
		return result;
	play->compared++;
	if (svf_compare(scan, play->tdo, why))
		return 0;
	return set_error(CLYDE_ERROR_WRONG_DATA, "jtag-svf: %s", why);
}

static int shift(void *user, const struct svf_scan *scan)
{
	struct play *play = user;
	uint64_t bits = 0;
	bool compared = false;
	int result = 0;

	for (unsigned i = 0; i < scan->pieces_count; i++) {
		bits += scan->pieces[i].count;
		compared |= scan->pieces[i].tdo != NULL;
	}
	play->scans++;
	play->bits += bits;
	play->gathered = play->tdo_bits = 0;
	play->tdo = compared ? malloc((bits + 7) / 8) : NULL;
	if (compared && play->tdo == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	for (unsigned i = 0; i < scan->pieces_count && result == 0; i++)
		result = add_piece(
			play, &scan->pieces[i], i + 1 == scan->pieces_count);
	if (result == 0)
		result = send_chunk(play, true);
	if (result == 0 && compared)
		result = compare(play, scan);
	/* After an error bytes may still be on their way to it. */
	if (result == 0 || result == CLYDE_ERROR_WRONG_DATA) {
		free(play->tdo);
		play->tdo = NULL;
	}
	return result;
}

/* ---- The rest of the port ------------------------------------------------- */

static int move(void *user, enum jtag_state from, const struct jtag_path *path)
{
	struct play *play = user;

	(void)from;
	return jtag_go(play->jtag, path);
}

static void tell_maximum(struct play *play, const struct svf_run *run)
{
	run_tell(play->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "maximum"),
			COUNT_FIELD("line", run->line), END_FIELD},
		"line %llu: %u clocks at %.6g MHz take longer than the maximum "
		"of %.6g s",
		(unsigned long long)run->line, run->clocks, play->rate_hz / 1e6,
		run->maximum_ns / 1e9);
}

/* What is left of the time passes without clocks. */
static int wait_on(void *user, const struct svf_run *run)
{
	struct play *play = user;
	uint64_t clocks_ns = UINT64_C(1000000000) * run->clocks / play->rate_hz;
	uint64_t rest_us;
	int result;

	if (run->system_clocks > 0 && run->minimum_ns == 0)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-svf: line %llu: RUNTEST counts clocks of SCK, "
			"which this player does not have",
			(unsigned long long)run->line);
	if (clocks_ns > run->maximum_ns)
		tell_maximum(play, run);
	result = jtag_clocks(play->jtag, run->clocks, run->state == JTAG_RESET);
	rest_us = run->minimum_ns > clocks_ns
		? (run->minimum_ns - clocks_ns + 999) / 1000
		: 0;
	while (rest_us > 0 && result == 0) {
		uint32_t some = rest_us < 1000000 ? rest_us : 1000000;

		result = jtag_delay(play->jtag, some);
		/* Not so far ahead that an interrupt waits for it. */
		if (result == 0 && rest_us > 100000)
			result = jtag_settle(play->jtag);
		rest_us -= some;
	}
	return result < 0 ? result : run_stopped(play->run);
}

static int set_trst(void *user, enum svf_trst trst, uint64_t line)
{
	struct play *play = user;

	if (play->has_trst)
		return jtag_set_resets(play->jtag, trst == SVF_TRST_ON, false);
	if (trst == SVF_TRST_ON)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-svf: line %llu: TRST ON needs the pin: give it "
			"with --trst",
			(unsigned long long)line);
	return 0;
}

static int set_frequency(void *user, uint64_t hz, uint64_t line)
{
	struct play *play = user;

	(void)line;
	if (hz == 0 || (play->limited && hz > play->base_hz))
		hz = play->base_hz;
	if (hz > JTAG_RATE_MAX)
		hz = JTAG_RATE_MAX;
	return jtag_set_rate(play->jtag, hz, &play->rate_hz);
}

/* ---- The run -------------------------------------------------------------- */

static int claim(struct clyde_run *run)
{
	return jtag_claim(run, "jtag-svf");
}

static int feed(struct play *play, struct svf *svf, FILE *file, uint64_t size)
{
	static const size_t piece = FEED_BYTES;
	uint8_t *bytes = malloc(piece);
	uint64_t done = 0;
	size_t got;
	int result = 0;

	if (bytes == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	while (result == 0 && (got = fread(bytes, 1, piece, file)) > 0) {
		result = svf_feed(svf, bytes, got);
		done += got;
		run_progress(play->run, "SVF", done, size);
	}
	free(bytes);
	if (result == 0 && ferror(file))
		return set_error(CLYDE_ERROR_FILE, "%s: %s",
			run_text(play->run, "file"), strerror(errno));
	if (result == 0)
		result = svf_end(svf);
	if (result < 0 && svf_why(svf)[0])
		result = set_error(result == -ENOMEM ? CLYDE_ERROR_NO_MEMORY
						     : CLYDE_ERROR_INVALID,
			"jtag-svf: %s: %s", run_text(play->run, "file"),
			svf_why(svf));
	return result < 0 ? result : jtag_settle(play->jtag);
}

static int play_file(struct play *play, FILE *file)
{
	static const struct svf_port port = {
		.move = move,
		.shift = shift,
		.run = wait_on,
		.trst = set_trst,
		.frequency = set_frequency,
	};
	struct svf *svf = svf_new(&port, play, SVF_BITS_MAX);
	int64_t begin_ns = now_ns(run_device(play->run));
	uint64_t size = 0;
	double time_s;
	int result;

	if (svf == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (fseek(file, 0, SEEK_END) == 0) {
		size = ftell(file);
		rewind(file);
	}
	result = feed(play, svf, file, size);
	svf_free(svf);
	if (result < 0)
		return result;
	time_s = (now_ns(run_device(play->run)) - begin_ns) / 1e9;
	run_tell(play->run, "results",
		(const struct clyde_field[]){COUNT_FIELD("scans", play->scans),
			COUNT_FIELD("bits", play->bits),
			COUNT_FIELD("compared", play->compared),
			COUNT_FIELD("rate_hz", play->rate_hz),
			REAL_FIELD("time_s", time_s), END_FIELD},
		"played %llu scans of %llu bits, of which %llu were compared "
		"and are right, in %.3f s, at %.6g MHz",
		(unsigned long long)play->scans, (unsigned long long)play->bits,
		(unsigned long long)play->compared, time_s,
		play->rate_hz / 1e6);
	return 0;
}

static int run(struct clyde_run *run)
{
	const char *name = run_text(run, "file");
	const struct clyde_pin *trst;
	struct play *play = calloc(1, sizeof(*play));
	FILE *file = fopen(name, "re");
	int result = 0;

	if (play == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	else if (file == NULL)
		result = set_error(CLYDE_ERROR_FILE, "jtag-svf: %s: %s", name,
			strerror(errno));
	if (result == 0) {
		play->run = run;
		play->has_trst = run_pins(run, "trst", &trst) > 0;
		play->limited = run_given(run, "frequency");
		play->base_hz = play->limited ? run_value(run, "frequency")
					      : RATE_DEFAULT;
		result = jtag_open(run, play->base_hz, &play->jtag);
	}
	if (result == 0)
		result = set_frequency(play, 0, 0);
	if (result == 0)
		result = play_file(play, file);
	if (file)
		fclose(file);
	if (play) {
		jtag_close(play->jtag);
		free(play->tdo);
	}
	free(play);
	return result;
}

const struct applet applet_jtag_svf = {
	.table =
		{
			.name = "jtag-svf",
			.help = "Play an SVF file over JTAG",
			.parameters = parameters,
			.aliases = "svf",
		},
	.claim = claim,
	.run = run,
};
