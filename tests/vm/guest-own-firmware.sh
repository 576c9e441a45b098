#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# The device behind this kernel's bus executes Clyde's firmware: the kernel
# enumerates it, the FPGA is loaded through it, and bytes stream.
echo "@host executed"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -qs 'clyde ' /sys/bus/usb/devices/1-1/product && break
	sleep 0.5
done
grep 'clyde ' /sys/bus/usb/devices/1-1/product || exit 1
"$BUILD/cli/clyde" run benchmark -c 256KiB
status=$?
echo "@host model"
sleep 2
exit $status
