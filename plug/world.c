/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The devices of a "virtual:" URI, plugged in for other processes. */
#include "world.h"

/*
 * The device that comes back: the same one, as power-up finds it, with its
 * EEPROM; or one with the next serial number.  Its faults were the first's.
 */
static struct device *make_again(void *maker, struct device *before)
{
	struct virtual_options *options = maker;
	struct virtual_options again = *options;

	again.faults = (struct faults){0};
	again.configured = false;
	again.device.eeprom = device_eeprom(before);
	if (faults_find(&options->faults, FAULT_SWAP)) {
		/* The file is the first's, and stays as it is. */
		if (options->eeprom)
			virtual_eeprom_save(options, device_eeprom(before));
		virtual_options_clear(options);
		virtual_options_count_serial(again.device.serial, 1);
		again.device.eeprom = NULL;
	}
	return virtual_device_new(&again);
}

static uint64_t return_us(const struct faults *faults)
{
	uint64_t same = faults_first(faults, FAULT_REPLUG);
	uint64_t other = faults_first(faults, FAULT_SWAP);

	return same < other ? same : other;
}

static int add(
	struct virtual_world *world, const char *specification, enum pace pace)
{
	struct virtual_options *options = &world->options[world->count];
	struct plug *plug = &world->plugs[world->count];
	struct device *device;
	int result =
		virtual_options_parse(specification, world->count, options);

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
	plug->denied = faults_at(&options->faults, FAULT_DENIED, 0);
	plug->taken = faults_at(&options->faults, FAULT_BUSY, 0);
	plug->slow = faults_at(&options->faults, FAULT_SLOW, 0);
	world->count++;
	return 0;
}

int virtual_world_new(
	struct virtual_world *world, const char *specification, enum pace pace)
{
	int count = virtual_options_count(specification);

	*world = (struct virtual_world){0};
	for (int i = 0; i < count; i++) {
		int result = add(world, specification, pace);

		if (result < 0)
			return result;
	}
	return count < 0 ? count : 0;
}

int virtual_world_save(struct virtual_world *world)
{
	int result = 0;

	for (unsigned i = 0; i < world->count; i++) {
		struct virtual_options *options = &world->options[i];
		int saved = options->eeprom == NULL
			? 0
			: virtual_eeprom_save(options,
				  device_eeprom(world->plugs[i].device));

		if (result == 0)
			result = saved;
	}
	return result;
}

void virtual_world_free(struct virtual_world *world)
{
	for (unsigned i = 0; i < world->count; i++) {
		plug_free(&world->plugs[i]);
		virtual_options_clear(&world->options[i]);
	}
	world->count = 0;
}
