# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What it costs to start: real time (median and worst of several runs) and
peak memory of whole commands.

    bench/startup.py [CLYDE [RUNS]]
"""

import sys

from measure import whole_command

CLYDE = sys.argv[1] if len(sys.argv) > 1 else "build/cli/clyde"
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 21
COMMANDS = [
    ["--version"],
    ["-d", "virtual:", "list"],
    ["-d", "virtual:", "info"],
    ["-d", "virtual:configured=1", "run", "benchmark", "-c", "512", "latency"],
    ["-d", "virtual:", "run", "benchmark"],
]

print(f"{'median ms':>10} {'worst ms':>10} {'peak MiB':>10}  command")
for arguments in COMMANDS:
    cost = whole_command(RUNS, [CLYDE, *arguments])
    print(f"{cost['median_ms']:10.2f} {cost['worst_ms']:10.2f} "
          f"{cost['peak_mib']:10.2f}  clyde {' '.join(arguments)}")
