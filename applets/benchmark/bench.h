/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the benchmark's files share. benchmark.c has the table and prepares each
 * mode; modes.c has the modes; series.c repeats and sweeps them; interval.c
 * reports while a mode runs, and result.c when it has ended; fields.c makes
 * records.
 */
#ifndef BENCHMARK_BENCH_H
#define BENCHMARK_BENCH_H

#include "lib/run/applet.h"
#include "histogram.h"
#include "sequence.h"
#include "wire/core-benchmark.h"

#define ROUND_TRIP_SIZE 512 /* B each way: one packet */

/* The rows of --interval: the state when the last row ended. */
struct interval {
	int64_t length_ns; /* 0: no rows */
	int64_t start_ns;  /* of the timed part, from which rows count */
	int64_t mark_ns, next_ns;
	uint64_t mark_bytes;
	uint64_t round_trips, total_ns, max_ns;
};

struct bench {
	struct clyde_run *run;
	struct clyde_device *device;
	struct sequence *sequence;
	struct clyde_pipe *in, *out;
	uint64_t count; /* B that are timed */
	uint64_t omit;  /* B before that */
	struct clyde_pipe_options pipe;
	unsigned idle_ns;
	unsigned repeats;
	bool sweep;
	/* The first wrong data; the other modes are measured all the same */
	int failure;
	char why[320];
	/* The mode under way */
	unsigned repeat; /* from 1 */
	bool swept;      /* it is a point of a sweep, whose row reports it */
	double figure;   /* MiB/s, or the p50 in us; not a number: none */
	struct interval interval;
	const struct bench_mode_entry *mode;
	uint64_t moved; /* B that were verified */
	int64_t start_ns, end_ns;
	uint64_t start_moved;
	double cpu_start_s;
	struct histogram *histogram;
	bool mismatched;
	struct mismatch mismatch;
	bool counted;
	struct clyde_pipe_stats stats; /* of both pipes, once counted */
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

/* Run the mode in bench->mode, once.  An error ends the applet; wrong data
   does not, it is kept in bench->failure. */
int bench_measure(struct bench *bench);

/* Measure all modes that were chosen, repeats and sweeps included. */
int bench_series(struct bench *bench);

/* Called while a mode runs, for the rows of --interval: so many bytes have moved
   since the mode began; a round trip took so long; the mode has ended. */
void bench_tick(struct bench *bench, uint64_t bytes);
void bench_tick_round_trip(struct bench *bench, uint64_t ns);
void bench_tick_end(struct bench *bench);

/* The start of a line, like "source" or "source 2/5". */
#define LABEL_SIZE 32
const char *bench_label(const struct bench *bench, char text[LABEL_SIZE]);

/* Sum up the pipes' statistics at the end of the timed part, once a mode. */
void bench_count(struct bench *bench);

/* Report what the mode has measured, complete or not; error is 0 or why it
   ended early. */
void bench_report(struct bench *bench, int error);

/* Fields of a record, added one by one. */
#define FIELDS_MAX 40

struct fields {
	struct clyde_field field[FIELDS_MAX];
	size_t count;
};

struct clyde_field *add_field(
	struct fields *fields, const char *name, enum clyde_field_type type);
void add_text(struct fields *fields, const char *name, const char *text);
void add_count(struct fields *fields, const char *name, uint64_t count);
void add_real(struct fields *fields, const char *name, double real);
void add_flag(struct fields *fields, const char *name, bool flag);
/* `count` pairs of numbers, which the caller keeps until the record is made. */
void add_pairs(struct fields *fields, const char *name, const double *pairs,
	uint64_t count);
/* The mode and its parameters, with which every record of a mode begins. */
void add_point(struct fields *fields, const struct bench *bench);

#define MIB (1024.0 * 1024.0)

#endif
