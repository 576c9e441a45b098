/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * EP1: management requests, carried out as the public firmware's mgmt.c and
 * fpga.c do.  virtual/fx2/device.c calls mgmt_execute() when the firmware has
 * had the time of mgmt_cost().  Each request gets exactly one reply, unless a
 * fault says otherwise.
 */
#include "internal.h"

#include <string.h>

#define MGMT_HEADER   2
#define LENGTH_VARIES 0xff

/* A year: longer than any run, and short enough that no sum overflows. */
#define DELAY_US_MAX (UINT64_C(31557600) * 1000000)

/* What the time of a command depends on. */
enum unit { NOTHING, PORTS, SENT, ASKED };

struct command {
	uint8_t code;
	uint8_t request; /* data bytes, or LENGTH_VARIES */
	uint8_t reply;   /* data bytes, or LENGTH_VARIES */
	bool i2c;        /* the command uses the I2C bus */
	uint16_t us;     /* that the command takes, and more for... */
	enum unit unit; /* ...each port of the mask, byte of the request's data,
			    or byte that the last byte of the request asks */
	uint32_t unit_ns;
	mgmt_handler *handler;
};

/* The number of the request's data bytes, for commands of variable length. */
static uint8_t request_data(const struct device *device)
{
	return device->request_size - MGMT_HEADER;
}

static void set_reply_data(struct device *device, uint8_t size)
{
	device->reply_size = MGMT_HEADER + size;
}

static enum mgmt_result write_eeprom(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	const struct mgmt_eeprom_write *write = &request->eeprom_write;
	uint8_t size = request_data(device);
	uint8_t data[2 + MGMT_DATA_SIZE] = {
		write->address >> 8, write->address & 0xff};

	(void)reply;
	if (size < 2 || size > 2 + MGMT_DATA_SIZE)
		return MGMT_ERROR;
	memcpy(data + 2, write->data, size - 2);
	return board_i2c(&device->board, BOARD_FX2_MEM, data, size, NULL, 0)
		? MGMT_ACK
		: MGMT_ERROR;
}

static void misread(struct misread *fault, const struct mgmt_eeprom_read *read,
	uint8_t *bytes)
{
	unsigned at = fault->address - read->address;

	if (fault->left == 0 || at >= read->length)
		return;
	bytes[at] ^= 1;
	fault->left--;
}

static enum mgmt_result read_eeprom(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	const struct mgmt_eeprom_read *read = &request->eeprom_read;
	uint8_t address[2] = {read->address >> 8, read->address & 0xff};

	if (read->length > MGMT_DATA_SIZE)
		return MGMT_ERROR;
	set_reply_data(device, read->length);
	if (!board_i2c(&device->board, BOARD_FX2_MEM, address, 2, reply->bytes,
		    read->length))
		return MGMT_ERROR;
	misread(&device->misread, read, reply->bytes);
	return MGMT_ACK;
}

static enum mgmt_result load_cfg(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	if (device->alternate[USB_IFACE_EP2OUT] != USB_ALT_CFG ||
		device->fpga_ready)
		return MGMT_ERROR;
	if (device->load_bytes < request->bitstream.size)
		return MGMT_WAIT;
	if (!device->fpga->ops->done(device->fpga))
		return MGMT_ERROR;
	device->config.bitstream_size = request->bitstream.size;
	memcpy(device->config.bitstream_id, request->bitstream.id,
		FPGA_ID_SIZE);
	device->fpga_ready = true;
	return MGMT_ACK;
}

static enum mgmt_result load_nvm(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	if (request->bitstream.size > 0) {
		reply->progress = device->load_bytes;
		if (device->alternate[USB_IFACE_EP2OUT] != USB_ALT_NVM ||
			device->nvm_failed)
			return MGMT_ERROR;
		if (device->load_bytes < request->bitstream.size)
			return MGMT_WAIT;
	}
	device->config.bitstream_size = request->bitstream.size;
	memcpy(device->config.bitstream_id, request->bitstream.id,
		FPGA_ID_SIZE);
	if (request->bitstream.size == 0)
		memset(device->config.bitstream_id, 0, FPGA_ID_SIZE);
	return nvm_save_config(device,
		       offsetof(struct config_block, bitstream_size),
		       sizeof(struct mgmt_bitstream))
		? MGMT_ACK
		: MGMT_ERROR;
}

