/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Holds one period of the sequence twice, so that each part of a period is
   contiguous. */
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/sequence.h"

struct sequence {
	uint8_t bytes[2 * SEQUENCE_PERIOD];
};

struct sequence *sequence_new(void)
{
	struct sequence *sequence = malloc(sizeof(*sequence));

	if (sequence == NULL)
		return NULL;
	sequence_generate(sequence->bytes);
	memcpy(sequence->bytes + SEQUENCE_PERIOD, sequence->bytes,
		SEQUENCE_PERIOD);
	return sequence;
}

/* The bytes at a stream offset; *size is limited to a period. */
static const uint8_t *piece(
	const struct sequence *sequence, uint64_t offset, size_t *size)
{
	if (*size > SEQUENCE_PERIOD)
		*size = SEQUENCE_PERIOD;
	return sequence->bytes + offset % SEQUENCE_PERIOD;
}

void sequence_fill(const struct sequence *sequence, uint64_t offset,
	uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t part = size;
		const uint8_t *bytes = piece(sequence, offset, &part);

		memcpy(data, bytes, part);
		offset += part;
		data += part;
		size -= part;
	}
}

size_t sequence_match(const struct sequence *sequence, uint64_t offset,
	const uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t part = size - done, i = 0;
		const uint8_t *bytes = piece(sequence, offset + done, &part);

		if (memcmp(data + done, bytes, part) == 0) {
			done += part;
			continue;
		}
		while (data[done + i] == bytes[i])
			i++;
		return done + i;
	}
	return done;
}

static int32_t distance(uint64_t from, long to)
{
	int32_t gap = to - (long)(from % SEQUENCE_PERIOD);

	if (gap > SEQUENCE_PERIOD / 2)
		gap -= SEQUENCE_PERIOD;
	if (gap < -SEQUENCE_PERIOD / 2)
		gap += SEQUENCE_PERIOD;
	return gap;
}

/* The place of these bytes in the period; -1 if there is none.  A few bytes may
   have several places: then the nearest one that has been sent. */
static long locate(const struct sequence *sequence, uint64_t from,
	const uint8_t *data, size_t size)
{
	const uint8_t *end = sequence->bytes + SEQUENCE_PERIOD + size - 1;
	const uint8_t *at = sequence->bytes;
	long nearest = -1;

	while ((at = memmem(at, end - at, data, size))) {
		long place = at++ - sequence->bytes;
		int32_t gap = distance(from, place);

		if ((int64_t)from + gap >= 0 &&
			(nearest < 0 ||
				abs(gap) < abs(distance(from, nearest))))
			nearest = place;
	}
	return nearest;
}

void sequence_explain(const struct sequence *sequence, uint64_t offset,
	const uint8_t *evidence, size_t size, struct mismatch *ret_mismatch)
{
	struct mismatch mismatch = {.offset = offset, .got = evidence[0]};

	sequence_fill(sequence, offset, &mismatch.expected, 1);
	/* Skip first bytes that belong nowhere, such as a flipped one. */
	for (size_t bad = 0; bad + EVIDENCE_MIN <= size; bad++) {
		long at;

		if (sequence_match(sequence, offset + bad, evidence + bad,
			    size - bad) == size - bad)
			at = (offset + bad) % SEQUENCE_PERIOD;
		else
			at = locate(sequence, offset + bad, evidence + bad,
				size - bad);
		if (at < 0)
			continue;
		mismatch.resumed = true;
		mismatch.bad = bad;
		mismatch.gap = distance(offset + bad, at);
		break;
	}
	*ret_mismatch = mismatch;
}

void mismatch_text(const struct mismatch *mismatch, char *text, size_t size)
{
	int length = snprintf(text, size,
		"first bad byte at offset %#llx: expected 0x%02x, got 0x%02x; ",
		(unsigned long long)mismatch->offset, mismatch->expected,
		mismatch->got);

	if (length < 0 || (size_t)length >= size)
		return;
	text += length;
	size -= length;
	if (!mismatch->resumed)
		snprintf(text, size,
			"the sequence does not resume in what follows");
	else if (mismatch->gap > 0)
		snprintf(text, size,
			"the sequence resumes at %#llx: a gap of %#x bytes",
			(unsigned long long)mismatch->offset + mismatch->bad +
				mismatch->gap,
			(unsigned)mismatch->gap);
	else if (mismatch->gap < 0)
		snprintf(text, size,
			"the sequence resumes at %#llx: %#x bytes came twice",
			(unsigned long long)mismatch->offset + mismatch->bad +
				mismatch->gap,
			(unsigned)-mismatch->gap);
	else
		snprintf(text, size,
			"the sequence goes on after %u bad byte%s, nothing is "
			"missing",
			mismatch->bad, mismatch->bad == 1 ? "" : "s");
}
