/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A request of the guest, and its transfer: plug/redir/transfer.c makes
 * requests of the guest's packets, plug/redir/answer.c answers them.
 */
#ifndef PLUG_REDIR_REQUEST_H
#define PLUG_REDIR_REQUEST_H

#include "session.h"

enum kind {
	KIND_CONTROL,
	KIND_BULK,
	KIND_SET_CONFIGURATION,
	KIND_GET_CONFIGURATION,
	KIND_SET_ALTERNATE,
	KIND_GET_ALTERNATE,
	KIND_RESET, /* by transfer_reset(); it has no answer */
};

struct request {
	struct urb urb;
	TAILQ_ENTRY(request) in_session;
	enum kind kind;
	uint64_t id;
	uint32_t stream;
	uint8_t *data;   /* from malloc(), also if the parser made it */
	uint32_t served; /* bytes of an IN that did not come from the bus */
	uint32_t size;
	bool cancelled;
};

/*
 * Append a request of this size to the session's list.  The request owns the
 * data; with NULL, the function allocates it.  If there is no memory, or if the
 * guest has too much in flight: the session has failed, the data is freed, and
 * the result is NULL.
 */
struct request *request_new(struct session *session, enum kind kind,
	uint64_t id, uint8_t *data, uint32_t size);

/* Answer a request, and free it. */
void request_answer(struct session *session, struct request *request);

#endif
