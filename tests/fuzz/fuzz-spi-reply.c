/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes what the library makes of the SPI core's replies, with any bytes from
 * the IN pipe.  The input has a few batches, then the replies.
 *
 * Every byte must reach the step that it belongs to, and nothing else; a collect
 * must end with a result, and with success only if all replies have come; how
 * the bytes are cut into transfers must not matter, unless there are too many.
 *
 * The link is a fake one, which takes all commands.
 */
#include "fuzz.h"

#include <stdio.h>

#include "lib/core/spi.h"
#include "lib/stream/pipe.h"

#define BATCHES_MAX   4
#define STEPS_MAX     5
#define TRANSFER_SIZE 512
#define DEPTH         4
#define IN_MAX        (2 * DEPTH)

/* ---- The link --------------------------------------------------------- */

struct fake {
	struct link link; /* First, so that both have one address. */
	struct input replies;
	unsigned cut; /* 0: full transfers; otherwise they are shorter */
	struct transfer *in[IN_MAX], *out[IN_MAX];
	unsigned in_count, out_count;
};

#define FAKE(pointer) ((struct fake *)(pointer))

static struct transfer *fake_transfer_new(struct link *link)
{
	(void)link;
	return calloc(1, sizeof(struct transfer));
}

static void fake_transfer_free(struct link *link, struct transfer *transfer)
{
	(void)link;
	free(transfer);
}

static int fake_submit(struct link *link, struct transfer *transfer)
{
	struct fake *fake = FAKE(link);
	bool in = transfer->endpoint & 0x80;
	unsigned *count = in ? &fake->in_count : &fake->out_count;

	check(*count < IN_MAX);
	(in ? fake->in : fake->out)[(*count)++] = transfer;
	return 0;
}

/* Completes the oldest transfer of a direction. */
static void complete(
	struct transfer **queue, unsigned *count, uint32_t actual, int status)
{
	struct transfer *transfer = queue[0];

	memmove(queue, queue + 1, --*count * sizeof(*queue));
	transfer->actual = actual;
	transfer->status = status;
	transfer->complete(transfer);
}

/* All are cancelled at once. */
static void fake_cancel(struct link *link, struct transfer *transfer)
{
	struct fake *fake = FAKE(link);

	if (transfer->endpoint & 0x80)
		while (fake->in_count > 0)
			complete(fake->in, &fake->in_count, 0,
				CLYDE_ERROR_CANCELED);
}

static int fake_wait(struct link *link, uint64_t deadline_ns)
{
	struct fake *fake = FAKE(link);
	uint32_t size = TRANSFER_SIZE;

	(void)deadline_ns;
	if (fake->out_count > 0) {
		complete(fake->out, &fake->out_count, fake->out[0]->size, 0);
		return 1;
	}
	if (fake->in_count == 0 || fake->replies.size == 0)
		return CLYDE_ERROR_DEADLOCK;
	if (fake->cut > 0) {
		fake->cut = fake->cut * 5 % 127;
		size = fake->cut;
	}
	if (size > fake->replies.size)
		size = fake->replies.size;
	take_bytes(&fake->replies, fake->in[0]->data, size);
	complete(fake->in, &fake->in_count, size, 0);
	return 1;
}

static uint64_t fake_now(struct link *link)
{
	(void)link;
	return 0;
}

static const struct link_ops fake_ops = {
	.name = "fake",
	.transfer_new = fake_transfer_new,
	.transfer_free = fake_transfer_free,
	.submit = fake_submit,
	.cancel = fake_cancel,
	.wait = fake_wait,
	.now = fake_now,
};

/* ---- Batches ---------------------------------------------------------- */

struct batch {
	unsigned flags, count;
	struct clyde_spi_step steps[STEPS_MAX];
};

struct plan {
	unsigned count;
	struct batch batches[BATCHES_MAX];
	size_t replies; /* how many bytes all of them expect */
};

