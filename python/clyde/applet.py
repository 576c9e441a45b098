# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Applets: their parameter tables, and runs that report records."""

from __future__ import annotations

import os
from enum import IntEnum
from functools import lru_cache
from typing import (TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple,
                    Optional, Protocol, Union)

from ._library import ffi, lib, text
from ._owner import Owner, callback
from ._signals import attend
from .context import Context
from .errors import Error, InvalidError, c_text, check
from .ports import _mask, supplies

if TYPE_CHECKING:
    from .device import Device


class ParameterType(IntEnum):
    SIZE = lib.CLYDE_PARAMETER_SIZE
    INTEGER = lib.CLYDE_PARAMETER_INTEGER
    CHOICE = lib.CLYDE_PARAMETER_CHOICE
    ONE_OF = lib.CLYDE_PARAMETER_ONE_OF
    FLAG = lib.CLYDE_PARAMETER_FLAG
    TIME = lib.CLYDE_PARAMETER_TIME
    TEXT = lib.CLYDE_PARAMETER_TEXT
    WORDS = lib.CLYDE_PARAMETER_WORDS
    PIN = lib.CLYDE_PARAMETER_PIN
    PINS = lib.CLYDE_PARAMETER_PINS


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


@lru_cache(maxsize=None)
def _types_of(applet: str) -> Dict[str, ParameterType]:
    rows = lib.clyde_applet_find(applet.encode()).parameters
    return {row.name: row.type for row in _parameters(rows)}


class _HasDescriptor(Protocol):
    def fileno(self) -> int: ...


File = Union[int, _HasDescriptor]


def _descriptor(file: File) -> int:
    return file if isinstance(file, int) else file.fileno()


def _typed(kind: Optional[ParameterType], value: Any) -> str:
    """One value as it would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind is ParameterType.TIME and isinstance(value, (int, float)):
        return f"{round(value * 1e9)}ns"
    if isinstance(value, (int, str)):
        return str(value)
    return os.fsdecode(value)


def _all_typed(kind: Optional[ParameterType], value: Any) -> List[str]:
    """What to set, one after the other: words may have blanks in them."""
    if not isinstance(value, (list, tuple)):
        return [_typed(kind, value)]
    each = [_typed(kind, one) for one in value]
    if kind is ParameterType.PINS:
        return [",".join(each)]
    if kind is not None and kind not in (
            ParameterType.CHOICE, ParameterType.WORDS):
        raise InvalidError(f"a list of {len(each)} for one "
                           f"{kind.name.lower().replace('_', ' ')}")
    return each


class Run(Owner):
    """An applet with values for its parameters.  A "-" in a name is "_", and
    a name that Python has for itself ends with one: for_=0.01."""

    __slots__ = ("context", "_files", "_types")

    def __init__(self, context: Context, applet: str,
                 **parameters: Any) -> None:
        handle = ffi.new("struct clyde_run **")
        check(lib.clyde_run_new(
            context._handle, c_text(applet, "applet"), handle))
        # A run's handle is its token.
        self._open(handle[0], int(ffi.cast("uintptr_t", handle[0])))
        self.context = context
        self._types = _types_of(applet)
        for name, value in parameters.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """Set a parameter: as it would be typed, or a number, for a time
        in seconds; a bool for a flag; a list of choices, words or pins,
        where the first two add to what was set."""
        name = name.rstrip("_").replace("_", "-")
        for typed in _all_typed(self._types.get(name), value):
            if "\0" in typed:
                raise InvalidError(f"{name}: a NUL character")
            check(lib.clyde_run_set(
                self._handle, c_text(name, "parameter"),
                os.fsencode(typed)))

    @property
    def streams(self) -> bool:
        """Whether the run, as it is set, needs attach()."""
        return check(lib.clyde_run_streams(self._handle)) > 0

    def attach(self, source: File, sink: File) -> None:
        """Give it its input and output: files, sockets or descriptors, which
        stay the caller's, open until the run has ended."""
        check(lib.clyde_run_attach(
            self._handle, _descriptor(source), _descriptor(sink)))
        self._files = source, sink  # the collector would close them

    def claim(self, device: Device) -> None:
        """Claim the core, pipes and pins, before several runs start."""
        check(lib.clyde_run_claim(self._handle, device._handle))

    def start(self, device: Device, supply: Optional[str] = None,
              record: Optional[Callable[[Record], None]] = None,
              progress: Optional[Callable[[str, int, int], None]] = None,
              ) -> List[Record]:
        """Run to the end.  What `record` and `progress` raise, or a signal's
        handler, as for Ctrl-C, interrupts the context, and is raised here.
        From the main thread, they are called on another."""
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

        ended: List[Error] = []

        def call() -> None:
            try:
                check(lib.clyde_run_start(
                    self._handle, device._handle, ports, observer))
            except Error as error:  # its sentence is this thread's
                ended.append(error)

        try:
            attend(call, self.context.interrupt)
            if raised:
                raise raised[0]
        except BaseException:
            self.context.resume()
            raise
        if ended:
            raise ended[0]
        return records
