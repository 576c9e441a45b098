/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The plans of erases: which sectors need one, and in which pieces a range is
   erased, against the definition, for sets of erase sizes that chips have. */
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

#include "lib/chip/plan.h"

#define SECTOR  4096
#define SECTORS 64
#define WINDOW  (SECTORS * SECTOR)

static const struct plan_sizes sets[] = {
	{{SECTOR}, 1},
	{{SECTOR, 0x10000}, 2},
	{{SECTOR, 0x8000, 0x10000}, 3},
	{{SECTOR, 0x2000, 0x10000, 0x40000}, 4},
	{{256, SECTOR, 0x8000, 0x10000}, 4},
};

#define SETS (sizeof(sets) / sizeof(*sets))

static uint8_t now[WINDOW], wanted[WINDOW];

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---- Whether an erase is needed ----------------------------------------- */

static void a_bit_that_has_to_rise_needs_an_erase(void **state)
{
	(void)state;
	/* Whole words and the bytes behind them. */
	for (size_t size = 0; size <= 20; size++) {
		memset(now, 0x5a, size + 1);
		memset(wanted, 0x5a, size + 1);
		wanted[size] = 0xff; /* behind the end */
		assert_false(plan_needs_erase(now, wanted, size));
		for (size_t i = 0; i < size; i++) {
			wanted[i] = 0x52;
			assert_false(plan_needs_erase(now, wanted, size));
			wanted[i] = 0x53;
			assert_true(plan_needs_erase(now, wanted, size));
			wanted[i] = 0x5a;
		}
	}
}

static void bytes_are_blank_if_all_of_them_are_ffh(void **state)
{
	uint8_t bytes[20] = {0};

	(void)state;
	assert_true(plan_is_blank(bytes, 0));
	for (size_t size = 1; size < sizeof(bytes); size++) {
		memset(bytes, 0xff, size);
		bytes[size] = 0;
		assert_true(plan_is_blank(bytes, size));
		for (size_t i = 0; i < size; i++) {
			bytes[i] = 0xfe;
			assert_false(plan_is_blank(bytes, size));
			bytes[i] = 0xff;
		}
		memset(bytes, 0, size);
		assert_false(plan_is_blank(bytes, size));
	}
}

/* ---- Ranges ------------------------------------------------------------- */

/* By the definition: the largest size of which the address is a multiple, and
   that ends in time. */
static unsigned largest(
	const struct plan_sizes *sizes, uint64_t address, uint64_t end)
{
	for (unsigned i = sizes->count - 1; i > 0; i--)
		if (address % sizes->size[i] == 0 &&
			address + sizes->size[i] <= end)
			return i;
	return 0;
}

static void a_range_is_erased_in_the_largest_pieces(void **state)
{
	(void)state;
	for (size_t set = 0; set < SETS; set++) {
		const struct plan_sizes *sizes = &sets[set];
		unsigned used = 0;

		for (uint64_t from = 0; from < WINDOW; from += SECTOR)
			for (uint64_t to = from + SECTOR; to <= 2 * WINDOW;
				to += SECTOR) {
				unsigned i = plan_largest(sizes, from, to);

				assert_int_equal(i, largest(sizes, from, to));
				used |= 1 << i;
			}
		/* All sizes but those below the step of this loop. */
		assert_true(used | (sizes->size[0] < SECTOR));
		for (unsigned i = 0; i < sizes->count; i++)
			assert_true(used >> i & 1 || sizes->size[i] < SECTOR);
	}
}

/* ---- Windows ------------------------------------------------------------ */

/* Sectors that need an erase, as bits; of the others some only clear bits. */
static uint64_t fill(uint64_t needs, uint64_t clears)
{
	memset(now, 0x0f, WINDOW);
	memset(wanted, 0x0f, WINDOW);
	for (unsigned i = 0; i < SECTORS; i++) {
		uint8_t *at = wanted + (size_t)i * SECTOR + i * 61 % SECTOR;

		if (needs >> i & 1)
			*at = 0x1f;
		else if (clears >> i & 1)
			*at = 0;
	}
	return needs;
}

