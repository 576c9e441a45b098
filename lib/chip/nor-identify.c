/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What a chip is: its JEDEC identification, twice, and its SFDP tables, in two
 * round trips, and a third one for quad enable.  Called by clyde_flash_open().
 */
#include "nor.h"

#include <stdlib.h>
#include <string.h>

#define ID_SIZE    3
#define RESET_US   100 /* tRST of W25Q: 30 us */
#define RELEASE_US 40  /* tRES1 of the slowest common chips: 30 us */

struct answers {
	uint8_t id[2][ID_SIZE];
	uint8_t status;
	uint8_t headers[SFDP_HEADERS_SIZE];
	uint8_t basic[SFDP_BASIC_SIZE];
	uint8_t four[SFDP_FOUR_SIZE];
};

static void add_in(struct nor_batch *batch, void *data, unsigned size)
{
	batch->steps[batch->count++] =
		(struct clyde_spi_step){.flags = CLYDE_SPI_DESELECT,
			.lanes = 1,
			.size = size,
			.in = data};
}

/* A command of one byte, and its answer. */
static void ask(
	struct nor_batch *batch, uint8_t opcode, void *data, unsigned size)
{
	nor_command(batch, opcode);
	batch->steps[batch->count - 1].flags = 0;
	add_in(batch, data, size);
}

/* 5Ah always has an address of 3 bytes and 8 dummy clocks. */
static void ask_sfdp(
	struct nor_batch *batch, uint32_t address, void *data, unsigned size)
{
	uint8_t *bytes = batch->bytes + batch->used;

	batch->used += 4;
	bytes[0] = 0x5a;
	bytes[1] = address >> 16;
	bytes[2] = address >> 8;
	bytes[3] = address;
	batch->steps[batch->count++] = (struct clyde_spi_step){
		.lanes = 1, .size = 4, .out = bytes, .dummy = 8};
	add_in(batch, data, size);
}

/* ---- Reset ------------------------------------------------------------- */

/*
 * Two clocks of ones on all lanes are FFh in QPI, which leaves it.  Then 16
 * clocks of ones are an address and mode bits that end continuous read, of two
 * or of four lanes.  66h 99h resets, ABh wakes.  A chip that is in none of these
 * modes ignores what is not for it.
 */
static int reset(struct clyde_flash *flash)
{
	static const uint8_t ones[8] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	unsigned lanes = flash->options.lanes;
	struct nor_batch batch = {.count = 2};

	batch.steps[0] = (struct clyde_spi_step){.kind = CLYDE_SPI_BITS,
		.flags = CLYDE_SPI_DESELECT,
		.lanes = 1,
		.bits = 2,
		.out = ones};
	if (lanes == 4) {
		batch.steps[0].kind = CLYDE_SPI_TRANSFER;
		batch.steps[0].lanes = 4;
		batch.steps[0].size = 1;
		batch.steps[0].bits = 0;
	}
	batch.steps[1] = (struct clyde_spi_step){.flags = CLYDE_SPI_DESELECT,
		.lanes = lanes,
		.size = 2 * lanes,
		.out = ones};
	nor_command(&batch, 0x66);
	nor_command(&batch, 0x99);
	batch.steps[batch.count - 1].delay_us = RESET_US;
	nor_command(&batch, 0xab);
	batch.steps[batch.count - 1].delay_us = RELEASE_US;
	return nor_exchange(flash, &batch);
}

/* ---- Identification ---------------------------------------------------- */

static bool all_are(const struct answers *answers, uint8_t byte)
{
	for (unsigned i = 0; i < 2 * ID_SIZE; i++)
		if (answers->id[i / ID_SIZE][i % ID_SIZE] != byte)
			return false;
	return true;
}

static int check_id(const struct answers *answers)
{
	const uint8_t *first = answers->id[0], *second = answers->id[1];

	if (all_are(answers, 0xff))
		return set_error(CLYDE_ERROR_NO_CHIP,
			"no chip answers: IO1 (CIPO) is always high, so "
			"nothing "
			"drives it; look at its pin, at CS#, and at the chip's "
			"supply");
	if (all_are(answers, 0))
		return set_error(CLYDE_ERROR_NO_CHIP,
			"no chip answers: IO1 (CIPO) is always low; look at "
			"its "
			"pin, which something holds low, and at the chip's "
			"supply");
	if (memcmp(first, second, ID_SIZE) != 0)
		return set_error(CLYDE_ERROR_NO_CHIP,
			"the chip's identification is %02x %02x %02x, then "
			"%02x "
			"%02x %02x: two chips drive IO1 (CIPO), or the signal "
			"is bad; try a lower frequency",
			first[0], first[1], first[2], second[0], second[1],
			second[2]);
	return 0;
}

static int ask_first(struct clyde_flash *flash, struct answers *answers)
{
	struct nor_batch batch = {.count = 0};
	int result;

	ask(&batch, 0x9f, answers->id[0], ID_SIZE);
	ask_sfdp(&batch, 0, answers->headers, SFDP_HEADERS_SIZE);
	ask(&batch, 0x05, &answers->status, 1);
	ask(&batch, 0x9f, answers->id[1], ID_SIZE);
	result = nor_exchange(flash, &batch);
	return result < 0 ? result : check_id(answers);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The tables, if there are any: *ret_has says so. */
static int ask_tables(struct clyde_flash *flash, struct answers *answers,
	struct sfdp *ret_sfdp, bool *ret_has)
{
	struct sfdp_table basic, four = {.size = 0};
	struct nor_batch batch = {.count = 0};
	const char *wrong;
	int result;

	*ret_has = false;
	if (!sfdp_find(answers->headers, SFDP_HEADERS_SIZE, SFDP_BASIC, &basic))
		return 0;
	if (basic.size == 0)
		return 0;
	sfdp_find(answers->headers, SFDP_HEADERS_SIZE, SFDP_FOUR_BYTES, &four);
	ask_sfdp(&batch, basic.address, answers->basic,
		least(basic.size, SFDP_BASIC_SIZE));
	if (four.size >= SFDP_FOUR_SIZE)
		ask_sfdp(&batch, four.address, answers->four, SFDP_FOUR_SIZE);
	result = nor_exchange(flash, &batch);
	if (result < 0)
		return result;
	wrong = sfdp_basic(&basic, answers->basic,
		least(basic.size, SFDP_BASIC_SIZE), ret_sfdp);
	if (wrong)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"the chip %02x %02x %02x cannot be used: %s",
			answers->id[0][0], answers->id[0][1], answers->id[0][2],
			wrong);
	if (four.size >= SFDP_FOUR_SIZE)
		sfdp_four_bytes(answers->four, SFDP_FOUR_SIZE, ret_sfdp);
	*ret_has = true;
	return 0;
}

int nor_identify(struct clyde_flash *flash)
{
	struct answers answers = {.status = 0};
	struct sfdp sfdp;
	bool has = false;
	int result = 0;

	if (flash->options.reset)
		result = reset(flash);
	if (result == 0)
		result = ask_first(flash, &answers);
	if (result == 0)
		result = ask_tables(flash, &answers, &sfdp, &has);
	if (result < 0)
		return result;
	memcpy(flash->info.jedec, answers.id[0], ID_SIZE);
	flash->info.status = answers.status;
	result = nor_setup(flash, has ? &sfdp : NULL);
	if (result == 0 && flash->read.data_lanes == 4)
		result = nor_enable_quad(flash);
	return result;
}
