/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the parser of the Xilinx Virtual Cable protocol: what commands the bytes
   of a client are, however the bytes are cut into pieces. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/jtag-xvc/xvc.h"

static struct xvc xvc;
static struct xvc_command command;

static int begin(void **state)
{
	(void)state;
	xvc_init(&xvc);
	return 0;
}

/* Give the parser all bytes, one at a time: the last one completes a command, and
   none before does. */
static void feed(const void *bytes, size_t size)
{
	const uint8_t *data = bytes;

	for (size_t i = 0; i < size; i++) {
		assert_int_equal(xvc_take(&xvc, data + i, 1, &command), 1);
		if (i + 1 < size) {
			assert_int_equal(command.kind, XVC_MORE);
			assert_true(xvc_is_inside(&xvc));
		}
	}
	assert_false(xvc_is_inside(&xvc));
}

static void commands_have_their_operands(void **state)
{
	static const char settck[] = "settck:\x64\0\0\x80";
	static const char shift[] = "shift:\x0a\0\0\0\x01\x02\x5a\x03";

	(void)state;
	feed("getinfo:", 8);
	assert_int_equal(command.kind, XVC_GETINFO);
	feed(settck, sizeof(settck) - 1);
	assert_int_equal(command.kind, XVC_SETTCK);
	assert_int_equal(command.number, 0x80000064);
	feed(shift, sizeof(shift) - 1);
	assert_int_equal(command.kind, XVC_SHIFT);
	assert_int_equal(command.number, 10);
	assert_memory_equal(command.tms, "\x01\x02", 2);
	assert_memory_equal(command.tdi, "\x5a\x03", 2);
	feed("shift:\0\0\0\0", 10);
	assert_int_equal(command.kind, XVC_SHIFT);
	assert_int_equal(command.number, 0);
}

static void commands_follow_each_other(void **state)
{
	static const char bytes[] = "getinfo:shift:\x01\0\0\0\1\1settck:";
	const uint8_t *data = (const uint8_t *)bytes;
	size_t size = sizeof(bytes) - 1;

	(void)state;
	assert_int_equal(xvc_take(&xvc, data, size, &command), 8);
	assert_int_equal(command.kind, XVC_GETINFO);
	assert_int_equal(xvc_take(&xvc, data + 8, size - 8, &command), 12);
	assert_int_equal(command.kind, XVC_SHIFT);
	assert_int_equal(xvc_take(&xvc, data + 20, size - 20, &command), 7);
	assert_int_equal(command.kind, XVC_MORE);
	assert_true(xvc_is_inside(&xvc));
	assert_int_equal(xvc_take(&xvc, NULL, 0, &command), 0);
	assert_int_equal(command.kind, XVC_MORE);
}

static void what_begins_no_command_is_found_at_once(void **state)
{
	(void)state;
	assert_int_equal(
		xvc_take(&xvc, (const uint8_t *)"sho", 3, &command), 3);
	assert_int_equal(command.kind, XVC_UNKNOWN);
	assert_int_equal(xvc.opcode_size, 3);
	assert_memory_equal(xvc.opcode, "sho", 3);
	assert_false(xvc_is_inside(&xvc));
	/* It is not known where the next command begins. */
	assert_int_equal(
		xvc_take(&xvc, (const uint8_t *)"getinfo:", 8, &command), 8);
	assert_int_equal(command.kind, XVC_MORE);
	xvc_init(&xvc);
	assert_int_equal(
		xvc_take(&xvc, (const uint8_t *)"GET /", 5, &command), 1);
	assert_int_equal(command.kind, XVC_UNKNOWN);
}

static void the_longest_shift_is_taken_and_a_longer_one_is_not(void **state)
{
	size_t size = XVC_BITS_MAX / 8;
	uint8_t *vectors = malloc(2 * size);

	(void)state;
	assert_non_null(vectors);
	memset(vectors, 0x11, size);
	memset(vectors + size, 0x22, size);
	xvc_take(&xvc, (const uint8_t *)"shift:\0\0\2\0", 10, &command);
	assert_int_equal(command.kind, XVC_MORE);
	assert_int_equal(xvc_take(&xvc, vectors, 2 * size, &command), 2 * size);
	assert_int_equal(command.kind, XVC_SHIFT);
	assert_int_equal(command.number, XVC_BITS_MAX);
	assert_int_equal(command.tms[size - 1], 0x11);
	assert_int_equal(command.tdi[size - 1], 0x22);
	xvc_take(&xvc, (const uint8_t *)"shift:\1\0\2\0", 10, &command);
	assert_int_equal(command.kind, XVC_TOO_LONG);
	assert_int_equal(command.number, XVC_BITS_MAX + 1);
	free(vectors);
}

static void a_period_is_the_rate_that_it_was_made_of(void **state)
{
	(void)state;
	/* Whole cycles of 48 MHz, rounded down, to the nearest, or up. */
	for (uint32_t cycles = 1; cycles < 1000; cycles++) {
		uint32_t rate = 48000000 / cycles;

		for (uint32_t up = 0; up <= 1; up++) {
			uint32_t period = 1000000000 / rate + up;
			uint32_t asked = xvc_rate(period, 1465, 48000000);

			assert_true(asked >= rate);
			assert_true(asked < 48000000 / (cycles - 0.999));
		}
	}
	assert_int_equal(xvc_rate(0, 1465, 48000000), 48000000);
	assert_int_equal(xvc_rate(1, 1465, 48000000), 48000000);
	assert_int_equal(xvc_rate(UINT32_MAX, 1465, 48000000), 1465);
	assert_int_equal(xvc_period(48000000), 21);
	assert_int_equal(xvc_period(24000000), 42);
	assert_int_equal(xvc_period(UINT32_MAX), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commands_have_their_operands, begin),
		cmocka_unit_test_setup(commands_follow_each_other, begin),
		cmocka_unit_test_setup(
			what_begins_no_command_is_found_at_once, begin),
		cmocka_unit_test_setup(
			the_longest_shift_is_taken_and_a_longer_one_is_not,
			begin),
		cmocka_unit_test_setup(
			a_period_is_the_rate_that_it_was_made_of, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
