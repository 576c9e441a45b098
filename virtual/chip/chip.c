/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chip as a USB function, and its time.  The bus calls it by struct
 * function_ops.  The 8051 runs when a call needs it, up to the time of the
 * call; it must never run beyond an event that it could see: the end of an I2C
 * byte, a step of the port, a start-of-frame packet, what the FPGA does.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtual/mcs51/debug.h"

/* How far the board's part of the time may be behind: see chip_power_up(). */
#define POWER_UP_STEP  (1000 * (tick)TICKS_PER_US)
#define POWER_UP_LIMIT (10000 * POWER_UP_STEP)

/* ---- Time --------------------------------------------------------------- */

static bool cpu_runs(const struct chip *chip)
{
	return !chip->held && chip->cpu.fault[0] == '\0';
}

static tick tick_of(const struct chip *chip, uint64_t cycle)
{
	return chip->cycles_at + (cycle - chip->cycles) * chip->ticks_per_cycle;
}

/* The first cycle that begins at this time, or later. */
static uint64_t cycle_of(const struct chip *chip, tick time)
{
	if (time <= chip->cycles_at)
		return chip->cycles;
	return chip->cycles +
		(time - chip->cycles_at + chip->ticks_per_cycle - 1) /
		chip->ticks_per_cycle;
}

tick chip_time(const struct chip *chip)
{
	return chip->in_cpu ? tick_of(chip, chip->cpu.cycles) : chip->now;
}

void chip_set_speed(struct chip *chip)
{
	/* CLKSPD: 12, 24, 48 MHz; four clocks are a cycle. */
	unsigned speed = (chip->registers[CPUCS] & CPUCS_SPEED) >> 3;

	chip->cycles_at = chip_time(chip);
	chip->cycles = chip->cpu.cycles;
	chip->ticks_per_cycle = 160 >> (speed > 2 ? 2 : speed);
}

void chip_touch(struct chip *chip)
{
	mcs51_touch(&chip->cpu);
}

void chip_listen(struct chip *chip, chip_listener *listener, void *user)
{
	chip->listener = listener;
	chip->listener_user = user;
}

void chip_tell(struct chip *chip, const char *line)
{
	if (chip->listener)
		chip->listener(chip->listener_user, line);
}

void chip_plan(struct chip *chip, tick due)
{
	if (chip->in_cpu && due < chip->cpu_limit)
		mcs51_stop(&chip->cpu);
}

static void advance_fpga(struct chip *chip, tick now)
{
	struct fpga *fpga = chip->on.fpga;
	tick hold = i2c_holds_fpga(chip);

	if (hold < now)
		now = hold;
	chip->fpga_due = fpga->ops->advance(fpga, now);
}

void chip_meet_fpga(struct chip *chip)
{
	struct fpga *fpga = chip->on.fpga;

	chip->on.board->now = chip_time(chip);
	fpga->ops->catch_up(fpga, chip_time(chip));
	/* What it does next depends on what happens now. */
	chip->fpga_due = chip_time(chip);
	chip_plan(chip, chip->fpga_due);
}

static tick next_event(const struct chip *chip)
{
	return earliest(
		earliest(i2c_due(chip), port_due(chip)), interrupt_due(chip));
}

/* False if the 8051 has planned an event, and stands where it did. */
static bool run_cpu(struct chip *chip, tick until)
{
	struct mcs51 *cpu = &chip->cpu;
	enum mcs51_stop stop;
	uint64_t limit;

	if (!cpu_runs(chip) || tick_of(chip, cpu->cycles) >= until)
		return true;
	limit = cycle_of(chip, until);
	chip->in_cpu = true;
	chip->cpu_limit = until;
	while ((stop = mcs51_run(cpu, limit)) == MCS51_WAITS)
		if (chip->unskipped)
			mcs51_touch(cpu);
		else
			mcs51_skip(cpu, limit);
	chip->in_cpu = false;
	if (stop == MCS51_BREAKPOINT)
		snprintf(cpu->fault, sizeof(cpu->fault),
			"the firmware has reached the breakpoint at 0x%04x",
			cpu->state.pc);
	return stop != MCS51_STOPPED;
}

static void execute(struct chip *chip)
{
	if (i2c_due(chip) <= chip->now)
		i2c_execute(chip);
	if (interrupt_due(chip) <= chip->now)
		interrupt_frames(chip);
	if (port_due(chip) <= chip->now)
		port_execute(chip);
}

/* Whether the 8051 waits at least until this time, whatever the FPGA does: it
   may then stay behind. */
