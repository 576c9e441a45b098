/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the calls of lib/link/link.h on transfers: completion, cancellation,
   order.  Nothing of the library is above the link. */
#include "link-test.h"

#include "wire/mgmt.h"

static struct interrupt interrupt;

int configure(struct link *link)
{
	struct usb_setup setup = {
		.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = 1};

	return link->ops->control(link, &setup, NULL, soon(link));
}

/* One capture for all tests: when the process ends without closing it, it is as
   if a program had been killed. */
static struct capture *capture(void)
{
	static struct capture *capture;

	if (capture == NULL &&
		capture_open(getenv("CLYDE_CAPTURE"), &capture) < 0)
		fail_msg("%s", clyde_error_message());
	return capture;
}

struct link *open_link(void)
{
	const char *rest, *uri = configured_uri();
	const struct link_provider *provider = link_find(uri, &rest);
	struct link_places places;
	struct link *link = NULL;

	assert_non_null(provider);
	atomic_store(&interrupt.word, 0);
	assert_int_equal(provider->enumerate(rest, &places), 1);
	if (provider->open(STAILQ_FIRST(&places), &interrupt, &link) < 0)
		fail_msg("%s", clyde_error_message());
	link_places_free(&places);
	if (getenv("CLYDE_CAPTURE"))
		assert_int_equal(capture_wrap(capture(), link, &link), 0);
	assert_int_equal(configure(link), 0);
	return link;
}

/* A transfer, its buffer, and how often it has completed. */
struct request {
	struct transfer *transfer;
	unsigned done;
	uint8_t data[4096];
};

static void completed(struct transfer *transfer)
{
	((struct request *)transfer->user)->done++;
}

static void new_request(struct link *link, struct request *request,
	uint8_t endpoint, uint32_t size)
{
	memset(request, 0, sizeof(*request));
	request->transfer = link->ops->transfer_new(link);
	assert_non_null(request->transfer);
	request->transfer->endpoint = endpoint;
	request->transfer->data = request->data;
	request->transfer->size = size;
	request->transfer->complete = completed;
	request->transfer->user = request;
}

static int submit(struct link *link, struct request *request)
{
	return link->ops->submit(link, request->transfer);
}

static void await(
	struct link *link, const struct request *request, unsigned done)
{
	uint64_t deadline = soon(link);

	while (request->done < done && link->ops->now(link) < deadline)
		assert_true(link->ops->wait(link, deadline) >= 0);
	assert_int_equal(request->done, done);
}

static void free_request(struct link *link, struct request *request)
{
	link->ops->transfer_free(link, request->transfer);
}

static void ask(struct request *request, uint8_t serial)
{
	struct mgmt_packet *packet = (void *)request->data;

	packet->serial = serial;
	packet->code = MGMT_FPGA_STATUS;
}

static void every_command_gets_its_reply_in_order(void **state)
{
	struct link *link = open_link();
	struct request in, out;

	(void)state;
	assert_int_equal(set(link, USB_IFACE_MGMT, USB_ALT_ON), 0);
	new_request(link, &in, USB_EP1_IN, MGMT_PACKET_SIZE);
	new_request(link, &out, USB_EP1_OUT, 2);
	for (unsigned i = 1; i <= 300; i++) {
		ask(&out, i % 255 + 1);
		assert_int_equal(submit(link, &in), 0);
		assert_int_equal(submit(link, &out), 0);
		await(link, &in, i);
		await(link, &out, i);
		assert_int_equal(in.transfer->status, 0);
		assert_int_equal(
			in.transfer->actual, 2 + sizeof(struct mgmt_bitstream));
		assert_int_equal(in.data[0], i % 255 + 1);
		assert_int_equal(in.data[1], MGMT_ACK);
		assert_int_equal(out.transfer->status, 0);
		assert_int_equal(out.transfer->actual, 2);
	}
	free_request(link, &in);
	free_request(link, &out);
	link->ops->close(link);
}

