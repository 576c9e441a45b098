/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Draws a program from a seed: the steps, and the devices that they use. */
#include "simulation.h"

#include <string.h>

#include "wire/core-benchmark.h"

uint64_t random_next(struct random *random)
{
	uint64_t bits = random->state += 0x9e3779b97f4a7c15;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
	return bits ^ bits >> 31;
}

uint32_t draw(struct random *random, uint32_t count)
{
	return (random_next(random) >> 32) * count >> 32;
}

/* What a program uses. */
enum use {
	USES_BENCHMARK,
	USES_SPI,
	USES_JTAG,
	USES,
};

static const struct {
	const char *name;
	unsigned weight[USES]; /* of a step in the middle of a program */
} kinds[STEP_KINDS] = {
	[STEP_OPEN] = {"open", {2, 2, 2}},
	[STEP_LOAD] = {"load", {1, 1, 1}},
	[STEP_USE] = {"use", {2, 0, 0}},
	[STEP_OPEN_PIPE] = {"open-pipe", {8, 1, 1}},
	[STEP_READ] = {"read", {16, 0, 0}},
	[STEP_READ_SOME] = {"read-some", {10, 0, 0}},
	[STEP_ACQUIRE] = {"acquire", {8, 0, 0}},
	[STEP_RELEASE] = {"release", {8, 0, 0}},
	[STEP_WRITE] = {"write", {22, 0, 0}},
	[STEP_PUSH] = {"push", {8, 0, 0}},
	[STEP_FLUSH] = {"flush", {6, 0, 0}},
	[STEP_CANCEL] = {"cancel", {6, 0, 0}},
	[STEP_RESUME] = {"resume", {8, 0, 0}},
	[STEP_RESET] = {"reset", {4, 0, 0}},
	[STEP_IDLE] = {"idle", {2, 0, 0}},
	[STEP_REGISTER] = {"register", {5, 2, 2}},
	[STEP_COUNTER] = {"counter", {4, 0, 0}},
	[STEP_SUPPLY] = {"supply", {2, 1, 1}},
	[STEP_ALERTS] = {"alerts", {1, 1, 1}},
	[STEP_EEPROM] = {"eeprom", {1, 1, 1}},
	[STEP_SLEEP] = {"sleep", {3, 2, 2}},
	[STEP_INTERRUPT] = {"interrupt", {2, 2, 2}},
	[STEP_STALE] = {"stale", {3, 3, 3}},
	[STEP_APPLET] = {"applet", {1, 1, 1}},
	[STEP_DRAIN] = {"drain", {3, 0, 0}},
	[STEP_SPI_OPEN] = {"spi-open", {0, 6, 0}},
	[STEP_SPI_CONFIGURE] = {"spi-configure", {0, 4, 0}},
	[STEP_SPI_SUBMIT] = {"spi-submit", {0, 30, 0}},
	[STEP_SPI_COLLECT] = {"spi-collect", {0, 14, 0}},
	[STEP_SPI_TRANSFER] = {"spi-transfer", {0, 8, 0}},
	[STEP_SPI_CLOSE] = {"spi-close", {0, 3, 0}},
	[STEP_FLASH_OPEN] = {"flash-open", {0, 5, 0}},
	[STEP_FLASH_READ] = {"flash-read", {0, 5, 0}},
	[STEP_FLASH_WRITE] = {"flash-write", {0, 7, 0}},
	[STEP_FLASH_ERASE] = {"flash-erase", {0, 4, 0}},
	[STEP_FLASH_CLOSE] = {"flash-close", {0, 2, 0}},
	[STEP_SPI_CHECK] = {"spi-check", {0, 1, 0}},
	[STEP_JTAG_OPEN] = {"jtag-open", {0, 0, 6}},
	[STEP_JTAG_CONFIGURE] = {"jtag-configure", {0, 0, 4}},
	[STEP_JTAG_SUBMIT] = {"jtag-submit", {0, 0, 34}},
	[STEP_JTAG_COLLECT] = {"jtag-collect", {0, 0, 14}},
	[STEP_JTAG_TRANSFER] = {"jtag-transfer", {0, 0, 10}},
	[STEP_JTAG_CHAIN] = {"jtag-chain", {0, 0, 3}},
	[STEP_JTAG_SVF] = {"jtag-svf", {0, 0, 4}},
	[STEP_JTAG_CLOSE] = {"jtag-close", {0, 0, 3}},
	[STEP_JTAG_CHECK] = {"jtag-check", {0, 0, 1}},
	[STEP_CLOSE_PIPE] = {"close-pipe", {4, 1, 1}},
	[STEP_CLOSE_DEVICE] = {"close-device", {1, 1, 1}},
	[STEP_CLOSE_CONTEXT] = {"close-context", {1, 1, 1}},
};

