/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What depends on the clock of a run's device: run_wait(), by which an applet
 * waits for its descriptors and its pipes at once, and run_cpu_s().  applet.h
 * describes both.
 *
 * On USB the device's clock is the machine's, and poll() waits for the device's
 * descriptor beside the applet's.  The clock of a virtual device advances only
 * while a call waits for that device.  So run_wait() alternates there: it waits
 * for the device, and looks at the descriptors in between.
 *
 * Nothing here may decide by another clock than the link's: where time is virtual,
 * the user's time passes in the timeouts of poll() only.  The tree must not be
 * locked during a poll().
 */
#include "run.h"

#include <math.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/poll.h"
#include "lib/base/wait.h"
#include "lib/stream/pipe.h"

#define MS INT64_C(1000000)
/* The longest poll() where time is real.  The interrupt flag, raised by a signal
   on another thread, does not end a poll(), and is seen after this. */
#define RECHECK_MS     250
#define DESCRIPTOR_MAX (RUN_WAIT_FDS_MAX + 2)

/* ---- The run's pipes -------------------------------------------------- */

/* The run's open pipe of one direction, or NULL. */
static struct clyde_pipe *pipe_of(const struct clyde_run *run,
	const struct clyde_device *device, enum core_flag way)
{
	const struct claim *claim = &run->claim;

	if (!(claim->streams & way))
		return NULL;
	return device->pipes[claim->ids[way == CORE_GIVES]];
}

static int ready_in(struct clyde_pipe *pipe)
{
	uint8_t *data;
	int error;

	if (engine_next(pipe->engine, &data) > 0)
		return RUN_READABLE;
	/* Read after engine_next(), which may submit a transfer and fail. */
	error = engine_error(pipe->engine);
	return error < 0 && engine_in_flight(pipe->engine) == 0
		? pipe_failed(pipe, error)
		: 0;
}

static int ready_out(struct clyde_pipe *pipe)
{
	int error = engine_error(pipe->engine), events = 0;
	uint8_t *data;

	if (error < 0)
		return pipe_failed(pipe, error);
	if (engine_room(pipe->engine, &data) > 0)
		events |= RUN_WRITABLE;
	if (engine_in_flight(pipe->engine) == 0)
		events |= RUN_FLUSHED;
	return events;
}

/* Those of the events that have happened, or why a pipe has failed. */
static int ready(const struct clyde_run *run, const struct clyde_device *device,
	unsigned events)
{
	struct clyde_pipe *in = pipe_of(run, device, CORE_GIVES);
	struct clyde_pipe *out = pipe_of(run, device, CORE_TAKES);
	int found = 0, result = 0;

	if (in && events & RUN_READABLE)
		found = ready_in(in);
	if (found >= 0 && out && events & (RUN_WRITABLE | RUN_FLUSHED))
		result = ready_out(out);
	if (found < 0 || result < 0)
		return found < 0 ? found : result;
	return (found | result) & events;
}

/* Whether bytes are on their way to the core, or from it and unread. */
static bool in_transit(
	const struct clyde_run *run, const struct clyde_device *device)
{
	const struct clyde_pipe *in = pipe_of(run, device, CORE_GIVES);
	const struct clyde_pipe *out = pipe_of(run, device, CORE_TAKES);
	struct clyde_pipe_stats stats = {0};

	if (in)
		engine_stats(in->engine, &stats);
	return stats.ready > 0 || (out && engine_in_flight(out->engine) > 0);
}

/* ---- The device ------------------------------------------------------- */

/* This run may have handled completions of other runs, and has cleared the event
   that would have ended their poll(). */
static void wake_others(
	const struct clyde_run *run, const struct clyde_device *device)
{
	const struct claim *other;

	LIST_FOREACH (other, &device->context->claimed, in_context)
		if (other->run && other->run != run &&
			other->run->wake_fd >= 0 &&
			other->device == run->claim.device)
			eventfd_write(other->run->wake_fd, 1);
}

/* The link's wait() has failed.  If a pipe has failed or has an event, that is the
   result, since the pipe's message is more exact than the link's. */
static int wait_failed(const struct clyde_run *run,
	const struct clyde_device *device, unsigned events, int error)
{
	int result = ready(run, device, events);

	return result ? result : set_error(error, "%s", error_text(error));
}

/* Handle completions until this moment, once at least, or until one of the
   events: those that have happened; 0 if none has. */
static int handle_completions(struct clyde_run *run,
	struct clyde_device *device, unsigned events, int64_t until_ns)
{
	struct link *link = device->link;
	struct wait wait = {
		.device = device, .deadline = until_ns, .yields = true};
	int result;

