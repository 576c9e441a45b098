/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes a script of faults as text, gives the device the moments to err. */
#include "faults.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "wire/regs.h"

static const char *const names[FAULT_KINDS] = {
	[FAULT_DROP] = "drop",
	[FAULT_FLIP] = "flip",
	[FAULT_ERROR] = "error",
	[FAULT_WAIT] = "wait",
	[FAULT_SERIAL] = "serial",
	[FAULT_MUTE] = "mute",
	[FAULT_SHORT] = "short",
	[FAULT_ALERT] = "alert",
	[FAULT_DONE] = "done",
	[FAULT_HEALTH] = "health",
	[FAULT_UNPLUG] = "unplug",
	[FAULT_PULL] = "pull",
	[FAULT_BUSY] = "busy",
	[FAULT_STALL] = "stall",
	[FAULT_DESCRIPTOR] = "descriptor",
	[FAULT_GARBLE] = "garble",
	[FAULT_RAM] = "ram",
	[FAULT_LOST] = "lost",
	[FAULT_DENIED] = "denied",
	[FAULT_SLOW] = "slow",
	[FAULT_CORE] = "core",
	[FAULT_VERSION] = "version",
};

static int parse_kind(const char *text, size_t size)
{
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		if (strlen(names[kind]) == size &&
			memcmp(names[kind], text, size) == 0)
			return kind;
	return -EINVAL;
}

static int parse_number(const char **text, uint64_t *ret_number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(*text, &end, 0);
	*text = end;
	return errno ? -EINVAL : 0;
}

/* The faults that have no position. */
static bool stands_alone(int kind)
{
	return kind == FAULT_DONE || kind == FAULT_HEALTH ||
		kind == FAULT_BUSY || kind == FAULT_LOST ||
		kind == FAULT_DENIED || kind == FAULT_SLOW;
}

int faults_add(struct faults *faults, const char *text)
{
	size_t size = strcspn(text, "@");
	int kind = parse_kind(text, size);
	struct fault fault = {.kind = kind, .amount = 1};

	if (kind < 0)
		return kind;
	if (faults->count == FAULTS_MAX)
		return -ENOSPC;
	text += size;
	if (*text == '@' && kind != FAULT_DONE && kind != FAULT_HEALTH) {
		text++;
		if (parse_number(&text, &fault.position) < 0)
			return -EINVAL;
		if (*text == ':') {
			text++;
			if (parse_number(&text, &fault.amount) < 0)
				return -EINVAL;
		}
	} else if (!stands_alone(kind)) {
		return -EINVAL;
	}
	if (*text != '\0' || fault.amount == 0 ||
		(kind == FAULT_PULL && fault.position == 0))
		return -EINVAL;
	fault.left = fault.amount;
	faults->list[faults->count++] = fault;
	return 0;
}

const struct fault *faults_at(
	const struct faults *faults, enum fault_kind kind, uint64_t position)
{
	for (unsigned i = 0; i < faults->count; i++)
		if (faults->list[i].kind == kind &&
			faults->list[i].position == position)
			return &faults->list[i];
	return NULL;
}

const struct fault *faults_find(
	const struct faults *faults, enum fault_kind kind)
{
	for (unsigned i = 0; i < faults->count; i++)
		if (faults->list[i].kind == kind)
			return &faults->list[i];
	return NULL;
}

uint8_t faults_entry(const struct faults *faults, unsigned place, unsigned byte,
	uint8_t value)
{
	if (faults_at(faults, FAULT_CORE, place))
		return 0;
	if (byte == offsetof(struct core_entry, version) &&
		faults_at(faults, FAULT_VERSION, place))
		return value + 1;
	return value;
}

/* Whether a byte of this stream is hit. */
static bool hit(struct fault *fault, const void *stream, uint64_t offset)
{
	if (fault->left == 0)
		return false;
	if (fault->stream == NULL && offset == fault->position)
		fault->stream = stream;
	if (fault->stream != stream || offset < fault->position)
		return false;
	fault->left--;
	return true;
}

/* Whether any byte of a block may be hit; most never are. */
static bool near(const struct faults *faults, uint64_t offset, unsigned size)
{
	for (unsigned at = 0; at < faults->count; at++) {
		const struct fault *fault = &faults->list[at];

		if ((fault->kind == FAULT_DROP || fault->kind == FAULT_FLIP) &&
			fault->left > 0 && offset + size > fault->position &&
			(offset < fault->position ||
				offset - fault->position < fault->amount))
			return true;
	}
	return false;
}

unsigned faults_pass(struct faults *faults, const void *stream, uint64_t offset,
	uint8_t *data, unsigned size)
{
	unsigned left = 0;

	if (!near(faults, offset, size))
		return size;
	for (unsigned i = 0; i < size; i++) {
		bool dropped = false;

		for (unsigned at = 0; at < faults->count; at++) {
			struct fault *fault = &faults->list[at];

			if (fault->kind == FAULT_DROP)
				dropped |= hit(fault, stream, offset + i);
			else if (fault->kind == FAULT_FLIP &&
				hit(fault, stream, offset + i))
				data[i] ^= 0x10;
		}
		if (!dropped)
			data[left++] = data[i];
	}
	return left;
}
