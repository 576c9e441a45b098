/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Moves bytes between the user's end and the line, both ways at once: what one
 * side cannot take now waits in the other's queue.
 *
 * A virtual device's time passes only while somebody waits for it.  It shall
 * pass while there is something on the line or on its way, and stand still
 * while all wait for the user, who lives in another time.  Where time is real,
 * one poll() waits for the user and the device alike.
 */
#include "uart.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PATIENCE_MS 1   /* of the link's time: for a byte from the device */
#define IDLE_MS     20  /* of the world's: for one from the user */
#define BLOCKED_MS  100 /* and for the user to take one */
#define BEAT_MS     250 /* an interrupt on another thread wakes nobody */
#define MONITOR_NS  100000000
#define LINGER_NS   2000000
#define OUT_DEPTH   8

static const struct clyde_pipe_options out_options = {
	.transfer_size = 2048,
	.depth = OUT_DEPTH,
};
/* A packet a transfer: what has come is seen, however steadily more comes. */
static const struct clyde_pipe_options in_options = {
	.transfer_size = 512,
	.depth = 64,
};

int pump_open(struct pump *pump, bool out, bool in)
{
	int result = 0;

	if (in)
		result =
			run_pipe(pump->run, CORE_GIVES, &in_options, &pump->in);
	if (out && result == 0)
		result = run_pipe(
			pump->run, CORE_TAKES, &out_options, &pump->out);
	return result;
}

static unsigned in_flight(struct clyde_pipe *pipe)
{
	struct clyde_pipe_stats stats;

	if (pipe == NULL || clyde_pipe_stats(pipe, &stats) < 0)
		return 0;
	return stats.in_flight;
}

static unsigned ready(struct clyde_pipe *pipe)
{
	struct clyde_pipe_stats stats;

	if (pipe == NULL || clyde_pipe_stats(pipe, &stats) < 0)
		return 0;
	return stats.ready;
}

/* ---- To the line ------------------------------------------------------ */

/* Without TX, input can only say that it wants to leave, which a file or a
   pipe does not. */
static bool wants_input(const struct pump *pump)
{
	if (pump->out == NULL)
		return pump->endpoint->terminal ||
			endpoint_serves(pump->endpoint);
	return in_flight(pump->out) < OUT_DEPTH;
}

static ssize_t refuse(struct pump *pump)
{
	uint8_t data[64];
	ssize_t size = endpoint_read(pump->endpoint, data, sizeof(data));

	if (size > 0)
		pump->refused += size;
	return size;
}

static ssize_t take(struct pump *pump)
{
	struct endpoint *endpoint = pump->endpoint;
	ssize_t size, got;
	void *data;
	int result;

	if (endpoint->in < 0 || endpoint->ended || !wants_input(pump))
		return 0;
	if (pump->out == NULL)
		return refuse(pump);
	size = clyde_pipe_acquire(pump->out, &data, 0);
	if (size < 0)
		return size;
	got = endpoint_read(endpoint, data, size);
	result = clyde_pipe_release(pump->out, got > 0 ? got : 0);
	if (got > 0 && result == 0)
		result = clyde_pipe_push(pump->out);
	if (got > 0)
		pump->sent += got;
	return result < 0 ? result : got;
}

/* ---- From the line ---------------------------------------------------- */

static ssize_t give(struct pump *pump, int timeout_ms)
{
	struct endpoint *endpoint = pump->endpoint;
	bool heard = endpoint->out >= 0 && !endpoint->hung_up;
	ssize_t size, done;
	void *data;
	int result;

	if (pump->in == NULL)
		return clyde_device_sleep(pump->device, timeout_ms);
	size = clyde_pipe_acquire(pump->in, &data, timeout_ms);
	if (size <= 0)
		return size == CLYDE_ERROR_TIMEOUT ? 0 : size;
	done = endpoint_write(endpoint, data, size);
	result = clyde_pipe_release(pump->in, done > 0 ? done : 0);
	if (result < 0 || done < 0)
		return result < 0 ? result : done;
	pump->blocked = done == 0;
	pump->received += done;
	pump->unheard += heard ? 0 : done;
	return done;
}

/* ---- Time ------------------------------------------------------------- */

static int64_t linger_ns(const struct pump *pump)
{
	int64_t frames_ns = 4 * line_frame_ns(pump->line);

	return frames_ns > LINGER_NS ? frames_ns : LINGER_NS;
}

/* All that the core has received has come out of the pipe. */
static bool delivered(
	const struct pump *pump, const struct line_registers *registers)
{
	return pump->in == NULL ||
		registers->received - registers->lost ==
		(uint32_t)offset_of(pump->in);
}

/* Whether something is on its way, for which virtual time must pass. */
static int look_for_life(struct pump *pump)
{
	int64_t now = now_ns(pump->device);
	struct line_registers registers;
	int result;

	if (in_flight(pump->out) > 0 || ready(pump->in) > 0)
		pump->asleep = false;
	if (pump->asleep || now < pump->awake_until_ns)
		return 0;
	result = line_read(pump->line, &registers);
	if (result < 0)
		return result;
	pump->asleep = !(registers.status & UART_SENDING) &&
		in_flight(pump->out) == 0 && delivered(pump, &registers);
	pump->awake_until_ns = now + linger_ns(pump);
	return 0;
}

