/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI NOR flash of the part flash25: what its files share.  The chip is
 * driven by bytes: flash25_select(), then bytes and dummy clocks as the chip's
 * phase asks for them, then flash25_deselect().  virtual/board/parts/flash25.c
 * makes these calls from edges on the pins; a core whose pins nothing else sees
 * may make them itself.  Time never goes back from one call to the next.
 *
 * The chip is modelled after public datasheets of Winbond's W25Q128JV (revisions
 * C to M), W25Q128FV for QPI, and W25Q256JV for 4-byte addresses; SFDP after
 * JESD216 and JESD216B.
 */
#ifndef VIRTUAL_PARTS_FLASH25_H
#define VIRTUAL_PARTS_FLASH25_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content.h"
#include "part.h"

#define FLASH25_SIZE_MIN    0x10000
#define FLASH25_SIZE_MAX    0x4000000
#define FLASH25_3_BYTES_MAX 0x1000000 /* what 3-byte addresses reach */
#define FLASH25_PAGE        256
#define FLASH25_SECTOR      4096
#define FLASH25_SFDP_SIZE   256
#define FLASH25_NOT_WORN    UINT32_MAX

enum flash25_sfdp { FLASH25_SFDP_1_6, FLASH25_SFDP_1_0, FLASH25_SFDP_NONE };

/* Whether all of the array is protected at first; WP_HARD: and the status
   registers, too, by WP#. */
enum flash25_wp { FLASH25_WP_NONE, FLASH25_WP_SOFT, FLASH25_WP_HARD };

struct flash25_options {
	uint32_t size; /* a power of two */
	uint8_t id[3]; /* what 9Fh answers */
	enum flash25_sfdp sfdp;
	enum flash25_wp wp;
	unsigned qer; /* JESD216B's quad enable requirement, 0 to 6 */
	bool qe;      /* at first */
	/* How long operations take: page program; erase of 4, 32 and 64 KiB
	   and of the chip; write of a status register.  And how much later than
	   BUSY the write enable latch falls. */
	tick pp, se, be32, be, ce, w, race;
	uint32_t worn;             /* address of a byte whose bit 0 stays 0 */
	char path[PART_TEXT_SIZE]; /* of the content's file; "": none */
};

/* ---- The array: flash25-array.c ------------------------------------------ */

struct flash25_array {
	struct content content;
	uint32_t worn;
};

/* Addresses are less than the size; a range does not wrap. */
uint8_t flash25_array_get(const struct flash25_array *array, uint32_t at);
void flash25_array_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE]);
void flash25_array_erase(
	struct flash25_array *array, uint32_t from, uint32_t size);

/* The same, interrupted after this share of its time, of 65536: some bits have
   changed, which depend on addresses and share only. */
void flash25_array_spoil_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE], uint32_t share);
void flash25_array_spoil_erase(struct flash25_array *array, uint32_t from,
	uint32_t size, uint32_t share);

/* ---- SFDP: flash25-sfdp.c ------------------------------------------------- */

void flash25_sfdp(const struct flash25_options *options,
	uint8_t table[FLASH25_SFDP_SIZE]);

/* ---- The chip ------------------------------------------------------------- */

enum flash25_direction {
	FLASH25_IN,    /* it takes a byte: flash25_put() */
	FLASH25_DUMMY, /* clocks pass: flash25_pause() */
	FLASH25_OUT,   /* it gives a byte: flash25_get() */
	FLASH25_DEAF,  /* it ignores all until it is deselected */
};

struct flash25_phase {
	enum flash25_direction direction;
	uint8_t lanes;  /* IN, OUT: 1, 2 or 4, of which 1 OUT is IO1 */
	uint8_t clocks; /* DUMMY */
};

enum flash25_stage {
	FLASH25_INSTRUCTION,
	FLASH25_ADDRESS,
	FLASH25_MODE,
	FLASH25_WAIT,
	FLASH25_DATA,
	FLASH25_IGNORE,
};

enum flash25_job_kind {
	FLASH25_JOB_NONE,
	FLASH25_JOB_PROGRAM,
	FLASH25_JOB_ERASE,
	FLASH25_JOB_STATUS,
};

/* An operation that takes time. */
struct flash25_job {
	enum flash25_job_kind kind;
	tick begin, end; /* begin: less what was done before a suspend */
	uint32_t from, size;
	uint8_t data[FLASH25_PAGE]; /* the page, or the status registers */
};

enum flash25_status { FLASH25_SR1, FLASH25_SR2, FLASH25_SR3, FLASH25_SR_COUNT };

struct flash25_command;

struct flash25_chip {
	struct flash25_options options;
	struct flash25_array array;
	uint8_t sfdp[FLASH25_SFDP_SIZE];
	bool powered;
	bool wp_low;         /* set by the caller: WP# is low */
	tick deaf_until;     /* after power-up, reset and deep power-down */
	tick no_write_until; /* after power-up */
	uint8_t status[FLASH25_SR_COUNT]; /* as they apply; */
	uint8_t kept[FLASH25_SR_COUNT];   /* and after the next power-up */
	bool wel, volatile_wel, asleep, qpi, four_bytes, reset_enabled;
	uint8_t qpi_dummy; /* clocks */
	tick wel_end;      /* when the latch falls by itself, or TICK_NEVER */
	tick suspend_at;   /* when the job is suspended, or TICK_NEVER */
	struct flash25_job job, suspended;
	/* The transaction */
	struct flash25_phase phase;
	enum flash25_stage stage;
	const struct flash25_command *command;
	const struct flash25_command *continuous; /* continuous read mode */
	uint32_t address;
	uint8_t address_left;
	uint32_t count; /* bytes of data */
	uint8_t data[FLASH25_PAGE];
	/* The last transaction, if it was a read of a status register; and the
	   byte that was given last, which may not be out yet */
	const struct flash25_command *polled;
	uint8_t given;
};

