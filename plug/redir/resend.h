/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Bytes of one IN endpoint that were sent and may have to be sent again.
 *
 * QEMU drops the bytes of a cancelled IN transfer: the part that had arrived,
 * or all of it if the cancellation crosses the answer on its way.  When the
 * guest cancels one transfer, QEMU cancels every transfer of the endpoint and
 * queues the others again.  So that no byte is lost, the bytes of answers are
 * remembered until their id is used again.  Bytes that QEMU has dropped are
 * sent with the next transfers, in their order and with their packet
 * boundaries.
 */
#ifndef PLUG_REDIR_RESEND_H
#define PLUG_REDIR_RESEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

STAILQ_HEAD(portions, portion);

struct resend {
	struct portions sent; /* oldest first */
	unsigned sent_count;
	uint64_t sent_bytes;
	struct portions dropped; /* in the order in which they were given */
	uint64_t sequence;
};

void resend_init(struct resend *resend);
void resend_clear(struct resend *resend);

/* A transfer was answered with these bytes.  Takes ownership of the buffer,
   from malloc().  `ends`: a short packet ended the transfer. */
void resend_sent(struct resend *resend, uint64_t id, uint8_t *data,
	uint32_t length, bool ends);

/* A transfer with these bytes was cancelled before it was answered.  Takes
   ownership of the buffer. */
void resend_dropped(
	struct resend *resend, uint8_t *data, uint32_t length, bool ends);

/* A transfer was cancelled after it was answered: QEMU has dropped its bytes.
   */
void resend_recall(struct resend *resend, uint64_t id);

/* A new transfer has this id, so the guest has the bytes of the last transfer
   with the id.  QEMU's ids are addresses in a ring, and come again. */
void resend_forget(struct resend *resend, uint64_t id);

/*
 * Put dropped bytes at the start of a transfer of this length.  True if the
 * transfer is complete with them: it is full, or a short packet ends it.
 */
bool resend_serve(struct resend *resend, uint8_t *data, uint32_t length,
	uint32_t *ret_length);

#endif
