/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The commands of the part flash25: a table, and what each does.  W25Q128JV's
 * and W25Q128FV's datasheets, "Instructions"; where JESD216B's quad enable
 * requirement (QER) is another than theirs, that of the option `qer`.
 */
#include "flash25.h"

#include <string.h>

/* Deep power-down: tRES1 after ABh. */
#define RELEASE_TICKS (3 * (tick)TICKS_PER_US)

enum { BUSY = 0x01, WEL = 0x02, SR1_WRITABLE = 0xfc, SRP = 0x80 };
enum { SRL = 0x01, SR2_WRITABLE = 0x41, SUS = 0x80 };
enum { ADS = 0x01, ADP = 0x02, SR3_WRITABLE = 0x60 };

/* ---- Quad enable ---------------------------------------------------------- */

/* Where QE is, for each QER: none; bit 1 of SR2; bit 6 of SR1; bit 7 of SR2. */
static const uint8_t quad_bits[7][FLASH25_SR_COUNT] = {
	{0}, {0, 0x02}, {0x40}, {0, 0x80}, {0, 0x02}, {0, 0x02}, {0, 0x02}};

bool flash25_quad(const struct flash25_chip *chip)
{
	const uint8_t *bits = quad_bits[chip->options.qer];

	return chip->status[FLASH25_SR1] & bits[FLASH25_SR1] ||
		chip->status[FLASH25_SR2] & bits[FLASH25_SR2];
}

void flash25_enable_quad(struct flash25_chip *chip)
{
	const uint8_t *bits = quad_bits[chip->options.qer];

	chip->kept[FLASH25_SR1] |= bits[FLASH25_SR1];
	chip->kept[FLASH25_SR2] |= bits[FLASH25_SR2];
}

/* ---- What commands answer ------------------------------------------------- */

static uint8_t give_status_1(struct flash25_chip *chip, tick now)
{
	(void)now;
	return chip->status[FLASH25_SR1] | (flash25_busy(chip) ? BUSY : 0) |
		(chip->wel ? WEL : 0);
}

static uint8_t give_status_2(struct flash25_chip *chip, tick now)
{
	bool suspended = chip->suspended.kind != FLASH25_JOB_NONE;

	(void)now;
	/* With QER 3 the bit is QE. */
	if (chip->options.qer == 3)
		suspended = false;
	return chip->status[FLASH25_SR2] | (suspended ? SUS : 0);
}

static uint8_t give_status_3(struct flash25_chip *chip, tick now)
{
	(void)now;
	return chip->status[FLASH25_SR3] | (chip->four_bytes ? ADS : 0);
}

static uint8_t give_jedec_id(struct flash25_chip *chip, tick now)
{
	(void)now;
	return chip->options.id[chip->count % sizeof(chip->options.id)];
}

/* Manufacturer and device; an odd address starts with the device. */
static uint8_t give_ids(struct flash25_chip *chip, tick now)
{
	(void)now;
	if ((chip->address + chip->count) % 2 == 0)
		return chip->options.id[0];
	return chip->options.id[2] - 1;
}

static uint8_t give_device_id(struct flash25_chip *chip, tick now)
{
	(void)now;
	return chip->options.id[2] - 1;
}

/* 64 bits, the same for each chip of a size. */
static uint8_t give_unique_id(struct flash25_chip *chip, tick now)
{
	static const uint8_t id[8] = {
		0xd1, 0x63, 0x20, 0x11, 0x4b, 0x2a, 0x7f, 0x00};

	(void)now;
	return id[chip->count % sizeof(id)] ^ chip->options.id[2];
}

static uint8_t give_sfdp(struct flash25_chip *chip, tick now)
{
	uint32_t at = chip->address + chip->count;

	(void)now;
	return at < sizeof(chip->sfdp) ? chip->sfdp[at] : 0xff;
}

/* What is suspended in the middle reads as nothing that was there. */
static uint8_t give_array(struct flash25_chip *chip, tick now)
{
	uint32_t at = (chip->address + chip->count) & (chip->options.size - 1);
	const struct flash25_job *suspended = &chip->suspended;
	uint8_t byte = flash25_array_get(&chip->array, at);

	(void)now;
	if (suspended->kind != FLASH25_JOB_NONE && at >= suspended->from &&
		at - suspended->from < suspended->size)
		return byte ^ (0x5a + at % 3);
	return byte;
}

