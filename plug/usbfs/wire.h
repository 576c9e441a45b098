/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The protocol between the shim in COMMAND and the host in `clyde virtual`: a
 * socket for rare requests, and for each open device file shared memory with
 * two rings, a table of URBs and their data.  Neither side may trust what the
 * other writes: read once, then check.
 *
 * The shim connects to USBFS_SOCKET in the directory that USBFS_ENVIRONMENT
 * names, sends USBFS_OPEN, and receives descriptors: the file's memory, the
 * page that all files share, the eventfd that wakes the host, and the write end
 * of a pipe of one slot.  COMMAND holds that write end as its device file.
 * While the slot is full, poll() reports nothing; when a URB can be reaped, the
 * host empties the slot, and poll() reports POLLOUT; when the device is
 * unplugged, or the host dies, the read end is closed, and poll() reports
 * POLLERR.
 */
#ifndef PLUG_USBFS_WIRE_H
#define PLUG_USBFS_WIRE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/usb.h"

#define USBFS_ENVIRONMENT "CLYDE_USBFS"
#define USBFS_SOCKET      "socket"
#define USBFS_UEVENTS     "uevents" /* PID-FD-GROUPS: monitors' sockets */
#define USBFS_PIPES       "pipes"   /* by inode: links to device files */

/* Groups of NETLINK_KOBJECT_UEVENT, as bits. */
#define USBFS_GROUP_KERNEL 1
#define USBFS_GROUP_UDEV   2

#define USBFS_BUS      1 /* /dev/bus/usb/001 */
#define USBFS_ROOT_HUB 1 /* its address */
#define USBFS_ADDRESS  2 /* of the first device */

/* ---- The socket ------------------------------------------------------- */

enum usbfs_op {
	USBFS_OPEN,          /* a = bus, b = address: once, first */
	USBFS_CLAIM,         /* a = interface */
	USBFS_RELEASE,       /* a = interface */
	USBFS_SET_INTERFACE, /* a = interface, b = alternate setting */
	USBFS_SET_CONFIGURATION,
	USBFS_CLEAR_HALT, /* a = endpoint */
	USBFS_RESET,
	USBFS_TRANSFER,     /* a = slot: submit it, reply when it is done */
	USBFS_CHECK_CLOSED, /* release what closed files still hold */
	USBFS_ADMIT,        /* a = endpoint: may a bulk URB be submitted? */
	USBFS_OPS,
};

struct usbfs_request {
	uint32_t op;
	uint32_t a, b;
};
_Static_assert(sizeof(struct usbfs_request) == 12, "no padding");

/* One for each request, in order.  The reply to USBFS_OPEN carries
   descriptors, enum usbfs_fd. */
struct usbfs_reply {
	int32_t result; /* 0 or -errno */
	uint32_t value;
};
_Static_assert(sizeof(struct usbfs_reply) == 8, "no padding");

enum usbfs_fd {
	USBFS_FD_MEMORY,
	USBFS_FD_GLOBAL,
	USBFS_FD_WAKE,
	USBFS_FD_PIPE,
	USBFS_FDS,
};

/* ---- The page that all files share ------------------------------------ */

struct usbfs_global {
	_Alignas(64) _Atomic uint32_t asleep; /* the host wants to be woken */
	_Alignas(64) _Atomic uint64_t bytes;  /* of the limit, in use */
	uint64_t bytes_max;                   /* usbfs_memory_mb */
	uint32_t capabilities;                /* USBDEVFS_CAP_... */
};
_Static_assert(offsetof(struct usbfs_global, capabilities) == 80,
	"the same on every machine");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
	"a lock would be one process's, and not the other's");

/* ---- An open file's memory -------------------------------------------- */

#define USBFS_SLOTS       4096
#define USBFS_COMMANDS    (2 * USBFS_SLOTS)
#define USBFS_CANCEL      0x80000000u /* a command: cancel this slot */
#define USBFS_SIGNAL      0x40000000u /* a command: make poll() report */
#define USBFS_DATA_OFFSET 0x200000u
#define USBFS_DATA_SIZE   0x3000000u
#define USBFS_MEMORY_SIZE (USBFS_DATA_OFFSET + USBFS_DATA_SIZE)

