# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The parts of scripts/soak that are one program each: an hour on the virtual
link, seeds of the simulation, the model of the ownership tree.  Each takes
the options, gives a line with figures and a list of violations."""

import json
import math
import pathlib
import re
import subprocess
import tempfile
import time

MIB = 1 << 20
BOTH_WAYS = 512 * 48e6 / 516  # bytes a second, loopback: see HACKING.md
FLAT_KIB = 1024


def memory_kib(pid):
    """What a process has in memory, 0 if it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def watch(process):
    """Its memory by the second, and more often at first."""
    samples, pause = [], 0.05
    while process.poll() is None:
        time.sleep(pause)
        samples.append(memory_kib(process.pid))
        pause = min(1, pause * 1.1)
    return [sample for sample in samples if sample]


def grown_kib(samples):
    """From the mark at a tenth of the run to its end."""
    return samples[-1] - samples[len(samples) // 10] if samples else 0


def link(options):
    # Half of it crosses the bus each way; a period more than is needed.
    count = math.ceil(options.link_seconds * BOTH_WAYS / 2) + 131070
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.json")
        with open(f"{folder}/log", "w+") as log:
            process = subprocess.Popen(
                [options.build / "cli/clyde", "-d", "virtual:configured=1",
                 "run", "benchmark", "-c", str(count), "loopback", "--json",
                 report], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            samples = watch(process)
            log.seek(0)
            said = log.read()
        rows = (json.loads(report.read_text())["modes"]
                if report.exists() else [])
    real = time.monotonic() - begin
    if process.returncode or len(rows) != 1:
        return "failed", [f"status {process.returncode}: {said}"]
    row, grown = rows[0], grown_kib(samples)
    wrong = []
    if row["errors"] or not row["complete"] or row["bytes"] != count:
        wrong.append(f"{row['errors']} errors, {row['bytes']} of {count} bytes")
    if row["seconds"] < options.link_seconds:
        wrong.append(f"{row['seconds']} s of link time")
    if row["ceiling_share"] < 0.99:
        wrong.append(f"{row['mib_per_s']} MiB/s is not the full rate")
    if grown > FLAT_KIB:
        wrong.append(f"memory grew by {grown} KiB: {samples}")
    if real > max(60, options.link_seconds / 6):
        wrong.append(f"{real:.0f} s of real time")
    return (f"{row['seconds']:.1f} s of link time in {real:.1f} s, "
            f"{row['bytes']} bytes out and as many back at "
            f"{row['mib_per_s']:.2f} MiB/s, {row['errors']} wrong, memory "
            f"{samples[0]} KiB at the start, {samples[len(samples) // 2]} in "
            f"the middle, {samples[-1]} at the end", wrong)


def finish(processes):
    """The last lines of programs side by side, and who failed."""
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
    last, wrong = finish([start(options.build / "tests/model/model-owner")])
    return f"{last[0]} ({time.monotonic() - begin:.1f} s)", wrong
