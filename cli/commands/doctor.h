/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of `clyde doctor` share: findings, one line each. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE, /* worth knowing; nothing fails because of it */
	VERDICT_FIX,
};

struct doctor {
	struct tool *tool;
	unsigned fixes;
	bool others; /* a Glasgow with a configuration block is there */
	bool rule;   /* a udev rule lets users have Glasgows */
};

/*
 * A finding: what was checked, and of what; the fact, and how to mend it.
 * details, which may be NULL, is an object with members for the document.
 */
void doctor_report(struct doctor *doctor, enum verdict verdict,
	const char *check, const char *about, json_t *details, const char *fix,
	const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Examine one device.  False if the command is over. */
bool doctor_examine(struct doctor *doctor, struct clyde_device_info *info);

#endif
