/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Faults drawn from a seed, "seed@N" and "corrupt@N"; virtual/faults/text.c
 * calls faults_draw().  A seed must give the same faults on every machine and
 * for ever, so an existing draw is never reordered.  Positions are mostly low,
 * so that the faults happen while a program still runs.
 */
#include "faults.h"

#include "wire/mgmt.h"
#include "wire/regs.h"
#include "wire/usb.h"

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
   OOPSLA 2014: SplitMix64. */
static uint64_t next(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

static uint64_t below(uint64_t *state, uint64_t end)
{
	return next(state) % end;
}

/* A number from 1 to 2^bits - 1; each power of two is as likely as any
   other. */
static uint64_t spread(uint64_t *state, unsigned bits)
{
	uint64_t size = UINT64_C(1) << below(state, bits);

	return size + below(state, size);
}

#define PICK(state, list) ((list)[below(state, sizeof(list) / sizeof(*(list)))])

static void draw_where(struct fault *fault, uint64_t *state, bool in)
{
	static const uint8_t ins[] = {0, USB_EP6_IN, USB_EP8_IN, USB_EP1_IN};
	static const uint8_t all[] = {0, 0, USB_EP2_OUT, USB_EP4_OUT,
		USB_EP6_IN, USB_EP8_IN, USB_EP1_OUT, USB_EP1_IN};

	fault->where = WHERE_TRANSFER + below(state, 4);
	fault->endpoint = in ? PICK(state, ins) : PICK(state, all);
	switch (fault->where) {
	case WHERE_TRANSFER:
		fault->position = spread(state, 6);
		break;
	case WHERE_PACKET:
		fault->position = spread(state, 9);
		break;
	case WHERE_BYTE:
		fault->position = spread(state, 17) - 1;
		break;
	default:
		fault->position = spread(state, 16);
	}
}

static void draw_bus(struct fault *fault, uint64_t *state)
{
	bool in = fault->kind == FAULT_CUT || fault->kind == FAULT_ZLP ||
		fault->kind == FAULT_BABBLE;

	draw_where(fault, state, in);
	if (fault->kind == FAULT_RESET)
		fault->endpoint = 0;
	switch (fault->kind) {
	case FAULT_CUT:
		fault->amount = 1 + below(state, USB_PACKET_SIZE - 1);
		break;
	case FAULT_NAK:
	case FAULT_LATE:
		fault->amount = spread(state, 14);
		break;
	case FAULT_NOMEM:
	case FAULT_REFUSE:
		fault->left = fault->amount = spread(state, 3);
		break;
	case FAULT_BURST:
		fault->amount = 1 + spread(state, 4);
		break;
	default:
		break;
	}
}

/* A fault of a command that a program may send while it streams. */
static void draw_command(struct fault *fault, uint64_t *state)
{
	static const uint8_t codes[] = {MGMT_FPGA_STATUS, MGMT_FPGA_SET_REG,
		MGMT_FPGA_GET_REG, MGMT_SET_VSUPPLY, MGMT_GET_VSUPPLY,
		MGMT_GET_VSENSE, MGMT_GET_ALERTS, MGMT_CLR_ALERTS};

	fault->position = PICK(state, codes);
	if (fault->kind == FAULT_DELAY)
		fault->amount = spread(state, 20);
	else
		fault->amount = spread(state, 2);
	fault->left = fault->kind == FAULT_DELAY ? FAULTS_EVER : fault->amount;
}

static struct fault draw(uint64_t *state)
{
	static const enum fault_kind kinds[] = {FAULT_HALT, FAULT_CUT,
		FAULT_ZLP, FAULT_NAK, FAULT_BABBLE, FAULT_FAIL, FAULT_NOMEM,
		FAULT_REFUSE, FAULT_LATE, FAULT_BURST, FAULT_NEVER, FAULT_RESET,
		FAULT_UNPLUG, FAULT_UNPLUG_AFTER, FAULT_TRIP, FAULT_NACK,
		FAULT_ERROR, FAULT_WAIT, FAULT_SERIAL, FAULT_MUTE, FAULT_SHORT,
		FAULT_ALERT, FAULT_DELAY, FAULT_TWICE, FAULT_JUNK};
	static const uint8_t registers[] = {REG_PIPE_RESET, REG_ALERTS,
		REG_IDLE_FLUSH, REG_STREAM, REG_CORES};
	struct fault fault = {
		.kind = PICK(state, kinds), .amount = 1, .left = 1};

	if (fault.kind >= FAULT_HALT)
		draw_bus(&fault, state);
	else if (fault.kind == FAULT_UNPLUG || fault.kind == FAULT_TRIP)
		fault.position = 64 * spread(state, 11);
	else if (fault.kind == FAULT_UNPLUG_AFTER)
		fault.position = 8 + spread(state, 7);
	else if (fault.kind == FAULT_NACK)
		fault.position = PICK(state, registers);
	else
		draw_command(&fault, state);
	return fault;
}

static struct fault draw_corrupting(uint64_t *state)
{
	static const enum fault_kind kinds[] = {
		FAULT_DROP, FAULT_FLIP, FAULT_REPEAT};
	struct fault fault = {
		.kind = PICK(state, kinds),
		.position = spread(state, 17) - 1,
	};

	fault.amount =
		fault.kind == FAULT_DROP ? spread(state, 10) : spread(state, 2);
	fault.left = fault.amount;
	return fault;
}

void faults_draw(
	struct faults *faults, uint64_t seed, unsigned count, bool corrupt)
{
	while (count-- > 0) {
		struct fault fault =
			corrupt ? draw_corrupting(&seed) : draw(&seed);

		fault.drawn = true;
		faults->list[faults->count++] = fault;
		faults->kinds |= UINT64_C(1) << fault.kind;
	}
}
