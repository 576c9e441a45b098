/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Pins and alerts: pull resistors, levels, faults, and the way to be safe. */
#include "lib/base/internal.h"

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

CLYDE_API int clyde_pulls_get(struct clyde_device *handle,
	uint8_t ret_down[CLYDE_PORT_COUNT], uint8_t ret_up[CLYDE_PORT_COUNT])
{
	return CALL(device, handle, get_pulls(device, ret_down, ret_up));
}

static int get_levels(
	struct clyde_device *device, uint8_t ret_levels[CLYDE_PORT_COUNT])
{
	struct mgmt_state state;
	int result = mgmt_command(
		device, MGMT_GET_STATE, NULL, 0, &state, sizeof(state));

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
	struct mgmt_alerts request = {.fpga = alerts->fpga};
	int result = 0;

	memcpy(request.ports, alerts->ports, PORT_COUNT);
	result = clear_alerts(device, &request);
	return result;
}

CLYDE_API int clyde_alerts_clear(
	struct clyde_device *handle, const struct clyde_alerts *alerts)
{
	return CALL(device, handle, forget_alerts(device, alerts));
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

CLYDE_API int clyde_device_safe(struct clyde_device *handle)
{
	return CALL(device, handle, make_safe(device));
}
