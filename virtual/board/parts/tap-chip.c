/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chips that the part tap can be: their instructions, and what the
 * configuration logic of an FPGA does besides reading its bitstream.
 *
 * Sources: Lattice FPGA-TN-02039, "ECP5 sysCONFIG"; Xilinx UG470, "7 Series
 * FPGAs Configuration", table 6-3; the opcodes of the boundary register are those
 * of the chips' BSDL files.
 */
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct tap_instruction generic[] = {
	{0x0, TAP_BOUNDARY, TAP_DRIVE},   /* EXTEST */
	{0x1, TAP_BOUNDARY, TAP_NOTHING}, /* SAMPLE/PRELOAD */
	{0x2, TAP_IDCODE, TAP_NOTHING},
	{0x3, TAP_USERCODE, TAP_NOTHING},
	{0x8, TAP_USER, TAP_NOTHING},
	{0x9, TAP_USER + 1, TAP_NOTHING},
};

static const struct tap_instruction ecp5[] = {
	{0x15, TAP_BOUNDARY, TAP_DRIVE},   /* EXTEST */
	{0x1c, TAP_BOUNDARY, TAP_NOTHING}, /* SAMPLE/PRELOAD */
	{0xe0, TAP_IDCODE, TAP_NOTHING}, {0xc0, TAP_USERCODE, TAP_NOTHING},
	{0x32, TAP_USER, TAP_NOTHING},      /* LSC_IPTEST, ER1 */
	{0x38, TAP_USER + 1, TAP_NOTHING},  /* ER2 */
	{0xc6, TAP_OPERAND, TAP_ENABLE},    /* ISC_ENABLE */
	{0x26, TAP_BYPASS, TAP_LEAVE},      /* ISC_DISABLE */
	{0x0e, TAP_OPERAND, TAP_CLEAR},     /* ISC_ERASE */
	{0x79, TAP_BYPASS, TAP_CLEAR},      /* LSC_REFRESH */
	{0x7a, TAP_CONFIGURE, TAP_NOTHING}, /* LSC_BITSTREAM_BURST */
	{0x3c, TAP_STATUS, TAP_NOTHING},    /* LSC_READ_STATUS */
	{0xf0, TAP_BUSY, TAP_NOTHING},      /* LSC_CHECK_BUSY */
};

static const struct tap_instruction xc7[] = {
	{0x26, TAP_BOUNDARY, TAP_DRIVE},   /* EXTEST */
	{0x01, TAP_BOUNDARY, TAP_NOTHING}, /* SAMPLE */
	{0x09, TAP_IDCODE, TAP_NOTHING}, {0x08, TAP_USERCODE, TAP_NOTHING},
	{0x02, TAP_USER, TAP_NOTHING}, {0x03, TAP_USER + 1, TAP_NOTHING},
	{0x0b, TAP_BYPASS, TAP_CLEAR},      /* JPROGRAM */
	{0x05, TAP_CONFIGURE, TAP_NOTHING}, /* CFG_IN */
	{0x04, TAP_STATUS, TAP_NOTHING},    /* CFG_OUT: STAT alone */
	{0x0c, TAP_BYPASS, TAP_START},      /* JSTART */
	{0x10, TAP_BYPASS, TAP_ENABLE},     /* ISC_ENABLE */
	{0x16, TAP_BYPASS, TAP_DISABLE},    /* ISC_DISABLE */
};

/* ---- Configuration -------------------------------------------------------- */

/* JSTART wants 12 clocks at least. */
#define START_CLOCKS 12

static void clear(struct tap_config *config, tick now)
{
	config->busy = now + config->clear;
	config->loaded = config->done = false;
	config->start_clocks = 0;
	config->usercode = UINT32_MAX;
	config->wrong = TAP_RIGHT;
	config->synchronised = false;
	config->have = config->want = 0;
	config->units = config->words = 0;
	config->crc = config->address = 0;
}

