/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the UART core alone, to the cycle: the levels on TX, the
   bytes received from RX, and the counters. */
#include "tests/support/core-test.h"

#include <string.h>

#include "wire/core-uart.h"

#define OFFSET(reg) ((reg)-CORE_BASE_UART)
#define BOTH        (UART_RECEIVE | UART_TRANSMIT)
#define EIGHT       3
#define MUX_CYCLES  6
#define SIZE        256

static struct core_rig rig;

static int set_up(void **state)
{
	(void)state;
	core_rig_open(&rig, &core_uart_ops);
	core_rig_input(&rig, 1);
	core_rig_run(&rig, 10);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_rig_close(&rig);
	return 0;
}

static void configure(uint32_t bit_time, uint8_t control)
{
	core_rig_set(&rig, OFFSET(REG_UART_BIT_TIME), bit_time, 4);
	core_rig_set(&rig, OFFSET(REG_UART_CONTROL), control, 1);
}

static uint32_t get(enum reg_uart reg)
{
	uint32_t value = core_rig_get(&rig, OFFSET(reg));

	return reg < REG_UART_RECEIVED && reg >= REG_UART_FRAMING
		? value & 0xffff
		: value;
}

static void clear(uint8_t what)
{
	core_rig_set(&rig, OFFSET(REG_UART_CLEAR), what, 1);
}

/* Holds RX at this level for a number of cycles. */
static void level(bool value, uint64_t cycles)
{
	core_rig_input(&rig, value);
	core_rig_run(&rig, rig.cycle + cycles);
}

/* Puts a frame on RX with bits of the given length, as a sender with a clock of
   its own does. */
static void frame(uint32_t bits, unsigned count, double cycles)
{
	uint64_t start = rig.cycle;

	for (unsigned i = 0; i < count; i++) {
		core_rig_input(&rig, bits >> i & 1);
		core_rig_run(&rig, start + (uint64_t)((i + 1) * cycles));
	}
}

static void frame_8n1(uint8_t byte, double cycles)
{
	frame(byte << 1 | 1 << 9, 10, cycles);
}

static unsigned received(uint8_t *data)
{
	unsigned size = rig.in.level;

	core_fifo_get(&rig.in, data, size);
	return size;
}

/* Connects TX to RX with the delay of the pin multiplexer, until the
   transmitter has been idle for long. */
static void loop_back(void)
{
	bool delay[MUX_CYCLES] = {1, 1, 1, 1, 1, 1};
	unsigned idle = 0;

	for (unsigned i = 0; idle < 20000; i = (i + 1) % MUX_CYCLES) {
		core_rig_run(&rig, rig.cycle + 1);
		core_rig_input(&rig, delay[i]);
		delay[i] = rig.core->outputs & 1;
		idle = core_rig_get(&rig, OFFSET(REG_UART_STATUS)) & 2
			? 0
			: idle + 1;
	}
}

static void every_format_comes_back_through_the_multiplexer_at_12_mbaud(
	void **state)
{
	uint8_t sent[SIZE], came[CORE_FIFO_SIZE];

	(void)state;
	for (unsigned format = 0; format < 5 << 3; format++) {
		uint8_t mask = 0xff >> (3 - (format & 3));

		configure(UART_BIT_TIME_MIN, 0);
		for (unsigned i = 0; i < SIZE; i++)
			sent[i] = i & mask;
		core_fifo_put(&rig.out, sent, SIZE);
		configure(UART_BIT_TIME_MIN, format | BOTH);
		loop_back();
		assert_int_equal(received(came), SIZE);
		assert_memory_equal(came, sent, SIZE);
	}
	assert_int_equal(get(REG_UART_FRAMING), 0);
	assert_int_equal(get(REG_UART_PARITY), 0);
	assert_int_equal(get(REG_UART_RECEIVED), 40 * SIZE);
	assert_int_equal(get(REG_UART_LOST), 0);
}

/* Returns the cycles from now to the next change of TX. */
static uint64_t until_tx_changes(void)
{
	uint16_t before = rig.core->outputs;
	uint64_t start = rig.cycle;

	while (rig.core->outputs == before)
		core_rig_run(&rig, rig.cycle + 1);
	return rig.cycle - start;
}

