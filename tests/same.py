# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests that a program of a cross build does what the same program does on
this machine:

    same.py EMULATOR... -- BUILD PROGRAM ARGUMENT...

Runs BUILD/PROGRAM under the emulator, and $CLYDE_NATIVE/PROGRAM without one.
Both must succeed and print the same, apart from figures that depend on the
speed of the machine.  The exit status is 77 without CLYDE_NATIVE."""

import os
import re
import subprocess
import sys

# The simulation's own time and rate.
SPEED = re.compile(r"[\d.]+ s, \d+ seeds/s; [\d.]+ MiB")


def lines(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}")
    return SPEED.sub("(speed)", done.stdout).splitlines()


def main(arguments):
    at = arguments.index("--")
    emulator, (build, program, *rest) = arguments[:at], arguments[at + 1:]
    native = os.environ.get("CLYDE_NATIVE")
    if not native:
        print("skipped: CLYDE_NATIVE names no build for this machine")
        return 77
    here = lines([f"{native}/{program}", *rest])
    there = lines([*emulator, f"{build}/{program}", *rest])
    print("\n".join(there))
    if not here:
        sys.exit(f"{program} printed nothing")
    if here != there:
        print("on this machine it is:", *here, sep="\n")
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
