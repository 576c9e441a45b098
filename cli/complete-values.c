/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Lists values for complete.c, by a placeholder of a usage line or by a
 * parameter of an applet.  Each is a line: the word, a tab, its meaning.  A
 * line that begins with a tab is a directive for the shell's script; clyde(1)
 * describes the format, completions/ has the scripts.  An error must not print
 * anything: it would garble the user's command line.
 */
#include "complete.h"

#include "applet.h"

#include <ctype.h>
#include <string.h>

#include "lib/link/virtual/uri.h"

/* ---- Lines ------------------------------------------------------------ */

void offer(struct completion *completion, const char *word, const char *help)
{
	size_t size = strlen(completion->value);

	if (strncmp(word, completion->value, size) != 0)
		return;
	printf("%.*s%s\t%s\n", completion->prefix_size, completion->prefix,
		word, help ? help : "");
	completion->offered++;
}

void offer_files(struct completion *completion)
{
	printf("\tfiles %.*s\n", completion->prefix_size, completion->prefix);
	completion->offered++;
}

void offer_command(struct completion *completion, int words)
{
	printf("\tcommand %d\n", words);
	completion->offered++;
}

/* List each word of a list like "source sink". */
static void offer_list(
	struct completion *completion, const char *list, const char *help)
{
	while (*list) {
		char word[64];
		size_t size = strcspn(list, " ");

		snprintf(word, sizeof(word), "%.*s", (int)size, list);
		offer(completion, word, help);
		list += size + strspn(list + size, " ");
	}
}

/* ---- Devices ---------------------------------------------------------- */

static void offer_devices(
	struct completion *completion, const char *uri, bool serial)
{
	struct clyde_device_info *list;
	int count = clyde_device_list(completion->tool->context, uri, &list);

	for (int i = 0; i < count; i++) {
		make_printable(list[i].serial);
		make_printable(list[i].product);
		if (!serial)
			offer(completion, list[i].uri, list[i].serial);
		else if (list[i].serial[0])
			offer(completion, list[i].serial, list[i].product);
	}
	if (count >= 0)
		clyde_device_list_free(list);
}

static void offer_serials(struct completion *completion)
{
	offer_devices(completion, completion->tool->uri, true);
}

/* The keys of a URI like "virtual:revision=C2,dev"; the text up to the last
   comma or the colon is repeated in front of each. */
static void offer_keys(struct completion *completion)
{
	const char *value = completion->value;
	const char *comma = strrchr(value, ',');
	int size = (int)((comma ? comma : strchr(value, ':')) + 1 - value);

	for (const struct virtual_key *key = virtual_keys; key->name; key++) {
		char text[CLYDE_URI_SIZE + 32];

		snprintf(text, sizeof(text), "%.*s%s=", size, value, key->name);
		offer(completion, text, NULL);
	}
}

static void offer_uris(struct completion *completion)
{
	static const char scheme[] = "virtual:";

	if (strncmp(completion->value, scheme, strlen(scheme)) == 0) {
		offer_keys(completion);
		return;
	}
	offer(completion, scheme, "A device that is not there");
	offer(completion, "usb:", "Devices plugged into this machine");
	offer_devices(completion, NULL, false);
}

/* ---- Tables of the tool ----------------------------------------------- */

void offer_levels(struct completion *completion)
{
	const char *name;

	for (unsigned i = 0; (name = log_level_at(i)); i++)
		offer(completion, name, NULL);
}

static void offer_commands(struct completion *completion)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		offer(completion, command->name, command->help);
}

static void offer_applets(struct completion *completion)
{
	const struct clyde_applet *applet;

	for (size_t i = 0; (applet = clyde_applet_at(i)); i++) {
		offer(completion, applet->name, applet->help);
		if (applet->aliases)
			offer_list(completion, applet->aliases, applet->help);
	}
}

/* ---- Pins and ports --------------------------------------------------- */

/* Pins in a list like "A0,B"; the text up to the last comma, colon or hyphen is
   repeated in front of each. */
static void offer_pins(struct completion *completion)
{
	const char *value = completion->value;
	size_t size = strlen(value);

	while (size > 0 && !strchr(",:-", value[size - 1]))
		size--;
	for (int port = 'A'; port <= 'B'; port++)
		for (int pin = '0'; pin <= '7'; pin++) {
			char text[CLYDE_URI_SIZE];

			snprintf(text, sizeof(text), "%.*s%c%c", (int)size,
				value, port, pin);
			offer(completion, text, NULL);
		}
}

