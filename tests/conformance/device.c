/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests, by the public API: finding a device, opening it, commands, and loading
   its FPGA. */
#include "conformance.h"
#include "lib/base/ask.h"

/* This test runs first: a device that keeps its FPGA's configuration is
   configured from then on. */
static void a_pipe_needs_a_configured_fpga(void **state)
{
	struct fixture fixture = open_fixture(plain_uri());
	struct clyde_pipe *pipe;
	uint8_t id[8];
	int status = clyde_fpga_status(fixture.device, id);

	(void)state;
	assert_in_range(status, 0, 1);
	if (status == 0) {
		assert_int_equal(clyde_pipe_open(fixture.device,
					 CLYDE_PIPE_EP6_IN, NULL, &pipe),
			CLYDE_ERROR_STALL);
		assert_says("not configured");
	}
	close_fixture(&fixture);
}

static void the_list_shows_the_device_and_how_to_open_it(void **state)
{
	struct clyde_device_info *list;
	struct clyde_context *context;
	struct clyde_device *device;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_device_list(context, plain_uri(), &list), 1);
	assert_int_equal(list[0].api_level, 9);
	assert_int_equal(strlen(list[0].serial), 19);
	assert_int_equal(list[0].speed_kbit_per_s, 480000);
	assert_true(list[0].configured && list[0].readable);
	assert_int_equal(list[0].state, 0);
	assert_memory_equal(list[0].serial, list[0].revision, 2);
	assert_non_null(strstr(list[0].product, "Glasgow"));
	assert_int_equal(
		clyde_device_open(context, list[0].uri, NULL, &device), 0);
	assert_memory_equal(info_of(device), &list[0], sizeof(list[0]));
	clyde_device_close(device);
	assert_int_equal(clyde_device_open(
				 context, plain_uri(), list[0].serial, &device),
		0);
	clyde_device_list_free(list);
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

/* A list must not disturb the program that uses the device. */
static void the_list_shows_a_device_in_use_as_busy(void **state)
{
	struct clyde_device_info *list;
	struct clyde_context *other;
	struct fixture fixture;
	struct clyde_pipe *out;
	uint8_t id[8], data[512] = {0};

	(void)state;
	if (able(NEW_DEVICE))
		skip();
	fixture = open_idle();
	out = open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 4);
	assert_int_equal(clyde_context_new(&other), 0);
	assert_int_equal(clyde_device_list(other, plain_uri(), &list), 1);
	assert_int_equal(list[0].state, CLYDE_ERROR_BUSY);
	assert_non_null(strstr(list[0].why, "in use"));
	assert_true(list[0].readable);
	assert_string_equal(list[0].serial, info_of(fixture.device)->serial);
	clyde_device_list_free(list);
	clyde_context_close(other);
	set_mode(&fixture, BENCH_SINK);
	assert_int_equal(clyde_pipe_write(out, data, 512, 5000), 512);
	assert_int_equal(clyde_pipe_flush(out, 5000), 0);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	close_fixture(&fixture);
}

static void a_monitor_reports_the_devices_that_are_there_and_nothing_else(
	void **state)
{
	struct clyde_monitor_event event;
	struct clyde_monitor *monitor;
	struct clyde_device_info *list;
	struct clyde_context *context;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_device_list(context, plain_uri(), &list), 1);
	assert_int_equal(clyde_monitor_new(context, plain_uri(), &monitor), 0);
	assert_int_equal(clyde_monitor_next(monitor, &event, -1), 1);
	assert_int_equal(event.change, CLYDE_MONITOR_ARRIVED);
	assert_memory_equal(&event.info, &list[0], sizeof(list[0]));
	assert_int_equal(
		clyde_monitor_next(monitor, &event, 0), CLYDE_ERROR_TIMEOUT);
	clyde_device_list_free(list);
	clyde_context_interrupt(context);
	assert_int_equal(clyde_monitor_next(monitor, &event, -1),
		CLYDE_ERROR_INTERRUPTED);
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

static void a_serial_number_that_no_device_has_is_an_error(void **state)
{
	struct clyde_context *context;
	struct clyde_device *device;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(
		clyde_device_open(context, plain_uri(), "C3-no", &device),
		CLYDE_ERROR_NO_SERIAL);
	assert_says("C3-no");
	clyde_context_close(context);
}

static void a_device_has_one_user_at_a_time(void **state)
{
	struct fixture fixture;
	struct clyde_context *other;
	struct clyde_device *device;

	(void)state;
	if (able(NEW_DEVICE))
		skip();
	fixture = open_fixture(plain_uri());
	assert_int_equal(clyde_context_new(&other), 0);
	assert_int_equal(clyde_device_open(other, plain_uri(), NULL, &device),
		CLYDE_ERROR_BUSY);
	assert_says("this program has opened it already");
	clyde_device_close(fixture.device);
	assert_int_equal(
		clyde_device_open(other, plain_uri(), NULL, &device), 0);
	clyde_context_close(other);
	close_fixture(&fixture);
}

