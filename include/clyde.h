/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * libclyde: the host system of the Glasgow Interface Explorer.
 *
 * Two nouns carry the library.  A *device* is one instrument, real or
 * virtual; a *pipe* is one direction of one of its byte streams, to or from
 * its FPGA.  A *context* owns devices, a device owns pipes: closing one
 * closes what it owns.
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
 * clyde_error.  Results beyond that come last, are named ret_..., and stay
 * untouched on failure.  After any call that has failed, also one with a
 * closed handle, clyde_error_message() says in one line what went wrong and
 * what to do.
 *
 * Handles.  A pointer to one of these structs is a handle, not an address:
 * its value is the object's token, which is never used again.  A call with a
 * handle that was closed, here or elsewhere, or with NULL, returns CLYDE_ERROR_CLOSED, and
 * closing twice does nothing.  A call with a handle of another kind, of a
 * device where a pipe is expected, is CLYDE_ERROR_WRONG_HANDLE and does nothing.
 * Where a pointer has 32 bits, a process can make 2^29 objects, and gets
 * CLYDE_ERROR_EXHAUSTED from then on.  After a
 * fork() the child owns nothing: its parent's handles are closed as far as it
 * can see, and stay the parent's.
 *
 * Closing.  When a close returns, on any thread, nothing that was lent to the
 * object, or to what it owns, is used again: memory of pipes, callbacks and
 * their `user`, attached descriptors; and the device's descriptor for poll()
 * is closed.  A close of what another thread is closing already waits for the
 * end of that.  So a callback, a log's or an observer's, cannot close: the
 * call that it belongs to would wait for itself.  Whatever the object, and on
 * whichever context, closing in a callback is CLYDE_ERROR_INSIDE and leaves it open.
 * The closing functions without a result leave the sentence of that, and of a
 * handle of another kind, for clyde_error_message().
 *
 * Time.  A timeout is in milliseconds of the link's time, and negative for
 * none.  Under the virtual link time is virtual: it passes only while
 * somebody waits, and every run repeats exactly.
 *
 * Threads.  A context and all it owns may be used from any thread, one call
 * at a time: a second caller waits for the first.  clyde_close_token() and
 * clyde_context_interrupt() do not wait, they end the waits of others.
 *
 * The library never prints, never exits, and starts no thread; libusb, which
 * it uses once a device on usb: is asked for, starts one that watches for
 * devices.
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

/* Never reused while the process lives; 0 is no object. */
typedef uint64_t clyde_token;

/*
 * What went wrong.  clyde_error_message() has the particulars.  The tool ends
 * with the status in brackets.
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
	/* [65] the configuration block, or a firmware file, is corrupt */
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
	/* errors: end */
};

/* One row of the table of errors; static. */
struct clyde_error_info {
	int value;           /* enum clyde_error */
	int exit_status;     /* what the tool ends with */
	const char *name;    /* "NO_DEVICE" */
	const char *meaning; /* "no device found, or it was unplugged" */
};

/*
 * The sentence of the last failure on this thread, without a newline; empty
 * if nothing has failed on it yet.  Valid until the thread's next call.
 */
const char *clyde_error_message(void);

/* The errors, by index from 0; NULL past the last. */
const struct clyde_error_info *clyde_error_at(size_t index);

/* Version of the library, "0.1.0". */
const char *clyde_version(void);

/* ---- Context ---------------------------------------------------------- */

/* Create a context; close it with clyde_context_close(). */
int clyde_context_new(struct clyde_context **ret_context);

/* Close a context and all that it owns.  NULL is fine. */
void clyde_context_close(struct clyde_context *context);

/*
 * What did not fail, but went on at less than was asked for, and how to have
 * all of it: one line, cut off after size - 1 bytes.  The first one in this
 * context is kept.  Returns 1 if there is one, else 0.
 */
int clyde_context_notice(
	struct clyde_context *context, char *ret_text, size_t size);

/*
 * End every wait in this context with CLYDE_ERROR_INTERRUPTED, now and until
 * clyde_context_resume().  Nothing is lost: what has arrived can be read
 * after resuming.  Safe in a signal handler and from any thread.
 */
void clyde_context_interrupt(struct clyde_context *context);
void clyde_context_resume(struct clyde_context *context);

