/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What each of the 8051's instructions does (EZ-USB TRM, table of the
 * instruction set).  A function here executes an instruction whose operands are
 * where its name says, code[0] being its opcode.  `pc` is the next
 * instruction's address when it is executed; `cycles` is its start.  Only
 * opcodes.c includes this header: it makes one switch of all functions.
 */
#ifndef VIRTUAL_MCS51_INSTRUCTIONS_H
#define VIRTUAL_MCS51_INSTRUCTIONS_H

#include "operands.h"

/* The opcode says all. */
#define IMPLIED __attribute__((unused))

/* ---- Arithmetic and logic with the accumulator ---- */

/* An operation on the accumulator and a value, for all four places of it */
#define OPERANDS(operation)                                \
	static inline void operation##_data(               \
		struct mcs51 *cpu, const uint8_t *code)    \
	{                                                  \
		operation(cpu, code[1]);                   \
	}                                                  \
	static inline void operation##_direct(             \
		struct mcs51 *cpu, const uint8_t *code)    \
	{                                                  \
		operation(cpu, read_direct(cpu, code[1])); \
	}                                                  \
	static inline void operation##_at_ri(              \
		struct mcs51 *cpu, const uint8_t *code)    \
	{                                                  \
		operation(cpu, *at_ri(cpu, code));         \
	}                                                  \
	static inline void operation##_rn(                 \
		struct mcs51 *cpu, const uint8_t *code)    \
	{                                                  \
		operation(cpu, *rn(cpu, code));            \
	}

static inline void set_flags(struct mcs51 *cpu, bool cy, bool ac, bool ov)
{
	cpu->state.psw = (cpu->state.psw & ~(PSW_CY | PSW_AC | PSW_OV)) |
		(cy ? PSW_CY : 0) | (ac ? PSW_AC : 0) | (ov ? PSW_OV : 0);
}

static inline void sum(struct mcs51 *cpu, uint8_t value, bool with)
{
	uint8_t acc = cpu->state.acc;
	unsigned int result = acc + value + with;

	set_flags(cpu, result > 0xff, (acc ^ value ^ result) & 0x10,
		(acc ^ result) & (value ^ result) & 0x80);
	cpu->state.acc = result;
}

static inline void add(struct mcs51 *cpu, uint8_t value)
{
	sum(cpu, value, false);
}

static inline void addc(struct mcs51 *cpu, uint8_t value)
{
	sum(cpu, value, carry(cpu));
}

static inline void subb(struct mcs51 *cpu, uint8_t value)
{
	uint8_t acc = cpu->state.acc;
	unsigned int result = acc - value - carry(cpu);

	set_flags(cpu, result > 0xff, (acc ^ value ^ result) & 0x10,
		(acc ^ value) & (acc ^ result) & 0x80);
	cpu->state.acc = result;
}

static inline void orl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc |= value;
}

static inline void anl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc &= value;
}

static inline void xrl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc ^= value;
}

static inline void mov_a(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc = value;
}

OPERANDS(add)
OPERANDS(addc)
OPERANDS(subb)
OPERANDS(orl)
OPERANDS(anl)
OPERANDS(xrl)
OPERANDS(mov_a)

static inline void mul(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	unsigned int product = cpu->state.acc * cpu->state.b;

	cpu->state.acc = product;
	cpu->state.b = product >> 8;
	cpu->state.psw &= ~(PSW_CY | PSW_OV);
	cpu->state.psw |= product > 0xff ? PSW_OV : 0;
}

/* By 0 the manual leaves A and B undefined; these are what division by repeated
   subtraction of bits gives. */
static inline void div_ab(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc, b = cpu->state.b;

	cpu->state.acc = b ? acc / b : 0xff;
	cpu->state.b = b ? acc % b : acc;
	cpu->state.psw &= ~(PSW_CY | PSW_OV);
	cpu->state.psw |= b ? 0 : PSW_OV;
}

static inline void da(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	unsigned int acc = cpu->state.acc;

	if ((acc & 0x0f) > 9 || (cpu->state.psw & PSW_AC))
		acc += 0x06;
	if (acc > 0x9f || carry(cpu))
		acc += 0x60;
	if (acc > 0xff)
		set_carry(cpu, true);
	cpu->state.acc = acc;
}

static inline void clr_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = 0;
}

static inline void cpl_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc ^= 0xff;
}

static inline void swap(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 4 | cpu->state.acc >> 4;
}

static inline void rr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 7 | cpu->state.acc >> 1;
}

static inline void rl(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 1 | cpu->state.acc >> 7;
}

static inline void rrc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = carry(cpu) << 7 | acc >> 1;
	set_carry(cpu, acc & 1);
}

