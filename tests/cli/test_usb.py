# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde on USB and the failures there, over the real libusb on the
emulated usbfs.  Each failure must be one line with an exit status of its own,
and must not hang.
"""

import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from test_cli import CORRUPT, INTERRUPTED, NO_DEVICE, NO_SERIAL, PROTOCOL
from test_cli import SECONDS, SEVERAL, TIMEOUT, UNPLUGGED, USAGE, only_line
from test_firmware import API_LEVEL, BUSY, END, GOOD, TRANSFER

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
FAILING = CLYDE.parents[1] / "tests/test-failing-usb"
CONFORMANCE = CLYDE.parents[1] / "tests/conformance"
PULL = SOURCE / "tests/support/pull.py"
PERMISSION = 77
EXHAUSTED = 71
NOTE = "clyde: note: 1 of 1 devices cannot be enumerated"


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "good.ihex"
    path.write_text(GOOD)
    return path


def plugged(options, *command, status=0, **more):
    """Runs a command with virtual devices plugged in."""
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
    """Runs clyde with virtual devices plugged in."""
    return plugged(options, CLYDE, *arguments, **more)


# ---- Firmware


@pytest.mark.parametrize("pace", ["off", "link"])
@pytest.mark.parametrize("level", ["0", "3"])
def test_firmware_is_loaded_and_the_benchmark_runs(level, pace, firmware):
    options = ("--api", level, "--pace", pace)
    line = ("run", "benchmark", "-c", "64KiB")
    assert f"API level {level}" in only_line(
        usb(options, "--firmware", "keep", *line, status=API_LEVEL)
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
    # Another process does not know the device's new address.
    script = '"$0" --firmware "$1" list && "$0" -d usb:1:2 info'
    done = plugged(options, "sh", "-c", script, CLYDE, firmware,
                   status=NO_DEVICE)
    assert "usb:1:3" in done.stdout and "API 9" in done.stdout
    assert "usb:1:2" in only_line(done)


# libusb's errors for access and memory.  Other errors of the calls that
# release the device would look as if it had left.
@pytest.mark.parametrize("error", [-3, -11])
def test_any_call_that_fails_while_firmware_is_loaded_is_reported(error):
    options = ("--api", "3", "--pace", "off")
    failed = []
    for call in range(1, 200):
        text = plugged(options, FAILING, call, error).stdout
        if "no more calls" in text:
            break
        failed.append(re.search("^libusb_[a-z_]+$", text, re.M)[0])
    assert 50 < len(failed) < 199
    # The number of polls until the device is back depends on the machine, and
    # so do the calls that fail in the second half.
    assert {"libusb_open", "libusb_claim_interface"} <= set(failed)


def test_one_of_several_devices_gets_firmware(firmware):
    options = ("--api", "3", "--devices", "3")
    load = ("--firmware", firmware)
    assert "-s" in only_line(usb(options, *load, "info", status=SEVERAL))
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
    assert "in use" in only_line(done)
    assert ("no firmware" if level == "0" else "API 3") in done.stdout


def test_a_device_that_does_not_come_back_is_waited_for_10_s(firmware):
    done = usb(("--api", "3", "--fault", "lost"), "--firmware", firmware,
               "info", status=TIMEOUT)
    assert "did not come back with its new firmware within 10 s" in (
        only_line(done))


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
    assert only_line(done) == "interrupted"


def test_without_an_event_of_udev_the_device_is_found(firmware):
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
def test_after_a_file_without_firmware_the_device_comes_back_bare(
        level, tmp_path):
    path = tmp_path / "other.ihex"
    path.write_text(":03000000000003FA\n" + END)
    done = usb(("--api", level), "--firmware", path, "info", status=API_LEVEL)
    assert "does not start as firmware" in only_line(done)


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
    assert word in only_line(done)


@pytest.mark.parametrize("start, away", [
    (1, 1), (1, 10000), (3600000, 10000), (3600000, 1000000)])
def test_a_device_may_leave_late_and_be_away_for_an_instant(
        start, away, firmware):
    done = usb(("-d", f"virtual:api=3,start={start},away={away}"),
               "--firmware", firmware, "list")
    assert "API 9" in done.stdout and done.stderr == ""


# Requests of another program: USBDEVFS_CLAIMINTERFACE, USBDEVFS_SETINTERFACE,
# USBDEVFS_BULK and USBDEVFS_CONTROL.
OTHER = """
import ctypes, fcntl, gzip, os, struct, subprocess, sys
held = os.open("/dev/bus/usb/001/002", os.O_RDWR)

