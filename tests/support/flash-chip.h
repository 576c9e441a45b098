/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of flash chips: a virtual device with the part flash25, its
   SPI core, and the chip, all open. */
#ifndef TESTS_FLASH_CHIP_H
#define TESTS_FLASH_CHIP_H

#include "clyde-test.h"

#include <stdio.h>

struct chip {
	struct fixture fixture;
	struct clyde_spi *spi;
	struct clyde_flash *flash;
	struct clyde_flash_info info;
	int64_t opened_ns; /* how long clyde_flash_open() took */
};

#define CHIP_SIZE 0x100000 /* of most chips here */

/* The device and its SPI core; `keys` are the part's, each after a colon.  A
   `part` of NULL is a flash25, "" none. */
static inline struct chip chip_wire(
	const char *part, const char *keys, uint32_t rate_hz)
{
	const struct clyde_spi_options options = {
		.sck = "A1",
		.io = {"A2", "A4", "A3", "A0"},
		.cs = {"A5"},
		.rate_hz = rate_hz,
	};
	struct chip chip = {.flash = NULL};
	char uri[512];

	if (part == NULL)
		part = "part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0";
	snprintf(uri, sizeof(uri), "virtual:configured=1%s%s%s",
		*part ? "," : "", part, keys);
	chip.fixture = open_uri(uri);
	assert_int_equal(clyde_fpga_load_image(chip.fixture.device), 0);
	assert_int_equal(clyde_supply_set(chip.fixture.device, 3, 3300), 0);
	if (clyde_spi_open(chip.fixture.device, &options, &chip.spi) < 0)
		fail_msg("%s", clyde_error_message());
	return chip;
}

static inline int chip_identify(
	struct chip *chip, const struct clyde_flash_options *options)
{
	int64_t begun = now_ns(chip->fixture.device);
	int result = clyde_flash_open(chip->spi, options, &chip->flash);

	chip->opened_ns = now_ns(chip->fixture.device) - begun;
	if (result == 0)
		assert_int_equal(clyde_flash_info(chip->flash, &chip->info), 0);
	return result;
}

static inline struct chip chip_open_at(
	const char *keys, unsigned lanes, uint32_t rate_hz)
{
	const struct clyde_flash_options options = {.lanes = lanes};
	struct chip chip = chip_wire(NULL, keys, rate_hz);

	if (chip_identify(&chip, &options) < 0)
		fail_msg("%s", clyde_error_message());
	return chip;
}

static inline struct chip chip_open(const char *keys)
{
	return chip_open_at(keys, 1, 24000000);
}

static inline void chip_close(struct chip *chip)
{
	close_fixture(&chip->fixture);
}

/* Fails the test with the sentence if a call has failed. */
#define OK(call)                                                          \
	do {                                                              \
		int ok_ = (call);                                         \
                                                                          \
		if (ok_ < 0)                                              \
			fail_msg("%s: %s", #call, clyde_error_message()); \
	} while (0)

/* Bytes that look random, and repeat. */
static inline uint64_t chip_draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void chip_fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < size; i++)
		bytes[i] = chip_draw(&state) >> 32;
}

#endif
