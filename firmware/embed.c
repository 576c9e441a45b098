/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Writes a C file with the FX2's firmware and its id; the build of libclyde
 * runs it:
 *	embed FIRMWARE.ihex FIRMWARE.txt OUTPUT.c
 * FIRMWARE.txt begins with "id " and the id in hexadecimal.  A file that cannot
 * be read must end the build.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE  8
#define RAM_SIZE 0x4000
#define LINE     600

static uint8_t ram[RAM_SIZE];
static unsigned first = RAM_SIZE, last; /* bytes; `last` is not one of them */

static _Noreturn void fail(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(1);
}

static FILE *open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (file == NULL)
		fail(path, strerror(errno));
	return file;
}

/* One record of Intel HEX: false at the end of the file's data. */
static bool take_record(const char *path, const char *line)
{
	unsigned count, address, type, byte;

	if (sscanf(line, ":%2x%4x%2x", &count, &address, &type) != 3)
		fail(path, "not in Intel HEX");
	if (type != 0)
		return false;
	if (address + count > RAM_SIZE)
		fail(path, "beyond the RAM");
	for (unsigned i = 0; i < count; i++) {
		if (sscanf(line + 9 + 2 * i, "%2x", &byte) != 1)
			fail(path, "a record is short");
		ram[address + i] = byte;
	}
	if (address < first)
		first = address;
	if (address + count > last)
		last = address + count;
	return true;
}

static void read_records(const char *path)
{
	FILE *file = open_file(path, "r");
	char line[LINE];

	while (fgets(line, sizeof(line), file) && take_record(path, line))
		;
	fclose(file);
	if (first >= last)
		fail(path, "no data");
}

static void write_id(FILE *output, const char *path)
{
	FILE *text = open_file(path, "r");
	unsigned byte;

	if (fscanf(text, "id ") != 0)
		fail(path, "there is no id");
	for (int i = 0; i < ID_SIZE; i++) {
		if (fscanf(text, "%2x", &byte) != 1)
			fail(path, "there is no id");
		fprintf(output, "%u, ", byte);
	}
	fclose(text);
}

int main(int argc, char **argv)
{
	FILE *output;

	if (argc != 4) {
		fprintf(stderr,
			"usage: embed FIRMWARE.ihex FIRMWARE.txt "
			"OUTPUT.c\n");
		return 64;
	}
	read_records(argv[1]);
	output = open_file(argv[3], "w");
	fprintf(output,
		"/* Written by firmware/embed.c. */\n"
		"#include \"lib/device/own-firmware.h\"\n\n"
		"static const uint8_t bytes[] = {\n");
	for (unsigned i = first; i < last; i++)
		fprintf(output, "%u,%s", ram[i],
			(i - first) % 16 == 15 ? "\n" : "");
	fprintf(output,
		"};\n\nconst struct own_firmware own_firmware = {\n"
		"\tbytes, sizeof(bytes), %u, {",
		first);
	write_id(output, argv[2]);
	fprintf(output, "}};\n");
	return fclose(output) == 0 ? 0 : 1;
}
