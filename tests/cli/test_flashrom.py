# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the applet spi-flashrom with Debian's flashrom and with clients that
send what flashrom does not, on the virtual Glasgow and its part flash25.

flashrom sleeps for a second when it starts, so it is started only a few times.
"""

import os
import random
import socket
import subprocess

import pytest
from served import SECONDS, Served

CLYDE = os.environ["CLYDE"]
# The applet's default pins.
PINS = "cs=A5:sck=A1:io0=A2:io1=A4"
# With these the model has every edge: much slower.  The applet pulls them up.
SIDES = "io2=A3:io3=A0:"
# A chip that erases and writes status registers faster than real ones: virtual
# time passes only while flashrom asks for the status.
FAST = "t-se=2ms:t-be=4ms:t-ce=20ms:t-w=500us"
ACK, NAK = b"\x06", b"\x15"

OK, USAGE, PIN_TAKEN, NO_SUPPLY, ADDRESS, INTERRUPTED = 0, 64, 89, 91, 92, 130


class Server(Served):
    """The applet on a chip whose content is a file."""

    def __init__(self, file, *arguments, where="tcp::0", keys=FAST, more=()):
        part = f"virtual:part=flash25@{PINS}:{keys}"
        if file:
            part += f":size={file.stat().st_size >> 10}K:file={file}"
        super().__init__(
            CLYDE, "-d", part, "run", "spi-flashrom", "-V", "3.3", "-f", "24M",
            *arguments, where, *more)

    def flashrom(self, *arguments, status=0):
        where = f"ip=127.0.0.1:{self.port}" if self.port else f"dev={self.tty}:115200"
        done = subprocess.run(
            ["flashrom", "-p", "serprog:" + where, *arguments],
            capture_output=True, text=True, timeout=SECONDS)
        assert (done.returncode != 0) == (status != 0), done
        return done.stdout + done.stderr

    def client(self):
        """What the applet says of the client that has just left."""
        found = self.line(r"(\d+) transfers, (\d+) B sent, (\d+) B received, "
                          r"in ([0-9.]+) s")
        return *map(int, found.groups()[:3]), float(found.group(4))


def noise(size):
    return random.Random(size).randbytes(size)


def chip_of(tmp_path, size, content=None):
    file = tmp_path / "chip"
    file.write_bytes(b"\xff" * size if content is None else content)
    return file


def operation(send, receive=0):
    return (b"\x13" + len(send).to_bytes(3, "little")
            + receive.to_bytes(3, "little") + send)


def receive(client, size):
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        assert part, data
        data += part
    return data


def exchange(client, send, size):
    client.sendall(send)
    return receive(client, size)


# ---- flashrom


@pytest.mark.parametrize("size, where", [
    (512 << 10, "tcp::0"), (1 << 20, "pty"), (4 << 20, "tcp::0")])
def test_flashrom_writes_what_has_changed_and_reads_it_back(
        tmp_path, size, where):
    """flashrom itself erases, writes and verifies."""
    before = bytearray(noise(size))
    chip = chip_of(tmp_path, size, before)
    wanted = bytearray(before)
    wanted[0x10100:0x12345] = noise(0x12345 - 0x10100)
    image = tmp_path / "image"
    image.write_bytes(wanted)
    with Server(chip, where=where) as server:
        said = server.flashrom("-w", str(image))
        assert "VERIFIED" in said and "Erase/write done" in said
        server.client()
        server.end()
    assert chip.read_bytes() == wanted


def test_flashrom_reads_16_mib_in_6_s_of_the_device(tmp_path):
    content = noise(16 << 20)
    read = tmp_path / "read"
    with Server(chip_of(tmp_path, 16 << 20, content)) as server:
        assert "W25Q128" in server.flashrom("-r", str(read))
        _, _, received, time_s = server.client()
        assert received >= 16 << 20
        # The bits take 5.592 s.
        assert time_s < 6.0
        server.end()
    assert read.read_bytes() == content


def test_flashrom_erases_a_region_and_finds_a_flipped_bit(tmp_path):
    """A region, since flashrom is slow to erase all."""
    size, region = 512 << 10, 32 << 10
    before = noise(size)
    chip = chip_of(tmp_path, size, before)
    layout = tmp_path / "layout"
    layout.write_text(f"0:{region - 1:x} first\n{region:x}:{size - 1:x} rest\n")
    blank = tmp_path / "blank"
    blank.write_bytes(b"\xff" * size)
    chosen = ("-l", str(layout), "-i", "first")
    with Server(chip) as server:
        server.flashrom("-E", *chosen)
        server.end()
    content = bytearray(chip.read_bytes())
    assert content == b"\xff" * region + before[region:]
    content[0x4567] ^= 0x10
    chip.write_bytes(content)
    with Server(chip) as server:
        said = server.flashrom("-v", str(blank), *chosen, status=1)
        assert "FAILED at 0x00004567! Expected=0xff, Found=0xef" in said
        server.end()


# ---- Clients that are not flashrom


def test_a_page_takes_its_time_and_600_us(tmp_path):
    """Of the device's time, with the three operations that flashrom sends."""
    with Server(chip_of(tmp_path, 1 << 20)) as server:
        for count in (0, 64):
            client = server.connect()
            # The chip takes no write for 5 ms after power-up.
            for _ in range(50 if count == 0 else 0):
                exchange(client, operation(b"\x03\0\0\0", 256), 257)
            for page in range(count):
                head = bytes([2, 0, page, 0])
                assert exchange(client, operation(b"\x06"), 1) == ACK
                assert exchange(client, operation(head + noise(256)), 1) == ACK
                while exchange(client, operation(b"\x05", 1), 2)[1] & 1:
                    pass
            client.close()
            _, _, _, time_s = server.client()
        server.end()
    # A page program takes 700 us.
    assert time_s / 64 < 700e-6 + 600e-6


