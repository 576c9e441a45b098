/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The exit statuses and their meanings.  The status of each error of the library
 * is in the library's table, lib/base/error-table.h.  cli/tool.c and the commands
 * call status_of(), clyde help calls status_at().
 */
#include "status.h"

#include "clyde.h"

/* A row without a meaning stands for exactly one error of the library, and has
   the meaning of that error. */
static const struct {
	enum status status;
	const char *meaning;
} table[] = {
	{STATUS_OK, "done"},
	{STATUS_WRONG_DATA, NULL},
	{STATUS_USAGE, "a malformed or unknown argument"},
	{STATUS_CORRUPT,
		"the configuration block, a firmware file, a bitstream or a "
		"file to report on is corrupt"},
	{STATUS_DEADLOCK, NULL},
	{STATUS_NO_SERIAL, NULL},
	{STATUS_NO_DEVICE, "no device found, or it was unplugged before use"},
	{STATUS_INTERNAL, "any other failure"},
	{STATUS_MEMORY, "out of memory"},
	{STATUS_INPUT, "a file cannot be read"},
	{STATUS_OUTPUT, "the output cannot be written"},
	{STATUS_TRANSFER, "a transfer failed"},
	{STATUS_TIMEOUT, NULL},
	{STATUS_PROTOCOL, NULL},
	{STATUS_PERMISSION, NULL},
	{STATUS_API_LEVEL, NULL},
	{STATUS_SEVERAL, NULL},
	{STATUS_LIMIT, NULL},
	{STATUS_FPGA, NULL},
	{STATUS_REFUSED, NULL},
	{STATUS_BUSY, NULL},
	{STATUS_ALERT, "done, but the device sent an alert"},
	{STATUS_UNPLUGGED, "the device was unplugged while in use"},
	{STATUS_UNFIT, "clyde doctor found something to fix"},
	{STATUS_IMAGE, NULL},
	{STATUS_PIN, NULL},
	{STATUS_PIN_TAKEN, NULL},
	{STATUS_CORE_TAKEN, NULL},
	{STATUS_NO_SUPPLY, NULL},
	{STATUS_ADDRESS, NULL},
	{STATUS_SELFTEST, "clyde selftest: a part of the board failed"},
	{STATUS_CONNECTED,
		"clyde selftest: something may be connected to the board"},
	{STATUS_VERIFY, NULL},
	{STATUS_REVISION, NULL},
	{STATUS_TOO_LARGE, NULL},
	{STATUS_BACKUP, NULL},
	{STATUS_CONFIGURED, NULL},
	{STATUS_NO_PROGRAM, NULL},
	{STATUS_NO_CHIP, NULL},
	{STATUS_PROTECTED, NULL},
	{STATUS_LIMIT_PASSED, NULL},
	{STATUS_CHAIN, NULL},
	{STATUS_SVF, NULL},
	{STATUS_MISMATCH, NULL},
	{STATUS_NOT_EXECUTABLE, "clyde virtual: COMMAND cannot be executed"},
	{STATUS_NOT_FOUND, "clyde virtual: COMMAND is not found"},
	{STATUS_HUNG_UP, "the terminal was closed"},
	{STATUS_INTERRUPTED, "interrupted"},
	{STATUS_TERMINATED, "terminated"},
};

#define ROWS (sizeof(table) / sizeof(*table))

/* The meaning of the only error of the library that ends with a status. */
static const char *library_meaning(enum status status)
{
	const struct clyde_error_info *info;

	for (size_t i = 0; (info = clyde_error_at(i)); i++)
		if (info->exit_status == (int)status)
			return info->meaning;
	return "";
}

const char *status_at(size_t index, enum status *ret_status)
{
	if (index >= ROWS)
		return NULL;
	*ret_status = table[index].status;
	return table[index].meaning ? table[index].meaning
				    : library_meaning(*ret_status);
}

enum status status_of(int result, bool opened)
{
	const struct clyde_error_info *info = clyde_error_find(result);

	if (result == CLYDE_ERROR_NO_DEVICE && opened)
		return STATUS_UNPLUGGED;
	return info ? (enum status)info->exit_status : STATUS_INTERNAL;
}
