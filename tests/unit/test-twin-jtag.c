/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls for JTAG have the same results, and take the same time, to the tick
 * of the link's clock, on the model of the image and on its twin.
 */
#include "tests/support/clyde-test.h"

#include "virtual/fpga/twin-model.h"

#define DEADLINE 5000 /* ms of the virtual clock */
#define URI                                                          \
	"virtual:configured=1,part=tap@tck=A0:tms=A1:tdi=A2:tdo=A3:" \
	"trst=A4:ir=6:t-user=40us:chain=4/0ba00477"
#define SIZE 8192
#define JOBS 32
#define USER 0x08 /* the opcode of a register that becomes ready */

static uint8_t out[SIZE];

/* A device, and what its jobs gave, and how long they took. */
struct side {
	struct fixture fixture;
	struct clyde_jtag *jtag;
	int64_t begun;
	unsigned count;
	const char *names[JOBS];
	int64_t times[JOBS];
	uint8_t in[JOBS][SIZE];
};

static struct side sides[2];

static void ok(int result)
{
	if (result < 0)
		fail_msg("%s", clyde_error_message());
}

static int64_t now(const struct side *side)
{
	int64_t ns;

	ok(clyde_device_now(side->fixture.device, &ns));
	return ns;
}

static uint8_t *begin(struct side *side, const char *name)
{
	assert_true(side->count < JOBS);
	side->names[side->count] = name;
	side->begun = now(side);
	return side->in[side->count];
}

static void end(struct side *side)
{
	side->times[side->count++] = now(side) - side->begun;
}

static void open_side(struct side *side, const char *uri)
{
	static const struct clyde_jtag_options options = {
		.tck = "A0",
		.tms = "A1",
		.tdi = "A2",
		.tdo = "A3",
		.trst = "A4",
		.srst = "A5",
		.rate_hz = 24000000,
	};

	memset(side, 0, sizeof(*side));
	side->fixture = open_uri(uri);
	ok(clyde_fpga_load_image(side->fixture.device));
	ok(clyde_supply_set(side->fixture.device, 1, 3300));
	ok(clyde_jtag_open(side->fixture.device, &options, &side->jtag));
	ok(clyde_jtag_reset(side->jtag, DEADLINE));
}

/* ---- Jobs --------------------------------------------------------------- */

/* With bytes out, back, and both ways; a vector; and clocks. */
static void run_at(struct side *side, const char *name, uint32_t rate_hz,
	int delay_ns, unsigned bits)
{
	const enum clyde_tap_state idle = CLYDE_TAP_IDLE;
	struct clyde_jtag *jtag = side->jtag;
	uint8_t *in = begin(side, name);

	ok(clyde_jtag_configure(jtag, rate_hz, delay_ns, NULL));
	ok(clyde_jtag_reset(jtag, DEADLINE));
	ok(clyde_jtag_dr(jtag, 64, NULL, in, idle, DEADLINE));
	ok(clyde_jtag_ir(jtag, 10, NULL, in + 8, idle, DEADLINE));
	ok(clyde_jtag_dr(jtag, bits, out, NULL, idle, DEADLINE));
	ok(clyde_jtag_dr(jtag, bits, out, in + 10, idle, DEADLINE));
	ok(clyde_jtag_run(jtag, bits, DEADLINE));
	ok(clyde_jtag_shift(
		jtag, bits, out + 7, out, in + 10 + bits / 8 + 1, DEADLINE));
	end(side);
}

/* A job of the user register, until it is ready; and one that never is. */
static void run_polls(struct side *side)
{
	uint8_t *in = begin(side, "polls"), instruction[2] = {0, 0};
	struct clyde_jtag_step steps[] = {
		{.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET},
		{.kind = CLYDE_JTAG_IR,
			.bits = 10,
			.out = instruction,
			.state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_DR,
			.bits = 34,
			.out = "\7\0\0\0\0",
			.state = CLYDE_TAP_IDLE},
		/* A 1 in bit 0 would begin another job. */
		{.kind = CLYDE_JTAG_POLL,
			.flags = CLYDE_JTAG_ZEROS,
			.skip = 1,
			.bits = 3,
			.tail = 30,
			.clocks = 5,
			.in = in,
			.mask = 1,
			.value = 1,
			.limit_us = 1000,
			.delay_us = 3},
	};

	/* The first TAP's opcode is shifted last. */
	instruction[0] = USER << 4 | 0xf;
	instruction[1] = USER >> 4;
	ok(clyde_jtag_configure(side->jtag, 24000000, 0, NULL));
	ok(clyde_jtag_transfer(side->jtag, steps, 4, DEADLINE));
	steps[3].mask = steps[3].value = 2;
	steps[3].in = in + 1;
	steps[3].limit_us = 70;
	assert_int_equal(clyde_jtag_transfer(side->jtag, steps, 4, DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	end(side);
}

static void run_resets(struct side *side)
{
	uint8_t *in = begin(side, "TRST and SRST");
	struct clyde_jtag_step steps[] = {
		{.kind = CLYDE_JTAG_IR, .bits = 10, .state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_PINS, .delay_us = 20},
		{.kind = CLYDE_JTAG_PINS,
			.pins = CLYDE_JTAG_TRST_HIGH | CLYDE_JTAG_SRST_HIGH},
		{.kind = CLYDE_JTAG_DR,
			.bits = 64,
			.in = in,
			.state = CLYDE_TAP_IDLE},
	};

	ok(clyde_jtag_transfer(side->jtag, steps, 4, DEADLINE));
	end(side);
}

static void run_chain(struct side *side)
{
	uint8_t *in = begin(side, "chain and delay");
	struct clyde_tap taps[4];
	int delay_ns;

	memset(taps, 0, sizeof(taps));
	ok(clyde_jtag_chain(side->jtag, taps, 4, NULL, DEADLINE));
	ok(clyde_jtag_find_delay(side->jtag, &delay_ns, DEADLINE));
	memcpy(in, taps, sizeof(taps));
	memcpy(in + sizeof(taps), &delay_ns, sizeof(delay_ns));
	end(side);
}

static void run_jobs(struct side *side)
{
	run_at(side, "1 MHz", 1000000, 0, 1001);
	run_at(side, "1 MHz, 20 ns late", 1000000, 20, 999);
	run_at(side, "6 MHz", 6000000, 0, 3003);
	run_at(side, "9.6 MHz", 9600000, 40, 3003);
	run_at(side, "12 MHz", 12000000, 73, 8000);
	run_at(side, "16 MHz", 16000000, 0, 12005);
	run_at(side, "24 MHz", 24000000, 0, 32000);
	run_at(side, "24 MHz, 20 ns late", 24000000, 20, 32000);
	run_polls(side);
	run_resets(side);
	run_chain(side);
}

static void the_twin_takes_the_models_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SIZE; i++)
		out[i] = i * 151 ^ i >> 3;
	for (unsigned i = 0; i < 2; i++) {
		open_side(&sides[i], i ? URI ",fpga=twin" : URI);
		run_jobs(&sides[i]);
		close_fixture(&sides[i].fixture);
	}
	assert_int_equal(sides[0].count, sides[1].count);
	for (unsigned i = 0; i < sides[0].count; i++) {
		print_message("%s: model %.3f ms, twin %.3f ms\n",
			sides[0].names[i], sides[0].times[i] / 1e6,
			sides[1].times[i] / 1e6);
		assert_memory_equal(sides[0].in[i], sides[1].in[i], SIZE);
		assert_int_equal(sides[0].times[i], sides[1].times[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_twin_takes_the_models_time),
	};
	const char *why;

	if (twin_module(&why) == NULL) {
		print_message("%s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
