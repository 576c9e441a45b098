/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h for flash chips.  A chip is a child of its SPI core.  Its
 * calls use clyde_spi_...() as an application does, so they do not lock the tree:
 * a flag keeps a second call out.
 *
 * A call must never return while it has batches on their way.
 */
#include "nor.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/core/spi.h"

static void destroy(struct object *object)
{
	(void)object;
}

static int check_options(const struct clyde_flash_options *options)
{
	unsigned lanes = options->lanes;

	if (lanes != 0 && lanes != 1 && lanes != 2 && lanes != 4)
		return set_error(CLYDE_ERROR_INVALID,
			"a flash chip is read on 1, 2 or 4 lanes, not on %u",
			lanes);
	if (options->address_size != 0 && options->address_size != 3 &&
		options->address_size != 4)
		return set_error(CLYDE_ERROR_INVALID,
			"an address has 3 or 4 B, not %u",
			options->address_size);
	if (options->page_size & (options->page_size - 1))
		return set_error(CLYDE_ERROR_INVALID,
			"a page of %" PRIu32 " B is no power of two",
			options->page_size);
	if (options->size > 1ull << 32)
		return set_error(CLYDE_ERROR_INVALID,
			"%" PRIu64
			" B are more than addresses of 4 bytes reach",
			options->size);
	return 0;
}

/* The chip as an object, below its SPI core. */
static int adopt(struct clyde_flash *flash, struct clyde_spi *spi)
{
	int result = object_lock(&spi->object);

	if (result < 0)
		return result;
	result = object_init(&flash->object, OBJECT_FLASH, &spi->object,
		spi->object.tree, NULL, destroy);
	object_unlock(&spi->object);
	return result;
}

static int open_chip(struct clyde_spi *spi,
	const struct clyde_flash_options *options,
	struct clyde_flash **ret_flash)
{
	struct clyde_flash *flash;
	int result;

	result = options ? check_options(options) : 0;
	if (result < 0)
		return result;
	flash = calloc(1, sizeof(*flash));
	if (flash == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	atomic_flag_clear(&flash->busy);
	if (options)
		flash->options = *options;
	if (flash->options.lanes == 0)
		flash->options.lanes = 1;
	flash->spi = object_handle(&spi->object);
	flash->device = spi->core.device;
	result = adopt(flash, spi);
	if (result < 0) {
		free(flash);
		return result;
	}
	result = nor_identify(flash);
	if (result < 0) {
		object_close(
			(struct clyde_flash *)object_handle(&flash->object));
		return result;
	}
	*ret_flash = object_handle(&flash->object);
	return 0;
}

CLYDE_API int clyde_flash_open(struct clyde_spi *handle,
	const struct clyde_flash_options *options,
	struct clyde_flash **ret_flash)
{
	return PINNED(spi, handle, open_chip(spi, options, ret_flash));
}

CLYDE_API void clyde_flash_close(struct clyde_flash *flash)
{
	object_close(flash);
}

CLYDE_API clyde_token clyde_flash_token(const struct clyde_flash *flash)
{
	return object_token(flash);
}

static int get_info(
	const struct clyde_flash *flash, struct clyde_flash_info *ret_info)
{
	*ret_info = flash->info;
	return 0;
}

CLYDE_API int clyde_flash_info(
	struct clyde_flash *handle, struct clyde_flash_info *ret_info)
{
	return PINNED(flash, handle, get_info(flash, ret_info));
}

/* ---- One call at a time ------------------------------------------------ */

static int begin(struct clyde_flash *flash)
{
	if (atomic_flag_test_and_set(&flash->busy))
		return set_error(CLYDE_ERROR_BUSY,
			"another call with this flash chip is under way");
	flash->queue.silent = false;
	return 0;
}

static int end(struct clyde_flash *flash, int result)
{
	atomic_flag_clear(&flash->busy);
	return result;
}

/* A call by itself: `expression` is evaluated while no other call is. */
#define ALONE(flash, handle, expression)                       \
	PINNED(flash, handle, ({                               \
		int alone_ = begin(flash);                     \
                                                               \
		alone_ == 0 ? end(flash, expression) : alone_; \
	}))

static int check_range(
	const struct clyde_flash *flash, uint64_t address, uint64_t size)
{
	if (address <= flash->info.size && size <= flash->info.size - address)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"%" PRIu64 " B from 0x%06" PRIx64
		" on are not in the chip, which has %" PRIu64 " B",
		size, address, flash->info.size);
}

