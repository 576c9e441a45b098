/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Where URBs and their data live: takes sizes, gives slots and pages of the
 * shared memory, within the limit that usbfs has for all of them.
 */
#include "file.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

bool memory_charge(struct shim_file *file, uint64_t bytes)
{
	uint64_t before = atomic_fetch_add(&file->world->bytes, bytes);

	if (before + bytes > file->world->bytes_max) {
		atomic_fetch_sub(&file->world->bytes, bytes);
		return false;
	}
	atomic_fetch_add(&file->shared->bytes, bytes);
	return true;
}

void memory_release(struct shim_file *file, uint64_t bytes)
{
	atomic_fetch_sub(&file->world->bytes, bytes);
	atomic_fetch_sub(&file->shared->bytes, bytes);
}

/* ---- Pages ------------------------------------------------------------ */

static bool page_used(const struct shim_private *private, uint32_t page)
{
	return private->pages_used[page / 64] >> page % 64 & 1;
}

static void mark_pages(
	struct shim_private *private, uint32_t page, uint32_t count, bool used)
{
	for (uint32_t i = page; i < page + count; i++) {
		if (used)
		private->pages_used[i / 64] |= UINT64_C(1) << i % 64;
		else private->pages_used[i / 64] &= ~(UINT64_C(1) << i % 64);
	}
}

/* The lowest that are free, from a multiple of `unit` on: the lowest are the
   likeliest to be in the cache. */
static bool find_pages(struct shim_private *private, uint32_t count,
	uint32_t unit, uint32_t *ret_page)
{
	uint32_t run = 0;

	for (uint32_t page = 0; page < PAGES; page++) {
		if (page % 64 == 0 &&
			private->pages_used[page / 64] == UINT64_MAX) {
			page += 63;
			run = 0;
			continue;
		}
		run = page_used(private, page) || (run == 0 && page % unit)
			? 0
			: run + 1;
		if (run < count)
			continue;
		*ret_page = page + 1 - count;
		mark_pages(private, *ret_page, count, true);
		return true;
	}
	return false;
}

static void drop_pages(struct shim_private *private, struct use *use)
{
	mark_pages(private, use->page, use->pages, false);
	use->pages = 0;
}

/* Free slots keep their pages, until somebody needs them. */
static bool claim_pages(struct shim_private *private, uint32_t count,
	uint32_t unit, uint32_t *ret_page)
{
	if (find_pages(private, count, unit, ret_page))
		return true;
	for (uint32_t i = private->free_slot; i != NO_SLOT;
		i = private->uses[i].next_free)
		drop_pages(private, &private->uses[i]);
	return find_pages(private, count, unit, ret_page);
}

/* ---- Slots ------------------------------------------------------------ */

uint32_t slot_new(struct shim_file *file)
{
	struct shim_private *private = file->private;
	uint32_t index = private->free_slot;

	if (index != NO_SLOT)
	private->free_slot = private->uses[index].next_free;
	else if (private->fresh_slot < USBFS_SLOTS) index =
		private->fresh_slot++;
	return index;
}

void slot_free(struct shim_file *file, uint32_t index)
{
	struct shim_private *private = file->private;
	struct use *use = &private->uses[index];

	if (use->mapped) {
		region_leave(file, use->page);
		use->pages = 0;
	}
	memory_release(file, use->bytes);
	use->bytes = 0;
	use->urb = NULL;
	use->mapped = false;
	use->next_free = private->free_slot;
	private->free_slot = index;
}

bool slot_room(struct shim_file *file, uint32_t index, uint32_t size)
{
	struct use *use = &file->private->uses[index];
	uint32_t pages = size / PAGE_SIZE_ + (size % PAGE_SIZE_ != 0);

	if (pages == 0)
		pages = 1;
	if (use->pages >= pages && use->pages / 2 <= pages)
		return true;
	drop_pages(file->private, use);
	if (!claim_pages(file->private, pages, 1, &use->page))
		return false;
	use->pages = pages;
	return true;
}

