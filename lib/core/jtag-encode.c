/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Steps of clyde.h as commands of wire/core-probe.h, and the states that the
 * TAPs go through.  queue.c calls it.
 *
 * A poll that fails skips what is behind it.  So a chain that has a poll ends in
 * Run-Test/Idle, where the poll has left the TAPs, and while such a chain is on
 * its way, the next one begins with all settings.
 */
#include "jtag.h"

#include <string.h>

#define LENGTH_MAX 0xfffff8u /* u24, whole bytes */
#define ONE(state) (1u << (state))

#define SAME(n) _Static_assert((int)CLYDE_TAP_##n == (int)JTAG_##n, #n)
SAME(RESET);
SAME(IDLE);
SAME(DR_SHIFT);
SAME(DR_UPDATE);
SAME(IR_SHIFT);
SAME(IR_UPDATE);
_Static_assert((int)CLYDE_TAP_UNKNOWN == JTAG_STATES, "CLYDE_TAP_UNKNOWN");

static size_t bytes_of(uint32_t bits)
{
	return ((size_t)bits + 7) / 8;
}

/* ---- Checks ----------------------------------------------------------- */

static bool is_scan(const struct clyde_jtag_step *step)
{
	return step->kind == CLYDE_JTAG_IR || step->kind == CLYDE_JTAG_DR;
}

static unsigned flags_of(const struct clyde_jtag_step *step)
{
	switch (step->kind) {
	case CLYDE_JTAG_IR:
	case CLYDE_JTAG_DR:
	case CLYDE_JTAG_VECTOR:
		return CLYDE_JTAG_ZEROS;
	case CLYDE_JTAG_POLL:
		return CLYDE_JTAG_ZEROS | CLYDE_JTAG_POLL_IR;
	}
	return 0;
}

static int check_poll(size_t index, const struct clyde_jtag_step *step)
{
	if (step->bits < 1 || step->bits > 8)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu looks at %u bits: 1 to 8 are possible", index,
			step->bits);
	if (step->clocks > 255)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: %u clocks after each scan: up to 255 are "
			"possible",
			index, step->clocks);
	return core_check_poll(index, step->mask, step->value);
}

static int check_pins(const struct clyde_jtag *jtag, size_t index,
	const struct clyde_jtag_step *step)
{
	static const char *const names[] = {"trst", "srst"};

	if (step->pins > 3)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: pins %#x: bits 0 and 1 are possible", index,
			step->pins);
	for (unsigned i = 0; i < 2; i++)
		if (!(step->pins >> i & 1) &&
			!jtag_has(jtag, PROBE_OUTPUT_TRST + i))
			return set_error(CLYDE_ERROR_INVALID,
				"step %zu needs %s, which has no pin", index,
				names[i]);
	return 0;
}

/* Whether what a step sends and receives has pins. */
static int check_lines(const struct clyde_jtag *jtag, size_t index,
	const struct clyde_jtag_step *step)
{
	bool sends = step->out && step->kind != CLYDE_JTAG_POLL;
	bool receives = step->in || step->kind == CLYDE_JTAG_POLL;
	const char *missing = sends && !jtag_has(jtag, PROBE_OUTPUT_TDI) ? "tdi"
		: receives && !(jtag->core.inputs & 1 << PROBE_INPUT_TDO)
		? "tdo"
		: NULL;

	return missing
		? set_error(CLYDE_ERROR_INVALID,
			  "step %zu needs %s, which has no pin", index, missing)
		: 0;
}

static int check_kind(size_t index, const struct clyde_jtag_step *step)
{
	unsigned flags = step->flags & ~flags_of(step);

	if (step->kind > CLYDE_JTAG_PINS)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu is of kind %u: there are kinds 0 to %d",
			index, step->kind, CLYDE_JTAG_PINS);
	if (flags)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu has a flag %#x that its kind has not", index,
			flags);
	if ((is_scan(step) || step->kind == CLYDE_JTAG_STATE) &&
		step->state >= JTAG_STATES)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu goes to state %u: there are states 0 to %d",
			index, step->state, JTAG_STATES - 1);
	if (is_scan(step) && step->bits == 0)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu has no bits: a scan shifts one at least",
			index);
	return 0;
}

