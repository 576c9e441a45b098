# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde doctor, with each of its findings provoked: over the real libusb
on the emulated usbfs and its /sys, on the virtual link, and without any
USB."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from test_cli import (
    CLYDE, MANUAL, NO_SERIAL, OUTPUT, SECONDS, USAGE, clyde, only_line,
)

UNFIT = 86
STREAM = pathlib.Path(CLYDE).resolve().parents[1] / "bench/libusb-stream"

HAS_USB = any(map(os.path.exists, ["/sys/bus/usb/devices", "/dev/bus/usb"]))


def plugged(*arguments, options=(), status=0):
    """Returns the document, with virtual devices plugged in."""
    done = clyde("virtual", *options, "--", CLYDE, *arguments, "doctor",
                 "--json", "-", status=status)
    return json.loads(done.stdout)


def found(document, check):
    return [finding for finding in document["findings"]
            if finding["check"] == check]


def only(document, check, verdict="fix"):
    (finding,) = found(document, check)
    assert finding["verdict"] == verdict
    return finding


def to_fix(document):
    return [finding["check"] for finding in document["findings"]
            if finding["verdict"] == "fix"]


# ---- Nothing to fix -------------------------------------------------------


def test_a_healthy_device_has_nothing_to_fix():
    document = plugged()
    assert to_fix(document) == [] and "error" not in document
    assert document["devices"][0]["speed_kbit_per_s"] == 480000
    assert document["devices"][0]["node"] == "/dev/bus/usb/001/002"
    device = only(document, "device", "ok")
    assert device["about"] == "usb:1:2"
    assert "C3-20230101T120000Z" in device["fact"]
    assert "high speed" in device["fact"]


def test_libusb_is_shown_with_its_capabilities():
    library = only(plugged(), "libusb", "ok")
    assert re.match(r"1\.0\.\d+\.\d+$", library["version"])
    assert library["hotplug"] is True and library["detach"] is True


def test_every_finding_is_one_line_with_its_verdict():
    done = clyde("virtual", "--devices", "2", "--fault", "slow", "--", CLYDE,
                 "doctor", status=UNFIT)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 + 2 * 3
    assert all(re.match(r"(ok  |note|fix )  \S+ +\S", line) for line in lines)
    assert only_line(done) == "2 things to fix"


@pytest.mark.parametrize("json_to", [None, "-", "/dev/full"])
def test_a_document_that_cannot_be_written_is_reported_beside_the_findings(
        json_to):
    """The exit status is that of the failed output, since its reader has no
    findings."""
    line = ["-d", "virtual:fault=error@0x22", "doctor"]
    line += ["--json", json_to] if json_to else []
    with open("/dev/full", "w") as full:
        done = clyde(*line, status=OUTPUT,
                     stdout=subprocess.PIPE if json_to == "/dev/full"
                     else full)
    name = "/dev/full" if json_to == "/dev/full" else "the output"
    assert only_line(done) == (
        f"1 thing to fix; cannot write {name}: No space left on device")


def test_the_exit_status_is_in_the_manual_and_in_the_help():
    assert f"{UNFIT} " in clyde("help", "statuses").stdout
    assert f"*{UNFIT}*" in MANUAL and "## clyde doctor" in MANUAL


# ---- Something to fix -----------------------------------------------------


def test_a_device_without_permission_is_reported_with_the_udev_rule():
    document = plugged(options=["--fault", "denied"], status=UNFIT)
    finding = only(document, "permission")
    assert "/dev/bus/usb/001/002" in finding["fact"]
    assert "udev rule" in finding["fix"]
    assert to_fix(document) == ["permission"]
    assert document["error"] == "1 thing to fix"


@pytest.mark.skipif(not STREAM.exists(), reason="no libusb-1.0-0-dev")
def test_a_program_that_has_the_device_open_is_named():
    script = (f'"{STREAM}" source 100000 & '
              'until [ -L /sys/bus/usb/devices/1-2:1.3/driver ]; do '
              'kill -0 $! || exit 1; sleep 0.01; done; '
              f'"{CLYDE}" doctor --json -; echo $? $!; kill $!')
    done = clyde("virtual", "--pace", "link", "-d",
                 "virtual:configured=1,devices=2", "--", "sh", "-c", script)
    text, status, holder = re.fullmatch(
        r"(.*)\n(\d+) (\d+)\n", done.stdout, re.S).groups()
    document = json.loads(text)
    assert int(status) == UNFIT and to_fix(document) == ["busy"]
    finding = only(document, "busy")
    assert finding["holders"] == [
        {"pid": int(holder), "name": "libusb-stream"}]
    assert f"libusb-stream (pid {holder})" in finding["fact"]
    # The other of the two devices is free.
    assert only(document, "device", "ok")["about"] != finding["about"]


def test_a_program_that_cannot_be_seen_is_reported_as_hidden():
    document = plugged(options=["--fault", "busy"], status=UNFIT)
    finding = only(document, "busy")
    assert finding["holders"] == [] and finding["fix"]
    assert to_fix(document) == ["busy"]


@pytest.mark.parametrize("level", [0, 3, 10])
def test_firmware_of_another_level_is_reported_with_the_remedy(level):
    document = plugged("--firmware", "keep",
                       options=["-d", f"virtual:api={level}"], status=UNFIT)
    finding = only(document, "firmware")
    assert finding["api_level"] == level and finding["needed"] == 9
    assert "--firmware" in finding["fix"]
    assert to_fix(document) == ["firmware"]


