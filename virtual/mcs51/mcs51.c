/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 8051 runs: instruction after instruction, and between them, where
 * something asks for attention, interrupts, overflows of timers and the reasons
 * to stop.  The CPU's `limit` keeps the two apart: instructions are executed
 * until that cycle, and mcs51_attention() moves it to the present.
 */
#include "mcs51.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "debug.h"
#include "internal.h"

/* Nothing between the members: states are compared as bytes. */
_Static_assert(sizeof(struct mcs51_state) == 256 + 6 + 20, "no padding");

#define CYCLES_CALL 4 /* of the entry into an interrupt */
#define CYCLES_WAKE 1 /* before it, if the CPU idled */

void mcs51_reset(struct mcs51 *cpu)
{
	struct mcs51_state *state = &cpu->state;
	struct mcs51_state fresh = {
		.sp = 0x07,
		.ip = 0x80,
		.eie = 0xe0,
		.eip = 0xe0,
		.exif = 0x08,
		.eicon = 0x40,
		.pcon = 0x30,
		.ckcon = 0x01,
		.lines = state->lines,
	};

	memcpy(fresh.ram, state->ram, sizeof(fresh.ram));
	*state = fresh;
	memset(cpu->timer, 0, sizeof(cpu->timer));
	cpu->reload = 0;
	cpu->timers_at = cpu->cycles;
	cpu->instruction = 0;
	cpu->fault[0] = '\0';
	mcs51_follow_lines(cpu);
	mcs51_timers_schedule(cpu);
	mcs51_touch(cpu);
}

void mcs51_touch(struct mcs51 *cpu)
{
	cpu->jumps = 0;
	cpu->period = 0;
}

void mcs51_stop(struct mcs51 *cpu)
{
	cpu->stop = true;
	mcs51_attention(cpu);
}

void mcs51_fault(struct mcs51 *cpu, const char *format, ...)
{
	va_list args;
	size_t used;

	mcs51_attention(cpu);
	if (cpu->fault[0])
		return;
	va_start(args, format);
	vsnprintf(cpu->fault, sizeof(cpu->fault), format, args);
	va_end(args);
	used = strlen(cpu->fault);
	snprintf(cpu->fault + used, sizeof(cpu->fault) - used, ", at 0x%04x",
		cpu->instruction);
}

/* ---- Interrupts ---- */

#define STATE(member) offsetof(struct mcs51_state, member)
#define VECTOR_RESUME 0x33

/* In the order in which those of equal priority are served (EZ-USB TRM, natural
   priority), without those of the serial ports. */
static const struct source {
	uint8_t vector;
	uint16_t flags; /* offset in struct mcs51_state */
	uint8_t flag;
	uint16_t enables;
	uint8_t enable;
	uint16_t priorities; /* the bit is that of the enable */
	uint8_t clears;      /* the flag by itself: 1, or 2 if by an edge */
} sources[] = {
	{VECTOR_RESUME, STATE(eicon), EICON_RESI, STATE(eicon), EICON_ERESI, 0,
		0},
	{0x03, STATE(tcon), TCON_IE0, STATE(ie), 0x01, STATE(ip), 2},
	{0x0b, STATE(tcon), TCON_TF0, STATE(ie), 0x02, STATE(ip), 1},
	{0x13, STATE(tcon), TCON_IE1, STATE(ie), 0x04, STATE(ip), 2},
	{0x1b, STATE(tcon), TCON_TF1, STATE(ie), 0x08, STATE(ip), 1},
	{0x2b, STATE(t2con), T2CON_TF2 | T2CON_EXF2, STATE(ie), 0x20, STATE(ip),
		0},
	{0x43, STATE(exif), 0x10, STATE(eie), 0x01, STATE(eip), 0},
	{0x4b, STATE(exif), 0x20, STATE(eie), 0x02, STATE(eip), 0},
	{0x53, STATE(exif), 0x40, STATE(eie), 0x04, STATE(eip), 0},
	{0x5b, STATE(exif), 0x80, STATE(eie), 0x08, STATE(eip), 0},
	{0x63, STATE(eicon), EICON_INT6, STATE(eie), 0x10, STATE(eip), 0},
};

static uint8_t state_byte(const struct mcs51 *cpu, uint16_t offset)
{
	return ((const uint8_t *)&cpu->state)[offset];
}

