# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part of a Pipe that is for asyncio: the same calls without waiting, and
in between the loop has its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator

from ._kept import KeptPipe
from ._library import ffi, lib
from ._watch import watch
from .errors import TIMED_OUT, check

if TYPE_CHECKING:
    from .device import Device
    from .pipe import Buffer, Region

_acquire = lib.clyde_pipe_acquire

# Views that are there already are given in a row, before others have a turn.
_ROW = 16


class AsyncPipe(KeptPipe):
    """A deadline is asyncio.wait_for()'s.  A read that is cancelled has
    taken nothing: the next read, by any call, gives the bytes that had arrived.
    In awrite(), what the pipe had taken goes on its way: after aflush(), or
    after cancel(), which drops what has not left, `offset` says how much."""

    __slots__ = ("device", "_slot", "_given", "_row")

    device: Device
    _slot: Any
    _given: int  # the size of the view that an iteration gave
    _row: int

    if TYPE_CHECKING:
        def _give(self, size: int) -> memoryview: ...
        def _region(self, size: int) -> Region: ...
        def _kept_region(self) -> Region: ...
        def _settle(self) -> None: ...

    async def _await(self, call: Any, *arguments: Any) -> int:
        """Call until the result is another one than "not yet"."""
        if self._given:
            self._settle()
        while True:
            result = call(self._handle, *arguments, 0)
            if result != TIMED_OUT:
                return result
            self._row = 0
            await watch(self.device).progress()

    async def areadinto(self, buffer: Buffer) -> int:
        """Fill the buffer; less only before an error that the next call
        raises."""
        data = ffi.from_buffer("uint8_t[]", buffer, True)
        size = len(data)
        done = self._take(data, size) if self._kept else 0
        try:
            while not done or done < size:
                result = await self._await(
                    lib.clyde_pipe_read_some, data + done, size - done)
                if result <= 0:
                    return done or check(result)
                done += result
        except BaseException:
            self._keep(data, done)
            raise
        return done

    async def aread(self, size: int) -> bytes:
        data = bytearray(size)
        return bytes(memoryview(data)[:await self.areadinto(data)])

    async def aread1(self, size: int) -> bytes:
        """Read what is there, and at least one byte."""
        data = ffi.new("uint8_t[]", size)
        count = (self._take(data, size) if self._kept else 0) or check(
            await self._await(lib.clyde_pipe_read_some, data, size))
        return ffi.buffer(data, count)[:]

    async def awrite(self, data: Buffer) -> int:
        """Write all, as write() does."""
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
        """Send what is buffered, and wait until the device has it."""
        check(await self._await(lib.clyde_pipe_flush))

    async def aacquire(self) -> Region:
        """The next bytes, or room for some, in place."""
        if self._kept:
            return self._kept_region()
        size = await self._await(_acquire, self._slot)
        return self._region(check(size))

    def __aiter__(self) -> AsyncIterator[memoryview]:
        """The stream in place, as `for` gives it."""
        return self

    async def __anext__(self) -> memoryview:
        self._row += 1
        if self._row == _ROW:
            self._row = 0
            from asyncio import sleep
            await sleep(0)
        if self._kept:
            return self._take_all()
        return self._give(check(await self._await(_acquire, self._slot)))
