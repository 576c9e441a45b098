/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the 8051: a CPU with memory, and hooks that have a byte
   of their own for every register and address. */
#ifndef TESTS_MCS51_TEST_H
#define TESTS_MCS51_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "virtual/mcs51/mcs51.h"

#define MEMORY_SIZE 0x4000

struct computer {
	struct mcs51 cpu;
	uint8_t memory[MEMORY_SIZE];
	uint8_t xdata[0x10000];
	uint8_t sfr[256];
	uint8_t latch[256]; /* what read-modify-write instructions read */
	bool latches;
	uint8_t vector;
	bool vectored;
	unsigned int accesses;
};

static struct computer computer;
static struct mcs51 *const cpu = &computer.cpu;
static struct mcs51_state *const now = &computer.cpu.state;

static inline uint8_t hook_read_sfr(struct mcs51 *the, uint8_t address)
{
	struct computer *its = the->context;

	its->accesses++;
	return its->latches && the->modifies ? its->latch[address]
					     : its->sfr[address];
}

static inline void hook_write_sfr(
	struct mcs51 *the, uint8_t address, uint8_t value)
{
	struct computer *its = the->context;

	its->accesses++;
	if (its->sfr[address] != value)
		mcs51_touch(the);
	its->sfr[address] = value;
}

static inline uint8_t hook_read_xdata(struct mcs51 *the, uint16_t address)
{
	struct computer *its = the->context;

	its->accesses++;
	return its->xdata[address];
}

static inline void hook_write_xdata(
	struct mcs51 *the, uint16_t address, uint8_t value)
{
	struct computer *its = the->context;

	its->accesses++;
	if (its->xdata[address] != value)
		mcs51_touch(the);
	its->xdata[address] = value;
}

static inline uint8_t hook_read_vector(struct mcs51 *the, uint16_t address)
{
	struct computer *its = the->context;

	return its->vectored ? its->vector + (address >> 4)
			     : the->memory[address];
}

static const struct mcs51_hooks computer_hooks = {
	.read_sfr = hook_read_sfr,
	.write_sfr = hook_write_sfr,
	.read_xdata = hook_read_xdata,
	.write_xdata = hook_write_xdata,
	.read_vector = hook_read_vector,
};

static inline void computer_init(struct computer *its)
{
	memset(its, 0, sizeof(*its));
	its->cpu.hooks = &computer_hooks;
	its->cpu.context = its;
	its->cpu.memory = its->memory;
	its->cpu.memory_size = MEMORY_SIZE;
	mcs51_reset(&its->cpu);
}

/* A fixture: memory is 0, which is NOP. */
static inline int fresh_computer(void **state)
{
	(void)state;
	computer_init(&computer);
	return 0;
}

/* Bytes at an address, as PUT(0x100, 0x80, 0xfe). */
#define PUT(address, ...)                                             \
	memcpy(computer.memory + (address), (uint8_t[]){__VA_ARGS__}, \
		sizeof((uint8_t[]){__VA_ARGS__}))

/* One instruction, or one entry into an interrupt; returns its cycles. */
static inline unsigned int step(void)
{
	uint64_t before = cpu->cycles;

	if (mcs51_run(cpu, cpu->cycles + 1) == MCS51_FAULT)
		fail_msg("%s", cpu->fault);
	return cpu->cycles - before;
}

/* Put an instruction at the program counter and execute it. */
#define EXECUTE(...) (PUT(now->pc, __VA_ARGS__), step())

/* A number that a seed gives (xorshift). */
static inline uint32_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 32;
}

#endif
