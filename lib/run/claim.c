/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What runs claim of a device, each for itself: a core, pipes, pins.  It is
 * all kept here on the host, so that a conflict is found before anything is
 * done to the device.
 */
#include "run.h"

#include <string.h>

#include "lib/stream/pipe.h"

static const char *name_of(const struct clyde_run *run)
{
	return run->applet->table.name;
}

/* The next run, after this one or from the start, that has claimed something
   of the same device. */
static const struct clyde_run *next_rival(
	const struct clyde_run *run, const struct clyde_run *after)
{
	const struct clyde_run *other = after
		? LIST_NEXT(after, claim.in_context)
		: LIST_FIRST(&run->context->claimed);

	while (other &&
		(other == run || other->claim.device != run->claim.device))
		other = LIST_NEXT(other, claim.in_context);
	return other;
}

#define FOR_EACH_RIVAL(run, other)                                         \
	for (const struct clyde_run *other = next_rival(run, NULL); other; \
		other = next_rival(run, other))

/* ---- Pipes ------------------------------------------------------------ */

static const uint8_t ways[2] = {CORE_TAKES, CORE_GIVES};

static bool uses_pipe(const struct clyde_run *run, enum clyde_pipe_id id)
{
	for (unsigned i = 0; i < 2; i++)
		if (run->claim.streams & ways[i] && run->claim.ids[i] == id)
			return true;
	return false;
}

bool claim_has_pipe(const struct clyde_run *run, enum clyde_pipe_id id)
{
	FOR_EACH_RIVAL (run, other)
		if (uses_pipe(other, id))
			return true;
	return false;
}

/* Whether an application has a pipe open that it has attached to this core:
   the core's other pipes stay attached then, too. */
static bool in_use(const struct clyde_device *device, unsigned core)
{
	for (unsigned id = 0; core != CORE_NONE && id < CLYDE_PIPE_COUNT; id++)
		if (device->attached[id] == core && device->pipes[id])
			return true;
	return false;
}

/* The pipe that can have all buffers comes first. */
static int claim_pipe(
	struct clyde_run *run, const struct clyde_device *device, unsigned way)
{
	static const enum clyde_pipe_id ids[2][2] = {
		{CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP4_OUT},
		{CLYDE_PIPE_EP6_IN, CLYDE_PIPE_EP8_IN},
	};
	struct claim *claim = &run->claim;

	for (unsigned i = 0; i < 2; i++) {
		enum clyde_pipe_id id = ids[way][i];

		if (claim_has_pipe(run, id) || !pipe_is_free(device, id) ||
			in_use(device, device->attached[id]))
			continue;
		claim->ids[way] = id;
		claim->streams |= ways[way];
		return 0;
	}
	return set_error(CLYDE_ERROR_CORE_TAKEN,
		"%s needs a pipe %s the FPGA, and both are in use",
		name_of(run), way == 0 ? "to" : "from");
}

/* ---- The core --------------------------------------------------------- */

const struct clyde_run *claim_of_core(
	const struct clyde_device *device, enum core_place core)
{
	const struct clyde_run *run;

	LIST_FOREACH (run, &device->context->claimed, claim.in_context)
		if (run->claim.device == device->object.token &&
			run->claim.core == core)
			break;
	return run;
}

const struct clyde_run *claim_of_pipe(
	const struct clyde_device *device, enum clyde_pipe_id id)
{
	const struct clyde_run *run;

	LIST_FOREACH (run, &device->context->claimed, claim.in_context)
		if (run->claim.device == device->object.token &&
			uses_pipe(run, id))
			break;
	return run;
}

/* An application that streams through a core keeps it; what it has attached
   and not opened waits until the run is over, see core_write_streams(). */
static int check_attached(
	const struct clyde_device *device, enum core_place core)
{
	if (!in_use(device, core))
		return 0;
	return set_error(CLYDE_ERROR_CORE_TAKEN,
		"the image has one %s core, and it is attached to a pipe that "
		"is open",
		core_names[core]);
}

static int claim_core(struct clyde_run *run, const struct clyde_device *device,
	enum core_place core, unsigned streams)
{
	int result = 0;

	FOR_EACH_RIVAL (run, other)
		if (other->claim.core == core)
			return set_error(CLYDE_ERROR_CORE_TAKEN,
				"the image has one %s core, and another run "
				"uses it",
				core_names[core]);
	result = check_attached(device, core);
	if (result < 0)
		return result;
	run->claim.core = core;
	for (unsigned way = 0; way < 2 && result == 0; way++)
		if (streams & ways[way])
			result = claim_pipe(run, device, way);
	return result;
}