static bool whole(uint64_t sectors, size_t at, size_t size)
{
	for (size_t i = at / SECTOR; i < (at + size) / SECTOR; i++)
		if (!(sectors >> i & 1))
			return false;
	return true;
}

/* The plan of a window: each piece is aligned and needed as a whole, no larger
   one would be, and together they are what needs an erase. */
static unsigned check_plan(
	const struct plan_sizes *sizes, uint64_t address, uint64_t needs)
{
	uint64_t erased = 0;
	unsigned count = 0;
	size_t at = 0;
	int index;

	while ((index = plan_next_erase(
			sizes, address, now, wanted, WINDOW, &at)) >= 0) {
		uint32_t size = sizes->size[index];

		assert_int_equal((address + at) % size, 0);
		assert_true(at + size <= WINDOW);
		assert_true(whole(needs, at, size));
		for (unsigned i = index + 1; i < sizes->count; i++)
			assert_false((address + at) % sizes->size[i] == 0 &&
				at + sizes->size[i] <= WINDOW &&
				whole(needs, at, sizes->size[i]));
		for (size_t i = at / SECTOR; i < (at + size) / SECTOR; i++) {
			assert_false(erased >> i & 1);
			erased |= 1ull << i;
		}
		at += size;
		count++;
	}
	assert_true(erased == needs);
	return count;
}

static void a_window_loses_the_sectors_that_need_it_and_no_other(void **state)
{
	uint64_t seed = 88172645463325252;

	(void)state;
	for (size_t set = 0; set + 1 < SETS; set++)
		for (unsigned i = 0; i < 200; i++) {
			/* Runs of sectors, so that large pieces fit. */
			uint64_t one = draw(&seed), two = draw(&seed);
			uint64_t needs = one >> two % 60 | (one << two % 40);
			uint64_t address = two % 5 * SECTOR;

			if (i % 4 == 0)
				needs |= 0xffffull << two % 49;
			fill(needs, two);
			check_plan(&sets[set], address, needs);
		}
}

static void a_whole_window_is_one_erase_if_the_chip_has_that(void **state)
{
	static const unsigned counts[] = {64, 4, 4, 1};

	(void)state;
	for (unsigned set = 0; set < 4; set++) {
		fill(UINT64_MAX, 0);
		assert_int_equal(
			check_plan(&sets[set], 0, UINT64_MAX), counts[set]);
		fill(0, UINT64_MAX);
		assert_int_equal(check_plan(&sets[set], 0, 0), 0);
	}
	/* A window that begins in the middle of a block: 15 sectors before the
	   first block, 3 blocks, and a sector behind the last. */
	fill(UINT64_MAX, 0);
	assert_int_equal(check_plan(&sets[1], SECTOR, UINT64_MAX), 15 + 3 + 1);
}

/* Pages that are erased by themselves, below the sectors of other chips. */
static void a_chip_may_erase_pages(void **state)
{
	size_t at = 0;

	(void)state;
	fill(0, 0);
	wanted[SECTOR + 256] = 0xff;
	assert_int_equal(
		plan_next_erase(&sets[4], 0, now, wanted, WINDOW, &at), 0);
	assert_int_equal(at, SECTOR + 256);
	at += 256;
	assert_int_equal(
		plan_next_erase(&sets[4], 0, now, wanted, WINDOW, &at), -1);
	memset(wanted + SECTOR, 0xff, SECTOR);
	at = 0;
	assert_int_equal(
		plan_next_erase(&sets[4], 0, now, wanted, WINDOW, &at), 1);
	assert_int_equal(at, SECTOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bit_that_has_to_rise_needs_an_erase),
		cmocka_unit_test(bytes_are_blank_if_all_of_them_are_ffh),
		cmocka_unit_test(a_range_is_erased_in_the_largest_pieces),
		cmocka_unit_test(
			a_window_loses_the_sectors_that_need_it_and_no_other),
		cmocka_unit_test(
			a_whole_window_is_one_erase_if_the_chip_has_that),
		cmocka_unit_test(a_chip_may_erase_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
