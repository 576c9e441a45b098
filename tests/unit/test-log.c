/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the library tells while it works: levels, times, lines; and the
   captures of the public API. */
#include "tests/support/clyde-test.h"
#include "wire/core-gpio.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/internal.h"

struct listener {
	struct clyde_context *context;
	unsigned lines[CLYDE_LOG_TRACE + 1];
	unsigned wrong; /* empty, broken, or back in time */
	int64_t last_ns;
	const char *awaited; /* part of a line */
	unsigned seen;
	bool interrupts; /* when it is seen */
	pthread_t thread;
	unsigned elsewhere; /* lines on another thread */
};

static void listen(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	struct listener *listener = user;

	if (level <= CLYDE_LOG_OFF || level > CLYDE_LOG_TRACE ||
		line[0] == '\0' || strchr(line, '\n') ||
		time_ns < listener->last_ns)
		listener->wrong++;
	else
		listener->lines[level]++;
	listener->last_ns = time_ns;
	listener->elsewhere += !pthread_equal(listener->thread, pthread_self());
	if (listener->awaited == NULL || !strstr(line, listener->awaited))
		return;
	listener->seen++;
	if (listener->interrupts)
		clyde_context_interrupt(listener->context);
}

static struct bench_top open_with(
	const char *uri, struct listener *listener, enum clyde_log_level level)
{
	struct bench_top top;

	assert_int_equal(clyde_context_new(&top.context), 0);
	listener->context = top.context;
	listener->thread = pthread_self();
	assert_int_equal(
		clyde_context_log(top.context, level, listen, listener), 0);
	assert_int_equal(
		clyde_device_open(top.context, uri, NULL, &top.device), 0);
	return top;
}

/* A run of the benchmark's first mode. */
static int run_benchmark(struct bench_top *top)
{
	const struct clyde_observer observer = {0};
	struct clyde_run *run;
	int result;

	assert_int_equal(clyde_run_new(top->context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "count", "256KiB"), 0);
	result = clyde_run_start(run, top->device, NULL, &observer);
	clyde_run_close(run);
	return result;
}

static void each_level_tells_what_those_above_it_tell_and_more(void **state)
{
	unsigned all[CLYDE_LOG_TRACE + 1] = {0};

	(void)state;
	for (int level = CLYDE_LOG_TRACE; level >= CLYDE_LOG_OFF; level--) {
		struct listener listener = {0};
		struct bench_top top = open_with("virtual:fault=alert@0x22",
			&listener, (enum clyde_log_level)level);

		assert_int_equal(run_benchmark(&top), 0);
		close_top(&top);
		assert_int_equal(listener.wrong, 0);
		if (level == CLYDE_LOG_TRACE)
			memcpy(all, listener.lines, sizeof(all));
		for (int i = 0; i <= CLYDE_LOG_TRACE; i++)
			assert_int_equal(
				listener.lines[i], i <= level ? all[i] : 0);
	}
	assert_int_equal(all[CLYDE_LOG_ERROR], 0);
	assert_int_equal(all[CLYDE_LOG_WARNING], 2); /* alerts */
	assert_int_equal(all[CLYDE_LOG_INFO], 2);    /* opened, closed */
	assert_in_range(all[CLYDE_LOG_DEBUG], 10, 50);
	assert_in_range(all[CLYDE_LOG_TRACE], 500, 5000);
}

static void times_of_a_run_are_ordered_and_the_links(void **state)
{
	struct listener listener = {0};
	struct bench_top top =
		open_with("virtual:", &listener, CLYDE_LOG_TRACE);

	(void)state;
	assert_int_equal(run_benchmark(&top), 0);
	assert_int_equal(listener.wrong, 0);
	assert_int_equal(listener.last_ns, now_ns(top.device));
	assert_int_equal(listener.elsewhere, 0);
	close_top(&top);
	assert_int_equal(listener.wrong, 0);
}

static void a_listener_may_come_and_go_while_a_device_is_open(void **state)
{
	struct listener listener = {.thread = pthread_self()};
	struct bench_top top = open_uri("virtual:");
	uint8_t id[8];

	(void)state;
	clyde_fpga_status(top.device, id);
	assert_int_equal(clyde_context_log(top.context, CLYDE_LOG_TRACE, listen,
				 &listener),
		0);
	clyde_fpga_status(top.device, id);
	assert_int_equal(listener.lines[CLYDE_LOG_TRACE], 2);
	assert_int_equal(
		clyde_context_log(top.context, CLYDE_LOG_TRACE, NULL, NULL), 0);
	clyde_fpga_status(top.device, id);
	close_top(&top);
	assert_int_equal(listener.lines[CLYDE_LOG_TRACE], 2);
}

