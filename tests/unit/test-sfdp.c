/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of SFDP tables: the tables of the part flash25, whose options say
   what must come out, and tables with single words changed. */
#include "tests/support/support.h"

#include <string.h>

#include "lib/chip/sfdp.h"
#include "virtual/board/parts/flash25.h"

#define MS (1000 * (tick)TICKS_PER_US)

static const struct flash25_options usual = {
	.size = 16 << 20,
	.qer = 5,
	.pp = 700 * TICKS_PER_US,
	.se = 45 * MS,
	.be32 = 120 * MS,
	.be = 150 * MS,
	.ce = 40000 * MS,
};

/* A table of the part with these options, perhaps with a word changed. */
struct image {
	uint8_t bytes[FLASH25_SFDP_SIZE];
};

static struct image make(const struct flash25_options *options)
{
	struct image image = {{0}};

	flash25_sfdp(options, image.bytes);
	return image;
}

/* Word 1 is the first of the basic table, which the part has at 80h. */
static void set_word(struct image *image, unsigned word, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		image->bytes[0x80 + 4 * (word - 1) + i] = value >> 8 * i;
}

static uint32_t get_word(const struct image *image, unsigned word)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)image->bytes[0x80 + 4 * (word - 1) + i]
			<< 8 * i;
	return value;
}

static const char *parse(const struct image *image, struct sfdp *sfdp)
{
	struct sfdp_table table;
	const char *wrong;

	assert_true(
		sfdp_find(image->bytes, SFDP_HEADERS_SIZE, SFDP_BASIC, &table));
	wrong = sfdp_basic(
		&table, image->bytes + table.address, table.size, sfdp);
	if (wrong == NULL &&
		sfdp_find(image->bytes, SFDP_HEADERS_SIZE, SFDP_FOUR_BYTES,
			&table))
		sfdp_four_bytes(image->bytes + table.address, table.size, sfdp);
	return wrong;
}

static void assert_read(struct sfdp_fast_read read, unsigned opcode,
	unsigned mode, unsigned dummy)
{
	assert_int_equal(read.opcode, opcode);
	assert_int_equal(read.mode, mode);
	assert_int_equal(read.dummy, dummy);
}

static void a_table_of_version_1_6_says_all(void **state)
{
	struct image image = make(&usual);
	struct sfdp sfdp;

	(void)state;
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.major, 1);
	assert_int_equal(sfdp.minor, 6);
	assert_int_equal(sfdp.size, 16 << 20);
	assert_int_equal(sfdp.address, SFDP_ADDRESS_3);
	assert_read(sfdp.reads[SFDP_READ_112], 0x3b, 0, 8);
	assert_read(sfdp.reads[SFDP_READ_122], 0xbb, 2, 2);
	assert_read(sfdp.reads[SFDP_READ_114], 0x6b, 0, 8);
	assert_read(sfdp.reads[SFDP_READ_144], 0xeb, 2, 4);
	assert_int_equal(sfdp.erases[0].size, 4096);
	assert_int_equal(sfdp.erases[0].opcode, 0x20);
	assert_int_equal(sfdp.erases[1].size, 32768);
	assert_int_equal(sfdp.erases[2].size, 65536);
	assert_int_equal(sfdp.erases[2].opcode, 0xd8);
	assert_int_equal(sfdp.erases[3].size, 0);
	assert_int_equal(sfdp.page_size, 256);
	assert_int_equal(sfdp.qer, 5);
	assert_int_equal(sfdp.four, 0);
	assert_int_equal(sfdp.modes,
		SFDP_MODE_KNOWN | SFDP_MODE_VOLATILE | SFDP_MODE_RESET);
}

/* The table has times in coarse units, which are rounded up. */
static void times_are_never_less_than_the_chips(void **state)
{
	struct image image = make(&usual);
	struct sfdp sfdp;

	(void)state;
	assert_null(parse(&image, &sfdp));
	assert_in_range(sfdp.program_us, 700, 704);
	assert_int_equal(sfdp.program_maximum_us, 6 * sfdp.program_us);
	assert_in_range(sfdp.erases[0].typical_us, 45000, 48000);
	assert_in_range(sfdp.erases[2].typical_us, 150000, 160000);
	assert_int_equal(
		sfdp.erases[2].maximum_us, 8 * sfdp.erases[2].typical_us);
	assert_int_equal(sfdp.chip_us, 40000000);
	assert_int_equal(sfdp.chip_maximum_us, 320000000);
}

static void a_table_of_version_1_0_has_no_times(void **state)
{
	struct flash25_options options = usual;
	struct image image;
	struct sfdp sfdp;

	(void)state;
	options.sfdp = FLASH25_SFDP_1_0;
	image = make(&options);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.minor, 0);
	assert_int_equal(sfdp.erases[0].size, 4096);
	assert_int_equal(sfdp.erases[0].typical_us, 0);
	assert_int_equal(sfdp.page_size, 256);
	assert_int_equal(sfdp.program_us, 0);
	assert_int_equal(sfdp.qer, SFDP_QER_UNKNOWN);
	assert_int_equal(sfdp.modes, 0);
}

