/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Two virtual Glasgows side by side: one with the model of the firmware in C,
 * the other with an FX2 that executes the firmware.  Both get the same random
 * requests, from a seed, and must give the same answers and leave the board in
 * the same state:
 *	compare FIRMWARE.ihex [FIRST [COUNT]]
 * firmware/README.md lists the differences that are meant; each has a line
 * "By design" here.
 */
#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h"
#include "tests/support/support.h"
#include "virtual/fx2/internal.h"

#define STEPS      60
#define US         TICKS_PER_US
#define SETTLE     (8000 * (tick)US)
#define LOAD_CHUNK 16384
#define WAITS_MAX  10000

static struct chip_image firmware;

/* Where a seed is, for the message of a difference. */
static struct {
	uint64_t seed;
	unsigned step;
	const char *what;
	struct mgmt_packet request; /* the last one */
} where;

struct side {
	struct rig rig;
	struct mgmt_packet reply;
	int size; /* of the reply, or -errno */
	unsigned alerts;
};

struct pair {
	struct side model, chip;
	struct random random;
	uint8_t serial;
};

static void show(const char *name, const void *bytes, int size)
{
	printf("  %s", name);
	for (int i = 0; i < size; i++)
		printf(" %02x", ((const uint8_t *)bytes)[i]);
	printf("%s\n", size < 0 ? strerror(-size) : "");
}

_Noreturn static void differ(const char *field)
{
	show("last request", &where.request, sizeof(where.request));
	printf("seed %llu, step %u, %s: %s differs\n",
		(unsigned long long)where.seed, where.step, where.what, field);
	exit(1);
}

static const struct board *board_of(const struct side *side)
{
	return &side->rig.device->board;
}

