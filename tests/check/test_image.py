# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests scripts/image and scripts/timing: an image whose clock is off its
global pad is not built, and not passed for one that is as quick as upstream's.

Nothing is synthesised here: in place of yosys and nextpnr-ice40 are programs
that hand out the image of this tree, unpacked."""

import gzip
import os
import pathlib
import re
import runpy
import shutil
import subprocess
import types

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
# Tile, row and column of the bits PINTYPE_2 of SLRD and PINTYPE_0 of FLAGA
SLRD_REGISTER = ("15 0", 0, 17)
FLAGA_REGISTER = ("24 0", 3, 17)
GLOBAL_PAD = ".extra_bit 1 871 271\n"
TOOLS = ("yosys", "nextpnr-ice40", "icepack", "iceunpack", "icebox_explain")
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


@pytest.fixture(scope="module")
def timing():
    return types.SimpleNamespace(
        **runpy.run_path(str(SOURCE / "scripts/timing")))


def pack(text, path):
    path.with_suffix(".asc").write_text(text)
    subprocess.run(["icepack", "-s", path.with_suffix(".asc"), path],
                   check=True)
    return path


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def build(where, text, *options):
    """Runs scripts/image in a copy of what it reads, in which nextpnr-ice40
    places and routes everything as text says."""
    for folder in ("gateware", "wire"):
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


def change(text, tile, row, column):
    """Inverts a bit of a tile in an unpacked image."""
    lines = text.split("\n")
    place = lines.index(f".io_tile {tile}") + 1 + row
    bits = list(lines[place])
    bits[column] = "10"[int(bits[column])]
    lines[place] = "".join(bits)
    return "\n".join(lines)


@pytest.mark.parametrize("spoil, said", [
    (lambda text: text.replace(GLOBAL_PAD, ""), "global net 3, the clock of "
     "the FX2's pads, does not come from clk_if"),
    (lambda text: change(text, *SLRD_REGISTER),
     "the output of pad SITE has no register"),
    (lambda text: change(text, *FLAGA_REGISTER),
     "pad SITE is not captured at the falling edge"),
], ids=["clock", "output", "input"])
def test_an_image_of_another_kind_has_no_timing(spoil, said, unpacked,
                                                tmp_path):
    image = pack(spoil(unpacked), tmp_path / "image.bin")
    done = subprocess.run([SOURCE / "scripts/timing", image],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.sub(r"\(\d+, \d+, [01]\)", "SITE", done.stderr) == (
        f"scripts/timing: {said}\n")


@pytest.mark.parametrize("data, said", [
    (None, "No such file or directory"), (b"x" * 100, "is not a bitstream"),
    (b"", "is not a bitstream")], ids=["none", "other", "empty"])
def test_a_file_that_is_no_image_is_named(data, said, tmp_path):
    path = tmp_path / "image.bin"
    if data is not None:
        path.write_bytes(data)
    done = subprocess.run([SOURCE / "scripts/timing", path],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr and str(path) in done.stderr


def test_every_figure_that_is_worse_than_upstreams_is_named(timing):
    figures = {name: list(values) for name, values in timing.UPSTREAM.items()}
    assert list(timing.worse(figures)) == []
    for name, values in figures.items():
        for place, what in enumerate(timing.FIGURES):
            kept = values[place]
            values[place] = kept - timing.WORSE + 0.01
            assert list(timing.worse(figures)) == []
            values[place] = kept - timing.WORSE - 0.01
            (line,) = timing.worse(figures)
            assert line.startswith(f"{name}: {what}: ")
            values[place] = kept


def test_a_way_through_the_fabric_is_followed_and_is_too_slow(timing):
    """The way of the clock that nextpnr chose for an ordinary input."""
    through = ["IO_PAD PACKAGEPIN DOUT", "PRE_IO PADIN DIN0", "Odrv12",
               "Span12Mux_v12", "Span12Mux_v12", "LocalMux", "IoInMux",
               "ICE_GB", "GlobalMux", "ClkMux"]

    class Fabric:
        def pads(self, port):
            return [port]

        def output(self, site):
            return through

        input = output

    lines = list(timing.worse(timing.figures(Fabric())))
    assert any(line.startswith("PKTEND: setup, slow: -0.") for line in lines)
    assert any(line.startswith("SLRD: setup, slow: -4.") for line in lines)


def pulled_up(image, site):
    """Whether a pad's pull-up is on: its bit REN, which may be in another tile,
    is 0.  Source: Project IceStorm, "IO Tile Documentation"."""
    (x, y, z), = (row[3:] for row in image.config.ieren_db()
                  if tuple(row[:3]) == site)
    return not any(entry[1:3] == ["IoCtrl", f"REN_{z}"]
                   for entry in image.active(x, y))


def test_the_pins_of_the_ports_have_pull_ups_and_no_other_ball(timing):
    image = timing.load(SOURCE / "gateware/image.bin.gz")
    with_pull_up = {name for name, ball in image.balls.items()
                    if pulled_up(image, image.sites[ball])}
    assert with_pull_up == {f"port_io[{index}]" for index in range(16)}
