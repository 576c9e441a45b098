/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet program-ice40-sram: configures an iCE40 FPGA as a target of SPI.
 * The library calls claim() and run() by applet_program_ice40_sram.
 *
 * Chip select must be low when CRESET_B rises: the FPGA would otherwise become
 * the controller of the bus, and read its flash while this applet drives it.
 *
 * Source: Lattice FPGA-TN-02001 (TN1248), "iCE40 Programming and Configuration",
 * "SPI Peripheral Configuration Interface".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/applet.h"
#include "lib/run/applet.h"

/* CRESET_B is low for at least 200 ns; then the FPGA clears its memory: 1200 us
   for HX8K and LP8K, 800 us for the others.  CDONE rises within 100 clocks after
   the bitstream; 49 clocks later the pins of the design work. */
#define LOW_US      10
#define CLEAR_US    1200
#define DONE_CLOCKS 100
#define WAKE_CLOCKS 49
#define DONE_US     100000

#define RATE_MAX       25000000
#define SIZE_MAX_BYTES 0x100000
#define SPARE_MS       5000

#define SIDE_INPUT 4 /* of CLYDE_SPI_WAIT */

static const struct clyde_parameter parameters[] = {
	{
		.name = "bitstream",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.help = "The file with the bitstream, as icepack writes it",
	},
	{
		.name = "cs",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "The pin for SPI_SS_B",
	},
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A1",
		.help = "The pin for SPI_SCK",
	},
	{
		.name = "copi",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A2",
		.help = "The pin for SPI_SI",
	},
	{
		.name = "reset",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A3",
		.help = "The pin for CRESET_B",
	},
	{
		.name = "done",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A4",
		.help = "The pin for CDONE; NC is none",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = 1000000,
		.maximum = RATE_MAX,
		.initial = "12000",
		.help = "Of SPI_SCK",
	},
	{0},
};

static const struct clyde_pin *pin(struct clyde_run *run, const char *name)
{
	const struct clyde_pin *found;

	return run_pins(run, name, &found) > 0 ? found : NULL;
}

static void pin_text(struct clyde_run *run, const char *name, char text[8])
{
	const struct clyde_pin *at = pin(run, name);

	if (at == NULL)
		snprintf(text, 8, "none");
	else
		snprintf(text, 8, "%c%u%s", 'A' + at->port, at->number,
			at->invert ? "#" : "");
}

/* ---- The bitstream ---------------------------------------------------- */

/* Without the word that every bitstream of these FPGAs begins with, behind a
   comment, the FPGA would wait for it for ever. */
static int check_bitstream(const char *path, const uint8_t *data, size_t size)
{
	static const uint8_t preamble[] = {0x7e, 0xaa, 0x99, 0x7e};

	if (size == SIZE_MAX_BYTES)
		return set_error(CLYDE_ERROR_CORRUPT,
			"program-ice40-sram: %s has 1 MiB or more: no iCE40 "
			"takes so much",
			path);
	if (memmem(data, size, preamble, sizeof(preamble)) == NULL)
		return set_error(CLYDE_ERROR_CORRUPT,
			"program-ice40-sram: %s is no bitstream for an iCE40: "
			"7e aa 99 7e is not in it",
			path);
	return 0;
}

static int file_error(const char *path)
{
	return set_error(CLYDE_ERROR_FILE, "program-ice40-sram: %s: %s", path,
		strerror(errno));
}

static int load(struct clyde_run *run, uint8_t **ret_data, size_t *ret_size)
{
	const char *path = run_text(run, "bitstream");
	FILE *file = fopen(path, "rbe");
	uint8_t *data = malloc(SIZE_MAX_BYTES);
	int result = 0;

	*ret_size = 0;
	if (file == NULL) {
		result = file_error(path);
	} else if (data == NULL) {
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	} else {
		*ret_size = fread(data, 1, SIZE_MAX_BYTES, file);
		result = ferror(file) ? file_error(path)
				      : check_bitstream(path, data, *ret_size);
	}
	if (file)
		fclose(file);
	if (result < 0) {
		free(data);
		data = NULL;
	}
	*ret_data = data;
	return result;
}

static int claim(struct clyde_run *run)
{
	const struct spi_pins pins = {
		.sck = pin(run, "sck"),
		.io = {pin(run, "copi")},
		.cs = {pin(run, "cs")},
		.side = {pin(run, "reset")},
		.side_input = pin(run, "done"),
	};
	uint8_t *data;
	size_t size;
	int result;

	if (!pins.sck || !pins.io[0] || !pins.cs[0] || !pins.side[0])
		return set_error(CLYDE_ERROR_INVALID,
			"program-ice40-sram: --cs, --sck, --copi and --reset "
			"are all needed");
	result = load(run, &data, &size);
	free(data);
	return result < 0 ? result : run_claim_spi(run, &pins);
}

