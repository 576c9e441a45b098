/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual Glasgow as a USB function: packets to and from the FX2's buffers,
 * and the firmware's main loop, whose jobs run when their time is over.  The
 * bus calls it by struct function_ops.  Each entry must first advance the
 * device to the time of the call.
 */
#include "internal.h"

#include <string.h>

/* I2C address, register and value. */
#define PIPE_RESET_BYTES 3

#define DEVICE(pointer) ((struct device *)(pointer))

static tick earliest(tick a, tick b)
{
	return a < b ? a : b;
}

/* Whether there is firmware, and it is not about to start anew. */
static bool firmware_runs(const struct device *device)
{
	return device->api_level > 0 && !device->loader.in_reset &&
		loader_due(device) == TICK_NEVER;
}

static bool loading(const struct device *device)
{
	return device->alternate[USB_IFACE_EP2OUT] >= USB_ALT_CFG;
}

/* The firmware sends an alert before it handles the next request. */
static void send_alert(struct device *device)
{
	device->alert_pending = false;
	device->reply = (struct mgmt_packet){
		.serial = 0, .code = MGMT_ALERT, .data.alerts = device->alerts};
	device->reply_size = 2 + sizeof(device->alerts);
}

static bool mgmt_waits(const struct device *device)
{
	return device->alternate[USB_IFACE_MGMT] == USB_ALT_ON &&
		device->request_full && device->reply_size == 0;
}

static bool bitstream_waits(const struct device *device)
{
	return loading(device) && fifo_has_packet(&device->fifos[FIFO_EP2]);
}

/* Start the main loop's next job: requests and bitstream packets in turn. */
static void choose_job(struct device *device)
{
	uint16_t length;

	if (device->alternate[USB_IFACE_MGMT] == USB_ALT_ON &&
		device->reply_size == 0) {
		if (device->alert_pending)
			send_alert(device);
		else
			device->alerts.realtime = true;
	}
	if (mgmt_waits(device) &&
		!(device->last_job == JOB_MGMT && bitstream_waits(device))) {
		device->job = JOB_MGMT;
		device->job_due =
			device->now + mgmt_cost(device) + mgmt_delay(device);
	} else if (bitstream_waits(device)) {
		fifo_peek(&device->fifos[FIFO_EP2], &length);
		device->job = JOB_CONFIGURE;
		device->job_due = device->now +
			(device->alternate[USB_IFACE_EP2OUT] == USB_ALT_NVM
					? nvm_write_cost(
						  device->load_bytes, length)
					: length * FPGA_BYTE_TICKS);
	}
}

/* Clock a packet into the FPGA, of which the end may have been misplaced, see
   note_descriptor(). */
static void configure(
	struct device *device, const uint8_t *data, uint16_t length)
{
	uint8_t packet[USB_PACKET_SIZE];
	uint16_t right =
		device->misplaced < length ? length - device->misplaced : 0;

	memcpy(packet, data, length);
	for (uint16_t i = right; i < length; i++)
		packet[i] ^= 0xff;
	device->fpga->ops->configure(device->fpga, packet, length);
}

static void consume_bitstream(struct device *device)
{
	struct fifo *fifo = &device->fifos[FIFO_EP2];
	uint16_t length;
	const uint8_t *data;

	if (!bitstream_waits(device))
		return;
	data = fifo_peek(fifo, &length);
	if (device->alternate[USB_IFACE_EP2OUT] == USB_ALT_CFG)
		configure(device, data, length);
	else if (!nvm_write_bitstream(device, device->load_bytes, data, length))
		device->nvm_failed = true;
	device->misplaced = 0;
	device->load_bytes += length;
	fifo_drop(fifo);
}

static void finish_job(struct device *device)
{
	enum job job = device->job;

	device->last_job = job;
	device->job = JOB_NONE;
	if (job == JOB_MGMT)
		mgmt_execute(device);
	else
		consume_bitstream(device);
}

static void poll_alerts(struct device *device)
{
	uint8_t reg = REG_ALERTS, alerts;

	board_check_alerts(&device->board);
	if (board_alert(&device->board) && ports_poll_alert(device))
		device->alert_pending = true;
	if (!device->fpga_ready || !device->fpga->ops->alert(device->fpga))
		return;
	if (i2c_fpga_write(device, &reg, 1) &&
		i2c_fpga_read(device, &alerts, 1)) {
		device->alert_pending |= alerts & ~device->alerts.fpga;
		device->alerts.fpga |= alerts;
	}
}

/* Port A draws more than its trip current. */
static void trip(struct device *device)
{
	device->alerts.ports[0] |= MGMT_OVERCURRENT;
	device->board.ports[0].enabled = false;
	device->discharged = device->now + DISCHARGE_TICKS;
	device->alert_pending = true;
}

static void trip_by_script(struct device *device)
{
	struct faults *faults = &device->faults;

	faults_strike(faults, FAULT_TRIP, faults_first(faults, FAULT_TRIP));
	device_plan_trip(device);
	trip(device);
}

