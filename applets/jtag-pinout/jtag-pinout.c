/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of the applet jtag-pinout, its claims and its run.  The library calls
 * claim() and run() by applet_jtag_pinout.
 *
 * Pins change by registers of the core gpio: a search needs thousands of changes
 * and not millions, and a core for JTAG would need its pins connected anew for
 * each try.
 */
#include "search.h"

#include <stdio.h>
#include <string.h>

#include "lib/run/applet.h"
#include "wire/core-gpio.h"

#define PINS_MIN 4

static const struct clyde_parameter parameters[] = {
	{
		.name = "pins",
		.type = CLYDE_PARAMETER_PINS,
		.required = true,
		.help = "4 to 16 pins, of which each is tried as TCK, TMS, "
			"TDI, TDO and TRST#",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = 500,
		.maximum = 1000000,
		.initial = "10kHz",
		.help = "Of TCK, at most; a command for each edge takes longer "
			"than half of 100 us",
	},
	{0},
};

/* The core's registers, from REG_GPIO_OUTPUT on. */
struct outputs {
	uint16_t levels, enables;
};

struct pinout {
	struct clyde_run *run;
	struct clyde_device *device;
	uint16_t pins;
	struct outputs outputs;
	int64_t half_ns, changed_ns;
};

static uint16_t bit_of(const struct clyde_pin *pin)
{
	return 1 << (8 * pin->port + pin->number);
}

static uint16_t pins_of(struct clyde_run *run)
{
	const struct clyde_pin *pins;
	unsigned count = run_pins(run, "pins", &pins);
	uint16_t set = 0;

	while (count-- > 0)
		set |= bit_of(&pins[count]);
	return set;
}

static int claim(struct clyde_run *run)
{
	const struct clyde_pin *pins;
	unsigned count = run_pins(run, "pins", &pins);
	int result;

	if (count < PINS_MIN || count > 16)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-pinout: %u pins: 4 to 16 are needed, such as "
			"--pins A0:7",
			count);
	result = run_claim_core(run, CORE_GPIO, 0);
	for (unsigned i = 0; i < count && result == 0; i++) {
		struct clyde_pin pin = pins[i];

		pin.invert = false;
		result = run_claim_pin(
			run, "pins", &pin, PIN_OUTPUT, OUTPUT_GPIO);
	}
	return result;
}

/* ---- Texts ---------------------------------------------------------------- */

static void name_pin(char text[4], unsigned pin)
{
	snprintf(text, 4, "%c%u", 'A' + pin / 8 % 26, pin % 8);
}

/* "A0, A3", or "none" */
static const char *name_pins(char text[80], uint16_t pins)
{
	char name[4];
	size_t size = 0;

	strcpy(text, "none");
	for (unsigned pin = 0; pin < 16; pin++) {
		if (!(pins >> pin & 1))
			continue;
		name_pin(name, pin);
		size += snprintf(
			text + size, 80 - size, "%s%s", size ? ", " : "", name);
	}
	return text;
}

/* ---- Pins ----------------------------------------------------------------- */

static int wait_half_period(struct pinout *pinout)
{
	int64_t end = pinout->changed_ns + pinout->half_ns;
	int64_t now = now_ns(pinout->device);
	int result = 0;

	if (now < end)
		result = clyde_device_sleep(
			pinout->device, (end - now + 999999) / 1000000);
	pinout->changed_ns = now_ns(pinout->device);
	return result;
}

/* A pin that is not driven keeps its level in the register: it must not change
   just before it is released. */
static int drive(void *user, uint16_t driven, uint16_t levels)
{
	struct pinout *pinout = user;
	struct outputs *outputs = &pinout->outputs;
	int result = wait_half_period(pinout);

	outputs->levels = (outputs->levels & ~driven) | (levels & driven);
	outputs->enables = (outputs->enables & ~pinout->pins) | driven;
	if (result == 0)
		result = run_stopped(pinout->run);
	return result < 0 ? result
			  : clyde_register_write(pinout->device,
				    REG_GPIO_OUTPUT, outputs, sizeof(*outputs));
}

static int read_levels(void *user, uint16_t *ret_levels)
{
	struct pinout *pinout = user;

	return clyde_register_read(pinout->device, REG_GPIO_LEVELS, ret_levels,
		sizeof(*ret_levels));
}

static void tried(void *user, unsigned done, unsigned total)
{
	struct pinout *pinout = user;

	run_progress(pinout->run, "pairs of TCK and TMS", done, total);
}

