/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * libclyde: the host system of the Glasgow Interface Explorer.
 *
 * A *device* is one instrument, real or virtual.  A *pipe* is one direction of
 * one of the byte streams between the host and the device's FPGA.  A *context*
 * owns devices, and a device owns pipes: closing an object closes what it owns.
 *
 *	struct clyde_context *context;
 *	struct clyde_device *device;
 *
 *	clyde_context_new(&context);
 *	if (clyde_device_open(context, "virtual:", NULL, &device) < 0)
 *		puts(clyde_error_message());
 *	...
 *	clyde_context_close(context);
 *
 * Results.  A function returns 0 or a count, or a negative value of enum
 * clyde_error.  Further results are written through the last parameters, whose
 * names begin with ret_; a call that fails does not write them.  After any
 * call that has failed, also one with a closed handle, clyde_error_message()
 * says in one line what went wrong and what to do.  A pointer may be NULL only
 * where the comment of the function or of the struct says so.
 *
 * Handles.  A pointer to one of these structs is a handle, not an address.  Its
 * value is the object's token, which no later object gets.  A call with NULL,
 * or with the handle of a closed object, returns CLYDE_ERROR_CLOSED; closing a
 * closed object does nothing.  A call with a handle of another kind, such as a
 * device where a pipe is expected, does nothing and returns
 * CLYDE_ERROR_WRONG_HANDLE.  Where a pointer has 32 bits, a process can create
 * 2^29 objects; creating another one returns CLYDE_ERROR_EXHAUSTED.  After a
 * fork() the parent's handles are closed in the child, and stay open in the
 * parent.  If the parent uses "usb:" at the fork, the child can use "virtual:",
 * but not "usb:" before an exec(): libusb's own thread does not exist in the
 * child, and may have held a lock, which stays locked there.
 *
 * Closing.  When a close returns, on any thread, the library does not use any
 * more what the caller gave to the object or to the objects that it owns:
 * memory of pipes, callbacks and their `user` pointers, attached descriptors.
 * The descriptor of clyde_device_poll_fd() is closed by then.  A close of an
 * object that another thread is closing waits until that close is finished.  A
 * log callback or an observer cannot close any object of any context, since
 * the close could wait for the call that the callback runs in: it fails with
 * CLYDE_ERROR_INSIDE, and the object stays open.  A closing function that
 * returns nothing reports this, and a handle of another kind, by
 * clyde_error_message() only.
 *
 * Time.  A timeout is in milliseconds on the link's clock.  With 0 a call does
 * not wait, with a negative timeout it waits without limit.  On a virtual
 * device time is virtual: it passes only while a call waits, and every run
 * repeats exactly.
 *
 * Threads.  A context and all it owns may be used from any thread, one call at
 * a time: a second call waits until the first has returned or waits itself.
 * Closing functions and clyde_context_interrupt() end the waits of other calls.
 * If another thread acquires a region of a pipe during the wait of a read or a
 * write, that call returns what it has moved, or CLYDE_ERROR_BUSY; if another
 * thread drops bytes of the call's stream by cancelling or resetting the pipe,
 * what it has moved, or CLYDE_ERROR_CANCELED.  A log callback may call nothing
 * but clyde_context_interrupt(), see clyde_context_log().
 *
 * The library never prints, never exits, and starts no thread.  The first call
 * for devices on "usb:" initialises libusb, which starts a thread that watches
 * for devices.
 */
#ifndef CLYDE_H
#define CLYDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct clyde_context;
struct clyde_device;
struct clyde_pipe;
struct clyde_run;
struct clyde_monitor;
struct clyde_spi;
struct clyde_flash;
struct clyde_jtag;

/* Identifies an object; never reused in a process.  0 identifies none. */
typedef uint64_t clyde_token;

/*
 * The errors; clyde_error_message() gives the details.  The number in brackets
 * is the exit status of the tool `clyde`, except in two cases: it is 85 if a
 * device is unplugged while in use, and 72 if a file cannot be read.
 */
enum clyde_error {
	/* errors: begin */
	/* [64] an argument is malformed or out of range */
	CLYDE_ERROR_INVALID = -1,
	/* [71] out of memory */
	CLYDE_ERROR_NO_MEMORY = -2,
	/* [71] the process has opened too many objects */
	CLYDE_ERROR_EXHAUSTED = -3,
	/* [70] the object is closed */
	CLYDE_ERROR_CLOSED = -4,
	/* [70] the handle is another kind of object's */
	CLYDE_ERROR_WRONG_HANDLE = -5,
	/* [70] the call would wait for the call that it is made in */
	CLYDE_ERROR_INSIDE = -6,
	/* [70] cancelled, or closed by another thread */
	CLYDE_ERROR_CANCELED = -7,
	/* [130] clyde_context_interrupt() was called */
	CLYDE_ERROR_INTERRUPTED = -8,
	/* [75] the deadline passed */
	CLYDE_ERROR_TIMEOUT = -9,
	/* [66] nothing is under way that could end this wait */
	CLYDE_ERROR_DEADLOCK = -10,
	/* [69] no device found, or it was unplugged */
	CLYDE_ERROR_NO_DEVICE = -11,
	/* [68] no device has this serial number */
	CLYDE_ERROR_NO_SERIAL = -12,
	/* [79] several devices, and no serial number to choose by */
	CLYDE_ERROR_AMBIGUOUS = -13,
	/* [77] no permission */
	CLYDE_ERROR_ACCESS = -14,
	/* [83] in use */
	CLYDE_ERROR_BUSY = -15,
	/* [78] the device speaks another API level */
	CLYDE_ERROR_API_LEVEL = -16,
	/* [65] a configuration block, bitstream or firmware is corrupt */
	CLYDE_ERROR_CORRUPT = -17,
	/* [76] the device broke the protocol */
	CLYDE_ERROR_PROTOCOL = -18,
	/* [82] the device refused a command */
	CLYDE_ERROR_REFUSED = -19,
	/* [80] a supply above the device's limit */
	CLYDE_ERROR_LIMIT = -20,
	/* [81] the FPGA did not configure */
	CLYDE_ERROR_FPGA = -21,
	/* [74] a transfer failed */
	CLYDE_ERROR_IO = -22,
	/* [74] an endpoint stalled */
	CLYDE_ERROR_STALL = -23,
	/* [74] the device sent more than a transfer holds */
	CLYDE_ERROR_BABBLE = -24,
	/* [74] another program reset the device, or took it */
	CLYDE_ERROR_RESET = -25,
	/* [74] the endpoint is off: its alternate setting was changed */
	CLYDE_ERROR_ENDPOINT_OFF = -26,
	/* [1] an applet found wrong data */
	CLYDE_ERROR_WRONG_DATA = -27,
	/* [87] the FPGA's image lacks a core */
	CLYDE_ERROR_NO_CORE = -28,
	/* [90] a core or its pipes are in use */
	CLYDE_ERROR_CORE_TAKEN = -29,
	/* [88] the device has no such pin */
	CLYDE_ERROR_NO_PIN = -30,
	/* [89] two functions on one pin */
	CLYDE_ERROR_PIN_TAKEN = -31,
	/* [91] a pin's port has no supply */
	CLYDE_ERROR_NO_SUPPLY = -32,
	/* [92] an address to listen at is in use */
	CLYDE_ERROR_ADDRESS = -33,
	/* [73] a file cannot be read or written */
	CLYDE_ERROR_FILE = -34,
	/* [70] this link, or this system, cannot do it */
	CLYDE_ERROR_UNSUPPORTED = -35,
	/* [95] the memory does not hold what was written */
	CLYDE_ERROR_VERIFY = -36,
	/* [96] a board of another revision than C0 to C3 */
	CLYDE_ERROR_REVISION = -37,
	/* [97] it does not fit into the EEPROMs */
	CLYDE_ERROR_TOO_LARGE = -38,
	/* [98] a backup of an EEPROM is cut short or damaged */
	CLYDE_ERROR_BACKUP = -39,
	/* [99] the board has a valid configuration block */
	CLYDE_ERROR_CONFIGURED = -40,
	/* [100] a program that does it is not installed */
	CLYDE_ERROR_NO_PROGRAM = -41,
	/* [101] no chip answers */
	CLYDE_ERROR_NO_CHIP = -42,
	/* [102] the chip is write protected */
	CLYDE_ERROR_PROTECTED = -43,
	/* [103] the chip was not ready within a limit */
	CLYDE_ERROR_LIMIT_PASSED = -44,
	/* [104] the bits of TDO are not those of a scan chain */
	CLYDE_ERROR_CHAIN = -45,
	/* [105] an SVF file is malformed */
	CLYDE_ERROR_SVF = -46,
	/* [106] TDO had other bits than a file expects */
	CLYDE_ERROR_MISMATCH = -47,
	/* errors: end */
};

/* One row of the table of errors; static. */
struct clyde_error_info {
	int value;           /* enum clyde_error */
	int exit_status;     /* of the tool */
	const char *name;    /* "NO_DEVICE" */
	const char *meaning; /* "no device found, or it was unplugged" */
};

/*
 * The message of the last failure on this thread: a sentence without a newline;
 * empty if no call has failed on this thread yet.  The string belongs to the
 * library and is valid until the next call of this thread that fails.  Calls
 * that succeed do not change it.
 */
const char *clyde_error_message(void);

/* The errors, by index from 0; NULL past the last. */
const struct clyde_error_info *clyde_error_at(size_t index);

/* The row of one enum clyde_error; NULL if no error has this value. */
const struct clyde_error_info *clyde_error_find(int value);

/* Version of the library, "0.1.0". */
const char *clyde_version(void);

/* ---- Context ---------------------------------------------------------- */

/* Create a context; close it with clyde_context_close(). */
int clyde_context_new(struct clyde_context **ret_context);

/* Close a context and all that it owns.  NULL does nothing. */
void clyde_context_close(struct clyde_context *context);

