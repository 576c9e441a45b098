/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * simulate --first SEED --count N: runs the programs of this many seeds, one
 * after the other, and shrinks the first violation.  Exit status: 0 without a
 * violation, 1 with one, 64 for a wrong command line, 70 if a run does not end.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "simulation.h"

/* A run normally takes a millisecond. */
#define HANG_S 60

/* Every sixteenth seed is run twice, and both runs must be the same. */
#define TWICE 16

#define VIOLATIONS_MAX 5

struct violation {
	uint64_t seed;
	char text[320];
};

struct campaign {
	uint64_t first, count;
	const char *json;
	uint64_t steps;  /* The steps to keep; 0: all. */
	uint32_t faults; /* The faults to keep; 0: all. */
	bool faults_given;
	bool log, once;
	struct tally tally;
	uint64_t digest;
	unsigned violations;
	struct violation violation[VIOLATIONS_MAX];
	double seconds;
};

static volatile uint64_t seed_now;

/* ---- The command line ------------------------------------------------- */

enum {
	KEY_FIRST = 0x200,
	KEY_COUNT,
	KEY_JSON,
	KEY_KEEP,
	KEY_FAULTS,
	KEY_LOG,
	KEY_ONCE,
};

static const struct argp_option options[] = {
	{"first", KEY_FIRST, "SEED", 0, "The first seed (default: 1)", 0},
	{"count", KEY_COUNT, "N", 0, "How many seeds (default: 1)", 0},
	{"json", KEY_JSON, "FILE", 0, "Write what was run to a file", 0},
	{"keep", KEY_KEEP, "LIST", 0, "Carry out these steps only: 0,3,17", 0},
	{"faults", KEY_FAULTS, "LIST", 0, "With these faults only, or none: -",
		0},
	{"log", KEY_LOG, NULL, 0, "Tell each step and its result", 0},
	{"once", KEY_ONCE, NULL, 0, "Stop at the first violation, as it is", 0},
	{0},
};

static uint64_t parse_number(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno)
		argp_error(state, "%s is not a number", text);
	return number;
}

static uint64_t parse_list(struct argp_state *state, const char *text)
{
	uint64_t bits = 0;
	char *copy = strdup(text), *save;

	for (char *word = strtok_r(copy, ",", &save); word;
		word = strtok_r(NULL, ",", &save)) {
		uint64_t number = parse_number(state, word);

		if (number >= 64)
			argp_error(state, "%s is not in 0..63", word);
		else
			bits |= UINT64_C(1) << number;
	}
	free(copy);
	return bits;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct campaign *campaign = state->input;

	switch (key) {
	case KEY_FIRST:
		campaign->first = parse_number(state, argument);
		return 0;
	case KEY_COUNT:
		campaign->count = parse_number(state, argument);
		return 0;
	case KEY_JSON:
		campaign->json = argument;
		return 0;
	case KEY_KEEP:
		campaign->steps = parse_list(state, argument);
		return 0;
	case KEY_FAULTS:
		campaign->faults_given = true;
		if (strcmp(argument, "-") != 0)
			campaign->faults = parse_list(state, argument);
		return 0;
	case KEY_LOG:
		campaign->log = true;
		return 0;
	case KEY_ONCE:
		campaign->once = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no such argument", argument);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Put the library through random use and random faults.",
};

/* ---- One seed --------------------------------------------------------- */

/* Prints the seed of a process that dies or does not end. */
static void print_seed(int signal)
{
	char text[] = "\nat seed                     \n";
	char *at = text + sizeof(text) - 3;

	for (uint64_t seed = seed_now;; seed /= 10) {
		*--at = '0' + seed % 10;
		if (seed < 10)
			break;
	}
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EX_SOFTWARE);
	if (signal == SIGALRM)
		_exit(EX_SOFTWARE);
	raise(signal); /* Its handler was removed after the first signal. */
}

static void print_list(const char *option, uint64_t bits)
{
	bool some = false;

	fprintf(stderr, " %s ", option);
	for (unsigned i = 0; i < 64; i++) {
		if (!(bits >> i & 1))
			continue;
		fprintf(stderr, "%s%u", some ? "," : "", i);
		some = true;
	}
	if (!some)
		fputc('-', stderr);
}

static void report(struct campaign *campaign, struct program *program,
	struct outcome *outcome)
{
	struct tally tally = {0};
	unsigned runs;

	fprintf(stderr,
		"seed %llu: %s\n"
		"replay: simulate --first %llu --count 1 --log\n",
		(unsigned long long)program->seed, outcome->violation,
		(unsigned long long)program->seed);
	if (campaign->violations < VIOLATIONS_MAX) {
		struct violation *violation =
			&campaign->violation[campaign->violations];

		violation->seed = program->seed;
		strcpy(violation->text, outcome->violation);
	}
	campaign->violations++;
	if (campaign->once)
		return;
	runs = shrink(program, outcome);
	fprintf(stderr, "shrunk in %u runs to: %s\nsimulate --first %llu --log",
		runs, outcome->violation, (unsigned long long)program->seed);
	print_list("--keep", program->kept_steps);
	print_list("--faults", program->kept_faults);
	fputc('\n', stderr);
	program_print(program, stderr);
	simulate(program, outcome, &tally, stderr);
	fputc('\n', stderr);
}

