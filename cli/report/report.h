/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What a report is made of: the files that were read, and a row for each thing
 * that they measured, repeats together.  cli/report/read.c and cli/report/compare.c
 * fill it, cli/report/text.c and cli/report/page.c show it.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clyde.h"

#define REPORT_FILES_MAX 6
#define REPORT_WHY_SIZE  256

enum report_kind {
	REPORT_RATE,    /* values are MiB/s */
	REPORT_LATENCY, /* values are the p50 of a round trip, us */
};

enum report_percentile {
	REPORT_MEAN,
	REPORT_STDDEV,
	REPORT_P50,
	REPORT_P90,
	REPORT_P99,
	REPORT_P999,
	REPORT_MAX,
	REPORT_FIGURES,
};

extern const char *const report_figure_names[REPORT_FIGURES];

struct report_bucket {
	double us;    /* from which on */
	double count; /* round trips */
};

struct report_interval {
	unsigned repeat;
	double start_s, seconds;
	double value; /* MiB/s, or the mean in us */
	double worst; /* us; not a number for a rate */
};

/* Whatever is not known is not a number. */
struct report_row {
	unsigned file;
	enum report_kind kind;
	char *group;  /* "source"; "source, paced" */
	char *name;   /* in its group: a host; "" if it is alone */
	char *failed; /* what went wrong, or NULL */
	bool virtual; /* time was, so a run repeats exactly */
	bool swept;
	uint64_t transfer_size, depth;
	double ceiling; /* MiB/s */
	double *values; /* the repeats' */
	size_t count;
	double median, min, max;
	double figures[REPORT_FIGURES];  /* us; medians, and the worst max */
	double *samples[REPORT_FIGURES]; /* the repeats' */
	double cpu_s_per_gib, core_share, peak_mib;
	double *core_shares; /* the repeats', if they know */
	size_t core_share_count;
	struct report_bucket *buckets;
	size_t bucket_count;
	struct report_interval *intervals;
	size_t interval_count;
};

struct report_file {
	char *name;
	char *origin; /* "C3-20230101T120000Z, link virtual" */
};

struct report {
	struct report_file files[REPORT_FILES_MAX];
	unsigned file_count;
	struct report_row *rows;
	size_t row_count;
};

/*
 * Add what a file says.  CLYDE_ERROR_CORRUPT if it is not what clyde run benchmark or
 * make compare has written, with a sentence; CLYDE_ERROR_NO_MEMORY.
 */
int report_read(struct report *report, const char *name, const void *data,
	size_t size, char ret_why[REPORT_WHY_SIZE]);
void report_free(struct report *report);

/* Write it for people: to a terminal, or as a page of HTML. */
void report_text(const struct report *report, FILE *out);
void report_page(const struct report *report, FILE *out);

/* The row of another file that measured the same, or NULL. */
const struct report_row *report_match(const struct report *report,
	const struct report_row *row, unsigned file);

/* Whether no row before this one measured the same, in whatever file. */
bool report_is_first(const struct report *report, size_t index);

/*
 * The rows that are shown together, on one scale: the modes of a benchmark,
 * else a group.  Whether another block than the one of any row before it
 * begins at this index, among rows of its kind, swept or not; and the rows of
 * a block.
 */
bool report_block_begins(const struct report *report, size_t index);
bool report_same_block(const struct report_row *a, const struct report_row *b);

/* "source, paced as the link: Clyde, PyPy 7.3.11", "sink 64 KiB x 32" */
#define REPORT_LABEL_SIZE 192
void report_label(const struct report_row *row, char text[REPORT_LABEL_SIZE]);

/* ---- Statistics ------------------------------------------------------- */

enum report_verdict {
	REPORT_NOISE,
	REPORT_FASTER,
	REPORT_SLOWER,
	REPORT_FEW, /* repeats to tell */
	REPORT_SAME,
};

struct report_difference {
	double change; /* of the median: 0.1 is 10 % more */
	double p;      /* not a number: none was needed */
	enum report_verdict verdict;
};

#define REPORT_SIGNIFICANT 0.01
extern const char report_method[];

double report_median(double *values, size_t count); /* sorts them */

/* The two-sided p of the Mann-Whitney U test. */
double report_mann_whitney(
	const double *a, size_t a_count, const double *b, size_t b_count);

struct report_difference report_compare(
	const struct report_row *before, const struct report_row *after);
const char *report_verdict_text(enum report_verdict verdict);

/* ---- Formats ---------------------------------------------------------- */

#define REPORT_NUMBER_SIZE 32

/* With as many decimals as a number of the size of `like` deserves; "-" for
   what is not known. */
const char *report_number(
	double value, double like, char text[REPORT_NUMBER_SIZE]);
/* "99.93 %"; "+1.2 %" with a sign. */
const char *report_percent(
	double share, bool sign, char text[REPORT_NUMBER_SIZE]);
/* "64 KiB" */
const char *report_size(uint64_t size, char text[REPORT_NUMBER_SIZE]);

#endif
