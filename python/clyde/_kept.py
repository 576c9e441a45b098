# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part of a Pipe that keeps what a read had when it was cancelled, for
the reads that come after it."""

from __future__ import annotations

from typing import Any

from ._library import ffi
from ._owner import Owner
from .errors import BusyError, InvalidError


class KeptPipe(Owner):
    """Its bytes come before those that the library has; mostly, none."""

    __slots__ = ("_kept", "_lent")

    _kept: bytes
    _lent: bool  # a region shows them

    def _keep_nothing(self) -> None:
        self._kept, self._lent = b"", False

    def _keep(self, data: Any, size: int) -> None:
        if size:
            self._kept = ffi.buffer(data, size)[:] + self._kept

    def _check_lent(self) -> None:
        if self._lent:
            raise BusyError("a region has not been released")

    def _take(self, data: Any, size: int) -> int:
        """As many as there are, into C's memory: how many."""
        self._check_lent()
        count = min(size, len(self._kept))
        ffi.memmove(data, self._kept, count)
        self._kept = self._kept[count:]
        return count

    def _take_all(self) -> memoryview:
        self._check_lent()
        data, self._kept = self._kept, b""
        return memoryview(bytearray(data))

    def _lend(self) -> memoryview:
        self._check_lent()
        self._lent = True
        return memoryview(bytearray(self._kept))

    def _give_back(self, used: int) -> None:
        if not 0 <= used <= len(self._kept):
            raise InvalidError(
                f"{used} bytes of {len(self._kept)} were released")
        self._lent = False
        self._kept = self._kept[used:]
