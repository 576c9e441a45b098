/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the firmware of the repository, which the virtual FX2 executes: the
 * input is what a hostile host draws, see tests/firmware/host.h, until there is
 * no more of it.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "lib/device/own-firmware.h"
#include "tests/firmware/host.h"

/* More would find no more, and be slower. */
#define STEPS 200

static void give_up(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static const struct chip_image *firmware_image(void)
{
	static struct chip_image image;

	if (!image.used[own_firmware.address]) {
		memcpy(image.data + own_firmware.address, own_firmware.data,
			own_firmware.size);
		memset(image.used + own_firmware.address, true,
			own_firmware.size);
	}
	return &image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host = {.firmware = firmware_image(), .give_up = give_up};

	random_from_bytes(&host.random, data, size);
	host_open(&host);
	for (unsigned i = 0; i < STEPS && host.random.size > 0; i++)
		host_step(&host);
	host_check_alive(&host);
	host_close(&host);
	return 0;
}
