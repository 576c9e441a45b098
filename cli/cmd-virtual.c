/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde virtual: a virtual Glasgow for programs that know nothing of it. */
#include "cli.h"

#include <errno.h>
#include <string.h>

#include "virtual-listen.h"

enum { KEY_LISTEN = 0x200, KEY_REVISION, KEY_PACE };

struct lending {
	struct tool *tool;
	const char *listen;
	const char *revision;
	enum pace pace;
};

static bool parse_pace(struct lending *lending, const char *pace)
{
	lending->pace = strcmp(pace, "link") == 0 ? PACE_LINK : PACE_OFF;
	if (lending->pace == PACE_LINK || strcmp(pace, "off") == 0)
		return true;
	return misuse(lending->tool, "--pace=%s is not one of off link", pace);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct lending *lending = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share(state, lending->tool);
		return 0;
	case KEY_LISTEN:
		lending->listen = argument;
		return 0;
	case KEY_REVISION:
		lending->revision = argument;
		return 0;
	case KEY_PACE:
		return parse_pace(lending, argument) ? 0 : EINVAL;
	case ARGP_KEY_ARG:
		misuse(lending->tool, "'%s' is one argument too many",
			argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"listen", KEY_LISTEN, "redir:PATH", 0,
		"Serve it by usbredir on a UNIX socket, to QEMU", 0},
	{"revision", KEY_REVISION, "REV", 0, "C0 to C3, the default", 0},
	{"pace", KEY_PACE, "off|link", 0,
		"As fast as it goes, the default; or in real time", 0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

/* What -d and --revision say, as the keys of one URI. */
static bool collect(const struct lending *lending, char *keys, size_t size)
{
	static const char scheme[] = "virtual:";
	const char *uri = lending->tool->uri ? lending->tool->uri : scheme;
	int used;

	if (strncmp(uri, scheme, strlen(scheme)) != 0)
		return misuse(lending->tool,
			"--device=%s is not a virtual device", uri);
	used = snprintf(keys, size, "%s%s%s", uri + strlen(scheme),
		lending->revision ? ",revision=" : "",
		lending->revision ? lending->revision : "");
	if (used >= (int)size)
		return misuse(lending->tool, "--device is too long");
	return true;
}

void command_virtual(struct tool *tool, int argc, char **argv)
{
	struct lending lending = {.tool = tool};
	struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Lend a virtual Glasgow to another program.  SIGUSR1 "
		       "pulls its plug, SIGUSR2 plugs it in again; see "
		       "clyde-virtual(7).",
		.children = children,
	};
	char keys[CLYDE_URI_SIZE];

	if (!parse(tool, &argp, argc, argv, &lending))
		return;
	if (lending.listen == NULL)
		misuse(tool, "say --listen redir:PATH");
	else if (collect(&lending, keys, sizeof(keys)))
		virtual_listen(tool, lending.listen, keys, lending.pace);
}
