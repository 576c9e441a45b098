/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of the Xilinx Virtual Cable protocol; see xvc.h. */
#include "xvc.h"

#include <string.h>

static const struct {
	char opcode[XVC_OPCODE_MAX + 1];
	enum xvc_kind kind;
} opcodes[] = {
	{"getinfo:", XVC_GETINFO},
	{"settck:", XVC_SETTCK},
	{"shift:", XVC_SHIFT},
};

#define OPCODES (sizeof(opcodes) / sizeof(*opcodes))

void xvc_init(struct xvc *xvc)
{
	xvc->state = XVC_IN_OPCODE;
	xvc->got = xvc->number = 0;
	xvc->opcode_size = 0;
}

bool xvc_is_inside(const struct xvc *xvc)
{
	return xvc->state != XVC_LOST &&
		!(xvc->state == XVC_IN_OPCODE && xvc->got == 0);
}

static void enter(struct xvc *xvc, enum xvc_state state)
{
	xvc->state = state;
	xvc->got = 0;
}

/* The command is complete: the next one begins. */
static void finish(
	struct xvc *xvc, enum xvc_kind kind, struct xvc_command *command)
{
	uint32_t bytes = (xvc->number + 7) / 8;

	enter(xvc, XVC_IN_OPCODE);
	*command = (struct xvc_command){.kind = kind, .number = xvc->number};
	xvc->number = 0;
	if (kind == XVC_SHIFT) {
		command->tms = xvc->vectors;
		command->tdi = xvc->vectors + bytes;
	}
}

static void lose(
	struct xvc *xvc, enum xvc_kind kind, struct xvc_command *command)
{
	enter(xvc, XVC_LOST);
	*command = (struct xvc_command){.kind = kind, .number = xvc->number};
}

static void take_opcode(
	struct xvc *xvc, uint8_t byte, struct xvc_command *command)
{
	bool begins = false;

	xvc->opcode[xvc->got++] = byte;
	xvc->opcode_size = xvc->got;
	for (size_t i = 0; i < OPCODES; i++) {
		if (memcmp(xvc->opcode, opcodes[i].opcode, xvc->got) != 0)
			continue;
		begins = true;
		if (opcodes[i].opcode[xvc->got] != '\0')
			continue;
		xvc->kind = opcodes[i].kind;
		if (xvc->kind == XVC_GETINFO)
			finish(xvc, XVC_GETINFO, command);
		else
			enter(xvc, XVC_IN_NUMBER);
		return;
	}
	if (!begins)
		lose(xvc, XVC_UNKNOWN, command);
}

static void take_number(
	struct xvc *xvc, uint8_t byte, struct xvc_command *command)
{
	xvc->number |= (uint32_t)byte << 8 * xvc->got++;
	if (xvc->got < 4)
		return;
	if (xvc->kind == XVC_SETTCK || xvc->number == 0)
		finish(xvc, xvc->kind, command);
	else if (xvc->number > XVC_BITS_MAX)
		lose(xvc, XVC_TOO_LONG, command);
	else
		enter(xvc, XVC_IN_VECTORS);
}

static size_t take_vectors(struct xvc *xvc, const uint8_t *data, size_t size,
	struct xvc_command *command)
{
	size_t all = 2 * ((xvc->number + 7) / 8), missing = all - xvc->got;
	size_t taken = size < missing ? size : missing;

	memcpy(xvc->vectors + xvc->got, data, taken);
	xvc->got += taken;
	if (xvc->got == all)
		finish(xvc, XVC_SHIFT, command);
	return taken;
}

size_t xvc_take(struct xvc *xvc, const uint8_t *data, size_t size,
	struct xvc_command *ret_command)
{
	size_t taken = 0;

	*ret_command = (struct xvc_command){.kind = XVC_MORE};
	while (taken < size && ret_command->kind == XVC_MORE) {
		switch (xvc->state) {
		case XVC_IN_OPCODE:
			take_opcode(xvc, data[taken++], ret_command);
			break;
		case XVC_IN_NUMBER:
			take_number(xvc, data[taken++], ret_command);
			break;
		case XVC_IN_VECTORS:
			taken += take_vectors(
				xvc, data + taken, size - taken, ret_command);
			break;
		case XVC_LOST:
			return size;
		}
	}
	return taken;
}

/* ---- Periods -------------------------------------------------------------- */

#define S_NS 1000000000

uint32_t xvc_rate(uint32_t period_ns, uint32_t minimum_hz, uint32_t maximum_hz)
{
	uint32_t rate = period_ns > 1 ? S_NS / (period_ns - 1) : S_NS;

	if (rate < minimum_hz)
		return minimum_hz;
	return rate > maximum_hz ? maximum_hz : rate;
}

uint32_t xvc_period(uint32_t rate_hz)
{
	uint32_t period = ((uint64_t)S_NS + rate_hz / 2) / rate_hz;

	return period ? period : 1;
}
