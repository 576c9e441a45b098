/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The stimulus of the GPIO core: pins that change seldom, in bursts or all the
 * time, a stream that is read or not, and a clock near the change of its
 * highest bit.
 */
#include "compare.h"

#include "virtual/fpga/core.h"
#include "wire/core-gpio.h"

static unsigned change; /* A change comes once in this many edges. */
static unsigned burst;  /* The edges that are left of a burst. */
static unsigned byte;

void stimulus_begin(struct stimulus *stimulus)
{
	static const unsigned chances[] = {0, 3, 30, 90, 100};
	static const unsigned changes[] = {1, 4, 9, 40, 3000};

	*stimulus = (struct stimulus){
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

/* Writes a register of two bytes, or sometimes any byte. */
static void write_something(struct stimulus *stimulus)
{
	static uint8_t addr;
	static uint16_t value;

	if (byte == 0 && pick(1000) < 990)
		return;
	stimulus->write = true;
	if (byte == 0 && percent(10)) {
		stimulus->addr = pick(32);
		stimulus->value = pick(256);
	} else if (byte++ == 0) {
		addr = 2 * pick(4);
		value = percent(30) ? 0 : pick(1 << 16);
		stimulus->addr = addr;
		stimulus->value = value;
	} else {
		stimulus->addr = addr + 1;
		stimulus->value = value >> 8;
		byte = 0;
	}
}

void stimulus_step(struct stimulus *stimulus, uint16_t outputs)
{
	(void)outputs;
	write_something(stimulus);
	if (stimulus->takes == 0 && pick(100000) == 0)
		stimulus->takes = 100;
	if (burst == 0 && pick(20000) == 0)
		burst = 1 + pick(600);
	if (burst > 0 || change == 1) {
		burst -= burst > 0;
		stimulus->pins = pick(1 << 16);
	} else if (pick(change) == 0) {
		stimulus->pins ^= 1 << pick(16);
	}
}
