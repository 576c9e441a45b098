# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What the tests share: a virtual Glasgow, its benchmark core, and a check
after each test that no object is left open."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PYTHON))

import clyde  # noqa: E402

# A shell starts a job with "&" with SIGINT ignored, and children inherit that:
# the interpreters that tests interrupt would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

URI = "virtual:configured=1"
SOURCE, SINK, LOOPBACK = range(1, 4)


def sequence(period=131070):
    """One period of the benchmark core's sequence, as in wire/sequence.h."""
    data = bytearray()
    state = 1
    for _ in range(period // 2):
        data += state.to_bytes(2, "little")
        bit = state >> 15 ^ state >> 14 ^ state >> 12 ^ state >> 3
        state = (state << 1 | bit & 1) & 0xffff
    return bytes(data)


PERIOD = sequence()


def expected(offset, size):
    start = offset % len(PERIOD)
    return (PERIOD * (1 + (start + size) // len(PERIOD)))[start:start + size]


def collect_garbage():
    """Run the garbage collector; PyPy's needs several runs for cycles and
    finalizers."""
    for _ in range(4):
        gc.collect()


def script(text, *arguments, status=0, **environment):
    """Run a script in another process of this interpreter.  Returns its
    standard output and error as one text."""
    before = f"import sys; sys.path.insert(0, {str(PYTHON)!r}); "
    done = subprocess.run(
        [sys.executable, "-c", before + "import clyde\n" + text, *arguments],
        env=dict(os.environ, **environment), text=True, timeout=600,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.fixture(autouse=True)
def nothing_is_left_open():
    before = clyde.live_objects()
    yield
    if clyde.live_objects() != before:
        collect_garbage()
    assert clyde.live_objects() == before


@pytest.fixture
def device():
    with clyde.open(URI) as device:
        yield device


def set_mode(device, mode):
    """Attach the benchmark core to the pipes that the mode needs, and set the
    mode.  The pipes may be open already, as the core is idle until then."""
    pipes = {SOURCE: [clyde.PipeId.EP6_IN], SINK: [clyde.PipeId.EP2_OUT],
             LOOPBACK: [clyde.PipeId.EP6_IN, clyde.PipeId.EP2_OUT]}
    device.attach(clyde.Core.BENCHMARK, *pipes[mode])
    device.core_write(clyde.Core.BENCHMARK, "mode", mode)
