# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The mutations of tests/model and tests/simulation hold on to what the code
means: they can be made in copies of the sources in which all local names and
all lines are others.  Whether they are found, other tests say."""

import concurrent.futures
import os
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent
sys.path.insert(0, str(TESTS))

from check import disguise  # noqa: E402
import mutation  # noqa: E402

# At once; scripts/check says how many, as others run beside it.
JOBS = int(os.environ.get("JOBS", os.cpu_count()))
HANDLE = "lib/base/handle.c"
MODEL = [TESTS / "model/mutations.cocci"]
SIMULATION = sorted((TESTS / "simulation/mistakes").glob("*.cocci"))
# All patches: of each, the name of its mutation and itself.
PATCHES = [(each.name, patch) for files in (MODEL, SIMULATION)
           for each in mutation.read(*files).values()
           for patch in each.patches]
FILES = sorted({patch.file for _, patch in PATCHES})


def original(file):
    return (SOURCE / file).read_text()


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disguise")
    return {file: disguise.disguised(file, original(file), folder)
            for file in FILES}


def plain(text):
    """The tokens of a text, or of its copy, with the names that both have."""
    return [token.removeprefix(disguise.PREFIX)
            for _, token in mutation.tokens(text)]


def missed(copies, name, patch):
    """What is wrong with a patch; None if it makes the same mutation in the
    source and in its copy."""
    try:
        right = mutation.apply(name, patch, original(patch.file))
    except mutation.NotApplied as error:
        return str(error)
    try:
        other = mutation.apply(name, patch, copies[patch.file])
    except mutation.NotApplied as error:
        return f"other names or lines: {error}"
    if plain(right) != plain(other):
        return f"{name}: another mutation with other names or lines"
    return None


def rule(text, places=1):
    return mutation.Patch(HANDLE, places, text)


def test_every_mutation_can_be_made_with_other_names_and_lines(copies):
    assert len(PATCHES) > 90
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = pool.map(lambda each: missed(copies, *each), PATCHES)
        assert [result for result in results if result] == []


@pytest.mark.parametrize("file", FILES)
def test_a_copy_is_the_same_code_and_has_no_name_of_a_local(
        file, copies, tmp_path):
    copy = copies[file]
    assert plain(copy) == plain(original(file))
    assert disguise.assembly(file, copy, tmp_path) == disguise.assembly(
        file, original(file), tmp_path)
    names = disguise.local_names(file, copy, tmp_path)
    tokens = mutation.tokens(copy)
    found = {name for function, _, _ in disguise.functions(tokens)
             for name in names[function]}
    # Macros of headers have variables of their own.
    found &= {token for kind, token in tokens if kind == "word"}
    assert found
    assert {name for name in found
            if not name.startswith(disguise.PREFIX)} == set()


@pytest.mark.parametrize("text", [
    "@@ @@\ndestroy_tree(...)\n{\n<...\n-leaf->destroy(leaf);\n...>\n}\n",
    "@@ @@\ndelist(struct object *object)\n{\n<...\n-live--;\n...>\n}\n",
])
def test_a_patch_that_holds_on_to_a_name_of_a_local_is_reported(
        text, copies):
    assert missed(copies, "a leak", rule(text)) == (
        f"other names or lines: a leak: {HANDLE} has no such place")


@pytest.mark.parametrize("text, error", [
    # No such call.
    ("@@ @@\ndelist(...)\n{\n<...\n-nothing();\n...>\n}\n",
     "has no such place"),
    # No such function.
    ("@@ @@\nnothing(...)\n{\n<...\n-live--;\n...>\n}\n",
     "has no such place"),
    # The text stays as it is.
    ("@@ @@\ndelist(...)\n{\n<...\n-live--;\n+live--;\n...>\n}\n",
     "has no such place"),
    # More places than one.
    ("@@ @@\n-pthread_cond_broadcast(&left);\n",
     "was changed in 2 places instead of 1"),
    # Not SmPL.
    ("@@ @@\n-(\n", "parse error"),
])
def test_a_patch_that_does_not_fit_is_an_error_with_its_name(text, error):
    with pytest.raises(mutation.NotApplied) as raised:
        mutation.apply("a leak", rule(text), original(HANDLE))
    assert str(raised.value).startswith(f"a leak: {HANDLE}")
    assert error in str(raised.value)


def test_two_rules_of_which_one_matches_are_an_error():
    text = ("@@ @@\ndelist(...)\n{\n<...\n-live--;\n...>\n}\n\n"
            "@@ @@\nenlist(...)\n{\n<...\n-live--;\n...>\n}\n")
    with pytest.raises(mutation.NotApplied, match="1 places instead of 2"):
        mutation.apply("a leak", rule(text, places=2), original(HANDLE))


def test_a_name_that_is_twice_in_a_file_is_an_error(tmp_path):
    path = tmp_path / "twice.cocci"
    path.write_text(f"// FILE: {HANDLE}\n" + "// NAME: a leak\n@@ @@\n" * 2)
    with pytest.raises(ValueError, match="a leak"):
        mutation.read(path)
