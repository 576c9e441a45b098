# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the tool under valgrind's memcheck: no byte is used before it was
written, and none is left allocated at the end, however the tool ends.

CLYDE is the path to the binary, of a build without sanitizers.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
SECONDS = 600
BAD = 99
MEMCHECK = ("valgrind", "-q", f"--error-exitcode={BAD}", "--leak-check=full",
            "--show-leak-kinds=all", "--errors-for-leak-kinds=all",
            "--fair-sched=yes")
BENCHMARK = ("run", "benchmark", "-c", "64KiB")

pytestmark = pytest.mark.skipif(shutil.which("valgrind") is None,
                                reason="no valgrind")


def memcheck(*arguments, before=(), status=0):
    done = subprocess.run(
        [*before, *MEMCHECK, CLYDE, *arguments], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "==" not in done.stderr, done.stderr
    return done


def test_the_benchmark_has_no_memory_error_on_the_virtual_link():
    done = memcheck("-d", "virtual:configured=1", *BENCHMARK)
    for mode in "source", "sink", "loopback", "latency":
        assert mode in done.stdout


def test_the_benchmark_has_no_memory_error_when_it_loads_the_fpga():
    memcheck("-d", "virtual:", *BENCHMARK, "source")


@pytest.mark.parametrize("fault, status", [
    ("flip@0x4000", 1), ("unplug@3000", 85)])
def test_a_benchmark_that_fails_has_no_memory_error(fault, status):
    memcheck("-d", f"virtual:configured=1,fault={fault}", "run", "benchmark",
             "-c", "1MiB", "source", status=status)


def test_the_benchmark_has_no_memory_error_over_libusb():
    memcheck(*BENCHMARK, before=(
        CLYDE, "virtual", "-d", "virtual:configured=1", "--pace", "off", "--"))
