/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the commands share.  A command is a function that parses its own
 * arguments, opens a device, asks the library, and says what it learnt.  The
 * steps return false when the command is over, and leave in the tool why; so
 * a command is a chain of them.
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
	/* Set: list what the last argument may become, and do nothing else. */
	struct completion *completion;
	/* From the command line */
	char place[64]; /* "run benchmark": whose help, whose complaint */
	const char *uri;
	const char *serial;
	const char *firmware;
	const char *supply;
	const char *json;
	const char *capture;
	const char *trace;
	bool wait;
	long wait_s; /* of --wait; negative: for ever */
	/* While the command runs */
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_device_info info; /* of the device */
	char traced[CLYDE_URI_SIZE];   /* the URI, with what --trace adds */
	char loaded[CLYDE_URI_SIZE];   /* of what --firmware is for */
	struct output output;
	/* How it ended, and the line that says so */
	enum status status;
	char complaint[512];
	bool unwritten; /* the complaint says what could not be written */
};

struct command {
	const char *name;
	const char *synopsis;
	const char *help;
	void (*run)(struct tool *tool, int argc, char **argv);
};

void command_complete(struct tool *tool, int argc, char **argv);
void command_doctor(struct tool *tool, int argc, char **argv);
void command_help(struct tool *tool, int argc, char **argv);
void command_info(struct tool *tool, int argc, char **argv);
void command_list(struct tool *tool, int argc, char **argv);
void command_load(struct tool *tool, int argc, char **argv);
void command_report(struct tool *tool, int argc, char **argv);
void command_run(struct tool *tool, int argc, char **argv);
void command_safe(struct tool *tool, int argc, char **argv);
void command_virtual(struct tool *tool, int argc, char **argv);
void command_voltage(struct tool *tool, int argc, char **argv);

/* The commands, by index from 0; NULL past the last. */
const struct command *command_at(size_t index);

/* Do what a whole command line says. */
void dispatch(struct tool *tool, int argc, char **argv);

/* The signal that interrupted the command, or 0. */
int interrupted(void);

/* ---- tool.c ----------------------------------------------------------- */

/* Keep this failure, if it is the first.  Returns false. */
bool fail(struct tool *tool, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for an argument, which names the command. */
bool misuse(struct tool *tool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* False if the library's result is a failure. */
bool succeeded(struct tool *tool, int result);

/* Open what --json names. */
bool open_output(struct tool *tool);

/* With --wait: wait until the device is plugged in. */
bool await_device(struct tool *tool);

/* Give the device the firmware of --firmware, if it needs any. */
bool load_firmware(struct tool *tool);

/* Open what --capture names; no device is open yet. */
bool open_capture(struct tool *tool);

/* Open the output and the capture, wait for the device, load firmware, then
   open the device. */
bool open_device(struct tool *tool);

/* False if the lines could not be written. */
bool lines_written(struct tool *tool);

/* End whatever is open, and print the line.  Returns the exit status. */
enum status finish(struct tool *tool);

/* A device's identity, for the document. */
json_t *json_device(const struct clyde_device_info *info);

/* "overvoltage, overcurrent", or "none". */
#define ALERT_TEXT_SIZE 64
void alert_text(uint8_t alerts, char ret_text[ALERT_TEXT_SIZE]);

/*
 * Parse a supply specification for these ports.  Before a device is open,
 * PORTS_ANY tells what is wrong on any device.
 */
#define PORTS_ANY ((clyde_ports)0x0f)
bool parse_supply(struct tool *tool, const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT]);

/* ---- wait.c ----------------------------------------------------------- */

/* The argument of --wait, or NULL. */
bool set_wait(struct tool *tool, const char *text);

/* ---- log.c ------------------------------------------------------------ */

/* Print what happens, up to the level of this name. */
bool set_log(struct tool *tool, const char *name);

/* The names of the levels, by index from 0; NULL past the last. */
const char *log_level_at(unsigned index);

/* ---- options.c -------------------------------------------------------- */

/* Parsers of options that several commands have; their input is the tool. */
extern const struct argp global_argp;
extern const struct argp json_argp;
extern const struct argp supply_argp;

/* All of them, for whatever runs applets. */
extern const struct argp_child applet_children[];

/* At ARGP_KEY_INIT: give the children of the command's parser the tool. */
void share(struct argp_state *state, struct tool *tool);

/* Parse the arguments, of which the first is ignored. */
bool parse(struct tool *tool, const struct argp *argp, int argc, char **argv,
	void *input);

/* The same where the first argument ends the options. */
bool parse_in_order(struct tool *tool, const struct argp *argp, int argc,
	char **argv, void *input);

/* The same for a command that has no arguments of its own. */
bool parse_plain(struct tool *tool, const struct argp_child *children,
	const char *help, int argc, char **argv);

/*
 * Parse options up to a word that chooses who parses the rest: a command, an
 * applet.  Gives its index in argv, 0 if there is none.
 */
bool parse_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at);

#endif
