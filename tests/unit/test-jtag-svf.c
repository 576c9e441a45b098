/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde_jtag_svf(): files that are played on a virtual device with TAPs on the
 * pins.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#define DEADLINE 5000 /* ms of the virtual clock */
#define URI      "virtual:configured=1,part=tap@tck=A0:tms=A1:tdi=A2:tdo=A3"
#define CHIP     ":ir=6:idcode=0362d093"

struct rig {
	struct fixture fixture;
	struct clyde_jtag *jtag;
};

static void ok(int result)
{
	if (result < 0)
		fail_msg("%s", clyde_error_message());
}

static struct rig open_rig(const char *uri, const char *trst)
{
	const struct clyde_jtag_options options = {
		.tck = "A0",
		.tms = "A1",
		.tdi = "A2",
		.tdo = "A3",
		.trst = trst,
		.rate_hz = 24000000,
	};
	struct rig rig = {.fixture = open_uri(uri)};

	ok(clyde_fpga_load_image(rig.fixture.device));
	ok(clyde_supply_set(rig.fixture.device, 1, 3300));
	ok(clyde_jtag_open(rig.fixture.device, &options, &rig.jtag));
	return rig;
}

static int64_t now(const struct rig *rig)
{
	int64_t ns;

	ok(clyde_device_now(rig->fixture.device, &ns));
	return ns;
}

/* A file in memory, which comes in pieces. */
struct file {
	const char *text;
	size_t size, at, piece;
	int error; /* behind the text */
};

static ssize_t read_piece(void *user, void *ret_bytes, size_t size)
{
	struct file *file = user;
	size_t left = file->size - file->at;

	if (left == 0)
		return file->error;
	if (size > left)
		size = left;
	if (file->piece && size > file->piece)
		size = file->piece;
	memcpy(ret_bytes, file->text + file->at, size);
	file->at += size;
	return size;
}

static int play_with(struct rig *rig, const char *text,
	const struct clyde_svf_options *options)
{
	struct file file = {.text = text, .size = strlen(text), .piece = 7};

	return clyde_jtag_svf(rig->jtag, options, read_piece, &file, NULL);
}

static int play(struct rig *rig, const char *text)
{
	return play_with(rig, text, NULL);
}

/* ---- Files that are right -------------------------------------------------- */

static void an_idcode_is_compared(void **state)
{
	struct rig rig = open_rig(URI CHIP, NULL);

	(void)state;
	ok(play(&rig,
		"STATE RESET;\nSDR 32 TDI (0) TDO (0362D093);\n"
		"SIR 6 TDI (3F) TDO (1); SDR 9 TDI (5A) TDO (B4);"));
	assert_int_equal(play(&rig,
				 "STATE RESET;\nSDR 32 TDI (0)\n"
				 "TDO (0362D193)\nMASK (0FFFFFFF);"),
		CLYDE_ERROR_MISMATCH);
	assert_string_equal(clyde_error_message(),
		"line 2: SDR: bit 8 is 0 and not 1; expected 0362d193, mask "
		"0fffffff, got 0362d093");
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
	close_fixture(&rig.fixture);
}

/* Of three TAPs the one in the middle: pieces of 5 and 8 bits are joined. */
static void headers_and_trailers_reach_a_tap_in_a_chain(void **state)
{
	struct rig rig = open_rig("virtual:configured=1,"
				  "part=tap@tck=A0:tms=A1:tdi=A2:tdo=A5:ir=5,"
				  "part=tap@tck=A0:tms=A1:tdi=A5:tdo=A3:"
				  "idcode=12345679:chain=8",
		NULL);
	static const struct clyde_svf_options ahead = {.ahead = true};
	static const char text[] =
		"HIR 8 TDI (FF) TDO (01); TIR 5 TDI (1F) TDO (01);"
		"HDR 1 TDI (0); TDR 1 TDI (0);"
		"SIR 4 TDI (2) TDO (1);"
		"SDR 32 TDI (0) TDO (12345679);"
		"SIR 4 TDI (8); SDR 33 TDI (00002469);"
		"RUNTEST 10E-6 SEC;"
		"SDR 33 TDI (0) TDO (1FFFFDB97);";

	(void)state;
	ok(play(&rig, text));
	ok(play_with(&rig, text, &ahead));
	close_fixture(&rig.fixture);
}

