/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A hostile host by seed, see host.h:
 *	hostile FIRMWARE.ihex [FIRST [COUNT [DIRECTORY]]]
 * With a directory, an input of tests/fuzz/fuzz-firmware.c that does the same is
 * written there for each seed.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS 100

static struct chip_image firmware;
static uint64_t seed;

_Noreturn static void give_up(const char *what)
{
	printf("seed %llu: %s\n", (unsigned long long)seed, what);
	exit(1);
}

static FILE *create_input(const char *directory)
{
	char path[256];
	FILE *file;

	if (directory == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/seed-%llu", directory,
		(unsigned long long)seed);
	file = fopen(path, "wb");
	if (file == NULL)
		give_up("no input can be written");
	return file;
}

static void run_seed(const char *directory)
{
	struct host host = {.firmware = &firmware, .give_up = give_up};

	random_seed(&host.random, seed);
	host.random.record = create_input(directory);
	host_open(&host);
	for (unsigned i = 0; i < STEPS; i++)
		host_step(&host);
	host_check_alive(&host);
	host_close(&host);
	if (host.random.record)
		fclose(host.random.record);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;

	if (argc < 2)
		return 64;
	read_firmware(argv[1], &firmware);
	for (seed = first; seed < first + count; seed++)
		run_seed(argc > 4 ? argv[4] : NULL);
	printf("%llu seeds, %u steps each\n", (unsigned long long)count, STEPS);
	return 0;
}