/* How many bytes a step expects. */
static size_t reply_of(const struct clyde_spi_step *step)
{
	switch (step->kind) {
	case CLYDE_SPI_TRANSFER:
		return step->in ? step->size : 0;
	case CLYDE_SPI_BITS:
		return step->in ? 1 : 0;
	}
	return step->kind == CLYDE_SPI_POLL;
}

static void take_step(struct input *input, struct clyde_spi_step *step)
{
	uint8_t choice = take_byte(input);
	/* Memory of its own, so that a write behind it is found. */
	size_t size = 1;

	*step = (struct clyde_spi_step){.kind = choice % 5};
	step->size =
		step->kind == CLYDE_SPI_TRANSFER ? take_byte(input) * 3 : 0;
	step->bits = step->kind == CLYDE_SPI_BITS ? 8 : 0;
	step->mask = choice >> 3 & 3;
	step->value =
		step->kind == CLYDE_SPI_POLL ? choice >> 5 & step->mask : 0;
	step->flags = choice & 0x80 ? CLYDE_SPI_DESELECT : 0;
	if (step->kind == CLYDE_SPI_TRANSFER)
		size = step->size;
	if (step->kind <= CLYDE_SPI_BITS &&
		(choice & 0x40 || step->kind != CLYDE_SPI_POLL)) {
		step->in = malloc(size ? size : 1);
		check(step->in != NULL);
		memset(step->in, 0xee, size);
	}
}

static void take_plan(struct input *input, struct plan *plan)
{
	plan->count = 1 + take_byte(input) % BATCHES_MAX;
	plan->replies = 0;
	for (unsigned i = 0; i < plan->count; i++) {
		struct batch *batch = &plan->batches[i];
		uint8_t choice = take_byte(input);

		batch->count = choice % (STEPS_MAX + 1);
		batch->flags = (choice & 0x40 ? CLYDE_SPI_KEEP : 0) |
			(choice & 0x80 && i + 1 < plan->count ? CLYDE_SPI_CHAIN
							      : 0);
		for (unsigned at = 0; at < batch->count; at++) {
			take_step(input, &batch->steps[at]);
			plan->replies += reply_of(&batch->steps[at]);
		}
		if (!(batch->flags & CLYDE_SPI_CHAIN))
			plan->replies += sizeof(struct stream_barrier);
	}
}

static void drop_plan(struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		for (unsigned at = 0; at < plan->batches[i].count; at++)
			free(plan->batches[i].steps[at].in);
}

/* Every step has the first `came` bytes of the replies that are its own. */
static void check_plan(
	const struct plan *plan, const struct input *replies, uint64_t came)
{
	size_t from = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		const struct batch *batch = &plan->batches[i];

		for (unsigned at = 0; at < batch->count; at++) {
			const struct clyde_spi_step *step = &batch->steps[at];
			const uint8_t *in = step->in;
			size_t size = reply_of(step);

			for (size_t j = 0; in && j < size; j++)
				check(in[j] ==
					(from + j < came ? replies->data[from +
								   j]
							 : 0xee));
			from += size;
		}
		if (!(batch->flags & CLYDE_SPI_CHAIN))
			from += sizeof(struct stream_barrier);
	}
}

/* ---- A run ------------------------------------------------------------ */

struct outcome {
	bool excess; /* there are more bytes than all replies have */
	int result, failed;
	size_t step;
	char message[320];
};

/* Everything that the object needs of its surroundings. */
struct rig {
	struct fake fake;
	struct interrupt interrupt;
	struct clyde_context context;
	struct clyde_device device;
	struct clyde_pipe in, out;
	struct clyde_spi spi;
};

