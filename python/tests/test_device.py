# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Contexts, devices, ports and applets through Python."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import clyde
import pytest
from clyde import Core, ParameterType, PipeId
from clyde._library import ffi, lib, text
from clyde._signals import call_interruptibly

from conftest import PYTHON, URI


HEADER = (PYTHON.parent / "include" / "clyde.h").read_text()


def test_the_header_lists_the_registers_that_the_cores_have():
    for core in Core:
        names = []
        while row := lib.clyde_core_register_at(core, len(names)):
            names.append(text(row.name))
        (listed,) = re.findall(
            rf"^ \*\t{core.name.lower()}\t+(\w[^.]*?)\n \*(?:\t\w+\t| Read|\n)",
            HEADER, re.M)
        assert re.findall(r"[\w-]+", listed) == names


def test_an_error_is_found_by_its_value():
    index = 0
    while row := lib.clyde_error_at(index):
        assert lib.clyde_error_find(row.value) == row
        index += 1
    assert index > 30
    for value in (0, 1, -index - 1, -1 << 31):
        assert lib.clyde_error_find(value) == ffi.NULL


def test_the_only_device_is_listed_as_it_opens():
    with clyde.Context() as context:
        [info] = context.devices("virtual:")
        assert info.configured and info.readable
        assert info.state is None and info.why == ""
        with context.open("virtual:", info.serial) as device:
            assert device.info.serial == info.serial == "C3-20230101T120000Z"
            assert device.link == "virtual" and not device.real_time
            assert context.devices("virtual:devices=3")[2].revision == "C3"


def test_a_list_has_those_that_cannot_be_opened_with_what_opening_raises():
    uri = "virtual:devices=4,1.fault=denied,2.api=3,3.fault=busy"
    with clyde.Context() as context:
        infos = context.devices(uri)
        assert [info.state for info in infos] == [
            None, clyde.AccessError, clyde.ApiLevelError, clyde.BusyError]
        assert [info.readable for info in infos] == [True, False, True, True]
        assert infos[1].serial == "" and "no permission" in infos[1].why
        for info in infos[1:]:
            with pytest.raises(info.state):
                context.open(info.uri)
        # A device that cannot be read does not keep another from being opened.
        assert context.open(uri, infos[0].serial).info == infos[0]


# LJMP 0003h; at 0003h SJMP to itself.  The model accepts any code as firmware.
FIRMWARE = b":03000000020003F8\n:0200030080FE7D\n:00000001FF\n"


@pytest.mark.parametrize("keys", ["api=3", "api=9"])
def test_a_load_returns_the_uri_that_opens_the_device(keys):
    with clyde.Context() as context:
        uri = context.firmware_load(FIRMWARE, f"virtual:{keys}")
        with context.open(uri) as device:
            assert device.info.uri == uri and device.info.api_level == 9


def test_sleeping_lets_virtual_time_pass(device):
    before = device.now
    device.sleep(0.0125)
    assert device.now - before == 13_000_000


def test_the_image_is_loaded_once():
    with clyde.open("virtual:") as device:
        assert device.fpga_status() is None
        assert device.fpga_load_image() is True
        assert device.fpga_load_image() is False
        assert len(device.fpga_status()) == 8


def test_registers_keep_what_is_written(device):
    device.register_write(0x50, b"\x03")
    assert device.register_read(0x50) == b"\x03"
    with pytest.raises(clyde.InvalidError):
        device.register_write(0x00, b"\x01")


def test_cores_are_numbered_as_the_image_has_them():
    header = (PYTHON.parent / "wire" / "cores.h").read_text()
    names = re.findall(r"^\tX\(([A-Z]+), [a-z]+, \d+,", header, re.M)
    assert [(core.name, core.value) for core in Core] == \
        [(name, place) for place, name in enumerate(names, 1)]


