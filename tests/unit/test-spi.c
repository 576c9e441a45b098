/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h for the SPI core, on a virtual device with a flash chip
 * on the pins.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "lib/core/spi.h"
#include "tests/support/flash25-test.h"
#include "wire/regs.h"

#define DEADLINE 5000 /* ms of the virtual clock */
#define URI      "virtual:configured=1,part=" FLASH25_PINS

#define MIB (1 << 20)

struct rig {
	struct fixture fixture;
	struct clyde_spi *spi;
};

static const struct clyde_spi_options standard = {
	.sck = "A1",
	.io = {"A2", "A4", "A3", "A0"},
	.cs = {"A5"},
	.rate_hz = 24000000,
};

static struct fixture open_device(const char *uri)
{
	struct fixture fixture = open_uri(uri);

	assert_true(clyde_fpga_load_image(fixture.device) >= 0);
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	return fixture;
}

static struct rig open_rig(
	const char *uri, const struct clyde_spi_options *options)
{
	struct rig rig = {.fixture = open_device(uri)};

	if (clyde_spi_open(rig.fixture.device, options, &rig.spi) < 0)
		fail_msg("%s", clyde_error_message());
	/* The chip takes writes when it has its supply for a while. */
	assert_int_equal(clyde_device_sleep(rig.fixture.device, 10), 0);
	return rig;
}

static void assert_pins_are_free(struct clyde_device *device)
{
	static const uint8_t zeros[PIN_COUNT];
	uint8_t pins[PIN_COUNT], inputs[INPUT_COUNT], streams[4];

	assert_int_equal(
		clyde_register_read(device, REG_PIN, pins, PIN_COUNT), 0);
	assert_int_equal(
		clyde_register_read(device, REG_INPUT, inputs, INPUT_COUNT), 0);
	assert_int_equal(
		clyde_register_read(device, REG_STREAM, streams, 4), 0);
	assert_memory_equal(pins, zeros, PIN_COUNT);
	assert_memory_equal(streams, zeros, 4);
	for (unsigned i = 0; i < INPUT_COUNT; i++)
		assert_int_equal(inputs[i], 0);
}

static void close_rig(struct rig *rig)
{
	clyde_spi_close(rig->spi);
	assert_pins_are_free(rig->fixture.device);
	close_fixture(&rig->fixture);
}

static int64_t now(const struct rig *rig)
{
	int64_t ns;

	assert_int_equal(clyde_device_now(rig->fixture.device, &ns), 0);
	return ns;
}

static void ok(int result)
{
	if (result < 0)
		fail_msg("%s", clyde_error_message());
}

/* ---- Single batches ------------------------------------------------------ */

static void read_id(struct rig *rig, uint8_t id[3])
{
	const struct clyde_spi_step steps[] = {
		{.size = 1, .out = "\x9f"},
		{.size = 3, .in = id},
	};

	ok(clyde_spi_transfer(rig->spi, 0, steps, 2, DEADLINE));
}

/* The last byte depends on the size of the chip. */
static void assert_id(struct rig *rig)
{
	uint8_t id[3] = {0};

	read_id(rig, id);
	assert_memory_equal(id, "\xef\x40", 2);
	assert_true(id[2] == 0x18 || id[2] == 0x15);
}

static void the_id_of_a_chip_comes_within_a_millisecond(void **state)
{
	struct rig rig = open_rig(URI, &standard);
	int64_t start;

	(void)state;
	assert_id(&rig);
	start = now(&rig);
	assert_id(&rig);
	print_message("%lld ns\n", (long long)(now(&rig) - start));
	assert_true(now(&rig) - start < 1000000);
	close_rig(&rig);
}

