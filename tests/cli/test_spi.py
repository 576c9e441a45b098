# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the spi-controller and qspi-controller applets against the virtual
flash chip, and by what sigrok-cli reads on their pins."""

import json
import re
import shutil
import subprocess

import pytest
from test_cli import OUTPUT, SECONDS, clyde

USAGE, PIN_TAKEN, NO_SUPPLY = 64, 89, 91
SPI_CHIP = "virtual:part=flash25@cs=A0:sck=A1:io0=A2:io1=A3"
QSPI_CHIP = "virtual:part=flash25@cs=A5:sck=A0:io0=A1:io1=A2:io2=A3:io3=A4"

needs_sigrok = pytest.mark.skipif(
    shutil.which("sigrok-cli") is None, reason="there is no sigrok-cli")


def spi(*arguments, device=SPI_CHIP, applet="spi-controller"):
    """Returns the lines behind the heading: pins, and what was received."""
    return clyde("-d", device, "run", applet, "-V", "3.3",
                 *arguments).stdout.splitlines()[1:]


def refused(*arguments, status=USAGE, applet="spi-controller"):
    done = clyde("-d", SPI_CHIP, "run", applet, *arguments, status=status)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("clyde: ")


def test_the_identification_is_read_on_upstreams_pins():
    assert spi("9f000000") == [
        "cs A0, sck A1, copi A2, cipo A3, 100 kHz, mode 0", "00ef4018"]
    assert spi("9f000000", device=QSPI_CHIP, applet="qspi-controller") == [
        "sck A0, copi A1, cipo A2, io2 A3, io3 A4, cs A5, 1 MHz, mode 0",
        "00ef4018"]


def test_each_word_selects_the_chip_anew():
    # For a while after power-up the chip takes no command that writes.
    lines = spi("03" + "00" * 1000, "06", "0500", "04", "0500",
                "90 00 00 00 ffff")
    assert lines[2:] == ["00", "0002", "00", "0000", "00000000ef17"]


def test_short_names_pins_and_inverted_pins():
    device = "virtual:part=flash25@cs=B1:sck=B0:io0=B2:io1=B3"
    lines = spi("--cs", "B1", "--sck", "B0", "--copi", "B2", "--cipo", "B3",
                "9f00", device=device, applet="spi")
    assert lines == ["cs B1, sck B0, copi B2, cipo B3, 100 kHz, mode 0",
                     "00ef"]
    assert spi("--cs", "A0#", "00", device="virtual:")[0].startswith("cs A0#,")


@pytest.mark.parametrize("option, said", [
    ("100", "100 kHz"), ("12000", "12 MHz"), ("12M", "12 MHz"),
    ("7M", "6.857 MHz for 7 MHz"), ("48M", "48 MHz"),
    ("1465Hz", "1.464 kHz for 1.465 kHz"), ("33k", "32.99 kHz for 33 kHz")])
def test_the_real_rate_is_told(option, said):
    lines = spi("-f", option, "9f000000")
    assert f", {said}, mode 0" in lines[0]
    assert lines[1] == "00ef4018"


def test_mode_3_and_delays_read_the_same():
    assert spi("-m", "3", "9f000000")[1] == "00ef4018"
    for delay in ("0", "10", "21", "73"):
        assert spi("--sample-delay", delay, "9f000000")[1] == "00ef4018"


def test_a_long_exchange_is_printed_whole():
    lines = spi("-f", "12M", "03000000" + "00" * 5000)
    assert lines[1] == "00" * 4 + "ff" * 5000


def test_without_a_pin_for_one_direction_only_the_other_is_used():
    assert spi("--cipo", "NC", "9f00")[1:] == []
    lines = spi("--copi", "NC", "0000")
    assert "copi none" in lines[0] and len(lines[1]) == 4


def test_the_report_has_the_exchanges(tmp_path):
    path = tmp_path / "spi.json"
    spi("--json", str(path), "-f", "7M", "9f00", "ab00000000")
    report = json.loads(path.read_text())
    assert report["exchanges"] == [
        {"sent": "9f00", "received": "00ef"},
        {"sent": "ab00000000", "received": "0000000017"}]
    assert report["events"][0]["rate_hz"] == 6857142


@pytest.mark.parametrize("arguments, sentence", [
    ((), "spi-controller: data is missing"),
    (("9g",), "data: '9g' is not hexadecimal bytes like 9f000000"),
    (("9",), "data: '9' is not hexadecimal bytes like 9f000000"),
    (("",), "data: '' is not hexadecimal bytes like 9f000000"),
    (("9f", "0x00"), "data: '0x00' is not hexadecimal bytes like 9f000000"),
    (("-m", "4", "9f"),
     "run spi-controller: --mode: 4 is not in 0..3; the nearest is 3"),
    (("-f", "50M", "9f"),
     "run spi-controller: --frequency: 50M is not in 1465Hz..48MHz; the "
     "nearest is 48MHz"),
    (("-f", "1", "9f"),
     "run spi-controller: --frequency: 1 is not in 1465Hz..48MHz; the nearest "
     "is 1465Hz"),
    (("--sample-delay", "74", "9f"),
     "run spi-controller: --sample-delay: 74 is not in 0..73; the nearest is "
     "73"),
    (("--cs", "NC", "9f"), "spi-controller: cs needs a pin"),
    (("--sck", "NC", "9f"), "the SPI core needs a pin for sck"),
    (("--copi", "NC", "--cipo", "NC", "9f"),
     "spi-controller: a pin is needed: --copi, --cipo or both"),
])
def test_a_wrong_line_is_refused_in_one_sentence(arguments, sentence):
    assert refused(*arguments) == sentence


def test_pins_that_cannot_be_used_are_named():
    assert "pin A1 can have one function" in refused(
        "--cs", "A1", "9f", status=PIN_TAKEN)
    assert "pin A0 is dead" in refused("9f", status=NO_SUPPLY)
    assert refused("--io", "A1:3", "9f", applet="qspi-controller") == \
        "qspi-controller: io has 3 pins, and four are needed: COPI, CIPO, " \
        "IO2 and IO3"


def test_a_closed_output_is_an_error(tmp_path):
    with open("/dev/full", "w", encoding="ascii") as full:
        clyde("-d", SPI_CHIP, "run", "spi", "-V", "3.3", "9f", stdout=full,
              status=OUTPUT)


@needs_sigrok
@pytest.mark.parametrize("mode", range(4))
def test_the_decoder_of_sigrok_reads_what_was_sent_and_received(
        mode, tmp_path):
    path = tmp_path / "pins.sr"
    words = ["9f000000", "c0ffee", "55aa"]
    lines = spi("-m", str(mode), "-f", "1M", *words,
                device=f"{SPI_CHIP},configured=1,pins={path}")
    received = bytes.fromhex("".join(lines[1:]))
    decoded = {}
    for kind in ("mosi", "miso"):
        done = subprocess.run(
            ["sigrok-cli", "-i", path, "-P",
             "spi:clk=A1:mosi=A2:miso=A3:cs=A0"
             f":cpol={mode >> 1}:cpha={mode & 1}",
             "-A", f"spi={kind}-data"],
            capture_output=True, check=True, text=True, timeout=SECONDS)
        decoded[kind] = bytes.fromhex("".join(
            re.findall(r": ([0-9A-F]{2})$", done.stdout, re.M)))
    assert decoded["mosi"] == bytes.fromhex("".join(words))
    # The chip drives its output on falling edges: it is for modes 0 and 3.
    if mode in (0, 3):
        assert decoded["miso"] == received
