# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The rate of the source mode by depth and transfer size, on the virtual
link: exact figures, as a table for README.md.

    bench/queue.py [CLYDE [URI]]
"""

import sys

from measure import benchmark

CLYDE = sys.argv[1] if len(sys.argv) > 1 else "build/cli/clyde"
URI = sys.argv[2] if len(sys.argv) > 2 else "virtual:configured=1"
DEPTHS = [1, 2, 4, 32]
SIZES = ["512", "4KiB", "16KiB", "64KiB", "256KiB"]


def rate(depth, size):
    return benchmark(CLYDE, "-d", URI, "run", "benchmark", "source", "--depth",
                     depth, "--transfer-size", size)["mib_per_s"]


print("| depth |", " | ".join(SIZES), "|")
print("|---|" + "---|" * len(SIZES))
for depth in DEPTHS:
    print(f"| {depth} |",
          " | ".join(f"{rate(depth, size):.2f}" for size in SIZES), "|")
