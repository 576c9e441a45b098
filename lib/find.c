/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Finding: takes a URI and a serial number, asks the links behind it what
 * there is, gives the one that is meant.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor.h"

static const struct link_provider *const providers[] = {
	&link_usb,
	&link_virtual,
};

#define NO_DEVICE                                                          \
	"no Glasgow found; plug one in, or use the virtual one: clyde -d " \
	"virtual:"

#define PLUGGED_IN "usb:"

const struct link_provider *link_find(const char *uri, const char **ret_rest)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(*providers); i++) {
		size_t size = strlen(providers[i]->scheme);

		if (strncmp(uri, providers[i]->scheme, size) == 0 &&
			uri[size] == ':') {
			*ret_rest = uri + size + 1;
			return providers[i];
		}
	}
	return NULL;
}

static int resolve(const char *uri, const struct link_provider **ret_provider,
	const char **ret_rest)
{
	*ret_provider = link_find(uri ? uri : PLUGGED_IN, ret_rest);
	if (*ret_provider)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"'%s' is not a device URI; try usb: or virtual:", uri);
}

/* A link that tells the log, and is captured if that is asked for. */
static int open_link(struct clyde_context *context,
	const struct link_provider *provider, const char *rest, unsigned index,
	struct link **ret_link)
{
	struct link *link;
	int result = provider->open(rest, index, context->interrupt, &link);

	if (result < 0)
		return result;
	link->log = &context->log;
	*ret_link = link;
	if (context->capture)
		result = capture_wrap(context->capture, link, ret_link);
	if (result == 0)
		return 0;
	link->ops->close(link);
	return set_error(result, "out of memory");
}

static void name_it(const struct link_provider *provider, const char *rest,
	unsigned index, struct clyde_device_info *info)
{
	char name[CLYDE_URI_SIZE - 8];

	provider->name(rest, index, name, sizeof(name));
	snprintf(info->uri, sizeof(info->uri), "%s:%s", provider->scheme, name);
}

/* Open the link to one device and read what it says of itself. */
static int examine(struct clyde_context *context,
	const struct link_provider *provider, const char *rest, unsigned index,
	struct link **ret_link, struct clyde_device_info *ret_info,
	uint8_t *ret_revision)
{
	struct link *link;
	int result = 0;

	memset(ret_info, 0, sizeof(*ret_info));
	name_it(provider, rest, index, ret_info);
	link = link_take(context, ret_info->uri);
	if (link == NULL)
		result = open_link(context, provider, rest, index, &link);
	if (result < 0)
		return result;
	result = descriptor_read_info(link, ret_info, ret_revision);
	if (result < 0) {
		link->ops->close(link);
		return result;
	}
	*ret_link = link;
	return 0;
}

/* A device that is not configured is shown.  One of several that went away
   since they were counted is not. */
static int examine_all(struct clyde_context *context,
	const struct link_provider *provider, const char *rest, int count,
	struct clyde_device_info *infos)
{
	int kept = 0;

	for (int i = 0; i < count; i++) {
		struct clyde_device_info *info = &infos[kept];
		struct link *link;
		uint8_t revision;
		int result = examine(
			context, provider, rest, i, &link, info, &revision);

		if (result == 0)
			link_put(context, info->uri, link);
		if (result == 0 ||
			(result == CLYDE_ERROR_CORRUPT && info->uri[0]))
			kept++;
		else if (result != CLYDE_ERROR_NO_DEVICE || count == 1)
			return result;
	}
	memset(&infos[kept], 0, sizeof(*infos));
	return kept;
}

static int look_at_all(struct clyde_context *context,
	const struct link_provider *provider, const char *rest, int count,
	struct clyde_device_info *infos)
{
	int kept = 0;

	(void)context;
	for (int i = 0; i < count; i++) {
		struct clyde_device_info *info = &infos[kept];
		int result;

		memset(info, 0, sizeof(*info));
		name_it(provider, rest, i, info);
		result = provider->look(rest, i, info);
		if (result == 0)
			kept++;
		else if (result != CLYDE_ERROR_NO_DEVICE || count == 1)
			return result;
	}
	memset(&infos[kept], 0, sizeof(*infos));
	return kept;
}

