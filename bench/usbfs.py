#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures libusb over the emulated usbfs, in real time: throughput, CPU time,
latency and start of `clyde run benchmark`, and of bare libusb
(bench/libusb-stream).

    bench/usbfs.py [--build DIR] [--repeats N] [--json FILE] [PART...]

Both programs run in turn, so that other load of the machine affects both.  A
figure is the median of the repeats, followed by the worst and the best.
Loopback is counted both ways.  CPU time is that of the client, user and
system; the device is another process.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

import measure
from measure import Failed, benchmark, output, whole_command

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ["unpaced", "paced", "start", "flash"]
REPEATS = 5
STREAMS = ["source", "sink", "loopback"]
MICROFRAME_US = 125
CHIP = "part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0:size=4M:qe=1"
FLASH_MIB = 8
FLASH_MIB_PER_S = 22.4  # four lanes at 48 MHz

# name: unit, target, and whether more is better
TARGETS = {
    "rate": ("MiB/s", 2048, True),
    "CPU": ("s/GiB", 0.35, False),
    "p50": ("us", 15, False),
    "p99": ("us", 40, False),
    "of the ceiling": ("%", 99, True),
    "of a core": ("%", 3, False),
    "p50 - microframe": ("us", 15, False),
    "start to end": ("ms", 30, False),
    "peak memory": ("MiB", 16, False),
    "of a core at 22.4 MiB/s": ("%", 3, False),
}


