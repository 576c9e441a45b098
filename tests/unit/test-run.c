/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests runs of applets by the public API: conflicts are found before anything
   is changed, a run has its pins and streams while the applet runs, and
   releases them however it ends. */
#include "lib/base/ask.h"
#include "tests/support/run-test.h"

#include <pthread.h>
#include <stdio.h>

#define MS 1000000

static void a_run_has_its_pins_and_streams_and_releases_them(void **state)
{
	struct run_fixture bench = PREPARE("uart", "tx", "A0#", "rx", "B1");

	(void)state;
	assert_int_equal(start(&bench), 0);
	assert_int_equal(bench.pins[0], OUTPUT_UART | PIN_INVERT);
	assert_int_equal(bench.pins[9], 0);
	assert_int_equal(bench.input, INPUT_CONNECTED | 9);
	assert_int_equal(bench.stream[0], CORE_UART);
	assert_int_equal(bench.stream[2], CORE_UART);
	assert_released(&bench);
}

static void an_interrupted_run_releases_its_pins(void **state)
{
	struct run_fixture bench =
		PREPARE("uart", "tx", "A0", "rx", "A1", "stream", "yes");

	(void)state;
	bench.interrupt = true;
	assert_int_equal(start(&bench), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(bench.pins[0], OUTPUT_UART);
	assert_released(&bench);
}

/* A run that ends because another thread closes its context or device. */
struct closing {
	struct run_fixture bench;
	clyde_token token;
	pthread_t thread;
	bool begun;
	bool released; /* The last write to REG_PIN was of zeros. */
};

static void *close_it(void *pointer)
{
	struct closing *closing = pointer;

	clyde_close_token(closing->token);
	return NULL;
}

/* The applet continues when the close has begun. */
static void close_on_thread(void *user, const struct clyde_record *record)
{
	struct closing *closing = user;
	struct clyde_device *device = closing->bench.fixture.device;

	(void)record;
	if (closing->begun)
		return;
	closing->begun = true;
	pthread_create(&closing->thread, NULL, close_it, closing);
	while (now_ns(device) != 0)
		usleep(100);
}

static void see_pins(
	void *user, enum clyde_log_level level, int64_t now, const char *text)
{
	struct closing *closing = user;
	const char *bytes = strstr(text, "bytes: ");
	unsigned address;

	(void)level;
	(void)now;
	if (strncmp(text, "FPGA_SET_REG requested", 22) != 0 || !bytes ||
		sscanf(bytes, "bytes: %x", &address) != 1 || address != REG_PIN)
		return;
	closing->released = strspn(bytes + 9, " 0") == strlen(bytes + 9);
}

/* A close of the context or the device waits for the run, which releases its
   pins. */
static void a_run_whose_device_is_closed_releases_its_pins(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		struct closing closing = {.bench = PREPARE("uart", "tx", "A0",
						  "rx", "A1", "stream", "yes")};
		struct run_fixture *bench = &closing.bench;
		struct clyde_observer observer = {
			.record = close_on_thread, .user = &closing};
		int in[2], result;

		clyde_context_log(bench->fixture.context, CLYDE_LOG_TRACE,
			see_pins, &closing);
		closing.token = which
			? clyde_context_token(bench->fixture.context)
			: clyde_device_token(bench->fixture.device);
		assert_int_equal(pipe(in), 0);
		clyde_run_attach(bench->run, in[0], in[1]);
		result = clyde_run_start(
			bench->run, bench->fixture.device, NULL, &observer);
		assert_true(closing.begun);
		pthread_join(closing.thread, NULL);
		assert_int_equal(result, CLYDE_ERROR_CANCELED);
		assert_true(closing.released);
		close(in[0]);
		close(in[1]);
		close_fixture(&bench->fixture);
	}
}

struct rival {
	struct run_fixture *bench;
	int set, attach, claim, start;
	bool asked;
};

