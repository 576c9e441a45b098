/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

#include "probe-rig.h"

#include <string.h>

struct core_rig rig;
struct probe_target target;
struct pin_state pins[HALVES];

/* ---- The target ------------------------------------------------------- */

static const enum tap_state next_state[16][2] = {
	[RESET] = {IDLE, RESET},
	[IDLE] = {IDLE, SELECT_DR},
	[SELECT_DR] = {CAPTURE_DR, SELECT_IR},
	[CAPTURE_DR] = {SHIFT_DR, EXIT1_DR},
	[SHIFT_DR] = {SHIFT_DR, EXIT1_DR},
	[EXIT1_DR] = {PAUSE_DR, UPDATE_DR},
	[PAUSE_DR] = {PAUSE_DR, EXIT2_DR},
	[EXIT2_DR] = {SHIFT_DR, UPDATE_DR},
	[UPDATE_DR] = {IDLE, SELECT_DR},
	[SELECT_IR] = {CAPTURE_IR, RESET},
	[CAPTURE_IR] = {SHIFT_IR, EXIT1_IR},
	[SHIFT_IR] = {SHIFT_IR, EXIT1_IR},
	[EXIT1_IR] = {PAUSE_IR, UPDATE_IR},
	[PAUSE_IR] = {PAUSE_IR, EXIT2_IR},
	[EXIT2_IR] = {SHIFT_IR, UPDATE_IR},
	[UPDATE_IR] = {IDLE, SELECT_DR},
};

bool bit_of(const uint8_t *bytes, unsigned at)
{
	return bytes[at / 8] >> at % 8 & 1;
}

static void capture(void)
{
	switch (target.state) {
	case CAPTURE_DR:
		target.captures++;
		target.dr = target.status[target.captures >= target.ready];
		break;
	case CAPTURE_IR:
		target.ir = 0x15;
		break;
	case UPDATE_DR:
		target.updated_dr = target.dr;
		break;
	case UPDATE_IR:
		target.updated_ir = target.ir;
		break;
	default:
		break;
	}
}

static void rise(uint8_t outputs)
{
	bool tms = outputs & TMS, tdi = outputs & TDI;
	unsigned at = target.clocks++ % sizeof(target.tms);

	target.tms[at] = tms;
	target.tdi[at] = tdi;
	target.idles += target.state == IDLE && !tms;
	if (target.state == SHIFT_DR)
		target.dr = target.dr >> 1 | (uint64_t)tdi << (DR_SIZE - 1);
	if (target.state == SHIFT_IR)
		target.ir = target.ir >> 1 | (uint64_t)tdi << (IR_SIZE - 1);
	target.state = next_state[target.state][tms];
	capture();
}

/* TDO after a falling edge; outside of a shift it is pulled up. */
static bool next_tdo(void)
{
	if (target.stream)
		return bit_of(target.answer,
			target.answered++ % (8 * sizeof(target.answer)));
	return target.state == SHIFT_DR    ? target.dr & 1
		: target.state == SHIFT_IR ? target.ir & 1
					   : true;
}

bool has_edge(uint64_t half, uint8_t output, bool rising)
{
	bool now = pins[half].outputs & output;
	bool before = pins[half - 1].outputs & output;

	return now != before && now == rising;
}

/* The target's part of a half cycle: the pins of the core are known. */
static void run_target(uint64_t half)
{
	uint8_t *next = &target.next[half % ARRAY_SIZE(target.next)];
	uint8_t changes = pins[half].outputs ^ pins[half - 1].outputs;

	if (has_edge(half, TCK, true))
		rise(pins[half].outputs);
	/* The lines only change while TCK is low. */
	if (changes & (TMS | TDI))
		assert_false(pins[half].outputs & TCK);
	if (has_edge(half, TCK, false))
		target.next[(half + target.latency) % ARRAY_SIZE(target.next)] =
			2 | next_tdo();
	if (*next)
		target.tdo = *next & 1;
	*next = 0;
	pins[half].inputs = target.side | target.tdo << PROBE_INPUT_TDO;
}