/* ---- The run ---------------------------------------------------------- */

static void tell_start(struct clyde_run *run, uint32_t rate_hz)
{
	char cs[8], sck[8], copi[8], reset[8], done[8];

	pin_text(run, "cs", cs);
	pin_text(run, "sck", sck);
	pin_text(run, "copi", copi);
	pin_text(run, "reset", reset);
	pin_text(run, "done", done);
	run_tell(run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("cs", cs), TEXT_FIELD("sck", sck),
			TEXT_FIELD("copi", copi), TEXT_FIELD("reset", reset),
			TEXT_FIELD("done", done),
			COUNT_FIELD("frequency", rate_hz), END_FIELD},
		"cs %s, sck %s, copi %s, reset %s, done %s, %.6g kHz", cs, sck,
		copi, reset, done, rate_hz / 1000.0);
}

static void tell_end(
	struct clyde_run *run, size_t size, double seconds, bool seen)
{
	run_tell(run, "events",
		(const struct clyde_field[]){
			TEXT_FIELD("event", seen ? "configured" : "sent"),
			COUNT_FIELD("bytes", size),
			REAL_FIELD("seconds", seconds), END_FIELD},
		"%zu bytes in %.1f ms: %s", size, 1000 * seconds,
		seen ? "the FPGA is configured"
		     : "without done it is not known whether the FPGA is "
		       "configured");
}

/* CRESET_B's pulse, with chip select low from before its end, which a clock
   while CRESET_B is low does; then the bitstream and the clocks.  The wait for
   CDONE is the core's. */
static int configure(struct clyde_run *run, struct clyde_spi *spi,
	const uint8_t *data, size_t size, uint32_t rate_hz)
{
	bool done = pin(run, "done") != NULL;
	const struct clyde_spi_step steps[] = {
		{.kind = CLYDE_SPI_PINS, .pins = 0, .delay_us = LOW_US},
		{.kind = CLYDE_SPI_TRANSFER, .dummy = 1, .delay_us = LOW_US},
		{.kind = CLYDE_SPI_PINS, .pins = 1, .delay_us = CLEAR_US},
		{
			.kind = CLYDE_SPI_TRANSFER,
			.size = size,
			.out = data,
			.dummy = DONE_CLOCKS,
		},
		{
			.kind = CLYDE_SPI_WAIT,
			.command = SIDE_INPUT,
			.value = 1,
			.limit_us = DONE_US,
		},
		{.kind = CLYDE_SPI_TRANSFER, .dummy = WAKE_CLOCKS},
	};
	struct clyde_spi_step blind[5];
	uint64_t ms = (uint64_t)size * 8 * 1000 / rate_hz * 3 / 2 + SPARE_MS;
	int result;

	memcpy(blind, steps, 4 * sizeof(*steps));
	blind[4] = steps[5];
	result = clyde_spi_transfer(
		spi, 0, done ? steps : blind, done ? 6 : 5, (int)ms);
	if (result == CLYDE_ERROR_LIMIT_PASSED)
		return set_error(CLYDE_ERROR_FPGA,
			"program-ice40-sram: done is low %u ms after the "
			"bitstream: it is for another FPGA or damaged, or cs, "
			"sck, copi or reset do not reach the FPGA",
			DONE_US / 1000);
	return result;
}

static int run(struct clyde_run *run)
{
	struct clyde_spi_options options = {
		.rate_hz = run_value(run, "frequency"),
	};
	struct clyde_spi *spi;
	int64_t from = 0, to = 0;
	uint8_t *data;
	size_t size;
	int result = load(run, &data, &size);

	if (result == 0)
		result = run_spi(run, &options, &spi);
	if (result == 0)
		result = clyde_spi_configure(
			spi, options.rate_hz, 0, 0, &options.rate_hz);
	if (result == 0) {
		tell_start(run, options.rate_hz);
		clyde_device_now(run_device(run), &from);
		result = configure(run, spi, data, size, options.rate_hz);
		clyde_device_now(run_device(run), &to);
	}
	if (result == 0)
		tell_end(run, size, (to - from) / 1e9, pin(run, "done"));
	free(data);
	return result;
}

const struct applet applet_program_ice40_sram = {
	.table =
		{
			.name = "program-ice40-sram",
			.help = "Configure an iCE40 FPGA with a bitstream",
			.parameters = parameters,
			.aliases = "ice40-sram",
		},
	.claim = claim,
	.run = run,
};
