/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The spi-controller applet's table, its claims and its run.  The library calls
 * claim() and run() by applet_spi_controller.
 */
#include "applets/shared/exchange.h"

/* The default pins are upstream's. */
static const struct clyde_parameter parameters[] = {
	EXCHANGE_DATA,
	{
		.name = "cs",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "Chip select, active low; inverted, active high",
	},
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A1",
		.help = "Clock",
	},
	{
		.name = "copi",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A2",
		.help = "Data to the chip",
	},
	{
		.name = "cipo",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A3",
		.help = "Data from the chip",
	},
	{
		.name = "mode",
		.key = 'm',
		.type = CLYDE_PARAMETER_INTEGER,
		.maximum = 3,
		.initial = "0",
		.help = "SPI mode: 2 and 3 have an idle clock that is high, 1 "
			"and 3 sample at its second edge",
	},
	EXCHANGE_FREQUENCY("100kHz"),
	EXCHANGE_DELAY,
	{0},
};

static int check_pins(const struct spi_pins *pins)
{
	if (pins->cs[0] == NULL)
		return set_error(
			CLYDE_ERROR_INVALID, "spi-controller: cs needs a pin");
	if (pins->io[0] == NULL && pins->io[1] == NULL)
		return set_error(CLYDE_ERROR_INVALID,
			"spi-controller: a pin is needed: --copi, --cipo or "
			"both");
	return 0;
}

static int claim(struct clyde_run *run)
{
	const struct spi_pins pins = {
		.cs = {exchange_pin(run, "cs")},
		.sck = exchange_pin(run, "sck"),
		.io = {exchange_pin(run, "copi"), exchange_pin(run, "cipo")},
	};
	int result = exchange_check(run);

	if (result == 0)
		result = check_pins(&pins);
	return result < 0 ? result : run_claim_spi(run, &pins);
}

static int run(struct clyde_run *run)
{
	static const char *const names[] = {"cs", "sck", "copi", "cipo"};
	char pins[80] = "";
	unsigned ways = 0;

	if (exchange_pin(run, "copi"))
		ways |= EXCHANGE_SENDS;
	if (exchange_pin(run, "cipo"))
		ways |= EXCHANGE_RECEIVES;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		exchange_name_pin(pins, sizeof(pins), names[i],
			exchange_pin(run, names[i]));
	return exchange_run(run, pins, (uint8_t)run_value(run, "mode"), ways);
}

const struct applet applet_spi_controller = {
	.table =
		{
			.name = "spi-controller",
			.help = "Exchange bytes with a chip over SPI",
			.parameters = parameters,
			.aliases = "spi",
		},
	.claim = claim,
	.run = run,
};
