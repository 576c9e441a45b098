# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Calls that may take for ever: gives signals their turn meanwhile.

Python handles signals on its main thread, between two steps of Python.  So
from there such a call goes to a thread of its own, and the main one waits for
a lock, which a signal interrupts.
"""

from __future__ import annotations

import signal
import threading
from _thread import allocate_lock, start_new_thread
from typing import Callable


class _Call:
    """Begun and awaited by one thread, done by another."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._go, self._done = allocate_lock(), allocate_lock()
        self._go.acquire()
        self._done.acquire()
        self._begun = self._over = False

    def _work(self) -> None:
        # The kernel may give a signal to any thread that does not block it,
        # and only in the main thread does one interrupt the wait for a lock.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._go.acquire()
        try:
            if self._begun:
                self._call()
        finally:
            self._over = True
            self._done.release()

    def run(self) -> None:
        start_new_thread(self._work, ())
        self._begun = True
        self._go.release()
        self._done.acquire()

    def end(self, interrupt: Callable[[], None]) -> None:
        """After what a signal's handler has raised, wherever that was.  Ctrl-C
        once more changes nothing: it is ending."""
        while not self._over:
            try:
                if self._begun:
                    interrupt()
                if self._go.locked():
                    self._go.release()
                if not self._begun:
                    return
                self._done.acquire(timeout=1)
            except BaseException:
                pass


def attend(call: Callable[[], None], interrupt: Callable[[], None]) -> None:
    """Make a call, which must raise nothing, and which `interrupt` ends.
    What a signal's handler raises meanwhile does so, and is raised."""
    if threading.current_thread() is not threading.main_thread():
        call()
        return
    attended = _Call(call)
    try:
        attended.run()
    except BaseException:
        attended.end(interrupt)
        raise
