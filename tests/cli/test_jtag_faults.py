# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the applets jtag-... where something is wrong: pins, chains, files,
clients, the cable; and with Debian's decoder on the recorded pins."""

import re
import signal
import socket
import subprocess

import pytest
from test_jtag import (CHAIN, CLYDE, GENERIC, INTERRUPTED, MISMATCH, NO_CHIP,
                       PINS, RESET, SECONDS, SVF, SVF_WRONG, TO_SHIFT_DR, USAGE,
                       Server, at_end, exchange, run, shift)
from test_pins_file import needs_sigrok, samples

UNPLUGGED = 85
APPLETS = ["jtag-probe", "jtag-svf"]
SERVERS = ["jtag-openocd", "jtag-xvc"]


@pytest.fixture(name="svf")
def make_svf(tmp_path):
    def write(text):
        file = tmp_path / "test.svf"
        file.write_text(text)
        return str(file)
    return write


# ---- Debian's decoder


@needs_sigrok
def test_the_decoder_of_sigrok_reads_what_a_file_shifts(svf, tmp_path):
    """At 1 MHz, since the decoder samples TDO where TCK rises."""
    pins = tmp_path / "pins.sr"
    run("jtag-svf", svf(SVF), more=f",configured=1,pins={pins}")

    def decoded(what):
        done = subprocess.run(
            ["sigrok-cli", "-i", pins, "-P",
             "jtag:tck=A0:tms=A1:tdi=A2:tdo=A3", "-A", f"jtag={what}"],
            capture_output=True, check=True, text=True, timeout=SECONDS)
        return [line.split(": ", 1)[1] for line in done.stdout.splitlines()]

    def scans(way):
        return [re.fullmatch(
            rf"(.R) {way}: [01]+ \(0x(\w+)\), (\d+) bits", line).groups()
            for line in decoded(f"bitstring-{way.lower()}")]

    assert scans("TDI") == [
        ("IR", "2", "4"), ("DR", "0", "32"), ("IR", "8", "4"),
        ("DR", "aaaaaaab", "33"), ("DR", "0", "33")]
    # The file's own bits, which the part has; the job of the user register is
    # not there before the first scan of it.
    assert scans("TDO") == [
        ("IR", "1", "4"), ("DR", "1234567f", "32"), ("IR", "1", "4"),
        ("DR", "1", "33"), ("DR", "155555555", "33")]
    # 100 clocks of RUNTEST, and each scan begins and ends in Run-Test/Idle.
    states = decoded("run-test/idle")
    assert len(states) >= 100 and set(states) == {"RUN-TEST/IDLE"}


# ---- The delay of TDO


LATE = GENERIC + ":t-tdo=40ns"


def test_the_delay_is_found_and_used(svf):
    """At 24 MHz TDO changes where TCK falls again."""
    late = ("-f", "24M", svf(SVF.replace("4E6", "24E6")))
    run("jtag-svf", *late, part=LATE, status=MISMATCH)
    assert "is right" in run("jtag-svf", "--sample-delay", "31", *late, part=LATE)
    said = run("jtag-svf", "--sample-delay", "auto", *late, part=LATE)
    found = int(re.search(r"^TDO is sampled (\d+) ns after the falling edge of "
                          "TCK$", said, re.M)[1])
    assert found == 21
    # The delay is right at a lower rate, too.
    slow = ("-f", "1M", late[2])
    assert "is right" in run("jtag-svf", "--sample-delay", str(found), *slow,
                             part=LATE)
    said = run("jtag-probe", "-f", "24M", "--sample-delay", "auto", part=LATE)
    assert "IDCODE 1234567f" in said


@pytest.mark.parametrize("applet, rate", [
    ("jtag-openocd", ("-f", "24M")), ("jtag-xvc", ()), ("jtag-xvc", ("-f", "24M"))])
def test_servers_find_the_delay_before_the_first_client(applet, rate):
    """jtag-xvc without a rate for the highest that a client can set."""
    with Server(applet, "--sample-delay", "auto", *rate, part=LATE) as server:
        assert any("TDO is sampled " in line for line in server.lines)
        client = server.connect()
        if applet == "jtag-openocd":
            tdo = exchange(client, RESET + TO_SHIFT_DR + b"0R4" * 32, 32)
            assert int(tdo[::-1], 2) == 0x1234567f
        else:
            exchange(client, b"settck:\x2a\0\0\0", 4)
            exchange(client, shift(0x05f, 0, 9), 2)
            tdo = exchange(client, shift(0, 0, 32), 4)
            assert int.from_bytes(tdo, "little") == 0x1234567f
        server.end()


