# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Whether the model can fail: breaks a copy of lib/base/handle.c in one place after
the other, and has model-objects explore each.

	mutations.py SOURCE-ROOT COMPILER...

Prints a line for each: how many preemptions it took, the case that was the
first to see it, and what it saw.  Exit status 0 if all were seen, and nothing
in the code as it is.
"""

import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-U_FORTIFY_SOURCE", "-O1", "-w"]

# Preemptions in an execution: no more are needed.
BOUNDS = [0, 1, 2]
TIMEOUT = 120

MUTATIONS = {
    "delist before destroy": [
        ("\t\tleaf->destroy(leaf);\n",
         "\t\tpthread_mutex_lock(&registry);\n\t\tdelist(leaf);\n"
         "\t\tpthread_mutex_unlock(&registry);\n\t\tleaf->destroy(leaf);\n"),
        ("\t\tdelist(leaf);\n\t\tlast", "\t\tlast")],
    "parents before children": [
        ("while (!LIST_EMPTY(&object->children))", "while (0)")],
    "no broadcast when the last call leaves": [
        ("\tif (object->users == 0)\n\t\tpthread_cond_broadcast(&left);\n", "")],
    "no broadcast when a part is destroyed": [
        ("\t\tfree(leaf);\n\t\tpthread_cond_broadcast(&left);\n",
         "\t\tfree(leaf);\n")],
    "a close does not wait for calls": [
        ("\tif (object->users > 0)\n\t\treturn true;\n", "")],
    "a close does not wait for calls on children": [
        ("child->target || busy(child)", "child->target")],
    "a close does not wait for another's close of a part": [
        ("child->target || busy(child)", "busy(child)")],
    "a close waits once, whatever woke it up": [
        ("while (busy(target))", "if (busy(target))")],
    "a close of what is being closed goes on": [
        ("\tif (object_closing(object))\n\t\treturn await_end(token);\n",
         "")],
    "a close does not wait for another thread's teardown": [
        ("\twhile (find(token))\n\t\tpthread_cond_wait(&left, &registry);\n"
         "\treturn CLYDE_ERROR_CLOSED;", "\treturn CLYDE_ERROR_CLOSED;")],
    "a close waits for another thread's teardown once": [
        ("\twhile (find(token))\n\t\tpthread_cond_wait",
         "\tif (find(token))\n\t\tpthread_cond_wait")],
    "a close in a callback waits": [
        ("\tif (inside()->callbacks > 0)\n", "\tif (0)\n")],
    "a run waits for the close that waits for it": [
        ("\tif (inside()->runs > 0)\n", "\tif (0)\n")],
    "a close does not mark": [
        ("\tmark(object);\n\tend_waits", "\tend_waits")],
    "a close marks the parent alone": [
        ("sibling)\n\t\tmark(child);", "sibling)\n\t\t;")],
    "a close wakes the parent alone": [
        ("\t\t\tend_waits(child);", "\t\t\t;")],
    "a close wakes before it marks": [
        ("\tmark(object);\n\tend_waits(object);",
         "\tend_waits(object);\n\tmark(object);"),
        ("\t\tif (target->wake)\n\t\t\ttarget->wake(target);\n", "")],
    "a close wakes what another tears down": [
        ("\t\tif (!child->target)\n", "")],
    "each is woken as soon as it is marked": [
        ("memory_order_release);\n",
         "memory_order_release);\n\tif (object->wake)\n"
         "\t\tobject->wake(object);\n")],
    "a teardown does not lock the tree": [
        ("\t\tif (!root)\n\t\t\tlock_tree(tree);\n", ""),
        ("\t\tif (!root)\n\t\t\tpthread_mutex_unlock", "\t\tif (0)\n"
         "\t\t\tpthread_mutex_unlock")],
    "a root is torn down with its tree locked": [
        ("target->parent == NULL;", "false;")],
    "the registry stays locked during a teardown": [
        ("leaf = first_leaf(target);\n\n\t\tpthread_mutex_unlock(&registry);",
         "leaf = first_leaf(target);\n"),
        ("->lock);\n\t\tpthread_mutex_lock(&registry);\n\t\tdelist",
         "->lock);\n\t\tdelist")],
    "a call enters what began to close while it waited": [
        ("\tif (!object_closing(object))\n\t\treturn 0;", "\treturn 0;")],
    "a call enters what is being closed": [
        ("\telse if (object_closing(object))\n", "\telse if (0)\n"),
        ("\tif (!object_closing(object))\n\t\treturn 0;", "\treturn 0;")],
    "a call is not counted": [
        ("object->users++;", ";"), ("object->users--;", ";")],
    "a call unpins before it unlocks": [
        ("\tobject_unlock(object);\n\tobject_unpin(object);",
         "\tobject_unpin(object);\n\tobject_unlock(object);")],
    "a second caller does not wake the one that waits": [
        ("\tif (object->wake)\n\t\tobject->wake(object);\n\terror = pthread",
         "\terror = pthread")],
    "a second caller is not counted": [
        ("\tatomic_fetch_add(&tree->waiting, 1);\n\tif (object->wake)",
         "\tif (object->wake)"),
        ("\ttaken(tree); /*", "\t/*")],
    "a second caller is counted for ever": [
        ("\ttaken(tree); /*", "\t/*")],
    "a turn is over without a word": [
        ("\tpthread_cond_broadcast(&tree->turned);\n", "")],
    "who waits for its turn again is not counted": [
        ("\tatomic_fetch_add(&tree->waiting, count);\n", ""),
        ("\t\tpthread_cond_wait(&tree->turned, &tree->lock);\n"
         "\ttaken(tree);\n",
         "\t\tpthread_cond_wait(&tree->turned, &tree->lock);\n")],
    "a turn is over for the last one who gave it up": [
        ("\tSLIST_FOREACH (turn, &tree->turns, next) {",
         "\tturn = SLIST_FIRST(&tree->turns);\n\t{")],
    "a wait does not yield": [
        ("memory_order_relaxed) == 0)\n\t\treturn",
         "memory_order_relaxed) < 99)\n\t\treturn")],
    "a wait yields and does not lock again": [
        ("\ttaken(tree);\n\treturn true;",
         "\ttaken(tree);\n\tpthread_mutex_unlock(&tree->lock);\n"
         "\treturn true;")],
    "a child is opened under a closing parent": [
        ("if (parent && object_closing(parent))", "if (0)")],
    "a token is used again": [
        ("\tlive--;", "\tlive--;\n\tlast_serial--;")],
    "a token is the object's place in the registry": [
        ("++last_serial << KIND_BITS", "(live + 1) << KIND_BITS")],
    "the siblings are lost with the child": [
        ("\t\tLIST_REMOVE(object, sibling);",
         "\t\tLIST_INIT(&object->parent->children);")],
}


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


def mutate(text, name):
    for old, new in MUTATIONS[name]:
        if text.count(old) != 1:
            sys.exit(f"{name}: lib/base/handle.c has not one but "
                     f"{text.count(old)} places like {old!r}")
        text = text.replace(old, new)
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
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        objects = build(root, compiler, folder)
        for name in [None, *MUTATIONS]:
            mutated = mutate(text, name) if name else text
            seen = explore(root, compiler, folder, objects, mutated)
            missed += (seen is None) != (name is None)
            print(f"{name or 'the code as it is':52} "
                  f"{seen[:110] if seen else '- nothing was seen'}",
                  flush=True)
    print(f"{len(MUTATIONS)} mutations, {missed} not as they should be")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or ["cc"]))
