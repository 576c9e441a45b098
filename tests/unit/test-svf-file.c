/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The player of SVF: statements of each kind, wrong files, long ones, errors of
   the port, and what is said of bits that differ. */
#include "tests/support/svf-test.h"

/* The specification's own example of a file. */
static void the_example_of_the_specification_plays(void **state)
{
	(void)state;
	assert_plays("!Begin Test Program\n"
		     "TRST OFF; !Disable Test Reset line\n"
		     "ENDIR IDLE; !End IR scans in IDLE\n"
		     "ENDDR IDLE; !End DR scans in IDLE\n"
		     "HIR 8 TDI (00); !8-bit IR header\n"
		     "HDR 16 TDI (FFFF) TDO (FFFF) MASK (FFFF);\n"
		     "TIR 16 TDI (0000); !16-bit IR trailer\n"
		     "TDR 8 TDI (12); !16-bit DR trailer\n"
		     "SIR 8 TDI (41); !8-bit IR scan\n"
		     "SDR 32 TDI (ABCD1234) TDO (11112222);\n"
		     "STATE DRPAUSE; !Go to stable state DRPAUSE\n"
		     "RUNTEST 100 TCK ENDSTATE IRPAUSE; !RUNBIST\n"
		     "!End Test Program\n",
		"trst OFF\nRESET\n"
		"IDLE\nDRSELECT\nIRSELECT\nIRCAPTURE\nIRSHIFT\n"
		"shift 00000000100000100000000000000000 "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
		"IREXIT1\nIRUPDATE\nIDLE\n"
		"DRSELECT\nDRCAPTURE\nDRSHIFT\n"
		"shift 1111111111111111"
		"00101100010010001011001111010101"
		"01001000 "
		"1111111111111111"
		"01000100010001001000100010001000"
		"xxxxxxxx\n"
		"DREXIT1\nDRUPDATE\nIDLE\n"
		"DRSELECT\nDRCAPTURE\nDREXIT1\nDRPAUSE\n"
		"DREXIT2\nDRUPDATE\nIDLE\n"
		"run IDLE 100 0 0 18446744073709551615\n"
		"DRSELECT\nIRSELECT\nIRCAPTURE\nIREXIT1\nIRPAUSE\n");
}

static void a_run_has_all_forms(void **state)
{
	(void)state;
	assert_plays("STATE RESET IDLE; RUNTEST 1.00E-002 SEC;"
		     "RUNTEST IDLE 2 TCK 1E-3 SEC MAXIMUM 2.5 SEC;"
		     "RUNTEST DRPAUSE 7 SCK;"
		     "RUNTEST 3 TCK;"
		     "RUNTEST 3 TCK ENDSTATE IDLE;"
		     "RUNTEST 0.5E-9 SEC;",
		"RESET\nIDLE\nrun IDLE 0 0 10000000 18446744073709551615\n"
		"run IDLE 2 0 1000000 2500000000\n"
		"DRSELECT\nDRCAPTURE\nDREXIT1\nDRPAUSE\n"
		"run DRPAUSE 0 7 0 18446744073709551615\n"
		"run DRPAUSE 3 0 0 18446744073709551615\n"
		"run DRPAUSE 3 0 0 18446744073709551615\n"
		"DREXIT2\nDRUPDATE\nIDLE\n"
		"DRSELECT\nDRCAPTURE\nDREXIT1\nDRPAUSE\n"
		"run DRPAUSE 0 0 1 18446744073709551615\n"
		"DREXIT2\nDRUPDATE\nIDLE\n");
}

static void a_bitstream_in_pieces_stays_in_its_register(void **state)
{
	(void)state;
	assert_plays("STATE IDLE; ENDDR DRPAUSE; SDR 4 TDI (1); SDR 4 TDI (2);"
		     "ENDDR IDLE; SDR 2 TDI (3);",
		"RESET\nIDLE\nDRSELECT\nDRCAPTURE\nDRSHIFT\n"
		"shift 1000 xxxx\nDREXIT1\nDRPAUSE\nDREXIT2\nDRSHIFT\n"
		"shift 0100 xxxx\nDREXIT1\nDRPAUSE\nDREXIT2\nDRSHIFT\n"
		"shift 11 xx\nDREXIT1\nDRUPDATE\nIDLE\n");
}

