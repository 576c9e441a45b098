/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Compares two models of the image over random traffic drawn from a seed.  One
   is advanced in long stretches and may move whole bursts at once; the other is
   advanced step by step.  Registers, FIFOs and packets must be equal. */
#include "tests/support/support.h"

#include <string.h>

#include "lib/base/internal.h" /* For image_bytes. */
#include "virtual/board/pins.h"
#include "wire/core-uart.h"
#include "wire/sequence.h"

#define SEEDS      150
#define OPERATIONS 600

struct side {
	struct fpga *fpga;
	struct pins pins;
	struct fifo fifos[FIFO_COUNT];
	struct faults faults;
};

static struct side sides[2]; /* The second one is advanced step by step. */
static uint8_t sequence[SEQUENCE_PERIOD + USB_PACKET_SIZE];
static uint32_t sent; /* Bytes of the sequence that were sent. */
static tick now;
static uint8_t reset;
static unsigned seed;

static unsigned draw(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

static void write_register(uint8_t reg, uint32_t value, size_t size)
{
	uint8_t data[5] = {reg, value, value >> 8, value >> 16, value >> 24};

	for (unsigned i = 0; i < 2; i++) {
		struct fpga *fpga = sides[i].fpga;

		fpga->ops->catch_up(fpga, now);
		assert_true(fpga->ops->i2c_write(fpga, now, data, 1 + size));
	}
}

static void compare_registers(void)
{
	uint8_t reg = REG_CORES, bytes[2][REG_COUNT - REG_CORES];

	for (unsigned i = 0; i < 2; i++) {
		struct fpga *fpga = sides[i].fpga;

		fpga->ops->catch_up(fpga, now);
		assert_true(fpga->ops->i2c_write(fpga, now, &reg, 1));
		assert_true(fpga->ops->i2c_read(
			fpga, now, bytes[i], sizeof(bytes[i])));
	}
	assert_memory_equal(bytes[0], bytes[1], sizeof(bytes[0]));
}

static void compare_fifos(void)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		const struct fifo *a = &sides[0].fifos[i];
		const struct fifo *b = &sides[1].fifos[i];

		assert_int_equal(a->count, b->count);
		assert_int_equal(a->fill, b->fill);
		for (unsigned n = 0; n < a->count; n++) {
			unsigned at = (a->head + n) % FIFO_BUFFERS_MAX;

			assert_int_equal(a->length[at], b->length[at]);
			assert_memory_equal(
				a->data[at], b->data[at], a->length[at]);
		}
	}
}

static void pass_time(tick ticks)
{
	tick due[2];

	now += ticks;
	for (unsigned i = 0; i < 2; i++)
		due[i] = sides[i].fpga->ops->advance(sides[i].fpga, now);
	assert_int_equal(due[0], due[1]);
	compare_fifos();
}

/* Sends a packet that mostly continues the sequence, and sometimes a wrong
   one. */
static void put_packet(unsigned pipe)
{
	unsigned size = draw(4) ? USB_PACKET_SIZE : 1 + draw(511);
	unsigned at = sent % SEQUENCE_PERIOD;

	if (sides[0].fifos[pipe].count == sides[0].fifos[pipe].buffers)
		return;
	if (draw(50) == 0)
		at = draw(SEQUENCE_PERIOD);
	sent += size;
	for (unsigned i = 0; i < 2; i++)
		fifo_put(&sides[i].fifos[pipe], sequence + at, size);
}

static void take_packet(unsigned pipe)
{
	for (unsigned i = 0; i < 2; i++)
		if (sides[i].fifos[pipe].count > 0)
			fifo_drop(&sides[i].fifos[pipe]);
}

/* As the firmware does it. */
static void reset_pipe(unsigned pipe)
{
	write_register(REG_PIPE_RESET, reset | 1 << pipe, 1);
	for (unsigned i = 0; i < 2; i++)
		fifo_reset(&sides[i].fifos[pipe], 2);
	write_register(REG_PIPE_RESET, reset &= ~(1 << pipe), 1);
	if (pipe == FIFO_EP2)
		sent = 0;
}

