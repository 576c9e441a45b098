/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Applets: takes a name and values as they are typed, checks them against the
 * applet's parameter table, gives the applet a device that is ready for it.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/applet.h"

struct clyde_run {
	struct owner owner;
	struct clyde_context *context;
	const struct applet *applet;
	struct clyde_device *device;
	struct clyde_observer observer;
	uint64_t values[]; /* by parameter; a choice is a set of bits */
};

CLYDE_API const struct clyde_applet *clyde_applet_at(size_t index)
{
	for (size_t i = 0; applet_table[i]; i++)
		if (i == index)
			return &applet_table[i]->table;
	return NULL;
}

static const struct applet *find(const char *name)
{
	for (size_t i = 0; applet_table[i]; i++)
		if (strcmp(applet_table[i]->table.name, name) == 0)
			return applet_table[i];
	return NULL;
}

CLYDE_API const struct clyde_applet *clyde_applet_find(const char *name)
{
	const struct applet *applet = find(name);

	return applet ? &applet->table : NULL;
}

static int parameter_index(const struct clyde_run *run, const char *name)
{
	const struct clyde_parameter *parameters =
		run->applet->table.parameters;

	for (int i = 0; parameters[i].name; i++)
		if (strcmp(parameters[i].name, name) == 0)
			return i;
	return -1;
}

static const char *const suffixes[] = {"", "KiB", "MiB", "GiB", "TiB"};

/* Digits, and for a size a binary suffix. */
static int parse_number(const char *text, bool size, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	for (unsigned i = 0; i < (size ? 5 : 1); i++) {
		if (strcmp(end, suffixes[i]) != 0)
			continue;
		if (number > UINT64_MAX >> 10 * i)
			return -ERANGE;
		*ret_number = number << 10 * i;
		return 0;
	}
	return -EINVAL;
}

/* The bit of a word in a list of words; -1 if it is not there. */
static int choice_bit(const char *choices, const char *word, size_t size)
{
	for (int bit = 0; *choices; bit++) {
		size_t length = strcspn(choices, " ");

		if (length == size && memcmp(choices, word, size) == 0)
			return bit;
		choices += length + (choices[length] == ' ');
	}
	return -1;
}

static int set_choice(struct complaint *complaint,
	const struct clyde_parameter *parameter, const char *text,
	uint64_t *value)
{
	while (*text) {
		size_t size = strcspn(text, " ");
		int bit = choice_bit(parameter->choices, text, size);

		if (bit < 0)
			return complain(complaint, EINVAL,
				"%s: %.*s is not one of %s", parameter->name,
				(int)size, text, parameter->choices);
		*value |= UINT64_C(1) << bit;
		text += size + (text[size] == ' ');
	}
	return 0;
}

/* A bound as it would be typed. */
static void bound_text(uint64_t bound, bool size, char text[24])
{
	unsigned suffix = 0;

	while (size && bound > 0 && bound % 1024 == 0 && suffix < 4) {
		bound /= 1024;
		suffix++;
	}
	snprintf(text, 24, "%" PRIu64 "%s", bound, suffixes[suffix]);
}

static int set_number(struct complaint *complaint,
	const struct clyde_parameter *parameter, const char *text,
	uint64_t *value)
{
	bool size = parameter->type == CLYDE_SIZE;
	char minimum[24], maximum[24];
	uint64_t number;
	int result = parse_number(text, size, &number);

	if (result == -EINVAL)
		return complain(complaint, EINVAL, "%s: %s is not %s",
			parameter->name, text,
			size ? "a size like 512, 64KiB, 8MiB or 1GiB"
			     : "a number");
	if (result < 0 || number < parameter->minimum ||
		number > parameter->maximum) {
		bound_text(parameter->minimum, size, minimum);
		bound_text(parameter->maximum, size, maximum);
		return complain(complaint, EINVAL, "%s: %s is not in %s..%s",
			parameter->name, text, minimum, maximum);
	}
	if (parameter->multiple && number % parameter->multiple)
		return complain(complaint, EINVAL,
			"%s: %s is not a multiple of %llu", parameter->name,
			text, (unsigned long long)parameter->multiple);
	*value = number;
	return 0;
}

static int set_flag(struct complaint *complaint,
	const struct clyde_parameter *parameter, const char *text,
	uint64_t *value)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return complain(complaint, EINVAL, "%s: %s is not yes or no",
			parameter->name, text);
	*value = text[0] == 'y';
	return 0;
}

