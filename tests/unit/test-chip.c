/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the virtual FX2 that executes firmware, by tests/firmware/probe.c: each
 * peripheral is reached over EP0, register by register.
 */
#include "tests/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/device/ihex.h"
#include "virtual/chip/internal.h"
#include "virtual/fx2/internal.h"

enum request {
	WRITE_DATA = 0xb0,
	READ_DATA = 0xb1,
	WRITE_SFR = 0xb2,
	READ_SFR = 0xb3,
	READ_TABLE = 0xb4,
	WRITE_ONE = 0xb5,
};

#define REGISTER(name) (REGISTERS_ADDRESS + (name))
#define EP0BUF         0xe740
#define EP1OUTBUF      0xe780
#define EP1INBUF       0xe7c0
#define EP2FIFOBUF     0xf000
#define EP6FIFOBUF     0xf800

static struct chip_image probe;

static int load_probe(void **state)
{
	static char text[0x10000];
	static struct ihex ihex;
	FILE *file = fopen(PROBE, "rb");
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_int_equal(ihex_parse(text, size, &ihex), 0);
	memcpy(probe.data, ihex.data, sizeof(probe.data));
	memcpy(probe.used, ihex.used, sizeof(probe.used));
	return 0;
}

static void open_with(struct rig *rig, const struct chip_image *firmware,
	const uint8_t *eeprom)
{
	struct device_options options = rig_c3;

	options.chip = true;
	options.firmware = firmware;
	options.eeprom = eeprom;
	rig_open(rig, &options, NULL);
}

static void open_probe(struct rig *rig)
{
	open_with(rig, &probe, NULL);
	assert_null(device_fault(rig->device));
	assert_false(device_function(rig->device)->detached);
}

static struct chip *chip_of(struct rig *rig)
{
	return rig->device->chip;
}

static int vendor(struct rig *rig, uint8_t direction, enum request request,
	uint16_t value, uint16_t index, void *data, uint16_t size)
{
	return rig_control(rig, USB_TYPE_VENDOR | direction, request, value,
		index, data, size);
}

static void write_data(
	struct rig *rig, uint16_t address, const void *data, uint16_t size)
{
	assert_int_equal(
		vendor(rig, 0, WRITE_DATA, address, 0, (void *)data, size),
		size);
}

static void read_data(
	struct rig *rig, uint16_t address, void *data, uint16_t size)
{
	assert_int_equal(
		vendor(rig, USB_DIR_IN, READ_DATA, address, 0, data, size),
		size);
}

static void poke(struct rig *rig, uint16_t address, uint8_t value)
{
	assert_int_equal(vendor(rig, 0, WRITE_ONE, address, value, NULL, 0), 0);
}

static uint8_t peek(struct rig *rig, uint16_t address)
{
	uint8_t value = 0;

	read_data(rig, address, &value, 1);
	return value;
}

static void write_sfr(struct rig *rig, uint8_t address, uint8_t value)
{
	assert_int_equal(vendor(rig, 0, WRITE_SFR, address, value, NULL, 0), 0);
}

static uint8_t read_sfr(struct rig *rig, uint8_t address)
{
	uint8_t value = 0;

	assert_int_equal(
		vendor(rig, USB_DIR_IN, READ_SFR, address, 0, &value, 1), 1);
	return value;
}

/* ---- EP0 ---------------------------------------------------------------- */

static void ep0_moves_data_both_ways_from_its_buffer(void **state)
{
	uint8_t out[64], in[64];
	struct rig rig;

	(void)state;
	open_probe(&rig);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + 1;
	write_data(&rig, 0x3000, out, sizeof(out));
	read_data(&rig, 0x3000, in, sizeof(in));
	assert_memory_equal(in, out, sizeof(out));
	write_data(&rig, SCRATCH_ADDRESS + 0x100, out + 1, 3);
	read_data(&rig, SCRATCH_ADDRESS + 0x100, in, 3);
	assert_memory_equal(in, out + 1, 3);
	rig_close(&rig);
}

