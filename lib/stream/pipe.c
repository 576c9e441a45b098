/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The life of a pipe: opening, cancelling, resuming, resetting and closing, the
 * calls of clyde.h.  pipe-io.c moves the bytes.
 *
 * A core must never be able to send before the pipe's reads are submitted: the
 * order of the steps is rearm()'s.
 */
#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/regs.h"

/* The idle flush is a register of 16 bits that counts cycles of the 48 MHz bus,
   of 125/6 ns each. */
#define IDLE_NS_MAX (UINT16_MAX / 6 * 125)

static const struct {
	uint8_t endpoint;
	uint8_t interface;
	const char *name;
	enum clyde_pipe_id pair; /* the pipe that shares the FX2's buffers */
	bool quad;               /* can have the buffers of both */
} kinds[CLYDE_PIPE_COUNT] = {
	{USB_EP2_OUT, USB_IFACE_EP2OUT, "EP2 OUT", CLYDE_PIPE_EP4_OUT, true},
	{USB_EP4_OUT, USB_IFACE_EP4OUT, "EP4 OUT", CLYDE_PIPE_EP2_OUT, false},
	{USB_EP6_IN, USB_IFACE_EP6IN, "EP6 IN", CLYDE_PIPE_EP8_IN, true},
	{USB_EP8_IN, USB_IFACE_EP8IN, "EP8 IN", CLYDE_PIPE_EP6_IN, false},
};

const char *pipe_name(const struct clyde_pipe *pipe)
{
	return kinds[pipe->id].name;
}

bool pipe_is_in(const struct clyde_pipe *pipe)
{
	return kinds[pipe->id].endpoint & USB_DIR_IN;
}

bool pipe_is_free(const struct clyde_device *device, enum clyde_pipe_id id)
{
	const struct clyde_pipe *pair = device->pipes[kinds[id].pair];

	return device->pipes[id] == NULL &&
		(pair == NULL || pair->alternate != USB_ALT_4X);
}

unsigned long long pipe_position(const struct clyde_pipe *pipe)
{
	return pipe_is_in(pipe) ? pipe->offset : engine_good(pipe->engine);
}

int pipe_failed(struct clyde_pipe *pipe, int error)
{
	set_error(error, "%s: %s; good up to byte %#llx", pipe_name(pipe),
		error_text(error), pipe_position(pipe));
	LOG(pipe->device->link, ERROR, "%s", clyde_error_message());
	return error;
}

void pipe_check_depth(struct clyde_pipe *pipe)
{
	char *notice = pipe->device->context->notice;
	uint32_t depth = engine_depth(pipe->engine);

	if (depth < pipe->depth && notice[0] == '\0')
		snprintf(notice, ERROR_SIZE,
			"%s: %u transfers are in flight, not %u: the system "
			"has no memory for them; raise " USB_MEMORY_SETTING,
			pipe_name(pipe), depth, pipe->depth);
}

static int set_alternate(struct clyde_pipe *pipe, uint8_t alternate)
{
	struct link *link = pipe->device->link;
	const char *name = pipe_name(pipe);
	int result = link_select(
		link, kinds[pipe->id].interface, alternate, COMMAND_TIMEOUT_MS);

	if (result == CLYDE_ERROR_STALL)
		return set_error(CLYDE_ERROR_STALL,
			"the device refused to open %s: the FPGA is not "
			"configured, or the other pipe of the pair is in use",
			name);
	if (result < 0)
		return set_error(result, "%s: %s", name, error_text(result));
	return 0;
}

/* Cancel transfers, reset both sides of the FX2 bus by selecting the alternate
   setting, submit reads.  In this order no byte is lost, as long as the caller
   starts the core afterwards. */
static int rearm(struct clyde_pipe *pipe)
{
	int result = engine_drain(pipe->engine);

	/* A transfer that is still in flight would be submitted again. */
	if (result < 0)
		return pipe_failed(pipe, result);
	engine_clear(pipe->engine);
	pipe->offset = 0;
	pipe->acquired = false;
	pipe->breaks++;
	result = set_alternate(pipe, pipe->alternate);
	if (result < 0) {
		engine_disable(pipe->engine, result);
		return result;
	}
	result = engine_start(pipe->engine);
	return result < 0 ? pipe_failed(pipe, result) : 0;
}

/* Submit reads from the beginning of the stream.  If the system had no memory
   for all of them, use half of the memory that there is: the writes of a
   loopback need some as well. */
static int restart(struct clyde_pipe *pipe)
{
	uint32_t before = engine_depth(pipe->engine);
	int result = rearm(pipe);
	uint32_t now = engine_depth(pipe->engine);

	if (result < 0 || now == before)
		return result;
	engine_lower(pipe->engine, now / 2);
	pipe_check_depth(pipe);
	return rearm(pipe);
}

