/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI core as an object: its pins, its settings, and the calls of clyde.h and
 * of lib/core/applet.h.  open.c opens and closes it, queue.c moves the batches.
 */
#include "spi.h"

#include "applet.h"
#include "lib/run/run.h"

/* ---- Claims ----------------------------------------------------------- */

static int claim_outputs(struct claim *claim, struct clyde_device *device,
	const struct spi_pins *pins)
{
	const struct core_line outputs[] = {
		{"sck", pins->sck, SPI_OUTPUT_SCK},
		{pins->cs[1] ? "cs0" : "cs", pins->cs[0], SPI_OUTPUT_CS0},
		{"cs1", pins->cs[1], SPI_OUTPUT_CS1},
		{"cs2", pins->cs[2], SPI_OUTPUT_CS2},
		{"cs3", pins->cs[3], SPI_OUTPUT_CS3},
		{"side0", pins->side[0], SPI_OUTPUT_SIDE0},
		{"side1", pins->side[1], SPI_OUTPUT_SIDE1},
	};

	return core_claim_outputs(claim, device, CORE_SPI, outputs,
		sizeof(outputs) / sizeof(outputs[0]));
}

static int claim_pins(struct claim *claim, struct clyde_device *device,
	const struct spi_pins *pins)
{
	static const char *const names[4] = {"io0", "io1", "io2", "io3"};
	int result = claim_outputs(claim, device, pins);

	for (unsigned i = 0; i < 4 && result == 0; i++)
		if (pins->io[i])
			result = claim_both(claim, device, names[i],
				pins->io[i], OUTPUT_SPI + SPI_OUTPUT_IO0 + i,
				INPUT_SPI + i);
	if (result == 0 && pins->side_input)
		result =
			claim_pin(claim, device, "side input", pins->side_input,
				PIN_INPUT, INPUT_SPI + SPI_INPUT_SIDE);
	return result;
}

static int claim_spi(
	struct claim *claim, struct clyde_device *device, const void *of_spi)
{
	const struct spi_pins *pins = of_spi;
	int result = 0;

	if (pins->sck == NULL)
		return set_error(CLYDE_ERROR_INVALID,
			"the SPI core needs a pin for sck");
	result = claim_core(claim, device, CORE_SPI, CORE_TAKES | CORE_GIVES);
	return result < 0 ? result : claim_pins(claim, device, pins);
}

int run_claim_spi(struct clyde_run *run, const struct spi_pins *pins)
{
	return CALL(device, run->device, claim_spi(&run->claim, device, pins));
}

/* ---- Settings --------------------------------------------------------- */

#define DELAY_NS 21 /* the default, two half cycles */

static int configure(struct clyde_spi *spi, uint32_t rate_hz, uint8_t mode,
	int delay_ns, uint32_t *ret_rate_hz)
{
	uint16_t period = 1;
	int result = core_period(rate_hz, CLYDE_SPI_RATE_DEFAULT, &period);
	unsigned delay = 0;

	if (result < 0)
		return result;
	if (mode > 3)
		return set_error(CLYDE_ERROR_INVALID,
			"SPI mode %u: there are modes 0 to 3", mode);
	result = core_delay(delay_ns, DELAY_NS, &delay);
	if (result < 0)
		return result;
	spi->config.period = period;
	spi->config.mode = (mode & 1 ? SPI_CPHA : 0) |
		(mode & 2 ? SPI_CPOL : 0) | delay << SPI_SAMPLE_DELAY_SHIFT;
	if (ret_rate_hz)
		*ret_rate_hz = CORE_CLOCK_HZ / period;
	return 0;
}

/* ---- Opening ---------------------------------------------------------- */

const struct core_kind spi_kind = {
	.name = "SPI",
	.long_name = "the SPI core",
	.short_name = "this SPI core",
	.object = OBJECT_SPI,
	.place = CORE_SPI,
	.step_size = sizeof(struct clyde_spi_step),
	.chain_flag = CLYDE_SPI_CHAIN,
	.check = spi_check,
	.size = spi_size,
	.encode = spi_encode,
	.report = spi_report,
};

