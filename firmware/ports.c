/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The ports' supplies, limits, windows, trip currents and pull resistors: the
 * commands, and the chips behind them.  mgmt.c calls the handlers.
 *
 * Units on the wire: mV, and 10 uA.  A limit of 0 means none, a supply of 0
 * means off.  Source: GlasgowEmbedded/glasgow firmware/fx2/port.c.
 */
#include "firmware.h"

#define PORTS         2 /* revC: A and B */
#define ALL_PORTS     0x03
#define SUPPLY_MIN_MV 1650
#define SUPPLY_MAX_MV 5500

#define CALIBRATION    3413  /* 0.00512 / (0.15 ohm * 10 uA) */
#define DEFAULT_TRIP   10000 /* 100 mA */
#define VOLTAGE_FAULTS (MGMT_UNDERVOLTAGE | MGMT_OVERVOLTAGE)
#define ALL_FAULTS     (VOLTAGE_FAULTS | MGMT_OVERCURRENT)
#define EXPANDER_TRIES 250 /* of some 50 us */
#define ONLY_TRIP_MASK ((uint8_t)~MGMT_OVERCURRENT)

uint8_t ports_mask;

static __code const uint8_t enables[PORTS] = {PORTD_ENABLE_A, PORTD_ENABLE_B};

/* The port at hand, and its values: a command's functions share them, as SDCC
   passes globals more cheaply than parameters. */
static uint8_t port;
static uint16_t value, value2;

static bool has_ina233(void)
{
	return config.revision >= REVISION_C2;
}

static uint8_t adc(void)
{
	return has_ina233() ? CHIP_ADC + port : CHIP_ADC_OLD + port;
}

static uint8_t dac(void)
{
	if (port > 0)
		return CHIP_DAC_B;
	return config.revision < REVISION_C3 ? CHIP_DAC_A_OLD : CHIP_DAC_A;
}

static bool is_on(void)
{
	return IOD & enables[port];
}

/* The DAC081C's upper 8 of 12 bits take the supply down from 5526 mV, 15.2 mV
   a step.  Its words have the high byte first, and no command. */

static bool put_supply(void)
{
	uint16_t steps = (uint16_t)(value - SUPPLY_MIN_MV) >> 4;
	uint16_t code = (254 << 4) - ((uint16_t)(steps * 269) >> 4);

	return smbus_put(dac(), code >> 8, code, 1);
}

static uint16_t swap(uint16_t word)
{
	return word << 8 | word >> 8;
}

/* Also while the supply is off. */
static bool get_supply(void)
{
	uint16_t steps;

	if (!i2c_read(dac(), 0, (__xdata uint8_t *)&smbus_value, 2))
		return false;
	steps = 255 - (swap(smbus_value) >> 4);
	value = SUPPLY_MIN_MV + (uint16_t)(steps * 152) / 10;
	return true;
}

/* The INA233 counts voltages in 1.25 mV, the ADC081C in 25.9 mV and with the
   high byte first. */

static uint16_t encode(uint16_t mv)
{
	return (uint16_t)(mv * 4) / 5;
}

static uint16_t decode(uint16_t code)
{
	return code + code / 4;
}

static uint16_t decode_old(uint16_t word)
{
	return (uint16_t)((swap(word) >> 4) * 259) / 10;
}

static bool get_adc(uint8_t command, uint8_t size)
{
	return smbus_get(adc(), command, size);
}

static bool put_adc(uint8_t command, uint16_t word, uint8_t size)
{
	return smbus_put(adc(), command, word, size);
}

/* MFR_ALERT_MASK of the port at hand */
static uint8_t mask;

static bool get_mask(void)
{
	if (!get_adc(INA233_MFR_ALERT_MASK, 1))
		return false;
	mask = smbus_value;
	return true;
}

static bool put_mask(void)
{
	return put_adc(INA233_MFR_ALERT_MASK, mask, 1);
}

static bool mask_faults(uint8_t faults)
{
	if (!get_mask())
		return false;
	mask |= faults;
	return put_mask();
}

/*
 * Of the masked faults, let those in `watched` raise an alert.  The chip
 * reports a fault once, when it appears, hence CLEAR_FAULTS; which forgets a
 * fault that has raised an alert, hence the mask while limits change.
 */
static bool watch_faults(uint8_t watched)
{
	mask &= ~watched;
	return put_mask() && put_adc(INA233_CLEAR_FAULTS, 0, 0);
}

/* A limit; 0 if its fault is masked. */
static bool get_limit(uint8_t command, uint8_t fault)
{
	if (!get_adc(command, 2))
		return false;
	if (mask & fault)
		smbus_value = 0;
	return true;
}

