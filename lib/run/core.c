/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Claims in the FPGA: connects streams and pins of the image to the core of a
 * claim, and disconnects them when the run ends or the object is closed.  run.c
 * calls it, applets by run_pipe() and run_connect(), and lib/core.
 *
 * No pin may stay driven by a core whose run has ended or whose object is closed,
 * except by run_keep().
 */
#include "run.h"

#include <string.h>

#include "lib/base/wait.h"

/* ---- Streams ---------------------------------------------------------- */

/* The claimed streams whose pipes are open.  A closed pipe is in reset, and
   would keep the core in reset. */
static uint8_t open_streams(
	const struct clyde_device *device, const struct claim *claim)
{
	uint8_t streams = 0;

	if (device->pipes[claim->ids[0]])
		streams |= CORE_TAKES;
	if (device->pipes[claim->ids[1]])
		streams |= CORE_GIVES;
	return streams & claim->streams;
}

/* The cores that an application has attached, except those that are claimed. */
static void find_attached(
	const struct clyde_device *device, uint8_t cores[CLYDE_PIPE_COUNT])
{
	for (unsigned id = 0; id < CLYDE_PIPE_COUNT; id++) {
		const struct claim *claim =
			claim_of_core(device, device->attached[id]);

		cores[id] = claim && claim->attached ? CORE_NONE
						     : device->attached[id];
	}
}

/* Write the streams of all pipes, so that none of an earlier program is left.
   `opening` is a claim of which pipes of these directions are about to be
   opened. */
static int write_streams(
	struct clyde_device *device, const struct claim *opening, uint8_t ways)
{
	uint8_t cores[CLYDE_PIPE_COUNT];
	const struct claim *claim;

	find_attached(device, cores);
	LIST_FOREACH (claim, &device->context->claimed, in_context) {
		uint8_t streams;

		if (claim->device != device->object.token || !claim->attached)
			continue;
		streams = open_streams(device, claim) |
			(claim == opening ? ways : 0);
		if (streams & CORE_TAKES)
			cores[claim->ids[0]] = claim->core;
		if (streams & CORE_GIVES)
			cores[claim->ids[1]] = claim->core;
	}
	return register_write(device, REG_STREAM, cores, sizeof(cores));
}

int core_write_streams(struct clyde_device *device)
{
	return write_streams(device, NULL, 0);
}

int core_open_streams(
	struct clyde_device *device, const struct claim *claim, uint8_t ways)
{
	return write_streams(device, claim, ways);
}

bool core_pipe_is_alone(const struct clyde_device *device,
	const struct claim *claim, enum clyde_pipe_id id)
{
	enum clyde_pipe_id other = id == CLYDE_PIPE_EP2_OUT ? CLYDE_PIPE_EP4_OUT
							    : CLYDE_PIPE_EP8_IN;

	if (id != CLYDE_PIPE_EP2_OUT && id != CLYDE_PIPE_EP6_IN)
		return false;
	return device->pipes[other] == NULL &&
		!claim_has_pipe(claim, device, other);
}

static int open_pipe(struct claim *claim, struct clyde_device *device,
	enum core_flag way, const struct clyde_pipe_options *options,
	struct clyde_pipe **ret_pipe)
{
	enum clyde_pipe_id id = claim->ids[way == CORE_GIVES];
	struct clyde_pipe_options chosen = *options;
	int result = core_open_streams(device, claim, way);

	chosen.quad = core_pipe_is_alone(device, claim, id);
	if (result == 0)
		result = pipe_make(device, id, &chosen, ret_pipe);
	if (result == 0)
		claim->pipes[way == CORE_GIVES] = *ret_pipe;
	return result;
}

int run_pipe(struct clyde_run *run, enum core_flag way,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe)
{
	return CALL(device, run->device,
		open_pipe(&run->claim, device, way, options, ret_pipe));
}

/* ---- Pins ------------------------------------------------------------- */

/* Disconnect pins that an earlier program has left connected because it
   was killed: they must not show this claim's signals.  Outputs of
   CORE_PER_PIN stay, since the user has set each of them. */
static int clear_routes(struct clyde_device *device, enum core_place core)
{
	const struct core_entry *entry = &core_entries[core];
	bool changed = false;

	for (unsigned i = 0; i < PIN_COUNT; i++) {
		unsigned function = device->routes[i] & PIN_FUNCTION;

		if (entry->flags & CORE_PER_PIN ||
			function < entry->first_output ||
			function >= entry->first_output + entry->outputs)
			continue;
		device->routes[i] = 0;
		changed = true;
	}
	return changed ? register_write(device, REG_PIN, device->routes,
				 sizeof(device->routes))
		       : 0;
}

