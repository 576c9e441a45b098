/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the benchmark's files share: benchmark.c the table and the modes'
   frame, modes.c the modes, result.c what is reported. */
#ifndef BENCHMARK_BENCH_H
#define BENCHMARK_BENCH_H

#include "applets/applet.h"
#include "lib/histogram.h"
#include "sequence.h"
#include "wire/core-benchmark.h"

#define ROUND_TRIP_SIZE 512 /* B each way: one packet */

struct bench {
	struct clyde_run *run;
	struct clyde_device *device;
	struct sequence *sequence;
	struct clyde_pipe *in, *out;
	uint64_t count; /* B that are timed */
	uint64_t omit;  /* B before that */
	struct clyde_pipe_options pipe;
	unsigned idle_ns;
	/* The mode under way */
	const struct bench_mode_entry *mode;
	uint64_t moved; /* B that were verified */
	int64_t start_ns, end_ns;
	uint64_t start_moved;
	double cpu_start_s;
	struct histogram *histogram;
	bool mismatched;
	struct mismatch mismatch;
};

struct bench_mode_entry {
	const char *name;
	enum bench_mode mode;
	bool in, out; /* the pipes that it needs */
	/* Cycles of the 48 MHz FIFO bus that a packet of 512 B costs, both
	   ways where there are two; 0: there is no ceiling, it is latency. */
	unsigned packet_cycles;
	unsigned directions; /* that a byte is counted for */
	int (*run)(struct bench *bench);
};

extern const struct bench_mode_entry bench_modes[]; /* ends with NULL name */

int bench_source(struct bench *bench);
int bench_sink(struct bench *bench);
int bench_loopback(struct bench *bench);
int bench_latency(struct bench *bench);

/* Report what the mode has measured, complete or not; error is 0 or why it
   ended early. */
void bench_report(struct bench *bench, int error);

/* CPU time of this process, s. */
double bench_cpu_s(void);

#endif
