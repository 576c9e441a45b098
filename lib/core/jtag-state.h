/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 16 states of a test access port (IEEE 1149.1, figure 6-1), and the ways
 * between them: for all code of the library that drives TMS.  Nothing here knows
 * of a device.
 */
#ifndef LIB_CORE_JTAG_STATE_H
#define LIB_CORE_JTAG_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum jtag_state {
	JTAG_RESET, /* Test-Logic-Reset */
	JTAG_IDLE,  /* Run-Test/Idle */
	JTAG_DR_SELECT,
	JTAG_DR_CAPTURE,
	JTAG_DR_SHIFT,
	JTAG_DR_EXIT1,
	JTAG_DR_PAUSE,
	JTAG_DR_EXIT2,
	JTAG_DR_UPDATE,
	JTAG_IR_SELECT,
	JTAG_IR_CAPTURE,
	JTAG_IR_SHIFT,
	JTAG_IR_EXIT1,
	JTAG_IR_PAUSE,
	JTAG_IR_EXIT2,
	JTAG_IR_UPDATE,
};

#define JTAG_STATES 16

/* Clocks of TCK with these levels of TMS, bit 0 first. */
struct jtag_path {
	uint32_t tms;
	unsigned count;     /* 0: nothing is to be done */
	enum jtag_state to; /* the state after them */
};

/* The state after a clock. */
enum jtag_state jtag_next(enum jtag_state state, bool tms);

/* Whether a TAP can stay in the state and does not shift: RESET, IDLE, DR_PAUSE,
   IR_PAUSE. */
bool jtag_is_stable(enum jtag_state state);

/* The shortest path; to RESET, five ones, which lead there from any state. */
struct jtag_path jtag_path(enum jtag_state from, enum jtag_state to);

/* The names that SVF has, such as "DRPAUSE". */
const char *jtag_state_name(enum jtag_state state);
/* False: it is no name of a state. */
bool jtag_state_parse(const char *name, enum jtag_state *ret_state);

#endif