static enum mgmt_result fpga_status(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	if (device->fpga_ready) {
		reply->bitstream.size = device->config.bitstream_size;
		memcpy(reply->bitstream.id, device->config.bitstream_id,
			FPGA_ID_SIZE);
	}
	return MGMT_ACK;
}

static enum mgmt_result set_register(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	uint8_t size = request_data(device);

	(void)reply;
	if (size < 1 || size > sizeof(request->register_write) ||
		request->register_write.address <= REG_PRIVATE_LAST)
		return MGMT_ERROR;
	return i2c_fpga_write(device, request->bytes, size) ? MGMT_ACK
							    : MGMT_ERROR;
}

static enum mgmt_result get_register(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	uint8_t length = request->register_read.length;

	if (length > MGMT_DATA_SIZE)
		return MGMT_ERROR;
	set_reply_data(device, length);
	if (!i2c_fpga_write(device, request->bytes, 1) ||
		!i2c_fpga_read(device, reply->bytes, length))
		return MGMT_ERROR;
	return MGMT_ACK;
}

static enum mgmt_result get_alerts(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)request;
	reply->alerts = device->alerts;
	return MGMT_ACK;
}

static enum mgmt_result clear_alerts(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	for (unsigned port = 0; port < PORT_COUNT; port++)
		device->alerts.ports[port] &= ~request->alerts.ports[port];
	device->alerts.fpga &= ~request->alerts.fpga;
	return MGMT_ACK;
}

static enum mgmt_result test_leds(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)reply;
	device->test_leds = request->leds.enabled;
	device->leds = request->leds.state;
	return MGMT_ACK;
}

static enum mgmt_result write_smbus(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	const struct mgmt_smbus_write *write = &request->smbus_write;
	uint8_t data[3] = {
		write->command, write->data & 0xff, write->data >> 8};

	(void)reply;
	return board_i2c(&device->board, write->address, data, sizeof(data),
		       NULL, 0)
		? MGMT_ACK
		: MGMT_ERROR;
}

static enum mgmt_result read_smbus(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	return board_i2c(&device->board, request->smbus_read.address,
		       &request->smbus_read.command, 1, reply->bytes, 2)
		? MGMT_ACK
		: MGMT_ERROR;
}

/* What request 0xA0 has written: the model has no other contents of RAM. */
static enum mgmt_result debug(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	size_t size;
	const uint8_t *ram =
		loader_ram(&device->loader, request->debug_address, &size);

	if (ram)
		memcpy(reply->debug_reply, ram,
			size < MGMT_DATA_SIZE ? size : MGMT_DATA_SIZE);
	return MGMT_ACK;
}

/* Only revD has the chip. */
static enum mgmt_result nafe_single(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply)
{
	(void)device;
	(void)request;
	(void)reply;
	return MGMT_ERROR;
}

#define VALUES  sizeof(struct mgmt_values)
#define WINDOWS sizeof(struct mgmt_windows)

/* A command that does not exist, or has a wrong size. */
#define UNKNOWN_US 63

/* The times of firmware/firmware.ihex on the virtual FX2, as tests/firmware/times.c
   prints and compares them. */
