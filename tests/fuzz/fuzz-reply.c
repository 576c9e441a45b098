/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the host's parser of management replies with any bytes from EP1 IN.
 * Commands must end with a result, and the bytes in the buffer behind a packet
 * must not matter.
 *
 * The link is a fake one: two bytes say what becomes of a read, and how many of
 * the bytes behind them it gets.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMMANDS 4

enum flag {
	FLAG_SERIAL = 1, /* The packet begins with the request's serial. */
	FLAG_FAIL = 2,   /* The read fails. */
	FLAG_REFUSE = 4, /* The write before it fails. */
};

struct fake {
	struct link link; /* First, so that both have one address. */
	const uint8_t *data;
	size_t size;
	uint8_t garbage; /* The bytes in the buffers behind a packet. */
	uint64_t now;
	unsigned waits;
	struct transfer *in, *out;
	uint8_t serial;
};

#define FAKE(pointer) ((struct fake *)(pointer))

static void check(bool good)
{
	if (!good)
		abort();
}

static int fake_set_alternate(struct link *link, uint8_t interface,
	uint8_t alternate, uint64_t deadline_ns)
{
	(void)link;
	(void)interface;
	(void)alternate;
	(void)deadline_ns;
	return 0;
}

static struct transfer *fake_transfer_new(struct link *link)
{
	(void)link;
	return calloc(1, sizeof(struct transfer));
}

static void fake_transfer_free(struct link *link, struct transfer *transfer)
{
	(void)link;
	free(transfer);
}

static int fake_submit(struct link *link, struct transfer *transfer)
{
	struct fake *fake = FAKE(link);

	if (transfer->endpoint == USB_EP1_IN) {
		check(fake->in == NULL);
		fake->in = transfer;
	} else {
		check(fake->out == NULL && transfer->size >= 2);
		fake->out = transfer;
		fake->serial = *(uint8_t *)transfer->data;
		check(fake->serial != 0);
	}
	return 0;
}

static void complete(struct transfer **slot, uint32_t actual, int status)
{
	struct transfer *transfer = *slot;

	*slot = NULL;
	transfer->actual = actual;
	transfer->status = status;
	transfer->complete(transfer);
}

static void fake_cancel(struct link *link, struct transfer *transfer)
{
	struct fake *fake = FAKE(link);

	if (fake->in == transfer)
		complete(&fake->in, 0, CLYDE_ERROR_CANCELED);
	else if (fake->out == transfer)
		complete(&fake->out, 0, CLYDE_ERROR_CANCELED);
}

/* Completes the next read as the script says. */
static void deliver(struct fake *fake, uint8_t flags, uint8_t length)
{
	struct transfer *in = fake->in;
	uint8_t *packet = in->data;

	memset(packet, fake->garbage, in->size);
	if (flags & FLAG_FAIL) {
		complete(&fake->in, 0, CLYDE_ERROR_STALL);
		return;
	}
	if (length > fake->size)
		length = fake->size;
	memcpy(packet, fake->data, length);
	fake->data += length;
	fake->size -= length;
	if (flags & FLAG_SERIAL && length > 0)
		packet[0] = fake->serial;
	complete(&fake->in, length, 0);
}

static int fake_wait(struct link *link, uint64_t deadline_ns)
{
	struct fake *fake = FAKE(link);
	uint8_t flags = fake->size >= 2 ? fake->data[0] : 0;

	check(++fake->waits < 100000);
	if (fake->out) {
		complete(&fake->out, fake->out->size,
			flags & FLAG_REFUSE ? CLYDE_ERROR_STALL : 0);
		return 1;
	}
	if (fake->in && fake->size >= 2) {
		uint8_t length = fake->data[1] % (MGMT_PACKET_SIZE + 1);

		fake->data += 2;
		fake->size -= 2;
		fake->now += 1000;
		deliver(fake, flags, length);
		return 1;
	}
	if (deadline_ns == LINK_FOREVER)
		return CLYDE_ERROR_DEADLOCK;
	if (fake->now < deadline_ns)
		fake->now = deadline_ns;
	return 0;
}

static uint64_t fake_now(struct link *link)
{
	return FAKE(link)->now;
}

static const struct link_ops fake_ops = {
	.name = "fake",
	.set_alternate = fake_set_alternate,
	.transfer_new = fake_transfer_new,
	.transfer_free = fake_transfer_free,
	.submit = fake_submit,
	.cancel = fake_cancel,
	.wait = fake_wait,
	.now = fake_now,
};

struct outcome {
	int result[COMMANDS];
	uint8_t reply[COMMANDS][MGMT_DATA_SIZE];
};

/* Makes four commands with replies of different sizes, over one script. */
static struct outcome run(const uint8_t *data, size_t size, uint8_t garbage)
{
	static const struct {
		uint8_t code;
		uint8_t size;
	} commands[COMMANDS] = {{MGMT_GET_VSUPPLY, 9}, {MGMT_FPGA_GET_REG, 32},
		{MGMT_CLR_ALERTS, 0}, {MGMT_FPGA_STATUS, 12}};
	struct interrupt interrupt = {0};
	struct clyde_context context = {.interrupt = &interrupt};
	struct fake fake = {.link = {.ops = &fake_ops, .interrupt = &interrupt},
		.data = data,
		.size = size,
		.garbage = garbage};
	struct clyde_device device = {.context = &context, .link = &fake.link};
	struct outcome outcome;

	memset(&outcome, 0xee, sizeof(outcome));
	check(mgmt_new(&device) == 0);
	for (unsigned i = 0; i < COMMANDS; i++) {
		static const uint8_t request[6];

		outcome.result[i] = mgmt_command(&device, commands[i].code,
			request, sizeof(request), outcome.reply[i],
			commands[i].size);
		check(outcome.result[i] <= 0);
		check(outcome.result[i] == 0 ||
			clyde_error_message()[0] != '\0');
		for (unsigned at = outcome.result[i] ? 0 : commands[i].size;
			at < MGMT_DATA_SIZE; at++)
			check(outcome.reply[i][at] == 0xee);
	}
	mgmt_free(&device);
	check(fake.in == NULL && fake.out == NULL);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t garbage[] = {0x00, 0x01, 0x02, 0xff};
	struct outcome first = run(data, size, garbage[0]);

	for (unsigned i = 1; i < sizeof(garbage); i++) {
		struct outcome other = run(data, size, garbage[i]);

		check(memcmp(&first, &other, sizeof(first)) == 0);
	}
	return 0;
}