static void a_large_chip_has_4_byte_instructions(void **state)
{
	struct flash25_options options = usual;
	struct image image;
	struct sfdp sfdp;

	(void)state;
	options.size = 64 << 20;
	image = make(&options);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.size, 64 << 20);
	assert_int_equal(sfdp.address, SFDP_ADDRESS_3_OR_4);
	assert_true(sfdp.four & SFDP_FOUR_PROGRAM);
	assert_true(sfdp.four & SFDP_FOUR_144);
	assert_int_equal(sfdp.erases[0].opcode4, 0x21);
	assert_int_equal(sfdp.erases[1].opcode4, 0);
	assert_int_equal(sfdp.erases[2].opcode4, 0xdc);
	assert_true(sfdp.modes & SFDP_MODE_INSTRUCTIONS);
}

static void no_sfdp_is_no_table(void **state)
{
	struct image image = make(&usual);
	struct sfdp_table table;

	(void)state;
	assert_false(sfdp_find(image.bytes, 15, SFDP_BASIC, &table));
	assert_false(sfdp_find(image.bytes, 80, SFDP_FOUR_BYTES, &table));
	image.bytes[5] = 2;
	assert_false(sfdp_find(image.bytes, 80, SFDP_BASIC, &table));
	memset(image.bytes, 0xff, sizeof(image.bytes));
	assert_false(sfdp_find(image.bytes, 80, SFDP_BASIC, &table));
	memset(image.bytes, 0, sizeof(image.bytes));
	assert_false(sfdp_find(image.bytes, 80, SFDP_BASIC, &table));
}

/* A header whose table has another layout, or that does not fit, is passed
   over; in JESD216 the first header is the basic table's, whatever its upper
   byte. */
static void headers_that_do_not_count_are_passed_over(void **state)
{
	struct flash25_options options = usual;
	struct image image, changed;
	struct sfdp_table table;

	(void)state;
	options.size = 64 << 20;
	image = changed = make(&options);
	assert_true(sfdp_find(image.bytes, 80, SFDP_FOUR_BYTES, &table));
	assert_int_equal(table.address, 0xd0);
	assert_int_equal(table.size, 8);
	assert_false(sfdp_find(image.bytes, 16, SFDP_FOUR_BYTES, &table));
	assert_false(sfdp_find(image.bytes, 23, SFDP_FOUR_BYTES, &table));
	assert_true(sfdp_find(image.bytes, 24, SFDP_FOUR_BYTES, &table));
	changed.bytes[18] = 2;
	assert_false(sfdp_find(changed.bytes, 80, SFDP_FOUR_BYTES, &table));
	changed = image;
	changed.bytes[10] = 2;
	assert_false(sfdp_find(changed.bytes, 80, SFDP_BASIC, &table));
	changed = image;
	changed.bytes[15] = 0x12;
	assert_true(sfdp_find(changed.bytes, 80, SFDP_BASIC, &table));
	assert_int_equal(table.address, 0x80);
}

/* Words that a table of JESD216 does not have, and more words than are known;
   fewer bytes than the header says are what counts. */
static void a_table_may_have_any_number_of_words(void **state)
{
	struct image image = make(&usual);
	struct sfdp_table table = {1, 7, 0x80, 0};
	uint8_t bytes[4 * 30] = {0};
	struct sfdp sfdp;

	(void)state;
	memcpy(bytes, image.bytes + 0x80, 64);
	for (unsigned words = 0; words <= 30; words++) {
		const char *wrong;

		table.size = 4 * words;
		wrong = sfdp_basic(&table, bytes, sizeof(bytes), &sfdp);
		assert_int_equal(wrong == NULL, words >= 9);
		table.size = sizeof(bytes);
		wrong = sfdp_basic(&table, bytes, (size_t)4 * words, &sfdp);
		assert_int_equal(wrong == NULL, words >= 9);
		if (wrong)
			continue;
		assert_int_equal(sfdp.minor, 7);
		assert_int_equal(sfdp.erases[0].typical_us > 0, words >= 10);
		assert_int_equal(sfdp.program_us > 0, words >= 11);
		assert_int_equal(sfdp.qer, words >= 15 ? 5 : SFDP_QER_UNKNOWN);
		assert_int_equal(sfdp.modes > 0, words >= 16);
	}
}

static void odd_pages_and_erases_have_no_effect(void **state)
{
	struct image image = make(&usual);
	struct sfdp sfdp;
	uint32_t word = get_word(&image, 11) & ~0x20f0u;

	(void)state;
	/* Pages of 8 B, and programs in units of 8 us. */
	set_word(&image, 11, word | 3 << 4);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.page_size, 256);
	assert_int_equal(sfdp.program_us, 8 * ((word >> 8 & 0x1f) + 1));
	set_word(&image, 11, word | 9 << 4);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.page_size, 512);
	/* 2^32 B by 20h, and 2^31 B by 52h */
	set_word(&image, 8, 0x521f2020);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.erases[0].size, 0);
	assert_int_equal(sfdp.erases[1].size, 1u << 31);
	set_word(&image, 1, get_word(&image, 1) & ~(1u << 22));
	assert_null(parse(&image, &sfdp));
	assert_read(sfdp.reads[SFDP_READ_114], 0, 0, 0);
	assert_read(sfdp.reads[SFDP_READ_144], 0xeb, 2, 4);
}

