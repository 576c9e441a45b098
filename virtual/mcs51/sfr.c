/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The special function registers that the 8051 holds itself; all others are the
 * caller's, by a hook.  What a write asks for and no model has is a fault.
 */
#include "internal.h"

/* What a write does besides. */
enum effect {
	NOT_HELD,
	STORE,    /* nothing */
	FLAGS,    /* may request an interrupt */
	POSTPONE, /* and one more instruction is executed before it */
	TIMER,    /* a timer's mode or flags */
	COUNT,    /* not a byte of the state */
	IDLE,
	SERIAL,
};

struct held {
	uint8_t effect;
	uint8_t unwritable; /* bits that a write leaves as they are */
	uint16_t offset;    /* in struct mcs51_state */
};

#define STATE(member) offsetof(struct mcs51_state, member)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW 0
#else
#define LOW 1
#endif

/* The bits that read as fixed values keep those that a reset gives them. */
static const struct held held[128] = {
	[SFR_SP - 0x80] = {STORE, 0, STATE(sp)},
	[SFR_DPL0 - 0x80] = {STORE, 0, STATE(dptr[0]) + LOW},
	[SFR_DPH0 - 0x80] = {STORE, 0, STATE(dptr[0]) + !LOW},
	[SFR_DPL1 - 0x80] = {STORE, 0, STATE(dptr[1]) + LOW},
	[SFR_DPH1 - 0x80] = {STORE, 0, STATE(dptr[1]) + !LOW},
	[SFR_DPS - 0x80] = {STORE, 0xfe, STATE(dps)},
	[SFR_PCON - 0x80] = {IDLE, 0x30, STATE(pcon)},
	[SFR_TCON - 0x80] = {TIMER, 0, STATE(tcon)},
	[SFR_TMOD - 0x80] = {TIMER, 0, STATE(tmod)},
	[SFR_TL0 - 0x80] = {COUNT, 0, 0},
	[SFR_TL1 - 0x80] = {COUNT, 0, 0},
	[SFR_TH0 - 0x80] = {COUNT, 0, 0},
	[SFR_TH1 - 0x80] = {COUNT, 0, 0},
	[SFR_CKCON - 0x80] = {TIMER, 0, STATE(ckcon)},
	[SFR_EXIF - 0x80] = {FLAGS, 0x0f, STATE(exif)},
	[SFR_MPAGE - 0x80] = {STORE, 0, STATE(mpage)},
	[SFR_SCON0 - 0x80] = {SERIAL, 0, 0},
	[SFR_SBUF0 - 0x80] = {SERIAL, 0, 0},
	[SFR_IE - 0x80] = {POSTPONE, 0, STATE(ie)},
	[SFR_IP - 0x80] = {POSTPONE, 0x80, STATE(ip)},
	[SFR_SCON1 - 0x80] = {SERIAL, 0, 0},
	[SFR_SBUF1 - 0x80] = {SERIAL, 0, 0},
	[SFR_T2CON - 0x80] = {TIMER, 0, STATE(t2con)},
	[SFR_RCAP2L - 0x80] = {COUNT, 0, 0},
	[SFR_RCAP2H - 0x80] = {COUNT, 0, 0},
	[SFR_TL2 - 0x80] = {COUNT, 0, 0},
	[SFR_TH2 - 0x80] = {COUNT, 0, 0},
	[SFR_PSW - 0x80] = {STORE, PSW_P, STATE(psw)},
	[SFR_EICON - 0x80] = {FLAGS, 0x47, STATE(eicon)},
	[SFR_ACC - 0x80] = {STORE, 0, STATE(acc)},
	[SFR_EIE - 0x80] = {POSTPONE, 0xe0, STATE(eie)},
	[SFR_B - 0x80] = {STORE, 0, STATE(b)},
	[SFR_EIP - 0x80] = {POSTPONE, 0xe0, STATE(eip)},
};

bool mcs51_holds(uint8_t address)
{
	return address >= 0x80 && held[address - 0x80].effect != NOT_HELD &&
		held[address - 0x80].effect != SERIAL;
}

/* The register's half of a 16-bit count, as bits to shift by. */
static uint16_t *count(struct mcs51 *cpu, uint8_t address, int *ret_shift)
{
	*ret_shift = 0;
	switch (address) {
	case SFR_TL0:
	case SFR_TL1:
		return &cpu->timer[address - SFR_TL0];
	case SFR_RCAP2L:
		return &cpu->reload;
	case SFR_TL2:
		return &cpu->timer[2];
	}
	*ret_shift = 8;
	switch (address) {
	case SFR_TH0:
	case SFR_TH1:
		return &cpu->timer[address - SFR_TH0];
	case SFR_RCAP2H:
		return &cpu->reload;
	}
	return &cpu->timer[2];
}

