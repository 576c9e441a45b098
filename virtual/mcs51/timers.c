/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Timers 0 to 2 of the 8051.  A count is brought to the present when the
 * firmware reads it, or changes what the timer depends on, or when a flag is to
 * be set; no work is done between.  A timer counts every instruction cycle (4
 * clocks) or every third (12 clocks), as CKCON says.
 *
 * The pins T0, T1, T2 and T2EX do not exist in the 56-pin package, so the CPU
 * refuses counters of their edges (sfr.c) and no capture ever takes place.
 */
#include "internal.h"

/* One counter: in mode 3, TL0 and TH0 are two. */
struct counter {
	bool runs;
	bool fast;      /* every cycle */
	uint8_t *flags; /* where the flag is, or NULL */
	uint8_t flag;
	uint32_t count;
	uint32_t size;   /* the count after the highest */
	uint32_t reload; /* the count after an overflow */
};

#define COUNTERS 4

static uint8_t mode(const struct mcs51 *cpu, unsigned int timer)
{
	return cpu->state.tmod >> 4 * timer & TMOD_MODE;
}

/* The pin INT0 or INT1 may stop its timer: it counts while the pin is high,
   which is to say not asserted. */
static bool gate_open(const struct mcs51 *cpu, unsigned int timer)
{
	return !(cpu->state.tmod & TMOD_GATE << 4 * timer) ||
		!(cpu->state.lines & 1 << (timer ? MCS51_INT1 : MCS51_INT0));
}

static void load(
	const struct mcs51 *cpu, unsigned int timer, struct counter *counter)
{
	uint8_t low = cpu->timer[timer], high = cpu->timer[timer] >> 8;

	switch (mode(cpu, timer)) {
	case 0: /* 13 bits: 8 in TH, 5 in TL */
		counter->count = high << 5 | (low & 0x1f);
		counter->size = 1 << 13;
		return;
	case 2:
		counter->count = low;
		counter->size = 0x100;
		counter->reload = high;
		return;
	case 3:
		counter->count = low;
		counter->size = 0x100;
		return;
	}
	counter->count = cpu->timer[timer];
	counter->size = 0x10000;
}

static void store(struct mcs51 *cpu, unsigned int timer, uint32_t count)
{
	uint16_t *both = &cpu->timer[timer];

	switch (mode(cpu, timer)) {
	case 0:
		*both = count >> 5 << 8 | (*both & 0xe0) | (count & 0x1f);
		return;
	case 1:
		*both = count;
		return;
	}
	*both = (*both & 0xff00) | count;
}

/* The counters in the order timer 0 (or TL0), timer 1, timer 2, TH0. */
static void collect(struct mcs51 *cpu, struct counter counters[COUNTERS])
{
	struct mcs51_state *state = &cpu->state;
	bool split = mode(cpu, 0) == 3;

	counters[0] = (struct counter){
		.runs = (state->tcon & TCON_TR0) && gate_open(cpu, 0),
		.fast = state->ckcon & CKCON_T0M,
		.flags = &state->tcon,
		.flag = TCON_TF0,
	};
	load(cpu, 0, &counters[0]);
	/* While timer 0 is split, TH0 has the run bit and the flag of timer 1,
	   which then runs in any mode but 3, in which it stands still. */
	counters[1] = (struct counter){
		.runs = (split || (state->tcon & TCON_TR1)) &&
			gate_open(cpu, 1) && mode(cpu, 1) != 3,
		.fast = state->ckcon & CKCON_T1M,
		.flags = split ? NULL : &state->tcon,
		.flag = TCON_TF1,
	};
	load(cpu, 1, &counters[1]);
	counters[2] = (struct counter){
		.runs = state->t2con & T2CON_TR2,
		.fast = state->ckcon & CKCON_T2M,
		.flags = &state->t2con,
		.flag = T2CON_TF2,
		.count = cpu->timer[2],
		.size = 0x10000,
		.reload = state->t2con & T2CON_CPRL2 ? 0 : cpu->reload,
	};
	counters[3] = (struct counter){
		.runs = split && (state->tcon & TCON_TR1),
		.fast = state->ckcon & CKCON_T0M,
		.flags = &state->tcon,
		.flag = TCON_TF1,
		.count = cpu->timer[0] >> 8,
		.size = 0x100,
	};
}

/* Count so often.  Returns whether the flag has been set now. */
static bool count(struct counter *counter, uint64_t times)
{
	uint64_t left = counter->size - counter->count;

	if (times < left) {
		counter->count += times;
		return false;
	}
	counter->count = counter->reload +
		(times - left) % (counter->size - counter->reload);
	if (!counter->flags || (*counter->flags & counter->flag))
		return false;
	*counter->flags |= counter->flag;
	return true;
}

void mcs51_timers_sync(struct mcs51 *cpu)
{
	struct counter counters[COUNTERS];
	uint64_t every = cpu->cycles - cpu->timers_at;
	uint64_t third = cpu->cycles / 3 - cpu->timers_at / 3;
	bool set = false;

	if (every == 0)
		return;
	collect(cpu, counters);
	for (int i = 0; i < COUNTERS; i++)
		if (counters[i].runs)
			set |= count(
				&counters[i], counters[i].fast ? every : third);
	store(cpu, 0, counters[0].count);
	store(cpu, 1, counters[1].count);
	cpu->timer[2] = counters[2].count;
	if (mode(cpu, 0) == 3)
		cpu->timer[0] = counters[3].count << 8 | (cpu->timer[0] & 0xff);
	cpu->timers_at = cpu->cycles;
	if (set)
		mcs51_touch(cpu);
}

/* An overflow that finds its flag set changes only counts, so it is no event. */
void mcs51_timers_schedule(struct mcs51 *cpu)
{
	struct counter counters[COUNTERS];

	cpu->overflow_at = MCS51_NEVER;
	collect(cpu, counters);
	for (int i = 0; i < COUNTERS; i++) {
		const struct counter *counter = &counters[i];
		uint64_t left = counter->size - counter->count;
		uint64_t at = counter->fast ? cpu->timers_at + left
					    : (cpu->timers_at / 3 + left) * 3;

		if (counter->runs && counter->flags &&
			!(*counter->flags & counter->flag) &&
			at < cpu->overflow_at)
			cpu->overflow_at = at;
	}
	mcs51_attention(cpu);
}
