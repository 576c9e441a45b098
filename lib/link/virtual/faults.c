/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes the faults of a virtual device, gives them to its bus, and tells the
   log what a seed has drawn. */
#include "uri.h"
#include "virtual/bus/bus.h"

int virtual_options_err(const struct virtual_options *options, struct bus *bus)
{
	const struct faults *faults = &options->faults;

	if (faults_have(faults, FAULT_PULL))
		bus_unplug_after(bus, faults_first(faults, FAULT_PULL));
	return bus_faults(bus, faults);
}

void virtual_tell_faults(struct link *link, const struct faults *faults)
{
	char text[FAULT_TEXT_SIZE];

	for (unsigned i = 0; i < faults->count; i++) {
		if (!faults->list[i].drawn)
			continue;
		fault_text(&faults->list[i], text);
		LOG(link, INFO, "drawn: fault=%s", text);
	}
}
