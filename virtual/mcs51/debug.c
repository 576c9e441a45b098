/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Breakpoints, the trace and the profile of an 8051; mcs51.c calls
   mcs51_observe() and mcs51_breaks() if the CPU has a `debug`. */
#include "debug.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct mcs51_debug *mcs51_debug_create(void)
{
	return calloc(1, sizeof(struct mcs51_debug));
}

void mcs51_debug_destroy(struct mcs51_debug *debug)
{
	free(debug);
}

void mcs51_breakpoint(struct mcs51 *cpu, uint16_t address, bool set)
{
	uint8_t *byte = &cpu->debug->breakpoints[address / 8];
	uint8_t mask = 1 << address % 8;

	*byte = set ? *byte | mask : *byte & ~mask;
	/* A loop that waits may contain it. */
	mcs51_touch(cpu);
}

bool mcs51_breaks(struct mcs51 *cpu)
{
	struct mcs51_debug *debug = cpu->debug;
	uint16_t pc = cpu->state.pc;

	if (debug->stopped || !(debug->breakpoints[pc / 8] >> pc % 8 & 1)) {
		debug->stopped = false;
		return false;
	}
	debug->stopped = true;
	/* Passes of this loop are not skipped, so all of them stop here. */
	mcs51_touch(cpu);
	return true;
}

void mcs51_observe(struct mcs51 *cpu, const uint8_t *code)
{
	const struct mcs51_state *state = &cpu->state;
	struct mcs51_trace *trace =
		&cpu->debug->trace[cpu->debug->traced++ % MCS51_TRACE];

	trace->cycle = cpu->cycles;
	trace->pc = state->pc;
	trace->dptr = state->dptr[state->dps & 1];
	memcpy(trace->code, code, mcs51_opcodes[code[0]].length);
	trace->acc = state->acc;
	trace->psw = mcs51_peek(cpu, SFR_PSW);
	trace->sp = state->sp;
}

static void print_instruction(const struct mcs51_trace *trace,
	const struct mcs51_symbols *symbols, FILE *out)
{
	char text[MCS51_TEXT];
	const struct mcs51_symbol *symbol = NULL;

	if (symbols)
		symbol = mcs51_symbol_at(symbols, trace->pc);
	mcs51_disassemble(trace->code, trace->pc, text);
	fprintf(out,
		"%12" PRIu64 "  %04x  %-24s a=%02x psw=%02x sp=%02x dptr=%04x",
		trace->cycle, trace->pc, text, trace->acc, trace->psw,
		trace->sp, trace->dptr);
	if (symbol)
		fprintf(out, "  %s+0x%x", symbol->name,
			trace->pc - symbol->address);
	fputc('\n', out);
}

void mcs51_print_trace(const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols, FILE *out)
{
	uint64_t first =
		debug->traced < MCS51_TRACE ? 0 : debug->traced - MCS51_TRACE;

	for (uint64_t at = first; at < debug->traced; at++)
		print_instruction(
			&debug->trace[at % MCS51_TRACE], symbols, out);
}

/* A row of the profile. */
struct row {
	char name[sizeof(((struct mcs51_symbol *)NULL)->name)];
	uint64_t cycles;
};

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->cycles != right->cycles)
		return left->cycles < right->cycles ? 1 : -1;
	return strcmp(left->name, right->name);
}

/* Rows 0 to 255 are pages, 256 is idle time, and the symbols follow. */
#define ROW_IDLE 256

static void fill_rows(const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols, struct row *rows)
{
	for (int page = 0; page < ROW_IDLE; page++)
		snprintf(rows[page].name, sizeof(rows[page].name),
			"0x%02x00 to 0x%02xff", page, page);
	snprintf(rows[ROW_IDLE].name, sizeof(rows->name), "idle, waiting");
	rows[ROW_IDLE].cycles = debug->idle;
	for (size_t i = 0; symbols && i < symbols->count; i++)
		memcpy(rows[ROW_IDLE + 1 + i].name, symbols->symbol[i].name,
			sizeof(rows->name));
	for (uint32_t pc = 0; pc < 0x10000; pc++) {
		const struct mcs51_symbol *symbol =
			symbols ? mcs51_symbol_at(symbols, pc) : NULL;

		size_t row = symbol
			? ROW_IDLE + 1 + (size_t)(symbol - symbols->symbol)
			: pc >> 8;

		rows[row].cycles += debug->cycles[pc];
	}
}

void mcs51_print_profile(const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols, FILE *out)
{
	size_t count = ROW_IDLE + 1 + (symbols ? symbols->count : 0);
	struct row *rows = calloc(count, sizeof(*rows));
	double total = 0;

	if (!rows) {
		fputs("there is no memory for the profile\n", out);
		return;
	}
	fill_rows(debug, symbols, rows);
	qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < count; i++)
		total += rows[i].cycles;
	for (size_t i = 0; i < count && rows[i].cycles > 0; i++)
		fprintf(out, "%14" PRIu64 "  %5.1f %%  %s\n", rows[i].cycles,
			100 * rows[i].cycles / total, rows[i].name);
	free(rows);
}