static bool may_lag(const struct chip *chip, tick until)
{
	uint64_t waits;

	if (chip->watches || !cpu_runs(chip))
		return false;
	waits = mcs51_waits_until(&chip->cpu);
	return waits > chip->cpu.cycles && waits >= cycle_of(chip, until);
}

void chip_catch_up(struct chip *chip)
{
	if (chip->in_cpu)
		return;
	/* A loop that waits plans no event. */
	while (!run_cpu(chip, chip->now))
		;
}

static void run(struct chip *chip, tick target)
{
	for (;;) {
		tick event = next_event(chip);
		tick limit = earliest(target, event);

		/* The FPGA acts in whole cycles, so that it may be due before
		   `now`. */
		if (chip->fpga_due > chip->now)
			limit = earliest(limit, chip->fpga_due);
		if (!may_lag(chip, limit) && !run_cpu(chip, limit))
			continue;
		chip->now = limit;
		chip->on.board->now = limit;
		advance_fpga(chip, limit);
		large_check(chip);
		pins_check_alert(chip);
		if (event <= chip->now) {
			chip_catch_up(chip);
			execute(chip);
		} else if (chip->now >= target) {
			break;
		}
	}
}

/* The time at which the 8051 next does something by itself. */
static tick cpu_due(const struct chip *chip)
{
	uint64_t cycle;

	if (!cpu_runs(chip))
		return TICK_NEVER;
	cycle = mcs51_waits_until(&chip->cpu);
	if (cycle == MCS51_NEVER)
		return TICK_NEVER;
	return cycle <= chip->cpu.cycles ? chip->now : tick_of(chip, cycle);
}

/* ---- The function --------------------------------------------------------- */

/* To this time, but the 8051 may be behind. */
static void pass(struct chip *chip, tick now)
{
	run(chip, now + chip->epoch);
}

/* To this time, before something changes that the 8051 may see. */
static void enter(struct chip *chip, tick now)
{
	pass(chip, now);
	chip_catch_up(chip);
}

/* Before the packet of this endpoint is taken or given.  Those of EP2 to EP8 are
   seen only by an 8051 that watches, and then it is not behind; and by their
   interrupts, which look for themselves. */
static void before_packet(struct chip *chip, uint8_t endpoint)
{
	if (large_index(endpoint) == FIFO_COUNT)
		chip_catch_up(chip);
}

static tick outside(const struct chip *chip, tick due)
{
	if (due == TICK_NEVER)
		return due;
	return due > chip->epoch ? due - chip->epoch : 0;
}

/* When the device next leaves the bus or comes back.  The firmware decides, so
   it is looked at again while it may. */
static void update_port_due(struct chip *chip, tick due)
{
	struct function *function = &chip->function;

	function->port_due = TICK_NEVER;
	if (port_due(chip) != TICK_NEVER)
		function->port_due = outside(chip, port_due(chip));
	else if (due != TICK_NEVER && chip->now < chip->port.settled)
		function->port_due =
			outside(chip, chip->now + TICKS_PER_MICROFRAME);
}

static tick chip_advance(struct function *function, tick now)
{
	struct chip *chip = CHIP(function);
	tick due;

	pass(chip, now);
	due = earliest(next_event(chip), cpu_due(chip));
	due = earliest(due, chip->fpga_due);
	update_port_due(chip, due);
	return outside(chip, due);
}

static void chip_setup(
	struct function *function, tick now, const struct usb_setup *setup)
{
	enter(CHIP(function), now);
	control_setup(CHIP(function), setup);
}

static void chip_reset(struct function *function, tick now)
{
	enter(CHIP(function), now);
	port_reset(CHIP(function));
}

static enum handshake find_room(struct chip *chip, uint8_t endpoint)
{
	unsigned index = large_index(endpoint);

	/* It has left, and the bus has not noticed yet. */
	if (chip->port.step == PORT_OFF)
		return HANDSHAKE_NAK;
	if (endpoint == 0)
		return control_ping(chip);
	if (endpoint == USB_EP1_OUT)
		return small_ping(chip);
	return index < FIFO_COUNT ? large_ping(chip, index) : HANDSHAKE_STALL;
}

static enum handshake chip_ping(
	struct function *function, tick now, uint8_t endpoint)
{
	struct chip *chip = CHIP(function);
	enum handshake handshake;

	pass(chip, now);
	handshake = find_room(chip, endpoint);
	if (handshake == HANDSHAKE_NAK)
		interrupt_nak(chip, endpoint);
	return handshake;
}

