#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# The tests of the seam, on libclyde's link over libusb and this kernel; all
# they say only if one fails.
suite=$BUILD/tests/conformance
[ -x "$suite" ] || { echo "it is not built"; exit 0; }
cd /run || exit 1
CLYDE_LINK=vm CLYDE_URI=usb: "$suite" >/run/log 2>&1
status=$?
[ $status = 0 ] || cat /run/log

# count WORD: the tests of which this was said, once or twice
count() {
	grep -oE "\[ +$1 +\] [a-z_]+\$" /run/log | sort -u | wc -l
}

echo "$(count OK) tests passed, $(count FAILED) failed, $(count SKIPPED) skipped"
exit $status
