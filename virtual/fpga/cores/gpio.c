/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model of the GPIO core: drives levels, and puts a record into the IN FIFO
 * for every change of a watched pin.  Each function does what
 * gateware/cores/gpio.v does at a clock edge; tests/gateware compares them.
 */
#include "virtual/fpga/core.h"

#include <stdbool.h>

#include "wire/core-gpio.h"

#define RECORDS 256 /* four BRAMs; one entry stays empty */

struct gpio {
	struct core core;
	uint64_t cycle;
	uint64_t start; /* cycle at which the clock was 0 */
	uint8_t low;    /* of a register, until its high byte is written */
	uint16_t watch;
	uint16_t lost;
	uint16_t levels, was; /* now, and at the last edge */
	bool watching;
	uint16_t missing; /* lost since the last record */
	bool behind;      /* a record of the levels is due, after a loss */
	uint8_t head, tail;
	struct gpio_record records[RECORDS];
	struct gpio_record record; /* that is being sent */
	uint8_t index;             /* of its next byte */
	bool busy;
	bool stalled; /* the IN FIFO had no room at the last edge */
};

#define GPIO(pointer) ((struct gpio *)(pointer))

/* The core's clock between this edge and the next. */
static uint32_t clock_at(const struct gpio *gpio, uint64_t cycle)
{
	return cycle - gpio->start;
}

static bool is_full(const struct gpio *gpio)
{
	return (uint8_t)(gpio->tail + 1) == gpio->head;
}

static bool top_changed(const struct gpio *gpio)
{
	uint64_t clock = gpio->cycle - gpio->start;

	return clock != 0 && (clock & INT32_MAX) == 0;
}

static void watch(struct gpio *gpio, bool full)
{
	uint16_t changed = gpio->levels ^ gpio->was;
	bool record_due = gpio->watch &&
		(!gpio->watching || top_changed(gpio) ||
			(changed & gpio->watch));

	if (record_due && full) {
		gpio->behind = true;
		gpio->missing += gpio->missing < UINT16_MAX;
		gpio->lost += gpio->lost < UINT16_MAX;
	} else if ((record_due || gpio->behind) && !full) {
		gpio->records[gpio->tail++] = (struct gpio_record){
			.cycle = clock_at(gpio, gpio->cycle),
			.levels = gpio->levels,
			.lost = gpio->missing,
		};
		gpio->missing = 0;
		gpio->behind = false;
	}
	gpio->watching = gpio->watch;
	gpio->was = gpio->levels;
}

static void send(struct gpio *gpio, struct core_fifo *in)
{
	const uint8_t *bytes = (const uint8_t *)&gpio->record;
	bool room = core_fifo_room(in);
	bool pop;

	gpio->stalled = gpio->busy && !room;
	pop = gpio->head != gpio->tail &&
		(!gpio->busy || (room && gpio->index == 7));
	if (gpio->busy && room) {
		core_fifo_put(in, bytes + gpio->index, 1);
		gpio->index = (gpio->index + 1) % sizeof(gpio->record);
		gpio->busy = gpio->index != 0;
	}
	if (pop) {
		gpio->record = gpio->records[gpio->head++];
		gpio->busy = true;
	}
}

/* How many edges follow at which nothing happens, provided that the FIFO stays
   as it is. */
static uint64_t quiet(const struct gpio *gpio)
{
	uint64_t clock = gpio->cycle - gpio->start;
	bool waits = gpio->head != gpio->tail;

	if ((gpio->busy && !gpio->stalled) || (waits && !gpio->busy) ||
		gpio->levels != gpio->was || gpio->watching != !!gpio->watch)
		return 0;
	if (!gpio->watch)
		return CORE_NEVER;
	return INT32_MAX - ((clock - 1) & INT32_MAX);
}

static uint64_t gpio_run(struct core *core, uint64_t from, uint64_t until,
	struct core_fifo *out, struct core_fifo *in)
{
	struct gpio *gpio = GPIO(core);
	bool offered = gpio->busy;
	uint64_t edges;
	bool full;

	(void)from;
	(void)out;
	if (until == gpio->cycle)
		return 0;
	gpio->cycle = until - 1;
	full = is_full(gpio);
	send(gpio, in);
	watch(gpio, full);
	gpio->cycle = until;
	edges = quiet(gpio);
	core->next = edges == CORE_NEVER ? CORE_NEVER : until + edges + 1;
	return offered ? until : 0;
}

static void gpio_inputs(struct core *core, uint64_t cycle)
{
	struct gpio *gpio = GPIO(core);

	gpio->cycle = cycle;
	gpio->levels = core->inputs;
	core->next = cycle + 1;
}

static void gpio_reset(struct core *core, uint64_t cycle)
{
	struct gpio *gpio = GPIO(core);

	gpio->cycle = gpio->start = cycle;
	gpio->levels = gpio->was = core->inputs;
	gpio->watching = false;
	gpio->lost = gpio->missing = 0;
	gpio->behind = false;
	gpio->head = gpio->tail = 0;
	gpio->index = 0;
	gpio->busy = gpio->stalled = false;
	core->next = cycle + 1;
}

static uint32_t gpio_read(
	const struct core *core, uint64_t cycle, unsigned offset)
{
	const struct gpio *gpio = GPIO(core);

	(void)cycle;
	switch (offset + CORE_BASE_GPIO) {
	case REG_GPIO_OUTPUT:
		return core->outputs | (uint32_t)core->enables << 16;
	case REG_GPIO_LEVELS:
		return (uint16_t)core->inputs | (uint32_t)gpio->watch << 16;
	case REG_GPIO_LOST:
		return gpio->lost;
	}
	return 0;
}

static void gpio_write(
	struct core *core, uint64_t cycle, unsigned offset, uint8_t value)
{
	struct gpio *gpio = GPIO(core);
	uint16_t whole = gpio->low | value << 8;

	gpio->cycle = cycle;
	if (offset % 2 == 0) {
		gpio->low = value;
		return;
	}
	switch (offset - 1 + CORE_BASE_GPIO) {
	case REG_GPIO_OUTPUT:
		core->outputs = whole;
		break;
	case REG_GPIO_ENABLE:
		core->enables = whole;
		break;
	case REG_GPIO_WATCH:
		gpio->watch = whole;
		core->next = cycle + 1;
		break;
	}
}

const struct core_ops core_gpio_ops = {
	.size = sizeof(struct gpio),
	.reset = gpio_reset,
	.read = gpio_read,
	.write = gpio_write,
	.run = gpio_run,
	.inputs = gpio_inputs,
};
