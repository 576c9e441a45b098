/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The 8051's instructions as text, as SDCC's assembler writes them, with the
   FX2's names of special function registers. */
#include "debug.h"

#include <stdio.h>
#include <string.h>

#include "internal.h"

/*
 * Rows are the high half of the opcode.  Columns 0 to 5 are the low half; 6 is
 * for 6 and 7 (@r0, @r1), 7 for 8 to f (r0 to r7).  After a %:
 *	d direct address, D the same of the third byte, i immediate, b bit,
 *	r relative, w address of 16 bits, p of 11 bits, x immediate of 16 bits,
 *	* the register of the opcode
 */
static const char *const texts[16][8] = {
	{"nop", "ajmp %p", "ljmp %w", "rr a", "inc a", "inc %d", "inc %*",
		"inc %*"},
	{"jbc %b,%r", "acall %p", "lcall %w", "rrc a", "dec a", "dec %d",
		"dec %*", "dec %*"},
	{"jb %b,%r", "ajmp %p", "ret", "rl a", "add a,%i", "add a,%d",
		"add a,%*", "add a,%*"},
	{"jnb %b,%r", "acall %p", "reti", "rlc a", "addc a,%i", "addc a,%d",
		"addc a,%*", "addc a,%*"},
	{"jc %r", "ajmp %p", "orl %d,a", "orl %d,%i", "orl a,%i", "orl a,%d",
		"orl a,%*", "orl a,%*"},
	{"jnc %r", "acall %p", "anl %d,a", "anl %d,%i", "anl a,%i", "anl a,%d",
		"anl a,%*", "anl a,%*"},
	{"jz %r", "ajmp %p", "xrl %d,a", "xrl %d,%i", "xrl a,%i", "xrl a,%d",
		"xrl a,%*", "xrl a,%*"},
	{"jnz %r", "acall %p", "orl c,%b", "jmp @a+dptr", "mov a,%i",
		"mov %d,%i", "mov %*,%i", "mov %*,%i"},
	{"sjmp %r", "ajmp %p", "anl c,%b", "movc a,@a+pc", "div ab",
		"mov %D,%d", "mov %d,%*", "mov %d,%*"},
	{"mov dptr,%x", "acall %p", "mov %b,c", "movc a,@a+dptr", "subb a,%i",
		"subb a,%d", "subb a,%*", "subb a,%*"},
	{"orl c,/%b", "ajmp %p", "mov c,%b", "inc dptr", "mul ab", ".db 0xa5",
		"mov %*,%d", "mov %*,%d"},
	{"anl c,/%b", "acall %p", "cpl %b", "cpl c", "cjne a,%i,%r",
		"cjne a,%d,%r", "cjne %*,%i,%r", "cjne %*,%i,%r"},
	{"push %d", "ajmp %p", "clr %b", "clr c", "swap a", "xch a,%d",
		"xch a,%*", "xch a,%*"},
	{"pop %d", "acall %p", "setb %b", "setb c", "da a", "djnz %d,%r",
		"xchd a,%*", "djnz %*,%r"},
	{"movx a,@dptr", "ajmp %p", "movx a,@r0", "movx a,@r1", "clr a",
		"mov a,%d", "mov a,%*", "mov a,%*"},
	{"movx @dptr,a", "acall %p", "movx @r0,a", "movx @r1,a", "cpl a",
		"mov %d,a", "mov %*,a", "mov %*,a"},
};

