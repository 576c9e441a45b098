/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Writes the records of applets.  Several applets run at once, each on its
   thread, so whatever uses the tool takes the lock. */
#include "record.h"
#include "progress.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* JSON has no infinities and no NaN; they become null. */
static json_t *json_number(double number)
{
	if (!isfinite(number))
		return json_null();
	if (number == trunc(number) && fabs(number) < 1LL << 53)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static json_t *json_pairs(const double *pairs, uint64_t count)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < count; i++)
		if (json_array_append_new(list,
			    json_pack("[o, o]", json_number(pairs[2 * i]),
				    json_number(pairs[2 * i + 1]))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *json_field(const struct clyde_field *field)
{
	switch (field->type) {
	case CLYDE_FIELD_TEXT:
		return json_text(field->text);
	case CLYDE_FIELD_COUNT:
		return json_integer((json_int_t)field->count);
	case CLYDE_FIELD_REAL:
		return isfinite(field->real) ? json_real(field->real)
					     : json_null();
	case CLYDE_FIELD_FLAG:
		return json_boolean(field->flag);
	case CLYDE_FIELD_PAIRS:
		return json_pairs(field->pairs, field->count);
	default:
		return json_null();
	}
}

static void take_record(void *user, const struct clyde_record *record)
{
	struct tool *tool = user;
	struct output *output = &tool->output;
	json_t *object = json_object();

	pthread_mutex_lock(&lock);
	if (record->text)
		output_line(output, "%s", record->text);
	for (const struct clyde_field *field = record->fields;
		field && field->type != CLYDE_FIELD_END; field++)
		output_add(output, object, field->name, json_field(field));
	output_append(output, record->group, object);
	/* If the output cannot be written, for instance on a full disk, the
	   runs have no use. */
	if (!lines_written(tool))
		clyde_context_interrupt(tool->context);
	pthread_mutex_unlock(&lock);
}

static void take_progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	pthread_mutex_lock(&lock);
	progress_show(what, done, total);
	pthread_mutex_unlock(&lock);
}

struct clyde_observer record_observer(struct tool *tool)
{
	return (struct clyde_observer){take_record, take_progress, tool};
}

/* A failed run interrupts the others.  Wrong data is a result, not such a
   failure: that run came to its end, and the others go on. */
void record_end(struct tool *tool, int result)
{
	pthread_mutex_lock(&lock);
	if (!succeeded(tool, result) && result != CLYDE_ERROR_WRONG_DATA)
		clyde_context_interrupt(tool->context);
	pthread_mutex_unlock(&lock);
}
