/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI core as an object: its claim, opening, settings and closing, and the
 * calls of clyde.h and of lib/core/applet.h.  spi-queue.c moves the batches.
 *
 * When the object is closed, however that happens, its pins are inputs, and its
 * core and pipes are free.
 */
#include "spi.h"

#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "lib/base/wait.h"
#include "lib/run/run.h"
#include "lib/stream/pipe.h"

/* Up to 22.4 MiB/s: 11 ms and more are in flight in each direction.  A short
   transfer is sent at once, and a short reply ends its transfer. */
#define OUT_SIZE  16384
#define OUT_DEPTH 16
#define IN_SIZE   32768
#define IN_DEPTH  16

/* The core itself says when replies are to be sent, see wire/stream.h. */
#define IDLE_LONG UINT16_MAX

/* ---- Claims ----------------------------------------------------------- */

/* A pin that the core drives, of spi_pins. */
struct output {
	const char *what;
	const struct clyde_pin *pin;
	unsigned output; /* enum spi_output */
};

static int claim_outputs(struct claim *claim, struct clyde_device *device,
	const struct spi_pins *pins)
{
	const struct output outputs[] = {
		{"sck", pins->sck, SPI_OUTPUT_SCK},
		{"cs0", pins->cs[0], SPI_OUTPUT_CS0},
		{"cs1", pins->cs[1], SPI_OUTPUT_CS1},
		{"cs2", pins->cs[2], SPI_OUTPUT_CS2},
		{"cs3", pins->cs[3], SPI_OUTPUT_CS3},
		{"side0", pins->side[0], SPI_OUTPUT_SIDE0},
		{"side1", pins->side[1], SPI_OUTPUT_SIDE1},
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		if (outputs[i].pin && result == 0)
			result = claim_pin(claim, device, outputs[i].what,
				outputs[i].pin, PIN_OUTPUT,
				OUTPUT_SPI + outputs[i].output);
	return result;
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

static int claim_spi(struct claim *claim, struct clyde_device *device,
	const struct spi_pins *pins)
{
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

/* The claim, unless the run that had it is over. */
static struct claim *claim_of(struct clyde_spi *spi)
{
	struct claim *claim = claim_of_core(spi->device, CORE_SPI);

	if (spi->owned)
		return spi->own.device ? &spi->own : NULL;
	return claim && claim->user && claim->user == spi->object.token ? claim
									: NULL;
}

/* ---- Settings --------------------------------------------------------- */

#define CLOCK_HZ        48000000
#define DELAY_MAX_NS    73
#define DELAY_NS        21 /* the default, two half cycles */
#define HALF_CYCLES(ns) ((96 * (ns) + 500) / 1000)

static int check_rate(uint32_t rate_hz)
{
	if (rate_hz >= CLYDE_SPI_RATE_MIN && rate_hz <= CLYDE_SPI_RATE_MAX)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"a rate of %u Hz: %d to %d are possible, and the nearest is %d",
		rate_hz, CLYDE_SPI_RATE_MIN, CLYDE_SPI_RATE_MAX,
		rate_hz < CLYDE_SPI_RATE_MIN ? CLYDE_SPI_RATE_MIN
					     : CLYDE_SPI_RATE_MAX);
}

static int configure(struct clyde_spi *spi, uint32_t rate_hz, uint8_t mode,
	int delay_ns, uint32_t *ret_rate_hz)
{
	uint32_t rate = rate_hz ? rate_hz : CLYDE_SPI_RATE_DEFAULT, period;
	int result = check_rate(rate);
	unsigned delay;

	if (result < 0)
		return result;
	if (mode > 3)
		return set_error(CLYDE_ERROR_INVALID,
			"SPI mode %u: there are modes 0 to 3", mode);
	if (delay_ns > DELAY_MAX_NS)
		return set_error(CLYDE_ERROR_INVALID,
			"a sample delay of %d ns: at most %d are possible",
			delay_ns, DELAY_MAX_NS);
	delay = delay_ns < 0 ? 0 : HALF_CYCLES(delay_ns ? delay_ns : DELAY_NS);
	period = (CLOCK_HZ + rate - 1) / rate;
	spi->config.period = period;
	spi->config.mode = (mode & 1 ? SPI_CPHA : 0) |
		(mode & 2 ? SPI_CPOL : 0) | delay << SPI_SAMPLE_DELAY_SHIFT;
	if (ret_rate_hz)
		*ret_rate_hz = CLOCK_HZ / period;
	return 0;
}

/* ---- Closing ---------------------------------------------------------- */

static int write_idle_flush(
	struct clyde_spi *spi, const struct clyde_pipe *in, uint16_t cycles)
{
	unsigned slot = in->id - CLYDE_PIPE_EP6_IN;

	return register_write(spi->device,
		REG_IDLE_FLUSH + sizeof(cycles) * slot, &cycles,
		sizeof(cycles));
}

static void shut(struct clyde_spi *spi)
{
	struct claim *claim = claim_of(spi);

	if (claim)
		core_disconnect(spi->device, claim);
	if (spi->in)
		write_idle_flush(spi, spi->in, REG_IDLE_DEFAULT);
	pipe_free(spi->out);
	pipe_free(spi->in);
	if (claim && spi->owned) {
		core_detach(spi->device, claim);
		claim_drop(claim);
	} else if (claim) {
		claim->user = 0;
	}
}

/* The device may have left: everything is tried all the same. */
static void destroy(struct object *object)
{
	struct clyde_spi *spi = (struct clyde_spi *)object;
	struct clyde_device *device = spi->device;
	bool before = device->uninterruptible;

	set_uninterruptible(device, true);
	shut(spi);
	set_uninterruptible(device, before && !spi->uninterruptible);
	spi_drop_batches(spi);
}

static void wake(struct object *object)
{
	struct clyde_spi *spi = (struct clyde_spi *)object;

	link_wake(spi->device->link);
}

/* ---- Opening ---------------------------------------------------------- */

static int open_pipes(struct clyde_spi *spi, struct claim *claim)
{
	struct clyde_device *device = spi->device;
	struct clyde_pipe_options out = {
		.transfer_size = OUT_SIZE,
		.depth = OUT_DEPTH,
	};
	struct clyde_pipe_options in = {
		.transfer_size = IN_SIZE,
		.depth = IN_DEPTH,
	};
	int result = core_open_streams(device, claim, CORE_TAKES | CORE_GIVES);

	if (result == 0)
		result = pipe_new(device, claim->ids[1], &in, &spi->in);
	if (result == 0)
		result = pipe_new(device, claim->ids[0], &out, &spi->out);
	if (result == 0 && spi->in)
		result = write_idle_flush(spi, spi->in, IDLE_LONG);
	return result;
}

static void find_lines(struct clyde_spi *spi, const struct claim *claim)
{
	for (unsigned i = 0; i < PIN_COUNT; i++) {
		unsigned function = claim->pins[i].route & PIN_FUNCTION;

		if (claim->pins[i].what && function >= OUTPUT_SPI &&
			function < OUTPUT_SPI + SPI_OUTPUT_COUNT)
			spi->outputs |= 1 << (function - OUTPUT_SPI);
	}
	for (unsigned i = 0; i < SPI_INPUT_COUNT; i++)
		if (claim->inputs[INPUT_SPI + i] & INPUT_CONNECTED)
			spi->inputs |= 1 << i;
}

/* The core is as after a pipe reset, see wire/core-spi.h. */
static void begin(struct clyde_spi *spi, struct claim *claim)
{
	find_lines(spi, claim);
	spi->pins = SPI_SIDE0_HIGH | SPI_SIDE1_HIGH | SPI_IO2_HIGH |
		SPI_IO3_HIGH | SPI_IO2_DRIVEN | SPI_IO3_DRIVEN;
	spi->known = (struct spi_known){.line = true};
	spi->kept = -1;
}

/* The claim is made, and the core is attached to it.  The pins are connected when
   the pipes are open, before which the core is in reset. */
static int start(struct clyde_spi *spi, struct claim *claim)
{
	struct clyde_device *device = spi->device;
	int result = open_pipes(spi, claim);

	begin(spi, claim);
	if (result == 0)
		result = core_connect(device, claim);
	if (result == 0)
		result = object_init(&spi->object, OBJECT_SPI, &device->object,
			&device->context->tree, wake, destroy);
	return result;
}

static struct clyde_spi *new_spi(
	struct clyde_device *device, const struct clyde_spi_options *options)
{
	struct clyde_spi *spi = calloc(1, sizeof(*spi));

	if (spi == NULL) {
		set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
		return NULL;
	}
	spi->device = device;
	spi->own.name = "the SPI core";
	spi->three_wire = options->three_wire;
	STAILQ_INIT(&spi->batches);
	return spi;
}

/* The pins of an application, as text. */
struct parsed {
	struct clyde_pin memory[12];
	unsigned count;
	struct spi_pins pins;
};

static int parse(struct parsed *parsed, const char *what, const char *text,
	const struct clyde_pin **ret_pin)
{
	struct clyde_pin pins[CLYDE_PINS_MAX];
	int count = text ? clyde_pins_parse(text, pins) : 0;

	if (count < 0)
		return count;
	if (count > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"%s is one pin, and '%s' is %d pins", what, text,
			count);
	if (count == 0)
		return 0;
	parsed->memory[parsed->count] = pins[0];
	*ret_pin = &parsed->memory[parsed->count++];
	return 0;
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

static int claim_and_attach(struct clyde_spi *spi, const struct spi_pins *pins)
{
	struct clyde_device *device = spi->device;
	bool loaded;
	int result = 0;

	claim_begin(&spi->own, device);
	spi->owned = true;
	result = claim_spi(&spi->own, device, pins);
	if (result == 0)
		result = core_check_loaded(device);
	if (result == 0)
		result = core_check_supplies(device, &spi->own, NULL, &loaded);
	return result < 0 ? result : core_attach(device, &spi->own);
}

static int give_up(struct clyde_spi *spi, int result)
{
	char why[ERROR_SIZE];

	error_take(result, why);
	destroy(&spi->object);
	free(spi);
	return set_error(result, "%s", why);
}

static int finish(
	struct clyde_spi *spi, struct claim *claim, struct clyde_spi **ret_spi)
{
	int result = start(spi, claim);

	if (result < 0)
		return give_up(spi, result);
	if (!spi->owned)
		claim->user = spi->object.token;
	*ret_spi = object_handle(&spi->object);
	return 0;
}

static int open_for_run(struct clyde_device *device, struct claim *claim,
	const struct clyde_spi_options *options, struct clyde_spi **ret_spi)
{
	struct clyde_spi *spi;
	int result = 0;

	if (claim->user)
		return set_error(
			CLYDE_ERROR_BUSY, "the run has opened the SPI core");
	spi = new_spi(device, options);
	if (spi == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = configure(spi, options->rate_hz, options->mode,
		options->sample_delay_ns, NULL);
	return result < 0 ? give_up(spi, result) : finish(spi, claim, ret_spi);
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
	struct parsed parsed = {.count = 0};
	struct clyde_spi *spi;
	int result = check_given("options", options);

	if (result == 0)
		result = check_given("ret_spi", ret_spi);
	if (result == 0)
		result = parse_pins(&parsed, options);
	if (result < 0)
		return result;
	spi = new_spi(device, options);
	if (spi == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = configure(spi, options->rate_hz, options->mode,
		options->sample_delay_ns, NULL);
	if (result == 0)
		result = claim_and_attach(spi, &parsed.pins);
	return result < 0 ? give_up(spi, result)
			  : finish(spi, &spi->own, ret_spi);
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

/* One call at a time: a call that waits lets other threads have the lock. */
static int begin_call(struct clyde_spi *spi)
{
	if (spi->busy)
		return set_error(CLYDE_ERROR_BUSY,
			"another thread is in a call of this SPI core");
	spi->busy = true;
	return 0;
}

static int end_call(struct clyde_spi *spi, int result)
{
	spi->busy = false;
	return result;
}

static int configure_alone(struct clyde_spi *spi, uint32_t rate_hz,
	uint8_t mode, int sample_delay_ns, uint32_t *ret_rate_hz)
{
	int result = begin_call(spi);

	return result < 0 ? result
			  : end_call(spi,
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

static int check_and_submit(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms)
{
	int result = check_given("ret_ticket", ret_ticket);

	if (result == 0)
		result = begin_call(spi);
	return result < 0 ? result
			  : end_call(spi,
				    spi_submit(spi, chip, steps, count, flags,
					    ret_ticket, timeout_ms));
}

CLYDE_API int clyde_spi_submit(struct clyde_spi *handle, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms)
{
	return CALL(spi, handle,
		check_and_submit(spi, chip, steps, count, flags, ret_ticket,
			timeout_ms));
}

static int collect_alone(struct clyde_spi *spi, uint64_t ticket, int timeout_ms)
{
	int result = begin_call(spi);

	return result < 0 ? result
			  : end_call(spi, spi_collect(spi, ticket, timeout_ms));
}

CLYDE_API int clyde_spi_collect(
	struct clyde_spi *handle, uint64_t ticket, int timeout_ms)
{
	return CALL(spi, handle, collect_alone(spi, ticket, timeout_ms));
}

static int get_failed(const struct clyde_spi *spi, size_t *ret_step)
{
	int result = check_given("ret_step", ret_step);

	if (result < 0 || !spi->has_failed)
		return result;
	*ret_step = spi->failed_step;
	return 1;
}

CLYDE_API int clyde_spi_failed(struct clyde_spi *handle, size_t *ret_step)
{
	return CALL(spi, handle, get_failed(spi, ret_step));
}

static int transfer_alone(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms)
{
	int result = begin_call(spi);

	return result < 0
		? result
		: end_call(spi,
			  spi_transfer(spi, chip, steps, count, timeout_ms));
}

CLYDE_API int clyde_spi_transfer(struct clyde_spi *handle, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms)
{
	return CALL(spi, handle,
		transfer_alone(spi, chip, steps, count, timeout_ms));
}

/* ---- For lib/chip ----------------------------------------------------- */

static int set_kept_up(struct clyde_spi *spi, bool uninterruptible)
{
	spi->uninterruptible = uninterruptible;
	set_uninterruptible(spi->device, uninterruptible);
	return 0;
}

int spi_uninterruptible(struct clyde_spi *handle, bool uninterruptible)
{
	return CALL(spi, handle, set_kept_up(spi, uninterruptible));
}

int spi_transfer_last(struct clyde_spi *pinned, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms)
{
	int result = object_lock(&pinned->object);

	if (result < 0)
		return result;
	set_kept_up(pinned, true);
	result = transfer_alone(pinned, chip, steps, count, timeout_ms);
	set_kept_up(pinned, false);
	object_unlock(&pinned->object);
	return result;
}
