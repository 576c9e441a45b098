# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part of a Pipe that stores the leftover: bytes that a cancelled read had
taken from the library.  Every later read returns them first."""

from __future__ import annotations

from typing import Any

from ._library import ffi
from ._object import Object
from .errors import BusyError, InvalidError


class LeftoverPipe(Object):
    """A pipe with a leftover, which is empty unless a read was cancelled."""

    __slots__ = ("_leftover", "_region_open")

    _leftover: bytes
    _region_open: bool  # a region shows the leftover, and was not released

    def _clear_leftover(self) -> None:
        self._leftover, self._region_open = b"", False

    def _put_back(self, data: Any, size: int) -> None:
        """Put these bytes in front of the leftover."""
        if size:
            self._leftover = ffi.buffer(data, size)[:] + self._leftover

    def _check_region(self) -> None:
        if self._region_open:
            raise BusyError("a region has not been released")

    def _read_leftover(self, data: Any, size: int) -> int:
        """Move up to `size` bytes of the leftover to C memory, and return how
        many."""
        self._check_region()
        count = min(size, len(self._leftover))
        ffi.memmove(data, self._leftover, count)
        self._leftover = self._leftover[count:]
        return count

    def _take_leftover(self) -> memoryview:
        """A view of the leftover, which is empty then."""
        self._check_region()
        data, self._leftover = self._leftover, b""
        return memoryview(bytearray(data))

    def _lend_leftover(self) -> memoryview:
        """A view of the leftover for a region, until _release_leftover()."""
        self._check_region()
        self._region_open = True
        return memoryview(bytearray(self._leftover))

    def _release_leftover(self, used: int) -> None:
        if not 0 <= used <= len(self._leftover):
            raise InvalidError(
                f"{used} bytes of {len(self._leftover)} were released")
        self._region_open = False
        self._leftover = self._leftover[used:]
