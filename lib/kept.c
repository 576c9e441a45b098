/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Links that a context keeps between two uses: firmware in RAM is gone when a
 * virtual device is, and that ends with its link.  Takes a link by the
 * device's URI, gives it to the next who opens that.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct kept {
	struct kept *next;
	struct link *link;
	char uri[CLYDE_URI_SIZE];
};

void link_put(struct clyde_context *context, const char *uri, struct link *link)
{
	struct kept *kept = link->kept ? calloc(1, sizeof(*kept)) : NULL;

	if (kept == NULL) {
		link->ops->close(link);
		return;
	}
	strncpy(kept->uri, uri, sizeof(kept->uri) - 1);
	kept->link = link;
	kept->next = context->kept;
	context->kept = kept;
}

struct link *link_take(struct clyde_context *context, const char *uri)
{
	for (struct kept **at = &context->kept; *at; at = &(*at)->next) {
		struct kept *kept = *at;
		struct link *link = kept->link;

		if (strcmp(kept->uri, uri) != 0)
			continue;
		*at = kept->next;
		free(kept);
		return link;
	}
	return NULL;
}

void link_drop_all(struct clyde_context *context)
{
	while (context->kept) {
		struct kept *kept = context->kept;

		context->kept = kept->next;
		kept->link->ops->close(kept->link);
		free(kept);
	}
}
