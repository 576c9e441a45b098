/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Management commands: each is a request on EP1 OUT and one reply on EP1 IN
 * with the same serial.  ports.c, eeprom.c and fpga.c command the device by
 * mgmt_command().
 *
 * A read on EP1 IN must always be in flight, since alerts come at any time; and
 * the reply to a request that was given up, here or in a session before this
 * one, must never be taken for the reply to a later one.
 */
#include "lib/base/internal.h"

#include <stdlib.h>
#include <string.h>

#include "mgmt-log.h"
#include "lib/base/poll.h"
#include "lib/base/wait.h"

/* How long to pause before a request that was answered by WAIT is repeated. */
#define WAIT_PAUSE_MS 10

struct mgmt {
	struct kept kept;
	struct clyde_device *device;
	struct transfer *out, *in;
	struct mgmt_packet request, packet; /* the buffers of out and in */
	bool out_submitted, in_submitted;   /* and not come back since */
	bool closing;                       /* no read is submitted any more */
	int failure;    /* of out or in since the request was sent, or 0 */
	uint8_t serial; /* of the request under way, 0 = none */
	bool answered;  /* `reply` is the reply to that request */
	struct mgmt_packet reply;
	uint32_t reply_size;
	uint8_t stray;       /* the serial of a reply to no request, which was
				skipped, or 0 */
	bool abandoned[256]; /* serials of requests that were given up, whose
				replies may still come */
	struct clyde_alerts alerts; /* those not yet taken */
	bool alerted;               /* there are some */
};

static void note_alert(
	struct mgmt *mgmt, const struct mgmt_packet *packet, uint32_t size)
{
	if (packet->code != MGMT_ALERT ||
		size < 2 + sizeof(packet->data.alerts))
		return;
	for (unsigned port = 0; port < PORT_COUNT; port++)
		mgmt->alerts.ports[port] |= packet->data.alerts.ports[port];
	mgmt->alerts.fpga |= packet->data.alerts.fpga;
	mgmt->alerted = true;
	link_progress(mgmt->device->link);
	LOG(mgmt->device->link, WARNING,
		"alert: ports %#04x %#04x %#04x %#04x, FPGA %#04x",
		packet->data.alerts.ports[0], packet->data.alerts.ports[1],
		packet->data.alerts.ports[2], packet->data.alerts.ports[3],
		packet->data.alerts.fpga);
}

/* Match a packet that has arrived with the request under way by its serial.  An
   empty packet is ignored: the wait for the reply ends at its deadline. */
static void dispatch(
	struct mgmt *mgmt, const struct mgmt_packet *packet, uint32_t size)
{
	uint8_t serial = size > 0 ? packet->serial : 0;

	if (size > 0 && serial == 0) {
		note_alert(mgmt, packet, size);
	} else if (size > 0 && serial == mgmt->serial) {
		mgmt->reply = *packet;
		mgmt->reply_size = size;
		mgmt->answered = true;
	} else if (mgmt->abandoned[serial]) {
		mgmt->abandoned[serial] = false;
	} else if (size > 0) {
		mgmt->stray = serial;
		LOG(mgmt->device->link, WARNING,
			"a reply to no request of this session, serial %u, is "
			"skipped",
			serial);
	}
}

static int submit_read(struct mgmt *mgmt)
{
	struct link *link = mgmt->device->link;
	int result = link->ops->submit(link, mgmt->in);

	mgmt->in_submitted = result == 0;
	return result;
}

static void received(struct transfer *transfer)
{
	struct mgmt *mgmt = transfer->user;
	int result;

	mgmt->in_submitted = false;
	/* We cancel the read in mgmt_free() only, after which the status is
	   not looked at.  So another program has cancelled it. */
	if (transfer->status == CLYDE_ERROR_CANCELED)
		transfer->status = CLYDE_ERROR_RESET;
	if (transfer->status < 0) {
		mgmt->failure = transfer->status;
		return;
	}
	if (log_wanted(mgmt->device->link, CLYDE_LOG_TRACE))
		mgmt_log_reply(mgmt->device->link, &mgmt->packet,
			transfer->actual, mgmt->serial ? &mgmt->request : NULL);
	dispatch(mgmt, &mgmt->packet, transfer->actual);
	/* mgmt_free() has cancelled the read, which was complete already. */
	if (mgmt->closing)
		return;
	result = submit_read(mgmt);
	if (result < 0)
		mgmt->failure = result;
}

static void sent(struct transfer *transfer)
{
	struct mgmt *mgmt = transfer->user;

	mgmt->out_submitted = false;
	if (transfer->status < 0)
		mgmt->failure = transfer->status;
}

