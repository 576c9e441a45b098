/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Voltages, currents and pulls as I2C transactions with the chips of a port:
 * what GlasgowEmbedded/glasgow firmware/fx2/port.c does, in the 16-bit unsigned
 * arithmetic of its compiler.  virtual/fx2/ports.c calls these functions.
 *
 * The firmware's functions share one word of working memory, whose contents a
 * host can see: ports_get_pulls().  Hence `port_scratch`, which each function
 * must leave as the firmware does.
 */
#include "drivers.h"

/* Address of the first INA233 of revD; the firmware also uses it when the
   revision is not known. */
#define ADC_REVD 0x4c

#define CALIBRATION    3413  /* 0.00512 / (0.15 ohm * 10 uA) */
#define DEFAULT_TRIP   10000 /* 100 mA */
#define VOLTAGE_FAULTS (INA233_UNDERVOLTAGE | INA233_OVERVOLTAGE)
#define ALL_FAULTS     (VOLTAGE_FAULTS | INA233_OVERCURRENT)
#define ONLY_TRIP_MASK (uint8_t) ~INA233_OVERCURRENT

/* SMBus: a command with 0 to 2 bytes of data, low byte first. */

static bool put(struct device *device, uint8_t address, uint8_t command,
	uint16_t value, size_t size)
{
	uint8_t bytes[] = {command, value, value >> 8};

	return board_i2c(&device->board, address, bytes, 1 + size, NULL, 0);
}

static bool get(struct device *device, uint8_t address, uint8_t command,
	uint16_t *ret_value, size_t size)
{
	uint8_t bytes[2] = {0};

	if (!board_i2c(&device->board, address, &command, 1, bytes, size))
		return false;
	*ret_value = bytes[0] | bytes[1] << 8;
	return true;
}

static uint8_t dac_at(const struct device *device, unsigned port)
{
	if (port > 0)
		return BOARD_DAC_B;
	if (device->config.revision < REVISION_C3)
		return BOARD_DAC_A_OLD;
	return BOARD_DAC_A;
}

static bool has_ina233(const struct device *device)
{
	return device->config.revision >= REVISION_C2;
}

static uint8_t adc_at(const struct device *device, unsigned port)
{
	if (device->config.revision >= REVISION_D0)
		return ADC_REVD + port;
	if (has_ina233(device))
		return BOARD_ADC_A + port;
	return BOARD_ADC_A_OLD + port;
}

static uint8_t expander_at(unsigned port)
{
	return BOARD_PULL_A + port;
}

/* The DAC081C's upper 8 of 12 bits take the supply down from 5526 mV, 15.2 mV
   a step.  Its words have the high byte first. */

bool driver_set_supply(struct device *device, unsigned port, uint16_t mv)
{
	/* 0 mV wraps around, to a code of 2485. */
	uint16_t steps = (uint16_t)(mv - 1650) >> 4;
	uint16_t scaled = steps * 269;
	uint16_t code = (254 << 4) - (scaled >> 4);
	uint8_t bytes[] = {code >> 8, code};

	device->port_scratch = bytes[0];
	return board_i2c(&device->board, dac_at(device, port), bytes,
		sizeof(bytes), NULL, 0);
}

bool driver_get_supply(struct device *device, unsigned port, uint16_t *ret_mv)
{
	uint8_t bytes[2];
	uint16_t steps;

	if (!board_i2c(&device->board, dac_at(device, port), NULL, 0, bytes,
		    sizeof(bytes)))
		return false;
	steps = 255 - ((bytes[0] << 8 | bytes[1]) >> 4);
	*ret_mv = 1650 + (uint16_t)(steps * 152) / 10;
	device->port_scratch = *ret_mv;
	return true;
}

/* The INA233 counts voltages in 1.25 mV. */

static uint16_t encode(uint16_t mv)
{
	return mv * 4 / 5;
}

