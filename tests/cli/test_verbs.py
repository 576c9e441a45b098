# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests applets whose verbs have options of their own, with the applet of
tests/support/verbs-applet.c in the tool."""

import os
import pathlib
import re
import subprocess

import pytest

CLYDE = pathlib.Path(os.environ["CLYDE"]).resolve()
VERBS = CLYDE.parents[1] / "tests/clyde-verbs"
SECONDS = 600
OK, USAGE = 0, 64
NONE = {"address": "0", "length": "0", "frequency": "100000", "file": "",
        "data": "", "quad": "0", "raw": "0"}


def clyde(*arguments, status=OK):
    done = subprocess.run([VERBS, *arguments], capture_output=True, text=True,
                          timeout=SECONDS)
    assert done.returncode == status, done
    return done


def run(*arguments):
    """Returns the verb, and what the applet was given beside the initial
    values."""
    line = clyde("-d", "virtual:", "run", "memory-test",
                 *arguments).stdout.splitlines()[-1]
    verb, *fields = line.split(" ")
    values = dict(field.split("=") for field in fields)
    return verb, {name: value for name, value in values.items()
                  if NONE[name] != value}


def refused(*arguments):
    done = clyde("-d", "virtual:", "run", "memory-test", *arguments,
                 status=USAGE)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("clyde: ")


def complete(*words):
    lines = clyde("complete", "--", "run", "mt", *words).stdout.splitlines()
    return [line.split("\t")[0] for line in lines]


def test_a_letter_means_the_applets_option_before_the_verb_and_its_own_behind():
    assert run("-f", "12M", "read", "0", "4096", "-f", "FILE") == (
        "read", {"frequency": "12000000", "length": "4096", "file": "FILE"})
    assert run("-f12000", "read", "-fFILE", "0x10", "4KiB") == (
        "read", {"frequency": "12000000", "address": "16", "length": "4096",
                 "file": "FILE"})


def test_an_option_of_the_applet_may_follow_the_verb():
    assert run("read", "--frequency", "1.5", "-q", "0", "1") == (
        "read", {"frequency": "1500", "quad": "1", "length": "1"})
    assert run("identify", "-f", "400k", "--raw") == (
        "identify", {"frequency": "400000", "raw": "1"})


def test_an_option_of_every_command_keeps_its_letter_before_the_verb():
    assert run("-d", "virtual:", "verify", "0", "-d", "00ff") == (
        "verify", {"data": "00ff"})
    assert run("identify", "-d", "virtual:") == ("identify", {})


@pytest.mark.parametrize("arguments, sentence", [
    (("--file", "x", "read", "0", "1"),
     "run memory-test: --file belongs to read or verify, and comes behind it"),
    (("identify", "--file", "x"),
     "run memory-test identify: --file belongs to read or verify, not to "
     "identify"),
    (("erase", "0", "1", "--data=00"),
     "run memory-test erase: --data belongs to verify, not to erase"),
    (("bogus",),
     "run memory-test: operation: bogus is not one of identify read verify "
     "erase"),
    ((), "memory-test: operation is missing: identify, read, verify or erase"),
    (("read",), "memory-test read: address is missing"),
    (("read", "0"), "memory-test read: length is missing"),
    (("read", "0", "1", "2"),
     "run memory-test read: '2' is one argument too many"),
    (("read", "here", "1"),
     "run memory-test read: address: here is not a size like 512, 64KiB, 8MiB "
     "or 1GiB"),
    (("-f", "60M", "identify"),
     "run memory-test: --frequency: 60M is not in 1465Hz..48MHz; the nearest "
     "is 48MHz"),
    (("-f", "dump.bin", "read", "0", "1"),
     "run memory-test: --frequency: dump.bin is not a frequency like 100 "
     "(kHz), 400k, 12M or 100Hz"),
])
def test_a_wrong_line_is_refused_in_one_sentence(arguments, sentence):
    assert refused(*arguments) == sentence


def test_an_alias_is_the_applet():
    for name in ("memory-test", "mt", "control-memory"):
        said = clyde("-d", "virtual:", "run", name, "identify").stdout
        assert said.startswith("memory-test on ")
    assert clyde("run").stdout == \
        "memory-test (mt control-memory) Read and compare a memory\n"


def test_multi_is_run_and_upstreams_options_are_accepted():
    for command in ("multi", "run"):
        said = clyde("-d", "virtual:", command, "--reload", "--prebuilt", "mt",
                     "identify").stdout
        assert "\nidentify " in said
    assert refused("identify", "++").startswith(
        "run: an applet is missing beside ++")


def test_the_help_of_the_applet_has_all_verbs_with_what_they_take():
    text = clyde("run", "mt", "--help").stdout
    assert text == clyde("help", "run", "mt").stdout
    for usage in ("[OPTION...] identify", "[OPTION...] read ADDRESS LENGTH",
                  "[OPTION...] verify ADDRESS",
                  "[OPTION...] erase ADDRESS LENGTH"):
        assert f": clyde run memory-test {usage}\n" in \
            re.sub(" +clyde", " clyde", text)
    sections = dict(re.findall(r"^ (\w.*):\n((?:  .*\n)+)", text, re.M))
    assert "  read                       Read a range\n" in \
        sections["What to do"]
    assert sections["With read or verify"].startswith("  -f, --file=FILE  ")
    assert sections["With verify"].startswith("  -d, --data=DATA  ")
    assert sections["With identify"].startswith("      --raw  ")
    assert "  -f, --frequency=FREQ  " in text
    assert "  -d, --device=URI  " in text
    assert max(map(len, text.splitlines())) < 80


def test_the_help_of_a_verb_has_what_it_takes():
    text = clyde("run", "mt", "read", "--help").stdout
    assert text == clyde("help", "run", "mt", "read").stdout
    assert text.startswith("Usage: clyde run memory-test read [OPTION...] "
                           "ADDRESS LENGTH\nRead a range\n")
    assert "  -f, --file=FILE  " in text
    assert "\n      --frequency=FREQ  " in text
    assert "--data" not in text and "--raw" not in text
    done = clyde("help", "run", "mt", "read", "0", status=USAGE)
    assert done.stderr == "clyde: help: '0' is one argument too many\n"


def test_verbs_are_completed_and_then_their_options():
    assert complete("") == ["identify", "read", "verify", "erase"]
    assert complete("-f", "12M", "re") == ["read"]
    before = complete("-")
    assert "-f" in before and "--frequency" in before
    assert not {"--file", "--data", "--raw"} & set(before)
    read = complete("read", "-")
    assert {"-f", "--file", "--frequency", "-q"} <= set(read)
    assert not {"--data", "--raw"} & set(read)
    assert read.count("-f") == 1
    verify = complete("verify", "-")
    assert {"--data", "--device"} <= set(verify) and verify.count("-d") == 1
    assert complete("bogus", "") == []


def test_values_are_completed_by_the_option_that_the_letter_means():
    assert complete("-f", "") == ["100kHz"]
    assert complete("-f", "12") == ["12Hz", "12kHz", "12MHz"]
    assert clyde("complete", "--", "run", "mt", "read", "-f",
                 "").stdout == "\tfiles \n"
    assert complete("read", "6") == ["6KiB", "6MiB", "6GiB"]


def test_a_meaning_of_a_verb_is_that_of_the_help():
    for line in clyde("complete", "--", "run", "mt",
                      "").stdout.splitlines():
        verb, meaning = line.split("\t")
        assert re.search(rf"^  {verb} +{meaning}", clyde(
            "run", "mt", "--help").stdout, re.M)
