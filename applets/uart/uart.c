/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The UART applet's table, its claims and its run.  The library calls claim()
 * and run() by applet_uart.
 */
#include "uart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const struct clyde_parameter parameters[] = {
	{
		.name = "mode",
		.type = CLYDE_PARAMETER_ONE_OF,
		.positional = true,
		.initial = "tty",
		.choices = "tty pty socket",
		.help = "Where the bytes go to and come from: this terminal, a "
			"pseudoterminal whose path is told, or a socket",
	},
	{
		.name = "endpoint",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.help = "For socket, tcp:HOST:PORT or unix:PATH to listen at; "
			"for pty, a path for a link to it",
	},
	{
		.name = "tx",
		.type = CLYDE_PARAMETER_PIN,
		.help = "The pin that transmits",
	},
	{
		.name = "rx",
		.type = CLYDE_PARAMETER_PIN,
		.help = "The pin that receives",
	},
	{
		.name = "baud",
		.key = 'b',
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 46,
		.maximum = 12000000,
		.unit = "rate",
		.initial = "115200",
		.help = "Bits a second",
	},
	{
		.name = "auto-baud",
		.key = 'a',
		.type = CLYDE_PARAMETER_FLAG,
		.help = "When there are errors, change to the rate that the "
			"received bits have",
	},
	{
		.name = "bits",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 5,
		.maximum = 8,
		.initial = "8",
		.help = "Data bits",
	},
	{
		.name = "parity",
		.type = CLYDE_PARAMETER_ONE_OF,
		.initial = "none",
		.choices = "none zero one odd even",
		.help = "Parity bit",
	},
	{
		.name = "stop-bits",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 1,
		.maximum = 2,
		.initial = "1",
		.help = "Stop bits",
	},
	{
		.name = "no-pull",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Leave rx without its pull resistor",
	},
	{
		.name = "stream",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "With tty, go on receiving when the input is at its "
			"end",
	},
	{
		.name = "once",
		.type = CLYDE_PARAMETER_FLAG,
		.help = "With pty and socket, end with the first who connects",
	},
	{
		.name = "verbose",
		.key = 'v',
		.type = CLYDE_PARAMETER_FLAG,
		.help = "Tell of errors when they happen",
	},
	{0},
};

static bool streams(const struct clyde_run *run)
{
	return run_chosen(run, "mode", "tty");
}

/* ---- Claims ----------------------------------------------------------- */

static int check_endpoint(struct clyde_run *run)
{
	bool given = run_text(run, "endpoint") != NULL;

	if (run_chosen(run, "mode", "tty") && given)
		return set_error(CLYDE_ERROR_INVALID,
			"uart: tty is this terminal, and takes no '%s'",
			run_text(run, "endpoint"));
	if (run_chosen(run, "mode", "socket") && !given)
		return set_error(CLYDE_ERROR_INVALID,
			"uart: socket needs an address: tcp:127.0.0.1:PORT or "
			"unix:PATH");
	if (run_chosen(run, "mode", "socket"))
		return endpoint_check("uart", run_text(run, "endpoint"));
	return 0;
}

static int claim(struct clyde_run *run)
{
	const struct clyde_pin *tx, *rx;
	unsigned out = run_pins(run, "tx", &tx), in = run_pins(run, "rx", &rx);
	int result = check_endpoint(run);

	if (result == 0 && !out && !in)
		result = set_error(CLYDE_ERROR_INVALID,
			"uart: a pin is needed: --tx, --rx or both");
	if (result == 0)
		result = run_claim_core(run, CORE_UART,
			(out ? CORE_TAKES : 0) | (in ? CORE_GIVES : 0));
	if (result == 0 && out)
		result = run_claim_pin(run, "tx", tx, PIN_OUTPUT, OUTPUT_UART);
	if (result == 0 && in)
		result = run_claim_pin(run, "rx", rx, PIN_INPUT, INPUT_UART);
	return result;
}

/* ---- The run ---------------------------------------------------------- */

/* The pull for an idle line, which is high unless it is inverted. */
static int pull_rx(struct clyde_run *run)
{
	const struct clyde_pin *rx;

	if (run_pins(run, "rx", &rx) == 0 || run_value(run, "no-pull"))
		return 0;
	return run_pull(run, rx, rx->invert ? PULL_DOWN : PULL_UP);
}

/* The receiver is enabled last: while the pin is not connected or its pull is
   not set, the core would receive bytes that nobody sent. */
