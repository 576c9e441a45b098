/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The netlist of a bitstream, for virtual:fpga=netlist:FILE: a module that
 * virtual/fpga/twin.c runs.  lib/link/virtual/uri.c gets netlists, device.c
 * makes devices that have one in the FPGA already.
 */
#ifndef LIB_VIRTUAL_NETLIST_H
#define LIB_VIRTUAL_NETLIST_H

#include "virtual/fpga/twin-model.h"
#include "wire/mgmt.h"

struct netlist {
	struct twin_module module;
	struct bitstream port; /* the configuration port after the bitstream */
	size_t size;
	uint8_t id[FPGA_ID_SIZE]; /* as `clyde load` gives it */
};

/*
 * The netlist of the bitstream in a file: from the user's cache, or else made,
 * which takes about a minute.  It exists as long as the process.  A failure has
 * its message.
 */
int netlist_get(const char *path, const struct netlist **ret_netlist);

#endif
