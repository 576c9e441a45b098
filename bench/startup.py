# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures whole commands: real time (median and worst of several runs) and
peak memory.

    bench/startup.py [CLYDE [RUNS]]
"""

import sys

import measure

RUNS = 21
CHIP = "part=flash25@cs=A0:sck=A1:io0=A2:io1=A3"
COMMANDS = [
    ["--version"],
    ["-d", "virtual:", "list"],
    ["-d", "virtual:", "info"],
    ["-d", "virtual:configured=1", "run", "benchmark", "-c", "512", "latency"],
    ["-d", f"virtual:configured=1,{CHIP}", "run", "memory-25q", "-V", "3.3",
     "identify"],
    ["-d", "virtual:", "run", "benchmark"],
]


def rows(clyde, runs=RUNS):
    """For each command its text, median_ms, worst_ms and peak_mib."""
    for arguments in COMMANDS:
        yield {"command": " ".join(["clyde", *arguments]),
               **measure.whole_command(runs, [clyde, *arguments])}


def main():
    clyde = sys.argv[1] if len(sys.argv) > 1 else "build/cli/clyde"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    print(f"{'median ms':>10} {'worst ms':>10} {'peak MiB':>10}  command")
    for row in rows(clyde, runs):
        print(f"{row['median_ms']:10.2f} {row['worst_ms']:10.2f} "
              f"{row['peak_mib']:10.2f}  {row['command']}")


if __name__ == "__main__":
    measure.run(main)
