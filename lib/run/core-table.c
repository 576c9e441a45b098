/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of cores in the FPGA's registers: checks that the image has a core,
 * in the version and at the place for which the library was built.  core.c calls
 * it when a run begins, cores.c before the first use of a core.
 */
#include "run.h"

#include <string.h>

const struct core_entry core_entries[] = {{0},
#define X(...) CORE_ENTRY(__VA_ARGS__),
	CORE_TABLE(X)
#undef X
};

const char *const core_names[] = {"",
#define X(NAME, name, ...) #name,
	CORE_TABLE(X)
#undef X
};

/* The remedy in all messages here.  clyde_fpga_load_image() is none: it does not
   load the image again while the FPGA has the image's id. */
#define ANEW "unplug the device and plug it in again, so that it is loaded anew"

/* Checked once after each load of the FPGA. */
static int check_map(struct clyde_device *device)
{
	uint8_t version;
	int result;

	if (device->map_checked)
		return 0;
	result = register_read(device, REG_MAP, &version, sizeof(version));
	if (result == 0 && version != REG_MAP_VERSION)
		return set_error(CLYDE_ERROR_NO_CORE,
			"the FPGA's image has register map %u, not %u; " ANEW,
			version, REG_MAP_VERSION);
	device->map_checked = result == 0;
	return result;
}

static int check_entry(enum core_place core, const struct core_entry *entry)
{
	const struct core_entry *wanted = &core_entries[core];

	if (entry->id != wanted->id)
		return set_error(CLYDE_ERROR_NO_CORE,
			"the FPGA's image has no %s core; " ANEW,
			core_names[core]);
	if (entry->version != wanted->version)
		return set_error(CLYDE_ERROR_NO_CORE,
			"the FPGA's image has version %u of the %s core, not "
			"%u; " ANEW,
			entry->version, core_names[core], wanted->version);
	if (memcmp(entry, wanted, sizeof(*wanted)) != 0)
		return set_error(CLYDE_ERROR_NO_CORE,
			"the FPGA's image has the %s core in another "
			"place; " ANEW,
			core_names[core]);
	return 0;
}

int core_check_loaded(struct clyde_device *device)
{
	int result = fpga_runs_image(device);

	if (result == 0)
		return set_error(CLYDE_ERROR_NO_CORE,
			"the FPGA does not run Clyde's image, which has the "
			"cores; call clyde_fpga_load_image() first");
	return result < 0 ? result : 0;
}

/* Read the core's entry, and with the same command the routes of the pins,
   which are the next registers. */
int core_check(struct clyde_device *device, enum core_place core)
{
	struct {
		struct core_entry entry;
		uint8_t routes[PIN_COUNT];
	} PACKED table = {0};
	uint8_t index = core;
	int result = check_map(device);

	_Static_assert(REG_PIN == REG_TABLE + sizeof(table.entry), "REG_PIN");
	if (result == 0)
		result = register_write(
			device, REG_TABLE_INDEX, &index, sizeof(index));
	if (result == 0)
		result =
			register_read(device, REG_TABLE, &table, sizeof(table));
	if (result == 0)
		memcpy(device->routes, table.routes, sizeof(table.routes));
	return result < 0 ? result : check_entry(core, &table.entry);
}
