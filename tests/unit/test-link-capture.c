/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests that the capturing link passes every call of the link interface on.  It
 * is put around an inner link whose calls record which call was made and with
 * which arguments, and return values that no other call returns.
 */
#include "tests/support/clyde-test.h"

#include "lib/base/internal.h"

/* From close() on, struct link_ops has only calls; this is their number. */
#define CALLS_AT offsetof(struct link_ops, close)
#define CALLS    ((sizeof(struct link_ops) - CALLS_AT) / sizeof(void (*)(void)))

#define DEADLINE 123456789
#define NOW      1000

#define LINK_CALL(name) \
	((offsetof(struct link_ops, name) - CALLS_AT) / sizeof(void (*)(void)))

static struct link inner;
static struct transfer inner_transfer;
static unsigned made[CALLS]; /* How often each call was made. */

static void is_made(struct link *link, size_t call)
{
	assert_ptr_equal(link, &inner);
	made[call]++;
}

/* ---- The inner link --------------------------------------------------- */

static void inner_close(struct link *link)
{
	is_made(link, LINK_CALL(close));
}

static int inner_control(struct link *link, const struct usb_setup *setup,
	void *data, uint64_t deadline_ns)
{
	is_made(link, LINK_CALL(control));
	assert_int_equal(setup->wValue, 5);
	assert_int_equal(deadline_ns, DEADLINE);
	memset(data, 0x5a, setup->wLength);
	return 2;
}

static int inner_set_alternate(struct link *link, uint8_t interface,
	uint8_t alternate, uint64_t deadline_ns)
{
	is_made(link, LINK_CALL(set_alternate));
	assert_int_equal(interface, 3);
	assert_int_equal(alternate, 2);
	assert_int_equal(deadline_ns, DEADLINE);
	return CLYDE_ERROR_STALL;
}

static struct transfer *inner_transfer_new(struct link *link)
{
	is_made(link, LINK_CALL(transfer_new));
	return &inner_transfer;
}

static void inner_transfer_free(struct link *link, struct transfer *transfer)
{
	is_made(link, LINK_CALL(transfer_free));
	assert_ptr_equal(transfer, &inner_transfer);
}

static int inner_submit(struct link *link, struct transfer *transfer)
{
	is_made(link, LINK_CALL(submit));
	assert_ptr_equal(transfer, &inner_transfer);
	assert_int_equal(transfer->endpoint, USB_EP6_IN);
	assert_int_equal(transfer->size, 512);
	return 0;
}

static void inner_cancel(struct link *link, struct transfer *transfer)
{
	is_made(link, LINK_CALL(cancel));
	assert_ptr_equal(transfer, &inner_transfer);
	transfer->status = CLYDE_ERROR_CANCELED;
	transfer->actual = 7;
}

static int inner_wait(struct link *link, uint64_t deadline_ns)
{
	is_made(link, LINK_CALL(wait));
	assert_int_equal(deadline_ns, DEADLINE);
	inner_transfer.complete(&inner_transfer);
	return 1;
}

static void inner_wake(struct link *link)
{
	is_made(link, LINK_CALL(wake));
}

static uint64_t inner_now(struct link *link)
{
	is_made(link, LINK_CALL(now));
	return NOW;
}

static int inner_descriptor(struct link *link)
{
	is_made(link, LINK_CALL(descriptor));
	return 77;
}

static int inner_claim_all(struct link *link)
{
	is_made(link, LINK_CALL(claim_all));
	return CLYDE_ERROR_BUSY;
}

static int inner_await_return(struct link *link, uint64_t deadline_ns)
{
	is_made(link, LINK_CALL(await_return));
	assert_int_equal(deadline_ns, DEADLINE);
	return CLYDE_ERROR_TIMEOUT;
}

static int inner_busy(struct link *link)
{
	is_made(link, LINK_CALL(busy));
	return CLYDE_ERROR_BUSY;
}

static void inner_describe(struct link *link, struct clyde_device_info *info)
{
	is_made(link, LINK_CALL(describe));
	info->speed_kbit_per_s = 480000;
}

static int inner_recall(struct link *link,
	struct usb_device_descriptor *ret_descriptor,
	struct clyde_device_info *info)
{
	is_made(link, LINK_CALL(recall));
	ret_descriptor->bcdDevice = 0x0933;
	info->serial[0] = 's';
	return 1;
}

static const struct link_ops all = {
	.name = "inner",
	.real_time = true,
	.owns_device = true,
	.close = inner_close,
	.control = inner_control,
	.set_alternate = inner_set_alternate,
	.transfer_new = inner_transfer_new,
	.transfer_free = inner_transfer_free,
	.submit = inner_submit,
	.cancel = inner_cancel,
	.wait = inner_wait,
	.wake = inner_wake,
	.now = inner_now,
	.descriptor = inner_descriptor,
	.claim_all = inner_claim_all,
	.await_return = inner_await_return,
	.describe = inner_describe,
	.recall = inner_recall,
	.busy = inner_busy,
};

/* ---- Tests ------------------------------------------------------------ */

struct capture_fixture {
	struct interrupt interrupt;
	struct log log;
	struct capture *capture;
	struct link *link;
};

