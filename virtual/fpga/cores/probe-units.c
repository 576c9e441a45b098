/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A shortcut of the probe core's model: the clocks of a unit go to the part on the
 * pins at once, and the bits of TDO come back at the cycle at which edges would
 * have brought them.  virtual/fpga/cores/probe.c calls it.  Streams, registers
 * and what the part hears, and when, must be as with edges, to the cycle; only the
 * pins are at rest meanwhile.  A pipe reset or a supply that ends in the middle of
 * a unit finds the part at the unit's end.
 */
#include "probe.h"

/* Of TCK, in cycles.  With a slower clock, which is in no need of a shortcut, the
   part would be too far ahead of the core: here up to 80 us. */
#define PERIOD_MAX 480

/* The pins are ahead of the core by the way to them once the unit begins, so no
   sample of the edges before it may be under way. */
static bool is_possible(const struct probe *probe)
{
	return probe->core.jtag && probe->period > 0 &&
		probe->period <= PERIOD_MAX && !probe_draining(probe) &&
		!(probe->clock.active && probe->shift.sampled) &&
		probe->units.count < PROBE_UNITS_MAX;
}

/* As receive_edge() does it: from the edge that ends the last clock to the byte,
   and until nothing is under way any more. */
static void expect(struct probe *probe, uint8_t byte, bool push)
{
	struct probe_units *units = &probe->units;
	unsigned delay = probe->mode >> PROBE_SAMPLE_DELAY_SHIFT;
	unsigned at = (units->first + units->count++) % PROBE_UNITS_MAX;

	units->came[at].cycle = units->end + 7 + delay / 2;
	units->came[at].byte = byte;
	units->came[at].push = push;
	units->drained = units->end + (push && delay / 2 == 3 ? 11 : 10);
}

bool probe_units_start(struct probe *probe, const struct probe_unit *unit)
{
	unsigned delay = probe->mode >> PROBE_SAMPLE_DELAY_SHIFT;
	bool lines = !probe->units.busy;
	struct part_jtag jtag = {
		.begin = probe->edge * TICKS_PER_CYCLE,
		.period = probe->period * TICKS_PER_CYCLE,
		.sample = (2 * probe->period + delay) * (TICKS_PER_CYCLE / 2),
		.clocks = unit->clocks + 1,
		.out_tms = unit->tms | unit->high_last << unit->clocks,
		.out_tdi = unit->tdi,
		.sampled = unit->sampled,
	};

	if (!is_possible(probe))
		return false;
	if (lines) { /* the clock before this unit ends */
		probe->core.outputs &= ~(1 << PROBE_OUTPUT_TCK);
		probe->core.turns = false;
	}
	if (!probe->core.jtag(&probe->core, &jtag, lines))
		return false;
	probe->clock = (struct probe_clock){0};
	probe->shift = (struct probe_shift){
		.tms = unit->tms >> unit->clocks,
		.tdi = unit->tdi >> unit->clocks,
		.high_last = unit->high_last,
		.sampled = unit->sampled,
	};
	probe->units.busy = true;
	probe->units.end = probe->edge + (uint64_t)jtag.clocks * probe->period;
	if (unit->sampled)
		expect(probe, jtag.in, unit->push);
	return true;
}

bool probe_units_came(struct probe *probe)
{
	struct probe_units *units = &probe->units;
	unsigned at = units->first;

	if (units->count == 0 || units->came[at].cycle > probe->edge)
		return false;
	probe->receive.byte = units->came[at].byte;
	units->first = (at + 1) % PROBE_UNITS_MAX;
	units->count--;
	return units->came[at].push;
}

bool probe_units_under_way(const struct probe *probe)
{
	const struct probe_units *units = &probe->units;

	return probe->edge <= units->end || probe->edge < units->drained;
}

uint64_t probe_units_next(const struct probe *probe)
{
	const struct probe_units *units = &probe->units;
	uint64_t next = units->end;

	if (next <= probe->cycle)
		next = units->end + 1 > units->drained ? units->end + 1
						       : units->drained;
	if (next <= probe->cycle)
		next = CORE_NEVER;
	if (units->count)
		next = least(next, units->came[units->first].cycle);
	return next;
}