static int start(struct pump *pump)
{
	const struct clyde_pin *pins;
	struct clyde_run *run = pump->run;
	unsigned out = run_pins(run, "tx", &pins);
	unsigned in = run_pins(run, "rx", &pins);
	int result = pump_open(pump, out, in);

	if (result == 0)
		result = line_write(pump->line, false);
	if (result == 0)
		result = pull_rx(run);
	if (result == 0)
		result = run_connect(run);
	if (result == 0 && in)
		result = line_write(pump->line, true);
	return result;
}

static void pin_text(struct clyde_run *run, const char *name, char text[8])
{
	const struct clyde_pin *pin;

	if (run_pins(run, name, &pin) == 0)
		snprintf(text, 8, "none");
	else
		snprintf(text, 8, "%c%u%s", 'A' + pin->port, pin->number,
			pin->invert ? "#" : "");
}

static void tell_start(const struct pump *pump)
{
	struct clyde_run *run = pump->run;
	double baud = line_baud(pump->line->bit_time);
	char tx[8], rx[8], format[8];

	pin_text(run, "tx", tx);
	pin_text(run, "rx", rx);
	line_format(pump->line, format);
	run_tell(run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("tx", tx), TEXT_FIELD("rx", rx),
			REAL_FIELD("baud", baud), TEXT_FIELD("format", format),
			END_FIELD},
		"tx %s, rx %s, %.*f baud, %s", tx, rx,
		baud == (uint64_t)baud ? 0 : 2, baud, format);
}

static void tell_end(
	const struct pump *pump, const struct line_registers *registers)
{
	char unconnected[64] = "", lost[80] = "none lost";

	if (pump->unconnected)
		snprintf(unconnected, sizeof(unconnected),
			" (%" PRIu64 " of them while nobody was connected)",
			pump->unconnected);
	if (registers->lost)
		snprintf(lost, sizeof(lost),
			"%" PRIu32 " lost, the first at byte %#" PRIx32,
			registers->lost, registers->overrun);
	run_tell(pump->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "end"),
			COUNT_FIELD("sent", pump->sent),
			COUNT_FIELD("refused", pump->refused),
			COUNT_FIELD("received", pump->received),
			COUNT_FIELD("unheard", pump->unconnected),
			COUNT_FIELD("framing_errors", registers->framing),
			COUNT_FIELD("parity_errors", registers->parity),
			COUNT_FIELD("lost", registers->lost),
			COUNT_FIELD("lost_at", registers->overrun), END_FIELD},
		"%" PRIu64 " bytes sent, %" PRIu64
		" received%s; %u framing errors, %u parity errors, %s",
		pump->sent, pump->received, unconnected, registers->framing,
		registers->parity, lost);
}

/* The core's counters are reported after an interrupt, too. */
static int finish(struct pump *pump, int result)
{
	struct line_registers registers = {0};
	int read = run_read_last(
		pump->run, REG_UART_CONTROL, &registers, sizeof(registers));

	tell_end(pump, &registers);
	if (result < 0 || read < 0)
		return result < 0 ? result : read;
	if (registers.lost)
		return set_error(CLYDE_ERROR_WRONG_DATA,
			"uart: %" PRIu32 " received bytes were lost, the first "
			"at byte %#" PRIx32 ": they were not taken in time",
			registers.lost, registers.overrun);
	return 0;
}

static int open_endpoint(struct endpoint *endpoint, struct clyde_run *run)
{
	endpoint_init(endpoint, run);
	if (run_chosen(run, "mode", "tty"))
		return endpoint_open_tty(endpoint);
	if (run_chosen(run, "mode", "pty"))
		return endpoint_open_pty(endpoint, run_text(run, "endpoint"));
	return endpoint_listen(endpoint, run_text(run, "endpoint"));
}

static int run(struct clyde_run *run)
{
	struct endpoint endpoint;
	struct line line;
	struct pump pump = {
		.run = run,
		.device = run_device(run),
		.line = &line,
		.endpoint = &endpoint,
	};
	int result;

	line_init(&line, run);
	result = open_endpoint(&endpoint, run);
	if (result == 0)
		result = start(&pump);
	if (result == 0) {
		tell_start(&pump);
		result = finish(&pump, pump_run(&pump));
	}
	endpoint_close(&endpoint);
	return result;
}

const struct applet applet_uart = {
	.table =
		{
			.name = "uart",
			.help = "Send and receive bytes over a serial line",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
	.streams = streams,
};