static struct transfer *make_transfer(struct mgmt *mgmt, uint8_t endpoint,
	void *data, void (*complete)(struct transfer *transfer))
{
	struct link *link = mgmt->device->link;
	struct transfer *transfer = link->ops->transfer_new(link);

	if (transfer == NULL)
		return NULL;
	transfer->endpoint = endpoint;
	transfer->data = data;
	transfer->size = MGMT_PACKET_SIZE;
	transfer->complete = complete;
	transfer->user = mgmt;
	return transfer;
}

int mgmt_new(struct clyde_device *device)
{
	struct link *link = device->link;
	struct mgmt *mgmt = calloc(1, sizeof(*mgmt));
	int result;

	if (mgmt == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	device->mgmt = mgmt;
	mgmt->device = device;
	mgmt->out = make_transfer(mgmt, USB_EP1_OUT, &mgmt->request, sent);
	mgmt->in = make_transfer(mgmt, USB_EP1_IN, &mgmt->packet, received);
	if (mgmt->out == NULL || mgmt->in == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = link_select(
		link, USB_IFACE_MGMT, USB_ALT_ON, COMMAND_TIMEOUT_MS);
	return result < 0 ? result : submit_read(mgmt);
}

static bool request_in_flight(const void *mgmt)
{
	return ((const struct mgmt *)mgmt)->out_submitted;
}

static bool any_in_flight(const void *mgmt)
{
	return request_in_flight(mgmt) ||
		((const struct mgmt *)mgmt)->in_submitted;
}

void mgmt_free(struct clyde_device *device)
{
	struct mgmt *mgmt = device->mgmt;
	struct link *link = device->link;

	if (mgmt == NULL)
		return;
	device->mgmt = NULL;
	mgmt->closing = true;
	if (mgmt->in_submitted)
		link->ops->cancel(link, mgmt->in);
	if (mgmt->out_submitted)
		link->ops->cancel(link, mgmt->out);
	if (!link_drain(link, any_in_flight, mgmt)) {
		keep_for_transfers(&mgmt->kept);
		return;
	}
	if (mgmt->in)
		link->ops->transfer_free(link, mgmt->in);
	if (mgmt->out)
		link->ops->transfer_free(link, mgmt->out);
	free(mgmt);
}

/* Whether the reply has arrived, and the request's transfer has come back: the
   next request uses the same transfer. */
static bool is_exchanged(const struct mgmt *mgmt)
{
	return mgmt->answered && !mgmt->out_submitted;
}

/* An error if the reply cannot come any more. */
static int check_exchange(const struct mgmt *mgmt, enum mgmt_code code)
{
	if (mgmt->failure == 0)
		return 0;
	return set_error(mgmt->failure, "%s: %s", mgmt_name(code),
		error_text(mgmt->failure));
}

/* The error at the deadline. */
static int no_reply(const struct mgmt *mgmt, enum mgmt_code code)
{
	if (mgmt->stray)
		return set_error(CLYDE_ERROR_PROTOCOL,
			"the reply to %s, request %u, carries serial %u; "
			"power-cycle the device",
			mgmt_name(code), mgmt->serial, mgmt->stray);
	return set_error(CLYDE_ERROR_TIMEOUT,
		"the device did not answer %s; unplug it and plug it in again",
		mgmt_name(code));
}

static int wait_for_reply(
	const struct mgmt *mgmt, enum mgmt_code code, uint64_t deadline)
{
	struct wait wait = {.device = mgmt->device, .deadline = deadline};

	while (!is_exchanged(mgmt)) {
		int result = wait_check(&wait);

		/* A failure that came with the deadline is the reason why there
		   is no reply. */
		if (result == 0 || result == CLYDE_ERROR_TIMEOUT) {
			int failure = check_exchange(mgmt, code);

			if (failure < 0)
				return failure;
		}
		if (result == CLYDE_ERROR_TIMEOUT)
			return no_reply(mgmt, code);
		if (result < 0)
			return result;
		result = wait_look(&wait);
		if (result < 0)
			return set_error(result, "%s: %s", mgmt_name(code),
				error_text(result));
	}
	return 0;
}

/* Cancel a request that the device has not taken: the next request uses the
   same transfer. */
static void cancel_request(struct mgmt *mgmt)
{
	struct link *link = mgmt->device->link;

	if (mgmt->out_submitted)
		link->ops->cancel(link, mgmt->out);
	link_drain(link, request_in_flight, mgmt);
}

/*
 * The device carries out a request that it has taken to its end.  If
 * SET_INTERFACE came before that, both would use the I2C bus at the same time,
 * and fail.  So the reply is awaited even when the call is stopped: about a
 * millisecond, and never longer than COMMAND_TIMEOUT_MS.
 */
static void await_end(struct mgmt *mgmt)
{
	struct wait wait = wait_begin(mgmt->device, COMMAND_TIMEOUT_MS);

	set_uninterruptible(mgmt->device, true);
	while (!is_exchanged(mgmt) && mgmt->failure == 0 &&
		wait_more(&wait) >= 0)
		;
	set_uninterruptible(mgmt->device, false);
}

static void abandon(struct mgmt *mgmt)
{
	mgmt->abandoned[mgmt->serial] = true;
	mgmt->serial = 0;
	cancel_request(mgmt);
}

/* Send one request and wait for its reply. */
static int exchange(struct mgmt *mgmt, enum mgmt_code code, const void *request,
	size_t size, uint64_t deadline)
{
	struct link *link = mgmt->device->link;
	int result = device_stopped(mgmt->device);

	if (result < 0)
		return result;
	/* cancel_request() has failed.  A transfer in flight must not be
	   submitted again. */
	if (mgmt->out_submitted)
		return set_error(CLYDE_ERROR_IO,
			"%s: the transfer of an earlier command has not come "
			"back",
			mgmt_name(code));
	mgmt->serial = mgmt->request.serial % 255 + 1;
	mgmt->request.serial = mgmt->serial;
	mgmt->request.code = code;
	if (size > 0)
		memcpy(mgmt->request.data.bytes, request, size);
	mgmt->out->size = 2 + size;
	mgmt->answered = false;
	mgmt->stray = 0;
	/* A failed read does not end management: it is submitted again. */
	mgmt->failure = 0;
	result = mgmt->in_submitted ? 0 : submit_read(mgmt);
	if (result == 0)
		result = link->ops->submit(link, mgmt->out);
	if (result < 0)
		return set_error(
			result, "%s: %s", mgmt_name(code), error_text(result));
	mgmt->out_submitted = true;
	if (log_wanted(link, CLYDE_LOG_TRACE))
		mgmt_log_request(link, &mgmt->request, 2 + size);
	result = wait_for_reply(mgmt, code, deadline);
	if (wait_stopped(result))
		await_end(mgmt);
	if (result < 0 && !is_exchanged(mgmt))
		abandon(mgmt);
	return result;
}

int mgmt_pause(struct clyde_device *device, enum mgmt_code code, int timeout_ms)
{
	struct wait wait = wait_begin(device, timeout_ms);
	int result = wait_out(&wait);

	if (result < 0 && !wait_stopped(result))
		return set_error(
			result, "%s: %s", mgmt_name(code), error_text(result));
	return result;
}

int mgmt_command_for(struct clyde_device *device, enum mgmt_code code,
	const void *request, size_t request_size, void *ret_reply,
	size_t reply_size, int timeout_ms)
{
	struct mgmt *mgmt = device->mgmt;
	uint64_t deadline = deadline_in(device->link, timeout_ms);
	int result;

	for (;;) {
		result = exchange(mgmt, code, request, request_size, deadline);
		if (result < 0)
			return result;
		if (mgmt->reply_size < 2 || mgmt->reply.code != MGMT_WAIT)
			break;
		if (device->link->ops->now(device->link) >= deadline)
			return set_error(CLYDE_ERROR_TIMEOUT,
				"the device still answers WAIT to %s after "
				"%d ms; unplug it and plug it in again",
				mgmt_name(code), timeout_ms);
		result = mgmt_pause(device, code, WAIT_PAUSE_MS);
		if (result < 0)
			return result;
	}
	if (mgmt->reply_size >= 2 && mgmt->reply.code == MGMT_ERROR)
		return set_error(CLYDE_ERROR_REFUSED, "the device refused %s",
			mgmt_name(code));
	if (mgmt->reply_size != 2 + reply_size || mgmt->reply.code != MGMT_ACK)
		return set_error(CLYDE_ERROR_PROTOCOL,
			"the reply to %s is malformed: %u bytes, result %#x",
			mgmt_name(code), mgmt->reply_size,
			mgmt->reply_size >= 2 ? mgmt->reply.code : 0);
	if (reply_size > 0)
		memcpy(ret_reply, mgmt->reply.data.bytes, reply_size);
	return 0;
}

int mgmt_command(struct clyde_device *device, enum mgmt_code code,
	const void *request, size_t request_size, void *ret_reply,
	size_t reply_size)
{
	return mgmt_command_for(device, code, request, request_size, ret_reply,
		reply_size, COMMAND_TIMEOUT_MS);
}

static int take_alerts(
	struct clyde_device *device, struct clyde_alerts *ret_alerts)
{
	struct mgmt *mgmt = device->mgmt;

	if (!mgmt->alerted)
		return 0;
	*ret_alerts = mgmt->alerts;
	memset(&mgmt->alerts, 0, sizeof(mgmt->alerts));
	mgmt->alerted = false;
	return 1;
}

CLYDE_API int clyde_alerts_take(
	struct clyde_device *handle, struct clyde_alerts *ret_alerts)
{
	return CALL(device, handle, take_alerts(device, ret_alerts));
}
