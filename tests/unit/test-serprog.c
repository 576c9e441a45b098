/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the parser of serprog: what commands the bytes of a client are, however
   the bytes are cut into pieces. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/spi-flashrom/serprog.h"

static struct serprog serprog;
static struct serprog_command command;

/* Give the parser all bytes, one at a time: the last piece completes a command,
   and none before does. */
static void feed(const void *bytes, size_t size)
{
	const uint8_t *data = bytes;

	for (size_t i = 0; i < size; i++) {
		assert_int_equal(
			serprog_take(&serprog, data + i, 1, &command), 1);
		if (i + 1 < size)
			assert_int_equal(command.kind, SERPROG_MORE);
	}
	assert_int_not_equal(command.kind, SERPROG_MORE);
}

#define FEED(...)                            \
	feed((const uint8_t[]){__VA_ARGS__}, \
		sizeof((const uint8_t[]){__VA_ARGS__}))

static void assert_answer(const void *bytes, size_t size)
{
	assert_int_equal(command.kind, SERPROG_ANSWER);
	assert_int_equal(command.answer_size, size);
	assert_memory_equal(command.answer, bytes, size);
}

#define ASSERT_ANSWER(...)                            \
	assert_answer((const uint8_t[]){__VA_ARGS__}, \
		sizeof((const uint8_t[]){__VA_ARGS__}))

static int begin(void **state)
{
	(void)state;
	serprog_init(&serprog);
	return 0;
}

static void queries_have_fixed_answers(void **state)
{
	(void)state;
	FEED(0x00);
	ASSERT_ANSWER(6);
	FEED(0x01);
	ASSERT_ANSWER(6, 1, 0);
	FEED(0x03);
	assert_int_equal(command.answer_size, 17);
	assert_string_equal((const char *)command.answer + 1, "Clyde");
	FEED(0x04);
	ASSERT_ANSWER(6, 0xff, 0xff);
	FEED(0x05);
	ASSERT_ANSWER(6, 8);
	FEED(0x08);
	ASSERT_ANSWER(6, 0, 0, 1);
	FEED(0x10);
	ASSERT_ANSWER(0x15, 6);
	FEED(0x11);
	ASSERT_ANSWER(6, 0, 0, 0);
}

static void the_map_has_exactly_the_commands_that_are_known(void **state)
{
	uint8_t map[33];

	(void)state;
	FEED(0x02);
	assert_int_equal(command.answer_size, sizeof(map));
	memcpy(map, command.answer, sizeof(map));
	assert_int_equal(map[0], 6);
	for (unsigned i = 0; i < 256; i++) {
		uint8_t opcode = i;

		serprog_init(&serprog);
		serprog_take(&serprog, &opcode, 1, &command);
		assert_int_equal(!command.unknown, map[1 + i / 8] >> i % 8 & 1);
	}
}

static void an_unknown_opcode_is_refused_without_operands(void **state)
{
	static const uint8_t bytes[] = {0x0a, 0x00, 0x00};

	(void)state;
	assert_int_equal(
		serprog_take(&serprog, bytes, sizeof(bytes), &command), 1);
	ASSERT_ANSWER(0x15);
	assert_true(command.unknown);
	assert_int_equal(serprog_take(&serprog, bytes + 1, 2, &command), 1);
	ASSERT_ANSWER(6);
	assert_false(command.unknown);
}

static void a_bus_type_is_spi_or_refused(void **state)
{
	(void)state;
	FEED(0x12, 0x08);
	ASSERT_ANSWER(6);
	FEED(0x12, 0x0f);
	ASSERT_ANSWER(6);
	FEED(0x12, 0x07);
	ASSERT_ANSWER(0x15);
}

static void settings_have_their_number(void **state)
{
	(void)state;
	FEED(0x14, 0x00, 0x36, 0x6e, 0x01);
	assert_int_equal(command.kind, SERPROG_RATE);
	assert_int_equal(command.value, 24000000);
	FEED(0x15, 0x80);
	assert_int_equal(command.kind, SERPROG_DRIVE);
	assert_int_equal(command.value, 1);
	FEED(0x15, 0x00);
	assert_int_equal(command.kind, SERPROG_DRIVE);
	assert_int_equal(command.value, 0);
	FEED(0x16, 0xff);
	assert_int_equal(command.kind, SERPROG_CHIP);
	assert_int_equal(command.value, 255);
	FEED(0x17, 0x01);
	assert_int_equal(command.kind, SERPROG_DUPLEX);
	FEED(0x18, 0x02);
	assert_int_equal(command.kind, SERPROG_SELECT);
	assert_int_equal(command.value, SERPROG_SELECT_OFF);
}

