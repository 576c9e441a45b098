/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 8051 of Cypress's EZ-USB FX2LP (CY7C68013A; EZ-USB Technical Reference
 * Manual, chapters 2, 4, 14 and the appendix): the instructions with their
 * cycles, the interrupts, timers 0 to 2.  All that surrounds it, the caller
 * provides by hooks; nothing here knows of USB.
 *
 * Time is counted in instruction cycles of 4 clocks.  Nothing here allocates
 * memory, prints, or depends on anything but the calls below, so a run can be
 * repeated exactly.
 */
#ifndef VIRTUAL_MCS51_H
#define VIRTUAL_MCS51_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCS51_NEVER UINT64_MAX

struct mcs51;
struct mcs51_debug; /* virtual/mcs51/debug.h */

/* An access takes place at the start of its instruction: inside a hook,
   `cycles` of the CPU is less than the `until` of mcs51_run(), and
   `instruction` is the address of the instruction. */
struct mcs51_hooks {
	/* The special function registers, 0x80 to 0xff, that the CPU does not
	   hold (mcs51_holds()).  Serial ports are refused by the CPU. */
	uint8_t (*read_sfr)(struct mcs51 *cpu, uint8_t address);
	void (*write_sfr)(struct mcs51 *cpu, uint8_t address, uint8_t value);

	/* Data memory from `memory_size` on, by MOVX. */
	uint8_t (*read_xdata)(struct mcs51 *cpu, uint16_t address);
	void (*write_xdata)(struct mcs51 *cpu, uint16_t address, uint8_t value);

	/* The byte that the CPU executes at 0x0045 or 0x0055, the last of the
	   LJMP of INT2 or INT4, whose autovector takes the place of the byte
	   in memory.  NULL: the byte in memory. */
	uint8_t (*read_vector)(struct mcs51 *cpu, uint16_t address);
};

/* The lines that request an interrupt.  INT2 is the USB's, INT3 the I2C
   master's, INT4 the FIFOs' and GPIF's. */
enum mcs51_line {
	MCS51_INT0,
	MCS51_INT1,
	MCS51_INT2,
	MCS51_INT3,
	MCS51_INT4,
	MCS51_INT5,
	MCS51_INT6,
	MCS51_RESUME,
	MCS51_LINES,
};

enum mcs51_stop {
	MCS51_TIME,       /* `cycles` has reached `until` */
	MCS51_WAITS,      /* before `until`: see mcs51_skip() */
	MCS51_STOPPED,    /* a hook called mcs51_stop() */
	MCS51_BREAKPOINT, /* the instruction at `pc` has a breakpoint */
	MCS51_FAULT,      /* `fault` is the sentence; only a reset ends this */
};

/* What the CPU's next instruction depends on, apart from memory, hooks and
   the counts of the timers.  Equal in all bytes if and only if equal. */
struct mcs51_state {
	uint8_t ram[256];
	uint16_t pc;
	uint16_t dptr[2];
	uint8_t acc, b, psw, sp, dps, mpage;
	uint8_t ie, ip, eie, eip, exif, eicon, pcon, ckcon;
	uint8_t tcon, tmod, t2con;
	uint8_t in_service; /* bit 0 low priority, 1 high, 2 resume */
	uint8_t postponed;  /* one more instruction before an interrupt */
	uint8_t lines;      /* a bit for each enum mcs51_line */
};

struct mcs51 {
	/* The caller sets these before the first reset.  Addresses below
	   memory_size are memory for instructions and for MOVX alike; an
	   instruction beyond is a fault. */
	const struct mcs51_hooks *hooks;
	void *context;
	uint8_t *memory;
	uint32_t memory_size;      /* 1 to 0x10000 */
	struct mcs51_debug *debug; /* or NULL */

	struct mcs51_state state;
	uint64_t cycles;      /* since the CPU exists; a reset keeps them */
	uint16_t instruction; /* the address of the one that is executed */
	bool modifies; /* in read_sfr: an instruction reads, modifies, writes */
	char fault[120]; /* "" unless a run has ended with MCS51_FAULT */

	/* The rest is private. */
	uint64_t limit; /* the next cycle at which to look beyond the code */
	bool stop;
	uint16_t timer[3];    /* counts, as of timers_at */
	uint16_t reload;      /* RCAP2 */
	uint64_t timers_at;   /* cycle */
	uint64_t overflow_at; /* the next one that sets a flag */
	uint64_t jumps;       /* back, since mcs51_touch() */
	uint64_t period;      /* cycles of the loop that waits; 0 = none */
	uint64_t seen_at;     /* cycle of `seen` */
	struct mcs51_state seen;
};

/* To the state after power-up, at address 0.  Memory, internal RAM, lines and
   cycles stay as they are. */
void mcs51_reset(struct mcs51 *cpu);

/* Execute instructions until `cycles` is at least `until`, or until another
   reason of enum mcs51_stop.  The last instruction may end up to 9 cycles
   after `until`, and so may the entry into an interrupt. */
enum mcs51_stop mcs51_run(struct mcs51 *cpu, uint64_t until);

/*
 * The CPU waits while it idles (PCON), which takes no time here, and while it
 * executes a loop whose every pass leaves all as it was, so that the next pass
 * does the same unless something else changes.  mcs51_run() ends with
 * MCS51_WAITS when it finds such a loop, and at least one pass more would end
 * by `until`.  mcs51_skip() then adds as many whole passes as end by `until`
 * and by the next overflow of a timer that sets a flag.  The run that follows
 * ends in the same state at the same cycle as if all passes were executed:
 *
 *	while ((stop = mcs51_run(cpu, until)) == MCS51_WAITS)
 *		mcs51_skip(cpu, until);
 *
 * To have the passes executed, call mcs51_touch() in place of mcs51_skip().
 *
 * For this, the caller calls mcs51_touch() after every change of what the CPU
 * can read: memory, and the values that the read hooks return; also if a read
 * by the CPU itself changes such a value, and if a write by a hook does: a
 * write that changes nothing may be in a loop that waits.  The CPU knows of its
 * writes to memory, and of mcs51_request().
 */
void mcs51_skip(struct mcs51 *cpu, uint64_t until);
void mcs51_touch(struct mcs51 *cpu);

/* The cycle up to which nothing but the caller changes what the CPU does:
   MCS51_NEVER or a timer's overflow if the CPU waits, `cycles` if not. */
uint64_t mcs51_waits_until(const struct mcs51 *cpu);

/* In a hook: mcs51_run() is to end with MCS51_STOPPED after this instruction,
   e.g. because the next event is now earlier than its `until`. */
void mcs51_stop(struct mcs51 *cpu);

/* In a hook, or between runs: the run ends with MCS51_FAULT after this
   instruction.  The sentence gets ", at 0xPC" at its end.  The first fault
   counts. */
void mcs51_fault(struct mcs51 *cpu, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Assert a line, whatever its polarity at the pin, or withdraw it.  When INT2
   to INT6 or RESUME are asserted, the interrupt's flag is set; it stays set
   until the firmware clears it.  INT0 and INT1 are as TCON says. */
void mcs51_request(struct mcs51 *cpu, enum mcs51_line line, bool asserted);

/* Does the CPU hold this special function register? */
bool mcs51_holds(uint8_t address);

/* What an instruction would read at a direct address, 0 to 0xff, now; changes
   nothing.  0 for registers that the CPU does not hold. */
uint8_t mcs51_peek(const struct mcs51 *cpu, uint8_t address);

#endif
