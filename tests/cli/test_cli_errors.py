# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests what the tool prints and returns when a call of it fails: one line,
and an exit status of its own."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest
from test_cli import (
    ALERT, BENCHMARK, CLYDE, CORRUPT, FPGA, IMAGE, INTERRUPTED, LIMIT,
    NO_DEVICE, NO_SERIAL, OK, OUTPUT, PROTOCOL, REFUSED, SECONDS, SEVERAL,
    TERMINATED, TIMEOUT, UNPLUGGED, USAGE, WRONG_DATA, clyde, only_line,
    document, ports, virtual,
)

# ---- Errors in one line


@pytest.mark.parametrize(
    "status, arguments, word",
    [
        (USAGE, ("frobnicate",), "frobnicate"),
        (USAGE, ("--frobnicate",), "frobnicate"),
        (USAGE, ("-x",), "x"),
        (USAGE, ("-d",), "argument"),
        (USAGE, ("list", "all"), "all"),
        (USAGE, ("list", "--depth", "3"), "depth"),
        (USAGE, ("help", "frobnicate"), "frobnicate"),
        (USAGE, ("help", "info", "extra"), "'extra'"),
        (USAGE, ("help", "statuses", "extra"), "'extra'"),
        (USAGE, ("help", "run", "benchmark", "extra"), "'extra'"),
        (USAGE, ("run", "frobnicate"), "frobnicate"),
        (USAGE, ("run", "--frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "--frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "--de", "3"), "ambiguous"),
        (USAGE, ("run", "benchmark", "-c"), "argument"),
        (USAGE, ("run", "benchmark", "-c", "0"), "--count: 0"),
        (USAGE, ("run", "benchmark", "-c", "12x"), "--count: 12x"),
        (USAGE, ("run", "benchmark", "-c", ""), "--count"),
        (USAGE, ("run", "benchmark", "-c", "-1"), "--count: -1"),
        (USAGE, ("run", "benchmark", "-c", "9" * 30), "--count: 999"),
        (USAGE, ("run", "benchmark", "--depth", "0"), "1..1024"),
        (USAGE, ("run", "benchmark", "--depth", "100000"), "1..1024"),
        (USAGE, ("run", "benchmark", "--transfer-size", "513"), "512"),
        (USAGE, ("run", "benchmark", "-V", "99"), "99"),
        (USAGE, ("voltage", "-V", "99"), "99"),
        (USAGE, ("voltage", "A="), "A="),
        (USAGE, ("voltage", "A", ""), "A="),
        (USAGE, ("voltage", "=3"), "=3"),
        (USAGE, ("voltage", "Z=3"), "Z=3"),
        (USAGE, ("voltage", ""), "''"),
        (USAGE, ("voltage", "A", "3", "V"), "V"),
        (USAGE, ("voltage", "A", "1,5"), "write 1.5"),
        (USAGE, ("voltage", "A=2,5"), "write 2.5"),
        (USAGE, ("voltage", "3,3"), "write 3.3"),
        (USAGE, ("voltage", "--limit", "A=3,6"), "write 3.6"),
        (USAGE, ("run", "gpio", "-V", "2,5", "A0"), "write 2.5"),
        (USAGE, ("voltage", "A=3.3,off"), "'off' names no port"),
        (USAGE, ("voltage", "3.3,5"), "'5' names no port"),
        (USAGE, ("voltage", "A=3.3,"), "'' names no port"),
        (USAGE, ("voltage", "A=3,B=3,A=5"), "a port is named twice"),
        (USAGE, ("voltage", "A", "3", "-V", "B=3"), "-V"),
        (USAGE, ("voltage", "--limit", "A=SB"), "limit"),
        (USAGE, ("voltage", "A" * 1000, "3"), "long"),
        (USAGE, ("-d", "carrier-pigeon:", "info"), "carrier-pigeon"),
        (USAGE, ("-d", "usb:1", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:0:1", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:1:128", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:1:2:3", "list"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb: 1:2", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:99999999999:2", "info"), "usb:BUS:ADDRESS"),
        (NO_DEVICE, ("-d", "usb:999:127", "info"), "usb:999:127"),
        (NO_DEVICE, ("-d", "usb:999:127", "list"), "usb:999:127"),
        (NO_DEVICE, (), "virtual:"),
        (NO_DEVICE, ("list",), "virtual:"),
        (NO_DEVICE, ("info",), "virtual:"),
        (NO_DEVICE, ("voltage", "A", "3.3"), "virtual:"),
        (NO_DEVICE, ("safe",), "virtual:"),
        (NO_DEVICE, BENCHMARK, "virtual:"),
        (SEVERAL, ("-d", "virtual:devices=2", "info"), "-s"),
        (NO_SERIAL, ("-d", "virtual:", "-s", "C3-no", "info"), "C3-no"),
        (NO_SERIAL, ("-d", "virtual:", "-s", "C3-no", "list"), "C3-no"),
        (OUTPUT, ("-d", "virtual:", "info", "--json", "/"), "/"),
        (OUTPUT, ("-d", "virtual:", "info", "--json", ""), "cannot write"),
        (USAGE, ("-d", "virtual:", "--capture=-", "info"), "./-"),
        (OUTPUT, ("-d", "virtual:", "--capture=/nope/x", "info"),
         "cannot write /nope/x: No such file"),
    ],
)
def test_a_bad_command_line_is_refused_in_one_line(status, arguments, word):
    done = clyde(*arguments, status=status)
    assert word in only_line(done)
    assert done.stdout == ""


@pytest.mark.parametrize("line", [("list",), ("info",), BENCHMARK])
def test_control_characters_do_not_reach_the_terminal(line):
    done = clyde(*line, "evil\n\x1b[31m", status=USAGE)
    assert "\x1b" not in only_line(done)


def test_a_supply_above_the_limit_is_an_error():
    done = virtual("limitA=3300", "voltage", "A", "5", status=LIMIT)
    text = only_line(done)
    assert "3.300" in text and "--limit" in text


@pytest.mark.parametrize(
    "keys",
    [
        "frobnicate=1",
        "frobnicate",
        "=",
        "devices=0",
        "devices=9",
        "devices=two",
        "devices=2,index=2",
        "packets=0",
        "packets=14",
        "revision=C4",
        "revision=",
        "serial=short",
        "manufacturer=12345678901234567890123",
        "modified=2",
        "limitA=-1",
        "limitA=99999",
        "limitC=3300",
        "senseA=3V",
        "loadB=",
        "rise=1000001",
        "start=0",
        "away=60000001",
        "fault=",
        "fault=frobnicate",
        "fault=drop",
        "fault=drop@",
        "fault=drop@x",
        "fault=drop@0x4000:",
        "fault=drop@0x4000:0x400:1",
        "fault=unplug",
        "x" * 1000,
    ],
)
def test_a_malformed_uri_is_refused_in_one_line(keys):
    done = virtual(keys, "info", status=USAGE)
    assert "virtual" in only_line(done)
    assert done.stdout == ""


def test_libusb_is_not_used_for_virtual_devices():
    noisy = dict(os.environ, LIBUSB_DEBUG="4")
    assert "libusb" not in virtual("", "info", env=noisy).stderr
    assert "libusb" in clyde("-d", "usb:999:127", "info", env=noisy,
                             status=NO_DEVICE).stderr


def test_a_truncated_eeprom_image_is_an_error(tmp_path):
    path = tmp_path / "eeprom"
    path.write_bytes(bytes(100))
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert str(path) in only_line(done)
    assert path.read_bytes() == bytes(100)


CONFIG_BLOCK = 0x0008 + 4


def test_a_corrupt_configuration_block_is_an_error(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "info")
    image = bytearray(path.read_bytes())
    assert len(image) == 32768
    image[CONFIG_BLOCK + 1 : CONFIG_BLOCK + 17] = b"\xff" * 16
    path.write_bytes(image)
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert only_line(done)


def test_a_device_without_a_configuration_block_is_listed(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "list")
    image = bytearray(path.read_bytes())
    image[CONFIG_BLOCK] = 0xF9
    path.write_bytes(image)
    assert "04b4:8613" in virtual(f"eeprom={path}", "list").stdout
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert "04b4:8613" in only_line(done)


def test_an_image_is_not_loaded_into_another_revision(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "list")
    image = bytearray(path.read_bytes())
    image[CONFIG_BLOCK] = 0x40
    path.write_bytes(image)
    done = virtual(f"eeprom={path}", *BENCHMARK, status=FPGA)
    assert "no image for revision D0" in only_line(done)


FAULTS = [
    (FPGA, "done", "FPGA"),
    (FPGA, "health", "health"),
    (REFUSED, "error@0x22", "refused"),
    (TIMEOUT, "wait@0x20", "FPGA_LOAD_CFG"),
    (PROTOCOL, "serial@0x22", "FPGA_STATUS"),
    (TIMEOUT, "mute@0x22", "FPGA_STATUS"),
    (PROTOCOL, "short@0x22", "FPGA_STATUS"),
    (UNPLUGGED, "unplug@100000", "device"),
    (IMAGE, "core@1", "no benchmark core"),
    (IMAGE, "version@1", "version 2 of the benchmark core, not 1"),
]


@pytest.mark.parametrize("status, fault, word", FAULTS)
def test_a_fault_is_one_line_and_a_status(status, fault, word):
    done = virtual(f"fault={fault}", *BENCHMARK, status=status)
    assert word in only_line(done)


@pytest.mark.parametrize("status, fault, word", FAULTS)
def test_a_fault_is_in_the_document(status, fault, word, tmp_path):
    path = tmp_path / "result.json"
    line = (*BENCHMARK, "--json", path)
    done = virtual(f"fault={fault}", *line, status=status)
    result = json.loads(path.read_text())
    assert result["error"] == only_line(done)
    assert result["interrupted"] is False


def test_an_unplug_during_a_run_prints_what_came_before():
    done = virtual(
        "fault=unplug@1000000", "run", "benchmark", "-c", "1GiB", "source",
        "--json", "-", status=UNPLUGGED,
    )
    row = document(done)["modes"][0]
    assert row["mode"] == "source"
    assert 0 < row["bytes"] < 1 << 30


def test_an_alert_during_a_run_is_printed_and_the_run_continues():
    done = virtual("fault=alert@0x22", *BENCHMARK, status=ALERT)
    assert only_line(done) == (
        "port A: overcurrent; the device switched its supply off"
    )
    assert "MiB/s" in done.stdout


def test_an_alert_is_in_the_table():
    done = virtual("fault=alert@0x33", "voltage", status=ALERT)
    assert ports(done)["A"]["faults"] == "overcurrent"
    assert "port A" in only_line(done)


def test_an_alert_is_printed_beside_a_failure():
    done = virtual(
        "fault=alert@0x31,fault=error@0x33", "voltage", status=REFUSED
    )
    text = only_line(done)
    assert "refused" in text and "port A: overcurrent" in text


def test_lost_bytes_are_reported_with_their_place_and_number():
    keys = "fault=drop@0x4000:0x400"
    done = virtual(keys, *BENCHMARK, status=WRONG_DATA)
    text = only_line(done)
    assert "0x4000" in text and "0x400 " in text
    assert "0x4000" in done.stdout and "0x400 " in done.stdout
    row = document(
        virtual(keys, *BENCHMARK, "--json", "-", status=WRONG_DATA)
    )["modes"][0]
    assert row["errors"] > 0
    assert row["bad_offset"] == 0x4000
    assert row["gap"] == 0x400
    assert row["bytes"] == 0x4000


def test_after_wrong_data_in_one_mode_the_others_are_measured():
    done = virtual(
        "fault=flip@0x100", "run", "benchmark", "-c", "64KiB", "--json", "-",
        status=WRONG_DATA,
    )
    modes = document(done)["modes"]
    assert len(modes) == 4
    assert [bool(row["errors"]) for row in modes].count(True) == 1


# ---- Output that cannot be written


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("help", "statuses"),
        ("run",),
        ("-d", "virtual:"),
        ("-d", "virtual:", "info"),
        ("-d", "virtual:", "info", "--json", "-"),
        ("-d", "virtual:", "voltage"),
        ("-d", "virtual:", "safe"),
        ("-d", "virtual:", *BENCHMARK),
        ("-d", "virtual:", *BENCHMARK, "--json", "-"),
        ("-d", "virtual:", "run", "benchmark", "-c", "100GiB"),
    ],
)
def test_a_full_disk_is_an_error(arguments):
    with open("/dev/full", "w") as full:
        done = clyde(*arguments, status=OUTPUT, stdout=full)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("clyde: ") and "No space left" in last


