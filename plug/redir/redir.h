/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The usbredir mouth: serves a virtual device on a UNIX socket, so that QEMU
 * plugs it into the host controller of a real kernel:
 *
 *	-chardev socket,id=c,path=PATH,reconnect=1
 *	-device qemu-xhci -device usb-redir,chardev=c
 *
 * A connection is a port of that controller.  The device is plugged in as
 * soon as there is one, and has no power without it: each connection finds it
 * as it is after power-up.
 */
#ifndef VIRTUAL_REDIR_H
#define VIRTUAL_REDIR_H

#include <signal.h>

#include "plug/plug.h"

enum redir_wish {
	REDIR_GO_ON,
	REDIR_STOP,
	REDIR_PULL, /* the plug, until: */
	REDIR_PLUG,
};

/* Whose devices they are. */
struct redir_owner {
	/* Plug one in, as after power-up, that stays until the next call:
	   0 or -errno. */
	int (*plug)(struct redir_owner *owner, struct plug **ret_plug);
	void (*unplug)(struct redir_owner *owner);
	/* Before the server sleeps: nothing is under way. */
	void (*settle)(struct redir_owner *owner);
	/* Something went wrong with a connection; serving goes on. */
	void (*say)(struct redir_owner *owner, const char *line);
	/* What a signal asked for, one wish a call; REDIR_GO_ON if nothing. */
	enum redir_wish (*wish)(struct redir_owner *owner);
};

/*
 * Listen on a path.  -EADDRINUSE if somebody does; what was left by one who
 * has died is replaced.  -ENAMETOOLONG, -EEXIST if it is no socket, and what
 * bind() says.
 */
int redir_listen(const char *path, int *ret_fd);

/*
 * Serve connections, one at a time, until the owner wishes to stop.  The
 * signals that are to interrupt a sleep are blocked by the caller, and let
 * through by the mask `awake`.
 */
int redir_serve(int listener, struct redir_owner *owner, const sigset_t *awake);

#endif
