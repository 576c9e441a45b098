# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Contexts: what is plugged in, and what happens.

A method is named as the function that it calls; clyde.h has its units.
"""

from __future__ import annotations

import gc
from enum import IntEnum
from typing import (TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional,
                    Type)

from ._library import ffi, lib, text
from ._owner import Children, Owner, callback, roots
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
    """What is known of a device without claiming it."""

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
    state: Optional[Type[Error]]  # what opening it would raise; None: nothing
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


class Context(Owner):
    """Owns devices; closing it closes them."""

    __slots__ = ("_log", "_devices", "_monitors")

    def __init__(self) -> None:
        handle = ffi.new("struct clyde_context **")
        if lib.clyde_context_new(handle) < 0:
            # There is a limit, and the collector may owe us some.
            gc.collect()
            check(lib.clyde_context_new(handle))
        self._open(handle[0], lib.clyde_context_token(handle[0]))
        roots.add(self._token)
        self._log: Any = None
        self._devices = Children()
        self._monitors = Children()

    def _let_go(self) -> None:
        self._devices.let_go()
        self._monitors.let_go()

    def devices(self, uri: Optional[str] = None) -> List[DeviceInfo]:
        """The devices behind a URI, each with its state; without one, those
        that are plugged in.  Nobody who uses one is disturbed."""
        devices = ffi.new("struct clyde_device_info **")
        count = check(lib.clyde_device_list(
            self._handle, encode(uri), devices))
        try:
            return [device_info(devices[0][i]) for i in range(count)]
        finally:
            lib.clyde_device_list_free(devices[0])

    def open(self, uri: Optional[str] = None,
             serial: Optional[str] = None) -> Device:
        """Open the only device behind a URI, or the one of this serial
        number."""
        from .device import Device
        return Device(self, uri, serial)

    def monitor(self, uri: Optional[str] = None) -> Monitor:
        """The devices behind a URI as they come and go: to iterate over, by
        `for` or by `async for`."""
        from .monitor import Monitor
        return Monitor(self, uri)

    def wait(self, uri: Optional[str] = None, serial: Optional[str] = None,
             timeout: Optional[float] = None) -> DeviceInfo:
        """Wait until a device is plugged in: any Glasgow, or the one of this
        serial number."""
        from .monitor import wait
        return wait(self, uri, serial, timeout)

    def firmware_load(self, data: bytes, uri: Optional[str] = None,
                      serial: Optional[str] = None) -> str:
        """Load firmware, if the device needs it: the URI by which it is
        opened from now on."""
        name = ffi.new("char[]", lib.CLYDE_URI_SIZE)
        check(lib.clyde_firmware_load(self._handle, encode(uri),
                                      encode(serial), data, len(data), name))
        return text(name)

    @property
    def notice(self) -> str:
        """What went on at less than was asked for; or nothing."""
        sentence = ffi.new("char[320]")
        check(lib.clyde_context_notice(self._handle, sentence, 320))
        return text(sentence)

    def interrupt(self) -> None:
        """End every wait with Interrupted, until resume()."""
        lib.clyde_context_interrupt(self._handle)

    def resume(self) -> None:
        lib.clyde_context_resume(self._handle)

    def log(self, listener: Optional[Callable[[LogLevel, int, str], None]],
            level: LogLevel = LogLevel.INFO) -> None:
        """Call a function with level, link's time in ns and line; None for
        silence.  It may call interrupt(), no more."""
        def tell(_: Any, severity: int, time_ns: int, line: Any) -> None:
            if listener:
                listener(LogLevel(severity), time_ns, text(line))

        hook = ffi.callback(
            "void(void *, enum clyde_log_level, int64_t, const char *)",
            callback(tell)) if listener else ffi.NULL
        check(lib.clyde_context_log(self._handle, level, hook, ffi.NULL))
        self._log = hook

    def capture(self, path: Optional[str]) -> None:
        """Write the transfers of devices opened from now on to a pcap file;
        None ends it."""
        check(lib.clyde_context_capture(self._handle, encode(path)))