static int write_inputs(
	struct clyde_device *device, const struct claim *claim, bool connect)
{
	static const uint8_t none[INPUT_COUNT];
	const struct core_entry *entry = &core_entries[claim->core];
	const uint8_t *inputs = connect ? claim->inputs : none;

	if (entry->inputs == 0)
		return 0;
	return register_write(device, REG_INPUT + entry->first_input,
		inputs + entry->first_input, entry->inputs);
}

static int write_pins(
	struct clyde_device *device, const struct claim *claim, bool connect)
{
	bool changed = false;

	for (unsigned i = 0; i < PIN_COUNT; i++) {
		const struct pin_claim *pin = &claim->pins[i];
		uint8_t route =
			connect && pin->use == PIN_OUTPUT ? pin->route : 0;

		if (pin->what == NULL || pin->use == PIN_SEEN ||
			device->routes[i] == route)
			continue;
		device->routes[i] = route;
		changed = true;
	}
	return changed ? register_write(device, REG_PIN, device->routes,
				 sizeof(device->routes))
		       : 0;
}

int core_connect(struct clyde_device *device, struct claim *claim)
{
	int result = 0;

	claim->connected = true;
	result = write_inputs(device, claim, true);
	if (result == 0)
		result = write_pins(device, claim, true);
	return result;
}

int run_connect(struct clyde_run *run)
{
	return CALL(device, run->device, core_connect(device, &run->claim));
}

void run_keep(struct clyde_run *run)
{
	run->claim.kept = true;
}

/* ---- The begin and the end -------------------------------------------- */

int core_attach(struct clyde_device *device, struct claim *claim)
{
	int result = core_check(device, claim->core);

	if (result == 0)
		result = clear_routes(device, claim->core);
	if (result == 0)
		claim->attached = true;
	return result;
}

int run_attach(struct clyde_run *run)
{
	if (run->claim.core == CORE_NONE)
		return 0;
	return CALL(device, run->device, core_attach(device, &run->claim));
}

static int read_last(
	struct clyde_device *device, uint8_t address, void *data, size_t size)
{
	int result = 0;

	set_uninterruptible(device, true);
	result = register_read(device, address, data, size);
	set_uninterruptible(device, false);
	return result;
}

int run_read_last(
	struct clyde_run *run, uint8_t address, void *data, size_t size)
{
	return CALL(
		device, run->device, read_last(device, address, data, size));
}

int core_disconnect(struct clyde_device *device, struct claim *claim)
{
	int result = 0;

	if (claim->connected && !claim->kept)
		result = write_pins(device, claim, false);
	if (claim->connected && !claim->kept && result == 0)
		result = write_inputs(device, claim, false);
	if (!claim->kept && result == 0)
		core_restore_pulls(device, claim);
	claim->connected = false;
	claim->pulled = 0;
	return result;
}

int core_detach(struct clyde_device *device, struct claim *claim)
{
	if (!claim->attached)
		return 0;
	claim->attached = false;
	return core_write_streams(device);
}

/* What a run did to the device is undone however the run has ended. */
static int with_device(struct clyde_run *run,
	int (*act)(struct clyde_device *device, struct claim *claim))
{
	struct clyde_device *device = run->held;
	int result = 0;

	result = object_lock(&device->object);
	if (result < 0)
		return result;
	if (run->claim.device == device->object.token) {
		set_uninterruptible(device, true);
		result = act(device, &run->claim);
		set_uninterruptible(device, false);
	}
	object_unlock(&device->object);
	return result;
}

/* Pins first, so that none is driven while no applet controls the core. */
int run_release(struct clyde_run *run)
{
	int released = with_device(run, core_disconnect), detached;

	clyde_close_token(run->claim.user);
	for (unsigned i = 0; i < 2; i++)
		clyde_pipe_close(run->claim.pipes[i]);
	detached = with_device(run, core_detach);
	if (object_lock(&run->object) == 0) {
		claim_drop(&run->claim);
		object_unlock(&run->object);
	}
	return released < 0 ? released : detached;
}

void cores_forget(struct clyde_device *device)
{
	struct claim *claim;

	if (device->mgmt == NULL)
		return;
	set_uninterruptible(device, true);
	LIST_FOREACH (claim, &device->context->claimed, in_context)
		if (claim->device == device->object.token)
			core_disconnect(device, claim);
	set_uninterruptible(device, false);
}
