/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the calls of lib/link/link.h for control requests and interfaces.
   Nothing of the library is above the link. */
#include "link-test.h"

static int descriptor(struct link *link, uint8_t type, uint8_t index,
	void *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_REQ_GET_DESCRIPTOR,
		.wValue = type << 8 | index,
		.wIndex = type == USB_DESC_STRING ? USB_LANG_ENGLISH : 0,
		.wLength = size,
	};

	return link->ops->control(link, &setup, data, soon(link));
}

static void the_device_descriptor_is_a_glasgows(void **state)
{
	struct link *link = open_link();
	struct usb_device_descriptor device;

	(void)state;
	assert_int_equal(
		descriptor(link, USB_DESC_DEVICE, 0, &device, sizeof(device)),
		sizeof(device));
	assert_int_equal(device.idVendor, USB_VID_QIHW);
	assert_int_equal(device.idProduct, USB_PID_GLASGOW);
	assert_int_equal(device.bcdDevice >> 8, USB_API_LEVEL);
	assert_int_equal(device.bNumConfigurations, 1);
	link->ops->close(link);
}

static void a_control_read_moves_the_bytes_there_are_and_no_more(void **state)
{
	struct link *link = open_link();
	uint8_t data[256];

	(void)state;
	memset(data, 0xee, sizeof(data));
	assert_int_equal(descriptor(link, USB_DESC_DEVICE, 0, data, 8), 8);
	assert_int_equal(data[7], 64);
	assert_int_equal(data[8], 0xee);
	assert_int_equal(descriptor(link, USB_DESC_DEVICE, 0, data, 256), 18);
	assert_int_equal(data[18], 0xee);
	link->ops->close(link);
}

/* Interfaces, their settings and endpoints, as the protocol defines them. */
static void the_configuration_has_the_interfaces_of_the_protocol(void **state)
{
	static const uint8_t settings[USB_IFACE_COUNT] = {2, 5, 2, 3, 2};
	struct link *link = open_link();
	uint8_t data[512], found[USB_IFACE_COUNT] = {0};
	struct usb_config_descriptor configuration;
	struct usb_interface_descriptor interface;
	int size =
		descriptor(link, USB_DESC_CONFIGURATION, 0, data, sizeof(data));

	(void)state;
	assert_true(size > (int)sizeof(configuration));
	memcpy(&configuration, data, sizeof(configuration));
	assert_int_equal(configuration.wTotalLength, size);
	assert_int_equal(configuration.bNumInterfaces, USB_IFACE_COUNT);
	assert_int_equal(configuration.bConfigurationValue, 1);
	for (int at = 0; at < size; at += data[at]) {
		assert_in_range(data[at], 2, size - at);
		if (data[at + 1] != USB_DESC_INTERFACE)
			continue;
		memcpy(&interface, data + at, sizeof(interface));
		assert_true(interface.bInterfaceNumber < USB_IFACE_COUNT);
		assert_int_equal(interface.bAlternateSetting,
			found[interface.bInterfaceNumber]++);
	}
	assert_memory_equal(found, settings, sizeof(found));
	link->ops->close(link);
}

static void a_request_that_stalls_is_an_error_and_the_next_is_served(
	void **state)
{
	struct link *link = open_link();
	uint8_t data[255];

	(void)state;
	assert_int_equal(descriptor(link, USB_DESC_STRING, 200, data, 255),
		CLYDE_ERROR_STALL);
	assert_int_equal(descriptor(link, USB_DESC_DEVICE, 0, data, 18), 18);
	link->ops->close(link);
}

static void the_configuration_can_be_selected_again(void **state)
{
	struct link *link = open_link();
	uint8_t data[18];

	(void)state;
	assert_int_equal(configure(link), 0);
	assert_int_equal(configure(link), 0);
	assert_int_equal(descriptor(link, USB_DESC_DEVICE, 0, data, 18), 18);
	link->ops->close(link);
}

