/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests monitors over a provider that follows a script and has a clock of its
 * own: each device is there from one moment to another, and can be opened from
 * a third moment on.  The device at a place is a virtual Glasgow.  Also tests
 * monitors of "virtual:".
 */
#include "tests/support/clyde-test.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "lib/base/internal.h"

#define MS    UINT64_C(1000000)
#define NEVER UINT64_MAX

/* ---- The script ------------------------------------------------------- */

struct visit {
	const char *name; /* A specification of "virtual:". */
	uint64_t from, until;
	uint64_t open_from; /* Before this time there is no permission. */
};

static struct {
	struct visit visits[2];
	unsigned count;
	uint64_t now;
	bool silent;   /* The provider reports no changes. */
	bool blocks;   /* A wait ends only by wake(). */
	sem_t waiting; /* Counts the waits that have begun. */
	sem_t woken;
	unsigned looks;
} script;

static const struct link_provider fake;

static bool is_there(const struct visit *visit)
{
	return visit->from <= script.now && script.now < visit->until;
}

static int enumerate(const char *specification, struct link_places *ret_places)
{
	int count = 0;

	(void)specification;
	script.looks++;
	STAILQ_INIT(ret_places);
	for (unsigned i = 0; i < script.count; i++) {
		struct link_place *place;

		if (!is_there(&script.visits[i]))
			continue;
		place = calloc(1, sizeof(*place));
		assert_non_null(place);
		place->provider = &fake;
		strcpy(place->name, script.visits[i].name);
		STAILQ_INSERT_TAIL(ret_places, place, next);
		count++;
	}
	return count;
}

static int open_visit(struct link_place *place,
	const struct interrupt *interrupt, struct link **ret_link)
{
	struct link_places inner;
	int result;

	for (unsigned i = 0; i < script.count; i++)
		if (is_there(&script.visits[i]) &&
			strcmp(script.visits[i].name, place->name) == 0 &&
			script.now < script.visits[i].open_from)
			return set_error(CLYDE_ERROR_ACCESS, "no permission");
	assert_int_equal(link_virtual.enumerate(place->name, &inner), 1);
	result = link_virtual.open(STAILQ_FIRST(&inner), interrupt, ret_link);
	link_places_free(&inner);
	return result;
}

static void look(struct link_place *place, struct clyde_device_info *info)
{
	(void)place;
	info->configured = true;
}

static void free_place(struct link_place *place)
{
	free(place);
}

static int open_monitor(struct link_monitor **ret_monitor)
{
	*ret_monitor = (struct link_monitor *)&script;
	return 0;
}

static void close_monitor(struct link_monitor *monitor)
{
	(void)monitor;
}

static uint64_t now(struct link_monitor *monitor)
{
	(void)monitor;
	return script.now;
}

/* Advances the script's clock to the next change, if changes are reported, or
   to the deadline. */
static int wait_for_change(struct link_monitor *monitor, uint64_t timeout_ns)
{
	uint64_t until = script.now + timeout_ns;
	bool changed = false;

	(void)monitor;
	if (script.blocks && timeout_ns > 0) {
		sem_post(&script.waiting);
		sem_wait(&script.woken);
		return 0;
	}
	for (unsigned i = 0; i < script.count && !script.silent; i++) {
		const uint64_t moments[] = {
			script.visits[i].from, script.visits[i].until};

		for (unsigned j = 0; j < 2; j++) {
			if (moments[j] <= script.now || moments[j] > until)
				continue;
			until = moments[j];
			changed = true;
		}
	}
	script.now = until;
	return changed;
}

static void wake(struct link_monitor *monitor)
{
	(void)monitor;
	sem_post(&script.woken);
}

static int no_descriptor(struct link_monitor *monitor)
{
	(void)monitor;
	return CLYDE_ERROR_UNSUPPORTED;
}

static const struct link_monitor_ops fake_monitor = {
	.open = open_monitor,
	.close = close_monitor,
	.now = now,
	.wait = wait_for_change,
	.wake = wake,
	.descriptor = no_descriptor,
};

static const struct link_provider fake = {
	.scheme = "fake",
	.enumerate = enumerate,
	.open = open_visit,
	.look = look,
	.free = free_place,
	.monitor = &fake_monitor,
};

/* ---- Help ------------------------------------------------------------- */

#define FIRST  "serial=20230101T120000Z"
#define SECOND "serial=20240101T120000Z"

static struct clyde_context *context;
static struct clyde_monitor *monitor;

static int set_up(void **state)
{
	(void)state;
	memset(&script, 0, sizeof(script));
	sem_init(&script.waiting, 0, 0);
	sem_init(&script.woken, 0, 0);
	return clyde_context_new(&context);
}

static int tear_down(void **state)
{
	(void)state;
	script.blocks = false;
	clyde_context_close(context);
	return clyde_live_objects() > 0;
}

static int make(struct clyde_context *handle)
{
	return CALL(inside, handle, monitor_make(inside, &fake, "", &monitor));
}

