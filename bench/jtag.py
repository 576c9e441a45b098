# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Measures JTAG on the virtual Glasgow, in link time: calls of the library, the
applets, and Debian's OpenOCD and openFPGALoader as clients of the applets.
Prints a table in Markdown.

    bench/jtag.py [BUILD]

Programs of other people decide how many round trips they make, and their
bytes come in pieces of any size: only the last digit of their figures is the
machine's.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import measure

SOURCE = pathlib.Path(__file__).resolve().parents[1]
PINS = "tck=A0:tms=A1:tdi=A2:tdo=A3"
HZ = 24_000_000
MIB = 1 << 20
# An LFE5U-12F: its frames, and the bytes of each, a CRC and a dummy byte.
FRAMES, FRAME = 7562, 74
ECP5_ID = 0x21111043
XC7_ID = 0x0362d093
XC7_BYTES = 4_000_000
SCAN_BITS = 8 * 65536


# ---- Files ----------------------------------------------------------------


def crc_of(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x8005 if crc & 0x8000 else 0)) & 0xffff
    return crc.to_bytes(2, "big")


def ecp5():
    """A bitstream of the size of an LFE5U-12F's, with frames that are all the
    same; the CRC of the first one covers what is before it, too (Lattice
    FPGA-TN-02039)."""
    head = (b"\xe2\0\0\0" + ECP5_ID.to_bytes(4, "big")
            + b"\x22\0\0\0\x40\0\0\0" + b"\x46\0\0\0"
            + b"\x82\x91" + FRAMES.to_bytes(2, "big"))
    frame = bytes(j * 7 & 255 for j in range(FRAME))
    # The dummy byte behind a CRC counts for the next one.
    dummy, end = b"\xff", b"\xc2\x80\0\0\x12\x34\x56\x78"
    return (b"\xff\xff\xbd\xb3\xff\xff\xff\xff" + b"\x3b\0\0\0" + head
            + frame + crc_of(head + frame)
            + (dummy + frame + crc_of(dummy + frame)) * (FRAMES - 1)
            + dummy + end + crc_of(dummy + end) + b"\x5e\0\0\0" + b"\xff" * 4)


def flipped(data):
    """The highest bit of each byte first."""
    return data.translate(bytes(int(f"{n:08b}"[::-1], 2) for n in range(256)))


def scans(data, bits=8000):
    """SDR statements of up to so many bits."""
    size = bits // 8
    for at in range(0, len(data), size):
        part = data[at:at + size]
        yield f"SDR {8 * len(part)} TDI ({part[::-1].hex()});\n"


# What Lattice's steps wait for, in s: to enable the configuration and to clear
# it, before the bitstream and behind it, and to leave.
WAITS = {"C6": 10e-3, "0E": 200e-3, "46": 10e-3, "7A": 10e-3, "FF": 10e-3,
         "26": 200e-3}


def svf():
    """The steps of an ECP5's volatile configuration, as ecppack writes them
    (prjtrellis, libtrellis/tools/ecppack.cpp), and the bitstream."""
    def select(code, *scan):
        text = f"SIR 8 TDI ({code});\n" + "".join(scan)
        if code in WAITS:
            text += f"RUNTEST IDLE 2 TCK {WAITS[code]:.2E} SEC;\n"
        return text

    return "".join([
        "HDR 0; HIR 0; TDR 0; TIR 0;\nENDDR DRPAUSE; ENDIR IRPAUSE;\n"
        "STATE IDLE;\n",
        select("E0", "SDR 32 TDI (00000000)"
               f" TDO ({ECP5_ID:08x}) MASK (ffffffff);\n"),
        select("C6", "SDR 8 TDI (00);\n"),
        select("3C", "SDR 32 TDI (00000000) TDO (00000000) MASK (0000b000);\n"),
        select("0E", "SDR 8 TDI (01);\n"),
        select("3C", "SDR 32 TDI (00000000) TDO (00000000) MASK (0000b000);\n"),
        select("46", "SDR 8 TDI (01);\n"),
        select("7A"), *scans(flipped(ecp5())),
        select("FF"),
        select("C0", "SDR 32 TDI (00000000)"
               " TDO (12345678) MASK (ffffffff);\n"),
        select("26"),
        select("3C", "SDR 32 TDI (00000000) TDO (00000100) MASK (00002100);\n"),
        "STATE RESET;\n"])


