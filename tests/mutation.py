# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Mutations of C sources, as semantic patches: reads their files and applies
them, for tests/model/mutations.py, tests/simulation/mutations.py and
tests/check/test_mutations.py.  docs/testing.md says how one is written.

A patch that changes nothing, or another number of places than it announces,
must never pass for a mutation: nothing, or something else, would be tested.
"""

import difflib
import pathlib
import re
import subprocess
import tempfile
from typing import NamedTuple

TIMEOUT_S = 60
TOKEN = re.compile(r"""
    (?P<space> \s+ | //[^\n]* | /\*.*?\*/ | \\\n )
  | (?P<directive> (?<![^\n])[ \t]*\#(?: \\\n | [^\n] )* )
  | (?P<text> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
  | (?P<word> \w+ )
  | (?P<sign> ->|\+\+|--|<<=|>>=|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|\.\.\.|. )
    """, re.VERBOSE | re.DOTALL)


class Patch(NamedTuple):
    file: str  # that it changes, from the root of the sources
    places: int
    text: str  # in SmPL


class Mutation(NamedTuple):
    name: str
    patches: list


class NotApplied(Exception):
    pass


def read(*paths):
    """The mutations of some .cocci files, by name.  A name that is in several
    files is one mutation that changes all of them."""
    mutations = {}
    for path in paths:
        head, *sections = re.split(r"^// NAME: ", path.read_text(),
                                   flags=re.MULTILINE)
        (file,) = re.findall(r"^// FILE: (.*)$", head, re.MULTILINE)
        own = set()
        for section in sections:
            name, text = section.split("\n", 1)
            if name in own:
                raise ValueError(f"{path.name} has two patches: {name}")
            own.add(name)
            places = re.findall(r"^// PLACES: (\d+)$", text, re.MULTILINE)
            patch = Patch(file, int(places[0]) if places else 1, text)
            mutations.setdefault(name, Mutation(name, [])).patches.append(
                patch)
    return mutations


def tokens(text):
    """Kind and text of each token, less comments and white space."""
    return [(match.lastgroup, " ".join(match.group().split())
             if match.lastgroup == "directive" else match.group())
            for match in TOKEN.finditer(text) if match.lastgroup != "space"]


def statements(text):
    """The same text, split behind each semicolon and brace."""
    found, now = [], []
    for _, token in tokens(text):
        now.append(token)
        if token in (";", "{", "}"):
            found.append(tuple(now))
            now = []
    return [*found, tuple(now)]


def places(before, after):
    """How many runs of statements differ; one that moves makes two."""
    matcher = difflib.SequenceMatcher(
        None, statements(before), statements(after), autojunk=False)
    return sum(code[0] != "equal" for code in matcher.get_opcodes())


def spatch(text, patch, folder):
    """The text with the patch, or as it is if the patch does not match."""
    rules, source = folder / "rules.cocci", folder / "source.c"
    rules.write_text(patch)
    source.write_text(text)
    done = subprocess.run(
        ["spatch", "--very-quiet", "--no-show-diff", "--no-includes",
         "--in-place", "--sp-file", rules, source],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise NotApplied((done.stdout + done.stderr).strip()[-2000:])
    return source.read_text()


def apply(name, patch, text):
    """The text of patch.file with the mutation."""
    with tempfile.TemporaryDirectory(prefix="clyde-mutation-") as folder:
        try:
            changed = spatch(text, patch.text, pathlib.Path(folder))
        except NotApplied as error:
            raise NotApplied(f"{name}: {patch.file}: {error}") from None
    count = places(text, changed)
    if count == 0:
        raise NotApplied(f"{name}: {patch.file} has no such place")
    if count != patch.places:
        raise NotApplied(f"{name}: {patch.file} was changed in {count} places "
                         f"instead of {patch.places}")
    return changed
