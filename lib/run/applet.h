/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The interface between an applet and the library: what the applet provides,
 * struct applet, and the calls that it may make.  Besides this an applet uses
 * clyde.h, wire/ and common/ only.  applets/meson.build lists the applets.
 */
#ifndef LIB_RUN_APPLET_H
#define LIB_RUN_APPLET_H

#include <poll.h>

#include "clyde.h"
#include "lib/base/ask.h"
#include "lib/base/error.h"
#include "wire/cores.h"

struct applet {
	struct clyde_applet table;
	/* Check the parameters, and claim what they need by run_claim_...().
	   It may ask what the device is, and must not change it.  NULL: nothing
	   is claimed. */
	int (*claim)(struct clyde_run *run);
	/* Do the work.  Returns 0, or an error reported by set_error(). */
	int (*run)(struct clyde_run *run);
	/* The answer of clyde_run_streams(); NULL: it is no. */
	bool (*streams)(const struct clyde_run *run);
};

/* Generated from applets/meson.build; ends with NULL. */
extern const struct applet *const applet_table[];

/* ---- Parameters ------------------------------------------------------- */

/*
 * These calls compare names: an applet reads each parameter once, before its
 * loop.  A name that is not in the applet's table, a parameter of another type,
 * or a choice that the parameter does not have is a mistake in the applet, and
 * aborts the process with a message on standard error.
 */

struct clyde_device *run_device(const struct clyde_run *run);
/* The value of a size in B, an integer, a flag, a time in ns, or a frequency in
   Hz. */
uint64_t run_value(const struct clyde_run *run, const char *name);
/* Whether it was set, or has an initial value. */
bool run_given(const struct clyde_run *run, const char *name);
/* Whether a choice was made.  If the user has made none, the initial choices
   count.  A verb is a choice; when claim() is called, one was made, and what is
   required is given, and nothing of another verb was set. */
bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice);
/* NULL if it was not given. */
const char *run_text(const struct clyde_run *run, const char *name);
unsigned run_words(
	const struct clyde_run *run, const char *name, char *const **ret_words);
unsigned run_pins(const struct clyde_run *run, const char *name,
	const struct clyde_pin **ret_pins);
/* The descriptors of clyde_run_attach(); -1 if nothing is attached. */
int run_input(const struct clyde_run *run);
int run_output(const struct clyde_run *run);
/* CLYDE_ERROR_INTERRUPTED or CLYDE_ERROR_CANCELED if the run has to end now, or
   0.  A loop that does not wait checks this at each turn. */
int run_stopped(struct clyde_run *run);

/* ---- Claims: for claim() ---------------------------------------------- */

enum pin_use {
	PIN_OUTPUT, /* driven by the core, which may also have it as an input */
	PIN_INPUT,
	PIN_SEEN, /* read only, and another core may use it */
};

/*
 * Claim a core, with the streams (enum core_flag) that this run uses.
 * CLYDE_ERROR_CORE_TAKEN if another run or application uses the core, or if no
 * pipe is left for a stream.
 *
 * Claim a pin.  `function` is of enum core_output for an output, and may have
 * PIN_OPEN_DRAIN; of enum core_input for an input.  `what` names the pin in
 * messages, such as "tx", and must stay valid as long as the run.
 * CLYDE_ERROR_PIN_TAKEN if the pin has another function, CLYDE_ERROR_NO_PIN if
 * the device has no such pin.
 */
int run_claim_core(
	struct clyde_run *run, enum core_place core, unsigned streams);
int run_claim_pin(struct clyde_run *run, const char *what,
	const struct clyde_pin *pin, enum pin_use use, unsigned function);

/* ---- Pipes, pins and pulls: for run() --------------------------------- */

/*
 * When run() begins, the FPGA runs the image, which has the core, and the ports
 * of the claimed pins have supplies.  When run() returns, the library undoes
 * what these calls have done, whether the run has failed or not.
 */

/* Connect the core's stream of one direction and open its pipe.  The pipe has
   quad buffers if no other run or application uses the pair's other pipe. */
int run_pipe(struct clyde_run *run, enum core_flag way,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);

/* Connect the claimed pins to the core. */
int run_connect(struct clyde_run *run);

enum pull { PULL_NONE, PULL_DOWN, PULL_UP };

int run_pull(struct clyde_run *run, const struct clyde_pin *pin, enum pull how);

/* Read registers even if the run has been interrupted, for what is reported at
   the end. */
int run_read_last(
	struct clyde_run *run, uint8_t address, void *data, size_t size);

/* Leave pins and pulls as they are when the run ends. */
void run_keep(struct clyde_run *run);

/* ---- Waiting ---------------------------------------------------------- */

