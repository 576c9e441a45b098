/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A log-linear histogram of durations in nanoseconds: 64 buckets to a power
 * of two, so that a percentile is at most 0.8 % off.
 */
#ifndef BENCHMARK_HISTOGRAM_H
#define BENCHMARK_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS    6
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t count;
	uint64_t min, max;
	double mean, m2; /* Welford */
	uint32_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* The value below which this share (0 to 1) of the values lies. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);
double histogram_stddev(const struct histogram *histogram);

/* The lowest value of a bucket. */
uint64_t histogram_floor(size_t bucket);

#endif
