/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Erases of a range, and of a whole flash chip. */
#include "nor.h"

int nor_erase(struct clyde_flash *flash, uint64_t address, uint64_t size,
	const struct clyde_observer *observer)
{
	uint64_t done = 0, told = 0, at = 0;
	int result = nor_begin_change(flash);

	if (result < 0)
		return result;
	while (at < size && result == 0) {
		unsigned index = plan_largest(
			&flash->sizes, address + at, address + size);
		uint64_t start = address + at;

		at += flash->sizes.size[index];
		result = nor_submit_erase(flash, start, index, at, &done);
		if (done != told)
			observer_progress(observer, "erase", done, size);
		told = done;
	}
	result = nor_finish(flash, result, &done);
	if (result == 0 && done != told)
		observer_progress(observer, "erase", done, size);
	return nor_tell_done(result, done, address, "erased");
}

/* ---- The whole chip ---------------------------------------------------- */

/* Between two looks a call can be interrupted. */
#define LOOK_US 50000

static int start(struct clyde_flash *flash)
{
	struct nor_batch batch = {.count = 0};

	nor_command(&batch, 0x06);
	nor_command(&batch, 0xc7);
	return nor_exchange(flash, &batch);
}

/* 1 if it is over, 0 if not. */
static int look(struct clyde_flash *flash)
{
	struct nor_batch batch = {.count = 0};
	int result;

	nor_poll(&batch, NOR_BUSY, 0, LOOK_US, NULL);
	result = nor_exchange(flash, &batch);
	if (result == CLYDE_ERROR_LIMIT_PASSED)
		return 0;
	return result < 0 ? result : 1;
}

static int check_latch(struct clyde_flash *flash)
{
	struct nor_batch batch = {.count = 0}, disable = {.count = 0};
	char bits[NOR_BITS_SIZE];
	int result;

	nor_poll(&batch, NOR_WEL, 0, NOR_WEL_LIMIT_US, NULL);
	result = nor_exchange(flash, &batch);
	if (result != CLYDE_ERROR_LIMIT_PASSED)
		return result;
	nor_command(&disable, 0x04);
	nor_exchange(flash, &disable);
	nor_bits_text(flash->protected_bits >> NOR_BP_SHIFT, bits);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip ignores the erase of all: it is write protected "
		"(block protection bits %s)",
		bits);
}

/* Bytes that are erased by now, if the chip takes its typical time. */
static uint64_t guess(const struct clyde_flash *flash, uint64_t looks)
{
	uint64_t all = flash->info.chip_erase_ms * 1000ull / LOOK_US + 1;

	if (looks >= all)
		looks = all - 1;
	return flash->info.size / all * looks;
}

int nor_erase_chip(
	struct clyde_flash *flash, const struct clyde_observer *observer)
{
	uint64_t most = flash->chip_maximum_us / LOOK_US + 1;
	uint64_t size = flash->info.size;
	int result = nor_begin_change(flash), over = 0;

	if (result == 0)
		result = start(flash);
	for (uint64_t i = 0; i < most && result == 0 && over == 0; i++) {
		over = look(flash);
		if (over == 0)
			observer_progress(
				observer, "erase", guess(flash, i + 1), size);
	}
	if (result == 0 && over == 0)
		return set_error(CLYDE_ERROR_LIMIT_PASSED,
			"the chip is still busy %g s after the erase of all "
			"has begun, its longest time",
			flash->chip_maximum_us / 1e6);
	if (over == CLYDE_ERROR_INTERRUPTED)
		return set_error(over,
			"interrupted; the chip goes on erasing itself, and "
			"answers nothing until it is done");
	if (over == CLYDE_ERROR_NO_DEVICE)
		return set_error(over,
			"%s; the chip may be erased in part, or go on erasing "
			"itself",
			clyde_error_message());
	if (result < 0 || over < 0)
		return result < 0 ? result : over;
	result = check_latch(flash);
	if (result == 0)
		observer_progress(observer, "erase", size, size);
	return result;
}
