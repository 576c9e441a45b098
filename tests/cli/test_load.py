# SPDX-License-Identifier: 0BSD OR Apache-2.0

"""Tests clyde load with good and bad bitstreams."""

import gzip
import os
import re
import subprocess

import pytest

SOURCE = os.environ["CLYDE_SOURCE"]


def load(*arguments, device="virtual:"):
    return subprocess.run(
        [os.environ["CLYDE"], "-d", device, "load", *map(str, arguments)],
        capture_output=True, text=True, timeout=600)


@pytest.fixture(name="image")
def fixture_image(tmp_path):
    path = tmp_path / "image.bin"
    with gzip.open(SOURCE + "/gateware/image.bin.gz") as packed:
        path.write_bytes(packed.read())
    return path


def refused(result, status, words):
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_the_built_in_image_and_one_in_a_file_are_loaded(image):
    assert load().stdout == "loaded\n"
    assert load(image).stdout == "loaded\n"
    assert load(image, "--id", "0123456789abcdef").stdout == "loaded\n"


def test_a_bitstream_that_runs_already_is_not_loaded_again(image):
    with open(SOURCE + "/gateware/image.txt") as text:
        own = text.readline().split()[1]
    there = "virtual:configured=1"
    assert load(device=there).stdout == "the FPGA runs it already\n"
    assert load(image, "--id", own, device=there).stdout == \
        "the FPGA runs it already\n"


@pytest.mark.parametrize("size", [1, 1000, 135000])
def test_a_truncated_bitstream_does_not_configure(image, size):
    image.write_bytes(image.read_bytes()[:size])
    refused(load(image), 81, "DONE stays low")


def test_a_damaged_bitstream_does_not_configure(image):
    data = bytearray(image.read_bytes())
    data[50000] ^= 1
    image.write_bytes(data)
    refused(load(image), 81, "DONE stays low")


def test_a_file_that_is_no_bitstream_is_refused(tmp_path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    refused(load(empty), 65, "empty")
    refused(load("/dev/zero"), 65, "longer than")
    refused(load(tmp_path / "none"), 72, "cannot read")
    refused(load(tmp_path), 72, "cannot read")


def test_a_malformed_id_is_refused(image):
    refused(load(image, "--id", "12"), 64, "16 hexadecimal digits")
    refused(load(image, "--id", "0123456789abcdeg"), 64, "16 hexadecimal")
    refused(load("--id", "0123456789abcdef"), 64, "FILE")


# The shortest bitstream that configures: nothing is written.
UNKNOWN = bytes.fromhex("7eaa997e 0105 22e5d0 0106")


def test_an_unknown_bitstream_is_said_to_be_one(image, tmp_path):
    path = tmp_path / "unknown.bin"
    path.write_bytes(UNKNOWN)
    done = load(path, "--log", "warning")
    assert done.stdout == "loaded\n"
    assert re.fullmatch(r"\[[ \d.]+\] warning: the FPGA has a bitstream that its "
                        r"model does not know: [^\n]+\n", done.stderr)
    assert load(image, "--log", "warning").stderr == ""


def test_clyde_virtual_notes_an_unknown_bitstream(image, tmp_path):
    path = tmp_path / "unknown.bin"
    path.write_bytes(UNKNOWN)
    for file, notes in ((path, 1), (image, 0)):
        done = subprocess.run(
            [os.environ["CLYDE"], "virtual", "--", os.environ["CLYDE"], "load",
             file], capture_output=True, text=True, timeout=600)
        assert (done.returncode, done.stdout) == (0, "loaded\n")
        assert done.stderr.count("clyde: note: the FPGA has a bitstream that "
                                 "its model does not know") == notes
        assert done.stderr.count("\n") == notes
