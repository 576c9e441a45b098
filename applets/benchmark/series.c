/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Measures the chosen modes for benchmark.c: in as many rounds as --repeat
 * says, so that a drift of the machine affects all modes alike, and with
 * --sweep at every transfer size and depth.
 */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const uint32_t sizes[] = {512, 4096, 16384, 65536, 262144};
static const uint32_t depths[] = {1, 2, 4, 8, 32};

#define SIZES      (sizeof(sizes) / sizeof(*sizes))
#define DEPTHS     (sizeof(depths) / sizeof(*depths))
#define POINTS_MAX (SIZES * DEPTHS)
#define MODES_MAX  4

struct series {
	struct bench *bench;
	struct clyde_pipe_options pipe; /* by the parameters */
	bool chosen[MODES_MAX];         /* by the parameter `modes` */
	double *figures; /* by mode, point and repeat; not a number: none */
};

static bool is_swept(
	const struct bench *bench, const struct bench_mode_entry *mode)
{
	return bench->sweep && mode->packet_cycles > 0;
}

/* The repeats of a mode at a point. */
static double *figures_of(
	const struct series *series, size_t mode, size_t point)
{
	return series->figures +
		(mode * POINTS_MAX + point) * series->bench->repeats;
}

static void choose_point(struct series *series, size_t point)
{
	struct bench *bench = series->bench;

	bench->pipe = series->pipe;
	bench->swept = is_swept(bench, bench->mode);
	if (!bench->swept)
		return;
	bench->pipe.depth = depths[point / SIZES];
	bench->pipe.transfer_size = sizes[point % SIZES];
}

/* ---- Rows ------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread {
	size_t count;
	double median, min, max;
};

/* The spread of the repeats that gave a figure.  Sorts them. */
static struct spread spread_of(double *figures, size_t count)
{
	struct spread spread = {0, NAN, NAN, NAN};

	for (size_t i = 0; i < count; i++)
		if (!isnan(figures[i]))
			figures[spread.count++] = figures[i];
	if (spread.count == 0)
		return spread;
	qsort(figures, spread.count, sizeof(*figures), compare);
	spread.min = figures[0];
	spread.max = figures[spread.count - 1];
	spread.median =
		(figures[(spread.count - 1) / 2] + figures[spread.count / 2]) /
		2;
	return spread;
}

/* "source    depth  4    512 B 15.62   4 KiB 45.22 ..." */
static void sweep_row(
	struct bench *bench, const char *label, const double rates[SIZES])
{
	char line[256];
	double pairs[2 * SIZES];
	struct fields fields = {0};
	int used = snprintf(
		line, sizeof(line), "%s depth %2u", label, bench->pipe.depth);

	for (size_t i = 0; i < SIZES; i++) {
		bool kib = sizes[i] >= 1024;

		pairs[2 * i] = sizes[i];
		pairs[2 * i + 1] = rates[i];
		used += snprintf(line + used, sizeof(line) - used,
			"   %3u %s %5.2f", sizes[i] / (kib ? 1024 : 1),
			kib ? "KiB" : "B", rates[i]);
	}
	snprintf(line + used, sizeof(line) - used, " MiB/s");
	add_text(&fields, "mode", bench->mode->name);
	/* A row without a repeat has the medians. */
	if (bench->repeat > 0)
		add_count(&fields, "repeat", bench->repeat);
	add_count(&fields, "depth", bench->pipe.depth);
	add_pairs(&fields, "mib_per_s", pairs, SIZES);
	run_record(bench->run,
		&(struct clyde_record){"sweeps", line, fields.field});
}

