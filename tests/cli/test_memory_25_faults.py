# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests what memory-25q and memory-25x say and leave behind when something is
wrong: no chip, a chip that refuses or stays busy, bad arguments, Ctrl-C and an
unplug.  Each is one line and a status, and the chip is not left in a mode.

Nothing is timed: a chip's faults are keys of the part flash25, an unplug comes
at a virtual time, and an interrupt when the log shows so many transfers.
"""

import fcntl
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import zipfile

import pytest
from test_cli import (CLYDE, INTERRUPTED, OUTPUT, SECONDS, UNPLUGGED, USAGE,
                      clyde, only_line)

TOOL = str(pathlib.Path(CLYDE).resolve())
UNSUPPORTED, NO_SUPPLY, VERIFY = 70, 91, 95
NO_CHIP, PROTECTED, LIMIT_PASSED = 101, 102, 103
# All pins of the applet: otherwise the model has every edge of the data too.
PART = "part=flash25@cs=A0:sck=A1:io0=A2:io1=A3:io2=A4:io3=A5"
# The model has every edge while the chip is busy.
FAST = ":t-pp=20us:t-se=100us:t-be=200us:t-ce=5ms:t-w=50us"
BUSY_FOR_EVER = "1000s"
MIB = 1 << 20
BLOCK, WINDOW = 64 << 10, 256 << 10  # the largest erase; a step of `write`

needs_sigrok = pytest.mark.skipif(
    shutil.which("sigrok-cli") is None, reason="there is no sigrok-cli")


def command(*arguments, keys="", part=PART, more="", applet="memory-25q"):
    """The command line on a chip of 1 MiB, unless the keys have a size."""
    if part and ":size=" not in keys:
        keys = ":size=1M" + keys
    device = "virtual:configured=1" + (f",{part}{keys}" if part else "") + more
    return [TOOL, "-d", device, "run", applet, "-V", "3.3", *arguments]


def run(*arguments, status=0, cwd=None, **options):
    """As clyde(), for a tool whose path may be relative to another folder."""
    done = subprocess.run(
        command(*arguments, **options), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS, cwd=cwd)
    assert done.returncode == status, done
    return done


def fails(status, *arguments, **options):
    """Returns the only line on standard error."""
    return only_line(run(*arguments, status=status, **options))


class Interrupted:
    """A run that is interrupted when it has received `transfers` times.

    The log is read from a small pipe, so that the run cannot go on while the
    test does not read: the interrupt comes within the next lines."""

    PIPE = 4096

    def __init__(self, *arguments, transfers, cwd=None, **options):
        line = command(*arguments, **options)
        line[3:3] = ["--log", "trace"]
        ours, its = os.pipe()
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, self.PIPE)
        with subprocess.Popen(line, stdin=subprocess.DEVNULL, cwd=cwd,
                              stdout=subprocess.DEVNULL,
                              stderr=its) as process:
            os.close(its)
            try:
                log = self._read(process, ours, transfers)
            finally:
                os.close(ours)
            process.wait(timeout=SECONDS)
        assert process.returncode == INTERRUPTED, log
        said = [line for line in log.splitlines() if not line.startswith("[")]
        assert len(said) == 1, said
        self.line = said[0].removeprefix("clyde: ")

    @staticmethod
    def _read(process, pipe, transfers):
        log, sent = b"", False
        while piece := os.read(pipe, 256):
            log += piece
            if not sent and log.count(b"endpoint 0x86: ") >= transfers:
                process.send_signal(signal.SIGINT)
                sent = True
        assert sent, log
        return log.decode()

    def done(self, participle):
        """The bytes that the line says are done."""
        found = re.match(rf"interrupted; (\d+) B from 0x000000 on are "
                         rf"{participle}(; the same command goes on from "
                         rf"there)?$", self.line)
        assert found, self.line
        return int(found[1])


@pytest.fixture(name="chip")
def chip_in_a_file(tmp_path):
    """The keys, the file and its content."""
    return make_chip(tmp_path, MIB)


def make_chip(tmp_path, size):
    content = random.Random(1).randbytes(size)
    path = tmp_path / "chip"
    path.write_bytes(content)
    return f"{FAST}:size={size >> 10}K:file={path}", path, content


@pytest.fixture(name="image")
def image_in_a_file(tmp_path):
    """Bytes for a window and a part of a second one; and their file."""
    data = random.Random(2).randbytes(WINDOW + BLOCK)
    path = tmp_path / "image"
    path.write_bytes(data)
    return data, path


# ---- No chip, or not one


@pytest.mark.parametrize("applet, cs, cipo", [
    ("memory-25q", "A0", "A3"), ("memory-25x", "A5", "A4")])
@pytest.mark.parametrize("level, words", [
    (0, "always low, so nothing drives it, or something holds it low"),
    (1, "always high, as if nothing drives it")])
def test_without_a_chip_the_line_names_the_pins_to_look_at(
        applet, cs, cipo, level, words):
    line = fails(NO_CHIP, applet=applet, part="",
                 more=f",stuck={cipo}:{level}")
    assert line.startswith(f"no chip answers: CIPO (IO1) is {words}; look at "
                           "its pin, at CS#")
    assert f"(CS# is {cs}, CIPO {cipo})" in line


def test_a_chip_whose_cs_is_held_high_is_no_chip():
    assert "at CS#" in fails(NO_CHIP, more=",stuck=A0:1")


def test_a_chip_whose_hold_is_low_is_no_chip():
    assert "at HOLD#" in fails(NO_CHIP, more=",stuck=A5:0")


def test_two_chips_make_a_number_that_is_no_manufacturers():
    """The model's drivers that disagree are low: c8 and c2 are c0."""
    shown = run("identify", keys=":id=c84014",
                more=f",{PART}:size=1M:id=c24014").stdout
    assert "JEDEC c04014" in shown
    assert "none of JEDEC's (two chips, or a bad wire?)" in shown


