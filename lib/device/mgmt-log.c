/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Logs management packets, see mgmt-log.h.  A packet that has arrived may be
 * malformed, and `size` is the number of its bytes: no more may be read.
 */
#include "mgmt-log.h"

#include <stdio.h>

static const struct {
	enum mgmt_code code;
	const char *name;
} names[] = {
	{MGMT_WRITE_EEPROM, "WRITE_EEPROM"},
	{MGMT_READ_EEPROM, "READ_EEPROM"},
	{MGMT_FPGA_LOAD_CFG, "FPGA_LOAD_CFG"},
	{MGMT_FPGA_LOAD_NVM, "FPGA_LOAD_NVM"},
	{MGMT_FPGA_STATUS, "FPGA_STATUS"},
	{MGMT_FPGA_SET_REG, "FPGA_SET_REG"},
	{MGMT_FPGA_GET_REG, "FPGA_GET_REG"},
	{MGMT_SET_VSUPPLY, "SET_VSUPPLY"},
	{MGMT_GET_VSUPPLY, "GET_VSUPPLY"},
	{MGMT_SET_VLIMIT, "SET_VLIMIT"},
	{MGMT_GET_VLIMIT, "GET_VLIMIT"},
	{MGMT_SET_VALERT, "SET_VALERT"},
	{MGMT_GET_VALERT, "GET_VALERT"},
	{MGMT_SET_IALERT, "SET_IALERT"},
	{MGMT_GET_IALERT, "GET_IALERT"},
	{MGMT_GET_VSENSE, "GET_VSENSE"},
	{MGMT_GET_ISUPPLY, "GET_ISUPPLY"},
	{MGMT_SET_PULLS, "SET_PULLS"},
	{MGMT_GET_PULLS, "GET_PULLS"},
	{MGMT_GET_STATE, "GET_STATE"},
	{MGMT_GET_ALERTS, "GET_ALERTS"},
	{MGMT_CLR_ALERTS, "CLR_ALERTS"},
};

const char *mgmt_name(enum mgmt_code code)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "a command";
}

static const char *result_name(const struct mgmt_packet *packet, uint32_t size)
{
	if (size < 2)
		return "malformed";
	switch (packet->code) {
	case MGMT_ACK:
		return "ACK";
	case MGMT_WAIT:
		return "WAIT";
	case MGMT_ALERT:
		return "ALERT";
	case MGMT_ERROR:
		return "ERROR";
	default:
		return "unknown";
	}
}

static void log_packet(struct link *link, const char *name, const char *what,
	const struct mgmt_packet *packet, uint32_t size)
{
	char hex[3 * MGMT_PACKET_SIZE + 1] = "";
	const uint8_t *data = (const uint8_t *)packet;

	for (uint32_t i = 2; i < size; i++)
		snprintf(hex + 3 * (i - 2), 4, " %02x", data[i]);
	LOG(link, TRACE, "%s%s, serial %u, %u bytes%s%s", name, what,
		size > 0 ? packet->serial : 0, size, size > 2 ? ":" : "", hex);
}

void mgmt_log_request(
	struct link *link, const struct mgmt_packet *packet, uint32_t size)
{
	log_packet(link, mgmt_name(packet->code), " requested", packet, size);
}

void mgmt_log_reply(struct link *link, const struct mgmt_packet *packet,
	uint32_t size, const struct mgmt_packet *request)
{
	bool asked = size > 0 && request && packet->serial == request->serial;
	char what[32];

	snprintf(what, sizeof(what), "%s %s", asked ? " answered by" : ":",
		result_name(packet, size));
	log_packet(link, asked ? mgmt_name(request->code) : "not asked for",
		what, packet, size);
}