static void a_level_that_does_not_exist_changes_nothing(void **state)
{
	struct listener listener = {0};
	struct bench_top top = open_with("virtual:", &listener, CLYDE_LOG_INFO);

	(void)state;
	for (int level = -1; level <= CLYDE_LOG_TRACE + 1;
		level += CLYDE_LOG_TRACE + 2)
		assert_int_equal(
			clyde_context_log(top.context,
				(enum clyde_log_level)level, NULL, NULL),
			CLYDE_ERROR_INVALID);
	close_top(&top);
	assert_int_equal(listener.lines[CLYDE_LOG_INFO], 2);
}

static void a_callback_may_interrupt(void **state)
{
	struct listener listener = {
		.awaited = "EP6 IN opened", .interrupts = true};
	struct bench_top top =
		open_with("virtual:", &listener, CLYDE_LOG_DEBUG);

	(void)state;
	assert_int_equal(run_benchmark(&top), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(listener.seen, 1);
	close_top(&top);
}

/* GPIO drives A0 low and A1 high, and they are wired. */
static void drivers_that_meet_are_a_warning_once(void **state)
{
	static const uint8_t pins[] = {OUTPUT_GPIO, OUTPUT_GPIO};
	static const uint8_t drive[] = {2, 0, 3, 0}; /* levels, enables */
	struct listener listener = {.awaited = "drivers meet on pin A"};
	struct bench_top top = open_with("virtual:configured=1,wire=A0-A1",
		&listener, CLYDE_LOG_WARNING);

	(void)state;
	assert_int_equal(clyde_register_write(top.device, REG_PIN, pins, 2), 0);
	assert_int_equal(
		clyde_register_write(top.device, REG_GPIO_OUTPUT, drive, 4), 0);
	clyde_device_sleep(top.device, 5);
	assert_int_equal(listener.seen, 0);
	assert_int_equal(clyde_supply_set(top.device, 1, 3300), 0);
	clyde_device_sleep(top.device, 5);
	assert_int_equal(listener.seen, 2);
	clyde_device_sleep(top.device, 5);
	assert_int_equal(listener.seen, 2);
	close_top(&top);
}

static void what_fails_is_an_error_where_it_fails(void **state)
{
	struct listener listener = {.awaited = "DONE stays low"};
	struct bench_top top =
		open_with("virtual:fault=done", &listener, CLYDE_LOG_ERROR);

	(void)state;
	assert_int_equal(clyde_fpga_load_image(top.device), CLYDE_ERROR_FPGA);
	assert_int_equal(listener.seen, 1);
	/* Without a link there is no time but 0. */
	listener = (struct listener){
		.awaited = "frobnicate", .thread = pthread_self()};
	assert_int_equal(clyde_device_open(
				 top.context, "frobnicate:", NULL, &top.device),
		CLYDE_ERROR_INVALID);
	assert_int_equal(listener.seen, 1);
	assert_int_equal(listener.last_ns, 0);
	close_top(&top);
}

/* ---- Captures --------------------------------------------------------- */

#define PATH_TEMPLATE "/tmp/clyde-test-XXXXXX"

static long size_of(const char *path)
{
	FILE *file = fopen(path, "r");
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	fclose(file);
	return size;
}

static void make_path(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
}

static void a_capture_is_not_ended_under_an_open_device(void **state)
{
	char path[] = PATH_TEMPLATE;
	struct clyde_context *context;
	struct clyde_device *device;

	(void)state;
	make_path(path);
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_context_capture(context, NULL), 0);
	assert_int_equal(clyde_context_capture(context, path), 0);
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	assert_int_equal(
		clyde_context_capture(context, NULL), CLYDE_ERROR_BUSY);
	assert_int_equal(
		clyde_context_capture(context, "/tmp/x"), CLYDE_ERROR_BUSY);
	clyde_device_close(device);
	assert_int_equal(clyde_context_capture(context, NULL), 0);
	assert_true(size_of(path) > 1000);
	/* Off again */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	assert_int_equal(clyde_context_capture(context, NULL), 0);
	clyde_context_close(context);
	assert_int_equal(size_of(path), 0);
	assert_int_equal(clyde_live_objects(), 0);
	unlink(path);
}

static void closing_the_context_ends_a_capture(void **state)
{
	char path[] = PATH_TEMPLATE;
	struct clyde_context *context;
	struct bench_top top = {0};

	(void)state;
	make_path(path);
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_context_capture(context, path), 0);
	top.context = context;
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &top.device), 0);
	assert_int_equal(run_benchmark(&top), 0);
	close_top(&top);
	assert_true(size_of(path) > 4 * 256 * 1024);
	unlink(path);
}

static void a_path_that_cannot_be_written_leaves_the_capture_there_was(
	void **state)
{
	char path[] = PATH_TEMPLATE;
	struct clyde_context *context;
	struct clyde_device *device;

	(void)state;
	make_path(path);
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_context_capture(context, path), 0);
	assert_int_equal(clyde_context_capture(context, "/nowhere/x.pcap"),
		CLYDE_ERROR_FILE);
	assert_says("cannot write /nowhere/x.pcap: No such file");
	assert_int_equal(
		clyde_context_capture(context, "/dev/full"), CLYDE_ERROR_FILE);
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	clyde_context_close(context);
	assert_true(size_of(path) > 1000);
	unlink(path);
}