def test_commands_may_come_in_any_pieces(tmp_path):
    with Server(chip_of(tmp_path, 1 << 20, noise(1 << 20))) as server:
        client = server.connect()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in operation(b"\x9f", 3):
            client.sendall(bytes([byte]))
        assert receive(client, 4) == ACK + b"\xef\x40\x14"
        client.sendall(b"\0" * 8 + b"\x10" + operation(b"\x03\0\0\0", 40000)
                       + b"\x01")
        assert receive(client, 10) == ACK * 8 + NAK + ACK
        assert receive(client, 40001) == ACK + noise(1 << 20)[:40000]
        assert receive(client, 3) == ACK + b"\1\0"
        server.end()


def test_settings_are_taken_or_refused(tmp_path):
    with Server(chip_of(tmp_path, 1 << 20), keys=SIDES + FAST) as server:
        client = server.connect()
        rate = (7_000_000).to_bytes(4, "little")
        # 48 MHz divided by 7.
        assert exchange(client, b"\x14" + rate, 5) == (
            ACK + (6_857_142).to_bytes(4, "little"))
        assert exchange(client, b"\x14\0\0\0\0", 1) == NAK
        assert exchange(client, b"\x14\1\0\0\0", 5) == (
            ACK + (1464).to_bytes(4, "little"))
        assert exchange(client, b"\x14" + rate, 5)[:1] == ACK
        assert exchange(client, b"\x16\x00\x16\x01", 2) == ACK + NAK
        # Without the pins there is no transfer.
        assert exchange(client, b"\x15\x00", 1) == ACK
        assert exchange(client, operation(b"\x9f", 3), 1) == NAK
        assert exchange(client, b"\x15\x01", 1) == ACK
        assert exchange(client, operation(b"\x9f", 3), 4) == ACK + b"\xef\x40\x14"
        # Both ways at once: the answer to 9Fh follows its byte.
        assert exchange(client, b"\x17\x01", 1) == ACK
        assert exchange(client, operation(b"\x9f\0\0\0", 4), 5)[2:] == (
            b"\xef\x40\x14")
        assert exchange(client, b"\x17\x00", 1) == ACK
        # Selected by hand, one command may be many transfers.
        assert exchange(client, b"\x18\x01", 1) == ACK
        assert exchange(client, operation(b"\x9f"), 1) == ACK
        assert exchange(client, operation(b"", 2), 3) == ACK + b"\xef\x40"
        assert exchange(client, operation(b"", 1), 2) == ACK + b"\x14"
        assert exchange(client, b"\x18\x02", 1) == ACK
        assert exchange(client, operation(b"\x9f", 3), 1) == NAK
        assert exchange(client, b"\x18\x00", 1) == ACK
        assert exchange(client, operation(b"\x9f", 3), 4) == ACK + b"\xef\x40\x14"
        # A command that is not whole is not carried out.
        client.sendall(operation(b"\x06") + operation(b"\xc7" * 60000)[:-1])
        client.close()
        assert server.line("left in the middle of a command")
        server.client()
        client = server.connect()
        assert exchange(client, operation(b"\x9f", 3), 4) == ACK + b"\xef\x40\x14"
        server.end()