typedef int all_reader(struct clyde_context *context,
	const struct link_provider *provider, const char *rest, int count,
	struct clyde_device_info *infos);

static int read_all(struct clyde_context *context, const char *uri,
	all_reader *read, struct clyde_device_info **ret_list)
{
	const struct link_provider *provider;
	struct clyde_device_info *infos;
	const char *rest;
	int count = resolve(uri, &provider, &rest);

	if (count == 0)
		count = provider->count(rest);
	if (count < 0)
		return count;
	infos = calloc(count + 1, sizeof(*infos));
	if (infos == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	count = read(context, provider, rest, count, infos);
	if (count < 0)
		free(infos);
	else
		*ret_list = infos;
	return count;
}

static int list(struct clyde_context *context, const char *uri,
	struct clyde_device_info **ret_list)
{
	return read_all(context, uri, examine_all, ret_list);
}

CLYDE_API int clyde_device_survey(struct clyde_context *handle, const char *uri,
	struct clyde_device_info **ret_list)
{
	return CALL(
		context, handle, read_all(context, uri, look_at_all, ret_list));
}

CLYDE_API int clyde_device_list(struct clyde_context *handle, const char *uri,
	struct clyde_device_info **ret_list)
{
	return CALL(context, handle, list(context, uri, ret_list));
}

CLYDE_API void clyde_device_list_free(struct clyde_device_info *list)
{
	free(list);
}

/* The only one that is configured, or -1: beside it, a development board of
   the same chip may stand, which looks like a Glasgow that is not. */
static int only_configured(const struct clyde_device_info *infos, int count)
{
	int only = -1;

	for (int i = 0; i < count; i++) {
		if (infos[i].serial[0] == '\0')
			continue;
		if (only >= 0)
			return -1;
		only = i;
	}
	return only;
}

const char *device_name(const struct clyde_device_info *info)
{
	return info->serial[0] ? info->serial : "the device";
}

/* A serial number to give as an example; NULL if all are bare, which show
   none. */
static const char *example(const struct clyde_device_info *infos, int count)
{
	for (int i = 0; i < count; i++)
		if (infos[i].serial[0])
			return infos[i].serial;
	return NULL;
}

/* Which of several is meant. */
static int choose(
	const struct clyde_device_info *infos, int count, const char *serial)
{
	const char *other = example(infos, count);

	if (count == 0)
		return set_error(CLYDE_ERROR_NO_DEVICE, NO_DEVICE);
	if (serial == NULL && count == 1)
		return 0;
	if (serial == NULL && only_configured(infos, count) >= 0)
		return only_configured(infos, count);
	if (serial == NULL && other == NULL)
		return set_error(CLYDE_ERROR_AMBIGUOUS,
			"%d devices found, without firmware and so without "
			"serial numbers to choose by; leave one plugged in",
			count);
	if (serial == NULL)
		return set_error(CLYDE_ERROR_AMBIGUOUS,
			"%d devices found; choose one with -s %s%s", count,
			other, count > 2 ? ", ..." : " or the other");
	for (int i = 0; i < count; i++)
		if (strcmp(infos[i].serial, serial) == 0)
			return i;
	if (other == NULL)
		return set_error(CLYDE_ERROR_NO_SERIAL,
			"no device has serial number %s; without firmware, "
			"they show none",
			serial);
	return set_error(CLYDE_ERROR_NO_SERIAL,
		"no device has serial number %s; there is %s%s", serial, other,
		count > 1 ? ", ..." : "");
}

int device_find(struct clyde_context *context, const char *uri,
	const char *serial, struct link **ret_link,
	struct clyde_device_info *ret_info, uint8_t *ret_revision)
{
	struct clyde_device_info *infos;
	const struct link_provider *provider;
	const char *rest;
	int count, index, result;

	result = resolve(uri, &provider, &rest);
	if (result < 0)
		return result;
	count = provider->count(rest);
	if (count < 0)
		return count;
	if (count == 1 && serial == NULL) {
		index = 0;
	} else {
		count = list(context, uri, &infos);
		if (count < 0)
			return count;
		index = choose(infos, count, serial);
		free(infos);
		if (index < 0)
			return index;
	}
	return examine(context, provider, rest, index, ret_link, ret_info,
		ret_revision);
}
