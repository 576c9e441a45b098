/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of the applet memory-25x, and what each of its verbs does.  It is
 * for upstream's command lines (software/glasgow/applet/memory/_25x/__init__.py);
 * memory-25q is the applet for new ones.  The operations are those of memory-25q.
 */
#include "applets/shared/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct clyde_parameter parameters[] = {
	MEMORY_PINS("A5", "A1", "A2,A4,A3,A0"),
	{
		.name = "operation",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.initial = "identify",
		.choices = "identify read fast-read program-page program "
			   "erase-sector erase-block erase-chip erase-program "
			   "protect verify",
		.choices_help =
			"Say what the chip is\n"
			"Read a range, into a file or as a hex dump\n"
			"As read\n"
			"Program a range that is erased, without verifying it\n"
			"As program-page\n"
			"Erase the sectors, mostly of 4 KiB, at these "
			"addresses\n"
			"Erase the blocks, mostly of 64 KiB, at these "
			"addresses\n"
			"Erase the chip\n"
			"Make a range hold these bytes: erase and program only "
			"what differs, and verify it\n"
			"Read or write the block protection bits\n"
			"Compare a range with a file or with bytes",
		.help = "What to do",
	},
	{
		.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.maximum = UINT32_MAX,
		.required = true,
		.verbs = "read fast-read program-page program erase-program "
			 "verify",
		.help = "The first byte",
	},
	{
		.name = "length",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.minimum = 1,
		.maximum = UINT64_C(1) << 32,
		.required = true,
		.verbs = "read fast-read",
		.help = "Number of bytes",
	},
	{
		.name = "addresses",
		.type = CLYDE_PARAMETER_WORDS,
		.positional = true,
		.required = true,
		.verbs = "erase-sector erase-block",
		.help = "An address in each sector or block",
	},
	{
		.name = "bits",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.verbs = "protect",
		.help = "The bits to write, such as 0000; without them, the "
			"bits are read",
	},
	{
		.name = "file",
		.key = 'f',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read fast-read program-page program erase-program "
			 "verify",
		.help = "The file with the bytes",
	},
	{
		.name = "data",
		.key = 'd',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "program-page program erase-program verify",
		.help = "The bytes, as hex digits, in the place of a file",
	},
	{
		.name = "page-size",
		.key = 'P',
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = 1 << 20,
		.verbs = "program erase-program",
		.help = "For upstream's command lines: accepted, and not used, "
			"since the chip says it",
	},
	{
		.name = "sector-size",
		.key = 'S',
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = 1 << 20,
		.verbs = "erase-program",
		.help = "For upstream's command lines: accepted, and not used, "
			"since the chip says it",
	},
	{0},
};

static int parse_address(const char *word, uint64_t *ret_address)
{
	char *end;

	errno = 0;
	*ret_address = strtoull(word, &end, 0);
	if (*end || end == word || *word == '-' || errno)
		return set_error(CLYDE_ERROR_INVALID,
			"'%s' is not an address like 4096 or 0x1000", word);
	return 0;
}

static int check_addresses(struct clyde_run *run)
{
	char *const *words;
	unsigned count = run_words(run, "addresses", &words);
	uint64_t address;
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++)
		result = parse_address(words[i], &address);
	return result;
}

/* An address is that of any byte of its sector, as for the chip. */
static int erase_each(struct memory *memory, uint32_t least)
{
	uint32_t size = m25_erase_size(memory, least);
	char *const *words;
	unsigned count = run_words(memory->run, "addresses", &words);
	uint64_t address;
	int result = 0;

	/* All addresses are looked at before the first erase. */
	for (unsigned i = 0; i < count && result == 0; i++) {
		parse_address(words[i], &address);
		result = m25_check_range(memory, "the sector", address, 1);
	}
	for (unsigned i = 0; i < count && result == 0; i++) {
		parse_address(words[i], &address);
		result = m25_erase(memory, address - address % size, size);
	}
	return result;
}

static int operate(struct memory *memory)
{
	struct clyde_run *run = memory->run;
	uint64_t address = run_value(run, "address");

	if (run_chosen(run, "operation", "read") ||
		run_chosen(run, "operation", "fast-read"))
		return m25_read(memory, address, run_value(run, "length"));
	if (run_chosen(run, "operation", "program-page") ||
		run_chosen(run, "operation", "program"))
		return m25_program(memory, address);
	if (run_chosen(run, "operation", "erase-sector"))
		return erase_each(memory, 1);
	if (run_chosen(run, "operation", "erase-block"))
		return erase_each(memory, 0x10000);
	if (run_chosen(run, "operation", "erase-chip"))
		return m25_erase_all(memory);
	if (run_chosen(run, "operation", "erase-program"))
		return m25_write(memory, address);
	if (run_chosen(run, "operation", "verify"))
		return m25_verify(memory, address);
	if (run_chosen(run, "operation", "protect"))
		return m25_protect(memory);
	return m25_identify(memory);
}

static struct memory_options options_of(const struct clyde_run *run)
{
	return (struct memory_options){
		.takes_bytes = run_chosen(run, "operation", "program-page") ||
			run_chosen(run, "operation", "program") ||
			run_chosen(run, "operation", "erase-program") ||
			run_chosen(run, "operation", "verify"),
		.chip = {.lanes = 1, .reset = run_value(run, "reset")},
	};
}

static int claim(struct clyde_run *run)
{
	const struct memory_options options = options_of(run);
	int result = check_addresses(run);

	return result < 0 ? result : m25_claim(run, &options);
}

static int run(struct clyde_run *run)
{
	const struct memory_options options = options_of(run);
	struct memory memory;
	int result = m25_open(run, &options, &memory);

	if (result < 0)
		return result;
	result = operate(&memory);
	m25_close(&memory);
	return result;
}

const struct applet applet_memory_25x = {
	.table =
		{
			.name = "memory-25x",
			.aliases = "25x",
			.help = "Read and write SPI NOR flash chips by the "
				"words of upstream's older applet",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
