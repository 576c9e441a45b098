/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A Verilated image, which is a module: clocks the FX2's slave FIFO and the
 * FPGA's pins, a cycle at a time.  It implements struct fpga_ops, which
 * virtual/fx2 calls.
 *
 * The FX2's slave FIFO in synchronous mode: EZ-USB TRM, chapter 9; its flags
 * as the firmware sets them up (GlasgowEmbedded/glasgow firmware/fx2/fpga.c):
 * FLAGA, B: EP2, EP4 not empty; FLAGC, D: EP6, EP8 not full.
 */
#include "twin-model.h"

#include <stdlib.h>
#include <string.h>

#include "virtual/board/pins.h"
#include "wire/regs.h"

/*
 * After this many cycles without a change of a pin, nothing happens by itself
 * any more: it is longer than the longest idle time of an IN pipe, 65535, and
 * than ten bits at the slowest baud rate.
 */
#define QUIET_CYCLES 11000000

static bool running(const struct twin *twin)
{
	return bitstream_done(&twin->bitstream) &&
		!faults_at(twin->faults, FAULT_DONE, 0);
}

/* Apply the faults to the next byte of an OUT pipe. */
static void fetch(struct twin *twin, enum fifo_index index)
{
	struct fifo *fifo = &twin->fifos[index];

	while (!twin->fetched[index] && fifo_readable(fifo) > 0) {
		uint8_t *byte = &fifo->data[fifo->head][fifo->fill];

		fifo_repeat_taken(fifo,
			faults_repeats(twin->faults, twin->offset[index], 1));
		if (faults_pass(twin->faults, &twin->offset[index],
			    twin->offset[index], byte, 1))
			twin->fetched[index] = true;
		else
			fifo_skip(fifo, 1);
		twin->offset[index]++;
	}
}

static void take(struct twin *twin, enum fifo_index index)
{
	fetch(twin, index);
	if (fifo_readable(&twin->fifos[index]) == 0)
		return;
	fifo_skip(&twin->fifos[index], 1);
	twin->fetched[index] = false;
}

static void give(struct twin *twin, enum fifo_index index, uint8_t byte)
{
	fifo_repeat_put(&twin->fifos[index],
		faults_repeats(twin->faults, twin->offset[index], 1));
	if (faults_pass(twin->faults, &twin->offset[index], twin->offset[index],
		    &byte, 1))
		fifo_write(&twin->fifos[index], &byte, 1);
	twin->offset[index]++;
}

/* Carry out the FPGA's strobes at a rising edge. */
static void strobe(struct twin *twin)
{
	const struct twin_pins *pins = &twin->pins;
	enum fifo_index index = pins->fifoadr & 3;

	if (pins->slrd && pins->slwr && pins->pktend)
		return;
	twin->active = twin->cycle;
	if (!fifo_is_in(index)) {
		if (!pins->slrd)
			take(twin, index);
		return;
	}
	if (!pins->slwr)
		give(twin, index, pins->fd_o);
	if (!pins->pktend && fifo_has_room(&twin->fifos[index]))
		fifo_commit(&twin->fifos[index]);
}

static uint8_t flags(const struct twin *twin)
{
	return (fifo_readable(&twin->fifos[FIFO_EP2]) > 0) << 0 |
		(fifo_readable(&twin->fifos[FIFO_EP4]) > 0) << 1 |
		(fifo_writable(&twin->fifos[FIFO_EP6]) > 0) << 2 |
		(fifo_writable(&twin->fifos[FIFO_EP8]) > 0) << 3;
}

static uint8_t head_byte(struct twin *twin, enum fifo_index index)
{
	const struct fifo *fifo = &twin->fifos[index];

	if (fifo_is_in(index))
		return 0;
	fetch(twin, index);
	return fifo_readable(fifo) ? fifo->data[fifo->head][fifo->fill] : 0;
}

/* Exchange levels with the ports after an edge of the clock.  The pads have
   registers: the FPGA takes the present level of a pin at its next edge. */
static void exchange_ports(struct twin *twin, tick now)
{
	struct twin_pins *pins = &twin->pins;

	if (pins->port_o != twin->port_o || pins->port_oe != twin->port_oe) {
		twin->port_o = pins->port_o;
		twin->port_oe = pins->port_oe;
		twin->active = twin->cycle;
		pins_drive(twin->ports, now, twin->port_o & twin->port_oe,
			twin->port_oe);
	} else if (twin->ports->next <= now) {
		twin->active = twin->cycle;
		pins_run(twin->ports, now);
	}
	pins->port_i = pins_levels(twin->ports);
}

/* The FX2 changes flags and data after the rising edge, and the FPGA takes them
   at the falling one.  Address and strobes of this edge act at the next. */
