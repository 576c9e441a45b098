/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * flash-read URI MIB: read the flash chip on port A on four lanes at 48 MHz,
 * and print the rate by the link's clock and the CPU time of this process.
 * bench/usbfs.py runs it beside bare libusb.
 */
#include <clyde.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MIB 1048576

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int open_flash(struct clyde_device *device, struct clyde_flash **flash)
{
	static const struct clyde_spi_options options = {
		.sck = "A1",
		.io = {"A2", "A4", "A3", "A0"},
		.cs = {"A5"},
		.rate_hz = CLYDE_SPI_RATE_MAX,
	};
	static const struct clyde_flash_options lanes = {.lanes = 4};
	struct clyde_spi *spi;

	if (clyde_fpga_load_image(device) < 0 ||
		clyde_supply_set(device, 1, 3300) < 0 ||
		clyde_spi_open(device, &options, &spi) < 0)
		return -1;
	return clyde_flash_open(spi, &lanes, flash);
}

static int measure(struct clyde_device *device, size_t mib)
{
	struct clyde_flash *flash;
	struct clyde_flash_info info;
	int64_t begin, end;
	double cpu, seconds;
	char *data;

	if (open_flash(device, &flash) < 0 ||
		clyde_flash_info(flash, &info) < 0)
		return -1;
	data = malloc(info.size);
	/* Once before, so that the pages of `data` are there. */
	if (!data || clyde_flash_read(flash, 0, data, info.size, NULL) < 0 ||
		clyde_device_now(device, &begin) < 0)
		return -1;
	cpu = cpu_s();
	for (uint64_t left = mib * MIB; left > 0; left -= info.size) {
		if (left < info.size)
			left = info.size;
		if (clyde_flash_read(flash, 0, data, info.size, NULL) < 0)
			return -1;
	}
	cpu = cpu_s() - cpu;
	clyde_device_now(device, &end);
	seconds = (end - begin) / 1e9;
	printf("%.3f MiB/s, %.4f CPU s/GiB\n", mib / seconds, cpu * 1024 / mib);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct clyde_context *context;
	struct clyde_device *device;
	int result;

	if (argc != 3 || clyde_context_new(&context) < 0) {
		fputs("usage: flash-read URI MIB\n", stderr);
		return 1;
	}
	result = clyde_device_open(context, argv[1], NULL, &device);
	if (result == 0)
		result = measure(device, strtoul(argv[2], NULL, 0));
	if (result < 0)
		fprintf(stderr, "flash-read: %s\n", clyde_error_message());
	clyde_context_close(context);
	return result < 0;
}