/* TRM 8.7: the length is that of the descriptor, or of the request. */
static void a_table_is_sent_by_the_chip_as_long_as_it_says(void **state)
{
	uint8_t table[64] = {100, USB_DESC_STRING}, in[255];
	struct rig rig;

	(void)state;
	open_probe(&rig);
	for (unsigned i = 2; i < sizeof(table); i++)
		table[i] = i;
	write_data(&rig, 0x2000, table, sizeof(table));
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_TABLE, 0x2000, 0, in, sizeof(in)),
		100);
	assert_memory_equal(in, table, sizeof(table));
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_TABLE, 0x2000, 0, in, 70), 70);
	/* Exactly one packet: an empty one follows. */
	poke(&rig, 0x2000, 64);
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_TABLE, 0x2000, 0, in, sizeof(in)),
		64);
	/* A configuration has its length in a word. */
	memcpy(table, (uint8_t[]){9, USB_DESC_CONFIGURATION, 130, 0}, 4);
	write_data(&rig, 0x2000, table, sizeof(table));
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_TABLE, 0x2000, 0, in, sizeof(in)),
		130);
	/* Without SDPAUTO, EP0BC says it. */
	poke(&rig, REGISTER(SUDPTRCTL), 0);
	poke(&rig, REGISTER(EP0BCH), 0);
	poke(&rig, REGISTER(EP0BCL), 20);
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_TABLE, 0x2000, 0, in, sizeof(in)),
		20);
	rig_close(&rig);
}

static void a_request_that_firmware_stalls_ends_and_the_next_is_served(
	void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(vendor(&rig, 0, 0xff, 0, 0, NULL, 0), -EPIPE);
	assert_int_equal(peek(&rig, REGISTER(REVID)), 1);
	rig_close(&rig);
}

static void request_a0_works_whatever_the_firmware_does(void **state)
{
	uint8_t bytes[4] = {1, 2, 3, 4}, hold = 1, start = 0;
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM,
				 0x3100, 0, bytes, 4),
		4);
	assert_int_equal(peek(&rig, 0x3102), 3);
	rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM, USB_FX2_CPUCS, 0,
		&hold, 1);
	/* Nobody answers, but no standard request is refused either. */
	assert_int_equal(vendor(&rig, USB_DIR_IN, READ_DATA, 0, 0, bytes, 1),
		-ETIMEDOUT);
	assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR | USB_DIR_IN,
				 USB_REQ_FX2_RAM, 0x3101, 0, bytes, 2),
		2);
	assert_int_equal(bytes[0], 2);
	rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM, USB_FX2_CPUCS, 0,
		&start, 1);
	assert_int_equal(peek(&rig, 0x3103), 4);
	rig_close(&rig);
}

/* ---- EP1 ---------------------------------------------------------------- */

static void ep1_belongs_to_usb_while_it_is_busy(void **state)
{
	uint8_t packet[64] = {5, 6, 7}, in[64];
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, packet, 3), 3);
	assert_int_equal(read_sfr(&rig, SFR_EP01STAT) & 2, 0);
	assert_int_equal(peek(&rig, REGISTER(EP1OUTBC)), 3);
	assert_int_equal(peek(&rig, EP1OUTBUF + 2), 7);
	assert_int_equal(peek(&rig, REGISTER(EPIRQ)) & 0x08, 0x08);
	assert_int_equal(
		rig_transfer(&rig, USB_EP1_OUT, packet, 3), -ETIMEDOUT);
	poke(&rig, REGISTER(EP1OUTBC), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, packet, 64), 64);

	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, in, 64), -ETIMEDOUT);
	write_data(&rig, EP1INBUF, packet, 3);
	poke(&rig, REGISTER(EP1INBC), 3);
	assert_int_equal(peek(&rig, REGISTER(EP1INCS)), CS_BUSY);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, in, 64), 3);
	assert_memory_equal(in, packet, 3);
	assert_int_equal(peek(&rig, REGISTER(EP1INCS)), 0);
	/* A 1 in BUSY takes the buffer back. */
	poke(&rig, REGISTER(EP1INBC), 3);
	poke(&rig, REGISTER(EP1INCS), CS_BUSY);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, in, 64), -ETIMEDOUT);
	poke(&rig, REGISTER(EP1INCS), CS_STALL);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, in, 64), -EPIPE);
	rig_close(&rig);
}

