/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The start of firmware: by the boot loader from the EEPROM (TRM 3.4, 3.5), and
 * by request 0xA0 (TRM 3.8), which the chip serves whether or not the 8051
 * runs.  virtual/chip/chip.c and control.c call these functions.
 */
#include "internal.h"

#include <string.h>

#define HEADER_SIZE    8
#define HEADER_CONFIG  7 /* the byte with EEPROM_I2C_400KHZ and others */
#define RECORD_LENGTH  0x3ff
#define BOOT_BITS      9    /* of a byte on the I2C bus */
#define BOOT_BIT_TICKS 1200 /* 400 kHz; 100 kHz is four times as long */

/* From the start of the 8051 until the device is on the bus for good. */
#define SETTLE_TICKS (10000000 * (tick)TICKS_PER_US)

void boot_hold(struct chip *chip)
{
	chip->held = true;
}

void boot_start(struct chip *chip)
{
	if (!chip->held)
		return;
	chip->held = false;
	mcs51_reset(&chip->cpu);
	chip_set_speed(chip);
	chip->port.settled = chip->now + SETTLE_TICKS;
}

/* The RAM at an address, or NULL. */
static uint8_t *ram_at(struct chip *chip, size_t address)
{
	if (address < CHIP_RAM_SIZE)
		return chip->ram + address;
	if (address >= SCRATCH_ADDRESS &&
		address < SCRATCH_ADDRESS + SCRATCH_SIZE)
		return chip->scratch + (address - SCRATCH_ADDRESS);
	return NULL;
}

bool boot_request(struct chip *chip, const struct usb_setup *setup)
{
	size_t last = (size_t)setup->wValue + setup->wLength - 1;

	if (setup->wLength > USB_FX2_RAM_CHUNK)
		return false;
	if (!(setup->bmRequestType & USB_DIR_IN))
		return true;
	if (setup->wLength == 0 || !ram_at(chip, setup->wValue) ||
		!ram_at(chip, last))
		return false;
	memcpy(chip->ep0.data, ram_at(chip, setup->wValue), setup->wLength);
	return true;
}

static void write_cpucs(struct chip *chip, uint8_t value)
{
	if (value & CPUCS_RESET)
		boot_hold(chip);
	else
		boot_start(chip);
}

void boot_write(
	struct chip *chip, size_t address, const uint8_t *data, size_t size)
{
	for (; size > 0; address++, data++, size--) {
		uint8_t *ram = ram_at(chip, address);

		if (address == USB_FX2_CPUCS)
			write_cpucs(chip, *data);
		if (ram == NULL)
			continue;
		*ram = *data;
		if (faults_at(chip->on.faults, FAULT_RAM, address))
			*ram ^= 0x10;
	}
	chip_touch(chip);
}

/* RAM after power-up has any values: these are always the same. */
static void fill_ram(struct chip *chip)
{
	uint32_t random = 1;

	for (unsigned i = 0; i < CHIP_RAM_SIZE; i++) {
		random = random * 1103515245 + 12345;
		chip->ram[i] = random >> 16;
	}
}

static void copy_image(struct chip *chip, const struct chip_image *image)
{
	for (unsigned i = 0; i < CHIP_RAM_SIZE; i++)
		if (image->used[i])
			chip->ram[i] = image->data[i];
}

/* The load records of a C2 image: how many bytes they have.  The last one
   writes CPUCS, and starts the 8051. */
static unsigned load_records(struct chip *chip, const uint8_t *eeprom)
{
	unsigned at = HEADER_SIZE;

	while (at + EEPROM_RECORD_SIZE <= EEPROM_SIZE) {
		const uint8_t *record = eeprom + at;
		unsigned size = (record[0] << 8 | record[1]) & RECORD_LENGTH;
		bool last = record[0] & EEPROM_RECORD_LAST >> 8;

		at += EEPROM_RECORD_SIZE;
		if (at + size > EEPROM_SIZE)
			break;
		if (last)
			return at + size;
		boot_write(chip, record[2] << 8 | record[3], eeprom + at, size);
		at += size;
	}
	return at;
}

/* Source: TRM 3.4.3: with a C2 image the firmware answers all requests, and
   the device is on the bus at once unless the header says that it is not. */
static void boot_from_image(struct chip *chip, const uint8_t *eeprom,
	const struct chip_image *firmware)
{
	uint8_t config = eeprom[HEADER_CONFIG];
	unsigned bytes = load_records(chip, eeprom);

	if (firmware)
		copy_image(chip, firmware);
	chip->now = (tick)bytes * BOOT_BITS * BOOT_BIT_TICKS *
		(config & EEPROM_I2C_400KHZ ? 1 : 4);
	chip->registers[USBCS] =
		USBCS_RENUM | (config & EEPROM_DISCONNECT ? USBCS_DISCON : 0);
	boot_start(chip);
}

void boot_power_up(struct chip *chip, const struct chip_image *firmware)
{
	const uint8_t *eeprom = chip->on.board->fx2_mem;

	fill_ram(chip);
	chip->held = true;
	if (eeprom[0] == EEPROM_BOOT_C2) {
		boot_from_image(chip, eeprom, firmware);
	} else if (firmware) {
		/* As if the host had loaded it. */
		copy_image(chip, firmware);
		boot_start(chip);
	}
	port_update(chip, USBCS_DISCON);
}
