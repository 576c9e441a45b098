/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The faults of the device and of its data: searches by kind and position, and
 * the changes to bytes of a stream.  virtual/fx2 and virtual/fpga call these
 * functions at each place where something can go wrong, so a device without
 * faults must pass them at the cost of a comparison.
 */
#include "faults.h"

#include "wire/regs.h"

const struct fault *faults_at(
	const struct faults *faults, enum fault_kind kind, uint64_t position)
{
	if (!faults_have(faults, kind))
		return NULL;
	for (unsigned i = 0; i < faults->count; i++)
		if (faults->list[i].kind == kind &&
			faults->list[i].position == position)
			return &faults->list[i];
	return NULL;
}

const struct fault *faults_strike(
	struct faults *faults, enum fault_kind kind, uint64_t position)
{
	if (!faults_have(faults, kind))
		return NULL;
	for (unsigned i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->list[i];

		if (fault->kind != kind || fault->position != position ||
			fault->left == 0)
			continue;
		if (fault->left != FAULTS_EVER)
			fault->left--;
		return fault;
	}
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

uint64_t faults_first(const struct faults *faults, enum fault_kind kind)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < faults->count; i++)
		if (faults->list[i].kind == kind && faults->list[i].left > 0 &&
			faults->list[i].position < first)
			first = faults->list[i].position;
	return first;
}

size_t faults_acknowledge(
	struct faults *faults, const uint8_t *data, size_t size)
{
	if (!faults_have(faults, FAULT_NACK))
		return size;
	if (faults_strike(faults, FAULT_NACK, data[0]))
		return 0;
	for (size_t i = 2; i < size; i++)
		if (faults_strike(faults, FAULT_NACK, data[0] + i - 1))
			return i;
	return size;
}

uint8_t faults_entry(const struct faults *faults, unsigned core, unsigned byte,
	uint8_t value)
{
	if (faults_at(faults, FAULT_CORE, core))
		return 0;
	if (byte == offsetof(struct core_entry, version) &&
		faults_at(faults, FAULT_VERSION, core))
		return value + 1;
	return value;
}

/* ---- The data --------------------------------------------------------- */

/* Whether the fault affects the byte at this offset of this stream. */
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

/* Whether a fault may affect any byte of a block.  For most blocks none does,
   and the loop over bytes is skipped. */
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

	if (!(faults->kinds & FAULTS_DATA) || !near(faults, offset, size))
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

uint64_t faults_repeats(struct faults *faults, uint64_t offset, unsigned size)
{
	uint64_t repeats = 0;

	if (!faults_have(faults, FAULT_REPEAT))
		return 0;
	for (unsigned at = 0; at < faults->count; at++) {
		struct fault *fault = &faults->list[at];

		if (fault->kind != FAULT_REPEAT || fault->left == 0 ||
			offset > fault->position ||
			fault->position - offset >= size)
			continue;
		repeats += fault->left;
		fault->left = 0;
	}
	return repeats;
}