static void start_again(void *user, const struct clyde_record *record)
{
	static const struct clyde_observer observer;
	struct rival *rival = user;
	struct clyde_run *run = rival->bench->run;
	struct clyde_device *device = rival->bench->fixture.device;

	(void)record;
	if (rival->asked)
		return;
	rival->asked = true;
	rival->set = clyde_run_set(run, "action", "A1");
	rival->attach = clyde_run_attach(run, -1, -1);
	rival->claim = clyde_run_claim(run, device);
	rival->start = clyde_run_start(run, device, NULL, &observer);
}

static void a_running_run_cannot_be_changed_or_started_again(void **state)
{
	struct run_fixture bench =
		PREPARE("gpio", "action", "A0=1", "action", "A0");
	struct rival rival = {.bench = &bench};
	struct clyde_observer observer = {
		.record = start_again, .user = &rival};

	(void)state;
	assert_int_equal(clyde_run_start(bench.run, bench.fixture.device, NULL,
				 &observer),
		0);
	assert_true(rival.asked);
	assert_int_equal(rival.set, CLYDE_ERROR_BUSY);
	assert_int_equal(rival.attach, CLYDE_ERROR_BUSY);
	assert_int_equal(rival.claim, CLYDE_ERROR_BUSY);
	assert_int_equal(rival.start, CLYDE_ERROR_BUSY);
	assert_says("this run of gpio is under way");
	close_fixture(&bench.fixture);
}

static void switching_to_another_applet_takes_at_most_7_ms(void **state)
{
	struct run_fixture bench = PREPARE("gpio", "action", "A0");

	(void)state;
	assert_int_equal(start(&bench), 0);
	assert_in_range(bench.first_record_ns - bench.begun_ns, 1, 7 * MS);
	clyde_run_close(bench.run);
	assert_int_equal(
		clyde_run_new(bench.fixture.context, "uart", &bench.run), 0);
	set(&bench, (const char *const[]){"tx", "A0", "rx", "A1", NULL});
	assert_int_equal(start(&bench), 0);
	assert_in_range(bench.first_record_ns - bench.begun_ns, 1, 7 * MS);
	assert_released(&bench);
}

/* Drives half-bits of about a millisecond, until the applet reports a baud
   rate. */
static void wave(void *user, const struct clyde_record *record)
{
	struct run_fixture *bench = user;
	struct clyde_device *device = bench->fixture.device;
	uint16_t outputs[2] = {0, 1};
	uint8_t route = OUTPUT_GPIO;

	if (strcmp(record->fields[0].text, "baud") == 0) {
		bench->baud = record->fields[1].real;
		clyde_context_interrupt(bench->fixture.context);
	}
	if (strcmp(record->fields[0].text, "start") != 0)
		return;
	clyde_register_write(device, REG_PIN, &route, 1);
	for (int i = 0; i < 200; i++) {
		outputs[0] = i & 1;
		clyde_register_write(
			device, REG_GPIO_OUTPUT, outputs, sizeof(outputs));
		clyde_device_sleep(device, 1);
	}
}

static void auto_baud_follows_the_line(void **state)
{
	struct run_fixture bench =
		PREPARE("uart", "rx", "A1", "auto-baud", "yes");
	struct clyde_observer observer = {.record = wave, .user = &bench};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	clyde_run_attach(bench.run, ends[0], ends[1]);
	assert_int_equal(clyde_run_start(bench.run, bench.fixture.device, NULL,
				 &observer),
		CLYDE_ERROR_INTERRUPTED);
	assert_in_range(bench.baud, 500, 1100);
	close(ends[0]);
	close(ends[1]);
	clyde_context_resume(bench.fixture.context);
	close_fixture(&bench.fixture);
}

