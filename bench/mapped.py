# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures the effect of libusb_dev_mem_alloc(): CPU time and rate of a source
that is read into buffers from malloc() and into mapped ones, in turn, and the
CPU time of copying out of each.

    clyde virtual -d virtual:configured=1 -- python3 bench/mapped.py [MIB]

prints medians.  inside() runs this command for figures_parts.py.
"""

import ctypes
import ctypes.util
import pathlib
import statistics
import sys
import time

import measure
from measure import Failed

SIZE, ROUNDS, MIB = 1 << 20, 5, 256
EP1_OUT, EP1_IN, EP6_IN = 0x01, 0x81, 0x86
SET_REGISTER = 0x28
REG_STREAM, REG_BENCH_MODE = 0x08, 0x50
TO_EP6 = 0, 0, 1, 0  # the stream of core 1, the benchmark
SOURCE = 1


def check(result):
    if result < 0:
        raise Failed(f"libusb: error {result}")


class Source:
    """The benchmark core as a source, read by libusb alone."""

    def __init__(self, total):
        self.total = total
        self.away = ctypes.create_string_buffer(SIZE)
        name = ctypes.util.find_library("usb-1.0")
        if name is None:
            raise Failed("libusb-1.0 is missing")
        self.usb = ctypes.CDLL(name)
        self.usb.libusb_open_device_with_vid_pid.restype = ctypes.c_void_p
        self.usb.libusb_dev_mem_alloc.restype = ctypes.c_void_p
        self.usb.libusb_dev_mem_alloc.argtypes = (ctypes.c_void_p,
                                                  ctypes.c_size_t)
        check(self.usb.libusb_init(None))
        self.handle = ctypes.c_void_p(
            self.usb.libusb_open_device_with_vid_pid(None, 0x20B7, 0x9DB1))
        if not self.handle:
            raise Failed("no device")
        self.start()

    def start(self):
        self.select(0, 1)
        self.set_register(REG_STREAM, *TO_EP6)
        self.select(3, 2)
        self.set_register(REG_BENCH_MODE, SOURCE)

    def select(self, interface, setting):
        check(self.usb.libusb_claim_interface(self.handle, interface))
        check(self.usb.libusb_set_interface_alt_setting(
            self.handle, interface, setting))

    def set_register(self, address, *data):
        request = bytes([address, SET_REGISTER, address, *data])
        reply = ctypes.create_string_buffer(64)
        self.bulk(EP1_OUT, request, len(request))
        self.bulk(EP1_IN, reply, 64)
        if reply.raw[:2] != bytes([address, 0]):
            raise Failed(f"register {address:#x} was refused")

    def bulk(self, endpoint, data, size):
        moved = ctypes.c_int()
        check(self.usb.libusb_bulk_transfer(
            self.handle, endpoint, data, size, ctypes.byref(moved), 10000))
        return moved.value

    def buffers(self):
        mapped = ctypes.c_void_p(
            self.usb.libusb_dev_mem_alloc(self.handle, SIZE))
        if not mapped:
            raise Failed("this system maps no memory")
        return {"malloc": ctypes.create_string_buffer(SIZE),
                "mapped": mapped}

    def cost(self, buffer):
        """CPU time of this process, duration, and CPU time of copying out,
        in s/GiB."""
        cpu, real, moved = time.process_time(), time.monotonic(), 0
        while moved < self.total:
            moved += self.bulk(EP6_IN, buffer, SIZE)
        cpu, real = time.process_time() - cpu, time.monotonic() - real
        copy = time.process_time()
        for _ in range(self.total // SIZE):
            ctypes.memmove(self.away, buffer, SIZE)
        copy = time.process_time() - copy
        return [value * (1 << 30) / self.total for value in (cpu, real, copy)]


def rows(mib=MIB):
    """Medians by kind of memory: CPU, duration and copying out, in s/GiB."""
    source = Source(mib << 20)
    buffers = source.buffers()
    source.cost(buffers["malloc"])  # warm-up
    results = {name: [] for name in buffers}
    for _ in range(ROUNDS):
        for name, buffer in buffers.items():
            results[name].append(source.cost(buffer))
    return [[name, *(statistics.median(column) for column in zip(*rounds))]
            for name, rounds in results.items()]


def inside(clyde):
    """The table as text, measured by this program inside `clyde virtual`."""
    return measure.output(
        clyde, "virtual", "-d", "virtual:configured=1", "--", sys.executable,
        pathlib.Path(__file__).resolve())


def main():
    print(measure.table(
        ["memory", "CPU, s/GiB", "duration, s/GiB",
         "copying out, CPU s/GiB"],
        [[name, *(f"{value:.3f}" for value in values)] for name, *values in
         rows(int(sys.argv[1]) if len(sys.argv) > 1 else MIB)]), end="")


if __name__ == "__main__":
    measure.run(main)
