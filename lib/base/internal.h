/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of libclyde share: the macros by which a call of clyde.h
 * enters, the structures of context and device, and the functions that one
 * folder of lib offers to another.  A function that takes a context or a device
 * must be called with the tree locked: inside a CALL, or in a destroy().
 */
#ifndef LIB_INTERNAL_H
#define LIB_INTERNAL_H

#include <errno.h>

#include "clyde.h"
#include "lib/link/capture/pcap.h"
#include "error.h"
#include "lib/link/link.h"
#include "log.h"
#include "handle.h"
#include "interrupt.h"
#include "wire/mgmt.h"
#include "wire/regs.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"the structures in wire/ go to the device as they lie in memory");

#define CLYDE_API __attribute__((visibility("default")))

/*
 * A call of clyde.h: look the handle up, evaluate the expression, in which
 * `self` is the object itself, and leave.  CALL locks the tree meanwhile;
 * PINNED only keeps the object from being destroyed.
 */
#define CALL(self, handle, expression) \
	CALL_BETWEEN(object_enter, object_leave, self, handle, expression)
#define PINNED(self, handle, expression) \
	CALL_BETWEEN(object_pin, object_unpin, self, handle, expression)
#define CALL_BETWEEN(enter, leave, self, handle, expression) \
	({                                                   \
		typeof(handle) self = handle;                \
		ssize_t result_;                             \
                                                             \
		error_enter();                               \
		result_ = enter(&self);                      \
		if (result_ == 0) {                          \
			result_ = (expression);              \
			leave(&self->object);                \
		}                                            \
		error_leave(result_);                        \
	})

/* How much of the system's memory USB transfers may take, MB. */
#define USB_MEMORY_SETTING "/sys/module/usbcore/parameters/usbfs_memory_mb"

struct clyde_context {
	struct object object; /* first in every object */
	struct tree tree;
	char notice[ERROR_SIZE]; /* see clyde_context_notice(); or empty */
	struct interrupt *interrupt;
	LIST_HEAD(, link) kept; /* used by no device, see lib/link/cache.c */
	LIST_HEAD(, claim) claimed; /* see lib/run/claim.h */
	struct log log;
	struct capture *capture; /* NULL: none */
};

/* lib/link/cache.c.  link_put(): close a link, or keep it for the next open if
   `kept` is set in it.  link_take(): the kept link of this URI, taken out of
   the list, or NULL.  link_drop_all(): close all kept links. */
void link_put(
	struct clyde_context *context, const char *uri, struct link *link);
struct link *link_take(struct clyde_context *context, const char *uri);
void link_drop_all(struct clyde_context *context);

struct mgmt;

struct clyde_device {
	struct object object;
	struct clyde_context *context;
	struct link *link;
	struct mgmt *mgmt;
	struct clyde_device_info info;
	uint8_t revision; /* enum revision */
	struct clyde_pipe *pipes[CLYDE_PIPE_COUNT];
	uint8_t routes[PIN_COUNT]; /* last value written to each REG_PIN */
	/* Since the FPGA was loaded: whether REG_MAP was checked, and the cores
	   that were, 1 << enum core_place each. */
	bool map_checked;
	uint32_t cores_checked;
	/* The core that clyde_core_attach() has set for each pipe, enum
	   core_place. */
	uint8_t attached[CLYDE_PIPE_COUNT];
	/* Neither an interrupt nor a close ends a command: what a run did to
	   the device is being undone. */
	bool uninterruptible;
};

/*
 * The device that a URI and a serial number mean: an open link to the device,
 * which the caller gives to link_put() or closes, and what the device's
 * descriptors say: see descriptor_recall_info().
 */
int device_find(struct clyde_context *context, const char *uri,
	const char *serial, struct link **ret_link,
	struct clyde_device_info *ret_info, uint8_t *ret_revision);

/* The provider for a URI, NULL being "usb:", and the URI's part behind
   "scheme:"; or CLYDE_ERROR_INVALID. */
int provider_find(const char *uri, const struct link_provider **ret_provider,
	const char **ret_rest);

/*
 * Get what a device's descriptors say, and the error that opening it would
 * give, without disturbing a program that uses the device.  Fails with
 * CLYDE_ERROR_NO_DEVICE if the device has left, and for errors that do not
 * concern this device alone, such as CLYDE_ERROR_NO_MEMORY.
 */
