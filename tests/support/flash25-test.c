/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements flash25-test.h. */
#include "flash25-test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define POWERED 0xffff
#define START   (10000 * (tick)TICKS_PER_US)

/* ---- Edges ---------------------------------------------------------------- */

static void drive(struct flash_rig *rig)
{
	if (!rig->by_bytes)
		pins_drive(&rig->pins, rig->now, rig->levels, rig->enables);
}

static void set_clock(struct flash_rig *rig, bool high)
{
	rig->levels &= ~FLASH25_SCK;
	rig->levels |= high ? FLASH25_SCK : 0;
}

/* Lanes that carry nothing from the host: IO1 is the chip's, IO2 and IO3 are
   high. */
static void set_lanes(struct flash_rig *rig, unsigned lanes, uint8_t bits)
{
	for (unsigned i = 0; i < 4; i++) {
		bool carried = i < lanes, high = i >= 2;

		if (carried)
			high = bits >> i & 1;
		rig->levels &= ~FLASH25_IO[i];
		rig->levels |= high ? FLASH25_IO[i] : 0;
		rig->enables &= ~FLASH25_IO[i];
		if (carried || i >= 2)
			rig->enables |= FLASH25_IO[i];
	}
}

static void release_lanes(struct flash_rig *rig, unsigned lanes)
{
	set_lanes(rig, 0, 0);
	for (unsigned i = 0; i < (lanes == 1 ? 2 : lanes); i++)
		rig->enables &= ~FLASH25_IO[i];
}

static uint8_t read_lanes(struct flash_rig *rig, unsigned lanes)
{
	uint8_t bits = 0;

	pins_run(&rig->pins, rig->now);
	for (unsigned i = 0; i < lanes; i++)
		if (pins_levels(&rig->pins) & FLASH25_IO[lanes == 1 ? 1 : i])
			bits |= 1 << i;
	return bits;
}

/* Half a period low, with the data that is set, then half a period high.  In mode
   3 the low half begins with a falling edge here. */
static uint8_t clock(struct flash_rig *rig, unsigned lanes)
{
	uint8_t bits;

	set_clock(rig, false);
	drive(rig);
	rig->now += FLASH25_HALF;
	bits = rig->by_bytes ? 0 : read_lanes(rig, lanes);
	set_clock(rig, true);
	drive(rig);
	rig->now += FLASH25_HALF;
	set_clock(rig, rig->mode_3);
	drive(rig);
	return bits;
}

/* ---- Both ----------------------------------------------------------------- */

bool flash_open(struct flash_rig *rig, const char *text, bool by_bytes,
	char why[PART_WHY_SIZE])
{
	*rig = (struct flash_rig){.by_bytes = by_bytes};
	pins_init(&rig->pins);
	rig->part = part_new(text, why);
	if (rig->part == NULL)
		return false;
	rig->chip = flash25_chip_of(rig->part);
	pins_add(&rig->pins, rig->part);
	rig->enables = FLASH25_CS | FLASH25_SCK;
	rig->levels = FLASH25_CS;
	set_lanes(rig, 0, 0);
	flash_supply(rig, true);
	flash_wait(rig, START);
	return true;
}

void flash_close(struct flash_rig *rig)
{
	rig->pins.now = rig->now;
	pins_clear(&rig->pins);
}

void flash_wait(struct flash_rig *rig, tick ticks)
{
	drive(rig);
	rig->now += ticks;
	if (!rig->by_bytes)
		pins_run(&rig->pins, rig->now);
}

void flash_supply(struct flash_rig *rig, bool on)
{
	if (rig->by_bytes) {
		flash25_power(rig->chip, on, rig->now);
		return;
	}
	pins_run(&rig->pins, rig->now);
	pins_supply(&rig->pins, on ? POWERED : 0, 0, 0);
	drive(rig);
}

void flash_select(struct flash_rig *rig)
{
	rig->partial = 0;
	rig->levels &= ~FLASH25_CS;
	set_clock(rig, rig->mode_3);
	if (rig->by_bytes)
		flash25_select(rig->chip, rig->now);
	drive(rig);
	rig->now += FLASH25_HALF;
}

void flash_deselect(struct flash_rig *rig)
{
	rig->now += FLASH25_HALF;
	rig->levels |= FLASH25_CS;
	if (rig->by_bytes)
		flash25_deselect(rig->chip, rig->partial == 0, rig->now);
	drive(rig);
	/* tSHQZ, and the rest of tSHSL. */
	rig->now += FLASH25_HALF;
	set_lanes(rig, 0, 0);
	drive(rig);
	rig->now += 9 * FLASH25_HALF;
}

/* A byte without edges; returns whether the part could do it. */
static bool clock_whole(
	struct flash_rig *rig, unsigned lanes, const uint8_t *out, uint8_t *in)
{
	struct flash25_clocks clocks = {
		.begin = rig->now,
		.period = 2 * FLASH25_HALF,
		.lanes = lanes,
		.bytes = 1,
		.out = out,
		.in = in,
	};

