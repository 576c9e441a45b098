# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the uart and gpio applets on the virtual Glasgow, with files,
terminals, sockets and terminal programs at the user's end."""

import json
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import termios
import time

import pytest

CLYDE = os.environ["CLYDE"]
# After this time a process counts as hung, even on the busiest machine.
SECONDS = 600
WIRE = ("-d", "virtual:wire=A0-A1")
ECHO = ("-d", "virtual:part=uart-echo@rx=A0:tx=A1:baud=115200")
UART = ("run", "uart", "--tx", "A0", "--rx", "A1", "-V", "3.3")
GPIO = ("run", "gpio", "-V", "3.3")

OK, WRONG_DATA, USAGE = 0, 1, 64
PIN, PIN_TAKEN, CORE_TAKEN, NO_SUPPLY, ADDRESS = 88, 89, 90, 91, 92
ALERT, INTERRUPTED = 84, 130


def noise(size):
    return random.Random(size).randbytes(size)


def run(*arguments, data=b"", status=OK):
    done = subprocess.run(
        [CLYDE, *arguments], input=data, capture_output=True, timeout=SECONDS
    )
    assert done.returncode == status, done.stderr
    return done


def only_line(*arguments, status):
    done = run(*arguments, status=status)
    lines = [
        line
        for line in done.stderr.decode().splitlines()
        if line.startswith("clyde: ")
    ]
    assert len(lines) == 1, done.stderr
    return lines[0]


def start(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(
        [CLYDE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def line_like(stream, pattern):
    """Returns the first line that matches, as soon as it comes."""
    for line in stream:
        found = re.search(pattern, line.decode())
        if found:
            return found.group(0)
    raise AssertionError(f"no line like {pattern}")


def end(process, status=INTERRUPTED):
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=SECONDS)
    assert process.returncode == status, rest
    return rest


# ---- Files and pipes


@pytest.mark.parametrize(
    "size, baud", [(8192, 115200), (262144, 3000000), (65536, 12000000)]
)
def test_every_byte_comes_back_over_a_wire(size, baud):
    data = noise(size)
    done = run(*WIRE, *UART, "-b", str(baud), data=data)
    assert done.stdout == data
    assert b"0 framing errors, 0 parity errors, none lost" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--parity", "odd", "--stop", "2", "--bits", "7"),
        ("--parity", "even", "--bits", "5"),
        ("--parity", "one"),
        ("--parity", "zero", "--stop-bits", "2"),
    ],
)
def test_every_frame_format_carries_its_bits(options):
    bits = int(options[options.index("--bits") + 1]) if "--bits" in options else 8
    data = bytes(byte & (1 << bits) - 1 for byte in noise(1000))
    assert run(*WIRE, *UART, *options, data=data).stdout == data


def test_both_ends_may_be_inverted():
    done = run(
        *WIRE, "run", "uart", "--tx", "A0#", "--rx", "A1#", "-V", "3.3",
        data=b"inverted",
    )
    assert done.stdout == b"inverted"


def test_a_run_waits_for_the_end_of_a_slow_line():
    assert run(*WIRE, *UART, "-b", "46", data=b"slow").stdout == b"slow"


def test_lost_bytes_are_reported_with_their_place():
    """The output is not read, at 1.2 MB/s, until all was sent."""
    data = noise(160000)
    with open("/dev/shm/uart-input-%d" % os.getpid(), "w+b") as file:
        os.unlink(file.name)
        file.write(data)
        file.seek(0)
        process = start(*WIRE, *UART, "-b", "12000000", stdin=file)
        time.sleep(0.2)
        while file.seek(0, os.SEEK_CUR) < len(data):
            time.sleep(0.05)
        got, said = process.communicate(timeout=SECONDS)
    assert process.returncode == WRONG_DATA
    lost, place = re.search(
        rb"clyde: uart: (\d+) received bytes were lost, the first at byte "
        rb"(0x[0-9a-f]+)",
        said,
    ).groups()
    place = int(place, 16)
    assert len(got) == len(data) - int(lost)
    assert got[:place] == data[:place]
    assert got[place] != data[place] or got[place + 1] != data[place + 1]


def test_the_report_has_the_counts(tmp_path):
    path = tmp_path / "uart.json"
    run(*WIRE, *UART, "--json", str(path), data=b"counted")
    events = json.loads(path.read_text())["events"]
    assert [event["event"] for event in events] == ["start", "end"]
    assert events[0]["format"] == "8N1"
    assert events[1]["sent"] == events[1]["received"] == 7
    assert events[1]["lost"] == 0


