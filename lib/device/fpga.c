/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA: the calls of clyde.h that load a bitstream, and that read and write
 * registers.
 *
 * A bitstream must be sent to its end before MGMT_FPGA_LOAD_CFG, see
 * send_bitstream().  No pipe may be open meanwhile: the bitstream is sent to
 * EP2 OUT, the endpoint of a pipe, and a load ends the FPGA's side of all
 * pipes.
 */
#include "lib/base/internal.h"

#include <string.h>

#include "lib/base/wait.h"
#include "lib/stream/engine.h"

/* The transfers of a bitstream.  The FX2 takes a bitstream much more slowly
   than USB carries it, so these numbers do not affect the time of a load. */
#define LOAD_TRANSFER_SIZE 16384 /* B */
#define LOAD_DEPTH         4     /* in flight */

/* A bitstream for the EEPROM is taken at 10 KB/s: small transfers show the
   progress.  A page of 64 B takes up to 5 ms to write, and as long to send. */
#define STORE_TRANSFER_SIZE 2048 /* B */
#define STORE_TIMEOUT_MS    60000

int fpga_status(struct clyde_device *device, uint8_t *ret_id)
{
	static const uint8_t none[FPGA_ID_SIZE];
	struct mgmt_bitstream status;
	int result = mgmt_command(
		device, MGMT_FPGA_STATUS, NULL, 0, &status, sizeof(status));

	if (result < 0)
		return result;
	if (status.size == 0 && memcmp(status.id, none, sizeof(none)) == 0)
		return 0;
	memcpy(ret_id, status.id, sizeof(status.id));
	return 1;
}

CLYDE_API int clyde_fpga_status(
	struct clyde_device *handle, uint8_t ret_id[CLYDE_FPGA_ID_SIZE])
{
	return CALL(device, handle, fpga_status(device, ret_id));
}

/* Let one of the bitstream's transfers come back; or an error of the wait or of
   the engine. */
static int wait_for_transfer(struct wait *wait, const struct engine *engine)
{
	int result = wait_more(wait);

	return result < 0 ? result : engine_error(engine);
}

/* Send the bitstream and wait for all transfers.  If a transfer had failed,
   the device would answer WAIT to the command that follows, until the timeout,
   and the cause would be lost. */
static int send_bitstream(struct clyde_device *device, struct engine *engine,
	const uint8_t *bitstream, size_t size, int timeout_ms,
	const struct clyde_observer *observer)
{
	struct wait wait = wait_begin(device, timeout_ms);
	size_t total = size;
	int result = engine_start(engine);

	while (size > 0 && result == 0) {
		uint8_t *data;
		size_t room = engine_room(engine, &data);

		if (room == 0) {
			result = wait_for_transfer(&wait, engine);
			observer_progress(observer, "storing the bitstream",
				engine_good(engine), total);
			continue;
		}
		if (room > size)
			room = size;
		memcpy(data, bitstream, room);
		result = engine_fill(engine, room);
		bitstream += room;
		size -= room;
	}
	if (result == 0)
		result = engine_push(engine);
	while (result == 0 && engine_in_flight(engine) > 0)
		result = wait_for_transfer(&wait, engine);
	return result;
}

static void end_stream(struct clyde_device *device, struct engine *engine)
{
	engine_drain(engine);
	engine_free(engine);
	link_select(device->link, USB_IFACE_EP2OUT, USB_ALT_OFF,
		COMMAND_TIMEOUT_MS);
}

static int configure(struct clyde_device *device, const uint8_t *bitstream,
	size_t size, const uint8_t *id)
{
	struct mgmt_bitstream request = {.size = size};
	struct engine *engine;
	int result;

	result = engine_new(device->link, USB_EP2_OUT, LOAD_TRANSFER_SIZE,
		LOAD_DEPTH, NULL, &engine);
	if (result < 0) {
		link_select(device->link, USB_IFACE_EP2OUT, USB_ALT_OFF,
			COMMAND_TIMEOUT_MS);
		return set_error(result, "out of memory");
	}
	result = send_bitstream(
		device, engine, bitstream, size, LOAD_TIMEOUT_MS, NULL);
	if (result < 0 && !wait_stopped(result))
		set_error(result, "cannot send the bitstream: %s",
			error_text(result));
	memcpy(request.id, id, sizeof(request.id));
	if (result >= 0)
		result = mgmt_command_for(device, MGMT_FPGA_LOAD_CFG, &request,
			sizeof(request), NULL, 0, LOAD_TIMEOUT_MS);
	end_stream(device, engine);
	if (result == CLYDE_ERROR_REFUSED)
		return set_error(CLYDE_ERROR_FPGA,
			"the FPGA did not configure: its DONE stays low; is "
			"the bitstream made for revision %s?",
			device->info.revision);
	return result;
}