	do {
		result = wait_check(&wait);
		if (result < 0)
			return result == CLYDE_ERROR_TIMEOUT ? 0 : result;
		result = wait_look(&wait);
		if (link->ops->real_time && link->poll &&
			poll_clear(link->poll))
			wake_others(run, device);
		if (result < 0)
			return wait_failed(run, device, events, result);
		result = ready(run, device, events);
	} while (result == 0);
	return result;
}

static int handle_until(
	struct clyde_run *run, unsigned events, int64_t until_ns)
{
	return CALL(device, run->device,
		handle_completions(run, device, events, until_ns));
}

/* ---- Limits ----------------------------------------------------------- */

static int64_t deadline_of(struct clyde_run *run, int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX
			      : now_ns(run->device) + timeout_ms * MS;
}

/* The time until the deadline, rounded up, and at most `most_ms`. */
static int left_ms(struct clyde_run *run, int64_t deadline_ns, int most_ms)
{
	int64_t now = now_ns(run->device);

	if (now >= deadline_ns)
		return 0;
	if (deadline_ns - now >= most_ms * MS)
		return most_ms;
	return (deadline_ns - now + MS - 1) / MS;
}

/* poll(), in which a signal is no failure: the caller looks at the flag. */
static int poll_fds(struct pollfd *fds, size_t count, int timeout_ms)
{
	int result = poll(fds, count, timeout_ms);

	if (result >= 0 || errno == EINTR)
		return result < 0 ? 0 : result;
	return set_error(error_from_errno(errno),
		"descriptors cannot be waited for: %s", strerror(errno));
}

/* ---- Where time is real ----------------------------------------------- */

static int open_wake_fd(struct clyde_run *run)
{
	int fd = atomic_load(&run->wake_fd);

	if (fd < 0) {
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		atomic_store(&run->wake_fd, fd);
	}
	if (fd < 0)
		return set_error(error_from_errno(errno),
			"no descriptor for a wait is to be had");
	return 0;
}

/* What is polled: the device, this run's wake_fd, and the applet's descriptors.
   The device's descriptor is valid while the run lasts, because a close of the
   device waits for the end of the run. */
static int fill_fds(struct clyde_run *run, const struct run_wait *wait,
	struct pollfd all[DESCRIPTOR_MAX])
{
	int fd = clyde_device_poll_fd(run->device);
	int result =
		fd < 0 ? fd : (int)CALL(device, run->device, open_wake_fd(run));

	if (result < 0)
		return result;
	all[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	all[1] = (struct pollfd){.fd = run->wake_fd, .events = POLLIN};
	for (size_t i = 0; i < wait->count; i++)
		all[i + 2] = wait->fds[i];
	return 0;
}

/* How many of the applet's descriptors are ready. */
static int poll_all(struct clyde_run *run, struct run_wait *wait,
	struct pollfd all[DESCRIPTOR_MAX], int ms)
{
	int result = poll_fds(all, wait->count + 2, ms), found = 0;
	eventfd_t count;