/* As a bit of in_service; 0 if the source asks for nothing.  The interrupt for
   resume is above all, and EA does not mask it. */
static uint8_t priority(const struct mcs51 *cpu, const struct source *source)
{
	if (!(state_byte(cpu, source->flags) & source->flag) ||
		!(state_byte(cpu, source->enables) & source->enable))
		return 0;
	if (source->vector == VECTOR_RESUME)
		return 4;
	if (!(cpu->state.ie & IE_EA))
		return 0;
	return state_byte(cpu, source->priorities) & source->enable ? 2 : 1;
}

/* Whether any flag of `sources` is set: most of the time none is. */
static bool any_flag(const struct mcs51_state *state)
{
	return (state->tcon & TCON_FLAGS) |
		(state->t2con & (T2CON_TF2 | T2CON_EXF2)) |
		(state->exif & EXIF_FLAGS) |
		(state->eicon & (EICON_INT6 | EICON_RESI));
}

static const struct source *pending(
	const struct mcs51 *cpu, uint8_t *ret_priority)
{
	const struct source *found = NULL;
	uint8_t highest = cpu->state.in_service;

	if (!any_flag(&cpu->state))
		return NULL;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		uint8_t its = priority(cpu, &sources[i]);

		/* Two bits of in_service are more than the higher alone. */
		if (its > highest) {
			highest = its;
			found = &sources[i];
		}
	}
	*ret_priority = highest;
	return found;
}

static bool enter_interrupt(struct mcs51 *cpu)
{
	struct mcs51_state *state = &cpu->state;
	uint8_t level;
	const struct source *source = pending(cpu, &level);

	if (!source)
		return false;
	if (source->clears == 1 ||
		(source->clears == 2 && (state->tcon & source->flag >> 1))) {
		mcs51_timers_sync(cpu);
		state->tcon &= ~source->flag;
		mcs51_timers_schedule(cpu);
	}
	state->ram[++state->sp] = state->pc;
	state->ram[++state->sp] = state->pc >> 8;
	state->pc = source->vector;
	state->in_service |= level;
	cpu->cycles += CYCLES_CALL;
	if (state->pcon & PCON_IDLE)
		cpu->cycles += CYCLES_WAKE;
	state->pcon &= ~PCON_IDLE;
	return true;
}

void mcs51_follow_lines(struct mcs51 *cpu)
{
	struct mcs51_state *state = &cpu->state;

	if (!(state->tcon & TCON_IT0))
		state->tcon = (state->tcon & ~TCON_IE0) |
			(state->lines & 1 << MCS51_INT0 ? TCON_IE0 : 0);
	if (!(state->tcon & TCON_IT1))
		state->tcon = (state->tcon & ~TCON_IE1) |
			(state->lines & 1 << MCS51_INT1 ? TCON_IE1 : 0);
}

/* What an edge to the asserted state sets. */
static void set_flag(struct mcs51 *cpu, enum mcs51_line line)
{
	struct mcs51_state *state = &cpu->state;

	switch (line) {
	case MCS51_INT0:
		state->tcon |= TCON_IE0;
		break;
	case MCS51_INT1:
		state->tcon |= TCON_IE1;
		break;
	case MCS51_INT6:
		state->eicon |= EICON_INT6;
		break;
	case MCS51_RESUME:
		state->eicon |= EICON_RESI;
		break;
	default:
		state->exif |= 0x10 << (line - MCS51_INT2);
	}
}

void mcs51_request(struct mcs51 *cpu, enum mcs51_line line, bool asserted)
{
	uint8_t mask = 1 << line;

	if (asserted == !!(cpu->state.lines & mask))
		return;
	mcs51_timers_sync(cpu); /* INT0 and INT1 may gate them. */
	cpu->state.lines ^= mask;
	if (asserted)
		set_flag(cpu, line);
	mcs51_follow_lines(cpu);
	mcs51_timers_schedule(cpu);
	mcs51_touch(cpu);
}

/* ---- Loops that wait ---- */

/*
 * If the state is the same as at an earlier jump, and nothing was touched between, then the CPU
 * will execute the same again.  The state that is compared with is renewed when
 * the number of jumps has doubled (Brent's way to find a cycle), so that a loop
 * of any shape is found: with calls, inner loops, interrupts.
 */
