/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Claims of a core, pipes and pins of a device, see claim.h.  For runs run.c calls
 * claim_make(), and the applet's claim() calls run_claim_...(); lib/core claims
 * for the objects of applications.
 *
 * Claims are kept on the host.  Nothing here may change the device, so that a
 * conflict is found before anything is done.
 */
#include "run.h"

#include "lib/stream/pipe.h"

/* The next claim, after this one or from the start, of something of the same
   device. */
static const struct claim *next_rival(const struct claim *claim,
	const struct clyde_device *device, const struct claim *after)
{
	const struct claim *other = after
		? LIST_NEXT(after, in_context)
		: LIST_FIRST(&device->context->claimed);

	while (other && (other == claim || other->device != claim->device))
		other = LIST_NEXT(other, in_context);
	return other;
}

#define FOR_EACH_RIVAL(claim, of, other)                                     \
	for (const struct claim *other = next_rival(claim, of, NULL); other; \
		other = next_rival(claim, of, other))

/* ---- Pipes ------------------------------------------------------------ */

static const uint8_t ways[2] = {CORE_TAKES, CORE_GIVES};

static bool uses_pipe(const struct claim *claim, enum clyde_pipe_id id)
{
	for (unsigned i = 0; i < 2; i++)
		if (claim->streams & ways[i] && claim->ids[i] == id)
			return true;
	return false;
}

bool claim_has_pipe(const struct claim *claim,
	const struct clyde_device *device, enum clyde_pipe_id id)
{
	FOR_EACH_RIVAL (claim, device, other)
		if (uses_pipe(other, id))
			return true;
	return false;
}

/* Whether an application has attached a pipe to this core and opened it.  Then
   the core's other pipes stay attached, too. */
static bool application_uses(const struct clyde_device *device, unsigned core)
{
	for (unsigned id = 0; core != CORE_NONE && id < CLYDE_PIPE_COUNT; id++)
		if (device->attached[id] == core && device->pipes[id])
			return true;
	return false;
}

/* The pipe that can have quad buffers is tried first. */
static int claim_pipe(
	struct claim *claim, const struct clyde_device *device, unsigned way)
{
	static const enum clyde_pipe_id ids[2][2] = {
		{CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP4_OUT},
		{CLYDE_PIPE_EP6_IN, CLYDE_PIPE_EP8_IN},
	};
	for (unsigned i = 0; i < 2; i++) {
		enum clyde_pipe_id id = ids[way][i];

		if (claim_has_pipe(claim, device, id) ||
			!pipe_is_free(device, id) ||
			application_uses(device, device->attached[id]))
			continue;
		claim->ids[way] = id;
		claim->streams |= ways[way];
		return 0;
	}
	return set_error(CLYDE_ERROR_CORE_TAKEN,
		"%s needs a pipe %s the FPGA, and both are in use", claim->name,
		way == 0 ? "to" : "from");
}

/* ---- The core --------------------------------------------------------- */

struct claim *claim_of_core(
	const struct clyde_device *device, enum core_place core)
{
	struct claim *claim;

	LIST_FOREACH (claim, &device->context->claimed, in_context)
		if (claim->device == device->object.token &&
			claim->core == core)
			break;
	return claim;
}

const struct claim *claim_of_pipe(
	const struct clyde_device *device, enum clyde_pipe_id id)
{
	const struct claim *claim;

	LIST_FOREACH (claim, &device->context->claimed, in_context)
		if (claim->device == device->object.token &&
			uses_pipe(claim, id))
			break;
	return claim;
}

/* An application that has opened a pipe of a core keeps the core.  A pipe that
   is attached and not opened is detached while the run lasts, see
   core_write_streams(). */
static int check_attached(
	const struct clyde_device *device, enum core_place core)
{
	if (!application_uses(device, core))
		return 0;
	return set_error(CLYDE_ERROR_CORE_TAKEN,
		"the image has one %s core, and it is attached to a pipe that "
		"is open",
		core_names[core]);
}

static const char *user_of(const struct claim *other, const struct claim *claim)
{
	if (other->run == NULL)
		return "it is open already";
	return claim->run ? "another run uses it" : "a run uses it";
}

int claim_core(struct claim *claim, const struct clyde_device *device,
	enum core_place core, unsigned streams)
{
	int result = 0;

