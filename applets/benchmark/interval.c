/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The rows of --interval, which modes.c asks for while a mode runs.  A row ends
 * with the first completion after its time, and so has its real length.  There
 * are no rows of the warm-up.
 */
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void begin(struct bench *bench)
{
	struct interval *interval = &bench->interval;

	interval->start_ns = interval->mark_ns = bench->start_ns;
	interval->next_ns = bench->start_ns + interval->length_ns;
	interval->mark_bytes = bench->start_moved;
	interval->round_trips = interval->total_ns = interval->max_ns = 0;
}

static void add_rate(struct bench *bench, struct fields *fields, uint64_t bytes,
	double seconds, char *figures, size_t size)
{
	uint64_t moved = bytes - bench->interval.mark_bytes;
	double rate = bench->mode->directions * moved / seconds / MIB;

	add_count(fields, "bytes", moved);
	add_real(fields, "mib_per_s", rate);
	snprintf(figures, size, "%9.2f MiB %9.2f MiB/s", moved / MIB, rate);
}

static void add_latency(
	struct bench *bench, struct fields *fields, char *figures, size_t size)
{
	const struct interval *interval = &bench->interval;
	double mean_us = interval->round_trips
		? interval->total_ns / 1e3 / interval->round_trips
		: NAN;

	add_count(fields, "round_trips", interval->round_trips);
	add_real(fields, "mean_us", mean_us);
	add_real(fields, "max_us", interval->max_ns / 1e3);
	snprintf(figures, size,
		"mean %.2f us, max %.2f us  %" PRIu64 " round trips", mean_us,
		interval->max_ns / 1e3, interval->round_trips);
}

static void row(struct bench *bench, int64_t now, uint64_t bytes)
{
	struct interval *interval = &bench->interval;
	double from = (interval->mark_ns - interval->start_ns) / 1e9;
	double to = (now - interval->start_ns) / 1e9;
	char line[256], figures[128], label[LABEL_SIZE];
	struct fields fields = {0};

	add_point(&fields, bench);
	add_real(&fields, "start_s", from);
	add_real(&fields, "seconds", to - from);
	if (bench->mode->packet_cycles)
		add_rate(bench, &fields, bytes, to - from, figures,
			sizeof(figures));
	else
		add_latency(bench, &fields, figures, sizeof(figures));
	snprintf(line, sizeof(line), "%s %9.3f-%-9.3f s %s",
		bench_label(bench, label), from, to, figures);
	run_record(bench->run,
		&(struct clyde_record){"intervals", line, fields.field});
	interval->mark_ns = now;
	interval->mark_bytes = bytes;
	interval->round_trips = interval->total_ns = interval->max_ns = 0;
}

static void row_if_due(struct bench *bench, int64_t now, uint64_t bytes)
{
	struct interval *interval = &bench->interval;

	if (interval->start_ns != bench->start_ns)
		begin(bench);
	if (now < interval->next_ns)
		return;
	row(bench, now, bytes);
	/* Rows end at multiples of the interval, however late the last one was.
	   The multiple that is nearest is passed over, so that no row is a
	   short rest. */
	interval->next_ns +=
		(now - interval->next_ns + interval->length_ns / 2) /
			interval->length_ns * interval->length_ns +
		interval->length_ns;
}

void bench_tick(struct bench *bench, uint64_t bytes)
{
	if (bench->interval.length_ns > 0 && bench->moved >= bench->omit)
		row_if_due(bench, now_ns(bench->device), bytes);
}

void bench_tick_round_trip(struct bench *bench, uint64_t ns)
{
	struct interval *interval = &bench->interval;

	if (interval->length_ns == 0)
		return;
	if (interval->start_ns != bench->start_ns)
		begin(bench);
	interval->round_trips++;
	interval->total_ns += ns;
	if (ns > interval->max_ns)
		interval->max_ns = ns;
	row_if_due(bench, bench->end_ns, bench->moved);
}

void bench_tick_end(struct bench *bench)
{
	const struct interval *interval = &bench->interval;

	if (interval->length_ns > 0 && interval->start_ns == bench->start_ns &&
		bench->end_ns > interval->mark_ns &&
		bench->moved > interval->mark_bytes)
		row(bench, bench->end_ns, bench->moved);
}
