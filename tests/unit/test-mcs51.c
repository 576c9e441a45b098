/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The 8051's instructions: what each does to registers, memory and flags, and
   how long it takes. */
#include "tests/support/mcs51-test.h"

#include <stdlib.h>

#define CY 0x80
#define AC 0x40
#define OV 0x04

/* ---- Lengths and cycles ---- */

/* By rows of the opcode's high half; column 8 stands for 8 to f. */
static const char *const lengths[16] = {"123112111", "323112111", "321122111",
	"321122111", "222322111", "222322111", "222322111", "222123222",
	"222113222", "322122111", "222111222", "222133333", "222112111",
	"222113112", "121112111", "121112111"};
static const char *const cycles[16] = {"134112111", "434112111", "434122111",
	"434122111", "332322111", "332322111", "332322111", "332323222",
	"332353222", "332322111", "232351222", "232144444", "232112111",
	"232114113", "232212111", "232212111"};

static unsigned int entry(const char *const table[16], unsigned int opcode)
{
	unsigned int column = opcode & 0x0f;

	return table[opcode >> 4][column < 8 ? column : 8] - '0';
}

static bool jumps_by_address(unsigned int opcode)
{
	return (opcode & 0x0f) == 1 || opcode == 0x02 || opcode == 0x12 ||
		opcode == 0x22 || opcode == 0x32 || opcode == 0x73;
}

/* Whether a branch is taken or not, its offset here is 0. */
static void every_instruction_has_the_length_and_the_cycles_of_the_manual(
	void **state)
{
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		if (opcode == 0xa5)
			continue;
		for (int carry = 0; carry < 2; carry++) {
			fresh_computer(state);
			now->ckcon = 0;
			now->pc = 0x100;
			now->acc = carry;
			now->psw = carry ? CY : 0;
			/* Operands: R0's address, offset 0 */
			PUT(0x100, opcode, 0x00, 0x00);
			if (opcode == 0xd5)
				PUT(0x101, 0x08);
			assert_int_equal(step(), entry(cycles, opcode));
			if (!jumps_by_address(opcode))
				assert_int_equal(now->pc,
					0x100 + entry(lengths, opcode));
		}
	}
}

static void movx_takes_the_stretch_of_ckcon_more(void **state)
{
	static const uint8_t opcodes[] = {0xe0, 0xe2, 0xe3, 0xf0, 0xf2, 0xf3};

	(void)state;
	assert_int_equal(now->ckcon, 1);
	for (unsigned int stretch = 0; stretch < 8; stretch++)
		for (size_t i = 0; i < sizeof(opcodes); i++) {
			now->ckcon = stretch;
			assert_int_equal(EXECUTE(opcodes[i]), 2 + stretch);
		}
}

/* ---- The accumulator ---- */

/* The four places of an operand, with the same value in each. */
static unsigned int from(uint8_t row, uint8_t column, uint8_t value)
{
	uint8_t opcode = row | column;

	now->ram[0x40] = value; /* direct; @R0 and @R1 */
	if (column >= 8)
		now->ram[(now->psw & 0x18) + column - 8] = value;
	else
		now->ram[(now->psw & 0x18) + (column & 1)] = 0x40;
	return EXECUTE(opcode, column == 4 ? value : 0x40);
}

static uint8_t flags(void)
{
	return now->psw & (CY | AC | OV);
}

/* What ADD, ADDC and SUBB do, by numbers with and without a sign. */
static void expect_sum(
	int left, int right, int carry, int sign, uint8_t *acc, uint8_t *psw)
{
	int sum = left + sign * (right + carry);
	int with_sign = (int8_t)left + sign * ((int8_t)right + carry);
	int half = (left & 15) + sign * ((right & 15) + carry);

	*acc = sum;
	*psw = (sum < 0 || sum > 255 ? CY : 0) |
		(half < 0 || half > 15 ? AC : 0) |
		(with_sign < -128 || with_sign > 127 ? OV : 0);
}

