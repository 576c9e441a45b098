/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Serial programming of AVR chips: instructions of four bytes while RESET is
 * low.  avr.c calls it.
 *
 * The chip must never be sent an instruction while it may be busy, since it
 * ignores that.  So each write is followed by a wait for its longest time, which
 * the core keeps, and by a look at RDY/BSY, which is judged when all is over: a
 * page costs no round trip.
 *
 * Source: the datasheet of ATmega328P, "Serial Downloading", and its "Serial
 * Programming Instruction Set".
 */
#include "avr.h"

#include <stdlib.h>
#include <string.h>

#define ENTER_TRIES 4
/* RESET is high between two tries, and low before the first instruction, for at
   least 20 ms. */
#define HIGH_US 1000
#define LOW_US  20500

#define SPARE_MS 5000 /* of each limit, for the host and its USB */
/* Bytes of instructions in a batch that reads */
#define READ_CHUNK 16384
#define BUSY       1

enum {
	ENABLE = 0xac530000,
	READY = 0xf0000000,
	READ_FLASH = 0x20000000,
	LOAD_FLASH = 0x40000000,
	HIGH_BYTE = 0x08000000, /* of READ_FLASH and LOAD_FLASH */
	WRITE_FLASH = 0x4c000000,
	LOAD_EXTENDED = 0x4d000000,
	READ_EEPROM = 0xa0000000,
	WRITE_EEPROM = 0xc0000000,
	LOAD_EEPROM = 0xc1000000,
	WRITE_EEPROM_PAGE = 0xc2000000,
};

/* Levels of CLYDE_SPI_PINS */
enum { RESET_LOW = 0, RESET_HIGH = 1 };

struct avr_memory isp_flash(const struct avr_chip *chip)
{
	return (struct avr_memory){
		.name = "flash",
		.size = chip->flash,
		.page = chip->flash_page,
		.write_us = chip->flash_us,
	};
}

struct avr_memory isp_eeprom(const struct avr_chip *chip)
{
	return (struct avr_memory){
		.name = "EEPROM",
		.size = chip->eeprom,
		.page = chip->eeprom_page,
		.write_us = chip->eeprom_us,
		.eeprom = true,
	};
}

static uint8_t *put(uint8_t *at, uint32_t instruction)
{
	const uint8_t bytes[4] = {instruction >> 24, instruction >> 16,
		instruction >> 8, instruction};

	memcpy(at, bytes, 4);
	return at + 4;
}

/* A limit for what takes so many bytes and microseconds; 64 bits, so that the
   slowest clock and the largest flash are no special case. */
