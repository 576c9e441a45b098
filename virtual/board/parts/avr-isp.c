/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The part avr-isp, an AVR microcontroller that is programmed in its system:
 * while RESET is low it is the target of a serial bus, with instructions of four
 * bytes.  It is supplied by the port of its RESET pin.  It has no program that
 * could run.
 *
 * Source: the datasheet of ATmega328P, "Serial Downloading", and its "Serial
 * Programming Instruction Set".
 */
#include "part.h"

#include <stdio.h>
#include <string.h>

#include "common/number.h"
#include "content.h"

#define EEPROM_BYTES      1024
#define EEPROM_PAGE_BYTES 4
#define PAGE_MAX          256
#define FLASH_MIN         1024
#define FLASH_MAX         0x40000
#define CLOCK_MAX         20000000

#define TICKS_PER_S  UINT64_C(480000000)
#define TICKS_PER_MS (1000 * (tick)TICKS_PER_US)
#define VALID_TICKS  8 /* tSLIV, 15 ns */
/* Between RESET's fall and the first instruction; and tWD_FLASH, tWD_EEPROM,
   tWD_ERASE, tWD_FUSE. */
#define RESET_TICKS  (20 * TICKS_PER_MS)
#define FLASH_TICKS  (9 * TICKS_PER_MS / 2)
#define EEPROM_TICKS (18 * TICKS_PER_MS / 5)
#define ERASE_TICKS  (9 * TICKS_PER_MS)
#define FUSE_TICKS   (9 * TICKS_PER_MS / 2)

#define CALIBRATION 0x9a

enum { FUSE_LOW, FUSE_HIGH, FUSE_EXTENDED, LOCK, FUSE_COUNT };
enum { LOCK_MASK = 0x03, LOCK_NONE = 3, LOCK_READ = 0 };

static const uint8_t fuses_at_first[FUSE_COUNT] = {0x62, 0xd9, 0xff, 0xff};

struct avr_isp {
	struct part part; /* first */
	/* Sets of one pin */
	uint16_t reset, sck, copi, cipo;
	uint8_t signature[3];
	uint32_t flash, page; /* bytes */
	tick half;            /* the shortest phase of SCK */
	char path[PART_TEXT_SIZE];
	struct content content; /* the flash, then the EEPROM */
	uint8_t fuses[FUSE_COUNT];
	bool reset_low, clock_high;
	bool listening;      /* RESET is low, and fell while SCK was low */
	bool enabled;        /* to be programmed */
	tick ready;          /* for the first instruction */
	tick edge;           /* of SCK, the last one */
	tick busy;           /* until then */
	uint8_t bits, bytes; /* of the instruction, and of its byte */
	uint8_t instruction[4];
	uint8_t out;
	uint8_t extended; /* the address's highest byte */
	uint8_t flash_page[PAGE_MAX], eeprom_page[EEPROM_PAGE_BYTES];
};

#define AVR(pointer) ((struct avr_isp *)(pointer))

/* ---- Keys ----------------------------------------------------------------- */

PART_PARSE_PIN(reset, struct avr_isp, reset)
PART_PARSE_PIN(sck, struct avr_isp, sck)
PART_PARSE_PIN(copi, struct avr_isp, copi)
PART_PARSE_PIN(cipo, struct avr_isp, cipo)

static bool parse_signature(struct part *part, const char *value)
{
	return part_parse_hex(value, AVR(part)->signature, 3) == 3;
}

static bool parse_power_of_two(const char *value, uint32_t minimum,
	uint32_t maximum, uint32_t *ret_size)
{
	const struct number_unit units[] = {
		{"", 1}, {"K", 1 << 10}, {"KiB", 1 << 10}, {0}};
	const struct number_form form = {
		.units = units, .minimum = minimum, .maximum = maximum};
	uint64_t size;

	if (number_parse(value, &form, &size, NULL) != NUMBER_OK ||
		(size & (size - 1)))
		return false;
	*ret_size = size;
	return true;
}

