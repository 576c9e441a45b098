/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Inside the player of SVF: svf.c reads characters and words, svf-statement.c
 * knows what words a statement has, svf-play.c carries statements out,
 * svf-bits.c has hexadecimal bits and the comparison, svf-number.c numbers.
 */
#ifndef LIB_CHIP_SVF_INTERNAL_H
#define LIB_CHIP_SVF_INTERNAL_H

#include "svf.h"

#define SVF_WORD_SIZE  32
#define SVF_WORDS      12 /* RUNTEST has up to 10 */
#define SVF_STATES_MAX 256

enum svf_statement {
	SVF_NONE,
	SVF_ENDDR,
	SVF_ENDIR,
	SVF_FREQUENCY,
	SVF_HDR,
	SVF_HIR,
	SVF_PIO,
	SVF_PIOMAP,
	SVF_RUNTEST,
	SVF_SDR,
	SVF_SIR,
	SVF_STATE,
	SVF_TDR,
	SVF_TIR,
	SVF_TRST,
	SVF_STATEMENTS,
};

/* Parameters of a scan. */
enum svf_parameter { SVF_TDI, SVF_TDO, SVF_MASK, SVF_SMASK, SVF_PARAMETERS };

/* Bits that are read, most significant digit first. */
struct svf_vector {
	uint8_t *bytes;
	size_t room;
	size_t digits; /* without leading zeros */
	bool given;    /* with the present length; TDO: in this statement */
};

/* What SDR, SIR, or a header or trailer has had last. */
struct svf_pattern {
	uint32_t bits;
	/* SMASK is read and not kept: a bit that does not matter is sent as it
	   is. */
	struct svf_vector vectors[SVF_PARAMETERS];
};

/* What may come next in a scan statement. */
enum svf_step { SVF_LENGTH, SVF_KEY, SVF_OPEN, SVF_DIGITS };

struct svf {
	const struct svf_port *port;
	void *user;
	uint32_t bits_max;
	int error; /* 0: none yet */
	char why[SVF_WHY_SIZE];
	/* Characters */
	uint64_t line;
	bool comment, slash;
	char word[SVF_WORD_SIZE];
	unsigned word_size;
	/* The statement */
	enum svf_statement statement;
	uint64_t statement_line;
	char words[SVF_WORDS][SVF_WORD_SIZE];
	unsigned words_count;
	enum jtag_state states[SVF_STATES_MAX];
	unsigned states_count;
	enum svf_step step;
	enum svf_parameter parameter;
	unsigned seen; /* parameters, by bit */
	struct svf_pattern patterns[SVF_STATEMENTS];
	/* The player */
	bool state_known;
	enum jtag_state state;
	enum jtag_state end_dr, end_ir, run_state, run_end;
	bool trst_on, trst_absent;
};

/* Sets error and sentence, which is "line N: " and this.  Returns the error. */
int svf_fail(struct svf *svf, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

const char *svf_statement_name(enum svf_statement statement);
/* A word of a statement, in capitals; what is not a word; and its end. */
int svf_take_word(struct svf *svf, const char *word);
int svf_take_open(struct svf *svf);
int svf_take_close(struct svf *svf);
int svf_take_end(struct svf *svf);

int svf_play_scan(struct svf *svf);
int svf_play_run(
	struct svf *svf, const struct svf_run *run, enum jtag_state end);
int svf_play_states(struct svf *svf);
int svf_play_trst(struct svf *svf, enum svf_trst trst);

/* A digit's value below 16.  False: the vector has `bits` already, or there is no
   memory, which *ret_error says. */
bool svf_vector_digit(struct svf_vector *vector, unsigned digit, uint32_t bits,
	int *ret_error);
/* The last digit was there: bring the bits in order. */
int svf_vector_end(struct svf_vector *vector, uint32_t bits);

/* A decimal number without a sign, perhaps with a point and an exponent, times
   10^scale, rounded up or down.  False: it is none, or is too large. */
bool svf_number(
	const char *text, unsigned scale, bool up, uint64_t *ret_number);

#endif
