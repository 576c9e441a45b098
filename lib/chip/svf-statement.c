/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The statements of SVF: which words they have, and what the player remembers of
 * them.  A statement takes effect at its semicolon.
 */
#include "svf-internal.h"

#include <errno.h>
#include <string.h>

#define NS_DIGITS  9
#define NS_MAX     (UINT64_C(1) << 62)
#define CLOCKS_MAX UINT32_MAX

static const char *const statements[SVF_STATEMENTS] = {
	[SVF_NONE] = "",
	[SVF_ENDDR] = "ENDDR",
	[SVF_ENDIR] = "ENDIR",
	[SVF_FREQUENCY] = "FREQUENCY",
	[SVF_HDR] = "HDR",
	[SVF_HIR] = "HIR",
	[SVF_PIO] = "PIO",
	[SVF_PIOMAP] = "PIOMAP",
	[SVF_RUNTEST] = "RUNTEST",
	[SVF_SDR] = "SDR",
	[SVF_SIR] = "SIR",
	[SVF_STATE] = "STATE",
	[SVF_TDR] = "TDR",
	[SVF_TIR] = "TIR",
	[SVF_TRST] = "TRST",
};

static const char *const parameters[SVF_PARAMETERS] = {
	[SVF_TDI] = "TDI",
	[SVF_TDO] = "TDO",
	[SVF_MASK] = "MASK",
	[SVF_SMASK] = "SMASK",
};

const char *svf_statement_name(enum svf_statement statement)
{
	return statements[statement];
}

static bool is_scan(enum svf_statement statement)
{
	switch (statement) {
	case SVF_HDR:
	case SVF_HIR:
	case SVF_SDR:
	case SVF_SIR:
	case SVF_TDR:
	case SVF_TIR:
		return true;
	default:
		return false;
	}
}

static const char *name(const struct svf *svf)
{
	return statements[svf->statement];
}

/* ---- The first word ------------------------------------------------------- */

static int begin(struct svf *svf, const char *word)
{
	svf->statement_line = svf->line;
	for (unsigned i = SVF_NONE + 1; i < SVF_STATEMENTS; i++)
		if (strcmp(statements[i], word) == 0)
			svf->statement = i;
	svf->words_count = svf->states_count = svf->seen = 0;
	svf->step = SVF_LENGTH;
	if (svf->statement == SVF_NONE)
		return svf_fail(
			svf, -EINVAL, "%s is not a statement of SVF", word);
	if (svf->statement == SVF_PIO || svf->statement == SVF_PIOMAP)
		return svf_fail(svf, -EINVAL,
			"%s: parallel pins are not supported", word);
	return 0;
}

/* ---- Scans ---------------------------------------------------------------- */

/* A new length forgets what was given for the old one. */
static int take_length(struct svf *svf, const char *word)
{
	struct svf_pattern *pattern = &svf->patterns[svf->statement];
	uint64_t bits;

	if (strspn(word, "0123456789") != strlen(word) ||
		!svf_number(word, 0, false, &bits))
		return svf_fail(svf, -EINVAL, "%s: %s is not a length",
			name(svf), word);
	if (bits > svf->bits_max)
		return svf_fail(svf, -EINVAL, "%s: %s bits are more than %u",
			name(svf), word, svf->bits_max);
	if (bits != pattern->bits)
		for (unsigned i = 0; i < SVF_PARAMETERS; i++)
			pattern->vectors[i].given = false;
	pattern->vectors[SVF_TDO].given = false;
	pattern->bits = bits;
	svf->step = SVF_KEY;
	return 0;
}

static int take_key(struct svf *svf, const char *word)
{
	for (unsigned i = 0; i < SVF_PARAMETERS; i++) {
		if (strcmp(parameters[i], word) != 0)
			continue;
		if (svf->seen >> i & 1)
			return svf_fail(svf, -EINVAL, "%s: %s is given twice",
				name(svf), word);
		svf->seen |= 1u << i;
		svf->parameter = i;
		svf->step = SVF_OPEN;
		return 0;
	}
	return svf_fail(svf, -EINVAL, "%s: %s is not TDI, TDO, MASK or SMASK",
		name(svf), word);
}

