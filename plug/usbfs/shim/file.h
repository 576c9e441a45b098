/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The shim's half of an open device file. */
#ifndef VIRTUAL_SHIM_FILE_H
#define VIRTUAL_SHIM_FILE_H

#include <linux/usbdevice_fs.h>
#include <pthread.h>

#include "shim.h"
#include "plug/usbfs/wire.h"

#define PAGE_SIZE_ 4096u
#define PAGES      (USBFS_DATA_SIZE / PAGE_SIZE_)
#define NO_SLOT    UINT32_MAX

/* What the shim keeps of a slot. */
struct use {
	struct usbdevfs_urb *urb; /* NULL = free */
	uint32_t page, pages;     /* of the data; kept for the next use */
	uint32_t bytes;           /* of the limit */
	uint32_t next_free;
	bool mapped; /* the data is the program's own buffer */
};

/* A buffer that the program has mapped. */
#define REGIONS 64

struct region {
	uint8_t *address; /* NULL = free */
	size_t size;
	uint32_t page;
	uint32_t users; /* URBs that are under way in it */
	bool unmapped;  /* to be freed with the last of them */
};

/* One for a process and its forks, and not the host's to see. */
struct shim_private {
	_Atomic bool broken; /* what the host says makes no sense */
	uint32_t command_tail, done_head;
	pthread_mutex_t lock;         /* of all below */
	pthread_mutex_t request_lock; /* one on the socket at a time */
	uint32_t free_slot;           /* the last one that was used */
	uint32_t fresh_slot;          /* never used from here on */
	struct region regions[REGIONS];
	uint64_t pages_used[PAGES / 64];
	struct use uses[USBFS_SLOTS];
};
_Static_assert(PAGES % 64 == 0, "whole words");

struct shim_file {
	int fd; /* the program's */
	int socket, wake, memory;
	bool writable;
	unsigned bus, address;
	_Atomic int64_t position; /* of read(), in the descriptors */
	struct usbfs_shared *shared;
	struct shim_private *private;
	struct usbfs_world *world;
	uint8_t *data;
};

/*
 * The host is another program: what it writes is read once, and checked.  If
 * it is nonsense, the device is as if it had been unplugged.
 */

/* ---- plug/usbfs/shim/memory.c ---------------------------------------------------- */

/* All of it under the lock. */
bool memory_charge(struct shim_file *file, uint64_t bytes);
void memory_release(struct shim_file *file, uint64_t bytes);
uint32_t slot_new(struct shim_file *file);
void slot_free(struct shim_file *file, uint32_t index);
/* Room for the data of a slot: false if there is none. */
bool slot_room(struct shim_file *file, uint32_t index, uint32_t size);
/* Where its data is, wherever the host says it is. */
uint8_t *slot_data(struct shim_file *file, uint32_t index);
/* It needs no room: its data is in a mapped buffer. */
void slot_drop(struct shim_file *file, uint32_t index);
/* The mapped buffer that holds all of this, or NULL. */
struct region *region_of(
	struct shim_file *file, const void *data, uint32_t size);
void region_leave(struct shim_file *file, uint32_t page);

/* ---- plug/usbfs/shim/urb.c ------------------------------------------------------- */

long urb_submit(struct shim_file *file, struct usbdevfs_urb *urb);
long urb_discard(struct shim_file *file, struct usbdevfs_urb *urb);
long urb_reap(struct shim_file *file, void **ret_urb, bool wait);
/* USBDEVFS_CONTROL and _BULK: carry it, and wait for it. */
long urb_transfer(struct shim_file *file, uint8_t endpoint,
	const struct usb_setup *setup, void *data, uint32_t length,
	uint32_t timeout_ms);

/* ---- plug/usbfs/shim/file.c ------------------------------------------------------ */

/* The files of this process, one after the other from NULL. */
struct shim_file *shim_files_next(struct shim_file *file);

long shim_request(struct shim_file *file, enum usbfs_op op, uint32_t a,
	uint32_t b, uint32_t timeout_ms);
/* The device has gone, or who has it: for this file it is the same. */
bool shim_gone(const struct shim_file *file);
/* Claim what is used unclaimed, as the kernel does: 0 or -errno. */
long shim_check_claim(struct shim_file *file, int interface);
void shim_wake(struct shim_file *file);
/* Give the host a slot, or take one back. */
void shim_command(struct shim_file *file, uint32_t command);

#endif
