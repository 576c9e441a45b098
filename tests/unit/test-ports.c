/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the firmware's commands about ports, called directly on the model of
 * the board: the replies and the state of the board must be those of the public
 * firmware.
 */
#include "tests/support/board-test.h"

#define PORT_A 0x01
#define PORT_B 0x02
#define BOTH   0x03
#define PORT_C 0x04

static union mgmt_data request, reply;

static enum mgmt_result ask(mgmt_handler *handler)
{
	memset(&reply, 0, sizeof(reply));
	return handler(&device, &request, &reply);
}

static enum mgmt_result set(mgmt_handler *handler, uint8_t mask, uint16_t value)
{
	request.values = (struct mgmt_values){mask, {value, value}};
	return ask(handler);
}

static enum mgmt_result set_window(uint16_t low_mv, uint16_t high_mv)
{
	request.windows = (struct mgmt_windows){PORT_A, {{low_mv, high_mv}}};
	return ask(ports_set_valert);
}

static enum mgmt_result set_pulls(uint8_t down, uint8_t up)
{
	request.pulls = (struct mgmt_pulls){PORT_A, {{down, up}}};
	return ask(ports_set_pulls);
}

/* Returns what a GET of 16-bit values reports for port A. */
static unsigned port_a(mgmt_handler *handler)
{
	assert_int_equal(ask(handler), MGMT_ACK);
	assert_int_equal(reply.values.mask, BOTH);
	return reply.values.value[0];
}

static void assert_pulls(uint8_t down, uint8_t up)
{
	assert_int_equal(ask(ports_get_pulls), MGMT_ACK);
	assert_int_equal(reply.pulls.value[0].down, down);
	assert_int_equal(reply.pulls.value[0].up, up);
}

static void assert_no_reply(void)
{
	static const union mgmt_data nothing;

	assert_memory_equal(&reply, &nothing, sizeof(reply));
}

static void supplies_are_off_after_power_up(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(port_a(ports_get_vsupply), 0);
	assert_int_equal(board_supply_mv(&device.board, 0), 0);
}

/*
 * Steps are 16 mV when a voltage is set and 15.2 mV when it is read back.  For
 * 3300 mV: (1650 / 16 = 103) * 269 / 16 = 1731, 4064 - 1731 = 2333, 2333 / 16 =
 * 145, (255 - 145) * 15.2 = 1672, and 1650 + 1672 = 3322.  The others likewise.
 */
static void a_supply_reads_back_as_the_dac_rounds_it(void **state)
{
	static const uint16_t pairs[][2] = {{1650, 1665}, {1800, 1817},
		{2500, 2516}, {3300, 3322}, {5000, 5009}, {5500, 5510}};

	(void)state;
	power_up(REVISION_C2);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(
			set(ports_set_vsupply, PORT_A, pairs[i][0]), MGMT_ACK);
		assert_int_equal(port_a(ports_get_vsupply), pairs[i][1]);
		assert_int_equal(
			board_supply_mv(&device.board, 0), pairs[i][1]);
	}
	assert_int_equal(set(ports_set_vsupply, PORT_A, 0), MGMT_ACK);
	assert_int_equal(port_a(ports_get_vsupply), 0);
}

static void a_supply_that_the_regulator_cannot_give_is_refused(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set(ports_set_vsupply, PORT_A, 1), MGMT_ERROR);
	assert_int_equal(set(ports_set_vsupply, PORT_A, 1649), MGMT_ERROR);
	assert_int_equal(set(ports_set_vsupply, PORT_A, 5501), MGMT_ERROR);
	assert_int_equal(board_supply_mv(&device.board, 0), 0);
}

static void a_supply_above_its_limit_is_refused(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set(ports_set_vlimit, PORT_B, 3300), MGMT_ACK);
	assert_int_equal(set(ports_set_vsupply, BOTH, 3301), MGMT_ERROR);
	/* The other port of the request stays off, too. */
	assert_int_equal(board_supply_mv(&device.board, 0), 0);
	assert_int_equal(set(ports_set_vsupply, BOTH, 3300), MGMT_ACK);
	assert_int_equal(board_supply_mv(&device.board, 1), 3322);
}

static void ports_that_revc_lacks_are_refused(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set(ports_set_vsupply, PORT_C, 0), MGMT_ERROR);
	assert_int_equal(set(ports_set_vlimit, PORT_C, 0), MGMT_ERROR);
	assert_int_equal(set(ports_set_valert, PORT_C, 0), MGMT_ERROR);
	assert_int_equal(set(ports_set_pulls, PORT_C, 0), MGMT_ERROR);
	/* SET_IALERT checks the ports one by one, and applies the value to
	   those that exist. */
	assert_int_equal(set(ports_set_ialert, 0xf0, 8), MGMT_ACK);
	assert_int_equal(
		set(ports_set_ialert, PORT_A | PORT_C, 2000), MGMT_ERROR);
	assert_int_equal(port_a(ports_get_ialert), 2000);
}

