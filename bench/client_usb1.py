# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A client that compare.py runs: python-libusb1, used as Glasgow's own host
software uses it.  A thread polls, transfers complete asyncio futures, and each
transfer is a new object.  32 transfers of 64 KiB are in flight each way."""

import asyncio
import collections
import os
import sys
import threading
import traceback

# PyPy does not search Debian's folder of modules.  It is added at the end, so
# that PyPy's own cffi is found first.
sys.path.append("/usr/lib/python3/dist-packages")

try:
    import usb1
except ImportError as error:
    sys.exit(f"ImportError: {error}")

import meter
from meter import DEPTH, SIZE

MANAGEMENT_OUT, MANAGEMENT_IN, OUT, IN = 0x01, 0x81, 0x02, 0x86
SET_REGISTER, GET_REGISTER = 0x28, 0x29
REG_IDLE_FLUSH = 0x04
REG_STREAM = 0x08
REG_BENCH_MODE = 0x50
REG_BENCH_ERROR = 0x51
REG_BENCH_COUNT = 0x54
CORE_BENCHMARK = 1
MODES = {"source": 1, "sink": 2, "loopback": 3, "latency": 3}

TIMEOUT_MS = 10000
IDLE_CYCLES = 192  # 4 us


class Poller(threading.Thread):
    def __init__(self, context):
        super().__init__(daemon=True)
        self.context = context

    def run(self):
        while True:
            self.context.handleEvents()


class Failed(Exception):
    pass


class Client:
    def __init__(self, mode, count):
        self.meter = count
        self.mode = mode
        self.serial = 0
        self.reads = collections.deque()
        self.tail = b""
        self.context = usb1.USBContext()
        self.context.open()
        self.handle = self.context.openByVendorIDAndProductID(0x20b7, 0x9db1)
        if self.handle is None:
            raise Failed("no Glasgow")
        self.use(0, 1)
        self.set(REG_BENCH_MODE, 0)
        into, out = mode != "sink", mode != "source"
        self.set(REG_STREAM, out and CORE_BENCHMARK, 0,
                 into and CORE_BENCHMARK, 0)
        if out:
            self.use(1, 2)
        if into:
            self.use(3, 2)
        if mode == "latency":
            self.set(REG_IDLE_FLUSH, IDLE_CYCLES, 0)
        self.loop = asyncio.new_event_loop()
        self.poller = Poller(self.context)

    def __enter__(self):
        self.poller.start()
        if self.mode != "sink":
            for _ in range(DEPTH):
                self.reads.append(self.read())
        self.meter.begin()
        self.set(REG_BENCH_MODE, MODES[self.mode])
        return self

    def __exit__(self, *_):
        pass

    # ---- The device ----

    def use(self, interface, alternate):
        self.handle.claimInterface(interface)
        self.handle.setInterfaceAltSetting(interface, alternate)

    def command(self, code, *data):
        self.serial = self.serial % 255 + 1
        self.handle.bulkWrite(
            MANAGEMENT_OUT, bytes([self.serial, code, *data]), TIMEOUT_MS)
        reply = self.handle.bulkRead(MANAGEMENT_IN, 64, TIMEOUT_MS)
        if len(reply) < 2 or reply[0] != self.serial or reply[1] != 0:
            raise Failed(f"command {code:#x} was refused")
        return bytes(reply[2:])

    def set(self, address, *data):
        self.command(SET_REGISTER, address, *data)

    # ---- Transfers ----

    def transfer(self, endpoint, buffer_or_size):
        """Submit a new transfer, and return the future of its result."""
        future = self.loop.create_future()

        def finish(transfer):
            if future.cancelled():
                return
            if transfer.getStatus() != usb1.TRANSFER_COMPLETED:
                future.set_exception(
                    Failed(f"transfer status {transfer.getStatus()}"))
            elif endpoint & 0x80:
                future.set_result(
                    transfer.getBuffer()[:transfer.getActualLength()])
            else:
                future.set_result(None)

        transfer = self.handle.getTransfer()
        transfer.setBulk(
            endpoint, buffer_or_size,
            callback=lambda transfer:
                self.loop.call_soon_threadsafe(finish, transfer))
        transfer.submit()
        return future

    def read(self):
        return self.transfer(IN, SIZE)

    def write(self, offset, size):
        return self.transfer(
            OUT, bytearray(self.meter.piece(offset, size)))

    # ---- Modes ----

    def source(self):
        self.loop.run_until_complete(self.receive())

    async def receive(self):
        verify, more = self.meter.verify, True
        while more:
            chunk = await self.reads.popleft()
            self.reads.append(self.read())
            if chunk:
                more = verify(chunk)

    async def send(self, end, count):
        """Write up to the offset `end`; call `count` with the size of each
        completed transfer."""
        sent, writes = self.meter.moved, collections.deque()
        while sent < end or writes:
            while sent < end and len(writes) < DEPTH:
                writes.append(self.write(sent, SIZE))
                sent += SIZE
            await writes.popleft()
            count(SIZE)

    def sink(self):
        if self.meter.omit:
            self.loop.run_until_complete(
                self.send(self.meter.omit, self.meter.advance))
        self.meter.start()
        self.loop.run_until_complete(
            self.send(self.meter.total, self.meter.advance))

    def loopback(self):
        async def both():
            sender = asyncio.ensure_future(
                self.send(self.meter.total, lambda size: None))
            await self.receive()
            await sender

        self.loop.run_until_complete(both())

    async def trip(self, block):
        await self.transfer(OUT, bytearray(block))
        back = self.tail
        while len(back) < len(block):
            back += bytes(await self.reads.popleft())
            self.reads.append(self.read())
        self.tail = back[len(block):]
        return back[:len(block)]

    def round_trip(self, block):
        return self.loop.run_until_complete(self.trip(block))

    def check(self):
        if self.mode != "sink":
            return
        error, = self.command(GET_REGISTER, REG_BENCH_ERROR, 1)
        count = int.from_bytes(
            self.command(GET_REGISTER, REG_BENCH_COUNT, 4), "little")
        if error or count != self.meter.moved & 0xffffffff:
            raise meter.WrongData(
                f"the FPGA took {count} of {self.meter.moved} bytes, "
                f"error {error}")


def main():
    """Run, and end the process without joining the poller: old versions of
    python-libusb1 cannot interrupt their event handler."""
    status = 1
    try:
        meter.run(Client)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
