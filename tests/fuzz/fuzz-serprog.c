/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any bytes as those of a client of serprog.  They are parsed twice, as a whole
 * and in pieces whose sizes the input chooses: the commands must be the same.
 */
#include "applets/spi-flashrom/serprog.h"
#include "fuzz.h"

#define COMMANDS_MAX 4096

/* What is compared: the bytes of a transfer are those of the whole input. */
struct seen {
	struct serprog_command command;
	uint32_t sum;
};

static struct seen first[COMMANDS_MAX];

static void check_command(const struct serprog_command *command)
{
	check(command->answer_size <= SERPROG_ANSWER_MAX);
	check((command->kind == SERPROG_ANSWER) == (command->answer_size > 0));
	check(!command->unknown || command->answer[0] == SERPROG_NAK);
	check(command->send_size <= SERPROG_SEND_MAX);
	check(command->receive_size < 1 << 24);
	if (command->kind == SERPROG_RATE)
		check(command->value > 0);
	if (command->kind == SERPROG_SELECT)
		check(command->value <= SERPROG_SELECT_OFF);
}

static uint32_t sum(const struct serprog_command *command)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < command->send_size; i++)
		value = value * 31 + command->send[i];
	return value;
}

static void compare(const struct seen *seen, const struct seen *expected)
{
	const struct serprog_command *a = &seen->command;
	const struct serprog_command *b = &expected->command;

	check(a->kind == b->kind && a->opcode == b->opcode);
	check(a->unknown == b->unknown && a->value == b->value);
	check(a->send_size == b->send_size &&
		a->receive_size == b->receive_size);
	check(seen->sum == expected->sum);
	check(a->answer_size == b->answer_size &&
		memcmp(a->answer, b->answer, a->answer_size) == 0);
}

/* Parse it in pieces of at most `piece` bytes, 0: as a whole.  Returns the number
   of commands; the first time they are stored, the second time compared. */
static size_t parse(const uint8_t *data, size_t size, size_t piece, bool again)
{
	static struct serprog serprog;
	size_t count = 0;

	serprog_init(&serprog);
	while (size > 0 && count < COMMANDS_MAX) {
		size_t given = piece && piece < size ? piece : size;
		struct seen seen;
		size_t taken =
			serprog_take(&serprog, data, given, &seen.command);

		check(taken > 0 && taken <= given);
		data += taken;
		size -= taken;
		if (seen.command.kind == SERPROG_MORE) {
			check(taken == given && serprog.inside);
			continue;
		}
		check(!serprog.inside);
		check_command(&seen.command);
		seen.sum = sum(&seen.command);
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
