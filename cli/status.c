/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The exit statuses and their meanings.  Which error of the library ends with
   which status is in the library's own table, clyde_error_at(). */
#include "status.h"

#include "clyde.h"

static const struct {
	enum status status;
	const char *meaning;
} table[] = {
	{STATUS_OK, "done"},
	{STATUS_WRONG_DATA, "an applet found wrong data"},
	{STATUS_USAGE, "a malformed or unknown argument"},
	{STATUS_CORRUPT,
		"the configuration block, a firmware file or a file to report "
		"on is corrupt"},
	{STATUS_DEADLOCK, "nothing could end a wait"},
	{STATUS_NO_SERIAL, "no device has this serial number"},
	{STATUS_NO_DEVICE, "no device found"},
	{STATUS_INTERNAL, "any other failure"},
	{STATUS_MEMORY, "out of memory"},
	{STATUS_INPUT, "a file cannot be read"},
	{STATUS_OUTPUT, "the output cannot be written"},
	{STATUS_TRANSFER, "a transfer failed"},
	{STATUS_TIMEOUT, "the device did not answer in time"},
	{STATUS_PROTOCOL, "the device broke the protocol"},
	{STATUS_PERMISSION, "permission denied"},
	{STATUS_API_LEVEL, "the device speaks another API level"},
	{STATUS_SEVERAL, "several devices, and none chosen"},
	{STATUS_LIMIT, "a supply above the device's limit"},
	{STATUS_FPGA, "the FPGA did not configure"},
	{STATUS_REFUSED, "the device refused a command"},
	{STATUS_BUSY, "the device is in use"},
	{STATUS_ALERT, "done, but the device sent an alert"},
	{STATUS_UNPLUGGED, "the device was unplugged"},
	{STATUS_UNFIT, "clyde doctor found something to fix"},
	{STATUS_IMAGE, "the FPGA's image lacks a core"},
	{STATUS_PIN, "the device has no such pin"},
	{STATUS_PIN_TAKEN, "two functions on one pin"},
	{STATUS_CORE_TAKEN, "a core or its pipes are in use"},
	{STATUS_NO_SUPPLY, "a pin's port has no supply"},
	{STATUS_ADDRESS, "an address to listen at is in use"},
	{STATUS_HUNG_UP, "the terminal was closed"},
	{STATUS_INTERRUPTED, "interrupted"},
	{STATUS_TERMINATED, "terminated"},
};

#define ROWS (sizeof(table) / sizeof(*table))

const char *status_at(size_t index, enum status *ret_status)
{
	if (index >= ROWS)
		return NULL;
	*ret_status = table[index].status;
	return table[index].meaning;
}

enum status status_of(int result, bool opened)
{
	const struct clyde_error_info *info;

	if (result == CLYDE_ERROR_NO_DEVICE && opened)
		return STATUS_UNPLUGGED;
	for (size_t i = 0; (info = clyde_error_at(i)); i++)
		if (info->value == result)
			return info->exit_status;
	return STATUS_INTERNAL;
}
