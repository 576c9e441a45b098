/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The levels of the port pins: computed anew whenever the FPGA, the board or a
 * part changes what it drives or pulls.  A part learns of a change here, but
 * must never change a pin from within that call: see struct part_kind.
 */
#include "pins.h"

#include <string.h>

void pins_init(struct pins *pins)
{
	memset(pins, 0, sizeof(*pins));
	pins->next = TICK_NEVER;
	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		pins->net[pin] = 1 << pin;
}

void pins_clear(struct pins *pins)
{
	for (unsigned i = 0; i < pins->parts_count; i++)
		part_free(pins->parts[i], pins->now);
	pins->parts_count = 0;
	recorder_free(pins->recorder);
	pins->recorder = NULL;
}

/* What drives or pulls the pins one way or the other. */
struct forces {
	uint16_t low, high;
	uint16_t down, up;
};

static struct forces forces_on(const struct pins *pins)
{
	uint16_t driven =
		pins->fpga_enables & pins->powered & ~pins->faults.no_drive;
	uint16_t pulled = pins->powered & ~pins->faults.no_pull;
	struct forces all = {
		.low = driven & ~pins->fpga_levels,
		.high = driven & pins->fpga_levels,
		.down = pins->pull_down & pulled,
		.up = pins->pull_up & pulled,
	};

	for (unsigned i = 0; i < pins->parts_count; i++) {
		all.low |= pins->parts[i]->low;
		all.high |= pins->parts[i]->high;
		all.down |= pins->parts[i]->pull_down;
		all.up |= pins->parts[i]->pull_up;
	}
	return all;
}

static void resolve(struct pins *pins)
{
	struct forces all = forces_on(pins);
	uint16_t stuck_high = pins->faults.stuck_high & pins->powered;
	uint16_t levels = 0;

	for (unsigned pin = 0; pin < PIN_COUNT; pin++) {
		uint16_t net = pins->net[pin];
		bool low = net & (all.low | pins->faults.stuck_low);
		bool high = net & (all.high | stuck_high);

		if (low && high)
			pins->conflicts |= 1 << pin;
		if (net & stuck_high)
			low = net & pins->faults.stuck_low;
		if (!low && !high)
			high = net & all.up && !(net & all.down);
		if (high && !low)
			levels |= 1 << pin;
	}
	pins->levels = levels;
}

/* Compute the levels after a change, and call the parts that see other levels
   or supplies than before. */
static void update(struct pins *pins)
{
	resolve(pins);
	if (pins->recorder)
		recorder_change(pins->recorder, pins->now, pins->levels);
	pins->changes++;
	pins->next = TICK_NEVER;
	for (unsigned i = 0; i < pins->parts_count; i++) {
		struct part *part = pins->parts[i];

		if (part->levels != pins->levels ||
			part->powered != pins->powered) {
			part->levels = pins->levels;
			part->powered = pins->powered;
			part->kind->changed(part, pins->now);
		}
		if (part->next < pins->next)
			pins->next = part->next;
	}
}

void pins_wire(struct pins *pins, uint16_t mask)
{
	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		if (mask >> pin & 1)
			mask |= pins->net[pin];
	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		if (mask >> pin & 1)
			pins->net[pin] = mask;
	update(pins);
}

void pins_add(struct pins *pins, struct part *part)
{
	pins->parts[pins->parts_count++] = part;
	update(pins);
}

bool pins_alone(const struct pins *pins)
{
	static const struct pin_faults none;

	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		if (pins->net[pin] != 1 << pin)
			return false;
	return pins->parts_count == 1 && pins->recorder == NULL &&
		memcmp(&pins->faults, &none, sizeof(none)) == 0;
}

void pins_plan(struct pins *pins)
{
	pins->next = TICK_NEVER;
	for (unsigned i = 0; i < pins->parts_count; i++)
		if (pins->parts[i]->next < pins->next)
			pins->next = pins->parts[i]->next;
}

size_t pins_spi_bytes(struct pins *pins, const struct part_spi *spi)
{
	struct part *part = pins->parts[0];
	size_t done;

	pins_run(pins, spi->begin);
	done = part->kind->spi_bytes(part, spi);
	pins_plan(pins);
	return done;
}

tick pins_spi_same(struct pins *pins, uint8_t answer, tick now)
{
	struct part *part = pins->parts[0];

	return part->kind->spi_same ? part->kind->spi_same(part, answer, now)
				    : 0;
}

bool pins_jtag(struct pins *pins, struct part_jtag *jtag, bool first)
{
	struct part *part = pins->parts[0];
	struct forces all;
	bool done;

	if (first)
		pins_run(pins, jtag->begin);
	all = forces_on(pins);
	jtag->idle = all.up & ~all.down & jtag->tdo;
	done = part->kind->jtag(part, jtag);
	pins_plan(pins);
	return done;
}

void pins_run(struct pins *pins, tick now)
{
	while (pins->next <= now) {
		pins->now = pins->next;
		for (unsigned i = 0; i < pins->parts_count; i++)
			if (pins->parts[i]->next == pins->now)
				pins->parts[i]->kind->act(
					pins->parts[i], pins->now);
		update(pins);
	}
	/* A command that fails may leave the twin behind the board's time, and
	   a shortcut is ahead of the FPGA by the way from a core to a pin. */
	if (pins->now < now)
		pins->now = now;
}

void pins_drive(struct pins *pins, tick now, uint16_t levels, uint16_t enables)
{
	pins_run(pins, now);
	if (levels == pins->fpga_levels && enables == pins->fpga_enables)
		return;
	pins->fpga_levels = levels;
	pins->fpga_enables = enables;
	update(pins);
}

void pins_supply(struct pins *pins, uint16_t powered, uint16_t pull_down,
	uint16_t pull_up)
{
	if (powered == pins->powered && pull_down == pins->pull_down &&
		pull_up == pins->pull_up)
		return;
	pins->powered = powered;
	pins->pull_down = pull_down;
	pins->pull_up = pull_up;
	update(pins);
}
