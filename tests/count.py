# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Sums up the reports of test runners: Meson's testlog.json, test by test
where cmocka printed its own counts, and JUnit XML.

    count.py REPORT...

Called by scripts/check at its end, also if it was ended by a signal.  A report
that is missing, cut off, not of its format, or without any test counts as one
failed test, and a line names it.  The last line is always `N passed, N failed,
N skipped`; the exit status is 1 if anything failed or nothing passed."""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree


class NoReport(Exception):
    """Why a report cannot be counted."""


def cmocka(text):
    def number(word):
        return sum(int(n) for n in
                   re.findall(rf"\[  {word} *\] (\d+) test\(s\)", text))
    return number("PASSED"), number("FAILED"), number("SKIPPED")


def meson_log(text):
    for line in text.splitlines():
        test = json.loads(line)
        passed, failed, skipped = cmocka(
            test.get("stdout", "") + test.get("stderr", ""))
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        if passed + failed + skipped == 0:
            skipped = test["result"] == "SKIP"
            passed, failed = good, not good and not skipped
        elif not good and failed == 0:
            failed = 1  # A sanitizer, a crash or a timeout.
        yield passed, failed, skipped


def junit(text):
    for suite in xml.etree.ElementTree.fromstring(text).iter("testsuite"):
        total, bad, skipped = (
            sum(int(suite.get(name)) for name in names)
            for names in (["tests"], ["failures", "errors"], ["skipped"]))
        yield total - bad - skipped, bad, skipped


def report(path):
    """The counts in one report."""
    try:
        text = path.read_text(errors="replace")
        rows = list((junit if path.suffix == ".xml" else meson_log)(text))
    except OSError as error:
        raise NoReport(error.strerror) from error
    except (ValueError, KeyError, TypeError, AttributeError,
            xml.etree.ElementTree.ParseError) as error:
        raise NoReport(f"not a whole report: {error}") from error
    if not any(map(sum, rows)):
        raise NoReport("no test in it")
    return rows


def main(paths):
    rows = []
    for path in map(pathlib.Path, paths):
        try:
            rows += report(path)
        except NoReport as error:
            print(f"no report of {path}: {error}")
            rows.append((0, 1, 0))
    passed, failed, skipped = map(sum, zip((0, 0, 0), *rows))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
