/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The image that Clyde loads into the FPGA.  Until the gateware lands this is
 * a stand-in: a well-formed bitstream for the iCE40HX8K of the full size and
 * with no logic in it.  The virtual FPGA takes it for the universal image; a
 * real one is spared it.
 *
 * Format: Project IceStorm, "Bitstream File Format Documentation".
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

const uint8_t image_id[FPGA_ID_SIZE] = {'c', 'l', 'y', 'd', 'e', 0, 0, 1};

/* The HX8K's memories, as icepack knows them: four banks of each kind. */
#define BANKS        4
#define CRAM_WIDTH   872
#define CRAM_HEIGHT  272
#define BRAM_WIDTH   128
#define BRAM_HEIGHT  128 /* a chunk; there are two a bank */
#define BRAM_CHUNKS  2
#define CRAM_SIZE    (CRAM_WIDTH * CRAM_HEIGHT / 8)
#define BRAM_SIZE    (BRAM_WIDTH * BRAM_HEIGHT / 8)
#define COMMANDS_MAX 256
#define IMAGE_SIZE \
	(BANKS * (CRAM_SIZE + BRAM_CHUNKS * BRAM_SIZE) + COMMANDS_MAX)

struct writer {
	uint8_t *data;
	size_t size;
	uint16_t crc;
};

/* CRC-16-CCITT, most significant bit first. */
static void put(struct writer *writer, uint8_t byte)
{
	writer->data[writer->size++] = byte;
	writer->crc ^= byte << 8;
	for (int bit = 0; bit < 8; bit++)
		writer->crc =
			writer->crc << 1 ^ (writer->crc & 0x8000 ? 0x1021 : 0);
}

static void command(
	struct writer *writer, uint8_t opcode, unsigned size, unsigned payload)
{
	put(writer, opcode << 4 | size);
	while (size-- > 0)
		put(writer, payload >> 8 * size);
}

/* The memory's bytes, all zero, and the two zeros that end them. */
static void zeros(struct writer *writer, size_t size)
{
	for (size_t i = 0; i < size + 2; i++)
		put(writer, 0);
}

static void write_cram(struct writer *writer)
{
	command(writer, 6, 2, CRAM_WIDTH - 1);
	command(writer, 7, 2, CRAM_HEIGHT);
	command(writer, 8, 2, 0);
	for (unsigned bank = 0; bank < BANKS; bank++) {
		command(writer, 1, 1, bank);
		command(writer, 0, 1, 1);
		zeros(writer, CRAM_SIZE);
	}
}

static void write_bram(struct writer *writer)
{
	command(writer, 6, 2, BRAM_WIDTH - 1);
	command(writer, 7, 2, BRAM_HEIGHT);
	for (unsigned bank = 0; bank < BANKS; bank++) {
		command(writer, 1, 1, bank);
		for (unsigned chunk = 0; chunk < BRAM_CHUNKS; chunk++) {
			command(writer, 8, 2, chunk * BRAM_HEIGHT);
			command(writer, 0, 1, 3);
			zeros(writer, BRAM_SIZE);
		}
	}
}

int image_build(uint8_t **ret_bitstream, size_t *ret_size)
{
	static const uint8_t preamble[] = {
		0xff, 0x00, 0x00, 0xff, 0x7e, 0xaa, 0x99, 0x7e};
	struct writer writer = {.data = malloc(IMAGE_SIZE)};

	if (writer.data == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(preamble); i++)
		put(&writer, preamble[i]);
	command(&writer, 5, 1, 0); /* oscillator range: low */
	command(&writer, 0, 1, 5); /* reset the CRC */
	writer.crc = 0xffff;
	command(&writer, 9, 2, 0); /* no warm boot */
	write_cram(&writer);
	write_bram(&writer);
	put(&writer, 0x22); /* check the CRC, that of this byte included */
	uint16_t crc = writer.crc;
	put(&writer, crc >> 8);
	put(&writer, crc & 0xff);
	command(&writer, 0, 1, 6); /* wake up */
	put(&writer, 0);
	*ret_bitstream = writer.data;
	*ret_size = writer.size;
	return 0;
}

/* The stand-in would do nothing in a real FPGA but take the supplies away. */
static bool is_virtual(const struct clyde_device *device)
{
	return strstr(device->info.product, "; git virtual") != NULL;
}

int fpga_load_image(struct clyde_device *device)
{
	uint8_t *bitstream, running[FPGA_ID_SIZE];
	size_t size;
	int result = fpga_status(device, running);

	if (result < 0)
		return result;
	if (result == 1 && memcmp(running, image_id, FPGA_ID_SIZE) == 0) {
		LOG(device->link, DEBUG, "the FPGA runs Clyde's image already");
		return 0;
	}
	if (!is_virtual(device))
		return complain(&device->context->complaint, ENOEXEC,
			"this version has no image for a real FPGA yet, only "
			"for the virtual Glasgow: -d virtual:");
	if (device->revision < REVISION_C0 || device->revision > REVISION_C3)
		return complain(&device->context->complaint, ENOEXEC,
			"there is no image for revision %s, only for C0 to C3",
			device->info.revision);
	if (image_build(&bitstream, &size) < 0)
		return complain(
			&device->context->complaint, ENOMEM, "out of memory");
	result = fpga_load(device, bitstream, size, image_id);
	free(bitstream);
	return result;
}