# ---- The user's ends


def test_bytes_come_at_once_on_a_pty():
    process = start(*ECHO, *UART, "pty")
    path = line_like(process.stdout, r"/dev/pts/\d+")
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    for word in (b"one\r\n", b"\x03\x1c\xff"):
        os.write(fd, word)
        got = b""
        while len(got) < len(word) and select.select([fd], [], [], 10)[0]:
            got += os.read(fd, 100)
        assert got == word
    os.close(fd)
    end(process)


def test_a_pty_gets_a_path_that_is_removed_with_it(tmp_path):
    path = tmp_path / "line"
    process = start(*ECHO, *UART, "pty", str(path))
    slave = line_like(process.stdout, r"/dev/pts/\d+")
    assert os.readlink(path) == slave
    assert "something already" in only_line(
        *ECHO, *UART, "pty", str(path), status=ADDRESS
    )
    end(process)
    assert not os.path.lexists(path)


def test_a_link_of_a_dead_run_is_replaced(tmp_path):
    """The link of a killed run is replaced, also if the new pty has got the
    same number.  A link that leads elsewhere is not."""
    path = tmp_path / "line"
    for _ in range(3):
        process = start(*ECHO, *UART, "pty", str(path))
        slave = line_like(process.stdout, r"/dev/pts/\d+")
        assert os.readlink(path) == slave
        process.kill()
        process.communicate()
        assert os.path.lexists(path)
    path.unlink()
    path.symlink_to("/nowhere")
    only_line(*ECHO, *UART, "pty", str(path), status=ADDRESS)
    assert os.readlink(path) == "/nowhere"


@pytest.mark.skipif(not shutil.which("socat"), reason="no socat")
def test_socat_talks_over_the_pty():
    data = noise(3000)
    process = start(*WIRE, *UART, "pty")
    path = line_like(process.stdout, r"/dev/pts/\d+")
    done = subprocess.run(
        ["socat", "-t2", "-", path + ",raw,echo=0"],
        input=data,
        capture_output=True,
        timeout=SECONDS,
    )
    assert done.stdout == data, done.stderr
    end(process)


@pytest.mark.skipif(not shutil.which("picocom"), reason="no picocom")
def test_picocom_talks_over_the_pty():
    process = start(*ECHO, *UART, "pty")
    path = line_like(process.stdout, r"/dev/pts/\d+")
    done = subprocess.run(
        ["picocom", "-q", "--nolock", "-x", "1000", path],
        input=b"from picocom",
        capture_output=True,
        timeout=SECONDS,
    )
    assert b"from picocom" in done.stdout, (done.stdout, done.stderr)
    end(process)


def connect(process):
    port = int(line_like(process.stdout, r"tcp:127.0.0.1:\d+").split(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def receive_all(client):
    got = b""
    while chunk := client.recv(65536):
        got += chunk
    return got


def test_a_socket_serves_one_client_after_the_other():
    process = start(*WIRE, *UART, "socket", "tcp:127.0.0.1:0")
    client = connect(process)
    peer = client.getpeername()
    for data in (b"first", noise(5000)):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == data
        client.close()
        client = socket.create_connection(peer, timeout=SECONDS)
    client.close()
    end(process)


def test_once_ends_after_one_connection():
    process = start(*WIRE, *UART, "--once", "socket", "tcp::0")
    client = connect(process)
    client.sendall(b"once")
    client.shutdown(socket.SHUT_WR)
    assert receive_all(client) == b"once"
    assert process.wait(timeout=SECONDS) == OK
    process.communicate()


def test_a_unix_socket_exists_while_the_applet_runs(tmp_path):
    path = str(tmp_path / "socket")
    for _ in range(2):
        process = start(*WIRE, *UART, "socket", "unix:" + path)
        line_like(process.stdout, "listening on unix:")
        assert "in use by another program" in only_line(
            *WIRE, *UART, "socket", "unix:" + path, status=ADDRESS
        )
        end(process)
        assert not os.path.exists(path)
    abandoned = socket.socket(socket.AF_UNIX)
    abandoned.bind(path)
    abandoned.close()
    process = start(*WIRE, *UART, "socket", "unix:" + path)
    line_like(process.stdout, "listening on unix:")
    end(process)


def test_a_port_in_use_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = "tcp:127.0.0.1:%d" % server.getsockname()[1]
        assert where in only_line(
            *WIRE, *UART, "socket", where, status=ADDRESS
        )


@pytest.mark.parametrize("how", ["key", "signal"])
def test_the_terminal_is_restored(how):
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [CLYDE, *ECHO, *UART],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
    )
    line_like(process.stderr, "115199.64 baud")
    assert not termios.tcgetattr(slave)[3] & termios.ICANON
    os.write(master, b"x\x03")
    got = b""
    while len(got) < 2 and select.select([master], [], [], 10)[0]:
        got += os.read(master, 100)
    assert got == b"x\x03"
    if how == "key":
        os.write(master, b"\x1c")
        assert process.wait(timeout=SECONDS) == OK
    else:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SECONDS) == 143
    assert termios.tcgetattr(slave) == before
    process.communicate()
    os.close(master)
    os.close(slave)


