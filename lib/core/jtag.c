/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The probe core as an object: its pins, its settings, and the calls of clyde.h
 * and of lib/core/applet.h.  open.c opens and closes it, queue.c moves the
 * batches, lib/chip finds chains and plays SVF.
 */
#include "jtag.h"

#include "applet.h"
#include "lib/run/run.h"

#define RESET_US 1000 /* of TRST */
/* Of the search for the delay when the object is opened. */
#define FIND_MS 10000

/* ---- Claims ----------------------------------------------------------- */

static int claim_jtag(
	struct claim *claim, struct clyde_device *device, const void *of_jtag)
{
	const struct jtag_pins *pins = of_jtag;
	const struct core_line outputs[] = {
		{"tck", pins->tck, PROBE_OUTPUT_TCK},
		{"tms", pins->tms, PROBE_OUTPUT_TMS},
		{"tdi", pins->tdi, PROBE_OUTPUT_TDI},
		{"trst", pins->trst, PROBE_OUTPUT_TRST},
		{"srst", pins->srst, PROBE_OUTPUT_SRST},
	};
	int result = 0;

	if (pins->tck == NULL || pins->tms == NULL)
		return set_error(
			CLYDE_ERROR_INVALID, "JTAG needs pins for tck and tms");
	result = claim_core(claim, device, CORE_PROBE, CORE_TAKES | CORE_GIVES);
	if (result == 0)
		result = core_claim_outputs(claim, device, CORE_PROBE, outputs,
			sizeof(outputs) / sizeof(outputs[0]));
	if (result == 0 && pins->tdo)
		result = claim_pin(claim, device, "tdo", pins->tdo, PIN_INPUT,
			INPUT_PROBE + PROBE_INPUT_TDO);
	return result;
}

int run_claim_jtag(struct clyde_run *run, const struct jtag_pins *pins)
{
	return CALL(device, run->device, claim_jtag(&run->claim, device, pins));
}

bool jtag_has(const struct clyde_jtag *jtag, enum probe_output output)
{
	return jtag->core.outputs >> output & 1;
}

/* ---- Settings --------------------------------------------------------- */

static int configure(struct clyde_jtag *jtag, uint32_t rate_hz, int delay_ns,
	uint32_t *ret_rate_hz)
{
	uint16_t period = 1;
	unsigned delay = 0;
	int result = core_period(rate_hz, CLYDE_JTAG_RATE_DEFAULT, &period);

	if (result == 0)
		result = core_delay(delay_ns, 0, &delay);
	if (result < 0)
		return result;
	jtag->config.period = period;
	jtag->config.mode = delay << PROBE_SAMPLE_DELAY_SHIFT;
	if (ret_rate_hz)
		*ret_rate_hz = CORE_CLOCK_HZ / period;
	return 0;
}

/* ---- Opening ---------------------------------------------------------- */

const struct core_kind jtag_kind = {
	.name = "JTAG",
	.long_name = "the probe core",
	.short_name = "this probe core",
	.object = OBJECT_JTAG,
	.place = CORE_PROBE,
	.step_size = sizeof(struct clyde_jtag_step),
	.chain_flag = CLYDE_JTAG_CHAIN,
	.check = jtag_check,
	.size = jtag_size,
	.encode = jtag_encode,
	.report = jtag_report,
};

static bool finds(const struct clyde_jtag_options *options)
{
	return options->sample_delay_ns == CLYDE_JTAG_DELAY_AUTO;
}

