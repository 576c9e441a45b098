# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests -d virtual:fpga=netlist:FILE: the image that ships runs as logic of its
own, netlists are kept, and what cannot be run is refused in one line."""

import concurrent.futures
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from test_cli import (CLYDE, CORRUPT, FPGA, SOURCE, USAGE, clyde, document,
                      only_line)

UNSUPPORTED, PERMISSION, NO_PROGRAM = 70, 77, 100
TOOLS = ("iceunpack", "icebox_vlog", "verilator", "c++")
# A minute on a quiet machine
MAKING_S = 3600
needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"not all of {TOOLS} are there")

# An HX1K's: the preamble, the size of its banks, and the command to write.
HX1K = bytes.fromhex("7eaa997e 0105 62014b 720090 820000 1100 0101")
# In the shortest bitstream that configures nothing is written.
TINY = bytes.fromhex("7eaa997e 0105 22e5d0 0106")


@pytest.fixture(scope="module", name="image")
def fixture_image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "image.bin"
    with gzip.open(SOURCE / "gateware/image.bin.gz") as packed:
        path.write_bytes(packed.read())
    return path


@pytest.fixture(scope="module", name="cache")
def fixture_cache(image, tmp_path_factory):
    """The netlist of the image, made once for all tests of this file.  If the
    suite netlist has built it, that is taken, and a stand-in for the converter
    checks what it is called with."""
    cache = tmp_path_factory.mktemp("cache")
    environment = {}
    built = pathlib.Path(CLYDE).resolve().parents[1] / "tests/netlist.so"
    if built.exists():
        environment = python3(tmp_path_factory.mktemp("python") / "bin", f"""
[ "$#" = 2 ] && [ -f "$1" ] && cmp - {image} && cp {built} "$2"
""")
    netlist(image, cache, "info", env=environment, timeout=MAKING_S)
    return cache


def netlist(path, cache, *arguments, keys="", **options):
    environment = dict(os.environ, XDG_CACHE_HOME=str(cache))
    environment.update(options.pop("env", {}))
    return clyde("-d", f"virtual:fpga=netlist:{path}{keys}", *arguments,
                 env=environment, **options)


def modules(cache):
    return sorted((cache / "clyde/netlists").iterdir())


def python3(folder, text):
    """A program of this name, which stands in for the converter."""
    folder.mkdir()
    path = folder / "python3"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@needs_tools
def test_the_image_that_ships_runs_and_its_netlist_is_kept(image, cache):
    (module,) = modules(cache)
    assert module.stat().st_mode & 0o777 == 0o600
    made = module.stat().st_mtime_ns
    modes = document(netlist(image, cache, "run", "benchmark", "--json", "-",
                             "-c", "16KiB"))["modes"]
    assert [mode["mode"] for mode in modes] == [
        "source", "sink", "loopback", "latency"]
    assert all(mode["complete"] for mode in modes)
    assert modes[3]["p50_us"] == 125
    assert [module.stat().st_mtime_ns] == [
        path.stat().st_mtime_ns for path in modules(cache)] == [made]


@needs_tools
def test_a_fault_of_the_bus_is_found_at_its_offset(image, cache):
    done = netlist(image, cache, "run", "benchmark", "-c", "16KiB", "source",
                   keys=",fault=flip@0x1000", status=1)
    assert "0x1000" in only_line(done)


@needs_tools
def test_configured_means_that_the_fpga_runs_the_file(image, cache):
    for arguments in ((), (str(image), "--id", own_id())):
        done = netlist(image, cache, "load", *arguments, keys=",configured=1")
        assert done.stdout == "the FPGA runs it already\n"


def own_id():
    return (SOURCE / "gateware/image.txt").read_text().split()[1]


@needs_tools
def test_another_bitstream_than_the_file_is_unknown(image, cache, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(TINY)
    done = netlist(image, cache, "--log", "warning", "load", str(other))
    assert "its model does not know" in done.stderr
    done = netlist(image, cache, "--log", "warning", "load", str(image))
    assert done.stderr == ""


@needs_tools
def test_a_waveform_has_the_pins(image, cache, tmp_path):
    trace = tmp_path / "run.fst"
    netlist(image, cache, "--trace", str(trace), "run", "benchmark", "-c",
            "1KiB", "source")
    text = subprocess.run(["fst2vcd", trace], capture_output=True, check=True,
                          text=True).stdout
    assert " fx2_slwr " in text


@needs_tools
def test_a_damaged_module_is_made_anew(image, cache, tmp_path):
    mine = tmp_path / "cache"
    shutil.copytree(cache, mine)
    (module,) = modules(mine)
    good = tmp_path / "good.so"
    shutil.copy(module, good)
    module.write_bytes(b"\x7fELF")
    netlist(image, mine, "info", env=python3(
        tmp_path / "bin", f'cp {good} "$2"'))
    assert module.read_bytes() == good.read_bytes()


@needs_tools
def test_many_processes_make_the_same_netlist(image, cache, tmp_path):
    (module,) = modules(cache)
    mine = tmp_path / "cache"
    size = module.stat().st_size // 2
    slowly = python3(tmp_path / "bin", f"""