static const struct command commands[] = {
	{MGMT_DEBUG, sizeof(uint16_t), MGMT_DATA_SIZE, false, 372, NOTHING, 0,
		debug},
	{MGMT_WRITE_EEPROM, LENGTH_VARIES, 0, true, 3124, SENT, 30700,
		write_eeprom},
	{MGMT_READ_EEPROM, sizeof(struct mgmt_eeprom_read), LENGTH_VARIES, true,
		186, ASKED, 24060, read_eeprom},
	{MGMT_FPGA_LOAD_CFG, sizeof(struct mgmt_bitstream), 0, false, 37,
		NOTHING, 0, load_cfg},
	{MGMT_FPGA_LOAD_NVM, sizeof(struct mgmt_bitstream), 4, true, 3784,
		NOTHING, 0, load_nvm},
	{MGMT_FPGA_STATUS, 0, sizeof(struct mgmt_bitstream), false, 102,
		NOTHING, 0, fpga_status},
	{MGMT_FPGA_SET_REG, LENGTH_VARIES, 0, true, 76, SENT, 31000,
		set_register},
	{MGMT_FPGA_GET_REG, sizeof(struct mgmt_register_read), LENGTH_VARIES,
		true, 153, ASKED, 23940, get_register},
	{MGMT_SET_VSUPPLY, VALUES, 0, true, 68, PORTS, 136400,
		ports_set_vsupply},
	{MGMT_GET_VSUPPLY, 0, VALUES, true, 395, NOTHING, 0, ports_get_vsupply},
	{MGMT_SET_VLIMIT, VALUES, 0, true, 67, PORTS, 3545000,
		ports_set_vlimit},
	{MGMT_GET_VLIMIT, 0, VALUES, false, 87, NOTHING, 0, ports_get_vlimit},
	{MGMT_SET_VALERT, WINDOWS, 0, true, 77, PORTS, 854000,
		ports_set_valert},
	{MGMT_GET_VALERT, 0, WINDOWS, true, 1100, NOTHING, 0, ports_get_valert},
	{MGMT_SET_IALERT, VALUES, 0, true, 62, PORTS, 605500, ports_set_ialert},
	{MGMT_GET_IALERT, 0, VALUES, true, 718, NOTHING, 0, ports_get_ialert},
	{MGMT_GET_VSENSE, 0, VALUES, true, 440, NOTHING, 0, ports_get_vsense},
	{MGMT_GET_ISUPPLY, 0, VALUES, true, 438, NOTHING, 0, ports_get_isupply},
	{MGMT_SET_PULLS, sizeof(struct mgmt_pulls), 0, true, 70, PORTS, 504000,
		ports_set_pulls},
	{MGMT_GET_PULLS, 0, sizeof(struct mgmt_pulls), true, 665, NOTHING, 0,
		ports_get_pulls},
	{MGMT_GET_STATE, 0, sizeof(struct mgmt_state), true, 373, NOTHING, 0,
		ports_get_state},
	{MGMT_NAFE_SINGLE, sizeof(struct mgmt_nafe),
		sizeof(struct mgmt_nafe_reply), true, 90, NOTHING, 0,
		nafe_single},
	{MGMT_GET_ALERTS, 0, sizeof(struct mgmt_alerts), false, 100, NOTHING, 0,
		get_alerts},
	{MGMT_CLR_ALERTS, sizeof(struct mgmt_alerts), 0, false, 89, NOTHING, 0,
		clear_alerts},
	{MGMT_TEST_LEDS, sizeof(struct mgmt_leds), 0, false, 70, NOTHING, 0,
		test_leds},
	{MGMT_WRITE_SMBUS, sizeof(struct mgmt_smbus_write), 0, true, 206,
		NOTHING, 0, write_smbus},
	{MGMT_READ_SMBUS, sizeof(struct mgmt_smbus_read), 2, true, 245, NOTHING,
		0, read_smbus},
};

/* NULL also for a request of a wrong size, or with the reserved serial 0.  A
   request that is too short for a serial number has that of the packet before
   it: the firmware reads the buffer. */
static const struct command *find(const struct device *device)
{
	if (device->request_size < MGMT_HEADER || device->request.serial == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct command *command = &commands[i];

		if (command->code != device->request.code)
			continue;
		if (command->request != LENGTH_VARIES &&
			command->request != request_data(device))
			return NULL;
		return command;
	}
	return NULL;
}

uint8_t mgmt_request_code(const struct device *device)
{
	return device->request_size < MGMT_HEADER ? 0 : device->request.code;
}

