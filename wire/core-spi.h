/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The commands of the SPI core, beside those of stream.h: a controller for SPI
 * with one, two or four lanes.
 *
 * Outputs, from OUTPUT_SPI on, in the order of enum spi_output; inputs, from
 * INPUT_SPI on, in the order of enum spi_input.  An IO line is an output and
 * an input, so its pin is given to both.  SCK, the chip selects and the side
 * outputs are always driven.  Chip selects are active low; PIN_INVERT makes
 * one active high, and PIN_OPEN_DRAIN suits a side output that resets.
 *
 * Bytes are sent and received from their highest bit on.  Of two or four lanes
 * the highest has the highest bit.
 *
 * Lines.  With one lane IO0 is the output and IO1 the input.  IO2 and IO3 are
 * static then, as STREAM_PINS has set them, and so they are with two lanes:
 * they are WP# and HOLD# of a flash chip.  A command that moves data or clocks
 * decides, at the beginning of its first clock, which lines are driven:
 *
 *	              driven, with data              released
 *	SPI_OUT       IO0, or all lanes              IO1 of one lane
 *	SPI_IN        IO0 of one lane, with ones     IO1, or all lanes
 *	both          IO0                            IO1
 *	neither       -                              IO0 and IO1, or all lanes
 *
 * and they stay so until the next such command.  SPI_THREE_WIRE is one lane on
 * IO0 in both directions: SPI_IN releases IO0, and samples it.
 *
 * Clock.  A period of SCK is a whole number of cycles of 48 MHz; SCK changes
 * in the middle of it, to half a cycle, so that the duty cycle is 50 % for odd
 * periods, too.  Outputs change at the beginning of a period, and the edge in
 * its middle is the one at which the chip samples.  The core's sample of the
 * inputs is taken at the pin a number of half cycles after that edge, as
 * SPI_CONFIG says: level shifters, cable and chip delay the answer, and half
 * a period is often less than that.  Nothing is sampled too late or too early
 * because of a short command: a command begins when the samples of the command
 * before it have been taken.
 *
 * There are no gaps between the bytes of a command, at any rate, while the OUT
 * stream has data and the IN stream room.  Without, the core pauses between
 * two bytes, with SCK as it is between commands.
 *
 * Beside its clocks a command takes a cycle for each byte of opcode and
 * operands, and one or two more; with SPI_IN 10 to 14, for the samples.
 *
 * Chip select.  After each change of a chip select the core waits two periods
 * of SCK; a chip select is high for at least 80 ns.  It goes high no earlier
 * than half a period after the last edge at which the chip samples.
 *
 * After power-up and a pipe reset no chip is selected, IO0 to IO3 are released,
 * the side outputs are 1, and the settings are those of SPI_RESET_PERIOD and
 * mode 0 without a delay of the sample.
 */
#ifndef WIRE_CORE_SPI_H
#define WIRE_CORE_SPI_H

#include "cores.h"
#include "stream.h"

enum reg_spi {
	REG_SPI_STATUS = CORE_BASE_SPI, /* r   enum spi_status */
	REG_SPI_LEVELS,                 /* r   levels of the inputs: bit n =
					       enum spi_input */
};

enum spi_status {
	SPI_BUSY = 1 << 0,        /* in a command */
	SPI_FAILED = 1 << 1,      /* skips up to the next barrier */
	SPI_STREAM_LOST = 1 << 2, /* after an unknown opcode */
};

/* An opcode is one of these, with the flags that it has.  Other flags must be
   0. */
