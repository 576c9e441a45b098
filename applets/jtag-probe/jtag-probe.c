/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet jtag-probe: its table, its claims, and what its verbs do.  Names are
 * upstream's (software/glasgow/applet/interface/jtag_probe/__init__.py).  The
 * library calls claim() and run() by applet_jtag_probe.  chain.c has the scans.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "common/number.h"

static const struct clyde_parameter parameters[] = {
	JTAG_PINS,
	JTAG_FREQUENCY("1MHz", "Of TCK"),
	JTAG_DELAY,
	{
		.name = "scan-ir-max-length",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 2,
		.maximum = JTAG_CHAIN_IR,
		.initial = "1024",
		.unit = "bits",
		.help = "For upstream's command lines: accepted, and not used",
	},
	{
		.name = "scan-dr-max-length",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 1,
		.maximum = CHAIN_DR_MAX,
		.initial = "1024",
		.unit = "bits",
		.help = "Of a data register, at most, for enumerate-ir",
	},
	{
		.name = "ir-lengths",
		.type = CLYDE_PARAMETER_TEXT,
		.help = "Of the instruction registers, such as 6,4, where they "
			"cannot be told from what they capture",
	},
	{
		.name = "operation",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.initial = "scan",
		.choices = "scan enumerate-ir",
		.choices_help =
			"Say which TAPs are in the chain\n"
			"Select every instruction, and say how long its data "
			"register is; DANGEROUS: an instruction may erase or "
			"damage the target",
		.help = "What to do",
	},
	{
		.name = "tap-indexes",
		.type = CLYDE_PARAMETER_WORDS,
		.positional = true,
		.required = true,
		.verbs = "enumerate-ir",
		.help = "TAPs, from 0, which is next to TDO",
	},
	{0},
};

#define ENUMERATED_BITS_MAX 16

/* ---- Texts ---------------------------------------------------------------- */

/* Bits 1 to 11 of an IDCODE, JEP106's bank and number; a few makers of chips with
   a test access port. */
static const struct {
	uint16_t number;
	const char *name;
} makers[] = {
	{0x009, "Intel"},
	{0x00e, "Freescale"},
	{0x015, "NXP"},
	{0x017, "Texas Instruments"},
	{0x01f, "Atmel"},
	{0x020, "STMicroelectronics"},
	{0x021, "Lattice"},
	{0x029, "Microchip"},
	{0x041, "Infineon"},
	{0x049, "Xilinx"},
	{0x06e, "Altera"},
	{0x0bf, "Broadcom"},
	{0x23b, "Arm"},
	{0x272, "Tensilica"},
	{0x40d, "Gowin"},
	{0x489, "SiFive"},
};

static const char *maker_of(uint32_t idcode)
{
	uint16_t number = idcode >> 1 & 0x7ff;

	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (makers[i].number == number)
			return makers[i].name;
	return "unknown maker";
}

static void tell_tap(
	struct clyde_run *run, const struct chain *chain, unsigned index)
{
	const struct clyde_tap *tap = &chain->taps[index];
	char bits[12] = "?", idcode[64] = "BYPASS, no IDCODE";

	if (tap->ir_bits)
		snprintf(bits, sizeof(bits), "%u", tap->ir_bits);
	if (tap->idcode)
		snprintf(idcode, sizeof(idcode),
			"IDCODE %08x: %s (%03x), part %04x, version %x",
			tap->idcode, maker_of(tap->idcode),
			tap->idcode >> 1 & 0x7ff, tap->idcode >> 12 & 0xffff,
			tap->idcode >> 28);
	run_tell(run, "taps",
		(const struct clyde_field[]){COUNT_FIELD("index", index),
			COUNT_FIELD("ir_bits", tap->ir_bits),
			COUNT_FIELD("idcode", tap->idcode),
			TEXT_FIELD("maker",
				tap->idcode ? maker_of(tap->idcode) : ""),
			END_FIELD},
		"TAP %u: IR of %s bits, %s", index, bits, idcode);
}

/* ---- Parameters ----------------------------------------------------------- */

/* "6,4" */
static int parse_lengths(
	struct clyde_run *run, unsigned ret_lengths[], unsigned *ret_count)
{
	static const struct number_form form = {
		.minimum = 2, .maximum = JTAG_CHAIN_IR};
	const char *text = run_text(run, "ir-lengths"), *end;
	uint64_t bits;

	*ret_count = 0;
	while (text && *text) {
		if (*ret_count == CLYDE_TAPS_MAX ||
			number_parse(text, &form, &bits, &end) != NUMBER_OK ||
			(*end && *end != ','))
			return set_error(CLYDE_ERROR_INVALID,
				"jtag-probe: --ir-lengths has numbers of at "
				"least 2, such as 6,4");
		ret_lengths[(*ret_count)++] = bits;
		text = *end ? end + 1 : end;
	}
	return 0;
}

static int parse_index(const char *word, uint64_t *ret_index)
{
	static const struct number_form form = {.maximum = CLYDE_TAPS_MAX - 1};

	if (number_parse(word, &form, ret_index, NULL) == NUMBER_OK)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"jtag-probe: '%.20s' is not the index of a TAP, 0 to %d", word,
		CLYDE_TAPS_MAX - 1);
}

static int claim(struct clyde_run *run)
{
	unsigned lengths[CLYDE_TAPS_MAX], count;
	char *const *words;
	uint64_t index;
	unsigned words_count = 0;
	int result = parse_lengths(run, lengths, &count);

	if (run_chosen(run, "operation", "enumerate-ir"))
		words_count = run_words(run, "tap-indexes", &words);
	for (unsigned i = 0; i < words_count && result == 0; i++)
		result = parse_index(words[i], &index);
	return result < 0 ? result : jtag_claim(run, "jtag-probe");
}

