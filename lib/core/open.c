/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Opens and closes a core with a command stream: its claim, its two pipes, its
 * pins.  spi.c and jtag.c call it.
 *
 * When the object is closed, however that happens, its pins are inputs, and its
 * core and pipes are free.
 */
#include "core.h"

#include <stdlib.h>

#include "lib/base/wait.h"
#include "lib/run/run.h"
#include "lib/stream/pipe.h"

/* Up to 22.4 MiB/s: 11 ms and more are in flight in each direction.  A short
   transfer is sent at once, and a short reply ends its transfer. */
#define OUT_SIZE  16384
#define OUT_DEPTH 16
#define IN_SIZE   32768
#define IN_DEPTH  16

/* The core itself says when replies are to be sent, see wire/stream.h. */
#define IDLE_LONG UINT16_MAX

/* ---- Claims ----------------------------------------------------------- */

int core_claim_outputs(struct claim *claim, struct clyde_device *device,
	enum core_place place, const struct core_line *outputs, size_t count)
{
	unsigned first = core_entries[place].first_output;
	int result = 0;

	for (size_t i = 0; i < count; i++)
		if (outputs[i].pin && result == 0)
			result = claim_pin(claim, device, outputs[i].what,
				outputs[i].pin, PIN_OUTPUT,
				first + outputs[i].output);
	return result;
}

int core_parse_pin(struct core_pins *parsed, const char *what, const char *text,
	const struct clyde_pin **ret_pin)
{
	struct clyde_pin pins[CLYDE_PINS_MAX];
	int count = text ? clyde_pins_parse(text, pins) : 0;

	if (count < 0)
		return count;
	if (count > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"%s is one pin, and '%s' is %d pins", what, text,
			count);
	if (count == 0)
		return 0;
	parsed->memory[parsed->count] = pins[0];
	*ret_pin = &parsed->memory[parsed->count++];
	return 0;
}

/* The claim, unless the run that had it is over. */
static struct claim *claim_of(struct core_object *core)
{
	struct claim *claim = claim_of_core(core->device, core->kind->place);

	if (core->owned)
		return core->own.device ? &core->own : NULL;
	return claim && claim->user && claim->user == core->object.token ? claim
									 : NULL;
}

int core_check_unused(const struct core_kind *kind, const struct claim *claim)
{
	return claim->user ? set_error(CLYDE_ERROR_BUSY,
				     "the run has opened %s", kind->long_name)
			   : 0;
}

/* ---- Rates ------------------------------------------------------------ */

/* The rates and delays of all cores, which clyde.h has for each. */
#define DELAY_MAX_NS    73
#define HALF_CYCLES(ns) ((96 * (ns) + 500) / 1000)

_Static_assert(CLYDE_JTAG_RATE_MIN == CLYDE_SPI_RATE_MIN &&
		CLYDE_JTAG_RATE_MAX == CLYDE_SPI_RATE_MAX,
	"core_period() has one range");

static int check_rate(uint32_t rate_hz)
{
	if (rate_hz >= CLYDE_SPI_RATE_MIN && rate_hz <= CLYDE_SPI_RATE_MAX)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"a rate of %u Hz: %d to %d are possible, and the nearest is %d",
		rate_hz, CLYDE_SPI_RATE_MIN, CLYDE_SPI_RATE_MAX,
		rate_hz < CLYDE_SPI_RATE_MIN ? CLYDE_SPI_RATE_MIN
					     : CLYDE_SPI_RATE_MAX);
}

int core_period(uint32_t rate_hz, uint32_t fallback_hz, uint16_t *ret_period)
{
	uint32_t rate = rate_hz ? rate_hz : fallback_hz;
	int result = check_rate(rate);

	if (result == 0)
		*ret_period = (CORE_CLOCK_HZ + rate - 1) / rate;
	return result;
}

int core_delay(int delay_ns, int fallback_ns, unsigned *ret_delay)
{
	if (delay_ns > DELAY_MAX_NS)
		return set_error(CLYDE_ERROR_INVALID,
			"a sample delay of %d ns: at most %d are possible",
			delay_ns, DELAY_MAX_NS);
	if (delay_ns == 0)
		delay_ns = fallback_ns;
	*ret_delay = delay_ns < 0 ? 0 : HALF_CYCLES(delay_ns);
	return 0;
}

/* ---- Closing ---------------------------------------------------------- */

static int write_idle_flush(
	struct core_object *core, const struct clyde_pipe *in, uint16_t cycles)
{
	unsigned slot = in->id - CLYDE_PIPE_EP6_IN;

	return register_write(core->device,
		REG_IDLE_FLUSH + sizeof(cycles) * slot, &cycles,
		sizeof(cycles));
}

