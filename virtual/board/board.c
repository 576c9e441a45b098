/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chips of a revC board, register by register.  virtual/fx2 calls these
 * functions as the firmware drives the I2C bus and the enable lines.  The chips
 * keep the datasheets' behaviour: what the firmware makes of it must not be
 * modelled here.
 */
#include "board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAC_MASK 0x0fff /* without the power-down bits */

/*
 * The regulator's feedback, as the firmware's decode has it: the DAC's eight
 * upper bits pull the output down from 5526 mV, 15.2 mV a step.
 */
#define SUPPLY_BASE_MV     1650
#define SUPPLY_CODE_MAX    255
#define SUPPLY_STEP_100UV  152
#define SUPPLY_100UV_IN_MV 10

/* 3.3 V full scale behind a divider by two; SNAS447: a step is VA / 256. */
#define ADC081C_FULL_SCALE_MV 6600
#define ADC081C_CODES         256

/* SBOS790, tables 6-4 and on: defaults, and the bits that a limit has. */
#define INA233_LIMIT_MASK      0x7ff8
#define INA233_MASK_DEFAULT    0xf0
#define INA233_CONFIG_DEFAULT  0x02
#define INA233_CALIBRATION_ONE 1
#define INA233_CODE_MAX        0x7fff
#define INA233_CURRENT_DIVISOR 2048 /* current = shunt * calibration / 2048 */

#define PCA6408A_DEFAULT 0xff /* output and configuration registers */
#define ICE_MEM_PAGE     256  /* CAT24M01 */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* One I2C transaction: write bytes, then read bytes, from a later one on. */
struct i2c {
	const uint8_t *write;
	size_t write_size;
	uint8_t *read;
	size_t read_size;
	size_t read_at; /* how many bytes have been read before */
};

