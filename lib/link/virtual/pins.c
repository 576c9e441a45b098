/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes what a virtual device's pins have been through, tells the log. */
#include "uri.h"

void virtual_tell_conflicts(
	struct link *link, const struct device *device, uint16_t *told)
{
	uint16_t pins = device_conflicts(device) & ~*told;

	*told |= pins;
	for (unsigned pin = 0; pins >> pin; pin++)
		if (pins >> pin & 1)
			LOG(link, WARNING,
				"drivers meet on pin %c%u, high against low",
				'A' + pin / 8, pin % 8);
}
