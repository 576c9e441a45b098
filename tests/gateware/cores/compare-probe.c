/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The stimulus of the probe core: a stream of commands with random operands, a
 * few of them unknown, and inputs that change at random or are the core's own
 * outputs.
 */
#include "compare.h"

#include <string.h>

#include "virtual/fpga/core.h"
#include "wire/core-probe.h"

#define MUX_CYCLES 6 /* From a core to a pin and back to a core. */

static struct {
	uint8_t bytes[128];
	unsigned size, next;
} queue;

static bool loops;  /* The inputs are the outputs. */
static bool known;  /* All opcodes. */
static bool config; /* The stream begins with a fast clock. */
static uint16_t delay[MUX_CYCLES];
static unsigned place;

static void add(uint8_t byte)
{
	queue.bytes[queue.size++] = byte;
}

static void add_number(uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		add(value >> 8 * i);
}

static void add_data(unsigned size)
{
	while (size-- > 0)
		add(pick(256));
}

static void add_config(void)
{
	static const uint16_t periods[] = {1, 2, 3, 5, 9, 40, 200};

	add(PROBE_CONFIG);
	add_number(percent(50) ? 1 + pick(4) : 1 + pick(periods[pick(7)]), 2);
	add(pick(16) | pick(8) << PROBE_SAMPLE_DELAY_SHIFT);
}

static uint32_t limit(void)
{
	return percent(50) ? 0 : percent(80) ? pick(4) : pick(40);
}

static void add_poll(void)
{
	add(PROBE_POLL | pick(16));
	add_number(limit(), 4);
	add(percent(50) ? 0 : pick(10));
	add(1 + pick(8));
	add(percent(50) ? 0 : pick(10));
	add(percent(50) ? 0 : pick(10));
	add(percent(50) ? 1u << pick(8) : pick(256));
	add(percent(50) ? 0 : queue.bytes[queue.size - 1] & pick(256));
}

/* Numbers of 8 and of 16 are where the counters change their ways. */
static unsigned any_bits(void)
{
	if (percent(10))
		return 0;
	return percent(50) ? 1 + pick(26) : 1 + pick(250);
}

static void add_scan(void)
{
	bool vector = percent(50);
	uint8_t flags = pick(16);
	unsigned bits = any_bits(), bytes = (bits + 7) / 8;

	add((vector ? PROBE_VECTOR : PROBE_SHIFT) | flags);
	add_number(bits, 3);
	if (vector)
		add_data(2 * bytes);
	else if (flags & PROBE_TDI)
		add_data(bytes);
}

static void add_run(void)
{
	add(PROBE_RUN | pick(16));
	add_number(percent(80) ? any_bits() : pick(3000), 4);
}

static void add_stream_command(void)
{
	switch (pick(5)) {
	case 0:
		add(STREAM_NOP);
		break;
	case 1:
		add(STREAM_DELAY);
		add_number(percent(80) ? pick(3) : pick(40), 4);
		break;
	case 2:
		add(STREAM_PINS);
		add(pick(256));
		break;
	case 3:
		add(STREAM_WAIT_PIN);
		add_number(limit(), 4);
		add(pick(8) | (percent(50) ? STREAM_HIGH : 0));
		break;
	default:
		add(STREAM_BARRIER);
		add(pick(256));
	}
}

static void add_command(void)
{
	switch (pick(10)) {
	case 0:
	case 1:
		add_stream_command();
		break;
	case 2:
	case 3:
		add(PROBE_TMS | pick(16));
		add(pick(256));
		break;
	case 4:
		add_run();
		break;
	case 5:
		add_poll();
		break;
	case 6:
		add_config();
		break;
	default:
		add_scan();
	}
}

static uint8_t next_byte(void)
{
	if (queue.next == queue.size) {
		queue.next = queue.size = 0;
		if (!known && pick(300) == 0)
			add(pick(256));
		if (config)
			add_config();
		config = false;
		add_command();
	}
	return queue.bytes[queue.next++];
}

void stimulus_begin(struct stimulus *stimulus)
{
	static const unsigned chances[] = {1, 10, 50, 95, 100};

	*stimulus = (struct stimulus){
		.ops = &core_probe_ops,
		.offers = chances[pick(5)],
		.takes = chances[pick(5)],
		.resets = percent(50) ? 5000 : 0,
		.status_offset = UINT32_MAX,
		.next_byte = next_byte,
	};
	known = percent(50);
	loops = percent(50);
	config = true;
	queue.next = queue.size = 0;
	memset(delay, 0, sizeof(delay));
}

void stimulus_step(struct stimulus *stimulus, uint16_t outputs)
{
	unsigned pin = 1 + pick(100);

	place = (place + 1) % MUX_CYCLES;
	if (loops)
		stimulus->pins = delay[place] >> PROBE_OUTPUT_TDI & 7;
	else if (pin <= 8)
		stimulus->pins ^= 1 << pin % PROBE_INPUT_COUNT;
	delay[place] = outputs;
}