def test_a_core_has_the_pipes_that_it_was_given_last(device):
    device.attach(Core.BENCHMARK, PipeId.EP2_OUT, PipeId.EP6_IN)
    assert device.register_read(0x08, 4) == b"\1\0\1\0"
    device.attach(Core.UART, PipeId.EP4_OUT, PipeId.EP8_IN)
    assert device.register_read(0x08, 4) == b"\1\2\1\2"
    device.attach(Core.BENCHMARK, PipeId.EP6_IN)
    assert device.register_read(0x08, 4) == b"\0\2\1\2"
    device.attach(Core.UART)
    assert device.register_read(0x08, 4) == b"\0\0\1\0"
    for core, pipe in [(9, PipeId.EP6_IN), (Core.GPIO, 4)]:
        with pytest.raises(ValueError):
            device.attach(core, pipe)
    assert device.register_read(0x08, 4) == b"\0\0\1\0"


def test_the_eeprom_keeps_what_is_written(device):
    device.eeprom_write(0x7000, b"clyde")
    assert device.eeprom_read(0x7000, 5) == b"clyde"
    assert device.config_read().serial == "20230101T120000Z"


def test_the_eeproms_are_flashed(device):
    assert device.flash_firmware(FIRMWARE)
    assert not device.flash_firmware(FIRMWARE)
    backup = device.eeprom_read(0, 32768)
    assert device.flash_holds() == clyde.Flashed.OTHER
    assert device.flash_remove_firmware()
    assert device.flash_holds() == clyde.Flashed.NONE
    assert device.eeprom_read(0, 1) == b"\xc0"
    assert device.flash_restore(backup)
    assert device.eeprom_read(0, 32768) == backup
    assert device.flash_bitstream()
    assert device.config_read().bitstream_size > 100000
    assert device.flash_remove_bitstream()
    assert device.flash_bitstream(bytes(1000), b"12345678")
    assert device.config_read().bitstream_id == b"12345678"
    assert device.flash_webusb(False)
    assert not device.config_read().webusb
    with pytest.raises(ValueError):
        device.flash_bitstream(bytes(1000), b"1")
    with pytest.raises(clyde.TooLargeError):
        device.flash_bitstream(bytes(200000))
    with pytest.raises(clyde.BackupError):
        device.flash_restore(backup[:-1])


def test_firmware_is_tried_before_it_is_stored():
    with clyde.Context() as context:
        uri = context.firmware_try(FIRMWARE, "virtual:")
        assert context.open(uri).info.api_level == 9
        with pytest.raises(clyde.Timeout):
            context.firmware_try(FIRMWARE, "virtual:fault=lost")


def test_a_board_is_made(tmp_path):
    path = tmp_path / "eeprom"
    path.write_bytes(b"\xff" * 32768)
    uri = f"virtual:eeprom={path}"
    with clyde.Context() as context:
        context.factory(uri, "C1", "20240202T130000Z", "Kelvingrove",
                        firmware=FIRMWARE)
    with clyde.open(uri + ",revision=C1") as device:
        assert device.info.serial == "C1-20240202T130000Z"
    with clyde.Context() as context:
        with pytest.raises(clyde.ConfiguredError):
            context.factory(uri, "C1", "20240202T130000Z", firmware=FIRMWARE)


def test_ports_are_set_and_read_by_letter(device):
    assert device.ports == "AB"
    device.supply_set("A", 3300)
    assert device.supply_get() == {"A": 3322, "B": 0}
    device.supply_apply("B=1.8")
    assert 1800 <= device.supply_get()["B"] <= 1822
    device.limit_set("B", 2000)
    assert device.limit_get()["B"] == 2000
    device.pulls_set("A", 0x0f, 0xf0)
    assert device.pulls_get()["A"] == (0x0f, 0xf0)
    device.trip_set("A", 80_000)
    assert device.trip_get()["A"] == 80_000
    device.window_set("A", 0, 5400)
    assert device.window_get()["A"] == (0, 5400)
    assert set(device.sense_get()) == set(device.levels_get()) == {"A", "B"}
    assert not device.alerts_get() and not device.alerts_take()
    device.alerts_clear(clyde.Alerts({"A": clyde.Alert.OVERVOLTAGE}, 0))
    device.safe()
    assert device.supply_get() == {"A": 0, "B": 0}


