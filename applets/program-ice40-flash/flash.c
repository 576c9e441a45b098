/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet program-ice40-flash: reads and writes the flash of an iCE40 while
 * the FPGA is in reset.  The library calls claim() and run() by
 * applet_program_ice40_flash.
 *
 * The lines to the flash must be released before CRESET_B rises: the FPGA then
 * is the controller of that bus.
 */
#include "flash.h"

#include <stdio.h>
#include <string.h>

#define RESET_US 1000 /* the FPGA lets go of the bus; 200 ns are needed */
#define LIMIT_MS 5000
/* The FPGA reads an image of HX8K at its slowest clock, 7 MHz or so, within
   160 ms. */
#define DONE_TRIES 50
#define DONE_MS    10

#define LINES_HIGH (3 << 2) /* IO2 and IO3 of CLYDE_SPI_PINS */

#define RANGE_MAX (UINT32_C(64) << 20)

static const struct clyde_parameter parameters[] = {
	{
		.name = "verb",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.initial = "identify",
		.choices = "identify read verify write erase erase-all",
		.choices_help = "Read the chip's identification\n"
				"Read a range\n"
				"Compare a range with data\n"
				"Write data, and verify it\n"
				"Erase a range\n"
				"Erase the chip",
		.help = "What to do",
	},
	{
		.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.required = true,
		.maximum = RANGE_MAX - 1,
		.verbs = "read verify write erase",
		.help = "Of the range's first byte",
	},
	{
		.name = "length",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.required = true,
		.minimum = 1,
		.maximum = RANGE_MAX,
		.unit = "B",
		.verbs = "read erase",
		.help = "Of the range",
	},
	{
		.name = "file",
		.key = 'f',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read verify write",
		.help = "A binary file for the data, or with it",
	},
	{
		.name = "data",
		.key = 'd',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "verify write",
		.help = "The data in hexadecimal",
	},
	{
		.name = "cs",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "The pin for CS#",
	},
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A1",
		.help = "The pin for SCK",
	},
	{
		.name = "io",
		.type = CLYDE_PARAMETER_PINS,
		.initial = "A2,A3,A4,A5",
		.help = "The pins for COPI, CIPO and, if there are four, WP# "
			"and HOLD#",
	},
	{
		.name = "reset",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A6",
		.help = "The pin for CRESET_B",
	},
	{
		.name = "done",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A7",
		.help = "The pin for CDONE; NC is none",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = CLYDE_SPI_RATE_MIN,
		.maximum = CLYDE_SPI_RATE_MAX,
		.initial = "12000",
		.help = "Of SCK",
	},
	{0},
};

static const struct clyde_pin *pin(struct clyde_run *run, const char *name)
{
	const struct clyde_pin *found;

	return run_pins(run, name, &found) > 0 ? found : NULL;
}

/* ---- Claims ----------------------------------------------------------- */

static int claim(struct clyde_run *run)
{
	const struct clyde_pin *io;
	unsigned count = run_pins(run, "io", &io);
	struct spi_pins pins = {
		.sck = pin(run, "sck"),
		.cs = {pin(run, "cs")},
		.side = {pin(run, "reset")},
		.side_input = pin(run, "done"),
	};
	int result;

	if (!pins.sck || !pins.cs[0] || !pins.side[0])
		return set_error(CLYDE_ERROR_INVALID,
			"program-ice40-flash: --cs, --sck and --reset are all "
			"needed");
	if (count != 2 && count != 4)
		return set_error(CLYDE_ERROR_INVALID,
			"program-ice40-flash: --io are %u pins; 2 or 4 are "
			"needed: COPI, CIPO, and perhaps WP# and HOLD#",
			count);
	for (unsigned i = 0; i < count; i++)
		pins.io[i] = &io[i];
	result = verb_check(run);
	return result < 0 ? result : run_claim_spi(run, &pins);
}

/* ---- The FPGA --------------------------------------------------------- */

static int set_reset(struct clyde_spi *spi, bool high)
{
	const struct clyde_spi_step step = {
		.kind = CLYDE_SPI_PINS,
		.pins = LINES_HIGH | high,
		.delay_us = RESET_US,
	};

	return clyde_spi_transfer(spi, 0, &step, 1, LIMIT_MS);
}

/* 1 if the pin that means CDONE is high. */
static int is_done(struct clyde_run *run)
{
	const struct clyde_pin *done = pin(run, "done");
	uint8_t levels[CLYDE_PORT_COUNT];
	int result = clyde_levels_get(run_device(run), levels);

	if (result < 0)
		return result;
	return (levels[done->port] >> done->number & 1) ^ done->invert;
}

