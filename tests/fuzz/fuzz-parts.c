/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parts on the pins: the first line is the description of a part, the
 * rest changes of what the host drives.  A description that is refused has a
 * sentence; a part acts only later than at its last time, and nothing drives
 * without a supply for longer than a moment.
 */
#include "fuzz.h"
#include "virtual/board/pins.h"

/* A file's name would leave files behind. */
static struct part *make(const char *text)
{
	char why[PART_WHY_SIZE] = "";
	struct part *part;

	if (strstr(text, "file="))
		return NULL;
	part = part_new(text, why);
	check(!part == !!why[0]);
	return part;
}

static void settle(struct pins *pins, tick until)
{
	for (unsigned acts = 0; pins->next <= until; acts++) {
		tick next = pins->next;

		check(acts < 100000);
		pins_run(pins, next);
		check(pins->next > next);
	}
	pins_run(pins, until);
}

static void change(struct pins *pins, struct input *input)
{
	uint8_t kind = take_byte(input);

	settle(pins, pins->now + (kind & 15) * (kind & 15));
	if (kind >= 0xf8) {
		uint16_t powered = kind & 1 ? 0xffff : 0;

		pins_supply(pins, powered, 0, 0);
		settle(pins, pins->now + 100);
		if (!powered)
			check(!(pins->parts[0]->low | pins->parts[0]->high));
		return;
	}
	if (kind >= 0xf0) {
		settle(pins, pins->now + 480 * (tick)take_word(input));
		return;
	}
	pins_drive(pins, pins->now, pins->fpga_levels ^ take_word(input),
		kind & 0x80 ? take_word(input) : 0xffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t line = end ? (size_t)(end - data) : size;
	struct input first = {data, line};
	char *text = take_text(&first);
	struct part *part = make(text);
	struct pins pins;

	free(text);
	if (part == NULL)
		return 0;
	take_bytes(&input, (uint8_t[1024]){0}, line < 1024 ? line : 1024);
	pins_init(&pins);
	pins_supply(&pins, 0xffff, 0, 0);
	pins_add(&pins, part);
	while (input.size > 0)
		change(&pins, &input);
	pins_clear(&pins);
	return 0;
}
