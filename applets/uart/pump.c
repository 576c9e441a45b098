/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Moves bytes between the user's end and the line, both ways at once, until the
 * exchange is over.  uart.c calls it.
 *
 * Nothing here may wait other than by run_wait(): input must be read while the
 * output has no room, and the other way round, since the other end may do
 * neither before that.
 */
#include "uart.h"

/* How often endpoint_look() is called if nothing happens, see endpoint_poll(). */
#define RECHECK_MS 250
/* How often the counters are read, with --verbose and --auto-baud. */
#define MONITOR_NS 100000000
/* The least that settle_ns() returns. */
#define SETTLE_NS 2000000

static const struct clyde_pipe_options out_options = {
	.transfer_size = 2048,
	.depth = 8,
};
/* A packet in each transfer, so that bytes are delivered while more come. */
static const struct clyde_pipe_options in_options = {
	.transfer_size = 512,
	.depth = 64,
};

static struct clyde_pipe_stats stats_of(struct clyde_pipe *pipe)
{
	struct clyde_pipe_stats stats = {0};

	if (pipe)
		clyde_pipe_stats(pipe, &stats);
	return stats;
}

static bool flushed(const struct pump *pump)
{
	return stats_of(pump->out).in_flight == 0;
}

/* How long a byte may be on its way without a sign of it in the core's
   registers: a frame that is being received is not counted yet, and the other
   end may reply to the last one. */
static int64_t settle_ns(const struct pump *pump)
{
	int64_t frames_ns = 4 * line_frame_ns(pump->line);

	return frames_ns > SETTLE_NS ? frames_ns : SETTLE_NS;
}

/* All that the core has received has come out of the pipe. */
static bool all_delivered(
	const struct pump *pump, const struct line_registers *registers)
{
	return pump->in == NULL ||
		registers->received - registers->lost ==
		(uint32_t)offset_of(pump->in);
}

/* ---- To the line ------------------------------------------------------ */

/* Without TX, input is read for the key that leaves and for the end of a
   connection only, which a file or a pipe does not have. */
static bool wants_input(const struct pump *pump)
{
	struct clyde_pipe_stats stats = stats_of(pump->out);

	if (pump->out == NULL)
		return pump->endpoint->terminal ||
			endpoint_serves(pump->endpoint);
	return stats.in_flight < stats.depth;
}

/* Input that no pin can send is counted. */
static ssize_t refuse_input(struct pump *pump)
{
	uint8_t data[64];
	ssize_t size = endpoint_read(pump->endpoint, data, sizeof(data));

	if (size > 0)
		pump->refused += size;
	return size;
}

