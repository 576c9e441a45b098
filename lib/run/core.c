/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Claims in the FPGA: connects streams and pins of the image to the core of a
 * run, and disconnects them when the run ends.  run.c calls it, and applets by
 * run_pipe() and run_connect().
 *
 * No pin may stay driven by a core whose run has ended, except by run_keep().
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

/* The cores that an application has attached, except those that runs use. */
static void find_attached(
	const struct clyde_device *device, uint8_t cores[CLYDE_PIPE_COUNT])
{
	for (unsigned id = 0; id < CLYDE_PIPE_COUNT; id++) {
		const struct clyde_run *run =
			claim_of_core(device, device->attached[id]);

		cores[id] = run && run->claim.attached ? CORE_NONE
						       : device->attached[id];
	}
}

/* Write the streams of all pipes, so that none of an earlier program is left.
   `opening` is a run that is about to open pipes of these directions. */
static int write_streams(struct clyde_device *device,
	const struct clyde_run *opening, uint8_t ways)
{
	uint8_t cores[CLYDE_PIPE_COUNT];
	const struct clyde_run *run;

	find_attached(device, cores);
	LIST_FOREACH (run, &device->context->claimed, claim.in_context) {
		const struct claim *claim = &run->claim;
		uint8_t streams;

		if (claim->device != device->object.token || !claim->attached)
			continue;
		streams = open_streams(device, claim) |
			(run == opening ? ways : 0);
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

/* Whether no run and no application has the other pipe of the pair. */
static bool alone(const struct clyde_device *device,
	const struct clyde_run *run, enum clyde_pipe_id id)
{
	enum clyde_pipe_id other = id == CLYDE_PIPE_EP2_OUT ? CLYDE_PIPE_EP4_OUT
							    : CLYDE_PIPE_EP8_IN;

	if (id != CLYDE_PIPE_EP2_OUT && id != CLYDE_PIPE_EP6_IN)
		return false;
	return device->pipes[other] == NULL && !claim_has_pipe(run, other);
}

/* The stream is connected first, because opening the pipe also resets the core.
   Both happen in one call: a write of the streams by another run in between
   would disconnect this stream, whose pipe is not open yet. */
static int open_stream(struct clyde_run *run, struct clyde_device *device,
	enum core_flag way, const struct clyde_pipe_options *options,
	struct clyde_pipe **ret_pipe)
{
	enum clyde_pipe_id id = run->claim.ids[way == CORE_GIVES];
	struct clyde_pipe_options chosen = *options;
	int result = write_streams(device, run, way);

	chosen.quad = alone(device, run, id);
	return result < 0 ? result : pipe_make(device, id, &chosen, ret_pipe);
}

static int open_pipe(struct clyde_run *run, struct clyde_device *device,
	enum core_flag way, const struct clyde_pipe_options *options,
	struct clyde_pipe **ret_pipe)
{
	int result = open_stream(run, device, way, options, ret_pipe);

	if (result == 0)
		run->claim.pipes[way == CORE_GIVES] = *ret_pipe;
	return result;
}

int run_pipe(struct clyde_run *run, enum core_flag way,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe)
{
	return CALL(device, run->device,
		open_pipe(run, device, way, options, ret_pipe));
}

/* ---- Pins ------------------------------------------------------------- */

/* Disconnect pins that a run of this core has left connected because its
   program was killed: they must not show this run's signals.  Outputs of
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
	struct clyde_device *device, const struct clyde_run *run, bool connect)
{
	static const uint8_t none[INPUT_COUNT];
	const struct core_entry *entry = &core_entries[run->claim.core];
	const uint8_t *inputs = connect ? run->claim.inputs : none;

	if (entry->inputs == 0)
		return 0;
	return register_write(device, REG_INPUT + entry->first_input,
		inputs + entry->first_input, entry->inputs);
}

static int write_pins(
	struct clyde_device *device, const struct clyde_run *run, bool connect)
{
	bool changed = false;

	for (unsigned i = 0; i < PIN_COUNT; i++) {
		const struct pin_claim *pin = &run->claim.pins[i];
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

static int connect(struct clyde_run *run, struct clyde_device *device)
{
	int result = 0;

	run->claim.connected = true;
	result = write_inputs(device, run, true);
	if (result == 0)
		result = write_pins(device, run, true);
	return result;
}

int run_connect(struct clyde_run *run)
{
	return CALL(device, run->device, connect(run, device));
}

void run_keep(struct clyde_run *run)
{
	run->claim.kept = true;
}

/* ---- The begin and the end of a run ----------------------------------- */

static int attach(struct clyde_device *device, struct clyde_run *run)
{
	int result = core_check(device, run->claim.core);

	if (result == 0)
		result = clear_routes(device, run->claim.core);
	if (result == 0)
		run->claim.attached = true;
	return result;
}

int core_attach(struct clyde_run *run)
{
	if (run->claim.core == CORE_NONE)
		return 0;
	return CALL(device, run->device, attach(device, run));
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

static int disconnect(struct clyde_device *device, struct clyde_run *run)
{
	struct claim *claim = &run->claim;
	int result = 0;

	if (claim->connected && !claim->kept)
		result = write_pins(device, run, false);
	if (claim->connected && !claim->kept && result == 0)
		result = write_inputs(device, run, false);
	if (!claim->kept && result == 0)
		core_restore_pulls(device, claim);
	claim->connected = false;
	claim->pulled = 0;
	return result;
}

static int detach(struct clyde_device *device, struct clyde_run *run)
{
	if (!run->claim.attached)
		return 0;
	run->claim.attached = false;
	return core_write_streams(device);
}

/* What a run did to the device is undone however the run has ended. */
static int with_device(struct clyde_run *run,
	int (*act)(struct clyde_device *device, struct clyde_run *run))
{
	struct clyde_device *device = run->held;
	int result = 0;

	result = object_lock(&device->object);
	if (result < 0)
		return result;
	if (run->claim.device == device->object.token) {
		set_uninterruptible(device, true);
		result = act(device, run);
		set_uninterruptible(device, false);
	}
	object_unlock(&device->object);
	return result;
}

/* Pins first, so that none is driven while no applet controls the core. */
int core_release(struct clyde_run *run)
{
	int released = with_device(run, disconnect), detached;

	for (unsigned i = 0; i < 2; i++)
		clyde_pipe_close(run->claim.pipes[i]);
	detached = with_device(run, detach);
	if (object_lock(&run->object) == 0) {
		claim_drop(run);
		object_unlock(&run->object);
	}
	return released < 0 ? released : detached;
}

void cores_forget(struct clyde_device *device)
{
	struct clyde_run *run;

	if (device->mgmt == NULL)
		return;
	set_uninterruptible(device, true);
	LIST_FOREACH (run, &device->context->claimed, claim.in_context)
		if (run->claim.device == device->object.token)
			disconnect(device, run);
	set_uninterruptible(device, false);
}
