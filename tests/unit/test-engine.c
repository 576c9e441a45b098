/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The engine over a link that does what the test says, so that what no real
   link does can be tried as well. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/stream/engine.h"

#define SIZE      512
#define QUEUE_MAX 64

/* Submitted and not completed, oldest first. */
static struct transfer *queue[QUEUE_MAX];
static size_t queued;
static int submit_result;
static size_t memory; /* for so many in flight */
static unsigned submitted;

static struct transfer *fake_new(struct link *link)
{
	(void)link;
	return calloc(1, sizeof(struct transfer));
}

static void fake_free(struct link *link, struct transfer *transfer)
{
	(void)link;
	free(transfer);
}

static int fake_submit(struct link *link, struct transfer *transfer)
{
	(void)link;
	if (submit_result < 0)
		return submit_result;
	if (queued >= memory)
		return CLYDE_ERROR_NO_MEMORY;
	submitted++;
	queue[queued++] = transfer;
	return 0;
}

static void finish(size_t index, int status, uint32_t actual, uint8_t fill)
{
	struct transfer *transfer = queue[index];

	memmove(&queue[index], &queue[index + 1],
		(--queued - index) * sizeof(*queue));
	if (transfer->endpoint & USB_DIR_IN)
		memset(transfer->data, fill, actual);
	transfer->status = status;
	transfer->actual = actual;
	transfer->complete(transfer);
}

/* By the transfers that are queued; and what had become of them, or 0. */
static uint32_t moved_before_cancel[QUEUE_MAX];
static int status_before_cancel[QUEUE_MAX];

static void fake_cancel(struct link *link, struct transfer *transfer)
{
	(void)link;
	for (size_t i = 0; i < queued; i++)
		if (queue[i] == transfer)
			finish(i,
				status_before_cancel[i]
					? status_before_cancel[i]
					: CLYDE_ERROR_CANCELED,
				moved_before_cancel[i], 0);
}

static const struct link_ops ops = {
	.transfer_new = fake_new,
	.transfer_free = fake_free,
	.submit = fake_submit,
	.cancel = fake_cancel,
};
static struct link fake_link = {.ops = &ops};

static struct engine *open_engine(uint8_t endpoint, uint32_t depth)
{
	struct engine *engine;

	queued = 0;
	submitted = 0;
	memset(moved_before_cancel, 0, sizeof(moved_before_cancel));
	memset(status_before_cancel, 0, sizeof(status_before_cancel));
	submit_result = 0;
	memory = QUEUE_MAX;
	assert_int_equal(
		engine_new(&fake_link, endpoint, SIZE, depth, NULL, &engine),
		0);
	return engine;
}

static void close_engine(struct engine *engine)
{
	engine_stop(engine);
	assert_int_equal(engine_in_flight(engine), 0);
	engine_free(engine);
}

/* Consume one piece; its bytes are all of one value. */
static void expect(struct engine *engine, size_t size, uint8_t fill)
{
	uint8_t *data;

	assert_int_equal(engine_next(engine, &data), size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], fill);
	engine_consume(engine, size);
}

static void the_depth_is_kept_in_flight(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);

	(void)state;
	engine_start(engine);
	assert_int_equal(queued, 3);
	finish(0, 0, SIZE, 1);
	/* Replaced though nothing was consumed. */
	assert_int_equal(queued, 3);
	finish(0, 0, SIZE, 2);
	finish(0, 0, SIZE, 3);
	assert_int_equal(queued, 3);
	/* Six slots, three ready: from here on they drain. */
	finish(0, 0, SIZE, 4);
	assert_int_equal(queued, 2);
	expect(engine, SIZE, 1);
	assert_int_equal(queued, 3);
	close_engine(engine);
}

static void a_completion_out_of_order_waits_for_its_turn(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);
	uint8_t *data;

	(void)state;
	engine_start(engine);
	finish(1, 0, SIZE, 2);
	assert_int_equal(engine_next(engine, &data), 0);
	finish(0, 0, SIZE, 1);
	expect(engine, SIZE, 1);
	expect(engine, SIZE, 2);
	close_engine(engine);
}

/* As finish(), once more. */
static void finish_again(struct transfer *transfer, uint32_t actual)
{
	transfer->status = 0;
	transfer->actual = actual;
	transfer->complete(transfer);
}

static void a_read_that_comes_back_twice_fails_the_stream(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);
	struct clyde_pipe_stats stats;
	struct transfer *second;
	uint8_t *data;

	(void)state;
	engine_start(engine);
	second = queue[1];
	finish(0, 0, SIZE, 1);
	finish(0, 0, SIZE, 2);
	finish_again(second, SIZE);
	/* What was ready before it is delivered, but not its own bytes. */
	expect(engine, SIZE, 1);
	assert_int_equal(engine_next(engine, &data), 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_PROTOCOL);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_in_flight(engine), 0);
	engine_stats(engine, &stats);
	assert_int_equal(stats.transfers, submitted);
	close_engine(engine);
}

