/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 8051's instructions: what each does, its length and its cycles (EZ-USB
 * TRM, table of the instruction set).  A function here executes an instruction
 * whose operands are where its name says; mcs51_run() adds the cycles.
 */
#include "operands.h"

/* The opcode says all. */
#define IMPLIED __attribute__((unused))

/* ---- Arithmetic and logic with the accumulator ---- */

/* An operation on the accumulator and a value, for all four places of it */
#define OPERANDS(operation)                                                    \
	static void operation##_data(struct mcs51 *cpu, const uint8_t *code)   \
	{                                                                      \
		operation(cpu, code[1]);                                       \
	}                                                                      \
	static void operation##_direct(struct mcs51 *cpu, const uint8_t *code) \
	{                                                                      \
		operation(cpu, read_direct(cpu, code[1]));                     \
	}                                                                      \
	static void operation##_at_ri(struct mcs51 *cpu, const uint8_t *code)  \
	{                                                                      \
		operation(cpu, *at_ri(cpu, code));                             \
	}                                                                      \
	static void operation##_rn(struct mcs51 *cpu, const uint8_t *code)     \
	{                                                                      \
		operation(cpu, *rn(cpu, code));                                \
	}

static void set_flags(struct mcs51 *cpu, bool cy, bool ac, bool ov)
{
	cpu->state.psw = (cpu->state.psw & ~(PSW_CY | PSW_AC | PSW_OV)) |
		(cy ? PSW_CY : 0) | (ac ? PSW_AC : 0) | (ov ? PSW_OV : 0);
}

static void sum(struct mcs51 *cpu, uint8_t value, bool with)
{
	uint8_t acc = cpu->state.acc;
	unsigned int result = acc + value + with;

	set_flags(cpu, result > 0xff, (acc ^ value ^ result) & 0x10,
		(acc ^ result) & (value ^ result) & 0x80);
	cpu->state.acc = result;
}

static void add(struct mcs51 *cpu, uint8_t value)
{
	sum(cpu, value, false);
}

static void addc(struct mcs51 *cpu, uint8_t value)
{
	sum(cpu, value, carry(cpu));
}

static void subb(struct mcs51 *cpu, uint8_t value)
{
	uint8_t acc = cpu->state.acc;
	unsigned int result = acc - value - carry(cpu);

	set_flags(cpu, result > 0xff, (acc ^ value ^ result) & 0x10,
		(acc ^ value) & (acc ^ result) & 0x80);
	cpu->state.acc = result;
}

static void orl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc |= value;
}

static void anl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc &= value;
}

static void xrl(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.acc ^= value;
}

static void mov_a(struct mcs51 *cpu, uint8_t value)
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

static void mul(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	unsigned int product = cpu->state.acc * cpu->state.b;

	cpu->state.acc = product;
	cpu->state.b = product >> 8;
	cpu->state.psw &= ~(PSW_CY | PSW_OV);
	cpu->state.psw |= product > 0xff ? PSW_OV : 0;
}

/* By 0 the manual leaves A and B undefined; these are what division by repeated
   subtraction of bits gives. */
static void div_ab(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc, b = cpu->state.b;

	cpu->state.acc = b ? acc / b : 0xff;
	cpu->state.b = b ? acc % b : acc;
	cpu->state.psw &= ~(PSW_CY | PSW_OV);
	cpu->state.psw |= b ? 0 : PSW_OV;
}

static void da(struct mcs51 *cpu, const uint8_t *code IMPLIED)
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

static void clr_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = 0;
}

static void cpl_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc ^= 0xff;
}

static void swap(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 4 | cpu->state.acc >> 4;
}

static void rr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 7 | cpu->state.acc >> 1;
}

static void rl(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = cpu->state.acc << 1 | cpu->state.acc >> 7;
}

static void rrc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = carry(cpu) << 7 | acc >> 1;
	set_carry(cpu, acc & 1);
}

