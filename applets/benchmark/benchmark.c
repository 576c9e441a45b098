/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The benchmark applet's table, its claims and its run.  For each mode this
 * resets the core, opens the pipes, starts the core and runs the mode.
 *
 * A core must not run before its pipes are open, or bytes would be lost.
 */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODES "source sink loopback latency"

static const struct clyde_parameter parameters[] = {
	{
		.name = "modes",
		.type = CLYDE_PARAMETER_CHOICE,
		.positional = true,
		.initial = MODES,
		.choices = MODES,
		.help = "What to measure: bytes from the FPGA, to it, there "
			"and back, or the time of a round trip of 512 bytes",
	},
	{
		.name = "count",
		.key = 'c',
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 1,
		.maximum = UINT64_C(1) << 50,
		.unit = "B",
		.initial = "8MiB",
		.help = "Bytes to transfer in each mode; a round trip counts "
			"for 1024",
	},
	{
		.name = "omit",
		.type = CLYDE_PARAMETER_SIZE,
		.maximum = UINT64_C(1) << 50,
		.unit = "B",
		.initial = "0",
		.help = "Bytes to transfer before the clock starts",
	},
	{
		.name = "transfer-size",
		.type = CLYDE_PARAMETER_SIZE,
		.minimum = 512,
		.maximum = CLYDE_TRANSFER_SIZE_MAX,
		.multiple = 512,
		.unit = "B",
		.initial = "64KiB",
		.help = "Size of a USB transfer",
	},
	{
		.name = "depth",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 1,
		.maximum = CLYDE_DEPTH_MAX,
		.unit = "transfers",
		.initial = "32",
		.help = "Transfers kept in flight",
	},
	{
		.name = "idle-flush",
		.type = CLYDE_PARAMETER_INTEGER,
		.maximum = 1365,
		.unit = "us",
		.initial = "4",
		.help = "In latency mode, how long the FPGA waits for a "
			"further byte before it sends what it has; upstream "
			"waits 125",
	},
	{
		.name = "repeat",
		.key = 'r',
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 1,
		.maximum = 1000,
		.initial = "1",
		.help = "Times to measure each mode, in turn with the others",
	},
	{
		.name = "interval",
		.key = 'i',
		.type = CLYDE_PARAMETER_INTEGER,
		.maximum = 3600000,
		.unit = "ms",
		.initial = "0",
		.help = "Print a row every so often while a mode runs; 0 is "
			"never",
	},
	{
		.name = "sweep",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Measure the throughput at five transfer sizes by "
			"five depths, whatever was given for these; latency "
			"is not swept",
	},
	{0},
};

/* With the bridge's arbitration a packet takes 518 cycles, or 516 if the next
   packet is another pipe's; see docs/virtual-time.md. */
const struct bench_mode_entry bench_modes[] = {
	{"source", BENCH_SOURCE, true, false, 518, 1, bench_source},
	{"sink", BENCH_SINK, false, true, 518, 1, bench_sink},
	{"loopback", BENCH_LOOPBACK, true, true, 516 + 516, 2, bench_loopback},
	{"latency", BENCH_LOOPBACK, true, true, 0, 2, bench_latency},
	{0},
};

static int set_mode(struct bench *bench, uint8_t mode)
{
	return clyde_register_write(bench->device, REG_BENCH_MODE, &mode, 1);
}

/* Transfers need not be larger than all that is to be moved, rounded up to a
   packet. */
static struct clyde_pipe_options pipe_options(const struct bench *bench)
{
	struct clyde_pipe_options options = bench->pipe;
	uint64_t total = bench->omit + bench->count;

	if (total < options.transfer_size)
		options.transfer_size = (total + 511) / 512 * 512;
	return options;
}

static int open_pipes(struct bench *bench)
{
	struct clyde_pipe_options options = pipe_options(bench);
	bool latency = bench->mode->packet_cycles == 0;
	int result = 0;

	if (bench->mode->in)
		result = run_pipe(bench->run, CORE_GIVES, &options, &bench->in);
	if (result == 0 && bench->mode->out)
		result =
			run_pipe(bench->run, CORE_TAKES, &options, &bench->out);
	if (result == 0 && bench->mode->in)
		result = clyde_pipe_set_idle_flush(
			bench->in, latency ? bench->idle_ns : 125000);
	return result;
}

/* A register write is 28 bits on the device's 400 kHz I2C bus: the core
   cannot have started sooner than that after the command left. */
#define START_FLOOR_NS 70000

/* The core is idle until the pipes are reset and reads are armed. */
static int start_mode(struct bench *bench)
{
	int64_t before;
	int result = set_mode(bench, BENCH_IDLE);

	if (result == 0)
		result = open_pipes(bench);
	before = now_ns(bench->device);
	if (result == 0)
		result = set_mode(bench, bench->mode->mode);
	/* A source runs from the command on, another mode from the first byte
	   that the host sends. */
	bench->start_ns = bench->mode->out ? now_ns(bench->device)
					   : before + START_FLOOR_NS;
	return result;
}

static int run_mode(struct bench *bench)
{
	int result;

	bench->moved = 0;
	bench->start_moved = 0;
	bench->mismatched = bench->counted = false;
	bench->figure = NAN;
	bench->interval.start_ns = -1;
	memset(bench->histogram, 0, sizeof(*bench->histogram));
	bench->cpu_start_s = run_cpu_s(bench->run);
	result = start_mode(bench);
	bench->end_ns = bench->start_ns;
	if (result == 0) {
		result = bench->mode->run(bench);
		bench_tick_end(bench);
		bench_report(bench, result);
	}
	clyde_pipe_close(bench->out);
	clyde_pipe_close(bench->in);
	bench->in = bench->out = NULL;
	return result;
}

static int mode_failed(struct bench *bench, int result)
{
	char text[256];

	if (result == CLYDE_ERROR_WRONG_DATA)
		mismatch_text(&bench->mismatch, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", clyde_error_message());
	return set_error(result, "%s: %s", bench->mode->name, text);
}

int bench_measure(struct bench *bench)
{
	int result = run_mode(bench);

	if (result < 0)
		mode_failed(bench, result);
	if (result < 0 && result != CLYDE_ERROR_WRONG_DATA)
		return result;
	/* The figures of the other modes are of use after wrong data in one. */
	if (result < 0 && bench->failure == 0) {
		snprintf(bench->why, sizeof(bench->why), "%s",
			clyde_error_message());
		bench->failure = result;
	}
	return 0;
}

static int claim(struct clyde_run *run)
{
	return run_claim_core(run, CORE_BENCHMARK, CORE_TAKES | CORE_GIVES);
}

static int run(struct clyde_run *run)
{
	struct bench bench = {
		.run = run,
		.device = run_device(run),
		.count = run_value(run, "count"),
		.omit = run_value(run, "omit"),
		.pipe.transfer_size = run_value(run, "transfer-size"),
		.pipe.depth = run_value(run, "depth"),
		.idle_ns = run_value(run, "idle-flush") * 1000,
		.repeats = run_value(run, "repeat"),
		.sweep = run_value(run, "sweep"),
		.interval.length_ns = run_value(run, "interval") * 1000000,
	};
	int result;

	bench.sequence = sequence_new();
	bench.histogram = malloc(sizeof(*bench.histogram));
	if (bench.sequence && bench.histogram)
		result = bench_series(&bench);
	else
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	free(bench.sequence);
	free(bench.histogram);
	return result;
}

const struct applet applet_benchmark = {
	.table =
		{
			.name = "benchmark",
			.help = "Measure the link between the host and the "
				"FPGA",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
