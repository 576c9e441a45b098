/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the parameters of applets: which texts are accepted, the sentences that
   refuse others, and the values that an applet reads. */
#include "tests/support/clyde-test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/run/run.h"

static const struct clyde_parameter duration = {
	.name = "for",
	.type = CLYDE_PARAMETER_TIME,
	.minimum = 1,
	.maximum = UINT64_C(86400000000000),
};

static uint64_t time_of(const char *text)
{
	struct value value = {0};

	if (parameter_set(&duration, text, &value) < 0)
		fail_msg("%s", clyde_error_message());
	assert_true(value.given);
	return value.number;
}

static void a_time_is_in_nanoseconds(void **state)
{
	(void)state;
	assert_int_equal(time_of("1ns"), 1);
	assert_int_equal(time_of("20us"), 20000);
	assert_int_equal(time_of("5ms"), 5000000);
	assert_int_equal(time_of("2s"), 2000000000);
	assert_int_equal(time_of("86400s"), 86400000000000);
}

static void a_fraction_of_a_time_is_exact(void **state)
{
	(void)state;
	assert_int_equal(time_of("1.5s"), 1500000000);
	assert_int_equal(time_of("0.000000001s"), 1);
	assert_int_equal(time_of("1.25us"), 1250);
	/* Times below a nanosecond are cut off. */
	assert_int_equal(time_of("1.9ns"), 1);
	assert_int_equal(time_of("1.0000000009s"), 1000000000);
}

static void assert_refused(const struct clyde_parameter *parameter,
	const char *text, const char *sentence)
{
	struct value value = {0};

	assert_int_equal(
		parameter_set(parameter, text, &value), CLYDE_ERROR_INVALID);
	assert_string_equal(clyde_error_message(), sentence);
	assert_false(value.given);
	value_clear(&value);
}

static void a_text_that_is_no_time_is_refused_with_an_example(void **state)
{
	static const char *const words[] = {"", "5", "ms", "5 ms", "5m", "-5ms",
		"1.ms", ".5s", "1.5.5s", "0x5s", "1e3s", "5mss"};
	char sentence[128];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(sentence, sizeof(sentence),
			"for: %s is not a time like 20us, 5ms or 1.5s",
			words[i]);
		assert_refused(&duration, words[i], sentence);
	}
}

static void a_time_out_of_range_is_refused_with_the_nearest_one(void **state)
{
	(void)state;
	assert_refused(&duration, "0s",
		"for: 0s is not in 1ns..86400s; the nearest is 1ns");
	assert_refused(&duration, "86401s",
		"for: 86401s is not in 1ns..86400s; the nearest is 86400s");
	assert_refused(&duration, "18446744073709551615s",
		"for: 18446744073709551615s is not in 1ns..86400s; the nearest "
		"is 86400s");
	assert_refused(&duration, "99999999999999999999ns",
		"for: 99999999999999999999ns is not in 1ns..86400s; the "
		"nearest is 86400s");
}

static void words_are_kept_in_their_order(void **state)
{
	static const struct clyde_parameter words = {
		.name = "action", .type = CLYDE_PARAMETER_WORDS};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&words, "set", &value), 0);
	assert_int_equal(parameter_set(&words, "", &value), 0);
	assert_int_equal(parameter_set(&words, "A0 A1", &value), 0);
	assert_int_equal(value.count, 3);
	assert_string_equal(value.words[0], "set");
	assert_string_equal(value.words[1], "");
	assert_string_equal(value.words[2], "A0 A1");
	value_clear(&value);
	assert_null(value.words);
}

static void the_last_text_counts(void **state)
{
	static const struct clyde_parameter text = {
		.name = "endpoint", .type = CLYDE_PARAMETER_TEXT};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&text, "one", &value), 0);
	assert_int_equal(parameter_set(&text, "two", &value), 0);
	assert_int_equal(value.count, 1);
	assert_string_equal(value.words[0], "two");
	value_clear(&value);
}

static void a_number_out_of_range_is_refused_with_the_nearest_one(void **state)
{
	static const struct clyde_parameter baud = {
		.name = "baud",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 46,
		.maximum = 12000000,
	};

	(void)state;
	assert_refused(&baud, "45",
		"baud: 45 is not in 46..12000000; the nearest is 46");
	assert_refused(&baud, "12000001",
		"baud: 12000001 is not in 46..12000000; the nearest is "
		"12000000");
	assert_refused(&baud, "fast", "baud: fast is not a number");
}