/* Answer with a register, over and over for as long as the host reads. */
static void repeat(const struct i2c *i2c, const uint8_t *value, size_t size)
{
	for (size_t i = 0; i < i2c->read_size; i++)
		i2c->read[i] = value[(i2c->read_at + i) % size];
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool dac081c(struct board *board, unsigned port, const struct i2c *i2c)
{
	uint16_t *code = &board->ports[port].dac;

	for (size_t i = 0; i + 1 < i2c->write_size; i += 2)
		*code = (i2c->write[i] << 8 | i2c->write[i + 1]) & DAC_MASK;
	repeat(i2c, (uint8_t[]){*code >> 8, *code}, 2);
	return true;
}

static uint32_t sense_mv(const struct board *board, unsigned index)
{
	const struct board_port *port = &board->ports[index];

	return port->sense_joined ? board_supply_mv(board, index)
				  : port->sense_mv;
}

/* The firmware never turns its alerts on: only the result matters. */
static bool adc081c(struct board *board, unsigned port, const struct i2c *i2c)
{
	uint16_t code = 0;

	if (i2c->write_size == 0 || i2c->write[0] == ADC081C_RESULT)
		code = min_u32(sense_mv(board, port) * ADC081C_CODES /
				ADC081C_FULL_SCALE_MV,
			ADC081C_CODES - 1);
	repeat(i2c, (uint8_t[]){code >> 4, code << 4}, 2);
	return true;
}

static void ina233_restore(struct board_port *port)
{
	port->oc_limit = INA233_LIMIT_MASK;
	port->ov_limit = INA233_LIMIT_MASK;
	port->uv_limit = 0;
	port->calibration = INA233_CALIBRATION_ONE;
	port->alert_mask = INA233_MASK_DEFAULT;
	port->device_config = INA233_CONFIG_DEFAULT;
	port->status = INA233_POWER_ON;
	port->alert = false;
}

/* 1.25 mV: five quarters. */
static uint16_t ina233_vin(const struct board *board, unsigned index)
{
	return min_u32(sense_mv(board, index) * 4 / 5, INA233_CODE_MAX);
}

/* The shunt is 0.15 ohm and its voltage counts in 2.5 uV: 3/50 of a uA. */
static uint16_t ina233_iout(const struct board *board, unsigned index)
{
	const struct board_port *port = &board->ports[index];
	uint32_t shunt = min_u32(port->load_ua / 5 * 3 / 10, INA233_CODE_MAX);
	uint32_t current = shunt * port->calibration / INA233_CURRENT_DIVISOR;

	if (board_supply_mv(board, index) == 0)
		return 0;
	return min_u32(current, INA233_CODE_MAX);
}

struct ina233_register {
	uint8_t command;
	uint8_t size;      /* B of data */
	uint16_t writable; /* bits */
	size_t field;      /* of struct board_port */
};

#define FIELD(name) offsetof(struct board_port, name)

static const struct ina233_register ina233_registers[] = {
	{INA233_CLEAR_FAULTS, 0, 0, 0},
	{INA233_RESTORE_DEFAULT_ALL, 0, 0, 0},
	{INA233_IOUT_OC_WARN_LIMIT, 2, INA233_LIMIT_MASK, FIELD(oc_limit)},
	{INA233_VIN_OV_WARN_LIMIT, 2, INA233_LIMIT_MASK, FIELD(ov_limit)},
	{INA233_VIN_UV_WARN_LIMIT, 2, INA233_LIMIT_MASK, FIELD(uv_limit)},
	{INA233_STATUS_MFR_SPECIFIC, 1, 0, FIELD(status)},
	{INA233_READ_VIN, 2, 0, 0},
	{INA233_READ_IOUT, 2, 0, 0},
	{INA233_MFR_ALERT_MASK, 1, 0xff, FIELD(alert_mask)},
	{INA233_MFR_CALIBRATION, 2, 0xffff, FIELD(calibration)},
	{INA233_MFR_DEVICE_CONFIG, 1, 0xff, FIELD(device_config)},
};

static const struct ina233_register *ina233_find(uint8_t command)
{
	for (size_t i = 0; i < ARRAY_SIZE(ina233_registers); i++) {
		if (ina233_registers[i].command == command)
			return &ina233_registers[i];
	}
	return NULL;
}

static uint16_t ina233_get(const struct board *board, unsigned index,
	const struct ina233_register *reg)
{
	const struct board_port *port = &board->ports[index];
	uint16_t value = 0;

	if (reg->command == INA233_READ_VIN)
		return ina233_vin(board, index);
	if (reg->command == INA233_READ_IOUT)
		return ina233_iout(board, index);
	memcpy(&value, (const uint8_t *)port + reg->field, reg->size);
	return value;
}

static void ina233_set(struct board_port *port,
	const struct ina233_register *reg, uint16_t value)
{
	if (reg->command == INA233_RESTORE_DEFAULT_ALL)
		ina233_restore(port);
	/* The alert stays latched, against the datasheet: the authors of the
	   firmware's port.c found that only RESTORE_DEFAULT_ALL clears it. */
	if (reg->command == INA233_CLEAR_FAULTS)
		port->status = 0;
	if (reg->command == INA233_STATUS_MFR_SPECIFIC)
		port->status &= ~value;
	value &= reg->writable;
	if (reg->writable != 0)
		memcpy((uint8_t *)port + reg->field, &value, reg->size);
}

static bool ina233(struct board *board, unsigned index, const struct i2c *i2c)
{
	const struct ina233_register *reg;
	uint16_t value = 0;

	if (i2c->write_size == 0)
		return i2c->read_size == 0;
	reg = ina233_find(i2c->write[0]);
	if (reg == NULL)
		return false;
	if (i2c->read_size > 0) {
		if (i2c->write_size > 1 || reg->size == 0)
			return false;
		value = ina233_get(board, index, reg);
		repeat(i2c, (uint8_t[]){value, value >> 8}, reg->size);
		return true;
	}
	if (i2c->write_size != 1u + reg->size)
		return false;
	memcpy(&value, i2c->write + 1, reg->size);
	ina233_set(&board->ports[index], reg, value);
	return true;
}

static bool ina233_acknowledge(
	const struct board *board, unsigned index, const struct i2c *i2c)
{
	const struct ina233_register *reg;

	(void)board;
	(void)index;
	if (i2c->write_size == 0)
		return true;
	reg = ina233_find(i2c->write[0]);
	return reg && i2c->write_size <= 1u + reg->size;
}

/* VDD(P) is the port's supply; without it the chip does not answer. */
static bool pca6408a_powered(const struct board *board, unsigned index)
{
	return board_supply_mv(board, index) != 0 &&
		board->now >= board->ports[index].rail_up;
}

static bool pca6408a_acknowledge(
	const struct board *board, unsigned index, const struct i2c *i2c)
{
	return pca6408a_powered(board, index) &&
		(i2c->write_size == 0 ||
			i2c->write[0] <= PCA6408A_CONFIGURATION);
}

static bool pca6408a(struct board *board, unsigned index, const struct i2c *i2c)
{
	struct board_port *port = &board->ports[index];
	uint8_t inverted = port->pull_polarity & port->pull_input_mask;
	uint8_t input = board_levels(board, index) ^ inverted;
	uint8_t *const registers[] = {
		[PCA6408A_INPUT] = &input,
		[PCA6408A_OUTPUT] = &port->pull_output,
		[PCA6408A_POLARITY] = &port->pull_polarity,
		[PCA6408A_CONFIGURATION] = &port->pull_input_mask,
	};
	uint8_t command = i2c->write_size > 0 ? i2c->write[0] : PCA6408A_INPUT;

	if (!pca6408a_powered(board, index))
		return false;
	if (command >= ARRAY_SIZE(registers))
		return false;
	if (i2c->write_size > 1)
		*registers[command] = i2c->write[i2c->write_size - 1];
	repeat(i2c, registers[command], 1);
	return true;
}

/* 24-series EEPROMs: a write wraps inside its page, a read at the end of the
   chip.  The unit is a bus address. */
static const struct {
	size_t size, page, base;
} memories[] = {
	{EEPROM_SIZE, EEPROM_PAGE_SIZE, 0},
	{BOARD_ICE_MEM_SIZE, ICE_MEM_PAGE, 0},
	{BOARD_ICE_MEM_SIZE, ICE_MEM_PAGE, BOARD_ICE_MEM_SIZE / 2},
};

static uint8_t *erased(size_t size)
{
	uint8_t *bytes = malloc(size);

	if (bytes != NULL)
		memset(bytes, 0xff, size);
	return bytes;
}

static void eeprom_read(
	const uint8_t *bytes, size_t size, size_t at, const struct i2c *i2c)
{
	for (size_t i = 0; i < i2c->read_size; i++)
		i2c->read[i] =
			bytes ? bytes[(at + i2c->read_at + i) % size] : 0xff;
}

static bool eeprom(struct board *board, unsigned unit, const struct i2c *i2c)
{
	uint8_t **bytes = unit > 0 ? &board->ice_mem : &board->fx2_mem;
	size_t page = memories[unit].page;
	size_t at = memories[unit].base;

	if (i2c->write_size >= 2)
		at += i2c->write[0] << 8 | i2c->write[1];
	at %= memories[unit].size;
	/* A repeated start aborts a write. */
	if (i2c->read_size > 0) {
		eeprom_read(*bytes, memories[unit].size, at, i2c);
		return true;
	}
	if (*bytes == NULL)
		*bytes = erased(memories[unit].size);
	if (*bytes == NULL)
		return false;
	for (size_t i = 2; i < i2c->write_size; i++) {
		(*bytes)[at] = i2c->write[i];
		at = at - at % page + (at + 1) % page;
	}
	return true;
}

struct chip {
	uint8_t address;
	uint8_t first, last; /* revisions */
	uint8_t unit;
	bool (*take)(struct board *board, unsigned unit, const struct i2c *i2c);
	/* Whether the chip acknowledges the last byte of a write, or with none
	   its address; NULL: always. */
	bool (*acknowledge)(const struct board *board, unsigned unit,
		const struct i2c *i2c);
};

static const struct chip chips[] = {
	{BOARD_DAC_A_OLD, REVISION_C0, REVISION_C2, 0, dac081c, NULL},
	{BOARD_DAC_A, REVISION_C3, REVISION_C3, 0, dac081c, NULL},
	{BOARD_DAC_B, REVISION_C0, REVISION_C3, 1, dac081c, NULL},
	{BOARD_ADC_A_OLD, REVISION_C0, REVISION_C1, 0, adc081c, NULL},
	{BOARD_ADC_B_OLD, REVISION_C0, REVISION_C1, 1, adc081c, NULL},
	{BOARD_ADC_A, REVISION_C2, REVISION_C3, 0, ina233, ina233_acknowledge},
	{BOARD_ADC_B, REVISION_C2, REVISION_C3, 1, ina233, ina233_acknowledge},
	{BOARD_PULL_A, REVISION_C0, REVISION_C3, 0, pca6408a,
		pca6408a_acknowledge},
	{BOARD_PULL_B, REVISION_C0, REVISION_C3, 1, pca6408a,
		pca6408a_acknowledge},
	{BOARD_FX2_MEM, REVISION_C0, REVISION_C3, 0, eeprom, NULL},
	{BOARD_ICE_MEM_LOW, REVISION_C0, REVISION_C3, 1, eeprom, NULL},
	{BOARD_ICE_MEM_HIGH, REVISION_C0, REVISION_C3, 2, eeprom, NULL},
};

/* An expander loses its registers while its port has no supply. */
static void reset_expanders(struct board *board)
{
	for (unsigned i = 0; i < BOARD_PORTS; i++) {
		struct board_port *port = &board->ports[i];

		if (board_supply_mv(board, i) != 0)
			continue;
		port->pull_output = PCA6408A_DEFAULT;
		port->pull_polarity = 0;
		port->pull_input_mask = PCA6408A_DEFAULT;
	}
}

static const struct chip *find_chip(struct board *board, uint8_t address)
{
	reset_expanders(board);
	if (board->sda_low)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
		const struct chip *chip = &chips[i];

		if (chip->address == address &&
			board->revision >= chip->first &&
			board->revision <= chip->last)
			return chip;
	}
	return NULL;
}