	if (!rig->shortcut || rig->mode_3)
		return false;
	drive(rig);
	if (flash25_clock_bytes(rig->part, &clocks) == 0)
		return false;
	pins_plan(&rig->pins);
	rig->shortcuts++;
	rig->now += 8 / lanes * clocks.period;
	pins_run(&rig->pins, rig->now);
	return true;
}

void flash_put(struct flash_rig *rig, unsigned lanes, uint8_t byte)
{
	set_lanes(rig, lanes, byte >> (8 - lanes));
	if (clock_whole(rig, lanes, &byte, NULL))
		return;
	for (unsigned left = 8; left > 0; left -= lanes) {
		if (left == lanes && rig->by_bytes)
			flash25_put(rig->chip, byte, rig->now + FLASH25_HALF);
		set_lanes(rig, lanes, byte >> (left - lanes));
		clock(rig, lanes);
	}
}

/* A clock that the chip does not count as dummy belongs to a byte. */
void flash_dummy(struct flash_rig *rig, unsigned clocks)
{
	if (rig->by_bytes)
		flash25_pause(rig->chip);
	release_lanes(rig, 4);
	set_lanes(rig, 0, 0);
	while (clocks >= 8 && clock_whole(rig, 1, NULL, NULL))
		clocks -= 8;
	for (unsigned i = 0; i < clocks; i++)
		clock(rig, 1);
}

void flash_bits(struct flash_rig *rig, unsigned count)
{
	rig->partial += count;
	set_lanes(rig, 1, 1);
	for (unsigned i = 0; i < count; i++)
		clock(rig, 1);
}

uint8_t flash_get(struct flash_rig *rig, unsigned lanes)
{
	uint8_t byte = 0;

	if (rig->by_bytes)
		byte = flash25_get(rig->chip, rig->now);
	release_lanes(rig, lanes);
	if (clock_whole(rig, lanes, NULL, &byte))
		return byte;
	for (unsigned left = 8; left > 0; left -= lanes) {
		uint8_t bits = clock(rig, lanes);

		if (!rig->by_bytes)
			byte = byte << lanes | bits;
	}
	return byte;
}

/* ---- Commands ------------------------------------------------------------- */

void flash_exchange(struct flash_rig *rig, const uint8_t *out, size_t out_size,
	uint8_t *in, size_t in_size)
{
	flash_select(rig);
	for (size_t i = 0; i < out_size; i++)
		flash_put(rig, 1, out[i]);
	for (size_t i = 0; i < in_size; i++)
		in[i] = flash_get(rig, 1);
	flash_deselect(rig);
}

void flash_command(struct flash_rig *rig, const uint8_t *bytes, size_t size)
{
	flash_exchange(rig, bytes, size, NULL, 0);
}

uint8_t flash_status(struct flash_rig *rig, uint8_t opcode)
{
	uint8_t status;

	flash_exchange(rig, &opcode, 1, &status, 1);
	return status;
}

bool flash_ready(struct flash_rig *rig, tick most)
{
	tick end = rig->now + most;

	while (flash_status(rig, 0x05) & 1) {
		if (rig->now >= end)
			return false;
		flash_wait(rig, most / 64 + 1);
	}
	return true;
}

uint8_t flash_byte(struct flash_rig *rig, uint32_t address)
{
	uint8_t byte;

	FLASH_EXCHANGE(
		rig, &byte, 1, 0x03, address >> 16, address >> 8, address);
	return byte;
}

void flash_fill(
	struct flash_rig *rig, uint32_t from, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		content_set(&rig->chip->array.content, from + i, bytes[i]);
}

uint8_t flash_cell(const struct flash_rig *rig, uint32_t address)
{
	return flash25_array_get(&rig->chip->array, address);
}

void flash_set_cells(
	struct flash_rig *rig, uint32_t from, uint32_t size, uint8_t byte)
{
	for (uint32_t i = 0; i < size; i++)
		flash_fill(rig, from + i, &byte, 1);
}

/* ---- For tests ------------------------------------------------------------ */

void flash_open_with(struct flash_rig *rig, const char *keys)
{
	char text[PART_TEXT_SIZE], why[PART_WHY_SIZE] = "";

	snprintf(text, sizeof(text), FLASH25_PINS "%s", keys);
	if (!flash_open(rig, text, false, why))
		fail_msg("%s", why);
}

void flash_program(struct flash_rig *rig, uint32_t address,
	const uint8_t *bytes, size_t size)
{
	FLASH_COMMAND(rig, 0x06);
	flash_select(rig);
	flash_put(rig, 1, 0x02);
	for (unsigned shift = 24; shift > 0; shift -= 8)
		flash_put(rig, 1, address >> (shift - 8));
	for (size_t i = 0; i < size; i++)
		flash_put(rig, 1, bytes[i]);
	flash_deselect(rig);
}

void flash_write_status(struct flash_rig *rig, uint8_t opcode, uint8_t value)
{
	FLASH_COMMAND(rig, 0x06);
	FLASH_COMMAND(rig, opcode, value);
	assert_true(flash_ready(rig, 20000 * TICKS_PER_US));
}
