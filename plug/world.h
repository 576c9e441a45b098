/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The devices of a "virtual:" URI for other processes to use: plugged in,
 * with the machine's clock.  See plug/plug.h.
 */
#ifndef PLUG_WORLD_H
#define PLUG_WORLD_H

#include "lib/link/virtual/uri.h"
#include "plug.h"

struct virtual_world {
	unsigned count;
	struct plug plugs[VIRTUAL_DEVICES_MAX];
	struct virtual_options options[VIRTUAL_DEVICES_MAX];
};

/* Plug in what the text after "virtual:" describes; to be freed in any
   case. */
int virtual_world_new(
	struct virtual_world *world, const char *specification, enum pace pace);

/* Write the EEPROMs that are kept in files.  The first failure. */
int virtual_world_save(struct virtual_world *world);
void virtual_world_free(struct virtual_world *world);

#endif