static void trst_resets_and_a_frequency_is_set_and_taken_back(void **state)
{
	(void)state;
	assert_plays("TRST Z; STATE IDLE; TRST ON; RUNTEST RESET 5 TCK; "
		     "TRST OFF; STATE IDLE; TRST ABSENT; FREQUENCY 10 HZ; "
		     "FREQUENCY;",
		"trst Z\nRESET\nIDLE\ntrst ON\nRESET\n"
		"run RESET 5 0 0 18446744073709551615\nRESET\n"
		"trst OFF\nIDLE\ntrst ABSENT\nfrequency 10\nfrequency 0\n");
}

/* A header may have all of a scan's bits. */
static void a_header_of_no_bits_is_none(void **state)
{
	(void)state;
	assert_plays("HDR 3 TDI (5) TDO (1) MASK (3); SDR 0; SDR 1 TDI (1);"
		     "HDR 0; SDR 1;",
		"RESET\nIDLE\nDRSELECT\nDRCAPTURE\nDRSHIFT\nshift 101 10x\n"
		"DREXIT1\nDRUPDATE\nIDLE\nDRSELECT\nDRCAPTURE\nDRSHIFT\n"
		"shift 1011 10xx\nDREXIT1\nDRUPDATE\nIDLE\n"
		"DRSELECT\nDRCAPTURE\nDRSHIFT\nshift 1 x\n"
		"DREXIT1\nDRUPDATE\nIDLE\n");
}

static void words_may_touch_what_is_no_word(void **state)
{
	(void)state;
	assert_plays("state\treset;sdr 4\rTDI(1)TDO(3)mask(2);//",
		"RESET\nIDLE\nDRSELECT\nDRCAPTURE\nDRSHIFT\nshift 1000 x1xx\n"
		"DREXIT1\nDRUPDATE\nIDLE\n");
}

static void nothing_is_a_file_as_well(void **state)
{
	(void)state;
	assert_plays("", "");
	assert_plays(" ;; ! nothing", "");
}

