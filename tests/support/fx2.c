/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements the FIFO bus of fx2.h, cycle by cycle. */
#include "fx2.h"

#include <inttypes.h>
#include <string.h>

#define FLOATING 0x5a /* FD while neither side drives it. */

unsigned fx2_draw(struct fx2 *fx2, unsigned limit)
{
	fx2->seed ^= fx2->seed << 13;
	fx2->seed ^= fx2->seed >> 17;
	fx2->seed ^= fx2->seed << 5;
	return fx2->seed % limit;
}

static void assert_rule(const struct fx2 *fx2, bool kept, const char *rule)
{
	if (!kept)
		fail_msg("cycle %" PRIu64 ", pipe %u: %s", fx2->cycle,
			fx2->pins.fifoadr, rule);
}

static void count_packet(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	pipe->packets++;
	pipe->cycles = fx2->cycle - pipe->packet_at;
	pipe->packet_at = fx2->cycle;
}

/* SLRD of an empty pipe moves nothing.  If the FPGA took a byte all the same,
   its core's count and check show that. */
static void send_byte(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	if (pipe->used == 0)
		return;
	pipe->moved_at = fx2->cycle;
	if (++pipe->bus % PACKET_SIZE == 0)
		count_packet(fx2, pipe);
	if (++pipe->at < pipe->size[pipe->first])
		return;
	pipe->at = 0;
	pipe->first = (pipe->first + 1) % pipe->buffers;
	pipe->used--;
}

static void receive_byte(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	unsigned open = (pipe->first + pipe->used) % pipe->buffers;

	assert_rule(fx2, pipe->used < pipe->buffers,
		"SLWR, and the flag says full");
	assert_rule(fx2, pipe->at < PACKET_SIZE, "513 bytes and no PKTEND");
	pipe->data[open][pipe->at++] = fx2->pins.fd_o;
	pipe->bus++;
}

/* A packet that is not full must have been requested by a flush, or its idle
   time must be over.  An empty one may come only after a full one that no byte
   followed. */
static void check_short(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	uint64_t since = pipe->from ? pipe->from->moved_at : pipe->offered_at;

	assert_rule(fx2, pipe->at > 0 || pipe->after_full, "an empty packet");
	assert_rule(fx2, !pipe->flowing,
		"a short packet in a stream without a gap");
	if (fx2->cycle >= since + pipe->idle)
		return;
	assert_rule(fx2, pipe->flushes > 0, "a short packet before its time");
	pipe->flushes--;
}

static void commit(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	unsigned open = (pipe->first + pipe->used) % pipe->buffers;

	assert_rule(fx2, pipe->used < pipe->buffers,
		"PKTEND, and the flag says full");
	if (pipe->at == PACKET_SIZE)
		count_packet(fx2, pipe);
	else
		check_short(fx2, pipe);
	pipe->after_full = pipe->at == PACKET_SIZE;
	pipe->size[open] = pipe->at;
	pipe->at = 0;
	pipe->used++;
}

static void strobe(struct fx2 *fx2)
{
	const struct twin_pins *pins = &fx2->pins;
	struct fx2_pipe *pipe = &fx2->pipes[pins->fifoadr];

	if (fifo_is_in(pins->fifoadr)) {
		assert_rule(fx2, pins->slrd, "SLRD of an IN pipe");
		assert_rule(fx2, pins->sloe, "SLOE of an IN pipe");
		if (!pins->slwr)
			receive_byte(fx2, pipe);
		if (!pins->pktend)
			commit(fx2, pipe);
	} else {
		assert_rule(fx2, pins->slwr && pins->pktend,
			"SLWR or PKTEND of an OUT pipe");
		assert_rule(
			fx2, pins->slrd || !pins->sloe, "SLRD without SLOE");
		if (!pins->slrd)
			send_byte(fx2, pipe);
	}
}

static void send_packet(struct fx2 *fx2, struct fx2_pipe *pipe)
{
	unsigned slot = (pipe->first + pipe->used) % pipe->buffers;
	unsigned size = PACKET_SIZE;

	if (pipe->short_packets && fx2_draw(fx2, 4))
		size = 1 + fx2_draw(fx2, fx2_draw(fx2, 2) ? 4 : PACKET_SIZE);
	if (size > pipe->limit - pipe->host)
		size = pipe->limit - pipe->host;
	pipe->bytes(pipe, pipe->data[slot], size);
	pipe->host += size;
	pipe->size[slot] = size;
	pipe->used++;
}

static void receive_packet(struct fx2_pipe *pipe)
{
	unsigned size = pipe->size[pipe->first];

	pipe->bytes(pipe, pipe->data[pipe->first], size);
	pipe->host += size;
	pipe->first = (pipe->first + 1) % pipe->buffers;
	pipe->used--;
}

