/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes a program, carries its steps out one by one, closes what is left, and
   sees that nothing remains. */
#include "world.h"
#include "lib/base/ask.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

uint8_t sequence[2 * SEQUENCE_PERIOD];

static void make_sequence(void)
{
	sequence_generate(sequence);
	memcpy(sequence + SEQUENCE_PERIOD, sequence, SEQUENCE_PERIOD);
}

/* ---- Steps that need no device ---------------------------------------- */

/* All that belongs to it is closed with it. */
static void forget_device(struct world *world, struct target *target)
{
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++) {
		if (target->stream[i].pipe)
			bury(world, clyde_pipe_token(target->stream[i].pipe));
		target->stream[i] = (struct stream){0};
	}
	if (target->device)
		bury(world, clyde_device_token(target->device));
	target->device = NULL;
}

static long close_device(
	struct world *world, struct target *target, const struct step *step)
{
	clyde_token token = clyde_device_token(target->device);

	if (target->device == NULL)
		return 0;
	if (step->choice % 2)
		clyde_device_close(target->device);
	else if (clyde_close_token(token) != 0)
		violate(world, "a device that is open cannot be closed");
	if (clyde_close_token(token) != CLYDE_ERROR_CLOSED)
		violate(world, "a device is closed twice");
	forget_device(world, target);
	return 0;
}

static void close_context(struct world *world)
{
	clyde_token token = clyde_context_token(world->context);

	if (world->context == NULL)
		return;
	clyde_context_close(world->context);
	world->context = NULL;
	world->interrupted = false;
	for (unsigned i = 0; i < DEVICES; i++)
		forget_device(world, &world->target[i]);
	bury(world, token);
}

static void interrupt(struct world *world)
{
	if (world->context == NULL)
		return;
	world->interrupted = !world->interrupted;
	(world->interrupted ? clyde_context_interrupt : clyde_context_resume)(
		world->context);
}

/* Whatever is done with what is closed, it is closed. */
static long use_stale(struct world *world, const struct step *step)
{
	clyde_token token = world->graves[step->choice % GRAVES];
	void *handle = (void *)(uintptr_t)token;
	uint8_t byte;
	long result;

	if (token == 0)
		return 0;
	switch (step->amount % 6) {
	case 0:
		result = clyde_close_token(token);
		break;
	case 1:
		result = clyde_pipe_read(handle, &byte, 1, 1000);
		break;
	case 2:
		result = clyde_pipe_flush(handle, 1000);
		break;
	case 3:
		result = clyde_register_read(handle, 0, &byte, 1);
		break;
	case 4:
		result = clyde_pipe_cancel(handle);
		break;
	default:
		result = clyde_device_sleep(handle, 1);
	}
	if (result != CLYDE_ERROR_CLOSED)
		violate(world, "what is closed answers %ld", result);
	return 0;
}

/* ---- The run ---------------------------------------------------------- */

static long act(
	struct world *world, struct target *target, const struct step *step)
{
	step_action *action = stream_actions[step->kind];

	if (action == NULL)
		action = device_actions[step->kind];
	switch (step->kind) {
	case STEP_OPEN:
		return open_device(world, target, step);
	case STEP_CLOSE_DEVICE:
		return close_device(world, target, step);
	case STEP_CLOSE_CONTEXT:
		close_context(world);
		return 0;
	case STEP_INTERRUPT:
		interrupt(world);
		return 0;
	case STEP_STALE:
		return use_stale(world, step);
	default:
		return action && target->device ? action(world, target, step)
						: 0;
	}
}

static void carry_out(struct world *world, const struct step *step)
{
	struct target *target = &world->target[step->device];
	long result;

	world->step = step;
	world->bound_ns = 0;
	memset(world->allowed, 0, sizeof(world->allowed));
	world->begun_ns = target->device ? now_ns(target->device) : 0;
	world->tally->steps[step->kind]++;
	result = act(world, target, step);
	judge(world, target, result);
	if (world->log == NULL)
		return;
	fprintf(world->log, "  %2zu %s: device %u, pipe %u, amount %u: %ld%s%s",
		step - world->program->step, step_name(step->kind),
		step->device, step->pipe, step->amount, result,
		result < 0 ? ", " : "",
		result < 0 ? clyde_error_message() : "");
	if (target->device)
		fprintf(world->log, "; at %.3f ms",
			now_ns(target->device) / 1e6);
	fputc('\n', world->log);
}

/* By any route, in any order; the context comes last. */
static void close_all(struct world *world)
{
	struct random random = {world->program->seed ^ 0xc105e};
	unsigned first = draw(&random, 2);

	world->step = NULL;
	for (unsigned i = 0; i < DEVICES; i++) {
		struct target *target = &world->target[(first + i) % DEVICES];
		struct step step = {.choice = draw(&random, 256)};

		if (target->device)
			world->tally->link_ns += now_ns(target->device);
		for (unsigned at = draw(&random, 8); at < CLYDE_PIPE_COUNT;
			at++) {
			step.pipe = at;
			if (target->stream[at].pipe)
				device_actions[STEP_CLOSE_PIPE](
					world, target, &step);
		}
		if (draw(&random, 2))
			close_device(world, target, &step);
	}
	close_context(world);
}

bool simulate(const struct program *program, struct outcome *ret_outcome,
	struct tally *tally, FILE *log)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct world world = {
		.program = program,
		.outcome = ret_outcome,
		.tally = tally,
		.log = log,
	};
	size_t before = allocations();

	pthread_once(&once, make_sequence);
	*ret_outcome = (struct outcome){.digest = program->seed};
	for (unsigned i = 0; i < DEVICES; i++) {
		world.target[i].plan = &program->device[i];
		world.target[i].index = i;
	}
	for (unsigned i = 0; i < program->steps; i++)
		if (program->kept_steps >> i & 1 && !ret_outcome->violation[0])
			carry_out(&world, &program->step[i]);
	close_all(&world);
	if (clyde_live_objects() > 0)
		violate(&world, "%zu objects are left", clyde_live_objects());
	if (allocations() != before)
		violate(&world, "%zd allocations are left",
			(ssize_t)(allocations() - before));
	return ret_outcome->violation[0] == '\0';
}
