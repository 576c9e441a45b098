/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the 8051 with another one, the simulator of SDCC (Debian's
 * sdcc-ucsim), on random programs:
 *	test-mcs51-ucsim /usr/bin/s51
 * A program is a row of units, which are an instruction or a few; control leaves
 * a unit at its end, or skips the next one.  Behind every 50 units the program
 * saves its registers to RAM, and all of RAM is compared.  Cycles, interrupts,
 * timers and DPTR1 are not: that simulator's are those of other chips.
 */
#include "tests/support/mcs51-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAMS    12
#define CHECKPOINTS 12
#define UNITS       50
#define CODE_SIZE   0x2000
#define SAVED       0x70 /* registers at a checkpoint, which no unit changes */
#define XRAM        0x8000
#define PSW         0xd0

static const char *s51;
static uint64_t seed;

/* Operands of all opcodes by rows; column 8 stands for 8 to f: d direct, i
   immediate, b bit, r relative, s a unit of more instructions; x is left out. */
static const char *const operands[16][9] = {
	{"", "s", "s", "", "", "d", "", "", ""},
	{"br", "s", "s", "", "", "d", "", "", ""},
	{"br", "s", "s", "", "i", "d", "", "", ""},
	{"br", "s", "x", "", "i", "d", "", "", ""},
	{"r", "s", "d", "di", "i", "d", "", "", ""},
	{"r", "s", "d", "di", "i", "d", "", "", ""},
	{"r", "s", "d", "di", "i", "d", "", "", ""},
	{"r", "s", "b", "s", "i", "di", "i", "i", "i"},
	{"r", "s", "b", "", "s", "dd", "d", "d", "d"},
	{"ii", "s", "b", "s", "i", "d", "", "", ""},
	{"b", "s", "b", "", "", "x", "d", "d", "d"},
	{"b", "s", "b", "", "ir", "dr", "ir", "ir", "ir"},
	{"d", "s", "b", "", "", "d", "", "", ""},
	{"d", "s", "b", "", "", "dr", "", "", "r"},
	{"s", "s", "", "", "", "d", "", "", ""},
	{"s", "s", "", "", "", "d", "", "", ""},
};

static unsigned int at;       /* where the next byte of the program goes */
static unsigned int relative; /* where an offset waits to be known, or 0 */
static unsigned int stops[CHECKPOINTS];

static void emit(uint8_t byte)
{
	computer.memory[at++] = byte;
}

static void emit3(uint8_t opcode, uint8_t first, uint8_t second)
{
	emit(opcode);
	emit(first);
	emit(second);
}

static void emit_dptr(uint16_t value)
{
	emit3(0x90, value >> 8, value);
}

static uint8_t draw_direct(void)
{
	static const uint8_t held[] = {0xe0, 0xf0, 0xd0, 0x82, 0x83};

	if (draw(&seed) % 4 == 0)
		return held[draw(&seed) % sizeof(held)];
	return draw(&seed) % SAVED;
}

/* Not those of PSW that select a bank: when an instruction for bits writes one,
   that simulator goes on with the registers of the old bank.  Nor parity. */
static uint8_t draw_bit(void)
{
	static const uint8_t held[] = {0xe0, 0xf0, 0xd0};
	uint8_t bit;

	if (draw(&seed) % 4 > 0)
		return draw(&seed) % 0x80;
	bit = held[draw(&seed) % 3] | draw(&seed) % 8;
	return bit == 0xd0 || bit == 0xd3 || bit == 0xd4 ? 0xd5 : bit;
}

static void emit_operands(const char *kinds)
{
	uint8_t direct = 0, last = 0;
	bool jumps = strchr(kinds, 'r');

	for (; *kinds; kinds++)
		switch (*kinds) {
		case 'd':
			do
				direct = draw_direct();
			while (jumps && direct == PSW);
			last = direct == PSW ? PSW : last;
			emit(direct);
			break;
		case 'b':
			emit(draw_bit());
			break;
		case 'i':
			emit(draw(&seed));
			break;
		case 'r':
			relative = at;
			emit(0);
		}
	/* That simulator lets a program write the parity; this makes it that of
	   the accumulator again: orl acc,#0. */
	if (last == PSW)
		emit3(0x43, 0xe0, 0x00);
}