static bool transact(
	struct board *board, uint8_t address, const struct i2c *i2c)
{
	const struct chip *chip = find_chip(board, address);

	return chip && chip->take(board, chip->unit, i2c);
}

bool board_i2c(struct board *board, uint8_t address, const uint8_t *write,
	size_t write_size, uint8_t *read, size_t read_size)
{
	const struct i2c i2c = {write, write_size, read, read_size, 0};

	return transact(board, address, &i2c);
}

bool board_i2c_acknowledges(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size)
{
	const struct i2c i2c = {write, write_size, NULL, 0, 0};
	const struct chip *chip = find_chip(board, address);

	return chip &&
		(chip->acknowledge == NULL ||
			chip->acknowledge(board, chip->unit, &i2c));
}

uint8_t board_i2c_read(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size, size_t read_at)
{
	uint8_t byte;
	const struct i2c i2c = {write, write_size, &byte, 1, read_at};

	return transact(board, address, &i2c) ? byte : 0xff;
}

/* The mask applies when a fault appears, not later, as the authors of the
   firmware's port.c found. */
static void check_port(struct board *board, unsigned index)
{
	struct board_port *port = &board->ports[index];
	uint8_t faults = 0;

	if (ina233_vin(board, index) < port->uv_limit)
		faults |= INA233_UNDERVOLTAGE;
	if (ina233_vin(board, index) > port->ov_limit)
		faults |= INA233_OVERVOLTAGE;
	if (ina233_iout(board, index) > port->oc_limit)
		faults |= INA233_OVERCURRENT;
	if (faults & ~port->status & ~port->alert_mask)
		port->alert = true;
	port->status |= faults;
}

