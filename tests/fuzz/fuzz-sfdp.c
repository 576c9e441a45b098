/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parser of SFDP tables with any bytes, which are what a chip answers
 * from address 0 on.  Nothing behind the bytes is read; what is parsed can be
 * used without a further check: sizes are powers of two, times do not overflow.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/chip/sfdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The bytes of a table, in memory of their own, so that a read behind them is
   found; NULL if it is not in the data. */
static uint8_t *cut(const uint8_t *data, size_t size,
	const struct sfdp_table *table, size_t most, size_t *ret_size)
{
	uint8_t *bytes;

	if (table->address > size || table->size > size - table->address)
		return NULL;
	*ret_size = table->size < most ? table->size : most;
	bytes = malloc(*ret_size + 1);
	check(bytes != NULL);
	memcpy(bytes, data + table->address, *ret_size);
	return realloc(bytes, *ret_size ? *ret_size : 1);
}

static void check_parsed(const struct sfdp *sfdp)
{
	check(sfdp->size > 0 && sfdp->size <= 1ull << 32);
	check(sfdp->page_size >= 16 && sfdp->page_size <= 32768);
	check((sfdp->page_size & (sfdp->page_size - 1)) == 0);
	check(sfdp->qer <= 6 || sfdp->qer == SFDP_QER_UNKNOWN);
	check(sfdp->program_maximum_us >= sfdp->program_us);
	check(sfdp->chip_maximum_us >= sfdp->chip_us);
	check(sfdp->address <= SFDP_ADDRESS_4);
	for (unsigned i = 0; i < SFDP_ERASES; i++) {
		const struct sfdp_erase *erase = &sfdp->erases[i];

		check((erase->size & (erase->size - 1)) == 0);
		check(erase->maximum_us >= erase->typical_us);
	}
	for (unsigned i = 0; i < SFDP_READ_COUNT; i++)
		check(sfdp->reads[i].mode < 8 && sfdp->reads[i].dummy < 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sfdp_table table;
	struct sfdp sfdp;
	uint8_t *bytes;
	size_t length;
	const char *wrong;

	if (!sfdp_find(data, size, SFDP_BASIC, &table))
		return 0;
	bytes = cut(data, size, &table, SFDP_BASIC_SIZE, &length);
	if (bytes == NULL)
		return 0;
	wrong = sfdp_basic(&table, bytes, length, &sfdp);
	free(bytes);
	if (wrong) {
		check(wrong[0] && !strchr(wrong, '\n'));
		return 0;
	}
	check_parsed(&sfdp);
	if (sfdp_find(data, size, SFDP_FOUR_BYTES, &table)) {
		bytes = cut(data, size, &table, SFDP_FOUR_SIZE, &length);
		if (bytes)
			sfdp_four_bytes(bytes, length, &sfdp);
		free(bytes);
		check_parsed(&sfdp);
	}
	return 0;
}
