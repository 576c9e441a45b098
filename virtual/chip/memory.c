/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the 8051 reaches: special function registers, and by MOVX the address
 * space beyond its RAM (TRM 5.3).  The 8051 calls chip_hooks; the autopointers
 * reach the same addresses.  No access may be ignored: an address without a
 * model ends the firmware with a sentence.
 */
#include "internal.h"

/* Buffers, from these addresses on. */
#define EP0BUF    0xe740
#define EP1OUTBUF 0xe780
#define EP1INBUF  0xe7c0
#define EP2BUF    0xf000 /* EP4, EP6, EP8 follow */
#define EPBUF_GAP 0x400
#define GPCR2     0xe50d

/* AUTOPTRSETUP */
#define APTREN   0x01
#define APTR1INC 0x02 /* APTR2INC is the next bit */

/* ---- MOVX ----------------------------------------------------------------- */

/* The byte at an address of memory that has no side effects; or NULL. */
static uint8_t *memory_at(struct chip *chip, uint16_t address)
{
	if (address < CHIP_RAM_SIZE)
		return chip->ram + address;
	if (address >= SCRATCH_ADDRESS &&
		address < SCRATCH_ADDRESS + SCRATCH_SIZE)
		return chip->scratch + (address - SCRATCH_ADDRESS);
	if (address >= WAVEFORMS_ADDRESS &&
		address < WAVEFORMS_ADDRESS + WAVEFORMS_SIZE)
		return chip->waveforms + (address - WAVEFORMS_ADDRESS);
	if (address >= EP0BUF && address < EP1OUTBUF)
		return chip->ep0.buffer + (address - EP0BUF);
	if (address >= EP1OUTBUF && address < EP1INBUF)
		return chip->ep1_out.buffer + (address - EP1OUTBUF);
	if (address >= EP1INBUF && address < EP1INBUF + USB_EP1_PACKET_SIZE)
		return chip->ep1_in.buffer + (address - EP1INBUF);
	if (address >= EP2BUF)
		large_watch(chip);
	if (address >= EP2BUF)
		return large_window(chip, (address - EP2BUF) / EPBUF_GAP,
			(address - EP2BUF) % EPBUF_GAP);
	return NULL;
}

static bool is_register(uint16_t address)
{
	return address >= REGISTERS_ADDRESS &&
		address < REGISTERS_ADDRESS + REGISTERS_SIZE;
}

uint8_t memory_read(struct chip *chip, uint16_t address)
{
	const uint8_t *byte = memory_at(chip, address);

	if (byte)
		return *byte;
	if (is_register(address))
		return chip_register_read(chip, address - REGISTERS_ADDRESS);
	chip_refuse(chip, "data memory", address);
	return 0;
}

void memory_write(struct chip *chip, uint16_t address, uint8_t value)
{
	uint8_t *byte = memory_at(chip, address);

	if (byte) {
		if (*byte != value)
			chip_touch(chip);
		*byte = value;
	} else if (is_register(address)) {
		chip_register_write(chip, address - REGISTERS_ADDRESS, value);
	} else if (address == GPCR2) {
		/* Its one bit is for full speed. */
		if (value != 0)
			chip_refuse_value(chip, "GPCR2", value);
	} else {
		chip_refuse(chip, "data memory", address);
	}
}

static uint8_t read_xdata(struct mcs51 *cpu, uint16_t address)
{
	return memory_read(cpu->context, address);
}

static void write_xdata(struct mcs51 *cpu, uint16_t address, uint8_t value)
{
	memory_write(cpu->context, address, value);
}

/* ---- Autopointers ----------------------------------------------------------- */

/* The address for this access. */
static uint16_t step_autopointer(struct chip *chip, unsigned index)
{
	uint16_t address = chip->autopointer[index];

	if (chip->autopointer_setup & APTR1INC << index)
		chip->autopointer[index]++;
	chip_touch(chip);
	return address;
}

static bool autopointer_works(struct chip *chip, unsigned index)
{
	uint16_t address = chip->autopointer[index];

	if (chip->autopointer_setup & APTREN &&
		address != REGISTERS_ADDRESS + XAUTODAT1 &&
		address != REGISTERS_ADDRESS + XAUTODAT2)
		return true;
	chip_refuse(chip,
		index ? "XAUTODAT2 with AUTOPTR2 at"
		      : "XAUTODAT1 with AUTOPTR1 at",
		address);
	return false;
}

uint8_t autopointer_read(struct chip *chip, unsigned index)
{
	if (!autopointer_works(chip, index))
		return 0;
	return memory_read(chip, step_autopointer(chip, index));
}

void autopointer_write(struct chip *chip, unsigned index, uint8_t value)
{
	if (autopointer_works(chip, index))
		memory_write(chip, step_autopointer(chip, index), value);
}