int svf_take_open(struct svf *svf)
{
	struct svf_vector *vector =
		&svf->patterns[svf->statement].vectors[svf->parameter];

	if (!is_scan(svf->statement) || svf->step != SVF_OPEN)
		return svf_fail(svf, -EINVAL, "( is not expected here");
	vector->digits = 0;
	vector->given = false;
	svf->step = SVF_DIGITS;
	return 0;
}

int svf_take_close(struct svf *svf)
{
	struct svf_pattern *pattern = &svf->patterns[svf->statement];
	int result = svf_vector_end(
		&pattern->vectors[svf->parameter], pattern->bits);

	svf->step = SVF_KEY;
	if (result == -ENOMEM)
		return svf_fail(svf, -ENOMEM, "out of memory");
	if (result != 0)
		return svf_fail(svf, -EINVAL, "%s: %s has more than %u bits",
			name(svf), parameters[svf->parameter], pattern->bits);
	return 0;
}

static int end_scan(struct svf *svf)
{
	const struct svf_pattern *pattern = &svf->patterns[svf->statement];

	if (svf->step == SVF_LENGTH)
		return svf_fail(svf, -EINVAL, "%s has no length", name(svf));
	if (svf->step != SVF_KEY)
		return svf_fail(svf, -EINVAL, "%s: %s has no bits", name(svf),
			parameters[svf->parameter]);
	if (pattern->bits > 0 && !pattern->vectors[SVF_TDI].given)
		return svf_fail(svf, -EINVAL,
			"%s: TDI is needed with a length that is new",
			name(svf));
	if (svf->statement == SVF_SDR || svf->statement == SVF_SIR)
		return svf_play_scan(svf);
	return 0;
}

/* ---- The others ----------------------------------------------------------- */

static int wrong_form(struct svf *svf, const char *form)
{
	return svf_fail(svf, -EINVAL, "%s is not %s", name(svf), form);
}

static bool stable(const char *word, enum jtag_state *ret_state)
{
	return jtag_state_parse(word, ret_state) && jtag_is_stable(*ret_state);
}

static int end_default(struct svf *svf, enum jtag_state *ret_state)
{
	if (svf->words_count != 1 || !stable(svf->words[0], ret_state))
		return wrong_form(
			svf, "followed by IRPAUSE, DRPAUSE, RESET or IDLE");
	return 0;
}

static int end_frequency(struct svf *svf)
{
	uint64_t hz = 0;

	if (svf->words_count > 0 &&
		(svf->words_count != 2 || strcmp(svf->words[1], "HZ") != 0 ||
			!svf_number(svf->words[0], 0, false, &hz) || hz == 0))
		return wrong_form(
			svf, "followed by a number of at least 1 and HZ");
	return svf->port->frequency(svf->user, hz, svf->statement_line);
}

static int end_trst(struct svf *svf)
{
	static const char *const modes[] = {
		[SVF_TRST_ON] = "ON",
		[SVF_TRST_OFF] = "OFF",
		[SVF_TRST_Z] = "Z",
		[SVF_TRST_ABSENT] = "ABSENT",
	};

	for (unsigned i = 0; i < 4; i++)
		if (svf->words_count == 1 &&
			strcmp(svf->words[0], modes[i]) == 0)
			return svf_play_trst(svf, i);
	return wrong_form(svf, "followed by ON, OFF, Z or ABSENT");
}

static int end_state(struct svf *svf)
{
	if (svf->states_count == 0 ||
		!jtag_is_stable(svf->states[svf->states_count - 1]))
		return svf_fail(svf, -EINVAL,
			"STATE does not end with IRPAUSE, DRPAUSE, RESET or "
			"IDLE");
	return svf_play_states(svf);
}

/* Words of RUNTEST, one after the other. */
struct reading {
	const struct svf *svf;
	unsigned next;
};

static const char *peek(const struct reading *reading, unsigned ahead)
{
	unsigned at = reading->next + ahead;

	return at < reading->svf->words_count ? reading->svf->words[at] : "";
}

static bool take_stable(struct reading *reading, enum jtag_state *ret_state)
{
	bool taken = stable(peek(reading, 0), ret_state);

	reading->next += taken;
	return taken;
}

