/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h for JTAG, on a virtual device with TAPs on the pins.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "wire/regs.h"

#define DEADLINE 5000 /* ms of the virtual clock */
#define TAP      "tap@tck=A0:tms=A1:tdi=A2:tdo=A3"
#define URI      "virtual:configured=1,part=" TAP
#define IDCODE   0x0362d093

struct rig {
	struct fixture fixture;
	struct clyde_jtag *jtag;
};

static const struct clyde_jtag_options standard = {
	.tck = "A0",
	.tms = "A1",
	.tdi = "A2",
	.tdo = "A3",
	.rate_hz = 24000000,
};

static void ok(int result)
{
	if (result < 0)
		fail_msg("%s", clyde_error_message());
}

static struct fixture open_device(const char *uri)
{
	struct fixture fixture = open_uri(uri);

	ok(clyde_fpga_load_image(fixture.device));
	ok(clyde_supply_set(fixture.device, 1, 3300));
	return fixture;
}

static struct rig open_rig(
	const char *uri, const struct clyde_jtag_options *options)
{
	struct rig rig = {.fixture = open_device(uri)};

	ok(clyde_jtag_open(rig.fixture.device, options, &rig.jtag));
	return rig;
}

static void assert_pins_are_free(struct clyde_device *device)
{
	static const uint8_t zeros[INPUT_COUNT];
	uint8_t pins[PIN_COUNT], inputs[INPUT_COUNT], streams[4];

	ok(clyde_register_read(device, REG_PIN, pins, PIN_COUNT));
	ok(clyde_register_read(device, REG_INPUT, inputs, INPUT_COUNT));
	ok(clyde_register_read(device, REG_STREAM, streams, 4));
	assert_memory_equal(pins, zeros, PIN_COUNT);
	assert_memory_equal(inputs, zeros, INPUT_COUNT);
	assert_memory_equal(streams, zeros, 4);
}

static void close_rig(struct rig *rig)
{
	clyde_jtag_close(rig->jtag);
	assert_pins_are_free(rig->fixture.device);
	close_fixture(&rig->fixture);
}

static int64_t now(const struct rig *rig)
{
	int64_t ns;

	ok(clyde_device_now(rig->fixture.device, &ns));
	return ns;
}

static void assert_fails(int result, int error, const char *sentence)
{
	assert_int_equal(result, error);
	assert_string_equal(clyde_error_message(), sentence);
}

/* ---- Scans ---------------------------------------------------------------- */

#define CHIP ":ir=6:idcode=0362d093"

static void assert_idcode(struct rig *rig)
{
	uint32_t idcode = 0;

	ok(clyde_jtag_reset(rig->jtag, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig->jtag), CLYDE_TAP_RESET);
	ok(clyde_jtag_dr(
		rig->jtag, 32, NULL, &idcode, CLYDE_TAP_IDLE, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig->jtag), CLYDE_TAP_IDLE);
	assert_int_equal(idcode, IDCODE);
}

static void an_idcode_is_read_at_all_rates(void **state)
{
	static const uint32_t rates[] = {
		CLYDE_JTAG_RATE_MIN, 0, 1000000, 6000000, 16000000, 24000000};
	static const uint32_t expected[] = {
		1464, 100000, 1000000, 6000000, 16000000, 24000000};
	struct rig rig = open_rig(URI CHIP, &standard);
	uint32_t rate;

	(void)state;
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_UNKNOWN);
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		ok(clyde_jtag_configure(rig.jtag, rates[i], 0, &rate));
		assert_int_equal(rate, expected[i]);
		assert_idcode(&rig);
	}
	close_rig(&rig);
}

