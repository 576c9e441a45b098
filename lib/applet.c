/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Runs of applets: takes a name and values as they are typed, gives the applet
 * a device that is ready for it, and leaves the device as if it had not run.
 */
#include "inside.h"
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static size_t count_parameters(const struct applet *applet)
{
	size_t count = 0;

	while (applet->table.parameters[count].name)
		count++;
	return count;
}

/* What was chosen is added to, so nothing is chosen at first. */
static int set_initial(struct clyde_run *run)
{
	const struct clyde_parameter *at = run->applet->table.parameters;
	int result = 0;

	for (size_t i = 0; at[i].name && result == 0; i++)
		if (at[i].initial && at[i].initial[0] &&
			at[i].type != CLYDE_CHOICE && at[i].type != CLYDE_WORDS)
			result = parameter_set(&run->context->complaint, &at[i],
				at[i].initial, &run->values[i]);
	return result;
}

static void destroy(struct owner *owner)
{
	struct clyde_run *run = (struct clyde_run *)owner;
	size_t count = count_parameters(run->applet);

	claim_drop(run);
	for (size_t i = 0; i < count; i++)
		value_clear(&run->values[i]);
}

static struct clyde_run *new_run(
	struct clyde_context *context, const struct applet *applet)
{
	struct clyde_run *run = calloc(1,
		sizeof(*run) + count_parameters(applet) * sizeof(*run->values));

	if (run == NULL)
		return NULL;
	run->context = context;
	run->applet = applet;
	run->in_fd = run->out_fd = -1;
	if (set_initial(run) == 0)
		return run;
	destroy(&run->owner);
	free(run);
	return NULL;
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
		result = owner_init(&run->owner, OWNER_RUN, &context->owner,
			&context->tree, NULL, destroy);
	if (result == 0) {
		*ret_run = owner_handle(&run->owner);
	} else if (run) {
		destroy(&run->owner);
		free(run);
	}
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
	return parameter_set(&run->context->complaint,
		&run->applet->table.parameters[index], value,
		&run->values[index]);
}

static int check_idle(struct clyde_run *run)
{
	if (run->held == NULL)
		return 0;
	return complain(&run->context->complaint, EBUSY,
		"this run of %s is under way", run->applet->table.name);
}

CLYDE_API int clyde_run_set(
	struct clyde_run *run, const char *name, const char *value)
{
	int result = owner_enter(&run);

	if (result < 0)
		return result;
	result = check_idle(run);
	if (result == 0)
		result = set(run, name, value);
	owner_leave(&run->owner);
	return result;
}

CLYDE_API bool clyde_run_streams(struct clyde_run *run)
{
	bool streams;

	if (owner_enter(&run) < 0)
		return false;
	streams = run->applet->streams && run->applet->streams(run);
	owner_leave(&run->owner);
	return streams;
}

CLYDE_API int clyde_run_attach(struct clyde_run *run, int in_fd, int out_fd)
{
	int result = owner_enter(&run);

	if (result < 0)
		return result;
	result = check_idle(run);
	if (result == 0) {
		run->in_fd = in_fd;
		run->out_fd = out_fd;
	}
	owner_leave(&run->owner);
	return result;
}

int run_hold(struct clyde_run *run, struct clyde_device *device)
{
	int result = owner_pin(&device);

	if (result < 0)
		return run_fail(run, -result, "%s", clyde_result_text(result));
	owner_lock(&run->owner);
	result = check_idle(run);
	if (result == 0)
		run->held = device;
	owner_unlock(&run->owner);
	if (result == 0)
		inside()->runs++;
	else
		owner_unpin(&device->owner);
	return result;
}

void run_let_go(struct clyde_run *run)
{
	struct clyde_device *device = run->held;

	run->observer = (struct clyde_observer){0};
	inside()->runs--;
	owner_lock(&run->owner);
	run->held = NULL;
	owner_unlock(&run->owner);
	owner_unpin(&device->owner);
}

/* The applet calls the library as an application does, so that the tree is
   not locked around it. */
