/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any text as a device's URI: it leads to a link, which counts what is there
 * or has a sentence against it.  No bus of this machine is looked at, and no
 * file is opened.
 */
#include "clyde.h"
#include "fuzz.h"
#include "internal.h"

static void check_name(
	const struct link_provider *provider, const char *rest, unsigned index)
{
	char name[CLYDE_URI_SIZE];

	memset(name, 0xee, sizeof(name));
	provider->name(rest, index, name, sizeof(name));
	check(memchr(name, '\0', sizeof(name)) != NULL);
}

static void look(const struct link_provider *provider, const char *rest)
{
	int count;

	/* Without a place it would ask the machine. */
	if (provider == &link_usb && *rest == '\0')
		return;
	count = provider->count(rest);
	check((count < 0) == (clyde_error_message()[0] != '\0'));
	check(strchr(clyde_error_message(), '\n') == NULL ||
		strchr(rest, '\n'));
	if (count < 0)
		check(count == CLYDE_ERROR_INVALID);
	else
		check(count > 0 && (provider != &link_usb || count == 1));
	for (int i = 0; i < count; i++)
		check_name(provider, rest, i);
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
