/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements guest-usb.h. */
#include "guest-usb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Long, since the guest is an emulated processor on a busy machine. */
#define ENUMERATION_S 20
#define GONE_S        2
#define TIMEOUT_MS    5000

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	exit(1);
}

int check(int result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, libusb_error_name(result));
	return result;
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* ---- Opening ---------------------------------------------------------- */

/* Looks for a Glasgow with a context of its own, since an existing context
   learns of new devices only from udev, which need not run here. */
static bool open_if_there(struct guest *guest)
{
	check(libusb_init(&guest->context), "libusb_init");
	guest->handle = libusb_open_device_with_vid_pid(
		guest->context, USB_VID_QIHW, USB_PID_GLASGOW);
	if (guest->handle)
		return true;
	libusb_exit(guest->context);
	return false;
}

void guest_await_gone(void)
{
	double end = seconds() + GONE_S;
	struct guest guest;

	while (open_if_there(&guest) && seconds() < end) {
		guest_close(&guest);
		usleep(20000);
	}
}

void guest_open(struct guest *guest)
{
	double end = seconds() + ENUMERATION_S;

	*guest = (struct guest){0};
	while (!open_if_there(guest)) {
		if (seconds() > end)
			die("no Glasgow has enumerated");
		usleep(50000);
	}
	check(libusb_set_configuration(guest->handle, 1), "configuration 1");
	for (int i = 0; i < USB_IFACE_COUNT; i++)
		check(libusb_claim_interface(guest->handle, i), "claim");
	guest_alternate(guest, USB_IFACE_MGMT, USB_ALT_ON);
}

void guest_close(struct guest *guest)
{
	libusb_close(guest->handle);
	libusb_exit(guest->context);
}

void guest_alternate(struct guest *guest, int interface, int alternate)
{
	check(libusb_set_interface_alt_setting(
		      guest->handle, interface, alternate),
		"alternate setting");
}

/* ---- Management ------------------------------------------------------- */

/* Returns the result byte. */
static uint8_t try_command(struct guest *guest, uint8_t code, const void *data,
	int size, void *reply, int reply_size)
{
	uint8_t packet[MGMT_PACKET_SIZE] = {0};
	int moved;

	guest->serial = guest->serial == 255 ? 1 : guest->serial + 1;
	packet[0] = guest->serial;
	packet[1] = code;
	if (size > 0)
		memcpy(packet + 2, data, size);
	check(libusb_bulk_transfer(guest->handle, USB_EP1_OUT, packet, 2 + size,
		      &moved, TIMEOUT_MS),
		"request");
	check(libusb_bulk_transfer(guest->handle, USB_EP1_IN, packet,
		      sizeof(packet), &moved, TIMEOUT_MS),
		"reply");
	if (moved < 2 || packet[0] != guest->serial)
		die("command 0x%02x: a reply of %d B with serial %u, not %u",
			code, moved, packet[0], guest->serial);
	if (packet[1] == MGMT_ACK && moved != 2 + reply_size)
		die("command 0x%02x: a reply of %d B", code, moved);
	if (reply_size > 0)
		memcpy(reply, packet + 2, reply_size);
	return packet[1];
}

void guest_command(struct guest *guest, uint8_t code, const void *data,
	int size, void *reply, int reply_size)
{
	uint8_t result =
		try_command(guest, code, data, size, reply, reply_size);

	if (result != MGMT_ACK)
		die("command 0x%02x: result 0x%02x", code, result);
}

void guest_status(struct guest *guest, struct mgmt_bitstream *ret_status)
{
	guest_command(guest, MGMT_FPGA_STATUS, NULL, 0, ret_status,
		sizeof(*ret_status));
}

void guest_load(struct guest *guest, const uint8_t *bitstream, uint32_t size,
	const uint8_t *id)
{
	struct mgmt_bitstream load = {.size = size};
	uint8_t result;
	int moved;

	memcpy(load.id, id, sizeof(load.id));
	guest_alternate(guest, USB_IFACE_EP2OUT, USB_ALT_CFG);
	check(libusb_bulk_transfer(guest->handle, USB_EP2_OUT,
		      (uint8_t *)bitstream, size, &moved, TIMEOUT_MS),
		"bitstream");
	do
		result = try_command(guest, MGMT_FPGA_LOAD_CFG, &load,
			sizeof(load), NULL, 0);
	while (result == MGMT_WAIT);
	if (result != MGMT_ACK)
		die("the FPGA does not configure: 0x%02x", result);
	guest_alternate(guest, USB_IFACE_EP2OUT, USB_ALT_OFF);
}

void guest_write_register(
	struct guest *guest, uint8_t address, const void *data, int size)
{
	struct mgmt_register_write write = {.address = address};

	memcpy(write.data, data, size);
	guest_command(guest, MGMT_FPGA_SET_REG, &write, 1 + size, NULL, 0);
}

void guest_read_register(
	struct guest *guest, uint8_t address, void *data, int size)
{
	struct mgmt_register_read read = {.address = address, .length = size};

	guest_command(
		guest, MGMT_FPGA_GET_REG, &read, sizeof(read), data, size);
}
