/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* From what a flash chip says of itself to the commands that it gets, without a
   device: what nor_setup() chooses of tables, and of identifications alone. */
#include "tests/support/clyde-test.h"

#include "lib/chip/nor.h"

#define MIB 0x100000u

/* A chip of 16 MiB that can do all that a table of JESD216B can say. */
static const struct sfdp usual = {
	.major = 1,
	.minor = 6,
	.size = 16 * MIB,
	.address = SFDP_ADDRESS_3,
	.reads =
		{
			[SFDP_READ_112] = {0x3b, 0, 8},
			[SFDP_READ_122] = {0xbb, 4, 0},
			[SFDP_READ_114] = {0x6b, 0, 8},
			[SFDP_READ_144] = {0xeb, 2, 4},
		},
	.erases =
		{
			{4096, 0x20, 0x21, 45000, 400000},
			{0x8000, 0x52, 0, 120000, 1600000},
			{0x10000, 0xd8, 0xdc, 150000, 2000000},
		},
	.page_size = 256,
	.program_us = 700,
	.program_maximum_us = 3000,
	.chip_us = 40000000,
	.chip_maximum_us = 200000000,
	.qer = 5,
};

#define FOUR_READS \
	(SFDP_FOUR_112 | SFDP_FOUR_122 | SFDP_FOUR_114 | SFDP_FOUR_144)

/* A chip of 32 MiB, with these instructions and ways into 4-byte mode. */
static struct sfdp large(unsigned four, unsigned modes)
{
	struct sfdp sfdp = usual;

	sfdp.size = 32 * MIB;
	sfdp.address = SFDP_ADDRESS_3_OR_4;
	sfdp.four = four;
	sfdp.modes = modes;
	return sfdp;
}

static struct clyde_flash make(unsigned lanes)
{
	return (struct clyde_flash){
		.options = {.lanes = lanes},
		.info = {.jedec = {0xef, 0x40, 0x18}},
	};
}

static struct clyde_flash set_up(const struct sfdp *sfdp, unsigned lanes)
{
	struct clyde_flash flash = make(lanes);

	if (nor_setup(&flash, sfdp) < 0)
		fail_msg("%s", clyde_error_message());
	return flash;
}

/* ---- Identifications ---------------------------------------------------- */

static void the_code_tells_the_size_of_a_chip_without_tables(void **state)
{
	static const struct {
		uint8_t code;
		uint64_t size;
	} codes[] = {{0x10, 0x10000}, {0x14, MIB}, {0x18, 16 * MIB},
		{0x19, 32 * MIB}, {0x20, 64 * MIB}, {0x22, 256 * MIB}};
	static const uint8_t others[] = {0x00, 0x0f, 0x1a, 0x1f, 0x23, 0xfe};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct clyde_flash flash = make(1);

		flash.info.jedec[2] = codes[i].code;
		assert_int_equal(nor_setup(&flash, NULL), 0);
		assert_int_equal(flash.info.size, codes[i].size);
		assert_int_equal(flash.info.page_size, 256);
		assert_int_equal(flash.sizes.count, 2);
		assert_false(flash.info.sfdp);
	}
	for (size_t i = 0; i < sizeof(others); i++) {
		struct clyde_flash flash = make(1);

		flash.info.jedec[2] = others[i];
		assert_int_equal(
			nor_setup(&flash, NULL), CLYDE_ERROR_UNSUPPORTED);
		assert_says("the chip ef 40 ");
		assert_says("give the size");
		flash.options.size = 2 * MIB;
		assert_int_equal(nor_setup(&flash, NULL), 0);
		assert_int_equal(flash.info.size, 2 * MIB);
	}
}

static void a_maker_is_known_by_its_byte(void **state)
{
	(void)state;
	assert_string_equal(nor_maker(0x01), "Infineon (Spansion)");
	assert_string_equal(nor_maker(0xc2), "Macronix");
	assert_string_equal(nor_maker(0xef), "Winbond");
	assert_null(nor_maker(0x00));
	assert_null(nor_maker(0xff));
}

/* ---- Addresses ---------------------------------------------------------- */

static void assert_addresses(const struct clyde_flash *flash, unsigned size,
	enum nor_mode mode, unsigned program)
{
	assert_int_equal(flash->address_size, size);
	assert_int_equal(flash->info.address_size, size);
	assert_int_equal(flash->mode, mode);
	assert_int_equal(flash->program, program);
}

