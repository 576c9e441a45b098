/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Streams through a Glasgow's benchmark core with libusb alone, and checks
 * every byte.  compare.py and usbfs.py compare Clyde with it:
 *
 *	libusb-stream source|sink|loopback|latency [MIB [SIZE [DEPTH [FILE]]]]
 *
 * FILE gets the duration of each round trip, in us.  The FPGA must be
 * configured already.  Without hardware:
 *
 *	clyde virtual -d virtual:configured=1 -- libusb-stream loopback 256
 */
#include <libusb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define EP_MGMT_OUT 0x01
#define EP_MGMT_IN  0x81
#define EP_OUT      0x02
#define EP_IN       0x86

#define SET_REGISTER    0x28
#define GET_REGISTER    0x29
#define REG_IDLE_FLUSH  0x04
#define REG_STREAM      0x08
#define REG_BENCH_MODE  0x50
#define REG_BENCH_ERROR 0x51

#define TIMEOUT_MS 5000
#define DEPTH_MAX  256
#define PERIOD     131070 /* bytes after which the sequence repeats */
#define BLOCK      512

enum mode { IDLE, SOURCE, SINK, LOOPBACK };

static libusb_device_handle *handle;
/* A period, and the length of the largest transfer, so that a transfer from any
   offset is in one piece */
static uint8_t *sequence;
static size_t size_max = 1 << 20;

struct stream {
	uint8_t endpoint;
	uint64_t queued, done, total;
	unsigned in_flight;
	bool wrong, failed;
};

static void die(const char *what, int error)
{
	fprintf(stderr, "libusb-stream: %s: %s\n", what,
		libusb_strerror(error));
	exit(error == LIBUSB_ERROR_NO_DEVICE ? 85 : 1);
}

static void make_sequence(void)
{
	uint16_t state = 1;

	sequence = malloc(PERIOD + size_max);
	for (size_t at = 0; at < PERIOD + size_max; at += 2) {
		sequence[at] = state & 0xff;
		sequence[at + 1] = state >> 8;
		state = state << 1 |
			((state >> 15 ^ state >> 14 ^ state >> 12 ^
				 state >> 3) &
				1);
	}
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

/* Make a management command, and copy the data of its reply. */
static void command(
	uint8_t code, const void *data, int size, void *reply, int reply_size)
{
	static uint8_t serial;
	uint8_t packet[64] = {++serial ? serial : ++serial, code};
	int moved, error;

	if (size > 0)
		memcpy(packet + 2, data, size);
	error = libusb_bulk_transfer(
		handle, EP_MGMT_OUT, packet, 2 + size, &moved, TIMEOUT_MS);
	if (error == 0)
		error = libusb_bulk_transfer(handle, EP_MGMT_IN, packet,
			sizeof(packet), &moved, TIMEOUT_MS);
	if (error < 0)
		die("management command", error);
	if (moved < 2 + reply_size || packet[0] != serial || packet[1] != 0)
		die("management command", LIBUSB_ERROR_IO);
	if (reply_size > 0)
		memcpy(reply, packet + 2, reply_size);
}

static void set_mode(uint8_t mode)
{
	uint8_t data[] = {REG_BENCH_MODE, mode};

	command(SET_REGISTER, data, sizeof(data), NULL, 0);
}

/* Attach the benchmark core, number 1, to EP2 and EP6 as the mode needs. */
static void attach(enum mode mode)
{
	uint8_t data[] = {REG_STREAM, mode != SOURCE, 0, mode != SINK, 0};

	command(SET_REGISTER, data, sizeof(data), NULL, 0);
}

/* Print the first failure, and queue no more.  The transfers in flight complete
   by themselves. */
static void give_up(struct stream *stream, bool unplugged)
{
	if (!stream->failed)
		fprintf(stderr, "libusb-stream: %s after %llu bytes\n",
			unplugged ? "the device was unplugged"
				  : "a transfer failed",
			(unsigned long long)stream->done);
	stream->failed = true;
}

/* ---- Streams ---------------------------------------------------------- */

static void queue(struct stream *stream, struct libusb_transfer *transfer)
{
	uint64_t left = stream->total - stream->queued;
	int error;

	if (left == 0 || stream->failed)
		return;
	if (left < (uint64_t)transfer->length)
		transfer->length = left;
	if (stream->endpoint == EP_OUT)
		memcpy(transfer->buffer, sequence + stream->queued % PERIOD,
			transfer->length);
	error = libusb_submit_transfer(transfer);
	/* A submit may fail after an unplug before the transfers in flight
	   have. */
	if (error == LIBUSB_ERROR_NO_DEVICE) {
		give_up(stream, true);
		return;
	}
	if (error < 0)
		die("submit", error);
	stream->queued += transfer->length;
	stream->in_flight++;
}

static void completed(struct libusb_transfer *transfer)
{
	struct stream *stream = transfer->user_data;

	stream->in_flight--;
	if (stream->endpoint == EP_IN &&
		memcmp(transfer->buffer, sequence + stream->done % PERIOD,
			transfer->actual_length) != 0)
		stream->wrong = true;
	stream->done += transfer->actual_length;
	if (transfer->status != LIBUSB_TRANSFER_COMPLETED) {
		give_up(stream, transfer->status == LIBUSB_TRANSFER_NO_DEVICE);
	}
	/* Request the bytes that a short transfer did not bring again. */
	stream->queued -= transfer->length - transfer->actual_length;
	queue(stream, transfer);
}

static void start(struct stream *stream, int size, unsigned depth,
	struct libusb_transfer **transfers)
{
	for (unsigned i = 0; i < depth; i++) {
		transfers[i] = libusb_alloc_transfer(0);
		libusb_fill_bulk_transfer(transfers[i], handle,
			stream->endpoint, malloc(size), size, completed, stream,
			0);
		queue(stream, transfers[i]);
	}
}

static void finish(struct libusb_transfer **transfers, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		free(transfers[i]->buffer);
		libusb_free_transfer(transfers[i]);
	}
}

