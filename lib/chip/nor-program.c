/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Programs of a range that is erased.  Pages of FFh are skipped. */
#include "nor.h"

#define TELL 0x4000 /* B between two calls of the observer */

int nor_program(struct clyde_flash *flash, uint64_t address,
	const uint8_t *data, size_t size, const struct clyde_observer *observer)
{
	uint64_t done = 0, told = 0;
	size_t at = 0;
	int result = nor_begin_change(flash);

	if (result < 0)
		return result;
	while (at < size && result == 0) {
		const uint8_t *bytes = data + at;
		uint64_t to = address + at;
		uint32_t piece = nor_page_rest(flash, to, size - at);

		at += piece;
		if (plan_is_blank(bytes, piece))
			continue;
		result = nor_submit_page(flash, to, bytes, piece, at, &done);
		if (done - told >= TELL) {
			told = done;
			observer_progress(observer, "program", done, size);
		}
	}
	result = nor_finish(flash, result, &done);
	if (result == 0 && size > 0)
		observer_progress(observer, "program", size, size);
	return nor_tell_done(result, done, address, "programmed");
}
