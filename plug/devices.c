/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The virtual devices of one `clyde virtual`: made from the keys of a URI,
   plugged in, and their EEPROMs saved.  See plug/devices.h. */
#include "devices.h"

#include <string.h>

/*
 * The device that comes back: by the fault `replug` the same device after
 * power-up, with its EEPROM; by the fault `swap` one with the next serial
 * number.  It has no faults.
 */
static struct device *make_again(void *maker, struct device *before)
{
	struct virtual_options *options = maker;
	struct virtual_options again = *options;

	again.faults = (struct faults){0};
	again.configured = false;
	again.device.eeprom = device_eeprom(before);
	again.device.ice_mem = device_ice_mem(before);
	virtual_options_obey(&again, device_eeprom(before));
	if (faults_find(&options->faults, FAULT_SWAP)) {
		/* The EEPROM's file belongs to the first device: save it now,
		   and never write the new device's EEPROM to it. */
		if (options->eeprom)
			virtual_eeprom_save(options, before);
		virtual_eeprom_forget(options);
		virtual_options_count_serial(again.device.serial, 1);
		again.device.eeprom = NULL;
		again.device.ice_mem = NULL;
		again.device.bare = options->device.bare;
	}
	return virtual_device_new(&again);
}

static uint64_t return_us(const struct faults *faults)
{
	uint64_t same = faults_first(faults, FAULT_REPLUG);
	uint64_t other = faults_first(faults, FAULT_SWAP);

	return same < other ? same : other;
}

static int add(struct virtual_devices *devices, const char *specification,
	enum pace pace, void (*note)(const char *sentence))
{
	struct virtual_options *options = &devices->options[devices->count];
	struct plug *plug = &devices->plugs[devices->count];
	struct device *device;
	int result =
		virtual_options_parse(specification, devices->count, options);

	if (result < 0)
		return result;
	device = virtual_device_new(options);
	if (device == NULL ||
		plug_in(plug, device, options->packets, pace,
			options->unplug_us) < 0) {
		device_free(device);
		virtual_options_clear(options);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	if (virtual_options_err(options, plug->bus) < 0) {
		plug_free(plug);
		virtual_options_clear(options);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	plug_plan_return(
		plug, return_us(&options->faults), make_again, options);
	plug->note = note;
	plug->denied = faults_at(&options->faults, FAULT_DENIED, 0);
	plug->taken = faults_at(&options->faults, FAULT_BUSY, 0);
	plug->slow = faults_at(&options->faults, FAULT_SLOW, 0);
	devices->count++;
	return 0;
}

int virtual_devices_new(struct virtual_devices *devices,
	const char *specification, enum pace pace,
	void (*note)(const char *sentence))
{
	int count = virtual_options_count(specification);

	*devices = (struct virtual_devices){0};
	for (int i = 0; i < count; i++) {
		int result = add(devices, specification, pace, note);

		if (result < 0)
			return result;
	}
	return count < 0 ? count : 0;
}

int virtual_devices_save(struct virtual_devices *devices)
{
	int result = 0;

	for (unsigned i = 0; i < devices->count; i++) {
		struct virtual_options *options = &devices->options[i];
		const char *unwritten = virtual_firmware_report(
			options, devices->plugs[i].device);
		int saved = options->eeprom == NULL
			? 0
			: virtual_eeprom_save(
				  options, devices->plugs[i].device);

		if (result == 0)
			result = saved;
		if (result == 0 && unwritten)
			result = set_error(CLYDE_ERROR_FILE,
				"cannot write %s: %s", unwritten,
				strerror(errno));
	}
	return result;
}

int virtual_devices_finish(struct virtual_devices *devices)
{
	int result = 0;

	for (unsigned i = 0; i < devices->count; i++) {
		int finished = virtual_record_finish(
			&devices->options[i], devices->plugs[i].device);

		if (result == 0)
			result = finished;
	}
	return result;
}

void virtual_devices_free(struct virtual_devices *devices)
{
	for (unsigned i = 0; i < devices->count; i++) {
		plug_free(&devices->plugs[i]);
		virtual_options_clear(&devices->options[i]);
	}
	devices->count = 0;
}
