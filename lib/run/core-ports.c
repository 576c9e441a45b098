/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The ports of a run's pins: checks that their supplies are on, for run.c, and sets
 * pulls, for applets.  core.c restores the pulls at the end of the run.
 *
 * The check must not change the device.
 */
#include "run.h"

/* The supplies that the ports will have when the run begins.  If the FPGA runs the
   image, these are the present ones; if not, none, since a load of the image
   switches all off.  The supplies that the call asks for are added. */
static int expect_supplies(struct clyde_device *device,
	const struct clyde_supply *supply, bool *ret_loaded,
	uint16_t mv[PORT_COUNT])
{
	int result = fpga_runs_image(device);

	*ret_loaded = result > 0;
	if (result > 0)
		result = supplies_get(device, mv);
	if (result == 0 && supply)
		result = supplies_wanted(device, supply, mv);
	return result;
}

int core_check_supplies(struct clyde_device *device, const struct claim *claim,
	const struct clyde_supply *supply, bool *ret_loaded)
{
	const struct pin_claim *pins = claim->pins;
	uint16_t mv[PORT_COUNT] = {0};
	bool asked = supply != NULL;
	int result =
		asked ? expect_supplies(device, supply, ret_loaded, mv) : 0;

	for (unsigned i = 0; i < PIN_COUNT && result == 0; i++) {
		if (pins[i].what == NULL)
			continue;
		if (!asked)
			result = expect_supplies(device, NULL, ret_loaded, mv);
		asked = true;
		if (result == 0 && mv[i / 8] == 0)
			return set_error(CLYDE_ERROR_NO_SUPPLY,
				"%s: pin %c%u is dead, as port %c has no "
				"supply; give it one, with -V %c=3.3 say",
				pins[i].what, 'A' + i / 8, i % 8, 'A' + i / 8,
				'A' + i / 8);
	}
	return result;
}

int run_check_supplies(struct clyde_run *run, const struct clyde_supply *supply,
	bool *ret_loaded)
{
	return CALL(device, run->device,
		core_check_supplies(device, &run->claim, supply, ret_loaded));
}

CLYDE_API int clyde_run_check(struct clyde_run *handle,
	const struct clyde_supply supply[CLYDE_PORT_COUNT])
{
	bool loaded;

	return PINNED(run, handle, run_check_supplies(run, supply, &loaded));
}

/* ---- Pulls ------------------------------------------------------------ */

static int note_pulls(struct clyde_device *device, struct claim *claim)
{
	uint8_t down[PORT_COUNT], up[PORT_COUNT];
	int result = pulls_of_supplied(device, down, up);

	if (result < 0)
		return result;
	claim->down = down[0] | down[1] << 8;
	claim->up = up[0] | up[1] << 8;
	return 0;
}

static int pull(struct clyde_run *run, struct clyde_device *device,
	const struct clyde_pin *pin, enum pull pull)
{
	uint8_t mask = 1 << pin->number;
	int result = 0;

	if (run->claim.pulled == 0)
		result = note_pulls(device, &run->claim);
	if (result == 0)
		result = pull_set(device, pin->port, mask,
			pull == PULL_DOWN ? mask : 0,
			pull == PULL_UP ? mask : 0);
	if (result == 0)
		run->claim.pulled |= mask << 8 * pin->port;
	return result;
}

int run_pull(struct clyde_run *run, const struct clyde_pin *pin, enum pull how)
{
	return CALL(device, run->device, pull(run, device, pin, how));
}

void core_restore_pulls(struct clyde_device *device, const struct claim *claim)
{
	for (unsigned port = 0; port < PIN_COUNT / 8; port++) {
		uint8_t mask = claim->pulled >> 8 * port;

		if (mask)
			pull_set(device, port, mask,
				claim->down >> 8 * port & mask,
				claim->up >> 8 * port & mask);
	}
}