/* 70000 bits have their own batch. */
static void a_large_scan_is_compared_to_its_last_bit(void **state)
{
	enum { DIGITS = 17500 };
	struct rig rig = open_rig(URI CHIP, NULL);
	char *text = malloc(2 * DIGITS + 200);
	char *zeros = malloc(DIGITS + 1);

	(void)state;
	memset(zeros, '0', DIGITS);
	zeros[DIGITS] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		/* Through BYPASS the first bit that comes is 0, and the others
		   are one late; the header is one more. */
		sprintf(text,
			"%s SIR 6 TDI (3F);\nSDR %u TDI (8%s) TDO (%c%s);",
			i == 2 ? "HDR 3 TDI (7);" : "", 4 * DIGITS, zeros + 1,
			i == 1 ? '8' : '0', zeros + 1);
		if (i == 1) {
			assert_int_equal(
				play(&rig, text), CLYDE_ERROR_MISMATCH);
			assert_says("SDR: bit 69999 is 0 and not 1");
			assert_says("in bits 69952 to 69999");
		} else if (i == 0) {
			ok(play(&rig, text));
		}
	}
	free(zeros);
	free(text);
	close_fixture(&rig.fixture);
}

/* ---- Times ---------------------------------------------------------------- */

static void a_runtest_lasts_as_long_as_it_says(void **state)
{
	struct rig rig = open_rig(URI CHIP, NULL);
	int64_t start;

	(void)state;
	ok(play(&rig, "STATE IDLE;"));
	start = now(&rig);
	ok(play(&rig,
		"STATE IDLE; RUNTEST 10E-3 SEC; SDR 1 TDI (0) TDO (0) "
		"MASK (0);"));
	assert_in_range(now(&rig) - start, 10000000, 11000000);
	start = now(&rig);
	ok(play(&rig,
		"FREQUENCY 1E6 HZ; RUNTEST IDLE 20000 TCK; SDR 1 TDI (0) "
		"TDO (0) MASK (0);"));
	assert_in_range(now(&rig) - start, 20000000, 21000000);
	/* The rate is what it was. */
	start = now(&rig);
	ok(clyde_jtag_run(rig.jtag, 24000, DEADLINE));
	assert_in_range(now(&rig) - start, 1000000, 1600000);
	close_fixture(&rig.fixture);
}

/* The bits of a file without comparisons are played at the rate of TCK. */
static void a_long_file_takes_the_time_of_its_bits(void **state)
{
	enum { ROWS = 1000, DIGITS = 250 };
	struct rig rig = open_rig(URI CHIP, NULL);
	char *text = malloc(ROWS * (DIGITS + 40) + 100), *end = text;
	double speed;
	int64_t start;

	(void)state;
	end += sprintf(end, "SIR 6 TDI (3F);\n");
	for (unsigned i = 0; i < ROWS; i++) {
		end += sprintf(end, "SDR %u TDI (", 4 * DIGITS);
		for (unsigned j = 0; j < DIGITS; j++)
			*end++ = "0123456789ABCDEF"[(i + j) % 16];
		end += sprintf(end, ");\n");
	}
	start = now(&rig);
	ok(play(&rig, text));
	speed = 1e3 * ROWS * DIGITS / 2 / (now(&rig) - start);
	print_message("%.3f MB/s\n", speed);
	assert_true(speed >= 2.7);
	free(text);
	close_fixture(&rig.fixture);
}

