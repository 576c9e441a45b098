# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Pipes: bytes by copy into the caller's buffers, or in place as memoryviews.

A pipe's transfers live in memory that Python owns, so a slice of a view that
somebody keeps shows old bytes when the pipe has gone, and not freed memory.
The views themselves are released when they are given back.
"""

from __future__ import annotations

import math
import mmap
from enum import IntEnum
from types import TracebackType
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional,
                    Type, Union)

from ._async import AsyncPipe
from ._library import ffi, lib
from .errors import (
    TIMED_OUT, UINT32_MAX, InvalidError, check, failure, in_range)

if TYPE_CHECKING:
    from .device import Device

Buffer = Union[bytes, bytearray, memoryview, mmap.mmap]

_acquire = lib.clyde_pipe_acquire
_release = lib.clyde_pipe_release
_from_buffer = ffi.from_buffer
_BYTES = ffi.typeof("uint8_t[]")

# How long Python's signal handlers may be kept waiting, Ctrl-C that is.
_SLICE_MS = 100


# The library counts milliseconds in an int: 24 days.
_SECONDS_MAX = ((1 << 31) - 1) // 1000


class PipeId(IntEnum):
    EP2_OUT = lib.CLYDE_PIPE_EP2_OUT
    EP4_OUT = lib.CLYDE_PIPE_EP4_OUT
    EP6_IN = lib.CLYDE_PIPE_EP6_IN
    EP8_IN = lib.CLYDE_PIPE_EP8_IN

    @property
    def is_in(self) -> bool:
        return self in (PipeId.EP6_IN, PipeId.EP8_IN)


def milliseconds(seconds: float) -> int:
    """A timeout as the library has it; not shorter than it was asked for."""
    if not 0 <= seconds <= _SECONDS_MAX:
        raise InvalidError(f"a timeout of {seconds} s: it must be in "
                           f"0..{_SECONDS_MAX}")
    return math.ceil(seconds * 1000)


class Region:
    """The next bytes of an IN pipe, or room of an OUT pipe, in place.

    `with` gives the view, and gives all of it back as read or filled;
    release() says how much was.  If the body fails, none is.
    """

    __slots__ = ("view", "_give_back")

    def __init__(self, view: memoryview,
                 give_back: Callable[[int], None]) -> None:
        self.view = view
        self._give_back: Optional[Callable[[int], None]] = give_back

    def release(self, used: Optional[int] = None) -> None:
        """Give it back.  Again is fine."""
        give_back, self._give_back = self._give_back, None
        if give_back is None:
            return
        size = len(self.view) if used is None else used
        self.view.release()
        give_back(size)

    def __enter__(self) -> memoryview:
        return self.view

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if kind is None:
            self.release()
            return
        try:
            self.release(0)
        except OSError:  # it does not hide what went wrong before
            pass


class Pipe(AsyncPipe):
    """One direction of one byte stream.  Opened by Device.pipe()."""

    __slots__ = ("id", "_slice", "_map", "_memory", "_base", "_address",
                 "_view")

    _view: memoryview

    def __init__(self, device: Device, pipe_id: PipeId, transfer_size: int = 0,
                 depth: int = 0, quad: bool = False) -> None:
        self.device = device
        self.id = PipeId(pipe_id)
        options = ffi.new("struct clyde_pipe_options *", {
            "transfer_size":
                in_range("transfer_size", transfer_size, UINT32_MAX)
                or lib.CLYDE_TRANSFER_SIZE_DEFAULT,
            "depth": in_range("depth", depth, UINT32_MAX)
                or lib.CLYDE_DEPTH_DEFAULT,
            "quad": quad})
        self._allocate(options)
        handle = ffi.new("struct clyde_pipe **")
        check(lib.clyde_pipe_open(
            device._handle, self.id, options, handle))
        self._open(handle[0], lib.clyde_pipe_token(handle[0]))
        device._pipes.add(self)
        # Virtual time does not pass while we look: no wait there is long.
        self._slice = _SLICE_MS if device.real_time else -1
        # Where acquire() puts an address, and where we read it as a number.
        self._given = self._row = 0
        self._keep_nothing()
        self._address = ffi.new("uintptr_t *")
        self._slot = ffi.cast("void **", self._address)

    def _allocate(self, options: Any) -> None:
        size = options.transfer_size * options.depth * (1 + self.id.is_in)
        if options.transfer_size > lib.CLYDE_TRANSFER_SIZE_MAX or \
                options.depth > lib.CLYDE_DEPTH_MAX:
            return  # the library will say what is wrong
        self._map = mmap.mmap(
            -1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory = memoryview(self._map)
        options.memory = _from_buffer(self._map)
        options.memory_size = size
        self._base = int(ffi.cast("uintptr_t", options.memory))

    def _let_go(self) -> None:
        if self.device._watch:
            self.device._watch.wake()
        self._keep_nothing()
        # Where the collector is late, at least the pages go now.
        self._map.madvise(mmap.MADV_DONTNEED)

    # ---- In place ----

    def _settle(self) -> None:
        """Give back the view that an iteration gave."""
        size, self._given = self._given, 0
        self._view.release()
        check(_release(self._handle, size))

    def _wait(self, timeout: Optional[float]) -> int:
        """Wait for a region, so that signals are seen: its size."""
        if self._given:
            self._settle()
        left = math.inf if timeout is None else milliseconds(timeout)
        while True:
            wait = self._slice
            if left < wait or (wait < 0 and left < math.inf):
                wait = int(left)
            size = _acquire(self._handle, self._slot, wait)
            left -= wait
            if size != TIMED_OUT or left <= 0:
                return check(size)

    def _region(self, size: int) -> Region:
        start = self._address[0] - self._base
        return Region(self._memory[start:start + size], self._release)

    def _release(self, used: int) -> None:
        check(_release(self._handle, used))

    def _kept_region(self) -> Region:
        return Region(self._lend(), self._give_back)

    def acquire(self, timeout: Optional[float] = None) -> Region:
        """The next bytes, or room for some, waiting for it."""
        if self._kept:
            return self._kept_region()
        return self._region(self._wait(timeout))

    def _give(self, size: int) -> memoryview:
        start = self._address[0] - self._base
        self._view = self._memory[start:start + size]
        self._given = size
        return self._view

    def __iter__(self) -> Iterator[memoryview]:
        """The stream in place, view by view.  The next call on this pipe
        gives a view back.  The stream ends with an exception only."""
        return self

    def __next__(self) -> memoryview:
        if self._given:
            self._settle()
        if self._kept:
            return self._take_all()
        size = _acquire(self._handle, self._slot, self._slice)
        if size < 0:
            if size != TIMED_OUT:
                raise failure(size)
            size = self._wait(None)
        return self._give(size)

    def views(self, timeout: float) -> Iterator[memoryview]:
        """The same, with a deadline for each."""
        while True:
            yield (self._take_all() if self._kept else
                   self._give(self._wait(timeout)))

    # ---- By copy ----

    def _move(self, call: Any, data: Any, size: int,
              timeout: Optional[float], some: bool = False,
              done: int = 0) -> int:
        """Call until all is moved, or some; so that signals are seen.  What
        was moved counts more than why no more was: that the next call says.
        """
        if self._given:
            self._settle()
        handle, wait = self._handle, self._slice
        left = math.inf if timeout is None else milliseconds(timeout)
        while True:
            if left < wait or (wait < 0 and left < math.inf):
                wait = int(left)
            result = call(handle, data, size, wait)
            left -= wait
            if result == size:
                return done + result
            if result > 0:
                done += result
                if some:
                    return done
                data, size = data + result, size - result
            if left <= 0 or (result < 0 and result != TIMED_OUT):
                break
        return done or check(result)

    def readinto(self, buffer: Buffer,
                 timeout: Optional[float] = None) -> int:
        """Fill the buffer; less only at the timeout, or before an error that
        the next call raises."""
        data = _from_buffer(_BYTES, buffer, True)
        size = len(data)
        done = self._take(data, size) if self._kept else 0
        if done and done == size:
            return done
        return self._move(lib.clyde_pipe_read, data + done, size - done,
                          timeout, done=done)

    def readinto1(self, buffer: Buffer,
                  timeout: Optional[float] = None) -> int:
        """Read what is there, and at least one byte."""
        data = _from_buffer(_BYTES, buffer, True)
        if self._kept:
            return self._take(data, len(data))
        return self._move(
            lib.clyde_pipe_read_some, data, len(data), timeout, True)

    def read(self, size: int, timeout: Optional[float] = None) -> bytes:
        data = bytearray(size)
        return bytes(memoryview(data)[:self.readinto(data, timeout)])

    def read1(self, size: int, timeout: Optional[float] = None) -> bytes:
        data = bytearray(size)
        return bytes(memoryview(data)[:self.readinto1(data, timeout)])

    def write(self, data: Buffer, timeout: Optional[float] = None) -> int:
        """Write all; it leaves in transfers of the pipe's size, the rest with
        flush() or push()."""
        raw = _from_buffer(_BYTES, data)
        return self._move(lib.clyde_pipe_write, raw, len(raw), timeout)

    def flush(self, timeout: Optional[float] = None) -> None:
        """Send what is buffered, and wait until the device has it."""
        self._move(_flush, None, 0, timeout)

    def push(self) -> None:
        """Send what is buffered, and do not wait for it."""
        if self._given:
            self._settle()
        check(lib.clyde_pipe_push(self._handle))

    # ---- The stream ----

    def cancel(self) -> None:
        """Cancel the transfers in flight; what had arrived can be read."""
        if self._given:
            self._settle()
        check(lib.clyde_pipe_cancel(self._handle))

    def resume(self) -> None:
        """After a cancel: go on where the stream stopped."""
        check(lib.clyde_pipe_resume(self._handle))

    def reset(self) -> None:
        """Start over: both sides of the FX2 bus are reset."""
        if self._given:
            self._settle()
        check(lib.clyde_pipe_reset(self._handle))
        self._keep_nothing()

    def set_idle_flush(self, idle_ns: int) -> None:
        """How long the FPGA waits for a further byte before it sends."""
        check(lib.clyde_pipe_set_idle_flush(
            self._handle, in_range("idle_ns", idle_ns, UINT32_MAX)))

    @property
    def offset(self) -> int:
        """Bytes delivered, or taken by the device: all up to here is good."""
        if self._given:
            self._settle()
        offset = ffi.new("uint64_t *")
        check(lib.clyde_pipe_offset(self._handle, offset))
        return offset[0] - len(self._kept)

    def stats(self) -> Dict[str, int]:
        stats = ffi.new("struct clyde_pipe_stats *")
        check(lib.clyde_pipe_stats(self._handle, stats))
        return {name: getattr(stats, name)
                for name, _ in ffi.typeof(stats).item.fields}


def _flush(handle: Any, _: Any, __: int, wait: int) -> int:
    return lib.clyde_pipe_flush(handle, wait)
