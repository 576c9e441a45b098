/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The operations on an SPI NOR flash chip, for the applets memory-25q and
 * memory-25x.  clyde_flash_...() does the work: its sentences name addresses and
 * what is done when it is interrupted.  Here files, bytes and reports are added.
 */
#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Opening ---------------------------------------------------------- */

static int find_pins(struct clyde_run *run, struct spi_pins *pins)
{
	const struct clyde_pin *cs, *sck, *io;
	unsigned count;

	run_pins(run, "cs", &cs);
	run_pins(run, "sck", &sck);
	count = run_pins(run, "io", &io);
	if (count != 2 && count != 4)
		return set_error(CLYDE_ERROR_INVALID,
			"io: 4 pins are wanted, COPI, CIPO, WP# and HOLD#, or "
			"the first 2 of them, and not %u",
			count);
	*pins = (struct spi_pins){.sck = sck, .cs = {cs}};
	for (unsigned i = 0; i < count; i++)
		pins->io[i] = &io[i];
	return 0;
}

static int parse_bits(const char *text, unsigned *ret_bits)
{
	size_t size = strlen(text);

	*ret_bits = 0;
	if (size == 0 || size > 4 || strspn(text, "01") != size)
		return set_error(CLYDE_ERROR_INVALID,
			"bits: one to four binary digits are wanted, 0000 for "
			"no protection, and not '%s'",
			text);
	for (; *text; text++)
		*ret_bits = *ret_bits << 1 | (*text == '1');
	return 0;
}

static int check_bits(struct clyde_run *run)
{
	const char *text = run_text(run, "bits");
	unsigned bits;

	return text ? parse_bits(text, &bits) : 0;
}

int m25_claim(struct clyde_run *run, const struct memory_options *options)
{
	struct spi_pins pins;
	int result = find_pins(run, &pins);

	if (result < 0)
		return result;
	if (options->chip.lanes == 4 && pins.io[3] == NULL)
		return set_error(CLYDE_ERROR_INVALID,
			"--quad-spi needs 4 pins, and --io has 2");
	if (options->takes_bytes)
		result = source_check(run);
	if (result == 0)
		result = check_bits(run);
	return result < 0 ? result : run_claim_spi(run, &pins);
}

static void pin_text(const struct clyde_pin *pin, char text[8])
{
	snprintf(text, 8, "%c%u%s", 'A' + pin->port, pin->number,
		pin->invert ? "#" : "");
}

static void tell_pins(struct clyde_run *run, const struct spi_pins *pins)
{
	char cs[8], sck[8], io[40] = "";

	pin_text(pins->cs[0], cs);
	pin_text(pins->sck, sck);
	for (unsigned i = 0; i < 4 && pins->io[i]; i++) {
		char pin[8];

		pin_text(pins->io[i], pin);
		snprintf(io + strlen(io), sizeof(io) - strlen(io), "%s%s",
			i ? "," : "", pin);
	}
	run_tell(run, "pins",
		(const struct clyde_field[]){TEXT_FIELD("cs", cs),
			TEXT_FIELD("sck", sck), TEXT_FIELD("io", io),
			COUNT_FIELD("rate_hz", run_value(run, "frequency")),
			END_FIELD},
		"pins: --cs %s --sck %s --io %s", cs, sck, io);
}

static void progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	run_progress(user, what, done, total);
}

/* The pins to look at are the user's. */
static int name_pins(const struct spi_pins *pins, int result)
{
	char cs[8], cipo[8];

	if (result != CLYDE_ERROR_NO_CHIP)
		return result;
	pin_text(pins->cs[0], cs);
	pin_text(pins->io[1], cipo);
	return set_error(result,
		"%s (CS# is %s, CIPO %s); a chip that sleeps needs --reset",
		clyde_error_message(), cs, cipo);
}

