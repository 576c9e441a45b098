# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The parts of docs/figures.md: their measurements and their texts.
figures.py runs them.  A part returns Markdown and a list of failures, or
raises measure.Failed.  A missing figure must not be an empty cell without a
reason in the text.
"""

import dataclasses
import importlib.util
import pathlib
import re
import subprocess
import sys
import typing

import compare
import compare_table
import flash
import idle
import jtag
import mapped
import measure
import netlist
import startup
import twin
import usbfs

SOURCE = pathlib.Path(__file__).resolve().parents[1]
SEEDS = 100000


def script(name):
    """The module bench/NAME.py, where `import NAME` would load Python's own
    module."""
    spec = importlib.util.spec_from_file_location(
        f"bench_{name}", SOURCE / f"bench/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- Measurements ---------------------------------------------------------


def queue_part(build):
    return script("queue").table(build / "cli/clyde"), []


def idle_part(build):
    return idle.table(build / "cli/clyde"), []


def flash_part(build):
    return flash.table(build / "lib/libclyde.so.0"), []


def jtag_part(build):
    return jtag.table(build), []


def image_part(_):
    text = (SOURCE / "gateware/image.txt").read_text()
    lines = text.splitlines()

    def share(name):
        used, of = re.search(rf"^{name} (\d+) of (\d+)$", text, re.M).groups()
        return [name, used, of, f"{100 * int(used) / int(of):.0f} %"]

    size, packed = re.search(r"^size (\d+) B, (\d+) B", text, re.M).groups()
    mhz = re.search(r"^Fmax ([\d.]+) MHz$", text, re.M)[1]
    parts = re.findall(
        r"^part (\w+): (\d+) LUT, (\d+) flip-flops, (\d+) BRAM$", text, re.M)
    return (f"Built by {', '.join(lines[1:4])}. The bitstream has {size} B "
            f"({packed} B compressed), and closes timing at {mhz} MHz where "
            "48 MHz are needed.\n\n" +
            measure.table(["of the iCE40 HX8K", "used", "of", "share"],
                          [share("LC"), share("BRAM")]) +
            "\nBy module, as synthesised; placing adds to it:\n\n" +
            measure.table(["module", "LUT", "flip-flops", "BRAM"], parts), [])


def startup_part(build):
    return measure.table(
        ["command", "median", "worst", "peak memory"],
        [[f"`{row['command']}`", f"{row['median_ms']:.2f} ms",
          f"{row['worst_ms']:.2f} ms", f"{row['peak_mib']:.1f} MiB"]
         for row in startup.rows(build / "cli/clyde")]), []


def mapped_part(build):
    return mapped.inside(build / "cli/clyde"), []


def usbfs_part(build):
    numbers = usbfs.Numbers(build, usbfs.REPEATS)
    numbers.measure(usbfs.PARTS)
    return usbfs.table(numbers.rows()), []


def compare_part(build):
    """A failure of python-libusb1 on PyPy is known.  It is a result in the
    text and not a failure of the measurement."""
    rows = compare.compare(build)
    sentences = compare_table.failed_hosts(rows)
    text = compare_table.units(rows) + "\n" + compare_table.tables(rows)
    text += "".join(f"\n{sentence}\n" for sentence in sentences.values())
    return text, [sentence for name, sentence in sentences.items()
                  if not name.startswith("python-libusb1, PyPy ")]


def twin_part(build):
    return twin.table(build / "cli/clyde"), []


def netlist_part(build):
    return netlist.table(build), []


def printed(command):
    """The output of a test program, and its failures."""
    done = subprocess.run([sys.executable, *map(str, command)], text=True,
                          capture_output=True)
    if not done.stdout.strip():
        raise measure.Failed(f"{command[0]}: exit status {done.returncode}\n"
                             f"{done.stderr}")
    failures = []
    if done.returncode != 0:
        failures.append(f"exit status {done.returncode}\n{done.stderr}")
    return done.stdout, failures


def soak_part(build):
    text, wrong = printed([SOURCE / "scripts/soak", "--build", build,
                           "--usbfs-minutes", "1", "--seeds", SEEDS])
    return f"```\n{text}```\n", wrong


def mistakes_part(build):
    return printed([SOURCE / "tests/simulation/mutations.py", "--build",
                    build, "--markdown"])


# ---- Texts ----------------------------------------------------------------


TIMES = {
    "real": "real",
    "virtual": "virtual, so the figures are exact",
    "clients": "virtual; bytes of other programs come in pieces of any size, "
               "which may change a last digit",
    "none": "none is measured",
}


@dataclasses.dataclass
class Part:
    title: str
    about: str
    command: str
    repeats: str
    measure: typing.Callable
    time: str = "real"  # a key of TIMES


PARTS = {
    "queue": Part(
        "Rate by queue depth and transfer size",
        "Source mode of the benchmark on the virtual link, in MiB/s: a row "
        "for each number of transfers in flight, a column for each transfer "
        "size. The ceiling is 45.25 MiB/s, since a packet of 512 B takes 518 "
        "cycles of the 48 MHz FIFO bus.",
        "python3 bench/queue.py build/cli/clyde", "1", queue_part,
        time="virtual"),
    "idle": Part(
        "Round trip by idle flush",
        "Round trips of 512 B on the virtual link, 8192 for each row. An IN "
        "transfer that is larger than the reply ends only at a short packet, "
        "and the FPGA sends that packet after the idle flush time. After "
        "4 us, Clyde's value for request and reply, the packet is in the "
        "same microframe: 125 us, the least that USB allows. After 125 us, "
        "the value of Glasgow's own host software, the packet is in the next "
        "microframe.",
        "python3 bench/idle.py build/cli/clyde", "1", idle_part,
        time="virtual"),
    "flash": Part(
        "Flash chips",
        "Calls for the virtual chip `flash25` of 1 MiB, with 0.4 ms for a "
        "page and 45 ms for a sector of 4 KiB. The bound is what the clock "
        "allows, or the chip's own time and the bytes of data.",
        "python3 bench/flash.py build/lib/libclyde.so.0", "1", flash_part,
        time="virtual"),
    "jtag": Part(
        "JTAG",
        "Calls of the library and applets at 24 MHz for the part `tap`, and "
        "Debian's openFPGALoader (0.10.0+git20230202) and OpenOCD (0.12.0) as "
        "clients of `jtag-xvc` and `jtag-openocd`. The bound is what the "
        "clock allows, and the waits that an SVF file asks for.",
        "python3 bench/jtag.py build", "1", jtag_part, time="clients"),
    "image": Part(
        "The FPGA image",
        "Size, resources and highest clock frequency, from the reports of "
        "the tools. `gateware/image.txt` keeps what `make image` printed; a "
        "test builds the image again and compares.",
        "make image", "1", image_part, time="none"),
    "startup": Part(
        "Startup time and memory",
        "Real time from start to exit and peak memory of whole commands. "
        "Memory is the largest resident set, as `/usr/bin/time` reports.",
        "python3 bench/startup.py build/cli/clyde",
        f"{startup.RUNS}; memory once", startup_part),
    "mapped": Part(
        "Mapped USB memory",
        "Reading a source of 256 MiB in transfers of 1 MiB by libusb alone "
        "over the emulated usbfs, into memory from malloc() and into memory "
        "from libusb_dev_mem_alloc(), in turn; then copying the data out. "
        "Medians. Clyde does not use mapped memory; docs/decisions.md "
        "has the reason.",
        "build/cli/clyde virtual -d virtual:configured=1 -- "
        "python3 bench/mapped.py",
        f"{mapped.ROUNDS}", mapped_part),
    "usbfs": Part(
        "libusb over the emulated usbfs",
        "`clyde run benchmark` beside bare libusb (`bench/libusb-stream.c`), "
        "both over the emulated usbfs: 256 MiB as fast as memory, 64 MiB "
        "paced as the link, every byte verified. Figures are medians; "
        "worst and best are Clyde's; the ratio is Clyde to bare libusb. "
        "Loopback counts both ways. CPU is the client's, user and system. "
        "Figures that Clyde alone has leave bare libusb and ratio empty.",
        f"python3 bench/usbfs.py --build build --repeats {usbfs.REPEATS}",
        f"{usbfs.REPEATS}", usbfs_part),
    "compare": Part(
        "Hosts side by side",
        "Clyde in C and in Python, python-libusb1 in the pattern of "
        "Glasgow's own host software, and libusb alone, on the virtual "
        "Glasgow over the emulated usbfs. Every chunk is verified. Loopback "
        "counts both ways.",
        "python3 bench/compare.py --build build --repeats "
        f"{compare.REPEATS} compare",
        f"{compare.REPEATS}", compare_part),
    "twin": Part(
        "Speed of the twin",
        "Real time from start to exit of the default benchmark on the "
        "Verilated gateware, `virtual:fpga=twin`; and the cycles of the 48 "
        "MHz clock in the benchmark's own time, by that real time.",
        "python3 bench/twin.py build/cli/clyde", f"{twin.RUNS}", twin_part),
    "netlist": Part(
        "Netlists",
        "What `virtual:fpga=netlist:FILE` takes to make the netlist of the "
        f"image, once; and the benchmark, {netlist.COUNT} a mode, "
        "from start to exit on that netlist and on the twin, with the "
        "cycles of the 48 MHz clock in its own time, by that real time.",
        "python3 bench/netlist.py build", "1", netlist_part),
    "soak": Part(
        "Endurance",
        "`make soak`, shortened: an hour of link time in loopback, a minute "
        "of clients over the emulated usbfs that are stopped, killed and "
        f"unplugged, {SEEDS:,} seeds of the simulation, and every schedule "
        "of the model of `lib/base/handle.c`.",
        f"scripts/soak --build build --usbfs-minutes 1 --seeds {SEEDS}",
        "1", soak_part),
    "mistakes": Part(
        "Mistakes that the simulation finds",
        "The library with one mistake at a time, and the first seed at which "
        "the simulation reports a violation. A seed is the same run on every "
        "machine. The test `the-simulation-finds-mistakes` fails if a "
        "mistake is not found within 10,000 seeds.",
        "python3 tests/simulation/mutations.py --build build --markdown", "1",
        mistakes_part, time="virtual"),
}
