# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Makes calls of the library that may take any time, and lets Python handle
signals meanwhile; Run.start() uses it.

Python handles signals on its main thread, between two bytecodes.  So if the
main thread makes such a call, the call runs on a new thread, and the main
thread waits for a lock, a wait that a signal interrupts.
"""

from __future__ import annotations

import signal
import threading
from _thread import allocate_lock, start_new_thread
from typing import Callable


class _Call:
    """A call on a new thread.  run() and end() are for the thread that waits.
    The call does not start before run() has recorded that it will, so that an
    exception in run() finds a definite state."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._start, self._done = allocate_lock(), allocate_lock()
        self._start.acquire()
        self._done.acquire()
        self._started = self._finished = False

    def _work(self) -> None:
        # The kernel may give a signal to any thread that does not block it,
        # and only in the main thread does one interrupt the wait for a lock.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._start.acquire()
        try:
            if self._started:
                self._call()
        finally:
            self._finished = True
            self._done.release()

    def run(self) -> None:
        start_new_thread(self._work, ())
        self._started = True
        self._start.release()
        self._done.acquire()

    def end(self, interrupt: Callable[[], None]) -> None:
        """Interrupt the call and wait for its end, after a signal's handler
        raised an exception in run().  Exceptions of further signals are
        dropped, as the call is ending already."""
        while not self._finished:
            try:
                if self._started:
                    interrupt()
                if self._start.locked():
                    self._start.release()
                if not self._started:
                    return
                self._done.acquire(timeout=1)
            except BaseException:
                pass


def call_interruptibly(call: Callable[[], None],
                       interrupt: Callable[[], None]) -> None:
    """Make a call.  If a signal's handler raises an exception meanwhile, call
    `interrupt`, which must make the call return, and raise that exception when
    it has.  The call itself must not raise."""
    if threading.current_thread() is not threading.main_thread():
        call()
        return
    pending = _Call(call)
    try:
        pending.run()
    except BaseException:
        pending.end(interrupt)
        raise


async def acall_interruptibly(call: Callable[[], None],
                              interrupt: Callable[[], None]) -> None:
    """The same for asyncio: make the call on a new thread.  If the task is
    cancelled meanwhile, call `interrupt`, and end the task when the call has
    returned."""
    from asyncio import CancelledError, get_running_loop, shield
    loop = get_running_loop()
    done = loop.create_future()

    def end() -> None:
        if not done.done():
            done.set_result(None)

    def work() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            call()
        finally:
            try:
                loop.call_soon_threadsafe(end)
            except RuntimeError:  # the loop is closed
                pass

    start_new_thread(work, ())
    cancelled = None
    while not done.done():
        try:
            await shield(done)
        except CancelledError as error:
            cancelled = error
            interrupt()
    if cancelled:
        raise cancelled
