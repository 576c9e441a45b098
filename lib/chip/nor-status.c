/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The status registers of a flash chip: quad enable, block protection, and
 * whether the chip takes a write enable at all.
 */
#include "nor.h"

/* The longest write of a status register of common datasheets is 40 ms
   (Macronix) to 200 ms (Spansion). */
#define STATUS_LIMIT_US 500000
/* A chip refuses writes for some ms after power-up: tPUW is 10 ms at most. */
#define ENABLE_TRIES 20

int nor_status_read(struct clyde_flash *flash, uint8_t opcode, uint8_t *ret)
{
	struct nor_batch batch = {.count = 0};

	nor_command(&batch, opcode);
	batch.steps[0].flags = 0;
	batch.steps[1] = (struct clyde_spi_step){
		.flags = CLYDE_SPI_DESELECT, .lanes = 1, .size = 1, .in = ret};
	batch.count = 2;
	return nor_exchange(flash, &batch);
}

int nor_status_write(struct clyde_flash *flash, uint8_t opcode,
	const uint8_t *values, unsigned size, bool for_now)
{
	struct nor_batch batch = {.count = 0};
	uint8_t busy = 0, latch = 0;
	int result;

	nor_command(&batch, for_now ? 0x50 : 0x06);
	nor_command(&batch, opcode);
	batch.steps[1].flags = 0;
	batch.steps[2] = (struct clyde_spi_step){.flags = CLYDE_SPI_DESELECT,
		.lanes = 1,
		.size = size,
		.out = values};
	batch.count = 3;
	nor_poll(&batch, NOR_BUSY, 0, STATUS_LIMIT_US, &busy);
	nor_poll(&batch, NOR_WEL, 0, NOR_WEL_LIMIT_US, &latch);
	result = nor_exchange(flash, &batch);
	if (result != CLYDE_ERROR_LIMIT_PASSED)
		return result;
	/* The second poll: the chip has not taken the command. */
	if (flash->queue.failed_step == 4)
		return set_error(CLYDE_ERROR_PROTECTED,
			"the chip does not write its status register, which is "
			"locked: is WP# low?");
	return set_error(result,
		"the chip is still busy %d ms after a write of its status "
		"register",
		STATUS_LIMIT_US / 1000);
}

/* ---- Quad enable ------------------------------------------------------- */

/* The kinds of JESD216B, word 15. */
static const struct {
	uint8_t read;   /* opcode; 0: the register cannot be read */
	uint8_t mask;   /* of QE */
	uint8_t write;  /* opcode */
	uint8_t second; /* QE is in the second of two bytes */
} kinds[] = {
	[1] = {0x35, 0x02, 0x01, 1},
	[2] = {0x05, 0x40, 0x01, 0},
	[3] = {0x3f, 0x80, 0x3e, 0},
	[4] = {0, 0x02, 0x01, 1},
	[5] = {0x35, 0x02, 0x01, 1},
	[6] = {0x35, 0x02, 0x31, 0},
};

int nor_enable_quad(struct clyde_flash *flash)
{
	uint8_t values[2] = {0, 0}, first = flash->info.status, now = 0;
	unsigned qer = flash->qer;
	int result = 0;

	if (qer == 0)
		return 0;
	if (kinds[qer].read)
		result = nor_status_read(flash, kinds[qer].read, &now);
	if (result < 0 || now & kinds[qer].mask)
		return result;
	/* Unlike 50h, a chip refuses 06h for some time after power-up. */
	if (!flash->volatile_status)
		result = nor_begin_change(flash);
	if (result < 0)
		return result;
	values[0] = now | kinds[qer].mask;
	if (kinds[qer].second) {
		values[1] = values[0];
		values[0] = first & ~(NOR_BUSY | NOR_WEL);
	}
	result = nor_status_write(flash, kinds[qer].write, values,
		1 + kinds[qer].second, flash->volatile_status);
	if (result < 0 || kinds[qer].read == 0)
		return result;
	result = nor_status_read(flash, kinds[qer].read, &now);
	if (result == 0 && !(now & kinds[qer].mask))
		return set_error(CLYDE_ERROR_PROTECTED,
			"the chip does not set its quad enable bit: its status "
			"register is locked; use one lane or two");
	return result;
}

/* QE is left as it is, in whichever register it is: QER 1 has chips whose second
   register is cleared by a write of one byte. */
int nor_protect(struct clyde_flash *flash, unsigned bits)
{
	uint8_t values[2] = {0, 0};
	unsigned size = 1;
	int result = nor_status_read(flash, 0x05, &values[0]);

	if (result == 0 && flash->qer == 1) {
		result = nor_status_read(flash, 0x35, &values[1]);
		size = 2;
	}
	if (result < 0)
		return result;
	values[0] &= ~(NOR_BUSY | NOR_WEL | NOR_BP);
	values[0] |= bits << NOR_BP_SHIFT;
	return nor_status_write(flash, 0x01, values, size, false);
}

void nor_bits_text(unsigned bits, char text[NOR_BITS_SIZE])
{
	for (unsigned i = 0; i < NOR_BITS_SIZE - 1; i++)
		text[i] = '0' + (bits >> (NOR_BITS_SIZE - 2 - i) & 1);
	text[NOR_BITS_SIZE - 1] = '\0';
}

/* ---- Changes ----------------------------------------------------------- */

int nor_begin_change(struct clyde_flash *flash)
{
	uint8_t status = 0;
	int result = 0;

	for (unsigned i = 0; i < ENABLE_TRIES && result == 0; i++) {
		struct nor_batch batch = {.count = 0};

		nor_command(&batch, 0x06);
		batch.steps[0].delay_us = i > 0 ? 1000 : 0;
		nor_poll(&batch, 0, 0, 0, &status);
		nor_command(&batch, 0x04);
		result = nor_exchange(flash, &batch);
		if (result == 0 && status & NOR_WEL && !(status & NOR_BUSY)) {
			flash->protected_bits = status & NOR_BP;
			return 0;
		}
	}
	if (result < 0)
		return result;
	if (status & NOR_BUSY)
		return set_error(CLYDE_ERROR_LIMIT_PASSED,
			"the chip is busy (status %02x): it may be erasing "
			"still",
			status);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip takes no write enable (status %02x)", status);
}
