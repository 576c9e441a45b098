# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures netlists: what it takes to make that of the image, and how fast it
runs the benchmark (`virtual:fpga=netlist:FILE`).

    bench/netlist.py [BUILD]
"""

import gzip
import importlib
import importlib.util
import os
import pathlib
import resource
import sys
import tempfile
import time

import measure

SOURCE = pathlib.Path(__file__).resolve().parents[1]
COUNT = "64KiB"
CLOCK_HZ = 48e6


def converter(build):
    """The module netlist.py beside the files that it needs."""
    spec = importlib.util.spec_from_file_location(
        "netlist_converter", build / "gateware/netlist/netlist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The pool of the converter needs Python's own queue, not bench/queue.py.
    kept, here = sys.path[:], pathlib.Path(__file__).resolve().parent
    sys.path[:] = [path for path in kept
                   if pathlib.Path(path).resolve() != here]
    importlib.import_module("queue")
    sys.path[:] = kept
    return module


def cpu_s():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def steps(build, image, work):
    """Rows of a step's name, real time and time of the processors.  Only the
    compiler runs in several processes at a time."""
    made = converter(build)
    run, rows = made.run, []

    def timed(name, call, *arguments, **options):
        start, spent = time.perf_counter(), cpu_s()
        result = call(*arguments, **options)
        rows.append([name, time.perf_counter() - start, cpu_s() - spent])
        return result

    made.run = lambda *command, **options: timed(
        f"`{command[0]}`", run, *command, **options)
    made.verilog(image.read_bytes(), work)
    made.run = run
    timed("compiler and linker", made.build, work / "netlist.so", work)
    rows.append(["all", sum(row[1] for row in rows),
                 sum(row[2] for row in rows)])
    return rows


def speed(build, image, cache):
    """Cycles a second of a mode of the benchmark, of the netlist and of the
    twin; their netlist has been made."""
    os.environ["XDG_CACHE_HOME"] = str(cache)
    for fpga in (f"netlist:{image}", "twin"):
        keys = f"virtual:configured=1,fpga={fpga}"
        measure.output(build / "cli/clyde", "-d", keys, "info")
        for mode in ("source", "sink"):
            start = time.perf_counter()
            result = measure.benchmark(
                build / "cli/clyde", "-d", keys, "run", "benchmark", mode,
                "-c", COUNT)
            real_s = time.perf_counter() - start
            yield [fpga.split(":")[0], mode, f"{real_s:.2f} s",
                   f"{result['seconds'] * CLOCK_HZ / real_s / 1e6:.2f} million"]


def table(build):
    build = pathlib.Path(build)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = folder / "image.bin"
        with gzip.open(SOURCE / "gateware/image.bin.gz") as packed:
            image.write_bytes(packed.read())
        (folder / "work").mkdir()
        making = [[name, f"{real:.1f} s", f"{cpu:.1f} s"] for name, real, cpu
                  in steps(build, image, folder / "work")]
        running = list(speed(build, image, folder))
    return (measure.table(["step", "real time", "processor"], making) + "\n" +
            measure.table(["FPGA", "mode", "real time", "cycles a second"],
                          running))


def main():
    print(table(sys.argv[1] if len(sys.argv) > 1 else "build"), end="")


if __name__ == "__main__":
    measure.run(main)
