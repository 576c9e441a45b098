/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests scripts of faults: which texts are valid, and that each fault of the
   data changes the bytes that it names, of one stream, once. */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

#include "virtual/faults/faults.h"

static struct faults faults;
static uint8_t data[4096];
/* A stream is identified by an address. */
static const char first, second;

static int set_up(void **state)
{
	(void)state;
	memset(&faults, 0, sizeof(faults));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = script_byte(i);
	return 0;
}

static void add(const char *text)
{
	assert_int_equal(faults_add(&faults, text), 0);
}

/* Passes bytes of a stream; returns how many are left. */
static unsigned pass(const void *stream, uint64_t offset, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		data[i] = script_byte(offset + i);
	return faults_pass(&faults, stream, offset, data, size);
}

static void every_kind_can_be_added(void **state)
{
	static const struct {
		const char *text;
		enum fault_kind kind;
		uint64_t position, amount;
	} good[] = {{"drop@100:512", FAULT_DROP, 100, 512},
		{"drop@0x10", FAULT_DROP, 16, 1}, {"flip@0", FAULT_FLIP, 0, 1},
		{"flip@4294967296:2", FAULT_FLIP, UINT64_C(1) << 32, 2},
		{"error@0x30", FAULT_ERROR, 0x30, 1},
		{"wait@32", FAULT_WAIT, 32, 1},
		{"serial@0x22", FAULT_SERIAL, 0x22, 1},
		{"mute@0x22", FAULT_MUTE, 0x22, 1},
		{"short@0x22", FAULT_SHORT, 0x22, 1},
		{"alert@0x22", FAULT_ALERT, 0x22, 1},
		{"done", FAULT_DONE, 0, 1}, {"health", FAULT_HEALTH, 0, 1},
		{"unplug@1000000", FAULT_UNPLUG, 1000000, 1},
		{"core@2", FAULT_CORE, 2, 1},
		{"version@1", FAULT_VERSION, 1, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct fault *fault;

		add(good[i].text);
		assert_int_equal(faults.count, i + 1);
		fault = faults_at(&faults, good[i].kind, good[i].position);
		assert_ptr_equal(fault, &faults.list[i]);
		assert_int_equal(fault->amount, good[i].amount);
	}
}

static void the_cable_and_the_host_can_fail_too(void **state)
{
	static const struct {
		const char *text;
		enum fault_kind kind;
		uint64_t position, amount;
	} good[] = {{"pull@7", FAULT_UNPLUG_AFTER, 7, 1},
		{"busy", FAULT_BUSY, 0, 1}, {"stall@3", FAULT_STALL, 3, 1},
		{"descriptor@2:9", FAULT_DESCRIPTOR, 2, 9},
		{"garble@1", FAULT_GARBLE, 1, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct fault *fault;

		assert_null(faults_find(&faults, good[i].kind));
		add(good[i].text);
		fault = faults_find(&faults, good[i].kind);
		assert_ptr_equal(fault, &faults.list[i]);
		assert_int_equal(fault->position, good[i].position);
		assert_int_equal(fault->amount, good[i].amount);
	}
}

static void a_fault_strikes_as_often_as_it_says(void **state)
{
	(void)state;
	add("error@1:2");
	add("error@2");
	assert_non_null(faults_strike(&faults, FAULT_ERROR, 1));
	assert_null(faults_strike(&faults, FAULT_WAIT, 1));
	assert_non_null(faults_strike(&faults, FAULT_ERROR, 1));
	assert_null(faults_strike(&faults, FAULT_ERROR, 1));
	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(faults_strike(&faults, FAULT_ERROR, 2));
}

static void a_repeat_strikes_the_packet_that_holds_its_byte(void **state)
{
	(void)state;
	add("repeat@100:3");
	assert_int_equal(faults_repeats(&faults, 0, 100), 0);
	assert_int_equal(faults_repeats(&faults, 101, 100), 0);
	assert_int_equal(faults_repeats(&faults, 100, 1), 3);
	assert_int_equal(faults_repeats(&faults, 100, 1), 0);
}

static void a_text_that_is_no_fault_is_refused(void **state)
{
	static const char *const bad[] = {"", "@", "@5", "drop", "drop@",
		"drop@x", "drop@-1", "drop@+1", "drop@ 1",
		"drop@1:", "drop@1:x", "drop@1:-1", "drop@1:2:3", "drop@1 ",
		"drop@1,", "drops@1", "dro@1", "DROP@1", " drop@1", "done@",
		"unplug", "pull", "stall", "garble", "error",
		"drop@18446744073709551616", "flip@1:18446744073709551616"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (faults_add(&faults, bad[i]) != -EINVAL)
			fail_msg("'%s' is not refused", bad[i]);
		assert_int_equal(faults.count, 0);
	}
}

/* Neither of these kinds has a position.  With any position but 0 they would
   never strike. */
static void a_fault_that_could_never_strike_is_refused(void **state)
{
	(void)state;
	assert_int_equal(faults_add(&faults, "done@1"), -EINVAL);
	assert_int_equal(faults_add(&faults, "health@7"), -EINVAL);
	assert_int_equal(faults_add(&faults, "drop@1:0"), -EINVAL);
}

static void at_most_32_faults_can_be_added(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++)
		add("flip@1");
	assert_int_equal(faults_add(&faults, "flip@1"), -ENOSPC);
	assert_int_equal(faults_add(&faults, "seed@1:1"), -ENOSPC);
	assert_int_equal(faults.count, 32);
	/* A text that is no fault is still refused as one. */
	assert_int_equal(faults_add(&faults, "flop@1"), -EINVAL);
}

static void a_fault_strikes_only_at_its_position(void **state)
{
	(void)state;
	add("error@0x30");
	add("wait@0x31");
	assert_non_null(faults_at(&faults, FAULT_ERROR, 0x30));
	assert_null(faults_at(&faults, FAULT_ERROR, 0x31));
	assert_null(faults_at(&faults, FAULT_WAIT, 0x30));
	assert_non_null(faults_at(&faults, FAULT_WAIT, 0x31));
	/* Faults of commands do not change data. */
	assert_int_equal(pass(&first, 0, 512), 512);
	assert_int_equal(data[0x30], script_byte(0x30));
}

static void without_faults_all_bytes_pass(void **state)
{
	(void)state;
	assert_int_equal(pass(&first, 0, 4096), 4096);
	for (unsigned i = 0; i < 4096; i++)
		assert_int_equal(data[i], script_byte(i));
}

static void a_drop_takes_bytes_out_of_the_middle(void **state)
{
	(void)state;
	add("drop@100:50");
	assert_int_equal(pass(&first, 0, 512), 462);
	for (unsigned i = 0; i < 462; i++)
		assert_int_equal(data[i], script_byte(i < 100 ? i : i + 50));
	/* The fault strikes once. */
	assert_int_equal(pass(&first, 0, 512), 512);
}

static void a_drop_may_span_several_pieces(void **state)
{
	unsigned left = 0;

	(void)state;
	add("drop@1000:100");
	for (unsigned at = 0; at < 4096; at += 64) {
		unsigned kept = pass(&first, at, 64);

		left += kept;
		/* 1000 to 1099 are the end of the piece at 960, all of the
		   piece at 1024, and 12 bytes of the piece at 1088. */
		assert_int_equal(kept,
			at == 960            ? 40
				: at == 1024 ? 0
				: at == 1088 ? 52
					     : 64);
	}
	assert_int_equal(left, 3996);
}

static void a_drop_may_take_the_first_and_the_last_byte(void **state)
{
	(void)state;
	add("drop@0");
	add("drop@511");
	assert_int_equal(pass(&first, 0, 512), 510);
	assert_int_equal(data[0], script_byte(1));
	assert_int_equal(data[509], script_byte(510));
}

static void a_drop_may_take_all_following_bytes(void **state)
{
	(void)state;
	add("drop@10:18446744073709551615");
	assert_int_equal(pass(&first, 0, 64), 10);
	assert_int_equal(pass(&first, 64, 64), 0);
	assert_int_equal(pass(&first, UINT64_C(1) << 40, 64), 0);
}

static void a_flip_changes_one_bit(void **state)
{
	(void)state;
	add("flip@5");
	assert_int_equal(pass(&first, 0, 512), 512);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(
			__builtin_popcount(data[i] ^ script_byte(i)), i == 5);
	assert_int_equal(pass(&first, 0, 512), 512);
	assert_int_equal(data[5], script_byte(5));
}

static void a_flip_may_be_of_several_bytes(void **state)
{
	(void)state;
	add("flip@62:4");
	for (unsigned at = 0; at < 128; at += 64) {
		assert_int_equal(pass(&first, at, 64), 64);
		for (unsigned i = 0; i < 64; i++)
			assert_int_equal(data[i] != script_byte(at + i),
				at + i >= 62 && at + i < 66);
	}
}

static void two_faults_of_one_byte_both_strike(void **state)
{
	(void)state;
	add("flip@5");
	add("flip@5");
	assert_int_equal(pass(&first, 0, 8), 8);
	/* The two flips cancel each other. */
	assert_int_equal(data[5], script_byte(5));
	add("flip@6");
	add("drop@6");
	assert_int_equal(pass(&first, 0, 8), 7);
	assert_int_equal(data[6], script_byte(7));
	assert_int_equal(pass(&first, 0, 8), 8);
}

static void a_fault_strikes_the_first_stream_that_reaches_it(void **state)
{
	(void)state;
	add("drop@100:10");
	assert_int_equal(pass(&first, 0, 100), 100);
	assert_int_equal(pass(&second, 0, 105), 100);
	/* From now on the fault belongs to the second stream only. */
	assert_int_equal(pass(&first, 100, 100), 100);
	assert_int_equal(pass(&second, 105, 100), 95);
	assert_int_equal(pass(&second, 205, 100), 100);
}

static void a_fault_does_not_strike_a_stream_that_begins_behind_it(void **state)
{
	(void)state;
	add("drop@100:10");
	assert_int_equal(pass(&first, 101, 100), 100);
	assert_int_equal(pass(&first, 0, 100), 100);
	assert_int_equal(pass(&first, 100, 1), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_can_be_added),
		TEST(the_cable_and_the_host_can_fail_too),
		TEST(a_fault_strikes_as_often_as_it_says),
		TEST(a_repeat_strikes_the_packet_that_holds_its_byte),
		TEST(a_text_that_is_no_fault_is_refused),
		TEST(a_fault_that_could_never_strike_is_refused),
		TEST(at_most_32_faults_can_be_added),
		TEST(a_fault_strikes_only_at_its_position),
		TEST(without_faults_all_bytes_pass),
		TEST(a_drop_takes_bytes_out_of_the_middle),
		TEST(a_drop_may_span_several_pieces),
		TEST(a_drop_may_take_the_first_and_the_last_byte),
		TEST(a_drop_may_take_all_following_bytes),
		TEST(a_flip_changes_one_bit),
		TEST(a_flip_may_be_of_several_bytes),
		TEST(two_faults_of_one_byte_both_strike),
		TEST(a_fault_strikes_the_first_stream_that_reaches_it),
		TEST(a_fault_does_not_strike_a_stream_that_begins_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