static int open_chip(struct memory *memory, const struct spi_pins *pins,
	const struct clyde_flash_options *options)
{
	const struct clyde_spi_options spi = {
		.rate_hz = run_value(memory->run, "frequency")};
	int result = run_spi(memory->run, &spi, &memory->spi);

	if (result == 0)
		result = clyde_flash_open(memory->spi, options, &memory->flash);
	if (result == 0)
		result = clyde_flash_info(memory->flash, &memory->info);
	return name_pins(pins, result);
}

int m25_open(struct clyde_run *run, const struct memory_options *options,
	struct memory *memory)
{
	struct spi_pins pins;
	int result = find_pins(run, &pins);

	*memory = (struct memory){
		.run = run, .observer = {.progress = progress, .user = run}};
	if (result == 0 && options->takes_bytes)
		result = source_load(run, &memory->source);
	if (result < 0)
		return result;
	tell_pins(run, &pins);
	result = open_chip(memory, &pins, &options->chip);
	if (result < 0)
		m25_close(memory);
	return result;
}

void m25_close(struct memory *memory)
{
	clyde_flash_close(memory->flash);
	clyde_spi_close(memory->spi);
	source_free(&memory->source);
	memory->flash = NULL;
	memory->spi = NULL;
}

/* ---- Identification --------------------------------------------------- */

static void size_text(uint64_t size, char text[32])
{
	if (size >= 1 << 20 && size % (1 << 20) == 0)
		snprintf(text, 32, "%" PRIu64 " MiB", size >> 20);
	else if (size >= 1 << 10 && size % (1 << 10) == 0)
		snprintf(text, 32, "%" PRIu64 " KiB", size >> 10);
	else
		snprintf(text, 32, "%" PRIu64 " B", size);
}

/* JEDEC's numbers have an odd number of ones (JEP106), so what two chips or a
   bad wire make of one often has not. */
static const char *maker_of(const struct clyde_flash_info *info)
{
	if (info->maker)
		return info->maker;
	if (__builtin_parity(info->jedec[0]))
		return "unknown maker";
	return "unknown maker, whose number is none of JEDEC's (two chips, or "
	       "a bad wire?)";
}

static void tell_chip(struct memory *memory)
{
	const struct clyde_flash_info *info = &memory->info;
	const char *maker = maker_of(info);
	char jedec[8], size[32];

	snprintf(jedec, sizeof(jedec), "%02x%02x%02x", info->jedec[0],
		info->jedec[1], info->jedec[2]);
	size_text(info->size, size);
	run_tell(memory->run, "chip",
		(const struct clyde_field[]){TEXT_FIELD("jedec", jedec),
			TEXT_FIELD("maker", maker),
			COUNT_FIELD("size", info->size),
			COUNT_FIELD("page_size", info->page_size),
			COUNT_FIELD("address_size", info->address_size),
			COUNT_FIELD("lanes", info->lanes), END_FIELD},
		"chip: %s, JEDEC %s, %s; pages of %" PRIu32 " B, addresses of "
		"%u B, read on %u lane%s",
		maker, jedec, size, info->page_size, info->address_size,
		info->lanes, info->lanes == 1 ? "" : "s");
}

static void tell_sfdp(struct memory *memory)
{
	const struct clyde_flash_info *info = &memory->info;
	char version[16] = "";

	if (info->sfdp)
		snprintf(version, sizeof(version), "%u.%u", info->sfdp_major,
			info->sfdp_minor);
	run_tell(memory->run, "sfdp",
		(const struct clyde_field[]){
			TEXT_FIELD("version", version), END_FIELD},
		info->sfdp ? "SFDP: version %s"
			   : "SFDP: none%s; size and commands are guessed from "
			     "the JEDEC identification",
		version);
}

