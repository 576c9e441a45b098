/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The ports of a device: supplies with their limits, windows and currents, pull
 * resistors, levels and alerts; the calls of clyde.h, and the functions that
 * lib/run uses.
 *
 * No port may be changed before all ports of the call have been checked.
 */
#include "lib/base/internal.h"

#include <string.h>

#include "mgmt-log.h"
#include "lib/base/wait.h"

/* ---- Supplies ------------------------------------------------------------- */

/* The regulators' range: upstream's firmware/fx2/port.c. */
#define SUPPLY_MIN_MV      1650
#define SUPPLY_MIN_REVD_MV 900
#define SUPPLY_MAX_MV      5500
/* A sense voltage that is mirrored: 1.8 to 5 V, with the tolerance of a supply
   and of the window that is set around it, in %. */
#define MIRROR_TOLERANCE 5
#define MIRROR_MIN_MV    1710
#define MIRROR_MAX_MV    5250
/* The unit of currents in management commands; in that unit, the least trip
   current that the INA233's limit register keeps, and the largest. */
#define CURRENT_STEP_UA   10
#define CURRENT_STEPS_MIN 8
#define CURRENT_STEPS_MAX 32767

clyde_ports ports_of(const struct clyde_device *device)
{
	return device->revision >= REVISION_D0 ? 0xf : 0x3;
}

CLYDE_API int clyde_device_ports(struct clyde_device *handle)
{
	return PINNED(device, handle, ports_of(device));
}

int check_ports(struct clyde_device *device, clyde_ports ports)
{
	if ((ports & ~ports_of(device)) == 0)
		return 0;
	return set_error(CLYDE_ERROR_INVALID, "revision %s has ports %s only",
		device->info.revision,
		device->revision >= REVISION_D0 ? "A to D" : "A and B");
}

static int check_supply(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv)
{
	unsigned minimum = device->revision >= REVISION_D0 ? SUPPLY_MIN_REVD_MV
							   : SUPPLY_MIN_MV;
	int result = check_ports(device, ports);

	if (result < 0 || supply_mv == 0)
		return result;
	if (supply_mv >= minimum && supply_mv <= SUPPLY_MAX_MV)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"%.3f V is out of range: %.2f to %.2f V, or 0 for off",
		supply_mv / 1e3, minimum / 1e3, SUPPLY_MAX_MV / 1e3);
}

static int get_values(struct clyde_device *device, enum mgmt_code code,
	struct mgmt_values *ret_values)
{
	return mgmt_command(
		device, code, NULL, 0, ret_values, sizeof(*ret_values));
}

int supplies_get(struct clyde_device *device, uint16_t ret_mv[PORT_COUNT])
{
	struct mgmt_values values;
	int result = get_values(device, MGMT_GET_VSUPPLY, &values);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		ret_mv[port] = values.value[port];
	return result;
}

static int set_values(struct clyde_device *device, enum mgmt_code code,
	clyde_ports ports, unsigned value)
{
	struct mgmt_values request = {.mask = ports};

	for (unsigned port = 0; port < PORT_COUNT; port++)
		if (ports >> port & 1)
			request.value[port] = value;
	return mgmt_command(device, code, &request, sizeof(request), NULL, 0);
}

/* Get one value for each port, in the unit of the management command. */
static int read_each_port(
	struct clyde_device *device, enum mgmt_code code, unsigned *ret_values)
{
	struct mgmt_values values;
	int result = get_values(device, code, &values);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		ret_values[port] = values.value[port];
	return result;
}

static int get_each_port(
	struct clyde_device *handle, enum mgmt_code code, unsigned *ret_values)
{
	return CALL(device, handle, read_each_port(device, code, ret_values));
}

/* The device refuses a supply above its limit without a reason.  Check the
   limits first, for an error that names them. */
static int check_limits(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv)
{
	struct mgmt_values limits;
	int result = get_values(device, MGMT_GET_VLIMIT, &limits);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		unsigned limit_mv = limits.value[port];

		if (ports >> port & 1 && limit_mv && supply_mv > limit_mv)
			return set_error(CLYDE_ERROR_LIMIT,
				"port %c: %.3f V is above its limit of %.3f V; "
				"raise it with: clyde voltage --limit %c=%.3f",
				'A' + port, supply_mv / 1e3, limit_mv / 1e3,
				'A' + port, supply_mv / 1e3);
	}
	return result;
}