static void settings_out_of_range_are_refused(void **state)
{
	(void)state;
	FEED(0x14, 0, 0, 0, 0);
	ASSERT_ANSWER(0x15);
	FEED(0x17, 2);
	ASSERT_ANSWER(0x15);
	FEED(0x18, 3);
	ASSERT_ANSWER(0x15);
}

static void a_transfer_has_its_bytes(void **state)
{
	(void)state;
	FEED(0x13, 4, 0, 0, 0xff, 0xff, 0xff, 0x03, 0x12, 0x34, 0x56);
	assert_int_equal(command.kind, SERPROG_TRANSFER);
	assert_int_equal(command.send_size, 4);
	assert_int_equal(command.receive_size, 0xffffff);
	assert_memory_equal(command.send, "\x03\x12\x34\x56", 4);
	FEED(0x13, 0, 0, 0, 0, 0, 0);
	assert_int_equal(command.kind, SERPROG_TRANSFER);
	assert_int_equal(command.send_size, 0);
	assert_int_equal(command.receive_size, 0);
}

/* Give the operands of a transfer that sends so many bytes, and those. */
static size_t feed_transfer(uint32_t size)
{
	uint8_t head[7] = {0x13, size, size >> 8, size >> 16};
	uint8_t *bytes = malloc(size + 1);
	size_t taken;

	assert_non_null(bytes);
	memset(bytes, 0x5a, size);
	bytes[size] = 0x10; /* of the next command */
	assert_int_equal(
		serprog_take(&serprog, head, sizeof(head), &command), 7);
	assert_int_equal(command.kind, SERPROG_MORE);
	taken = serprog_take(&serprog, bytes, size + 1, &command);
	free(bytes);
	return taken;
}

static void the_longest_transfer_is_kept_and_longer_ones_are_refused(
	void **state)
{
	(void)state;
	assert_int_equal(feed_transfer(SERPROG_SEND_MAX), SERPROG_SEND_MAX);
	assert_int_equal(command.kind, SERPROG_TRANSFER);
	assert_int_equal(command.send[SERPROG_SEND_MAX - 1], 0x5a);
	assert_int_equal(
		feed_transfer(SERPROG_SEND_MAX + 1), SERPROG_SEND_MAX + 1);
	ASSERT_ANSWER(0x15);
	FEED(0x10);
	ASSERT_ANSWER(0x15, 6);
}

static void a_client_that_leaves_inside_of_a_command_leaves_nothing(
	void **state)
{
	static const uint8_t half[] = {0x13, 2, 0, 0, 0, 0, 0, 0x06};

	(void)state;
	serprog_take(&serprog, half, sizeof(half), &command);
	assert_int_equal(command.kind, SERPROG_MORE);
	assert_true(serprog.inside);
	serprog_init(&serprog);
	FEED(0x10);
	ASSERT_ANSWER(0x15, 6);
	assert_false(serprog.inside);
}

static void no_bytes_are_no_command(void **state)
{
	(void)state;
	assert_int_equal(serprog_take(&serprog, NULL, 0, &command), 0);
	assert_int_equal(command.kind, SERPROG_MORE);
	assert_false(serprog.inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(queries_have_fixed_answers, begin),
		cmocka_unit_test_setup(
			the_map_has_exactly_the_commands_that_are_known, begin),
		cmocka_unit_test_setup(
			an_unknown_opcode_is_refused_without_operands, begin),
		cmocka_unit_test_setup(a_bus_type_is_spi_or_refused, begin),
		cmocka_unit_test_setup(settings_have_their_number, begin),
		cmocka_unit_test_setup(
			settings_out_of_range_are_refused, begin),
		cmocka_unit_test_setup(a_transfer_has_its_bytes, begin),
		cmocka_unit_test_setup(
			the_longest_transfer_is_kept_and_longer_ones_are_refused,
			begin),
		cmocka_unit_test_setup(
			a_client_that_leaves_inside_of_a_command_leaves_nothing,
			begin),
		cmocka_unit_test_setup(no_bytes_are_no_command, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
