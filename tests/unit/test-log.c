/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the log of the public API (levels, times, lines, callbacks), and
   captures: when they begin and end, and which events they hold. */
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
	/* Lines that are empty or broken, or that go back in time. */
	unsigned wrong;
	int64_t last_ns;
	const char *awaited; /* A part of the awaited line. */
	unsigned seen;
	/* Interrupts the context when the awaited line comes. */
	bool interrupts;
	pthread_t thread;
	unsigned elsewhere; /* Lines that came on another thread. */
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

static struct fixture open_with(
	const char *uri, struct listener *listener, enum clyde_log_level level)
{
	struct fixture fixture;

	assert_int_equal(clyde_context_new(&fixture.context), 0);
	listener->context = fixture.context;
	listener->thread = pthread_self();
	assert_int_equal(
		clyde_context_log(fixture.context, level, listen, listener), 0);
	assert_int_equal(
		clyde_device_open(fixture.context, uri, NULL, &fixture.device),
		0);
	return fixture;
}

/* Runs the benchmark in its first mode. */
static int run_benchmark(struct fixture *fixture)
{
	const struct clyde_observer observer = {0};
	struct clyde_run *run;
	int result;

	assert_int_equal(clyde_run_new(fixture->context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "count", "256KiB"), 0);
	result = clyde_run_start(run, fixture->device, NULL, &observer);
	clyde_run_close(run);
	return result;
}

static void each_level_logs_all_lines_of_the_levels_above_and_more(void **state)
{
	unsigned all[CLYDE_LOG_TRACE + 1] = {0};

	(void)state;
	for (int level = CLYDE_LOG_TRACE; level >= CLYDE_LOG_OFF; level--) {
		struct listener listener = {0};
		struct fixture fixture = open_with("virtual:fault=alert@0x22",
			&listener, (enum clyde_log_level)level);

		assert_int_equal(run_benchmark(&fixture), 0);
		close_fixture(&fixture);
		assert_int_equal(listener.wrong, 0);
		if (level == CLYDE_LOG_TRACE)
			memcpy(all, listener.lines, sizeof(all));
		for (int i = 0; i <= CLYDE_LOG_TRACE; i++)
			assert_int_equal(
				listener.lines[i], i <= level ? all[i] : 0);
	}
	assert_int_equal(all[CLYDE_LOG_ERROR], 0);
	assert_int_equal(all[CLYDE_LOG_WARNING], 1); /* The alert. */
	assert_int_equal(all[CLYDE_LOG_INFO], 2);    /* Opened, closed. */
	assert_in_range(all[CLYDE_LOG_DEBUG], 10, 50);
	assert_in_range(all[CLYDE_LOG_TRACE], 500, 5000);
}

static void the_times_of_a_log_are_ordered_and_those_of_the_link(void **state)
{
	struct listener listener = {0};
	struct fixture fixture =
		open_with("virtual:", &listener, CLYDE_LOG_TRACE);

	(void)state;
	assert_int_equal(run_benchmark(&fixture), 0);
	assert_int_equal(listener.wrong, 0);
	assert_int_equal(listener.last_ns, now_ns(fixture.device));
	assert_int_equal(listener.elsewhere, 0);
	close_fixture(&fixture);
	assert_int_equal(listener.wrong, 0);
}

static void a_listener_may_come_and_go_while_a_device_is_open(void **state)
{
	struct listener listener = {.thread = pthread_self()};
	struct fixture fixture = open_uri("virtual:");
	uint8_t id[8];

	(void)state;
	clyde_fpga_status(fixture.device, id);
	assert_int_equal(clyde_context_log(fixture.context, CLYDE_LOG_TRACE,
				 listen, &listener),
		0);
	clyde_fpga_status(fixture.device, id);
	assert_int_equal(listener.lines[CLYDE_LOG_TRACE], 2);
	assert_int_equal(
		clyde_context_log(fixture.context, CLYDE_LOG_TRACE, NULL, NULL),
		0);
	clyde_fpga_status(fixture.device, id);
	close_fixture(&fixture);
	assert_int_equal(listener.lines[CLYDE_LOG_TRACE], 2);
}

static void a_level_that_does_not_exist_changes_nothing(void **state)
{
	struct listener listener = {0};
	struct fixture fixture =
		open_with("virtual:", &listener, CLYDE_LOG_INFO);

	(void)state;
	for (int level = -1; level <= CLYDE_LOG_TRACE + 1;
		level += CLYDE_LOG_TRACE + 2)
		assert_int_equal(
			clyde_context_log(fixture.context,
				(enum clyde_log_level)level, NULL, NULL),
			CLYDE_ERROR_INVALID);
	close_fixture(&fixture);
	assert_int_equal(listener.lines[CLYDE_LOG_INFO], 2);
}

