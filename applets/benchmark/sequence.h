/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The benchmark's byte sequence on the host: to send it, to verify it, and to
 * explain how a stream differs from it.
 */
#ifndef BENCHMARK_SEQUENCE_H
#define BENCHMARK_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many bytes from the first bad one on are enough for an explanation. */
#define EVIDENCE_MAX 64
/* The sequence counts as resumed if at least so many bytes agree: fewer occur
   by chance in a period of 131070. */
#define EVIDENCE_MIN 4

struct sequence;

/* Freed by free(); NULL if there is no memory. */
struct sequence *sequence_new(void);

/* Write the bytes that belong at a stream offset. */
void sequence_fill(const struct sequence *sequence, uint64_t offset,
	uint8_t *data, size_t size);

/* The number of bytes, from a stream offset on, that are right. */
size_t sequence_match(const struct sequence *sequence, uint64_t offset,
	const uint8_t *data, size_t size);

struct mismatch {
	uint64_t offset; /* of the first bad byte */
	uint8_t expected, got;
	unsigned bad; /* bytes that belong nowhere in the sequence */
	bool resumed;
	int32_t gap; /* bytes missing before it resumes; negative: bytes
			    that came twice; 0: nothing moved */
};

/* Explain the bytes that came, from the first bad one on. */
void sequence_explain(const struct sequence *sequence, uint64_t offset,
	const uint8_t *evidence, size_t size, struct mismatch *ret_mismatch);

/* The same as text: "expected 0x1b, got 0x36; ..." */
void mismatch_text(const struct mismatch *mismatch, char *text, size_t size);

#endif
