# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What goes wrong: takes a result of the library's, raises it as an exception
that has the library's sentence and its errno value."""

from __future__ import annotations

import errno

from ._library import lib, text

TIMED_OUT = -errno.ETIMEDOUT


class Error(OSError):
    """A failure, in the library's words; `errno` says of which kind."""

    def __str__(self) -> str:
        return str(self.strerror)


class InvalidError(Error, ValueError):
    """An argument is malformed or out of range."""


class NoDeviceError(Error):
    """No such device found, or several; or it was unplugged."""


class LimitError(Error, ValueError):
    """A supply above the device's limit."""


class NoSupplyError(Error):
    """A pin's port has no supply."""


class CorruptError(Error):
    """The configuration block, a firmware file or a stream is corrupt."""


class RefusedError(Error):
    """The device refused, broke the protocol, or speaks another one."""


class Timeout(Error, TimeoutError):
    """The deadline passed."""


class NothingError(Error):
    """Nothing is under way that could end this wait."""


class Cancelled(Error):
    """Cancelled, or closed by another thread."""


class Interrupted(Error):
    """Context.interrupt() was called."""


class StallError(Error):
    """An endpoint stalled."""


class BusyError(Error):
    """In use."""


class AccessError(Error, PermissionError):
    """No permission to use the device."""


class ClosedError(Error):
    """The object is closed; or it is the parent's, after a fork."""


_CLASSES = {
    errno.EINVAL: InvalidError,
    errno.ECHRNG: InvalidError,
    errno.EEXIST: InvalidError,
    errno.ENODEV: NoDeviceError,
    errno.ENXIO: NoDeviceError,
    errno.ENOTUNIQ: NoDeviceError,
    errno.ERANGE: LimitError,
    errno.EBADMSG: CorruptError,
    errno.EILSEQ: CorruptError,
    errno.ENOEXEC: RefusedError,
    errno.EREMOTEIO: RefusedError,
    errno.EPROTO: RefusedError,
    errno.EPROTONOSUPPORT: RefusedError,
    errno.ENOPKG: RefusedError,
    errno.ENOTCONN: NoSupplyError,
    errno.ETIMEDOUT: Timeout,
    errno.EDEADLK: NothingError,
    errno.ECANCELED: Cancelled,
    errno.EINTR: Interrupted,
    errno.EPIPE: StallError,
    errno.EBUSY: BusyError,
    errno.EUSERS: BusyError,
    errno.EADDRINUSE: BusyError,
    errno.EACCES: AccessError,
    errno.ESTALE: ClosedError,
}


def failure(result: int) -> Error:
    """The exception for a negative result of a call on this thread."""
    sentence = text(lib.clyde_result_text(result))
    return _CLASSES.get(-result, Error)(-result, sentence)


def check(result: int) -> int:
    """A result that is not a failure."""
    if result < 0:
        raise failure(result)
    return result
