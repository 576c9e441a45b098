# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the virtual FX2 that executes firmware, by the tool: the key firmware=
of a URI, firmware that fails, and the firmware of Debian's packages."""

import json
import pathlib
import re
import shutil

import pytest
from test_cli import USAGE, clyde, only_line, virtual
from test_virtual import needs_libusb, under

NO_DEVICE, CORRUPT, BARE, FILE = 69, 65, 78, 73
FX2LAFW = pathlib.Path("/usr/share/sigrok-firmware/fx2lafw-cypress-fx2.fw")
IXO = pathlib.Path("/lib/firmware/ixo-usb-jtag/usbjtag-basic.hex")


def record(address, kind, data=b""):
    body = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{body.hex()}{-sum(body) & 0xFF:02x}\n".upper()


def ihex(path, code):
    """Writes code for address 0 as an Intel HEX file."""
    path.write_text(record(0, 0, bytes(code)) + record(0, 1))
    return path


def blank(folder):
    """Returns the URI of an FX2 with an empty EEPROM."""
    eeprom = folder / "blank.bin"
    eeprom.write_bytes(b"\xff" * 0x8000)
    return "-d", f"virtual:firmware=eeprom,eeprom={eeprom}"


def test_firmware_that_does_not_connect_is_one_line(tmp_path):
    loop = ihex(tmp_path / "loop.ihex", [0x80, 0xFE])
    line = only_line(virtual(f"firmware={loop}", "info", status=NO_DEVICE))
    assert f"the firmware of {loop} does not connect" in line


def test_what_is_not_modelled_is_named_with_the_program_counter(tmp_path):
    # mov GPIFTRIG,#1
    gpif = ihex(tmp_path / "gpif.ihex", [0x00, 0x75, 0xBB, 0x01, 0x80, 0xFE])
    line = only_line(virtual(f"firmware={gpif}", "info", status=NO_DEVICE))
    assert "GPIFTRIG 0xbb" in line and line.endswith(", at 0x0001")
    # movx @dptr,a with dptr = 0x5000
    far = ihex(tmp_path / "far.ihex", [0x90, 0x50, 0x00, 0xF0, 0x80, 0xFE])
    line = only_line(virtual(f"firmware={far}", "info", status=NO_DEVICE))
    assert "data memory 0x5000" in line and line.endswith(", at 0x0003")


def test_a_breakpoint_stops_the_firmware_and_its_way_is_written(tmp_path):
    # mov r0,#3; djnz r0,.; sjmp .
    ihex(tmp_path / "loop.ihex", [0x78, 0x03, 0xD8, 0xFE, 0x80, 0xFE])
    (tmp_path / "loop.map").write_text("C:   00000004  _stop   loop\n")
    line = only_line(virtual(
        "firmware=loop.ihex,symbols=loop.map,break=stop,instructions=seen,"
        "profile=profile", "info", status=NO_DEVICE, cwd=tmp_path))
    assert line.endswith("the breakpoint at 0x0004")
    words = [row.split() for row in (tmp_path / "seen").read_text().splitlines()]
    assert [row[1:3] for row in words] == [
        ["0000", "mov"], ["0002", "djnz"], ["0002", "djnz"], ["0002", "djnz"]]
    assert "100.0 %" in (tmp_path / "profile").read_text()


@pytest.mark.parametrize("keys", [
    "profile=x", "firmware=eeprom,break=nonsense", "firmware=eeprom,break=0x4000",
    "firmware=eeprom,symbols=/dev/null", "firmware=eeprom,symbols=",
])
def test_keys_for_the_debugger_need_what_they_name(keys, tmp_path):
    only_line(virtual(keys, "info", status=USAGE, cwd=tmp_path))


def test_a_file_that_is_no_firmware_is_one_line(tmp_path):
    line = only_line(virtual("firmware=/nonesuch", "info", status=FILE))
    assert "/nonesuch" in line
    text = tmp_path / "text"
    text.write_text("hello\n")
    line = only_line(virtual(f"firmware={text}", "info", status=CORRUPT))
    assert "line 1" in line


@pytest.mark.parametrize("keys", [
    "firmware=", "firmware=eeprom,api=9", "firmware=clyde,start=5",
    "firmware=clyde,away=5", "firmware=eeprom,misread=0x20",
    "firmware=eeprom,fault=mute@0x22", "firmware=eeprom,fault=stall@1",
])
def test_keys_that_are_the_models_are_refused(keys):
    only_line(virtual(keys, "info", status=USAGE))


def test_a_new_eeprom_has_no_firmware_for_the_chip():
    line = only_line(virtual("firmware=eeprom", "--firmware", "keep", "info",
                             status=BARE))
    assert "no firmware" in line
    loaded = virtual("firmware=eeprom", "info")
    assert "; clyde " in loaded.stdout
    assert "Clyde's own was loaded" in loaded.stderr
    assert virtual("firmware=model", "info").stdout


def test_clydes_own_firmware_runs_the_benchmark_as_the_model_does():
    """But for the microframe in which a command's reply comes, as the firmware's
    time depends on where its main loop is."""
    line = ("run", "benchmark", "-c", "1MiB", "--json", "-")
    own, model = (
        {row["mode"]: row for row in json.loads(
            virtual(f"firmware={name}", *line).stdout)["modes"]}
        for name in ("clyde", "model"))
    assert list(own) == list(model)
    for mode in ("source", "loopback", "latency"):
        assert abs(own[mode]["seconds"] - model[mode]["seconds"]) < 126e-6
    info = virtual("firmware=clyde", "info").stdout
    assert re.search("^API level +9$", info, re.M)
    assert "; clyde " in info


# Firmware of others, loaded by its own host software.


@needs_libusb
@pytest.mark.skipif(not (FX2LAFW.exists() and shutil.which("sigrok-cli")),
                    reason="no sigrok-cli or no sigrok-firmware-fx2lafw")
def test_sigrok_loads_its_firmware_and_finds_the_device_again(tmp_path):
    scan = "sigrok-cli --driver fx2lafw --scan"
    # The serial number comes from the firmware, once that has started.
    done = under("sh", "-c", f"until {scan} | grep 'S/N: Cypress FX2'; do :; done",
                 options=blank(tmp_path))
    assert "16 channels" in done.stdout


@needs_libusb
@pytest.mark.skipif(not (IXO.exists() and shutil.which("fxload")
                         and shutil.which("lsusb")),
                    reason="no ixo-usb-jtag, no fxload or no lsusb")
def test_fxload_starts_ixo_usb_jtag(tmp_path):
    load = f"fxload -t fx2 -I {IXO} -D /dev/bus/usb/001/002"
    show = "lsusb -v -d 16c0:06ad"
    done = under("sh", "-c", f"{load}; until {show} 2>&1; do :; done",
                 options=blank(tmp_path))
    assert "USB-JTAG-IF" in done.stdout
    assert "EP 2 OUT" in done.stdout and "EP 1 IN" in done.stdout
