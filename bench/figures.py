# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Writes docs/figures.md: runs measurements, each for a section of the page.

    bench/figures.py [--build DIR] [--out FILE] [--only PART...]

With --only the other sections stay as they are.  A section is written as soon
as it has been measured, so that an interrupted run keeps its results.  If a
part could not be measured, its section says why, and the exit status is 1.
The page must not contain a host name or a path of this machine.
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile
import textwrap
import time

import measure
from figures_parts import PARTS, SOURCE, TIMES

HEAD = """\
# Figures

<!-- Written by bench/figures.py; do not edit. -->

`make figures` measures all figures of Clyde again and writes this page, on a
quiet machine in about a quarter of an hour; `make figures PARTS="queue idle"`
writes two sections and leaves the others as they are. Figures in virtual time
are exact: they are the same, to the digit, on every machine. Figures in real
time belong to the machine that their section names. All figures are of the
virtual Glasgow; no real one has been measured.
"""
SECTION = re.compile(
    r"^<!-- begin (\w+) -->\n(.*?)^<!-- end \1 -->\n", re.M | re.S)
WIDTH = 100
BUSY = ("more than the number of cores: measured beside other work, so a quiet "
        "machine gives other figures")


def wrap(text, indent=""):
    return textwrap.fill(text, WIDTH, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def wrap_prose(text):
    """Wrap paragraphs; tables and code blocks stay as they are."""
    return "\n\n".join(
        block if block.startswith(("|", "```")) else wrap(block)
        for block in text.strip("\n").split("\n\n")) + "\n"


def without_paths(text, build):
    """Replace the folders of this machine by the names that the page uses."""
    for folder, name in ((build, "build"), (SOURCE, "."),
                         (tempfile.gettempdir(), "$TMPDIR")):
        text = text.replace(str(folder), name)
    return text


def not_measured(why):
    """The first line of `why`, which says what failed, and the last one, which
    says why."""
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    return "Not measured: " + ": ".join(dict.fromkeys([lines[0], lines[-1]]))


def conditions(part):
    """The conditions of a measurement; the load is that before it."""
    lines = [f"Command: `{part.command}`",
             f"Time: {TIMES[part.time]}",
             f"Date: {time.strftime('%Y-%m-%d')}",
             f"Repeats: {part.repeats}"]
    if part.time == "real":
        cores, model = measure.processor()
        load = os.getloadavg()[0]
        busy = f", {BUSY}" if load > cores else ""
        lines += [f"Processor: {model}, {cores} cores",
                  f"Load average at the start: {load:.2f}{busy}"]
    return lines


def section(part, build):
    """Measure a part.  Returns the text of its section and the failures."""
    lines, start = conditions(part), time.monotonic()
    try:
        text, failures = part.measure(build)
    except measure.Failed as failure:
        text, failures = not_measured(str(failure)), [str(failure)]
    if part.time == "real":
        lines.append(f"Duration: {time.monotonic() - start:.0f} s")
    listed = "\n".join(wrap(f"- {line}", "  ") for line in lines)
    return (f"## {part.title}\n\n{wrap(part.about)}\n\n{listed}\n\n"
            f"{wrap_prose(without_paths(text, build))}"), failures


def read(path):
    """The sections of a page by part; empty if there is no page yet."""
    if not path.exists():
        return {}
    text = path.read_text()
    if not text.startswith(HEAD.split("`")[0]):
        sys.exit(f"figures.py: {path} is not a page that figures.py wrote")
    return dict(SECTION.findall(text))


def write(path, sections):
    text = HEAD + "".join(
        f"\n<!-- begin {name} -->\n{sections[name]}<!-- end {name} -->\n"
        for name in PARTS if name in sections)
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def main():
    parser = argparse.ArgumentParser(
        description="Measure the figures of docs/figures.md.")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        default=SOURCE / "build")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE",
                        default=SOURCE / "docs/figures.md")
    parser.add_argument("--only", nargs="+", metavar="PART", choices=PARTS,
                        default=list(PARTS),
                        help=f"of {', '.join(PARTS)} (default: all)")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    sections = read(arguments.out)
    failed = False
    for name in PARTS:
        if name not in arguments.only:
            continue
        start = time.monotonic()
        sections[name], failures = section(PARTS[name], build)
        write(arguments.out, sections)
        print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr)
        for failure in failures:
            failed = True
            print(f"figures.py: {name}: {failure}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
