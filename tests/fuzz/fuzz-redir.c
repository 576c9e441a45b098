/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes usbredir with any bytes from a guest: the first byte says whether a
 * proper hello comes before the rest, and how large the pieces are in which
 * that arrives.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virtual/fx2/device.h"
#include "plug/redir/session.h"

/* The bus runs for a virtual millisecond between two pieces. */
#define SLICE_TICKS (8 * (tick)TICKS_PER_MICROFRAME)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void greet(int fd)
{
	struct {
		uint32_t type, length, id;
		char version[64];
		uint32_t capabilities;
	} PACKED hello = {
		.type = usb_redir_hello,
		.length = 68,
		.version = "fuzz",
		.capabilities = 0xfe,
	};

	if (write(fd, &hello, sizeof(hello)) != sizeof(hello))
		abort();
}

/* Reads and drops the answers, so that the session can continue. */
static void drain(int fd)
{
	uint8_t sink[65536];

	while (read(fd, sink, sizeof(sink)) > 0)
		;
}

static bool turn(struct session *session, struct bus *bus, int guest)
{
	bool alive = session_receive(session);

	for (int i = 0; i < 8; i++) {
		bus_run(bus, bus_now(bus) + SLICE_TICKS);
		session_reap(session);
	}
	alive = session_send(session) && alive;
	drain(guest);
	return alive;
}

static void play(struct session *session, struct bus *bus, int guest,
	const uint8_t *data, size_t size)
{
	size_t step = (data[0] >> 1) * 16 + 1;
	bool alive = true;

	if (data[0] & 1) {
		greet(guest);
		alive = turn(session, bus, guest);
	}
	for (size_t at = 1; at < size && alive; at += step) {
		size_t length = size - at < step ? size - at : step;

		if (write(guest, data + at, length) != (ssize_t)length)
			break;
		alive = turn(session, bus, guest);
	}
	close(guest);
	if (alive && session_receive(session))
		abort(); /* The session must end after the guest has hung up. */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct device_options options = {
		.revision = REVISION_C3,
		.serial = "20230101T120000Z",
	};
	static const struct faults faults;
	struct device *device;
	struct session *session;
	struct bus *bus;
	int ends[2];

	if (size == 0 || size > 65536)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	device = device_new(&options, &faults);
	bus = bus_new(device_function(device), 13);
	session = session_new(ends[0]);
	if (session_plug(session, bus) < 0)
		abort();
	play(session, bus, ends[1], data, size);
	if (size & 1)
		session_unplug(session);
	session_free(session);
	bus_free(bus);
	device_free(device);
	return 0;
}