static void sums_and_differences_have_their_flags_for_all_numbers(void **state)
{
	static const struct {
		uint8_t row;
		int uses, sign;
	} kinds[] = {{0x20, 0, 1}, {0x30, 1, 1}, {0x90, 1, -1}};

	(void)state;
	for (int i = 0; i < 3; i++)
		for (int all = 0; all < 0x20000; all++) {
			int carry = all >> 16;
			uint8_t acc, psw;

			now->pc = 0x100;
			now->acc = all >> 8;
			now->psw = carry ? CY | AC | OV : 0;
			from(kinds[i].row, 4, all);
			expect_sum(all >> 8 & 0xff, all & 0xff,
				carry * kinds[i].uses, kinds[i].sign, &acc,
				&psw);
			if (now->acc != acc || flags() != psw)
				fail_msg("%02x: %05x gives %02x, flags %02x",
					kinds[i].row, all, now->acc, flags());
		}
}

/* ADD, ADDC, ORL, ANL, XRL, SUBB, MOV, with all columns and banks. */
static void operands_are_immediate_direct_indirect_or_registers(void **state)
{
	static const struct {
		uint8_t row, result;
	} kinds[] = {{0x20, 0x5a + 0x0f}, {0x30, 0x5a + 0x0f + 1}, {0x40, 0x5f},
		{0x50, 0x0a}, {0x60, 0x55}, {0x90, 0x5a - 0x0f - 1},
		{0xe0, 0x0f}};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (unsigned int column = 4; column < 16; column++)
			for (unsigned int bank = 0; bank < 0x20; bank += 8) {
				if (kinds[i].row == 0xe0 && column == 4)
					continue; /* CLR A */
				now->pc = 0x100;
				now->acc = 0x5a;
				now->psw = CY | bank;
				from(kinds[i].row, column, 0x0f);
				assert_int_equal(now->acc, kinds[i].result);
			}
	EXECUTE(0x74, 0x77);
	assert_int_equal(now->acc, 0x77);
}

static void logic_with_a_direct_address_leaves_the_accumulator(void **state)
{
	(void)state;
	now->acc = 0x5a;
	now->ram[0x30] = 0x0f;
	EXECUTE(0x42, 0x30);
	assert_int_equal(now->ram[0x30], 0x5f);
	EXECUTE(0x52, 0x30);
	assert_int_equal(now->ram[0x30], 0x5a);
	EXECUTE(0x62, 0x30);
	assert_int_equal(now->ram[0x30], 0x00);
	EXECUTE(0x43, 0x30, 0x81);
	assert_int_equal(now->ram[0x30], 0x81);
	EXECUTE(0x53, 0x30, 0xf0);
	assert_int_equal(now->ram[0x30], 0x80);
	EXECUTE(0x63, 0x30, 0xff);
	assert_int_equal(now->ram[0x30], 0x7f);
	assert_int_equal(now->acc, 0x5a);
}

static void products_and_quotients_are_right_for_all_numbers(void **state)
{
	(void)state;
	for (int all = 0; all < 0x10000; all++) {
		uint8_t left = all >> 8, right = all;

		now->pc = 0x100;
		now->acc = left;
		now->b = right;
		now->psw = CY | AC;
		EXECUTE(0xa4);
		assert_int_equal(now->acc | now->b << 8, left * right);
		assert_int_equal(flags(), AC | (left * right > 255 ? OV : 0));
		now->acc = left;
		now->b = right;
		now->psw = CY | AC;
		EXECUTE(0x84);
		if (right > 0) {
			assert_int_equal(now->acc, left / right);
			assert_int_equal(now->b, left % right);
		}
		assert_int_equal(flags(), AC | (right == 0 ? OV : 0));
	}
}

static void da_makes_the_sum_of_decimal_numbers_decimal(void **state)
{
	(void)state;
	for (int left = 0; left < 100; left++)
		for (int right = 0; right < 100; right++) {
			int sum = left + right;

			now->pc = 0x100;
			now->psw = 0;
			now->acc = left / 10 << 4 | left % 10;
			EXECUTE(0x24, right / 10 << 4 | right % 10);
			EXECUTE(0xd4);
			assert_int_equal(
				now->acc, sum / 10 % 10 << 4 | sum % 10);
			assert_int_equal(now->psw & CY, sum > 99 ? CY : 0);
		}
}