/* Instruction Fh of the generic chip is BYPASS; of 6 bits all are ones. */
static void bits_go_through_bypass_one_clock_late(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	uint8_t out[32], in[33] = {0}, captured = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = 37 * i + 11;
	ok(clyde_jtag_ir(
		rig.jtag, 6, NULL, &captured, CLYDE_TAP_IR_PAUSE, DEADLINE));
	assert_int_equal(captured, 1);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_IR_PAUSE);
	ok(clyde_jtag_dr(rig.jtag, 255, out, in, CLYDE_TAP_DR_SHIFT, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_DR_SHIFT);
	ok(clyde_jtag_dr(
		rig.jtag, 2, NULL, in + 32, CLYDE_TAP_DR_EXIT1, DEADLINE));
	assert_int_equal(in[0], (uint8_t)(out[0] << 1));
	for (unsigned i = 1; i < 32; i++)
		assert_int_equal(in[i],
			(uint8_t)(out[i] << 1 | out[i - 1] >> 7) &
				(i == 31 ? 0x7f : 0xff));
	assert_int_equal(in[32], 2 | (out[31] >> 6 & 1));
	close_rig(&rig);
}

/* The states by hand: from any state to Shift-DR, 32 bits, and to IDLE. */
static void a_vector_moves_the_taps_as_its_bits_say(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	static const uint8_t tms[] = {0x5f, 0};
	uint8_t tdo[6] = {0};
	uint64_t all = 0;

	(void)state;
	/* 11111 010 0: RESET, IDLE, DR_SELECT, DR_CAPTURE, DR_SHIFT */
	ok(clyde_jtag_shift(rig.jtag, 9, tms, NULL, NULL, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_DR_SHIFT);
	ok(clyde_jtag_shift(rig.jtag, 32, "\0\0\0\x80", NULL, tdo, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_DR_EXIT1);
	memcpy(&all, tdo, sizeof(tdo));
	assert_int_equal(all, IDCODE);
	ok(clyde_jtag_shift(rig.jtag, 2, "\1", NULL, NULL, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_IDLE);
	/* All in one */
	ok(clyde_jtag_shift(
		rig.jtag, 41, "\x5f\0\0\0\0\1", "\0\0\0\0\0\0", tdo, DEADLINE));
	memcpy(&all, tdo, sizeof(tdo));
	assert_int_equal(all >> 9, IDCODE);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_DR_EXIT1);
	close_rig(&rig);
}

/* ---- Times ---------------------------------------------------------------- */

#define LONG (1 << 18) /* bytes */

static void assert_speed(bool receives)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	uint8_t *out = malloc(LONG), *in = receives ? malloc(LONG) : NULL;
	int64_t start;
	double speed;

	memset(out, 0x3c, LONG);
	ok(clyde_jtag_ir(rig.jtag, 6, NULL, NULL, CLYDE_TAP_IDLE, DEADLINE));
	start = now(&rig);
	ok(clyde_jtag_dr(
		rig.jtag, 8 * LONG, out, in, CLYDE_TAP_IDLE, DEADLINE));
	speed = 1e3 * LONG / (now(&rig) - start);
	print_message("%.3f MB/s\n", speed);
	assert_true(speed >= 2.94);
	if (receives)
		assert_int_equal(in[LONG - 1], 0x78);
	free(in);
	free(out);
	close_rig(&rig);
}

static void a_shift_is_as_fast_as_its_clock(void **state)
{
	(void)state;
	assert_speed(false);
	assert_speed(true);
}

static void a_chain_is_found_in_one_round_trip(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	struct clyde_tap taps[2] = {{0}};
	uint32_t ir_bits = 0;
	int64_t start;

	(void)state;
	assert_int_equal(
		clyde_jtag_chain(rig.jtag, taps, 2, &ir_bits, DEADLINE), 1);
	assert_int_equal(taps[0].idcode, IDCODE);
	assert_int_equal(taps[0].ir_bits, 6);
	assert_int_equal(ir_bits, 6);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
	/* 6176 bits take 257 us. */
	start = now(&rig);
	assert_int_equal(
		clyde_jtag_chain(rig.jtag, NULL, 0, NULL, DEADLINE), 1);
	print_message("%lld ns\n", (long long)(now(&rig) - start));
	assert_true(now(&rig) - start <= 700000);
	close_rig(&rig);
}

static void a_small_scan_takes_one_round_trip(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	int64_t start;

	(void)state;
	assert_idcode(&rig);
	start = now(&rig);
	assert_idcode(&rig);
	print_message("%lld ns\n", (long long)(now(&rig) - start));
	assert_true(now(&rig) - start <= 1000000);
	close_rig(&rig);
}

/* ---- Polls and batches ---------------------------------------------------- */

#define NONE 99

static size_t failed_step(const struct rig *rig)
{
	size_t step = NONE;
	int result = clyde_jtag_failed(rig->jtag, &step);

	assert_in_range(result, 0, 1);
	assert_true(result == 1 || step == NONE);
	return step;
}

/* The first bit of an IDCODE is 1. */
static void a_poll_that_reaches_its_limit_is_named(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	uint32_t idcode = 0;
	struct clyde_jtag_step steps[] = {
		{.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET},
		{.kind = CLYDE_JTAG_POLL,
			.bits = 8,
			.tail = 24,
			.mask = 0xff,
			.value = IDCODE & 0xff,
			.limit_us = 100},
		{.kind = CLYDE_JTAG_DR,
			.bits = 32,
			.in = &idcode,
			.state = CLYDE_TAP_DR_PAUSE},
	};

	(void)state;
	ok(clyde_jtag_transfer(rig.jtag, steps, 3, DEADLINE));
	assert_int_equal(failed_step(&rig), NONE);
	assert_int_equal(idcode, IDCODE);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_IDLE);
	steps[1].value = 0x55;
	assert_fails(clyde_jtag_transfer(rig.jtag, steps, 3, DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED,
		"step 1: the bits of DR were 0x93 last, and not 0x55 under the "
		"mask 0xff in 100 us");
	assert_int_equal(failed_step(&rig), 1);
	assert_int_equal(idcode, UINT32_MAX);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_IDLE);
	assert_idcode(&rig);
	assert_int_equal(failed_step(&rig), NONE);
	close_rig(&rig);
}