/* The events in a capture, a letter each, and the last one's status. */
static void read_events(const char *path, char *events, int32_t *status)
{
	FILE *file = fopen(path, "r");
	uint32_t record[4]; /* s, ns, bytes here, bytes there */
	uint8_t packet[64];

	assert_non_null(file);
	assert_int_equal(fseek(file, 24, SEEK_SET), 0);
	while (fread(record, sizeof(record), 1, file) == 1) {
		assert_int_equal(fread(packet, sizeof(packet), 1, file), 1);
		*events++ = packet[8];
		memcpy(status, packet + 28, sizeof(*status));
		fseek(file, (long)(record[2] - sizeof(packet)), SEEK_CUR);
	}
	*events = '\0';
	fclose(file);
}

static void came_back(struct transfer *transfer)
{
	*(bool *)transfer->user = true;
}

static void refused_and_cancelled_transfers_are_shown_as_such(void **state)
{
	char path[] = PATH_TEMPLATE, events[16];
	atomic_bool interrupt = false;
	struct capture *capture;
	struct link_places places;
	struct link *link;
	struct transfer *transfer;
	uint8_t data[512];
	bool done = false;
	int32_t status;

	(void)state;
	make_path(path);
	assert_int_equal(capture_open(path, &capture), 0);
	assert_int_equal(link_virtual.enumerate("", &places), 1);
	assert_int_equal(
		link_virtual.open(STAILQ_FIRST(&places), &interrupt, &link), 0);
	link_places_free(&places);
	assert_int_equal(capture_wrap(capture, link, &link), 0);
	assert_string_equal(link->ops->name, "virtual");
	transfer = link->ops->transfer_new(link);
	transfer->endpoint = USB_EP1_IN;
	transfer->data = data;
	transfer->size = sizeof(data);
	transfer->complete = came_back;
	transfer->user = &done;
	/* The endpoint is off. */
	assert_int_equal(
		link->ops->submit(link, transfer), CLYDE_ERROR_ENDPOINT_OFF);
	capture_flush(capture, link);
	read_events(path, events, &status);
	assert_string_equal(events, "SE");
	assert_int_equal(status, -2);
	assert_int_equal(link_select(link, USB_IFACE_MGMT, USB_ALT_ON, 100), 0);
	assert_int_equal(link->ops->submit(link, transfer), 0);
	assert_true(capture_busy(capture));
	link->ops->cancel(link, transfer);
	while (!done)
		assert_true(link->ops->wait(link, LINK_FOREVER) >= 0);
	assert_int_equal(transfer->status, CLYDE_ERROR_CANCELED);
	link->ops->transfer_free(link, transfer);
	link->ops->close(link);
	assert_false(capture_busy(capture));
	assert_int_equal(capture_close(capture), 0);
	read_events(path, events, &status);
	assert_string_equal(events, "SESCSC");
	assert_int_equal(status, -2); /* ENOENT: taken back */
	unlink(path);
}

static void *close_later(void *token)
{
	usleep(20000);
	clyde_close_token(*(clyde_token *)token);
	return NULL;
}

static void closing_ends_a_wait_under_a_capture(void **state)
{
	struct clyde_context *context;
	struct clyde_device *device;
	clyde_token token;
	pthread_t thread;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_context_capture(context, "/dev/null"), 0);
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	token = clyde_device_token(device);
	pthread_create(&thread, NULL, close_later, &token);
	/* A year of virtual time takes longer than the thread. */
	assert_int_equal(
		clyde_device_sleep(device, INT32_MAX), CLYDE_ERROR_CANCELED);
	pthread_join(thread, NULL);
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_level_tells_what_those_above_it_tell_and_more),
		cmocka_unit_test(times_of_a_run_are_ordered_and_the_links),
		cmocka_unit_test(
			a_listener_may_come_and_go_while_a_device_is_open),
		cmocka_unit_test(a_level_that_does_not_exist_changes_nothing),
		cmocka_unit_test(a_callback_may_interrupt),
		cmocka_unit_test(drivers_that_meet_are_a_warning_once),
		cmocka_unit_test(what_fails_is_an_error_where_it_fails),
		cmocka_unit_test(a_capture_is_not_ended_under_an_open_device),
		cmocka_unit_test(closing_the_context_ends_a_capture),
		cmocka_unit_test(
			a_path_that_cannot_be_written_leaves_the_capture_there_was),
		cmocka_unit_test(
			refused_and_cancelled_transfers_are_shown_as_such),
		cmocka_unit_test(closing_ends_a_wait_under_a_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
