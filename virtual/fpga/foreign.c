/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registers of an FPGA with an unknown bitstream, see virtual/fpga/foreign.h.
 * Source: GlasgowEmbedded/glasgow firmware/fx2/glasgow_fpga.h.
 */
#include "foreign.h"

#include "virtual/faults/faults.h"
#include "wire/regs.h"

#define PIPES 0x0f

void foreign_power_up(struct foreign *foreign)
{
	*foreign = (struct foreign){.runs = true, .pipe_reset = PIPES};
}

bool foreign_i2c_write(struct foreign *foreign, struct faults *faults,
	const uint8_t *data, size_t size)
{
	size_t taken, i = 1;

	if (size == 0 || data[0] > REG_PRIVATE_LAST)
		return false;
	taken = faults_acknowledge(faults, data, size);
	if (taken == 0)
		return false;
	foreign->address = data[0];
	for (; i < taken && foreign->address <= REG_PRIVATE_LAST; i++)
		if (foreign->address++ == REG_PIPE_RESET)
			foreign->pipe_reset = data[i] & PIPES;
	return i == size;
}

static uint8_t read_register(
	const struct foreign *foreign, struct faults *faults, uint8_t reg)
{
	switch (reg) {
	case REG_HEALTH:
		return faults_at(faults, FAULT_HEALTH, 0)
			? (uint8_t)~REG_HEALTH_VALUE
			: REG_HEALTH_VALUE;
	case REG_PIPE_RESET:
		return foreign->pipe_reset;
	}
	return 0;
}

bool foreign_i2c_read(struct foreign *foreign, struct faults *faults,
	uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = foreign->address <= REG_PRIVATE_LAST
			? read_register(foreign, faults, foreign->address++)
			: 0;
	return true;
}
