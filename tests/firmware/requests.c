/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements requests.h. */
#include "requests.h"

#include <stdlib.h>
#include <string.h>

#include "lib/device/ihex.h"
#include "wire/regs.h"

void random_seed(struct random *random, uint64_t seed)
{
	*random = (struct random){.state = seed * 0x9e3779b97f4a7c15 + 1};
	for (int i = 0; i < 8; i++)
		random_below(random, 2);
}

void random_from_bytes(struct random *random, const uint8_t *bytes, size_t size)
{
	/* Without a byte, `bytes` may be NULL. */
	*random = (struct random){
		.bytes = bytes ? bytes : (const uint8_t *)"", .size = size};
}

static unsigned bytes_of(uint32_t limit)
{
	unsigned bytes = 0;

	for (uint32_t left = limit - 1; left > 0; left >>= 8)
		bytes++;
	return bytes;
}

static void record(struct random *random, uint32_t limit, uint32_t value)
{
	for (unsigned i = bytes_of(limit); i > 0; i--)
		fputc(value >> 8 * (i - 1), random->record);
}

static uint32_t next_bytes(struct random *random, uint32_t limit)
{
	uint32_t value = 0;

	for (unsigned i = bytes_of(limit); i > 0; i--) {
		value <<= 8;
		if (random->size == 0)
			continue;
		value |= *random->bytes++;
		random->size--;
	}
	return value % limit;
}

/* xorshift64*: Marsaglia 2003, Vigna 2016 */
uint32_t random_below(struct random *random, uint32_t limit)
{
	uint32_t value;

	if (random->bytes)
		return next_bytes(random, limit);
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	value = (random->state * 0x2545f4914f6cdd1d >> 32) % limit;
	if (random->record)
		record(random, limit, value);
	return value;
}

static uint8_t random_byte(struct random *random)
{
	return random_below(random, 256);
}

static void random_bytes(struct random *random, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = random_byte(random);
}

/* ---- Management requests ---- */

static uint16_t random_mv(struct random *random)
{
	static const uint16_t edges[] = {
		0, 1, 1649, 1650, 1651, 3300, 5499, 5500, 5501, 65535};

	if (random_percent(random, 40))
		return edges[random_below(random, ARRAY_SIZE(edges))];
	return 1650 + random_below(random, 3851);
}

static uint8_t random_mask(struct random *random)
{
	return random_percent(random, 90) ? random_below(random, 4)
					  : random_byte(random);
}

static size_t fill_values(struct random *random, union mgmt_data *data)
{
	data->values.mask = random_mask(random);
	for (unsigned i = 0; i < PORT_COUNT; i++)
		data->values.value[i] = random_mv(random);
	return sizeof(data->values);
}

static size_t fill_windows(struct random *random, union mgmt_data *data)
{
	data->windows.mask = random_mask(random);
	for (unsigned i = 0; i < PORT_COUNT; i++) {
		data->windows.value[i].low_mv = random_mv(random);
		data->windows.value[i].high_mv = random_mv(random);
	}
	return sizeof(data->windows);
}

static size_t fill_pulls(struct random *random, union mgmt_data *data)
{
	random_bytes(random, data->bytes, sizeof(data->pulls));
	data->pulls.mask = random_mask(random);
	return sizeof(data->pulls);
}

/* Not the configuration block and the boot header, most of the time. */
static uint16_t random_address(struct random *random)
{
	return random_percent(random, 90) ? 0x50 + random_below(random, 0x7fb0)
					  : random_below(random, 0x10000);
}

static size_t fill_eeprom_write(struct random *random, union mgmt_data *data)
{
	data->eeprom_write.address = 0x50 + random_below(random, 0x7f00);
	random_bytes(random, data->eeprom_write.data, MGMT_DATA_SIZE);
	return 2 + random_below(random, 33);
}

static size_t fill_eeprom_read(struct random *random, union mgmt_data *data)
{
	data->eeprom_read.address = random_address(random);
	data->eeprom_read.length = random_below(random, 35);
	return sizeof(data->eeprom_read);
}

static size_t fill_register_write(struct random *random, union mgmt_data *data)
{
	random_bytes(random, data->bytes, sizeof(data->bytes));
	data->register_write.address = random_below(random, REG_CORES);
	return random_below(random, 7);
}

