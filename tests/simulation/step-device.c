/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps on contexts, devices and pipes, and the commands. */
#include <stdlib.h>
#include <string.h>

#include "spi.h"
#include "jtag.h"
#include "lib/base/ask.h"

static void name_uri(const struct session *session, const struct target *target,
	char *uri, size_t size)
{
	const struct device_plan *plan = target->plan;
	int used = snprintf(uri, size, "virtual:%s",
		plan->configured ? "configured=1" : "configured=0");

	if (plan->spi)
		used += spi_name_part(plan, uri + used, size - used);
	if (plan->jtag)
		used += jtag_name_parts(plan, uri + used, size - used);
	if (plan->executed)
		used += snprintf(uri + used, size - used, ",firmware=clyde");
	for (unsigned i = 0; i < plan->faults; i++)
		if (session->program->kept_faults >>
				FAULT_BIT(target->index, i) &
			1)
			used += snprintf(uri + used, size - used, ",fault=%s",
				plan->fault[i].text);
}

/* The cable is pulled at a time of the link, which starts when the device is
   opened. */
static void note_faults(const struct session *session, struct target *target)
{
	target->gone_ns = UINT64_MAX;
	target->effects = 0;
	for (unsigned i = 0; i < target->plan->faults; i++) {
		const struct fault_plan *fault = &target->plan->fault[i];

		if (!(session->program->kept_faults >>
				    FAULT_BIT(target->index, i) &
			    1))
			continue;
		target->effects |= fault->effects;
		if (fault->gone_ns && fault->gone_ns < target->gone_ns)
			target->gone_ns = fault->gone_ns;
	}
}

long open_device(
	struct session *session, struct target *target, const struct step *step)
{
	char uri[3 * CLYDE_URI_SIZE];
	long result;

	(void)step;
	if (target->plan->mode == BENCH_IDLE || target->device)
		return 0;
	if (session->context == NULL &&
		clyde_context_new(&session->context) < 0) {
		violate(session, "no context");
		return 0;
	}
	session->interrupted = false;
	clyde_context_resume(session->context);
	name_uri(session, target, uri, sizeof(uri));
	bound_ms(session, 6 * COMMAND_MS);
	result =
		clyde_device_open(session->context, uri, NULL, &target->device);
	if (result < 0)
		return result;
	note_faults(session, target);
	target->loaded = target->plan->configured;
	target->used = target->unknown = target->corrupted = false;
	if (target->bus) {
		target->bus->broken = false;
		target->bus->first = target->bus->count = 0;
		array_begin(&target->bus->array, target->plan);
	}
	jtag_begin(target);
	return 0;
}

static long step_load(
	struct session *session, struct target *target, const struct step *step)
{
	long result;

	(void)step;
	bound_ms(session, 13000);
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		if (target->stream[i].pipe)
			allow(session, CLYDE_ERROR_BUSY);
	if (has_core(target))
		allow(session, CLYDE_ERROR_BUSY);
	result = clyde_fpga_load_image(target->device);
	if (result == 1) {
		target->loaded = true;
		target->used = target->unknown = false;
	} else if (result < 0 && result != CLYDE_ERROR_BUSY) {
		target->unknown = true;
	}
	return result;
}

static void allow_unloaded(struct session *session, const struct target *target)
{
	if (!target->loaded || target->unknown)
		allow(session, CLYDE_ERROR_REFUSED);
}

/* Not while a pipe is open, so that no stream changes during a transfer. */
static long step_use(
	struct session *session, struct target *target, const struct step *step)
{
	const struct device_plan *plan = target->plan;
	uint8_t cores[4] = {0};
	long result;

