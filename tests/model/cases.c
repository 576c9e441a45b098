/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The cases: two to four threads that use and close a small tree of objects. */
#include "cases.h"

#include "sample.h"

/* A thread is a list of steps. */
#define THREAD(name, ...)      \
	static void name(void) \
	{                      \
		__VA_ARGS__;   \
	}

#define SETUP(name, objects)           \
	static void name(void)         \
	{                              \
		sample_begin(objects); \
	}

#define BIT(id) (1u << (id))

SETUP(with_context, BIT(CONTEXT))
SETUP(with_device, BIT(CONTEXT) | BIT(DEVICE))
SETUP(with_devices, BIT(CONTEXT) | BIT(DEVICE) | BIT(OTHER_DEVICE))
SETUP(with_pipe, BIT(CONTEXT) | BIT(DEVICE) | BIT(PIPE))
SETUP(with_pipes, BIT(CONTEXT) | BIT(DEVICE) | BIT(PIPE) | BIT(OTHER))
SETUP(with_all, BIT(CONTEXT) | BIT(DEVICE) | BIT(PIPE) | BIT(RUN))
SETUP(with_run, BIT(CONTEXT) | BIT(DEVICE) | BIT(RUN))

THREAD(close_context, sample_close(CONTEXT))
THREAD(close_device, sample_close(DEVICE))
THREAD(close_other_device, sample_close(OTHER_DEVICE))
THREAD(close_pipe, sample_close(PIPE))
THREAD(close_run, sample_close(RUN))
THREAD(call_context, sample_call(CONTEXT))
THREAD(call_device, sample_call(DEVICE))
THREAD(call_pipe, sample_call(PIPE))
THREAD(call_other, sample_call(OTHER))
THREAD(wait_pipe, sample_wait(PIPE, false))
THREAD(wait_pipe_in_slices, sample_wait(PIPE, true))
THREAD(wait_other_in_slices, sample_wait(OTHER, true))
THREAD(read_pipe, sample_read(PIPE))
THREAD(handle_device, sample_handle())
THREAD(read_pipe_and_close_other, sample_read(PIPE); sample_close(OTHER))
THREAD(open_pipe, sample_open(PIPE))
THREAD(open_other, sample_open(OTHER))
THREAD(close_pipe_and_open_other, sample_close(PIPE); sample_open(OTHER))
THREAD(open_and_close_pipe, sample_open(PIPE); sample_close(PIPE))
THREAD(open_device_and_pipe, sample_open(DEVICE); sample_open(PIPE))
THREAD(use_run, sample_run())
THREAD(use_run_and_close_pipe, sample_run_and_close(PIPE))
THREAD(use_run_and_close_it, sample_run_and_call_back(RUN))
THREAD(use_run_and_close_context, sample_run_and_call_back(CONTEXT))
THREAD(call_pipe_and_close_it_inside, sample_call_back(PIPE, PIPE))
THREAD(call_other_and_close_pipe_inside, sample_call_back(OTHER, PIPE))
THREAD(close_pipe_twice, sample_close(PIPE); sample_close(PIPE))
THREAD(finalize_late, sample_close(DEVICE); sample_close(PIPE))
THREAD(finalize_all, sample_close(PIPE); sample_close(DEVICE);
	sample_close(CONTEXT))
THREAD(call_other_and_close, sample_call(OTHER); sample_close(PIPE))
THREAD(call_device_and_close, sample_call(DEVICE); sample_close(CONTEXT))
THREAD(call_context_and_close, sample_call(CONTEXT); sample_close(DEVICE))

#define CASE(name_, setup_, count, ...)                               \
	{                                                             \
		.name = name_, .setup = setup_, .threads = count,     \
		.thread = {__VA_ARGS__}, .finish = sample_end,        \
		.memory = sample_memory, .describe = sample_describe, \
		.touch = sample_touch                                 \
	}