static const char *const names[128] = {
	[0x00] = "ioa",
	[0x01] = "sp",
	[0x02] = "dpl",
	[0x03] = "dph",
	[0x04] = "dpl1",
	[0x05] = "dph1",
	[0x06] = "dps",
	[0x07] = "pcon",
	[0x08] = "tcon",
	[0x09] = "tmod",
	[0x0a] = "tl0",
	[0x0b] = "tl1",
	[0x0c] = "th0",
	[0x0d] = "th1",
	[0x0e] = "ckcon",
	[0x10] = "iob",
	[0x11] = "exif",
	[0x12] = "mpage",
	[0x18] = "scon0",
	[0x19] = "sbuf0",
	[0x1a] = "autoptrh1",
	[0x1b] = "autoptrl1",
	[0x1d] = "autoptrh2",
	[0x1e] = "autoptrl2",
	[0x20] = "ioc",
	[0x21] = "int2clr",
	[0x22] = "int4clr",
	[0x28] = "ie",
	[0x2a] = "ep2468stat",
	[0x2b] = "ep24fifoflgs",
	[0x2c] = "ep68fifoflgs",
	[0x2f] = "autoptrsetup",
	[0x30] = "iod",
	[0x31] = "ioe",
	[0x32] = "oea",
	[0x33] = "oeb",
	[0x34] = "oec",
	[0x35] = "oed",
	[0x36] = "oee",
	[0x38] = "ip",
	[0x3a] = "ep01stat",
	[0x3b] = "gpiftrig",
	[0x3d] = "gpifsgldath",
	[0x3e] = "gpifsgldatlx",
	[0x3f] = "gpifsgldatlnox",
	[0x40] = "scon1",
	[0x41] = "sbuf1",
	[0x48] = "t2con",
	[0x4a] = "rcap2l",
	[0x4b] = "rcap2h",
	[0x4c] = "tl2",
	[0x4d] = "th2",
	[0x50] = "psw",
	[0x58] = "eicon",
	[0x60] = "acc",
	[0x68] = "eie",
	[0x70] = "b",
	[0x78] = "eip",
};

/* Text that is being written; MCS51_TEXT holds the longest instruction. */
struct writer {
	char *text;
	size_t used;
};

static void write_text(struct writer *writer, const char *text)
{
	size_t length = strlen(text);

	if (writer->used + length >= MCS51_TEXT)
		return;
	memcpy(writer->text + writer->used, text, length + 1);
	writer->used += length;
}

static void write_number(struct writer *writer, const char *before,
	unsigned int value, int width)
{
	char text[16];

	snprintf(text, sizeof(text), "%s0x%0*x", before, width, value);
	write_text(writer, text);
}

static void write_direct_name(struct writer *writer, uint8_t address)
{
	if (address >= 0x80 && names[address - 0x80])
		write_text(writer, names[address - 0x80]);
	else
		write_number(writer, "", address, 2);
}

static void write_bit_name(struct writer *writer, uint8_t bit)
{
	char number[3] = {'.', '0' + (bit & 7), '\0'};

	write_direct_name(writer, bit < 0x80 ? 0x20 + bit / 8 : bit & 0xf8);
	write_text(writer, number);
}

static void write_register(struct writer *writer, uint8_t opcode)
{
	char name[4] = "@r0";

	if (opcode & 8) {
		name[2] += opcode & 7;
		write_text(writer, name + 1);
	} else {
		name[2] += opcode & 1;
		write_text(writer, name);
	}
}

/* `at` is the operand, a byte of code. */
static void write_operand(struct writer *writer, char kind, const uint8_t *code,
	const uint8_t *at, uint16_t next)
{
	switch (kind) {
	case 'd':
		write_direct_name(writer, *at);
		return;
	case 'D':
		write_direct_name(writer, code[2]);
		return;
	case 'i':
		write_number(writer, "#", *at, 2);
		return;
	case 'b':
		write_bit_name(writer, *at);
		return;
	case 'r':
		write_number(writer, "", (uint16_t)(next + (int8_t)*at), 4);
		return;
	case 'w':
		write_number(writer, "", code[1] << 8 | code[2], 4);
		return;
	case 'x':
		write_number(writer, "#", code[1] << 8 | code[2], 4);
		return;
	case 'p':
		write_number(writer, "",
			(next & 0xf800) | (code[0] & 0xe0) << 3 | code[1], 4);
		return;
	}
	write_register(writer, code[0]);
}

unsigned int mcs51_disassemble(
	const uint8_t code[3], uint16_t pc, char text[MCS51_TEXT])
{
	unsigned int length = mcs51_opcodes[code[0]].length;
	uint8_t column = code[0] & 0x0f;
	const char *from = texts[code[0] >> 4][column < 6 ? column
			: column < 8                      ? 6
							  : 7];
	struct writer writer = {.text = text};
	const uint8_t *at = code + 1;

	text[0] = '\0';
	for (; *from; from++) {
		char letter[2] = {*from, '\0'};

		if (*from != '%') {
			write_text(&writer, letter);
			continue;
		}
		from++;
		write_operand(&writer, *from, code, at, pc + length);
		/* The other kinds say themselves where they are. */
		if (strchr("dibr", *from))
			at++;
	}
	return length;
}
