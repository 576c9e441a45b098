/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registers from 0xe600 on (TRM chapter 15): what each one is, and the ones
 * that need little more than a byte.  virtual/chip/memory.c calls
 * chip_register_read() and chip_register_write().  A register that is not in the table,
 * and a value that the chip has no model for, ends the firmware.
 */
#include "internal.h"

#include <string.h>

/* How a register is handled. */
enum kind {
	NONE,     /* refused */
	PLAIN,    /* keeps the bits of `mask`, and has no other effect */
	READONLY, /* the chip changes it, a write is ignored */
	CONSTANT, /* reads as `reset`, a write is ignored as by the chip */
	ONLY,     /* only `reset` can be written */
	CLEARED,  /* requests that never come: reads 0, any write clears */
	GPIF,     /* plain, of an interface that is never started */
	SYSTEM,   /* the rest is by module */
	INTERRUPT,
	FIFO,
	CONTROL,
	SMALL,
	I2C,
};

struct entry {
	const char *name;
	uint8_t kind, mask, reset;
};

static const struct entry table[REGISTERS_SIZE] = {
	[CPUCS] = {"CPUCS", SYSTEM, 0x3e, 0x02},
	[IFCONFIG] = {"IFCONFIG", SYSTEM, 0xff, 0x80},
	[0x02] = {"PINFLAGSAB", PLAIN, 0xff, 0},
	[0x03] = {"PINFLAGSCD", PLAIN, 0xff, 0},
	[FIFORESET] = {"FIFORESET", FIFO, 0, 0},
	[BREAKPT] = {"BREAKPT", ONLY, 0x0e, 0},
	[0x06] = {"BPADDRH", PLAIN, 0xff, 0},
	[0x07] = {"BPADDRL", PLAIN, 0xff, 0},
	[0x08] = {"UART230", PLAIN, 0x03, 0},
	[FIFOPINPOLAR] = {"FIFOPINPOLAR", ONLY, 0x3f, 0},
	[REVID] = {"REVID", CONSTANT, 0, 0x01},
	[REVCTL] = {"REVCTL", PLAIN, 0x03, 0},
	[0x0c] = {"GPIFHOLDAMOUNT", GPIF, 0x03, 0},
	[EP1OUTCFG] = {"EP1OUTCFG", PLAIN, 0xb0, 0xa0},
	[EP1INCFG] = {"EP1INCFG", PLAIN, 0xb0, 0xa0},
	[EP2CFG] = {"EP2CFG", FIFO, 0xfb, 0xa2},
	[EP2CFG + 1] = {"EP4CFG", FIFO, 0xf0, 0xa0},
	[EP2CFG + 2] = {"EP6CFG", FIFO, 0xfb, 0xe2},
	[EP2CFG + 3] = {"EP8CFG", FIFO, 0xf0, 0xe0},
	[EP2FIFOCFG] = {"EP2FIFOCFG", FIFO, 0x7d, 0x05},
	[EP2FIFOCFG + 1] = {"EP4FIFOCFG", FIFO, 0x7d, 0x05},
	[EP2FIFOCFG + 2] = {"EP6FIFOCFG", FIFO, 0x7d, 0x05},
	[EP2FIFOCFG + 3] = {"EP8FIFOCFG", FIFO, 0x7d, 0x05},
	[0x20] = {"EP2AUTOINLENH", PLAIN, 0x07, 0x02},
	[0x21] = {"EP2AUTOINLENL", PLAIN, 0xff, 0},
	[0x22] = {"EP4AUTOINLENH", PLAIN, 0x03, 0x02},
	[0x23] = {"EP4AUTOINLENL", PLAIN, 0xff, 0},
	[0x24] = {"EP6AUTOINLENH", PLAIN, 0x07, 0x02},
	[0x25] = {"EP6AUTOINLENL", PLAIN, 0xff, 0},
	[0x26] = {"EP8AUTOINLENH", PLAIN, 0x03, 0x02},
	[0x27] = {"EP8AUTOINLENL", PLAIN, 0xff, 0},
	[0x30] = {"EP2FIFOPFH", PLAIN, 0xff, 0x88},
	[0x31] = {"EP2FIFOPFL", PLAIN, 0xff, 0},
	[0x32] = {"EP4FIFOPFH", PLAIN, 0xff, 0x88},
	[0x33] = {"EP4FIFOPFL", PLAIN, 0xff, 0},
	[0x34] = {"EP6FIFOPFH", PLAIN, 0xff, 0x08},
	[0x35] = {"EP6FIFOPFL", PLAIN, 0xff, 0},
	[0x36] = {"EP8FIFOPFH", PLAIN, 0xff, 0x08},
	[0x37] = {"EP8FIFOPFL", PLAIN, 0xff, 0},
	[0x40] = {"EP2ISOINPKTS", PLAIN, 0x83, 0x01},
	[0x41] = {"EP4ISOINPKTS", PLAIN, 0x83, 0x01},
	[0x42] = {"EP6ISOINPKTS", PLAIN, 0x83, 0x01},
	[0x43] = {"EP8ISOINPKTS", PLAIN, 0x83, 0x01},
	[INPKTEND] = {"INPKTEND", FIFO, 0, 0},
	[OUTPKTEND] = {"OUTPKTEND", FIFO, 0, 0},
	[0x50] = {"EP2FIFOIE", ONLY, 0x0f, 0},
	[0x51] = {"EP2FIFOIRQ", CLEARED, 0, 0},
	[0x52] = {"EP4FIFOIE", ONLY, 0x0f, 0},
	[0x53] = {"EP4FIFOIRQ", CLEARED, 0, 0},
	[0x54] = {"EP6FIFOIE", ONLY, 0x0f, 0},
	[0x55] = {"EP6FIFOIRQ", CLEARED, 0, 0},
	[0x56] = {"EP8FIFOIE", ONLY, 0x0f, 0},
	[0x57] = {"EP8FIFOIRQ", CLEARED, 0, 0},
	[IBNIE] = {"IBNIE", PLAIN, 0x3f, 0},
	[IBNIRQ] = {"IBNIRQ", INTERRUPT, 0, 0},
	[NAKIE] = {"NAKIE", INTERRUPT, 0xfd, 0},
	[NAKIRQ] = {"NAKIRQ", INTERRUPT, 0, 0},
	[USBIE] = {"USBIE", INTERRUPT, 0x7f, 0},
	[USBIRQ] = {"USBIRQ", INTERRUPT, 0, 0},
	[EPIE] = {"EPIE", INTERRUPT, 0xff, 0},
	[EPIRQ] = {"EPIRQ", INTERRUPT, 0, 0},
	[0x60] = {"GPIFIE", ONLY, 0x03, 0},
	[0x61] = {"GPIFIRQ", CLEARED, 0, 0},
	[0x62] = {"USBERRIE", PLAIN, 0xf1, 0}, /* there are no errors */
	[0x63] = {"USBERRIRQ", CLEARED, 0, 0},
	[0x64] = {"ERRCNTLIM", PLAIN, 0x0f, 0x04},
	[0x65] = {"CLRERRCNT", CLEARED, 0, 0},
	[INT2IVEC] = {"INT2IVEC", INTERRUPT, 0, 0},
	[INT4IVEC] = {"INT4IVEC", CONSTANT, 0, 0x80},
	[INTSETUP] = {"INTSETUP", PLAIN, 0x0b, 0},
	[PORTACFG] = {"PORTACFG", SYSTEM, 0xc3, 0},
	/* The alternate functions of ports C and E, which 56 pins do not have. */
	[0x71] = {"PORTCCFG", PLAIN, 0xff, 0},
	[0x72] = {"PORTECFG", PLAIN, 0xff, 0},
	[I2CS] = {"I2CS", I2C, 0, 0},
	[I2DAT] = {"I2DAT", I2C, 0, 0},
	[I2CTL] = {"I2CTL", I2C, 0x03, 0},
	[XAUTODAT1] = {"XAUTODAT1", SYSTEM, 0, 0},
	[XAUTODAT2] = {"XAUTODAT2", SYSTEM, 0, 0},
	[USBCS] = {"USBCS", SYSTEM, 0x0f, 0},
	[0x82] = {"WAKEUPCS", PLAIN, 0x37, 0x05},
	[TOGCTL] = {"TOGCTL", SYSTEM, 0, 0},
	[USBFRAMEH] = {"USBFRAMEH", SYSTEM, 0, 0},
	[USBFRAMEL] = {"USBFRAMEL", SYSTEM, 0, 0},
	[MICROFRAME] = {"MICROFRAME", SYSTEM, 0, 0},
	[FNADDR] = {"FNADDR", READONLY, 0, 0},
	[EP0BCH] = {"EP0BCH", CONTROL, 0, 0},
	[EP0BCL] = {"EP0BCL", CONTROL, 0, 0},
	[EP1OUTBC] = {"EP1OUTBC", SMALL, 0, 0},
	[EP1INBC] = {"EP1INBC", SMALL, 0, 0},
	[EP2BCH] = {"EP2BCH", FIFO, 0, 0},
	[EP2BCH + 1] = {"EP2BCL", FIFO, 0, 0},
	[EP2BCH + 4] = {"EP4BCH", FIFO, 0, 0},
	[EP2BCH + 5] = {"EP4BCL", FIFO, 0, 0},
	[EP2BCH + 8] = {"EP6BCH", FIFO, 0, 0},
	[EP2BCH + 9] = {"EP6BCL", FIFO, 0, 0},
	[EP2BCH + 12] = {"EP8BCH", FIFO, 0, 0},
	[EP2BCH + 13] = {"EP8BCL", FIFO, 0, 0},
	[EP0CS] = {"EP0CS", CONTROL, 0, 0},
	[EP1OUTCS] = {"EP1OUTCS", SMALL, 0, 0},
	[EP1INCS] = {"EP1INCS", SMALL, 0, 0},
	[EP2CS... EP2CS + 3] = {"EPxCS", FIFO, 0, 0},
	[EP2FIFOFLGS... EP2FIFOFLGS + 3] = {"EPxFIFOFLGS", FIFO, 0, 0},
	[EP2FIFOBCH... EP2FIFOBCH + 7] = {"EPxFIFOBC", FIFO, 0, 0},
	[SUDPTRH] = {"SUDPTRH", PLAIN, 0xff, 0},
	[SUDPTRL] = {"SUDPTRL", CONTROL, 0xfe, 0},
	[SUDPTRCTL] = {"SUDPTRCTL", PLAIN, 0x01, 0x01},
	[SETUPDAT... SETUPDAT + 7] = {"SETUPDAT", CONTROL, 0, 0},
	[0xc0] = {"GPIFWFSELECT", GPIF, 0xff, 0xe4},
	[0xc1] = {"GPIFIDLECS", GPIF, 0x01, 0x80},
	[0xc2] = {"GPIFIDLECTL", GPIF, 0x3f, 0xff},
	[0xc3] = {"GPIFCTLCFG", GPIF, 0xbf, 0},
	[0xc4] = {"GPIFADRH", GPIF, 0x01, 0},
	[0xc5] = {"GPIFADRL", GPIF, 0xff, 0},
	[0xc6 ... 0xcd] = {"FLOWSTATE", GPIF, 0xff, 0},
	[0xce ... 0xd1] = {"GPIFTCB", GPIF, 0xff, 0},
	[0xd2] = {"EP2GPIFFLGSEL", GPIF, 0x03, 0},
	[0xd3] = {"EP2GPIFPFSTOP", GPIF, 0x01, 0},
	[0xd4] = {"EP2GPIFTRIG", NONE, 0, 0},
	[0xda] = {"EP4GPIFFLGSEL", GPIF, 0x03, 0},
	[0xdb] = {"EP4GPIFPFSTOP", GPIF, 0x01, 0},
	[0xdc] = {"EP4GPIFTRIG", NONE, 0, 0},
	[0xe2] = {"EP6GPIFFLGSEL", GPIF, 0x03, 0},
	[0xe3] = {"EP6GPIFPFSTOP", GPIF, 0x01, 0},
	[0xe4] = {"EP6GPIFTRIG", NONE, 0, 0},
	[0xea] = {"EP8GPIFFLGSEL", GPIF, 0x03, 0},
	[0xeb] = {"EP8GPIFPFSTOP", GPIF, 0x01, 0},
	[0xec] = {"EP8GPIFTRIG", NONE, 0, 0},
	[0xf3] = {"GPIFREADYCFG", GPIF, 0xe0, 0},
	[0xf4] = {"GPIFREADYSTAT", CONSTANT, 0, 0x3f},
	[0xf5] = {"GPIFABORT", CLEARED, 0, 0},
	[0x29] = {"ECCRESET", CLEARED, 0, 0},
	[0x28] = {"ECCCFG", ONLY, 0x01, 0},
	[0x81] = {"SUSPEND", NONE, 0, 0},
	[0x7d] = {"UDMACRCH", NONE, 0, 0},
	[0x7e] = {"UDMACRCL", NONE, 0, 0},
	[0x7f] = {"UDMACRCQUALIFIER", NONE, 0, 0},
	[0xf0] = {"XGPIFSGLDATH", NONE, 0, 0},
	[0xf1] = {"XGPIFSGLDATLX", NONE, 0, 0},
	[0xf2] = {"XGPIFSGLDATLNOX", NONE, 0, 0},
};