/*
 * A notice about a call that succeeded with less than was asked for, such as
 * fewer transfers in flight: one line, which also says how to get all of it,
 * cut off after size - 1 bytes.  Only the first notice of a context is kept.
 * Returns 1 if there is a notice, else 0.
 */
int clyde_context_notice(
	struct clyde_context *context, char *ret_text, size_t size);

/*
 * End every wait in this context with CLYDE_ERROR_INTERRUPTED, now and until
 * clyde_context_resume().  A wait for the reply to a command ends when the reply
 * has come, or after a second.  No byte is lost: after resuming, the bytes that
 * have arrived can be read.  Both may be called on any thread; the interrupt is
 * also safe in a signal handler.
 */
void clyde_context_interrupt(struct clyde_context *context);
void clyde_context_resume(struct clyde_context *context);

enum clyde_log_level {
	CLYDE_LOG_OFF,
	CLYDE_LOG_ERROR,   /* what failed, where, and why */
	CLYDE_LOG_WARNING, /* it works, but not as it should; alerts */
	CLYDE_LOG_INFO,    /* devices opened and closed */
	CLYDE_LOG_DEBUG,   /* alternate settings, the FPGA, pipes */
	CLYDE_LOG_TRACE,   /* every command, reply and transfer */
};

/*
 * Set the callback that gets the log messages up to this level.  A message is
 * one line without a newline; its time is that of the device's link, or 0
 * before a link is open.  The callback runs during the call that the message is
 * about, on the same thread, and never twice at once.  The only function that
 * it may call with an object of any context is clyde_context_interrupt().
 * Others, and every close, return CLYDE_ERROR_INSIDE: two callbacks that call
 * into each other's context could wait for each other.  An observer of a run
 * may call the library.  A callback of NULL turns the log off.  Once this
 * function has returned 0, the previous callback is not called any more.
 * Returns 0, or CLYDE_ERROR_INVALID for an unknown level.
 */
int clyde_context_log(struct clyde_context *context, enum clyde_log_level level,
	void (*callback)(void *user, enum clyde_log_level level,
		int64_t time_ns, const char *line),
	void *user);

/*
 * Write every transfer of the devices that are opened from now on to a pcap
 * file, which replaces a file of that name.  Times are those of each device's
 * link.  Each opened device gets the next USB address in the file, beginning
 * with 1.
 *
 * A call with a path of NULL, or with another path, ends the capture.  All
 * devices must be closed before, otherwise it returns CLYDE_ERROR_BUSY.
 *
 * A file that cannot be created is an error of this call.  If a later write
 * fails, because the disk is full, the transfers themselves go on: the file
 * ends with the last whole packet, the log gets a warning, and the call that
 * ends the capture returns the error.  Closing the context also ends a capture,
 * but does not report such an error.
 */
int clyde_context_capture(struct clyde_context *context, const char *path);

/* ---- Tokens ----------------------------------------------------------- */

/*
 * The token of an object.  It is computed from the handle alone, so the handle
 * of a closed object gives the token that the object had.  NULL, and a handle
 * of another kind, give 0.
 */
clyde_token clyde_context_token(const struct clyde_context *context);
clyde_token clyde_device_token(const struct clyde_device *device);
clyde_token clyde_pipe_token(const struct clyde_pipe *pipe);
clyde_token clyde_monitor_token(const struct clyde_monitor *monitor);
clyde_token clyde_spi_token(const struct clyde_spi *spi);
clyde_token clyde_flash_token(const struct clyde_flash *flash);
clyde_token clyde_jtag_token(const struct clyde_jtag *jtag);

/*
 * Close the object of this token, of any kind, and the objects that it owns.
 * For garbage collectors it may be called at any time, more than once, from any
 * thread and in any order.  Waits of other threads on the object end with
 * CLYDE_ERROR_CANCELED.  Returns 0; CLYDE_ERROR_CLOSED if another call has
 * closed the object, which has finished then; or CLYDE_ERROR_INSIDE in a
 * callback, in which case the object stays open.
 */
int clyde_close_token(clyde_token token);

/* The number of objects in the process that are not closed, for leak tests. */
size_t clyde_live_objects(void);

/* ---- Devices ---------------------------------------------------------- */

#define CLYDE_URI_SIZE 256
#define CLYDE_WHY_SIZE 320

/* A device, as far as it can be read without claiming it. */
struct clyde_device_info {
	char uri[CLYDE_URI_SIZE]; /* opens this device and no other */
	char serial[64];          /* "C3-20230101T120000Z"; or empty */
	char manufacturer[64];
	char product[96];
	char revision[8];  /* "C3"; "?" where there is none */
	uint8_t api_level; /* 0: no firmware loaded */
	bool modified;     /* built from modified design files; false also for
			      the boards that say so by mistake */
	bool configured;   /* its ids are a Glasgow's; if not, the
			      configuration block is missing */
	/* The speed of the connection: 1500 is low speed, 12000 full, 480000
	   high; 0: unknown. */
	unsigned speed_kbit_per_s;
	char node[64]; /* its device file, "/dev/bus/usb/001/002"; or empty */
	int state;     /* 0, or the enum clyde_error that opening it would
			  return */
	char why[CLYDE_WHY_SIZE]; /* the message of that error; or empty */
	bool readable;            /* its descriptors could be read; else serial,
				     manufacturer and product are empty */
};

/*
 * List the devices at a URI.
 *
 *	usb:				those plugged into this machine
 *	usb:BUS:ADDRESS			one of them, with lsusb's numbers
 *	virtual:			one virtual Glasgow, in this process
 *	virtual:KEY=VALUE,...		see clyde-virtual(7)
 *
 * NULL is "usb:".  Returns the number of devices, which may be 0.  The caller
 * frees the array with clyde_device_list_free().  Every device is in it, with
 * its state:
 *
 *	0			it can be opened
 *	CLYDE_ERROR_ACCESS	this user may not open it: not readable
 *	CLYDE_ERROR_BUSY	a program, or a driver of the kernel, uses it
 *	CLYDE_ERROR_API_LEVEL	clyde_firmware_load() comes first
 *	CLYDE_ERROR_CORRUPT	its configuration block is missing; or another
 *				board with the same chip
 *	others			its descriptors could not be read: not readable
 *
 * A list claims nothing and changes nothing: a device that another program
 * uses is not disturbed.  On USB, the strings are the kernel's, and nothing is
 * sent to a device; only a string that the kernel does not have is read.
 */
int clyde_device_list(struct clyde_context *context, const char *uri,
	struct clyde_device_info **ret_list);
void clyde_device_list_free(struct clyde_device_info *list);

/* libusb, which "usb:" uses, and its capabilities on this system. */
struct clyde_usb_library {
	char version[32]; /* "1.0.26.11724" */
	bool hotplug;     /* it reports devices that arrive and leave */
	bool detach;      /* it can detach a kernel driver from a device */
};

void clyde_usb_library(struct clyde_usb_library *ret_library);

/*
 * Open a device at a URI, see clyde_device_list().  With a serial number: the
 * device that has it.  Devices that cannot be read are skipped; if no device
 * matches, the message names one of them.  With serial NULL: the only device,
 * or the only one that shows a serial number; if there are several, the call
 * returns CLYDE_ERROR_AMBIGUOUS.
 *
 * Returns CLYDE_ERROR_API_LEVEL if the device has no firmware, or firmware of
 * another API level: call clyde_firmware_load() first.  The caller closes the
 * device with clyde_device_close(), or it is closed with its context.
 */
int clyde_device_open(struct clyde_context *context, const char *uri,
	const char *serial, struct clyde_device **ret_device);

/*
 * Load firmware into a device that is not open, if the device speaks another
 * API level than this library.  Returns 1 if the firmware was loaded, 0 if the
 * level was right and nothing was done.  The device is chosen as by
 * clyde_device_open(); a device without firmware shows no serial number.
 * `data` is the contents of an Intel HEX file for the FX2; malformed contents
 * are CLYDE_ERROR_CORRUPT, also if nothing had to be loaded.  NULL with a size
 * of 0 is Clyde's own firmware, for revisions C0 to C3: for others, and if the
 * library was built without, the call returns CLYDE_ERROR_API_LEVEL.
 *
 * The firmware is written to the FX2's RAM, which keeps it until the device
 * loses power; a virtual device keeps it until it is closed.  The device leaves
 * the bus and has to come back within 10 s, else the call returns
 * CLYDE_ERROR_TIMEOUT.  On USB the device has another address after that.
 * ret_uri, unless it is NULL, gets the URI that opens the device from now on,
 * also if nothing was loaded.  Returns CLYDE_ERROR_BUSY if a program uses the
 * device.
 */
int clyde_firmware_load(struct clyde_context *context, const char *uri,
	const char *serial, const void *data, size_t size,
	char ret_uri[CLYDE_URI_SIZE]);

/*
 * The same whatever API level the device speaks, to see that firmware runs
 * before it is stored.  CLYDE_ERROR_API_LEVEL if it speaks another level than
 * the library; the errors of clyde_flash_firmware() if it could not be stored.
 * Only for revisions C0 to C3: CLYDE_ERROR_REVISION.
 */
int clyde_firmware_try(struct clyde_context *context, const char *uri,
	const char *serial, const void *data, size_t size,
	char ret_uri[CLYDE_URI_SIZE]);

/* Close a device and its pipes.  NULL does nothing. */
void clyde_device_close(struct clyde_device *device);

/* The device's identity, and how it is connected. */
int clyde_device_info(
	struct clyde_device *device, struct clyde_device_info *ret_info);

/* The link's name, static: "usb", "virtual"; NULL if the device is closed. */
const char *clyde_device_link(struct clyde_device *device);

/* The link's clock, in nanoseconds since an arbitrary moment. */
int clyde_device_now(struct clyde_device *device, int64_t *ret_now_ns);

/* 1 if the link's clock is the machine's, 0 if time is virtual; or an error. */
int clyde_device_real_time(struct clyde_device *device);