static void tell_done(struct clyde_run *run, bool done)
{
	run_tell(run, "events",
		(const struct clyde_field[]){
			TEXT_FIELD("event", done ? "configured" : "blank"),
			END_FIELD},
		done ? "the FPGA is configured from the flash"
		     : "the FPGA is not configured: done stays low");
}

/* After a write the FPGA should find a bitstream.  After other verbs it may not,
   which is told only. */
static int wait_for_done(struct clyde_run *run)
{
	int result = 0;

	for (unsigned i = 0; i < DONE_TRIES && result == 0; i++) {
		struct run_wait wait = {.timeout_ms = DONE_MS};

		result = run_wait(run, &wait);
		if (result >= 0)
			result = is_done(run);
	}
	if (result < 0)
		return result;
	if (result == 0 && run_chosen(run, "verb", "write"))
		return set_error(CLYDE_ERROR_FPGA,
			"program-ice40-flash: done is low %u ms after reset: "
			"what was written is no bitstream for this FPGA, or it "
			"is not at address 0",
			DONE_TRIES * DONE_MS);
	tell_done(run, result);
	return 0;
}

/* ---- The run ---------------------------------------------------------- */

static void pin_text(const struct clyde_pin *at, char text[8])
{
	if (at == NULL)
		snprintf(text, 8, "none");
	else
		snprintf(text, 8, "%c%u%s", 'A' + at->port, at->number,
			at->invert ? "#" : "");
}

static void tell_start(struct clyde_run *run, uint32_t rate_hz)
{
	char cs[8], sck[8], io[40] = "", reset[8], done[8], one[8];
	const struct clyde_pin *pins;
	unsigned count = run_pins(run, "io", &pins);

	pin_text(pin(run, "cs"), cs);
	pin_text(pin(run, "sck"), sck);
	pin_text(pin(run, "reset"), reset);
	pin_text(pin(run, "done"), done);
	for (unsigned i = 0; i < count; i++) {
		pin_text(&pins[i], one);
		snprintf(io + strlen(io), sizeof(io) - strlen(io), "%s%s",
			i ? "," : "", one);
	}
	run_tell(run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("cs", cs), TEXT_FIELD("sck", sck),
			TEXT_FIELD("io", io), TEXT_FIELD("reset", reset),
			TEXT_FIELD("done", done),
			COUNT_FIELD("frequency", rate_hz), END_FIELD},
		"cs %s, sck %s, io %s, reset %s, done %s, %.6g kHz", cs, sck,
		io, reset, done, rate_hz / 1000.0);
}

static int use_flash(struct clyde_run *run, struct clyde_spi *spi)
{
	const struct clyde_flash_options options = {.reset = true};
	struct clyde_flash *flash;
	int result = clyde_flash_open(spi, &options, &flash);

	if (result < 0)
		return result;
	result = verb_run(run, flash);
	clyde_flash_close(flash);
	return result;
}

/* Closing the core makes all of its pins inputs, and ends their pulls; a pull-up
   then lets CRESET_B rise on boards that have none. */
static int release_fpga(struct clyde_run *run, struct clyde_spi *spi)
{
	const struct clyde_pin *reset = pin(run, "reset");
	int result;

	clyde_spi_close(spi);
	result = run_pull(run, reset, reset->invert ? PULL_DOWN : PULL_UP);
	if (result == 0 && pin(run, "done"))
		result = wait_for_done(run);
	return result;
}

static int run(struct clyde_run *run)
{
	struct clyde_spi_options options = {
		.rate_hz = run_value(run, "frequency"),
	};
	struct clyde_spi *spi;
	int result = run_spi(run, &options, &spi);

	if (result == 0)
		result = clyde_spi_configure(
			spi, options.rate_hz, 0, 0, &options.rate_hz);
	if (result == 0) {
		tell_start(run, options.rate_hz);
		result = set_reset(spi, false);
	}
	if (result == 0)
		result = use_flash(run, spi);
	return result < 0 ? result : release_fpga(run, spi);
}

const struct applet applet_program_ice40_flash = {
	.table =
		{
			.name = "program-ice40-flash",
			.help = "Read and write the flash of an iCE40 FPGA",
			.parameters = parameters,
			.aliases = "ice40-flash",
		},
	.claim = claim,
	.run = run,
};
