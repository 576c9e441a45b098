/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The bytes that one IN endpoint has given and the guest has not taken.
 *
 * QEMU drops what a cancelled IN transfer had: the part that had arrived, and
 * all of it if the cancellation crosses the answer on its way.  And it
 * cancels every transfer of an endpoint when the guest cancels one, to queue
 * the others again.  So that no byte is lost, what was given is remembered
 * for a while, and what turns out to have been dropped is kept and served to
 * the next transfers, in its order and with its packet boundaries.
 */
#ifndef VIRTUAL_REDIR_KEEP_H
#define VIRTUAL_REDIR_KEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

STAILQ_HEAD(portions, portion);

struct keep {
	struct portions sent; /* oldest first */
	unsigned sent_count;
	uint64_t sent_bytes;
	struct portions kept; /* in the order in which they were given */
	uint64_t sequence;
};

void keep_init(struct keep *keep);
void keep_clear(struct keep *keep);

/* A transfer was answered with this much.  Takes the buffer, from malloc();
   `ends` says that a short packet ended it. */
void keep_sent(struct keep *keep, uint64_t id, uint8_t *data, uint32_t length,
	bool ends);

/* A cancelled transfer had this much.  Takes the buffer. */
void keep_dropped(struct keep *keep, uint8_t *data, uint32_t length, bool ends);

/* A transfer was cancelled that has been answered: its bytes come back. */
void keep_recall(struct keep *keep, uint64_t id);

/* The id is used again, as QEMU's are, being addresses in a ring: the guest has
   taken what went under it before. */
void keep_forget(struct keep *keep, uint64_t id);

/*
 * What a transfer of this length begins with.  Returns true if that is all of
 * it: it is full, or a short packet ends it.
 */
bool keep_serve(struct keep *keep, uint8_t *data, uint32_t length,
	uint32_t *ret_length);

#endif
