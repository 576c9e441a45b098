# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests clyde report: its page in a browser, its text, and which files it
refuses.

CLYDE is the path to the binary, CLYDE_SOURCE the root of the sources.
"""

import copy
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import browser as browsers  # noqa: E402

CLYDE = os.environ["CLYDE"]
SECONDS = 600
CORRUPT, USAGE, INPUT, OUTPUT = 65, 64, 72, 73
WIDTHS = [360, 768, 1280]


def clyde(*arguments, status=0, **options):
    done = subprocess.run(
        [CLYDE, *map(str, arguments)], stdin=subprocess.DEVNULL, text=True,
        capture_output=True, timeout=SECONDS, **options)
    assert done.returncode == status, (done.stdout[-500:], done.stderr)
    return done


def refused(*arguments, status):
    done = clyde(*arguments, status=status)
    assert re.fullmatch(r"clyde: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


# ---- The input --------------------------------------------------


def with_noise(document, factor):
    """Makes repeats differ, as those of a real link do."""
    document = copy.deepcopy(document)
    document["real_time"] = True
    for row in document["modes"]:
        wobble = factor * (1 + 0.001 * row["repeat"])
        if "mib_per_s" in row:
            row["mib_per_s"] *= wobble
        else:
            for name in ("p50_us", "p99_us", "p999_us", "max_us", "mean_us"):
                row[name] *= wobble * (1 if name == "p50_us" else 3)
            row["histogram"] = [[us * step * wobble, count // step ** 4 + 1]
                                for us, count in row["histogram"]
                                for step in range(1, 40)]
    return document


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Makes documents of benchmarks: two with repeats and intervals, one with
    a sweep."""
    folder = tmp_path_factory.mktemp("report")
    clyde("-d", "virtual:", "run", "benchmark", "-c", "2MiB", "--repeat", "7",
          "--interval", "10", "--json", folder / "plain.json")
    clyde("-d", "virtual:", "run", "benchmark", "-c", "512KiB", "--sweep",
          "source", "sink", "--json", folder / "sweep.json")
    plain = json.loads((folder / "plain.json").read_text())
    for name, factor in [("before", 0.9), ("after", 0.8)]:
        document = with_noise(plain, factor)
        document["device"]["serial"] = "<b>&amp;\"" + "long" * 40
        (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "compare.json").write_text(json.dumps(comparison()))
    return folder


def comparison():
    rows = []
    for pace in ("link", "off"):
        for mode in ("source", "latency"):
            for i, host in enumerate(["libusb", "Clyde", "python-libusb1"]):
                rate = 45.1 - i if pace == "link" else 1800.5 / (i + 1)
                row = {"host": host, "interpreter": "PyPy 7.3.11",
                       "pace": pace, "mode": mode, "mib_per_s": None,
                       "p50_us": None, "core_share": 0.0123, "failed": None,
                       "cpu_s_per_gib": 0.456, "peak_mib": 12.5,
                       "ceiling_mib_per_s": 45.246, "machine": "2 x machine",
                       "date": "2026-11-22"}
                if mode == "source":
                    row["values"] = [rate * (1 + j / 100) for j in range(5)]
                    row["mib_per_s"] = row["values"][2]
                else:
                    row.update(
                        p50_us=12.5 * (i + 1), mean_us=14.25, stddev_us=3.5,
                        p99_us=99.75, p999_us=450.5, max_us=20000.5 * (i + 1),
                        histogram=[[10 * (i + 1), 90], [99, 5], [20000, 1]])
                rows.append(row)
    rows[-1].update(p50_us=None, mean_us=None, stddev_us=None, p99_us=None,
                    p999_us=None, max_us=None, histogram=None,
                    failed="crashed: SIGSEGV, after 812 transfers, 50.8 MiB")
    return rows


PAGES = [("plain",), ("before", "after"), ("plain", "before", "after"),
         ("sweep",), ("compare",), ("compare", "compare"), ("sweep", "plain")]


def page(files, names):
    path = files / ("-".join(names) + ".html")
    clyde("report", *(files / f"{name}.json" for name in names), "-o", path)
    return path


# ---- The figures ----------------------------------------------------------


class Values(html.parser.HTMLParser):
    """Parses a page into sections, and in them (exact, shown) of each figure;
    also lists unclosed tags."""

    VOID = {"meta", "rect", "path"}

    def __init__(self, text):
        super().__init__()
        self.open, self.section, self.values = [], None, {}
        self.shown = None
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "section":
            self.section = self.values.setdefault(attributes["id"], [])
        if tag not in self.VOID:
            self.open.append(tag)
        if "data-value" in attributes:
            self.shown = float(attributes["data-value"])

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.shown is not None:
            self.section.append((self.shown, data))
            self.shown = None


def figures(files, names):
    return Values(page(files, names).read_text()).values


