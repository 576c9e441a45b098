/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any bytes as those of a client of the Xilinx Virtual Cable protocol.  They are
 * parsed twice, as a whole and in pieces whose sizes the input chooses: the
 * commands must be the same.
 */
#include "applets/jtag-xvc/xvc.h"
#include "fuzz.h"

#define COMMANDS_MAX 4096

/* What is compared: the vectors of a shift are the parser's. */
struct seen {
	enum xvc_kind kind;
	uint32_t number, sum;
};

static struct seen first[COMMANDS_MAX];

static struct seen see(const struct xvc_command *command)
{
	struct seen seen = {command->kind, command->number, 0};
	uint32_t rate;

	if (command->kind == XVC_SHIFT) {
		size_t bytes = (command->number + 7) / 8;

		check(command->number <= XVC_BITS_MAX);
		for (size_t i = 0; i < bytes; i++)
			seen.sum = seen.sum * 31 + command->tms[i] * 7 +
				command->tdi[i];
	}
	if (command->kind == XVC_SETTCK) {
		rate = xvc_rate(command->number, 1465, 48000000);
		check(rate >= 1465 && rate <= 48000000);
		check(xvc_period(rate) > 0);
	}
	check((command->kind == XVC_TOO_LONG) ==
		(command->kind != XVC_SETTCK &&
			command->number > XVC_BITS_MAX));
	return seen;
}

/* Parse it in pieces of at most `piece` bytes, 0: as a whole.  Returns the number
   of commands; the first time they are stored, the second time compared. */
static size_t parse(const uint8_t *data, size_t size, size_t piece, bool again)
{
	static struct xvc xvc;
	size_t count = 0;

	xvc_init(&xvc);
	while (size > 0 && count < COMMANDS_MAX) {
		size_t given = piece && piece < size ? piece : size;
		struct xvc_command command;
		size_t taken = xvc_take(&xvc, data, given, &command);
		struct seen seen;

		check(taken > 0 && taken <= given);
		data += taken;
		size -= taken;
		if (command.kind == XVC_MORE) {
			check(taken == given);
			check(xvc_is_inside(&xvc) || xvc.state == XVC_LOST);
			continue;
		}
		check(!xvc_is_inside(&xvc));
		check(xvc.opcode_size <= XVC_OPCODE_MAX);
		seen = see(&command);
		if (again)
			check(seen.kind == first[count].kind &&
				seen.number == first[count].number &&
				seen.sum == first[count].sum);
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
