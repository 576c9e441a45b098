/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the GPIO applet's files share: gpio.c the table and the frame,
   action.c the words, watch.c the records. */
#ifndef GPIO_GPIO_H
#define GPIO_GPIO_H

#include "lib/run/applet.h"
#include "wire/core-gpio.h"

enum action_kind {
	ACTION_READ,
	ACTION_LOW,
	ACTION_HIGH,
	ACTION_PULL_LOW,
	ACTION_PULL_HIGH,
	ACTION_FLOAT,
	ACTION_WATCH,
};

struct action {
	enum action_kind kind;
	const char *word; /* that asked for it */
	unsigned count;
	struct clyde_pin pins[CLYDE_PINS_MAX];
};

/* Allocated, ended by one without a word. */
int actions_parse(struct clyde_run *run, struct action **ret_actions);

static inline bool action_changes(enum action_kind kind)
{
	return kind != ACTION_READ && kind != ACTION_WATCH;
}

/* "A0=1", with what the pin's inversion makes of the level */
void level_text(const struct clyde_pin *pin, uint16_t levels, char text[8]);
bool level_of(const struct clyde_pin *pin, uint16_t levels);

static inline uint16_t pin_bit(const struct clyde_pin *pin)
{
	return 1 << (8 * pin->port + pin->number);
}

/* The core's clock of 48 MHz has 32 bits, and a record comes at least at every
   half of it: cycles since the first record, and the same in ns. */
struct gpio_clock {
	bool begun;
	uint32_t last;
	uint64_t cycles;
};

void gpio_clock_advance(struct gpio_clock *clock, uint32_t cycle);
uint64_t gpio_clock_ns(const struct gpio_clock *clock);

int watch(struct clyde_run *run, const struct action *action);

#endif
