/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde complete: what the last word of a command line may become.  The
 * scripts in completions/ call it at every press of the tabulator key, so it
 * must not change anything, wait for anything, or open a device for long.
 */
#include "cli/complete.h"

struct request {
	struct tool *tool;
	int at; /* of the first WORD, or 0 */
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		share(state, request->tool);
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
	.parser = take,
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
	/* What the options of this command named is not that line's. */
	tool->uri = NULL;
	completion.tool = tool;
	tool->completion = &completion;
	dispatch(tool, argc - request.at + 1, argv + request.at - 1);
}
