/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Draws jobs for the probe core: a few batches of steps, the bits that are right,
 * and the failure that must be reported.
 */
#include <string.h>

#include "jtag.h"

/* The most steps that a part of a job adds. */
#define PART_STEPS 6

/* A job under construction. */
struct draft {
	struct probe *probe;
	struct jtag_plan *plan;
	struct random *random;
	struct jtag_job *job;
	struct jtag_record *single;
	unsigned most;
	struct jtag_batch *batch; /* the last one */
};

/* ---- Batches ---- */

static void begin_batch(struct draft *draft)
{
	struct probe *probe = draft->probe;
	unsigned at = draft->job->count++;
	struct jtag_batch *batch = &draft->job->batch[at];

	batch->count = batch->flags = batch->used = 0;
	batch->before = *draft->plan;
	batch->record = draft->single
		? draft->single
		: &probe->records[(probe->first + probe->count + at) %
			  JTAG_RECORDS];
	batch->record->ticket = 0;
	batch->record->step = -1;
	batch->record->over_ns = 0;
	batch->record->size = 0;
	draft->batch = batch;
	jtag_plan_batch(draft->plan);
}

static void end_batch(struct draft *draft, bool chained)
{
	struct jtag_record *record = draft->batch->record;

	if (chained)
		draft->batch->flags |= CLYDE_JTAG_CHAIN;
	jtag_plan_end(draft->plan, chained);
	record->fails = draft->plan->failed;
	record->us = draft->plan->us;
	draft->batch->after = *draft->plan;
}

/* Goes on in another batch, perhaps. */
static void may_split(struct draft *draft)
{
	if (draft->job->count == draft->most || draw(draft->random, 3))
		return;
	end_batch(draft, draw(draft->random, 3) > 0);
	begin_batch(draft);
}

/* ---- Steps ---- */

static struct clyde_jtag_step *add(
	struct draft *draft, enum clyde_jtag_kind kind)
{
	struct jtag_batch *batch = draft->batch;
	struct clyde_jtag_step *step = &batch->steps[batch->count++];

	*step = (struct clyde_jtag_step){.kind = kind};
	return step;
}

static uint8_t draw_state(struct random *random)
{
	return draw(random, 2) ? CLYDE_TAP_IDLE : draw(random, CHAIN_STATES);
}

/* Memory for bits that are sent; NULL: there is no room. */
static uint8_t *room(struct draft *draft, uint32_t bits)
{
	struct jtag_batch *batch = draft->batch;
	size_t size = (bits + 7) / 8;
	uint8_t *at = batch->out + batch->used;

	if (size > JTAG_OUT - batch->used)
		return NULL;
	batch->used += size;
	return at;
}

static const uint8_t *draw_bits(struct draft *draft, uint32_t bits)
{
	uint8_t *at = room(draft, bits);

	for (uint32_t i = 0; at && i < (bits + 7) / 8; i++)
		at[i] = random_next(draft->random);
	return at;
}

/* The step is complete. */
static void plan_step(
	struct draft *draft, struct clyde_jtag_step *step, bool receives)
{
	struct jtag_record *record = draft->batch->record;
	size_t size = (step->bits + 7) / 8, at = record->size;

	if (!receives || size > JTAG_REPLY - at) {
		jtag_plan_step(draft->plan, step, NULL, NULL);
		return;
	}
	step->in = record->in + at;
	jtag_plan_step(
		draft->plan, step, record->right + at, record->mask + at);
	record->size += size;
}

/* TDI is bits, ones or zeros. */
static void draw_tdi(struct draft *draft, struct clyde_jtag_step *step)
{
	if (draw(draft->random, 4))
		step->out = draw_bits(draft, step->bits);
	else if (draw(draft->random, 2))
		step->flags = CLYDE_JTAG_ZEROS;
}

static void put_bits(
	uint8_t *bytes, unsigned *at, uint64_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++, (*at)++) {
		bytes[*at / 8] &= ~(1 << *at % 8);
		bytes[*at / 8] |= (value >> i & 1) << *at % 8;
	}
}

/* Instructions that mean something; `opcode` for one TAP.  The bits that come
   first go to the TAP next to TDO. */
