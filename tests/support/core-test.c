/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements core-test.h: calls a core in the way in which the model of the
   image does. */
#include "core-test.h"

#include <stdlib.h>

void core_rig_open(struct core_rig *rig, const struct core_ops *ops)
{
	*rig = (struct core_rig){.core = calloc(1, ops->size)};
	assert_non_null(rig->core);
	rig->core->ops = ops;
	rig->core->next = CORE_NEVER;
	ops->reset(rig->core, 0);
}

void core_rig_close(struct core_rig *rig)
{
	free(rig->core);
}

void core_rig_set(
	struct core_rig *rig, unsigned offset, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		rig->core->ops->write(
			rig->core, rig->cycle, offset + i, value >> 8 * i);
}

uint32_t core_rig_get(struct core_rig *rig, unsigned offset)
{
	uint32_t word =
		rig->core->ops->read(rig->core, rig->cycle, offset & ~3u);

	return word >> 8 * (offset % 4);
}

void core_rig_run(struct core_rig *rig, uint64_t until)
{
	while (rig->cycle < until) {
		uint64_t to = rig->core->next < until ? rig->core->next : until;

		assert_true(to > rig->cycle);
		rig->core->ops->run(
			rig->core, rig->cycle, to, &rig->out, &rig->in);
		rig->cycle = to;
	}
}

void core_rig_input(struct core_rig *rig, uint32_t inputs)
{
	if (inputs == rig->core->inputs)
		return;
	rig->core->inputs = inputs;
	rig->core->ops->inputs(rig->core, rig->cycle);
}

void core_rig_reset(struct core_rig *rig)
{
	rig->core->ops->reset(rig->core, rig->cycle);
	rig->core->ops->reset(rig->core, rig->cycle + 5000);
	rig->cycle += 5000;
}
