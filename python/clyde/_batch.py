# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part of an Spi or a Jtag that submits and collects batches; its calls for
asyncio wait for the event loop between two calls of the library, which then do
not wait.

Batches are collected in the order of their tickets, each by a call of its own,
since the library says only whether one of several has failed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

from ._library import ffi, lib
from ._object import Object
from ._steps import Lent, Received
from ._watch import watch
from .errors import TIMED_OUT, failure, kind
from .pipe import SLICE_MS, milliseconds

if TYPE_CHECKING:
    from .device import Device


def _left(timeout: Optional[float]) -> float:
    return math.inf if timeout is None else milliseconds(timeout)


class Batch:
    """Steps that submit() has sent: their ticket.  It may be dropped
    without collect(): the steps are carried out all the same."""

    __slots__ = ("_owner", "_lent")

    def __init__(self, owner: Batches, lent: Lent) -> None:
        self._owner = owner
        self._lent = lent

    def collect(self, timeout: Optional[float] = None) -> List[Received]:
        """Wait for the end of this batch, and of all before it.  Returns what
        its steps received, in their order, without those that receive nothing:
        bytes, the buffer that was given, or a number for bits and polls.  It
        may be called again, also after a Timeout.

        If a batch before it failed, and nothing has raised that failure yet,
        it is raised here; then call collect() again for the results."""
        self._owner._collect(self._lent, timeout)
        return self._lent.results()

    async def acollect(self) -> List[Received]:
        """The same for asyncio."""
        await self._owner._acollect(self._lent)
        return self._lent.results()

    @property
    def failed(self) -> Optional[int]:
        """After a collect() that raised: the index of the step that failed,
        or None if none of this batch did."""
        return self._lent.failed


class Batches(Object):
    """An Spi or a Jtag as far as its batches go.  Timeouts are in seconds of the link's
    time; None is no limit."""

    __slots__ = ("device", "_slice", "_lents", "_unreported")

    device: Device

    def _begin(self) -> None:
        # In virtual time a wait takes little real time, so slices are not
        # needed.
        self._slice = SLICE_MS if self.device.real_time else -1
        # In the order of submission.  It owns the memory that the library
        # writes to.
        self._lents: List[Lent] = []
        self._unreported: Optional[Lent] = None  # the last one that failed

    def _collect_ticket(self, ticket: int, timeout_ms: int) -> int:
        raise NotImplementedError

    def _find_failed(self, ret_step: Any) -> int:
        raise NotImplementedError

    def _on_closed(self) -> None:
        watching = self.device._watch
        if watching:
            watching.wake()
        self._lents.clear()

    def _wait(self, call: Callable[[int], int],
              left: float) -> Tuple[int, float]:
        """Repeat a call, waiting in slices, until its result is not a timeout
        or no time is left: `left`, in ms.  Returns the result, and the time
        that is left."""
        wait = self._slice
        while True:
            if left < wait or (wait < 0 and left < math.inf):
                wait = int(left)
            result = call(wait)
            left -= wait
            if result != TIMED_OUT or left <= 0:
                return result, max(left, 0)

    def _forget(self, lent: Lent) -> None:
        try:
            self._lents.remove(lent)
        except ValueError:  # another thread has closed the object
            pass

    # ---- Submit ----

    def _end_submit(self, lent: Lent, result: int) -> Batch:
        if result < 0:
            self._forget(lent)
            raise failure(result)
        lent.submitted()
        return Batch(self, lent)

    def _submit(self, lent: Lent, call: Callable[[int], int],
                timeout: Optional[float]) -> Batch:
        """`call` is the library's, which a timeout completes."""
        # Before the call, since an exception of a signal's handler may come
        # right after it.
        self._lents.append(lent)
        return self._end_submit(lent, self._wait(call, _left(timeout))[0])

    async def _asubmit(self, lent: Lent, call: Callable[[int], int]) -> Batch:
        self._lents.append(lent)
        try:
            result = await self._await(call)
        except BaseException:
            self._forget(lent)
            raise
        return self._end_submit(lent, result)

    async def _await(self, call: Callable[[int], int]) -> int:
        while True:
            result = call(0)
            if result != TIMED_OUT:
                return result
            await watch(self.device).progress()

    # ---- Collect ----

    def _next(self, wanted: Lent) -> Optional[Lent]:
        """The first batch that must be collected before `wanted` has ended, or
        None."""
        if wanted.ended:
            return None
        for lent in self._lents:
            if lent.slot[0] and not lent.ended:
                return lent
        return wanted  # the object is closed: its call says so

    def _collect_of(self, lent: Lent) -> Callable[[int], int]:
        def call(timeout_ms: int) -> int:
            return self._collect_ticket(lent.slot[0], timeout_ms)
        return call

    def _end_collect(self, lent: Lent, result: int) -> None:
        """Take the result of one batch's call.  Raises what ends all
        batches, and a timeout, after which the batch can be collected
        again."""
        if lent.ended:  # another thread was faster
            return
        if result < 0:
            error = failure(result)
            if result != lib.CLYDE_ERROR_LIMIT_PASSED:
                raise error
            # Not the exception, whose traceback would keep objects alive.
            lent.error = result, str(error)
            step = ffi.new("size_t *")
            if self._find_failed(step) == 1:
                lent.failed = step[0]
            self._unreported = lent
        lent.ended = True
        self._forget(lent)

    def _report(self, wanted: Lent) -> None:
        if wanted.error:
            if self._unreported is wanted:
                self._unreported = None
            raise kind(wanted.error[0])(wanted.error[1])
        unreported, self._unreported = self._unreported, None
        if unreported and unreported.error:
            raise kind(unreported.error[0])(unreported.error[1])

    def _collect(self, wanted: Lent, timeout: Optional[float]) -> None:
        left = _left(timeout)
        while True:
            lent = self._next(wanted)
            if lent is None:
                break
            result, left = self._wait(self._collect_of(lent), left)
            self._end_collect(lent, result)
        self._report(wanted)

    async def _acollect(self, wanted: Lent) -> None:
        while True:
            lent = self._next(wanted)
            if lent is None:
                break
            self._end_collect(lent, await self._await(self._collect_of(lent)))
        self._report(wanted)

    def synchronize(self, timeout: Optional[float] = None) -> None:
        """Wait for the end of all batches.  Raises the failure of one, if
        nothing has raised it yet."""
        for lent in reversed(self._lents):
            if lent.slot[0]:
                self._collect(lent, timeout)
                return
        if self._unreported:
            self._report(Lent([]))

    async def asynchronize(self) -> None:
        """The same for asyncio."""
        for lent in reversed(self._lents):
            if lent.slot[0]:
                await self._acollect(lent)
                return
        if self._unreported:
            self._report(Lent([]))
