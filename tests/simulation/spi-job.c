/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Draws jobs for the SPI core: a few batches with a meaning for the flash chip,
 * the replies that are right, and the failure that must be reported.  The chip
 * is not busy before a job nor behind it.
 */
#include <string.h>

#include "spi.h"

/* WP# is an input as well, and no status register is locked by it; HOLD# must
   stay high. */
#define INPUT_IO2 2
#define IO2_HIGH  0x04
#define IO3_HIGH  0x08

/* A job under construction. */
struct draft {
	struct bus *bus;
	struct random *random;
	struct job *job;
	struct record *single;
	unsigned most;
	struct batch *batch; /* the last one */
	bool failed;         /* the core skips what follows */
};

/* ---- Parts of a batch ---- */

static void begin_batch(struct draft *draft)
{
	struct bus *bus = draft->bus;
	unsigned at = draft->job->count++;
	struct batch *batch = &draft->job->batch[at];

	batch->count = batch->flags = batch->used = 0;
	batch->record = draft->single
		? draft->single
		: &bus->records[(bus->first + bus->count + at) % RECORDS];
	batch->record->ticket = 0;
	batch->record->fails = draft->failed ? FAILS_SURELY : FAILS_NEVER;
	batch->record->step = -1;
	batch->record->address = batch->record->changed = 0;
	batch->record->size = 0;
	batch->record->us = 0;
	draft->batch = batch;
}

/* Goes on in another batch, perhaps; `flags` are those of this one. */
static void may_split(struct draft *draft, unsigned flags)
{
	if (draft->job->count == draft->most || draw(draft->random, 2))
		return;
	draft->batch->flags |= flags | (draft->failed ? CLYDE_SPI_CHAIN : 0);
	begin_batch(draft);
}

static struct clyde_spi_step *add(struct draft *draft, enum clyde_spi_kind kind)
{
	struct batch *batch = draft->batch;
	struct clyde_spi_step *step = &batch->steps[batch->count++];

	*step = (struct clyde_spi_step){.kind = kind};
	return step;
}

static void count_us(struct draft *draft, double bits, double us)
{
	draft->batch->record->us += bits * 1e6 / draft->bus->rate_hz + us;
}

static struct clyde_spi_step *send(
	struct draft *draft, const uint8_t *bytes, size_t size)
{
	struct batch *batch = draft->batch;
	struct clyde_spi_step *step = add(draft, CLYDE_SPI_TRANSFER);

	memcpy(batch->out + batch->used, bytes, size);
	step->out = batch->out + batch->used;
	step->size = size;
	batch->used += size;
	count_us(draft, 8 * size, 0);
	return step;
}

static struct clyde_spi_step *send_opcode(struct draft *draft, uint8_t opcode)
{
	return send(draft, &opcode, 1);
}

/* Lets a step receive bytes.  Those that are right are `right`, as far as the
   mask goes. */
static void receive(struct draft *draft, struct clyde_spi_step *step,
	size_t size, const uint8_t *right, uint8_t mask)
{
	struct record *record = draft->batch->record;

	step->in = record->in + record->size;
	if (step->kind == CLYDE_SPI_TRANSFER)
		step->size = size;
	/* What is skipped is filled with ones. */
	if (draft->failed)
		memset(record->right + record->size, 0xff, size);
	else
		memcpy(record->right + record->size, right, size);
	memset(record->mask + record->size, draft->failed ? 0xff : mask, size);
	record->size += size;
	count_us(draft, 8 * size, 0);
}

static struct clyde_spi_step *ask(
	struct draft *draft, size_t size, const uint8_t *right, uint8_t mask)
{
	struct clyde_spi_step *step = add(draft, CLYDE_SPI_TRANSFER);

	receive(draft, step, size, right, mask);
	return step;
}

static void poll_status(
	struct draft *draft, uint8_t mask, uint8_t value, uint32_t limit_us)
{
	struct clyde_spi_step *step = add(draft, CLYDE_SPI_POLL);

	step->command = 0x05;
	step->mask = mask;
	step->value = value;
	step->limit_us = limit_us;
	if (draw(draft->random, 2))
		receive(draft, step, 1, &value, mask);
}

/* The step that was added last reaches its limit. */
static void fail_here(struct draft *draft)
{
	struct batch *batch = draft->batch;

	batch->record->fails = FAILS_SURELY;
	batch->record->step = batch->count - 1;
	/* What a poll receives at its limit is anything. */
	if (batch->steps[batch->count - 1].in)
		batch->record->mask[batch->record->size - 1] = 0;
	draft->failed = true;
}