static int check_all(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv)
{
	int result = check_supply(device, ports, supply_mv);

	if (result == 0 && supply_mv > 0)
		result = check_limits(device, ports, supply_mv);
	return result;
}

static int set_supply(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv)
{
	int result = check_all(device, ports, supply_mv);

	if (result == 0)
		result = set_values(device, MGMT_SET_VSUPPLY, ports, supply_mv);
	return result;
}

CLYDE_API int clyde_supply_set(
	struct clyde_device *handle, clyde_ports ports, unsigned supply_mv)
{
	return CALL(device, handle, set_supply(device, ports, supply_mv));
}

CLYDE_API int clyde_supply_get(
	struct clyde_device *device, unsigned ret_supply_mv[CLYDE_PORT_COUNT])
{
	return get_each_port(device, MGMT_GET_VSUPPLY, ret_supply_mv);
}

/* The voltage that a specification asks for at one port. */
static int wanted_mv(struct clyde_device *device,
	const struct clyde_supply *supply, unsigned *ret_mv)
{
	struct mgmt_values sense;
	int result;

	*ret_mv = supply->supply_mv;
	if (supply->sense < 0)
		return 0;
	if (supply->sense >= PORT_COUNT ||
		!(ports_of(device) >> supply->sense & 1))
		return set_error(CLYDE_ERROR_INVALID,
			"there is no port of index %d to be mirrored: revision "
			"%s has ports %s",
			supply->sense, device->info.revision,
			device->revision >= REVISION_D0 ? "A to D" : "A and B");
	result = get_values(device, MGMT_GET_VSENSE, &sense);
	if (result < 0)
		return result;
	*ret_mv = sense.value[supply->sense];
	if (*ret_mv < MIRROR_MIN_MV || *ret_mv > MIRROR_MAX_MV)
		return set_error(CLYDE_ERROR_INVALID,
			"port %c senses %.3f V: too %s to be mirrored",
			'A' + supply->sense, *ret_mv / 1e3,
			*ret_mv < MIRROR_MIN_MV ? "low" : "high");
	return 0;
}

int supplies_wanted(struct clyde_device *device,
	const struct clyde_supply supply[PORT_COUNT], uint16_t mv[PORT_COUNT])
{
	int result = 0;

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		unsigned wanted = 0;

		if (!supply[port].given)
			continue;
		result = wanted_mv(device, &supply[port], &wanted);
		if (result == 0)
			result = check_all(device, 1 << port, wanted);
		mv[port] = wanted;
	}
	return result;
}

static int set_window(struct clyde_device *device, clyde_ports ports,
	unsigned low_mv, unsigned high_mv)
{
	struct mgmt_windows request = {.mask = ports};

	for (unsigned port = 0; port < PORT_COUNT; port++) {
		request.value[port].low_mv = low_mv;
		request.value[port].high_mv = high_mv;
	}
	return mgmt_command(
		device, MGMT_SET_VALERT, &request, sizeof(request), NULL, 0);
}

/*
 * A port that mirrors its own sense pin loses its supply when the target does.
 * A chip watches its own port's sense pin only, and only C2 and later have one.
 */
static int watch_mirrored(struct clyde_device *device,
	const struct clyde_supply *supply, unsigned port, unsigned mv)
{
	unsigned low_mv = mv * (100 - MIRROR_TOLERANCE) / 100;
	unsigned high_mv = mv * (100 + MIRROR_TOLERANCE) / 100;

	if (supply->sense != (int)port || device->revision < REVISION_C2)
		return 0;
	if (low_mv < SUPPLY_MIN_MV)
		low_mv = SUPPLY_MIN_MV;
	if (high_mv > SUPPLY_MAX_MV)
		high_mv = SUPPLY_MAX_MV;
	return set_window(device, 1 << port, low_mv, high_mv);
}

static int apply(struct clyde_device *device,
	const struct clyde_supply supply[CLYDE_PORT_COUNT])
{
	uint16_t mv[PORT_COUNT] = {0};
	int result = check_given("supply", supply);

	if (result == 0)
		result = supplies_wanted(device, supply, mv);
	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		if (!supply[port].given)
			continue;
		result = set_values(
			device, MGMT_SET_VSUPPLY, 1 << port, mv[port]);
		if (result == 0)
			result = watch_mirrored(
				device, &supply[port], port, mv[port]);
	}
	return result;
}

