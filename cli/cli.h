/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the commands share.  A command is a function that parses its own
 * arguments, opens a device, calls the library, and prints the results.  A step
 * that returns bool returns false when the command is over, and leaves status
 * and message in struct tool; so a command is a chain of steps.  No step may
 * exit: finish() closes everything, and prints the message.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>
#include <stdbool.h>

#include "clyde.h"
#include "output.h"
#include "status.h"

struct completion;

struct tool {
	/* If set, a command only lists what its last argument may become. */
	struct completion *completion;
	/* From the command line */
	char command_name[64]; /* "run benchmark": for help and messages */
	const char *uri;
	const char *serial;
	const char *firmware;
	const char *supply;
	const char *json;
	const char *capture;
	const char *trace;
	bool proves_firmware; /* load firmware even if the device needs none */
	bool wait;
	long wait_s; /* of --wait; negative: no limit */
	/* While the command runs */
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_device_info info;   /* of the device */
	char trace_uri[CLYDE_URI_SIZE];  /* the URI, with the keys of --trace */
	char loaded_uri[CLYDE_URI_SIZE]; /* of the device after --firmware */
	struct output output;
	/* The exit status, and the line for standard error */
	enum status status;
	char message[512];
	bool write_failed; /* the message says what could not be written */
};

struct command {
	const char *name;
	const char *synopsis;
	const char *help;
	void (*run)(struct tool *tool, int argc, char **argv);
};

void command_complete(struct tool *tool, int argc, char **argv);
void command_doctor(struct tool *tool, int argc, char **argv);
void command_factory(struct tool *tool, int argc, char **argv);
void command_flash(struct tool *tool, int argc, char **argv);
void command_help(struct tool *tool, int argc, char **argv);
void command_info(struct tool *tool, int argc, char **argv);
void command_list(struct tool *tool, int argc, char **argv);
void command_load(struct tool *tool, int argc, char **argv);
void command_report(struct tool *tool, int argc, char **argv);
void command_run(struct tool *tool, int argc, char **argv);
void command_safe(struct tool *tool, int argc, char **argv);
void command_selftest(struct tool *tool, int argc, char **argv);
void command_virtual(struct tool *tool, int argc, char **argv);
void command_voltage(struct tool *tool, int argc, char **argv);

/* The commands, by index from 0; NULL past the last. */
const struct command *command_at(size_t index);

/* Parse a whole command line, argv[0] being ignored, and run its command. */
void dispatch(struct tool *tool, int argc, char **argv);

/* The signal that interrupted the command, or 0. */
int interrupted(void);

/* ---- tool.c ----------------------------------------------------------- */

/* Record a failure, if it is the first.  Returns false. */
bool fail(struct tool *tool, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Record a wrong argument; the message begins with the command's name. */
bool misuse(struct tool *tool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* False if a result of the library is a failure, which is recorded with the
   library's message of this thread. */
bool succeeded(struct tool *tool, int result);

/* Open the file of --json. */
bool open_output(struct tool *tool);

/* With --wait: wait until the device is plugged in. */
bool await_device(struct tool *tool);

/* With --firmware: load the file into the device, unless its firmware has the
   right API level, and set the URI to that of the device after loading. */
bool load_firmware(struct tool *tool);

/*
 * Without --firmware: load Clyde's own firmware into a device that could not be
 * opened because of its API level, set the URI likewise, and say so on standard
 * error.  False if that is not possible; the status is then that of the load, or
 * STATUS_API_LEVEL.
 */
bool load_own_firmware(struct tool *tool);

/* Open the file of --capture.  Call it before a device is opened. */
bool open_capture(struct tool *tool);

/* Open the output and the capture, wait for the device, load firmware, then
   open the device. */
bool open_device(struct tool *tool);

/* False if the lines could not be written. */
bool lines_written(struct tool *tool);

/* Close everything, and print the message.  Returns the exit status. */
enum status finish(struct tool *tool);

/* A device's identity, for the document; the caller owns the reference. */
json_t *json_device(const struct clyde_device_info *info);

/* "overvoltage, overcurrent", or "none". */
#define ALERT_TEXT_SIZE 64
void alert_text(uint8_t alerts, char ret_text[ALERT_TEXT_SIZE]);

/*
 * Parse a supply specification for these ports.  Before a device is open,
 * PORTS_ANY finds the errors that are errors on every device.
 */
#define PORTS_ANY ((clyde_ports)0x0f)
bool parse_supply(struct tool *tool, const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT]);

/* ---- wait.c ----------------------------------------------------------- */

/* Set --wait; text is its argument, or NULL. */
bool set_wait(struct tool *tool, const char *text);

/* ---- log.c ------------------------------------------------------------ */

/* Print the library's log, up to the level of this name. */
bool set_log(struct tool *tool, const char *name);

/* The names of the levels, by index from 0; NULL past the last. */
const char *log_level_at(unsigned index);

/* ---- options.c -------------------------------------------------------- */

/* Parsers of options that several commands have; their input is the tool. */
extern const struct argp global_argp;
extern const struct argp json_argp;
extern const struct argp supply_argp;

/* All three, for the arguments of an applet */
extern const struct argp applet_argp;
extern const struct argp_child applet_children[];

/* At ARGP_KEY_INIT: make the tool the input of the parser's children. */
void share_tool(struct argp_state *state, struct tool *tool);

/*
 * Parse the arguments, of which the first is ignored.  False if that failed, if
 * --help or --version was printed, or if completion has listed candidates.
 */
bool parse(struct tool *tool, const struct argp *argp, int argc, char **argv,
	void *input);

/* The same where the first argument ends the options. */
bool parse_in_order(struct tool *tool, const struct argp *argp, int argc,
	char **argv, void *input);

/* The same for a command that has no arguments of its own. */
bool parse_plain(struct tool *tool, const struct argp_child *children,
	const char *help, int argc, char **argv);

/*
 * Parse options up to the first word that is none, the name of a command or an
 * applet whose parser takes the rest.  Gives its index in argv, or 0.
 */
bool parse_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at);

#endif
