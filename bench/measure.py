# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What the measurements share: time and peak memory of commands, the
processor's name, and tables in Markdown.

    bench/measure.py RUNS COMMAND...

prints the median and the worst time of COMMAND in ms, and its peak memory in
MiB, as JSON.  `clyde virtual -- bench/measure.py ...` leaves the start of
`clyde virtual` out.  Memory needs /usr/bin/time (Debian's package time): the
peak that wait4() reports for a child is at least its parent's.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time


class Failed(Exception):
    """A command gave no figure; the text says which and why."""


def execute(command, **options):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, text=True, **options)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit status {done.returncode}\n"
                     f"{done.stderr}")
    return done


def output(*command):
    return execute(command, capture_output=True).stdout


def benchmark(*command):
    """The document's object for the mode of `clyde run benchmark MODE`."""
    text = output(*command, "--json", "-")
    try:
        mode, = json.loads(text)["modes"]
    except (ValueError, LookupError) as error:
        raise Failed(f"{command[0]}: no report of one mode: {error!r}") \
            from error
    return mode


def duration_ms(command):
    start = time.perf_counter()
    output(*command)
    return (time.perf_counter() - start) * 1000


def peak_mib(command):
    run = execute(["/usr/bin/time", "-f", "%M", *command],
                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return int(run.stderr.split()[-1]) / 1024


def whole_command(runs, command):
    times = [duration_ms(command) for _ in range(runs)]
    return {"median_ms": statistics.median(times), "worst_ms": max(times),
            "peak_mib": peak_mib(command)}


def processor():
    """The number of cores and the model's name, from /proc/cpuinfo."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    cores = len(re.findall(r"^processor\s*:", text, re.M)) or os.cpu_count()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return cores, found[1].strip() if found else os.uname().machine


def table(headings, rows):
    """Lines of Markdown; each row has a cell for each heading."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def run(main):
    """Run main() of a script; a failure ends it with its message."""
    try:
        main()
    except Failed as failure:
        sys.exit(str(failure))


def print_whole_command():
    print(json.dumps(whole_command(int(sys.argv[1]), sys.argv[2:])))


if __name__ == "__main__":
    run(print_whole_command)