static void an_endpoint_that_is_off_takes_no_transfers(void **state)
{
	struct link *link = open_link();
	struct request in;

	(void)state;
	new_request(link, &in, USB_EP6_IN, 512);
	assert_int_equal(submit(link, &in), CLYDE_ERROR_ENDPOINT_OFF);
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(submit(link, &in), 0);
	link->ops->cancel(link, in.transfer);
	await(link, &in, 1);
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_OFF), 0);
	assert_int_equal(submit(link, &in), CLYDE_ERROR_ENDPOINT_OFF);
	free_request(link, &in);
	link->ops->close(link);
}

static void a_cancelled_transfer_completes_once_and_can_be_submitted_again(
	void **state)
{
	struct link *link = open_link();
	struct request in;

	(void)state;
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_4X), 0);
	new_request(link, &in, USB_EP6_IN, 4096);
	/* The transfer is not submitted, so there is nothing to cancel. */
	link->ops->cancel(link, in.transfer);
	for (unsigned i = 1; i <= 50; i++) {
		assert_int_equal(submit(link, &in), 0);
		link->ops->cancel(link, in.transfer);
		link->ops->cancel(link, in.transfer);
		await(link, &in, i);
		assert_int_equal(in.transfer->status, CLYDE_ERROR_CANCELED);
		assert_int_equal(in.transfer->actual, 0);
	}
	free_request(link, &in);
	link->ops->close(link);
}

static void a_cancel_that_comes_too_late_changes_nothing(void **state)
{
	struct link *link = open_link();
	struct request in, out;

	(void)state;
	assert_int_equal(set(link, USB_IFACE_MGMT, USB_ALT_ON), 0);
	new_request(link, &in, USB_EP1_IN, MGMT_PACKET_SIZE);
	new_request(link, &out, USB_EP1_OUT, 2);
	ask(&out, 9);
	assert_int_equal(submit(link, &in), 0);
	assert_int_equal(submit(link, &out), 0);
	await(link, &in, 1);
	await(link, &out, 1);
	link->ops->cancel(link, in.transfer);
	link->ops->cancel(link, out.transfer);
	assert_int_equal(
		link->ops->wait(link, link->ops->now(link) + 1000000), 0);
	assert_int_equal(in.done, 1);
	assert_int_equal(in.transfer->status, 0);
	free_request(link, &in);
	free_request(link, &out);
	link->ops->close(link);
}

/* Cancelled transfers must complete even while an interrupt is pending. */
static void teardown_is_not_interrupted(void **state)
{
	struct link *link = open_link();
	struct request in[8];

	(void)state;
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_4X), 0);
	for (int i = 0; i < 8; i++) {
		new_request(link, &in[i], USB_EP6_IN, 4096);
		assert_int_equal(submit(link, &in[i]), 0);
	}
	atomic_store(&interrupt.word, INTERRUPT_RAISED);
	/* An interrupt ends this wait at once, though it has no deadline. */
	assert_int_equal(link->ops->wait(link, LINK_FOREVER), 0);
	for (int i = 0; i < 8; i++)
		link->ops->cancel(link, in[i].transfer);
	for (int i = 0; i < 8; i++) {
		while (in[i].done == 0)
			assert_true(link->ops->wait(link, LINK_FOREVER) >= 0);
		assert_int_equal(in[i].transfer->status, CLYDE_ERROR_CANCELED);
		free_request(link, &in[i]);
	}
	link->ops->close(link);
}

static void an_endless_wait_without_a_transfer_is_an_error(void **state)
{
	struct link *link = open_link();

	(void)state;
	assert_int_equal(
		link->ops->wait(link, LINK_FOREVER), CLYDE_ERROR_DEADLOCK);
	link->ops->close(link);
}

const struct CMUnitTest transfer_tests[] = {
	cmocka_unit_test(every_command_gets_its_reply_in_order),
	cmocka_unit_test(an_endpoint_that_is_off_takes_no_transfers),
	cmocka_unit_test(
		a_cancelled_transfer_completes_once_and_can_be_submitted_again),
	cmocka_unit_test(a_cancel_that_comes_too_late_changes_nothing),
	cmocka_unit_test(teardown_is_not_interrupted),
	cmocka_unit_test(an_endless_wait_without_a_transfer_is_an_error),
};
const size_t transfer_test_count =
	sizeof(transfer_tests) / sizeof(*transfer_tests);
