/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the SPI core alone, to the half cycle, with a chip behind
   the delays of the pin multiplexer. */
#include "tests/support/core-test.h"

#include <string.h>

#include "wire/core-spi.h"

#define OUT_CYCLES 3 /* From the core to a pin, as virtual/fpga/mux.h says. */
#define HALVES     (1 << 20)

#define SCK     (1 << SPI_OUTPUT_SCK)
#define IO(n)   (1 << (SPI_OUTPUT_IO0 + (n)))
#define CS(n)   (1 << (SPI_OUTPUT_CS0 + (n)))
#define ALL_IO  (0xf << SPI_OUTPUT_IO0)
#define ALL_CS  (0xf << SPI_OUTPUT_CS0)
#define SIDE(n) (1 << (SPI_OUTPUT_SIDE0 + (n)))

static struct core_rig rig;

/* The pins in each half cycle: outputs and enables of the core, and levels of
   the inputs. */
static struct pin_state {
	uint16_t outputs, enables;
	uint8_t inputs;
} pins[HALVES];

/* The chip takes a bit at one edge of SCK and gives one at the other. */
static struct {
	uint8_t mode, lanes;
	unsigned latency; /* From the edge to the bit, in half cycles. */
	uint8_t io;       /* Levels that it drives, or else what is pulled. */
	uint8_t side;
	uint8_t answer[4096];
	unsigned answered; /* Bits. */
	uint8_t heard[4096];
	unsigned bits; /* That were heard. */
	uint8_t next[64];
	unsigned selections;
	bool realigns; /* Each selection answers the next two bytes. */
} chip;

