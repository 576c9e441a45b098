# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Inside `clyde virtual`: clients one after the other, some left alone, some
stopped and continued, some killed, some with the cable pulled.  Who was not
killed must have moved and verified all; prints counts and violations."""

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
PIECE = 65536       # of which Python's clients move a whole number
BOUND_S = 300       # of any client, on the busiest machine
UNPLUG_S = 100      # until a client has noticed, from its start
BACK_S = 100        # until the device is there again
GROWN_KIB = 4096
WARM_UP = 6         # clients until clyde virtual has all it needs
NO_DEVICE, UNPLUGGED = 69, 85
SERIALS = ["C3-20230101T120000Z", "C3-20230101T120001Z"]
MODES = ["source", "sink", "loopback"]
# By signal, how a client may end: the tool, which ends itself, or by the
# signal while it has no handler yet; Python, which has its own ideas.
ENDS = {signal.SIGKILL: {-9}, signal.SIGTERM: {143, -15},
        signal.SIGINT: {130, -2}}
PYTHON_ENDS = {signal.SIGKILL: {-9}, signal.SIGTERM: {143, -15},
               signal.SIGINT: {130, -2, 1}}


class Client:
    """One process that moves bytes, and what it must say in the end."""

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
        """Its status, or None if it hung; it has ended then too."""
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
        """Whether it says that all bytes have crossed and were right."""
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

    def alone(self, client):
        self.must_verify(client, "left alone")

    def stopped(self, client):
        for _ in range(self.random.randint(1, 3)):
            time.sleep(self.random.uniform(0, 0.1))
            if client.process.poll() is not None:
                break
            client.process.send_signal(signal.SIGSTOP)
            # Longer at times than it would wait for a byte.
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

    def one(self):
        """A client, and at times another on the second device meanwhile."""
        beside = None
        if self.devices == 2 and self.random.random() < 0.7:
            beside = self.client(serial=SERIALS[1])
        self.random.choice([self.alone, self.stopped, self.killed,
                            self.killed])(self.client())
        if beside:
            self.must_verify(beside, "beside another")

    def plugged(self, seconds):
        """For so long; then clyde virtual must be as it was."""
        end = time.monotonic() + seconds
        for mode in MODES * (WARM_UP // len(MODES)):
            self.must_verify(Client(self, mode, 8 * MIB), "at first")
        before, files = memory_kib(os.getppid()), open_files()
        while time.monotonic() < end:
            self.one()
        self.must_verify(Client(self, "loopback", MIB), "at last")
        grown = memory_kib(os.getppid()) - before
        self.counts["grown_kib"] = max(grown, 0)
        if grown > GROWN_KIB:
            self.wrong.append(f"clyde virtual grew by {grown} KiB")
        if open_files() > files:
            self.wrong.append(
                f"clyde virtual had {files} files open, has {open_files()}")

    def unplugged(self):
        """A client that the pulled cable ends, whatever it is doing."""
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
    """How many clyde virtual has; what has just closed takes a moment."""
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
