#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR Apache-2.0

"""Makes transfers until the device is unplugged, where the fault pull@N counts
them.  So a test decides by itself when the cable is pulled, however slow the
machine is."""

import errno
import fcntl
import os
import struct

USBDEVFS_CONTROL = 0xC0185500
# struct usbdevfs_ctrltransfer: GET_STATUS of the device, no data, 1000 ms.
GET_STATUS = struct.pack("BBHHHIP", 0x80, 0, 0, 0, 0, 1000, 0)

device = os.open("/dev/bus/usb/001/002", os.O_RDWR)
while True:
    try:
        fcntl.ioctl(device, USBDEVFS_CONTROL, GET_STATUS)
    except OSError as error:
        if error.errno == errno.ENODEV:
            break