static int set_up(void **state)
{
	(void)state;
	memset(&chip, 0, sizeof(chip));
	core_rig_open(&rig, &core_spi_ops);
	core_rig_run(&rig, 10);
	for (unsigned half = 0; half < 2 * (10 + OUT_CYCLES); half++)
		pins[half] = (struct pin_state){
			rig.core->outputs, rig.core->enables, 0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_rig_close(&rig);
	return 0;
}

static unsigned lanes_of(uint8_t lanes)
{
	return lanes == SPI_FOUR ? 4 : lanes == SPI_TWO ? 2 : 1;
}

/* The IO lines of the next bits, without those of a lane that is an output. */
static uint8_t next_bits(void)
{
	unsigned count = lanes_of(chip.lanes);
	unsigned at = chip.answered, value = 0;

	for (unsigned i = 0; i < count; i++, at++)
		value = value << 1 |
			(chip.answer[at / 8 % sizeof(chip.answer)] >>
					(7 - at % 8) &
				1);
	chip.answered = at;
	return chip.lanes == SPI_ONE ? value << 1 : value;
}

static void hear(const struct pin_state *now)
{
	unsigned count = lanes_of(chip.lanes);
	unsigned value = now->outputs >> SPI_OUTPUT_IO0;

	for (unsigned i = count; i-- > 0; chip.bits++)
		chip.heard[chip.bits / 8 % sizeof(chip.heard)] =
			chip.heard[chip.bits / 8 % sizeof(chip.heard)] << 1 |
			(value >> i & 1);
}

/* Whether SCK has an edge at this half cycle, and which. */
static bool has_edge(unsigned half, bool rising)
{
	bool now = pins[half].outputs & SCK;
	bool before = pins[half - 1].outputs & SCK;

	return now != before && now == rising;
}

/* The chip's part of a half cycle: the pins of the core are known. */
static void run_chip(unsigned half)
{
	struct pin_state *now = &pins[half];
	bool cpol = chip.mode & SPI_CPOL, cpha = chip.mode & SPI_CPHA;
	bool selected = !(now->outputs & CS(0));
	bool was = !(pins[half - 1].outputs & CS(0));
	bool launches = selected && has_edge(half, cpol != cpha);

	if (chip.realigns && selected && !was)
		chip.answered = 16 * chip.selections;
	chip.selections += selected && !was;
	if (!cpha && selected && !was)
		launches = true;
	if (selected && has_edge(half, cpol == cpha))
		hear(now);
	if (launches)
		chip.next[(half + chip.latency) % 64] = 0x80 | next_bits();
	if (chip.next[half % 64])
		chip.io = chip.next[half % 64] & 0xf;
	chip.next[half % 64] = 0;
	now->inputs = chip.io | chip.side;
}

/* One cycle of the core, and the half cycles at the pins that follow from
   it. */
static void cycle(void)
{
	uint64_t half = 2 * (rig.cycle + 1 + OUT_CYCLES);
	struct pin_state out;
	uint64_t seen;

	core_rig_run(&rig, rig.cycle + 1);
	out = (struct pin_state){rig.core->outputs, rig.core->enables, 0};
	assert_true(half + 1 < HALVES);
	pins[half] = out;
	run_chip(half);
	out.outputs ^= rig.core->turns ? SCK : 0;
	pins[half + 1] = out;
	run_chip(half + 1);
	seen = 2 * (rig.cycle - 2) - !rig.core->late;
	core_rig_input(&rig, pins[seen].inputs);
}

static void run(unsigned cycles)
{
	while (cycles-- > 0)
		cycle();
}

/* Runs until no command is left, and returns the cycles. */
static unsigned run_all(void)
{
	uint64_t start = rig.cycle;

	do
		cycle();
	while (rig.out.level ||
		(core_rig_get(&rig, REG_SPI_STATUS - CORE_BASE_SPI) &
			SPI_BUSY));
	return rig.cycle - start;
}

/* ---- Commands --------------------------------------------------------- */

static void put(const void *bytes, unsigned size)
{
	assert_true(core_fifo_room(&rig.out) >= size);
	core_fifo_put(&rig.out, bytes, size);
}

#define PUT(...) put((uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void configure(uint16_t period, uint8_t mode, unsigned delay)
{
	PUT(SPI_CONFIG, period, period >> 8,
		mode | delay << SPI_SAMPLE_DELAY_SHIFT);
	chip.mode = mode;
}

static void transfer(uint8_t flags, unsigned size)
{
	PUT(SPI_TRANSFER | flags, size, size >> 8, size >> 16);
	chip.lanes = flags & 3;
}

static void wait_us(uint8_t opcode, uint32_t us)
{
	PUT(opcode, us, us >> 8, us >> 16, us >> 24);
}

static void poll(uint8_t flags, uint32_t limit, uint8_t mask, uint8_t value)
{
	wait_us(SPI_POLL | flags, limit);
	PUT(mask, value, 0x05);
	chip.lanes = flags & 3;
}

static unsigned replies(uint8_t *bytes)
{
	unsigned size = rig.in.level;

	core_fifo_get(&rig.in, bytes, size);
	return size;
}

static struct stream_barrier barrier(void)
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

/* Random bytes, for the chip's answer too. */
static void fill(uint8_t *bytes, unsigned size, unsigned seed)
{
	while (size-- > 0) {
		seed = seed * 1103515245 + 12345;
		*bytes++ = seed >> 16;
	}
}

/* ---- Data ------------------------------------------------------------- */

static const uint8_t all_lanes[] = {SPI_ONE, SPI_TWO, SPI_FOUR, SPI_THREE_WIRE};
static const uint16_t some_periods[] = {1, 2, 3, 4, 7, 20};

static void send_in_mode(uint16_t period, uint8_t mode, uint8_t lanes)
{
	uint8_t data[32];

	chip.bits = 0;
	fill(data, sizeof(data), period * 64 + mode * 4 + lanes);
	configure(period, mode, 0);
	PUT(SPI_SELECT);
	transfer(lanes | SPI_OUT, sizeof(data));
	put(data, sizeof(data));
	PUT(SPI_DESELECT);
	run_all();
	assert_int_equal(chip.bits, 8 * sizeof(data));
	assert_memory_equal(chip.heard, data, sizeof(data));
}

static void bytes_are_sent_in_every_mode_on_all_lanes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (uint8_t mode = 0; mode < 4; mode++)
			for (unsigned lanes = 0; lanes < 4; lanes++)
				send_in_mode(some_periods[i], mode,
					all_lanes[lanes]);
	assert_int_equal(barrier().code, STREAM_OK);
}