static void all_modes_and_rates_of_the_chip_work(void **state)
{
	static const uint32_t rates[] = {0, 1500000, 12000000, 24000000};
	struct rig rig = open_rig(URI, &standard);
	uint32_t rate;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		ok(clyde_spi_configure(
			rig.spi, rates[i / 2], i % 2 ? 3 : 0, 0, &rate));
		assert_int_equal(rate, rates[i / 2] ? rates[i / 2] : 100000);
		assert_id(&rig);
	}
	ok(clyde_spi_configure(rig.spi, 10000000, 0, 0, &rate));
	assert_int_equal(rate, 9600000);
	ok(clyde_spi_configure(rig.spi, CLYDE_SPI_RATE_MIN, 0, -1, &rate));
	ok(clyde_spi_configure(rig.spi, CLYDE_SPI_RATE_MAX, 0, 73, NULL));
	ok(clyde_spi_configure(rig.spi, CLYDE_SPI_RATE_MAX, 0, 0, NULL));
	assert_id(&rig);
	close_rig(&rig);
}

/* ---- The content of the chip --------------------------------------------- */

static uint8_t pattern(uint32_t address)
{
	return address * 7 + (address >> 8) * 13 + (address >> 16);
}

static char path[32];

/* A chip with a file, and quad reads enabled. */
static char *make_uri(void)
{
	static char uri[256];
	FILE *file;

	if (path[0] == '\0') {
		int fd = -1;

		strcpy(path, "/tmp/test-spi-XXXXXX");
		fd = mkstemp(path);

		assert_true(fd >= 0);
		file = fdopen(fd, "w");
		for (uint32_t i = 0; i < 2 * MIB; i++)
			fputc(pattern(i), file);
		fclose(file);
	}
	snprintf(uri, sizeof(uri), URI ":size=2M:qe=1:file=%s", path);
	return uri;
}

static void assert_content(
	const uint8_t *bytes, uint32_t address, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (bytes[i] != pattern(address + i))
			fail_msg("byte %#x is %#x, not %#x", address + i,
				bytes[i], pattern(address + i));
}

/* 03h on one lane; 6Bh, four lanes for the data, after 8 clocks. */
static void read_all(
	struct rig *rig, unsigned lanes, uint8_t *bytes, uint32_t size)
{
	const struct clyde_spi_step steps[] = {
		{.size = 4,
			.out = lanes == 4 ? "\x6b\0\0" : "\x0b\0\0",
			.dummy = 8},
		{.size = size, .in = bytes, .lanes = lanes},
	};

	ok(clyde_spi_transfer(rig->spi, 0, steps, 2, DEADLINE));
	assert_content(bytes, 0, size);
}

static void assert_speed(unsigned lanes, uint32_t rate_hz, double mib_per_s)
{
	struct clyde_spi_options options = standard;
	/* Long enough that the first packet's way does not count. */
	uint32_t size = MIB / 4;
	uint8_t *bytes = malloc(size);
	struct rig rig;
	int64_t start;
	double speed;

	options.rate_hz = rate_hz;
	rig = open_rig(make_uri(), &options);
	start = now(&rig);
	read_all(&rig, lanes, bytes, size);
	speed = 1e9 / (now(&rig) - start) * size / MIB;
	print_message("%u lanes at %u Hz: %.2f MiB/s\n", lanes, rate_hz, speed);
	assert_true(speed >= mib_per_s);
	free(bytes);
	close_rig(&rig);
}

static void a_read_is_as_fast_as_its_clock(void **state)
{
	(void)state;
	assert_speed(1, 24000000, 2.83);
	assert_speed(1, 48000000, 5.66);
	assert_speed(4, 24000000, 11.2);
	assert_speed(4, 48000000, 22.1);
}

/* ---- Failures ------------------------------------------------------------ */

#define WRITE_ENABLE                                                  \
	{                                                             \
		.size = 1, .out = "\x06", .flags = CLYDE_SPI_DESELECT \
	}
#define ERASE_SECTOR                                                      \
	{                                                                 \
		.size = 4, .out = "\x20\0\0", .flags = CLYDE_SPI_DESELECT \
	}
#define POLL_BUSY(us)                                            \
	{                                                        \
		.kind = CLYDE_SPI_POLL, .command = 5, .mask = 1, \
		.limit_us = us                                   \
	}