/* The host pauses at random, and sometimes for long. */
static void act(struct fx2 *fx2, unsigned index)
{
	struct fx2_pipe *pipe = &fx2->pipes[index];

	if (!pipe->running || fx2->cycle < pipe->next)
		return;
	if (fifo_is_in(index)) {
		if (pipe->used == 0)
			return;
		receive_packet(pipe);
	} else {
		if (pipe->used == pipe->buffers || pipe->host == pipe->limit)
			return;
		send_packet(fx2, pipe);
	}
	if (pipe->stall)
		pipe->next = fx2->cycle + 1 +
			fx2_draw(fx2,
				1 + pipe->stall / (fx2_draw(fx2, 8) ? 16 : 1));
}

static bool flag(const struct fx2_pipe *pipe, unsigned index)
{
	return fifo_is_in(index) ? pipe->used < pipe->buffers : pipe->used > 0;
}

static uint8_t head_byte(const struct fx2 *fx2)
{
	const struct fx2_pipe *pipe = &fx2->pipes[fx2->pins.fifoadr];

	return fx2->pins.sloe ? FLOATING : pipe->data[pipe->first][pipe->at];
}

/* What the FPGA does not drive is not compared. */
static void assert_shadow_equals(const struct fx2 *fx2, struct twin_pins pins)
{
	struct twin_pins own = fx2->pins;

	own.fd_o &= own.fd_oe;
	pins.fd_o &= pins.fd_oe;
	own.port_o &= own.port_oe;
	pins.port_o &= pins.port_oe;
#define COMPARE(pin)                                                        \
	if (own.pin != pins.pin)                                            \
	fail_msg("cycle %" PRIu64 ": " #pin " is %#x, the shadow's is %#x", \
		fx2->cycle, own.pin, pins.pin)
	COMPARE(fifoadr);
	COMPARE(sloe);
	COMPARE(slrd);
	COMPARE(slwr);
	COMPARE(pktend);
	COMPARE(fd_oe);
	COMPARE(fd_o);
	COMPARE(sda_low);
	COMPARE(alert_low);
	COMPARE(port_oe);
	COMPARE(port_o);
#undef COMPARE
}

/* Runs one cycle of the FPGA, and of its shadow. */
static void cycle(struct fx2 *fx2)
{
	struct twin_pins pins = fx2->pins;

	for (unsigned i = 0; i < 2; i++) {
		fx2->module->edge(fx2->logic, i == 0, &fx2->pins);
		if (fx2->shadow == NULL)
			continue;
		fx2->shadow->edge(fx2->shadow_logic, i == 0, &pins);
		assert_shadow_equals(fx2, pins);
	}
}

void fx2_step(struct fx2 *fx2)
{
	struct twin_pins *pins = &fx2->pins;

	fx2->cycle++;
	strobe(fx2);
	pins->flag = 0;
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		act(fx2, i);
		pins->flag |= flag(&fx2->pipes[i], i) << i;
	}
	pins->fd_i = head_byte(fx2);
	pins->port_i ^= fx2->toggle;
	cycle(fx2);
}

void fx2_run(struct fx2 *fx2, uint64_t cycles)
{
	while (cycles-- > 0)
		fx2_step(fx2);
}

void fx2_forget(struct fx2 *fx2, unsigned index)
{
	struct fx2_pipe *pipe = &fx2->pipes[index];

	pipe->host = pipe->bus = pipe->packets = pipe->packet_at = 0;
	pipe->moved_at = fx2->cycle;
	pipe->first = pipe->used = pipe->at = 0;
	pipe->after_full = false;
	pipe->flushes = 0;
	pipe->next = 0;
}

void fx2_open(struct fx2 *fx2, unsigned seed)
{
	const char *why;

	memset(fx2, 0, sizeof(*fx2));
	fx2->seed = seed * 2654435761u + 1;
	fx2->module = twin_module(&why);
	assert_non_null(fx2->module);
	fx2->logic = fx2->module->power_up(NULL);
	assert_non_null(fx2->logic);
	fx2->pins = (struct twin_pins){.scl = 1,
		.sda = 1,
		.sloe = 1,
		.slrd = 1,
		.slwr = 1,
		.pktend = 1};
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		fx2->pipes[i].buffers = BUFFERS_MAX;
		fx2->pipes[i].limit = UINT64_MAX;
	}
}

void fx2_close(struct fx2 *fx2)
{
	fx2->module->power_down(fx2->logic);
	if (fx2->shadow)
		fx2->shadow->power_down(fx2->shadow_logic);
}

void fx2_add_shadow(struct fx2 *fx2, const struct twin_module *shadow)
{
	fx2->shadow = shadow;
	fx2->shadow_logic = shadow->power_up(NULL);
	assert_non_null(fx2->shadow_logic);
}