/* Whether the bytes of a chip are received.  The first bit that the chip gives
   in the modes without SPI_CPHA is that of its selection. */
static bool receive_in_mode(
	uint16_t period, uint8_t mode, uint8_t lanes, unsigned delay)
{
	uint8_t came[CORE_FIFO_SIZE], sent[16];

	fill(sent, sizeof(sent), period * 64 + mode * 4 + lanes);
	memcpy(chip.answer, sent, sizeof(sent));
	chip.answered = 0;
	configure(period, mode, delay);
	PUT(SPI_SELECT);
	transfer(lanes | SPI_IN, sizeof(sent));
	PUT(SPI_DESELECT);
	run_all();
	assert_int_equal(replies(came), sizeof(sent));
	return memcmp(came, sent, sizeof(sent)) == 0;
}

/* The bit is at the pin from the chip's latency after one edge on, for a
   period; the sample is taken half a period and the delay after that edge, and
   sees what was there just before. */
static void a_sample_is_taken_at_its_half_cycle(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned delay = 0; delay < 8; delay++)
			for (unsigned latency = 0; latency < 40; latency++) {
				uint16_t period = some_periods[i];
				unsigned taken = period + delay;

				chip.latency = latency;
				assert_int_equal(receive_in_mode(period, 3,
							 SPI_FOUR, delay),
					taken > latency &&
						taken <= latency + 2 * period);
			}
}

static void bytes_are_received_in_every_mode_on_all_lanes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (uint8_t mode = 0; mode < 4; mode++)
			for (unsigned lanes = 0; lanes < 4; lanes++) {
				/* 20.8 ns, as a flash chip behind two level
				   shifters. */
				chip.latency = 2;
				assert_true(receive_in_mode(some_periods[i],
					mode, all_lanes[lanes],
					some_periods[i] < 2 ? 2 : 1));
			}
}

static void one_lane_sends_and_receives_at_once(void **state)
{
	uint8_t data[64], came[CORE_FIFO_SIZE];

	(void)state;
	fill(data, sizeof(data), 1);
	fill(chip.answer, sizeof(data), 2);
	configure(2, 0, 0);
	PUT(SPI_SELECT);
	transfer(SPI_OUT | SPI_IN, sizeof(data));
	put(data, sizeof(data));
	run_all();
	assert_int_equal(replies(came), sizeof(data));
	assert_memory_equal(came, chip.answer, sizeof(data));
	assert_memory_equal(chip.heard, data, sizeof(data));
}

static void any_number_of_bits_is_sent_and_received(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	configure(3, 0, 0);
	for (unsigned bits = 1; bits <= 8; bits++) {
		chip.bits = chip.answered = 0;
		memset(chip.heard, 0, 1);
		chip.answer[0] = 0x96;
		chip.lanes = SPI_ONE;
		PUT(SPI_SELECT, SPI_BITS | SPI_OUT | SPI_IN, bits, 0xb5,
			SPI_DESELECT);
		run_all();
		assert_int_equal(chip.bits, bits);
		assert_int_equal(chip.heard[0], 0xb5 >> (8 - bits));
		assert_int_equal(replies(came), 1);
		assert_int_equal(came[0], 0x96 >> (8 - bits));
	}
}

/* ---- Clock ------------------------------------------------------------ */

/* Half cycles between the edges of SCK, from the first one in `from` on. */
static unsigned gaps(uint64_t from, uint32_t *gap, unsigned most)
{
	unsigned count = 0;
	uint64_t last = 0;

	for (uint64_t half = from; half < 2 * rig.cycle; half++) {
		if (!has_edge(half, true) && !has_edge(half, false))
			continue;
		if (last && count < most)
			gap[count++] = half - last;
		last = half;
	}
	return count;
}

