/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The cells of a part's memory, erased to ones: flash25 and avr-isp.  Without a
 * file they are memory that is zeros at first, with all bits inverted, so that an
 * erased memory of 64 MiB takes no memory.  A file is mapped: it has what the
 * part has, at any time, and nothing is left to be written at the end.
 */
#ifndef VIRTUAL_PARTS_CONTENT_H
#define VIRTUAL_PARTS_CONTENT_H

#include "part.h"

#define CONTENT_ERASED 0xff

struct content {
	uint32_t size;
	uint8_t *bytes; /* NULL: erased, and read-only */
	uint8_t mask;   /* is applied to bytes in memory */
};

/* Whether the file can have the content: false, and a sentence, if not.  Makes
   a file that does not exist, with erased content.  "" is no file. */
bool content_check(const struct part *part, const char *path, uint32_t size,
	char why[PART_WHY_SIZE]);
/* Without memory, or if the file has changed since the check, the content stays
   erased. */
void content_open(struct content *content, const char *path, uint32_t size);
void content_close(struct content *content);

/* `at` is less than the size. */
uint8_t content_get(const struct content *content, uint32_t at);
void content_set(struct content *content, uint32_t at, uint8_t byte);
/* A range that does not wrap. */
void content_erase(struct content *content, uint32_t from, uint32_t size);

#endif
