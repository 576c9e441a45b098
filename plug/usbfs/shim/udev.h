/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What plug/usbfs/shim/shim.c calls when a descriptor is closed, which may be a
   monitor's. */
#ifndef PLUG_SHIM_UDEV_H
#define PLUG_SHIM_UDEV_H

void shim_close_monitor(int fd);

#endif
