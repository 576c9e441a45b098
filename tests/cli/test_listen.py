# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde virtual --listen: what a usbredir guest sees, and how a
connection ends.

CLYDE is the path to the binary.
"""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

CLYDE = os.environ["CLYDE"]
SECONDS = 600

USAGE, OUTPUT, PERMISSION, BUSY = 64, 73, 77, 83

# Packet types of usbredir's protocol description.
HELLO, CONNECT, DISCONNECT, RESET, INTERFACES, ENDPOINTS = range(6)
SET_CONFIGURATION, CONFIGURATION_STATUS, SET_ALT, ALT_STATUS = 6, 8, 9, 11
CANCEL, DISCONNECT_ACK, CONTROL, BULK = 21, 24, 100, 101
SUCCESS, CANCELLED, STALL = 0, 1, 4
CAPABILITIES = 0x7A  # All but streams, filters and bulk receiving.


@pytest.fixture
def path(tmp_path):
    return tmp_path / "redir"


class Server:
    def __init__(self, path, *arguments):
        self.path = path
        self.process = subprocess.Popen(
            [CLYDE, "virtual", "--listen", f"redir:{path}", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == f"listening on redir:{path}\n"

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def end(self, number=signal.SIGTERM):
        """Returns the lines on stderr before the last one, "interrupted"."""
        self.process.send_signal(number)
        _, error = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 128 + number
        assert not self.path.exists()
        lines = error.splitlines()
        assert lines[-1] == "clyde: interrupted"
        return lines[:-1]


class Guest:
    """A usbredir guest that does only what the tests need."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(str(path))

    def send(self, kind, body=b"", number=0):
        self.socket.sendall(struct.pack("<IIQ", kind, len(body), number) + body)

    def greet(self):
        """Receives packets until the device is there; returns its identity."""
        body = struct.pack("<64sI", b"test", CAPABILITIES)
        self.socket.sendall(struct.pack("<III", HELLO, len(body), 0) + body)
        kind, size, _ = struct.unpack("<III", self.exactly(12))
        assert kind == HELLO
        self.exactly(size)
        return self.connected()

    def connected(self):
        self.expect(INTERFACES)
        self.expect(ENDPOINTS)
        return struct.unpack("<BBBBHHH", self.expect(CONNECT)[0])

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, "the server hung up"
            data += more
        return data

    def expect(self, kind):
        """Returns body and number of the next packet, which must be of this
        kind."""
        got, size, number = struct.unpack("<IIQ", self.exactly(16))
        body = self.exactly(size)
        assert got == kind
        return body, number

    def ask_alternate(self, interface, alternate):
        self.send(SET_ALT, bytes((interface, alternate)), 7)
        return self.socket

    def alternate(self, interface, alternate):
        """Selects it; returns the types of the endpoints then."""
        self.ask_alternate(interface, alternate)
        self.expect(INTERFACES)
        endpoints, _ = self.expect(ENDPOINTS)
        assert self.expect(ALT_STATUS) == (bytes((SUCCESS, interface, alternate)), 7)
        return endpoints[:32]

    def configure(self):
        self.send(SET_CONFIGURATION, b"\1", 5)
        self.expect(INTERFACES)
        self.expect(ENDPOINTS)
        assert self.expect(CONFIGURATION_STATUS) == (bytes((SUCCESS, 1)), 5)

    def bulk(self, endpoint, length, number, data=b""):
        self.send(
            BULK,
            struct.pack("<BBHIH", endpoint, 0, length & 0xFFFF, 0, length >> 16)
            + data,
            number,
        )

    def bulk_done(self):
        body, number = self.expect(BULK)
        _, status, low, _, high = struct.unpack_from("<BBHIH", body)
        return number, status, low | high << 16, body[10:]

    def hung_up(self):
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True