/* The core is as after a pipe reset, see wire/core-probe.h. */
static int make(struct clyde_device *device,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag)
{
	struct clyde_jtag *jtag = core_new(&jtag_kind, device, sizeof(*jtag));
	int result;

	if (jtag == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	jtag->pins = PROBE_TRST_HIGH | PROBE_SRST_HIGH;
	jtag->states = (1u << JTAG_STATES) - 1;
	result = configure(jtag, options->rate_hz,
		finds(options) ? 0 : options->sample_delay_ns, NULL);
	if (result < 0)
		return core_give_up(&jtag->core, result);
	*ret_jtag = jtag;
	return 0;
}

/* The delay, if the options say so.  The tree is not locked any more. */
static int settle(const struct clyde_jtag_options *options,
	struct clyde_jtag *handle, struct clyde_jtag **ret_jtag)
{
	int result = finds(options)
		? clyde_jtag_find_delay(handle, NULL, FIND_MS)
		: 0;

	if (result < 0)
		clyde_jtag_close(handle);
	else
		*ret_jtag = handle;
	return result;
}

static int open_for_run(struct clyde_device *device, struct claim *claim,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag)
{
	struct clyde_jtag *jtag = NULL;
	int result = core_check_unused(&jtag_kind, claim);

	if (result == 0)
		result = make(device, options, &jtag);
	if (result == 0)
		result = core_open_claimed(&jtag->core, claim);
	if (result == 0)
		*ret_jtag = object_handle(&jtag->object);
	return result;
}

int run_jtag(struct clyde_run *run, const struct clyde_jtag_options *options,
	struct clyde_jtag **ret_jtag)
{
	struct clyde_jtag *handle = NULL;
	int result = CALL(device, run->device,
		open_for_run(device, &run->claim, options, &handle));

	return result < 0 ? result : settle(options, handle, ret_jtag);
}

static int parse_pins(struct core_pins *memory, struct jtag_pins *pins,
	const struct clyde_jtag_options *options)
{
	const struct {
		const char *what, *text;
		const struct clyde_pin **pin;
	} rows[] = {
		{"tck", options->tck, &pins->tck},
		{"tms", options->tms, &pins->tms},
		{"tdi", options->tdi, &pins->tdi},
		{"tdo", options->tdo, &pins->tdo},
		{"trst", options->trst, &pins->trst},
		{"srst", options->srst, &pins->srst},
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (result == 0)
			result = core_parse_pin(memory, rows[i].what,
				rows[i].text, rows[i].pin);
	return result;
}

static int open_jtag(struct clyde_device *device,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag)
{
	struct core_pins memory = {.count = 0};
	struct jtag_pins pins = {0};
	struct clyde_jtag *jtag = NULL;
	int result = parse_pins(&memory, &pins, options);

	if (result == 0)
		result = make(device, options, &jtag);
	if (result == 0)
		result = core_open(&jtag->core, claim_jtag, &pins);
	if (result == 0)
		*ret_jtag = object_handle(&jtag->object);
	return result;
}

static int check_and_open(struct clyde_device *device,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag,
	struct clyde_jtag **ret_handle)
{
	int result = check_given("options", options);

	if (result == 0)
		result = check_given("ret_jtag", ret_jtag);
	return result < 0 ? result : open_jtag(device, options, ret_handle);
}

CLYDE_API int clyde_jtag_open(struct clyde_device *handle,
	const struct clyde_jtag_options *options, struct clyde_jtag **ret_jtag)
{
	struct clyde_jtag *jtag = NULL;
	int result = CALL(device, handle,
		check_and_open(device, options, ret_jtag, &jtag));

	return result < 0 ? result : settle(options, jtag, ret_jtag);
}

CLYDE_API void clyde_jtag_close(struct clyde_jtag *jtag)
{
	object_close(jtag);
}

CLYDE_API clyde_token clyde_jtag_token(const struct clyde_jtag *jtag)
{
	return object_token(jtag);
}

/* ---- Batches ---------------------------------------------------------- */

static int configure_alone(struct clyde_jtag *jtag, uint32_t rate_hz,
	int sample_delay_ns, uint32_t *ret_rate_hz)
{
	int result = core_begin_call(&jtag->core);

	return result < 0 ? result
			  : core_end_call(&jtag->core,
				    configure(jtag, rate_hz, sample_delay_ns,
					    ret_rate_hz));
}

CLYDE_API int clyde_jtag_configure(struct clyde_jtag *handle, uint32_t rate_hz,
	int sample_delay_ns, uint32_t *ret_rate_hz)
{
	return CALL(jtag, handle,
		configure_alone(jtag, rate_hz, sample_delay_ns, ret_rate_hz));
}

CLYDE_API int clyde_jtag_submit(struct clyde_jtag *handle,
	const struct clyde_jtag_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms)
{
	const struct core_request request = {steps, count, flags, 0};

	return CALL(jtag, handle,
		core_submit(&jtag->core, &request, ret_ticket, timeout_ms));
}

CLYDE_API int clyde_jtag_collect(
	struct clyde_jtag *handle, uint64_t ticket, int timeout_ms)
{
	return CALL(
		jtag, handle, core_collect(&jtag->core, ticket, timeout_ms));
}

CLYDE_API int clyde_jtag_failed(struct clyde_jtag *handle, size_t *ret_step)
{
	return CALL(jtag, handle, core_failed(&jtag->core, ret_step));
}

int jtag_transfer(struct clyde_jtag *jtag, const struct clyde_jtag_step *steps,
	size_t count, int timeout_ms)
{
	const struct core_request request = {steps, count, 0, 0};

	return core_transfer(&jtag->core, &request, timeout_ms);
}

CLYDE_API int clyde_jtag_transfer(struct clyde_jtag *handle,
	const struct clyde_jtag_step *steps, size_t count, int timeout_ms)
{
	return CALL(
		jtag, handle, jtag_transfer(jtag, steps, count, timeout_ms));
}

CLYDE_API int clyde_jtag_state(struct clyde_jtag *handle)
{
	return CALL(jtag, handle, (int)jtag_state_of(jtag));
}

/* ---- Batches of one step ---------------------------------------------- */

static int transfer_one(
	struct clyde_jtag *handle, struct clyde_jtag_step step, int timeout_ms)
{
	return clyde_jtag_transfer(handle, &step, 1, timeout_ms);
}

CLYDE_API int clyde_jtag_shift(struct clyde_jtag *jtag, uint32_t bits,
	const void *tms, const void *tdi, void *tdo, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){.kind = CLYDE_JTAG_VECTOR,
			.bits = bits,
			.tms = tms,
			.out = tdi,
			.in = tdo},
		timeout_ms);
}