def median(values):
    return sorted(values)[len(values) // 2]


def modes(document):
    by_mode = {}
    for row in document["modes"]:
        by_mode.setdefault(row["mode"], []).append(row)
    return by_mode


def load(files, name):
    return json.loads((files / f"{name}.json").read_text())


def test_every_shown_figure_is_the_exact_value_rounded(files):
    seen = 0
    for names in PAGES:
        for values in figures(files, names).values():
            for exact, shown in values:
                number = float(shown.rstrip(" %"))
                if shown.endswith("%"):
                    number /= 100
                digits = len(shown.rstrip(" %").partition(".")[2])
                step = 10 ** -(digits + 2 * shown.endswith("%"))
                assert abs(number - exact) <= step * 0.501, (exact, shown)
                seen += 1
    assert seen > 300


def test_throughput_and_latency_on_the_page_are_the_medians_in_the_json(files):
    by_mode = modes(load(files, "before"))
    shown = figures(files, ("before",))
    bars = [exact for exact, text in shown["throughput"]
            if not text.endswith("%")]
    assert bars == [median([row["mib_per_s"] for row in by_mode[mode]])
                    for mode in ("source", "sink", "loopback")]
    latency = [median([row[name] for row in by_mode["latency"]])
               for name in ("p50_us", "p99_us", "p999_us")]
    latency.append(max(row["max_us"] for row in by_mode["latency"]))
    assert [exact for exact, _ in shown["latency"]] == latency
    table = [exact for exact, _ in shown["figures"]]
    for value in bars + latency:
        assert value in table


def test_a_single_run_is_shown_without_statistics(files):
    document = load(files, "sweep")
    cells = [exact for exact, _ in figures(files, ("sweep",))["sweeps"]]
    assert sorted(cells) == sorted(
        row["mib_per_s"] for row in document["modes"])


def test_intervals_have_the_range_of_the_json(files):
    document = load(files, "plain")
    shown = [exact for exact, _ in figures(files, ("plain",))["intervals"]]
    rates = [row["mib_per_s"] for row in document["intervals"]
             if row["mode"] == "sink"]
    assert min(rates) in shown and max(rates) in shown


def test_a_comparison_has_every_row(files):
    shown = figures(files, ("compare",))
    table = [exact for exact, _ in shown["figures"]]
    bars = [exact for exact, _ in shown["throughput"]]
    for row in load(files, "compare"):
        for name in ("mib_per_s", "p50_us", "p99_us", "max_us", "peak_mib"):
            assert row.get(name) is None or row[name] in table, name
        assert row["mib_per_s"] is None or row["mib_per_s"] in bars
    assert "crashed: SIGSEGV, after 812 transfers" in (
        page(files, ("compare",)).read_text())


def test_a_change_is_distinguished_from_noise(files):
    text = clyde("report", files / "before.json", files / "after.json").stdout
    rows = dict(re.findall(r"^\[2\] (\w+) .*  (\S.*)$",
                           text.split("Differences")[1], re.M))
    assert rows == {"source": "slower", "sink": "slower",
                    "loopback": "slower", "latency": "faster"}
    text = clyde("report", files / "before.json", files / "before.json").stdout
    assert re.findall(r"1\.0000  (\w+)", text) == ["noise"] * 4


def test_the_text_has_the_same_figures(files):
    text = clyde("report", files / "before.json", "--text").stdout
    text = text.split("Intervals")[0]
    by_mode = modes(load(files, "before"))
    assert list(by_mode) == ["source", "sink", "loopback", "latency"]
    for mode, rows in by_mode.items():
        name = "p50_us" if mode == "latency" else "mib_per_s"
        value = median([row[name] for row in rows])
        line, = [line for line in text.splitlines()
                 if line.startswith(mode)]
        assert f"{value:.2f}" in line.split()


def test_the_page_may_go_to_standard_output_together_with_the_text(files):
    done = clyde("report", files / "plain.json", "-o", "-", "--text")
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert "Throughput" in done.stderr


def test_the_page_loads_no_other_file(files):
    for names in PAGES:
        text = page(files, names).read_text()
        assert not re.search(r"<script|<link|@import|url\(|https?:", text)


# ---- In a browser ---------------------------------------------------------

needs_browser = pytest.mark.skipif(
    not browsers.available(), reason="no chromium and chromedriver")


@pytest.fixture(scope="module")
def browser():
    browser = browsers.Browser()
    yield browser
    browser.close()


OUTSIDE = """
const wide = document.documentElement.clientWidth, out = [];
for (const e of document.body.querySelectorAll('*')) {
    const box = e.getBoundingClientRect();
    const text = e.tagName + '.' + e.className + ' ' + e.textContent;
    if (box.width && (box.left < -0.5 || box.right > wide + 0.5))
        out.push('outside: ' + text.slice(0, 80));
    if (!e.closest('svg') && e.scrollWidth > e.clientWidth + 1 &&
            getComputedStyle(e).display != 'inline')
        out.push('cut off: ' + text.slice(0, 80));
}
if (document.documentElement.scrollWidth > wide) out.push('the page scrolls');
return out;
"""

OVERLAPPING = """
const out = [], sets = ['.bar > :not(svg)', '.axis > span', 'dl > div',
                        'tr > *', '.timeline > div, .timeline > svg'];
for (const set of sets) {
    const all = [...document.querySelectorAll(set)].map(
        e => [e, e.getBoundingClientRect()]);
    for (const [a, x] of all) for (const [b, y] of all)
        if (a !== b && a.parentNode === b.parentNode && x.width && y.width &&
                x.left < y.right - 1 && y.left < x.right - 1 &&
                x.top < y.bottom - 1 && y.top < x.bottom - 1)
            out.push(a.textContent + ' over ' + b.textContent);
}
return out;
"""

CONTRAST = """
const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = light(getComputedStyle(document.body).backgroundColor);
const low = [];
for (const e of document.body.querySelectorAll('*')) {
    if (e.closest('svg') || !e.textContent.trim()) continue;
    const ink = light(getComputedStyle(e).color);
    const ratio = (Math.max(ink, ground) + 0.05) /
        (Math.min(ink, ground) + 0.05);
    if (ratio < 4.5) low.push(e.className + ' ' + ratio);
}
return [ground, low];
"""


@needs_browser
@pytest.mark.parametrize("names", PAGES, ids="-".join)
def test_nothing_is_cut_off_or_overlaps_at_any_width(files, browser, names):
    path = page(files, names)
    for width in WIDTHS:
        browser.show(path, width)
        assert browser.ask("return window.innerWidth") == width
        assert browser.ask(OUTSIDE) == []
        assert browser.ask(OVERLAPPING) == []


@needs_browser
def test_bars_are_as_long_as_their_figures(files, browser):
    browser.show(page(files, ("before", "after")))
    bars = browser.ask("""
        return [...document.querySelectorAll('.bar')].map(bar => [
            bar.querySelector('.fill').getBoundingClientRect().width,
            bar.querySelector('.track').getBoundingClientRect().width,
            parseFloat(bar.querySelector('b[data-value]').dataset.value)]);
    """)
    assert len(bars) == 6
    scale = {round(fill / value, 1) for fill, _, value in bars}
    assert len(scale) == 1
    assert all(0 < fill < track for fill, track, _ in bars)


@needs_browser
def test_light_and_dark_are_legible(files, browser):
    grounds = {}
    for scheme in ("light", "dark"):
        browser.show(page(files, ("before", "after")), scheme=scheme)
        grounds[scheme], low = browser.ask(CONTRAST)
        assert low == []
    assert grounds["dark"] < 0.05 < 0.9 < grounds["light"]


# ---- Bad input ------------------------------------------------------------


@pytest.mark.parametrize("text, why", [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 5000, "not JSON"),
    ('{"applet": "uart", "modes": []}', "neither"),
    ('{"applet": "benchmark", "modes": [{"mode": "source"}]}',
     "modes[0]: errors is missing"),
    ('[{"host": "a", "pace": "off", "mode": "source", "mib_per_s": 1e99}]',
     "entry[0]: mib_per_s is out of range"),
    ('[{"host": "a", "pace": "off", "mode": "source", "mib_per_s": NaN}]',
     "not JSON"),
])
def test_a_file_that_is_no_report_is_refused_with_the_place_of_the_error(
        tmp_path, text, why):
    path = tmp_path / "bad.json"
    path.write_text(text)
    line = refused("report", path, "-o", tmp_path / "page", status=CORRUPT)
    assert str(path) in line and why in line
    assert not (tmp_path / "page").exists()