static bool parse_flash(struct part *part, const char *value)
{
	return parse_power_of_two(
		value, FLASH_MIN, FLASH_MAX, &AVR(part)->flash);
}

static bool parse_page(struct part *part, const char *value)
{
	return parse_power_of_two(value, 16, PAGE_MAX, &AVR(part)->page);
}

/* SCK's phases are longer than two cycles of the chip's clock. */
static bool parse_clock(struct part *part, const char *value)
{
	static const struct number_unit units[] = {
		{"", 1}, {"k", 1000}, {"M", 1000000}, {0}};
	static const struct number_form form = {
		.units = units, .minimum = 1000, .maximum = CLOCK_MAX};
	uint64_t clock;

	if (number_parse(value, &form, &clock, NULL) != NUMBER_OK)
		return false;
	AVR(part)->half = 2 * TICKS_PER_S / clock;
	return true;
}

static bool parse_file(struct part *part, const char *value)
{
	snprintf(AVR(part)->path, PART_TEXT_SIZE, "%s", value);
	return *value;
}

static const struct part_key keys[] = {
	{"reset", true, parse_reset, PART_A_PIN},
	{"sck", true, parse_sck, PART_A_PIN},
	{"copi", true, parse_copi, PART_A_PIN},
	{"cipo", true, parse_cipo, PART_A_PIN},
	{"signature", false, parse_signature, "6 hexadecimal digits"},
	{"flash", false, parse_flash, "a power of two from 1K to 256K"},
	{"page", false, parse_page, "a power of two from 16 to 256"},
	{"clock", false, parse_clock, "in 1k..20M"},
	{"file", false, parse_file, "a file name"},
	{0},
};

static void clear_pages(struct avr_isp *avr)
{
	memset(avr->flash_page, CONTENT_ERASED, sizeof(avr->flash_page));
	memset(avr->eeprom_page, CONTENT_ERASED, sizeof(avr->eeprom_page));
}

/* An ATmega328P as it is sold, with a clock of 1 MHz. */
static bool start(struct part *part, char why[PART_WHY_SIZE])
{
	struct avr_isp *avr = AVR(part);
	const uint16_t pins[] = {avr->reset, avr->sck, avr->copi, avr->cipo};

	if (avr->signature[0] == 0)
		memcpy(avr->signature, "\x1e\x95\x0f", 3);
	if (avr->flash == 0)
		avr->flash = 0x8000;
	if (avr->page == 0)
		avr->page = 128;
	if (avr->half == 0)
		parse_clock(part, "1M");
	memcpy(avr->fuses, fuses_at_first, sizeof(avr->fuses));
	avr->content.size = avr->flash + EEPROM_BYTES;
	return part_check_pins(part, pins, 4, why) &&
		content_check(part, avr->path, avr->content.size, why);
}

static void end(struct part *part, tick now)
{
	(void)now;
	content_close(&AVR(part)->content);
}

/* ---- Memories ------------------------------------------------------------- */

/* The instruction's word address, as one of bytes; flashes up to 128 KiB have no
   extended byte. */
static uint32_t flash_at(const struct avr_isp *avr)
{
	const uint8_t *in = avr->instruction;
	uint32_t word = (uint32_t)avr->extended << 16 | in[1] << 8 | in[2];

	return 2 * word & (avr->flash - 1);
}

static uint32_t eeprom_at(const struct avr_isp *avr)
{
	const uint8_t *in = avr->instruction;

	return avr->flash + ((in[1] << 8 | in[2]) & (EEPROM_BYTES - 1));
}

static unsigned lock_mode(const struct avr_isp *avr)
{
	return avr->fuses[LOCK] & LOCK_MASK;
}

static uint8_t get(const struct avr_isp *avr, uint32_t at)
{
	if (lock_mode(avr) == LOCK_READ)
		return CONTENT_ERASED;
	return content_get(&avr->content, at);
}

