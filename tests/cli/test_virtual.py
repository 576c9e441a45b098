# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests programs under `clyde virtual`: real libusb over the emulated usbfs.

CLYDE is the path to the binary; the programs are beside it in the build.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
STREAM = CLYDE.parents[1] / "bench/libusb-stream"
CLIENT = CLYDE.parents[1] / "tests/usbfs-client"
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
SECONDS = 600

CONFIGURED = ("-d", "virtual:configured=1")
USAGE, NOT_EXECUTABLE, NOT_FOUND, UNPLUGGED = 64, 126, 127, 85
TRANSFER_FAILED = 74

needs_libusb = pytest.mark.skipif(not STREAM.exists(),
                                  reason="no libusb-1.0-0-dev")


def whole(done):
    """Returns a string that pytest prints whole."""
    text = ["" if part is None else
            part.decode(errors="replace") if isinstance(part, bytes) else part
            for part in (done.stdout, done.stderr)]
    return "\n---- stdout\n{}\n---- stderr\n{}".format(*text)


def under(*command, options=CONFIGURED, status=0, **more):
    try:
        done = subprocess.run(
            [CLYDE, "virtual", *options, "--", *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS, **more)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"not over after {SECONDS} s{whole(late)}")
    assert done.returncode == status, f"{done.returncode}{whole(done)}"
    return done


