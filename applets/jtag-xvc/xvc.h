/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of the Xilinx Virtual Cable protocol, version 1.0 (README of Xilinx's
 * XilinxVirtualCable; UG908, "Xilinx Virtual Cable").  It is given the bytes of a
 * client in pieces of any size, and returns commands.
 *
 * session.c calls it.  Nothing here may read, write or wait: a client's bytes
 * have no effect but the commands that are returned.
 */
#ifndef JTAG_XVC_XVC_H
#define JTAG_XVC_XVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the answer to "getinfo:" says.  Clients do not agree on what it counts:
 * openFPGALoader (xvc_client.cpp) sends vectors of half as many bytes each, and
 * counts their bits in 16, so that 16384 is the most that it bears.  More is
 * accepted than is announced: vectors of so many bytes each.
 */
#define XVC_ANNOUNCED  16384
#define XVC_BITS_MAX   (8 * XVC_ANNOUNCED)
#define XVC_INFO       "xvcServer_v1.0:16384\n"
#define XVC_OPCODE_MAX 8 /* "getinfo:" */

enum xvc_kind {
	XVC_MORE,    /* the bytes are used up; no command is complete */
	XVC_GETINFO, /* answer XVC_INFO */
	XVC_SETTCK,  /* `number` is the period in ns; answer the real one */
	XVC_SHIFT,   /* answer TDO */
	/* End the connection; the parser takes nothing more: */
	XVC_UNKNOWN,  /* the bytes in `opcode` begin no command */
	XVC_TOO_LONG, /* `number` bits are more than XVC_BITS_MAX */
};

struct xvc_command {
	enum xvc_kind kind;
	uint32_t number; /* of XVC_SHIFT: bits */
	/* Of XVC_SHIFT, the first bit is bit 0 of byte 0.  They are the
	   parser's, and are valid until it is called again. */
	const uint8_t *tms, *tdi;
};

enum xvc_state { XVC_IN_OPCODE, XVC_IN_NUMBER, XVC_IN_VECTORS, XVC_LOST };

struct xvc {
	enum xvc_state state;
	uint32_t got; /* bytes of this state's */
	uint8_t opcode[XVC_OPCODE_MAX];
	uint8_t opcode_size;
	enum xvc_kind kind; /* behind the opcode */
	uint32_t number;
	uint8_t vectors[2 * XVC_BITS_MAX / 8]; /* TMS, then TDI */
};

/* Begin with a new client. */
void xvc_init(struct xvc *xvc);

/* Whether a command has begun. */
bool xvc_is_inside(const struct xvc *xvc);

/* Take bytes until a command is complete, or all.  Returns how many were taken.
   If the command's kind is not XVC_MORE, the rest has to be given again. */
size_t xvc_take(struct xvc *xvc, const uint8_t *data, size_t size,
	struct xvc_command *ret_command);

/* The rate of TCK in Hz that a period in ns asks for, and the period of a rate.
   Periods are whole numbers of ns: the rate may be so much above that the period
   of 24 MHz, as 41 or 42, means 24 MHz.  No period is 0, for clients that divide
   by it. */
uint32_t xvc_rate(uint32_t period_ns, uint32_t minimum_hz, uint32_t maximum_hz);
uint32_t xvc_period(uint32_t rate_hz);

#endif
