/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The usbredir server: serves a virtual device on a UNIX socket, so that QEMU
 * plugs the device into the host controller of a real kernel:
 *
 *	-chardev socket,id=c,path=PATH,reconnect=1
 *	-device qemu-xhci -device usb-redir,chardev=c
 *
 * A connection is a port of that controller: the device is plugged in when a
 * client connects, and loses its power when the client leaves.  So each client
 * finds the device as after power-up.
 */
#ifndef PLUG_REDIR_H
#define PLUG_REDIR_H

#include <signal.h>

#include "plug/plug.h"

enum redir_command {
	REDIR_NONE,
	REDIR_STOP,
	REDIR_UNPLUG, /* until REDIR_PLUG */
	REDIR_PLUG,
};

/* Functions of the server's caller, which owns the device. */
struct redir_callbacks {
	/* Plug a device in, as after power-up: 0 or -errno.  It must exist
	   until unplug(). */
	int (*plug)(struct redir_callbacks *callbacks, struct plug **ret_plug);
	void (*unplug)(struct redir_callbacks *callbacks);
	/* Called before each sleep of the server, for work that can wait. */
	void (*idle)(struct redir_callbacks *callbacks);
	/* A sentence about a connection that failed.  The server goes on. */
	void (*report)(struct redir_callbacks *callbacks, const char *line);
	/* The next command that a signal gave, or REDIR_NONE. */
	enum redir_command (*next_command)(struct redir_callbacks *callbacks);
};

/*
 * Listen on a path.  -EADDRINUSE if another process does; the socket of a
 * process that has died is replaced.  -EEXIST if the path is no socket,
 * -ENAMETOOLONG, and the errors of bind().
 */
int redir_listen(const char *path, int *ret_fd);

/*
 * Serve connections, one at a time, until next_command() returns REDIR_STOP: 0,
 * or -errno.  The caller has blocked the signals that give commands; the server
 * sleeps with the signal mask `awake`, which lets them through.
 */
int redir_serve(
	int listener, struct redir_callbacks *callbacks, const sigset_t *awake);

#endif
