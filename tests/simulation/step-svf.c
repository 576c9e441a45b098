/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps that search a chain of TAPs, and that play files in SVF. */
#include <string.h>

#include "jtag.h"

#define LONG_MS 10000 /* longer than anything that is on its way */

/* Whether the TAPs can be searched: nothing is on its way, and TRST is high. */
static bool can_search(struct session *session, struct target *target)
{
	struct probe *probe = target->probe;

	return jtag_is_ready(probe) && jtag_settle(session, target) == 0 &&
		!probe->broken && !probe->plan.in_chain &&
		probe->plan.pins & CLYDE_JTAG_TRST_HIGH;
}

/* The call has left the TAPs in RESET; if it failed, that is not certain. */
static void note_search(struct target *target, long result)
{
	struct probe *probe = target->probe;

	jtag_note(target, result);
	probe->ticket_known = false;
	if (result < 0) {
		probe->broken = true;
		return;
	}
	jtag_plan_batch(&probe->plan);
	jtag_plan_go(&probe->plan, CLYDE_TAP_RESET);
	jtag_plan_end(&probe->plan, false);
}

static void check_taps(struct session *session, const struct chain *chain,
	const struct clyde_tap *taps)
{
	for (unsigned i = 0; i < chain->count; i++) {
		const struct tap *tap = &chain->taps[chain->count - 1 - i];

		if (taps[i].idcode != tap->idcode ||
			(taps[i].ir_bits && taps[i].ir_bits != tap->ir_bits))
			violate(session,
				"TAP %u is %08x with %u bits, not %08x with %u",
				i, tap->idcode, tap->ir_bits, taps[i].idcode,
				taps[i].ir_bits);
	}
}

static void allow_broken_chain(
	struct session *session, const struct target *target)
{
	if (jtag_is_sane(target))
		return;
	allow(session, CLYDE_ERROR_NO_CHIP);
	allow(session, CLYDE_ERROR_CHAIN);
	allow(session, CLYDE_ERROR_MISMATCH);
}

static long find_taps(struct session *session, struct target *target)
{
	struct probe *probe = target->probe;
	const struct chain *chain = &probe->plan.chain;
	struct clyde_tap taps[CHAIN_TAPS];
	uint32_t ir_bits = 0;
	long result = clyde_jtag_chain(
		probe->jtag, taps, CHAIN_TAPS, &ir_bits, LONG_MS);

	note_search(target, result);
	if (result < 0 || !jtag_is_sane(target))
		return result;
	if (result != (long)chain->count || ir_bits != chain_ir_bits(chain)) {
		violate(session, "%ld TAPs with %u bits, not %u with %u",
			result, ir_bits, chain->count, chain_ir_bits(chain));
		return result;
	}
	check_taps(session, chain, taps);
	return result;
}

long step_jtag_chain(
	struct session *session, struct target *target, const struct step *step)
{
	long result;

	session->bound_ns = UINT64_MAX;
	if (!can_search(session, target))
		return 0;
	allow_broken_chain(session, target);
	if (target->effects & ENDS_NOTHING)
		allow(session, CLYDE_ERROR_TIMEOUT);
	if (step->choice % 4) {
		result = find_taps(session, target);
	} else {
		result = clyde_jtag_find_delay(
			target->probe->jtag, NULL, LONG_MS);
		note_search(target, result);
	}
	if (result >= 0)
		jtag_check_state(session, target);
	return result < 0 ? result : 0;
}

/* A file in memory, which comes in pieces; an interrupt comes with one of them. */
struct source {
	struct session *session;
	const char *text;
	size_t left, piece;
	unsigned interrupt_at; /* 0: never */
};

static ssize_t read_file(void *user, void *ret_bytes, size_t size)
{
	struct source *source = user;

	if (source->interrupt_at && --source->interrupt_at == 0) {
		clyde_context_interrupt(source->session->context);
		source->session->interrupted = true;
	}
	if (size > source->left)
		size = source->left;
	if (size > source->piece)
		size = source->piece;
	memcpy(ret_bytes, source->text, size);
	source->text += size;
	source->left -= size;
	return size;
}

/* What a file did that was not played to its end is not certain; the TAPs are in
   RESET. */
static void give_file_up(struct probe *probe, const struct jtag_plan *before)
{
	probe->plan = *before;
	jtag_plan_batch(&probe->plan);
	chain_forget(&probe->plan.chain);
	jtag_plan_go(&probe->plan, CLYDE_TAP_RESET);
	jtag_plan_end(&probe->plan, false);
}

static void judge_file(struct session *session, struct target *target,
	unsigned line, long result, const struct jtag_plan *before)
{
	struct probe *probe = target->probe;
	char where[32];

	snprintf(where, sizeof(where), "line %u:", line);
	if (result == 0 && line && jtag_is_sane(target))
		violate(session, "%s what does not match was not found", where);
	if (line)
		allow(session, CLYDE_ERROR_MISMATCH);
	if (result == CLYDE_ERROR_MISMATCH && jtag_is_sane(target) &&
		strncmp(clyde_error_message(), where, strlen(where)) != 0)
		violate(session, "not %s %s", where, clyde_error_message());
	if (result < 0)
		give_file_up(probe, before);
	if (result < 0 && result != CLYDE_ERROR_MISMATCH &&
		result != CLYDE_ERROR_INTERRUPTED)
		probe->broken = true;
}

long step_jtag_svf(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = jtag_random(session, step);
	struct probe *probe = target->probe;
	const struct clyde_svf_options options = {.ahead = step->choice & 1};
	static char text[SVF_TEXT];
	struct source source = {.session = session, .text = text};
	struct jtag_plan before;
	unsigned line;
	long result;

	session->bound_ns = UINT64_MAX;
	if (!can_search(session, target))
		return 0;
	before = probe->plan;
	jtag_plan_batch(&probe->plan);
	line = svf_draw(&probe->plan, &random, text);
	jtag_plan_end(&probe->plan, false);
	source.left = strlen(text);
	source.piece = 1 + draw(&random, 400);
	if (draw(&random, 4) == 0)
		source.interrupt_at = 1 + draw(&random, 4);
	allow_broken_chain(session, target);
	if (target->effects & ENDS_NOTHING)
		allow(session, CLYDE_ERROR_DEADLOCK);
	result =
		clyde_jtag_svf(probe->jtag, &options, read_file, &source, NULL);
	jtag_note(target, result);
	probe->ticket_known = false;
	session->tally->written += strlen(text);
	judge_file(session, target, line, result, &before);
	if (!probe->broken)
		jtag_check_state(session, target);
	return result;
}

/* All that is on its way arrives, and the chain is found. */
long step_jtag_check(
	struct session *session, struct target *target, const struct step *step)
{
	long result;

	(void)step;
	session->bound_ns = UINT64_MAX;
	if (target->probe->jtag == NULL || target->probe->broken)
		return 0;
	result = jtag_settle(session, target);
	if (result < 0 || !can_search(session, target))
		return result;
	allow_broken_chain(session, target);
	if (target->effects & ENDS_NOTHING)
		allow(session, CLYDE_ERROR_TIMEOUT);
	result = find_taps(session, target);
	return result < 0 ? result : 0;
}
