#!/bin/sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# Loads firmware into a device without any: the device leaves this kernel's
# bus, comes back, and works.
firmware=/run/good.ihex
cat >$firmware <<-END
	:03000000020003F8
	:0200030080FE7D
	:00000001FF
END
echo "@host bare"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -qs '^00' /sys/bus/usb/devices/1-1/bcdDevice && break
	sleep 0.5
done
before=$(cat /sys/bus/usb/devices/1-1/devnum)
"$BUILD/cli/clyde" --firmware $firmware run benchmark -c 1MiB || exit 1
after=$(cat /sys/bus/usb/devices/1-1/devnum)
echo "address $before, then $after"
[ "$before" != "$after" ]