static void log_close(const struct clyde_pipe *pipe)
{
	struct clyde_pipe_stats stats;

	engine_stats(pipe->engine, &stats);
	LOG(pipe->device->link, DEBUG,
		"%s closed: %llu bytes in %llu transfers, starved %llu times",
		pipe_name(pipe), (unsigned long long)stats.bytes,
		(unsigned long long)stats.transfers,
		(unsigned long long)stats.starvations);
}

/* Undo what open_pipe() did. */
static void shut(struct clyde_pipe *pipe)
{
	struct link *link = pipe->device->link;

	if (pipe->engine) {
		LOG(link, DEBUG, "closing %s: %u transfers are in flight",
			pipe_name(pipe), engine_in_flight(pipe->engine));
		engine_drain(pipe->engine);
		link_select(link, kinds[pipe->id].interface, USB_ALT_OFF,
			COMMAND_TIMEOUT_MS);
		log_close(pipe);
		engine_free(pipe->engine);
	}
	if (pipe->device->pipes[pipe->id] == pipe)
		pipe->device->pipes[pipe->id] = NULL;
}

static void destroy(struct object *object)
{
	shut((struct clyde_pipe *)object);
}

static void wake(struct object *object)
{
	struct clyde_pipe *pipe = (struct clyde_pipe *)object;

	link_wake(pipe->device->link);
}

/* 64 bits: the largest options ask for more than a 32-bit machine has. */
static uint64_t arena_size(
	enum clyde_pipe_id id, const struct clyde_pipe_options *options)
{
	return (uint64_t)engine_slots(kinds[id].endpoint, options->depth) *
		options->transfer_size;
}

static int check_options(struct clyde_device *device, enum clyde_pipe_id id,
	struct clyde_pipe_options *options)
{
	if (id >= CLYDE_PIPE_COUNT)
		return set_error(
			CLYDE_ERROR_INVALID, "there is no pipe %d", id);
	if (options->transfer_size == 0)
		options->transfer_size = CLYDE_TRANSFER_SIZE_DEFAULT;
	if (options->depth == 0)
		options->depth = CLYDE_DEPTH_DEFAULT;
	if (options->transfer_size % USB_PACKET_SIZE ||
		options->transfer_size > CLYDE_TRANSFER_SIZE_MAX)
		return set_error(CLYDE_ERROR_INVALID,
			"a transfer of %u bytes: a multiple of %d up to %d is "
			"needed",
			options->transfer_size, USB_PACKET_SIZE,
			CLYDE_TRANSFER_SIZE_MAX);
	if (options->depth > CLYDE_DEPTH_MAX)
		return set_error(CLYDE_ERROR_INVALID,
			"a depth of %u: 1 to %d are possible", options->depth,
			CLYDE_DEPTH_MAX);
	if (options->memory && options->memory_size < arena_size(id, options))
		return set_error(CLYDE_ERROR_INVALID,
			"%zu bytes of memory for %s: %llu are needed",
			options->memory_size, kinds[id].name,
			(unsigned long long)arena_size(id, options));
	if (device->pipes[id])
		return set_error(
			CLYDE_ERROR_BUSY, "%s is open already", kinds[id].name);
	if (!pipe_is_free(device, id))
		return set_error(CLYDE_ERROR_BUSY,
			"%s is open with quad buffers, which are those of %s",
			kinds[kinds[id].pair].name, kinds[id].name);
	if (options->quad && !kinds[id].quad)
		return set_error(CLYDE_ERROR_INVALID, "%s has no quad buffers",
			kinds[id].name);
	if (options->quad && device->pipes[kinds[id].pair])
		return set_error(CLYDE_ERROR_BUSY,
			"quad buffers for %s take those of %s, which is open",
			kinds[id].name, kinds[kinds[id].pair].name);
	return 0;
}

static int open_pipe(struct clyde_device *device,
	struct clyde_pipe_options options, struct clyde_pipe *pipe)
{
	int result;

	pipe->device = device;
	pipe->alternate = options.quad ? USB_ALT_4X : USB_ALT_2X;
	pipe->depth = options.depth;
	result = engine_new(device->link, kinds[pipe->id].endpoint,
		options.transfer_size, options.depth, options.memory,
		&pipe->engine);
	if (result < 0)
		return set_error(result,
			"no memory for %u transfers of %u bytes", options.depth,
			options.transfer_size);
	result = restart(pipe);
	if (result == 0)
		LOG(device->link, DEBUG,
			"%s opened: %u transfers of %u bytes in flight, %s "
			"buffered",
			pipe_name(pipe), options.depth, options.transfer_size,
			options.quad ? "quad" : "double");
	return result;
}