/* A number and this unit. */
static bool take_quantity(struct reading *reading, const char *unit,
	unsigned scale, uint64_t maximum, uint64_t *ret_number)
{
	uint64_t number;

	if (strcmp(peek(reading, 1), unit) != 0 ||
		!svf_number(peek(reading, 0), scale, true, &number) ||
		number > maximum)
		return false;
	*ret_number = number;
	reading->next += 2;
	return true;
}

static bool take_name(struct reading *reading, const char *word)
{
	bool taken = strcmp(peek(reading, 0), word) == 0;

	reading->next += taken;
	return taken;
}

/* run_state and end_state stay for the next RUNTEST; a run_state alone is the
   end_state as well. */
static int end_run(struct svf *svf)
{
	struct reading reading = {.svf = svf};
	struct svf_run run = {
		.line = svf->statement_line,
		.maximum_ns = UINT64_MAX,
	};
	uint64_t clocks = 0, system_clocks = 0;
	bool counted, timed, wrong = false;

	if (take_stable(&reading, &svf->run_state))
		svf->run_end = svf->run_state;
	counted = take_quantity(&reading, "TCK", 0, CLOCKS_MAX, &clocks) ||
		take_quantity(&reading, "SCK", 0, CLOCKS_MAX, &system_clocks);
	timed = take_quantity(
		&reading, "SEC", NS_DIGITS, NS_MAX, &run.minimum_ns);
	if (timed && take_name(&reading, "MAXIMUM"))
		wrong = !take_quantity(
			&reading, "SEC", NS_DIGITS, NS_MAX, &run.maximum_ns);
	if (take_name(&reading, "ENDSTATE"))
		wrong |= !take_stable(&reading, &svf->run_end);
	if (wrong || !(counted || timed) || reading.next != svf->words_count)
		return wrong_form(svf,
			"[STATE] COUNT TCK|SCK and/or TIME SEC [MAXIMUM TIME "
			"SEC], [ENDSTATE STATE]");
	if (run.maximum_ns < run.minimum_ns)
		return svf_fail(svf, -EINVAL,
			"RUNTEST: the maximum is less than the minimum");
	run.state = svf->run_state;
	run.clocks = clocks;
	run.system_clocks = system_clocks;
	return svf_play_run(svf, &run, svf->run_end);
}

/* ---- Words ---------------------------------------------------------------- */

static int take_state(struct svf *svf, const char *word)
{
	if (svf->states_count == SVF_STATES_MAX)
		return svf_fail(svf, -EINVAL, "STATE has more than %u states",
			SVF_STATES_MAX);
	if (!jtag_state_parse(word, &svf->states[svf->states_count++]))
		return svf_fail(svf, -EINVAL, "STATE: %s is not a state", word);
	return 0;
}

int svf_take_word(struct svf *svf, const char *word)
{
	if (svf->statement == SVF_NONE)
		return begin(svf, word);
	if (svf->statement == SVF_STATE)
		return take_state(svf, word);
	if (is_scan(svf->statement)) {
		if (svf->step == SVF_LENGTH)
			return take_length(svf, word);
		if (svf->step == SVF_KEY)
			return take_key(svf, word);
		return svf_fail(svf, -EINVAL, "%s: %s has no (", name(svf),
			parameters[svf->parameter]);
	}
	if (svf->words_count == SVF_WORDS)
		return svf_fail(
			svf, -EINVAL, "%s has too many words", name(svf));
	strcpy(svf->words[svf->words_count++], word);
	return 0;
}

int svf_take_end(struct svf *svf)
{
	int result = 0;

	switch (svf->statement) {
	case SVF_ENDDR:
		result = end_default(svf, &svf->end_dr);
		break;
	case SVF_ENDIR:
		result = end_default(svf, &svf->end_ir);
		break;
	case SVF_FREQUENCY:
		result = end_frequency(svf);
		break;
	case SVF_RUNTEST:
		result = end_run(svf);
		break;
	case SVF_STATE:
		result = end_state(svf);
		break;
	case SVF_TRST:
		result = end_trst(svf);
		break;
	case SVF_NONE: /* a semicolon alone */
	case SVF_PIO:
	case SVF_PIOMAP:
	case SVF_STATEMENTS:
		break;
	default:
		result = end_scan(svf);
		break;
	}
	svf->statement = SVF_NONE;
	return result;
}