static void addresses_have_4_bytes_only_above_16_mib(void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash = set_up(&sfdp, 1);

	(void)state;
	assert_addresses(&flash, 3, NOR_MODE_NONE, 0x02);
	/* It can do both, and needs 3. */
	sfdp.address = SFDP_ADDRESS_3_OR_4;
	flash = set_up(&sfdp, 1);
	assert_addresses(&flash, 3, NOR_MODE_NONE, 0x02);
	/* It can do nothing else. */
	sfdp.address = SFDP_ADDRESS_4;
	flash = set_up(&sfdp, 1);
	assert_addresses(&flash, 4, NOR_MODE_NONE, 0x02);
	assert_int_equal(flash.read.opcode, 0x0b);
}

static void a_large_chip_gets_instructions_of_its_own_if_it_has_all(
	void **state)
{
	static const unsigned needed = SFDP_FOUR_FAST_READ | SFDP_FOUR_PROGRAM;
	struct sfdp sfdp = large(needed, 0);
	struct clyde_flash flash = set_up(&sfdp, 1);

	(void)state;
	assert_addresses(&flash, 4, NOR_MODE_NONE, 0x12);
	assert_int_equal(flash.read.opcode, 0x0c);
	/* 52h has no twin with 4 bytes. */
	assert_int_equal(flash.sizes.count, 2);
	assert_int_equal(flash.erases[0].opcode, 0x21);
	assert_int_equal(flash.erases[1].opcode, 0xdc);
	for (unsigned missing = 0; missing < 3; missing++) {
		sfdp = large(needed, SFDP_MODE_KNOWN);
		if (missing == 0)
			sfdp.four &= ~SFDP_FOUR_FAST_READ;
		else if (missing == 1)
			sfdp.four &= ~SFDP_FOUR_PROGRAM;
		else
			for (unsigned i = 0; i < SFDP_ERASES; i++)
				sfdp.erases[i].opcode4 = 0;
		flash = set_up(&sfdp, 1);
		assert_addresses(&flash, 4, NOR_MODE_B7, 0x02);
		assert_int_equal(flash.sizes.count, 3);
		assert_int_equal(flash.erases[0].opcode, 0x20);
	}
}

static void an_instruction_set_without_a_table_is_the_usual_one(void **state)
{
	struct sfdp sfdp = large(0, SFDP_MODE_INSTRUCTIONS);
	struct clyde_flash flash;

	(void)state;
	for (unsigned i = 0; i < SFDP_ERASES; i++)
		sfdp.erases[i].opcode4 = 0;
	flash = set_up(&sfdp, 4);
	assert_addresses(&flash, 4, NOR_MODE_NONE, 0x12);
	assert_int_equal(flash.read.opcode, 0xec);
	assert_int_equal(flash.sizes.count, 2);
	assert_int_equal(flash.erases[0].opcode, 0x21);
	assert_int_equal(flash.erases[1].opcode, 0xdc);
	/* A table counts more than that bit. */
	sfdp = large(SFDP_FOUR_READ, SFDP_MODE_INSTRUCTIONS);
	flash = set_up(&sfdp, 1);
	assert_addresses(&flash, 4, NOR_MODE_B7, 0x02);
}

static void a_mode_may_need_a_write_enable(void **state)
{
	static const unsigned modes[] = {
		SFDP_MODE_ENTER_WREN, SFDP_MODE_LEAVE_WREN};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sfdp sfdp = large(0, modes[i]);
		struct clyde_flash flash = set_up(&sfdp, 1);

		assert_addresses(&flash, 4, NOR_MODE_B7_WREN, 0x02);
	}
}

/* As nor-queue.c makes it: 06h, B7h, 04h; and the same with E9h. */
static void a_mode_is_entered_and_left_around_a_command(void **state)
{
	static const struct {
		enum nor_mode mode;
		unsigned count;
		const char *enter, *leave;
	} modes[] = {
		{NOR_MODE_NONE, 0, "", ""},
		{NOR_MODE_B7, 1, "\xb7", "\xe9"},
		{NOR_MODE_B7_WREN, 3, "\x06\xb7\x04", "\x06\xe9\x04"},
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct clyde_flash flash = {.mode = modes[i].mode};
		struct nor_batch enter = {.count = 0}, leave = {.count = 0};

		nor_enter(&enter, &flash);
		nor_leave(&leave, &flash);
		assert_int_equal(enter.count, modes[i].count);
		assert_int_equal(leave.count, modes[i].count);
		assert_memory_equal(
			enter.bytes, modes[i].enter, modes[i].count);
		assert_memory_equal(
			leave.bytes, modes[i].leave, modes[i].count);
		for (unsigned k = 0; k < enter.count; k++)
			assert_int_equal(
				enter.steps[k].flags, CLYDE_SPI_DESELECT);
	}
}

/* ---- Erases ------------------------------------------------------------- */