/* Wait for this long, handling completions.  Returns 0, or an error. */
int clyde_device_sleep(struct clyde_device *device, int timeout_ms);

/*
 * A file descriptor for poll(), epoll and event loops.  It is readable when
 * clyde_device_process() has something to do, or when another call has handled
 * completions since clyde_device_process() was last called.  An event loop
 * calls clyde_device_process() when the descriptor is readable, and then reads
 * and writes its pipes with a timeout of 0.  After it has started a transfer,
 * it calls clyde_device_process() once before it polls.
 *
 * Only one event loop may use the descriptor; on a link in real time, a run of
 * the uart or gpio applet is such a loop.  The descriptor belongs to the device
 * and is valid until the device is closed: do not read, write or close it.
 *
 * Polling the descriptor of a virtual device lets virtual time pass: it is
 * readable while anything is under way.
 */
int clyde_device_poll_fd(struct clyde_device *device);

/*
 * Handle the completions that have arrived, without waiting.  Returns 1 if
 * transfers have completed since the last call, 0 if none have, or an error.
 * Completions that other calls have handled count only after the first
 * clyde_device_poll_fd().  Up to a millisecond of virtual time passes, less if
 * a transfer completes.
 */
int clyde_device_process(struct clyde_device *device);

/* ---- Monitor ---------------------------------------------------------- */

enum clyde_monitor_change {
	CLYDE_MONITOR_ARRIVED = 1,
	CLYDE_MONITOR_LEFT,
};

struct clyde_monitor_event {
	enum clyde_monitor_change change;
	struct clyde_device_info info; /* as of the device's arrival */
};

/*
 * Report devices at a URI that arrive and leave.  Devices that are plugged in
 * already are reported first, as arrived.  The monitor reads a device's
 * descriptors once when it arrives, as clyde_device_list() does, and disturbs
 * no program.
 *
 * On "usb:" udev may give this user access some time after a device arrives.
 * The arrival of a device that may not be opened yet is therefore reported
 * when it may be opened, or after a second.  The monitor also enumerates the
 * buses every half second, for systems that send no events.  On "virtual:" all
 * devices are there from the start, and none leaves.  The caller closes the
 * monitor, or it is closed with its context.
 */
int clyde_monitor_new(struct clyde_context *context, const char *uri,
	struct clyde_monitor **ret_monitor);
void clyde_monitor_close(struct clyde_monitor *monitor);

/*
 * Wait for the next event.  Returns 1 if there was one, CLYDE_ERROR_TIMEOUT if
 * there was none before the timeout.  The timeout is in real time.  On
 * "virtual:" no event follows the first arrivals: a call with a timeout then
 * returns at once, and one without returns CLYDE_ERROR_DEADLOCK.  The wait does
 * not delay other calls in the context.
 */
int clyde_monitor_next(struct clyde_monitor *monitor,
	struct clyde_monitor_event *ret_event, int timeout_ms);

/*
 * A file descriptor for poll(), epoll and event loops.  It is readable when
 * clyde_monitor_next() has something to do: call that with a timeout of 0
 * until it returns CLYDE_ERROR_TIMEOUT.  The descriptor belongs to the
 * monitor: do not read, write or close it.
 */
int clyde_monitor_poll_fd(struct clyde_monitor *monitor);

/* ---- FPGA ------------------------------------------------------------- */

#define CLYDE_FPGA_ID_SIZE 8

/*
 * The id of the bitstream that the FPGA runs.  Returns 1, or 0 if the FPGA is
 * not configured.
 */
int clyde_fpga_status(
	struct clyde_device *device, uint8_t ret_id[CLYDE_FPGA_ID_SIZE]);

/*
 * Make the FPGA run this bitstream of `size` bytes.  Returns 1 if it was
 * loaded, or 0 if the FPGA ran a bitstream with this id already.  Pipes must
 * be closed.  On revC, loading switches the port supplies off and takes half a
 * second.  Returns CLYDE_ERROR_FPGA if the FPGA does not configure, or if its
 * health register has another value than 0xa5; it is not configured then.
 */
int clyde_fpga_load(struct clyde_device *device, const void *bitstream,
	size_t size, const uint8_t id[CLYDE_FPGA_ID_SIZE]);

/* The same with Clyde's own image, which applets need. */
int clyde_fpga_load_image(struct clyde_device *device);

/*
 * Read or write 0 to 32 bytes of FPGA registers, beginning at an address.  The
 * registers 0x00 to 0x02 belong to the firmware: a write to one of them returns
 * CLYDE_ERROR_INVALID.  A read of 0 bytes asks the device nothing.
 */
int clyde_register_read(
	struct clyde_device *device, uint8_t address, void *data, size_t size);
int clyde_register_write(struct clyde_device *device, uint8_t address,
	const void *data, size_t size);

/* ---- Ports ------------------------------------------------------------ */

#define CLYDE_PORT_COUNT 4

/*
 * A set of ports: bit 0 = A.  Revisions A to C have A and B, D has all four.
 */
typedef uint8_t clyde_ports;

/* The ports that this device has, a clyde_ports; or an error. */
int clyde_device_ports(struct clyde_device *device);

/*
 * Supply voltage in mV, 0 = off; 1650 to 5500 on revC.  Setting a voltage
 * above the device's limit returns CLYDE_ERROR_LIMIT and changes nothing.  The
 * voltage that is read is the DAC's, which has steps of 15.2 mV: it is up to
 * 22 mV above the one that was set.
 */
int clyde_supply_set(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv);
int clyde_supply_get(
	struct clyde_device *device, unsigned ret_supply_mv[CLYDE_PORT_COUNT]);

/* The limit in mV that supplies may not exceed; 0 = none.  The device stores it
   without power. */
int clyde_supply_limit_set(
	struct clyde_device *device, clyde_ports ports, unsigned limit_mv);
int clyde_supply_limit_get(
	struct clyde_device *device, unsigned ret_limit_mv[CLYDE_PORT_COUNT]);

/* Voltage on the sense pins, mV. */
int clyde_sense_get(
	struct clyde_device *device, unsigned ret_sense_mv[CLYDE_PORT_COUNT]);

/* Supply current, uA, in steps of 10; without a load a few steps below 0 are
   possible.  Revisions C2 and later; before, CLYDE_ERROR_REFUSED. */
int clyde_supply_current_get(
	struct clyde_device *device, int ret_current_ua[CLYDE_PORT_COUNT]);

/*
 * The window in mV: the device switches a supply off when the sense voltage
 * leaves it.  0 disables that side.  Revisions C2 and later.
 */
int clyde_supply_window_set(struct clyde_device *device, clyde_ports ports,
	unsigned low_mv, unsigned high_mv);
int clyde_supply_window_get(struct clyde_device *device,
	unsigned ret_low_mv[CLYDE_PORT_COUNT],
	unsigned ret_high_mv[CLYDE_PORT_COUNT]);

/* The current in uA above which the device switches a supply off, in steps of
   80; 0 = never.  Revisions C2 and later. */
int clyde_supply_current_limit_set(
	struct clyde_device *device, clyde_ports ports, unsigned trip_ua);
int clyde_supply_current_limit_get(
	struct clyde_device *device, unsigned ret_trip_ua[CLYDE_PORT_COUNT]);

/*
 * Pull resistors; bit 0 is pin 0.  A pin with both bits set is not changed.  On
 * revC the port's supply powers the resistors: it must be on, else the call
 * returns CLYDE_ERROR_REFUSED, and without it the pins float.  A supply that was
 * just switched on needs time to rise, for which the calls about pulls and
 * levels wait, 20 ms at most.
 */
int clyde_pulls_set(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up);
int clyde_pulls_get(struct clyde_device *device,
	uint8_t ret_down[CLYDE_PORT_COUNT], uint8_t ret_up[CLYDE_PORT_COUNT]);

/* Levels of the pins; bit 0 is pin 0.  A port without supply reads as 0. */
int clyde_levels_get(
	struct clyde_device *device, uint8_t ret_levels[CLYDE_PORT_COUNT]);

/* A pin in the value of an applet's parameter. */
struct clyde_pin {
	uint8_t port;   /* 0 = A */
	uint8_t number; /* 0 to 7 */
	bool invert;
};

#define CLYDE_PINS_MAX 32 /* of all ports together */

/*
 * Parse pins, in the syntax of Glasgow's own software: "A0"; "A0#", inverted;
 * "A0:3", "A3:0#", a range, in that order; "A0,B1:2", a list; "NC", "-" or an
 * empty text for no pin.  Returns the number of pins, or CLYDE_ERROR_NO_PIN for
 * a pin that no port has.
 */
int clyde_pins_parse(
	const char *text, struct clyde_pin ret_pins[CLYDE_PINS_MAX]);

enum clyde_alert {
	CLYDE_ALERT_UNDERVOLTAGE = 1 << 0,
	CLYDE_ALERT_OVERVOLTAGE = 1 << 1,
	CLYDE_ALERT_OVERCURRENT = 1 << 2,
};

struct clyde_alerts {
	uint8_t ports[CLYDE_PORT_COUNT]; /* enum clyde_alert */
	uint8_t fpga; /* value of the FPGA's alert register, address 0x02;
			 the bitstream defines the bits */
};

/*
 * Read the alerts that are set in the device, or clear these alerts and no
 * others.  Clearing an alert only clears the record of it: a supply that the
 * device has switched off stays off until it is set again, and a condition that
 * occurs again sets the alert again.
 */
int clyde_alerts_get(
	struct clyde_device *device, struct clyde_alerts *ret_alerts);
int clyde_alerts_clear(
	struct clyde_device *device, const struct clyde_alerts *alerts);

/*
 * Get the alerts that the device has sent by itself, during any command, since
 * the last call of this function.  Returns 1 if there were any, 0 if not.
 */
int clyde_alerts_take(
	struct clyde_device *device, struct clyde_alerts *ret_alerts);

/* Switch all supplies, pulls and supply windows off, and clear the alerts. */
int clyde_device_safe(struct clyde_device *device);