static void tell_times(struct memory *memory)
{
	const struct clyde_flash_info *info = &memory->info;

	for (unsigned i = 0; i < CLYDE_FLASH_ERASES; i++) {
		const struct clyde_flash_erase *erase = &info->erases[i];
		char size[32];

		if (erase->size == 0)
			break;
		size_text(erase->size, size);
		run_tell(memory->run, "erases",
			(const struct clyde_field[]){
				COUNT_FIELD("size", erase->size),
				COUNT_FIELD("typical_us", erase->typical_us),
				COUNT_FIELD("maximum_us", erase->maximum_us),
				END_FIELD},
			"erase of %s: %.6g ms, at most %.6g ms", size,
			erase->typical_us / 1e3, erase->maximum_us / 1e3);
	}
	run_tell(memory->run, "times",
		(const struct clyde_field[]){
			COUNT_FIELD("program_us", info->program_us),
			COUNT_FIELD("chip_erase_ms", info->chip_erase_ms),
			END_FIELD},
		"program of a page: %.6g ms; erase of the chip: %.6g s",
		info->program_us / 1e3, info->chip_erase_ms / 1e3);
}

static void tell_protection(struct memory *memory, unsigned bits)
{
	char digits[5];

	for (unsigned i = 0; i < 4; i++)
		digits[i] = '0' + (bits >> (3 - i) & 1);
	digits[4] = '\0';
	run_tell(memory->run, "protection",
		(const struct clyde_field[]){TEXT_FIELD("bits", digits),
			FLAG_FIELD("protected", bits != 0), END_FIELD},
		"block protection bits: %s (%s)", digits,
		bits ? "some blocks are protected" : "all blocks are writable");
}

static int read_protection(struct memory *memory)
{
	unsigned bits;
	int result = clyde_flash_protection_get(memory->flash, &bits);

	if (result == 0)
		tell_protection(memory, bits);
	return result;
}

int m25_identify(struct memory *memory)
{
	tell_chip(memory);
	tell_sfdp(memory);
	tell_times(memory);
	return read_protection(memory);
}

int m25_protect(struct memory *memory)
{
	const char *text = run_text(memory->run, "bits");
	unsigned bits;
	int result = text ? parse_bits(text, &bits) : 0;

	if (result == 0 && text)
		result = clyde_flash_protection_set(memory->flash, bits);
	return result < 0 ? result : read_protection(memory);
}

/* ---- Reading ---------------------------------------------------------- */

int m25_check_range(struct memory *memory, const char *what, uint64_t address,
	uint64_t length)
{
	uint64_t size = memory->info.size;

	if (address >= size)
		return set_error(CLYDE_ERROR_INVALID,
			"address 0x%" PRIx64 " is not in the chip, which ends "
			"at 0x%" PRIx64,
			address, size - 1);
	if (length > size - address)
		return set_error(CLYDE_ERROR_INVALID,
			"%s is too large: %" PRIu64
			" B, and the chip has %" PRIu64 " B from 0x%" PRIx64
			" on",
			what, length, size - address, address);
	return 0;
}

static void tell_done(struct memory *memory, const char *operation,
	const char *done, uint64_t address, uint64_t size)
{
	run_tell(memory->run, "results",
		(const struct clyde_field[]){TEXT_FIELD("operation", operation),
			COUNT_FIELD("address", address),
			COUNT_FIELD("size", size), END_FIELD},
		"%s: %" PRIu64 " B from 0x%" PRIx64, done, size, address);
}

/* A line of a dump, 16 bytes. */
static void tell_line(struct memory *memory, uint64_t address,
	const uint8_t *data, size_t size)
{
	char hex[33], spaced[50], letters[17];

	for (size_t i = 0; i < size; i++) {
		snprintf(hex + 2 * i, 3, "%02x", data[i]);
		snprintf(spaced + 3 * i, 4, "%02x ", data[i]);
		letters[i] =
			data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '.';
	}
	letters[size] = '\0';
	run_tell(memory->run, "bytes",
		(const struct clyde_field[]){COUNT_FIELD("address", address),
			TEXT_FIELD("hex", hex), END_FIELD},
		"%08" PRIx64 "  %-48s |%s|", address, spaced, letters);
}