static void erases_are_sorted_and_the_first_of_a_size_counts(void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash;

	(void)state;
	sfdp.erases[0] = (struct sfdp_erase){0x10000, 0xd8, 0, 1, 4};
	sfdp.erases[1] = (struct sfdp_erase){4096, 0x20, 0, 2, 5};
	sfdp.erases[2] = (struct sfdp_erase){0x10000, 0xd9, 0, 3, 6};
	sfdp.erases[3] = (struct sfdp_erase){0x8000, 0x52, 0, 3, 6};
	flash = set_up(&sfdp, 1);
	assert_int_equal(flash.sizes.count, 3);
	assert_int_equal(flash.sizes.size[0], 4096);
	assert_int_equal(flash.sizes.size[1], 0x8000);
	assert_int_equal(flash.sizes.size[2], 0x10000);
	assert_int_equal(flash.erases[0].opcode, 0x20);
	assert_int_equal(flash.erases[1].opcode, 0x52);
	assert_int_equal(flash.erases[2].opcode, 0xd8);
	assert_int_equal(flash.info.erases[0].maximum_us, 5);
	assert_int_equal(flash.info.erases[2].size, 0x10000);
	assert_int_equal(flash.info.erases[3].size, 0);
}

static void an_erase_that_no_plan_can_use_is_left_out(void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash;

	(void)state;
	sfdp.erases[0].size = 128;
	sfdp.erases[2].size = 0x80000;
	sfdp.erases[3] = (struct sfdp_erase){0x40000, 0xdd, 0, 9, 10};
	flash = set_up(&sfdp, 1);
	assert_int_equal(flash.sizes.count, 2);
	assert_int_equal(flash.sizes.size[0], 0x8000);
	assert_int_equal(flash.sizes.size[1], 0x40000);
	sfdp.erases[1].opcode = sfdp.erases[3].opcode = 0;
	flash = make(1);
	assert_int_equal(nor_setup(&flash, &sfdp), CLYDE_ERROR_UNSUPPORTED);
	assert_says("no erase command that Clyde can use");
}

static void a_size_that_is_given_has_whole_sectors(void **state)
{
	struct clyde_flash flash = make(1);

	(void)state;
	flash.options.size = 5 * 4096;
	assert_int_equal(nor_setup(&flash, &usual), 0);
	assert_int_equal(flash.info.size, 5 * 4096);
	flash = make(1);
	flash.options.size = 4097;
	assert_int_equal(nor_setup(&flash, &usual), CLYDE_ERROR_INVALID);
	assert_says("4097 B is no multiple of the 4096 B");
}

static void times_that_a_table_does_not_have_are_those_of_slow_chips(
	void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash = set_up(&sfdp, 1);

	(void)state;
	assert_int_equal(flash.info.program_us, 700);
	assert_int_equal(flash.program_maximum_us, 3000);
	assert_int_equal(flash.info.chip_erase_ms, 40000);
	assert_int_equal(flash.chip_maximum_us, 200000000);
	assert_int_equal(flash.info.erases[0].typical_us, 45000);
	sfdp.program_us = 0;
	sfdp.chip_us = sfdp.chip_maximum_us = 0;
	for (unsigned i = 0; i < 3; i++)
		sfdp.erases[i].typical_us = sfdp.erases[i].maximum_us = 0;
	flash = set_up(&sfdp, 1);
	assert_int_equal(flash.info.program_us, 700);
	assert_int_equal(flash.program_maximum_us, 10000);
	assert_int_equal(flash.info.chip_erase_ms, 17 * 2500);
	assert_int_equal(flash.chip_maximum_us, 8 * 17 * 2500000);
	assert_int_equal(flash.info.erases[0].maximum_us, 1000000);
	assert_int_equal(flash.info.erases[1].maximum_us, 4000000);
	assert_int_equal(flash.info.erases[2].typical_us, 150000);
}

/* ---- Reads -------------------------------------------------------------- */

static void assert_read(const struct clyde_flash *flash, unsigned opcode,
	unsigned address_lanes, unsigned data_lanes, unsigned mode,
	unsigned dummy)
{
	assert_int_equal(flash->read.opcode, opcode);
	assert_int_equal(flash->read.address_lanes, address_lanes);
	assert_int_equal(flash->read.data_lanes, data_lanes);
	assert_int_equal(flash->info.lanes, data_lanes);
	assert_int_equal(flash->read.mode, mode);
	assert_int_equal(flash->read.dummy, dummy);
}

