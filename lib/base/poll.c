/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptor of a device: takes the link's and an event of its own, gives
 * one that poll() and event loops understand.
 *
 * The link's descriptor is not enough.  A call that waits for one pipe handles
 * the completions of all pipes, and an event loop that watches the link's
 * descriptor for another pipe would not see that pipe's completions.
 */
#include "poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"
#include "wait.h"

struct watch {
	int all;   /* an epoll of the two */
	int event; /* something was handled */
	bool raised;
};

static int add(struct watch *watch, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(watch->all, EPOLL_CTL_ADD, descriptor, &event);
}

int watch_new(struct link *link, struct watch **ret_watch)
{
	struct watch *watch;
	int descriptor = link->ops->descriptor(link);
	int result = 0;

	if (descriptor < 0)
		return descriptor;
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	watch->all = epoll_create1(EPOLL_CLOEXEC);
	watch->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch->all < 0 || watch->event < 0 || add(watch, descriptor) < 0 ||
		add(watch, watch->event) < 0)
		result = error_from_errno(errno);
	if (result < 0)
		watch_free(watch);
	else
		*ret_watch = watch;
	return result;
}

void watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->all >= 0)
		close(watch->all);
	if (watch->event >= 0)
		close(watch->event);
	free(watch);
}

int watch_descriptor(const struct watch *watch)
{
	return watch->all;
}

void watch_raise(struct watch *watch)
{
	if (!watch->raised)
		watch->raised = eventfd_write(watch->event, 1) == 0;
}

bool watch_clear(struct watch *watch)
{
	eventfd_t count;
	bool raised = watch->raised;

	if (raised)
		eventfd_read(watch->event, &count);
	watch->raised = false;
	return raised;
}

static int open_watch(struct clyde_device *device)
{
	struct link *link = device->link;
	int result = link->watch ? 0 : watch_new(link, &link->watch);

	if (result < 0)
		return set_error(result, "no descriptor for an event loop: %s",
			error_text(result));
	return watch_descriptor(link->watch);
}

CLYDE_API int clyde_device_poll_fd(struct clyde_device *handle)
{
	return CALL(device, handle, open_watch(device));
}

/* How long virtual time runs at a look, which ends at a completion. */
#define LOOK_NS 1000000

static int process(struct clyde_device *device)
{
	struct link *link = device->link;
	struct wait wait = wait_begin(device, 0);
	int result = wait_check(&wait);

	if (result < 0)
		return result;
	if (!link->ops->real_time)
		wait.deadline += LOOK_NS;
	result = wait_look(&wait);
	if (link->watch && watch_clear(link->watch) && result == 0)
		result = 1;
	if (result < 0)
		set_error(result, "%s", error_text(result));
	return result < 0 ? result : result > 0;
}

CLYDE_API int clyde_device_process(struct clyde_device *handle)
{
	return CALL(device, handle, process(device));
}
