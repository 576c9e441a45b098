# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Sums up a report of gcovr: COVERAGE.json LEAST RESULT.xml.  Prints a line
for each file of lib/, and the sums of all folders.  Fails if fewer than LEAST
percent of the branches in lib/ are taken, and writes that as the result of a
test.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ET

JUDGED = "lib"


class Count:
    def __init__(self):
        self.lines, self.lines_taken = 0, 0
        self.branches, self.branches_taken = 0, 0

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def percent(self):
        return 100 * self.branches_taken / max(self.branches, 1)

    def __str__(self):
        lines = 100 * self.lines_taken / max(self.lines, 1)
        return (f"lines {lines:5.1f} %  branches {self.percent():5.1f} %  "
                f"{self.branches_taken} of {self.branches}")


def counted(lines):
    """Returns what gcovr counts, and the lines on which a branch was not
    taken."""
    count, missing = Count(), []
    for line in lines:
        branches = [branch for branch in line["branches"]
                    if not branch.get("gcovr/excluded")]
        taken = sum(branch["count"] > 0 for branch in branches)
        if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
            continue
        count.lines += 1
        count.lines_taken += line["count"] > 0
        count.branches += len(branches)
        count.branches_taken += taken
        if taken < len(branches):
            missing.append(line["line_number"])
    return count, missing


def result(path, wrong):
    suite = ET.Element("testsuite", name="coverage", tests="1",
                       failures=str(int(bool(wrong))), errors="0",
                       skipped="0")
    case = ET.SubElement(suite, "testcase",
                         name="the_branches_of_the_library_are_taken")
    if wrong:
        ET.SubElement(case, "failure", message=wrong)
    ET.ElementTree(suite).write(path)


def main(report, least, xml):
    sums = {}
    for file in json.loads(pathlib.Path(report).read_text())["files"]:
        folder = file["file"].split("/")[0]
        count, missing = counted(file["lines"])
        sums.setdefault(folder, Count()).add(count)
        if folder == JUDGED and count.branches:
            print(f"{file['file']:24} {count}  {','.join(map(str, missing))}")
    for folder, count in sorted(sums.items()):
        print(f"{folder + '/':24} {count}")
    percent = sums[JUDGED].percent() if JUDGED in sums else 0
    wrong = percent < float(least) and (
        f"{percent:.1f} % of the branches in {JUDGED}/ are taken, "
        f"{least} are needed")
    if wrong:
        print(wrong)
    result(xml, wrong)
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