static void the_accumulator_is_rotated_swapped_cleared_and_inverted(
	void **state)
{
	(void)state;
	now->acc = 0x81;
	EXECUTE(0x03);
	assert_int_equal(now->acc, 0xc0);
	EXECUTE(0x23);
	assert_int_equal(now->acc, 0x81);
	EXECUTE(0x13);
	assert_int_equal(now->acc, 0x40);
	assert_int_equal(flags(), CY);
	EXECUTE(0x33);
	assert_int_equal(now->acc, 0x81);
	assert_int_equal(flags(), 0);
	EXECUTE(0x33);
	assert_int_equal(now->acc, 0x02);
	assert_int_equal(flags(), CY);
	now->acc = 0x12;
	EXECUTE(0xc4);
	assert_int_equal(now->acc, 0x21);
	EXECUTE(0xf4);
	assert_int_equal(now->acc, 0xde);
	EXECUTE(0xe4);
	assert_int_equal(now->acc, 0);
	assert_int_equal(flags(), CY);
}

static void parity_is_that_of_the_accumulator_and_cannot_be_written(
	void **state)
{
	(void)state;
	for (unsigned int value = 0; value < 256; value++) {
		now->pc = 0x100;
		now->acc = value;
		EXECUTE(0x75, 0xd0, value & 1);
		EXECUTE(0x85, 0xd0, 0x30);
		assert_int_equal(now->ram[0x30], __builtin_popcount(value) & 1);
		assert_int_equal(mcs51_peek(cpu, 0xd0), now->ram[0x30]);
	}
}

static void increments_and_decrements_wrap_and_leave_the_flags(void **state)
{
	(void)state;
	now->psw = CY;
	now->acc = 0xff;
	now->ram[0] = 0x90;
	now->ram[1] = 0x91;
	now->ram[0x90] = 0xff;
	now->ram[0x91] = 0x7f;
	now->ram[0x7f] = 0xff;
	EXECUTE(0x04);
	EXECUTE(0x05, 0x7f);
	EXECUTE(0x06);
	EXECUTE(0x07);
	assert_int_equal(now->acc, 0);
	assert_int_equal(now->ram[0x7f], 0);
	assert_int_equal(now->ram[0x90], 0);
	assert_int_equal(now->ram[0x91], 0x80);
	EXECUTE(0x14);
	EXECUTE(0x15, 0x7f);
	EXECUTE(0x16);
	EXECUTE(0x17);
	assert_int_equal(now->acc, 0xff);
	assert_int_equal(now->ram[0x7f], 0xff);
	assert_int_equal(now->ram[0x90], 0xff);
	assert_int_equal(now->ram[0x91], 0x7f);
	for (unsigned int n = 0; n < 8; n++) {
		now->ram[n] = 10 * n;
		EXECUTE(0x08 | n);
		assert_int_equal(now->ram[n], 10 * n + 1);
		EXECUTE(0x18 | n);
		EXECUTE(0x18 | n);
		assert_int_equal(now->ram[n], (uint8_t)(10 * n - 1));
	}
	assert_int_equal(now->psw, CY);
}

/* ---- Moves ---- */