CLYDE_API int clyde_supply_apply(struct clyde_device *handle,
	const struct clyde_supply supply[CLYDE_PORT_COUNT])
{
	return CALL(device, handle, apply(device, supply));
}

/*
 * The firmware stores a limit of 0 as no limit.  But it first lowers a supply
 * that exceeds the new limit, and takes 0 for 0 mV, for which the DAC has no
 * code: a supply that is on would go to some other voltage (upstream's
 * firmware/fx2/port.c, port_mgmt_set_vlimit()).  So while a supply is on, send
 * the highest voltage instead of 0: such a limit forbids nothing either.
 */
static int set_limit(
	struct clyde_device *device, clyde_ports ports, unsigned limit_mv)
{
	struct mgmt_values supplies;
	int result = check_supply(device, ports, limit_mv);

	if (result == 0)
		result = get_values(device, MGMT_GET_VSUPPLY, &supplies);
	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		unsigned wire_mv = limit_mv;

		if (!(ports >> port & 1))
			continue;
		if (limit_mv == 0 && supplies.value[port] > 0)
			wire_mv = SUPPLY_MAX_MV;
		result =
			set_values(device, MGMT_SET_VLIMIT, 1 << port, wire_mv);
	}
	return result;
}

CLYDE_API int clyde_supply_limit_set(
	struct clyde_device *handle, clyde_ports ports, unsigned limit_mv)
{
	return CALL(device, handle, set_limit(device, ports, limit_mv));
}

CLYDE_API int clyde_supply_limit_get(
	struct clyde_device *device, unsigned ret_limit_mv[CLYDE_PORT_COUNT])
{
	int result = get_each_port(device, MGMT_GET_VLIMIT, ret_limit_mv);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		/* See set_limit(). */
		if (ret_limit_mv[port] >= SUPPLY_MAX_MV)
			ret_limit_mv[port] = 0;
	return result;
}

CLYDE_API int clyde_sense_get(
	struct clyde_device *device, unsigned ret_sense_mv[CLYDE_PORT_COUNT])
{
	return get_each_port(device, MGMT_GET_VSENSE, ret_sense_mv);
}

static int get_current(
	struct clyde_device *device, int ret_current_ua[CLYDE_PORT_COUNT])
{
	struct mgmt_values values;
	int result = get_values(device, MGMT_GET_ISUPPLY, &values);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		ret_current_ua[port] =
			(int16_t)values.value[port] * CURRENT_STEP_UA;
	return result;
}

CLYDE_API int clyde_supply_current_get(
	struct clyde_device *handle, int ret_current_ua[CLYDE_PORT_COUNT])
{
	return CALL(device, handle, get_current(device, ret_current_ua));
}

static int check_and_watch(struct clyde_device *device, clyde_ports ports,
	unsigned low_mv, unsigned high_mv)
{
	int result = check_supply(device, ports, low_mv);

	if (result == 0)
		result = check_supply(device, ports, high_mv);
	if (result == 0)
		result = set_window(device, ports, low_mv, high_mv);
	return result;
}

CLYDE_API int clyde_supply_window_set(struct clyde_device *handle,
	clyde_ports ports, unsigned low_mv, unsigned high_mv)
{
	return CALL(device, handle,
		check_and_watch(device, ports, low_mv, high_mv));
}

static int get_window(struct clyde_device *device,
	unsigned ret_low_mv[CLYDE_PORT_COUNT],
	unsigned ret_high_mv[CLYDE_PORT_COUNT])
{
	struct mgmt_windows windows;
	int result = mgmt_command(
		device, MGMT_GET_VALERT, NULL, 0, &windows, sizeof(windows));

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		ret_low_mv[port] = windows.value[port].low_mv;
		ret_high_mv[port] = windows.value[port].high_mv;
	}
	return result;
}

CLYDE_API int clyde_supply_window_get(struct clyde_device *handle,
	unsigned ret_low_mv[CLYDE_PORT_COUNT],
	unsigned ret_high_mv[CLYDE_PORT_COUNT])
{
	return CALL(
		device, handle, get_window(device, ret_low_mv, ret_high_mv));
}

static int set_current_limit(
	struct clyde_device *device, clyde_ports ports, unsigned trip_ua)
{
	unsigned steps = trip_ua / CURRENT_STEP_UA;
	int result = check_ports(device, ports);

