/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the probe core in the model of the image with the one in its twin, as
 * tests/support/twin-core.h says.  In some runs TDO is the core's own TCK, so
 * that a difference of half a cycle, on the way out or in, is another reply.
 *
 *	test-twin-probe [FIRST-SEED [COUNT]]
 */
#include "tests/support/twin-core.h"
#include "wire/core-probe.h"

#define COMMANDS 14

static void add_scan(void)
{
	bool vector = draw(2);
	uint8_t flags = draw(16);
	unsigned bits = draw(draw(4) ? 300 : 12000), bytes = (bits + 7) / 8;

	add((vector ? PROBE_VECTOR : PROBE_SHIFT) | flags);
	add_number(bits, 3);
	if (vector)
		add_noise(2 * bytes);
	else if (flags & PROBE_TDI)
		add_noise(bytes);
	if (flags & PROBE_TDO)
		batch.replies += bytes;
}

static void add_poll(void)
{
	add(PROBE_POLL | draw(16));
	add_number(draw(100), 4);
	add(draw(40));
	add(1 + draw(8));
	add(draw(2) ? 0 : draw(40));
	add(draw(2) ? 0 : draw(10));
	add(draw(256));
	add(draw(3) ? 0 : draw(256));
	batch.replies++;
}

static void add_wait(void)
{
	bool pin = draw(2);

	add(pin ? STREAM_WAIT_PIN : STREAM_DELAY);
	add_number(draw(100), 4);
	if (pin)
		add(draw(PROBE_INPUT_COUNT) | (draw(2) ? STREAM_HIGH : 0));
}

static void add_config(void)
{
	add(PROBE_CONFIG);
	add_number(1 + draw(draw(4) ? 5 : 60), 2);
	add(draw(8) << PROBE_SAMPLE_DELAY_SHIFT);
}

static void add_command(void)
{
	switch (draw(12)) {
	case 0:
		add_config();
		break;
	case 1:
	case 2:
		add(PROBE_TMS | draw(16));
		add(draw(256));
		break;
	case 3:
		add(PROBE_RUN | draw(16));
		add_number(draw(1000), 4);
		break;
	case 4:
		add_poll();
		break;
	case 5:
		add_wait();
		break;
	case 6:
		add(STREAM_PINS);
		add(draw(256));
		break;
	case 7:
		add_barrier();
		break;
	default:
		add_scan();
	}
}

static void make_batch(void)
{
	add_config();
	for (unsigned i = 0; i < COMMANDS; i++)
		add_command();
	add_barrier();
}

/* The outputs are A0 to A4.  TDO hears TCK, TMS or TDI. */
static void connect(uint8_t pins[8], uint8_t *inputs, unsigned number)
{
	for (unsigned i = 0; i < PROBE_OUTPUT_COUNT; i++)
		pins[i] = OUTPUT_PROBE + i;
	inputs[PROBE_INPUT_TDO] = INPUT_CONNECTED | number % 3;
	inputs[PROBE_INPUT_TMS] = INPUT_CONNECTED | PROBE_OUTPUT_TMS;
	inputs[PROBE_INPUT_SIDE] =
		INPUT_CONNECTED | INPUT_INVERT | PROBE_OUTPUT_SRST;
}

int main(int argc, char **argv)
{
	static const struct twin_core probe = {
		.core = CLYDE_CORE_PROBE,
		.make_batch = make_batch,
		.connect = connect,
		.first_input = INPUT_PROBE,
		.inputs = PROBE_INPUT_COUNT,
	};

	return twin_core_main(argc, argv, &probe);
}