/* ---- What commands do ----------------------------------------------------- */

static void enable_write(struct flash25_chip *chip, tick now)
{
	if (now >= chip->no_write_until)
		chip->wel = true;
}

static void disable_write(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->wel = false;
}

static void enable_volatile_write(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->volatile_wel = true;
}

static bool is_locked(const struct flash25_chip *chip)
{
	bool wp = chip->wp_low && !flash25_quad(chip);

	return chip->status[FLASH25_SR2] & SRL ||
		(chip->status[FLASH25_SR1] & SRP && wp) ||
		chip->suspended.kind != FLASH25_JOB_NONE;
}

/* Begin to write status registers; after 50h at once, until power-down. */
static void write_status(struct flash25_chip *chip, tick now,
	const uint8_t values[FLASH25_SR_COUNT])
{
	bool enabled = chip->wel || chip->volatile_wel;
	bool for_now = chip->volatile_wel;

	chip->volatile_wel = false;
	if (!enabled || is_locked(chip))
		return;
	if (for_now) {
		memcpy(chip->status, values, FLASH25_SR_COUNT);
		return;
	}
	memcpy(chip->data, values, FLASH25_SR_COUNT);
	flash25_begin(chip, FLASH25_JOB_STATUS, 0, 0, now, chip->options.w);
}

/* The register with this value, where it can be written. */
static void change_status(const struct flash25_chip *chip, uint8_t *values,
	enum flash25_status which, uint8_t value)
{
	bool large = chip->options.size > FLASH25_3_BYTES_MAX;
	uint8_t writable[FLASH25_SR_COUNT] = {
		SR1_WRITABLE, SR2_WRITABLE, SR3_WRITABLE | (large ? ADP : 0)};
	uint8_t mask = writable[which] | quad_bits[chip->options.qer][which];

	values[which] = (values[which] & ~mask) | (value & mask);
}

/* 01h with one byte leaves SR2 as it is, but for QER 1, which clears it. */
static void write_status_1(struct flash25_chip *chip, tick now)
{
	uint8_t values[FLASH25_SR_COUNT];
	unsigned qer = chip->options.qer;

	memcpy(values, chip->status, sizeof(values));
	change_status(chip, values, FLASH25_SR1, chip->data[0]);
	if (chip->count == 2 && (qer == 1 || qer == 4 || qer == 5))
		change_status(chip, values, FLASH25_SR2, chip->data[1]);
	if (chip->count == 1 && qer == 1)
		change_status(chip, values, FLASH25_SR2, 0);
	write_status(chip, now, values);
}

static void write_status_2(struct flash25_chip *chip, tick now)
{
	uint8_t values[FLASH25_SR_COUNT];

	memcpy(values, chip->status, sizeof(values));
	change_status(chip, values, FLASH25_SR2, chip->data[0]);
	write_status(chip, now, values);
}

static void write_status_3(struct flash25_chip *chip, tick now)
{
	uint8_t values[FLASH25_SR_COUNT];

	memcpy(values, chip->status, sizeof(values));
	change_status(chip, values, FLASH25_SR3, chip->data[0]);
	write_status(chip, now, values);
}

/* Whether the array can be changed here now. */
static bool may_change(
	const struct flash25_chip *chip, uint32_t from, uint32_t size)
{
	const struct flash25_job *suspended = &chip->suspended;

	if (!chip->wel || flash25_protects(chip, from, size))
		return false;
	return suspended->kind == FLASH25_JOB_NONE ||
		(suspended->kind == FLASH25_JOB_ERASE && size == FLASH25_PAGE &&
			(from < suspended->from ||
				from >= suspended->from + suspended->size));
}

static void program(struct flash25_chip *chip, tick now)
{
	uint32_t page = chip->address & (chip->options.size - FLASH25_PAGE);

	if (may_change(chip, page, FLASH25_PAGE))
		flash25_begin(chip, FLASH25_JOB_PROGRAM, page, FLASH25_PAGE,
			now, chip->options.pp);
}

static void erase(
	struct flash25_chip *chip, uint32_t size, tick now, tick length)
{
	uint32_t from = chip->address & (chip->options.size - size);

