/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chip's bus of the applet spi-flashrom: transfers of serprog as batches of
 * the SPI core.  session.c calls it.
 *
 * A call must not return with a batch that is not collected: run_wait() would let
 * virtual time pass for it, as long as the client takes to send its next command.
 */
#include "flashrom.h"

#include <errno.h>

#include "wire/core-spi.h"

#define CLOCK_HZ 48000000
/* Beside its bits, a batch may take so long: a status read has its limit, and
   the device may be busy with other things. */
#define SLACK_MS 2000

/* Commands that all chips with the 25 series' commands have. */
#define WRITE_ENABLE          0x06
#define VOLATILE_WRITE_ENABLE 0x50
#define READ_STATUS           0x05
#define STATUS_BUSY           (1 << 0)
/* How long a status read may wait for the end of BUSY.  flashrom asks again, for
   as long as the operation may take. */
#define STATUS_LIMIT_US 1000

/* ---- Pins ------------------------------------------------------------- */

static const struct clyde_pin *one_pin(struct clyde_run *run, const char *name)
{
	const struct clyde_pin *pin;

	return run_pins(run, name, &pin) ? pin : NULL;
}

/* WP# and HOLD# are pulled up, and not driven: on a board they may be tied to
   ground.  So that no other run uses them, they are claimed as the side input,
   which nothing reads here. */
static const char *const sides[] = {"wp", "hold"};

#define SIDES (sizeof(sides) / sizeof(*sides))

int bus_claim(struct clyde_run *run)
{
	struct spi_pins pins = {
		.sck = one_pin(run, "sck"),
		.io = {one_pin(run, "copi"), one_pin(run, "cipo")},
	};
	const struct clyde_pin *chips;
	unsigned count = run_pins(run, "cs", &chips);
	int result;

	if (count == 0 || count > 4 || !pins.sck || !pins.io[0] || !pins.io[1])
		return set_error(CLYDE_ERROR_INVALID,
			"spi-flashrom: 1 to 4 pins are needed for --cs, and "
			"one each for --sck, --copi and --cipo");
	for (unsigned i = 0; i < count; i++)
		pins.cs[i] = &chips[i];
	result = run_claim_spi(run, &pins);
	for (unsigned i = 0; i < SIDES && result == 0; i++) {
		const struct clyde_pin *pin = one_pin(run, sides[i]);

		if (pin)
			result = run_claim_pin(run, sides[i], pin, PIN_INPUT,
				INPUT_SPI + SPI_INPUT_SIDE);
	}
	return result;
}

static int pull_sides(struct bus *bus, bool high)
{
	int result = 0;

	for (unsigned i = 0; i < SIDES && result == 0; i++) {
		const struct clyde_pin *pin = one_pin(bus->run, sides[i]);

		if (pin)
			result = run_pull(bus->run, pin,
				!high                 ? PULL_NONE
					: pin->invert ? PULL_DOWN
						      : PULL_UP);
	}
	return result;
}

void bus_init(struct bus *bus, struct clyde_run *run)
{
	const struct clyde_pin *chips;

	bus->run = run;
	bus->spi = NULL;
	bus->rate_hz = CLYDE_SPI_RATE_DEFAULT;
	bus->chips = run_pins(run, "cs", &chips);
	bus->chip = 0;
	bus->duplex = bus->selected = false;
	bus->select = SERPROG_SELECT_AUTO;
	bus->held = 0;
}

int bus_drive(struct bus *bus)
{
	struct clyde_spi_options options = {.rate_hz = bus->rate_hz};
	int result;

	if (bus->spi)
		return 0;
	result = pull_sides(bus, true);
	return result < 0 ? result : run_spi(bus->run, &options, &bus->spi);
}

int bus_release(struct bus *bus)
{
	int result = bus_settle(bus);

	clyde_spi_close(bus->spi);
	bus->spi = NULL;
	bus->selected = false;
	return result < 0 ? result : pull_sides(bus, false);
}

/* ---- Settings --------------------------------------------------------- */