void twin_step(struct twin *twin)
{
	struct twin_pins *pins = &twin->pins;
	tick now = twin->cycle * TICKS_PER_CYCLE;
	uint8_t seen = pins->flag;

	strobe(twin);
	pins->fd_i = head_byte(twin, pins->fifoadr & 3);
	pins->flag = flags(twin);
	if (pins->flag != seen)
		twin->active = twin->cycle;
	twin->module->edge(twin->logic, true, pins);
	exchange_ports(twin, now);
	twin->module->edge(twin->logic, false, pins);
	exchange_ports(twin, now + TICKS_PER_CYCLE / 2);
	twin->cycle++;
}

static tick twin_advance(struct fpga *fpga, tick now)
{
	struct twin *twin = TWIN(fpga);
	uint64_t target = now / TICKS_PER_CYCLE;

	if (twin->logic == NULL) {
		twin->cycle = target;
		return TICK_NEVER;
	}
	while (twin->cycle < target)
		twin_step(twin);
	if (twin->cycle - twin->active > QUIET_CYCLES)
		return TICK_NEVER;
	return (twin->cycle + 1) * TICKS_PER_CYCLE;
}

static void twin_catch_up(struct fpga *fpga, tick now)
{
	twin_advance(fpga, now);
}

static void power_down(struct twin *twin)
{
	if (twin->logic == NULL)
		return;
	twin->module->power_down(twin->logic);
	twin->logic = NULL;
	twin->port_o = twin->port_oe = 0;
	pins_drive(twin->ports, twin->cycle * TICKS_PER_CYCLE, 0, 0);
}

static bool twin_done(const struct fpga *fpga)
{
	const struct twin *twin = (const struct twin *)fpga;

	return twin->logic != NULL || twin->foreign.runs;
}

static void twin_reset(struct fpga *fpga, tick now)
{
	struct twin *twin = TWIN(fpga);

	power_down(twin);
	twin->foreign.runs = false;
	bitstream_reset(&twin->bitstream);
	twin->cycle = now / TICKS_PER_CYCLE;
}

static void power_up(struct twin *twin)
{
	twin->logic = twin->module->power_up(twin->trace);
	twin->pins = (struct twin_pins){
		.scl = 1, .sda = 1, .slrd = 1, .slwr = 1, .pktend = 1};
	twin->active = twin->cycle;
	memset(twin->offset, 0, sizeof(twin->offset));
	memset(twin->fetched, 0, sizeof(twin->fetched));
}

/* Whether the module is this bitstream's. */
static bool knows(
	const struct twin_module *module, const struct bitstream *port)
{
	return module->digest ? module->digest == port->digest
			      : bitstream_is_image(port);
}

static void twin_restore(struct fpga *fpga, const struct bitstream *port)
{
	struct twin *twin = TWIN(fpga);

	twin->bitstream = *port;
	if (twin_done(fpga) || !running(twin))
		return;
	if (knows(twin->module, port)) {
		power_up(twin);
		return;
	}
	foreign_power_up(&twin->foreign);
	fpga->foreign_count++;
}

static void twin_configure(struct fpga *fpga, const uint8_t *data, size_t size)
{
	struct bitstream port = TWIN(fpga)->bitstream;

	bitstream_feed(&port, data, size);
	twin_restore(fpga, &port);
}

static bool twin_alert(const struct fpga *fpga)
{
	const struct twin *twin = (const struct twin *)fpga;

	return twin->logic != NULL && twin->pins.alert_low;
}

static void twin_destroy(struct fpga *fpga)
{
	struct twin *twin = TWIN(fpga);

	/* Not power_down(): the pins have been freed already. */
	if (twin->logic)
		twin->module->power_down(twin->logic);
	free(twin);
}

static const struct fpga_ops ops = {
	.reset = twin_reset,
	.configure = twin_configure,
	.restore = twin_restore,
	.done = twin_done,
	.i2c_write = twin_i2c_write,
	.i2c_read = twin_i2c_read,
	.alert = twin_alert,
	.advance = twin_advance,
	.catch_up = twin_catch_up,
	.destroy = twin_destroy,
};

struct fpga *fpga_twin_new(struct fifo fifos[FIFO_COUNT], struct pins *pins,
	struct faults *faults, const struct twin_module *module,
	const char *trace)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	if (twin == NULL)
		return NULL;
	twin->fpga.ops = &ops;
	twin->fpga.byte_ticks = TWIN_BYTE_CYCLES * TICKS_PER_CYCLE;
	twin->fifos = fifos;
	twin->ports = pins;
	twin->faults = faults;
	twin->trace = trace;
	twin->module = module;
	return &twin->fpga;
}
