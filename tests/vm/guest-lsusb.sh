#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Tests that the kernel and lsusb show the device as protocol.md describes it.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	lsusb -d 20b7:9db1 >/run/short && break
	sleep 0.5
done
cat /run/short
lsusb -v -d 20b7:9db1 >/run/long 2>&1 || exit 1
failed=0

# expect COUNT PATTERN
expect() {
	found=$(grep -cE "$2" /run/long)
	[ "$found" = "$1" ] && return
	echo "$found lines like '$2', not $1"
	failed=1
}

expect 1 'idVendor +0x20b7'
expect 1 'idProduct +0x9db1'
expect 1 'bcdDevice +9\.33' # Level 9, revision 0x33: C3.
expect 1 'iProduct +2 Glasgow Interface Explorer; git '
expect 1 'iSerial +3 C3-20230101T120000Z'
expect 1 'bNumInterfaces +5'
expect 14 'bAlternateSetting'
expect 10 'wMaxPacketSize +0x0200'
expect 1 'bEndpointAddress +0x01 '
expect 1 'bEndpointAddress +0x81 '
expect 4 'bEndpointAddress +0x02 '
expect 1 'bEndpointAddress +0x04 '
expect 2 'bEndpointAddress +0x86 '
expect 1 'bEndpointAddress +0x88 '
expect 10 'Transfer Type +Bulk'
# The kernel has chosen high speed.
expect_speed=$(cat /sys/bus/usb/devices/1-1/speed)
[ "$expect_speed" = 480 ] || { echo "speed $expect_speed"; failed=1; }
[ $failed = 0 ] || cat /run/long
exit $failed
