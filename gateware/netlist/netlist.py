#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Turns an iCE40HX8K bitstream back into logic, and the logic into a module
that virtual/fpga/twin-module.c loads:

    netlist.py MODULE < BITSTREAM

lib/link/virtual/netlist.c runs this for virtual:fpga=netlist:FILE and has
checked the bitstream; the build runs it for the tests.  A failure is one line
on standard error.  Statuses: 69, a tool is not installed; 65, the bitstream
has something that cannot be run; 70, a tool failed.

icebox_vlog (fpga-icestorm) writes LUTs, flip-flops, block RAMs and pads as
Verilog.  chip() makes three signals of each pad: what is driven, whether, and
the level that the board gives it.  top() connects the pads of revC's balls to
the ports of gateware/twin.v, so virtual/fpga/twin.cc serves both.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CXX = os.environ.get("CXX", "c++")
# A tool and its Debian package
TOOLS = {"iceunpack": "fpga-icestorm", "icebox_vlog": "fpga-icestorm",
         "verilator": "verilator", CXX: "g++"}
UNAVAILABLE, UNFIT, FAILED = 69, 65, 70


class Failure(Exception):
    """A line for the user, and the status."""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, check=False, **options)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        raise Failure(f"{command[0]} failed: {(lines or ['without a word'])[-1]}",
                      FAILED)
    return done.stdout


def check_tools():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        packages = sorted({TOOLS[tool] for tool in missing})
        raise Failure(f"{', '.join(missing)} not found; "
                      f"Debian's packages: {' '.join(packages)}", UNAVAILABLE)


# ---- The pads ---------------------------------------------------------------

def ports(text):
    """The pads that the bitstream uses: names and directions."""
    head = re.search(r"^module chip \((.*)\);$", text, re.M)[1]
    return {name: direction for direction, name in
            re.findall(r"(input|output|inout) (\w+)", head)}


def check_fit(text):
    """Only block RAMs may be there beside LUTs, flip-flops and pads."""
    for name in sorted(set(re.findall(r"^(SB_\w+)", text, re.M))):
        if name.startswith("SB_PLL"):
            raise Failure("the bitstream has a PLL, which has no model; only "
                          "bitstreams that run on the FX2's 48 MHz can be run",
                          UNFIT)
        if not name.startswith("SB_RAM40_4K"):
            raise Failure(f"the bitstream has an {name}, which has no model",
                          UNFIT)


def start_registers(text):
    """The registers in pads get the value that they have after configuration.
    An inverted output is one register that icebox_vlog writes as the inverse of
    its input; the pad's register itself starts as 0."""
    inverted = set(re.findall(r"(\w+) <= !\w+;$", text, re.M))

    def start(found):
        names = [name + (" = 1" if name in inverted else " = 0")
                 for name in found[1].split(", ")]
        return f"reg {', '.join(names)};"

    return re.sub(r"^reg ((?:\w+, )*\w+);$", start, text, flags=re.M)


def chip(text):
    """The module with NAME_i, NAME_o and NAME_oe in place of each pad NAME.
    Reading a pad gives the level on the board, also while it is driven."""
    pads = ports(text)
    driven = set()

    def drive(found):
        name, value = found[1], found[2]
        if name not in pads:
            return found[0]
        driven.add(name)
        enabled = re.fullmatch(r"(\w+) \? (\w+) : 1'bz", value)
        enable, level = enabled.groups() if enabled else ("1", value)
        return f"assign {name}_oe = {enable};\nassign {name}_o = {level};"

    text = start_registers(text)
    text = re.sub(r"^assign (\w+) += (.*);$", drive, text, flags=re.M)
    if "1'bz" in text:
        raise Failure("icebox_vlog drives something that is no pad", FAILED)
    head, ends = [], []
    for name, direction in pads.items():
        head += [f"input wire {name}_i", f"output wire {name}_o",
                 f"output wire {name}_oe"]
        if direction != "output":
            ends.append(f"assign {name} = {name}_i;")
        elif name in driven:
            ends.append(f"assign {name} = {name}_o;")
        if name not in driven:
            ends.append(f"assign {name}_oe = {int(direction == 'output')};")
            ends.append(f"assign {name}_o = "
                        f"{name if direction == 'output' else 0};")
    text = re.sub(r"^module chip .*$", f"module chip ({', '.join(head)});",
                  text, flags=re.M)
    return text.replace("\nendmodule", "\n" + "\n".join(ends) + "\nendmodule")


def rams(text):
    """One name for the block RAMs, whatever edges they use."""
    text = re.sub(r"^SB_RAM40_4K(NR)?(NW)? #\(",
                  lambda found: "SB_RAM40_4K #("
                  f".READ_FALLING({int(bool(found[1]))}), "
                  f".WRITE_FALLING({int(bool(found[2]))}),", text, flags=re.M)
    return re.sub(r"\.([RW]CLK)N\(", r".\1(", text)


# ---- The board ----------------------------------------------------------------

def balls():
    """The name of each ball that revC uses: {"K6": ("clk_if", 0)}."""
    text = (HERE / "revc.pcf").read_text()
    return {ball: (name, int(index or 0)) for name, index, ball in
            re.findall(r"^set_io (\w+)(?:\[(\d+)\])? (\w+)", text, re.M)}