def test_a_file_that_cannot_be_read_has_another_status(tmp_path):
    assert "nonesuch" in refused(
        "report", tmp_path / "nonesuch.json", status=INPUT)
    refused("report", tmp_path, status=INPUT)
    refused("report", "/dev/zero", status=INPUT)


def test_a_page_that_cannot_be_written_has_another_status(files, tmp_path):
    plain = files / "plain.json"
    refused("report", plain, "-o", tmp_path / "no" / "page", status=OUTPUT)
    refused("report", plain, "-o", "/dev/full", status=OUTPUT)
    refused("report", plain, "-o", "", status=OUTPUT)


def test_no_file_and_too_many_files_are_usage_errors(files):
    refused("report", status=USAGE)
    refused("report", *[files / "plain.json"] * 7, status=USAGE)
    refused("report", files / "plain.json", "--nonsense", status=USAGE)


def test_a_page_is_replaced_whole_or_not_at_all(files, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("what was there")
    (tmp_path / "bad.json").write_text("{")
    refused("report", files / "plain.json", tmp_path / "bad.json", "-o", path,
            status=CORRUPT)
    assert path.read_text() == "what was there"
    clyde("report", files / "plain.json", "-o", path)
    assert path.read_text().startswith("<!DOCTYPE html>")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "bad.json", "page.html"]
