# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The probe core as a JTAG controller, and a TAP behind it."""

import asyncio

import clyde
import pytest
from clyde import JtagStep, Tap, TapState

from conftest import collect_garbage

URI = ("virtual:configured=1,part=tap@tck=A0:tms=A1:tdi=A2:tdo=A3:trst=A4"
       ":ir=6:idcode=0362d093")
PINS = {"tck": "A0", "tms": "A1", "tdi": "A2", "tdo": "A3", "trst": "A4"}
IDCODE = 0x0362d093
SVF = b"STATE RESET;\nSDR 32 TDI (0) TDO (0362D093);\n"


@pytest.fixture
def device():
    with clyde.open(URI) as device:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        yield device


@pytest.fixture
def jtag(device):
    with device.jtag(**PINS, rate=24e6) as jtag:
        yield jtag


# ---- Scans


def test_an_idcode_is_a_number(jtag):
    assert jtag.rate == 24_000_000
    assert jtag.state == TapState.UNKNOWN
    jtag.reset()
    assert jtag.state == TapState.RESET
    assert jtag.dr(32) == IDCODE
    assert jtag.state == TapState.IDLE
    assert jtag.configure(10e6) == jtag.rate == 9_600_000
    jtag.go(TapState.RESET)
    assert jtag.dr(32, state=TapState.DR_PAUSE) == IDCODE
    assert jtag.state == TapState.DR_PAUSE


def test_bytes_that_are_sent_come_back_as_bytes(jtag):
    data = bytes(range(1, 65))
    assert jtag.ir(6, 0x3f) == 1
    late = (int.from_bytes(data, "little") << 1) % (1 << 512)
    assert jtag.dr(512, data) == late.to_bytes(64, "little")
    assert jtag.dr(512, int.from_bytes(data, "little")) == late
    with pytest.raises(clyde.InvalidError, match="3 bytes for 16 bits"):
        jtag.dr(16, b"abc")
    with pytest.raises(clyde.InvalidError, match="0x100 is not a number of 8"):
        jtag.dr(8, 0x100)


def test_a_vector_is_as_its_bits_say(jtag):
    jtag.shift(9, 0x5f)
    assert jtag.state == TapState.DR_SHIFT
    assert jtag.shift(32, 1 << 31) == IDCODE
    assert jtag.state == TapState.DR_EXIT1
    jtag.run(3)
    assert jtag.state == TapState.IDLE


def test_trst_resets_the_taps(jtag):
    jtag.ir(6)
    jtag.pins(trst=False)
    jtag.pins()
    assert jtag.state == TapState.UNKNOWN
    assert jtag.dr(32) == IDCODE
    with pytest.raises(clyde.InvalidError, match="srst, which has no pin"):
        jtag.pins(srst=False)


# ---- Batches


def test_batches_are_collected_in_any_order(jtag):
    steps = [JtagStep.go(TapState.RESET), JtagStep.dr(32),
             JtagStep.ir(6, read=False), JtagStep.dr(8, 1)]
    batches = [jtag.submit(steps) for _ in range(50)]
    for batch in reversed(batches):
        assert batch.collect() == [IDCODE, 2]


def test_a_poll_that_fails_skips_its_chain(jtag):
    jtag.go(TapState.RESET)
    assert jtag.poll(8, 0xff, IDCODE & 0xff, 100, tail=24) == IDCODE & 0xff
    first = jtag.submit([JtagStep.poll(8, 0xff, 0, 50, tail=24)], chain=True)
    second = jtag.submit([JtagStep.dr(8)])
    with pytest.raises(clyde.LimitPassedError, match="step 0: the bits of DR"):
        first.collect()
    assert first.failed == 0
    with pytest.raises(clyde.LimitPassedError):
        second.collect()
    assert jtag.dr(32) == IDCODE


# ---- Chains and SVF


def test_a_chain_and_its_delay_are_found(jtag):
    assert jtag.chain() == [Tap(IDCODE, 6)]
    assert jtag.find_delay() == 0


def test_a_missing_target_is_described():
    with clyde.open("virtual:configured=1") as device:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        device.pulls_set("A", 0, 1 << 3)
        with device.jtag("A0", "A1", "A2", "A3") as jtag:
            with pytest.raises(clyde.NoChipError, match="TDO is always 1"):
                jtag.chain()
        with pytest.raises(clyde.NoChipError, match="TDO is always 1"):
            device.jtag("A0", "A1", "A2", "A3", sample_delay_ns=None)


def test_svf_is_a_path_a_file_or_bytes(jtag, tmp_path):
    path = tmp_path / "test.svf"
    path.write_bytes(SVF)
    done = []
    jtag.svf(SVF, progress=lambda *each: done.append(each))
    assert done == [("play", len(SVF), 0)]
    jtag.svf(path, rate=1e6)
    jtag.svf(str(path), ahead=True)
    with open(path, "rb") as file:
        jtag.svf(file)
        assert not file.closed


def test_svf_that_is_wrong_says_the_line(jtag):
    with pytest.raises(clyde.MismatchError, match="line 2: SDR: bit 0 is 1"):
        jtag.svf(SVF.replace(b"93)", b"92)"))
    assert jtag.state == TapState.RESET
    with pytest.raises(clyde.SvfError, match="line 3: "):
        jtag.svf(SVF + b"NONSENSE;")


def test_an_exception_in_a_callback_of_svf_is_raised(jtag):
    class Broken:
        def read(self, size):
            raise KeyError("read")

    def stop(*_):
        raise ZeroDivisionError

    with pytest.raises(KeyError):
        jtag.svf(Broken())
    with pytest.raises(ZeroDivisionError):
        jtag.svf(SVF, progress=stop)
    jtag.svf(SVF)


# ---- asyncio, and the end


def test_asyncio(jtag):
    async def work():
        await jtag.areset()
        assert await jtag.adr(32) == IDCODE
        assert await jtag.air(6) == 1
        await jtag.ago(TapState.RESET)
        assert await jtag.apoll(8, 0, 0, 0, tail=24) == IDCODE & 0xff
        batches = [await jtag.asubmit([JtagStep.dr(32)]) for _ in range(20)]
        assert [await each.acollect() for each in batches] == [[IDCODE]] * 20
        assert await jtag.ashift(1, 0) == 0 or True
        await jtag.arun(10)
        await jtag.apins()
        assert await jtag.achain() == [Tap(IDCODE, 6)]
        assert await jtag.afind_delay() == 0
        await jtag.asvf(SVF)

    asyncio.run(work())


def test_a_dropped_controller_is_closed(device):
    jtag = device.jtag(**PINS)
    jtag.submit([JtagStep.dr(1 << 16)])
    del jtag
    collect_garbage()
    with device.jtag(**PINS, rate=1e6, sample_delay_ns=None) as jtag:
        assert jtag.chain() == [Tap(IDCODE, 6)]
        device.close()
        with pytest.raises(clyde.ClosedError):
            jtag.dr(1)
