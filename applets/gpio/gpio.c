/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The GPIO applet's table, its claims and its run, which does the actions in
 * their order.  The library calls claim() and run() by applet_gpio.
 *
 * What an action drives or pulls must stay so when the run has ended.
 */
#include "gpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct clyde_parameter parameters[] = {
	{
		.name = "action",
		.type = CLYDE_PARAMETER_WORDS,
		.positional = true,
		.choices = "read set clear float watch",
		.help = "In this order: read PINS; set, clear or float PINS; "
			"watch PINS; or A0 to read, A0=0 or A0=1 to drive, "
			"A0=L or A0=H to pull, A0=Z for neither",
	},
	{
		.name = "pins",
		.type = CLYDE_PARAMETER_PINS,
		.help = "The pins of an action that names none; no other is "
			"touched",
	},
	{
		.name = "for",
		.type = CLYDE_PARAMETER_TIME,
		.minimum = 1,
		.maximum = UINT64_C(86400000000000000),
		.help = "How long to watch",
	},
	{
		.name = "count",
		.key = 'c',
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 1,
		.maximum = UINT32_MAX,
		.unit = "changes",
		.help = "How many changes to watch for",
	},
	{0},
};

/* ---- Levels ----------------------------------------------------------- */

bool level_of(const struct clyde_pin *pin, uint16_t levels)
{
	return !!(levels & pin_bit(pin)) ^ pin->invert;
}

void level_text(const struct clyde_pin *pin, uint16_t levels, char text[8])
{
	snprintf(text, 8, "%c%u%s=%d", 'A' + pin->port, pin->number,
		pin->invert ? "#" : "", level_of(pin, levels));
}

/* ---- Claims ----------------------------------------------------------- */

static int claim_action(struct clyde_run *run, const struct action *action)
{
	bool changes = action_changes(action->kind);
	int result = 0;

	for (unsigned i = 0; i < action->count && result == 0; i++) {
		/* change() inverts, so the FPGA must not. */
		struct clyde_pin pin = action->pins[i];

		pin.invert = false;
		result = run_claim_pin(run, action->word, &pin,
			changes ? PIN_OUTPUT : PIN_SEEN, OUTPUT_GPIO);
	}
	return result;
}

static int claim(struct clyde_run *run)
{
	struct action *actions;
	bool watches = false;
	int result = actions_parse(run, &actions);

	if (result < 0)
		return result;
	for (struct action *at = actions; at->word; at++)
		watches |= at->kind == ACTION_WATCH;
	if (!watches && (run_given(run, "for") || run_given(run, "count")))
		result = set_error(CLYDE_ERROR_INVALID,
			"gpio: --for and --count are for watch");
	if (result == 0)
		result = run_claim_core(
			run, CORE_GPIO, watches ? CORE_GIVES : 0);
	for (struct action *at = actions; at->word && result == 0; at++)
		result = claim_action(run, at);
	free(actions);
	return result;
}

/* ---- Actions ---------------------------------------------------------- */

/* The core's registers, from REG_GPIO_OUTPUT on. */
struct outputs {
	uint16_t levels;
	uint16_t enables;
};

struct gpio {
	struct clyde_run *run;
	struct clyde_device *device;
	struct outputs outputs;
	bool connected;
};

static int write_outputs(struct gpio *gpio)
{
	return clyde_register_write(gpio->device, REG_GPIO_OUTPUT,
		&gpio->outputs, sizeof(gpio->outputs));
}

static int pull(
	struct gpio *gpio, const struct clyde_pin *pin, enum action_kind kind)
{
	enum pull how = PULL_NONE;

	if (kind == ACTION_PULL_LOW)
		how = pin->invert ? PULL_UP : PULL_DOWN;
	if (kind == ACTION_PULL_HIGH)
		how = pin->invert ? PULL_DOWN : PULL_UP;
	return run_pull(gpio->run, pin, how);
}

static int change(struct gpio *gpio, const struct action *action)
{
	bool drives = action->kind == ACTION_LOW || action->kind == ACTION_HIGH;
	int result = 0;

	for (unsigned i = 0; i < action->count && result == 0; i++) {
		const struct clyde_pin *pin = &action->pins[i];
		bool high = (action->kind == ACTION_HIGH) ^ pin->invert;

		gpio->outputs.levels &= ~pin_bit(pin);
		gpio->outputs.enables &= ~pin_bit(pin);
		if (drives && high)
			gpio->outputs.levels |= pin_bit(pin);
		if (drives)
			gpio->outputs.enables |= pin_bit(pin);
		else
			result = pull(gpio, pin, action->kind);
	}
	if (result == 0)
		result = write_outputs(gpio);
	if (result == 0 && !gpio->connected)
		result = run_connect(gpio->run);
	gpio->connected = true;
	return result;
}

static int read_levels(struct gpio *gpio, const struct action *action)
{
	uint16_t levels;
	char text[8], name[8];
	int result = clyde_register_read(
		gpio->device, REG_GPIO_LEVELS, &levels, sizeof(levels));

	for (unsigned i = 0; i < action->count && result == 0; i++) {
		const struct clyde_pin *pin = &action->pins[i];

		level_text(pin, levels, text);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="),
			text);
		run_tell(gpio->run, "levels",
			(const struct clyde_field[]){TEXT_FIELD("pin", name),
				COUNT_FIELD("level", level_of(pin, levels)),
				END_FIELD},
			"%s", text);
	}
	return result;
}

static int act(struct gpio *gpio, const struct action *action)
{
	switch (action->kind) {
	case ACTION_READ:
		return read_levels(gpio, action);
	case ACTION_WATCH:
		return watch(gpio->run, action);
	default:
		return change(gpio, action);
	}
}

/* Read what the core drives now.  A pin whose output is another core's may
   still be enabled here, from an earlier run: it must not be driven as soon as
   it is connected, but by its own action. */
static int read_outputs(struct gpio *gpio, const struct action *actions)
{
	uint8_t routes[PIN_COUNT];
	int result = clyde_register_read(gpio->device, REG_GPIO_OUTPUT,
		&gpio->outputs, sizeof(gpio->outputs));

	if (result == 0)
		result = clyde_register_read(
			gpio->device, REG_PIN, routes, sizeof(routes));
	for (unsigned i = 0; i < PIN_COUNT && result == 0; i++)
		if (routes[i] != OUTPUT_GPIO)
			gpio->outputs.enables &= ~(1 << i);
	for (; actions->word; actions++)
		if (action_changes(actions->kind))
			run_keep(gpio->run);
	return result;
}

static int run(struct clyde_run *run)
{
	struct gpio gpio = {.run = run, .device = run_device(run)};
	struct action *actions;
	int result = actions_parse(run, &actions);

	if (result < 0)
		return result;
	result = read_outputs(&gpio, actions);
	for (struct action *at = actions; at->word && result == 0; at++)
		result = act(&gpio, at);
	free(actions);
	return result;
}

const struct applet applet_gpio = {
	.table =
		{
			.name = "gpio",
			.help = "Read, drive, pull and watch pins",
			.parameters = parameters,
			.aliases = "control-gpio",
		},
	.claim = claim,
	.run = run,
};
