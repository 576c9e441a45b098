/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the model of the FPGA's configuration port with any bytes.  The first
 * byte is the size of the pieces in which the rest arrives; the result must not
 * depend on it.
 */
#include <stdlib.h>

#include "virtual/board/bitstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bitstream whole, parts;
	size_t step;

	if (size == 0)
		return 0;
	step = data[0] + 1u;
	data++;
	size--;

	bitstream_reset(&whole);
	bitstream_feed(&whole, data, size);

	bitstream_reset(&parts);
	for (size_t at = 0; at < size; at += step) {
		size_t left = size - at;

		bitstream_feed(&parts, data + at, left < step ? left : step);
	}

	if (whole.state != parts.state || whole.crc != parts.crc)
		abort();
	if (bitstream_done(&whole) && !whole.checked)
		abort();
	return 0;
}
