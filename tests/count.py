# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Sum up what ran: Meson's logs, test by test where cmocka says so, and
pytest's.  Prints `N passed, N failed, N skipped`; exits 1 on a failure."""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree


def cmocka(text):
    def number(word):
        return sum(int(n) for n in
                   re.findall(rf"\[  {word} *\] (\d+) test\(s\)", text))
    return number("PASSED"), number("FAILED"), number("SKIPPED")


def meson_log(path):
    for line in path.read_text().splitlines():
        test = json.loads(line)
        passed, failed, skipped = cmocka(
            test.get("stdout", "") + test.get("stderr", ""))
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        if passed + failed + skipped == 0:
            skipped = test["result"] == "SKIP"
            passed, failed = good, not good and not skipped
        elif not good and failed == 0:
            failed = 1  # a sanitizer, a crash, a timeout
        yield passed, failed, skipped


def junit(path):
    for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
        total, bad, skipped = (
            sum(int(suite.get(name)) for name in names)
            for names in (["tests"], ["failures", "errors"], ["skipped"]))
        yield total - bad - skipped, bad, skipped


def main(paths):
    rows = [row for path in map(pathlib.Path, paths)
            for row in (junit if path.suffix == ".xml" else meson_log)(path)]
    passed, failed, skipped = (sum(column) for column in zip(*rows)) \
        if rows else (0, 0, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
