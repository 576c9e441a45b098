# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests what a user can see of a run: --capture, as tshark decodes it, and
--log."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest

from test_cli import ALERT, CLYDE, FPGA, OUTPUT, SECONDS, UNPLUGGED
from test_cli import USAGE, clyde, only_line, document, virtual
from test_firmware import GOOD

RUN = ("run", "benchmark", "-c", "64KiB")
LINE = re.compile(r"\[ {0,3}(\d+\.\d{6})\] (\w+): (.+)")

FIELDS = {
    "time": ("frame.time_epoch", lambda text: round(float(text) * 10**6)),
    "size": ("frame.len", int),
    "id": ("usb.urb_id", str),
    "type": ("usb.urb_type", lambda text: text.strip("'")),
    "transfer": ("usb.transfer_type", lambda text: int(text, 0)),
    "bus": ("usb.bus_id", int),
    "address": ("usb.device_address", int),
    "endpoint": ("usb.endpoint_address", lambda text: int(text, 0)),
    "status": ("usb.urb_status", int),
    "urb_len": ("usb.urb_len", int),
    "data_len": ("usb.data_len", int),
    "request": ("usb.setup.bRequest", lambda text: int(text or "-1", 0)),
    "interface": ("usb.setup.wInterface", lambda text: int(text or "-1", 0)),
    "alternate": ("usb.bAlternateSetting", lambda text: int(text or "-1", 0)),
    "wrong": ("_ws.expert.message", str),
    "malformed": ("_ws.malformed", str),
}

CONTROL, BULK = 2, 3
SET_CONFIGURATION, SET_INTERFACE = 9, 11

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="there is no tshark"
)
pytestmark = needs_tshark


