# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the applets jtag-... on the virtual Glasgow and its part tap: with
Debian's OpenOCD and openFPGALoader, with clients that send what these do not,
and with files and chains that are wrong.
"""

import os
import pathlib
import re
import socket
import subprocess

import pytest
from served import SECONDS, Served

CLYDE = os.environ["CLYDE"]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
PINS = "tck=A0:tms=A1:tdi=A2:tdo=A3"
GENERIC = PINS + ":trst=A4:idcode=1234567f"

OK, USAGE, FILE, PIN_TAKEN, ADDRESS, NO_CHIP, CHAIN, SVF_WRONG, MISMATCH, \
    INTERRUPTED = 0, 64, 73, 89, 92, 101, 104, 105, 106, 130


def run(*arguments, part=GENERIC, status=OK, more=""):
    """Runs an applet, and returns what it says."""
    done = subprocess.run(
        [CLYDE, "-d", f"virtual:part=tap@{part}{more}", "run", arguments[0],
         "-V", "3.3", *arguments[1:]],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS)
    errors = [line for line in done.stderr.splitlines()
              if line.startswith("clyde: ")]
    assert done.returncode == status, done
    assert len(errors) == (status != OK), done
    return done.stdout + done.stderr


class Server(Served):
    """An applet that serves clients."""

    def __init__(self, applet, *arguments, where="tcp::0", part=GENERIC, more=""):
        super().__init__(
            CLYDE, "-d", f"virtual:part=tap@{part}{more}", "run", applet,
            "-V", "3.3", *arguments, where)

    def left(self):
        """What the applet counts of the client that has just left, and the
        time of the device in s."""
        found = self.line(
            r"a client has left: (\d+) \w+, (\d+) \w+, in ([0-9.]+) s")
        return *map(int, found.groups()[:2]), float(found.group(3))

    def openocd(self, *commands, taps=("x.tap -irlen 4",), status=0):
        host = self.path or "127.0.0.1"
        lines = ["adapter driver remote_bitbang",
                 f"remote_bitbang host {host}",
                 f"remote_bitbang port {self.port or 0}",
                 "adapter speed 1000", "reset_config trst_only",
                 *("jtag newtap " + tap.replace(".", " ", 1) for tap in taps),
                 "init", *commands, "shutdown"]
        done = subprocess.run(
            ["openocd", "-c", "gdb_port disabled; tcl_port disabled; "
             "telnet_port disabled", "-c", "; ".join(lines)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS)
        assert (done.returncode != 0) == (status != 0), done
        return done.stdout + done.stderr

    def open_fpga_loader(self, *arguments, status=0):
        done = subprocess.run(
            ["openFPGALoader", "-c", "xvc-client", "--ip", "127.0.0.1",
             "--port", self.port, "--freq", "24000000", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS)
        assert (done.returncode != 0) == (status != 0), done
        return done.stdout + done.stderr


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


def at_end(client):
    """Whether the server has closed the connection."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


# ---- OpenOCD


def test_openocd_finds_a_chain_and_scans_it():
    part = GENERIC + ":chain=6-5/4ba00477"
    # From TDO on.
    taps = ("c.tap -irlen 5 -expected-id 0x4ba00477", "b.tap -irlen 6",
            "a.tap -irlen 4 -expected-id 0x1234567f")
    with Server("jtag-openocd", "--trst", "A4", part=part) as server:
        said = server.openocd(
            "scan_chain", "irscan a.tap 3",
            "puts A=[drscan a.tap 32 0x89abcdef]",
            "irscan c.tap 2", "puts C=[drscan c.tap 8 0 24 0]",
            "irscan b.tap 5", "puts B=[drscan b.tap 8 5]",
            "jtag arp_init-reset", taps=taps)
        assert "a.tap tap/device found: 0x1234567f" in said
        assert "c.tap tap/device found: 0x4ba00477" in said
        assert "UNEXPECTED" not in said and "Error" not in said
        # USERCODE is not given: all ones.  BYPASS of b and a
        # delays what goes in behind the bit for c by two clocks.
        assert "A=ffffffff" in said
        assert "C=77 4ba004" in said
        assert "B=28" in said
        server.left()
        server.end()