#define NONE 99

/* The step that failed in the batch that was collected last, or NONE. */
static size_t failed_step(const struct rig *rig)
{
	size_t step = NONE;
	int result = clyde_spi_failed(rig->spi, &step);

	assert_in_range(result, 0, 1);
	assert_true(result == 1 || step == NONE);
	return step;
}

static void a_poll_waits_for_the_end_of_an_erase(void **state)
{
	struct rig rig = open_rig(URI ":t-se=2ms", &standard);
	uint8_t status = 0xff, byte = 0;
	struct clyde_spi_step steps[] = {WRITE_ENABLE, ERASE_SECTOR,
		POLL_BUSY(400000), {.size = 4, .out = "\x03\0\0"},
		{.size = 1, .in = &byte}};

	(void)state;
	steps[2].in = &status;
	ok(clyde_spi_transfer(rig.spi, 0, steps, 5, DEADLINE));
	assert_int_equal(status & 1, 0);
	assert_int_equal(byte, 0xff);
	assert_int_equal(failed_step(&rig), NONE);
	close_rig(&rig);
}

static void a_poll_that_reaches_its_limit_is_named(void **state)
{
	struct rig rig = open_rig(URI ":t-se=20ms", &standard);
	uint8_t byte = 1;
	const struct clyde_spi_step steps[] = {WRITE_ENABLE, ERASE_SECTOR,
		POLL_BUSY(100), {.size = 1, .in = &byte}};

	(void)state;
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, steps, 4, DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_string_equal(clyde_error_message(),
		"step 2: the answer to command 0x05 was 0x03 last, and not "
		"0x00 under the mask 0x01 in 100 us");
	assert_int_equal(failed_step(&rig), 2);
	assert_int_equal(byte, 0xff);
	ok(clyde_device_sleep(rig.fixture.device, 30));
	assert_id(&rig);
	assert_int_equal(failed_step(&rig), NONE);
	close_rig(&rig);
}

