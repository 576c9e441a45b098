# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The Python binding on USB, under clyde virtual: a signal and the end of the
interpreter end what waits there."""

import os
import pathlib
import signal
import subprocess

import pytest

from test_cli import SECONDS

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
PYTHONS = ["/usr/bin/python3", "pypy3"]

RUN = """
import clyde, os, sys
device = clyde.open("usb:")
print(os.getpid(), flush=True)
def progress(*_):
    global told
    if not told:
        print("runs", flush=True)
    told = True
told = False
try:
    with clyde.Run(device.context, "benchmark", modes=["source"],
                   count=1 << 40) as run:
        run.start(device, progress=progress)
except KeyboardInterrupt:
    sys.exit(5)
"""

READ = """
import clyde, sys, threading
device = clyde.open("usb:")
pipe = device.pipe(clyde.PipeId.EP6_IN)
begun = threading.Event()
def read():
    begun.set()
    try:
        pipe.read(512)
    except clyde.Error:
        pass
threading.Thread(target=read, daemon=True).start()
begun.wait()
sys.exit(6)
"""


def start(python, program, *options):
    return subprocess.Popen(
        [CLYDE, "virtual", "-d", "virtual:configured=1", *options, "--", python,
         "-c", program], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=str(SOURCE / "python"),
                 CLYDE_LIBRARY=str(CLYDE.parents[1] / "lib/libclyde.so.0")))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("again", range(3))
def test_ctrl_c_ends_a_run_that_streams(python, again):
    with start(python, RUN) as process:
        target = int(process.stdout.readline())
        assert process.stdout.readline() == "runs\n"
        os.kill(target, signal.SIGINT)
        assert process.wait(SECONDS) == 5


@pytest.mark.parametrize("python", PYTHONS)
def test_the_interpreter_ends_while_a_daemon_thread_reads(python):
    with start(python, READ) as process:
        assert process.wait(SECONDS) == 6


DROP = """
import clyde
device = clyde.open("usb:")
if {keep}:
    kept = device
device = None
try:
    clyde.open("usb:").close()
except clyde.BusyError as error:
    print(error)
"""


@pytest.mark.parametrize("python", PYTHONS)
def test_a_device_that_was_dropped_can_be_opened_again(python):
    with start(python, DROP.format(keep=False)) as process:
        said = process.stdout.read()
        assert process.wait(SECONDS) == 0 and said == ""


@pytest.mark.parametrize("python", PYTHONS)
def test_a_device_that_this_program_has_open_is_not_another_programs(python):
    with start(python, DROP.format(keep=True)) as process:
        said = process.stdout.read()
    assert said == ("cannot open the management interface: this program has "
                    "opened it already, and not closed it\n")


CLOSE = """
import clyde, sys, threading
device = clyde.open("usb:")
run = clyde.Run(device.context, "gpio", action=["watch", "A1"])
seen = []
def watch():
    try:
        run.start(device, "3.3", record=lambda record: begun.set())
    except clyde.Error as error:
        seen.append(type(error).__name__)
    begun.set()
begun = threading.Event()
thread = threading.Thread(target=watch)
thread.start()
begun.wait()
run.close()
thread.join()
print(*seen)
"""


@pytest.mark.parametrize("pace", ["off", "link"])
def test_a_close_of_a_run_ends_its_wait(pace):
    """Regression: in real time a run that waited for pins was never closed."""
    with start(PYTHONS[0], CLOSE, "--pace", pace) as process:
        assert process.stdout.read() == "Cancelled\n"
        assert process.wait(SECONDS) == 0
