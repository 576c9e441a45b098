/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual device that parsed options describe.  Called by the virtual link,
 * and by plug/world.c for devices that other processes use.
 */
#include "uri.h"

#include <pthread.h>

/* What the library's image leaves behind: to parse it takes longer than all
   else of an open. */
static struct bitstream image_port;

static void parse_image(void)
{
	bitstream_reset(&image_port);
	bitstream_feed(&image_port, image_bytes, image_size);
}

static void preload(struct device *device)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, parse_image);
	device_preload(device, &image_port, image_size, image_id);
}

struct device *virtual_device_new(const struct virtual_options *options)
{
	struct device_options described = options->device;
	struct device *device;

	if (options->trace_path[0])
		described.trace = options->trace_path;
	device = device_new(&described, &options->faults);
	if (device && options->configured)
		preload(device);
	return device;
}
