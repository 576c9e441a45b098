/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Serves the clients of the applet jtag-openocd. */
#ifndef JTAG_OPENOCD_SESSION_H
#define JTAG_OPENOCD_SESSION_H

#include "applets/shared/jtag.h"

/* Serve clients until the run ends; with --once, one client. */
int session_serve(struct clyde_run *run, struct jtag *jtag);

#endif