static void a_bare_frequency_is_in_kilohertz(void **state)
{
	static const struct clyde_parameter frequency = {
		.name = "frequency",
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = 1465,
		.maximum = 48000000,
	};
	static const struct {
		const char *text;
		uint64_t hz;
	} rows[] = {{"100", 100000}, {"12000", 12000000}, {"1.5", 1500},
		{"12M", 12000000}, {"1.5M", 1500000}, {"400k", 400000},
		{"24MHz", 24000000}, {"400kHz", 400000}, {"1465Hz", 1465}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct value value = {0};

		assert_int_equal(
			parameter_set(&frequency, rows[i].text, &value), 0);
		assert_int_equal(value.number, rows[i].hz);
	}
	assert_refused(&frequency, "12m",
		"frequency: 12m is not a frequency like 100 (kHz), 400k, 12M "
		"or 100Hz");
	assert_refused(&frequency, "0x10",
		"frequency: 0x10 is not a frequency like 100 (kHz), 400k, 12M "
		"or 100Hz");
	assert_refused(&frequency, "100M",
		"frequency: 100M is not in 1465Hz..48MHz; the nearest is "
		"48MHz");
	assert_refused(&frequency, "1",
		"frequency: 1 is not in 1465Hz..48MHz; the nearest is 1465Hz");
}

static void sizes_and_integers_may_be_hexadecimal(void **state)
{
	static const struct clyde_parameter size = {.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.maximum = UINT32_MAX};
	static const struct clyde_parameter integer = {.name = "command",
		.type = CLYDE_PARAMETER_INTEGER,
		.maximum = 255};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&size, "0x1000", &value), 0);
	assert_int_equal(value.number, 4096);
	assert_int_equal(parameter_set(&size, "0X10KiB", &value), 0);
	assert_int_equal(value.number, 16384);
	assert_int_equal(parameter_set(&size, "0010", &value), 0);
	assert_int_equal(value.number, 10);
	assert_int_equal(parameter_set(&integer, "0xff", &value), 0);
	assert_int_equal(value.number, 255);
	value = (struct value){0};
	assert_refused(&integer, "0x", "command: 0x is not a number");
	assert_refused(&integer, "0x100",
		"command: 0x100 is not in 0..255; the nearest is 255");
}

static void a_refused_choice_changes_nothing(void **state)
{
	static const struct clyde_parameter one = {.name = "mode",
		.type = CLYDE_PARAMETER_ONE_OF,
		.choices = "tty pty",
		.initial = "tty"};
	static const struct clyde_parameter any = {.name = "modes",
		.type = CLYDE_PARAMETER_CHOICE,
		.choices = "tty pty"};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&one, "pty", &value), 0);
	assert_int_equal(
		parameter_set(&one, "tt", &value), CLYDE_ERROR_INVALID);
	assert_int_equal(parameter_chosen(&one, &value, "pty"), 1);
	assert_int_equal(parameter_chosen(&one, &value, "tty"), 0);
	value = (struct value){0};
	assert_int_equal(
		parameter_set(&any, "tty tt", &value), CLYDE_ERROR_INVALID);
	assert_int_equal(parameter_chosen(&any, &value, "tty"), 0);
	assert_int_equal(parameter_set(&any, "tty", &value), 0);
	assert_int_equal(parameter_chosen(&any, &value, "tty"), 1);
	assert_int_equal(
		parameter_chosen(&any, &value, "tt"), CLYDE_ERROR_INVALID);
}

/* ---- Verbs ------------------------------------------------------------ */

static const struct clyde_parameter verb_rows[] = {
	{.name = "operation",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.choices = "identify read verify"},
	{.name = "address",
		.type = CLYDE_PARAMETER_SIZE,
		.maximum = 4096,
		.verbs = "read verify",
		.initial = "16",
		.positional = true},
	{.name = "file",
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read",
		.required = true},
	{0},
};

static const struct applet with_verbs = {
	.table = {.name = "memory", .parameters = verb_rows}};

/* The check of a run with these names and values. */
static void assert_checked(const char *const *settings, const char *sentence)
{
	struct clyde_run *run =
		calloc(1, sizeof(*run) + 3 * sizeof(*run->values));

	assert_non_null(run);
	run->applet = &with_verbs;
	for (; *settings; settings += 2)
		for (int i = 0; i < 3; i++)
			if (strcmp(verb_rows[i].name, settings[0]) == 0) {
				assert_int_equal(
					parameter_set(&verb_rows[i],
						settings[1], &run->values[i]),
					0);
				run->values[i].set = true;
			}
	assert_int_equal(
		parameters_check(run), *sentence ? CLYDE_ERROR_INVALID : 0);
	if (*sentence)
		assert_string_equal(clyde_error_message(), sentence);
	for (int i = 0; i < 3; i++)
		value_clear(&run->values[i]);
	free(run);
}

#define CHECKED(sentence, ...) \
	assert_checked((const char *const[]){__VA_ARGS__ NULL}, sentence)

static void a_value_of_another_verb_is_refused(void **state)
{
	(void)state;
	CHECKED("", "operation", "identify", );
	CHECKED("", "operation", "read", "file", "x", );
	CHECKED("", "file", "x", "operation", "read", );
	CHECKED("memory: file belongs to read, not to identify", "operation",
		"identify", "file", "x", );
	CHECKED("memory: address belongs to read or verify, not to identify",
		"operation", "identify", "address", "1", );
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	CHECKED("memory: operation is missing: identify, read or verify", );
	CHECKED("memory read: file is missing", "operation", "read", );
	CHECKED("", "operation", "verify", );
}