def damaged(tmp_path):
    """Makes an EEPROM without a configuration block."""
    path = tmp_path / "eeprom.bin"
    clyde("-d", f"virtual:eeprom={path}", "list")
    image = bytearray(path.read_bytes())
    image[:8] = b"\xc0\xb4\x04\x13\x86\x00\x00\x00"
    path.write_bytes(image)
    return f"virtual:api=0,eeprom={path}"


def test_a_missing_configuration_block_is_reported(tmp_path):
    document = plugged(options=["-d", damaged(tmp_path)], status=UNFIT)
    finding = only(document, "configuration")
    assert "04b4:8613" in finding["fact"]
    assert "clyde factory" in finding["fix"]
    assert document["devices"][0]["configured"] is False


def test_full_speed_is_a_warning():
    document = plugged(options=["--fault", "slow"], status=UNFIT)
    finding = only(document, "speed")
    assert finding["speed_kbit_per_s"] == 12000
    assert "full speed" in finding["fact"] and "cable" in finding["fix"]
    assert only(document, "device", "ok")  # The device works, but slowly.


@pytest.mark.parametrize("megabytes, verdict", [
    (1, "fix"), (4, "fix"), (5, "ok"), (16, "ok")])
def test_memory_is_compared_with_what_the_defaults_take(megabytes, verdict):
    document = plugged(options=["--memory", str(megabytes)],
                       status=UNFIT if verdict == "fix" else 0)
    finding = only(document, "memory", verdict)
    assert finding["limit_mb"] == megabytes
    assert ("usbfs_memory_mb" in (finding["fix"] or "")) == (verdict == "fix")


def test_a_device_that_does_not_answer_is_reported():
    document = plugged(options=["--fault", "mute@0x22"], status=UNFIT)
    assert "FPGA_STATUS" in only(document, "device")["fact"]


def test_without_a_device_the_finding_names_what_to_check():
    document = plugged("-d", "usb:", options=["--fault", "unplug@0"],
                       status=UNFIT)
    finding = only(document, "devices")
    assert document["devices"] == [] and "cable" in finding["fix"]


def test_several_devices_each_have_their_own_findings():
    keys = "virtual:devices=4,1.api=3,2.fault=slow,3.fault=denied"
    document = plugged("--firmware", "keep", options=["-d", keys],
                       status=UNFIT)
    assert [(finding["about"], finding["check"], finding["verdict"])
            for finding in document["findings"]
            if finding["about"].startswith("usb:")] == [
        ("usb:1:2", "device", "ok"), ("usb:1:2", "flash", "ok"),
        ("usb:1:3", "firmware", "fix"), ("usb:1:4", "speed", "fix"),
        ("usb:1:4", "device", "ok"), ("usb:1:4", "flash", "ok"),
        ("usb:1:5", "permission", "fix")]
    assert len(document["devices"]) == 4


# ---- Elsewhere ------------------------------------------------------------


@pytest.mark.skipif(HAS_USB, reason="this machine has USB")
def test_a_machine_without_usb_is_one_finding():
    done = clyde("doctor", status=UNFIT)
    library, line = done.stdout.splitlines()
    assert "libusb" in library and "no USB" in line
    assert only_line(done) == "1 thing to fix"


@pytest.mark.parametrize("keys, check", [
    ("", None), ("fault=busy", "busy"), ("fault=denied", "permission"),
    ("fault=slow", "speed"), ("api=0", "firmware"), ("api=3", "firmware"),
    ("fault=mute@0x22", "device")])
def test_a_virtual_device_is_examined_too(keys, check):
    done = clyde("-d", "virtual:" + keys, "doctor", "--json", "-",
                 "--firmware", "keep", status=UNFIT if check else 0)
    document = json.loads(done.stdout)
    assert to_fix(document) == ([check] if check else [])
    # libusb is not used by a virtual device.
    assert not found(document, "libusb")


def test_one_device_can_be_chosen():
    options = ["--devices", "2"]
    document = plugged("-s", "C3-20230101T120001Z", options=options)
    assert [device["uri"] for device in document["devices"]] == ["usb:1:3"]
    document = plugged("-d", "usb:1:2", options=options)
    assert [device["uri"] for device in document["devices"]] == ["usb:1:2"]
    plugged("-s", "nonesuch", options=options, status=NO_SERIAL)


def test_doctor_changes_nothing(tmp_path):
    done = clyde("-d", "virtual:api=3", "doctor", "--firmware",
                 str(tmp_path / "x.ihex"), status=USAGE)
    assert "--firmware" in only_line(done)


def test_keys_for_a_device_that_is_not_there_are_refused():
    done = clyde("-d", "virtual:devices=2,2.api=3", "list", status=USAGE)
    assert "device 2" in only_line(done)


@pytest.mark.parametrize("megabytes", ["0", "-1", "x", "1025", ""])
def test_absurd_memory_is_refused(megabytes):
    done = clyde("virtual", "--memory", megabytes, "--", "true", status=USAGE)
    assert "--memory" in only_line(done)


# A program that has the device open, in an environment of the emulated usbfs.
SELF = """
import fcntl, os, struct
fd = os.open("/dev/bus/usb/001/002", os.O_RDWR)
fcntl.ioctl(fd, 0x8004550f, struct.pack("I", 0))
print(os.readlink(f"/proc/self/fd/{fd}"))
"""


def test_a_reader_of_proc_sees_device_files_under_the_usbfs():
    text = subprocess.run(
        [CLYDE, "virtual", "--", "/usr/bin/python3", "-c", SELF],
        capture_output=True, text=True, timeout=SECONDS).stdout
    assert text == "/dev/bus/usb/001/002\n"
