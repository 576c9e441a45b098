/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests faults as texts: a fault is written as it is read, a wrong text is
   refused with its reason, and a seed draws the same faults each time. */
#include "tests/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virtual/faults/faults.h"

static struct faults faults;

static int set_up(void **state)
{
	(void)state;
	memset(&faults, 0, sizeof(faults));
	return 0;
}

static void add(const char *text)
{
	assert_int_equal(faults_add(&faults, text), 0);
}

static bool same(const struct fault *a, const struct fault *b)
{
	return a->kind == b->kind && a->where == b->where &&
		a->endpoint == b->endpoint && a->position == b->position &&
		a->amount == b->amount && a->left == b->left;
}

static void a_fault_is_written_as_it_is_read(void **state)
{
	static const char *const texts[] = {"drop@100:512", "flip@0",
		"repeat@511:3", "error@48", "error@48:1", "delay@34:1",
		"twice@34:2", "junk@34", "trip@5", "done", "nack@9:7",
		"unplug@100", "replug@200", "swap@300", "descriptor@2:9",
		"halt@t1", "halt@p2/0x86:3", "cut@b1000:7", "zlp@5us/0x81",
		"nak@t3/0x01:5", "babble@t1", "fail@b0/0x02", "nomem@t4:2",
		"refuse@p1", "late@t1:1", "burst@t9/0x88:2", "never@0us/0x04",
		"reset@7us", "reset@t7"};
	char text[FAULT_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		add(texts[i]);
		fault_text(&faults.list[i], text);
		assert_string_equal(text, texts[i]);
	}
}

static void a_position_on_the_bus_is_read_in_each_of_its_forms(void **state)
{
	static const struct {
		const char *text;
		enum fault_where where;
		uint64_t position;
		uint8_t endpoint;
	} good[] = {{"halt@t7", WHERE_TRANSFER, 7, 0},
		{"halt@p0x10/2", WHERE_PACKET, 16, 0x02},
		{"halt@b0x1000/0x86", WHERE_BYTE, 4096, 0x86},
		{"halt@b0/0x81", WHERE_BYTE, 0, 0x81},
		{"halt@12us/0x01", WHERE_TIME, 12, 0x01},
		{"unplug@12us", WHERE_PLAIN, 12, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		add(good[i].text);
		assert_int_equal(faults.list[i].where, good[i].where);
		assert_int_equal(faults.list[i].position, good[i].position);
		assert_int_equal(faults.list[i].endpoint, good[i].endpoint);
	}
}

static void a_wrong_text_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {{"halt", "this kind needs a position"},
		{"hold@t1", "there is no such kind"},
		{"halt@7", "where is one of tN, pN, bN and Nus"},
		{"halt@x7", "a number is missing"},
		{"halt@t", "a number is missing"},
		{"halt@t0", "transfers and packets are counted from 1"},
		{"halt@p0", "transfers and packets are counted from 1"},
		{"halt@t1/", "a number is missing"},
		{"halt@t1/0x06",
			"an endpoint is one of 0x01 0x81 0x02 0x04 0x86 0x88"},
		{"cut@t1/0x02:5", "it is about endpoints IN alone"},
		{"cut@t1", "this kind needs an amount"},
		{"cut@t1:512", "a packet is cut to 1 to 511 bytes"},
		{"halt@t1:0", "an amount of 0 is nothing"},
		{"reset@t1/0x86", "there is more behind it"},
		{"trip@5:2", "there is more behind it"},
		{"busy@1", "this kind has no position"},
		{"late@99999999999999999999us",
			"a number has more than 64 bits"},
		{"seed@", "a number is missing"},
		{"seed@1:0", "a seed draws 1 to 32 faults"},
		{"corrupt@1:2x", "there is more behind it"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(faults_add(&faults, bad[i].text), -EINVAL);
		assert_string_equal(faults_why(bad[i].text), bad[i].why);
	}
	assert_int_equal(faults.count, 0);
}

/* Every drawn fault has a text, and reading that text gives the same fault. */
static void a_seed_draws_the_same_faults_each_time(void **state)
{
	char seed[32], text[FAULT_TEXT_SIZE];
	uint64_t kinds = 0;

	(void)state;
	for (unsigned number = 0; number < 200; number++) {
		struct faults again = {0}, named = {0};

		memset(&faults, 0, sizeof(faults));
		snprintf(seed, sizeof(seed), "seed@%u", number);
		add(seed);
		assert_int_equal(faults_add(&again, seed), 0);
		assert_int_equal(faults.count, 3);
		for (unsigned i = 0; i < 3; i++) {
			assert_true(faults.list[i].drawn);
			assert_true(same(&faults.list[i], &again.list[i]));
			fault_text(&faults.list[i], text);
			assert_int_equal(faults_add(&named, text), 0);
			assert_true(same(&faults.list[i], &named.list[i]));
		}
		kinds |= faults.kinds;
	}
	/* In the end all kinds but those that corrupt, and those that a device
	   has from the start. */
	assert_int_equal(kinds & FAULTS_DATA, 0);
	assert_int_equal(__builtin_popcountll(kinds), 25);
}

static void different_seeds_draw_different_faults(void **state)
{
	struct faults other = {0};
	unsigned equal = 0;

	(void)state;
	add("seed@1:8");
	assert_int_equal(faults_add(&other, "seed@2:8"), 0);
	for (unsigned i = 0; i < 8; i++)
		equal += same(&faults.list[i], &other.list[i]);
	assert_true(equal < 8);
}

static void only_the_kind_corrupt_draws_faults_that_corrupt(void **state)
{
	(void)state;
	add("corrupt@42:32");
	assert_int_equal(faults.count, 32);
	assert_int_equal(faults.kinds, FAULTS_DATA);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fault_is_written_as_it_is_read),
		TEST(a_position_on_the_bus_is_read_in_each_of_its_forms),
		TEST(a_wrong_text_is_refused_with_its_reason),
		TEST(a_seed_draws_the_same_faults_each_time),
		TEST(different_seeds_draw_different_faults),
		TEST(only_the_kind_corrupt_draws_faults_that_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