enum clyde_log_level {
	CLYDE_LOG_OFF,
	CLYDE_LOG_ERROR,   /* why something failed, where it did */
	CLYDE_LOG_WARNING, /* it works, but not as it should; alerts */
	CLYDE_LOG_INFO,    /* devices opened and closed */
	CLYDE_LOG_DEBUG,   /* alternate settings, the FPGA, pipes */
	CLYDE_LOG_TRACE,   /* every command, reply and transfer */
};

/*
 * Tell what happens, up to this level, as one line without a newline, with
 * the time of the device's link, 0 before there is one.  The callback runs
 * inside the call that has something to tell, on its thread, one at a time;
 * of this context it may call clyde_context_interrupt(), and other calls are
 * CLYDE_ERROR_INSIDE; it closes nothing.  NULL is for silence.  Once this has returned 0,
 * the callback that was set before is not called any more.  Returns 0, or
 * CLYDE_ERROR_INVALID for another level.
 */
int clyde_context_log(struct clyde_context *context, enum clyde_log_level level,
	void (*callback)(void *user, enum clyde_log_level level,
		int64_t time_ns, const char *line),
	void *user);

/*
 * Write every transfer of the devices that are opened from now on to a pcap
 * file, at the time of its device's link; it replaces what is there.  Each
 * time a device is opened it gets the next USB address, from 1 up.
 *
 * A file that cannot be written fails at once.  When the disk fills up in
 * the middle, the transfers go on: the capture ends with the last packet that
 * fits, with a warning in the log, and it is the call that ends the capture
 * which fails.  That is the one with NULL, or with another path; the devices
 * must be closed then, else it is CLYDE_ERROR_BUSY.  Closing the context ends it
 * without a word.
 */
int clyde_context_capture(struct clyde_context *context, const char *path);

/* ---- Tokens ----------------------------------------------------------- */

clyde_token clyde_context_token(const struct clyde_context *context);
clyde_token clyde_device_token(const struct clyde_device *device);
clyde_token clyde_pipe_token(const struct clyde_pipe *pipe);
clyde_token clyde_monitor_token(const struct clyde_monitor *monitor);

/*
 * Close the object of this token and all that it owns, whatever it is.
 * Idempotent and thread-safe: it may be called late, early, twice, from any
 * thread, in any order, which is what a garbage collector needs.  Waits of
 * other threads on the object end with CLYDE_ERROR_CANCELED first.  Returns 0; CLYDE_ERROR_CLOSED
 * when the object was closed by another call, which is over by then; CLYDE_ERROR_INSIDE
 * in a callback, and the object stays open.
 */
int clyde_close_token(clyde_token token);

/* Objects alive in the process; a leak test compares it. */
size_t clyde_live_objects(void);

/* ---- Devices ---------------------------------------------------------- */

#define CLYDE_URI_SIZE 256
#define CLYDE_WHY_SIZE 320

/* What is known of a device without claiming it. */
struct clyde_device_info {
	char uri[CLYDE_URI_SIZE]; /* opens this very device */
	char serial[64];          /* "C3-20230101T120000Z"; or empty */
	char manufacturer[64];
	char product[96];
	char revision[8];  /* "C3"; "?" where there is none */
	uint8_t api_level; /* 0: no firmware loaded */
	bool modified;     /* built from modified design files */
	bool configured;   /* its ids are a Glasgow's; if not, the
			      configuration block is missing */
	/* What the hub and the device have agreed on: 1500 is low speed, 12000
	   full, 480000 high; 0: unknown. */
	unsigned speed_kbit_per_s;
	char node[64]; /* its file, "/dev/bus/usb/001/002"; or empty */
	/* As far as can be told without disturbing whoever uses the device. */
	int state;                /* 0, or the enum clyde_error that opening
				     it would give */
	char why[CLYDE_WHY_SIZE]; /* the sentence of that; or empty */
	bool readable;            /* its descriptors could be read; else serial,
				     manufacturer and product are empty */
};

