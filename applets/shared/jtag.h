/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The probe core for the applets jtag-...: parameters of its pins, and clocks of
 * TCK, which are sent ahead and collected later, so that many are on their way.
 *
 * The pins are driven from jtag_open() until the run ends.
 */
#ifndef APPLETS_JTAG_H
#define APPLETS_JTAG_H

#include "lib/run/applet.h"

#define JTAG_RATE_MIN 1465
#define JTAG_RATE_MAX 24000000

/* Rows that tables have.  The default pins are upstream's. */
#define JTAG_PIN(pin_name, default_pin, text)                  \
	{                                                      \
		.name = pin_name, .type = CLYDE_PARAMETER_PIN, \
		.initial = default_pin, .help = text,          \
	}
#define JTAG_PINS                                                            \
	JTAG_PIN("tck", "A0", "The clock"),                                  \
		JTAG_PIN("tms", "A1", "Mode select"),                        \
		JTAG_PIN("tdi", "A2", "Data to the target"),                 \
		JTAG_PIN("tdo", "A3", "Data from the target"),               \
		JTAG_PIN("trst", NULL,                                       \
			"Reset of the port, active low; inverted, active "   \
			"high"),                                             \
		JTAG_PIN("srst", NULL,                                       \
			"Reset of the target, active low; inverted, active " \
			"high")
#define JTAG_FREQUENCY(default_text, text)                                   \
	{                                                                    \
		.name = "frequency", .key = 'f',                             \
		.type = CLYDE_PARAMETER_FREQUENCY, .minimum = JTAG_RATE_MIN, \
		.maximum = JTAG_RATE_MAX, .initial = default_text,           \
		.help = text,                                                \
	}
#define JTAG_DELAY                                                          \
	{                                                                   \
		.name = "sample-delay", .type = CLYDE_PARAMETER_TEXT,       \
		.initial = "0", .unit = "ns",                               \
		.help = "How long after the falling edge of TCK TDO is "    \
			"sampled, up to 73, in steps of 10.4 ns, for long " \
			"cables at high rates; auto: find it with the "     \
			"chain, whose TAPs are reset",                      \
	}

/* Claim the core and the pins of the parameters.  For claim(). */
int jtag_claim(struct clyde_run *run, const char *applet);

struct jtag;

/* Whether --sample-delay is "auto". */
bool jtag_finds_delay(struct clyde_run *run);

/* Drive the pins, resets inactive, and tell of them.  With --sample-delay auto,
   find the delay at this rate; it is right at lower ones, too, since a lower rate
   only moves the earliest delay that is right.  For run(). */
int jtag_open(struct clyde_run *run, uint32_t rate_hz, struct jtag **ret_jtag);
/* NULL does nothing. */
void jtag_close(struct jtag *jtag);
/* For the calls of clyde.h. */
struct clyde_jtag *jtag_core(struct jtag *jtag);

/* The rate of TCK from now on: the nearest that is not above, or the lowest.
   ret_rate_hz may be NULL. */
int jtag_set_rate(struct jtag *jtag, uint32_t rate_hz, uint32_t *ret_rate_hz);

/*
 * Send `bits` clocks, 1 to JTAG_BITS_MAX, with these levels; the first is bit 0 of
 * byte 0.  TDO of each goes to `tdo`, which must stay valid until the ticket was
 * collected; NULL: it is not wanted.
 */
#define JTAG_BITS_MAX (8 * 16384)
int jtag_submit(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo, uint64_t *ret_ticket);
/* Wait for their end, and for all before. */
int jtag_collect(struct jtag *jtag, uint64_t ticket);

/* Both at once. */
int jtag_shift(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo);

/* After the clocks that were sent: */
int jtag_set_resets(struct jtag *jtag, bool trst, bool srst); /* active */
int jtag_delay(struct jtag *jtag, uint32_t delay_us);

/* Read TDO when all that was sent is done. */
int jtag_read_tdo(struct jtag *jtag, bool *ret_high);

#endif