static void a_chain_is_skipped_behind_its_failure(void **state)
{
	struct rig rig = open_rig(URI ":t-se=20ms", &standard);
	const struct clyde_spi_step first[] = {WRITE_ENABLE, ERASE_SECTOR};
	const struct clyde_spi_step second[] = {{.size = 0}, POLL_BUSY(100)};
	uint8_t byte = 0, id[3] = {0};
	const struct clyde_spi_step third[] = {{.size = 1, .in = &byte}};
	const struct clyde_spi_step fourth[] = {
		{.size = 1, .out = "\x9f"}, {.size = 3, .in = id}};
	uint64_t tickets[4];

	(void)state;
	ok(clyde_spi_submit(
		rig.spi, 0, first, 2, CLYDE_SPI_CHAIN, &tickets[0], DEADLINE));
	ok(clyde_spi_submit(
		rig.spi, 0, second, 2, CLYDE_SPI_CHAIN, &tickets[1], DEADLINE));
	ok(clyde_spi_submit(rig.spi, 0, third, 1, 0, &tickets[2], DEADLINE));
	ok(clyde_spi_configure(rig.spi, 12000000, 3, 0, NULL));
	ok(clyde_spi_submit(rig.spi, 0, fourth, 2, 0, &tickets[3], DEADLINE));
	ok(clyde_spi_collect(rig.spi, tickets[0], DEADLINE));
	assert_int_equal(failed_step(&rig), NONE);
	assert_int_equal(clyde_spi_collect(rig.spi, tickets[1], DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_int_equal(failed_step(&rig), 1);
	assert_int_equal(clyde_spi_collect(rig.spi, tickets[2], DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("step 1 of a batch before it in its chain: the answer");
	assert_int_equal(failed_step(&rig), NONE);
	assert_int_equal(byte, 0xff);
	/* The chip is busy, and does not answer to 9Fh. */
	ok(clyde_spi_collect(rig.spi, tickets[3], DEADLINE));
	ok(clyde_spi_collect(rig.spi, tickets[0], DEADLINE));
	ok(clyde_device_sleep(rig.fixture.device, 30));
	assert_id(&rig);
	close_rig(&rig);
}

static void a_collect_reports_the_last_failure_of_those_before(void **state)
{
	struct rig rig = open_rig(URI ":t-se=20ms", &standard);
	const struct clyde_spi_step steps[] = {
		WRITE_ENABLE, ERASE_SECTOR, POLL_BUSY(100)};
	uint64_t tickets[2];

	(void)state;
	ok(clyde_spi_submit(rig.spi, 0, steps, 3, 0, &tickets[0], DEADLINE));
	ok(clyde_spi_submit(rig.spi, 0, steps, 1, 0, &tickets[1], DEADLINE));
	assert_int_equal(clyde_spi_collect(rig.spi, tickets[1], DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("step 2: the answer");
	close_rig(&rig);
}

static void a_wait_for_a_pin_ends_at_its_level_or_its_limit(void **state)
{
	struct clyde_spi_options options = standard;
	struct clyde_spi_step steps[] = {
		{.kind = CLYDE_SPI_PINS, .pins = 1},
		{.kind = CLYDE_SPI_WAIT,
			.command = 4,
			.value = 1,
			.limit_us = 50},
		{.kind = CLYDE_SPI_PINS, .pins = 0},
		{.kind = CLYDE_SPI_WAIT, .command = 4, .limit_us = 50},
		{.kind = CLYDE_SPI_WAIT,
			.command = 4,
			.value = 1,
			.limit_us = 50},
	};
	struct rig rig;

	(void)state;
	options.side[0] = "A6";
	options.side_input = "A7";
	rig = open_rig(URI ",wire=A6-A7", &options);
	ok(clyde_spi_transfer(rig.spi, 0, steps, 4, DEADLINE));
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, steps, 5, DEADLINE),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_string_equal(clyde_error_message(),
		"step 4: the side input did not become high in 50 us");
	assert_int_equal(failed_step(&rig), 4);
	close_rig(&rig);
}

/* ---- Flow control -------------------------------------------------------- */

static unsigned seed;

static unsigned draw(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

#define READS 24

/* A batch reads a range of the chip in some steps. */
struct drawn {
	uint64_t ticket;
	uint8_t command[4];
	uint32_t address, size;
	uint8_t *bytes;
	struct clyde_spi_step steps[3];
};

static void draw_batch(struct rig *rig, struct drawn *drawn, unsigned largest)
{
	unsigned lanes = draw(2) ? 4 : 1;
	uint32_t size = 1 + draw(draw(3) ? 3000 : largest);
	uint32_t first = draw(size + 1);

	drawn->address = draw(MIB);
	drawn->size = size;
	drawn->bytes = malloc(size);
	drawn->command[0] = lanes == 4 ? 0x6b : 0x0b;
	for (unsigned i = 1; i < 4; i++)
		drawn->command[i] = drawn->address >> 8 * (3 - i);
	drawn->steps[0] = (struct clyde_spi_step){
		.size = 4, .out = drawn->command, .dummy = 8};
	drawn->steps[1] = (struct clyde_spi_step){
		.size = first, .in = drawn->bytes, .lanes = lanes};
	drawn->steps[2] = (struct clyde_spi_step){.size = size - first,
		.in = drawn->bytes + first,
		.lanes = lanes};
	ok(clyde_spi_submit(rig->spi, 0, drawn->steps, 3,
		draw(3) ? 0 : CLYDE_SPI_CHAIN, &drawn->ticket, DEADLINE));
	memset(drawn->steps, 0, sizeof(drawn->steps));
	memset(drawn->command, 0, sizeof(drawn->command));
}

static void run_seed(unsigned number)
{
	struct rig rig = open_rig(make_uri(), &standard);
	struct drawn drawn[READS] = {0};
	unsigned submitted = 0, collected = 0;
	uint64_t ticket;

	seed = number * 2654435761u + 1;
	while (collected < READS) {
		if (submitted < READS && draw(4)) {
			draw_batch(&rig, &drawn[submitted++],
				number % 4 ? 60000 : MIB / 4);
			continue;
		}
		if (submitted == READS) /* The end of the last chain. */
			ok(clyde_spi_submit(
				rig.spi, 0, NULL, 0, 0, &ticket, DEADLINE));
		if (submitted == collected)
			continue;
		collected += 1 + draw(submitted - collected);
		ok(clyde_spi_collect(
			rig.spi, drawn[collected - 1].ticket, DEADLINE));
		for (unsigned i = 0; i < collected; i++)
			if (drawn[i].bytes) {
				assert_content(drawn[i].bytes, drawn[i].address,
					drawn[i].size);
				free(drawn[i].bytes);
				drawn[i].bytes = NULL;
			}
	}
	close_rig(&rig);
}

static void no_order_of_submits_and_collects_blocks(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 6; i++)
		run_seed(i);
}

/* IO0 is wired to IO1. */
static void bytes_go_both_ways_at_once(void **state)
{
	struct clyde_spi_options options = {
		.sck = "A0",
		.io = {"A1", "A2"},
		.rate_hz = 24000000,
	};
	struct rig rig = open_rig("virtual:configured=1,wire=A1-A2", &options);
	static uint8_t out[MIB / 32], in[sizeof(out)];
	const struct clyde_spi_step step = {
		.size = sizeof(out), .out = out, .in = in};
	uint64_t tickets[2];

	(void)state;
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = pattern(i);
	for (unsigned i = 0; i < 2; i++)
		ok(clyde_spi_submit(
			rig.spi, 0, &step, 1, 0, &tickets[i], DEADLINE));
	ok(clyde_spi_collect(rig.spi, tickets[1], DEADLINE));
	assert_memory_equal(in, out, sizeof(out));
	close_rig(&rig);
}

/* More than the pipes hold on the way, 256 KiB out and 512 KiB in: so the second
   submit has to take replies of the first batch.  03h, and what follows it is
   ignored by the chip, which sends its content. */
static void a_submit_takes_replies_while_it_waits(void **state)
{
	struct rig rig = open_rig(make_uri(), &standard);
	uint32_t size = MIB / 8 * 7;
	uint8_t *out = calloc(1, size), *in = malloc(size);
	const struct clyde_spi_step step = {.size = size, .out = out, .in = in};
	uint64_t ticket;

	(void)state;
	out[0] = 0x03;
	ok(clyde_spi_submit(rig.spi, 0, &step, 1, 0, &ticket, DEADLINE));
	assert_id(&rig);
	ok(clyde_spi_collect(rig.spi, ticket, DEADLINE));
	assert_content(in + 4, 0, size - 4);
	free(out);
	free(in);
	close_rig(&rig);
}

static void bits_and_three_wires(void **state)
{
	struct clyde_spi_options options = {
		.sck = "A0", .io = {"A1", "A2"}, .cs = {"A3"}};
	struct rig rig = open_rig("virtual:configured=1,wire=A1-A2", &options);
	uint8_t in = 0;
	struct clyde_spi_step step = {
		.kind = CLYDE_SPI_BITS, .bits = 5, .out = "\xa8", .in = &in};

	(void)state;
	ok(clyde_spi_transfer(rig.spi, 0, &step, 1, DEADLINE));
	assert_int_equal(in, 0x15);
	clyde_spi_close(rig.spi);
	options.three_wire = true;
	ok(clyde_pulls_set(rig.fixture.device, 1, 0, 2));
	ok(clyde_spi_open(rig.fixture.device, &options, &rig.spi));
	step = (struct clyde_spi_step){.size = 1, .in = &in};
	ok(clyde_spi_transfer(rig.spi, 0, &step, 1, DEADLINE));
	assert_int_equal(in, 0xff);
	close_rig(&rig);
}

/* ---- Stops --------------------------------------------------------------- */

static void after_an_interrupt_and_a_timeout_a_batch_is_collected(void **state)
{
	struct rig rig = open_rig(make_uri(), &standard);
	uint8_t id[3] = {0};
	const struct clyde_spi_step steps[] = {
		{.size = 1, .out = "\x9f", .delay_us = 20000},
		{.size = 3, .in = id}};
	uint64_t ticket;

	(void)state;
	ok(clyde_spi_submit(rig.spi, 0, steps, 2, 0, &ticket, DEADLINE));
	assert_int_equal(
		clyde_spi_collect(rig.spi, ticket, 1), CLYDE_ERROR_TIMEOUT);
	assert_says("SPI: the batch is not over before the deadline");
	clyde_context_interrupt(rig.fixture.context);
	assert_int_equal(clyde_spi_collect(rig.spi, ticket, DEADLINE),
		CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(rig.fixture.context);
	ok(clyde_spi_collect(rig.spi, ticket, DEADLINE));
	assert_memory_equal(id, "\xef\x40", 2);
	/* The memory of a transfer that ends early is not written any more. */
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, steps, 2, 1),
		CLYDE_ERROR_TIMEOUT);
	memset(id, 0, sizeof(id));
	ok(clyde_device_sleep(rig.fixture.device, 30));
	ok(clyde_spi_transfer(rig.spi, 0, NULL, 0, DEADLINE));
	assert_memory_equal(id, "\0\0\0", 3);
	assert_id(&rig);
	close_rig(&rig);
}

static void everything_ends_when_the_device_is_unplugged(void **state)
{
	struct rig rig = open_rig(URI ",fault=unplug@100000", &standard);
	const struct clyde_spi_step step = {
		.size = 1, .out = "\x9f", .delay_us = 1000000};
	uint64_t ticket;

	(void)state;
	ok(clyde_spi_submit(rig.spi, 0, &step, 1, 0, &ticket, DEADLINE));
	assert_int_equal(clyde_spi_collect(rig.spi, ticket, DEADLINE),
		CLYDE_ERROR_NO_DEVICE);
	assert_int_equal(clyde_spi_collect(rig.spi, ticket, DEADLINE),
		CLYDE_ERROR_NO_DEVICE);
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, &step, 1, DEADLINE),
		CLYDE_ERROR_NO_DEVICE);
	assert_true(clyde_error_message()[0]);
	clyde_spi_close(rig.spi);
	close_fixture(&rig.fixture);
}

static void an_interrupted_object_can_end_its_business(void **state)
{
	struct rig rig = open_rig(URI, &standard);
	uint8_t id[3] = {0};

	(void)state;
	clyde_context_interrupt(rig.fixture.context);
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, NULL, 0, DEADLINE),
		CLYDE_ERROR_INTERRUPTED);
	ok(spi_uninterruptible(rig.spi, true));
	read_id(&rig, id);
	ok(spi_uninterruptible(rig.spi, false));
	assert_memory_equal(id, "\xef\x40\x18", 3);
	assert_int_equal(clyde_spi_transfer(rig.spi, 0, NULL, 0, DEADLINE),
		CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(rig.fixture.context);
	close_rig(&rig);
}

/* ---- Claims -------------------------------------------------------------- */

static void what_the_core_holds_is_refused_to_others(void **state)
{
	static const enum clyde_pipe_id both[] = {
		CLYDE_PIPE_EP4_OUT, CLYDE_PIPE_EP8_IN};
	struct rig rig = open_rig(URI, &standard);
	struct clyde_device *device = rig.fixture.device;
	struct clyde_spi *second;
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_spi_open(device, &standard, &second),
		CLYDE_ERROR_CORE_TAKEN);
	assert_string_equal(clyde_error_message(),
		"the image has one spi core, and it is open already");
	assert_int_equal(clyde_core_attach(device, CLYDE_CORE_SPI, both, 2),
		CLYDE_ERROR_CORE_TAKEN);
	ok(clyde_run_new(rig.fixture.context, "uart", &run));
	ok(clyde_run_set(run, "tx", "A1"));
	assert_int_equal(clyde_run_claim(run, device), CLYDE_ERROR_PIN_TAKEN);
	assert_string_equal(clyde_error_message(),
		"pin A1 can have one function, not two: sck of the SPI core "
		"and tx of uart");
	ok(clyde_run_set(run, "tx", "A6"));
	clyde_spi_close(rig.spi);
	ok(clyde_run_set(run, "tx", "A1"));
	ok(clyde_run_claim(run, device));
	assert_int_equal(clyde_spi_open(device, &standard, &rig.spi),
		CLYDE_ERROR_PIN_TAKEN);
	clyde_run_close(run);
	ok(clyde_spi_open(device, &standard, &rig.spi));
	close_rig(&rig);
}