static int set_value(
	struct clyde_run *run, int index, const char *text, uint64_t *value)
{
	const struct clyde_parameter *parameter =
		&run->applet->table.parameters[index];
	struct complaint *complaint = &run->context->complaint;

	switch (parameter->type) {
	case CLYDE_CHOICE:
		return set_choice(complaint, parameter, text, value);
	case CLYDE_FLAG:
		return set_flag(complaint, parameter, text, value);
	default:
		return set_number(complaint, parameter, text, value);
	}
}

static struct clyde_run *new_run(
	struct clyde_context *context, const struct applet *applet)
{
	struct clyde_run *run;
	size_t count = 0;

	while (applet->table.parameters[count].name)
		count++;
	run = calloc(1, sizeof(*run) + count * sizeof(*run->values));
	if (run == NULL)
		return NULL;
	run->context = context;
	run->applet = applet;
	for (size_t i = 0; i < count; i++)
		if (applet->table.parameters[i].type < CLYDE_CHOICE)
			set_value(run, i, applet->table.parameters[i].initial,
				&run->values[i]);
	return run;
}

/* Nothing but memory is a run's own. */
static void destroy(struct owner *owner)
{
	(void)owner;
}

CLYDE_API int clyde_run_new(struct clyde_context *context, const char *name,
	struct clyde_run **ret_run)
{
	const struct applet *applet = find(name);
	struct clyde_run *run = NULL;
	int result = owner_enter(&context);

	if (result < 0)
		return result;
	if (applet == NULL)
		result = complain(&context->complaint, EINVAL,
			"%s: no such applet; clyde run lists them", name);
	else if ((run = new_run(context, applet)) == NULL)
		result = complain(&context->complaint, ENOMEM, "out of memory");
	if (result == 0)
		result = owner_init(&run->owner, &context->owner,
			&context->tree, NULL, destroy);
	if (result == 0)
		*ret_run = owner_handle(&run->owner);
	else
		free(run);
	owner_leave(&context->owner);
	return result;
}

CLYDE_API void clyde_run_close(struct clyde_run *run)
{
	owner_close(run);
}

static int set(struct clyde_run *run, const char *name, const char *value)
{
	int index = parameter_index(run, name);

	if (index < 0)
		return complain(&run->context->complaint, EINVAL,
			"%s has no parameter %s", run->applet->table.name,
			name);
	return set_value(run, index, value, &run->values[index]);
}

CLYDE_API int clyde_run_set(
	struct clyde_run *run, const char *name, const char *value)
{
	int result = owner_enter(&run);

	if (result < 0)
		return result;
	result = set(run, name, value);
	owner_leave(&run->owner);
	return result;
}

/* The applet calls the library as an application does, so that the tree is
   not locked around it. */
CLYDE_API int clyde_run_start(struct clyde_run *run,
	struct clyde_device *device, const struct clyde_supply *supply,
	const struct clyde_observer *observer)
{
	int result = owner_pin(&run);

	if (result < 0)
		return result;
	run->device = device;
	run->observer = *observer;
	result = clyde_fpga_load_image(device);
	if (result >= 0 && supply)
		result = clyde_supply_apply(device, supply);
	if (result >= 0)
		result = run->applet->run(run);
	owner_unpin(&run->owner);
	return result;
}

struct clyde_device *run_device(const struct clyde_run *run)
{
	return run->device;
}

uint64_t run_value(const struct clyde_run *run, const char *name)
{
	return run->values[parameter_index(run, name)];
}

bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice)
{
	int index = parameter_index(run, name);
	const struct clyde_parameter *parameter =
		&run->applet->table.parameters[index];

	if (run->values[index] == 0)
		return choice_bit(parameter->initial, choice, strlen(choice)) >=
			0;
	return run->values[index] >>
		choice_bit(parameter->choices, choice, strlen(choice)) &
		1;
}

void run_record(struct clyde_run *run, const struct clyde_record *record)
{
	if (run->observer.record)
		run->observer.record(run->observer.user, record);
}

void run_progress(
	struct clyde_run *run, const char *what, uint64_t done, uint64_t total)
{
	if (run->observer.progress)
		run->observer.progress(run->observer.user, what, done, total);
}

const char *run_error(const struct clyde_run *run)
{
	return run->context->complaint.text;
}

int run_fail(struct clyde_run *run, int error, const char *format, ...)
{
	struct complaint *complaint = &run->context->complaint;
	va_list arguments;
	char text[sizeof(complaint->text)]; /* run_error() may be in it */

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	owner_lock(&run->owner);
	complain(complaint, error, "%s", text);
	owner_unlock(&run->owner);
	return -error;
}
