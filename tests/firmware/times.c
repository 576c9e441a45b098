/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The times of management requests and of requests on EP0: those of the model in
 * C (virtual/fx2) are those of the executed firmware.  Both are exact, as the
 * virtual FX2 counts cycles; the model keeps a number for each command, so some
 * tolerance is left for how a request is filled.
 *	times FIRMWARE.ihex
 * prints all of them: what virtual/fx2/mgmt.c and control.c have comes from here.
 */
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"
#include "virtual/fx2/internal.h"

/* In which steps the host looks for a reply: 0.1 us. */
#define STEP  (TICKS_PER_US / 10)
#define LIMIT (1000000 * (tick)TICKS_PER_US)
/* What is random in them: where the main loop is when a request comes, and where
   timer 2 is when supplies begin to discharge. */
#define TOLERANCE_US 12
#define TICK_US      16384
#define LONG_US      100000

static struct chip_image firmware;

struct probe {
	const char *name;
	uint8_t code;
	uint8_t size;
	uint8_t data[64];
};

/* 3300 mV and 5000 mV, low byte first. */
#define MV3300 0xe4, 0x0c
#define MV5000 0x88, 0x13

/* In this order: what one sets, the next ones may use. */
static const struct probe probes[] = {
	{"unknown command", 0xff, 0, {0}},
	{"DEBUG", MGMT_DEBUG, 2, {0x00, 0x01}},
	{"READ_EEPROM 1", MGMT_READ_EEPROM, 3, {0x00, 0x10, 1}},
	{"READ_EEPROM 32", MGMT_READ_EEPROM, 3, {0x00, 0x10, 32}},
	{"WRITE_EEPROM 1", MGMT_WRITE_EEPROM, 3, {0x00, 0x10, 1}},
	{"WRITE_EEPROM 32", MGMT_WRITE_EEPROM, 34, {0x00, 0x10, 1}},
	{"FPGA_LOAD_CFG", MGMT_FPGA_LOAD_CFG, sizeof(struct mgmt_bitstream),
		{0}},
	{"FPGA_STATUS", MGMT_FPGA_STATUS, 0, {0}},
	{"FPGA_SET_REG 1", MGMT_FPGA_SET_REG, 2, {REG_STREAM, 0}},
	{"FPGA_SET_REG 4", MGMT_FPGA_SET_REG, 5, {REG_STREAM, 0}},
	{"FPGA_GET_REG 1", MGMT_FPGA_GET_REG, 2, {REG_HEALTH, 1}},
	{"FPGA_GET_REG 4", MGMT_FPGA_GET_REG, 2, {REG_HEALTH, 4}},
	{"FPGA_GET_REG 32", MGMT_FPGA_GET_REG, 2, {REG_HEALTH, 32}},
	{"SET_VSUPPLY", MGMT_SET_VSUPPLY, 9, {3, MV3300, MV3300}},
	{"SET_VSUPPLY of one", MGMT_SET_VSUPPLY, 9, {1, MV3300}},
	{"GET_VSUPPLY", MGMT_GET_VSUPPLY, 0, {0}},
	{"SET_VLIMIT", MGMT_SET_VLIMIT, 9, {3, MV5000, MV5000}},
	{"SET_VLIMIT of one", MGMT_SET_VLIMIT, 9, {1, MV5000}},
	{"GET_VLIMIT", MGMT_GET_VLIMIT, 0, {0}},
	{"SET_VALERT", MGMT_SET_VALERT, 17, {3, 0, 0, MV5000, 0, 0, MV5000}},
	{"SET_VALERT of one", MGMT_SET_VALERT, 17, {1, 0, 0, MV5000}},
	{"GET_VALERT", MGMT_GET_VALERT, 0, {0}},
	{"SET_IALERT", MGMT_SET_IALERT, 9, {3, 200, 0, 200, 0}},
	{"SET_IALERT of one", MGMT_SET_IALERT, 9, {1, 200, 0}},
	{"GET_IALERT", MGMT_GET_IALERT, 0, {0}},
	{"GET_VSENSE", MGMT_GET_VSENSE, 0, {0}},
	{"GET_ISUPPLY", MGMT_GET_ISUPPLY, 0, {0}},
	{"SET_PULLS", MGMT_SET_PULLS, 9, {3, 0, 1, 0, 1}},
	{"SET_PULLS of one", MGMT_SET_PULLS, 9, {1, 0, 1}},
	{"GET_PULLS", MGMT_GET_PULLS, 0, {0}},
	{"GET_STATE", MGMT_GET_STATE, 0, {0}},
	{"NAFE_SINGLE", MGMT_NAFE_SINGLE, sizeof(struct mgmt_nafe), {0}},
	{"GET_ALERTS", MGMT_GET_ALERTS, 0, {0}},
	{"CLR_ALERTS", MGMT_CLR_ALERTS, sizeof(struct mgmt_alerts), {0}},
	{"TEST_LEDS", MGMT_TEST_LEDS, sizeof(struct mgmt_leds), {0}},
	{"READ_SMBUS", MGMT_READ_SMBUS, sizeof(struct mgmt_smbus_read),
		{BOARD_ADC_A, 0x88}},
	{"WRITE_SMBUS", MGMT_WRITE_SMBUS, sizeof(struct mgmt_smbus_write),
		{BOARD_ADC_A, INA233_VIN_OV_WARN_LIMIT, 0xff, 0x7f}},
	{"FPGA_LOAD_NVM", MGMT_FPGA_LOAD_NVM, sizeof(struct mgmt_bitstream),
		{0}},
};

