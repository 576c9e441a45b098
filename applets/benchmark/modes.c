/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The benchmark's modes, which benchmark.c runs: each moves bytes through open
 * pipes, verifies them, and notes the begin and the end of the timed part.
 *
 * No byte may count that was not verified.
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* After so long without a byte the stream has stopped. */
#define STALL_TIMEOUT_MS 1000
/* How long the bytes behind a wrong one, and the OUT pipe's failure, are waited
   for. */
#define EVIDENCE_TIMEOUT_MS 10
#define PROGRESS_STEP       (1 << 20) /* B between two calls of run_progress() */

static uint64_t total(const struct bench *bench)
{
	return bench->omit + bench->count;
}

/* Called at the end of the warm-up. */
static void start_clock(struct bench *bench, int64_t now)
{
	bench->start_ns = now;
	bench->start_moved = bench->moved;
	bench->cpu_start_s = run_cpu_s(bench->run);
}

/* Count bytes that were verified, with which the warm-up may end. */
static void advance(struct bench *bench, uint64_t size)
{
	uint64_t before = bench->moved;
	int64_t now = now_ns(bench->device);

	bench->moved += size;
	bench->end_ns = now;
	if (bench->omit > 0 && before < bench->omit &&
		bench->moved >= bench->omit) {
		start_clock(bench, now);
	}
	bench_tick(bench, bench->moved);
	if (before / PROGRESS_STEP != bench->moved / PROGRESS_STEP)
		run_progress(bench->run, bench->mode->name, bench->moved,
			total(bench));
}

/* Why the OUT pipe has not sent all bytes, or 0 if it is not known to have
   failed.  Bytes that are still in flight are cancelled, because the mode ends
   here. */
static int check_sent(struct bench *bench)
{
	int result = clyde_pipe_flush(bench->out, EVIDENCE_TIMEOUT_MS);

	if (result == CLYDE_ERROR_TIMEOUT)
		result = clyde_pipe_cancel(bench->out);
	if (result == 0)
		result = clyde_pipe_flush(bench->out, EVIDENCE_TIMEOUT_MS);
	return result == CLYDE_ERROR_CANCELED ? 0 : result;
}

/* Find out from the bytes that follow the first bad one what has gone wrong. */
static int explain(struct bench *bench)
{
	uint8_t evidence[EVIDENCE_MAX];
	ssize_t size = clyde_pipe_read(
		bench->in, evidence, sizeof(evidence), EVIDENCE_TIMEOUT_MS);
	int sent = bench->out ? check_sent(bench) : 0;

	/* A failure to send explains the wrong data. */
	if (sent < 0)
		return sent;
	if (size < 0)
		return size;
	bench->mismatched = true;
	sequence_explain(bench->sequence, bench->moved, evidence, size,
		&bench->mismatch);
	return CLYDE_ERROR_WRONG_DATA;
}

/* Wait for bytes, and verify them in place. */
static int receive(struct bench *bench)
{
	uint64_t left = total(bench) - bench->moved;
	void *data;
	ssize_t size;
	size_t good;
	int result = run_stopped(bench->run);

	if (result < 0)
		return result;
	size = clyde_pipe_acquire(bench->in, &data, STALL_TIMEOUT_MS);
	if (size < 0)
		return size;
	if ((uint64_t)size > left)
		size = left;
	good = sequence_match(bench->sequence, bench->moved, data, size);
	result = clyde_pipe_release(bench->in, good);
	advance(bench, good);
	if (result == 0 && good < (size_t)size)
		result = explain(bench);
	return result;
}

/* Put the next bytes into the pipe's own buffers. */
static int send(struct bench *bench, uint64_t *sent, uint64_t end)
{
	void *data = NULL;
	ssize_t size = run_stopped(bench->run);

	if (size == 0)
		size = clyde_pipe_acquire(bench->out, &data, STALL_TIMEOUT_MS);
	if (size < 0)
		return size;
	if ((uint64_t)size > end - *sent)
		size = end - *sent;
	sequence_fill(bench->sequence, *sent, data, size);
	*sent += size;
	return clyde_pipe_release(bench->out, size);
}

