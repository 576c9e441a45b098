/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the netlist of the image that ships with its twin, made of the
 * sources: both get the same inputs, a host's random use of registers, pipes
 * and pins, and must have the same outputs in every cycle.
 *
 *	test-netlist NETLIST.so [FIRST-SEED [COUNT]]
 */
#include "tests/support/fx2.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/core-benchmark.h"
#include "wire/core-gpio.h"
#include "wire/core-uart.h"

#define OPERATIONS 40

static struct twin_module netlist;
static unsigned first_seed = 1, seed_count = 12;
static uint64_t bytes_out, bytes_in;

static void send_random(struct fx2_pipe *pipe, uint8_t *data, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		data[i] = fx2_draw(pipe->context, 256);
	bytes_out += size;
}

static void take_any(struct fx2_pipe *pipe, uint8_t *data, unsigned size)
{
	(void)pipe;
	(void)data;
	bytes_in += size;
}

/* Writes random values to registers. */
static void draw_registers(struct fx2 *fx2, uint8_t address, unsigned size)
{
	uint8_t values[32];

	for (unsigned i = 0; i < size; i++)
		values[i] = fx2_draw(fx2, 256);
	fx2_write(fx2, address, values, size);
}

/* Any core's output on any pin, and any pin on a core's input. */
static void draw_pins(struct fx2 *fx2)
{
	uint8_t pins[PIN_COUNT], inputs[INPUT_COUNT];

	for (unsigned i = 0; i < PIN_COUNT; i++)
		pins[i] = fx2_draw(fx2, OUTPUT_END) | (fx2_draw(fx2, 4) << 6);
	for (unsigned i = 0; i < INPUT_COUNT; i++)
		inputs[i] = fx2_draw(fx2, 256);
	fx2_write(fx2, REG_PIN, pins, sizeof(pins));
	fx2_write(fx2, REG_INPUT, inputs, sizeof(inputs));
	draw_registers(fx2, REG_GPIO_OUTPUT, 4);
	draw_registers(fx2, REG_GPIO_WATCH, 2);
}

static void draw_uart(struct fx2 *fx2)
{
	uint32_t bit_time = UART_BIT_TIME_MIN + fx2_draw(fx2, 8000);

	fx2_write(fx2, REG_UART_BIT_TIME, &bit_time, sizeof(bit_time));
	fx2_put(fx2, REG_UART_CONTROL,
		fx2_draw(fx2, 256) | UART_RECEIVE | UART_TRANSMIT);
}

/* As the firmware does it: reset, attach the pipes to cores, release. */
static void attach(struct fx2 *fx2)
{
	static const uint8_t cores[] = {CORE_BENCHMARK, CORE_BENCHMARK,
		CORE_BENCHMARK, CORE_UART, CORE_GPIO, CORE_NONE};
	static const unsigned stalls[] = {0, 300, 3000};
	uint8_t streams[FIFO_COUNT];
	uint16_t idle[2] = {20 + fx2_draw(fx2, 2000), 20 + fx2_draw(fx2, 2000)};

	fx2_put(fx2, REG_PIPE_RESET, 0x0f);
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		struct fx2_pipe *pipe = &fx2->pipes[i];

		fx2_forget(fx2, i);
		streams[i] = cores[fx2_draw(fx2, sizeof(cores))];
		pipe->running = true;
		pipe->bytes = fifo_is_in(i) ? take_any : send_random;
		pipe->context = fx2;
		pipe->idle = 0;
		pipe->short_packets = fx2_draw(fx2, 2);
		pipe->stall = stalls[fx2_draw(fx2, 3)];
	}
	fx2_write(fx2, REG_IDLE_FLUSH, idle, sizeof(idle));
	fx2_write(fx2, REG_STREAM, streams, sizeof(streams));
	fx2_put(fx2, REG_BENCH_MODE, BENCH_SOURCE + fx2_draw(fx2, 3));
	fx2_put(fx2, REG_PIPE_RESET,
		fx2_draw(fx2, 4) ? 0 : 1 << fx2_draw(fx2, 4));
}

static void operate(struct fx2 *fx2)
{
	switch (fx2_draw(fx2, 7)) {
	case 0:
		draw_pins(fx2);
		break;
	case 1:
		draw_uart(fx2);
		break;
	case 2:
		fx2_put(fx2, REG_FLUSH, fx2_draw(fx2, 4));
		break;
	case 3:
		fx2_put(fx2, REG_TABLE_INDEX, fx2_draw(fx2, 8));
		fx2_get(fx2, REG_TABLE + 4 * fx2_draw(fx2, 4), 4);
		break;
	default:
		fx2_get(fx2, fx2_draw(fx2, REG_COUNT - 4), 4);
	}
	fx2->toggle = fx2_draw(fx2, 2) ? fx2_draw(fx2, 0x10000) : 0;
	fx2_run(fx2, fx2_draw(fx2, 6000));
}

static void the_netlist_does_what_the_twin_does_in_every_cycle(void **state)
{
	static struct fx2 fx2;
	uint64_t cycles = 0;

	(void)state;
	for (unsigned seed = first_seed; seed < first_seed + seed_count;
		seed++) {
		print_message("seed %u\n", seed);
		fx2_open(&fx2, seed);
		fx2_add_shadow(&fx2, &netlist);
		for (unsigned i = 0; i < OPERATIONS; i++) {
			if (i % 5 == 0)
				attach(&fx2);
			operate(&fx2);
		}
		cycles += fx2.cycle;
		fx2_close(&fx2);
	}
	print_message("%" PRIu64 " cycles, %" PRIu64 " bytes OUT, %" PRIu64
		      " IN\n",
		cycles, bytes_out, bytes_in);
	/* So the pipes were compared as well. */
	assert_true(bytes_out > 0);
	assert_true(bytes_in > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_netlist_does_what_the_twin_does_in_every_cycle),
	};
	const char *why;

	if (twin_module(&why) == NULL) {
		printf("%s\n", why);
		return 77;
	}
	if (argc < 2 || !twin_module_load(argv[1], &netlist)) {
		fprintf(stderr,
			"usage: test-netlist NETLIST.so "
			"[FIRST-SEED [COUNT]]\n");
		return 64;
	}
	if (argc > 2)
		first_seed = atoi(argv[2]);
	if (argc > 3)
		seed_count = atoi(argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
