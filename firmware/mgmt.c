/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Endpoint 1: management requests and their replies, and unsolicited alerts.
 * The main loop calls mgmt_poll(), usb.c calls mgmt_reset().  A request stays in
 * EP1 OUT's buffer, and its reply is made in EP1 IN's, so that there is one
 * reply to each request, in order.
 */
#include "firmware.h"

#define HEADER 2
#define VARIES 0xff

struct command {
	uint8_t request_data; /* B of data, or VARIES: the handler checks it */
	uint8_t reply_data;   /* B of data, or VARIES: the handler says */
	enum mgmt_result (*handler)(void);
};

__xdata struct mgmt_alerts alerts;
bool alert_pending;
uint8_t request_size, reply_size;
uint8_t mgmt_awaits;

void copy_bytes(__xdata uint8_t *to, __xdata const uint8_t *from, uint8_t size)
{
	for (; size > 0; size--)
		*to++ = *from++;
}

static enum mgmt_result get_alerts(void)
{
	copy_bytes(reply.data.bytes, (__xdata const uint8_t *)&alerts,
		sizeof(alerts));
	return MGMT_ACK;
}

static enum mgmt_result clear_alerts(void)
{
	uint8_t left = 0;
	uint8_t i;

	for (i = 0; i < PORT_COUNT; i++) {
		alerts.ports[i] &= ~request.data.alerts.ports[i];
		left |= alerts.ports[i];
	}
	alerts.fpga &= ~request.data.alerts.fpga;
	if (left == 0)
		show_error(false);
	return MGMT_ACK;
}

static enum mgmt_result write_smbus(void)
{
	return smbus_put(request.data.smbus_write.address,
		       request.data.smbus_write.command,
		       request.data.smbus_write.data, 2)
		? MGMT_ACK
		: MGMT_ERROR;
}

static enum mgmt_result read_smbus(void)
{
	if (!smbus_get(request.data.smbus_read.address,
		    request.data.smbus_read.command, 2))
		return MGMT_ERROR;
	reply.data.smbus_word = smbus_value;
	return MGMT_ACK;
}

/* Only RAM: to read some registers is to change them. */
static bool is_ram(uint16_t address)
{
	return address < 0x4000 || (address >= 0xe000 && address < 0xe200);
}

static enum mgmt_result debug(void)
{
	uint16_t address = request.data.debug_address;
	uint8_t i;

	for (i = 0; i < MGMT_DATA_SIZE && is_ram(address); i++)
		reply.data.debug_reply[i] = *(__xdata uint8_t *)address++;
	return MGMT_ACK;
}

/* revD has the chip. */
static enum mgmt_result nafe_single(void)
{
	return MGMT_ERROR;
}

#define VALUES    sizeof(struct mgmt_values)
#define WINDOWS   sizeof(struct mgmt_windows)
#define PULLS     sizeof(struct mgmt_pulls)
#define STATE     sizeof(struct mgmt_state)
#define ALERTS    sizeof(struct mgmt_alerts)
#define BITSTREAM sizeof(struct mgmt_bitstream)

/* X(code, B of the request, B of the reply, handler), often-used ones first. */
#define COMMANDS(X)                                                          \
	X(MGMT_FPGA_SET_REG, VARIES, 0, fpga_set_register)                   \
	X(MGMT_FPGA_GET_REG, sizeof(struct mgmt_register_read), VARIES,      \
		fpga_get_register)                                           \
	X(MGMT_FPGA_LOAD_CFG, BITSTREAM, 0, fpga_load_cfg)                   \
	X(MGMT_FPGA_LOAD_NVM, BITSTREAM, 4, fpga_load_nvm)                   \
	X(MGMT_FPGA_STATUS, 0, BITSTREAM, fpga_status)                       \
	X(MGMT_WRITE_EEPROM, VARIES, 0, nvm_write_eeprom)                    \
	X(MGMT_READ_EEPROM, sizeof(struct mgmt_eeprom_read), VARIES,         \
		nvm_read_eeprom)                                             \
	X(MGMT_SET_VSUPPLY, VALUES, 0, ports_set_vsupply)                    \
	X(MGMT_GET_VSUPPLY, 0, VALUES, ports_get_vsupply)                    \
	X(MGMT_SET_VLIMIT, VALUES, 0, ports_set_vlimit)                      \
	X(MGMT_GET_VLIMIT, 0, VALUES, ports_get_vlimit)                      \
	X(MGMT_SET_VALERT, WINDOWS, 0, ports_set_valert)                     \
	X(MGMT_GET_VALERT, 0, WINDOWS, ports_get_valert)                     \
	X(MGMT_SET_IALERT, VALUES, 0, ports_set_ialert)                      \
	X(MGMT_GET_IALERT, 0, VALUES, ports_get_ialert)                      \
	X(MGMT_GET_VSENSE, 0, VALUES, ports_get_vsense)                      \
	X(MGMT_GET_ISUPPLY, 0, VALUES, ports_get_isupply)                    \
	X(MGMT_SET_PULLS, PULLS, 0, ports_set_pulls)                         \
	X(MGMT_GET_PULLS, 0, PULLS, ports_get_pulls)                         \
	X(MGMT_GET_STATE, 0, STATE, ports_get_state)                         \
	X(MGMT_NAFE_SINGLE, sizeof(struct mgmt_nafe),                        \
		sizeof(struct mgmt_nafe_reply), nafe_single)                 \
	X(MGMT_GET_ALERTS, 0, ALERTS, get_alerts)                            \
	X(MGMT_CLR_ALERTS, ALERTS, 0, clear_alerts)                          \
	X(MGMT_TEST_LEDS, sizeof(struct mgmt_leds), 0, leds_test)            \
	X(MGMT_WRITE_SMBUS, sizeof(struct mgmt_smbus_write), 0, write_smbus) \
	X(MGMT_READ_SMBUS, sizeof(struct mgmt_smbus_read), 2, read_smbus)    \
	X(MGMT_DEBUG, 2, MGMT_DATA_SIZE, debug)

