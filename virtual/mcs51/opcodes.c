/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The opcodes of the 8051: which instruction, its length and its cycles (EZ-USB
 * TRM, table of the instruction set), and the loop that executes them.  The
 * loop has all instructions in one switch, as most of the time of a device that
 * executes firmware is spent here.
 */
#include "instructions.h"

/* X(first opcode, last one, function, length, cycles without the stretch of
   MOVX) */
#define RI(X, first, function, length, cycles) \
	X(first, (first) + 1, function, length, cycles)
#define RN(X, first, function, length, cycles) \
	X(first, (first) + 7, function, length, cycles)

#define ONE(X, opcode, function, length, cycles) \
	X(opcode, opcode, function, length, cycles)
#define EIGHT(X, low, function, length, cycles)        \
	ONE(X, low, function, length, cycles)          \
	ONE(X, (low) + 0x20, function, length, cycles) \
	ONE(X, (low) + 0x40, function, length, cycles) \
	ONE(X, (low) + 0x60, function, length, cycles) \
	ONE(X, (low) + 0x80, function, length, cycles) \
	ONE(X, (low) + 0xa0, function, length, cycles) \
	ONE(X, (low) + 0xc0, function, length, cycles) \
	ONE(X, (low) + 0xe0, function, length, cycles)

#define ACCUMULATOR(X, first, function)              \
	ONE(X, first, function##_data, 2, 2)         \
	ONE(X, (first) + 1, function##_direct, 2, 2) \
	RI(X, (first) + 2, function##_at_ri, 1, 1)   \
	RN(X, (first) + 4, function##_rn, 1, 1)

#define JUMPS(X)                          \
	ONE(X, 0x00, nop, 1, 1)           \
	EIGHT(X, 0x01, ajmp, 2, 3)        \
	EIGHT(X, 0x11, acall, 2, 3)       \
	ONE(X, 0x02, ljmp, 3, 4)          \
	ONE(X, 0x12, lcall, 3, 4)         \
	ONE(X, 0x22, ret, 1, 4)           \
	ONE(X, 0x32, reti, 1, 4)          \
	ONE(X, 0x10, jbc, 3, 4)           \
	ONE(X, 0x20, jb, 3, 4)            \
	ONE(X, 0x30, jnb, 3, 4)           \
	ONE(X, 0x40, jc, 2, 3)            \
	ONE(X, 0x50, jnc, 2, 3)           \
	ONE(X, 0x60, jz, 2, 3)            \
	ONE(X, 0x70, jnz, 2, 3)           \
	ONE(X, 0x80, sjmp, 2, 3)          \
	ONE(X, 0x73, jmp_dptr, 1, 3)      \
	ONE(X, 0xb4, cjne_a_data, 3, 4)   \
	ONE(X, 0xb5, cjne_a_direct, 3, 4) \
	RI(X, 0xb6, cjne_at_ri, 3, 4)     \
	RN(X, 0xb8, cjne_rn, 3, 4)        \
	ONE(X, 0xd5, djnz_direct, 3, 4)   \
	RN(X, 0xd8, djnz_rn, 2, 3)

#define ARITHMETIC(X)                       \
	ACCUMULATOR(X, 0x24, add)           \
	ACCUMULATOR(X, 0x34, addc)          \
	ACCUMULATOR(X, 0x44, orl)           \
	ACCUMULATOR(X, 0x54, anl)           \
	ACCUMULATOR(X, 0x64, xrl)           \
	ACCUMULATOR(X, 0x94, subb)          \
	ONE(X, 0x03, rr, 1, 1)              \
	ONE(X, 0x13, rrc, 1, 1)             \
	ONE(X, 0x23, rl, 1, 1)              \
	ONE(X, 0x33, rlc, 1, 1)             \
	ONE(X, 0xc4, swap, 1, 1)            \
	ONE(X, 0xd4, da, 1, 1)              \
	ONE(X, 0xe4, clr_a, 1, 1)           \
	ONE(X, 0xf4, cpl_a, 1, 1)           \
	ONE(X, 0x84, div_ab, 1, 5)          \
	ONE(X, 0xa4, mul, 1, 5)             \
	ONE(X, 0xa5, undefined, 1, 1)       \
	ONE(X, 0x04, inc_a, 1, 1)           \
	ONE(X, 0x05, inc_direct, 2, 2)      \
	RI(X, 0x06, inc_at_ri, 1, 1)        \
	RN(X, 0x08, inc_rn, 1, 1)           \
	ONE(X, 0x14, dec_a, 1, 1)           \
	ONE(X, 0x15, dec_direct, 2, 2)      \
	RI(X, 0x16, dec_at_ri, 1, 1)        \
	RN(X, 0x18, dec_rn, 1, 1)           \
	ONE(X, 0xa3, inc_dptr, 1, 3)        \
	ONE(X, 0x42, orl_direct_a, 2, 2)    \
	ONE(X, 0x43, orl_direct_data, 3, 3) \
	ONE(X, 0x52, anl_direct_a, 2, 2)    \
	ONE(X, 0x53, anl_direct_data, 3, 3) \
	ONE(X, 0x62, xrl_direct_a, 2, 2)    \
	ONE(X, 0x63, xrl_direct_data, 3, 3)

#define MOVES(X)                              \
	ONE(X, 0x74, mov_a_data, 2, 2)        \
	ONE(X, 0xe5, mov_a_direct, 2, 2)      \
	RI(X, 0xe6, mov_a_at_ri, 1, 1)        \
	RN(X, 0xe8, mov_a_rn, 1, 1)           \
	ONE(X, 0x75, mov_direct_data, 3, 3)   \
	ONE(X, 0x85, mov_direct_direct, 3, 3) \
	RI(X, 0x86, mov_direct_at_ri, 2, 2)   \
	RN(X, 0x88, mov_direct_rn, 2, 2)      \
	ONE(X, 0xf5, mov_direct_a, 2, 2)      \
	RI(X, 0x76, mov_at_ri_data, 2, 2)     \
	RI(X, 0xa6, mov_at_ri_direct, 2, 2)   \
	RI(X, 0xf6, mov_at_ri_a, 1, 1)        \
	RN(X, 0x78, mov_rn_data, 2, 2)        \
	RN(X, 0xa8, mov_rn_direct, 2, 2)      \
	RN(X, 0xf8, mov_rn_a, 1, 1)           \
	ONE(X, 0x90, mov_dptr, 3, 3)          \
	ONE(X, 0x83, movc_pc, 1, 3)           \
	ONE(X, 0x93, movc_dptr, 1, 3)         \
	ONE(X, 0xe0, movx_a_dptr, 1, 2)       \
	RI(X, 0xe2, movx_a_at_ri, 1, 2)       \
	ONE(X, 0xf0, movx_dptr_a, 1, 2)       \
	RI(X, 0xf2, movx_at_ri_a, 1, 2)       \
	ONE(X, 0xc0, push_direct, 2, 2)       \
	ONE(X, 0xd0, pop_direct, 2, 2)        \
	ONE(X, 0xc5, xch_direct, 2, 2)        \
	RI(X, 0xc6, xch_at_ri, 1, 1)          \
	RN(X, 0xc8, xch_rn, 1, 1)             \
	RI(X, 0xd6, xchd, 1, 1)

#define BITS(X)                           \
	ONE(X, 0xc3, clr_c, 1, 1)         \
	ONE(X, 0xd3, setb_c, 1, 1)        \
	ONE(X, 0xb3, cpl_c, 1, 1)         \
	ONE(X, 0xc2, clr_bit, 2, 2)       \
	ONE(X, 0xd2, setb_bit, 2, 2)      \
	ONE(X, 0xb2, cpl_bit, 2, 2)       \
	ONE(X, 0xa2, mov_c_bit, 2, 2)     \
	ONE(X, 0x92, mov_bit_c, 2, 2)     \
	ONE(X, 0x82, anl_c_bit, 2, 2)     \
	ONE(X, 0xb0, anl_c_not_bit, 2, 2) \
	ONE(X, 0x72, orl_c_bit, 2, 2)     \
	ONE(X, 0xa0, orl_c_not_bit, 2, 2)

#define OPCODES(X) JUMPS(X) ARITHMETIC(X) MOVES(X) BITS(X)

#define SHAPE(first, last, function, length, cycles) \
	[first... last] = {length, cycles},

const struct mcs51_opcode mcs51_opcodes[256] = {OPCODES(SHAPE)};

#define CASE(first, last, function, length, clocks) \
	case first ... last:                        \
		cpu->state.pc = pc + (length);      \
		function(cpu, code);                \
		cpu->cycles += (clocks);            \
		break;

/* A case for each opcode.  NOLINTNEXTLINE(readability-function-size) */
static inline __attribute__((always_inline)) void step(
	struct mcs51 *cpu, uint16_t pc, const uint8_t *code)
{
	switch (code[0]) {
		OPCODES(CASE)
	}
	if (cpu->state.pc <= pc)
		mcs51_jumped_back(cpu);
}

/* Not inline: its buffer would be in the way of every instruction. */
static __attribute__((noinline)) void step_apart(struct mcs51 *cpu, uint16_t pc)
{
	uint8_t buffer[3] = {0};

	if (mcs51_fetch_apart(cpu, pc, buffer))
		mcs51_step(cpu, pc, buffer);
}

void mcs51_step(struct mcs51 *cpu, uint16_t pc, const uint8_t *code)
{
	step(cpu, pc, code);
}

void mcs51_execute(struct mcs51 *cpu)
{
	while (cpu->cycles < cpu->limit) {
		uint16_t pc = cpu->state.pc;

		cpu->instruction = pc;
		if (__builtin_expect(mcs51_is_apart(cpu, pc), 0))
			step_apart(cpu, pc);
		else
			step(cpu, pc, cpu->memory + pc);
	}
}