static void a_close_of_the_device_closes_the_core(void **state)
{
	struct rig rig = open_rig(URI, &standard);
	clyde_token token = clyde_spi_token(rig.spi);
	size_t step;

	(void)state;
	clyde_device_close(rig.fixture.device);
	assert_int_equal(clyde_close_token(token), CLYDE_ERROR_CLOSED);
	assert_int_equal(clyde_spi_failed(rig.spi, &step), CLYDE_ERROR_CLOSED);
	close_fixture(&rig.fixture);
}

/* ---- Invalid input ------------------------------------------------------- */

static void assert_refused(int result, int error, const char *sentence)
{
	assert_int_equal(result, error);
	assert_string_equal(clyde_error_message(), sentence);
}

static void an_open_that_cannot_be_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_device *device = fixture.device;
	struct clyde_spi_options options = standard;
	struct clyde_spi *spi;

	(void)state;
	assert_int_equal(
		clyde_spi_open(device, NULL, &spi), CLYDE_ERROR_INVALID);
	assert_int_equal(
		clyde_spi_open(device, &options, &spi), CLYDE_ERROR_NO_SUPPLY);
	ok(clyde_supply_set(device, 1, 3300));
	options.rate_hz = 1464;
	assert_refused(clyde_spi_open(device, &options, &spi),
		CLYDE_ERROR_INVALID,
		"a rate of 1464 Hz: 1465 to 48000000 are possible, and the "
		"nearest is 1465");
	options.rate_hz = 0;
	options.mode = 4;
	assert_refused(clyde_spi_open(device, &options, &spi),
		CLYDE_ERROR_INVALID, "SPI mode 4: there are modes 0 to 3");
	options.mode = 0;
	options.sample_delay_ns = 74;
	assert_int_equal(
		clyde_spi_open(device, &options, &spi), CLYDE_ERROR_INVALID);
	options.sample_delay_ns = 0;
	options.sck = NULL;
	assert_refused(clyde_spi_open(device, &options, &spi),
		CLYDE_ERROR_INVALID, "the SPI core needs a pin for sck");
	options.sck = "A0:1";
	assert_refused(clyde_spi_open(device, &options, &spi),
		CLYDE_ERROR_INVALID, "sck is one pin, and 'A0:1' is 2 pins");
	options.sck = "A2";
	assert_refused(clyde_spi_open(device, &options, &spi),
		CLYDE_ERROR_PIN_TAKEN,
		"pin A2 can have one function, not two: sck and io0");
	options.sck = "C0";
	assert_int_equal(
		clyde_spi_open(device, &options, &spi), CLYDE_ERROR_NO_PIN);
	assert_pins_are_free(device);
	assert_int_equal(clyde_live_objects(), 2);
	close_fixture(&fixture);
}

