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
	uint64_t address)
{
	batch->address = address;
	nor_enter(batch, flash);
	nor_command(batch, 0x06);
	nor_poll(batch, NOR_WEL, NOR_WEL, ENABLE_LIMIT_US, NULL);
}

static int end(struct nor_batch *batch, struct clyde_flash *flash,
	uint64_t limit_us, unsigned depth, uint64_t end, uint64_t *ret_done)
{
	batch->steps[batch->count - 1].flags |= CLYDE_SPI_DESELECT;
	batch->busy_step = batch->count;
	nor_poll(batch, NOR_BUSY, 0, limit_us, NULL);
	nor_poll(batch, NOR_WEL, 0, NOR_WEL_LIMIT_US, NULL);
	nor_leave(batch, flash);
	return nor_submit(flash, batch, CLYDE_SPI_CHAIN, depth, end, ret_done);
}

int nor_submit_erase(struct clyde_flash *flash, uint64_t address,
	unsigned index, uint64_t done, uint64_t *ret_done)
{
	const struct nor_erase *erase = &flash->erases[index];
	struct nor_batch batch = {.count = 0};

	begin(&batch, flash, address);
	nor_address(&batch, flash, erase->opcode, address);
	return end(&batch, flash, erase->maximum_us, ERASES_IN_FLIGHT, done,
		ret_done);
}

int nor_submit_page(struct clyde_flash *flash, uint64_t address,
	const uint8_t *data, uint32_t size, uint64_t done, uint64_t *ret_done)
{
	struct nor_batch batch = {.count = 0};

	begin(&batch, flash, address);
	nor_address(&batch, flash, flash->program, address);
	batch.steps[batch.count++] =
		(struct clyde_spi_step){.lanes = 1, .size = size, .out = data};
	return end(&batch, flash, flash->program_maximum_us, PAGES_IN_FLIGHT,
		done, ret_done);
}

uint32_t nor_page_rest(
	const struct clyde_flash *flash, uint64_t address, uint64_t size)
{
	uint32_t page = flash->info.page_size;
	uint32_t rest = page - address % page;

	return size < rest ? size : rest;
}

/* ---- Ends -------------------------------------------------------------- */

static int explain(struct clyde_flash *flash, int result, const char *what)
{
	struct nor_batch disable = {.count = 0};
	uint64_t address = flash->queue.failed_address;
	/* Before the poll of BUSY is that of the write enable, behind it that
	   of the latch. */
	int before = flash->queue.failed_step - flash->queue.failed_busy_step;

	if (before == 0)
		return set_error(result,
			"the chip is still busy when the longest time of the "
			"%s at 0x%06" PRIx64 " has passed",
			what, address);
	nor_command(&disable, 0x04);
	nor_exchange(flash, &disable);
	if (before < 0)
		return set_error(CLYDE_ERROR_PROTECTED,
			"the chip takes no write enable for the %s at "
			"0x%06" PRIx64,
			what, address);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip ignores the %s at 0x%06" PRIx64
		": it is write protected there (block protection bits %x)",
		what, address, flash->protected_bits >> NOR_BP_SHIFT);
}

int nor_finish(struct clyde_flash *flash, int result, const char *what,
	uint64_t *ret_done)
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
	nor_abandon(flash, ret_done);
	if (result == CLYDE_ERROR_LIMIT_PASSED)
		result = explain(flash, result, what);
	return result;
}

int nor_tell_done(
	int result, uint64_t done, uint64_t address, const char *participle)
{
	char why[ERROR_SIZE];

	if (result != CLYDE_ERROR_INTERRUPTED)
		return result;
	snprintf(why, sizeof(why), "%s", clyde_error_message());
	return set_error(result,
		"%s; %" PRIu64 " B from 0x%06" PRIx64 " on are %s", why, done,
		address, participle);
}
