# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde selftest on virtual boards, whole and with faults."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest

from test_cli import (
    CLYDE, CORRUPT, INTERRUPTED, NO_DEVICE, OK, OUTPUT, SECONDS, UNPLUGGED,
    USAGE, clyde, document, only_line, virtual,
)

SELFTEST, CONNECTED = 93, 94
SERIAL = "20230101T120000Z"
PARTS = ["safe", "identity", "eeprom", "fpga", "source", "sink", "loopback",
         "latency", "supply A", "supply B", "alerts A", "alerts B", "pulls A",
         "pulls B", "bridges", "pins A", "pins B", "off"]


def rows(done):
    """Returns the parts in their order: name, verdict, text."""
    found = re.findall(r"^(ok|failed|skipped) +(\w+(?: [AB])?)  +(.*)$",
                       done.stdout, re.MULTILINE)
    return {name: (verdict, text) for verdict, name, text in found}


def failed(done):
    return {name: text for name, (verdict, text) in rows(done).items()
            if verdict == "failed"}


def test_a_whole_board_passes():
    done = virtual("", "selftest")
    assert list(rows(done)) == PARTS
    assert {verdict for verdict, _ in rows(done).values()} == {"ok"}
    assert done.stdout.splitlines()[0].startswith("clyde ")
    assert done.stdout.splitlines()[-1] == "no part failed"
    assert done.stderr == ""


@pytest.mark.parametrize("revision", ["C0", "C1", "C2"])
def test_every_revision_passes(revision):
    done = virtual(f"revision={revision}", "selftest")
    skipped = [name for name, (verdict, _) in rows(done).items()
               if verdict == "skipped"]
    assert skipped == ([] if revision == "C2" else ["alerts A", "alerts B"])
    assert failed(done) == {}


def test_an_fpga_that_is_configured_is_loaded_anew():
    assert "loaded in" in rows(virtual("configured=1", "selftest"))["fpga"][1]


def test_a_supply_at_its_sense_pin_is_measured():
    found = rows(virtual("senseA=supply", "selftest"))
    assert found["supply A"] == (
        "ok", "1.817 V; 2.516 V; 3.322 V; measured at the sense pin")
    assert "not measured" in found["supply B"][1]


def test_a_limit_is_obeyed():
    found = rows(virtual("limitA=2000,limitB=1700", "selftest"))
    assert found["supply A"][1].startswith("1.817 V; not measured")
    assert found["supply B"][1].startswith("1.726 V; not measured")
    assert {verdict for verdict, _ in found.values()} == {"ok"}


FAULTS = [
    ("stuck=A3:0", {"pulls A": "A3 is stuck low"}),
    ("stuck=B0:1", {"pulls B": "B0 is stuck high"}),
    ("stuck=A3:0,stuck=A4:1",
     {"pulls A": "A3 is stuck low; A4 is stuck high"}),
    ("nopull=B2", {"pulls B": "B2 has no pull resistor"}),
    ("nodrive=A5", {"pins A": "A5 cannot be driven low; "
                              "A5 cannot be driven high"}),
    ("wire=A0-A1", {"bridges": "A0 is bridged to A1"}),
    ("wire=A7-B0-B4", {"bridges": "A7 is bridged to B0, B4"}),
    ("senseA=supply,weak=A:10", {"supply A": "10.0 % too low: 1.817 V was set, "
                                             "1.635 V is at the sense pin"}),
    ("fault=error@0x38", {"supply A": "refused GET_VSENSE",
                          "supply B": "refused GET_VSENSE"}),
    ("fault=error@0x34", {
        "safe": "refused SET_VALERT", "alerts A": "refused SET_VALERT",
        "alerts B": "refused SET_VALERT", "off": "refused SET_VALERT"}),
    ("fault=mute@0x38:1", {"supply A": "did not answer GET_VSENSE"}),
    ("fault=alert@0x3a:1",
     {"pulls A": "overcurrent at port A, and the device switched its supply "
                 "off"}),
    ("fault=drop@0x100000", {"source": "a gap of 0x1 bytes"}),
    ("fault=repeat@0x100000", {"source": "0x200 bytes came twice"}),
    ("fault=flip@0x100000", {"source": "offset 0x100000"}),
    ("fault=mute@0x11", {"eeprom": "did not answer READ_EEPROM"}),
    ("misread=0x0d", {"eeprom": "another serial number than the device says"}),
    ("misread=0x0c", {"eeprom": "it has revision C2, and the device says C3"}),
    ("misread=0x20:1", {"eeprom": "byte 32 reads as 0x"}),
    ("fault=error@0x11", {"eeprom": "refused READ_EEPROM"}),
    ("fault=done", {"fpga": "DONE stays low"}),
    ("configured=1,fault=done", {"fpga": "DONE stays low"}),
    ("fault=health", {"fpga": "health register"}),
    ("fault=core@3", {"fpga": "gpio"}),
    ("fault=error@0x22", {"fpga": "refused FPGA_STATUS"}),
    ("fault=nack@0x92", {"fpga": "refused FPGA_GET_REG"}),
    ("fault=slow", {"identity": "connected at 12 Mb/s, not at 480"}),
]


