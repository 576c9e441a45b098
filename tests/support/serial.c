/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Prints the serial number of a virtual device.  The install tests and the
   packages' tests build it against an installed library, by pkg-config. */
#include <clyde.h>
#include <stdio.h>

int main(void)
{
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_device_info info;

	if (clyde_context_new(&context) < 0)
		return 1;
	if (clyde_device_open(context, "virtual:", NULL, &device) < 0)
		return 2;
	if (clyde_device_info(device, &info) < 0)
		return 3;
	puts(info.serial);
	clyde_context_close(context);
	return (int)clyde_live_objects();
}