static void every_setting_can_be_selected_alone(void **state)
{
	static const struct {
		uint8_t interface, last;
	} kinds[] = {
		{USB_IFACE_MGMT, USB_ALT_ON},
		{USB_IFACE_EP2OUT, USB_ALT_4X},
		{USB_IFACE_EP4OUT, USB_ALT_2X},
		{USB_IFACE_EP6IN, USB_ALT_4X},
		{USB_IFACE_EP8IN, USB_ALT_2X},
	};
	struct link *link = open_link();

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		uint8_t interface = kinds[i].interface;

		for (uint8_t j = 1; j <= kinds[i].last; j++)
			assert_int_equal(set(link, interface, j), 0);
		/* Selecting the setting again resets the pipe. */
		assert_int_equal(set(link, interface, kinds[i].last), 0);
		assert_int_equal(set(link, interface, USB_ALT_OFF), 0);
		assert_int_equal(set(link, interface, USB_ALT_OFF), 0);
	}
	link->ops->close(link);
}

static void settings_that_share_buffers_cannot_be_selected_together(
	void **state)
{
	static const struct {
		uint8_t large, small;
	} pairs[] = {
		{USB_IFACE_EP2OUT, USB_IFACE_EP4OUT},
		{USB_IFACE_EP6IN, USB_IFACE_EP8IN},
	};
	struct link *link = open_link();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t large = pairs[i].large, small = pairs[i].small;

		assert_int_equal(set(link, large, USB_ALT_4X), 0);
		assert_int_equal(
			set(link, small, USB_ALT_2X), CLYDE_ERROR_STALL);
		assert_int_equal(set(link, large, USB_ALT_OFF), 0);
		/* The refused setting has changed nothing. */
		assert_int_equal(set(link, small, USB_ALT_2X), 0);
		assert_int_equal(
			set(link, large, USB_ALT_4X), CLYDE_ERROR_STALL);
		assert_int_equal(set(link, large, USB_ALT_2X), 0);
		assert_int_equal(set(link, large, USB_ALT_OFF), 0);
		assert_int_equal(set(link, small, USB_ALT_OFF), 0);
	}
	link->ops->close(link);
}

static void the_fpga_cannot_be_loaded_while_a_pipe_is_on(void **state)
{
	struct link *link = open_link();

	(void)state;
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(
		set(link, USB_IFACE_EP2OUT, USB_ALT_CFG), CLYDE_ERROR_STALL);
	assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_OFF), 0);
	link->ops->close(link);
}

/* A setting that was left on must be off when the next program opens the
   device. */
static void closing_releases_every_interface(void **state)
{
	struct link *link = open_link();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(set(link, USB_IFACE_MGMT, USB_ALT_ON), 0);
		assert_int_equal(set(link, USB_IFACE_EP6IN, USB_ALT_4X), 0);
		link->ops->close(link);
		link = open_link();
		assert_int_equal(set(link, USB_IFACE_EP8IN, USB_ALT_2X), 0);
		assert_int_equal(set(link, USB_IFACE_EP8IN, USB_ALT_OFF), 0);
	}
	link->ops->close(link);
}

static void time_passes_and_never_goes_back(void **state)
{
	struct link *link = open_link();
	uint64_t last = link->ops->now(link), until = last + 30000000;

	(void)state;
	while (link->ops->now(link) < until) {
		assert_int_equal(link->ops->wait(link, until), 0);
		assert_true(link->ops->now(link) >= last);
		last = link->ops->now(link);
	}
	assert_int_equal(link->ops->real_time, !able(EXACT_TIME));
	link->ops->close(link);
}

const struct CMUnitTest link_tests[] = {
	cmocka_unit_test(the_device_descriptor_is_a_glasgows),
	cmocka_unit_test(a_control_read_moves_the_bytes_there_are_and_no_more),
	cmocka_unit_test(the_configuration_has_the_interfaces_of_the_protocol),
	cmocka_unit_test(
		a_request_that_stalls_is_an_error_and_the_next_is_served),
	cmocka_unit_test(the_configuration_can_be_selected_again),
	cmocka_unit_test(every_setting_can_be_selected_alone),
	cmocka_unit_test(
		settings_that_share_buffers_cannot_be_selected_together),
	cmocka_unit_test(the_fpga_cannot_be_loaded_while_a_pipe_is_on),
	cmocka_unit_test(closing_releases_every_interface),
	cmocka_unit_test(time_passes_and_never_goes_back),
};
const size_t link_test_count = sizeof(link_tests) / sizeof(*link_tests);