static int pull_all(struct pinout *pinout, uint16_t pins, enum pull how)
{
	const struct clyde_pin *list;
	unsigned count = run_pins(pinout->run, "pins", &list);
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++)
		if (pins & bit_of(&list[i]))
			result = run_pull(pinout->run, &list[i], how);
	return result;
}

/* What the pins are by themselves.  In the end those that can be high are pulled
   up, so that nothing floats, TRST# is not active, and a TDI that is not known
   yet shifts ones into the IR. */
static int look_at_pulls(struct pinout *pinout, struct search *search)
{
	uint16_t released = 0, pulled_up = 0;
	int result = pull_all(pinout, pinout->pins, PULL_DOWN);

	if (result == 0)
		result = pull_all(pinout, pinout->pins, PULL_NONE);
	if (result == 0)
		result = read_levels(pinout, &released);
	if (result == 0)
		result = pull_all(pinout, pinout->pins, PULL_UP);
	if (result == 0)
		result = read_levels(pinout, &pulled_up);
	search->high = released & pinout->pins;
	search->low = pinout->pins & ~pulled_up;
	return result < 0 ? result : pull_all(pinout, search->low, PULL_NONE);
}

static void tell_pulls(struct clyde_run *run, const struct search *search)
{
	char high[80], low[80], rest[80];

	name_pins(high, search->high);
	name_pins(low, search->low);
	name_pins(rest, search->pins & ~(search->high | search->low));
	run_tell(run, "pulls",
		(const struct clyde_field[]){TEXT_FIELD("high", high),
			TEXT_FIELD("low", low), TEXT_FIELD("floating", rest),
			END_FIELD},
		"high by themselves: %s; held low: %s; others: %s", high, low,
		rest);
}

/* ---- Results -------------------------------------------------------------- */

static void tell_found(struct clyde_run *run, const struct search_found *found)
{
	char tck[4], tms[4], tdi[4], tdo[4], trst[4] = "";

	name_pin(tck, found->tck);
	name_pin(tms, found->tms);
	name_pin(tdi, found->tdi);
	name_pin(tdo, found->tdo);
	if (found->trst >= 0)
		name_pin(trst, found->trst);
	run_tell(run, "ports",
		(const struct clyde_field[]){TEXT_FIELD("tck", tck),
			TEXT_FIELD("tms", tms), TEXT_FIELD("tdi", tdi),
			TEXT_FIELD("tdo", tdo), TEXT_FIELD("trst", trst),
			COUNT_FIELD("ir_bits", found->ir_bits), END_FIELD},
		"found, with %u bits of IR: clyde run jtag-probe --tck %s "
		"--tms %s --tdi %s --tdo %s%s%s",
		found->ir_bits, tck, tms, tdi, tdo, *trst ? " --trst " : "",
		trst);
}

static int tell_all(struct clyde_run *run, const struct search *search)
{
	for (unsigned i = 0; i < search->count; i++)
		tell_found(run, &search->found[i]);
	if (search->count > 1)
		run_tell(run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "several"), END_FIELD},
			"one test access port is found once only: at least one "
			"of these is another thing");
	if (search->count == 0)
		return set_error(CLYDE_ERROR_NO_CHIP,
			"jtag-pinout: no test access port is on these pins: "
			"is the target powered, and out of reset?");
	return 0;
}

/* ---- The run -------------------------------------------------------------- */

static int search_pins(struct pinout *pinout)
{
	const struct search_port port = {drive, read_levels, tried, pinout};
	struct search search = {.port = &port, .pins = pinout->pins};
	int result = look_at_pulls(pinout, &search);

	if (result < 0)
		return result;
	tell_pulls(pinout->run, &search);
	result = search_run(&search);
	return result < 0 ? result : tell_all(pinout->run, &search);
}

static int run(struct clyde_run *run)
{
	struct pinout pinout = {
		.run = run,
		.device = run_device(run),
		.pins = pins_of(run),
		.half_ns = 500000000 / run_value(run, "frequency"),
	};
	/* Other pins may be driven by an earlier run of gpio. */
	int result = clyde_register_read(pinout.device, REG_GPIO_OUTPUT,
		&pinout.outputs, sizeof(pinout.outputs));

	if (result == 0)
		result = drive(&pinout, 0, 0);
	if (result == 0)
		result = run_connect(run);
	if (result == 0)
		result = search_pins(&pinout);
	if (result < 0)
		drive(&pinout, 0, 0);
	return result;
}

const struct applet applet_jtag_pinout = {
	.table =
		{
			.name = "jtag-pinout",
			.help = "Find out which pins are TCK, TMS, TDI, TDO "
				"and TRST#",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
