/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The distribution of the round trips' durations, in bounded memory. */
#include "histogram.h"

#include <math.h>

#define SUB_COUNT (1u << HISTOGRAM_BITS)

static size_t bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns < SUB_COUNT)
		return ns;
	shift = 63 - __builtin_clzll(ns) - HISTOGRAM_BITS;
	return ((size_t)(shift + 1) << HISTOGRAM_BITS) +
		((ns >> shift) - SUB_COUNT);
}

uint64_t histogram_floor(size_t bucket)
{
	size_t shift = bucket >> HISTOGRAM_BITS;
	uint64_t sub = bucket & (SUB_COUNT - 1);

	return shift == 0 ? sub : (SUB_COUNT + sub) << (shift - 1);
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	double delta = ns - histogram->mean;

	if (histogram->count == 0 || ns < histogram->min)
		histogram->min = ns;
	if (ns > histogram->max)
		histogram->max = ns;
	histogram->count++;
	histogram->mean += delta / histogram->count;
	histogram->m2 += delta * (ns - histogram->mean);
	histogram->bucket[bucket_of(ns)]++;
}

double histogram_stddev(const struct histogram *histogram)
{
	return histogram->count ? sqrt(histogram->m2 / histogram->count) : 0;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
	uint64_t rank = ceil(share * histogram->count);
	uint64_t seen = 0, low, high;

	for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->bucket[i];
		if (seen < rank || seen == 0)
			continue;
		low = histogram_floor(i);
		high = histogram_floor(i + 1) - 1;
		low += (high - low) / 2;
		if (low > histogram->max)
			low = histogram->max;
		return low < histogram->min ? histogram->min : low;
	}
	return histogram->max;
}