static void rlc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = acc << 1 | carry(cpu);
	set_carry(cpu, acc & 0x80);
}

/* ---- Increments, and logic with a direct address ---- */

static void inc_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc++;
}

static void inc_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) + 1);
}

static void inc_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	++*at_ri(cpu, code);
}

static void inc_rn(struct mcs51 *cpu, const uint8_t *code)
{
	++*rn(cpu, code);
}

static void dec_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc--;
}

static void dec_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) - 1);
}

static void dec_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	--*at_ri(cpu, code);
}

static void dec_rn(struct mcs51 *cpu, const uint8_t *code)
{
	--*rn(cpu, code);
}

static void inc_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	DPTR(cpu)++;
}

static void orl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) | cpu->state.acc);
}

static void orl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) | code[2]);
}

static void anl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) & cpu->state.acc);
}

static void anl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) & code[2]);
}

static void xrl_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(
		cpu, code[1], read_to_modify(cpu, code[1]) ^ cpu->state.acc);
}

static void xrl_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], read_to_modify(cpu, code[1]) ^ code[2]);
}

/* ---- Moves: mov_TO_FROM ---- */

static void mov_direct_a(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], cpu->state.acc);
}

static void mov_direct_data(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], code[2]);
}

/* The source is first. */
static void mov_direct_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[2], read_direct(cpu, code[1]));
}

static void mov_direct_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], *at_ri(cpu, code));
}

static void mov_direct_rn(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], *rn(cpu, code));
}

static void mov_at_ri_a(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = cpu->state.acc;
}

static void mov_at_ri_data(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = code[1];
}

static void mov_at_ri_direct(struct mcs51 *cpu, const uint8_t *code)
{
	*at_ri(cpu, code) = read_direct(cpu, code[1]);
}

static void mov_rn_a(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = cpu->state.acc;
}

static void mov_rn_data(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = code[1];
}

static void mov_rn_direct(struct mcs51 *cpu, const uint8_t *code)
{
	*rn(cpu, code) = read_direct(cpu, code[1]);
}

static void mov_dptr(struct mcs51 *cpu, const uint8_t *code)
{
	DPTR(cpu) = code[1] << 8 | code[2];
}

static void movc_pc(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = read_code(cpu, cpu->state.pc + cpu->state.acc);
}

static void movc_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.acc = read_code(cpu, DPTR(cpu) + cpu->state.acc);
}

static void movx_read(struct mcs51 *cpu, uint16_t address)
{
	if (address < cpu->memory_size)
		cpu->state.acc = cpu->memory[address];
	else
		cpu->state.acc = cpu->hooks->read_xdata(cpu, address);
	cpu->cycles += cpu->state.ckcon & CKCON_STRETCH;
}

/* A write that changes nothing may be in a loop that waits. */
static void movx_write(struct mcs51 *cpu, uint16_t address)
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

static uint16_t paged(struct mcs51 *cpu, const uint8_t *code)
{
	return cpu->state.mpage << 8 | *bank_register(cpu, code[0] & 1);
}

static void movx_a_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	movx_read(cpu, paged(cpu, code));
}

static void movx_a_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	movx_read(cpu, DPTR(cpu));
}

static void movx_at_ri_a(struct mcs51 *cpu, const uint8_t *code)
{
	movx_write(cpu, paged(cpu, code));
}

static void movx_dptr_a(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	movx_write(cpu, DPTR(cpu));
}

static void push_direct(struct mcs51 *cpu, const uint8_t *code)
{
	push(cpu, read_direct(cpu, code[1]));
}

static void pop_direct(struct mcs51 *cpu, const uint8_t *code)
{
	write_direct(cpu, code[1], pop(cpu));
}

static void exchange(struct mcs51 *cpu, uint8_t *byte)
{
	uint8_t acc = cpu->state.acc;

	cpu->state.acc = *byte;
	*byte = acc;
}

static void xch_direct(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t value = read_direct(cpu, code[1]);

	exchange(cpu, &value);
	/* "xch a,acc" exchanges nothing; neither does this. */
	write_direct(cpu, code[1], value);
}

