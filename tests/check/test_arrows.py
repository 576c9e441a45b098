# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests scripts/arrows: this tree keeps the rules, and, in a copy of the tree,
each kind of include that breaks them is a failure with a line of its own."""

import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 60


def arrows(root=None, script=SOURCE / "scripts/arrows"):
    done = subprocess.run([script, *([root] if root else [])], text=True,
                          capture_output=True, timeout=SECONDS)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Copies the files in C into a repository of their own."""
    root = tmp_path_factory.mktemp("tree")
    files = subprocess.run(
        ["git", "-C", SOURCE, "ls-files", "*.c", "*.h", "*.cc"], check=True,
        capture_output=True, text=True).stdout.split()
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCE / file, root / file)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    return root


@pytest.fixture
def change(tree):
    """Changes files of the copy for one test."""
    before = {}

    def write(file, function):
        path = tree / file
        before.setdefault(path, path.read_text())
        path.write_text(function(before[path]))

    yield write
    for path, text in before.items():
        path.write_text(text)


def test_every_include_keeps_the_rules(tree):
    assert arrows() == (0, [])
    assert arrows(tree) == (0, [])


@pytest.mark.parametrize("file,included", [
    ("wire/usb.h", "include/clyde.h"),
    ("lib/base/handle.c", "lib/run/run.h"),
    ("lib/base/error.c", "applets/uart/uart.h"),
    ("lib/link/usb/control.c", "lib/link/virtual/uri.h"),
    ("lib/link/usb/link.c", "virtual/bus/bus.h"),
    ("lib/device/mgmt.c", "lib/stream/pipe.h"),
    ("lib/stream/pipe.c", "lib/run/run.h"),
    ("lib/stream/engine.c", "virtual/fx2/fifo.h"),
    ("applets/gpio/gpio.c", "lib/base/internal.h"),
    ("applets/gpio/gpio.c", "applets/uart/uart.h"),
    ("applets/uart/pump.c", "lib/run/run.h"),
    ("virtual/bus/bus.c", "lib/base/error.h"),
    ("virtual/bus/bus.c", "plug/plug.h"),
    ("virtual/bus/transact.c", "virtual/fx2/device.h"),
    ("virtual/board/board.c", "virtual/fpga/fpga.h"),
    ("plug/plug.c", "lib/stream/engine.h"),
    ("plug/plug.c", "cli/cli.h"),
    ("cli/commands/run.c", "lib/run/run.h"),
    ("cli/commands/list.c", "plug/devices.h"),
    ("cli/commands/virtual.c", "virtual/bus/bus.h"),
])
def test_an_include_against_the_rules_is_a_failure(tree, change, file,
                                                   included):
    change(file, lambda text: f'#include "{included}"\n{text}')
    assert arrows(tree) == (1, [f"{file}: must not include {included}"])


def test_a_private_header_by_a_path_relative_to_the_file_is_a_failure(
        tree, change):
    change("cli/main.c", lambda text: f'# include "../lib/run/run.h"\n{text}')
    assert arrows(tree) == (
        1, ["cli/main.c: must not include lib/run/run.h"])


def test_a_known_include_that_is_gone_has_to_leave_the_list(tree, change):
    change("lib/device/fpga.c", lambda text: text.replace(
        '#include "lib/stream/engine.h"\n', ""))
    assert arrows(tree) == (1, [
        "scripts/arrows: KNOWN: lib/device/fpga.c does not need "
        "lib/stream/engine.h any more"])


def test_a_folder_without_a_rule_may_include_nothing_else(tree):
    path = tree / "lib/attic/old.c"
    path.parent.mkdir()
    path.write_text('#include "clyde.h"\n')
    subprocess.run(["git", "add", path], cwd=tree, check=True)
    try:
        assert arrows(tree) == (
            1, ["lib/attic/old.c: must not include include/clyde.h"])
    finally:
        subprocess.run(["git", "rm", "-q", "--cached", path], cwd=tree,
                       check=True)
        shutil.rmtree(path.parent)


def within(one, other):
    """Returns whether one of two paths is the other, or lies in it."""
    return one.startswith(other) or other.startswith(one)


def test_the_rules_have_no_cycle():
    """Otherwise folders could include each other with no rule broken."""
    space = {"__file__": str(SOURCE / "scripts/arrows"), "__name__": "arrows"}
    exec((SOURCE / "scripts/arrows").read_text(), space)
    folders = {key[:key.rindex("/") + 1] for key in space["RULES"]}
    rules = {folder: set() for folder in folders}
    for key, paths in space["RULES"].items():
        folder = key[:key.rindex("/") + 1]
        for path in paths.split():
            rules[folder] |= {other for other in folders if within(
                other, path) and not within(other, folder)}
    left = set(rules)
    while free := {key for key in left if not left & rules[key]}:
        left -= free
    assert left == set()
