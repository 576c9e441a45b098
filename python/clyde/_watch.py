# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A device or a monitor in an event loop: the loop watches its descriptor,
and wakes the coroutines that wait for its transfers or events.  There is no
thread but the loop's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, List, Union

from ._library import lib

if TYPE_CHECKING:
    import asyncio

    from .device import Device
    from .monitor import Monitor

    Watched = Union[Device, Monitor]

_process = lib.clyde_device_process


class Watch:
    """One device in one loop.  wake() and end() may come from any thread."""

    def __init__(self, device: Watched, loop: asyncio.AbstractEventLoop,
                 look: Callable[[Any], int]):
        self.loop = loop
        self._look = look  # whether there is anything to wake for
        self._fd = -1
        self._handle = device._handle
        self._waiting: List[asyncio.Future[None]] = []
        self._watching = False
        # Ours, so that it means the same until we let go of it, whenever the
        # device is closed.
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
        self._waiting = [each for each in self._waiting if not each.done()]
        return bool(self._waiting)

    def _readable(self) -> None:
        if not self.busy():
            self._stop()
        elif self._look(self._handle):  # or an error, which they will meet
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
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop is closed
            pass

    def end(self) -> None:
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


def watch(device: Watched,
          look: Callable[[Any], int] = _process) -> Watch:
    """The watch of a device in the loop that runs."""
    from asyncio import get_running_loop
    loop = get_running_loop()
    known = device._watch
    if known is not None and known.loop is loop:
        return known
    if known is not None:
        if known.loop.is_running() and known.busy():
            raise RuntimeError("another event loop waits for this device")
        known.end()
    device._watch = Watch(device, loop, look)
    return device._watch
