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
	STAILQ_ENTRY(portion) next;
	uint64_t id;
	uint64_t sequence;
	uint8_t *data;
	uint32_t at, length;
	bool ends;
};

void keep_init(struct keep *keep)
{
	*keep = (struct keep){.sequence = 0};
	STAILQ_INIT(&keep->sent);
	STAILQ_INIT(&keep->kept);
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

void keep_clear(struct keep *keep)
{
	discard_all(&keep->sent);
	discard_all(&keep->kept);
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
	struct portion *each, *before = NULL;

	STAILQ_FOREACH (each, &keep->kept, next)
		if (each->sequence < portion->sequence)
			before = each;
	if (before)
		STAILQ_INSERT_AFTER(&keep->kept, before, portion, next);
	else
		STAILQ_INSERT_HEAD(&keep->kept, portion, next);
}

static void uncount(struct keep *keep, const struct portion *portion)
{
	keep->sent_count--;
	keep->sent_bytes -= portion->length;
}

void keep_sent(struct keep *keep, uint64_t id, uint8_t *data, uint32_t length,
	bool ends)
{
	struct portion *portion = portion_new(keep, data, length, ends);

	if (portion == NULL)
		return;
	portion->id = id;
	STAILQ_INSERT_TAIL(&keep->sent, portion, next);
	keep->sent_count++;
	keep->sent_bytes += length;
	while (keep->sent_count > SENT_COUNT_MAX ||
		(keep->sent_bytes > SENT_BYTES_MAX && keep->sent_count > 1)) {
		portion = STAILQ_FIRST(&keep->sent);
		STAILQ_REMOVE_HEAD(&keep->sent, next);
		uncount(keep, portion);
		discard(portion);
	}
}

void keep_dropped(struct keep *keep, uint8_t *data, uint32_t length, bool ends)
{
	struct portion *portion = portion_new(keep, data, length, ends);

	if (portion)
		insert(keep, portion);
}

/* Take out the oldest of this id; NULL if there is none. */
static struct portion *take_sent(struct keep *keep, uint64_t id)
{
	struct portion *portion;

	STAILQ_FOREACH (portion, &keep->sent, next)
		if (portion->id == id)
			break;
	if (portion == NULL)
		return NULL;
	STAILQ_REMOVE(&keep->sent, portion, portion, next);
	uncount(keep, portion);
	return portion;
}

void keep_recall(struct keep *keep, uint64_t id)
{
	struct portion *portion = take_sent(keep, id);

	if (portion)
		insert(keep, portion);
}

void keep_forget(struct keep *keep, uint64_t id)
{
	struct portion *portion = take_sent(keep, id);

	if (portion)
		discard(portion);
}

bool keep_serve(
	struct keep *keep, uint8_t *data, uint32_t length, uint32_t *ret_length)
{
	uint32_t used = 0;
	bool done = false;

	while (!STAILQ_EMPTY(&keep->kept) && !done) {
		struct portion *portion = STAILQ_FIRST(&keep->kept);
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
		STAILQ_REMOVE_HEAD(&keep->kept, next);
		discard(portion);
	}
	*ret_length = used;
	return done;
}
