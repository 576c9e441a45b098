# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests virtual:pins=FILE, the record of the port pins, by what Python and
sigrok-cli read in it."""

import os
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest
from test_cli import CLYDE, OUTPUT, SECONDS, USAGE, clyde, only_line

ECHO = "part=uart-echo@rx=A0:tx=A1:baud=1000000"
UART = ("run", "uart", "-V", "3.3", "--tx", "A0", "--rx", "A1",
        "-b", "1000000")
TEXT = b"Hello, sigrok!"

needs_sigrok = pytest.mark.skipif(
    shutil.which("sigrok-cli") is None, reason="there is no sigrok-cli")


def record(path, keys="", text=TEXT, configured="configured=1,",
           arguments=()):
    """Runs the UART with an echo on its pins; returns the run."""
    done = subprocess.run(
        [CLYDE, "-d", f"virtual:{configured}{ECHO},pins={path}{keys}",
         *arguments, *UART],
        input=text, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout == text
    return done


def samples(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("version") == b"2"
        return archive.read("logic-1-1")


def edges(data):
    """The samples at which the levels change, with the new levels."""
    found, at, end = [], 0, len(data)
    last = data[:2]
    while at < end:
        # Runs are long: halve the search for the next change.
        step = 1 << 20
        while step > 1:
            run = data[at:at + step]
            if len(run) == step and run == last * (step // 2):
                at += step
            else:
                step //= 2
        if at < end and data[at:at + 2] != last:
            last = data[at:at + 2]
            found.append((at // 2, int.from_bytes(last, "little")))
    return found


def decode(path, pin, baud=1000000):
    done = subprocess.run(
        ["sigrok-cli", "-i", path, "-P", f"uart:rx={pin}:baudrate={baud}",
         "-A", "uart=rx-data"],
        capture_output=True, check=True, text=True, timeout=SECONDS)
    return bytes(int(line.split()[1], 16) for line in done.stdout.splitlines())


@needs_sigrok
@pytest.mark.parametrize("keys", ["", ",pinsrate=96"])
def test_the_uart_decoder_of_sigrok_reads_what_was_sent(keys, tmp_path):
    path = tmp_path / "pins.sr"
    record(path, keys)
    assert decode(path, "A0") == TEXT
    assert decode(path, "A1") == TEXT


@needs_sigrok
def test_sigrok_knows_the_rate_and_the_pins(tmp_path):
    path = tmp_path / "pins.sr"
    record(path)
    shown = subprocess.run(["sigrok-cli", "-i", path, "--show"],
                           capture_output=True, check=True, text=True).stdout
    assert "Samplerate: 48000000\nChannels: 16\n- A0: logic\n" in shown
    assert "- B7: logic\n" in shown
    record(path, ",pinsrate=96")
    shown = subprocess.run(["sigrok-cli", "-i", path, "--show"],
                           capture_output=True, check=True, text=True).stdout
    assert "Samplerate: 96000000\n" in shown


@needs_sigrok
def test_the_flash_decoder_of_sigrok_agrees_with_the_part(tmp_path):
    path = tmp_path / "pins.sr"
    program = pathlib.Path(CLYDE).resolve().parents[1] / "tests/flash25-record"
    subprocess.run([program, path], check=True)
    done = subprocess.run(
        ["sigrok-cli", "-i", path, "-P",
         "spi:clk=A1:mosi=A2:miso=A4:cs=A5,spiflash", "-A",
         "spiflash=commands"],
        capture_output=True, check=True, text=True, timeout=SECONDS)
    shown = [line.split(": ", 1)[1] for line in done.stdout.splitlines()
             if "addr 0x" in line or "Erase" in line or "Device" in line]
    assert [re.sub(r"Device = .*", "id", line) for line in shown] == [
        "Read identification (RDID): id",
        "Page program (addr 0x000100, 4 bytes): de ad be ef",
        "Read data (addr 0x000100, 4 bytes): de ad be ef",
        "Fast read data (addr 0x000100, 4 bytes): de ad be ef",
        "Erase sector 0 (0x000000)",
        "Read data (addr 0x000100, 4 bytes): ff ff ff ff",
    ]


def test_each_edge_is_in_its_sample(tmp_path):
    path = tmp_path / "pins.sr"
    record(path, text=b"U")
    data = samples(path)
    found = edges(data)
    # The supply makes both lines high; then A0 sends ten bits of 48 samples,
    # and A1 begins 9.5 bits later and ends with the supply.
    sent = [at for (at, now), (_, was) in zip(found[1:], found)
            if (now ^ was) & 1]
    came = [at for (at, now), (_, was) in zip(found[1:], found)
            if (now ^ was) & 2]
    assert found[0][1] == 0x0003
    assert [at - sent[0] for at in sent[:10]] == [48 * i for i in range(10)]
    assert [at - sent[0] for at in came[:10]] == \
        [456 + 48 * i for i in range(10)]
    # It ends 10 ms after the last change.
    assert len(data) // 2 - found[-1][0] == 480000


def test_half_a_second_takes_less_than_a_megabyte(tmp_path):
    path = tmp_path / "pins.sr"
    record(path, configured="")
    # The image is loaded first.
    assert len(samples(path)) > 2 * 20_000_000
    assert path.stat().st_size < 1 << 20


def test_an_emulated_usbfs_records_as_well(tmp_path):
    path = tmp_path / "pins.sr"
    done = subprocess.run(
        [CLYDE, "-d", f"virtual:{ECHO},pins={path}", "virtual",
         "--pace", "off", "--", CLYDE, *UART],
        input=TEXT, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, TEXT), done.stderr
    assert len(edges(samples(path))) > 100


def test_a_device_whose_pins_do_not_change_leaves_an_empty_file(tmp_path):
    path = tmp_path / "pins.sr"
    clyde("-d", f"virtual:pins={path}", "info")
    assert path.stat().st_size == 0


@pytest.mark.parametrize("keys, says", [
    ("pins=", "virtual: pins= has no file name"),
    ("pins=x.sr,devices=2", "virtual: pins= is for one device, and devices=2"),
    ("pinsrate=24", "virtual: pinsrate=24 is not one of 48 96"),
])
def test_a_wrong_key_is_refused_in_one_line(keys, says, tmp_path):
    done = clyde("-d", "virtual:" + keys, "info", status=USAGE, cwd=tmp_path)
    assert only_line(done) == says


def test_a_file_that_cannot_be_written_is_an_error():
    done = clyde("-d", "virtual:pins=/nope/x", "info", status=OUTPUT)
    assert only_line(done) == \
        "cannot write /nope/x: No such file or directory"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_in_the_log_and_an_error_behind_the_emulated_usbfs():
    full = record("/dev/full", "", b"x", arguments=("--log", "error"))
    assert b"the pins were not written to /dev/full: No space" in full.stderr
    done = subprocess.run(
        [CLYDE, "-d", f"virtual:{ECHO},pins=/dev/full", "virtual",
         "--pace", "off", "--", CLYDE, *UART],
        input=TEXT, capture_output=True, timeout=SECONDS)
    assert done.returncode == OUTPUT
    assert b"the pins were not written to /dev/full: No space" in done.stderr
