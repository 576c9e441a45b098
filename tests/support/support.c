/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements the script and the rig of support.h. */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h"
#include "wire/regs.h"

#define TIMEOUT_TICKS (10000000 * (tick)TICKS_PER_US)
#define SERIAL        0x5a

#define SCRIPT(pointer) ((struct script *)(pointer))

uint8_t script_byte(uint32_t offset)
{
	/* 251 is a prime, so no two packets have equal bytes. */
	return offset % 251;
}

void script_answer(struct script_endpoint *endpoint,
	const struct answer *answers, size_t count)
{
	endpoint->answers = answers;
	endpoint->count = count;
	endpoint->next = 0;
}

static void note(struct script *script, tick now, const char *what, int length,
	enum handshake handshake)
{
	static const char *const marks[] = {"", "y", "n", "s"};
	size_t end = strlen(script->log);
	char number[12] = "";

	assert_true(now >= script->now);
	script->now = now;
	if (length >= 0)
		snprintf(number, sizeof(number), "%d", length);
	snprintf(script->log + end, sizeof(script->log) - end, "%s%s%s%s",
		end ? " " : "", what, number, marks[handshake]);
}

static const struct answer *answer_now(
	struct script_endpoint *endpoint, tick now)
{
	static const struct answer refusal = {HANDSHAKE_NAK, 0};

	if (endpoint->count == 0 || now < endpoint->ready)
		return &refusal;
	return &endpoint->answers[endpoint->next];
}

static void advance_answer(struct script_endpoint *endpoint, tick now)
{
	if (now >= endpoint->ready && endpoint->next + 1 < endpoint->count)
		endpoint->next++;
}

static void script_setup(
	struct function *function, tick now, const struct usb_setup *setup)
{
	(void)setup;
	note(SCRIPT(function), now, "S", -1, HANDSHAKE_ACK);
}

/* Answers a PING.  An answer that accepts is kept for the data packet. */
static enum handshake script_ping(
	struct function *function, tick now, uint8_t endpoint)
{
	struct script_endpoint *out = &SCRIPT(function)->out[endpoint];
	enum handshake handshake = answer_now(out, now)->handshake;

	if (handshake == HANDSHAKE_NYET)
		handshake = HANDSHAKE_ACK;
	if (handshake != HANDSHAKE_ACK)
		advance_answer(out, now);
	note(SCRIPT(function), now, "P", -1, handshake);
	return handshake;
}

static enum handshake script_out(struct function *function, tick now,
	uint8_t endpoint, const uint8_t *data, uint16_t length)
{
	struct script_endpoint *out = &SCRIPT(function)->out[endpoint];
	enum handshake handshake = answer_now(out, now)->handshake;

	advance_answer(out, now);
	note(SCRIPT(function), now, "O", length, handshake);
	if (handshake == HANDSHAKE_NAK || handshake == HANDSHAKE_STALL)
		return handshake;
	for (uint16_t i = 0; i < length; i++)
		out->wrong += data[i] != script_byte(out->moved + i);
	out->moved += length;
	return handshake;
}

static enum handshake script_in(struct function *function, tick now,
	uint8_t endpoint, const uint8_t **ret_data, uint16_t *ret_length)
{
	static uint8_t packet[1024];
	struct script_endpoint *in =
		&SCRIPT(function)->in[endpoint & USB_ENDPOINT_MASK];
	const struct answer *answer = answer_now(in, now);

	if (answer->handshake != HANDSHAKE_ACK) {
		advance_answer(in, now);
		note(SCRIPT(function), now, "I", -1, answer->handshake);
		return answer->handshake;
	}
	note(SCRIPT(function), now, "I", answer->length, HANDSHAKE_ACK);
	for (uint16_t i = 0; i < answer->length; i++)
		packet[i] = script_byte(in->moved + i);
	*ret_data = packet;
	*ret_length = answer->length;
	return HANDSHAKE_ACK;
}

static void script_acked(struct function *function, tick now, uint8_t endpoint)
{
	struct script_endpoint *in =
		&SCRIPT(function)->in[endpoint & USB_ENDPOINT_MASK];

	note(SCRIPT(function), now, "A", -1, HANDSHAKE_ACK);
	SCRIPT(function)->acked = now;
	in->moved += answer_now(in, now)->length;
	advance_answer(in, now);
}

static tick script_advance(struct function *function, tick now)
{
	struct script *script = SCRIPT(function);
	tick next = TICK_NEVER;

	assert_true(now >= script->now);
	script->now = now;
	if (script->vague)
		return now + 1;
	for (unsigned i = 0; i < 16; i++) {
		tick out = script->out[i].ready, in = script->in[i].ready;

		if (out > now && out < next)
			next = out;
		if (in > now && in < next)
			next = in;
	}
	return next;
}

void script_init(struct script *script)
{
	static const struct function_ops ops = {
		.setup = script_setup,
		.ping = script_ping,
		.out = script_out,
		.in = script_in,
		.acked = script_acked,
		.advance = script_advance,
	};

	memset(script, 0, sizeof(*script));
	script->function.ops = &ops;
	script->function.port_due = TICK_NEVER;
}

