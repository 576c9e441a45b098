/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the benchmark: runs the applet and stores what it
   reported, fields by name, as numbers. */
#ifndef TESTS_BENCHMARK_TEST_H
#define TESTS_BENCHMARK_TEST_H

#include "clyde-test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORDS_MAX 400
#define TEXT_SIZE   512

struct row {
	char group[16];
	char mode[16];
	bool said; /* The record has a line for people. */
	char text[TEXT_SIZE];
	bool complete;
	double repeat, transfer_size, depth, bytes, round_trips, errors;
	double start_s, seconds, mib_per_s, ceiling, minimum, maximum;
	double p50_us, max_us, gap, bad_offset, cpu_share;
	size_t pairs;
	double last_pair;
};

struct outcome {
	int result;
	size_t count;
	struct row rows[RECORDS_MAX];
	char error[TEXT_SIZE];
};

static inline void set_number(struct row *row, const char *name, double value)
{
	const struct {
		const char *name;
		double *place;
	} places[] = {
		{"repeat", &row->repeat},
		{"transfer_size", &row->transfer_size},
		{"depth", &row->depth},
		{"bytes", &row->bytes},
		{"round_trips", &row->round_trips},
		{"errors", &row->errors},
		{"start_s", &row->start_s},
		{"seconds", &row->seconds},
		{"mib_per_s", &row->mib_per_s},
		{"ceiling_mib_per_s", &row->ceiling},
		{"mib_per_s_min", &row->minimum},
		{"mib_per_s_max", &row->maximum},
		{"p50_us", &row->p50_us},
		{"max_us", &row->max_us},
		{"gap", &row->gap},
		{"bad_offset", &row->bad_offset},
		{"cpu_share", &row->cpu_share},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strcmp(places[i].name, name) == 0)
			*places[i].place = value;
}

static inline void take_field(struct row *row, const struct clyde_field *field)
{
	if (strcmp(field->name, "mode") == 0) {
		snprintf(row->mode, sizeof(row->mode), "%s", field->text);
	} else if (field->type == CLYDE_FIELD_REAL) {
		set_number(row, field->name, field->real);
	} else if (field->type == CLYDE_FIELD_COUNT) {
		set_number(row, field->name, field->count);
	} else if (strcmp(field->name, "complete") == 0) {
		row->complete = field->flag;
	} else if (field->type == CLYDE_FIELD_PAIRS &&
		strcmp(field->name, "mib_per_s") == 0) {
		row->pairs = field->count;
		row->last_pair = field->pairs[2 * field->count - 1];
	}
}

static inline void take(void *user, const struct clyde_record *record)
{
	struct outcome *outcome = user;
	struct row *row = &outcome->rows[outcome->count++];
	const struct clyde_field *field = record->fields;

	assert_true(outcome->count < RECORDS_MAX);
	snprintf(row->group, sizeof(row->group), "%s", record->group);
	row->said = record->text != NULL;
	snprintf(row->text, sizeof(row->text), "%s",
		record->text ? record->text : "");
	for (; field->type != CLYDE_FIELD_END; field++)
		take_field(row, field);
}

/* Returns memory to be freed.  Settings are NAME VALUE pairs, ended by NULL. */
static inline struct outcome *run(const char *uri, const char *const *settings)
{
	struct fixture fixture = open_uri(uri);
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct clyde_observer observer = {.record = take, .user = outcome};
	struct clyde_run *applet;

	assert_int_equal(
		clyde_run_new(fixture.context, "benchmark", &applet), 0);
	for (; *settings; settings += 2)
		if (clyde_run_set(applet, settings[0], settings[1]) < 0)
			fail_msg("%s", clyde_error_message());
	outcome->result =
		clyde_run_start(applet, fixture.device, NULL, &observer);
	snprintf(outcome->error, sizeof(outcome->error), "%s",
		clyde_error_message());
	close_fixture(&fixture);
	return outcome;
}

#endif
