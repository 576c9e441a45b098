/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The device on the port of a hub: USBCS connects it and takes it away (TRM
 * 3.7), and the host resets, addresses and configures it before any program
 * sees it.  chip.c executes the steps when they are due.
 */
#include "internal.h"

/* USB 2.0 section 7.1.7.3, 7.1.7.5, 9.2.6.2: the hub waits for contacts to
   settle, resets the device, and lets it recover. */
#define DEBOUNCE_TICKS (100000 * (tick)TICKS_PER_US)
#define RESET_TICKS    (10000 * (tick)TICKS_PER_US)
#define RECOVERY_TICKS (10000 * (tick)TICKS_PER_US)
/* A host gives SET_CONFIGURATION five seconds: Linux, USB_CTRL_SET_TIMEOUT. */
#define ANSWER_TICKS (5000000 * (tick)TICKS_PER_US)
/* How often the host looks for the answer: a microframe. */
#define POLL_TICKS TICKS_PER_MICROFRAME

#define ADDRESS 1

static void plan(struct chip *chip, enum port_step step, tick ticks)
{
	chip->port.step = step;
	chip->port.due = chip_time(chip) + ticks;
	chip_plan(chip, chip->port.due);
}

static void leave(struct chip *chip)
{
	chip->port.step = PORT_OFF;
	chip->registers[FNADDR] = 0;
	chip->registers[USBCS] &= ~USBCS_HSM;
	if (chip->function.detached)
		return;
	chip_tell(chip, "the device leaves the bus");
	chip->function.detached = true;
	chip->function.departures++;
}

/* Bus reset: the address is lost, data toggles are 0. */
static void reset(struct chip *chip)
{
	chip->registers[FNADDR] = 0;
	toggles_reset(chip);
	chip->port.configuration = 0;
	chip->port.alternate = 0;
	chip_tell(chip, "the bus is reset");
	interrupt_raise(chip, INT_RESET);
	plan(chip, PORT_RESET, RESET_TICKS);
}

void port_update(struct chip *chip, uint8_t before)
{
	uint8_t after = chip->registers[USBCS];
	bool off = after & USBCS_DISCON;

	if (off == !!(before & USBCS_DISCON))
		return;
	if (off)
		leave(chip);
	else if (!faults_at(chip->on.faults, FAULT_LOST, 0) ||
		chip->function.departures == 0)
		plan(chip, PORT_DEBOUNCE, DEBOUNCE_TICKS);
}

void port_reset(struct chip *chip)
{
	if (chip->port.step != PORT_OFF)
		reset(chip);
}

tick port_due(const struct chip *chip)
{
	switch (chip->port.step) {
	case PORT_OFF:
	case PORT_READY:
		return TICK_NEVER;
	default:
		return chip->port.due;
	}
}

static void configure(struct chip *chip)
{
	static const struct usb_setup configure = {
		.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = 1};

	chip->registers[FNADDR] = ADDRESS;
	control_setup(chip, &configure);
	plan(chip, PORT_CONFIGURE, POLL_TICKS);
	chip->port.give_up = chip->now + ANSWER_TICKS;
}

/* The status stage of SET_CONFIGURATION; a host goes on without it, too. */
static void finish(struct chip *chip)
{
	if (!control_answered(chip) && chip->now < chip->port.give_up) {
		plan(chip, PORT_CONFIGURE, POLL_TICKS);
		return;
	}
	chip_tell(chip,
		control_answered(chip)
			? "the device is configured"
			: "the device does not answer SET_CONFIGURATION");
	chip->port.step = PORT_READY;
	chip->function.detached = false;
}

void port_execute(struct chip *chip)
{
	chip_touch(chip);
	switch (chip->port.step) {
	case PORT_DEBOUNCE:
		reset(chip);
		break;
	case PORT_RESET: /* ends with the chirps of high speed */
		chip->registers[USBCS] |= USBCS_HSM;
		interrupt_raise(chip, INT_HISPEED);
		plan(chip, PORT_RECOVERY, RECOVERY_TICKS);
		break;
	case PORT_RECOVERY:
		configure(chip);
		break;
	case PORT_CONFIGURE:
		finish(chip);
		break;
	case PORT_OFF:
	case PORT_READY:
		break;
	}
}