static void a_device_can_be_opened_many_times(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct fixture fixture = open_fixture(plain_uri());
		uint8_t id[8];

		assert_in_range(clyde_fpga_status(fixture.device, id), 0, 1);
		close_fixture(&fixture);
	}
}

static void commands_of_every_size_are_answered(void **state)
{
	struct fixture fixture = open_fixture(plain_uri());
	uint8_t data[256];
	unsigned supply_mv[CLYDE_PORT_COUNT];
	struct clyde_config config;

	(void)state;
	assert_int_equal(clyde_supply_get(fixture.device, supply_mv), 0);
	/* 32 bytes a command, at every alignment. */
	for (unsigned size = 1; size <= sizeof(data); size = size * 3 + 1)
		assert_int_equal(
			clyde_eeprom_read(fixture.device, 0, data, size), 0);
	assert_int_equal(clyde_config_read(fixture.device, &config), 0);
	assert_string_equal(info_of(fixture.device)->serial + 3, config.serial);
	close_fixture(&fixture);
}

static void a_refused_command_does_not_affect_the_next(void **state)
{
	struct fixture fixture = open_fixture(plain_uri());
	uint8_t id[8];

	(void)state;
	for (int i = 0; i < 5; i++) {
		/* There is no port E; the firmware checks the ports before it
		   acts. */
		assert_true(clyde_supply_set(fixture.device, 1 << 2, 3300) < 0);
		assert_in_range(clyde_fpga_status(fixture.device, id), 0, 1);
	}
	close_fixture(&fixture);
}

static void the_image_is_loaded_once(void **state)
{
	struct fixture fixture = open_fixture(plain_uri());
	uint8_t id[8], again[8], value;
	int result = clyde_fpga_load_image(fixture.device);

	(void)state;
	if (result < 0)
		fail_msg("%s", clyde_error_message());
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	assert_int_equal(clyde_fpga_load_image(fixture.device), 0);
	assert_int_equal(clyde_fpga_status(fixture.device, again), 1);
	assert_memory_equal(id, again, 8);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_HEALTH, &value, 1), 0);
	assert_int_equal(value, REG_HEALTH_VALUE);
	close_fixture(&fixture);
}

static void a_broken_bitstream_is_an_error_and_a_good_one_loads_after_it(
	void **state)
{
	static const uint8_t other[8] = "another";
	struct fixture fixture = open_fixture(plain_uri());
	uint8_t *broken = malloc(image_size);

	(void)state;
	assert_non_null(broken);
	memcpy(broken, image_bytes, image_size);
	broken[image_size / 2] ^= 0x10;
	assert_int_equal(
		clyde_fpga_load(fixture.device, broken, image_size, other),
		CLYDE_ERROR_FPGA);
	free(broken);
	assert_int_equal(
		clyde_fpga_load(fixture.device, image_bytes, image_size, other),
		1);
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	close_fixture(&fixture);
}

static void registers_are_read_back(void **state)
{
	struct fixture fixture = open_idle();
	uint8_t in[4] = {0xc0, 0, 0x70, 0x17}, out[4];

	(void)state;
	assert_int_equal(
		clyde_register_write(fixture.device, REG_IDLE_FLUSH, in, 4), 0);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_IDLE_FLUSH, out, 4), 0);
	assert_memory_equal(in, out, 4);
	in[0] = 0x70;
	in[1] = 0x17;
	assert_int_equal(
		clyde_register_write(fixture.device, REG_IDLE_FLUSH, in, 4), 0);
	close_fixture(&fixture);
}

const struct CMUnitTest device_tests[] = {
	unit(a_pipe_needs_a_configured_fpga),
	unit(the_list_shows_the_device_and_how_to_open_it),
	unit(the_list_shows_a_device_in_use_as_busy),
	unit(a_monitor_reports_the_devices_that_are_there_and_nothing_else),
	unit(a_serial_number_that_no_device_has_is_an_error),
	unit(a_device_has_one_user_at_a_time),
	unit(a_device_can_be_opened_many_times),
	unit(commands_of_every_size_are_answered),
	unit(a_refused_command_does_not_affect_the_next),
	unit(the_image_is_loaded_once),
	unit(a_broken_bitstream_is_an_error_and_a_good_one_loads_after_it),
	unit(registers_are_read_back),
};
const size_t device_test_count = sizeof(device_tests) / sizeof(*device_tests);