enum usbfs_flag {
	USBFS_SHORT_NOT_OK = 1 << 0,
	USBFS_CONTINUATION = 1 << 1,
	USBFS_ZERO_PACKET = 1 << 2,
	USBFS_CONTROL = 1 << 3, /* the data begins with the SETUP packet */
};

/* A URB: the shim writes the first half before it puts the slot into the
   commands, the host the second before it puts the slot into `done`. */
struct usbfs_slot {
	_Alignas(32) uint32_t offset; /* of the URB's data in the data area */
	uint32_t length;              /* of the URB's data */
	uint8_t endpoint;
	uint8_t flags;
	_Atomic uint8_t over; /* set by the host, cleared by the shim */
	uint8_t pad;
	int32_t status; /* 0 or -errno, as in usbfs */
	uint32_t actual;
};
_Static_assert(sizeof(struct usbfs_slot) == 32, "a half cache line");

enum usbfs_claim {
	USBFS_CLAIM_NONE,
	USBFS_CLAIM_OTHER,
	USBFS_CLAIM_MINE,
};

/* The interfaces and endpoints of a device's configuration, in all alternate
   settings.  A device that comes back is another device, so the map of an open
   file never changes. */
struct usbfs_map {
	uint8_t alternates[USB_IFACE_COUNT]; /* 0: no such interface */
	/* By endpoint: interface + 1, or 0; with USBFS_AT_ZERO if the setting 0
	   of the interface has the endpoint, too. */
	uint8_t owners[32];
};

#define USBFS_AT_ZERO 0x80

static inline unsigned usbfs_endpoint_index(uint8_t endpoint)
{
	return (endpoint & USB_ENDPOINT_MASK) |
		(endpoint & USB_DIR_IN ? 16 : 0);
}

/* The interface that an endpoint belongs to; -1 if there is no such
   endpoint. */
static inline int usbfs_interface_of(
	const struct usbfs_map *map, unsigned endpoint)
{
	int interface;

	if (endpoint & ~(USB_DIR_IN | USB_ENDPOINT_MASK))
		return -1;
	interface =
		(map->owners[usbfs_endpoint_index(endpoint)] & ~USBFS_AT_ZERO) -
		1;
	return interface < USB_IFACE_COUNT ? interface : -1;
}

/* Whether an endpoint of the map is not there in this setting of its interface.
   Settings but 0 are not told apart. */
static inline bool usbfs_endpoint_off(
	const struct usbfs_map *map, unsigned endpoint, uint8_t alternate)
{
	return alternate == 0 &&
		!(map->owners[usbfs_endpoint_index(endpoint)] & USBFS_AT_ZERO);
}

/* The device's state, written by the host: the shim answers an ioctl with an
   error from it without a request. */
struct usbfs_state {
	_Atomic uint8_t alternate[USB_IFACE_COUNT];
	_Atomic uint8_t claimed[USB_IFACE_COUNT]; /* enum usbfs_claim */
	_Atomic uint8_t configuration;
	_Atomic uint8_t gone;     /* unplugged; nothing more will complete */
	_Atomic uint8_t must_ask; /* USBFS_ADMIT before each bulk URB */
	struct usbfs_map map;
};

struct usbfs_shared {
	/* The ring of commands, from the shim. */
	_Alignas(64) _Atomic uint32_t command_tail;
	_Alignas(64) _Atomic uint32_t command_head;
	/* The ring of slots that are done, from the host. */
	_Alignas(64) _Atomic uint32_t done_tail;
	_Alignas(64) _Atomic uint32_t done_head;
	/* The pipe's slot is empty: poll() reports POLLOUT. */
	_Alignas(64) _Atomic uint32_t signalled;
	/* This file's part of usbfs_global.bytes, for the host to subtract if
	   the process dies. */
	_Alignas(64) _Atomic uint64_t bytes;
	struct usbfs_state state;
	_Alignas(64) uint32_t commands[USBFS_COMMANDS];
	uint32_t done[USBFS_SLOTS];
	struct usbfs_slot slots[USBFS_SLOTS];
};
_Static_assert(offsetof(struct usbfs_shared, commands) == 384 &&
		sizeof(struct usbfs_shared) ==
			384 + 4 * (USBFS_COMMANDS + USBFS_SLOTS) +
				USBFS_SLOTS * sizeof(struct usbfs_slot),
	"the same on every machine");
_Static_assert(
	sizeof(struct usbfs_shared) <= USBFS_DATA_OFFSET, "the data follows");

#endif
