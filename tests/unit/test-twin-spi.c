/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the SPI core in the model of the image with the one in its twin, as
 * tests/support/twin-core.h says.  Some inputs are the core's own SCK, so that a
 * difference of half a cycle, on the way out or in, is another reply.
 *
 *	test-twin-spi [FIRST-SEED [COUNT]]
 */
#include "tests/support/twin-core.h"
#include "wire/core-spi.h"

#define COMMANDS 10

static void add_transfer(void)
{
	uint8_t direction = draw(4) << 2;
	unsigned size = draw(draw(4) ? 40 : 2000);

	add(SPI_TRANSFER | direction | draw(4));
	add_number(size, 3);
	if (direction & SPI_OUT)
		add_noise(size);
	if (direction & SPI_IN)
		batch.replies += size;
}

static void add_poll(void)
{
	add(SPI_POLL | draw(4) | (draw(2) ? SPI_HELD : 0));
	add_number(draw(200), 4);
	add(draw(256));
	add(draw(3) ? 0 : draw(256));
	add(draw(256));
	batch.replies++;
}

static void add_bits(void)
{
	add(SPI_BITS | SPI_OUT | SPI_IN);
	add(1 + draw(8));
	add(draw(256));
	batch.replies++;
}

static void add_wait(void)
{
	bool pin = draw(2);

	add(pin ? STREAM_WAIT_PIN : STREAM_DELAY);
	add_number(draw(100), 4);
	if (pin)
		add(draw(SPI_INPUT_COUNT) | (draw(2) ? STREAM_HIGH : 0));
}

static void add_config(void)
{
	add(SPI_CONFIG);
	add_number(1 + draw(draw(4) ? 5 : 60), 2);
	add(draw(4) | draw(8) << SPI_SAMPLE_DELAY_SHIFT);
}

static void add_command(void)
{
	switch (draw(12)) {
	case 0:
		add_config();
		break;
	case 1:
		add(SPI_SELECT | draw(5));
		break;
	case 2:
		add_bits();
		break;
	case 3:
		add(SPI_DUMMY | draw(4));
		add_number(draw(100), 2);
		break;
	case 4:
		add_poll();
		break;
	case 5:
		add_wait();
		break;
	case 6:
		add(STREAM_PINS);
		add(draw(256));
		break;
	case 7:
		add_barrier();
		break;
	default:
		add_transfer();
	}
}

static void make_batch(void)
{
	add_config();
	for (unsigned i = 0; i < COMMANDS; i++)
		add_command();
	add_barrier();
}

/* SCK is A0, IO0 to IO3 are A1 to A4; the first selects and the side outputs
   follow.  IO1 hears SCK in half of the runs, and IO0 in the others. */
static void connect(uint8_t pins[8], uint8_t *inputs, unsigned number)
{
	for (unsigned i = 0; i < 8; i++)
		pins[i] = OUTPUT_SPI + i;
	for (unsigned i = 0; i < SPI_INPUT_COUNT; i++)
		inputs[i] = INPUT_CONNECTED | (i + 1);
	inputs[SPI_INPUT_IO1] = INPUT_CONNECTED | (number % 2 ? 0 : 1);
	inputs[SPI_INPUT_SIDE] = INPUT_CONNECTED | INPUT_INVERT | 5;
}

int main(int argc, char **argv)
{
	static const struct twin_core spi = {
		.core = CLYDE_CORE_SPI,
		.make_batch = make_batch,
		.connect = connect,
		.first_input = INPUT_SPI,
		.inputs = SPI_INPUT_COUNT,
	};

	return twin_core_main(argc, argv, &spi);
}
