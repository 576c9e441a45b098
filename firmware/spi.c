/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The loop that clocks a bitstream into the FPGA's configuration port: SPI mode
 * 3, most significant bit first.  fpga.c calls it.  It owns autopointer 1, and
 * nothing else in the firmware uses one.
 *
 * Three bytes of four of a bitstream are zero.  With SI low, a zero byte needs
 * no more than eight pulses of SCK.  For each half of another byte, the stack
 * pointer is set to the levels of its four bits in spi_levels, and each pop
 * lowers SCK and gives SI the next level, in the time of one write to a port.
 * There is no interrupt, so that nothing else uses the stack meanwhile.
 *
 * In instruction cycles, of 4 clocks of 48 MHz each: a zero byte 39.5, another
 * 53.5; the image of Clyde 43.3 on average.
 */
#include "firmware.h"

#define SI 0x04 /* in port B: PIN_SPI_SI */

/* For each half byte, port B with SCK low and SI as bit 0 to 3; a byte that is
   rotated by two bits, with LEVELS_LAST set, is the address of bit 3. */
__idata __at(0xc0) static uint8_t spi_levels[64];
#define LEVELS_LAST "#0xc3"

/* SI changes at the falling edge or after it, and the FPGA takes it at the
   rising one. */
#define PULSE "clr _PB4\n setb _PB4\n"
#define LEVEL "pop _IOB\n setb _PB4\n"
#define BIT   "rlc a\n clr _PB4\n mov _PB2, c\n setb _PB4\n"

/* r4 is 0: SCK and SI low. */
#define ZERO                 \
	"mov _IOB, r4\n"     \
	"setb _PB4\n"        \
	PULSE PULSE PULSE PULSE PULSE PULSE PULSE
#define OTHER                        \
	"mov r7, a\n"                \
	"rr a\n rr a\n"              \
	"orl a, " LEVELS_LAST "\n"   \
	"mov sp, a\n"                \
	LEVEL LEVEL LEVEL LEVEL      \
	"mov a, r7\n"                \
	"rl a\n rl a\n"              \
	"orl a, " LEVELS_LAST "\n"   \
	"mov sp, a\n"                \
	LEVEL LEVEL LEVEL LEVEL

void spi_init(void)
{
	uint8_t i;

	for (i = 0; i < sizeof(spi_levels); i++)
		spi_levels[i] = (i >> 2) >> (i & 3) & 1 ? SI : 0;
}

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

/* An odd byte first; then pairs, so that the loop is closed for every other byte
   only.  It is there twice: for after a zero byte, and for after another. */
void spi_write(__xdata const uint8_t *data, uint16_t size) __naked
{
	(void)data;
	(void)size;
	__asm__(
		"	mov	_AUTOPTRSETUP, #0x03 ; APTR1INC, APTREN\n"
		"	mov	_AUTOPTRH1, dph\n"
		"	mov	_AUTOPTRL1, dpl\n"
		"	mov	dptr, #0xe67b ; XAUTODAT1\n"
		"	mov	a, _spi_write_PARM_2\n"
		"	jnb	acc.0, 00110$\n"
		"	movx	a, @dptr\n"
		"	mov	dpl, a\n"
		"	lcall	_spi_byte\n"
		"	mov	dptr, #0xe67b\n"
		"00110$:\n"
		"	mov	a, (_spi_write_PARM_2 + 1)\n"
		"	rrc	a\n"
		"	mov	a, _spi_write_PARM_2\n"
		"	rrc	a\n"
		"	mov	r2, a ; pairs: 0 are 256, if there is a byte\n"
		"	orl	a, (_spi_write_PARM_2 + 1)\n"
		"	jnz	00108$\n"
		"	ret\n"
		"00108$:\n"
		"	mov	r6, sp\n"
		"	mov	r4, #0\n"
		"00102$:\n"
		"	movx	a, @dptr\n"
		"	jnz	00105$\n"
		"00103$:\n"
		ZERO
		"	movx	a, @dptr\n"
		"	jnz	00106$\n"
		"00104$:\n"
		ZERO
		"	djnz	r2, 00102$\n"
		"	sjmp	00107$\n"
		"00109$:\n"
		"	movx	a, @dptr\n"
		"	jz	00103$\n"
		"00105$:\n"
		OTHER
		"	movx	a, @dptr\n"
		"	jz	00104$\n"
		"00106$:\n"
		OTHER
		"	djnz	r2, 00109$\n"
		"00107$:\n"
		"	mov	sp, r6\n"
		"	ret\n");
}
/* clang-format on */
