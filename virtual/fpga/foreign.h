/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An FPGA with a bitstream that its model does not know.  What every Glasgow
 * bitstream has answers: the registers of the firmware, up to
 * REG_PRIVATE_LAST.  Other registers are not acknowledged, and there are no
 * pipes, pins or alerts.  virtual/fpga/model.c and virtual/fpga/twin.c use it.
 */
#ifndef VIRTUAL_FOREIGN_H
#define VIRTUAL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct faults;

struct foreign {
	bool runs; /* such a bitstream has configured the FPGA */
	uint8_t address;
	uint8_t pipe_reset;
};

/* The state right after configuration. */
void foreign_power_up(struct foreign *foreign);

/* A transaction, as in struct fpga_ops. */
bool foreign_i2c_write(struct foreign *foreign, struct faults *faults,
	const uint8_t *data, size_t size);
bool foreign_i2c_read(struct foreign *foreign, struct faults *faults,
	uint8_t *data, size_t size);

#endif