/* Port A's limit is at offset 12 + 1 + 16 + 4 + 8 + 4 = 45; 3300 = 0x0ce4. */
static void a_limit_survives_a_power_cycle(void **state)
{
	uint8_t eeprom[EEPROM_SIZE];

	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set(ports_set_vlimit, PORT_A, 3300), MGMT_ACK);
	assert_int_equal(device.board.fx2_mem[45], 0xe4);
	assert_int_equal(device.board.fx2_mem[46], 0x0c);
	memcpy(eeprom, device.board.fx2_mem, sizeof(eeprom));
	board_clear(&device.board);
	boot(REVISION_C3, eeprom);
	assert_int_equal(port_a(ports_get_vlimit), 3300);
}

static void a_limit_lowers_a_supply_that_is_on(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	set(ports_set_vsupply, PORT_A, 5000);
	assert_int_equal(set(ports_set_vlimit, PORT_A, 3300), MGMT_ACK);
	assert_int_equal(port_a(ports_get_vsupply), 3322);
}

/* (65536 - 1650) / 16 = 3992, 3992 * 269 = 25272 modulo 65536, / 16 = 1579,
   (4064 - 1579) / 16 = 155, and 1650 + (255 - 155) * 15.2 = 3170. */
static void removing_a_limit_moves_a_supply_to_3170_mv(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	set(ports_set_vsupply, PORT_A, 1800);
	assert_int_equal(set(ports_set_vlimit, PORT_A, 0), MGMT_ACK);
	assert_int_equal(port_a(ports_get_vsupply), 3170);
}

/* 3301 mV / 1.25 = 2640.8, and 2640 * 1.25 = 3300. */
static void the_ina233_measures_in_1250_uv(void **state)
{
	(void)state;
	power_up(REVISION_C2);
	device.board.ports[0].sense_mv = 3301;
	assert_int_equal(port_a(ports_get_vsense), 3300);
}

/* 3300 mV * 256 / 6600 = 128, and 128 * 25.9 = 3315.2. */
static void the_adc081c_measures_in_25_9_mv(void **state)
{
	(void)state;
	power_up(REVISION_C1);
	device.board.ports[0].sense_mv = 3300;
	assert_int_equal(port_a(ports_get_vsense), 3315);
}

static void currents_and_alerts_need_revision_c2(void **state)
{
	(void)state;
	power_up(REVISION_C1);
	assert_int_equal(set(ports_set_ialert, PORT_A, 8), MGMT_ERROR);
	assert_int_equal(ask(ports_get_ialert), MGMT_ERROR);
	assert_no_reply();
	assert_int_equal(ask(ports_get_isupply), MGMT_ERROR);
	assert_int_equal(set_window(3000, 3600), MGMT_ERROR);
	assert_int_equal(ask(ports_get_valert), MGMT_ACK);
	assert_int_equal(reply.windows.value[0].high_mv, 0);
}

/* 0.1 A * 0.15 ohm / 2.5 uV = 6000, and 6000 * 3413 / 2048 = 9999.02. */
static void a_load_of_100_ma_reads_9999_and_does_not_trip(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	device.board.ports[0].load_ua = 100000;
	board_check_alerts(&device.board);
	assert_int_equal(port_a(ports_get_isupply), 0);
	set(ports_set_vsupply, PORT_A, 3300);
	board_check_alerts(&device.board);
	assert_int_equal(port_a(ports_get_isupply), 9999);
	assert_false(board_alert(&device.board));
}

static void a_load_above_the_trip_current_cuts_the_supply(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	set(ports_set_vsupply, BOTH, 3300);
	device.board.ports[1].load_ua = 110000;
	board_check_alerts(&device.board);
	assert_true(board_alert(&device.board));
	assert_int_equal(board_supply_mv(&device.board, 1), 0);

	assert_true(ports_poll_alert(&device));
	assert_int_equal(device.alerts.ports[0], 0);
	assert_int_equal(device.alerts.ports[1], MGMT_OVERCURRENT);
	assert_false(board_alert(&device.board));
	/* The supply stays off, and the alert stays armed: 10000 = 100 mA. */
	device.board.ports[1].load_ua = 0;
	assert_int_equal(port_a(ports_get_vsupply), 3322);
	assert_int_equal(reply.values.value[1], 0);
	assert_int_equal(board_supply_mv(&device.board, 1), 0);
	assert_int_equal(port_a(ports_get_ialert), 10000);
	assert_int_equal(reply.values.value[1], 10000);
}

static void a_trip_current_of_0_never_trips(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set(ports_set_ialert, PORT_A, 0), MGMT_ACK);
	assert_int_equal(port_a(ports_get_ialert), 0);
	set(ports_set_vsupply, PORT_A, 3300);
	device.board.ports[0].load_ua = 300000;
	board_check_alerts(&device.board);
	assert_false(board_alert(&device.board));
}

/* A limit's three low bits are zero: 3465 mV / 1.25 = 2772, 2768 * 1.25 =
   3460; 3135 mV / 1.25 = 2508, 2504 * 1.25 = 3130. */