unsigned mgmt_fpga_bytes(const struct device *device)
{
	const struct command *command = find(device);

	if (command && command->code == MGMT_FPGA_SET_REG)
		return 1 + request_data(device);
	/* A write of the register's address, then a read of its value. */
	if (command && command->code == MGMT_FPGA_GET_REG)
		return 3 + device->request.data.register_read.length;
	return 0;
}

static unsigned count_units(
	const struct device *device, const struct command *command)
{
	const union mgmt_data *data = &device->request.data;

	switch (command->unit) {
	case PORTS:
		return (data->values.mask & 1) + (data->values.mask >> 1 & 1);
	case SENT:
		return request_data(device);
	case ASKED:
		return data->bytes[command->request - 1];
	case NOTHING:
		break;
	}
	return 0;
}

tick mgmt_cost(const struct device *device)
{
	const struct command *command = find(device);

	if (command == NULL)
		return UNKNOWN_US * (tick)TICKS_PER_US;
	return command->us * (tick)TICKS_PER_US +
		count_units(device, command) * (tick)command->unit_ns *
		TICKS_PER_US / 1000;
}

bool mgmt_uses_i2c(const struct device *device)
{
	const struct command *command = find(device);

	return command && command->i2c;
}

tick mgmt_delay(struct device *device)
{
	const struct fault *delay = faults_strike(
		&device->faults, FAULT_DELAY, mgmt_request_code(device));

	if (delay == NULL)
		return 0;
	return delay->amount > DELAY_US_MAX ? DELAY_US_MAX * TICKS_PER_US
					    : delay->amount * TICKS_PER_US;
}

/* Replace the reply by 64 bytes that no firmware would send, others each
   time. */
static void fill_with_junk(struct device *device)
{
	uint8_t *bytes = (uint8_t *)&device->reply;

	for (unsigned i = 0; i < sizeof(device->reply); i++) {
		device->junk = device->junk * 1103515245 + 12345;
		bytes[i] = device->junk >> 16;
	}
	device->reply_size = sizeof(device->reply);
}

/* Change the reply as the faults of this command say. */
static void apply_faults(struct device *device)
{
	struct faults *faults = &device->faults;
	struct mgmt_packet *reply = &device->reply;
	uint8_t code = mgmt_request_code(device);

	if (faults_strike(faults, FAULT_ERROR, code)) {
		memset(&reply->data, 0, sizeof(reply->data));
		reply->code = MGMT_ERROR;
	}
	if (faults_strike(faults, FAULT_WAIT, code))
		reply->code = MGMT_WAIT;
	if (faults_strike(faults, FAULT_SERIAL, code))
		reply->serial++;
	if (faults_strike(faults, FAULT_JUNK, code))
		fill_with_junk(device);
	if (faults_strike(faults, FAULT_SHORT, code))
		device->reply_size = 1;
	if (faults_strike(faults, FAULT_MUTE, code))
		device->reply_size = 0;
	device->reply_again = device->reply_size > 0 &&
		faults_strike(faults, FAULT_TWICE, code);
}

void mgmt_execute(struct device *device)
{
	const struct command *command = find(device);
	struct mgmt_packet *reply = &device->reply;

	memset(reply, 0, sizeof(*reply));
	reply->serial = device->request.serial;
	if (command == NULL) {
		set_reply_data(device, 0);
		reply->code = MGMT_ERROR;
	} else {
		set_reply_data(device,
			command->reply == LENGTH_VARIES ? 0 : command->reply);
		reply->code = command->handler(
			device, &device->request.data, &reply->data);
	}
	/* A byte that the chip acknowledged reads as not acknowledged. */
	if (device->spoiled)
		reply->code = MGMT_ERROR;
	device->spoiled = false;
	if (reply->code == MGMT_ERROR)
		memset(&reply->data, 0, sizeof(reply->data));
	apply_faults(device);
	device->request_full = false;
}

/* The interrupt that empties the buffers does not stop the main loop.  A request
   that it is carrying out is finished, and its reply sent after this. */
void mgmt_reset(struct device *device)
{
	if (device->job != JOB_MGMT)
		device->request_full = false;
	device->reply_size = 0;
	device->reply_again = false;
	device->alerts.realtime = false;
}