static void a_wrong_file_is_refused_with_line_and_reason(void **state)
{
	static const char *const bad[][2] = {
		{"\n\nBLA 3;", "line 3: BLA is not a statement of SVF"},
		{"PIO (HL);", "line 1: PIO: parallel pins are not supported"},
		{"piomap (IN A);",
			"line 1: PIOMAP: parallel pins are not supported"},
		{"SDR", "line 1: the file ends in the middle of SDR"},
		{"SDR;", "line 1: SDR has no length"},
		{"SDR TDI;", "line 1: SDR: TDI is not a length"},
		{"SDR 1.5;", "line 1: SDR: 1.5 is not a length"},
		{"SDR 1073741825;",
			"line 1: SDR: 1073741825 bits are more than "
			"1073741824"},
		{"SDR 99999999999999999999999;",
			"line 1: SDR: 99999999999999999999999 is not a "
			"length"},
		{"SDR 0;", "line 1: SDR of no bits"},
		{"SDR 8;",
			"line 1: SDR: TDI is needed with a length that is "
			"new"},
		{"SDR 8 TDI (00);\nSDR 9;",
			"line 2: SDR: TDI is needed with a length that is "
			"new"},
		{"SDR 8 TDI;", "line 1: SDR: TDI has no bits"},
		{"SDR 8 TDI 00;", "line 1: SDR: TDI has no ("},
		{"SDR 8 TDI ();", "line 1: SDR: () has no digit"},
		{"SDR 8 TDI (0G);", "line 1: G is not expected here"},
		{"SDR 8 TDI (0;", "line 1: ; is not expected here"},
		{"SDR 8 TDI (100);",
			"line 1: SDR: more digits than 8 bits have"},
		{"SDR 5 TDI (20);", "line 1: SDR: TDI has more than 5 bits"},
		{"SDR 2 TDI (4);", "line 1: SDR: more digits than 2 bits have"},
		{"SDR 8 TDI (00) TDI (00);", "line 1: SDR: TDI is given twice"},
		{"SDR 8 TDX (00);",
			"line 1: SDR: TDX is not TDI, TDO, MASK or SMASK"},
		{"SDR 8 (00);", "line 1: ( is not expected here"},
		{"STATE (IDLE);", "line 1: ( is not expected here"},
		{"STATE;",
			"line 1: STATE does not end with IRPAUSE, DRPAUSE, "
			"RESET or IDLE"},
		{"STATE DRSHIFT;",
			"line 1: STATE does not end with IRPAUSE, DRPAUSE, "
			"RESET or IDLE"},
		{"STATE NOWHERE;", "line 1: STATE: NOWHERE is not a state"},
		{"STATE IDLE; STATE DRSELECT IDLE;",
			"line 1: STATE: there is no way of one clock from "
			"DRSELECT to IDLE"},
		{"ENDDR;",
			"line 1: ENDDR is not followed by IRPAUSE, DRPAUSE, "
			"RESET or IDLE"},
		{"ENDIR IRSHIFT;",
			"line 1: ENDIR is not followed by IRPAUSE, DRPAUSE, "
			"RESET or IDLE"},
		{"FREQUENCY 1E6;",
			"line 1: FREQUENCY is not followed by a number of at "
			"least 1 and HZ"},
		{"FREQUENCY 0 HZ;",
			"line 1: FREQUENCY is not followed by a number of at "
			"least 1 and HZ"},
		{"FREQUENCY 1E99 HZ;",
			"line 1: FREQUENCY is not followed by a number of at "
			"least 1 and HZ"},
		{"TRST MAYBE;",
			"line 1: TRST is not followed by ON, OFF, Z or "
			"ABSENT"},
		{"TRST ABSENT; TRST OFF;", "line 1: TRST after TRST ABSENT"},
		{"TRST ON;\nSIR 2 TDI (1);",
			"line 2: SIR needs the TAPs to leave RESET, and TRST "
			"is ON"},
		{"RUNTEST;",
			"line 1: RUNTEST is not [STATE] COUNT TCK|SCK and/or "
			"TIME SEC [MAXIMUM TIME SEC], [ENDSTATE STATE]"},
		{"RUNTEST 100;",
			"line 1: RUNTEST is not [STATE] COUNT TCK|SCK and/or "
			"TIME SEC [MAXIMUM TIME SEC], [ENDSTATE STATE]"},
		{"RUNTEST 1 TCK MAXIMUM 1 SEC;",
			"line 1: RUNTEST is not [STATE] COUNT TCK|SCK and/or "
			"TIME SEC [MAXIMUM TIME SEC], [ENDSTATE STATE]"},
		{"RUNTEST 1 TCK ENDSTATE DRSHIFT;",
			"line 1: RUNTEST is not [STATE] COUNT TCK|SCK and/or "
			"TIME SEC [MAXIMUM TIME SEC], [ENDSTATE STATE]"},
		{"RUNTEST 4294967296 TCK;",
			"line 1: RUNTEST is not [STATE] COUNT TCK|SCK and/or "
			"TIME SEC [MAXIMUM TIME SEC], [ENDSTATE STATE]"},
		{"RUNTEST 2 SEC MAXIMUM 1 SEC;",
			"line 1: RUNTEST: the maximum is less than the "
			"minimum"},
		{"RUNTEST A B C D E F G H I J K L M;",
			"line 1: RUNTEST has too many words"},
		{"STATE IDLEIDLEIDLEIDLEIDLEIDLEIDLEIDLE;",
			"line 1: IDLEIDLEIDLEIDLEIDLEIDLEIDLEIDL... is too "
			"long"},
		{"STATE / IDLE;", "line 1: / is not expected here"},
		{"STATE /", "line 1: / is not expected here"},
		{"STATE IDLE\x01;", "line 1: a byte 0x01 is not expected here"},
		{"\xef\xbb\xbfSTATE IDLE;",
			"line 1: a byte 0xef is not expected here"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(play(bad[i][0]), -EINVAL);
		assert_string_equal(why, bad[i][1]);
	}
}

/* A frequency is rounded down, a time up to the next nanosecond. */
static void numbers_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		unsigned long long hz, ns; /* 0: it is refused */
	} rows[] = {
		{"1", 1, 1000000000},
		{"007", 7, 7000000000},
		{"1.", 1, 1000000000},
		{".5E1", 5, 5000000000},
		{"1.9999", 1, 1999900000},
		{"12345678.9E-4", 1234, 1234567890000},
		{"1.00E+006", 1000000, 1000000000000000},
		{"1e3", 1000, 1000000000000},
		{"100000000000000000000E-19", 10, 10000000000},
		{"100000000000000000001E-20", 1, 1000000001},
		{"18446744073709551615", 18446744073709551615ull, 0},
		{"18446744073709551616", 0, 0},
		{"184467440737095516150", 0, 0},
		{"184467440737095516160E-1", 0, 0},
		{"184467440737095516159E-1", 18446744073709551615ull, 0},
		{"0.000000000000000000000E99", 0, 0},
		{"1E-99999999999", 0, 1},
		{"1E99999999999", 0, 0},
		{".", 0, 0},
		{"E5", 0, 0},
		{"1E", 0, 0},
		{"1E+", 0, 0},
		{"1EE", 0, 0},
		{"1.2.3", 0, 0},
		{"1X", 0, 0},
		{"1E1X", 0, 0},
		{"-1", 0, 0},
		{"+1", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[100], expected[100];
		int error;

		snprintf(text, sizeof(text), "FREQUENCY %s HZ;", rows[i].text);
		snprintf(expected, sizeof(expected), "frequency %llu\n",
			rows[i].hz);
		error = play(text);
		if ((error == 0) != (rows[i].hz != 0))
			fail_msg("%s: %s", text, why);
		if (error == 0)
			assert_string_equal(port.seen.bytes, expected);
		snprintf(text, sizeof(text), "RUNTEST RESET %s SEC;",
			rows[i].text);
		snprintf(expected, sizeof(expected),
			"RESET\nrun RESET 0 0 %llu %llu\nRESET\n", rows[i].ns,
			(unsigned long long)UINT64_MAX);
		error = play(text);
		if (error == 0)
			assert_string_equal(port.seen.bytes, expected);
		else if (rows[i].ns != 0)
			fail_msg("%s: %s", text, why);
	}
}