	if (may_change(chip, from, size))
		flash25_begin(chip, FLASH25_JOB_ERASE, from, size, now, length);
}

static void erase_sector(struct flash25_chip *chip, tick now)
{
	erase(chip, FLASH25_SECTOR, now, chip->options.se);
}

static void erase_32k(struct flash25_chip *chip, tick now)
{
	erase(chip, 0x8000, now, chip->options.be32);
}

static void erase_64k(struct flash25_chip *chip, tick now)
{
	erase(chip, 0x10000, now, chip->options.be);
}

static void erase_chip(struct flash25_chip *chip, tick now)
{
	erase(chip, chip->options.size, now, chip->options.ce);
}

static void fall_asleep(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->asleep = true;
}

static void wake_up(struct flash25_chip *chip, tick now)
{
	if (chip->asleep)
		chip->deaf_until = now + RELEASE_TICKS;
	chip->asleep = false;
}

static void enter_4_bytes(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->four_bytes = true;
}

static void leave_4_bytes(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->four_bytes = false;
}

static void enter_qpi(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->qpi = true;
	chip->qpi_dummy = 2;
}

static void leave_qpi(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->qpi = false;
}

/* C0h: P5 and P4 are the number of dummy clocks in QPI. */
static void set_parameters(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->qpi_dummy = 2 + 2 * (chip->data[0] >> 4 & 3);
}

static void enable_reset(struct flash25_chip *chip, tick now)
{
	(void)now;
	chip->reset_enabled = true;
}

static void reset(struct flash25_chip *chip, tick now)
{
	if (chip->reset_enabled)
		flash25_reset(chip, now);
}

static void suspend(struct flash25_chip *chip, tick now)
{
	flash25_suspend(chip, now);
}

static void resume(struct flash25_chip *chip, tick now)
{
	flash25_resume(chip, now);
}

/* ---- The table ------------------------------------------------------------ */

#define M      FLASH25_ADDRESS_BY_MODE
#define MANY   UINT8_MAX
#define Q      FLASH25_NEEDS_QE
#define L      FLASH25_LARGE
#define SPI    FLASH25_SPI
#define BOTH   FLASH25_BOTH
#define QER    FLASH25_BY_QER
#define POLLED (FLASH25_BOTH | FLASH25_BUSY | FLASH25_POLLED)
#define READ(opcode, address, lanes, mode, dummy, data, flags)          \
	{                                                               \
		opcode, address, lanes, mode, dummy, data, 0, 0, flags, \
			give_array, NULL                                \
	}
#define GIVE(opcode, address, dummy, flags, give)                        \
	{                                                                \
		opcode, address, 1, 0, dummy, 1, 0, 0, flags, give, NULL \
	}
#define TAKE(opcode, least, most, flags, finish)                        \
	{                                                               \
		opcode, 0, 1, 0, 0, 1, least, most, flags, NULL, finish \
	}
#define PAGE(opcode, address, data, flags)                     \
	{                                                      \
		opcode, address, 1, 0, 0, data, 1, MANY,       \
			(flags) | FLASH25_PAGED, NULL, program \
	}
#define ERASE(opcode, address, flags, finish)                          \
	{                                                              \
		opcode, address, 1, 0, 0, 1, 0, 0, flags, NULL, finish \
	}
#define DO(opcode, flags, finish) TAKE(opcode, 0, 0, flags, finish)