/* ---- An applet with wrong reads --------------------------------------- */

static const struct clyde_parameter rows[] = {
	{.name = "baud", .type = CLYDE_PARAMETER_INTEGER},
	{.name = "mode",
		.type = CLYDE_PARAMETER_ONE_OF,
		.choices = "tty pty",
		.initial = "tty"},
	{.name = "path", .type = CLYDE_PARAMETER_TEXT},
	{.name = "words", .type = CLYDE_PARAMETER_WORDS},
	{.name = "tx", .type = CLYDE_PARAMETER_PIN},
	{0},
};

static const struct applet wrong = {
	.table = {.name = "wrong", .parameters = rows}};

/* As in a run of this applet in which no parameter was set. */
static struct clyde_run *new_run(void)
{
	struct clyde_run *run = calloc(1,
		sizeof(*run) +
			sizeof(rows) / sizeof(*rows) * sizeof(*run->values));

	assert_non_null(run);
	run->applet = &wrong;
	return run;
}

/* Runs it in a process of its own, which prints its sentence and aborts. */
static void assert_aborts(
	void (*read_it)(const struct clyde_run *run), const char *sentence)
{
	struct clyde_run *run = new_run();
	char text[256] = {0};
	int status, ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		read_it(run);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(read(ends[0], text, sizeof(text) - 1) >= 0);
	close(ends[0]);
	free(run);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	/* An emulator of another machine adds a line of its own. */
	text[strlen(sentence)] = '\0';
	assert_string_equal(text, sentence);
}

static void reads_value(const struct clyde_run *run)
{
	run_value(run, "bauds");
}

static void reads_given(const struct clyde_run *run)
{
	run_given(run, "bauds");
}

static void reads_chosen(const struct clyde_run *run)
{
	run_chosen(run, "bauds", "tty");
}

static void reads_text(const struct clyde_run *run)
{
	run_text(run, "bauds");
}

static void reads_words(const struct clyde_run *run)
{
	char *const *words;

	run_words(run, "bauds", &words);
}

static void reads_pins(const struct clyde_run *run)
{
	const struct clyde_pin *pins;

	run_pins(run, "bauds", &pins);
}

static void a_parameter_that_the_table_lacks_aborts(void **state)
{
	static void (*const readers[])(const struct clyde_run *run) = {
		reads_value, reads_given, reads_chosen, reads_text, reads_words,
		reads_pins};

	(void)state;
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		assert_aborts(readers[i],
			"libclyde: applet wrong reads its parameter bauds: its "
			"table has no such parameter\n");
}

static void reads_text_as_value(const struct clyde_run *run)
{
	run_value(run, "path");
}

static void reads_wrong_choice(const struct clyde_run *run)
{
	run_chosen(run, "mode", "socket");
}

static void a_parameter_of_another_type_aborts(void **state)
{
	(void)state;
	assert_aborts(reads_text_as_value,
		"libclyde: applet wrong reads its parameter path: it is of "
		"another type in its table\n");
}

static void a_choice_that_the_table_lacks_aborts(void **state)
{
	(void)state;
	assert_aborts(reads_wrong_choice,
		"libclyde: applet wrong reads its parameter mode: its table "
		"has no such choice\n");
}

static void a_parameter_of_the_table_is_read(void **state)
{
	struct clyde_run *run = new_run();
	const struct clyde_pin *pins;
	char *const *words;

	(void)state;
	assert_int_equal(run_value(run, "baud"), 0);
	assert_false(run_given(run, "tx"));
	assert_true(run_chosen(run, "mode", "tty"));
	assert_false(run_chosen(run, "mode", "pty"));
	assert_null(run_text(run, "path"));
	assert_int_equal(run_words(run, "words", &words), 0);
	assert_int_equal(run_pins(run, "tx", &pins), 0);
	free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_choice_changes_nothing),
		cmocka_unit_test(a_bare_frequency_is_in_kilohertz),
		cmocka_unit_test(sizes_and_integers_may_be_hexadecimal),
		cmocka_unit_test(a_value_of_another_verb_is_refused),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(a_parameter_that_the_table_lacks_aborts),
		cmocka_unit_test(a_parameter_of_another_type_aborts),
		cmocka_unit_test(a_choice_that_the_table_lacks_aborts),
		cmocka_unit_test(a_parameter_of_the_table_is_read),
		cmocka_unit_test(a_time_is_in_nanoseconds),
		cmocka_unit_test(a_fraction_of_a_time_is_exact),
		cmocka_unit_test(
			a_text_that_is_no_time_is_refused_with_an_example),
		cmocka_unit_test(
			a_time_out_of_range_is_refused_with_the_nearest_one),
		cmocka_unit_test(words_are_kept_in_their_order),
		cmocka_unit_test(the_last_text_counts),
		cmocka_unit_test(
			a_number_out_of_range_is_refused_with_the_nearest_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