#define SAME(field)                                                          \
	do {                                                                 \
		if (model->field != chip->field) {                           \
			printf("  port %c: %u, %u\n", 'A' + i, model->field, \
				chip->field);                                \
			differ(#field);                                      \
		}                                                            \
	} while (0)

/* NULL until something is written. */
static bool same_ice_mem(const struct pair *pair)
{
	const uint8_t *model = device_ice_mem(pair->model.rig.device);
	const uint8_t *chip = device_ice_mem(pair->chip.rig.device);

	if (model == NULL || chip == NULL)
		return model == chip;
	return memcmp(model, chip, BOARD_ICE_MEM_SIZE) == 0;
}

static void compare_boards(const struct pair *pair)
{
	for (unsigned i = 0; i < BOARD_PORTS; i++) {
		const struct board_port *model =
			&board_of(&pair->model)->ports[i];
		const struct board_port *chip =
			&board_of(&pair->chip)->ports[i];

		SAME(enabled);
		SAME(dac);
		SAME(oc_limit);
		SAME(ov_limit);
		SAME(uv_limit);
		SAME(calibration);
		SAME(alert_mask);
		SAME(alert);
		SAME(pull_output);
		SAME(pull_polarity);
		SAME(pull_input_mask);
	}
	if (memcmp(device_eeprom(pair->model.rig.device),
		    device_eeprom(pair->chip.rig.device), EEPROM_SIZE) != 0)
		differ("the EEPROM");
	if (!same_ice_mem(pair))
		differ("ICE_MEM");
	if (device_fault(pair->chip.rig.device)) {
		printf("  %s\n", device_fault(pair->chip.rig.device));
		differ("a fault");
	}
	if (device_i2c_clashes(pair->chip.rig.device) > 0)
		differ("use of the I2C bus");
}

static void run(struct pair *pair, tick ticks)
{
	struct bus *model = pair->model.rig.bus, *chip = pair->chip.rig.bus;

	bus_run(model, bus_now(model) + ticks);
	bus_run(chip, bus_now(chip) + ticks);
}

/* ---- Management ---- */

static void ask(struct side *side, const struct mgmt_packet *request, int size)
{
	struct mgmt_packet out = *request;

	side->size = rig_transfer(&side->rig, USB_EP1_OUT, &out, size);
	if (side->size < 0)
		return;
	do {
		memset(&side->reply, 0, sizeof(side->reply));
		side->size = rig_transfer(&side->rig, USB_EP1_IN, &side->reply,
			sizeof(side->reply));
		side->alerts += side->reply.serial == 0 &&
			side->reply.code == MGMT_ALERT;
	} while (side->reply.serial == 0 && side->reply.code == MGMT_ALERT);
}

static void compare_replies(
	struct pair *pair, const struct mgmt_packet *request, int size)
{
	if (pair->model.size == pair->chip.size &&
		(pair->model.size < 0 ||
			memcmp(&pair->model.reply, &pair->chip.reply,
				pair->model.size) == 0))
		return;
	show("request", request, size);
	show("model  ", &pair->model.reply, pair->model.size);
	show("chip   ", &pair->chip.reply, pair->chip.size);
	differ("the reply");
}

/* By design: the firmware reports no pulls of a port without supply, the model
   what the last command left in a variable. */
static void hide_dead_pulls(struct side *side)
{
	for (unsigned i = 0; i < BOARD_PORTS; i++) {
		if (board_of(side)->ports[i].enabled)
			continue;
		side->reply.data.pulls.value[i].down = 0;
		side->reply.data.pulls.value[i].up = 0;
	}
}

static void exchange(
	struct pair *pair, struct mgmt_packet *request, unsigned data_size)
{
	pair->serial = pair->serial % 255 + 1;
	request->serial = pair->serial;
	where.request = *request;
	ask(&pair->model, request, 2 + data_size);
	ask(&pair->chip, request, 2 + data_size);
	if (request->code == MGMT_GET_PULLS) {
		hide_dead_pulls(&pair->model);
		hide_dead_pulls(&pair->chip);
	}
	/* By design: the model has no RAM with firmware in it. */
	if (request->code == MGMT_DEBUG) {
		memset(&pair->model.reply.data, 0, MGMT_DATA_SIZE);
		memset(&pair->chip.reply.data, 0, MGMT_DATA_SIZE);
	}
	/* Whether the alert came before or after the command depends on the
	   time that the command took. */
	if (request->code == MGMT_GET_ALERTS) {
		pair->model.reply.data.alerts.realtime = 0;
		pair->chip.reply.data.alerts.realtime = 0;
	}
	compare_replies(pair, request, 2 + data_size);
	run(pair, SETTLE);
}

static void command(struct pair *pair, uint8_t code)
{
	struct mgmt_packet request = {.code = code};

	exchange(pair, &request, 0);
}

/* What a chip answers to a read of these is not known. */
static bool is_without_data(const struct mgmt_packet *request)
{
	return request->code == MGMT_READ_SMBUS &&
		(request->data.smbus_read.command == INA233_CLEAR_FAULTS ||
			request->data.smbus_read.command ==
				INA233_RESTORE_DEFAULT_ALL);
}

/* Change a request about which model and firmware differ by design; false: skip
   it. */
static bool sanitise(struct mgmt_packet *request, uint8_t size)
{
	union mgmt_data *data = &request->data;

	switch (request->code) {
	case MGMT_SET_VLIMIT:
		/* By design: to remove a limit does not change a supply. */
		for (unsigned i = 0; i < PORT_COUNT; i++)
			if (data->values.value[i] == 0)
				data->values.value[i] = 5500;
		return true;
	case MGMT_SET_IALERT:
		/* By design: the firmware checks the mask. */
		data->values.mask &= 3;
		return true;
	case MGMT_FPGA_GET_REG:
		/* By design: the firmware ends a read of no bytes, the model
		   leaves the bus held. */
		return data->register_read.length > 0;
	case MGMT_READ_SMBUS:
	case MGMT_WRITE_SMBUS:
		/* By design: the FPGA and the EEPROMs, too, are reached. */
		return data->smbus_read.address != FPGA_I2C_ADDRESS &&
			(data->smbus_read.address & 0x7c) != 0x50 &&
			!is_without_data(request);
	case MGMT_FPGA_LOAD_NVM:
		return size != sizeof(data->bitstream) ||
			data->bitstream.size == 0 || data->bitstream.size < 101;
	}
	return true;
}

static int control(
	struct side *side, const struct usb_setup *setup, uint8_t *data)
{
	return rig_control(&side->rig, setup->bmRequestType, setup->bRequest,
		setup->wValue, setup->wIndex, data, setup->wLength);
}

/* What the model does otherwise after SET_INTERFACE. */
static void adjust_model(
	struct pair *pair, uint16_t interface, uint16_t alternate)
{
	static const uint8_t numbers[USB_IFACE_COUNT] = {1, 2, 4, 6, 8};
	struct device *model = pair->model.rig.device;

	/* By design: the halts end, as USB 2.0 section 9.4.5 says. */
	model->halted[0][numbers[interface]] = false;
	model->halted[1][numbers[interface]] = false;
	/* By design: the supplies are off while the FPGA has no configuration,
	   also to write the EEPROM. */
	if (alternate == USB_ALT_NVM) {
		for (unsigned i = 0; i < BOARD_PORTS; i++)
			model->board.ports[i].enabled = false;
		board_check_alerts(&model->board);
	}
}

static void select_both(
	struct pair *pair, uint16_t interface, uint16_t alternate)
{
	int model = rig_select(&pair->model.rig, interface, alternate);
	int chip = rig_select(&pair->chip.rig, interface, alternate);

	if (model != chip)
		differ("SET_INTERFACE");
	if (model == 0)
		adjust_model(pair, interface, alternate);
}

static uint8_t alternate_of(const struct pair *pair, unsigned interface)
{
	return pair->model.rig.device->alternate[interface];
}

/* EP1 takes requests: its interface is on, and no endpoint is halted. */
static void want_management(struct pair *pair)
{
	struct usb_setup clear = {
		.bmRequestType = USB_RECIP_ENDPOINT,
		.bRequest = USB_REQ_CLEAR_FEATURE,
	};

	for (unsigned in = 0; in < 2; in++) {
		clear.wIndex = USB_EP1_OUT | (in ? USB_DIR_IN : 0);
		control(&pair->model, &clear, NULL);
		control(&pair->chip, &clear, NULL);
	}
	if (alternate_of(pair, USB_IFACE_MGMT) != USB_ALT_ON)
		select_both(pair, USB_IFACE_MGMT, USB_ALT_ON);
}

static void step_request(struct pair *pair)
{
	struct mgmt_packet request;
	uint8_t size = random_request(&pair->random, &request);

	if (!sanitise(&request, size))
		return;
	want_management(pair);
	where.what = "a request";
	exchange(pair, &request, size);
}

/* ---- SETUP packets ---- */

static bool is_string(const struct usb_setup *setup, uint8_t index)
{
	return setup->bmRequestType == USB_DIR_IN &&
		setup->bRequest == USB_REQ_GET_DESCRIPTOR &&
		setup->wValue == (USB_DESC_STRING << 8 | index);
}

static void step_setup(struct pair *pair)
{
	struct usb_setup setup;
	uint8_t model[256] = {0}, chip[256] = {0};
	int model_size, chip_size;

	random_setup(&pair->random, &setup);
	where.what = "a SETUP packet";
	model_size = control(&pair->model, &setup, model);
	chip_size = control(&pair->chip, &setup, chip);
	if (model_size >= 0 && setup.bRequest == USB_REQ_SET_INTERFACE)
		adjust_model(pair, setup.wIndex, setup.wValue);
	/* By design: as after SET_INTERFACE. */
	if (model_size >= 0 && setup.bRequest == USB_REQ_SET_CONFIGURATION)
		memset(pair->model.rig.device->halted, 0,
			sizeof(pair->model.rig.device->halted));
	/* By design: what firmware this is. */
	if (is_string(&setup, USB_STRING_PRODUCT)) {
		model[0] = chip[0];
		model_size = chip_size =
			58 < setup.wLength ? 58 : setup.wLength;
	}
	if (model_size != chip_size ||
		(model_size > 0 && memcmp(model, chip, model_size) != 0)) {
		show("SETUP", &setup, sizeof(setup));
		show("model", model, model_size);
		show("chip ", chip, chip_size);
		differ("the answer");
	}
	run(pair, SETTLE);
}

/* ---- The FPGA ---- */

/* Send a bitstream, and ask until it is consumed. */
static void load_side(
	struct side *side, uint8_t code, const uint8_t *data, size_t total)
{
	static uint8_t chunk[LOAD_CHUNK];
	struct mgmt_packet request = {.serial = 1, .code = code};
	unsigned waits = 0;

	for (size_t at = 0; at < total; at += LOAD_CHUNK) {
		size_t size = total - at;

		if (size > LOAD_CHUNK)
			size = LOAD_CHUNK;
		memcpy(chunk, data + at, size);
		rig_transfer(&side->rig, USB_EP2_OUT, chunk, size);
	}
	request.data.bitstream.size = total;
	memcpy(request.data.bitstream.id, image_id, FPGA_ID_SIZE);
	do
		ask(side, &request, 2 + sizeof(struct mgmt_bitstream));
	while (side->reply.code == MGMT_WAIT && ++waits < WAITS_MAX);
}

static void pipes_off(struct pair *pair)
{
	for (unsigned i = USB_IFACE_EP2OUT; i < USB_IFACE_COUNT; i++)
		select_both(pair, i, USB_ALT_OFF);
}

static void load_both(struct pair *pair, uint16_t alternate, uint8_t code,
	const uint8_t *data, size_t size)
{
	want_management(pair);
	pipes_off(pair);
	select_both(pair, USB_IFACE_EP2OUT, alternate);
	load_side(&pair->model, code, data, size);
	load_side(&pair->chip, code, data, size);
	if (pair->model.reply.code != MGMT_ACK ||
		pair->chip.reply.code != MGMT_ACK) {
		show("model", &pair->model.reply, pair->model.size);
		show("chip ", &pair->chip.reply, pair->chip.size);
		differ("the result");
	}
	select_both(pair, USB_IFACE_EP2OUT, USB_ALT_OFF);
}

static void step_load(struct pair *pair)
{
	where.what = "a load";
	load_both(
		pair, USB_ALT_CFG, MGMT_FPGA_LOAD_CFG, image_bytes, image_size);
}

static void step_store(struct pair *pair)
{
	size_t size = 1 + random_below(&pair->random, 3000);

	where.what = "a bitstream to store";
	load_both(pair, USB_ALT_NVM, MGMT_FPGA_LOAD_NVM, image_bytes, size);
}

static void echo(struct side *side)
{
	static uint8_t out[1024], in[1024];
	int sent, received;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = script_byte(i);
	memset(in, 0, sizeof(in));
	sent = rig_transfer(&side->rig, USB_EP2_OUT, out, sizeof(out));
	received = rig_transfer(&side->rig, USB_EP6_IN, in, sizeof(in));
	if (sent == sizeof(out) && received == sizeof(in) &&
		memcmp(in, out, sizeof(in)) == 0)
		return;
	printf("  sent %d, received %d\n", sent, received);
	differ("an echo");
}

static void set_register(
	struct pair *pair, uint8_t address, uint32_t value, uint8_t size)
{
	struct mgmt_packet request = {.code = MGMT_FPGA_SET_REG};

	request.data.register_write.address = address;
	memcpy(request.data.register_write.data, &value, size);
	exchange(pair, &request, 1 + size);
}

static void step_stream(struct pair *pair)
{
	uint8_t two = 1 + random_below(&pair->random, 2);
	uint8_t six = 1 + random_below(&pair->random, 2);

	where.what = "a stream";
	if (!pair->model.rig.device->fpga_ready)
		return;
	want_management(pair);
	pipes_off(pair);
	set_register(
		pair, REG_STREAM, CORE_BENCHMARK | CORE_BENCHMARK << 16, 4);
	set_register(pair, REG_BENCH_MODE, BENCH_LOOPBACK, 1);
	select_both(pair, USB_IFACE_EP2OUT, two);
	select_both(pair, USB_IFACE_EP6IN, six);
	where.what = "a stream of the model";
	echo(&pair->model);
	where.what = "a stream of the chip";
	echo(&pair->chip);
}

/* ---- The world ---- */

static void step_world(struct pair *pair)
{
	unsigned i = random_below(&pair->random, BOARD_PORTS);
	uint16_t sense_mv = random_below(&pair->random, 6000);
	uint32_t load_ua = random_below(&pair->random, 150000);
	struct board *boards[] = {
		&pair->model.rig.device->board, &pair->chip.rig.device->board};

	where.what = "a change outside";
	for (unsigned side = 0; side < 2; side++) {
		boards[side]->ports[i].sense_mv = sense_mv;
		boards[side]->ports[i].load_ua = load_ua;
	}
	want_management(pair);
	/* Model and chip look at the ADCs when something happens. */
	command(pair, MGMT_GET_VSENSE);
	command(pair, MGMT_GET_VSENSE);
	command(pair, MGMT_GET_ALERTS);
}

/* ---- A seed ---- */

static void step(struct pair *pair)
{
	unsigned kind = random_below(&pair->random, 100);

	if (kind < 65)
		step_request(pair);
	else if (kind < 87)
		step_setup(pair);
	else if (kind < 95)
		step_world(pair);
	else if (kind < 98)
		step_stream(pair);
	else if (kind < 99)
		step_store(pair);
	else
		step_load(pair);
	compare_boards(pair);
}

static void open_pair(struct pair *pair, uint64_t seed)
{
	struct device_options options = rig_c3;

	memset(pair, 0, sizeof(*pair));
	random_seed(&pair->random, seed);
	options.revision = REVISION_C0 + random_below(&pair->random, 4);
	options.flags = random_below(&pair->random, 2) * CONFIG_MODIFIED_DESIGN;
	if (random_percent(&pair->random, 30))
		options.vlimit_mv[0] = 3600;
	if (random_percent(&pair->random, 30))
		strcpy(options.manufacturer, "1BitSquared");
	rig_open(&pair->model.rig, &options, NULL);
	options.chip = true;
	options.firmware = &firmware;
	rig_open(&pair->chip.rig, &options, NULL);
	/* The chip's host has done so before time 0. */
	rig_control(&pair->model.rig, USB_RECIP_DEVICE,
		USB_REQ_SET_CONFIGURATION, 1, 0, NULL, 0);
}

static void run_seed(uint64_t seed)
{
	struct pair pair;

	where.seed = seed;
	where.step = 0;
	where.what = "power-up";
	open_pair(&pair, seed);
	compare_boards(&pair);
	if (random_percent(&pair.random, 50))
		step_load(&pair);
	for (where.step = 1; where.step <= STEPS; where.step++)
		step(&pair);
	rig_close(&pair.model.rig);
	rig_close(&pair.chip.rig);
}

/* An assertion of the rig ends the program. */
static void tell(void)
{
	if (where.what == NULL)
		return;
	printf("at seed %llu, step %u, %s\n", (unsigned long long)where.seed,
		where.step, where.what);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 20;

	if (argc < 2)
		return 64;
	read_firmware(argv[1], &firmware);
	atexit(tell);
	for (uint64_t seed = first; seed < first + count; seed++)
		run_seed(seed);
	where.what = NULL;
	printf("%llu seeds are the same\n", (unsigned long long)count);
	return 0;
}