const struct model_case cases[] = {
	CASE("two-closers", with_pipe, 2, close_device, close_device),
	CASE("three-closers", with_device, 3, close_device, close_device,
		close_device),
	CASE("two-closers-of-the-root", with_pipe, 2, close_context,
		close_context),
	CASE("parent-and-child", with_pipe, 2, close_device, close_pipe),
	CASE("root-and-grandchild", with_pipe, 2, close_context, close_pipe),
	CASE("all-three-levels", with_pipe, 3, close_context, close_device,
		close_pipe),
	CASE("two-children-and-the-root", with_devices, 3, close_device,
		close_other_device, close_context),
	CASE("late-finalizers", with_pipe, 3, close_pipe_twice, finalize_late,
		finalize_all),
	CASE("call-and-close", with_pipe, 2, call_pipe, close_pipe),
	CASE("call-and-close-of-the-parent", with_pipe, 2, call_pipe,
		close_device),
	CASE("call-and-two-closers", with_pipe, 3, call_pipe, close_pipe,
		close_context),
	CASE("two-calls-and-close", with_pipes, 3, call_pipe, call_other,
		close_device),
	CASE("wait-and-close", with_pipe, 2, wait_pipe, close_pipe),
	CASE("wait-and-close-of-the-parent", with_pipe, 2, wait_pipe,
		close_device),
	CASE("wait-and-close-of-the-root", with_pipe, 2, wait_pipe,
		close_context),
	CASE("wait-and-two-closers", with_pipe, 3, wait_pipe, close_pipe,
		close_context),
	CASE("wait-and-second-caller", with_pipes, 2, wait_pipe,
		call_other_and_close),
	CASE("wait-and-caller-and-closer", with_pipes, 3, wait_pipe, call_other,
		close_context),
	CASE("wait-and-caller-of-the-context", with_pipe, 2,
		wait_pipe_in_slices, call_context_and_close),
	CASE("read-and-handler", with_pipe, 2, read_pipe, handle_device),
	CASE("read-and-handler-and-caller", with_pipe, 3, read_pipe,
		handle_device, call_pipe),
	CASE("two-waits-and-close", with_pipes, 3, wait_pipe_in_slices,
		wait_other_in_slices, close_device),
	CASE("open-and-close-of-the-parent", with_device, 2, open_pipe,
		close_device),
	CASE("open-and-close-of-the-root", with_device, 2, open_pipe,
		close_context),
	CASE("open-close-and-two-closers", with_device, 3, open_and_close_pipe,
		close_pipe, close_device),
	CASE("open-beside-a-close", with_pipe, 2, open_other, close_pipe),
	CASE("close-and-open-and-closer", with_pipe, 2,
		close_pipe_and_open_other, finalize_all),
	CASE("open-all-and-close", with_context, 3, open_device_and_pipe,
		call_pipe, close_context),
	CASE("run-and-close", with_run, 2, use_run, close_run),
	CASE("run-and-close-of-all", with_run, 3, use_run, close_device,
		close_context),
	CASE("run-and-wait-and-closers", with_all, 4, use_run, wait_pipe,
		close_run, close_context),
	CASE("waits-and-closers", with_pipes, 4, wait_pipe_in_slices,
		wait_other_in_slices, close_pipe, close_context),
	CASE("open-beside-closers", with_pipe, 4, open_other, call_device,
		close_pipe, close_device),
	CASE("calls-and-closers", with_pipe, 4, call_pipe, call_context,
		close_pipe, close_device),
	CASE("two-closers-of-a-child-and-root", with_pipe, 3, close_pipe,
		close_pipe, close_context),
	CASE("two-closers-and-one-of-a-child", with_pipe, 3, close_device,
		close_device, close_pipe),
	CASE("wait-and-two-closers-of-it", with_pipe, 3, wait_pipe, close_pipe,
		close_pipe),
	CASE("call-and-three-closers", with_pipe, 4, call_pipe, close_pipe,
		close_pipe, close_device),
	CASE("close-inside-a-callback", with_pipe, 2,
		call_pipe_and_close_it_inside, close_pipe),
	CASE("close-inside-anothers-callback", with_pipes, 3,
		call_other_and_close_pipe_inside, close_pipe, close_context),
	CASE("run-that-closes-its-pipe", with_all, 3, use_run_and_close_pipe,
		close_device, close_run),
	CASE("run-that-closes-its-pipe-and-root", with_all, 2,
		use_run_and_close_pipe, close_context),
	CASE("run-closed-in-its-callback", with_run, 2, use_run_and_close_it,
		close_run),
	CASE("root-that-is-closed-in-a-run", with_run, 3,
		use_run_and_close_context, close_device, close_context),
	CASE("read-and-close-beside-a-wait", with_pipes, 2,
		read_pipe_and_close_other, wait_other_in_slices),
	CASE("two-waits-and-caller-that-closes", with_pipes, 3,
		wait_pipe_in_slices, wait_other_in_slices,
		call_device_and_close),
	{.name = NULL},
};