static void wrap(struct capture_fixture *fixture, const struct link_ops *ops)
{
	memset(made, 0, sizeof(made));
	inner = (struct link){
		.ops = ops,
		.interrupt = &fixture->interrupt,
		.log = &fixture->log,
	};
	assert_int_equal(capture_open("/dev/null", &fixture->capture), 0);
	assert_int_equal(
		capture_wrap(fixture->capture, &inner, &fixture->link), 0);
}

static void unwrap(struct capture_fixture *fixture)
{
	fixture->link->ops->close(fixture->link);
	assert_int_equal(capture_close(fixture->capture), 0);
}

static uintptr_t call_at(const struct link_ops *ops, size_t call)
{
	uintptr_t function;

	memcpy(&function,
		(const char *)ops + CALLS_AT + call * sizeof(function),
		sizeof(function));
	return function;
}

static void the_capturing_link_has_each_call_that_the_inner_link_has(
	void **state)
{
	struct capture_fixture fixture = {0};

	(void)state;
	wrap(&fixture, &all);
	for (size_t call = 0; call < CALLS; call++) {
		uintptr_t outer = call_at(fixture.link->ops, call);

		if (call_at(&all, call) == 0)
			fail_msg("call %zu of struct link_ops is not in this "
				 "test's inner link",
				call);
		if (call == LINK_CALL(wake))
			assert_int_equal(outer, 0);
		else if (outer == 0 || outer == call_at(&all, call))
			fail_msg("call %zu of struct link_ops has no function "
				 "in lib/link/capture/link.c",
				call);
	}
	assert_string_equal(fixture.link->ops->name, all.name);
	assert_true(fixture.link->ops->real_time);
	assert_true(fixture.link->ops->owns_device);
	unwrap(&fixture);
}

static void completed(struct transfer *transfer)
{
	*(bool *)transfer->user = true;
}

static void transfer_is_passed_on(struct link *link)
{
	struct transfer *transfer = link->ops->transfer_new(link);
	uint8_t data[512] = {0};
	bool back = false;

	assert_non_null(transfer);
	transfer->endpoint = USB_EP6_IN;
	transfer->data = data;
	transfer->size = sizeof(data);
	transfer->complete = completed;
	transfer->user = &back;
	assert_int_equal(link->ops->submit(link, transfer), 0);
	link->ops->cancel(link, transfer);
	assert_int_equal(link->ops->wait(link, DEADLINE), 1);
	assert_true(back);
	assert_int_equal(transfer->status, CLYDE_ERROR_CANCELED);
	assert_int_equal(transfer->actual, 7);
	link->ops->transfer_free(link, transfer);
}

static void every_call_reaches_the_same_call_of_the_inner_link(void **state)
{
	struct capture_fixture fixture = {0};
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN, .wValue = 5, .wLength = 2};
	struct clyde_device_info info = {0};
	struct usb_device_descriptor descriptor = {0};
	uint8_t data[2] = {0};
	struct link *link;

	(void)state;
	wrap(&fixture, &all);
	link = fixture.link;
	assert_int_equal(link->ops->control(link, &setup, data, DEADLINE), 2);
	assert_int_equal(data[1], 0x5a);
	assert_int_equal(link->ops->set_alternate(link, 3, 2, DEADLINE),
		CLYDE_ERROR_STALL);
	transfer_is_passed_on(link);
	link_wake(link);
	assert_true(inner.wake);
	assert_int_equal(link->ops->now(link), NOW);
	assert_int_equal(link->ops->descriptor(link), 77);
	assert_int_equal(link->ops->claim_all(link), CLYDE_ERROR_BUSY);
	assert_int_equal(
		link->ops->await_return(link, DEADLINE), CLYDE_ERROR_TIMEOUT);
	link->ops->describe(link, &info);
	assert_int_equal(link->ops->recall(link, &descriptor, &info), 1);
	assert_int_equal(descriptor.bcdDevice, 0x0933);
	assert_string_equal(info.serial, "s");
	assert_int_equal(link->ops->busy(link), CLYDE_ERROR_BUSY);
	assert_int_equal(info.speed_kbit_per_s, 480000);
	unwrap(&fixture);
	/* The capture calls now() for each event, too. */
	assert_true(made[LINK_CALL(now)] > 1);
	made[LINK_CALL(now)] = 1;
	for (size_t call = 0; call < CALLS; call++)
		if (made[call] != 1)
			fail_msg("call %zu of struct link_ops was made %u "
				 "times",
				call, made[call]);
}

static void a_call_that_the_inner_link_lacks_is_null_in_the_capture(
	void **state)
{
	struct capture_fixture fixture = {0};
	struct link_ops few = all;
	struct clyde_device_info info = {0};

	(void)state;
	few.claim_all = NULL;
	few.await_return = NULL;
	few.describe = NULL;
	few.recall = NULL;
	few.wake = NULL;
	wrap(&fixture, &few);
	assert_null(fixture.link->ops->claim_all);
	assert_null(fixture.link->ops->await_return);
	assert_null(fixture.link->ops->recall);
	fixture.link->ops->describe(fixture.link, &info);
	assert_int_equal(info.speed_kbit_per_s, 0);
	link_wake(fixture.link);
	assert_true(inner.wake);
	unwrap(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_capturing_link_has_each_call_that_the_inner_link_has),
		cmocka_unit_test(
			every_call_reaches_the_same_call_of_the_inner_link),
		cmocka_unit_test(
			a_call_that_the_inner_link_lacks_is_null_in_the_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