static void a_window_is_kept_in_steps_of_10_mv(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set_window(3135, 3465), MGMT_ACK);
	assert_int_equal(ask(ports_get_valert), MGMT_ACK);
	assert_int_equal(reply.windows.value[0].low_mv, 3130);
	assert_int_equal(reply.windows.value[0].high_mv, 3460);
	assert_int_equal(set_window(1000, 3465), MGMT_ERROR);
}

static void a_voltage_outside_the_window_cuts_the_supply(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	device.board.ports[0].sense_mv = 3300;
	set(ports_set_vsupply, PORT_A, 3300);
	set_window(3130, 3460);
	board_check_alerts(&device.board);
	assert_false(board_alert(&device.board));
	device.board.ports[0].sense_mv = 3462;
	board_check_alerts(&device.board);
	assert_int_equal(board_supply_mv(&device.board, 0), 0);
	assert_true(ports_poll_alert(&device));
	assert_int_equal(device.alerts.ports[0], MGMT_OVERVOLTAGE);
	/* The window is removed, since it would trip again at once. */
	ask(ports_get_valert);
	assert_int_equal(reply.windows.value[0].high_mv, 0);

	/* A voltage that is outside before the window is set trips, too. */
	set_window(0, 0);
	board_check_alerts(&device.board);
	assert_false(board_alert(&device.board));
	set_window(0, 3000);
	board_check_alerts(&device.board);
	assert_true(board_alert(&device.board));
	assert_true(ports_poll_alert(&device));

	device.board.ports[0].sense_mv = 3100;
	set_window(3130, 0);
	board_check_alerts(&device.board);
	assert_true(ports_poll_alert(&device));
	assert_int_equal(
		device.alerts.ports[0], MGMT_OVERVOLTAGE | MGMT_UNDERVOLTAGE);
}

static void the_expander_needs_its_ports_supply(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_int_equal(set_pulls(0x00, 0x01), MGMT_ERROR);
	/* For a port that is off, the firmware returns invented values. */
	assert_pulls(0xff, 0x00);

	set(ports_set_vsupply, PORT_A, 3300);
	assert_pulls(0x00, 0x00);
	assert_int_equal(set_pulls(0x00, 0x01), MGMT_ACK);
	assert_pulls(0x00, 0x01);
	set(ports_set_vsupply, PORT_A, 0);
	set(ports_set_vsupply, PORT_A, 3300);
	assert_pulls(0x00, 0x00);
}

static void pins_with_both_pulls_requested_stay_as_they_are(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	set(ports_set_vsupply, PORT_A, 3300);
	assert_int_equal(set_pulls(0x0f, 0xf0), MGMT_ACK);
	/* Keep pins 2 to 5, swap 0 and 7, release the rest. */
	assert_int_equal(set_pulls(0xbc, 0x3d), MGMT_ACK);
	assert_pulls(0x8c, 0x31);
	assert_int_equal(set_pulls(0xff, 0xff), MGMT_ACK);
	assert_pulls(0x8c, 0x31);
	assert_int_equal(ask(ports_get_state), MGMT_ACK);
	assert_int_equal(reply.state.value[0], 0x31);
	set(ports_set_vsupply, PORT_A, 0);
	assert_int_equal(ask(ports_get_state), MGMT_ACK);
	assert_int_equal(reply.state.value[0], 0x00);
}

/* Without a revision the firmware takes the board for a revD, whose ADCs have
   other addresses. */
static void without_a_revision_the_adcs_are_not_found(void **state)
{
	(void)state;
	boot(REVISION_C3, NULL);
	assert_int_equal(ask(ports_get_vsense), MGMT_ERROR);
	assert_no_reply();
}

#define TEST(name) cmocka_unit_test_teardown(name, power_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(supplies_are_off_after_power_up),
		TEST(a_supply_reads_back_as_the_dac_rounds_it),
		TEST(a_supply_that_the_regulator_cannot_give_is_refused),
		TEST(a_supply_above_its_limit_is_refused),
		TEST(ports_that_revc_lacks_are_refused),
		TEST(a_limit_survives_a_power_cycle),
		TEST(a_limit_lowers_a_supply_that_is_on),
		TEST(removing_a_limit_moves_a_supply_to_3170_mv),
		TEST(the_ina233_measures_in_1250_uv),
		TEST(the_adc081c_measures_in_25_9_mv),
		TEST(currents_and_alerts_need_revision_c2),
		TEST(a_load_of_100_ma_reads_9999_and_does_not_trip),
		TEST(a_load_above_the_trip_current_cuts_the_supply),
		TEST(a_trip_current_of_0_never_trips),
		TEST(a_window_is_kept_in_steps_of_10_mv),
		TEST(a_voltage_outside_the_window_cuts_the_supply),
		TEST(the_expander_needs_its_ports_supply),
		TEST(pins_with_both_pulls_requested_stay_as_they_are),
		TEST(without_a_revision_the_adcs_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
