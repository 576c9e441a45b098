/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The benchmark's byte sequence on the host: to send it, to verify it, and to
 * say what happened where a stream leaves it.
 */
#ifndef BENCHMARK_SEQUENCE_H
#define BENCHMARK_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes from the first bad one on are enough for an explanation. */
#define EVIDENCE_MAX 64
/* How many must agree before the sequence counts as resumed: fewer are met by
   chance in a period of 131070. */
#define EVIDENCE_MIN 4

struct sequence;

/* Freed by free(); NULL if there is no memory. */
struct sequence *sequence_new(void);

/* Write the bytes that belong at a stream offset. */
void sequence_fill(const struct sequence *sequence, uint64_t offset,
	uint8_t *data, size_t size);

/* How many bytes, from a stream offset on, are as they should be. */
size_t sequence_match(const struct sequence *sequence, uint64_t offset,
	const uint8_t *data, size_t size);

struct mismatch {
	uint64_t offset; /* of the first bad byte */
	uint8_t expected, got;
	unsigned bad; /* bytes that fit nowhere */
	bool resumed;
	int32_t gap; /* bytes missing before it resumes; negative: bytes
			    that came twice; 0: nothing moved */
};

/* What the bytes from the first bad one on, as they came, say. */
void sequence_explain(const struct sequence *sequence, uint64_t offset,
	const uint8_t *evidence, size_t size, struct mismatch *ret_mismatch);

/* The same as a clause: "expected 0x1b, got 0x36; ..." */
void mismatch_text(const struct mismatch *mismatch, char *text, size_t size);

#endif
