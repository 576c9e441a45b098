/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The GPIO core's world: pins that change seldom, in bursts or all the time,
 * a stream that is read or not, and a clock that is near the change of its
 * highest bit.
 */
#include "compare.h"

#include "virtual/fpga/core.h"
#include "wire/core-gpio.h"

static unsigned change; /* one in so many edges */
static unsigned burst;  /* edges left of a burst */
static unsigned byte;

void world_begin(struct world *world)
{
	static const unsigned chances[] = {0, 3, 30, 90, 100};
	static const unsigned changes[] = {1, 4, 9, 40, 3000};

	*world = (struct world){
		.ops = &core_gpio_ops,
		.clock = (percent(50) ? INT32_MAX : UINT32_MAX) - pick(60000),
		.pins = pick(1 << 16),
		.offers = 50,
		.takes = chances[pick(5)],
		.resets = percent(30) ? 5000 : 0,
		.status_offset = UINT32_MAX,
	};
	change = changes[pick(5)];
	burst = byte = 0;
}

/* A register of two bytes, or now and then a byte anywhere. */
static void write_something(struct world *world)
{
	static uint8_t addr;
	static uint16_t value;

	if (byte == 0 && pick(1000) < 990)
		return;
	world->write = true;
	if (byte == 0 && percent(10)) {
		world->addr = pick(32);
		world->value = pick(256);
	} else if (byte++ == 0) {
		addr = 2 * pick(4);
		value = percent(30) ? 0 : pick(1 << 16);
		world->addr = addr;
		world->value = value;
	} else {
		world->addr = addr + 1;
		world->value = value >> 8;
		byte = 0;
	}
}

void world_step(struct world *world, uint16_t outputs)
{
	(void)outputs;
	write_something(world);
	if (world->takes == 0 && pick(100000) == 0)
		world->takes = 100;
	if (burst == 0 && pick(20000) == 0)
		burst = 1 + pick(600);
	if (burst > 0 || change == 1) {
		burst -= burst > 0;
		world->pins = pick(1 << 16);
	} else if (pick(change) == 0) {
		world->pins ^= 1 << pick(16);
	}
}
