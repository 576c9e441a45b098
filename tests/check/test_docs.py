# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests the documents: every path that they name exists, every link leads
somewhere, and HACKING.md is one page."""

import pathlib
import re
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted({*SOURCE.glob("*.md"), *SOURCE.glob("docs/*.md")})
FOLDERS = {path.name for path in SOURCE.iterdir() if path.is_dir()
           and not path.name.startswith((".", "build"))}
# Names for the reader to fill in, and globs, are not paths.
PATTERN = re.compile(r"[A-Z]{4,}|[*<>]")


def tracked():
    files = subprocess.run(["git", "-C", SOURCE, "ls-files", "--cached",
                            "--others", "--exclude-standard"], check=True,
                           capture_output=True, text=True).stdout.split()
    return set(files) | {str(parent) for file in files
                         for parent in pathlib.PurePath(file).parents}


def paths(text):
    """Yields what looks like a path of this tree in text in backticks, whole
    words of it; paths begin at a folder of the root."""
    blocks = re.findall(r"^```.*?^```", text, re.M | re.S)
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text,
                                             flags=re.M | re.S))
    for word in " ".join(inline + blocks).split():
        word = word.strip("`,;:().").rstrip("/")
        if "/" in word and word.split("/")[0] in FOLDERS and \
                not PATTERN.search(word) and "{" not in word:
            yield word


def sources(text):
    """Returns names of files in C or Python without a folder, in backticks."""
    return re.findall(r"`([a-z][\w-]*\.(?:c|h|cc|py|v))`", text)


def units(text):
    """Returns names of tests in C, in backticks or not."""
    return re.findall(r"\b((?:test|fuzz)-[a-z]+(?:-[a-z]+)*)(?![-\w])", text)


def rows(text):
    """Returns the files in the first column of a table."""
    return [file for row in re.findall(r"^\| ([^|`]+) \|", text, re.M)
            for file in re.findall(r"\S+\.[ch]\b", row)]


def anchors(path):
    for title in re.findall(r"^#+ (.*)", path.read_text(), re.M):
        yield re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def identity(path):
    return str(path.relative_to(SOURCE))


@pytest.fixture(scope="module")
def tree():
    return tracked()


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_every_path_that_a_page_names_exists(page, tree):
    text = page.read_text()
    assert [path for path in paths(text) if path not in tree] == []
    names = {path.rsplit("/", 1)[-1] for path in tree}
    assert [name for name in sources(text) if name not in names] == []
    assert [name for name in units(text) if f"{name}.c" not in names] == []
    assert [row for row in rows(text) if row not in tree] == []


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


def test_paths_and_links_are_found():
    """Otherwise the tests above could pass by finding nothing."""
    named = [path for page in PAGES for path in paths(page.read_text())]
    assert len(named) > 100
    assert list(paths("`lib/none.c`, `see cli/none.h,` and\n```\nvirtual/x/\n"
                      "```\n`applets/NAME/NAME.v` `/usr/lib`\n")) == [
        "lib/none.c", "cli/none.h", "virtual/x"]
    assert sources("`none.c` none.h `x/none.h`") == ["none.c"]
    assert units("test-none; `fuzz-none-x`; test-NAME; test-core-NAME") == [
        "test-none", "fuzz-none-x"]
    assert rows("| none.c, lib/none.h and more | x.c |") == [
        "none.c", "lib/none.h"]


def test_hacking_is_one_page():
    assert len((SOURCE / "HACKING.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize("page", [
    page for page in PAGES if page.name not in ("figures.md", "README.md",
                                                "reliability.md", "coverage.md",
                                                "NEWS.md")], ids=identity)
def test_lines_end_at_the_hundredth_column(page):
    """Except rows of tables, and drawings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    assert [line for line in text.splitlines()
            if len(line) > 100 and not line.startswith("|")] == []


def test_the_readme_has_the_size_of_every_core():
    """A core is the module core_NAME and the modules NAME_PART."""
    text = (SOURCE / "gateware/image.txt").read_text()
    readme = (SOURCE / "README.md").read_text()
    parts = {name: [int(number) for number in numbers] for name, *numbers in
             re.findall(r"^part (\w+): (\d+) LUT, (\d+) flip-flops, (\d+) BRAM",
                        text, re.M)}
    cores = [name.removeprefix("core_") for name in parts
             if name.startswith("core_")]
    assert "spi" in cores
    table = [f"| {core} | " + " | ".join(str(sum(column)) for column in zip(
        *(numbers for name, numbers in parts.items() if
          name == f"core_{core}" or name.startswith(f"{core}_")))) + " |\n"
        for core in cores]
    assert "".join(table) in readme
    used, frequency = re.findall(r"^LC (\d+) of", text, re.M) + re.findall(
        r"^Fmax (\S+) MHz", text, re.M)
    assert f" {used} of 7680 logic cells" in readme
    assert f" {frequency} MHz" in readme
