/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The image that Clyde loads into the FPGA: the universal one, which
 * gateware/ becomes by `make image`.  The build makes image_bytes and
 * image_id of gateware/image.bin.gz and gateware/image.txt.
 */
#include "lib/base/internal.h"

#include <string.h>

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
	int result = fpga_runs_image(device);

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
	return fpga_load(device, image_bytes, image_size, image_id);
}
