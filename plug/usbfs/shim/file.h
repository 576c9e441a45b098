/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An open device file on the shim's side, and the functions that the shim's
 * files share.  plug/usbfs/shim/shim.c and path.c need shim.h only.
 */
#ifndef PLUG_SHIM_FILE_H
#define PLUG_SHIM_FILE_H

#include <linux/usbdevice_fs.h>
#include <pthread.h>

#include "shim.h"
#include "plug/usbfs/wire.h"

#define PAGE_SIZE_ 4096u
#define PAGES      (USBFS_DATA_SIZE / PAGE_SIZE_)
#define NO_SLOT    UINT32_MAX

/* The shim's part of a slot, which the host cannot write. */
struct shim_slot {
	struct usbdevfs_urb *urb; /* NULL = free */
	uint32_t page, pages;     /* of the data; a free slot may have some */
	uint32_t bytes;           /* that count against the limit */
	uint32_t next_free;
	bool mapped; /* the data is the program's own buffer */
};

#define REGIONS 64

/* A buffer that the program has mapped. */
struct region {
	uint8_t *address; /* NULL = free */
	size_t size;
	uint32_t page;
	uint32_t users; /* submitted URBs with data in this buffer */
	bool unmapped;  /* to be freed when `users` is 0 */
};

/* Memory of a file that a process shares with its forks, and not with the
   host. */
struct shim_private {
	_Atomic bool broken; /* the host sent nonsense: as after an unplug */
	uint32_t command_tail, done_head;
	pthread_mutex_t lock; /* of the rings, the slots and all below */
	pthread_mutex_t request_lock; /* held from request to reply */
	uint32_t free_slot;           /* head of the list of free slots */
	uint32_t fresh_slot;          /* this slot and later ones are unused */
	struct region regions[REGIONS];
	uint64_t pages_used[PAGES / 64];
	struct shim_slot slots[USBFS_SLOTS];
};
_Static_assert(PAGES % 64 == 0, "whole words");

struct shim_file {
	int fd; /* the program's descriptor: the pipe's write end */
	int socket, wake, memory;
	bool writable;
	unsigned bus, address;
	_Atomic int64_t position; /* of read(), in the descriptors */
	struct usbfs_shared *shared;
	struct shim_private *local;
	struct usbfs_global *global;
	uint8_t *data;
};

/*
 * The host is another program: what it writes is read once, and checked.  If it
 * is nonsense, the file behaves as if the device had been unplugged.
 */

/* ---- plug/usbfs/shim/memory.c ----------------------------------------- */

/* The caller of these functions holds the lock. */
bool memory_charge(struct shim_file *file, uint64_t bytes);
void memory_release(struct shim_file *file, uint64_t bytes);
uint32_t slot_new(struct shim_file *file);
void slot_free(struct shim_file *file, uint32_t index);
/* Reserve pages for the data of a slot: false if there are none. */
bool slot_room(struct shim_file *file, uint32_t index, uint32_t size);
/* The slot's data, by the shim's own record: the host can write slot.offset. */
uint8_t *slot_data(struct shim_file *file, uint32_t index);
/* Release the slot's pages: its data is in a mapped buffer. */
void slot_drop(struct shim_file *file, uint32_t index);
/* The mapped buffer that contains all these bytes, or NULL. */
struct region *region_of(
	struct shim_file *file, const void *data, uint32_t size);
void region_leave(struct shim_file *file, uint32_t page);

/* ---- plug/usbfs/shim/urb.c -------------------------------------------- */

long urb_submit(struct shim_file *file, struct usbdevfs_urb *urb);
long urb_discard(struct shim_file *file, struct usbdevfs_urb *urb);
long urb_reap(struct shim_file *file, void **ret_urb, bool wait);
/* USBDEVFS_CONTROL and _BULK: a transfer, and the wait for its end. */
long urb_transfer(struct shim_file *file, uint8_t endpoint,
	const struct usb_setup *setup, void *data, uint32_t length,
	uint32_t timeout_ms);

/* ---- plug/usbfs/shim/file.c ------------------------------------------- */

/* The next open file of this process; the first after NULL. */
struct shim_file *shim_files_next(struct shim_file *file);

long shim_request(struct shim_file *file, enum usbfs_op op, uint32_t a,
	uint32_t b, uint32_t timeout_ms);
/* Whether the device is unplugged, or the host has failed. */
bool shim_gone(const struct shim_file *file);
/* Claim an interface if it is not claimed, as the kernel does when an unclaimed
   interface is used: 0 or -errno. */
long shim_check_claim(struct shim_file *file, int interface);
/* Wake the host if it sleeps. */
void shim_wake(struct shim_file *file);
/* Put a command into the ring: a slot, or USBFS_CANCEL and a slot. */
void shim_command(struct shim_file *file, uint32_t command);

#endif
