/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What statements of SVF do to the TAPs.  All paths are the shortest ones; they
 * are those of the specification's table.  After a pause a scan of the same kind
 * goes on in the same register, without an update and a capture: files that send
 * a bitstream in several SDR rely on it, and other players do the same.
 */
#include "svf-internal.h"

#include <errno.h>
#include <string.h>

static int move(struct svf *svf, const struct jtag_path *path)
{
	int result = 0;

	if (path->count > 0)
		result = svf->port->move(svf->user, svf->state, path);
	svf->state = path->to;
	svf->state_known = true;
	return result;
}

/* Before the first statement that needs it, the state is not known. */
static int go(struct svf *svf, enum jtag_state to)
{
	struct jtag_path path;

	if (svf->trst_on && to != JTAG_RESET)
		return svf_fail(svf, -EINVAL,
			"%s needs the TAPs to leave RESET, and TRST is ON",
			svf_statement_name(svf->statement));
	if (!svf->state_known && to != JTAG_RESET) {
		int result = go(svf, JTAG_RESET);

		if (result != 0)
			return result;
	}
	path = jtag_path(svf->state, to);
	return move(svf, &path);
}

static void add_piece(struct svf_scan *scan, const struct svf_pattern *pattern)
{
	const struct svf_vector *tdo = &pattern->vectors[SVF_TDO];
	const struct svf_vector *mask = &pattern->vectors[SVF_MASK];

	if (pattern->bits == 0)
		return;
	scan->pieces[scan->pieces_count++] = (struct svf_bits){
		.count = pattern->bits,
		.tdi = pattern->vectors[SVF_TDI].bytes,
		.tdo = tdo->given ? tdo->bytes : NULL,
		.mask = mask->given ? mask->bytes : NULL,
	};
}

int svf_play_scan(struct svf *svf)
{
	bool ir = svf->statement == SVF_SIR;
	struct svf_scan scan = {.line = svf->statement_line, .ir = ir};
	int result;

	add_piece(&scan, &svf->patterns[ir ? SVF_HIR : SVF_HDR]);
	add_piece(&scan, &svf->patterns[svf->statement]);
	add_piece(&scan, &svf->patterns[ir ? SVF_TIR : SVF_TDR]);
	if (scan.pieces_count == 0)
		return svf_fail(svf, -EINVAL, "%s of no bits",
			svf_statement_name(svf->statement));
	result = go(svf, ir ? JTAG_IR_SHIFT : JTAG_DR_SHIFT);
	if (result != 0)
		return result;
	result = svf->port->shift(svf->user, &scan);
	svf->state = ir ? JTAG_IR_EXIT1 : JTAG_DR_EXIT1;
	return result != 0 ? result : go(svf, ir ? svf->end_ir : svf->end_dr);
}

int svf_play_run(
	struct svf *svf, const struct svf_run *run, enum jtag_state end)
{
	int result = go(svf, run->state);

	if (result == 0)
		result = svf->port->run(svf->user, run);
	return result != 0 ? result : go(svf, end);
}

/* Whether each state follows the one before by a clock; RESET always does, by
   five. */
static int check_states(struct svf *svf)
{
	enum jtag_state state = svf->state_known ? svf->state : JTAG_RESET;

	for (unsigned i = 0; i < svf->states_count; i++) {
		enum jtag_state next = svf->states[i];

		if (next != JTAG_RESET && jtag_next(state, false) != next &&
			jtag_next(state, true) != next)
			return svf_fail(svf, -EINVAL,
				"STATE: there is no way of one clock from %s "
				"to %s",
				jtag_state_name(state), jtag_state_name(next));
		state = next;
	}
	return 0;
}

/* One state from where it is, by the path of the specification's table: a pause
   leads to itself by a capture. */
static int play_state(struct svf *svf, enum jtag_state to)
{
	int result = 0;

	if (svf->state_known && svf->state == to &&
		(to == JTAG_DR_PAUSE || to == JTAG_IR_PAUSE))
		result = go(svf,
			to == JTAG_DR_PAUSE ? JTAG_DR_CAPTURE
					    : JTAG_IR_CAPTURE);
	return result != 0 ? result : go(svf, to);
}

int svf_play_states(struct svf *svf)
{
	int result;

	if (svf->states_count == 1)
		return play_state(svf, svf->states[0]);
	result = check_states(svf);
	for (unsigned i = 0; result == 0 && i < svf->states_count; i++) {
		enum jtag_state to = svf->states[i];

		if (svf->state_known && svf->state == to && to != JTAG_RESET) {
			struct jtag_path stay = {0, 1, to};

			result = move(svf, &stay);
		} else {
			result = go(svf, to);
		}
	}
	return result;
}

int svf_play_trst(struct svf *svf, enum svf_trst trst)
{
	if (svf->trst_absent)
		return svf_fail(svf, -EINVAL, "TRST after TRST ABSENT");
	svf->trst_absent = trst == SVF_TRST_ABSENT;
	svf->trst_on = trst == SVF_TRST_ON;
	if (svf->trst_on) {
		svf->state = JTAG_RESET;
		svf->state_known = true;
	}
	return svf->port->trst(svf->user, trst, svf->statement_line);
}