static void add_instructions(
	struct draft *draft, int which, uint32_t opcode, uint8_t state)
{
	static const uint8_t opcodes[] = {2, 2, 3, 8, 9, 1};
	struct chain *chain = &draft->plan->chain;
	struct clyde_jtag_step *step = add(draft, CLYDE_JTAG_IR);
	uint8_t *bytes;
	unsigned at = 0;

	step->bits = chain_ir_bits(chain);
	step->state = state;
	bytes = room(draft, step->bits);
	step->out = bytes;
	for (unsigned i = chain->count; bytes && i-- > 0;) {
		uint32_t value = UINT32_MAX;

		if (which == (int)i)
			value = opcode;
		else if (which >= 0 && draw(draft->random, 3) == 0)
			value = 2;
		else if (which < 0 && draw(draft->random, 3))
			value = opcodes[draw(draft->random, sizeof(opcodes))];
		put_bits(bytes, &at, value, chain->taps[i].ir_bits);
	}
	plan_step(draft, step, draw(draft->random, 2));
}

static void draw_ir(struct draft *draft)
{
	struct clyde_jtag_step *step;

	if (draw(draft->random, 4)) {
		add_instructions(draft, -1, 0, draw_state(draft->random));
		return;
	}
	step = add(draft, CLYDE_JTAG_IR);
	step->bits = 1 + draw(draft->random, 60);
	step->state = draw_state(draft->random);
	draw_tdi(draft, step);
	plan_step(draft, step, draw(draft->random, 2));
}

static uint32_t draw_size(struct draft *draft)
{
	uint32_t whole = chain_dr_bits(&draft->plan->chain);

	switch (draw(draft->random, 8)) {
	case 0:
		return 1 + draw(draft->random, 9);
	case 1:
		return 1 + draw(draft->random, 2000);
	case 2:
		return whole + draw(draft->random, 64);
	}
	return whole;
}

/* A scan in one step, or in several that stay in Shift-DR. */
static void draw_dr(struct draft *draft)
{
	uint32_t left = draw_size(draft);

	for (unsigned i = 0; left > 0; i++) {
		struct clyde_jtag_step *step = add(draft, CLYDE_JTAG_DR);
		bool last = i == 3 || draw(draft->random, 2);

		step->bits = last ? left : 1 + draw(draft->random, left);
		left -= step->bits;
		step->state =
			left ? CLYDE_TAP_DR_SHIFT : draw_state(draft->random);
		draw_tdi(draft, step);
		plan_step(draft, step, draw(draft->random, 4));
	}
}

static void draw_idcodes(struct draft *draft)
{
	struct clyde_jtag_step *step = add(draft, CLYDE_JTAG_STATE);

	step->state = CLYDE_TAP_RESET;
	plan_step(draft, step, false);
	may_split(draft);
	draw_dr(draft);
}

/* Where the library cannot know the state, a step of which the clocks are not
   certain has to wait. */
static bool is_uncertain(const struct draft *draft)
{
	const struct jtag_plan *plan = draft->plan;

	return plan->vague && plan->pins & CLYDE_JTAG_TRST_HIGH;
}

static void draw_go(struct draft *draft)
{
	struct clyde_jtag_step *step = add(draft, CLYDE_JTAG_STATE);

	step->state = draw(draft->random, CHAIN_STATES);
	step->delay_us = draw(draft->random, 40);
	plan_step(draft, step, false);
}

static void draw_vector(struct draft *draft)
{
	struct clyde_jtag_step *step;

	if (is_uncertain(draft)) {
		draw_go(draft);
		return;
	}
	step = add(draft, CLYDE_JTAG_VECTOR);
	step->bits = draw(draft->random, draw(draft->random, 4) ? 40 : 600);
	if (draw(draft->random, 8))
		step->tms = draw_bits(draft, step->bits);
	draw_tdi(draft, step);
	plan_step(draft, step, draw(draft->random, 3));
}