#define CODE(code, request_, reply_, handler) code,
#define ROW(code, request_, reply_, handler)  {request_, reply_, handler},

/* The search is the longest part of a quick command, hence an array of codes. */
static __code const uint8_t codes[] = {COMMANDS(CODE)};
static __code const struct command commands[] = {COMMANDS(ROW)};

/* What mgmt_poll() waits for: always EP1 IN's buffer, to send a reply. */
void mgmt_watch(void)
{
	mgmt_awaits = 0;
	if (usb_alternate[USB_IFACE_MGMT] != USB_ALT_ON)
		return;
	mgmt_awaits = EP01STAT_EP1INBSY;
	if (!alert_pending && alerts.realtime)
		mgmt_awaits |= EP01STAT_EP1OUTBSY;
}

void mgmt_reset(void)
{
	SYNCDELAY();
	EP1OUTCFG = EPCFG_VALID | EPCFG_BULK;
	SYNCDELAY();
	EP1INCFG = EPCFG_VALID | EPCFG_BULK;
	SYNCDELAY();
	EP1OUTBC = 0; /* drop a request, accept the next */
	SYNCDELAY();
	EP1INCS = EPCS_BUSY; /* drop a reply: writing 1 clears the bit */
	SYNCDELAY();
	alerts.realtime = false;
	mgmt_watch();
}

static void send(void)
{
	SYNCDELAY();
	EP1INBC = HEADER + reply_size;
	SYNCDELAY();
}

static void clear_reply(uint8_t size)
{
	uint8_t i;

	for (i = 0; i < size; i++)
		reply.data.bytes[i] = 0;
}

static enum mgmt_result execute(void)
{
	__code const struct command *command;
	uint8_t code = request.code;
	uint8_t i = 0;

	reply_size = 0;
	/* A packet that is too short for a header, and the serial number of
	   unsolicited replies. */
	if (request_size < HEADER || request.serial == 0)
		return MGMT_ERROR;
	request_size -= HEADER;
	while (codes[i] != code) {
		if (++i == sizeof(codes))
			return MGMT_ERROR;
	}
	command = &commands[i];
	if (command->request_data != VARIES &&
		command->request_data != request_size)
		return MGMT_ERROR;
	if (command->reply_data != VARIES)
		reply_size = command->reply_data;
	clear_reply(reply_size);
	return command->handler();
}

void mgmt_poll(void)
{
	if (mgmt_awaits == 0 || EP01STAT & mgmt_awaits)
		return;
	if (alert_pending) {
		/* Before the next reply. */
		alert_pending = false;
		reply.serial = 0;
		reply.code = MGMT_ALERT;
		reply_size = sizeof(alerts);
		get_alerts();
		send();
	} else if (!alerts.realtime) {
		/* The host reads: an alert from now on is up to date. */
		alerts.realtime = true;
	} else {
		request_size = EP1OUTBC;
		reply.code = execute();
		if (reply.code == MGMT_ERROR)
			clear_reply(reply_size);
		reply.serial = request.serial;
		SYNCDELAY();
		EP1OUTBC = 0;
		send();
	}
	mgmt_watch();
}