/* All halves of so many clocks since then are equal. */
static void assert_even(uint64_t from, unsigned clocks, unsigned period)
{
	static uint32_t gap[1024];

	run(OUT_CYCLES + 1);
	assert_int_equal(gaps(from, gap, 1024), 2 * clocks - 1);
	for (unsigned n = 0; n < 2 * clocks - 1; n++)
		assert_int_equal(gap[n], period);
}

static void there_are_no_gaps_between_bytes_and_both_halves_are_equal(
	void **state)
{
	uint8_t data[32] = {0};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned lanes = 0; lanes < 3; lanes++) {
			uint64_t from = 2 * rig.cycle;

			configure(some_periods[i], 0, 0);
			transfer(lanes | SPI_IN, 8);
			run_all();
			rig.in.level = 0;
			assert_even(
				from, 64 / lanes_of(lanes), some_periods[i]);
			from = 2 * rig.cycle;
			transfer(lanes | SPI_OUT, sizeof(data));
			put(data, sizeof(data));
			run_all();
			assert_even(from, 8 * sizeof(data) / lanes_of(lanes),
				some_periods[i]);
		}
}

static void the_slowest_clock_is_exact(void **state)
{
	uint64_t from = 2 * rig.cycle;

	(void)state;
	configure(SPI_PERIOD_MAX, 0, 0);
	PUT(SPI_DUMMY, 2, 0);
	run_all();
	assert_even(from, 2, SPI_PERIOD_MAX);
}

/* Without data, and without room, the clock stops between two bytes, and no
   line changes. */
static void a_stream_that_runs_dry_holds_all_lines(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];
	uint16_t outputs, enables;

	(void)state;
	configure(1, 3, 2);
	PUT(SPI_SELECT | 2);
	transfer(SPI_OUT | SPI_TWO, 4);
	PUT(0x12, 0x34);
	run(100);
	outputs = rig.core->outputs;
	enables = rig.core->enables;
	assert_int_equal(enables & ALL_IO, IO(0) | IO(1));
	for (unsigned i = 0; i < 1000; i++) {
		cycle();
		assert_int_equal(rig.core->outputs, outputs);
		assert_int_equal(rig.core->enables, enables);
		assert_false(rig.core->turns);
	}
	PUT(0x56, 0x78);
	run_all();
	assert_int_equal(barrier().index, 3);
	assert_int_equal(replies(came), 0);
}

static void no_byte_is_lost_without_room(void **state)
{
	uint8_t came[2 * CORE_FIFO_SIZE], sent[2 * CORE_FIFO_SIZE];

	(void)state;
	for (unsigned delay = 2; delay < 4; delay++) {
		chip.answered = 0;
		chip.latency = 2;
		fill(sent, sizeof(sent), delay);
		memcpy(chip.answer, sent, sizeof(sent));
		configure(1, 3, delay);
		PUT(SPI_SELECT);
		transfer(SPI_IN | SPI_FOUR, sizeof(sent));
		run(4000);
		assert_in_range(rig.in.level, CORE_FIFO_SIZE - CORE_ROOM, 511);
		core_fifo_get(&rig.in, came, 40);
		for (unsigned had = 40; had < sizeof(came);) {
			run(4000);
			had += replies(came + had);
		}
		assert_memory_equal(came, sent, sizeof(sent));
		PUT(SPI_DESELECT);
		run_all();
	}
}

/* ---- Lines ------------------------------------------------------------ */

