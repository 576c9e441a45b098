# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures the speed of the Verilated gateware: the real time of the default
benchmark on `virtual:fpga=twin`, and cycles of its 48 MHz clock a second.

    bench/twin.py [CLYDE [RUNS]]
"""

import statistics
import sys
import time

import measure

RUNS = 3
MODES = ["source", "sink"]
CLOCK_HZ = 48e6


def rows(clyde, runs=RUNS):
    """For each mode median_s and worst_s of whole commands, and cycles a
    second.  The cycles are those of the benchmark's own virtual time, which
    does not contain the load of the FPGA."""
    for mode in MODES:
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            result = measure.benchmark(
                clyde, "-d", "virtual:configured=1,fpga=twin", "run",
                "benchmark", mode)
            times.append(time.perf_counter() - start)
        median = statistics.median(times)
        yield {"mode": mode, "median_s": median, "worst_s": max(times),
               "cycles_per_s": result["seconds"] * CLOCK_HZ / median}


def table(clyde, runs=RUNS):
    return measure.table(
        ["mode", "median", "worst", "cycles a second"],
        [[row["mode"], f"{row['median_s']:.2f} s", f"{row['worst_s']:.2f} s",
          f"{row['cycles_per_s'] / 1e6:.1f} million"]
         for row in rows(clyde, runs)])


def main():
    clyde = sys.argv[1] if len(sys.argv) > 1 else "build/cli/clyde"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    print(table(clyde, runs), end="")


if __name__ == "__main__":
    measure.run(main)