static void a_frame_has_start_data_parity_and_stop_bits(void **state)
{
	static const uint8_t byte = 0x05;

	(void)state;
	configure(417 * 256,
		EIGHT | UART_TWO_STOP | UART_PARITY_EVEN << 3 | UART_TRANSMIT);
	core_fifo_put(&rig.out, &byte, 1);
	core_fifo_put(&rig.out, &byte, 1);
	for (unsigned i = 0; i < 2; i++) {
		/* The first frame follows at once, the other one after two stop
		   bits. */
		assert_int_equal(until_tx_changes(), i ? 2 * 417 : 1);
		assert_int_equal(until_tx_changes(), 417); /* start */
		assert_int_equal(until_tx_changes(), 417); /* 1 */
		assert_int_equal(until_tx_changes(), 417); /* 0 */
		assert_int_equal(until_tx_changes(), 417); /* 1 */
		if (i == 0) /* 00000, and an even parity bit of 0 */
			assert_int_equal(until_tx_changes(), 6 * 417);
	}
}

static void the_average_bit_time_is_exact(void **state)
{
	static const uint32_t bit_time = 4 * 256 + 77;
	uint8_t zeros[CORE_FIFO_SIZE] = {0};
	uint64_t start, bits = 0;

	(void)state;
	configure(bit_time, EIGHT | UART_TRANSMIT);
	core_fifo_put(&rig.out, zeros, CORE_FIFO_SIZE);
	until_tx_changes();
	start = rig.cycle;
	for (unsigned i = 0; i < CORE_FIFO_SIZE; i++, bits += 10) {
		assert_int_equal(rig.cycle - start, bits * bit_time / 256);
		until_tx_changes();
		assert_int_equal(
			rig.cycle - start, (bits + 9) * bit_time / 256);
		if (i < CORE_FIFO_SIZE - 1)
			until_tx_changes();
	}
}

/* Whether bytes of all values, back to back, are received without an error. */
static bool understood(uint32_t bit_time, double error)
{
	uint8_t came[CORE_FIFO_SIZE];
	bool right = true;

	configure(bit_time, EIGHT | UART_RECEIVE);
	level(1, 40 * (bit_time >> 8));
	for (unsigned i = 0; i < 256; i++)
		frame_8n1(i * 73, bit_time / 256. * (1 + error / 100));
	level(1, 40 * (bit_time >> 8));
	right &= received(came) == 256;
	for (unsigned i = 0; i < 256; i++)
		right &= came[i] == (uint8_t)(i * 73);
	right &= get(REG_UART_FRAMING) == 0;
	clear(1);
	return right;
}

static void a_sender_with_a_baud_rate_error_is_understood(void **state)
{
	(void)state;
	for (double error = -4.5; error <= 4.5; error += 0.25)
		assert_true(understood(48000000 / 115200. * 256, error));
	assert_false(understood(48000000 / 115200. * 256, 6));
	assert_false(understood(48000000 / 115200. * 256, -6));
	for (double error = -4; error <= 4; error += 0.25)
		assert_true(understood(16 * 256, error));
	for (double error = -2.5; error <= 4; error += 0.25)
		assert_true(understood(UART_BIT_TIME_MIN, error));
}

static void a_break_is_one_byte_and_a_framing_error(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	configure(100 * 256, EIGHT | UART_RECEIVE);
	level(1, 2000);
	level(0, 100000);
	assert_int_equal(get(REG_UART_RECEIVED), 1);
	level(1, 100);
	frame_8n1(0x5a, 100);
	assert_int_equal(received(came), 2);
	assert_int_equal(came[0], 0);
	assert_int_equal(came[1], 0x5a);
	assert_int_equal(get(REG_UART_FRAMING), 1);
}

static void a_byte_with_wrong_parity_is_delivered_and_counted(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	configure(20 * 256, EIGHT | UART_PARITY_ODD << 3 | UART_RECEIVE);
	level(1, 500);
	frame(0x07 << 1 | 0 << 9 | 1 << 10, 11, 20);
	assert_int_equal(get(REG_UART_PARITY), 0);
	frame(0x07 << 1 | 1 << 9 | 1 << 10, 11, 20);
	assert_int_equal(get(REG_UART_PARITY), 1);
	assert_int_equal(received(came), 2);
	assert_int_equal(came[1], 0x07);
}

static void error_counts_stay_at_their_maximum(void **state)
{
	(void)state;
	configure(4 * 256, EIGHT | UART_PARITY_ONE << 3 | UART_RECEIVE);
	level(1, 500);
	for (unsigned i = 0; i < 0xffff + 3; i++) {
		frame(0, 11, 4);
		level(1, 4);
		rig.in.level = 0;
	}
	assert_int_equal(get(REG_UART_FRAMING), 0xffff);
	assert_int_equal(get(REG_UART_PARITY), 0xffff);
	assert_int_equal(get(REG_UART_RECEIVED), 0xffff + 3);
}