void board_check_alerts(struct board *board)
{
	if (board->revision >= REVISION_C2) {
		for (unsigned port = 0; port < BOARD_PORTS; port++)
			check_port(board, port);
	}
	reset_expanders(board);
}

bool board_alert(const struct board *board)
{
	return board->ports[0].alert || board->ports[1].alert;
}

void board_enable(struct board *board, unsigned port)
{
	if (board_supply_mv(board, port) == 0)
		board->ports[port].rail_up = board->now + board->rise;
	board->ports[port].enabled = true;
}

uint16_t board_supply_mv(const struct board *board, unsigned port)
{
	const struct board_port *state = &board->ports[port];
	unsigned steps = SUPPLY_CODE_MAX - (state->dac >> 4);
	unsigned mv =
		SUPPLY_BASE_MV + steps * SUPPLY_STEP_100UV / SUPPLY_100UV_IN_MV;

	if (!state->enabled || state->alert)
		return 0;
	return mv * (100 - state->weak) / 100;
}

int board_init(struct board *board, uint8_t revision, const uint8_t *image)
{
	memset(board, 0, sizeof(*board));
	board->revision = revision;
	pins_init(&board->pins);
	for (unsigned port = 0; port < BOARD_PORTS; port++)
		ina233_restore(&board->ports[port]);
	reset_expanders(board);

	board->fx2_mem = erased(EEPROM_SIZE);
	if (board->fx2_mem == NULL)
		return -ENOMEM;
	if (image != NULL)
		memcpy(board->fx2_mem, image, EEPROM_SIZE);
	return 0;
}

int board_fill_ice_mem(struct board *board, const uint8_t *content)
{
	if (board->ice_mem == NULL)
		board->ice_mem = erased(BOARD_ICE_MEM_SIZE);
	if (board->ice_mem == NULL)
		return -ENOMEM;
	memcpy(board->ice_mem, content, BOARD_ICE_MEM_SIZE);
	return 0;
}

void board_clear(struct board *board)
{
	pins_clear(&board->pins);
	free(board->fx2_mem);
	free(board->ice_mem);
	memset(board, 0, sizeof(*board));
}

void board_power_pins(struct board *board)
{
	uint16_t powered = 0, down = 0, up = 0;
	tick cycle = board->now - board->now % TICKS_PER_CYCLE;

	for (unsigned i = BOARD_PORTS; i-- > 0;) {
		const struct board_port *port = &board->ports[i];
		uint8_t pulled = ~port->pull_input_mask;

		powered = powered << 8 | (board_supply_mv(board, i) ? 0xff : 0);
		down = down << 8 | (pulled & ~port->pull_output);
		up = up << 8 | (pulled & port->pull_output);
	}
	/* The FPGA was run to this cycle, and may act on the pins at the next. */
	if (cycle > board->pins.now)
		pins_run(&board->pins, cycle);
	pins_supply(&board->pins, powered, down, up);
}

/* The expander is outside the port's buffers, and powered as they are. */
uint8_t board_levels(struct board *board, unsigned port)
{
	board_power_pins(board);
	return (board->pins.levels & board->pins.powered) >> 8 * port;
}