def refused(*arguments, status=USAGE):
    done = subprocess.run([CLYDE, "virtual", *arguments], text=True,
                          capture_output=True, timeout=SECONDS)
    assert done.returncode == status, done
    assert re.fullmatch(r"clyde: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


# ---- COMMAND --------------------------------------------------------------


def test_the_status_of_the_command_is_passed_on():
    under("true")
    for status in 7, 64, 126, 128, 130, 143, 255:
        under("sh", "-c", f"exit {status}", status=status)
    under("sh", "-c", "kill -9 $$", status=128 + 9)


def test_a_command_that_cannot_run_is_one_line_with_the_status_of_a_shell():
    assert "nonesuch" in refused("--", "nonesuch", status=NOT_FOUND)
    assert "passwd" in refused("--", "/etc/passwd", status=NOT_EXECUTABLE)


@pytest.mark.parametrize("arguments", [
    [],
    ["--pace", "warp", "--", "true"],
    ["--devices", "0", "--", "true"],
    ["--devices", "9", "--", "true"],
    ["--revision", "D0", "--", "true"],
    ["--fault", "gremlins", "--", "true"],
    ["--fault", "done,health", "--", "true"],
    ["--fault", "x" * 300, "--", "true"],
    ["-d", "usb:", "--", "true"],
    ["-d", "virtual:nonsense=1", "--", "true"],
])
def test_a_malformed_line_is_refused_in_one_line(arguments):
    refused(*arguments)


def test_options_of_the_command_are_passed_on():
    assert under("echo", "--devices", "-h").stdout == "--devices -h\n"


def test_a_signal_for_clyde_reaches_the_command():
    process = subprocess.Popen(
        [CLYDE, "virtual", "--", "sh", "-c",
         "trap 'exit 5' TERM; echo up; while :; do sleep 0.01; done"],
        stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 5


def test_no_file_is_left_behind(tmp_path):
    under("true", env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_the_environment_of_the_loader_and_sanitizers_is_kept():
    shown = under("sh", "-c", "echo $ASAN_OPTIONS", env=dict(
        os.environ, ASAN_OPTIONS="exitcode=9")).stdout
    assert shown.endswith(":exitcode=9\n")


# ---- What a program sees
# -----------------------------------------------------

needs_lsusb = pytest.mark.skipif(not shutil.which("lsusb"),
                                 reason="no usbutils")


@needs_lsusb
def test_lsusb_shows_the_descriptors_of_the_protocol():
    text = under("lsusb", "-v", "-d", "20b7:9db1",
                 options=["--revision", "C2"]).stdout
    for expected in [
        r"bcdDevice +9\.32", r"idProduct +0x9db1",
        r"iProduct +2 Glasgow Interface Explorer; git",
        r"iSerial +3 C2-20230101T120000Z", r"bNumInterfaces +5",
    ]:
        assert re.search(expected, text), expected
    settings = re.findall(
        r"bInterfaceNumber +(\d).*?bAlternateSetting +(\d).*?"
        r"bNumEndpoints +(\d)", text, re.DOTALL)
    alternates = [2, 5, 2, 3, 2]
    assert [(int(i), int(a)) for i, a, n in settings] == [
        (i, a) for i, count in enumerate(alternates) for a in range(count)]
    assert all((a == "0") == (n == "0") for i, a, n in settings)
    endpoints = set(re.findall(r"bEndpointAddress +0x(\w\w)", text))
    assert endpoints == {"01", "81", "02", "04", "86", "88"}
    assert set(re.findall(r"wMaxPacketSize +0x0(\w+)", text)) == {"200"}


@needs_lsusb
def test_several_devices_have_serial_numbers_of_their_own():
    text = under("lsusb", "-v", options=["--devices", "3"]).stdout
    assert sorted(re.findall(r"iSerial +3 (.+)", text)) == [
        f"C3-20230101T12000{i}Z" for i in range(3)]


@needs_lsusb
def test_lsusb_shows_the_tree_from_the_root_hub_on():
    lines = under("lsusb", "-t", options=["--devices", "2"]).stdout.split("\n")
    assert re.fullmatch(r"/:  Bus 0*1\.Port 0*1: Dev 0*1, Class=root_hub, "
                        r"Driver=clyde_hcd/8p, 480M", lines[0])
    rows = [re.fullmatch(r"    \|__ Port 0*(\d): Dev 0*(\d), If (\d), "
                         r"Class=Vendor Specific Class, "
                         r"Driver=(?:\[none\])?, 480M", line)
            for line in lines[1:-1]]
    assert sorted(tuple(map(int, row.groups())) for row in rows) == [
        (port, port + 1, interface)
        for port in (1, 2) for interface in range(5)]


@needs_lsusb
def test_the_root_hub_is_listed_and_cannot_be_opened():
    assert "Bus 001 Device 001: ID 1d6b:0002" in under("lsusb").stdout
    parent = "/sys/bus/usb/devices/1-1/.."
    assert under("cat", parent + "/idVendor",
                 parent + "/idProduct").stdout == "1d6b\n0002\n"
    done = under(sys.executable, "-c",
                 "import os; os.open('/dev/bus/usb/001/001', os.O_RDWR)",
                 status=1)
    assert "PermissionError" in done.stderr


@pytest.mark.skipif(not os.path.isdir("/sys/devices/system/cpu"),
                    reason="this machine shows no /sys")
def test_the_rest_of_sys_is_that_of_the_machine():
    here = sorted(os.listdir("/sys/devices/system/cpu"))
    text = under(sys.executable, "-c", "import os; print(*sorted(os.listdir("
                 "'/sys/devices/system/cpu')))").stdout
    assert text.split() == here


def test_a_device_file_has_the_type_and_number_of_one():
    text = under("stat", "-c", "%F", "/dev/bus/usb/001/002").stdout
    assert text == "character special file\n"


# ---- Real libusb; tests/conformance over it is Meson's -----------------------


@pytest.mark.parametrize("mode", ["source", "sink", "loopback", "latency"])
def test_the_benchmark_runs_over_libusb(mode):
    text = under(CLYDE, "run", "benchmark", "-c", "4MiB", mode).stdout
    assert "link usb: the device is virtual" in text
    assert re.search(rf"^{mode} ", text, re.M) and "ended early" not in text


# ---- Faults of the bus, which the library meets as in its own process ------

ENDS = {
    "halt@t2/0x86": "EP6 IN: the endpoint stalled; good up to byte ",
    "fail@t2/0x86": "EP6 IN: a transfer failed; good up to byte ",
    "babble@t2/0x86": "EP6 IN: the device sent more than a transfer holds; good ",
    # A refused submit is "a transfer failed", and over libusb, which hides the
    # kernel's reason, "another program has reset the device".
    "refuse@t2/0x86": "; good up to byte 0",
    "nomem@t1/0x86": "EP6 IN: the system has no memory for USB transfers",
    "never@t2/0x86": "EP6 IN: no data before the deadline; good up to byte ",
    "reset@p300": "EP6 IN: another program has reset the device, or taken it; "
                  "good up to byte ",
    "nack@0x50": "the device refused FPGA_SET_REG",
    "pull@100": "the device was unplugged",
    "error@0x28:1": "the device refused FPGA_SET_REG",
}


def both_ways(fault, *arguments):
    """Runs the same program in its own process, and over libusb and usbfs."""
    command = [CLYDE, "run", "benchmark", "-c", "8MiB", "--depth", "4",
               *arguments]
    yield subprocess.run(
        [*command, "-d", f"virtual:configured=1,fault={fault}"],
        capture_output=True, text=True, timeout=SECONDS)
    yield subprocess.run(
        [CLYDE, "virtual", *CONFIGURED, "--fault", fault, "--", *command],
        capture_output=True, text=True, timeout=SECONDS)


@pytest.mark.parametrize("fault", ENDS)
def test_a_fault_ends_a_stream_with_the_same_line_over_both_links(fault):
    for done in both_ways(fault, "source"):
        assert done.returncode not in (0, USAGE), done
        line = done.stderr.splitlines()[-1]
        assert line.startswith("clyde: ") and ENDS[fault] in line, done


@pytest.mark.parametrize("mode", ["loopback", "latency"])
def test_when_no_bytes_come_back_the_error_is_that_of_the_out_pipe(mode):
    done = subprocess.run(
        [CLYDE, "-d", "virtual:configured=1,fault=fail@t1/0x02", "run",
         "benchmark", "-c", "843", mode], capture_output=True, text=True,
        timeout=SECONDS)
    assert done.returncode == TRANSFER_FAILED, done
    assert done.stderr == (f"clyde: {mode}: EP2 OUT: a transfer failed; "
                           "good up to byte 0\n")


def test_an_error_of_the_out_pipe_is_reported_behind_a_lost_completion():
    done = subprocess.run(
        [CLYDE, "-d", "virtual:configured=1,fault=never@p8/0x02,"
         "fault=halt@p10/0x02", "run", "benchmark", "-c", "8KiB",
         "--transfer-size", "512", "loopback"], capture_output=True, text=True,
        timeout=SECONDS)
    assert done.returncode == TRANSFER_FAILED, done
    assert done.stderr == ("clyde: loopback: EP2 OUT: the endpoint stalled; "
                           "good up to byte 0x1200\n")


@pytest.mark.parametrize("fault", [
    "cut@p3/0x86:5", "zlp@b10000", "nak@t1:5000", "late@t2:5000", "burst@t1:4",
    "delay@0x28:5000", "nomem@t2/0x86"])
def test_a_fault_that_loses_nothing_changes_no_result(fault):
    for done in both_ways(fault, "source", "loopback"):
        assert done.returncode == 0, done
        assert "ended early" not in done.stdout


def test_corrupted_data_is_reported_with_its_place_and_kind():
    for fault, says in {
            "drop@0x4000:0x400": "0x4000: expected 0xbe, got 0x9e; the "
                                 "sequence resumes at 0x4400: a gap of 0x400",
            "flip@0x4000": "0x4000: expected 0xbe, got 0xae; the sequence "
                           "goes on after 1 bad byte, nothing is missing",
            "repeat@0x4000": "0x4200: expected 0x39, got 0xbe; the sequence "
                             "resumes at 0x4000: 0x200 bytes came twice",
    }.items():
        for mode in "source", "sink", "loopback":
            for done in both_ways(fault, mode):
                assert done.returncode != 0
                assert says in done.stderr, done


def test_a_wrong_fault_is_refused_in_one_line():
    for fault, says in {
            "halt@t0": "transfers and packets are counted from 1",
            "halt@t1/3": "an endpoint is one of 0x01 0x81 0x02 0x04",
            "cut@t1": "this kind needs an amount",
            "gremlins": "there is no such kind",
            "seed@1:99": "a seed draws 1 to 32 faults",
    }.items():
        assert f"fault={fault} is not a fault: {says}" in refused(
            "--fault", fault, "--", "true")


def test_a_seed_prints_what_it_has_drawn_and_repeats():
    runs = [subprocess.run(
        [CLYDE, "-d", "virtual:configured=1,fault=seed@7:5", "--log", "info",
         "run", "benchmark", "-c", "64KiB"],
        capture_output=True, text=True, timeout=SECONDS) for _ in range(2)]
    assert runs[0].returncode == runs[1].returncode
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stderr == runs[1].stderr
    drawn = re.findall(r"drawn: fault=(\S+)", runs[0].stderr)
    assert len(drawn) == 5
    # The drawn faults can also be given by name.
    named = subprocess.run(
        [CLYDE, "-d", "virtual:configured=1," + ",".join(
            f"fault={fault}" for fault in drawn),
         "run", "benchmark", "-c", "64KiB"],
        capture_output=True, text=True, timeout=SECONDS)
    assert named.returncode == runs[0].returncode
    assert named.stdout == runs[0].stdout


def test_a_seed_for_a_command_prints_what_it_has_drawn():
    once, twice = [under("true", options=["--fault", "seed@42:4"]).stderr
                   for _ in range(2)]
    assert once == twice
    assert len(re.findall(r"^clyde: note: drawn: fault=\S+$", once,
                          re.M)) == 4


WAIT_AND_LIST = """
"$0" run benchmark source 2>&1
until "$0" list 2>/dev/null; do sleep 0.05; done
"""


@needs_libusb
@pytest.mark.parametrize("fault, serial", [
    ("replug@1us", "20230101T120000Z"), ("swap@1us", "20230101T120001Z")])
def test_a_device_is_plugged_in_again(fault, serial):
    text = under("sh", "-c", WAIT_AND_LIST, CLYDE, options=[
        *CONFIGURED, "--fault", "pull@100", "--fault", fault]).stdout
    assert "the device was unplugged" in text
    assert f"C3-{serial}" in text.splitlines()[-1]
    assert text.splitlines()[-1].endswith("usb:1:3")


# ---- Streams and faults
# ------------------------------------------------------


@needs_libusb
@pytest.mark.parametrize("mode", ["source", "sink", "loopback", "latency"])
@pytest.mark.parametrize("pace", ["off", "link"])
def test_every_byte_of_a_stream_is_right(mode, pace):
    mib = 1 if mode == "latency" else 8
    done = under(STREAM, mode, mib, options=[*CONFIGURED, "--pace", pace])
    assert done.stdout.endswith("every byte is right\n")


@needs_libusb
@pytest.mark.parametrize("size", [512, 4096, 16384, 1 << 20])
def test_any_size_streams_with_and_without_scatter_gather(size):
    for more in [[], ["--no-scatter-gather"]]:
        under(STREAM, "loopback", 4, size, 8, options=[*CONFIGURED, *more])


@needs_libusb
def test_a_flipped_byte_is_found():
    done = under(STREAM, "source", 1, status=1,
                 options=[*CONFIGURED, "--fault", "flip@100000"])
    assert "DATA IS WRONG" in done.stdout


@needs_libusb
@pytest.mark.parametrize("mode", ["source", "sink", "loopback"])
def test_unplugged_while_streaming_ends_at_once(mode):
    # The whole run would take hours.
    done = under(STREAM, mode, 1000000, status=UNPLUGGED, options=[
        *CONFIGURED, "--pace", "link", "--fault", "pull@100"])
    assert "unplugged" in done.stderr


SCENES = {
    "busy": [], "killed": [], "cancel": [], "memory": [], "echo": [],
    "zero": [], "mapped": [], "neighbours": [], "interrupted": [],
    "stall": [], "reset": [], "threads": [],
    "forks": [], "wrapped": [], "partial": ["--pace", "link"],
    "unplug": ["--fault", "pull@100"],
    "hotplug": ["--fault", "pull@100"],
}


@needs_libusb
@pytest.mark.parametrize("scene", SCENES)
def test_a_careless_program_gets_the_results_of_the_kernel(scene):
    options = [*CONFIGURED, *SCENES[scene]]
    assert under(CLIENT, scene, options=options).stdout == "done\n"


@needs_libusb
def test_echoes_are_whole_when_libusb_splits_and_in_real_time():
    under(CLIENT, "echo", options=[*CONFIGURED, "--no-scatter-gather"])
    under(CLIENT, "echo", options=[*CONFIGURED, "--pace", "link"])


def sanitizers():
    return [(compiler, flag) for compiler in ["gcc", "clang"]
            for flag in ["address,undefined", "thread"]
            if shutil.which(compiler)]


@needs_libusb
@pytest.mark.parametrize("compiler, flag", sanitizers())
def test_a_sanitized_program_runs(compiler, flag, tmp_path):
    binary = tmp_path / "stream"
    libusb = subprocess.run(["pkg-config", "--cflags", "--libs", "libusb-1.0"],
                            check=True, capture_output=True, text=True)
    subprocess.run([compiler, "-g", f"-fsanitize={flag}",
                    str(SOURCE / "bench/libusb-stream.c"), "-o",
                    str(binary), *libusb.stdout.split()], check=True)
    under(binary, "loopback", 1)


PYTHON = """
import usb1
with usb1.USBContext() as context:
    ids = [each.getVendorID() for each in context.getDeviceList()]
    assert sorted(ids) == [0x1d6b, 0x20b7]  # the root hub, the device
    handle = context.openByVendorIDAndProductID(0x20b7, 0x9db1)
    for interface, setting in (0, 1), (3, 2):
        handle.claimInterface(interface)
        handle.setInterfaceAltSetting(interface, setting)
    # the benchmark core on EP6, and to work
    for write in [0x08, 0, 0, 1, 0], [0x50, 1]:
        handle.bulkWrite(1, bytes([1, 0x28] + write), 1000)
        assert bytes(handle.bulkRead(0x81, 64, 1000)) == bytes([1, 0])
    total = 0
    def completed(transfer):
        global total
        assert transfer.getStatus() == usb1.TRANSFER_COMPLETED
        total += transfer.getActualLength()
        if total < 8 << 20:
            transfer.submit()
    transfers = [handle.getTransfer() for i in range(16)]
    for transfer in transfers:
        transfer.setBulk(0x86, 65536, completed)
        transfer.submit()
    while any(transfer.isSubmitted() for transfer in transfers):
        context.handleEvents()
    assert total >= 8 << 20
"""


@pytest.mark.parametrize("python", ["/usr/bin/python3", "pypy3"])
def test_python_libusb1_streams(python):
    path = pathlib.Path("/usr/lib/python3/dist-packages")
    if not (path / "usb1").exists() or not shutil.which(python):
        pytest.skip("no python3-libusb1, or no " + python)
    under(python, "-c", PYTHON, env=dict(os.environ, PYTHONPATH=str(path)))
