/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What a board's supplies and pull resistors do to its pins. */
#include "board.h"

void board_power_pins(struct board *board)
{
	uint16_t powered = 0, down = 0, up = 0;

	for (unsigned i = BOARD_PORTS; i-- > 0;) {
		const struct board_port *port = &board->ports[i];
		uint8_t pulled = ~port->pull_input_mask;

		powered = powered << 8 | (board_supply_mv(board, i) ? 0xff : 0);
		down = down << 8 | (pulled & ~port->pull_output);
		up = up << 8 | (pulled & port->pull_output);
	}
	pins_supply(&board->pins, powered, down, up);
}

uint8_t board_levels(struct board *board, unsigned port)
{
	board_power_pins(board);
	return pins_levels(&board->pins) >> 8 * port;
}
