#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Tests clyde doctor on a real kernel: nothing to fix; then the program that
# has the device open, by its name and number.
clyde=$BUILD/cli/clyde
failed=0

# expect STATUS PATTERN
expect() {
	"$clyde" doctor >/run/doctor 2>&1
	status=$?
	[ $status = "$1" ] && grep -qE "$2" /run/doctor && return
	echo "status $status, no line like '$2':"
	cat /run/doctor
	failed=1
}

expect 0 '^ok +usb:1:[0-9]+ .* answers at high speed'
expect 0 '^ok +memory +16 MB'
"$clyde" run benchmark -c 1GiB source >/dev/null 2>&1 &
holder=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -e /sys/bus/usb/devices/1-1:1.3/driver ] && break
	sleep 0.2
done
expect 86 "^fix +usb:1:[0-9]+ .* in use by clyde \(pid $holder\)"
kill -INT $holder
wait $holder
expect 0 '^ok +usb:1:[0-9]+ .* answers'
exit $failed
