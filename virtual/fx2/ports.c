/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The management commands about ports.  virtual/fx2/mgmt.c calls them; they use
 * the chips by virtual/fx2/drivers.c, and the supplies' enable lines.
 *
 * They behave as GlasgowEmbedded/glasgow firmware/fx2/port.c, oddities
 * included, with one exception: the reply to a refused request is zero, as the
 * protocol promises.
 */
#include "drivers.h"

#include <string.h>

#define PORTS_MASK    0x03 /* revC: A and B */
#define SUPPLY_MIN_MV 1650
#define SUPPLY_MAX_MV 5500

/* Handle one port's part of a request, or of a reply. */
typedef bool port_setter(
	struct device *device, unsigned port, const union mgmt_data *request);
typedef bool port_getter(
	struct device *device, unsigned port, union mgmt_data *reply);

/* The mask is the first byte of all these requests. */
static uint8_t mask_of(const union mgmt_data *request)
{
	return request->values.mask;
}

static enum mgmt_result set(struct device *device,
	const union mgmt_data *request, port_setter *setter)
{
	for (unsigned port = 0; port < PORT_COUNT; port++) {
		if (mask_of(request) >> port & 1 &&
			!setter(device, port, request))
			return MGMT_ERROR;
	}
	return MGMT_ACK;
}

/* Check all ports before setting any.  A chip that then does not answer still
   leaves some ports set. */
static enum mgmt_result check_and_set(struct device *device,
	const union mgmt_data *request, port_setter *check, port_setter *setter)
{
	if (mask_of(request) & ~PORTS_MASK)
		return MGMT_ERROR;
	if (set(device, request, check) != MGMT_ACK)
		return MGMT_ERROR;
	return set(device, request, setter);
}

static enum mgmt_result get(
	struct device *device, union mgmt_data *reply, port_getter *getter)
{
	union mgmt_data data;

	memset(&data, 0, sizeof(data));
	data.values.mask = PORTS_MASK;
	for (unsigned port = 0; port < BOARD_PORTS; port++) {
		if (!getter(device, port, &data))
			return MGMT_ERROR;
	}
	*reply = data;
	return MGMT_ACK;
}

static bool *enable_line(struct device *device, unsigned port)
{
	return &device->board.ports[port].enabled;
}

static bool is_supply(uint16_t mv)
{
	return mv == 0 || (mv >= SUPPLY_MIN_MV && mv <= SUPPLY_MAX_MV);
}

static bool check_limit(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	(void)device;
	return is_supply(request->values.value[port]);
}

static bool check_supply(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	uint16_t limit_mv = device->config.vlimit_mv[port];
	uint16_t mv = request->values.value[port];

	return is_supply(mv) && (limit_mv == 0 || mv <= limit_mv);
}

static bool set_supply(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	uint16_t mv = request->values.value[port];

	if (mv == 0 && *enable_line(device, port)) {
		*enable_line(device, port) = false;
		device->discharged = device->now + DISCHARGE_TICKS;
	}
	if (!driver_set_supply(device, port, mv))
		return false;
	if (mv != 0)
		board_enable(&device->board, port);
	return true;
}

static bool get_supply(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint16_t mv = 0;

	if (*enable_line(device, port) && !driver_get_supply(device, port, &mv))
		return false;
	reply->values.value[port] = mv;
	return true;
}

/*
 * Upstream lowers a supply that the new limit forbids.  It treats the limit 0,
 * which means no limit, as 0 mV: the DAC gets the code to which 0 mV wraps
 * around, and a supply that is on goes to 3170 mV, down or up.
 */
static bool set_limit(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	uint16_t limit_mv = request->values.value[port];
	size_t offset = offsetof(struct config_block, vlimit_mv);
	uint16_t mv;

	if (!driver_get_supply(device, port, &mv))
		return false;
	if (mv > limit_mv && !driver_set_supply(device, port, limit_mv))
		return false;
	device->config.vlimit_mv[port] = limit_mv;
	return nvm_save_config(
		device, offset + port * sizeof(limit_mv), sizeof(limit_mv));
}

static bool get_limit(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	reply->values.value[port] = device->config.vlimit_mv[port];
	return true;
}

static bool check_window(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	(void)device;
	return is_supply(request->windows.value[port].low_mv) &&
		is_supply(request->windows.value[port].high_mv);
}