static bool run(enum mode mode, uint64_t total, int size, unsigned depth)
{
	struct libusb_transfer *ins[DEPTH_MAX], *outs[DEPTH_MAX];
	struct stream in = {.endpoint = EP_IN, .total = total};
	struct stream out = {.endpoint = EP_OUT, .total = total};
	double begin = now(CLOCK_MONOTONIC);
	double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	double mib = total / 1048576.0;
	uint8_t get[] = {REG_BENCH_ERROR, 1}, wrong = 0;

	if (mode != SINK)
		start(&in, size, depth, ins);
	if (mode != SOURCE)
		start(&out, size, depth, outs);
	while (in.in_flight || out.in_flight)
		libusb_handle_events(NULL);
	begin = now(CLOCK_MONOTONIC) - begin;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (mode != SINK)
		finish(ins, depth);
	if (mode != SOURCE)
		finish(outs, depth);
	if (in.failed || out.failed)
		exit(85);
	if (mode == SINK)
		command(GET_REGISTER, get, sizeof(get), &wrong, 1);
	printf("%.1f MiB/s, %.3f CPU s/GiB\n", mib / begin, cpu / mib * 1024);
	return !wrong && !in.wrong;
}

/* ---- Round trips ------------------------------------------------------ */

static void count_down(struct libusb_transfer *transfer)
{
	if (transfer->status != LIBUSB_TRANSFER_COMPLETED)
		die("round trip", LIBUSB_ERROR_IO);
	--*(int *)transfer->user_data;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Write the duration of each round trip to a file. */
static void save(const double *us, unsigned count, const char *path)
{
	FILE *file = fopen(path, "w");

	for (unsigned i = 0; file && i < count; i++)
		fprintf(file, "%.3f\n", us[i]);
	if (file == NULL || fclose(file) == EOF)
		fprintf(stderr, "libusb-stream: cannot write %s\n", path);
}

static bool latency(unsigned count, const char *path)
{
	struct libusb_transfer *in = libusb_alloc_transfer(0);
	struct libusb_transfer *out = libusb_alloc_transfer(0);
	double *us = malloc(count * sizeof(*us));
	uint8_t there[BLOCK], back[2 * BLOCK];
	bool wrong = false;
	int left;

	libusb_fill_bulk_transfer(in, handle, EP_IN, back, sizeof(back),
		count_down, &left, TIMEOUT_MS);
	libusb_fill_bulk_transfer(out, handle, EP_OUT, there, sizeof(there),
		count_down, &left, TIMEOUT_MS);
	for (unsigned i = 0; i < count; i++) {
		double begin = now(CLOCK_MONOTONIC);

		memcpy(there, sequence + i * 2 % PERIOD, sizeof(there));
		left = 2;
		if (libusb_submit_transfer(in) || libusb_submit_transfer(out))
			die("submit", LIBUSB_ERROR_IO);
		while (left > 0)
			libusb_handle_events(NULL);
		us[i] = (now(CLOCK_MONOTONIC) - begin) * 1e6;
		wrong |= in->actual_length != BLOCK ||
			memcmp(there, back, BLOCK) != 0;
	}
	qsort(us, count, sizeof(*us), compare);
	printf("p50 %.1f us, p99 %.1f us, max %.1f us\n", us[count / 2],
		us[count * 99 / 100], us[count - 1]);
	if (path)
		save(us, count, path);
	libusb_free_transfer(in);
	libusb_free_transfer(out);
	free(us);
	return !wrong;
}

/* ---- The device ------------------------------------------------------- */

static void use(int interface, int alternate)
{
	int error = libusb_claim_interface(handle, interface);

	if (error == 0)
		error = libusb_set_interface_alt_setting(
			handle, interface, alternate);
	if (error < 0)
		die("interface", error);
}

int main(int argc, char **argv)
{
	const uint8_t idle[] = {REG_IDLE_FLUSH, 192, 0}; /* 4 us */
	bool trips = argc > 1 && strcmp(argv[1], "latency") == 0;
	double mib = argc > 2 ? atof(argv[2]) : 8;
	int size = argc > 3 ? atoi(argv[3]) : 65536;
	unsigned depth = argc > 4 ? atoi(argv[4]) : 32;
	enum mode mode = trips ? LOOPBACK : IDLE;
	static const char *const names[] = {
		"idle", "source", "sink", "loopback"};
	bool good;

	for (unsigned i = SOURCE; argc > 1 && i <= LOOPBACK; i++)
		if (strcmp(argv[1], names[i]) == 0)
			mode = i;
	if (mode == IDLE || size < 1 || (size_t)size > size_max || depth < 1 ||
		depth > DEPTH_MAX) {
		fprintf(stderr,
			"usage: libusb-stream source|sink|loopback|"
			"latency [MIB [SIZE [DEPTH [FILE]]]]\n");
		return 64;
	}
	make_sequence();
	if (libusb_init(NULL) < 0)
		return 70;
	handle = libusb_open_device_with_vid_pid(NULL, 0x20b7, 0x9db1);
	if (handle == NULL)
		die("no Glasgow", LIBUSB_ERROR_NOT_FOUND);
	use(0, 1);
	set_mode(IDLE);
	attach(mode);
	if (mode != SOURCE)
		use(1, 2);
	if (mode != SINK)
		use(3, 2);
	if (trips)
		command(SET_REGISTER, idle, sizeof(idle), NULL, 0);
	set_mode(mode);
	good = trips ? latency(mib * 1048576 / (2 * BLOCK),
			       argc > 5 ? argv[5] : NULL)
		     : run(mode, mib * 1048576, size, depth);
	puts(good ? "every byte is right" : "DATA IS WRONG");
	set_mode(IDLE);
	libusb_close(handle);
	libusb_exit(NULL);
	free(sequence);
	return good ? 0 : 1;
}
