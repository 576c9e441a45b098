/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The interface between virtual/fpga/twin.c and a Verilated image, which is a
 * module of its own (libclyde-twin.so, or a netlist): the FPGA's pins, an edge of
 * the clock of 48 MHz at a time.  C and C++ include it.
 */
#ifndef VIRTUAL_TWIN_H
#define VIRTUAL_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twin_pins {
	/* To the FPGA, which takes those of the FX2's bus at the falling edge,
	   the I2C bus at the rising one, and the ports at both. */
	uint8_t fd_i; /* FD[7:0] as the FX2 drives it */
	uint8_t flag; /* FLAGA..D: EP2 and EP4 have a byte, EP6 and EP8 room */
	uint8_t scl, sda;
	uint16_t port_i; /* A0..A7 B0..B7 */

	/* From the FPGA; strobes as on the wire, 0 = asserted.  The ports
	   change after both edges, the others after the rising one. */
	uint8_t fifoadr;
	uint8_t sloe, slrd, slwr, pktend;
	uint8_t fd_o, fd_oe;
	uint8_t sda_low; /* the FPGA pulls SDA down */
	uint8_t alert_low;
	uint16_t port_o, port_oe;
};

/* Power up.  Write a waveform (FST) to `trace` if that is not NULL.  NULL if
   there is no memory. */
void *twin_new(const char *trace);

/* An edge of the clock: the FPGA takes its inputs, then the outputs are those
   after the edge.  The first one rises. */
void twin_edge(void *twin, bool rising, struct twin_pins *pins);

void twin_free(void *twin);

#ifdef __cplusplus
}
#endif

#endif
