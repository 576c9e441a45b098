/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any text as a device's URI: it leads to a provider, which finds the places
 * that it means or has a sentence against it.  No bus of this machine is
 * looked at, and no file is opened.
 */
#include "fuzz.h"
#include "lib/link/usb/usb.h"

/* Which one of this machine's is meant; without asking the machine. */
static int look_at_usb(const char *rest)
{
	struct usb_address address = {0};
	int one = usb_parse(rest, &address);

	check(one == (*rest != '\0') || one == CLYDE_ERROR_INVALID);
	if (one > 0)
		check(address.bus - 1 < 999 && address.address - 1 < 127);
	return one;
}

static int look_at_virtual(const char *rest)
{
	struct link_places places;
	struct link_place *place;
	int count = link_virtual.enumerate(rest, &places), left = count;

	check(count > 0 || count == CLYDE_ERROR_INVALID);
	STAILQ_FOREACH (place, &places, next) {
		left--;
		check(memchr(place->name, '\0', sizeof(place->name)) != NULL);
	}
	check(count < 0 || left == 0);
	link_places_free(&places);
	return count;
}

static void look(const struct link_provider *provider, const char *rest)
{
	char sentence[ERROR_SIZE];
	int result = provider == &link_usb ? look_at_usb(rest)
					   : look_at_virtual(rest);

	check((result < 0) == (clyde_error_message()[0] != '\0'));
	check(strchr(clyde_error_message(), '\n') == NULL ||
		strchr(rest, '\n'));
	if (result < 0)
		error_take(result, sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *text = take_text(&input);
	const struct link_provider *provider;
	const char *rest = NULL;

	provider = link_find(text, &rest);
	if (provider)
		check(rest > text && rest[-1] == ':');
	if (provider && strstr(rest, "eeprom=") == NULL &&
		strstr(rest, "trace=") == NULL)
		look(provider, rest);
	free(text);
	return 0;
}
