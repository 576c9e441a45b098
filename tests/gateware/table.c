/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Prints the table of cores from wire/cores.h, for $readmemh. */
#include <stdio.h>

#include "wire/cores.h"

static void print(const struct core_entry *entry)
{
	const uint8_t *bytes = (const uint8_t *)entry;

	for (size_t i = 0; i < sizeof(*entry); i++)
		printf("%02x\n", bytes[i]);
}

int main(void)
{
#define X(...) print(&(struct core_entry)CORE_ENTRY(__VA_ARGS__));
	CORE_TABLE(X)
#undef X
	return 0;
}
