/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The user's end of an applet that exchanges bytes with another program: this
 * terminal, a pty, or a socket that serves one connection after the other.  The
 * applet waits for the descriptors by run_wait().
 *
 * endpoint.c has the descriptors, listen.c the addresses.
 */
#ifndef LIB_RUN_ENDPOINT_H
#define LIB_RUN_ENDPOINT_H

#include "applet.h"

struct endpoint {
	struct clyde_run *run;
	int in, out;    /* -1: nobody is connected */
	bool terminal;  /* `in` is the user's, raw, with a key to leave */
	bool ended;     /* the input is at its end */
	bool left;      /* the user has pressed that key */
	bool hung_up;   /* the other end reads no more: drop output */
	bool socket;    /* `out` is a socket */
	int listener;   /* of a socket, or -1 */
	int master;     /* of a pty, or -1 */
	int opened;     /* readable after its slave was opened; or -1 */
	char path[108]; /* to remove at the end; or empty.  As long as sun_path
			   of struct sockaddr_un */
	void *saved;    /* the terminal's settings */
};

/* Nobody is connected, and nothing is open.  Then one of the next three. */
void endpoint_init(struct endpoint *endpoint, struct clyde_run *run);
/* The descriptors that are attached to the run. */
int endpoint_open_tty(struct endpoint *endpoint);
/* A pty, and a link to it at this path; NULL: none.  Reports the slave's path. */
int endpoint_open_pty(struct endpoint *endpoint, const char *path);
/* Listen at an address, and report it. */
int endpoint_listen(struct endpoint *endpoint, const char *where);
/* Whether a text is an address for endpoint_listen(), such as "tcp:HOST:PORT" or
   "unix:PATH"; the error's sentence begins with the applet's name. */
int endpoint_check(const char *applet, const char *where);
/* After endpoint_init(), whatever has failed since. */
void endpoint_close(struct endpoint *endpoint);

/* Whether one connection can come after the other, as to a pty or a socket. */
bool endpoint_serves(const struct endpoint *endpoint);
/* Accept a connection, if one has come and there is none. */
int endpoint_look(struct endpoint *endpoint);
/* Close a connection that has come to a socket while there is one already.
   Returns 1 if it did so.  An applet that does not call this leaves the other
   client waiting for its turn. */
int endpoint_refuse(struct endpoint *endpoint);
/* Close the connection; the next one may come. */
void endpoint_disconnect(struct endpoint *endpoint);

/* Read up to size bytes, without waiting.  Returns their number; 0 if there are
   none, or at the end of the input, which sets `ended`. */
ssize_t endpoint_read(struct endpoint *endpoint, void *data, size_t size);
/* Write up to size bytes, without waiting.  Returns their number.  If nobody is
   connected, it drops them all and returns size. */
ssize_t endpoint_write(
	struct endpoint *endpoint, const void *data, size_t size);

/*
 * Fill in what to wait for: input and output if they are wanted, and the next
 * connection if there is none.  Returns the number of descriptors.  If the
 * system has no inotify instance left, nothing tells that a pty's slave has
 * been opened: then endpoint_look() has to be called from time to time.
 */
#define ENDPOINT_FDS 4
size_t endpoint_poll(const struct endpoint *endpoint, bool input, bool output,
	struct pollfd fds[ENDPOINT_FDS]);

#endif