enum spi_opcode {
	/* or'ed with the number of a chip: 0 to 3.  Select it, and no other.
	   No operands, no reply. */
	SPI_SELECT = 0x10,
	SPI_DESELECT = 0x14, /* no operands, no reply */
	/* or'ed with enum spi_lanes and enum spi_direction.  u24 length in
	   bytes, then, with SPI_OUT, so many bytes.  Reply: with SPI_IN, so
	   many bytes. */
	SPI_TRANSFER = 0x20,
	/* or'ed in the same way.  u8 clocks, from 1 to 8 divided by the lanes,
	   then, with SPI_OUT, a byte, of which the highest bits are sent.
	   Reply: with SPI_IN, a byte, of which the lowest bits were received;
	   the others are 0. */
	SPI_BITS = 0x30,
	/* or'ed with enum spi_lanes.  u16 clocks, without data in either
	   direction.  No reply. */
	SPI_DUMMY = 0x40,
	/* or'ed with enum spi_lanes and, perhaps, SPI_HELD.  struct spi_poll.
	   Reply: the byte that was received last.  Fails with
	   STREAM_TIMEOUT. */
	SPI_POLL = 0x50,
	SPI_CONFIG = 0x60, /* struct spi_config; no reply */
};

enum spi_lanes {
	SPI_ONE = 0,
	SPI_TWO = 1,
	SPI_FOUR = 2,
	SPI_THREE_WIRE = 3,
};

/* Both are for SPI_ONE only.  Neither: clocks without data. */
enum spi_direction {
	SPI_OUT = 1 << 2,
	SPI_IN = 1 << 3,
};

/*
 * SPI_POLL selects the chip that was selected last, sends the command,
 * receives a byte, and deselects the chip; it begins anew until `received &
 * mask` is `value`, or until the limit has passed after a byte was received.
 * With SPI_HELD it only receives bytes, and leaves the chip select as it is:
 * `command` is not sent.  The byte that is received after the limit counts, so
 * a limit of 0 is one look.
 */
#define SPI_HELD 0x04

struct spi_poll {
	uint32_t limit_us;
	uint8_t mask, value, command;
} PACKED;
_Static_assert(sizeof(struct spi_poll) == 7, "spi_poll");

struct spi_config {
	uint16_t period; /* of SCK, in cycles of 48 MHz: 1 (48 MHz) to
			    SPI_PERIOD_MAX (1465 Hz) */
	uint8_t mode;    /* enum spi_mode */
} PACKED;
_Static_assert(sizeof(struct spi_config) == 3, "spi_config");

#define SPI_PERIOD_MAX   32767
#define SPI_RESET_PERIOD 480 /* 100 kHz */

enum spi_mode {
	SPI_CPHA = 1 << 0,
	SPI_CPOL = 1 << 1,
	SPI_SAMPLE_DELAY = 7 << 4, /* half cycles of 48 MHz, 10.4 ns */
};
#define SPI_SAMPLE_DELAY_SHIFT 4

/* The operand of STREAM_PINS. */
enum spi_levels {
	SPI_SIDE0_HIGH = 1 << 0,
	SPI_SIDE1_HIGH = 1 << 1,
	SPI_IO2_HIGH = 1 << 2,
	SPI_IO3_HIGH = 1 << 3,
	SPI_IO2_DRIVEN = 1 << 6, /* while IO2 is static */
	SPI_IO3_DRIVEN = 1 << 7,
};

/* Added to OUTPUT_SPI: the value for REG_PIN. */
enum spi_output {
	SPI_OUTPUT_SCK,
	SPI_OUTPUT_IO0,
	SPI_OUTPUT_IO1,
	SPI_OUTPUT_IO2,
	SPI_OUTPUT_IO3,
	SPI_OUTPUT_CS0,
	SPI_OUTPUT_CS1,
	SPI_OUTPUT_CS2,
	SPI_OUTPUT_CS3,
	SPI_OUTPUT_SIDE0,
	SPI_OUTPUT_SIDE1,
	SPI_OUTPUT_COUNT,
};

/* Added to INPUT_SPI: the register of REG_INPUT.  As such, the numbers of
   pins for STREAM_WAIT_PIN. */
enum spi_input {
	SPI_INPUT_IO0,
	SPI_INPUT_IO1,
	SPI_INPUT_IO2,
	SPI_INPUT_IO3,
	SPI_INPUT_SIDE,
	SPI_INPUT_COUNT,
};

#endif