static int check_step(const struct clyde_jtag *jtag, size_t index,
	const struct clyde_jtag_step *step)
{
	int result = check_kind(index, step);

	if (result < 0)
		return result;
	switch (step->kind) {
	case CLYDE_JTAG_STATE:
	case CLYDE_JTAG_RUN:
		return 0;
	case CLYDE_JTAG_PINS:
		return check_pins(jtag, index, step);
	case CLYDE_JTAG_POLL:
		result = check_poll(index, step);
		break;
	}
	return result < 0 ? result : check_lines(jtag, index, step);
}

int jtag_check(
	const struct core_object *core, const struct core_request *request)
{
	const struct clyde_jtag *jtag = (const struct clyde_jtag *)core;
	const struct clyde_jtag_step *steps = request->steps;
	unsigned flags = request->flags & ~CLYDE_JTAG_CHAIN;
	int result = check_buffer("steps", steps, request->count);

	if (result == 0 && flags)
		return set_error(
			CLYDE_ERROR_INVALID, "a batch has no flag %#x", flags);
	for (size_t i = 0; i < request->count && result == 0; i++)
		result = check_step(jtag, i, &steps[i]);
	return result;
}

/* ---- States ----------------------------------------------------------- */

unsigned jtag_state_of(const struct clyde_jtag *jtag)
{
	unsigned state = 0;

	if (jtag->states == 0 || jtag->states & (jtag->states - 1))
		return JTAG_STATES;
	while (!(jtag->states >> state & 1))
		state++;
	return state;
}

/* Whether TRST may hold TAPs in Test-Logic-Reset. */
static bool may_be_held(const struct clyde_jtag *jtag)
{
	return !(jtag->pins & PROBE_TRST_HIGH);
}

/* The state of the TAPs that TRST does not hold. */
static unsigned present(const struct clyde_jtag *jtag)
{
	struct clyde_jtag free = {.states = jtag->states & ~ONE(JTAG_RESET)};

	return may_be_held(jtag) && free.states ? jtag_state_of(&free)
						: jtag_state_of(jtag);
}

static uint16_t next_states(uint16_t states, bool tms)
{
	uint16_t next = 0;

	for (unsigned i = 0; i < JTAG_STATES; i++)
		if (states >> i & 1)
			next |= ONE(jtag_next(i, tms));
	return next;
}

/* From any state, so many equal levels of TMS lead where more lead, too. */
#define SETTLES 6

static void follow(struct clyde_jtag *jtag, bool tms, uint32_t clocks)
{
	uint16_t states = jtag->states;

	for (uint32_t i = 0; i < clocks && i < SETTLES; i++)
		states = next_states(states, tms);
	jtag->states = states | (may_be_held(jtag) ? ONE(JTAG_RESET) : 0);
}

static void follow_bits(
	struct clyde_jtag *jtag, const uint8_t *tms, uint32_t bits)
{
	uint16_t states = jtag->states;

	for (uint32_t i = 0; i < bits; i++)
		states = next_states(states, tms && tms[i / 8] >> i % 8 & 1);
	jtag->states = states | (may_be_held(jtag) ? ONE(JTAG_RESET) : 0);
}

/* ---- Commands --------------------------------------------------------- */

/* The opcodes and operands of a step without those of its pieces, and of a
   batch beside its steps. */
#define STEP_MAX  48
#define BATCH_MAX 32

size_t jtag_size(const struct core_request *request)
{
	const struct clyde_jtag_step *steps = request->steps;
	size_t size = BATCH_MAX;

	for (size_t i = 0; i < request->count; i++) {
		const struct clyde_jtag_step *step = &steps[i];
		size_t bytes = bytes_of(step->bits);

		size += STEP_MAX + 4 * (step->bits / LENGTH_MAX);
		if (step->kind == CLYDE_JTAG_VECTOR)
			size += 2 * bytes;
		else if (is_scan(step) && step->out)
			size += bytes;
	}
	return size;
}

static void command(struct clyde_jtag *jtag, uint8_t opcode,
	const void *operands, size_t size)
{
	core_command(&jtag->core, opcode, operands, size);
}