/* Read the health register, which Clyde's and upstream's bitstreams have. */
static int check_health(struct clyde_device *device)
{
	struct mgmt_register_read request = {REG_HEALTH, 1};
	uint8_t value = 0;
	int result = mgmt_command(device, MGMT_FPGA_GET_REG, &request,
		sizeof(request), &value, 1);

	if (result == 0 && value == REG_HEALTH_VALUE)
		return 0;
	if (result < 0 && result != CLYDE_ERROR_REFUSED)
		return result;
	return set_error(CLYDE_ERROR_FPGA,
		"the FPGA configured, but its health register reads %#04x, "
		"not %#04x; if other bitstreams fail too, the device is "
		"faulty",
		value, REG_HEALTH_VALUE);
}

/* A load that begins and ends without a bitstream: the device forgets the id,
   so that the next load is not skipped. */
static void forget_bitstream(struct link *link)
{
	link_select(link, USB_IFACE_EP2OUT, USB_ALT_CFG, LOAD_TIMEOUT_MS);
	link_select(link, USB_IFACE_EP2OUT, USB_ALT_OFF, COMMAND_TIMEOUT_MS);
}

/* Whether the FPGA runs the bitstream of this id.  The program that has loaded it
   may have ended before it read the health register. */
static int runs(struct clyde_device *device, const uint8_t *id)
{
	uint8_t running[FPGA_ID_SIZE];
	int result = fpga_status(device, running);

	if (result <= 0 || memcmp(running, id, sizeof(running)) != 0)
		return result < 0 ? result : 0;
	result = check_health(device);
	if (result == CLYDE_ERROR_FPGA) {
		LOG(device->link, WARNING,
			"the FPGA runs this bitstream already, but does not "
			"show its health, and is loaded again");
		return 0;
	}
	return result < 0 ? result : 1;
}

static int check_no_pipe(const struct clyde_device *device)
{
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		if (device->pipes[i])
			return set_error(CLYDE_ERROR_BUSY,
				"the FPGA cannot be loaded while pipes are "
				"open");
	return 0;
}

/* The FPGA has no configuration any more. */
static void forget_configuration(struct clyde_device *device)
{
	device->map_checked = false;
	device->cores_checked = 0;
	memset(device->attached, 0, sizeof(device->attached));
}

/* Load a bitstream, whatever the FPGA runs now. */
static int load(struct clyde_device *device, const void *bitstream, size_t size,
	const uint8_t *id)
{
	struct link *link = device->link;
	uint64_t start_ns;
	int result;

	result = check_no_pipe(device);
	if (result < 0)
		return result;
	start_ns = link->ops->now(link);
	result = link_select(
		link, USB_IFACE_EP2OUT, USB_ALT_CFG, LOAD_TIMEOUT_MS);
	if (result < 0)
		return set_error(result, "the FPGA cannot be loaded: %s",
			error_text(result));
	forget_configuration(device);
	result = configure(device, bitstream, size, id);
	if (result == 0)
		result = check_health(device);
	if (result < 0) {
		LOG(link, ERROR, "FPGA: %s", clyde_error_message());
		if (result == CLYDE_ERROR_FPGA)
			forget_bitstream(link);
		return result;
	}
	LOG(link, DEBUG, "FPGA loaded: %zu bytes in %.1f ms", size,
		(link->ops->now(link) - start_ns) / 1e6);
	return 1;
}

int fpga_load(struct clyde_device *device, const void *bitstream, size_t size,
	const uint8_t *id)
{
	int result = runs(device, id);

	if (result == 0)
		return load(device, bitstream, size, id);
	if (result > 0)
		LOG(device->link, DEBUG,
			"the FPGA runs this bitstream already");
	return result < 0 ? result : 0;
}

/* ---- The EEPROM ------------------------------------------------------- */

/* Send the bitstream's bytes for the EEPROM; 0 of them is nothing to do. */
static int send_for_eeprom(struct clyde_device *device, const uint8_t *bytes,
	size_t size, const struct clyde_observer *observer)
{
	struct engine *engine;
	int result;

	if (size == 0)
		return 0;
	result = engine_new(device->link, USB_EP2_OUT, STORE_TRANSFER_SIZE,
		LOAD_DEPTH, NULL, &engine);
	if (result < 0)
		return set_error(result, "out of memory");
	result = send_bitstream(
		device, engine, bytes, size, STORE_TIMEOUT_MS, observer);
	if (result < 0 && !wait_stopped(result))
		set_error(result, "cannot send the bitstream: %s",
			error_text(result));
	engine_drain(engine);
	engine_free(engine);
	return result;
}

static int store_selected(struct clyde_device *device,
	const struct mgmt_bitstream *bitstream, const uint8_t *bytes,
	const struct clyde_observer *observer)
{
	uint32_t progress;
	int result = send_for_eeprom(device, bytes, bitstream->size, observer);

	if (result < 0)
		return result;
	return mgmt_command_for(device, MGMT_FPGA_LOAD_NVM, bitstream,
		sizeof(*bitstream), &progress, sizeof(progress),
		STORE_TIMEOUT_MS);
}