static void xch_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	exchange(cpu, at_ri(cpu, code));
}

static void xch_rn(struct mcs51 *cpu, const uint8_t *code)
{
	exchange(cpu, rn(cpu, code));
}

static void xchd(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t *byte = at_ri(cpu, code);
	uint8_t differ = (*byte ^ cpu->state.acc) & 0x0f;

	*byte ^= differ;
	cpu->state.acc ^= differ;
}

/* ---- Bits ---- */

static void clr_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	set_carry(cpu, false);
}

static void setb_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	set_carry(cpu, true);
}

static void cpl_c(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.psw ^= PSW_CY;
}

static void clr_bit(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], false);
}

static void setb_bit(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], true);
}

static void cpl_bit(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t address = bit_address(code[1]);

	write_direct(cpu, address,
		read_to_modify(cpu, address) ^ 1 << (code[1] & 7));
}

static void mov_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]));
}

static void mov_bit_c(struct mcs51 *cpu, const uint8_t *code)
{
	write_bit(cpu, code[1], carry(cpu));
}

static void anl_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]) && carry(cpu));
}

static void anl_c_not_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, !read_bit(cpu, code[1]) && carry(cpu));
}

static void orl_c_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, read_bit(cpu, code[1]) || carry(cpu));
}

static void orl_c_not_bit(struct mcs51 *cpu, const uint8_t *code)
{
	set_carry(cpu, !read_bit(cpu, code[1]) || carry(cpu));
}

/* ---- Jumps ---- */

static void sjmp(struct mcs51 *cpu, const uint8_t *code)
{
	branch(cpu, code[1]);
}

static void jc(struct mcs51 *cpu, const uint8_t *code)
{
	if (carry(cpu))
		branch(cpu, code[1]);
}

static void jnc(struct mcs51 *cpu, const uint8_t *code)
{
	if (!carry(cpu))
		branch(cpu, code[1]);
}

static void jz(struct mcs51 *cpu, const uint8_t *code)
{
	if (cpu->state.acc == 0)
		branch(cpu, code[1]);
}

static void jnz(struct mcs51 *cpu, const uint8_t *code)
{
	if (cpu->state.acc != 0)
		branch(cpu, code[1]);
}

static void jb(struct mcs51 *cpu, const uint8_t *code)
{
	if (read_bit(cpu, code[1]))
		branch(cpu, code[2]);
}

static void jnb(struct mcs51 *cpu, const uint8_t *code)
{
	if (!read_bit(cpu, code[1]))
		branch(cpu, code[2]);
}

static void jbc(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t address = bit_address(code[1]);
	uint8_t mask = 1 << (code[1] & 7);
	uint8_t value = read_to_modify(cpu, address);

	if (!(value & mask))
		return;
	write_direct(cpu, address, value & ~mask);
	branch(cpu, code[2]);
}

static void compare(
	struct mcs51 *cpu, uint8_t left, uint8_t right, uint8_t offset)
{
	set_carry(cpu, left < right);
	if (left != right)
		branch(cpu, offset);
}

static void cjne_a_data(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, cpu->state.acc, code[1], code[2]);
}

static void cjne_a_direct(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, cpu->state.acc, read_direct(cpu, code[1]), code[2]);
}

static void cjne_at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, *at_ri(cpu, code), code[1], code[2]);
}

static void cjne_rn(struct mcs51 *cpu, const uint8_t *code)
{
	compare(cpu, *rn(cpu, code), code[1], code[2]);
}

static void djnz_direct(struct mcs51 *cpu, const uint8_t *code)
{
	uint8_t value = read_to_modify(cpu, code[1]) - 1;

	write_direct(cpu, code[1], value);
	if (value != 0)
		branch(cpu, code[2]);
}

static void djnz_rn(struct mcs51 *cpu, const uint8_t *code)
{
	if (--*rn(cpu, code) != 0)
		branch(cpu, code[1]);
}

