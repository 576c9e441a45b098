# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the tool's help against the manual, and its commands and runs: what
they print, and their exit statuses.

CLYDE is the path to the binary, CLYDE_SOURCE the root of the sources.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest

CLYDE = os.environ["CLYDE"]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
# After this time a process counts as hung, even on the busiest machine.
SECONDS = 600

OK, WRONG_DATA, USAGE, CORRUPT = 0, 1, 64, 65
NO_SERIAL, NO_DEVICE, OUTPUT = 68, 69, 73
TIMEOUT, PROTOCOL, SEVERAL, LIMIT = 75, 76, 79, 80
FPGA, REFUSED, ALERT, UNPLUGGED, IMAGE = 81, 82, 84, 85, 87
INTERRUPTED, TERMINATED = 130, 143

BENCHMARK = ("run", "benchmark", "-c", "1MiB", "source")
MANUAL = (SOURCE / "man" / "clyde.1.scd").read_text()


def clyde(*arguments, status=OK, **options):
    """Runs the tool to its end; the status must be the expected one."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("timeout", SECONDS)
    done = subprocess.run(
        [CLYDE, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def virtual(keys, *arguments, **options):
    return clyde("-d", "virtual:" + keys, *arguments, **options)


def only_line(done):
    """Returns the only line on stderr."""
    assert re.fullmatch(r"clyde: [^\n]+\n", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr[len("clyde: ") : -1]


def document(done):
    """Returns what --json - has printed, which must be a document and nothing
    else."""
    return json.loads(done.stdout)


def commands():
    """Returns the words below "Commands:" in the help."""
    text = clyde("--help").stdout.split("Commands:")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", text, re.MULTILINE)


def applets():
    return [line.split()[0] for line in clyde("run").stdout.splitlines()]


def helps():
    """Yields every command line that has a help of its own."""
    return (
        [()]
        + [(name,) for name in commands()]
        + [("run", name) for name in applets()]
    )


def options_in(text):
    """Returns the options that a help lists: "-c, --count=SIZE"."""
    rows = re.findall(r"^ +(-[^ ].*?)(?:  |$)", text, re.MULTILINE)
    return {
        re.split(r"\[?=", option)[0] for row in rows for option in row.split(", ")
    }


# ---- Help and manual


def test_the_help_lists_commands_and_applets():
    assert {"help", "info", "list", "run", "safe", "virtual", "voltage"} <= set(
        commands()
    )
    assert "benchmark" in applets()


def test_every_command_and_applet_has_a_help():
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
    seen = set()
    for place in helps():
        for option in options_in(clyde(*place, "--help").stdout):
            assert f"*{option}*" in MANUAL, (place, option)
            seen.add(option)
    assert len(seen) > 40


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


def test_every_command_is_in_the_synopsis():
    synopsis = MANUAL.split("# SYNOPSIS")[1].split("# DESCRIPTION")[0]
    shown = re.findall(r"^\*clyde\* \*(\w+)\*", synopsis, re.MULTILINE)
    assert set(shown) == set(commands())


def test_every_choice_of_an_applet_is_in_the_manual():
    choices = [
        word for name in applets()
        for row in re.findall(r"any of:([^;)]+)[;)]",
                              clyde("run", name, "--help").stdout)
        for word in row.split()
    ]
    assert {"source", "sink", "loopback", "latency"} <= set(choices)
    for word in choices:
        assert f"\n*{word}*\n" in MANUAL


def test_exit_statuses_are_those_of_the_manual():
    shown = re.findall(
        r"^ *(\d+)  (.*)", clyde("help", "statuses").stdout, re.MULTILINE
    )
    section = MANUAL.split("# EXIT STATUS")[1].split("# EXAMPLES")[0]
    listed = re.findall(r"\*(\d+)\*\n:< (.*)", section)
    assert shown == listed
    assert len(shown) > 20


# Returns the words of "virtual:" in the tables of the parser.
def words(kind):
    program = pathlib.Path(CLYDE).resolve().parents[1] / "tests/virtual-words"
    said = subprocess.run([program], check=True, capture_output=True,
                          text=True).stdout
    return [tuple(row.split()[1:]) for row in said.splitlines()
            if row.split()[0] == kind]


VIRTUAL_MANUAL = (SOURCE / "man" / "clyde-virtual.7.scd").read_text()


def manual_rows(heading):
    """Returns the lines of a section that begin in bold, which each explain a
    word."""
    section = re.split(r"^# ", VIRTUAL_MANUAL, flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading + "\n")]
    return re.findall(r"^(\*.*)", text, re.MULTILINE)


def test_the_manual_has_the_keys_that_the_virtual_device_accepts():
    accepted = sorted(key for key, in words("key"))
    shown = sorted(key for row in manual_rows("KEYS")
                  for key in re.findall(r"(?:^|, )\*(\w+)\*=", row))
    assert len(shown) > 20
    assert shown == accepted


def test_the_virtual_device_accepts_the_keys_in_its_manual():
    keys = [key for row in manual_rows("KEYS")
            for key in re.findall(r"(?:^|, )\*(\w+)\*=", row)]
    assert len(keys) > 20
    def error_of(key):
        done = subprocess.run([CLYDE, "-d", f"virtual:{key}=", "list"],
                              capture_output=True, text=True, timeout=SECONDS)
        return done.stderr
    assert [key for key in keys if "is not a key" in error_of(key)] == []
    assert "is not a key" in error_of("nonsense")


def test_the_manual_has_the_parts_and_keys_that_are_accepted():
    shown = []
    for row in manual_rows("PARTS"):
        if match := re.match(r"\*([\w-]+)@(\w+)=", row):
            kind, first = match.groups()
            shown += [(kind, key)
                      for key in [first] + re.findall(r":(\w+)=", row)]
    for kind, text in re.findall(r"^## Keys of ([\w-]+)\n(.*?)(?=^#)",
                                 VIRTUAL_MANUAL, re.MULTILINE | re.DOTALL):
        shown += [(kind, key) for row in re.findall(r"^\*.*", text, re.M)
                  for key in re.findall(r"(?:^|, )\*([\w-]+)\*=", row)]
    assert len(shown) >= 40
    assert sorted(shown) == sorted(words("part"))


def test_the_manual_has_the_faults_that_are_accepted():
    places = {"tN", "pN", "bN", "Nus"}
    shown = {kind for row in manual_rows("FAULTS")
            for kind in re.findall(r"(?:^|, )\*([a-z]\w*)[@*]", row)} - places
    accepted = {kind for kind, in words("fault")}
    assert len(shown) > 40
    assert shown == accepted


def test_the_table_of_errors_is_in_header_manual_and_binding():
    subprocess.run([SOURCE / "scripts" / "errors", "--check"], check=True)


def test_every_error_ends_with_a_status_that_help_explains():
    table = (SOURCE / "lib/base/error-table.h").read_text()
    statuses = set(re.findall(r"X\(\w+, -\d+, (\d+),", table))
    shown = re.findall(r"^ *(\d+)  ", clyde("help", "statuses").stdout, re.M)
    assert len(statuses) > 20 and statuses <= set(shown)


def test_a_status_of_one_error_has_the_words_of_the_library():
    table = (SOURCE / "lib/base/error-table.h").read_text()
    rows = re.findall(r'X\(\w+, -\d+, (\d+),\s*"([^"]*)"\)',
                      re.sub(r"\s*\\\n", "\n", table))
    meanings = {}
    for status, meaning in rows:
        meanings.setdefault(status, []).append(meaning)
    shown = dict(re.findall(r"^ *(\d+)  (.*)",
                           clyde("help", "statuses").stdout, re.M))
    # A failure of the tool itself can have these statuses, too, or they stand
    # for fewer cases than the error.
    wider = {"64", "65", "69", "73", "130"}
    alone = {status: only[0] for status, only in meanings.items()
             if len(only) == 1 and status not in wider}
    assert len(alone) > 15
    assert {status: shown[status] for status in alone} == alone


def test_no_line_of_the_help_is_blank_but_for_spaces():
    lines = [("--help",), *((name, "--help") for name in commands()),
             ("run", "benchmark", "--help")]
    for line in lines:
        text = clyde(*line).stdout
        assert not re.search(r"^ +$", text, re.M), line


def test_the_version_is_one_line():
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


def test_without_a_command_the_tool_lists_devices():
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


def test_global_options_may_follow_the_command():
    before = virtual("revision=C2", "info").stdout
    assert clyde("info", "-d", "virtual:revision=C2").stdout == before
    assert "C2-" in before


def test_info_shows_the_properties_of_the_device():
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
    """Returns the rows of the table by port, each with its cells by column."""
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
def test_voltage_names_what_a_revision_cannot_measure(revision, able):
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


def test_a_limit_applies_to_a_supply_of_the_same_command():
    done = virtual("", "voltage", "--limit", "A=3", "A=3.3", status=LIMIT)
    assert "limit" in only_line(done)


def test_safe_prints_that_the_device_is_safe():
    assert virtual("", "safe").stdout == "all ports are safe\n"


# ---- Runs


def test_run_prints_what_each_mode_measured():
    modes = ["source", "sink", "loopback", "latency"]
    lines = virtual("", "run", "benchmark", "-c", "1MiB").stdout.splitlines()
    assert "virtual" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == modes


def test_run_runs_the_given_modes():
    done = virtual("", "run", "benchmark", "sink", "latency", "-c", "64KiB")
    words = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert words == ["sink", "latency"]


def test_the_readme_shows_what_the_benchmark_prints():
    blocks = (SOURCE / "README.md").read_text().split("```")[1::2]
    shown = [block.strip("\n") for block in blocks
             if "\nlatency " in block and "\nsink " in block]
    said = virtual("", "run", "benchmark").stdout.strip("\n")
    assert len(said.splitlines()) == 5
    assert len(shown) == 1
    # The command itself may come before it.
    assert re.sub(r"^\$.*\n", "", shown[0]) == said


def test_json_of_a_run_has_the_documented_members():
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


def test_json_has_null_for_an_unknown_number():
    done = virtual("", *BENCHMARK, "--json", "-")
    assert "NaN" not in done.stdout
    assert document(done)["modes"][0]["cpu_share"] is None


def test_with_json_on_stdout_the_lines_go_to_stderr():
    done = virtual("", *BENCHMARK, "--json", "-")
    document(done)
    assert "source" in done.stderr
    assert done.stderr == virtual("", *BENCHMARK).stdout


@pytest.mark.parametrize("command", ["list", "info", "voltage"])
def test_json_on_stdout_is_the_only_output(command):
    done = virtual("", command, "--json", "-")
    document(done)
    assert done.stderr == ""


def test_with_json_in_a_file_the_lines_stay_on_stdout(tmp_path):
    path = tmp_path / "result.json"
    done = virtual("", *BENCHMARK, "--json", path)
    assert done.stdout == virtual("", *BENCHMARK).stdout
    assert json.loads(path.read_text())["modes"][0]["mode"] == "source"
    assert os.listdir(tmp_path) == ["result.json"]


def test_json_file_has_usual_permissions(tmp_path):
    path = tmp_path / "result.json"
    virtual("", "info", "--json", path, umask=0o027)
    assert path.stat().st_mode & 0o777 == 0o640


def test_json_through_a_symbolic_link_keeps_the_link(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    path.chmod(0o600)
    link = tmp_path / "latest"
    link.symlink_to("result.json")
    virtual("", "info", "--json", link)
    assert link.is_symlink()
    assert json.loads(path.read_text())["link"] == "virtual"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_run_twice_prints_the_same_figures():
    line = ("run", "benchmark", "-c", "1MiB", "--json", "-")
    first, second = virtual("", *line), virtual("", *line)
    assert first.stdout == second.stdout
    assert first.stderr == second.stderr


def test_run_sets_the_supplies(tmp_path):
    done = virtual("limitA=3300", *BENCHMARK, "-V", "A=5", status=LIMIT)
    assert "limit" in only_line(done)
    virtual("limitA=3300", *BENCHMARK, "-V", "A=3.3")
