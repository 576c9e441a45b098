# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""What libusb_dev_mem_alloc() is worth: CPU time and rate of a source that is
read into malloc()ed buffers and into mapped ones, in turn, and what it costs to
copy out of each.

    clyde virtual -d virtual:configured=1 -- python3 bench/mapped.py [MIB]
"""

import ctypes
import ctypes.util
import sys
import time

TOTAL = int(sys.argv[1] if len(sys.argv) > 1 else 256) << 20
SIZE, ROUNDS = 1 << 20, 5
EP1_OUT, EP1_IN, EP6_IN = 0x01, 0x81, 0x86
SET_MODE_SOURCE = bytes((1, 0x28, 0x50, 1))

usb = ctypes.CDLL(ctypes.util.find_library("usb-1.0"))
usb.libusb_open_device_with_vid_pid.restype = ctypes.c_void_p
usb.libusb_dev_mem_alloc.restype = ctypes.c_void_p
usb.libusb_dev_mem_alloc.argtypes = ctypes.c_void_p, ctypes.c_size_t


def check(result):
    if result < 0:
        sys.exit(f"libusb: {result}")


def bulk(endpoint, data, size):
    moved = ctypes.c_int()
    check(usb.libusb_bulk_transfer(
        handle, endpoint, data, size, ctypes.byref(moved), 10000))
    return moved.value


def measure(buffer):
    """CPU time of this process and duration, s/GiB; and copying out."""
    cpu, real, moved = time.process_time(), time.monotonic(), 0
    while moved < TOTAL:
        moved += bulk(EP6_IN, buffer, SIZE)
    cpu, real = time.process_time() - cpu, time.monotonic() - real
    copy = time.process_time()
    for _ in range(TOTAL // SIZE):
        ctypes.memmove(away, buffer, SIZE)
    copy = time.process_time() - copy
    return [value * (1 << 30) / TOTAL for value in (cpu, real, copy)]


check(usb.libusb_init(None))
handle = ctypes.c_void_p(
    usb.libusb_open_device_with_vid_pid(None, 0x20B7, 0x9DB1))
if not handle:
    sys.exit("no device")
for interface, setting in (0, 1), (3, 2):
    check(usb.libusb_claim_interface(handle, interface))
    check(usb.libusb_set_interface_alt_setting(handle, interface, setting))
reply = ctypes.create_string_buffer(64)
bulk(EP1_OUT, SET_MODE_SOURCE, len(SET_MODE_SOURCE))
bulk(EP1_IN, reply, 64)

away = ctypes.create_string_buffer(SIZE)
buffers = {
    "malloc": ctypes.create_string_buffer(SIZE),
    "mapped": ctypes.c_void_p(usb.libusb_dev_mem_alloc(handle, SIZE)),
}
if not buffers["mapped"]:
    sys.exit("this system maps no memory")
measure(buffers["malloc"])  # warm
results = {name: [] for name in buffers}
for _ in range(ROUNDS):
    for name, buffer in buffers.items():
        results[name].append(measure(buffer))
print("         CPU s/GiB   s/GiB   copying out, CPU s/GiB")
for name, rounds in results.items():
    cpu, real, copy = (min(column) for column in zip(*rounds))
    print(f"{name}   {cpu:8.3f} {real:8.3f} {copy:8.3f}")
