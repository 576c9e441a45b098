/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of the applet memory-25q, and what each of its verbs does.  Names,
 * letters, default pins and default frequency are upstream's
 * (software/glasgow/applet/memory/_25q/__init__.py); program and --reset are
 * additions.  The library calls claim() and run() by applet_memory_25q.
 */
#include "applets/shared/memory.h"

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
		.name = "reset",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Leave QPI and continuous read, and reset the chip "
			"first",
	},
	{
		.name = "address-bytes",
		.key = 'A',
		.type = CLYDE_PARAMETER_ONE_OF,
		.choices = "3 4",
		.help = "For upstream's command lines: accepted, and not used, "
			"since the chip says it",
	},
	{
		.name = "page-size",
		.key = 'P',
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = 1 << 20,
		.help = "For upstream's command lines: accepted, and not used, "
			"since the chip says it",
	},
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

static unsigned lanes_of(const struct clyde_run *run)
{
	if (run_value(run, "quad-spi"))
		return 4;
	return run_value(run, "dual-spi") ? 2 : 1;
}

static int run(struct clyde_run *run)
{
	struct memory memory;
	int result =
		m25_open(run, lanes_of(run), run_value(run, "reset"), &memory);

	if (result < 0)
		return result;
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
	.claim = m25_claim,
	.run = run,
};