@pytest.mark.parametrize("keys,expected", FAULTS,
                         ids=[keys for keys, _ in FAULTS])
def test_a_fault_is_named(keys, expected):
    done = virtual(keys, "selftest", "--yes", status=SELFTEST)
    found = failed(done)
    assert sorted(found) == sorted(expected), found
    for part, words in expected.items():
        assert words in found[part]
    assert only_line(done) == (
        f"{len(expected)} of {len(PARTS)} parts failed: "
        + ", ".join(part for part in PARTS if part in expected))


# ---- What is connected


CONNECTED_BOARDS = [
    ("stuck=A3:0", "A3 stays low whatever its pull resistor does"),
    ("part=uart-echo@rx=A0:tx=A1",
     "A1 stays high whatever its pull resistor does"),
    ("senseB=3300", "3.300 V are at the sense pin of port B, which is off"),
    ("loadA=20000", "mA flow from port A, to which something is connected"),
]


@pytest.mark.parametrize("keys,words", CONNECTED_BOARDS)
def test_without_a_terminal_a_board_with_something_on_it_is_refused(
        keys, words):
    done = virtual(keys, "selftest", status=CONNECTED)
    assert words in only_line(done)
    assert "disconnect everything, or say --yes" in only_line(done)
    assert not any(name.startswith("pins") for name in rows(done))
    assert rows(done)["off"][0] == "ok"


@pytest.mark.parametrize("keys", [
    "part=uart-echo@rx=A0:tx=A1", "senseB=3300", "loadA=20000"])
def test_no_pin_is_driven_before_the_user_agrees(keys):
    done = virtual(keys, "--log", "trace", "selftest", status=CONNECTED)
    enables = re.findall(r"FPGA_SET_REG requested.*: 92 (.. ..)$", done.stderr,
                         re.MULTILINE)
    assert set(enables) <= {"00 00"}


def supplies(log):
    return re.findall(r"SET_VSUPPLY requested.*?: (.*)$", log, re.MULTILINE)


OFF = "03 00 00 00 00 00 00 00 00"


class Terminal:
    """The self test with a terminal as its input."""

    def __init__(self, keys):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [CLYDE, "-d", "virtual:" + keys, "--log", "trace", "selftest"],
            stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(slave)
        self.log = b""
        while b"[y/N] " not in self.log:
            more = os.read(self.process.stderr.fileno(), 65536)
            assert more, self.log
            self.log += more

    def finish(self, status):
        out, rest = self.process.communicate(timeout=SECONDS)
        os.close(self.master)
        assert self.process.returncode == status, rest
        done = subprocess.CompletedProcess(
            [], status, out.decode(), (self.log + rest).decode())
        assert supplies(done.stderr)[-1] == OFF
        return done


def test_at_a_terminal_the_user_is_asked():
    terminal = Terminal("stuck=A3:0")
    os.write(terminal.master, b"y\n")
    done = terminal.finish(SELFTEST)
    assert failed(done) == {"pulls A": "A3 is stuck low"}
    assert done.stderr.count("[y/N]") == 1


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_any_other_answer_ends_the_test(answer):
    terminal = Terminal("stuck=A3:0")
    os.write(terminal.master, answer)
    done = terminal.finish(CONNECTED)
    assert "pins A" not in rows(done)


