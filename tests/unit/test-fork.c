/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests a fork() while another thread is inside libusb_init().  The linker
 * leads that call here (-Wl,--wrap), and the thread stays inside until the fork
 * has begun.  A child of such a fork would inherit libusb's locks held by a
 * thread that it does not have.
 */
#include "tests/support/clyde-test.h"

#include <libusb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#define UNDER_TSAN __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

static atomic_bool entered, forking, within;

int __wrap_libusb_init(libusb_context **ret_usb);

int __wrap_libusb_init(libusb_context **ret_usb)
{
	(void)ret_usb;
	atomic_store(&within, true);
	atomic_store(&entered, true);
	while (!atomic_load(&forking))
		sched_yield();
	/* A fork() that did not wait would return before this is over.  Not
	   turns by sched_yield(): beside other work each of them takes as long
	   as all the others want. */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	atomic_store(&within, false);
	return LIBUSB_ERROR_NO_MEM;
}

/* Registered last, so that a fork() calls it first. */
static void note_fork(void)
{
	atomic_store(&forking, true);
}

static int list(struct clyde_context *context)
{
	struct clyde_device_info *devices;

	return clyde_device_list(context, "usb:", &devices);
}

static sem_t forked;
static int listed; /* The result of list() on the other thread. */

static void *list_on_thread(void *context)
{
	listed = list(context);
	/* ThreadSanitizer takes a thread that has ended before the fork for a
	   leak of the child. */
	while (sem_wait(&forked) < 0)
		;
	return NULL;
}

static int list_in_child(void)
{
	struct clyde_context *context;

	if (atomic_load(&within))
		return 2;
	/* The allocator of ThreadSanitizer may be left locked in the child by
	   the other thread. */
	if (UNDER_TSAN)
		return 0;
	alarm(60); /* Ends a child that hangs. */
	if (clyde_context_new(&context) < 0)
		return 3;
	if (list(context) != CLYDE_ERROR_NO_MEMORY)
		return 4;
	clyde_context_close(context);
	return 0;
}

static void a_fork_waits_until_no_thread_is_inside_libusb(void **state)
{
	struct clyde_context *context;
	pthread_t thread;
	pid_t child;
	int status;

	(void)state;
	sem_init(&forked, 0, 0);
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(
		pthread_create(&thread, NULL, list_on_thread, context), 0);
	while (!atomic_load(&entered))
		sched_yield();
	child = fork();
	if (child == 0)
		_exit(list_in_child());
	sem_post(&forked);
	assert_int_equal(waitpid(child, &status, 0), child);
	pthread_join(thread, NULL);
	sem_destroy(&forked);
	assert_int_equal(status, 0);
	assert_int_equal(listed, CLYDE_ERROR_NO_MEMORY);
	assert_int_equal(list(context), CLYDE_ERROR_NO_MEMORY);
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_waits_until_no_thread_is_inside_libusb),
	};

	pthread_atfork(note_fork, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
