# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The image's probe core, as a controller of a chain of TAPs.

A call is a batch of one step.  transfer() makes a batch of several, and
submit() sends a batch without waiting for its end.
"""

from __future__ import annotations

import io
import os
from typing import (TYPE_CHECKING, Any, BinaryIO, Callable, List, NamedTuple,
                    Optional, Sequence, Tuple, Union, cast)

from ._batch import Batch, Batches
from ._jtag_steps import Bits, JtagStep, TapState
from ._library import ffi, lib
from ._object import callback
from ._observed import Observed, Progress
from ._steps import Lent, Received
from .errors import UINT32_MAX, InvalidError, c_text, check, in_range

if TYPE_CHECKING:
    from .device import Device

_LIMIT_MS = 10000  # of calls that have no timeout

# A path, an open binary file, or the bytes themselves
SvfFile = Union[str, "os.PathLike[str]", bytes, BinaryIO]


class Tap(NamedTuple):
    """A TAP of a chain, with the members of struct clyde_tap in clyde.h."""

    idcode: int
    ir_bits: int


def _rate(rate: float) -> int:
    """A rate, which may be written as 12e6."""
    if rate != int(rate):
        raise InvalidError(f"rate: {rate} is not a whole number")
    return in_range("rate", int(rate), UINT32_MAX)


class Jtag(Batches):
    """A JTAG controller, opened by Device.jtag().  It holds the core, two pipes
    and its pins until it is closed.

    The calls that begin with `a` are for asyncio; for a deadline use
    asyncio.wait_for().  A call that is cancelled, or whose timeout passes, may
    have sent its steps: they are carried out, and the next call waits for
    them."""

    __slots__ = ("rate",)

    rate: int  # of the clock, in Hz

    def __init__(self, device: Device, tck: str, tms: str,
                 tdi: Optional[str] = None, tdo: Optional[str] = None,
                 trst: Optional[str] = None, srst: Optional[str] = None,
                 rate: float = 0, *,
                 sample_delay_ns: Optional[int] = 0) -> None:
        self.device = device
        pins = {"tck": tck, "tms": tms, "tdi": tdi, "tdo": tdo, "trst": trst,
                "srst": srst}
        # They have to live until the open returns.
        texts = {what: ffi.new("char[]", c_text(pin, what))
                 for what, pin in pins.items() if pin}
        options = ffi.new("struct clyde_jtag_options *", {
            **texts, "rate_hz": _rate(rate),
            "sample_delay_ns": (lib.CLYDE_JTAG_DELAY_AUTO
                                if sample_delay_ns is None
                                else sample_delay_ns)})
        handle = ffi.new("struct clyde_jtag **")
        check(lib.clyde_jtag_open(device._handle, options, handle))
        self._open(handle[0], lib.clyde_jtag_token(handle[0]))
        device._owned.add(self)
        self._begin()
        self.rate = 48_000_000 // -(-48_000_000 // (_rate(rate) or 100_000))

    def configure(self, rate: float = 0, sample_delay_ns: int = 0) -> int:
        """Set the clock for the batches from now on.  Returns the rate, which
        `rate` also has: the fastest that the core has and that is not above
        the one asked for."""
        taken = ffi.new("uint32_t *")
        check(lib.clyde_jtag_configure(
            self._handle, _rate(rate), sample_delay_ns, taken))
        self.rate = taken[0]
        return self.rate

    @property
    def state(self) -> TapState:
        """The state of the TAPs behind all that was submitted."""
        return TapState(check(lib.clyde_jtag_state(self._handle)))

    # ---- Batches ----

    def _collect_ticket(self, ticket: int, timeout_ms: int) -> int:
        return lib.clyde_jtag_collect(self._handle, ticket, timeout_ms)

    def _find_failed(self, ret_step: Any) -> int:
        return lib.clyde_jtag_failed(self._handle, ret_step)

    def _call_of(self, lent: Lent, chain: bool) -> Callable[[int], int]:
        flags = lib.CLYDE_JTAG_CHAIN * chain

        def call(timeout_ms: int) -> int:
            return lib.clyde_jtag_submit(
                self._handle, lent.steps, lent.count, flags, lent.slot,
                timeout_ms)
        return call

    def submit(self, steps: Sequence[JtagStep], *, chain: bool = False,
               timeout: Optional[float] = None) -> Batch:
        """Send a batch without waiting for its end.  `chain` makes the next
        batch one of the same chain, which is skipped if a poll of this one
        fails."""
        lent = Lent(steps, JtagStep)
        return self._submit(lent, self._call_of(lent, chain), timeout)

    async def asubmit(self, steps: Sequence[JtagStep], *,
                      chain: bool = False) -> Batch:
        """The same for asyncio.  If it is cancelled, nothing is sent."""
        lent = Lent(steps, JtagStep)
        return await self._asubmit(lent, self._call_of(lent, chain))

    # ---- Calls that wait ----

    def transfer(self, steps: Sequence[JtagStep], *,
                 timeout: Optional[float] = None) -> List[Received]:
        """Carry out the steps, and return what they received; see
        Batch.collect()."""
        return self.submit(steps, timeout=timeout).collect(timeout)

    def ir(self, bits: int, out: Optional[Bits] = None, *,
           state: TapState = TapState.IDLE) -> Received:
        """Shift bits through the instruction registers; see JtagStep.ir()."""
        return self.transfer([JtagStep.ir(bits, out, state=state)])[0]

    def dr(self, bits: int, out: Optional[Bits] = None, *,
           state: TapState = TapState.IDLE) -> Received:
        """Shift bits through the data registers; see JtagStep.dr()."""
        return self.transfer([JtagStep.dr(bits, out, state=state)])[0]

    def shift(self, bits: int, tms: Bits,
              tdi: Optional[Bits] = None) -> Received:
        """Clocks with bits of TMS and TDI; see JtagStep.shift()."""
        return self.transfer([JtagStep.shift(bits, tms, tdi)])[0]

    def go(self, state: TapState) -> None:
        """Go to a state."""
        self.transfer([JtagStep.go(state)])

    def run(self, clocks: int) -> None:
        """Clocks in a stable state; see JtagStep.run()."""
        self.transfer([JtagStep.run(clocks)])

    def poll(self, bits: int, mask: int, value: int, limit_us: int,
             **options: Any) -> int:
        """Scan until bits are as wanted; see JtagStep.poll().  Raises
        LimitPassedError."""
        return cast(int, self.transfer(
            [JtagStep.poll(bits, mask, value, limit_us, **options)])[0])

    def pins(self, trst: bool = True, srst: bool = True) -> None:
        """Set the levels of TRST and SRST."""
        self.transfer([JtagStep.pins(trst, srst)])

    # ---- Calls that may take long ----

    def _observed(self, call: Callable[[Any], int],
                  progress: Optional[Progress] = None) -> Observed:
        return Observed(self.device.context, call, progress)

    def _reset(self) -> Observed:
        return self._observed(lambda _: lib.clyde_jtag_reset(
            self._handle, _LIMIT_MS))

    def reset(self) -> None:
        """Set TRST low for a millisecond, if it has a pin, and go to RESET."""
        self._reset().make()

    def _chain(self) -> Tuple[Observed, Any]:
        taps = ffi.new("struct clyde_tap[]", lib.CLYDE_TAPS_MAX)
        return self._observed(lambda _: lib.clyde_jtag_chain(
            self._handle, taps, len(taps), ffi.NULL, _LIMIT_MS)), taps

    def chain(self) -> List[Tap]:
        """Find the TAPs, the one next to TDO first.  Raises NoChipError or
        ChainError, whose sentence says which pin to look at."""
        call, taps = self._chain()
        return [Tap(tap.idcode, tap.ir_bits) for tap in taps[0:call.make()]]

    def _find_delay(self) -> Tuple[Observed, Any]:
        delay = ffi.new("int *")
        return self._observed(lambda _: lib.clyde_jtag_find_delay(
            self._handle, delay, _LIMIT_MS)), delay

    def find_delay(self) -> int:
        """Find the delay of the sample at which TDO is read right, set it, and
        return it, in ns."""
        call, delay = self._find_delay()
        call.make()
        return delay[0]

    def _svf(self, file: BinaryIO, rate: float, ahead: bool,
             progress: Optional[Progress]) -> Observed:
        options = ffi.new("struct clyde_svf_options *",
                          {"rate_hz": _rate(rate), "ahead": ahead})
        read: List[int] = [0]

        def on_read(_: Any, memory: Any, size: int) -> None:
            data = file.read(size)
            ffi.memmove(memory, data, len(data))
            read[0] = len(data)

        inside = callback(on_read)

        def on_read_size(user: Any, memory: Any, size: int) -> int:
            inside(user, memory, size)
            return read[0]

        def call(observer: Any) -> int:
            hook = ffi.callback(
                "ssize_t(void *, void *, size_t)", on_read_size,
                error=lib.CLYDE_ERROR_FILE, onerror=observed.failed)
            return lib.clyde_jtag_svf(
                self._handle, options, hook, ffi.NULL, observer)

        observed = self._observed(call, progress)
        return observed

    def svf(self, file: SvfFile, *, rate: float = 0, ahead: bool = False,
            progress: Optional[Progress] = None) -> None:
        """Play a file in Serial Vector Format: a path, an open file, or bytes.
        The rate is a maximum.  With `ahead` it goes on before what was
        received has been compared.  Raises SvfError or MismatchError, whose
        sentence has the line.  `progress` is called with a word, the bytes that
        are done, and 0."""
        with _opened(file) as opened:
            self._svf(opened, rate, ahead, progress).make()

    # ---- Calls for asyncio ----

    async def atransfer(self, steps: Sequence[JtagStep]) -> List[Received]:
        batch = await self.asubmit(steps)
        return await batch.acollect()

    async def air(self, bits: int, out: Optional[Bits] = None, *,
                  state: TapState = TapState.IDLE) -> Received:
        return (await self.atransfer(
            [JtagStep.ir(bits, out, state=state)]))[0]

    async def adr(self, bits: int, out: Optional[Bits] = None, *,
                  state: TapState = TapState.IDLE) -> Received:
        return (await self.atransfer(
            [JtagStep.dr(bits, out, state=state)]))[0]

    async def ashift(self, bits: int, tms: Bits,
                     tdi: Optional[Bits] = None) -> Received:
        return (await self.atransfer([JtagStep.shift(bits, tms, tdi)]))[0]

    async def ago(self, state: TapState) -> None:
        await self.atransfer([JtagStep.go(state)])

    async def arun(self, clocks: int) -> None:
        await self.atransfer([JtagStep.run(clocks)])

    async def apoll(self, bits: int, mask: int, value: int, limit_us: int,
                    **options: Any) -> int:
        return cast(int, (await self.atransfer(
            [JtagStep.poll(bits, mask, value, limit_us, **options)]))[0])

    async def apins(self, trst: bool = True, srst: bool = True) -> None:
        await self.atransfer([JtagStep.pins(trst, srst)])

    async def areset(self) -> None:
        await self._reset().amake()

    async def achain(self) -> List[Tap]:
        call, taps = self._chain()
        return [Tap(tap.idcode, tap.ir_bits)
                for tap in taps[0:await call.amake()]]

    async def afind_delay(self) -> int:
        call, delay = self._find_delay()
        await call.amake()
        return delay[0]

    async def asvf(self, file: SvfFile, *, rate: float = 0,
                   ahead: bool = False,
                   progress: Optional[Progress] = None) -> None:
        with _opened(file) as opened:
            await self._svf(opened, rate, ahead, progress).amake()


class _Lend:
    """A file of the caller, which stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> BinaryIO:
        return self._file

    def __exit__(self, *_: Any) -> None:
        pass


def _opened(file: SvfFile) -> Any:
    if isinstance(file, bytes):
        return io.BytesIO(file)
    if isinstance(file, (str, os.PathLike)):
        return open(file, "rb")
    return _Lend(file)