/* A jump or call to the end of the unit, over some bytes. */
static void emit_jump(uint8_t opcode)
{
	unsigned int over = draw(&seed) % 4;
	unsigned int target = at + 3 + over;

	if ((opcode & 0x0f) == 1) {
		target = at + 2;
		emit((opcode & 0x10) | (target >> 3 & 0xe0) | 0x01);
		emit(target);
		return;
	}
	emit3(opcode, target >> 8, target);
	while (at < target)
		emit(draw(&seed));
}

static void emit_special(uint8_t opcode)
{
	unsigned int target;
	uint8_t add = draw(&seed);

	switch (opcode) {
	case 0x22: /* RET to the end of the unit */
		target = at + 6 + 4 + 1;
		emit3(0x75, 0x60, target);
		emit3(0x75, 0x61, target >> 8);
		emit(0xc0);
		emit(0x60);
		emit(0xc0);
		emit(0x61);
		emit(opcode);
		return;
	case 0x73: /* JMP @A+DPTR to the end of the unit */
		emit_dptr(at + 6 - add);
		emit(0x74);
		emit(add);
		emit(opcode);
		return;
	case 0x84: /* not by 0 */
		emit3(0x43, 0xf0, 0x01);
		emit(opcode);
		return;
	case 0x93:
		emit_dptr(draw(&seed) % (CODE_SIZE - 0x100));
		emit(opcode);
		return;
	case 0xe0:
	case 0xf0:
		emit_dptr(XRAM | (draw(&seed) & 0xff));
		emit(opcode);
		return;
	}
	emit_jump(opcode);
}

static void emit_unit(void)
{
	unsigned int start = at, waits = relative;
	uint8_t opcode;
	const char *kinds;

	do {
		opcode = draw(&seed);
		kinds = operands[opcode >> 4]
				[opcode % 16 < 8 ? opcode % 16 : 8];
	} while (*kinds == 'x');
	relative = 0;
	/* @R0 and @R1 may be anywhere, so "saved" is too; not the stack. */
	if (*kinds == 's') {
		emit_special(opcode);
	} else {
		emit(opcode);
		emit_operands(kinds);
	}
	if (waits)
		computer.memory[waits] = draw(&seed) % 2 ? at - start : 0;
}

/* The stack stays away from its ends, at which that simulator stops. */
static void emit_checkpoint(unsigned int number)
{
	static const uint8_t registers[] = {0xe0, 0xf0, 0xd0, 0x81, 0x82, 0x83};

	relative = 0;
	for (size_t i = 0; i < sizeof(registers); i++)
		emit3(0x85, registers[i], SAVED + i);
	stops[number] = at;
	emit3(0x75, 0x81, 0x90 + draw(&seed) % 0x40);
}

static void make_program(void)
{
	fresh_computer(NULL);
	for (unsigned int i = 0; i < CODE_SIZE; i++)
		computer.memory[i] = draw(&seed);
	at = 0;
	emit3(0x75, 0x81, 0xa0);
	emit3(0x75, 0xa0, XRAM >> 8); /* P2 there, */
	emit3(0x75, 0x92, XRAM >> 8); /* MPAGE here */
	for (unsigned int number = 0; number < CHECKPOINTS; number++) {
		for (int i = 0; i < UNITS; i++)
			emit_unit();
		emit_checkpoint(number);
	}
	assert_in_range(at, 0, CODE_SIZE - 0x100);
}

/* ---- The other one ---- */

static void write_hex(const char *name)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	for (unsigned int address = 0; address < CODE_SIZE; address += 16) {
		uint8_t sum = 16 + address + (address >> 8);

		fprintf(out, ":10%04X00", address);
		for (int i = 0; i < 16; i++) {
			sum += computer.memory[address + i];
			fprintf(out, "%02X", computer.memory[address + i]);
		}
		fprintf(out, "%02X\n", (uint8_t)-sum);
	}
	fputs(":00000001FF\n", out);
	assert_int_equal(fclose(out), 0);
}