static uint16_t decode(uint16_t code)
{
	return code * 5 / 4;
}

/* The ADC081C counts in 25.9 mV, and has the high byte first. */
static uint16_t decode_old(uint16_t word)
{
	uint16_t code = __builtin_bswap16(word) >> 4;

	return (uint16_t)(code * 259) / 10;
}

bool driver_get_sense(struct device *device, unsigned port, uint16_t *ret_mv)
{
	bool ina233 = has_ina233(device);
	uint8_t command = ina233 ? INA233_READ_VIN : ADC081C_RESULT;
	uint16_t word;

	if (!get(device, adc_at(device, port), command, &word, 2))
		return false;
	*ret_mv = ina233 ? decode(word) : decode_old(word);
	device->port_scratch = *ret_mv;
	return true;
}

bool driver_get_current(
	struct device *device, unsigned port, uint16_t *ret_current)
{
	if (!has_ina233(device) ||
		!get(device, adc_at(device, port), INA233_READ_IOUT,
			ret_current, 2))
		return false;
	device->port_scratch = *ret_current;
	return true;
}

/* Of `faults`, let those in `watched` raise an alert, and the others not.  The
   chip reports a fault once, when it appears, hence CLEAR_FAULTS. */
static bool set_alerts(
	struct device *device, uint8_t adc, uint8_t faults, uint8_t watched)
{
	uint16_t mask;

	return get(device, adc, INA233_MFR_ALERT_MASK, &mask, 1) &&
		put(device, adc, INA233_MFR_ALERT_MASK,
			(mask | faults) & ~watched, 1) &&
		put(device, adc, INA233_CLEAR_FAULTS, 0, 0);
}

/* Read a limit; 0 if its fault is masked. */
static bool get_limit(struct device *device, uint8_t adc, uint8_t command,
	uint8_t fault, uint16_t *ret_limit)
{
	uint16_t mask, limit;

	if (!get(device, adc, INA233_MFR_ALERT_MASK, &mask, 1) ||
		!get(device, adc, command, &limit, 2))
		return false;
	*ret_limit = mask & fault ? 0 : limit;
	return true;
}

bool driver_set_window(
	struct device *device, unsigned port, uint16_t low_mv, uint16_t high_mv)
{
	uint8_t adc = adc_at(device, port);
	uint16_t low = encode(low_mv), high = encode(high_mv);
	uint8_t watched = 0;

	device->port_scratch = low_mv;
	/* Upstream does not use the ADC081C's alerts, as they hung the bus. */
	if (!has_ina233(device))
		return false;
	if (low_mv != 0)
		watched |= INA233_UNDERVOLTAGE;
	if (high_mv != 0)
		watched |= INA233_OVERVOLTAGE;
	device->port_scratch = low;
	return put(device, adc, INA233_VIN_OV_WARN_LIMIT, high, 2) &&
		put(device, adc, INA233_VIN_UV_WARN_LIMIT, low, 2) &&
		set_alerts(device, adc, VOLTAGE_FAULTS, watched);
}

bool driver_get_window(struct device *device, unsigned port,
	uint16_t *ret_low_mv, uint16_t *ret_high_mv)
{
	uint8_t adc = adc_at(device, port);
	uint16_t low = 0, high = 0;

	/* A chip without alerts has no window, which is not an error. */
	if (has_ina233(device) &&
		!(get_limit(device, adc, INA233_VIN_UV_WARN_LIMIT,
			  INA233_UNDERVOLTAGE, &low) &&
			get_limit(device, adc, INA233_VIN_OV_WARN_LIMIT,
				INA233_OVERVOLTAGE, &high)))
		return false;
	*ret_low_mv = decode(low);
	*ret_high_mv = decode(high);
	device->port_scratch = *ret_low_mv;
	return true;
}

