# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Wrong arguments and closed objects raise an exception, and never crash."""

import math
import os
import shutil
import subprocess
import sys

import clyde
import pytest
from clyde import PipeId

from conftest import PYTHON, SOURCE, URI, set_mode


def closed_pipe(device):
    pipe = device.pipe(PipeId.EP6_IN)
    pipe.close()
    return pipe


@pytest.mark.parametrize("use", [
    lambda pipe: pipe.read(1), lambda pipe: pipe.write(b"1"),
    lambda pipe: pipe.readinto(bytearray(1)), lambda pipe: pipe.acquire(),
    lambda pipe: pipe.flush(), lambda pipe: pipe.push(),
    lambda pipe: next(pipe), lambda pipe: pipe.cancel(),
    lambda pipe: pipe.resume(), lambda pipe: pipe.reset(),
    lambda pipe: pipe.offset, lambda pipe: pipe.stats(),
    lambda pipe: pipe.set_idle_flush(1)])
def test_a_closed_pipe_says_so(device, use):
    with pytest.raises(clyde.ClosedError, match="it is closed"):
        use(closed_pipe(device))


@pytest.mark.parametrize("use", [
    lambda device: device.info, lambda device: device.link,
    lambda device: device.now, lambda device: device.ports,
    lambda device: device.sleep(1), lambda device: device.fileno(),
    lambda device: device.handle(), lambda device: device.fpga_status(),
    lambda device: device.supply_get(), lambda device: device.safe(),
    lambda device: device.pipe(PipeId.EP6_IN),
    lambda device: device.run("benchmark"),
    lambda device: device.context.devices("virtual:"),
    lambda device: device.context.notice,
    lambda device: device.context.log(print)])
def test_a_closed_device_says_so(use):
    device = clyde.open(URI)
    device.close()
    device.close()
    with pytest.raises(clyde.ClosedError, match="it is closed"):
        use(device)


def test_a_view_that_is_kept_is_released(device):
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    with pipe.acquire() as view:
        pass
    with pytest.raises(ValueError, match="released"):
        view[0]
    view = next(pipe)
    next(pipe)
    with pytest.raises(ValueError, match="released"):
        bytes(view)


def test_what_is_kept_of_a_view_outlives_even_the_context():
    with clyde.open(URI) as device:
        pipe = device.pipe(PipeId.EP6_IN)
        set_mode(device, SOURCE)
        region = pipe.acquire()
        view, part = region.view, region.view[10:20]
    del pipe
    assert len(bytes(part)) == 10 and len(bytes(view)) > 0
    with pytest.raises(clyde.ClosedError):
        region.release()
    with pytest.raises(ValueError):
        view[0]


def test_a_second_region_is_refused(device):
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    with pipe.acquire():
        with pytest.raises(clyde.BusyError):
            pipe.acquire()
        with pytest.raises(clyde.BusyError):
            pipe.read(1)


def test_more_than_was_acquired_cannot_be_released(device):
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    with pytest.raises(clyde.InvalidError):
        pipe.acquire().release(1 << 30)


@pytest.mark.parametrize("timeout", [0, 0.001, 0.25])
def test_a_pipe_that_has_stopped_times_out(device, timeout):
    pipe = device.pipe(PipeId.EP6_IN)
    before = device.now
    with pytest.raises(clyde.Timeout, match="before the deadline"):
        pipe.read(1, timeout)
    assert device.now - before >= timeout * 1e9
    with pytest.raises(TimeoutError):
        pipe.acquire(timeout)


def test_a_wait_for_ever_for_nothing_is_told(device):
    with pytest.raises(clyde.DeadlockError):
        device.pipe(PipeId.EP6_IN).read(1)


@pytest.mark.parametrize("buffer", [
    b"read only", memoryview(b"read only"), "text", None, 7, [1, 2],
    memoryview(bytearray(8))[::2]])
def test_a_wrong_buffer_is_refused(device, buffer):
    pipe = device.pipe(PipeId.EP6_IN)
    set_mode(device, SOURCE)
    with pytest.raises((TypeError, BufferError, ValueError)):
        pipe.readinto(buffer)
    assert pipe.offset == 0


@pytest.mark.parametrize("data", ["text", None, 7, [1, 2]])
def test_wrong_data_is_refused(device, data):
    pipe = device.pipe(PipeId.EP2_OUT)
    with pytest.raises(TypeError):
        pipe.write(data)
    with pytest.raises(TypeError):
        device.register_write(0x50, data)


@pytest.mark.parametrize("options, error", [
    (dict(transfer_size=513), clyde.InvalidError),
    (dict(transfer_size=1 << 30), clyde.InvalidError),
    (dict(depth=5000), clyde.InvalidError),
    (dict(depth=-1), clyde.InvalidError),
    (dict(transfer_size=1 << 40), clyde.InvalidError),
    (dict(depth="deep"), TypeError)])
def test_wrong_options_are_refused(device, options, error):
    with pytest.raises(error):
        device.pipe(PipeId.EP6_IN, **options)


def test_other_wrong_arguments_are_refused(device):
    pipe = device.pipe(PipeId.EP6_IN)
    for use in [lambda: pipe.read(1, timeout=-1), lambda: pipe.read(-1),
                lambda: device.pipe(9), lambda: device.sleep(-1),
                lambda: device.fpga_load(b"", b"short")]:
        with pytest.raises((ValueError, OverflowError, MemoryError)):
            use()
    with pytest.raises(clyde.InvalidError, match="the other way"):
        pipe.write(b"1")