/* Opcode and address. */
static struct clyde_spi_step *address(
	struct draft *draft, uint8_t narrow, uint8_t wide, uint32_t address)
{
	bool is_wide = draft->bus->array.wide;
	uint8_t bytes[5] = {is_wide ? wide : narrow};
	unsigned size = is_wide ? 4 : 3;

	for (unsigned i = 0; i < size; i++)
		bytes[1 + i] = address >> 8 * (size - 1 - i);
	return send(draft, bytes, 1 + size);
}

/* ---- Jobs ---- */

static void draw_id(struct draft *draft)
{
	static const uint8_t id[] = {0xef, 0x40};
	static const uint8_t both[] = {0, 0xef, 0x40}, out[] = {0x9f, 0, 0};
	static const uint8_t nibbles[] = {0x90, 0xf0};
	struct clyde_spi_step *step;

	switch (draw(draft->random, 3)) {
	case 0:
		send_opcode(draft, 0x9f);
		may_split(draft, CLYDE_SPI_KEEP);
		ask(draft, sizeof(id), id, 0xff);
		return;
	case 1:
		step = send(draft, out, sizeof(out));
		receive(draft, step, sizeof(both), both, 0xff);
		/* While the command is sent, nothing drives the line. */
		if (!draft->failed)
			draft->batch->record
				->mask[draft->batch->record->size - 3] = 0;
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		step = send(draft, &nibbles[i], 1);
		step->kind = CLYDE_SPI_BITS;
		step->bits = 4;
	}
	for (unsigned i = 0; i < 2; i++) {
		step = add(draft, CLYDE_SPI_BITS);
		step->bits = 8;
		receive(draft, step, 1, &id[i], 0xff);
	}
}

static void add_pieces(
	struct draft *draft, uint32_t from, uint32_t size, unsigned lanes)
{
	struct array *array = &draft->bus->array;

	while (size > 0) {
		uint32_t piece = size;
		struct record *record = draft->batch->record;
		struct clyde_spi_step *step;
		size_t at = record->size;

		if (draft->batch->count < 6)
			piece = 1 + draw(draft->random, size);
		step = ask(draft, piece, array->bytes + (from - array->base),
			0xff);
		step->lanes = lanes;
		for (size_t i = 0; i < piece && !draft->failed; i++)
			if (!array->known[from - array->base + i])
				record->mask[at + i] = 0;
		from += piece;
		size -= piece;
		if (size > 0)
			may_split(draft,
				CLYDE_SPI_KEEP |
					(draw(draft->random, 2)
							? CLYDE_SPI_CHAIN
							: 0));
	}
}

static void draw_read(struct draft *draft)
{
	static const uint8_t narrow[] = {0x03, 0x0b, 0x3b, 0, 0x6b};
	static const uint8_t wide[] = {0x13, 0x0c, 0x3c, 0, 0x6c};
	struct array *array = &draft->bus->array;
	unsigned kinds = array->quad ? 4 : 3, kind = draw(draft->random, kinds);
	uint32_t at = draw(draft->random, ARRAY_WINDOW - REPLY_MAX);
	uint32_t size = 1 +
		draw(draft->random,
			draw(draft->random, 4) ? 600 : REPLY_MAX - 100);
	struct clyde_spi_step *step;

	kind = kind == 3 ? 4 : kind;
	step = address(draft, narrow[kind], wide[kind], array->base + at);
	if (kind > 0)
		step->dummy = 8;
	may_split(draft, CLYDE_SPI_KEEP);
	add_pieces(draft, array->base + at, size,
		kind == 4           ? 4
			: kind == 2 ? 2
				    : 1);
}

/* All batches of the job may change the chip: if the core is closed, any number
   of them has been carried out. */
static void note_change(struct draft *draft, uint32_t from, uint32_t size)
{
	for (unsigned i = 0; i < draft->job->count; i++) {
		draft->job->batch[i].record->address = from;
		draft->job->batch[i].record->changed = size;
	}
}

static void enable_write(struct draft *draft)
{
	send_opcode(draft, 0x06)->flags = CLYDE_SPI_DESELECT;
	if (draw(draft->random, 2))
		poll_status(draft, 0x02, 0x02, 100);
}

static void end_change(struct draft *draft, uint32_t us)
{
	struct batch *batch = draft->batch;

	batch->steps[batch->count - 1].flags |= CLYDE_SPI_DESELECT;
	batch->steps[batch->count - 1].delay_us = draw(draft->random, 20);
	may_split(draft, draw(draft->random, 2) ? CLYDE_SPI_CHAIN : 0);
	poll_status(draft, 0x01, 0, 1000);
	count_us(draft, 0, us);
}