int bus_set_rate(struct bus *bus, uint32_t rate_hz, uint32_t *ret_rate_hz)
{
	int result = bus_settle(bus);

	if (rate_hz > CLYDE_SPI_RATE_MAX)
		rate_hz = CLYDE_SPI_RATE_MAX;
	if (rate_hz < CLYDE_SPI_RATE_MIN)
		rate_hz = CLYDE_SPI_RATE_MIN;
	bus->rate_hz = rate_hz;
	if (result == 0 && bus->spi)
		result = clyde_spi_configure(bus->spi, rate_hz, 0, 0, NULL);
	/* Pins that are released have no core to ask. */
	*ret_rate_hz = CLOCK_HZ / ((CLOCK_HZ + rate_hz - 1) / rate_hz);
	return result;
}

/* ---- Batches ---------------------------------------------------------- */

static int limit_ms(const struct bus *bus)
{
	uint64_t bits =
		8 * (SERPROG_SEND_MAX + BUS_BLOCKS * (uint64_t)BUS_BLOCK_SIZE);

	return bits * 1000 / bus->rate_hz + SLACK_MS;
}

#define STEPS 4 /* the most of a batch */

struct batch {
	struct clyde_spi_step steps[STEPS];
	unsigned count;
};

static void begin_batch(struct bus *bus, struct batch *batch)
{
	batch->count = 0;
	if (bus->held)
		batch->steps[batch->count++] = (struct clyde_spi_step){
			.flags = CLYDE_SPI_DESELECT,
			.size = 1,
			.out = &bus->held,
		};
}

/* `keep`: the transfer goes on in the next batch. */
static int submit(struct bus *bus, const struct batch *batch, bool keep,
	uint64_t *ret_ticket)
{
	int result;

	keep |= bus->select == SERPROG_SELECT_ON;
	result = clyde_spi_submit(bus->spi, bus->chip, batch->steps,
		batch->count, keep ? CLYDE_SPI_KEEP : 0, ret_ticket,
		limit_ms(bus));
	if (result == 0) {
		bus->selected = keep;
		bus->held = 0;
	}
	return result;
}

static int submit_and_collect(struct bus *bus, const struct batch *batch)
{
	uint64_t ticket;
	int result = submit(bus, batch, false, &ticket);

	return result < 0 ? result
			  : clyde_spi_collect(bus->spi, ticket, limit_ms(bus));
}

int bus_settle(struct bus *bus)
{
	struct batch batch;

	if (bus->held == 0 || bus->spi == NULL)
		return 0;
	begin_batch(bus, &batch);
	return submit_and_collect(bus, &batch);
}

/* Select the chip, or end its selection, by a transfer of no bytes. */
static int change_select(struct bus *bus)
{
	struct batch batch = {.count = 1};

	if (bus->select != SERPROG_SELECT_ON)
		batch.steps[0].flags = CLYDE_SPI_DESELECT;
	return submit_and_collect(bus, &batch);
}

int bus_set_select(struct bus *bus, enum serprog_select select)
{
	int result = bus_settle(bus);

	bus->select = select;
	if (result < 0 || bus->spi == NULL ||
		(select == SERPROG_SELECT_ON) == bus->selected)
		return result;
	return change_select(bus);
}

/* ---- Transfers -------------------------------------------------------- */

/* The bytes of a transfer on the bus, by their places: from 0 on some are sent,
   and from receive_from to receive_to they are received. */
struct transfer {
	const uint8_t *send;
	uint32_t send_to, receive_from, receive_to;
	uint32_t end;
	uint32_t at; /* submitted so far */
	/* The blocks from `first` on are submitted and not collected. */
	unsigned first, count;
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Add bytes up to the next place at which sending or receiving begins or ends, or
   at which the block is full. */
static void add_step(
	struct transfer *transfer, struct batch *batch, struct bus_block *block)
{
	struct clyde_spi_step *step = &batch->steps[batch->count++];
	uint32_t at = transfer->at, end = transfer->end;

