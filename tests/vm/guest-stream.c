/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Moves bytes to and from the benchmark core by plain libusb, and verifies
 * every byte:
 *
 *	guest-stream load | source MIB | sink MIB | loopback MIB |
 *		latency COUNT | cancel MIB | unplug pull|hangup
 *
 * Prints what it measured; the exit status is 0 only if all bytes were right.
 */
#include "guest-queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h" /* For image_bytes. */
#include "wire/core-benchmark.h"

#define PACKET       512
#define CANCEL_EVERY 3
#define GONE_S       1.0

/* ---- The core --------------------------------------------------------- */

/* Attaches the core to the pipes that the mode needs. */
static void set_mode(struct guest *guest, uint8_t mode)
{
	const uint8_t cores[] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	if (mode != BENCH_IDLE)
		guest_write_register(guest, REG_STREAM, cores, sizeof(cores));
	guest_write_register(guest, REG_BENCH_MODE, &mode, 1);
}

static void prepare(struct guest *guest)
{
	struct mgmt_bitstream status;

	guest_open(guest);
	guest_status(guest, &status);
	if (memcmp(status.id, image_id, sizeof(status.id)) != 0)
		die("the FPGA is not loaded; run guest-stream load first");
	/* Resetting the pipes clears the counters, but not the mode. */
	set_mode(guest, BENCH_IDLE);
	guest_alternate(guest, USB_IFACE_EP2OUT, USB_ALT_4X);
	guest_alternate(guest, USB_IFACE_EP6IN, USB_ALT_4X);
}

/* Leaves the core idle for the next program. */
static void finish(struct guest *guest)
{
	set_mode(guest, BENCH_IDLE);
	guest_alternate(guest, USB_IFACE_EP2OUT, USB_ALT_OFF);
	guest_alternate(guest, USB_IFACE_EP6IN, USB_ALT_OFF);
	guest_close(guest);
}

static void report(const char *name, uint64_t bytes, double elapsed)
{
	printf("%s: %llu B in %.2f s, %.1f MiB/s\n", name,
		(unsigned long long)bytes, elapsed, bytes / elapsed / 1048576);
}

/* ---- Jobs ------------------------------------------------------------- */

static void load(const char *argument)
{
	struct guest guest;
	struct mgmt_bitstream status;
	double began;

	(void)argument;
	guest_open(&guest);
	began = seconds();
	guest_load(&guest, image_bytes, image_size, image_id);
	guest_status(&guest, &status);
	if (memcmp(status.id, image_id, sizeof(status.id)) != 0 ||
		status.size != image_size)
		die("the FPGA has another image after loading");
	report("load", image_size, seconds() - began);
	guest_close(&guest);
}

static void source(const char *argument)
{
	struct guest guest;
	struct stream in;
	double began;

	prepare(&guest);
	stream_start(
		&in, &guest, USB_EP6_IN, strtoull(argument, NULL, 0) << 20);
	began = seconds();
	set_mode(&guest, BENCH_SOURCE);
	while (!in.stopping && in.failure == 0)
		stream_pump(&guest);
	report("source", in.moved, seconds() - began);
	stream_stop(&in);
	stream_check(&in);
	finish(&guest);
}

/*
 * After any cancel, no byte of the rest may be missing.  It cancels all queued
 * transfers at once: the xHCI of QEMU 7.2 loses the transfers behind a single
 * one that is cancelled, as its dequeue pointer has passed them by then.
 */
static void cancel(const char *argument)
{
	struct guest guest;
	struct stream in;
	double began;

	prepare(&guest);
	stream_start(
		&in, &guest, USB_EP6_IN, strtoull(argument, NULL, 0) << 20);
	began = seconds();
	set_mode(&guest, BENCH_SOURCE);
	while (!in.stopping && in.failure == 0) {
		unsigned before = in.completions;

		while (in.completions < before + CANCEL_EVERY)
			stream_pump(&guest);
		stream_drain(&in);
		stream_resume(&in);
	}
	report("cancel", in.moved, seconds() - began);
	stream_stop(&in);
	stream_check(&in);
	printf("%u of %u transfers cancelled\n", in.cancelled, in.completions);
	finish(&guest);
}

static void sink(const char *argument)
{
	struct guest guest;
	struct stream out;
	uint32_t count = 0;
	uint8_t error = 1;
	double began;

	prepare(&guest);
	set_mode(&guest, BENCH_SINK);
	began = seconds();
	stream_start(
		&out, &guest, USB_EP2_OUT, strtoull(argument, NULL, 0) << 20);
	while (out.moved < out.end && out.failure == 0)
		stream_pump(&guest);
	while (out.failure == 0 && count != (uint32_t)out.end) {
		guest_read_register(
			&guest, REG_BENCH_COUNT, &count, sizeof(count));
		if (seconds() - out.last > 5)
			die("the core has counted %u B", count);
	}
	report("sink", out.moved, seconds() - began);
	stream_stop(&out);
	stream_check(&out);
	guest_read_register(&guest, REG_BENCH_ERROR, &error, 1);
	if (error)
		die("the core has seen a wrong byte");
	finish(&guest);
}