static size_t fill_register_read(struct random *random, union mgmt_data *data)
{
	data->register_read.address = random_below(random, 0xc0);
	data->register_read.length = 1 + random_below(random, 33);
	return sizeof(data->register_read);
}

static const uint8_t chips[] = {BOARD_DAC_A, BOARD_DAC_A_OLD, BOARD_DAC_B,
	BOARD_ADC_A, BOARD_ADC_B, BOARD_ADC_A_OLD, BOARD_ADC_B_OLD,
	BOARD_PULL_A, BOARD_PULL_B, 0x33};
static const uint8_t commands[] = {0, 1, 2, 3, 0x12, INA233_IOUT_OC_WARN_LIMIT,
	INA233_VIN_OV_WARN_LIMIT, INA233_VIN_UV_WARN_LIMIT,
	INA233_STATUS_MFR_SPECIFIC, INA233_READ_VIN, INA233_READ_IOUT,
	INA233_MFR_ALERT_MASK, INA233_MFR_CALIBRATION};

static size_t fill_smbus(struct random *random, union mgmt_data *data)
{
	data->smbus_write.address =
		chips[random_below(random, ARRAY_SIZE(chips))];
	data->smbus_write.command =
		commands[random_below(random, ARRAY_SIZE(commands))];
	data->smbus_write.data = random_below(random, 0x10000);
	return sizeof(data->smbus_write);
}

static size_t fill_smbus_read(struct random *random, union mgmt_data *data)
{
	fill_smbus(random, data);
	return sizeof(data->smbus_read);
}

static size_t fill_bitstream(struct random *random, union mgmt_data *data)
{
	random_bytes(random, data->bytes, sizeof(data->bitstream));
	data->bitstream.size = random_below(random, 4) ? 0 : 100;
	return sizeof(data->bitstream);
}

static size_t fill_alerts(struct random *random, union mgmt_data *data)
{
	random_bytes(random, data->bytes, sizeof(data->alerts));
	return sizeof(data->alerts);
}

static size_t fill_leds(struct random *random, union mgmt_data *data)
{
	data->leds.enabled = random_below(random, 2);
	data->leds.state = random_byte(random);
	return sizeof(data->leds);
}

static size_t fill_nafe(struct random *random, union mgmt_data *data)
{
	random_bytes(random, data->bytes, sizeof(data->nafe));
	return sizeof(data->nafe);
}

static size_t fill_address(struct random *random, union mgmt_data *data)
{
	data->debug_address = random_below(random, 0x10000);
	return sizeof(data->debug_address);
}

static size_t fill_nothing(struct random *random, union mgmt_data *data)
{
	(void)random;
	(void)data;
	return 0;
}

static const struct {
	uint8_t code;
	size_t (*fill)(struct random *random, union mgmt_data *data);
} kinds[] = {
	{MGMT_DEBUG, fill_address},
	{MGMT_WRITE_EEPROM, fill_eeprom_write},
	{MGMT_READ_EEPROM, fill_eeprom_read},
	{MGMT_FPGA_LOAD_CFG, fill_bitstream},
	{MGMT_FPGA_LOAD_NVM, fill_bitstream},
	{MGMT_FPGA_STATUS, fill_nothing},
	{MGMT_FPGA_SET_REG, fill_register_write},
	{MGMT_FPGA_SET_REG, fill_register_write},
	{MGMT_FPGA_GET_REG, fill_register_read},
	{MGMT_FPGA_GET_REG, fill_register_read},
	{MGMT_SET_VSUPPLY, fill_values},
	{MGMT_SET_VSUPPLY, fill_values},
	{MGMT_GET_VSUPPLY, fill_nothing},
	{MGMT_SET_VLIMIT, fill_values},
	{MGMT_GET_VLIMIT, fill_nothing},
	{MGMT_SET_VALERT, fill_windows},
	{MGMT_GET_VALERT, fill_nothing},
	{MGMT_SET_IALERT, fill_values},
	{MGMT_GET_IALERT, fill_nothing},
	{MGMT_GET_VSENSE, fill_nothing},
	{MGMT_GET_ISUPPLY, fill_nothing},
	{MGMT_SET_PULLS, fill_pulls},
	{MGMT_SET_PULLS, fill_pulls},
	{MGMT_GET_PULLS, fill_nothing},
	{MGMT_GET_STATE, fill_nothing},
	{MGMT_NAFE_SINGLE, fill_nafe},
	{MGMT_GET_ALERTS, fill_nothing},
	{MGMT_CLR_ALERTS, fill_alerts},
	{MGMT_TEST_LEDS, fill_leds},
	{MGMT_WRITE_SMBUS, fill_smbus},
	{MGMT_READ_SMBUS, fill_smbus_read},
};

