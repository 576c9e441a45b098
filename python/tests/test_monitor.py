# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Monitors through Python: on "virtual:", where all devices are there from the
start, and on "usb:", without any device."""

import asyncio
import os
import select
import signal
import threading

import clyde
import pytest
from clyde import MonitorChange


def test_devices_that_are_there_arrive_by_for():
    seen = []
    with clyde.Context() as context:
        with pytest.raises(clyde.DeadlockError):
            for event in context.monitor("virtual:devices=2,1.fault=denied"):
                assert event.change is MonitorChange.ARRIVED
                seen.append(event.info)
        assert seen == context.devices("virtual:devices=2,1.fault=denied")
    assert [info.state for info in seen] == [None, clyde.AccessError]


def test_devices_that_are_there_arrive_by_async_for():
    async def watch(context):
        seen = []
        with pytest.raises(clyde.DeadlockError):
            async for event in context.monitor("virtual:devices=2"):
                seen.append(event.info.serial)
        return seen

    with clyde.Context() as context:
        assert asyncio.run(watch(context)) == [
            "C3-20230101T120000Z", "C3-20230101T120001Z"]


def test_the_descriptor_is_readable_while_there_are_events():
    with clyde.Context() as context:
        monitor = context.monitor("virtual:")
        assert select.select([monitor], [], [], 60)[0] == [monitor]
        assert monitor.next(0).info.revision == "C3"
        assert select.select([monitor], [], [], 0)[0] == []
        with pytest.raises(clyde.Timeout):
            monitor.next(0)


def test_wait_gives_the_device_that_is_meant():
    uri = "virtual:devices=3,0.fault=denied"
    with clyde.Context() as context:
        info = context.wait(uri, "C3-20230101T120002Z")
        assert context.open(info.uri).info.serial == "C3-20230101T120002Z"
        with pytest.raises(clyde.DeadlockError):
            context.wait(uri, "nonesuch")
        with pytest.raises(clyde.Timeout):
            context.wait(uri, "nonesuch", 5)
        assert context.wait("virtual:").serial == "C3-20230101T120000Z"


# An address at which no machine has a Glasgow
NOWHERE = "usb:999:127"


def test_nothing_is_waited_for_by_for_until_ctrl_c():
    with clyde.Context() as context:
        monitor = context.monitor(NOWHERE)
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            with pytest.raises(KeyboardInterrupt):
                next(monitor)
        finally:
            signal.signal(signal.SIGALRM, before)


def test_a_close_ends_the_wait_of_a_coroutine():
    async def watch(monitor):
        waiting = asyncio.ensure_future(monitor.__anext__())
        await asyncio.sleep(0)
        threading.Thread(target=monitor.close).start()
        with pytest.raises(clyde.Error):
            await waiting

    with clyde.Context() as context:
        asyncio.run(watch(context.monitor(NOWHERE)))


def test_a_wait_that_is_cancelled_leaves_the_monitor_as_it_is():
    async def watch(monitor):
        for _ in range(2):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(monitor.__anext__(), 0.01)

    with clyde.Context() as context:
        asyncio.run(watch(context.monitor(NOWHERE)))


def test_a_monitor_that_was_closed_says_so():
    with clyde.Context() as context:
        monitor = context.monitor("virtual:")
        monitor.close()
        monitor.close()
        for call in (monitor.next, monitor.fileno):
            with pytest.raises(clyde.ClosedError):
                call()


def test_a_monitor_goes_with_its_context_and_leaves_no_descriptor():
    before = set(os.listdir("/proc/self/fd"))
    with clyde.Context() as context:
        monitor = context.monitor("virtual:")
        monitor.fileno()
    with pytest.raises(clyde.ClosedError):
        monitor.next(0)
    assert set(os.listdir("/proc/self/fd")) == before
