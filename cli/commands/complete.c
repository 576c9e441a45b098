/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde complete: lists what the last word of a command line may become.  The
 * scripts in completions/ call it at every press of the tabulator key.  So it
 * must not change anything and must not wait; the only device access is the
 * list of devices.
 */
#include "cli/complete.h"

struct request {
	struct tool *tool;
	int at; /* index of the first WORD in argv, or 0 */
};

static error_t parse_complete(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case ARGP_KEY_ARG:
		request->at = state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

static const struct argp argp = {
	.parser = parse_complete,
	.args_doc = "-- WORD...",
	.doc = "List what the last WORD of a command line may become, one a "
	       "line with what it means; the shells' completion asks this."
	       "\vWORD... is what stands behind \"clyde\"; the last may be "
	       "empty.",
	.children = children,
};

void command_complete(struct tool *tool, int argc, char **argv)
{
	static struct completion completion;
	struct request request = {.tool = tool};

	if (!parse_in_order(tool, &argp, argc, argv, &request))
		return;
	if (request.at == 0) {
		misuse(tool, "WORD is missing; see clyde help complete");
		return;
	}
	/* -d of this command says nothing about the command line to complete. */
	tool->uri = NULL;
	completion.tool = tool;
	tool->completion = &completion;
	dispatch(tool, argc - request.at + 1, argv + request.at - 1);
}
