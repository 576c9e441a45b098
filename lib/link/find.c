/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Finding: lists the devices behind a URI, and chooses the one that
 * clyde_device_open() and clyde_firmware_load() mean by a URI and a serial
 * number.
 *
 * A device that cannot be read never hides another: it is listed with the
 * reason, and passed over when one is chosen.
 */
#include "lib/base/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/descriptor.h"

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

int provider_find(const char *uri, const struct link_provider **ret_provider,
	const char **ret_rest)
{
	*ret_provider = link_find(uri ? uri : PLUGGED_IN, ret_rest);
	if (*ret_provider)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"'%s' is not a device URI; try usb: or virtual:", uri);
}

static int enumerate(const char *uri, struct link_places *ret_places)
{
	const struct link_provider *provider;
	const char *rest;
	int result = provider_find(uri, &provider, &rest);

	return result < 0 ? result : provider->enumerate(rest, ret_places);
}

/* The link that the context has kept for a place, or a new one.  It writes to
   the context's log, and to its capture if any. */
static int open_link(struct clyde_context *context, struct link_place *place,
	const char *uri, struct link **ret_link)
{
	struct link *link = link_take(context, uri);
	int result = 0;

	if (link == NULL)
		result =
			place->provider->open(place, context->interrupt, &link);
	if (result < 0)
		return result;
	link->log = &context->log;
	*ret_link = link;
	if (context->capture)
		result = capture_wrap(context->capture, link, ret_link);
	if (result == 0)
		return 0;
	/* Closes a new link; a kept link stays with the context. */
	link_put(context, uri, link);
	return set_error(result, "out of memory");
}

static void name_it(
	const struct link_place *place, struct clyde_device_info *info)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->uri, sizeof(info->uri), "%s:%s", place->provider->scheme,
		place->name);
}

/* Open the link to one device and get what its descriptors say, by one of the
   functions of descriptor.h. */
static int examine(struct clyde_context *context, struct link_place *place,
	int (*get)(struct link *link, struct clyde_device_info *info,
		uint8_t *ret_revision),
	struct link **ret_link, struct clyde_device_info *ret_info,
	uint8_t *ret_revision)
{
	struct link *link;
	int result;

	name_it(place, ret_info);
	result = open_link(context, place, ret_info->uri, &link);
	if (result < 0)
		return result;
	result = get(link, ret_info, ret_revision);
	if (result < 0) {
		link->ops->close(link);
		return result;
	}
	*ret_link = link;
	return 0;
}

/* ---- Lists ------------------------------------------------------------ */

/* Errors of the whole call, which are not the state of one device. */
static bool is_fatal(int result)
{
	return result == CLYDE_ERROR_NO_MEMORY ||
		result == CLYDE_ERROR_EXHAUSTED ||
		result == CLYDE_ERROR_INTERRUPTED ||
		result == CLYDE_ERROR_CANCELED;
}

/* What keeps a device that can be read from being used. */
static int check_usable(struct link *link, const struct clyde_device_info *info)
{
	int result = device_check_level(info);

	if (result < 0)
		return result;
	result = link->ops->busy ? link->ops->busy(link) : 0;
	if (result == CLYDE_ERROR_BUSY)
		set_error(result,
			"%s is in use by another program; end that first",
			device_name(info));
	return result;
}

static void set_state(struct clyde_device_info *info, int state)
{
	info->state = state;
	error_take(state, info->why);
}

int device_inspect(struct clyde_context *context, struct link_place *place,
	struct clyde_device_info *info)
{
	struct link *link;
	uint8_t revision;
	int result = examine(
		context, place, descriptor_learn_info, &link, info, &revision);

	if (result == 0) {
		info->readable = true;
		result = check_usable(link, info);
		link_put(context, info->uri, link);
		if (result < 0)
			set_state(info, result);
		return 0;
	}
	if (is_fatal(result) || result == CLYDE_ERROR_NO_DEVICE)
		return result;
	info->readable = result == CLYDE_ERROR_CORRUPT && !info->configured;
	if (!info->readable) {
		name_it(place, info);
		place->provider->look(place, info);
	}
	set_state(info, result);
	return 0;
}

/* Devices that left after they were enumerated are not in the list. */
static int inspect_all(struct clyde_context *context,
	const struct link_places *places, struct clyde_device_info *infos)
{
	struct link_place *place;
	int kept = 0;

	STAILQ_FOREACH (place, places, next) {
		int result = device_inspect(context, place, &infos[kept]);

		if (result == 0)
			kept++;
		else if (result != CLYDE_ERROR_NO_DEVICE)
			return result;
	}
	memset(&infos[kept], 0, sizeof(*infos));
	return kept;
}

static int list_places(struct clyde_context *context,
	const struct link_places *places, int count,
	struct clyde_device_info **ret_list)
{
	struct clyde_device_info *infos = calloc(count + 1, sizeof(*infos));

	if (infos == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	count = inspect_all(context, places, infos);
	if (count < 0)
		free(infos);
	else
		*ret_list = infos;
	return count;
}

static int list(struct clyde_context *context, const char *uri,
	struct clyde_device_info **ret_list)
{
	struct link_places places;
	int count = enumerate(uri, &places);

	if (count < 0)
		return count;
	count = list_places(context, &places, count, ret_list);
	link_places_free(&places);
	return count;
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

/* ---- Choosing --------------------------------------------------------- */

const char *device_name(const struct clyde_device_info *info)
{
	return info->serial[0] ? info->serial : "the device";
}

/* What there is to choose from. */
struct choice {
	const struct clyde_device_info *infos;
	int count, readable;
	const char *example; /* a serial number, or NULL if none is shown */
	const struct clyde_device_info *unread; /* the first, or NULL */
};

static struct choice look_over(const struct clyde_device_info *infos, int count)
{
	struct choice choice = {.infos = infos, .count = count};