/* ---- EP2 to EP8 ----------------------------------------------------------- */

static void out_packets_wait_for_the_firmware(void **state)
{
	uint8_t packet[512];
	struct rig rig;

	(void)state;
	open_probe(&rig);
	for (unsigned i = 0; i < sizeof(packet); i++)
		packet[i] = i;
	poke(&rig, REGISTER(EP2CFG), 0xa2); /* two buffers */
	poke(&rig, REGISTER(FIFORESET), 2);
	poke(&rig, REGISTER(FIFORESET), 0);
	/* No buffer is USB's until it is given one. */
	assert_int_equal(
		rig_transfer(&rig, USB_EP2_OUT, packet, 512), -ETIMEDOUT);
	poke(&rig, REGISTER(OUTPKTEND), SKIP | 2);
	poke(&rig, REGISTER(OUTPKTEND), SKIP | 2);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, packet, 512), 512);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, packet + 1, 5), 5);
	assert_int_equal(peek(&rig, REGISTER(EP2CS)), 2 << 4 | 0x08);
	assert_int_equal(read_sfr(&rig, SFR_EP2468STAT) & 3, 2);
	assert_int_equal(
		rig_transfer(&rig, USB_EP2_OUT, packet, 512), -ETIMEDOUT);
	assert_int_equal(peek(&rig, REGISTER(EP2BCH)), 2);
	assert_int_equal(peek(&rig, EP2FIFOBUF + 0x101), 1);
	poke(&rig, REGISTER(OUTPKTEND), SKIP | 2);
	assert_int_equal(peek(&rig, REGISTER(EP2BCH)), 0);
	assert_int_equal(peek(&rig, REGISTER(EP2BCH) + 1), 5);
	assert_int_equal(peek(&rig, EP2FIFOBUF), 1);
	/* EP2BCL with SKIP is the older way. */
	poke(&rig, REGISTER(EP2BCH) + 1, SKIP);
	assert_int_equal(read_sfr(&rig, SFR_EP2468STAT) & 3, 1);
	rig_close(&rig);
}

static void in_packets_of_the_firmware_are_sent(void **state)
{
	uint8_t packet[64] = {9, 8, 7}, in[512];
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(EP2CFG) + 2, 0xe2); /* EP6 */
	write_data(&rig, EP6FIFOBUF, packet, sizeof(packet));
	poke(&rig, REGISTER(EP2BCH) + 8, 0);
	poke(&rig, REGISTER(EP2BCH) + 9, 3);
	poke(&rig, REGISTER(EP2BCH) + 9, 0); /* an empty packet */
	assert_int_equal(peek(&rig, REGISTER(EP2CS) + 2), 2 << 4 | 0x08);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, in, 512), 3);
	assert_memory_equal(in, packet, 3);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, in, 512), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, in, 512), -ETIMEDOUT);
	assert_int_equal(peek(&rig, REGISTER(EPIRQ)) & 0x40, 0x40);
	rig_close(&rig);
}

static void nakall_holds_all_bulk_endpoints_off(void **state)
{
	uint8_t byte = 1;
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(FIFORESET), NAKALL);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, &byte, 1), -ETIMEDOUT);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, &byte, 1), -ETIMEDOUT);
	poke(&rig, REGISTER(FIFORESET), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, &byte, 1), 1);
	rig_close(&rig);
}

static void an_endpoint_works_in_its_direction_only_if_it_is_valid(void **state)
{
	uint8_t data[512] = {0};
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(rig_transfer(&rig, USB_DIR_IN | 2, data, 512), -EPIPE);
	poke(&rig, REGISTER(EP2CFG), 0xe2); /* EP2 IN */
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, data, 1), -EPIPE);
	poke(&rig, REGISTER(EP2BCH) + 1, 1);
	assert_int_equal(rig_transfer(&rig, USB_DIR_IN | 2, data, 512), 1);
	poke(&rig, REGISTER(EP2CFG), 0x22);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, data, 1), -EPIPE);
	rig_close(&rig);
}