static void a_state_path_has_its_limit(void **state)
{
	struct text *text = calloc(1, sizeof(*text));

	(void)state;
	assert_non_null(text);
	say(text, "STATE RESET;STATE");
	for (unsigned i = 0; i < 256; i++)
		say(text, " IDLE");
	assert_int_equal(play(text->bytes), -EINVAL);
	assert_string_equal(
		why, "line 1: the file ends in the middle of STATE");
	say(text, " IDLE;");
	assert_int_equal(play(text->bytes), -EINVAL);
	assert_string_equal(why, "line 1: STATE has more than 256 states");
	free(text);
}

/* The port's error comes back, and the port is not called any more. */
static void an_error_of_the_port_ends_the_file(void **state)
{
	static const char file[] =
		"TRST OFF; FREQUENCY 1E6 HZ; STATE RESET; STATE IDLE DRSELECT "
		"DRCAPTURE DREXIT1 DRPAUSE DRPAUSE; SIR 8 TDI (12); RUNTEST 5 "
		"TCK; STATE DRPAUSE; STATE DRPAUSE;";
	unsigned calls;

	(void)state;
	assert_int_equal(play(file), 0);
	calls = port.calls;
	assert_in_range(calls, 15, 25);
	for (unsigned i = 1; i <= calls; i++) {
		port.fail_at = i;
		assert_int_equal(play(file), -777);
		assert_string_equal(why, "");
		assert_int_equal(port.calls, i);
	}
	port.fail_at = 0;
}

/* ---- Comparison ----------------------------------------------------------- */

static void bits_that_differ_are_described(void **state)
{
	const uint8_t tdo[] = {0x34, 0x12}, mask[] = {0xff, 0x0f};
	const uint8_t header[] = {0x5};
	uint8_t got[] = {0xa5, 0x91};
	struct svf_scan scan = {
		.line = 12,
		.pieces_count = 2,
		.pieces = {{3, header, header, NULL}, {13, tdo, tdo, mask}},
	};
	char text[SVF_WHY_SIZE] = "";

	(void)state;
	/* 3 bits 101, then 1234h, of which the last bit does not count. */
	got[0] = 0x5 | (0x1234 << 3 & 0xff);
	got[1] = 0x1234 << 3 >> 8 ^ 0x80;
	assert_true(svf_compare(&scan, got, text));
	got[1] ^= 0x04;
	assert_false(svf_compare(&scan, got, text));
	assert_string_equal(text,
		"line 12: SDR: bit 10 is 1 and not 0; expected 1234, mask "
		"0fff, got 02b4");
}

static void of_a_long_scan_the_bits_around_are_shown(void **state)
{
	uint8_t tdo[50], got[50];
	struct svf_scan scan = {
		.line = 7,
		.ir = true,
		.pieces_count = 1,
		.pieces = {{400, tdo, tdo, NULL}},
	};
	char text[SVF_WHY_SIZE] = "";

	(void)state;
	for (unsigned i = 0; i < sizeof(tdo); i++)
		tdo[i] = got[i] = i;
	assert_true(svf_compare(&scan, got, text));
	got[49] ^= 0x10;
	assert_false(svf_compare(&scan, got, text));
	assert_string_equal(text,
		"line 7: SIR: bit 396 is 0 and not 1; expected 3130, mask "
		"ffff, got 2130 in bits 384 to 399");
	got[9] ^= 0x80;
	assert_false(svf_compare(&scan, got, text));
	assert_string_equal(text,
		"line 7: SIR: bit 79 is 1 and not 0; expected "
		"0f0e0d0c0b0a0908, mask ffffffffffffffff, got "
		"0f0e0d0c0b0a8908 in bits 64 to 127");
	scan.pieces[0].tdo = NULL;
	assert_true(svf_compare(&scan, got, text));
}

