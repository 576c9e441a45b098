/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Drives three chips of the part flash25 with the same random transactions: one by
 * edges on the pins, one by bytes, and one by edges and by the shortcut in turn.
 * Replies, arrays and registers must be the same.  So a core may take the short
 * way.
 *
 *	test-flash25-bytes [SEED]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/flash25-test.h"

#define US           ((tick)TICKS_PER_US)
#define SEEDS        60
#define TRANSACTIONS 120

static uint32_t first_seed = 1;

/* ---- Chance --------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

/* ---- Transactions --------------------------------------------------------- */

/* What the host does next: a byte out, a byte in, dummy clocks, or the end. */
struct step {
	enum { PUT, GET, DUMMY, BITS, END, WAIT, POWER } kind;
	uint8_t lanes, byte;
	uint32_t amount;
};

static uint8_t carry_out(struct flash_rig *rig, const struct step *step)
{
	switch (step->kind) {
	case PUT:
		flash_put(rig, step->lanes, step->byte);
		break;
	case GET:
		return flash_get(rig, step->lanes);
	case DUMMY:
		flash_dummy(rig, step->amount);
		break;
	case BITS:
		flash_bits(rig, step->amount);
		break;
	case END:
		flash_deselect(rig);
		break;
	case WAIT:
		flash_wait(rig, step->amount);
		break;
	case POWER:
		flash_supply(rig, step->amount);
		break;
	}
	return 0;
}

static struct flash_rig edges, bytes, mixed;
static bool seen[UINT8_MAX + 1]; /* opcodes that the chip has accepted */

static void both(const struct step *step)
{
	uint8_t a = carry_out(&edges, step), b = carry_out(&bytes, step);
	uint8_t c;

	/* Now this way, now that. */
	mixed.shortcut = below(3) > 0;
	c = carry_out(&mixed, step);
	if (a != b)
		fail_msg("at tick %llu: %02x by edges, %02x by bytes",
			(unsigned long long)bytes.now, a, b);
	if (a != c)
		fail_msg("at tick %llu: %02x by edges, %02x with the shortcut",
			(unsigned long long)bytes.now, a, c);
	assert_true(edges.now == mixed.now);
	assert_true(edges.now == bytes.now);
}

/* Opcodes that set something up come often; others at random. */
static uint8_t pick_opcode(void)
{
	static const uint8_t often[] = {0x06, 0x06, 0x06, 0x06, 0x02, 0x32,
		0x12, 0x34, 0x20, 0x21, 0xd8, 0x03, 0x0b, 0x3b, 0x6b, 0xbb,
		0xeb, 0x13, 0x0c, 0x6c, 0xec, 0x05, 0x35, 0x15, 0x01, 0x31,
		0x11, 0x75, 0x7a, 0x9f, 0x90, 0xab, 0x5a, 0x66, 0x99, 0xb7,
		0xe9, 0x38, 0xff, 0xc0, 0x50, 0xc7, 0xb9, 0x4b};

	return below(16) == 0 ? below(256) : often[below(sizeof(often))];
}

/* The host does what the chip's phase wants: at the level of bytes there are no
   dummy clocks that end in the middle, and no bytes from both sides. */
static bool transact_byte(bool *first)
{
	const struct flash25_phase phase = bytes.chip->phase;
	struct step step = {.lanes = phase.lanes};

	switch (phase.direction) {
	case FLASH25_IN:
		step.kind = PUT;
		step.byte = *first ? pick_opcode() : below(256);
		/* Addresses near each other meet more often. */
		if (!*first && bytes.chip->stage == FLASH25_ADDRESS)
			step.byte = below(3);
		break;
	case FLASH25_DUMMY:
		step.kind = DUMMY;
		step.amount = phase.clocks;
		break;
	case FLASH25_OUT:
		step.kind = GET;
		break;
	case FLASH25_DEAF:
		return false;
	}
	both(&step);
	*first = false;
	return true;
}

static void transact(void)
{
	unsigned most = 1 + below(12);
	bool first = bytes.chip->continuous == NULL;

	flash_select(&edges);
	flash_select(&bytes);
	flash_select(&mixed);
	for (unsigned i = 0; i < most; i++)
		if (!transact_byte(&first))
			break;
	if (below(16) == 0 && bytes.chip->phase.direction == FLASH25_IN &&
		bytes.chip->phase.lanes == 1)
		both(&(struct step){.kind = BITS, .amount = 1 + below(7)});
	if (bytes.chip->command)
		seen[bytes.chip->command->opcode] = true;
	both(&(struct step){.kind = END});
}

static void rest(void)
{
	struct step step = {.kind = WAIT, .amount = below(400) * US};

	both(&step);
	if (below(64) > 0)
		return;
	both(&(struct step){.kind = POWER, .amount = 0});
	both(&step);
	both(&(struct step){.kind = POWER, .amount = 1});
	both(&(struct step){.kind = WAIT, .amount = 6000 * US});
}

static void assert_same(uint32_t seed, const struct flash_rig *other)
{
	const struct flash25_chip *a = edges.chip, *b = other->chip;

	flash25_settle(edges.chip, edges.now);
	flash25_settle(other->chip, other->now);
	for (uint32_t i = 0; i < a->options.size; i++)
		if (flash25_array_get(&a->array, i) !=
			flash25_array_get(&b->array, i))
			fail_msg("seed %u: byte %x", seed, i);
	assert_memory_equal(a->status, b->status, sizeof(a->status));
	assert_memory_equal(a->kept, b->kept, sizeof(a->kept));
	assert_int_equal(a->wel, b->wel);
	assert_int_equal(a->qpi, b->qpi);
	assert_int_equal(a->four_bytes, b->four_bytes);
	assert_int_equal(a->asleep, b->asleep);
	assert_int_equal(a->job.kind, b->job.kind);
	assert_int_equal(a->suspended.kind, b->suspended.kind);
	assert_ptr_equal(a->continuous, b->continuous);
}

static void run_seed(uint32_t seed)
{
	static const char *const sizes[] = {"64K", "256K", "32M"};
	char text[PART_TEXT_SIZE], why[PART_WHY_SIZE];

	random_state = seed * 2654435761u + 1;
	snprintf(text, sizeof(text),
		FLASH25_PINS ":size=%s:t-pp=200us:t-se=1ms:t-be=2ms:t-ce=3ms:"
			     "t-w=300us:qe=%u:qer=%u",
		sizes[below(20) ? below(2) : 2], below(2), below(7));
	assert_true(flash_open(&edges, text, false, why));
	assert_true(flash_open(&bytes, text, true, why));
	assert_true(flash_open(&mixed, text, false, why));
	assert_true(pins_alone(&mixed.pins));
	for (unsigned i = 0; i < TRANSACTIONS; i++) {
		transact();
		if (below(2))
			rest();
	}
	assert_same(seed, &bytes);
	assert_same(seed, &mixed);
	assert_true(mixed.shortcuts > TRANSACTIONS);
	flash_close(&edges);
	flash_close(&bytes);
	flash_close(&mixed);
}

static void edges_and_bytes_have_the_same_effect(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (uint32_t i = 0; i < SEEDS; i++)
		run_seed(first_seed + i);
	for (unsigned opcode = 0; opcode <= UINT8_MAX; opcode++)
		accepted += seen[opcode];
	/* Nearly all of the table. */
	assert_in_range(accepted, 40, 60);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_and_bytes_have_the_same_effect),
	};

	if (argc > 1)
		first_seed = strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