void mcs51_jumped_back(struct mcs51 *cpu)
{
	uint64_t jumps = ++cpu->jumps;

	if (jumps > 2 && cpu->seen.pc == cpu->state.pc &&
		!memcmp(&cpu->seen, &cpu->state, sizeof(cpu->seen))) {
		cpu->period = cpu->cycles - cpu->seen_at;
		cpu->seen_at = cpu->cycles;
		mcs51_attention(cpu);
	} else if (jumps > 1 && (jumps & (jumps - 1)) == 0) {
		cpu->seen = cpu->state;
		cpu->seen_at = cpu->cycles;
	}
}

static bool idles(const struct mcs51 *cpu)
{
	uint8_t level;

	return (cpu->state.pcon & PCON_IDLE) && !pending(cpu, &level);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void add_idle(struct mcs51 *cpu, uint64_t cycles)
{
	cpu->cycles += cycles;
	if (cpu->debug)
		cpu->debug->idle += cycles;
}

void mcs51_skip(struct mcs51 *cpu, uint64_t until)
{
	uint64_t end = earlier(until, cpu->overflow_at);
	uint64_t whole;

	if (cpu->period == 0 || cpu->cycles >= end)
		return;
	whole = (end - cpu->cycles) / cpu->period * cpu->period;
	cpu->seen_at += whole;
	add_idle(cpu, whole);
}

uint64_t mcs51_waits_until(const struct mcs51 *cpu)
{
	if (cpu->fault[0])
		return MCS51_NEVER;
	if (cpu->period == 0 && !idles(cpu))
		return cpu->cycles;
	return cpu->overflow_at > cpu->cycles ? cpu->overflow_at : cpu->cycles;
}

/* ---- Instructions ---- */

static bool has_vector(uint16_t address)
{
	return address == 0x45 || address == 0x55;
}

const uint8_t *mcs51_fetch_apart(
	struct mcs51 *cpu, uint16_t pc, uint8_t buffer[3])
{
	uint8_t length = 1;

	for (unsigned int i = 0; i < length; i++) {
		if (pc + i >= cpu->memory_size) {
			mcs51_fault(cpu,
				"an instruction is fetched from "
				"0x%04x, where no code memory is",
				(pc + i) & 0xffff);
			return NULL;
		}
		buffer[i] = has_vector(pc + i) && cpu->hooks->read_vector
			? cpu->hooks->read_vector(cpu, pc + i)
			: cpu->memory[pc + i];
		length = mcs51_opcodes[buffer[0]].length;
	}
	return buffer;
}

static void execute_observed(struct mcs51 *cpu)
{
	uint8_t buffer[3] = {0};
	uint16_t pc = cpu->state.pc;
	uint64_t start = cpu->cycles;
	const uint8_t *code = cpu->memory + pc;

	cpu->instruction = pc;
	if (mcs51_is_apart(cpu, pc))
		code = mcs51_fetch_apart(cpu, pc, buffer);
	if (!code)
		return;
	mcs51_observe(cpu, code);
	mcs51_step(cpu, pc, code);
	cpu->debug->cycles[pc] += cpu->cycles - start;
}

enum mcs51_stop mcs51_run(struct mcs51 *cpu, uint64_t until)
{
	cpu->stop = false;
	for (;;) {
		uint64_t end = earlier(until, cpu->overflow_at);

		if (cpu->fault[0])
			return MCS51_FAULT;
		if (cpu->stop)
			return MCS51_STOPPED;
		if (cpu->cycles >= until)
			return MCS51_TIME;
		if (cpu->cycles >= cpu->overflow_at) {
			mcs51_timers_sync(cpu);
			mcs51_timers_schedule(cpu);
			continue;
		}
		if (!cpu->state.postponed && enter_interrupt(cpu))
			continue;
		if (cpu->state.pcon & PCON_IDLE) {
			add_idle(cpu, end - cpu->cycles);
			continue;
		}
		if (cpu->period > 0 && cpu->period <= end - cpu->cycles)
			return MCS51_WAITS;
		if (cpu->debug && mcs51_breaks(cpu))
			return MCS51_BREAKPOINT;
		cpu->limit = cpu->state.postponed ? cpu->cycles + 1 : end;
		cpu->state.postponed = 0;
		if (cpu->debug)
			execute_observed(cpu);
		else
			mcs51_execute(cpu);
	}
}
