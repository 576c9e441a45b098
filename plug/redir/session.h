/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One usbredir connection: the guest's packets become transfers on a bus, and
 * completed transfers are answered.  plug/redir/server.c owns the session; it
 * waits for the socket and lets time pass on the bus, a session does neither.
 */
#ifndef PLUG_REDIR_SESSION_H
#define PLUG_REDIR_SESSION_H

#include "describe.h"
#include "resend.h"

#define SESSION_ENDPOINTS 32

struct request;

struct session {
	int fd;
	int readable; /* bytes that session_receive() may still read */
	struct usbredirparser *parser;
	bool greeted; /* the guest's hello has arrived */

	/* The device, while it is plugged in; otherwise NULL */
	struct bus *bus;
	bool announced; /* the guest knows of the device */
	/* The guest has not acknowledged the last disconnect: its packets are
	   for the device that is gone. */
	bool leaving;
	struct description description;
	struct resend resend[SESSION_ENDPOINTS];

	/* What the guest waits for, oldest first */
	TAILQ_HEAD(, request) requests;
	unsigned count;
	unsigned controls; /* requests on endpoint 0 */
	uint64_t bytes;

	/* Why the connection has failed, or "" */
	char why[160];
};

/* A session on a connected socket, which session_free() closes; also closed if
   there is no memory: NULL. */
struct session *session_new(int fd);
void session_free(struct session *session);

/* Plug a device in: 0 or -errno.  The guest is told as soon as it has said
   hello.  The bus must be idle, and must exist until session_unplug(). */
int session_plug(struct session *session, struct bus *bus);

/* Unplug the device: tells the guest, and takes all transfers off the bus. */
void session_unplug(struct session *session);

/*
 * Read and handle what has arrived; write what is to be sent.  False if the
 * connection is over: `why` has the reason, or is empty if the guest has
 * disconnected.
 */
bool session_receive(struct session *session);
bool session_send(struct session *session);

/* True if the guest has too many unread answers: do not read its packets. */
bool session_is_full(const struct session *session);

/* Answer the transfers that have completed. */
void session_reap(struct session *session);

/* ---- Between the files of a session ----------------------------------- */

/* Record why the connection must end; the first reason counts. */
void session_fail(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Send the guest the tables of the selected interfaces and endpoints. */
void session_describe(struct session *session);

/* Set the parser's callbacks that become transfers. */
void transfer_callbacks(struct usbredirparser *parser);

/* Set the callbacks that refuse (plug/redir/refuse.c). */
void refuse_callbacks(struct usbredirparser *parser);

/* Take all transfers off the bus without an answer, and drop all bytes. */
void transfer_drop_all(struct session *session);

/* Cancel all transfers, and queue the request that does to the device what a
   bus reset does. */
void transfer_reset(struct session *session);

#endif
