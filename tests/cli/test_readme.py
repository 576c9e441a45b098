# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests that the README's commands print what it shows, and that its programs
run."""

import os
import pathlib
import re
import shlex
import subprocess

SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
BUILD = CLYDE.parents[1]
README = (SOURCE / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)


def block_that_has(part, language=""):
    found = [text for kind, text in BLOCKS
             if kind == language and part in text]
    assert len(found) == 1, (part, len(found))
    return found[0]


def output_of(command):
    """Returns what a terminal shows: standard output and error as they
    come."""
    return subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=True, timeout=60,
        env={**os.environ, "PATH": f"{CLYDE.parent}:{os.environ['PATH']}"},
    ).stdout


def test_the_commands_print_what_the_readme_shows():
    shown = [text for _, text in BLOCKS if text.startswith("$ ")]
    assert len(shown) == 3
    for text in shown:
        command, expected = text[2:].split("\n", 1)
        # Standard output and standard error may be interleaved in any order.
        assert sorted(output_of(command).splitlines()) == \
            sorted(expected.splitlines()), command


def test_the_benchmark_prints_the_figures_of_the_readme():
    assert output_of("clyde -d virtual: run benchmark") == \
        block_that_has("source     45")


def test_the_program_in_c_compiles_and_reads_all_its_bytes(tmp_path):
    (tmp_path / "program.c").write_text(block_that_has("<clyde.h>", "c"))
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run(
        [*compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror",
         "-I", SOURCE / "include", tmp_path / "program.c",
         BUILD / "lib" / "libclyde.so.0", "-o", tmp_path / "program"],
        check=True)
    subprocess.run(
        [tmp_path / "program"], check=True, timeout=60,
        env={**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib")})


def test_the_program_in_python_runs():
    done = subprocess.run(
        ["/usr/bin/python3", "-c", block_that_has("import clyde", "python")],
        stdout=subprocess.PIPE, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(SOURCE / "python"),
             "CLYDE_LIBRARY": str(BUILD / "lib" / "libclyde.so.0")})
    assert done.stdout.startswith("1048576 [") and "A0" in done.stdout


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert len(links) > 8
    for link in links:
        assert (SOURCE / link).exists(), link


def rows_of(text):
    return {cells[0]: cells[1:] for cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines() if line.startswith("|"))}


def test_the_table_has_the_figures_of_figures_md():
    page = (SOURCE / "docs" / "figures.md").read_text()
    page = page.split("<!-- begin compare -->")[1]
    paced = rows_of(page.split("Paced as the link:")[1].split("\n\n")[1])
    shown = rows_of(README.split("## Figures")[1])
    columns = ["source", "latency p50", "of a core"]
    hosts = [host for host in shown if host.startswith(("Clyde", "python"))]
    assert len(hosts) == 4
    for host in hosts:
        figures = dict(zip(paced["host"], paced[host]))
        assert shown[host] == [figures[name] for name in columns], host
