# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The same C source with other names and another layout: every parameter and
every other local variable of every function gets a prefix, and clang-format
writes all lines anew.  tests/check/test_mutations.py applies mutations to it.

The names are those that the compiler writes into its debug information, so none
is forgotten; the copy must compile to the same code, so none is confused.
"""

import pathlib
import re
import subprocess

import mutation

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "other_"
STYLE = "{BasedOnStyle: LLVM, ColumnLimit: 200, SortIncludes: false}"
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-w", "-I.", "-Iinclude"]
ENTRY = re.compile(r"^ *<(\d+)><\w+>: .*\((DW_TAG_\w+)\)$|"
                   r"^ *<\w+> +DW_AT_name +: (?:.*: )?(\S+)", re.MULTILINE)
# Before the name of a member or of a type.
NOT_VARIABLES = (".", "->", "struct", "enum", "union")
QUEUE = re.compile(r"S?(?:LIST|TAILQ)_\w+")
LOCALS = ("DW_TAG_formal_parameter", "DW_TAG_variable")


def run(*command, text=None):
    return subprocess.run(command, cwd=SOURCE, input=text, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def compiled(file, text, folder, *flags):
    """What the compiler makes of a text that stands in for a file."""
    source, output = folder / pathlib.Path(file).name, folder / "output"
    source.write_text(text)
    run("cc", *FLAGS, f"-I{pathlib.Path(file).parent}", *flags, source, "-o",
        output)
    return output


def assembly(file, text, folder):
    """The code.  Static variables of functions are symbols."""
    made = compiled(file, text, folder, "-O1", "-S").read_text()
    return made.replace(PREFIX, "")


def local_names(file, text, folder):
    """By function: the names of its parameters and other local variables."""
    names, function, tag = {}, None, None
    made = compiled(file, text, folder, "-O0", "-g", "-c")
    for depth, kind, name in ENTRY.findall(
            run("readelf", "--debug-dump=info", made)):
        if kind:
            tag = kind
            if depth == "1":
                function = None
        elif function is None and tag == "DW_TAG_subprogram":
            function = names[name] = set()
        elif function is not None and tag in LOCALS:
            function.add(name)
            tag = None
    return names


def closing(tokens, at):
    """Where the bracket at a place is closed."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += (tokens[end][1] in "({[") - (tokens[end][1] in ")}]")
        if depth == 0:
            return end
    raise ValueError("a bracket is not closed")


def functions(tokens):
    """The functions that a text defines: name, first and last token."""
    at = 0
    while at + 1 < len(tokens):
        if tokens[at][1] == "{":
            at = closing(tokens, at) + 1
        elif tokens[at + 1][1] != "(":
            at += 1
        else:
            end = closing(tokens, at + 1) + 1
            if tokens[end][1] == "{":
                yield tokens[at][1], at + 1, closing(tokens, end)
            at = end


def passed_members(tokens):
    """Where the macros of <sys/queue.h> are given a member: as the last of
    several arguments."""
    found = set()
    for at in range(len(tokens) - 1):
        if QUEUE.fullmatch(tokens[at][1]) and tokens[at + 1][1] == "(":
            end = comma = closing(tokens, at + 1)
            while comma > at and tokens[comma][1] != ",":
                comma -= 1
            if comma > at:
                found.update(range(comma, end))
    return found


def renamed(text, names):
    """The text with a prefix before each name in its function."""
    pieces = [[match.lastgroup, match.group()]
              for match in mutation.TOKEN.finditer(text)]
    tokens = [piece for piece in pieces if piece[0] != "space"]
    members = passed_members(tokens)
    for function, first, last in functions(tokens):
        before = None
        for at in range(first, last):
            word = tokens[at][1]
            if (word in names[function] and before not in NOT_VARIABLES
                    and at not in members):
                tokens[at][1] = PREFIX + word
            before = word
    return "".join(piece[1] for piece in pieces)


def disguised(file, text, folder):
    text = renamed(text, local_names(file, text, folder))
    return run("clang-format", f"--style={STYLE}", text=text)