static void jmp_dptr(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	cpu->state.pc = DPTR(cpu) + cpu->state.acc;
}

static void ljmp(struct mcs51 *cpu, const uint8_t *code)
{
	cpu->state.pc = code[1] << 8 | code[2];
}

/* Within the 2 KiB of the next instruction */
static void ajmp(struct mcs51 *cpu, const uint8_t *code)
{
	cpu->state.pc =
		(cpu->state.pc & 0xf800) | (code[0] & 0xe0) << 3 | code[1];
}

static void push_pc(struct mcs51 *cpu)
{
	push(cpu, cpu->state.pc);
	push(cpu, cpu->state.pc >> 8);
}

static void lcall(struct mcs51 *cpu, const uint8_t *code)
{
	push_pc(cpu);
	ljmp(cpu, code);
}

static void acall(struct mcs51 *cpu, const uint8_t *code)
{
	push_pc(cpu);
	ajmp(cpu, code);
}

static void ret(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	uint8_t high = pop(cpu);

	cpu->state.pc = high << 8 | pop(cpu);
}

/* Leaves the highest priority in service. */
static void reti(struct mcs51 *cpu, const uint8_t *code)
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

static void nop(struct mcs51 *cpu, const uint8_t *code IMPLIED)
{
	(void)cpu;
}

static void undefined(struct mcs51 *cpu, const uint8_t *code)
{
	mcs51_fault(cpu, "undefined opcode 0x%02x", code[0]);
}

/* ---- The table ---- */

#define EIGHT(low, length, cycles, function)         \
	[low] = {function, length, cycles},          \
	[(low) + 0x20] = {function, length, cycles}, \
	[(low) + 0x40] = {function, length, cycles}, \
	[(low) + 0x60] = {function, length, cycles}, \
	[(low) + 0x80] = {function, length, cycles}, \
	[(low) + 0xa0] = {function, length, cycles}, \
	[(low) + 0xc0] = {function, length, cycles}, \
	[(low) + 0xe0] = {function, length, cycles}

