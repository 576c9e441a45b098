/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any bytes as those of a client of the STK500's protocol.  They are parsed
 * twice, as a whole and in pieces whose sizes the input chooses: the commands
 * must be the same.
 */
#include "applets/program-avr-spi/stk500.h"
#include "fuzz.h"

#define COMMANDS_MAX 4096

/* What is compared: the operands are those of the parser. */
struct seen {
	enum stk500_kind kind;
	uint8_t opcode;
	size_t size;
	uint32_t sum;
};

static struct seen first[COMMANDS_MAX];

static struct seen look_at(const struct stk500_command *command)
{
	struct seen seen = {command->kind, command->opcode, command->size, 0};

	check(command->kind == STK500_COMMAND || command->size == 0);
	check(command->size <= 3 + STK500_PAGE_MAX);
	if (command->kind == STK500_COMMAND)
		check(command->operands[command->size] == STK500_END);
	if (command->opcode == STK500_PROGRAM)
		check(command->size ==
			3u + (command->operands[0] << 8) +
				command->operands[1]);
	for (size_t i = 0; i < command->size; i++)
		seen.sum = seen.sum * 31 + command->operands[i];
	return seen;
}

static void compare(const struct seen *a, const struct seen *b)
{
	check(a->kind == b->kind && a->opcode == b->opcode);
	check(a->size == b->size && a->sum == b->sum);
}

/* Parse it in pieces of at most `piece` bytes, 0: as a whole.  Returns the number
   of commands; the first time they are stored, the second time compared. */
static size_t parse(const uint8_t *data, size_t size, size_t piece, bool again)
{
	static struct stk500 stk500;
	size_t count = 0;

	stk500_init(&stk500);
	while (size > 0 && count < COMMANDS_MAX) {
		size_t given = piece && piece < size ? piece : size;
		struct stk500_command command;
		struct seen seen;
		size_t taken = stk500_take(&stk500, data, given, &command);

		check(taken > 0 && taken <= given);
		data += taken;
		size -= taken;
		if (command.kind == STK500_MORE) {
			check(taken == given && stk500.got > 0);
			continue;
		}
		check(stk500.got == 0);
		seen = look_at(&command);
		if (again)
			compare(&seen, &first[count]);
		else
			first[count] = seen;
		count++;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	size_t piece = 1 + take_byte(&input) % 64;
	size_t count = parse(input.data, input.size, 0, false);

	check(parse(input.data, input.size, piece, true) == count);
	return 0;
}
