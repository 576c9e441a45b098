/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of lib/chip share about SPI NOR flash chips: nor.c has the calls
 * of clyde.h, nor-identify.c finds out what a chip is, nor-setup.c chooses its
 * commands, nor-queue.c keeps batches in flight, nor-status.c has the status
 * registers, nor-change.c chains of erases and programs; nor-read.c, nor-erase.c,
 * nor-program.c and nor-write.c do what their names say.
 *
 * All functions call clyde_spi_...() as an application does: they must be called
 * without the tree's lock.
 */
#ifndef LIB_CHIP_NOR_H
#define LIB_CHIP_NOR_H

#include <stdatomic.h>

#include "lib/base/internal.h"
#include "plan.h"
#include "sfdp.h"

#define NOR_3_BYTES_MAX 0x1000000 /* what 3-byte addresses reach */

enum nor_status {
	NOR_BUSY = 0x01,
	NOR_WEL = 0x02,
	NOR_BP = 0x3c,
	NOR_SRP = 0x80
};
#define NOR_BP_SHIFT 2

/* A read of the array, as it is sent. */
struct nor_read {
	uint8_t opcode;
	uint8_t address_lanes, data_lanes;
	uint8_t mode;  /* bytes FFh behind the address */
	uint8_t dummy; /* clocks */
};

struct nor_erase {
	uint8_t opcode;
	uint32_t typical_us, maximum_us;
};

/* How 4-byte addresses are had, if the opcodes do not imply them. */
enum nor_mode {
	NOR_MODE_NONE,
	NOR_MODE_B7,      /* B7h before a command, E9h behind it */
	NOR_MODE_B7_WREN, /* the same, each after 06h */
};

/* What a batch changes. */
struct nor_change {
	const char *what; /* "erase" or "program" */
	uint64_t address;
	uint64_t limit_us;
	uint8_t busy_step; /* the poll of BUSY */
};

#define NOR_DEPTH 32 /* batches in flight at most */

/* Batches on their way, the oldest first. */
struct nor_queue {
	uint64_t tickets[NOR_DEPTH];
	uint64_t ends[NOR_DEPTH]; /* what is done when it was collected, B */
	struct nor_change changes[NOR_DEPTH];
	uint64_t limits_ms[NOR_DEPTH]; /* how long the replies take at most */
	bool silent; /* a limit has passed: no more waits */
	/* Of the step that has passed its limit. */
	int failed_step;
	struct nor_change failed;
	unsigned first, count;
};

struct clyde_flash {
	struct object object;
	struct clyde_device *device; /* of the SPI core; handles */
	struct clyde_spi *spi;
	atomic_flag busy; /* a call is inside */
	bool going_on;    /* see nor_keep_going() */
	struct clyde_flash_options options;
	struct clyde_flash_info info;
	/* How commands are sent */
	struct nor_read read;
	struct plan_sizes sizes;
	struct nor_erase erases[PLAN_SIZES]; /* of sizes */
	uint8_t program;                     /* opcode */
	uint8_t address_size;
	enum nor_mode mode;
	uint32_t program_maximum_us;
	uint64_t chip_maximum_us;
	uint8_t qer;
	bool volatile_status; /* 50h enables a write that is not kept */
	/* Of a change under way */
	uint8_t protected_bits; /* of the status register, when it began */
	struct nor_queue queue;
};

/* ---- nor-setup.c: no device ------------------------------------------- */

/* What a table says, or NULL, and a chip's identification: choose the commands.
   CLYDE_ERROR_UNSUPPORTED if the chip cannot be used. */
int nor_setup(struct clyde_flash *flash, const struct sfdp *sfdp);

/* The name of a manufacturer; NULL: unknown. */
const char *nor_maker(uint8_t id);

/* ---- nor-identify.c ---------------------------------------------------- */

/* Reset the chip if that is wanted, and find out what it is. */
int nor_identify(struct clyde_flash *flash);

/* ---- nor-queue.c ------------------------------------------------------- */

/* Steps of a batch under construction. */
#define NOR_STEPS 12
struct nor_batch {
	struct clyde_spi_step steps[NOR_STEPS];
	unsigned count;
	uint8_t bytes[32]; /* opcodes and addresses */
	unsigned used;
	struct nor_change change;
};

/* Add a command of one byte. */
void nor_command(struct nor_batch *batch, uint8_t opcode);
/* Add opcode and address, on one lane; the command goes on. */
void nor_address(struct nor_batch *batch, const struct clyde_flash *flash,
	uint8_t opcode, uint64_t address);
/* Add a read of the array. */
void nor_add_read(struct nor_batch *batch, const struct clyde_flash *flash,
	uint64_t address, void *data, uint32_t size);
/* Add a poll of the status register. */
void nor_poll(struct nor_batch *batch, uint8_t mask, uint8_t value,
	uint64_t limit_us, uint8_t *ret_status);