/*
 * List the devices behind a URI.
 *
 *	usb:				those plugged into this machine
 *	usb:BUS:ADDRESS			one of them, as lsusb counts
 *	virtual:			one virtual Glasgow, in this process
 *	virtual:KEY=VALUE,...		see clyde-virtual(7)
 *
 * NULL is "usb:".  Returns their number, which may be 0, and an array to be
 * freed with clyde_device_list_free().  Every device is in it, with its state:
 *
 *	0			it can be opened
 *	CLYDE_ERROR_ACCESS	this user may not open it: not readable
 *	CLYDE_ERROR_BUSY	a program, or a driver of the kernel, has it
 *	CLYDE_ERROR_API_LEVEL	clyde_firmware_load() comes first
 *	CLYDE_ERROR_CORRUPT	its configuration block is missing; or another
 *				board with the same chip
 *	others			its descriptors could not be read: not readable
 *
 * A list claims nothing and changes nothing: a device that another program
 * uses is not disturbed.
 */
int clyde_device_list(struct clyde_context *context, const char *uri,
	struct clyde_device_info **ret_list);
void clyde_device_list_free(struct clyde_device_info *list);

/* The library beneath "usb:", and what it can do on this system. */
struct clyde_usb_library {
	char version[32]; /* of libusb, "1.0.26.11724" */
	bool hotplug;     /* it tells when a device comes or goes */
	bool detach;      /* it can take a device from a kernel driver */
};

void clyde_usb_library(struct clyde_usb_library *ret_library);

/*
 * Open a device.  With a serial number it is the one that shows it; devices
 * that cannot be read are passed over, and named only if no other matches.
 * With serial NULL it is the only device, or the only one that shows a serial
 * number, else the call fails with CLYDE_ERROR_AMBIGUOUS.
 *
 * CLYDE_ERROR_API_LEVEL if its firmware speaks another API level, or it has
 * none: clyde_firmware_load() comes first then.  Closed by
 * clyde_device_close() or with its context.
 */
int clyde_device_open(struct clyde_context *context, const char *uri,
	const char *serial, struct clyde_device **ret_device);

/*
 * Load firmware into a device, if it speaks another API level than this
 * library, before it is opened: returns 1 if it was loaded, 0 if there was no
 * need, and then nothing is done.  The device is chosen as by
 * clyde_device_open(); one without any firmware shows no serial number.  The
 * file is Intel HEX for the FX2, at `data`; one that is malformed is
 * CLYDE_ERROR_CORRUPT, whatever the device's level.
 *
 * The firmware goes into the FX2's RAM, where it stays until the power goes;
 * a virtual device has it until it is closed.  The device leaves the bus and
 * comes back, for which it has 10 s, else CLYDE_ERROR_TIMEOUT.  On USB it has
 * another address then.  ret_uri, unless NULL, is the URI by which the device
 * is opened from now on, loaded or not.  CLYDE_ERROR_BUSY if somebody uses the
 * device.
 */
int clyde_firmware_load(struct clyde_context *context, const char *uri,
	const char *serial, const void *data, size_t size,
	char ret_uri[CLYDE_URI_SIZE]);

/* Close a device and its pipes.  NULL is fine. */
void clyde_device_close(struct clyde_device *device);

/* What is known of the device. */
int clyde_device_info(
	struct clyde_device *device, struct clyde_device_info *ret_info);

/* The link's name, static: "usb", "virtual"; NULL if the device is closed. */
const char *clyde_device_link(struct clyde_device *device);

/* The link's clock, in nanoseconds since an arbitrary moment. */
int clyde_device_now(struct clyde_device *device, int64_t *ret_now_ns);

/* 1 if the link's clock is the machine's, 0 if time is virtual. */
int clyde_device_real_time(struct clyde_device *device);

/* Let time pass, and completions be handled: 0, or an error. */
int clyde_device_sleep(struct clyde_device *device, int timeout_ms);

/*
 * A file descriptor for poll(), epoll and event loops.  It is readable when
 * clyde_device_process() has something to do, or when another call has handled
 * completions since clyde_device_process() was last called.  An event loop
 * calls clyde_device_process() when the descriptor is readable, and then looks
 * at its pipes with a timeout of 0.  After it has started a transfer, it calls
 * clyde_device_process() once before it polls.
 *
 * Only one event loop may use the descriptor.  On a link in real time a run of
 * the uart applet is one.  The descriptor belongs to the device, and is valid
 * until that is closed: do not read, write or close it.
 *
 * Polling the descriptor of a virtual device lets virtual time pass: it is
 * readable while anything is under way.
 */
