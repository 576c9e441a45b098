/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Send standard input over a serial line with TX on pin A0, and write the bytes
 * received on pin A1 to standard output, until the input ends.  This runs the
 * applet "uart", whose parameters are those of `clyde run uart`.
 *
 *	uart URI BAUD
 */
#include <clyde.h>
#include <stdio.h>
#include <unistd.h>

static int set_up(struct clyde_run *run, const char *baud)
{
	if (clyde_run_set(run, "tx", "A0") < 0 ||
		clyde_run_set(run, "rx", "A1") < 0 ||
		clyde_run_set(run, "baud", baud) < 0)
		return -1;
	return clyde_run_attach(run, STDIN_FILENO, STDOUT_FILENO);
}

int main(int argc, char **argv)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_run *run;

	if (argc != 3)
		fputs("usage: uart URI BAUD\n", stderr);
	if (argc != 3 || clyde_context_new(&context) < 0)
		return 1;
	if (clyde_device_open(context, argv[1], NULL, &device) < 0 ||
		clyde_supply_parse(
			"A=3.3", clyde_device_ports(device), supply) < 0 ||
		clyde_run_new(context, "uart", &run) < 0 ||
		set_up(run, argv[2]) < 0 ||
		clyde_run_start(run, device, supply, NULL) < 0) {
		fprintf(stderr, "uart: %s\n", clyde_error_message());
		clyde_context_close(context);
		return 1;
	}
	clyde_device_safe(device); /* the supply is on no longer than needed */
	clyde_context_close(context);
	return 0;
}
