/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of clyde doctor share: findings.  A finding is one line of
 * output and one object in the document.  clyde doctor must not change
 * anything, neither the machine nor a device.
 */
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
	bool glasgow_found; /* one that has a configuration block */
	bool rule;          /* a udev rule names Glasgow's ids */
};

/*
 * Report a finding.  `check` is the name of the check, `about` its subject, for
 * instance a URI; `fix` says what to do, or is NULL; `format` is the fact.
 * `details`, an object or NULL, has more members for the document; the
 * reference to it is taken over.
 */
void doctor_report(struct doctor *doctor, enum verdict verdict,
	const char *check, const char *about, json_t *details, const char *fix,
	const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Report on one device.  False if the command was interrupted. */
bool doctor_examine(struct doctor *doctor, struct clyde_device_info *info);

#endif
