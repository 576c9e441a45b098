# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The states of a TAP, and the steps of a JTAG batch."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Dict, Optional, Union

from ._library import ffi, lib
from ._steps import Buffer, Lent, Step
from .errors import UINT32_MAX, InvalidError, in_range

Bits = Union[int, Buffer]


class TapState(IntEnum):
    """The states of a TAP (IEEE 1149.1, figure 6-1)."""

    RESET = lib.CLYDE_TAP_RESET
    IDLE = lib.CLYDE_TAP_IDLE
    DR_SELECT = lib.CLYDE_TAP_DR_SELECT
    DR_CAPTURE = lib.CLYDE_TAP_DR_CAPTURE
    DR_SHIFT = lib.CLYDE_TAP_DR_SHIFT
    DR_EXIT1 = lib.CLYDE_TAP_DR_EXIT1
    DR_PAUSE = lib.CLYDE_TAP_DR_PAUSE
    DR_EXIT2 = lib.CLYDE_TAP_DR_EXIT2
    DR_UPDATE = lib.CLYDE_TAP_DR_UPDATE
    IR_SELECT = lib.CLYDE_TAP_IR_SELECT
    IR_CAPTURE = lib.CLYDE_TAP_IR_CAPTURE
    IR_SHIFT = lib.CLYDE_TAP_IR_SHIFT
    IR_EXIT1 = lib.CLYDE_TAP_IR_EXIT1
    IR_PAUSE = lib.CLYDE_TAP_IR_PAUSE
    IR_EXIT2 = lib.CLYDE_TAP_IR_EXIT2
    IR_UPDATE = lib.CLYDE_TAP_IR_UPDATE
    UNKNOWN = lib.CLYDE_TAP_UNKNOWN  # of Jtag.state only


def _buffer(what: str, bits: int, value: Bits) -> Buffer:
    """So many bits as bytes, the first in bit 0 of byte 0."""
    size = (bits + 7) // 8
    if isinstance(value, int):
        if not 0 <= value < 1 << bits:
            raise InvalidError(f"{what}: {value:#x} is not a number of {bits} "
                               "bits")
        return value.to_bytes(size, "little")
    if memoryview(value).nbytes != size:
        raise InvalidError(f"{what}: {memoryview(value).nbytes} bytes for "
                           f"{bits} bits, which are {size}")
    return value


class JtagStep(Step):
    """One step of a batch for Jtag.transfer() and Jtag.submit(); clyde.h
    explains it at struct clyde_jtag_step.  A step may be used again.

    Bits to send are a number, whose lowest bit is the first, or a buffer, of
    which bit 0 of the first byte is.  What a step receives is a number, or
    bytes if it sends a buffer."""

    __slots__ = ("_members", "_tms", "_out", "_bytes", "_number")
    TYPE = ffi.typeof("struct clyde_jtag_step[]")

    def __init__(self, kind: int, bits: int = 0, out: Optional[Bits] = None,
                 tms: Optional[Bits] = None, read: bool = False,
                 **members: int) -> None:
        in_range("bits", bits, UINT32_MAX)
        self._members: Dict[str, int] = {"kind": kind, "bits": bits, **members}
        self._out = None if out is None else _buffer("out", bits, out)
        self._tms = None if tms is None else _buffer("tms", bits, tms)
        self._bytes = (bits + 7) // 8 if read else 0
        self._number = out is None or isinstance(out, int)

    @classmethod
    def _scan(cls, kind: int, bits: int, out: Optional[Bits],
              state: TapState, read: bool, zeros: bool,
              delay_us: int) -> JtagStep:
        return cls(kind, bits, out, read=read, state=state,
                   flags=lib.CLYDE_JTAG_ZEROS * zeros,
                   delay_us=in_range("delay_us", delay_us, UINT32_MAX))

    @classmethod
    def ir(cls, bits: int, out: Optional[Bits] = None, *,
           state: TapState = TapState.IDLE, read: bool = True,
           zeros: bool = False, delay_us: int = 0) -> JtagStep:
        """Shift so many bits through the instruction registers, and go to a
        state.  Without `out` they are ones, or zeros."""
        return cls._scan(lib.CLYDE_JTAG_IR, bits, out, state, read, zeros,
                         delay_us)

    @classmethod
    def dr(cls, bits: int, out: Optional[Bits] = None, *,
           state: TapState = TapState.IDLE, read: bool = True,
           zeros: bool = False, delay_us: int = 0) -> JtagStep:
        """The same for the data registers."""
        return cls._scan(lib.CLYDE_JTAG_DR, bits, out, state, read, zeros,
                         delay_us)

    @classmethod
    def shift(cls, bits: int, tms: Bits, tdi: Optional[Bits] = None, *,
              read: bool = True, delay_us: int = 0) -> JtagStep:
        """So many clocks with these bits of TMS and TDI, in any state."""
        return cls(lib.CLYDE_JTAG_VECTOR, bits, tdi, tms, read,
                   delay_us=in_range("delay_us", delay_us, UINT32_MAX))

    @classmethod
    def go(cls, state: TapState, *, delay_us: int = 0) -> JtagStep:
        """Go to a state by the shortest way; to RESET by five clocks."""
        return cls(lib.CLYDE_JTAG_STATE, state=state,
                   delay_us=in_range("delay_us", delay_us, UINT32_MAX))

    @classmethod
    def run(cls, clocks: int, *, delay_us: int = 0) -> JtagStep:
        """So many clocks in RESET, IDLE or a pause; in IDLE from elsewhere."""
        return cls(lib.CLYDE_JTAG_RUN,
                   clocks=in_range("clocks", clocks, UINT32_MAX),
                   delay_us=in_range("delay_us", delay_us, UINT32_MAX))

    @classmethod
    def poll(cls, bits: int, mask: int, value: int, limit_us: int, *,
             skip: int = 0, tail: int = 0, clocks: int = 0, ir: bool = False,
             zeros: bool = False) -> JtagStep:
        """From IDLE, scan DR or IR until `received & mask` is `value`, for at
        most limit_us: `skip` bits, 1 to 8 bits that are received, and `tail`
        bits, then clocks in IDLE.  Receives the last bits, a number."""
        step = cls(lib.CLYDE_JTAG_POLL, bits,
                   flags=(lib.CLYDE_JTAG_POLL_IR * ir |
                          lib.CLYDE_JTAG_ZEROS * zeros),
                   mask=in_range("mask", mask, 0xff),
                   value=in_range("value", value, 0xff),
                   skip=in_range("skip", skip, 0xff),
                   tail=in_range("tail", tail, 0xff),
                   clocks=in_range("clocks", clocks, 0xff),
                   limit_us=in_range("limit_us", limit_us, UINT32_MAX))
        step._bytes = 1
        return step

    @classmethod
    def pins(cls, trst: bool = True, srst: bool = True, *,
             delay_us: int = 0) -> JtagStep:
        """Set the levels of TRST and SRST."""
        return cls(lib.CLYDE_JTAG_PINS,
                   pins=(lib.CLYDE_JTAG_TRST_HIGH * trst |
                         lib.CLYDE_JTAG_SRST_HIGH * srst),
                   delay_us=in_range("delay_us", delay_us, UINT32_MAX))

    def _fill(self, raw: Any, lent: Lent) -> None:
        for name, value in self._members.items():
            setattr(raw, name, value)
        if self._out is not None:
            raw.out = lent.lend(self._out)[0]
        if self._tms is not None:
            raw.tms = lent.lend(self._tms)[0]
        if self._bytes:
            setattr(raw, "in", lent.receive(self._bytes, self._number)[0])