static inline void rlc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = acc << 1 | carry(cpu);
	set_carry(cpu, acc & 0x80);
}

/* ---- Increments, and logic with a direct address ---- */

static inline void inc_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc++;
}

static inline void inc_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) + 1);
}

static inline void inc_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	++*at_ri(cpu, code);
}

static inline void inc_rn(struct mcs51 *cpu, const uint8_t *code)
{
	++*rn(cpu, code);
}

static inline void dec_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc--;
}

static inline void dec_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) - 1);
}

static inline void dec_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	--*at_ri(cpu, code);
}

static inline void dec_rn(struct mcs51 *cpu, const uint8_t *code)
{
	--*rn(cpu, code);
}

static inline void inc_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	DPTR(cpu)++;
}

static inline void orl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) | cpu->state.acc);
}

static inline void orl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) | code[2]);
}

static inline void anl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) & cpu->state.acc);
}

static inline void anl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) & code[2]);
}

static inline void xrl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) ^ cpu->state.acc);
}

static inline void xrl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) ^ code[2]);
}

/* ---- Moves: mov_TO_FROM ---- */

static inline void mov_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], cpu->state.acc);
}

static inline void mov_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], code[2]);
}

/* The source is first. */
static inline void mov_direct_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[2], read_direct(cpu, code[1]));
}

static inline void mov_direct_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], *at_ri(cpu, code));
}

static inline void mov_direct_rn(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], *rn(cpu, code));
}

static inline void mov_at_ri_a(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = cpu->state.acc;
}

static inline void mov_at_ri_data(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = code[1];
}

static inline void mov_at_ri_direct(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = read_direct(cpu, code[1]);
}

static inline void mov_rn_a(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = cpu->state.acc;
}

static inline void mov_rn_data(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = code[1];
}

static inline void mov_rn_direct(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = read_direct(cpu, code[1]);
}

static inline void mov_dptr(struct mcs51 *cpu, const uint8_t *code)
{
	DPTR(cpu) = code[1] << 8 | code[2];
}

static inline void movc_pc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = read_code(cpu, cpu->state.pc + cpu->state.acc);
}

static inline void movc_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = read_code(cpu, DPTR(cpu) + cpu->state.acc);
}

static inline void movx_read(struct mcs51 *cpu, uint16_t address)
{
	if (address < cpu->memory_size)
		cpu->state.acc = cpu->memory[address];
	else
		cpu->state.acc = cpu->hooks->read_xdata(cpu, address);
	cpu->cycles += cpu->state.ckcon & CKCON_STRETCH;
}

/* A write that changes nothing may be in a loop that waits. */
static inline void movx_write(struct mcs51 *cpu, uint16_t address)
{
	uint8_t value = cpu->state.acc;

	if (address >= cpu->memory_size) {
		cpu->hooks->write_xdata(cpu, address, value);
	} else if (cpu->memory[address] != value) {
		mcs51_touch(cpu);
		cpu->memory[address] = value;
	}
	cpu->cycles += cpu->state.ckcon & CKCON_STRETCH;
}

static inline uint16_t paged(struct mcs51 *cpu, const uint8_t *code)
{
	return cpu->state.mpage << 8 | *bank_register(cpu, code[0] & 1);
}

static inline void movx_a_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	movx_read(cpu, paged(cpu, code));
}

static inline void movx_a_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	movx_read(cpu, DPTR(cpu));
}

static inline void movx_at_ri_a(struct mcs51 *cpu, const uint8_t *code)
{
	movx_write(cpu, paged(cpu, code));
}

static inline void movx_dptr_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	movx_write(cpu, DPTR(cpu));
}

static inline void push_direct(struct mcs51 *cpu, const uint8_t *code)
{
	push(cpu, read_direct(cpu, code[1]));
}

static inline void pop_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], pop(cpu));
}

static inline void exchange(struct mcs51 *cpu, uint8_t *byte)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = *byte;
	*byte = acc;
}

static inline void xch_direct(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t value = read_direct(cpu, code[1]);

	exchange(cpu, &value);
	/* "xch a,acc" exchanges nothing; neither does this. */
	write_direct(cpu, code[1], value);
}

static inline void xch_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	exchange(cpu, at_ri(cpu, code));
}

static inline void xch_rn(struct mcs51 *cpu, const uint8_t *code)
{
	exchange(cpu, rn(cpu, code));
}

static inline void xchd(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t *byte = at_ri(cpu, code);
	uint8_t differ = (*byte ^ cpu->state.acc) & 0x0f;

	*byte ^= differ;
	cpu->state.acc ^= differ;
}

/* ---- Bits ---- */

static inline void clr_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	set_carry(cpu, false);
}

static inline void setb_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	set_carry(cpu, true);
}

