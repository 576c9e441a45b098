# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde flash and clyde factory on virtual devices whose EEPROMs are a
file: what they write, what they refuse, and that nothing is written then.
tests/unit/test-flash.c cuts the writes off."""

import gzip
import os
import pty
import re
import subprocess

import pytest

from test_cli import (
    CLYDE, CORRUPT, OUTPUT, SECONDS, SOURCE, TIMEOUT, UNPLUGGED, USAGE,
    document, only_line, virtual,
)
from test_firmware import API_LEVEL, BUSY, END, GOOD, INPUT, TRANSFER
from test_usb import plugged, usb

VERIFY, REVISION, TOO_LARGE, BACKUP, CONFIGURED = 95, 96, 97, 98, 99

EEPROM, ICE_MEM, TAIL, BLOCK = 0x8000, 0x20000, 0x7000, 12
LAST = b"\x80\x01\xe6\x00\x00"
PROGRAM = b"\x00\x05\x00\x00\x02\x00\x03\x80\xfe" + LAST
NOTHING_KNOWN = "04b4:8613"


@pytest.fixture(name="firmware")
def fixture_firmware(tmp_path):
    path = tmp_path / "good.ihex"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture(name="image")
def fixture_image():
    with gzip.open(SOURCE / "gateware/image.bin.gz") as packed:
        return packed.read()


class Board:
    """A board that is powered up for each command."""

    def __init__(self, path):
        self.path = path
        self.keys = f"eeprom={path}"

    def run(self, *arguments, keys="", **options):
        return virtual(self.keys + keys, *map(str, arguments), **options)

    def flash(self, *arguments, **options):
        return self.run("flash", *arguments, **options)

    def content(self):
        return self.path.read_bytes()

    def info(self, **options):
        return document(self.run("info", "--json", "-", **options))


@pytest.fixture(name="board")
def fixture_board(tmp_path):
    board = Board(tmp_path / "eeprom")
    board.run("info")
    return board


@pytest.fixture(name="blank")
def fixture_blank(tmp_path):
    board = Board(tmp_path / "eeprom")
    board.path.write_bytes(b"\xff" * EEPROM)
    return board


def refused(board, status, words, *arguments, **options):
    """The command fails with one line, and writes nothing."""
    before = board.content()
    done = board.run(*arguments, status=status, **options)
    assert words in only_line(done)
    assert done.stdout == ""
    assert board.content() == before


def ihex(*records):
    """A file with these (address, bytes)."""
    lines = []
    for address, data in records:
        body = bytes([len(data), address >> 8, address & 0xff, 0]) + data
        lines.append(f":{body.hex()}{-sum(body) & 0xff:02x}\n")
    return "".join(lines).upper() + END


# ---- Firmware

def test_firmware_is_stored_and_found_by_the_next_call(board, firmware):
    done = board.flash("--firmware", firmware)
    assert done.stdout.splitlines() == [
        "firmware      written and verified",
        "unplug the device and plug it in again to use what was written"]
    assert done.stderr == ""
    content = board.content()
    assert content[:12].hex() == "c2b720b19d33004100403fc0"
    assert content[BLOCK + 64:].startswith(PROGRAM)
    assert set(content[BLOCK + 64 + len(PROGRAM):]) == {0xff}
    assert board.flash("--firmware", firmware).stdout == \
        "firmware      was there already\n"


def test_firmware_is_removed_and_the_device_boots_without(board, firmware):
    board.flash("--firmware", firmware)
    assert "removed" in board.flash("--remove-firmware").stdout
    content = board.content()
    assert content[:12].hex() == "c0b720b19d33000100403fc0"
    assert content[BLOCK + 64:].startswith(LAST)
    board.run("info", "--firmware", "keep", status=API_LEVEL)
    # It is given firmware for the command that stores some.
    board.flash("--firmware", firmware)
    assert board.info()["device"]["api_level"] == 9
    board.flash("--firmware", firmware, "--remove-firmware")
    assert "no firmware" in board.run("list").stdout


def test_without_firmware_of_its_own_the_build_asks_for_a_file(board):
    done = subprocess.run([CLYDE, "-d", "virtual:api=3", "doctor"],
                          capture_output=True, text=True, timeout=SECONDS)
    if "commands load Clyde's own" in done.stdout:
        pytest.skip("this build has firmware of its own")
    refused(board, USAGE, "--firmware FILE", "flash")
    refused(board, USAGE, "--firmware FILE", "flash", "--firmware", "keep")


def test_limits_and_serial_number_stay(tmp_path, firmware, image):
    board = Board(tmp_path / "eeprom")
    board.run("voltage", "--limit", "A=3.3,B=1.8", keys=",serial=20240202T130000Z")
    before = board.info()
    board.flash("--firmware", firmware, "benchmark")
    after = board.info()
    assert after["limits"] == before["limits"]
    assert after["limits"][0]["limit_mv"] == 3300
    assert after["device"] == before["device"]
    board.run("voltage", "A", "3.5", status=80)


@pytest.mark.parametrize("text, status, words", [
    ("hello\n", CORRUPT, "line 1: byte 0x68"),
    ("", CORRUPT, "the end record is missing"),
    (GOOD[:-len(END)], CORRUPT, "the end record is missing"),
    (ihex((0x4000, b"1")), CORRUPT, "beyond the FX2's RAM"),
    (ihex((0, b"\2\0\3"), (0x3fc0, b"1")), CORRUPT, "configuration block"),
    (ihex((0, b"\2\0\3"), (0x3fff, b"1")), CORRUPT, "configuration block"),
    (ihex((3, b"1")), CORRUPT, "nothing at address 0"),
    (ihex(*((at, b"1") for at in range(0, 0x3fc0, 2))), TOO_LARGE,
     "does not fit"),
], ids=["text", "empty", "no-end", "beyond-ram", "block", "block-end", "no-start",
        "too-large"])
def test_a_bad_file_is_refused_before_anything_is_written(
        board, tmp_path, text, status, words):
    path = tmp_path / "bad.ihex"
    path.write_text(text)
    refused(board, status, words, "flash", "--firmware", path)


@pytest.mark.parametrize("keys, text, status, words", [
    (",fault=lost", GOOD, TIMEOUT, "did not come back"),
    (",fault=ram@3", GOOD, TRANSFER, "did not arrive"),
    (",fault=busy", GOOD, BUSY, "in use"),
    ("", ihex((0, b"\0\0\0")), API_LEVEL, "does not start as firmware")])
def test_firmware_that_does_not_run_in_ram_is_not_stored(
        board, tmp_path, keys, text, status, words):
    path = tmp_path / "other.ihex"
    path.write_text(text)
    refused(board, status, words, "flash", "--firmware", path, keys=keys)


def test_the_largest_firmware_is_stored(board, tmp_path):
    data = b"\2\0\3\x80\xfe" + bytes(at * 7 & 0xff
                                       for at in range(5, 0x3fc0))
    path = tmp_path / "large.ihex"
    path.write_text(ihex(*((at, data[at:at + 32])
                           for at in range(0, 0x3fc0, 32))))
    board.flash("--firmware", path)
    stored, at = b"", BLOCK + 64
    content = board.content()
    while content[at] < 0x80:
        size = int.from_bytes(content[at:at + 2], "big")
        assert int.from_bytes(content[at + 2:at + 4], "big") == len(stored)
        assert 0 < size < 1024
        stored += content[at + 4:at + 4 + size]
        at += 4 + size
    assert stored == data
    assert content[at:at + 5] == LAST


def test_an_eeprom_that_does_not_verify_leaves_the_device_without_firmware(
        board, firmware):
    done = board.flash("--firmware", firmware, keys=",misread=0x4d",
                       status=VERIFY)
    text = only_line(done)
    assert "address 0x004d reads 0x04, and 0x05 was written" in text
    assert "the board starts without firmware" in text
    assert board.content()[:8].hex() == "c0b720b19d330001"
    board.flash("--firmware", firmware)
    assert board.content()[:8].hex() == "c2b720b19d330041"


def test_an_unplug_leaves_a_board_that_can_be_flashed_again(board, firmware):
    statuses = set()
    # The firmware runs from RAM after a second.
    for us in range(1_000_000, 1_120_000, 7000):
        keys = f"virtual:{board.keys},fault=unplug@{us}"
        done = subprocess.run(
            [CLYDE, "-d", keys, "flash", "--firmware", firmware],
            capture_output=True, text=True, timeout=SECONDS)
        statuses.add(done.returncode)
        assert done.stderr.count("\n") == (done.returncode != 0)
        header = board.content()[:8].hex()
        assert header in ("c2b720b19d330041", "c2b720b19d330001",
                          "c0b720b19d330001")
        board.flash("--firmware", firmware)
        assert board.content()[BLOCK + 64:].startswith(PROGRAM)
        board.flash("--remove-firmware")
    assert UNPLUGGED in statuses


def test_a_board_of_another_revision_is_refused(board, firmware):
    content = bytearray(board.content())
    content[BLOCK] = 0x40
    board.path.write_bytes(content)
    for line in (("--firmware", firmware), ("benchmark",),
                 ("--remove-bitstream",), ("--advertise-webusb", "no")):
        refused(board, REVISION, "revision D0", "flash", *line, keys=",api=9")


# ---- Bitstreams

def test_the_image_is_stored_and_runs_at_power_up(board, image):
    assert "bitstream     written" in \
        board.flash("--firmware", "keep", "benchmark").stdout
    content = board.content()
    assert content[EEPROM:] == image[:ICE_MEM]
    assert content[TAIL:TAIL + len(image) - ICE_MEM] == image[ICE_MEM:]
    with open(SOURCE / "gateware/image.txt") as text:
        own = text.readline().split()[1]
    info = board.info()
    assert info["fpga"] == {"configured": True, "bitstream_id": own}
    assert info["stored_image"] == {"size": len(image), "bitstream_id": own}
    assert "runs it already" in board.run("load").stdout
    assert "was there already" in \
        board.flash("--firmware", "keep", "uart").stdout


def test_a_bitstream_in_a_file_is_stored_with_the_id_in_front_of_it(
        board, image, tmp_path):
    path = tmp_path / "built.bin"
    path.write_bytes(bytes.fromhex("0123456789abcdef") + image)
    board.flash("--firmware", "keep", "--bitstream", path)
    assert board.info()["stored_image"] == {
        "size": len(image), "bitstream_id": "0123456789abcdef"}
    assert board.content()[EEPROM:] == image[:ICE_MEM]


def test_a_bitstream_without_an_id_gets_that_of_clyde_load(
        board, image, tmp_path):
    path = tmp_path / "packed.bin"
    path.write_bytes(image)
    board.flash("--firmware", "keep", "--bitstream", path)
    assert "runs it already" in board.run("load", path).stdout


def test_a_stored_bitstream_is_removed(board):
    board.flash("--firmware", "keep", "benchmark")
    assert "removed" in \
        board.flash("--firmware", "keep", "--remove-bitstream").stdout
    assert board.info()["stored_image"] is None
    assert board.info()["fpga"]["configured"] is False
    assert "there was none" in \
        board.flash("--firmware", "keep", "--remove-bitstream").stdout


def test_a_file_that_is_no_bitstream_is_refused(board, image, tmp_path):
    path = tmp_path / "bad"
    for data, status, words in (
            (b"", CORRUPT, "no bitstream"), (b"hello", CORRUPT, "no bitstream"),
            (b"hello, this is text and long enough", CORRUPT, "no bitstream"),
            (image + bytes(0x21001 - len(image)), TOO_LARGE, "135169 bytes")):
        path.write_bytes(data)
        refused(board, status, words, "flash", "--firmware", "keep",
                "--bitstream", path)
    refused(board, CORRUPT, "no bitstream", "flash", "--firmware", "keep",
            "--bitstream", "/dev/zero")
    refused(board, INPUT, "cannot read", "flash", "--firmware", "keep",
            "--bitstream", tmp_path / "absent")


def test_the_end_of_a_bitstream_that_reads_back_wrong_is_not_used(board):
    done = board.flash("--firmware", "keep", "benchmark", status=VERIFY,
                       keys=",misread=0x7000")
    assert "the end of the bitstream" in only_line(done)
    info = board.info()
    assert info["stored_image"] is None
    assert info["fpga"]["configured"] is False


def test_supplies_are_off_while_a_bitstream_is_stored(board):
    script = ('"$0" -d "$1" voltage AB 3.3 >/dev/null && '
              '"$0" -d "$1" flash --firmware keep benchmark >/dev/null && '
              '"$0" -d "$1" voltage')
    done = plugged(("-d", "virtual:" + board.keys), "sh", "-c", script, CLYDE,
                   "usb:")
    assert len(re.findall(r"^[AB] +off ", done.stdout, re.M)) == 2


# ---- The flag

def test_webusb_is_switched(board):
    for word, value in (("no", False), ("no", False), ("yes", True)):
        done = board.flash("--firmware", "keep", "--advertise-webusb", word)
        assert "WebUSB" in done.stdout
        assert board.info()["webusb"] is value


# ---- Backups

def test_a_backup_is_the_whole_eeprom_and_is_never_replaced(
        board, tmp_path, firmware):
    before, path = board.content(), tmp_path / "backup"
    done = board.flash("--backup", path, "--firmware", firmware)
    assert done.stdout.startswith(f"backup        {path}\n")
    assert path.read_bytes() == before
    refused(board, OUTPUT, "File exists", "flash", "--backup", path,
            "--remove-firmware")
    refused(board, OUTPUT, "No such file", "flash", "--backup",
            tmp_path / "none/backup", "--remove-firmware")
    assert board.flash("--backup", tmp_path / "alone", "--firmware",
                       "keep").stdout.count("\n") == 1


def test_a_backup_is_restored(board, tmp_path, firmware):
    path = tmp_path / "backup"
    board.flash("--firmware", firmware)
    stored = board.content()
    board.flash("--backup", path, "--remove-firmware", "--advertise-webusb",
                "no")
    board.run("voltage", "--limit", "A=3.3", keys=",api=9")
    done = board.flash("--restore", path, keys=",api=9")
    assert "that of the backup written and verified" in done.stdout
    content = bytearray(board.content())
    assert board.info()["limits"][0]["limit_mv"] == 3300
    content[BLOCK + 33:BLOCK + 35] = stored[BLOCK + 33:BLOCK + 35]
    assert content == stored
    done = board.flash("--restore", path)
    assert done.stdout == "firmware      that of the backup was there already\n"


def test_a_backup_that_is_cut_short_or_of_another_board_is_refused(
        board, tmp_path, firmware):
    path = tmp_path / "backup"
    board.flash("--firmware", firmware, "--backup", tmp_path / "first")
    whole = board.content()
    line = ("flash", "--restore", path)
    for data, words in (
            (whole[:-1], "32767 bytes"), (whole[:8], "8 bytes"),
            (b"", "0 bytes"), (whole + b"\0", "32769 bytes"),
            (b"\xff" * EEPROM, "first byte"),
            (whole[:8] + bytes(4) + whole[12:], "no configuration block"),
            (whole[:12] + b"\xff" + whole[13:], "blank"),
            (whole[:76] + b"\x03\xff" + whole[78:], "no end")):
        path.write_bytes(data)
        refused(board, BACKUP, words, *line)
    path.write_bytes(whole.replace(b"20230101T", b"20230102T"))
    refused(board, USAGE, "C3-20230102T120000Z", *line)
    refused(board, INPUT, "cannot read", "flash", "--restore",
            tmp_path / "absent")


# ---- Arguments

@pytest.mark.parametrize("line, words", [
    (("--bitstream", "x", "--remove-bitstream"), "give one of them"),
    (("benchmark", "--remove-bitstream"), "give one of them"),
    (("benchmark", "--bitstream", "x"), "give one of them"),
    (("--restore", "x", "--remove-firmware"), "give one of them"),
    (("--restore", "x", "--firmware", "y"), "give one of them"),
    (("--restore", "x", "--advertise-webusb", "no"), "give one of them"),
    (("--advertise-webusb", "maybe"), "yes or no"),
    (("nothing",), "no applet 'nothing'"),
    (("uart", "gpio"), "one argument too many"),
])
def test_arguments_that_contradict_each_other_are_refused(board, line, words):
    refused(board, USAGE, words, "flash", *line)


def test_progress_is_shown_on_a_terminal(board, firmware):
    first, second = pty.openpty()
    done = subprocess.run(
        [CLYDE, "-d", "virtual:" + board.keys, "flash", "--firmware", firmware],
        stderr=second, stdout=subprocess.PIPE, text=True, timeout=SECONDS,
        env=dict(os.environ, TERM="xterm"))
    os.close(second)
    assert done.returncode == 0
    shown = os.read(first, 65536).decode()
    os.close(first)
    assert "reading the EEPROM: " in shown
    assert shown.endswith("\r\033[K")


# ---- Over the emulated usbfs

def test_a_device_on_usb_is_flashed(board, firmware, image):
    done = usb(("-d", "virtual:" + board.keys), "flash", "--firmware", firmware,
               "benchmark")
    assert "firmware      written and verified\nbitstream     written\n" in \
        done.stdout
    assert board.content()[EEPROM:] == image[:ICE_MEM]
    assert board.content()[BLOCK + 64:].startswith(PROGRAM)


def test_a_bare_device_on_usb_is_given_firmware_and_flashed(board, firmware):
    board.flash("--remove-firmware")
    usb(("-d", "virtual:" + board.keys), "flash", "--firmware", firmware)
    assert board.info()["device"]["api_level"] == 9


# ---- Factory

MAKE = ("--rev", "C2", "--serial", "20240202T130000Z", "--manufacturer",
        "Kelvingrove", "--using-modified-design-files", "no")


def test_a_blank_board_is_made(blank, firmware):
    assert NOTHING_KNOWN in blank.run("list").stdout
    done = blank.run("factory", *MAKE, "--firmware", firmware)
    assert done.stdout == \
        "written and verified; unplug the board and plug it in again\n"
    content = blank.content()
    assert content[:12].hex() == "c2b720b19d32004100403fc0"
    assert content[BLOCK:BLOCK + 17] == b"220240202T130000Z"
    assert content[BLOCK + 64:].startswith(PROGRAM)
    info = blank.info(keys=",revision=C2")
    assert info["device"]["serial"] == "C2-20240202T130000Z"
    assert info["device"]["manufacturer"] == "Kelvingrove"
    assert not info["device"]["modified"]
    assert info["webusb"]


def test_the_present_time_is_the_serial_number_if_none_is_given(
        blank, firmware):
    blank.run("factory", "--rev", "C3", "--using-modified-design-files", "yes",
              "--firmware", firmware)
    device = blank.info()["device"]
    assert re.fullmatch(r"C3-20\d{6}T\d{6}Z", device["serial"])
    assert device["modified"]


def test_a_valid_block_is_refused_without_reinitialize(board, firmware):
    refused(board, CONFIGURED, "C3-20230101T120000Z", "factory", *MAKE,
            "--firmware", firmware)
    board.run("factory", "--reinitialize", "--manufacturer", "Kelvingrove",
              "--firmware", firmware)
    device = board.info()["device"]
    assert device["manufacturer"] == "Kelvingrove"
    assert device["serial"] == "C3-20230101T120000Z"
    board.run("factory", "--reinitialize", "--serial", "C3-20240202T130000Z",
              "--firmware", firmware)
    assert board.info()["device"]["serial"] == "C3-20240202T130000Z"


@pytest.mark.parametrize("line, status, words", [
    ((), USAGE, "--rev is needed"),
    (("--rev", "C3"), USAGE, "--using-modified-design-files is needed"),
    (("--rev", "C3", "--using-modified-design-files", "perhaps"), USAGE,
     "yes or no"),
    (("--rev", "D0", *MAKE[2:]), REVISION, "revision D0"),
    ((*MAKE, "--serial", "2024"), USAGE, "16 letters and digits"),
    ((*MAKE, "--manufacturer", "x" * 23), USAGE, "22"),
    ((*MAKE, "more"), USAGE, "one argument too many"),
])
def test_wrong_values_for_a_board_are_refused(
        blank, firmware, line, status, words):
    refused(blank, status, words, "factory", *line, "--firmware", firmware)


def test_a_board_on_usb_must_be_named_and_is_made(blank, firmware):
    options = ("-d", "virtual:" + blank.keys)
    done = usb(options, "factory", *MAKE, "--firmware", firmware, status=USAGE)
    assert "-d usb:BUS:ADDRESS" in only_line(done)
    usb(options, "-d", "usb:1:2", "factory", *MAKE, "--firmware", firmware)
    assert blank.content()[BLOCK:BLOCK + 17] == b"220240202T130000Z"


def test_a_busy_board_is_not_made(blank, firmware):
    refused(blank, BUSY, "in use", "factory", *MAKE, "--firmware", firmware,
            keys=",fault=busy")
