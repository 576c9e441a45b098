# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The steps of an SPI batch, and the memory that a batch of any core lends to
the library.

The library writes what a chip sends into memory that must stay valid until the
batch is collected, or the object closed.  So a Lent owns that memory, and the
Spi or Jtag owns the Lent.  It must not depend on what the program keeps.

PyPy lets a program resize a bytearray, or unmap a mapping, whose memory a
cdata shows; CPython refuses it.  So a buffer of the caller is lent on CPython,
and on PyPy gets a copy when its batch is collected.
"""

from __future__ import annotations

import mmap
import sys
from typing import (
    Any, Dict, List, Optional, Sequence, Tuple, Type, Union)

from ._library import ffi, lib
from .errors import UINT32_MAX, InvalidError, in_range

Buffer = Union[bytes, bytearray, memoryview, mmap.mmap]
Received = Union[bytes, int, Buffer]

_BYTES = ffi.typeof("uint8_t[]")
_LENDS_BUFFERS = sys.implementation.name == "cpython"
_UINT16_MAX = (1 << 16) - 1

# The largest value of each member that the caller sets.
_MOST = {"lanes": 4, "bits": 8, "dummy": _UINT16_MAX, "command": 0xff,
         "mask": 0xff, "value": 0xff, "pins": 0xff, "limit_us": UINT32_MAX,
         "delay_us": UINT32_MAX}


class Step:
    """A step of a batch of any core."""

    __slots__ = ()
    TYPE: Any  # of an array of these

    def _fill(self, raw: Any, lent: Lent) -> None:
        """Write it to the library's struct; the memory belongs to `lent`."""
        raise NotImplementedError


class SpiStep(Step):
    """One step of a batch for Spi.transfer() and Spi.submit(); clyde.h explains
    it at struct clyde_spi_step.  A step may be used again.  It does not copy
    its data, which is read when the batch is submitted."""

    __slots__ = ("_members", "_data", "_into", "_number")
    TYPE = ffi.typeof("struct clyde_spi_step[]")

    def __init__(self, kind: int, data: Optional[Buffer] = None,
                 into: Union[None, int, Buffer] = None, number: bool = False,
                 deselect: bool = False, held: bool = False,
                 **members: int) -> None:
        for name, value in members.items():
            in_range(name, value, _MOST[name])
        self._members: Dict[str, int] = {
            "kind": kind,
            "flags": (lib.CLYDE_SPI_DESELECT * deselect |
                      lib.CLYDE_SPI_HELD * held), **members}
        self._data = data
        self._into = into  # a number of bytes, a buffer, or nothing
        self._number = number  # what it receives is one number

    @classmethod
    def exchange(cls, data: Buffer, into: Optional[Buffer] = None, *,
                 dummy: int = 0, deselect: bool = False,
                 delay_us: int = 0) -> SpiStep:
        """Send bytes, and receive as many at once, on one lane."""
        return cls(lib.CLYDE_SPI_TRANSFER, data,
                   memoryview(data).nbytes if into is None else into,
                   deselect=deselect, dummy=dummy, delay_us=delay_us)

    @classmethod
    def write(cls, data: Buffer, *, lanes: int = 1, dummy: int = 0,
              deselect: bool = False, delay_us: int = 0) -> SpiStep:
        """Send bytes, then `dummy` clocks."""
        return cls(lib.CLYDE_SPI_TRANSFER, data, deselect=deselect,
                   lanes=lanes, dummy=dummy, delay_us=delay_us)

    @classmethod
    def read(cls, into: Union[int, Buffer], *, lanes: int = 1, dummy: int = 0,
             deselect: bool = False, delay_us: int = 0) -> SpiStep:
        """Receive so many bytes, or fill this buffer."""
        return cls(lib.CLYDE_SPI_TRANSFER, None, into, deselect=deselect,
                   lanes=lanes, dummy=dummy, delay_us=delay_us)

    @classmethod
    def dummy(cls, clocks: int, *, lanes: int = 1, deselect: bool = False,
              delay_us: int = 0) -> SpiStep:
        """Clocks without data."""
        return cls(lib.CLYDE_SPI_TRANSFER, deselect=deselect, lanes=lanes,
                   dummy=clocks, delay_us=delay_us)

    @classmethod
    def delay(cls, delay_us: int) -> SpiStep:
        """Wait, with the chip selected."""
        return cls(lib.CLYDE_SPI_TRANSFER, delay_us=delay_us)

    @classmethod
    def bits(cls, value: int, bits: int, *, deselect: bool = False,
             delay_us: int = 0) -> SpiStep:
        """Send the lowest 1 to 8 bits of a value, the highest of them first,
        and receive as many: a number."""
        if not 1 <= bits <= 8 or not 0 <= value < 1 << bits:
            raise InvalidError(f"bits: {value} in {bits} bits: 1 to 8 bits "
                               "are possible, and the value must fit")
        return cls(lib.CLYDE_SPI_BITS, bytes([value << (8 - bits)]), 1, True,
                   deselect=deselect, bits=bits, delay_us=delay_us)

    @classmethod
    def poll(cls, command: int, mask: int, value: int, limit_us: int, *,
             held: bool = False, deselect: bool = False,
             delay_us: int = 0) -> SpiStep:
        """Ask the chip with a command byte until `received & mask` is `value`,
        for at most limit_us; with `held` only receive bytes.  Receives the last
        byte, a number."""
        return cls(lib.CLYDE_SPI_POLL, None, 1, True, deselect, held,
                   command=command, mask=mask, value=value,
                   limit_us=limit_us, delay_us=delay_us)

    @classmethod
    def wait(cls, line: int, level: bool, limit_us: int, *,
             delay_us: int = 0) -> SpiStep:
        """Wait for a level of an input, for at most limit_us: line 0 to 3 is
        IO0 to IO3, 4 the side input."""
        return cls(lib.CLYDE_SPI_WAIT, command=line, value=int(level),
                   limit_us=limit_us, delay_us=delay_us)

    @classmethod
    def pins(cls, levels: int, *, delay_us: int = 0) -> SpiStep:
        """Set outputs: bits 0 and 1 are the side outputs, bits 2 and 3 IO2 and
        IO3 while they are not lanes."""
        return cls(lib.CLYDE_SPI_PINS, pins=levels, delay_us=delay_us)

    def _fill(self, raw: Any, lent: Lent) -> None:
        for name, value in self._members.items():
            setattr(raw, name, value)
        sizes = []
        if self._data is not None:
            raw.out, size = lent.lend(self._data)
            sizes.append(size)
        if self._into is not None:
            memory, size = lent.receive(self._into, self._number)
            setattr(raw, "in", memory)
            sizes.append(size)
        if len(set(sizes)) > 1:
            raise InvalidError(f"a step sends {sizes[0]} bytes and receives "
                               f"{sizes[1]}: the two must be the same")
        if sizes and self._members["kind"] == lib.CLYDE_SPI_TRANSFER:
            raw.size = in_range("size", sizes[0], UINT32_MAX)


