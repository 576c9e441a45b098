/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * TCK, TMS, TDI and TDO of the probe core's model.  virtual/fpga/cores/probe.c
 * calls it.  probe_edge() does what the modules probe_clock, probe_shift and
 * probe_receive of gateware/cores/probe.v do at one clock edge;
 * probe_clock_skip() must give the same result as so many edges.
 */
#include "probe.h"

/* ---- Clock ------------------------------------------------------------ */

/* This half of an odd period has half a cycle more than the other one. */
static bool has_more(const struct probe *probe)
{
	return probe->period & 1 && !probe->clock.second;
}

static bool is_last_cycle(const struct probe *probe)
{
	return probe->clock.cycles == !has_more(probe);
}

bool probe_ready(const struct probe *probe)
{
	return !probe->clock.active ||
		(is_last_cycle(probe) &&
			(probe->clock.second || probe->period >> 1 == 0));
}

static void clock_edge(struct probe *probe, bool start)
{
	struct probe_clock *clock = &probe->clock;
	bool ready = probe_ready(probe);
	bool last = is_last_cycle(probe);

	if (clock->active && !last)
		clock->cycles = (clock->cycles - 1) & 0x3fff;
	else
		clock->cycles = probe->period >> 1;
	clock->second = clock->active && !ready && (clock->second || last);
	clock->active = start || !ready;
}

/* Edges before the one that ends this half, and before the cycle in the middle
   of which TCK turns. */
uint64_t probe_clock_left(const struct probe *probe)
{
	uint64_t left = (probe->clock.cycles - !has_more(probe)) & 0x3fff;

	return has_more(probe) && left ? left - 1 : left;
}

void probe_clock_skip(struct probe *probe, uint64_t edges)
{
	probe->clock.cycles = (probe->clock.cycles - edges) & 0x3fff;
}

/* ---- Lines ------------------------------------------------------------ */

static void shift_edge(
	struct probe_shift *shift, const struct probe_unit *unit, bool start)
{
	if (unit->start) {
		*shift = (struct probe_shift){
			.left = unit->clocks,
			.tms = unit->tms,
			.tdi = unit->tdi,
			.high_last = unit->high_last,
			.sampled = unit->sampled,
		};
	} else if (start) {
		shift->left--;
		shift->tms >>= 1;
		shift->tdi >>= 1;
	}
}

void probe_drive(struct probe *probe)
{
	const struct probe_shift *shift = &probe->shift;
	bool high = shift->high_last && shift->left == 0;

	probe->core.outputs = probe->clock.second << PROBE_OUTPUT_TCK |
		((shift->tms & 1) | high) << PROBE_OUTPUT_TMS |
		(shift->tdi & 1) << PROBE_OUTPUT_TDI |
		probe->pins << PROBE_OUTPUT_TRST;
	probe->core.enables = (1 << PROBE_OUTPUT_COUNT) - 1;
	probe->core.turns =
		probe->clock.active && has_more(probe) && is_last_cycle(probe);
	probe->core.late = probe->mode >> PROBE_SAMPLE_DELAY_SHIFT & 1;
}

/* ---- Samples ---------------------------------------------------------- */

bool probe_draining(const struct probe *probe)
{
	return probe->receive.way || probe->receive.came;
}

static void take_sample(struct probe *probe, bool last)
{
	struct probe_receive *receive = &probe->receive;
	bool level = probe->core.inputs >> PROBE_INPUT_TDO & 1;

	if (receive->place == 0)
		receive->byte = 0;
	receive->byte &= ~(1 << receive->place);
	receive->byte |= level << receive->place;
	receive->place = last ? 0 : (receive->place + 1) & 7;
}

static void receive_edge(struct probe *probe, bool push)
{
	struct probe_receive *receive = &probe->receive;
	unsigned at = 5 + (probe->mode >> PROBE_SAMPLE_DELAY_SHIFT) / 2;
	bool take = receive->way >> at & 1;
	bool last = receive->last_way >> at & 1;
	bool edge = probe->clock.active && probe_ready(probe) &&
		probe->shift.sampled;

	receive->way = (receive->way << 1 | edge) & 0x1ff;
	receive->last_way =
		(receive->last_way << 1 | (probe->shift.left == 0)) & 0x1ff;
	if (take)
		take_sample(probe, last);
	receive->came = take && last && push;
}

void probe_edge(struct probe *probe, const struct probe_unit *unit)
{
	bool start =
		unit->start || (probe_ready(probe) && probe->shift.left > 0);

	probe->busy = probe->clock.active || probe_draining(probe) || start ||
		probe_units_under_way(probe);
	receive_edge(probe, unit->push);
	clock_edge(probe, start);
	shift_edge(&probe->shift, unit, start);
}
