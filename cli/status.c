/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes an errno value, gives the exit status; one table of both. */
#include "status.h"

#include <errno.h>

static const struct {
	enum status status;
	const char *meaning;
	int errors[3];
} table[] = {
	{STATUS_OK, "done", {0}},
	{STATUS_WRONG_DATA, "an applet found wrong data", {EILSEQ}},
	{STATUS_USAGE, "a malformed or unknown argument", {EINVAL}},
	{STATUS_CORRUPT,
		"the configuration block, a firmware file or a file to report "
		"on is corrupt",
		{EBADMSG}},
	{STATUS_DEADLOCK, "nothing could end a wait", {EDEADLK}},
	{STATUS_NO_SERIAL, "no device has this serial number", {ENXIO}},
	{STATUS_NO_DEVICE, "no device found", {ENODEV}},
	{STATUS_INTERNAL, "any other failure", {0}},
	{STATUS_MEMORY, "out of memory", {ENOMEM}},
	{STATUS_INPUT, "a file cannot be read", {0}},
	{STATUS_OUTPUT, "the output cannot be written", {0}},
	{STATUS_TRANSFER, "a transfer failed", {EIO, EPIPE, ECONNRESET}},
	{STATUS_TIMEOUT, "the device did not answer in time", {ETIMEDOUT}},
	{STATUS_PROTOCOL, "the device broke the protocol", {EPROTO}},
	{STATUS_PERMISSION, "permission denied", {EACCES, EPERM}},
	{STATUS_API_LEVEL, "the device speaks another API level",
		{EPROTONOSUPPORT}},
	{STATUS_SEVERAL, "several devices, and none chosen", {ENOTUNIQ}},
	{STATUS_LIMIT, "a supply above the device's limit", {ERANGE}},
	{STATUS_FPGA, "the FPGA did not configure", {ENOEXEC}},
	{STATUS_REFUSED, "the device refused a command", {EREMOTEIO}},
	{STATUS_BUSY, "the device is in use", {EBUSY}},
	{STATUS_ALERT, "done, but the device sent an alert", {0}},
	{STATUS_UNPLUGGED, "the device was unplugged", {0}},
	{STATUS_UNFIT, "clyde doctor found something to fix", {0}},
	{STATUS_IMAGE, "the FPGA's image lacks a core", {ENOPKG}},
	{STATUS_PIN, "the device has no such pin", {ECHRNG}},
	{STATUS_PIN_TAKEN, "two functions on one pin", {EEXIST}},
	{STATUS_CORE_TAKEN, "a core or its pipes are in use", {EUSERS}},
	{STATUS_NO_SUPPLY, "a pin's port has no supply", {ENOTCONN}},
	{STATUS_ADDRESS, "an address to listen at is in use", {EADDRINUSE}},
	{STATUS_HUNG_UP, "the terminal was closed", {0}},
	{STATUS_INTERRUPTED, "interrupted", {EINTR}},
	{STATUS_TERMINATED, "terminated", {0}},
};

#define ROWS (sizeof(table) / sizeof(*table))

const char *status_at(size_t index, enum status *ret_status)
{
	if (index >= ROWS)
		return NULL;
	*ret_status = table[index].status;
	return table[index].meaning;
}

enum status status_of(int error, bool opened)
{
	if (error == ENODEV && opened)
		return STATUS_UNPLUGGED;
	for (size_t i = 0; i < ROWS; i++)
		if (error == table[i].errors[0] ||
			error == table[i].errors[1] ||
			error == table[i].errors[2])
			return table[i].status;
	return STATUS_INTERNAL;
}