@pytest.mark.parametrize("part, status, words", [
    ("tck=B0:tms=B1:tdi=B2:tdo=B3", NO_CHIP, "TDO is always 0"),
    (GENERIC + ":t-tdo=400ns", CHAIN,
     "TDO is not read right at 24000000 Hz with any delay: TCK is too fast"),
], ids=["dead", "slow"])
def test_a_delay_that_cannot_be_found_is_one_line(part, status, words):
    for words_ in (("jtag-probe",), ("jtag-openocd", "tcp::0")):
        assert words in run(words_[0], "-f", "24M", "--sample-delay", "auto",
                            *words_[1:], part=part, status=status)


@pytest.mark.parametrize("delay", ["74", "fast", "", "-1", "10 ns", "auto "])
def test_a_delay_that_is_none_is_one_line(delay):
    said = run("jtag-probe", "--sample-delay", delay, status=USAGE)
    assert (f"jtag-probe: --sample-delay: '{delay}' is neither auto nor a number "
            "of ns in 0..73" in said)


# ---- Pins and chains


@pytest.mark.parametrize("part, more, status, words", [
    # A bus without a target, and one whose target is not heard.
    ("tck=B0:tms=B1:tdi=B2:tdo=B3", "", NO_CHIP,
     "TDO is always 0: the target has no power, TDO is not connected"),
    (GENERIC, ",stuck=A3:0", NO_CHIP, "TDO is always 0"),
    (GENERIC, ",stuck=A3:1", NO_CHIP,
     "TDO is always 1: no target drives it; TDO, TCK or TMS is not connected"),
    (GENERIC, ",stuck=A4:0", NO_CHIP, "or TRST holds it in reset"),
    (GENERIC, ",stuck=A0:0", NO_CHIP, "TCK"),
    (GENERIC, ",stuck=A1:1", NO_CHIP, "TMS"),
    (GENERIC, ",stuck=A2:0", CHAIN, "TDI is not connected or shorted to ground"),
    (GENERIC, ",stuck=A2:1", CHAIN, "TDI is not connected or shorted to the supply"),
    # TDO of the first chip is not connected to TDI of the second.
    ("tck=A0:tms=A1:tdi=A2:tdo=B0:idcode=1234567f,part=tap@tck=A0:tms=A1:"
     "tdi=B1:tdo=A3:idcode=4ba00477", "", CHAIN,
     "TDI is not connected"),
])
def test_a_chain_that_is_broken_names_a_pin(part, more, status, words):
    assert words in run("jtag-probe", part=part, more=more, status=status)


def test_openocd_says_what_it_sees_of_a_chain_that_is_dead():
    for stuck, word in ((0, "all zeroes"), (1, "all ones")):
        with Server("jtag-openocd", more=f",stuck=A3:{stuck}") as server:
            said = server.openocd()
            assert f"JTAG scan chain interrogation failed: {word}" in said
            server.left()
            server.end()


def test_open_fpga_loader_finds_no_chip_where_tdo_is_stuck():
    with Server("jtag-xvc", more=",stuck=A3:1") as server:
        assert "idcode" not in server.open_fpga_loader("--detect")
        server.left()
        server.end()


# ---- Files


@pytest.mark.parametrize("text, line, expected, mask, got", [
    ("STATE RESET; STATE IDLE;\n\nSDR 32 TDI (0)\n TDO (1234567e)\n"
     " MASK (0000ffff);", 3, "567e", "ffff", "567f"),
    ("STATE RESET; STATE IDLE; SIR 4 TDI (2) TDO (6) MASK (f);", 1, "6", "f", "1"),
])
def test_a_mismatch_has_what_was_expected_and_what_came(
        svf, text, line, expected, mask, got):
    said = run("jtag-svf", svf(text), status=MISMATCH).lower()
    for word in (f"line {line}", expected, mask, got):
        assert word in said