static void togctl_shows_and_sets_the_data_toggles(void **state)
{
	uint8_t byte = 1;
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(TOGCTL), 0x01);
	assert_int_equal(peek(&rig, REGISTER(TOGCTL)), 0x01);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, &byte, 1), 1);
	assert_int_equal(peek(&rig, REGISTER(TOGCTL)), 0x81);
	poke(&rig, REGISTER(TOGCTL), 0x21);
	assert_int_equal(peek(&rig, REGISTER(TOGCTL)), 0x01);
	poke(&rig, REGISTER(TOGCTL), 0x11); /* EP1 IN has its own */
	assert_int_equal(peek(&rig, REGISTER(TOGCTL)), 0x11);
	rig_close(&rig);
}

/* ---- I2C ------------------------------------------------------------------ */

static uint8_t i2c_byte(struct rig *rig, uint8_t byte)
{
	poke(rig, REGISTER(I2DAT), byte);
	return peek(rig, REGISTER(I2CS));
}

static void the_i2c_master_reaches_the_boards_chips(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(I2CTL), 1);
	poke(&rig, REGISTER(I2CS), 0x80);
	assert_int_equal(i2c_byte(&rig, BOARD_DAC_B << 1) & 7, 0x03);
	assert_int_equal(i2c_byte(&rig, 0x05) & 7, 0x03);
	assert_int_equal(i2c_byte(&rig, 0xa0) & 7, 0x03);
	assert_int_equal(rig.device->board.ports[1].dac, 0);
	poke(&rig, REGISTER(I2CS), 0x40);
	assert_int_equal(peek(&rig, REGISTER(I2CS)) & 0x40, 0);
	assert_int_equal(rig.device->board.ports[1].dac, 0x5a0);
	/* No chip: DONE without ACK. */
	poke(&rig, REGISTER(I2CS), 0x80);
	assert_int_equal(i2c_byte(&rig, 0x70 << 1) & 7, 0x01);
	poke(&rig, REGISTER(I2CS), 0x40);
	rig_close(&rig);
}

static void a_read_ends_with_the_last_byte_not_acknowledged(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(I2CTL), 1);
	poke(&rig, REGISTER(I2CS), 0x80);
	i2c_byte(&rig, BOARD_FX2_MEM << 1);
	i2c_byte(&rig, 0);
	i2c_byte(&rig, 1);
	poke(&rig, REGISTER(I2CS), 0x80);
	i2c_byte(&rig, BOARD_FX2_MEM << 1 | 1);
	peek(&rig, REGISTER(I2DAT)); /* begins the first byte */
	assert_int_equal(peek(&rig, REGISTER(I2DAT)), USB_VID_QIHW & 0xff);
	poke(&rig, REGISTER(I2CS), 0x20);
	assert_int_equal(peek(&rig, REGISTER(I2DAT)), USB_VID_QIHW >> 8);
	poke(&rig, REGISTER(I2CS), 0x40);
	assert_int_equal(peek(&rig, REGISTER(I2DAT)), USB_PID_GLASGOW & 0xff);
	assert_false(rig.device->board.sda_low);
	rig_close(&rig);
}

static void an_eeprom_does_not_answer_while_it_writes(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	poke(&rig, REGISTER(I2CTL), 1);
	poke(&rig, REGISTER(I2CS), 0x80);
	i2c_byte(&rig, BOARD_FX2_MEM << 1);
	i2c_byte(&rig, 0x60);
	i2c_byte(&rig, 0x00);
	i2c_byte(&rig, 0x77);
	assert_int_equal(device_eeprom(rig.device)[0x6000], 0xff);
	poke(&rig, REGISTER(I2CS), 0x40);
	assert_int_equal(peek(&rig, REGISTER(I2CS)) & 0x40, 0);
	assert_int_equal(device_eeprom(rig.device)[0x6000], 0x77);
	poke(&rig, REGISTER(I2CS), 0x80);
	assert_int_equal(i2c_byte(&rig, BOARD_FX2_MEM << 1) & 7, 0x01);
	poke(&rig, REGISTER(I2CS), 0x40);
	assert_true(bus_run(rig.bus, bus_now(rig.bus) + 5000 * TICKS_PER_US));
	poke(&rig, REGISTER(I2CS), 0x80);
	assert_int_equal(i2c_byte(&rig, BOARD_FX2_MEM << 1) & 7, 0x03);
	rig_close(&rig);
}

