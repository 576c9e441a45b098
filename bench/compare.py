# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Compares hosts on the virtual Glasgow, over the emulated usbfs: Clyde in C
and in Python, python-libusb1 as Glasgow's own host software uses it, and
libusb alone as the floor.  Each run is a process of its own with a device of
its own.  The hosts take turns, so that other load of the machine affects all
of them.

    bench/compare.py [--quick] [--repeats N] [--scale N] [--only TEXT] [OUT]

writes OUT/compare.json, OUT/compare.md and OUT/compare.html.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import measure
from compare_table import write_table

REPEATS = 5
SOURCE = pathlib.Path(__file__).resolve().parents[1]
MIB = 1 << 20
PACES = ["link", "off"]
MODES = ["source", "sink", "loopback", "latency"]
WAYS = {"source": 1, "sink": 1, "loopback": 2, "latency": 2}
# Cycles of the 48 MHz FIFO bus for a packet of 512 B, once each way.
CYCLES = {"source": 518, "sink": 518, "loopback": 516 + 516}
# Bytes that are timed, and bytes of the warm-up before, for each pace and for
# round trips.  PyPy compiles a loop after 1039 rounds of 64 KiB.
FULL = {"link": (32 * MIB, 80 * MIB), "off": (256 * MIB, 128 * MIB),
        "latency": (8 * MIB, 2 * MIB)}
