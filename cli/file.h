/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Files that a command reads as a whole: firmware, bitstreams, backups. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli.h"

/*
 * Read a file of up to `limit` bytes into memory that the caller frees, after a
 * failure too, if *ret_data was NULL before; a longer one, such as /dev/zero, gives a size of limit + 1.  STATUS_INPUT if it cannot
 * be read.
 */
bool read_whole(struct tool *tool, const char *path, size_t limit,
	uint8_t **ret_data, size_t *ret_size);

/* The Intel HEX file of --firmware, in the same way. */
bool read_firmware(struct tool *tool, uint8_t **ret_data, size_t *ret_size);

/* Whether --firmware names a file: the word "keep" is none. */
bool names_firmware(const struct tool *tool);

/* An id for a bitstream that has none: FNV-1a of 64 bits, so that files of
   different contents get different ids. */
void make_bitstream_id(
	const uint8_t *data, size_t size, uint8_t ret_id[CLYDE_FPGA_ID_SIZE]);

#endif
