# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Runs inside `clyde virtual`: clients one after the other; some run
undisturbed, some are stopped and continued, some are killed, some have the
cable pulled.  Each client that was not killed must have moved and verified all
its bytes.  Prints counts and violations."""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from parts import memory_kib

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MIB = 1 << 20
PIECE = 65536       # Clients in Python move a multiple of this.
BOUND_S = 300       # The longest run of any client, on the busiest machine.
UNPLUG_S = 100      # From a client's start until it has reported the unplug.
BACK_S = 100        # Until the device is there again.
GROWN_KIB = 4096
# Clients until clyde virtual has allocated all that it needs.
WARM_UP = 6
NO_DEVICE, UNPLUGGED = 69, 85
SERIALS = ["C3-20230101T120000Z", "C3-20230101T120001Z"]
MODES = ["source", "sink", "loopback"]
# The exit statuses of a client by the signal that ended it.  The tool returns
# a status of its own, or is killed by a signal that comes before its handler
# is installed.  Python has statuses of its own.
ENDS = {signal.SIGKILL: {-9}, signal.SIGTERM: {143, -15},
        signal.SIGINT: {130, -2}}
PYTHON_ENDS = {signal.SIGKILL: {-9}, signal.SIGTERM: {143, -15},
               signal.SIGINT: {130, -2, 1}}


class Client:
    """One process that moves bytes, and the report that it must make."""

    def __init__(self, soak, mode, size, python=None, serial=SERIALS[0]):
        self.mode, self.size, self.python = mode, size, python
        self.folder = tempfile.TemporaryDirectory()
        self.report = pathlib.Path(self.folder.name, "report")
        if python:
            self.report.write_bytes(bytes(16))
            command = [python, "-B", SOURCE / "bench/client_clyde.py", mode,
                       size, 0, self.report]
        else:
            command = [soak.clyde, "-d", "usb:", "--serial", serial, "run",
                       "benchmark", "-c", size, mode, "--json", self.report]
        self.log = open(f"{self.folder.name}/log", "w+")
        self.words = " ".join(str(word) for word in command)
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if python else self.log, stderr=self.log,
            text=True)

    def end(self, seconds=BOUND_S):
        """Returns its status, or None if it hung; the process has ended in
        both cases."""
        try:
            self.out, _ = self.process.communicate(timeout=seconds)
            return self.process.returncode
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return None

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def verified(self):
        """Returns whether its report says that all bytes were moved and were
        right."""
        try:
            if self.python:
                return json.loads(self.out)["bytes"] == self.size
            row, = json.loads(self.report.read_text())["modes"]
        except ValueError:
            return False
        return (row["complete"] and row["errors"] == 0 and
                row["bytes"] == self.size)

    def close(self):
        self.log.close()
        self.folder.cleanup()


class Soak:
    def __init__(self, options):
        self.random = random.Random(options.seed)
        self.clyde = options.build / "cli/clyde"
        self.devices = options.devices
        self.size = (16 if options.pace == "link" else 256) * MIB
        self.counts = collections.Counter()
        self.wrong = []
        self.pythons = [python for python in ("/usr/bin/python3", "pypy3")
                        if shutil.which(python) and subprocess.run(
                            [python, "-c", "import cffi"], check=False,
                            capture_output=True).returncode == 0]

    def violation(self, client, what):
        self.wrong.append(f"{what}: {client.words}: {client.said()}")

    def client(self, **more):
        size, python = self.random.randrange(1, self.size), None
        if self.devices == 1 and self.pythons and self.random.random() < 0.25:
            python = self.random.choice(self.pythons)
            size = (size // PIECE + 1) * PIECE
            self.counts["python"] += 1
        self.counts["clients"] += 1
        return Client(self, self.random.choice(MODES), size, python=python,
                      **more)

    def must_verify(self, client, what):
        status = client.end()
        if status is None:
            self.violation(client, f"{what}, hung")
        elif status != 0 or not client.verified():
            self.violation(client, f"{what}, status {status}")
        else:
            self.counts["verified"] += 1
            self.counts["bytes"] += client.size
        client.close()

    def undisturbed(self, client):
        self.must_verify(client, "left undisturbed")

    def stopped(self, client):
        for _ in range(self.random.randint(1, 3)):
            time.sleep(self.random.uniform(0, 0.1))
            if client.process.poll() is not None:
                break
            client.process.send_signal(signal.SIGSTOP)
            # Sometimes longer than it would wait for a byte.
            time.sleep(self.random.choice([0.01, 0.1, 0.3, 1.3]))
            client.process.send_signal(signal.SIGCONT)
            self.counts["stopped"] += 1
        self.must_verify(client, "stopped and continued")

    def killed(self, client):
        number = self.random.choice(list(ENDS))
        time.sleep(self.random.uniform(0, 0.3))
        client.process.send_signal(number)
        status = client.end()
        ends = (PYTHON_ENDS if client.python else ENDS)[number]
        if status is None:
            self.violation(client, f"hung after {number.name}")
        elif status not in ends | {0}:
            self.violation(client, f"{number.name} ended it with {status}")
        elif status == 0 and not client.verified():
            self.violation(client, "not verified")
        elif status != 0:
            self.counts["killed"] += 1
        client.close()

    def run_one(self):
        """Runs a client, and sometimes another one on the second device
        meanwhile."""
        beside = None
        if self.devices == 2 and self.random.random() < 0.7:
            beside = self.client(serial=SERIALS[1])
        self.random.choice([self.undisturbed, self.stopped, self.killed,
                            self.killed])(self.client())
        if beside:
            self.must_verify(beside, "beside another")

    def plugged(self, seconds):
        """Runs clients for this time; then the files and memory of clyde
        virtual must be as before."""
        end = time.monotonic() + seconds
        for mode in MODES * (WARM_UP // len(MODES)):
            self.must_verify(Client(self, mode, 8 * MIB), "at first")
        before, files = memory_kib(os.getppid()), open_files()
        while time.monotonic() < end:
            self.run_one()
        self.must_verify(Client(self, "loopback", MIB), "at last")
        grown = memory_kib(os.getppid()) - before
        self.counts["grown_kib"] = max(grown, 0)
        if grown > GROWN_KIB:
            self.wrong.append(f"clyde virtual grew by {grown} KiB")
        if open_files() > files:
            self.wrong.append(
                f"clyde virtual had {files} files open, has {open_files()}")

    def unplugged(self):
        """Runs a client until the cable is pulled, which must end it whatever
        it does."""
        client = Client(self, self.random.choice(MODES), 1 << 40)
        self.counts["clients"] += 1
        status, said = client.end(UNPLUG_S), client.said()
        errors = [line for line in said.splitlines()
                  if line.startswith("clyde: ")]
        if status is None:
            self.violation(client, "hung after the cable was pulled")
        elif status not in (UNPLUGGED, NO_DEVICE):
            self.violation(client, f"unplugged, status {status}")
        elif len(errors) != 1 or "MiB/s" in said and not re.search(
                r"good up to byte 0x[0-9a-f]+$|, after \d+ good bytes", said,
                re.MULTILINE):
            self.violation(client, "unplugged, and not one line that names "
                           "the offset")
        self.counts["unplugs"] += 1
        client.close()
        end = time.monotonic() + BACK_S
        while subprocess.run(
                [self.clyde, "-d", "usb:", "info"], check=False,
                capture_output=True).returncode != 0:
            if time.monotonic() > end:
                self.wrong.append("the device did not come back")
                return
            time.sleep(0.05)
        for mode in MODES:
            self.counts["clients"] += 1
            self.must_verify(Client(self, mode, MIB), "plugged in again")


def open_files():
    """Returns the number of files of clyde virtual; a few samples, as it takes
    a moment to close one."""
    counts = []
    for _ in range(20):
        counts.append(len(os.listdir(f"/proc/{os.getppid()}/fd")))
        time.sleep(0.01)
    return min(counts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--pace", choices=["off", "link"], required=True)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--unplugged", action="store_true")
    options = parser.parse_args()
    soak = Soak(options)
    if options.unplugged:
        soak.unplugged()
    else:
        soak.plugged(options.seconds)
    print(json.dumps({"counts": soak.counts, "wrong": soak.wrong}))


if __name__ == "__main__":
    main()