/*
 * The part of a supply specification for one port.  A specification is a text
 * like "3.3" (every port), "A=3.3", "AB=1.8", "A=5.0,B=3.3", "A=SB" (the
 * voltage at port B's sense pin), "A=0" or "A=off".
 */
struct clyde_supply {
	bool given;         /* the specification names this port */
	unsigned supply_mv; /* if sense is negative */
	int sense;          /* index of the port to mirror, or -1 */
};

/* Parse a specification for a device that has these ports.  Returns 0, or
   CLYDE_ERROR_INVALID for a malformed one. */
int clyde_supply_parse(const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT]);

/*
 * Set the supplies that are given.  All ports are checked before the first is
 * changed.  A voltage to mirror must be 1.71 to 5.25 V.  On revisions C2 and
 * later a port that mirrors its own sense pin gets a window of 5 % around that
 * voltage, see clyde_supply_window_set().
 */
int clyde_supply_apply(struct clyde_device *device,
	const struct clyde_supply supply[CLYDE_PORT_COUNT]);

/* ---- EEPROM ----------------------------------------------------------- */

/* Read or write a range of the FX2's EEPROM, which has 32 KiB. */
int clyde_eeprom_read(
	struct clyde_device *device, uint16_t address, void *data, size_t size);
int clyde_eeprom_write(struct clyde_device *device, uint16_t address,
	const void *data, size_t size);

/* The configuration block, decoded. */
struct clyde_config {
	char revision[8];
	char serial[17];
	char manufacturer[23];
	uint32_t bitstream_size; /* in the EEPROM; 0 = none */
	uint8_t bitstream_id[CLYDE_FPGA_ID_SIZE];
	unsigned limit_mv[CLYDE_PORT_COUNT]; /* 0 = none */
	bool modified;
	bool webusb;
};

#define CLYDE_CONFIG_SIZE 64

/* Decode a block of CLYDE_CONFIG_SIZE bytes.  Returns 0, or CLYDE_ERROR_CORRUPT
   if it is not a configuration block. */
int clyde_config_decode(
	const void *block, size_t size, struct clyde_config *ret_config);

/* Read and decode the device's configuration block. */
int clyde_config_read(
	struct clyde_device *device, struct clyde_config *ret_config);

/* ---- Flash ------------------------------------------------------------ */

struct clyde_observer; /* of which only `progress` is called here */

/*
 * The id of Clyde's own firmware, which the library contains.  Returns 1, or 0
 * if the library was built without firmware.
 */
int clyde_firmware_own(uint8_t ret_id[CLYDE_FPGA_ID_SIZE]);

/*
 * These calls write the EEPROMs of a device of revision C0 to C3
 * (CLYDE_ERROR_REVISION for others), and read back what they wrote:
 * CLYDE_ERROR_VERIFY if it differs.  They return 1 if something was written, 0
 * if the device held it all.  The order of writes is such that after a loss of
 * power at any moment the board boots the old firmware, the new one, or none,
 * and keeps its serial number and its limits.  What was written is used from
 * the next power-up on.  The observer may be NULL.
 *
 * A block of a firmware before API level 7 is converted, as upstream's tool
 * does.  CLYDE_ERROR_CORRUPT if the EEPROM has no valid configuration block:
 * clyde_factory() comes first.
 */

/*
 * Store firmware: the content of an Intel HEX file for the FX2, or Clyde's own
 * firmware if `data` is NULL and `size` 0.  It is not run: a device that boots
 * firmware that never connects cannot be reached any more, so call
 * clyde_firmware_try() before.
 * CLYDE_ERROR_CORRUPT if it is malformed, or has a byte where the configuration
 * block is; CLYDE_ERROR_TOO_LARGE if it does not fit into the EEPROM.  Neither
 * an interrupt nor a close ends the call while the board has no firmware, for
 * up to ten seconds.
 */
int clyde_flash_firmware(struct clyde_device *device, const void *data,
	size_t size, const struct clyde_observer *observer);

/* What a device boots with, see clyde_flash_holds(). */
enum clyde_flashed {
	CLYDE_FLASHED_NONE,  /* it boots without firmware */
	CLYDE_FLASHED_OWN,   /* with the firmware that this library contains */
	CLYDE_FLASHED_OTHER, /* with other firmware */
};

/* The firmware in the EEPROM: an enum clyde_flashed, or an error.  Only reads. */
int clyde_flash_holds(struct clyde_device *device);

/* Boot without firmware from now on: some is loaded into RAM for each use. */
int clyde_flash_remove_firmware(
	struct clyde_device *device, const struct clyde_observer *observer);

/*
 * Store the bitstream that the FPGA gets at power-up, up to 135168 bytes
 * (CLYDE_ERROR_TOO_LARGE), and its id; Clyde's image if `bitstream` is NULL and
 * `size` 0.  Takes 15 s.  Pipes must be closed.  The supplies are off and the
 * FPGA is not configured afterwards.  Of a bitstream, the device can read back
 * only the bytes from 131072 on; for the others, it reports a write that a chip
 * did not acknowledge: CLYDE_ERROR_REFUSED.  When the call fails, or is
 * interrupted, no bitstream is stored.
 */
int clyde_flash_bitstream(struct clyde_device *device, const void *bitstream,
	size_t size, const uint8_t id[CLYDE_FPGA_ID_SIZE],
	const struct clyde_observer *observer);

/* Store that there is no bitstream.  The rest is as above. */
int clyde_flash_remove_bitstream(struct clyde_device *device);

/* Store whether the device advertises its WebUSB page to browsers. */
int clyde_flash_webusb(struct clyde_device *device, bool advertise);

/*
 * Store the firmware and the WebUSB flag of a backup, which is the whole EEPROM
 * as clyde_eeprom_read() read it; CLYDE_ERROR_BACKUP if it is cut short or
 * damaged, CLYDE_ERROR_INVALID if it is that of another board.  Limits and the
 * stored bitstream stay as they are.
 */
int clyde_flash_restore(struct clyde_device *device, const void *backup,
	size_t size, const struct clyde_observer *observer);

/* What clyde_factory() writes.  A member that is NULL, or an empty text, means
   what a valid configuration block on the board has. */
struct clyde_factory {
	const char *revision; /* "C3" */
	const char *serial;   /* 16 letters and digits: "20230101T120000Z" */
	const char *manufacturer; /* up to 22 characters */
	int modified; /* 1, 0, or -1: what a valid block has, else 0 */
	/* Of a board that has a valid block, write it anew. */
	bool reinitialize;
	/* An Intel HEX file, which is first loaded into RAM, and then stored;
	   NULL and 0: Clyde's own firmware. */
	const void *firmware;
	size_t firmware_size;
};

/*
 * Write the whole boot image of a board whose configuration block is lost: ids,
 * block, firmware.  `uri` must name one device, "usb:BUS:ADDRESS": boards of
 * other makers have the same chip and the same ids.  CLYDE_ERROR_CONFIGURED if
 * the board has a valid block, unless `reinitialize` is set; then limits and
 * flags are kept.  Without a valid block, limits are none, and WebUSB is
 * advertised, as by upstream's tool.  CLYDE_ERROR_VERIFY if the EEPROM reads
 * back differently.  The board must lose power to use what was written.
 */
int clyde_factory(struct clyde_context *context, const char *uri,
	const struct clyde_factory *factory,
	const struct clyde_observer *observer);

/* ---- Pipes ------------------------------------------------------------ */

enum clyde_pipe_id {
	CLYDE_PIPE_EP2_OUT,
	CLYDE_PIPE_EP4_OUT,
	CLYDE_PIPE_EP6_IN,
	CLYDE_PIPE_EP8_IN,
	CLYDE_PIPE_COUNT,
};

struct clyde_pipe_options {
	uint32_t transfer_size; /* B, a multiple of 512; 0 = 65536 */
	uint32_t depth;         /* transfers in flight, 1..1024; 0 = 32 */
	bool quad;              /* also use the FX2 buffers of the other pipe
				   of the pair, see clyde_pipe_open() */
	void *memory;           /* for the transfers; owned by the caller, in
				   use until the pipe is closed; NULL: the
				   library allocates it */
	size_t memory_size;     /* B; see clyde_pipe_open() */
};

#define CLYDE_TRANSFER_SIZE_DEFAULT 65536
#define CLYDE_TRANSFER_SIZE_MAX     (4 << 20)
#define CLYDE_DEPTH_DEFAULT         32
#define CLYDE_DEPTH_MAX             1024

/*
 * Open a pipe: claim its endpoint, reset it on both sides of the FX2 bus, and
 * submit the reads of an IN pipe before any byte can arrive.  The FPGA must be
 * configured, otherwise the call returns CLYDE_ERROR_STALL.  Options of NULL
 * are the defaults.
 *
 * Memory is allocated here, once: an OUT pipe holds depth transfers, an IN pipe
 * twice that, so that a finished transfer is replaced before its bytes are
 * read.  If the caller gives the memory, memory_size must be at least
 *
 *	OUT:	depth * transfer_size
 *	IN:	2 * depth * transfer_size
 *
 * EP2 and EP4 form a pair, and so do EP6 and EP8: the pipes of a pair share
 * four buffers of the FX2, two for each.  With `quad`, EP2 or EP6 uses all
 * four.  The other pipe of the pair must be closed then, and cannot be opened
 * before this pipe is closed; otherwise the open returns CLYDE_ERROR_BUSY.  EP4
 * and EP8 cannot be quad: CLYDE_ERROR_INVALID.
 */
int clyde_pipe_open(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);

/*
 * Close a pipe.  Transfers in flight are cancelled and waited for.  Bytes that
 * were not read, or not flushed, are lost.  NULL does nothing.
 */
void clyde_pipe_close(struct clyde_pipe *pipe);

/*
 * Read exactly size bytes.  Returns fewer if some had arrived when the deadline
 * passed, or when the stream failed or was cancelled; the next call returns the
 * error then.  If none had arrived, this call returns it.
 */