/* A write without an erase clears bits. */
static void write_flash_page(struct avr_isp *avr)
{
	uint32_t page = flash_at(avr) & ~(avr->page - 1);

	for (uint32_t i = 0; i < avr->page; i++)
		content_set(&avr->content, page + i,
			content_get(&avr->content, page + i) &
				avr->flash_page[i]);
	clear_pages(avr);
}

/* The EEPROM erases each byte that it writes. */
static void write_eeprom_page(struct avr_isp *avr)
{
	uint32_t page = eeprom_at(avr) & ~(EEPROM_PAGE_BYTES - 1);

	for (uint32_t i = 0; i < EEPROM_PAGE_BYTES; i++)
		content_set(&avr->content, page + i, avr->eeprom_page[i]);
	clear_pages(avr);
}

static void erase(struct avr_isp *avr)
{
	enum { EESAVE = 0x08 };
	bool keep = !(avr->fuses[FUSE_HIGH] & EESAVE);

	content_erase(&avr->content, 0, avr->flash + (keep ? 0 : EEPROM_BYTES));
	avr->fuses[LOCK] = 0xff;
	clear_pages(avr);
}

/* ---- Instructions --------------------------------------------------------- */

/* The fourth byte's answer, once three bytes are there. */
static uint8_t answer(const struct avr_isp *avr, tick now)
{
	const uint8_t *in = avr->instruction;
	bool busy = now < avr->busy;

	if (in[0] == 0xf0)
		return busy;
	if (busy)
		return CONTENT_ERASED;
	switch (in[0] << 8 | in[1]) {
	case 0x5000:
		return avr->fuses[FUSE_LOW];
	case 0x5008:
		return avr->fuses[FUSE_EXTENDED];
	case 0x5800:
		return avr->fuses[LOCK];
	case 0x5808:
		return avr->fuses[FUSE_HIGH];
	}
	switch (in[0]) {
	case 0x20:
		return get(avr, flash_at(avr));
	case 0x28:
		return get(avr, flash_at(avr) + 1);
	case 0xa0:
		return get(avr, eeprom_at(avr));
	case 0x30:
		return in[2] % 4 < 3 ? avr->signature[in[2] % 4] : 0xff;
	case 0x38:
		return CALIBRATION;
	}
	return in[2];
}

static tick write_fuse(struct avr_isp *avr, unsigned fuse)
{
	if (lock_mode(avr) != LOCK_NONE)
		return 0;
	avr->fuses[fuse] = avr->instruction[3];
	return FUSE_TICKS;
}

/* ACh.  A lock bit that is 0 stays 0 until an erase. */
static tick configure(struct avr_isp *avr)
{
	switch (avr->instruction[1]) {
	case 0x80:
		erase(avr);
		return ERASE_TICKS;
	case 0xe0:
		avr->fuses[LOCK] &= avr->instruction[3] | 0xc0;
		return FUSE_TICKS;
	case 0xa0:
		return write_fuse(avr, FUSE_LOW);
	case 0xa4:
		return write_fuse(avr, FUSE_EXTENDED);
	case 0xa8:
		return write_fuse(avr, FUSE_HIGH);
	}
	return 0;
}

static tick write_memory(struct avr_isp *avr)
{
	const uint8_t *in = avr->instruction;

	if (lock_mode(avr) != LOCK_NONE)
		return 0;
	switch (in[0]) {
	case 0x4c:
		write_flash_page(avr);
		return FLASH_TICKS;
	case 0xc0:
		content_set(&avr->content, eeprom_at(avr), in[3]);
		return EEPROM_TICKS;
	case 0xc2:
		write_eeprom_page(avr);
		return EEPROM_TICKS;
	}
	return 0;
}

