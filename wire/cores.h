/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The one table of the universal image: which cores it has, in order, and
 * where their registers, outputs and inputs are.  Library and model include it,
 * gateware/generate.c writes the Verilog from it, and a host can read the
 * image's own copy (REG_TABLE).  A new core is a line here, the folder
 * applets/NAME and wire/core-NAME.h.
 */
#ifndef WIRE_CORES_H
#define WIRE_CORES_H

#include "regs.h"

enum core_flag {
	CORE_TAKES = 1 << 0,    /* an OUT stream */
	CORE_GIVES = 1 << 1,    /* an IN stream */
	CORE_PER_PIN = 1 << 2,  /* sees all pins; one output for each pin */
	CORE_COMMANDS = 1 << 3, /* its streams are those of stream.h */
	/* Its first output is a clock, which changes at half cycles of 48 MHz,
	   too, and the core says at which half its inputs are sampled. */
	CORE_CLOCK = 1 << 4,
};

/* X(NAME, name, id, version, base, registers, outputs, inputs, flags)
   An id never changes.  The version increases with each change that a host can
   notice.  Ranges of registers begin and end at a multiple of 16. */
#define CORE_TABLE(X)                                                          \
	X(BENCHMARK, benchmark, 1, 1, 0x50, 32, 0, 0, CORE_TAKES | CORE_GIVES) \
	X(UART, uart, 2, 1, 0x70, 32, 1, 1, CORE_TAKES | CORE_GIVES)           \
	X(GPIO, gpio, 3, 1, 0x90, 16, 1, 0, CORE_GIVES | CORE_PER_PIN)         \
	X(SPI, spi, 4, 1, 0xa0, 16, 11, 5,                                     \
		CORE_TAKES | CORE_GIVES | CORE_COMMANDS | CORE_CLOCK)          \
	X(PROBE, probe, 5, 1, 0xb0, 16, 5, 3,                                  \
		CORE_TAKES | CORE_GIVES | CORE_COMMANDS | CORE_CLOCK)

/* A core's position in the table, from 1: the values of REG_STREAM and
   REG_TABLE_INDEX. */
enum core_place {
	CORE_NONE,
#define X(NAME, ...) CORE_##NAME,
	CORE_TABLE(X)
#undef X
		CORE_END,
	CORE_COUNT = CORE_END - 1,
};

enum core_id {
#define X(NAME, name, id, ...) CORE_ID_##NAME = id,
	CORE_TABLE(X)
#undef X
};

/* The first register of each core. */
enum core_base {
#define X(NAME, name, id, version, base, ...) CORE_BASE_##NAME = base,
	CORE_TABLE(X)
#undef X
};

/* The first output and the first input of each core; the others follow. */
enum core_output {
	OUTPUT_NONE,
#define X(NAME, name, id, version, base, registers, outputs, inputs, flags) \
	OUTPUT_##NAME, OUTPUT_LAST_##NAME = OUTPUT_##NAME + (outputs)-1,
	CORE_TABLE(X)
#undef X
		OUTPUT_END,
};

enum core_input {
#define X(NAME, name, id, version, base, registers, outputs, inputs, flags) \
	INPUT_##NAME, INPUT_LAST_##NAME = INPUT_##NAME + (inputs)-1,
	CORE_TABLE(X)
#undef X
		INPUT_END,
};

/* An initialiser of the core's struct core_entry.  first_output and first_input
   are 0 if the core has no outputs or no inputs. */
#define CORE_ENTRY(NAME, name, id_, version_, base_, registers_, outputs_, \
	inputs_, flags_)                                                   \
	{                                                                  \
		.id = id_, .version = version_, .base = base_,             \
		.registers = registers_,                                   \
		.first_output = (outputs_) ? (uint8_t)OUTPUT_##NAME : 0,   \
		.outputs = outputs_,                                       \
		.first_input = (inputs_) ? (uint8_t)INPUT_##NAME : 0,      \
		.inputs = inputs_, .flags = flags_,                        \
	}

_Static_assert(OUTPUT_END <= PIN_FUNCTION + 1, "no function left");
_Static_assert(INPUT_END <= INPUT_COUNT, "no input left");

#endif
