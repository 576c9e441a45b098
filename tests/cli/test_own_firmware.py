# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests that a device of another API level gets Clyde's own firmware by itself,
and which devices do not.  The tool is clyde-standin, which has a stand-in for
that firmware, whatever the build contains."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from test_cli import CORRUPT, SECONDS, SEVERAL, TIMEOUT
from test_firmware import API_LEVEL, BUSY, GOOD, TRANSFER
from test_usb import HOLD, plugged

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
STANDIN = CLYDE.parents[1] / "tests/clyde-standin"
ID = "57a4d10400000001"
NOTE = ("clyde: note: the device had no firmware of this API level, so Clyde's "
        "own was loaded into its RAM, until it loses power; clyde flash stores "
        "it\n")


def run(*arguments, status=0):
    done = subprocess.run([STANDIN, *map(str, arguments)], capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=SECONDS)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def virtual(keys, *arguments, **options):
    return run("-d", "virtual:" + keys, *arguments, **options)


@pytest.mark.parametrize("level", [0, 3, 8, 10])
@pytest.mark.parametrize("revision", ["C0", "C1", "C2", "C3"])
def test_a_device_of_another_level_gets_the_firmware_with_one_line(
        level, revision):
    done = virtual(f"api={level},revision={revision}", "info", "--json", "-")
    assert done.stderr == NOTE
    device = json.loads(done.stdout)["device"]
    assert device["api_level"] == 9 and device["revision"] == revision


@pytest.mark.parametrize("line", [
    ("safe",), ("voltage",), ("load",), ("run", "benchmark", "-c", "1MiB",
                                         "source")])
def test_every_command_that_uses_a_device_loads_it(line):
    assert virtual("api=3", *line).stderr == NOTE


def test_a_device_of_the_right_level_gets_none():
    assert virtual("", "info").stderr == ""


def test_list_and_doctor_load_nothing():
    assert "API 3" in virtual("api=3", "list").stdout
    done = virtual("api=3", "doctor")
    assert f"commands load Clyde's own, {ID}, into its RAM" in done.stdout
    assert done.stdout.startswith("note") and done.stderr == ""
    assert "no firmware; commands load" in virtual("api=0", "doctor").stdout


def test_firmware_keep_loads_none():
    done = virtual("api=3", "--firmware", "keep", "info", status=API_LEVEL)
    assert "speaks API level 3, not 9" in done.stderr
    assert done.stderr.count("\n") == 1


def test_firmware_with_a_file_loads_that(tmp_path):
    path = tmp_path / "good.ihex"
    path.write_text(GOOD)
    assert virtual("api=3", "--firmware", path, "info").stderr == ""


def test_another_revision_gets_none(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "info")
    content = bytearray(path.read_bytes())
    content[5] = content[12] = 0x40
    path.write_bytes(content)
    done = virtual(f"api=3,eeprom={path}", "info", status=API_LEVEL)
    assert "speaks API level 3, not 9" in done.stderr
    done = virtual(f"api=3,eeprom={path}", "doctor", status=86)
    assert "--firmware FILE.ihex" in done.stdout


def test_a_board_without_a_block_gets_none(tmp_path):
    path = tmp_path / "eeprom"
    path.write_bytes(b"\xff" * 0x8000)
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert "clyde factory" in done.stderr
    assert path.read_bytes() == b"\xff" * 0x8000


def test_nothing_is_loaded_if_several_devices_are_there():
    virtual("api=0,devices=2", "info", status=SEVERAL)
    done = virtual("api=3,devices=2", "-s", "C3-20230101T120001Z", "info")
    assert done.stderr == NOTE and "C3-20230101T120001Z" in done.stdout


@pytest.mark.parametrize("status, fault, word", [
    (BUSY, "busy", "in use"), (TIMEOUT, "lost", "did not come back"),
    (TRANSFER, "ram@3", "did not arrive")])
def test_a_load_that_fails_is_reported_in_one_line(status, fault, word):
    done = virtual(f"api=3,fault={fault}", "info", status=status)
    assert word in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("level", ["0", "3"])
def test_a_device_on_usb_gets_the_firmware_once(level):
    script = '"$0" info && "$0" info'
    done = plugged(("--api", level), "sh", "-c", script, STANDIN)
    assert done.stderr == NOTE
    assert done.stdout.count("API level     9") == 2


def test_a_busy_device_on_usb_keeps_its_firmware():
    script = '"$0" info; status=$?; "$0" list; exit $status'
    done = plugged(("--api", "3"), sys.executable, "-c", HOLD, "0", "sh", "-c",
                   script, STANDIN, status=BUSY)
    assert "in use" in done.stderr and done.stderr.count("\n") == 1
    assert "API 3" in done.stdout


def test_flash_stores_it_and_the_next_call_finds_it(tmp_path):
    keys = f"eeprom={tmp_path / 'eeprom'}"
    done = virtual(keys, "flash")
    assert done.stdout.startswith("firmware      written and verified\n")
    assert virtual(keys, "flash").stdout == "firmware      was there already\n"
    assert "has Clyde's firmware in its EEPROM" in \
        virtual(keys, "doctor").stdout


def test_factory_uses_it(tmp_path):
    path = tmp_path / "eeprom"
    path.write_bytes(b"\xff" * 0x8000)
    virtual(f"eeprom={path}", "factory", "--rev", "C3", "--serial",
            "20240202T130000Z", "--using-modified-design-files", "no")
    assert "C3-20240202T130000Z" in virtual(f"eeprom={path}", "info").stdout