static void switch_streams(void)
{
	static const uint32_t streams[] = {
		CORE_BENCHMARK | CORE_BENCHMARK << 16,
		CORE_BENCHMARK | CORE_BENCHMARK << 16,
		CORE_BENCHMARK,
		CORE_BENCHMARK << 16,
		CORE_BENCHMARK << 8 | (uint32_t)CORE_BENCHMARK << 24,
		CORE_BENCHMARK | CORE_BENCHMARK << 16 | CORE_UART << 8 |
			(uint32_t)CORE_UART << 24,
		0,
	};

	write_register(REG_STREAM, streams[draw(ARRAY_SIZE(streams))], 4);
}

static void run_a_while(void)
{
	for (unsigned i = draw(60); i > 0; i--) {
		pass_time(draw(TICKS_PER_CYCLE * 700));
		for (unsigned pipe = 0; pipe < FIFO_COUNT; pipe++) {
			if (draw(10) == 0)
				continue;
			if (pipe >= FIFO_EP6)
				take_packet(pipe);
			else
				put_packet(pipe);
		}
	}
}

static void operate(void)
{
	switch (draw(12)) {
	case 0:
		write_register(REG_BENCH_MODE, draw(4), 1);
		break;
	case 1:
		reset_pipe(draw(FIFO_COUNT));
		break;
	case 2:
		write_register(REG_IDLE_FLUSH + 2 * draw(2), draw(2000), 2);
		break;
	case 3:
		write_register(REG_FLUSH, 1 + draw(3), 1);
		break;
	case 4:
		if (draw(4) == 0)
			switch_streams();
		break;
	case 5:
		compare_registers();
		break;
	case 6:
		pass_time(draw(TICKS_PER_CYCLE * 20000));
		break;
	default:
		run_a_while();
	}
}

static void configure(struct side *side)
{
	pins_init(&side->pins);
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		fifo_reset(&side->fifos[i], 2);
	side->fpga = fpga_model_new(side->fifos, &side->pins, &side->faults);
	assert_non_null(side->fpga);
	side->fpga->ops->configure(side->fpga, image_bytes, image_size);
	/* TX and RX are on one pin. */
	pins_supply(&side->pins, 0xffff, 0, 0);
}

static void open_sides(void)
{
	now = 0;
	sent = 0;
	for (unsigned i = 0; i < 2; i++)
		configure(&sides[i]);
	fpga_model_step(sides[1].fpga);
	reset = 0;
	write_register(REG_PIN, OUTPUT_UART, 1);
	write_register(REG_INPUT + INPUT_UART, INPUT_CONNECTED, 1);
	write_register(REG_UART_BIT_TIME, 48 * 256, 4);
	write_register(REG_UART_CONTROL, 3 | UART_RECEIVE | UART_TRANSMIT, 1);
	write_register(REG_STREAM, CORE_BENCHMARK | CORE_BENCHMARK << 16, 4);
	write_register(REG_PIPE_RESET, reset, 1);
}

static void whole_bursts_have_the_same_result_as_single_steps(void **state)
{
	(void)state;
	sequence_generate(sequence);
	memcpy(sequence + SEQUENCE_PERIOD, sequence, USB_PACKET_SIZE);
	for (unsigned number = 1; number <= SEEDS; number++) {
		print_message("\rseed %u ", number);
		seed = number * 2654435761u + 1;
		open_sides();
		for (unsigned i = 0; i < OPERATIONS; i++)
			operate();
		compare_registers();
		for (unsigned i = 0; i < 2; i++)
			sides[i].fpga->ops->destroy(sides[i].fpga);
	}
	print_message("\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			whole_bursts_have_the_same_result_as_single_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
