/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes the text after "virtual:", gives what of it is for one device. */
#include "uri.h"

#include <stdlib.h>
#include <string.h>

/* "1.api=3" is for the device of index 1 alone: the pair without that, and
   for which; or the pair as it is, and -1. */
static const char *strip(const char *pair, int *ret_only)
{
	*ret_only = -1;
	if (pair[0] < '0' || pair[0] >= '0' + VIRTUAL_DEVICES_MAX ||
		pair[1] != '.' || pair[2] == ',' || pair[2] == '\0')
		return pair;
	/* These two are about all of them. */
	if (strncmp(pair + 2, "devices=", 8) == 0 ||
		strncmp(pair + 2, "index=", 6) == 0)
		return pair;
	*ret_only = pair[0] - '0';
	return pair + 2;
}

static const char *next(const char *pair)
{
	pair += strcspn(pair, ",");
	return *pair ? pair + 1 : NULL;
}

int virtual_options_select(const char *text, unsigned index, char *out)
{
	int only, highest = -1;

	for (const char *pair = text; pair; pair = next(pair))
		if (index != VIRTUAL_ANY && strncmp(pair, "index=", 6) == 0)
			index = strtoul(pair + 6, NULL, 0);
	for (const char *pair = text; pair; pair = next(pair)) {
		const char *rest = strip(pair, &only);
		size_t size = strcspn(rest, ",");

		if (only > highest)
			highest = only;
		if (only >= 0 && index != VIRTUAL_ANY &&
			(unsigned)only != index)
			continue;
		memcpy(out, rest, size);
		out += size;
		*out++ = ',';
	}
	/* A comma too many is skipped, as ever. */
	*out = '\0';
	return highest;
}
