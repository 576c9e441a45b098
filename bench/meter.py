# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What the Python clients of compare.py share, so that only the binding
differs: the sequence, the call that verifies a chunk, the clock, and the
report.

    client.py MODE COUNT OMIT COUNTER

COUNT bytes are timed, after a warm-up of OMIT bytes.  COUNTER is a file of 16
B in which transfers and bytes are counted, so that compare.py can read them
after a crash of the client.
"""

import array
import json
import mmap
import os
import sys
import time

try:
    import cffi
except ImportError:
    sys.exit("ImportError: no cffi for this interpreter")

PERIOD = 131070
SIZE = 65536
DEPTH = 32
BLOCK = 512

_ffi = cffi.FFI()
_ffi.cdef("int memcmp(const void *a, const void *b, size_t size);")
_memcmp = _ffi.dlopen(None).memcmp
_from_buffer = _ffi.from_buffer


class WrongData(Exception):
    pass


def _generate():
    state, words = 1, array.array("H")
    for _ in range((PERIOD + SIZE) // 2):
        words.append(state)
        bit = (state >> 15 ^ state >> 14 ^ state >> 12 ^ state >> 3) & 1
        state = (state << 1 | bit) & 0xffff
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


class Meter:
    """Counts and verifies chunks; the clock runs from the end of warm-up."""

    def __init__(self, total, omit, counter):
        self.bytes = _generate()
        self.view = memoryview(self.bytes)
        self._golden = _from_buffer(self.bytes)
        self._map = mmap.mmap(counter.fileno(), 16)
        self.counter = memoryview(self._map).cast("Q")
        self.total, self.omit = omit + total, omit
        self.moved = 0
        self.start_moved = 0
        self.begin_s = self.start_s = self.end_s = 0.0
        self.cpu_s = self._cpu_start_s = 0.0

    def begin(self):
        """Call before the first byte is moved."""
        self.start()
        self.begin_s = self.start_s

    def start(self):
        """Start the clock, at the end of the warm-up."""
        self.start_moved = self.moved
        self._cpu_start_s = time.process_time()
        self.start_s = time.perf_counter()

    def stop(self):
        self.end_s = time.perf_counter()
        self.cpu_s = time.process_time() - self._cpu_start_s

    def verify(self, chunk):
        """Verify and count the next chunk.  Returns whether more bytes are to
        be moved."""
        size = len(chunk)
        moved = self.moved
        if size > SIZE or _memcmp(
                self._golden + moved % PERIOD, _from_buffer(chunk), size):
            raise WrongData(f"wrong data after {moved} bytes")
        return self.advance(size)

    def advance(self, size):
        moved = self.moved
        self.moved = moved + size
        counter = self.counter
        counter[0] += 1
        counter[1] = self.moved
        if moved < self.omit <= self.moved:
            self.start()
        return self.moved < self.total

    def piece(self, offset, size):
        """A view of `size` bytes of the sequence, at most a transfer."""
        at = offset % PERIOD
        return self.view[at:at + size]


def _round_trips(client, meter):
    """Make round trips one after the other.  Both directions of one count as
    its block's bytes."""
    clock, us = time.perf_counter, array.array("d")
    while meter.moved < meter.total:
        timed = meter.moved >= meter.omit
        block = meter.piece(meter.moved, BLOCK)
        begin = clock()
        back = client.round_trip(block)
        end = clock()
        meter.verify(back)
        meter.advance(BLOCK)
        if timed:
            us.append((end - begin) * 1e6)
    return us


def run(client_class):
    """Run the mode that the command line names, and print the results."""
    mode, count, omit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    us = []
    with open(sys.argv[4], "r+b") as counter:
        meter = Meter(count, omit, counter)
    with client_class(mode, meter) as client:
        if mode == "latency":
            us = _round_trips(client, meter)
        else:
            getattr(client, mode)()
        meter.stop()
        client.check()
        print(json.dumps({
            "all_bytes": meter.moved,
            "all_seconds": meter.end_s - meter.begin_s,
            "bytes": meter.moved - meter.start_moved,
            "seconds": meter.end_s - meter.start_s,
            "cpu_s": meter.cpu_s,
            "transfers": meter.counter[0],
            "us": list(us),
        }), flush=True)