ssize_t clyde_pipe_read(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms);

/* Wait for at least one byte, and read up to size bytes that have arrived.
   Returns their number. */
ssize_t clyde_pipe_read_some(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms);

/*
 * Write size bytes.  They are sent in whole transfers of the pipe's transfer
 * size; a rest is kept until more is written, or until clyde_pipe_flush() or
 * clyde_pipe_push().  Blocks while the queue is full, as in a loopback whose IN
 * pipe is not read.  Returns how many bytes were taken: fewer than size only
 * where clyde_pipe_read() returns fewer.
 */
ssize_t clyde_pipe_write(
	struct clyde_pipe *pipe, const void *data, size_t size, int timeout_ms);

/* Send what is buffered and wait until the device has taken all of it. */
int clyde_pipe_flush(struct clyde_pipe *pipe, int timeout_ms);

/* Send what is buffered, without waiting. */
int clyde_pipe_push(struct clyde_pipe *pipe);

/*
 * Access the pipe's own memory: the next bytes of an IN pipe, or the next free
 * bytes of an OUT pipe.  Returns their number, at least one, and their address.
 * They belong to the caller until clyde_pipe_release(), whose size says how
 * many of them were read or filled.  Until then every other call that reads,
 * writes, pushes, flushes or acquires returns CLYDE_ERROR_BUSY.  Cancelling or
 * resetting the pipe takes the region back: a later release of it returns
 * CLYDE_ERROR_INVALID.
 */
ssize_t clyde_pipe_acquire(
	struct clyde_pipe *pipe, void **ret_data, int timeout_ms);
int clyde_pipe_release(struct clyde_pipe *pipe, size_t size);

/*
 * Cancel the transfers in flight and wait for them.  The next reads deliver the
 * bytes that had arrived, then they return CLYDE_ERROR_CANCELED.  Bytes that
 * the device had not taken from an OUT pipe are dropped: clyde_pipe_offset()
 * says how many it took.
 */
int clyde_pipe_cancel(struct clyde_pipe *pipe);

/* Continue a cancelled stream where it stopped. */
int clyde_pipe_resume(struct clyde_pipe *pipe);

/*
 * Start the stream anew: cancel, drop what is buffered, reset both sides of the
 * FX2 bus, submit the reads.  A stream that was cancelled, or that has failed,
 * runs again: the next call does not return CLYDE_ERROR_CANCELED.
 */
int clyde_pipe_reset(struct clyde_pipe *pipe);

/*
 * Set how long the FPGA waits for a further byte of an IN pipe before it sends
 * a short packet; 0 to 1365250 ns.  The default is one microframe, 125000 ns;
 * for requests and replies a few microseconds are better.  The value stays
 * until the FPGA is loaded again.
 */
int clyde_pipe_set_idle_flush(struct clyde_pipe *pipe, unsigned idle_ns);

/*
 * The stream's offset since the pipe was opened or reset: the number of bytes
 * that an IN pipe has delivered, or that the device has taken from an OUT pipe.
 * After an error or a cancel, the bytes before this offset are good, and a
 * write continues with the byte at this offset.
 */
int clyde_pipe_offset(struct clyde_pipe *pipe, uint64_t *ret_offset);

struct clyde_pipe_stats {
	uint64_t bytes;       /* moved by the link */
	uint64_t transfers;   /* completed */
	uint64_t stalls;      /* how often the caller had to wait for bytes
				  or for room */
	uint64_t wakeups;     /* how often a waiting call entered the link;
				  several may belong to one stall */
	uint64_t starvations; /* IN: how often nothing was in flight though
				  the stream ran */
	uint32_t depth;       /* transfers in flight at most: fewer than
				  asked for if memory for them ran out */
	uint32_t in_flight;   /* transfers in flight now */
	uint32_t ready;       /* IN: transfers that are complete and unread */
	uint32_t ready_max;   /* the largest value of ready */
	size_t memory;        /* B of the pipe, fixed from open to close */
};

int clyde_pipe_stats(
	struct clyde_pipe *pipe, struct clyde_pipe_stats *ret_stats);

/* ---- Cores ------------------------------------------------------------ */

/*
 * A core is a function unit in Clyde's FPGA image, at the other end of the
 * pipes.  To use a core without an applet: load the image, attach the core to
 * pipes, open the pipes, and write the core's registers, which starts it.  The
 * order matters: opening a pipe resets the core that it is attached to, and a
 * core stays in reset until all its pipes are open.
 *
 *	enum clyde_pipe_id in = CLYDE_PIPE_EP6_IN;
 *
 *	clyde_fpga_load_image(device);
 *	clyde_core_attach(device, CLYDE_CORE_BENCHMARK, &in, 1);
 *	clyde_pipe_open(device, in, NULL, &pipe);
 *	clyde_core_write(device, CLYDE_CORE_BENCHMARK, "mode",
 *		CLYDE_BENCHMARK_SOURCE);
 */
enum clyde_core {
	CLYDE_CORE_BENCHMARK = 1,
	CLYDE_CORE_UART = 2,
	CLYDE_CORE_GPIO = 3,
	CLYDE_CORE_SPI = 4,
	CLYDE_CORE_PROBE = 5,
};

/*
 * Attach a core to these pipes and no others: at most one in each direction.  A
 * count of 0 detaches the core.  A run of an applet attaches its core itself.
 * Returns CLYDE_ERROR_CORE_TAKEN if a run has claimed the core or a pipe, or
 * CLYDE_ERROR_NO_CORE if the FPGA runs no image that has the core.  Loading the
 * FPGA detaches all cores.
 */
int clyde_core_attach(struct clyde_device *device, enum clyde_core core,
	const enum clyde_pipe_id *pipes, size_t count);

/* A register of a core; static. */
struct clyde_register {
	const char *name; /* "mode" */
	uint8_t size;     /* B, 1 to 8 */
	bool writable, readable;
	uint64_t maximum; /* the largest value that can be written */
	const char *help; /* the meaning of its value */
};

/* The registers of a core, by index from 0; NULL past the last. */
const struct clyde_register *clyde_core_register_at(
	enum clyde_core core, size_t index);

/*
 * The names of the registers; clyde_core_register_at() has their sizes and
 * meanings.
 *
 *	benchmark	mode, error, count, offset, window
 *	uart		control, clear, status, bit-time, framing, parity,
 *			received, lost, overrun, pulse
 *	gpio		output, enable, levels, watch, lost
 *	spi		status, levels
 *	probe		status, levels
 *
 * Read or write a register of a core by its name.  CLYDE_ERROR_INVALID if the
 * core has none of this name, or the value does not fit.
 */
int clyde_core_read(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t *ret_value);
int clyde_core_write(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t value);

/*
 * The benchmark core's register "mode".  The test sequence is a 16-bit shift
 * register that begins with 1; each state is two bytes, the low byte first.
 * The next state is the present one shifted left, with the exclusive or of bits
 * 15, 14, 12 and 3 (0 = least significant) as its bit 0.  The sequence repeats
 * after 131070 bytes.  It begins anew when a pipe of the core is opened or
 * reset; writing the mode does not begin it anew.
 */
enum clyde_benchmark_mode {
	CLYDE_BENCHMARK_IDLE = 0,
	CLYDE_BENCHMARK_SOURCE = 1,   /* sends a test sequence; an IN pipe */
	CLYDE_BENCHMARK_SINK = 2,     /* checks that sequence; an OUT pipe */
	CLYDE_BENCHMARK_LOOPBACK = 3, /* returns received bytes; both pipes */
};

/* The UART core's register "control": data bits - 5, or'ed with these. */
enum clyde_uart {
	CLYDE_UART_TWO_STOP = 1 << 2,
	CLYDE_UART_PARITY_ODD = 3 << 3,
	CLYDE_UART_PARITY_EVEN = 4 << 3,
	CLYDE_UART_RECEIVE = 1 << 6,
	CLYDE_UART_TRANSMIT = 1 << 7,
};

/* ---- SPI -------------------------------------------------------------- */

/*
 * The image's SPI core, as a controller of up to four chips.  A batch is a list
 * of steps, which the core carries out by itself, one after the other:
 * clyde_spi_submit() sends a batch and does not wait for its end, so that a
 * program can keep many batches on their way, and clyde_spi_collect() waits for
 * one.  clyde_spi_transfer() does both.  One call at a time: another thread's
 * call returns CLYDE_ERROR_BUSY.
 *
 * A struct clyde_spi belongs to its device, like a pipe.  It holds the core, two
 * pipes and its pins until it is closed; then the pins are inputs again.
 */
struct clyde_spi_options {
	/* Pins, in the syntax of clyde_pins_parse(), one each; NULL: none.  An
	   inverted chip select is active high. */
	const char *sck;
	const char *io[4]; /* IO0 is COPI, IO1 CIPO, IO2 WP#, IO3 HOLD# */
	const char *cs[4];
	const char *side[2];    /* outputs for clyde_spi_step.pins */
	const char *side_input; /* an input for CLYDE_SPI_WAIT */
	uint32_t rate_hz;       /* see clyde_spi_configure() */
	uint8_t mode;           /* 0 to 3 */
	bool three_wire;        /* IO0 has both directions; one lane only */
	int sample_delay_ns;    /* see clyde_spi_configure() */
};

#define CLYDE_SPI_RATE_MIN     1465
#define CLYDE_SPI_RATE_MAX     48000000
#define CLYDE_SPI_RATE_DEFAULT 100000

/*
 * Open the core.  The FPGA must run the image, see clyde_fpga_load_image(), and
 * the ports of the pins must have supplies.  Returns CLYDE_ERROR_CORE_TAKEN,
 * CLYDE_ERROR_PIN_TAKEN, CLYDE_ERROR_NO_PIN, CLYDE_ERROR_NO_SUPPLY or
 * CLYDE_ERROR_NO_CORE if something is missing or in use.  IO2 and IO3 are
 * driven high while one lane or two are used.
 */
