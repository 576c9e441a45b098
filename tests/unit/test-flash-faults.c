/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Flash chips that fail, and calls for them that are ended early: unplugged and
 * interrupted at any moment, without power, protected, busy for ever.  All times
 * are those of the virtual clock.
 */
#include "tests/support/flash-chip.h"

/* Each poll of a chip that is busy takes time of this machine. */
#define TIMES ":t-pp=1us:t-se=5us:t-be=5us:t-ce=10us:t-w=2us"
#define QUICK ":size=1M" TIMES
#define LARGE ":size=32M:sfdp=1.0" TIMES

/* A poll takes 16 clocks: a chip that is busy for long is polled at a low
   rate, which is the same to the library. */
#define SLOW_HZ 200000

static uint8_t bytes[CHIP_SIZE], found[CHIP_SIZE];

static bool all_are(const uint8_t *from, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		if (from[i] != byte)
			return false;
	return true;
}

static uint8_t status_of(struct chip *chip, uint8_t opcode)
{
	uint8_t status = 0xff;
	struct clyde_spi_step steps[] = {{.size = 1, .out = &opcode},
		{.size = 1, .in = &status, .flags = CLYDE_SPI_DESELECT}};

	OK(clyde_spi_transfer(chip->spi, 0, steps, 2, 1000));
	return status;
}

/* Neither busy, nor with the write enable latch set, nor in 4-byte mode. */
static void assert_idle(struct chip *chip)
{
	assert_int_equal(status_of(chip, 0x05) & 3, 0);
	if (chip->info.address_size == 4)
		assert_int_equal(status_of(chip, 0x15) & 1, 0);
}

/* ---- The calls ---------------------------------------------------------- */

#define RANGE 0x2000

static int erase(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_erase(flash, 0x1000, RANGE, o);
}

static int erase_chip(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_erase_chip(flash, o);
}

static int program(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_program(flash, 0x1000, bytes, RANGE, o);
}

static int verify(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_verify(flash, 0x1000, bytes, RANGE, o);
}

static int read_back(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_read(flash, 0x1000, found, RANGE, o);
}

/* Two windows, the first of which has sectors to erase. */
static int write_two(struct clyde_flash *flash, const struct clyde_observer *o)
{
	return clyde_flash_write(flash, 0x3ff80, bytes + 1, 0x100, o);
}

static int protect(struct clyde_flash *flash, const struct clyde_observer *o)
{
	(void)o;
	return clyde_flash_protection_set(flash, 0);
}

static int look(struct clyde_flash *flash, const struct clyde_observer *o)
{
	unsigned bits;

	(void)o;
	return clyde_flash_protection_get(flash, &bits);
}

static int (*const calls[])(struct clyde_flash *flash,
	const struct clyde_observer *o) = {erase_chip, erase, program, verify,
	write_two, read_back, protect, look};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* ---- Unplugged ---------------------------------------------------------- */

/* All calls, from the opening on: how many succeed before one fails, which is
   that the device has left.  From then on all of them fail so. */
static unsigned count_calls(
	const char *keys, int64_t *ret_begun, int64_t *ret_ended)
{
	const struct clyde_flash_options options = {.lanes = 4, .reset = true};
	struct chip chip = chip_wire(NULL, keys, 24000000);
	unsigned count = 0;
	int result;

	*ret_begun = now_ns(chip.fixture.device);
	result = clyde_flash_open(chip.spi, &options, &chip.flash);
	for (unsigned i = 0; i < CALLS && result == 0; i++) {
		count++;
		result = calls[i](chip.flash, NULL);
	}
	*ret_ended = now_ns(chip.fixture.device);
	if (result < 0) {
		if (result != CLYDE_ERROR_NO_DEVICE)
			fail_msg("%u: %d, %s", count, result,
				clyde_error_message());
		assert_true(clyde_error_message()[0]);
	} else {
		count++;
	}
	for (unsigned i = 0; i < CALLS && result < 0 && count > 0; i++)
		assert_int_equal(
			calls[i](chip.flash, NULL), CLYDE_ERROR_NO_DEVICE);
	chip_close(&chip);
	return count;
}

