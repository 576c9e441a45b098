/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Slots and pages of a file's shared memory, and the program's mapped buffers,
 * within the limit that usbfs has for all files together.  The caller holds the
 * file's lock, except for shim_map() and shim_unmap(), which take it.
 */
#include "file.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

bool memory_charge(struct shim_file *file, uint64_t bytes)
{
	uint64_t before = atomic_fetch_add(&file->global->bytes, bytes);

	if (before + bytes > file->global->bytes_max) {
		atomic_fetch_sub(&file->global->bytes, bytes);
		return false;
	}
	atomic_fetch_add(&file->shared->bytes, bytes);
	return true;
}

void memory_release(struct shim_file *file, uint64_t bytes)
{
	atomic_fetch_sub(&file->global->bytes, bytes);
	atomic_fetch_sub(&file->shared->bytes, bytes);
}

/* ---- Pages ------------------------------------------------------------ */

static bool page_used(const struct shim_private *local, uint32_t page)
{
	return local->pages_used[page / 64] >> page % 64 & 1;
}

static void mark_pages(
	struct shim_private *local, uint32_t page, uint32_t count, bool used)
{
	for (uint32_t i = page; i < page + count; i++) {
		if (used)
			local->pages_used[i / 64] |= UINT64_C(1) << i % 64;
		else
			local->pages_used[i / 64] &= ~(UINT64_C(1) << i % 64);
	}
}

/* Reserve the lowest free pages, starting at a multiple of `unit`: low pages
   are the most likely to be in the cache. */
static bool find_pages(struct shim_private *local, uint32_t count,
	uint32_t unit, uint32_t *ret_page)
{
	uint32_t run = 0;

	for (uint32_t page = 0; page < PAGES; page++) {
		if (page % 64 == 0 &&
			local->pages_used[page / 64] == UINT64_MAX) {
			page += 63;
			run = 0;
			continue;
		}
		run = page_used(local, page) || (run == 0 && page % unit)
			? 0
			: run + 1;
		if (run < count)
			continue;
		*ret_page = page + 1 - count;
		mark_pages(local, *ret_page, count, true);
		return true;
	}
	return false;
}

static void drop_pages(struct shim_private *local, struct shim_slot *own)
{
	mark_pages(local, own->page, own->pages, false);
	own->pages = 0;
}

/* Reserve pages.  Free slots keep their pages for their next URB; if no other
   pages are left, they lose them. */
static bool claim_pages(struct shim_private *local, uint32_t count,
	uint32_t unit, uint32_t *ret_page)
{
	if (find_pages(local, count, unit, ret_page))
		return true;
	for (uint32_t i = local->free_slot; i != NO_SLOT;
		i = local->slots[i].next_free)
		drop_pages(local, &local->slots[i]);
	return find_pages(local, count, unit, ret_page);
}

/* ---- Slots ------------------------------------------------------------ */

uint32_t slot_new(struct shim_file *file)
{
	struct shim_private *local = file->local;
	uint32_t index = local->free_slot;

	if (index != NO_SLOT)
		local->free_slot = local->slots[index].next_free;
	else if (local->fresh_slot < USBFS_SLOTS)
		index = local->fresh_slot++;
	return index;
}

void slot_free(struct shim_file *file, uint32_t index)
{
	struct shim_private *local = file->local;
	struct shim_slot *own = &local->slots[index];

	if (own->mapped) {
		region_leave(file, own->page);
		own->pages = 0;
	}
	memory_release(file, own->bytes);
	own->bytes = 0;
	own->urb = NULL;
	own->mapped = false;
	own->next_free = local->free_slot;
	local->free_slot = index;
}

bool slot_room(struct shim_file *file, uint32_t index, uint32_t size)
{
	struct shim_slot *own = &file->local->slots[index];
	uint32_t pages = size / PAGE_SIZE_ + (size % PAGE_SIZE_ != 0);

	if (pages == 0)
		pages = 1;
	if (own->pages >= pages && own->pages / 2 <= pages)
		return true;
	drop_pages(file->local, own);
	if (!claim_pages(file->local, pages, 1, &own->page))
		return false;
	own->pages = pages;
	return true;
}

uint8_t *slot_data(struct shim_file *file, uint32_t index)
{
	return file->data + (size_t)file->local->slots[index].page * PAGE_SIZE_;
}

void slot_drop(struct shim_file *file, uint32_t index)
{
	drop_pages(file->local, &file->local->slots[index]);
}

/* ---- Mapped buffers --------------------------------------------------- */

struct region *region_of(
	struct shim_file *file, const void *data, uint32_t size)
{
	uintptr_t at = (uintptr_t)data;

	for (unsigned i = 0; i < REGIONS; i++) {
		struct region *region = &file->local->regions[i];
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
	mark_pages(file->local, region->page, region->size / PAGE_SIZE_, false);
	memory_release(file, region->size);
	region->address = NULL;
}

/* A URB with data in the mapped buffer of this page has ended. */
void region_leave(struct shim_file *file, uint32_t page)
{
	for (unsigned i = 0; i < REGIONS; i++) {
		struct region *region = &file->local->regions[i];

		/* A URB's data begin at the first page of its region. */
		if (region->address == NULL || page != region->page)
			continue;
		if (--region->users == 0 && region->unmapped)
			region_free(file, region);
		return;
	}
}

/* The page size of the machine, by which mappings are aligned.  On arm64 it may
   be larger than PAGE_SIZE_. */
static size_t machine_page(void)
{
	size_t size = sysconf(_SC_PAGESIZE);

	return size > PAGE_SIZE_ ? size : PAGE_SIZE_;
}

static void *map(struct shim_file *file, size_t size, int protection,
	struct region *region)
{
	void *address;

	if (!claim_pages(file->local, size / PAGE_SIZE_,
		    machine_page() / PAGE_SIZE_, &region->page))
		return MAP_FAILED;
	address = kernel_map(size, protection, MAP_SHARED, file->memory,
		USBFS_DATA_OFFSET + region->page * PAGE_SIZE_);
	if (address == MAP_FAILED) {
		mark_pages(file->local, region->page, size / PAGE_SIZE_, false);
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
	pthread_mutex_lock(&file->local->lock);
	for (unsigned i = 0; i < REGIONS && region == NULL; i++)
		if (file->local->regions[i].address == NULL)
			region = &file->local->regions[i];
	if (region && memory_charge(file, size)) {
		address = map(file, size, protection, region);
		if (address == MAP_FAILED)
			memory_release(file, size);
	}
	pthread_mutex_unlock(&file->local->lock);
	if (address == MAP_FAILED)
		errno = ENOMEM;
	return address;
}

bool shim_unmap(void *address, size_t size)
{
	for (struct shim_file *file = shim_files_next(NULL); file;
		file = shim_files_next(file)) {
		struct region *region = NULL;
		bool found;

		pthread_mutex_lock(&file->local->lock);
		for (unsigned i = 0; i < REGIONS && region == NULL; i++)
			if (file->local->regions[i].address == address &&
				!file->local->regions[i].unmapped)
				region = &file->local->regions[i];
		found = region != NULL;
		if (found) {
			region->unmapped = true;
			syscall(SYS_munmap, address, region->size);
			if (region->users == 0)
				region_free(file, region);
		}
		pthread_mutex_unlock(&file->local->lock);
		if (found)
			return true;
	}
	(void)size;
	return false;
}
