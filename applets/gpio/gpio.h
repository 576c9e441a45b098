/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the GPIO applet's files share.  gpio.c has the table, the claims and the
 * run; action.c parses the actions; watch.c reports changes of pins.
 */
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
	const char *word; /* of the command line, for messages */
	unsigned count;
	struct clyde_pin pins[CLYDE_PINS_MAX];
};

/* Parse the parameter `action`.  The array ends with an action whose word is
   NULL; free() releases it. */
int actions_parse(struct clyde_run *run, struct action **ret_actions);

static inline bool action_changes(enum action_kind kind)
{
	return kind != ACTION_READ && kind != ACTION_WATCH;
}

/* Like "A0=1": the level that the user means, of an inverted pin the opposite
   of the pin's. */
void level_text(const struct clyde_pin *pin, uint16_t levels, char text[8]);
bool level_of(const struct clyde_pin *pin, uint16_t levels);

static inline uint16_t pin_bit(const struct clyde_pin *pin)
{
	return 1 << (8 * pin->port + pin->number);
}

/* The time since the first record, in cycles of 48 MHz and in ns.  A record has
   the lower 32 bits of the core's clock; the core sends one at least each 2^31
   cycles, so that no wrap is missed. */
struct gpio_clock {
	bool begun;
	uint32_t last;
	uint64_t cycles;
};

void gpio_clock_advance(struct gpio_clock *clock, uint32_t cycle);
uint64_t gpio_clock_ns(const struct gpio_clock *clock);

/* Carry out an action `watch`, until its end or an interrupt. */
int watch(struct clyde_run *run, const struct action *action);

#endif
