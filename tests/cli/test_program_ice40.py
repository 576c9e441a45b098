# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests program-ice40-sram on the part ice40: that it configures, how long that
takes by the virtual clock, and what is refused; and program-ice40-flash on a
flash chip, with a wire from reset to done for an FPGA that configures."""

import gzip
import re

import pytest
from test_cli import (CORRUPT, FPGA, OUTPUT, SOURCE, USAGE, clyde, document,
                      only_line)

PART = "ice40@cs=A0:sck=A1:copi=A2:reset=A3:done=A4:user=A5"


def sram(*arguments, device=PART, **more):
    part = f",part={device}" if device else ""
    return clyde("-d", f"virtual:configured=1{part}", "run",
                 "program-ice40-sram", "-V", "3.3", *arguments, **more)


@pytest.fixture(name="image", scope="module")
def image_in_a_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ice40") / "image.bin"
    path.write_bytes(gzip.decompress(
        (SOURCE / "gateware" / "image.bin.gz").read_bytes()))
    return path


def test_a_bitstream_configures_the_fpga(image):
    lines = sram(str(image)).stdout.splitlines()
    assert lines[-2] == ("cs A0, sck A1, copi A2, reset A3, done A4, "
                         "12000 kHz")
    assert re.fullmatch(r"135100 bytes in [0-9.]+ ms: the FPGA is configured",
                        lines[-1])


@pytest.mark.parametrize("rate, cycles", [
    ("12000", 4), ("24M", 2), ("25000", 2), ("1000", 48)])
def test_it_takes_the_clocks_and_1_3_ms(image, rate, cycles):
    done = sram("-f", rate, str(image))
    ms = float(re.search(r"in ([0-9.]+) ms", done.stdout)[1])
    clocks = (8 * 135100 + 150) * cycles / 48000
    assert clocks + 1.2 < ms < clocks + 1.7


def test_without_a_done_pin_the_bitstream_is_sent(image):
    done = sram("--done", "NC", str(image))
    assert "done none" in done.stdout
    assert "it is not known whether the FPGA is configured" in done.stdout


def test_other_pins_are_used(image):
    done = sram("--cs", "B0", "--sck", "B1", "--copi", "B2", "--reset", "B3",
                "--done", "B4", str(image),
                device="ice40@cs=B0:sck=B1:copi=B2:reset=B3:done=B4")
    assert "the FPGA is configured" in done.stdout


def test_done_that_never_rises_is_an_error(image, tmp_path):
    damaged = bytearray(image.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    file = tmp_path / "damaged.bin"
    file.write_bytes(damaged)
    done = sram(str(file), status=FPGA)
    assert "done is low 100 ms after the bitstream" in only_line(done)


def test_a_board_that_is_not_there_is_an_error(image):
    done = sram(str(image), device=None, status=FPGA)
    assert "done is low" in only_line(done)


@pytest.mark.parametrize("content", [b"", b"text", bytes(2000)],
                         ids=["empty", "text", "zeros"])
def test_a_file_that_is_no_bitstream_is_refused(tmp_path, content):
    file = tmp_path / "x.bin"
    file.write_bytes(content)
    done = sram(str(file), status=CORRUPT)
    assert "x.bin is no bitstream for an iCE40" in only_line(done)
    assert "cs A0" not in done.stdout


def test_a_file_of_a_mebibyte_is_refused(image, tmp_path):
    file = tmp_path / "x.bin"
    file.write_bytes(image.read_bytes() + bytes(1 << 20))
    assert "1 MiB or more" in only_line(sram(str(file), status=CORRUPT))


def test_a_file_that_cannot_be_read_is_an_error():
    done = sram("/nonexistent/x.bin", status=OUTPUT)
    assert "/nonexistent/x.bin: No such file" in only_line(done)


def test_the_pins_but_done_are_needed(image):
    assert "are all needed" in only_line(
        sram("--reset", "NC", str(image), status=USAGE))
    only_line(sram(status=USAGE))


def test_records_have_the_values(image):
    groups = document(sram("--json", "-", str(image)))
    assert "configured" in str(groups) and "135100" in str(groups)


# ---- program-ice40-flash

CHIP = "flash25@cs=A0:sck=A1:io0=A2:io1=A3:io2=A4:io3=A5:size=1M"
VERIFY = 95


def flash(*arguments, file="", wire=",wire=A6-A7", **more):
    return clyde("-d", f"virtual:configured=1{wire},part={CHIP}"
                 + (f":file={file}" if file else ""), "run",
                 "program-ice40-flash", "-V", "3.3", *arguments, **more)


def test_the_flash_is_identified_with_the_default_pins():
    assert flash().stdout.splitlines()[-3:] == [
        "cs A0, sck A1, io A2,A3,A4,A5, reset A6, done A7, 12000 kHz",
        "JEDEC id ef4014, Winbond, 1024 KiB, pages of 256 B",
        "the FPGA is configured from the flash",
    ]


def test_an_fpga_that_stays_blank_is_told_and_after_a_write_an_error():
    done = flash("erase", "0", "4KiB", wire="")
    assert done.stdout.endswith(
        "the FPGA is not configured: done stays low\n")
    done = flash("write", "0", "-d", "00ff", wire="", status=FPGA)
    assert "done is low 500 ms after reset" in only_line(done)


def test_without_done_nothing_is_said_of_the_fpga():
    done = flash("--done", "NC", "write", "0", "-d", "00ff", wire="")
    assert "FPGA" not in done.stdout


def test_a_bitstream_is_written_verified_and_read(image, tmp_path):
    chip, out = tmp_path / "chip", tmp_path / "out"
    done = flash("write", "0", "-f", str(image), file=chip)
    assert "the FPGA is configured from the flash" in done.stdout
    # 528 pages of 0.4 ms, their clocks twice, an erase, and little else.
    assert float(re.search(r"verified in ([0-9.]+) s", done.stdout)[1]) < 0.8
    assert chip.read_bytes()[:135100] == image.read_bytes()
    flash("verify", "0", "-f", str(image), file=chip)
    flash("-f", "24M", "read", "0x0", "135100", "-f", str(out), file=chip)
    assert out.read_bytes() == image.read_bytes()


def test_a_difference_is_an_error_and_the_fpga_is_let_go():
    done = flash("verify", "0x10", "-d", "00", status=VERIFY)
    assert "0x000010" in only_line(done)


@pytest.mark.parametrize("arguments, words", [
    (("write", "0"), "need --file or --data"),
    (("verify", "0", "-d", "0"), "is not a number of bytes"),
    (("write", "0", "-d", "xy"), "is not a number of bytes"),
    (("write", "0", "-d", "00", "-f", "x"), "and not both"),
    (("--io", "A2,A3,A4", "identify"), "--io are 3 pins"),
])
def test_what_makes_no_sense_is_refused(arguments, words):
    assert words in only_line(flash(*arguments, status=USAGE))
