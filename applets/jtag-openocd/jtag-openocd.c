/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet jtag-openocd: its table, its claims and its run.  The library calls
 * claim() and run() by applet_jtag_openocd.  session.c serves the clients.
 */
#include "session.h"

#include "applets/shared/jtag.h"
#include "applets/shared/server.h"

static const struct clyde_parameter parameters[] = {
	SERVER_ENDPOINT("tcp::2222"),
	JTAG_PINS,
	JTAG_FREQUENCY("1MHz", "Of TCK; OpenOCD cannot set it"),
	JTAG_DELAY,
	SERVER_ONCE,
	{0},
};

static int claim(struct clyde_run *run)
{
	int result = server_check(run, "jtag-openocd", false);

	return result < 0 ? result : jtag_claim(run, "jtag-openocd");
}

static int run(struct clyde_run *run)
{
	struct jtag *jtag = NULL;
	int result = jtag_open(run, run_value(run, "frequency"), &jtag);

	if (result == 0)
		result = session_serve(run, jtag);
	jtag_close(jtag);
	return result;
}

const struct applet applet_jtag_openocd = {
	.table =
		{
			.name = "jtag-openocd",
			.help = "Let OpenOCD use JTAG, by its protocol "
				"remote_bitbang",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