	if (result == 0 &&
		(steps > CURRENT_STEPS_MAX ||
			(trip_ua > 0 && steps < CURRENT_STEPS_MIN)))
		result = set_error(CLYDE_ERROR_INVALID,
			"a trip current of %u uA: %u to %u, or 0 for none",
			trip_ua, CURRENT_STEP_UA * CURRENT_STEPS_MIN,
			CURRENT_STEP_UA * CURRENT_STEPS_MAX);
	if (result == 0)
		result = set_values(device, MGMT_SET_IALERT, ports, steps);
	return result;
}

CLYDE_API int clyde_supply_current_limit_set(
	struct clyde_device *handle, clyde_ports ports, unsigned trip_ua)
{
	return CALL(device, handle, set_current_limit(device, ports, trip_ua));
}

CLYDE_API int clyde_supply_current_limit_get(
	struct clyde_device *device, unsigned ret_trip_ua[CLYDE_PORT_COUNT])
{
	int result = get_each_port(device, MGMT_GET_IALERT, ret_trip_ua);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		ret_trip_ua[port] *= CURRENT_STEP_UA;
	return result;
}

/* ---- Pulls, levels and alerts --------------------------------------------- */

/* How long a supply may take to rise, with a large capacitor at the port; and
   how long to pause before a command to an expander is repeated. */
#define RISE_MS       20
#define RISE_PAUSE_MS 1

/* Whether any of the ports has a supply, or an error. */
static int any_supplied(struct clyde_device *device, clyde_ports ports)
{
	struct mgmt_values supplies;
	int result = get_values(device, MGMT_GET_VSUPPLY, &supplies);

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++)
		result = ports >> port & 1 && supplies.value[port] > 0;
	return result;
}

/*
 * A command that needs the pull expanders of these ports.  An expander is
 * powered by its port's supply, which rises for some time after the device has
 * acknowledged SET_VSUPPLY.  So a refusal is final where the supply is off, and
 * after RISE_MS.
 */
static int expander_command(struct clyde_device *device, clyde_ports ports,
	enum mgmt_code code, const void *request, size_t request_size,
	void *ret_reply, size_t reply_size)
{
	struct wait wait = wait_begin(device, RISE_MS);
	int result;

	for (;;) {
		result = mgmt_command(device, code, request, request_size,
			ret_reply, reply_size);
		if (result != CLYDE_ERROR_REFUSED || wait_over(&wait))
			return result;
		result = any_supplied(device, ports);
		if (result == 0)
			return set_error(CLYDE_ERROR_REFUSED,
				"the device refused %s", mgmt_name(code));
		if (result > 0)
			result = mgmt_pause(device, code, RISE_PAUSE_MS);
		if (result < 0)
			return result;
	}
}

int pull_set(struct clyde_device *device, unsigned port, uint8_t mask,
	uint8_t down, uint8_t up)
{
	struct mgmt_pulls request = {.mask = 1 << port};

	/* A pin with both bits set is not changed. */
	request.value[port].down = down | ~mask;
	request.value[port].up = up | ~mask;
	return expander_command(device, request.mask, MGMT_SET_PULLS, &request,
		sizeof(request), NULL, 0);
}

static int set_pulls(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up)
{
	struct mgmt_pulls request = {.mask = ports};

	for (unsigned port = 0; port < PORT_COUNT; port++) {
		request.value[port].down = down;
		request.value[port].up = up;
	}
	return expander_command(device, ports, MGMT_SET_PULLS, &request,
		sizeof(request), NULL, 0);
}

static int check_and_pull(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up)
{
	int result = check_ports(device, ports);

	if (result == 0)
		result = set_pulls(device, ports, down, up);
	return result;
}

CLYDE_API int clyde_pulls_set(struct clyde_device *handle, clyde_ports ports,
	uint8_t down, uint8_t up)
{
	return CALL(device, handle, check_and_pull(device, ports, down, up));
}

int pulls_of_supplied(
	struct clyde_device *device, uint8_t *ret_down, uint8_t *ret_up)
{
	struct mgmt_pulls pulls;
	int result = expander_command(device, ports_of(device), MGMT_GET_PULLS,
		NULL, 0, &pulls, sizeof(pulls));

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		ret_down[port] = pulls.value[port].down;
		ret_up[port] = pulls.value[port].up;
	}
	return result;
}