head -c {size} {module} >"$2"
cat {module} >/dev/null
tail -c +{size + 1} {module} >>"$2"
""")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: netlist(image, mine, "info", env=slowly),
                      range(16)))
    (made,) = modules(mine)
    assert made.read_bytes() == module.read_bytes()


@pytest.mark.skipif(not all(map(shutil.which, (*TOOLS, "yosys",
                                               "nextpnr-ice40"))),
                    reason="there is no synthesis")
def test_a_bitstream_that_is_not_clydes_runs(tmp_path):
    """Its health register has another value, so the model did not answer."""
    source = SOURCE / "tests/cli/other.v"
    pcf = [line for line in (SOURCE / "gateware/revc.pcf").read_text().split(
        "\n") if re.match(r"set_io (clk_if|i2c_|fx2_[sp])", line)]
    (tmp_path / "other.pcf").write_text("\n".join(pcf) + "\n")
    for command in (
            ["yosys", "-q", "-p", f"read_verilog {SOURCE}/gateware/i2c.v "
             f"{source}; chparam -set HEALTH 90 other; synth_ice40 -top other "
             "-json other.json"],
            ["nextpnr-ice40", "-q", "--hx8k", "--package", "bg121", "--json",
             "other.json", "--pcf", "other.pcf", "--asc", "other.asc"],
            ["icepack", "-s", "other.asc", "other.bin"]):
        # yosys writes a history into $HOME.
        subprocess.run(command, check=True, cwd=tmp_path,
                       env=dict(os.environ, HOME=str(tmp_path)))
    path = tmp_path / "other.bin"
    done = netlist(path, tmp_path / "cache", "load", str(path), status=FPGA,
                   timeout=MAKING_S)
    assert "its health register reads 0x5a, not 0xa5" in only_line(done)


@needs_tools
def test_a_bitstream_with_a_pll_is_refused(image, tmp_path):
    asc, path = tmp_path / "pll.asc", tmp_path / "pll.bin"
    subprocess.run(["iceunpack", image, asc], check=True)
    lines = asc.read_text().split("\n")
    # PLLTYPE_1 of the lower PLL: icebox.py, pllinfo_db, "8k_0".
    place = lines.index(".io_tile 18 0") + 1
    assert lines[place][2] == "0"
    lines[place] = lines[place][:2] + "1" + lines[place][3:]
    asc.write_text("\n".join(lines))
    subprocess.run(["icepack", "-s", asc, path], check=True)
    done = netlist(path, tmp_path / "cache", "info", status=UNSUPPORTED,
                   timeout=MAKING_S)
    assert only_line(done).startswith(f"{path}: the bitstream has a PLL, ")
    assert modules(tmp_path / "cache") == []


def test_a_failed_conversion_leaves_nothing(image, tmp_path):
    failing = python3(tmp_path / "bin", """
echo half >"$2"
echo Some text
echo The last line >&2
exit 70
""")
    done = netlist(image, tmp_path / "cache", "info", env=failing,
                   status=UNSUPPORTED)
    assert only_line(done) == f"{image}: The last line"
    assert modules(tmp_path / "cache") == []


@pytest.mark.parametrize("spoil, says", [
    (lambda data: data[:-1000], "ends too early"),
    (lambda data: data[:60000] + bytes([data[60000] ^ 1]) + data[60001:],
     "has a wrong CRC"),
    (lambda data: HX1K, "is for another FPGA than the iCE40HX8K"),
    (lambda data: b"", "has no preamble"),
    (lambda data: b"text", "has no preamble"),
], ids=["cut", "crc", "part", "empty", "text"])
def test_a_bitstream_that_does_not_configure_is_corrupt(
        spoil, says, image, tmp_path):
    path = tmp_path / "bad.bin"
    path.write_bytes(spoil(image.read_bytes()))
    done = netlist(path, tmp_path, "info", status=CORRUPT)
    assert only_line(done) == f"{path}: the bitstream {says}"


def test_a_file_that_is_not_there_is_named(tmp_path):
    done = netlist(tmp_path / "none", tmp_path, "info", status=USAGE)
    assert only_line(done) == f"{tmp_path}/none: No such file or directory"


def test_missing_tools_are_named(image, tmp_path):
    (tmp_path / "bin").mkdir()
    done = netlist(image, tmp_path, "info", env={"PATH": str(tmp_path / "bin")},
                   status=NO_PROGRAM)
    assert "python3" in only_line(done)
    (tmp_path / "bin/python3").symlink_to(sys.executable)
    done = netlist(image, tmp_path, "info", env={"PATH": str(tmp_path / "bin")},
                   status=NO_PROGRAM)
    assert all(tool in only_line(done) for tool in TOOLS)
    assert "fpga-icestorm" in done.stderr


def test_a_cache_that_others_can_write_to_is_not_used(image, tmp_path):
    folder = tmp_path / "clyde/netlists"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    done = netlist(image, tmp_path, "info", status=PERMISSION)
    assert str(folder) in only_line(done)