static const struct flash25_command commands[] = {
	READ(0x03, M, 1, 0, 0, 1, SPI),
	READ(0x0b, M, 1, 0, 8, 1, BOTH),
	READ(0x3b, M, 1, 0, 8, 2, SPI),
	READ(0xbb, M, 2, 1, 0, 2, SPI),
	READ(0x6b, M, 1, 0, 8, 4, SPI | Q),
	READ(0xeb, M, 4, 1, 4, 4, BOTH | Q | FLASH25_FEWER),
	READ(0x13, 4, 1, 0, 0, 1, SPI | L),
	READ(0x0c, 4, 1, 0, 8, 1, BOTH | L),
	READ(0x3c, 4, 1, 0, 8, 2, SPI | L),
	READ(0xbc, 4, 2, 1, 0, 2, SPI | L),
	READ(0x6c, 4, 1, 0, 8, 4, SPI | L | Q),
	READ(0xec, 4, 4, 1, 4, 4, BOTH | L | Q | FLASH25_FEWER),
	GIVE(0x9f, 0, 0, BOTH, give_jedec_id),
	GIVE(0x90, 3, 0, BOTH, give_ids),
	GIVE(0x4b, 0, 32, SPI, give_unique_id),
	GIVE(0x5a, 3, 8, SPI | QER, give_sfdp),
	GIVE(0x05, 0, 0, POLLED, give_status_1),
	GIVE(0x35, 0, 0, POLLED | QER, give_status_2),
	GIVE(0x3f, 0, 0, POLLED | QER, give_status_2),
	GIVE(0x15, 0, 0, POLLED, give_status_3),
	{0xab, 3, 1, 0, 0, 1, 0, 0, BOTH | FLASH25_ASLEEP | FLASH25_ANYHOW,
		give_device_id, wake_up},
	DO(0xb9, BOTH, fall_asleep),
	DO(0x06, BOTH, enable_write),
	DO(0x04, BOTH, disable_write),
	DO(0x50, BOTH, enable_volatile_write),
	TAKE(0x01, 1, 2, BOTH, write_status_1),
	TAKE(0x31, 1, 1, BOTH | QER, write_status_2),
	TAKE(0x3e, 1, 1, BOTH | QER, write_status_2),
	TAKE(0x11, 1, 1, BOTH, write_status_3),
	PAGE(0x02, M, 1, BOTH),
	PAGE(0x32, M, 4, SPI | Q),
	PAGE(0x12, 4, 1, BOTH | L),
	PAGE(0x34, 4, 4, SPI | L | Q),
	ERASE(0x20, M, BOTH, erase_sector),
	ERASE(0x52, M, BOTH, erase_32k),
	ERASE(0xd8, M, BOTH, erase_64k),
	ERASE(0x21, 4, BOTH | L, erase_sector),
	ERASE(0xdc, 4, BOTH | L, erase_64k),
	DO(0xc7, BOTH, erase_chip),
	DO(0x60, BOTH, erase_chip),
	DO(0x75, BOTH | FLASH25_BUSY, suspend),
	DO(0x7a, BOTH, resume),
	DO(0x66, BOTH | FLASH25_BUSY, enable_reset),
	DO(0x99, BOTH | FLASH25_BUSY, reset),
	DO(0xb7, BOTH | L, enter_4_bytes),
	DO(0xe9, BOTH | L, leave_4_bytes),
	DO(0x38, SPI | Q, enter_qpi),
	DO(0xff, FLASH25_QPI, leave_qpi),
	TAKE(0xc0, 1, 1, FLASH25_QPI, set_parameters),
};

/* Whether a chip with these options has the command at all. */
static bool has(const struct flash25_options *options, uint8_t opcode)
{
	switch (opcode) {
	case 0x5a:
		return options->sfdp != FLASH25_SFDP_NONE;
	case 0x31:
		return options->qer == 5 || options->qer == 6;
	case 0x35:
		return options->qer != 3 && options->qer != 4;
	default:
		return options->qer == 3; /* 3Eh, 3Fh */
	}
}

static bool accepts(
	const struct flash25_chip *chip, const struct flash25_command *command)
{
	uint16_t flags = command->flags;
	bool large = chip->options.size > FLASH25_3_BYTES_MAX;

	if (!(flags & (chip->qpi ? FLASH25_QPI : FLASH25_SPI)))
		return false;
	if (chip->asleep && !(flags & FLASH25_ASLEEP))
		return false;
	if (flash25_busy(chip) && !(flags & FLASH25_BUSY))
		return false;
	if (flags & FLASH25_LARGE && !large)
		return false;
	if (flags & FLASH25_NEEDS_QE && chip->options.qer > 0 &&
		!flash25_quad(chip))
		return false;
	return !(flags & FLASH25_BY_QER) ||
		has(&chip->options, command->opcode);
}

const struct flash25_command *flash25_find(
	const struct flash25_chip *chip, uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (commands[i].opcode == opcode)
			return accepts(chip, &commands[i]) ? &commands[i]
							   : NULL;
	return NULL;
}