def tshark(path, *arguments):
    done = subprocess.run(
        ["tshark", "-n", "-r", path, *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "cut short" not in done.stderr, done.stderr
    return done.stdout


def packets(path):
    arguments = [word for name, _ in FIELDS.values() for word in ("-e", name)]
    rows = tshark(path, "-T", "fields", *arguments).splitlines()
    return [
        {
            key: convert(text)
            for (key, (_, convert)), text in zip(
                FIELDS.items(), row.split("\t"), strict=True
            )
        }
        for row in rows
    ]


def bulk(rows, endpoint, kind):
    return [
        row for row in rows
        if row["endpoint"] == endpoint and row["type"] == kind
        and row["transfer"] == BULK
    ]


def log(done):
    """Returns the log: (microseconds, level, line)."""
    lines = [LINE.fullmatch(line) for line in done.stderr.splitlines()]
    assert all(lines), done.stderr
    return [
        (int(line[1].replace(".", "")), line[2], line[3]) for line in lines
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Makes one run of all modes; returns its document, its log and its
    packets."""
    path = tmp_path_factory.mktemp("capture") / "x.pcap"
    done = virtual(
        "", "--log", "trace", "--capture", path, *RUN, "--json", "-"
    )
    lines = [l for l in done.stderr.splitlines() if l.startswith("[")]
    done.stderr = "\n".join(lines)
    logged, rows = log(done), packets(path)
    # The tests below need many of both.
    assert len(logged) > 300 and len(rows) > 300
    for endpoint in (0x02, 0x86):
        assert len(bulk(rows, endpoint, "C")) > 10
    return document(done), logged, rows, path


# ---- The capture


def test_every_packet_is_decoded(run):
    _, _, rows, path = run
    assert not [row for row in rows if row["wrong"] or row["malformed"]]
    text = tshark(path, "-V")
    assert "Malformed" not in text and "truncated" not in text
    assert re.search(r"idVendor: .*0x20b7", text)
    assert re.search(r"bString: Glasgow Interface Explorer", text)
    for row in rows:
        assert row["size"] == 64 + row["data_len"]


def test_every_transfer_has_its_end(run):
    _, _, rows, _ = run
    open_ones = {}
    for row in rows:
        if row["type"] == "S":
            assert row["status"] == -115  # In progress.
            assert row["id"] not in open_ones
            open_ones[row["id"]] = row
        else:
            assert row["type"] == "C"
            start = open_ones.pop(row["id"])
            assert start["endpoint"] == row["endpoint"]
            assert start["urb_len"] >= row["urb_len"]
    assert not open_ones


def test_data_is_in_the_event_that_carries_it(run):
    _, _, rows, _ = run
    for row in rows:
        inward = bool(row["endpoint"] & 0x80)
        carries = inward == (row["type"] == "C")
        assert row["data_len"] == (row["urb_len"] if carries else 0)


def moved(rows, endpoint, begin, end):
    """Returns the sizes of the transfers that moved bytes in this range of
    rows."""
    return [
        row["urb_len"] for row in bulk(rows[begin:end], endpoint, "C")
        if row["urb_len"] > 0
    ]


def test_bulk_transfers_agree_with_the_report(run):
    result, _, rows, _ = run
    selected = [
        (i, row["interface"], row["alternate"]) for i, row in enumerate(rows)
        if row["request"] == SET_INTERFACE and row["type"] == "S"
    ]
    # A mode begins when its pipes are opened: interface 1 is EP2 OUT, which is
    # set to 3 for the FPGA first; interface 3 is EP6 IN.
    opened = [s for s in selected if s[2] in (1, 2) and s[1] in (1, 3)]
    assert [s[1] for s in opened] == [3, 1, 3, 1, 3, 1]
    source, sink, loopback, _, latency, _ = (s[0] for s in opened)
    modes = {mode["mode"]: mode for mode in result["modes"]}

    # The core continues while its pipe is being closed.
    sizes = moved(rows, 0x86, source, sink)[:modes["source"]["transfers"]]
    assert sum(sizes) == 65536 == modes["source"]["bytes"]
    assert len(sizes) == modes["source"]["transfers"]
    sizes = moved(rows, 0x02, sink, loopback)
    assert sum(sizes) == 65536 == modes["sink"]["bytes"]
    assert len(sizes) == modes["sink"]["transfers"]
    sizes = [moved(rows, e, loopback, latency) for e in (0x02, 0x86)]
    assert sum(map(sum, sizes)) == 2 * 65536
    assert modes["loopback"]["bytes"] == 65536
    assert sum(map(len, sizes)) == modes["loopback"]["transfers"]
    for endpoint in (0x02, 0x86):
        sizes = moved(rows, endpoint, latency, None)
        assert sizes == [512] * modes["latency"]["round_trips"]


def test_the_bytes_are_those_of_the_sequence(run):
    _, _, _, path = run
    text = tshark(
        path, "-T", "fields", "-e", "usb.capdata", "-Y",
        "usb.endpoint_address == 0x86 && usb.urb_len == 65536 && "
        "usb.urb_type == 'C'",
    ).splitlines()
    state, expected = 1, bytearray()
    while len(expected) < 65536:
        expected += state.to_bytes(2, "little")
        bit = state >> 15 ^ state >> 14 ^ state >> 12 ^ state >> 3
        state = (state << 1 | bit & 1) & 0xFFFF
    # The bytes of source, with those sent while its pipe is being closed; and
    # of loopback.
    assert len(text) >= 2
    for row in (text[0], text[-1]):
        assert bytes.fromhex(row.replace(":", "")) == expected


def test_alternate_settings_are_captured_as_control_transfers(run):
    _, lines, rows, _ = run
    starts = [
        (row["interface"], row["alternate"]) for row in rows
        if row["request"] == SET_INTERFACE and row["type"] == "S"
    ]
    assert starts[:4] == [(0, 1), (1, 3), (1, 0), (3, 2)]
    logged = [
        re.fullmatch(r"interface (\d), .*: alternate setting (\d)", line)
        for _, _, line in lines
    ]
    assert [(int(t[1]), int(t[2])) for t in logged if t] == starts
    for row in rows:
        if row["transfer"] == CONTROL:
            assert row["endpoint"] & 0x7F == 0


def test_timestamps_ascend_and_are_the_links_time(run):
    _, lines, rows, _ = run
    times = [row["time"] for row in rows]
    assert times == sorted(times) and times[0] == 0
    # Events are seen at microframes, 125 us apart; the capture and the log
    # have the same times.
    assert all(time % 125 == 0 for time in times)
    for endpoint in (0x02, 0x86):
        ended = [row["time"] for row in bulk(rows, endpoint, "C")]
        name = f"endpoint {endpoint:#04x}: "
        logged = [t for t, _, l in lines
                  if l.startswith(name) and " done" in l]
        assert logged == ended
        begun = [row["time"] for row in bulk(rows, endpoint, "S")]
        assert begun == [
            t for t, _, l in lines if l.startswith(name) and "submitted" in l
        ]


def test_figures_are_the_same_with_and_without_a_capture(tmp_path):
    plain = virtual("", *RUN, "--json", "-").stdout
    for options in (
        ("--capture", tmp_path / "x.pcap"),
        ("--log", "trace"),
        ("--log", "debug", "--capture", tmp_path / "x.pcap"),
    ):
        assert virtual("", *options, *RUN, "--json", "-").stdout == plain


def test_the_same_run_twice_is_the_same_capture(tmp_path, run):
    path = tmp_path / "x.pcap"
    virtual("", *RUN, "--capture", path)
    assert path.read_bytes() == run[3].read_bytes()


def test_devices_have_addresses_of_their_own(tmp_path):
    path = tmp_path / "x.pcap"
    virtual("devices=3", "list", "--capture", path)
    assert {row["address"] for row in packets(path)} == {1, 2, 3}


def over_usb(*line):
    done = subprocess.run([CLYDE, "virtual", *line], text=True,
                          capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_capture_on_usb_has_the_numbers_of_lsusb(tmp_path):
    path = tmp_path / "x.pcap"
    listed = over_usb("--devices", "3", "--", "lsusb")
    assert "Bus 001 Device 003:" in listed
    over_usb("--devices", "3", "--", CLYDE, "-d", "usb:1:3", "--capture", path,
             "info")
    rows = packets(path)
    assert {(row["bus"], row["address"]) for row in rows} == {(1, 3)}


def test_capture_follows_a_device_to_its_new_address(tmp_path):
    path, firmware = tmp_path / "x.pcap", tmp_path / "good.ihex"
    firmware.write_text(GOOD)
    over_usb("--api", "3", "--", CLYDE, "--firmware", firmware, "--capture",
             path, "info")
    rows = packets(path)
    loads = {row["address"] for row in rows if row["request"] == 0xA0}
    later = {row["address"] for row in bulk(rows, 0x81, "C")}
    assert loads == {2} and later == {3}


def test_transfer_of_four_megabytes_is_cut_and_decoded(tmp_path):
    path = tmp_path / "x.pcap"
    virtual(
        "configured=1", "run", "benchmark", "-c", "8MiB", "--transfer-size",
        "4MiB", "--depth", "2", "sink", "--capture", path,
    )
    rows = packets(path)
    assert not [row for row in rows if row["wrong"] or row["malformed"]]
    large = bulk(rows, 0x02, "S")
    assert [row["urb_len"] for row in large] == [4 << 20] * 2
    assert [row["data_len"] for row in large] == [262144 - 64] * 2
    assert [row["urb_len"] for row in bulk(rows, 0x02, "C")] == [4 << 20] * 2


def test_a_device_that_gets_firmware_is_captured_before_and_after(tmp_path):
    path, firmware = tmp_path / "x.pcap", tmp_path / "good.ihex"
    firmware.write_text(GOOD)
    virtual("api=3", "--firmware", firmware, "--capture", path, "info")
    rows = packets(path)
    loads = [row for row in rows if row["request"] == 0xA0]
    later = {row["address"] for row in bulk(rows, 0x81, "C")}
    assert {row["address"] for row in loads} == {1}
    assert len(later) == 1 and later != {1}


def test_a_list_and_a_run_are_captured_after_firmware_was_loaded(tmp_path):
    """The context keeps the link between the commands, as the firmware would
    be gone with it; the capture begins and ends nevertheless."""
    path, firmware = tmp_path / "x.pcap", tmp_path / "good.ihex"
    firmware.write_text(GOOD)
    done = virtual("api=3", "--firmware", firmware, "--capture", path, "list")
    assert "API 9" in done.stdout and done.stderr == ""
    virtual("api=3", "--firmware", firmware, "--capture", path, *RUN)
    assert len(bulk(packets(path), 0x86, "C")) > 1


def test_capture_shows_the_unplugging(tmp_path):
    path = tmp_path / "x.pcap"
    virtual(
        "fault=unplug@600000", *RUN[:2], "-c", "100MiB", "source", "--capture", path,
        status=UNPLUGGED,
    )
    rows = packets(path)
    gone = [row for row in rows if row["status"] == -108]  # ESHUTDOWN.
    assert gone and gone[0]["time"] >= 600000
    assert max(row["time"] for row in rows) < 700000


def test_a_capture_of_a_failure_holds_the_packets_before_it(tmp_path):
    path = tmp_path / "x.pcap"
    virtual("fault=done", *RUN, "--capture", path, status=FPGA)
    sizes = [row["urb_len"] for row in bulk(packets(path), 0x02, "C")]
    assert sum(sizes) == 135100


def test_the_option_may_stand_before_or_behind_the_command(tmp_path):
    clyde("--capture", tmp_path / "a", "-d", "virtual:", "info")
    clyde("info", "-d", "virtual:", "--capture", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# ---- Captures that cannot be written


@pytest.mark.parametrize("name", ["missing/x.pcap", "folder", "file/x.pcap"])
@pytest.mark.parametrize("command", [("list",), ("info",), RUN])
def test_capture_that_cannot_be_written_fails_at_once(name, command, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    path = tmp_path / name
    done = virtual("", "--capture", path, *command, status=OUTPUT)
    assert str(path) in only_line(done)
    assert done.stdout == ""


def test_capture_on_a_full_disk_fails_at_once():
    done = virtual("", "--capture", "/dev/full", "info", status=OUTPUT)
    assert "/dev/full: No space left" in only_line(done)


def limited():
    """No file may exceed 3 MiB, as on a disk that fills up."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))


def test_disk_that_fills_up_ends_the_capture_and_not_the_run(tmp_path):
    path = tmp_path / "x.pcap"
    line = ("run", "benchmark", "-c", "8MiB", "--json", "-")
    plain = document(virtual("", *line))
    done = virtual(
        "", *line, "--capture", path, status=OUTPUT, preexec_fn=limited
    )
    result = document(done)
    assert result["modes"] == plain["modes"]
    last = done.stderr.splitlines()[-1]
    assert "File too large" in last and str(path) in last
    assert done.stderr.count("File too large") == 1
    assert result["error"] in last
    # Whole packets, as many as the warning says.
    rows = packets(path)
    assert f" {len(rows)} packets " in last
    assert 1 << 20 < path.stat().st_size <= 3 << 20


def test_disk_that_fills_up_is_named_beside_a_failure(tmp_path):
    done = virtual(
        "fault=unplug@700000", "run", "benchmark", "-c", "100MiB", "source",
        "--capture", tmp_path / "x.pcap", status=UNPLUGGED,
        preexec_fn=limited,
    )
    text = only_line(done)
    assert "unplugged" in text and "File too large" in text


def test_full_disk_is_a_warning_when_it_happens(tmp_path):
    done = virtual(
        "", "run", "benchmark", "-c", "8MiB", "source", "--log", "warning",
        "--capture", tmp_path / "x.pcap", status=OUTPUT, preexec_fn=limited,
    )
    (warning,) = [l for l in done.stderr.splitlines() if l.startswith("[")]
    assert "warning: the capture" in warning and "ends here" in warning


def test_reader_of_a_pipe_gets_the_capture(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    copy = tmp_path / "copy"
    with subprocess.Popen(["cat", fifo], stdout=copy.open("wb")) as cat:
        virtual("", "info", "--capture", fifo)
        assert cat.wait(SECONDS) == 0
    assert fifo.is_fifo()
    assert len(packets(copy)) > 10


# ---- The log


@pytest.mark.parametrize(
    "level, most",
    [("error", 0), ("warning", 0), ("info", 2), ("debug", 40), ("trace", 999)],
)
def test_the_log_has_the_given_level_and_those_above(level, most):
    order = ["error", "warning", "info", "debug", "trace"]
    lines = log(virtual("", "--log", level, *RUN))
    wanted = order[: order.index(level) + 1]
    assert {l for _, l, _ in lines} <= set(wanted)
    assert len(lines) <= most
    if most:
        assert level in {l for _, l, _ in lines}


def test_the_log_does_not_change_standard_output():
    assert virtual("", "--log", "trace", "info").stdout == \
        virtual("", "info").stdout


def test_the_log_has_the_load_of_the_fpga_and_its_time():
    lines = log(virtual("", "--log", "debug", *RUN))
    (loaded,) = [l for _, _, l in lines if l.startswith("FPGA loaded")]
    assert re.fullmatch(r"FPGA loaded: 135100 bytes in 4\d\d\.\d ms", loaded)
    assert "the FPGA runs Clyde's image already" in [
        l for _, _, l in log(virtual("configured=1", "--log", "debug", *RUN))
    ]


def test_the_log_has_commands_by_name():
    lines = [l for _, _, l in log(virtual("", "--log", "trace", "info"))]
    assert "FPGA_STATUS requested, serial 1, 2 bytes" in lines
    assert any(
        l.startswith("READ_EEPROM answered by ACK, serial 2, 34 bytes: ")
        for l in lines
    )


def test_an_alert_is_logged_as_a_warning():
    done = virtual(
        "fault=alert@0x31", "--log", "warning", "voltage", status=ALERT
    )
    first = done.stderr.splitlines()[0]
    assert LINE.fullmatch(first)[2] == "warning"
    assert "alert" in first


def test_a_failure_is_logged_as_an_error():
    done = virtual("fault=done", "--log", "error", *RUN, status=FPGA)
    first, last = done.stderr.splitlines()
    assert LINE.fullmatch(first)[2] == "error" and "DONE" in first
    assert last.startswith("clyde: ")


@pytest.mark.parametrize("level", ["", "verbose", "Debug", "3", "off"])
def test_a_level_that_does_not_exist_is_refused(level):
    done = virtual("", "--log", level, "info", status=USAGE)
    assert f"'{level}'" in only_line(done) and "trace" in done.stderr