def claim(interface, alternate):
    fcntl.ioctl(held, 0x8004550f, struct.pack("I", interface))
    fcntl.ioctl(held, 0x80085504, struct.pack("II", interface, alternate))

def transfer(request, head, data):
    memory = ctypes.create_string_buffer(data, max(len(data), 1))
    text = bytearray(head + struct.pack("P", ctypes.addressof(memory)))
    size = fcntl.ioctl(held, request, text)
    return memory.raw[:size]

def bulk(endpoint, data):
    return transfer(0xc0185502, struct.pack("III0P", endpoint, len(data),
                                            10000), data)

def write_ram(address, data):
    return transfer(0xc0185500, struct.pack("BBHHHI0P", 0x40, 0xa0, address, 0,
                                            len(data), 1000), data)
"""

# Stops the 8051.
STOP = OTHER + """
write_ram(0xe600, bytes([1]))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


def test_firmware_is_loaded_into_a_device_whose_8051_is_stopped(firmware):
    """A program that was killed while it loaded firmware leaves such a device,
    which answers no request but those that load firmware."""
    options = ("--api", "3")
    done = plugged(options, sys.executable, "-c", STOP, CLYDE, "list")
    assert "API 3" in done.stdout and done.stderr == ""
    done = plugged(options, sys.executable, "-c", STOP, CLYDE, "--firmware",
                   firmware, "list")
    assert "API 9" in done.stdout and done.stderr == ""


def test_a_device_whose_8051_is_stopped_is_not_waited_for_without_end():
    done = plugged((), sys.executable, "-c", STOP, CLYDE, "info",
                   status=TIMEOUT)
    assert only_line(done).startswith("cannot open the management interface: ")


# ---- A program that uses it must not be disturbed

# Loads a bitstream, and runs commands in the middle of it, when the FX2 is
# clocking a packet into the FPGA: virtual time stands still meanwhile.
LOAD = OTHER + """
image = gzip.decompress(open(sys.argv[1], "rb").read())
claim(0, 1)
claim(1, 3)
for at in range(0, len(image), 16384):
    if at == 65536:
        for command in "list", "info":
            subprocess.run([sys.argv[2], command])
    bulk(0x02, image[at:at + 16384])
code = 1
while code == 1:
    bulk(0x01, struct.pack("<BBI8s", 7, 0x20, len(image), b"a loader"))
    code = bulk(0x81, bytes(64))[1]
print("result", code)
"""


def test_a_list_and_an_open_do_not_spoil_a_load_of_another_program():
    done = plugged((), sys.executable, "-c", LOAD,
                   SOURCE / "gateware/image.bin.gz", CLYDE)
    listed, result = done.stdout.splitlines()
    assert listed.startswith(FIRST) and listed.endswith("  usb:1:2  in use")
    assert "cannot open the management interface" in only_line(done)
    assert result == "result 0"


def test_a_list_sends_nothing_to_a_device(tmp_path):
    usb((), "--capture", tmp_path / "list.pcap", "list")
    # The file's header, and no packet.
    assert (tmp_path / "list.pcap").stat().st_size == 24


def test_a_monitor_and_a_choice_send_nothing_to_a_device(tmp_path):
    path = tmp_path / "wait.pcap"
    usb(("--devices", "2"), "--capture", path, "-s", SECOND, "--wait", "list")
    assert path.stat().st_size == 24


@pytest.mark.parametrize("name", ["manufacturer", "product", "serial"])
def test_strings_that_the_kernel_does_not_have_are_read(name):
    """The kernel has no string that a device did not answer with, and a
    container may have no sysfs."""
    script = f"""
        rm "$CLYDE_USBFS/sys/bus/usb/devices/1-1/{name}"
        "$0" list && "$0" info
    """
    plain = plugged((), "sh", "-c", script.split("\n")[2], CLYDE)
    done = plugged((), "sh", "-c", script, CLYDE)
    assert (done.stdout, done.stderr) == (plain.stdout, "")
    assert FIRST in done.stdout


def test_strings_are_those_that_the_kernel_shows():
    script = """
        cd "$CLYDE_USBFS/sys/bus/usb/devices/1-1"
        echo 'C3-other' >serial
        printf 'M\\303\\274ller\\n' >manufacturer
        "$0" list --json - | grep -e serial -e manufacturer
        "$0" info | grep serial
    """
    done = plugged((), "sh", "-c", script, CLYDE)
    assert '"C3-other"' in done.stdout and '"M?ller"' in done.stdout
    # When the device is opened, it is asked itself.
    assert FIRST in done.stdout.splitlines()[-1]


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
def test_a_failure_is_one_line_and_a_status(fault, status, word, firmware):
    options = ("--api", "3") if fault == "ram@3" else ()
    done = usb((*options, "--fault", fault), "--firmware", firmware,
               "run", "benchmark", "-c", "64KiB", "source", status=status)
    assert word in only_line(done)


