/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A write of any bytes at any address.  The chip is read in chunks; windows of a
 * chunk that differ are erased where that is needed, programmed and verified.
 *
 * A window whose change has begun is always finished, whatever interrupts the
 * call: it may have bytes beside the range that only this call still knows.
 */
#include "nor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK  0x100000
#define WINDOW 0x40000 /* the largest erase, see nor-setup.c */

struct job {
	struct clyde_flash *flash;
	const struct clyde_observer *observer;
	uint64_t address, end; /* the range; */
	const uint8_t *data;
	uint64_t from, to; /* and the sectors that have it */
	uint8_t *now;      /* a chunk, as the chip has it */
	uint8_t *wanted;   /* a window, as it is to be */
	uint8_t *found;    /* a window, as it is afterwards */
	bool begun;        /* the chip takes changes */
};

/* A part of a chunk. */
struct window {
	uint64_t address;
	size_t size;
	uint8_t *now;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The bytes of the range, and those beside it as they are. */
static void make_wanted(struct job *job, const struct window *window)
{
	uint64_t from = most(window->address, job->address);
	uint64_t to = least(window->address + window->size, job->end);

	memcpy(job->wanted, window->now, window->size);
	if (from < to)
		memcpy(job->wanted + (from - window->address),
			job->data + (from - job->address), to - from);
}

/* Erase what needs it; `now` is what the chip has afterwards. */
static int erase(struct job *job, const struct window *window, uint64_t *ret)
{
	const struct plan_sizes *sizes = &job->flash->sizes;
	size_t at = 0;
	int result = 0;

	while (result == 0) {
		int index = plan_next_erase(sizes, window->address, window->now,
			job->wanted, window->size, &at);

		if (index < 0)
			break;
		result = nor_submit_erase(
			job->flash, window->address + at, index, 0, ret);
		memset(window->now + at, 0xff, sizes->size[index]);
		at += sizes->size[index];
	}
	return result;
}

/* Program the bytes of a page that differ, from the first to the last one. */
static int program_page(struct job *job, const struct window *window, size_t at,
	size_t size, uint64_t *ret)
{
	const uint8_t *now = window->now + at, *wanted = job->wanted + at;
	size_t first = 0, last = size;

	if (memcmp(now, wanted, size) == 0)
		return 0;
	while (now[first] == wanted[first])
		first++;
	while (now[last - 1] == wanted[last - 1])
		last--;
	return nor_submit_page(job->flash, window->address + at + first,
		wanted + first, last - first, 0, ret);
}

static int program(struct job *job, const struct window *window, uint64_t *ret)
{
	int result = 0;

	for (size_t at = 0; at < window->size && result == 0;) {
		size_t size = nor_page_rest(
			job->flash, window->address + at, window->size - at);

		result = program_page(job, window, at, size, ret);
		at += size;
	}
	return result;
}

/* From the first to the last sector that was changed. */
static int verify(
	struct job *job, const struct window *window, size_t first, size_t last)
{
	struct clyde_flash *flash = job->flash;
	uint64_t address = window->address + first;
	char bits[NOR_BITS_SIZE];
	int result;

	result = nor_read(flash, address, job->found, last - first, NULL);
	if (result < 0)
		return result;
	result = nor_compare(
		address, job->found, job->wanted + first, last - first);
	if (result != CLYDE_ERROR_VERIFY || flash->protected_bits == 0)
		return result;
	nor_bits_text(flash->protected_bits >> NOR_BP_SHIFT, bits);
	return set_error(CLYDE_ERROR_PROTECTED,
		"the chip is write protected (block protection bits %s): %s",
		bits, clyde_error_message());
}

static int change(
	struct job *job, const struct window *window, size_t first, size_t last)
{
	uint64_t done;
	int result = erase(job, window, &done);

	/* Erases and programs are one chain. */
	if (result == 0)
		result = program(job, window, &done);
	result = nor_finish(job->flash, result, &done);
	if (result == 0)
		result = verify(job, window, first, last);
	return result;
}

/* The sectors of a window that differ. */
static bool find_changes(const struct job *job, const struct window *window,
	size_t *ret_first, size_t *ret_last)
{
	size_t sector = job->flash->sizes.size[0];
	size_t first = 0, last = window->size;

	while (first < last &&
		memcmp(window->now + first, job->wanted + first, sector) == 0)
		first += sector;
	while (first < last &&
		memcmp(window->now + last - sector, job->wanted + last - sector,
			sector) == 0)
		last -= sector;
	*ret_first = first;
	*ret_last = last;
	return first < last;
}

static int do_window(struct job *job, const struct window *window)
{
	struct clyde_flash *flash = job->flash;
	size_t first, last;
	int result = nor_check_stopped(flash);

	make_wanted(job, window);
	if (result < 0 || !find_changes(job, window, &first, &last))
		return result;
	if (!job->begun)
		result = nor_begin_change(flash);
	if (result < 0)
		return result;
	job->begun = true;
	nor_keep_going(flash, true);
	result = change(job, window, first, last);
	nor_keep_going(flash, false);
	return result;
}

/* Of the range, the bytes before this address. */
static uint64_t done_at(const struct job *job, uint64_t address)
{
	return most(least(address, job->end), job->address) - job->address;
}

static int do_chunk(struct job *job, uint64_t from, uint64_t to)
{
	uint64_t at = from;
	int result = nor_read(job->flash, from, job->now, to - from, NULL);

	while (at < to && result == 0) {
		uint64_t end = least(to, (at / WINDOW + 1) * WINDOW);
		struct window window = {at, end - at, job->now + (at - from)};

		result = do_window(job, &window);
		if (result < 0)
			break;
		at = end;
		observer_progress(job->observer, "write", done_at(job, at),
			job->end - job->address);
	}
	return nor_tell_done(result, done_at(job, at), job->address, "written");
}

static int do_all(struct job *job)
{
	int result = 0;

	for (uint64_t at = job->from; at < job->to && result == 0;) {
		uint64_t end = least(job->to, (at / CHUNK + 1) * CHUNK);

		result = do_chunk(job, at, end);
		at = end;
	}
	return result;
}

int nor_write(struct clyde_flash *flash, uint64_t address, const uint8_t *data,
	size_t size, const struct clyde_observer *observer)
{
	uint32_t sector = flash->sizes.size[0];
	struct job job = {
		.flash = flash,
		.observer = observer,
		.address = address,
		.end = address + size,
		.data = data,
		.from = address / sector * sector,
		.to = (address + size + sector - 1) / sector * sector,
		.now = malloc(CHUNK),
		.wanted = malloc(WINDOW),
		.found = malloc(WINDOW),
	};
	int result = 0;

	if (job.now == NULL || job.wanted == NULL || job.found == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	else if (size > 0)
		result = do_all(&job);
	free(job.now);
	free(job.wanted);
	free(job.found);
	return result;
}