/* ---- Size ----------------------------------------------------------------- */

static uint32_t long_scan_bits, long_scan_sum;

static int take_long_shift(void *user, const struct svf_scan *scan)
{
	(void)user;
	long_scan_bits = scan->pieces[0].count;
	long_scan_sum = 0;
	for (uint32_t i = 0; i < long_scan_bits / 8; i++)
		long_scan_sum = 31 * long_scan_sum + scan->pieces[0].tdi[i];
	return 0;
}

static int take_any_move(
	void *user, enum jtag_state from, const struct jtag_path *path)
{
	(void)user;
	(void)from;
	(void)path;
	return 0;
}

/* 4 MB of bits in one scan, over many lines, in pieces. */
static void a_scan_of_megabytes_is_played(void **state)
{
	static const struct svf_port long_port = {
		.move = take_any_move, .shift = take_long_shift};
	struct svf *svf = svf_new(&long_port, NULL, SVF_BITS_MAX);
	const uint32_t size = 4 << 20;
	char text[100];
	uint32_t sum = 0;

	(void)state;
	assert_non_null(svf);
	snprintf(text, sizeof(text), "SDR %u TDI (", 8 * size);
	assert_int_equal(svf_feed(svf, text, strlen(text)), 0);
	for (uint32_t i = size; i-- > 0;) {
		snprintf(text, sizeof(text), "%02x%s",
			i * 2654435761u >> 24 & 0xff, i % 32 ? "" : "\n");
		assert_int_equal(svf_feed(svf, text, strlen(text)), 0);
	}
	assert_int_equal(svf_feed(svf, ");", 2), 0);
	assert_int_equal(svf_end(svf), 0);
	assert_int_equal(svf_line(svf), 1 + size / 32);
	for (uint32_t i = 0; i < size; i++)
		sum = 31 * sum + (i * 2654435761u >> 24 & 0xff);
	assert_int_equal(long_scan_bits, 8 * size);
	assert_int_equal(long_scan_sum, sum);
	svf_free(svf);
}

static void a_smaller_limit_is_kept(void **state)
{
	struct svf *svf = svf_new(&functions, &port, 16);

	(void)state;
	assert_int_equal(svf_feed(svf, "\nSIR 17", 7), 0);
	assert_int_equal(svf_feed(svf, " ", 1), -EINVAL);
	assert_string_equal(
		svf_why(svf), "line 2: SIR: 17 bits are more than 16");
	svf_free(svf);
	svf_free(NULL);
}

/* ---- Paths ---------------------------------------------------------------- */

/* From every state to every other one, by the table of this file; and no path
   has more clocks than there are states. */
static void there_is_a_path_from_each_state_to_each(void **state)
{
	(void)state;
	for (unsigned from = 0; from < JTAG_STATES; from++)
		for (unsigned to = 0; to < JTAG_STATES; to++) {
			struct jtag_path path = jtag_path(from, to);
			const char *at = jtag_state_name(from);
			enum jtag_state parsed;

			for (unsigned i = 0; i < path.count; i++)
				at = clock(at, path.tms >> i & 1);
			assert_string_equal(at, jtag_state_name(to));
			assert_true(path.count < JTAG_STATES);
			assert_true(jtag_state_parse(at, &parsed));
			assert_int_equal(parsed, to);
			assert_int_equal(path.to, to);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_specification_plays),
		cmocka_unit_test(a_run_has_all_forms),
		cmocka_unit_test(a_bitstream_in_pieces_stays_in_its_register),
		cmocka_unit_test(
			trst_resets_and_a_frequency_is_set_and_taken_back),
		cmocka_unit_test(a_header_of_no_bits_is_none),
		cmocka_unit_test(words_may_touch_what_is_no_word),
		cmocka_unit_test(nothing_is_a_file_as_well),
		cmocka_unit_test(a_wrong_file_is_refused_with_line_and_reason),
		cmocka_unit_test(numbers_are_read_exactly),
		cmocka_unit_test(a_state_path_has_its_limit),
		cmocka_unit_test(an_error_of_the_port_ends_the_file),
		cmocka_unit_test(bits_that_differ_are_described),
		cmocka_unit_test(of_a_long_scan_the_bits_around_are_shown),
		cmocka_unit_test(a_scan_of_megabytes_is_played),
		cmocka_unit_test(a_smaller_limit_is_kept),
		cmocka_unit_test(there_is_a_path_from_each_state_to_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