static uint8_t read_count(struct mcs51 *cpu, uint8_t address)
{
	int shift;
	const uint16_t *word;

	mcs51_timers_sync(cpu);
	word = count(cpu, address, &shift);
	return *word >> shift;
}

static void write_count(struct mcs51 *cpu, uint8_t address, uint8_t value)
{
	int shift;
	uint16_t *word;

	mcs51_timers_sync(cpu);
	word = count(cpu, address, &shift);
	*word = (*word & 0xff00 >> shift) | value << shift;
	mcs51_timers_schedule(cpu);
	mcs51_touch(cpu);
}

static uint8_t read_plain(const struct mcs51 *cpu, uint8_t address)
{
	if (address == SFR_PSW)
		return cpu->state.psw | __builtin_parity(cpu->state.acc);
	return ((const uint8_t *)&cpu->state)[held[address - 0x80].offset];
}

/* A copy's timers are brought to the present, so that the next run finds their
   overflow where a run without this call would. */
uint8_t mcs51_peek(const struct mcs51 *cpu, uint8_t address)
{
	struct mcs51 copy;

	if (address < 0x80)
		return cpu->state.ram[address];
	switch (held[address - 0x80].effect) {
	case NOT_HELD:
	case SERIAL:
		return 0;
	case COUNT:
		copy = *cpu;
		return read_count(&copy, address);
	case TIMER:
		copy = *cpu;
		mcs51_timers_sync(&copy);
		return read_plain(&copy, address);
	}
	return read_plain(cpu, address);
}

uint8_t mcs51_read_sfr(struct mcs51 *cpu, uint8_t address)
{
	switch (held[address & 0x7f].effect) {
	case NOT_HELD:
		return cpu->hooks->read_sfr(cpu, address);
	case SERIAL:
		mcs51_fault(cpu,
			"the serial ports are not modelled: read of SFR 0x%02x",
			address);
		return 0;
	case COUNT:
		/* The next pass of a loop will read another value. */
		mcs51_touch(cpu);
		return read_count(cpu, address);
	}
	return read_plain(cpu, address);
}

/* Counters of edges of pins that the package does not have, and the clock of a
   serial port. */
static void refuse_modes(struct mcs51 *cpu)
{
	uint8_t t2con = cpu->state.t2con;

	if (((cpu->state.tcon & TCON_TR0) && (cpu->state.tmod & TMOD_CT)) ||
		((cpu->state.tcon & TCON_TR1) &&
			(cpu->state.tmod & TMOD_CT << 4)) ||
		((t2con & T2CON_TR2) && (t2con & T2CON_CT2)))
		mcs51_fault(cpu,
			"a timer counts edges of a pin, which is not "
			"modelled");
	if (t2con & (T2CON_RCLK | T2CON_TCLK))
		mcs51_fault(cpu,
			"the serial ports are not modelled: timer 2 "
			"makes their clock");
}

/* At the start of an instruction no overflow is behind, so that a write which
   changes nothing has no effect: firmware starts a timer that runs. */
static void write_timer(struct mcs51 *cpu, uint8_t *byte, uint8_t value)
{
	if (*byte == value)
		return;
	mcs51_timers_sync(cpu);
	*byte = value;
	refuse_modes(cpu);
	mcs51_follow_lines(cpu);
	mcs51_timers_schedule(cpu);
	mcs51_touch(cpu);
}

static void write_held(
	struct mcs51 *cpu, uint8_t effect, uint8_t *byte, uint8_t value)
{
	switch (effect) {
	case TIMER:
		write_timer(cpu, byte, value);
		return;
	case IDLE:
		if (value & PCON_STOP)
			mcs51_fault(cpu, "PCON.1 (stop) is not modelled");
		mcs51_attention(cpu);
		break;
	case POSTPONE:
		cpu->state.postponed = 1;
		mcs51_attention(cpu);
		break;
	case FLAGS:
		mcs51_attention(cpu);
		break;
	}
	*byte = value;
}

void mcs51_write_sfr(struct mcs51 *cpu, uint8_t address, uint8_t value)
{
	const struct held *sfr = &held[address & 0x7f];
	uint8_t *byte = (uint8_t *)&cpu->state + sfr->offset;

	switch (sfr->effect) {
	case NOT_HELD:
		cpu->hooks->write_sfr(cpu, address, value);
		return;
	case SERIAL:
		mcs51_fault(cpu,
			"the serial ports are not modelled: write of SFR "
			"0x%02x",
			address);
		return;
	case COUNT:
		write_count(cpu, address, value);
		return;
	}
	value = (value & ~sfr->unwritable) | (*byte & sfr->unwritable);
	write_held(cpu, sfr->effect, byte, value);
}
