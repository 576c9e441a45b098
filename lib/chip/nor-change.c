/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Erases and programs of a flash chip, as chains: each batch enables a write,
 * sends the command, and polls the status register in the FPGA, so that no
 * round trip passes between two of them.  If one fails, the core skips all
 * behind it.
 *
 * A page must never be programmed after an erase or a program before it has
 * failed.
 */
#include "nor.h"

#include <inttypes.h>
#include <stdio.h>

/* The write enable latch is set at the end of 06h; one poll takes less. */
#define ENABLE_LIMIT_US 100

enum { ERASES_IN_FLIGHT = 3, PAGES_IN_FLIGHT = 16 };

static void begin(struct nor_batch *batch, const struct clyde_flash *flash,
	const struct nor_change *change)
{
	batch->change = *change;
	nor_enter(batch, flash);
	nor_command(batch, 0x06);
	nor_poll(batch, NOR_WEL, NOR_WEL, ENABLE_LIMIT_US, NULL);
}

static int end(struct nor_batch *batch, struct clyde_flash *flash,
	unsigned depth, uint64_t end, uint64_t *ret_done)
{
	batch->steps[batch->count - 1].flags |= CLYDE_SPI_DESELECT;
	batch->change.busy_step = batch->count;
	nor_poll(batch, NOR_BUSY, 0, batch->change.limit_us, NULL);
	nor_poll(batch, NOR_WEL, 0, NOR_WEL_LIMIT_US, NULL);
	nor_leave(batch, flash);
	return nor_submit(flash, batch, CLYDE_SPI_CHAIN, depth, end, ret_done);
}

int nor_submit_erase(struct clyde_flash *flash, uint64_t address,
	unsigned index, uint64_t done, uint64_t *ret_done)
{
	const struct nor_erase *erase = &flash->erases[index];
	const struct nor_change change = {
		.what = "erase",
		.address = address,
		.limit_us = erase->maximum_us,
	};
	struct nor_batch batch = {.count = 0};

	begin(&batch, flash, &change);
	nor_address(&batch, flash, erase->opcode, address);
	return end(&batch, flash, ERASES_IN_FLIGHT, done, ret_done);
}

int nor_submit_page(struct clyde_flash *flash, uint64_t address,
	const uint8_t *data, uint32_t size, uint64_t done, uint64_t *ret_done)
{
	const struct nor_change change = {
		.what = "program",
		.address = address,
		.limit_us = flash->program_maximum_us,
	};
	struct nor_batch batch = {.count = 0};

	begin(&batch, flash, &change);
	nor_address(&batch, flash, flash->program, address);
	batch.steps[batch.count++] =
		(struct clyde_spi_step){.lanes = 1, .size = size, .out = data};
	return end(&batch, flash, PAGES_IN_FLIGHT, done, ret_done);
}

uint32_t nor_page_rest(
	const struct clyde_flash *flash, uint64_t address, uint64_t size)
{
	uint32_t page = flash->info.page_size;
	uint32_t rest = page - address % page;

	return size < rest ? size : rest;
}

/* ---- Ends -------------------------------------------------------------- */

static int explain(struct clyde_flash *flash, int result)
{
	struct nor_batch disable = {.count = 0};
	const struct nor_change *change = &flash->queue.failed;
	/* Before the poll of BUSY is that of the write enable, behind it that
	   of the latch. */
	int before = flash->queue.failed_step - change->busy_step;
	char bits[NOR_BITS_SIZE];

	if (before == 0)
		return set_error(result,
			"the chip is still busy %g ms after the %s at "
			"0x%06" PRIx64 " has begun, its longest time",
			change->limit_us / 1e3, change->what, change->address);
	nor_command(&disable, 0x04);
	nor_exchange(flash, &disable);
	if (before < 0)
		return set_error(CLYDE_ERROR_PROTECTED,
			"the chip takes no write enable for the %s at "
			"0x%06" PRIx64,
			change->what, change->address);
	nor_bits_text(flash->protected_bits >> NOR_BP_SHIFT, bits);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip ignores the %s at 0x%06" PRIx64
		": it is write protected there (block protection bits %s)",
		change->what, change->address, bits);
}

int nor_finish(struct clyde_flash *flash, int result, uint64_t *ret_done)
{
	struct nor_batch end = {.count = 0};

	/* The end of the chain. */
	nor_poll(&end, 0, 0, 0, NULL);
	if (result == 0)
		result = nor_submit(
			flash, &end, 0, NOR_DEPTH, NOR_NO_CHANGE, ret_done);
	if (result == 0)
		result = nor_collect_to(flash, 0, ret_done);
	if (result == 0)
		return 0;
	nor_abandon(flash, result, ret_done);
	return result == CLYDE_ERROR_LIMIT_PASSED ? explain(flash, result)
						  : result;
}

/* Whether the device does not answer any more, or not as it should. */
static bool is_lost(int result)
{
	switch (result) {
	case CLYDE_ERROR_NO_DEVICE:
	case CLYDE_ERROR_IO:
	case CLYDE_ERROR_STALL:
	case CLYDE_ERROR_BABBLE:
	case CLYDE_ERROR_RESET:
	case CLYDE_ERROR_TIMEOUT:
		return true;
	default:
		return false;
	}
}

int nor_tell_done(
	int result, uint64_t done, uint64_t address, const char *participle)
{
	if (result == CLYDE_ERROR_INTERRUPTED)
		return set_error(result,
			"interrupted; %" PRIu64 " B from 0x%06" PRIx64
			" on are %s",
			done, address, participle);
	if (!is_lost(result))
		return result;
	return set_error(result,
		"%s; %" PRIu64 " B from 0x%06" PRIx64
		" on are %s, and what follows may be in part",
		clyde_error_message(), done, address, participle);
}
