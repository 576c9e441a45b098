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

/* clang-format off */
void spi_byte(uint8_t byte) __naked
{
	(void)byte;
	__asm
	mov	a, dpl
	mov	r7, #8
00201$:
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	djnz	r7, 00201$
	ret
	__endasm;
}

void spi_write(__xdata const uint8_t *data, uint16_t size) __naked
{
	(void)data;
	(void)size;
	__asm
	mov	_AUTOPTRSETUP, #0x03	; APTR1INC, APTREN
	mov	_AUTOPTRH1, dph
	mov	_AUTOPTRL1, dpl
	clr	_PB2
	; The inner loop runs r2 times, and after that 256 times a pass of the
	; outer one, so that r3 counts one pass more if r2 is not 0.
	mov	r3, (_spi_write_PARM_2 + 1)
	mov	a, _spi_write_PARM_2
	mov	r2, a
	jz	00102$
	inc	r3
00102$:
	mov	a, r3
	jz	00109$
	mov	dptr, #0xe67b		; XAUTODAT1
00103$:
	movx	a, @dptr
	jnz	00105$
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	clr	_PB4
	setb	_PB4
	djnz	r2, 00103$
	djnz	r3, 00103$
	ret
00105$:
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	rlc	a
	clr	_PB4
	mov	_PB2, c
	setb	_PB4
	clr	_PB2
	djnz	r2, 00103$
	djnz	r3, 00103$
00109$:
	ret
	__endasm;
}
/* clang-format on */
