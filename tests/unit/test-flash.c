/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Cuts clyde_flash_*() off, by seed.  The writes of the virtual device's EEPROMs
 * are recorded (-Wl,--wrap=board_i2c), and repeated up to every write, and into
 * it: after any of them the boot ROM of support/boot-rom.c must find the old
 * firmware, the new one or none, and the settings must be whole.  From some of
 * these states the virtual device is powered up and flashed again.
 *
 *	test-flash [SEED [COUNT]]
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "tests/support/boot-rom.h"
#include "tests/support/flash-board.h"

#define SEEDS 24

enum action {
	ACTION_FIRMWARE,
	ACTION_REMOVE_FIRMWARE,
	ACTION_BITSTREAM,
	ACTION_REMOVE_BITSTREAM,
	ACTION_WEBUSB,
	ACTION_RESTORE,
	ACTION_COUNT,
};

/* A board, what is to be stored in it, and the moments between. */
struct world {
	struct random random;
	enum action action;
	struct memory before, now, other;
	struct program old, new, loaded;
	struct settings settings; /* before */
	uint8_t old_stream[BITSTREAM_MAX], new_stream[BITSTREAM_MAX];
	uint8_t stream[BITSTREAM_MAX];
	uint32_t new_size;
	uint8_t new_id[8];
	char text[TEXT_MAX]; /* the new firmware's file */
	bool had_firmware;
	bool torn_boot, torn_flags; /* the cut went through this byte */
};

static struct world world;
static unsigned first_seed = 1, seeds = SEEDS;

/* ---- The invariant ---------------------------------------------------- */

static void assert_boots(const char *when, size_t n)
{
	enum boot boot = boot_rom(&world.now, &world.loaded);

	if (boot == BOOT_BARE || (boot == BOOT_NO_IDS && world.torn_boot))
		return;
	if (boot != BOOT_FIRMWARE)
		fail_msg("seed %u, %s write %zu: the board is lost (%d)",
			world.random.seed, when, n, boot);
	if (same_program(&world.loaded, &world.new) ||
		(world.had_firmware && same_program(&world.loaded, &world.old)))
		return;
	fail_msg("seed %u, %s write %zu: neither the old nor the new firmware",
		world.random.seed, when, n);
}

static void assert_stream(
	const struct settings *now, const char *when, size_t n)
{
	const struct settings *old = &world.settings;
	uint32_t size = now->bitstream_size;

	if (size == 0)
		return;
	if (size <= BITSTREAM_MAX) {
		read_bitstream(&world.now, world.stream, size);
		if (size == old->bitstream_size &&
			memcmp(now->bitstream_id, old->bitstream_id, 8) == 0 &&
			memcmp(world.stream, world.old_stream, size) == 0)
			return;
		if (world.action == ACTION_BITSTREAM &&
			size == world.new_size &&
			memcmp(now->bitstream_id, world.new_id, 8) == 0 &&
			memcmp(world.stream, world.new_stream, size) == 0)
			return;
	}
	fail_msg("seed %u, %s write %zu: a bitstream of %u bytes that is "
		 "neither the old nor the new one",
		world.random.seed, when, n, size);
}

static void assert_whole(const char *when, size_t n)
{
	struct settings now = read_settings(&world.now);
	const struct settings *old = &world.settings;

	assert_boots(when, n);
	assert_stream(&now, when, n);
	if (now.revision != old->revision ||
		memcmp(now.serial, old->serial, sizeof(now.serial)) != 0 ||
		memcmp(now.manufacturer, old->manufacturer,
			sizeof(now.manufacturer)) != 0)
		fail_msg("seed %u, %s write %zu: another identity",
			world.random.seed, when, n);
	if (memcmp(now.limit_mv, old->limit_mv, sizeof(now.limit_mv)) != 0)
		fail_msg("seed %u, %s write %zu: other limits",
			world.random.seed, when, n);
	if (!world.torn_flags && now.modified != old->modified)
		fail_msg("seed %u, %s write %zu: another design flag",
			world.random.seed, when, n);
}

/* ---- Cuts ------------------------------------------------------------- */

static bool covers(const struct write *write, size_t size, uint16_t address)
{
	return write->chip == CHIP_FX2_MEM && address >= write->address &&
		address < write->address + size;
}

/* The power fails inside a write: some bytes are new, the next ones erased, the
   others old. */
