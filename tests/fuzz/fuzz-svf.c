/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the player of SVF with any bytes as a file.  Played in two ways, whole
 * and in pieces, a file makes the same calls; the calls go from state to state as
 * IEEE 1149.1 has it; every bit of a scan is there; an error has a sentence.
 */
#include <errno.h>

#include "fuzz.h"
#include "lib/chip/svf.h"

#define BITS_MAX 4096

struct record {
	enum jtag_state state;
	uint64_t sum; /* of all calls */
	unsigned calls;
};

static void add(struct record *record, uint64_t value)
{
	record->sum = (record->sum ^ value) * UINT64_C(0x100000001b3);
}

static int take_move(
	void *user, enum jtag_state from, const struct jtag_path *path)
{
	struct record *record = user;

	check(path->count > 0 && path->count <= 32);
	if (path->to != JTAG_RESET)
		check(from == record->state);
	for (unsigned i = 0; i < path->count; i++)
		record->state = jtag_next(record->state, path->tms >> i & 1);
	check(record->state == path->to);
	add(record, path->tms);
	add(record, path->count);
	record->calls++;
	return 0;
}

static void take_bits(
	struct record *record, const uint8_t *bits, uint32_t count)
{
	for (uint32_t i = 0; bits && i < count; i++)
		add(record, bits[i / 8] >> i % 8 & 1);
	add(record, bits != NULL);
}

static int take_shift(void *user, const struct svf_scan *scan)
{
	struct record *record = user;
	static const uint8_t got[3 * BITS_MAX / 8 + 1];
	char why[SVF_WHY_SIZE];

	check(record->state == (scan->ir ? JTAG_IR_SHIFT : JTAG_DR_SHIFT));
	record->state = scan->ir ? JTAG_IR_EXIT1 : JTAG_DR_EXIT1;
	check(scan->pieces_count > 0 && scan->pieces_count <= SVF_PIECES);
	for (unsigned i = 0; i < scan->pieces_count; i++) {
		const struct svf_bits *piece = &scan->pieces[i];

		check(piece->count > 0 && piece->count <= BITS_MAX);
		check(piece->tdi != NULL);
		/* Beyond the last bit there are zeros. */
		if (piece->count % 8)
			check(!(piece->tdi[piece->count / 8] >>
				piece->count % 8));
		take_bits(record, piece->tdi, piece->count);
		take_bits(record, piece->tdo, piece->count);
		take_bits(record, piece->mask, piece->count);
	}
	if (!svf_compare(scan, got, why))
		check(strlen(why) > 0);
	record->calls++;
	return 0;
}

static int take_run(void *user, const struct svf_run *run)
{
	struct record *record = user;

	check(run->state == record->state && jtag_is_stable(run->state));
	check(run->minimum_ns <= run->maximum_ns);
	add(record, run->clocks);
	add(record, run->system_clocks);
	add(record, run->minimum_ns);
	add(record, run->maximum_ns);
	return 0;
}

static int take_trst(void *user, enum svf_trst trst, uint64_t line)
{
	struct record *record = user;

	if (trst == SVF_TRST_ON)
		record->state = JTAG_RESET;
	add(record, trst);
	check(line > 0);
	return 0;
}

static int take_frequency(void *user, uint64_t hz, uint64_t line)
{
	add(user, hz);
	check(line > 0);
	return 0;
}

static int play(
	const uint8_t *data, size_t size, size_t step, struct record *record)
{
	static const struct svf_port port = {
		.move = take_move,
		.shift = take_shift,
		.run = take_run,
		.trst = take_trst,
		.frequency = take_frequency,
	};
	struct svf *svf = svf_new(&port, record, BITS_MAX);
	int error = 0;

	check(svf != NULL);
	for (size_t i = 0; i < size; i += step) {
		size_t piece = size - i < step ? size - i : step;
		/* In memory of its own, so that a read behind it is found. */
		uint8_t *copy = malloc(piece);

		check(copy != NULL);
		memcpy(copy, data + i, piece);
		error = svf_feed(svf, copy, piece);
		free(copy);
	}
	error = svf_end(svf);
	check(error == 0 || error == -EINVAL);
	check((error != 0) == (svf_why(svf)[0] != '\0'));
	check(svf_line(svf) <= size + 1);
	svf_free(svf);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record whole = {0}, pieces = {0};
	int error = play(data, size, size + 1, &whole);

	check(play(data, size, 1 + size % 7, &pieces) == error);
	check(whole.sum == pieces.sum && whole.calls == pieces.calls);
	check(whole.state == pieces.state);
	return 0;
}