void chip_refuse(struct chip *chip, const char *name, uint16_t address)
{
	mcs51_fault(&chip->cpu,
		"the firmware uses %s 0x%02x, which the virtual FX2 has no "
		"model for",
		name, address);
}

void chip_refuse_value(struct chip *chip, const char *name, uint8_t value)
{
	mcs51_fault(&chip->cpu,
		"the firmware writes 0x%02x to %s, which the virtual FX2 has "
		"no model for",
		value, name);
}

static void refuse(struct chip *chip, uint8_t offset)
{
	const char *name = table[offset].name;

	chip_refuse(chip, name ? name : "register", REGISTERS_ADDRESS + offset);
}

void registers_reset(struct chip *chip)
{
	for (unsigned i = 0; i < REGISTERS_SIZE; i++)
		chip->registers[i] = table[i].reset;
	chip_set_speed(chip);
}

/* ---- Data toggles ----------------------------------------------------------- */

/* TOGCTL */
#define TOGCTL_Q     0x80
#define TOGCTL_S     0x40
#define TOGCTL_R     0x20
#define TOGCTL_IN    0x10
#define TOGCTL_POINT 0x0f

void toggle_packet(struct chip *chip, uint8_t endpoint)
{
	chip->toggles[endpoint & USB_DIR_IN ? 0 : 1] ^= 1
		<< (endpoint & USB_ENDPOINT_MASK);
}