#define ACCUMULATOR(first, function)                             \
	[first] = {function##_data, 2, 2},                       \
	[(first) + 1] = {function##_direct, 2, 2},               \
	[(first) + 2 ...(first) + 3] = {function##_at_ri, 1, 1}, \
	[(first) + 4 ...(first) + 11] = {function##_rn, 1, 1}

#define RI(first) [first...(first) + 1]
#define RN(first) [first...(first) + 7]

const struct mcs51_opcode mcs51_opcodes[256] = {
	[0x00] = {nop, 1, 1},
	EIGHT(0x01, 2, 3, ajmp),
	EIGHT(0x11, 2, 3, acall),
	[0x02] = {ljmp, 3, 4},
	[0x12] = {lcall, 3, 4},
	[0x22] = {ret, 1, 4},
	[0x32] = {reti, 1, 4},
	[0x10] = {jbc, 3, 4},
	[0x20] = {jb, 3, 4},
	[0x30] = {jnb, 3, 4},
	[0x40] = {jc, 2, 3},
	[0x50] = {jnc, 2, 3},
	[0x60] = {jz, 2, 3},
	[0x70] = {jnz, 2, 3},
	[0x80] = {sjmp, 2, 3},
	[0x73] = {jmp_dptr, 1, 3},
	[0xb4] = {cjne_a_data, 3, 4},
	[0xb5] = {cjne_a_direct, 3, 4},
	RI(0xb6) = {cjne_at_ri, 3, 4},
	RN(0xb8) = {cjne_rn, 3, 4},
	[0xd5] = {djnz_direct, 3, 4},
	RN(0xd8) = {djnz_rn, 2, 3},

	ACCUMULATOR(0x24, add),
	ACCUMULATOR(0x34, addc),
	ACCUMULATOR(0x44, orl),
	ACCUMULATOR(0x54, anl),
	ACCUMULATOR(0x64, xrl),
	ACCUMULATOR(0x94, subb),
	[0x03] = {rr, 1, 1},
	[0x13] = {rrc, 1, 1},
	[0x23] = {rl, 1, 1},
	[0x33] = {rlc, 1, 1},
	[0xc4] = {swap, 1, 1},
	[0xd4] = {da, 1, 1},
	[0xe4] = {clr_a, 1, 1},
	[0xf4] = {cpl_a, 1, 1},
	[0x84] = {div_ab, 1, 5},
	[0xa4] = {mul, 1, 5},
	[0xa5] = {undefined, 1, 1},
	[0x04] = {inc_a, 1, 1},
	[0x05] = {inc_direct, 2, 2},
	RI(0x06) = {inc_at_ri, 1, 1},
	RN(0x08) = {inc_rn, 1, 1},
	[0x14] = {dec_a, 1, 1},
	[0x15] = {dec_direct, 2, 2},
	RI(0x16) = {dec_at_ri, 1, 1},
	RN(0x18) = {dec_rn, 1, 1},
	[0xa3] = {inc_dptr, 1, 3},
	[0x42] = {orl_direct_a, 2, 2},
	[0x43] = {orl_direct_data, 3, 3},
	[0x52] = {anl_direct_a, 2, 2},
	[0x53] = {anl_direct_data, 3, 3},
	[0x62] = {xrl_direct_a, 2, 2},
	[0x63] = {xrl_direct_data, 3, 3},

	[0x74] = {mov_a_data, 2, 2},
	[0xe5] = {mov_a_direct, 2, 2},
	RI(0xe6) = {mov_a_at_ri, 1, 1},
	RN(0xe8) = {mov_a_rn, 1, 1},
	[0x75] = {mov_direct_data, 3, 3},
	[0x85] = {mov_direct_direct, 3, 3},
	RI(0x86) = {mov_direct_at_ri, 2, 2},
	RN(0x88) = {mov_direct_rn, 2, 2},
	[0xf5] = {mov_direct_a, 2, 2},
	RI(0x76) = {mov_at_ri_data, 2, 2},
	RI(0xa6) = {mov_at_ri_direct, 2, 2},
	RI(0xf6) = {mov_at_ri_a, 1, 1},
	RN(0x78) = {mov_rn_data, 2, 2},
	RN(0xa8) = {mov_rn_direct, 2, 2},
	RN(0xf8) = {mov_rn_a, 1, 1},
	[0x90] = {mov_dptr, 3, 3},
	[0x83] = {movc_pc, 1, 3},
	[0x93] = {movc_dptr, 1, 3},
	[0xe0] = {movx_a_dptr, 1, 2},
	RI(0xe2) = {movx_a_at_ri, 1, 2},
	[0xf0] = {movx_dptr_a, 1, 2},
	RI(0xf2) = {movx_at_ri_a, 1, 2},
	[0xc0] = {push_direct, 2, 2},
	[0xd0] = {pop_direct, 2, 2},
	[0xc5] = {xch_direct, 2, 2},
	RI(0xc6) = {xch_at_ri, 1, 1},
	RN(0xc8) = {xch_rn, 1, 1},
	RI(0xd6) = {xchd, 1, 1},

	[0xc3] = {clr_c, 1, 1},
	[0xd3] = {setb_c, 1, 1},
	[0xb3] = {cpl_c, 1, 1},
	[0xc2] = {clr_bit, 2, 2},
	[0xd2] = {setb_bit, 2, 2},
	[0xb2] = {cpl_bit, 2, 2},
	[0xa2] = {mov_c_bit, 2, 2},
	[0x92] = {mov_bit_c, 2, 2},
	[0x82] = {anl_c_bit, 2, 2},
	[0xb0] = {anl_c_not_bit, 2, 2},
	[0x72] = {orl_c_bit, 2, 2},
	[0xa0] = {orl_c_not_bit, 2, 2},
};