static void lines_are_released_as_the_header_says(void **state)
{
	static const struct {
		uint8_t opcode;
		uint16_t driven;
	} cases[] = {
		{SPI_TRANSFER | SPI_OUT, IO(0)},
		{SPI_TRANSFER | SPI_IN, IO(0)},
		{SPI_TRANSFER | SPI_OUT | SPI_IN, IO(0)},
		{SPI_TRANSFER, 0},
		{SPI_TRANSFER | SPI_TWO | SPI_OUT, IO(0) | IO(1)},
		{SPI_TRANSFER | SPI_TWO | SPI_IN, 0},
		{SPI_TRANSFER | SPI_FOUR | SPI_OUT, ALL_IO},
		{SPI_TRANSFER | SPI_FOUR | SPI_IN, 0},
		{SPI_TRANSFER | SPI_FOUR, 0},
		{SPI_TRANSFER | SPI_THREE_WIRE | SPI_OUT, IO(0)},
		{SPI_TRANSFER | SPI_THREE_WIRE | SPI_IN, 0},
	};

	(void)state;
	configure(1, 0, 0);
	assert_int_equal(rig.core->enables & ALL_IO, 0);
	for (unsigned fixed = 0; fixed < 4; fixed++)
		for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
			uint8_t lanes = cases[i].opcode & 3;
			uint16_t driven = cases[i].driven;

			PUT(STREAM_PINS, fixed << 6 | SPI_IO2_HIGH);
			transfer(cases[i].opcode & 0xf, 1);
			if (cases[i].opcode & SPI_OUT)
				PUT(0x55);
			run_all();
			if (lanes != SPI_FOUR)
				driven |= (fixed & 1 ? IO(2) : 0) |
					(fixed & 2 ? IO(3) : 0);
			assert_int_equal(rig.core->enables & ALL_IO, driven);
			if (lanes != SPI_FOUR)
				assert_int_equal(
					rig.core->outputs & (IO(2) | IO(3)),
					IO(2));
			/* An IO0 that is not an output sends ones. */
			if (cases[i].opcode == (SPI_TRANSFER | SPI_IN))
				assert_true(rig.core->outputs & IO(0));
			assert_int_equal(barrier().code, STREAM_OK);
		}
}

static void side_pins_have_the_levels_of_the_last_command(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels-- > 0;) {
		assert_int_equal(rig.core->outputs >> SPI_OUTPUT_SIDE0,
			levels < 3 ? levels + 1 : 3);
		PUT(STREAM_PINS, levels);
		run_all();
		assert_int_equal(rig.core->outputs >> SPI_OUTPUT_SIDE0, levels);
	}
}

/* The half cycle in which an output next changes. */
static uint64_t change_of(uint16_t output, uint64_t from)
{
	while ((pins[from].outputs & output) ==
		(pins[from - 1].outputs & output)) {
		from++;
		assert_true(from < 2 * rig.cycle);
	}
	return from;
}

static void a_chip_select_keeps_its_distance_from_the_clock(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (uint8_t mode = 0; mode < 4; mode++) {
			unsigned period = some_periods[i];
			uint64_t start, down, first, sample, up, again;

			configure(period, mode, 0);
			run_all();
			run(OUT_CYCLES + 1);
			start = 2 * rig.cycle + 1;
			PUT(SPI_SELECT | 1, SPI_DUMMY, 1, 0, SPI_DESELECT,
				SPI_SELECT | 1, SPI_DESELECT);
			run_all();
			run(10 + period);
			down = change_of(CS(1), start);
			first = change_of(SCK, start);
			sample = mode & SPI_CPHA ? change_of(SCK, first + 1)
						 : first;
			up = change_of(CS(1), down + 1);
			again = change_of(CS(1), up + 1);
			assert_true(first - down >= 4 * period);
			assert_true(up - sample >= period);
			assert_true(again - up >= 4 * period);
			assert_true(again - up >= 8); /* 83 ns */
		}
}

static void one_chip_is_selected_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		PUT(SPI_SELECT | i);
		run_all();
		assert_int_equal(rig.core->outputs & ALL_CS,
			ALL_CS & ~(i < 4 ? CS(i) : 0));
	}
}

/* ---- Waits and failures ------------------------------------------------ */

static void a_delay_takes_its_time(void **state)
{
	static const uint32_t times[] = {0, 1, 2, 50, 300};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
		wait_us(STREAM_DELAY, times[i]);
		assert_int_equal(run_all(), 48 * times[i] + 6);
	}
}

