/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the applet spi-flashrom share.  spi-flashrom.c has the table,
 * the claims and the run; session.c serves one client after the other; serprog.c
 * parses what clients send; bus.c carries it out on the chip's pins.
 */
#ifndef SPI_FLASHROM_FLASHROM_H
#define SPI_FLASHROM_FLASHROM_H

#include "lib/core/applet.h"
#include "lib/run/applet.h"
#include "serprog.h"

/* ---- The chip's bus --------------------------------------------------- */

/* Bytes are received in blocks of this size, and so many are on their way at
   once: 5.5 ms each at 24 MHz. */
#define BUS_BLOCK_SIZE 16384
#define BUS_BLOCKS     8

struct bus_block {
	uint64_t ticket;
	uint32_t size; /* received bytes */
	uint8_t data[BUS_BLOCK_SIZE];
};

struct bus {
	struct clyde_run *run;
	struct clyde_spi *spi; /* NULL: the pins are released */
	uint32_t rate_hz;
	unsigned chips, chip; /* how many there are; the one in use */
	bool duplex;          /* transfers send and receive at once */
	enum serprog_select select;
	bool selected; /* the last batch has left the chip selected */
	/* A write enable command that was acknowledged and is sent with the next
	   transfer; 0: none. */
	uint8_t held;
	struct bus_block blocks[BUS_BLOCKS];
};

/* Claim the core and the pins of the parameters. */
int bus_claim(struct clyde_run *run);
void bus_init(struct bus *bus, struct clyde_run *run);

/* Drive the pins, with no chip selected; release them, with their pulls. */
int bus_drive(struct bus *bus);
int bus_release(struct bus *bus);

/* The rate that the core has for this one: the nearest that is not above it, or
   the lowest. */
int bus_set_rate(struct bus *bus, uint32_t rate_hz, uint32_t *ret_rate_hz);
int bus_set_select(struct bus *bus, enum serprog_select select);

/* Takes received bytes.  Returns 0; 1 if no more are wanted; or an error. */
typedef int bus_take(void *user, const uint8_t *data, size_t size);

/*
 * Carry out a transfer.  What is received goes to take() as it comes; when that
 * returns 1, the transfer ends there and the chip is deselected.  A transfer is
 * done when the call returns, except for a write enable command (06h, 50h), which
 * is sent with the next transfer, or by bus_settle().
 */
int bus_transfer(struct bus *bus, const struct serprog_command *command,
	bus_take *take, void *user);

/* Send what was held back. */
int bus_settle(struct bus *bus);

/* ---- Clients ---------------------------------------------------------- */

/* Serve clients until the run ends; with --once, one client. */
int session_run(struct clyde_run *run, struct bus *bus, uint32_t rate_hz);

#endif
