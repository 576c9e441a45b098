/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI core as an object of clyde.h: spi.c opens, configures and closes it,
 * spi-encode.c makes commands of wire/core-spi.h from steps.  lib/chip uses
 * spi_uninterruptible(), spi_forget() and spi_rate() beside the calls of clyde.h.
 */
#ifndef LIB_CORE_SPI_H
#define LIB_CORE_SPI_H

#include "core.h"
#include "wire/core-spi.h"

/* What the core and its lines are, as far as the library knows it. */
struct spi_known {
	bool settings, pins; /* are those that were sent last */
	bool line;           /* `selected` is known */
	bool selected;
	int last; /* the chip that was selected last; -1: not known */
};

struct clyde_spi {
	union {
		struct object object;
		struct core_object core;
	};
	bool three_wire;

	/* Settings for the next batch, and what is known of the core. */
	struct spi_config config;
	uint8_t pins;
	struct spi_config sent_config;
	uint8_t sent_pins;
	struct spi_known known;
	int kept; /* the chip that CLYDE_SPI_KEEP left selected; or -1 */
};

extern const struct core_kind spi_kind;

/* ---- spi-encode.c ----------------------------------------------------- */

/* Functions of the struct core_kind. */
int spi_check(
	const struct core_object *core, const struct core_request *request);
size_t spi_size(const struct core_request *request);
void spi_encode(struct core_object *core, const struct core_request *request,
	struct core_batch *batch);
int spi_report(const struct core_fault *fault);

/* ---- For lib/chip ----------------------------------------------------- */

/* While this is set, no interrupt ends a call of this object, nor of its
   device: every call needs a limit. */
int spi_uninterruptible(struct clyde_spi *handle, bool uninterruptible);

/* A batch that will not be collected: its memory may not be valid any more. */
int spi_forget(struct clyde_spi *handle, uint64_t ticket);

/* SCK's rate, as it was configured last, in Hz, rounded down; or an error. */
int spi_rate(struct clyde_spi *handle);

#endif