static void a_wait_for_a_pin_ends_with_its_level_or_its_limit(void **state)
{
	struct stream_barrier reply;

	(void)state;
	for (unsigned pin = 0; pin < SPI_INPUT_COUNT; pin++) {
		chip.side = 0;
		run(10);
		wait_us(STREAM_WAIT_PIN, 1000);
		PUT(pin | STREAM_HIGH);
		run(5000);
		assert_int_equal(rig.out.level, 0);
		chip.side = 1 << pin;
		assert_in_range(run_all(), 1, 12);
		wait_us(STREAM_WAIT_PIN, 1000);
		PUT(pin | STREAM_HIGH);
		assert_in_range(run_all(), 1, 12);
		wait_us(STREAM_WAIT_PIN, 20);
		PUT(pin);
		assert_in_range(run_all(), 20 * 48, 20 * 48 + 12);
		reply = barrier();
		assert_int_equal(reply.code, STREAM_TIMEOUT);
		assert_int_equal(reply.index, 2);
	}
}

static void a_poll_repeats_its_command_until_the_answer_fits(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	for (unsigned lanes = 0; lanes < 3; lanes++) {
		memset(&chip, 0, sizeof(chip));
		memset(chip.answer, 0x81, 40);
		chip.answer[11] = 0x82;
		chip.realigns = true;
		chip.latency = 1;
		configure(1, 0, 1);
		poll(lanes, 1000, 0x03, 0x02);
		run_all();
		assert_int_equal(replies(came), 1);
		assert_int_equal(came[0], 0x82);
		assert_int_equal(rig.core->outputs & ALL_CS, ALL_CS);
		assert_int_equal(chip.bits, 6 * 16);
		for (unsigned i = 0; i < 12; i += 2)
			assert_int_equal(chip.heard[i], 0x05);
		assert_int_equal(barrier().code, STREAM_OK);
	}
}

static void a_held_poll_only_receives(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	chip.mode = SPI_CPHA;
	memset(chip.answer, 0xff, 9);
	chip.answer[9] = 0x7f;
	configure(2, SPI_CPHA, 1);
	PUT(SPI_SELECT);
	poll(SPI_HELD, 1000, 0x80, 0);
	run_all();
	assert_int_equal(replies(came), 1);
	assert_int_equal(came[0], 0x7f);
	assert_int_equal(chip.bits, 80);
	assert_int_equal(rig.core->outputs & ALL_CS, ALL_CS & ~CS(0));
}

static void a_failure_skips_all_up_to_the_barrier(void **state)
{
	static const uint8_t filler[8] = {STREAM_FILLER, STREAM_FILLER,
		STREAM_FILLER, STREAM_FILLER, STREAM_FILLER, STREAM_FILLER,
		STREAM_FILLER, STREAM_FILLER};
	uint8_t came[CORE_FIFO_SIZE];
	struct stream_barrier reply;
	uint16_t outputs;
	unsigned size;

	(void)state;
	configure(2, 0, 1);
	PUT(SPI_SELECT, SPI_DESELECT);
	poll(0, 3, 1, 1);
	run_all();
	assert_int_equal(replies(came), 1);
	assert_int_equal(came[0], 0);
	outputs = rig.core->outputs;
	PUT(STREAM_PINS, 0, SPI_SELECT | 1);
	transfer(SPI_OUT, 3);
	PUT(STREAM_BARRIER, 2, STREAM_BARRIER);
	transfer(SPI_IN | SPI_FOUR, 4);
	transfer(SPI_IN | SPI_OUT, 2);
	PUT(1, 2, SPI_BITS | SPI_IN, 3, SPI_DUMMY, 0xff, 0xff, STREAM_NOP);
	wait_us(STREAM_DELAY, 1000000);
	poll(SPI_HELD, 1000000, 1, 1);
	configure(1, 3, 0);
	assert_in_range(run_all(), 40, 100);
	assert_int_equal(rig.core->outputs, outputs);
	size = replies(came);
	assert_int_equal(size, 8);
	assert_memory_equal(came, filler, 8);
	reply = barrier();
	assert_int_equal(reply.code, STREAM_TIMEOUT);
	assert_int_equal(reply.index, 3);
	/* As before the failure: the settings are those of then. */
	reply = barrier();
	assert_int_equal(reply.code, STREAM_OK);
	assert_int_equal(reply.index, 0);
}

