/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The program model-objects: explores the cases and prints a line for each with
   the number of executions and states, or replays one schedule of a case. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static struct arguments {
	const char *name, *schedule;
	uint32_t preemptions;
	uint64_t limit;
	bool first;
} arguments = {.preemptions = MODEL_UNBOUNDED, .limit = 200000000};

static const struct argp_option options[] = {
	{"case", 'c', "NAME", 0, "This case alone", 0},
	{"schedule", 's', "LETTERS", 0,
		"Run the case once, with this schedule, and tell each step", 0},
	{"preemptions", 'p', "N", 0,
		"So many at most in an execution; without it, all of them", 0},
	{"first", 'f', NULL, 0, "Stop at the first case that fails", 0},
	{"limit", 'l', "N", 0, "So many states at most in a case", 0},
	{0},
};

static uint64_t number(const char *text, struct argp_state *state)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end)
		argp_error(state, "'%s' is not a number", text);
	return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'c':
		arguments.name = text;
		return 0;
	case 's':
		arguments.schedule = text;
		return 0;
	case 'p':
		arguments.preemptions = number(text, state);
		return 0;
	case 'f':
		arguments.first = true;
		return 0;
	case 'l':
		arguments.limit = number(text, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return 0;
	case ARGP_KEY_END:
		if (arguments.schedule && arguments.name == NULL)
			argp_error(state, "a schedule is that of a --case");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static bool wanted(const struct model_case *it)
{
	return arguments.name == NULL || strcmp(arguments.name, it->name) == 0;
}

static struct model_result explore(const struct model_case *it)
{
	char bound[24] = "all";
	struct model_result result =
		model_explore(it, arguments.preemptions, arguments.limit);

	if (arguments.preemptions != MODEL_UNBOUNDED)
		snprintf(bound, sizeof(bound), "%u", arguments.preemptions);
	printf("%-32s %7u %11s %10llu %10llu %s\n", it->name, it->threads,
		bound, (unsigned long long)result.executions,
		(unsigned long long)result.states,
		result.failed             ? "FAILED"
			: result.complete ? "ok"
					  : "ok, but cut off");
	fflush(stdout);
	return result;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Explore the schedules of threads that use lib/base/handle.c",
		NULL, NULL, NULL};
	bool failed = false, found = false;
	uint64_t executions = 0;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (arguments.schedule == NULL)
		printf("%-32s %7s %11s %10s %10s\n", "case", "threads",
			"preemptions", "executions", "states");
	for (const struct model_case *it = cases; it->name; it++) {
		struct model_result result;

		if (!wanted(it) || (failed && arguments.first))
			continue;
		found = true;
		result = arguments.schedule
			? model_replay(it, arguments.schedule)
			: explore(it);
		failed |= result.failed;
		executions += result.executions;
	}
	if (!found) {
		fprintf(stderr, "there is no case %s\n", arguments.name);
		return 2;
	}
	printf("%llu executions, %s\n", (unsigned long long)executions,
		failed ? "a rule was broken" : "no rule was broken");
	return failed;
}
