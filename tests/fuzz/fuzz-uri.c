/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parser of device URIs with any text: it leads to a provider, which
 * finds the places that the URI names or refuses it with a sentence.  The
 * target must not access a USB bus of this machine, and must not open a file.
 */
#include "fuzz.h"
#include "lib/link/usb/usb.h"

/* Parses which device of this machine is meant, without access to it. */
static int parse_usb(const char *rest)
{
	struct usb_address address = {0};
	int one = usb_parse(rest, &address);

	check(one == (*rest != '\0') || one == CLYDE_ERROR_INVALID);
	if (one > 0)
		check(address.bus - 1 < 999 && address.address - 1 < 127);
	return one;
}

static int parse_virtual(const char *rest)
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

static void parse_rest(const struct link_provider *provider, const char *rest)
{
	char sentence[ERROR_SIZE];
	int result =
		provider == &link_usb ? parse_usb(rest) : parse_virtual(rest);

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
	if (provider && !names_file(rest))
		parse_rest(provider, rest);
	free(text);
	return 0;
}