static bool monitors(const struct pump *pump)
{
	return run_value(pump->run, "verbose") ||
		run_value(pump->run, "auto-baud");
}

/* The input is at its end, and that ends the exchange with its sender. */
static bool ending(const struct pump *pump)
{
	return pump->endpoint->ended &&
		(endpoint_serves(pump->endpoint) ||
			!run_value(pump->run, "stream"));
}

/* Until something has to be looked at of which nobody tells. */
static int quiet_ms(const struct pump *pump)
{
	int64_t time_ns = BEAT_MS * 1000000;

	if (monitors(pump))
		time_ns = pump->monitor_ns - now_ns(pump->device);
	if (ending(pump) && in_flight(pump->out) == 0 && !pump->blocked)
		time_ns = linger_ns(pump) / 4;
	if (time_ns > BEAT_MS * 1000000)
		return BEAT_MS;
	return time_ns > 0 ? (int)(time_ns / 1000000) + 1 : 0;
}

static int rest_in_real_time(struct pump *pump)
{
	int result = 0;

	if (endpoint_wait(pump->endpoint, wants_input(pump), pump->blocked,
		    pump->descriptor, quiet_ms(pump)))
		result = clyde_device_process(pump->device);
	return result < 0 ? result : 0;
}

/* Who takes nothing may be waiting for us to take something. */
static int rest_in_virtual_time(struct pump *pump)
{
	if (pump->asleep)
		endpoint_wait(
			pump->endpoint, wants_input(pump), false, -1, IDLE_MS);
	else if (pump->blocked)
		endpoint_wait(pump->endpoint, wants_input(pump), true, -1,
			BLOCKED_MS);
	return pump->blocked ? clyde_device_sleep(pump->device, PATIENCE_MS)
			     : 0;
}

static int monitor(struct pump *pump)
{
	int64_t now = now_ns(pump->device);

	if (now < pump->monitor_ns || pump->asleep || !monitors(pump))
		return 0;
	pump->monitor_ns = now + MONITOR_NS;
	return line_monitor(pump->line);
}

/* ---- The end ---------------------------------------------------------- */

/* After the end of the input: whether the last byte has left the line, and
   what it may have been answered with has come. */
static int drained(struct pump *pump, bool *ret_drained)
{
	struct line_registers registers;
	int64_t now;
	int result;

	if (in_flight(pump->out) > 0)
		return 0;
	result = line_read(pump->line, &registers);
	now = now_ns(pump->device);
	if (result < 0)
		return result;
	if (registers.status & UART_SENDING || !pump->quiet ||
		registers.received != pump->quiet_received)
		pump->quiet_ns = now;
	pump->quiet = true;
	pump->quiet_received = registers.received;
	*ret_drained = now - pump->quiet_ns >= linger_ns(pump) &&
		(delivered(pump, &registers) || pump->endpoint->hung_up);
	return 0;
}

/* The input is at its end: part from its sender, when all is done.  True if the
   run is over. */
static int end(struct pump *pump, bool *ret_over)
{
	struct endpoint *endpoint = pump->endpoint;
	bool done = false;
	int result;

	if (!ending(pump))
		return 0;
	pump->asleep = false;
	pump->awake_until_ns = INT64_MAX;
	result = drained(pump, &done);
	if (!done)
		return result;
	pump->quiet = false;
	pump->awake_until_ns = 0;
	*ret_over = !endpoint_serves(endpoint) || run_value(pump->run, "once");
	if (!*ret_over)
		endpoint_part(endpoint);
	return result;
}

/* To wait for the device is what makes virtual time pass; where time is real,
   rest() waits for it. */
static ssize_t step(struct pump *pump)
{
	ssize_t taken, given = 0;
	int result = endpoint_look(pump->endpoint);

	if (result < 0)
		return result;
	taken = take(pump);
	if (taken < 0 || pump->endpoint->left)
		return taken;
	pump->blocked = false;
	if (taken > 0)
		pump->asleep = false;
	if (!pump->real_time)
		result = look_for_life(pump);
	if (result < 0)
		return result;
	if (!pump->asleep)
		given = give(
			pump, taken > 0 || pump->real_time ? 0 : PATIENCE_MS);
	return given < 0 ? given : taken + given;
}

static int move(struct pump *pump)
{
	bool over = false;
	int result = 0;

	while (result == 0 && !over) {
		ssize_t moved = step(pump);

		if (pump->endpoint->left)
			break;
		result = moved < 0 ? moved : run_stopped(pump->run);
		if (result == 0)
			result = monitor(pump);
		if (result == 0)
			result = end(pump, &over);
		if (result == 0 && moved == 0 && !over)
			result = pump->real_time ? rest_in_real_time(pump)
						 : rest_in_virtual_time(pump);
	}
	return result;
}

/* A descriptor of the pump's own means the same until the pump closes it, even
   if another thread closes the device meanwhile. */
int pump_run(struct pump *pump)
{
	int result;

	pump->real_time = clyde_device_real_time(pump->device);
	if (!pump->real_time)
		return move(pump);
	result = clyde_device_poll_fd(pump->device);
	if (result < 0)
		return result;
	pump->descriptor = fcntl(result, F_DUPFD_CLOEXEC, 0);
	if (pump->descriptor < 0)
		return set_error(error_from_errno(errno),
			"no descriptor for the device is to be had");
	result = move(pump);
	close(pump->descriptor);
	return result;
}