static bool restore_adc(uint16_t trip)
{
	return put_adc(INA233_RESTORE_DEFAULT_ALL, 0, 0) &&
		put_adc(INA233_MFR_CALIBRATION, CALIBRATION, 2) &&
		put_adc(INA233_IOUT_OC_WARN_LIMIT, trip, 2) && put_mask();
}

/* Only a reset makes the chip release nALERT.  The trip current is kept; the
   window is not: the voltage at the sense pin may stay outside for ever. */
static bool clear_alert(void)
{
	mask |= ONLY_TRIP_MASK;
	return get_adc(INA233_IOUT_OC_WARN_LIMIT, 2) &&
		restore_adc(smbus_value);
}

static bool get_faults(void)
{
	if (!get_mask() || !get_adc(INA233_STATUS_MFR_SPECIFIC, 1))
		return false;
	value = smbus_value & ~mask & ALL_FAULTS;
	return true;
}

static bool put_pulls(uint8_t output, uint8_t inputs)
{
	uint8_t chip = CHIP_EXPANDER + port;

	return smbus_put(chip, PCA6408A_OUTPUT, output, 1) &&
		smbus_put(chip, PCA6408A_CONFIGURATION, inputs, 1);
}

/* An expander has the port's supply, which may have been turned on just now: it
   rises within a millisecond, and later with capacitors at the port. */
static bool get_expander(uint8_t command)
{
	uint8_t tries = EXPANDER_TRIES;

	while (!smbus_get(CHIP_EXPANDER + port, command, 1)) {
		if (!is_on() || --tries == 0)
			return false;
		usb_poll();
	}
	return true;
}

/* `value`: 1 = pulled up, 0 = pulled down; `value2`: 1 = neither. */
static bool get_pulls(void)
{
	if (!get_expander(PCA6408A_OUTPUT))
		return false;
	value = smbus_value;
	if (!get_expander(PCA6408A_CONFIGURATION))
		return false;
	value2 = smbus_value;
	return true;
}

/* A chip that does not answer is ignored.  The expanders have no power yet. */
void ports_init(void)
{
	for (port = 0; port < PORTS; port++) {
		mask = ONLY_TRIP_MASK;
		if (!has_ina233())
			put_adc(ADC081C_CONFIGURATION, 0, 1);
		else
			restore_adc(DEFAULT_TRIP);
	}
}

void ports_poll_alert(void)
{
	if (!has_ina233())
		return;
	for (port = 0; port < PORTS; port++) {
		if (!get_faults() || value == 0)
			continue;
		supplies_off(enables[port]);
		show_error(true);
		alerts.ports[port] |= value;
		alert_pending = true;
		clear_alert();
	}
}

/* Call the function for each port in the request's mask, until one fails. */
typedef bool port_function(void);

static bool for_each(port_function *function)
{
	for (port = 0; port < PORTS; port++) {
		if (request.data.values.mask >> port & 1 && !function())
			return false;
	}
	return true;
}

/* All ports are checked before any is set. */
static enum mgmt_result set(port_function *check, port_function *setter)
{
	if (request.data.values.mask & ~ports_mask)
		return MGMT_ERROR;
	if (check && !for_each(check))
		return MGMT_ERROR;
	return for_each(setter) ? MGMT_ACK : MGMT_ERROR;
}

static enum mgmt_result get(port_function *getter)
{
	if (ports_mask == 0)
		return MGMT_ERROR;
	reply.data.values.mask = ports_mask;
	for (port = 0; port < PORTS; port++) {
		if (!getter())
			return MGMT_ERROR;
	}
	return MGMT_ACK;
}

static bool is_supply(uint16_t mv)
{
	return mv == 0 || (mv >= SUPPLY_MIN_MV && mv <= SUPPLY_MAX_MV);
}

static bool check_supply(void)
{
	uint16_t limit = config.vlimit_mv[port];

	value = request.data.values.value[port];
	return is_supply(value) && (limit == 0 || value <= limit);
}

static bool set_supply(void)
{
	value = request.data.values.value[port];
	if (value == 0)
		supplies_off(enables[port]);
	if (!put_supply())
		return false;
	if (value == 0)
		return true;
	fpga_drop_old();
	IOD |= enables[port];
	return true;
}

static bool report_supply(void)
{
	if (!is_on())
		return true;
	if (!get_supply())
		return false;
	reply.data.values.value[port] = value;
	return true;
}

enum mgmt_result ports_set_vsupply(void)
{
	return set(check_supply, set_supply);
}

enum mgmt_result ports_get_vsupply(void)
{
	return get(report_supply);
}

static bool check_limit(void)
{
	return is_supply(request.data.values.value[port]);
}

/* Lower a supply that the new limit forbids. */
static bool set_limit(void)
{
	uint16_t limit = request.data.values.value[port];

	if (!get_supply())
		return false;
	if (limit != 0 && value > limit) {
		value = limit;
		if (!put_supply())
			return false;
	}
	config.vlimit_mv[port] = limit;
	return nvm_save_config(
		offsetof(struct config_block, vlimit_mv) + port * sizeof(limit),
		sizeof(limit));
}