static void unplug_all(const char *keys, unsigned times)
{
	int64_t begun, ended, at, no;
	unsigned before = 0;
	char text[160];

	assert_int_equal(count_calls(keys, &begun, &ended), CALLS + 1);
	for (unsigned i = 0; i < times; i++) {
		unsigned count;

		at = begun + (ended - begun) * i / times;
		snprintf(text, sizeof(text), "%s,fault=unplug@%lld", keys,
			(long long)at / 1000 + 1);
		count = count_calls(text, &no, &no);
		assert_true(count >= before && count <= CALLS);
		before = count;
	}
	assert_true(before >= CALLS - 1);
}

static void an_unplug_at_any_moment_ends_the_call(void **state)
{
	(void)state;
	chip_fill(bytes, sizeof(bytes), 1);
	unplug_all(QUICK, 40);
	unplug_all(LARGE ":id=c22019:qer=2", 20);
}

/* ---- Interrupted -------------------------------------------------------- */

/* The n-th message of the log interrupts: with all of the library's, there is one
   for each transfer. */
struct trap {
	struct clyde_context *context;
	unsigned lines, at;
};

static void spring(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	struct trap *trap = user;

	(void)level;
	(void)time_ns;
	(void)line;
	if (++trap->lines == trap->at)
		clyde_context_interrupt(trap->context);
}

/* How many bytes the sentence says are done, from which address on. */
static uint64_t told_done(uint64_t *ret_from)
{
	unsigned long long done = 0, from = 0;
	const char *at = strstr(clyde_error_message(), "; ");

	*ret_from = 0;
	if (at && sscanf(at, "; %llu B from 0x%llx", &done, &from) == 2)
		*ret_from = from;
	return done;
}

/* What is said to be done is done, and the chip can be used. */
static void check_interrupted(struct chip *chip, unsigned call)
{
	uint64_t from, done = told_done(&from);

	/* Before the first change, nothing is said to be done. */
	if (calls[call] == erase && from)
		assert_says("are erased");
	else if (calls[call] == program && from)
		assert_says("are programmed");
	else if (calls[call] == write_two)
		assert_true(done == 0 || done == 0x80);
	else
		assert_int_equal(done, 0);
	clyde_context_resume(chip->fixture.context);
	assert_idle(chip);
	if (done == 0)
		return;
	OK(clyde_flash_read(chip->flash, from, found, done, NULL));
	if (calls[call] == erase)
		assert_true(all_are(found, done, 0xff));
	else
		assert_memory_equal(
			found, bytes + (calls[call] == write_two), done);
}

/* The content before a call: of an erase, zeros; of a program, erased. */
static void prepare(struct chip *chip, unsigned call)
{
	memset(found, 0, 0x100);
	if (calls[call] == program) {
		OK(clyde_flash_erase(chip->flash, 0x1000, RANGE, NULL));
	} else if (calls[call] == write_two) {
		OK(clyde_flash_erase(chip->flash, 0x3f000, 0x2000, NULL));
		OK(clyde_flash_program(
			chip->flash, 0x3ff00, found, 0x100, NULL));
	} else if (calls[call] == verify) {
		OK(clyde_flash_write(chip->flash, 0x1000, bytes, RANGE, NULL));
	} else {
		for (unsigned at = 0; at < RANGE; at += 0x400)
			OK(clyde_flash_program(
				chip->flash, 0x1000 + at, found, 0x10, NULL));
	}
}

/* Interrupt a call at so many moments, or at each. */
static void interrupt_call(struct chip *chip, unsigned call, unsigned times)
{
	struct trap trap = {.context = chip->fixture.context};
	unsigned lines, stopped = 0;
	int result;

	clyde_context_log(trap.context, CLYDE_LOG_TRACE, spring, &trap);
	prepare(chip, call);
	trap.lines = 0;
	OK(calls[call](chip->flash, NULL));
	lines = trap.lines;
	assert_true(lines > 2);
	for (unsigned i = 0; i < times; i++) {
		trap.at = 0;
		prepare(chip, call);
		trap.lines = 0;
		trap.at = 1 + lines * i / times;
		result = calls[call](chip->flash, NULL);
		trap.at = 0;
		clyde_context_log(trap.context, CLYDE_LOG_OFF, NULL, NULL);
		if (result < 0) {
			assert_int_equal(result, CLYDE_ERROR_INTERRUPTED);
			check_interrupted(chip, call);
			stopped++;
		}
		clyde_context_resume(chip->fixture.context);
		clyde_context_log(trap.context, CLYDE_LOG_TRACE, spring, &trap);
	}
	clyde_context_log(trap.context, CLYDE_LOG_OFF, NULL, NULL);
	assert_true(stopped > 0);
	/* The next call does all of it. */
	prepare(chip, call);
	OK(calls[call](chip->flash, NULL));
	assert_idle(chip);
}

