/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A transfer that the guest waits for, between plug/redir/transfer.c, which takes
 * the guest's packets, and plug/redir/answer.c, which answers them.
 */
#ifndef VIRTUAL_REDIR_REQUEST_H
#define VIRTUAL_REDIR_REQUEST_H

#include "session.h"

enum kind {
	KIND_CONTROL,
	KIND_BULK,
	KIND_SET_CONFIGURATION,
	KIND_GET_CONFIGURATION,
	KIND_SET_ALTERNATE,
	KIND_GET_ALTERNATE,
	KIND_RESET, /* ours: nobody waits for an answer */
};

struct request {
	struct urb urb;
	TAILQ_ENTRY(request) in_session;
	enum kind kind;
	uint64_t id;
	uint32_t stream;
	uint8_t *data;   /* from malloc(), or from the parser, which is that */
	uint32_t served; /* of an IN: what it began with, before the bus */
	uint32_t size;
	bool cancelled;
};

/*
 * Append one of this size to the session's list.  Takes the data; NULL is room
 * for it.  NULL if there is none, or if the guest asks for too much: then the
 * session has failed.
 */
struct request *request_new(struct session *session, enum kind kind,
	uint64_t id, uint8_t *data, uint32_t size);

/* Answer it and forget it. */
void request_answer(struct session *session, struct request *request);

#endif