static void draw_run(struct draft *draft)
{
	struct clyde_jtag_step *step;

	if (is_uncertain(draft)) {
		draw_go(draft);
		return;
	}
	step = add(draft, CLYDE_JTAG_RUN);
	step->clocks = draw(draft->random, draw(draft->random, 4) ? 40 : 3000);
	plan_step(draft, step, false);
}

static void draw_pins(struct draft *draft)
{
	struct clyde_jtag_step *step;

	if (!draft->probe->has_trst) {
		draw_run(draft);
		return;
	}
	step = add(draft, CLYDE_JTAG_PINS);
	step->pins = CLYDE_JTAG_SRST_HIGH;
	if (!(draft->plan->pins & CLYDE_JTAG_TRST_HIGH) ||
		draw(draft->random, 4) == 0)
		step->pins |= CLYDE_JTAG_TRST_HIGH;
	step->delay_us = draw(draft->random, 20);
	plan_step(draft, step, false);
}

/* ---- Polls ---- */

/* The poll has been carried out, or skipped: what it receives. */
static void receive_poll(struct draft *draft, struct clyde_jtag_step *step,
	uint8_t right, uint8_t mask)
{
	struct jtag_record *record = draft->batch->record;

	draft->plan->polls = true;
	if (draw(draft->random, 2) || record->size == JTAG_REPLY)
		return;
	step->in = record->in + record->size;
	record->right[record->size] = right;
	record->mask[record->size] = mask;
	record->size++;
}

/* A poll that is met by its first scan, or by none. */
static void draw_poll(struct draft *draft, bool misses)
{
	struct jtag_plan *plan = draft->plan, before = *draft->plan;
	struct clyde_jtag_step *step;
	uint8_t right = 0xff, known = 0xff;
	double begun_us;

	if (!(plan->pins & CLYDE_JTAG_TRST_HIGH))
		return;
	step = add(draft, CLYDE_JTAG_POLL);
	jtag_plan_go(plan, CLYDE_TAP_IDLE);
	begun_us = plan->us;
	if (draw(draft->random, 2))
		step->flags |= CLYDE_JTAG_ZEROS;
	if (chain_has_user(&plan->chain) || draw(draft->random, 2))
		step->flags |= CLYDE_JTAG_POLL_IR;
	step->bits = 1 + draw(draft->random, 8);
	step->skip = draw(draft->random, draw(draft->random, 2) ? 4 : 100);
	step->tail = draw(draft->random, draw(draft->random, 2) ? 4 : 100);
	step->clocks = draw(draft->random, 10);
	step->mask = random_next(draft->random);
	step->mask |= 1;
	step->limit_us = draw(draft->random, 40);
	if (!plan->failed)
		jtag_plan_scan(plan, step, &right, &known);
	if (known != 0xff) { /* it is not certain whether it is met */
		*plan = before;
		draft->batch->count--;
		return;
	}
	step->value = (right ^ misses) & step->mask;
	receive_poll(draft, step, right, known);
	if (!misses || plan->failed)
		return;
	plan->failed = true;
	if (plan->us < begun_us + step->limit_us)
		plan->us = begun_us + step->limit_us;
	draft->batch->record->step = draft->batch->count - 1;
}

/* Waits for the bit that says that a job is done, in the TAP behind `skip`
   bits. */
static void poll_user(
	struct draft *draft, unsigned skip, unsigned tap, unsigned user)
{
	struct jtag_plan *plan = draft->plan;
	struct clyde_jtag_step *step;
	uint8_t right = 0xff, known = 0xff;

	if (!(plan->pins & CLYDE_JTAG_TRST_HIGH))
		return;
	step = add(draft, CLYDE_JTAG_POLL);
	step->flags = CLYDE_JTAG_ZEROS;
	step->skip = skip;
	step->bits = 1 + draw(draft->random, 8);
	step->tail = chain_dr_bits(&plan->chain) - skip - step->bits;
	step->clocks = draw(draft->random, 10);
	step->mask = step->value = 1;
	step->limit_us = 2000;
	jtag_plan_go(plan, CLYDE_TAP_IDLE);
	if (!plan->failed) {
		chain_settle(&plan->chain, tap, user);
		jtag_plan_scan(plan, step, &right, &known);
	}
	receive_poll(draft, step, right, known);
}