int clyde_spi_open(struct clyde_device *device,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi);

/* Close it, and cancel what is on its way.  NULL does nothing. */
void clyde_spi_close(struct clyde_spi *spi);

/*
 * Set clock and mode for the batches that are submitted from now on.
 *
 * rate_hz is 1465 to 48000000, or 0 for 100000; the core's rates are 48 MHz
 * divided by a whole number, of which the fastest that is not above rate_hz is
 * taken and written to *ret_rate_hz (NULL: not wanted).
 *
 * sample_delay_ns says how long after the chip's own sampling edge the core
 * samples its inputs, since level shifters, cable and chip delay them: 1 to 73,
 * rounded to multiples of 10.4 ns; 0 for the default of 20.8 ns; negative for
 * none.
 */
int clyde_spi_configure(struct clyde_spi *spi, uint32_t rate_hz, uint8_t mode,
	int sample_delay_ns, uint32_t *ret_rate_hz);

enum clyde_spi_kind {
	CLYDE_SPI_TRANSFER, /* send `out`, receive `in`, then `dummy` clocks */
	/* Select the chip, send the byte `command`, receive a byte, deselect the
	   chip; again until `received & mask` is `value`, or for limit_us.  The
	   byte that was received last goes to `in`.  With CLYDE_SPI_HELD only
	   receive, and leave the chip select as it is. */
	CLYDE_SPI_POLL,
	/* The first `bits` bits, 1 to 8, of the byte at `out`, and as many
	   received ones, which are the lowest bits of the byte at `in`. */
	CLYDE_SPI_BITS,
	/* Set the levels of outputs: bits 0 and 1 are side[0] and side[1], bits
	   2 and 3 are IO2 and IO3 while they are not lanes. */
	CLYDE_SPI_PINS,
	/* Wait until an input is high (value 1) or low (0), for limit_us:
	   `command` 0 to 3 is IO0 to IO3, 4 the side input. */
	CLYDE_SPI_WAIT,
};

enum clyde_spi_flag {
	CLYDE_SPI_DESELECT = 1 << 0, /* deselect the chip after this step */
	CLYDE_SPI_HELD = 1 << 1,     /* of CLYDE_SPI_POLL */
};

/*
 * A step of a batch.  CLYDE_SPI_TRANSFER sends `size` bytes at `out`, or
 * receives `size` bytes to `in`, or does both at once, which is for one lane;
 * with neither, size is 0.  The chip is selected before the first transfer and
 * after each CLYDE_SPI_DESELECT, and deselected at the end of the batch, unless
 * its last step has CLYDE_SPI_KEEP.
 */
struct clyde_spi_step {
	uint8_t kind;  /* enum clyde_spi_kind */
	uint8_t flags; /* enum clyde_spi_flag */
	uint8_t lanes; /* 1, 2 or 4; 0 = 1 */
	uint8_t bits;
	uint32_t size;
	const void *out;
	void *in;
	uint16_t dummy; /* clocks after the bytes */
	uint8_t command, mask, value, pins;
	uint32_t limit_us;
	uint32_t delay_us; /* after the step, and after its deselection */
};

/* Flags of a batch. */
enum clyde_spi_batch {
	/* Leave the chip selected at the end. */
	CLYDE_SPI_KEEP = 1 << 0,
	/* The next batch belongs to the same chain: if a step of one batch
	   fails, the core skips all steps behind it, up to the end of the first
	   batch without this flag.  The failure is known when a batch with it is
	   collected only if a poll failed, otherwise at the end of the chain. */
	CLYDE_SPI_CHAIN = 1 << 1,
};

/*
 * Send a batch for the chip of cs[chip].  The steps are copied; the bytes at
 * `out` are read during the call, and the memory at `in` must stay valid until
 * the batch was collected or the object is closed.  The call waits while the
 * core has not taken enough of what was submitted before; it receives
 * meanwhile, so it cannot wait for an uncollected batch.  Writes a ticket that
 * is greater than those before.
 */
int clyde_spi_submit(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms);

/*
 * Wait for the end of a batch, and of all before it.  Returns 0;
 * CLYDE_ERROR_TIMEOUT if the time is over, and the batch can be collected
 * again; CLYDE_ERROR_LIMIT_PASSED if a poll or a wait of this batch, or before it
 * in its chain, has reached its limit: clyde_spi_failed() says which; or an
 * error of the pipes, which ends all batches.  A batch of before is collected
 * by it, and its failure is reported if no later one failed.
 */
int clyde_spi_collect(struct clyde_spi *spi, uint64_t ticket, int timeout_ms);

/* Whether a step failed in the batch that was collected last.  Returns 1 and
   writes the index of the step, or 0 if none did. */
int clyde_spi_failed(struct clyde_spi *spi, size_t *ret_step);

int clyde_spi_transfer(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms);

/* ---- Flash chips ------------------------------------------------------ */

/*
 * An SPI NOR flash chip.  It belongs to its struct clyde_spi, which must not be
 * used for this chip otherwise meanwhile.  What the chip is and can do is read
 * from its JEDEC identification and its SFDP tables (JESD216).  The chip is
 * never left in QPI or in a 4-byte address mode.
 */
struct clyde_flash_options {
	unsigned chip;  /* of clyde_spi_options.cs */
	unsigned lanes; /* for reads, at most: 1, 2 or 4; 0 = 1 */
	bool reset;     /* leave QPI and continuous read first, and reset */
	uint64_t size;  /* B; 0: as the chip says */
	/* For a chip without SFDP tables; 0: 3 B, 256 B, and 20h for 4 KiB and
	   D8h for 64 KiB.  With one opcode, those that are 0 do not exist. */
	unsigned address_size;    /* B: 3 or 4 */
	uint32_t page_size;       /* B, a power of two */
	uint8_t erase_opcodes[3]; /* of 4, 32 and 64 KiB */
};

/* A size that the chip can erase at once. */
struct clyde_flash_erase {
	uint32_t size; /* B */
	uint32_t typical_us, maximum_us;
};

#define CLYDE_FLASH_ERASES 4

struct clyde_flash_info {
	uint8_t jedec[3];  /* manufacturer, type, capacity */
	const char *maker; /* static; NULL: unknown */
	uint64_t size;     /* B */
	uint32_t page_size;
	uint8_t address_size; /* B: 3 or 4 */
	uint8_t lanes;        /* of reads with these options */
	bool sfdp;            /* it has the tables */
	uint8_t sfdp_major, sfdp_minor;
	struct clyde_flash_erase erases[CLYDE_FLASH_ERASES]; /* by size; size 0:
								no more */
	uint32_t program_us; /* typical, of a page */
	uint32_t chip_erase_ms;
	uint8_t status; /* the status register */
};

/*
 * Identify the chip.  CLYDE_ERROR_NO_CHIP if nothing answers (all ones or all
 * zeros: the sentence names the pin to look at), CLYDE_ERROR_UNSUPPORTED if it
 * is no chip that these calls can use.
 */
int clyde_flash_open(struct clyde_spi *spi,
	const struct clyde_flash_options *options,
	struct clyde_flash **ret_flash);
void clyde_flash_close(struct clyde_flash *flash);
int clyde_flash_info(
	struct clyde_flash *flash, struct clyde_flash_info *ret_info);

/*
 * Addresses and sizes are in B.  An observer's `progress` is called with bytes;
 * NULL: no observer.  CLYDE_ERROR_INVALID if the range is not in the chip, or,
 * for clyde_flash_erase(), not a multiple of the smallest size that it can erase
 * at once.  CLYDE_ERROR_PROTECTED if the chip is write protected there,
 * CLYDE_ERROR_VERIFY if it does not hold what it should: the sentence has
 * address, expected and found byte; CLYDE_ERROR_TIMEOUT if the SPI core has not
 * replied for 10 s longer than the step under way takes at most.  Interrupted, a
 * call says what it has done, and the chip is idle.
 */
int clyde_flash_read(struct clyde_flash *flash, uint64_t address, void *data,
	size_t size, const struct clyde_observer *observer);
int clyde_flash_verify(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer);
int clyde_flash_erase(struct clyde_flash *flash, uint64_t address,
	uint64_t size, const struct clyde_observer *observer);
int clyde_flash_erase_chip(
	struct clyde_flash *flash, const struct clyde_observer *observer);
/* Program bytes that are erased. */
int clyde_flash_program(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer);
/*
 * Make the chip hold these bytes, and change none beside them: sectors that
 * hold them already are left alone, sectors that need it are erased, with their
 * other bytes restored, and what was written is verified.
 */
int clyde_flash_write(struct clyde_flash *flash, uint64_t address,
	const void *data, size_t size, const struct clyde_observer *observer);

/* The block protection bits, BP0 and on, of the status register; written so
   that they stay when the power goes. */
int clyde_flash_protection_get(struct clyde_flash *flash, unsigned *ret_bits);
int clyde_flash_protection_set(struct clyde_flash *flash, unsigned bits);

/* ---- JTAG ------------------------------------------------------------- */

/*
 * The image's probe core, as a controller of a chain of test access ports
 * (TAPs, IEEE 1149.1).  A batch is a list of steps, which the core carries out by
 * itself, one after the other, as for SPI: clyde_jtag_submit() sends a batch and
 * does not wait for its end, clyde_jtag_collect() waits for one, and
 * clyde_jtag_transfer() does both.  The other calls are batches of a few steps.
 * One call at a time: another thread's call returns CLYDE_ERROR_BUSY.
 *
 * Bits are in bytes, the first bit is bit 0 of byte 0.  In the last byte of a
 * number of bits that is not a multiple of 8, the highest bits are ignored, and
 * received ones are 0.
 *
 * The library follows the state of the TAPs.  After the open it does not know
 * the state.  The first step that needs it, which CLYDE_JTAG_VECTOR does not,
 * then goes to CLYDE_TAP_RESET first, by five clocks with TMS high.
 *
 * TMS and TDI change where TCK falls, and TDO is sampled at the falling edge
 * that ends the clock, or later, see clyde_jtag_configure().  TCK is low while
 * nothing is shifted.
 *
 * A struct clyde_jtag belongs to its device, like a pipe.  It holds the core, two
 * pipes and its pins until it is closed; then the pins are inputs again.
 */
