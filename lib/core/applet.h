/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The cores as objects of clyde.h, for applets: claim() calls run_claim_spi() or
 * run_claim_jtag(), and run() calls run_spi() or run_jtag().  Everything else is
 * in clyde.h.
 */
#ifndef LIB_CORE_APPLET_H
#define LIB_CORE_APPLET_H

#include "clyde.h"

struct clyde_run;

/* The pins of the SPI core; NULL: none.  clyde_spi_options explains them. */
struct spi_pins {
	const struct clyde_pin *sck, *io[4], *cs[4], *side[2], *side_input;
};

/* Claim the SPI core, its streams and its pins, whose names in messages are
   "sck", "io0" and on, "cs" or "cs0" and on, "side0", "side1" and "side input". */
int run_claim_spi(struct clyde_run *run, const struct spi_pins *pins);

/* Open the SPI core that run_claim_spi() has claimed: rate, mode, delay and
   three_wire of the options are used.  The object is closed with the run, or
   before. */
int run_spi(struct clyde_run *run, const struct clyde_spi_options *options,
	struct clyde_spi **ret_spi);

/* The pins of the probe core for JTAG; NULL: none.  clyde_jtag_options explains
   them. */
struct jtag_pins {
	const struct clyde_pin *tck, *tms, *tdi, *tdo, *trst, *srst;
};

/* Claim the probe core, its streams and its pins, whose names in messages are
   "tck", "tms", "tdi", "tdo", "trst" and "srst". */
int run_claim_jtag(struct clyde_run *run, const struct jtag_pins *pins);

/* Open the probe core that run_claim_jtag() has claimed: rate and delay of the
   options are used.  The object is closed with the run, or before. */
int run_jtag(struct clyde_run *run, const struct clyde_jtag_options *options,
	struct clyde_jtag **ret_jtag);

#endif
