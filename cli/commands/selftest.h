/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of clyde selftest share.  selftest.c has the arguments, the
 * order of the parts and the end; selftest-parts.c the parts that leave the
 * pins alone, selftest-pins.c those that pull and drive pins; selftest-report.c
 * the lines and the document.
 *
 * A part is one thing that is tested, with one line.  Its function returns 0
 * after it has set the verdict, or a negative enum clyde_error: then the part
 * has failed with the library's message, or, after an interrupt or an unplug,
 * the self test is over.
 */
#ifndef CLI_COMMANDS_SELFTEST_H
#define CLI_COMMANDS_SELFTEST_H

#include "cli/cli.h"

#define SELFTEST_TEXT_SIZE 320

/* Bit n = pin n: A0..A7 B0..B7 */
#define SELFTEST_PINS 16

enum selftest_verdict {
	SELFTEST_OK,
	SELFTEST_FAILED,
	SELFTEST_SKIPPED,
};

struct selftest {
	struct tool *tool;
	/* From the command line */
	bool yes;
	bool serial;
	const char *report;
	/* The device, and what the parts so far have found out about it */
	clyde_ports ports;
	bool measures;       /* currents, and windows: C2 and later */
	bool quiet;          /* the FPGA was reset: it drives no pin */
	bool fpga;           /* runs Clyde's image */
	clyde_ports powered; /* ports whose supply the test has set */
	uint16_t odd;        /* pins that do not follow their pulls */
	uint16_t bridged;    /* pins that are connected to others */
	bool connected;      /* pins are connected to the GPIO core */
	bool tripped;        /* trip_ua has the limits before the test */
	unsigned trip_ua[CLYDE_PORT_COUNT];
	unsigned level_mv[CLYDE_PORT_COUNT]; /* the supplies that were set */
	/* The result */
	unsigned parts, failed;
	char failures[SELFTEST_TEXT_SIZE]; /* "supply A, pulls B" */
};

struct selftest_part {
	char name[16];
	unsigned port;
	enum selftest_verdict verdict;
	char text[SELFTEST_TEXT_SIZE];
	json_t *figures; /* an object */
};

typedef int selftest_function(
	struct selftest *test, struct selftest_part *part);

/* ---- selftest.c ------------------------------------------------------- */

/* After these errors no other part can run. */
bool selftest_is_over(int result);

/*
 * Something is connected, and the next step would drive or supply it: ask.
 * False, with the tool's failure set, if the answer is not yes.
 */
bool selftest_agreed(struct selftest *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- selftest-parts.c ------------------------------------------------- */

selftest_function selftest_safe, selftest_identity, selftest_eeprom,
	selftest_fpga;
selftest_function selftest_source, selftest_sink, selftest_loopback,
	selftest_latency;
selftest_function selftest_supply, selftest_alerts;

/* ---- selftest-pins.c -------------------------------------------------- */

selftest_function selftest_pulls, selftest_bridges, selftest_drive;

/* Stop driving.  Returns 0, or an error. */
int selftest_release(struct selftest *test);

/* ---- selftest-report.c ------------------------------------------------ */

/* Append to the part's text.  The first of these sets the verdict; returns
   0. */
int selftest_say(struct selftest_part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int selftest_fail(struct selftest_part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int selftest_skip(struct selftest_part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add a figure to the part's object in the document. */
void selftest_figure(
	struct selftest_part *part, const char *name, double value);

/* Begin the document: versions and the device, without what identifies it. */
void selftest_report_begin(struct selftest *test);

/* Print a part's line, and add it to the document. */
void selftest_report_part(
	struct selftest *test, struct selftest_part *part, double ms);

/* Print the last line, or set the failure. */
void selftest_report_end(struct selftest *test);

#endif
