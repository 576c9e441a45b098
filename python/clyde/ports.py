# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A device's ports: supplies, limits, pull resistors, levels and measurements.

Ports are named by letters, "AB".  A getter returns a dict, whose keys are the
letters of the device's ports.  Voltages are in mV, currents in uA.  clyde.h
describes each function.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Dict, NamedTuple, Tuple

from ._library import ffi, lib, text
from .errors import UINT32_MAX, InvalidError, c_text, check, in_range

_LETTERS = "ABCD"


class Alert(IntFlag):
    UNDERVOLTAGE = lib.CLYDE_ALERT_UNDERVOLTAGE
    OVERVOLTAGE = lib.CLYDE_ALERT_OVERVOLTAGE
    OVERCURRENT = lib.CLYDE_ALERT_OVERCURRENT


class Alerts(NamedTuple):
    ports: Dict[str, Alert]
    fpga: int

    def __bool__(self) -> bool:
        return bool(self.fpga or any(self.ports.values()))


def _mask(ports: str) -> int:
    mask = 0
    for letter in ports:
        if letter not in _LETTERS:
            raise InvalidError(f"there is no port {letter!r}")
        mask |= 1 << _LETTERS.index(letter)
    return mask


def _number(what: str, value: int) -> int:
    return in_range(what, value, UINT32_MAX)


class Ports:
    """The methods of a Device for its ports."""

    __slots__ = ()

    _handle: Any

    @property
    def ports(self) -> str:
        """The ports that this device has: "AB"."""
        mask = check(lib.clyde_device_ports(self._handle))
        return "".join(letter for i, letter in enumerate(_LETTERS)
                       if mask >> i & 1)

    def _read(self, call: Any, kind: str) -> Dict[str, int]:
        values = ffi.new(f"{kind}[]", lib.CLYDE_PORT_COUNT)
        check(call(self._handle, values))
        return dict(zip(self.ports, values))

    def _read_pair(self, call: Any, kind: str) -> Dict[str, Tuple[int, int]]:
        first = ffi.new(f"{kind}[]", lib.CLYDE_PORT_COUNT)
        second = ffi.new(f"{kind}[]", lib.CLYDE_PORT_COUNT)
        check(call(self._handle, first, second))
        return dict(zip(self.ports, zip(first, second)))

    def supply_set(self, ports: str, supply_mv: int) -> None:
        """Set supplies; 0 is off."""
        check(lib.clyde_supply_set(
            self._handle, _mask(ports), _number("supply_mv", supply_mv)))

    def supply_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_supply_get, "unsigned")

    def supply_apply(self, specification: str) -> None:
        """Set supplies by a specification, as -V of the tool has it:
        "A=3.3,B=1.8", "3.3", "A=off"."""
        supply = supplies(specification, _mask(self.ports))
        check(lib.clyde_supply_apply(self._handle, supply))

    def limit_set(self, ports: str, limit_mv: int) -> None:
        check(lib.clyde_supply_limit_set(
            self._handle, _mask(ports), _number("limit_mv", limit_mv)))

    def limit_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_supply_limit_get, "unsigned")

    def sense_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_sense_get, "unsigned")

    def current_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_supply_current_get, "int")

    def window_set(self, ports: str, low_mv: int, high_mv: int) -> None:
        check(lib.clyde_supply_window_set(
            self._handle, _mask(ports), _number("low_mv", low_mv),
            _number("high_mv", high_mv)))

    def window_get(self) -> Dict[str, Tuple[int, int]]:
        return self._read_pair(lib.clyde_supply_window_get, "unsigned")

    def trip_set(self, ports: str, trip_ua: int) -> None:
        check(lib.clyde_supply_current_limit_set(
            self._handle, _mask(ports), _number("trip_ua", trip_ua)))

    def trip_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_supply_current_limit_get, "unsigned")

    def pulls_set(self, ports: str, down: int, up: int) -> None:
        """Set pull resistors.  Bit 0 of `down` and `up` is for pin 0."""
        check(lib.clyde_pulls_set(
            self._handle, _mask(ports), in_range("down", down, 0xff),
            in_range("up", up, 0xff)))

    def pulls_get(self) -> Dict[str, Tuple[int, int]]:
        return self._read_pair(lib.clyde_pulls_get, "uint8_t")

    def levels_get(self) -> Dict[str, int]:
        return self._read(lib.clyde_levels_get, "uint8_t")

    def _alerts(self, call: Any) -> Alerts:
        alerts = ffi.new("struct clyde_alerts *")
        check(call(self._handle, alerts))
        return Alerts({port: Alert(bits) for port, bits
                       in zip(self.ports, alerts.ports)}, alerts.fpga)

    def alerts_get(self) -> Alerts:
        return self._alerts(lib.clyde_alerts_get)

    def alerts_take(self) -> Alerts:
        """The alerts that the device has sent since the last call."""
        return self._alerts(lib.clyde_alerts_take)

    def alerts_clear(self, alerts: Alerts) -> None:
        raw = ffi.new("struct clyde_alerts *", {"fpga": alerts.fpga})
        for port, bits in alerts.ports.items():
            raw.ports[_LETTERS.index(port)] = bits
        check(lib.clyde_alerts_clear(self._handle, raw))

    def safe(self) -> None:
        """Switch supplies, pull resistors and windows off, and clear
        alerts."""
        check(lib.clyde_device_safe(self._handle))


def supplies(specification: str, mask: int) -> Any:
    """A supply specification, parsed for these ports: a C array of struct
    clyde_supply.  Raises InvalidError."""
    supply = ffi.new("struct clyde_supply[]", lib.CLYDE_PORT_COUNT)
    specified = c_text(specification, "supply")
    if lib.clyde_supply_parse(specified, mask, supply) < 0:
        raise InvalidError(
            f"{specification}: {text(lib.clyde_error_message())}")
    return supply