def test_a_closed_standard_output_is_an_error():
    done = clyde(
        "-d", "virtual:", "info", status=OUTPUT, preexec_fn=lambda: os.close(1)
    )
    only_line(done)


def test_a_reader_that_closes_its_pipe_ends_the_run():
    line = [CLYDE, "-d", "virtual:", "run", "benchmark", "-c", "1MiB"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        line, stdout=write, stderr=subprocess.PIPE, text=True, timeout=SECONDS
    )
    os.close(write)
    assert done.returncode == OUTPUT
    assert "Broken pipe" in only_line(done)


@pytest.mark.parametrize(
    "name", ["missing/result.json", "folder", "file/result.json"]
)
def test_json_path_that_cannot_be_written_fails_before_the_run(name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    path = tmp_path / name
    # Without the error, this run would take days.
    done = virtual(
        "", "run", "benchmark", "-c", "1000000GiB", "--json", path,
        status=OUTPUT
    )
    assert str(path) in only_line(done)
    assert done.stdout == ""


def test_json_path_on_a_full_disk_fails():
    done = virtual("", *BENCHMARK, "--json", "/dev/full", status=OUTPUT)
    assert "/dev/full" in only_line(done)


def test_a_json_path_that_is_no_regular_file_is_not_replaced(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    line = [CLYDE, "-d", "virtual:", "info", "--json", fifo]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL) as process:
        result = json.loads(fifo.read_text())
        assert process.wait(SECONDS) == OK
    assert result["link"] == "virtual"
    assert fifo.is_fifo()


@pytest.mark.parametrize("keys", [None, "devices=2", "frobnicate=1"])
def test_a_failure_before_the_run_keeps_the_old_document(
    keys, tmp_path
):
    path = tmp_path / "result.json"
    path.write_text("precious")
    device = () if keys is None else ("-d", "virtual:" + keys)
    status = {None: NO_DEVICE, "devices=2": SEVERAL}.get(keys, USAGE)
    clyde(*device, *BENCHMARK, "--json", path, status=status)
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["result.json"]


# ---- Signals and terminals


def start_endless(*arguments, **options):
    line = ("-d", "virtual:", "run", "benchmark", "-c", "100GiB", "source")
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([CLYDE, *line, *arguments], text=True, **options)


@pytest.mark.parametrize(
    "number, status",
    [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED),
     (signal.SIGQUIT, 128 + signal.SIGQUIT),
     (signal.SIGHUP, 128 + signal.SIGHUP)],
)
def test_a_signal_ends_a_run_and_keeps_its_rows(number, status, tmp_path):
    path = tmp_path / "result.json"
    with start_endless("--json", path) as process:
        heading = process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(number)
        out, error = process.communicate(timeout=SECONDS)
    assert process.returncode == status
    assert error == "clyde: interrupted\n"
    assert "virtual" in heading and "source" in out
    result = json.loads(path.read_text())
    assert result["interrupted"] is True
    assert result["error"] == "interrupted"
    assert 0 < result["modes"][0]["bytes"] < 100 << 30
    assert os.listdir(tmp_path) == ["result.json"]


def read_terminal(terminal):
    text = b""
    try:
        while chunk := os.read(terminal, 4096):
            text += chunk
    except OSError:  # On Linux this means that the other side has closed.
        pass
    os.close(terminal)
    return text.decode()


def on_a_terminal(kind):
    """What an interrupted run writes to a terminal of that kind."""
    terminal, other = pty.openpty()
    with start_endless(stdout=subprocess.DEVNULL, stderr=other,
                       env=dict(os.environ, TERM=kind)) as process:
        os.close(other)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    return read_terminal(terminal)


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_knows_no_escapes_gets_none(kind):
    assert on_a_terminal(kind) == "clyde: interrupted\r\n"


def test_progress_is_one_rewritten_line_of_a_terminal():
    progress, last = on_a_terminal("xterm").rsplit("\r\x1b[K", 1)
    assert re.fullmatch(r"(\rsource: \d+ %\x1b\[K)+", progress)
    assert last == "clyde: interrupted\r\n"


def test_progress_is_printed_only_on_a_terminal():
    assert virtual("", "run", "benchmark", "-c", "64MiB").stderr == ""