def test_garbage_is_refused_and_told_once(tmp_path):
    with Server(chip_of(tmp_path, 1 << 20)) as server:
        client = server.connect()
        assert exchange(client, b"GET /", 5) == NAK * 5
        assert exchange(client, b"\x10", 2) == NAK + ACK
        client.close()
        said = server.end() if server.client() else ""
    assert said.count("no command of serprog") == 1


def test_a_client_that_leaves_in_a_long_read_leaves_the_chip_to_the_next(
        tmp_path):
    with Server(chip_of(tmp_path, 16 << 20)) as server:
        client = server.connect()
        client.sendall(operation(b"\x03\0\0\0", 0xffffff))
        receive(client, 100000)
        client.close()
        _, _, received, _ = server.client()
        assert received < 0xffffff
        client = server.connect()
        assert exchange(client, operation(b"\x9f", 3), 4) == ACK + b"\xef\x40\x18"
        server.end()


def test_a_second_client_is_refused(tmp_path):
    where = f"unix:{tmp_path}/socket"
    with Server(chip_of(tmp_path, 1 << 20), where=where) as server:
        first = server.connect()
        assert exchange(first, b"\x00", 1) == ACK
        assert server.connect().recv(1) == b""
        assert exchange(first, b"\x00", 1) == ACK
        first.close()
        second = server.connect()
        assert exchange(second, b"\x00", 1) == ACK
        assert "another client was refused" in server.end()
    assert not (tmp_path / "socket").exists()


def test_two_applets_run_at_once(tmp_path):
    more = ("++", "gpio", "watch", "A5")
    with Server(chip_of(tmp_path, 1 << 20), "--once", more=more) as server:
        client = server.connect()
        assert exchange(client, operation(b"\x9f", 3), 4) == ACK + b"\xef\x40\x14"
        client.close()
        server.client()
        server.end()


def test_once_ends_with_the_first_client(tmp_path):
    with Server(chip_of(tmp_path, 1 << 20), "--once") as server:
        server.connect().close()
        server.end(OK)


def test_an_unplug_ends_the_run_with_a_line(tmp_path):
    keys = FAST + ",fault=unplug@700000"
    with Server(None, keys=keys) as server:
        client = server.connect()
        client.sendall(operation(b"\x03\0\0\0", 0xffffff))
        while client.recv(65536):
            pass
        rest, _ = server.process.communicate(timeout=SECONDS)
        assert server.process.returncode not in (OK, INTERRUPTED)
        lines = [line for line in rest.splitlines() if "clyde: " in line]
        assert len(lines) == 1, rest


@pytest.mark.parametrize("arguments, status, word", [
    ((), USAGE, "endpoint"),
    (("tcp:1",), USAGE, "spi-flashrom: tcp:1: an address is like"),
    (("-f", "49M", "pty"), USAGE, "48"),
    (("--cs", "A1", "pty"), PIN_TAKEN, "A1"),
    (("--wp", "A5", "pty"), PIN_TAKEN, "A5"),
])
def test_a_wrong_command_line_is_one_line(arguments, status, word):
    done = subprocess.run(
        [CLYDE, "-d", "virtual:", "run", "flashrom", "-V", "3.3", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    lines = [line for line in done.stderr.splitlines() if line.startswith("clyde: ")]
    assert done.returncode == status, done
    assert len(lines) == 1 and word in lines[0]
