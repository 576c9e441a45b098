# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Contexts: the root of all objects, the list of devices, and the log.

A method has the name of the function that it calls; clyde.h has its units.
"""

from __future__ import annotations

import gc
from enum import IntEnum
from typing import (TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional,
                    Type)

from ._library import ffi, lib, text
from ._object import Children, Object, callback, open_contexts
from .errors import Error, c_text, check, kind

if TYPE_CHECKING:
    from .device import Device
    from .monitor import Monitor


class LogLevel(IntEnum):
    OFF = lib.CLYDE_LOG_OFF
    ERROR = lib.CLYDE_LOG_ERROR
    WARNING = lib.CLYDE_LOG_WARNING
    INFO = lib.CLYDE_LOG_INFO
    DEBUG = lib.CLYDE_LOG_DEBUG
    TRACE = lib.CLYDE_LOG_TRACE


class DeviceInfo(NamedTuple):
    """What can be read of a device without claiming it; the members are those
    of struct clyde_device_info in clyde.h."""

    uri: str
    serial: str
    manufacturer: str
    product: str
    revision: str
    api_level: int
    modified: bool
    configured: bool
    speed_kbit_per_s: int
    node: str
    state: Optional[Type[Error]]  # what an open would raise, or None
    why: str
    readable: bool


def device_info(info: Any) -> DeviceInfo:
    return DeviceInfo(text(info.uri), text(info.serial),
                      text(info.manufacturer), text(info.product),
                      text(info.revision), info.api_level, info.modified,
                      info.configured, info.speed_kbit_per_s, text(info.node),
                      kind(info.state) if info.state else None,
                      text(info.why), info.readable)


def encode(name: Optional[str]) -> Any:
    return ffi.NULL if name is None else c_text(name, "argument")


class Context(Object):
    """The root of a tree of objects.  A close also closes all that was opened
    from the context."""

    __slots__ = ("_log", "_devices", "_monitors")

    def __init__(self) -> None:
        handle = ffi.new("struct clyde_context **")
        if lib.clyde_context_new(handle) < 0:
            # The number of contexts is limited, and some that are not used
            # any more may wait for the garbage collector.
            gc.collect()
            check(lib.clyde_context_new(handle))
        self._open(handle[0], lib.clyde_context_token(handle[0]))
        open_contexts.add(self._token)
        self._log: Any = None
        self._devices = Children()
        self._monitors = Children()

    def _on_closed(self) -> None:
        self._devices.on_closed()
        self._monitors.on_closed()

    def devices(self, uri: Optional[str] = None) -> List[DeviceInfo]:
        """The devices at a URI, each with its state; without a URI, those
        that are plugged in.  It does not disturb a program that uses one."""
        devices = ffi.new("struct clyde_device_info **")
        count = check(lib.clyde_device_list(
            self._handle, encode(uri), devices))
        try:
            return [device_info(devices[0][i]) for i in range(count)]
        finally:
            lib.clyde_device_list_free(devices[0])

    def open(self, uri: Optional[str] = None,
             serial: Optional[str] = None) -> Device:
        """Open the only device at a URI, or the one with this serial
        number.  Raises AmbiguousError if there are several."""
        from .device import Device
        return Device(self, uri, serial)

    def monitor(self, uri: Optional[str] = None) -> Monitor:
        """A monitor of the devices at a URI: iterate over it, with `for` or
        `async for`, for devices that arrive and leave."""
        from .monitor import Monitor
        return Monitor(self, uri)

    def wait(self, uri: Optional[str] = None, serial: Optional[str] = None,
             timeout: Optional[float] = None) -> DeviceInfo:
        """Wait until a device is plugged in: any Glasgow, or the one with this
        serial number.  The timeout is in seconds; None is no limit.  Raises
        Timeout."""
        from .monitor import wait
        return wait(self, uri, serial, timeout)

    def firmware_load(self, data: Optional[bytes] = None,
                      uri: Optional[str] = None,
                      serial: Optional[str] = None) -> str:
        """Load firmware, the content of an Intel HEX file or None for Clyde's
        own, if the device needs it.  Returns the URI by which the device is
        opened from now on."""
        return self._load(lib.clyde_firmware_load, data, uri, serial)

    def firmware_try(self, data: Optional[bytes] = None,
                     uri: Optional[str] = None,
                     serial: Optional[str] = None) -> str:
        """The same whether the device needs it or not, to see that firmware
        runs before it is stored."""
        return self._load(lib.clyde_firmware_try, data, uri, serial)

    def _load(self, call: Any, data: Optional[bytes], uri: Optional[str],
              serial: Optional[str]) -> str:
        name = ffi.new("char[]", lib.CLYDE_URI_SIZE)
        check(call(self._handle, encode(uri), encode(serial),
                   ffi.NULL if data is None else data, len(data or b""), name))
        return text(name)

    def factory(self, uri: str, revision: Optional[str] = None,
                serial: Optional[str] = None,
                manufacturer: Optional[str] = None,
                modified: Optional[bool] = None,
                firmware: Optional[bytes] = None,
                reinitialize: bool = False) -> None:
        """Write the whole boot image of the board at a URI, whose
        configuration block is lost, or with reinitialize=True any board's.
        None is what a valid block on the board has; for the firmware, Clyde's
        own."""
        # They have to live until the call returns.
        texts = [ffi.NULL if value is None else
                 ffi.new("char[]", c_text(value, "argument"))
                 for value in (revision, serial, manufacturer)]
        data = ffi.new("char[]", firmware or b"")
        order = ffi.new("struct clyde_factory *", {
            "revision": texts[0], "serial": texts[1],
            "manufacturer": texts[2],
            "modified": -1 if modified is None else modified,
            "reinitialize": reinitialize,
            "firmware": ffi.NULL if firmware is None else data,
            "firmware_size": len(firmware or b"")})
        check(lib.clyde_factory(self._handle, encode(uri), order, ffi.NULL))

    @property
    def notice(self) -> str:
        """A sentence about something that works, but with less than was asked
        for, such as fewer transfers in flight; empty if there is none."""
        sentence = ffi.new("char[320]")
        check(lib.clyde_context_notice(self._handle, sentence, 320))
        return text(sentence)

    def interrupt(self) -> None:
        """End every wait with Interrupted, until resume()."""
        lib.clyde_context_interrupt(self._handle)

    def resume(self) -> None:
        """Clear an interrupt()."""
        lib.clyde_context_resume(self._handle)

    def log(self, listener: Optional[Callable[[LogLevel, int, str], None]],
            level: LogLevel = LogLevel.INFO) -> None:
        """Set the function that is called with each line of the log: its
        level, the link's time in ns, the text; None for no log.  In the
        library the function may only call interrupt()."""
        def on_line(_: Any, severity: int, time_ns: int, line: Any) -> None:
            if listener:
                listener(LogLevel(severity), time_ns, text(line))

        hook = ffi.callback(
            "void(void *, enum clyde_log_level, int64_t, const char *)",
            callback(on_line)) if listener else ffi.NULL
        check(lib.clyde_context_log(self._handle, level, hook, ffi.NULL))
        self._log = hook

    def capture(self, path: Optional[str]) -> None:
        """Write the transfers of devices that are opened from now on to a pcap
        file; None ends the capture."""
        check(lib.clyde_context_capture(self._handle, encode(path)))