static bool run_seed(struct campaign *campaign, uint64_t seed)
{
	struct program program;
	struct outcome outcome, again;
	struct tally unused = {0};
	bool held;

	seed_now = seed;
	program_draw(&program, seed);
	if (campaign->steps)
		program.kept_steps &= campaign->steps;
	if (campaign->faults_given)
		program.kept_faults &= campaign->faults;
	if (campaign->log)
		program_print(&program, stderr);
	held = simulate(&program, &outcome, &campaign->tally,
		campaign->log ? stderr : NULL);
	campaign->digest = campaign->digest * 31 + outcome.digest;
	if (held && seed % TWICE == 0) {
		held = simulate(&program, &again, &unused, NULL);
		if (held && again.digest != outcome.digest) {
			strcpy(outcome.violation,
				"the same seed gave another trace");
			held = false;
		}
	}
	if (!held)
		report(campaign, &program, &outcome);
	return held;
}

/* ---- All seeds -------------------------------------------------------- */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void write_tally(FILE *file, const struct tally *tally)
{
	const char *comma = "";

	fprintf(file, " \"read\": %llu,\n \"written\": %llu,\n",
		(unsigned long long)tally->read,
		(unsigned long long)tally->written);
	fprintf(file, " \"link_seconds\": %.3f,\n \"steps\": {",
		tally->link_ns / 1e9);
	for (int i = 0; i < STEP_KINDS; i++)
		fprintf(file, "%s\"%s\": %llu", i ? ", " : "", step_name(i),
			(unsigned long long)tally->steps[i]);
	fprintf(file, "},\n \"failures\": {");
	for (int i = 1; i < ERRORS; i++) {
		if (tally->errors[i] == 0)
			continue;
		fprintf(file, "%s\"%s\": %llu", comma, error_name(-i),
			(unsigned long long)tally->errors[i]);
		comma = ", ";
	}
	fprintf(file, "},\n");
}

static int write_json(const struct campaign *campaign, uint64_t done)
{
	FILE *file = fopen(campaign->json, "w");

	if (file == NULL) {
		fprintf(stderr, "simulate: %s: %s\n", campaign->json,
			strerror(errno));
		return EX_CANTCREAT;
	}
	fprintf(file,
		"{\"first\": %llu,\n \"count\": %llu,\n \"seconds\": %.3f,\n"
		" \"digest\": \"%016llx\",\n",
		(unsigned long long)campaign->first, (unsigned long long)done,
		campaign->seconds, (unsigned long long)campaign->digest);
	write_tally(file, &campaign->tally);
	fprintf(file, " \"violations\": [");
	for (unsigned i = 0; i < campaign->violations && i < VIOLATIONS_MAX;
		i++)
		fprintf(file, "%s{\"seed\": %llu, \"text\": \"%s\"}",
			i ? ", " : "",
			(unsigned long long)campaign->violation[i].seed,
			campaign->violation[i].text);
	fprintf(file, "]}\n");
	return fclose(file) == 0 ? 0 : EX_IOERR;
}

/* Runs a program first, so that what is allocated once and kept is not
   counted. */
static void warm_up(void)
{
	struct clyde_context *context;
	struct clyde_device *device;

	clyde_context_new(&context);
	clyde_device_open(context, "virtual:configured=1", NULL, &device);
	clyde_context_close(context);
}

static void catch_crashes(void)
{
	static const int signals[] = {
		SIGALRM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE};
	struct sigaction action = {
		.sa_handler = print_seed, .sa_flags = SA_RESETHAND};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

int main(int argc, char **argv)
{
	static struct campaign campaign = {.first = 1, .count = 1};
	uint64_t done = 0;
	double start_s;
	int status = 0;

	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &campaign);
	catch_crashes();
	warm_up();
	start_s = now_s();
	while (done < campaign.count &&
		campaign.violations < (campaign.once ? 1 : VIOLATIONS_MAX)) {
		if (done % 256 == 0)
			alarm(HANG_S);
		run_seed(&campaign, campaign.first + done++);
	}
	alarm(0);
	campaign.seconds = now_s() - start_s;
	printf("%llu seeds from %llu, %u violations, %.1f s, %.0f seeds/s; "
	       "%.1f MiB, %.0f s of link time; digest %016llx\n",
		(unsigned long long)done, (unsigned long long)campaign.first,
		campaign.violations, campaign.seconds, done / campaign.seconds,
		(campaign.tally.read + campaign.tally.written) / 1048576.0,
		campaign.tally.link_ns / 1e9,
		(unsigned long long)campaign.digest);
	if (campaign.json)
		status = write_json(&campaign, done);
	return campaign.violations ? 1 : status;
}
