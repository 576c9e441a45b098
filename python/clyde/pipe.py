# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Pipes: a stream by copy into the caller's buffers, or in place as
memoryviews.

A pipe's transfers use memory that Python owns.  So a slice of a view that is
used after the pipe was closed shows old bytes, and never freed memory.  The
views themselves are released with their region.
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

# The longest wait inside the library, since Python runs signal handlers only
# between calls.
SLICE_MS = 100


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
    """A timeout in ms for the library, rounded up."""
    if not 0 <= seconds <= _SECONDS_MAX:
        raise InvalidError(f"a timeout of {seconds} s: it must be in "
                           f"0..{_SECONDS_MAX}")
    return math.ceil(seconds * 1000)


class Region:
    """The next bytes of an IN pipe, or room of an OUT pipe, in place.

    `with` gives the view; at its end the whole view counts as read or filled.
    Call release() in the body for another number of bytes.  After an exception
    in the body, nothing counts as read or filled.
    """

    __slots__ = ("view", "_return")

    def __init__(self, view: memoryview,
                 release: Callable[[int], None]) -> None:
        self.view = view
        self._return: Optional[Callable[[int], None]] = release

    def release(self, used: Optional[int] = None) -> None:
        """Release the region, of which `used` bytes were read or filled, or
        all.  The view is not valid any more.  Further calls do nothing."""
        release, self._return = self._return, None
        if release is None:
            return
        size = len(self.view) if used is None else used
        self.view.release()
        release(size)

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
        except OSError:  # the exception of the body is more important
            pass