int clyde_device_poll_fd(struct clyde_device *device);

/*
 * Handle the completions that have arrived, without waiting.  Returns 1 if
 * transfers have come back since the last call, 0 if none have, or an error.
 * Up to a millisecond of virtual time passes, less if a transfer comes back.
 */
int clyde_device_process(struct clyde_device *device);

/* ---- Monitor ---------------------------------------------------------- */

enum clyde_monitor_change {
	CLYDE_MONITOR_ARRIVED = 1,
	CLYDE_MONITOR_LEFT,
};

struct clyde_monitor_event {
	enum clyde_monitor_change change;
	struct clyde_device_info info; /* as it was told when it arrived */
};

/*
 * Watch the devices behind a URI come and go.  Devices that are there already
 * come first, as arrived.  The monitor reads a device's descriptors once when
 * it arrives, as clyde_device_list() does, and disturbs nobody.
 *
 * On "usb:" a device that this user may not open is told when that changes,
 * because udev is at work, and after a second at the latest.  Where the system
 * does not tell when a device comes or goes, the monitor looks every half
 * second.  On "virtual:" all devices are there from the start, and none
 * leaves.
 */
int clyde_monitor_new(struct clyde_context *context, const char *uri,
	struct clyde_monitor **ret_monitor);
void clyde_monitor_close(struct clyde_monitor *monitor);

/*
 * Wait for the next event: 1.  CLYDE_ERROR_TIMEOUT if there is none by then; a
 * timeout of 0 only looks.  The time is the machine's; where time is virtual
 * nothing more can happen after the first arrivals, so that a wait with a
 * timeout is over at once, and one without is CLYDE_ERROR_DEADLOCK.  Other
 * calls in the context go on meanwhile.
 */
int clyde_monitor_next(struct clyde_monitor *monitor,
	struct clyde_monitor_event *ret_event, int timeout_ms);

/*
 * A file descriptor for poll(), epoll and event loops, the monitor's.  It is
 * readable when clyde_monitor_next() has something to do: call that with a
 * timeout of 0 until it returns CLYDE_ERROR_TIMEOUT.
 */
int clyde_monitor_poll_fd(struct clyde_monitor *monitor);

/* ---- FPGA ------------------------------------------------------------- */

#define CLYDE_FPGA_ID_SIZE 8

/*
 * The id of the bitstream that runs in the FPGA: 1 if there is one, 0 if
 * the FPGA is not configured.
 */
int clyde_fpga_status(
	struct clyde_device *device, uint8_t ret_id[CLYDE_FPGA_ID_SIZE]);

/*
 * Make the FPGA run this bitstream.  Nothing is loaded when its id is there
 * already: returns 0 then, 1 if it was loaded.  Pipes must be closed.  On
 * revC, loading turns the port supplies off and takes half a second.
 * CLYDE_ERROR_FPGA if the FPGA does not configure.
 */
int clyde_fpga_load(struct clyde_device *device, const void *bitstream,
	size_t size, const uint8_t id[CLYDE_FPGA_ID_SIZE]);

/* The same with Clyde's own image, the one that applets need. */
int clyde_fpga_load_image(struct clyde_device *device);

/*
 * Read or write 0 to 32 bytes of FPGA registers from an address up.
 * Registers up to 0x02 are the firmware's, and writing them is CLYDE_ERROR_INVALID.
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
 * Supply voltage in mV, 0 = off; 1650 to 5500 on revC.  Setting one above
 * the device's limit is CLYDE_ERROR_LIMIT and changes nothing.  What is read is what
 * the DAC makes of it, in steps of 15.2 mV: up to 22 mV more.
 */
int clyde_supply_set(
	struct clyde_device *device, clyde_ports ports, unsigned supply_mv);
int clyde_supply_get(
	struct clyde_device *device, unsigned ret_supply_mv[CLYDE_PORT_COUNT]);

/* The limit that supplies may not exceed, kept over power cycles; 0 = none. */
int clyde_supply_limit_set(
	struct clyde_device *device, clyde_ports ports, unsigned limit_mv);
int clyde_supply_limit_get(
	struct clyde_device *device, unsigned ret_limit_mv[CLYDE_PORT_COUNT]);

