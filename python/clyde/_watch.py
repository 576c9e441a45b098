# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A device or a monitor in an event loop: the loop watches its descriptor and
wakes the coroutines that wait for its transfers or events, on the loop's
thread.  No other thread is used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, List, Union

from ._library import lib

if TYPE_CHECKING:
    import asyncio

    from .device import Device
    from .monitor import Monitor

    Pollable = Union[Device, Monitor]

_process = lib.clyde_device_process


class Watch:
    """One device or monitor in one loop.  wake() and end() may be called on
    any thread, all other methods only on the loop's.  `poll` processes events
    without waiting; its result is not 0 if coroutines have to be woken."""

    def __init__(self, device: Pollable, loop: asyncio.AbstractEventLoop,
                 poll: Callable[[Any], int]):
        self.loop = loop
        self._poll = poll
        self._fd = -1
        self._handle = device._handle
        self._waiting: List[asyncio.Future[None]] = []
        self._watching = False
        # A duplicate: another thread may close the device, and the number of
        # its descriptor could be another file's while the loop watches it.
        self._fd = os.dup(device.fileno())

    async def progress(self) -> None:
        """Wait until transfers have come back, or the device is closed."""
        if self._fd < 0:
            return
        future = self.loop.create_future()
        self._waiting.append(future)
        if not self._watching:
            self._watching = True
            self.loop.add_reader(self._fd, self._readable)
        await future

    def busy(self) -> bool:
        """Whether coroutines wait."""
        self._waiting = [each for each in self._waiting if not each.done()]
        return bool(self._waiting)

    def _readable(self) -> None:
        if not self.busy():
            self._stop()
        # An error is not 0 either; the coroutines' own calls raise it.
        elif self._poll(self._handle):
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _stop(self) -> None:
        if self._watching:
            self._watching = False
            self.loop.remove_reader(self._fd)

    def _end(self) -> None:
        self._stop()
        self._drop()
        self._wake()

    def wake(self) -> None:
        """Wake all coroutines that wait."""
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop is closed
            pass

    def end(self) -> None:
        """Stop watching, and wake all coroutines that wait."""
        try:
            self.loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            self._drop()

    def _drop(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self._drop()


def watch(device: Pollable,
          poll: Callable[[Any], int] = _process) -> Watch:
    """The watch of a device or monitor in the running loop.  Raises
    RuntimeError if coroutines of another running loop wait for it."""
    from asyncio import get_running_loop
    loop = get_running_loop()
    known = device._watch
    if known is not None and known.loop is loop:
        return known
    if known is not None:
        if known.loop.is_running() and known.busy():
            raise RuntimeError("another event loop waits for this device")
        known.end()
    device._watch = Watch(device, loop, poll)
    return device._watch