# ---- GPIO


def levels(*arguments, wire=WIRE):
    return run(*wire, *GPIO, *arguments).stdout.decode().splitlines()[1:]


def test_pins_are_driven_pulled_and_read_in_order():
    assert levels("A0=1", "A1", "A0=0", "A1", "A1#") == [
        "A1=1", "A1=0", "A1#=1",
    ]
    assert levels("A0=H", "A1", "A0=L", "A1") == ["A1=1", "A1=0"]
    assert levels("set", "A0", "read", "A0:1", "clear", "A0", "read", "A1") == [
        "A0=1", "A1=1", "A1=0",
    ]
    assert levels("--pins", "A0:1", "set", "A0#", "read") == ["A0=0", "A1=0"]


def test_a_watch_begins_with_the_levels_and_ends_in_time():
    done = run(
        *WIRE, *GPIO, "set", "A0", "watch", "A1", "--for", "2ms", "--json", "-"
    )
    assert json.loads(done.stdout)["changes"] == [
        {"time_ns": 0, "changed": "A1=1", "levels": 2, "lost": 0}
    ]


def test_a_watch_whose_supply_trips_shows_ones_and_ends_with_the_alert():
    """The FPGA's own pull-up makes a 1, whatever is outside."""
    done = run("-d", "virtual:configured=1,fault=trip@200000", *GPIO, "A0=L",
               "watch", "A0", "--for", "500ms", "--json", "-", status=ALERT)
    changes = json.loads(done.stdout)["changes"]
    assert [change["changed"] for change in changes] == ["A0=0", "A0=1"]
    assert 0 < changes[1]["time_ns"] < 200e6
    assert "port A" in done.stderr.decode()


# ---- Both


@pytest.mark.parametrize(
    "where", [WIRE, ("virtual", "--pace", "link", "--wire", "A0-A1",
                     "--", CLYDE)],
    ids=["virtual-time", "real-time"],
)
def test_gpio_watches_what_uart_sends(where):
    process = start(
        *where, *UART, "-b", "1000000", "++", "gpio", "watch", "A1",
        stdin=subprocess.PIPE,
    )
    line_like(process.stderr, r"ns  A1=1")
    process.stdin.write(b"U")
    process.stdin.close()
    assert process.stdout.read(1) == b"U"
    times = []
    while len(times) < 10:
        line = line_like(process.stderr, r"\d+ ns  A1=[01]")
        times.append(int(line.split()[0]))
    assert [after - before for before, after in zip(times, times[1:])] == [
        1000
    ] * 9
    process.stdin = None
    end(process)


def test_changes_that_come_too_fast_are_counted(tmp_path):
    """A change every 4 cycles, where a record takes 8."""
    path = tmp_path / "watch.json"
    process = start(
        *WIRE, *UART, "-b", "12000000", "--json", str(path),
        "++", "gpio", "watch", "A1", "-c", "1000",
        stdin=subprocess.PIPE,
    )
    line_like(process.stderr, r"ns  A1=1")
    got, said = process.communicate(b"U" * 1000, timeout=SECONDS)
    assert got == b"U" * 1000
    assert process.returncode == WRONG_DATA
    lost = int(
        re.search(rb"gpio: (\d+) changes came too fast, and were lost", said)[1]
    )
    changes = json.loads(path.read_text())["changes"]
    assert len(changes) == 1001
    assert lost == sum(change["lost"] for change in changes) > 0
    assert b"changes that were lost" in said
    # 255 records wait in the core, and meanwhile others leave it.
    whole = [change["lost"] for change in changes].index(
        next(change["lost"] for change in changes if change["lost"])
    )
    assert whole > 255


