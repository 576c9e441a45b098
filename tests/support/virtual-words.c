/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Prints the words that the parser of "virtual:" accepts, from the parser's own
 * tables, one a line: "key NAME", "part KIND KEY", "fault KIND".  Called by
 * tests/cli/test_cli.py, which compares them with clyde-virtual(7).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/link/virtual/uri.h"
#include "virtual/board/parts/part.h"

/* These draw faults, so they are no rows of the table of faults. */
static const char *const seeds[] = {"seed", "corrupt"};

static void print_keys(void)
{
	for (const struct virtual_key *key = virtual_keys; key->name; key++)
		printf("key %s\n", key->name);
}

static void print_parts(void)
{
	for (const struct part_kind *const *kind = part_kinds; *kind; kind++)
		for (const struct part_key *key = (*kind)->keys; key->name;
			key++)
			printf("part %s %s\n", (*kind)->name, key->name);
}

static void print_faults(void)
{
	char text[FAULT_TEXT_SIZE];

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++) {
		fault_text(&(struct fault){.kind = kind}, text);
		text[strcspn(text, "@")] = '\0';
		printf("fault %s\n", text);
	}
	for (size_t i = 0; i < sizeof(seeds) / sizeof(*seeds); i++) {
		struct faults faults = {0};

		snprintf(text, sizeof(text), "%s@1", seeds[i]);
		if (faults_add(&faults, text) < 0)
			exit(1);
		printf("fault %s\n", seeds[i]);
	}
}

int main(void)
{
	print_keys();
	print_parts();
	print_faults();
	return 0;
}
