/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Runs of applets: clyde_run_new() to clyde_run_close(), and below them the
 * calls of applet.h by which an applet reads its parameters and reports.
 *
 * The device must be as before when a run ends, however the run ended.
 */
#include "lib/base/inside.h"
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

CLYDE_API const struct clyde_applet *clyde_applet_at(size_t index)
{
	for (size_t i = 0; applet_table[i]; i++)
		if (i == index)
			return &applet_table[i]->table;
	return NULL;
}

/* Whether a list like "spi-controller spi" has this word. */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	while (list && *list) {
		size_t length = strcspn(list, " ");

		if (length == size && memcmp(list, word, size) == 0)
			return true;
		list += length + (list[length] == ' ');
	}
	return false;
}

static const struct applet *find(const char *name)
{
	for (size_t i = 0; applet_table[i]; i++)
		if (strcmp(applet_table[i]->table.name, name) == 0 ||
			has_word(applet_table[i]->table.aliases, name))
			return applet_table[i];
	return NULL;
}

CLYDE_API const struct clyde_applet *clyde_applet_find(const char *name)
{
	const struct applet *applet = name ? find(name) : NULL;

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

/* A choice or a word is added to those before, so initial ones are not set
   here: parameter_chosen() heeds them. */
static int set_initial(struct clyde_run *run)
{
	const struct clyde_parameter *at = run->applet->table.parameters;
	int result = 0;

	for (size_t i = 0; at[i].name && result == 0; i++)
		if (at[i].initial && at[i].initial[0] &&
			at[i].type != CLYDE_PARAMETER_CHOICE &&
			at[i].type != CLYDE_PARAMETER_WORDS)
			result = parameter_set(
				&at[i], at[i].initial, &run->values[i]);
	return result;
}

static void destroy(struct object *object)
{
	struct clyde_run *run = (struct clyde_run *)object;
	size_t count = count_parameters(run->applet);

	claim_drop(&run->claim);
	if (run->wake_fd >= 0)
		close(run->wake_fd);
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
	run->claim = (struct claim){.name = applet->table.name, .run = run};
	run->in_fd = run->out_fd = -1;
	run->wake_fd = -1;
	if (set_initial(run) == 0)
		return run;
	destroy(&run->object);
	free(run);
	return NULL;
}

/* End a run_wait() of this run. */
static void wake(struct object *object)
{
	struct clyde_run *run = (struct clyde_run *)object;
	int fd = atomic_load(&run->wake_fd);

	if (fd >= 0)
		eventfd_write(fd, 1);
}

static int make_run(struct clyde_context *context, const char *name,
	struct clyde_run **ret_run)
{
	const struct applet *applet = name ? find(name) : NULL;
	struct clyde_run *run = NULL;
	int result = check_given("applet", name);

	if (result < 0)
		return result;
	if (applet == NULL)
		result = set_error(CLYDE_ERROR_INVALID,
			"%s: no such applet; clyde run lists them", name);
	else if ((run = new_run(context, applet)) == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (result == 0)
		result = object_init(&run->object, OBJECT_RUN, &context->object,
			&context->tree, wake, destroy);
	if (result == 0) {
		*ret_run = object_handle(&run->object);
	} else if (run) {
		destroy(&run->object);
		free(run);
	}
	return result;
}

CLYDE_API int clyde_run_new(struct clyde_context *handle, const char *name,
	struct clyde_run **ret_run)
{
	return CALL(context, handle, make_run(context, name, ret_run));
}

CLYDE_API void clyde_run_close(struct clyde_run *run)
{
	object_close(run);
}

static int set(struct clyde_run *run, const char *name, const char *value)
{
	int result, index = parameter_index(run, name);

	if (index < 0)
		return set_error(CLYDE_ERROR_INVALID, "%s has no parameter %s",
			run->applet->table.name, name);
	result = parameter_set(&run->applet->table.parameters[index], value,
		&run->values[index]);
	if (result == 0)
		run->values[index].set = true;
	return result;
}

static int check_idle(struct clyde_run *run)
{
	if (run->held == NULL)
		return 0;
	return set_error(CLYDE_ERROR_BUSY, "this run of %s is under way",
		run->applet->table.name);
}

static int set_idle(struct clyde_run *run, const char *name, const char *value)
{
	int result = check_idle(run);

	if (result == 0)
		result = check_given("name", name);
	if (result == 0)
		result = check_given("value", value);
	if (result == 0)
		result = set(run, name, value);
	/* The parameters say what is claimed: start() claims anew. */
	if (result == 0)
		claim_drop(&run->claim);
	return result;
}

CLYDE_API int clyde_run_set(
	struct clyde_run *handle, const char *name, const char *value)
{
	return CALL(run, handle, set_idle(run, name, value));
}

CLYDE_API int clyde_run_streams(struct clyde_run *handle)
{
	return CALL(
		run, handle, run->applet->streams && run->applet->streams(run));
}

static int attach(struct clyde_run *run, int in_fd, int out_fd)
{
	int result = check_idle(run);

	if (result == 0) {
		run->in_fd = in_fd;
		run->out_fd = out_fd;
	}
	return result;
}

CLYDE_API int clyde_run_attach(struct clyde_run *handle, int in_fd, int out_fd)
{
	return CALL(run, handle, attach(run, in_fd, out_fd));
}

int run_hold(struct clyde_run *run, struct clyde_device *device)
{
	int result = object_pin(&device);

	if (result < 0)
		return result;
	result = object_lock(&run->object);
	if (result == 0) {
		result = check_idle(run);
		if (result == 0)
			run->held = device;
		object_unlock(&run->object);
	}
	if (result == 0)
		inside()->runs++;
	else
		object_unpin(&device->object);
	return result;
}

void run_let_go(struct clyde_run *run)
{
	struct clyde_device *device = run->held;

	run->observer = (struct clyde_observer){0};
	inside()->runs--;
	object_lock(&run->object);
	run->held = NULL;
	object_unlock(&run->object);
	object_unpin(&device->object);
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
		result = run_check_supplies(run, supply, &loaded);
	if (result == 0 && !loaded)
		result = clyde_fpga_load_image(device);
	if (result >= 0 && supply)
		result = clyde_supply_apply(device, supply);
	if (result >= 0)
		result = run_attach(run);
	if (result >= 0)
		result = run->applet->run(run);
	return result;
}

/* What the applet did is undone before its failure is reported. */
static int start_and_release(struct clyde_run *run, struct clyde_device *device,
	const struct clyde_supply *supply,
	const struct clyde_observer *observer)
{
	char why[ERROR_SIZE];
	int released, result = run_hold(run, device);

	if (result < 0)
		return result;
	run->observer = observer ? *observer : (struct clyde_observer){0};
	run->ask_ns = 0;
	run->still_ns = -1;
	result = call_result(start(run, device, supply));
	snprintf(why, sizeof(why), "%s", clyde_error_message());
	released = call_result(run_release(run));
	run_let_go(run);
	if (result < 0)
		return set_error(result, "%s", why);
	if (released < 0)
		return set_error(released,
			"%s is over, but what it did is not undone: %s",
			run->applet->table.name, clyde_error_message());
	return result;
}

CLYDE_API int clyde_run_start(struct clyde_run *handle,
	struct clyde_device *device,
	const struct clyde_supply supply[CLYDE_PORT_COUNT],
	const struct clyde_observer *observer)
{
	return PINNED(
		run, handle, start_and_release(run, device, supply, observer));
}

/* ---- For applets ------------------------------------------------------ */

struct clyde_device *run_device(const struct clyde_run *run)
{
	return run->device;
}

/* For a mistake in the applet's source; no value of the user leads here. */
static _Noreturn void abort_applet(
	const struct clyde_run *run, const char *name, const char *what)
{
	fprintf(stderr, "libclyde: applet %s reads its parameter %s: %s\n",
		run->applet->table.name, name, what);
	abort();
}

/* Sets of enum clyde_parameter_type */
#define TYPE(type) (1u << (type))
#define TYPES_NUMBER                                                      \
	(TYPE(CLYDE_PARAMETER_SIZE) | TYPE(CLYDE_PARAMETER_INTEGER) |     \
		TYPE(CLYDE_PARAMETER_FLAG) | TYPE(CLYDE_PARAMETER_TIME) | \
		TYPE(CLYDE_PARAMETER_FREQUENCY))
#define TYPES_CHOICE                                                   \
	(TYPE(CLYDE_PARAMETER_CHOICE) | TYPE(CLYDE_PARAMETER_ONE_OF) | \
		TYPE(CLYDE_PARAMETER_VERB))
#define TYPES_PINS (TYPE(CLYDE_PARAMETER_PIN) | TYPE(CLYDE_PARAMETER_PINS))
#define TYPES_ALL  (~0u)

/* The index of a parameter of one of these types. */
static int index_of(
	const struct clyde_run *run, const char *name, unsigned types)
{
	int index = parameter_index(run, name);

	if (index < 0)
		abort_applet(run, name, "its table has no such parameter");
	if (!(types & TYPE(run->applet->table.parameters[index].type)))
		abort_applet(run, name, "it is of another type in its table");
	return index;
}

static const struct value *value_of(
	const struct clyde_run *run, const char *name, unsigned types)
{
	return &run->values[index_of(run, name, types)];
}

uint64_t run_value(const struct clyde_run *run, const char *name)
{
	return value_of(run, name, TYPES_NUMBER)->number;
}

bool run_given(const struct clyde_run *run, const char *name)
{
	return value_of(run, name, TYPES_ALL)->given;
}

bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice)
{
	int index = index_of(run, name, TYPES_CHOICE);
	int chosen = parameter_chosen(&run->applet->table.parameters[index],
		&run->values[index], choice);

	if (chosen < 0)
		abort_applet(run, name, "its table has no such choice");
	return chosen;
}

unsigned run_words(
	const struct clyde_run *run, const char *name, char *const **ret_words)
{
	const struct value *value =
		value_of(run, name, TYPE(CLYDE_PARAMETER_WORDS));

	*ret_words = value->words;
	return value->count;
}

const char *run_text(const struct clyde_run *run, const char *name)
{
	const struct value *value =
		value_of(run, name, TYPE(CLYDE_PARAMETER_TEXT));

	return value->count > 0 ? value->words[0] : NULL;
}

unsigned run_pins(const struct clyde_run *run, const char *name,
	const struct clyde_pin **ret_pins)
{
	const struct value *value = value_of(run, name, TYPES_PINS);

	*ret_pins = value->pins;
	return value->count;
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
	bool interrupted = interrupt_raised(run->context->interrupt);

	if (object_closing(&run->object) || object_closing(&run->held->object))
		return set_error(CLYDE_ERROR_CANCELED, "closed");
	if (interrupted)
		return set_error(CLYDE_ERROR_INTERRUPTED, "interrupted");
	return 0;
}

void run_record(struct clyde_run *run, const struct clyde_record *record)
{
	struct callback callback;

	if (run->observer.record == NULL)
		return;
	callback_begin(&callback);
	run->observer.record(run->observer.user, record);
	callback_end(&callback);
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
	observer_progress(&run->observer, what, done, total);
}