void device_plan_trip(struct device *device)
{
	uint64_t us = faults_first(&device->faults, FAULT_TRIP);

	device->trip_due =
		us > TICK_NEVER / TICKS_PER_US ? TICK_NEVER : us * TICKS_PER_US;
}

static tick next_due(const struct device *device)
{
	tick due = TICK_NEVER;

	if (device->control.pending)
		due = device->control.due;
	if (device->job != JOB_NONE)
		due = earliest(due, device->job_due);
	return earliest(earliest(due, loader_due(device)), device->trip_due);
}

/* The I2C transaction of a job with the FPGA ends when the job is due: when it
   begins. */
static tick i2c_start(const struct device *device, tick due)
{
	unsigned bytes = 0;
	tick length;

	if (device->control.pending && device->control.due == due)
		bytes = PIPE_RESET_BYTES;
	else if (device->job == JOB_MGMT)
		bytes = mgmt_fpga_bytes(device);
	length = bytes * device->fpga->byte_ticks;
	return due > length ? due - length : 0;
}

/* Run the FPGA up to `now`, but not beyond the start of the next I2C
   transaction: catch_up() has to stop it there. */
static tick advance_fpga(struct device *device, tick due, tick now)
{
	tick start = due == TICK_NEVER ? due : i2c_start(device, due);

	return device->fpga->ops->advance(
		device->fpga, start < now ? start : now);
}

static tick device_advance(struct function *function, tick now)
{
	struct device *device = DEVICE(function);
	struct fpga *fpga = device->fpga;
	tick due;

	for (;;) {
		if (device->job == JOB_NONE && firmware_runs(device))
			choose_job(device);
		due = next_due(device);
		if (due > now)
			break;
		fpga->ops->catch_up(fpga, i2c_start(device, due));
		device->now = device->board.now = due;
		if (device->trip_due == due)
			trip_by_script(device);
		else if (device->control.pending && device->control.due == due)
			control_execute(device);
		else if (loader_due(device) == due)
			loader_execute(device);
		else
			finish_job(device);
		if (firmware_runs(device))
			poll_alerts(device);
		board_power_pins(&device->board);
	}
	device->now = device->board.now = now;
	return earliest(due, advance_fpga(device, due, now));
}

/*
 * The firmware handles SETUP in an interrupt, and its I2C functions may not be
 * interrupted (the firmware's main.c says so).  If an interrupt uses the bus in
 * the middle of a command that uses it, the command fails.
 */
static void note_clash(struct device *device, const struct usb_setup *setup)
{
	if (device->job != JOB_MGMT || !mgmt_uses_i2c(device) ||
		!control_uses_i2c(device, setup))
		return;
	device->i2c_clashes++;
	device->spoiled = true;
}

/*
 * The firmware answers GET_DESCRIPTOR in an interrupt, and copies the descriptor
 * by the FX2's autopointers: libfx2's usb_serve_descriptor() calls xmemcpy().
 * The loop that clocks a packet of a bitstream into the FPGA, in fx2spi.h, reads
 * by the same registers, and goes on in other memory.  Plain strings, which
 * libfx2 copies without xmemcpy(), are no exception here.
 */
static void note_descriptor(
	struct device *device, const struct usb_setup *setup)
{
	tick left;

	if (device->job != JOB_CONFIGURE || device->job_due <= device->now ||
		device->alternate[USB_IFACE_EP2OUT] != USB_ALT_CFG ||
		setup->bmRequestType != USB_DIR_IN ||
		setup->bRequest != USB_REQ_GET_DESCRIPTOR)
		return;
	device->load_clashes++;
	left = (device->job_due - device->now) / FPGA_BYTE_TICKS;
	if (left > device->misplaced)
		device->misplaced = left;
}

static void device_setup(
	struct function *function, tick now, const struct usb_setup *setup)
{
	struct device *device = DEVICE(function);
	struct control *control = &device->control;
	tick cost = control_cost(device, setup);

	device_advance(function, now);
	note_clash(device, setup);
	note_descriptor(device, setup);
	*control = (struct control){
		.setup = *setup, .pending = true, .due = now + cost};
	if (!control_is_answered(device, setup))
		control->due = TICK_NEVER;
	/* The interrupt delays the main loop's job. */
	device->job_due += cost;
}

/* The pipe behind an endpoint, or NULL. */
static struct fifo *fifo_of(struct device *device, uint8_t endpoint)
{
	switch (endpoint) {
	case USB_EP2_OUT:
		return &device->fifos[FIFO_EP2];
	case USB_EP4_OUT:
		return &device->fifos[FIFO_EP4];
	case USB_EP6_IN:
		return &device->fifos[FIFO_EP6];
	case USB_EP8_IN:
		return &device->fifos[FIFO_EP8];
	}
	return NULL;
}

