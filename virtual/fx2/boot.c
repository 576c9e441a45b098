/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A virtual device from its options, and the start of its firmware: at power-up
 * and after firmware was loaded.  lib/link/virtual and plug make and free
 * devices with these functions; virtual/fx2/loader.c calls device_boot().
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* A bitstream in the EEPROM configures the FPGA before the device appears on
   the bus.  The firmware's fpga.c reads whole blocks, past the end of the
   bitstream. */
static void configure_from_eeprom(struct device *device)
{
	uint32_t size = device->config.bitstream_size;
	uint8_t block[USB_PACKET_SIZE];

	for (uint32_t at = 0; at < size; at += sizeof(block)) {
		if (!nvm_read_bitstream(device, at, block, sizeof(block)))
			return;
		device->fpga->ops->configure(
			device->fpga, block, sizeof(block));
	}
	device->fpga_ready = size > 0 && device->fpga->ops->done(device->fpga);
}

void device_boot(struct device *device)
{
	device->control.pending = false;
	device->configuration = 0;
	memset(device->alternate, 0, sizeof(device->alternate));
	memset(device->halted, 0, sizeof(device->halted));
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		fifo_reset(&device->fifos[i], 0);
	device->pipe_reset = 0xf;
	device->fpga_ready = false;
	device->fpga->ops->reset(device->fpga, device->now);
	device->board.sda_low = false;
	device->job = JOB_NONE;
	device->spoiled = false;
	device->misplaced = 0;
	memset(&device->alerts, 0, sizeof(device->alerts));
	device->alert_pending = false;
	mgmt_reset(device);
	nvm_load_config(device);
	ports_init(device);
	if (device->api_level > 0)
		configure_from_eeprom(device);
}

/* The parts' descriptions are valid: lib/link/virtual has checked them.  So a
   failure means that there is no memory. */
static bool populate(struct pins *pins, const struct device_options *options)
{
	char why[PART_WHY_SIZE];

	pins->faults = options->pin_faults;
	if (options->record) {
		pins->recorder =
			recorder_new(options->record, options->record_ticks);
		if (pins->recorder == NULL)
			return false;
	}
	for (unsigned i = 0; i < WIRES_MAX && options->wires[i]; i++)
		pins_wire(pins, options->wires[i]);
	for (unsigned i = 0; i < PARTS_MAX && options->parts[i][0]; i++) {
		struct part *part = part_new(options->parts[i], why);

		if (part == NULL)
			return false;
		pins_add(pins, part);
	}
	return true;
}

static struct fpga *new_fpga(
	struct device *device, const struct device_options *options)
{
	struct pins *pins = &device->board.pins;

	if (options->twin)
		return fpga_twin_new(device->fifos, pins, &device->faults,
			options->twin, options->trace);
	return fpga_model_new(device->fifos, pins, &device->faults);
}

/* The board has power: start the model of the firmware, or the chip. */
static bool power_up(
	struct device *device, const struct device_options *options)
{
	const struct chip_board surroundings = {
		.board = &device->board,
		.fpga = device->fpga,
		.fifos = device->fifos,
		.faults = &device->faults,
	};

	if (!options->chip) {
		device_boot(device);
		return true;
	}
	device->chip = chip_new(&surroundings);
	if (device->chip == NULL ||
		(options->observed &&
			!chip_observe(device->chip,
				options->breaks ? &options->breakpoint : NULL)))
		return false;
	chip_power_up(device->chip, options->firmware);
	return true;
}

struct device *device_new(
	const struct device_options *options, const struct faults *faults)
{
	struct device *device = calloc(1, sizeof(*device));
	uint8_t factory[EEPROM_SIZE];
	const uint8_t *eeprom = options->eeprom;

	if (device == NULL)
		return NULL;
	device->function.ops = &device_ops;
	device->faults = *faults;
	if (eeprom == NULL) {
		device_format_eeprom(options, factory);
		eeprom = factory;
	}
	if (board_init(&device->board, options->revision, eeprom) == 0 &&
		(options->ice_mem == NULL ||
			board_fill_ice_mem(&device->board, options->ice_mem) ==
				0) &&
		populate(&device->board.pins, options))
		device->fpga = new_fpga(device, options);
	if (device->fpga == NULL) {
		device_free(device);
		return NULL;
	}
	for (unsigned i = 0; i < BOARD_PORTS; i++) {
		struct board_port *port = &device->board.ports[i];

		port->sense_mv = options->sense_mv[i];
		port->sense_joined = options->sense_joined[i];
		port->load_ua = options->load_ua[i];
		port->weak = options->weak[i];
	}
	device->misread = options->misread;
	device->board.rise = (tick)options->rise_us * TICKS_PER_US;
	loader_reset(device);
	if (options->start_us)
		device->loader.start = (tick)options->start_us * TICKS_PER_US;
	if (options->away_us)
		device->loader.away = (tick)options->away_us * TICKS_PER_US;
	device_plan_trip(device);
	device->api_level =
		options->api_level ? options->api_level : USB_API_LEVEL;
	if (options->bare)
		device->api_level = 0;
	if (!power_up(device, options)) {
		device_free(device);
		return NULL;
	}
	return device;
}

bool device_preload(struct device *device, const struct bitstream *port,
	size_t size, const uint8_t id[FPGA_ID_SIZE])
{
	if (device->chip)
		return preload_chip(device, port, size, id);
	device->fpga->ops->restore(device->fpga, port);
	device->config.bitstream_size = size;
	memcpy(device->config.bitstream_id, id, FPGA_ID_SIZE);
	device->fpga_ready = device->fpga->ops->done(device->fpga);
	return device->fpga_ready;
}

void device_free(struct device *device)
{
	if (device == NULL)
		return;
	chip_free(device->chip);
	board_clear(&device->board);
	if (device->fpga)
		device->fpga->ops->destroy(device->fpga);
	free(device);
}

struct function *device_function(struct device *device)
{
	return device->chip ? chip_function(device->chip) : &device->function;
}

uint16_t device_conflicts(const struct device *device)
{
	return device->board.pins.conflicts;
}

int device_finish_record(struct device *device)
{
	struct recorder *recorder = device->board.pins.recorder;

	return recorder ? recorder_finish(recorder) : 0;
}

const char *device_fault(const struct device *device)
{
	return device->chip ? chip_fault(device->chip) : NULL;
}

const struct mcs51_debug *device_debug(const struct device *device)
{
	return device->chip ? chip_debug(device->chip) : NULL;
}

void device_listen(struct device *device, chip_listener *listener, void *user)
{
	if (device->chip)
		chip_listen(device->chip, listener, user);
}

unsigned device_i2c_clashes(const struct device *device)
{
	if (device->chip)
		return chip_i2c_clashes(device->chip);
	return device->i2c_clashes;
}

unsigned device_foreign_count(const struct device *device)
{
	return device->fpga->foreign_count;
}

unsigned device_load_clashes(const struct device *device)
{
	return device->load_clashes;
}

const uint8_t *device_eeprom(const struct device *device)
{
	return device->board.fx2_mem;
}

const uint8_t *device_ice_mem(const struct device *device)
{
	return device->board.ice_mem;
}