static void the_best_read_of_the_lanes_is_taken(void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash = set_up(&sfdp, 4);

	(void)state;
	assert_read(&flash, 0xeb, 4, 4, 1, 4);
	/* Mode clocks that are no whole bytes cannot be sent. */
	sfdp.reads[SFDP_READ_144].mode = 1;
	flash = set_up(&sfdp, 4);
	assert_read(&flash, 0x6b, 1, 4, 0, 8);
	sfdp.reads[SFDP_READ_114].opcode = 0;
	flash = set_up(&sfdp, 4);
	assert_read(&flash, 0xbb, 2, 2, 1, 0);
	flash = set_up(&usual, 2);
	assert_read(&flash, 0xbb, 2, 2, 1, 0);
	sfdp.reads[SFDP_READ_122].opcode = 0;
	flash = set_up(&sfdp, 2);
	assert_read(&flash, 0x3b, 1, 2, 0, 8);
	sfdp.reads[SFDP_READ_112].opcode = 0;
	flash = set_up(&sfdp, 4);
	assert_read(&flash, 0x0b, 1, 1, 0, 8);
	flash = set_up(&usual, 1);
	assert_read(&flash, 0x0b, 1, 1, 0, 8);
}

static void a_large_chip_is_read_by_its_own_instructions(void **state)
{
	static const struct {
		unsigned without, opcode, address_lanes, data_lanes;
	} reads[] = {
		{0, 0xec, 4, 4},
		{SFDP_FOUR_144, 0x6c, 1, 4},
		{SFDP_FOUR_144 | SFDP_FOUR_114, 0xbc, 2, 2},
		{FOUR_READS & ~SFDP_FOUR_112, 0x3c, 1, 2},
		{FOUR_READS, 0x0c, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		struct sfdp sfdp = large((FOUR_READS & ~reads[i].without) |
				SFDP_FOUR_FAST_READ | SFDP_FOUR_PROGRAM,
			0);
		struct clyde_flash flash = set_up(&sfdp, 4);

		assert_int_equal(flash.read.opcode, reads[i].opcode);
		assert_int_equal(
			flash.read.address_lanes, reads[i].address_lanes);
		assert_int_equal(flash.read.data_lanes, reads[i].data_lanes);
	}
}

static void a_maker_tells_where_quad_enable_is_if_no_table_does(void **state)
{
	static const struct {
		uint8_t maker, qer, lanes;
	} makers[] = {{0xef, 5, 4}, {0xc8, 5, 4}, {0xc2, 2, 4}, {0x9d, 2, 4},
		{0x20, 0, 4}, {0x85, SFDP_QER_UNKNOWN, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		struct clyde_flash flash = make(4);
		struct sfdp sfdp = usual;

		sfdp.qer = SFDP_QER_UNKNOWN;
		flash.info.jedec[0] = makers[i].maker;
		assert_int_equal(nor_setup(&flash, &sfdp), 0);
		assert_int_equal(flash.qer, makers[i].qer);
		assert_int_equal(flash.info.lanes, makers[i].lanes);
		/* What a table says counts more. */
		flash = make(4);
		sfdp.qer = 1;
		flash.info.jedec[0] = makers[i].maker;
		assert_int_equal(nor_setup(&flash, &sfdp), 0);
		assert_int_equal(flash.qer, 1);
	}
}

static void a_status_register_may_be_written_for_now(void **state)
{
	struct sfdp sfdp = usual;
	struct clyde_flash flash = set_up(&sfdp, 1);

	(void)state;
	assert_false(flash.volatile_status);
	sfdp.modes = SFDP_MODE_KNOWN | SFDP_MODE_VOLATILE;
	flash = set_up(&sfdp, 1);
	assert_true(flash.volatile_status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_code_tells_the_size_of_a_chip_without_tables),
		cmocka_unit_test(a_maker_is_known_by_its_byte),
		cmocka_unit_test(addresses_have_4_bytes_only_above_16_mib),
		cmocka_unit_test(
			a_large_chip_gets_instructions_of_its_own_if_it_has_all),
		cmocka_unit_test(
			an_instruction_set_without_a_table_is_the_usual_one),
		cmocka_unit_test(a_mode_may_need_a_write_enable),
		cmocka_unit_test(a_mode_is_entered_and_left_around_a_command),
		cmocka_unit_test(
			erases_are_sorted_and_the_first_of_a_size_counts),
		cmocka_unit_test(an_erase_that_no_plan_can_use_is_left_out),
		cmocka_unit_test(a_size_that_is_given_has_whole_sectors),
		cmocka_unit_test(
			times_that_a_table_does_not_have_are_those_of_slow_chips),
		cmocka_unit_test(the_best_read_of_the_lanes_is_taken),
		cmocka_unit_test(a_large_chip_is_read_by_its_own_instructions),
		cmocka_unit_test(
			a_maker_tells_where_quad_enable_is_if_no_table_does),
		cmocka_unit_test(a_status_register_may_be_written_for_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