static void tear(const struct write *write, size_t n)
{
	size_t new = draw(&world.random, write->size + 1);
	size_t erased = draw(&world.random, write->size - new + 1);
	struct memory saved;
	struct write part = *write;

	memcpy(&saved, &world.now, sizeof(saved));
	memset(part.bytes + new, 0xff, erased);
	part.size = new + erased;
	eeproms_apply(&world.now, &part);
	world.torn_boot = erased && covers(write, write->size, 0);
	world.torn_flags = erased && covers(write, write->size, BLOCK_AT + 63);
	assert_whole("inside", n);
	world.torn_boot = world.torn_flags = false;
	memcpy(&world.now, &saved, sizeof(saved));
}

static void cut_everywhere(void)
{
	world.now = world.before;
	assert_whole("before", 0);
	for (size_t n = 0; n < journal.count; n++) {
		tear(&journal.writes[n], n);
		eeproms_apply(&world.now, &journal.writes[n]);
		assert_whole("after", n);
	}
}

/* The state after n writes. */
static void rewind_to(size_t n)
{
	world.now = world.before;
	for (size_t i = 0; i < n; i++)
		eeproms_apply(&world.now, &journal.writes[i]);
}

/* ---- Boards and orders ------------------------------------------------ */

static void draw_limits(uint8_t *limits)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned mv = draw(&world.random, 2)
			? 0
			: 1800 + draw(&world.random, 3700);

		limits[2 * i] = mv;
		limits[2 * i + 1] = mv >> 8;
	}
}

static uint32_t draw_size(void)
{
	if (draw(&world.random, 2))
		return ICE_MEM_SIZE + 1 + draw(&world.random, 0x1000);
	return 1000 + draw(&world.random, 4000);
}

static void draw_board(void)
{
	struct memory *memory = &world.before;
	uint8_t *block = memory->fx2 + BLOCK_AT;
	uint32_t size = draw(&world.random, 2) ? draw_size() : 0;

	draw_program(&world.random, &world.old);
	draw_program(&world.random, &world.new);
	world.had_firmware = draw(&world.random, 3) > 0;
	draw_bytes(&world.random, memory->fx2, sizeof(memory->fx2));
	draw_bytes(&world.random, memory->ice, sizeof(memory->ice));
	draw_bytes(&world.random, block, BLOCK_SIZE);
	block[0] = 0x30 + draw(&world.random, 4);
	memcpy(block + 1, "20240202T130000Z", 16);
	draw_limits(block + 33);
	memset(block + 41, 0, 22);
	memcpy(block + 41, "Kelvingrove", draw(&world.random, 12));
	block[63] = draw(&world.random, 8);
	for (unsigned i = 0; i < 4; i++)
		block[17 + i] = size >> 8 * i;
	write_boot(memory->fx2, world.had_firmware ? &world.old : NULL);
	world.settings = read_settings(memory);
	read_bitstream(memory, world.old_stream, BITSTREAM_MAX);
}

static void draw_order(void)
{
	world.action = draw(&world.random, ACTION_COUNT);
	write_text(&world.new, world.text);
	world.new_size = draw_size();
	draw_bytes(&world.random, world.new_id, sizeof(world.new_id));
	draw_bytes(&world.random, world.new_stream, sizeof(world.new_stream));
	world.other = world.before;
	write_boot(world.other.fx2, &world.new);
	world.other.fx2[BLOCK_AT + 63] ^= 4;
}

static int carry_out(struct clyde_device *device)
{
	switch (world.action) {
	case ACTION_FIRMWARE:
		return clyde_flash_firmware(
			device, world.text, strlen(world.text), NULL);
	case ACTION_REMOVE_FIRMWARE:
		return clyde_flash_remove_firmware(device, NULL);
	case ACTION_BITSTREAM:
		return clyde_flash_bitstream(device, world.new_stream,
			world.new_size, world.new_id, NULL);
	case ACTION_REMOVE_BITSTREAM:
		return clyde_flash_remove_bitstream(device);
	case ACTION_WEBUSB:
		return clyde_flash_webusb(device, !world.settings.webusb);
	default:
		return clyde_flash_restore(
			device, world.other.fx2, FX2_MEM_SIZE, NULL);
	}
}

static void assert_done(void)
{
	struct settings now = read_settings(&world.now);
	const struct settings *old = &world.settings;
	enum boot boot = boot_rom(&world.now, &world.loaded);
	bool stores = world.action == ACTION_FIRMWARE ||
		world.action == ACTION_RESTORE;
	bool flips =
		world.action == ACTION_WEBUSB || world.action == ACTION_RESTORE;

	assert_whole("after all", journal.count);
	if (stores || world.action == ACTION_REMOVE_FIRMWARE)
		assert_int_equal(boot, stores ? BOOT_FIRMWARE : BOOT_BARE);
	else
		assert_int_equal(
			boot, world.had_firmware ? BOOT_FIRMWARE : BOOT_BARE);
	if (boot == BOOT_FIRMWARE)
		assert_true(same_program(
			&world.loaded, stores ? &world.new : &world.old));
	if (world.action == ACTION_BITSTREAM)
		assert_int_equal(now.bitstream_size, world.new_size);
	else if (world.action == ACTION_REMOVE_BITSTREAM)
		assert_int_equal(now.bitstream_size, 0);
	else
		assert_int_equal(now.bitstream_size, old->bitstream_size);
	assert_int_equal(now.webusb, old->webusb ^ flips);
}