static void moves_reach_registers_memory_and_immediate_bytes(void **state)
{
	(void)state;
	now->acc = 0x11;
	EXECUTE(0xf5, 0x30); /* mov 0x30,a */
	assert_int_equal(now->ram[0x30], 0x11);
	EXECUTE(0x75, 0x31, 0x22); /* mov 0x31,#0x22 */
	assert_int_equal(now->ram[0x31], 0x22);
	EXECUTE(0x85, 0x31, 0x32); /* mov 0x32,0x31 */
	assert_int_equal(now->ram[0x32], 0x22);
	for (unsigned int i = 0; i < 2; i++) {
		now->ram[i] = 0xa0 + i;
		EXECUTE(0x76 | i, 0x33); /* mov @ri,#0x33 */
		assert_int_equal(now->ram[0xa0 + i], 0x33);
		EXECUTE(0xf6 | i); /* mov @ri,a */
		assert_int_equal(now->ram[0xa0 + i], 0x11);
		EXECUTE(0xa6 | i, 0x31); /* mov @ri,0x31 */
		assert_int_equal(now->ram[0xa0 + i], 0x22);
		EXECUTE(0x86 | i, 0x40); /* mov 0x40,@ri */
		assert_int_equal(now->ram[0x40], 0x22);
	}
	now->psw = 0x18;
	for (unsigned int n = 0; n < 8; n++) {
		EXECUTE(0x78 | n, 0x50 + n); /* mov rn,# */
		assert_int_equal(now->ram[0x18 + n], 0x50 + n);
		EXECUTE(0xa8 | n, 0x31); /* mov rn,0x31 */
		assert_int_equal(now->ram[0x18 + n], 0x22);
		EXECUTE(0xf8 | n); /* mov rn,a */
		assert_int_equal(now->ram[0x18 + n], 0x11);
		EXECUTE(0x88 | n, 0x41); /* mov 0x41,rn */
		assert_int_equal(now->ram[0x41], 0x11);
	}
}

static void exchanges_swap_bytes_and_halves(void **state)
{
	(void)state;
	now->acc = 0x12;
	now->ram[0x30] = 0x34;
	EXECUTE(0xc5, 0x30);
	assert_int_equal(now->acc, 0x34);
	assert_int_equal(now->ram[0x30], 0x12);
	now->ram[0] = now->ram[1] = 0x30;
	EXECUTE(0xc6);
	assert_int_equal(now->acc, 0x12);
	EXECUTE(0xd7);
	assert_int_equal(now->acc, 0x14);
	assert_int_equal(now->ram[0x30], 0x32);
	for (unsigned int n = 0; n < 8; n++) {
		now->ram[n] = n;
		EXECUTE(0xc8 | n);
		assert_int_equal(now->acc, n);
	}
}

static void the_stack_grows_upwards_through_all_256_bytes(void **state)
{
	(void)state;
	assert_int_equal(now->sp, 7);
	now->sp = 0xff;
	now->ram[0x30] = 0x12;
	EXECUTE(0xc0, 0x30);
	assert_int_equal(now->sp, 0x00);
	assert_int_equal(now->ram[0], 0x12);
	EXECUTE(0xd0, 0x31);
	assert_int_equal(now->sp, 0xff);
	assert_int_equal(now->ram[0x31], 0x12);
}

static void dps_selects_the_data_pointer_of_all_instructions(void **state)
{
	(void)state;
	EXECUTE(0x90, 0x12, 0xff); /* mov dptr,#0x12ff */
	EXECUTE(0x75, 0x86, 0xff); /* mov dps,#0xff: bit 0 only */
	assert_int_equal(mcs51_peek(cpu, 0x86), 1);
	EXECUTE(0x90, 0xff, 0xff);
	EXECUTE(0xa3);
	assert_int_equal(now->dptr[0], 0x12ff);
	assert_int_equal(now->dptr[1], 0x0000);
	EXECUTE(0x75, 0x85, 0x80); /* mov dph1,#0x80 */
	EXECUTE(0x75, 0x84, 0x01);
	computer.xdata[0x8001] = 0x77;
	EXECUTE(0xe0);
	assert_int_equal(now->acc, 0x77);
	EXECUTE(0x05, 0x86); /* inc dps */
	assert_int_equal(now->dps, 0);
	EXECUTE(0xa3);
	assert_int_equal(now->dptr[0], 0x1300);
	EXECUTE(0xe5, 0x83);
	assert_int_equal(now->acc, 0x13);
	assert_int_equal(mcs51_peek(cpu, 0x85), 0x80);
	assert_int_equal(mcs51_peek(cpu, 0x84), 0x01);
}

