# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Prints the targets that Ninja must build for some tests of a Meson build, so
that a configuration does not build targets that no test runs:

    targets.py BUILD [--suite NAME]... [--no-suite NAME]... [--names]

--names prints the tests instead.  Called by scripts/check and scripts/test."""

import argparse
import json
import os
import subprocess


def introspect(build, what):
    return json.loads(subprocess.run(
        ["meson", "introspect", build, "--" + what], check=True,
        stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--no-suite", action="append", default=[])
    parser.add_argument("--names", action="store_true")
    given = parser.parse_args()
    tests = []
    for test in introspect(given.build, "tests"):
        suites = {name.split(":")[-1] for name in test["suite"]}
        if ((not given.suite or suites & set(given.suite)) and
                not suites & set(given.no_suite)):
            tests.append(test)
    if given.names:
        print("\n".join(test["name"] for test in tests))
        return
    needed = {target for test in tests for target in test["depends"]}
    top = os.path.realpath(given.build)
    print("\n".join(sorted(
        os.path.relpath(os.path.join(top, name), top)
        for target in introspect(given.build, "targets")
        if target["id"] in needed for name in target["filename"])))


if __name__ == "__main__":
    main()
