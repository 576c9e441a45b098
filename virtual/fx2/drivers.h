/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The firmware's drivers for the chips of a port.  Each function is one or a
 * few I2C transactions; false if a chip did not answer, or if the revision
 * has none that could.  Voltages are mV, currents 10 uA; as a limit 0 is none.
 */
#ifndef VIRTUAL_DRIVERS_H
#define VIRTUAL_DRIVERS_H

#include "internal.h"

/* The DAC: what the supply is, or will be once it is on. */
bool driver_set_supply(struct device *device, unsigned port, uint16_t mv);
bool driver_get_supply(struct device *device, unsigned port, uint16_t *ret_mv);

/* The ADC.  Only the INA233 of C2 and later knows currents and alerts. */
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

/* Faults, enum mgmt_port_alert, that are not masked; and to let go of nALERT,
   after which the trip current is watched as before, the window no more. */
bool driver_get_faults(
	struct device *device, unsigned port, uint8_t *ret_faults);
bool driver_clear_alert(struct device *device, unsigned port);

/* The expander: one bit a pin, of inputs 1 = neither pulled up nor down. */
bool driver_set_pulls(
	struct device *device, unsigned port, uint8_t output, uint8_t inputs);
bool driver_get_pulls(struct device *device, unsigned port, uint8_t *ret_output,
	uint8_t *ret_inputs);
bool driver_get_levels(
	struct device *device, unsigned port, uint8_t *ret_levels);

#endif