CLYDE_API int clyde_jtag_ir(struct clyde_jtag *jtag, uint32_t bits,
	const void *out, void *in, enum clyde_tap_state state, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){.kind = CLYDE_JTAG_IR,
			.bits = bits,
			.out = out,
			.in = in,
			.state = state},
		timeout_ms);
}

CLYDE_API int clyde_jtag_dr(struct clyde_jtag *jtag, uint32_t bits,
	const void *out, void *in, enum clyde_tap_state state, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){.kind = CLYDE_JTAG_DR,
			.bits = bits,
			.out = out,
			.in = in,
			.state = state},
		timeout_ms);
}

CLYDE_API int clyde_jtag_run(
	struct clyde_jtag *jtag, uint32_t clocks, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){
			.kind = CLYDE_JTAG_RUN, .clocks = clocks},
		timeout_ms);
}

CLYDE_API int clyde_jtag_go(
	struct clyde_jtag *jtag, enum clyde_tap_state state, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){
			.kind = CLYDE_JTAG_STATE, .state = state},
		timeout_ms);
}

CLYDE_API int clyde_jtag_pins(
	struct clyde_jtag *jtag, unsigned levels, int timeout_ms)
{
	return transfer_one(jtag,
		(struct clyde_jtag_step){.kind = CLYDE_JTAG_PINS,
			.pins = levels < 256 ? levels : 255},
		timeout_ms);
}

/* TMS is high when TRST becomes high, so that the TAPs stay in RESET. */
static int reset(struct clyde_jtag *jtag, int timeout_ms)
{
	uint8_t srst = jtag->pins & PROBE_SRST_HIGH;
	const struct clyde_jtag_step to_reset = {
		.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET};
	const struct clyde_jtag_step steps[] = {
		to_reset,
		{.kind = CLYDE_JTAG_PINS, .pins = srst, .delay_us = RESET_US},
		{.kind = CLYDE_JTAG_PINS, .pins = srst | PROBE_TRST_HIGH},
		to_reset,
	};
	bool has = jtag_has(jtag, PROBE_OUTPUT_TRST);

	return jtag_transfer(jtag, steps, has ? 4 : 1, timeout_ms);
}

CLYDE_API int clyde_jtag_reset(struct clyde_jtag *handle, int timeout_ms)
{
	return CALL(jtag, handle, reset(jtag, timeout_ms));
}

/* ---- For lib/chip ----------------------------------------------------- */

int jtag_transfer_last(struct clyde_jtag *pinned,
	const struct clyde_jtag_step *steps, size_t count, int timeout_ms)
{
	const struct core_request request = {steps, count, 0, 0};
	int result = object_lock(&pinned->object);

	if (result < 0)
		return result;
	result = core_transfer_last(&pinned->core, &request, timeout_ms);
	core_abandon_all(&pinned->core);
	object_unlock(&pinned->object);
	return result;
}
