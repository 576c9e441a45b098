#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the virtual Glasgow with a real kernel: boots Debian's under QEMU's
software emulation, plugs the device into its xHCI by usbredir, and runs jobs
in the guest.

    run.py --build BUILD [JOB...]

A job is a name from JOBS, or any shell command.  It runs in the guest, which
sees the host's files read-only under their own names, and can write to /run.
BUILD, SOURCE and VM are in its environment.  Its output is printed here,
except for lines that control the device: "@host pull" pulls the plug, "@host
plug" plugs it in again, "@host hangup" ends the usbredir server and starts
another, "@host executed" starts one whose device executes Clyde's firmware,
"@host model" one that does not, "@host bare" one whose device has no firmware,
"@host link" one that keeps its bus to real time.

The exit status is 0, or that of the last job that failed; 77 if this machine
cannot run the tests; 75 if they do not end within --timeout.
"""

import argparse
import os
import pathlib
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import kernel

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED, TIMEOUT = 77, 75

# name: command.  The command line can give more.
JOBS = {
    "enumerate": 'sh "$VM/guest-lsusb.sh"',
    "doctor": 'sh "$VM/guest-doctor.sh"',
    "conformance": 'sh "$VM/guest-conformance.sh"',
    "load": '"$STREAM" load',
    "source": '"$STREAM" source 32',
    "sink": '"$STREAM" sink 32',
    "loopback": '"$STREAM" loopback 16',
    "latency": '"$STREAM" latency 500',
    "cancel": '"$STREAM" cancel 16',
    "unplug": '"$STREAM" unplug pull',
    "hangup": '"$STREAM" unplug hangup',
    "own-firmware": 'sh "$VM/guest-own-firmware.sh"',
    "firmware": 'sh "$VM/guest-firmware.sh"',
    # In real time, partly filled transfers are cancelled and bytes come late.
    "paced": 'echo "@host link"; sleep 2; "$STREAM" load && '
             '"$STREAM" source 32 && "$STREAM" loopback 16 && '
             '"$STREAM" latency 500 && "$STREAM" cancel 16',
}

PREAMBLE = """
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run LC_ALL=C.UTF-8
export BUILD={build} SOURCE={source} VM={vm} STREAM={stream}
udevd=/lib/systemd/systemd-udevd
[ ! -x $udevd ] || $udevd --daemon >/dev/null 2>&1
failed=0
job() {{
	echo "@job $1"
	sh -c "$2"
	status=$?
	echo "@done $status"
	[ $status = 0 ] || failed=$status
}}
"""


def script(arguments):
    quoted = {
        "build": shlex.quote(str(arguments.build)),
        "source": shlex.quote(str(HERE.parent.parent)),
        "vm": shlex.quote(str(HERE)),
        "stream": shlex.quote(str(arguments.build / "tests/vm/guest-stream")),
    }
    text = PREAMBLE.format(**quoted)
    for job in arguments.jobs or JOBS:
        command = JOBS.get(job, job)
        text += f"job {shlex.quote(job)} {shlex.quote(command)}\n"
    return (text + "exit $failed\n").encode()


class Server:
    """A clyde virtual --listen, which can be restarted."""

    def __init__(self, arguments, path):
        self.command = [str(arguments.build / "cli/clyde"), "virtual",
                        "--listen", f"redir:{path}", "--pace", arguments.pace,
                        "-d", f"virtual:{arguments.device}"]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        line = self.process.stdout.readline()
        if not line.startswith("listening"):
            sys.exit(f"clyde virtual did not start: {line}")

    def stop(self):
        self.process.terminate()
        said = self.process.communicate(timeout=10)[0].splitlines()
        for line in said:
            if line != "clyde: interrupted":
                print(f"   {line}")
        status = self.process.returncode
        if status != 128 + signal.SIGTERM:
            print(f"clyde virtual ended with {status}")
        return status == 128 + signal.SIGTERM

    def obey(self, word):
        more = {"hangup": [], "bare": ["--api", "0"],
                "executed": ["-d", "virtual:firmware=clyde"],
                "model": ["-d", "virtual:"],
                "link": ["--api", "9", "--pace", "link"]}
        if word in more:
            self.stop()
            self.command += more[word]
            self.start()
        else:
            self.process.send_signal(
                {"pull": signal.SIGUSR1, "plug": signal.SIGUSR2}[word])


def qemu(boot, initrd, socket):
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config",
            "-no-reboot", "-display", "none", "-machine", "q35",
            "-accel", "tcg", "-cpu", "max",
            # With two processors, the emulation sometimes hangs.
            "-smp", "1", "-m", "768",
            "-kernel", str(boot), "-initrd", str(initrd),
            "-append", "console=ttyS0 quiet panic=-1",
            "-serial", "stdio",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,"
                       "readonly=on,multidevs=remap",
            "-chardev", f"socket,id=redir,path={socket},reconnect=1",
            "-device", "qemu-xhci,id=xhci",
            "-device", "usb-redir,chardev=redir,bus=xhci.0"]


class Guest:
    """A running QEMU: its output lines, with the times at which they came."""

    def __init__(self, command, timeout):
        self.began = time.monotonic()
        self.end = self.began + timeout
        self.rest = b""
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def lines(self):
        """Yields lines until QEMU ends; raises TimeoutError if that takes too
        long."""
        out = self.process.stdout.fileno()
        while True:
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise TimeoutError
            data = os.read(out, 65536)
            if not data:
                return
            *whole, self.rest = (self.rest + data).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")

    def seconds(self):
        return time.monotonic() - self.began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()


def watch(guest, server):
    """Prints the guest's output, and obeys its "@host" lines."""
    name, since = "", 0.0
    for line in guest.lines():
        word, _, rest = line.partition(" ")
        if word == "@host":
            server.obey(rest)
        elif word == "@job":
            name, since = rest, guest.seconds()
            print(f"== {name}", flush=True)
        elif word == "@done":
            verdict = "ok" if rest == "0" else f"FAILED, status {rest}"
            print(f"   {verdict}, {guest.seconds() - since:.1f} s", flush=True)
        elif word == "@vm" and rest.startswith("up"):
            print(f"== up after {guest.seconds():.1f} s", flush=True)
        else:
            print(f"   {line}", flush=True)