static void a_table_of_4_byte_instructions_may_be_cut(void **state)
{
	static const uint8_t bytes[] = {
		0xff, 0x0f, 0xff, 0xff, 0x21, 0x5c, 0xdc, 0xff};
	struct sfdp sfdp = {.four = 0};

	(void)state;
	sfdp_four_bytes(bytes, 7, &sfdp);
	assert_int_equal(sfdp.four, 0);
	sfdp_four_bytes(bytes, 8, &sfdp);
	assert_int_equal(sfdp.four, 0x0fff);
	assert_int_equal(sfdp.erases[0].opcode4, 0x21);
	assert_int_equal(sfdp.erases[2].opcode4, 0xdc);
	assert_int_equal(sfdp.erases[3].opcode4, 0);
}

static void sizes_are_2_to_a_power_as_well(void **state)
{
	struct image image = make(&usual);
	struct sfdp sfdp;

	(void)state;
	set_word(&image, 2, 1u << 31 | 35);
	assert_null(parse(&image, &sfdp));
	assert_true(sfdp.size == 1ull << 32);
	set_word(&image, 2, 1u << 31 | 36);
	assert_string_equal(
		parse(&image, &sfdp), "the size in its SFDP is impossible");
	set_word(&image, 2, 1u << 31 | 2);
	assert_non_null(parse(&image, &sfdp));
	set_word(&image, 2, 1u << 31 | 3);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.size, 1);
	set_word(&image, 2, 3);
	assert_non_null(parse(&image, &sfdp));
}

static void broken_tables_are_refused(void **state)
{
	struct image image = make(&usual), cut;
	struct sfdp sfdp;

	(void)state;
	cut = image;
	cut.bytes[11] = 8;
	assert_string_equal(
		parse(&cut, &sfdp), "the basic table of its SFDP is too short");
	set_word(&image, 1, get_word(&image, 1) | 3 << 17);
	assert_string_equal(parse(&image, &sfdp),
		"the size of addresses in its SFDP is reserved");
}

static void of_two_basic_tables_the_newest_counts(void **state)
{
	struct image image = make(&usual);
	struct sfdp_table table;

	(void)state;
	image.bytes[6] = 1;
	memcpy(image.bytes + 16, image.bytes + 8, 8);
	image.bytes[9] = 0;
	image.bytes[11] = 9;
	assert_true(sfdp_find(image.bytes, 80, SFDP_BASIC, &table));
	assert_int_equal(table.minor, 6);
	assert_int_equal(table.size, 64);
	assert_int_equal(table.address, 0x80);
}

static void each_way_into_4_byte_mode_is_seen(void **state)
{
	struct image image = make(&usual);
	struct sfdp sfdp;

	(void)state;
	set_word(&image, 16, 1u << 25 | 1u << 15);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.modes,
		SFDP_MODE_KNOWN | SFDP_MODE_ENTER | SFDP_MODE_ENTER_WREN |
			SFDP_MODE_LEAVE_WREN);
	set_word(&image, 16, 3u << 24 | 3u << 14);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.modes, SFDP_MODE_KNOWN | SFDP_MODE_ENTER);
	set_word(&image, 16, 1u << 2 | 1u << 29);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.modes,
		SFDP_MODE_KNOWN | SFDP_MODE_VOLATILE | SFDP_MODE_INSTRUCTIONS);
	set_word(&image, 16, 1u << 3 | 1u << 12);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.modes,
		SFDP_MODE_KNOWN | SFDP_MODE_VOLATILE | SFDP_MODE_RESET);
	set_word(&image, 16, 1u << 24 | 1u << 14);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.modes, SFDP_MODE_KNOWN | SFDP_MODE_ENTER);
	set_word(&image, 16, 1u << 30);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.address, SFDP_ADDRESS_4);
	set_word(&image, 15, 7u << 20);
	assert_null(parse(&image, &sfdp));
	assert_int_equal(sfdp.qer, SFDP_QER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_version_1_6_says_all),
		cmocka_unit_test(times_are_never_less_than_the_chips),
		cmocka_unit_test(a_table_of_version_1_0_has_no_times),
		cmocka_unit_test(a_large_chip_has_4_byte_instructions),
		cmocka_unit_test(no_sfdp_is_no_table),
		cmocka_unit_test(headers_that_do_not_count_are_passed_over),
		cmocka_unit_test(a_table_may_have_any_number_of_words),
		cmocka_unit_test(odd_pages_and_erases_have_no_effect),
		cmocka_unit_test(a_table_of_4_byte_instructions_may_be_cut),
		cmocka_unit_test(sizes_are_2_to_a_power_as_well),
		cmocka_unit_test(broken_tables_are_refused),
		cmocka_unit_test(of_two_basic_tables_the_newest_counts),
		cmocka_unit_test(each_way_into_4_byte_mode_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