uint8_t random_request(struct random *random, struct mgmt_packet *ret_request)
{
	unsigned kind = random_below(random, ARRAY_SIZE(kinds));
	uint8_t size;

	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->code = kinds[kind].code;
	size = kinds[kind].fill(random, &ret_request->data);
	if (random_percent(random, 3))
		ret_request->code = random_byte(random);
	if (random_percent(random, 3))
		size = random_below(random, sizeof(ret_request->data) + 1);
	return size;
}

/* ---- SETUP packets ---- */

static const struct {
	uint8_t type, request;
} setups[] = {
	{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR},
	{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR},
	{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR},
	{USB_DIR_IN, USB_REQ_GET_CONFIGURATION},
	{USB_DIR_IN, USB_REQ_GET_STATUS},
	{USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION},
	{USB_RECIP_DEVICE, USB_REQ_SET_FEATURE},
	{USB_RECIP_DEVICE, USB_REQ_CLEAR_FEATURE},
	{USB_DIR_IN | USB_RECIP_INTERFACE, USB_REQ_GET_INTERFACE},
	{USB_DIR_IN | USB_RECIP_INTERFACE, USB_REQ_GET_STATUS},
	{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE},
	{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE},
	{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE},
	{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE},
	{USB_DIR_IN | USB_RECIP_ENDPOINT, USB_REQ_GET_STATUS},
	{USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE},
	{USB_RECIP_ENDPOINT, USB_REQ_SET_FEATURE},
	{USB_DIR_IN | USB_TYPE_VENDOR, USB_REQ_MICROSOFT},
	{USB_DIR_IN | USB_TYPE_VENDOR, USB_REQ_WEBUSB},
};

static uint16_t random_value(struct random *random, uint8_t request)
{
	static const uint8_t types[] = {1, 2, 3, 3, 3, 6, 7, 15, 4, 0x22};

	switch (request) {
	case USB_REQ_GET_DESCRIPTOR:
		return types[random_below(random, ARRAY_SIZE(types))] << 8 |
			(random_percent(random, 5) ? USB_STRING_MICROSOFT
						   : random_below(random, 10));
	case USB_REQ_SET_INTERFACE:
		return random_below(random, 6);
	}
	return random_below(random, 3);
}

static uint16_t random_index(
	struct random *random, const struct usb_setup *setup)
{
	static const uint8_t endpoints[] = {0x01, 0x81, 0x02, 0x04, 0x86, 0x88};

	if (setup->bmRequestType & USB_TYPE_VENDOR)
		return random_below(random, 7);
	switch (setup->bmRequestType & USB_RECIP_MASK) {
	case USB_RECIP_INTERFACE:
		return random_below(random, USB_IFACE_COUNT + 1);
	case USB_RECIP_ENDPOINT:
		return endpoints[random_below(random, ARRAY_SIZE(endpoints))];
	}
	return 0;
}

void random_setup(struct random *random, struct usb_setup *ret_setup)
{
	unsigned kind = random_below(random, ARRAY_SIZE(setups));
	static const uint16_t lengths[] = {0, 1, 2, 8, 9, 18, 64, 128, 255};

	*ret_setup = (struct usb_setup){
		.bmRequestType = setups[kind].type,
		.bRequest = setups[kind].request,
	};
	ret_setup->wValue = random_value(random, ret_setup->bRequest);
	ret_setup->wIndex = random_index(random, ret_setup);
	if (ret_setup->bmRequestType & USB_DIR_IN)
		ret_setup->wLength =
			lengths[random_below(random, ARRAY_SIZE(lengths))];
}

/* ---- The firmware ---- */

void read_firmware(const char *path, struct chip_image *ret_image)
{
	static struct ihex ihex;
	static char text[1 << 18];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(text, 1, sizeof(text), file) : 0;

	if (file)
		fclose(file);
	if (size == 0 || ihex_parse(text, size, &ihex) != 0) {
		fprintf(stderr, "%s: no firmware\n", path);
		exit(1);
	}
	memcpy(ret_image->data, ihex.data, sizeof(ret_image->data));
	memcpy(ret_image->used, ihex.used, sizeof(ret_image->used));
}