static enum handshake chip_out(struct function *function, tick now,
	uint8_t endpoint, const uint8_t *data, uint16_t length)
{
	struct chip *chip = CHIP(function);
	enum handshake handshake = chip_ping(function, now, endpoint);

	if (handshake != HANDSHAKE_ACK)
		return handshake;
	before_packet(chip, endpoint);
	if (endpoint == 0)
		handshake = control_out(chip, data, length);
	else if (endpoint == USB_EP1_OUT)
		handshake = small_out(chip, data, length);
	else
		handshake =
			large_out(chip, large_index(endpoint), data, length);
	if (handshake == HANDSHAKE_ACK || handshake == HANDSHAKE_NYET)
		toggle_packet(chip, endpoint);
	return handshake;
}

static enum handshake find_packet(struct chip *chip, uint8_t endpoint,
	const uint8_t **ret_data, uint16_t *ret_length)
{
	unsigned index = large_index(endpoint);

	if (chip->port.step == PORT_OFF)
		return HANDSHAKE_NAK;
	if (endpoint == USB_DIR_IN)
		return control_in(chip, ret_data, ret_length);
	if (endpoint == USB_EP1_IN)
		return small_in(chip, ret_data, ret_length);
	return index < FIFO_COUNT ? large_in(chip, index, ret_data, ret_length)
				  : HANDSHAKE_STALL;
}

static enum handshake chip_in(struct function *function, tick now,
	uint8_t endpoint, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct chip *chip = CHIP(function);
	enum handshake handshake;

	pass(chip, now);
	handshake = find_packet(chip, endpoint, ret_data, ret_length);
	if (handshake == HANDSHAKE_NAK)
		interrupt_nak(chip, endpoint);
	return handshake;
}

static void chip_acked(struct function *function, tick now, uint8_t endpoint)
{
	struct chip *chip = CHIP(function);

	pass(chip, now);
	before_packet(chip, endpoint);
	toggle_packet(chip, endpoint);
	if (endpoint == USB_DIR_IN)
		control_acked(chip);
	else if (endpoint == USB_EP1_IN)
		small_acked(chip);
	else
		large_acked(chip, large_index(endpoint));
}

static const struct function_ops ops = {
	.setup = chip_setup,
	.ping = chip_ping,
	.out = chip_out,
	.in = chip_in,
	.acked = chip_acked,
	.advance = chip_advance,
	.reset = chip_reset,
};

struct function *chip_function(struct chip *chip)
{
	return &chip->function;
}

/* ---- The chip ------------------------------------------------------------- */

struct chip *chip_new(const struct chip_board *surroundings)
{
	struct chip *chip = calloc(1, sizeof(*chip));

	if (chip == NULL)
		return NULL;
	chip->function.ops = &ops;
	chip->function.port_due = TICK_NEVER;
	chip->on = *surroundings;
	chip->cpu.hooks = &chip_hooks;
	chip->cpu.context = chip;
	chip->cpu.memory = chip->ram;
	chip->cpu.memory_size = CHIP_RAM_SIZE;
	chip->held = true;
	return chip;
}

void chip_free(struct chip *chip)
{
	if (chip)
		mcs51_debug_destroy(chip->cpu.debug);
	free(chip);
}

bool chip_observe(struct chip *chip, const uint16_t *breakpoint)
{
	chip->cpu.debug = mcs51_debug_create();
	if (chip->cpu.debug && breakpoint)
		mcs51_breakpoint(&chip->cpu, *breakpoint, true);
	return chip->cpu.debug;
}

const struct mcs51_debug *chip_debug(struct chip *chip)
{
	chip_catch_up(chip);
	return chip->cpu.debug;
}

void chip_power_up(struct chip *chip, const struct chip_image *firmware)
{
	chip->function.detached = true;
	chip->fpga_due = TICK_NEVER;
	registers_reset(chip);
	toggles_reset(chip);
	large_reset(chip);
	chip->ep1_out.busy = true;
	pins_update(chip);
	boot_power_up(chip, firmware);
	while (chip->function.detached && chip->now < POWER_UP_LIMIT &&
		chip_fault(chip) == NULL)
		run(chip, chip->now + POWER_UP_STEP);
	chip->epoch =
		(chip->now / TICKS_PER_MICROFRAME + 1) * TICKS_PER_MICROFRAME;
	run(chip, chip->epoch);
	/* The bus notices that the device is not there. */
	chip->function.departures = chip->function.detached;
	update_port_due(chip, chip->now);
}

void chip_restart_time(struct chip *chip, tick now)
{
	chip->epoch += now;
	update_port_due(chip, chip->now);
}

const char *chip_fault(const struct chip *chip)
{
	return chip->cpu.fault[0] ? chip->cpu.fault : NULL;
}

unsigned chip_i2c_clashes(const struct chip *chip)
{
	return chip->i2c.clashes;
}
