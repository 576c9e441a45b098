/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Inside the part tap: its TAPs, and the registers between TDI and TDO.  tap.c
 * has the part's keys and pins and the controller's states; tap-unit.c the
 * registers of a TAP; tap-chip.c the tables of instructions and the configuration
 * of an FPGA, with tap-ecp5.c and tap-xc7.c for the two kinds of bitstreams.
 */
#ifndef VIRTUAL_PARTS_TAP_H
#define VIRTUAL_PARTS_TAP_H

#include "part.h"

#define TAP_UNITS_MAX 8
#define TAP_PADS_MAX  12
#define TAP_USERS     2
#define TAP_USER_BITS 33

/* The states of IEEE 1149.1, figure 6-1.  The IR's are the DR's and 7. */
enum tap_state {
	TAP_RESET,
	TAP_IDLE,
	TAP_DR_SELECT,
	TAP_DR_CAPTURE,
	TAP_DR_SHIFT,
	TAP_DR_EXIT1,
	TAP_DR_PAUSE,
	TAP_DR_EXIT2,
	TAP_DR_UPDATE,
	TAP_IR_SELECT,
	TAP_IR_CAPTURE,
	TAP_IR_SHIFT,
	TAP_IR_EXIT1,
	TAP_IR_PAUSE,
	TAP_IR_EXIT2,
	TAP_IR_UPDATE,
};

enum tap_register {
	TAP_BYPASS,
	TAP_IDCODE,
	TAP_USERCODE,
	TAP_BOUNDARY,
	TAP_USER,                             /* TAP_USER + n: register n */
	TAP_CONFIGURE = TAP_USER + TAP_USERS, /* a bitstream */
	TAP_STATUS,
	TAP_BUSY,
	TAP_OPERAND, /* 8 bits that start an action */
};

enum tap_action {
	TAP_NOTHING,
	TAP_DRIVE,   /* the pads have what the boundary register says */
	TAP_ENABLE,  /* the configuration logic */
	TAP_DISABLE, /* it */
	TAP_LEAVE,   /* disable it; the FPGA starts if it is configured */
	TAP_CLEAR,   /* the configuration memory */
	TAP_START,   /* the FPGA, with the clocks in Run-Test/Idle */
};

struct tap_instruction {
	uint32_t opcode;
	enum tap_register selects;
	/* When the instruction becomes current, or with TAP_OPERAND when the
	   register is updated. */
	enum tap_action action;
};

struct tap_config;

/* A kind of chip: its instructions, and how it is configured. */
struct tap_chip {
	const char *name;
	uint8_t ir_bits; /* 0: by the part's key */
	uint32_t idcode; /* without the key; 0: none */
	uint8_t instructions_count;
	const struct tap_instruction *instructions;
	/* The others only for an FPGA. */
	uint32_t (*capture)(const struct tap_config *config, tick now);
	uint32_t (*status)(const struct tap_config *config, tick now);
	/* A byte of the bitstream. */
	void (*byte)(struct tap_config *config, uint8_t byte);
};

extern const struct tap_chip tap_generic;
extern const struct tap_chip tap_ecp5;
extern const struct tap_chip tap_xc7;

/* How a bitstream is wrong. */
enum tap_wrong {
	TAP_RIGHT,
	TAP_WRONG_ID,
	TAP_WRONG_COMMAND,
	TAP_WRONG_CRC,
};

/* The configuration of an FPGA. */
struct tap_config {
	const struct tap_chip *chip;
	uint32_t idcode, usercode;
	tick clear;            /* time that it takes to clear the memory */
	tick busy;             /* until then */
	bool enabled;          /* by TAP_ENABLE */
	bool loaded;           /* the bitstream says that the FPGA can start */
	bool done;             /* it has started */
	unsigned start_clocks; /* until it starts; 0: it does not */
	enum tap_wrong wrong;
	/* The parser's, whose chip it is. */
	uint64_t last;     /* bits */
	unsigned bits;     /* of the byte, or before the preamble all */
	bool synchronised; /* the preamble was there */
	uint8_t command[12];
	unsigned have, want; /* bytes of the command, or of the word */
	uint32_t crc;
	/* ecp5: units of data, which end with a CRC and dummy bytes */
	uint32_t units, unit_bytes, dummy_bytes, position;
	bool crc_each, crc_last;
	/* xc7: the register that a packet writes, or none, and words to come */
	bool writes;
	uint32_t address, words;
};

void tap_config_action(
	struct tap_config *config, enum tap_action action, tick now);
void tap_config_bit(struct tap_config *config, bool bit, tick now);
/* A clock in Run-Test/Idle. */
void tap_config_clock(struct tap_config *config);

struct tap_user {
	uint32_t result;
	tick ready;
};

/* A TAP, all of which in a chain are in one state. */
struct tap_unit {
	const struct tap_chip *chip;
	uint8_t ir_bits;
	uint32_t capture; /* of the IR */
	uint32_t idcode;  /* 0: none */
	uint32_t ir_shift;
	const struct tap_instruction *instruction;
	uint64_t shift; /* the data register */
	uint8_t bits;   /* of it */
};

/* What the first TAP has besides its registers, for tap-unit.c. */
struct tap_inside {
	uint8_t pads_count;
	uint16_t pads[TAP_PADS_MAX]; /* sets of one pin */
	/* The latches of the boundary register: bit 3n + 1 is the level of pad
	   n, bit 3n + 2 whether it is driven. */
	uint64_t latches;
	struct tap_user users[TAP_USERS];
	tick user_time;
	struct tap_config config;
};

/* Test-Logic-Reset. */
void tap_unit_reset(struct tap_unit *unit);
/* `inside` is NULL for TAPs that have BYPASS and IDCODE only. */
void tap_unit_capture_ir(
	struct tap_unit *unit, const struct tap_inside *inside, tick now);
void tap_unit_update_ir(
	struct tap_unit *unit, struct tap_inside *inside, tick now);
void tap_unit_capture_dr(struct tap_unit *unit, struct tap_inside *inside,
	uint16_t levels, tick now);
void tap_unit_update_dr(
	struct tap_unit *unit, struct tap_inside *inside, tick now);

#endif
