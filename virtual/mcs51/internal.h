/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the sources of the 8051. */
#ifndef VIRTUAL_MCS51_INTERNAL_H
#define VIRTUAL_MCS51_INTERNAL_H

#include "mcs51.h"

/* Special function registers that the CPU holds. */
enum {
	SFR_SP = 0x81,
	SFR_DPL0 = 0x82,
	SFR_DPH0 = 0x83,
	SFR_DPL1 = 0x84,
	SFR_DPH1 = 0x85,
	SFR_DPS = 0x86,
	SFR_PCON = 0x87,
	SFR_TCON = 0x88,
	SFR_TMOD = 0x89,
	SFR_TL0 = 0x8a,
	SFR_TL1 = 0x8b,
	SFR_TH0 = 0x8c,
	SFR_TH1 = 0x8d,
	SFR_CKCON = 0x8e,
	SFR_EXIF = 0x91,
	SFR_MPAGE = 0x92,
	SFR_IE = 0xa8,
	SFR_IP = 0xb8,
	SFR_T2CON = 0xc8,
	SFR_RCAP2L = 0xca,
	SFR_RCAP2H = 0xcb,
	SFR_TL2 = 0xcc,
	SFR_TH2 = 0xcd,
	SFR_PSW = 0xd0,
	SFR_EICON = 0xd8,
	SFR_ACC = 0xe0,
	SFR_EIE = 0xe8,
	SFR_B = 0xf0,
	SFR_EIP = 0xf8,
};

/* And those of the serial ports, which it refuses. */
enum {
	SFR_SCON0 = 0x98,
	SFR_SBUF0 = 0x99,
	SFR_SCON1 = 0xc0,
	SFR_SBUF1 = 0xc1,
};

#define PSW_CY   0x80
#define PSW_AC   0x40
#define PSW_BANK 0x18
#define PSW_OV   0x04
#define PSW_P    0x01

#define PCON_STOP 0x02
#define PCON_IDLE 0x01

#define TCON_TF1 0x80
#define TCON_TR1 0x40
#define TCON_TF0 0x20
#define TCON_TR0 0x10
#define TCON_IE1 0x08
#define TCON_IT1 0x04
#define TCON_IE0 0x02
#define TCON_IT0 0x01
/* Those that request interrupts */
#define TCON_FLAGS (TCON_TF1 | TCON_TF0 | TCON_IE1 | TCON_IE0)

#define TMOD_GATE 0x08 /* of timer 0; four bits higher: of timer 1 */
#define TMOD_CT   0x04
#define TMOD_MODE 0x03

#define T2CON_TF2   0x80
#define T2CON_EXF2  0x40
#define T2CON_RCLK  0x20
#define T2CON_TCLK  0x10
#define T2CON_TR2   0x04
#define T2CON_CT2   0x02
#define T2CON_CPRL2 0x01

#define CKCON_T2M     0x20
#define CKCON_T1M     0x10
#define CKCON_T0M     0x08
#define CKCON_STRETCH 0x07

#define IE_EA       0x80
#define EXIF_FLAGS  0xf0
#define EICON_ERESI 0x20
#define EICON_RESI  0x10
#define EICON_INT6  0x08

struct mcs51_opcode {
	uint8_t length;
	uint8_t cycles; /* without the stretch of MOVX */
};

extern const struct mcs51_opcode mcs51_opcodes[256];

/* Execute the instruction at this address, whose bytes are given; or those from
   `pc` on, until `limit`. */
void mcs51_step(struct mcs51 *cpu, uint16_t pc, const uint8_t *code);
void mcs51_execute(struct mcs51 *cpu);

/* Whether an instruction's bytes may be others than those in memory, because
   memory ends, or a vector is in the place of one; and those bytes, or NULL
   after a fault. */
static inline bool mcs51_is_apart(const struct mcs51 *cpu, uint16_t pc)
{
	/* 0x43 to 0x45, 0x53 to 0x55 */
	bool vector = (uint16_t)((pc & 0xffef) - 0x43) < 3;

	return vector || pc + 3u > cpu->memory_size;
}
const uint8_t *mcs51_fetch_apart(
	struct mcs51 *cpu, uint16_t pc, uint8_t buffer[3]);

/* After a jump back, without which there is no loop. */
void mcs51_jumped_back(struct mcs51 *cpu);

/* 0x80 to 0xff */
uint8_t mcs51_read_sfr(struct mcs51 *cpu, uint8_t address);
void mcs51_write_sfr(struct mcs51 *cpu, uint8_t address, uint8_t value);

/* Before the instruction that follows this one, mcs51_run() looks at all that
   it need not look at before every instruction. */
static inline void mcs51_attention(struct mcs51 *cpu)
{
	cpu->limit = 0;
}

/* The flags of INT0 and INT1, where TCON says that they follow the lines. */
void mcs51_follow_lines(struct mcs51 *cpu);

/* With a `debug` (debug.c): note the instruction before it is executed; does its
   address have a breakpoint, at which the run has not just stopped? */
void mcs51_observe(struct mcs51 *cpu, const uint8_t *code);
bool mcs51_breaks(struct mcs51 *cpu);

/* Bring the counts to the present, and set the flags of those that have
   overflowed; then, after a change of what they depend on, find the next
   overflow. */
void mcs51_timers_sync(struct mcs51 *cpu);
void mcs51_timers_schedule(struct mcs51 *cpu);

#endif