static void movx_reaches_memory_directly_and_the_rest_by_hooks(void **state)
{
	(void)state;
	now->acc = 0x5a;
	now->dptr[0] = 0x3fff;
	EXECUTE(0xf0);
	assert_int_equal(computer.memory[0x3fff], 0x5a);
	assert_int_equal(computer.accesses, 0);
	now->dptr[0] = 0x4000;
	EXECUTE(0xf0);
	assert_int_equal(computer.xdata[0x4000], 0x5a);
	assert_int_equal(computer.accesses, 1);
	now->mpage = 0xe6;
	now->ram[1] = 0x34;
	EXECUTE(0xf3);
	assert_int_equal(computer.xdata[0xe634], 0x5a);
	now->acc = 0;
	EXECUTE(0xe3);
	assert_int_equal(now->acc, 0x5a);
	now->ram[0] = 0x34;
	EXECUTE(0xf2);
	EXECUTE(0x75, 0x92, 0x3f); /* mov mpage,#0x3f */
	now->ram[0] = 0xff;
	EXECUTE(0xe2);
	assert_int_equal(now->acc, 0x5a);
}

static void movc_counts_from_dptr_or_from_the_next_instruction(void **state)
{
	(void)state;
	PUT(0x1280, 0x77);
	now->dptr[0] = 0x1200;
	now->acc = 0x80;
	EXECUTE(0x93);
	assert_int_equal(now->acc, 0x77);
	now->pc = 0x1200;
	now->acc = 0x7f;
	EXECUTE(0x83);
	assert_int_equal(now->acc, 0x77);
}

/* ---- Bits ---- */

static void bits_are_in_ram_from_0x20_and_in_every_eighth_register(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 256; bit++) {
		uint8_t address = bit < 0x80 ? 0x20 + bit / 8 : bit & 0xf8;
		uint8_t mask = 1 << bit % 8;

		/* The accumulator makes parity; timers, interrupts and serial
		   ports are not simple bytes. */
		if (address == 0x88 || address == 0x98 || address == 0xa8 ||
			address == 0xb8 || (address >= 0xc0 && bit < 0xe0) ||
			address == 0xe8 || address == 0xf8)
			continue;
		now->pc = 0x100;
		EXECUTE(0x75, address, 0x00);
		EXECUTE(0xd2, bit);
		EXECUTE(0xe5, address);
		assert_int_equal(now->acc, mask);
		EXECUTE(0x75, address, mask);
		EXECUTE(0xa2, bit);
		assert_int_equal(flags(), CY);
		EXECUTE(0xb2, bit);
		EXECUTE(0xa2, bit);
		assert_int_equal(flags(), 0);
		EXECUTE(0xb3);
		EXECUTE(0x92, bit);
		EXECUTE(0xc3);
		EXECUTE(0x72, bit);
		assert_int_equal(flags(), CY);
		EXECUTE(0xc2, bit);
		EXECUTE(0xe5, address);
		assert_int_equal(now->acc, 0);
	}
}

static void carry_is_combined_with_bits_and_their_opposites(void **state)
{
	(void)state;
	now->ram[0x20] = 0x02; /* bit 0 is 0, bit 1 is 1 */
	for (int carry = 0; carry < 2; carry++)
		for (int bit = 0; bit < 2; bit++) {
			now->psw = carry ? CY : 0;
			EXECUTE(0x82, bit);
			assert_int_equal(flags(), carry && bit ? CY : 0);
			now->psw = carry ? CY : 0;
			EXECUTE(0xb0, bit);
			assert_int_equal(flags(), carry && !bit ? CY : 0);
			now->psw = carry ? CY : 0;
			EXECUTE(0x72, bit);
			assert_int_equal(flags(), carry || bit ? CY : 0);
			now->psw = carry ? CY : 0;
			EXECUTE(0xa0, bit);
			assert_int_equal(flags(), carry || !bit ? CY : 0);
		}
	EXECUTE(0xd3);
	assert_int_equal(flags(), CY);
	EXECUTE(0xc3);
	assert_int_equal(flags(), 0);
}

