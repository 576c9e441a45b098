# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The SPI core and a flash chip behind it, and the memory that batches lend to
the library, however their objects end."""

import asyncio
import gc
import os
import random
import threading
import weakref

import clyde
import pytest
from clyde import SpiStep, _object

from conftest import collect_garbage, expected, script

SIZE = 1 << 16
CHIP = ("part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0"
        ":size=64K:qe=1:t-se=1ms:t-be=2ms:t-ce=3ms")
PINS = {"sck": "A1", "io": "A2,A4,A3,A0", "cs": "A5"}
JEDEC = bytes.fromhex("ef4010")


def opened(path, **options):
    """A device with a chip whose content is in a file, and a controller."""
    path.write_bytes(expected(0, SIZE))
    device = clyde.open(f"virtual:configured=1,{CHIP}:file={path}")
    try:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        return device, device.spi(**{**PINS, "rate": 24e6, **options})
    except BaseException:
        device.close()
        raise


@pytest.fixture
def spi(tmp_path):
    device, spi = opened(tmp_path / "chip")
    with device, spi:
        yield spi


@pytest.fixture
def flash(spi):
    with spi.flash(lanes=4) as flash:
        yield flash


def reading(address, into):
    """The steps of a fast read."""
    return [SpiStep.write(b"\x0b" + address.to_bytes(3, "big"), dummy=8),
            SpiStep.read(into)]


# ---- Batches


def test_an_exchange_returns_as_many_bytes(spi):
    assert spi.rate == 24_000_000
    assert spi.exchange(b"\x9f\0\0\0")[1:] == JEDEC
    assert spi.configure(1e6, 3) == spi.rate == 1_000_000
    assert spi.exchange(b"\x9f\0\0\0")[1:] == JEDEC


def test_a_selection_keeps_the_chip_selected_between_calls(spi):
    with spi.select() as same:
        assert same is spi
        spi.write(b"\x0b\x00\x01\x00")
        spi.dummy(8)
        assert spi.read(100) == expected(256, 100)
        assert spi.read(0) == b""
        into = bytearray(50)
        assert spi.readinto(into) == 50 and into == expected(356, 50)
        with pytest.raises(clyde.InvalidError):
            spi.read(1, chip=1)
        with pytest.raises(clyde.InvalidError):
            spi.select(1).__enter__()
    assert spi.exchange(b"\x9f\0\0\0")[1:] == JEDEC


def test_a_selection_ends_with_the_exception_of_its_body(spi):
    with pytest.raises(KeyError):
        with spi.select():
            spi.write(b"\x9f")
            raise KeyError
    assert spi.exchange(b"\x9f\0\0\0")[1:] == JEDEC


def test_a_transfer_returns_what_its_steps_received(spi):
    into = bytearray(3)
    got = spi.transfer([
        SpiStep.write(b"\x9f"), SpiStep.read(into, deselect=True),
        SpiStep.exchange(b"\x9f\0", deselect=True),
        SpiStep.poll(0x05, 1, 0, 1000), SpiStep.pins(0x0c),
        SpiStep.bits(0x9, 4), SpiStep.bits(0xf, 4), SpiStep.read(3)])
    assert got[0] is into and into == JEDEC
    assert got[1][1:] == JEDEC[:1] and got[2] & 1 == 0
    assert len(got) == 6 and got[-1] == JEDEC
    assert spi.poll(0x05, 1, 0, 1000) & 1 == 0


def test_a_step_that_has_not_what_its_struct_can_hold_is_refused(spi):
    for wrong in (lambda: SpiStep.bits(16, 4), lambda: SpiStep.bits(0, 9),
                  lambda: SpiStep.dummy(1 << 16), lambda: SpiStep.pins(256),
                  lambda: SpiStep.poll(256, 0, 0, 0),
                  lambda: spi.transfer([SpiStep.exchange(b"123", bytearray(2))]),
                  lambda: spi.read(-1), lambda: spi.read(1, chip=4),
                  lambda: spi.configure(12.5)):
        with pytest.raises(clyde.InvalidError):
            wrong()
    with pytest.raises((TypeError, ValueError, BufferError)):
        spi.readinto(b"cannot be written")


def test_a_limit_that_passes_names_the_step(spi):
    for call in (lambda: spi.poll(0x05, 1, 1, 10),
                 lambda: spi.transfer([SpiStep.write(b"\x9f"),
                                       SpiStep.poll(0x05, 1, 1, 10)])):
        with pytest.raises(clyde.LimitPassedError):
            call()
    batch = spi.submit([SpiStep.write(b"\x9f", deselect=True),
                        SpiStep.poll(0x05, 1, 1, 10)])
    for _ in range(2):
        with pytest.raises(clyde.LimitPassedError):
            batch.collect()
        assert batch.failed == 1
    assert spi.exchange(b"\x9f\0\0\0")[1:] == JEDEC


def test_a_failure_that_nothing_collects_is_raised_once(spi):
    spi.submit([SpiStep.poll(0x05, 1, 1, 10)])
    after = spi.submit(reading(0, 8))
    with pytest.raises(clyde.LimitPassedError):
        after.collect()
    assert after.collect() == [expected(0, 8)] and after.failed is None
    spi.submit([SpiStep.poll(0x05, 1, 1, 10)])
    with pytest.raises(clyde.LimitPassedError):
        spi.synchronize()
    spi.synchronize()


def test_pipelined_reads_are_collected_in_any_order(spi):
    generator = random.Random(1)
    batches = []
    for _ in range(200):
        address = generator.randrange(SIZE - 300)
        size = generator.randrange(1, 300)
        into = bytearray(size) if generator.random() < 0.5 else size
        batches.append((spi.submit(reading(address, into)), into,
                        expected(address, size)))
    generator.shuffle(batches)
    for batch, into, content in batches:
        got, = batch.collect()
        assert got == content
        assert got is into or isinstance(into, int)
        assert batch.collect() == [got]
    assert spi._lents == []


def test_a_collect_of_a_later_batch_ends_those_before(spi):
    batches = [spi.submit(reading(at, 16)) for at in range(20)]
    last = batches.pop()
    del batches[::2]
    assert last.collect() == [expected(19, 16)]
    assert spi._lents == []
    assert [each.collect()[0] for each in batches] == [
        expected(at, 16) for at in range(1, 19, 2)]


def test_a_timeout_leaves_the_batch_to_be_collected_again(spi):
    spi.configure(10_000)
    batch = spi.submit(reading(0, 64))
    with pytest.raises(clyde.Timeout):
        batch.collect(timeout=0)
    assert batch.collect() == [expected(0, 64)]


# ---- What is lent


@pytest.mark.parametrize("end", ["spi", "device", "context"])
def test_a_close_with_batches_on_their_way_frees_what_they_lend(
        end, tmp_path):
    device, spi = opened(tmp_path / "chip", rate=100e3)
    batches = [spi.submit(reading(0, 500)) for _ in range(8)]
    memory = weakref.ref(spi._lents[0])
    objects = {"spi": spi, "device": device, "context": device.context}
    objects[end].close()
    assert spi._lents == []
    with pytest.raises(clyde.ClosedError):
        batches[3].collect()
    with pytest.raises(clyde.ClosedError):
        spi.read(1)
    del batches, objects
    collect_garbage()
    assert memory() is None
    spi.close()
    device.close()


def test_objects_may_be_dropped_in_any_order_at_any_time(tmp_path):
    """The controller, its batches and the buffers, in cycles and out of them,
    with the collector on and off."""
    generator = random.Random(2)
    before = clyde.live_objects()
    for _ in range(60):
        device, spi = opened(tmp_path / "chip", rate=1e6)
        kept = [device, spi]
        for _ in range(generator.randrange(1, 12)):
            into = bytearray(200)
            kept += [into, spi.submit(reading(0, into))]
            if generator.random() < 0.2:
                kept[-1].collect()
        del device, spi, into
        if generator.random() < 0.5:
            kept.append(kept)
        if generator.random() < 0.3:
            gc.disable()
        generator.shuffle(kept)
        while kept and generator.random() < 0.9:
            kept.pop()
        del kept
        if generator.random() < 0.3:
            collect_garbage()
        gc.enable()
    collect_garbage()
    assert clyde.live_objects() == before


def test_what_a_callback_drops_is_lent_until_it_is_closed(tmp_path):
    """PyPy clears weak references before it calls a finalizer, so they do not
    say what lives."""
    device, spi = opened(tmp_path / "chip", rate=100e3)
    spi.submit(reading(0, 500))
    kept, lent, seen = [spi], weakref.ref(spi._lents[0]), []
    del spi

    def drop(level, time_ns, line):
        kept.clear()
        collect_garbage()
        seen.append([len(each._lents) for each in _object._deferred])
    device.context.log(drop, clyde.LogLevel.TRACE)
    device.fpga_status()
    device.context.log(None)
    assert seen and all(each == [1] for each in seen)
    clyde.Context().close()
    collect_garbage()
    assert lent() is None
    device.close()


def test_a_buffer_that_shrinks_meanwhile_is_no_place_to_write_to(spi):
    """CPython does not let it shrink, PyPy does."""
    into = bytearray(4096)
    batch = spi.submit(reading(0, into))
    try:
        del into[10:]
    except BufferError:
        pass
    assert batch.collect()[0] is into
    assert into == expected(0, len(into))


def test_threads_collect_submit_and_close_all_at_once(tmp_path):
    failures, right = [], expected(0, 64)
    for seed in range(6):
        device, spi = opened(tmp_path / "chip", rate=1e6)

        def work(seed):
            generator = random.Random(seed)
            try:
                while True:
                    try:
                        batches = [spi.submit(reading(0, 64))
                                   for _ in range(generator.randrange(8))]
                        generator.shuffle(batches)
                        for batch in batches:
                            if batch.collect() != [right]:
                                failures.append("wrong")
                    except clyde.BusyError:
                        pass
            except (clyde.ClosedError, clyde.Cancelled):
                pass
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work, args=(10 * seed + i,))
                   for i in range(4)]
        for thread in threads:
            thread.start()
        if seed % 2:
            for _ in range(20):
                device.info
        device.close()
        for thread in threads:
            thread.join(600)
        assert not any(thread.is_alive() for thread in threads)
    assert failures == []


def test_a_child_neither_has_nor_closes_what_is_its_parents(spi):
    batch = spi.submit(reading(0, 1000))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for call in (batch.collect, lambda: spi.read(1), spi.synchronize):
                try:
                    call()
                except clyde.ClosedError:
                    status += 1
            spi.close()
            collect_garbage()
            status -= 4 - clyde.live_objects()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert batch.collect() == [expected(0, 1000)]


@pytest.mark.parametrize("end", [
    "", "sys.exit()", "del device", "device.close()", "del spi, batches",
    "import gc; gc.disable(); ring = [spi]; ring.append(ring); del spi",
    "import builtins; builtins.kept = [spi, batches]"])
def test_an_exit_with_batches_on_their_way_says_nothing(end):
    assert script(f"""