def test_openocd_plays_svf_over_a_unix_socket(tmp_path):
    svf = tmp_path / "test.svf"
    svf.write_text(SVF)
    wrong = tmp_path / "wrong.svf"
    wrong.write_text(SVF.replace("1234567f", "1234567e"))
    where = f"unix:{tmp_path}/socket"
    # Not faster, since OpenOCD waits in the time of the machine: 100 clocks have
    # to take longer than the job.
    with Server("jtag-openocd", "-f", "1M", where=where) as server:
        # For FREQUENCY it has an error, and goes on.
        said = server.openocd(f"svf {svf}")
        assert "tdo check error" not in said
        server.left()
        assert "tdo check error" in server.openocd(f"svf {wrong}", status=1)
        server.left()
        server.end()
    assert not (tmp_path / "socket").exists()


# ---- Clients of remote_bitbang that are not OpenOCD


RESET = b"26" * 5 + b"04"
TO_SHIFT_DR = b"260404"


def test_a_long_scan_reads_200_kib_a_second_at_24_mhz():
    """As OpenOCD scans, which waits for each 255 samples; in time of the
    device."""
    batches = 400
    with Server("jtag-openocd", "-f", "24M") as server:
        client = server.connect()
        client.sendall(RESET + TO_SHIFT_DR)
        data = b"".join(
            exchange(client, b"0R4" * 255, 255) for _ in range(batches))
        client.sendall(b"Q")
        assert at_end(client)
        clocks, samples, time_s = server.left()
        assert data[:32] == b"11111110011010100010110001001000"
        assert set(data[32:]) == {ord("0")}
        assert (clocks, samples) == (batches * 255 + 9, batches * 255)
        assert samples / 8 / 1024 / time_s > 200
        server.end()


