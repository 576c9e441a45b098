# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the Verilated image behind the tool: -d virtual:fpga=twin, and
--trace."""

import os
import subprocess

import pytest
from test_cli import OUTPUT, USAGE, clyde, only_line, document, virtual
from test_pins_file import edges, record, samples

INTERNAL = 70
TWIN = "fpga=twin"


def benchmark(keys, *arguments):
    done = virtual(keys, "run", "benchmark", "--json", "-", *arguments)
    return {mode["mode"]: mode for mode in document(done)["modes"]}


def test_all_modes_run_on_the_gateware_itself():
    modes = benchmark(TWIN, "-c", "512KiB")
    assert list(modes) == ["source", "sink", "loopback", "latency"]
    for mode in modes.values():
        assert mode["complete"]
    assert modes["latency"]["p50_us"] == 125


def test_the_twin_takes_as_long_as_the_model():
    model = benchmark("", "-c", "1MiB", "source", "sink")
    twin = benchmark(TWIN, "-c", "1MiB", "source", "sink")
    assert list(model) == ["source", "sink"]
    for name, mode in model.items():
        # The end of a run is seen at the end of a microframe, 125 us.
        assert twin[name]["seconds"] == pytest.approx(
            mode["seconds"], rel=0.001, abs=130e-6
        )


def test_a_fault_is_found_at_its_offset():
    done = virtual(
        TWIN + ",fault=flip@0x4000",
        "run", "benchmark", "-c", "64KiB", "source",
        status=1,
    )
    assert "0x4000" in only_line(done)


def test_a_core_that_the_image_lacks_is_an_error():
    for fault, word in (("core", "no"), ("version", "version 2 of the")):
        done = virtual(f"{TWIN},fault={fault}@1", "run", "benchmark", status=87)
        assert f"{word} benchmark core" in only_line(done)


def test_a_waveform_opens_in_the_tools_for_it(tmp_path):
    trace = tmp_path / "run.fst"
    clyde("-d", "virtual:", "--trace", str(trace),
          "run", "benchmark", "-c", "4KiB", "source")
    text = subprocess.run(
        ["fst2vcd", str(trace)], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    strobe = next(
        line.split()[3]
        for line in text.splitlines()
        if line.startswith("$var") and " fx2_slwr " in line
    )
    falls = text.split("\n").count("0" + strobe)
    assert falls >= 8  # One burst for each of eight packets of 512 B.


def test_the_pins_of_twin_and_model_have_the_same_edges(tmp_path):
    found = {}
    for fpga in ("model", "twin"):
        path = tmp_path / f"{fpga}.sr"
        record(path, f",fpga={fpga}", text=b"Hi")
        found[fpga] = edges(samples(path))
    first = {fpga: rows[1][0] for fpga, rows in found.items()}
    # Between two rows of the supply.
    assert [(at - first["model"], now) for at, now in found["model"][1:-1]] \
        == [(at - first["twin"], now) for at, now in found["twin"][1:-1]]
    assert found["model"][0] == found["twin"][0]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["-d", "usb:", "--trace", "x.fst"], "-d virtual:"),
        (["--trace", "x.fst"], "-d virtual:"),
        (["-d", "virtual:", "--trace", "a,b.fst"], "comma"),
        (["-d", "virtual:", "--trace", "x" * 300], "too long"),
        (["-d", "virtual:", "--trace="], "no file name"),
        (["-d", "virtual:fpga=twin,trace="], "no file name"),
        (["-d", "virtual:trace=x.fst"], "fpga=twin"),
        (["-d", "virtual:fpga=verilog"], "model twin"),
    ],
)
def test_an_impossible_trace_is_refused_in_one_line(arguments, says, tmp_path):
    done = clyde(*arguments, "info", status=USAGE, cwd=tmp_path)
    assert says in only_line(done)
    assert os.listdir(tmp_path) in ([], ["x.fst"])


@pytest.mark.parametrize("option", ["--trace", "--capture"])
def test_a_trace_or_capture_that_cannot_be_written_has_the_same_sentence(
        option):
    done = clyde("-d", "virtual:", option, "/nope/x", "info", status=OUTPUT)
    assert only_line(done) == \
        "cannot write /nope/x: No such file or directory"


def test_without_the_module_the_error_names_it(tmp_path):
    environment = dict(os.environ, CLYDE_TWIN=str(tmp_path / "none.so"))
    done = clyde("-d", "virtual:fpga=twin", "info", status=INTERNAL,
                 env=environment)
    assert "CLYDE_TWIN" in only_line(done)