static void take_path(struct clyde_jtag *jtag, const struct jtag_path *path)
{
	for (unsigned at = 0; at < path->count; at += PROBE_CLOCKS_MAX) {
		unsigned left = path->count - at;
		unsigned clocks =
			left < PROBE_CLOCKS_MAX ? left : PROBE_CLOCKS_MAX;
		uint8_t tms = path->tms >> at;

		command(jtag, PROBE_TMS | PROBE_ONES | (clocks - 1), &tms, 1);
		follow_bits(jtag, &tms, clocks);
	}
}

/* To RESET always by clocks, and to it first if the state is not known. */
static void go(struct clyde_jtag *jtag, enum jtag_state to)
{
	unsigned from = present(jtag);
	struct jtag_path path;

	if (to == JTAG_RESET || from == JTAG_STATES) {
		path = jtag_path(JTAG_RESET, JTAG_RESET);
		take_path(jtag, &path);
		from = JTAG_RESET;
	}
	if (to == JTAG_RESET)
		return;
	path = jtag_path(from, to);
	take_path(jtag, &path);
}

static uint8_t tdi_flag(const struct clyde_jtag_step *step)
{
	return step->flags & CLYDE_JTAG_ZEROS ? 0 : PROBE_ONES;
}

static void scan(struct clyde_jtag *jtag, const struct clyde_jtag_step *step)
{
	enum jtag_state shift =
		step->kind == CLYDE_JTAG_IR ? JTAG_IR_SHIFT : JTAG_DR_SHIFT;
	uint8_t opcode = PROBE_SHIFT |
		(step->out ? PROBE_TDI : tdi_flag(step)) |
		(step->in ? PROBE_TDO : 0);
	bool leaves = step->state != shift;
	const uint8_t *out = step->out;
	uint32_t left = step->bits;

	go(jtag, shift);
	while (left > 0) {
		uint32_t piece = left < LENGTH_MAX ? left : LENGTH_MAX;
		bool last = leaves && piece == left;

		command(jtag, opcode | (last ? PROBE_LAST : 0), &piece, 3);
		if (out)
			core_put(&jtag->core, out, bytes_of(piece));
		out = out ? out + bytes_of(piece) : NULL;
		left -= piece;
	}
	if (!leaves)
		return;
	jtag->states = next_states(jtag->states, true);
	follow(jtag, false, 0);
	go(jtag, step->state);
}

static void vector(struct clyde_jtag *jtag, const struct clyde_jtag_step *step)
{
	uint8_t opcode = PROBE_VECTOR | (step->in ? PROBE_TDO : 0);
	uint8_t none = step->flags & CLYDE_JTAG_ZEROS ? 0 : 0xff;
	const uint8_t *tms = step->tms, *out = step->out;
	size_t bytes = bytes_of(step->bits);

	for (size_t i = 0; i < bytes; i++) {
		uint8_t pair[2] = {tms ? tms[i] : 0, out ? out[i] : none};

		if (i % (LENGTH_MAX / 8) == 0) {
			uint32_t left = step->bits - 8 * (uint32_t)i;
			uint32_t piece = left < LENGTH_MAX ? left : LENGTH_MAX;

			command(jtag, opcode, &piece, 3);
		}
		core_put(&jtag->core, pair, sizeof(pair));
	}
	follow_bits(jtag, tms, step->bits);
}

static void run(struct clyde_jtag *jtag, const struct clyde_jtag_step *step)
{
	unsigned state = present(jtag);
	bool high = state == JTAG_RESET;

	if (state == JTAG_STATES || !jtag_is_stable(state))
		go(jtag, JTAG_IDLE);
	if (step->clocks == 0)
		return;
	command(jtag, PROBE_RUN | PROBE_ONES | (high ? PROBE_HIGH : 0),
		&step->clocks, sizeof(step->clocks));
	follow(jtag, high, step->clocks);
}

static void poll_bits(
	struct clyde_jtag *jtag, const struct clyde_jtag_step *step)
{
	const struct probe_poll operands = {.limit_us = step->limit_us,
		.skip = step->skip,
		.bits = step->bits,
		.tail = step->tail,
		.idle = step->clocks,
		.mask = step->mask,
		.value = step->value};

