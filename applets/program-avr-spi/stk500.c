/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See stk500.h. */
#include "stk500.h"

#define UNKNOWN SIZE_MAX

/* How many operands a command has, by the operands that have come: at least as
   many, or UNKNOWN if no command begins so. */
static size_t operands_of(const struct stk500 *stk500)
{
	const uint8_t *operands = stk500->bytes + 1;
	size_t got = stk500->got - 1, length;

	switch (stk500->bytes[0]) {
	case STK500_SYNC:
	case STK500_SIGN_ON:
	case STK500_ENTER:
	case STK500_LEAVE:
	case STK500_ERASE:
	case STK500_SIGNATURE:
		return 0;
	case STK500_GET_PARAMETER:
		return 1;
	case STK500_SET_PARAMETER:
	case STK500_ADDRESS:
		return 2;
	case STK500_READ:
		return 3;
	case STK500_UNIVERSAL:
		return 4;
	case STK500_SET_DEVICE:
		return 20;
	case STK500_SET_EXTENDED:
		/* The first operand is the number of all. */
		return got > 0 && operands[0] > 0 ? operands[0] : 1;
	case STK500_PROGRAM:
		if (got < 2)
			return 3;
		length = (size_t)operands[0] << 8 | operands[1];
		return length <= STK500_PAGE_MAX ? 3 + length : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

void stk500_init(struct stk500 *stk500)
{
	stk500->got = 0;
}

size_t stk500_take(struct stk500 *stk500, const uint8_t *data, size_t size,
	struct stk500_command *ret_command)
{
	*ret_command = (struct stk500_command){.kind = STK500_MORE};
	for (size_t i = 0; i < size; i++) {
		size_t count;

		stk500->bytes[stk500->got++] = data[i];
		count = operands_of(stk500);
		if (count != UNKNOWN && stk500->got < 1 + count + 1)
			continue;
		ret_command->kind = STK500_GARBAGE;
		if (count != UNKNOWN && data[i] == STK500_END)
			*ret_command = (struct stk500_command){
				.kind = STK500_COMMAND,
				.opcode = stk500->bytes[0],
				.operands = stk500->bytes + 1,
				.size = count,
			};
		stk500->got = 0;
		return i + 1;
	}
	return size;
}