int device_inspect(struct clyde_context *context, struct link_place *place,
	struct clyde_device_info *info);

/* A monitor of the devices that a provider has. */
int monitor_make(struct clyde_context *context,
	const struct link_provider *provider, const char *specification,
	struct clyde_monitor **ret_monitor);

/*
 * The same for the one device that a URI names, which may have no valid
 * configuration block: CLYDE_ERROR_INVALID if the URI is that of any device.
 */
int device_find_named(struct clyde_context *context, const char *uri,
	struct link **ret_link, struct clyde_device_info *ret_info,
	uint8_t *ret_revision);

/* CLYDE_ERROR_API_LEVEL if the library does not speak its API level. */
int device_check_level(const struct clyde_device_info *info);

/* Configure a device whose level is right, and begin management. */
int device_start(struct clyde_device *device);

/* A device's name in an error message: its serial number, if it shows one. */
const char *device_name(const struct clyde_device_info *info);

/* How long the device may take over one management command or control transfer,
   and over a load of the FPGA.  We chose both: a command takes milliseconds, a
   load half a second. */
#define COMMAND_TIMEOUT_MS 1000
#define LOAD_TIMEOUT_MS    10000

/* Begin management, and end it: mgmt_free() is also for an mgmt_new() that has
   failed. */
int mgmt_new(struct clyde_device *device);
void mgmt_free(struct clyde_device *device);

/*
 * One management command and its reply.  reply_size bytes are expected after an
 * ACK.  When the device replies WAIT, the same request is sent again, until the
 * timeout.
 */
int mgmt_command(struct clyde_device *device, enum mgmt_code code,
	const void *request, size_t request_size, void *ret_reply,
	size_t reply_size);
int mgmt_command_for(struct clyde_device *device, enum mgmt_code code,
	const void *request, size_t request_size, void *ret_reply,
	size_t reply_size, int timeout_ms);
/* Give the device time before the command is repeated. */
int mgmt_pause(
	struct clyde_device *device, enum mgmt_code code, int timeout_ms);

/* The functions of clyde.h without the lock, for calls inside calls. */
clyde_ports ports_of(const struct clyde_device *device);
int check_ports(struct clyde_device *device, clyde_ports ports);
int fpga_status(struct clyde_device *device, uint8_t *ret_id);
int fpga_load(struct clyde_device *device, const void *bitstream, size_t size,
	const uint8_t *id);
int fpga_load_image(struct clyde_device *device);
/* Store a bitstream in the EEPROMs, or for a size of 0 that there is none; the
   device also writes size and id into its configuration block.  The supplies
   are off and the FPGA is empty after that. */
int fpga_store(struct clyde_device *device,
	const struct mgmt_bitstream *bitstream, const uint8_t *bytes,
	const struct clyde_observer *observer);
int eeprom_read(struct clyde_device *device, uint16_t address, uint8_t *data,
	size_t size);
int eeprom_write(struct clyde_device *device, uint16_t address,
	const uint8_t *data, size_t size);
int fpga_runs_image(struct clyde_device *device); /* 1 or 0 */
int register_read(
	struct clyde_device *device, uint8_t address, void *data, size_t size);
int register_write(struct clyde_device *device, uint8_t address,
	const void *data, size_t size);
int pipe_make(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);
int supplies_get(struct clyde_device *device, uint16_t ret_mv[PORT_COUNT]);
/* The voltages that a specification asks for; an error if the device cannot
   supply one of them.  mv[] of a port that is not given stays as it is. */
int supplies_wanted(struct clyde_device *device,
	const struct clyde_supply supply[PORT_COUNT], uint16_t mv[PORT_COUNT]);
/* The pulls of all ports.  Those of a port whose supply is off are not valid:
   see get_pulls() in ports.c. */
int pulls_of_supplied(
	struct clyde_device *device, uint8_t *ret_down, uint8_t *ret_up);
int pull_set(struct clyde_device *device, unsigned port, uint8_t mask,
	uint8_t down, uint8_t up);

/* For a device that is being closed: undo what its runs did to pins and pulls,
   except for runs that keep their pins.  Objects of lib/core are closed before,
   and have dropped their claims. */
void cores_forget(struct clyde_device *device);

/* Clyde's image. */
extern const uint8_t image_id[FPGA_ID_SIZE];
extern const uint8_t image_bytes[];
extern const size_t image_size;

#endif