device = clyde.open("virtual:configured=1,{CHIP}")
device.fpga_load_image()
device.supply_apply("A=3.3")
spi = device.spi(**{PINS!r})
batches = [spi.submit([clyde.SpiStep.read(bytearray(1000))])
           for _ in range(9)]
{end}
""") == ""


# ---- asyncio


def test_coroutines_pipeline_beside_each_other(spi):
    async def read(address):
        batch = await spi.asubmit(reading(address, 64))
        await asyncio.sleep(0)
        assert await batch.acollect() == [expected(address, 64)]

    async def main():
        async with spi.select() as same:
            await same.awrite(b"\x9f")
            assert await same.aread(3) == JEDEC
        assert (await spi.aexchange(b"\x9f\0\0\0"))[1:] == JEDEC
        assert await spi.apoll(0x05, 1, 0, 100) & 1 == 0
        await asyncio.gather(*(read(at) for at in range(0, 3000, 37)))
        await spi.asynchronize()
    asyncio.run(main())
    assert spi._lents == []


def test_a_coroutine_that_is_cancelled_leaves_the_controller_as_it_was(spi):
    async def main():
        spi.configure(10_000)
        task = asyncio.ensure_future(spi.aread(500))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await spi.aexchange(b"\x9f\0\0\0"))[1:] == JEDEC
    asyncio.run(main())


def test_a_close_ends_the_wait_of_a_coroutine(tmp_path):
    device, spi = opened(tmp_path / "chip", rate=2e3)

    async def main():
        task = asyncio.ensure_future(spi.aread(60_000))
        await asyncio.sleep(0)
        spi.close()
        with pytest.raises((clyde.ClosedError, clyde.Cancelled)):
            await task
    asyncio.run(main())
    device.close()


# ---- Flash chips


def test_a_chip_says_what_it_is(flash):
    info = flash.info
    assert info.jedec == JEDEC and info.size == SIZE and info.lanes == 4
    assert info.maker == "Winbond" and info.sfdp and info.page_size == 256
    assert info.erases[0].size == 4096 and info.erases[0].typical_us > 0


def test_a_chip_is_read_erased_programmed_written_and_verified(flash):
    told = []
    assert flash.read(1000, 3000, lambda *each: told.append(each)) == \
        expected(1000, 3000)
    assert told and told[-1][1:] == (3000, 3000)
    into = bytearray(100)
    assert flash.readinto(5, into) == 100 and into == expected(5, 100)
    flash.erase(4096, 4096)
    assert flash.read(4095, 4098) == (
        expected(4095, 1) + b"\xff" * 4096 + expected(8192, 1))
    flash.program(5000, b"Sauchiehall")
    flash.verify(5000, b"Sauchiehall")
    with pytest.raises(clyde.VerifyError):
        flash.verify(5000, b"Sauchiehalt")
    flash.write(5000, b"Byres Road!")
    assert flash.read(4999, 13) == b"\xffByres Road!\xff"
    flash.erase_chip()
    assert flash.read(0, SIZE) == b"\xff" * SIZE
    for call in (lambda: flash.read(0, SIZE + 1), lambda: flash.erase(1, 4096),
                 lambda: flash.read(SIZE, 1), lambda: flash.read(0, -1)):
        with pytest.raises(clyde.InvalidError):
            call()


def test_a_protected_chip_is_not_written(flash):
    assert flash.protection == 0
    flash.protection = 7
    assert flash.protection == 7
    with pytest.raises(clyde.ProtectedError):
        flash.write(0, b"x")
    flash.protection = 0
    flash.write(0, b"x")


def test_no_chip_is_an_error_of_its_own(tmp_path):
    with clyde.open("virtual:configured=1") as device:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        with pytest.raises(clyde.NoChipError):
            device.spi(**PINS).flash()


def test_an_exception_in_progress_interrupts_and_is_raised(flash):
    def stop(*_):
        raise KeyError("enough")
    with pytest.raises(KeyError):
        flash.erase_chip(stop)
    assert flash.info.jedec == JEDEC
    flash.write(0, b"again")
    flash.verify(0, b"again")


def test_a_chip_is_used_with_asyncio(flash):
    async def main():
        assert await flash.aread(7, 100) == expected(7, 100)
        into = bytearray(10)
        assert await flash.areadinto(0, into) == 10
        await flash.awrite(0, b"anew")
        await flash.averify(0, b"anew")
        await flash.aerase(0, 4096)
        await flash.aprogram(0, b"once")
        await flash.aerase_chip()
        assert await flash.aread(0, 4) == b"\xff" * 4
        with pytest.raises(clyde.VerifyError):
            await flash.averify(0, b"anew")
    asyncio.run(main())


def test_a_cancelled_write_leaves_an_idle_chip(flash):
    async def main():
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(flash.awrite(
            0, bytes(SIZE),
            lambda *_: loop.call_soon_threadsafe(begun.set)))
        await begun.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert await flash.aread(SIZE - 1, 1) in (
            b"\0", b"\xff", expected(SIZE - 1, 1))
    asyncio.run(main())


def test_a_flash_keeps_its_controller_and_ends_with_it(tmp_path):
    device, spi = opened(tmp_path / "chip")
    flash = spi.flash()
    del spi
    collect_garbage()
    assert flash.read(0, 4) == expected(0, 4)
    flash.spi.close()
    with pytest.raises(clyde.ClosedError):
        flash.read(0, 4)
    flash.close()
    device.close()