void tap_config_action(
	struct tap_config *config, enum tap_action action, tick now)
{
	switch (action) {
	case TAP_ENABLE:
		config->enabled = true;
		break;
	case TAP_DISABLE:
		config->enabled = false;
		break;
	case TAP_LEAVE:
		config->enabled = false;
		config->done = config->loaded && config->wrong == TAP_RIGHT;
		break;
	case TAP_CLEAR:
		clear(config, now);
		break;
	case TAP_START:
		config->start_clocks = START_CLOCKS;
		break;
	default:
		break;
	}
}

void tap_config_clock(struct tap_config *config)
{
	if (config->start_clocks > 0 && --config->start_clocks == 0)
		config->done = config->loaded && config->wrong == TAP_RIGHT;
}

/* A byte's most significant bit comes first.  Where bytes begin is known from
   the preamble on, which is the chip's. */
void tap_config_bit(struct tap_config *config, bool bit, tick now)
{
	if (now < config->busy || config->wrong != TAP_RIGHT)
		return;
	config->last = config->last << 1 | bit;
	config->bits++;
	if (config->synchronised ? config->bits == 8 : config->bits >= 32) {
		config->chip->byte(config, config->last);
		config->bits = config->synchronised ? 0 : 31;
	}
}

const struct tap_chip tap_generic = {
	.name = "generic",
	.instructions_count = COUNT(generic),
	.instructions = generic,
};

/* IR: bit 0 and 1 only. */
static uint32_t ecp5_capture(const struct tap_config *config, tick now)
{
	(void)config;
	(void)now;
	return 1;
}

static uint32_t ecp5_status(const struct tap_config *config, tick now)
{
	enum { DONE = 8, ENABLED = 9, BUSY = 12, FAIL = 13, ERROR = 23 };
	static const uint8_t errors[] = {[TAP_WRONG_ID] = 1,
		[TAP_WRONG_COMMAND] = 2,
		[TAP_WRONG_CRC] = 3};

	return config->loaded << DONE | config->enabled << ENABLED |
		(now < config->busy) << BUSY | !!config->wrong << FAIL |
		(uint32_t)errors[config->wrong] << ERROR;
}

/* IR: DONE, INIT, ISC_ENABLED, ISC_DONE. */
static uint32_t xc7_capture(const struct tap_config *config, tick now)
{
	bool init = now >= config->busy && config->wrong == TAP_RIGHT;

	return config->done << 5 | init << 4 | config->enabled << 3 |
		config->done << 2 | 1;
}

/* STAT: CRC_ERROR, INIT_COMPLETE, DONE's pin, ID_ERROR; the most significant bit
   is shifted out first. */
static uint32_t xc7_status(const struct tap_config *config, tick now)
{
	bool init = now >= config->busy;
	uint32_t status = (config->wrong == TAP_WRONG_CRC) << 0 | init << 11 |
		init << 12 | config->done << 14 |
		(config->wrong == TAP_WRONG_ID) << 15;
	uint32_t reversed = 0;

	for (unsigned i = 0; i < 32; i++)
		reversed |= (status >> i & 1) << (31 - i);
	return reversed;
}

void tap_ecp5_byte(struct tap_config *config, uint8_t byte);
void tap_xc7_byte(struct tap_config *config, uint8_t byte);

/* LFE5U-25F */
const struct tap_chip tap_ecp5 = {
	.name = "ecp5",
	.ir_bits = 8,
	.idcode = 0x41111043,
	.instructions_count = COUNT(ecp5),
	.instructions = ecp5,
	.capture = ecp5_capture,
	.status = ecp5_status,
	.byte = tap_ecp5_byte,
};

/* XC7A35T */
const struct tap_chip tap_xc7 = {
	.name = "xc7",
	.ir_bits = 6,
	.idcode = 0x0362d093,
	.instructions_count = COUNT(xc7),
	.instructions = xc7,
	.capture = xc7_capture,
	.status = xc7_status,
	.byte = tap_xc7_byte,
};