class Numbers:
    """Samples by part and mode, program and figure."""

    def __init__(self, build, repeats):
        self.clyde = str(build / "cli/clyde")
        self.bare = str(build / "bench/libusb-stream")
        self.flash_read = str(build / "bench/flash-read")
        self.repeats = repeats
        self.samples = {}

    def add(self, where, program, name, value):
        key = (where, name)
        self.samples.setdefault(key, {}).setdefault(program, []).append(value)

    def plugged(self, pace, *command, parts=""):
        return (self.clyde, "virtual", "-d", f"virtual:configured=1{parts}",
                "--pace", pace, "--", *command)

    def run_clyde(self, pace, *arguments):
        result = benchmark(*self.plugged(pace, self.clyde, "run",
                                         "benchmark", *arguments))
        if not result["complete"] or result["errors"] != 0:
            raise Failed(f"clyde run benchmark {' '.join(arguments)}: "
                         "incomplete, or with errors")
        return result

    def run_bare(self, pace, *arguments):
        """The figures of libusb-stream, in the order in which it prints
        them."""
        text = output(*self.plugged(pace, self.bare, *arguments))
        if "every byte is right" not in text:
            raise Failed(f"libusb-stream: wrong data: {text}")
        return [float(figure) for figure in
                re.findall(r"(\d+\.\d+) (?:MiB/s|CPU|us)", text)]

    # ---- Parts

    def unpaced(self, mode):
        ways = 2 if mode == "loopback" else 1
        result = self.run_clyde("off", mode, "-c", "256MiB")
        self.add(mode, "clyde", "rate", result["mib_per_s"])
        self.add(mode, "clyde", "CPU",
                 result["cpu_share"] * 1024 / result["mib_per_s"])
        rate, cpu = self.run_bare("off", mode, 256)
        self.add(mode, "bare", "rate", rate * ways)
        self.add(mode, "bare", "CPU", cpu / ways)

    def unpaced_latency(self):
        result = self.run_clyde("off", "latency", "-c", "8MiB")
        bare = self.run_bare("off", "latency", 8)
        for name, figure in zip(["p50", "p99"], bare):
            self.add("latency", "clyde", name, result[f"{name}_us"])
            self.add("latency", "bare", name, figure)

    def paced(self, mode):
        ways = 2 if mode == "loopback" else 1
        where = f"{mode}, paced"
        result = self.run_clyde("link", mode, "-c", "64MiB")
        ceiling = result["ceiling_mib_per_s"]
        self.add(where, "clyde", "of the ceiling",
                 100 * result["mib_per_s"] / ceiling)
        self.add(where, "clyde", "of a core", 100 * result["cpu_share"])
        rate, cpu = self.run_bare("link", mode, 64)
        self.add(where, "bare", "of the ceiling", 100 * rate * ways / ceiling)
        # s/GiB one way, times GiB/s one way
        self.add(where, "bare", "of a core", 100 * cpu * rate / 1024)

    def paced_latency(self):
        where, name = "latency, paced", "p50 - microframe"
        result = self.run_clyde("link", "latency", "-c", "1MiB")
        self.add(where, "clyde", name, result["p50_us"] - MICROFRAME_US)
        self.add(where, "bare", name,
                 self.run_bare("link", "latency", 1)[0] - MICROFRAME_US)

    def flash(self):
        """A flash chip that is read on four lanes at 48 MHz, beside the source
        of bare libusb.  The emulated chip is slower than a real one, so the
        CPU time for a byte is taken, and multiplied by the real rate.  That is
        an upper limit: at the slow rate more transfers end early."""
        where, name = "flash x4, paced", "of a core at 22.4 MiB/s"
        text = output(*self.plugged("link", self.flash_read, "usb:", FLASH_MIB,
                                    parts="," + CHIP))
        cpu = float(re.search(r"([\d.]+) CPU s/GiB", text)[1])
        _, bare = self.run_bare("link", "source", FLASH_MIB)
        for program, each in (("clyde", cpu), ("bare", bare)):
            self.add(where, program, name, 100 * each * FLASH_MIB_PER_S / 1024)

    def start(self):
        inside = [sys.executable, HERE / "measure.py", 5, self.clyde, "run",
                  "benchmark", "-c", "512", "latency"]
        for pace in ["off", "link"]:
            cost = json.loads(output(*self.plugged(pace, *inside)))
            where = "a whole run" + (", paced" if pace == "link" else "")
            self.add(where, "clyde", "start to end", cost["median_ms"])
            self.add(where, "clyde", "peak memory", cost["peak_mib"])
        cost = whole_command(5, [self.clyde, "-d", "virtual:configured=1",
                                 *inside[4:]])
        self.add("in process", "clyde", "start to end", cost["median_ms"])
        self.add("in process", "clyde", "peak memory", cost["peak_mib"])

    def measure(self, parts):
        for _ in range(self.repeats):
            for mode in STREAMS:
                if "unpaced" in parts:
                    self.unpaced(mode)
                if "paced" in parts:
                    self.paced(mode)
            if "unpaced" in parts:
                self.unpaced_latency()
            if "paced" in parts:
                self.paced_latency()
            if "start" in parts:
                self.start()
            if "flash" in parts:
                self.flash()

    # ---- Results

    def rows(self):
        for (where, name), programs in self.samples.items():
            unit, target, more = TARGETS[name]
            clyde = statistics.median(programs["clyde"])
            bare = (statistics.median(programs["bare"])
                    if "bare" in programs else None)
            worst, best = sorted(
                [min(programs["clyde"]), max(programs["clyde"])],
                reverse=not more)
            yield {
                "where": where, "name": name, "unit": unit, "clyde": clyde,
                "worst": worst, "best": best, "bare": bare,
                # a ratio of differences would mean nothing
                "ratio": (clyde / bare if bare and "-" not in name else None),
                "target": target,
                "met": clyde >= target if more else clyde <= target,
                "samples": programs,
            }


def number(value):
    return "" if value is None else f"{value:.4g}"


def cells(row):
    sign = ">=" if TARGETS[row["name"]][2] else "<="
    return [row["where"], f"{row['name']}, {row['unit']}",
            *(number(row[key]) for key in
              ["clyde", "worst", "best", "bare", "ratio"]),
            f"{sign} {row['target']}", "met" if row["met"] else "not met"]


def table(rows):
    return measure.table(["run", "figure", "Clyde", "worst", "best",
                          "bare libusb", "ratio", "target", "verdict"],
                         map(cells, rows))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path,
                        default=HERE.parent / "build")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--json", type=argparse.FileType("w"))
    parser.add_argument("part", nargs="*", metavar="PART",
                        help=f"of {', '.join(PARTS)} (default: all)")
    arguments = parser.parse_args()
    if not set(arguments.part) <= set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    numbers = Numbers(arguments.build.resolve(), arguments.repeats)
    numbers.measure(arguments.part or PARTS)
    rows = list(numbers.rows())
    print(table(rows), end="")
    if arguments.json:
        json.dump({"repeats": arguments.repeats, "figures": rows},
                  arguments.json, indent=2)


if __name__ == "__main__":
    measure.run(main)