static void a_write_that_comes_back_twice_fails_the_stream(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 2);
	struct transfer *first;
	uint8_t *data;

	(void)state;
	engine_start(engine);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(engine_room(engine, &data), SIZE);
		assert_int_equal(engine_fill(engine, SIZE), 0);
	}
	first = queue[0];
	finish(0, 0, SIZE, 0);
	finish_again(first, SIZE);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_PROTOCOL);
	assert_int_equal(engine_good(engine), SIZE);
	assert_int_equal(engine_in_flight(engine), 0);
	close_engine(engine);
}

static void a_transfer_that_never_left_cannot_come_back(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 2);
	struct transfer *refused;
	uint8_t *data;

	(void)state;
	engine_start(engine);
	assert_int_equal(engine_room(engine, &data), SIZE);
	assert_int_equal(engine_fill(engine, SIZE), 0);
	refused = queue[0];
	finish(0, 0, SIZE, 0);
	engine_clear(engine);
	submit_result = CLYDE_ERROR_IO;
	assert_int_equal(engine_room(engine, &data), SIZE);
	assert_int_equal(engine_fill(engine, SIZE), CLYDE_ERROR_IO);
	finish_again(refused, SIZE);
	assert_int_equal(engine_in_flight(engine), 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_IO);
	submit_result = 0;
	close_engine(engine);
}

static void zero_length_packets_are_passed_over(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 4);

	(void)state;
	engine_start(engine);
	finish(0, 0, 0, 0);
	finish(0, 0, 7, 5);
	finish(0, 0, 0, 0);
	finish(0, 0, SIZE, 6);
	expect(engine, 7, 5);
	expect(engine, SIZE, 6);
	close_engine(engine);
}

static void an_error_comes_after_the_bytes_before_it(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);
	uint8_t *data;

	(void)state;
	engine_start(engine);
	finish(0, 0, SIZE, 1);
	finish(0, CLYDE_ERROR_IO, 100, 2);
	expect(engine, SIZE, 1);
	expect(engine, 100, 2);
	assert_int_equal(engine_next(engine, &data), 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_IO);
	assert_int_equal(engine_good(engine), SIZE + 100);
	/* Nothing new is asked for after an error, and nothing waits on: an
	   endpoint that has halted gives no more. */
	assert_int_equal(submitted, 4);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_in_flight(engine), 0);
	close_engine(engine);
}

static void a_refused_submit_is_an_error_and_not_a_loss(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 2);
	uint8_t *data;

	(void)state;
	engine_start(engine);
	memory = 0;
	finish(0, 0, SIZE, 1);
	finish(0, 0, SIZE, 2);
	expect(engine, SIZE, 1);
	expect(engine, SIZE, 2);
	assert_int_equal(engine_next(engine, &data), 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_NO_MEMORY);
	close_engine(engine);
}

static void a_read_without_memory_lowers_the_depth(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 4);

	(void)state;
	memory = 3;
	engine_start(engine);
	assert_int_equal(queued, 3);
	assert_int_equal(engine_depth(engine), 3);
	assert_int_equal(engine_error(engine), 0);
	for (unsigned i = 0; i < 20; i++) {
		finish(0, 0, SIZE, i);
		assert_int_equal(queued, 3);
		expect(engine, SIZE, i);
	}
	memory = 1;
	finish(0, 0, SIZE, 1);
	finish(0, 0, SIZE, 2);
	assert_int_equal(queued, 1);
	assert_int_equal(engine_depth(engine), 1);
	expect(engine, SIZE, 1);
	expect(engine, SIZE, 2);
	assert_int_equal(engine_error(engine), 0);
	close_engine(engine);
}

static void an_engine_survives_its_ring_many_times(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);

	(void)state;
	engine_start(engine);
	for (unsigned i = 0; i < 1000; i++) {
		finish(0, 0, 1 + i % SIZE, i);
		expect(engine, 1 + i % SIZE, i);
	}
	close_engine(engine);
}

static void a_stop_ends_all_and_a_start_goes_on(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 3);

	(void)state;
	engine_start(engine);
	finish(0, 0, SIZE, 1);
	engine_stop(engine);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_CANCELED);
	expect(engine, SIZE, 1);
	assert_int_equal(engine_start(engine), 0);
	assert_int_equal(queued, 3);
	finish(0, 0, SIZE, 2);
	expect(engine, SIZE, 2);
	close_engine(engine);
}

