# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures round trips of 512 B on the virtual link, by the idle time after
which the FPGA ends a packet.  Prints a table in Markdown; the figures are
exact.

    bench/idle.py [CLYDE [URI]]
"""

import sys

import measure

IDLE_US = [4, 125]


def row(clyde, uri, idle_us):
    result = measure.benchmark(
        clyde, "-d", uri, "run", "benchmark", "latency", "--idle-flush",
        idle_us)
    return [f"{idle_us} us", *(f"{result[name]:.2f} us" for name in
                               ("p50_us", "p99_us", "max_us"))]


def table(clyde, uri="virtual:configured=1"):
    return measure.table(["idle flush", "p50", "p99", "max"],
                         [row(clyde, uri, idle_us) for idle_us in IDLE_US])


def main():
    print(table(*(sys.argv[1:3] or ["build/cli/clyde"])), end="")


if __name__ == "__main__":
    measure.run(main)