static void begin(const struct visit *visits, unsigned count)
{
	assert_in_range(
		count, 1, sizeof(script.visits) / sizeof(script.visits[0]));
	memcpy(script.visits, visits, count * sizeof(*visits));
	script.count = count;
	assert_int_equal(make(context), 0);
}

#define BEGIN(...)                                            \
	begin((const struct visit[]){__VA_ARGS__},            \
		sizeof((const struct visit[]){__VA_ARGS__}) / \
			sizeof(struct visit))

static void expect(
	enum clyde_monitor_change change, const char *name, int state)
{
	struct clyde_monitor_event event;

	if (clyde_monitor_next(monitor, &event, 60000) < 0)
		fail_msg("%s", clyde_error_message());
	assert_int_equal(event.change, change);
	assert_string_equal(event.info.uri + strlen("fake:"), name);
	assert_int_equal(event.info.state, state);
	if (state == 0)
		assert_string_equal(event.info.serial + 3, name + 7);
}

static void expect_none(int timeout_ms)
{
	struct clyde_monitor_event event;

	assert_int_equal(clyde_monitor_next(monitor, &event, timeout_ms),
		CLYDE_ERROR_TIMEOUT);
}

/* ---- What is told ----------------------------------------------------- */

static void present_devices_are_reported_first_and_once(void **state)
{
	(void)state;
	BEGIN({FIRST, 0, NEVER, 0}, {SECOND, 0, NEVER, 0});
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	expect(CLYDE_MONITOR_ARRIVED, SECOND, 0);
	expect_none(60000);
}

static void each_device_comes_and_goes_at_its_moment(void **state)
{
	(void)state;
	BEGIN({FIRST, 1100 * MS, 5300 * MS, 0}, {SECOND, 3200 * MS, NEVER, 0});
	expect_none(0);
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	assert_int_equal(script.now, 1100 * MS);
	expect(CLYDE_MONITOR_ARRIVED, SECOND, 0);
	assert_int_equal(script.now, 3200 * MS);
	expect(CLYDE_MONITOR_LEFT, FIRST, 0);
	assert_int_equal(script.now, 5300 * MS);
	expect_none(1000);
	assert_int_equal(script.now, 6300 * MS);
}

/* Both changes happen between two calls, so one enumeration sees both. */
static void a_departure_is_reported_before_an_arrival(void **state)
{
	(void)state;
	BEGIN({FIRST, 0, 2000 * MS, 0}, {SECOND, 1000 * MS, NEVER, 0});
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	script.now = 4000 * MS;
	expect(CLYDE_MONITOR_LEFT, FIRST, 0);
	expect(CLYDE_MONITOR_ARRIVED, SECOND, 0);
}

static void a_device_that_left_before_it_was_reported_is_not_reported(
	void **state)
{
	(void)state;
	BEGIN({FIRST, 0, 1000 * MS, 0}, {SECOND, 0, NEVER, 0});
	script.now = 2000 * MS;
	expect(CLYDE_MONITOR_ARRIVED, SECOND, 0);
	expect_none(5000);
}

static void without_events_a_monitor_enumerates_every_half_second(void **state)
{
	(void)state;
	script.silent = true;
	BEGIN({FIRST, 1100 * MS, 2600 * MS, 0});
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	assert_int_equal(script.now, 1500 * MS);
	expect(CLYDE_MONITOR_LEFT, FIRST, 0);
	assert_int_equal(script.now, 3000 * MS);
	assert_int_equal(script.looks, 7);
}

/* ---- Permission ------------------------------------------------------- */

static void a_device_is_reported_once_it_can_be_opened(void **state)
{
	(void)state;
	BEGIN({FIRST, 1000 * MS, NEVER, 1250 * MS}, {SECOND, 0, NEVER, 0});
	expect(CLYDE_MONITOR_ARRIVED, SECOND, 0);
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	assert_int_equal(script.now, 1300 * MS);
}

static void a_device_without_permission_is_reported_after_a_second(void **state)
{
	(void)state;
	BEGIN({FIRST, 1000 * MS, 9000 * MS, NEVER});
	expect(CLYDE_MONITOR_ARRIVED, FIRST, CLYDE_ERROR_ACCESS);
	assert_int_equal(script.now, 2000 * MS);
	expect(CLYDE_MONITOR_LEFT, FIRST, CLYDE_ERROR_ACCESS);
}

static void a_device_that_leaves_before_it_can_be_opened_is_not_reported(
	void **state)
{
	(void)state;
	BEGIN({FIRST, 1000 * MS, 1500 * MS, NEVER});
	expect_none(5000);
}

/* ---- An event loop ---------------------------------------------------- */

static bool readable(int timeout_ms)
{
	struct pollfd watch = {
		.fd = clyde_monitor_poll_fd(monitor), .events = POLLIN};

	assert_true(watch.fd >= 0);
	return poll(&watch, 1, timeout_ms) == 1;
}