/* A start and a byte are ten bits. */
static void a_byte_takes_nine_bits_of_the_buss_clock(void **state)
{
	static const struct {
		uint8_t speed;
		tick bit;
	} rows[] = {{0, 4800}, {1, 1200}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		tick begun;
		struct rig rig;

		open_probe(&rig);
		poke(&rig, REGISTER(I2CTL), rows[i].speed);
		poke(&rig, REGISTER(I2CS), 0x80);
		assert_int_equal(i2c_due(chip_of(&rig)), TICK_NEVER);
		chip_register_write(chip_of(&rig), I2DAT, BOARD_DAC_B << 1);
		begun = chip_of(&rig)->now;
		assert_int_equal(
			i2c_due(chip_of(&rig)) - begun, 10 * rows[i].bit);
		rig_close(&rig);
	}
}

/* ---- Ports ------------------------------------------------------------------ */

static void port_d_enables_the_supplies(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	/* Without WORDWIDE it is a port; nothing is driven before OED. */
	write_sfr(&rig, SFR_IOD, 0x41);
	assert_false(rig.device->board.ports[0].enabled);
	write_sfr(&rig, SFR_OEA + 3, 0xff);
	poke(&rig, REGISTER(IFCONFIG), 0);
	assert_true(rig.device->board.ports[0].enabled);
	assert_true(rig.device->board.ports[1].enabled);
	write_sfr(&rig, SFR_IOD, 0x40);
	assert_false(rig.device->board.ports[0].enabled);
	assert_true(rig.device->board.ports[1].enabled);
	/* In slave FIFO mode with a wide endpoint, port D is data. */
	poke(&rig, REGISTER(IFCONFIG), 0xe3);
	assert_false(rig.device->board.ports[1].enabled);
	rig_close(&rig);
}

static void port_a_shows_nalert_and_cdone(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(read_sfr(&rig, SFR_IOA) & 0x09, 0x01);
	rig.device->board.ports[0].alert = true;
	assert_true(bus_run(rig.bus, bus_now(rig.bus) + TICKS_PER_US));
	assert_int_equal(read_sfr(&rig, SFR_IOA) & 0x09, 0x00);
	rig_close(&rig);
}

/* ---- The 8051's surroundings ------------------------------------------------- */

static void the_autopointers_reach_all_memory(void **state)
{
	uint8_t bytes[] = {0x11, 0x22, 0x33};
	struct rig rig;

	(void)state;
	open_probe(&rig);
	write_data(&rig, 0x3200, bytes, sizeof(bytes));
	write_sfr(&rig, SFR_AUTOPTRSETUP, 0x03); /* only pointer 1 steps */
	write_sfr(&rig, SFR_AUTOPTRH1, 0x32);
	write_sfr(&rig, SFR_AUTOPTRL1, 0x00);
	write_sfr(&rig, SFR_AUTOPTRH2, 0xe7); /* EP1INBUF */
	write_sfr(&rig, SFR_AUTOPTRL2, 0xc0);
	assert_int_equal(peek(&rig, REGISTER(XAUTODAT1)), 0x11);
	assert_int_equal(peek(&rig, REGISTER(XAUTODAT1)), 0x22);
	assert_int_equal(read_sfr(&rig, SFR_AUTOPTRL1), 0x02);
	poke(&rig, REGISTER(XAUTODAT1), 0x44);
	assert_int_equal(peek(&rig, 0x3202), 0x44);
	poke(&rig, REGISTER(XAUTODAT2), 0x55);
	poke(&rig, REGISTER(XAUTODAT2), 0x66);
	assert_int_equal(peek(&rig, EP1INBUF), 0x66);
	assert_int_equal(peek(&rig, EP1INBUF + 1), 0);
	rig_close(&rig);
}

