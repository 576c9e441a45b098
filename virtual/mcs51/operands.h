/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Where the operands of the 8051's instructions are. */
#ifndef VIRTUAL_MCS51_OPERANDS_H
#define VIRTUAL_MCS51_OPERANDS_H

#include "internal.h"

#define DPTR(cpu) ((cpu)->state.dptr[(cpu)->state.dps & 1])

static inline uint8_t *bank_register(struct mcs51 *cpu, uint8_t number)
{
	return &cpu->state.ram[(cpu->state.psw & PSW_BANK) | number];
}

/* Rn, and @Ri, of the opcode */
static inline uint8_t *rn(struct mcs51 *cpu, const uint8_t *code)
{
	return bank_register(cpu, code[0] & 7);
}

static inline uint8_t *at_ri(struct mcs51 *cpu, const uint8_t *code)
{
	return &cpu->state.ram[*bank_register(cpu, code[0] & 1)];
}

static inline uint8_t read_direct(struct mcs51 *cpu, uint8_t address)
{
	if (address < 0x80)
		return cpu->state.ram[address];
	return mcs51_read_sfr(cpu, address);
}

static inline void write_direct(
	struct mcs51 *cpu, uint8_t address, uint8_t value)
{
	if (address < 0x80)
		cpu->state.ram[address] = value;
	else
		mcs51_write_sfr(cpu, address, value);
}

/* The read of an instruction that reads, modifies and writes. */
static inline uint8_t read_to_modify(struct mcs51 *cpu, uint8_t address)
{
	uint8_t value;

	cpu->modifies = true;
	value = read_direct(cpu, address);
	cpu->modifies = false;
	return value;
}

static inline uint8_t bit_address(uint8_t bit)
{
	return bit < 0x80 ? 0x20 + bit / 8 : bit & 0xf8;
}

static inline bool read_bit(struct mcs51 *cpu, uint8_t bit)
{
	return read_direct(cpu, bit_address(bit)) >> (bit & 7) & 1;
}

static inline void write_bit(struct mcs51 *cpu, uint8_t bit, bool value)
{
	uint8_t old = read_to_modify(cpu, bit_address(bit));

	write_direct(cpu, bit_address(bit),
		(old & ~(1 << (bit & 7))) | value << (bit & 7));
}

static inline bool carry(const struct mcs51 *cpu)
{
	return cpu->state.psw & PSW_CY;
}

static inline void set_carry(struct mcs51 *cpu, bool value)
{
	cpu->state.psw = (cpu->state.psw & ~PSW_CY) | (value ? PSW_CY : 0);
}

static inline void push(struct mcs51 *cpu, uint8_t value)
{
	cpu->state.ram[++cpu->state.sp] = value;
}

static inline uint8_t pop(struct mcs51 *cpu)
{
	return cpu->state.ram[cpu->state.sp--];
}

static inline void branch(struct mcs51 *cpu, uint8_t offset)
{
	cpu->state.pc += (int8_t)offset;
}

static inline uint8_t read_code(struct mcs51 *cpu, uint16_t address)
{
	if (address < cpu->memory_size)
		return cpu->memory[address];
	mcs51_fault(cpu, "MOVC reads 0x%04x, where no code memory is", address);
	return 0;
}

#endif