	for (int i = 0; i < count; i++) {
		choice.readable += infos[i].readable;
		if (!infos[i].readable && choice.unread == NULL)
			choice.unread = &infos[i];
		if (infos[i].serial[0] && choice.example == NULL)
			choice.example = infos[i].serial;
	}
	return choice;
}

/* The index of the only device with a serial number, or -1.  Devices without
   one, a development board with the same chip or a device that cannot be read,
   do not make the choice ambiguous. */
static int only_configured(const struct choice *choice)
{
	int only = -1;

	for (int i = 0; i < choice->count; i++) {
		if (choice->infos[i].serial[0] == '\0')
			continue;
		if (only >= 0)
			return -1;
		only = i;
	}
	return only;
}

static int refuse_unread(const struct clyde_device_info *unread)
{
	return set_error(unread->state, "%s", unread->why);
}

static int choose_any(const struct choice *choice)
{
	int only = only_configured(choice);

	if (only >= 0)
		return only;
	if (choice->count == 1)
		return 0;
	if (choice->example == NULL && choice->unread)
		return refuse_unread(choice->unread);
	if (choice->example == NULL)
		return set_error(CLYDE_ERROR_AMBIGUOUS,
			"%d devices found, without firmware and so without "
			"serial numbers to choose by; leave one plugged in",
			choice->count);
	return set_error(CLYDE_ERROR_AMBIGUOUS,
		"%d devices found; choose one with -s %s%s", choice->readable,
		choice->example,
		choice->readable > 2 ? ", ..." : " or the other");
}

static int choose_serial(const struct choice *choice, const char *serial)
{
	const struct clyde_device_info *unread = choice->unread;

	for (int i = 0; i < choice->count; i++)
		if (strcmp(choice->infos[i].serial, serial) == 0)
			return i;
	if (choice->readable == 0)
		return refuse_unread(unread);
	if (unread)
		return set_error(CLYDE_ERROR_NO_SERIAL,
			"no device that can be read has serial number %s; %s "
			"cannot be: %s",
			serial, unread->uri, unread->why);
	if (choice->example == NULL)
		return set_error(CLYDE_ERROR_NO_SERIAL,
			"no device has serial number %s; without firmware, "
			"they show none",
			serial);
	return set_error(CLYDE_ERROR_NO_SERIAL,
		"no device has serial number %s; there is %s%s", serial,
		choice->example, choice->count > 1 ? ", ..." : "");
}

/* The index of the device that a serial number, or NULL, means; or an error. */
static int choose(
	const struct clyde_device_info *infos, int count, const char *serial)
{
	struct choice choice = look_over(infos, count);

	if (count == 0)
		return set_error(CLYDE_ERROR_NO_DEVICE, NO_DEVICE);
	return serial ? choose_serial(&choice, serial) : choose_any(&choice);
}

static struct link_place *place_of(
	const struct link_places *places, const char *uri)
{
	struct link_place *place;

	STAILQ_FOREACH (place, places, next)
		if (strcmp(uri + strlen(place->provider->scheme) + 1,
			    place->name) == 0)
			return place;
	return NULL;
}

/* The place of the chosen device. */
static int choose_place(struct clyde_context *context,
	const struct link_places *places, int count, const char *serial,
	struct link_place **ret_place)
{
	struct clyde_device_info *infos;
	int index;

	count = list_places(context, places, count, &infos);
	if (count < 0)
		return count;
	index = choose(infos, count, serial);
	if (index >= 0)
		*ret_place = place_of(places, infos[index].uri);
	free(infos);
	return index < 0 ? index : 0;
}

int device_find(struct clyde_context *context, const char *uri,
	const char *serial, struct link **ret_link,
	struct clyde_device_info *ret_info, uint8_t *ret_revision)
{
	struct link_places places;
	struct link_place *place;
	int result, count = enumerate(uri, &places);

	if (count < 0)
		return count;
	place = STAILQ_FIRST(&places);
	result = 0;
	if (count != 1 || serial)
		result = choose_place(context, &places, count, serial, &place);
	if (result == 0)
		result = examine(context, place, descriptor_recall_info,
			ret_link, ret_info, ret_revision);
	link_places_free(&places);
	if (result < 0)
		return result;
	ret_info->readable = true;
	return 0;
}

/* For examine(): a board without a configuration block is found, too. */
static int learn_of_any(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision)
{
	int result;

	*ret_revision = REVISION_NONE;
	result = descriptor_learn_info(link, info, ret_revision);
	return result == CLYDE_ERROR_CORRUPT && !info->configured ? 0 : result;
}

int device_find_named(struct clyde_context *context, const char *uri,
	struct link **ret_link, struct clyde_device_info *ret_info,
	uint8_t *ret_revision)
{
	struct link_places places;
	int result;

	if (uri == NULL || strcmp(uri, PLUGGED_IN) == 0)
		return set_error(CLYDE_ERROR_INVALID,
			"say which board it is: -d usb:BUS:ADDRESS, as lsusb "
			"and clyde list show it");
	result = enumerate(uri, &places);
	if (result < 0)
		return result;
	if (result == 1)
		result = examine(context, STAILQ_FIRST(&places), learn_of_any,
			ret_link, ret_info, ret_revision);
	else
		result = set_error(CLYDE_ERROR_AMBIGUOUS,
			"%d devices found; this is for one at a time", result);
	link_places_free(&places);
	return result;
}