static ssize_t send_input(struct pump *pump)
{
	struct endpoint *endpoint = pump->endpoint;
	ssize_t size, got;
	void *data;
	int result;

	if (endpoint->in < 0 || endpoint->ended || !wants_input(pump))
		return 0;
	if (pump->out == NULL)
		return refuse_input(pump);
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

static ssize_t deliver(struct pump *pump)
{
	struct endpoint *endpoint = pump->endpoint;
	bool connected = endpoint->out >= 0 && !endpoint->hung_up;
	ssize_t size, done;
	void *data;
	int result;

	pump->blocked = false;
	if (stats_of(pump->in).ready == 0)
		return 0;
	size = clyde_pipe_acquire(pump->in, &data, 0);
	if (size <= 0)
		return size == CLYDE_ERROR_TIMEOUT ? 0 : size;
	done = endpoint_write(endpoint, data, size);
	result = clyde_pipe_release(pump->in, done > 0 ? done : 0);
	if (result < 0 || done < 0)
		return result < 0 ? result : done;
	pump->blocked = done == 0;
	pump->received += done;
	pump->unconnected += connected ? 0 : done;
	return done;
}

/* ---- Waiting ---------------------------------------------------------- */

/* The input is at its end, and that ends the exchange with its sender. */
static bool ending(const struct pump *pump)
{
	return pump->endpoint->ended &&
		(endpoint_serves(pump->endpoint) || !pump->stream);
}

/* Until the end of the exchange, time has to pass. */
static int core_idle(void *user)
{
	struct pump *pump = user;
	struct line_registers registers;
	int result;

	if (ending(pump))
		return 0;
	result = line_read(pump->line, &registers);
	if (result < 0)
		return result;
	return !(registers.status & UART_SENDING) &&
		all_delivered(pump, &registers);
}

/* The longest wait: until the counters, or at the end of the exchange the line,
   have to be looked at again. */
static int limit_ms(const struct pump *pump)
{
	int64_t time_ns = RECHECK_MS * 1000000;

	if (line_monitored(pump->line))
		time_ns = pump->monitor_ns - now_ns(pump->device);
	if (ending(pump) && flushed(pump) && !pump->blocked)
		time_ns = settle_ns(pump) / 4;
	if (time_ns > RECHECK_MS * 1000000)
		return RECHECK_MS;
	return time_ns > 0 ? (int)(time_ns / 1000000) + 1 : 0;
}

static int wait_for_bytes(struct pump *pump)
{
	struct pollfd fds[ENDPOINT_FDS];
	bool input = wants_input(pump);
	struct run_wait wait = {
		.fds = fds,
		.count = endpoint_poll(
			pump->endpoint, input, pump->blocked, fds),
		.events = (pump->blocked ? 0 : RUN_READABLE) |
			(input ? 0 : RUN_WRITABLE) |
			(ending(pump) && !flushed(pump) ? RUN_FLUSHED : 0),
		.timeout_ms = limit_ms(pump),
		.core_idle = core_idle,
		.user = pump,
		.settle_ns = settle_ns(pump),
	};
	int result = run_wait(pump->run, &wait);

	return result < 0 ? result : 0;
}

static int monitor(struct pump *pump)
{
	int64_t now = now_ns(pump->device);

	if (now < pump->monitor_ns || !line_monitored(pump->line))
		return 0;
	pump->monitor_ns = now + MONITOR_NS;
	return line_monitor(pump->line);
}

/* ---- The end ---------------------------------------------------------- */

/* After the end of the input: whether the last byte has left the line, and a
   reply to it has had the time to come. */
static int look_if_drained(struct pump *pump, bool *ret_drained)
{
	struct line_registers registers;
	int64_t now;
	int result;

	if (!flushed(pump))
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
	*ret_drained = now - pump->quiet_ns >= settle_ns(pump) &&
		(all_delivered(pump, &registers) || pump->endpoint->hung_up);
	return 0;
}

/* At the end of the input, when all is done: disconnect its sender, or end the
   run. */
static int end(struct pump *pump, bool *ret_over)
{
	struct endpoint *endpoint = pump->endpoint;
	bool drained = false;
	int result;

	if (!ending(pump))
		return 0;
	result = look_if_drained(pump, &drained);
	if (!drained)
		return result;
	pump->quiet = false;
	*ret_over = !endpoint_serves(endpoint) || pump->once;
	if (!*ret_over)
		endpoint_disconnect(endpoint);
	return result;
}

/* ---- The loop --------------------------------------------------------- */

/* Move what can be moved now: how many bytes. */
static ssize_t move(struct pump *pump)
{
	int result = endpoint_look(pump->endpoint);
	ssize_t sent, delivered;

	if (result < 0)
		return result;
	sent = send_input(pump);
	if (sent < 0 || pump->endpoint->left)
		return sent;
	delivered = deliver(pump);
	return delivered < 0 ? delivered : sent + delivered;
}

int pump_open(struct pump *pump, bool out, bool in)
{
	int result = 0;

	pump->stream = run_value(pump->run, "stream");
	pump->once = run_value(pump->run, "once");
	if (in)
		result =
			run_pipe(pump->run, CORE_GIVES, &in_options, &pump->in);
	if (out && result == 0)
		result = run_pipe(
			pump->run, CORE_TAKES, &out_options, &pump->out);
	return result;
}

int pump_run(struct pump *pump)
{
	bool over = false;
	int result = 0;

	while (result == 0 && !over) {
		ssize_t moved = move(pump);

		if (pump->endpoint->left)
			break;
		result = moved < 0 ? moved : run_stopped(pump->run);
		if (result == 0)
			result = monitor(pump);
		if (result == 0)
			result = end(pump, &over);
		if (result == 0 && moved == 0 && !over)
			result = wait_for_bytes(pump);
	}
	return result;
}