/* ---- Verbs ---------------------------------------------------------------- */

/* Whether an IR's length is not known. */
static bool lacks_lengths(const struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->taps[i].ir_bits == 0)
			return true;
	return false;
}

static int scan(struct clyde_run *run, struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		tell_tap(run, chain, i);
	if (lacks_lengths(chain))
		run_tell(run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "no-split"),
				COUNT_FIELD("ir_bits", chain->ir_bits),
				END_FIELD},
			"the IRs have %u bits together, in a way that cannot "
			"be told from what they capture; see --ir-lengths",
			chain->ir_bits);
	return 0;
}

static void tell_instruction(
	struct clyde_run *run, unsigned index, const char *bits, int dr_bits)
{
	char length[48];

	if (dr_bits < 0)
		strcpy(length, "a DR of unknown length, or none");
	else if (dr_bits == 0)
		strcpy(length, "no DR, TDI is connected to TDO");
	else
		snprintf(length, sizeof(length), "a DR of %d bits", dr_bits);
	/* Most are BYPASS, which is not worth a line. */
	run_tell(run, "instructions",
		(const struct clyde_field[]){COUNT_FIELD("index", index),
			TEXT_FIELD("ir", bits), REAL_FIELD("dr_bits", dr_bits),
			END_FIELD},
		"TAP %u, IR %s: %s", index, bits, length);
}

static int enumerate_tap(
	struct clyde_run *run, struct chain *chain, unsigned index)
{
	size_t dr_max = run_value(run, "scan-dr-max-length");
	unsigned ir_bits = chain->taps[index].ir_bits;
	char text[ENUMERATED_BITS_MAX + 1];
	int result = 0, dr_bits;

	if (ir_bits > ENUMERATED_BITS_MAX)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-probe: TAP %u has an IR of %u bits, and at most "
			"%d can be enumerated",
			index, ir_bits, ENUMERATED_BITS_MAX);
	for (uint32_t value = 0; value >> ir_bits == 0 && result == 0;
		value++) {
		result =
			chain_measure_dr(chain, index, value, dr_max, &dr_bits);
		for (unsigned i = 0; i < ir_bits; i++)
			text[i] = '0' + (value >> (ir_bits - 1 - i) & 1);
		text[ir_bits] = '\0';
		if (result == 0 && dr_bits != 1)
			tell_instruction(run, index, text, dr_bits);
		run_progress(run, "instructions", value + 1, 1 << ir_bits);
		if (result == 0)
			result = run_stopped(run);
	}
	return result;
}

static int enumerate(struct clyde_run *run, struct chain *chain)
{
	char *const *words;
	unsigned count = run_words(run, "tap-indexes", &words);
	uint64_t index;
	int result = 0;

	if (lacks_lengths(chain))
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-probe: the lengths of the IRs cannot be told "
			"from what they capture: give --ir-lengths");
	for (unsigned i = 0; i < count && result == 0; i++) {
		result = parse_index(words[i], &index);
		if (result == 0 && index >= chain->count)
			result = set_error(CLYDE_ERROR_INVALID,
				"jtag-probe: there is no TAP %llu: the chain "
				"has %u",
				(unsigned long long)index, chain->count);
		if (result < 0)
			break;
		tell_tap(run, chain, index);
		result = enumerate_tap(run, chain, index);
	}
	return result;
}

/* ---- The run -------------------------------------------------------------- */

static int set_lengths(struct clyde_run *run, struct chain *chain)
{
	unsigned lengths[CLYDE_TAPS_MAX], count, bits = 0;
	int result = parse_lengths(run, lengths, &count);

	if (result < 0 || count == 0)
		return result;
	if (count != chain->count)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-probe: --ir-lengths has %u numbers, and the "
			"chain %u TAPs",
			count, chain->count);
	for (unsigned i = 0; i < count; i++) {
		chain->taps[i].ir_bits = lengths[i];
		bits += lengths[i];
	}
	if (bits != chain->ir_bits)
		return set_error(CLYDE_ERROR_INVALID,
			"jtag-probe: --ir-lengths are %u bits together, and "
			"the IRs have %u",
			bits, chain->ir_bits);
	return 0;
}

static int probe(struct clyde_run *run, struct chain *chain)
{
	int result = chain_find(chain);

	if (result == 0)
		result = set_lengths(run, chain);
	if (result < 0)
		return result;
	return run_chosen(run, "operation", "scan") ? scan(run, chain)
						    : enumerate(run, chain);
}

static int run(struct clyde_run *run)
{
	struct chain *chain = calloc(1, sizeof(*chain));
	struct jtag *jtag = NULL;
	int result;

	if (chain == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = jtag_open(run, run_value(run, "frequency"), &jtag);
	if (result == 0)
		result = jtag_set_rate(
			jtag, run_value(run, "frequency"), &chain->rate_hz);
	if (result == 0) {
		chain->jtag = jtag_core(jtag);
		result = probe(run, chain);
	}
	jtag_close(jtag);
	free(chain);
	return result;
}

const struct applet applet_jtag_probe = {
	.table =
		{
			.name = "jtag-probe",
			.help = "Find the TAPs of a JTAG chain, and their "
				"instructions",
			.parameters = parameters,
			.aliases = "jtag",
		},
	.claim = claim,
	.run = run,
};