static void an_unknown_opcode_ends_the_stream_until_a_reset(void **state)
{
	static const uint8_t opcodes[] = {0x05, 0x0f, 0x70, 0x80, 0x91, 0xff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
		PUT(opcodes[i], STREAM_BARRIER, 1, SPI_SELECT);
		run(100);
		assert_int_equal(rig.out.level, 0);
		assert_int_equal(rig.in.level, 0);
		assert_int_equal(rig.core->outputs & ALL_CS, ALL_CS);
		assert_int_equal(
			core_rig_get(&rig, REG_SPI_STATUS - CORE_BASE_SPI) & 7,
			SPI_BUSY | SPI_STREAM_LOST);
		core_rig_reset(&rig);
		assert_int_equal(barrier().index, 0);
	}
}

static void a_packet_is_closed_behind_a_barrier_and_when_all_is_done(
	void **state)
{
	(void)state;
	configure(1, 0, 0);
	PUT(STREAM_BARRIER, 1, STREAM_NOP, STREAM_BARRIER, 2);
	for (unsigned flushes = 0; flushes < 2;) {
		cycle();
		if (rig.core->flush)
			assert_int_equal(rig.in.level, 4 * ++flushes);
		rig.core->flush = false;
	}
	transfer(SPI_IN, 5);
	PUT(STREAM_NOP);
	transfer(SPI_IN, 3);
	while (!rig.core->flush)
		cycle();
	assert_int_equal(rig.in.level, 16);
	assert_int_equal(rig.out.level, 0);
	rig.core->flush = false;
	run(100);
	assert_false(rig.core->flush);
}

static void a_pipe_reset_lets_go_of_everything(void **state)
{
	(void)state;
	configure(7, 3, 3);
	PUT(STREAM_PINS, 0xc0, SPI_SELECT | 3);
	transfer(SPI_OUT | SPI_FOUR, 1000);
	PUT(1, 2, 3);
	run(300);
	rig.out.level = 0;
	core_rig_reset(&rig);
	assert_int_equal(rig.core->outputs & ALL_CS, ALL_CS);
	assert_int_equal(rig.core->enables & ALL_IO, 0);
	assert_int_equal(rig.core->outputs & (SCK | SIDE(0) | SIDE(1)),
		SIDE(0) | SIDE(1));
	core_rig_run(&rig, rig.cycle + 1000);
	assert_int_equal(rig.core->outputs & SCK, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(bytes_are_sent_in_every_mode_on_all_lanes),
		TEST(a_sample_is_taken_at_its_half_cycle),
		TEST(bytes_are_received_in_every_mode_on_all_lanes),
		TEST(one_lane_sends_and_receives_at_once),
		TEST(any_number_of_bits_is_sent_and_received),
		TEST(there_are_no_gaps_between_bytes_and_both_halves_are_equal),
		TEST(the_slowest_clock_is_exact),
		TEST(a_stream_that_runs_dry_holds_all_lines),
		TEST(no_byte_is_lost_without_room),
		TEST(lines_are_released_as_the_header_says),
		TEST(side_pins_have_the_levels_of_the_last_command),
		TEST(a_chip_select_keeps_its_distance_from_the_clock),
		TEST(one_chip_is_selected_at_a_time),
		TEST(a_delay_takes_its_time),
		TEST(a_wait_for_a_pin_ends_with_its_level_or_its_limit),
		TEST(a_poll_repeats_its_command_until_the_answer_fits),
		TEST(a_held_poll_only_receives),
		TEST(a_failure_skips_all_up_to_the_barrier),
		TEST(an_unknown_opcode_ends_the_stream_until_a_reset),
		TEST(a_packet_is_closed_behind_a_barrier_and_when_all_is_done),
		TEST(a_pipe_reset_lets_go_of_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
