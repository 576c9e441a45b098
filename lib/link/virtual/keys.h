/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The keys behind "virtual:", for lib/link/virtual/options.c. */
#ifndef LIB_VIRTUAL_KEYS_H
#define LIB_VIRTUAL_KEYS_H

#include "uri.h"

/* The factory's first serial number; later devices count up from it. */
#define DEFAULT_SERIAL "20230101T120000Z"

struct parser {
	struct virtual_options *options;
	unsigned index; /* of the device that is asked for */
};

struct virtual_key {
	const char *name;
	int (*parse)(struct parser *parser, const char *key, const char *value);
};

/* The last has no name. */
extern const struct virtual_key virtual_keys[];

#endif
