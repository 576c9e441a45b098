/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the 8051 with any firmware.  The input is code from address 0; it runs
 * three times: with passes of waiting loops skipped, with all executed, and with
 * a trace, among interrupts whose times the first bytes draw.  All three end in
 * the same state, and a fault is one sentence with an address.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "virtual/mcs51/debug.h"

#define MEMORY 0x2000
#define CYCLES 4000

struct computer {
	struct mcs51 cpu;
	uint8_t memory[MEMORY];
	uint8_t xdata[0x10000];
	uint8_t sfr[256];
};

static uint8_t read_sfr(struct mcs51 *cpu, uint8_t address)
{
	return ((struct computer *)cpu->context)->sfr[address];
}

static void write_sfr(struct mcs51 *cpu, uint8_t address, uint8_t value)
{
	struct computer *its = cpu->context;

	if (its->sfr[address] != value)
		mcs51_touch(cpu);
	its->sfr[address] = value;
	if (address == 0xff)
		mcs51_stop(cpu);
	if (address == 0xfe)
		mcs51_fault(cpu, "0xfe");
}

static uint8_t read_xdata(struct mcs51 *cpu, uint16_t address)
{
	return ((struct computer *)cpu->context)->xdata[address];
}

static void write_xdata(struct mcs51 *cpu, uint16_t address, uint8_t value)
{
	struct computer *its = cpu->context;

	if (its->xdata[address] != value)
		mcs51_touch(cpu);
	its->xdata[address] = value;
}

static uint8_t read_vector(struct mcs51 *cpu, uint16_t address)
{
	return cpu->memory[address + 1];
}

static const struct mcs51_hooks hooks = {
	.read_sfr = read_sfr,
	.write_sfr = write_sfr,
	.read_xdata = read_xdata,
	.write_xdata = write_xdata,
	.read_vector = read_vector,
};

static void start(struct computer *its, const uint8_t *data, size_t size)
{
	memset(its, 0, sizeof(*its));
	its->cpu.hooks = &hooks;
	its->cpu.context = its;
	its->cpu.memory = its->memory;
	its->cpu.memory_size = MEMORY;
	if (size > 0)
		memcpy(its->memory, data, size < MEMORY ? size : MEMORY);
	mcs51_reset(&its->cpu);
}

static void run(struct computer *its, uint64_t until, bool skips)
{
	enum mcs51_stop stop;

	do {
		stop = mcs51_run(&its->cpu, until);
		if (stop == MCS51_WAITS && skips)
			mcs51_skip(&its->cpu, until);
		else if (stop == MCS51_WAITS)
			mcs51_touch(&its->cpu);
	} while (stop == MCS51_WAITS || stop == MCS51_STOPPED);
	check((stop == MCS51_FAULT) == (its->cpu.fault[0] != '\0'));
	check(stop == MCS51_FAULT || its->cpu.cycles >= until);
	check(stop != MCS51_FAULT || strstr(its->cpu.fault, ", at 0x") != NULL);
}

static void compare(const struct computer *one, const struct computer *other)
{
	check(one->cpu.cycles == other->cpu.cycles);
	check(!memcmp(
		&one->cpu.state, &other->cpu.state, sizeof(one->cpu.state)));
	check(!memcmp(one->memory, other->memory, sizeof(one->memory)));
	check(!memcmp(one->sfr, other->sfr, sizeof(one->sfr)));
	check(!strcmp(one->cpu.fault, other->cpu.fault));
	for (unsigned int address = 0x80; address < 0x100; address++)
		check(mcs51_peek(&one->cpu, address) ==
			mcs51_peek(&other->cpu, address));
}

static void print(const struct mcs51_debug *debug)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	check(out != NULL);
	mcs51_print_trace(debug, NULL, out);
	mcs51_print_profile(debug, NULL, out);
	check(fclose(out) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct computer skips, executes, observed;
	struct computer *all[] = {&skips, &executes, &observed};
	struct input events = {data, size < 16 ? size : 16};
	struct mcs51_debug *debug = mcs51_debug_create();
	uint64_t until = 0;

	check(debug != NULL);
	for (int i = 0; i < 3; i++)
		start(all[i], data + events.size, size - events.size);
	observed.cpu.debug = debug;
	while (until < CYCLES) {
		uint8_t event = take_byte(&events);

		until += 1 + (events.size > 0 ? 5 * event : CYCLES);
		for (int i = 0; i < 3; i++) {
			run(all[i], until, all[i] != &executes);
			mcs51_request(
				&all[i]->cpu, event % MCS51_LINES, event & 8);
		}
		compare(&skips, &executes);
		compare(&skips, &observed);
	}
	if (size > 0 && data[0] % 16 == 0)
		print(debug);
	mcs51_debug_destroy(debug);
	return 0;
}