def test_a_supply_above_the_limit_changes_nothing(device):
    device.limit_set("A", 3300)
    with pytest.raises(clyde.LimitError):
        device.supply_set("A", 5000)
    assert device.supply_get()["A"] == 0


@pytest.mark.parametrize("ports", ["C", "E", "a"])
def test_a_port_that_is_not_there_is_refused(device, ports):
    with pytest.raises(clyde.InvalidError):
        device.supply_set(ports, 3300)


def test_a_supply_that_cannot_be_parsed_says_why(device):
    with pytest.raises(clyde.InvalidError, match="A=hot: "):
        device.supply_apply("A=hot")


def test_what_happens_is_logged():
    lines = []
    with clyde.Context() as context:
        context.log(lambda *line: lines.append(line), clyde.LogLevel.DEBUG)
        context.open(URI)
        context.log(None)
        count = len(lines)
        context.open("virtual:").close()
    assert count == len(lines) > 0
    assert any(level is clyde.LogLevel.INFO and "opened" in line
               for level, time_ns, line in lines)


def test_a_capture_is_written(tmp_path):
    with clyde.Context() as context:
        context.capture(str(tmp_path / "it.pcap"))
        context.open(URI).close()
        context.capture(None)
        assert context.notice == ""
    assert (tmp_path / "it.pcap").stat().st_size > 1000


# ---- Applets ----


def test_the_table_of_an_applet_is_all_that_is_known_of_it():
    table = {row.name: row
             for row in clyde.applets()["benchmark"].parameters}
    assert table["modes"].choices == ["source", "sink", "loopback", "latency"]
    assert table["transfer-size"].type is clyde.ParameterType.SIZE
    assert table["transfer-size"].multiple == 512
    assert table["count"].key == "c"


def test_an_applet_runs_and_reports_records(device):
    records = device.run("benchmark", supply="A=3.3", count="1MiB",
                         modes=["source", "latency"], transfer_size=65536)
    source, latency = records[-2:]
    assert source.group == "modes" and source.text.startswith("source ")
    assert source.fields["bytes"] == 1 << 20
    assert latency.fields["p50_us"] == 125.0
    assert device.supply_get()["A"] == 3322


@pytest.mark.parametrize("name, value", [
    ("count", "many"), ("modes", "sideways"), ("colour", 1)])
def test_a_wrong_parameter_says_what_would_be_right(device, name, value):
    with pytest.raises(clyde.InvalidError, match=name):
        device.run("benchmark", **{name: value})


def test_every_type_of_parameter_is_known():
    types = {row.name: row.type for applet in clyde.applets().values()
             for row in applet.parameters}
    assert set(types.values()) == set(ParameterType)
    assert types["parity"] is ParameterType.ONE_OF
    assert types["for"] is ParameterType.TIME
    assert types["endpoint"] is ParameterType.TEXT
    assert types["action"] is ParameterType.WORDS
    assert types["tx"] is ParameterType.PIN
    assert types["frequency"] is ParameterType.FREQUENCY


def test_an_applet_has_aliases_and_its_frequency_is_in_hertz(device):
    assert clyde.applets()["gpio"].aliases == ["control-gpio"]
    assert clyde.applets()["spi-controller"].parameters[0].required
    start, exchange = device.run("spi", "3.3", frequency=400e3, data="9f00")
    assert start.fields["rate_hz"] == 400000
    assert exchange.fields["sent"] == "9f00"


def test_words_and_pins_are_lists_and_a_time_is_in_seconds(device):
    records = device.run("gpio", "3.3", action=["A0=1", "set", "A1", "A2=0",
                                                "read"],
                         pins=["A0", "A1#", "A2"])
    assert [record.text for record in records] == ["A0=1", "A1#=0", "A2=0"]
    before = device.now
    device.run("gpio", action=["watch"], pins="A0:2", for_=0.25)
    assert 250_000_000 <= device.now - before < 300_000_000


