/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The player of SVF and the discovery of chains on the part tap: a port that
 * moves pins and compares at once.
 */
#include "tests/support/tap-test.h"

#include <errno.h>

#include "lib/chip/jtag-chain.h"
#include "lib/chip/svf.h"
#include "tests/support/ecp5-stream.h"

#define BYTES_MAX 8192
#define NS_TICKS  12 / 25

static char why[SVF_WHY_SIZE];

static int take_move(
	void *user, enum jtag_state from, const struct jtag_path *path)
{
	(void)user;
	(void)from;
	for (unsigned i = 0; i < path->count; i++)
		clock(path->tms >> i & 1, true);
	return 0;
}

static bool get(const uint8_t *bits, uint32_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

static int take_shift(void *user, const struct svf_scan *scan)
{
	static uint8_t got[BYTES_MAX];
	uint32_t sum = 0;

	(void)user;
	memset(got, 0, sizeof(got));
	for (unsigned i = 0; i < scan->pieces_count; i++)
		for (uint32_t j = 0; j < scan->pieces[i].count; j++, sum++) {
			bool last = i + 1 == scan->pieces_count &&
				j + 1 == scan->pieces[i].count;

			assert_true(sum / 8 < sizeof(got));
			got[sum / 8] |= clock(last, get(scan->pieces[i].tdi, j))
				<< sum % 8;
		}
	return svf_compare(scan, got, why) ? 0 : -EILSEQ;
}

static int take_run(void *user, const struct svf_run *run)
{
	tick end = pins.now + run->minimum_ns * NS_TICKS;

	(void)user;
	for (uint32_t i = 0; i < run->clocks; i++)
		clock(run->state == JTAG_RESET, true);
	if (pins.now < end)
		pass(end - pins.now);
	return 0;
}

static int take_frequency(void *user, uint64_t hz, uint64_t line)
{
	(void)user;
	(void)hz;
	(void)line;
	return 0;
}

/* Returns the error, and its sentence in `why`. */
static int play(const char *text)
{
	static const struct svf_port port = {
		.move = take_move,
		.shift = take_shift,
		.run = take_run,
		.frequency = take_frequency,
	};
	struct svf *svf = svf_new(&port, NULL, 8 * BYTES_MAX);
	int error;

	assert_non_null(svf);
	why[0] = '\0';
	svf_feed(svf, text, strlen(text));
	error = svf_end(svf);
	if (error == -EINVAL)
		strcpy(why, svf_why(svf));
	svf_free(svf);
	return error;
}

static void assert_plays(const char *text)
{
	if (play(text) != 0)
		fail_msg("%s", why);
}

/* ---- SVF ------------------------------------------------------------------ */

static void an_svf_checks_the_idcode(void **state)
{
	(void)state;
	begin_with(PINS ":ir=6:idcode=0362d093");
	assert_plays("STATE RESET; SDR 32 TDI (0) TDO (0362D093);"
		     "SIR 6 TDI (3F) TDO (1); SDR 9 TDI (5A) TDO (B4);");
	assert_int_equal(play("STATE RESET;\nSDR 32 TDI (0)\nTDO (0362D193)\n"
			      "MASK (0FFFFFFF);"),
		-EILSEQ);
	assert_string_equal(why,
		"line 2: SDR: bit 8 is 0 and not 1; expected 0362d193, mask "
		"0fffffff, got 0362d093");
}

/* Of three TAPs the one in the middle. */
static void headers_and_trailers_reach_a_tap_in_a_chain(void **state)
{
	(void)state;
	begin();
	add("tap@tck=A0:tms=A1:tdi=A2:tdo=A5:ir=5");
	add("tap@tck=A0:tms=A1:tdi=A5:tdo=A3:idcode=12345679:chain=8");
	assert_plays("HIR 8 TDI (FF) TDO (01); TIR 5 TDI (1F) TDO (01);"
		     "HDR 1 TDI (0); TDR 1 TDI (0);"
		     "SIR 4 TDI (2) TDO (1);"
		     "SDR 32 TDI (0) TDO (12345679);"
		     "SIR 4 TDI (8); SDR 33 TDI (00002469);"
		     "RUNTEST 10E-6 SEC;"
		     "SDR 33 TDI (0) TDO (1FFFFDB97);");
	assert_int_equal(pins.conflicts, 0);
}

/* A job takes 10 us, and the file does not wait for it. */
static void a_file_that_does_not_wait_fails_with_its_line(void **state)
{
	(void)state;
	begin_with(PINS);
	assert_int_equal(play("SIR 4 TDI (8);\nSDR 33 TDI (00002469);\n"
			      "SDR 33 TDI (0) TDO (1FFFFDB97);"),
		-EILSEQ);
	assert_string_equal(why,
		"line 3: SDR: bit 0 is 0 and not 1; expected 1ffffdb97, mask "
		"1ffffffff, got 000000000");
}

static uint8_t reversed(uint8_t byte)
{
	uint8_t other = 0;

	for (unsigned i = 0; i < 8; i++)
		other |= (byte >> i & 1) << (7 - i);
	return other;
}

/* As ecppack has it, in several SDR that end in DRPAUSE. */
static void write_svf(char *text, size_t size, const struct stream *stream)
{
	size_t used = snprintf(text, size,
		"HDR 0; HIR 0; TDR 0; TIR 0; ENDDR DRPAUSE; ENDIR IRPAUSE;\n"
		"STATE IDLE;\nSIR 8 TDI (E0);\n"
		"SDR 32 TDI (00000000) TDO (41111043) MASK (FFFFFFFF);\n"
		"SIR 8 TDI (1C);\nSDR 510 TDI (3F%0126d);\n"
		"SIR 8 TDI (C6);\nSDR 8 TDI (00);\n"
		"RUNTEST IDLE 2 TCK 1.00E-02 SEC;\n"
		"SIR 8 TDI (0E);\nSDR 8 TDI (01);\n"
		"RUNTEST IDLE 2 TCK 2.0E-1 SEC;\n"
		"SIR 8 TDI (3C);\n"
		"SDR 32 TDI (00000000) TDO (00000000) MASK (0000B000);\n"
		"SIR 8 TDI (46);\nSDR 8 TDI (01);\n"
		"RUNTEST IDLE 2 TCK 1.00E-02 SEC;\n"
		"SIR 8 TDI (7A);\nRUNTEST IDLE 2 TCK 1.00E-02 SEC;\n",
		0);

	for (size_t at = 0; at < stream->size;) {
		size_t count =
			stream->size - at < 100 ? stream->size - at : 100;

		used += snprintf(
			text + used, size - used, "SDR %zu TDI (", 8 * count);
		for (size_t i = count; i-- > 0;)
			used += snprintf(text + used, size - used, "%02X%s",
				reversed(stream->bytes[at + i]),
				i % 32 ? "" : "\n");
		used += snprintf(text + used, size - used, ");\n");
		at += count;
	}
	snprintf(text + used, size - used,
		"SIR 8 TDI (FF);\nRUNTEST IDLE 100 TCK 1.00E-02 SEC;\n"
		"SIR 8 TDI (C0);\nRUNTEST IDLE 2 TCK 1.00E-03 SEC;\n"
		"SDR 32 TDI (00000000) TDO (12345678) MASK (FFFFFFFF);\n"
		"SIR 8 TDI (26);\nRUNTEST IDLE 2 TCK 2.00E-01 SEC;\n"
		"SIR 8 TDI (FF);\nRUNTEST IDLE 2 TCK 1.00E-03 SEC;\n"
		"SIR 8 TDI (3C);\n"
		"SDR 32 TDI (00000000) TDO (00000100) MASK (00002100);\n");
}

static void an_ecp5_is_configured_by_its_svf(void **state)
{
	static char text[20000];
	struct stream stream = make_ecp5(0x41111043, 0x91);

	(void)state;
	begin_with(PINS ":chip=ecp5:done=A6");
	write_svf(text, sizeof(text), &stream);
	assert_plays(text);
	assert_true(pins_levels(&pins) & 1 << 6);
	stream.bytes[200] ^= 0x20;
	write_svf(text, sizeof(text), &stream);
	assert_int_equal(play(text), -EILSEQ);
	assert_non_null(strstr(why, "expected 12345678"));
	assert_false(pins_levels(&pins) & 1 << 6);
}

/* ---- Chains --------------------------------------------------------------- */

/* So many zeros, then ones, from Run-Test/Idle and back. */
static void capture(bool of_ir, size_t zeros, size_t ones, uint8_t *bits)
{
	memset(bits, 0, (zeros + ones + 7) / 8);
	move(of_ir ? "1100" : "100");
	for (size_t i = 0; i < zeros + ones; i++)
		bits[i / 8] |= clock(i + 1 == zeros + ones, i >= zeros)
			<< i % 8;
	move("10");
}

static uint8_t captured[2 * JTAG_CHAIN_CLOCKS / 8];

static enum jtag_chain_result find_chain(struct jtag_chain *chain)
{
	enum jtag_chain_result result;
	size_t length;

	to_idle();
	capture(false, 0, JTAG_CHAIN_CLOCKS, captured);
	result = jtag_chain_devices(captured, JTAG_CHAIN_CLOCKS, chain);
	if (result != JTAG_CHAIN_OK)
		return result;
	capture(true, JTAG_CHAIN_ZEROS, JTAG_CHAIN_ZEROS, captured);
	result = jtag_chain_length(captured, JTAG_CHAIN_ZEROS, &length);
	if (result == JTAG_CHAIN_OK)
		result = jtag_chain_split(captured, length, chain);
	if (result != JTAG_CHAIN_OK)
		return result;
	capture(false, JTAG_CHAIN_ZEROS, JTAG_CHAIN_ZEROS, captured);
	result = jtag_chain_length(captured, JTAG_CHAIN_ZEROS, &length);
	if (result == JTAG_CHAIN_OK)
		assert_int_equal(length, chain->count);
	return result;
}

static void a_chain_of_parts_is_found(void **state)
{
	static const struct jtag_chain_tap wanted[] = {
		{0x0362d093, 6}, {0, 5}, {0x4ba00477, 4}, {0x41111043, 8}};
	struct jtag_chain chain;

	(void)state;
	begin();
	add("tap@tck=A0:tms=A1:tdi=A2:tdo=A5:chip=ecp5");
	add("tap@tck=A0:tms=A1:tdi=A5:tdo=A3:idcode=4ba00477:"
	    "chain=5-6/0362d093");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_OK);
	assert_int_equal(chain.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(chain.taps[i].idcode, wanted[i].idcode);
		assert_int_equal(chain.taps[i].ir_bits, wanted[i].ir_bits);
	}
}