def top(pads):
    """Module twin, with the ports of gateware/twin.v.  A ball that the
    bitstream does not use, or does not drive, has a pull-up."""
    inputs = {"clk_if": "clk_if", "fx2_flag": "fx2_flag[{}]",
              "fx2_fd": "fx2_fd_i[{}]", "i2c_scl": "i2c_scl",
              "i2c_sda": "i2c_sda_i", "port_io": "port_i[{}]"}
    outputs = {"fx2_fd": ("fx2_fd_o[{}]", "{0}_o"),
               "fx2_fifoadr": ("fx2_fifoadr[{}]", "{0}"),
               "fx2_sloe": ("fx2_sloe", "{0}"),
               "fx2_slrd": ("fx2_slrd", "{0}"),
               "fx2_slwr": ("fx2_slwr", "{0}"),
               "fx2_pktend": ("fx2_pktend", "{0}"),
               "i2c_sda": ("i2c_sda_low", "{0}_oe & !{0}_o"),
               "alert": ("alert_low", "{0}_oe & !{0}_o"),
               "port_io": ("port_o[{}]", "{0}"),
               # A level shifter without a signal keeps its pin alone.
               "port_oe": ("port_oe[{}]", "{0}_oe & {0}_o")}
    lines, connections = [], []
    names = balls()
    for ball in sorted(names.keys() | {pad[4:] for pad in pads}):
        name, index = names.get(ball, ("", 0))
        level = inputs.get(name, ball).format(index)
        lines.append(f"\twire {ball}_o, {ball}_oe;")
        lines.append(f"\twire {ball} = {ball}_oe ? {ball}_o : 1'b1;")
        if f"pin_{ball}" in pads:
            connections.append(f".pin_{ball}_i({level}), "
                               f".pin_{ball}_o({ball}_o), "
                               f".pin_{ball}_oe({ball}_oe)")
        else:
            lines.append(f"\tassign {ball}_o = 1'b1;\n"
                         f"\tassign {ball}_oe = 1'b0;")
        if name in outputs:
            port, value = outputs[name]
            lines.append(f"\tassign {port.format(index)} = "
                         f"{value.format(ball)};")
        if name == "fx2_fd":
            lines.append(f"\tassign fx2_fd_oe[{index}] = {ball}_oe;")
    return f"""
module twin (
	input wire clk_if,
	input wire [3:0] fx2_flag,
	input wire [7:0] fx2_fd_i,
	output wire [7:0] fx2_fd_o,
	output wire [7:0] fx2_fd_oe,
	output wire [1:0] fx2_fifoadr,
	output wire fx2_sloe, fx2_slrd, fx2_slwr, fx2_pktend,
	input wire i2c_scl,
	input wire i2c_sda_i,
	output wire i2c_sda_low,
	output wire alert_low,
	input wire [15:0] port_i,
	output wire [15:0] port_o,
	output wire [15:0] port_oe
);
{chr(10).join(lines)}
	chip chip ({', '.join(connections)});
endmodule
"""


# ---- The module ---------------------------------------------------------------

def verilog(bitstream, work):
    (work / "chip.bin").write_bytes(bitstream)
    run("iceunpack", work / "chip.bin", work / "chip.asc")
    text = run("icebox_vlog", "-s", "-l", "-d", "bg121", work / "chip.asc")
    check_fit(text)
    pads = ports(text)
    (work / "chip.v").write_text(rams(chip(text)) + top(pads))
    run("verilator", "--cc", "--trace-fst", "--trace-depth", "1", "-O3",
        "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-Wno-fatal",
        "-Wno-lint", "-Wno-style", "--top-module", "twin",
        "--Mdir", work / "verilated", HERE / "ram.v", work / "chip.v")


def build(module, work):
    """Compiles what Verilator wrote, and its runtime library."""
    root = run("verilator", "--getenv", "VERILATOR_ROOT").strip()
    share = pathlib.Path(root) / "include"
    sources = sorted((work / "verilated").glob("*.cpp"))
    sources += [share / name for name in (
        "verilated.cpp", "verilated_fst_c.cpp", "verilated_threads.cpp")]
    sources.append(HERE / "twin.cc")

    def compile_one(source):
        target = work / f"{source.name}.o"
        # What runs once is not worth the compiler's time.
        level = "-O0" if "Slow" in source.name else (
            "-O2" if source.parent != share else "-O1")
        run(CXX, "-std=c++17", level, "-fPIC", "-fvisibility=hidden",
            f"-I{work / 'verilated'}", f"-I{HERE}", "-isystem", share,
            "-isystem", share / "vltstd", "-c", source, "-o", target)
        return target

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, sources))
    run(CXX, "-shared", "-o", module, *objects, "-lz", "-lpthread")


def main():
    if len(sys.argv) != 2:
        print("usage: netlist.py MODULE < BITSTREAM", file=sys.stderr)
        return 64
    try:
        check_tools()
        with tempfile.TemporaryDirectory(prefix="clyde-netlist-") as folder:
            work = pathlib.Path(folder)
            verilog(sys.stdin.buffer.read(), work)
            build(sys.argv[1], work)
    except Failure as failure:
        line, status = failure.args
        print(line, file=sys.stderr)
        return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
