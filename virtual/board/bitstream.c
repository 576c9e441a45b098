/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The configuration port of the iCE40 HX8K.  The bytes are foreign input, in
 * pieces of any size: a bitstream of any content must end in DONE, in FAILED or
 * in waiting for more, and in nothing else.
 */
#include "bitstream.h"

#include <string.h>

#include "wire/regs.h"

#define PREAMBLE    0x7eaa997e
#define CRC_INITIAL 0xffff
#define BANKS       4
#define END_SIZE    2 /* zero bytes after the data of a bank */

/* Opcode and size of the payload; these are the commands that icepack and
   Lattice's tool emit. */
enum command {
	COMMAND_ACTION = 0x01,
	COMMAND_BANK = 0x11,
	COMMAND_CHECK_CRC = 0x22,
	COMMAND_FREQUENCY = 0x51,
	COMMAND_WIDTH = 0x62,
	COMMAND_HEIGHT = 0x72,
	COMMAND_OFFSET = 0x82,
	COMMAND_BOOT_MODE = 0x92,
};

enum action {
	ACTION_WRITE_CRAM = 1,
	ACTION_WRITE_BRAM = 3,
	ACTION_RESET_CRC = 5,
	ACTION_WAKEUP = 6,
};

#define FREQUENCY_HIGH 2

/* No sleep, cold boot, warm boot. */
#define BOOT_MODE_BITS 0x31

/* One bank of the HX8K's memories, in bits: IceStorm, icepack's "8k". */
struct memory {
	uint32_t width, height;
};

static const struct memory cram = {872, 272};
static const struct memory bram = {128, 256};

/* CRC-16-CCITT, x^16 + x^12 + x^5 + 1, a byte at a time. */
static uint16_t add_to_crc(uint32_t crc, uint8_t byte)
{
	uint8_t fold = crc >> 8 ^ byte;

	fold ^= fold >> 4;
	return crc << 8 ^ fold << 12 ^ fold << 5 ^ fold;
}

static void fail(struct bitstream *bitstream, const char *why)
{
	if (bitstream->state != BITSTREAM_FAILED)
		bitstream->why = why;
	bitstream->state = BITSTREAM_FAILED;
}

static void require(struct bitstream *bitstream, bool good)
{
	if (!good)
		fail(bitstream, "is damaged");
}

/* ---- Which bitstream it is ------------------------------------------------ */

/* FNV-1a */
#define DIGEST_INITIAL 0xcbf29ce484222325
#define DIGEST_PRIME   0x100000001b3

static void add_to_digest(struct bitstream *bitstream, uint8_t byte)
{
	bitstream->digest = (bitstream->digest ^ byte) * DIGEST_PRIME;
}

/*
 * A block RAM of Clyde's image begins with the values of the registers after
 * power-up (gateware/registers.v, gateware/generate.c), two registers in a word
 * of 16 bits.  yosys puts bit n of the first into bit 2 m of the word, and bit n
 * of the second into bit 2 m + 1, where m is n with its three bits in reverse
 * order.  A row of a bank has a word of each of 8 block RAMs.  What follows the
 * registers, from row REGISTER_ROWS on, is the table of cores, which builds of
 * Clyde may differ in.
 */
#define REGISTER_ROWS 128
#define ROW_SIZE      16
#define BANK_RAMS     8

/* A register's value after power-up.  REG_CORE_COUNT may have any. */
static uint8_t initial(unsigned reg)
{
	switch (reg) {
	case REG_HEALTH:
		return REG_HEALTH_VALUE;
	case REG_IDLE_FLUSH:
	case REG_IDLE_FLUSH + 2:
		return REG_IDLE_DEFAULT & 0xff;
	case REG_IDLE_FLUSH + 1:
	case REG_IDLE_FLUSH + 3:
		return REG_IDLE_DEFAULT >> 8;
	case REG_MAP:
		return REG_MAP_VERSION;
	}
	return 0;
}

/* A register's value spread over the even bits of a word. */
static uint16_t spread(uint8_t value)
{
	static const uint8_t reversed[8] = {0, 4, 2, 6, 1, 5, 3, 7};
	uint16_t word = 0;

	for (unsigned bit = 0; bit < 8; bit++)
		word |= (value >> bit & 1) << 2 * reversed[bit];
	return word;
}

/* Compare a byte of a bank of block RAMs with that of the registers. */
static void compare_registers(
	struct bitstream *bitstream, uint32_t at, uint8_t byte)
{
	uint32_t row = bitstream->offset + at / ROW_SIZE;
	bool high = at % 2 == 0; /* the word's upper byte comes first */
	uint32_t ram = 1u << (bitstream->bank * BANK_RAMS + at % ROW_SIZE / 2);
	uint16_t word;

	if (row == 0 && high)
		bitstream->registers |= ram;
	if (row >= REGISTER_ROWS || !(bitstream->registers & ram))
		return;
	word = spread(initial(2 * row)) | spread(initial(2 * row + 1)) << 1;
	byte ^= high ? word >> 8 : word;
	if (row == REG_CORE_COUNT / 2)
		byte &= REG_CORE_COUNT % 2 ? 0x55 : 0xaa;
	if (byte != 0)
		bitstream->registers &= ~ram;
}

bool bitstream_is_image(const struct bitstream *bitstream)
{
	return bitstream_done(bitstream) && bitstream->registers != 0;
}

/* ---- Commands ------------------------------------------------------------- */

