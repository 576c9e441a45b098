/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of the applet memory-25q, and what each of its verbs does.  Names,
 * letters, default pins and default frequency are upstream's
 * (software/glasgow/applet/memory/_25q/__init__.py); program, --reset and --size
 * are additions.  The library calls claim() and run() by applet_memory_25q.
 */
#include "applets/shared/memory.h"

#include <inttypes.h>
#include <string.h>

#include "common/number.h"

#define OPCODE(option, area, otherwise)                                   \
	{                                                                 \
		.name = option, .type = CLYDE_PARAMETER_TEXT,             \
		.help = "Erases " area " of a chip without SFDP tables: " \
			"2 hex digits; otherwise " otherwise,             \
	}

static const struct clyde_parameter parameters[] = {
	MEMORY_PINS("A0", "A1", "A2:5"),
	{
		.name = "dual-spi",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Read on 2 lanes if the chip can",
	},
	{
		.name = "quad-spi",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Read on 4 lanes if the chip can",
	},
	{
		.name = "size",
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = UINT64_C(1) << 32,
		.help = "Of the chip, if it does not say it",
	},
	{
		.name = "address-bytes",
		.key = 'A',
		.type = CLYDE_PARAMETER_ONE_OF,
		.choices = "3 4",
		.help = "Of a chip without SFDP tables; 3 if not given",
	},
	{
		.name = "page-size",
		.key = 'P',
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = 1 << 20,
		.help = "Of a chip without SFDP tables; 256 if not given",
	},
	OPCODE("opcode-erase-4k", "4 KiB", "20, if no other one is given"),
	OPCODE("opcode-erase-32k", "32 KiB", "none"),
	OPCODE("opcode-erase-64k", "64 KiB", "d8, if no other one is given"),
	{
		.name = "operation",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.initial = "identify",
		.choices = "identify read verify erase erase-all write program "
			   "protect",
		.choices_help =
			"Say what the chip is\n"
			"Read a range, into a file or as a hex dump\n"
			"Compare a range with a file or with bytes\n"
			"Erase a range, whose ends are those of sectors\n"
			"Erase the chip\n"
			"Make a range hold these bytes: erase and program only "
			"what differs, and verify it\n"
			"Program a range that is erased, without verifying it\n"
			"Read or write the block protection bits",
		.help = "What to do",
	},
	{
		.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.maximum = UINT32_MAX,
		.required = true,
		.verbs = "read verify erase write program",
		.help = "The first byte",
	},
	{
		.name = "length",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.minimum = 1,
		.maximum = UINT64_C(1) << 32,
		.required = true,
		.verbs = "read erase",
		.help = "Number of bytes",
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
		.verbs = "read verify write program",
		.help = "The file with the bytes",
	},
	{
		.name = "data",
		.key = 'd',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "verify write program",
		.help = "The bytes, as hex digits, in the place of a file",
	},
	{0},
};

static int operate(struct memory *memory)
{
	struct clyde_run *run = memory->run;
	uint64_t address = run_value(run, "address");
	uint64_t length = run_value(run, "length");

	if (run_chosen(run, "operation", "read"))
		return m25_read(memory, address, length);
	if (run_chosen(run, "operation", "verify"))
		return m25_verify(memory, address);
	if (run_chosen(run, "operation", "erase"))
		return m25_erase(memory, address, length);
	if (run_chosen(run, "operation", "erase-all"))
		return m25_erase_all(memory);
	if (run_chosen(run, "operation", "write"))
		return m25_write(memory, address);
	if (run_chosen(run, "operation", "program"))
		return m25_program(memory, address);
	if (run_chosen(run, "operation", "protect"))
		return m25_protect(memory);
	return m25_identify(memory);
}

/* ---- Options ---------------------------------------------------------- */

static unsigned lanes_of(const struct clyde_run *run)
{
	if (run_value(run, "quad-spi"))
		return 4;
	return run_value(run, "dual-spi") ? 2 : 1;
}

/* As upstream takes it: d8, 0xd8, D8h */
static int parse_opcode(
	const struct clyde_run *run, const char *name, uint8_t *ret_opcode)
{
	const char *text = run_text(run, name), *digits = text;
	unsigned high, low;

	if (text == NULL)
		return 0;
	if (strncmp(digits, "0x", 2) == 0)
		digits += 2;
	high = number_digit((unsigned char)digits[0]);
	low = high > 15 ? 16 : number_digit((unsigned char)digits[1]);
	if (low > 15 || (digits[2] && strcmp(digits + 2, "h") != 0))
		return set_error(CLYDE_ERROR_INVALID,
			"%s: '%s' is not an opcode like d8, 0xd8 or D8h", name,
			text);
	*ret_opcode = high << 4 | low;
	return 0;
}

static int make_options(
	const struct clyde_run *run, struct memory_options *options)
{
	static const char *const opcodes[] = {
		"opcode-erase-4k", "opcode-erase-32k", "opcode-erase-64k"};
	struct clyde_flash_options *chip = &options->chip;
	int result = 0;

	*options = (struct memory_options){
		.takes_bytes = run_chosen(run, "operation", "verify") ||
			run_chosen(run, "operation", "write") ||
			run_chosen(run, "operation", "program"),
		.chip =
			{
				.lanes = lanes_of(run),
				.reset = run_value(run, "reset"),
				.size = run_value(run, "size"),
				.page_size = run_value(run, "page-size"),
			},
	};
	if (run_given(run, "address-bytes"))
		chip->address_size =
			run_chosen(run, "address-bytes", "4") ? 4 : 3;
	if (chip->page_size & (chip->page_size - 1))
		return set_error(CLYDE_ERROR_INVALID,
			"page-size: %" PRIu32 " is not a power of two",
			chip->page_size);
	for (unsigned i = 0; i < 3 && result == 0; i++)
		result = parse_opcode(run, opcodes[i], &chip->erase_opcodes[i]);
	return result;
}

/* What upstream has for chips without tables is not used if there are some. */
static void tell_unused(const struct memory *memory)
{
	static const char *const names[] = {"address-bytes", "page-size",
		"opcode-erase-4k", "opcode-erase-32k", "opcode-erase-64k"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (memory->info.sfdp && run_given(memory->run, names[i]))
			run_tell(memory->run, "notes",
				(const struct clyde_field[]){
					TEXT_FIELD("unused", names[i]),
					END_FIELD},
				"--%s is not used: the chip's SFDP tables say "
				"it",
				names[i]);
}

/* ---- The run ---------------------------------------------------------- */

static int claim(struct clyde_run *run)
{
	struct memory_options options;
	int result = make_options(run, &options);

	return result < 0 ? result : m25_claim(run, &options);
}

static int run(struct clyde_run *run)
{
	struct memory_options options;
	struct memory memory;
	int result = make_options(run, &options);

	if (result < 0)
		return result;
	result = m25_open(run, &options, &memory);
	if (result < 0)
		return result;
	tell_unused(&memory);
	result = operate(&memory);
	m25_close(&memory);
	return result;
}

const struct applet applet_memory_25q = {
	.table =
		{
			.name = "memory-25q",
			.aliases = "25q",
			.help = "Read and write SPI NOR flash chips",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