struct clyde_jtag_options {
	/* Pins, in the syntax of clyde_pins_parse(), one each; NULL: none.  tck
	   and tms are needed.  TRST and SRST are active low, and high after the
	   open; an inverted pin is active high. */
	const char *tck, *tms, *tdi, *tdo, *trst, *srst;
	uint32_t rate_hz;    /* see clyde_jtag_configure() */
	int sample_delay_ns; /* see clyde_jtag_configure(), or
				CLYDE_JTAG_DELAY_AUTO */
};

#define CLYDE_JTAG_RATE_MIN     1465
#define CLYDE_JTAG_RATE_MAX     48000000
#define CLYDE_JTAG_RATE_DEFAULT 100000

/* To open, and find the delay by clyde_jtag_find_delay(), for up to ten
   seconds. */
#define CLYDE_JTAG_DELAY_AUTO 1000

/*
 * Open the core.  The FPGA must run the image, see clyde_fpga_load_image(), and
 * the ports of the pins must have supplies.  Returns CLYDE_ERROR_CORE_TAKEN,
 * CLYDE_ERROR_PIN_TAKEN, CLYDE_ERROR_NO_PIN, CLYDE_ERROR_NO_SUPPLY or
 * CLYDE_ERROR_NO_CORE if something is missing or in use.  Without
 * CLYDE_JTAG_DELAY_AUTO no clock is made.
 */
int clyde_jtag_open(struct clyde_device *device,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag);

/* Close it, and cancel what is on its way.  NULL does nothing. */
void clyde_jtag_close(struct clyde_jtag *jtag);

/*
 * Set the clock for the batches that are submitted from now on.
 *
 * rate_hz is 1465 to 48000000, or 0 for 100000; the core's rates are 48 MHz
 * divided by a whole number, of which the fastest that is not above rate_hz is
 * taken and written to *ret_rate_hz (NULL: not wanted).
 *
 * sample_delay_ns says how long after the falling edge of TCK that ends a clock
 * the core samples TDO, since level shifters, cable and target delay it: 1 to
 * 73, rounded to multiples of 10.4 ns; 0 or negative for none, which gives TDO a
 * whole clock.
 */
int clyde_jtag_configure(struct clyde_jtag *jtag, uint32_t rate_hz,
	int sample_delay_ns, uint32_t *ret_rate_hz);

/*
 * Find the delay at which TDO is read right at the present rate: from
 * CLYDE_TAP_RESET the TAPs' IDCODEs or BYPASS bits, and bits that go through the
 * chain, are read slowly, and then with each delay.  The middle of those that are
 * right is set, and written to *ret_delay_ns (NULL: not wanted).  Fails as
 * clyde_jtag_chain() does, and with CLYDE_ERROR_CHAIN if no delay is right; the
 * delay stays as it was then.
 */
int clyde_jtag_find_delay(
	struct clyde_jtag *jtag, int *ret_delay_ns, int timeout_ms);

/* The states of a TAP (IEEE 1149.1, figure 6-1). */
enum clyde_tap_state {
	CLYDE_TAP_RESET, /* Test-Logic-Reset */
	CLYDE_TAP_IDLE,  /* Run-Test/Idle */
	CLYDE_TAP_DR_SELECT,
	CLYDE_TAP_DR_CAPTURE,
	CLYDE_TAP_DR_SHIFT,
	CLYDE_TAP_DR_EXIT1,
	CLYDE_TAP_DR_PAUSE,
	CLYDE_TAP_DR_EXIT2,
	CLYDE_TAP_DR_UPDATE,
	CLYDE_TAP_IR_SELECT,
	CLYDE_TAP_IR_CAPTURE,
	CLYDE_TAP_IR_SHIFT,
	CLYDE_TAP_IR_EXIT1,
	CLYDE_TAP_IR_PAUSE,
	CLYDE_TAP_IR_EXIT2,
	CLYDE_TAP_IR_UPDATE,
	CLYDE_TAP_UNKNOWN, /* of clyde_jtag_state() only */
};

enum clyde_jtag_kind {
	/* Go to Shift-IR or Shift-DR, unless the TAPs are there already, shift
	   `bits` bits, send `out`, receive `in`, and go to `state`.  If that is
	   the same shift state, TMS stays low at the last bit, and the next step
	   can go on with the same scan. */
	CLYDE_JTAG_IR,
	CLYDE_JTAG_DR,
	/* `bits` clocks with these bits of TMS and `out`, in any state. */
	CLYDE_JTAG_VECTOR,
	/* Go to `state` by the shortest way; to CLYDE_TAP_RESET by five clocks
	   with TMS high, whatever the state was. */
	CLYDE_JTAG_STATE,
	/* `clocks` clocks in the present state, which must be RESET, IDLE,
	   DR_PAUSE or IR_PAUSE; from another state go to IDLE first. */
	CLYDE_JTAG_RUN,
	/* From IDLE, scan DR, or with CLYDE_JTAG_POLL_IR IR: `skip` bits, `bits`
	   bits (1 to 8), which are received, `tail` bits, and then `clocks`
	   clocks (up to 255) in IDLE; again until `received & mask` is `value`,
	   or for limit_us.  The bits that were received last go to the byte at
	   `in`. */
	CLYDE_JTAG_POLL,
	/* Set the levels of outputs: bits 0 and 1 are TRST and SRST.  While
	   TRST is low, and after it, the library takes into account that TAPs
	   may be in CLYDE_TAP_RESET, or not. */
	CLYDE_JTAG_PINS,
};

enum clyde_jtag_flag {
	/* TDI is low where there is no `out`; otherwise it is high. */
	CLYDE_JTAG_ZEROS = 1 << 0,
	CLYDE_JTAG_POLL_IR = 1 << 1, /* of CLYDE_JTAG_POLL */
};

enum clyde_jtag_level {
	CLYDE_JTAG_TRST_HIGH = 1 << 0,
	CLYDE_JTAG_SRST_HIGH = 1 << 1,
};

/* A step of a batch.  An `out` or `in` of NULL: no bytes are sent, or nothing is
   received. */
struct clyde_jtag_step {
	uint8_t kind;  /* enum clyde_jtag_kind */
	uint8_t flags; /* enum clyde_jtag_flag */
	uint8_t state; /* enum clyde_tap_state */
	uint8_t pins;
	uint32_t bits;
	const void *tms;
	const void *out; /* TDI */
	void *in;        /* TDO */
	uint8_t skip, tail, mask, value;
	uint32_t clocks;
	uint32_t limit_us;
	uint32_t delay_us; /* after the step, with TCK low */
};

/* Flags of a batch. */
enum clyde_jtag_batch {
	/* The next batch belongs to the same chain: if a poll of one batch
	   fails, the core skips all steps behind it, up to the end of the first
	   batch without this flag. */
	CLYDE_JTAG_CHAIN = 1 << 0,
};

/*
 * Send a batch.  The steps are copied; the bits at `tms` and `out` are read
 * during the call, and the memory at `in` must stay valid until the batch was
 * collected or the object is closed.  The call waits while the core has not
 * taken enough of what was submitted before; it receives meanwhile, so it cannot
 * wait for an uncollected batch.  Writes a ticket that is greater than those
 * before.
 *
 * A poll that fails leaves the TAPs in IDLE.  So that the state is known all the
 * same, the TAPs go to IDLE at the end of a chain of batches that has a poll.
 */
int clyde_jtag_submit(struct clyde_jtag *jtag,
	const struct clyde_jtag_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms);

/*
 * Wait for the end of a batch, and of all before it.  Returns 0;
 * CLYDE_ERROR_TIMEOUT if the time is over, and the batch can be collected
 * again; CLYDE_ERROR_LIMIT_PASSED if a poll of this batch, or before it in its
 * chain, has reached its limit: clyde_jtag_failed() says which; or an error of
 * the pipes, which ends all batches.  A batch of before is collected by it, and
 * its failure is reported if no later one failed.
 */
int clyde_jtag_collect(
	struct clyde_jtag *jtag, uint64_t ticket, int timeout_ms);

/* Whether a step failed in the batch that was collected last.  Returns 1 and
   writes the index of the step, or 0 if none did. */
int clyde_jtag_failed(struct clyde_jtag *jtag, size_t *ret_step);

int clyde_jtag_transfer(struct clyde_jtag *jtag,
	const struct clyde_jtag_step *steps, size_t count, int timeout_ms);

/* The state, an enum clyde_tap_state, behind all that was submitted. */
int clyde_jtag_state(struct clyde_jtag *jtag);

/*
 * One step each, see enum clyde_jtag_kind.  clyde_jtag_shift() is a
 * CLYDE_JTAG_VECTOR.  Of `tdi` and `out`, NULL is ones, and of `tms`, zeros; of
 * `tdo` and `in`, NULL is that they are not wanted.
 */
int clyde_jtag_shift(struct clyde_jtag *jtag, uint32_t bits, const void *tms,
	const void *tdi, void *tdo, int timeout_ms);
int clyde_jtag_ir(struct clyde_jtag *jtag, uint32_t bits, const void *out,
	void *in, enum clyde_tap_state state, int timeout_ms);
int clyde_jtag_dr(struct clyde_jtag *jtag, uint32_t bits, const void *out,
	void *in, enum clyde_tap_state state, int timeout_ms);
int clyde_jtag_run(struct clyde_jtag *jtag, uint32_t clocks, int timeout_ms);
int clyde_jtag_go(
	struct clyde_jtag *jtag, enum clyde_tap_state state, int timeout_ms);