/* What a failed chain has skipped is sent again, settings included. */
static void a_chain_is_skipped_behind_its_failure(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	const struct clyde_jtag_step first[] = {
		{.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET},
		{.kind = CLYDE_JTAG_POLL, .bits = 8, .tail = 24, .mask = 0xff}};
	uint32_t skipped = 0, read = 0;
	struct clyde_jtag_step scan = {
		.kind = CLYDE_JTAG_DR, .bits = 32, .state = CLYDE_TAP_IDLE};
	uint64_t tickets[3];

	(void)state;
	ok(clyde_jtag_submit(
		rig.jtag, first, 2, CLYDE_JTAG_CHAIN, &tickets[0], DEADLINE));
	scan.in = &skipped;
	ok(clyde_jtag_configure(rig.jtag, 1000000, 0, NULL));
	ok(clyde_jtag_submit(rig.jtag, &scan, 1, 0, &tickets[1], DEADLINE));
	scan.in = &read;
	ok(clyde_jtag_submit(rig.jtag, &scan, 1, 0, &tickets[2], DEADLINE));
	assert_int_equal(clyde_jtag_collect(rig.jtag, tickets[0], DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_int_equal(failed_step(&rig), 1);
	assert_int_equal(clyde_jtag_collect(rig.jtag, tickets[1], DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("step 1 of a batch before it in its chain: the bits of DR");
	ok(clyde_jtag_collect(rig.jtag, tickets[2], DEADLINE));
	assert_int_equal(skipped, UINT32_MAX);
	assert_int_equal(read, IDCODE);
	close_rig(&rig);
}

static void many_batches_are_on_their_way_at_once(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	uint32_t idcodes[100];
	struct clyde_jtag_step steps[] = {
		{.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET},
		{.kind = CLYDE_JTAG_DR, .bits = 32, .state = CLYDE_TAP_IDLE}};
	uint64_t ticket = 0;
	int64_t start;

	(void)state;
	ok(clyde_jtag_transfer(rig.jtag, steps, 2, DEADLINE));
	start = now(&rig);
	for (unsigned i = 0; i < 100; i++) {
		steps[1].in = &idcodes[i];
		ok(clyde_jtag_submit(rig.jtag, steps, 2, 0, &ticket, DEADLINE));
	}
	ok(clyde_jtag_collect(rig.jtag, ticket, DEADLINE));
	print_message("%lld ns\n", (long long)(now(&rig) - start));
	assert_true(now(&rig) - start <= 4000000);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(idcodes[i], IDCODE);
	close_rig(&rig);
}

/* ---- Pins ----------------------------------------------------------------- */

static void trst_holds_the_taps_in_reset(void **state)
{
	struct clyde_jtag_options options = standard;
	uint32_t bits = 0;
	struct rig rig;

	(void)state;
	options.trst = "A4";
	options.srst = "A5#";
	rig = open_rig(URI CHIP ":trst=A4", &options);
	assert_idcode(&rig);
	ok(clyde_jtag_ir(rig.jtag, 6, NULL, NULL, CLYDE_TAP_IDLE, DEADLINE));
	ok(clyde_jtag_pins(rig.jtag, CLYDE_JTAG_SRST_HIGH, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_UNKNOWN);
	ok(clyde_jtag_dr(rig.jtag, 32, NULL, &bits, CLYDE_TAP_IDLE, DEADLINE));
	assert_int_not_equal(bits, IDCODE);
	ok(clyde_jtag_pins(rig.jtag,
		CLYDE_JTAG_SRST_HIGH | CLYDE_JTAG_TRST_HIGH, DEADLINE));
	/* It may be in RESET, or not. */
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_UNKNOWN);
	ok(clyde_jtag_dr(rig.jtag, 32, NULL, &bits, CLYDE_TAP_IDLE, DEADLINE));
	assert_int_equal(bits, IDCODE);
	close_rig(&rig);
}

/* ---- Chains --------------------------------------------------------------- */

/* `up` and `down` are the pulls of port A. */
static void assert_chain_fails(
	const char *uri, uint8_t down, uint8_t up, int error, const char *part)
{
	struct rig rig = open_rig(uri, &standard);

	ok(clyde_pulls_set(rig.fixture.device, 1, down, up));
	assert_int_equal(
		clyde_jtag_chain(rig.jtag, NULL, 0, NULL, DEADLINE), error);
	assert_says(part);
	ok(clyde_pulls_set(rig.fixture.device, 1, 0, 0));
	close_rig(&rig);
}

static void a_chain_that_is_broken_is_described(void **state)
{
	(void)state;
	/* Nothing drives TDO. */
	assert_chain_fails("virtual:configured=1", 0, 1 << 3,
		CLYDE_ERROR_NO_CHIP, "TDO is always 1");
	assert_chain_fails("virtual:configured=1", 1 << 3, 0,
		CLYDE_ERROR_NO_CHIP, "TDO is always 0");
	/* TDI of the chip is a pin that nothing drives. */
	assert_chain_fails("virtual:configured=1,"
			   "part=tap@tck=A0:tms=A1:tdi=A6:tdo=A3" CHIP,
		1 << 6, 0, CLYDE_ERROR_CHAIN, "TDI is not connected");
}

/* ---- The delay ------------------------------------------------------------ */

static void assert_delay(const char *t_tdo, uint32_t rate_hz, int expected_ns)
{
	struct clyde_jtag_options options = standard;
	char uri[128];
	int delay = -1;
	struct rig rig;

	snprintf(uri, sizeof(uri), URI CHIP ":t-tdo=%s", t_tdo);
	options.rate_hz = rate_hz;
	rig = open_rig(uri, &options);
	ok(clyde_jtag_find_delay(rig.jtag, &delay, DEADLINE));
	assert_int_equal(delay, expected_ns);
	assert_idcode(&rig);
	assert_int_equal(
		clyde_jtag_chain(rig.jtag, NULL, 0, NULL, DEADLINE), 1);
	close_rig(&rig);
}

/* At 24 MHz a bit is on TDO for 42 ns, and is sampled 42 ns and the delay after
   the falling edge at which the target begins to put it out. */
static void the_delay_is_found(void **state)
{
	(void)state;
	assert_delay("10ns", 24000000, 0);
	assert_delay("30ns", 24000000, 10);
	assert_delay("41ns", 24000000, 21);
	assert_delay("10ns", 48000000, 0);
	assert_delay("70ns", 12000000, 31);
	assert_delay("1us", 100000, 31);
}

static void no_delay_is_right_for_a_slow_target(void **state)
{
	struct clyde_jtag_options options = standard;
	struct fixture fixture = open_device(URI CHIP ":t-tdo=200ns");
	struct clyde_jtag *jtag;

	(void)state;
	options.sample_delay_ns = CLYDE_JTAG_DELAY_AUTO;
	assert_fails(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_CHAIN,
		"TDO is not read right at 24000000 Hz with any delay: TCK is "
		"too fast");
	assert_pins_are_free(fixture.device);
	options.rate_hz = 4000000;
	ok(clyde_jtag_open(fixture.device, &options, &jtag));
	assert_int_equal(clyde_jtag_chain(jtag, NULL, 0, NULL, DEADLINE), 1);
	close_fixture(&fixture);
}

/* ---- What is refused ------------------------------------------------------ */

#define REFUSE(rig, sentence, ...)                                           \
	do {                                                                 \
		const struct clyde_jtag_step step_ = {__VA_ARGS__};          \
                                                                             \
		assert_fails(clyde_jtag_transfer((rig)->jtag, &step_, 1, 1), \
			CLYDE_ERROR_INVALID, sentence);                      \
	} while (0)

static void a_step_that_cannot_be_is_refused(void **state)
{
	struct rig rig = open_rig(URI CHIP, &standard);
	uint64_t ticket;

	(void)state;
	REFUSE(&rig, "step 0 is of kind 7: there are kinds 0 to 6", .kind = 7);
	REFUSE(&rig, "step 0 has a flag 0x2 that its kind has not", .bits = 1,
		.flags = CLYDE_JTAG_POLL_IR);
	REFUSE(&rig, "step 0 goes to state 16: there are states 0 to 15",
		.bits = 1, .state = 16);
	REFUSE(&rig, "step 0 goes to state 99: there are states 0 to 15",
		.kind = CLYDE_JTAG_STATE, .state = 99);
	REFUSE(&rig, "step 0 has no bits: a scan shifts one at least",
		.kind = CLYDE_JTAG_DR);
	REFUSE(&rig, "step 0 looks at 9 bits: 1 to 8 are possible",
		.kind = CLYDE_JTAG_POLL, .bits = 9);
	REFUSE(&rig, "step 0 looks at 0 bits: 1 to 8 are possible",
		.kind = CLYDE_JTAG_POLL);
	REFUSE(&rig,
		"step 0: 256 clocks after each scan: up to 255 are possible",
		.kind = CLYDE_JTAG_POLL, .bits = 8, .clocks = 256);
	REFUSE(&rig,
		"step 0 waits for 0x03 under the mask 0x01: no byte is that",
		.kind = CLYDE_JTAG_POLL, .bits = 8, .mask = 1, .value = 3);
	REFUSE(&rig, "step 0: pins 0x4: bits 0 and 1 are possible",
		.kind = CLYDE_JTAG_PINS, .pins = 4);
	REFUSE(&rig, "step 0 needs srst, which has no pin",
		.kind = CLYDE_JTAG_PINS, .pins = CLYDE_JTAG_TRST_HIGH);
	assert_fails(clyde_jtag_submit(rig.jtag, NULL, 0, 2, &ticket, 1),
		CLYDE_ERROR_INVALID, "a batch has no flag 0x2");
	assert_fails(clyde_jtag_failed(rig.jtag, NULL), CLYDE_ERROR_INVALID,
		"ret_step is NULL");
	assert_idcode(&rig);
	close_rig(&rig);
}

static void lines_without_pins_are_named(void **state)
{
	static const struct clyde_jtag_options few = {.tck = "A0", .tms = "A1"};
	struct rig rig = open_rig(URI CHIP, &few);
	uint8_t byte;

	(void)state;
	REFUSE(&rig, "step 0 needs tdi, which has no pin", .bits = 1,
		.out = "");
	REFUSE(&rig, "step 0 needs tdo, which has no pin", .bits = 1,
		.in = &byte);
	REFUSE(&rig, "step 0 needs tdo, which has no pin",
		.kind = CLYDE_JTAG_POLL, .bits = 1);
	assert_fails(clyde_jtag_chain(rig.jtag, NULL, 0, NULL, 1),
		CLYDE_ERROR_INVALID,
		"a chain is found with tdi, which has no pin");
	ok(clyde_jtag_run(rig.jtag, 100, DEADLINE));
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_IDLE);
	close_rig(&rig);
}

static void an_open_that_cannot_be_is_refused(void **state)
{
	struct fixture fixture = open_device(URI CHIP);
	struct clyde_jtag_options options = {.tck = "A0"};
	struct clyde_jtag *jtag, *second;

	(void)state;
	assert_fails(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_INVALID, "JTAG needs pins for tck and tms");
	options.tms = "A0";
	assert_int_equal(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_PIN_TAKEN);
	options.tms = "A1,A2";
	assert_fails(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_INVALID, "tms is one pin, and 'A1,A2' is 2 pins");
	options.tms = "A1";
	options.rate_hz = 1;
	assert_int_equal(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_INVALID);
	options.rate_hz = 0;
	options.sample_delay_ns = 74;
	assert_fails(clyde_jtag_open(fixture.device, &options, &jtag),
		CLYDE_ERROR_INVALID,
		"a sample delay of 74 ns: at most 73 are possible");
	assert_pins_are_free(fixture.device);
	ok(clyde_jtag_open(fixture.device, &standard, &jtag));
	assert_int_equal(clyde_jtag_open(fixture.device, &standard, &second),
		CLYDE_ERROR_CORE_TAKEN);
	assert_int_equal(clyde_jtag_open(fixture.device, NULL, &second),
		CLYDE_ERROR_INVALID);
	clyde_device_close(fixture.device);
	assert_int_equal(clyde_jtag_state(jtag), CLYDE_ERROR_CLOSED);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idcode_is_read_at_all_rates),
		cmocka_unit_test(bits_go_through_bypass_one_clock_late),
		cmocka_unit_test(a_vector_moves_the_taps_as_its_bits_say),
		cmocka_unit_test(a_shift_is_as_fast_as_its_clock),
		cmocka_unit_test(a_chain_is_found_in_one_round_trip),
		cmocka_unit_test(a_small_scan_takes_one_round_trip),
		cmocka_unit_test(a_poll_that_reaches_its_limit_is_named),
		cmocka_unit_test(a_chain_is_skipped_behind_its_failure),
		cmocka_unit_test(many_batches_are_on_their_way_at_once),
		cmocka_unit_test(trst_holds_the_taps_in_reset),
		cmocka_unit_test(a_chain_that_is_broken_is_described),
		cmocka_unit_test(the_delay_is_found),
		cmocka_unit_test(no_delay_is_right_for_a_slow_target),
		cmocka_unit_test(a_step_that_cannot_be_is_refused),
		cmocka_unit_test(lines_without_pins_are_named),
		cmocka_unit_test(an_open_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
