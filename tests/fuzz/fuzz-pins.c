/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes the parser of pins with any text.  It must return only pins that
   exist, and no more than there is room for; after an error the result must be
   unchanged. */
#include <stdlib.h>
#include <string.h>

#include "clyde.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void parse(const char *text)
{
	struct clyde_pin *pins = malloc(CLYDE_PINS_MAX * sizeof(*pins));
	int count;

	check(pins != NULL);
	memset(pins, 0xee, CLYDE_PINS_MAX * sizeof(*pins));
	count = clyde_pins_parse(text, pins);
	check(count <= CLYDE_PINS_MAX);
	if (count < 0)
		check(*clyde_error_message() && pins[0].port == 0xee);
	for (int i = 0; i < count; i++)
		check(pins[i].port < CLYDE_PORT_COUNT && pins[i].number < 8);
	free(pins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly this size, so that a read beyond it is found. */
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	parse(text);
	free(text);
	return 0;
}
