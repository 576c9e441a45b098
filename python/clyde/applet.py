# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Applets: their parameter tables, and runs that report records."""

from __future__ import annotations

from enum import IntEnum
from typing import (TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple,
                    Optional)

from ._library import ffi, lib, text
from ._owner import Owner, callback
from .context import Context
from .errors import check
from .ports import _mask, supplies

if TYPE_CHECKING:
    from .device import Device


class ParameterType(IntEnum):
    SIZE = lib.CLYDE_SIZE
    INTEGER = lib.CLYDE_INTEGER
    CHOICE = lib.CLYDE_CHOICE
    FLAG = lib.CLYDE_FLAG


class Parameter(NamedTuple):
    """One row of an applet's parameter table; clyde.h has the meaning."""

    name: str
    key: str
    type: ParameterType
    positional: bool
    minimum: int
    maximum: int
    multiple: int
    unit: str
    initial: str
    choices: List[str]
    help: str


class Applet(NamedTuple):
    name: str
    help: str
    parameters: List[Parameter]


class Record(NamedTuple):
    """What an applet reports: a line for people, fields for programs."""

    group: str
    text: str
    fields: Dict[str, Any]


def _parameter(row: Any) -> Parameter:
    return Parameter(
        text(row.name), row.key.decode().strip("\0"), ParameterType(row.type),
        row.positional, row.minimum, row.maximum, row.multiple,
        text(row.unit), text(row.initial), text(row.choices).split(),
        text(row.help))


def _parameters(rows: Any) -> List[Parameter]:
    count = 0
    while rows[count].name != ffi.NULL:
        count += 1
    return [_parameter(rows[i]) for i in range(count)]


def applets() -> Dict[str, Applet]:
    """The applets that the library has, by name."""
    found: Dict[str, Applet] = {}
    while True:
        applet = lib.clyde_applet_at(len(found))
        if applet == ffi.NULL:
            return found
        name = text(applet.name)
        found[name] = Applet(name, text(applet.help),
                             _parameters(applet.parameters))


_VALUES: Dict[int, Callable[[Any], Any]] = {
    lib.CLYDE_FIELD_TEXT: lambda field: text(field.text),
    lib.CLYDE_FIELD_COUNT: lambda field: field.count,
    lib.CLYDE_FIELD_REAL: lambda field: field.real,
    lib.CLYDE_FIELD_FLAG: lambda field: field.flag,
    lib.CLYDE_FIELD_PAIRS: lambda field: [
        (field.pairs[2 * i], field.pairs[2 * i + 1])
        for i in range(field.count)],
}


def _record(record: Any) -> Record:
    fields: Dict[str, Any] = {}
    at = 0
    while record.fields[at].type != lib.CLYDE_FIELD_END:
        field = record.fields[at]
        fields[text(field.name)] = _VALUES[field.type](field)
        at += 1
    return Record(text(record.group), text(record.text), fields)


def _typed(value: Any) -> bytes:
    """A parameter's value as it would be typed."""
    if isinstance(value, bool):
        return b"yes" if value else b"no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)).encode()
    return str(value).encode()


class Run(Owner):
    """An applet with values for its parameters; a "-" in a name is "_"."""

    __slots__ = ("context",)

    def __init__(self, context: Context, applet: str,
                 **parameters: Any) -> None:
        handle = ffi.new("struct clyde_run **")
        check(lib.clyde_run_new(context._handle, applet.encode(), handle))
        # A run's handle is its token.
        self._open(handle[0], int(ffi.cast("uintptr_t", handle[0])))
        self.context = context
        for name, value in parameters.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """Set a parameter: as it would be typed, or a number, or a list of
        choices."""
        check(lib.clyde_run_set(
            self._handle, name.replace("_", "-").encode(), _typed(value)))

    def start(self, device: Device, supply: Optional[str] = None,
              record: Optional[Callable[[Record], None]] = None,
              progress: Optional[Callable[[str, int, int], None]] = None,
              ) -> List[Record]:
        """Run to the end.  What `record` and `progress` raise, Ctrl-C too,
        interrupts the context, and is raised here."""
        records: List[Record] = []
        raised: List[BaseException] = []

        def failed(_: Any, error: BaseException, __: Any) -> None:
            raised.append(error)
            self.context.interrupt()

        def on_record(_: Any, raw: Any) -> None:
            records.append(_record(raw))
            if record:
                record(records[-1])

        def on_progress(_: Any, what: Any, done: int, total: int) -> None:
            if progress:
                progress(text(what), done, total)

        observer = ffi.new("struct clyde_observer *")
        hooks = [
            ffi.callback("void(void *, const struct clyde_record *)",
                         callback(on_record), onerror=failed),
            ffi.callback("void(void *, const char *, uint64_t, uint64_t)",
                         callback(on_progress), onerror=failed)]
        observer.record, observer.progress = hooks
        ports = supplies(supply, _mask(device.ports)) if supply else ffi.NULL
        result = lib.clyde_run_start(
            self._handle, device._handle, ports, observer)
        if raised:
            self.context.resume()
            raise raised[0]
        check(result)
        return records
