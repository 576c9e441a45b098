# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests docs/figures.md, which bench/figures.py writes: the exact figures are
those of this build, each section says how it was measured, and a part that
cannot be measured is reported.  No figure in real time is judged.

CLYDE is the path to the binary, CLYDE_SOURCE the root of the sources.
"""

import os
import pathlib
import re
import subprocess

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"]).resolve()
PAGE = SOURCE / "docs/figures.md"
SECONDS = 120
SECTION = re.compile(
    r"^<!-- begin (\w+) -->\n(.*?)^<!-- end \1 -->\n", re.M | re.S)
EXACT = ["queue", "idle", "image"]


def figures(out, *parts, build=CLYDE.parents[1], status=0):
    done = subprocess.run(
        ["/usr/bin/python3", SOURCE / "bench/figures.py", "--build", build,
         "--out", out, *(["--only", *parts] if parts else [])],
        capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == status, done.stderr
    return done.stderr


def sections(path):
    return dict(SECTION.findall(path.read_text()))


def undated(text):
    return re.sub(r"^- Date: [-0-9]{10}$", "- Date:", text, flags=re.M)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    out = tmp_path_factory.mktemp("figures") / "page.md"
    figures(out, *EXACT)
    return sections(out)


@pytest.mark.parametrize("part", EXACT)
def test_the_exact_figures_of_the_page_are_those_of_this_build(fresh, part):
    assert undated(fresh[part]) == undated(sections(PAGE)[part]), \
        f'the page is out of date: make figures PARTS="{part}"'


def test_the_page_has_every_part_and_nothing_else(monkeypatch):
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import figures as module
    page = sections(PAGE)
    assert list(page) == list(module.PARTS)
    rest = SECTION.sub("", PAGE.read_text())
    assert rest.rstrip("\n") == module.HEAD.rstrip("\n")


def test_each_section_says_how_and_when_it_was_measured():
    for part, text in sections(PAGE).items():
        lines = re.findall(r"^- ([\w ]+): (?:.+)$", text, re.M)
        assert lines[:4] == ["Command", "Time", "Date", "Repeats"], part
        assert re.search(r"^- Date: \d{4}-\d\d-\d\d$", text, re.M), part
        real = re.search(r"^- Time: real$", text, re.M) is not None
        assert real == (lines[4:] == [
            "Processor", "Load average at the start", "Duration"]), part
        assert re.search(r"^\| ?-|^```|^Not measured: ", text, re.M), part


def test_no_cell_of_the_page_is_a_dash():
    assert not re.search(r"\| - \|", PAGE.read_text())


def test_no_path_of_the_machine_is_in_the_page():
    found = re.findall(r"(?<![\w.$])/(?:home|tmp|root|work|build|mnt)\b\S*",
                       PAGE.read_text())
    assert not found


def test_measuring_one_part_does_not_change_the_others(tmp_path):
    page = tmp_path / "page.md"
    old = PAGE.read_text()
    page.write_text(old.replace("| 4 us | ", "| old | "))
    figures(page, "queue")
    new = sections(page)
    assert new["idle"] == sections(PAGE)["idle"].replace("| 4 us | ",
                                                         "| old | ")
    assert list(new) == list(sections(PAGE))


def test_a_part_that_cannot_be_measured_has_a_sentence(tmp_path):
    page = tmp_path / "page.md"
    figures(page, "image")
    image = sections(page)["image"]
    said = figures(page, "queue", "startup", build=tmp_path / "nonesuch",
                   status=1)
    for part in "queue", "startup":
        assert f"figures.py: {part}: " in said
        text = sections(page)[part]
        assert ("Not measured: build/cli/clyde: No such file or directory"
                in " ".join(text.split()))
        assert "- Date: " in text and "\n|" not in text
    assert sections(page)["image"] == image
    assert str(tmp_path) not in page.read_text()


def test_a_command_that_fails_is_reported_by_its_last_line(tmp_path):
    clyde = tmp_path / "cli/clyde"
    clyde.parent.mkdir()
    clyde.write_text("#!/bin/sh\necho first >&2; echo no device >&2\nexit 69\n")
    clyde.chmod(0o755)
    page = tmp_path / "page.md"
    figures(page, "idle", build=tmp_path, status=1)
    text = " ".join(sections(page)["idle"].split())
    assert re.search(r"Not measured: build/cli/clyde .*: exit status 69: "
                     r"no device$", text), text


def test_another_file_is_not_overwritten(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("# Another page\n")
    assert "is not a page that figures.py wrote" in figures(
        page, "image", status=1)
    assert page.read_text() == "# Another page\n"


@pytest.mark.parametrize("load, busy", [(1.5, False), (2.5, True)])
def test_a_busy_machine_is_reported(monkeypatch, load, busy):
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import figures as module
    monkeypatch.setattr(module.measure, "processor", lambda: (2, "Some CPU"))
    monkeypatch.setattr(module.os, "getloadavg", lambda: (load, 0, 0))
    text = "\n".join(module.conditions(module.PARTS["startup"]))
    assert "- Processor" not in text and "Processor: Some CPU, 2 cores" in text
    assert (f"start: {load:.2f}, more than" in text) == busy
    assert ("beside other work" in text) == busy


# ---- Hosts without figures ------------------------------------------------


def host_row(host, interpreter, mode, failed=None, after=None):
    latency = mode == "latency"
    figure = None if failed else 2.0
    return {"host": host, "interpreter": interpreter, "pace": "link",
            "mode": mode, "mib_per_s": None if latency else figure,
            "p50_us": figure if latency else None, "p99_us": figure,
            "max_us": figure, "cpu_s_per_gib": None if latency else figure,
            "core_share": figure, "peak_mib": figure, "repeats": 1,
            "failed": failed, "failed_after_transfers": after}


MODES = ["source", "sink", "loopback", "latency"]


@pytest.fixture
def compared(monkeypatch):
    monkeypatch.syspath_prepend(str(SOURCE / "bench"))
    import figures_parts as module

    def part(broken):
        rows = [host_row("libusb", "C", mode) for mode in MODES]
        rows += [host_row(*broken, mode, f"ValueError: gone, after {n} "
                          "transfers, 1.0 MiB", n)
                 for n, mode in enumerate(MODES, 7)]
        monkeypatch.setattr(module.compare, "compare", lambda build: rows)
        return module.compare_part(None)
    return part


def test_a_host_without_figures_has_a_sentence_and_no_row(compared):
    text, failures = compared(("python-libusb1", "PyPy 7.3.11"))
    assert ("python-libusb1, PyPy 7.3.11 failed in 4 of 4 measurements (a "
            "pace and a mode each), after 7 to 10 transfers. What was "
            "seen: `ValueError: gone`.") in text
    assert "| python-libusb1" not in text and "| libusb, C |" in text
    assert not failures


def test_a_host_that_should_work_and_does_not_is_a_failure(compared):
    text, failures = compared(("Clyde", "PyPy 7.3.11"))
    assert len(failures) == 1 and failures[0] in text


# ---- Measurements that no other test runs ---------------------------------


@pytest.mark.skipif(not pathlib.Path("/usr/bin/time").exists(),
                    reason="scripts/packages bench has not been run")
@pytest.mark.parametrize("command", [
    [CLYDE, "virtual", "-d", "virtual:configured=1", "--",
     "/usr/bin/python3", SOURCE / "bench/mapped.py", "1"],
    ["/usr/bin/python3", SOURCE / "bench/startup.py", CLYDE, "1"],
    ["/usr/bin/python3", SOURCE / "bench/usbfs.py", "--build",
     CLYDE.parents[1], "--repeats", "1", "start"],
], ids=["mapped", "startup", "usbfs"])
def test_the_measurement_runs(command):
    done = subprocess.run(command, capture_output=True, text=True,
                          timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 4
