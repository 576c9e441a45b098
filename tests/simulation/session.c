/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Carries the steps of a program out one by one, closes what is left, and
   checks that nothing remains. */
#include "spi.h"
#include "jtag.h"
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

/* The pipes of a device are closed with it. */
static void forget_device(struct session *session, struct target *target)
{
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++) {
		if (target->stream[i].pipe)
			remember_closed(session,
				clyde_pipe_token(target->stream[i].pipe));
		target->stream[i] = (struct stream){0};
	}
	if (target->device)
		remember_closed(session, clyde_device_token(target->device));
	spi_lost(session, target);
	jtag_lost(session, target);
	target->device = NULL;
}

static long close_device(
	struct session *session, struct target *target, const struct step *step)
{
	clyde_token token = clyde_device_token(target->device);

	if (target->device == NULL)
		return 0;
	if (step->choice % 2)
		clyde_device_close(target->device);
	else if (clyde_close_token(token) != 0)
		violate(session, "a device that is open cannot be closed");
	if (clyde_close_token(token) != CLYDE_ERROR_CLOSED)
		violate(session, "a device is closed twice");
	forget_device(session, target);
	return 0;
}

static void close_context(struct session *session)
{
	clyde_token token = clyde_context_token(session->context);

	if (session->context == NULL)
		return;
	clyde_context_close(session->context);
	session->context = NULL;
	session->interrupted = false;
	for (unsigned i = 0; i < DEVICES; i++)
		forget_device(session, &session->target[i]);
	remember_closed(session, token);
}

static void interrupt(struct session *session)
{
	if (session->context == NULL)
		return;
	session->interrupted = !session->interrupted;
	(session->interrupted ? clyde_context_interrupt : clyde_context_resume)(
		session->context);
}

/* Any call with a closed object must return CLYDE_ERROR_CLOSED. */
static long use_stale(struct session *session, const struct step *step)
{
	clyde_token token = session->closed_tokens[step->choice % CLOSED_MAX];
	void *handle = (void *)(uintptr_t)token;
	const struct device_plan *plan = &session->program->device[0];
	unsigned calls = plan->spi || plan->jtag ? 9 : 6;
	unsigned call = step->amount % calls;
	uint8_t byte;
	uint64_t ticket;
	long result;

	if (token == 0)
		return 0;
	switch (call + (plan->jtag && call > 5 ? 3 : 0)) {
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
	case 6:
		result = clyde_spi_submit(handle, 0, NULL, 0, 0, &ticket, 1000);
		break;
	case 7:
		result = clyde_spi_collect(handle, 1, 1000);
		break;
	case 8:
		result = clyde_flash_read(handle, 0, &byte, 1, NULL);
		break;
	case 9:
		result = clyde_jtag_submit(handle, NULL, 0, 0, &ticket, 1000);
		break;
	case 10:
		result = clyde_jtag_collect(handle, 1, 1000);
		break;
	case 11:
		result = clyde_jtag_chain(handle, NULL, 0, NULL, 1000);
		break;
	default:
		result = clyde_device_sleep(handle, 1);
	}
	if (result != CLYDE_ERROR_CLOSED)
		violate(session, "what is closed answers %ld", result);
	return 0;
}

/* ---- The run ---------------------------------------------------------- */

static long act(
	struct session *session, struct target *target, const struct step *step)
{
	step_action *action = stream_actions[step->kind];

	if (action == NULL)
		action = device_actions[step->kind];
	if (target->bus && action == NULL)
		action = spi_actions[step->kind];
	if (target->bus && action == NULL)
		action = flash_actions[step->kind];
	if (target->probe && action == NULL)
		action = jtag_actions[step->kind];
	switch (step->kind) {
	case STEP_OPEN:
		return open_device(session, target, step);
	case STEP_CLOSE_DEVICE:
		return close_device(session, target, step);
	case STEP_CLOSE_CONTEXT:
		close_context(session);
		return 0;
	case STEP_INTERRUPT:
		interrupt(session);
		return 0;
	case STEP_STALE:
		return use_stale(session, step);
	default:
		return action && target->device ? action(session, target, step)
						: 0;
	}
}

static void carry_out(struct session *session, const struct step *step)
{
	struct target *target = &session->target[step->device];
	long result;

	session->step = step;
	session->bound_ns = 0;
	memset(session->allowed, 0, sizeof(session->allowed));
	session->begun_ns = target->device ? now_ns(target->device) : 0;
	session->tally->steps[step->kind]++;
	result = act(session, target, step);
	judge(session, target, result);
	if (session->log == NULL)
		return;
	fprintf(session->log,
		"  %2zu %s: device %u, pipe %u, amount %u: %ld%s%s",
		step - session->program->step, step_name(step->kind),
		step->device, step->pipe, step->amount, result,
		result < 0 ? ", " : "",
		result < 0 ? clyde_error_message() : "");
	if (target->device)
		fprintf(session->log, "; at %.3f ms",
			now_ns(target->device) / 1e6);
	fputc('\n', session->log);
}

/* Closes objects by any route and in any order; the context comes last. */
static void close_all(struct session *session)
{
	struct random random = {session->program->seed ^ 0xc105e};
	unsigned first = draw(&random, 2);

	session->step = NULL;
	for (unsigned i = 0; i < DEVICES; i++) {
		struct target *target = &session->target[(first + i) % DEVICES];
		struct step step = {.choice = draw(&random, 256)};

		if (target->device)
			session->tally->link_ns += now_ns(target->device);
		for (unsigned at = draw(&random, 8); at < CLYDE_PIPE_COUNT;
			at++) {
			step.pipe = at;
			if (target->stream[at].pipe)
				device_actions[STEP_CLOSE_PIPE](
					session, target, &step);
		}
		if (draw(&random, 2))
			close_device(session, target, &step);
	}
	close_context(session);
}

/* The largest parts of a target; most programs use none. */
static struct bus buses[DEVICES];
static struct probe probes[DEVICES];

bool has_spi(const struct target *target)
{
	return target->bus && target->bus->spi;
}

bool has_core(const struct target *target)
{
	return has_spi(target) || has_jtag(target);
}

bool simulate(const struct program *program, struct outcome *ret_outcome,
	struct tally *tally, FILE *log)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct session session = {
		.program = program,
		.outcome = ret_outcome,
		.tally = tally,
		.log = log,
	};
	size_t before = allocations();

	pthread_once(&once, make_sequence);
	*ret_outcome = (struct outcome){.digest = program->seed};
	for (unsigned i = 0; i < DEVICES; i++) {
		session.target[i].plan = &program->device[i];
		session.target[i].index = i;
		if (program->device[i].spi)
			session.target[i].bus = &buses[i];
		if (program->device[i].jtag)
			session.target[i].probe = &probes[i];
	}
	for (unsigned i = 0; i < program->steps; i++)
		if (program->kept_steps >> i & 1 && !ret_outcome->violation[0])
			carry_out(&session, &program->step[i]);
	close_all(&session);
	if (clyde_live_objects() > 0)
		violate(&session, "%zu objects are left", clyde_live_objects());
	if (allocations() != before)
		violate(&session, "%zd allocations are left",
			(ssize_t)(allocations() - before));
	return ret_outcome->violation[0] == '\0';
}