class _Reception:
    """Memory for what one step receives, and what the caller gets of it."""

    __slots__ = ("memory", "_into", "_number")

    def __init__(self, into: Union[int, Buffer], number: bool) -> None:
        self._into = into
        self._number = number
        if isinstance(self._into, int):
            size = in_range("size", self._into, UINT32_MAX)
            self.memory = ffi.new(_BYTES, size)
        elif _LENDS_BUFFERS:
            self.memory = ffi.from_buffer(_BYTES, self._into, True)
        else:
            given = ffi.from_buffer(_BYTES, self._into, True)
            self.memory = ffi.new(_BYTES, len(given))

    def result(self) -> Received:
        if self._number:
            return int.from_bytes(ffi.buffer(self.memory)[:], "little")
        if isinstance(self._into, int):
            return ffi.buffer(self.memory)[:]
        if not _LENDS_BUFFERS:
            given = ffi.from_buffer(_BYTES, self._into, True)
            ffi.memmove(given, self.memory,
                        min(len(given), len(self.memory)))
        return self._into


class Lent:
    """The memory of one batch.  `steps` and `count` are for the library's
    call, which copies them and the data to send."""

    __slots__ = ("steps", "count", "slot", "ended", "error", "failed",
                 "_data", "_receptions", "_results", "__weakref__")

    def __init__(self, steps: Sequence[Step],
                 kind: Type[Step] = SpiStep) -> None:
        self.count = len(steps)
        self.steps = ffi.new(kind.TYPE, self.count)
        self.slot = ffi.new("uint64_t *")  # the ticket; 0: not submitted
        self.ended = False  # collected
        self.error: Optional[Tuple[int, str]] = None  # code, message
        self.failed: Optional[int] = None  # the step
        self._data: List[Any] = []
        self._receptions: List[_Reception] = []
        self._results: Optional[List[Received]] = None
        for at, step in enumerate(steps):
            step._fill(self.steps[at], self)

    def lend(self, data: Buffer) -> Tuple[Any, int]:
        """The address of bytes to send, and their number."""
        memory = ffi.from_buffer(_BYTES, data)
        self._data.append(memory)
        return memory if len(memory) else ffi.NULL, len(memory)

    def receive(self, into: Union[int, Buffer],
                number: bool) -> Tuple[Any, int]:
        """The address of memory to receive into, and its size."""
        reception = _Reception(into, number)
        self._receptions.append(reception)
        size = len(reception.memory)
        return reception.memory if size else ffi.NULL, size

    def submitted(self) -> None:
        """The call has read what is sent: release it."""
        self.steps, self._data = None, []

    def results(self) -> List[Received]:
        """What the steps received, in their order, once it has ended."""
        if self._results is None:
            self._results = [each.result() for each in self._receptions]
            self._receptions = []
        return self._results