int run_claim_core(
	struct clyde_run *run, enum core_place core, unsigned streams)
{
	return CALL(
		device, run->device, claim_core(run, device, core, streams));
}

/* ---- Pins ------------------------------------------------------------- */

static bool clash(const struct pin_claim *a, const struct pin_claim *b)
{
	return a->what && b->what && a->use != PIN_SEEN && b->use != PIN_SEEN;
}

static int two_functions(const struct clyde_run *run,
	const struct clyde_run *other, unsigned index,
	const struct pin_claim *wanted)
{
	const char *of = other == run ? "" : " of ";

	return set_error(CLYDE_ERROR_PIN_TAKEN,
		"pin %c%u can have one function, not two: %s%s%s and %s%s%s",
		'A' + index / 8, index % 8, other->claim.pins[index].what, of,
		other == run ? "" : name_of(other), wanted->what, of,
		other == run ? "" : name_of(run));
}

static int claim_pin(struct clyde_run *run, const struct clyde_device *device,
	unsigned index, const struct pin_claim *wanted)
{
	struct pin_claim *mine;

	if (index >= PIN_COUNT || !(ports_of(device) >> index / 8 & 1))
		return set_error(CLYDE_ERROR_NO_PIN,
			"%s: there is no pin %c%u: revision %s has ports %s "
			"only",
			wanted->what, 'A' + index / 8, index % 8,
			device->info.revision,
			ports_of(device) == 3 ? "A and B" : "A to D");
	mine = &run->claim.pins[index];
	if (clash(mine, wanted) &&
		(mine->use != wanted->use || mine->route != wanted->route))
		return two_functions(run, run, index, wanted);
	FOR_EACH_RIVAL (run, other)
		if (clash(&other->claim.pins[index], wanted))
			return two_functions(run, other, index, wanted);
	if (mine->what == NULL || mine->use == PIN_SEEN)
		*mine = *wanted;
	return 0;
}

static int claim_one(struct clyde_run *run, struct clyde_device *device,
	const char *what, const struct clyde_pin *pin, enum pin_use use,
	unsigned function)
{
	unsigned index = 8 * pin->port + pin->number;
	struct pin_claim wanted = {.what = what, .use = use};
	int result = 0;

	if (use == PIN_OUTPUT)
		wanted.route = function | (pin->invert ? PIN_INVERT : 0);
	result = claim_pin(run, device, index, &wanted);
	if (result == 0 && use == PIN_INPUT)
		run->claim.inputs[function] = INPUT_CONNECTED | index |
			(pin->invert ? INPUT_INVERT : 0);
	return result;
}

int run_claim_pin(struct clyde_run *run, const char *what,
	const struct clyde_pin *pin, enum pin_use use, unsigned function)
{
	return CALL(device, run->device,
		claim_one(run, device, what, pin, use, function));
}

/* ---- The claim -------------------------------------------------------- */

void claim_drop(struct clyde_run *run)
{
	if (run->claim.device == 0)
		return;
	LIST_REMOVE(run, claim.in_context);
	memset(&run->claim, 0, sizeof(run->claim));
}

static int enlist_with(struct clyde_run *run, struct clyde_device *device,
	struct clyde_device *handle)
{
	if (device->context != run->context)
		return set_error(CLYDE_ERROR_INVALID,
			"the run and the device are of two contexts");
	claim_drop(run);
	run->device = handle;
	run->claim.device = device->object.token;
	LIST_INSERT_HEAD(&run->context->claimed, run, claim.in_context);
	return 0;
}

static int enlist(struct clyde_run *run, struct clyde_device *handle)
{
	return CALL(device, handle, enlist_with(run, device, handle));
}

static void unlist(struct clyde_run *run)
{
	object_lock(&run->object);
	claim_drop(run);
	object_unlock(&run->object);
}

int claim_make(struct clyde_run *run, struct clyde_device *device)
{
	int result = enlist(run, device);

	if (result < 0 || run->applet->claim == NULL)
		return result;
	result = run->applet->claim(run);
	if (result < 0)
		unlist(run);
	return result;
}

static int hold_and_claim(struct clyde_run *run, struct clyde_device *device)
{
	int result = run_hold(run, device);

	if (result < 0)
		return result;
	result = claim_make(run, device);
	run_let_go(run);
	return result;
}

CLYDE_API int clyde_run_claim(
	struct clyde_run *handle, struct clyde_device *device)
{
	return PINNED(run, handle, hold_and_claim(run, device));
}
