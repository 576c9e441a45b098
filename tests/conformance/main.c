/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Runs all tests on the device that the environment names. */
#include "conformance.h"

#include <unistd.h>

#define UNPLUG_US 60000

/* The links and what each of them can do.  The scheme of the URI selects a row
   with that scheme; CLYDE_LINK names any other one. */
static const struct link_row links[] = {
	{"virtual", "virtual",
		EXACT_TIME | REPORTS_DEADLOCK | NEW_DEVICE | KEEPS_PART |
			UNPLUGS_BY_URI,
		"in this process"},
	{"usb", "usb", KEEPS_PART, "an instrument, by libusb and the kernel"},
	{"usbfs", NULL, KEEPS_PART, "libusb over the emulated usbfs"},
	{"vm", NULL, 0,
		"libusb over a kernel in QEMU, which forgets what a cancelled "
		"transfer had moved"},
};

const struct link_row *link_row;
struct sequence *sequence;

static clyde_token opened;

struct fixture open_fixture(const char *uri)
{
	struct fixture fixture = {0};

	assert_int_equal(clyde_context_new(&fixture.context), 0);
	opened = clyde_context_token(fixture.context);
	if (clyde_device_open(fixture.context, uri, NULL, &fixture.device) < 0)
		fail_msg("%s", clyde_error_message());
	return fixture;
}

int close_what_is_left(void **state)
{
	(void)state;
	clyde_close_token(opened);
	return 0;
}

void need(unsigned abilities)
{
	if (!able(abilities))
		skip();
}

const char *plain_uri(void)
{
	const char *uri = getenv("CLYDE_URI");

	return uri ? uri : "virtual:";
}

/* Appends keys to the URI of a virtual device. */
static const char *with(const char *keys)
{
	static char uri[CLYDE_URI_SIZE];
	const char *plain = plain_uri();
	bool first = plain[strlen(plain) - 1] == ':';

	snprintf(uri, sizeof(uri), "%s%s%s", plain, first ? "" : ",", keys);
	return uri;
}

const char *configured_uri(void)
{
	struct fixture fixture;

	if (able(NEW_DEVICE))
		return with("configured=1");
	fixture = open_fixture(plain_uri());
	if (clyde_fpga_load_image(fixture.device) < 0)
		fail_msg("%s", clyde_error_message());
	/* The program that used the device before may have been interrupted. */
	set_mode(&fixture, BENCH_IDLE);
	close_fixture(&fixture);
	return plain_uri();
}

struct fixture open_idle(void)
{
	struct fixture fixture = open_fixture(configured_uri());

	set_mode(&fixture, BENCH_IDLE);
	return fixture;
}

void unplug_soon(void)
{
	char text[512];

	if (able(UNPLUGS_BY_URI))
		return;
	snprintf(text, sizeof(text), "(sleep 0.3; %s) >/dev/null &",
		getenv("CLYDE_UNPLUG"));
	assert_int_equal(system(text), 0);
}

struct fixture open_to_unplug(void)
{
	char keys[64];

	if (able(UNPLUGS_BY_URI)) {
		snprintf(keys, sizeof(keys), "configured=1,fault=unplug@%d",
			UNPLUG_US);
		return open_fixture(with(keys));
	}
	if (getenv("CLYDE_UNPLUG") == NULL)
		skip();
	return open_idle();
}

void replug(void)
{
	const char *command = getenv("CLYDE_REPLUG");
	struct clyde_context *context;
	struct clyde_device_info *list;
	int count = 0;

	if (able(UNPLUGS_BY_URI))
		return;
	if (command)
		assert_int_equal(system(command), 0);
	assert_int_equal(clyde_context_new(&context), 0);
	for (int i = 0; command && i < 100 && count < 1; i++) {
		count = clyde_device_list(context, plain_uri(), &list);
		if (count >= 0)
			clyde_device_list_free(list);
		if (count < 1)
			usleep(100000);
	}
	clyde_context_close(context);
}

struct clyde_pipe *open_pipe(struct fixture *fixture, enum clyde_pipe_id id,
	uint32_t size, uint32_t depth)
{
	struct clyde_pipe_options options = {
		.transfer_size = size, .depth = depth, .quad = true};
	struct clyde_pipe *pipe;

	if (clyde_pipe_open(fixture->device, id, &options, &pipe) < 0)
		fail_msg("%s", clyde_error_message());
	return pipe;
}

/* Attaches the core to the pipes that the mode needs. */
void set_mode(struct fixture *fixture, uint8_t mode)
{
	const uint8_t cores[] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	if (mode != BENCH_IDLE &&
		clyde_register_write(
			fixture->device, REG_STREAM, cores, sizeof(cores)) < 0)
		fail_msg("%s", clyde_error_message());
	if (clyde_register_write(fixture->device, REG_BENCH_MODE, &mode, 1) < 0)
		fail_msg("%s", clyde_error_message());
}

uint32_t read_count(struct fixture *fixture)
{
	uint32_t count = 0;

	assert_int_equal(clyde_register_read(fixture->device, REG_BENCH_COUNT,
				 &count, sizeof(count)),
		0);
	return count;
}

void assert_sequence(uint64_t offset, const uint8_t *data, size_t size)
{
	assert_int_equal(sequence_match(sequence, offset, data, size), size);
}

static const struct link_row *find_link(void)
{
	const char *name = getenv("CLYDE_LINK"), *uri = plain_uri();

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		const char *scheme = links[i].scheme;

		if (name ? strcmp(links[i].name, name) == 0
			 : scheme && strncmp(scheme, uri, strlen(scheme)) == 0)
			return &links[i];
	}
	return NULL;
}

static int run(const char *name, const struct CMUnitTest *tests, size_t count)
{
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	link_row = find_link();
	sequence = sequence_new();
	if (link_row == NULL || sequence == NULL) {
		fprintf(stderr, "conformance: no such link\n");
		return 99;
	}
	printf("%s: %s\n", link_row->name, link_row->what);
	failed += run("link", link_tests, link_test_count);
	failed += run("transfers", transfer_tests, transfer_test_count);
	failed += run("device", device_tests, device_test_count);
	failed += run("pipes", pipe_tests, pipe_test_count);
	failed += run("streams", stream_tests, stream_test_count);
	failed += run("threads", thread_tests, thread_test_count);
	failed += run("watch", watch_tests, watch_test_count);
	failed += run("unplug", unplug_tests, unplug_test_count);
	free(sequence);
	return failed > 0;
}
