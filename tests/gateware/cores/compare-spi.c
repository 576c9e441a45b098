/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The stimulus of the SPI core: a stream of commands with random operands, a
 * few of them unknown, and inputs that change at random or are the core's own
 * outputs.
 */
#include "compare.h"

#include <string.h>

#include "virtual/fpga/core.h"
#include "wire/core-spi.h"

#define MUX_CYCLES 6 /* From a core to a pin and back to a core. */

static struct {
	uint8_t bytes[64];
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

	add(SPI_CONFIG);
	add_number(percent(50) ? 1 + pick(4) : 1 + pick(periods[pick(7)]), 2);
	add(pick(4) | pick(8) << SPI_SAMPLE_DELAY_SHIFT);
}

static uint32_t limit(void)
{
	return percent(50) ? 0 : pick(4);
}

static void add_poll(void)
{
	add(SPI_POLL | pick(4) | (percent(50) ? SPI_HELD : 0));
	add_number(limit(), 4);
	add(percent(50) ? 1u << pick(8) : pick(256));
	add(percent(50) ? 0 : queue.bytes[queue.size - 1] & pick(256));
	add(pick(256));
}

static void add_transfer(void)
{
	unsigned size = percent(10) ? 0 : 1 + pick(percent(50) ? 4 : 30);
	uint8_t direction = pick(4) << 2;

	add(SPI_TRANSFER | direction | pick(4));
	add_number(size, 3);
	if (direction & SPI_OUT)
		add_data(size);
}

static void add_bits(void)
{
	uint8_t direction = pick(4) << 2;

	add(SPI_BITS | direction | pick(4));
	add(1 + pick(8));
	if (direction & SPI_OUT)
		add_data(1);
}

static void add_command(void)
{
	switch (pick(12)) {
	case 0:
		add(STREAM_BARRIER);
		add(pick(256));
		break;
	case 1:
		add(percent(50) ? STREAM_NOP : SPI_DESELECT);
		break;
	case 2:
		add(STREAM_DELAY);
		add_number(pick(3), 4);
		break;
	case 3:
		add(STREAM_PINS);
		add(pick(256));
		break;
	case 4:
		add(STREAM_WAIT_PIN);
		add_number(limit(), 4);
		add(pick(8) | (percent(50) ? STREAM_HIGH : 0));
		break;
	case 5:
		add(SPI_SELECT | pick(4));
		break;
	case 6:
		add_bits();
		break;
	case 7:
		add(SPI_DUMMY | pick(4));
		add_number(pick(20), 2);
		break;
	case 8:
		add_poll();
		break;
	case 9:
		add_config();
		break;
	default:
		add_transfer();
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
		.ops = &core_spi_ops,
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
		stimulus->pins = delay[place] >> SPI_OUTPUT_IO0 & 0x1f;
	else if (pin <= 8)
		stimulus->pins ^= 1 << pin % SPI_INPUT_COUNT;
	delay[place] = outputs;
}
