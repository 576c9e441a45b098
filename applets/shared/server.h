/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Serves the clients of an applet, one after the other, at the socket or the pty
 * that the parameter "endpoint" names.  While one is connected, another one is
 * refused, unless the applet says that it waits.
 * The applet has a parser and functions that carry out what it returns; waiting,
 * and what a client does that vanishes, is here.
 *
 * jtag-openocd, jtag-xvc, spi-flashrom and program-avr-spi use it.  No call of the
 * applet's functions may return
 * before the device has done what they have begun, unless they return so that
 * they are called again at once: run_wait() would let virtual time pass as long
 * as the client takes to send its next bytes.
 */
#ifndef APPLETS_SERVER_H
#define APPLETS_SERVER_H

#include "lib/run/applet.h"
#include "lib/run/endpoint.h"

/* Rows that all tables have. */
#define SERVER_ENDPOINT(default_text)                                      \
	{                                                                  \
		.name = "endpoint", .type = CLYDE_PARAMETER_TEXT,          \
		.positional = true, .initial = default_text,               \
		.help = "tcp:HOST:PORT or unix:PATH to listen at, with a " \
			"PORT of 0 for one that is free",                  \
	}
#define SERVER_ONCE                                           \
	{                                                     \
		.name = "once", .type = CLYDE_PARAMETER_FLAG, \
		.help = "End with the first client",          \
	}

struct server_protocol {
	/* A client has come. */
	int (*begin)(void *user);
	/* Take all of these bytes. */
	int (*take)(void *user, const uint8_t *data, size_t size);
	/* There are no bytes.  `waited`: nor did any come in the time that the
	   last call asked for.  Sets how long to wait for bytes before the next
	   call, in ms; 0: only look; negative: for good. */
	int (*idle)(void *user, bool waited, int *ret_wait_ms);
	/* The client has gone. */
	int (*end)(void *user);
};

#define SERVER_IN_SIZE  16384
#define SERVER_OUT_SIZE 32768

struct server {
	/* To be set before server_run(): */
	bool ptys;   /* the endpoint may be "pty" or "pty:PATH" */
	bool queues; /* another client waits until the first one has left */
	/* The rest is the server's. */
	struct clyde_run *run;
	const struct server_protocol *protocol;
	void *user;
	struct endpoint endpoint;
	bool connected, dismissed, waited;
	int wait_ms;
	uint8_t in[SERVER_IN_SIZE];
	uint8_t out[SERVER_OUT_SIZE]; /* answers that are not written yet */
	size_t out_size;
};

/* How long idle() waits in an applet that has to look from time to time: nothing
   may tell that a pty was opened, see endpoint_poll(). */
#define SERVER_RECHECK_MS 250

/* Whether "endpoint" is an address, or a pty where `ptys` is set, for claim(). */
int server_check(struct clyde_run *run, const char *applet, bool ptys);

/* Listen, and tell where; serve clients until the run ends, with "once" until the
   first one has left; and stop listening.  For run(). */
int server_run(struct server *server, struct clyde_run *run,
	const struct server_protocol *protocol, void *user);

/* Add to the answers.  They are written when take() or idle() has returned, or
   when they are too many. */
int server_answer(struct server *server, const void *data, size_t size);

/* Write the answers now. */
int server_flush(struct server *server);

/* End the connection, after the answers were written. */
void server_dismiss(struct server *server);

/* Whether the client has gone, so that answers are dropped. */
bool server_has_gone(const struct server *server);

#endif