/* The handler of EP1 OUT, vector 0x2c: it counts in internal RAM by way of
   0x3300, clears EXIF and the request, and returns. */
static void the_autovector_leads_to_the_endpoints_handler(void **state)
{
	static const uint8_t jump[] = {0x02, 0x14, 0x00};  /* ljmp 0x1400 */
	static const uint8_t entry[] = {0x02, 0x15, 0x00}; /* ljmp 0x1500 */
	static const uint8_t handler[] = {
		0xc0, 0xe0,             /* push acc */
		0xc0, 0x82, 0xc0, 0x83, /* push dpl, dph */
		0x90, 0x33, 0x00,       /* mov dptr,#0x3300 */
		0xe0, 0x04, 0xf0,       /* movx a,@dptr; inc a; movx @dptr,a */
		0x53, 0x91, 0xef,       /* anl exif,#~0x10 */
		0x90, 0xe6, 0x5f,       /* mov dptr,#EPIRQ */
		0x74, 0x08, 0xf0,       /* mov a,#8; movx @dptr,a */
		0xd0, 0x83, 0xd0, 0x82, /* pop */
		0xd0, 0xe0, 0x32,       /* pop acc; reti */
	};
	uint8_t byte = 1;
	struct rig rig;

	(void)state;
	open_probe(&rig);
	write_data(&rig, 0x43, jump, sizeof(jump));
	write_data(&rig, 0x142c, entry, sizeof(entry));
	write_data(&rig, 0x1500, handler, sizeof(handler));
	poke(&rig, 0x3300, 0);
	poke(&rig, REGISTER(INTSETUP), INTSETUP_AV2EN);
	poke(&rig, REGISTER(EPIE), 0x08);
	write_sfr(&rig, 0xe8, 0xe1); /* EIE: USB */
	write_sfr(&rig, 0xa8, 0x80); /* IE: all */
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, &byte, 1), 1);
	assert_int_equal(peek(&rig, 0x3300), 1);
	assert_int_equal(peek(&rig, REGISTER(EPIRQ)) & 0x08, 0);
	poke(&rig, REGISTER(EP1OUTBC), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, &byte, 1), 1);
	assert_int_equal(peek(&rig, 0x3300), 2);
	rig_close(&rig);
}

static void a_reset_of_the_bus_is_seen_and_the_device_configured(void **state)
{
	struct rig rig;

	(void)state;
	open_probe(&rig);
	assert_int_equal(peek(&rig, REGISTER(FNADDR)), 1);
	assert_int_equal(peek(&rig, REGISTER(USBCS)) & USBCS_HSM, USBCS_HSM);
	poke(&rig, REGISTER(USBIRQ), 0x7e);
	bus_reset(rig.bus);
	assert_int_equal(peek(&rig, REGISTER(USBIRQ)) & 0x30, 0x30);
	assert_int_equal(peek(&rig, REGISTER(FNADDR)), 1);
	assert_false(bus_lost(rig.bus));
	rig_close(&rig);
}

static void discon_takes_the_device_away(void **state)
{
	struct urb urb = {.setup = {USB_TYPE_VENDOR, WRITE_ONE, REGISTER(USBCS),
				  USBCS_RENUM | USBCS_DISCON, 0}};
	struct rig rig;

	(void)state;
	open_probe(&rig);
	bus_submit(rig.bus, &urb);
	assert_int_equal(rig_wait(&rig, &urb), -ENODEV);
	assert_true(bus_lost(rig.bus));
	assert_false(bus_enumerate(rig.bus));
	rig_close(&rig);
}

/* ---- What is not modelled ----------------------------------------------------- */