/* ---- Special function registers ----------------------------------------------- */

static const char *sfr_name(uint8_t address)
{
	switch (address) {
	case SFR_GPIFTRIG:
		return "GPIFTRIG";
	case 0xbd:
		return "GPIFSGLDATH";
	case 0xbe:
		return "GPIFSGLDATLX";
	case 0xbf:
		return "GPIFSGLDATLNOX";
	}
	return "special function register";
}

static uint8_t *pointer_half(struct chip *chip, uint8_t address)
{
	uint8_t *bytes =
		(uint8_t *)&chip->autopointer[address >= SFR_AUTOPTRH2];
	bool high = address == SFR_AUTOPTRH1 || address == SFR_AUTOPTRH2;

	return bytes + (high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__));
}

/* The latch or output enable register at this address; or NULL. */
static uint8_t *port_at(struct chip *chip, uint8_t address)
{
	switch (address) {
	case SFR_IOA:
		return &chip->latch[0];
	case SFR_IOB:
		return &chip->latch[1];
	case SFR_IOC:
		return &chip->latch[2];
	case SFR_IOD:
		return &chip->latch[3];
	case SFR_IOE:
		return &chip->latch[4];
	case SFR_OEA ... SFR_OEA + 4:
		return &chip->enable[address - SFR_OEA];
	}
	return NULL;
}

static uint8_t endpoints_status(struct chip *chip)
{
	uint8_t status = 0;

	large_watch(chip);
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		status |= (large_status(chip, i) >> 2 & 3) << 2 * i;
	return status;
}

static uint8_t read_sfr(struct mcs51 *cpu, uint8_t address)
{
	struct chip *chip = cpu->context;
	const uint8_t *port = port_at(chip, address);

	bool latch =
		port >= chip->latch && port < chip->latch + sizeof(chip->latch);

	if (latch && !cpu->modifies)
		return pins_read(chip, port - chip->latch);
	if (port)
		return *port;
	switch (address) {
	case SFR_AUTOPTRH1:
	case SFR_AUTOPTRL1:
	case SFR_AUTOPTRH2:
	case SFR_AUTOPTRL2:
		return *pointer_half(chip, address);
	case SFR_AUTOPTRSETUP:
		return chip->autopointer_setup;
	case SFR_EP2468STAT:
		return endpoints_status(chip);
	case SFR_EP24FIFOFLGS:
		large_watch(chip);
		return large_flags(chip, 0) | large_flags(chip, 1) << 4;
	case SFR_EP68FIFOFLGS:
		large_watch(chip);
		return large_flags(chip, 2) | large_flags(chip, 3) << 4;
	case SFR_EP01STAT:
		return (chip->ep0.busy ? 1 : 0) | (chip->ep1_out.busy ? 2 : 0) |
			(chip->ep1_in.busy ? 4 : 0);
	case SFR_INT2CLR:
	case SFR_INT4CLR:
		return 0;
	case SFR_GPIFTRIG:
		return 0x80; /* done: no transfer was ever started */
	}
	chip_refuse(chip, sfr_name(address), address);
	return 0;
}

static void write_sfr(struct mcs51 *cpu, uint8_t address, uint8_t value)
{
	struct chip *chip = cpu->context;
	uint8_t *port = port_at(chip, address);

	if (port) {
		if (*port == value)
			return;
		*port = value;
		chip_touch(chip);
		pins_update(chip);
		return;
	}
	switch (address) {
	case SFR_AUTOPTRH1:
	case SFR_AUTOPTRL1:
	case SFR_AUTOPTRH2:
	case SFR_AUTOPTRL2:
		chip_touch(chip);
		*pointer_half(chip, address) = value;
		return;
	case SFR_AUTOPTRSETUP:
		chip_touch(chip);
		chip->autopointer_setup = value & 0x07;
		return;
	case SFR_INT2CLR:
		interrupt_clear_current(chip);
		return;
	case SFR_INT4CLR:    /* nothing requests INT4 */
	case SFR_EP2468STAT: /* read-only */
	case SFR_EP01STAT:
		return;
	}
	chip_refuse(chip, sfr_name(address), address);
}

static uint8_t read_vector(struct mcs51 *cpu, uint16_t address)
{
	struct chip *chip = cpu->context;
	uint8_t setup = chip->registers[INTSETUP];

	if (address == 0x45 && setup & INTSETUP_AV2EN)
		return interrupt_vector(chip);
	if (address == 0x55 && setup & INTSETUP_AV4EN)
		chip_refuse(chip, "the autovector of INT4", address);
	return chip->ram[address];
}

const struct mcs51_hooks chip_hooks = {
	.read_sfr = read_sfr,
	.write_sfr = write_sfr,
	.read_xdata = read_xdata,
	.write_xdata = write_xdata,
	.read_vector = read_vector,
};
