/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes the parser of SDCC's .map and .cdb files with any bytes.  Symbols are
   sorted, each address has one, and a look-up finds the right one. */
#include "tests/fuzz/fuzz.h"

#include "virtual/mcs51/symbols.h"

static const struct mcs51_symbol *search(
	const struct mcs51_symbols *symbols, uint32_t address)
{
	const struct mcs51_symbol *found = NULL;

	for (size_t i = 0; i < symbols->count; i++)
		if (symbols->symbol[i].address <= address)
			found = &symbols->symbol[i];
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mcs51_symbols *symbols =
		mcs51_symbols_parse((const char *)data, size);

	check(symbols != NULL);
	for (size_t i = 0; i < symbols->count; i++) {
		const struct mcs51_symbol *symbol = &symbols->symbol[i];

		check(i == 0 || symbol[-1].address < symbol->address);
		check(memchr(symbol->name, '\0', sizeof(symbol->name)) != NULL);
		check(mcs51_symbol_named(symbols, symbol->name) != NULL);
	}
	for (uint32_t address = 0; address < 0x10000; address += 0x111)
		check(mcs51_symbol_at(symbols, address) ==
			search(symbols, address));
	mcs51_symbols_destroy(symbols);
	return 0;
}