static size_t fill(struct engine *engine, size_t size)
{
	uint8_t *data;
	size_t room = engine_room(engine, &data);

	if (room > size)
		room = size;
	if (room > 0) {
		memset(data, 9, room);
		assert_int_equal(engine_fill(engine, room), 0);
	}
	return room;
}

static void a_full_buffer_leaves_by_itself(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 2);

	(void)state;
	engine_start(engine);
	assert_int_equal(fill(engine, 500), 500);
	assert_int_equal(queued, 0);
	assert_int_equal(fill(engine, 500), 12);
	assert_int_equal(queued, 1);
	assert_int_equal(queue[0]->size, SIZE);
	close_engine(engine);
}

static void more_than_is_there_is_neither_consumed_nor_filled(void **state)
{
	struct engine *in = open_engine(USB_EP6_IN, 2);
	struct engine *out;
	uint8_t *data;

	(void)state;
	engine_start(in);
	assert_int_equal(engine_consume(in, 1), CLYDE_ERROR_INVALID);
	finish(0, 0, 100, 1);
	assert_int_equal(engine_consume(in, 101), CLYDE_ERROR_INVALID);
	assert_int_equal(engine_consume(in, 60), 0);
	assert_int_equal(engine_consume(in, SIZE_MAX), CLYDE_ERROR_INVALID);
	expect(in, 40, 1);
	close_engine(in);
	out = open_engine(USB_EP2_OUT, 1);
	engine_start(out);
	assert_int_equal(engine_fill(out, 100), 0);
	assert_int_equal(engine_fill(out, SIZE - 99), CLYDE_ERROR_INVALID);
	assert_int_equal(engine_room(out, &data), SIZE - 100);
	assert_int_equal(engine_fill(out, SIZE - 100), 0);
	assert_int_equal(engine_fill(out, 1), CLYDE_ERROR_INVALID);
	assert_int_equal(queued, 1);
	close_engine(out);
}

static void a_full_queue_has_no_room(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 2);

	(void)state;
	engine_start(engine);
	assert_int_equal(fill(engine, SIZE), SIZE);
	assert_int_equal(fill(engine, SIZE), SIZE);
	assert_int_equal(fill(engine, SIZE), 0);
	assert_int_equal(engine_push(engine), 0);
	assert_int_equal(queued, 2);
	finish(0, 0, SIZE, 0);
	assert_int_equal(fill(engine, 10), 10);
	assert_int_equal(engine_push(engine), 0);
	assert_int_equal(queue[1]->size, 10);
	close_engine(engine);
}

static void a_write_without_memory_is_held_until_there_is(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 4);

	(void)state;
	memory = 2;
	engine_start(engine);
	fill(engine, SIZE);
	fill(engine, SIZE);
	assert_int_equal(fill(engine, SIZE), SIZE);
	assert_int_equal(queued, 2);
	assert_int_equal(engine_depth(engine), 2);
	/* It is filled, and there is no room beside it. */
	assert_int_equal(fill(engine, 1), 0);
	assert_int_equal(engine_push(engine), 0);
	finish(0, 0, SIZE, 0);
	assert_int_equal(queued, 2);
	assert_int_equal(fill(engine, 1), 0);
	finish(0, 0, SIZE, 0);
	assert_int_equal(fill(engine, 7), 7);
	assert_int_equal(engine_push(engine), 0);
	finish(0, 0, SIZE, 0);
	finish(0, 0, 7, 0);
	assert_int_equal(engine_good(engine), 3 * SIZE + 7);
	close_engine(engine);
}

static void a_held_write_is_dropped_with_the_others(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 4);

	(void)state;
	memory = 1;
	engine_start(engine);
	fill(engine, SIZE);
	fill(engine, SIZE);
	engine_stop(engine);
	engine_drop(engine);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_good(engine), 0);
	assert_int_equal(engine_start(engine), 0);
	assert_int_equal(fill(engine, SIZE), SIZE);
	assert_int_equal(queued, 1);
	close_engine(engine);
}

static void a_failed_write_says_how_much_was_taken(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 4);

	(void)state;
	engine_start(engine);
	for (int i = 0; i < 3; i++)
		fill(engine, SIZE);
	finish(0, 0, SIZE, 0);
	/* What was sent behind it is not the stream's. */
	moved_before_cancel[0] = SIZE;
	finish(0, CLYDE_ERROR_STALL, 100, 0);
	/* What is behind it would stay for ever. */
	assert_int_equal(queued, 0);
	assert_int_equal(engine_in_flight(engine), 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_STALL);
	assert_int_equal(engine_good(engine), SIZE + 100);
	assert_int_equal(engine_push(engine), CLYDE_ERROR_STALL);
	engine_clear(engine);
	assert_int_equal(engine_error(engine), 0);
	close_engine(engine);
}

