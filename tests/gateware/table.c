/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The table of cores, straight from wire/cores.h, for $readmemh. */
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
#define X(NAME, name, id_, version_, base_, registers_, outputs_, inputs_, \
	flags_)                                                            \
	print(&(struct core_entry){                                        \
		.id = id_,                                                 \
		.version = version_,                                       \
		.base = base_,                                             \
		.registers = registers_,                                   \
		.first_output = outputs_ ? OUTPUT_##NAME : 0,              \
		.outputs = outputs_,                                       \
		.first_input = inputs_ ? INPUT_##NAME : 0,                 \
		.inputs = inputs_,                                         \
		.flags = flags_,                                           \
	});
	CORE_TABLE(X)
#undef X
	return 0;
}