/* Voltage on the sense pins, mV. */
int clyde_sense_get(
	struct clyde_device *device, unsigned ret_sense_mv[CLYDE_PORT_COUNT]);

/* Supply current, uA.  Revisions C2 and later; before, CLYDE_ERROR_REFUSED. */
int clyde_supply_current_get(
	struct clyde_device *device, int ret_current_ua[CLYDE_PORT_COUNT]);

/*
 * Switch a supply off when the sense voltage leaves this window; 0 = that
 * side is not watched.  Revisions C2 and later.
 */
int clyde_supply_window_set(struct clyde_device *device, clyde_ports ports,
	unsigned low_mv, unsigned high_mv);
int clyde_supply_window_get(struct clyde_device *device,
	unsigned ret_low_mv[CLYDE_PORT_COUNT],
	unsigned ret_high_mv[CLYDE_PORT_COUNT]);

/* Switch a supply off above this current, uA, in steps of 80; 0 = never. */
int clyde_supply_current_limit_set(
	struct clyde_device *device, clyde_ports ports, unsigned trip_ua);
int clyde_supply_current_limit_get(
	struct clyde_device *device, unsigned ret_trip_ua[CLYDE_PORT_COUNT]);

/*
 * Pull resistors, one bit a pin.  A pin with both bits set is left alone.  On
 * revC they hang on the port's supply: it must be on (else CLYDE_ERROR_REFUSED), and
 * when it goes off they float.
 */
int clyde_pulls_set(struct clyde_device *device, clyde_ports ports,
	uint8_t down, uint8_t up);
int clyde_pulls_get(struct clyde_device *device,
	uint8_t ret_down[CLYDE_PORT_COUNT], uint8_t ret_up[CLYDE_PORT_COUNT]);

/* Levels of the pins, one bit a pin; 0 where the supply is off. */
int clyde_levels_get(
	struct clyde_device *device, uint8_t ret_levels[CLYDE_PORT_COUNT]);

/* One pin, as an applet's parameter names it. */
struct clyde_pin {
	uint8_t port;   /* 0 = A */
	uint8_t number; /* 0 to 7 */
	bool invert;
};

#define CLYDE_PINS_MAX 32 /* of all ports together */

/*
 * Parse pins as Glasgow's users write them: "A0"; "A0#", inverted; "A0:3",
 * "A3:0#", a range, in that order; "A0,B1:2", a list; "NC", "-" or nothing,
 * which is no pin.  Returns how many; CLYDE_ERROR_NO_PIN for a pin that no port
 * has.
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
	uint8_t fpga;
};

/* What the device holds, and to clear it.  Clearing takes what is set. */
int clyde_alerts_get(
	struct clyde_device *device, struct clyde_alerts *ret_alerts);
int clyde_alerts_clear(
	struct clyde_device *device, const struct clyde_alerts *alerts);

/*
 * Alerts that the device sent of its own accord since the last call, in the
 * middle of whatever else: 1 if there were any, 0 if not.
 */
int clyde_alerts_take(
	struct clyde_device *device, struct clyde_alerts *ret_alerts);

/* Supplies off, and pulls with them; windows off, alerts cleared. */
int clyde_device_safe(struct clyde_device *device);

/*
 * One port's share of a supply specification, as Glasgow's users know it:
 * "3.3" (every port), "A=3.3", "AB=1.8", "A=5.0,B=3.3", "A=SB" (what port
 * B's sense pin shows), "A=0" or "A=off".
 */
struct clyde_supply {
	bool given;
	unsigned supply_mv; /* if sense is negative */
	int sense;          /* index of the port to mirror, or -1 */
};

/* Parse a specification for a device that has these ports. */
int clyde_supply_parse(const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT]);

/* Apply it: all ports are checked before the first is changed. */
int clyde_supply_apply(struct clyde_device *device,
	const struct clyde_supply supply[CLYDE_PORT_COUNT]);

/* ---- EEPROM ----------------------------------------------------------- */

/* Read or write the FX2's EEPROM, 32 KiB; any range inside it. */
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

/* Decode a block; CLYDE_ERROR_CORRUPT if it is not one. */
int clyde_config_decode(
	const void *block, size_t size, struct clyde_config *ret_config);

