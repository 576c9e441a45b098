# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests program-avr-spi on the part avr-isp: each verb, bad chips and files,
and how long the verbs take by the virtual clock."""

import random
import re
import shutil
import subprocess

import pytest
from test_cli import CORRUPT, OUTPUT, USAGE, clyde, document, only_line

NO_CHIP, UNSUPPORTED, VERIFY, TOO_LARGE = 101, 70, 95, 97
PINS = "avr-isp@reset=A0:sck=A1:cipo=A2:copi=A3"

needs_sigrok = pytest.mark.skipif(
    shutil.which("sigrok-cli") is None, reason="there is no sigrok-cli")


def avr(*arguments, keys="", device="", **more):
    """Runs the applet on a chip with these keys."""
    return clyde("-d", f"virtual:configured=1,part={PINS}{keys}{device}",
                 "run", "program-avr-spi", "-V", "3.3", *arguments, **more)


def data(size, seed=1):
    return random.Random(seed).randbytes(size)


def hex_line(kind, address, content=b""):
    body = bytes([len(content), address >> 8, address & 255, kind]) + content
    return f":{(body + bytes([-sum(body) & 255])).hex().upper()}\n"


def intel(*pieces):
    """A file in Intel HEX of pieces: (address, bytes)."""
    return "".join(
        hex_line(0, address, content) for address, content in pieces
    ) + hex_line(1, 0)


@pytest.fixture(name="chip")
def chip_in_a_file(tmp_path):
    """The key for a chip that keeps its content, at 8 MHz; and the file."""
    path = tmp_path / "chip"
    return f":clock=8M:file={path}", path


def seconds(done, event):
    found = [float(re.search(r"in ([0-9.]+) s$", line)[1])
             for line in done.stdout.splitlines() if event in line]
    assert len(found) == 1, done.stdout
    return found[0]


def test_the_first_line_names_the_default_pins_and_identify_is_the_verb():
    lines = avr().stdout.splitlines()
    assert lines[-2:] == [
        "reset A0, sck A1, cipo A2, copi A3, 100 kHz",
        "signature 1e 95 0f: ATmega328P",
    ]
    assert avr("identify").stdout.splitlines() == lines


def test_other_pins_are_used():
    done = clyde("-d", "virtual:configured=1,"
                 "part=avr-isp@reset=B0:sck=B1:cipo=B2:copi=B3:clock=8M",
                 "run", "program-avr-spi", "-V", "3.3", "-f", "1M", "--reset",
                 "B0", "--sck", "B1", "--cipo", "B2", "--copi", "B3")
    assert "reset B0, sck B1, cipo B2, copi B3, 1000 kHz\n" in done.stdout


def test_a_chip_that_is_not_there_is_reported_with_the_echo():
    done = clyde("-d", "virtual:configured=1", "run", "program-avr-spi", "-V",
                 "3.3", status=NO_CHIP)
    assert "the echo is 00 and not 53 in 4 tries" in only_line(done)


def test_a_clock_that_is_too_fast_for_the_chip_is_no_chip():
    done = avr("-f", "500", keys=":clock=1M", status=NO_CHIP)
    assert "--frequency" in only_line(done)


def test_an_unknown_signature_is_told_and_nothing_else_is_done():
    assert "signature 1e 00 01: unknown\n" in avr(
        keys=":signature=1e0001").stdout
    done = avr("erase", keys=":signature=1e0001", status=UNSUPPORTED)
    assert "1e 00 01" in only_line(done)


def test_fuses_lock_bits_and_calibration_are_read():
    lines = avr("read", "-f", "-l", "-c").stdout.splitlines()
    assert lines[-5:] == [
        "low fuse: 01100010", "high fuse: 11011001", "extra fuse: 11111111",
        "lock bits: 11111111", "calibration byte 0: 9a",
    ]


def test_fuses_are_written_and_read_again():
    done = avr("write-fuses", "-L", "11100010", "-E", "0b11111101")
    assert done.stdout.splitlines()[-2:] == [
        "low fuse: 11100010", "extra fuse: 11111101"]


@pytest.mark.parametrize("arguments, words", [
    (("write-fuses",), "needs --low, --high or --extra"),
    (("write-fuses", "-L", "12"), "low: '12' is not a byte in binary"),
    (("write-fuses", "-H", "111111111"), "is not a byte in binary"),
    (("write-lock", ""), "is not a byte in binary"),
    (("write-program", "x.elf"), "says no format"),
    (("read", "-p", "x"), "says no format"),
])
def test_what_makes_no_sense_is_refused_before_the_chip_is_reset(
        arguments, words):
    assert words in only_line(avr(*arguments, status=USAGE))


def test_a_fuse_that_the_chip_has_not_is_refused():
    done = avr("write-fuses", "-E", "1", keys=":signature=1e9007:flash=1K:"
               "page=32", status=USAGE)
    assert "ATtiny13A has no extra fuse" in only_line(done)


def test_lock_bits_are_written_and_an_erase_takes_them_back():
    assert "lock bits: 11111100\n" in avr("write-lock", "11111100").stdout
    assert avr("erase").stdout.splitlines()[-1].startswith("erased: flash")


def test_the_flash_is_written_verified_and_read(chip, tmp_path):
    keys, path = chip
    content = data(32768)
    (tmp_path / "in.bin").write_bytes(content)
    done = avr("-f", "1M", "write-program", str(tmp_path / "in.bin"),
               keys=keys)
    assert "flash: 32768 bytes written and verified in" in done.stdout
    # A page costs its clocks and its wait, and no round trip.
    pages = 256 * (4.5e-3 + 130 * 32e-6)
    assert seconds(done, "written") == pytest.approx(
        9e-3 + pages + 32768 * 32e-6, rel=0.005)
    assert path.read_bytes()[:32768] == content
    done = avr("-f", "1M", "read", "-p", str(tmp_path / "out.bin"), "--eeprom",
               str(tmp_path / "out.hex"), keys=keys)
    assert seconds(done, "flash: ") == pytest.approx(
        32768 * 32e-6, rel=0.002)
    assert (tmp_path / "out.bin").read_bytes() == content
    assert (tmp_path / "out.hex").read_text() == intel(
        *((at, b"\xff" * 16) for at in range(0, 1024, 16)))


def test_intel_hex_with_gaps_leaves_other_bytes_alone(chip, tmp_path):
    keys, path = chip
    file = tmp_path / "in.hex"
    file.write_text(intel((0x10, b"one"), (0x7ffe, b"xy")))
    avr("-f", "1M", "write-program", str(file), keys=keys)
    want = bytearray(b"\xff" * 32768)
    want[0x10:0x13] = b"one"
    want[0x7ffe:] = b"xy"
    assert path.read_bytes()[:32768] == want
    assert "flash: 5 bytes verified" in avr(
        "-f", "1M", "verify-program", str(file), keys=keys).stdout


def test_the_eeprom_is_written_by_pages_and_by_bytes(chip, tmp_path):
    keys, path = chip
    whole, part = tmp_path / "whole.bin", tmp_path / "part.hex"
    content = bytearray(data(1024))
    whole.write_bytes(content)
    done = avr("-f", "1M", "write-eeprom", str(whole), keys=keys)
    assert seconds(done, "written") == pytest.approx(
        256 * (3.6e-3 + 6 * 32e-6) + 1024 * 32e-6, rel=0.005)
    assert path.read_bytes()[32768:] == content
    part.write_text(intel((5, b"AB")))
    avr("-f", "1M", "write-eeprom", str(part), keys=keys)
    content[5:7] = b"AB"
    assert path.read_bytes()[32768:] == content
    whole.write_bytes(content)
    assert "EEPROM: 1024 bytes verified" in avr(
        "-f", "1M", "verify-eeprom", str(whole), keys=keys).stdout


def test_addresses_above_128_kib_are_reached(tmp_path):
    path = tmp_path / "chip"
    file = tmp_path / "in.hex"
    keys = (f":clock=16M:signature=1e9801:flash=256K:page=256:file={path}")
    text = hex_line(4, 0, b"\x00\x01") + hex_line(0, 0xfff0, b"low") + \
        hex_line(4, 0, b"\x00\x03") + hex_line(0, 0x1230, b"high") + \
        hex_line(4, 0, b"\x00\x00") + hex_line(0, 0x1230, b"zero") + \
        hex_line(1, 0)
    file.write_text(text)
    avr("-f", "4M", "write-program", str(file), keys=keys)
    content = path.read_bytes()
    assert content[0x1230:0x1234] == b"zero"
    assert content[0x1fff0:0x1fff3] == b"low"
    assert content[0x31230:0x31234] == b"high"


def test_a_difference_is_reported_with_its_address(chip, tmp_path):
    keys = chip[0]
    file = tmp_path / "in.bin"
    file.write_bytes(b"\xff" * 0x123 + b"\x0c")
    done = avr("-f", "1M", "verify-program", str(file), keys=keys,
               status=VERIFY)
    assert only_line(done) == ("program-avr-spi: the flash has ff at address "
                               "0x0123, and the file 0c")


@pytest.mark.parametrize("text, words", [
    (":00000001FE\n", "line 1: the checksum is 0xfe, but should be 0xff"),
    (":0100000041BE\n", "line 2: the end record is missing"),
    ("text\n", "line 1: byte 0x74, where a record begins with ':'"),
    (hex_line(4, 0, b"\x00\x09") + hex_line(1, 0),
     "line 1: a base of 0x0009 is beyond the flash"),
])
def test_a_malformed_hex_file_is_refused(tmp_path, text, words):
    file = tmp_path / "in.hex"
    file.write_text(text)
    done = avr("write-program", str(file), status=CORRUPT)
    assert words in only_line(done)
    assert "signature" not in done.stdout


def test_a_file_that_is_too_large_for_the_chip_is_refused(tmp_path):
    file = tmp_path / "in.bin"
    file.write_bytes(bytes(32769))
    done = avr("write-program", str(file), status=TOO_LARGE)
    assert "more than the 32768 bytes of the flash" in only_line(done)
    (tmp_path / "in.hex").write_text(intel((0x8000, b"x")))
    done = avr("write-program", str(tmp_path / "in.hex"), status=CORRUPT)
    assert "address 0x8000 is beyond the flash" in only_line(done)


def test_a_file_that_cannot_be_read_is_an_error():
    done = avr("write-program", "/nonexistent/x.bin", status=OUTPUT)
    assert "/nonexistent/x.bin: No such file" in only_line(done)


def test_records_have_the_values():
    groups = document(avr("--json", "-", "read", "-f"))
    text = str(groups)
    assert "ATmega328P" in text and "high fuse" in text


@needs_sigrok
def test_the_decoder_of_sigrok_reads_the_session(tmp_path):
    path = tmp_path / "pins.sr"
    # The decoder knows few chips.
    avr("read", "-f", keys=":signature=1e930a:flash=8K:page=64",
        device=f",pins={path}")
    shown = subprocess.run(
        ["sigrok-cli", "-i", str(path), "-P",
         "spi:clk=A1:mosi=A3:miso=A2:cs=A0,avr_isp", "-A", "avr_isp"],
        capture_output=True, check=True, text=True, timeout=600).stdout
    assert "Programming enable" in shown
    assert "Vendor code: 0x1e" in shown
    assert "ATmega88" in shown
    assert "Read fuse bits" in shown