/* Carry out an instruction of four bytes; returns for how long it is busy. */
static tick carry_out(struct avr_isp *avr)
{
	const uint8_t *in = avr->instruction;

	switch (in[0]) {
	case 0x40:
	case 0x48:
		avr->flash_page[(2 * in[2] & (avr->page - 1)) +
			(in[0] == 0x48)] = in[3];
		return 0;
	case 0x4d:
		if (avr->flash > 0x20000)
			avr->extended = in[2];
		return 0;
	case 0xc1:
		avr->eeprom_page[in[2] % EEPROM_PAGE_BYTES] = in[3];
		return 0;
	case 0xac:
		return configure(avr);
	}
	return write_memory(avr);
}

/* Before programming is enabled, the chip answers to AC 53 only, with an echo of
   53. */
static void take_byte(struct avr_isp *avr, tick now)
{
	const uint8_t *in = avr->instruction;
	bool enable = in[0] == 0xac && in[1] == 0x53;

	avr->bytes++;
	avr->out = avr->enabled ? in[avr->bytes - 1] : 0;
	if (!avr->enabled && avr->bytes >= 2 && enable && now >= avr->ready)
		avr->out = in[1];
	if (avr->enabled && avr->bytes == 3)
		avr->out = answer(avr, now);
	if (avr->bytes < 4)
		return;
	avr->bytes = 0;
	if (!avr->enabled)
		avr->enabled = enable && now >= avr->ready;
	else if (now >= avr->busy)
		avr->busy = now + carry_out(avr);
}

/* ---- Pins ----------------------------------------------------------------- */

static void leave(struct avr_isp *avr, tick now)
{
	avr->listening = avr->enabled = false;
	part_plan(&avr->part, now + 1, 0, 0);
}

static void begin(struct avr_isp *avr, tick now)
{
	avr->listening = !avr->clock_high;
	avr->ready = now + RESET_TICKS;
	avr->edge = now;
	avr->busy = 0;
	avr->bits = avr->bytes = avr->out = avr->extended = 0;
	clear_pages(avr);
	if (avr->listening)
		part_plan(&avr->part, now + VALID_TICKS, avr->cipo, 0);
}

static void clock_edge(struct avr_isp *avr, tick now)
{
	/* Bits are lost if SCK is too fast for the chip's clock. */
	bool fast = now - avr->edge < avr->half;
	bool bit = avr->part.levels & avr->copi;
	uint8_t *byte = &avr->instruction[avr->bytes];

	avr->edge = now;
	if (fast) {
		avr->listening = avr->enabled = false;
		return;
	}
	if (!avr->clock_high) {
		bool high = avr->out & 0x80;

		avr->out <<= 1;
		part_plan(&avr->part, now + VALID_TICKS, high ? 0 : avr->cipo,
			high ? avr->cipo : 0);
		return;
	}
	*byte = *byte << 1 | bit;
	avr->bits = (avr->bits + 1) % 8;
	if (avr->bits == 0)
		take_byte(avr, now);
}

static void changed(struct part *part, tick now)
{
	struct avr_isp *avr = AVR(part);
	bool powered = part->powered & avr->reset;
	bool reset_low = !(part->levels & avr->reset);
	bool clock_high = part->levels & avr->sck;
	bool edge = clock_high != avr->clock_high;

	avr->clock_high = clock_high;
	if (!powered) {
		avr->reset_low = false;
		leave(avr, now);
		return;
	}
	if (avr->content.bytes == NULL)
		content_open(
			&avr->content, avr->path, avr->flash + EEPROM_BYTES);
	if (reset_low && !avr->reset_low)
		begin(avr, now);
	else if (!reset_low && avr->reset_low)
		leave(avr, now);
	else if (edge && avr->listening)
		clock_edge(avr, now);
	avr->reset_low = reset_low;
}

const struct part_kind part_avr_isp = {
	.name = "avr-isp",
	.size = sizeof(struct avr_isp),
	.keys = keys,
	.start = start,
	.changed = changed,
	.act = part_drive_planned,
	.end = end,
};
