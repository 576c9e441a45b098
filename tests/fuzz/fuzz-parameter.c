/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parameters of applets with any texts: the first byte chooses the
 * applet, then each line has a byte for the parameter, and its value.  An
 * accepted value is in the range of the table; a refused combination has a
 * sentence.
 */
#include <errno.h>

#include "clyde.h"
#include "fuzz.h"
#include "lib/run/run.h"

static struct clyde_context *context;
static struct clyde_device *device;

static void clean_up(void)
{
	clyde_context_close(context);
}

static void set_up(void)
{
	check(clyde_context_new(&context) == 0);
	check(clyde_device_open(context, "virtual:", NULL, &device) == 0);
	atexit(clean_up);
}

static void check_value(
	const struct clyde_run *run, const struct clyde_parameter *parameter)
{
	const struct clyde_pin *pins;
	uint64_t value;

	switch (parameter->type) {
	case CLYDE_PARAMETER_SIZE:
	case CLYDE_PARAMETER_INTEGER:
	case CLYDE_PARAMETER_TIME:
	case CLYDE_PARAMETER_FREQUENCY:
		value = run_value(run, parameter->name);
		check(value >= parameter->minimum &&
			value <= parameter->maximum);
		check(!parameter->multiple || value % parameter->multiple == 0);
		break;
	case CLYDE_PARAMETER_FLAG:
		check(run_value(run, parameter->name) <= 1);
		break;
	case CLYDE_PARAMETER_PIN:
	case CLYDE_PARAMETER_PINS:
		for (unsigned i = run_pins(run, parameter->name, &pins);
			i-- > 0;)
			check(pins[i].port < CLYDE_PORT_COUNT &&
				pins[i].number < 8);
		break;
	default:
		break;
	}
}

/* Returns the run of a handle, as the applet gets it. */
static struct clyde_run *run_of(struct clyde_run *handle)
{
	struct clyde_run *run = handle;

	check(object_pin(&run) == 0);
	object_unpin(&run->object);
	return run;
}

static void set(struct clyde_run *run, const struct clyde_applet *applet,
	uint8_t which, const char *value)
{
	const struct clyde_parameter *parameter;
	unsigned count = 0;
	int result;

	while (applet->parameters[count].name)
		count++;
	parameter = &applet->parameters[which % count];
	result = clyde_run_set(run, parameter->name, value);
	check(result == 0 || result == CLYDE_ERROR_INVALID ||
		result == CLYDE_ERROR_NO_PIN);
	if (result == 0)
		check_value(run_of(run), parameter);
	else
		check(clyde_error_message()[0] != '\0');
}

static void set_all(
	struct clyde_run *run, const struct clyde_applet *applet, char *lines)
{
	for (char *save, *line = strtok_r(lines, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save))
		set(run, applet, line[0], line + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	const struct clyde_applet *applet;
	struct clyde_run *run;
	uint8_t which = take_byte(&input);
	unsigned count = 0;
	char *lines = take_text(&input);
	int result;

	if (context == NULL)
		set_up();
	while (clyde_applet_at(count))
		count++;
	applet = clyde_applet_at(which % count);
	check(clyde_run_new(context, applet->name, &run) == 0);
	set_all(run, applet, lines);
	clyde_run_streams(run);
	result = clyde_run_claim(run, device);
	check(result == 0 || clyde_error_message()[0] != '\0');
	clyde_run_close(run);
	free(lines);
	return 0;
}
