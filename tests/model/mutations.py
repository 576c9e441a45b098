# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Whether the model can fail: makes one mutation of mutations.cocci after the
other in a copy of lib/base/handle.c, and has model-objects explore each.

	mutations.py SOURCE-ROOT COMPILER...

Prints a line for each: how many preemptions it took, the case that was the
first to see it, and what it saw.  Exit status 0 if all were seen, and nothing
in the code as it is.
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

import mutation  # noqa: E402

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-U_FORTIFY_SOURCE", "-O1", "-w"]

# Preemptions in an execution: no more are needed.
BOUNDS = [0, 1, 2]
TIMEOUT = 120


def build(root, compiler, folder):
    """What does not change, once."""
    objects = []
    for source in sorted((root / "tests/model").glob("*.c")):
        if source.name != "objects-model.c":
            objects.append(folder / (source.stem + ".o"))
            compile_one(root, compiler, source, objects[-1])
    return objects


def compile_one(root, compiler, source, target, *flags):
    subprocess.run(
        [*compiler, *FLAGS, *flags, "-I", root, "-I", root / "include",
         "-I", root / "lib/base", "-I", root / "tests/model", "-c", source,
         "-o", target], check=True)


def mutate(text, each):
    for patch in each.patches:
        text = mutation.apply(each.name, patch, text)
    return text


def explore(root, compiler, folder, objects, text):
    """The least bound, the first case that sees something and what; or
    None."""
    code, program = folder / "handle.c", folder / "model-objects"
    code.write_text(text)
    compile_one(root, compiler, root / "tests/model/objects-model.c",
                folder / "objects-model.o", f'-DOBJECT_C="{code}"')
    subprocess.run([*compiler, *objects, folder / "objects-model.o", "-o",
                    program], check=True)
    for bound in BOUNDS:
        result = subprocess.run(
            [program, "--first", "--preemptions", str(bound)],
            timeout=TIMEOUT, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        if result.returncode != 0:
            seen = [line for line in result.stdout.splitlines()
                    if ": " in line] + [f"exit status {result.returncode}"]
            return f"{bound} {seen[0]}"
    return None


def main(root, compiler):
    root = pathlib.Path(root).resolve()
    text = (root / "lib/base/handle.c").read_text()
    mutations = mutation.read(HERE / "mutations.cocci")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        objects = build(root, compiler, folder)
        for name in [None, *mutations]:
            try:
                mutated = mutate(text, mutations[name]) if name else text
            except mutation.NotApplied as error:
                sys.exit(str(error))
            seen = explore(root, compiler, folder, objects, mutated)
            missed += (seen is None) != (name is None)
            print(f"{name or 'the code as it is':52} "
                  f"{seen[:110] if seen else '- nothing was seen'}",
                  flush=True)
    print(f"{len(mutations)} mutations, {missed} not as they should be")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or ["cc"]))
