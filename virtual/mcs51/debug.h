/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What people who write firmware see of an 8051: breakpoints, the last
 * instructions, cycles by function.  A CPU whose `debug` points to such a
 * structure runs more slowly; its state and cycles are the same.
 */
#ifndef VIRTUAL_MCS51_DEBUG_H
#define VIRTUAL_MCS51_DEBUG_H

#include "mcs51.h"
#include "symbols.h"

#include <stdio.h>

#define MCS51_TRACE 1000

/* An instruction, with the registers before it. */
struct mcs51_trace {
	uint64_t cycle;
	uint16_t pc;
	uint16_t dptr; /* the selected one */
	uint8_t code[3];
	uint8_t acc, psw, sp;
};

struct mcs51_debug {
	uint8_t breakpoints[0x10000 / 8]; /* a bit for each address */
	bool stopped;    /* by the breakpoint of the next instruction */
	uint64_t traced; /* instructions so far */
	struct mcs51_trace trace[MCS51_TRACE];
	uint64_t cycles[0x10000]; /* by address of the instruction */
	uint64_t idle; /* cycles in PCON.IDLE, or of passes that were skipped */
};

struct mcs51_debug *mcs51_debug_create(void); /* NULL: no memory */
void mcs51_debug_destroy(struct mcs51_debug *debug);

/* Set or clear one; cpu->debug must be there.  A run that ends with
   MCS51_BREAKPOINT goes on with the next mcs51_run(). */
void mcs51_breakpoint(struct mcs51 *cpu, uint16_t address, bool set);

/* The instruction at `code`, of which three bytes are read, as SDCC's
   assembler writes it: "mov a,#0x12".  Returns its length, 1 to 3. */
#define MCS51_TEXT 40
unsigned int mcs51_disassemble(
	const uint8_t code[3], uint16_t pc, char text[MCS51_TEXT]);

/* The last instructions, at most MCS51_TRACE, a line each, oldest first: cycle,
   address, instruction, registers before it, place in a function.  Symbols may
   be NULL. */
void mcs51_print_trace(const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols, FILE *out);

/* Cycles by function, most first, a line each: cycles, per cent, name.  Code
   without a symbol, and all code if symbols is NULL, is named by its page of
   256 B. */
void mcs51_print_profile(const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols, FILE *out);

#endif