void toggles_reset(struct chip *chip)
{
	memset(chip->toggles, 0, sizeof(chip->toggles));
}

static uint8_t read_togctl(const struct chip *chip)
{
	uint8_t point = chip->registers[TOGCTL];
	uint16_t toggles = chip->toggles[point & TOGCTL_IN ? 0 : 1];

	return point | (toggles >> (point & TOGCTL_POINT) & 1 ? TOGCTL_Q : 0);
}

/* The endpoint is chosen by one write; R or S in another one acts on it. */
static void write_togctl(struct chip *chip, uint8_t value)
{
	uint16_t *toggles = &chip->toggles[value & TOGCTL_IN ? 0 : 1];
	uint16_t bit = 1 << (value & TOGCTL_POINT);

	chip->registers[TOGCTL] = value & (TOGCTL_IN | TOGCTL_POINT);
	if (value & TOGCTL_R)
		*toggles &= ~bit;
	if (value & TOGCTL_S)
		*toggles |= bit;
}

/* ---- The system's registers --------------------------------------------------- */

static uint32_t microframe(struct chip *chip)
{
	/* The count goes on while the 8051 looks at it. */
	chip_touch(chip);
	return chip->port.step > PORT_DEBOUNCE
		? chip_time(chip) / TICKS_PER_MICROFRAME
		: 0;
}