static void the_descriptor_is_readable_while_there_are_changes(void **state)
{
	(void)state;
	assert_int_equal(
		clyde_monitor_new(context, "virtual:devices=2", &monitor), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct clyde_monitor_event event;

		assert_true(readable(-1));
		assert_int_equal(clyde_monitor_next(monitor, &event, 0), 1);
	}
	assert_false(readable(0));
	expect_none(0);
	assert_false(readable(0));
}

/* The timer uses the machine's clock, and the script's clock does not matter:
   this ends. */
static void the_descriptor_is_readable_when_an_enumeration_is_due(void **state)
{
	(void)state;
	BEGIN({FIRST, 0, NEVER, 0});
	assert_true(readable(-1));
	expect(CLYDE_MONITOR_ARRIVED, FIRST, 0);
	assert_true(readable(-1));
}

/* ---- "virtual:" ------------------------------------------------------- */

static void virtual_devices_arrive_at_once_and_then_nothing_can_happen(
	void **state)
{
	struct clyde_monitor_event event;

	(void)state;
	assert_int_equal(clyde_monitor_new(context,
				 "virtual:devices=2,1.fault=denied", &monitor),
		0);
	assert_int_equal(clyde_monitor_next(monitor, &event, 0), 1);
	assert_int_equal(event.info.state, 0);
	assert_int_equal(clyde_monitor_next(monitor, &event, -1), 1);
	assert_int_equal(event.info.state, CLYDE_ERROR_ACCESS);
	expect_none(0);
	expect_none(INT32_MAX);
	assert_int_equal(
		clyde_monitor_next(monitor, &event, -1), CLYDE_ERROR_DEADLOCK);
	assert_says("neither come nor go");
}

static void an_invalid_uri_is_refused(void **state)
{
	char uri[2 * CLYDE_URI_SIZE];

	(void)state;
	assert_int_equal(clyde_monitor_new(context, "nil:", &monitor),
		CLYDE_ERROR_INVALID);
	assert_says("is not a device URI");
	assert_int_equal(clyde_monitor_new(context, "virtual:x=1", &monitor),
		CLYDE_ERROR_INVALID);
	memset(uri, ',', sizeof(uri) - 1);
	memcpy(uri, "virtual:", 8);
	uri[sizeof(uri) - 1] = '\0';
	assert_int_equal(
		clyde_monitor_new(context, uri, &monitor), CLYDE_ERROR_INVALID);
}

/* ---- Threads ---------------------------------------------------------- */

static void *wait_for_ever(void *result)
{
	struct clyde_monitor_event event;

	*(int *)result = clyde_monitor_next(monitor, &event, -1);
	return NULL;
}

static pthread_t wait_on_thread(int *result)
{
	pthread_t thread;

	script.blocks = true;
	BEGIN({FIRST, NEVER, NEVER, 0});
	assert_int_equal(
		pthread_create(&thread, NULL, wait_for_ever, result), 0);
	sem_wait(&script.waiting);
	return thread;
}

static void a_close_ends_the_wait_of_another_thread(void **state)
{
	int result;
	pthread_t thread = wait_on_thread(&result);

	(void)state;
	assert_int_equal(clyde_close_token(clyde_monitor_token(monitor)), 0);
	pthread_join(thread, NULL);
	assert_int_equal(result, CLYDE_ERROR_CANCELED);
}

static void a_close_of_the_context_ends_the_wait_of_another_thread(void **state)
{
	int result;
	pthread_t thread = wait_on_thread(&result);

	(void)state;
	clyde_context_close(context);
	pthread_join(thread, NULL);
	assert_int_equal(result, CLYDE_ERROR_CANCELED);
}

/* The wait is not woken, since a monitor's wait does not hold the lock that
   other calls need. */
static void other_calls_go_on_while_a_monitor_waits(void **state)
{
	int result;
	pthread_t thread = wait_on_thread(&result);
	struct clyde_device *device;

	(void)state;
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	assert_int_equal(clyde_device_sleep(device, 1), 0);
	clyde_context_interrupt(context);
	sem_post(&script.woken);
	pthread_join(thread, NULL);
	assert_int_equal(result, CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(context);
	clyde_device_close(device);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(present_devices_are_reported_first_and_once),
		TEST(each_device_comes_and_goes_at_its_moment),
		TEST(a_departure_is_reported_before_an_arrival),
		TEST(a_device_that_left_before_it_was_reported_is_not_reported),
		TEST(without_events_a_monitor_enumerates_every_half_second),
		TEST(a_device_is_reported_once_it_can_be_opened),
		TEST(a_device_without_permission_is_reported_after_a_second),
		TEST(a_device_that_leaves_before_it_can_be_opened_is_not_reported),
		TEST(the_descriptor_is_readable_while_there_are_changes),
		TEST(the_descriptor_is_readable_when_an_enumeration_is_due),
		TEST(virtual_devices_arrive_at_once_and_then_nothing_can_happen),
		TEST(an_invalid_uri_is_refused),
		TEST(a_close_ends_the_wait_of_another_thread),
		TEST(a_close_of_the_context_ends_the_wait_of_another_thread),
		TEST(other_calls_go_on_while_a_monitor_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
