#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Save what the flash chip on port A holds.

    PYTHONPATH=python examples/flash_dump.py URI FILE [RATE [LANES]]
"""

import sys

import clyde


def progress(what, done, total):
    print(f"\r{what} {100 * done // max(total, 1)} %", end="",
          file=sys.stderr)


def main(uri, path, rate="24e6", lanes="1"):
    with clyde.open(uri) as device:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        spi = device.spi(sck="A1", io="A2,A4,A3,A0", cs="A5",
                         rate=float(rate))
        flash = spi.flash(lanes=int(lanes))
        info = flash.info
        print(f"{info.jedec.hex(' ')}, {info.maker or 'unknown maker'}, "
              f"{info.size >> 10} KiB")
        started = device.now
        data = flash.read(0, info.size, progress)
        seconds = (device.now - started) / 1e9
    with open(path, "wb") as file:
        file.write(data)
    print(file=sys.stderr)
    print(f"{len(data)} B in {seconds:.3f} s of the link's time, "
          f"{len(data) / seconds / 2**20:.2f} MiB/s on {info.lanes} lanes")


if __name__ == "__main__":
    main(*sys.argv[1:])