static bool set_window(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	return driver_set_window(device, port,
		request->windows.value[port].low_mv,
		request->windows.value[port].high_mv);
}

static bool get_window(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint16_t low_mv, high_mv;

	if (!driver_get_window(device, port, &low_mv, &high_mv))
		return false;
	reply->windows.value[port].low_mv = low_mv;
	reply->windows.value[port].high_mv = high_mv;
	return true;
}

static bool set_trip(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	return driver_set_trip(device, port, request->values.value[port]);
}

static bool get_trip(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint16_t current;

	if (!driver_get_trip(device, port, &current))
		return false;
	reply->values.value[port] = current;
	return true;
}

static bool get_sense(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint16_t mv;

	if (!driver_get_sense(device, port, &mv))
		return false;
	reply->values.value[port] = mv;
	return true;
}

static bool get_current(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint16_t current;

	if (!driver_get_current(device, port, &current))
		return false;
	reply->values.value[port] = current;
	return true;
}

static bool check_nothing(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	(void)device;
	(void)port;
	(void)request;
	return true;
}

static bool set_pulls(
	struct device *device, unsigned port, const union mgmt_data *request)
{
	uint8_t down = request->pulls.value[port].down;
	uint8_t up = request->pulls.value[port].up;
	uint8_t keep = down & up;
	uint8_t output, inputs;

	if (!driver_get_pulls(device, port, &output, &inputs))
		return false;
	output = (output & keep) | (up & ~keep);
	inputs = (inputs & keep) | ~(down | up);
	return driver_set_pulls(device, port, output, inputs);
}

/*
 * The expander of a port that is off has no power, and upstream does not read
 * it, but uses its variables as they are: `inputs` is 0, and `output` what the
 * last command about ports left there.
 */
static bool get_pulls(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	uint8_t output = device->port_scratch;
	uint8_t inputs = 0;

	if (*enable_line(device, port) &&
		!driver_get_pulls(device, port, &output, &inputs))
		return false;
	reply->pulls.value[port].down = ~inputs & ~output;
	reply->pulls.value[port].up = ~inputs & output;
	return true;
}

static bool get_state(
	struct device *device, unsigned port, union mgmt_data *reply)
{
	device->port_scratch = 0;
	return !*enable_line(device, port) ||
		driver_get_levels(device, port, &reply->state.value[port]);
}

enum mgmt_result ports_set_vsupply(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	return check_and_set(device, request, check_supply, set_supply);
}

enum mgmt_result ports_get_vsupply(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_supply);
}

enum mgmt_result ports_set_vlimit(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	return check_and_set(device, request, check_limit, set_limit);
}

enum mgmt_result ports_get_vlimit(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_limit);
}

enum mgmt_result ports_set_valert(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	return check_and_set(device, request, check_window, set_window);
}

enum mgmt_result ports_get_valert(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_window);
}

/* Upstream checks the mask in all commands but this one: ports C and D fail
   because their chips do not answer, the other bits are ignored. */
enum mgmt_result ports_set_ialert(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	return set(device, request, set_trip);
}

enum mgmt_result ports_get_ialert(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_trip);
}

enum mgmt_result ports_get_vsense(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_sense);
}

enum mgmt_result ports_get_isupply(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_current);
}

enum mgmt_result ports_set_pulls(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	return check_and_set(device, request, check_nothing, set_pulls);
}

enum mgmt_result ports_get_pulls(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_pulls);
}

enum mgmt_result ports_get_state(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	return get(device, reply, get_state);
}

/* A chip that does not answer is ignored.  The expanders do not answer while
   the supplies are off, so the pins float. */
void ports_init(struct device *device)
{
	for (unsigned port = 0; port < BOARD_PORTS; port++) {
		*enable_line(device, port) = false;
		driver_reset_adc(device, port);
		driver_set_pulls(device, port, 0, 0);
	}
}

bool ports_poll_alert(struct device *device)
{
	bool any = false;

	for (unsigned port = 0; port < BOARD_PORTS; port++) {
		uint8_t faults;

		if (!driver_get_faults(device, port, &faults) || !faults)
			continue;
		*enable_line(device, port) = false;
		device->alerts.ports[port] |= faults;
		driver_clear_alert(device, port);
		any = true;
	}
	return any;
}
