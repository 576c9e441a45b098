# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests what `make install` installs, as a user of an installed system would
use it."""

import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ["CLYDE"]).resolve().parents[1]
SOURCE = pathlib.Path(os.environ["CLYDE_SOURCE"])
PROGRAM = SOURCE / "tests/support/serial.c"


def run(*arguments, **more):
    return subprocess.run(arguments, check=True, capture_output=True,
                          text=True, **more).stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp("root")
    run("meson", "install", "-C", str(BUILD), "--no-rebuild",
        "--destdir", str(path))
    return path


def find(root, name):
    (path,) = [path for path in root.rglob(name) if not path.is_dir()]
    return path


def test_every_file_is_installed_in_its_place(root):
    for name in ["bin/clyde", "clyde.h", "libclyde.a", "libclyde.so",
                 "libclyde.so.0", "libclyde-usbfs.so", "clyde.pc", "clyde.1",
                 "clyde-virtual.7", "libclyde.3"]:
        assert find(root / "usr/local", name).exists()
    for path in ["bash-completion/completions/clyde",
                 "zsh/site-functions/_clyde",
                 "fish/vendor_completions.d/clyde.fish"]:
        assert (root / "usr/local/share" / path).exists()


def test_the_installed_tool_finds_its_shim(root):
    shown = run(str(root / "usr/local/bin/clyde"), "virtual", "--", "sh",
                "-c", "echo \"${LD_PRELOAD%% *}\"")
    assert shown.startswith(str(root / "usr/local"))


def test_the_library_shows_nothing_but_its_api(root):
    library = str(find(root, "libclyde.so.0"))
    shown = {line.split()[2] for line in
             run("nm", "-D", "--defined-only", library).splitlines()}
    header = (SOURCE / "include/clyde.h").read_text()
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    declared = set(re.findall(r"\b(clyde_\w+)\s*\(", header))
    assert shown == declared
    assert "libclyde.so.0" in run("objdump", "-p", library)


def test_the_udev_rule_is_sorted_before_those_that_use_its_tag(root):
    rule = root / "lib/udev/rules.d/70-clyde.rules"
    text = rule.read_text()
    for ids in [("20b7", "9db1"), ("04b4", "8613")]:
        assert ('ATTR{idVendor}=="%s", ATTR{idProduct}=="%s", TAG+="uaccess"'
                % ids) in text
    assert rule.name < "73-seat-late.rules"


TERM = re.compile(r'\s*([A-Z]+(?:\{\w+\})?)(==|!=|\+=|=)"([^"]*)",?')


def tags(text, event):
    """Returns the tags that rules give a device at an event."""
    given, target = set(), None
    for line in text.splitlines():
        terms = [] if line.startswith("#") else TERM.findall(line)
        if target is not None and ("LABEL", "=", target) not in terms:
            continue
        target = None
        for key, operator, value in terms:
            if operator in ("==", "!="):
                matches = event.get(key) in value.split("|")
                if matches != (operator == "=="):
                    break
            elif key == "GOTO":
                target = value
            elif key == "TAG":
                given.add(value)
    return given


@pytest.mark.parametrize("action, expected", [
    ("add", {"uaccess"}), ("bind", {"uaccess"}), ("change", {"uaccess"}),
    ("remove", set())])
def test_the_udev_rule_gives_its_tag_at_every_event_that_a_device_stays_after(
        root, action, expected):
    """A tag counts only if the last event gave it, and a device that is
    plugged in sends "add", then "bind"."""
    text = (root / "lib/udev/rules.d/70-clyde.rules").read_text()
    device = {"ACTION": action, "SUBSYSTEM": "usb",
              "ENV{DEVTYPE}": "usb_device", "ATTR{idVendor}": "20b7",
              "ATTR{idProduct}": "9db1"}
    assert tags(text, device) == expected
    assert tags(text, device | {"ATTR{idVendor}": "1d6b"}) == set()
    assert tags(text, device | {"ENV{DEVTYPE}": "usb_interface"}) == set()


@pytest.mark.parametrize("static", [False, True])
def test_a_program_is_built_by_pkg_config(root, tmp_path, static):
    pc = find(root, "clyde.pc").parent
    environment = dict(os.environ, PKG_CONFIG_PATH=str(pc),
                       PKG_CONFIG_SYSROOT_DIR=str(root))
    flags = run("pkg-config", "--cflags", "--libs",
                *(["--static"] if static else []), "clyde",
                env=environment).split()
    if static:
        flags = [str(find(root, "libclyde.a")) if flag == "-lclyde" else flag
                 for flag in flags]
    binary = tmp_path / "program"
    run("cc", "-Wall", "-Werror", str(PROGRAM), "-o", str(binary), *flags)
    library_path = str(find(root, "libclyde.so.0").parent)
    assert run(str(binary), env=dict(
        os.environ, LD_LIBRARY_PATH=library_path)) == "C3-20230101T120000Z\n"


def test_the_manual_pages_render_without_a_warning(root):
    for name in ["clyde.1", "clyde-virtual.7", "libclyde.3"]:
        page = subprocess.run(
            ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", str(find(root, name))],
            capture_output=True, text=True, check=True)
        assert page.stderr == ""
        assert "SYNOPSIS" in page.stdout