const char *step_name(enum step_kind kind)
{
	return kinds[kind].name;
}

static enum step_kind draw_kind(struct random *random, enum use use)
{
	unsigned total = 0, at;

	for (int i = 0; i < STEP_KINDS; i++)
		total += kinds[i].weight[use];
	at = draw(random, total);
	for (int i = 0;; i++) {
		if (at < kinds[i].weight[use])
			return i;
		at -= kinds[i].weight[use];
	}
}

/* Whether a step reads; a step of the other direction is a wrong use. */
static bool reads(enum step_kind kind)
{
	return kind == STEP_READ || kind == STEP_READ_SOME || kind == STEP_IDLE;
}

static bool writes(enum step_kind kind)
{
	return kind == STEP_WRITE || kind == STEP_PUSH || kind == STEP_FLUSH;
}

static uint8_t draw_pipe(struct random *random, const struct device_plan *plan,
	enum step_kind kind)
{
	bool opens = kind == STEP_OPEN_PIPE || kind == STEP_CLOSE_PIPE;

	if (draw(random, opens ? 3 : 16) == 0)
		return draw(random, CLYDE_PIPE_COUNT);
	if (reads(kind))
		return plan->in;
	if (writes(kind))
		return plan->out;
	return draw(random, 2) ? plan->in : plan->out;
}

/* Odd sizes, and those around the size of a packet or of a transfer. */
static uint32_t draw_amount(struct random *random)
{
	uint32_t packets;

	switch (draw(random, 6)) {
	case 0:
		return draw(random, 8);
	case 1:
		packets = draw(random, 6);
		return 512 * packets + draw(random, 3);
	case 2:
		return draw(random, 6000);
	default:
		return draw(random, 1500);
	}
}

static struct step *add(
	struct program *program, enum step_kind kind, unsigned device)
{
	struct step *step = &program->step[program->steps++];

	*step = (struct step){.kind = kind, .device = device};
	return step;
}

static struct step *add_drawn(struct program *program, struct random *random,
	enum step_kind kind, unsigned device)
{
	static const int timeouts[] = {0, 0, 1, 3, 10, 100, 1000, 1000, -1};
	struct step *step = add(program, kind, device);

	step->pipe = draw_pipe(random, &program->device[device], kind);
	step->choice = draw(random, 256);
	step->amount = draw_amount(random);
	step->timeout_ms =
		timeouts[draw(random, sizeof(timeouts) / sizeof(*timeouts))];
	return step;
}

/* Adds the beginning of most programs: a device is opened, and its pipes. */
static void add_start(
	struct program *program, struct random *random, unsigned device)
{
	const struct device_plan *plan = &program->device[device];
	bool out_first = draw(random, 2);

	add(program, STEP_OPEN, device);
	if (!plan->configured)
		add(program, STEP_LOAD, device);
	add(program, STEP_USE, device);
	for (int i = 0; i < 2; i++) {
		bool out = out_first == (i == 0);

		if (plan->mode == (out ? BENCH_SOURCE : BENCH_SINK))
			continue;
		add_drawn(program, random, STEP_OPEN_PIPE, device)->pipe =
			out ? plan->out : plan->in;
	}
}

/* One seed of so many executes firmware: a device of it takes a quarter of a
   second to configure. */
#define EXECUTED    4096
#define EXECUTED_AT 40

static void draw_device(struct random *random, struct device_plan *plan)
{
	static const uint8_t modes[] = {
		BENCH_SOURCE, BENCH_SINK, BENCH_LOOPBACK, BENCH_LOOPBACK};

	plan->configured = draw(random, 128) > 0;
	plan->mode = modes[draw(random, sizeof(modes))];
	plan->out = draw(random, 4) ? CLYDE_PIPE_EP2_OUT : CLYDE_PIPE_EP4_OUT;
	plan->in = draw(random, 4) ? CLYDE_PIPE_EP6_IN : CLYDE_PIPE_EP8_IN;
	faults_draw(random, plan);
}

/* The applet runs over data that is corrupted once, and again over good
   data. */
static void draw_applet(struct program *program, struct random *random)
{
	struct device_plan *plan = &program->device[0];

	draw_device(random, plan);
	plan->configured = true;
	faults_draw_corruption(random, plan);
	add(program, STEP_OPEN, 0);
	add_drawn(program, random, STEP_APPLET, 0);
	add_drawn(program, random, STEP_APPLET, 0);
}

/* The number of steps in which a running stream is interrupted and
   continues. */
#define BREAK_STEPS 5

