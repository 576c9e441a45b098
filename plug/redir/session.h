/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One usbredir connection: takes the guest's packets from a socket, queues
 * them as transfers on a bus, answers those that are done.  Who owns the
 * session lets time pass on the bus and waits for the socket.
 */
#ifndef VIRTUAL_REDIR_SESSION_H
#define VIRTUAL_REDIR_SESSION_H

#include "describe.h"
#include "keep.h"

#define SESSION_ENDPOINTS 32

struct request;

struct session {
	int fd;
	int readable; /* how much more session_receive() may read now */
	struct usbredirparser *parser;
	bool greeted; /* the guest's hello is here */

	/* The device, while it is plugged in */
	struct bus *bus;
	bool announced;
	/* The guest has not yet said that it knows the last one is gone: what
	   it sends is for that one. */
	bool leaving;
	struct description description;
	struct keep keep[SESSION_ENDPOINTS];

	/* What the guest waits for, oldest first */
	TAILQ_HEAD(, request) requests;
	unsigned count;
	unsigned controls; /* those on endpoint 0 */
	uint64_t bytes;

	/* Why the connection must end, or "" */
	char why[160];
};

/* Takes a connected socket, which is closed by session_free(). */
struct session *session_new(int fd);
void session_free(struct session *session);

/* A device appears, of which the guest is told as soon as it listens.  The
   bus is the caller's, and idle.  0 or -errno. */
int session_plug(struct session *session, struct bus *bus);

/* It is gone: the guest is told, nothing is queued on the bus any more. */
void session_unplug(struct session *session);

/*
 * Read what has arrived; then write what is to be said.  False if the
 * connection is over: `why` says why, or is empty if the guest hung up.
 */
bool session_receive(struct session *session);
bool session_send(struct session *session);

/* True if there is more to send than the socket takes now. */
bool session_is_full(const struct session *session);

/* Answer the transfers that are done. */
void session_reap(struct session *session);

/* ---- Between the files of a session ----------------------------------- */

/* The first reason to end the connection. */
void session_fail(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Tell the guest what is selected now. */
void session_describe(struct session *session);

/* The parser's calls that become transfers. */
void transfer_callbacks(struct usbredirparser *parser);

/* Those that no device of ours can serve (plug/redir/refuse.c). */
void refuse_callbacks(struct usbredirparser *parser);

/* Take all transfers off the bus, unanswered; forget all bytes. */
void transfer_drop_all(struct session *session);

/* Queue what a bus reset does to a device. */
void transfer_reset(struct session *session);

#endif
