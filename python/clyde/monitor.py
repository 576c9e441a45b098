# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Monitors report devices that arrive and leave, to `for` or `async for`.

A wait is made in slices of 0.1 s, so that Python can run signal handlers.
"""

from __future__ import annotations

import math
import time
from enum import IntEnum
from typing import Any, AsyncIterator, Iterator, NamedTuple, Optional

from ._library import ffi, lib
from ._object import Object
from ._watch import Watch, watch
from .context import Context, DeviceInfo, device_info, encode
from .errors import TIMED_OUT, InvalidError, check

_next = lib.clyde_monitor_next

_SLICE_S = 0.1


class MonitorChange(IntEnum):
    ARRIVED = lib.CLYDE_MONITOR_ARRIVED
    LEFT = lib.CLYDE_MONITOR_LEFT


class MonitorEvent(NamedTuple):
    """An event: its kind, and the device as it was when it arrived."""

    change: MonitorChange
    info: DeviceInfo


def deadline(timeout: Optional[float]) -> float:
    """The end of a wait by time.monotonic(); infinity without a timeout."""
    if timeout is None:
        return math.inf
    if not timeout >= 0:
        raise InvalidError(f"a timeout of {timeout} s: 0 or more are possible")
    return time.monotonic() + timeout


def _always(handle: Any) -> int:
    return 1


class Monitor(Object):
    """An iterator over events, opened by Context.monitor().  Devices that are
    plugged in already are reported first, as arrived.  An iteration ends only
    with an exception."""

    __slots__ = ("context", "_event", "_real_time", "_watch")

    def __init__(self, context: Context, uri: Optional[str] = None) -> None:
        handle = ffi.new("struct clyde_monitor **")
        self.context = context
        self._watch: Optional[Watch] = None
        self._event = ffi.new("struct clyde_monitor_event *")
        # Virtual devices never arrive or leave, so the library does not wait
        # and slices are not needed.
        self._real_time = not (uri or "").startswith("virtual:")
        check(lib.clyde_monitor_new(context._handle, encode(uri), handle))
        self._open(handle[0], lib.clyde_monitor_token(handle[0]))
        context._monitors.add(self)

    def _on_closed(self) -> None:
        if self._watch:
            self._watch.end()

    def _take(self) -> MonitorEvent:
        return MonitorEvent(MonitorChange(self._event.change),
                            device_info(self._event.info))

    def fileno(self) -> int:
        """A descriptor for select, poll and event loops.  It is readable when
        next(0) has something to do.  The monitor owns the descriptor."""
        return check(lib.clyde_monitor_poll_fd(self._handle))

    def next(self, timeout: Optional[float] = None) -> MonitorEvent:
        """Wait for the next event.  The timeout is in seconds; None is no
        limit.  Raises Timeout."""
        end = deadline(timeout)
        while True:
            left = max(0.0, end - time.monotonic())
            wait = math.ceil(min(left, _SLICE_S) * 1000)
            if timeout is None and not self._real_time:
                wait = -1
            result = _next(self._handle, self._event, wait)
            if result != TIMED_OUT or left <= _SLICE_S:
                check(result)
                return self._take()
            if not self._real_time:
                check(result)

    def __iter__(self) -> Iterator[MonitorEvent]:
        return self

    def __next__(self) -> MonitorEvent:
        return self.next()

    def __aiter__(self) -> AsyncIterator[MonitorEvent]:
        return self

    async def __anext__(self) -> MonitorEvent:
        while True:
            result = _next(self._handle, self._event,
                           0 if self._real_time else -1)
            if result != TIMED_OUT:
                check(result)
                return self._take()
            await watch(self, _always).progress()


def wait(context: Context, uri: Optional[str], serial: Optional[str],
         timeout: Optional[float]) -> DeviceInfo:
    """Context.wait().  A board with the same chip that is not a Glasgow does
    not end the wait."""
    end = deadline(timeout)
    with Monitor(context, uri) as monitor:
        while True:
            left = None if timeout is None else max(
                0.0, end - time.monotonic())
            event = monitor.next(left)
            if event.change is not MonitorChange.ARRIVED:
                continue
            if serial is None and event.info.configured or \
                    serial is not None and event.info.serial == serial:
                return event.info