/* Behind a completion that was late; writing goes on from the offset, and
   would have sent the second again. */
static void what_was_sent_before_its_cancel_counts(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 4);

	(void)state;
	engine_start(engine);
	for (int i = 0; i < 3; i++)
		fill(engine, SIZE);
	moved_before_cancel[0] = SIZE;
	moved_before_cancel[1] = 100;
	engine_stop(engine);
	assert_int_equal(engine_good(engine), SIZE + 100);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_CANCELED);
	close_engine(engine);
}

/* The first never came back, although it was sent: a resume would have passed
   over what the second lacks. */
static void a_failure_behind_what_was_cancelled_is_told(void **state)
{
	struct engine *engine = open_engine(USB_EP2_OUT, 4);

	(void)state;
	engine_start(engine);
	for (int i = 0; i < 3; i++)
		fill(engine, SIZE);
	moved_before_cancel[0] = SIZE;
	moved_before_cancel[1] = 100;
	status_before_cancel[1] = CLYDE_ERROR_STALL;
	engine_stop(engine);
	assert_int_equal(engine_good(engine), SIZE + 100);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_STALL);
	engine_start(engine);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_STALL);
	close_engine(engine);
}

/* A read that the link refused ends the stream behind the reads in flight.
   Those that a stop cancels after all of their bytes have come are still part
   of the stream; behind one that lacks bytes, no byte is delivered. */
static void a_stop_after_a_refused_submit_loses_no_whole_read(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 4);
	uint8_t *data;

	(void)state;
	engine_start(engine);
	submit_result = CLYDE_ERROR_ENDPOINT_OFF;
	finish(0, 0, SIZE, 1);
	assert_int_equal(queued, 3);
	moved_before_cancel[0] = SIZE;
	moved_before_cancel[1] = 100;
	moved_before_cancel[2] = SIZE;
	engine_stop(engine);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_ENDPOINT_OFF);
	expect(engine, SIZE, 1);
	expect(engine, SIZE, 0);
	expect(engine, 100, 0);
	assert_int_equal(engine_next(engine, &data), 0);
	assert_int_equal(engine_good(engine), 2 * SIZE + 100);
	/* The refusal stays until the engine is cleared. */
	submit_result = 0;
	assert_int_equal(engine_start(engine), 0);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_ENDPOINT_OFF);
	close_engine(engine);
}

static void a_foreign_cancel_after_a_refused_submit_ends_all(void **state)
{
	struct engine *engine = open_engine(USB_EP6_IN, 4);

	(void)state;
	engine_start(engine);
	submit_result = CLYDE_ERROR_ENDPOINT_OFF;
	finish(0, 0, SIZE, 1);
	finish(0, CLYDE_ERROR_CANCELED, SIZE, 2);
	assert_int_equal(queued, 0);
	assert_int_equal(engine_error(engine), CLYDE_ERROR_ENDPOINT_OFF);
	assert_int_equal(engine_good(engine), 2 * SIZE);
	submit_result = 0;
	close_engine(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_depth_is_kept_in_flight),
		cmocka_unit_test(a_completion_out_of_order_waits_for_its_turn),
		cmocka_unit_test(a_read_that_comes_back_twice_fails_the_stream),
		cmocka_unit_test(
			a_write_that_comes_back_twice_fails_the_stream),
		cmocka_unit_test(a_transfer_that_never_left_cannot_come_back),
		cmocka_unit_test(zero_length_packets_are_passed_over),
		cmocka_unit_test(an_error_comes_after_the_bytes_before_it),
		cmocka_unit_test(a_refused_submit_is_an_error_and_not_a_loss),
		cmocka_unit_test(a_read_without_memory_lowers_the_depth),
		cmocka_unit_test(an_engine_survives_its_ring_many_times),
		cmocka_unit_test(a_stop_ends_all_and_a_start_goes_on),
		cmocka_unit_test(a_full_buffer_leaves_by_itself),
		cmocka_unit_test(
			more_than_is_there_is_neither_consumed_nor_filled),
		cmocka_unit_test(a_full_queue_has_no_room),
		cmocka_unit_test(a_write_without_memory_is_held_until_there_is),
		cmocka_unit_test(a_held_write_is_dropped_with_the_others),
		cmocka_unit_test(a_failed_write_says_how_much_was_taken),
		cmocka_unit_test(what_was_sent_before_its_cancel_counts),
		cmocka_unit_test(a_failure_behind_what_was_cancelled_is_told),
		cmocka_unit_test(
			a_stop_after_a_refused_submit_loses_no_whole_read),
		cmocka_unit_test(
			a_foreign_cancel_after_a_refused_submit_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
