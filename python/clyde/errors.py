# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""An exception class for each error of the library, and check(), which raises
it for a result.  The text of an exception is the library's message.
scripts/errors writes the classes from the table of errors,
lib/base/error-table.h; do not edit them here."""

from __future__ import annotations

from typing import Dict, Type

from ._library import lib, text


class Error(Exception):
    """A failure of a call; its text is the library's message."""

    code = 0  # enum clyde_error


# errors: begin
class InvalidError(Error, ValueError):
    """An argument is malformed or out of range."""

    code = -1


class NoMemoryError(Error, MemoryError):
    """Out of memory."""

    code = -2


class ExhaustedError(Error):
    """The process has opened too many objects."""

    code = -3


class ClosedError(Error):
    """The object is closed."""

    code = -4


class WrongHandleError(Error):
    """The handle is another kind of object's."""

    code = -5


class InsideError(Error):
    """The call would wait for the call that it is made in."""

    code = -6


class Cancelled(Error):
    """Cancelled, or closed by another thread."""

    code = -7


class Interrupted(Error):
    """clyde_context_interrupt() was called."""

    code = -8


class Timeout(Error, TimeoutError):
    """The deadline passed."""

    code = -9


class DeadlockError(Error):
    """Nothing is under way that could end this wait."""

    code = -10


class NoDeviceError(Error):
    """No device found, or it was unplugged."""

    code = -11


class AccessError(Error, PermissionError):
    """No permission."""

    code = -14


class BusyError(Error):
    """In use."""

    code = -15


class CorruptError(Error):
    """A configuration block, bitstream or firmware is corrupt."""

    code = -17


class RefusedError(Error):
    """The device refused a command."""

    code = -19


class LimitError(Error, ValueError):
    """A supply above the device's limit."""

    code = -20


class TransferError(Error):
    """A transfer failed."""

    code = -22


class StallError(Error):
    """An endpoint stalled."""

    code = -23


class BabbleError(Error):
    """The device sent more than a transfer holds."""

    code = -24


class ResetError(Error):
    """Another program reset the device, or took it."""

    code = -25


class EndpointOffError(Error):
    """The endpoint is off: its alternate setting was changed."""

    code = -26


class NoSupplyError(Error):
    """A pin's port has no supply."""

    code = -32


class FileError(Error):
    """A file cannot be read or written."""

    code = -34


class UnsupportedError(Error):
    """This link, or this system, cannot do it."""

    code = -35


class VerifyError(Error):
    """The memory does not hold what was written."""

    code = -36


class RevisionError(Error):
    """A board of another revision than C0 to C3."""

    code = -37


class ConfiguredError(Error):
    """The board has a valid configuration block."""

    code = -40


class NoProgramError(Error):
    """A program that does it is not installed."""

    code = -41


class NoChipError(Error):
    """No chip answers."""

    code = -42


class ProtectedError(Error):
    """The chip is write protected."""

    code = -43


class LimitPassedError(Error):
    """The chip was not ready within a limit."""

    code = -44


class ChainError(Error):
    """The bits of TDO are not those of a scan chain."""

    code = -45


class SvfError(Error):
    """An SVF file is malformed."""

    code = -46


class MismatchError(Error):
    """TDO had other bits than a file expects."""

    code = -47


class NoSerialError(NoDeviceError):
    """No device has this serial number."""

    code = -12


class AmbiguousError(NoDeviceError):
    """Several devices, and no serial number to choose by."""

    code = -13


class ApiLevelError(RefusedError):
    """The device speaks another API level."""

    code = -16


class ProtocolError(RefusedError):
    """The device broke the protocol."""

    code = -18


class FPGAError(RefusedError):
    """The FPGA did not configure."""

    code = -21


class WrongDataError(CorruptError):
    """An applet found wrong data."""

    code = -27


class NoCoreError(RefusedError):
    """The FPGA's image lacks a core."""

    code = -28


class CoreTakenError(BusyError):
    """A core or its pipes are in use."""

    code = -29


class NoPinError(InvalidError):
    """The device has no such pin."""

    code = -30


class PinTakenError(InvalidError):
    """Two functions on one pin."""

    code = -31


class AddressError(BusyError):
    """An address to listen at is in use."""

    code = -33


class TooLargeError(InvalidError):
    """It does not fit into the EEPROMs."""

    code = -38


class BackupError(CorruptError):
    """A backup of an EEPROM is cut short or damaged."""

    code = -39


# errors: end

TIMED_OUT = Timeout.code

UINT32_MAX = (1 << 32) - 1

_CLASSES: Dict[int, Type[Error]] = {
    each.code: each for each in list(globals().values())
    if isinstance(each, type) and issubclass(each, Error) and each.code}


def kind(code: int) -> Type[Error]:
    """The exception class for an error of the library."""
    return _CLASSES.get(code, Error)


def failure(result: int) -> Error:
    """The exception for a negative result of this thread's last call."""
    return kind(result)(text(lib.clyde_error_message()))


def c_text(name: str, what: str) -> bytes:
    """Encode a text for the library.  A NUL in it is an InvalidError, since
    the library would read only the part before it."""
    if "\0" in name:
        raise InvalidError(f"{what}: {name!r} has a NUL in it")
    return name.encode()


def in_range(what: str, value: int, most: int) -> int:
    """The value, if the C parameter can hold it; otherwise an InvalidError."""
    if not 0 <= value <= most:
        raise InvalidError(f"{what}: {value} is not in 0..{most}")
    return value


def check(result: int) -> int:
    """The result, if it is not negative; otherwise raise its exception."""
    if result < 0:
        raise failure(result)
    return result
