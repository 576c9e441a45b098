# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Objects that are created and dropped, while the garbage collector runs late,
early, on other threads, at exit and after a fork.  No object is left open, and
no call hangs.

CLYDE_OBJECTS is the number of objects, 1,000,000 if it is not set.  Most are
runs and contexts, one in two hundred is a device or a pipe.
"""

import gc
import os
import random
import signal
import sys
import threading
import time
import weakref

import clyde
import pytest
from clyde import PipeId
from clyde._library import lib

from conftest import SOURCE, URI, collect_garbage, script, set_mode

OBJECTS = int(os.environ.get("CLYDE_OBJECTS", 1_000_000))
THREADS = 8
ROUNDS = 60  # of each thread

# MiB by which the process may grow during the second half of the objects: the
# allocators of both interpreters do not return all memory.
GROWTH_MAX = 32


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20


class Crowd:
    """Creates objects in a random order, and drops them in another."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.created = 0
        self.context = clyde.Context()
        self.objects = []

    def create(self):
        chance = self.random.random()
        if chance < 0.9:
            made = [clyde.Run(self.context, "benchmark")]
        elif chance < 0.9975:
            made = [self.context]
            self.context = clyde.Context()
        else:
            device = self.context.open(URI)
            made = [device, device.pipe(PipeId.EP6_IN, 512, 2)]
        self.created += len(made)
        self.objects += made

    def drop(self):
        """Close some objects, some of them twice; leave the others, partly in
        cycles, to the garbage collector."""
        for each in self.random.sample(self.objects, len(self.objects) // 2):
            if self.random.random() < 0.1:
                each.close()
        if self.random.random() < 0.1:
            self.objects.append(self.objects)
        if self.random.random() < 0.2:
            for each in self.objects:
                if each is not self.objects:
                    each.close()
        self.objects = []

    def collect(self):
        chance = self.random.random()
        if chance < 0.02:
            gc.disable()
        elif chance < 0.06:
            gc.enable()
            gc.collect()

    def live(self, count):
        goal = self.created + count
        while self.created < goal:
            for _ in range(self.random.randrange(200)):
                self.create()
            self.drop()
            self.collect()
        gc.enable()


def test_a_million_objects_leave_nothing():
    before = clyde.live_objects()
    crowd = Crowd(1)
    crowd.live(OBJECTS // 2)
    collect_garbage()
    half = resident()
    crowd.live(OBJECTS // 2)
    collect_garbage()
    assert crowd.created >= OBJECTS
    assert clyde.live_objects() == before + 1
    assert resident() - half <= GROWTH_MAX


def test_threads_open_and_close_all_at_once():
    """Each thread closes objects of its own and of other threads, in any
    order.  Two closes of the same object are tested in
    tests/unit/test-teardown.c."""
    shared, failures = [], []

    def live(seed):
        generator = random.Random(seed)
        for _ in range(ROUNDS):
            try:
                context = clyde.Context()
                shared.append(context)
                device = context.open(URI)
                shared.append(device)
                pipe = device.pipe(PipeId.EP6_IN, 512, 4)
                shared.append(pipe)
                set_mode(device, SOURCE)
                pipe.read(4096)
                device.info
            except (clyde.ClosedError, clyde.Cancelled):
                pass
            except BaseException as error:
                failures.append(error)
            while len(shared) > 3 * THREADS and generator.random() < 0.8:
                try:
                    shared.pop(generator.randrange(THREADS)).close()
                except IndexError:
                    pass
    threads = [threading.Thread(target=live, args=(i,))
               for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert not any(thread.is_alive() for thread in threads)
    shared.clear()
    assert failures == []


def asleep(thread):
    """Whether the thread waits for another thread's teardown.  It may also
    wait for the GIL, but not 50 times in a row, since time.sleep(0) releases
    it."""
    stat = f"/proc/self/task/{thread.native_id}/stat"
    for _ in range(50):
        time.sleep(0)
        with open(stat) as file:
            if file.read().rpartition(")")[2].split()[0] != "S":
                return False
    return True


def test_a_close_beside_a_teardown_returns_when_that_is_over():
    """The second close returns the memory's pages, and the library does not
    write to them after that."""
    context = clyde.Context()
    device = context.open(URI)
    pipe = device.pipe(PipeId.EP6_IN, 4096, 8)
    set_mode(device, SOURCE)
    pipe.read(4096)
    closing, closed, lines = threading.Event(), [], []

    def close():
        closing.set()
        pipe.close()
        closed.append(len(lines))
    second = threading.Thread(target=close)

    def hold(level, time_ns, line):
        lines.append(line)
        if line.startswith("closing EP6 IN"):
            second.start()
            closing.wait()
            while not closed and not asleep(second):
                pass
    context.log(hold, clyde.LogLevel.DEBUG)
    # Not context.close(), which would also return the pages.
    assert lib.clyde_close_token(context._token) == 0
    second.join()
    assert any(line.startswith("EP6 IN closed") for line in lines)
    assert not any(pipe._map[:])
    context.close()


def mapped(address):
    """Whether the process has memory mapped at this address."""
    with open("/proc/self/maps") as file:
        for line in file:
            start, end = line.split()[0].split("-")
            if int(start, 16) <= address < int(end, 16):
                return True
    return False


def test_what_a_callback_drops_lends_its_memory_until_it_is_closed():
    context = clyde.Context()
    device = context.open(URI)
    pipes = [device.pipe(PipeId.EP6_IN, 512, 4)]
    set_mode(device, SOURCE)
    pipes[0].read(1000)
    map_reference = weakref.ref(pipes[0]._map)
    address = pipes[0]._base
    still_mapped = []

    def drop(level, time_ns, line):
        if pipes:
            pipes.clear()
            collect_garbage()
        still_mapped.append(mapped(address))
    before = clyde.live_objects()
    context.log(drop, clyde.LogLevel.TRACE)
    device.fpga_status()
    context.log(None)
    assert still_mapped and all(still_mapped)
    assert clyde.live_objects() == before
    clyde.Context().close()
    assert clyde.live_objects() == before - 1
    collect_garbage()
    assert map_reference() is None
    context.close()


def test_the_collector_on_another_thread_closes():
    made = [clyde.open(URI) for _ in range(20)]
    thread = threading.Thread(target=lambda: (made.clear(), collect_garbage()))
    thread.start()
    thread.join(600)
    assert not thread.is_alive() and made == []


STREAM = f"""
device = clyde.open({URI!r})
device.attach(clyde.Core.BENCHMARK, clyde.PipeId.EP6_IN)
pipe = device.pipe(clyde.PipeId.EP6_IN)
device.core_write(clyde.Core.BENCHMARK, "mode", 1)
view = next(pipe)
"""


@pytest.mark.parametrize("end", [
    "", "sys.exit()", "del device", "device.close(); pipe.close()",
    "import gc; gc.disable(); ring = [pipe]; ring.append(ring); del pipe",
    "import builtins; builtins.kept = [pipe, view]",
    "import atexit; atexit.register(lambda: print(len(pipe.read(9))))"])
def test_an_exit_with_transfers_in_flight_says_nothing(end):
    output = script(STREAM + end)
    assert output in ("", "9\n")


def test_an_exit_ends_the_waits_of_daemon_threads():
    """On a real link such a wait has no end.  On the virtual link the thread
    repeats the read instead."""
    output = script(STREAM + """
import threading, time
def read():
    try:
        while True:
            pipe.read(100000)
    except clyde.Error:
        pass
threading.Thread(target=read, daemon=True).start()
time.sleep(0.2)
""")
    assert output == ""


def test_what_raises_in_flight_is_told_once():
    output = script(STREAM + "raise KeyError(len(view))", status=1)
    assert output.count("Traceback") == 1


def test_a_child_neither_has_nor_closes_what_is_its_parents():
    with clyde.open(URI) as device:
        pipe = device.pipe(PipeId.EP6_IN, 512, 4)
        set_mode(device, SOURCE)
        first = pipe.read(1000)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                try:
                    pipe.read(1)
                except clyde.ClosedError:
                    status = 2
                device.close()
                del device, pipe
                collect_garbage()
                with clyde.open(URI) as own:
                    own.pipe(PipeId.EP6_IN)
                if status == 2 and clyde.live_objects() == 0:
                    status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert len(first + pipe.read(1000)) == 2000


def test_a_fork_while_another_thread_reads_hangs_neither():
    with clyde.open(URI) as device:
        pipe = device.pipe(PipeId.EP6_IN)
        set_mode(device, SOURCE)
        going = [True]

        def read():
            while going:
                pipe.read(1 << 20)
        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                pipe.close()
                clyde.Context().close()
                os._exit(clyde.live_objects())
            assert os.waitpid(child, 0)[1] == 0
        going.clear()
        reader.join(600)
        assert not reader.is_alive()


PIPES = 8
PAGES_MIN = PIPES * (2 << 20) // os.sysconf("SC_PAGESIZE")


def resident_pages(pipe_memory):
    """The number of pages of some pipes' memory that are in memory or in swap,
    which the two highest of a page's 64 bits in /proc/self/pagemap say.

    The resident size of the process is no measure: ASan keeps up to 256 MiB of
    freed memory, and PyPy's nursery becomes resident page by page."""
    page = os.sysconf("SC_PAGESIZE")
    total = 0
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        for base, size in pipe_memory:
            entries = os.pread(file.fileno(), size // page * 8,
                               base // page * 8)
            total += len(entries[7::8].translate(None, bytes(range(0x40))))
    return total


def streamed():
    """A device, a pipe whose memory has been filled completely, and address
    and size of that memory."""
    device = clyde.open(URI)
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    memory = (pipe._base, len(pipe._memory))
    for _ in range(2 * memory[1] >> 20):
        pipe.read(1 << 20)
    return device, pipe, memory


@pytest.fixture
def no_collector():
    collect_garbage()
    gc.disable()
    yield
    gc.enable()


def test_closing_gives_the_memory_of_pipes_back_without_the_collector(
        no_collector):
    """The garbage collector counts a few bytes for a pipe that has megabytes.
    If only the collector freed them, a hundred closed pipes would fill the
    machine's memory."""
    objects = [streamed() for _ in range(PIPES)]
    memory = [each[2] for each in objects]
    assert resident_pages(memory) >= PAGES_MIN
    for device, pipe, _ in objects:
        device.close()
    assert resident_pages(memory) == 0


def test_the_collector_alone_frees_the_memory_of_pipes(no_collector):
    objects = [streamed() for _ in range(PIPES)]
    memory = [each[2] for each in objects]
    objects.append(objects)
    del objects
    assert resident_pages(memory) >= PAGES_MIN
    collect_garbage()
    # Other mappings may use some of the addresses by now.
    assert resident_pages(memory) < PAGES_MIN / 4
