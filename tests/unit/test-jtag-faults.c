/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Files in SVF, searches and batches that a fault or an interrupt ends, at any
 * moment: one sentence, and nothing is left.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#define DEADLINE 5000 /* ms of the virtual clock */
#define IDCODE   0x0362d093
#define URI                                                               \
	"virtual:configured=1,part=tap@tck=A0:tms=A1:tdi=A2:tdo=A3:ir=6:" \
	"idcode="                                                         \
	"0362d093"
#define PIECE 40
#define TIMES 40 /* at which a file is ended */

struct rig {
	struct fixture fixture;
	struct clyde_jtag *jtag;
};

static void ok(int result)
{
	if (result < 0)
		fail_msg("%s", clyde_error_message());
}

static struct rig open_rig(const char *fault)
{
	static const struct clyde_jtag_options options = {.tck = "A0",
		.tms = "A1",
		.tdi = "A2",
		.tdo = "A3",
		.rate_hz = 6000000};
	struct rig rig;
	char uri[CLYDE_URI_SIZE];

	snprintf(uri, sizeof(uri), URI "%s", fault);
	rig.fixture = open_uri(uri);
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

static void assert_a_sentence(void)
{
	assert_true(clyde_error_message()[0]);
	assert_null(strchr(clyde_error_message(), '\n'));
}

/* ---- A file --------------------------------------------------------------- */

static const char text[] = "! IDCODE, BYPASS, and pauses\n"
			   "STATE RESET;\n"
			   "SDR 32 TDI (00000000) TDO (0362D093);\n"
			   "SIR 6 TDI (3F) TDO (01);\n"
			   "HDR 1 TDI (0);\n"
			   "SDR 9 TDI (155) TDO (0AA) MASK (0FF);\n"
			   "RUNTEST 3000 TCK;\n"
			   "SDR 40 TDI (0123456789) TDO (0) MASK (0);\n"
			   "RUNTEST 3000 TCK;\n"
			   "HDR 0;\n"
			   "STATE RESET IDLE;\n"
			   "SDR 32 TDI (00000000) TDO (0362D093);\n";

struct file {
	struct rig *rig;
	size_t at;
	unsigned interrupt_at; /* the piece; 0: none */
};

static ssize_t read_piece(void *user, void *ret_bytes, size_t size)
{
	struct file *file = user;
	size_t left = sizeof(text) - 1 - file->at;

	if (file->interrupt_at && --file->interrupt_at == 0)
		clyde_context_interrupt(file->rig->fixture.context);
	if (size > left)
		size = left;
	if (size > PIECE)
		size = PIECE;
	memcpy(ret_bytes, text + file->at, size);
	file->at += size;
	return size;
}

static int play(struct rig *rig, bool ahead, unsigned interrupt_at)
{
	const struct clyde_svf_options options = {.ahead = ahead};
	struct file file = {.rig = rig, .interrupt_at = interrupt_at};

	return clyde_jtag_svf(rig->jtag, &options, read_piece, &file, NULL);
}

static void unplug_at(int64_t ns, bool ahead)
{
	char fault[64];
	struct rig rig;
	int result;

	snprintf(fault, sizeof(fault), ",fault=unplug@%lld",
		(long long)ns / 1000);
	rig = open_rig(fault);
	result = play(&rig, ahead, 0);
	assert_int_equal(result, CLYDE_ERROR_NO_DEVICE);
	assert_string_equal(clyde_error_message(), "the device was unplugged");
	assert_int_equal(
		clyde_jtag_go(rig.jtag, CLYDE_TAP_IDLE, DEADLINE), result);
	close_fixture(&rig.fixture);
}

static void an_unplug_at_any_moment_ends_a_file(void **state)
{
	(void)state;
	for (unsigned ahead = 0; ahead < 2; ahead++) {
		struct rig rig = open_rig("");
		int64_t begun = now(&rig), over;

		ok(play(&rig, ahead, 0));
		over = now(&rig);
		close_fixture(&rig.fixture);
		for (unsigned i = 0; i < TIMES; i++)
			unplug_at(begun + (over - begun) * i / TIMES, ahead);
	}
}

/* The TAPs can be used again at once. */
static void an_interrupt_at_any_piece_ends_a_file_in_reset(void **state)
{
	unsigned interrupted = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * (sizeof(text) / PIECE + 1); i++) {
		struct rig rig = open_rig("");
		uint32_t idcode = 0;
		int result = play(&rig, i % 2, 1 + i / 2);

		assert_int_equal(result, CLYDE_ERROR_INTERRUPTED);
		assert_string_equal(clyde_error_message(), "interrupted");
		interrupted++;
		assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
		clyde_context_resume(rig.fixture.context);
		ok(clyde_jtag_dr(
			rig.jtag, 32, NULL, &idcode, CLYDE_TAP_IDLE, DEADLINE));
		assert_int_equal(idcode, IDCODE);
		ok(play(&rig, false, 0));
		close_fixture(&rig.fixture);
	}
	assert_true(interrupted > 10);
}

/* ---- Transfers that fail ---------------------------------------------------- */

/* What is found after a failure of any transfer of the bus. */
static bool plays_with(const char *fault, int *ret_result)
{
	struct rig rig = {0};
	const struct clyde_jtag_options options = {.tck = "A0",
		.tms = "A1",
		.tdi = "A2",
		.tdo = "A3",
		.rate_hz = 6000000};
	char uri[CLYDE_URI_SIZE];
	int result;

	snprintf(uri, sizeof(uri), URI ",fault=%s", fault);
	rig.fixture = open_uri(uri);
	ok(clyde_supply_set(rig.fixture.device, 1, 3300));
	result = clyde_jtag_open(rig.fixture.device, &options, &rig.jtag);
	if (result == 0)
		result = clyde_jtag_chain(rig.jtag, NULL, 0, NULL, DEADLINE);
	if (result >= 0)
		result = play(&rig, true, 0);
	if (result < 0)
		assert_a_sentence();
	/* The object can be opened again. */
	if (result < 0 && rig.jtag) {
		clyde_jtag_close(rig.jtag);
		ok(clyde_jtag_open(rig.fixture.device, &options, &rig.jtag));
		ok(play(&rig, true, 0));
	}
	close_fixture(&rig.fixture);
	*ret_result = result;
	return result == 0;
}

static void a_transfer_that_fails_ends_a_file(void **state)
{
	static const struct {
		const char *fault, *endpoint;
		int error;
	} rows[] = {
		{"fail", "0x02", CLYDE_ERROR_IO},
		{"fail", "0x86", CLYDE_ERROR_IO},
		{"halt", "0x02", CLYDE_ERROR_STALL},
		{"halt", "0x86", CLYDE_ERROR_STALL},
		{"babble", "0x86", CLYDE_ERROR_BABBLE},
		{"nomem", "0x02", CLYDE_ERROR_NO_MEMORY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned failures = 0, at = 1;
		char fault[64];
		int result;

		do {
			snprintf(fault, sizeof(fault), "%s@t%u/%s",
				rows[i].fault, at++, rows[i].endpoint);
			if (plays_with(fault, &result))
				break;
			assert_int_equal(result, rows[i].error);
			failures++;
		} while (at < 100);
		assert_true(failures > 0 && at < 100);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unplug_at_any_moment_ends_a_file),
		cmocka_unit_test(
			an_interrupt_at_any_piece_ends_a_file_in_reset),
		cmocka_unit_test(a_transfer_that_fails_ends_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
