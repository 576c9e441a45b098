/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chips of a revC board on the FX2's I2C bus, apart from the FPGA: two
 * DACs, two ADCs, two pull-resistor expanders, two EEPROMs; and the supplies
 * and pins that they control.  Modelled at register level after the datasheets
 * that firmware/fx2/port.c and nvmem.c of GlasgowEmbedded/glasgow cite.
 * virtual/fx2 owns a board and calls it.
 */
#ifndef VIRTUAL_BOARD_H
#define VIRTUAL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pins.h"
#include "virtual/bus/tick.h"
#include "wire/config.h"

#define BOARD_PORTS 2 /* revC: A and B */

/* 7-bit addresses: firmware/fx2/glasgow_i2c.h */
enum board_address {
	BOARD_FX2_MEM = 0x51,
	BOARD_ICE_MEM_LOW = 0x52,
	BOARD_ICE_MEM_HIGH = 0x53,
	BOARD_DAC_A = 0x0e,     /* C3 */
	BOARD_DAC_A_OLD = 0x0c, /* C0 to C2 */
	BOARD_DAC_B = 0x0d,
	BOARD_ADC_A_OLD = 0x54, /* ADC081C: C0, C1 */
	BOARD_ADC_B_OLD = 0x55,
	BOARD_ADC_A = 0x40, /* INA233: C2, C3 */
	BOARD_ADC_B = 0x41,
	BOARD_PULL_A = 0x20,
	BOARD_PULL_B = 0x21,
};

#define BOARD_ICE_MEM_SIZE 0x20000 /* CAT24M01, 128 KiB */

enum adc081c_register { /* SNAS447, pointer addresses */
	ADC081C_RESULT = 0x00,
	ADC081C_CONFIGURATION = 0x02,
};

enum ina233_command { /* SBOS790, table 6-4 */
	INA233_CLEAR_FAULTS = 0x03,
	INA233_RESTORE_DEFAULT_ALL = 0x12,
	INA233_IOUT_OC_WARN_LIMIT = 0x4a,
	INA233_VIN_OV_WARN_LIMIT = 0x57,
	INA233_VIN_UV_WARN_LIMIT = 0x58,
	INA233_STATUS_MFR_SPECIFIC = 0x80,
	INA233_READ_VIN = 0x88,
	INA233_READ_IOUT = 0x8c,
	INA233_MFR_ALERT_MASK = 0xd2,
	INA233_MFR_CALIBRATION = 0xd4,
	INA233_MFR_DEVICE_CONFIG = 0xd5,
};

enum ina233_fault { /* STATUS_MFR_SPECIFIC and MFR_ALERT_MASK */
	INA233_UNDERVOLTAGE = 1 << 0,
	INA233_OVERVOLTAGE = 1 << 1,
	INA233_OVERCURRENT = 1 << 2,
	INA233_POWER_ON = 1 << 5,
};

enum pca6408a_register { /* NXP PCA6408A, table 6 */
	PCA6408A_INPUT = 0x00,
	PCA6408A_OUTPUT = 0x01,
	PCA6408A_POLARITY = 0x02,
	PCA6408A_CONFIGURATION = 0x03,
};

struct board_port {
	/* What is connected to the port */
	uint16_t sense_mv; /* voltage on the sense pin */
	bool sense_joined; /* the sense pin is joined to the supply pin */
	uint8_t weak;      /* per cent that the supply is too low, a fault */
	uint32_t load_ua;  /* current drawn from the supply */
	/* The FX2's enable line */
	bool enabled;
	tick rail_up; /* when the supply, once enabled, has risen */
	/* DAC081C: the 12-bit code word */
	uint16_t dac;
	/* INA233 */
	uint16_t oc_limit; /* IOUT_OC_WARN_LIMIT, 10 uA */
	uint16_t ov_limit; /* VIN_OV_WARN_LIMIT, 1.25 mV */
	uint16_t uv_limit;
	uint16_t calibration;
	uint8_t alert_mask;
	uint8_t device_config;
	uint8_t status; /* STATUS_MFR_SPECIFIC */
	bool alert;     /* latched, pulls nALERT low and cuts the supply */
	/* PCA6408A */
	uint8_t pull_output;
	uint8_t pull_polarity;
	uint8_t pull_input_mask; /* configuration register: 1 = not driven */
};

struct board {
	uint8_t revision;
	struct pins pins; /* of the ports */
	tick now;
	tick rise; /* how long a supply takes to rise */
	/* The FPGA holds SDA low: no start condition can be made, so no chip
	   can be addressed. */
	bool sda_low;
	struct board_port ports[BOARD_PORTS];
	uint8_t *fx2_mem; /* EEPROM_SIZE */
	uint8_t *ice_mem; /* BOARD_ICE_MEM_SIZE, or NULL until written */
};

/* 0 or -ENOMEM.  After a failure board_clear() must still be called. */
int board_init(struct board *board, uint8_t revision, const uint8_t *eeprom);

/* Give ICE_MEM, which is erased at first, this content: 0 or -ENOMEM. */
int board_fill_ice_mem(struct board *board, const uint8_t *content);
void board_clear(struct board *board);

/*
 * One I2C transaction with a chip: write bytes, then (repeated start) read.
 * False if an address or a byte is not acknowledged.
 */
bool board_i2c(struct board *board, uint8_t address, const uint8_t *write,
	size_t write_size, uint8_t *read, size_t read_size);

/*
 * The same for a master that has the bytes one by one.  Whether the chip
 * acknowledges the last of the bytes that a transaction has written so far, or
 * its address if there are none; and the byte after read_at others that the
 * transaction, which began with this write, has read.  A write itself is
 * board_i2c(), at the stop condition.
 */
bool board_i2c_acknowledges(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size);
uint8_t board_i2c_read(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size, size_t read_at);

/* Let the ADCs compare the supplies with their limits, and latch alerts. */
void board_check_alerts(struct board *board);

/* True if any chip pulls nALERT low. */
bool board_alert(const struct board *board);

/* Enable a port's supply. */
void board_enable(struct board *board, unsigned port);

/* The supply at a port's pins, mV: 0 if disabled or cut by an alert. */
uint16_t board_supply_mv(const struct board *board, unsigned port);

/* Pass the present supplies and pull resistors to the pins. */
void board_power_pins(struct board *board);

/* Levels of a port's pins, behind its buffers. */
uint8_t board_levels(struct board *board, unsigned port);

#endif