QUICK = {"link": (MIB, MIB), "off": (2 * MIB, MIB),
         "latency": (MIB // 16, MIB // 64)}
DEADLINE_S = 60


class Failed(Exception):
    """A run gave no figures: the reason, and the transfers and bytes until
    then."""

    def __init__(self, why, transfers=0, moved=0):
        super().__init__(why)
        self.transfers, self.moved = transfers, moved


# ---- Hosts ----------------------------------------------------------------


def floor_result(out, counts, trips):
    """The result of libusb-stream, in the form that meter.py prints."""
    found = re.search(r"([\d.]+) MiB/s, ([\d.]+) CPU s/GiB", out)
    if found:
        moved = counts["count"]
        return {"bytes": moved, "seconds": moved / MIB / float(found[1]),
                "cpu_s": float(found[2]) * moved / (1 << 30), "us": []}
    us = [float(line) for line in trips.read_text().split()]
    if not us:
        raise Failed("libusb-stream gave no figures")
    return {"bytes": counts["count"], "seconds": sum(us) / 1e6,
            "cpu_s": None, "us": us}


def clyde_result(out):
    row, = json.loads(out)["modes"]
    result = {"seconds": row["seconds"], "transfers": row["transfers"],
              "cpu_s": row["cpu_share"] * row["seconds"],
              "bytes": row.get("bytes", 0)}
    if row["mode"] == "latency":
        result["latency"] = {
            name: row[name] for name in
            ("mean_us", "stddev_us", "p50_us", "p99_us", "p999_us", "max_us",
             "histogram")}
    return result


class Host:
    def __init__(self, name, interpreter, command, first=None):
        self.name, self.interpreter = name, interpreter
        # A function of mode, counts and counter that returns the command
        self.command = command
        self.first = first  # a command that is run once, before all runs

    def __str__(self):
        return f"{self.name}, {self.interpreter}"


def version(python):
    code = ("import platform as p, sys; print(p.python_implementation(), "
            "'.'.join(map(str, getattr(sys, 'pypy_version_info', "
            "sys.version_info)[:3])))")
    try:
        return subprocess.run([python, "-c", code], capture_output=True,
                              text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def python_host(name, python, client):
    interpreter = version(python) or f"{python}, which is not installed"

    def command(mode, counts, counter):
        return [python, SOURCE / "bench" / client, mode, counts["count"],
                counts["omit"], counter]
    return Host(name, interpreter, command, [
        python, "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
        "import clyde", SOURCE / "python"] if name == "Clyde" else None)


def hosts(build):
    def clyde(mode, counts, _):
        return [build / "cli/clyde", "-d", "usb:", "run", "benchmark", mode,
                "-c", counts["count"], "--json", "-"]

    def stream(mode, counts, counter):
        return [build / "bench/libusb-stream", mode,
                counts["count"] / MIB, 65536, 32, f"{counter}.us"]

    pythons = ["/usr/bin/python3", "pypy3"]
    return ([Host("libusb", "C", stream), Host("Clyde", "C", clyde)] +
            [python_host("Clyde", python, "client_clyde.py")
             for python in pythons] +
            [python_host("python-libusb1", python, "client_usb1.py")
             for python in pythons])


# ---- One run --------------------------------------------------------------


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else ""


def execute(command, environment, errors):
    """Run a command; return its output and its exit status, which is None if
    it did not end.  All its processes are killed."""
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=errors, text=True, env=environment,
        start_new_session=True)
    try:
        out, _ = process.communicate(timeout=DEADLINE_S)
        return out, process.returncode
    except subprocess.TimeoutExpired:
        return "", None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def failure_text(status, stderr):
    if status is None:
        return f"hung: no end after {DEADLINE_S} s"
    if status > 128 and status - 128 in [int(s) for s in signal.Signals]:
        name = signal.Signals(status - 128).name
        return f"crashed: {name}" + (f"; {stderr}" if stderr else "")
    return stderr or f"exit status {status}"


def progress_of(counter, out, stderr):
    """The transfers and bytes of a failed run: from the counter of a Python
    client, the error of libusb-stream, or the document of Clyde."""
    transfers, moved = memoryview(counter.read_bytes()).cast("Q")
    if transfers:
        return transfers, moved
    found = re.search(r"after (\d+) bytes", stderr)
    if found:
        return int(found[1]) // 65536, int(found[1])
    try:
        row = json.loads(out)["modes"][-1]
        return row["transfers"], row.get("bytes", 0)
    except (ValueError, LookupError):
        return 0, 0


def environment_of(build, folder):
    """An environment with an empty cache, and with the same nursery for every
    PyPy.  By default it is half the processor's last cache, so that peak
    memory would depend on the machine."""
    # TMPDIR is in the folder, so that files of a killed host are removed.
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1",
                       TMPDIR=str(folder),
                       XDG_CACHE_HOME=str(folder / "cache"),
                       PYPY_GC_NURSERY="4M")
    environment.setdefault(
        "CLYDE_LIBRARY", str(build / "lib/libclyde.so.0"))
    return environment


def fill_cache(build, all_hosts, folder):
    """Import the binding once, so that the result of parsing clyde.h is cached
    and no run measures it.  A failure is ignored: the runs report it."""
    for host in all_hosts:
        if host.first and shutil.which(host.first[0]):
            subprocess.run(host.first, env=environment_of(build, folder),
                           stderr=subprocess.DEVNULL)


def run_once(build, host, pace, mode, counts, folder):
    """The result of one run, with peak_mib of the client's process."""
    counter, peak, stderr = (folder / name for name in ("n", "peak", "said"))
    counter.write_bytes(bytes(16))
    trips = pathlib.Path(f"{counter}.us")
    trips.write_text("")
    with open(stderr, "w") as errors:
        out, status = execute(
            [build / "cli/clyde", "virtual", "-d", "virtual:configured=1",
             "--pace", pace, "--", "/usr/bin/time", "-f", "%M", "-o", peak] +
            host.command(mode, counts, counter),
            environment_of(build, folder), errors)
    if status != 0:
        text = stderr.read_text()
        raise Failed(failure_text(status, last_line(text)),
                     *progress_of(counter, out, text))
    result = (clyde_result(out) if host.name == "Clyde" and
              host.interpreter == "C" else
              floor_result(out, counts, trips) if host.name == "libusb" else
              json.loads(out))
    result["peak_mib"] = int(peak.read_text().split()[-1]) / 1024
    return result


# ---- All runs -------------------------------------------------------------


def sizes(mode, pace, amounts, scale):
    count, omit = amounts["latency" if mode == "latency" else pace]
    return {"count": count * scale, "omit": omit}


def show(text):
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def run_all(build, all_hosts, amounts, repeats, scale):
    """Runs and failures by pace, mode and host."""
    keys = [(pace, mode, host) for pace in PACES for mode in MODES
            for host in all_hosts]
    runs = {key: [] for key in keys}
    failures = {}
    with tempfile.TemporaryDirectory(prefix="clyde-compare-") as name:
        folder = pathlib.Path(name)
        fill_cache(build, all_hosts, folder)
        for repeat in range(repeats):
            for key in keys:
                if key in failures:
                    continue
                pace, mode, host = key
                show(f"{repeat + 1}/{repeats} {host}, {mode}, pace {pace}")
                try:
                    runs[key].append(run_once(
                        build, host, pace, mode,
                        sizes(mode, pace, amounts, scale),
                        folder))
                except Failed as failure:
                    failures[key] = failure
    show("")
    return runs, failures


# ---- Figures --------------------------------------------------------------


def bucket_us(us):
    """The lower bound of the bucket of a log-linear histogram: 64 buckets for
    each power of two, as in applets/benchmark/histogram.h."""
    ns = int(us * 1000)
    shift = max(ns.bit_length() - 7, 0)
    return (ns >> shift << shift) / 1000


def latency_of(run):
    if "latency" in run:
        return run["latency"]
    us = sorted(run["us"])
    buckets = {}
    for value in us:
        floor = bucket_us(value)
        buckets[floor] = buckets.get(floor, 0) + 1

    def at(share):
        return us[min(int(share * len(us)), len(us) - 1)]
    return {"mean_us": statistics.fmean(us),
            "stddev_us": statistics.pstdev(us), "p50_us": at(0.5),
            "p99_us": at(0.99), "p999_us": at(0.999), "max_us": us[-1],
            "histogram": sorted(buckets.items())}


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def latency_figures(runs):
    each = [latency_of(run) for run in runs]
    merged = {}
    for figures in each:
        for us, count in figures["histogram"]:
            merged[us] = merged.get(us, 0) + count
    row = {name: median([figures[name] for figures in each])
           for name in ("mean_us", "stddev_us", "p50_us", "p99_us",
                        "p999_us")}
    row["max_us"] = max((figures["max_us"] for figures in each),
                        default=None)
    row["histogram"] = sorted(merged.items())
    row["values"] = [figures["p50_us"] for figures in each]
    row["mib_per_s"] = row["cpu_s_per_gib"] = None
    return row


def rate(run, mode, pace):
    """The rate in MiB/s.  At the link's pace it counts all bytes and not only
    the timed ones: at the end of the warm-up up to 2 MiB may be queued, which
    would change the rate by chance."""
    if pace == "link" and "all_bytes" in run:
        return run["all_bytes"] * WAYS[mode] / MIB / run["all_seconds"]
    return run["bytes"] * WAYS[mode] / MIB / run["seconds"]


def rate_figures(runs, mode, pace):
    moved = [run["bytes"] * WAYS[mode] for run in runs]
    rates = [rate(run, mode, pace) for run in runs]
    return {"mib_per_s": median(rates), "p50_us": None, "values": rates,
            "cpu_s_per_gib": median(
                [run["cpu_s"] / size * (1 << 30)
                 for size, run in zip(moved, runs)])}


def entry(key, runs, failure, about):
    pace, mode, host = key
    row = {"host": host.name, "interpreter": host.interpreter, "pace": pace,
           "mode": mode}
    row.update(latency_figures(runs) if mode == "latency"
               else rate_figures(runs, mode, pace))
    row["core_share"] = median(
        [run["cpu_s"] / run["seconds"] for run in runs
         if run["cpu_s"] is not None])
    row["peak_mib"] = median([run["peak_mib"] for run in runs])
    row["ceiling_mib_per_s"] = (
        WAYS[mode] * 512 * 48e6 / CYCLES[mode] / MIB
        if pace == "link" and mode in CYCLES else None)
    row["repeats"] = len(runs)
    row["failed"] = row["failed_after_transfers"] = None
    if failure:
        row["failed"] = (f"{failure}, after {failure.transfers} transfers, "
                         f"{failure.moved / MIB:.1f} MiB")
        row["failed_after_transfers"] = failure.transfers
    return dict(row, **about)


def machine():
    return "{} x {}".format(*measure.processor())


def compare(build, only="", amounts=FULL, repeats=REPEATS, scale=1):
    """The rows that clyde-benchmark(5) describes in COMPARE: one for each
    host, pace and mode."""
    if not shutil.which("/usr/bin/time"):
        raise measure.Failed("/usr/bin/time is missing: apt install time")
    chosen = [host for host in hosts(build) if only in str(host)]
    runs, failures = run_all(build, chosen, amounts, repeats, scale)
    about = {"machine": machine(), "date": time.strftime("%Y-%m-%d")}
    return [entry(key, runs[key], failures.get(key), about) for key in runs]


def main():
    parser = argparse.ArgumentParser(
        description="Compare hosts on the virtual Glasgow.")
    parser.add_argument("out", nargs="?", default="compare", metavar="OUT",
                        help="the folder for what it writes")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        default=SOURCE / "build")
    parser.add_argument("--quick", action="store_true",
                        help="see that it works: little data, once")
    parser.add_argument("--repeats", type=int, metavar="N", default=REPEATS)
    parser.add_argument("--scale", type=int, metavar="N", default=1,
                        help="time N times as much data")
    parser.add_argument("--only", metavar="TEXT", default="",
                        help='hosts with this in their names: "PyPy"')
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    build = arguments.build.resolve()
    rows = compare(build, arguments.only,
                   QUICK if arguments.quick else FULL,
                   1 if arguments.quick else arguments.repeats,
                   arguments.scale)
    (out / "compare.json").write_text(json.dumps(rows, indent=1) + "\n")
    write_table(rows, out / "compare.md")
    subprocess.run([build / "cli/clyde", "report", out / "compare.json",
                    "-o", out / "compare.html"], check=True)
    print((out / "compare.md").read_text(), end="")
    print(f"\n{out}/compare.json, compare.md, compare.html")


if __name__ == "__main__":
    measure.run(main)
