/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Links that a context keeps although no device object uses them.  A virtual
 * device ends with its link, and with the device the firmware that was loaded into
 * its RAM, so lib/device/firmware.c marks its link as `kept`.  find.c takes the
 * link when a device with its URI is opened or listed next.
 */
#include "lib/base/internal.h"

#include <string.h>

/* Nothing is allocated, since a failure would lose the firmware.  A kept link is
   not captured, so that a capture can begin or end before the next open. */
void link_put(struct clyde_context *context, const char *uri, struct link *link)
{
	if (!link->kept) {
		link->ops->close(link);
		return;
	}
	if (link->inner) {
		link = capture_unwrap(link);
		link->kept = true;
	}
	strncpy(link->kept_uri, uri, sizeof(link->kept_uri) - 1);
	LIST_INSERT_HEAD(&context->kept, link, in_context);
}

struct link *link_take(struct clyde_context *context, const char *uri)
{
	struct link *link;

	LIST_FOREACH (link, &context->kept, in_context)
		if (strcmp(link->kept_uri, uri) == 0) {
			LIST_REMOVE(link, in_context);
			return link;
		}
	return NULL;
}

void link_drop_all(struct clyde_context *context)
{
	struct link *link;

	while ((link = LIST_FIRST(&context->kept))) {
		LIST_REMOVE(link, in_context);
		link->ops->close(link);
	}
}