static void loopback(const char *argument)
{
	uint64_t end = strtoull(argument, NULL, 0) << 20;
	struct guest guest;
	struct stream in, out;
	double began;

	prepare(&guest);
	set_mode(&guest, BENCH_LOOPBACK);
	stream_start(&in, &guest, USB_EP6_IN, end);
	began = seconds();
	stream_start(&out, &guest, USB_EP2_OUT, end);
	while (!in.stopping && in.failure == 0 && out.failure == 0)
		stream_pump(&guest);
	report("loopback", in.moved, seconds() - began);
	stream_stop(&in);
	stream_stop(&out);
	stream_check(&in);
	stream_check(&out);
	finish(&guest);
}

/* Sends one packet and reads it back.  The packet is full, so an empty one may
   follow it: a read has room for more than the packet, and ends with the empty
   one. */
static void round_trip(struct guest *guest, uint64_t offset)
{
	uint8_t data[2 * PACKET];
	int moved, got = 0;

	memcpy(data, sequence_at(offset), PACKET);
	check(libusb_bulk_transfer(
		      guest->handle, USB_EP2_OUT, data, PACKET, &moved, 5000),
		"write");
	while (got < PACKET) {
		check(libusb_bulk_transfer(guest->handle, USB_EP6_IN,
			      data + got, sizeof(data) - got, &moved, 5000),
			"read");
		got += moved;
	}
	if (got != PACKET || memcmp(data, sequence_at(offset), PACKET) != 0)
		die("%d B came back, or others", got);
}

static int by_value(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static void latency(const char *argument)
{
	unsigned count = strtoul(argument, NULL, 0);
	double *times = calloc(count, sizeof(*times));
	uint16_t idle_cycles = 192; /* 4 us. */
	struct guest guest;

	if (times == NULL || count == 0)
		die("how many?");
	prepare(&guest);
	guest_write_register(&guest, REG_IDLE_FLUSH, &idle_cycles, 2);
	set_mode(&guest, BENCH_LOOPBACK);
	for (unsigned i = 0; i < count; i++) {
		double began = seconds();

		round_trip(&guest, (uint64_t)i * PACKET);
		times[i] = seconds() - began;
	}
	qsort(times, count, sizeof(*times), by_value);
	printf("latency: %u round trips of %d B, minimum %.0f, median %.0f, "
	       "99 %% %.0f, maximum %.0f us\n",
		count, PACKET, times[0] * 1e6, times[count / 2] * 1e6,
		times[count * 99 / 100] * 1e6, times[count - 1] * 1e6);
	free(times);
	finish(&guest);
}

/* "pull" must be followed by "plug"; "hangup" comes back by itself. */
static void unplug(const char *argument)
{
	struct guest guest;
	struct mgmt_bitstream status;
	struct stream in;
	bool asked = false;
	double end;

	prepare(&guest);
	stream_start(&in, &guest, USB_EP6_IN, UINT64_MAX);
	set_mode(&guest, BENCH_SOURCE);
	while (in.in_flight > 0) {
		stream_pump(&guest);
		if (asked || in.moved < 4 << 20)
			continue;
		printf("@host %s\n", argument);
		fflush(stdout);
		asked = true;
	}
	end = seconds();
	printf("unplugged: %llu B were good; all waits ended %.3f s after the "
	       "last of them\n",
		(unsigned long long)in.moved, end - in.last);
	if (in.failure == 0 || end - in.last > GONE_S)
		die("transfer status %d, %.3f s", in.failure, end - in.last);
	stream_stop(&in);
	guest_close(&guest);
	guest_await_gone();
	if (strcmp(argument, "pull") == 0)
		puts("@host plug");
	fflush(stdout);
	guest_open(&guest);
	guest_status(&guest, &status);
	if (status.size != 0)
		die("the device was without power, and has an image");
	printf("plugged in again after %.1f s\n", seconds() - end);
	guest_close(&guest);
	load(NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *argument);
	} jobs[] = {
		{"load", load},
		{"source", source},
		{"sink", sink},
		{"loopback", loopback},
		{"latency", latency},
		{"cancel", cancel},
		{"unplug", unplug},
	};

	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (argc >= 2 && strcmp(argv[1], jobs[i].name) == 0) {
			jobs[i].run(argc > 2 ? argv[2] : "1");
			return 0;
		}
	die("guest-stream: which job?");
}
