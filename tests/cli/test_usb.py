# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""clyde on USB and what goes wrong there: the real libusb over the emulated
usbfs.

Each failure is one line, an exit status of its own, and an end.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from test_cli import CORRUPT, INTERRUPTED, NO_DEVICE, NO_SERIAL, PROTOCOL
from test_cli import SECONDS, SEVERAL, TIMEOUT, UNPLUGGED, USAGE, complaint
from test_firmware import API_LEVEL, BUSY, END, GOOD, TRANSFER

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
FAILING = CLYDE.parents[1] / "tests/test-failing-usb"
CONFORMANCE = CLYDE.parents[1] / "tests/conformance"
PERMISSION = 77
NOTE = "clyde: note: 1 of 1 devices cannot be enumerated"


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "good.ihex"
    path.write_text(GOOD)
    return path


def plugged(options, *command, status=0, **more):
    """Run a command with virtual devices plugged in."""
    done = subprocess.run(
        [CLYDE, "virtual", *options, "--", *map(str, command)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        **more,
    )
    if status is not None:
        assert done.returncode == status, (done.stdout, done.stderr)
    return done


def usb(options, *arguments, **more):
    """Run clyde with them."""
    return plugged(options, CLYDE, *arguments, **more)


# ---- Firmware


@pytest.mark.parametrize("pace", ["off", "link"])
@pytest.mark.parametrize("level", ["0", "3"])
def test_firmware_is_loaded_and_the_benchmark_runs(level, pace, firmware):
    options = ("--api", level, "--pace", pace)
    line = ("run", "benchmark", "-c", "64KiB")
    assert f"API level {level}" in complaint(
        usb(options, *line, status=API_LEVEL)
    )
    done = usb(options, "--firmware", firmware, *line)
    assert done.stderr == ""
    for mode in ("source", "sink", "loopback", "latency"):
        assert f"\n{mode} " in done.stdout


def test_a_device_comes_back_with_another_address_and_is_opened(firmware):
    options = ("--api", "3")
    for name in ("usb:", "usb:1:2"):
        done = usb(options, "--firmware", firmware, "-d", name, "info")
        assert re.search("^uri +usb:1:3\n", done.stdout)
    # another process has not seen it go
    script = '"$0" --firmware "$1" list && "$0" -d usb:1:2 info'
    done = plugged(options, "sh", "-c", script, CLYDE, firmware,
                   status=NO_DEVICE)
    assert "usb:1:3" in done.stdout and "API 9" in done.stdout
    assert "usb:1:2" in complaint(done)


# Of libusb: access, no memory.  With others, what fails when the device is let
# go is taken for its leaving.
@pytest.mark.parametrize("error", [-3, -11])
def test_any_call_that_fails_while_firmware_is_loaded_is_told(error):
    options = ("--api", "3", "--pace", "off")
    failed = []
    for call in range(1, 200):
        text = plugged(options, FAILING, call, error).stdout
        if "no more calls" in text:
            break
        failed.append(re.search("^libusb_[a-z_]+$", text, re.M)[0])
    assert 50 < len(failed) < 199
    # How often one looks whether the device is back depends on the machine, so
    # which calls are met in the second half does.
    assert {"libusb_open", "libusb_claim_interface"} <= set(failed)


def test_one_of_several_gets_firmware(firmware):
    options = ("--api", "3", "--devices", "3")
    load = ("--firmware", firmware)
    assert "-s" in complaint(usb(options, *load, "info", status=SEVERAL))
    second = "C3-20230101T120001Z"
    script = f'"$0" --firmware "$1" -s {second} list >/dev/null && "$0" list'
    done = plugged(options, "sh", "-c", script, CLYDE, firmware)
    levels = dict(re.findall(r"^(\S+) .* API (\d+) ", done.stdout, re.M))
    assert levels.pop(second) == "9"
    assert set(levels.values()) == {"3"} and len(levels) == 2


# Holds an interface while it runs clyde: USBDEVFS_CLAIMINTERFACE.
HOLD = """
import fcntl, os, struct, subprocess, sys
held = os.open("/dev/bus/usb/001/002", os.O_RDWR)
fcntl.ioctl(held, 0x8004550f, struct.pack("I", int(sys.argv[1])))
sys.exit(subprocess.run(sys.argv[2:]).returncode)
"""


@pytest.mark.parametrize("level, interface", [("0", 0), ("3", 0), ("3", 4)])
def test_a_busy_device_keeps_its_firmware(level, interface, firmware):
    script = '"$0" --firmware "$1" info; status=$?; "$0" list; exit $status'
    done = plugged(("--api", level), sys.executable, "-c", HOLD,
                   str(interface), "sh", "-c", script, CLYDE, firmware,
                   status=BUSY)
    assert "in use" in complaint(done)
    assert ("no firmware" if level == "0" else "API 3") in done.stdout


def test_firmware_that_stays_away_is_waited_for_10_s(firmware):
    done = usb(("--api", "3", "--fault", "lost"), "--firmware", firmware,
               "info", status=TIMEOUT)
    assert "did not come back with its new firmware within 10 s" in (
        complaint(done))


# Interrupts clyde as soon as the device has left.
INTERRUPT = """
import os, signal, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
while os.path.exists("/dev/bus/usb/001/002"):
    pass
child.send_signal(signal.SIGINT)
sys.exit(child.wait())
"""


def test_an_interrupt_ends_the_wait_for_firmware(firmware):
    done = plugged(("--api", "3", "--fault", "lost"), sys.executable, "-c",
                   INTERRUPT, CLYDE, "--firmware", firmware, "info",
                   status=INTERRUPTED)
    assert complaint(done) == "interrupted"


def test_without_a_word_from_udev_the_device_is_found_all_the_same(firmware):
    script = """
        "$0" --firmware "$1" info &
        while [ -e /dev/bus/usb/001/002 ]; do sleep 0.01; done
        rm "$CLYDE_USBFS"/uevents/*
        wait $!
    """
    done = plugged(("--api", "3", "--pace", "link"), "sh", "-c", script,
                   CLYDE, firmware)
    assert "API level     9" in done.stdout


@pytest.mark.parametrize("level", ["0", "3"])
def test_what_is_no_firmware_comes_back_bare(level, tmp_path):
    path = tmp_path / "other.ihex"
    path.write_text(":03000000000003FA\n" + END)
    done = usb(("--api", level), "--firmware", path, "info", status=API_LEVEL)
    assert "does not start as firmware" in complaint(done)


@pytest.mark.parametrize("text, word", [
    (GOOD.replace("7D", "7E"), "line 2: the checksum"),
    (":00000006FA\n" + END, "line 1: record type 0x06"),
    (":0200030080FE7D\n" + GOOD, "line 3: address 0x0003"),
    (":01400000AB14\n" + END, "line 1: address 0x4000"),
])
def test_a_broken_file_touches_no_device(text, word, tmp_path):
    path = tmp_path / "broken.ihex"
    path.write_text(text)
    done = usb(("--api", "3", "--pace", "link"), "--firmware", path, "info",
               status=CORRUPT)
    assert word in complaint(done)


# ---- What a device and its system can do to it


@pytest.mark.parametrize("fault, status, word", [
    ("denied", PERMISSION, "70-clyde.rules"),
    ("busy", BUSY, "in use by another program"),
    ("stall@0", TRANSFER, "management interface"),
    ("stall@1", TRANSFER, "the FPGA cannot be loaded"),
    ("stall@3", TRANSFER, "refused to open EP6 IN"),
    ("descriptor@3:1", PROTOCOL, "descriptors"),
    ("descriptor@3:5", PROTOCOL, "descriptors"),
    ("garble@3", PROTOCOL, "descriptors"),
    ("ram@3", TRANSFER, "did not arrive"),
])
def test_a_failure_is_one_line_and_its_status(fault, status, word, firmware):
    options = ("--api", "3") if fault == "ram@3" else ()
    done = usb((*options, "--fault", fault), "--firmware", firmware,
               "run", "benchmark", "-c", "64KiB", "source", status=status)
    assert word in complaint(done)


@pytest.mark.parametrize("fault", [
    "descriptor@1:8", "descriptor@1:17", "garble@1", "descriptor@2:8",
    "descriptor@2:9", "descriptor@2:40", "garble@2",
])
def test_a_device_that_cannot_be_enumerated_is_not_there(fault):
    done = usb(("--fault", fault), "info", status=NO_DEVICE)
    note, line = done.stderr.splitlines()
    assert note.startswith(NOTE)
    assert line.startswith("clyde: no Glasgow found")


# ---- Several, of which some cannot be read

SOME = ("-d", "virtual:devices=3,1.fault=denied")
FIRST, SECOND, THIRD = (f"C3-20230101T12000{i}Z" for i in range(3))


def test_a_device_that_may_not_be_opened_hides_no_other():
    done = usb(SOME, "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        FIRST, THIRD]
    assert re.fullmatch(
        "clyde: note: usb:1:3 cannot be read: no permission to open usb:1:3; "
        "[^\n]+\n", done.stderr)


def test_the_document_of_a_list_has_all_of_them_with_their_state():
    done = usb(("-d", "virtual:devices=4,1.fault=denied,2.api=3,3.fault=busy"),
               "list", "--json", "-")
    devices = json.loads(done.stdout)["devices"]
    assert [(device["uri"], device["state"]) for device in devices] == [
        ("usb:1:2", "OK"), ("usb:1:3", "ACCESS"), ("usb:1:4", "API_LEVEL"),
        ("usb:1:5", "BUSY")]
    assert devices[0]["why"] is None
    assert "70-clyde.rules" in devices[1]["why"]
    assert devices[1]["serial"] == "" and devices[1]["revision"] == "C3"
    assert devices[3]["serial"] and "in use" in devices[3]["why"]


def test_a_list_of_none_that_can_be_read_fails():
    done = usb(("--fault", "denied"), "list", status=PERMISSION)
    assert "usb:1:2" in complaint(done) and done.stdout == ""
    done = usb(("--devices", "2", "--fault", "denied"), "list",
               status=PERMISSION)
    assert sorted(re.findall(r"open (usb:\S+);", done.stderr)) == [
        "usb:1:2", "usb:1:3"]


def test_a_serial_number_passes_over_what_cannot_be_read():
    done = usb(SOME, "-s", THIRD, "info")
    assert re.search(f"^serial +{THIRD}\n", done.stdout, re.M)
    assert done.stderr == ""
    assert usb(SOME, "-s", FIRST, "list").stderr == ""
    text = complaint(usb(SOME, "-s", SECOND, "info", status=NO_SERIAL))
    assert SECOND in text and "usb:1:3 cannot be: no permission" in text


def test_without_a_serial_number_the_one_that_can_be_read_is_meant():
    done = usb(("-d", "virtual:devices=2,0.fault=denied"), "info")
    assert re.search(f"^serial +{SECOND}\n", done.stdout, re.M)
    text = complaint(usb(SOME, "info", status=SEVERAL))
    assert text.startswith("2 devices found; choose one with -s " + FIRST)


def test_a_device_in_use_is_listed_as_such():
    done = usb(("--fault", "busy"), "list")
    assert done.stdout.endswith("  usb:1:2  in use\n") and done.stderr == ""


# ---- Waiting for one


def test_a_device_that_is_there_is_not_waited_for():
    plain = usb((), "info").stdout
    assert usb((), "--wait", "info").stdout == plain
    assert usb((), "info", "--wait=0").stdout == plain
    assert usb((), "--wait", "-s", FIRST).stdout == usb((), "list").stdout


def test_a_device_that_comes_later_is_waited_for():
    done = usb(("--fault", "unplug@0", "--fault", "replug@300000"), "--wait",
               "info")
    assert re.search(f"^serial +{FIRST}\n", done.stdout, re.M)


def test_another_serial_number_is_waited_for_further():
    """It comes when the first is pulled."""
    done = plugged(
        ("--fault", "unplug@300000", "--fault", "swap@300000"), CLYDE, "-s",
        SECOND, "--wait", "list")
    assert done.stdout.split()[0] == SECOND


def test_a_wait_has_a_deadline():
    done = usb(("--fault", "unplug@0"), "--wait=1", "info", status=TIMEOUT)
    assert done.stderr.splitlines()[-1] == "clyde: no Glasgow within 1 s"
    done = usb((), "-s", "C3-x", "--wait=0", "info", status=TIMEOUT)
    assert complaint(done) == "no device with serial number C3-x within 0 s"
    done = usb(("--fault", "denied"), "-s", FIRST, "--wait=2", "info",
               status=TIMEOUT)
    assert "within 2 s; no permission to open usb:1:2" in complaint(done)


@pytest.mark.parametrize("seconds", ["", "x", "-1", "1.5", "1000001"])
def test_a_deadline_that_is_none_is_refused(seconds):
    done = usb((), f"--wait={seconds}", "info", status=USAGE)
    assert "--wait=" in complaint(done)


def test_what_may_not_be_opened_is_told_after_a_while():
    done = usb(("--fault", "denied"), "--wait", "info", status=PERMISSION)
    assert "70-clyde.rules" in complaint(done)


# Interrupts clyde as soon as it listens for devices.
INTERRUPT_WAIT = """
import os, signal, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
while not os.listdir(os.environ["CLYDE_USBFS"] + "/uevents"):
    assert child.poll() is None
child.send_signal(signal.SIGINT)
sys.exit(child.wait())
"""


def test_an_interrupt_ends_the_wait_for_a_device():
    done = plugged((), sys.executable, "-c", INTERRUPT_WAIT, CLYDE, "-s",
                   "C3-x", "--wait", "info", status=INTERRUPTED)
    assert complaint(done) == "interrupted"


# ---- Unplugged


def test_unplugged_between_list_and_open_is_told():
    script = """
        "$0" list
        while [ -e /dev/bus/usb/001/002 ]; do sleep 0.01; done
        exec "$0" -d usb:1:2 info
    """
    done = plugged(("--fault", "unplug@500000"), "sh", "-c", script, CLYDE,
                   status=NO_DEVICE)
    assert "usb:1:2\n" in done.stdout
    assert "there is no Glasgow at usb:1:2" in complaint(done)


# The transfers by which a host enumerates are counted too.
ENUMERATED = 6


@pytest.mark.parametrize("options, mode, steps", [
    ((), "source", range(ENUMERATED, 36)),  # the image is loaded
    (("-d", "virtual:configured=1"), "source", range(ENUMERATED, 24)),
    (("-d", "virtual:configured=1"), "sink", range(ENUMERATED, 70)),
    (("-d", "virtual:configured=1"), "loopback", range(ENUMERATED, 30)),
    (("-d", "virtual:configured=1"), "latency", range(ENUMERATED, 300, 7)),
])
def test_unplugged_at_any_step_is_told(options, mode, steps):
    seen = set()
    for step in steps:
        done = usb((*options, "--fault", f"pull@{step}"), "run", "benchmark",
                   "-c", "64KiB", mode, status=None)
        seen.add(done.returncode)
        if done.returncode != 0:
            complaint(done)
    assert {NO_DEVICE, UNPLUGGED} <= seen <= {0, NO_DEVICE, UNPLUGGED}


@pytest.mark.parametrize("moment", [2000, 5000, 10000, 20000, 40000, 80000])
def test_unplugged_at_any_moment_is_told(moment):
    done = usb(("--pace", "link", "-d", "virtual:configured=1", "--fault",
                f"unplug@{moment}"), "run", "benchmark", "-c", "64MiB",
               status=None)
    assert done.returncode in (NO_DEVICE, UNPLUGGED)
    complaint(done)


def test_unplugged_while_firmware_is_loaded_is_told(firmware):
    for step in range(ENUMERATED, 13):
        done = usb(("--api", "3", "--fault", f"pull@{step}"), "--firmware",
                   firmware, "info", status=NO_DEVICE)
        complaint(done)


@pytest.mark.parametrize("test", [
    "unplugging_a_source_delivers_and_then_says_where",
    "unplugging_a_sink_is_told_to_the_writer",
    "unplugging_ends_commands_and_idle_waits",
    "unplugging_is_told_to_an_idle_reader",
    "unplugging_ends_a_sleep",
    "unplugging_is_told_to_a_link_with_nothing_queued",
    "an_unplug_is_told_to_who_watches",
])
def test_the_link_over_libusb_conforms_when_it_is_unplugged(test):
    """Each needs a device of its own: the fault comes once."""
    done = plugged(
        ("-d", "virtual:configured=1", "--pace", "link", "--fault",
         "unplug@600000"), CONFORMANCE, test,
        env=dict(os.environ, CLYDE_URI="usb:", CLYDE_END="usbfs",
                 CLYDE_UNPLUG=":"))
    text = done.stdout + done.stderr
    assert re.search(rf"\[ +OK \] {test}\n", text), text


def test_a_monitor_over_libusb_sees_a_device_leave_and_come_back():
    """It is pulled by the number of transfers, and back at once."""
    test = "a_monitor_sees_a_device_leave_and_come_back"
    done = plugged(
        ("--fault", "pull@60", "--fault", "replug@0us"), CONFORMANCE, test,
        env=dict(os.environ, CLYDE_URI="usb:", CLYDE_END="usbfs",
                 CLYDE_UNPLUG=":", CLYDE_REPLUG=":"))
    text = done.stdout + done.stderr
    assert re.search(rf"\[ +OK \] {test}\n", text), text


# ---- Reset

# Starts clyde, resets the device as a second program once a transfer of the
# endpoint has moved bytes, and ends with the exit status and the last line of
# clyde.
RESET = """
import fcntl, os, re, subprocess, sys
USBDEVFS_RESET = 0x5514
moved = re.compile(sys.argv[1] + ": [1-9][0-9]* of [0-9]+ bytes done")
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
while not moved.search(child.stderr.readline()):
    pass
device = os.open("/dev/bus/usb/001/002", os.O_RDWR)
fcntl.ioctl(device, USBDEVFS_RESET)
for line in child.stderr:
    pass
sys.stderr.write(line)
sys.exit(child.wait())
"""


@pytest.mark.parametrize("pace", ["off", "link"])
@pytest.mark.parametrize("name, endpoint, line", [
    ("EP6 IN", "0x86", ("gpio", "-V", "3.3", "watch", "A0")),
    ("sink: EP2 OUT", "0x02", ("benchmark", "-c", "100GiB", "sink")),
    ("source: EP6 IN", "0x86", ("benchmark", "-c", "100GiB", "source")),
])
def test_a_reset_by_another_program_ends_a_stream(name, endpoint, line, pace):
    done = plugged(("-d", "virtual:configured=1", "--pace", pace),
                   sys.executable, "-c", RESET, endpoint, CLYDE,
                   "--log=trace", "run", *line, status=TRANSFER)
    assert re.fullmatch(
        f"{name}: another program has reset the device, or taken it; "
        "good up to byte 0x[0-9a-f]+", complaint(done))