static void lost_bytes_are_counted_and_the_position_of_the_first_is_kept(
	void **state)
{
	uint8_t came[CORE_FIFO_SIZE];
	/* One more byte waits in the core. */
	const unsigned kept = CORE_FIFO_SIZE + 1;

	(void)state;
	configure(10 * 256, EIGHT | UART_RECEIVE);
	level(1, 200);
	for (unsigned i = 0; i < kept + 5; i++)
		frame_8n1(i, 10);
	assert_int_equal(get(REG_UART_RECEIVED), kept + 5);
	assert_int_equal(get(REG_UART_LOST), 5);
	assert_int_equal(get(REG_UART_OVERRUN), kept);
	assert_int_equal(core_rig_get(&rig, OFFSET(REG_UART_STATUS)) & 4, 4);
	assert_int_equal(received(came), CORE_FIFO_SIZE);
	level(1, 100);
	assert_int_equal(received(came), 1);
	assert_int_equal(came[0], (uint8_t)(kept - 1));
	clear(1);
	assert_int_equal(get(REG_UART_RECEIVED), 0);
	assert_int_equal(get(REG_UART_LOST), 0);
	assert_int_equal(get(REG_UART_OVERRUN), 0);
	assert_int_equal(core_rig_get(&rig, OFFSET(REG_UART_STATUS)) & 4, 0);
}

static void a_glitch_is_not_a_byte(void **state)
{
	(void)state;
	configure(100 * 256, EIGHT | UART_RECEIVE);
	level(1, 2000);
	level(0, 49);
	level(1, 5000);
	assert_int_equal(get(REG_UART_RECEIVED), 0);
	assert_int_equal(get(REG_UART_PULSE), 49);
}

static void the_shortest_pulse_is_measured_without_receiving(void **state)
{
	(void)state;
	configure(100 * 256, EIGHT);
	clear(2);
	level(1, 1000);
	level(0, 70);
	assert_int_equal(get(REG_UART_PULSE), UINT32_MAX);
	level(1, 50);
	assert_int_equal(get(REG_UART_PULSE), 70);
	level(0, 60);
	level(1, 60);
	assert_int_equal(get(REG_UART_PULSE), 50);
	clear(2);
	assert_int_equal(get(REG_UART_PULSE), UINT32_MAX);
	level(0, 1ul << 24);
	level(1, 1000);
	assert_int_equal(get(REG_UART_PULSE), UINT32_MAX);
	assert_int_equal(get(REG_UART_RECEIVED), 0);
}

static void a_pipe_reset_keeps_the_format_and_ends_the_byte(void **state)
{
	static const uint8_t byte;

	(void)state;
	configure(1000 * 256 + 5, EIGHT | BOTH);
	core_fifo_put(&rig.out, &byte, 1);
	core_rig_run(&rig, rig.cycle + 2000);
	assert_int_equal(rig.core->outputs, 0);
	core_rig_reset(&rig);
	assert_int_equal(rig.core->outputs, 1);
	assert_int_equal(core_rig_get(&rig, OFFSET(REG_UART_STATUS)) & 2, 0);
	assert_int_equal(core_rig_get(&rig, OFFSET(REG_UART_CONTROL)) & 0xff,
		EIGHT | BOTH);
	assert_int_equal(get(REG_UART_BIT_TIME), 1000 * 256 + 5);
	core_rig_run(&rig, rig.cycle + 50000);
	assert_int_equal(rig.core->outputs, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_format_comes_back_through_the_multiplexer_at_12_mbaud),
		TEST(a_frame_has_start_data_parity_and_stop_bits),
		TEST(the_average_bit_time_is_exact),
		TEST(a_sender_with_a_baud_rate_error_is_understood),
		TEST(a_break_is_one_byte_and_a_framing_error),
		TEST(a_byte_with_wrong_parity_is_delivered_and_counted),
		TEST(error_counts_stay_at_their_maximum),
		TEST(lost_bytes_are_counted_and_the_position_of_the_first_is_kept),
		TEST(a_glitch_is_not_a_byte),
		TEST(the_shortest_pulse_is_measured_without_receiving),
		TEST(a_pipe_reset_keeps_the_format_and_ends_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