def test_tdo_that_is_stuck_is_a_mismatch(svf):
    for level in 0, 1:
        assert "line 6" in run("jtag-svf", svf(SVF), more=f",stuck=A3:{level}",
                               status=MISMATCH)


@pytest.mark.parametrize("text, line", [
    ("SDR 8 TDI (0g);", 1), ("\nSDR 8 TDI (00", 2), ("SDR TDI (0);", 1),
    ("SDR 99999999999 TDI (0);", 1), ("FROBNICATE;", 1), ("STATE NOWHERE;", 1),
    ("PIO (HL);", 1), ("SDR 4 TDI (0) TDO (0) TDO;", 1), ("\x00\xff\xfe;", 1),
    ("RUNTEST 1E99 SEC;", 1), ("FREQUENCY -4 HZ;", 1), ("ENDIR SHIFTIR;", 1),
])
def test_a_malformed_file_is_one_line(svf, tmp_path, text, line):
    said = run("jtag-svf", svf(text), status=SVF_WRONG)
    assert f"line {line}" in said


# ---- Clients


@pytest.mark.parametrize("applet", SERVERS)
def test_a_client_that_sends_garbage_is_sent_away_and_the_next_served(applet):
    garbage = bytes(n * 37 % 256 for n in range(1, 100000))
    with Server(applet) as server:
        for send in garbage, b"\0" * 4096, b"\xff" * 4096:
            client = server.connect()
            try:
                client.sendall(send)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert server.line("a client was sent away")
            server.left()
            client.close()
        client = server.connect()
        send, size = ((b"0R", 1) if applet == "jtag-openocd"
                      else (b"getinfo:", 21))
        assert len(exchange(client, send, size)) == size
        server.end()


@pytest.mark.parametrize("applet, send", [
    ("jtag-openocd", b"0R4" * 100000), ("jtag-xvc", shift(0, 0, 131072) * 8)],
    ids=SERVERS)
def test_a_client_that_takes_no_answers_and_vanishes_ends_nothing(applet, send):
    with Server(applet) as server:
        client = server.connect()
        client.setblocking(False)
        sent = 0
        while sent < len(send):
            try:
                sent += client.send(send[sent:])
            except BlockingIOError:
                break
        # A reset, and not an end, of the connection.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          b"\1\0\0\0\0\0\0\0")
        client.close()
        server.left()
        assert not at_end_at_once(server.connect())
        server.end()


def at_end_at_once(client):
    client.settimeout(0.01)
    try:
        return at_end(client)
    except TimeoutError:
        return False


# ---- Ends


def test_an_interrupt_ends_a_file_in_the_middle(svf):
    """A wait of an hour, which passes in virtual time only while nothing else
    does."""
    text = "STATE RESET; STATE IDLE;\n" + "RUNTEST 2 TCK 9 SEC;\n" * 100000
    process = subprocess.Popen(
        [CLYDE, "-d", f"virtual:part=tap@{GENERIC}", "run", "jtag-svf", "-V",
         "3.3", svf(text)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if "MHz" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == INTERRUPTED
    assert [line for line in rest.splitlines() if line.startswith("clyde: ")] \
        == rest.splitlines()[-1:]


def test_pins_are_inputs_again_when_a_server_ends(tmp_path):
    """The part pulls TMS and TDI up, which the client has left low."""
    pins = tmp_path / "pins.sr"
    with Server("jtag-openocd", more=f",configured=1,pins={pins}") as server:
        client = server.connect()
        exchange(client, b"040R", 1)
        server.end()
    levels = samples(pins)
    seen = {level & 0x06 for level in levels[::2]}
    assert 0 in seen and levels[-2] & 0x06 == 0x06


@pytest.mark.parametrize("applet", APPLETS)
def test_an_unplug_in_the_middle_is_one_line(applet, svf):
    """At 2 kHz each of them takes more than the 3 s until then."""
    text = "STATE RESET; STATE IDLE;\n" + "RUNTEST 2 TCK 10E-3 SEC;\n" * 1000
    words = {"jtag-probe": ("enumerate-ir", "0"), "jtag-svf": (svf(text),)}
    run(applet, "-f", "2", *words[applet], more=",fault=unplug@3000000",
        status=UNPLUGGED)


