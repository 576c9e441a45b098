/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the whole library with a device that breaks the protocol: the input is
 * a list of calls, and of changes to the packets that the virtual Glasgow sends
 * meanwhile.  Each call must end in time, with a right result or with a
 * sentence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/ask.h"
#include "clyde.h"
#include "fuzz.h"
#include "virtual/fx2/device.h"

/* The longest time of one call, in ns of virtual time: a load of the FPGA, and
   some commands after it. */
#define CALL_MAX_NS INT64_C(60000000000)
/* The most polls of a device in one call; with more, a call counts as
   endless. */
#define POLLS_MAX 200000

struct function *__wrap_device_function(struct device *device);
struct function *__real_device_function(struct device *device);

/* ---- The device that breaks the protocol ------------------------------ */

struct packet {
	bool shown;    /* Offered to the host and not acknowledged yet. */
	bool original; /* Unchanged: the device knows of the packet. */
	bool twice;
	uint16_t length;
	uint8_t data[USB_PACKET_SIZE];
};

static struct input changes;
static struct packet packets[USB_ENDPOINT_MASK + 1];
static const struct function_ops *original;
static struct function_ops changed;
static struct clyde_context *context;
static unsigned polls;

static void replace_bytes(struct packet *packet, uint16_t from, uint16_t length)
{
	if (from > length)
		from = length;
	take_bytes(&changes, packet->data + from, length - from);
	packet->length = length;
}

static void change_packet(struct packet *packet, uint8_t endpoint)
{
	uint16_t maximum =
		endpoint == 0 || endpoint == USB_EP1_IN ? 64 : USB_PACKET_SIZE;
	uint8_t kind = take_byte(&changes), at;

	switch (kind % 8) {
	case 3:
		at = take_byte(&changes);
		if (at < packet->length)
			packet->data[at] = take_byte(&changes);
		break;
	case 4:
		packet->length = take_byte(&changes) % (packet->length + 1);
		break;
	case 5: /* Behind the serial and the code. */
		replace_bytes(packet, 2, packet->length);
		break;
	case 6:
		replace_bytes(packet, kind & 8 ? 2 : 0,
			take_byte(&changes) * (kind & 16 ? 2 : 1) %
				(maximum + 1));
		break;
	case 7:
		packet->twice = true;
	}
}

/* Sends bytes that the device did not send, if the input says so. */
static bool make_packet(struct packet *packet, uint8_t endpoint)
{
	if (changes.size < 3 || changes.data[0] != 0xfe || endpoint == 0)
		return false;
	take_byte(&changes);
	replace_bytes(packet, 0, take_byte(&changes) % 65);
	packet->shown = true;
	packet->original = false;
	return true;
}

static enum handshake changed_in(struct function *function, tick now,
	uint8_t endpoint, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct packet *packet = &packets[endpoint & USB_ENDPOINT_MASK];
	enum handshake answer;
	const uint8_t *data;

	if (++polls == POLLS_MAX)
		clyde_context_interrupt(context);
	if (!packet->shown) {
		answer = original->in(
			function, now, endpoint, &data, &packet->length);
		if (answer == HANDSHAKE_STALL ||
			(answer == HANDSHAKE_NAK &&
				!make_packet(packet, endpoint)))
			return answer;
		if (answer == HANDSHAKE_ACK) {
			memcpy(packet->data, data, packet->length);
			packet->shown = packet->original = true;
			packet->twice = false;
			change_packet(packet, endpoint);
		}
	}
	*ret_data = packet->data;
	*ret_length = packet->length;
	return HANDSHAKE_ACK;
}

static void acked(struct function *function, tick now, uint8_t endpoint)
{
	struct packet *packet = &packets[endpoint & USB_ENDPOINT_MASK];

	if (packet->original)
		original->acked(function, now, endpoint);
	packet->original = false;
	packet->shown = packet->twice;
	packet->twice = false;
}

struct function *__wrap_device_function(struct device *device)
{
	struct function *function = __real_device_function(device);

	if (function->ops != &changed)
		original = function->ops;
	changed = *original;
	changed.in = changed_in;
	changed.acked = acked;
	function->ops = &changed;
	memset(packets, 0, sizeof(packets));
	return function;
}

/* ---- The caller ------------------------------------------------------- */

static void check_result(int result)
{
	if (result >= 0)
		return;
	check(clyde_error_message()[0] != '\0');
	check(strchr(clyde_error_message(), '\n') == NULL);
}

static void forget(void *user, const struct clyde_record *record)
{
	(void)user;
	check(record->group && record->fields);
	check(record->text == NULL || strchr(record->text, '\n') == NULL);
}

/* Runs an applet, with values as they are typed, "name=value" each. */
static int run(struct clyde_device *device, const char *applet,
	const char *const *values)
{
	static const struct clyde_observer observer = {.record = forget};
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct clyde_run *run;
	int result;

	check(clyde_run_new(context, applet, &run) == 0);
	for (; *values; values++) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*values, "="),
			*values);
		check(clyde_run_set(run, name, strchr(*values, '=') + 1) == 0);
	}
	check(clyde_run_attach(run, in, out) == 0);
	result = clyde_run_start(run, device, NULL, &observer);
	clyde_run_close(run);
	close(in);
	close(out);
	return result;
}

static int read_pipe(struct clyde_device *device, uint8_t argument)
{
	static const struct clyde_pipe_options options = {
		.transfer_size = 512, .depth = 4};
	uint8_t data[1500];
	struct clyde_pipe *pipe;
	ssize_t size;
	int result = clyde_pipe_open(device,
		argument & 1 ? CLYDE_PIPE_EP8_IN : CLYDE_PIPE_EP6_IN, &options,
		&pipe);

	if (result < 0)
		return result;
	size = clyde_pipe_read(pipe, data, argument * 6, 5);
	check(size <= argument * 6);
	if (size >= 0)
		check(offset_of(pipe) == (uint64_t)size);
	clyde_pipe_close(pipe);
	return size < 0 ? size : 0;
}

