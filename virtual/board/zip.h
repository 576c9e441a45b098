/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A zip archive whose entries are mostly runs of the same two bytes: what
 * virtual/board/recorder.c writes.  Each entry is one block of Deflate with fixed
 * codes, and a run of any length takes 13 bits for each 258 bytes.  After the
 * file cannot be written, the calls do nothing.
 *
 * Sources: PKWARE's APPNOTE.TXT, 6.3; RFC 1951.
 */
#ifndef VIRTUAL_ZIP_H
#define VIRTUAL_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ZIP_ENTRIES_MAX 256
#define ZIP_NAME_SIZE   16

struct zip_entry {
	char name[ZIP_NAME_SIZE];
	uint32_t offset, packed, size, crc;
};

struct zip {
	FILE *file;
	int error; /* the first errno, or 0 */
	unsigned count;
	struct zip_entry entries[ZIP_ENTRIES_MAX];
	/* The entry that is being written, the last one */
	uint32_t crc;
	uint64_t bits; /* not yet in the file, from bit 0 */
	unsigned bits_count;
};

/* The file remains the caller's. */
void zip_open(struct zip *zip, FILE *file);
void zip_begin(struct zip *zip, const char *name);
void zip_text(struct zip *zip, const char *text);
/* These two bytes, the low one first, so many times. */
void zip_repeat(struct zip *zip, uint16_t pair, uint64_t count);
void zip_end(struct zip *zip);
/* All entries are written: 0 or -errno. */
int zip_close(struct zip *zip);

#endif