	if (result < 0)
		return result;
	if (result > 0 && all[1].revents)
		eventfd_read(run->wake_fd, &count);
	for (size_t i = 0; i < wait->count; i++) {
		wait->fds[i].revents = result > 0 ? all[i + 2].revents : 0;
		found += wait->fds[i].revents != 0;
	}
	return found;
}

/* The descriptors exist before the first look at the pipes, so that what other
   runs handle after the look ends the poll(). */
static int wait_real(struct clyde_run *run, struct run_wait *wait)
{
	int64_t deadline_ns = deadline_of(run, wait->timeout_ms);
	struct pollfd all[DESCRIPTOR_MAX];
	int result = fill_fds(run, wait, all);

	while (result >= 0) {
		int events = run_stopped(run), ms;

		if (events == 0)
			events = handle_until(
				run, wait->events, now_ns(run->device));
		if (events < 0)
			return events;
		ms = events ? 0 : left_ms(run, deadline_ns, RECHECK_MS);
		result = poll_all(run, wait, all, ms);
		wait->revents = events;
		if (events || result > 0)
			return result < 0 ? result : 1;
		if (left_ms(run, deadline_ns, RECHECK_MS) == 0)
			return result;
	}
	return result;
}

/* ---- Where time is virtual -------------------------------------------- */

/*
 * A turn of a wait on a virtual device: wait for the descriptors so long in the
 * user's time, let so much virtual time pass, and, if nothing has come, wait
 * for the descriptors again.
 */
struct pace {
	int before_ms;
	int64_t device_ns; /* 0: virtual time stands still */
	int after_ms;
};

static const struct pace still = {20, 0, 0};
static const struct pace behind = {100, MS, 0};
static const struct pace users = {0, 20 * MS, 20};
static const struct pace fast = {0, MS, 0};

/* Whether virtual time stands still.  A register that is read or written takes
   virtual time, so the core is asked again after any such command. */
static int stands_still(struct clyde_run *run, const struct run_wait *wait)
{
	int64_t now = now_ns(run->device);
	int busy, idle;

	if (wait->core_idle == NULL)
		return 0;
	busy = CALL(device, run->device, in_transit(run, device));
	if (busy)
		return busy < 0 ? busy : 0;
	if (now == run->still_ns)
		return 1;
	if (now < run->ask_ns)
		return 0;
	idle = wait->core_idle(wait->user);
	run->ask_ns = now + wait->settle_ns;
	if (idle <= 0)
		return idle;
	busy = CALL(device, run->device, in_transit(run, device));
	run->still_ns = busy ? -1 : now_ns(run->device);
	return busy < 0 ? busy : !busy;
}

/* Whether the applet waits until it can write to a descriptor: the user has not
   read what was written before. */
static bool waits_for_output(const struct run_wait *wait)
{
	for (size_t i = 0; i < wait->count; i++)
		if (wait->fds[i].fd >= 0 && wait->fds[i].events & POLLOUT)
			return true;
	return false;
}

static int choose_pace(struct clyde_run *run, const struct run_wait *wait,
	const struct pace **ret_pace)
{
	int result = stands_still(run, wait);

	*ret_pace = result               ? &still
		: waits_for_output(wait) ? &behind
		: wait->users_pace       ? &users
					 : &fast;
	return result < 0 ? result : 0;
}

static int now_ready(struct clyde_run *run, unsigned events)
{
	return CALL(device, run->device, ready(run, device, events));
}

/* Let virtual time pass as the pace says: the events that have happened. */
static int pass(struct clyde_run *run, struct run_wait *wait,
	const struct pace *pace, int64_t deadline_ns)
{
	int64_t until_ns = now_ns(run->device) + pace->device_ns;
	int result, found;

	if (pace->device_ns == 0)
		return now_ready(run, wait->events);
	if (until_ns > deadline_ns)
		until_ns = deadline_ns;
	result = handle_until(run, wait->events, until_ns);
	if (result != 0 || pace->after_ms == 0)
		return result;
	found = poll_fds(wait->fds, wait->count, pace->after_ms);
	return found < 0 ? found : 0;
}

/* The shorter of a wait before virtual time passes and the call's limit. */
static int before_ms(const struct pace *pace, int timeout_ms)
{
	return timeout_ms >= 0 && timeout_ms < pace->before_ms
		? timeout_ms
		: pace->before_ms;
}

static int wait_virtual(struct clyde_run *run, struct run_wait *wait)
{
	int64_t deadline_ns = deadline_of(run, wait->timeout_ms);
	int events = now_ready(run, wait->events), still_ms = 0;

	for (bool over = false; events >= 0;) {
		const struct pace *pace = &fast;
		int found = run_stopped(run);

		if (found == 0 && !events && !over)
			found = choose_pace(run, wait, &pace);
		if (found == 0)
			found = poll_fds(wait->fds, wait->count,
				events || over
					? 0
					: before_ms(pace, wait->timeout_ms));
		if (found < 0)
			return found;
		wait->revents = events;
		if (events || found || over)
			return events || found;
		events = pass(run, wait, pace, deadline_ns);
		still_ms += pace == &still ? pace->before_ms : 0;
		over = now_ns(run->device) >= deadline_ns ||
			(wait->timeout_ms >= 0 && still_ms >= wait->timeout_ms);
	}
	return events;
}

/* ---- For applets ------------------------------------------------------ */

int run_wait(struct clyde_run *run, struct run_wait *wait)
{
	if (wait->count > RUN_WAIT_FDS_MAX)
		return set_error(CLYDE_ERROR_EXHAUSTED,
			"a wait for %zu descriptors: %d are possible",
			wait->count, RUN_WAIT_FDS_MAX);
	return clyde_device_real_time(run->device) ? wait_real(run, wait)
						   : wait_virtual(run, wait);
}

double run_cpu_s(const struct clyde_run *run)
{
	struct rusage usage;

	if (!clyde_device_real_time(run->device))
		return NAN;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