/* Read and decode the device's. */
int clyde_config_read(
	struct clyde_device *device, struct clyde_config *ret_config);

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
	bool quad;              /* all four FX2 buffers: the pair's other
				   pipe stays closed */
	void *memory;           /* where transfers live; NULL = allocated.
				   The caller's, until the pipe is closed */
	size_t memory_size;     /* B; see clyde_pipe_open() */
};

#define CLYDE_TRANSFER_SIZE_DEFAULT 65536
#define CLYDE_TRANSFER_SIZE_MAX     (4 << 20)
#define CLYDE_DEPTH_DEFAULT         32
#define CLYDE_DEPTH_MAX             1024

/*
 * Open a pipe: claim its endpoint, reset it on both sides of the FX2 bus,
 * and, for an IN pipe, arm its reads before anything can flow.  The FPGA
 * must be configured.  Memory is allocated here, once: an OUT pipe holds
 * depth transfers, an IN pipe twice that, so that a finished transfer is
 * replaced before its bytes are read.  Who gives the memory for them may look
 * at it after the pipe is closed.  NULL options are the defaults.
 */
int clyde_pipe_open(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);

/*
 * Close a pipe.  Transfers in flight are cancelled and waited for; bytes
 * not yet read, or not yet flushed, are gone.  NULL is fine.
 */
void clyde_pipe_close(struct clyde_pipe *pipe);

/*
 * Read exactly size bytes, or fewer if the deadline passes, the stream
 * fails or is cancelled: what came is returned first, the error by the next
 * call.
 */
ssize_t clyde_pipe_read(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms);

/* Read up to size bytes: what is there, and at least one. */
ssize_t clyde_pipe_read_some(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms);

/*
 * Write size bytes.  They travel in transfers of the pipe's size; the rest
 * waits for more, or for clyde_pipe_flush().  Blocks while the queue is
 * full, which a loopback is as long as nobody reads.  Returns what was taken,
 * fewer only as clyde_pipe_read() does.
 */
ssize_t clyde_pipe_write(
	struct clyde_pipe *pipe, const void *data, size_t size, int timeout_ms);

/* Send what is buffered and wait until the device has taken all of it. */
int clyde_pipe_flush(struct clyde_pipe *pipe, int timeout_ms);

/* Send what is buffered, and do not wait for it. */
int clyde_pipe_push(struct clyde_pipe *pipe);

/*
 * The next bytes of an IN pipe, or the next room of an OUT pipe, in place.
 * Returns how many, at least one, and where; they stay the caller's until
 * clyde_pipe_release(), which says how many of them were read or filled.
 * One region at a time: CLYDE_ERROR_BUSY for a second.
 */
ssize_t clyde_pipe_acquire(
	struct clyde_pipe *pipe, void **ret_data, int timeout_ms);
int clyde_pipe_release(struct clyde_pipe *pipe, size_t size);

/*
 * Cancel the transfers in flight and wait for them.  What had arrived is
 * delivered by the next reads, then they return CLYDE_ERROR_CANCELED.  What had not
 * left an OUT pipe is dropped: clyde_pipe_offset() says how much did.
 */
int clyde_pipe_cancel(struct clyde_pipe *pipe);

/* After a cancel: go on where the stream stopped. */
int clyde_pipe_resume(struct clyde_pipe *pipe);

/*
 * Start over: cancel, drop what is buffered, reset both sides of the FX2
 * bus, arm the reads.
 */
int clyde_pipe_reset(struct clyde_pipe *pipe);

/*
 * How long an IN pipe waits for a further byte before it sends what it
 * has; 0 to 1365000 ns.  The default is one microframe, 125000 ns;
 * request-and-reply wants a few microseconds.  Kept until the FPGA is
 * loaded anew.
 */
int clyde_pipe_set_idle_flush(struct clyde_pipe *pipe, unsigned idle_ns);

/*
 * The stream's offset since the pipe was opened or reset: bytes that an IN
 * pipe has delivered, or that the device has taken from an OUT pipe.  After
 * an error or a cancel, all up to here is good; writing goes on from here.
 */
int clyde_pipe_offset(struct clyde_pipe *pipe, uint64_t *ret_offset);

