/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Adds fields to a record, for interval.c, result.c and series.c. */
#include "bench.h"

#include <assert.h>
#include <stdio.h>

struct clyde_field *add_field(
	struct fields *fields, const char *name, enum clyde_field_type type)
{
	struct clyde_field *field = &fields->field[fields->count++];

	assert(fields->count < FIELDS_MAX);
	field->name = name;
	field->type = type;
	return field;
}

void add_text(struct fields *fields, const char *name, const char *text)
{
	add_field(fields, name, CLYDE_FIELD_TEXT)->text = text;
}

void add_count(struct fields *fields, const char *name, uint64_t count)
{
	add_field(fields, name, CLYDE_FIELD_COUNT)->count = count;
}

void add_real(struct fields *fields, const char *name, double real)
{
	add_field(fields, name, CLYDE_FIELD_REAL)->real = real;
}

void add_flag(struct fields *fields, const char *name, bool flag)
{
	add_field(fields, name, CLYDE_FIELD_FLAG)->flag = flag;
}

void add_pairs(struct fields *fields, const char *name, const double *pairs,
	uint64_t count)
{
	struct clyde_field *field = add_field(fields, name, CLYDE_FIELD_PAIRS);

	field->pairs = pairs;
	field->count = count;
}

void add_point(struct fields *fields, const struct bench *bench)
{
	add_text(fields, "mode", bench->mode->name);
	add_count(fields, "repeat", bench->repeat);
	add_count(fields, "transfer_size", bench->pipe.transfer_size);
	add_count(fields, "depth", bench->pipe.depth);
}

const char *bench_label(const struct bench *bench, char text[LABEL_SIZE])
{
	if (bench->repeats > 1)
		snprintf(text, LABEL_SIZE, "%-9s %4u/%u", bench->mode->name,
			bench->repeat, bench->repeats);
	else
		snprintf(text, LABEL_SIZE, "%-9s", bench->mode->name);
	return text;
}