	go(jtag, JTAG_IDLE);
	command(jtag,
		PROBE_POLL | tdi_flag(step) |
			(step->flags & CLYDE_JTAG_POLL_IR ? PROBE_IR : 0),
		&operands, sizeof(operands));
}

static void put_pins(struct clyde_jtag *jtag)
{
	if (jtag->pins_known && jtag->sent_pins == jtag->pins)
		return;
	command(jtag, STREAM_PINS, &jtag->pins, 1);
	jtag->sent_pins = jtag->pins;
	jtag->pins_known = true;
}

static void put_config(struct clyde_jtag *jtag)
{
	if (jtag->config_known &&
		memcmp(&jtag->sent_config, &jtag->config,
			sizeof(jtag->config)) == 0)
		return;
	command(jtag, PROBE_CONFIG, &jtag->config, sizeof(jtag->config));
	jtag->sent_config = jtag->config;
	jtag->config_known = true;
}

static void set_pins(
	struct clyde_jtag *jtag, const struct clyde_jtag_step *step)
{
	jtag->pins = step->pins;
	put_pins(jtag);
	follow(jtag, false, 0);
}

/* What to expect of the step.  The command that can fail is the last that was
   put. */
static void note(struct core_object *core, struct core_sent *sent)
{
	const struct clyde_jtag_step *step = &sent->step.jtag;

	sent->polls = step->kind == CLYDE_JTAG_POLL;
	sent->can_fail = sent->polls;
	sent->mask = step->mask;
	sent->value = step->value;
	sent->command = core->commands - 1;
	core->chain_can_fail |= sent->can_fail;
	if (sent->polls)
		sent->reply = 1;
	else if (is_scan(step) || step->kind == CLYDE_JTAG_VECTOR)
		sent->reply = step->in ? bytes_of(step->bits) : 0;
	sent->in = sent->reply ? step->in : NULL;
}

static void encode_step(struct clyde_jtag *jtag, struct core_sent *sent)
{
	const struct clyde_jtag_step *step = &sent->step.jtag;

	switch (step->kind) {
	case CLYDE_JTAG_IR:
	case CLYDE_JTAG_DR:
		scan(jtag, step);
		break;
	case CLYDE_JTAG_VECTOR:
		vector(jtag, step);
		break;
	case CLYDE_JTAG_STATE:
		go(jtag, step->state);
		break;
	case CLYDE_JTAG_RUN:
		run(jtag, step);
		break;
	case CLYDE_JTAG_POLL:
		poll_bits(jtag, step);
		break;
	case CLYDE_JTAG_PINS:
		set_pins(jtag, step);
		break;
	}
	note(&jtag->core, sent);
	if (step->delay_us)
		command(jtag, STREAM_DELAY, &step->delay_us,
			sizeof(step->delay_us));
}

void jtag_encode(struct core_object *core, const struct core_request *request,
	struct core_batch *batch)
{
	struct clyde_jtag *jtag = (struct clyde_jtag *)core;

	(void)request;
	if (!core->in_chain && core_begin_chain(core))
		jtag->config_known = jtag->pins_known = false;
	put_config(jtag);
	put_pins(jtag);
	for (size_t i = 0; i < batch->count; i++)
		encode_step(jtag, &batch->sent[i]);
	if (!batch->chained && core->chain_can_fail)
		go(jtag, JTAG_IDLE);
	core_end_batch(core, batch);
}

/* ---- Failures --------------------------------------------------------- */

int jtag_report(const struct core_fault *fault)
{
	const struct clyde_jtag_step *step = &fault->what.jtag;

	return set_error(CLYDE_ERROR_LIMIT_PASSED,
		"step %zu%s: the bits of %s were 0x%02x last, and not 0x%02x "
		"under the mask 0x%02x in %u us",
		fault->step,
		fault->earlier ? " of a batch before it in its chain" : "",
		step->flags & CLYDE_JTAG_POLL_IR ? "IR" : "DR", fault->got,
		step->value, step->mask, step->limit_us);
}
