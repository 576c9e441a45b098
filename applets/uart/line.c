/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The UART core's registers: settings for a baud rate and a frame, and
 * counters. uart.c writes the settings, pump.c reads the counters while the
 * applet runs.
 */
#include "uart.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define CLOCK_HZ 48e6

uint32_t line_bit_time(double baud)
{
	double time = round(256 * CLOCK_HZ / baud);

	if (time < UART_BIT_TIME_MIN)
		return UART_BIT_TIME_MIN;
	return time > UART_BIT_TIME_MAX ? UART_BIT_TIME_MAX : time;
}

double line_baud(uint32_t bit_time)
{
	return 256 * CLOCK_HZ / bit_time;
}

double line_guess(uint32_t pulse_cycles)
{
	static const uint32_t usual[] = {50, 75, 110, 150, 300, 600, 1200, 1800,
		2400, 4800, 9600, 14400, 19200, 28800, 31250, 38400, 57600,
		76800, 115200, 125000, 128000, 230400, 250000, 256000, 460800,
		500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
		2500000, 3000000, 4000000, 6000000, 8000000, 12000000};
	double best = CLOCK_HZ / pulse_cycles, least = INFINITY;

	/* The core sees an edge up to a cycle early or late, and a sender's
	   clock may be off by 1 %. */
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		double off = fabs(CLOCK_HZ / usual[i] - pulse_cycles);

		if (off > 1 + pulse_cycles / 100.0 || off >= least)
			continue;
		least = off;
		best = usual[i];
	}
	return best;
}

static uint8_t parity_of(const struct clyde_run *run)
{
	static const char *const names[] = {
		[UART_PARITY_NONE] = "none",
		[UART_PARITY_ZERO] = "zero",
		[UART_PARITY_ONE] = "one",
		[UART_PARITY_ODD] = "odd",
		[UART_PARITY_EVEN] = "even",
	};
	uint8_t parity = 0;

	while (!run_chosen(run, "parity", names[parity]))
		parity++;
	return parity;
}

void line_init(struct line *line, struct clyde_run *run)
{
	unsigned bits = run_value(run, "bits");
	unsigned stop = run_value(run, "stop-bits");
	uint8_t parity = parity_of(run);

	*line = (struct line){
		.run = run,
		.device = run_device(run),
		.bit_time = line_bit_time(run_value(run, "baud")),
		.verbose = run_value(run, "verbose"),
		.auto_baud = run_value(run, "auto-baud"),
		.frame_bits = 1 + bits + (parity != UART_PARITY_NONE) + stop,
		.control = (bits - 5) | (stop == 2 ? UART_TWO_STOP : 0) |
			parity << 3,
	};
}

/* One command, since each command adds to the time that a start takes. */
int line_write(struct line *line, bool receive)
{
	struct {
		uint8_t control, clear, unused[2];
		uint32_t bit_time;
	} PACKED registers = {
		.control = line->control | UART_TRANSMIT |
			(receive ? UART_RECEIVE : 0),
		.clear = UART_CLEAR_COUNTERS | UART_CLEAR_PULSE,
		.bit_time = line->bit_time,
	};

	return clyde_register_write(
		line->device, REG_UART_CONTROL, &registers, sizeof(registers));
}

void line_format(const struct line *line, char text[8])
{
	bool two_stop = line->control & UART_TWO_STOP;

	snprintf(text, 8, "%u%c%u", 5 + (line->control & UART_DATA_BITS),
		"NZMOE"[(line->control & UART_PARITY) >> 3], two_stop ? 2 : 1);
}

int64_t line_frame_ns(const struct line *line)
{
	return line->frame_bits * 1e9 / line_baud(line->bit_time);
}

int line_read(const struct line *line, struct line_registers *ret_registers)
{
	return clyde_register_read(line->device, REG_UART_CONTROL,
		ret_registers, sizeof(*ret_registers));
}

static void tell_errors(struct line *line, const struct line_registers *now)
{
	const struct clyde_field fields[] = {
		TEXT_FIELD("event", "errors"),
		COUNT_FIELD("received", now->received),
		COUNT_FIELD("framing_errors", now->framing),
		COUNT_FIELD("parity_errors", now->parity),
		COUNT_FIELD("lost", now->lost),
		END_FIELD,
	};

	run_tell(line->run, "events", fields,
		"after %" PRIu32 " bytes: %u framing errors, %u parity errors, "
		"%" PRIu32 " bytes lost",
		now->received, now->framing, now->parity, now->lost);
}

/* Change to the rate of the shortest pulse that was received. */
static int change_rate(struct line *line, uint32_t pulse)
{
	double measured = CLOCK_HZ / pulse;
	uint32_t bit_time = line_bit_time(line_guess(pulse));
	const struct clyde_field fields[] = {
		TEXT_FIELD("event", "baud"),
		REAL_FIELD("measured_baud", measured),
		REAL_FIELD("baud", line_baud(bit_time)),
		END_FIELD,
	};
	uint8_t clear = UART_CLEAR_PULSE;
	int result;

	if (bit_time == line->bit_time)
		return 0;
	line->bit_time = bit_time;
	run_tell(line->run, "events", fields,
		"the line measures %.0f baud: from here on %.0f", measured,
		line_baud(bit_time));
	result = clyde_register_write(
		line->device, REG_UART_CLEAR, &clear, sizeof(clear));
	return result < 0
		? result
		: clyde_register_write(line->device, REG_UART_BIT_TIME,
			  &line->bit_time, sizeof(line->bit_time));
}

bool line_monitored(const struct line *line)
{
	return line->verbose || line->auto_baud;
}

int line_monitor(struct line *line)
{
	struct line_registers now;
	bool wrong, lost;
	int result = line_read(line, &now);

	if (result < 0)
		return result;
	wrong = now.framing != line->reported.framing ||
		now.parity != line->reported.parity;
	lost = now.lost != line->reported.lost;
	line->reported = now;
	if (line->verbose && (wrong || lost))
		tell_errors(line, &now);
	if (!line->auto_baud || !wrong || now.pulse < UART_BIT_TIME_MIN / 256 ||
		now.pulse > UART_BIT_TIME_MAX / 256)
		return 0;
	return change_rate(line, now.pulse);
}