static void shut(struct core_object *core)
{
	struct claim *claim = claim_of(core);

	if (claim)
		core_disconnect(core->device, claim);
	if (core->in)
		write_idle_flush(core, core->in, REG_IDLE_DEFAULT);
	pipe_free(core->out);
	pipe_free(core->in);
	if (claim && core->owned) {
		core_detach(core->device, claim);
		claim_drop(claim);
	} else if (claim) {
		claim->user = 0;
	}
}

void core_set_uninterruptible(struct core_object *core, bool uninterruptible)
{
	core->uninterruptible = uninterruptible;
	set_uninterruptible(core->device, uninterruptible);
}

/* The device may have left: everything is tried all the same. */
static void destroy(struct object *object)
{
	struct core_object *core = (struct core_object *)object;
	struct clyde_device *device = core->device;
	bool before = device->uninterruptible;

	set_uninterruptible(device, true);
	shut(core);
	set_uninterruptible(device, before && !core->uninterruptible);
	core_drop_batches(core);
}

static void wake(struct object *object)
{
	struct core_object *core = (struct core_object *)object;

	link_wake(core->device->link);
}

int core_give_up(struct core_object *core, int result)
{
	char why[ERROR_SIZE];

	error_take(result, why);
	destroy(&core->object);
	free(core);
	return set_error(result, "%s", why);
}

/* ---- Opening ---------------------------------------------------------- */

static int open_pipes(struct core_object *core, struct claim *claim)
{
	struct clyde_device *device = core->device;
	struct clyde_pipe_options out = {
		.transfer_size = OUT_SIZE,
		.depth = OUT_DEPTH,
	};
	struct clyde_pipe_options in = {
		.transfer_size = IN_SIZE,
		.depth = IN_DEPTH,
	};
	int result = core_open_streams(device, claim, CORE_TAKES | CORE_GIVES);

	if (result == 0)
		result = pipe_new(device, claim->ids[1], &in, &core->in);
	if (result == 0)
		result = pipe_new(device, claim->ids[0], &out, &core->out);
	if (result == 0 && core->in)
		result = write_idle_flush(core, core->in, IDLE_LONG);
	return result;
}

static void find_lines(struct core_object *core, const struct claim *claim)
{
	const struct core_entry *entry = &core_entries[core->kind->place];

	for (unsigned i = 0; i < PIN_COUNT; i++) {
		unsigned function = claim->pins[i].route & PIN_FUNCTION;

		if (claim->pins[i].what && function >= entry->first_output &&
			function < entry->first_output + entry->outputs)
			core->outputs |= 1 << (function - entry->first_output);
	}
	for (unsigned i = 0; i < entry->inputs; i++)
		if (claim->inputs[entry->first_input + i] & INPUT_CONNECTED)
			core->inputs |= 1 << i;
}

/* The claim is made, and the core is attached to it.  The pins are connected when
   the pipes are open, before which the core is in reset. */
static int start(struct core_object *core, struct claim *claim)
{
	struct clyde_device *device = core->device;
	int result = open_pipes(core, claim);

	find_lines(core, claim);
	if (result == 0)
		result = core_connect(device, claim);
	if (result == 0)
		result = object_init(&core->object, core->kind->object,
			&device->object, &device->context->tree, wake, destroy);
	return result;
}

void *core_new(
	const struct core_kind *kind, struct clyde_device *device, size_t size)
{
	struct core_object *core = calloc(1, size);

	if (core == NULL) {
		set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
		return NULL;
	}
	core->kind = kind;
	core->device = device;
	core->own.name = kind->long_name;
	STAILQ_INIT(&core->batches);
	return core;
}

static int claim_and_attach(struct core_object *core,
	int (*make_claim)(struct claim *claim, struct clyde_device *device,
		const void *pins),
	const void *pins)
{
	struct clyde_device *device = core->device;
	bool loaded = false;
	int result;

	claim_begin(&core->own, device);
	core->owned = true;
	result = make_claim(&core->own, device, pins);
	if (result == 0)
		result = core_check_loaded(device);
	if (result == 0)
		result = core_check_supplies(device, &core->own, NULL, &loaded);
	return result < 0 ? result : core_attach(device, &core->own);
}

int core_open(struct core_object *core,
	int (*make_claim)(struct claim *claim, struct clyde_device *device,
		const void *pins),
	const void *pins)
{
	int result = claim_and_attach(core, make_claim, pins);

	if (result == 0)
		result = start(core, &core->own);
	return result < 0 ? core_give_up(core, result) : 0;
}

int core_open_claimed(struct core_object *core, struct claim *claim)
{
	int result = start(core, claim);

	if (result < 0)
		return core_give_up(core, result);
	claim->user = core->object.token;
	return 0;
}