	(void)step;
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		if (target->stream[i].pipe)
			return 0;
	bound_ms(session, 2 * COMMAND_MS);
	allow_unloaded(session, target);
	cores[plan->out] = plan->mode == BENCH_SOURCE ? 0 : CORE_BENCHMARK;
	cores[plan->in] = plan->mode == BENCH_SINK ? 0 : CORE_BENCHMARK;
	result = clyde_register_write(
		target->device, REG_STREAM, cores, sizeof(cores));
	if (result == 0)
		result = clyde_register_write(
			target->device, REG_BENCH_MODE, &plan->mode, 1);
	target->used = result == 0;
	target->unknown = result < 0;
	return result;
}

static void options_of(
	const struct step *step, struct clyde_pipe_options *ret_options)
{
	static uint8_t memory[DEVICES][8 * 4096];
	uint32_t size = 512 << step->choice % 4;
	bool borrowed = step->choice >> 6 == 1;

	*ret_options = (struct clyde_pipe_options){
		.transfer_size = size,
		.depth = 1 + (step->choice >> 2) % 4,
		.quad = (step->choice >> 4) % 4 == 3,
		.memory = borrowed ? memory[step->device] : NULL,
		.memory_size = borrowed ? sizeof(memory[0]) : 0,
	};
}

static long step_open_pipe(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	struct stream *pair = &target->stream[step->pipe ^ 1];
	struct clyde_pipe_options options;
	struct clyde_pipe *pipe;
	long result;

	options_of(step, &options);
	/* Only one pipe at a time uses lent memory. */
	if (step->pipe != target->plan->in) {
		options.memory = NULL;
		options.memory_size = 0;
	}
	bound_ms(session, 1000);
	if (stream->pipe || has_core(target) ||
		(pair->pipe && (options.quad || pair->quad)))
		allow(session, CLYDE_ERROR_BUSY);
	if (options.quad && step->pipe & 1)
		allow(session, CLYDE_ERROR_INVALID);
	if (!target->loaded || target->unknown || (pair->pipe && pair->quad))
		allow(session, CLYDE_ERROR_STALL);
	result = clyde_pipe_open(target->device, step->pipe, &options, &pipe);
	if (result < 0)
		return result;
	if (stream->pipe)
		violate(session, "pipe %u is open twice", step->pipe);
	stream->pipe = pipe;
	stream->quad = options.quad;
	stream_begins(session, target, step->pipe);
	check_offset(session, target, stream);
	return 0;
}

static long step_register(
	struct session *session, struct target *target, const struct step *step)
{
	uint16_t value = step->amount % 9600, back = ~value;
	long result;

	bound_ms(session, 2 * COMMAND_MS);
	allow_unloaded(session, target);
	result = clyde_register_write(
		target->device, REG_IDLE_FLUSH + 2, &value, sizeof(value));
	if (result == 0)
		result = clyde_register_read(target->device, REG_IDLE_FLUSH + 2,
			&back, sizeof(back));
	if (result == 0 && back != value)
		violate(session, "a register has %#x, not %#x", back, value);
	return result;
}

/* The core must have checked the bytes that the library reports as taken. */
static long step_counter(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *out = stream_out(target);
	struct {
		uint8_t mode, error, unused[2];
		uint32_t count, bad_offset;
	} core;
	bool unmet = out->cancelled && target->effects & BREAKS_STREAM;
	long result;

	(void)step;
	bound_ms(session, 2 + COMMAND_MS);
	if (!target->used || target->plan->mode != BENCH_SINK)
		return 0;
	result = clyde_device_sleep(target->device, 2);
	if (result == 0 && out->pipe)
		check_offset(session, target, out);
	if (result == 0)
		result = clyde_register_read(
			target->device, REG_BENCH_MODE, &core, sizeof(core));
	if (result < 0 || out->pipe == NULL)
		return result;
	/* Behind a failure that no call has returned yet there may be a
	   hole. */
	if (core.error &&
		(!(target->effects & BREAKS_STREAM) ||
			core.bad_offset < out->offset))
		violate(session, "the device found wrong data at %#x",
			core.bad_offset);
	if (core.count < out->offset ||
		(core.count > out->written && !out->broken && !unmet))
		violate(session,
			"the device has taken %u bytes, not %llu..%llu",
			core.count, (unsigned long long)out->offset,
			(unsigned long long)out->written);
	return result;
}

