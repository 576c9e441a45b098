/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes the options of "virtual:" with any text that names no file: the text
   describes devices that can be made, or it is refused with a sentence. */
#include "tests/fuzz/fuzz.h"

#include "lib/link/virtual/uri.h"

/* The text of a fault must be read as the same fault. */
static void check_faults(const struct faults *faults)
{
	check(faults->count <= FAULTS_MAX);
	for (unsigned i = 0; i < faults->count; i++) {
		struct faults again = {0};
		char text[FAULT_TEXT_SIZE];

		fault_text(&faults->list[i], text);
		check(faults_add(&again, text) == 0 && again.count == 1);
		check(again.list[0].kind == faults->list[i].kind &&
			again.list[0].position == faults->list[i].position &&
			again.list[0].left == faults->list[i].left);
	}
}

static void check_options(const struct virtual_options *options)
{
	const struct device_options *device = &options->device;

	check(options->devices >= 1 && options->devices <= VIRTUAL_DEVICES_MAX);
	check(options->only < (int)options->devices);
	check(options->packets >= 1 && options->packets <= 13);
	check(options->eeprom == NULL && device->eeprom == NULL);
	check(device->revision >= REVISION_C0 &&
		device->revision <= REVISION_C3);
	check(strlen(device->serial) == CONFIG_SERIAL_SIZE);
	check(strlen(device->manufacturer) <= CONFIG_MAKER_SIZE);
	check_faults(&options->faults);
	for (unsigned port = 0; port < 2; port++) {
		check(device->vlimit_mv[port] <= 6000);
		check(device->sense_mv[port] <= 6000);
		check(device->load_ua[port] <= 1000000);
	}
}

static void parse(const char *text, unsigned index)
{
	struct virtual_options options;
	int result = virtual_options_parse(text, index, &options);

	if (result == 0) {
		check_options(&options);
		virtual_options_clear(&options);
	} else {
		check(result == CLYDE_ERROR_INVALID &&
			clyde_error_message()[0]);
	}
	/* The link counts and opens the devices that the parser describes. */
	check((virtual_options_count(text) > 0) == (result == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	check(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (!names_file(text))
		parse(text, data[0] % VIRTUAL_DEVICES_MAX);
	free(text);
	return 0;
}