static void refuse_step(
	struct rig *rig, struct clyde_spi_step step, const char *sentence)
{
	assert_refused(clyde_spi_transfer(rig->spi, 0, &step, 1, DEADLINE),
		CLYDE_ERROR_INVALID, sentence);
}

#define REFUSE(rig, sentence, ...) \
	refuse_step(rig, (struct clyde_spi_step){__VA_ARGS__}, sentence)

static void a_step_that_cannot_be_is_refused(void **state)
{
	struct clyde_spi_options options = standard;
	struct rig rig;
	uint8_t byte;

	(void)state;
	options.io[3] = NULL;
	rig = open_rig("virtual:configured=1,part=flash25@cs=A5:sck=A1:io0=A2:"
		       "io1=A4:io2=A3",
		&options);
	assert_refused(clyde_spi_transfer(rig.spi, 1, NULL, 0, DEADLINE),
		CLYDE_ERROR_INVALID, "chip 1 has no pin for its chip select");
	assert_refused(clyde_spi_transfer(rig.spi, 0, NULL, 1, DEADLINE),
		CLYDE_ERROR_INVALID, "steps is NULL");
	REFUSE(&rig, "step 0 is of kind 5: there are kinds 0 to 4", .kind = 5);
	REFUSE(&rig, "step 0 has a flag 0x2 that its kind has not",
		.flags = CLYDE_SPI_HELD);
	REFUSE(&rig, "step 0: 3 lanes: 1, 2 or 4 are possible", .lanes = 3);
	REFUSE(&rig, "step 0 moves 1 bytes, and out and in are NULL",
		.size = 1);
	REFUSE(&rig, "step 0 needs io3, which has no pin", .size = 1,
		.in = &byte, .lanes = 4);
	REFUSE(&rig,
		"step 0 sends and receives on 2 lanes at once: that is for one "
		"lane",
		.size = 1, .in = &byte, .out = &byte, .lanes = 2);
	REFUSE(&rig,
		"step 0: 9 bits on 1 lanes: 1 to 8 are possible, in whole "
		"clocks",
		.kind = CLYDE_SPI_BITS, .bits = 9, .in = &byte);
	REFUSE(&rig, "step 0: pins 0x10: bits 0 to 3 are possible",
		.kind = CLYDE_SPI_PINS, .pins = 16);
	REFUSE(&rig, "step 0 waits for the side input, which has no pin",
		.kind = CLYDE_SPI_WAIT, .command = 4);
	REFUSE(&rig,
		"step 0 waits for 0x80 under the mask 0x01: no byte is that",
		.kind = CLYDE_SPI_POLL, .mask = 1, .value = 0x80);
	assert_int_equal(clyde_spi_collect(rig.spi, 1, 0), CLYDE_ERROR_INVALID);
	assert_refused(clyde_spi_failed(rig.spi, NULL), CLYDE_ERROR_INVALID,
		"ret_step is NULL");
	assert_id(&rig);
	close_rig(&rig);
}

