# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the applets memory-25q and memory-25x on the virtual flash chip."""

import json
import os
import random
import subprocess

import pytest

CLYDE = os.environ["CLYDE"]
# After this time a process counts as hung, even on the busiest machine.
SECONDS = 600
PINS = {
    "memory-25q": "cs=A0:sck=A1:io0=A2:io1=A3:io2=A4:io3=A5",
    "memory-25x": "cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0",
}
# The virtual chip takes real time for each poll while it is busy.
TIMES = ":t-se=2ms:t-be=4ms:t-ce=20ms:t-w=500us"
SIZE = 1 << 20
OK, USAGE, NO_CHIP, VERIFY = 0, 64, 101, 95


def run(*arguments, applet="memory-25q", keys="", uri=None, status=OK):
    uri = uri or f"virtual:part=flash25@{PINS[applet]}:size=1M{TIMES}{keys}"
    done = subprocess.run(
        [CLYDE, "-d", uri, "run", applet, "-V", "3.3", *arguments],
        capture_output=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout.decode() + done.stderr.decode()


@pytest.fixture
def chip(tmp_path):
    content = bytearray(random.Random(1).randbytes(SIZE))
    path = tmp_path / "chip"
    path.write_bytes(content)
    return path, f":file={path}", content


@pytest.mark.parametrize("applet", PINS)
@pytest.mark.parametrize("words", [[], ["identify"]])
def test_identify_names_the_pins_first_and_then_the_chip(applet, words):
    text = run(*words, applet=applet)
    cs = "A0" if applet == "memory-25q" else "A5"
    assert text.index(f"pins: --cs {cs} ") < text.index("JEDEC ef4014, 1 MiB")
    assert "erase of 64 KiB" in text


def test_the_alias_is_the_applet():
    done = subprocess.run(
        [CLYDE, "run", "25q", "--help"], capture_output=True, timeout=SECONDS
    )
    assert done.returncode == OK
    assert b"erase-all" in done.stdout


@pytest.mark.parametrize("lanes", [[], ["--dual-spi"], ["--quad-spi"]])
def test_read_gives_a_file_the_bytes_of_the_chip(chip, tmp_path, lanes):
    _, keys, content = chip
    out = tmp_path / "out"
    run(*lanes, "-f", "24M", "read", "0x123", "0x4567", "-f", str(out),
        keys=keys)
    assert out.read_bytes() == content[0x123:0x123 + 0x4567]
    assert sorted(tmp_path.iterdir()) == sorted([chip[0], out])


def test_write_changes_what_was_given_and_nothing_beside_it(chip, tmp_path):
    path, keys, content = chip
    data = random.Random(2).randbytes(10000)
    (tmp_path / "in").write_bytes(data)
    run("write", "0x1234", "-f", str(tmp_path / "in"), keys=keys)
    content[0x1234:0x1234 + len(data)] = data
    assert path.read_bytes() == content
    run("verify", "0x1234", "-f", str(tmp_path / "in"), keys=keys)


def test_erase_and_program(chip):
    path, keys, content = chip
    run("erase", "0x2000", "0x1000", keys=keys)
    run("program", "0x2010", "-d", "00112233", keys=keys)
    content[0x2000:0x3000] = b"\xff" * 0x1000
    content[0x2010:0x2014] = bytes.fromhex("00112233")
    assert path.read_bytes() == content
    run("erase-all", keys=keys)
    assert path.read_bytes() == b"\xff" * SIZE


def test_the_older_applet_erases_and_programs(chip):
    path, keys, content = chip
    older = {"applet": "memory-25x", "keys": keys}
    run("erase-sector", "0x1001", "0x3000", **older)
    run("erase-block", "0x20000", **older)
    run("erase-program", "-S", "4096", "-P", "256", "0x100", "-d", "aa55",
        **older)
    for start, size in (0x1000, 4096), (0x3000, 4096), (0x20000, 65536):
        content[start:start + size] = b"\xff" * size
    content[0x100:0x102] = b"\xaa\x55"
    assert path.read_bytes() == content


def test_protection_bits_are_written_and_read():
    assert "0101 (some blocks" in run("protect", "0101")
    assert "0000 (all blocks" in run("protect")


def test_json_has_the_bytes(chip):
    _, keys, content = chip
    text = run("--json", "-", "read", "0", "16", keys=keys)
    assert bytes(content[:16]).hex() in json.dumps(json.loads(
        text[text.index("{"):text.rindex("}") + 1]))


@pytest.mark.parametrize("arguments, status, sentence", [
    (["erase", "0", "17"], USAGE, "not whole sectors of 4096 B"),
    (["read", "0x200000", "1"], USAGE, "not in the chip"),
    (["read", "0xfffff", "2"], USAGE, "too large"),
    (["verify", "0"], USAGE, "give either --file or --data"),
    (["verify", "0", "-d", "0g"], USAGE, "hex digits"),
    (["verify", "0", "-f", "/dev/null"], USAGE, "no bytes"),
    (["protect", "2"], USAGE, "binary digits"),
    (["--io", "A2,A3,A4"], USAGE, "4 pins"),
    (["-f", "50M"], USAGE, "48MHz"),
])
def test_bad_arguments_are_named(arguments, status, sentence):
    assert sentence in run(*arguments, status=status)


def test_verify_names_address_expected_and_found_byte(chip):
    _, keys, content = chip
    text = run("verify", "0x10", "-d", f"{content[0x10] ^ 1:02x}", keys=keys,
               status=VERIFY)
    assert (f"at 0x000010: expected 0x{content[0x10] ^ 1:02x}, "
            f"found 0x{content[0x10]:02x}") in text


def test_a_file_that_is_too_large_changes_nothing(chip, tmp_path):
    path, keys, content = chip
    (tmp_path / "in").write_bytes(bytes(SIZE + 1))
    assert "too large" in run("write", "0", "-f", str(tmp_path / "in"),
                              keys=keys, status=USAGE)
    assert path.read_bytes() == content


def test_without_a_chip_no_file_is_left(tmp_path):
    text = run("read", "0", "16", "-f", str(tmp_path / "out"), uri="virtual:",
               status=NO_CHIP)
    assert "no chip answers" in text
    assert not list(tmp_path.iterdir())