static int check_bytes(const struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size)
{
	int result = check_buffer("data", data, size);

	return result < 0 ? result : check_range(flash, address, size);
}

static int check_sectors(
	const struct clyde_flash *flash, uint64_t address, uint64_t size)
{
	uint32_t sector = flash->sizes.size[0];
	int result = check_range(flash, address, size);

	if (result < 0 || (address % sector == 0 && size % sector == 0))
		return result;
	return set_error(CLYDE_ERROR_INVALID,
		"%" PRIu64 " B from 0x%06" PRIx64
		" on are not whole sectors of %u B",
		size, address, sector);
}

static int read_checked(struct clyde_flash *flash, uint64_t address, void *data,
	size_t size, const struct clyde_observer *observer)
{
	int result = check_bytes(flash, address, data, size);

	return result < 0 ? result
			  : nor_read(flash, address, data, size, observer);
}

static int verify_checked(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	int result = check_bytes(flash, address, data, size);

	return result < 0 ? result
			  : nor_verify(flash, address, data, size, observer);
}

static int program_checked(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	int result = check_bytes(flash, address, data, size);

	return result < 0 ? result
			  : nor_program(flash, address, data, size, observer);
}

static int write_checked(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	int result = check_bytes(flash, address, data, size);

	return result < 0 ? result
			  : nor_write(flash, address, data, size, observer);
}

static int erase_checked(struct clyde_flash *flash, uint64_t address,
	uint64_t size, const struct clyde_observer *observer)
{
	int result = check_sectors(flash, address, size);

	return result < 0 ? result : nor_erase(flash, address, size, observer);
}

CLYDE_API int clyde_flash_read(struct clyde_flash *handle, uint64_t address,
	void *data, size_t size, const struct clyde_observer *observer)
{
	return ALONE(flash, handle,
		read_checked(flash, address, data, size, observer));
}

CLYDE_API int clyde_flash_verify(struct clyde_flash *handle, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	return ALONE(flash, handle,
		verify_checked(flash, address, data, size, observer));
}

CLYDE_API int clyde_flash_erase(struct clyde_flash *handle, uint64_t address,
	uint64_t size, const struct clyde_observer *observer)
{
	return ALONE(
		flash, handle, erase_checked(flash, address, size, observer));
}

CLYDE_API int clyde_flash_erase_chip(
	struct clyde_flash *handle, const struct clyde_observer *observer)
{
	return ALONE(flash, handle, nor_erase_chip(flash, observer));
}

CLYDE_API int clyde_flash_program(struct clyde_flash *handle, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	return ALONE(flash, handle,
		program_checked(flash, address, data, size, observer));
}

CLYDE_API int clyde_flash_write(struct clyde_flash *handle, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	return ALONE(flash, handle,
		write_checked(flash, address, data, size, observer));
}

/* ---- Protection -------------------------------------------------------- */

static int get_protection(struct clyde_flash *flash, unsigned *ret_bits)
{
	uint8_t status = 0;
	int result = nor_status_read(flash, 0x05, &status);

	if (result == 0)
		*ret_bits = (status & NOR_BP) >> NOR_BP_SHIFT;
	return result;
}

static int set_protection(struct clyde_flash *flash, unsigned bits)
{
	char wanted[NOR_BITS_SIZE];
	uint8_t status = 0;
	int result;

	if (bits > NOR_BP >> NOR_BP_SHIFT)
		return set_error(CLYDE_ERROR_INVALID,
			"block protection bits are 0 to %x, not %x",
			NOR_BP >> NOR_BP_SHIFT, bits);
	result = nor_begin_change(flash);
	if (result == 0)
		result = nor_protect(flash, bits);
	if (result == 0)
		result = nor_status_read(flash, 0x05, &status);
	if (result < 0)
		return result;
	flash->info.status = status;
	if ((unsigned)(status & NOR_BP) >> NOR_BP_SHIFT == bits)
		return 0;
	nor_bits_text(bits, wanted);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip's status register is %02x, and its block protection "
		"bits are not %s: it is locked, or the chip has fewer bits",
		status, wanted);
}

CLYDE_API int clyde_flash_protection_get(
	struct clyde_flash *handle, unsigned *ret_bits)
{
	return ALONE(flash, handle, get_protection(flash, ret_bits));
}

CLYDE_API int clyde_flash_protection_set(
	struct clyde_flash *handle, unsigned bits)
{
	return ALONE(flash, handle, set_protection(flash, bits));
}