/* Add what enters or leaves 4-byte mode, if the chip needs it. */
void nor_enter(struct nor_batch *batch, const struct clyde_flash *flash);
void nor_leave(struct nor_batch *batch, const struct clyde_flash *flash);

/* Send a batch and wait for it; nothing else is on its way, before and after. */
int nor_exchange(struct clyde_flash *flash, const struct nor_batch *batch);

/*
 * Send a batch, and collect the oldest ones so that at most `depth` are on their
 * way.  `end` is what is done when it was collected: *ret_done gets that of the
 * last one collected.  NOR_NO_CHANGE leaves *ret_done as it is.
 */
#define NOR_NO_CHANGE UINT64_MAX
int nor_submit(struct clyde_flash *flash, const struct nor_batch *batch,
	unsigned flags, unsigned depth, uint64_t end, uint64_t *ret_done);
/* Collect the oldest batch. */
int nor_collect(struct clyde_flash *flash, uint64_t *ret_done);
/* Collect until at most so many batches are on their way. */
int nor_collect_to(
	struct clyde_flash *flash, unsigned count, uint64_t *ret_done);
/* After a failure: let everything that is on its way end, whatever interrupts
   the call, and leave 4-byte mode.  What does not end while the chip is being
   closed is forgotten.  Returns the failure. */
int nor_abandon(struct clyde_flash *flash, int failure, uint64_t *ret_done);

/* While this is set, an interrupt does not end the waits of the device, and a
   close of the chip does so only if a wait lasts: for what must not be left in
   the middle. */
void nor_keep_going(struct clyde_flash *flash, bool on);
/* Whether the call has to end: CLYDE_ERROR_INTERRUPTED, CLYDE_ERROR_CANCELED, or
   0. */
int nor_check_stopped(struct clyde_flash *flash);

/* ---- nor-status.c ------------------------------------------------------ */

int nor_status_read(struct clyde_flash *flash, uint8_t opcode, uint8_t *ret);
/* Write a register by `size` bytes, and wait until it is written. */
int nor_status_write(struct clyde_flash *flash, uint8_t opcode,
	const uint8_t *values, unsigned size, bool for_now);
/* Set QE so that all four lanes can be used. */
int nor_enable_quad(struct clyde_flash *flash);
/* Write the block protection bits. */
int nor_protect(struct clyde_flash *flash, unsigned bits);
/* Block protection bits as binary digits, the highest one first. */
#define NOR_BITS_SIZE 5
void nor_bits_text(unsigned bits, char text[NOR_BITS_SIZE]);
/* Before a change of the array: whether the chip takes a write enable. */
int nor_begin_change(struct clyde_flash *flash);

/* ---- What the calls do ------------------------------------------------- */

int nor_read(struct clyde_flash *flash, uint64_t address, uint8_t *data,
	size_t size, const struct clyde_observer *observer);
int nor_verify(struct clyde_flash *flash, uint64_t address, const uint8_t *data,
	size_t size, const struct clyde_observer *observer);
int nor_erase(struct clyde_flash *flash, uint64_t address, uint64_t size,
	const struct clyde_observer *observer);
int nor_erase_chip(
	struct clyde_flash *flash, const struct clyde_observer *observer);
int nor_program(struct clyde_flash *flash, uint64_t address,
	const uint8_t *data, size_t size,
	const struct clyde_observer *observer);
int nor_write(struct clyde_flash *flash, uint64_t address, const uint8_t *data,
	size_t size, const struct clyde_observer *observer);

/* ---- nor-change.c: chains of erases and programs ----------------------- */

/* How long the write enable latch may stay set after BUSY has fallen, as that of
   MX25L3205D does; a chip that ignored the command never clears it. */
#define NOR_WEL_LIMIT_US 10000

/* Submit an erase, whose size is an index of sizes, or a program of bytes within
   a page.  `end`: see nor_submit(). */
int nor_submit_erase(struct clyde_flash *flash, uint64_t address,
	unsigned index, uint64_t end, uint64_t *ret_done);
int nor_submit_page(struct clyde_flash *flash, uint64_t address,
	const uint8_t *data, uint32_t size, uint64_t end, uint64_t *ret_done);
/* The bytes from an address to the end of its page, at most `size`. */
uint32_t nor_page_rest(
	const struct clyde_flash *flash, uint64_t address, uint64_t size);
/*
 * End the chain: wait for all of it.  `result` is that of the calls before.  Of
 * a failure, the sentence says what it means: CLYDE_ERROR_PROTECTED or
 * CLYDE_ERROR_LIMIT_PASSED.
 */
int nor_finish(struct clyde_flash *flash, int result, uint64_t *ret_done);
/* The sentence of a call that was interrupted, or has lost the device, also says
   what is done. */
int nor_tell_done(
	int result, uint64_t done, uint64_t address, const char *participle);

/* nor-read.c: CLYDE_ERROR_VERIFY for the first byte that differs, or 0. */
int nor_compare(uint64_t address, const uint8_t *found, const uint8_t *expected,
	size_t size);

#endif
