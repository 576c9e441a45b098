/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any text as a supply specification: the first byte says which ports there
 * are.  No port may come out of it that is not there, or that no clause names,
 * nor any voltage that none supplies.
 */
#include <stdlib.h>
#include <string.h>

#include "clyde.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool check_supply(
	const struct clyde_supply *supply, unsigned port, clyde_ports ports)
{
	if (!supply->given)
		return false;
	check(ports >> port & 1);
	if (supply->sense >= 0)
		check(supply->sense < CLYDE_PORT_COUNT &&
			ports >> supply->sense & 1);
	else
		check(supply->supply_mv <= 5500);
	return true;
}

/* The first clause alone may be for every port without saying so. */
static bool names_ports(const char *text)
{
	for (const char *at = strchr(text, ','); at; at = strchr(at, ',')) {
		size_t size = strcspn(++at, ",");

		if (memchr(at, '=', size) == NULL)
			return false;
	}
	return true;
}

static void parse(const char *text, clyde_ports ports)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT], before[CLYDE_PORT_COUNT];
	bool any = false;

	memset(supply, 0xee, sizeof(supply));
	memcpy(before, supply, sizeof(supply));
	if (clyde_supply_parse(text, ports, supply) < 0) {
		check(*clyde_error_message());
		check(memcmp(supply, before, sizeof(supply)) == 0);
		return;
	}
	check(names_ports(text));
	for (unsigned port = 0; port < CLYDE_PORT_COUNT; port++)
		any |= check_supply(&supply[port], port, ports);
	check(any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size); /* exactly, so that reading past it is seen */
	check(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	parse(text, data[0] & 0xf);
	free(text);
	return 0;
}
