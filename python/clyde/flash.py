# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""SPI NOR flash chips behind an Spi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Tuple

from ._library import ffi, lib, text
from ._object import Object
from ._observed import Observed, Progress
from ._steps import Buffer
from .errors import UINT32_MAX, InvalidError, check, in_range

if TYPE_CHECKING:
    from .spi import Spi

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

    def _call(self, function: Any, arguments: Tuple[Any, ...],
              progress: Optional[Progress]) -> Observed:
        return Observed(
            self.spi.device.context,
            lambda observer: function(self._handle, *arguments, observer),
            progress)

    def _range(self, function: Any, address: int, size: int,
               progress: Optional[Progress]) -> Observed:
        return self._call(
            function, (in_range("address", address, _UINT64_MAX),
                       in_range("size", size, _UINT64_MAX)), progress)

    def _data(self, function: Any, address: int, data: Any,
              progress: Optional[Progress]) -> Observed:
        return self._call(
            function, (in_range("address", address, _UINT64_MAX), data,
                       len(data)), progress)

    def _send(self, function: Any, address: int, data: Buffer,
              progress: Optional[Progress]) -> Observed:
        return self._data(function, address, ffi.from_buffer(_BYTES, data),
                          progress)

    def _receive(self, address: int, data: Any,
                 progress: Optional[Progress]) -> Observed:
        return self._data(lib.clyde_flash_read, address, data, progress)

    def _room(self, size: int) -> Any:
        if not 0 <= size <= self.info.size:
            raise InvalidError(f"size: {size} is not in 0..{self.info.size}, "
                               "the size of the chip")
        return ffi.new(_BYTES, size)

    # ---- Calls that wait ----

    def read(self, address: int, size: int,
             progress: Optional[Progress] = None) -> bytes:
        """Read so many bytes."""
        data = self._room(size)
        self._receive(address, data, progress).make()
        return ffi.buffer(data)[:]

    def readinto(self, address: int, buffer: Buffer,
                 progress: Optional[Progress] = None) -> int:
        """Fill the buffer in place, and return its size."""
        data = ffi.from_buffer(_BYTES, buffer, True)
        self._receive(address, data, progress).make()
        return len(data)

    def verify(self, address: int, data: Buffer,
               progress: Optional[Progress] = None) -> None:
        """Compare the chip with these bytes.  Raises VerifyError."""
        self._send(
            lib.clyde_flash_verify, address, data, progress).make()

    def erase(self, address: int, size: int,
              progress: Optional[Progress] = None) -> None:
        """Erase whole sectors."""
        self._range(
            lib.clyde_flash_erase, address, size, progress).make()

    def erase_chip(self, progress: Optional[Progress] = None) -> None:
        """Erase all of the chip."""
        self._call(lib.clyde_flash_erase_chip, (), progress).make()

    def program(self, address: int, data: Buffer,
                progress: Optional[Progress] = None) -> None:
        """Program bytes that are erased."""
        self._send(
            lib.clyde_flash_program, address, data, progress).make()

    def write(self, address: int, data: Buffer,
              progress: Optional[Progress] = None) -> None:
        """Make the chip hold these bytes, and change none beside them: erase
        and program where it is needed, and verify."""
        self._send(lib.clyde_flash_write, address, data, progress).make()

    # ---- Calls for asyncio ----

    async def aread(self, address: int, size: int,
                    progress: Optional[Progress] = None) -> bytes:
        data = self._room(size)
        await self._receive(address, data, progress).amake()
        return ffi.buffer(data)[:]

    async def areadinto(self, address: int, buffer: Buffer,
                        progress: Optional[Progress] = None) -> int:
        data = ffi.from_buffer(_BYTES, buffer, True)
        await self._receive(address, data, progress).amake()
        return len(data)

    async def averify(self, address: int, data: Buffer,
                      progress: Optional[Progress] = None) -> None:
        await self._send(
            lib.clyde_flash_verify, address, data, progress).amake()

    async def aerase(self, address: int, size: int,
                     progress: Optional[Progress] = None) -> None:
        await self._range(
            lib.clyde_flash_erase, address, size, progress).amake()

    async def aerase_chip(self, progress: Optional[Progress] = None) -> None:
        await self._call(lib.clyde_flash_erase_chip, (), progress).amake()

    async def aprogram(self, address: int, data: Buffer,
                       progress: Optional[Progress] = None) -> None:
        await self._send(
            lib.clyde_flash_program, address, data, progress).amake()

    async def awrite(self, address: int, data: Buffer,
                     progress: Optional[Progress] = None) -> None:
        await self._send(
            lib.clyde_flash_write, address, data, progress).amake()