static void pins_driven_by_gpio_stay_driven(void **state)
{
	struct run_fixture bench = PREPARE("gpio", "action", "A0=1");
	uint8_t levels[CLYDE_PORT_COUNT];

	(void)state;
	assert_int_equal(start(&bench), 0);
	assert_int_equal(clyde_levels_get(bench.fixture.device, levels), 0);
	assert_int_equal(levels[0] & 3, 3);
	/* Another applet may use the pin, and leaves it as an input. */
	clyde_run_close(bench.run);
	assert_int_equal(
		clyde_run_new(bench.fixture.context, "uart", &bench.run), 0);
	set(&bench, (const char *const[]){"tx", "A0", "no-pull", "yes", NULL});
	assert_int_equal(start(&bench), 0);
	assert_released(&bench);
}

static void assert_refused(
	const char *const *settings, int error, const char *why)
{
	struct run_fixture bench = prepare("uart", settings);

	assert_int_equal(
		clyde_run_claim(bench.run, bench.fixture.device), error);
	assert_says(why);
	close_fixture(&bench.fixture);
}

#define REFUSED(error, why, ...) \
	assert_refused((const char *const[]){__VA_ARGS__, NULL}, error, why)

static void a_claim_that_is_impossible_is_refused(void **state)
{
	(void)state;
	REFUSED(CLYDE_ERROR_PIN_TAKEN,
		"pin A0 can have one function, not two: tx and rx", "tx", "A0",
		"rx", "A0#");
	REFUSED(CLYDE_ERROR_NO_PIN,
		"no pin C0: revision C3 has ports A and B only", "tx", "C0");
	REFUSED(CLYDE_ERROR_INVALID, "a pin is needed", "baud", "9600");
	REFUSED(CLYDE_ERROR_INVALID, "tcp:127.0.0.1:", "tx", "A0", "mode",
		"socket");
	REFUSED(CLYDE_ERROR_INVALID, "tcp:127.0.0.1:", "tx", "A0", "mode",
		"socket", "endpoint", "udp:1");
}

static void a_run_is_refused_what_another_run_has_claimed(void **state)
{
	struct run_fixture bench = PREPARE("uart", "tx", "A0", "rx", "A1");
	struct clyde_context *context = bench.fixture.context;
	struct clyde_run *other, *third;

	(void)state;
	assert_int_equal(clyde_run_claim(bench.run, bench.fixture.device), 0);
	assert_int_equal(clyde_run_new(context, "uart", &other), 0);
	assert_int_equal(clyde_run_set(other, "tx", "B0"), 0);
	assert_int_equal(clyde_run_claim(other, bench.fixture.device),
		CLYDE_ERROR_CORE_TAKEN);
	assert_says("one uart core");
	assert_int_equal(clyde_run_new(context, "gpio", &third), 0);
	assert_int_equal(clyde_run_set(third, "action", "A0=1"), 0);
	assert_int_equal(clyde_run_claim(third, bench.fixture.device),
		CLYDE_ERROR_PIN_TAKEN);
	assert_says("tx of uart and A0=1 of gpio");
	/* The first run's claim ends with it. */
	clyde_run_close(bench.run);
	assert_int_equal(clyde_run_claim(other, bench.fixture.device), 0);
	assert_int_equal(clyde_run_claim(third, bench.fixture.device), 0);
	close_fixture(&bench.fixture);
}

static void a_run_beside_another_gets_the_other_pipes(void **state)
{
	struct run_fixture bench = PREPARE("uart", "tx", "A0", "rx", "A1");
	struct clyde_run *other;

	(void)state;
	assert_int_equal(
		clyde_run_new(bench.fixture.context, "benchmark", &other), 0);
	assert_int_equal(clyde_run_claim(other, bench.fixture.device), 0);
	assert_int_equal(start(&bench), 0);
	assert_int_equal(bench.stream[1], CORE_UART);
	assert_int_equal(bench.stream[3], CORE_UART);
	clyde_run_close(other);
	assert_released(&bench);
}

