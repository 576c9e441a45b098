/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The loop that clocks a bitstream into the FPGA's configuration port: SPI mode
 * 3, most significant bit first.  fpga.c calls it.  It owns autopointer 1, and
 * nothing else in the firmware uses one.
 *
 * Four bytes of five of a bitstream are zero.  With SI low, a zero byte needs
 * no more than eight pulses of SCK.  In instruction cycles, of 4 clocks of
 * 48 MHz each: a zero byte 41, another 67; the image of Clyde 46 on average.
 */
#include "firmware.h"

/* SI changes after the falling edge, and the FPGA takes it at the rising one. */
#define PULSE "clr _PB4\n setb _PB4\n"
#define BIT   "rlc a\n clr _PB4\n mov _PB2, c\n setb _PB4\n"
#define EIGHT(instructions)                                              \
	instructions instructions instructions instructions instructions \
		instructions instructions instructions

/* clang-format off */
void spi_byte(uint8_t byte) __naked
{
	(void)byte;
	__asm__(
		"	mov	a, dpl\n"
		"	mov	r7, #8\n"
		"00201$:\n"
		BIT
		"	djnz	r7, 00201$\n"
		"	ret\n");
}

/* The inner loop runs r2 times, and after that 256 times a pass of the outer
   one, so that r3 counts one pass more if r2 is not 0. */
void spi_write(__xdata const uint8_t *data, uint16_t size) __naked
{
	(void)data;
	(void)size;
	__asm__(
		"	mov	_AUTOPTRSETUP, #0x03 ; APTR1INC, APTREN\n"
		"	mov	_AUTOPTRH1, dph\n"
		"	mov	_AUTOPTRL1, dpl\n"
		"	clr	_PB2\n"
		"	mov	r3, (_spi_write_PARM_2 + 1)\n"
		"	mov	a, _spi_write_PARM_2\n"
		"	mov	r2, a\n"
		"	jz	00102$\n"
		"	inc	r3\n"
		"00102$:\n"
		"	mov	a, r3\n"
		"	jz	00109$\n"
		"	mov	dptr, #0xe67b ; XAUTODAT1\n"
		"00103$:\n"
		"	movx	a, @dptr\n"
		"	jnz	00105$\n"
		EIGHT(PULSE)
		"	djnz	r2, 00103$\n"
		"	djnz	r3, 00103$\n"
		"	ret\n"
		"00105$:\n"
		EIGHT(BIT)
		"	clr	_PB2\n"
		"	djnz	r2, 00103$\n"
		"	djnz	r3, 00103$\n"
		"00109$:\n"
		"	ret\n");
}
/* clang-format on */
