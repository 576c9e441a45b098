/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The probe core and a scan chain behind it, as the oracle knows them.
 * jtag-chain.c is the oracle's own model of the TAPs, clock by clock, jtag-plan.c
 * says which clocks a step of clyde.h makes, jtag-job.c draws batches, jtag-svf.c
 * files in SVF, and step-jtag.c and step-svf.c carry the steps out.
 */
#ifndef SIMULATION_JTAG_H
#define SIMULATION_JTAG_H

#include "session.h"

/* ---- jtag-chain.c ---- */

#define CHAIN_TAPS   4
#define CHAIN_USERS  2
#define USER_BITS    33
#define USER_US      10
#define CHAIN_STATES 16

/* What an instruction register selects; SELECTS_USER + n: user register n. */
enum selects {
	SELECTS_BYPASS,
	SELECTS_IDCODE,
	SELECTS_USERCODE,
	SELECTS_USER,
};

/* A register that takes bits as a job, whose result is their complement. */
struct user {
	uint32_t result, known; /* those bits are certain */
	uint64_t ready;         /* from this cycle on at the latest */
};

/* A TAP: `first` is the first of its package, and has user registers. */
struct tap {
	uint32_t capture, idcode, usercode;
	uint8_t ir_bits;
	bool first;
	uint8_t selected;
	uint32_t ir;
	/* The data register, and which of its bits are certain. */
	uint64_t shift, known;
	uint8_t bits;
	struct user users[CHAIN_USERS];
};

struct chain {
	unsigned count;
	struct tap taps[CHAIN_TAPS]; /* from TDI on */
	bool state_known; /* otherwise they have made `ones` clocks */
	uint8_t state, ones;
	bool held;       /* by TRST */
	uint64_t cycles; /* of 48 MHz, that have passed at least */
	uint32_t period; /* of TCK */
};

/* The next state of a TAP, numbered as in clyde.h. */
uint8_t chain_next(uint8_t state, bool tms);

void chain_begin(struct chain *chain, const struct device_plan *plan);
/* Any clocks may have been made. */
void chain_forget(struct chain *chain);
/* A clock.  Returns what TDO was, 0 or 1, or -1 if that can be either. */
int chain_clock(struct chain *chain, bool tms, bool tdi);
void chain_hold(struct chain *chain, bool held);
/* All bits between TDI and TDO in Shift-IR, or in Shift-DR. */
unsigned chain_ir_bits(const struct chain *chain);
unsigned chain_dr_bits(const struct chain *chain);
/* Whether any TAP has selected a user register. */
bool chain_has_user(const struct chain *chain);
/* The job of a user register is done. */
void chain_settle(struct chain *chain, unsigned tap, unsigned user);

/* ---- Batches ---- */

#define JTAG_RECORDS 12
#define JTAG_REPLY   1400
#define JTAG_OUT     1600
#define JTAG_STEPS   16
#define JTAG_BATCHES 4 /* at most, of a job */

/* A batch on its way. */
struct jtag_record {
	uint64_t ticket;
	bool fails; /* a poll does, of this batch or before it in its chain */
	int step;   /* that fails; -1: none of this batch */
	double us;  /* how long it takes at least */
	int64_t over_ns; /* not before this time; 0: at any time */
	size_t size;
	uint8_t in[JTAG_REPLY], right[JTAG_REPLY], mask[JTAG_REPLY];
};

/* What is known when a batch begins. */
struct jtag_plan {
	struct chain chain;
	/* The states in which the library may believe the TAPs to be, a bit
	   each, if that is certain. */
	uint16_t possible;
	bool vague;   /* TRST is low, or was: the TAPs may be in RESET or not */
	uint8_t pins; /* that were submitted */
	bool in_chain, polls, failed;
	double us; /* of the batch */
};

struct jtag_batch {
	struct clyde_jtag_step steps[JTAG_STEPS];
	unsigned count, flags;
	struct jtag_record *record;
	uint8_t out[JTAG_OUT];
	size_t used;
	struct jtag_plan before, after;
};

struct jtag_job {
	unsigned count;
	struct jtag_batch batch[JTAG_BATCHES];
};

struct probe {
	struct clyde_jtag *jtag; /* NULL: closed */
	bool broken; /* no batch goes on, or what was submitted is not known */
	bool has_trst;
	struct jtag_plan plan;
	int64_t busy_until_ns;
	struct jtag_record records[JTAG_RECORDS]; /* a ring, the oldest first */
	unsigned first, count;
	/* Of a transfer: the library must not write to it when the call has
	   returned. */
	struct jtag_record lent;
	uint64_t last_ticket;
	bool ticket_known;
};

/* ---- jtag-plan.c ---- */

void jtag_plan_begin(struct jtag_plan *plan);
/* A batch begins or ends. */
void jtag_plan_batch(struct jtag_plan *plan);
void jtag_plan_end(struct jtag_plan *plan, bool chained);
/*
 * Carries a step out, but for a poll.  Writes the bits that come to `right`, and
 * which of them are certain to `mask`, unless they are NULL.
 */
void jtag_plan_step(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask);
void jtag_plan_go(struct jtag_plan *plan, uint8_t state);
/* A scan of a poll, from IDLE: writes the bits that come, and which of them are
   certain. */
void jtag_plan_scan(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask);

/* The state that the library must report. */
int jtag_plan_state(const struct jtag_plan *plan);

/* ---- jtag-job.c ---- */

/* Draws a job of at most so many batches from the probe's plan.  The records are
   those behind the ring's, or `single`. */
void jtag_job_draw(struct probe *probe, struct random *random, unsigned most,
	struct jtag_record *single, struct jtag_job *job);

/* ---- jtag-svf.c ---- */

#define SVF_TEXT 6000

/* Draws a file that begins in RESET, and what it does to the TAPs: the line of the
   first scan that does not match, or 0. */
unsigned svf_draw(
	struct jtag_plan *plan, struct random *random, char text[SVF_TEXT]);

/* ---- step-svf.c ---- */

extern step_action step_jtag_chain, step_jtag_svf, step_jtag_check;

/* ---- step-jtag.c ---- */

/* The URI's parts, each with a comma before it. */
int jtag_name_parts(const struct device_plan *plan, char *text, size_t size);

unsigned jtag_packages(const struct device_plan *plan);
struct random jtag_random(
	const struct session *session, const struct step *step);
/* Whether no fault takes the supply of the TAPs. */
bool jtag_is_sane(const struct target *target);
/* Whether another batch can be submitted. */
bool jtag_is_ready(const struct probe *probe);
/* Notes an error that ends all batches; called for every result. */
void jtag_note(struct target *target, long result);
/* Waits for all batches.  Returns 0 if nothing is on its way. */
long jtag_settle(struct session *session, struct target *target);
/* Checks the state that the library reports. */
void jtag_check_state(struct session *session, const struct target *target);
/* Whether TDO comes late. */
bool jtag_is_slow(const struct device_plan *plan);

/* The device is closed, and all below it. */
void jtag_lost(struct session *session, struct target *target);

/* The device was opened. */
void jtag_begin(struct target *target);

bool has_jtag(const struct target *target);

#endif
