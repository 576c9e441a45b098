/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A table of applets for the tool's objects, for tests/cli/test_verbs.py: the
 * applet memory-test has verbs with options of their own, and reports what it
 * was given.
 */
#include <inttypes.h>
#include <stddef.h>

#include "lib/run/applet.h"

static const struct clyde_parameter parameters[] = {
	{
		.name = "operation",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.choices = "identify read verify erase",
		.choices_help = "Say what the memory is\n"
				"Read a range\n"
				"Compare a range with a file or with bytes\n"
				"Erase a range",
		.help = "What to do",
	},
	{
		.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.maximum = UINT32_MAX,
		.required = true,
		.verbs = "read verify erase",
		.help = "The first byte",
	},
	{
		.name = "length",
		.type = CLYDE_PARAMETER_SIZE,
		.positional = true,
		.minimum = 1,
		.maximum = UINT32_MAX,
		.required = true,
		.verbs = "read erase",
		.help = "Number of bytes",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = 1465,
		.maximum = 48000000,
		.initial = "100kHz",
		.help = "Clock",
	},
	{
		.name = "quad",
		.key = 'q',
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Use four lines",
	},
	{
		.name = "file",
		.key = 'f',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read verify",
		.help = "Bytes that are read, or to compare with",
	},
	{
		.name = "data",
		.key = 'd',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "verify",
		.help = "Bytes to compare with",
	},
	{
		.name = "raw",
		.type = CLYDE_PARAMETER_FLAG,
		.verbs = "identify",
		.help = "Show it as it is",
	},
	{0},
};

static int run(struct clyde_run *run)
{
	static const char *const verbs[] = {
		"identify", "read", "verify", "erase"};
	const char *verb = "";
	const char *file = run_text(run, "file");
	const char *data = run_text(run, "data");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (run_chosen(run, "operation", verbs[i]))
			verb = verbs[i];
	run_tell(run, "events", (const struct clyde_field[]){END_FIELD},
		"%s address=%" PRIu64 " length=%" PRIu64 " frequency=%" PRIu64
		" file=%s data=%s quad=%" PRIu64 " raw=%" PRIu64,
		verb, run_value(run, "address"), run_value(run, "length"),
		run_value(run, "frequency"), file ? file : "", data ? data : "",
		run_value(run, "quad"), run_value(run, "raw"));
	return 0;
}

static int claim(struct clyde_run *run)
{
	return run_claim_core(run, CORE_BENCHMARK, 0);
}

static const struct applet memory_test = {
	.table =
		{
			.name = "memory-test",
			.aliases = "mt control-memory",
			.help = "Read and compare a memory",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};

const struct applet *const applet_table[] = {&memory_test, NULL};