static int read_registers(struct clyde_device *device, uint8_t argument)
{
	uint8_t data[32];

	return clyde_register_read(device, argument, data, argument % 33);
}

static int read_ports(struct clyde_device *device, uint8_t argument)
{
	unsigned mv[CLYDE_PORT_COUNT], high[CLYDE_PORT_COUNT];
	uint8_t down[CLYDE_PORT_COUNT], up[CLYDE_PORT_COUNT];
	int ua[CLYDE_PORT_COUNT];

	switch (argument % 8) {
	case 0:
		return clyde_supply_get(device, mv);
	case 1:
		return clyde_supply_limit_get(device, mv);
	case 2:
		return clyde_sense_get(device, mv);
	case 3:
		return clyde_supply_current_get(device, ua);
	case 4:
		return clyde_supply_window_get(device, mv, high);
	case 5:
		return clyde_supply_current_limit_get(device, mv);
	case 6:
		return clyde_pulls_get(device, down, up);
	default:
		return clyde_levels_get(device, up);
	}
}

static int change_ports(struct clyde_device *device, uint8_t argument)
{
	static const struct clyde_supply supply[CLYDE_PORT_COUNT] = {
		{true, 3300, -1}, {true, 0, 0}};

	switch (argument % 6) {
	case 0:
		return clyde_supply_set(device, 1 << (argument >> 6), 3300);
	case 1:
		return clyde_supply_limit_set(
			device, 3, argument & 8 ? 0 : 3300);
	case 2:
		return clyde_supply_apply(device, supply);
	case 3:
		return clyde_pulls_set(device, 3, argument, 0x55);
	case 4:
		return clyde_device_safe(device);
	default:
		return clyde_supply_current_limit_set(device, 1, 80000);
	}
}

static int use_alerts(struct clyde_device *device)
{
	struct clyde_alerts alerts;
	int result = clyde_alerts_take(device, &alerts);

	if (result >= 0)
		result = clyde_alerts_get(device, &alerts);
	return result < 0 ? result : clyde_alerts_clear(device, &alerts);
}

static int read_memory(struct clyde_device *device, uint8_t argument)
{
	struct clyde_config config;
	uint8_t data[200];

	if (argument & 1)
		return clyde_config_read(device, &config);
	return clyde_eeprom_read(device, argument << 7, data, argument % 200);
}

static int use_fpga(struct clyde_device *device, uint8_t argument)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	return argument & 1 ? clyde_fpga_load_image(device)
			    : clyde_fpga_status(device, id);
}

static int run_gpio(struct clyde_device *device, uint8_t argument)
{
	static const char *const watch[] = {
		"action=watch", "action=A0:3,B7#", "for=300us", NULL};
	static const char *const drive[] = {"action=A0=1", "action=A1=L",
		"action=read", "action=A0:7", NULL};

	return run(device, "gpio", argument & 1 ? watch : drive);
}

static int run_uart(struct clyde_device *device, uint8_t argument)
{
	static const char *const plain[] = {"rx=A0", "tx=A1", NULL};
	static const char *const noisy[] = {"rx=A0", "tx=A1", "auto-baud=yes",
		"verbose=yes", "parity=odd", NULL};

	return run(device, "uart", argument & 1 ? noisy : plain);
}

static int run_benchmark(struct clyde_device *device, uint8_t argument)
{
	static const char *const modes[][6] = {
		{"modes=source", "count=4KiB", "transfer-size=512", "depth=4",
			NULL},
		{"modes=sink", "count=4KiB", "transfer-size=512", "depth=4",
			NULL},
		{"modes=loopback", "count=4KiB", "transfer-size=1KiB",
			"depth=4", NULL},
		{"modes=latency", "count=1KiB", "depth=4", NULL},
	};

	return run(device, "benchmark", modes[argument % 4]);
}

static int call(
	struct clyde_device *device, uint8_t operation, uint8_t argument)
{
	switch (operation % 10) {
	case 0:
		return read_memory(device, argument);
	case 1:
		return read_ports(device, argument);
	case 2:
		return change_ports(device, argument);
	case 3:
		return use_alerts(device);
	case 4:
		return use_fpga(device, argument);
	case 5:
		return read_registers(device, argument);
	case 6:
		return read_pipe(device, argument);
	case 7:
		return run_gpio(device, argument);
	case 8:
		return run_uart(device, argument);
	default:
		return run_benchmark(device, argument);
	}
}

static void act(struct input *calls)
{
	struct clyde_device *device;
	int result = clyde_device_open(
		context, "virtual:configured=1", NULL, &device);

	check_result(result);
	if (result < 0)
		return;
	while (calls->size > 0) {
		int64_t begun = now_ns(device);
		uint8_t operation = take_byte(calls),
			argument = take_byte(calls);

		check_result(call(device, operation, argument));
		check(now_ns(device) - begun < CALL_MAX_NS);
	}
	clyde_device_close(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input calls = {data, size};

	calls.size = take_byte(&calls) % 16u;
	if (calls.size + 1 > size)
		return 0;
	changes = (struct input){data + 1 + calls.size, size - 1 - calls.size};
	polls = 0;
	check(clyde_context_new(&context) == 0);
	act(&calls);
	clyde_context_close(context);
	check(clyde_live_objects() == 0);
	return 0;
}