	FOR_EACH_RIVAL (claim, device, other)
		if (other->core == core)
			return set_error(CLYDE_ERROR_CORE_TAKEN,
				"the image has one %s core, and %s",
				core_names[core], user_of(other, claim));
	result = check_attached(device, core);
	if (result < 0)
		return result;
	claim->core = core;
	for (unsigned way = 0; way < 2 && result == 0; way++)
		if (streams & ways[way])
			result = claim_pipe(claim, device, way);
	return result;
}

int run_claim_core(
	struct clyde_run *run, enum core_place core, unsigned streams)
{
	return CALL(device, run->device,
		claim_core(&run->claim, device, core, streams));
}

/* ---- Pins ------------------------------------------------------------- */

static bool clash(const struct pin_claim *a, const struct pin_claim *b)
{
	return a->what && b->what && a->use != PIN_SEEN && b->use != PIN_SEEN;
}

static int two_functions(const struct claim *claim, const struct claim *other,
	unsigned index, const struct pin_claim *wanted)
{
	const char *of = other == claim ? "" : " of ";

	return set_error(CLYDE_ERROR_PIN_TAKEN,
		"pin %c%u can have one function, not two: %s%s%s and %s%s%s",
		'A' + index / 8, index % 8, other->pins[index].what, of,
		other == claim ? "" : other->name, wanted->what, of,
		other == claim ? "" : claim->name);
}

static int claim_index(struct claim *claim, const struct clyde_device *device,
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
	mine = &claim->pins[index];
	if (clash(mine, wanted) &&
		(mine->use != wanted->use || mine->route != wanted->route))
		return two_functions(claim, claim, index, wanted);
	FOR_EACH_RIVAL (claim, device, other)
		if (clash(&other->pins[index], wanted))
			return two_functions(claim, other, index, wanted);
	if (mine->what == NULL || mine->use == PIN_SEEN)
		*mine = *wanted;
	return 0;
}

static unsigned index_of(const struct clyde_pin *pin)
{
	return 8 * pin->port + pin->number;
}

static void set_input(
	struct claim *claim, const struct clyde_pin *pin, unsigned input)
{
	claim->inputs[input] = INPUT_CONNECTED | index_of(pin) |
		(pin->invert ? INPUT_INVERT : 0);
}

int claim_pin(struct claim *claim, struct clyde_device *device,
	const char *what, const struct clyde_pin *pin, enum pin_use use,
	unsigned function)
{
	struct pin_claim wanted = {.what = what, .use = use};
	int result = 0;

	if (use == PIN_OUTPUT)
		wanted.route = function | (pin->invert ? PIN_INVERT : 0);
	result = claim_index(claim, device, index_of(pin), &wanted);
	if (result == 0 && use == PIN_INPUT)
		set_input(claim, pin, function);
	return result;
}

int claim_both(struct claim *claim, struct clyde_device *device,
	const char *what, const struct clyde_pin *pin, unsigned output,
	unsigned input)
{
	int result = claim_pin(claim, device, what, pin, PIN_OUTPUT, output);

	if (result == 0)
		set_input(claim, pin, input);
	return result;
}

int run_claim_pin(struct clyde_run *run, const char *what,
	const struct clyde_pin *pin, enum pin_use use, unsigned function)
{
	return CALL(device, run->device,
		claim_pin(&run->claim, device, what, pin, use, function));
}

/* ---- The claim -------------------------------------------------------- */

void claim_drop(struct claim *claim)
{
	if (claim->device == 0)
		return;
	LIST_REMOVE(claim, in_context);
	*claim = (struct claim){.name = claim->name, .run = claim->run};
}

void claim_begin(struct claim *claim, struct clyde_device *device)
{
	claim_drop(claim);
	claim->device = device->object.token;
	LIST_INSERT_HEAD(&device->context->claimed, claim, in_context);
}

static int enlist_with(struct clyde_run *run, struct clyde_device *device,
	struct clyde_device *handle)
{
	if (device->context != run->context)
		return set_error(CLYDE_ERROR_INVALID,
			"the run and the device are of two contexts");
	claim_begin(&run->claim, device);
	run->device = handle;
	return 0;
}

static int enlist(struct clyde_run *run, struct clyde_device *handle)
{
	return CALL(device, handle, enlist_with(run, device, handle));
}

static void unlist(struct clyde_run *run)
{
	object_lock(&run->object);
	claim_drop(&run->claim);
	object_unlock(&run->object);
}

int claim_make(struct clyde_run *run, struct clyde_device *device)
{
	int result = parameters_check(run);

	if (result == 0)
		result = enlist(run, device);
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
