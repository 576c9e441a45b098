/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Compares the repeats of two rows: whether a difference is noise or a change.
   Used by text.c and tables.c. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char report_method[] =
	"Verdicts by the Mann-Whitney U test on the repeats, two-sided and "
	"exact: a change is p < 0.01, for which five repeats on each side are "
	"enough. In virtual time a run repeats exactly, and needs no test.";

/* With more repeats than this the normal approximation is close enough. */
#define EXACT_MAX 40

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double report_median(double *values, size_t count)
{
	if (count == 0)
		return NAN;
	qsort(values, count, sizeof(*values), compare);
	return values[(count - 1) / 2] +
		(values[count / 2] - values[(count - 1) / 2]) / 2;
}

/* ---- Mann-Whitney ----------------------------------------------------- */

struct ranks {
	size_t count;
	double *sorted;
	unsigned *doubled; /* twice the midrank of each */
	double ties;       /* the sum of t^3 - t over groups of t equal ones */
};

static bool rank_all(struct ranks *ranks, const double *a, size_t a_count,
	const double *b, size_t b_count)
{
	size_t count = a_count + b_count;

	*ranks = (struct ranks){.count = count};
	ranks->sorted = malloc(count * sizeof(*ranks->sorted));
	ranks->doubled = malloc(count * sizeof(*ranks->doubled));
	if (ranks->sorted == NULL || ranks->doubled == NULL)
		return false;
	memcpy(ranks->sorted, a, a_count * sizeof(*a));
	memcpy(ranks->sorted + a_count, b, b_count * sizeof(*b));
	qsort(ranks->sorted, count, sizeof(*ranks->sorted), compare);
	for (size_t from = 0, to; from < count; from = to) {
		double t;

		for (to = from;
			to < count && ranks->sorted[to] == ranks->sorted[from];)
			to++;
		for (size_t i = from; i < to; i++)
			ranks->doubled[i] = from + 1 + to;
		t = to - from;
		ranks->ties += t * t * t - t;
	}
	return true;
}

static unsigned rank_of(const struct ranks *ranks, double value)
{
	const double *at = bsearch(
		&value, ranks->sorted, ranks->count, sizeof(value), compare);

	return ranks->doubled[at - ranks->sorted];
}

/* p by counting: of all ways to choose a_count ranks, the share whose sum is at
   least as far from the mean sum as `sum`. */
static double exact_p(const struct ranks *ranks, size_t a_count, unsigned sum)
{
	unsigned middle = a_count * (ranks->count + 1);
	unsigned off = abs((int)sum - (int)middle);
	size_t sums = ranks->count * (ranks->count + 1) + 1;
	double *ways = calloc((a_count + 1) * sums, sizeof(*ways));
	double all = 0, far = 0;

	if (ways == NULL)
		return NAN;
	ways[0] = 1;
	for (size_t i = 0; i < ranks->count; i++)
		for (size_t k = a_count; k > 0; k--)
			for (size_t s = ranks->doubled[i]; s < sums; s++)
				ways[k * sums + s] += ways[(k - 1) * sums + s -
					ranks->doubled[i]];
	for (size_t s = 0; s < sums; s++) {
		double n = ways[a_count * sums + s];

		all += n;
		if ((unsigned)abs((int)s - (int)middle) >= off)
			far += n;
	}
	free(ways);
	return far / all;
}

/* p by the normal approximation, corrected for ties and continuity. */
static double normal_p(
	const struct ranks *ranks, double a_count, double b_count, unsigned sum)
{
	double n = a_count + b_count;
	double u = sum / 2.0 - a_count * (a_count + 1) / 2;
	double off = fabs(u - a_count * b_count / 2) - 0.5;
	double variance =
		a_count * b_count / 12 * (n + 1 - ranks->ties / (n * (n - 1)));

	if (variance <= 0 || off <= 0)
		return 1;
	return erfc(off / sqrt(2 * variance));
}

double report_mann_whitney(
	const double *a, size_t a_count, const double *b, size_t b_count)
{
	struct ranks ranks;
	unsigned sum = 0;
	double p = NAN;

	if (a_count == 0 || b_count == 0)
		return NAN;
	if (rank_all(&ranks, a, a_count, b, b_count)) {
		for (size_t i = 0; i < a_count; i++)
			sum += rank_of(&ranks, a[i]);
		p = ranks.count <= EXACT_MAX
			? exact_p(&ranks, a_count, sum)
			: normal_p(&ranks, a_count, b_count, sum);
	}
	free(ranks.sorted);
	free(ranks.doubled);
	return p;
}

/* ---- Verdicts --------------------------------------------------------- */

/* Whether no result of the test could be significant.  The smallest p is 2 over
   the number of ways to choose a_count of all repeats. */
static bool too_few(size_t a_count, size_t b_count)
{
	double ways = 1;

	for (size_t i = 1; i <= a_count; i++)
		ways *= (double)(b_count + i) / i;
	return 2 / ways >= REPORT_SIGNIFICANT;
}

struct report_difference report_compare(
	const struct report_row *before, const struct report_row *after)
{
	struct report_difference difference = {
		.change = after->median / before->median - 1,
		.p = NAN,
		.verdict = REPORT_FEW,
	};
	bool more = after->median > before->median;
	bool better = more == (after->kind == REPORT_RATE);
	enum report_verdict moved = better ? REPORT_FASTER : REPORT_SLOWER;

	if (before->count == 0 || after->count == 0)
		return difference;
	if (before->virtual && after->virtual) {
		difference.verdict =
			after->median == before->median ? REPORT_SAME : moved;
		return difference;
	}
	if (too_few(before->count, after->count))
		return difference;
	difference.p = report_mann_whitney(
		before->values, before->count, after->values, after->count);
	if (difference.p < REPORT_SIGNIFICANT)
		difference.verdict = moved;
	else if (!isnan(difference.p))
		difference.verdict = REPORT_NOISE;
	return difference;
}

const char *report_verdict_text(enum report_verdict verdict)
{
	static const char *const texts[] = {
		[REPORT_NOISE] = "noise",
		[REPORT_FASTER] = "faster",
		[REPORT_SLOWER] = "slower",
		[REPORT_FEW] = "too few repeats",
		[REPORT_SAME] = "the same",
	};

	return texts[verdict];
}
