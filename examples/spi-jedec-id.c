/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* spi-jedec-id URI: read the identification of the flash chip on port A. */
#include <clyde.h>
#include <stdio.h>

static const struct clyde_spi_options OPTIONS = {
	.sck = "A1",
	.io = {"A2", "A4", "A3", "A0"}, /* COPI, CIPO, WP#, HOLD# */
	.cs = {"A5"},
	.rate_hz = 12000000,
};

static int identify(struct clyde_device *device)
{
	struct clyde_supply supplies[CLYDE_PORT_COUNT];
	struct clyde_spi *spi;
	unsigned char id[3] = {0};
	/* One batch: the command, and the three bytes that answer it.  The chip
	   is selected before and deselected after it. */
	const struct clyde_spi_step steps[] = {
		{.kind = CLYDE_SPI_TRANSFER, .out = "\x9f", .size = 1},
		{.kind = CLYDE_SPI_TRANSFER, .in = id, .size = sizeof(id)},
	};
	int ports = clyde_device_ports(device);

	if (ports < 0 || clyde_fpga_load_image(device) < 0 ||
		clyde_supply_parse("A=3.3", ports, supplies) < 0 ||
		clyde_supply_apply(device, supplies) < 0 ||
		clyde_spi_open(device, &OPTIONS, &spi) < 0 ||
		clyde_spi_transfer(spi, 0, steps, 2, 1000) < 0)
		return -1;
	printf("%02x %02x %02x\n", id[0], id[1], id[2]);
	return 0;
}

int main(int argc, char **argv)
{
	struct clyde_context *context;
	struct clyde_device *device;
	int result;

	if (argc != 2)
		fputs("usage: spi-jedec-id URI\n", stderr);
	if (argc != 2 || clyde_context_new(&context) < 0)
		return 1;
	result = clyde_device_open(context, argv[1], NULL, &device);
	if (result == 0)
		result = identify(device);
	if (result < 0)
		fprintf(stderr, "spi-jedec-id: %s\n", clyde_error_message());
	clyde_context_close(context); /* closes device and controller too */
	return result < 0;
}