int pipe_new(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe)
{
	struct clyde_pipe_options chosen = {0};
	struct clyde_pipe *pipe;
	int result;

	if (options)
		chosen = *options;
	result = check_options(device, id, &chosen);
	if (result < 0)
		return result;
	pipe = calloc(1, sizeof(*pipe));
	if (pipe == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	pipe->id = id;
	pipe->object.tree = &device->context->tree;
	result = open_pipe(device, chosen, pipe);
	if (result < 0) {
		pipe_free(pipe);
		return result;
	}
	device->pipes[id] = pipe;
	*ret_pipe = pipe;
	return 0;
}

void pipe_free(struct clyde_pipe *pipe)
{
	if (pipe == NULL)
		return;
	shut(pipe);
	free(pipe);
}

int pipe_make(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe)
{
	struct clyde_pipe *pipe;
	int result = pipe_new(device, id, options, &pipe);

	if (result < 0)
		return result;
	result = object_init(&pipe->object, OBJECT_PIPE, &device->object,
		&device->context->tree, wake, destroy);
	if (result < 0) {
		pipe_free(pipe);
		return result;
	}
	*ret_pipe = object_handle(&pipe->object);
	return 0;
}

CLYDE_API int clyde_pipe_open(struct clyde_device *handle,
	enum clyde_pipe_id id, const struct clyde_pipe_options *options,
	struct clyde_pipe **ret_pipe)
{
	return CALL(device, handle, pipe_make(device, id, options, ret_pipe));
}

CLYDE_API void clyde_pipe_close(struct clyde_pipe *pipe)
{
	object_close(pipe);
}

CLYDE_API clyde_token clyde_pipe_token(const struct clyde_pipe *pipe)
{
	return object_token(pipe);
}

static int cancel(struct clyde_pipe *pipe)
{
	int result = engine_drain(pipe->engine);

	if (result < 0)
		return pipe_failed(pipe, result);
	engine_drop(pipe->engine);
	pipe->acquired = false;
	pipe->breaks += !pipe_is_in(pipe); /* IN: no byte is dropped */
	return 0;
}

CLYDE_API int clyde_pipe_cancel(struct clyde_pipe *handle)
{
	return CALL(pipe, handle, cancel(pipe));
}

static int resume(struct clyde_pipe *pipe)
{
	int result = engine_start(pipe->engine);

	return result < 0 ? pipe_failed(pipe, result) : 0;
}

CLYDE_API int clyde_pipe_resume(struct clyde_pipe *handle)
{
	return CALL(pipe, handle, resume(pipe));
}

static int reset(struct clyde_pipe *pipe)
{
	LOG(pipe->device->link, DEBUG, "%s reset at byte %llu", pipe_name(pipe),
		pipe_position(pipe));
	return restart(pipe);
}

CLYDE_API int clyde_pipe_reset(struct clyde_pipe *handle)
{
	return CALL(pipe, handle, reset(pipe));
}

static int set_idle_flush(struct clyde_pipe *pipe, unsigned idle_ns)
{
	unsigned slot = pipe->id - CLYDE_PIPE_EP6_IN;
	uint16_t cycles = idle_ns / 125 * 6 + idle_ns % 125 * 6 / 125;

	if (!pipe_is_in(pipe) || idle_ns > IDLE_NS_MAX)
		return set_error(CLYDE_ERROR_INVALID,
			"%s: an idle flush of %u ns: IN pipes take 0 to %d",
			pipe_name(pipe), idle_ns, IDLE_NS_MAX);
	return register_write(pipe->device, REG_IDLE_FLUSH + 2 * slot, &cycles,
		sizeof(cycles));
}

CLYDE_API int clyde_pipe_set_idle_flush(
	struct clyde_pipe *handle, unsigned idle_ns)
{
	return CALL(pipe, handle, set_idle_flush(pipe, idle_ns));
}

static int get_offset(const struct clyde_pipe *pipe, uint64_t *ret_offset)
{
	*ret_offset = pipe_position(pipe);
	return 0;
}

CLYDE_API int clyde_pipe_offset(struct clyde_pipe *handle, uint64_t *ret_offset)
{
	return CALL(pipe, handle, get_offset(pipe, ret_offset));
}

static int get_stats(
	struct clyde_pipe *pipe, struct clyde_pipe_stats *ret_stats)
{
	engine_stats(pipe->engine, ret_stats);
	ret_stats->stalls = pipe->stalls;
	ret_stats->wakeups = pipe->wakeups;
	return 0;
}

CLYDE_API int clyde_pipe_stats(
	struct clyde_pipe *handle, struct clyde_pipe_stats *ret_stats)
{
	return CALL(pipe, handle, get_stats(pipe, ret_stats));
}