static void an_interrupt_at_any_moment_leaves_a_chip_of_use(void **state)
{
	static const char *const kinds[] = {QUICK, LARGE};

	(void)state;
	chip_fill(bytes, sizeof(bytes), 2);
	for (unsigned kind = 0; kind < 2; kind++) {
		struct chip chip = chip_open(kinds[kind]);

		for (unsigned call = 1; call < CALLS; call++)
			interrupt_call(&chip, call, kind ? 5 : 12);
		chip_close(&chip);
	}
}

static void an_erase_of_all_goes_on_when_its_call_is_interrupted(void **state)
{
	struct chip chip = chip_open_at(":size=64K:t-ce=100ms", 1, SLOW_HZ);
	struct trap trap = {.context = chip.fixture.context};
	unsigned going_on = 0;
	int result = -1;

	(void)state;
	while (result < 0) {
		trap.lines = 0;
		trap.at++;
		clyde_context_log(trap.context, CLYDE_LOG_TRACE, spring, &trap);
		result = clyde_flash_erase_chip(chip.flash, NULL);
		clyde_context_log(trap.context, CLYDE_LOG_OFF, NULL, NULL);
		clyde_context_resume(trap.context);
		if (result == 0)
			break;
		assert_int_equal(result, CLYDE_ERROR_INTERRUPTED);
		if (strstr(clyde_error_message(), "goes on erasing itself") ==
			NULL)
			continue;
		going_on++;
		assert_int_equal(
			clyde_flash_program(chip.flash, 0, "a", 1, NULL),
			CLYDE_ERROR_LIMIT_PASSED);
		assert_says("the chip is busy (status 03): it may be erasing "
			    "still");
		OK(clyde_device_sleep(chip.fixture.device, 100));
		OK(clyde_flash_program(chip.flash, 0, "a", 1, NULL));
	}
	assert_int_equal(result, 0);
	assert_true(going_on > 0);
	chip_close(&chip);
}

/* ---- Busy for long ------------------------------------------------------ */

struct progress {
	unsigned calls;
	uint64_t done, total;
};

static void note(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct progress *progress = user;

	assert_string_equal(what, "erase");
	assert_true(done >= progress->done && done <= total);
	progress->calls++;
	progress->done = done;
	progress->total = total;
}

static void an_erase_of_all_says_how_far_it_may_be(void **state)
{
	struct chip chip = chip_open_at(":size=64K:t-ce=170ms", 1, SLOW_HZ);
	struct progress progress = {.calls = 0};
	struct clyde_observer observer = {.progress = note, .user = &progress};

	(void)state;
	OK(clyde_flash_erase_chip(chip.flash, &observer));
	/* After each 50 ms, and at the end. */
	assert_in_range(progress.calls, 4, 5);
	assert_int_equal(progress.done, 0x10000);
	assert_int_equal(progress.total, 0x10000);
	chip_close(&chip);
}