@pytest.mark.parametrize("use", [
    lambda device: device.register_read(300),
    lambda device: device.register_read(-1),
    lambda device: device.register_read(0, -1),
    lambda device: device.register_read(0, 33),
    lambda device: device.register_write(256, b"1"),
    lambda device: device.eeprom_read(70000, 1),
    lambda device: device.eeprom_read(0, -1),
    lambda device: device.eeprom_read(0, 1 << 40),
    lambda device: device.eeprom_write(-1, b"1"),
    lambda device: device.core_write(clyde.Core.BENCHMARK, "mode", 1 << 64),
    lambda device: device.sleep(1e18), lambda device: device.sleep(math.inf),
    lambda device: device.sleep(math.nan), lambda device: device.sleep(-1),
    lambda device: device.context.wait("virtual:", timeout=-1),
    lambda device: device.context.wait("virtual:", timeout=math.nan),
    lambda device: device.context.monitor("virtual:").next(-1),
    lambda device: device.pipe(PipeId.EP6_IN).read(1, timeout=math.nan),
    lambda device: device.pipe(PipeId.EP6_IN).set_idle_flush(1 << 40),
    lambda device: device.pipe(PipeId.EP6_IN).set_idle_flush(-1),
    lambda device: device.supply_set("A", -1),
    lambda device: device.supply_set("A", 1 << 40),
    lambda device: device.limit_set("A", -1),
    lambda device: device.window_set("A", 0, 1 << 32),
    lambda device: device.trip_set("A", -1),
    lambda device: device.pulls_set("A", 256, 0)])
def test_a_number_out_of_range_is_an_invalid_argument(device, use):
    with pytest.raises(clyde.InvalidError) as raised:
        use(device)
    assert isinstance(raised.value, ValueError) and str(raised.value)


@pytest.mark.parametrize("use", [
    lambda device: clyde.open("virtual:\0x"),
    lambda device: clyde.open("virtual:", "C3\0"),
    lambda device: device.context.devices("virtual:\0x"),
    lambda device: device.context.monitor("virtual:\0x"),
    lambda device: device.context.capture("a\0b"),
    lambda device: device.core_read(clyde.Core.BENCHMARK, "mo\0de"),
    lambda device: device.core_write(clyde.Core.BENCHMARK, "mode\0", 0),
    lambda device: device.supply_apply("A=0\0"),
    lambda device: device.run("benchmark\0x"),
    lambda device: device.run("benchmark", **{"cou\0nt": 1})])
def test_a_nul_in_a_text_is_an_invalid_argument(device, use):
    with pytest.raises(clyde.InvalidError, match="NUL"):
        use(device)


def test_the_words_of_an_exception_leave_identifiers_as_they_are():
    assert clyde.Interrupted.__doc__ == \
        "clyde_context_interrupt() was called."
    assert clyde.InvalidError.__doc__.startswith("An argument")


@pytest.mark.parametrize("uri, serial, error", [
    ("nowhere:", None, clyde.InvalidError),
    ("virtual:devices=2", None, clyde.NoDeviceError),
    ("virtual:", "C3-19990101T000000Z", clyde.NoDeviceError),
    ("virtual:api=3", None, clyde.RefusedError),
    ("virtual:fault=busy", None, clyde.BusyError)])
def test_a_device_that_cannot_be_opened_says_why(uri, serial, error):
    with pytest.raises(error) as raised:
        clyde.open(uri, serial)
    assert raised.value.code and "\n" not in str(raised.value)


# ---- A wrong library, or none ----


def import_fails(tmp_path, **environment):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = "
         f"[{str(tmp_path)!r}, {str(PYTHON)!r}]; import clyde"],
        env=dict(os.environ, **environment), text=True,
        stderr=subprocess.PIPE)
    assert done.returncode == 1
    last = done.stderr.strip().split("\n")[-1]
    assert last.startswith("ImportError: "), done.stderr
    return last


def test_no_cffi_says_how_to_get_it(tmp_path):
    (tmp_path / "_cffi_backend.py").write_text("raise ImportError")
    if sys.implementation.name == "pypy":
        pytest.skip("PyPy has it built in")
    assert "apt install python3-cffi" in import_fails(tmp_path)


def test_no_library_says_where_it_should_be(tmp_path):
    assert "nothing.so" in import_fails(
        tmp_path, CLYDE_LIBRARY=str(tmp_path / "nothing.so"))


def test_what_is_not_a_library_is_refused(tmp_path):
    library = tmp_path / "libclyde.so.0"
    library.write_text("not a library")
    header = PYTHON.parent / "include" / "clyde.h"
    assert "cannot load" in import_fails(
        tmp_path, CLYDE_LIBRARY=str(library), CLYDE_HEADER=str(header))
    assert "has no include/clyde.h" in import_fails(
        tmp_path, CLYDE_LIBRARY=str(library))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_a_library_of_another_version_is_refused(tmp_path):
    library = tmp_path / "libclyde.so.0"
    subprocess.run(
        ["cc", "-shared", "-x", "c", "-", "-o", library], check=True,
        input=b'const char *clyde_version(void) { return "9.9.9"; }')
    header = PYTHON.parent / "include" / "clyde.h"
    assert "is libclyde 9.9.9, and this is the binding for" in import_fails(
        tmp_path, CLYDE_LIBRARY=str(library), CLYDE_HEADER=str(header))
    library = tmp_path / "older.so"
    subprocess.run(["cc", "-shared", "-x", "c", "-", "-o", library],
                   check=True, input=b"int older;")
    assert "clyde_version" in import_fails(
        tmp_path, CLYDE_LIBRARY=str(library), CLYDE_HEADER=str(header))


def test_a_header_that_cannot_be_parsed_is_named(tmp_path):
    header = tmp_path / "clyde.h"
    header.write_text("int clyde_version(;")
    assert "clyde.h" in import_fails(tmp_path, CLYDE_HEADER=str(header))
