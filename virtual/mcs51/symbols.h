/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Names of code addresses, from what SDCC's linker writes: a .map or a .cdb
 * file.  The files are foreign: any bytes give symbols or none, never harm.
 */
#ifndef VIRTUAL_MCS51_SYMBOLS_H
#define VIRTUAL_MCS51_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct mcs51_symbol {
	uint16_t address;
	char name[54]; /* without SDCC's underscore; cut off if longer */
};

struct mcs51_symbols {
	size_t count;
	struct mcs51_symbol *symbol; /* sorted by address, each once */
};

/* Parse the text of a .map or .cdb file, which need not end with 0.  Returns
   NULL if there is no memory; no symbols if the text has none. */
struct mcs51_symbols *mcs51_symbols_parse(const char *text, size_t size);
void mcs51_symbols_destroy(struct mcs51_symbols *symbols);

/* The last symbol at or before the address, or NULL. */
const struct mcs51_symbol *mcs51_symbol_at(
	const struct mcs51_symbols *symbols, uint16_t address);

/* The symbol of this name, without or with the leading underscore, or NULL. */
const struct mcs51_symbol *mcs51_symbol_named(
	const struct mcs51_symbols *symbols, const char *name);

#endif