static void write_commands(const char *name)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	fputs("fill iram 0 0xff 0\nfill xram 0 0xffff 0\n", out);
	for (int i = 0; i < CHECKPOINTS; i++)
		fprintf(out, "break 0x%04x\n", stops[i]);
	for (int i = 0; i < CHECKPOINTS; i++)
		fputs("run\ndump iram 0 0xff\n", out);
	fprintf(out, "dump xram 0x%04x 0x%04x\nkill\n", XRAM, XRAM + 0xff);
	assert_int_equal(fclose(out), 0);
}

/* Lines of a dump are "0x07    48 9a 0a ... H..", up to 8 bytes.  What follows
   the bytes may look like bytes too, but the next line's address tells. */
static bool parse_dump(
	const char *line, unsigned int *ret_address, uint8_t bytes[8])
{
	int used = 0, next = 0;
	unsigned int byte;

	if (sscanf(line, "0x%x %n", ret_address, &used) != 1 || used == 0)
		return false;
	memset(bytes, 0, 8);
	for (int i = 0; i < 8; i++) {
		if (sscanf(line + used, "%2x%n", &byte, &next) != 1 ||
			next != 2 || line[used + 2] != ' ')
			return i > 0;
		bytes[i] = byte;
		used += 3;
	}
	return true;
}

/* Read the dumps, each of 256 bytes. */
static unsigned int read_dumps(FILE *in, uint8_t dumps[][256])
{
	char line[256];
	unsigned int address, count = 0;
	uint8_t bytes[8];

	while (fgets(line, sizeof(line), in)) {
		if (!parse_dump(line, &address, bytes))
			continue;
		count += (address & 0xff) == 0;
		assert_in_range(count, 1, CHECKPOINTS + 1);
		for (unsigned int i = 0; i < 8 && (address & 0xff) + i < 256;
			i++)
			dumps[count - 1][(address & 0xff) + i] = bytes[i];
	}
	return count;
}

static void run_other(uint8_t dumps[][256])
{
	char folder[] = "/tmp/test-mcs51-XXXXXX";
	char hex[64], commands[64], line[256];
	FILE *output;

	assert_non_null(mkdtemp(folder));
	snprintf(hex, sizeof(hex), "%s/program.ihx", folder);
	snprintf(commands, sizeof(commands), "%s/commands", folder);
	write_hex(hex);
	write_commands(commands);
	snprintf(line, sizeof(line), "%s -q -b -t C52 %s <%s", s51, hex,
		commands);
	output = popen(line, "r");
	assert_non_null(output);
	assert_int_equal(read_dumps(output, dumps), CHECKPOINTS + 1);
	assert_int_equal(pclose(output), 0);
	assert_int_equal(unlink(hex), 0);
	assert_int_equal(unlink(commands), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* ---- Both ---- */

static void compare(const uint8_t *other, const uint8_t *ours,
	unsigned int program, unsigned int checkpoint)
{
	for (int i = 0; i < 256; i++)
		if (other[i] != ours[i])
			fail_msg(
				"program %u, checkpoint %u (0x%04x): at 0x%02x "
				"0x%02x there, 0x%02x here",
				program, checkpoint, stops[checkpoint], i,
				other[i], ours[i]);
}

static void random_programs_have_the_results_of_another_simulator(void **state)
{
	static uint8_t dumps[CHECKPOINTS + 1][256];

	(void)state;
	for (unsigned int program = 1; program <= PROGRAMS; program++) {
		seed = program;
		make_program();
		run_other(dumps);
		for (unsigned int i = 0; i < CHECKPOINTS; i++) {
			for (int n = 0; now->pc != stops[i]; n++) {
				assert_in_range(n, 0, 1000);
				step();
			}
			compare(dumps[i], now->ram, program, i);
		}
		compare(dumps[CHECKPOINTS], computer.xdata + XRAM, program,
			CHECKPOINTS - 1);
	}
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			random_programs_have_the_results_of_another_simulator),
	};

	if (argc != 2) {
		fputs("usage: test-mcs51-ucsim S51\n", stderr);
		return 64;
	}
	s51 = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