bool driver_set_trip(struct device *device, unsigned port, uint16_t current)
{
	uint8_t adc = adc_at(device, port);
	uint8_t watched = current != 0 ? INA233_OVERCURRENT : 0;

	device->port_scratch = current;
	return has_ina233(device) &&
		put(device, adc, INA233_IOUT_OC_WARN_LIMIT, current, 2) &&
		set_alerts(device, adc, INA233_OVERCURRENT, watched);
}

bool driver_get_trip(
	struct device *device, unsigned port, uint16_t *ret_current)
{
	if (!has_ina233(device) ||
		!get_limit(device, adc_at(device, port),
			INA233_IOUT_OC_WARN_LIMIT, INA233_OVERCURRENT,
			ret_current))
		return false;
	device->port_scratch = *ret_current;
	return true;
}

bool driver_reset_adc(struct device *device, unsigned port)
{
	uint8_t adc = adc_at(device, port);

	if (!has_ina233(device))
		return put(device, adc, ADC081C_CONFIGURATION, 0, 1);
	return put(device, adc, INA233_RESTORE_DEFAULT_ALL, 0, 0) &&
		put(device, adc, INA233_MFR_CALIBRATION, CALIBRATION, 2) &&
		put(device, adc, INA233_MFR_ALERT_MASK, ONLY_TRIP_MASK, 1) &&
		put(device, adc, INA233_IOUT_OC_WARN_LIMIT, DEFAULT_TRIP, 2);
}

bool driver_get_faults(
	struct device *device, unsigned port, uint8_t *ret_faults)
{
	uint8_t adc = adc_at(device, port);
	uint16_t mask, status;

	if (!has_ina233(device) ||
		!get(device, adc, INA233_MFR_ALERT_MASK, &mask, 1) ||
		!get(device, adc, INA233_STATUS_MFR_SPECIFIC, &status, 1))
		return false;
	*ret_faults = status & ~mask & ALL_FAULTS;
	return true;
}

/* Only a reset makes the chip release nALERT.  The window is not restored: the
   voltage at the sense pin may stay outside for ever. */
bool driver_clear_alert(struct device *device, unsigned port)
{
	uint8_t adc = adc_at(device, port);
	uint16_t mask, trip;

	if (!get(device, adc, INA233_MFR_ALERT_MASK, &mask, 1) ||
		!get(device, adc, INA233_IOUT_OC_WARN_LIMIT, &trip, 2))
		return false;
	device->port_scratch = trip;
	mask |= ONLY_TRIP_MASK;
	return put(device, adc, INA233_RESTORE_DEFAULT_ALL, 0, 0) &&
		put(device, adc, INA233_MFR_CALIBRATION, CALIBRATION, 2) &&
		put(device, adc, INA233_IOUT_OC_WARN_LIMIT, trip, 2) &&
		put(device, adc, INA233_MFR_ALERT_MASK, mask, 1);
}

bool driver_set_pulls(
	struct device *device, unsigned port, uint8_t output, uint8_t inputs)
{
	uint8_t expander = expander_at(port);

	device->port_scratch = output;
	return put(device, expander, PCA6408A_OUTPUT, output, 1) &&
		put(device, expander, PCA6408A_CONFIGURATION, inputs, 1);
}

bool driver_get_pulls(struct device *device, unsigned port, uint8_t *ret_output,
	uint8_t *ret_inputs)
{
	uint8_t expander = expander_at(port);
	uint16_t output, inputs;

	if (!get(device, expander, PCA6408A_OUTPUT, &output, 1) ||
		!get(device, expander, PCA6408A_CONFIGURATION, &inputs, 1))
		return false;
	*ret_output = output;
	*ret_inputs = inputs;
	device->port_scratch = output;
	return true;
}

bool driver_get_levels(
	struct device *device, unsigned port, uint8_t *ret_levels)
{
	uint16_t levels;

	if (!get(device, expander_at(port), PCA6408A_INPUT, &levels, 1))
		return false;
	*ret_levels = levels;
	device->port_scratch = levels;
	return true;
}
