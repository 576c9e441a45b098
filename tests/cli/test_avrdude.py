# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests program-avr-spi serve with Debian's avrdude, and with clients that send
what avrdude does not, on the part avr-isp."""

import os
import pathlib
import random
import shutil
import subprocess

import pytest
from served import Served
from test_cli import SECONDS, USAGE, clyde, only_line

TOOL = str(pathlib.Path(os.environ["CLYDE"]).resolve())
PINS = "avr-isp@reset=A0:sck=A1:cipo=A2:copi=A3:clock=16M"
FLASH, EEPROM = 32768, 1024
OK, FAILED, NO_DEVICE, IN_SYNC, NO_SYNC = (
    b"\x10", b"\x11", b"\x13", b"\x14", b"\x15")

needs_avrdude = pytest.mark.skipif(
    shutil.which("avrdude") is None, reason="there is no avrdude")


class Server(Served):
    """The applet on a chip with these keys."""

    def __init__(self, *arguments, where="tcp:127.0.0.1:0", keys="", part=PINS):
        device = "virtual:configured=1" + (f",part={part}{keys}" if part else "")
        super().__init__(
            TOOL, "-d", device, "run", "program-avr-spi", "-V", "3.3", "-f",
            "4M", "serve", where, *arguments)

    def avrdude(self, *arguments, part="m328p", status=0):
        where = f"net:127.0.0.1:{self.port}" if self.port else self.tty
        done = subprocess.run(
            ["avrdude", "-c", "stk500v1", "-P", where, "-p", part, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS)
        assert done.returncode == status, done
        return done.stderr

    def end(self):
        """The client has left; returns what the applet has said."""
        self.line("a client has left")
        return super().end()


@pytest.fixture(name="chip")
def chip_in_a_file(tmp_path):
    """The key, the file, and bytes for the flash in another file."""
    image = tmp_path / "image.bin"
    image.write_bytes(random.Random(1).randbytes(3000))
    return f":file={tmp_path / 'chip'}", tmp_path / "chip", image


# ---- avrdude


@needs_avrdude
@pytest.mark.parametrize("where", ["tcp:127.0.0.1:0", "pty"])
def test_avrdude_erases_writes_and_verifies(chip, where):
    keys, path, image = chip
    with Server(where=where, keys=keys) as server:
        said = server.avrdude("-U", f"flash:w:{image}:r")
        assert "probably m328p" in said
        assert "3000 bytes of flash verified" in said
        assert "signature 1e 95 0f: ATmega328P\n" in server.end()
    content = path.read_bytes()
    assert content[:3000] == image.read_bytes()
    assert content[3000:] == b"\xff" * (FLASH + EEPROM - 3000)


@needs_avrdude
def test_avrdude_reads_flash_eeprom_and_fuses(chip, tmp_path):
    keys, path, _ = chip
    flash, size = 1024, 64
    content = random.Random(2).randbytes(flash + EEPROM)
    path.write_bytes(content)
    keys += ":signature=1e9007:flash=1K:page=32"
    with Server(keys=keys) as server:
        server.avrdude("-D", "-U", "eeprom:w:0x11,0x22,0x33:m", "-U",
                       "lfuse:w:0xe2:m", "-U", f"flash:r:{tmp_path / 'f'}:r",
                       "-U", f"eeprom:r:{tmp_path / 'e'}:r", "-U",
                       f"lfuse:r:{tmp_path / 'l'}:h", part="t13")
        server.end()
    eeprom = b"\x11\x22\x33" + content[flash + 3:]
    assert path.read_bytes() == content[:flash] + eeprom
    assert (tmp_path / "f").read_bytes() == content[:flash]
    assert (tmp_path / "e").read_bytes() == eeprom[:size]
    assert (tmp_path / "l").read_text() == "0xe2\n"


@needs_avrdude
def test_avrdude_finds_a_difference(chip, tmp_path):
    keys, path, image = chip
    content = bytearray(image.read_bytes().ljust(FLASH + EEPROM, b"\xff"))
    content[0x123] ^= 0x10
    path.write_bytes(content)
    with Server(keys=keys) as server:
        said = server.avrdude("-U", f"flash:v:{image}:r", status=1)
        assert "input 0xd6 at addr 0x0123" in said
        server.end()


@needs_avrdude
def test_without_a_chip_both_say_so():
    with Server(part="") as server:
        said = server.avrdude(status=1)
        assert "stk500" in said or "initialization failed" in said
        assert "no chip answers: the echo is 00 and not 53" in server.end()


# ---- Clients that are not avrdude


def exchange(client, send, size):
    client.sendall(send)
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        assert part, data
        data += part
    return data


def test_what_is_no_command_is_answered_and_does_nothing():
    with Server() as server:
        client = server.connect()
        assert exchange(client, b"x", 1) == NO_SYNC
        assert exchange(client, b"0!", 1) == NO_SYNC
        assert exchange(client, b"d\xff\xff", 1) == NO_SYNC
        assert exchange(client, b"0 ", 2) == IN_SYNC + OK
        assert exchange(client, b"1 ", 9) == IN_SYNC + b"AVR STK" + OK
        # The chip is not in programming mode.
        assert exchange(client, b"V0\0\0\0 ", 2) == IN_SYNC + FAILED
        assert exchange(client, b"u ", 2) == IN_SYNC + FAILED
        client.close()
        assert "signature" not in server.end()


def test_a_page_that_the_chip_has_not_is_refused(chip):
    keys, path, _ = chip
    with Server(keys=keys) as server:
        client = server.connect()
        assert exchange(client, b"P ", 2) == IN_SYNC + OK
        assert exchange(client, b"U\xff\x3f ", 2) == IN_SYNC + OK
        assert exchange(client, b"t\0\4F ", 2) == IN_SYNC + FAILED
        assert exchange(client, b"d\0\4Fabcd ", 2) == IN_SYNC + FAILED
        assert exchange(client, b"t\0\2F ", 4) == IN_SYNC + b"\xff\xff" + OK
        assert exchange(client, b"t\0\2X ", 2) == IN_SYNC + FAILED
        assert exchange(client, b"u ", 5) == IN_SYNC + b"\x1e\x95\x0f" + OK
        client.close()
        server.end()
    assert set(path.read_bytes()) == {0xff}


def test_addresses_above_128_kib_are_reached(chip):
    """As avrdude does it: the third byte by an instruction of its own."""
    keys, path, _ = chip
    content = random.Random(3).randbytes(0x40000 + EEPROM)
    path.write_bytes(content)
    with Server(keys=keys + ":signature=1e9801:flash=256K:page=256") as server:
        client = server.connect()
        assert exchange(client, b"P ", 2) == IN_SYNC + OK
        assert exchange(client, b"V\x4d\0\1\0 ", 3) == IN_SYNC + b"\1" + OK
        assert exchange(client, b"U\x18\x09 ", 2) == IN_SYNC + OK
        assert exchange(client, b"t\0\4F ", 6) == (
            IN_SYNC + content[0x21230:0x21234] + OK)
        client.close()
        server.end()


def test_an_unknown_chip_takes_instructions_and_no_pages():
    with Server(keys=":signature=1e0001") as server:
        client = server.connect()
        assert exchange(client, b"P ", 2) == IN_SYNC + OK
        assert exchange(client, b"V\x30\0\2\0 ", 3) == IN_SYNC + b"\1" + OK
        assert exchange(client, b"V\xac\x80\0\0 ", 3) == IN_SYNC + b"\0" + OK
        assert exchange(client, b"t\0\2F ", 2) == IN_SYNC + FAILED
        client.close()
        assert "unknown, so that no page can be read" in server.end()


def test_a_client_that_leaves_in_mid_page_has_written_nothing(chip):
    keys, path, _ = chip
    with Server(keys=keys) as server:
        client = server.connect()
        assert exchange(client, b"P ", 2) == IN_SYNC + OK
        client.sendall(b"d\0\x80F" + bytes(100))
        client.close()
        assert ("a client has left in the middle of a command, which was not "
                "carried out: 0 B written, 0 B read\n") in server.end()
    assert set(path.read_bytes()) == {0xff}


def test_with_once_the_first_client_is_the_last():
    with Server("--once") as server:
        server.connect().close()
        rest, _ = server.process.communicate(timeout=SECONDS)
        assert server.process.returncode == 0, rest


@pytest.mark.parametrize("arguments, words", [
    (("serve",), "endpoint is missing"),
    (("serve", "udp:1"), "udp:1"),
])
def test_an_endpoint_that_is_none_is_refused(arguments, words):
    done = clyde("-d", "virtual:", "run", "program-avr-spi", "-V", "3.3",
                 *arguments, status=USAGE)
    assert words in only_line(done)