static bool is_command(uint8_t byte)
{
	switch (byte) {
	case COMMAND_ACTION:
	case COMMAND_BANK:
	case COMMAND_CHECK_CRC:
	case COMMAND_FREQUENCY:
	case COMMAND_WIDTH:
	case COMMAND_HEIGHT:
	case COMMAND_OFFSET:
	case COMMAND_BOOT_MODE:
		return true;
	default:
		return false;
	}
}

static void begin_command(struct bitstream *bitstream, uint8_t byte)
{
	bitstream->command = byte;
	bitstream->payload = 0;
	bitstream->payload_left = byte & 0x0f;
	bitstream->state = BITSTREAM_PAYLOAD;
	require(bitstream, is_command(byte));
}

/* The bytes of data that the next write has. */
static uint32_t data_size(const struct bitstream *bitstream)
{
	return bitstream->width * bitstream->height / 8;
}

static void begin_data(struct bitstream *bitstream, const struct memory *memory)
{
	bitstream->data_left = data_size(bitstream) + END_SIZE;
	bitstream->checked = false;
	bitstream->state = BITSTREAM_DATA;
	for (unsigned i = 0; i < 32; i += 8)
		add_to_digest(bitstream,
			(bitstream->payload << 24 | bitstream->bank << 16 |
				bitstream->offset) >>
				i);
	if (bitstream->width != memory->width)
		fail(bitstream, "is for another FPGA than the iCE40HX8K");
	require(bitstream, bitstream->height > 0);
	require(bitstream,
		bitstream->offset + bitstream->height <= memory->height);
}

static void act(struct bitstream *bitstream)
{
	switch (bitstream->payload) {
	case ACTION_WRITE_CRAM:
		begin_data(bitstream, &cram);
		break;
	case ACTION_WRITE_BRAM:
		begin_data(bitstream, &bram);
		break;
	case ACTION_RESET_CRC:
		bitstream->crc = CRC_INITIAL;
		break;
	case ACTION_WAKEUP:
		bitstream->state = BITSTREAM_DONE;
		require(bitstream, bitstream->checked);
		break;
	default:
		fail(bitstream, "is damaged");
	}
}

static void end_command(struct bitstream *bitstream)
{
	uint32_t payload = bitstream->payload;

	bitstream->state = BITSTREAM_COMMAND;
	switch (bitstream->command) {
	case COMMAND_ACTION:
		act(bitstream);
		break;
	case COMMAND_BANK:
		bitstream->bank = payload;
		require(bitstream, payload < BANKS);
		break;
	case COMMAND_CHECK_CRC:
		/* The CRC of anything followed by its own CRC is zero. */
		bitstream->checked = true;
		if (bitstream->crc != 0)
			fail(bitstream, "has a wrong CRC");
		break;
	case COMMAND_FREQUENCY:
		require(bitstream, payload <= FREQUENCY_HIGH);
		break;
	case COMMAND_WIDTH:
		bitstream->width = payload + 1;
		break;
	case COMMAND_HEIGHT:
		bitstream->height = payload;
		break;
	case COMMAND_OFFSET:
		bitstream->offset = payload;
		break;
	case COMMAND_BOOT_MODE:
		require(bitstream, !(payload & ~BOOT_MODE_BITS));
		break;
	}
}

static void take_data(struct bitstream *bitstream, uint8_t byte)
{
	uint32_t at = data_size(bitstream) + END_SIZE - bitstream->data_left;

	bitstream->data_left--;
	if (bitstream->data_left == 0)
		bitstream->state = BITSTREAM_COMMAND;
	if (bitstream->data_left < END_SIZE) {
		require(bitstream, byte == 0);
		return;
	}
	add_to_digest(bitstream, byte);
	if (bitstream->payload == ACTION_WRITE_BRAM)
		compare_registers(bitstream, at, byte);
}

static void take(struct bitstream *bitstream, uint8_t byte)
{
	bitstream->crc = add_to_crc(bitstream->crc, byte);

	switch (bitstream->state) {
	case BITSTREAM_PREAMBLE:
		bitstream->window = bitstream->window << 8 | byte;
		if (bitstream->window == PREAMBLE)
			bitstream->state = BITSTREAM_COMMAND;
		break;
	case BITSTREAM_COMMAND:
		begin_command(bitstream, byte);
		break;
	case BITSTREAM_PAYLOAD:
		bitstream->payload = bitstream->payload << 8 | byte;
		bitstream->payload_left--;
		if (bitstream->payload_left == 0)
			end_command(bitstream);
		break;
	case BITSTREAM_DATA:
		take_data(bitstream, byte);
		break;
	case BITSTREAM_DONE:
	case BITSTREAM_FAILED:
		break;
	}
}

static bool is_over(const struct bitstream *bitstream)
{
	return bitstream->state == BITSTREAM_DONE ||
		bitstream->state == BITSTREAM_FAILED;
}

void bitstream_reset(struct bitstream *bitstream)
{
	memset(bitstream, 0, sizeof(*bitstream));
	bitstream->state = BITSTREAM_PREAMBLE;
	bitstream->digest = DIGEST_INITIAL;
}

void bitstream_feed(
	struct bitstream *bitstream, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && !is_over(bitstream); i++)
		take(bitstream, data[i]);
}

bool bitstream_done(const struct bitstream *bitstream)
{
	return bitstream->state == BITSTREAM_DONE;
}

const char *bitstream_why(const struct bitstream *bitstream)
{
	switch (bitstream->state) {
	case BITSTREAM_DONE:
		return NULL;
	case BITSTREAM_FAILED:
		return bitstream->why;
	case BITSTREAM_PREAMBLE:
		return "has no preamble";
	default:
		return "ends too early";
	}
}