static bool report_limit(void)
{
	reply.data.values.value[port] = config.vlimit_mv[port];
	return true;
}

enum mgmt_result ports_set_vlimit(void)
{
	return set(check_limit, set_limit);
}

enum mgmt_result ports_get_vlimit(void)
{
	return get(report_limit);
}

static bool check_window(void)
{
	return is_supply(request.data.windows.value[port].low_mv) &&
		is_supply(request.data.windows.value[port].high_mv);
}

/* The public firmware does not use the ADC081C's alerts: they hung the bus. */
static bool set_window(void)
{
	uint8_t watched = 0;

	if (!has_ina233())
		return false;
	value = encode(request.data.windows.value[port].low_mv);
	value2 = encode(request.data.windows.value[port].high_mv);
	if (value != 0)
		watched |= MGMT_UNDERVOLTAGE;
	if (value2 != 0)
		watched |= MGMT_OVERVOLTAGE;
	return mask_faults(VOLTAGE_FAULTS) &&
		put_adc(INA233_VIN_OV_WARN_LIMIT, value2, 2) &&
		put_adc(INA233_VIN_UV_WARN_LIMIT, value, 2) &&
		watch_faults(watched);
}

/* A chip without alerts has no window, which is not an error. */
static bool report_window(void)
{
	if (!has_ina233())
		return true;
	if (!get_mask() ||
		!get_limit(INA233_VIN_UV_WARN_LIMIT, MGMT_UNDERVOLTAGE))
		return false;
	reply.data.windows.value[port].low_mv = decode(smbus_value);
	if (!get_limit(INA233_VIN_OV_WARN_LIMIT, MGMT_OVERVOLTAGE))
		return false;
	reply.data.windows.value[port].high_mv = decode(smbus_value);
	return true;
}

enum mgmt_result ports_set_valert(void)
{
	return set(check_window, set_window);
}

enum mgmt_result ports_get_valert(void)
{
	return get(report_window);
}

static bool set_trip(void)
{
	value = request.data.values.value[port];
	return has_ina233() && mask_faults(MGMT_OVERCURRENT) &&
		put_adc(INA233_IOUT_OC_WARN_LIMIT, value, 2) &&
		watch_faults(value != 0 ? MGMT_OVERCURRENT : 0);
}

static bool report_trip(void)
{
	if (!has_ina233() || !get_mask() ||
		!get_limit(INA233_IOUT_OC_WARN_LIMIT, MGMT_OVERCURRENT))
		return false;
	reply.data.values.value[port] = smbus_value;
	return true;
}

enum mgmt_result ports_set_ialert(void)
{
	return set(NULL, set_trip);
}

enum mgmt_result ports_get_ialert(void)
{
	return get(report_trip);
}

static bool report_sense(void)
{
	bool ina233 = has_ina233();

	if (!get_adc(ina233 ? INA233_READ_VIN : ADC081C_RESULT, 2))
		return false;
	reply.data.values.value[port] =
		ina233 ? decode(smbus_value) : decode_old(smbus_value);
	return true;
}

enum mgmt_result ports_get_vsense(void)
{
	return get(report_sense);
}

static bool report_current(void)
{
	if (!has_ina233() || !get_adc(INA233_READ_IOUT, 2))
		return false;
	reply.data.values.value[port] = smbus_value;
	return true;
}

enum mgmt_result ports_get_isupply(void)
{
	return get(report_current);
}

/* Both bits set: leave the pin as it is. */
static bool set_pulls(void)
{
	uint8_t down = request.data.pulls.value[port].down;
	uint8_t up = request.data.pulls.value[port].up;
	uint8_t keep = down & up;

	if (!get_pulls())
		return false;
	return put_pulls(
		(value & keep) | (up & ~keep), (value2 & keep) | ~(down | up));
}

/* A port that is off has no pulls: its expander has no power. */
static bool report_pulls(void)
{
	if (!is_on())
		return true;
	if (!get_pulls())
		return false;
	reply.data.pulls.value[port].down = ~value2 & ~value;
	reply.data.pulls.value[port].up = ~value2 & value;
	return true;
}

enum mgmt_result ports_set_pulls(void)
{
	return set(NULL, set_pulls);
}

enum mgmt_result ports_get_pulls(void)
{
	return get(report_pulls);
}

static bool report_state(void)
{
	if (!is_on())
		return true;
	if (!get_expander(PCA6408A_INPUT))
		return false;
	reply.data.state.value[port] = smbus_value;
	return true;
}

enum mgmt_result ports_get_state(void)
{
	return get(report_state);
}