static long step_supply(
	struct session *session, struct target *target, const struct step *step)
{
	unsigned wanted = step->amount % 2 ? 3300 : 0, port = step->choice % 2;
	unsigned found[CLYDE_PORT_COUNT];
	bool trips = false;
	long result;

	if (target->bus || target->probe) /* The chips keep their supply. */
		port = 1;

	for (unsigned i = 0; i < target->plan->faults; i++)
		trips |= target->plan->fault[i].text[0] == 'a' ||
			target->plan->fault[i].text[0] == 't';
	bound_ms(session, 3 * COMMAND_MS);
	result = clyde_supply_set(target->device, 1 << port, wanted);
	if (result == 0)
		result = clyde_supply_get(target->device, found);
	if (result == 0 && !trips &&
		(found[port] < wanted || found[port] > wanted + 22))
		violate(session, "port %u has %u mV, not %u", port, found[port],
			wanted);
	return result;
}

static long step_alerts(
	struct session *session, struct target *target, const struct step *step)
{
	struct clyde_alerts alerts;
	bool expected = false;
	long result = clyde_alerts_take(target->device, &alerts);

	(void)step;
	bound_ms(session, 0);
	for (unsigned i = 0; i < target->plan->faults; i++)
		expected |= target->plan->fault[i].text[0] == 'a' ||
			target->plan->fault[i].text[0] == 't';
	if (result > 0 && !expected)
		violate(session, "an alert that nothing raised");
	return result;
}

static long step_eeprom(
	struct session *session, struct target *target, const struct step *step)
{
	uint8_t bytes[100], back[100];
	size_t size = 1 + step->choice % sizeof(bytes);
	uint16_t address = 0x7000 + step->amount % 3900;
	long result;

	bound_ms(session, 12 * COMMAND_MS);
	memcpy(bytes, sequence + step->amount, size);
	result = clyde_eeprom_write(target->device, address, bytes, size);
	if (result == 0)
		result = clyde_eeprom_read(target->device, address, back, size);
	if (result == 0 && memcmp(bytes, back, size) != 0)
		violate(session, "the EEPROM does not keep %zu bytes at %#x",
			size, address);
	return result;
}

static long step_sleep(
	struct session *session, struct target *target, const struct step *step)
{
	int timeout_ms = step->amount % 20;
	long result;

	bound_ms(session, timeout_ms);
	result = clyde_device_sleep(target->device, timeout_ms);
	if (result == 0 &&
		(uint64_t)now_ns(target->device) <
			session->begun_ns + timeout_ms * UINT64_C(1000000))
		violate(session, "slept for less than %d ms", timeout_ms);
	return result;
}

static long step_close_pipe(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	clyde_token token = clyde_pipe_token(stream->pipe);

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 1010);
	if (step->choice % 2)
		clyde_pipe_close(stream->pipe);
	else if (clyde_close_token(token) != 0)
		violate(session, "a pipe that is open cannot be closed");
	if (clyde_close_token(token) != CLYDE_ERROR_CLOSED)
		violate(session, "a pipe is closed twice");
	remember_closed(session, token);
	stream_ends(target, step->pipe);
	return 0;
}

step_action *const device_actions[STEP_KINDS] = {
	[STEP_LOAD] = step_load,
	[STEP_USE] = step_use,
	[STEP_OPEN_PIPE] = step_open_pipe,
	[STEP_REGISTER] = step_register,
	[STEP_COUNTER] = step_counter,
	[STEP_SUPPLY] = step_supply,
	[STEP_ALERTS] = step_alerts,
	[STEP_EEPROM] = step_eeprom,
	[STEP_SLEEP] = step_sleep,
	[STEP_APPLET] = step_applet,
	[STEP_CLOSE_PIPE] = step_close_pipe,
};
