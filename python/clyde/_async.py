# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part of a Pipe that is for asyncio.  Its methods make the library's
calls with a timeout of 0, and between two calls wait for the event loop.  No
call may block the loop's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator

from ._leftover import LeftoverPipe
from ._library import ffi, lib
from ._watch import watch
from .errors import TIMED_OUT, check

if TYPE_CHECKING:
    from .device import Device
    from .pipe import Buffer, Region

_acquire = lib.clyde_pipe_acquire

# After this many views that were ready at once, an iteration lets the loop run
# other tasks.
_READY_MAX = 16


class AsyncPipe(LeftoverPipe):
    """The awaitable calls of a pipe; for a deadline use asyncio.wait_for().

    A cancelled read loses nothing: the next read, by any call, returns the
    bytes that had arrived.  A cancelled awrite() may have passed on a part of
    its data.  After aflush(), or after cancel(), which drops what has not been
    sent, `offset` says how much."""

    __slots__ = ("device", "_slot", "_view_size", "_ready_count")

    device: Device
    _slot: Any
    _view_size: int  # size of the view that an iteration returned, or 0
    _ready_count: int

    if TYPE_CHECKING:
        def _make_view(self, size: int) -> memoryview: ...
        def _region(self, size: int) -> Region: ...
        def _leftover_region(self) -> Region: ...
        def _release_view(self) -> None: ...

    async def _await(self, call: Any, *arguments: Any) -> int:
        """Repeat a call, without waiting in it, until its result is not a
        timeout; return that result."""
        if self._view_size:
            self._release_view()
        while True:
            result = call(self._handle, *arguments, 0)
            if result != TIMED_OUT:
                return result
            self._ready_count = 0
            await watch(self.device).progress()

    async def areadinto(self, buffer: Buffer) -> int:
        """Fill the buffer, and return the number of bytes.  It is less than
        the buffer's size only if an error follows, which the next call
        raises."""
        data = ffi.from_buffer("uint8_t[]", buffer, True)
        size = len(data)
        done = self._read_leftover(data, size) if self._leftover else 0
        try:
            while not done or done < size:
                result = await self._await(
                    lib.clyde_pipe_read_some, data + done, size - done)
                if result <= 0:
                    return done or check(result)
                done += result
        except BaseException:
            self._put_back(data, done)
            raise
        return done

    async def aread(self, size: int) -> bytes:
        """Read this many bytes; fewer as for areadinto()."""
        data = bytearray(size)
        return bytes(memoryview(data)[:await self.areadinto(data)])

    async def aread1(self, size: int) -> bytes:
        """Read what has arrived: at least one byte, at most `size`."""
        data = ffi.new("uint8_t[]", size)
        count = self._read_leftover(data, size) if self._leftover else 0
        count = count or check(
            await self._await(lib.clyde_pipe_read_some, data, size))
        return ffi.buffer(data, count)[:]

    async def awrite(self, data: Buffer) -> int:
        """Write all data, and return the number of bytes, as write() does."""
        raw = ffi.from_buffer("uint8_t[]", data)
        size, done = len(raw), 0
        while True:
            result = await self._await(
                lib.clyde_pipe_write, raw + done, size - done)
            if result < 0:
                return done or check(result)
            done += result
            if done >= size:
                return done

    async def aflush(self) -> None:
        """Send what is buffered, and wait until the device has received it."""
        check(await self._await(lib.clyde_pipe_flush))

    async def aacquire(self) -> Region:
        """The next bytes of an IN pipe, or room of an OUT pipe, in place."""
        if self._leftover:
            return self._leftover_region()
        size = await self._await(_acquire, self._slot)
        return self._region(check(size))

    def __aiter__(self) -> AsyncIterator[memoryview]:
        """Iterate over the stream in place, as `for` does."""
        return self

    async def __anext__(self) -> memoryview:
        self._ready_count += 1
        if self._ready_count == _READY_MAX:
            self._ready_count = 0
            from asyncio import sleep
            await sleep(0)
        if self._leftover:
            return self._take_leftover()
        return self._make_view(check(await self._await(_acquire, self._slot)))