struct clyde_pipe_stats {
	uint64_t bytes;       /* moved by the link */
	uint64_t transfers;   /* completed */
	uint64_t stalls;      /* times that the caller had to wait */
	uint64_t wakeups;     /* times that the link woke it */
	uint64_t starvations; /* times that nothing was in flight though
				  the stream ran */
	uint32_t depth;       /* transfers in flight at most: fewer than
				  asked for if memory for them ran out */
	uint32_t in_flight;   /* transfers, now */
	uint32_t ready;       /* transfers, now: complete and unread */
	uint32_t ready_max;
	size_t memory; /* B held, fixed from open to close */
};

int clyde_pipe_stats(
	struct clyde_pipe *pipe, struct clyde_pipe_stats *ret_stats);

/* ---- Cores ------------------------------------------------------------ */

/*
 * What is in Clyde's image beside the pipes.  To use a core without an applet:
 * load the image, attach the core to pipes, open these, and write the core's
 * registers, which starts it.  In that order: opening a pipe resets the core
 * that it is attached to, and a core with a pipe that is not open stays in
 * reset.
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
};

/*
 * Make these, and no others, the pipes of a core: at most one in each
 * direction.  0 pipes detach the core.  A run of an applet
 * attaches its core itself.  CLYDE_ERROR_CORE_TAKEN if a run has claimed the
 * core or a pipe, CLYDE_ERROR_NO_CORE if the FPGA runs no image that has the
 * core.  Loading the FPGA detaches all.
 */
int clyde_core_attach(struct clyde_device *device, enum clyde_core core,
	const enum clyde_pipe_id *pipes, size_t count);

/* A register of a core; static. */
struct clyde_register {
	const char *name; /* "mode" */
	uint8_t size;     /* B, 1 to 8 */
	bool writable, readable;
	const char *help; /* what its value means */
};

/* The registers of a core, by index from 0; NULL past the last. */
const struct clyde_register *clyde_core_register_at(
	enum clyde_core core, size_t index);

/*
 * Read or write a register of a core by its name.  CLYDE_ERROR_INVALID if the
 * core has none of this name, or the value does not fit.
 */
int clyde_core_read(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t *ret_value);
int clyde_core_write(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t value);

/* The benchmark core's register "mode". */
enum clyde_benchmark_mode {
	CLYDE_BENCHMARK_IDLE = 0,
	CLYDE_BENCHMARK_SOURCE = 1,   /* emits the sequence, for an IN pipe */
	CLYDE_BENCHMARK_SINK = 2,     /* checks what an OUT pipe sends */
	CLYDE_BENCHMARK_LOOPBACK = 3, /* echoes */
};

/* The UART core's register "control": data bits - 5, or'ed with these. */
enum clyde_uart {
	CLYDE_UART_TWO_STOP = 1 << 2,
	CLYDE_UART_PARITY_ODD = 3 << 3,
	CLYDE_UART_PARITY_EVEN = 4 << 3,
	CLYDE_UART_RECEIVE = 1 << 6,
	CLYDE_UART_TRANSMIT = 1 << 7,
};

/* ---- Applets ---------------------------------------------------------- */

enum clyde_parameter_type {
	CLYDE_PARAMETER_SIZE,    /* bytes: "512", "64KiB", "8MiB", "1GiB" */
	CLYDE_PARAMETER_INTEGER, /* unsigned decimal */
	CLYDE_PARAMETER_CHOICE,  /* names out of a list, in any number */
	CLYDE_PARAMETER_ONE_OF,  /* one name out of a list */
	CLYDE_PARAMETER_FLAG, /* "yes" or "no"; on a command line, given or not */
	CLYDE_PARAMETER_TIME,  /* "20us", "5ms", "1.5s"; a range is in ns */
	CLYDE_PARAMETER_TEXT,  /* any */
	CLYDE_PARAMETER_WORDS, /* texts, in any number, in their order */
	CLYDE_PARAMETER_PIN,   /* as clyde_pins_parse() has it: one, or none */
	CLYDE_PARAMETER_PINS,  /* the same: any number */
};

