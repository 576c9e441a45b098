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
from .applet import Applet, Parameter, ParameterType, Record, Run, applets
from .context import Context, DeviceInfo, LogLevel
from .device import Config, Core, Device, open
from .errors import (AccessError, BusyError, Cancelled, ClosedError,
                     CorruptError, Error, Interrupted, InvalidError,
                     LimitError, NoDeviceError, NoSupplyError, NothingError,
                     RefusedError, StallError, Timeout)
from .pattern import Pattern
from .pipe import Pipe, PipeId, Region
from .ports import Alert, Alerts

__all__ = [
    "AccessError", "Alert", "Alerts", "Applet", "BusyError", "Cancelled",
    "ClosedError", "Config", "Context", "Core", "CorruptError", "Device",
    "DeviceInfo", "Error", "Interrupted", "InvalidError", "LimitError",
    "LogLevel", "NoDeviceError", "NoSupplyError", "NothingError", "Parameter",
    "ParameterType", "Pattern", "Pipe", "PipeId", "Record", "RefusedError",
    "Region", "Run", "StallError", "Timeout", "applets", "live_objects",
    "open",
]


def live_objects() -> int:
    """Objects of the library that are alive in this process."""
    return _lib.clyde_live_objects()
