# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What the measurements share: commands that are run, timed and weighed.

    bench/measure.py RUNS COMMAND...

prints the median and the worst time of COMMAND in ms, and its peak memory in
MiB, as JSON; to be run by `clyde virtual -- ...` too, which is not measured
then.  Memory needs /usr/bin/time (Debian's package time), for a child's peak
as wait4() tells it is at least its parent's.
"""

import json
import statistics
import subprocess
import sys
import time


def output(*command):
    done = subprocess.run([str(word) for word in command], text=True,
                          capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status "
                 f"{done.returncode}\n{done.stderr}")
    return done.stdout


def benchmark(*command):
    """The one mode of a `clyde run benchmark MODE`."""
    return json.loads(output(*command, "--json", "-"))["modes"][0]


def duration_ms(command):
    start = time.perf_counter()
    output(*command)
    return (time.perf_counter() - start) * 1000


def peak_mib(command):
    run = subprocess.run(["/usr/bin/time", "-f", "%M", *command], text=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         check=True)
    return int(run.stderr.split()[-1]) / 1024


def whole_command(runs, command):
    times = [duration_ms(command) for _ in range(runs)]
    return {"median_ms": statistics.median(times), "worst_ms": max(times),
            "peak_mib": peak_mib(command)}


if __name__ == "__main__":
    print(json.dumps(whole_command(int(sys.argv[1]), sys.argv[2:])))
