# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A client that compare.py runs: Clyde's Python binding.  It reads in place,
and writes from slices of the sequence, without a copy in Python."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

try:
    import clyde
except ImportError as error:
    sys.exit(f"ImportError: {error}")

import meter
from meter import DEPTH, SIZE

CORE = clyde.Core.BENCHMARK
MODES = {"source": 1, "sink": 2, "loopback": 3, "latency": 3}

SECONDS = 10  # without a byte, after which a call fails
IDLE_NS = 4000


class Client:
    def __init__(self, mode, count):
        self.meter = count
        self.mode = mode
        self.device = clyde.open("usb:")
        self.device.fpga_load_image()
        self.device.core_write(CORE, "mode", clyde.BenchmarkMode.IDLE)
        into, out = mode != "sink", mode != "source"
        self.device.attach(CORE, *[clyde.PipeId.EP2_OUT] * out,
                           *[clyde.PipeId.EP6_IN] * into)
        if into:
            self.input = self.pipe(clyde.PipeId.EP6_IN)
            self.input.set_idle_flush(
                IDLE_NS if mode == "latency" else 125000)
        if out:
            self.output = self.pipe(clyde.PipeId.EP2_OUT)

    def pipe(self, pipe_id):
        return self.device.pipe(
            pipe_id, transfer_size=SIZE, depth=DEPTH, quad=True)

    def __enter__(self):
        self.meter.begin()
        self.device.core_write(CORE, "mode", MODES[self.mode])
        return self

    def __exit__(self, *_):
        self.device.close()

    def source(self):
        verify = self.meter.verify
        for view in self.input.views(SECONDS):
            if not verify(view):
                return

    def send(self, offset, size):
        return self.output.write(self.meter.piece(offset, size), SECONDS)

    def send_until(self, end):
        while self.meter.moved < end:
            self.meter.advance(self.send(self.meter.moved, SIZE))
        self.output.flush(SECONDS)

    def sink(self):
        if self.meter.omit:
            self.send_until(self.meter.omit)
        self.meter.start()
        self.send_until(self.meter.total)

    def loopback(self):
        verify, sent = self.meter.verify, 0
        # Never send more than the queue has room for, so that a send does not
        # wait.
        while sent < (DEPTH - 1) * SIZE:
            sent += self.send(sent, SIZE)
        for view in self.input.views(SECONDS):
            size = len(view)
            if not verify(view):
                return
            while sent - self.meter.moved <= (DEPTH - 2) * SIZE:
                sent += self.send(sent, size)

    def round_trip(self, block):
        self.output.write(block, SECONDS)
        self.output.push()
        return self.input.read(len(block), SECONDS)

    def check(self):
        if self.mode != "sink":
            return
        error = self.device.core_read(CORE, "error")
        count = self.device.core_read(CORE, "count")
        if error or count != self.meter.moved & 0xffffffff:
            raise meter.WrongData(
                f"the FPGA took {count} of {self.meter.moved} bytes, "
                f"error {error}")


if __name__ == "__main__":
    meter.run(Client)