def test_what_is_not_read_does_not_wait():
    bits = 1 << 20
    with Server("jtag-openocd", "-f", "24M") as server:
        client = server.connect()
        client.sendall(b"B" + b"1504" * (bits // 2) + b"bQ")
        assert at_end(client)
        clocks, _, time_s = server.left()
        assert clocks == bits
        # The bits take 43.7 ms.
        assert time_s < 0.050
        server.end()


def test_characters_may_come_in_any_pieces():
    expected = b"11111110011010100010110001001000"
    with Server("jtag-openocd") as server:
        client = server.connect()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in RESET + TO_SHIFT_DR + b"0R4" * 8:
            client.sendall(bytes([one]))
        assert receive(client, 8) == expected[:8]
        # Before the edge, after it, and after the falling edge.
        assert exchange(client, b"0R4R0R4R0R", 5) == b"00111"
        # TRST resets the TAP, which drives TDO no longer; a delay, and a blink.
        assert exchange(client, b"tZzrBb" + b"2" + RESET + TO_SHIFT_DR
                        + b"0R4" * 32, 32) == expected
        client.close()
        server.left()
        server.end()


def test_what_is_no_remote_bitbang_ends_the_connection():
    with Server("jtag-openocd") as server:
        client = server.connect()
        client.sendall(b"0R4GET / HTTP/1.0\r\n\r\n")
        assert server.line(r"sent away: 'G' \(0x47\) is no character")
        server.left()
        assert at_end(client) or at_end(client)
        client = server.connect()
        assert exchange(client, RESET + TO_SHIFT_DR + b"0R4", 1) == b"1"
        server.end()


@pytest.mark.parametrize("applet, hello, answer", [
    ("jtag-openocd", RESET + TO_SHIFT_DR + b"0R", b"1"),
    ("jtag-xvc", b"getinfo:", b"xvcServer_v1.0:16384\n"),
], ids=["openocd", "xvc"])
def test_clients_come_one_after_the_other(tmp_path, applet, hello, answer):
    where = f"unix:{tmp_path}/socket"
    with Server(applet, where=where) as server:
        first = server.connect()
        assert exchange(first, hello, len(answer)) == answer
        assert at_end(server.connect())
        # A client that vanishes while it has answers to come.
        first.sendall(hello * 1000)
        first.close()
        server.left()
        second = server.connect()
        assert exchange(second, hello, len(answer)) == answer
        assert "another client was refused" in server.end()
    assert not (tmp_path / "socket").exists()
    with Server(applet, "--once") as server:
        server.connect().close()
        server.end(OK)


# ---- XVC


def ecp5(frames, idcode=0x41111043):
    """A bitstream of an LFE5U-25F as ecppack writes it, with few frames."""
    out = bytearray(b"\xff\x00Part: LFE5U-25F-6CABGA256\0\xff"
                    b"\xff\xff\xbd\xb3\xff\xff\xff\xff")
    crc = 0

    def put(data):
        nonlocal crc
        out.extend(data)
        for byte in data:
            crc ^= byte << 8
            for _ in range(8):
                crc = (crc << 1 ^ (0x8005 if crc & 0x8000 else 0)) & 0xffff

    def put_crc():
        nonlocal crc
        out.extend(crc.to_bytes(2, "big"))
        crc = 0

    put(b"\x3b\0\0\0")
    crc = 0
    put(b"\xe2\0\0\0" + idcode.to_bytes(4, "big"))
    put(b"\x22\0\0\0\x40\0\0\0" + b"\x46\0\0\0")
    put(b"\x82\x91" + frames.to_bytes(2, "big"))
    for i in range(frames):
        put(bytes((i * 11 + j * 7) & 255 for j in range(74)))
        put_crc()
        put(b"\xff")
    put(b"\xc2\x80\0\0\x12\x34\x56\x78")
    put_crc()
    put(b"\x5e\0\0\0")
    return bytes(out) + b"\xff" * 4


def test_open_fpga_loader_detects_a_chain():
    with Server("jtag-xvc", part=PINS + ":chip=xc7") as server:
        said = server.open_fpga_loader("--detect")
        assert "xc7a35" in said
        _, _, _ = server.left()
        assert "at 24 MHz" in server.end()


def test_open_fpga_loader_loads_an_fpga(tmp_path):
    right = tmp_path / "right.bit"
    right.write_bytes(ecp5(200))
    wrong = tmp_path / "wrong.bit"
    content = bytearray(right.read_bytes())
    content[5000] ^= 1
    wrong.write_bytes(content)
    with Server("jtag-xvc", part=PINS + ":chip=ecp5") as server:
        said = server.open_fpga_loader("--verbose-level", "1", str(right))
        assert "userCode: 12345678" in said and "Done Flag" in said
        server.left()
        said = server.open_fpga_loader(str(wrong), status=1)
        assert "CRC" in said
        server.end()


def test_open_fpga_loader_takes_each_answer_in_one_piece(
        tmp_path, monkeypatch):
    """It calls recv() once an answer, and goes on with what it has got; at its
    end it closes a connection that has more, and what it has sent is lost.  A
    bitstream goes in 100 bursts, here of 4.5 KB."""
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import jtag as bench
    path = tmp_path / "top.bit"
    path.write_bytes(bench.xc7(450000))
    with Server("jtag-xvc", part=PINS + ":chip=xc7") as server:
        assert "Done" in server.open_fpga_loader(str(path))
        shifts, bits, _ = server.left()
        assert shifts > 100 and bits > 8 * path.stat().st_size
        server.end()


def shift(tms, tdi, bits):
    size = (bits + 7) // 8
    return (b"shift:" + bits.to_bytes(4, "little")
            + tms.to_bytes(size, "little") + tdi.to_bytes(size, "little"))


def test_a_shift_has_its_clocks_and_gaps_of_one_round_trip():
    bits, count = 65536, 16
    with Server("jtag-xvc") as server:
        client = server.connect()
        assert exchange(client, b"settck:\x2a\0\0\0", 4) == b"\x2a\0\0\0"
        # To Shift-DR.
        exchange(client, shift(0x05f, 0, 9), 2)
        for i in range(count):
            tdo = exchange(client, shift(0, 0, bits), bits // 8)
            if i == 0:
                assert tdo[:4] == 0x1234567f.to_bytes(4, "little")
        client.close()
        shifts, total, time_s = server.left()
        assert (shifts, total) == (count + 1, 9 + bits * count)
        # 4 MB, in bursts of 8 KiB as of openFPGALoader, in 1.7 s.
        assert time_s / count * 512 < 1.7
        server.end()


def test_the_period_is_that_of_the_core_and_never_0():
    with Server("jtag-xvc") as server:
        client = server.connect()
        for asked, got in ((41, 42), (42, 42), (0, 42), (1, 42), (100, 104),
                           (1000, 1000), (0xffffffff, 683060)):
            answer = exchange(
                client, b"settck:" + asked.to_bytes(4, "little"), 4)
            assert int.from_bytes(answer, "little") == got
        server.end()
    with Server("jtag-xvc", "-f", "1M") as server:
        client = server.connect()
        answer = exchange(client, b"settck:\x2a\0\0\0", 4)
        assert int.from_bytes(answer, "little") == 1000
        server.end()


@pytest.mark.parametrize("send, line", [
    (b"GET / HTTP/1.0\r\n\r\n", "'G' begins no command"),
    (b"getinfo:mrd:", "'m' begins no command"),
    (b"shift:\x01\x00\x02\x00", "it shifts 131073 bits at once"),
], ids=["http", "mrd", "long"])
def test_what_is_no_xvc_ends_the_connection(send, line):
    with Server("jtag-xvc") as server:
        client = server.connect()
        client.sendall(send)
        assert server.line("a client was sent away: " + line)
        server.left()
        client = server.connect()
        assert exchange(client, b"getinfo:", 21) == b"xvcServer_v1.0:16384\n"
        # A shift of which a part is missing is not carried out.
        client.sendall(shift(0, 0, 800)[:-1])
        client.close()
        assert server.line("left in the middle of a command")
        assert server.left()[0] == 0
        server.end()


@pytest.mark.parametrize("applet, send", [
    ("jtag-xvc", shift(0, 0, 65536)), ("jtag-openocd", b"0R4" * 1000)],
    ids=["xvc", "openocd"])
def test_an_unplug_ends_the_run_with_a_line(applet, send):
    with Server(applet, "-f", "24M", more=",fault=unplug@700000") as server:
        client = server.connect()
        try:
            while True:
                client.sendall(send)
                if not client.recv(1 << 16):
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        rest, _ = server.process.communicate(timeout=SECONDS)
        assert server.process.returncode not in (OK, INTERRUPTED)
        lines = [line for line in rest.splitlines() if "clyde: " in line]
        assert len(lines) == 1, rest


# ---- jtag-svf


SVF = """\
TRST OFF;
ENDIR IDLE; ENDDR IDLE;
STATE RESET; STATE IDLE;
FREQUENCY 4E6 HZ;
SIR 4 TDI (2);
SDR 32 TDI (00000000) TDO (1234567f) MASK (ffffffff);
SIR 4 TDI (8) TDO (1) MASK (3);
! A user register: a job, which takes 10 us.
SDR 33 TDI (0aaaaaaab);
RUNTEST 100 TCK 20E-6 SEC;
SDR 33 TDI (000000000) TDO (155555555) MASK (1ffffffff);
"""


@pytest.fixture(name="svf")
def make_svf(tmp_path):
    def write(text):
        file = tmp_path / "test.svf"
        file.write_text(text)
        return str(file)
    return write


def test_a_file_is_played_and_compared(svf):
    said = run("jtag-svf", "-f", "24M", svf(SVF))
    assert f"played {len(SVF)} B" in said
    assert "all that was compared is right" in said
    assert "0.1 MHz" in run("svf", "-f", "100", svf(SVF))


def test_a_mismatch_names_line_and_bits(svf):
    said = run("jtag-svf", svf(SVF.replace("1234567f", "1234567b")),
               status=MISMATCH)
    assert "line 6" in said and "1234567f" in said.lower()


@pytest.mark.parametrize("text, status, words", [
    ("STATE RESET;\nSDR 8 TDI (1FF);", SVF_WRONG, "line 2"),
    ("SIR 4 TDI (2)", SVF_WRONG, "the file ends in the middle"),
    (None, FILE, "No such file"),
])
def test_a_wrong_file_is_one_line(svf, text, status, words):
    name = svf(text) if text else "/nonexistent.svf"
    assert words in run("jtag-svf", name, status=status)


def test_trst_of_a_file_is_the_pin(svf):
    text = ("TRST ON; RUNTEST RESET 1 TCK; TRST OFF; STATE IDLE;"
            "SDR 32 TDI (0) TDO (1234567f);")
    assert "is right" in run("jtag-svf", "--trst", "A4", svf(text))


def test_a_bitstream_is_played_in_the_time_of_its_bits(svf):
    """With what an ECP5 wants before and after."""
    content = ecp5(1000)
    bits = 8 * len(content)
    # The first byte's highest bit first.
    flipped = bytes(int(f"{byte:08b}"[::-1], 2) for byte in content)
    text = ("FREQUENCY 24E6 HZ; STATE RESET; STATE IDLE;"
            "SIR 8 TDI (C6); SDR 8 TDI (00); RUNTEST 2 TCK 1E-3 SEC;"
            "SIR 8 TDI (0E); SDR 8 TDI (01); RUNTEST 2 TCK 1E-3 SEC;"
            f"SIR 8 TDI (7A); SDR {bits} TDI ({flipped[::-1].hex()});"
            "SIR 8 TDI (26); RUNTEST 2 TCK 1E-3 SEC;"
            "SIR 8 TDI (C0); SDR 32 TDI (0) TDO (12345678);"
            "SIR 8 TDI (3C); SDR 32 TDI (0) TDO (100) MASK (100);")
    said = run("jtag-svf", "-f", "24M", svf(text), part=PINS + ":chip=ecp5")
    time_s = float(re.search(r"in ([0-9.]+) s", said).group(1))
    assert time_s < bits / 24e6 * 1.03 + 3e-3 + 3e-3


# ---- jtag-probe


def test_probe_finds_the_taps():
    said = run("jtag-probe", part=GENERIC + ":chain=6-5/4ba00477",
               more="")
    assert "TAP 0: IR of " in said and "Arm (23b), part ba00, version 4" in said
    assert "TAP 1: " in said and "BYPASS, no IDCODE" in said
    assert "TAP 2: " in said and "IDCODE 1234567f" in said
    said = run("jtag-probe", "--ir-lengths", "5,6,4", "--trst", "A4", "scan",
               part=GENERIC + ":chain=6-5/4ba00477")
    assert "TAP 0: IR of 5 bits" in said and "TAP 2: IR of 4 bits" in said


def test_probe_enumerates_instructions():
    said = run("jtag-probe", "-f", "24M", "enumerate-ir", "0")
    for line in ("IR 0010: a DR of 32 bits", "IR 0011: a DR of 32 bits",
                 "IR 1000: a DR of 33 bits", "IR 1001: a DR of 33 bits"):
        assert line in said
    assert said.count(" a DR of ") == 4


@pytest.mark.parametrize("arguments, part, status, words", [
    (("scan",), "tck=B0:tms=B1:tdi=B2:tdo=B3", NO_CHIP, "TDO is always 0"),
    (("scan",), "tck=A0:tms=A1:tdi=B2:tdo=A3", CHAIN, "TDI is not connected"),
    (("enumerate-ir", "1"), GENERIC, USAGE, "there is no TAP 1"),
    (("enumerate-ir", "x"), GENERIC, USAGE, "'x' is not the index"),
    (("--ir-lengths", "4,4"), GENERIC, USAGE, "has 2 numbers, and the chain 1"),
    (("--ir-lengths", "4;4"), GENERIC, USAGE, "such as 6,4"),
    (("enumerate-ir",), GENERIC, USAGE, "tap-indexes"),
])
def test_what_cannot_be_probed_is_one_line(arguments, part, status, words):
    assert words in run("jtag-probe", *arguments, part=part, status=status)


# ---- jtag-pinout


@pytest.mark.parametrize("part, found", [
    ("tck=A0:tms=A1:tdi=A2:tdo=A3:trst=A4",
     "--tck A0 --tms A1 --tdi A2 --tdo A3 --trst A4"),
    ("tck=B1:tms=A7:tdi=B0:tdo=A1:chain=6-5",
     "--tck B1 --tms A7 --tdi B0 --tdo A1"),
])
def test_pinout_finds_the_pins(part, found):
    said = run("jtag-pinout", "--pins", "A0:7,B0:1", part=part)
    assert said.endswith(found + "\n")


def test_pinout_says_if_there_is_nothing():
    assert "no test access port" in run(
        "jtag-pinout", "--pins", "A0:3", part="tck=B0:tms=B1:tdi=B2:tdo=B3",
        status=NO_CHIP)
    assert "4 to 16" in run("jtag-pinout", "--pins", "A0:1", status=USAGE)
    assert "pins" in run("jtag-pinout", status=USAGE)


# ---- Command lines


@pytest.mark.parametrize("arguments, status, word", [
    (("jtag-xvc", "tcp:1"), USAGE, "jtag-xvc: tcp:1: an address is like"),
    (("jtag-openocd", "pty"), USAGE, "jtag-openocd: pty: an address is like"),
    (("jtag-openocd", "-f", "25M"), USAGE, "24"),
    (("jtag-openocd", "--tdo", "A1"), PIN_TAKEN, "A1"),
    (("jtag-xvc", "--tck", "NC"), USAGE, "a pin is needed for --tck"),
    (("jtag-svf",), USAGE, "file"),
])
def test_a_wrong_command_line_is_one_line(arguments, status, word):
    assert word in run(*arguments, status=status)


def test_an_address_in_use_is_one_line(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run("jtag-xvc", f"tcp::{port}", status=ADDRESS)
