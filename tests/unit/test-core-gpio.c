/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the GPIO core alone, to the cycle: the levels that it
   drives, and the records that it sends about its pins. */
#include "tests/support/core-test.h"

#include "wire/core-gpio.h"

#define OFFSET(reg) ((reg)-CORE_BASE_GPIO)
#define WAITING     255 /* Records that wait in the core. */

static struct core_rig rig;

static int set_up(void **state)
{
	(void)state;
	core_rig_open(&rig, &core_gpio_ops);
	core_rig_run(&rig, 10);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_rig_close(&rig);
	return 0;
}

static void set(enum reg_gpio reg, uint16_t value)
{
	core_rig_set(&rig, OFFSET(reg), value, 2);
}

static uint16_t get(enum reg_gpio reg)
{
	return core_rig_get(&rig, OFFSET(reg));
}

static void pass(uint64_t cycles)
{
	core_rig_run(&rig, rig.cycle + cycles);
}

static struct gpio_record next_record(void)
{
	struct gpio_record record;

	assert_true(rig.in.level >= sizeof(record));
	core_fifo_get(&rig.in, (uint8_t *)&record, sizeof(record));
	return record;
}

static void assert_record(uint32_t cycle, uint16_t levels, uint16_t lost)
{
	struct gpio_record record = next_record();

	assert_int_equal(record.cycle, cycle);
	assert_int_equal(record.levels, levels);
	assert_int_equal(record.lost, lost);
}

static void all_pins_change_when_the_high_byte_is_written(void **state)
{
	(void)state;
	set(REG_GPIO_ENABLE, 0xf00f);
	assert_int_equal(rig.core->enables, 0xf00f);
	core_rig_set(&rig, OFFSET(REG_GPIO_OUTPUT), 0x34, 1);
	assert_int_equal(rig.core->outputs, 0);
	core_rig_set(&rig, OFFSET(REG_GPIO_OUTPUT) + 1, 0x12, 1);
	assert_int_equal(rig.core->outputs, 0x1234);
	assert_int_equal(get(REG_GPIO_OUTPUT), 0x1234);
	assert_int_equal(get(REG_GPIO_ENABLE), 0xf00f);
	core_rig_reset(&rig);
	assert_int_equal(rig.core->outputs, 0x1234);
	assert_int_equal(rig.core->enables, 0xf00f);
}

static void levels_are_those_of_the_pins(void **state)
{
	(void)state;
	core_rig_input(&rig, 0xa5c3);
	assert_int_equal(get(REG_GPIO_LEVELS), 0xa5c3);
	set(REG_GPIO_ENABLE, 0xffff);
	set(REG_GPIO_OUTPUT, 0xffff);
	assert_int_equal(get(REG_GPIO_LEVELS), 0xa5c3);
}

static void watching_begins_with_a_record_and_reports_watched_pins(void **state)
{
	(void)state;
	core_rig_reset(&rig); /* The clock is 0. */
	core_rig_input(&rig, 0x8001);
	pass(100);
	set(REG_GPIO_WATCH, 0x0003);
	pass(100);
	core_rig_input(&rig, 0x8002);
	pass(100);
	core_rig_input(&rig, 0x0002); /* The pin that changes is not watched. */
	pass(100);
	core_rig_input(&rig, 0x0000);
	/* The mask was not 0 before, so this does not begin with a record. */
	set(REG_GPIO_WATCH, 0x0002);
	pass(100);
	assert_record(100, 0x8001, 0);
	assert_record(200, 0x8002, 0);
	assert_record(400, 0x0000, 0);
	assert_int_equal(rig.in.level, 0);
}

static void changes_at_successive_edges_are_all_reported(void **state)
{
	(void)state;
	core_rig_reset(&rig);
	set(REG_GPIO_WATCH, 0xffff);
	for (unsigned i = 1; i < 60; i++) {
		pass(1);
		core_rig_input(&rig, i);
	}
	pass(1000);
	for (unsigned i = 0; i < 60; i++)
		assert_record(i, i, 0);
	assert_int_equal(get(REG_GPIO_LOST), 0);
}

static void after_a_loss_the_last_levels_are_reported(void **state)
{
	/* Records in the FIFO, on the way to it, and waiting in the core. */
	const unsigned kept = CORE_FIFO_SIZE / 8 + 1 + WAITING;
	struct gpio_record last = {0};
	unsigned records = 0, lost = 0;

	(void)state;
	set(REG_GPIO_WATCH, 0xffff);
	for (unsigned i = 1; i <= kept + 40; i++) {
		pass(20);
		core_rig_input(&rig, i);
	}
	pass(20);
	/* The record at the beginning is one of those that were kept. */
	assert_int_equal(get(REG_GPIO_LOST), 41);
	for (unsigned i = 0; i < 100; i++, pass(100))
		while (rig.in.level >= sizeof(last)) {
			last = next_record();
			lost += last.lost;
			records++;
		}
	assert_int_equal(records, kept + 1);
	assert_int_equal(lost, 41);
	assert_int_equal(last.levels, kept + 40);
	assert_int_equal(last.lost, 41);
}

static void the_count_of_lost_records_stays_at_its_maximum(void **state)
{
	(void)state;
	set(REG_GPIO_WATCH, 1);
	for (unsigned i = 0; i < 0x10000 + 1000; i++) {
		pass(1);
		core_rig_input(&rig, ~i & 1);
	}
	assert_int_equal(get(REG_GPIO_LOST), 0xffff);
	core_rig_reset(&rig);
	assert_int_equal(get(REG_GPIO_LOST), 0);
}

static void a_change_of_the_highest_bit_of_the_clock_is_reported(void **state)
{
	(void)state;
	core_rig_reset(&rig);
	set(REG_GPIO_WATCH, 1);
	core_rig_run(&rig, rig.cycle + 3 * (1ull << 31) + 100);
	assert_record(0, 0, 0);
	assert_record(1u << 31, 0, 0);
	assert_record(0, 0, 0);
	assert_record(1u << 31, 0, 0);
	assert_int_equal(rig.in.level, 0);
}

static void a_pipe_reset_discards_records_and_keeps_watching(void **state)
{
	(void)state;
	set(REG_GPIO_WATCH, 1);
	pass(5);
	core_rig_input(&rig, 1);
	core_rig_reset(&rig);
	rig.in.level = 0;
	pass(100);
	assert_record(0, 1, 0);
	assert_int_equal(rig.in.level, 0);
	assert_int_equal(get(REG_GPIO_WATCH), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(all_pins_change_when_the_high_byte_is_written),
		TEST(levels_are_those_of_the_pins),
		TEST(watching_begins_with_a_record_and_reports_watched_pins),
		TEST(changes_at_successive_edges_are_all_reported),
		TEST(after_a_loss_the_last_levels_are_reported),
		TEST(the_count_of_lost_records_stays_at_its_maximum),
		TEST(a_change_of_the_highest_bit_of_the_clock_is_reported),
		TEST(a_pipe_reset_discards_records_and_keeps_watching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
