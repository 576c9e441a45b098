/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Draws the faults of a device, as text for its URI, and lists the errors that
   calls may return because of them. */
#include <errno.h>
#include <string.h>

#include "simulation.h"

#include "wire/core-benchmark.h"
#include "wire/regs.h"

enum where {
	NOWHERE,
	AT_CODE, /* A management command. */
	AT_REGISTER,
	AT_TRANSFER, /* "t12/0x86": any position of a fault of the bus. */
	AT_IN,
	AT_SUBMIT,
	AT_TIME, /* Microseconds. */
	AT_TIME_US,
	AT_COUNT,
	AT_OFFSET,
};

static const struct kind {
	const char *name;
	enum where where;
	uint32_t amount_max; /* 0: the kind has no amount. */
	unsigned effects;
	int errors[ERRORS_MAX];
} kinds[] = {
	/* Management. */
	{"error", AT_CODE, 0, BREAKS_COMMAND,
		{CLYDE_ERROR_REFUSED, CLYDE_ERROR_FPGA}},
	{"wait", AT_CODE, 0, BREAKS_COMMAND, {CLYDE_ERROR_TIMEOUT}},
	{"serial", AT_CODE, 0, BREAKS_COMMAND, {CLYDE_ERROR_PROTOCOL}},
	{"mute", AT_CODE, 0, BREAKS_COMMAND, {CLYDE_ERROR_TIMEOUT}},
	{"short", AT_CODE, 0, BREAKS_COMMAND, {CLYDE_ERROR_PROTOCOL}},
	{"alert", AT_CODE, 0, 0, {0}},
	/* A command that is given up may meet a SET_INTERFACE, which spoils it. */
	{"delay", AT_CODE, 3000000, BREAKS_COMMAND,
		{CLYDE_ERROR_TIMEOUT, CLYDE_ERROR_REFUSED}},
	{"twice", AT_CODE, 0, 0, {0}},
	{"junk", AT_CODE, 0, BREAKS_COMMAND,
		{CLYDE_ERROR_PROTOCOL, CLYDE_ERROR_TIMEOUT}},
	{"trip", AT_TIME, 0, 0, {0}},
	{"nack", AT_REGISTER, 0, BREAKS_COMMAND,
		{CLYDE_ERROR_REFUSED, CLYDE_ERROR_FPGA, CLYDE_ERROR_STALL}},
	{"health", NOWHERE, 0, BREAKS_COMMAND, {CLYDE_ERROR_FPGA}},
	/* Even an image that was configured before does not come up. */
	{"done", NOWHERE, 0, BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_FPGA, CLYDE_ERROR_REFUSED, CLYDE_ERROR_STALL,
			CLYDE_ERROR_NO_CORE}},
	/* The cable. */
	{"unplug", AT_TIME, 0, ENDS_DEVICE | BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_NO_DEVICE}},
	{"pull", AT_COUNT, 0, ENDS_DEVICE | BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_NO_DEVICE}},
	{"reset", AT_TIME_US, 0, BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_RESET, CLYDE_ERROR_ENDPOINT_OFF, CLYDE_ERROR_STALL,
			CLYDE_ERROR_IO, CLYDE_ERROR_REFUSED,
			CLYDE_ERROR_TIMEOUT}},
	/* The bus. */
	{"halt", AT_TRANSFER, 0, BREAKS_STREAM, {CLYDE_ERROR_STALL}},
	{"cut", AT_IN, 500, 0, {0}},
	{"zlp", AT_IN, 0, 0, {0}},
	{"nak", AT_TRANSFER, 3000, 0, {0}},
	{"babble", AT_IN, 0, BREAKS_STREAM, {CLYDE_ERROR_BABBLE}},
	{"fail", AT_TRANSFER, 0, BREAKS_STREAM, {CLYDE_ERROR_IO}},
	{"nomem", AT_SUBMIT, 20, BREAKS_STREAM, {CLYDE_ERROR_NO_MEMORY}},
	{"refuse", AT_SUBMIT, 3, BREAKS_STREAM, {CLYDE_ERROR_IO}},
	{"late", AT_TRANSFER, 3000, 0, {0}},
	{"burst", AT_TRANSFER, 5, ENDS_NOTHING, {CLYDE_ERROR_TIMEOUT}},
	{"never", AT_TRANSFER, 0, ENDS_NOTHING, {CLYDE_ERROR_TIMEOUT}},
	/* Opening. */
	{"busy", NOWHERE, 0, BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_BUSY}},
	{"denied", NOWHERE, 0, BREAKS_COMMAND, {CLYDE_ERROR_ACCESS}},
	{"stall", AT_COUNT, 0, BREAKS_COMMAND | BREAKS_STREAM,
		{CLYDE_ERROR_STALL}},
	{"slow", NOWHERE, 0, 0, {0}},
};

static uint32_t draw_code(struct random *random)
{
	/* The commands that a program uses. */
	static const uint8_t codes[] = {0x10, 0x11, 0x20, 0x22, 0x28, 0x29,
		0x30, 0x31, 0x28, 0x29, 0xa0};

	return codes[draw(random, sizeof(codes))];
}

static uint8_t draw_register(struct random *random)
{
	static const uint8_t registers[] = {REG_PIPE_RESET, REG_PIPE_RESET,
		REG_IDLE_FLUSH, REG_STREAM, REG_BENCH_MODE, REG_CORES};

	return draw(random, 2) ? draw(random, 0x60)
			       : registers[draw(random, sizeof(registers))];
}