static void a_callback_may_interrupt(void **state)
{
	struct listener listener = {
		.awaited = "EP6 IN opened", .interrupts = true};
	struct fixture fixture =
		open_with("virtual:", &listener, CLYDE_LOG_DEBUG);

	(void)state;
	assert_int_equal(run_benchmark(&fixture), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(listener.seen, 1);
	close_fixture(&fixture);
}

/* GPIO drives A0 low and A1 high, which are wired to each other. */
static void drivers_that_conflict_are_a_warning_once(void **state)
{
	static const uint8_t pins[] = {OUTPUT_GPIO, OUTPUT_GPIO};
	static const uint8_t drive[] = {2, 0, 3, 0}; /* Levels, enables. */
	struct listener listener = {.awaited = "drivers meet on pin A"};
	struct fixture fixture = open_with("virtual:configured=1,wire=A0-A1",
		&listener, CLYDE_LOG_WARNING);

	(void)state;
	assert_int_equal(
		clyde_register_write(fixture.device, REG_PIN, pins, 2), 0);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_GPIO_OUTPUT, drive, 4),
		0);
	clyde_device_sleep(fixture.device, 5);
	assert_int_equal(listener.seen, 0);
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	clyde_device_sleep(fixture.device, 5);
	assert_int_equal(listener.seen, 2);
	clyde_device_sleep(fixture.device, 5);
	assert_int_equal(listener.seen, 2);
	close_fixture(&fixture);
}

/* The bitstream is the shortest that configures. */
static void an_unknown_bitstream_is_a_warning_once(void **state)
{
	static const uint8_t foreign[] = {0x7e, 0xaa, 0x99, 0x7e, 0x01, 0x05,
		0x22, 0xe5, 0xd0, 0x01, 0x06};
	struct listener listener = {.awaited = "its model does not know"};
	struct fixture fixture =
		open_with("virtual:", &listener, CLYDE_LOG_WARNING);
	uint8_t id[8] = "foreign";

	(void)state;
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(listener.seen, 0);
	for (int i = 1; i <= 2; i++) {
		id[7] = i;
		assert_int_equal(clyde_fpga_load(fixture.device, foreign,
					 sizeof(foreign), id),
			1);
		clyde_device_sleep(fixture.device, 5);
		assert_int_equal(listener.seen, i);
	}
	close_fixture(&fixture);
}

static void a_failure_is_logged_once_as_an_error(void **state)
{
	struct listener listener = {.awaited = "DONE stays low"};
	struct fixture fixture =
		open_with("virtual:fault=done", &listener, CLYDE_LOG_ERROR);

	(void)state;
	assert_int_equal(
		clyde_fpga_load_image(fixture.device), CLYDE_ERROR_FPGA);
	assert_int_equal(listener.seen, 1);
	/* Without a link the time is 0. */
	listener = (struct listener){
		.awaited = "frobnicate", .thread = pthread_self()};
	assert_int_equal(clyde_device_open(fixture.context, "frobnicate:", NULL,
				 &fixture.device),
		CLYDE_ERROR_INVALID);
	assert_int_equal(listener.seen, 1);
	assert_int_equal(listener.last_ns, 0);
	close_fixture(&fixture);
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
	/* Turned off again. */
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
	struct fixture fixture = {0};

	(void)state;
	make_path(path);
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_context_capture(context, path), 0);
	fixture.context = context;
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &fixture.device),
		0);
	assert_int_equal(run_benchmark(&fixture), 0);
	close_fixture(&fixture);
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

/* Reads the events of a capture, a letter each, and the status of the last
   one. */
static void read_events(const char *path, char *events, int32_t *status)
{
	FILE *file = fopen(path, "r");
	/* Seconds, ns, bytes captured, bytes on the cable. */
	uint32_t record[4];
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

static void completed(struct transfer *transfer)
{
	*(bool *)transfer->user = true;
}

static void refused_and_cancelled_transfers_are_shown_as_such(void **state)
{
	char path[] = PATH_TEMPLATE, events[16];
	struct interrupt interrupt = {0};
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
	transfer->complete = completed;
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
	assert_int_equal(status, -2); /* -ENOENT: cancelled. */
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
	/* The wait has a year of virtual time, which takes longer than the
	   other thread needs. */
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
			each_level_logs_all_lines_of_the_levels_above_and_more),
		cmocka_unit_test(
			the_times_of_a_log_are_ordered_and_those_of_the_link),
		cmocka_unit_test(
			a_listener_may_come_and_go_while_a_device_is_open),
		cmocka_unit_test(a_level_that_does_not_exist_changes_nothing),
		cmocka_unit_test(a_callback_may_interrupt),
		cmocka_unit_test(drivers_that_conflict_are_a_warning_once),
		cmocka_unit_test(an_unknown_bitstream_is_a_warning_once),
		cmocka_unit_test(a_failure_is_logged_once_as_an_error),
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
