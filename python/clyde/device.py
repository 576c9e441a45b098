# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A device: its FPGA, its EEPROM, its pipes and applets.

A method has the name of the function that it calls; clyde.h has its units.
"""

from __future__ import annotations

import gc
from enum import IntEnum
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional

from ._library import ffi, lib, text
from ._object import Children, Object
from .context import Context, DeviceInfo, device_info, encode
from .errors import InvalidError, c_text, check, in_range
from .pipe import Pipe, PipeId, milliseconds
from .ports import Ports

if TYPE_CHECKING:
    from ._watch import Watch
    from .applet import Record
    from .jtag import Jtag
    from .spi import Pins, Spi


_REGISTERS_MAX = 32
_EEPROM_SIZE = 32768


class Core(IntEnum):
    """The cores of Clyde's image."""

    BENCHMARK = lib.CLYDE_CORE_BENCHMARK
    UART = lib.CLYDE_CORE_UART
    GPIO = lib.CLYDE_CORE_GPIO
    SPI = lib.CLYDE_CORE_SPI
    PROBE = lib.CLYDE_CORE_PROBE


class BenchmarkMode(IntEnum):
    """The values of the benchmark core's register "mode"."""

    IDLE = lib.CLYDE_BENCHMARK_IDLE
    SOURCE = lib.CLYDE_BENCHMARK_SOURCE
    SINK = lib.CLYDE_BENCHMARK_SINK
    LOOPBACK = lib.CLYDE_BENCHMARK_LOOPBACK


class Flashed(IntEnum):
    """The firmware with which a device boots."""

    NONE = lib.CLYDE_FLASHED_NONE
    OWN = lib.CLYDE_FLASHED_OWN
    OTHER = lib.CLYDE_FLASHED_OTHER


class Config(NamedTuple):
    """The configuration block in the EEPROM, decoded."""

    revision: str
    serial: str
    manufacturer: str
    bitstream_size: int
    bitstream_id: bytes
    limit_mv: List[int]
    modified: bool
    webusb: bool


