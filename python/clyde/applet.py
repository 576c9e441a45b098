# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Applets: their parameter tables, runs of them, and the records that a run
reports."""

from __future__ import annotations

import os
from enum import IntEnum
from functools import lru_cache
from typing import (TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple,
                    Optional, Protocol, Union)

from ._library import ffi, lib, text
from ._object import Object, callback
from ._signals import call_interruptibly
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
    FREQUENCY = lib.CLYDE_PARAMETER_FREQUENCY
    VERB = lib.CLYDE_PARAMETER_VERB


class Parameter(NamedTuple):
    """One row of an applet's parameter table, with the members of struct
    clyde_parameter in clyde.h."""

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
    choices_help: List[str]
    verbs: List[str]
    required: bool


class Applet(NamedTuple):
    """An applet of the library."""

    name: str
    help: str
    parameters: List[Parameter]
    aliases: List[str]


class Record(NamedTuple):
    """A record of a run: its group, a line for people, fields for programs."""

    group: str
    text: str
    fields: Dict[str, Any]


def _parameter(row: Any) -> Parameter:
    return Parameter(
        text(row.name), row.key.decode().strip("\0"), ParameterType(row.type),
        row.positional, row.minimum, row.maximum, row.multiple,
        text(row.unit), text(row.initial), text(row.choices).split(),
        text(row.help), text(row.choices_help).splitlines(),
        text(row.verbs).split(), row.required)


def _parameters(rows: Any) -> List[Parameter]:
    count = 0
    while rows[count].name != ffi.NULL:
        count += 1
    return [_parameter(rows[i]) for i in range(count)]


def applets() -> Dict[str, Applet]:
    """The applets of the library, by name."""
    found: Dict[str, Applet] = {}
    while True:
        applet = lib.clyde_applet_at(len(found))
        if applet == ffi.NULL:
            return found
        name = text(applet.name)
        found[name] = Applet(name, text(applet.help),
                             _parameters(applet.parameters),
                             text(applet.aliases).split())


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


def _as_text(kind: Optional[ParameterType], value: Any) -> str:
    """A value in the syntax of the command line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind is ParameterType.TIME and isinstance(value, (int, float)):
        return f"{round(value * 1e9)}ns"
    if kind is ParameterType.FREQUENCY and isinstance(value, (int, float)):
        return f"{round(value)}Hz"
    if isinstance(value, (int, str)):
        return str(value)
    return os.fsdecode(value)


def _as_texts(kind: Optional[ParameterType], value: Any) -> List[str]:
    """The texts to set one after the other.  A list of words is not joined,
    since a word may contain blanks."""
    if not isinstance(value, (list, tuple)):
        return [_as_text(kind, value)]
    each = [_as_text(kind, one) for one in value]
    if kind is ParameterType.PINS:
        return [",".join(each)]
    if kind is not None and kind not in (
            ParameterType.CHOICE, ParameterType.WORDS):
        raise InvalidError(f"a list of {len(each)} for one "
                           f"{kind.name.lower().replace('_', ' ')}")
    return each


class Run(Object):
    """One execution of an applet, with values for its parameters.  In the name
    of a parameter "-" becomes "_", and a keyword of Python gets one at its
    end: for_=0.01."""

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
        """Set a parameter.  The value is a string as for the command line, a
        number (of seconds for a time, of Hz for a frequency), a bool for a
        flag, or a list of choices, words or pins.  Choices and words are added to those set
        before."""
        name = name.rstrip("_").replace("_", "-")
        for typed in _as_texts(self._types.get(name), value):
            if "\0" in typed:
                raise InvalidError(f"{name}: a NUL character")
            check(lib.clyde_run_set(
                self._handle, c_text(name, "parameter"),
                os.fsencode(typed)))

    @property
    def streams(self) -> bool:
        """Whether the run, with its present parameters, needs attach()."""
        return check(lib.clyde_run_streams(self._handle)) > 0

    def attach(self, source: File, sink: File) -> None:
        """Set the run's input and output: files, sockets or descriptors.  The
        caller owns them and closes them, but not before the run has ended."""
        check(lib.clyde_run_attach(
            self._handle, _descriptor(source), _descriptor(sink)))
        # A reference: the garbage collector would close the files.
        self._files = source, sink

    def claim(self, device: Device) -> None:
        """Claim the core, pipes and pins.  start() does it too; call it to
        find conflicts before the first of several runs starts."""
        check(lib.clyde_run_claim(self._handle, device._handle))

    def start(self, device: Device, supply: Optional[str] = None,
              record: Optional[Callable[[Record], None]] = None,
              progress: Optional[Callable[[str, int, int], None]] = None,
              ) -> List[Record]:
        """Run to the end, and return the records.  `supply` is a specification
        like "A=3.3".  An exception in `record` or `progress`, or in a signal's
        handler, such as KeyboardInterrupt, interrupts the context, and is
        raised here.  If start() is called on the main thread, `record` and
        `progress` are called on another one."""
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
            except Error as error:  # the message is of this thread
                ended.append(error)

        try:
            call_interruptibly(call, self.context.interrupt)
            if raised:
                raise raised[0]
        except BaseException:
            self.context.resume()
            raise
        if ended:
            raise ended[0]
        return records