/* "t12/0x86", "p40", "b0x200", "1500us"; also on the endpoints of commands. */
static int where_transfer(struct random *random, const struct kind *kind,
	struct fault_plan *plan, char *text, size_t size)
{
	static const char *const endpoints[] = {"", "", "", "/0x86", "/0x86",
		"/0x88", "/0x81", "/0x02", "/0x02", "/0x04", "/0x01"};
	unsigned count = kind->where == AT_IN ? 7 : 11;
	const char *endpoint = endpoints[draw(random, count)];

	if (endpoint[0] && endpoint[4] == '1') {
		plan->effects |= BREAKS_COMMAND;
		plan->errors[ERRORS_MAX - 1] = CLYDE_ERROR_TIMEOUT;
		plan->errors[ERRORS_MAX - 2] = CLYDE_ERROR_PROTOCOL;
	}
	switch (kind->where == AT_SUBMIT ? 0 : draw(random, 4)) {
	case 0:
		return snprintf(
			text, size, "@t%u%s", 1 + draw(random, 12), endpoint);
	case 1:
		return snprintf(
			text, size, "@p%u%s", 1 + draw(random, 40), endpoint);
	case 2:
		return snprintf(
			text, size, "@b%u%s", draw(random, 8000), endpoint);
	}
	return snprintf(text, size, "@%uus%s", draw(random, 20000), endpoint);
}

static int where(struct random *random, const struct kind *kind,
	struct fault_plan *plan, char *text, size_t size)
{
	uint32_t us;

	switch (kind->where) {
	case NOWHERE:
		return 0;
	case AT_CODE:
		return snprintf(text, size, "@0x%02x", draw_code(random));
	case AT_REGISTER:
		return snprintf(text, size, "@0x%02x", draw_register(random));
	case AT_TRANSFER:
	case AT_IN:
	case AT_SUBMIT:
		return where_transfer(random, kind, plan, text, size);
	case AT_TIME_US:
		return snprintf(text, size, "@%uus", draw(random, 12000));
	case AT_TIME:
		us = draw(random, draw(random, 2) ? 200000 : 12000);
		if (kind->effects & ENDS_DEVICE)
			plan->gone_ns = us * UINT64_C(1000) + 1;
		return snprintf(text, size, "@%u", us);
	case AT_COUNT:
		return snprintf(text, size, "@%u", 1 + draw(random, 30));
	case AT_OFFSET:
		return snprintf(text, size, "@%u", draw(random, 4096));
	}
	return 0;
}

static void draw_fault(struct random *random, struct fault_plan *plan)
{
	const struct kind *kind =
		&kinds[draw(random, sizeof(kinds) / sizeof(*kinds))];
	size_t size = sizeof(plan->text);
	int used = snprintf(plan->text, size, "%s", kind->name);

	plan->effects = kind->effects;
	for (int i = 0; i < ERRORS_MAX; i++)
		plan->errors[i] = kind->errors[i];
	used += where(random, kind, plan, plan->text + used, size - used);
	if (kind->amount_max > 0)
		snprintf(plan->text + used, size - used, ":%u",
			1 + draw(random, kind->amount_max));
}

/* Whether one of the faults keeps a reply away. */
static bool has_time_out(const struct device_plan *plan)
{
	for (unsigned i = 0; i < plan->faults; i++)
		if (plan->fault[i].effects & BREAKS_COMMAND &&
			plan->fault[i].errors[0] == CLYDE_ERROR_TIMEOUT)
			return true;
	return false;
}

/* Beside a fault that keeps a reply away, a reply that comes twice is named at
   the deadline. */
static void allow_stray(struct fault_plan *fault)
{
	if (strncmp(fault->text, "twice", 5) == 0)
		fault->errors[0] = CLYDE_ERROR_PROTOCOL;
}

void faults_draw(struct random *random, struct device_plan *plan)
{
	static const uint8_t counts[] = {0, 0, 1, 1, 1, 2, 2, 3};

	plan->faults = counts[draw(random, sizeof(counts))];
	for (unsigned i = 0; i < plan->faults; i++)
		draw_fault(random, &plan->fault[i]);
	if (has_time_out(plan))
		for (unsigned i = 0; i < plan->faults; i++)
			allow_stray(&plan->fault[i]);
}

void faults_keep_executed(struct device_plan *plan)
{
	static const char *const models[] = {"error", "wait", "serial", "mute",
		"short", "alert", "delay", "twice", "junk", "trip", "stall"};
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->faults; i++) {
		const char *text = plan->fault[i].text;
		size_t length = strcspn(text, "@:");
		bool is_models = false;

		for (size_t at = 0; at < sizeof(models) / sizeof(*models); at++)
			is_models |= strlen(models[at]) == length &&
				strncmp(text, models[at], length) == 0;
		if (!is_models)
			plan->fault[kept++] = plan->fault[i];
	}
	plan->faults = kept;
}

void faults_draw_corruption(struct random *random, struct device_plan *plan)
{
	struct fault_plan *fault = &plan->fault[0];
	bool drops = draw(random, 2);

	plan->faults = 1;
	*fault = (struct fault_plan){
		.effects = CORRUPTS,
		.offset = draw(random, 6000),
		.amount = 1 + draw(random, drops ? 1000 : 1),
	};
	snprintf(fault->text, sizeof(fault->text), "%s@%u:%u",
		drops ? "drop" : "flip", fault->offset, fault->amount);
}
