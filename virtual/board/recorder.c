/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The recorder of the pins, see recorder.h.  Source of the format: sigrok's wiki,
 * "File format:Sigrok/v2", and a file that sigrok-cli 0.7.2 has written.
 */
#include "recorder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/regs.h"
#include "zip.h"

/* The file begins at power-up, and ends so long after the last change. */
#define TAIL_TICKS (10000 * (tick)TICKS_PER_US)

/* An entry has up to 1 GiB. */
#define ENTRY_SAMPLES (UINT64_C(1) << 29)

struct recorder {
	struct zip zip;
	unsigned ticks_per_sample;
	bool finished;
	int result;
	tick last;        /* the time of the last change */
	uint16_t levels;  /* from there on */
	uint64_t written; /* samples */
	unsigned entries;
	char path[];
};

struct recorder *recorder_new(const char *path, unsigned ticks_per_sample)
{
	struct recorder *recorder =
		calloc(1, sizeof(*recorder) + strlen(path) + 1);

	if (recorder == NULL)
		return NULL;
	strcpy(recorder->path, path);
	recorder->ticks_per_sample = ticks_per_sample;
	return recorder;
}

static void write_texts(struct recorder *recorder)
{
	struct zip *zip = &recorder->zip;
	char text[64];

	zip_begin(zip, "version");
	zip_text(zip, "2");
	zip_end(zip);
	zip_begin(zip, "metadata");
	zip_text(zip,
		"[global]\nsigrok version=0.5.2\n\n"
		"[device 1]\ncapturefile=logic-1\ntotal probes=16\n");
	snprintf(text, sizeof(text), "samplerate=%u MHz\n",
		TICKS_PER_US / recorder->ticks_per_sample);
	zip_text(zip, text);
	for (unsigned pin = 0; pin < PIN_COUNT; pin++) {
		snprintf(text, sizeof(text), "probe%u=%c%u\n", pin + 1,
			'A' + pin / 8, pin % 8);
		zip_text(zip, text);
	}
	zip_text(zip, "unitsize=2\n");
	zip_end(zip);
}

static bool begin(struct recorder *recorder)
{
	FILE *file = fopen(recorder->path, "wbe");

	if (file == NULL) {
		recorder->result = -errno;
		recorder->finished = true;
		return false;
	}
	zip_open(&recorder->zip, file);
	write_texts(recorder);
	return true;
}

/* The levels last until this sample, which is not written. */
static void write_until(struct recorder *recorder, uint64_t end)
{
	while (recorder->written < end && recorder->zip.error == 0) {
		uint64_t room =
			ENTRY_SAMPLES - recorder->written % ENTRY_SAMPLES;
		uint64_t count = end - recorder->written;
		char name[ZIP_NAME_SIZE];

		if (room == ENTRY_SAMPLES) {
			if (recorder->entries > 0)
				zip_end(&recorder->zip);
			recorder->entries++;
			snprintf(name, sizeof(name), "logic-1-%u",
				recorder->entries);
			zip_begin(&recorder->zip, name);
		}
		count = count < room ? count : room;
		zip_repeat(&recorder->zip, recorder->levels, count);
		recorder->written += count;
	}
}

static uint64_t sample_at(const struct recorder *recorder, tick time)
{
	return (time + recorder->ticks_per_sample - 1) /
		recorder->ticks_per_sample;
}

void recorder_change(struct recorder *recorder, tick now, uint16_t levels)
{
	if (recorder->finished || levels == recorder->levels)
		return;
	if (recorder->zip.file == NULL && !begin(recorder))
		return;
	write_until(recorder, sample_at(recorder, now));
	recorder->levels = levels;
	recorder->last = now;
}

int recorder_finish(struct recorder *recorder)
{
	struct zip *zip = &recorder->zip;

	if (recorder->finished || zip->file == NULL)
		return recorder->result;
	recorder->finished = true;
	write_until(recorder, sample_at(recorder, recorder->last + TAIL_TICKS));
	zip_end(zip);
	recorder->result = zip_close(zip);
	if (fclose(zip->file) != 0 && recorder->result == 0)
		recorder->result = -errno;
	return recorder->result;
}

void recorder_free(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	recorder_finish(recorder);
	free(recorder);
}