class Pipe(AsyncPipe):
    """A byte stream in one direction, opened by Device.pipe().  Timeouts are
    in seconds of the link's time; None is no limit.  A call whose timeout
    passes raises Timeout, unless bytes were moved: then it returns how
    many."""

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
        device._owned.add(self)
        # In virtual time a wait takes little real time, so slices are not
        # needed.
        self._slice = SLICE_MS if device.real_time else -1
        self._view_size = self._ready_count = 0
        self._clear_leftover()
        # The library's acquire() writes an address to _slot, the same memory
        # as _address, from which it is read as a number.
        self._address = ffi.new("uintptr_t *")
        self._slot = ffi.cast("void **", self._address)

    def _allocate(self, options: Any) -> None:
        size = options.transfer_size * options.depth * (1 + self.id.is_in)
        if options.transfer_size > lib.CLYDE_TRANSFER_SIZE_MAX or \
                options.depth > lib.CLYDE_DEPTH_MAX:
            return  # the open fails, with the library's message
        self._map = mmap.mmap(
            -1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory = memoryview(self._map)
        options.memory = _from_buffer(self._map)
        options.memory_size = size
        self._base = int(ffi.cast("uintptr_t", options.memory))

    def _on_closed(self) -> None:
        if self.device._watch:
            self.device._watch.wake()
        self._clear_leftover()
        # Free the pages now; the mapping may wait for the garbage collector.
        self._map.madvise(mmap.MADV_DONTNEED)

    # ---- In place ----

    def _release_view(self) -> None:
        """Release the view that an iteration returned."""
        size, self._view_size = self._view_size, 0
        self._view.release()
        check(_release(self._handle, size))

    def _wait(self, timeout: Optional[float]) -> int:
        """Acquire a region, waiting in slices, and return its size."""
        if self._view_size:
            self._release_view()
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

    def _leftover_region(self) -> Region:
        return Region(self._lend_leftover(), self._release_leftover)

    def acquire(self, timeout: Optional[float] = None) -> Region:
        """Wait for the next bytes of an IN pipe, or for room of an OUT pipe.
        The region must be released before the next call on the pipe."""
        if self._leftover:
            return self._leftover_region()
        return self._region(self._wait(timeout))

    def _make_view(self, size: int) -> memoryview:
        start = self._address[0] - self._base
        self._view = self._memory[start:start + size]
        self._view_size = size
        return self._view

    def __iter__(self) -> Iterator[memoryview]:
        """Iterate over the stream in place.  A view is valid until the next
        call on this pipe, which releases it.  The iteration ends only with an
        exception."""
        return self

    def __next__(self) -> memoryview:
        if self._view_size:
            self._release_view()
        if self._leftover:
            return self._take_leftover()
        size = _acquire(self._handle, self._slot, self._slice)
        if size < 0:
            if size != TIMED_OUT:
                raise failure(size)
            size = self._wait(None)
        return self._make_view(size)

    def views(self, timeout: float) -> Iterator[memoryview]:
        """The same, with a timeout for each view."""
        while True:
            yield (self._take_leftover() if self._leftover else
                   self._make_view(self._wait(timeout)))

    # ---- By copy ----

    def _move(self, call: Any, data: Any, size: int,
              timeout: Optional[float], some: bool = False,
              done: int = 0) -> int:
        """Repeat a call, waiting in slices, until all bytes are moved, or with
        `some` any.  Returns the number of bytes, `done` included.  If some
        were moved before an error, it returns too: the next call raises the
        error."""
        if self._view_size:
            self._release_view()
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
        """Fill the buffer, and return the number of bytes.  It is less than
        the buffer's size only at the timeout, or if an error follows, which
        the next call raises."""
        data = _from_buffer(_BYTES, buffer, True)
        size = len(data)
        done = self._read_leftover(data, size) if self._leftover else 0
        if done and done == size:
            return done
        return self._move(lib.clyde_pipe_read, data + done, size - done,
                          timeout, done=done)

    def readinto1(self, buffer: Buffer,
                  timeout: Optional[float] = None) -> int:
        """Read what has arrived, at least one byte, and return the number."""
        data = _from_buffer(_BYTES, buffer, True)
        if self._leftover:
            return self._read_leftover(data, len(data))
        return self._move(
            lib.clyde_pipe_read_some, data, len(data), timeout, True)

    def read(self, size: int, timeout: Optional[float] = None) -> bytes:
        """Read this many bytes; fewer as for readinto()."""
        data = bytearray(size)
        return bytes(memoryview(data)[:self.readinto(data, timeout)])

    def read1(self, size: int, timeout: Optional[float] = None) -> bytes:
        """Read what has arrived: at least one byte, at most `size`."""
        data = bytearray(size)
        return bytes(memoryview(data)[:self.readinto1(data, timeout)])

    def write(self, data: Buffer, timeout: Optional[float] = None) -> int:
        """Write all data, and return the number of bytes, less only as for
        readinto().  Full transfers are sent at once; flush() or push() sends
        the rest."""
        raw = _from_buffer(_BYTES, data)
        return self._move(lib.clyde_pipe_write, raw, len(raw), timeout)

    def flush(self, timeout: Optional[float] = None) -> None:
        """Send what is buffered, and wait until the device has received it."""
        self._move(_flush, None, 0, timeout)

    def push(self) -> None:
        """Send what is buffered, without waiting."""
        if self._view_size:
            self._release_view()
        check(lib.clyde_pipe_push(self._handle))

    # ---- The stream ----

    def cancel(self) -> None:
        """Cancel the transfers in flight.  Bytes that had arrived can still be
        read."""
        if self._view_size:
            self._release_view()
        check(lib.clyde_pipe_cancel(self._handle))

    def resume(self) -> None:
        """Continue after a cancel(), where the stream stopped."""
        check(lib.clyde_pipe_resume(self._handle))

    def reset(self) -> None:
        """Start the stream again at offset 0: the FX2's and the FPGA's FIFOs
        are reset."""
        if self._view_size:
            self._release_view()
        check(lib.clyde_pipe_reset(self._handle))
        self._clear_leftover()

    def set_idle_flush(self, idle_ns: int) -> None:
        """Set how long, in ns, the FPGA waits for a further byte before it
        sends a short packet."""
        check(lib.clyde_pipe_set_idle_flush(
            self._handle, in_range("idle_ns", idle_ns, UINT32_MAX)))

    @property
    def offset(self) -> int:
        """The number of bytes delivered to the caller (IN) or received by the
        device (OUT) since the open or the last reset().  All of them are
        correct."""
        if self._view_size:
            self._release_view()
        offset = ffi.new("uint64_t *")
        check(lib.clyde_pipe_offset(self._handle, offset))
        return offset[0] - len(self._leftover)

    def stats(self) -> Dict[str, int]:
        """Counters, with the names of struct clyde_pipe_stats."""
        stats = ffi.new("struct clyde_pipe_stats *")
        check(lib.clyde_pipe_stats(self._handle, stats))
        return {name: getattr(stats, name)
                for name, _ in ffi.typeof(stats).item.fields}


def _flush(handle: Any, _: Any, __: int, wait: int) -> int:
    return lib.clyde_pipe_flush(handle, wait)
