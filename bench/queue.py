# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures the rate of the source mode on the virtual link, by depth and
transfer size.  Prints a table in Markdown; the figures are exact.

    bench/queue.py [CLYDE [URI]]
"""

import sys

import measure

DEPTHS = [1, 2, 4, 32]
SIZES = ["512", "4KiB", "16KiB", "64KiB", "256KiB"]


def rate(clyde, uri, depth, size):
    return measure.benchmark(
        clyde, "-d", uri, "run", "benchmark", "source", "--depth", depth,
        "--transfer-size", size)["mib_per_s"]


def table(clyde, uri="virtual:configured=1"):
    """MiB/s: a row for each depth, a column for each size."""
    return measure.table(
        ["depth", *SIZES],
        [[depth, *(f"{rate(clyde, uri, depth, size):.2f}" for size in SIZES)]
         for depth in DEPTHS])


def main():
    print(table(*(sys.argv[1:3] or ["build/cli/clyde"])), end="")


if __name__ == "__main__":
    measure.run(main)