/* The options remain the caller's.  The chip has no supply. */
void flash25_init(
	struct flash25_chip *chip, const struct flash25_options *options);
/* As if the supply fell at this time. */
void flash25_clear(struct flash25_chip *chip, tick now);
void flash25_power(struct flash25_chip *chip, bool on, tick now);

/* flash25-protocol.c: CS# falls; a byte was taken, at its last rising edge; the
   dummy clocks are over; a byte is given, at the falling edge at which its first
   bits go out; CS# rises, `whole` unless in the middle of a byte. */
void flash25_select(struct flash25_chip *chip, tick now);
void flash25_put(struct flash25_chip *chip, uint8_t byte, tick now);
void flash25_pause(struct flash25_chip *chip);
uint8_t flash25_get(struct flash25_chip *chip, tick now);
void flash25_deselect(struct flash25_chip *chip, bool whole, tick now);

/* Until when the last read of a status register, done again, has this result; 0:
   the last transaction was none, or its result is another one now. */
tick flash25_same_until(struct flash25_chip *chip, uint8_t result, tick now);

/* Whether the chip's QE bit is set, so that IO2 and IO3 are not WP# and
   HOLD#. */
bool flash25_quad(const struct flash25_chip *chip);
/* Set it, for the next power-up. */
void flash25_enable_quad(struct flash25_chip *chip);

/* The chip of a part; NULL if the part is of another kind. */
struct flash25_chip *flash25_chip_of(struct part *part);

/* Whole bytes on some lanes, with a clock that is low at first and at the end. */
struct flash25_clocks {
	tick begin;
	tick period; /* of SCK, which rises in the middle of it */
	unsigned lanes;
	size_t bytes;
	const uint8_t
		*out; /* from the host; NULL: it drives none of the lanes */
	uint8_t *in; /* what the chip drives; a byte that it takes is not set */
};

/*
 * A shortcut: do at once what the edges of these clocks would do, for as many
 * bytes as possible; the rest has to be done by edges.  Returns how many, which
 * is 0 if the part is no flash25 or its pins are not as described.  The caller
 * must call pins_plan() then, and be sure that nothing but the host and this part
 * sees these pins, see pins_alone().
 */
size_t flash25_clock_bytes(
	struct part *part, const struct flash25_clocks *clocks);

/* ---- Jobs: flash25-job.c -------------------------------------------------- */

/* Let time pass: jobs end. */
void flash25_settle(struct flash25_chip *chip, tick now);
void flash25_begin(struct flash25_chip *chip, enum flash25_job_kind kind,
	uint32_t from, uint32_t size, tick now, tick length);
void flash25_suspend(struct flash25_chip *chip, tick now);
void flash25_resume(struct flash25_chip *chip, tick now);
/* The software reset. */
void flash25_reset(struct flash25_chip *chip, tick now);
bool flash25_busy(const struct flash25_chip *chip);

/* Whether the block protect bits protect any of these bytes. */
bool flash25_protects(
	const struct flash25_chip *chip, uint32_t from, uint32_t size);

/* ---- Commands: flash25-command.c ------------------------------------------ */

#define FLASH25_ADDRESS_BY_MODE 0xff /* 3 bytes; 4 in 4-byte mode */

enum flash25_flag {
	FLASH25_NEEDS_QE = 1 << 0,
	FLASH25_LARGE = 1 << 1, /* only of chips over 16 MiB */
	FLASH25_BUSY = 1 << 2,  /* also during a job */
	FLASH25_ASLEEP = 1 << 3,
	FLASH25_SPI = 1 << 4,
	FLASH25_QPI = 1 << 5,
	FLASH25_PAGED = 1 << 6,   /* data wraps in a page */
	FLASH25_ANYHOW = 1 << 7,  /* finish() is called without all bytes */
	FLASH25_BY_QER = 1 << 8,  /* flash25_has() decides */
	FLASH25_FEWER = 1 << 9,   /* dummy clocks in QPI: less the mode's */
	FLASH25_POLLED = 1 << 10, /* gives a status register */
	FLASH25_BOTH = FLASH25_SPI | FLASH25_QPI,
};

struct flash25_command {
	uint8_t opcode;
	uint8_t address;       /* bytes */
	uint8_t address_lanes; /* also of the mode byte */
	uint8_t mode;          /* 1: mode bits follow the address */
	uint8_t dummy;         /* clocks */
	uint8_t data_lanes;
	uint8_t least, most; /* bytes of data IN; most 255: any number */
	uint16_t flags;      /* enum flash25_flag */
	/* The next byte OUT; NULL: data goes IN */
	uint8_t (*give)(struct flash25_chip *chip, tick now);
	/* CS# has risen, after as many bytes as the command wants */
	void (*finish)(struct flash25_chip *chip, tick now);
};

/* The command as the chip is now; NULL: the chip ignores this opcode. */
const struct flash25_command *flash25_find(
	const struct flash25_chip *chip, uint8_t opcode);

#endif
