# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures calls for a flash chip on the virtual Glasgow, in link time.
Prints a table in Markdown; the figures are exact.

    bench/flash.py [LIBRARY]
"""

import os
import pathlib
import sys

import measure

PART = "flash25@sck=A1:cs=A5:io0=A2:io1=A4:io2=A3:io3=A0:qe=1:size=1M"
TIMES = "t-pp=400us:t-se=45ms"
MIB = 1 << 20
PAGE = 256
SECTOR = 4096
PROGRAMMED = 256 * 1024


class Bench:
    """A chip with known times, and the time that calls take on the link."""

    def __init__(self, library):
        os.environ["CLYDE_LIBRARY"] = str(library)
        sys.path.insert(
            0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
        import clyde
        self.device = clyde.open(f"virtual:configured=1,part={PART}:{TIMES}")
        self.device.fpga_load_image()
        self.device.supply_apply("A=3.3")
        self.device.sleep(0.1)

    def timed(self, call, *arguments):
        before = self.device.now
        call(*arguments)
        return (self.device.now - before) / 1e9

    def chip(self, mhz, lanes=1):
        spi = self.device.spi(sck="A1", io="A2,A4,A3,A0", cs="A5",
                              rate=mhz * 1e6)
        return spi, spi.flash(lanes=lanes)

    def identify(self):
        spi = self.device.spi(sck="A1", io="A2,A4,A3,A0", cs="A5", rate=12e6)
        with spi:
            return self.timed(spi.flash)

    def read(self, mhz, lanes):
        spi, chip = self.chip(mhz, lanes)
        with spi:
            return 1 / self.timed(chip.read, 0, MIB)

    def program(self):
        spi, chip = self.chip(24)
        data = bytes(n * n % 251 for n in range(PROGRAMMED))
        with spi:
            taken = self.timed(chip.program, 0, data)
            return taken, self.timed(chip.verify, 0, data)

    def write(self):
        """Over bytes that have to be erased, in sectors of 4 KiB."""
        spi, chip = self.chip(24)
        data = bytes(n * n % 241 for n in range(SECTOR))
        with spi:
            return self.timed(chip.write, 0, data)


def bits_s(size, mhz):
    return size * 8 / (mhz * 1e6)


def rows(bench):
    yield ("identify, with SFDP, at 12 MHz",
           f"{bench.identify() * 1e3:.3f} ms", "")
    for mhz in 24, 48:
        for lanes in 1, 4:
            yield (f"read 1 MiB, {lanes} lane{'s' * (lanes > 1)}, {mhz} MHz",
                   f"{bench.read(mhz, lanes):.2f} MiB/s",
                   f"clock: {mhz * lanes / 8 * 1e6 / MIB:.2f} MiB/s")
    programmed, verified = bench.program()
    least = PROGRAMMED / PAGE * 400e-6 + bits_s(PROGRAMMED, 24)
    yield ("program 256 KiB, 1 lane, 24 MHz, 0.4 ms a page",
           f"{programmed * 1e3:.1f} ms",
           f"chip and data: {least * 1e3:.1f} ms")
    yield ("verify the same", f"{verified * 1e3:.1f} ms",
           f"data: {bits_s(PROGRAMMED, 24) * 1e3:.1f} ms")
    least = 45e-3 + 16 * 400e-6 + 3 * bits_s(SECTOR, 24)
    yield ("write 4 KiB over other bytes: read, erase, program, verify",
           f"{bench.write() * 1e3:.2f} ms",
           f"chip and data: {least * 1e3:.2f} ms")


def table(library):
    bench = Bench(library)
    return measure.table(["call", "measured", "bound"], list(rows(bench)))


def main():
    print(table(*(sys.argv[1:2] or ["build/lib/libclyde.so.0"])), end="")


if __name__ == "__main__":
    measure.run(main)