def test_an_answer_that_tells_no_size_asks_for_it_or_for_the_wires():
    keys = ":id=ef4001:sfdp=none" + FAST
    line = fails(UNSUPPORTED, keys=keys)
    assert "the chip ef 40 01 has no SFDP tables" in line
    assert line.endswith("give the size, or look at the wires if it is "
                         "another chip")
    assert "1 MiB" in run("--size", "1MiB", "identify", keys=keys).stdout


def test_a_supply_that_is_missing_is_told_with_the_option():
    line = only_line(clyde("-d", f"virtual:configured=1,{PART}", "run",
                           "memory-25q", status=NO_SUPPLY))
    assert line.startswith("cs: pin A0 is dead, as port A has no supply")


# ---- Upstream's options for chips without tables


def test_opcodes_of_erases_are_those_of_a_chip_without_tables(tmp_path):
    keys, path, content = make_chip(tmp_path, MIB)
    shown = run("-A", "3", "-P", "128", "--opcode-erase-32k", "52h",
                "erase", "0x8000", "0x8000", keys=keys + ":sfdp=none").stdout
    assert "is not used" not in shown
    assert path.read_bytes() == (content[:0x8000] + b"\xff" * 0x8000
                                 + content[0x10000:])
    assert fails(USAGE, "--opcode-erase-32k", "0x52", "erase", "0", "4096",
                 keys=keys + ":sfdp=none").endswith(
                     "not whole sectors of 32768 B")


def test_options_that_the_tables_answer_are_not_used():
    lines = run("-A", "4", "--opcode-erase-4k", "21").stdout.splitlines()
    for name in ("address-bytes", "opcode-erase-4k"):
        assert (f"--{name} is not used: the chip's SFDP tables say it"
                in lines)


# ---- Bad arguments