/* ---- The core --------------------------------------------------------- */

int set_up(void **state)
{
	(void)state;
	memset(&target, 0, sizeof(target));
	target.status[0] = target.status[1] = IDCODE;
	core_rig_open(&rig, &core_probe_ops);
	core_rig_run(&rig, 10);
	for (unsigned half = 0; half < 2 * (10 + OUT_CYCLES); half++)
		pins[half] = (struct pin_state){rig.core->outputs, 0};
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	core_rig_close(&rig);
	return 0;
}

/* One cycle of the core, and the half cycles at the pins that follow from
   it. */
void cycle(void)
{
	uint64_t half = 2 * (rig.cycle + 1 + OUT_CYCLES), seen;

	core_rig_run(&rig, rig.cycle + 1);
	assert_true(half + 1 < HALVES);
	assert_int_equal(rig.core->enables, (1 << PROBE_OUTPUT_COUNT) - 1);
	pins[half].outputs = rig.core->outputs;
	run_target(half);
	pins[half + 1].outputs =
		rig.core->outputs ^ (rig.core->turns ? TCK : 0);
	run_target(half + 1);
	seen = 2 * (rig.cycle - 2) - !rig.core->late;
	core_rig_input(&rig, pins[seen].inputs);
}

void run(unsigned cycles)
{
	while (cycles-- > 0)
		cycle();
}

unsigned status(void)
{
	return core_rig_get(&rig, REG_PROBE_STATUS - CORE_BASE_PROBE);
}

unsigned run_all(void)
{
	uint64_t start = rig.cycle;

	do
		cycle();
	while (rig.out.level || (status() & PROBE_BUSY));
	return rig.cycle - start;
}

/* ---- Commands --------------------------------------------------------- */

void put(const void *bytes, unsigned size)
{
	assert_true(core_fifo_room(&rig.out) >= size);
	core_fifo_put(&rig.out, bytes, size);
}

void configure(uint16_t period, unsigned delay)
{
	PUT(PROBE_CONFIG, period, period >> 8,
		delay << PROBE_SAMPLE_DELAY_SHIFT);
}

void shift(uint8_t flags, unsigned bits)
{
	PUT(PROBE_SHIFT | flags, bits, bits >> 8, bits >> 16);
}

void vector(uint8_t flags, unsigned bits)
{
	PUT(PROBE_VECTOR | flags, bits, bits >> 8, bits >> 16);
}

void clocks(uint8_t flags, unsigned count)
{
	PUT(PROBE_RUN | flags, count, count >> 8, count >> 16, count >> 24);
}

void tms(unsigned count, uint8_t bits)
{
	PUT(PROBE_TMS | (count - 1), bits);
}

void wait_us(uint8_t opcode, uint32_t us)
{
	PUT(opcode, us, us >> 8, us >> 16, us >> 24);
}

void poll_scan(uint8_t flags, const struct probe_poll *poll)
{
	PUT(PROBE_POLL | flags);
	put(poll, sizeof(*poll));
}

unsigned replies(uint8_t *bytes)
{
	unsigned size = rig.in.level;

	core_fifo_get(&rig.in, bytes, size);
	return size;
}

struct stream_barrier barrier(void)
{
	struct stream_barrier reply;
	uint8_t bytes[CORE_FIFO_SIZE];
	unsigned size;

	PUT(STREAM_BARRIER, 0x5a);
	run_all();
	size = replies(bytes);
	assert_true(size >= sizeof(reply));
	memcpy(&reply, bytes + size - sizeof(reply), sizeof(reply));
	assert_int_equal(reply.tag, 0x5a);
	return reply;
}

void fill(uint8_t *bytes, unsigned size, unsigned seed)
{
	while (size-- > 0) {
		seed = seed * 1103515245 + 12345;
		*bytes++ = seed >> 16;
	}
}