/* ---- Jobs ---- */

/* A TAP that has user registers. */
static unsigned draw_first(struct draft *draft)
{
	const struct chain *chain = &draft->plan->chain;
	unsigned at = draw(draft->random, chain->count);

	while (!chain->taps[at].first)
		at--;
	return at;
}

static unsigned bits_behind(const struct chain *chain, unsigned tap)
{
	struct chain part = *chain;

	part.count = chain->count - tap - 1;
	memcpy(part.taps, chain->taps + tap + 1,
		part.count * sizeof(part.taps[0]));
	return chain_dr_bits(&part);
}

/* Whether the TAP has selected the register for certain, and no other has one. */
static bool can_poll(const struct draft *draft, unsigned tap, unsigned user)
{
	const struct chain *chain = &draft->plan->chain;
	unsigned users = 0;

	for (unsigned i = 0; i < chain->count; i++)
		users += chain->taps[i].selected >= SELECTS_USER;
	return users == 1 && chain->taps[tap].selected == SELECTS_USER + user;
}

/* A job for a user register, and its result. */
static void draw_user(struct draft *draft)
{
	unsigned tap = draw_first(draft), user = draw(draft->random, 2);
	struct clyde_jtag_step *step;
	struct chain *chain = &draft->plan->chain;
	unsigned skip, at, waits = draw(draft->random, 3);
	uint8_t *bytes;

	add_instructions(draft, tap, 8 + user, CLYDE_TAP_IDLE);
	may_split(draft);
	skip = at = bits_behind(chain, tap);
	step = add(draft, CLYDE_JTAG_DR);
	step->bits = chain_dr_bits(chain);
	step->state = CLYDE_TAP_IDLE;
	bytes = room(draft, step->bits);
	step->out = bytes;
	for (uint32_t i = 0; bytes && i < (step->bits + 7) / 8; i++)
		bytes[i] = random_next(draft->random);
	if (bytes && at < step->bits)
		put_bits(bytes, &at, 1, 1);
	step->delay_us = waits == 1 ? 30 : 0;
	plan_step(draft, step, draw(draft->random, 2));
	may_split(draft);
	if (waits == 2 && can_poll(draft, tap, user))
		poll_user(draft, skip, tap, user);
	may_split(draft);
	step = add(draft, CLYDE_JTAG_DR);
	step->bits = chain_dr_bits(chain);
	step->flags = CLYDE_JTAG_ZEROS;
	step->state = draw_state(draft->random);
	plan_step(draft, step, true);
}

static void draw_any(struct draft *draft)
{
	switch (draw(draft->random, 16)) {
	case 0:
		return;
	case 1:
	case 2:
	case 3:
		draw_user(draft);
		return;
	case 4:
		draw_go(draft);
		return;
	case 5:
	case 6:
		draw_ir(draft);
		return;
	case 7:
	case 8:
	case 9:
		draw_dr(draft);
		return;
	case 10:
		draw_vector(draft);
		return;
	case 11:
		draw_run(draft);
		return;
	case 12:
		draw_pins(draft);
		return;
	case 13:
		draw_poll(draft, false);
		return;
	default:
		draw_idcodes(draft);
	}
}

void jtag_job_draw(struct probe *probe, struct random *random, unsigned most,
	struct jtag_record *single, struct jtag_job *job)
{
	struct draft draft = {.probe = probe,
		.plan = &probe->plan,
		.random = random,
		.job = job,
		.single = single,
		.most = most < JTAG_BATCHES ? most : JTAG_BATCHES};
	unsigned parts = 1 + draw(random, 3);
	bool fails = draw(random, 4) == 0;

	job->count = 0;
	begin_batch(&draft);
	for (unsigned i = 0; i < parts; i++) {
		if (draft.batch->count + PART_STEPS > JTAG_STEPS)
			break;
		if (fails && i + 1 == parts)
			draw_poll(&draft, true);
		else
			draw_any(&draft);
		may_split(&draft);
	}
	/* What is behind the failure is skipped. */
	if (fails && draft.batch->count + PART_STEPS <= JTAG_STEPS)
		draw_any(&draft);
	end_batch(&draft, false);
}
