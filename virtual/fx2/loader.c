/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Loading firmware into the FX2: vendor request 0xA0, which the chip serves
 * whether or not its 8051 runs (EZ-USB TRM 3.8).  When the 8051 leaves reset,
 * the device leaves the bus, and comes back with the new firmware.
 * virtual/fx2/control.c and device.c call these functions.
 */
#include "internal.h"

#include <string.h>

tick loader_due(const struct device *device)
{
	const struct loader *loader = &device->loader;

	return loader->leave < loader->come_back ? loader->leave
						 : loader->come_back;
}

static void plan(struct device *device, tick leave, tick come_back)
{
	device->loader.leave = leave;
	device->loader.come_back = come_back;
	device->function.port_due = loader_due(device);
}

void loader_reset(struct device *device)
{
	memset(&device->loader, 0, sizeof(device->loader));
	device->loader.start = (tick)START_US * TICKS_PER_US;
	device->loader.away = (tick)AWAY_US * TICKS_PER_US;
	plan(device, TICK_NEVER, TICK_NEVER);
}

uint8_t *loader_ram(struct loader *loader, size_t address, size_t *ret_size)
{
	size_t at = address - FX2_SCRATCH_ADDRESS;

	if (address < FX2_RAM_SIZE) {
		*ret_size = FX2_RAM_SIZE - address;
		return loader->ram + address;
	}
	if (address < FX2_SCRATCH_ADDRESS || at >= FX2_SCRATCH_SIZE)
		return NULL;
	*ret_size = FX2_SCRATCH_SIZE - at;
	return loader->scratch + at;
}

/* The SETUP packet.  A read is answered here; the bytes of a write come in the
   data stage, loader_write(). */
bool loader_request(struct device *device, const struct usb_setup *setup)
{
	struct control *control = &device->control;
	const uint8_t *ram;
	size_t size;

	if (setup->wLength > USB_FX2_RAM_CHUNK)
		return false;
	if (!(setup->bmRequestType & USB_DIR_IN))
		return true;
	ram = loader_ram(&device->loader, setup->wValue, &size);
	if (ram == NULL || setup->wLength > size)
		return false;
	memcpy(control->data, ram, setup->wLength);
	control->length = setup->wLength;
	return true;
}

/* The target of the jump at address 0; FX2_RAM_SIZE if there is no jump.
   MCS-51: LJMP is 02 and an address, high byte first; AJMP has the upper three
   of eleven bits in its opcode; SJMP is 80 and a distance. */
static unsigned reset_target(const uint8_t *ram)
{
	unsigned target = FX2_RAM_SIZE;

	if (ram[0] == 0x02)
		target = ram[1] << 8 | ram[2];
	else if ((ram[0] & 0x1f) == 0x01)
		target = (ram[0] & 0xe0) << 3 | ram[1];
	else if (ram[0] == 0x80)
		target = (2 + (int8_t)ram[1]) & 0xffff;
	return target < FX2_RAM_SIZE ? target : FX2_RAM_SIZE;
}

/*
 * Whether the RAM looks like firmware; this model cannot run any.  Since the
 * 8051 entered reset, the reset vector at 0 must have been written with a jump,
 * and the target of the jump with something other than erased memory.
 */
static bool plausible(const struct loader *loader)
{
	unsigned target = reset_target(loader->ram);

	return loader->written[0] && target < FX2_RAM_SIZE &&
		loader->written[target] && loader->ram[target] != 0xff;
}

static void hold_8051(struct device *device)
{
	device->loader.in_reset = true;
	plan(device, TICK_NEVER, device->loader.come_back);
	memset(device->loader.written, 0, sizeof(device->loader.written));
	device->job = JOB_NONE;
}

/* The firmware loads a stored bitstream before it leaves the bus, without a look
   at the result: about 3.9 s for Clyde's image. */
static tick start_time(const struct device *device)
{
	uint32_t size = nvm_stored_size(device);

	if (size == 0)
		return device->loader.start;
	return device->loader.start + FPGA_RESET_TICKS + nvm_read_cost(size) +
		size * (tick)FPGA_BYTE_TICKS;
}

bool loader_is_silent(const struct device *device)
{
	const struct loader *loader = &device->loader;

	return device->api_level > 0 &&
		(loader->in_reset || loader->leave != TICK_NEVER);
}

static void write_cpucs(struct device *device, uint8_t value)
{
	struct loader *loader = &device->loader;

	if (value & 1) {
		hold_8051(device);
	} else if (loader->in_reset) {
		loader->in_reset = false;
		plan(device, device->now + start_time(device),
			loader->come_back);
	}
}

void loader_write(
	struct device *device, size_t address, const uint8_t *data, size_t size)
{
	struct loader *loader = &device->loader;

	for (; size > 0; address++, data++, size--) {
		size_t left;
		uint8_t *ram = loader_ram(loader, address, &left);

		if (address == USB_FX2_CPUCS)
			write_cpucs(device, *data);
		if (ram == NULL)
			continue;
		*ram = *data;
		if (address < FX2_RAM_SIZE)
			loader->written[address] = true;
		if (faults_at(&device->faults, FAULT_RAM, address))
			*ram ^= 0x10;
	}
}

static void leave(struct device *device)
{
	bool lost = faults_at(&device->faults, FAULT_LOST, 0);

	plan(device, TICK_NEVER,
		lost ? TICK_NEVER : device->now + device->loader.away);
	device->function.detached = true;
	device->function.departures++;
}

/* Whether anything was written.  If not, the old firmware starts again, and
   api_level, which is all that this model has of a firmware, stays. */
static bool rewritten(const struct loader *loader)
{
	return memchr(loader->written, true, sizeof(loader->written));
}

void loader_execute(struct device *device)
{
	struct loader *loader = &device->loader;

	if (loader->leave <= loader->come_back) {
		leave(device);
		return;
	}
	plan(device, TICK_NEVER, TICK_NEVER);
	if (rewritten(loader))
		device->api_level = plausible(loader) ? USB_API_LEVEL : 0;
	device_boot(device);
	device->function.detached = false;
}
