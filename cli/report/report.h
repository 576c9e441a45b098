/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A report: the files that were read, and a row for each measurement in them,
 * repeats joined.  read.c, benchmark.c and compare.c fill it, text.c and page.c
 * show it.  cli/commands/report.c calls both; a report may not be shown if its
 * reading failed.
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
	double us;    /* lower bound */
	double count; /* of round trips */
};

struct report_interval {
	unsigned repeat;
	double start_s, seconds;
	double value; /* MiB/s, or the mean in us */
	double worst; /* us; NAN for a rate */
};

/* A double that is not known is NAN. */
struct report_row {
	unsigned file; /* index in the report's files */
	enum report_kind kind;
	char *group;  /* "source"; "source, paced as the link" */
	char *name;   /* a host in the group, or "" */
	char *failed; /* what went wrong, or NULL */
	bool virtual; /* time was virtual, so a run repeats exactly */
	bool swept;
	uint64_t transfer_size, depth;
	double ceiling; /* MiB/s */
	double *values; /* one of each repeat */
	size_t count;   /* of values */
	double median, min, max;
	double figures[REPORT_FIGURES];  /* us; medians, but the largest max */
	double *samples[REPORT_FIGURES]; /* the figures of each repeat, us */
	double cpu_s_per_gib, core_share, peak_mib;
	double *core_shares; /* of the repeats in which it was measured */
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
 * Add the rows of a file with this name and content.  Returns 0, or
 * CLYDE_ERROR_CORRUPT if neither clyde run benchmark nor make compare has
 * written it, or CLYDE_ERROR_NO_MEMORY; ret_why says why.  At most
 * REPORT_FILES_MAX files.
 */
int report_read(struct report *report, const char *name, const void *data,
	size_t size, char ret_why[REPORT_WHY_SIZE]);
void report_free(struct report *report);

/* Write it for people: to a terminal, or as a page of HTML. */
void report_text(const struct report *report, FILE *out);
void report_page(const struct report *report, FILE *out);

/* The row of the same measurement in another file, or NULL */
const struct report_row *report_match(const struct report *report,
	const struct report_row *row, unsigned file);

/* Whether no earlier row, of any file, is of the same measurement */
bool report_is_first(const struct report *report, size_t index);

/*
 * A block is the rows that are shown together on one scale: of the same kind,
 * and all modes of a benchmark, or a sweep, or a group.  A block begins at an
 * index if no earlier row belongs to the same block.
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
	REPORT_FEW,  /* too few repeats for a test */
	REPORT_SAME, /* in virtual time, and exactly equal */
};

struct report_difference {
	double change; /* of the median: 0.1 is 10 % more */
	double p;      /* NAN if no test was made */
	enum report_verdict verdict;
};

#define REPORT_SIGNIFICANT 0.01
extern const char report_method[];

/* Sorts the values.  NAN if there are none. */
double report_median(double *values, size_t count);

/* The two-sided p of the Mann-Whitney U test; NAN without values or memory */
double report_mann_whitney(
	const double *a, size_t a_count, const double *b, size_t b_count);

struct report_difference report_compare(
	const struct report_row *before, const struct report_row *after);
const char *report_verdict_text(enum report_verdict verdict);

/* ---- Formats ---------------------------------------------------------- */

#define REPORT_NUMBER_SIZE 32

/* The number with two decimals, or fewer if `like` is 1000 or more; numbers of
   one column share `like`.  "-" for NAN. */
const char *report_number(
	double value, double like, char text[REPORT_NUMBER_SIZE]);
/* "99.93 %"; with a sign "+1.20 %". */
const char *report_percent(
	double share, bool sign, char text[REPORT_NUMBER_SIZE]);
/* "64 KiB" */
const char *report_size(uint64_t size, char text[REPORT_NUMBER_SIZE]);

#endif
