/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Pins and alerts: pull resistors, levels, faults, and the way to be safe. */
#include "internal.h"

#include <string.h>

int pull_set(struct clyde_device *device, unsigned port, uint8_t mask,
	uint8_t down, uint8_t up)
{
	struct mgmt_pulls request = {.mask = 1 << port};

	/* Both bits of a pin: it is left alone. */
	request.value[port].down = down | ~mask;
	request.value[port].up = up | ~mask;
	return mgmt_command(
		device, MGMT_SET_PULLS, &request, sizeof(request), NULL, 0);
}

static int set_pulls(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up)
{
	struct mgmt_pulls request = {.mask = ports};

	for (unsigned port = 0; port < PORT_COUNT; port++) {
		request.value[port].down = down;
		request.value[port].up = up;
	}
	return mgmt_command(
		device, MGMT_SET_PULLS, &request, sizeof(request), NULL, 0);
}

CLYDE_API int clyde_pulls_set(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up)
{
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	result = check_ports(device, ports);
	if (result == 0)
		result = set_pulls(device, ports, down, up);
	owner_leave(&device->owner);
	return result;
}

int pulls_of_supplied(
	struct clyde_device *device, uint8_t *ret_down, uint8_t *ret_up)
{
	struct mgmt_pulls pulls;
	int result = mgmt_command(
		device, MGMT_GET_PULLS, NULL, 0, &pulls, sizeof(pulls));

	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		ret_down[port] = pulls.value[port].down;
		ret_up[port] = pulls.value[port].up;
	}
	return result;
}

/* Where a supply is off the firmware cannot read the expander, which hangs on
   it, and answers with what it worked on last; there is no pull then. */
static int get_pulls(
	struct clyde_device *device, uint8_t *ret_down, uint8_t *ret_up)
{
	struct mgmt_values supplies;
	struct mgmt_pulls pulls;
	int result = mgmt_command(
		device, MGMT_GET_VSUPPLY, NULL, 0, &supplies, sizeof(supplies));

	if (result == 0)
		result = mgmt_command(
			device, MGMT_GET_PULLS, NULL, 0, &pulls, sizeof(pulls));
	for (unsigned port = 0; port < PORT_COUNT && result == 0; port++) {
		bool on = supplies.value[port] > 0;

		ret_down[port] = on ? pulls.value[port].down : 0;
		ret_up[port] = on ? pulls.value[port].up : 0;
	}
	return result;
}

CLYDE_API int clyde_pulls_get(struct clyde_device *device,
	uint8_t ret_down[CLYDE_PORT_COUNT], uint8_t ret_up[CLYDE_PORT_COUNT])
{
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	result = get_pulls(device, ret_down, ret_up);
	owner_leave(&device->owner);
	return result;
}

CLYDE_API int clyde_levels_get(
	struct clyde_device *device, uint8_t ret_levels[CLYDE_PORT_COUNT])
{
	struct mgmt_state state;
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	result = mgmt_command(
		device, MGMT_GET_STATE, NULL, 0, &state, sizeof(state));
	if (result == 0)
		memcpy(ret_levels, state.value, PORT_COUNT);
	owner_leave(&device->owner);
	return result;
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

CLYDE_API int clyde_alerts_get(
	struct clyde_device *device, struct clyde_alerts *ret_alerts)
{
	struct mgmt_alerts alerts;
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	result = get_alerts(device, &alerts);
	if (result == 0) {
		memcpy(ret_alerts->ports, alerts.ports, PORT_COUNT);
		ret_alerts->fpga = alerts.fpga;
	}
	owner_leave(&device->owner);
	return result;
}

CLYDE_API int clyde_alerts_clear(
	struct clyde_device *device, const struct clyde_alerts *alerts)
{
	struct mgmt_alerts request = {.fpga = alerts->fpga};
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	memcpy(request.ports, alerts->ports, PORT_COUNT);
	result = clear_alerts(device, &request);
	owner_leave(&device->owner);
	return result;
}

/* Supplies first: they are what hurts.  The pull resistors lose theirs with
   them, and come back floating (the expanders hang on the port's supply). */
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

CLYDE_API int clyde_device_safe(struct clyde_device *device)
{
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	result = make_safe(device);
	owner_leave(&device->owner);
	return result;
}
