# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Clyde: the Glasgow Interface Explorer from Python.

    with clyde.open("virtual:") as device:
        device.fpga_load_image()
        device.attach(clyde.Core.BENCHMARK, clyde.PipeId.EP6_IN)
        with device.pipe(clyde.PipeId.EP6_IN) as pipe:
            for view in pipe:
                ...
"""

from ._library import VERSION as __version__
from ._library import lib as _lib
from ._batch import Batch
from ._jtag_steps import JtagStep, TapState
from ._steps import SpiStep
from .applet import Applet, Parameter, ParameterType, Record, Run, applets
from .context import Context, DeviceInfo, LogLevel
from .device import BenchmarkMode, Config, Core, Device, Flashed, open
from .errors import (
    AccessError, AddressError, AmbiguousError, ApiLevelError, BabbleError,
    BackupError, BusyError, Cancelled, ChainError, ClosedError,
    ConfiguredError, CoreTakenError, CorruptError, DeadlockError,
    EndpointOffError, Error, ExhaustedError, FPGAError, FileError, InsideError,
    Interrupted, InvalidError, LimitError, LimitPassedError, MismatchError,
    NoChipError, NoCoreError, NoDeviceError, NoMemoryError, NoPinError,
    NoSerialError, NoSupplyError, PinTakenError, ProtectedError, ProtocolError,
    RefusedError, ResetError, RevisionError, StallError, SvfError, Timeout,
    TooLargeError, TransferError, UnsupportedError, VerifyError,
    WrongDataError, WrongHandleError)
from .flash import Flash, FlashErase, FlashInfo
from .jtag import Jtag, Tap
from .monitor import Monitor, MonitorChange, MonitorEvent
from .pattern import Pattern
from .pipe import Pipe, PipeId, Region
from .ports import Alert, Alerts
from .spi import Spi

__all__ = [
    "AccessError", "AddressError", "Alert", "Alerts", "AmbiguousError",
    "ApiLevelError", "Applet", "BabbleError", "BackupError", "Batch",
    "BenchmarkMode", "BusyError", "Cancelled", "ChainError", "ClosedError",
    "Config", "ConfiguredError", "Context", "Core", "CoreTakenError",
    "CorruptError", "DeadlockError", "Device", "DeviceInfo",
    "EndpointOffError", "Error", "ExhaustedError", "FPGAError", "FileError",
    "Flash", "FlashErase", "FlashInfo", "Flashed", "InsideError",
    "Interrupted", "InvalidError", "Jtag", "JtagStep", "LimitError",
    "LimitPassedError", "LogLevel", "MismatchError", "Monitor",
    "MonitorChange", "MonitorEvent", "NoChipError", "NoCoreError",
    "NoDeviceError", "NoMemoryError", "NoPinError", "NoSerialError",
    "NoSupplyError", "Parameter", "ParameterType", "Pattern", "PinTakenError",
    "Pipe", "PipeId", "ProtectedError", "ProtocolError", "Record",
    "RefusedError", "Region", "ResetError", "RevisionError", "Run", "Spi",
    "SpiStep", "StallError", "SvfError", "Tap", "TapState", "Timeout",
    "TooLargeError", "TransferError", "UnsupportedError", "VerifyError",
    "WrongDataError", "WrongHandleError", "applets", "live_objects", "open",
]


def live_objects() -> int:
    """The number of the library's objects that are open in this process:
    contexts, devices, pipes, SPI and JTAG controllers, flash chips, runs
    and monitors."""
    return _lib.clyde_live_objects()