static bool halted(const struct device *device, uint8_t endpoint)
{
	return device->halted[endpoint >> 7][endpoint & USB_ENDPOINT_MASK];
}

static enum handshake device_ping(
	struct function *function, tick now, uint8_t endpoint)
{
	struct device *device = DEVICE(function);
	struct fifo *fifo = fifo_of(device, endpoint);

	device_advance(function, now);
	if (endpoint == 0)
		return HANDSHAKE_ACK;
	if (device->api_level == 0 || halted(device, endpoint))
		return HANDSHAKE_STALL;
	if (endpoint == USB_EP1_OUT)
		return device->request_full ? HANDSHAKE_NAK : HANDSHAKE_ACK;
	if (fifo == NULL || fifo->buffers == 0)
		return HANDSHAKE_STALL;
	return fifo_has_room(fifo) ? HANDSHAKE_ACK : HANDSHAKE_NAK;
}

static void take_request(
	struct device *device, const uint8_t *data, uint16_t length)
{
	if (length > 0) /* an empty packet may have no memory */
		memcpy(&device->request, data, length);
	device->request_full = true;
	device->request_size = length;
	if (faults_strike(
		    &device->faults, FAULT_ALERT, mgmt_request_code(device)))
		trip(device);
}

/* A packet of the data stage of an OUT control transfer.  Only the boot ROM's
   RAM write has a data stage. */
static enum handshake control_out(
	struct device *device, const uint8_t *data, uint16_t length)
{
	struct control *control = &device->control;

	if (control->pending)
		return HANDSHAKE_NAK;
	if (control->stalled)
		return HANDSHAKE_STALL;
	if ((control->setup.bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR &&
		control->setup.bRequest == USB_REQ_FX2_RAM)
		loader_write(device, control->setup.wValue + control->sent,
			data, length);
	control->sent += length;
	return HANDSHAKE_ACK;
}

static enum handshake device_out(struct function *function, tick now,
	uint8_t endpoint, const uint8_t *data, uint16_t length)
{
	struct device *device = DEVICE(function);
	enum handshake room = device_ping(function, now, endpoint);
	struct fifo *fifo;

	if (room != HANDSHAKE_ACK)
		return room;
	if (endpoint == 0)
		return control_out(device, data, length);
	if (endpoint == USB_EP1_OUT) {
		if (length > USB_EP1_PACKET_SIZE)
			return HANDSHAKE_STALL;
		take_request(device, data, length);
		return HANDSHAKE_NYET;
	}
	fifo = fifo_of(device, endpoint);
	/* The FIFO bus never sees an empty packet. */
	if (length > 0 || loading(device))
		fifo_put(fifo, data, length);
	return fifo_has_room(fifo) ? HANDSHAKE_ACK : HANDSHAKE_NYET;
}

static enum handshake control_in(
	struct device *device, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct control *control = &device->control;
	bool read = control->setup.bmRequestType & USB_DIR_IN;
	uint16_t left = read ? control->length - control->sent : 0;

	if (control->pending)
		return HANDSHAKE_NAK;
	if (control->stalled)
		return HANDSHAKE_STALL;
	*ret_data = control->data + (read ? control->sent : 0);
	control->packet =
		left < USB_EP0_PACKET_SIZE ? left : USB_EP0_PACKET_SIZE;
	*ret_length = control->packet;
	return HANDSHAKE_ACK;
}

static enum handshake device_in(struct function *function, tick now,
	uint8_t endpoint, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct device *device = DEVICE(function);
	const struct fifo *fifo = fifo_of(device, endpoint);

	device_advance(function, now);
	if (endpoint == USB_DIR_IN)
		return control_in(device, ret_data, ret_length);
	if (device->api_level == 0 || halted(device, endpoint))
		return HANDSHAKE_STALL;
	if (endpoint == USB_EP1_IN) {
		*ret_data = (const uint8_t *)&device->reply;
		*ret_length = device->reply_size;
		return device->reply_size ? HANDSHAKE_ACK : HANDSHAKE_NAK;
	}
	if (fifo == NULL || fifo->buffers == 0)
		return HANDSHAKE_STALL;
	if (!fifo_has_packet(fifo))
		return HANDSHAKE_NAK;
	*ret_data = fifo_peek(fifo, ret_length);
	return HANDSHAKE_ACK;
}

static void device_acked(struct function *function, tick now, uint8_t endpoint)
{
	struct device *device = DEVICE(function);

	device_advance(function, now);
	if (endpoint == USB_DIR_IN)
		device->control.sent += device->control.packet;
	else if (endpoint == USB_EP1_IN && device->reply_again)
		device->reply_again = false;
	else if (endpoint == USB_EP1_IN)
		device->reply_size = 0;
	else
		fifo_drop(fifo_of(device, endpoint));
}

const struct function_ops device_ops = {
	.setup = device_setup,
	.ping = device_ping,
	.out = device_out,
	.in = device_in,
	.acked = device_acked,
	.advance = device_advance,
};