static void begin(struct rig *rig, struct input replies, unsigned cut)
{
	rig->fake = (struct fake){
		.link = {.ops = &fake_ops, .interrupt = &rig->interrupt},
		.replies = replies,
		.cut = cut};
	rig->context.interrupt = &rig->interrupt;
	rig->device.context = &rig->context;
	rig->device.link = &rig->fake.link;
	rig->device.object.tree = &rig->context.tree;
	rig->in.device = rig->out.device = &rig->device;
	rig->in.id = CLYDE_PIPE_EP6_IN;
	rig->out.id = CLYDE_PIPE_EP2_OUT;
	check(engine_new(&rig->fake.link, 0x86, TRANSFER_SIZE, DEPTH, NULL,
		      &rig->in.engine) == 0);
	check(engine_new(&rig->fake.link, 0x02, TRANSFER_SIZE, DEPTH, NULL,
		      &rig->out.engine) == 0);
	check(engine_start(rig->in.engine) == 0);
	check(engine_start(rig->out.engine) == 0);
	rig->spi.core.kind = &spi_kind;
	rig->spi.core.device = &rig->device;
	rig->spi.core.in = &rig->in;
	rig->spi.core.out = &rig->out;
	rig->spi.core.inputs = rig->spi.core.outputs = 0xffff;
	rig->spi.kept = -1;
	STAILQ_INIT(&rig->spi.core.batches);
}

static void end(struct rig *rig)
{
	while (rig->fake.out_count > 0)
		complete(rig->fake.out, &rig->fake.out_count,
			rig->fake.out[0]->size, 0);
	engine_drain(rig->in.engine);
	check(engine_in_flight(rig->out.engine) == 0);
	engine_free(rig->in.engine);
	engine_free(rig->out.engine);
	core_drop_batches(&rig->spi.core);
	free(rig);
}

static void check_result(const struct rig *rig, int result)
{
	check(result <= 0);
	check(result == 0 || clyde_error_message()[0] != '\0');
	check(result == 0 || result == CLYDE_ERROR_LIMIT_PASSED ||
		result == CLYDE_ERROR_PROTOCOL ||
		result == CLYDE_ERROR_DEADLOCK);
	check(rig->spi.core.error == 0 || rig->spi.core.error == result);
}

static int submit(
	struct rig *rig, const struct batch *batch, uint64_t *ret_ticket)
{
	const struct core_request request = {
		batch->steps, batch->count, batch->flags, 0};

	return core_submit(&rig->spi.core, &request, ret_ticket, -1);
}

/* Submits all, and collects each batch, or only the last one. */
static struct outcome run(struct input input, unsigned cut, bool each)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	uint64_t tickets[BATCHES_MAX] = {0};
	struct outcome outcome;
	struct input replies;
	struct plan plan;
	int result = 0;

	check(rig != NULL);
	memset(&outcome, 0, sizeof(outcome));
	take_plan(&input, &plan);
	replies = input;
	outcome.excess = replies.size > plan.replies;
	begin(rig, replies, cut);
	for (unsigned i = 0; i < plan.count && result == 0; i++)
		result = submit(rig, &plan.batches[i], &tickets[i]);
	for (unsigned i = each ? 0 : plan.count - 1; i < plan.count; i++) {
		if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED)
			result = core_collect(&rig->spi.core, tickets[i], -1);
		check_result(rig, result);
	}
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED)
		check(rig->in.offset == plan.replies);
	check_plan(&plan, &replies, rig->in.offset);
	outcome.result = result;
	outcome.failed = rig->spi.core.has_failed;
	outcome.step = rig->spi.core.failed_step;
	if (result < 0)
		snprintf(outcome.message, sizeof(outcome.message), "%s",
			clyde_error_message());
	end(rig);
	drop_plan(&plan);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct input input = {data, size};
	struct outcome whole = run(input, 0, false);

	for (unsigned cut = 1; cut < 3; cut++) {
		struct outcome pieces = run(input, cut, false);

		check(whole.excess ||
			memcmp(&whole, &pieces, sizeof(whole)) == 0);
	}
	run(input, 3, true);
	return 0;
}