static void read_modify_write_instructions_read_the_latch(void **state)
{
	(void)state;
	computer.latches = true;
	memset(computer.latch, 0x0f, sizeof(computer.latch));
	computer.sfr[0x80] = 0xf0; /* the pins */
	EXECUTE(0xe5, 0x80);
	assert_int_equal(now->acc, 0xf0);
	EXECUTE(0xd2, 0x80 + 4);
	assert_int_equal(computer.sfr[0x80], 0x1f);
	EXECUTE(0x43, 0x80, 0x20);
	assert_int_equal(computer.sfr[0x80], 0x2f);
	EXECUTE(0x05, 0x80);
	assert_int_equal(computer.sfr[0x80], 0x10);
	EXECUTE(0xd5, 0x80, 0x00);
	assert_int_equal(computer.sfr[0x80], 0x0e);
	EXECUTE(0x10, 0x80 + 1, 0x00);
	assert_int_equal(computer.sfr[0x80], 0x0d);
	EXECUTE(0xa2, 0x80 + 1);
	assert_int_equal(flags(), 0);
}

/* ---- Jumps ---- */

static void expect_jump(bool taken, unsigned int length)
{
	assert_int_equal(now->pc, 0x1000 + length + (taken ? -0x20 : 0));
	now->pc = 0x1000;
}

static void branches_test_carry_accumulator_and_bits(void **state)
{
	(void)state;
	now->pc = 0x1000;
	for (int set = 0; set < 2; set++) {
		now->psw = set ? CY : 0;
		now->acc = set;
		now->ram[0x20] = set << 3;
		EXECUTE(0x40, 0xe0);
		expect_jump(set, 2);
		EXECUTE(0x50, 0xe0);
		expect_jump(!set, 2);
		EXECUTE(0x60, 0xe0);
		expect_jump(!set, 2);
		EXECUTE(0x70, 0xe0);
		expect_jump(set, 2);
		EXECUTE(0x20, 0x03, 0xe0);
		expect_jump(set, 3);
		EXECUTE(0x30, 0x03, 0xe0);
		expect_jump(!set, 3);
		EXECUTE(0x10, 0x03, 0xe0);
		expect_jump(set, 3);
		assert_int_equal(now->ram[0x20], 0);
		EXECUTE(0x80, 0xe0);
		expect_jump(true, 2);
	}
}

/* Compares with the left number where the opcode looks for it. */
static void expect_compare(uint8_t opcode, uint8_t left, uint8_t right)
{
	now->acc = left;
	now->ram[0x40] = opcode == 0xb5 ? right : left;
	if (opcode >= 0xb8)
		now->ram[opcode & 7] = left;
	else
		now->ram[opcode & 1] = 0x40;
	EXECUTE(opcode, opcode == 0xb5 ? 0x40 : right, 0xe0);
	expect_jump(left != right, 3);
	assert_int_equal(flags(), left < right ? CY : 0);
}

static void cjne_jumps_if_unequal_and_carry_says_which_is_less(void **state)
{
	(void)state;
	now->pc = 0x1000;
	for (unsigned int opcode = 0xb4; opcode < 0xc0; opcode++) {
		expect_compare(opcode, 0x10, 0x20);
		expect_compare(opcode, 0x20, 0x10);
		expect_compare(opcode, 0x20, 0x20);
		expect_compare(opcode, 0x7f, 0x80);
	}
}

static void djnz_jumps_until_its_count_is_0(void **state)
{
	(void)state;
	now->pc = 0x1000;
	for (unsigned int n = 0; n < 8; n++) {
		now->ram[n] = 2;
		EXECUTE(0xd8 | n, 0xe0);
		expect_jump(true, 2);
		EXECUTE(0xd8 | n, 0xe0);
		expect_jump(false, 2);
		EXECUTE(0xd8 | n, 0xe0);
		expect_jump(true, 2);
		assert_int_equal(now->ram[n], 0xff);
	}
	now->ram[0x30] = 1;
	EXECUTE(0xd5, 0x30, 0xe0);
	expect_jump(false, 3);
	EXECUTE(0xd5, 0x30, 0xe0);
	expect_jump(true, 3);
}