def test_an_applet_continues_when_another_has_found_wrong_data():
    process = start(
        *WIRE, *UART, "-b", "12000000", "++", "gpio", "watch", "A1", "-c", "1000",
        stdin=subprocess.PIPE,
    )
    seen = 1
    while not line_like(process.stderr, r" ns  .*").endswith("A1=1"):
        seen += 1
    process.stdin.write(b"U" * 1000)
    process.stdin.flush()
    for _ in range(seen, 1001):
        line_like(process.stderr, r" ns  ")
    time.sleep(0.2)  # Time in which gpio ends.
    process.stdin.write(b"later")
    process.stdin.close()
    assert process.stdout.read() == b"U" * 1000 + b"later"
    assert b"changes came too fast" in process.stderr.read()
    assert process.wait(SECONDS) == WRONG_DATA


@pytest.mark.parametrize("baud", [9600, 57600])
def test_auto_baud_follows_a_sender(baud):
    """The bytes that the part makes of a rate that is not its own come back at
    its own rate."""
    process = start(
        "-d", f"virtual:part=uart-echo@rx=A0:tx=A1:baud={baud}", *UART,
        "--auto-baud", "socket", "tcp::0",
    )
    client = connect(process)
    client.sendall(noise(3000))
    line_like(process.stdout, f"from here on {baud}$")
    got = b""
    for _ in range(20):
        if got.endswith(b"understood"):
            break
        client.sendall(b"understood")
        while select.select([client], [], [], 0.3)[0]:
            got += client.recv(65536)
    assert got.endswith(b"understood")
    client.close()
    end(process)


def test_a_pin_without_supply_is_found_before_another_applet_begins():
    done = run(
        *WIRE, "run", "gpio", "-V", "A=3.3", "A0=1", "A1", "++", "uart",
        "--tx", "B0", "pty",
        status=NO_SUPPLY,
    )
    assert b"tx: pin B0 is dead" in done.stderr
    assert b"A1=" not in done.stdout
    assert b"/dev/pts" not in done.stdout


@pytest.mark.parametrize("applets, status", [
    (("gpio", "-V", "A=3.3", "A0", "++", "uart", "--tx", "B0", "pty"),
     NO_SUPPLY),
    (("uart", "-V", "A=3.3", "--tx", "B0", "pty"), NO_SUPPLY),
    (("benchmark", "-V", "A=3.3,B=1.2"), USAGE),
])
def test_a_refused_command_line_changes_nothing(applets, status):
    done = subprocess.run(
        [CLYDE, "virtual", "--", "sh", "-c",
         '"$0" run "$@"; echo $?; "$0" voltage; "$0" info',
         CLYDE, *applets],
        capture_output=True, text=True, timeout=SECONDS,
    )
    first, rest = done.stdout.split("\n", 1)
    assert int(first) == status, done
    assert re.search(r"^A +off", rest, re.M), done
    assert "not configured" in rest, done


# ---- Where time is real


REAL = ("virtual", "--wire", "A0-A1", "--", CLYDE)


def test_bytes_flow_both_ways_at_once_where_time_is_real():
    data = noise(200000)
    assert run(*REAL, *UART, "-b", "3000000", data=data).stdout == data


def test_a_pty_serves_one_program_after_the_other_where_time_is_real():
    process = start(*REAL, *UART, "-b", "1000000", "pty")
    path = line_like(process.stdout, r"/dev/pts/\d+")
    for word in (b"one", b"two"):
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, word)
        got = b""
        while len(got) < 3 and select.select([fd], [], [], SECONDS)[0]:
            got += os.read(fd, 100)
        assert got == word
        os.close(fd)
        time.sleep(0.1)
    assert b"6 bytes sent, 6 received" in end(process)[0]


def test_bytes_of_a_program_that_closes_at_once_are_sent():
    """Opens, writes and closes, before the applet can have polled the pty."""
    process = start(*REAL, *UART, "-b", "1000000", "pty")
    path = line_like(process.stdout, r"/dev/pts/\d+")
    with open(path, "wb", buffering=0) as file:
        file.write(b"passing")
    time.sleep(0.5)
    assert b"7 bytes sent, 7 received" in end(process)[0]


