/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Waiting on a link, see wait.h.  Nothing here knows what the caller waits for,
 * and nothing here sleeps: time passes in the link's wait() only.
 */
#include "wait.h"

#include "internal.h"

#include <pthread.h>

uint64_t deadline_in(struct link *link, int timeout_ms)
{
	if (timeout_ms < 0)
		return LINK_FOREVER;
	return link->ops->now(link) + (uint64_t)timeout_ms * 1000000;
}

int object_stopped(const struct object *object, bool interrupted)
{
	if (object_closing(object))
		return set_error(CLYDE_ERROR_CANCELED, "closed");
	if (interrupted)
		return set_error(CLYDE_ERROR_INTERRUPTED, "interrupted");
	return 0;
}

int device_stopped(struct clyde_device *device)
{
	bool interrupted = interrupt_raised(device->context->interrupt);

	if (device->uninterruptible)
		return 0;
	return object_stopped(&device->object, interrupted);
}

void set_uninterruptible(struct clyde_device *device, bool uninterruptible)
{
	static const struct interrupt never;

	device->uninterruptible = uninterruptible;
	for (struct link *link = device->link; link; link = link->inner)
		link->interrupt =
			uninterruptible ? &never : device->context->interrupt;
}

struct wait wait_begin(struct clyde_device *device, int timeout_ms)
{
	return (struct wait){
		.device = device,
		.deadline = deadline_in(device->link, timeout_ms),
	};
}

bool wait_over(const struct wait *wait)
{
	struct link *link = wait->device->link;

	return link->ops->now(link) >= wait->deadline;
}

int wait_check(const struct wait *wait)
{
	int result = device_stopped(wait->device);

	if (result < 0)
		return result;
	return wait->looked && wait_over(wait) ? CLYDE_ERROR_TIMEOUT : 0;
}

int wait_look(struct wait *wait)
{
	struct link *link = wait->device->link;
	int result = link->ops->wait(link, wait->deadline);

	wait->looked = true;
	if (result >= 0 && wait->yields)
		object_yield(&wait->device->object);
	return result;
}

int wait_more(struct wait *wait)
{
	int result = wait_check(wait);

	return result < 0 ? result : wait_look(wait);
}

int wait_out(struct wait *wait)
{
	while (!wait_over(wait)) {
		int result = wait_more(wait);

		/* The deadline has passed after wait_over() and before
		   wait_check(). */
		if (result == CLYDE_ERROR_TIMEOUT)
			break;
		if (result < 0)
			return result;
	}
	return 0;
}

/* A temporary error of wait() must not end a drain.  After this many errors, a
   number that we chose, no transfer is expected to come back. */
#define DRAIN_ERRORS_MAX 16

bool link_drain(struct link *link, bool (*in_flight)(const void *user),
	const void *user)
{
	unsigned errors = 0;

	while (in_flight(user) && errors < DRAIN_ERRORS_MAX)
		errors += link->ops->wait(link, LINK_FOREVER) < 0;
	return !in_flight(user);
}

void keep_for_transfers(struct kept *kept)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static SLIST_HEAD(, kept) list = SLIST_HEAD_INITIALIZER(list);

	pthread_mutex_lock(&lock);
	SLIST_INSERT_HEAD(&list, kept, next);
	pthread_mutex_unlock(&lock);
}