static void calls_push_the_next_address_low_byte_first(void **state)
{
	(void)state;
	now->pc = 0x1234;
	EXECUTE(0x12, 0x20, 0x05);
	assert_int_equal(now->pc, 0x2005);
	assert_int_equal(now->sp, 9);
	assert_int_equal(now->ram[8], 0x37);
	assert_int_equal(now->ram[9], 0x12);
	EXECUTE(0x22);
	assert_int_equal(now->pc, 0x1237);
	assert_int_equal(now->sp, 7);
}

static void ajmp_and_acall_stay_in_the_2_kib_of_the_next_instruction(
	void **state)
{
	(void)state;
	for (unsigned int page = 0; page < 8; page++) {
		now->pc = 0x0ffe;
		EXECUTE(page << 5 | 0x01, 0x34);
		assert_int_equal(now->pc, 0x1000 | page << 8 | 0x34);
		now->pc = 0x0ffd;
		EXECUTE(page << 5 | 0x11, 0x34);
		assert_int_equal(now->pc, 0x0800 | page << 8 | 0x34);
		EXECUTE(0x22);
		assert_int_equal(now->pc, 0x0fff);
	}
}

static void ljmp_and_jmp_reach_all_addresses(void **state)
{
	(void)state;
	EXECUTE(0x02, 0x3f, 0xf0);
	assert_int_equal(now->pc, 0x3ff0);
	now->acc = 0xff;
	now->dptr[0] = 0x1234;
	EXECUTE(0x73);
	assert_int_equal(now->pc, 0x1333);
	now->dptr[0] = 0xff10;
	EXECUTE(0x73);
	assert_int_equal(now->pc, 0x000f);
}

/* ---- What is refused ---- */

static void expect_fault(const char *sentence)
{
	assert_int_equal(mcs51_run(cpu, cpu->cycles + 1), MCS51_FAULT);
	assert_string_equal(cpu->fault, sentence);
	/* Nothing but a reset ends it. */
	assert_int_equal(mcs51_run(cpu, cpu->cycles + 1), MCS51_FAULT);
	assert_int_equal(mcs51_waits_until(cpu), MCS51_NEVER);
	mcs51_reset(cpu);
	now->pc = 0x100;
}

static void what_is_not_modelled_is_a_fault_with_its_address(void **state)
{
	(void)state;
	now->pc = 0x100;
	PUT(0x100, 0xa5);
	expect_fault("undefined opcode 0xa5, at 0x0100");
	PUT(0x100, 0x75, 0x98, 0x50);
	expect_fault("the serial ports are not modelled: write of SFR 0x98, "
		     "at 0x0100");
	PUT(0x100, 0xe5, 0xc1);
	expect_fault("the serial ports are not modelled: read of SFR 0xc1, "
		     "at 0x0100");
	PUT(0x100, 0x43, 0x87, 0x02);
	expect_fault("PCON.1 (stop) is not modelled, at 0x0100");
	PUT(0x100, 0x75, 0xc8, 0x30);
	expect_fault("the serial ports are not modelled: timer 2 makes their "
		     "clock, at 0x0100");
	now->tmod = 0x04;
	PUT(0x100, 0xd2, 0x8c);
	expect_fault("a timer counts edges of a pin, which is not modelled, "
		     "at 0x0100");
}

static void code_beyond_memory_is_a_fault(void **state)
{
	(void)state;
	now->pc = 0x4000;
	expect_fault("an instruction is fetched from 0x4000, where no code "
		     "memory is, at 0x4000");
	PUT(0x3ffe, 0x02, 0x00);
	now->pc = 0x3ffe;
	expect_fault("an instruction is fetched from 0x4000, where no code "
		     "memory is, at 0x3ffe");
	PUT(0x3fff, 0x04);
	now->pc = 0x3fff;
	step();
	assert_int_equal(now->acc, 1);
	now->pc = 0x100;
	now->dptr[0] = 0xe000;
	PUT(0x100, 0x93);
	expect_fault("MOVC reads 0xe001, where no code memory is, at 0x0100");
}

