/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The management protocol on EP1: one packet each way, at most 64 B.
 * lib/device sends requests, virtual/fx2/mgmt.c answers them.
 *
 *	request  serial code data...      serial 1..255
 *	reply    serial result data...    serial echoed, 0 = unsolicited
 *
 * Every request gets exactly one reply, in order.
 *
 * Source: GlasgowEmbedded/glasgow firmware/fx2/{glasgow_mgmt.h,mgmt.c}.
 */
#ifndef WIRE_MGMT_H
#define WIRE_MGMT_H

#include "config.h"

#define MGMT_PACKET_SIZE 64
#define MGMT_DATA_SIZE   32 /* the most that one command moves */

enum mgmt_code {
	MGMT_DEBUG = 0x01, /* the FX2's RAM, as the 8051 sees it */
	MGMT_WRITE_EEPROM = 0x10,
	MGMT_READ_EEPROM = 0x11,
	MGMT_FPGA_LOAD_CFG = 0x20,
	MGMT_FPGA_LOAD_NVM = 0x21,
	MGMT_FPGA_STATUS = 0x22,
	MGMT_FPGA_SET_REG = 0x28,
	MGMT_FPGA_GET_REG = 0x29,
	MGMT_SET_VSUPPLY = 0x30,
	MGMT_GET_VSUPPLY = 0x31,
	MGMT_SET_VLIMIT = 0x32,
	MGMT_GET_VLIMIT = 0x33,
	MGMT_SET_VALERT = 0x34,
	MGMT_GET_VALERT = 0x35,
	MGMT_SET_IALERT = 0x36,
	MGMT_GET_IALERT = 0x37,
	MGMT_GET_VSENSE = 0x38,
	MGMT_GET_ISUPPLY = 0x39,
	MGMT_SET_PULLS = 0x3a,
	MGMT_GET_PULLS = 0x3b,
	MGMT_GET_STATE = 0x3c,
	MGMT_NAFE_SINGLE = 0x40, /* revD only */
	MGMT_GET_ALERTS = 0xa0,
	MGMT_CLR_ALERTS = 0xa1,
	MGMT_TEST_LEDS = 0xf0,
	MGMT_WRITE_SMBUS = 0xf1,
	MGMT_READ_SMBUS = 0xf2,
};

enum mgmt_result {
	MGMT_ACK = 0x00,
	MGMT_WAIT = 0x01,  /* not ready: send the same request again */
	MGMT_ALERT = 0x02, /* unsolicited: struct mgmt_alerts follows */
	MGMT_ERROR = 0xff, /* the rest of the reply is zero */
};

/* Bits of mgmt_alerts.ports[]; they match the INA233's. */
enum mgmt_port_alert {
	MGMT_UNDERVOLTAGE = 1 << 0,
	MGMT_OVERVOLTAGE = 1 << 1,
	MGMT_OVERCURRENT = 1 << 2,
};

struct mgmt_eeprom_write {
	uint16_t address;
	uint8_t data[MGMT_DATA_SIZE]; /* 1..32 inside one 32 B block */
} PACKED;

struct mgmt_eeprom_read {
	uint16_t address;
	uint8_t length;
} PACKED;

struct mgmt_bitstream {
	uint32_t size;
	uint8_t id[FPGA_ID_SIZE];
} PACKED;

struct mgmt_register_write {
	uint8_t address;
	uint8_t data[MGMT_DATA_SIZE];
} PACKED;

struct mgmt_register_read {
	uint8_t address;
	uint8_t length;
} PACKED;

/* Supplies, limits, sense: mV.  Currents: 10 uA. */
struct mgmt_values {
	uint8_t mask; /* bit 0 = port A */
	uint16_t value[PORT_COUNT];
} PACKED;

struct mgmt_windows {
	uint8_t mask;
	struct {
		uint16_t low_mv;  /* 0 = not watched */
		uint16_t high_mv; /* 0 = not watched */
	} PACKED value[PORT_COUNT];
} PACKED;

/* One bit a pin; both bits set leave a pin as it is (SET_PULLS only). */
struct mgmt_pulls {
	uint8_t mask;
	struct {
		uint8_t down;
		uint8_t up;
	} PACKED value[PORT_COUNT];
} PACKED;

struct mgmt_state {
	uint8_t mask;
	uint8_t value[PORT_COUNT];
} PACKED;

struct mgmt_alerts {
	uint8_t realtime; /* 0: alerts may be older than the host's session */
	uint8_t ports[PORT_COUNT];
	uint8_t fpga;
} PACKED;

struct mgmt_leds {
	uint8_t enabled;
	uint8_t state;
} PACKED;

struct mgmt_smbus_write {
	uint8_t address;
	uint8_t command;
	uint16_t data;
} PACKED;

struct mgmt_smbus_read {
	uint8_t address;
	uint8_t command;
} PACKED;

struct mgmt_nafe {
	uint8_t positive;
	uint8_t negative;
	uint8_t rate_filter;
} PACKED;

struct mgmt_nafe_reply {
	int32_t microvolts;
	uint8_t gain;
} PACKED;

union mgmt_data {
	struct mgmt_eeprom_write eeprom_write;
	struct mgmt_eeprom_read eeprom_read;
	struct mgmt_bitstream bitstream;
	struct mgmt_register_write register_write;
	struct mgmt_register_read register_read;
	struct mgmt_values values;
	struct mgmt_windows windows;
	struct mgmt_pulls pulls;
	struct mgmt_state state;
	struct mgmt_alerts alerts;
	struct mgmt_leds leds;
	struct mgmt_smbus_write smbus_write;
	struct mgmt_smbus_read smbus_read;
	struct mgmt_nafe nafe;
	struct mgmt_nafe_reply nafe_reply;
	uint16_t debug_address;
	uint8_t debug_reply[MGMT_DATA_SIZE];
	uint32_t progress;   /* FPGA_LOAD_NVM's reply */
	uint16_t smbus_word; /* READ_SMBUS's reply */
	uint8_t bytes[MGMT_PACKET_SIZE - 2];
} PACKED;

struct mgmt_packet {
	uint8_t serial;
	uint8_t code; /* enum mgmt_code; in a reply enum mgmt_result */
	union mgmt_data data;
} PACKED;

_Static_assert(sizeof(struct mgmt_packet) == MGMT_PACKET_SIZE, "EP1 buffer");
_Static_assert(sizeof(struct mgmt_eeprom_write) == 34, "WRITE_EEPROM");
_Static_assert(sizeof(struct mgmt_eeprom_read) == 3, "READ_EEPROM");
_Static_assert(sizeof(struct mgmt_bitstream) == 12, "FPGA_LOAD_CFG");
_Static_assert(sizeof(struct mgmt_register_write) == 33, "FPGA_SET_REG");
_Static_assert(sizeof(struct mgmt_register_read) == 2, "FPGA_GET_REG");
_Static_assert(sizeof(struct mgmt_values) == 9, "SET_VSUPPLY");
_Static_assert(sizeof(struct mgmt_windows) == 17, "SET_VALERT");
_Static_assert(sizeof(struct mgmt_pulls) == 9, "SET_PULLS");
_Static_assert(sizeof(struct mgmt_state) == 5, "GET_STATE");
_Static_assert(sizeof(struct mgmt_alerts) == 6, "GET_ALERTS");
_Static_assert(sizeof(struct mgmt_smbus_write) == 4, "WRITE_SMBUS");
_Static_assert(sizeof(struct mgmt_nafe_reply) == 5, "NAFE_SINGLE");

#endif