int bench_source(struct bench *bench)
{
	int result = 0;

	while (bench->moved < total(bench) && result == 0)
		result = receive(bench);
	return result;
}

/* What the core has counted; its register has 32 bits. */
static int read_count(struct bench *bench, uint32_t *ret_count)
{
	return clyde_register_read(
		bench->device, REG_BENCH_COUNT, ret_count, sizeof(*ret_count));
}

/* What the core latched at the first byte that was wrong. */
static int read_mismatch(struct bench *bench)
{
	uint8_t window[BENCH_WINDOW_SIZE];
	uint32_t offset;
	int result = clyde_register_read(
		bench->device, REG_BENCH_OFFSET, &offset, sizeof(offset));

	if (result == 0)
		result = clyde_register_read(bench->device, REG_BENCH_WINDOW,
			window, sizeof(window));
	if (result < 0)
		return result;
	/* The register has the lower 32 bits of an offset near the count. */
	bench->moved -= (uint32_t)(bench->moved - offset);
	bench->mismatched = true;
	sequence_explain(bench->sequence, bench->moved, window, sizeof(window),
		&bench->mismatch);
	return CLYDE_ERROR_WRONG_DATA;
}

/* Wait until the core has checked all that was sent.  The timed part ends then,
   since a byte in a buffer has not arrived. */
static int confirm(struct bench *bench, uint64_t sent)
{
	uint32_t count = 0, before;
	int32_t missing;
	uint8_t error;
	int result = read_count(bench, &count);

	while (result == 0 && count != (uint32_t)sent) {
		before = count;
		result = clyde_device_sleep(bench->device, 1);
		if (result == 0)
			result = read_count(bench, &count);
		if (count == before)
			break;
	}
	if (result < 0)
		return result;
	/* Negative if the core has received more than was sent. */
	missing = (uint32_t)sent - count;
	advance(bench, sent - bench->moved - missing);
	result = clyde_register_read(bench->device, REG_BENCH_ERROR, &error, 1);
	if (result == 0 && error)
		return read_mismatch(bench);
	if (result == 0 && count != (uint32_t)sent)
		return set_error(CLYDE_ERROR_IO,
			"sink: the FPGA took %" PRIu64 " of %" PRIu64
			" bytes and stopped",
			bench->moved, sent);
	return result;
}

/* The core's offset has 32 bits: look for errors so often that it means one
   place only. */
#define CHECK_STEP (UINT64_C(1) << 30)

static int check_error(struct bench *bench, uint64_t sent)
{
	uint8_t error;
	int result = clyde_register_read(
		bench->device, REG_BENCH_ERROR, &error, sizeof(error));

	if (result < 0 || !error)
		return result;
	bench->moved = sent;
	bench->end_ns = now_ns(bench->device);
	return read_mismatch(bench);
}

static int send_all(struct bench *bench, uint64_t *sent, uint64_t end)
{
	uint64_t before;
	int result = 0;

	while (*sent < end && result == 0) {
		before = *sent;
		result = send(bench, sent, end);
		if (result == 0 && before / CHECK_STEP != *sent / CHECK_STEP)
			result = check_error(bench, *sent);
		bench_tick(bench, offset_of(bench->out));
		if (*sent % PROGRESS_STEP == 0)
			run_progress(bench->run, "sink", *sent, total(bench));
	}
	if (result == 0)
		result = clyde_pipe_flush(bench->out, STALL_TIMEOUT_MS);
	return result;
}

/* B that the device's buffers hold: four packets in the FX2, one in the FPGA. */
#define BUFFERED_MAX (5 * 512)

