# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Tests rules for the sources in C that no compiler checks."""

import pathlib
import re
import subprocess

TESTS = pathlib.Path(__file__).resolve().parents[1]
# The files of these folders are tests, or programs that only this tree runs.
NOT_TIDIED = {"bench", "firmware", "gateware", "tests"}


def functions(text):
    """Returns each function's body by name, of a file in the style of this
    tree."""
    return {name: body for name, body in re.findall(
        r"^(?:static )?[a-z][\w *]*?\*?(\w+)\([^;{]*\)\n\{\n(.*?)^\}", text,
        re.MULTILINE | re.DOTALL)}


def reached(name, bodies, seen):
    """Returns the functions of this file that one function calls, and
    itself."""
    if name in bodies and name not in seen:
        seen.add(name)
        for called in re.findall(r"\b(\w+)\(", bodies[name]):
            reached(called, bodies, seen)
    return seen


def with_headers(path):
    """Returns the text of a file and of the headers of tests that it
    includes."""
    text = path.read_text()
    for name in re.findall(r'^#include "(?:tests/)?([\w-]+-test.h)"', text,
                           re.MULTILINE):
        found = [folder / name for folder in (path.parent, TESTS)
                 if (folder / name).exists()]
        text += with_headers(found[0])
    return text


def test_no_thread_but_the_first_asserts():
    """A failed assertion of cmocka is a longjmp() into the frame of the thread
    that runs the tests, so other threads must not assert.  Every function with
    the signature of a thread's function is taken for one."""
    started, wrong = 0, []
    for path in sorted(TESTS.rglob("*.c")):
        text = with_headers(path)
        if "cmocka" not in text:
            continue
        bodies = functions(text)
        for name in re.findall(r"^static void \*(\w+)\(void \*\w+\)", text,
                               re.MULTILINE):
            started += 1
            wrong += [f"{path.name}: {each}() on a thread of {name}()"
                      for each in sorted(reached(name, bodies, set()))
                      if re.search(r"\b(assert_\w+|fail|fail_msg|skip)\(",
                                   bodies[each])]
    assert started >= 10
    assert wrong == []


def test_every_folder_with_sources_is_analysed():
    """A folder that is new or renamed must not drop out of scripts/analyse."""
    text = (TESTS.parent / "scripts/analyse").read_text()
    tidied = set(re.findall(
        r'"(\w+)"', re.search(r"^TIDIED = \((.*?)\)", text, re.M | re.S)[1]))
    files = subprocess.run(["git", "-C", TESTS.parent, "ls-files", "*.c"],
                           check=True, capture_output=True,
                           text=True).stdout.split()
    assert {file.split("/")[0] for file in files} - NOT_TIDIED == tidied


def test_every_phony_target_of_the_makefile_has_a_rule():
    text = (TESTS.parent / "Makefile").read_text().replace("\\\n", " ")
    (names,) = re.findall(r"^\.PHONY:(.*)", text, re.MULTILINE)
    rules = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    assert set(names.split()) == rules and "figures" in rules


def test_no_comment_names_code_by_a_pronoun_for_people():
    """"Whoever" hides which program, thread or call is meant.  A text that
    the tool prints may mean a person."""
    files = subprocess.run(["git", "-C", TESTS.parent, "ls-files", "*.c",
                            "*.h"], check=True, capture_output=True,
                           text=True).stdout.split()
    assert len(files) > 300
    assert [f"{file}:{number}" for file in files
            for number, line in enumerate(
                (TESTS.parent / file).read_text().splitlines(), 1)
            if re.search(r"\bwhoever\b", re.sub(r'"[^"]*"', "", line),
                         re.IGNORECASE)] == []
