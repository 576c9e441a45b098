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
	struct portion *next;
	uint64_t id;
	uint64_t sequence;
	uint8_t *data;
	uint32_t at, length;
	bool ends;
};

void resend_init(struct resend *resend)
{
	*resend = (struct resend){.sent_tail = &resend->sent};
}

static struct portion *pop(struct portion **list)
{
	struct portion *portion = *list;

	*list = portion->next; /* NOLINT: callers have looked that there is one */
	return portion;
}

static void discard(struct portion *portion)
{
	free(portion->data);
	free(portion);
}

void resend_clear(struct resend *resend)
{
	while (resend->sent)
		discard(pop(&resend->sent));
	while (resend->dropped)
		discard(pop(&resend->dropped));
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
	struct portion **at = &resend->dropped;

	while (*at && (*at)->sequence < portion->sequence)
		at = &(*at)->next;
	portion->next = *at;
	*at = portion;
}

static struct portion *unlink_sent(struct resend *resend, struct portion **at)
{
	struct portion *portion = pop(at);

	if (*at == NULL)
		resend->sent_tail = at;
	resend->sent_count--;
	resend->sent_bytes -= portion->length;
	return portion;
}

void resend_sent(struct resend *resend, uint64_t id, uint8_t *data,
	uint32_t length, bool ends)
{
	struct portion *portion = portion_new(resend, data, length, ends);

	if (portion == NULL)
		return;
	portion->id = id;
	*resend->sent_tail = portion;
	resend->sent_tail = &portion->next;
	resend->sent_count++;
	resend->sent_bytes += length;
	while (resend->sent_count > SENT_COUNT_MAX ||
		(resend->sent_bytes > SENT_BYTES_MAX && resend->sent_count > 1))
		discard(unlink_sent(resend, &resend->sent));
}

void resend_dropped(
	struct resend *resend, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = portion_new(resend, data, length, ends);

	if (portion)
		insert(resend, portion);
}

static struct portion **find_sent(struct resend *resend, uint64_t id)
{
	struct portion **at = &resend->sent;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

void resend_recall(struct resend *resend, uint64_t id)
{
	struct portion **at = find_sent(resend, id);

	if (*at)
		insert(resend, unlink_sent(resend, at));
}

void resend_forget(struct resend *resend, uint64_t id)
{
	struct portion **at = find_sent(resend, id);

	if (*at)
		discard(unlink_sent(resend, at));
}

bool resend_serve(struct resend *resend, uint8_t *data, uint32_t length,
	uint32_t *ret_length)
{
	uint32_t used = 0;
	bool done = false;

	while (resend->dropped && !done) {
		struct portion *portion = resend->dropped;
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
		discard(pop(&resend->dropped));
	}
	*ret_length = used;
	return done;
}
