# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests bench/compare.py: it runs every host, writes what clyde-benchmark(5)
describes, and a host that fails loses only its own rows.  No figure is judged.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
BUILD = CLYDE.parents[1]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
SECONDS = 600
RATES = {"source", "sink", "loopback"}

pytestmark = pytest.mark.skipif(
    not shutil.which("pypy3") or not pathlib.Path("/usr/bin/time").exists(),
    reason="scripts/packages bench has not been run")


def compare(out, *arguments, **environment):
    done = subprocess.run(
        ["/usr/bin/python3", SOURCE / "bench/compare.py", "--quick",
         "--build", BUILD, *arguments, out], capture_output=True, text=True,
        timeout=SECONDS, env=dict(os.environ, **environment))
    assert done.returncode == 0, done.stderr
    return json.loads((out / "compare.json").read_text())


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("compare"))


def test_every_host_has_a_row_for_each_pace_and_mode(rows):
    hosts = {(row["host"], row["interpreter"].split()[0]) for row in rows}
    assert hosts == {("libusb", "C"), ("Clyde", "C"), ("Clyde", "CPython"),
                     ("Clyde", "PyPy"), ("python-libusb1", "CPython"),
                     ("python-libusb1", "PyPy")}
    keys = {(row["host"], row["interpreter"], row["pace"], row["mode"])
            for row in rows}
    assert len(keys) == len(rows) == 6 * 2 * 4


def test_a_row_has_its_figures_or_the_reason_why_not(rows):
    for row in rows:
        figure = "p50_us" if row["mode"] == "latency" else "mib_per_s"
        other = "mib_per_s" if row["mode"] == "latency" else "p50_us"
        assert row[other] is None
        if row["failed"]:
            assert row["failed_after_transfers"] >= 0
            continue
        assert row[figure] > 0 and row["peak_mib"] > 0
        assert len(row["values"]) == row["repeats"] == 1
        if row["mode"] == "latency":
            assert row["p50_us"] <= row["p99_us"] <= row["p999_us"]
            assert row["p999_us"] <= row["max_us"]
            assert sum(count for _, count in row["histogram"]) >= 48
        else:
            assert row["cpu_s_per_gib"] > 0 and row["core_share"] > 0
            assert (row["ceiling_mib_per_s"] is None) == (row["pace"] == "off")


def test_c_and_cpython_do_not_fail(rows):
    # Old python-libusb1 on PyPy may fail.
    for row in rows:
        if (row["host"], row["interpreter"][:4]) != ("python-libusb1", "PyPy"):
            assert row["failed"] is None, row


def test_a_host_that_fails_loses_only_its_own_rows(tmp_path):
    rows = compare(tmp_path, "--only", "C", CLYDE_LIBRARY="/nonesuch")
    assert {bool(row["failed"]) for row in rows} == {True, False}
    for row in rows:
        broken = row["host"] == "Clyde" and row["interpreter"] != "C"
        assert bool(row["failed"]) == broken, row
    table = (tmp_path / "compare.md").read_text()
    assert "What failed:" in table and "after 0 transfers" in table
    page = (tmp_path / "compare.html").read_text()
    assert "after 0 transfers" in page


@pytest.mark.parametrize("python", ["/usr/bin/python3", "pypy3"])
def test_the_header_is_parsed_before_anything_is_measured(
        tmp_path, monkeypatch, python):
    monkeypatch.delenv("CLYDE_LIBRARY", raising=False)
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import compare as module
    module.fill_cache(BUILD, module.hosts(BUILD), tmp_path)
    environment = module.environment_of(BUILD, tmp_path)
    modules = subprocess.check_output(
        [python, "-c", "import sys, clyde; print(*sys.modules)"], text=True,
        env=dict(environment, PYTHONPATH=str(SOURCE / "python"))).split()
    assert "clyde" in modules and "cffi" not in modules
    assert environment["PYPY_GC_NURSERY"] == "4M"


# ---- Hosts that do not end well -------------------------------------------


def one_run(tmp_path, monkeypatch, script):
    """Returns what is reported of a run whose client is this shell script;
    "$1" is the file in which it counts."""
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import compare as module
    monkeypatch.setattr(module, "DEADLINE_S", 3)
    host = module.Host("odd", "sh", lambda mode, counts, counter:
                       ["sh", "-c", script, "sh", counter])
    with pytest.raises(module.Failed) as failed:
        module.run_once(BUILD, host, "off", "source",
                        {"TMPDIR": str(tmp_path)}, tmp_path)
    entry = module.entry(("off", "source", host), [], failed.value, {})
    assert entry["mib_per_s"] is None
    return entry["failed"], entry["failed_after_transfers"]


COUNTS_3 = r"printf '\003\0\0\0\0\0\0\0\0\0\060\0\0\0\0\0' >$1; "


def test_a_crash_is_reported_with_the_bytes_moved_before(
        tmp_path, monkeypatch):
    why, transfers = one_run(tmp_path, monkeypatch, COUNTS_3 + "kill -SEGV $$")
    assert "SIGSEGV" in why and why.endswith(", after 3 transfers, 3.0 MiB")
    assert transfers == 3


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2]
    except OSError:
        return False
    return state not in "ZX"


def test_a_host_that_hangs_is_ended_with_all_its_children(
        tmp_path, monkeypatch):
    script = "sleep 1000 & echo $! >$0.child; " + COUNTS_3 + "wait"
    script = script.replace("$0.child", str(tmp_path / "child"))
    why, _ = one_run(tmp_path, monkeypatch, script)
    assert why.startswith("hung: no end after 3 s, after 3 transfers")
    child = (tmp_path / "child").read_text().strip()
    deadline = time.monotonic() + SECONDS
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_exception_is_reported_by_its_last_line(tmp_path, monkeypatch):
    why, _ = one_run(
        tmp_path, monkeypatch,
        "echo Traceback >&2; echo 'ValueError: Finalizer' >&2; exit 1")
    assert why.startswith("ValueError: Finalizer, after 0 transfers")


@pytest.mark.parametrize("program", ["Clyde", "libusb"])
def test_an_unplug_of_a_c_program_is_reported_with_the_bytes_moved_before(
        tmp_path, monkeypatch, program):
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import compare as module
    host, = [host for host in module.hosts(BUILD)
             if (host.name, host.interpreter) == (program, "C")]
    command = host.command
    host.command = lambda *arguments: [
        CLYDE, "virtual", "-d", "virtual:configured=1", "--pace", "link",
        "--fault", "pull@100", "--", *command(*arguments)]
    with pytest.raises(module.Failed) as failed:
        module.run_once(BUILD, host, "off", "source",
                        {"count": 64 << 20, "omit": 0}, tmp_path)
    assert "unplugged" in str(failed.value)
    assert failed.value.transfers > 0 and failed.value.moved > 0
