/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Reports what a mode has measured: a line for people, fields for programs. */
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIFO_HZ 48e6 /* clock of the FX2's FIFO bus */

/* The share of a CPU; not a number on a virtual device, as run_cpu_s() is. */
static double cpu_share(const struct bench *bench, double seconds)
{
	if (seconds <= 0)
		return NAN;
	return (run_cpu_s(bench->run) - bench->cpu_start_s) / seconds;
}

void bench_count(struct bench *bench)
{
	struct clyde_pipe *const pipes[] = {bench->in, bench->out};
	struct clyde_pipe_stats *total = &bench->stats;

	if (bench->counted)
		return;
	bench->counted = true;
	memset(total, 0, sizeof(*total));
	for (unsigned i = 0; i < 2; i++) {
		struct clyde_pipe_stats stats;

		if (pipes[i] == NULL)
			continue;
		clyde_pipe_stats(pipes[i], &stats);
		total->transfers += stats.transfers;
		total->stalls += stats.stalls;
		total->wakeups += stats.wakeups;
		total->starvations += stats.starvations;
		total->memory += stats.memory;
		if (total->depth == 0 || stats.depth < total->depth)
			total->depth = stats.depth;
		if (stats.ready_max > total->ready_max)
			total->ready_max = stats.ready_max;
	}
}

static void add_common(const struct bench *bench, struct fields *fields,
	const struct clyde_pipe_stats *stats, double seconds)
{
	const struct mismatch *mismatch = &bench->mismatch;

	add_count(fields, "errors", bench->mismatched);
	if (bench->mismatched) {
		add_count(fields, "bad_offset", mismatch->offset);
		add_count(fields, "bad_expected", mismatch->expected);
		add_count(fields, "bad_got", mismatch->got);
		add_flag(fields, "resumed", mismatch->resumed);
		if (mismatch->resumed)
			add_real(fields, "gap", mismatch->gap);
	}
	add_count(fields, "depth_granted", stats->depth);
	add_count(fields, "transfers", stats->transfers);
	add_count(fields, "stalls", stats->stalls);
	add_count(fields, "wakeups", stats->wakeups);
	add_count(fields, "starvations", stats->starvations);
	add_count(fields, "queue_max", stats->ready_max);
	add_count(fields, "queue_memory", stats->memory);
	add_real(fields, "cpu_share", cpu_share(bench, seconds));
}

/* The line for people has the figures, or what has gone wrong.  A complete
   point of a sweep has no line, since it is in the sweep's row. */
static void report(struct bench *bench, int error, const char *figures,
	const struct fields *fields)
{
	char line[512], why[256], after[64], label[LABEL_SIZE];
	bool whole = error == 0 && !bench->mismatched;

	bench_label(bench, label);
	if (bench->mismatched) {
		mismatch_text(&bench->mismatch, why, sizeof(why));
		snprintf(line, sizeof(line), "%s wrong data: %s", label, why);
	} else {
		snprintf(after, sizeof(after),
			"  (ended early, after %" PRIu64 " good bytes)",
			bench->moved);
		snprintf(line, sizeof(line), "%s %s%s", label, figures,
			error < 0 ? after : "");
	}
	run_record(bench->run,
		&(struct clyde_record){"modes",
			bench->swept && whole ? NULL : line, fields->field});
}

static void report_rate(
	struct bench *bench, int error, struct fields *fields, double seconds)
{
	const struct bench_mode_entry *mode = bench->mode;
	uint64_t bytes = bench->moved - bench->start_moved;
	double ceiling =
		mode->directions * 512 * FIFO_HZ / mode->packet_cycles / MIB;
	double rate =
		seconds > 0 ? mode->directions * bytes / seconds / MIB : 0;
	char line[400];

	if (error == 0)
		bench->figure = rate;
	bench_count(bench);
	add_point(fields, bench);
	add_count(fields, "bytes", bytes);
	add_real(fields, "seconds", seconds);
	add_real(fields, "mib_per_s", rate);
	add_real(fields, "mbit_per_s", rate * MIB * 8 / 1e6);
	add_real(fields, "ceiling_mib_per_s", ceiling);
	add_real(fields, "ceiling_share", rate / ceiling);
	add_text(fields, "ceiling", "FX2 FIFO bus");
	add_flag(fields, "complete", error == 0);
	add_common(bench, fields, &bench->stats, seconds);
	snprintf(line, sizeof(line),
		"%6.2f MiB/s %6.1f Mb/s  %5.2f %% of the FIFO bus's %.2f "
		"MiB/s  %" PRIu64 " transfers, %" PRIu64 " stalls",
		rate, rate * MIB * 8 / 1e6, 100 * rate / ceiling, ceiling,
		bench->stats.transfers, bench->stats.stalls);
	report(bench, error, line, fields);
}

static size_t histogram_pairs(const struct histogram *histogram, double *pairs)
{
	size_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (histogram->bucket[i] == 0)
			continue;
		pairs[2 * count] = histogram_floor(i) / 1e3;
		pairs[2 * count + 1] = histogram->bucket[i];
		count++;
	}
	return count;
}

static void report_latency(
	struct bench *bench, int error, struct fields *fields, double seconds)
{
	static const struct {
		const char *name;
		double share;
	} percentiles[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99},
		{"p999_us", 0.999}};
	const struct histogram *histogram = bench->histogram;
	double *pairs = calloc(2 * HISTOGRAM_BUCKETS, sizeof(*pairs));
	double us[4];
	char line[400];

	bench_count(bench);
	add_point(fields, bench);
	add_count(fields, "round_trips", histogram->count);
	add_count(fields, "round_trip_bytes", ROUND_TRIP_SIZE);
	add_real(fields, "idle_flush_us", bench->idle_ns / 1e3);
	add_real(fields, "seconds", seconds);
	add_real(fields, "mean_us", histogram->mean / 1e3);
	add_real(fields, "stddev_us", histogram_stddev(histogram) / 1e3);
	for (unsigned i = 0; i < 4; i++) {
		us[i] = histogram_percentile(histogram, percentiles[i].share) /
			1e3;
		add_real(fields, percentiles[i].name, us[i]);
	}
	if (error == 0)
		bench->figure = us[0];
	add_real(fields, "max_us", histogram->max / 1e3);
	add_flag(fields, "complete", error == 0);
	add_common(bench, fields, &bench->stats, seconds);
	if (pairs)
		add_pairs(fields, "histogram", pairs,
			histogram_pairs(histogram, pairs));
	snprintf(line, sizeof(line),
		"mean %.2f us, stddev %.2f, p50 %.2f, p90 %.2f, p99 "
		"%.2f, p99.9 %.2f, max %.2f us  %" PRIu64
		" round trips of %d B",
		histogram->mean / 1e3, histogram_stddev(histogram) / 1e3, us[0],
		us[1], us[2], us[3], histogram->max / 1e3, histogram->count,
		ROUND_TRIP_SIZE);
	report(bench, error, line, fields);
	free(pairs);
}

void bench_report(struct bench *bench, int error)
{
	struct fields fields = {0};
	double seconds = (bench->end_ns - bench->start_ns) / 1e9;

	(bench->mode->packet_cycles ? report_rate : report_latency)(
		bench, error, &fields, seconds);
}