@pytest.mark.parametrize("arguments, status, line", [
    (("--opcode-erase-4k", "2", "identify"), USAGE,
     "opcode-erase-4k: '2' is not an opcode like d8, 0xd8 or D8h"),
    (("-P", "100", "identify"), USAGE,
     "page-size: 100 is not a power of two"),
    (("--quad-spi", "--io", "A2,A3", "read", "0", "1"), USAGE,
     "--quad-spi needs 4 pins, and --io has 2"),
    (("protect", "00000"), USAGE,
     "bits: one to four binary digits are wanted, 0000 for no protection, and "
     "not '00000'"),
    (("write", "0"), USAGE,
     "the bytes are missing: give either --file or --data"),
    (("write", "0", "-d", "0"), USAGE,
     "data: hex digits are wanted, two for each byte, and not '0'"),
    (("write", "0", "-f", "/nonexistent/x"), OUTPUT,
     "cannot open /nonexistent/x: No such file or directory"),
    (("-f", "60M", "identify"), USAGE,
     "run memory-25q: --frequency: 60M is not in 1465Hz..48MHz; the nearest "
     "is 48MHz"),
    (("-f", "1", "identify"), USAGE,
     "run memory-25q: --frequency: 1 is not in 1465Hz..48MHz; the nearest is "
     "1465Hz"),
])
def test_what_no_chip_could_do_is_refused_before_the_device_is_touched(
        arguments, status, line):
    done = run(*arguments, status=status)
    assert only_line(done) == line
    assert done.stdout == ""


def test_a_sector_of_several_that_is_not_in_the_chip_spares_them_all(chip):
    keys, path, content = chip
    line = fails(USAGE, "erase-sector", "0", "0x100000", keys=keys,
                 applet="memory-25x", part=(
                     "part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0"))
    assert line == ("address 0x100000 is not in the chip, which ends at "
                    "0xfffff")
    assert path.read_bytes() == content


@pytest.mark.parametrize("arguments, line", [
    (("read", "0x100000", "1"),
     "address 0x100000 is not in the chip, which ends at 0xfffff"),
    (("erase", "0xff000", "0x2000"),
     "the length is too large: 8192 B, and the chip has 4096 B from 0xff000 "
     "on"),
    (("write", "0xffffe", "-d", "000102"),
     "the data is too large: 3 B, and the chip has 2 B from 0xffffe on"),
])
def test_what_is_not_in_the_chip_changes_nothing(chip, arguments, line):
    keys, path, content = chip
    assert fails(USAGE, *arguments, keys=keys) == line
    assert path.read_bytes() == content


def test_a_file_that_is_too_large_or_too_short_changes_nothing(chip, tmp_path):
    keys, path, content = chip
    file = tmp_path / "in"
    for size, words in (
            (MIB + 1, f"{file} is too large: 1048577 B, and the chip has "
                      "1048576 B from 0x0 on"),
            (0, f"{file} has no bytes")):
        file.write_bytes(bytes(size))
        assert fails(USAGE, "write", "0", "-f", str(file), keys=keys) == words
    assert path.read_bytes() == content


# ---- A chip that refuses, stays busy, or forgets


@pytest.mark.parametrize("arguments, words", [
    (("write", "0", "-d", "00"), "the chip ignores the erase at 0x000000"),
    (("program", "0", "-d", "00"), "the chip ignores the program at 0x000000"),
    (("erase", "0xff000", "4096"), "the chip ignores the erase at 0x0ff000"),
    (("erase-all",), "the chip ignores the erase of all"),
])
def test_a_protected_chip_is_told_with_its_bits_and_the_remedy(
        chip, arguments, words):
    keys, path, content = chip
    content = b"\x01" + content[1:-1] + b"\0"
    path.write_bytes(content)
    if arguments[0] == "write":
        arguments = ("write", "0", "-d", "02")
    line = fails(PROTECTED, *arguments, keys=keys + ":wp=soft")
    assert line.startswith(words)
    assert line.endswith("(block protection bits 0111); the verb protect with "
                         "0000 allows all")
    assert path.read_bytes() == content