def xc7(size):
    """A .bit file with so many zeros for the register FDRI, without a CRC
    (Xilinx UG470, chapter 5; the file's header as Vivado writes it)."""
    def write(register, *words):
        return [0x30000000 | register << 13 | len(words), *words]

    words = [0xffffffff] * 8 + [
        0xaa995566, 0x20000000, *write(4, 7), 0x20000000,
        *write(12, XC7_ID), *write(4, 1), 0x30004000, 0x50000000 | size // 4]
    after = [*write(4, 5), *write(4, 13), *([0x20000000] * 16)]

    def packed(words):
        return b"".join(word.to_bytes(4, "big") for word in words)

    content = packed(words) + bytes(size) + packed(after)
    fields = {"a": b"bench;UserID=0XFFFFFFFF\0", "b": b"7a35tcpg236\0",
              "c": b"2026/11/30\0", "d": b"12:00:00\0"}
    return (bytes.fromhex("00090ff00ff00ff00ff0000001")
            + b"".join(name.encode() + len(text).to_bytes(2, "big") + text
                       for name, text in fields.items())
            + b"e" + len(content).to_bytes(4, "big") + content)


def long_scan():
    """A DR scan through BYPASS, whose bits are all compared."""
    data = bytes(n * n % 251 for n in range(SCAN_BITS // 8))
    value = int.from_bytes(data, "little")
    comes = value << 1 & (1 << SCAN_BITS) - 1
    digits = SCAN_BITS // 4
    return (f"STATE RESET; STATE IDLE;\nSIR 4 TDI (f);\n"
            f"SDR {SCAN_BITS} TDI ({value:0{digits}x})\n"
            f" TDO ({comes:0{digits}x})\n MASK ({'f' * digits});\n")


# ---- Calls of the library -------------------------------------------------


@contextlib.contextmanager
def opened(library):
    """The binding, and a virtual Glasgow with a TAP."""
    os.environ["CLYDE_LIBRARY"] = str(library)
    sys.path.insert(0, str(SOURCE / "python"))
    import clyde
    with clyde.open(f"virtual:configured=1,part=tap@{PINS}") as device:
        device.fpga_load_image()
        device.supply_apply("A=3.3")
        device.supply_apply("B=3.3")
        device.sleep(0.1)
        yield clyde, device


def shifted(library):
    """The bytes in a second that go to TDI, and that go there while TDO is
    read."""
    data = bytes(n * n % 251 for n in range(MIB))
    with opened(library) as (clyde, device):
        with device.jtag("A0", "A1", "A2", "A3", rate=HZ) as jtag:
            for read in False, True:
                jtag.go(clyde.TapState.IDLE)
                before = device.now
                steps = [clyde.JtagStep.dr(8 * MIB, data, read=read)]
                jtag.transfer(steps)
                yield MIB / (device.now - before) * 1e9


def searched(library, pins):
    """The time of a search for a port."""
    with opened(library) as (clyde, device):
        before = device.now
        with contextlib.suppress(clyde.NoChipError):
            device.run("jtag-pinout", pins=pins)
        return (device.now - before) / 1e9


# ---- Applets --------------------------------------------------------------


def command(build, part, *words):
    return [build / "cli/clyde", "-d", f"virtual:configured=1,part=tap@{part}",
            "run", words[0], "-V", "3.3", *words[1:]]


def played(build, folder):
    path = folder / "ecp5.svf"
    path.write_text(svf())
    done = measure.execute(
        command(build, f"{PINS}:chip=ecp5:idcode={ECP5_ID:08x}", "jtag-svf",
                "-f", "24M", path), capture_output=True)
    size, seconds = re.search(
        r"played (\d+) B, in ([\d.]+) s", done.stdout).groups()
    return int(size), float(seconds)


@contextlib.contextmanager
def server(build, part, *words):
    """A server, and where it listens."""
    with subprocess.Popen(
            command(build, part, *words, "--once", "tcp::0"), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            for line in process.stdout:
                found = re.search(r"listening on tcp:.*:(\d+)$", line)
                if found:
                    break
            else:
                raise measure.Failed(f"{words[0]}: it does not listen")
            yield process, found[1]
        finally:
            process.kill()


def left(process):
    """What the server counted of its client, and the seconds that it took."""
    text = process.stdout.read()
    found = re.search(r"a client has left: (\d+) \w+, (\d+) \w+, in ([\d.]+) s",
                      text)
    if not found:
        raise measure.Failed(f"no client has left:\n{text}")
    return int(found[1]), int(found[2]), float(found[3])


def loaded(build, folder):
    """openFPGALoader loads 4 MB."""
    path = folder / "xc7.bit"
    path.write_bytes(xc7(XC7_BYTES))
    with server(build, f"{PINS}:chip=xc7", "jtag-xvc") as (process, port):
        measure.output("openFPGALoader", "-c", "xvc-client", "--ip",
                       "127.0.0.1", "--port", port, "--freq", HZ, path)
        return left(process)


def scanned(build, folder):
    """OpenOCD reads a long scan."""
    path = folder / "scan.svf"
    path.write_text(long_scan())
    with server(build, f"{PINS}:idcode=1234567f", "jtag-openocd", "-f",
                "24M") as (process, port):
        measure.output(
            "openocd", "-c", "gdb_port disabled; tcl_port disabled; "
            "telnet_port disabled", "-c",
            "adapter driver remote_bitbang; remote_bitbang host 127.0.0.1; "
            f"remote_bitbang port {port}; reset_config none; "
            "jtag newtap x tap -irlen 4; init; "
            f"svf {path}; shutdown")
        return left(process)


# ---- The table ------------------------------------------------------------


def rows(build):
    for name, rate in zip(("shift 1 MiB to TDI", "the same, and read TDO"),
                          shifted(build / "lib/libclyde.so.0")):
        yield name, f"{rate / 1e6:.3f} MB/s", f"clock: {HZ / 8e6:.3f} MB/s"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        size, seconds = played(build, folder)
        yield (f"SVF of an LFE5U-12F, {size} B, its bitstream "
               f"{len(ecp5()) / 1e6:.2f} MB", f"{seconds:.3f} s",
               f"its waits and bits: {sum(WAITS.values()):.2f} + "
               f"{len(ecp5()) * 8 / HZ:.3f} s")
        _, bits, seconds = loaded(build, folder)
        yield ("openFPGALoader over XVC, a bitstream of 4 MB",
               f"{seconds:.2f} s", f"its bits: {bits / HZ:.2f} s")
        _, samples, seconds = scanned(build, folder)
        yield ("OpenOCD over remote_bitbang, a scan of 64 KiB that is read",
               f"{samples / 8 / 1024 / seconds:.0f} KiB/s",
               f"clock: {HZ / 8 / 1024:.0f} KiB/s")
    library = build / "lib/libclyde.so.0"
    for name, pins in (("8 pins, with a port", "A0:7"),
                       ("16 pins, without one", "A4:7,B0:7,A0")):
        yield f"jtag-pinout of {name}", f"{searched(library, pins):.2f} s", ""


def table(build):
    return measure.table(["what", "measured", "bound"], list(rows(build)))


def main():
    print(table(pathlib.Path(*(sys.argv[1:2] or ["build"]))), end="")


if __name__ == "__main__":
    measure.run(main)
