/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the emulated usbfs's device side share. */
#ifndef VIRTUAL_USBFS_INTERNAL_H
#define VIRTUAL_USBFS_INTERNAL_H

#include <sys/queue.h>
#include <sys/types.h>

#include "host.h"
#include "wire.h"

#define USBFS_PLUGS_MAX        8
#define USBFS_DESCRIPTORS_SIZE 1024

/* What an URB's user points at: who hears that it is done. */
struct job {
	void (*done)(struct job *job, struct urb *urb);
};

struct errand;

LIST_HEAD(host_files, host_file);

struct host_device {
	struct usbfs_host *host;
	struct plug *plug;
	unsigned port;    /* of the bus, from 1 */
	unsigned address; /* another whenever it comes back */
	bool gone;        /* told to everybody */
	unsigned resets;  /* of its bus, that are noticed */
	struct usbfs_map map;
	uint8_t configuration;
	uint8_t alternate[USB_IFACE_COUNT];
	struct host_file *claims[USB_IFACE_COUNT];
	uint8_t claims_shown; /* in the tree, by bit */
	struct host_files files;
	/* As the kernel's file "descriptors": device, then configuration */
	uint8_t descriptors[USBFS_DESCRIPTORS_SIZE];
	uint16_t descriptors_size;
	char strings[USB_STRING_SERIAL + 1][128];
};

/* The host's half of a slot. */
struct host_slot {
	struct job job; /* first */
	struct host_file *file;
	struct urb urb;
	struct urb zero; /* the empty packet behind it */
	uint64_t number; /* in the order of submission */
	int status;      /* of the first of both that failed */
	uint8_t flags;
	uint8_t pending; /* how many of both are on the bus */
	bool asked;      /* by USBFS_TRANSFER */
};

struct host_file {
	struct usbfs_host *host;
	LIST_ENTRY(host_file) in_host;
	LIST_ENTRY(host_file) in_device; /* from when it is opened on */
	struct host_device *device;      /* NULL until it is opened */
	int socket;
	int pipe;     /* the end that is read; -1 = none */
	ino_t inode;  /* the pipe's */
	bool waiting; /* a request is being carried out */
	bool broken;  /* what came makes no sense: to be closed */
	bool gone;    /* its device has left, if it is back or not */
	bool signal;  /* done slots are to be told */
	struct usbfs_shared *shared;
	uint8_t *data;
	uint32_t command_head, done_tail;
	uint64_t submitted;
	struct errand *errand; /* that it waits for */
	/* Bulk endpoints that had a short one of a split transfer, by bit */
	uint32_t cut;
	unsigned slots_used; /* one more than the highest that ever was */
	struct host_slot *slots;
};

struct usbfs_host {
	char base[64];      /* where the folder is, or was to be */
	char directory[80]; /* the folder; empty if there is none */
	int lock;           /* on the folder */
	int failed;         /* the first file that could not be written: why */
	int listener, epoll, wake, stop;
	int world_fd;
	struct usbfs_world *world;
	unsigned count;
	struct host_device devices[USBFS_PLUGS_MAX];
	struct host_files files;
	unsigned addresses; /* that have been given */
	unsigned missing;   /* devices that could not be enumerated */
	unsigned uevents;
};

/* ---- plug/usbfs/folder.c --------------------------------------------------- */

/* Make the host's folder, and remove those that killed hosts have left. */
int folder_new(struct usbfs_host *host);
void folder_free(struct usbfs_host *host);

/* Remove a folder and all that is in it. */
void folder_remove(const char *path);

/* ---- plug/usbfs/host.c ----------------------------------------------------- */

int host_watch(struct usbfs_host *host, int fd, void *who);
void file_close(struct host_file *file);

/* The loop's two halves. */

/* Let the devices get on.  True if something happened. */
bool host_serve(struct usbfs_host *host);

/* Look at the sockets, or sleep until there is something: 1 to stop. */
int host_look(struct usbfs_host *host, bool sleep);

/* ---- plug/usbfs/file.c: the rings ------------------------------------------ */

int file_open(struct host_file *file, int fds[USBFS_FDS]);
void file_free(struct host_file *file);

/* Give back what the file has of the world's bytes. */
void file_discharge(struct host_file *file);

/* Take what the shim has queued, up to the first cancel: the kernel waits for
   each, and the bus goes on meanwhile.  False if there was nothing. */
bool file_take_commands(struct host_file *file);
bool file_has_commands(const struct host_file *file);

/* Carry a slot for USBFS_TRANSFER. */
int file_submit(struct host_file *file, uint32_t slot, bool asked);

/* Let poll() know of what is done. */
void file_signal(struct host_file *file);

/* End what is under way on an interface's endpoints, or on all. */
void file_cancel(struct host_file *file, int interface);

/* Nothing more will come: POLLERR. */
void file_unplug(struct host_file *file);
void file_show_state(struct host_file *file);

/* ---- plug/usbfs/request.c: the socket -------------------------------------- */

void request_handle(
	struct host_file *file, const struct usbfs_request *request);
void file_reply(struct host_file *file, int result, uint32_t value);

/* The file is closed: release what it has claimed. */
void file_release_all(struct host_file *file);

/* Another program has reset the device: the kernel has taken usbfs off all
   interfaces, which selects their settings 0. */
void device_unclaim(struct host_device *device);

/* A file counts as closed from the client's close() on, also if the host learns
   of the close later. */
void files_settle(struct usbfs_host *host);

/* ---- plug/usbfs/device.c --------------------------------------------------- */

/* Enumerate: give it an address, read descriptors, configure.  -EPROTO if
   what it says of itself makes no sense. */
int device_enumerate(struct host_device *device);

/* Take what has completed on its bus.  False if nothing had. */
bool device_reap(struct host_device *device);

/* ---- plug/usbfs/uevent.c --------------------------------------------------- */

/* "add" or "remove", to all who listen. */
void uevent_send(struct host_device *device, const char *action);

/* ---- plug/usbfs/tree.c: what stands in files ------------------------------- */

int tree_new(struct usbfs_host *host, const struct usbfs_options *options);
int tree_add(struct host_device *device);
void tree_remove(struct host_device *device);

/* Which interfaces are claimed: the kernel says that usbfs drives them. */
void tree_show_claims(struct host_device *device);

/* Show that a client's pipe stands for a device, for programs that look which
   files other programs have open. */
void tree_show_file(const struct host_file *file);
void tree_hide_file(const struct host_file *file);
void tree_free(struct usbfs_host *host);

#endif