static unsigned add_break(
	struct program *program, struct random *random, unsigned device)
{
	const struct device_plan *plan = &program->device[device];
	bool in = draw(random, 2);
	const enum step_kind steps[BREAK_STEPS] = {STEP_WRITE,
		in ? STEP_READ_SOME : STEP_WRITE, STEP_CANCEL, STEP_RESUME,
		in ? STEP_READ : STEP_WRITE};

	for (unsigned i = 0; i < BREAK_STEPS; i++)
		add_drawn(program, random, steps[i], device)->pipe =
			in && i > 0 ? plan->in : plan->out;
	return BREAK_STEPS;
}

static void draw_use(struct program *program, struct random *random)
{
	unsigned devices = draw(random, 4) ? 1 : 2;
	unsigned middle = 2 + draw(random, draw(random, 4) ? 16 : 44);

	for (unsigned i = 0; i < devices; i++)
		draw_device(random, &program->device[i]);
	for (unsigned i = 0; i < devices; i++)
		add_start(program, random, i);
	for (unsigned i = 0; i < middle;) {
		unsigned device = draw(random, devices);

		if (i + BREAK_STEPS <= middle && draw(random, 16) == 0) {
			i += add_break(program, random, device);
			continue;
		}
		add_drawn(program, random, draw_kind(random, USES_BENCHMARK),
			device);
		i++;
	}
	for (unsigned i = 0; i < devices; i++)
		add_drawn(program, random, STEP_DRAIN, i);
}

/* One seed in sixteen uses the SPI core: of those that are run twice as many as
   of the others. */
static bool uses_spi(uint64_t seed)
{
	return (seed & 15) == (seed >> 4 & 15);
}

/* One seed in 32, none of which uses the SPI core. */
static bool uses_jtag(uint64_t seed)
{
	return (seed & 15) == (~seed >> 4 & 15) && seed >> 8 & 1;
}

static void draw_core(
	struct program *program, struct random *random, enum use use)
{
	unsigned devices = draw(random, 4) ? 1 : 2;
	unsigned middle = 2 + draw(random, draw(random, 4) ? 16 : 44);

	for (unsigned i = 0; i < devices; i++) {
		struct device_plan *plan = &program->device[i];

		draw_device(random, plan);
		plan->spi = use == USES_SPI;
		plan->jtag = use == USES_JTAG;
		plan->part = draw(random, 256);
		add(program, STEP_OPEN, i);
		if (!plan->configured)
			add(program, STEP_LOAD, i);
		add_drawn(program, random,
			use == USES_SPI ? STEP_SPI_OPEN : STEP_JTAG_OPEN, i);
	}
	for (unsigned i = 0; i < middle; i++) {
		unsigned device = draw(random, devices);

		add_drawn(program, random, draw_kind(random, use), device);
	}
	for (unsigned i = 0; i < devices; i++)
		add_drawn(program, random,
			use == USES_SPI ? STEP_SPI_CHECK : STEP_JTAG_CHECK, i);
}

void program_draw(struct program *program, uint64_t seed)
{
	struct random random = {seed};

	memset(program, 0, sizeof(*program));
	program->seed = seed;
	if (uses_spi(seed))
		draw_core(program, &random, USES_SPI);
	else if (uses_jtag(seed))
		draw_core(program, &random, USES_JTAG);
	else if (draw(&random, 8) == 0)
		draw_applet(program, &random);
	else
		draw_use(program, &random);
	program->kept_steps = ~UINT64_C(0) >> (64 - program->steps);
	for (unsigned i = 0; i < DEVICES && seed % EXECUTED == EXECUTED_AT;
		i++) {
		program->device[i].executed = true;
		faults_keep_executed(&program->device[i]);
	}
	for (unsigned i = 0; i < DEVICES; i++)
		for (unsigned at = 0; at < program->device[i].faults; at++)
			program->kept_faults |= UINT32_C(1) << FAULT_BIT(i, at);
}

void program_print(const struct program *program, FILE *file)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		const struct device_plan *plan = &program->device[i];

		if (plan->executed)
			fprintf(file, "  device %u: executes firmware\n", i);
		for (unsigned at = 0; at < plan->faults; at++)
			if (program->kept_faults >> FAULT_BIT(i, at) & 1)
				fprintf(file, "  device %u: fault %s\n", i,
					plan->fault[at].text);
	}
	for (unsigned i = 0; i < program->steps; i++) {
		const struct step *step = &program->step[i];

		if (program->kept_steps >> i & 1)
			fprintf(file,
				"  %2u %s: device %u, pipe %u, amount %u, "
				"choice %u, timeout %d ms\n",
				i, step_name(step->kind), step->device,
				step->pipe, step->amount, step->choice,
				step->timeout_ms);
	}
}