static void a_reset_gives_the_registers_of_power_up_and_keeps_ram(void **state)
{
	struct mcs51_state first = *now;

	(void)state;
	assert_int_equal(mcs51_peek(cpu, 0x81), 0x07);
	assert_int_equal(mcs51_peek(cpu, 0x87), 0x30);
	assert_int_equal(mcs51_peek(cpu, 0x8e), 0x01);
	assert_int_equal(mcs51_peek(cpu, 0x91), 0x08);
	assert_int_equal(mcs51_peek(cpu, 0xb8), 0x80);
	assert_int_equal(mcs51_peek(cpu, 0xd8), 0x40);
	assert_int_equal(mcs51_peek(cpu, 0xe8), 0xe0);
	assert_int_equal(mcs51_peek(cpu, 0xf8), 0xe0);
	for (unsigned int address = 0x80; address < 0x100; address++)
		if (mcs51_holds(address) && address != 0x87)
			EXECUTE(0x75, address, 0x00);
	now->ram[0x30] = first.ram[0x30] = 0x55;
	computer.memory[0x2000] = 0x66;
	mcs51_reset(cpu);
	assert_memory_equal(now, &first, sizeof(first));
	assert_int_equal(computer.memory[0x2000], 0x66);
}

static void fixed_bits_of_registers_cannot_be_written(void **state)
{
	static const struct {
		uint8_t address, zeros, ones;
	} fixed[] = {{0x86, 0x00, 0x01}, {0x87, 0x30, 0xfc}, {0x91, 0x08, 0xf8},
		{0xb8, 0x80, 0xff}, {0xd8, 0x40, 0xf8}, {0xe8, 0xe0, 0xff},
		{0xf8, 0xe0, 0xff}};

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		now->pc = 0x100;
		EXECUTE(0x75, fixed[i].address, 0x00);
		assert_int_equal(
			mcs51_peek(cpu, fixed[i].address), fixed[i].zeros);
		/* PCON: neither idle nor stop */
		EXECUTE(0x75, fixed[i].address,
			fixed[i].address == 0x87 ? 0xfc : 0xff);
		assert_int_equal(
			mcs51_peek(cpu, fixed[i].address), fixed[i].ones);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fresh_computer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_instruction_has_the_length_and_the_cycles_of_the_manual),
		TEST(movx_takes_the_stretch_of_ckcon_more),
		TEST(sums_and_differences_have_their_flags_for_all_numbers),
		TEST(operands_are_immediate_direct_indirect_or_registers),
		TEST(logic_with_a_direct_address_leaves_the_accumulator),
		TEST(products_and_quotients_are_right_for_all_numbers),
		TEST(da_makes_the_sum_of_decimal_numbers_decimal),
		TEST(the_accumulator_is_rotated_swapped_cleared_and_inverted),
		TEST(parity_is_that_of_the_accumulator_and_cannot_be_written),
		TEST(increments_and_decrements_wrap_and_leave_the_flags),
		TEST(moves_reach_registers_memory_and_immediate_bytes),
		TEST(exchanges_swap_bytes_and_halves),
		TEST(the_stack_grows_upwards_through_all_256_bytes),
		TEST(dps_selects_the_data_pointer_of_all_instructions),
		TEST(movx_reaches_memory_directly_and_the_rest_by_hooks),
		TEST(movc_counts_from_dptr_or_from_the_next_instruction),
		TEST(bits_are_in_ram_from_0x20_and_in_every_eighth_register),
		TEST(carry_is_combined_with_bits_and_their_opposites),
		TEST(read_modify_write_instructions_read_the_latch),
		TEST(branches_test_carry_accumulator_and_bits),
		TEST(cjne_jumps_if_unequal_and_carry_says_which_is_less),
		TEST(djnz_jumps_until_its_count_is_0),
		TEST(calls_push_the_next_address_low_byte_first),
		TEST(ajmp_and_acall_stay_in_the_2_kib_of_the_next_instruction),
		TEST(ljmp_and_jmp_reach_all_addresses),
		TEST(what_is_not_modelled_is_a_fault_with_its_address),
		TEST(code_beyond_memory_is_a_fault),
		TEST(a_reset_gives_the_registers_of_power_up_and_keeps_ram),
		TEST(fixed_bits_of_registers_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