static inline void cpl_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.psw ^= PSW_CY;
}

static inline void clr_bit(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], false);
}

static inline void setb_bit(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], true);
}

static inline void cpl_bit(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t address = bit_address(code[1]);

	write_direct(cpu, address,
		read_to_modify(cpu, address) ^ 1 << (code[1] & 7));
}

static inline void mov_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]));
}

static inline void mov_bit_c(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], carry(cpu));
}

static inline void anl_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]) && carry(cpu));
}

static inline void anl_c_not_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, !read_bit(cpu, code[1]) && carry(cpu));
}

static inline void orl_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]) || carry(cpu));
}

static inline void orl_c_not_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, !read_bit(cpu, code[1]) || carry(cpu));
}

/* ---- Jumps ---- */

static inline void sjmp(struct mcs51 *cpu, const uint8_t *code)
{
	branch(cpu, code[1]);
}

static inline void jc(struct mcs51 *cpu, const uint8_t *code)
{
	if (carry(cpu))
		branch(cpu, code[1]);
}

static inline void jnc(struct mcs51 *cpu, const uint8_t *code)
{
	if (!carry(cpu))
		branch(cpu, code[1]);
}

static inline void jz(struct mcs51 *cpu, const uint8_t *code)
{
	if (cpu->state.acc == 0)
		branch(cpu, code[1]);
}

static inline void jnz(struct mcs51 *cpu, const uint8_t *code)
{
	if (cpu->state.acc != 0)
		branch(cpu, code[1]);
}

static inline void jb(struct mcs51 *cpu, const uint8_t *code)
{
	if (read_bit(cpu, code[1]))
		branch(cpu, code[2]);
}

static inline void jnb(struct mcs51 *cpu, const uint8_t *code)
{
	if (!read_bit(cpu, code[1]))
		branch(cpu, code[2]);
}

static inline void jbc(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t address = bit_address(code[1]);
	uint8_t mask = 1 << (code[1] & 7);
	uint8_t value = read_to_modify(cpu, address);

	if (!(value & mask))
		return;
	write_direct(cpu, address, value & ~mask);
	branch(cpu, code[2]);
}

static inline void compare(
	struct mcs51 *cpu, uint8_t left, uint8_t right, uint8_t offset)
{
	set_carry(cpu, left < right);
	if (left != right)
		branch(cpu, offset);
}

static inline void cjne_a_data(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, cpu->state.acc, code[1], code[2]);
}

static inline void cjne_a_direct(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, cpu->state.acc, read_direct(cpu, code[1]), code[2]);
}

static inline void cjne_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, *at_ri(cpu, code), code[1], code[2]);
}

static inline void cjne_rn(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, *rn(cpu, code), code[1], code[2]);
}

static inline void djnz_direct(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t value = read_to_modify(cpu, code[1]) - 1;

	write_direct(cpu, code[1], value);
	if (value != 0)
		branch(cpu, code[2]);
}

static inline void djnz_rn(struct mcs51 *cpu, const uint8_t *code)
{
	if (--*rn(cpu, code) != 0)
		branch(cpu, code[1]);
}

static inline void jmp_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.pc = DPTR(cpu) + cpu->state.acc;
}

static inline void ljmp(struct mcs51 *cpu, const uint8_t *code)
{
	cpu->state.pc = code[1] << 8 | code[2];
}

/* Within the 2 KiB of the next instruction */
static inline void ajmp(struct mcs51 *cpu, const uint8_t *code)
{
	cpu->state.pc =
		(cpu->state.pc & 0xf800) | (code[0] & 0xe0) << 3 | code[1];
}

static inline void push_pc(struct mcs51 *cpu)
{
	push(cpu, cpu->state.pc);
	push(cpu, cpu->state.pc >> 8);
}

static inline void lcall(struct mcs51 *cpu, const uint8_t *code)
{
	push_pc(cpu);
	ljmp(cpu, code);
}

static inline void acall(struct mcs51 *cpu, const uint8_t *code)
{
	push_pc(cpu);
	ajmp(cpu, code);
}

static inline void ret(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t high = pop(cpu);

	cpu->state.pc = high << 8 | pop(cpu);
}

/* Leaves the highest priority in service. */
static inline void reti(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t *in_service = &cpu->state.in_service;

	ret(cpu, code);
	if (*in_service & 4)
		*in_service &= ~4;
	else if (*in_service & 2)
		*in_service &= ~2;
	else
		*in_service = 0;
	cpu->state.postponed = 1;
	mcs51_attention(cpu);
}

static inline void nop(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	(void)cpu;
}

static inline void undefined(struct mcs51 *cpu, const uint8_t *code)
{
	mcs51_fault(cpu, "undefined opcode 0x%02x", code[0]);
}

#endif