/* On revC the supply of a port powers the expander that drives its pull
   resistors.  While the supply is off there are no pulls, the firmware cannot
   read the expander, and its reply has arbitrary bits for that port. */
static int get_pulls(
	struct clyde_device *device, uint8_t *ret_down, uint8_t *ret_up)
{
	struct mgmt_values supplies;
	struct mgmt_pulls pulls;
	int result = mgmt_command(
		device, MGMT_GET_VSUPPLY, NULL, 0, &supplies, sizeof(supplies));

	if (result == 0)
		result = expander_command(device, ports_of(device),
			MGMT_GET_PULLS, NULL, 0, &pulls, sizeof(pulls));
	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		bool on = supplies.value[port] > 0;

		ret_down[port] = on ? pulls.value[port].down : 0;
		ret_up[port] = on ? pulls.value[port].up : 0;
	}
	return result;
}

CLYDE_API int clyde_pulls_get(struct clyde_device *handle,
	uint8_t ret_down[CLYDE_PORT_COUNT], uint8_t ret_up[CLYDE_PORT_COUNT])
{
	return CALL(device, handle, get_pulls(device, ret_down, ret_up));
}

static int get_levels(
	struct clyde_device *device, uint8_t ret_levels[CLYDE_PORT_COUNT])
{
	struct mgmt_state state;
	int result = expander_command(device, ports_of(device), MGMT_GET_STATE,
		NULL, 0, &state, sizeof(state));

	if (result == 0)
		memcpy(ret_levels, state.value, PORT_COUNT);
	return result;
}

CLYDE_API int clyde_levels_get(
	struct clyde_device *handle, uint8_t ret_levels[CLYDE_PORT_COUNT])
{
	return CALL(device, handle, get_levels(device, ret_levels));
}

static int get_alerts(struct clyde_device *device, struct mgmt_alerts *alerts)
{
	return mgmt_command(
		device, MGMT_GET_ALERTS, NULL, 0, alerts, sizeof(*alerts));
}

static int clear_alerts(
	struct clyde_device *device, const struct mgmt_alerts *alerts)
{
	return mgmt_command(
		device, MGMT_CLR_ALERTS, alerts, sizeof(*alerts), NULL, 0);
}

static int read_alerts(
	struct clyde_device *device, struct clyde_alerts *ret_alerts)
{
	struct mgmt_alerts alerts;
	int result = get_alerts(device, &alerts);

	if (result == 0) {
		memcpy(ret_alerts->ports, alerts.ports, PORT_COUNT);
		ret_alerts->fpga = alerts.fpga;
	}
	return result;
}

CLYDE_API int clyde_alerts_get(
	struct clyde_device *handle, struct clyde_alerts *ret_alerts)
{
	return CALL(device, handle, read_alerts(device, ret_alerts));
}

static int forget_alerts(
	struct clyde_device *device, const struct clyde_alerts *alerts)
{
	struct mgmt_alerts request;
	int result = check_given("alerts", alerts);

	if (result < 0)
		return result;
	request = (struct mgmt_alerts){.fpga = alerts->fpga};
	memcpy(request.ports, alerts->ports, PORT_COUNT);
	return clear_alerts(device, &request);
}

CLYDE_API int clyde_alerts_clear(
	struct clyde_device *handle, const struct clyde_alerts *alerts)
{
	return CALL(device, handle, forget_alerts(device, alerts));
}

/* Supplies are switched off first, as they can do damage.  On revC that ends the
   pulls as well: the supply of a port powers the expander that drives its pull
   resistors, and the expander begins without pulls when it gets power again. */
static int make_safe(struct clyde_device *device)
{
	clyde_ports ports = ports_of(device);
	struct mgmt_values off = {.mask = ports};
	struct mgmt_windows windows = {.mask = ports};
	struct mgmt_alerts alerts;
	int result = mgmt_command(
		device, MGMT_SET_VSUPPLY, &off, sizeof(off), NULL, 0);

	/* Only C2 and later can watch a window. */
	if (result == 0 && device->revision >= REVISION_C2)
		result = mgmt_command(device, MGMT_SET_VALERT, &windows,
			sizeof(windows), NULL, 0);
	if (result == 0)
		result = get_alerts(device, &alerts);
	if (result == 0)
		result = clear_alerts(device, &alerts);
	return result;
}

CLYDE_API int clyde_device_safe(struct clyde_device *handle)
{
	return CALL(device, handle, make_safe(device));
}
