/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the emulated usbfs's host share.  The shim must not include
   this header: plug/usbfs/wire.h is all that host and shim share. */
#ifndef PLUG_USBFS_INTERNAL_H
#define PLUG_USBFS_INTERNAL_H

#include <sys/queue.h>
#include <sys/types.h>

#include "host.h"
#include "wire.h"

#define USBFS_PLUGS_MAX        8
#define USBFS_DESCRIPTORS_SIZE 1024

/* What `user` of each URB points at: the function to call when the URB is
   done. */
struct completion {
	void (*done)(struct completion *completion, struct urb *urb);
};

struct control_sequence;

LIST_HEAD(host_files, host_file);
LIST_HEAD(control_sequences, control_sequence);

struct host_device {
	struct usbfs_host *host;
	struct plug *plug;
	unsigned port;    /* of the bus, from 1 */
	unsigned address; /* a new one whenever the device comes back */
	bool gone;        /* left, and all files and monitors know */
	unsigned resets;  /* bus_resets() that were handled */
	struct usbfs_map map;
	uint8_t configuration;
	uint8_t alternate[USB_IFACE_COUNT];
	struct host_file *claims[USB_IFACE_COUNT];
	uint8_t claims_shown; /* bit n: the tree shows interface n as claimed */
	struct host_files files;
	struct control_sequences sequences; /* whose transfers are on the bus */
	/* As in the kernel's file "descriptors": device, then configuration */
	uint8_t descriptors[USBFS_DESCRIPTORS_SIZE];
	uint16_t descriptors_size;
	char strings[USB_STRING_SERIAL + 1][128];
};

/* The host's part of a slot, which the shim cannot write. */
struct host_slot {
	struct completion completion; /* first */
	struct host_file *file;
	struct urb urb;
	struct urb zero; /* the empty packet that follows `urb` */
	uint64_t number; /* in the order of submission */
	int status;      /* of the first of the two URBs that failed */
	uint8_t flags;
	uint8_t pending;  /* how many of the two URBs are on the bus */
	bool synchronous; /* by USBFS_TRANSFER */
};

struct host_file {
	struct usbfs_host *host;
	LIST_ENTRY(host_file) in_host;
	LIST_ENTRY(host_file) in_device; /* if `device` is not NULL */
	struct host_device *device;      /* NULL before USBFS_OPEN */
	int socket;
	int pipe;     /* the read end; -1 = none */
	ino_t inode;  /* of the pipe */
	bool waiting; /* a request is being carried out */
	bool broken;  /* the client sent nonsense: close the file */
	bool gone;    /* the device has left; also after it came back */
	bool signal;  /* make the pipe writable: slots are done */
	struct usbfs_shared *shared;
	uint8_t *data;
	uint32_t command_head, done_tail;
	uint64_t submitted;
	struct control_sequence *sequence; /* of the request in progress */
	/* Bulk endpoints on which a split transfer ended early, by bit */
	uint32_t continuations_refused;
	unsigned slots_used; /* one more than the highest slot ever used */
	struct host_slot *slots;
};

struct usbfs_host {
	char base[64];      /* where the folder is, or was to be */
	char directory[80]; /* the folder; empty if there is none */
	int lock;           /* descriptor that holds the lock on the folder */
	int failed;         /* -errno of the first file that was not written */
	int listener, epoll, wake, stop;
	int global_fd;
	struct usbfs_global *global;
	unsigned count;
	struct host_device devices[USBFS_PLUGS_MAX];
	struct host_files files;
	unsigned addresses; /* that were given to devices */
	unsigned missing;   /* devices that could not be enumerated */
	unsigned uevents;
};

/* ---- plug/usbfs/folder.c ---------------------------------------------- */

/* Make the host's folder, and remove folders that killed hosts have left: 0 or
   -errno. */
int folder_new(struct usbfs_host *host);
void folder_free(struct usbfs_host *host);

/* Remove a folder and all that is in it. */
void folder_remove(const char *path);

/* ---- plug/usbfs/host.c ------------------------------------------------ */

int host_watch(struct usbfs_host *host, int fd, void *source);
void file_close(struct host_file *file);

/* Run the devices' buses, and take commands from the files' rings.  True if
   something happened. */
bool host_run(struct usbfs_host *host);

/* Handle the sockets; `sleep`: first wait until a socket is ready or a bus has
   to run.  1 to stop, 0, or -errno. */
int host_poll(struct usbfs_host *host, bool sleep);

/* ---- plug/usbfs/file.c: the rings ------------------------------------- */

int file_open(struct host_file *file, int fds[USBFS_FDS]);
void file_free(struct host_file *file);

/* Subtract the file's bytes from those in use by all files. */
void file_discharge(struct host_file *file);

/* Carry out the commands in the ring, up to the first cancel: a kernel waits
   for each cancel while the bus goes on.  False if the ring was empty. */
bool file_take_commands(struct host_file *file);
bool file_has_commands(const struct host_file *file);

/* Submit a slot's URB: 0 or -errno; -EPROTO if the client must not do this. */
int file_submit(struct host_file *file, uint32_t slot, bool synchronous);

/* Make poll() report that URBs can be reaped. */
void file_signal(struct host_file *file);

/* Cancel the URBs on an interface's endpoints, or with -1 all. */
void file_cancel(struct host_file *file, int interface);

/* The device has left: poll() reports POLLERR from now on. */
void file_unplug(struct host_file *file);
void file_show_state(struct host_file *file);

/* ---- plug/usbfs/request.c: the socket --------------------------------- */

void request_handle(
	struct host_file *file, const struct usbfs_request *request);
void file_reply(struct host_file *file, int result, uint32_t value);

/* The file is closed: release what it has claimed. */
void file_release_all(struct host_file *file);

/* When the first of the device's control transfers for a request times out, or
   TICK_NEVER; and cancel those that have. */
tick sequences_due(const struct host_device *device);
void sequences_end_late(struct host_device *device, tick now);

/* The device was reset, by a program or a fault: no interface is claimed any
   more, and their settings 0 are selected. */
void device_unclaim(struct host_device *device);

/* Find the files whose sockets the clients have closed, and release their
   claims and memory.  A kernel does that in close(); the host learns of a close
   later, by the socket. */
void files_check_closed(struct usbfs_host *host);

/* ---- plug/usbfs/device.c ---------------------------------------------- */

/* Enumerate a device: give it an address, read its descriptors, configure it.
   -EPROTO if the descriptors are not valid. */
int device_enumerate(struct host_device *device);

/* Handle the completed URBs of its bus.  False if there were none. */
bool device_reap(struct host_device *device);

/* ---- plug/usbfs/uevent.c ---------------------------------------------- */

/* Send the event "add" or "remove" to all monitors. */
void uevent_send(struct host_device *device, const char *action);

/* ---- plug/usbfs/tree.c ------------------------------------------------ */

int tree_new(struct usbfs_host *host, const struct usbfs_options *options);
int tree_add(struct host_device *device);
void tree_remove(struct host_device *device);

/* Show which interfaces are claimed, as the kernel does: their driver is
   usbfs. */
void tree_show_claims(struct host_device *device);

/* Show, or no longer show, that a client's pipe stands for a device file, for
   programs that look which files other programs have open. */
void tree_show_file(const struct host_file *file);
void tree_hide_file(const struct host_file *file);
void tree_free(struct usbfs_host *host);

#endif