static void an_access_without_a_model_ends_the_firmware(void **state)
{
	static const struct {
		uint16_t address;
		uint8_t value;
		const char *sentence;
	} rows[] = {
		{REGISTER(0xd4), 1, "EP2GPIFTRIG 0xe6d4"},
		{REGISTER(0x81), 0, "SUSPEND 0xe681"},
		{REGISTER(FIFOPINPOLAR), 4, "0x04 to FIFOPINPOLAR"},
		{REGISTER(0x50), 1, "0x01 to EP2FIFOIE"},
		{REGISTER(0x13 + 4), 0, "register 0xe617"},
		{0x5000, 0, "data memory 0x5000"},
		{0xe700, 0, "data memory 0xe700"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t byte;
		const char *fault;
		struct rig rig;

		open_probe(&rig);
		assert_int_equal(vendor(&rig, 0, WRITE_ONE, rows[i].address,
					 rows[i].value, NULL, 0),
			-ETIMEDOUT);
		fault = device_fault(rig.device);
		assert_non_null(fault);
		if (strstr(fault, rows[i].sentence) == NULL ||
			strstr(fault, ", at 0x") == NULL)
			fail_msg("%s", fault);
		/* Nothing answers any more but request 0xA0. */
		assert_int_equal(
			vendor(&rig, USB_DIR_IN, READ_DATA, 0, 0, &byte, 1),
			-ETIMEDOUT);
		assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR | USB_DIR_IN,
					 USB_REQ_FX2_RAM, 0, 0, &byte, 1),
			1);
		rig_close(&rig);
	}
}

/* ---- Power-up --------------------------------------------------------------- */

/* A C2 image with the probe's bytes below the configuration block. */
static void make_image(uint8_t *eeprom)
{
	size_t at = CONFIG_ADDRESS + sizeof(struct config_block);
	uint16_t size = 0x400;

	device_format_eeprom(&rig_c3, eeprom);
	memcpy(eeprom + at, (uint8_t[]){size >> 8, size & 0xff, 0, 0}, 4);
	/* A record has at most 1023 bytes: two halves. */
	eeprom[at] = 0x02;
	eeprom[at + 1] = 0x00;
	memcpy(eeprom + at + 4, probe.data, 0x200);
	at += 4 + 0x200;
	memcpy(eeprom + at, (uint8_t[]){0x02, 0x00, 0x02, 0x00}, 4);
	memcpy(eeprom + at + 4, probe.data + 0x200, 0x200);
	at += 4 + 0x200;
	memcpy(eeprom + at, (uint8_t[]){0x80, 0x01, 0xe6, 0x00, 0x00}, 5);
}

static void the_boot_loader_starts_what_the_eeprom_has(void **state)
{
	uint8_t eeprom[EEPROM_SIZE], byte;
	struct rig rig;

	(void)state;
	make_image(eeprom);
	open_with(&rig, NULL, eeprom);
	assert_null(device_fault(rig.device));
	assert_int_equal(peek(&rig, EEPROM_CONFIG_RAM), REVISION_C3);
	assert_int_equal(peek(&rig, REGISTER(USBCS)) & USBCS_RENUM, 2);
	rig_close(&rig);
	/* Without it the chip answers, by the header's ids. */
	eeprom[0] = EEPROM_BOOT_C0;
	open_with(&rig, NULL, eeprom);
	assert_false(device_function(rig.device)->detached);
	assert_int_equal(rig_control(&rig, USB_DIR_IN,
				 USB_REQ_GET_CONFIGURATION, 0, 0, &byte, 1),
		1);
	assert_int_equal(byte, 1);
	assert_int_equal(
		vendor(&rig, USB_DIR_IN, READ_DATA, 0, 0, &byte, 1), -EPIPE);
	rig_close(&rig);
}

static void firmware_that_hangs_or_fails_never_connects(void **state)
{
	static struct chip_image loop = {{0x80, 0xfe}, {true, true}};
	static struct chip_image undefined = {{0xa5}, {true}};
	struct rig rig;

	(void)state;
	open_with(&rig, &loop, NULL);
	assert_true(device_function(rig.device)->detached);
	assert_null(device_fault(rig.device));
	rig_close(&rig);
	open_with(&rig, &undefined, NULL);
	assert_true(device_function(rig.device)->detached);
	assert_non_null(device_fault(rig.device));
	rig_close(&rig);
}