/* The time at which the device has a packet for the host. */
static tick await(struct function *function, uint8_t endpoint, tick start,
	const uint8_t **ret_data)
{
	uint16_t length;
	tick now = start;

	while (function->ops->in(function, now, endpoint, ret_data, &length) !=
		HANDSHAKE_ACK) {
		assert_true(now - start < LIMIT);
		now += STEP;
		function->ops->advance(function, now);
	}
	return now;
}

/* From the request's arrival until its reply can be read. */
static double ask_us(
	struct rig *rig, const struct probe *probe, uint8_t *ret_code)
{
	struct function *function = device_function(rig->device);
	uint8_t request[2 + sizeof(probe->data)] = {1, probe->code};
	tick start, now;
	const uint8_t *data;

	/* What was before is over. */
	bus_run(rig->bus, bus_now(rig->bus) + 20000 * (tick)TICKS_PER_US);
	start = bus_now(rig->bus);
	memcpy(request + 2, probe->data, probe->size);
	function->ops->advance(function, start);
	assert_int_equal(function->ops->out(function, start, USB_EP1_OUT,
				 request, 2 + probe->size),
		HANDSHAKE_NYET);
	now = await(function, USB_EP1_IN, start, &data);
	*ret_code = data[1];
	function->ops->acked(function, now, USB_EP1_IN);
	bus_run(rig->bus, now);
	return (double)(now - start) / TICKS_PER_US;
}

static const struct {
	const char *name;
	struct usb_setup setup;
} setups[] = {
	{"device descriptor",
		{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR, USB_DESC_DEVICE << 8, 0,
			18}},
	{"configuration",
		{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
			USB_DESC_CONFIGURATION << 8, 0, 64}},
	{"a string",
		{USB_DIR_IN, USB_REQ_GET_DESCRIPTOR, USB_DESC_STRING << 8 | 2,
			0x0409, 64}},
	{"GET_STATUS", {USB_DIR_IN, USB_REQ_GET_STATUS, 0, 0, 2}},
	{"GET_CONFIGURATION", {USB_DIR_IN, USB_REQ_GET_CONFIGURATION, 0, 0, 1}},
	{"CLEAR_FEATURE",
		{USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE, USB_FEATURE_HALT,
			USB_EP6_IN, 0}},
	{"pipe on",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_2X,
			USB_IFACE_EP6IN, 0}},
	{"pipe off",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_OFF,
			USB_IFACE_EP6IN, 0}},
	{"management on",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_ON,
			USB_IFACE_MGMT, 0}},
	{"SET_CONFIGURATION",
		{USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION, 1, 0, 0}},
	{"load on",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_CFG,
			USB_IFACE_EP2OUT, 0}},
	{"load again",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_CFG,
			USB_IFACE_EP2OUT, 0}},
	{"load off",
		{USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, USB_ALT_OFF,
			USB_IFACE_EP2OUT, 0}},
};

/* From a SETUP packet until its data or status can be read. */
static double setup_us(struct rig *rig, const struct usb_setup *setup)
{
	struct function *function = device_function(rig->device);
	tick start, now;
	const uint8_t *data;

	bus_run(rig->bus, bus_now(rig->bus) + 400000 * (tick)TICKS_PER_US);
	start = bus_now(rig->bus);
	function->ops->advance(function, start);
	function->ops->setup(function, start, setup);
	now = await(function, USB_DIR_IN, start, &data);
	function->ops->acked(function, now, USB_DIR_IN);
	if (setup->wLength > 0)
		function->ops->out(function, now, 0, data, 0);
	bus_run(rig->bus, now);
	return (double)(now - start) / TICKS_PER_US;
}

static void open_rig(struct rig *rig, bool chip)
{
	struct device_options options = rig_c3;

	options.chip = chip;
	options.firmware = chip ? &firmware : NULL;
	rig_open(rig, &options, NULL);
	rig_configure(rig);
	assert_int_equal(rig_select(rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
}

/* Prints both times; true if they are alike. */
static bool compare(const char *name, double executed_us, double model_us)
{
	double tolerance_us = executed_us > LONG_US ? TICK_US : TOLERANCE_US;
	bool alike = executed_us - model_us <= tolerance_us &&
		model_us - executed_us <= tolerance_us;

	printf("%-18s %8.1f us, model %8.1f us%s\n", name, executed_us,
		model_us, alike ? "" : ": DIFFERS");
	return alike;
}

static void the_model_takes_the_time_of_the_firmware(void **state)
{
	struct rig executed, model;
	unsigned differ = 0;

	(void)state;
	open_rig(&executed, true);
	open_rig(&model, false);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		uint8_t codes[2];
		double executed_us = ask_us(&executed, &probes[i], &codes[0]);
		double model_us = ask_us(&model, &probes[i], &codes[1]);

		differ += !compare(probes[i].name, executed_us, model_us);
		assert_int_equal(codes[0], codes[1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		double executed_us = setup_us(&executed, &setups[i].setup);
		double model_us = setup_us(&model, &setups[i].setup);

		differ += !compare(setups[i].name, executed_us, model_us);
	}
	rig_close(&executed);
	rig_close(&model);
	assert_int_equal(differ, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_takes_the_time_of_the_firmware),
	};

	if (argc < 2)
		return 64;
	read_firmware(argv[1], &firmware);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