static int limit_ms(const struct isp *isp, uint64_t bytes, uint64_t us)
{
	uint64_t ms = bytes * 8 * 1000 / isp->rate_hz * 3 / 2 + us / 1000 * 2 +
		SPARE_MS;

	return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

/* ---- Entering --------------------------------------------------------- */

/* SCK is low, and the chip wants RESET to fall then.  A chip that is out of step
   gets a pulse of RESET and another try, as its datasheet says. */
int isp_enter(struct isp *isp)
{
	uint8_t out[4], in[4] = {0};
	const struct clyde_spi_step steps[] = {
		{
			.kind = CLYDE_SPI_PINS,
			.pins = RESET_HIGH,
			.delay_us = HIGH_US,
		},
		{
			.kind = CLYDE_SPI_PINS,
			.pins = RESET_LOW,
			.delay_us = LOW_US,
		},
		{.kind = CLYDE_SPI_TRANSFER, .size = 4, .out = out, .in = in},
	};

	put(out, ENABLE);
	for (unsigned i = 0; i < ENTER_TRIES; i++) {
		int result = clyde_spi_transfer(isp->spi, 0, steps, 3,
			limit_ms(isp, 4, HIGH_US + LOW_US));

		if (result < 0)
			return result;
		if (in[2] == 0x53)
			return 0;
		result = run_stopped(isp->run);
		if (result < 0)
			return result;
	}
	return set_error(CLYDE_ERROR_NO_CHIP,
		"program-avr-spi: no chip answers: the echo is %02x and not 53 "
		"in %d tries; look at its supply, at cipo and at reset, or "
		"take a lower --frequency: it must be below a quarter of the "
		"chip's clock",
		in[2], ENTER_TRIES);
}

void isp_leave(struct isp *isp)
{
	const struct clyde_spi_step step = {
		.kind = CLYDE_SPI_PINS,
		.pins = RESET_HIGH,
		.delay_us = HIGH_US,
	};

	clyde_spi_transfer(isp->spi, 0, &step, 1, limit_ms(isp, 0, HIGH_US));
}

/* ---- Single instructions ---------------------------------------------- */

#define INSTRUCTIONS_MAX 16

int isp_instructions(struct isp *isp, const uint32_t *instructions,
	size_t count, uint8_t *ret_answers)
{
	uint8_t out[4 * INSTRUCTIONS_MAX], in[4 * INSTRUCTIONS_MAX];
	const struct clyde_spi_step step = {
		.kind = CLYDE_SPI_TRANSFER,
		.size = 4 * count,
		.out = out,
		.in = in,
	};
	int result;

	for (size_t i = 0; i < count; i++)
		put(out + 4 * i, instructions[i]);
	result = clyde_spi_transfer(
		isp->spi, 0, &step, 1, limit_ms(isp, 4 * count, 0));
	for (size_t i = 0; i < count && result == 0; i++)
		ret_answers[i] = in[4 * i + 3];
	return result;
}

int isp_instruction(struct isp *isp, uint32_t instruction, uint8_t *ret_answer)
{
	return isp_instructions(isp, &instruction, 1, ret_answer);
}

/* What a change is followed by: the wait, and, if the chip has it, the look at
   RDY/BSY.  Returns the number of steps. */
static unsigned plan_change(const struct isp *isp, uint32_t us,
	const uint8_t *out, uint32_t size, uint8_t ready[4],
	struct clyde_spi_step steps[2])
{
	static const uint8_t question[4] = {READY >> 24};

	steps[0] = (struct clyde_spi_step){
		.kind = CLYDE_SPI_TRANSFER,
		.size = size,
		.out = out,
		.delay_us = us,
	};
	steps[1] = (struct clyde_spi_step){
		.kind = CLYDE_SPI_TRANSFER,
		.size = 4,
		.out = question,
		.in = ready,
	};
	return isp->chip->no_poll ? 1 : 2;
}

int isp_change(struct isp *isp, uint32_t instruction, uint32_t us)
{
	uint8_t out[4] = {0}, ready[4] = {0};
	struct clyde_spi_step steps[2];
	unsigned count = plan_change(isp, us, out, 4, ready, steps);
	int result;

	put(out, instruction);
	result = clyde_spi_transfer(
		isp->spi, 0, steps, count, limit_ms(isp, 8, us));
	if (result == 0 && ready[3] & BUSY)
		result = set_error(CLYDE_ERROR_LIMIT_PASSED,
			"program-avr-spi: the chip is busy %u us after the "
			"instruction %08x, which should be enough",
			us, instruction);
	return result;
}

/* ---- Reading ---------------------------------------------------------- */

static uint8_t *put_read(
	uint8_t *at, const struct avr_memory *memory, uint32_t address)
{
	if (memory->eeprom)
		return put(at, READ_EEPROM | address << 8);
	return put(at,
		READ_FLASH | (address & 1 ? HIGH_BYTE : 0) |
			(address >> 1 & 0xffff) << 8);
}

/* One batch: the instructions for `size` bytes from an address on. */
static int submit_read(struct isp *isp, const struct avr_memory *memory,
	uint32_t address, uint32_t size, uint8_t *in, uint64_t *ret_ticket)
{
	/* Above 128 KiB a third byte of the word address is needed, and stays
	   as it is until it is loaded again. */
	uint8_t out[READ_CHUNK], extended[4];
	uint8_t *end = out;
	struct clyde_spi_step steps[2] = {
		{.kind = CLYDE_SPI_TRANSFER, .size = 4, .out = extended},
		{.kind = CLYDE_SPI_TRANSFER, .out = out, .in = in},
	};
	bool far = !memory->eeprom && memory->size > 0x20000;

	put(extended, LOAD_EXTENDED | (address >> 17 & 0xff) << 8);
	for (uint32_t i = 0; i < size; i++)
		end = put_read(end, memory, address + i);
	steps[1].size = end - out;
	return clyde_spi_submit(isp->spi, 0, far ? steps : steps + 1,
		far ? 2 : 1, 0, ret_ticket,
		limit_ms(isp, UINT64_C(4) * memory->size, 0));
}

int isp_read(struct isp *isp, const struct avr_memory *memory, uint32_t address,
	void *data, uint32_t size)
{
	uint8_t *bytes = data, *in = malloc(UINT64_C(4) * size);
	uint64_t ticket = 0;
	int result = 0;

	if (in == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	for (uint32_t at = 0, part; at < size && result == 0; at += part) {
		/* No part crosses a boundary of 128 KiB. */
		part = READ_CHUNK / 4 - (address + at) % (READ_CHUNK / 4);
		if (part > size - at)
			part = size - at;
		result = run_stopped(isp->run);
		if (result == 0)
			result = submit_read(isp, memory, address + at, part,
				in + UINT64_C(4) * at, &ticket);
		run_progress(isp->run, "read", at, size);
	}
	if (result == 0 && size > 0)
		result = clyde_spi_collect(
			isp->spi, ticket, limit_ms(isp, UINT64_C(4) * size, 0));
	for (uint32_t i = 0; i < size && result == 0; i++)
		bytes[i] = in[UINT64_C(4) * i + 3];
	if (result < 0) {
		/* Batches that are still on their way write to `in`. */
		clyde_spi_close(isp->spi);
		isp->spi = NULL;
	}
	free(in);
	return result;
}

/* ---- Writing ---------------------------------------------------------- */

/* A write under way: the answers to the looks at RDY/BSY, in their order. */
struct writing {
	struct isp *isp;
	const struct avr_memory *memory;
	uint8_t (*ready)[4];
	uint32_t *addresses;
	uint32_t count, capacity;
	uint64_t ticket;
};

static int submit_change(struct writing *writing, uint32_t address,
	const uint8_t *out, uint32_t size)
{
	struct isp *isp = writing->isp;
	uint32_t us = writing->memory->write_us;
	uint8_t *ready = writing->ready[writing->count];
	struct clyde_spi_step steps[2];
	unsigned count = plan_change(isp, us, out, size, ready, steps);

	writing->addresses[writing->count++] = address;
	return clyde_spi_submit(isp->spi, 0, steps, count, 0, &writing->ticket,
		limit_ms(isp, UINT64_C(8) * writing->memory->size,
			(uint64_t)us * writing->capacity));
}

/* Bytes of the page buffer that are not loaded are FFh, which changes nothing
   in an erased flash. */
static int write_flash_page(struct writing *writing, uint32_t page,
	const uint8_t *data, const bool *used)
{
	uint8_t out[4 * (256 + 2)], *end = out;
	uint32_t word = (page >> 1 & 0xffff) << 8;

	for (uint32_t i = 0; i < writing->memory->page; i++)
		if (used[i])
			end = put(end,
				LOAD_FLASH | (i & 1 ? HIGH_BYTE : 0) |
					(word + (i >> 1 << 8)) | data[i]);
	if (writing->memory->size > 0x20000)
		end = put(end, LOAD_EXTENDED | (page >> 17 & 0xff) << 8);
	end = put(end, WRITE_FLASH | word);
	return submit_change(writing, page, out, end - out);
}

/* A page of which the file has a part is written byte by byte: the others must
   stay as they are. */
static int write_eeprom_page(struct writing *writing, uint32_t page,
	uint32_t size, const uint8_t *data, const bool *used)
{
	uint8_t out[4 * 9], *end = out;
	bool all = writing->memory->page > 0;
	int result = 0;

	for (uint32_t i = 0; i < size; i++)
		all = all && used[i];
	for (uint32_t i = 0; i < size && result == 0; i++) {
		uint32_t rest = (page + i) << 8 | data[i];

		if (all)
			end = put(end, LOAD_EEPROM | rest);
		else if (used[i])
			result = submit_change(writing, page + i, out,
				put(out, WRITE_EEPROM | rest) - out);
	}
	if (all) {
		end = put(end, WRITE_EEPROM_PAGE | page << 8);
		result = submit_change(writing, page, out, end - out);
	}
	return result;
}

static bool any(const bool *used, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (used[i])
			return true;
	return false;
}

static int submit_pages(
	struct writing *writing, const uint8_t *data, const bool *used)
{
	const struct avr_memory *memory = writing->memory;
	uint32_t page = memory->page ? memory->page : 1;
	int result = 0;

	for (uint32_t at = 0; at < memory->size && result == 0; at += page) {
		if (!any(used + at, page))
			continue;
		result = run_stopped(writing->isp->run);
		if (result == 0 && memory->eeprom)
			result = write_eeprom_page(
				writing, at, page, data + at, used + at);
		else if (result == 0)
			result = write_flash_page(
				writing, at, data + at, used + at);
		run_progress(writing->isp->run, "write", at, memory->size);
	}
	return result;
}

static int check_ready(const struct writing *writing)
{
	for (uint32_t i = 0; i < writing->count; i++)
		if (writing->ready[i][3] & BUSY)
			return set_error(CLYDE_ERROR_LIMIT_PASSED,
				"program-avr-spi: the chip is busy %u us after "
				"a write to address %#06x of the %s, which "
				"should be enough",
				writing->memory->write_us,
				writing->addresses[i], writing->memory->name);
	return 0;
}

int isp_write(struct isp *isp, const struct avr_memory *memory,
	const uint8_t *data, const bool *used)
{
	uint32_t page = memory->page && !memory->eeprom ? memory->page : 1;
	struct writing writing = {
		.isp = isp,
		.memory = memory,
		.capacity = memory->size / page,
	};
	int result = 0;

	writing.ready = calloc(writing.capacity, sizeof(*writing.ready));
	writing.addresses =
		calloc(writing.capacity, sizeof(*writing.addresses));
	if (writing.ready == NULL || writing.addresses == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (result == 0)
		result = submit_pages(&writing, data, used);
	if (result == 0 && writing.count > 0)
		result = clyde_spi_collect(isp->spi, writing.ticket,
			limit_ms(isp, UINT64_C(8) * memory->size,
				(uint64_t)memory->write_us * writing.count));
	if (result == 0)
		result = check_ready(&writing);
	else {
		/* Batches that are still on their way write to `ready`. */
		clyde_spi_close(isp->spi);
		isp->spi = NULL;
	}
	free(writing.ready);
	free(writing.addresses);
	return result;
}