static uint8_t read_system(struct chip *chip, uint8_t offset)
{
	switch (offset) {
	case XAUTODAT1:
	case XAUTODAT2:
		return autopointer_read(chip, offset - XAUTODAT1);
	case TOGCTL:
		chip_touch(chip); /* each packet changes it */
		return read_togctl(chip);
	case USBFRAMEH:
		return microframe(chip) / 8 >> 8 & 0x07;
	case USBFRAMEL:
		return microframe(chip) / 8;
	case MICROFRAME:
		return microframe(chip) % 8;
	}
	return chip->registers[offset];
}

static void write_system(struct chip *chip, uint8_t offset, uint8_t value)
{
	uint8_t before = chip->registers[offset];

	switch (offset) {
	case XAUTODAT1:
	case XAUTODAT2:
		autopointer_write(chip, offset - XAUTODAT1, value);
		return;
	case TOGCTL:
		write_togctl(chip, value);
		return;
	case CPUCS:
		value &= table[offset].mask;
		chip->registers[offset] = value;
		chip_set_speed(chip);
		return;
	case USBCS:
		value &= table[offset].mask;
		chip->registers[offset] = value | (before & USBCS_HSM);
		port_update(chip, before);
		return;
	}
	chip->registers[offset] = value & table[offset].mask;
	if (offset == IFCONFIG && value != before)
		pins_update(chip);
}

/* ---- Interrupts ------------------------------------------------------------- */

static uint8_t read_interrupt(struct chip *chip, uint8_t offset)
{
	switch (offset) {
	case USBIRQ:
		interrupt_frames(chip);
		return chip->requests & 0x7f;
	case EPIRQ:
		return chip->requests >> 8;
	case NAKIRQ:
		return chip->requests >> 16;
	case INT2IVEC:
		return interrupt_vector(chip);
	}
	return chip->registers[offset];
}

