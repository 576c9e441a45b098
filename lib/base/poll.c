/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptor of a device for event loops, see poll.h: an epoll of the
 * link's descriptor and of an event.
 *
 * The link's descriptor is not enough.  A call that waits for one pipe handles
 * the completions of all pipes of the device, and the link's descriptor is not
 * readable after that: an event loop that waits for another pipe would sleep.
 */
#include "poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"
#include "wait.h"

struct poll {
	int all;   /* an epoll of the two */
	int event; /* readable while `raised` */
	bool raised;
};

static int add(struct poll *poll, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(poll->all, EPOLL_CTL_ADD, descriptor, &event);
}

int poll_new(struct link *link, struct poll **ret_poll)
{
	struct poll *poll;
	int descriptor = link->ops->descriptor(link);
	int result = 0;

	if (descriptor < 0)
		return descriptor;
	poll = calloc(1, sizeof(*poll));
	if (poll == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	poll->all = epoll_create1(EPOLL_CLOEXEC);
	poll->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (poll->all < 0 || poll->event < 0 || add(poll, descriptor) < 0 ||
		add(poll, poll->event) < 0)
		result = error_from_errno(errno);
	if (result < 0)
		poll_free(poll);
	else
		*ret_poll = poll;
	return result;
}

void poll_free(struct poll *poll)
{
	if (poll == NULL)
		return;
	if (poll->all >= 0)
		close(poll->all);
	if (poll->event >= 0)
		close(poll->event);
	free(poll);
}

int poll_descriptor(const struct poll *poll)
{
	return poll->all;
}

void poll_raise(struct poll *poll)
{
	if (!poll->raised)
		poll->raised = eventfd_write(poll->event, 1) == 0;
}

bool poll_clear(struct poll *poll)
{
	eventfd_t count;
	bool raised = poll->raised;

	if (raised)
		eventfd_read(poll->event, &count);
	poll->raised = false;
	return raised;
}

static int poll_fd(struct clyde_device *device)
{
	struct link *link = device->link;
	int result = link->poll ? 0 : poll_new(link, &link->poll);

	if (result < 0)
		return set_error(result, "no descriptor for an event loop: %s",
			error_text(result));
	return poll_descriptor(link->poll);
}

CLYDE_API int clyde_device_poll_fd(struct clyde_device *handle)
{
	return CALL(device, handle, poll_fd(device));
}

/* How long virtual time runs in one clyde_device_process(), if no transfer is
   completed before. */
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
	if (link->poll && poll_clear(link->poll) && result == 0)
		result = 1;
	if (result < 0)
		set_error(result, "%s", error_text(result));
	return result < 0 ? result : result > 0;
}

CLYDE_API int clyde_device_process(struct clyde_device *handle)
{
	return CALL(device, handle, process(device));
}
