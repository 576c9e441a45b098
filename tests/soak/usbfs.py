# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The part usbfs of scripts/soak: one `clyde virtual` after the other, each
with clients.py inside, until the time is over.  Adds up what they counted."""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
SESSION_S = 15
BOUND_S = 1200  # Beyond the session's own time.
LINE = ("sessions", "clients", "verified", "stopped", "killed", "unplugs",
        "bytes", "python")


def plan(draw, seconds):
    """Draws a session: the options of clyde virtual and those of
    clients.py."""
    pace = draw.choice(["off", "link"])
    devices, keys, clients = 1, "", ["--seconds", f"{seconds:.1f}"]
    if draw.random() < 0.4:
        at = draw.randrange(100, 2000) * 1000
        back = at + draw.randrange(1, 1500) * 1000
        keys = f",fault=unplug@{at},fault=replug@{back}"
        clients = ["--unplugged"]
    elif draw.random() < 0.3:
        devices = 2
    return (["--pace", pace, "-d",
             f"virtual:configured=1,devices={devices}{keys}"],
            ["--pace", pace, "--devices", devices, *clients])


def session(options, number, seconds):
    """Runs a session; returns the counts of clients.py, and what went
    wrong."""
    draw = random.Random(f"{options.seed}:{number}")
    virtual, clients = plan(draw, seconds)
    command = [options.build / "cli/clyde", "virtual", *virtual, "--",
               "/usr/bin/python3", "-B", FOLDER / "clients.py", "--build",
               options.build, "--seed", f"{options.seed}:{number}", *clients]
    words = " ".join(map(str, command))
    counts, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env=dict(os.environ, TMPDIR=folder))
        try:
            out, err = process.communicate(timeout=seconds + BOUND_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return counts, [f"not over after {seconds + BOUND_S} s: {words}"]
        try:
            said = json.loads(out)
            counts, wrong = said["counts"], said["wrong"]
        except ValueError:
            wrong = [f"said {out!r}"]
        if process.returncode or err:
            wrong.append(f"status {process.returncode}: {err}")
        if list(pathlib.Path(folder).iterdir()):
            wrong.append(f"left behind: {os.listdir(folder)}")
        try:
            os.killpg(process.pid, signal.SIGKILL)
            wrong.append("a process outlived clyde virtual")
        except ProcessLookupError:
            pass
    return counts, [f"{text}; by {words}" for text in wrong]


def run(options):
    total, wrong = collections.Counter(), []
    grown = 0
    end = time.monotonic() + options.usbfs_minutes * 60
    while (left := end - time.monotonic()) > 0:
        counts, more = session(options, total["sessions"],
                               min(SESSION_S, left))
        total["sessions"] += 1
        grown = max(grown, counts.pop("grown_kib", 0))
        total.update(counts)
        wrong += more
    return (", ".join(f"{total[name]} {name}" for name in LINE) +
            f", clyde virtual grew by {grown} KiB at most", wrong)
