#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Runs the conformance tests on libclyde's link over libusb and this kernel;
# prints their output only if one fails.
suite=$BUILD/tests/conformance
[ -x "$suite" ] || { echo "it is not built"; exit 0; }
cd /run || exit 1
CLYDE_LINK=vm CLYDE_URI=usb: "$suite" >/run/log 2>&1
status=$?
[ $status = 0 ] || cat /run/log

# count WORD: how many tests printed this word, once or twice each
count() {
	grep -oE "\[ +$1 +\] [a-z_]+\$" /run/log | sort -u | wc -l
}

echo "$(count OK) tests passed, $(count FAILED) failed, $(count SKIPPED) skipped"
exit $status