static void a_capture_that_looks_like_two_needs_a_length(void **state)
{
	struct jtag_chain chain;

	(void)state;
	begin_with(PINS ":ir=4:chain=6");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_OK);
	pins_clear(&pins);
	/* 1000 100010: 4 and 6 bits, or 8 and 2. */
	begin_with(PINS ":ir=6:capture=11:chain=4");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_SEVERAL_SPLITS);
	assert_int_equal(chain.count, 2);
	chain.taps[0].ir_bits = 4;
	assert_int_equal(jtag_chain_split(captured, 10, &chain), JTAG_CHAIN_OK);
	assert_int_equal(chain.taps[1].ir_bits, 6);
}

static void broken_wires_are_told_apart(void **state)
{
	struct jtag_chain chain;

	(void)state;
	/* TDO is not connected, with and without a pull-up. */
	begin_with("tap@tck=A0:tms=A1:tdi=A2:tdo=A7:idcode=12345679");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_ALL_ZEROS);
	pins_supply(&pins, 0xffff, 0, TDO);
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_ALL_ONES);
	pins_clear(&pins);
	/* TDI is not connected: the part pulls it up. */
	begin_with("tap@tck=A0:tms=A1:tdi=A7:tdo=A3:idcode=12345679");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_NO_ZEROS);
	assert_int_equal(chain.count, 1);
	/* And it is shorted to ground. */
	pins.faults.stuck_low = 1 << 7;
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_NO_END);
	pins_clear(&pins);
	/* TMS is not: the TAP stays in its reset. */
	begin_with("tap@tck=A0:tms=A7:tdi=A2:tdo=A3:idcode=12345679");
	assert_int_equal(find_chain(&chain), JTAG_CHAIN_ALL_ZEROS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_svf_checks_the_idcode),
		TEST(headers_and_trailers_reach_a_tap_in_a_chain),
		TEST(a_file_that_does_not_wait_fails_with_its_line),
		TEST(an_ecp5_is_configured_by_its_svf),
		TEST(a_chain_of_parts_is_found),
		TEST(a_capture_that_looks_like_two_needs_a_length),
		TEST(broken_wires_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
