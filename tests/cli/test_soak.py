# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests scripts/soak for some seconds, so that it works when it is run for an
hour; and figures that differ only beyond 4 GiB.

CLYDE is the path to the binary, of a build without sanitizers.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
BUILD = CLYDE.parents[1]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
SECONDS = 600
GIB = 1 << 30
BEYOND = 4 * GIB + 12345


def soak(*arguments, build=BUILD, status=0):
    done = subprocess.run(
        [SOURCE / "scripts/soak", "--build", build, *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_a_soak_of_some_seconds_finds_no_violation():
    lines = soak("--link-seconds", "20", "--usbfs-minutes", "0.2",
                 "--seeds", "2000", "--parts", "link,usbfs,seeds").splitlines()
    assert [line.split(":")[0] for line in lines] == ["link", "usbfs", "seeds"]
    assert all(line.endswith("; violations: 0") for line in lines), lines


def wrong_build(folder, change):
    """Makes a build whose clyde is a script that changes its arguments."""
    (folder / "cli").mkdir()
    clyde = folder / "cli/clyde"
    clyde.write_text(f"""#!/bin/sh
for word; do
	shift
	{change}
	set -- "$@" "$word"
done
exec "{CLYDE}" "$@"
""")
    clyde.chmod(0o755)
    return folder


@pytest.mark.parametrize("arguments", [
    ["link", "--link-seconds", "2"], ["usbfs", "--usbfs-minutes", "0.02"]])
def test_a_bit_that_is_flipped_is_a_violation(tmp_path, arguments):
    # Flips a bit once, in the eighth MiB of a stream.
    broken = wrong_build(tmp_path, """
	case $word in virtual:*) word=$word,fault=flip@0x700000 ;; esac""")
    out = soak("--parts", *arguments, build=broken, status=1)
    assert re.search(r"; violations: [1-9]\d*\n", out), out


def test_memory_that_grows_with_the_length_of_a_run_is_a_violation(tmp_path):
    # Twice as many transfers are in flight, but only in the long run, whose
    # count of bytes has more than eight digits.
    grows = wrong_build(tmp_path, """
	case $word in *[!0-9]*) ;; ?????????*) set -- "$@" "$word"
		word=--depth=64 ;; esac""")
    out = soak("--parts", "link", "--link-seconds", "20", build=grows,
               status=1)
    assert "violation: memory grew from" in out


def test_a_run_too_short_to_show_growth_is_refused():
    out = soak("--parts", "link", "--link-seconds", "1.9", status=2)
    assert "whether memory grows shows from 2 s on" in out


def test_an_unknown_part_is_refused():
    soak("--parts", "link,nonesuch", status=2)


def benchmark(mode, *arguments, keys="", status=0):
    done = subprocess.run(
        [CLYDE, "-d", f"virtual:configured=1{keys}", "run", "benchmark", mode,
         "--json", "-", *arguments], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == status, done.stderr
    row, = json.loads(done.stdout)["modes"]
    return row


@pytest.mark.parametrize("mode", ["source", "sink", "loopback"])
def test_every_byte_is_counted_beyond_4_gib(mode):
    row = benchmark(mode, "-c", str(BEYOND))
    assert row["bytes"] == BEYOND
    assert row["errors"] == 0


@pytest.mark.parametrize("mode", ["source", "sink"])
def test_a_wrong_byte_beyond_4_gib_is_reported_with_its_offset(mode):
    offset = 4 * GIB + 100
    row = benchmark(mode, "-c", str(BEYOND), keys=f",fault=flip@{offset}",
                    status=1)
    assert row["bad_offset"] == offset


def test_a_wrong_byte_is_found_before_the_count_of_a_sink_wraps():
    """The sink has a counter of 32 bits, which wraps after 4 GiB; the wrong
    byte must be reported before that."""
    row = benchmark("sink", "-c", str(6 * GIB), keys=f",fault=flip@{GIB + 7}",
                    status=1)
    assert row["bad_offset"] == GIB + 7
    assert row["bytes"] == GIB + 7