/* One row of an applet's parameter table; all that is known of it. */
struct clyde_parameter {
	const char *name; /* "transfer-size": the long option */
	char key;         /* 'c': the short option, or 0 */
	enum clyde_parameter_type type;
	bool positional; /* given without an option's name */
	uint64_t minimum;
	uint64_t maximum;
	uint64_t multiple;   /* of which a value must be one; 0 = any */
	const char *unit;    /* "B", or NULL */
	const char *initial; /* as it would be typed; NULL or "": nothing */
	const char *choices; /* "source sink", or NULL; of words: some */
	const char *help;
};

/* An applet's name and tables; static. */
struct clyde_applet {
	const char *name;
	const char *help;
	const struct clyde_parameter *parameters; /* ends with a NULL name */
};

/* The applets, by index from 0; NULL past the last. */
const struct clyde_applet *clyde_applet_at(size_t index);
const struct clyde_applet *clyde_applet_find(const char *name);

enum clyde_field_type {
	CLYDE_FIELD_END,
	CLYDE_FIELD_TEXT,
	CLYDE_FIELD_COUNT,
	CLYDE_FIELD_REAL, /* not a number: unknown */
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

/* What an applet reports: a line for people, fields for programs. */
struct clyde_record {
	const char *group;                /* "modes": the list it belongs to */
	const char *text;                 /* NULL: only programs need it */
	const struct clyde_field *fields; /* ends with CLYDE_FIELD_END */
};

/*
 * Both are called on the thread that called clyde_run_start(); either may be
 * NULL.  They close nothing, see "Closing" above.  Once clyde_run_start() has
 * returned, or a close of the run, neither is called any more.
 */
struct clyde_observer {
	void (*record)(void *user, const struct clyde_record *record);
	/* total 0: unknown. */
	void (*progress)(
		void *user, const char *what, uint64_t done, uint64_t total);
	void *user;
};

/* Prepare a run of an applet, with the values its table gives. */
int clyde_run_new(struct clyde_context *context, const char *applet,
	struct clyde_run **ret_run);
void clyde_run_close(struct clyde_run *run);

/*
 * Set a parameter as it would be typed.  A CLYDE_PARAMETER_CHOICE and CLYDE_PARAMETER_WORDS add
 * to what was set before.  CLYDE_ERROR_INVALID says what would
 * be right.
 */
int clyde_run_set(struct clyde_run *run, const char *name, const char *value);

/*
 * 1 if this run, as it is set, moves bytes between the FPGA and the caller's
 * own input and output, which clyde_run_attach() has to give it; else 0.
 */
int clyde_run_streams(struct clyde_run *run);

/* These descriptors; they stay the caller's. */
int clyde_run_attach(struct clyde_run *run, int in_fd, int out_fd);

/*
 * Claim what the run needs of a device, for itself alone: a core of the
 * image, pipes, pins.  Nothing is done to the device.  clyde_run_start() does
 * it as well; who wants several runs at once on a device, each on a thread,
 * claims for all of them first, and learns of a conflict before any begins.
 * CLYDE_ERROR_INVALID for parameters that do not go together.  Ends with the run, or with
 * its start.
 */
int clyde_run_claim(struct clyde_run *run, struct clyde_device *device);

/*
 * Whether the ports of the pins that a run has claimed will have supplies when
 * the image is loaded, which switches them off, and these are applied (NULL:
 * none); CLYDE_ERROR_NO_SUPPLY if not, CLYDE_ERROR_INVALID or CLYDE_ERROR_LIMIT for supplies that the device
 * refuses.  Nothing is done to the device.  clyde_run_start() asks as well;
 * who wants several runs at once asks for all of them first.
 */
int clyde_run_check(struct clyde_run *run,
	const struct clyde_supply supply[CLYDE_PORT_COUNT]);

/*
 * Check the supplies, load the image if it is not there, apply them (NULL:
 * leave them), and run the applet to its end, with an observer or NULL.  Its
 * pins are inputs again after that, or what the applet's page says.  Until
 * then other calls that would change, claim or start the run are CLYDE_ERROR_BUSY.
 * Closing the run, the device or the context from another thread ends it with
 * CLYDE_ERROR_CANCELED, and waits for that.
 */
int clyde_run_start(struct clyde_run *run, struct clyde_device *device,
	const struct clyde_supply *supply,
	const struct clyde_observer *observer);

#ifdef __cplusplus
}
#endif

#endif
