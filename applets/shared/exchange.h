/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What spi-controller and qspi-controller share: bytes given as hexadecimal
 * words, and one exchange with a chip for each word.
 */
#ifndef APPLETS_EXCHANGE_H
#define APPLETS_EXCHANGE_H

#include "lib/core/applet.h"
#include "lib/run/applet.h"

/* Rows that both tables have. */
#define EXCHANGE_FREQUENCY(default_text)                                      \
	{                                                                     \
		.name = "frequency", .key = 'f',                              \
		.type = CLYDE_PARAMETER_FREQUENCY,                            \
		.minimum = CLYDE_SPI_RATE_MIN, .maximum = CLYDE_SPI_RATE_MAX, \
		.initial = default_text,                                      \
		.help = "Rate of sck; the nearest that is not "               \
			"faster is taken",                                    \
	}
#define EXCHANGE_DELAY                                                    \
	{                                                                 \
		.name = "sample-delay", .type = CLYDE_PARAMETER_INTEGER,  \
		.maximum = 73, .unit = "ns",                              \
		.help = "How long after the sampling edge the input is "  \
			"sampled, in steps of 10.4 ns; 21 if not given, " \
			"and 0 is for chips beside the FPGA",             \
	}
#define EXCHANGE_DATA                                                       \
	{                                                                   \
		.name = "data", .type = CLYDE_PARAMETER_WORDS,              \
		.positional = true, .required = true,                       \
		.help = "Bytes to exchange, such as 9f000000; the chip is " \
			"selected for each of these words",                 \
	}

/* CLYDE_ERROR_INVALID if a word of "data" is not hexadecimal bytes.  For
   claim(). */
int exchange_check(struct clyde_run *run);

/* The only pin of a parameter, or NULL. */
const struct clyde_pin *exchange_pin(struct clyde_run *run, const char *name);

/* "cs A0, sck A1#" in text, at most size bytes: append a pin. */
void exchange_name_pin(
	char *text, size_t size, const char *name, const struct clyde_pin *pin);

enum exchange_way { EXCHANGE_SENDS = 1 << 0, EXCHANGE_RECEIVES = 1 << 1 };

/* Tell of the pins, open the core, and exchange all words, in the directions
   (enum exchange_way) that have a pin.  For run(). */
int exchange_run(
	struct clyde_run *run, const char *pins, uint8_t mode, unsigned ways);

#endif
