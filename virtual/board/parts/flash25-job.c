/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What takes time in the part flash25: programs, erases, writes of status
 * registers; suspends, resets, the supply.  A job has its effect when it ends,
 * and flash25_settle() finds that out later, since only calls from outside can
 * see the difference.
 */
#include "flash25.h"

#include <string.h>

/* W25Q128JV, AC characteristics: tSUS, tRST, tVSL, tPUW. */
#define SUSPEND_TICKS  (20 * (tick)TICKS_PER_US)
#define RESET_TICKS    (30 * (tick)TICKS_PER_US)
#define POWER_UP_TICKS (20 * (tick)TICKS_PER_US)
#define NO_WRITE_TICKS (5000 * (tick)TICKS_PER_US)

#define BLOCK 0x10000
#define ALL   65536 /* of a share */

enum { BP_MASK = 0x1c, BP_LARGE_MASK = 0x3c, TB = 0x20, SEC = 0x40 };
enum { SRL = 0x01, CMP = 0x40, ADP = 0x02 };

/* ---- Jobs ----------------------------------------------------------------- */

bool flash25_busy(const struct flash25_chip *chip)
{
	return chip->job.kind != FLASH25_JOB_NONE;
}

void flash25_begin(struct flash25_chip *chip, enum flash25_job_kind kind,
	uint32_t from, uint32_t size, tick now, tick length)
{
	struct flash25_job *job = &chip->job;

	job->kind = kind;
	job->begin = now;
	job->end = now + length;
	job->from = from;
	job->size = size;
	memcpy(job->data, chip->data, sizeof(job->data));
	chip->suspend_at = TICK_NEVER;
}

static void finish(struct flash25_chip *chip)
{
	struct flash25_job *job = &chip->job;

	switch (job->kind) {
	case FLASH25_JOB_PROGRAM:
		flash25_array_program(&chip->array, job->from, job->data);
		break;
	case FLASH25_JOB_ERASE:
		flash25_array_erase(&chip->array, job->from, job->size);
		break;
	case FLASH25_JOB_STATUS:
		memcpy(chip->status, job->data, sizeof(chip->status));
		memcpy(chip->kept, job->data, sizeof(chip->kept));
		break;
	case FLASH25_JOB_NONE:
		break;
	}
	chip->wel_end = job->end + chip->options.race;
	chip->suspend_at = TICK_NEVER;
	job->kind = FLASH25_JOB_NONE;
}

static void take_suspend(struct flash25_chip *chip)
{
	chip->suspended = chip->job;
	/* From here on: how long it has run, and how long it would run. */
	chip->suspended.end -= chip->suspended.begin;
	chip->suspended.begin = chip->suspend_at - chip->suspended.begin;
	chip->job.kind = FLASH25_JOB_NONE;
	chip->suspend_at = TICK_NEVER;
}

void flash25_settle(struct flash25_chip *chip, tick now)
{
	if (flash25_busy(chip) && chip->suspend_at < chip->job.end &&
		chip->suspend_at <= now)
		take_suspend(chip);
	if (flash25_busy(chip) && chip->job.end <= now)
		finish(chip);
	if (chip->wel_end <= now) {
		chip->wel = false;
		chip->wel_end = TICK_NEVER;
	}
}

/* A chip erase and a write of a status register cannot be suspended. */
void flash25_suspend(struct flash25_chip *chip, tick now)
{
	if (!flash25_busy(chip) || chip->job.kind == FLASH25_JOB_STATUS ||
		chip->job.size == chip->options.size ||
		chip->suspended.kind != FLASH25_JOB_NONE ||
		chip->suspend_at != TICK_NEVER)
		return;
	chip->suspend_at = now + SUSPEND_TICKS;
}

void flash25_resume(struct flash25_chip *chip, tick now)
{
	if (flash25_busy(chip) || chip->suspended.kind == FLASH25_JOB_NONE)
		return;
	chip->job = chip->suspended;
	chip->job.begin = now - chip->suspended.begin;
	chip->job.end = chip->job.begin + chip->suspended.end;
	chip->suspended.kind = FLASH25_JOB_NONE;
}

/* ---- Interruptions -------------------------------------------------------- */