def test_a_line_is_joined_to_files_with_flags_texts_and_one_of_several():
    sent = bytes(range(256))
    source, sink = os.pipe(), os.pipe()
    os.write(source[1], sent)
    os.close(source[1])
    with clyde.open("virtual:wire=A0-A1") as device, \
            clyde.Run(device.context, "uart", tx="A0", rx="A1",
                      baud=1_000_000, parity="even", auto_baud=False) as run:
        assert run.streams is True
        run.attach(source[0], os.fdopen(sink[1], "wb"))
        records = run.start(device, "3.3")
        assert os.read(sink[0], 1000) == sent
        assert records[-1].fields["received"] == 256
        run.set("mode", "pty")
        assert run.streams is False
    for descriptor in (source[0], sink[0]):
        os.close(descriptor)


@pytest.mark.parametrize("applet, name, value, error", [
    ("uart", "parity", "strange", clyde.InvalidError),
    ("uart", "parity", ["odd", "even"], clyde.InvalidError),
    ("uart", "auto_baud", 1, clyde.InvalidError),
    ("uart", "tx", ["A0", "A1"], clyde.InvalidError),
    ("uart", "tx", True, clyde.InvalidError),
    ("uart", "tx", None, TypeError),
    ("uart", "endpoint", ["a", "b"], clyde.InvalidError),
    ("uart", "baud", 9600.5, TypeError),
    ("uart", "endpoint", "a\0b", clyde.InvalidError),
    ("gpio", "pins", ["A0", "Z9"], clyde.InvalidError),
    ("gpio", "for_", -1, clyde.InvalidError),
    ("gpio", "for_", "5", clyde.InvalidError),
    ("gpio", "action", [["A0"]], TypeError)])
def test_a_value_of_another_type_is_refused(device, applet, name, value,
                                            error):
    with pytest.raises(error):
        clyde.Run(device.context, applet, **{name: value})


def test_a_path_is_a_text(device):
    with clyde.Run(device.context, "uart", tx="A0", mode="pty",
                   endpoint=pathlib.Path("/nowhere/line")) as run:
        with pytest.raises(clyde.Error, match="/nowhere/line"):
            run.start(device, "3.3")


def test_what_cannot_be_claimed_has_its_own_error(device):
    with clyde.Run(device.context, "uart", tx="A0") as first:
        first.claim(device)
        with pytest.raises(clyde.BusyError, match="another run"):
            device.run("uart", tx="A1")
        with pytest.raises(clyde.InvalidError, match="one function"):
            device.run("gpio", action="A0=1")
    with pytest.raises(clyde.InvalidError, match="no pin C0"):
        device.run("gpio", action="C0")
    with pytest.raises(clyde.NoSupplyError, match="no supply"):
        device.run("gpio", action="A0=1")


def test_what_an_observer_raises_ends_the_run(device):
    def stop(*_):
        raise KeyboardInterrupt
    with clyde.Run(device.context, "benchmark", count="1GiB") as run:
        with pytest.raises(KeyboardInterrupt):
            run.start(device, progress=stop)
        run.set("count", "64KiB")
        assert run.start(device)


SILENT = f"""
import sys
sys.path.insert(0, {str(PYTHON)!r})
import os, clyde
device = clyde.open({URI!r})
with clyde.Run(device.context, "uart", rx="A1") as run:
    source, sink = os.pipe()
    run.attach(source, sink)
    try:
        run.start(device, "3.3", record=lambda record: print(
            record.text, flush=True))
        print("ended")
    except BaseException as error:
        print(type(error).__name__, flush=True)
assert device.run("gpio", action="A1")
print("goes on", flush=True)
"""


def silent(program=SILENT):
    process = subprocess.Popen([sys.executable, "-c", program], text=True,
                               stdout=subprocess.PIPE)
    assert "rx A1" in process.stdout.readline()
    return process


