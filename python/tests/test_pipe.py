# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Reads and writes of pipes: by copy, in place, by iteration and by
asyncio."""

import array
import asyncio
import os
import subprocess
import sys

import clyde
import pytest
from clyde import PipeId

from conftest import (LOOPBACK, PYTHON, PERIOD, SINK, SOURCE, URI, expected,
                      set_mode)


@pytest.fixture
def source(device):
    pipe = device.pipe(PipeId.EP6_IN, 4096, 4)
    set_mode(device, SOURCE)
    return pipe


@pytest.fixture
def loop(device):
    into = device.pipe(PipeId.EP6_IN, 512, 4)
    out = device.pipe(PipeId.EP2_OUT, 512, 4)
    set_mode(device, LOOPBACK)
    return into, out


def test_reads_of_any_size_are_the_stream(source):
    offset = 0
    for size in [1, 7, 512, 4096, 4097, 100_000]:
        assert source.read(size) == expected(offset, size)
        offset += size
    assert source.offset == offset


@pytest.mark.parametrize("make", [
    bytearray, lambda size: memoryview(bytearray(size)),
    lambda size: array.array("H", bytes(size))])
def test_a_read_fills_the_callers_buffer(source, make):
    buffer = make(10_000)
    assert source.readinto(buffer) == 10_000
    assert bytes(memoryview(buffer).cast("B")) == expected(0, 10_000)


def test_read1_gives_what_is_there(source):
    size = source.readinto1(bytearray(1 << 20))
    assert 0 < size <= 8 * 4096
    assert source.read1(10) == expected(size, 10)


def test_what_is_written_comes_back(loop):
    into, out = loop
    assert out.write(PERIOD[:700]) == 700
    out.flush()
    assert into.read(700) == PERIOD[:700]
    out.write(memoryview(PERIOD)[700:710])
    out.push()
    assert into.read(10, timeout=1) == PERIOD[700:710]


def test_iteration_gives_the_stream_in_place(source):
    offset = 0
    for view in source:
        assert view == expected(offset, len(view))
        offset += len(view)
        if offset > 200_000:
            break
    # The next call releases the last view.
    assert source.read(100) == expected(offset, 100)
    with pytest.raises(ValueError):
        view[0]


def test_each_view_of_an_iteration_may_have_a_deadline(device):
    pipe = device.pipe(PipeId.EP6_IN)
    with pytest.raises(clyde.Timeout):
        next(pipe.views(timeout=0.01))


def test_a_region_is_read_in_place(source):
    with source.acquire() as view:
        size = len(view)
        assert view == expected(0, size)
    assert source.offset == size


def test_a_region_may_be_read_in_part(source):
    region = source.acquire()
    region.release(10)
    region.release()
    assert source.read(10) == expected(10, 10)


def test_a_region_whose_body_fails_is_unread(source):
    with pytest.raises(KeyError):
        with source.acquire():
            raise KeyError
    assert source.read(10) == expected(0, 10)


def test_room_is_filled_in_place(device):
    pipe = device.pipe(PipeId.EP2_OUT, 4096, 4)
    set_mode(device, SINK)
    offset = 0
    for _ in range(20):
        region = pipe.acquire()
        size = min(1000, len(region.view))
        region.view[:size] = expected(offset, size)
        region.release(size)
        offset += size
    pipe.flush()
    assert pipe.offset == offset
    assert device.register_read(0x51) == b"\0"
    assert int.from_bytes(device.register_read(0x54, 4), "little") == offset


def test_a_cancelled_stream_goes_on_where_it_stopped(source):
    data = source.read(1000)
    source.cancel()
    with pytest.raises(clyde.Cancelled):
        while True:
            data += source.read(1000)
    source.resume()
    data += source.read(1000)
    assert data == expected(0, len(data))
    source.reset()
    assert source.offset == 0


def test_stats_count_transfers(source):
    source.read(8192)
    stats = source.stats()
    assert stats["bytes"] >= 8192 and stats["depth"] == 4


def test_the_idle_flush_is_set(source):
    source.set_idle_flush(4000)
    with pytest.raises(clyde.InvalidError):
        source.set_idle_flush(2_000_000)


def test_an_unplug_says_where():
    with clyde.open("virtual:configured=1,fault=unplug@20000") as device:
        pipe = device.pipe(PipeId.EP6_IN)
        set_mode(device, SOURCE)
        with pytest.raises(clyde.NoDeviceError, match="good up to") as raised:
            for view in pipe:
                pass
        assert isinstance(raised.value, clyde.NoDeviceError)


def test_a_pattern_is_compared_in_part(source):
    pattern = clyde.Pattern(2 * PERIOD)
    offset = 0
    for view in source:
        assert pattern.matches(view, offset % len(PERIOD))
        assert not pattern.matches(view, (offset + 1) % len(PERIOD))
        offset += len(view)
        if offset > 300_000:
            break
    assert offset > 300_000
    assert pattern.matches(b"", 2 * len(PERIOD))
    for start in [-1, 2 * len(PERIOD) - 4]:
        with pytest.raises(ValueError):
            pattern.matches(bytes(5), start)


# ---- asyncio ----


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 600))


def test_a_stream_is_awaited():
    async def stream():
        with clyde.open(URI) as device:
            pipe = device.pipe(PipeId.EP6_IN)
            set_mode(device, SOURCE)
            assert await pipe.aread(100_000) == expected(0, 100_000)
            offset = 100_000
            async for view in pipe:
                assert view == expected(offset, len(view))
                offset += len(view)
                if offset > 8 << 20:
                    break
            assert await pipe.aread1(10) == expected(offset, 10)
            with await pipe.aacquire() as view:
                assert view[:5] == expected(offset + 10, 5)
    run(stream())


def test_a_reader_and_a_writer_share_the_loop():
    async def write(pipe):
        for offset in range(0, 200_000, 1000):
            await pipe.awrite(expected(offset, 1000))
        await pipe.aflush()

    async def talk():
        with clyde.open(URI) as device:
            into = device.pipe(PipeId.EP6_IN, 4096, 4)
            out = device.pipe(PipeId.EP2_OUT, 4096, 4)
            set_mode(device, LOOPBACK)
            writer = asyncio.create_task(write(out))
            buffer = bytearray(200_000)
            assert await into.areadinto(buffer) == 200_000
            await writer
            assert buffer == expected(0, 200_000)
    run(talk())


def test_a_ready_stream_lets_others_have_a_turn():
    async def count(turns):
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def stream():
        turns = []
        counter = asyncio.create_task(count(turns))
        with clyde.open(URI) as device:
            pipe = device.pipe(PipeId.EP6_IN, 512, 1024)
            set_mode(device, SOURCE)
            device.sleep(0.1)  # until all transfers have completed
            views = 0
            async for _ in pipe:
                views += 1
                if views == 512:
                    break
        counter.cancel()
        assert len(turns) >= 16
    run(stream())


def test_a_wait_that_is_cancelled_loses_nothing():
    async def talk():
        with clyde.open(URI) as device:
            into = device.pipe(PipeId.EP6_IN, 512, 4)
            out = device.pipe(PipeId.EP2_OUT, 512, 4)
            set_mode(device, LOOPBACK)
            for _ in range(5):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(into.aread1(10), 0.005)
            out.write(b"0123456789")
            out.push()
            assert await into.aread1(10) == b"0123456789"
    run(talk())


async def read_async(pipe, size):
    return await pipe.aread(size)


async def read_into_async(pipe, size):
    buffer = bytearray(size)
    return bytes(buffer[:await pipe.areadinto(buffer)])


async def read_some_async(pipe, size):
    return await pipe.aread1(size)


async def acquire_async(pipe, size):
    region = await pipe.aacquire()
    data = bytes(region.view[:size])
    region.release(len(data))
    return data


async def iterate_async(pipe, size):
    async for view in pipe:
        return bytes(view)


def acquire(pipe, size):
    region = pipe.acquire()
    data = bytes(region.view[:size])
    region.release(len(data))
    return data


def read_into(pipe, size):
    buffer = bytearray(size)
    return bytes(buffer[:pipe.readinto(buffer, timeout=0)])


def read_all(pipe, size):
    return pipe.read(size)


READS = [read_async, read_into_async, read_some_async, acquire_async,
         iterate_async, acquire, read_into,
         read_all,
         lambda pipe, size: pipe.read1(size),
         lambda pipe, size: bytes(next(pipe)),
         lambda pipe, size: bytes(next(pipe.views(timeout=1)))]


async def write_all(pipe, data):
    await pipe.awrite(data)
    await pipe.aflush()


async def cancelled_read(loop, sent):
    """Read more than was sent, and cancel the read when all of it has
    arrived."""
    into, out = loop
    out.write(sent)
    out.push()
    reader = asyncio.create_task(into.aread(1000))
    while into.stats()["bytes"] < len(sent):
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


# Sizes below and above the 600 bytes of the leftover; the larger one only for
# reads that do not wait for more.
ALL = [(read, size) for read in READS for size in (4, 600, 700)
       if size < 700 or read not in (read_async, read_into_async, read_all)]


@pytest.mark.parametrize("read, size", ALL)
def test_what_a_cancelled_read_had_is_what_the_next_gives(loop, read, size):
    async def talk():
        into, out = loop
        sent = PERIOD[:600]
        await cancelled_read(loop, sent)
        assert into._leftover == sent
        assert into.offset == 0
        data = read(into, size)
        data = await data if asyncio.iscoroutine(data) else data
        assert into.offset == len(data) >= min(size, 600)
        out.write(PERIOD[600:1400])
        out.push()
        data += into.read(1000 - len(data))
        assert data == PERIOD[:1000] and into.offset == 1000
    run(talk())


def test_a_read_that_is_cancelled_again_and_again_loses_nothing(loop):
    async def talk():
        into, out = loop
        for offset in range(0, 5000, 100):
            out.write(PERIOD[offset:offset + 100])
            out.push()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(into.aread(10_000), 0.005)
        assert await into.aread(5000) == PERIOD[:5000]
    run(talk())


def test_a_region_of_what_was_kept_is_the_only_one(loop):
    async def talk():
        into, _ = loop
        await cancelled_read(loop, b"0123456789")
        region = into.acquire()
        for use in (into.acquire, lambda: into.read(1), lambda: next(into)):
            with pytest.raises(clyde.BusyError):
                use()
        with pytest.raises(clyde.InvalidError):
            region.release(11)
        into.reset()
        with pytest.raises(clyde.Timeout):
            into.read(1, timeout=0.001)
    run(talk())


def test_after_a_cancelled_write_the_offset_says_how_much_went(loop):
    async def talk():
        into, out = loop
        size = 1 << 20
        writer = asyncio.create_task(out.awrite(expected(0, size)))
        await asyncio.sleep(0.05)  # the write waits, as nothing is read
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        out.cancel()
        taken = out.offset
        assert 0 < taken < size
        out.resume()
        rest = asyncio.create_task(write_all(out, expected(taken, 1000)))
        assert await into.aread(taken + 1000) == expected(0, taken + 1000)
        await rest
    run(talk())


@pytest.mark.parametrize("what", ["pipe", "device", "context"])
def test_closing_ends_the_waits_of_the_loop(what):
    async def wait():
        with clyde.open(URI) as device:
            pipe = device.pipe(PipeId.EP6_IN)
            reader = asyncio.create_task(pipe.aread(10))
            await asyncio.sleep(0.01)
            {"pipe": pipe, "device": device,
             "context": device.context}[what].close()
            with pytest.raises(clyde.Error):
                await reader
    run(wait())


def test_a_device_may_go_from_one_loop_to_the_next(device):
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    for i in range(3):
        assert run(pipe.aread(1000)) == expected(1000 * i, 1000)


def test_the_example_streams():
    output = subprocess.check_output(
        [sys.executable, PYTHON.parent / "examples" / "stream_asyncio.py",
         "virtual:", "4"], env=dict(os.environ, PYTHONPATH=str(PYTHON)),
        text=True)
    assert "4 MiB there and back, 0 views wrong" in output