static void a_port_without_supply_is_refused_with_the_remedy(void **state)
{
	struct run_fixture bench = PREPARE("uart", "tx", "A0", "rx", "B1");

	(void)state;
	assert_int_equal(clyde_supply_set(bench.fixture.device, 2, 0), 0);
	assert_int_equal(start(&bench), CLYDE_ERROR_NO_SUPPLY);
	assert_says("rx: pin B1 is dead, as port B has no supply; give it one, "
		    "with -V B=3.3 say");
	close_fixture(&bench.fixture);
}

static void supplies_are_checked_before_a_run_begins(void **state)
{
	struct run_fixture bench = PREPARE("gpio", "action", "B3=1");
	uint8_t routes[PIN_COUNT];

	(void)state;
	assert_int_equal(clyde_run_check(bench.run, NULL), CLYDE_ERROR_CLOSED);
	assert_int_equal(clyde_run_claim(bench.run, bench.fixture.device), 0);
	assert_int_equal(clyde_run_check(bench.run, NULL), 0);
	assert_int_equal(clyde_supply_set(bench.fixture.device, 2, 0), 0);
	assert_int_equal(
		clyde_run_check(bench.run, NULL), CLYDE_ERROR_NO_SUPPLY);
	assert_says("B3=1: pin B3 is dead");
	clyde_register_read(bench.fixture.device, REG_PIN, routes, PIN_COUNT);
	assert_int_equal(routes[11], 0);
	close_fixture(&bench.fixture);
}

static void a_run_that_is_refused_leaves_the_device_as_it_is(void **state)
{
	struct run_fixture bench = {.fixture = open_uri("virtual:")};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_observer observer = {
		.record = record_state, .user = &bench};
	unsigned mv[CLYDE_PORT_COUNT];
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	(void)state;
	assert_int_equal(
		clyde_run_new(bench.fixture.context, "uart", &bench.run), 0);
	set(&bench, (const char *const[]){"tx", "A0", "rx", "B1", NULL});
	assert_int_equal(clyde_supply_parse("A=3.3", 3, supply), 0);
	assert_int_equal(clyde_run_start(bench.run, bench.fixture.device,
				 supply, &observer),
		CLYDE_ERROR_NO_SUPPLY);
	assert_says("rx: pin B1 is dead");
	assert_int_equal(clyde_supply_parse("1.0", 3, supply), 0);
	assert_int_equal(clyde_run_start(bench.run, bench.fixture.device,
				 supply, &observer),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_supply_get(bench.fixture.device, mv), 0);
	assert_int_equal(mv[0], 0);
	assert_int_equal(clyde_fpga_status(bench.fixture.device, id), 0);
	close_fixture(&bench.fixture);
}

static void two_words_for_one_choice_are_refused(void **state)
{
	struct run_fixture bench = PREPARE("uart", "parity", "odd");

	(void)state;
	assert_int_equal(clyde_run_set(bench.run, "parity", "odd even"),
		CLYDE_ERROR_INVALID);
	assert_says("parity: odd even is not one of none zero one odd even");
	close_fixture(&bench.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_run_has_its_pins_and_streams_and_releases_them),
		cmocka_unit_test(an_interrupted_run_releases_its_pins),
		cmocka_unit_test(
			a_run_whose_device_is_closed_releases_its_pins),
		cmocka_unit_test(
			a_running_run_cannot_be_changed_or_started_again),
		cmocka_unit_test(
			switching_to_another_applet_takes_at_most_7_ms),
		cmocka_unit_test(auto_baud_follows_the_line),
		cmocka_unit_test(pins_driven_by_gpio_stay_driven),
		cmocka_unit_test(a_claim_that_is_impossible_is_refused),
		cmocka_unit_test(a_run_is_refused_what_another_run_has_claimed),
		cmocka_unit_test(a_run_beside_another_gets_the_other_pipes),
		cmocka_unit_test(
			a_port_without_supply_is_refused_with_the_remedy),
		cmocka_unit_test(supplies_are_checked_before_a_run_begins),
		cmocka_unit_test(
			a_run_that_is_refused_leaves_the_device_as_it_is),
		cmocka_unit_test(two_words_for_one_choice_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