class Device(Ports, Object):
    """One Glasgow.  It is opened by Context.open() or by clyde.open()."""

    __slots__ = ("context", "real_time", "_private", "_watch", "_owned")

    def __init__(self, context: Context, uri: Optional[str] = None,
                 serial: Optional[str] = None, private: bool = False) -> None:
        handle = ffi.new("struct clyde_device **")
        self.context = context
        self._private = private  # close the context with the device
        self._watch: Optional[Watch] = None
        self._owned = Children()
        arguments = context._handle, encode(uri), encode(serial), handle
        result = lib.clyde_device_open(*arguments)
        if result == lib.CLYDE_ERROR_BUSY:
            # A device that this program dropped without closing it is open
            # until the collector comes, which PyPy's does at its own time.
            gc.collect()
            result = lib.clyde_device_open(*arguments)
        check(result)
        self._open(handle[0], lib.clyde_device_token(handle[0]))
        context._devices.add(self)
        self.real_time: bool = check(
            lib.clyde_device_real_time(handle[0])) > 0

    def _on_closed(self) -> None:
        if self._watch:
            self._watch.end()
        self._owned.on_closed()
        private, self._private = self._private, False
        if private:
            self.context.close()

    @property
    def info(self) -> DeviceInfo:
        """The device's identity."""
        info = ffi.new("struct clyde_device_info *")
        check(lib.clyde_device_info(self._handle, info))
        return device_info(info)

    @property
    def link(self) -> str:
        """The name of the link: "usb" or "virtual"."""
        return text(lib.clyde_device_link(self._handle)) or self.info.uri

    @property
    def now(self) -> int:
        """The link's clock, in ns since an arbitrary moment."""
        now = ffi.new("int64_t *")
        check(lib.clyde_device_now(self._handle, now))
        return now[0]

    def sleep(self, seconds: float) -> None:
        """Wait for so long, in the link's time, and complete transfers
        meanwhile."""
        check(lib.clyde_device_sleep(self._handle, milliseconds(seconds)))

    def fileno(self) -> int:
        """A descriptor for select, poll and event loops.  It is readable when
        handle() has something to do, or another call has done it.  The device
        owns the descriptor."""
        return check(lib.clyde_device_poll_fd(self._handle))

    def handle(self) -> bool:
        """Process events without waiting.  Returns whether transfers have
        completed since the last call."""
        return check(lib.clyde_device_process(self._handle)) > 0

    # ---- FPGA ----

    def fpga_status(self) -> Optional[bytes]:
        """The id of the bitstream that the FPGA runs, 8 bytes; None if it is
        not configured."""
        fpga_id = ffi.new("uint8_t[]", lib.CLYDE_FPGA_ID_SIZE)
        if check(lib.clyde_fpga_status(self._handle, fpga_id)) == 0:
            return None
        return bytes(fpga_id)

    def fpga_load(self, bitstream: bytes, fpga_id: bytes) -> bool:
        """Make the FPGA run a bitstream, and store its id of 8 bytes in the
        device.  Returns False if a bitstream with this id ran already."""
        if len(fpga_id) != lib.CLYDE_FPGA_ID_SIZE:
            raise ValueError(f"an id of {len(fpga_id)} bytes: "
                             f"{lib.CLYDE_FPGA_ID_SIZE} are needed")
        return check(lib.clyde_fpga_load(
            self._handle, bitstream, len(bitstream), fpga_id)) > 0

    def fpga_load_image(self) -> bool:
        """Make the FPGA run Clyde's image, which applets need.  Returns False
        if it ran already."""
        return check(lib.clyde_fpga_load_image(self._handle)) > 0

    def register_read(self, address: int, size: int = 1) -> bytes:
        """Read up to 32 bytes of FPGA registers, from an address on."""
        return self._get(lib.clyde_register_read,
                         in_range("address", address, 0xff),
                         in_range("size", size, _REGISTERS_MAX))

    def register_write(self, address: int, data: bytes) -> None:
        """Write up to 32 bytes of FPGA registers, from an address on."""
        check(lib.clyde_register_write(
            self._handle, in_range("address", address, 0xff), data,
            len(data)))

    def attach(self, core: Core, *pipes: PipeId) -> None:
        """Connect a core of Clyde's image to exactly these pipes.  Do it
        before they are opened: an open resets the core, and a pipe that is
        attached and not open holds the core in reset.  A run of an applet
        attaches its core itself."""
        places = ffi.new("enum clyde_pipe_id[]", [PipeId(p) for p in pipes])
        check(lib.clyde_core_attach(
            self._handle, Core(core), places, len(pipes)))

    def core_read(self, core: Core, name: str) -> int:
        """Read a register of a core by its name: "mode", "count"."""
        value = ffi.new("uint64_t *")
        check(lib.clyde_core_read(
            self._handle, Core(core), c_text(name, "register"), value))
        return value[0]

    def core_write(self, core: Core, name: str, value: int) -> None:
        """Write a register of a core by its name."""
        if not 0 <= value < 1 << 64:
            raise InvalidError(f"{name}: {value} is not a register's value")
        check(lib.clyde_core_write(
            self._handle, Core(core), c_text(name, "register"), value))

    # ---- EEPROM ----

    def eeprom_read(self, address: int, size: int) -> bytes:
        """Read the EEPROM, up to 32768 bytes."""
        return self._get(lib.clyde_eeprom_read,
                         in_range("address", address, 0xffff),
                         in_range("size", size, _EEPROM_SIZE))

    def eeprom_write(self, address: int, data: bytes) -> None:
        """Write the EEPROM."""
        check(lib.clyde_eeprom_write(
            self._handle, in_range("address", address, 0xffff), data,
            len(data)))

    def config_read(self) -> Config:
        """Read and decode the configuration block.  Raises CorruptError."""
        config = ffi.new("struct clyde_config *")
        check(lib.clyde_config_read(self._handle, config))
        return Config(text(config.revision), text(config.serial),
                      text(config.manufacturer), config.bitstream_size,
                      bytes(config.bitstream_id), list(config.limit_mv),
                      config.modified, config.webusb)

    # ---- Flash ----

    def flash_firmware(self, data: Optional[bytes] = None) -> bool:
        """Store firmware, the content of an Intel HEX file; None is Clyde's
        own.  Returns False if the EEPROM held it already, as the other
        methods of this group do."""
        return check(lib.clyde_flash_firmware(
            self._handle, ffi.NULL if data is None else data,
            len(data or b""), ffi.NULL)) > 0

    def flash_holds(self) -> Flashed:
        """Which firmware the device boots with."""
        return Flashed(check(lib.clyde_flash_holds(self._handle)))

    def flash_remove_firmware(self) -> bool:
        """Boot without firmware from now on."""
        return check(lib.clyde_flash_remove_firmware(
            self._handle, ffi.NULL)) > 0

    def flash_bitstream(self, bitstream: Optional[bytes] = None,
                        fpga_id: bytes = bytes(8)) -> bool:
        """Store the bitstream that the FPGA gets at power-up, and its id of 8
        bytes; None is Clyde's image.  Takes some 15 s."""
        if len(fpga_id) != lib.CLYDE_FPGA_ID_SIZE:
            raise ValueError(f"an id of {len(fpga_id)} bytes: "
                             f"{lib.CLYDE_FPGA_ID_SIZE} are needed")
        return check(lib.clyde_flash_bitstream(
            self._handle, ffi.NULL if bitstream is None else bitstream,
            len(bitstream or b""), fpga_id, ffi.NULL)) > 0

    def flash_remove_bitstream(self) -> bool:
        """Store that there is no bitstream."""
        return check(lib.clyde_flash_remove_bitstream(self._handle)) > 0

    def flash_webusb(self, advertise: bool) -> bool:
        """Store whether the device advertises its WebUSB page."""
        return check(lib.clyde_flash_webusb(self._handle, advertise)) > 0

    def flash_restore(self, backup: bytes) -> bool:
        """Store the firmware and the WebUSB flag of a backup, which is the
        whole EEPROM as eeprom_read() returned it."""
        return check(lib.clyde_flash_restore(
            self._handle, backup, len(backup), ffi.NULL)) > 0

    def _get(self, call: Any, address: int, size: int) -> bytes:
        data = ffi.new("uint8_t[]", size)
        check(call(self._handle, address, data, size))
        return bytes(data)

    # ---- Pipes, SPI, JTAG and runs ----

    def pipe(self, pipe_id: PipeId, transfer_size: int = 0, depth: int = 0,
             quad: bool = False) -> Pipe:
        """Open a pipe with transfers of transfer_size bytes, `depth` of them
        in flight; 0 is the default.  `quad` also gives it the FX2's buffers of
        the other pipe of its direction."""
        return Pipe(self, pipe_id, transfer_size, depth, quad)

    def spi(self, sck: Optional[str] = None, io: Pins = None, cs: Pins = None,
            rate: float = 0, mode: int = 0, *, side: Pins = None,
            side_input: Optional[str] = None, three_wire: bool = False,
            sample_delay_ns: int = 0) -> Spi:
        """Open the image's SPI core as a controller.  The FPGA must run the
        image, and the ports of the pins must have supplies.

        `io` are COPI, CIPO, WP# and HOLD#, and `cs` up to four chip selects,
        "A5,A6" or a list; an inverted one, "A5#", is active high.  A rate is
        in Hz, and 0 is 100 kHz.  clyde.h explains the others at struct
        clyde_spi_options."""
        from .spi import Spi
        return Spi(self, sck, io, cs, rate, mode, side=side,
                   side_input=side_input, three_wire=three_wire,
                   sample_delay_ns=sample_delay_ns)

    def jtag(self, tck: str, tms: str, tdi: Optional[str] = None,
             tdo: Optional[str] = None, trst: Optional[str] = None,
             srst: Optional[str] = None, rate: float = 0, *,
             sample_delay_ns: Optional[int] = 0) -> Jtag:
        """Open the image's probe core as a controller for JTAG.  The FPGA must
        run the image, and the ports of the pins must have supplies.

        A rate is in Hz, and 0 is 100 kHz.  With a sample delay of None it is
        found, see Jtag.find_delay(), which needs a target.  clyde.h explains
        the others at struct clyde_jtag_options."""
        from .jtag import Jtag
        return Jtag(self, tck, tms, tdi, tdo, trst, srst, rate,
                    sample_delay_ns=sample_delay_ns)

    def run(self, applet: str, supply: Optional[str] = None,
            **parameters: Any) -> List[Record]:
        """Run an applet to its end, and return its records."""
        from .applet import Run
        with Run(self.context, applet, **parameters) as run:
            return run.start(self, supply)


def open(uri: Optional[str] = None, serial: Optional[str] = None) -> Device:
    """Open a device in a new context, which is closed with the device."""
    context = Context()
    try:
        return Device(context, uri, serial, private=True)
    except BaseException:
        context.close()
        raise
