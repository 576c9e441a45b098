# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What it costs to start: real time (median and worst of several runs) and
peak memory of whole commands.  Needs /usr/bin/time (Debian's package time),
for a child's peak as wait4() tells it is at least its parent's.

    bench/startup.py [CLYDE [RUNS]]
"""

import statistics
import subprocess
import sys
import time

CLYDE = sys.argv[1] if len(sys.argv) > 1 else "build/cli/clyde"
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 21
COMMANDS = [
    ["--version"],
    ["-d", "virtual:", "list"],
    ["-d", "virtual:", "info"],
    ["-d", "virtual:configured=1", "run", "benchmark", "-c", "512", "latency"],
    ["-d", "virtual:", "run", "benchmark"],
]


def duration_ms(arguments):
    start = time.perf_counter()
    subprocess.run([CLYDE] + arguments, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def peak_mib(arguments):
    run = subprocess.run(["/usr/bin/time", "-f", "%M", CLYDE] + arguments,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         check=True, text=True)
    return int(run.stderr.split()[-1]) / 1024


print(f"{'median ms':>10} {'worst ms':>10} {'peak MiB':>10}  command")
for arguments in COMMANDS:
    times = [duration_ms(arguments) for _ in range(RUNS)]
    print(f"{statistics.median(times):10.2f} {max(times):10.2f} "
          f"{peak_mib(arguments):10.2f}  clyde {' '.join(arguments)}")
