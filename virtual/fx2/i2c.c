/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The I2C transactions between the FX2 and the FPGA.  All files of virtual/fx2
 * reach the FPGA's registers by these functions.  The other chips are reached
 * by board_i2c().
 */
#include "internal.h"

/* While a bitstream is loaded the FX2 does not output IFCLK, which is the clock
   of the FPGA's I2C target: the firmware's fpga.c, load_end(), starts it. */
static bool fpga_has_clock(const struct device *device)
{
	return device->alternate[USB_IFACE_EP2OUT] < USB_ALT_CFG;
}

static bool fpga_answers(const struct device *device)
{
	return !device->board.sda_low && fpga_has_clock(device);
}

bool i2c_fpga_write(struct device *device, const uint8_t *data, size_t size)
{
	return fpga_answers(device) &&
		device->fpga->ops->i2c_write(
			device->fpga, device->now, data, size);
}

/* libfx2's i2c_read() returns at once for no bytes, before the stop condition.
   The FPGA has been addressed, and drives the highest bit of the register that
   was selected: a 0 is a low SDA, for good. */
static bool leave_bus_open(struct device *device)
{
	uint8_t next = 0;

	if (!device->fpga->ops->i2c_read(
		    device->fpga, device->now, &next, sizeof(next)))
		return false;
	device->board.sda_low = !(next & 0x80);
	return true;
}

bool i2c_fpga_read(struct device *device, uint8_t *data, size_t size)
{
	if (!fpga_answers(device))
		return false;
	if (size == 0)
		return leave_bus_open(device);
	return device->fpga->ops->i2c_read(
		device->fpga, device->now, data, size);
}
