# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests devices without the right firmware, and --firmware, on the virtual
link."""

import os
import re

import pytest

from test_cli import (
    BENCHMARK, CORRUPT, NO_DEVICE, NO_SERIAL, SEVERAL, TIMEOUT,
    clyde, only_line, document, virtual,
)

INPUT, TRANSFER, API_LEVEL, BUSY = 72, 74, 78, 83

END = ":00000001FF\n"
# LJMP 0003h, and there SJMP to itself: the model accepts it as firmware.
GOOD = ":03000000020003F8\n:0200030080FE7D\n" + END


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "good.ihex"
    path.write_text(GOOD)
    return str(path)


@pytest.mark.parametrize("level", [0, 3, 4, 5, 6, 7, 8, 10])
@pytest.mark.parametrize("line", [("info",), ("safe",), BENCHMARK])
def test_another_level_is_named_with_the_remedy(level, line):
    text = only_line(virtual(f"api={level}", "--firmware", "keep", *line,
                             status=API_LEVEL))
    assert f"API level {level}" in text
    assert "clyde --firmware FILE.ihex" in text


def test_list_shows_api_levels_and_devices_without_firmware():
    assert "  API 3  " in virtual("api=3").stdout
    line = virtual("api=0").stdout
    assert line.split()[:4] == ["-", "C3", "no", "firmware"]
    device = document(virtual("api=0", "list", "--json", "-"))["devices"][0]
    assert device["api_level"] == 0 and device["serial"] == ""
    assert not device["modified"]


@pytest.mark.parametrize("level", [0, 3, 8, 10])
def test_firmware_is_loaded_and_the_command_goes_on(level, firmware):
    done = virtual(
        f"api={level}", "info", "--json", "-", "--firmware", firmware
    )
    assert document(done)["device"]["api_level"] == 9
    assert done.stderr == ""
    done = virtual(f"api={level}", "--firmware", firmware, *BENCHMARK)
    assert "source" in done.stdout


def test_the_log_has_the_requests_that_load_firmware(firmware):
    done = virtual("api=3", "--log", "trace", "--firmware", firmware)
    requests = re.findall(r"control (.. a0, value 0x....), .*: (\d+) of",
                          done.stderr)
    assert requests == [
        ("40 a0, value 0xe600", "1"), ("40 a0, value 0x0000", "5"),
        ("c0 a0, value 0x0000", "5"), ("40 a0, value 0xe600", "1"),
    ]


def test_list_shows_the_loaded_level(firmware):
    done = virtual("api=3", "--firmware", firmware)
    assert "  API 9  " in done.stdout


def test_a_device_of_the_right_level_is_not_loaded(firmware):
    plain = virtual("", "info")
    # A load would fail here.
    assert virtual("", "--firmware", firmware, "info").stdout == plain.stdout
    keys = "fault=lost,fault=ram@0"
    virtual(keys, "--firmware", firmware, "info")


def test_one_of_several_devices_is_loaded(firmware):
    keys = "api=3,devices=2"
    load = ("--firmware", firmware, "list")
    text = only_line(virtual(keys, *load, status=SEVERAL))
    assert "-s" in text
    done = virtual(keys, "-s", "C3-20230101T120001Z", *load)
    assert "API 9" in done.stdout and done.stdout.count("\n") == 1
    done = virtual("api=0,devices=2", *load, status=SEVERAL)
    assert "serial numbers" in only_line(done)
    done = virtual("api=0", "-s", "C3-x", *load, status=NO_SERIAL)
    assert "firmware" in only_line(done)
    clyde(*load, status=NO_DEVICE)


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "line 1: the end record"),
        ("hello\n", "line 1: byte 0x68"),
        (GOOD.replace("7D", "7E"), "line 2: the checksum"),
        (":00000006FA\n" + END, "line 1: record type 0x06"),
        (":0200030080FE7D\n" + GOOD, "line 3: address 0x0003"),
        (":01400000AB14\n" + END, "line 1: address 0x4000"),
        (":020000040001F9\n" + END, "line 1: a base"),
        (GOOD[: -len(END)], "line 3: the end record"),
        (GOOD + ":0100100000EF\n", "line 4"),
        (END, "without any data"),
    ],
)
@pytest.mark.parametrize("keys", ["", "api=3"])
def test_a_broken_file_is_refused_with_the_number_of_the_line(
        text, word, keys, tmp_path):
    path = tmp_path / "broken.ihex"
    path.write_text(text)
    done = virtual(keys, "info", "--firmware", str(path), status=CORRUPT)
    assert word in only_line(done)
    assert done.stdout == ""


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(bytes(range(256)))
    done = virtual("api=3", "--firmware", str(path), status=CORRUPT)
    assert "line 1: byte 0x00" in only_line(done)


def test_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "absent", tmp_path, ""):
        done = virtual("", "info", "--firmware", str(path), status=INPUT)
        assert f"cannot read {path}" in only_line(done)


def test_an_endless_file_is_refused():
    done = virtual("", "info", "--firmware", "/dev/zero", status=CORRUPT)
    assert "/dev/zero" in only_line(done)


@pytest.mark.parametrize(
    "status, fault, word",
    [
        (BUSY, "busy", "in use"),
        (TIMEOUT, "lost", "did not come back"),
        (TRANSFER, "ram@3", "did not arrive"),
    ],
)
def test_a_load_that_fails_is_reported_in_one_line(
        status, fault, word, firmware):
    keys = f"api=3,fault={fault}"
    done = virtual(keys, "--firmware", firmware, "info", status=status)
    assert word in only_line(done)
    assert done.stdout == ""


# Until the device leaves: as libfx2 is in the source, and with a stored
# bitstream.  How long it is away: libfx2's 10 ms, and as upstream has seen.
STARTS = ("1", "1000", "3600000")
AWAYS = ("1", "10000", "1000000")


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("away", AWAYS)
def test_a_device_may_leave_late_and_be_away_for_an_instant(
        start, away, firmware):
    keys = f"api=3,start={start},away={away}"
    done = virtual(keys, "--firmware", firmware)
    assert "  API 9  " in done.stdout and done.stderr == ""


def test_a_device_that_leaves_too_late_is_reported(firmware):
    keys = "api=3,start=9500000"
    done = virtual(keys, "--firmware", firmware, status=TIMEOUT)
    assert "did not come back" in only_line(done)


def test_a_file_without_firmware_leaves_the_device_bare(tmp_path):
    path = tmp_path / "other.ihex"
    path.write_text(":03000000000003FA\n" + END)
    done = virtual("api=3", "--firmware", str(path), status=API_LEVEL)
    assert "does not start as firmware" in only_line(done)


def test_nothing_is_loaded_for_a_command_without_a_device():
    for line in (("help",), ("run",), ("info", "--help")):
        virtual("api=3", "--firmware", "/nonexistent", *line)


# Upstream's firmware is not part of this tree; the test uses it if it is
# installed.
if os.environ.get("GLASGOW_FIRMWARE"):
    def test_upstreams_firmware_is_accepted():
        for level in (0, 3):
            virtual(f"api={level}", "--firmware",
                    os.environ["GLASGOW_FIRMWARE"], "info")