/* The FPGA's pins are pulled up while it is held in reset, and so switch the
   level shifters to outputs: no port may have a supply. */
static int switch_supplies_off(struct clyde_device *device)
{
	struct mgmt_values off = {.mask = ports_of(device)};

	return mgmt_command(
		device, MGMT_SET_VSUPPLY, &off, sizeof(off), NULL, 0);
}

int fpga_store(struct clyde_device *device,
	const struct mgmt_bitstream *bitstream, const uint8_t *bytes,
	const struct clyde_observer *observer)
{
	struct link *link = device->link;
	int result = check_no_pipe(device);

	if (result == 0)
		result = switch_supplies_off(device);
	if (result < 0)
		return result;
	result = link_select(
		link, USB_IFACE_EP2OUT, USB_ALT_NVM, LOAD_TIMEOUT_MS);
	if (result < 0)
		return set_error(result, "the bitstream cannot be stored: %s",
			error_text(result));
	forget_configuration(device);
	result = store_selected(device, bitstream, bytes, observer);
	link_select(link, USB_IFACE_EP2OUT, USB_ALT_OFF, COMMAND_TIMEOUT_MS);
	if (result == CLYDE_ERROR_REFUSED)
		return set_error(result,
			"the device could not write the bitstream into its "
			"EEPROMs");
	return result;
}

/* ---- Calls ------------------------------------------------------------ */

static int load_checked(struct clyde_device *device, const void *bitstream,
	size_t size, const uint8_t *id)
{
	int result = check_given("id", id);

	if (result == 0)
		result = check_given("bitstream", bitstream);
	if (result < 0)
		return result;
	if (size == 0 || size > UINT32_MAX)
		return set_error(
			CLYDE_ERROR_INVALID, "a bitstream of %zu bytes", size);
	return fpga_load(device, bitstream, size, id);
}

CLYDE_API int clyde_fpga_load(struct clyde_device *handle,
	const void *bitstream, size_t size,
	const uint8_t id[CLYDE_FPGA_ID_SIZE])
{
	return CALL(device, handle, load_checked(device, bitstream, size, id));
}

CLYDE_API int clyde_fpga_load_image(struct clyde_device *handle)
{
	return CALL(device, handle, fpga_load_image(device));
}

static int check_register(size_t size)
{
	if (size <= MGMT_DATA_SIZE)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"%zu bytes of registers: 0 to %d at a time", size,
		MGMT_DATA_SIZE);
}

int register_read(
	struct clyde_device *device, uint8_t address, void *data, size_t size)
{
	struct mgmt_register_read request = {address, size};
	int result = check_register(size);

	if (result == 0)
		result = check_buffer("data", data, size);
	/* The firmware would make no stop condition after a read of no bytes,
	   and the I2C bus would hang: libfx2, i2c_read(). */
	if (result < 0 || size == 0)
		return result;
	return mgmt_command(device, MGMT_FPGA_GET_REG, &request,
		sizeof(request), data, size);
}

int register_write(struct clyde_device *device, uint8_t address,
	const void *data, size_t size)
{
	struct mgmt_register_write request = {.address = address};
	int result = check_register(size);

	if (result == 0)
		result = check_buffer("data", data, size);
	if (result < 0)
		return result;
	if (address <= REG_PRIVATE_LAST)
		return set_error(CLYDE_ERROR_INVALID,
			"register %#04x belongs to the firmware", address);
	memcpy(request.data, data, size);
	return mgmt_command(
		device, MGMT_FPGA_SET_REG, &request, 1 + size, NULL, 0);
}

CLYDE_API int clyde_register_read(
	struct clyde_device *handle, uint8_t address, void *data, size_t size)
{
	return CALL(device, handle, register_read(device, address, data, size));
}

CLYDE_API int clyde_register_write(struct clyde_device *handle, uint8_t address,
	const void *data, size_t size)
{
	return CALL(
		device, handle, register_write(device, address, data, size));
}

/* ---- Clyde's image ---------------------------------------------------- */

int fpga_runs_image(struct clyde_device *device)
{
	uint8_t running[FPGA_ID_SIZE];
	int result = fpga_status(device, running);

	if (result <= 0)
		return result;
	return memcmp(running, image_id, FPGA_ID_SIZE) == 0;
}

int fpga_load_image(struct clyde_device *device)
{
	int result = runs(device, image_id);

	if (result < 0)
		return result;
	if (result > 0) {
		LOG(device->link, DEBUG, "the FPGA runs Clyde's image already");
		return 0;
	}
	if (device->revision < REVISION_C0 || device->revision > REVISION_C3)
		return set_error(CLYDE_ERROR_FPGA,
			"there is no image for revision %s, only for C0 to C3",
			device->info.revision);
	return load(device, image_bytes, image_size, image_id);
}