def test_a_client_that_does_not_read_is_waited_for_where_time_is_real():
    """64 KiB wait in the host, and more in the socket's own buffers."""
    data = noise(60000)
    process = start(*REAL, *UART, "-b", "3000000", "--once", "socket", "tcp::0")
    client = connect(process)
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    time.sleep(0.5)
    assert receive_all(client) == data
    assert process.wait(timeout=SECONDS) == OK
    process.communicate()


def test_an_interrupt_ends_both_applets_where_time_is_real():
    process = start(*REAL, "run", "gpio", "-V", "3.3", "watch", "A1", "++",
        "uart", "--tx", "A0", "--rx", "A1", "pty")
    line_like(process.stdout, r"/dev/pts/\d+")
    end(process)


def test_an_interrupt_ends_both_applets():
    process = start(*WIRE, *UART, "pty", "++", "gpio", "watch", "A1")
    line_like(process.stdout, r"/dev/pts/\d+")
    end(process)


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (("uart", "--tx", "A0", "--rx", "A0"), PIN_TAKEN, "tx and rx"),
        (("uart", "--tx", "C0"), PIN, "ports A and B only"),
        (("uart", "--tx", "A8"), PIN, "ports are A to D"),
        (("uart", "--tx", "A0"), NO_SUPPLY, "-V A=3.3"),
        (("uart", "--tx", "A0,A1"), USAGE, "one is needed"),
        (("uart", "--tx", "A0", "-b", "45"), USAGE, "the nearest is 46"),
        (
            ("uart", "--tx", "A0", "-b", "12000001"),
            USAGE,
            "the nearest is 12000000",
        ),
        (("uart",), USAGE, "--tx, --rx or both"),
        (
            ("uart", "--tx", "A0", "++", "uart", "--tx", "A1"),
            USAGE,
            "give one of them pty or socket",
        ),
        (("gpio", "A0", "--for", "1ms"), USAGE, "are for watch"),
        (
            ("uart", "-V", "3.3", "--tx", "A0", "pty", "/no/such/path"),
            USAGE,
            "/no/such/path: No such file or directory",
        ),
        (("uart", "--tx", "A0", "socket", "tcp:1"), USAGE, "tcp:127.0.0.1:"),
        (("uart", "--tx", "A0", "++"), USAGE, "an applet is missing"),
        (
            ("uart", "--tx", "A0", "pty", "++", "uart", "--tx", "A1"),
            CORE_TAKEN,
            "one uart core",
        ),
        (
            ("uart", "--tx", "A0", "++", "gpio", "A0=1"),
            PIN_TAKEN,
            "tx of uart and A0=1 of gpio",
        ),
        (
            ("gpio", "-V", "3.3", "A0", "++", "uart", "--tx", "A1", "-V", "5"),
            USAGE,
            "two voltages",
        ),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(
        arguments, status, words):
    assert words in only_line(*WIRE, "run", *arguments, status=status)


# ---- The applets' sources


READS = re.compile(
    r"\brun_(value|given|chosen|text|words|pins)\(\s*[\w>-]+,\s*"
    r'(?:"([^"]+)"|\w+)'
)
NUMBERS = {"SIZE", "INTEGER", "FLAG", "TIME"}
TYPES = {
    "value": NUMBERS, "chosen": {"CHOICE", "ONE_OF"}, "text": {"TEXT"},
    "words": {"WORDS"}, "pins": {"PIN", "PINS"},
}


def parameters(text):
    """The table in an applet's source: name and type."""
    return dict(
        re.findall(r'\.name = "([^"]+)",(?:\s*\.key = .*,)?'
                   r"\s*\.type = CLYDE_PARAMETER_(\w+)", text)
    )


@pytest.mark.parametrize("name", ["benchmark", "gpio", "uart"])
def test_an_applet_reads_the_parameters_of_its_table_and_all_of_them(name):
    folder = pathlib.Path(os.environ["CLYDE_SOURCE"], "applets", name)
    text = "".join(path.read_text() for path in folder.glob("*.c"))
    table = parameters(text)
    shown = run("run", name, "--help").stdout.decode().lower()
    assert all(parameter in shown for parameter in table)
    read = set()
    for kind, parameter in READS.findall(text):
        if not parameter:
            continue  # The parameter is given by a variable.
        assert parameter in table, f"run_{kind}() of {parameter}"
        assert table[parameter] in TYPES.get(kind, table.values()), parameter
        read.add(parameter)
    assert read == set(table) and len(read) > 3