/* What may happen to the pipes that run_pipe() has opened.  These are states,
   not changes: run_wait() returns at once while one of them holds. */
enum run_event {
	RUN_READABLE = 1 << 0, /* bytes of the IN pipe are unread */
	RUN_WRITABLE = 1 << 1, /* the OUT pipe has room */
	RUN_FLUSHED = 1 << 2,  /* the device has taken all that was pushed */
};

#define RUN_WAIT_FDS_MAX 64

/*
 * What run_wait() waits for.  Zero means: nothing of this kind; a timeout of
 * zero: look, and return.
 */
struct run_wait {
	struct pollfd *fds; /* as for poll(); an fd of -1 is skipped */
	size_t count;       /* of fds, at most RUN_WAIT_FDS_MAX */
	unsigned events;    /* enum run_event */
	unsigned revents;   /* set by run_wait(): those that hold */
	int timeout_ms;     /* of the device's clock; negative: no limit */
	/* The rest concerns a virtual clock only. */
	bool users_pace;
	int (*core_idle)(void *user);
	void *user;
	int64_t settle_ns;
};

/*
 * Wait until poll() would return for a descriptor, an event of the pipes holds,
 * or the time is over, and handle the completions of the device meanwhile.
 * Returns 1, with `revents` set in `wait` and in its descriptors; 0 if the time
 * is over; or an error: CLYDE_ERROR_INTERRUPTED or CLYDE_ERROR_CANCELED if the
 * run has to end, the failure of a pipe whose event was asked for, or that of
 * the link.  A failed IN pipe is reported when its bytes have been read.
 *
 * After a return of 1, a read, write or acquire with a timeout of 0 does not
 * wait.  While an applet finds something to do it need not call run_wait(), but
 * only run_wait() and calls of pipes with a timeout handle completions.  An
 * applet that has to send all that it was given waits for RUN_FLUSHED after
 * clyde_pipe_push().  Several runs of one device may wait at once, each on its
 * thread.
 *
 * An applet does not know which clock its device has:
 *
 * - On USB the clock is the machine's.  The calling thread sleeps in poll()
 *   until something happens.  core_idle() is not called.
 *
 * - The clock of a virtual device advances only while a call waits for the
 *   device, as fast as the machine can compute.  The user lives in real time.
 *   So virtual time has to pass while bytes are on their way, and to stand
 *   still while device and applet wait for the user:
 *
 *   It stands still while no transfer to the core is in flight, no byte from
 *   the core is unread, and core_idle() has returned 1.  A limit then passes in
 *   the user's time, so that a wait with a limit always ends.
 *
 *   It passes slowly, 1 ms for each 100 ms of the user's, while one of the
 *   descriptors is waited for with POLLOUT: the user has not read yet what was
 *   written before.
 *
 *   It passes about as fast as the user's while nothing happens and users_pace
 *   is set, which is for a wait that only the user ends: 20 ms of the device's,
 *   20 ms of the user's, in turn.
 *
 *   Otherwise it passes as fast as it can, and the descriptors are looked at
 *   each virtual millisecond.
 *
 * core_idle() returns 1 if the core will do nothing before it is given a byte
 * or a command, 0 if it may, or an error, which ends the wait.  The library
 * knows what is on USB, and only the applet knows its core: that a UART still
 * sends the bytes that it has taken, say.  core_idle() may read registers; it
 * is called at most once each settle_ns of virtual time, and then not until
 * virtual time has passed again.  settle_ns is the longest time that anything
 * on its way to the core may take without a sign in the core's registers, such
 * as some frames of a serial line.  NULL: the core may act at any time.
 */
int run_wait(struct clyde_run *run, struct run_wait *wait);

/* CPU time of this process, in s; not a number if the device's clock is
   virtual, since CPU time has no share of that. */
double run_cpu_s(const struct clyde_run *run);

/* ---- Reports ---------------------------------------------------------- */

/* The fields of a record, such as {COUNT_FIELD("bytes", 3), END_FIELD} */
#define TEXT_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_TEXT, .text = v \
	}
#define COUNT_FIELD(n, v)                                        \
	{                                                        \
		.name = n, .type = CLYDE_FIELD_COUNT, .count = v \
	}
#define REAL_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_REAL, .real = v \
	}
#define FLAG_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_FLAG, .flag = v \
	}
#define END_FIELD                       \
	{                               \
		.type = CLYDE_FIELD_END \
	}

/* Report a record of a group: its fields, for programs, and its line, for
   people.  run_record() takes a record, run_progress() how much is done. */
void run_tell(struct clyde_run *run, const char *group,
	const struct clyde_field *fields, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void run_record(struct clyde_run *run, const struct clyde_record *record);
void run_progress(
	struct clyde_run *run, const char *what, uint64_t done, uint64_t total);

#endif
