/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Writes a C file with the FPGA's image and its id; the build of libclyde runs
 * it:
 *	embed IMAGE.bin IMAGE.txt OUTPUT.c
 * IMAGE.txt begins with "id " and the id in hexadecimal.  A file that cannot be
 * read must end the build.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 8

static FILE *open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return file;
}

static void write_id(FILE *output, const char *path)
{
	FILE *text = open_file(path, "r");
	unsigned byte;

	fprintf(output, "const uint8_t image_id[FPGA_ID_SIZE] = {");
	if (fscanf(text, "id ") != 0)
		exit(1);
	for (int i = 0; i < ID_SIZE; i++) {
		if (fscanf(text, "%2x", &byte) != 1) {
			fprintf(stderr, "%s: there is no id\n", path);
			exit(1);
		}
		fprintf(output, "%u, ", byte);
	}
	fprintf(output, "};\n");
	fclose(text);
}

static void write_bytes(FILE *output, const char *path)
{
	FILE *image = open_file(path, "rb");
	size_t size = 0;
	int byte;

	fprintf(output, "const uint8_t image_bytes[] = {\n");
	while ((byte = getc(image)) != EOF)
		fprintf(output, "%d,%s", byte, ++size % 16 ? "" : "\n");
	fprintf(output, "};\nconst size_t image_size = %zu;\n", size);
	fclose(image);
}

int main(int argc, char **argv)
{
	FILE *output;

	if (argc != 4) {
		fprintf(stderr, "usage: embed IMAGE.bin IMAGE.txt OUTPUT.c\n");
		return 64;
	}
	output = open_file(argv[3], "w");
	fprintf(output,
		"/* Written by gateware/embed.c. */\n#include "
		"\"lib/base/internal.h\"\n\n");
	write_id(output, argv[2]);
	write_bytes(output, argv[1]);
	return fclose(output) == 0 ? 0 : 1;
}