uint8_t *slot_data(struct shim_file *file, uint32_t index)
{
	return file->data +
		(size_t)file->private->uses[index].page * PAGE_SIZE_;
}

void slot_drop(struct shim_file *file, uint32_t index)
{
	drop_pages(file->private, &file->private->uses[index]);
}

/* ---- Mapped buffers --------------------------------------------------- */

struct region *region_of(
	struct shim_file *file, const void *data, uint32_t size)
{
	uintptr_t at = (uintptr_t)data;

	for (unsigned i = 0; i < REGIONS; i++) {
		struct region *region = &file->private->regions[i];
		uintptr_t start = (uintptr_t)region->address;

		if (region->address && !region->unmapped && at >= start &&
			at - start <= region->size &&
			size <= region->size - (at - start))
			return region;
	}
	return NULL;
}

static void region_free(struct shim_file *file, struct region *region)
{
	mark_pages(
		file->private, region->page, region->size / PAGE_SIZE_, false);
	memory_release(file, region->size);
	region->address = NULL;
}

/* The page is any in it. */
void region_leave(struct shim_file *file, uint32_t page)
{
	for (unsigned i = 0; i < REGIONS; i++) {
		struct region *region = &file->private->regions[i];

		if (region->address == NULL || page < region->page ||
			page - region->page > region->size / PAGE_SIZE_)
			continue;
		if (--region->users == 0 && region->unmapped)
			region_free(file, region);
		return;
	}
}

/* What the kernel maps is made of these; arm64 has larger ones as well. */
static size_t machine_page(void)
{
	size_t size = sysconf(_SC_PAGESIZE);

	return size > PAGE_SIZE_ ? size : PAGE_SIZE_;
}

static void *map(struct shim_file *file, size_t size, int protection,
	struct region *region)
{
	void *address;

	if (!claim_pages(file->private, size / PAGE_SIZE_,
		    machine_page() / PAGE_SIZE_, &region->page))
		return MAP_FAILED;
	address = kernel_map(size, protection, MAP_SHARED, file->memory,
		USBFS_DATA_OFFSET + region->page * PAGE_SIZE_);
	if (address == MAP_FAILED) {
		mark_pages(
			file->private, region->page, size / PAGE_SIZE_, false);
		return MAP_FAILED;
	}
	*region = (struct region){address, size, region->page, 0, false};
	return address;
}

void *shim_map(struct shim_file *file, size_t size, int protection)
{
	struct region *region = NULL;
	void *address = MAP_FAILED;

	if (size == 0 || size > USBFS_DATA_SIZE) {
		errno = size ? ENOMEM : EINVAL;
		return MAP_FAILED;
	}
	size = (size + machine_page() - 1) / machine_page() * machine_page();
	pthread_mutex_lock(&file->private->lock);
	for (unsigned i = 0; i < REGIONS && region == NULL; i++)
		if (file->private->regions[i].address == NULL)
			region = &file->private->regions[i];
	if (region && memory_charge(file, size)) {
		address = map(file, size, protection, region);
		if (address == MAP_FAILED)
			memory_release(file, size);
	}
	pthread_mutex_unlock(&file->private->lock);
	if (address == MAP_FAILED)
		errno = ENOMEM;
	return address;
}

bool shim_unmap(void *address, size_t size)
{
	for (struct shim_file *file = shim_files_next(NULL); file;
		file = shim_files_next(file)) {
		struct region *region;
		bool found;

		pthread_mutex_lock(&file->private->lock);
		region = region_of(file, address, 0);
		found = region && region->address == address;
		if (found) {
			region->unmapped = true;
			syscall(SYS_munmap, address, region->size);
			if (region->users == 0)
				region_free(file, region);
		}
		pthread_mutex_unlock(&file->private->lock);
		if (found)
			return true;
	}
	(void)size;
	return false;
}