static int remove_file(void **state)
{
	(void)state;
	return path[0] ? remove(path) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_of_a_chip_comes_within_a_millisecond),
		cmocka_unit_test(all_modes_and_rates_of_the_chip_work),
		cmocka_unit_test(a_read_is_as_fast_as_its_clock),
		cmocka_unit_test(a_poll_waits_for_the_end_of_an_erase),
		cmocka_unit_test(a_poll_that_reaches_its_limit_is_named),
		cmocka_unit_test(a_chain_is_skipped_behind_its_failure),
		cmocka_unit_test(
			a_collect_reports_the_last_failure_of_those_before),
		cmocka_unit_test(
			a_wait_for_a_pin_ends_at_its_level_or_its_limit),
		cmocka_unit_test(no_order_of_submits_and_collects_blocks),
		cmocka_unit_test(bytes_go_both_ways_at_once),
		cmocka_unit_test(a_submit_takes_replies_while_it_waits),
		cmocka_unit_test(bits_and_three_wires),
		cmocka_unit_test(
			after_an_interrupt_and_a_timeout_a_batch_is_collected),
		cmocka_unit_test(everything_ends_when_the_device_is_unplugged),
		cmocka_unit_test(an_interrupted_object_can_end_its_business),
		cmocka_unit_test(what_the_core_holds_is_refused_to_others),
		cmocka_unit_test(a_close_of_the_device_closes_the_core),
		cmocka_unit_test(an_open_that_cannot_be_is_refused),
		cmocka_unit_test(a_step_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, remove_file);
}