static int dump(struct memory *memory, uint64_t address, const uint8_t *data,
	size_t size)
{
	int result = 0;

	for (size_t at = 0; at < size && result == 0; at += 16) {
		tell_line(memory, address + at, data + at,
			size - at < 16 ? size - at : 16);
		result = run_stopped(memory->run);
	}
	return result;
}

static int read_to_file(
	struct memory *memory, uint64_t address, uint8_t *data, size_t size)
{
	struct sink sink;
	int result = sink_open(memory->run, &sink);

	if (result < 0)
		return result;
	result = clyde_flash_read(
		memory->flash, address, data, size, &memory->observer);
	result = sink_close(&sink, result, data, size);
	if (result == 0)
		tell_done(memory, "read", "read", address, size);
	return result;
}

int m25_read(struct memory *memory, uint64_t address, uint64_t length)
{
	int result = m25_check_range(memory, "the length", address, length);
	uint8_t *data;

	if (result < 0)
		return result;
	data = malloc(length);
	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (run_given(memory->run, "file")) {
		result = read_to_file(memory, address, data, length);
	} else {
		result = clyde_flash_read(memory->flash, address, data, length,
			&memory->observer);
		if (result == 0)
			result = dump(memory, address, data, length);
	}
	free(data);
	return result;
}

/* ---- With the user's bytes -------------------------------------------- */

typedef int change_function(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer);

/* The remedy, in the words of the applets. */
static int add_remedy(int result)
{
	if (result != CLYDE_ERROR_PROTECTED)
		return result;
	return set_error(result, "%s; the verb protect with 0000 allows all",
		clyde_error_message());
}

static int with_source(struct memory *memory, uint64_t address,
	change_function *how, const char *operation, const char *done)
{
	const struct source *source = &memory->source;
	int result =
		m25_check_range(memory, source->what, address, source->size);

	if (result == 0)
		result = how(memory->flash, address, source->data, source->size,
			&memory->observer);
	if (result == 0)
		tell_done(memory, operation, done, address, source->size);
	return add_remedy(result);
}

int m25_verify(struct memory *memory, uint64_t address)
{
	return with_source(
		memory, address, clyde_flash_verify, "verify", "verify PASS");
}

int m25_program(struct memory *memory, uint64_t address)
{
	return with_source(memory, address, clyde_flash_program, "program",
		"programmed, not verified");
}

int m25_write(struct memory *memory, uint64_t address)
{
	int result = with_source(memory, address, clyde_flash_write, "write",
		"written and verified");

	if (result != CLYDE_ERROR_INTERRUPTED)
		return result;
	return set_error(result, "%s; the same command goes on from there",
		clyde_error_message());
}

/* ---- Erasing ---------------------------------------------------------- */

int m25_erase(struct memory *memory, uint64_t address, uint64_t length)
{
	int result = m25_check_range(memory, "the length", address, length);

	if (result == 0)
		result = clyde_flash_erase(
			memory->flash, address, length, &memory->observer);
	if (result == 0)
		tell_done(memory, "erase", "erased", address, length);
	return add_remedy(result);
}

int m25_erase_all(struct memory *memory)
{
	int result = clyde_flash_erase_chip(memory->flash, &memory->observer);

	if (result == 0)
		tell_done(memory, "erase-all", "erased", 0, memory->info.size);
	return add_remedy(result);
}

uint32_t m25_erase_size(const struct memory *memory, uint32_t least)
{
	const struct clyde_flash_erase *erases = memory->info.erases;
	uint32_t size = erases[0].size;

	for (unsigned i = 0; i < CLYDE_FLASH_ERASES && erases[i].size; i++) {
		size = erases[i].size;
		if (size >= least)
			break;
	}
	return size;
}
