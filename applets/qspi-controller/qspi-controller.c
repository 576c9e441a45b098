/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The qspi-controller applet's table, its claims and its run.  Its command line
 * exchanges bytes over one lane, as upstream's does; programs use more lanes by
 * clyde_spi_transfer().  The library calls claim() and run() by
 * applet_qspi_controller.
 */
#include "applets/shared/exchange.h"

/* The default pins are upstream's. */
static const struct clyde_parameter parameters[] = {
	EXCHANGE_DATA,
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "Clock",
	},
	{
		.name = "io",
		.type = CLYDE_PARAMETER_PINS,
		.initial = "A1:4",
		.help = "COPI, CIPO, IO2 and IO3; the last two are driven high",
	},
	{
		.name = "cs",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A5",
		.help = "Chip select, active low; inverted, active high",
	},
	EXCHANGE_FREQUENCY("1MHz"),
	EXCHANGE_DELAY,
	{0},
};

static int claim(struct clyde_run *run)
{
	const struct clyde_pin *io;
	unsigned count = run_pins(run, "io", &io);
	struct spi_pins pins = {
		.sck = exchange_pin(run, "sck"),
		.cs = {exchange_pin(run, "cs")},
	};
	int result = exchange_check(run);

	if (result == 0 && count != 4)
		result = set_error(CLYDE_ERROR_INVALID,
			"qspi-controller: io has %u pins, and four are needed: "
			"COPI, CIPO, IO2 and "
			"IO3",
			count);
	if (result == 0 && pins.cs[0] == NULL)
		result = set_error(
			CLYDE_ERROR_INVALID, "qspi-controller: cs needs a pin");
	if (result < 0)
		return result;
	for (unsigned i = 0; i < 4; i++)
		pins.io[i] = &io[i];
	return run_claim_spi(run, &pins);
}

static int run(struct clyde_run *run)
{
	static const char *const names[] = {"copi", "cipo", "io2", "io3"};
	const struct clyde_pin *io;
	unsigned count = run_pins(run, "io", &io);
	char pins[120] = "";

	exchange_name_pin(pins, sizeof(pins), "sck", exchange_pin(run, "sck"));
	for (unsigned i = 0; i < count && i < 4; i++)
		exchange_name_pin(pins, sizeof(pins), names[i], &io[i]);
	exchange_name_pin(pins, sizeof(pins), "cs", exchange_pin(run, "cs"));
	return exchange_run(run, pins, 0, EXCHANGE_SENDS | EXCHANGE_RECEIVES);
}

const struct applet applet_qspi_controller = {
	.table =
		{
			.name = "qspi-controller",
			.help = "Exchange bytes with a chip that has four data "
				"lines",
			.parameters = parameters,
			.aliases = "qspi",
		},
	.claim = claim,
	.run = run,
};