def test_ctrl_c_ends_a_run_that_is_silent():
    process = silent()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=600)
    lines = said.splitlines()
    assert lines[-2:] == ["KeyboardInterrupt", "goes on"], said
    assert process.returncode == 0


def test_an_interpreter_that_a_test_starts_can_be_interrupted():
    said = subprocess.run(["grep", "SigIgn", "/proc/self/status"],
                          stdout=subprocess.PIPE, text=True).stdout
    assert int(said.split()[1], 16) >> signal.SIGINT - 1 & 1 == 0


def test_that_holds_in_a_job_that_a_shell_put_in_the_background():
    name = test_an_interpreter_that_a_test_starts_can_be_interrupted.__name__
    run = os.path.join(os.path.dirname(__file__), "run.py")
    done = subprocess.run(
        [sys.executable, run, "-q", f"{__file__}::{name}"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert "1 passed" in done.stdout, done.stdout


def test_a_signal_whose_handler_raises_nothing_leaves_a_run_be():
    # Not print(): a handler that interrupts its own flush may not print.
    process = silent(
        "import os, signal\n"
        "signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b'seen\\n'))\n"
        + SILENT)
    for _ in range(2):
        process.send_signal(signal.SIGUSR1)
        line = process.stdout.readline()
        assert line == "seen\n", line + process.stdout.read()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=600)
    assert "KeyboardInterrupt\ngoes on\n" in said


def test_the_thread_of_a_run_takes_no_signals(device):
    masks = []
    with clyde.Run(device.context, "benchmark", modes=["source"],
                   count="2MiB") as run:
        run.start(device, progress=lambda *_: masks.append(
            signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    synchronous = {signal.SIGKILL, signal.SIGSTOP}
    assert signal.valid_signals() - synchronous <= {
        *masks[0], *range(32, 35)}
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_parameter_that_is_set_after_the_claim_counts(device):
    """Regression: the run had the pins of the claim only."""
    with clyde.Run(device.context, "gpio", action="A0=1") as run:
        run.claim(device)
        run.set("action", "A2=1")
        run.start(device, "3.3")
    assert device.levels_get()["A"] == 0b101


def test_ctrl_c_once_more_leaves_no_call_alone():
    interrupted, over = threading.Event(), []

    def call():
        assert interrupted.wait(60)
        over.append(True)

    def interrupt(times=[]):
        times.append(None)
        if len(times) < 3:
            signal.raise_signal(signal.SIGINT)
        interrupted.set()

    threading.Timer(0.1, signal.pthread_kill,
                    (threading.get_ident(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        call_interruptibly(call, interrupt)
    assert over == [True]


def test_a_run_on_another_thread_is_that_threads():
    with clyde.open(URI) as device:
        names = []

        def work():
            with clyde.Run(device.context, "benchmark", count="64KiB") as run:
                run.start(device, progress=lambda *_: names.append(
                    threading.current_thread().name))
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        assert names and set(names) == {"worker"}


def test_what_is_closed_in_an_observer_is_closed_afterwards(device):
    """A close in the observer would wait for the run, which waits for the
    observer, so it is deferred."""
    run = clyde.Run(device.context, "benchmark", count="2MiB")
    try:
        run.start(device, progress=lambda *_: device.close())
    except clyde.Error:
        pass
    clyde.Context().close()
    with pytest.raises(clyde.ClosedError):
        device.fpga_status()


def test_an_interrupt_ends_the_wait_of_another_thread():
    with clyde.open(URI) as device:
        device.context.interrupt()
        with pytest.raises(clyde.Interrupted):
            device.sleep(1)
        device.context.resume()
        device.sleep(0.001)


def test_threads_take_turns_on_one_device(device):
    def command():
        for _ in range(50):
            device.register_write(0x50, b"\0")
    threads = [threading.Thread(target=command) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert device.register_read(0x50) == b"\0"