static void write_interrupt(struct chip *chip, uint8_t offset, uint8_t value)
{
	switch (offset) {
	case USBIRQ:
		interrupt_clear(chip, value & 0x7f);
		return;
	case EPIRQ:
		interrupt_clear(chip, value << 8);
		return;
	case NAKIRQ:
		interrupt_clear(chip, (uint32_t)value << 16);
		return;
	case IBNIRQ:
		chip->registers[IBNIRQ] &= ~value;
		return;
	case USBIE:
	case EPIE:
	case NAKIE:
		chip->registers[offset] = value & table[offset].mask;
		interrupt_update(chip);
		chip_plan(chip, interrupt_due(chip));
		return;
	}
	refuse(chip, offset);
}

/* ---- EP2 to EP8 ------------------------------------------------------------- */

static uint8_t read_fifo(struct chip *chip, uint8_t offset)
{
	uint16_t bytes;

	large_watch(chip);
	switch (offset) {
	case EP2BCH ... EP2BCH + 13:
		return large_read_count(
			chip, (offset - EP2BCH) / 4, offset % 2 == 0);
	case EP2CS ... EP2CS + 3:
		return large_status(chip, offset - EP2CS);
	case EP2FIFOFLGS ... EP2FIFOFLGS + 3:
		return large_flags(chip, offset - EP2FIFOFLGS);
	case EP2FIFOBCH ... EP2FIFOBCH + 7:
		/* The count goes on while the 8051 looks at it. */
		chip_touch(chip);
		bytes = large_fifo_bytes(chip, (offset - EP2FIFOBCH) / 2);
		return (offset - EP2FIFOBCH) % 2 ? bytes : bytes >> 8;
	case FIFORESET:
	case INPKTEND:
	case OUTPKTEND:
		refuse(chip, offset); /* write-only */
	}
	return chip->registers[offset];
}

static void write_fifo(struct chip *chip, uint8_t offset, uint8_t value)
{
	uint8_t before = chip->registers[offset];

	switch (offset) {
	case FIFORESET:
		chip->registers[offset] = value;
		large_fiforeset(chip, value);
		return;
	case INPKTEND:
		large_inpktend(chip, value);
		return;
	case OUTPKTEND:
		large_outpktend(chip, value);
		return;
	case EP2CFG ... EP2CFG + 3:
		chip->registers[offset] = value & table[offset].mask;
		large_configure(chip, offset - EP2CFG, before);
		return;
	case EP2FIFOCFG ... EP2FIFOCFG + 3:
		chip->registers[offset] = value & table[offset].mask;
		large_set_auto(chip, offset - EP2FIFOCFG, before);
		return;
	case EP2BCH ... EP2BCH + 13:
		large_write_count(
			chip, (offset - EP2BCH) / 4, offset % 2 == 0, value);
		return;
	case EP2CS ... EP2CS + 3:
		large_write_status(chip, offset - EP2CS, value);
		return;
	}
	refuse(chip, offset);
}

/* ---- All -------------------------------------------------------------------- */

uint8_t chip_register_read(struct chip *chip, uint8_t offset)
{
	const struct entry *reg = &table[offset];

	switch ((enum kind)reg->kind) {
	case NONE:
		refuse(chip, offset);
		return 0;
	case CLEARED:
		return 0;
	case CONSTANT:
		return reg->reset;
	case PLAIN:
	case READONLY:
	case ONLY:
	case GPIF:
		return chip->registers[offset];
	case SYSTEM:
		return read_system(chip, offset);
	case INTERRUPT:
		return read_interrupt(chip, offset);
	case FIFO:
		return read_fifo(chip, offset);
	case CONTROL:
		return control_read(chip, offset);
	case SMALL:
		return small_read(chip, offset);
	case I2C:
		return i2c_read(chip, offset);
	}
	return 0;
}

void chip_register_write(struct chip *chip, uint8_t offset, uint8_t value)
{
	const struct entry *reg = &table[offset];

	switch ((enum kind)reg->kind) {
	case NONE:
		refuse(chip, offset);
		return;
	case READONLY:
	case CONSTANT:
	case CLEARED:
		return;
	case ONLY:
		if ((value & reg->mask) != reg->reset)
			chip_refuse_value(chip, reg->name, value);
		return;
	case PLAIN:
	case GPIF:
		value &= reg->mask;
		if (chip->registers[offset] != value)
			chip_touch(chip);
		chip->registers[offset] = value;
		return;
	default:
		chip_touch(chip);
	}
	if (reg->kind == SYSTEM)
		write_system(chip, offset, value);
	else if (reg->kind == INTERRUPT)
		write_interrupt(chip, offset, value);
	else if (reg->kind == FIFO)
		write_fifo(chip, offset, value);
	else if (reg->kind == CONTROL)
		control_write(chip, offset, value);
	else if (reg->kind == SMALL)
		small_write(chip, offset, value);
	else
		i2c_write(chip, offset, value);
}
