/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of the applet spi-flashrom, its claims and its run.  The library calls
 * claim() and run() by applet_spi_flashrom.
 */
#include <stdio.h>
#include <stdlib.h>

#include "applets/shared/server.h"
#include "flashrom.h"

static const struct clyde_parameter parameters[] = {
	{
		.name = "endpoint",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.help = "tcp:HOST:PORT or unix:PATH to listen at, pty for a "
			"pseudoterminal whose path is told, or pty:PATH for a "
			"link to it",
	},
	{
		.name = "cs",
		.type = CLYDE_PARAMETER_PINS,
		.initial = "A5",
		.help = "The chip select pin, or up to four",
	},
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A1",
		.help = "The clock pin",
	},
	{
		.name = "copi",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A2",
		.help = "The pin of the data to the chip",
	},
	{
		.name = "cipo",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A4",
		.help = "The pin of the data from the chip",
	},
	{
		.name = "wp",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A3",
		.help = "The WP# pin, which is pulled up",
	},
	{
		.name = "hold",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "The HOLD# pin, which is pulled up",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = CLYDE_SPI_RATE_MIN,
		.maximum = CLYDE_SPI_RATE_MAX,
		.initial = "12M",
		.help = "Of the clock, unless a client sets another",
	},
	SERVER_ONCE,
	{0},
};

static int claim(struct clyde_run *run)
{
	int result = server_check(run, "spi-flashrom", true);

	return result < 0 ? result : bus_claim(run);
}

/* ---- The run ---------------------------------------------------------- */

/* "cs A5, sck A1, " */
static void pins_text(struct clyde_run *run, char *text, size_t size)
{
	static const char *const names[] = {
		"cs", "sck", "copi", "cipo", "wp", "hold"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct clyde_pin *pins;
		unsigned count = run_pins(run, names[i], &pins);

		for (unsigned k = 0; k < count; k++) {
			int length = snprintf(text, size, "%s%s%c%u%s",
				k ? "," : names[i], k ? "" : " ",
				'A' + pins[k].port, pins[k].number,
				pins[k].invert ? "#" : "");

			text += length;
			size -= length;
		}
		if (count) {
			int length = snprintf(text, size, ", ");

			text += length;
			size -= length;
		}
	}
}

static void tell_start(struct clyde_run *run, uint32_t rate_hz)
{
	char pins[128] = "";

	pins_text(run, pins, sizeof(pins));
	run_tell(run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("pins", pins),
			COUNT_FIELD("rate_hz", rate_hz), END_FIELD},
		"%s%.6g MHz", pins, rate_hz / 1e6);
}

static int start(struct clyde_run *run, struct bus *bus, uint32_t rate_hz)
{
	uint32_t real_hz;
	int result;

	bus_init(bus, run);
	result = bus_set_rate(bus, rate_hz, &real_hz);
	if (result == 0)
		result = bus_drive(bus);
	if (result == 0)
		tell_start(run, real_hz);
	return result;
}

static int run(struct clyde_run *run)
{
	uint32_t rate_hz = run_value(run, "frequency");
	struct bus *bus = malloc(sizeof(*bus));
	int result;

	if (bus == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = start(run, bus, rate_hz);
	if (result == 0)
		result = session_run(run, bus, rate_hz);
	clyde_spi_close(bus->spi);
	free(bus);
	return result;
}

const struct applet applet_spi_flashrom = {
	.table =
		{
			.name = "spi-flashrom",
			.help = "Let flashrom read and write a flash chip",
			.parameters = parameters,
			.aliases = "flashrom",
		},
	.claim = claim,
	.run = run,
};
