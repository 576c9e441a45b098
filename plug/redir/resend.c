/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Bytes of answered IN transfers, until it is known that the guest has them:
   see plug/redir/resend.h. */
#include "resend.h"

#include <stdlib.h>
#include <string.h>

/* How much is remembered: more than can be on its way to the guest, as usbfs
   limits what a program has in flight. */
#define SENT_COUNT_MAX 256
#define SENT_BYTES_MAX (32 << 20)

struct portion {
	STAILQ_ENTRY(portion) next;
	uint64_t id;
	uint64_t sequence;
	uint8_t *data;
	uint32_t at, length;
	bool ends;
};

void resend_init(struct resend *resend)
{
	*resend = (struct resend){.sequence = 0};
	STAILQ_INIT(&resend->sent);
	STAILQ_INIT(&resend->dropped);
}

static void discard(struct portion *portion)
{
	free(portion->data);
	free(portion);
}

static void discard_all(struct portions *list)
{
	struct portion *portion;

	while ((portion = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, next);
		discard(portion);
	}
}

void resend_clear(struct resend *resend)
{
	discard_all(&resend->sent);
	discard_all(&resend->dropped);
	resend_init(resend);
}

static struct portion *portion_new(
	struct resend *resend, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = calloc(1, sizeof(*portion));

	if (portion == NULL) {
		free(data);
		return NULL;
	}
	portion->sequence = resend->sequence++;
	portion->data = data;
	portion->length = length;
	portion->ends = ends;
	return portion;
}

/* Cancellations come in any order; the bytes must be sent in their own. */
static void insert(struct resend *resend, struct portion *portion)
{
	struct portion *each, *before = NULL;

	STAILQ_FOREACH (each, &resend->dropped, next)
		if (each->sequence < portion->sequence)
			before = each;
	if (before)
		STAILQ_INSERT_AFTER(&resend->dropped, before, portion, next);
	else
		STAILQ_INSERT_HEAD(&resend->dropped, portion, next);
}

static void uncount(struct resend *resend, const struct portion *portion)
{
	resend->sent_count--;
	resend->sent_bytes -= portion->length;
}

void resend_sent(struct resend *resend, uint64_t id, uint8_t *data,
	uint32_t length, bool ends)
{
	struct portion *portion = portion_new(resend, data, length, ends);

	if (portion == NULL)
		return;
	portion->id = id;
	STAILQ_INSERT_TAIL(&resend->sent, portion, next);
	resend->sent_count++;
	resend->sent_bytes += length;
	while (resend->sent_count > SENT_COUNT_MAX ||
		(resend->sent_bytes > SENT_BYTES_MAX &&
			resend->sent_count > 1)) {
		portion = STAILQ_FIRST(&resend->sent);
		STAILQ_REMOVE_HEAD(&resend->sent, next);
		uncount(resend, portion);
		discard(portion);
	}
}

void resend_dropped(
	struct resend *resend, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = portion_new(resend, data, length, ends);

	if (portion)
		insert(resend, portion);
}

/* Take out the oldest of this id; NULL if there is none. */
static struct portion *take_sent(struct resend *resend, uint64_t id)
{
	struct portion *portion;

	STAILQ_FOREACH (portion, &resend->sent, next)
		if (portion->id == id)
			break;
	if (portion == NULL)
		return NULL;
	STAILQ_REMOVE(&resend->sent, portion, portion, next);
	uncount(resend, portion);
	return portion;
}

void resend_recall(struct resend *resend, uint64_t id)
{
	struct portion *portion = take_sent(resend, id);

	if (portion)
		insert(resend, portion);
}

void resend_forget(struct resend *resend, uint64_t id)
{
	struct portion *portion = take_sent(resend, id);

	if (portion)
		discard(portion);
}

bool resend_serve(struct resend *resend, uint8_t *data, uint32_t length,
	uint32_t *ret_length)
{
	uint32_t used = 0;
	bool done = false;

	while (!STAILQ_EMPTY(&resend->dropped) && !done) {
		struct portion *portion = STAILQ_FIRST(&resend->dropped);
		uint32_t size = portion->length - portion->at;

		if (size > length - used)
			size = length - used;
		if (size > 0)
			memcpy(data + used, portion->data + portion->at, size);
		used += size;
		portion->at += size;
		done = used == length;
		if (portion->at < portion->length)
			break;
		/* The portion ended with a short packet, so the transfer ends
		   here, too, even if it has room left. */
		done |= portion->ends;
		STAILQ_REMOVE_HEAD(&resend->dropped, next);
		discard(portion);
	}
	*ret_length = used;
	return done;
}
