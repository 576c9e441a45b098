# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The clyde tool as a user meets it: what it prints, and how it exits.

CLYDE is the path to the binary, CLYDE_SOURCE the root of the sources.
"""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

CLYDE = os.environ["CLYDE"]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
SECONDS = 30  # a sanitizer's, under valgrind or on a slow machine; else one

OK, WRONG_DATA, USAGE, CORRUPT = 0, 1, 64, 65
NO_SERIAL, NO_DEVICE, OUTPUT = 68, 69, 73
TIMEOUT, PROTOCOL, SEVERAL, LIMIT = 75, 76, 79, 80
FPGA, REFUSED, ALERT, UNPLUGGED, IMAGE = 81, 82, 84, 85, 87
INTERRUPTED, TERMINATED = 130, 143

BENCHMARK = ("run", "benchmark", "-c", "1MiB", "source")
MANUAL = (SOURCE / "man" / "clyde.1.scd").read_text()


def clyde(*arguments, status=OK, **options):
    """Run it to its end; the status must be the expected one."""
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(
        [CLYDE, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        **options,
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def virtual(keys, *arguments, **options):
    return clyde("-d", "virtual:" + keys, *arguments, **options)


def complaint(done):
    """Its only line on stderr."""
    assert re.fullmatch(r"clyde: [^\n]+\n", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr[len("clyde: ") : -1]


def document(done):
    """What --json - has printed, and nothing else."""
    return json.loads(done.stdout)


def commands():
    """From the help: the words below "Commands:"."""
    text = clyde("--help").stdout.split("Commands:")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", text, re.MULTILINE)


def applets():
    return [line.split()[0] for line in clyde("run").stdout.splitlines()]


def helps():
    """Every command line that has a help of its own."""
    return (
        [()]
        + [(name,) for name in commands()]
        + [("run", name) for name in applets()]
    )


def options_in(text):
    """The options that a help lists: "-c, --count=SIZE"."""
    rows = re.findall(r"^ +(-[^ ].*?)(?:  |$)", text, re.MULTILINE)
    return {
        option.split("=")[0] for row in rows for option in row.split(", ")
    }


# ---- Help and manual


def test_there_are_commands_and_applets_to_be_found():
    assert {"help", "info", "list", "run", "safe", "virtual", "voltage"} <= set(
        commands()
    )
    assert "benchmark" in applets()


def test_every_command_and_applet_explains_itself():
    for place in helps():
        for question in ("--help", "-h", "-?"):
            done = clyde(*place, question)
            usage = " ".join(("Usage: clyde",) + place + ("[OPTION...]",))
            assert done.stdout.startswith(usage)
            assert done.stderr == ""
            assert "--help" in options_in(done.stdout)


def test_help_command_and_help_option_say_the_same():
    for place in helps():
        assert clyde("help", *place).stdout == clyde(*place, "--help").stdout


def test_every_line_of_help_fits_a_terminal():
    for place in helps():
        assert max(map(len, clyde(*place, "-h").stdout.splitlines())) < 80


def test_every_option_is_in_the_manual():
    for place in helps():
        for option in options_in(clyde(*place, "--help").stdout):
            assert f"*{option}*" in MANUAL, (place, option)


def test_every_option_in_the_manual_exists():
    known = set()
    for place in helps():
        known |= options_in(clyde(*place, "--help").stdout)
    rows = re.findall(r"^(\*-.*)", MANUAL, re.MULTILINE)
    named = {o for row in rows for o in re.findall(r"\*(-[^*]+)\*", row)}
    assert named and named <= known


def test_every_command_and_applet_is_in_the_manual():
    for place in helps():
        if place:
            assert "\n## clyde " + " ".join(place) + "\n" in MANUAL


def test_every_choice_of_an_applet_is_in_the_manual():
    for name in applets():
        text = clyde("run", name, "--help").stdout
        for words in re.findall(r"any of:([^;)]+)[;)]", text):
            for word in words.split():
                assert f"\n*{word}*\n" in MANUAL


def test_exit_statuses_are_those_of_the_manual():
    told = re.findall(
        r"^ *(\d+)  (.*)", clyde("help", "statuses").stdout, re.MULTILINE
    )
    section = MANUAL.split("# EXIT STATUS")[1].split("# EXAMPLES")[0]
    listed = re.findall(r"\*(\d+)\*\n:< (.*)", section)
    assert told == listed
    assert len(told) > 20


def test_every_key_of_the_virtual_device_is_in_its_manual():
    text = (SOURCE / "man" / "clyde-virtual.7.scd").read_text()
    source = (SOURCE / "lib" / "virtual-options.c").read_text()
    for key in re.findall(r'^\t\{"(\w+)", parse_', source, re.MULTILINE):
        assert f"*{key}*=" in text


def test_every_fault_is_in_the_virtual_devices_manual():
    text = (SOURCE / "man" / "clyde-virtual.7.scd").read_text()
    header = (SOURCE / "virtual" / "faults.h").read_text()
    kinds = re.findall(r"^ \*\t(\w+)(?:@|\t)", header, re.MULTILINE)
    assert len(kinds) > 8
    for kind in kinds:
        assert re.search(rf"^\*{kind}[@*]", text, re.MULTILINE), kind


@pytest.mark.skipif(not shutil.which("cc"), reason="no compiler")
def test_example_in_the_librarys_manual_compiles(tmp_path):
    text = (SOURCE / "man" / "libclyde.3.scd").read_text()
    example = tmp_path / "example.c"
    blocks = [b for b in text.split("```") if "#include <stdio.h>" in b]
    assert len(blocks) == 1
    example.write_text(blocks[0].replace("\\\\", "\\"))
    subprocess.run(
        ["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        + ["-I", SOURCE / "include", example],
        check=True,
    )


def test_errors_in_the_librarys_manual_are_those_of_its_header():
    text = (SOURCE / "man" / "libclyde.3.scd").read_text()
    header = (SOURCE / "include" / "clyde.h").read_text()
    section = text.split("# ERRORS")[1].split("# EXAMPLE")[0]
    listed = re.findall(r"^\*(E[A-Z]+)\*$", section, re.MULTILINE)
    assert listed == re.findall(r"^ \*\t(E[A-Z]+)\t", header, re.MULTILINE)


def test_version_is_one_line():
    done = clyde("--version")
    assert done.stdout == "clyde 0.1.0\n"
    assert clyde("info", "--version").stdout == done.stdout


# ---- Commands


def test_list_has_one_line_a_device():
    lines = virtual("devices=3", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        f"C3-20230101T12000{n}Z" for n in range(3)
    ]
    for line in lines:
        assert "C3  API 9  " in line


def test_no_command_is_list():
    assert virtual("").stdout == virtual("", "list").stdout


def test_list_gives_uris_that_open_the_same_device():
    listed = document(virtual("devices=3", "list", "--json", "-"))["devices"]
    for device in listed:
        info = clyde("-d", device["uri"], "info", "--json", "-")
        assert document(info)["device"]["serial"] == device["serial"]


def test_list_shows_the_serial_number_that_was_asked_for():
    serial = "C3-20230101T120001Z"
    done = virtual("devices=3", "list", "-s", serial)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [serial]


def test_options_of_every_command_may_stand_behind_it():
    before = virtual("revision=C2", "info").stdout
    assert clyde("info", "-d", "virtual:revision=C2").stdout == before
    assert "C2-" in before


def test_info_shows_what_the_device_is():
    done = virtual(
        "revision=C2,serial=20240229T000000Z,manufacturer=Somebody,"
        "modified=1,limitA=3300",
        "info",
    )
    for text in (
        "C2-20240229T000000Z",
        "Somebody",
        "modified",
        "A 3.300 V, B none",
        "not configured",
    ):
        assert text in done.stdout


def test_info_shows_the_bitstream_that_runs():
    done = virtual("configured=1", "info", "--json", "-")
    fpga = document(done)["fpga"]
    assert fpga["configured"] is True
    assert re.fullmatch("[0-9a-f]{16}", fpga["bitstream_id"])
    assert fpga["bitstream_id"] in virtual("configured=1", "info").stdout


def ports(done):
    """Rows of the table by port, cells by column."""
    head, *rows = done.stdout.splitlines()
    cells = [re.split(r"  +", row) for row in rows]
    return {row[0]: dict(zip(head.split(), row)) for row in cells}


def test_voltage_shows_a_table():
    table = ports(virtual("limitB=3300,senseA=1800", "voltage"))
    assert sorted(table) == ["A", "B"]
    assert table["A"]["Vsupply"] == "off"
    assert table["A"]["Vlimit"] == "none"
    assert table["A"]["Vsense"] == "1.800 V"
    assert table["B"]["Vlimit"] == "3.300 V"
    assert table["B"]["faults"] == "none"


@pytest.mark.parametrize("revision, able", [("C1", False), ("C2", True)])
def test_voltage_says_what_a_revision_cannot_measure(revision, able):
    table = ports(virtual(f"revision={revision}", "voltage"))
    for column in ("Isupply", "Itrip", "window"):
        assert (table["A"][column] != "n/a") == able
    row = document(
        virtual(f"revision={revision}", "voltage", "--json", "-")
    )["ports"][0]
    for name in ("current_ua", "trip_ua", "window_low_mv", "window_high_mv"):
        assert (row[name] is not None) == able


def supplies(*arguments, keys=""):
    done = virtual(keys, "voltage", *arguments, "--json", "-")
    return [port["supply_mv"] for port in document(done)["ports"]]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (("AB", "3.3"), [3300, 3300]),
        (("B", "1.8"), [0, 1800]),
        (("A=3.3,B=1.8",), [3300, 1800]),
        (("-V", "A=5.0"), [5000, 0]),
        (("--voltage=2.5",), [2500, 2500]),
        (("2.5",), [2500, 2500]),
        (("A", "off"), [0, 0]),
        (("A", "SB"), [3000, 0]),
    ],
)
def test_voltage_sets_supplies(arguments, expected):
    read = supplies(*arguments, keys="senseB=3000")
    for got, wanted in zip(read, expected):
        # A step of the converter is 15.2 mV; its offset is the DAC's.
        assert abs(got - wanted) <= 31
        assert (got == 0) == (wanted == 0)


def test_limits_survive_in_the_eeprom(tmp_path):
    keys = f"eeprom={tmp_path}/eeprom"
    virtual(keys, "voltage", "--limit", "A=3.3")
    assert ports(virtual(keys, "voltage"))["A"]["Vlimit"] == "3.300 V"
    assert "limits        A 3.300 V" in virtual(keys, "info").stdout
    virtual(keys, "voltage", "A", "5", status=LIMIT)
    virtual(keys, "voltage", "--limit", "A=off")
    assert ports(virtual(keys, "voltage"))["A"]["Vlimit"] == "none"


def test_limit_holds_for_the_supply_beside_it():
    done = virtual("", "voltage", "--limit", "A=3", "A=3.3", status=LIMIT)
    assert "limit" in complaint(done)


def test_safe_says_so():
    assert virtual("", "safe").stdout == "all ports are safe\n"


# ---- Runs


def test_run_says_what_each_mode_measured():
    modes = ["source", "sink", "loopback", "latency"]
    lines = virtual("", "run", "benchmark", "-c", "1MiB").stdout.splitlines()
    assert "virtual" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == modes


def test_run_does_the_modes_that_it_is_given():
    done = virtual("", "run", "benchmark", "sink", "latency", "-c", "64KiB")
    words = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert words == ["sink", "latency"]


def test_json_of_a_run_has_its_shape():
    done = virtual("", "run", "benchmark", "-c", "1MiB", "--json", "-")
    result = document(done)
    assert result["device"]["serial"] == "C3-20230101T120000Z"
    assert result["device"]["revision"] == "C3"
    assert result["device"]["api_level"] == 9
    assert result["device"]["uri"] == "virtual:"
    assert {"manufacturer", "product"} <= set(result["device"])
    assert result["link"] == "virtual"
    assert result["real_time"] is False
    assert result["applet"] == "benchmark"
    assert result["interrupted"] is False
    assert "error" not in result
    *rates, latency = result["modes"]
    assert [row["mode"] for row in rates] == ["source", "sink", "loopback"]
    for row in rates:
        assert row["bytes"] == 1 << 20
        assert row["errors"] == 0
        assert 0 < row["mib_per_s"] <= row["ceiling_mib_per_s"]
        assert row["mbit_per_s"] == pytest.approx(
            row["mib_per_s"] * 8.388608
        )
        assert {"seconds", "transfers", "stalls"} <= set(row)
    assert latency["mode"] == "latency"
    assert latency["round_trips"] == 1024
    quantiles = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"]
    values = [latency[name] for name in quantiles]
    assert values == sorted(values) and values[0] > 0
    assert {"mean_us", "stddev_us"} <= set(latency)
    assert sum(count for _, count in latency["histogram"]) == 1024


def test_json_says_null_for_a_number_that_is_unknown():
    done = virtual("", *BENCHMARK, "--json", "-")
    assert "NaN" not in done.stdout
    assert document(done)["modes"][0]["cpu_share"] is None


def test_json_on_stdout_leaves_the_lines_to_stderr():
    done = virtual("", *BENCHMARK, "--json", "-")
    document(done)
    assert "source" in done.stderr
    assert done.stderr == virtual("", *BENCHMARK).stdout


@pytest.mark.parametrize("command", ["list", "info", "voltage"])
def test_json_on_stdout_is_all_there_is(command):
    done = virtual("", command, "--json", "-")
    document(done)
    assert done.stderr == ""


def test_json_in_a_file_leaves_the_lines_on_stdout(tmp_path):
    path = tmp_path / "result.json"
    done = virtual("", *BENCHMARK, "--json", path)
    assert done.stdout == virtual("", *BENCHMARK).stdout
    assert json.loads(path.read_text())["modes"][0]["mode"] == "source"
    assert os.listdir(tmp_path) == ["result.json"]


def test_json_file_has_usual_permissions(tmp_path):
    path = tmp_path / "result.json"
    virtual("", "info", "--json", path, umask=0o027)
    assert path.stat().st_mode & 0o777 == 0o640


def test_json_through_a_symbolic_link_leaves_the_link(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    path.chmod(0o600)
    link = tmp_path / "latest"
    link.symlink_to("result.json")
    virtual("", "info", "--json", link)
    assert link.is_symlink()
    assert json.loads(path.read_text())["link"] == "virtual"
    assert path.stat().st_mode & 0o777 == 0o600


def test_same_run_twice_is_the_same_to_the_digit():
    line = ("run", "benchmark", "-c", "1MiB", "--json", "-")
    first, second = virtual("", *line), virtual("", *line)
    assert first.stdout == second.stdout
    assert first.stderr == second.stderr


def test_run_sets_the_supplies(tmp_path):
    done = virtual("limitA=3300", *BENCHMARK, "-V", "A=5", status=LIMIT)
    assert "limit" in complaint(done)
    virtual("limitA=3300", *BENCHMARK, "-V", "A=3.3")


# ---- What is wrong is said in one line


@pytest.mark.parametrize(
    "status, arguments, word",
    [
        (USAGE, ("frobnicate",), "frobnicate"),
        (USAGE, ("--frobnicate",), "frobnicate"),
        (USAGE, ("-x",), "x"),
        (USAGE, ("-d",), "argument"),
        (USAGE, ("list", "all"), "all"),
        (USAGE, ("list", "--depth", "3"), "depth"),
        (USAGE, ("help", "frobnicate"), "frobnicate"),
        (USAGE, ("run", "frobnicate"), "frobnicate"),
        (USAGE, ("run", "--frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "--frobnicate"), "frobnicate"),
        (USAGE, ("run", "benchmark", "--de", "3"), "ambiguous"),
        (USAGE, ("run", "benchmark", "-c"), "argument"),
        (USAGE, ("run", "benchmark", "-c", "0"), "--count: 0"),
        (USAGE, ("run", "benchmark", "-c", "12x"), "--count: 12x"),
        (USAGE, ("run", "benchmark", "-c", ""), "--count"),
        (USAGE, ("run", "benchmark", "-c", "-1"), "--count: -1"),
        (USAGE, ("run", "benchmark", "-c", "9" * 30), "--count: 999"),
        (USAGE, ("run", "benchmark", "--depth", "0"), "1..1024"),
        (USAGE, ("run", "benchmark", "--depth", "100000"), "1..1024"),
        (USAGE, ("run", "benchmark", "--transfer-size", "513"), "512"),
        (USAGE, ("run", "benchmark", "-V", "99"), "99"),
        (USAGE, ("voltage", "-V", "99"), "99"),
        (USAGE, ("voltage", "A="), "A="),
        (USAGE, ("voltage", "A", ""), "A="),
        (USAGE, ("voltage", "=3"), "=3"),
        (USAGE, ("voltage", "Z=3"), "Z=3"),
        (USAGE, ("voltage", ""), "''"),
        (USAGE, ("voltage", "A", "3", "V"), "V"),
        (USAGE, ("voltage", "A", "3", "-V", "B=3"), "-V"),
        (USAGE, ("voltage", "--limit", "A=SB"), "limit"),
        (USAGE, ("voltage", "A" * 1000, "3"), "long"),
        (USAGE, ("-d", "carrier-pigeon:", "info"), "carrier-pigeon"),
        (USAGE, ("-d", "usb:1", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:0:1", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:1:128", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:1:2:3", "list"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb: 1:2", "info"), "usb:BUS:ADDRESS"),
        (USAGE, ("-d", "usb:99999999999:2", "info"), "usb:BUS:ADDRESS"),
        (NO_DEVICE, ("-d", "usb:999:127", "info"), "usb:999:127"),
        (NO_DEVICE, ("-d", "usb:999:127", "list"), "usb:999:127"),
        (NO_DEVICE, (), "virtual:"),
        (NO_DEVICE, ("list",), "virtual:"),
        (NO_DEVICE, ("info",), "virtual:"),
        (NO_DEVICE, ("voltage", "A", "3.3"), "virtual:"),
        (NO_DEVICE, ("safe",), "virtual:"),
        (NO_DEVICE, BENCHMARK, "virtual:"),
        (SEVERAL, ("-d", "virtual:devices=2", "info"), "-s"),
        (NO_SERIAL, ("-d", "virtual:", "-s", "C3-no", "info"), "C3-no"),
        (NO_SERIAL, ("-d", "virtual:", "-s", "C3-no", "list"), "C3-no"),
        (OUTPUT, ("-d", "virtual:", "info", "--json", "/"), "/"),
        (OUTPUT, ("-d", "virtual:", "info", "--json", ""), "cannot write"),
    ],
)
def test_bad_command_line_is_said_in_one_line(status, arguments, word):
    done = clyde(*arguments, status=status)
    assert word in complaint(done)
    assert done.stdout == ""


@pytest.mark.parametrize("line", [("list",), ("info",), BENCHMARK])
def test_control_characters_do_not_reach_the_terminal(line):
    done = clyde(*line, "evil\n\x1b[31m", status=USAGE)
    assert "\x1b" not in complaint(done)


def test_supply_above_the_limit_is_said():
    done = virtual("limitA=3300", "voltage", "A", "5", status=LIMIT)
    text = complaint(done)
    assert "3.300" in text and "--limit" in text


@pytest.mark.parametrize(
    "keys",
    [
        "frobnicate=1",
        "frobnicate",
        "=",
        "devices=0",
        "devices=9",
        "devices=two",
        "devices=2,index=2",
        "packets=0",
        "packets=14",
        "revision=C4",
        "revision=",
        "serial=short",
        "manufacturer=12345678901234567890123",
        "modified=2",
        "limitA=-1",
        "limitA=99999",
        "limitC=3300",
        "senseA=3V",
        "loadB=",
        "fault=",
        "fault=frobnicate",
        "fault=drop",
        "fault=drop@",
        "fault=drop@x",
        "fault=drop@0x4000:",
        "fault=drop@0x4000:0x400:1",
        "fault=unplug",
        ",".join(["fault=done"] * 17),
        "x" * 1000,
    ],
)
def test_malformed_uri_is_said_in_one_line(keys):
    done = virtual(keys, "info", status=USAGE)
    assert "virtual" in complaint(done)
    assert done.stdout == ""


def test_libusb_is_left_alone_until_usb_is_asked_for():
    noisy = dict(os.environ, LIBUSB_DEBUG="4")
    assert "libusb" not in virtual("", "info", env=noisy).stderr
    assert "libusb" in clyde("-d", "usb:999:127", "info", env=noisy,
                             status=NO_DEVICE).stderr


def test_eeprom_image_that_is_truncated_is_corrupt(tmp_path):
    path = tmp_path / "eeprom"
    path.write_bytes(bytes(100))
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert str(path) in complaint(done)
    assert path.read_bytes() == bytes(100)


CONFIG_BLOCK = 0x0008 + 4


def test_configuration_block_that_is_corrupt_is_said(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "info")
    image = bytearray(path.read_bytes())
    assert len(image) == 32768
    image[CONFIG_BLOCK + 1 : CONFIG_BLOCK + 17] = b"\xff" * 16
    path.write_bytes(image)
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert complaint(done)


def test_device_without_a_configuration_block_is_listed(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "list")
    image = bytearray(path.read_bytes())
    image[CONFIG_BLOCK] = 0xF9
    path.write_bytes(image)
    assert "04b4:8613" in virtual(f"eeprom={path}", "list").stdout
    done = virtual(f"eeprom={path}", "info", status=CORRUPT)
    assert "04b4:8613" in complaint(done)


def test_an_image_is_not_loaded_into_another_revision(tmp_path):
    path = tmp_path / "eeprom"
    virtual(f"eeprom={path}", "list")
    image = bytearray(path.read_bytes())
    image[CONFIG_BLOCK] = 0x40
    path.write_bytes(image)
    done = virtual(f"eeprom={path}", *BENCHMARK, status=FPGA)
    assert "no image for revision D0" in complaint(done)


FAULTS = [
    (FPGA, "done", "FPGA"),
    (FPGA, "health", "health"),
    (REFUSED, "error@0x22", "refused"),
    (TIMEOUT, "wait@0x20", "FPGA_LOAD_CFG"),
    (PROTOCOL, "serial@0x22", "FPGA_STATUS"),
    (TIMEOUT, "mute@0x22", "FPGA_STATUS"),
    (PROTOCOL, "short@0x22", "FPGA_STATUS"),
    (UNPLUGGED, "unplug@100000", "device"),
    (IMAGE, "core@1", "no benchmark core"),
    (IMAGE, "version@1", "version 2 of the benchmark core, not 1"),
]


@pytest.mark.parametrize("status, fault, word", FAULTS)
def test_fault_is_said_in_one_line(status, fault, word):
    done = virtual(f"fault={fault}", *BENCHMARK, status=status)
    assert word in complaint(done)


@pytest.mark.parametrize("status, fault, word", FAULTS)
def test_fault_is_in_the_document(status, fault, word, tmp_path):
    path = tmp_path / "result.json"
    line = (*BENCHMARK, "--json", path)
    done = virtual(f"fault={fault}", *line, status=status)
    result = json.loads(path.read_text())
    assert result["error"] == complaint(done)
    assert result["interrupted"] is False


def test_unplugging_in_the_middle_shows_what_came_before():
    done = virtual(
        "fault=unplug@1000000", "run", "benchmark", "-c", "1GiB", "source",
        "--json", "-", status=UNPLUGGED,
    )
    row = document(done)["modes"][0]
    assert row["mode"] == "source"
    assert 0 < row["bytes"] < 1 << 30


def test_alert_in_the_middle_is_said_and_the_work_is_done():
    done = virtual("fault=alert@0x22", *BENCHMARK, status=ALERT)
    assert complaint(done) == (
        "port A: overcurrent; the device switched its supply off"
    )
    assert "MiB/s" in done.stdout


def test_alert_shows_in_the_table():
    done = virtual("fault=alert@0x33", "voltage", status=ALERT)
    assert ports(done)["A"]["faults"] == "overcurrent"
    assert "port A" in complaint(done)


def test_alert_is_named_beside_a_failure():
    done = virtual(
        "fault=alert@0x31,fault=error@0x33", "voltage", status=REFUSED
    )
    text = complaint(done)
    assert "refused" in text and "port A: overcurrent" in text


def test_bytes_that_are_lost_are_reported_with_where_and_how_many():
    keys = "fault=drop@0x4000:0x400"
    done = virtual(keys, *BENCHMARK, status=WRONG_DATA)
    text = complaint(done)
    assert "0x4000" in text and "0x400 " in text
    assert "0x4000" in done.stdout and "0x400 " in done.stdout
    row = document(
        virtual(keys, *BENCHMARK, "--json", "-", status=WRONG_DATA)
    )["modes"][0]
    assert row["errors"] > 0
    assert row["bad_offset"] == 0x4000
    assert row["gap"] == 0x400
    assert row["bytes"] == 0x4000


def test_wrong_data_in_one_mode_leaves_the_others_to_be_measured():
    done = virtual(
        "fault=flip@0x100", "run", "benchmark", "-c", "64KiB", "--json", "-",
        status=WRONG_DATA,
    )
    modes = document(done)["modes"]
    assert len(modes) == 4
    assert [bool(row["errors"]) for row in modes].count(True) == 1


# ---- Output that cannot be written


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("help", "statuses"),
        ("run",),
        ("-d", "virtual:"),
        ("-d", "virtual:", "info"),
        ("-d", "virtual:", "info", "--json", "-"),
        ("-d", "virtual:", "voltage"),
        ("-d", "virtual:", "safe"),
        ("-d", "virtual:", *BENCHMARK),
        ("-d", "virtual:", *BENCHMARK, "--json", "-"),
        ("-d", "virtual:", "run", "benchmark", "-c", "100GiB"),
    ],
)
def test_full_disk_is_not_silent(arguments):
    with open("/dev/full", "w") as full:
        done = clyde(*arguments, status=OUTPUT, stdout=full)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("clyde: ") and "No space left" in last


def test_closed_standard_output_is_not_silent():
    done = clyde(
        "-d", "virtual:", "info", status=OUTPUT, preexec_fn=lambda: os.close(1)
    )
    complaint(done)


def test_reader_that_leaves_ends_the_run():
    line = [CLYDE, "-d", "virtual:", "run", "benchmark", "-c", "1MiB"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        line, stdout=write, stderr=subprocess.PIPE, text=True, timeout=SECONDS
    )
    os.close(write)
    assert done.returncode == OUTPUT
    assert "Broken pipe" in complaint(done)


@pytest.mark.parametrize(
    "name", ["missing/result.json", "folder", "file/result.json"]
)
def test_json_path_that_cannot_be_written_fails_before_the_run(name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    path = tmp_path / name
    start = time.monotonic()
    done = virtual(
        "", "run", "benchmark", "-c", "100GiB", "--json", path, status=OUTPUT
    )
    assert time.monotonic() - start < 5
    assert str(path) in complaint(done)
    assert done.stdout == ""


def test_json_path_on_a_full_disk_fails():
    done = virtual("", *BENCHMARK, "--json", "/dev/full", status=OUTPUT)
    assert "/dev/full" in complaint(done)


def test_json_path_that_is_no_file_is_not_replaced(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    line = [CLYDE, "-d", "virtual:", "info", "--json", fifo]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL) as process:
        result = json.loads(fifo.read_text())
        assert process.wait(SECONDS) == OK
    assert result["link"] == "virtual"
    assert fifo.is_fifo()


@pytest.mark.parametrize("keys", [None, "devices=2", "frobnicate=1"])
def test_failure_before_the_run_leaves_the_document_that_was_there(
    keys, tmp_path
):
    path = tmp_path / "result.json"
    path.write_text("precious")
    device = () if keys is None else ("-d", "virtual:" + keys)
    status = {None: NO_DEVICE, "devices=2": SEVERAL}.get(keys, USAGE)
    clyde(*device, *BENCHMARK, "--json", path, status=status)
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["result.json"]


# ---- Signals and terminals


def start_endless(*arguments, **options):
    line = ("-d", "virtual:", "run", "benchmark", "-c", "100GiB", "source")
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([CLYDE, *line, *arguments], text=True, **options)


@pytest.mark.parametrize(
    "number, status",
    [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)],
)
def test_signal_ends_a_run_and_keeps_what_it_had(number, status, tmp_path):
    path = tmp_path / "result.json"
    with start_endless("--json", path) as process:
        heading = process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(number)
        start = time.monotonic()
        out, error = process.communicate(timeout=SECONDS)
    assert time.monotonic() - start < 5
    assert process.returncode == status
    assert error == "clyde: interrupted\n"
    assert "virtual" in heading and "source" in out
    result = json.loads(path.read_text())
    assert result["interrupted"] is True
    assert result["error"] == "interrupted"
    assert 0 < result["modes"][0]["bytes"] < 100 << 30
    assert os.listdir(tmp_path) == ["result.json"]


def read_terminal(terminal):
    text = b""
    try:
        while chunk := os.read(terminal, 4096):
            text += chunk
    except OSError:  # Linux: the other side has closed
        pass
    os.close(terminal)
    return text.decode()


def test_progress_rewrites_one_line_of_a_terminal():
    terminal, other = pty.openpty()
    with start_endless(stdout=subprocess.DEVNULL, stderr=other) as process:
        os.close(other)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    text = read_terminal(terminal)
    progress, last = text.rsplit("\r\x1b[K", 1)
    assert re.fullmatch(r"(\rsource: \d+ %\x1b\[K)+", progress)
    assert last == "clyde: interrupted\r\n"


def test_progress_is_shown_to_nobody_but_a_terminal():
    assert virtual("", "run", "benchmark", "-c", "64MiB").stderr == ""
