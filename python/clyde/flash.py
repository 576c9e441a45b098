# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""SPI NOR flash chips behind an Spi.

A call may take minutes.  So it is made on another thread, if it is for asyncio
or if the caller is the main thread, which handles signals meanwhile.
"""

from __future__ import annotations

from typing import (TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional,
                    Tuple)

from ._library import ffi, lib, text
from ._object import Object, callback
from ._signals import acall_interruptibly, call_interruptibly
from ._steps import Buffer
from .errors import (
    UINT32_MAX, Error, Interrupted, InvalidError, check, in_range)

if TYPE_CHECKING:
    from .spi import Spi

Progress = Callable[[str, int, int], None]

_UINT64_MAX = (1 << 64) - 1
_BYTES = ffi.typeof("uint8_t[]")


class FlashErase(NamedTuple):
    """A size that a chip can erase at once, with the members of struct
    clyde_flash_erase in clyde.h."""

    size: int
    typical_us: int
    maximum_us: int


class FlashInfo(NamedTuple):
    """What a chip is, with the members of struct clyde_flash_info in
    clyde.h."""

    jedec: bytes
    maker: str
    size: int
    page_size: int
    address_size: int
    lanes: int
    sfdp: bool
    sfdp_major: int
    sfdp_minor: int
    erases: List[FlashErase]
    program_us: int
    chip_erase_ms: int
    status: int


class _Call:
    """A call of the library with an observer, its memory, and how it ended."""

    def __init__(self, flash: Flash, function: Any, arguments: Tuple[Any, ...],
                 progress: Optional[Progress]) -> None:
        self._flash = flash
        self._function = function
        self._arguments = arguments
        self._progress = progress
        self._raised: List[BaseException] = []  # by `progress`
        self._ended: List[Error] = []

    def _failed(self, _: Any, error: BaseException, __: Any) -> None:
        self._raised.append(error)
        self.interrupt()

    def _on_progress(self, _: Any, what: Any, done: int, total: int) -> None:
        if self._progress and not self._raised:
            self._progress(text(what), done, total)

    def interrupt(self) -> None:
        self._flash.spi.device.context.interrupt()

    def run(self) -> None:
        """The call itself, on the thread that gets its message."""
        observer, hook = ffi.NULL, None
        if self._progress:
            hook = ffi.callback(
                "void(void *, const char *, uint64_t, uint64_t)",
                callback(self._on_progress), onerror=self._failed)
            observer = ffi.new("struct clyde_observer *", {"progress": hook})
        try:
            check(self._function(self._flash._handle, *self._arguments,
                                 observer))
        except Error as error:
            self._ended.append(error)

    def end(self, error: Optional[BaseException] = None) -> None:
        """After run(): raise `error`, if the wait for it raised one, or what
        `progress` raised, or what the library says.  The sentence of an
        interrupted call, which says what it has done, is the cause."""
        raised = error or (self._raised[0] if self._raised else None)
        ended = self._ended[0] if self._ended else None
        try:
            if raised:
                self._flash.spi.device.context.resume()
                raise raised from (
                    ended if isinstance(ended, Interrupted) else None)
            if ended:
                raise ended
        finally:
            raised = ended = error = None  # their tracebacks show this frame
            self._raised, self._ended = [], []


class Flash(Object):
    """A flash chip, opened by Spi.flash().  Addresses and sizes are in bytes.

    `progress` is called with a word, the bytes that are done and their number:
    on another thread, if the caller is the main thread or a coroutine.  An
    exception in it, or in a signal's handler, and a cancellation interrupt the
    context, until the chip is idle: meanwhile other calls in this context may
    raise Interrupted.  The calls that begin with `a` are for asyncio."""

    __slots__ = ("spi",)

    spi: Spi

    def __init__(self, spi: Spi, chip: int = 0, lanes: int = 1,
                 reset: bool = False, size: int = 0) -> None:
        self.spi = spi
        options = ffi.new("struct clyde_flash_options *", {
            "chip": in_range("chip", chip, UINT32_MAX),
            "lanes": in_range("lanes", lanes, UINT32_MAX), "reset": reset,
            "size": in_range("size", size, _UINT64_MAX)})
        handle = ffi.new("struct clyde_flash **")
        check(lib.clyde_flash_open(spi._handle, options, handle))
        self._open(handle[0], lib.clyde_flash_token(handle[0]))

    @property
    def info(self) -> FlashInfo:
        """What the chip is."""
        info = ffi.new("struct clyde_flash_info *")
        check(lib.clyde_flash_info(self._handle, info))
        erases = [FlashErase(each.size, each.typical_us, each.maximum_us)
                  for each in info.erases if each.size]
        return FlashInfo(
            bytes(info.jedec), text(info.maker), info.size, info.page_size,
            info.address_size, info.lanes, info.sfdp, info.sfdp_major,
            info.sfdp_minor, erases, info.program_us, info.chip_erase_ms,
            info.status)

    @property
    def protection(self) -> int:
        """The block protection bits of the status register, which stay when
        the power goes."""
        bits = ffi.new("unsigned *")
        check(lib.clyde_flash_protection_get(self._handle, bits))
        return bits[0]

    @protection.setter
    def protection(self, bits: int) -> None:
        check(lib.clyde_flash_protection_set(
            self._handle, in_range("protection", bits, UINT32_MAX)))

    # ---- What a call needs ----

    def _range(self, function: Any, address: int, size: int,
               progress: Optional[Progress]) -> _Call:
        return _Call(self, function, (in_range("address", address, _UINT64_MAX),
                                      in_range("size", size, _UINT64_MAX)),
                     progress)

    def _data(self, function: Any, address: int, data: Any,
              progress: Optional[Progress]) -> _Call:
        return _Call(self, function, (in_range("address", address, _UINT64_MAX),
                                      data, len(data)), progress)

    def _send(self, function: Any, address: int, data: Buffer,
              progress: Optional[Progress]) -> _Call:
        return self._data(function, address, ffi.from_buffer(_BYTES, data),
                          progress)

    def _receive(self, address: int, data: Any,
                 progress: Optional[Progress]) -> _Call:
        return self._data(lib.clyde_flash_read, address, data, progress)

    def _room(self, size: int) -> Any:
        if not 0 <= size <= self.info.size:
            raise InvalidError(f"size: {size} is not in 0..{self.info.size}, "
                               "the size of the chip")
        return ffi.new(_BYTES, size)

    def _make(self, call: _Call) -> None:
        try:
            call_interruptibly(call.run, call.interrupt)
        except BaseException as error:
            call.end(error)
        call.end()

    async def _amake(self, call: _Call) -> None:
        try:
            await acall_interruptibly(call.run, call.interrupt)
        except BaseException as error:
            call.end(error)
        call.end()

    # ---- Calls that wait ----

    def read(self, address: int, size: int,
             progress: Optional[Progress] = None) -> bytes:
        """Read so many bytes."""
        data = self._room(size)
        self._make(self._receive(address, data, progress))
        return ffi.buffer(data)[:]

    def readinto(self, address: int, buffer: Buffer,
                 progress: Optional[Progress] = None) -> int:
        """Fill the buffer in place, and return its size."""
        data = ffi.from_buffer(_BYTES, buffer, True)
        self._make(self._receive(address, data, progress))
        return len(data)

    def verify(self, address: int, data: Buffer,
               progress: Optional[Progress] = None) -> None:
        """Compare the chip with these bytes.  Raises VerifyError."""
        self._make(self._send(
            lib.clyde_flash_verify, address, data, progress))

    def erase(self, address: int, size: int,
              progress: Optional[Progress] = None) -> None:
        """Erase whole sectors."""
        self._make(self._range(
            lib.clyde_flash_erase, address, size, progress))

    def erase_chip(self, progress: Optional[Progress] = None) -> None:
        """Erase all of the chip."""
        self._make(_Call(self, lib.clyde_flash_erase_chip, (), progress))

    def program(self, address: int, data: Buffer,
                progress: Optional[Progress] = None) -> None:
        """Program bytes that are erased."""
        self._make(self._send(
            lib.clyde_flash_program, address, data, progress))

    def write(self, address: int, data: Buffer,
              progress: Optional[Progress] = None) -> None:
        """Make the chip hold these bytes, and change none beside them: erase
        and program where it is needed, and verify."""
        self._make(self._send(lib.clyde_flash_write, address, data, progress))

    # ---- Calls for asyncio ----

    async def aread(self, address: int, size: int,
                    progress: Optional[Progress] = None) -> bytes:
        data = self._room(size)
        await self._amake(self._receive(address, data, progress))
        return ffi.buffer(data)[:]

    async def areadinto(self, address: int, buffer: Buffer,
                        progress: Optional[Progress] = None) -> int:
        data = ffi.from_buffer(_BYTES, buffer, True)
        await self._amake(self._receive(address, data, progress))
        return len(data)

    async def averify(self, address: int, data: Buffer,
                      progress: Optional[Progress] = None) -> None:
        await self._amake(self._send(
            lib.clyde_flash_verify, address, data, progress))

    async def aerase(self, address: int, size: int,
                     progress: Optional[Progress] = None) -> None:
        await self._amake(self._range(
            lib.clyde_flash_erase, address, size, progress))

    async def aerase_chip(self, progress: Optional[Progress] = None) -> None:
        await self._amake(_Call(
            self, lib.clyde_flash_erase_chip, (), progress))

    async def aprogram(self, address: int, data: Buffer,
                       progress: Optional[Progress] = None) -> None:
        await self._amake(self._send(
            lib.clyde_flash_program, address, data, progress))

    async def awrite(self, address: int, data: Buffer,
                     progress: Optional[Progress] = None) -> None:
        await self._amake(self._send(
            lib.clyde_flash_write, address, data, progress))
