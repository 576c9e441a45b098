# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Whether the simulation can fail: the library with one mistake at a time,
and the first seed that finds it.

    tests/simulation/mutations.py [--build DIR] [--count N] [--markdown] [NAME...]

The mistakes are those of tests/simulation/mistakes.  Exit status 1 if a mistake
is not found, or does not apply.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests"))
sys.dont_write_bytecode = True

import mutation  # noqa: E402

MISTAKES = SOURCE / "tests/simulation/mistakes"
# Of a run that does not end, which is found as well.
HANG_S = 120
# At once; scripts/check says how many, as others run beside it.
JOBS = int(os.environ.get("JOBS", os.cpu_count()))


def mistakes():
    return mutation.read(*sorted(MISTAKES.glob("*.cocci"))).values()


class Build:
    """The commands that make the simulation, taken from Ninja."""

    def __init__(self, directory):
        self.directory = directory
        self.commands = subprocess.run(
            ["ninja", "-C", directory, "-t", "commands", "tests/simulate"],
            capture_output=True, text=True, check=True).stdout.splitlines()

    def compile(self, file, source, output):
        command = next(line for line in self.commands
                       if line.endswith(f"-c ../{file}")
                       and "lib/libclyde" in line)
        words = [word for word in shlex.split(command)
                 if not word.startswith("lib/libclyde") or "-I" in word]
        for option in ("-MD", "-MQ", "-MF", "-o", "-c"):
            words.remove(option)
        words = [word for word in words if word != f"../{file}"]
        self.run([*words, "-w", f"-I../{pathlib.Path(file).parent}",
                  "-o", output, "-c", source])

    def link(self, objects, output):
        words = shlex.split(self.commands[-1])
        at = words.index("-o")
        self.run([*words[:at], "-o", output, *objects, *words[at + 2:]])

    def run(self, words):
        done = subprocess.run([str(word) for word in words],
                              cwd=self.directory, capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-2000:])


def mutate(mistake, build, folder):
    """Make the simulation with this mistake: where it is."""
    objects = []
    for at, patch in enumerate(mistake.patches):
        text = (SOURCE / patch.file).read_text()
        source = folder / f"{at}-{pathlib.Path(patch.file).name}"
        source.write_text(mutation.apply(mistake.name, patch, text))
        objects.append(source.with_suffix(".o"))
        build.compile(patch.file, source, objects[-1])
    program = folder / "simulate"
    build.link(objects, program)
    return program


def attempt(mistake, build, count):
    """The seed that found it and how, or None and why not."""
    with tempfile.TemporaryDirectory(prefix="clyde-mutation-") as name:
        try:
            program = mutate(mistake, build, pathlib.Path(name))
        except (mutation.NotApplied, RuntimeError) as error:
            return None, str(error)
        try:
            done = subprocess.run(
                [program, "--first", "1", "--count", str(count), "--once"],
                capture_output=True, text=True, errors="replace",
                timeout=HANG_S, check=False)
        except subprocess.TimeoutExpired:
            return 0, "it does not end"
    if done.returncode == 0:
        return None, f"not found in {count} seeds"
    found = re.search(r"^seed (\d+): (.*)$", done.stderr, re.M)
    if found:
        return int(found[1]), found[2]
    found = re.search(r"at seed\s+(\d+)", done.stderr)
    return int(found[1]) if found else 0, "it crashes"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path,
                        default=SOURCE / "build")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    build = Build(arguments.build.resolve())
    chosen = [mistake for mistake in mistakes()
              if not arguments.names or mistake.name in arguments.names]
    missed = 0
    if arguments.markdown:
        print("| mistake | where | found at seed | as |\n|---|---|---|---|")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = pool.map(
            lambda mistake: attempt(mistake, build, arguments.count), chosen)
        for mistake, (seed, how) in zip(chosen, results):
            missed += seed is None
            where = ", ".join(patch.file for patch in mistake.patches)
            seed = "MISSED" if seed is None else seed
            if arguments.markdown:
                how = " ".join(how.split()).replace("|", "\\|")
                print(f"| {mistake.name} | {where} | {seed} | {how} |")
            else:
                print(f"{seed!s:>7}  {mistake.name}: {how}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} mistakes were found",
          file=sys.stderr if arguments.markdown else sys.stdout)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