static void spoil(struct flash25_chip *chip, const struct flash25_job *job,
	tick done, tick length)
{
	uint32_t share = length > 0 ? (double)done * ALL / length : ALL;

	if (job->kind == FLASH25_JOB_PROGRAM)
		flash25_array_spoil_program(
			&chip->array, job->from, job->data, share);
	else if (job->kind == FLASH25_JOB_ERASE)
		flash25_array_spoil_erase(
			&chip->array, job->from, job->size, share);
}

/* End all jobs in the middle. */
static void interrupt(struct flash25_chip *chip, tick now)
{
	flash25_settle(chip, now);
	if (flash25_busy(chip))
		spoil(chip, &chip->job, now - chip->job.begin,
			chip->job.end - chip->job.begin);
	if (chip->suspended.kind != FLASH25_JOB_NONE)
		spoil(chip, &chip->suspended, chip->suspended.begin,
			chip->suspended.end);
	chip->job.kind = chip->suspended.kind = FLASH25_JOB_NONE;
}

static void forget(struct flash25_chip *chip)
{
	memcpy(chip->status, chip->kept, sizeof(chip->status));
	chip->wel = chip->volatile_wel = chip->asleep = chip->qpi = false;
	chip->reset_enabled = false;
	chip->four_bytes = chip->kept[FLASH25_SR3] & ADP;
	chip->qpi_dummy = 2;
	chip->wel_end = chip->suspend_at = TICK_NEVER;
	chip->continuous = NULL;
	chip->command = NULL;
	chip->stage = FLASH25_IGNORE;
	chip->phase.direction = FLASH25_DEAF;
}

/* SRL, the lock of the status registers, lasts until power-down. */
void flash25_reset(struct flash25_chip *chip, tick now)
{
	uint8_t lock = chip->status[FLASH25_SR2] & SRL;

	interrupt(chip, now);
	forget(chip);
	chip->status[FLASH25_SR2] |= lock;
	chip->deaf_until = now + RESET_TICKS;
}

void flash25_power(struct flash25_chip *chip, bool on, tick now)
{
	if (on == chip->powered)
		return;
	chip->powered = on;
	if (on && chip->array.content.bytes == NULL)
		content_open(&chip->array.content, chip->options.path,
			chip->options.size);
	if (!on)
		interrupt(chip, now);
	chip->kept[FLASH25_SR2] &= ~SRL;
	forget(chip);
	chip->deaf_until = now + POWER_UP_TICKS;
	chip->no_write_until = now + NO_WRITE_TICKS;
}

/* ---- Protection ----------------------------------------------------------- */

/* W25Q128JV, "Block Protection": 1/64 of the chip, but at least a block, is the
   smallest part at one end; each next value of BP2..0 doubles it.  With SEC the
   unit is a sector, up to 32 KiB.  W25Q256JV: BP3..0 count from one block on,
   and TB is where SEC is on smaller chips. */
static uint32_t protected_size(const struct flash25_chip *chip)
{
	uint32_t size = chip->options.size;
	bool large = size > FLASH25_3_BYTES_MAX;
	uint8_t status = chip->status[FLASH25_SR1];
	unsigned bp = (status & (large ? BP_LARGE_MASK : BP_MASK)) >> 2;
	uint32_t unit = large || size / 64 < BLOCK ? BLOCK : size / 64;
	uint64_t part;

	if (bp == 0)
		return 0;
	if (bp == (large ? 15 : 7))
		return size;
	part = (uint64_t)unit << (bp - 1);
	if (!large && chip->options.qer != 2 && status & SEC) {
		part = FLASH25_SECTOR << (bp - 1);
		part = part < BLOCK / 2 ? part : BLOCK / 2;
	}
	return part < size ? part : size;
}

bool flash25_protects(
	const struct flash25_chip *chip, uint32_t from, uint32_t size)
{
	bool large = chip->options.size > FLASH25_3_BYTES_MAX;
	uint32_t part = protected_size(chip);
	bool bottom = chip->status[FLASH25_SR1] & (large ? SEC : TB);
	uint32_t begin = bottom ? 0 : chip->options.size - part;
	uint32_t end = begin + part;

	if (chip->status[FLASH25_SR2] & CMP) {
		/* All but this part, which is at one end. */
		begin = bottom ? part : 0;
		end = bottom ? chip->options.size : chip->options.size - part;
	}
	return from < end && from + size > begin;
}
