/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A descriptor is closed: was it a monitor's? */
#ifndef VIRTUAL_SHIM_UDEV_H
#define VIRTUAL_SHIM_UDEV_H

void shim_close_monitor(int fd);

#endif
