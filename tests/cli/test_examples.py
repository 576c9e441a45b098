# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests that the examples in C do on the virtual Glasgow what their comments
say, and are short; libclyde(3) shows one of them to the letter."""

import itertools
import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
FOLDER = pathlib.Path(os.environ["CLYDE"]).resolve().parents[1] / "examples"
URIS = ["virtual:wire=A0-A1", "virtual:wire=A0-A1,configured=1"]


def run(name, *arguments, **options):
    return subprocess.run([FOLDER / f"example-{name}", *arguments],
                          capture_output=True, timeout=60, **options)


def sequence():
    """Returns the benchmark core's bytes: a 16-bit LFSR with taps 16 15 13
    4."""
    state = 1
    while True:
        yield from state.to_bytes(2, "little")
        bit = (state >> 15 ^ state >> 14 ^ state >> 12 ^ state >> 3) & 1
        state = (state << 1 | bit) & 0xffff


@pytest.mark.parametrize("uri", URIS)
def test_stream_writes_the_requested_number_of_bytes(uri):
    done = run("stream", uri, "300001")
    assert done.stdout == bytes(itertools.islice(sequence(), 300001))
    assert done.stderr == b"" and done.returncode == 0


@pytest.mark.parametrize("uri", URIS)
def test_loopback_brings_the_text_back_in_a_microframe(uri):
    done = run("loopback", uri, "Sauchiehall Street")
    assert done.stdout == b"Sauchiehall Street\n125.0 us\n"
    assert done.stderr == b"" and done.returncode == 0


@pytest.mark.parametrize("uri", URIS)
def test_uart_returns_its_input_over_a_wire(uri):
    done = run("uart", uri, "115200", input=b"over the wire\n")
    assert done.stdout == b"over the wire\n"
    assert done.stderr == b"" and done.returncode == 0


@pytest.mark.parametrize("uri", URIS)
def test_poll_echoes_its_input(uri):
    lines = b"".join(b"line %d\n" % i for i in range(2000))
    done = run("poll", uri, input=lines)
    assert done.stdout == lines
    assert done.stderr == b"" and done.returncode == 0


CHIP = "part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0:size=64K"


@pytest.mark.parametrize("uri", [f"virtual:{CHIP}",
                                 f"virtual:configured=1,{CHIP}"])
def test_spi_jedec_id_prints_what_the_chip_answers(uri):
    done = run("spi-jedec-id", uri)
    assert done.stdout == b"ef 40 10\n"
    assert done.stderr == b"" and done.returncode == 0


@pytest.mark.parametrize("name, arguments", [
    ("stream", ["nowhere:", "5"]), ("loopback", ["nowhere:", "x"]),
    ("uart", ["virtual:", "3"]), ("poll", ["nowhere:"]),
    ("spi-jedec-id", ["nowhere:"])])
def test_an_example_that_fails_prints_the_reason_in_one_line(name, arguments):
    done = run(name, *arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(f"{name}: ".encode())
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("name", ["loopback", "poll", "spi-jedec-id", "stream", "uart"])
def test_an_example_without_arguments_prints_its_usage(name):
    done = run(name, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(f"usage: {name} URI".encode())
    assert done.stderr.count(b"\n") == 1


def test_loopback_that_gets_less_than_it_sent_fails():
    done = run("loopback", "virtual:fault=drop@2:3", "Sauchiehall Street")
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(b"loopback: ")
    assert len(done.stderr) > len(b"loopback: \n")


def examples():
    found = sorted((SOURCE / "examples").glob("*.c"))
    assert [path.stem for path in found] == [
        "loopback", "poll", "spi-jedec-id", "stream", "uart"]
    return found


def test_an_example_has_20_to_60_lines_and_no_number_of_a_register():
    for path in examples():
        code = path.read_text().split("*/")[-1]
        assert 20 <= len(path.read_text().splitlines()) <= 60, path
        assert "wire/" not in code and "register_" not in code, path


def test_the_example_in_python_has_no_number_of_a_register():
    text = (SOURCE / "examples" / "stream_asyncio.py").read_text()
    assert "register_" not in text and "core_write" in text


PYTHON = {**os.environ, "PYTHONPATH": str(SOURCE / "python"),
          "CLYDE_LIBRARY": str(FOLDER.parent / "lib/libclyde.so.0")}


@pytest.mark.parametrize("python", ["/usr/bin/python3", "pypy3"])
def test_flash_dump_saves_what_the_chip_holds(python, tmp_path):
    content = bytes(itertools.islice(sequence(), 65536))
    (tmp_path / "chip").write_bytes(content)
    done = subprocess.run(
        [python, SOURCE / "examples/flash_dump.py",
         f"virtual:{CHIP}:qe=1:file={tmp_path}/chip", tmp_path / "dump",
         "48e6", "4"],
        env=PYTHON, capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dump").read_bytes() == content
    assert done.stdout.startswith("ef 40 10, Winbond, 64 KiB\n65536 B in ")


def test_the_manual_shows_an_example_to_the_letter():
    text = (SOURCE / "man" / "libclyde.3.scd").read_text()
    shown = [block.strip("\n") for block in text.split("```")[1::2]]
    example = (SOURCE / "examples" / "stream.c").read_text()
    body = example[example.index("#include"):].rstrip("\n")
    assert body.replace("\\", "\\\\") in shown or body in shown
    example = (SOURCE / "examples" / "spi-jedec-id.c").read_text()
    parts = [text.replace("\\\\", "\\").strip() for text in shown]
    assert any(part.startswith("unsigned char id") and part in example
               for part in parts)