const struct device_options rig_c3 = {
	.revision = REVISION_C3,
	.serial = "20230101T120000Z",
};

void rig_open(struct rig *rig, const struct device_options *options,
	const char *fault)
{
	struct faults faults = {0};

	if (fault)
		assert_int_equal(faults_add(&faults, fault), 0);
	rig->device = device_new(options, &faults);
	assert_non_null(rig->device);
	rig->bus = bus_new(device_function(rig->device), 13);
	assert_non_null(rig->bus);
}

void rig_close(struct rig *rig)
{
	bus_free(rig->bus);
	device_free(rig->device);
}

void rig_configure(struct rig *rig)
{
	struct bitstream port;

	bitstream_reset(&port);
	bitstream_feed(&port, image_bytes, image_size);
	assert_true(device_preload(rig->device, &port, image_size, image_id));
}

/* Runs one microframe at a time, since other tests cover runs that skip
   time. */
int rig_wait(struct rig *rig, struct urb *urb)
{
	tick deadline = bus_now(rig->bus) + TIMEOUT_TICKS;

	while (urb->user != urb) {
		struct urb *done;

		if (bus_now(rig->bus) >= deadline)
			bus_cancel(rig->bus, urb);
		assert_true(bus_run(rig->bus, bus_now(rig->bus) + 1));
		while ((done = bus_reap(rig->bus)))
			done->user = done;
	}
	if (urb->status == -ECANCELED)
		return -ETIMEDOUT;
	return urb->status < 0 ? urb->status : (int)urb->actual;
}

int rig_control(struct rig *rig, uint8_t type, uint8_t request, uint16_t value,
	uint16_t index, void *data, uint16_t length)
{
	struct urb urb = {
		.setup = {type, request, value, index, length},
		.data = data,
		.length = length,
	};

	bus_submit(rig->bus, &urb);
	return rig_wait(rig, &urb);
}

int rig_transfer(struct rig *rig, uint8_t endpoint, void *data, uint32_t length)
{
	struct urb urb = {.endpoint = endpoint, .data = data, .length = length};

	bus_submit(rig->bus, &urb);
	return rig_wait(rig, &urb);
}

bool rig_return(struct rig *rig)
{
	tick until = bus_now(rig->bus) + 5000000 * (tick)TICKS_PER_US;

	while (bus_now(rig->bus) < until) {
		bus_run(rig->bus, bus_now(rig->bus) + TICKS_PER_US);
		if (bus_lost(rig->bus) && bus_enumerate(rig->bus))
			return true;
	}
	return false;
}

int rig_select(struct rig *rig, uint16_t interface, uint16_t alternate)
{
	return rig_control(rig, USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
		alternate, interface, NULL, 0);
}

int rig_ask(struct rig *rig, uint8_t code, const void *data, size_t size,
	struct mgmt_packet *ret_reply)
{
	struct mgmt_packet request = {.serial = SERIAL, .code = code};
	int result;

	assert_in_range(size, 0, sizeof(request.data));
	if (size > 0)
		memcpy(request.data.bytes, data, size);
	result = rig_transfer(rig, USB_EP1_OUT, &request, 2 + size);
	if (result < 0)
		return result;
	memset(ret_reply, 0xee, sizeof(*ret_reply));
	return rig_transfer(rig, USB_EP1_IN, ret_reply, sizeof(*ret_reply));
}

void rig_do(struct rig *rig, uint8_t code, const void *data, size_t size,
	struct mgmt_packet *ret_reply)
{
	struct mgmt_packet reply;

	assert_in_range(rig_ask(rig, code, data, size, &reply), 2, 64);
	assert_int_equal(reply.serial, SERIAL);
	assert_int_equal(reply.code, MGMT_ACK);
	if (ret_reply)
		*ret_reply = reply;
}

void rig_attach(struct rig *rig, enum bench_mode mode)
{
	unsigned out = mode == BENCH_SOURCE ? CORE_NONE : CORE_BENCHMARK;
	unsigned in = mode == BENCH_SINK ? CORE_NONE : CORE_BENCHMARK;

	rig_write_register(rig, REG_STREAM, out | in << 16, 4);
	rig_write_register(rig, REG_BENCH_MODE, mode, 1);
}

void rig_write_register(
	struct rig *rig, uint8_t reg, uint32_t value, size_t size)
{
	uint8_t data[5] = {reg};

	memcpy(data + 1, &value, sizeof(value));
	rig_do(rig, MGMT_FPGA_SET_REG, data, 1 + size, NULL);
}

uint32_t rig_read_register(struct rig *rig, uint8_t reg, size_t size)
{
	struct mgmt_packet reply;
	uint32_t value = 0;

	rig_do(rig, MGMT_FPGA_GET_REG, (uint8_t[]){reg, size}, 2, &reply);
	memcpy(&value, reply.data.bytes, size);
	return value;
}