static int start(struct clyde_run *run, struct clyde_device *device,
	const struct clyde_supply *supply)
{
	bool loaded = false;
	int result = 0;

	if (run->claim.device != clyde_device_token(device))
		result = claim_make(run, device);
	if (result == 0)
		result = core_check_supplies(run, supply, &loaded);
	if (result == 0 && !loaded)
		result = clyde_fpga_load_image(device);
	if (result >= 0 && supply)
		result = clyde_supply_apply(device, supply);
	if (result >= 0)
		result = core_attach(run);
	if (result >= 0)
		result = run->applet->run(run);
	return result;
}

CLYDE_API int clyde_run_start(struct clyde_run *run,
	struct clyde_device *device, const struct clyde_supply *supply,
	const struct clyde_observer *observer)
{
	struct complaint why;
	int released, result = owner_pin(&run);

	if (result < 0)
		return result;
	result = run_hold(run, device);
	if (result == 0) {
		run->observer =
			observer ? *observer : (struct clyde_observer){0};
		result = start(run, device, supply);
		snprintf(why.text, sizeof(why.text), "%s",
			clyde_result_text(result));
		released = core_release(run);
		if (result == 0 && released < 0) {
			result = released;
			snprintf(why.text, sizeof(why.text),
				"%s is over, but what it did is not undone: %s",
				run->applet->table.name,
				clyde_result_text(released));
		}
		run_let_go(run);
		if (result < 0)
			run_fail(run, -result, "%s", why.text);
	}
	owner_unpin(&run->owner);
	return result;
}

/* ---- For applets ------------------------------------------------------ */

struct clyde_device *run_device(const struct clyde_run *run)
{
	return run->device;
}

static const struct value *value_of(
	const struct clyde_run *run, const char *name)
{
	return &run->values[parameter_index(run, name)];
}

uint64_t run_value(const struct clyde_run *run, const char *name)
{
	return value_of(run, name)->number;
}

bool run_given(const struct clyde_run *run, const char *name)
{
	return value_of(run, name)->given;
}

bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice)
{
	int index = parameter_index(run, name);

	return parameter_chosen(&run->applet->table.parameters[index],
		&run->values[index], choice);
}

unsigned run_words(
	const struct clyde_run *run, const char *name, char *const **ret_words)
{
	*ret_words = value_of(run, name)->words;
	return value_of(run, name)->count;
}

const char *run_text(const struct clyde_run *run, const char *name)
{
	const struct value *value = value_of(run, name);

	return value->count > 0 ? value->words[0] : NULL;
}

unsigned run_pins(const struct clyde_run *run, const char *name,
	const struct clyde_pin **ret_pins)
{
	*ret_pins = value_of(run, name)->pins;
	return value_of(run, name)->count;
}

int run_input(const struct clyde_run *run)
{
	return run->in_fd;
}

int run_output(const struct clyde_run *run)
{
	return run->out_fd;
}

int run_stopped(struct clyde_run *run)
{
	bool interrupted = atomic_load(run->context->interrupt);

	if (owner_closing(&run->owner) || owner_closing(&run->held->owner))
		return run_fail(run, ECANCELED, "closed");
	if (interrupted)
		return run_fail(run, EINTR, "interrupted");
	return 0;
}

void run_record(struct clyde_run *run, const struct clyde_record *record)
{
	if (run->observer.record == NULL)
		return;
	inside()->callbacks++;
	run->observer.record(run->observer.user, record);
	inside()->callbacks--;
}

void run_tell(struct clyde_run *run, const char *group,
	const struct clyde_field *fields, const char *format, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	run_record(run, &(struct clyde_record){group, text, fields});
}

void run_progress(
	struct clyde_run *run, const char *what, uint64_t done, uint64_t total)
{
	if (run->observer.progress == NULL)
		return;
	inside()->callbacks++;
	run->observer.progress(run->observer.user, what, done, total);
	inside()->callbacks--;
}

int run_fail(struct clyde_run *run, int error, const char *format, ...)
{
	struct complaint *complaint = &run->context->complaint;
	va_list arguments;
	char text[sizeof(complaint->text)]; /* the last one may be in it */

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	owner_lock(&run->owner);
	complain(complaint, error, "%s", text);
	owner_unlock(&run->owner);
	return -error;
}