/* Set TRST low for a millisecond, if it has a pin, and go to CLYDE_TAP_RESET. */
int clyde_jtag_reset(struct clyde_jtag *jtag, int timeout_ms);
/* Set TRST and SRST: CLYDE_JTAG_TRST_HIGH, CLYDE_JTAG_SRST_HIGH. */
int clyde_jtag_pins(struct clyde_jtag *jtag, unsigned levels, int timeout_ms);

/* ---- Scan chains ------------------------------------------------------- */

#define CLYDE_TAPS_MAX 64

/* A TAP of a chain. */
struct clyde_tap {
	uint32_t idcode;  /* 0: it has none */
	uint32_t ir_bits; /* of its instruction register; 0: it cannot be told
			     from what the registers captured */
};

/*
 * Find the TAPs, the one next to TDO first.  They are in CLYDE_TAP_RESET
 * afterwards, which selects IDCODE or BYPASS.  Writes up to `count` TAPs, and
 * the sum of the lengths of their instruction registers, of which a TAP with
 * ir_bits of 0 has a part (NULL: not wanted).  Returns the number of TAPs.
 *
 * CLYDE_ERROR_NO_CHIP if TDO never changes, and CLYDE_ERROR_CHAIN if its bits
 * are not those of a chain: the sentence says which pin that means.
 */
int clyde_jtag_chain(struct clyde_jtag *jtag, struct clyde_tap *taps,
	size_t count, uint32_t *ret_ir_bits, int timeout_ms);

/* ---- SVF --------------------------------------------------------------- */

struct clyde_svf_options {
	uint32_t rate_hz; /* at most, whatever the file says; 0: any rate up to
			     the one that is set */
	/* Go on to shift before the bits of a scan were compared with those that
	   the file expects.  Faster for files that read back much; but what
	   stands behind a scan that does not match has been done by then. */
	bool ahead;
};

/*
 * Play a file in Serial Vector Format, revision E, of any size.  `read` gives its
 * next bytes: it returns how many it has written, 0 at the end, or a negative
 * value, which ends the call and is its result.  Both callbacks run on the
 * thread of the call, and may call the library, but not with this object, which
 * must not be used otherwise meanwhile.  An
 * observer's `progress` is called with the bytes of the file that were played;
 * NULL: no observer.
 *
 * CLYDE_ERROR_SVF if the file is malformed, or too much for the memory,
 * CLYDE_ERROR_MISMATCH if TDO had other bits than the file expects: the sentence
 * has the line.  After each failure, and an interrupt, the TAPs are in
 * CLYDE_TAP_RESET.  TRST ON without a pin for TRST is five clocks with TMS high;
 * TRST Z drives TRST high.  A RUNTEST with a time lasts as long, with TCK running;
 * a longest time is ignored.  The rate is the one that is set, or less if the
 * file's FREQUENCY says so, and after the call it is what it was.
 */
int clyde_jtag_svf(struct clyde_jtag *jtag,
	const struct clyde_svf_options *options,
	ssize_t (*read)(void *user, void *ret_bytes, size_t size), void *user,
	const struct clyde_observer *observer);

/* ---- Applets ---------------------------------------------------------- */

enum clyde_parameter_type {
	CLYDE_PARAMETER_SIZE,    /* bytes, and addresses: "512", "0x200",
				    "64KiB", "8MiB", "1GiB" */
	CLYDE_PARAMETER_INTEGER, /* unsigned: "100", "0x64" */
	CLYDE_PARAMETER_CHOICE,  /* names out of a list, in any number */
	CLYDE_PARAMETER_ONE_OF,  /* one name out of a list */
	CLYDE_PARAMETER_FLAG, /* "yes" or "no"; on a command line, given or not */
	CLYDE_PARAMETER_TIME,  /* "20us", "5ms", "1.5s"; a range is in ns */
	CLYDE_PARAMETER_TEXT,  /* any */
	CLYDE_PARAMETER_WORDS, /* texts, in any number, in their order */
	CLYDE_PARAMETER_PIN,   /* one pin or none, see clyde_pins_parse() */
	CLYDE_PARAMETER_PINS,  /* any number of pins */
	/* "100" and "1.5" are kHz; "12M", "400k", "24MHz", "100Hz"; a range is
	   in Hz */
	CLYDE_PARAMETER_FREQUENCY,
	/* One name out of a list, the verb: what the applet does.  At most one
	   row, the first positional one. */
	CLYDE_PARAMETER_VERB,
};

/*
 * One row of an applet's parameter table; static.
 *
 * With `verbs`, the row belongs to these verbs of the applet's
 * CLYDE_PARAMETER_VERB, and follows the verb on a command line.  Names are
 * different in all rows.  A row of a verb may have the key of a row without
 * verbs: the key means the latter before the verb, the former behind it.
 */
struct clyde_parameter {
	const char *name; /* "transfer-size": the long option */
	char key;         /* 'c': the short option, or 0 */
	enum clyde_parameter_type type;
	bool positional; /* given without an option's name */
	uint64_t minimum;
	uint64_t maximum;
	uint64_t multiple;   /* a value must be a multiple of it; 0 = any */
	const char *unit;    /* "B", or NULL */
	const char *initial; /* as on a command line; NULL or "": none */
	const char *choices; /* "source sink", or NULL; for WORDS these are
				examples */
	const char *help;
	const char *choices_help; /* a line for each choice, or NULL */
	const char *verbs;        /* "read verify", or NULL */
	bool required;            /* a claim is refused without a value */
};

/* An applet's name and tables; static. */
struct clyde_applet {
	const char *name;
	const char *help;
	const struct clyde_parameter *parameters; /* ends with a NULL name */
	const char *aliases; /* other names, "control-gpio", or NULL */
};

/* The applets, by index from 0, or by name or alias; NULL if there is none. */
const struct clyde_applet *clyde_applet_at(size_t index);
const struct clyde_applet *clyde_applet_find(const char *name);

enum clyde_field_type {
	CLYDE_FIELD_END,
	CLYDE_FIELD_TEXT,
	CLYDE_FIELD_COUNT,
	CLYDE_FIELD_REAL, /* NaN if it is unknown */
	CLYDE_FIELD_FLAG,
	CLYDE_FIELD_PAIRS, /* count pairs of numbers */
};

struct clyde_field {
	const char *name;
	enum clyde_field_type type;
	const char *text;
	uint64_t count;
	double real;
	bool flag;
	const double *pairs;
};

/* A report of an applet: a line for people, fields for programs.  It is valid
   during the call of the observer. */
struct clyde_record {
	const char *group;                /* "modes": the list it belongs to */
	const char *text;                 /* NULL: for programs only */
	const struct clyde_field *fields; /* ends with CLYDE_FIELD_END */
};

/*
 * Both functions are called on the thread that called clyde_run_start(); each
 * may be NULL.  They cannot close anything, see "Closing" above.  Once
 * clyde_run_start(), or a close of the run, has returned, neither is called any
 * more.
 */
struct clyde_observer {
	void (*record)(void *user, const struct clyde_record *record);
	/* `total` is 0 if it is not known. */
	void (*progress)(
		void *user, const char *what, uint64_t done, uint64_t total);
	void *user;
};

/* Create a run of an applet, with the initial values of its table.  Close it
   with clyde_run_close(), or it is closed with its context. */
int clyde_run_new(struct clyde_context *context, const char *applet,
	struct clyde_run **ret_run);
void clyde_run_close(struct clyde_run *run);

/*
 * Set a parameter to a value, written as on a command line.  A value of a
 * CLYDE_PARAMETER_CHOICE or of CLYDE_PARAMETER_WORDS is added to those that
 * were set before.  For CLYDE_ERROR_INVALID, clyde_error_message() says which
 * values are valid.
 */
int clyde_run_set(struct clyde_run *run, const char *name, const char *value);

/*
 * Returns 1 if this run, with its present parameters, moves bytes between the
 * FPGA and descriptors of the caller, which clyde_run_attach() has to set; else
 * 0.
 */
int clyde_run_streams(struct clyde_run *run);

/* Set the run's input and output.  The caller closes them after the run. */
int clyde_run_attach(struct clyde_run *run, int in_fd, int out_fd);

/*
 * Reserve the core of the image, the pipes and the pins that this run needs.
 * Nothing is sent to the device.  clyde_run_start() claims by itself.  For
 * several runs at once on a device, each on its own thread, claim for all of
 * them first: then a conflict is an error before any run has begun.  Returns
 * CLYDE_ERROR_INVALID if parameters contradict each other.  A claim ends when
 * clyde_run_start() returns or the run is closed.
 */
int clyde_run_claim(struct clyde_run *run, struct clyde_device *device);

/*
 * Check that the ports of the pins that a run has claimed will have a supply,
 * after the image is loaded, which switches supplies off, if it has to be
 * loaded, and after these supplies are applied (NULL: none).  Returns 0,
 * CLYDE_ERROR_NO_SUPPLY if a port would have none, CLYDE_ERROR_INVALID or
 * CLYDE_ERROR_LIMIT for supplies that the device would refuse.  Changes nothing
 * in the device.  clyde_run_start() does this check by itself; before several
 * runs at once, do it for all of them.
 */
int clyde_run_check(struct clyde_run *run,
	const struct clyde_supply supply[CLYDE_PORT_COUNT]);

/*
 * Check the supplies (an array of CLYDE_PORT_COUNT; NULL: do not change them),
 * load the image unless the FPGA runs it, apply the supplies, and run the
 * applet to its end, with an observer or NULL.  Returns when the run has
 * ended; the run's pins are inputs again then, unless the applet's page says
 * otherwise.  Until then other calls that would change, claim or start the run
 * return CLYDE_ERROR_BUSY.  Closing the run, the device or the context from
 * another thread ends the run with CLYDE_ERROR_CANCELED, and waits for its
 * end.
 */
int clyde_run_start(struct clyde_run *run, struct clyde_device *device,
	const struct clyde_supply supply[CLYDE_PORT_COUNT],
	const struct clyde_observer *observer);

#ifdef __cplusplus
}
#endif

#endif
