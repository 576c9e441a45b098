/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the universal image through its registers and pipes: its
   table of cores, the stream switch, and the registers that keep their
   values. */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

#include "wire/cores.h"

static struct rig rig;
static uint8_t memory[8192];

static int set_up(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	rig_configure(&rig);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static struct core_entry entry_at(unsigned place)
{
	struct core_entry entry;
	uint32_t part;

	rig_write_register(&rig, REG_TABLE_INDEX, place, 1);
	for (unsigned i = 0; i < sizeof(entry); i += sizeof(part)) {
		part = rig_read_register(&rig, REG_TABLE + i, sizeof(part));
		memcpy((uint8_t *)&entry + i, &part, sizeof(part));
	}
	return entry;
}

static void the_host_can_read_the_table_of_cores(void **state)
{
	struct core_entry entry;

	(void)state;
	assert_int_equal(rig_read_register(&rig, REG_MAP, 1), REG_MAP_VERSION);
	assert_int_equal(
		rig_read_register(&rig, REG_CORE_COUNT, 1), CORE_COUNT);
	entry = entry_at(1);
	assert_int_equal(entry.id, CORE_ID_BENCHMARK);
	assert_int_equal(entry.base, 0x50);
	assert_int_equal(entry.registers, 32);
	assert_int_equal(entry.first_output, 0);
	assert_int_equal(entry.flags, CORE_TAKES | CORE_GIVES);
	entry = entry_at(CORE_GPIO);
	assert_int_equal(entry.id, CORE_ID_GPIO);
	assert_int_equal(entry.first_output, OUTPUT_GPIO);
	assert_int_equal(entry.outputs, 1);
	assert_int_equal(entry.first_input, 0);
	assert_int_equal(entry.flags, CORE_GIVES | CORE_PER_PIN);
}

static void beyond_the_table_there_are_zeros(void **state)
{
	static const struct core_entry nothing;
	static const uint8_t places[] = {0, CORE_END, 0xff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct core_entry entry = entry_at(places[i]);

		assert_memory_equal(&entry, &nothing, sizeof(entry));
	}
}

static void the_switch_and_the_multiplexer_begin_empty_and_keep_their_values(
	void **state)
{
	(void)state;
	assert_int_equal(rig_read_register(&rig, REG_STREAM, 4), 0);
	for (unsigned reg = REG_PIN; reg < REG_CORES; reg++)
		assert_int_equal(rig_read_register(&rig, reg, 1), 0);
	rig_write_register(&rig, REG_STREAM, 0x00010003, 4);
	assert_int_equal(rig_read_register(&rig, REG_STREAM, 4), 0x00010003);
	rig_write_register(&rig, REG_PIN + 15, PIN_OPEN_DRAIN | OUTPUT_UART, 1);
	assert_int_equal(rig_read_register(&rig, REG_PIN + 15, 1),
		PIN_OPEN_DRAIN | OUTPUT_UART);
	rig_write_register(&rig, REG_INPUT, INPUT_CONNECTED | 3, 1);
	assert_int_equal(rig_read_register(&rig, REG_INPUT, 1), 0x83);
}

static void registers_end_where_the_register_map_ends(void **state)
{
	uint8_t bytes[] = {REG_COUNT, 1};

	(void)state;
	assert_int_equal(rig_read_register(&rig, REG_COUNT - 1, 1), 0);
	for (unsigned code = MGMT_FPGA_SET_REG; code <= MGMT_FPGA_GET_REG;
		code++) {
		struct mgmt_packet reply;

		assert_true(
			rig_ask(&rig, code, bytes, sizeof(bytes), &reply) >= 2);
		assert_int_equal(reply.code, MGMT_ERROR);
	}
}

/* EP4 and EP8 work as EP2 and EP6 do. */
static void any_pipe_goes_to_any_core(void **state)
{
	(void)state;
	rig_write_register(&rig, REG_STREAM,
		CORE_BENCHMARK << 8 | (uint32_t)CORE_BENCHMARK << 24, 4);
	rig_write_register(&rig, REG_BENCH_MODE, BENCH_LOOPBACK, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP4OUT, USB_ALT_2X), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP8IN, USB_ALT_2X), 0);
	memcpy(memory, "there and back", 14);
	assert_int_equal(rig_transfer(&rig, USB_EP4_OUT, memory, 14), 14);
	memset(memory, 0, 14);
	assert_int_equal(rig_transfer(&rig, USB_EP8_IN, memory, 512), 14);
	assert_memory_equal(memory, "there and back", 14);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 14);
}

static void a_pipe_without_a_core_moves_no_bytes(void **state)
{
	(void)state;
	rig_write_register(&rig, REG_BENCH_MODE, BENCH_SOURCE, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(
		rig_transfer(&rig, USB_EP6_IN, memory, 512), -ETIMEDOUT);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 0);
	/* The GPIO core has no OUT stream, so it takes no byte either. */
	rig_write_register(&rig, REG_STREAM, CORE_GPIO, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_2X), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, 1024), 1024);
	/* 1 KiB in the FX2 and 512 B in the FIFO, and not a byte more. */
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, 512), 512);
	assert_int_equal(
		rig_transfer(&rig, USB_EP2_OUT, memory, 512), -ETIMEDOUT);
}

static void a_core_stands_still_while_one_of_its_pipes_is_in_reset(void **state)
{
	(void)state;
	rig_attach(&rig, BENCH_LOOPBACK);
	rig_write_register(&rig, REG_BENCH_MODE, BENCH_SOURCE, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(
		rig_transfer(&rig, USB_EP6_IN, memory, 512), -ETIMEDOUT);
	/* A reset of EP2 or the switch detaches EP2 from the core. */
	rig_write_register(&rig, REG_STREAM, CORE_NONE, 1);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), 512);
	rig_write_register(&rig, REG_STREAM, CORE_BENCHMARK, 1);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_2X), 0);
	/* The bytes that were in the FIFOs, and then new ones. */
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 2048), 2048);
	assert_true(rig_read_register(&rig, REG_BENCH_COUNT, 4) > 0);
}

static void of_two_pipes_of_one_direction_the_first_has_the_core(void **state)
{
	(void)state;
	rig_write_register(&rig, REG_STREAM,
		CORE_BENCHMARK << 16 | (uint32_t)CORE_BENCHMARK << 24, 4);
	rig_write_register(&rig, REG_BENCH_MODE, BENCH_SOURCE, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP8IN, USB_ALT_2X), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), 512);
	assert_int_equal(
		rig_transfer(&rig, USB_EP8_IN, memory, 512), -ETIMEDOUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_host_can_read_the_table_of_cores),
		TEST(beyond_the_table_there_are_zeros),
		TEST(the_switch_and_the_multiplexer_begin_empty_and_keep_their_values),
		TEST(registers_end_where_the_register_map_ends),
		TEST(any_pipe_goes_to_any_core),
		TEST(a_pipe_without_a_core_moves_no_bytes),
		TEST(a_core_stands_still_while_one_of_its_pipes_is_in_reset),
		TEST(of_two_pipes_of_one_direction_the_first_has_the_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
