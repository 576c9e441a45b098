/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Faults by script, "KIND@POSITION:AMOUNT", one for each occasion:
 *
 *	drop@OFFSET:N	N bytes of the stream vanish at OFFSET
 *	flip@OFFSET	the byte at OFFSET has a bit inverted
 *	error@CODE	the management command is refused
 *	wait@CODE	it answers WAIT for ever
 *	serial@CODE	its reply carries another serial
 *	mute@CODE	it is never answered
 *	short@CODE	its reply is cut to one byte
 *	alert@CODE	port A trips while the command is under way
 *	done		the FPGA never raises DONE
 *	health		the FPGA's health register reads wrong
 *	unplug@US	the cable is pulled after so many microseconds
 *	pull@N		the cable is pulled after so many transfers
 *	busy		its interfaces are another program's
 *	stall@INTERFACE	any setting of this interface but 0 is refused
 *	descriptor@TYPE:N  the descriptor of this type is cut to N bytes
 *	garble@TYPE	it consists of 0xff
 *	ram@ADDRESS	the byte of the FX2's RAM keeps a wrong bit
 *	lost		it leaves for new firmware, and does not come back
 *	denied		nobody may open it
 *	slow		the hub shows it at full speed
 *	core@PLACE	the image's table has no core there, counted from 1
 *	version@PLACE	it has another version of that core
 *
 * OFFSET counts the bytes that cross the FIFO bus between the FPGA and the
 * FX2 since the pipe was reset; the first pipe that gets there is hit, once.
 */
#ifndef VIRTUAL_FAULTS_H
#define VIRTUAL_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
	FAULT_DROP,
	FAULT_FLIP,
	FAULT_ERROR,
	FAULT_WAIT,
	FAULT_SERIAL,
	FAULT_MUTE,
	FAULT_SHORT,
	FAULT_ALERT,
	FAULT_DONE,
	FAULT_HEALTH,
	FAULT_UNPLUG,
	FAULT_PULL,
	FAULT_BUSY,
	FAULT_STALL,
	FAULT_DESCRIPTOR,
	FAULT_GARBLE,
	FAULT_RAM,
	FAULT_LOST,
	FAULT_DENIED,
	FAULT_SLOW,
	FAULT_CORE,
	FAULT_VERSION,
	FAULT_KINDS,
};

#define FAULTS_MAX 16

struct fault {
	enum fault_kind kind;
	uint64_t position;
	uint64_t amount;
	/* Of the faults of the data: the stream that met it first, and how
	   many bytes of it are left to be hit. */
	const void *stream;
	uint64_t left;
};

struct faults {
	unsigned count;
	struct fault list[FAULTS_MAX];
};

/* Add one by its text: 0, -EINVAL, -ENOSPC. */
int faults_add(struct faults *faults, const char *text);

/* The fault of this kind at this position, or NULL. */
const struct fault *faults_at(
	const struct faults *faults, enum fault_kind kind, uint64_t position);

/* The first of this kind, or NULL. */
const struct fault *faults_find(
	const struct faults *faults, enum fault_kind kind);

/* What a byte of the image's table of cores reads as. */
uint8_t faults_entry(const struct faults *faults, unsigned place, unsigned byte,
	uint8_t value);

/*
 * Pass `size` bytes of a stream at an offset through the faults of the data,
 * in place.  A stream is told by any address of its own.  Returns how many
 * bytes are left.
 */
unsigned faults_pass(struct faults *faults, const void *stream, uint64_t offset,
	uint8_t *data, unsigned size);

#endif