static void summary(struct bench *bench, const struct spread *spread)
{
	bool rate = bench->mode->packet_cycles > 0;
	const char *unit = rate ? "MiB/s" : "us";
	struct fields fields = {0};
	char line[256];

	snprintf(line, sizeof(line),
		"%-9s median %s%.2f %s of %zu, %.2f to %.2f", bench->mode->name,
		rate ? "" : "p50 ", spread->median, unit, spread->count,
		spread->min, spread->max);
	add_text(&fields, "mode", bench->mode->name);
	add_count(&fields, "transfer_size", bench->pipe.transfer_size);
	add_count(&fields, "depth", bench->pipe.depth);
	add_count(&fields, "repeats", spread->count);
	add_real(&fields, rate ? "mib_per_s" : "p50_us", spread->median);
	add_real(&fields, rate ? "mib_per_s_min" : "p50_us_min", spread->min);
	add_real(&fields, rate ? "mib_per_s_max" : "p50_us_max", spread->max);
	run_record(bench->run,
		&(struct clyde_record){
			"summaries", bench->swept ? NULL : line, fields.field});
}

/* ---- The run ---------------------------------------------------------- */

static int measure(struct series *series, size_t mode, size_t point)
{
	struct bench *bench = series->bench;
	int result;

	choose_point(series, point);
	result = bench_measure(bench);
	figures_of(series, mode, point)[bench->repeat - 1] = bench->figure;
	return result;
}

static int sweep(struct series *series, size_t mode)
{
	unsigned repeat = series->bench->repeat - 1;
	char label[LABEL_SIZE];
	int result = 0;

	for (size_t row = 0; row < DEPTHS && result == 0; row++) {
		double rates[SIZES];

		for (size_t i = 0; i < SIZES && result == 0; i++)
			result = measure(series, mode, row * SIZES + i);
		for (size_t i = 0; i < SIZES; i++)
			rates[i] = figures_of(
				series, mode, row * SIZES + i)[repeat];
		if (result == 0)
			sweep_row(series->bench,
				bench_label(series->bench, label), rates);
	}
	return result;
}

static int run_round(struct series *series)
{
	struct bench *bench = series->bench;
	int result = 0;

	for (size_t i = 0; bench_modes[i].name && result == 0; i++) {
		bench->mode = &bench_modes[i];
		if (!series->chosen[i])
			continue;
		if (is_swept(bench, bench->mode))
			result = sweep(series, i);
		else
			result = measure(series, i, 0);
	}
	return result;
}

static void summarize_mode(struct series *series, size_t mode)
{
	struct bench *bench = series->bench;
	double medians[SIZES];
	char label[LABEL_SIZE];

	snprintf(label, sizeof(label), "%-9s median", bench->mode->name);
	for (size_t point = 0; point < POINTS_MAX; point++) {
		struct spread spread = spread_of(
			figures_of(series, mode, point), bench->repeats);

		choose_point(series, point);
		medians[point % SIZES] = spread.median;
		if (spread.count > 0)
			summary(bench, &spread);
		if (bench->swept && point % SIZES == SIZES - 1 &&
			spread.count > 0)
			sweep_row(bench, label, medians);
	}
}

static void summarize(struct series *series)
{
	struct bench *bench = series->bench;

	bench->repeat = 0;
	for (size_t i = 0; bench_modes[i].name; i++) {
		bench->mode = &bench_modes[i];
		summarize_mode(series, i);
	}
}

int bench_series(struct bench *bench)
{
	size_t count = MODES_MAX * POINTS_MAX * bench->repeats;
	struct series series = {.bench = bench, .pipe = bench->pipe};
	int result = 0;

	series.figures = malloc(count * sizeof(*series.figures));
	if (series.figures == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++)
		series.figures[i] = NAN;
	for (size_t i = 0; bench_modes[i].name; i++)
		series.chosen[i] =
			run_chosen(bench->run, "modes", bench_modes[i].name);
	for (bench->repeat = 1; bench->repeat <= bench->repeats && result == 0;
		bench->repeat++)
		result = run_round(&series);
	/* Summarize after an interrupt, too: complete rounds have figures. */
	if (bench->repeats > 1)
		summarize(&series);
	free(series.figures);
	if (result == 0 && bench->failure < 0)
		return set_error(bench->failure, "%s", bench->why);
	return result;
}
