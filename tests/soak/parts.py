# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The parts of scripts/soak that are one program each: an hour on the virtual
link, seeds of the simulation, the model of the tree of objects.  Each part
takes the options, and returns a line with figures and a list of violations."""

import json
import math
import pathlib
import re
import subprocess
import tempfile
import time

MIB = 1 << 20
# Bytes a second of loopback: see docs/virtual-time.md.
BOTH_WAYS = 512 * 48e6 / 516
FLAT_KIB = 1024
# Seconds of link time.  A run moves 23 MiB in each direction in it, and both
# rings have 2 MiB.
WARM_UP_S = 1
LINK_SECONDS_MIN = 2 * WARM_UP_S


def memory_kib(pid):
    """Returns the memory of a process, 0 if it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def loopback(build, seconds):
    """Makes one run of this much link time; returns its exit status, its
    output, the rows of its report, the bytes that it was to move, and its peak
    memory in KiB.

    The peak is what wait4() reports to time(1).  Nothing is sampled, so it
    depends neither on the speed of the machine nor on the time of a sample.
    Python's own child would begin with the peak of its parent."""
    # Half of the bytes cross the bus in each direction; a period more than
    # needed.
    count = math.ceil(seconds * BOTH_WAYS / 2) + 131070
    with tempfile.TemporaryDirectory() as folder:
        report, peak = (pathlib.Path(folder, name)
                        for name in ("report.json", "peak"))
        done = subprocess.run(
            ["/usr/bin/time", "-q", "-f", "%M", "-o", peak,
             build / "cli/clyde", "-d", "virtual:configured=1", "run",
             "benchmark", "-c", str(count), "loopback", "--json", report],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        rows = (json.loads(report.read_text())["modes"]
                if report.exists() else [])
        return done, rows, count, int(peak.read_text())


def link(options):
    begin = time.monotonic()
    # A longer run may need the memory of a run of WARM_UP_S and no more: by
    # then all slots of both rings have been filled several times.
    _, _, _, base = loopback(options.build, WARM_UP_S)
    done, rows, count, peak = loopback(options.build, options.link_seconds)
    real = time.monotonic() - begin
    if done.returncode or len(rows) != 1:
        return "failed", [f"status {done.returncode}: {done.stdout}"]
    row, wrong = rows[0], []
    if row["errors"] or not row["complete"] or row["bytes"] != count:
        wrong.append(f"{row['errors']} errors, {row['bytes']} of {count} bytes")
    if row["seconds"] < options.link_seconds:
        wrong.append(f"{row['seconds']} s of link time")
    if row["ceiling_share"] < 0.99:
        wrong.append(f"{row['mib_per_s']} MiB/s is not the full rate")
    if peak - base > FLAT_KIB:
        wrong.append(f"memory grew from {base} KiB in a run of {WARM_UP_S} s "
                     f"to {peak} KiB")
    return (f"{row['seconds']:.1f} s of link time in {real:.1f} s, "
            f"{row['bytes']} bytes out and as many back at "
            f"{row['mib_per_s']:.2f} MiB/s, {row['errors']} wrong, at most "
            f"{base} KiB of memory in the first {WARM_UP_S} s, {peak} in all",
            wrong)


def finish(processes):
    """Returns the last lines of programs that run side by side, and which of
    them failed."""
    last, wrong = [], []
    for process in processes:
        out, _ = process.communicate()
        lines = out.strip().splitlines() or [""]
        last.append(lines[-1])
        if process.returncode:
            wrong.append(f"status {process.returncode}: {out}")
    return last, wrong


def start(*command):
    return subprocess.Popen([str(word) for word in command], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)


def seeds(options):
    begin, half = time.monotonic(), options.seeds // 2
    ranges = [(options.seed, half), (options.seed + half, options.seeds - half)]
    _, wrong = finish([
        start(options.build / "tests/simulate", "--first", first, "--count",
              count) for first, count in ranges if count])
    real = time.monotonic() - begin
    return (f"{options.seeds} seeds from {options.seed} on in {real:.1f} s, "
            f"{options.seeds / real:.0f} a second by two processes", wrong)


def model(options):
    begin = time.monotonic()
    last, wrong = finish([start(options.build / "tests/model/model-objects")])
    return f"{last[0]} ({time.monotonic() - begin:.1f} s)", wrong