/* The core is as after a pipe reset, see wire/core-spi.h. */
static int make(struct clyde_device *device,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi)
{
	struct clyde_spi *spi = core_new(&spi_kind, device, sizeof(*spi));
	int result;

	if (spi == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	spi->three_wire = options->three_wire;
	spi->pins = SPI_SIDE0_HIGH | SPI_SIDE1_HIGH | SPI_IO2_HIGH |
		SPI_IO3_HIGH | SPI_IO2_DRIVEN | SPI_IO3_DRIVEN;
	spi->known = (struct spi_known){.line = true};
	spi->kept = -1;
	result = configure(spi, options->rate_hz, options->mode,
		options->sample_delay_ns, NULL);
	if (result < 0)
		return core_give_up(&spi->core, result);
	*ret_spi = spi;
	return 0;
}

/* The pins of an application, as text. */
struct parsed {
	struct core_pins memory;
	struct spi_pins pins;
};

static int parse(struct parsed *parsed, const char *what, const char *text,
	const struct clyde_pin **ret_pin)
{
	return core_parse_pin(&parsed->memory, what, text, ret_pin);
}

static int parse_pins(
	struct parsed *parsed, const struct clyde_spi_options *options)
{
	static const char *const io[] = {"io0", "io1", "io2", "io3"};
	static const char *const cs[] = {"cs0", "cs1", "cs2", "cs3"};
	static const char *const side[] = {"side0", "side1"};
	struct spi_pins *pins = &parsed->pins;
	int result = parse(parsed, "sck", options->sck, &pins->sck);

	for (unsigned i = 0; i < 4 && result == 0; i++)
		result = parse(parsed, io[i], options->io[i], &pins->io[i]);
	for (unsigned i = 0; i < 4 && result == 0; i++)
		result = parse(parsed, cs[i], options->cs[i], &pins->cs[i]);
	for (unsigned i = 0; i < 2 && result == 0; i++)
		result = parse(
			parsed, side[i], options->side[i], &pins->side[i]);
	if (result == 0)
		result = parse(parsed, "the side input", options->side_input,
			&pins->side_input);
	return result;
}

static int open_for_run(struct clyde_device *device, struct claim *claim,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi)
{
	struct clyde_spi *spi = NULL;
	int result = core_check_unused(&spi_kind, claim);

	if (result == 0)
		result = make(device, options, &spi);
	if (result == 0)
		result = core_open_claimed(&spi->core, claim);
	if (result == 0)
		*ret_spi = object_handle(&spi->object);
	return result;
}

int run_spi(struct clyde_run *run, const struct clyde_spi_options *options,
	struct clyde_spi **ret_spi)
{
	return CALL(device, run->device,
		open_for_run(device, &run->claim, options, ret_spi));
}

static int open_spi(struct clyde_device *device,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi)
{
	struct parsed parsed = {.memory.count = 0};
	struct clyde_spi *spi = NULL;
	int result = check_given("options", options);

	if (result == 0)
		result = check_given("ret_spi", ret_spi);
	if (result == 0)
		result = parse_pins(&parsed, options);
	if (result == 0)
		result = make(device, options, &spi);
	if (result == 0)
		result = core_open(&spi->core, claim_spi, &parsed.pins);
	if (result == 0)
		*ret_spi = object_handle(&spi->object);
	return result;
}

CLYDE_API int clyde_spi_open(struct clyde_device *handle,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi)
{
	return CALL(device, handle, open_spi(device, options, ret_spi));
}

CLYDE_API void clyde_spi_close(struct clyde_spi *spi)
{
	object_close(spi);
}

CLYDE_API clyde_token clyde_spi_token(const struct clyde_spi *spi)
{
	return object_token(spi);
}

/* ---- Batches ---------------------------------------------------------- */

static int configure_alone(struct clyde_spi *spi, uint32_t rate_hz,
	uint8_t mode, int sample_delay_ns, uint32_t *ret_rate_hz)
{
	int result = core_begin_call(&spi->core);

	return result < 0 ? result
			  : core_end_call(&spi->core,
				    configure(spi, rate_hz, mode,
					    sample_delay_ns, ret_rate_hz));
}

CLYDE_API int clyde_spi_configure(struct clyde_spi *handle, uint32_t rate_hz,
	uint8_t mode, int sample_delay_ns, uint32_t *ret_rate_hz)
{
	return CALL(spi, handle,
		configure_alone(
			spi, rate_hz, mode, sample_delay_ns, ret_rate_hz));
}

CLYDE_API int clyde_spi_submit(struct clyde_spi *handle, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms)
{
	const struct core_request request = {steps, count, flags, chip};

	return CALL(spi, handle,
		core_submit(&spi->core, &request, ret_ticket, timeout_ms));
}

CLYDE_API int clyde_spi_collect(
	struct clyde_spi *handle, uint64_t ticket, int timeout_ms)
{
	return CALL(spi, handle, core_collect(&spi->core, ticket, timeout_ms));
}

CLYDE_API int clyde_spi_failed(struct clyde_spi *handle, size_t *ret_step)
{
	return CALL(spi, handle, core_failed(&spi->core, ret_step));
}

CLYDE_API int clyde_spi_transfer(struct clyde_spi *handle, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms)
{
	const struct core_request request = {steps, count, 0, chip};

	return CALL(
		spi, handle, core_transfer(&spi->core, &request, timeout_ms));
}

/* ---- For lib/chip ----------------------------------------------------- */

static int set_kept_up(struct clyde_spi *spi, bool uninterruptible)
{
	core_set_uninterruptible(&spi->core, uninterruptible);
	return 0;
}

int spi_uninterruptible(struct clyde_spi *handle, bool uninterruptible)
{
	return CALL(spi, handle, set_kept_up(spi, uninterruptible));
}

static int forget(struct clyde_spi *spi, uint64_t ticket)
{
	core_abandon(&spi->core, ticket);
	return 0;
}

int spi_forget(struct clyde_spi *handle, uint64_t ticket)
{
	return CALL(spi, handle, forget(spi, ticket));
}

static int rate(const struct clyde_spi *spi)
{
	return CORE_CLOCK_HZ / spi->config.period;
}

int spi_rate(struct clyde_spi *handle)
{
	return CALL(spi, handle, rate(spi));
}
