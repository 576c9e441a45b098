#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""A loopback stream with asyncio: one task writes, one reads in place, one
prints the progress.

    PYTHONPATH=python examples/stream_asyncio.py [URI [MIB]]
"""

import asyncio
import os
import sys

import clyde

CHUNK = os.urandom(65536)
TWICE = 2 * CHUNK


async def write(pipe, size):
    for _ in range(size // len(CHUNK)):
        await pipe.awrite(CHUNK)
    await pipe.aflush()


async def read(pipe, size):
    wrong = offset = 0
    async for view in pipe:  # in place; valid until the next view
        start = offset % len(CHUNK)
        wrong += bytes(view) != TWICE[start:start + len(view)]
        offset += len(view)
        if offset == size:
            return wrong


async def look_on(pipe):
    while True:
        await asyncio.sleep(0.2)
        print(f"{pipe.stats()['bytes'] >> 20} MiB so far")


async def main(uri="virtual:", mib="16"):
    size = int(mib) << 20
    with clyde.open(uri) as device:
        device.fpga_load_image()
        device.attach(clyde.Core.BENCHMARK, clyde.PipeId.EP2_OUT,
                      clyde.PipeId.EP6_IN)
        into = device.pipe(clyde.PipeId.EP6_IN)
        out = device.pipe(clyde.PipeId.EP2_OUT)
        device.core_write(clyde.Core.BENCHMARK, "mode",
                          clyde.BenchmarkMode.LOOPBACK)
        onlooker = asyncio.create_task(look_on(into))
        started = device.now
        wrong, _ = await asyncio.gather(read(into, size), write(out, size))
        seconds = (device.now - started) / 1e9
        onlooker.cancel()
    print(f"{mib} MiB there and back, {wrong} views wrong, "
          f"{size / seconds / 2**20:.2f} MiB/s each way by the link's clock")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