	*step = (struct clyde_spi_step){0};
	if (at < transfer->send_to) {
		step->out = transfer->send + at;
		end = smaller(end, transfer->send_to);
	}
	if (at < transfer->receive_from)
		end = smaller(end, transfer->receive_from);
	else if (at < transfer->receive_to) {
		end = smaller(end, transfer->receive_to);
		end = smaller(end, at + BUS_BLOCK_SIZE - block->size);
		step->in = block->data + block->size;
		block->size += end - at;
	}
	step->size = end - at;
	transfer->at = end;
}

static int submit_block(struct bus *bus, struct transfer *transfer)
{
	struct bus_block *block =
		&bus->blocks[(transfer->first + transfer->count) % BUS_BLOCKS];
	struct batch batch;
	int result;

	block->size = 0;
	begin_batch(bus, &batch);
	while (transfer->at < transfer->end && batch.count < STEPS &&
		block->size < BUS_BLOCK_SIZE)
		add_step(transfer, &batch, block);
	result = submit(
		bus, &batch, transfer->at < transfer->end, &block->ticket);
	transfer->count += result == 0;
	return result;
}

/* Returns what take() does. */
static int collect_block(
	struct bus *bus, struct transfer *transfer, bus_take *take, void *user)
{
	struct bus_block *block = &bus->blocks[transfer->first];
	int result = clyde_spi_collect(bus->spi, block->ticket, limit_ms(bus));

	if (result < 0)
		return result;
	transfer->first = (transfer->first + 1) % BUS_BLOCKS;
	transfer->count--;
	return block->size ? take(user, block->data, block->size) : 0;
}

static int stream(
	struct bus *bus, struct transfer *transfer, bus_take *take, void *user)
{
	bool stopped = false;
	int result = 0;

	while (result >= 0 && !(stopped && transfer->count == 0)) {
		bool more = !stopped && transfer->at < transfer->end;

		if (more && transfer->count < BUS_BLOCKS) {
			result = submit_block(bus, transfer);
			continue;
		}
		if (transfer->count == 0)
			return 0;
		result = collect_block(bus, transfer, take, user);
		stopped |= result > 0;
	}
	if (result < 0 || !bus->selected)
		return result < 0 ? result : 0;
	bus->select = SERPROG_SELECT_AUTO;
	return change_select(bus);
}

/* A read of the status register waits for the end of BUSY in the FPGA, which saves
   the client most of its polls. */
static int read_status(struct bus *bus, bus_take *take, void *user)
{
	struct bus_block *block = &bus->blocks[0];
	struct batch batch;
	int result;

	begin_batch(bus, &batch);
	batch.steps[batch.count++] = (struct clyde_spi_step){
		.kind = CLYDE_SPI_POLL,
		.in = block->data,
		.command = READ_STATUS,
		.mask = STATUS_BUSY,
		.limit_us = STATUS_LIMIT_US,
	};
	result = submit_and_collect(bus, &batch);
	if (result < 0 && result != CLYDE_ERROR_LIMIT_PASSED)
		return result;
	return take(user, block->data, 1);
}

/* Whether a transfer, which must select the chip by itself, sends this byte and
   receives so many. */
static bool is_command(const struct bus *bus,
	const struct serprog_command *command, uint8_t byte, uint32_t size)
{
	return bus->select == SERPROG_SELECT_AUTO && !bus->duplex &&
		command->send_size == 1 && command->send[0] == byte &&
		command->receive_size == size;
}

int bus_transfer(struct bus *bus, const struct serprog_command *command,
	bus_take *take, void *user)
{
	uint32_t send = command->send_size, receive = command->receive_size;
	struct transfer transfer = {
		.send = command->send,
		.send_to = send,
		.receive_from = bus->duplex ? 0 : send,
		.receive_to = bus->duplex ? receive : send + receive,
	};
	int result;

	transfer.end = transfer.receive_to > send ? transfer.receive_to : send;
	if (is_command(bus, command, WRITE_ENABLE, 0) ||
		is_command(bus, command, VOLATILE_WRITE_ENABLE, 0)) {
		result = bus_settle(bus);
		bus->held = command->send[0];
		return result;
	}
	if (is_command(bus, command, READ_STATUS, 1))
		result = read_status(bus, take, user);
	else
		result = stream(bus, &transfer, take, user);
	return result < 0 ? result : 0;
}