static void a_chip_that_is_busy_for_ever_ends_each_call(void **state)
{
	struct chip chip =
		chip_open_at(":size=64K:sfdp=1.0:t-pp=1000s", 1, SLOW_HZ);
	unsigned bits;

	(void)state;
	assert_int_equal(clyde_flash_program(chip.flash, 0x1234, "a", 1, NULL),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("after the program at 0x001234 has begun, its longest "
		    "time");
	for (unsigned call = 0; call < 3; call++) {
		assert_int_equal(calls[call](chip.flash, NULL),
			CLYDE_ERROR_LIMIT_PASSED);
		assert_says("the chip is busy (status 03)");
	}
	assert_int_equal(clyde_flash_protection_set(chip.flash, 0),
		CLYDE_ERROR_LIMIT_PASSED);
	OK(clyde_flash_protection_get(chip.flash, &bits));
	chip_close(&chip);
	chip = chip_open_at(":size=64K:t-w=1000s", 1, SLOW_HZ);
	assert_int_equal(clyde_flash_protection_set(chip.flash, 0),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("still busy 500 ms after a write of its status register");
	chip_close(&chip);
}

static void an_erase_of_all_has_a_limit(void **state)
{
	struct chip chip = chip_open_at(
		":size=64K:sfdp=1.0:t-ce=1000s", 1, CLYDE_SPI_RATE_MIN);
	int64_t begun = now_ns(chip.fixture.device);

	(void)state;
	assert_int_equal(clyde_flash_erase_chip(chip.flash, NULL),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("still busy 20 s after the erase of all has begun");
	assert_true(now_ns(chip.fixture.device) - begun > 20000000000);
	chip_close(&chip);
}

/* ---- Without power ------------------------------------------------------ */

/* CS# and the chip's supply are on port A, the other lines on port B. */
static struct chip chip_on_two_ports(void)
{
	static const struct clyde_spi_options options = {
		.sck = "B1",
		.io = {"B2", "B4"},
		.cs = {"A5"},
		.rate_hz = 24000000,
	};
	struct clyde_flash_options flash = {.lanes = 1};
	struct chip chip = {.fixture = open_uri("virtual:part=flash25@cs=A5:"
						"sck=B1:io0=B2:io1=B4" QUICK)};

	assert_int_equal(clyde_fpga_load_image(chip.fixture.device), 1);
	OK(clyde_supply_set(chip.fixture.device, 3, 3300));
	OK(clyde_spi_open(chip.fixture.device, &options, &chip.spi));
	OK(chip_identify(&chip, &flash));
	return chip;
}

static void a_chip_that_has_lost_its_power_is_noticed(void **state)
{
	struct chip chip = chip_on_two_ports();
	struct clyde_device *device = chip.fixture.device;

	(void)state;
	OK(clyde_supply_set(device, 1, 0));
	OK(clyde_pulls_set(device, 2, 1 << 4, 0));
	for (unsigned call = 0; call < 3; call++) {
		assert_int_equal(
			calls[call](chip.flash, NULL), CLYDE_ERROR_PROTECTED);
		assert_says("the chip takes no write enable (status 00)");
	}
	OK(clyde_pulls_set(device, 2, 0, 1 << 4));
	for (unsigned call = 0; call < 3; call++) {
		assert_int_equal(calls[call](chip.flash, NULL),
			CLYDE_ERROR_LIMIT_PASSED);
		assert_says("the chip is busy (status ff)");
	}
	OK(clyde_supply_set(device, 1, 3300));
	OK(clyde_flash_program(chip.flash, 0, "a", 1, NULL));
	chip_close(&chip);
}

struct cut {
	struct clyde_device *device;
	uint64_t at;
};

static void cut_supply(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	struct cut *cut = user;

	(void)what;
	(void)total;
	if (cut->at && done >= cut->at) {
		cut->at = 0;
		OK(clyde_supply_set(cut->device, 1, 0));
	}
}

/* The pull makes the status 00h: never busy, and never with a write enable. */
static void power_that_goes_in_the_middle_ends_the_chain(void **state)
{
	struct chip chip = chip_on_two_ports();
	struct cut cut = {.device = chip.fixture.device, .at = 0x4000};
	struct clyde_observer observer = {.progress = cut_supply, .user = &cut};

	(void)state;
	OK(clyde_pulls_set(cut.device, 2, 1 << 4, 0));
	chip_fill(bytes, 0x10000, 3);
	assert_int_equal(
		clyde_flash_program(chip.flash, 0, bytes, 0x10000, &observer),
		CLYDE_ERROR_PROTECTED);
	assert_says("the chip takes no write enable for the program at 0x00");
	assert_int_equal(cut.at, 0);
	OK(clyde_supply_set(cut.device, 1, 3300));
	OK(clyde_flash_verify(chip.flash, 0, bytes, 0x4000, NULL));
	chip_close(&chip);
}

/* ---- Bytes that are lost ------------------------------------------------ */

/* The longest wait of a call is the slack, and then a slice for each of the
   batches that are forgotten. */
#define CALL_MAX_NS 60000000000

/* What the core takes for a poll may last until the limit: a low rate makes that
   few clocks. */
#define LOSS_HZ 5000

/* All calls, until one fails; then some again, which must end as well.  Whether
   the device was said to be silent. */
static bool lose_byte(unsigned offset)
{
	const struct clyde_flash_options options = {.lanes = 4, .reset = true};
	char keys[160];
	struct chip chip;
	bool silent;
	int result;

	snprintf(keys, sizeof(keys), QUICK ",fault=drop@%u", offset);
	chip = chip_wire(NULL, keys, LOSS_HZ);
	result = clyde_flash_open(chip.spi, &options, &chip.flash);
	for (unsigned i = 0; i < CALLS && result == 0; i++)
		result = calls[i](chip.flash, NULL);
	silent = result == CLYDE_ERROR_TIMEOUT &&
		strstr(clyde_error_message(),
			"the SPI core has not replied for 1");
	if (result < 0)
		assert_true(clyde_error_message()[0]);
	for (unsigned i = 2; i < 5 && chip.flash; i++) {
		int64_t begun = now_ns(chip.fixture.device);

		calls[i](chip.flash, NULL);
		assert_true(now_ns(chip.fixture.device) - begun < CALL_MAX_NS);
	}
	chip_close(&chip);
	return silent;
}

static void a_lost_byte_of_a_command_or_a_reply_ends_the_call(void **state)
{
	unsigned silent = 0;

	(void)state;
	chip_fill(bytes, sizeof(bytes), 1);
	for (unsigned offset = 1; offset < 20000; offset += 1 + offset / 5)
		silent += lose_byte(offset);
	assert_true(silent > 10);
}

/* ---- Protected ---------------------------------------------------------- */

static void a_protected_part_ends_a_chain_at_its_first_sector(void **state)
{
	struct chip chip = chip_open_at(QUICK, 1, SLOW_HZ);
	unsigned bits = 0;

	(void)state;
	/* BP0: the upper 64 KiB of a chip of 1 MiB. */
	OK(clyde_flash_protection_set(chip.flash, 1));
	OK(clyde_flash_protection_get(chip.flash, &bits));
	assert_int_equal(bits, 1);
	chip_fill(bytes, 0x100, 4);
	OK(clyde_flash_write(chip.flash, 0, bytes, 0x100, NULL));
	assert_int_equal(clyde_flash_erase(chip.flash, 0x8000, 0xf8000, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_says("the chip ignores the erase at 0x0f0000: it is write "
		    "protected there (block protection bits 0001)");
	OK(clyde_flash_verify(chip.flash, 0, bytes, 0x100, NULL));
	assert_int_equal(clyde_flash_erase_chip(chip.flash, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_says("the chip ignores the erase of all: it is write protected "
		    "(block protection bits 0001)");
	assert_idle(&chip);
	assert_int_equal(
		clyde_flash_write(chip.flash, 0xeff80, bytes, 0x100, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_says("the chip ignores the program at 0x0f0000");
	OK(clyde_flash_protection_set(chip.flash, 0));
	OK(clyde_flash_write(chip.flash, 0xeff80, bytes, 0x100, NULL));
	chip_close(&chip);
}

/* Quad enable is set where the kind has it, stays when protection is written,
   and is found at the next opening. */
static void each_kind_of_quad_enable_is_set_and_stays(void **state)
{
	static const char *const kinds[] = {":qer=0", ":qer=1", ":qer=2",
		":qer=3", ":qer=4", ":qer=5", ":qer=6", ":qer=5:qe=1",
		/* Macronix, without word 15, and without 50h */
		":qer=2:sfdp=1.0:id=c22014"};
	const struct clyde_flash_options options = {.lanes = 4};
	char keys[160];

	(void)state;
	chip_fill(bytes, 0x200, 5);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct chip chip;

		snprintf(keys, sizeof(keys), QUICK "%s", kinds[i]);
		chip = chip_open_at(keys, 4, 24000000);
		assert_int_equal(chip.info.lanes, 4);
		OK(clyde_flash_write(chip.flash, 0, bytes, 0x200, NULL));
		OK(clyde_flash_protection_set(chip.flash, 7));
		if (i != 4) /* Its register cannot be read. */
			OK(clyde_flash_verify(
				chip.flash, 0, bytes, 0x200, NULL));
		clyde_flash_close(chip.flash);
		OK(chip_identify(&chip, &options));
		OK(clyde_flash_verify(chip.flash, 0, bytes, 0x200, NULL));
		chip_close(&chip);
	}
}

static void quad_enable_that_is_locked_is_an_error(void **state)
{
	const struct clyde_flash_options options = {.lanes = 4};
	struct chip chip = chip_wire("part=flash25@cs=A5:sck=A1:io0=A2:io1=A4",
		QUICK ":wp=hard", 24000000);

	(void)state;
	assert_int_equal(chip_identify(&chip, &options), CLYDE_ERROR_PROTECTED);
	assert_says("does not set its quad enable bit");
	chip_close(&chip);
	/* 06h, and the register stays: the latch is what tells. */
	chip = chip_wire("part=flash25@cs=A5:sck=A1:io0=A2:io1=A4",
		QUICK ":wp=hard:sfdp=1.0", 24000000);
	assert_int_equal(chip_identify(&chip, &options), CLYDE_ERROR_PROTECTED);
	assert_says("does not write its status register, which is locked");
	chip_close(&chip);
}

/* ---- Calls at once ------------------------------------------------------ */

static void call_within(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	struct chip *chip = user;

	(void)what;
	(void)done;
	(void)total;
	for (unsigned i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i](chip->flash, NULL), CLYDE_ERROR_BUSY);
		assert_says("another call with this flash chip is under way");
	}
	chip->opened_ns = -1;
}

static void a_call_within_a_call_is_refused(void **state)
{
	struct chip chip = chip_open(QUICK);
	struct clyde_observer observer = {
		.progress = call_within, .user = &chip};

	(void)state;
	OK(clyde_flash_read(chip.flash, 0, found, 0x100, &observer));
	assert_int_equal(chip.opened_ns, -1);
	OK(clyde_flash_read(chip.flash, 0, found, 0x100, NULL));
	chip_close(&chip);
}

static void what_cannot_be_is_refused(void **state)
{
	struct clyde_flash_options options = {.size = (1ull << 32) + 1};
	struct chip chip = chip_open(QUICK);

	(void)state;
	assert_int_equal(clyde_flash_open(chip.spi, &options, &chip.flash),
		CLYDE_ERROR_INVALID);
	assert_says("more than addresses of 4 bytes reach");
	options.size = 4097;
	assert_int_equal(clyde_flash_open(chip.spi, &options, &chip.flash),
		CLYDE_ERROR_INVALID);
	assert_says("no multiple of the 4096 B");
	assert_int_equal(clyde_flash_erase(chip.flash, 1, 4096, NULL),
		CLYDE_ERROR_INVALID);
	assert_int_equal(
		clyde_flash_verify(chip.flash, CHIP_SIZE - 1, bytes, 2, NULL),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_flash_program(chip.flash, 0, NULL, 1, NULL),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_flash_erase(chip.flash, CHIP_SIZE, 4096, NULL),
		CLYDE_ERROR_INVALID);
	OK(clyde_flash_erase(chip.flash, CHIP_SIZE, 0, NULL));
	OK(clyde_flash_program(chip.flash, 0, bytes, 0, NULL));
	chip_close(&chip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unplug_at_any_moment_ends_the_call),
		cmocka_unit_test(
			an_interrupt_at_any_moment_leaves_a_chip_of_use),
		cmocka_unit_test(
			an_erase_of_all_goes_on_when_its_call_is_interrupted),
		cmocka_unit_test(an_erase_of_all_says_how_far_it_may_be),
		cmocka_unit_test(a_chip_that_is_busy_for_ever_ends_each_call),
		cmocka_unit_test(an_erase_of_all_has_a_limit),
		cmocka_unit_test(a_chip_that_has_lost_its_power_is_noticed),
		cmocka_unit_test(power_that_goes_in_the_middle_ends_the_chain),
		cmocka_unit_test(
			a_lost_byte_of_a_command_or_a_reply_ends_the_call),
		cmocka_unit_test(
			a_protected_part_ends_a_chain_at_its_first_sector),
		cmocka_unit_test(each_kind_of_quad_enable_is_set_and_stays),
		cmocka_unit_test(quad_enable_that_is_locked_is_an_error),
		cmocka_unit_test(a_call_within_a_call_is_refused),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
