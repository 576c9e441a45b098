/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The counts of inside.h, one set for each thread. */
#include "inside.h"

struct inside *inside(void)
{
	static _Thread_local struct inside counts;

	return &counts;
}