@pytest.mark.parametrize("number,status", [
    (signal.SIGINT, INTERRUPTED), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_after_a_signal_everything_is_off(number, status):
    terminal = Terminal("stuck=A3:0")
    terminal.process.send_signal(number)
    done = terminal.finish(status)
    assert rows(done)["off"][0] == "ok"
    assert done.stderr.endswith("clyde: interrupted\n")


# ---- However it ends


@pytest.mark.parametrize("keys", ["", "nodrive=A5", "wire=A0-B0", "nopull=A0"])
def test_at_the_end_everything_is_off(keys):
    status = SELFTEST if keys else OK
    done = virtual(keys, "--log", "trace", "selftest", "--yes", status=status)
    assert supplies(done.stderr)[-1] == OFF
    enables = re.findall(r"FPGA_SET_REG requested.*: 92 (.. ..)$", done.stderr,
                         re.MULTILINE)
    assert len(enables) > 16 and enables[-1] == "00 00"
    # One pin at a time
    for low, high in (text.split() for text in enables):
        assert (int(low, 16) | int(high, 16) << 8).bit_count() <= 1


def test_the_current_limits_are_those_of_before():
    """A device outlives its programs under clyde virtual."""
    script = f"{CLYDE} selftest && {CLYDE} voltage --json -"
    done = clyde("virtual", "--", "sh", "-c", script)
    ports = json.loads(done.stdout[done.stdout.index("\n{"):])["ports"]
    assert [port["trip_ua"] for port in ports] == [100000, 100000]
    assert [port["supply_mv"] for port in ports] == [0, 0]
    assert [port["window_low_mv"] for port in ports] == [0, 0]
    assert [port["faults"] for port in ports] == ["none", "none"]


@pytest.mark.parametrize("us", [100000, 700000, 1200000])
def test_an_unplugged_device_ends_the_test(us):
    done = virtual(f"fault=unplug@{us}", "selftest", status=UNPLUGGED)
    only_line(done)
    assert "off" not in rows(done)


def test_a_supply_that_cannot_be_switched_off_is_named():
    done = virtual("fault=error@0x30", "selftest", status=SELFTEST)
    assert {"safe", "off"} <= set(failed(done))


def test_a_board_without_its_ids_is_named(tmp_path):
    path = tmp_path / "eeprom.bin"
    path.write_bytes(b"\xff" * 32768)
    done = virtual(f"eeprom={path}", "selftest", status=CORRUPT)
    assert "configuration block" in only_line(done)


# ---- The report


def test_the_report_has_what_the_lines_say_and_nothing_that_identifies():
    done = virtual("serial=20991231T235959Z", "selftest", "--report", "-")
    report = document(done)
    assert "20991231T235959Z" not in done.stdout
    assert os.uname().nodename not in json.dumps(report["versions"])
    assert report["selftest"] == 1
    assert report["passed"] is True and report["asked"] is True
    assert report["real_time"] is False
    assert report["device"]["revision"] == "C3"
    assert report["device"]["api_level"] == 9
    assert "git" in report["device"]["product"]
    assert set(report["versions"]) == {
        "clyde", "libusb", "system", "release", "machine"}
    assert [part["part"] for part in report["parts"]] == PARTS
    figures = {part["part"]: part["figures"] for part in report["parts"]}
    assert 45 < figures["source"]["mib_per_s"] < 46
    assert figures["latency"]["p50_us"] > 0
    assert figures["fpga"]["load_ms"] > 100
    assert all(part["ms"] >= 0 for part in report["parts"])


def test_the_serial_number_is_in_the_report_if_it_is_asked_for():
    report = document(virtual("", "selftest", "--serial-in-report",
                              "--report", "-"))
    assert report["device"]["serial"] == "C3-" + SERIAL


def test_a_report_of_a_faulty_board_names_the_fault(tmp_path):
    path = tmp_path / "report.json"
    done = virtual("nopull=B2", "selftest", "-y", "--report", str(path),
                   status=SELFTEST)
    report = json.loads(path.read_text())
    assert [part for part in report["parts"]
            if part["verdict"] == "failed"][0]["text"] == \
        "B2 has no pull resistor"
    assert report["passed"] is False and report["asked"] is False
    assert report["error"] == only_line(done)
    assert "pulls B" in rows(done)


def test_what_cannot_be_done_is_one_line(tmp_path):
    folder = str(tmp_path / "none" / "report.json")
    assert "cannot write" in only_line(
        virtual("", "selftest", "--report", folder, status=OUTPUT))
    assert "too many" in only_line(
        virtual("", "selftest", "A", status=USAGE))
    only_line(virtual("api=3", "selftest", "--firmware", "keep", status=78))
    only_line(clyde("-d", "usb:99:99", "selftest", status=NO_DEVICE))
