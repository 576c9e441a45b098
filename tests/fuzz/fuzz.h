/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the fuzz targets: a check, and an input that is read piece by piece
   and is zeros past its end. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool good)
{
	if (!good)
		abort();
}

struct input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t take_byte(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static inline uint16_t take_word(struct input *input)
{
	uint8_t low = take_byte(input);

	return low | take_byte(input) << 8;
}

static inline void take_bytes(struct input *input, void *data, size_t size)
{
	size_t there = input->size < size ? input->size : size;

	if (there > 0)
		memcpy(data, input->data, there);
	memset((uint8_t *)data + there, 0, size - there);
	input->data += there;
	input->size -= there;
}

/* Returns the rest as a text in memory of its own, so that a read beyond its
   end is found. */
static inline char *take_text(struct input *input)
{
	size_t size = input->size;
	char *text = malloc(size + 1);

	check(text != NULL);
	take_bytes(input, text, size);
	text[size] = '\0';
	return text;
}

/* Whether the text of a virtual device has a key whose value is a file: the
   fuzzer must not read or write any that it thinks of. */
static inline bool names_file(const char *text)
{
	static const char *const keys[] = {"eeprom=", "trace=", "pins=",
		"file=", "symbols=", "profile=", "instructions="};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strstr(text, keys[i]))
			return true;
	for (text = strstr(text, "firmware="); text;
		text = strstr(text + 1, "firmware=")) {
		const char *value = text + strlen("firmware=");
		size_t size = strcspn(value, ",");

		if (!(size == 5 && strncmp(value, "model", 5) == 0) &&
			!(size == 6 && strncmp(value, "eeprom", 6) == 0))
			return true;
	}
	return false;
}

#endif