static void offer_ports(struct completion *completion)
{
	offer_list(completion, "A B AB", NULL);
}

static void offer_supplies(struct completion *completion)
{
	offer_list(completion, "A= B= AB=", NULL);
}

static void offer_revisions(struct completion *completion)
{
	offer_list(completion, "C0 C1 C2 C3", NULL);
}

/* ---- Placeholders ----------------------------------------------------- */

static const struct placeholder {
	const char *name;
	void (*offer)(struct completion *completion);
} placeholders[] = {
	{"APPLET", offer_applets},
	{"COMMAND", offer_commands},
	{"FILE", offer_files},
	{"PIN", offer_pins},
	{"PORTS", offer_ports},
	{"REV", offer_revisions},
	{"SERIAL", offer_serials},
	{"SPEC", offer_supplies},
	{"URI", offer_uris},
};

static void offer_named(
	struct completion *completion, const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(*placeholders);
		i++)
		if (strlen(placeholders[i].name) == size &&
			strncmp(placeholders[i].name, name, size) == 0)
			placeholders[i].offer(completion);
}

void offer_placeholder(
	struct completion *completion, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		size_t upper = 0, lower = 0;
		char word[32];

		while (text + upper < end &&
			isupper((unsigned char)text[upper]))
			upper++;
		/* The literal "redir:" of "redir:PATH" */
		while (text + lower < end && text[lower] != '|' &&
			!isupper((unsigned char)text[lower]))
			lower++;
		snprintf(word, sizeof(word), "%.*s", (int)lower, text);
		if (upper)
			offer_named(completion, text, upper);
		else
			offer(completion, word, NULL);
		text += strcspn(text, "|") + 1;
	}
}

/* ---- Parameters of applets -------------------------------------------- */

/* The default, and the typed number with each unit: "64" gives "64KiB" and so
   on. */
static void offer_quantity(struct completion *completion,
	const struct clyde_parameter *parameter, const char *units)
{
	const char *value = completion->value;
	int digits = (int)strspn(value, "0123456789.");

	if (parameter->initial && *parameter->initial)
		offer(completion, parameter->initial, "default");
	while (digits > 0 && *units) {
		char text[64];
		size_t size = strcspn(units, " ");

		snprintf(text, sizeof(text), "%.*s%.*s", digits, value,
			(int)size, units);
		offer(completion, text, NULL);
		units += size + strspn(units + size, " ");
	}
}

static void offer_choices(
	struct completion *completion, const struct clyde_parameter *parameter)
{
	for (const char *at = parameter->choices; *at;) {
		char word[64], help[256];
		size_t size = strcspn(at, " ");

		snprintf(word, sizeof(word), "%.*s", (int)size, at);
		choice_help(parameter, word, help, sizeof(help));
		offer(completion, word, help);
		at += size + strspn(at + size, " ");
	}
}

void offer_parameter(
	struct completion *completion, const struct clyde_parameter *parameter)
{
	switch (parameter->type) {
	case CLYDE_PARAMETER_CHOICE:
	case CLYDE_PARAMETER_ONE_OF:
	case CLYDE_PARAMETER_VERB:
		offer_choices(completion, parameter);
		break;
	case CLYDE_PARAMETER_SIZE:
		offer_quantity(completion, parameter, "KiB MiB GiB");
		break;
	case CLYDE_PARAMETER_TIME:
		offer_quantity(completion, parameter, "ns us ms s");
		break;
	case CLYDE_PARAMETER_FREQUENCY:
		offer_quantity(completion, parameter, "Hz kHz MHz");
		break;
	case CLYDE_PARAMETER_INTEGER:
		offer_quantity(completion, parameter, "");
		break;
	case CLYDE_PARAMETER_PIN:
	case CLYDE_PARAMETER_PINS:
		offer_pins(completion);
		break;
	case CLYDE_PARAMETER_TEXT:
		offer_files(completion);
		break;
	case CLYDE_PARAMETER_WORDS:
		if (parameter->choices)
			offer_list(completion, parameter->choices, NULL);
		offer_pins(completion);
		break;
	case CLYDE_PARAMETER_FLAG:
		break;
	}
}