/* Each comparison is a round trip, unless the caller lets the player go on. */
static void comparisons_can_wait(void **state)
{
	enum { ROWS = 200 };
	struct rig rig = open_rig(URI CHIP, NULL);
	static const struct clyde_svf_options ahead = {.ahead = true};
	char *text = malloc(ROWS * 60), *end = text;
	int64_t start, waits, goes_on;

	(void)state;
	for (unsigned i = 0; i < ROWS; i++)
		end += sprintf(end, "SDR 32 TDI (0) TDO (0362D093);\n");
	start = now(&rig);
	ok(play(&rig, text));
	waits = now(&rig) - start;
	start = now(&rig);
	ok(play_with(&rig, text, &ahead));
	goes_on = now(&rig) - start;
	print_message(
		"%lld ns, %lld ns\n", (long long)waits, (long long)goes_on);
	assert_true(waits >= ROWS * 125000);
	assert_true(goes_on < waits / 4);
	sprintf(end - 31, "SDR 32 TDI (0) TDO (0362D092);\n");
	assert_int_equal(play_with(&rig, text, &ahead), CLYDE_ERROR_MISMATCH);
	assert_says("line 200: SDR: bit 0 is 1 and not 0");
	free(text);
	close_fixture(&rig.fixture);
}

/* ---- What is refused, and what ends --------------------------------------- */

static void a_malformed_file_is_reported_with_its_line(void **state)
{
	struct rig rig = open_rig(URI CHIP, NULL);
	struct file file = {.text = "STATE IDLE;", .size = 11, .error = -34};

	(void)state;
	assert_int_equal(
		play(&rig, "STATE IDLE;\nSIR 6 TDI (FF);\n"), CLYDE_ERROR_SVF);
	assert_says("line 2: ");
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
	assert_int_equal(
		play(&rig, "FREQUENCY 100 HZ;"), CLYDE_ERROR_UNSUPPORTED);
	assert_string_equal(clyde_error_message(),
		"line 1: FREQUENCY: 100 Hz are slower than the 1465 Hz that "
	        "are "
		"possible");
	assert_int_equal(
		clyde_jtag_svf(rig.jtag, NULL, read_piece, &file, NULL),
		CLYDE_ERROR_FILE);
	assert_int_equal(clyde_jtag_svf(rig.jtag, NULL, NULL, NULL, NULL),
		CLYDE_ERROR_INVALID);
	close_fixture(&rig.fixture);
}

static void trst_is_played_with_and_without_a_pin(void **state)
{
	static const char text[] =
		"TRST OFF; SIR 6 TDI (3F); TRST ON; TRST OFF;"
		"SDR 32 TDI (0) TDO (0362D093);"
		"STATE DRSELECT DRCAPTURE DREXIT1 DRPAUSE DREXIT2 DRUPDATE "
	        "IDLE;"
		"SDR 32 TDI (0) TDO (0362D093); TRST Z;";
	struct rig rig = open_rig(URI CHIP, NULL);

	(void)state;
	ok(play(&rig, text));
	close_fixture(&rig.fixture);
	rig = open_rig(URI CHIP ":trst=A4", "A4");
	ok(play(&rig, text));
	close_fixture(&rig.fixture);
}

static void count_progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	struct clyde_context **context = user;

	assert_string_equal(what, "play");
	assert_int_equal(total, 0);
	if (done >= 12)
		clyde_context_interrupt(*context);
}

static void an_interrupt_ends_the_file_in_reset(void **state)
{
	struct rig rig = open_rig(URI CHIP, NULL);
	static const char text[] =
		"STATE IDLE; \nSDR 32 TDI (0) TDO (0362D093);";
	struct file file = {
		.text = text, .size = sizeof(text) - 1, .piece = 12};
	struct clyde_observer observer = {
		.progress = count_progress, .user = &rig.fixture.context};

	(void)state;
	assert_int_equal(
		clyde_jtag_svf(rig.jtag, NULL, read_piece, &file, &observer),
		CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
	clyde_context_resume(rig.fixture.context);
	ok(play(&rig, "SDR 32 TDI (0) TDO (0362D093);"));
	close_fixture(&rig.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idcode_is_compared),
		cmocka_unit_test(headers_and_trailers_reach_a_tap_in_a_chain),
		cmocka_unit_test(a_large_scan_is_compared_to_its_last_bit),
		cmocka_unit_test(a_runtest_lasts_as_long_as_it_says),
		cmocka_unit_test(a_long_file_takes_the_time_of_its_bits),
		cmocka_unit_test(comparisons_can_wait),
		cmocka_unit_test(a_malformed_file_is_reported_with_its_line),
		cmocka_unit_test(trst_is_played_with_and_without_a_pin),
		cmocka_unit_test(an_interrupt_ends_the_file_in_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
