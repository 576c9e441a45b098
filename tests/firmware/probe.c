/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Firmware with which tests reach every register of an FX2 (SDCC): vendor
 * requests read and write data memory and special function registers.  It uses
 * no interrupt and no endpoint but EP0, so a test has the rest for itself.
 * tests/unit/test-chip.c runs it.
 */
#include <stdint.h>

#define REGISTER(address) (*(volatile __xdata uint8_t *)(address))
#define USBIRQ            REGISTER(0xe65d)
#define USBCS             REGISTER(0xe680)
#define EP0BCH            REGISTER(0xe68a)
#define EP0BCL            REGISTER(0xe68b)
#define EP0CS             REGISTER(0xe6a0)
#define SUDPTRH           REGISTER(0xe6b3)
#define SUDPTRL           REGISTER(0xe6b4)
#define SETUPDAT          ((volatile __xdata uint8_t *)0xe6b8)
#define EP0BUF            ((volatile __xdata uint8_t *)0xe740)

#define SUDAV  0x01
#define RENUM  0x02
#define DISCON 0x08
#define STALL  0x01
#define BUSY   0x02
#define HSNAK  0x80

enum request {
	SET_CONFIGURATION = 0x09,
	WRITE_DATA = 0xb0, /* the data stage, to wValue on */
	READ_DATA = 0xb1,  /* wLength bytes, up to 64, from wValue on */
	WRITE_SFR = 0xb2,  /* the low byte of wIndex to wValue */
	READ_SFR = 0xb3,
	READ_TABLE = 0xb4, /* what SUDPTR finds at wValue */
	WRITE_ONE = 0xb5,  /* the low byte of wIndex to wValue: no data stage */
};

/* The address of a direct access is a byte of the code, which is in RAM. */
static void sfr_write(uint8_t value) __naked
{
	(void)value;
	__asm
	mov	a,dpl
	.db	0xf5
_sfr_write_at:
	.db	0x80
	ret
	__endasm;
}

static uint8_t sfr_read(void) __naked
{
	__asm
	.db	0xe5
_sfr_read_at:
	.db	0x80
	mov	dpl,a
	ret
	__endasm;
}

extern __xdata uint8_t sfr_write_at, sfr_read_at;

static void read_data(__xdata uint8_t *from, uint8_t size)
{
	uint8_t i;

	for (i = 0; i < size; i++)
		EP0BUF[i] = from[i];
	EP0BCH = 0;
	EP0BCL = size;
}

static void write_data(__xdata uint8_t *to, uint8_t size)
{
	uint8_t i;

	EP0BCL = 0;
	while (EP0CS & BUSY)
		;
	for (i = 0; i < size; i++)
		to[i] = EP0BUF[i];
}

static void handle(void)
{
	uint16_t address = SETUPDAT[3] << 8 | SETUPDAT[2];
	uint8_t value = SETUPDAT[4];
	uint8_t size = SETUPDAT[6];

	switch (SETUPDAT[1]) {
	case SET_CONFIGURATION:
		break;
	case WRITE_DATA:
		write_data((__xdata uint8_t *)address, size);
		break;
	case READ_DATA:
		read_data((__xdata uint8_t *)address, size);
		break;
	case WRITE_SFR:
		sfr_write_at = address;
		sfr_write(value);
		break;
	case READ_SFR:
		sfr_read_at = address;
		EP0BUF[0] = sfr_read();
		EP0BCH = 0;
		EP0BCL = 1;
		break;
	case READ_TABLE:
		SUDPTRH = address >> 8;
		SUDPTRL = address;
		break;
	case WRITE_ONE:
		REGISTER(address) = value;
		break;
	default:
		EP0CS = STALL;
	}
	EP0CS |= HSNAK;
}

void main(void)
{
	USBCS |= RENUM;
	USBCS &= ~DISCON;
	for (;;) {
		if (!(USBIRQ & SUDAV))
			continue;
		USBIRQ = SUDAV;
		handle();
	}
}
