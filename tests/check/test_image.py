# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests scripts/image: an image whose clock is off its global pad is not built.

Nothing is synthesised here: in place of yosys and nextpnr-ice40 are programs
that hand out the image of this tree, unpacked."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
GLOBAL_PAD = ".extra_bit 1 871 271\n"
TOOLS = ("yosys", "nextpnr-ice40", "icepack", "iceunpack")
MISSING = [tool for tool in TOOLS if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"there is no {MISSING}")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The image of this tree, as text."""
    path = tmp_path_factory.mktemp("image") / "image.asc"
    with gzip.open(SOURCE / "gateware/image.bin.gz") as packed:
        subprocess.run(["iceunpack", "-", path], input=packed.read(),
                       check=True)
    return path.read_text()


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def build(where, text, *options):
    """Runs scripts/image in a copy of what it reads, in which nextpnr-ice40
    places and routes everything as text says."""
    for folder in ("gateware", "wire", "applets"):
        shutil.copytree(SOURCE / folder, where / folder)
    (where / "scripts").mkdir()
    shutil.copy(SOURCE / "scripts/image", where / "scripts")
    (where / "routed.asc").write_text(text)
    log = re.sub(
        r"(?s).*^LC (\d+) of \d+$.*^BRAM (\d+) of \d+$.*^Fmax (\S+) MHz$.*",
        r"Info: ICESTORM_LC: \1/\nInfo: ICESTORM_RAM: \2/\n"
        r"Info: Max frequency for clock 'x': \3 MHz\n",
        (SOURCE / "gateware/image.txt").read_text(), flags=re.M)
    (where / "log").write_text(log)
    tools = where / "tools"
    tools.mkdir()
    program(tools / "yosys", f"""
[ "$1" = -V ] && exec {shutil.which("yosys")} -V
exit 0
""")
    program(tools / "nextpnr-ice40", f"""
[ "$1" = --version ] && exec {shutil.which("nextpnr-ice40")} --version
while [ "$1" != --asc ]; do shift; done
cp {where}/routed.asc "$2"
cat {where}/log
""")
    return subprocess.run(
        [where / "scripts/image", *options], capture_output=True, text=True,
        env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"})


@pytest.mark.parametrize("options", [["--check"], []],
                         ids=["to-compare", "to-keep"])
def test_an_image_with_its_clock_off_the_global_pad_is_not_built(
        options, unpacked, tmp_path):
    assert GLOBAL_PAD in unpacked
    done = build(tmp_path, unpacked.replace(GLOBAL_PAD, ""), *options)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert (done.returncode, done.stderr) == (
        1, f"the clock is off its global pad: no {GLOBAL_PAD}")
    for name in ("image.bin.gz", "image.txt"):
        assert (tmp_path / "gateware" / name).read_bytes() == (
            SOURCE / "gateware" / name).read_bytes()


def test_the_image_of_this_tree_would_be_built(unpacked, tmp_path):
    """So the test above has nothing wrong but the missing bit."""
    done = build(tmp_path, unpacked, "--check")
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