static void draw_program(struct draft *draft)
{
	struct array *array = &draft->bus->array;
	uint32_t size = 1 + draw(draft->random, ARRAY_PAGE);
	uint32_t from = array->base +
		draw(draft->random, ARRAY_WINDOW / ARRAY_PAGE) * ARRAY_PAGE +
		draw(draft->random, ARRAY_PAGE - size + 1);
	uint8_t data[ARRAY_PAGE];

	for (uint32_t i = 0; i < size; i++)
		data[i] = random_next(draft->random);
	enable_write(draft);
	address(draft, 0x02, 0x12, from);
	send(draft, data, size);
	end_change(draft, 10);
	note_change(draft, from, size);
	if (!draft->failed)
		array_program(array, from, data, size);
}

static void draw_erase(struct draft *draft)
{
	struct array *array = &draft->bus->array;
	uint32_t from = array->base +
		draw(draft->random, ARRAY_WINDOW / ARRAY_SECTOR) * ARRAY_SECTOR;

	enable_write(draft);
	address(draft, 0x20, 0x21, from);
	end_change(draft, 30);
	note_change(draft, from, ARRAY_SECTOR);
	if (!draft->failed)
		array_erase(array, from, ARRAY_SECTOR);
}

/* No write is enabled, no erase under way, and 4-byte mode left. */
static void draw_status(struct draft *draft)
{
	static const uint8_t zero;

	send_opcode(draft, 0x05);
	ask(draft, 1, &zero, 0x03)->flags = CLYDE_SPI_DESELECT;
	if (!draft->bus->array.wide)
		return;
	send_opcode(draft, 0x15);
	ask(draft, 1, &zero, 0x01)->flags = CLYDE_SPI_DESELECT;
}

/* The level of WP#, which the core drives and sees, unless the command before
   used it as a lane. */
static void draw_wait(struct draft *draft, bool fails)
{
	uint8_t level = draw(draft->random, 2);
	struct clyde_spi_step *step = send_opcode(draft, 0x05);

	step->flags = CLYDE_SPI_DESELECT;
	step = add(draft, CLYDE_SPI_PINS);
	step->pins = IO3_HIGH | (level ? IO2_HIGH : 0);
	step = add(draft, CLYDE_SPI_WAIT);
	step->command = INPUT_IO2;
	step->value = level ^ fails;
	step->limit_us = 5 + draw(draft->random, 50);
	count_us(draft, 0, step->limit_us);
}

static void draw_any(struct draft *draft)
{
	switch (draw(draft->random, 12)) {
	case 0:
		if (draw(draft->random, 2))
			add(draft, CLYDE_SPI_TRANSFER)->delay_us =
				draw(draft->random, 100);
		return;
	case 1:
	case 2:
		draw_id(draft);
		return;
	case 3:
		draw_status(draft);
		return;
	case 4:
		draw_wait(draft, false);
		return;
	case 5:
	case 6:
		draw_erase(draft);
		return;
	case 7:
	case 8:
	case 9:
		draw_program(draft);
		return;
	default:
		draw_read(draft);
	}
}

/* A chain of which a step fails: what is before it is carried out, what is
   behind it is skipped. */
static void draw_failure(struct draft *draft)
{
	bool waits = draw(draft->random, 3) == 0;

	if (draw(draft->random, 2))
		draw_id(draft);
	may_split(draft, CLYDE_SPI_CHAIN);
	if (waits) {
		draw_wait(draft, true);
	} else {
		poll_status(draft, 0x80, 0x80, draw(draft->random, 20));
		count_us(draft, 0, 20);
	}
	fail_here(draft);
	if (draft->job->count < draft->most && draw(draft->random, 4)) {
		draft->batch->flags |= CLYDE_SPI_CHAIN;
		begin_batch(draft);
	}
	draw_any(draft);
	/* Up to the end of the chain a failed wait may be known or not. */
	for (unsigned i = 0; waits && i < draft->job->count; i++) {
		struct batch *batch = &draft->job->batch[i];

		if (batch->flags & CLYDE_SPI_CHAIN && batch->record->fails)
			batch->record->fails = FAILS_PERHAPS;
	}
}

void job_draw(struct bus *bus, struct random *random, unsigned most,
	struct record *single, struct job *job)
{
	struct draft draft = {.bus = bus,
		.random = random,
		.job = job,
		.single = single,
		.most = most < JOB_BATCHES ? most : JOB_BATCHES};

	job->count = 0;
	begin_batch(&draft);
	if (draw(random, 4) == 0)
		draw_failure(&draft);
	else
		draw_any(&draft);
}