/* ---- Tests ------------------------------------------------------------ */

/* Carries the order out on a board that is powered up with this content. */
static int run_on(const struct memory *memory)
{
	struct fixture fixture = power_up(memory);
	int result;

	journal_begin();
	result = carry_out(fixture.device);
	journal_end();
	if (result < 0 && journal.refused == SIZE_MAX)
		fail_msg("seed %u, action %d: %s", world.random.seed,
			world.action, clyde_error_message());
	power_down(&fixture);
	return result;
}

static void begin_world(unsigned seed)
{
	memset(&world.random, 0, sizeof(world.random));
	world.random = (struct random){seed, seed * 2654435761u | 1};
	draw_board();
	draw_order();
}

static void a_board_boots_wherever_the_writes_are_cut_off(void **state)
{
	(void)state;
	for (unsigned i = 0; i < seeds; i++) {
		begin_world(first_seed + i);
		run_on(&world.before);
		cut_everywhere();
		assert_done();
	}
}

static void a_write_that_is_not_acknowledged_ends_the_call_and_nothing_is_lost(
	void **state)
{
	(void)state;
	for (unsigned i = 0; i < seeds; i++) {
		begin_world(first_seed + i);
		if (run_on(&world.before) == 0)
			continue;
		journal.refused = draw(&world.random, journal.count);
		assert_int_equal(run_on(&world.before), CLYDE_ERROR_REFUSED);
		assert_int_equal(journal.count, journal.refused);
		journal.refused = SIZE_MAX;
		cut_everywhere();
	}
}

static void a_board_that_was_cut_off_is_flashed_by_the_same_call(void **state)
{
	(void)state;
	for (unsigned i = 0; i < seeds; i++) {
		begin_world(first_seed + i);
		if (run_on(&world.before) == 0)
			continue;
		rewind_to(draw(&world.random, journal.count + 1));
		world.other = world.now;
		write_boot(world.other.fx2, &world.new);
		world.other.fx2[BLOCK_AT + 63] ^=
			read_settings(&world.now).webusb ==
				world.settings.webusb
			? 4
			: 0;
		world.before = world.now;
		run_on(&world.before);
		rewind_to(journal.count);
		assert_done();
	}
}

/* Interrupts the context as soon as something is written. */
static void interrupt(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	if (done < total && strncmp(what, "reading", 7) != 0)
		clyde_context_interrupt(user);
}

static void an_interrupt_never_leaves_a_board_without_firmware(void **state)
{
	struct clyde_observer observer = {.progress = interrupt};
	struct fixture fixture;

	(void)state;
	begin_world(first_seed);
	fixture = power_up(&world.before);
	observer.user = fixture.context;
	journal_begin();
	assert_int_equal(clyde_flash_firmware(fixture.device, world.text,
				 strlen(world.text), &observer),
		1);
	clyde_context_resume(fixture.context);
	assert_int_equal(clyde_flash_bitstream(fixture.device, world.new_stream,
				 ICE_MEM_SIZE, world.new_id, &observer),
		CLYDE_ERROR_INTERRUPTED);
	journal_end();
	clyde_context_resume(fixture.context);
	rewind_to(journal.count);
	assert_int_equal(boot_rom(&world.now, &world.loaded), BOOT_FIRMWARE);
	assert_true(same_program(&world.loaded, &world.new));
	assert_int_equal(read_settings(&world.now).bitstream_size, 0);
	assert_true(journal.count < 2000);
	/* The same call stores it. */
	assert_int_equal(clyde_flash_bitstream(fixture.device, world.new_stream,
				 ICE_MEM_SIZE, world.new_id, NULL),
		1);
	power_down(&fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_boots_wherever_the_writes_are_cut_off),
		cmocka_unit_test(
			a_write_that_is_not_acknowledged_ends_the_call_and_nothing_is_lost),
		cmocka_unit_test(
			a_board_that_was_cut_off_is_flashed_by_the_same_call),
		cmocka_unit_test(
			an_interrupt_never_leaves_a_board_without_firmware),
	};

	if (argc > 1)
		first_seed = atoi(argv[1]);
	if (argc > 2)
		seeds = atoi(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
