/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The firmware's drivers for the chips of a port.  Each function makes one or a
 * few I2C transactions; false if a chip does not answer, or if this revision
 * has no chip for it.  Voltages are in mV, currents in 10 uA; a limit of 0
 * means no limit.
 */
#ifndef VIRTUAL_DRIVERS_H
#define VIRTUAL_DRIVERS_H

#include "internal.h"

/* The DAC: the supply's voltage, also while the supply is off. */
bool driver_set_supply(struct device *device, unsigned port, uint16_t mv);
bool driver_get_supply(struct device *device, unsigned port, uint16_t *ret_mv);

/* The ADC.  Only the INA233 of C2 and later has currents and alerts. */
bool driver_get_sense(struct device *device, unsigned port, uint16_t *ret_mv);
bool driver_get_current(
	struct device *device, unsigned port, uint16_t *ret_current);
bool driver_set_window(struct device *device, unsigned port, uint16_t low_mv,
	uint16_t high_mv);
bool driver_get_window(struct device *device, unsigned port,
	uint16_t *ret_low_mv, uint16_t *ret_high_mv);
bool driver_set_trip(struct device *device, unsigned port, uint16_t current);
bool driver_get_trip(
	struct device *device, unsigned port, uint16_t *ret_current);
bool driver_reset_adc(struct device *device, unsigned port);

/* Read the faults that are not masked, enum mgmt_port_alert.  Release nALERT:
   the trip current is watched as before, the window is not watched any more. */
bool driver_get_faults(
	struct device *device, unsigned port, uint8_t *ret_faults);
bool driver_clear_alert(struct device *device, unsigned port);

/* The expander, one bit a pin.  `output`: 1 = pulled up, 0 = pulled down;
   `inputs`: 1 = neither. */
bool driver_set_pulls(
	struct device *device, unsigned port, uint8_t output, uint8_t inputs);
bool driver_get_pulls(struct device *device, unsigned port, uint8_t *ret_output,
	uint8_t *ret_inputs);
bool driver_get_levels(
	struct device *device, unsigned port, uint8_t *ret_levels);

#endif