def refused(*arguments, status, program=CLYDE, **options):
    done = subprocess.run(
        [program, "virtual", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
        **options,
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"clyde: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


# ---- The device


def test_a_guest_sees_a_high_speed_glasgow(path):
    with Server(path, "--revision", "C2") as server:
        speed, *_, vendor, product, version = Guest(path).greet()
        assert (speed, vendor, product, version) == (2, 0x20B7, 0x9DB1, 0x0932)
        assert server.end() == []


def test_the_endpoints_follow_the_alternate_settings(path):
    with Server(path):
        guest = Guest(path)
        guest.greet()
        guest.configure()
        types = guest.alternate(0, 1)
        assert types[1] == types[17] == 2
        assert types[2] == 255
        types = guest.alternate(0, 0)
        assert types[1] == types[17] == 255


def test_refused_alternate_setting_is_a_stall(path):
    with Server(path):
        guest = Guest(path)
        guest.greet()
        guest.configure()
        guest.ask_alternate(3, 1)  # The FPGA has no image.
        assert guest.expect(ALT_STATUS)[0][0] == STALL


def status_request(serial):
    return bytes((serial, 0x22))


def manage(path):
    guest = Guest(path)
    guest.greet()
    guest.configure()
    guest.alternate(0, 1)
    return guest


def test_management_command_is_answered(path):
    with Server(path):
        guest = manage(path)
        guest.bulk(0x81, 64, 1)
        guest.bulk(0x01, 2, 2, status_request(9))
        assert guest.bulk_done() == (2, SUCCESS, 2, b"")
        number, status, length, data = guest.bulk_done()
        assert (number, status, length) == (1, SUCCESS, 14)
        assert data[:2] == bytes((9, 0))


def test_a_cancellation_that_comes_too_late_keeps_the_answer(path):
    with Server(path):
        guest = manage(path)
        guest.bulk(0x81, 64, 1)
        guest.bulk(0x01, 2, 2, status_request(9))
        guest.bulk_done()
        first = guest.bulk_done()
        # The cancellation comes too late: the answer has been received.
        guest.send(CANCEL, b"", 1)
        guest.bulk(0x81, 64, 3)
        assert guest.bulk_done() == (3, *first[1:])


def test_a_cancelled_transfer_is_answered_once(path):
    with Server(path):
        guest = manage(path)
        guest.bulk(0x81, 64, 1)
        guest.send(CANCEL, b"", 1)
        assert guest.bulk_done() == (1, CANCELLED, 0, b"")
        guest.send(CANCEL, b"", 1)
        guest.bulk(0x81, 64, 2)
        guest.bulk(0x01, 2, 3, status_request(1))
        assert guest.bulk_done()[0] == 3
        assert guest.bulk_done()[0] == 2


def test_empty_packet_is_a_transfer(path):
    with Server(path, "-d", "virtual:configured=1"):
        guest = manage(path)
        guest.alternate(1, 1)
        guest.bulk(0x02, 0, 1)
        assert guest.bulk_done() == (1, SUCCESS, 0, b"")


def test_reset_takes_the_configuration_away(path):
    with Server(path):
        guest = manage(path)
        guest.bulk(0x81, 64, 1)
        guest.send(RESET)
        assert guest.bulk_done() == (1, CANCELLED, 0, b"")
        guest.send(7, b"", 2)  # get_configuration.
        assert guest.expect(CONFIGURATION_STATUS) == (bytes((SUCCESS, 0)), 2)


def test_a_pulled_plug_is_reported_and_can_be_plugged_in_again(path):
    with Server(path) as server:
        guest = manage(path)
        guest.bulk(0x81, 64, 1)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGUSR1)
        guest.expect(DISCONNECT)
        # For the unplugged device, so it is never answered.
        guest.bulk(0x81, 64, 2)
        guest.send(DISCONNECT_ACK)
        server.process.send_signal(signal.SIGUSR2)
        assert guest.connected()[4] == 0x20B7
        guest.configure()


def test_each_connection_finds_the_device_as_after_power_up(path):
    with Server(path):
        for _ in range(3):
            guest = manage(path)
            guest.socket.close()


def write_ram(guest, address, data):
    guest.send(
        CONTROL,
        struct.pack("<BBBBHHH", 0, 0xA0, 0x40, 0, address, 0, len(data)) + data,
        address,
    )


@pytest.mark.parametrize("pace", ["off", "link"])
@pytest.mark.parametrize("level", [0, 3])
def test_new_firmware_leaves_the_guest_and_comes_back(path, level, pace):
    with Server(path, "--api", str(level), "--pace", pace) as server:
        guest = Guest(path)
        assert guest.greet()[-1] == level << 8 | 0x33
        guest.configure()
        for address, data in (
            (0xE600, b"\1"),
            (0, b"\2\0\3\x80\xfe"),
            (0xE600, b"\0"),
        ):
            write_ram(guest, address, data)
            body, number = guest.expect(CONTROL)
            assert (body[3], number) == (SUCCESS, address)
        guest.expect(DISCONNECT)
        guest.send(DISCONNECT_ACK)
        assert guest.connected()[-1] == 9 << 8 | 0x33
        guest.configure()
        assert guest.alternate(0, 1)[17] == 2
        assert server.end() == []


def test_a_scripted_unplug_happens_in_real_time(path):
    with Server(path, "--pace", "link", "-d", "virtual:fault=unplug@300000"):
        guest = Guest(path)
        began = time.monotonic()
        guest.greet()
        guest.expect(DISCONNECT)
        assert time.monotonic() - began > 0.25


# ---- Bad input


def test_garbage_ends_the_connection_in_one_line(path):
    with Server(path) as server:
        guest = Guest(path)
        guest.socket.sendall(b"GET / HTTP/1.1\r\n\r\n" * 40)
        assert guest.hung_up()
        Guest(path).greet()
        (line,) = server.end()
        assert line.startswith("clyde: the guest was disconnected: ")


def test_a_guest_with_too_many_transfers_is_disconnected(path):
    with Server(path) as server:
        guest = manage(path)
        with pytest.raises(OSError):
            for number in range(1 << 20):
                guest.bulk(0x81, 1 << 20, number)
        guest.socket.close()
        (line,) = server.end()
        assert "more transfers" in line


def test_a_second_guest_is_refused_and_the_first_is_served(path):
    with Server(path) as server:
        first = Guest(path)
        first.greet()
        assert Guest(path).hung_up()
        first.configure()
        (line,) = server.end()
        assert "in use" in line


def test_a_path_in_use_is_refused_and_still_served(path):
    with Server(path):
        assert str(path) in refused("--listen", f"redir:{path}", status=BUSY)
        Guest(path).greet()


def test_the_socket_of_a_dead_server_is_replaced(path):
    with Server(path) as server:
        server.process.kill()
        server.process.wait()
        assert path.exists()
    with Server(path) as server:
        Guest(path).greet()
        server.end(signal.SIGINT)


def test_a_file_that_is_no_socket_is_not_replaced(path):
    path.write_text("precious")
    assert "not a socket" in refused(
        "--listen", f"redir:{path}", status=OUTPUT
    )
    assert path.read_text() == "precious"


def test_a_socket_without_permission_is_an_error():
    options = {"user": 65534} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        # Other users cannot reach the folder of the build.
        program = shutil.copy(CLYDE, folder)
        os.chmod(folder, 0o555)
        where = f"redir:{folder}/s"
        refused("--listen", where, status=PERMISSION, program=program,
                **options)


@pytest.mark.parametrize(
    "status, arguments",
    [
        (USAGE, ()),
        (USAGE, ("--listen", "tcp:1")),
        (USAGE, ("--listen", "redir:")),
        (USAGE, ("--listen", "redir:/tmp/" + "x" * 200)),
        (OUTPUT, ("--listen", "redir:/nonexistent/folder/socket")),
        (USAGE, ("--listen", "redir:/tmp/x", "--pace", "fast")),
        (USAGE, ("--listen", "redir:/tmp/x", "--revision", "D0")),
        (USAGE, ("--listen", "redir:/tmp/x", "-d", "usb:")),
        (USAGE, ("--listen", "redir:/tmp/x", "-d", "virtual:what=1")),
        (USAGE, ("--listen", "redir:/tmp/x", "-d", "virtual:devices=2")),
        (USAGE, ("--listen", "redir:/tmp/x", "more")),
    ],
)
def test_a_bad_command_line_is_refused_in_one_line(status, arguments):
    refused(*arguments, status=status)
