/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual devices of one `clyde virtual`, each in a plug (plug/plug.h).
 * The tool makes them and passes the plugs to plug/usbfs or plug/redir.
 */
#ifndef PLUG_DEVICES_H
#define PLUG_DEVICES_H

#include "lib/link/virtual/uri.h"
#include "plug.h"

struct virtual_devices {
	unsigned count;
	struct plug plugs[VIRTUAL_DEVICES_MAX];
	struct virtual_options options[VIRTUAL_DEVICES_MAX];
};

/* Make and plug in the devices that the text after "virtual:" describes; `note`
   is that of their plugs.  virtual_devices_free() must be called after a
   failure, too. */
int virtual_devices_new(struct virtual_devices *devices,
	const char *specification, enum pace pace,
	void (*note)(const char *sentence));

/* Write the EEPROMs that have a file.  Tries all, returns the first failure. */
int virtual_devices_save(struct virtual_devices *devices);
/* Complete the records of the pins: 0, or an error with its message.  The
   devices may not be used any more. */
int virtual_devices_finish(struct virtual_devices *devices);
void virtual_devices_free(struct virtual_devices *devices);

#endif
