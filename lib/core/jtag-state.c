/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The states of a test access port: their table, their names, and paths. */
#include "jtag-state.h"

#include <string.h>

#define RESET_CLOCKS 5

static const struct {
	const char *name;
	uint8_t low, high; /* the next states with TMS 0 and 1 */
} states[JTAG_STATES] = {
	[JTAG_RESET] = {"RESET", JTAG_IDLE, JTAG_RESET},
	[JTAG_IDLE] = {"IDLE", JTAG_IDLE, JTAG_DR_SELECT},
	[JTAG_DR_SELECT] = {"DRSELECT", JTAG_DR_CAPTURE, JTAG_IR_SELECT},
	[JTAG_DR_CAPTURE] = {"DRCAPTURE", JTAG_DR_SHIFT, JTAG_DR_EXIT1},
	[JTAG_DR_SHIFT] = {"DRSHIFT", JTAG_DR_SHIFT, JTAG_DR_EXIT1},
	[JTAG_DR_EXIT1] = {"DREXIT1", JTAG_DR_PAUSE, JTAG_DR_UPDATE},
	[JTAG_DR_PAUSE] = {"DRPAUSE", JTAG_DR_PAUSE, JTAG_DR_EXIT2},
	[JTAG_DR_EXIT2] = {"DREXIT2", JTAG_DR_SHIFT, JTAG_DR_UPDATE},
	[JTAG_DR_UPDATE] = {"DRUPDATE", JTAG_IDLE, JTAG_DR_SELECT},
	[JTAG_IR_SELECT] = {"IRSELECT", JTAG_IR_CAPTURE, JTAG_RESET},
	[JTAG_IR_CAPTURE] = {"IRCAPTURE", JTAG_IR_SHIFT, JTAG_IR_EXIT1},
	[JTAG_IR_SHIFT] = {"IRSHIFT", JTAG_IR_SHIFT, JTAG_IR_EXIT1},
	[JTAG_IR_EXIT1] = {"IREXIT1", JTAG_IR_PAUSE, JTAG_IR_UPDATE},
	[JTAG_IR_PAUSE] = {"IRPAUSE", JTAG_IR_PAUSE, JTAG_IR_EXIT2},
	[JTAG_IR_EXIT2] = {"IREXIT2", JTAG_IR_SHIFT, JTAG_IR_UPDATE},
	[JTAG_IR_UPDATE] = {"IRUPDATE", JTAG_IDLE, JTAG_DR_SELECT},
};

enum jtag_state jtag_next(enum jtag_state state, bool tms)
{
	return tms ? states[state].high : states[state].low;
}

bool jtag_is_stable(enum jtag_state state)
{
	return state == JTAG_RESET || state == JTAG_IDLE ||
		state == JTAG_DR_PAUSE || state == JTAG_IR_PAUSE;
}

/* Breadth first: `paths` is the queue, with each state once. */
struct jtag_path jtag_path(enum jtag_state from, enum jtag_state to)
{
	struct jtag_path paths[JTAG_STATES] = {{.to = from}};
	unsigned count = 1, seen = 1u << from;

	if (to == JTAG_RESET)
		return (struct jtag_path){
			(1u << RESET_CLOCKS) - 1, RESET_CLOCKS, JTAG_RESET};
	for (unsigned i = 0; i < count; i++) {
		if (paths[i].to == to)
			return paths[i];
		for (unsigned tms = 0; tms < 2; tms++) {
			struct jtag_path next = paths[i];

			next.to = jtag_next(next.to, tms);
			next.tms |= tms << next.count++;
			if (seen >> next.to & 1)
				continue;
			seen |= 1u << next.to;
			paths[count++] = next;
		}
	}
	return paths[0]; /* not reached: there is a way to every state */
}

const char *jtag_state_name(enum jtag_state state)
{
	return states[state].name;
}

bool jtag_state_parse(const char *name, enum jtag_state *ret_state)
{
	for (unsigned i = 0; i < JTAG_STATES; i++)
		if (strcmp(states[i].name, name) == 0) {
			*ret_state = i;
			return true;
		}
	return false;
}
