/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests of the player of SVF: cmocka; a port that writes down what
 * it is asked for, state by state, and walks a table of the states of its own;
 * and a generator of random numbers.
 */
#ifndef TESTS_SVF_TEST_H
#define TESTS_SVF_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chip/svf.h"

#define TEXT_SIZE 200000

/* ---- A text that grows ---------------------------------------------------- */

struct text {
	size_t size;
	char bytes[TEXT_SIZE];
};

__attribute__((format(printf, 2, 3))) static inline void say(
	struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->size += vsnprintf(text->bytes + text->size,
		TEXT_SIZE - text->size, format, arguments);
	va_end(arguments);
	assert_true(text->size < TEXT_SIZE);
}

/* ---- The port ------------------------------------------------------------- */

/* The table of IEEE 1149.1 with the names of SVF: a state, and the next ones. */
static const char *const table[16][3] = {
	{"RESET", "IDLE", "RESET"},
	{"IDLE", "IDLE", "DRSELECT"},
	{"DRSELECT", "DRCAPTURE", "IRSELECT"},
	{"IRSELECT", "IRCAPTURE", "RESET"},
	{"DRCAPTURE", "DRSHIFT", "DREXIT1"},
	{"IRCAPTURE", "IRSHIFT", "IREXIT1"},
	{"DRSHIFT", "DRSHIFT", "DREXIT1"},
	{"IRSHIFT", "IRSHIFT", "IREXIT1"},
	{"DREXIT1", "DRPAUSE", "DRUPDATE"},
	{"IREXIT1", "IRPAUSE", "IRUPDATE"},
	{"DRPAUSE", "DRPAUSE", "DREXIT2"},
	{"IRPAUSE", "IRPAUSE", "IREXIT2"},
	{"DREXIT2", "DRSHIFT", "DRUPDATE"},
	{"IREXIT2", "IRSHIFT", "IRUPDATE"},
	{"DRUPDATE", "IDLE", "DRSELECT"},
	{"IRUPDATE", "IDLE", "DRSELECT"},
};

struct port {
	struct text seen;
	const char *state; /* NULL: not known yet */
	unsigned calls, fail_at;
};

static struct port port;

static inline const char *clock(const char *state, bool tms)
{
	for (unsigned i = 0; i < 16; i++)
		if (strcmp(table[i][0], state) == 0)
			return table[i][1 + tms];
	fail_msg("%s is not a state", state);
	return NULL;
}

static inline int result(struct port *at)
{
	return ++at->calls == at->fail_at ? -777 : 0;
}

static inline int take_move(
	void *user, enum jtag_state from, const struct jtag_path *path)
{
	struct port *at = user;

	assert_in_range(path->count, 1, 32);
	if (path->to == JTAG_RESET) {
		assert_int_equal(path->count, 5);
		assert_int_equal(path->tms, 31);
		say(&at->seen, "RESET\n");
		at->state = "RESET";
		return result(at);
	}
	assert_string_equal(at->state, jtag_state_name(from));
	for (unsigned i = 0; i < path->count; i++) {
		at->state = clock(at->state, path->tms >> i & 1);
		say(&at->seen, "%s\n", at->state);
	}
	assert_string_equal(at->state, jtag_state_name(path->to));
	return result(at);
}

static inline bool bit(const uint8_t *bits, uint32_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

/* The first bit of the scan is the first character. */
static inline int take_shift(void *user, const struct svf_scan *scan)
{
	struct port *at = user;
	uint32_t sum = 0;

	assert_string_equal(at->state, scan->ir ? "IRSHIFT" : "DRSHIFT");
	assert_in_range(scan->pieces_count, 1, SVF_PIECES);
	say(&at->seen, "shift ");
	for (unsigned i = 0; i < scan->pieces_count; i++)
		for (uint32_t j = 0; j < scan->pieces[i].count; j++, sum++)
			say(&at->seen, "%d", bit(scan->pieces[i].tdi, j));
	say(&at->seen, " ");
	for (unsigned i = 0; i < scan->pieces_count; i++)
		for (uint32_t j = 0; j < scan->pieces[i].count; j++) {
			const struct svf_bits *piece = &scan->pieces[i];

			say(&at->seen, "%c",
				piece->tdo == NULL ||
						(piece->mask &&
							!bit(piece->mask, j))
					? 'x'
					: '0' + bit(piece->tdo, j));
		}
	assert_true(sum > 0);
	at->state = scan->ir ? "IREXIT1" : "DREXIT1";
	say(&at->seen, "\n%s\n", at->state);
	return result(at);
}

static inline int take_run(void *user, const struct svf_run *run)
{
	struct port *at = user;

	assert_string_equal(at->state, jtag_state_name(run->state));
	say(&at->seen, "run %s %u %u %llu %llu\n", at->state, run->clocks,
		run->system_clocks, (unsigned long long)run->minimum_ns,
		(unsigned long long)run->maximum_ns);
	return result(at);
}

static inline int take_trst(void *user, enum svf_trst trst, uint64_t line)
{
	static const char *const modes[] = {"ON", "OFF", "Z", "ABSENT"};
	struct port *at = user;

	assert_true(line > 0);
	say(&at->seen, "trst %s\n", modes[trst]);
	if (trst == SVF_TRST_ON)
		at->state = "RESET";
	return result(at);
}

static inline int take_frequency(void *user, uint64_t hz, uint64_t line)
{
	struct port *at = user;

	assert_true(line > 0);
	say(&at->seen, "frequency %llu\n", (unsigned long long)hz);
	return result(at);
}

static const struct svf_port functions = {
	.move = take_move,
	.shift = take_shift,
	.run = take_run,
	.trst = take_trst,
	.frequency = take_frequency,
};

static char why[SVF_WHY_SIZE];

/* Returns the player's error, with its sentence in `why`.  Pieces of `step`
   bytes. */
static inline int play_bytes(const char *bytes, size_t size, size_t step)
{
	struct svf *svf = svf_new(&functions, &port, SVF_BITS_MAX);
	int error = 0;

	assert_non_null(svf);
	memset(&port, 0, sizeof(port) - sizeof(port.fail_at));
	port.seen.bytes[0] = '\0';
	for (size_t i = 0; i < size; i += step)
		error = svf_feed(
			svf, bytes + i, size - i < step ? size - i : step);
	error = svf_end(svf);
	assert_int_equal(svf_end(svf), error);
	assert_int_equal(svf_feed(svf, "SDR", error ? 3 : 0), error);
	strcpy(why, svf_why(svf));
	svf_free(svf);
	return error;
}

static inline int play(const char *bytes)
{
	return play_bytes(bytes, strlen(bytes), SIZE_MAX / 2);
}

static inline void assert_plays(const char *bytes, const char *expected)
{
	if (play(bytes) != 0)
		fail_msg("%s: %s", bytes, why);
	assert_string_equal(port.seen.bytes, expected);
}

static uint64_t random_state;

static inline unsigned draw(unsigned below)
{
	random_state = random_state * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

#endif
