# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The image's SPI core, as a controller of up to four chips.

A call is a batch of one step.  transfer() makes a batch of several, and
submit() sends a batch without waiting for its end.
"""

from __future__ import annotations

from types import TracebackType
from typing import (TYPE_CHECKING, Any, Callable, List, Optional, Sequence,
                    Type, Union, cast)

from ._batch import Batch, Batches
from ._library import ffi, lib
from ._steps import Buffer, Lent, Received, SpiStep
from .errors import UINT32_MAX, Error, InvalidError, c_text, check, in_range

if TYPE_CHECKING:
    from .device import Device
    from .flash import Flash

Pins = Union[None, str, Sequence[Optional[str]]]

_IO_MAX = 4
_CHIPS_MAX = 4
_SIDES_MAX = 2
_NONE: List[Optional[str]] = [None]


def _names(what: str, pins: Pins, most: int) -> List[Optional[str]]:
    """The names of single pins.  A part of the list that is no pin, such as
    "-" or None, keeps its place."""
    names: List[Optional[str]] = []
    parts = pins.split(",") if isinstance(pins, str) else pins or []
    parsed = ffi.new("struct clyde_pin[]", lib.CLYDE_PINS_MAX)
    for part in parts:
        count = check(lib.clyde_pins_parse(
            c_text(part or "", what), parsed))
        names += [f"{'ABCD'[pin.port]}{pin.number}{'#' * pin.invert}"
                  for pin in parsed[0:count]] or _NONE
    if len(names) > most:
        raise InvalidError(f"{what}: {len(names)} pins: {most} are possible")
    return names


def _whole(what: str, value: float, most: int) -> int:
    """A rate, which may be written as 12e6."""
    if value != int(value):
        raise InvalidError(f"{what}: {value} is not a whole number")
    return in_range(what, int(value), most)


class Selection:
    """A chip that stays selected from the first call in the body of `with` or
    `async with` to the end of it."""

    __slots__ = ("_spi", "_chip")

    def __init__(self, spi: Spi, chip: int) -> None:
        self._spi = spi
        self._chip = chip

    def _enter(self) -> Spi:
        if self._spi._selected is not None:
            raise InvalidError(f"chip {self._spi._selected} is selected")
        self._spi._selected = self._chip
        return self._spi

    def __enter__(self) -> Spi:
        return self._enter()

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._spi._selected = None
        try:
            self._spi.transfer([SpiStep.dummy(0)], self._chip)
        except Error:
            if kind is None:
                raise

    async def __aenter__(self) -> Spi:
        return self._enter()

    async def __aexit__(self, kind: Optional[Type[BaseException]],
                        error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self._spi._selected = None
        try:
            await self._spi.atransfer([SpiStep.dummy(0)], self._chip)
        except Error:
            if kind is None:
                raise


class Spi(Batches):
    """An SPI controller, opened by Device.spi().  It holds the core, two pipes
    and its pins until it is closed.

    `chip` is an index of `cs`; None is the chip of select(), or chip 0.  The
    calls that begin with `a` are for asyncio; for a deadline use
    asyncio.wait_for().  A call that is cancelled, or whose timeout passes, may
    have sent its steps: the chip carries them out, and the next call waits for
    them."""

    __slots__ = ("rate", "_selected")

    rate: int  # of the clock, in Hz

    def __init__(self, device: Device, sck: Optional[str] = None,
                 io: Pins = None, cs: Pins = None, rate: float = 0,
                 mode: int = 0, *, side: Pins = None,
                 side_input: Optional[str] = None, three_wire: bool = False,
                 sample_delay_ns: int = 0) -> None:
        self.device = device
        texts = []  # they have to live until the open returns

        def name(what: str, pin: Optional[str]) -> Any:
            if not pin:
                return ffi.NULL
            texts.append(ffi.new("char[]", c_text(pin, what)))
            return texts[-1]

        options = ffi.new("struct clyde_spi_options *", {
            "sck": name("sck", sck),
            "io": [name("io", pin) for pin in _names("io", io, _IO_MAX)],
            "cs": [name("cs", pin) for pin in _names("cs", cs, _CHIPS_MAX)],
            "side": [name("side", pin)
                     for pin in _names("side", side, _SIDES_MAX)],
            "side_input": name("side_input", side_input),
            "rate_hz": _whole("rate", rate, UINT32_MAX),
            "mode": in_range("mode", mode, 0xff),
            "three_wire": three_wire,
            "sample_delay_ns": sample_delay_ns})
        handle = ffi.new("struct clyde_spi **")
        check(lib.clyde_spi_open(device._handle, options, handle))
        self._open(handle[0], lib.clyde_spi_token(handle[0]))
        device._owned.add(self)
        self._begin()
        self._selected: Optional[int] = None  # by select()
        self.configure(rate, mode, sample_delay_ns)

    def configure(self, rate: float = 0, mode: int = 0,
                  sample_delay_ns: int = 0) -> int:
        """Set clock and mode for the batches from now on.  Returns the rate,
        which `rate` also has: the fastest that the core has and that is not
        above the one asked for."""
        taken = ffi.new("uint32_t *")
        check(lib.clyde_spi_configure(
            self._handle, _whole("rate", rate, UINT32_MAX),
            in_range("mode", mode, 0xff), sample_delay_ns, taken))
        self.rate = taken[0]
        return self.rate

    def select(self, chip: int = 0) -> Selection:
        """`with spi.select():` keeps the chip selected between the calls of
        its body, and `async with` does it for asyncio."""
        return Selection(self, in_range("chip", chip, _CHIPS_MAX - 1))

    def flash(self, chip: int = 0, lanes: int = 1, reset: bool = False,
              size: int = 0) -> Flash:
        """Identify the flash chip: its reads use up to so many lanes.  `reset`
        brings it out of other modes first.  `size` overrides what the chip
        says.  Takes about a millisecond, also with asyncio."""
        from .flash import Flash
        return Flash(self, chip, lanes, reset, size)

    # ---- Batches ----

    def _collect_ticket(self, ticket: int, timeout_ms: int) -> int:
        return lib.clyde_spi_collect(self._handle, ticket, timeout_ms)

    def _find_failed(self, ret_step: Any) -> int:
        return lib.clyde_spi_failed(self._handle, ret_step)

    def _call_of(self, lent: Lent, chip: Optional[int], keep: bool,
                 chain: bool) -> Callable[[int], int]:
        if chip is None:
            chip = self._selected or 0
        elif self._selected not in (None, chip):
            raise InvalidError(f"chip {chip}: chip {self._selected} is "
                               "selected")
        in_range("chip", chip, _CHIPS_MAX - 1)
        flags = (lib.CLYDE_SPI_KEEP * (keep or self._selected is not None) |
                 lib.CLYDE_SPI_CHAIN * chain)

        def call(timeout_ms: int) -> int:
            return lib.clyde_spi_submit(
                self._handle, chip, lent.steps, lent.count, flags, lent.slot,
                timeout_ms)
        return call

    def submit(self, steps: Sequence[SpiStep], chip: Optional[int] = None, *,
               keep: bool = False, chain: bool = False,
               timeout: Optional[float] = None) -> Batch:
        """Send a batch without waiting for its end.  `keep` leaves the chip
        selected; `chain` makes the next batch one of the same chain, which is
        skipped if a step of this one fails."""
        lent = Lent(steps)
        return self._submit(
            lent, self._call_of(lent, chip, keep, chain), timeout)

    async def asubmit(self, steps: Sequence[SpiStep],
                      chip: Optional[int] = None, *, keep: bool = False,
                      chain: bool = False) -> Batch:
        """The same for asyncio.  If it is cancelled, nothing is sent."""
        lent = Lent(steps)
        return await self._asubmit(
            lent, self._call_of(lent, chip, keep, chain))

    # ---- Calls that wait ----

    def transfer(self, steps: Sequence[SpiStep], chip: Optional[int] = None, *,
                 keep: bool = False,
                 timeout: Optional[float] = None) -> List[Received]:
        """Carry out the steps, and return what they received; see
        Batch.collect()."""
        return self.submit(steps, chip, keep=keep,
                           timeout=timeout).collect(timeout)

    def exchange(self, data: Buffer, chip: Optional[int] = None, *,
                 timeout: Optional[float] = None) -> bytes:
        """Send bytes, and return those that were received at once."""
        return cast(bytes, self.transfer(
            [SpiStep.exchange(data)], chip, timeout=timeout)[0])

    def write(self, data: Buffer, chip: Optional[int] = None, *,
              lanes: int = 1, timeout: Optional[float] = None) -> None:
        """Send bytes."""
        self.transfer([SpiStep.write(data, lanes=lanes)], chip,
                      timeout=timeout)

    def read(self, size: int, chip: Optional[int] = None, *, lanes: int = 1,
             timeout: Optional[float] = None) -> bytes:
        """Receive so many bytes."""
        return cast(bytes, self.transfer(
            [SpiStep.read(size, lanes=lanes)], chip, timeout=timeout)[0])

    def readinto(self, buffer: Buffer, chip: Optional[int] = None, *,
                 lanes: int = 1, timeout: Optional[float] = None) -> int:
        """Fill the buffer, and return its size."""
        self.transfer([SpiStep.read(buffer, lanes=lanes)], chip,
                      timeout=timeout)
        return memoryview(buffer).nbytes

    def dummy(self, clocks: int, chip: Optional[int] = None, *,
              lanes: int = 1) -> None:
        """Clocks without data."""
        self.transfer([SpiStep.dummy(clocks, lanes=lanes)], chip)

    def bits(self, value: int, bits: int, chip: Optional[int] = None) -> int:
        """Send the lowest 1 to 8 bits of a value, and return as many."""
        return cast(int, self.transfer([SpiStep.bits(value, bits)], chip)[0])

    def poll(self, command: int, mask: int, value: int, limit_us: int,
             chip: Optional[int] = None) -> int:
        """Ask the chip with a command until `received & mask` is `value`, and
        return what was received last.  Raises LimitPassedError."""
        return cast(int, self.transfer(
            [SpiStep.poll(command, mask, value, limit_us)], chip)[0])

    def wait(self, line: int, level: bool, limit_us: int) -> None:
        """Wait for a level of an input; see SpiStep.wait().  Raises
        LimitPassedError."""
        self.transfer([SpiStep.wait(line, level, limit_us)])

    def pins(self, levels: int) -> None:
        """Set outputs; see SpiStep.pins()."""
        self.transfer([SpiStep.pins(levels)])

    # ---- Calls for asyncio ----

    async def atransfer(self, steps: Sequence[SpiStep],
                        chip: Optional[int] = None, *,
                        keep: bool = False) -> List[Received]:
        batch = await self.asubmit(steps, chip, keep=keep)
        return await batch.acollect()

    async def aexchange(self, data: Buffer,
                        chip: Optional[int] = None) -> bytes:
        return cast(bytes, (await self.atransfer(
            [SpiStep.exchange(data)], chip))[0])

    async def awrite(self, data: Buffer, chip: Optional[int] = None, *,
                     lanes: int = 1) -> None:
        await self.atransfer([SpiStep.write(data, lanes=lanes)], chip)

    async def aread(self, size: int, chip: Optional[int] = None, *,
                    lanes: int = 1) -> bytes:
        return cast(bytes, (await self.atransfer(
            [SpiStep.read(size, lanes=lanes)], chip))[0])

    async def areadinto(self, buffer: Buffer, chip: Optional[int] = None, *,
                        lanes: int = 1) -> int:
        await self.atransfer([SpiStep.read(buffer, lanes=lanes)], chip)
        return memoryview(buffer).nbytes

    async def adummy(self, clocks: int, chip: Optional[int] = None, *,
                     lanes: int = 1) -> None:
        await self.atransfer([SpiStep.dummy(clocks, lanes=lanes)], chip)

    async def abits(self, value: int, bits: int,
                    chip: Optional[int] = None) -> int:
        return cast(int, (await self.atransfer(
            [SpiStep.bits(value, bits)], chip))[0])

    async def apoll(self, command: int, mask: int, value: int, limit_us: int,
                    chip: Optional[int] = None) -> int:
        return cast(int, (await self.atransfer(
            [SpiStep.poll(command, mask, value, limit_us)], chip))[0])

    async def await_(self, line: int, level: bool, limit_us: int) -> None:
        await self.atransfer([SpiStep.wait(line, level, limit_us)])

    async def apins(self, levels: int) -> None:
        await self.atransfer([SpiStep.pins(levels)])
