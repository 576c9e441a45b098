/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the configuration of the part tap as an FPGA: the first byte is the
 * chip, the rest a bitstream.  An FPGA starts only with a bitstream that is
 * right to its end, and after it is cleared another one is taken.
 */
#include "fuzz.h"
#include "virtual/board/parts/tap.h"

static void load(struct tap_config *config, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < 8 * size; i++) {
		tap_config_bit(config, data[i / 8] >> (7 - i % 8) & 1, 0);
		check(config->have <= sizeof(config->command));
		check(config->bits <= 32);
	}
}

static void start(struct tap_config *config)
{
	bool right = config->loaded && config->wrong == TAP_RIGHT;

	check(!config->done);
	if (config->chip == &tap_ecp5)
		tap_config_action(config, TAP_LEAVE, 0);
	else
		tap_config_action(config, TAP_START, 0);
	for (unsigned i = 0; i < 12; i++)
		tap_config_clock(config);
	check(config->done == right);
	config->chip->status(config, 0);
	config->chip->capture(config, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tap_config config = {0}, first;

	if (size == 0)
		return 0;
	config.chip = data[0] & 1 ? &tap_ecp5 : &tap_xc7;
	config.idcode = config.chip->idcode;
	tap_config_action(&config, TAP_CLEAR, 0);
	tap_config_action(&config, TAP_ENABLE, 0);
	load(&config, data + 1, size - 1);
	first = config;
	start(&config);
	/* The same again. */
	tap_config_action(&config, TAP_CLEAR, 0);
	tap_config_action(&config, TAP_ENABLE, 0);
	check(!config.done && config.wrong == TAP_RIGHT);
	config.last = config.bits = 0;
	load(&config, data + 1, size - 1);
	check(config.loaded == first.loaded && config.wrong == first.wrong);
	check(config.usercode == first.usercode);
	start(&config);
	return 0;
}