@pytest.mark.parametrize("fault", [
    "descriptor@1:8", "descriptor@1:17", "garble@1", "descriptor@2:8",
    "descriptor@2:9", "descriptor@2:40", "garble@2",
])
def test_a_device_that_cannot_be_enumerated_is_not_listed(fault):
    done = usb(("--fault", fault), "info", status=NO_DEVICE)
    note, line = done.stderr.splitlines()
    assert note.startswith(NOTE)
    assert line.startswith("clyde: no Glasgow found")


# ---- Several, of which some cannot be read

SOME = ("-d", "virtual:devices=3,1.fault=denied")
FIRST, SECOND, THIRD = (f"C3-20230101T12000{i}Z" for i in range(3))


def test_a_device_without_permission_hides_no_other():
    done = usb(SOME, "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        FIRST, THIRD]
    assert re.fullmatch(
        "clyde: note: usb:1:3 cannot be read: no permission to open usb:1:3; "
        "[^\n]+\n", done.stderr)


def test_the_document_of_a_list_has_all_devices_with_their_state():
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


def test_a_list_in_which_no_device_can_be_read_fails():
    done = usb(("--fault", "denied"), "list", status=PERMISSION)
    assert "usb:1:2" in only_line(done) and done.stdout == ""
    done = usb(("--devices", "2", "--fault", "denied"), "list",
               status=PERMISSION)
    assert sorted(re.findall(r"open (usb:\S+);", done.stderr)) == [
        "usb:1:2", "usb:1:3"]


def test_a_serial_number_skips_devices_that_cannot_be_read():
    done = usb(SOME, "-s", THIRD, "info")
    assert re.search(f"^serial +{THIRD}\n", done.stdout, re.M)
    assert done.stderr == ""
    assert usb(SOME, "-s", FIRST, "list").stderr == ""
    text = only_line(usb(SOME, "-s", SECOND, "info", status=NO_SERIAL))
    assert SECOND in text and "usb:1:3 cannot be: no permission" in text


def test_without_a_serial_number_the_only_readable_device_is_opened():
    done = usb(("-d", "virtual:devices=2,0.fault=denied"), "info")
    assert re.search(f"^serial +{SECOND}\n", done.stdout, re.M)
    text = only_line(usb(SOME, "info", status=SEVERAL))
    assert text.startswith("2 devices found; choose one with -s " + FIRST)


def test_a_device_in_use_is_listed_as_busy():
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


def test_a_device_with_another_serial_number_does_not_end_the_wait():
    """The second device comes when the first one is pulled."""
    done = plugged(
        ("--fault", "unplug@300000", "--fault", "swap@300000"), CLYDE, "-s",
        SECOND, "--wait", "list")
    assert done.stdout.split()[0] == SECOND


def test_a_wait_has_a_deadline():
    done = usb(("--fault", "unplug@0"), "--wait=1", "info", status=TIMEOUT)
    assert done.stderr.splitlines()[-1] == "clyde: no Glasgow within 1 s"
    done = usb((), "-s", "C3-x", "--wait=0", "info", status=TIMEOUT)
    assert only_line(done) == "no device with serial number C3-x within 0 s"
    done = usb(("--fault", "denied"), "-s", FIRST, "--wait=2", "info",
               status=TIMEOUT)
    assert "within 2 s; no permission to open usb:1:2" in only_line(done)


@pytest.mark.parametrize("seconds", ["", "x", "-1", "1.5", "1000001"])
def test_a_malformed_deadline_is_refused(seconds):
    done = usb((), f"--wait={seconds}", "info", status=USAGE)
    assert "--wait=" in only_line(done)


def test_a_device_without_permission_is_reported_after_a_while():
    done = usb(("--fault", "denied"), "--wait", "info", status=PERMISSION)
    assert "70-clyde.rules" in only_line(done)


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
    assert only_line(done) == "interrupted"


# Monitors without libudev: a libusb that was built without it is one.  The
# first transfer after the enumeration unplugs the device.
MONITORS = """
import socket, struct, subprocess, sys

def monitor(groups):
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    one.bind((0, groups))
    assert one.getsockname()[1] == groups
    one.settimeout(60)
    return one

kernel, udev, both, none = map(monitor, (1, 2, 3, 0))
subprocess.run([sys.argv[1], "info"], stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL)
for action in "remove", "add":
    data, control, flags, sender = kernel.recvmsg(4096, 64)
    assert sender == (0, 1), sender
    assert control == [(socket.SOL_SOCKET, 2, struct.pack("iii", 0, 0, 0))]
    print(*data.decode().split("\\0"), sep="|")
    data, sender = udev.recvfrom(4096)
    assert sender[1] == 2 and data.startswith(b"libudev\\0\\xfe\\xed\\xca\\xfe")
    data, sender = both.recvfrom(4096)
    assert sender == (0, 1) and data.startswith(action.encode() + b"@")
    data, sender = both.recvfrom(4096)
    assert sender[1] == 2 and data.startswith(b"libudev\\0")
none.setblocking(False)
try:
    none.recv(4096)
except BlockingIOError:
    print("nothing")
"""


def test_monitors_of_the_kernels_group_get_its_events():
    done = plugged(("--fault", f"pull@{ENUMERATED + 1}", "--fault", "replug@0"),
                   sys.executable, "-c", MONITORS, CLYDE)
    assert [re.sub(r"SEQNUM=\d+", "SEQNUM=", line)
            for line in done.stdout.splitlines()] == [
        f"{action}@/devices/clyde/usb1/1-1|ACTION={action}|"
        "DEVPATH=/devices/clyde/usb1/1-1|SUBSYSTEM=usb|DEVTYPE=usb_device|"
        f"SEQNUM=|DEVNAME=bus/usb/001/{address}|MAJOR=189|MINOR={minor}|"
        "PRODUCT=20b7/9db1/933|TYPE=255/255/255|"
        f"BUSNUM=001|DEVNUM={address}|"
        for action, address, minor in [("remove", "002", 1), ("add", "003", 2)]
    ] + ["nothing"]


def test_a_stored_bitstream_outlives_a_replug(tmp_path):
    path = tmp_path / "eeprom"
    uri = f"virtual:eeprom={path}"
    subprocess.run([CLYDE, "-d", uri, "list"], check=True, timeout=SECONDS)
    bitstream = gzip.decompress(
        (SOURCE / "gateware/image.bin.gz").read_bytes())
    image = bytearray(path.read_bytes())
    image[29:41] = len(bitstream).to_bytes(4, "little") + b"storedID"
    image[0x7000:0x7000 + len(bitstream) - 0x20000] = bitstream[0x20000:]
    path.write_bytes(image + bitstream[:0x20000])
    script = '"$0" info >"$1" 2>&1; "$0" --wait info'
    done = plugged(("-d", uri, "--fault", f"pull@{ENUMERATED + 1}", "--fault",
                    "replug@0"), "sh", "-c", script, CLYDE, tmp_path / "first")
    assert "usb:1:3" in done.stdout and b"storedID".hex() in done.stdout


# ---- Unplugged


def test_an_unplug_between_list_and_open_is_reported():
    script = """
        "$0" list
        "$1" "$2"
        exec "$0" -d usb:1:2 info
    """
    done = plugged(("--fault", "pull@300"), "sh", "-c", script, CLYDE,
                   sys.executable, PULL, status=NO_DEVICE)
    assert "usb:1:2\n" in done.stdout
    assert "there is no Glasgow at usb:1:2" in only_line(done)


# The transfers by which a host enumerates a device are counted, too.
ENUMERATED = 6


@pytest.mark.parametrize("options, mode, steps", [
    ((), "source", range(ENUMERATED, 36)),  # The image is loaded.
    (("-d", "virtual:configured=1"), "source", range(ENUMERATED, 24)),
    (("-d", "virtual:configured=1"), "sink", range(ENUMERATED, 70)),
    (("-d", "virtual:configured=1"), "loopback", range(ENUMERATED, 30)),
    (("-d", "virtual:configured=1"), "latency", range(ENUMERATED, 300, 7)),
])
def test_an_unplug_at_any_step_is_reported(options, mode, steps):
    seen = set()
    for step in steps:
        done = usb((*options, "--fault", f"pull@{step}"), "run", "benchmark",
                   "-c", "64KiB", mode, status=None)
        seen.add(done.returncode)
        if done.returncode != 0:
            only_line(done)
    assert {NO_DEVICE, UNPLUGGED} <= seen <= {0, NO_DEVICE, UNPLUGGED}


@pytest.mark.parametrize("moment", [2000, 5000, 10000, 20000, 40000, 80000])
def test_an_unplug_at_any_moment_is_reported(moment):
    done = usb(("--pace", "link", "-d", "virtual:configured=1", "--fault",
                f"unplug@{moment}"), "run", "benchmark", "-c", "64MiB",
               status=None)
    assert done.returncode in (NO_DEVICE, UNPLUGGED)
    only_line(done)


def test_an_unplug_while_firmware_is_loaded_is_reported(firmware):
    for step in range(ENUMERATED, 9):
        done = usb(("--api", "3", "--fault", f"pull@{step}"), "--firmware",
                   firmware, "info", status=NO_DEVICE)
        only_line(done)


@pytest.mark.parametrize("test", [
    "unplugging_a_source_delivers_the_bytes_and_then_names_the_offset",
    "unplugging_a_sink_ends_the_write_with_an_error",
    "unplugging_ends_commands_and_idle_waits",
    "unplugging_ends_an_idle_read",
    "unplugging_ends_a_sleep",
    "unplugging_ends_a_wait_with_no_transfer_queued",
    "an_unplug_makes_the_descriptor_readable",
])
def test_the_link_over_libusb_conforms_when_it_is_unplugged(test):
    """Each test needs a device of its own, since the fault strikes once."""
    done = plugged(
        ("-d", "virtual:configured=1", "--pace", "link", "--fault",
         "pull@300"), CONFORMANCE, test,
        env=dict(os.environ, CLYDE_URI="usb:", CLYDE_LINK="usbfs",
                 CLYDE_UNPLUG=f"{sys.executable} {PULL}"))
    text = done.stdout + done.stderr
    assert re.search(rf"\[ +OK \] {test}\n", text), text


def test_a_monitor_over_libusb_sees_a_device_leave_and_come_back():
    """The device is pulled after a number of transfers, and comes back at
    once."""
    test = "a_monitor_sees_a_device_leave_and_come_back"
    done = plugged(
        ("--fault", "pull@60", "--fault", "replug@0us"), CONFORMANCE, test,
        env=dict(os.environ, CLYDE_URI="usb:", CLYDE_LINK="usbfs",
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
        "good up to byte 0x[0-9a-f]+", only_line(done))


# ---- A flash chip

CHIP = "part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0:size=64K:qe=1"
JEDEC = CLYDE.parents[1] / "examples/example-spi-jedec-id"
DUMP = SOURCE / "examples/flash_dump.py"


@pytest.mark.parametrize("pace", ["off", "link"])
def test_the_id_of_a_flash_chip_is_read(pace):
    done = plugged(("-d", f"virtual:configured=1,{CHIP}", "--pace", pace),
                   JEDEC, "usb:")
    assert done.stdout == "ef 40 10\n" and done.stderr == ""


@pytest.mark.parametrize("python", ["/usr/bin/python3", "pypy3"])
@pytest.mark.parametrize("pace", ["off", "link"])
def test_a_flash_chip_is_dumped_on_four_lanes(pace, python, tmp_path):
    content = bytes(at * at >> 7 & 0xff for at in range(1 << 16))
    (tmp_path / "chip").write_bytes(content)
    plugged(("-d", f"virtual:configured=1,{CHIP}:file={tmp_path}/chip",
             "--pace", pace), python, DUMP, "usb:", tmp_path / "dump", "48e6",
            "4", env={**os.environ, "PYTHONPATH": str(SOURCE / "python"),
                      "CLYDE_LIBRARY": str(
                          CLYDE.parents[1] / "lib/libclyde.so.0")})
    assert (tmp_path / "dump").read_bytes() == content


# ---- Limits of the process

LIMITED = """
import os, resource, sys
kind = getattr(resource, sys.argv[1])
resource.setrlimit(kind, (int(sys.argv[2]), int(sys.argv[2])))
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.parametrize("kind, limits, words", [
    ("RLIMIT_NOFILE", range(5, 16), "too many open files; raise the limit"),
    ("RLIMIT_AS", range(16 << 20, 80 << 20, 8 << 20), "memory"),
])
def test_a_limit_of_the_process_is_named(kind, limits, words):
    """Where libusb says that there is no device, or that input and output
    failed.  Below some limit the program cannot be loaded at all, which the
    loader says."""
    ended = {}
    for limit in limits:
        done = plugged((), sys.executable, "-c", LIMITED, kind, limit, CLYDE,
                       "info", status=None)
        if "AddressSanitizer" in done.stderr:
            pytest.skip("ASan reserves more memory than the limit")
        if done.returncode == 127:
            continue
        ended.setdefault(done.returncode, []).append(limit)
        if done.returncode != 0:
            assert done.returncode == EXHAUSTED, (limit, done)
            assert words in only_line(done), (limit, done)
    assert set(ended) == {0, EXHAUSTED}, ended