def check_machine(arguments):
    for program in ("qemu-system-x86_64", "dpkg-deb", "apt-get", "lsusb"):
        if not shutil.which(program):
            raise kernel.Missing(f"there is no {program}")
    if not (arguments.build / "cli/clyde").exists():
        sys.exit(f"{arguments.build}: there is no cli/clyde")


def boot(arguments, folder):
    path = pathlib.Path(folder)
    unpacked = kernel.obtain(arguments.cache)
    (path / "initrd").write_bytes(kernel.initrd(
        unpacked, (HERE / "init.sh").read_bytes(), script(arguments)))
    server = Server(arguments, path / "redir")
    guest = Guest(qemu(kernel.bootable(unpacked), path / "initrd",
                       path / "redir"), arguments.timeout)
    try:
        watch(guest, server)
        status = guest.process.wait(timeout=10)
    except TimeoutError:
        print(f"no end within {arguments.timeout} s")
        status = TIMEOUT << 1 | 1
    finally:
        guest.close()
        clean = server.stop()
    print(f"== ended after {guest.seconds():.1f} s")
    # The debug port exits with 2n + 1 for n; any other status is QEMU's own.
    if status < 0 or status % 2 == 0:
        print(f"QEMU ended with {status}")
        return 70
    return status >> 1 or (0 if clean else 70)


def main():
    parser = argparse.ArgumentParser(
        description="Run jobs in a real kernel that has a virtual Glasgow.")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path,
                        help="where kernels are kept (BUILD/vm)")
    parser.add_argument("--pace", default="off", choices=("off", "link"))
    parser.add_argument("--device", default="", metavar="KEY=VALUE,...")
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("jobs", nargs="*", metavar="JOB")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    arguments.cache = (arguments.cache or arguments.build / "vm").resolve()
    try:
        check_machine(arguments)
        with tempfile.TemporaryDirectory(prefix="clyde-vm-") as folder:
            return boot(arguments, folder)
    except kernel.Missing as missing:
        print(f"skipped: {missing}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