def test_a_locked_status_register_names_wp():
    assert fails(PROTECTED, "protect", "0000", keys=FAST + ":wp=hard",
                 more=",stuck=A4:0") == (
        "the chip does not write its status register, which is locked: is WP# "
        "low?")


@pytest.mark.parametrize("key, arguments, line", [
    ("t-pp", ("write", "0x1234", "-d", "00"),
     "the chip is still busy 10 ms after the program at 0x001234 has begun, "
     "its longest time"),
    ("t-se", ("erase", "0x1000", "4096"),
     "the chip is still busy 1000 ms after the erase at 0x001000 has begun, "
     "its longest time"),
    ("t-ce", ("erase-all",),
     "the chip is still busy 40 s after the erase of all has begun, its "
     "longest time"),
    ("t-w", ("protect", "0001"),
     "the chip is still busy 500 ms after a write of its status register"),
])
def test_a_chip_that_is_busy_for_ever_ends_at_a_limit(key, arguments, line):
    """At 10 kHz, so that the model has few polls."""
    assert fails(LIMIT_PASSED, "-f", "10", *arguments,
                 keys=f":sfdp=none:{key}={BUSY_FOR_EVER}") == line


def test_a_chip_that_is_busy_when_it_is_opened_is_not_no_chip():
    """Two commands at one device, whose chip erases itself meanwhile."""
    again = f"{TOOL} run memory-25q -V 3.3"
    done = subprocess.run(
        [TOOL, "-d", f"virtual:configured=1,{PART}:size=64K:sfdp=none:t-ce="
         f"{BUSY_FOR_EVER}", "virtual", "--pace", "off", "--", "sh", "-c",
         f"{again} -f 10 erase-all; {again}; echo $?; {again} --reset"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS)
    assert done.returncode == 0, done
    lines = done.stderr.splitlines()
    assert "still busy" in lines[0]
    assert lines[1:] == [
        "clyde: the chip is busy, with status 03: it may be erasing itself; "
        "try again later, or reset it"]
    assert f"\n{LIMIT_PASSED}\n" in done.stdout


def test_a_worn_cell_is_a_verify_error_with_its_address(chip):
    keys, _, _ = chip
    assert fails(VERIFY, "write", "0x1230", "-d", "1122", keys=keys
                 + ":worn=0x1230") == (
        "at 0x001230: expected 0x11, found 0x10")


# ---- Ctrl-C


def test_an_interrupted_erase_says_exactly_what_is_erased(tmp_path):
    size = 8 * MIB
    keys, path, content = make_chip(tmp_path, size)
    erased = Interrupted("erase", "0", str(size), transfers=40,
                         keys=keys).done("erased")
    assert 0 < erased < size and erased % BLOCK == 0
    assert path.read_bytes() == b"\xff" * erased + content[erased:]


def test_an_interrupted_erase_of_all_says_that_the_chip_goes_on():
    assert Interrupted("-f", "10", "erase-all", transfers=60, keys=(
        f":sfdp=none:t-ce={BUSY_FOR_EVER}")).line == (
        "interrupted; the chip goes on erasing itself, and answers nothing "
        "until it is done")


def test_an_interrupted_write_is_resumed(chip, image):
    keys, path, content = chip
    data, file = image
    written = Interrupted("write", "0", "-f", str(file), transfers=100,
                          keys=keys).done("written")
    # The window that was under way is finished.
    assert written == WINDOW
    assert path.read_bytes() == data[:written] + content[written:]
    run("write", "0", "-f", str(file), keys=keys)
    assert path.read_bytes() == data + content[len(data):]
    run("verify", "0", "-f", str(file), keys=keys)


def test_a_resumed_write_leaves_alone_what_is_there(chip, image):
    """By the transfers that it takes."""
    keys, path, content = chip
    data, file = image

    def transfers():
        done = clyde("--log", "trace", *command(
            "write", "0", "-f", str(file), keys=keys)[1:])
        return done.stderr.count("endpoint 0x02: ")

    path.write_bytes(data[:WINDOW] + content[WINDOW:])
    rest = transfers()
    path.write_bytes(content)
    assert rest < transfers() / 3


def test_an_interrupted_read_leaves_no_file(chip, tmp_path):
    keys, _, _ = chip
    out = tmp_path / "out"
    assert Interrupted("-f", "48M", "--quad-spi", "read", "0", "0x100000", "-f",
                       str(out), transfers=20, keys=keys).line == "interrupted"
    assert not list(tmp_path.glob("out*"))


# ---- An unplug


@pytest.mark.parametrize("ms", [40, 300, 450, 700])
def test_a_write_after_an_unplug_goes_on(chip, image, ms):
    keys, path, content = chip
    data, file = image
    line = fails(UNPLUGGED, "write", "0", "-f", str(file), keys=keys,
                 more=f",fault=unplug@{ms * 1000}")
    found = re.fullmatch(
        r"the device was unplugged; (\d+) B from 0x000000 on are written, and "
        r"what follows may be in part", line)
    assert found, line
    written = int(found[1])
    assert path.read_bytes()[:written] == data[:written]
    run("write", "0", "-f", str(file), keys=keys)
    assert path.read_bytes() == data + content[len(data):]


def test_an_erase_says_what_was_erased_before_the_unplug(chip):
    keys, path, _ = chip
    line = fails(UNPLUGGED, "erase", "0", "0x100000",
                 keys=keys.replace("t-be=200us", "t-be=1ms"),
                 more=",fault=unplug@16000")
    found = re.fullmatch(
        r"the device was unplugged; (\d+) B from 0x000000 on are erased, and "
        r"what follows may be in part", line)
    assert found, line
    erased = int(found[1])
    assert 0 < erased < MIB
    assert path.read_bytes()[:erased] == b"\xff" * erased


@pytest.mark.parametrize("arguments, line", [
    (("read", "0", "0x100000"), "the device was unplugged"),
    (("-f", "10", "erase-all"),
     "the device was unplugged; the chip may be erased in part, or go on "
     "erasing itself"),
])
def test_an_unplug_is_told_without_words_of_the_cable(arguments, line):
    keys = ":sfdp=none:t-ce=10s"
    assert fails(UNPLUGGED, *arguments, keys=keys,
                 more=",fault=unplug@300000") == line


# ---- The wires


CS, SCK, COPI = 1, 2, 4  # of port A
SELECTED = bytes(level & CS == 0 for level in range(256))


def opcodes(folder):
    """The first byte of each transfer on the pins, recorded in pins.sr."""
    with zipfile.ZipFile(folder / "pins.sr") as archive:
        pins = archive.read("logic-1-1")[::2]
    selected = pins.translate(SELECTED)
    found, at = [], selected.find(b"\0\1")
    while at >= 0:
        bits = []
        end = selected.find(b"\1\0", at + 1) % len(pins)
        while len(bits) < 8 and at < end:
            if ~pins[at] & pins[at + 1] & SCK:
                bits.append(bool(pins[at + 1] & COPI))
            at += 1
        found.append(sum(bit << (7 - i) for i, bit in enumerate(bits)))
        at = selected.find(b"\0\1", at)
    return found


ENTER_4, LEAVE_4 = 0xb7, 0xe9
PINS = ",pins=pins.sr"


def left_in_4_byte_mode(sent):
    modes = [byte for byte in sent if byte in (ENTER_4, LEAVE_4)]
    assert ENTER_4 in modes, sent
    return modes[-1] == ENTER_4


LARGE = ":size=32M:sfdp=1.0" + FAST


@pytest.mark.parametrize("arguments, status, keys", [
    (("erase", "0x1000000", "4096"), 0, LARGE),
    (("write", "0x1fffff0", "-d", "0011"), 0, LARGE),
    (("erase", "0x1ff0000", "0x10000"), PROTECTED, LARGE + ":wp=soft"),
    (("program", "0x1000000", "-d", "00"), LIMIT_PASSED,
     ":size=32M:sfdp=1.0:t-pp=1000s"),
    (("verify", "0x1800000", "-d", "00"), VERIFY, LARGE),
])
def test_a_chip_is_not_left_in_4_byte_mode(
        tmp_path, arguments, status, keys):
    done = run("-f", "4M", *arguments, status=status, keys=keys,
               more=PINS, cwd=tmp_path)
    assert bool(done.stderr) == bool(status)
    assert not left_in_4_byte_mode(opcodes(tmp_path))


def test_a_chip_is_not_left_in_4_byte_mode_by_an_interrupt(tmp_path):
    stopped = Interrupted("erase", "0x1000000", "0x1000000", transfers=40,
                          keys=LARGE, more=PINS, cwd=tmp_path)
    assert re.search(r"; [1-9]\d+ B from 0x1000000 on", stopped.line)
    assert not left_in_4_byte_mode(opcodes(tmp_path))


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_read_on_four_lanes_leaves_no_mode(tmp_path, chip, interrupted):
    """QPI is never entered; the quad enable bit is set by 50h, so that it goes
    with the power."""
    keys = chip[0]
    line = ("-f", "24M", "--quad-spi", "read", "0",
            "0x100000" if interrupted else "0x8000", "-f",
            str(tmp_path / "out"))
    if interrupted:
        Interrupted(*line, transfers=30, keys=keys, more=PINS, cwd=tmp_path)
    else:
        run(*line, keys=keys, more=PINS, cwd=tmp_path)
    sent = opcodes(tmp_path)
    assert 0xeb in sent and 0x50 in sent
    assert not {0x38, 0x06, ENTER_4} & set(sent)


# ---- Debian's decoder


def decoded(folder):
    """What the decoder of sigrok says of the pins, recorded in pins.sr."""
    done = subprocess.run(
        ["sigrok-cli", "-i", "pins.sr", "-P",
         "spi:clk=A1:mosi=A2:miso=A3:cs=A0,spiflash", "-A",
         "spiflash=commands"],
        capture_output=True, check=True, text=True, timeout=SECONDS,
        cwd=folder)
    return [line.split(": ", 1)[1] for line in done.stdout.splitlines()]


def spaced(data):
    return " ".join(f"{byte:02x}" for byte in data)


@needs_sigrok
def test_the_decoder_of_sigrok_reads_what_memory_25q_has_sent(chip, tmp_path):
    keys, _, content = chip
    wanted = random.Random(3).randbytes(24)
    run("read", "0x12345", "40", keys=keys, more=PINS, cwd=tmp_path)
    assert (f"Fast read data (addr 0x012345, 40 bytes): "
            f"{spaced(content[0x12345:0x12345 + 40])}") in decoded(tmp_path)
    run("erase", "0x3000", "0x1000", keys=keys, more=PINS, cwd=tmp_path)
    shown = decoded(tmp_path)
    assert [line for line in shown if line.startswith("Erase")] == [
        "Erase sector 12288 (0x003000)"]
    at = shown.index("Erase sector 12288 (0x003000)")
    assert shown[at - 2] == "Command: Write enable (WREN)"
    assert shown[-1] == "Command: Read status register (RDSR)"
    run("program", "0x30f0", "-d", wanted.hex(), keys=keys, more=PINS, cwd=tmp_path)
    assert [line for line in decoded(tmp_path) if "program" in line] == [
        f"Page program (addr 0x0030f0, 16 bytes): {spaced(wanted[:16])}",
        f"Page program (addr 0x003100, 8 bytes): {spaced(wanted[16:])}",
    ]