int bench_sink(struct bench *bench)
{
	uint64_t sent = 0, taken;
	int result = 0;

	if (bench->omit > 0) {
		result = send_all(bench, &sent, bench->omit);
		if (result == 0)
			result = confirm(bench, sent);
	}
	if (result == 0)
		result = send_all(bench, &sent, total(bench));
	if (result == 0)
		return confirm(bench, sent);
	if (bench->mismatched)
		return result;
	/* The mode has ended early, by an interrupt for example.  Of the bytes
	   that the device took, some may be in its buffers still. */
	taken = offset_of(bench->out);
	bench->moved = taken > BUFFERED_MAX ? taken - BUFFERED_MAX : 0;
	bench->end_ns = now_ns(bench->device);
	return result;
}

/* Whether sending would not wait.  A wait could last for ever: short packets
   may have filled the IN pipe's transfers, and then only reading makes room. */
static bool can_send(struct bench *bench)
{
	struct clyde_pipe_stats stats;

	return clyde_pipe_stats(bench->out, &stats) == 0 &&
		stats.in_flight < stats.depth;
}

/* After the last byte: an error if the core has echoed more than was sent. */
static int confirm_echo(struct bench *bench)
{
	uint32_t count;
	int result;

	bench_count(bench);
	result = read_count(bench, &count);
	if (result == 0 && count != (uint32_t)total(bench))
		result = explain(bench);
	return result;
}

/* After a timeout of the IN pipe: a failure of the OUT pipe explains it. */
static int explain_timeout(struct bench *bench, int result)
{
	int sent = result == CLYDE_ERROR_TIMEOUT ? check_sent(bench) : 0;

	return sent < 0 ? sent : result;
}

int bench_loopback(struct bench *bench)
{
	uint64_t sent = 0;
	int result = 0;

	while (bench->moved < total(bench) && result == 0) {
		while (sent < total(bench) && can_send(bench) && result == 0)
			result = send(bench, &sent, total(bench));
		if (result == 0 && sent == total(bench))
			result = clyde_pipe_push(bench->out);
		if (result == 0)
			result = explain_timeout(bench, receive(bench));
	}
	return result == 0 ? confirm_echo(bench) : result;
}

static int round_trip(struct bench *bench, bool timed)
{
	uint8_t data[ROUND_TRIP_SIZE];
	uint64_t offset = bench->moved;
	int64_t start = now_ns(bench->device);
	ssize_t size;
	size_t good;

	sequence_fill(bench->sequence, offset, data, sizeof(data));
	size = clyde_pipe_write(
		bench->out, data, sizeof(data), STALL_TIMEOUT_MS);
	if (size == sizeof(data))
		size = clyde_pipe_push(bench->out);
	if (size >= 0)
		size = clyde_pipe_read(
			bench->in, data, sizeof(data), STALL_TIMEOUT_MS);
	if (size < 0)
		return explain_timeout(bench, size);
	good = sequence_match(bench->sequence, offset, data, size);
	bench->moved += good;
	if (good < (size_t)size) {
		bench->mismatched = true;
		sequence_explain(bench->sequence, bench->moved, data + good,
			size - good, &bench->mismatch);
		return CLYDE_ERROR_WRONG_DATA;
	}
	bench->end_ns = now_ns(bench->device);
	if (timed) {
		histogram_add(bench->histogram, bench->end_ns - start);
		bench_tick_round_trip(bench, bench->end_ns - start);
	}
	return size == sizeof(data)
		? 0
		: set_error(CLYDE_ERROR_TIMEOUT,
			  "latency: %zd of %d bytes came back", size,
			  ROUND_TRIP_SIZE);
}

int bench_latency(struct bench *bench)
{
	uint64_t warm_up = bench->omit / (2 * ROUND_TRIP_SIZE);
	uint64_t count = bench->count / (2 * ROUND_TRIP_SIZE);
	int result = 0;

	if (count == 0)
		count = 1;
	for (uint64_t i = 0; i < warm_up + count && result == 0; i++) {
		if (i == warm_up && i > 0)
			start_clock(bench, bench->end_ns);
		result = run_stopped(bench->run);
		if (result == 0)
			result = round_trip(bench, i >= warm_up);
		if (i % 1024 == 0)
			run_progress(bench->run, "latency", i, warm_up + count);
	}
	return result;
}
