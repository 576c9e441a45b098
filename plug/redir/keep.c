/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes what IN transfers were answered, gives back what was dropped. */
#include "keep.h"

#include <stdlib.h>
#include <string.h>

/* What may be on its way to the guest: more than usbfs lets a program have
   in flight. */
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

void keep_init(struct keep *keep)
{
	*keep = (struct keep){.sent_tail = &keep->sent};
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

void keep_clear(struct keep *keep)
{
	while (keep->sent)
		discard(pop(&keep->sent));
	while (keep->kept)
		discard(pop(&keep->kept));
	keep_init(keep);
}

static struct portion *portion_new(
	struct keep *keep, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = calloc(1, sizeof(*portion));

	if (portion == NULL) {
		free(data);
		return NULL;
	}
	portion->sequence = keep->sequence++;
	portion->data = data;
	portion->length = length;
	portion->ends = ends;
	return portion;
}

/* Cancellations may come in any order, the bytes may not. */
static void insert(struct keep *keep, struct portion *portion)
{
	struct portion **at = &keep->kept;

	while (*at && (*at)->sequence < portion->sequence)
		at = &(*at)->next;
	portion->next = *at;
	*at = portion;
}

static struct portion *unlink_sent(struct keep *keep, struct portion **at)
{
	struct portion *portion = pop(at);

	if (*at == NULL)
		keep->sent_tail = at;
	keep->sent_count--;
	keep->sent_bytes -= portion->length;
	return portion;
}

void keep_sent(struct keep *keep, uint64_t id, uint8_t *data, uint32_t length,
	bool ends)
{
	struct portion *portion = portion_new(keep, data, length, ends);

	if (portion == NULL)
		return;
	portion->id = id;
	*keep->sent_tail = portion;
	keep->sent_tail = &portion->next;
	keep->sent_count++;
	keep->sent_bytes += length;
	while (keep->sent_count > SENT_COUNT_MAX ||
		(keep->sent_bytes > SENT_BYTES_MAX && keep->sent_count > 1))
		discard(unlink_sent(keep, &keep->sent));
}

void keep_dropped(struct keep *keep, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = portion_new(keep, data, length, ends);

	if (portion)
		insert(keep, portion);
}

static struct portion **find_sent(struct keep *keep, uint64_t id)
{
	struct portion **at = &keep->sent;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

void keep_recall(struct keep *keep, uint64_t id)
{
	struct portion **at = find_sent(keep, id);

	if (*at)
		insert(keep, unlink_sent(keep, at));
}

void keep_forget(struct keep *keep, uint64_t id)
{
	struct portion **at = find_sent(keep, id);

	if (*at)
		discard(unlink_sent(keep, at));
}

bool keep_serve(
	struct keep *keep, uint8_t *data, uint32_t length, uint32_t *ret_length)
{
	uint32_t used = 0;
	bool done = false;

	while (keep->kept && !done) {
		struct portion *portion = keep->kept;
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
		/* A short packet that just fits ends nothing by being
		   short: the transfer is full. */
		done |= portion->ends;
		discard(pop(&keep->kept));
	}
	*ret_length = used;
	return done;
}