static void firmware_is_loaded_by_request_a0(void **state)
{
	uint8_t eeprom[EEPROM_SIZE], hold = 1, start = 0;
	struct rig rig;

	(void)state;
	memset(eeprom, 0xff, sizeof(eeprom));
	open_with(&rig, NULL, eeprom);
	rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM, USB_FX2_CPUCS, 0,
		&hold, 1);
	assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM, 0,
				 0, probe.data, 0x400),
		0x400);
	rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM, USB_FX2_CPUCS, 0,
		&start, 1);
	assert_int_equal(peek(&rig, REGISTER(REVID)), 1);
	rig_close(&rig);
}

/* ---- Skipping ------------------------------------------------------------------ */

/* What the host sees must not depend on whether loops that wait are skipped. */
static void a_loop_that_waits_may_be_skipped(void **state)
{
	struct rig rigs[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rig *rig = &rigs[i];

		open_probe(rig);
		chip_of(rig)->unskipped = i == 1;
		poke(rig, REGISTER(I2CTL), 1);
		poke(rig, REGISTER(I2CS), 0x80);
		i2c_byte(rig, BOARD_DAC_A << 1);
		assert_true(bus_run(
			rig->bus, bus_now(rig->bus) + 1234567 * (tick)7));
		i2c_byte(rig, 0x12);
		peek(rig, REGISTER(USBFRAMEL));
	}
	assert_int_equal(bus_now(rigs[0].bus), bus_now(rigs[1].bus));
	assert_int_equal(
		chip_of(&rigs[0])->cpu.cycles, chip_of(&rigs[1])->cpu.cycles);
	assert_memory_equal(&chip_of(&rigs[0])->cpu.state,
		&chip_of(&rigs[1])->cpu.state, sizeof(struct mcs51_state));
	assert_memory_equal(
		chip_of(&rigs[0])->ram, chip_of(&rigs[1])->ram, CHIP_RAM_SIZE);
	rig_close(&rigs[0]);
	rig_close(&rigs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ep0_moves_data_both_ways_from_its_buffer),
		cmocka_unit_test(
			a_table_is_sent_by_the_chip_as_long_as_it_says),
		cmocka_unit_test(
			a_request_that_firmware_stalls_ends_and_the_next_is_served),
		cmocka_unit_test(request_a0_works_whatever_the_firmware_does),
		cmocka_unit_test(ep1_belongs_to_usb_while_it_is_busy),
		cmocka_unit_test(out_packets_wait_for_the_firmware),
		cmocka_unit_test(in_packets_of_the_firmware_are_sent),
		cmocka_unit_test(nakall_holds_all_bulk_endpoints_off),
		cmocka_unit_test(
			an_endpoint_works_in_its_direction_only_if_it_is_valid),
		cmocka_unit_test(togctl_shows_and_sets_the_data_toggles),
		cmocka_unit_test(the_i2c_master_reaches_the_boards_chips),
		cmocka_unit_test(
			a_read_ends_with_the_last_byte_not_acknowledged),
		cmocka_unit_test(an_eeprom_does_not_answer_while_it_writes),
		cmocka_unit_test(a_byte_takes_nine_bits_of_the_buss_clock),
		cmocka_unit_test(port_d_enables_the_supplies),
		cmocka_unit_test(port_a_shows_nalert_and_cdone),
		cmocka_unit_test(the_autopointers_reach_all_memory),
		cmocka_unit_test(the_autovector_leads_to_the_endpoints_handler),
		cmocka_unit_test(
			a_reset_of_the_bus_is_seen_and_the_device_configured),
		cmocka_unit_test(discon_takes_the_device_away),
		cmocka_unit_test(an_access_without_a_model_ends_the_firmware),
		cmocka_unit_test(the_boot_loader_starts_what_the_eeprom_has),
		cmocka_unit_test(firmware_that_hangs_or_fails_never_connects),
		cmocka_unit_test(firmware_is_loaded_by_request_a0),
		cmocka_unit_test(a_loop_that_waits_may_be_skipped),
	};

	return cmocka_run_group_tests(tests, load_probe, NULL);
}
