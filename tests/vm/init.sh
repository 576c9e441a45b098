#!/bin/busybox sh
# SPDX-License-Identifier: 0BSD OR Apache-2.0
#
# The first process of the guest: mounts the host's files read-only and runs
# the job in them; the job's status is returned by QEMU's debug port.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
for module in /modules/*; do
	insmod "$module" || echo "@vm cannot load $module"
done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose \
	host /host || echo "@vm cannot mount the host's files"
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -t devtmpfs dev /host/dev
mount -t tmpfs tmp /host/run
cp /job /host/run/job
echo "@vm up $(cut -d' ' -f1 /host/proc/uptime)"
chroot /host /bin/sh /run/job </dev/null
status=$?
# shellcheck disable=SC2059 # an octal escape is made
printf "\\$(printf %03o "$status")" |
	dd of=/dev/port bs=1 seek=244 count=1 2>/dev/null
echo "@vm cannot leave"
poweroff -f
