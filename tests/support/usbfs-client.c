/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A libusb program that does what a careful program does not do: each argument
 * names a scene, which tests/cli/test_virtual.py runs under `clyde virtual`.
 * The FPGA must be configured.
 */
#include <errno.h>
#include <fcntl.h>
#include <libusb.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EP_OUT 0x02
#define EP_IN  0x86

enum mode { IDLE, SOURCE, SINK, LOOPBACK };

static libusb_device_handle *handle;

#define CHECK(condition)                                                   \
	do {                                                               \
		if (!(condition)) {                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#condition);                               \
			exit(1);                                           \
		}                                                          \
	} while (0)

static libusb_device_handle *open_handle(libusb_context *context)
{
	libusb_device_handle *opened =
		libusb_open_device_with_vid_pid(context, 0x20b7, 0x9db1);

	CHECK(opened);
	return opened;
}

static void use(int interface, int alternate)
{
	CHECK(libusb_claim_interface(handle, interface) == 0);
	CHECK(libusb_set_interface_alt_setting(handle, interface, alternate) ==
		0);
}

static int command(uint8_t code, const void *data, int size)
{
	uint8_t packet[64] = {1, code};
	int moved, error;

	memcpy(packet + 2, data, size);
	error = libusb_bulk_transfer(
		handle, 0x01, packet, 2 + size, &moved, 1000);
	if (error == 0)
		error = libusb_bulk_transfer(
			handle, 0x81, packet, 64, &moved, 1000);
	if (error < 0)
		return error;
	CHECK(moved >= 2 && packet[0] == 1 && packet[1] == 0);
	return moved - 2;
}

/* Attaches the benchmark core to the pipes that the mode needs. */
static void set_mode(enum mode mode)
{
	uint8_t cores[] = {0x08, mode != SOURCE, 0, mode != SINK, 0};
	uint8_t data[] = {0x50, mode};

	CHECK(command(0x28, cores, sizeof(cores)) == 0);
	CHECK(command(0x28, data, sizeof(data)) == 0);
}

static void prepare(enum mode mode)
{
	handle = open_handle(NULL);
	use(0, 1);
	use(1, 2);
	use(3, 2);
	set_mode(mode);
}

static void ended(struct libusb_transfer *transfer)
{
	*(int *)transfer->user_data = 1;
}

static struct libusb_transfer *submit(
	uint8_t endpoint, void *data, int size, int *ended_flag)
{
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);

	*ended_flag = 0;
	libusb_fill_bulk_transfer(
		transfer, handle, endpoint, data, size, ended, ended_flag, 0);
	CHECK(libusb_submit_transfer(transfer) == 0);
	return transfer;
}

static void wait_for(int *flag)
{
	while (!*flag)
		CHECK(libusb_handle_events_completed(NULL, flag) == 0);
}

/* ---- Scenes ----------------------------------------------------------- */

static void busy(void)
{
	libusb_device_handle *other = open_handle(NULL);

	handle = open_handle(NULL);
	CHECK(libusb_claim_interface(handle, 3) == 0);
	CHECK(libusb_claim_interface(other, 3) == LIBUSB_ERROR_BUSY);
	CHECK(libusb_claim_interface(other, 1) == 0);
	CHECK(libusb_set_configuration(other, 1) == LIBUSB_ERROR_BUSY);
	CHECK(libusb_kernel_driver_active(handle, 0) == 0);
	CHECK(libusb_release_interface(handle, 3) == 0);
	CHECK(libusb_claim_interface(other, 3) == 0);
	libusb_close(other);
	CHECK(libusb_claim_interface(handle, 3) == 0);
	CHECK(libusb_claim_interface(handle, 9) == LIBUSB_ERROR_NOT_FOUND);
}

/* Another process holds the interface, and is killed. */
static void killed(void)
{
	int ends[2];
	char byte;
	pid_t child;

	CHECK(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		CHECK(libusb_init(NULL) == 0);
		prepare(SOURCE);
		CHECK(write(ends[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ends[0], &byte, 1) == 1);
	handle = open_handle(NULL);
	CHECK(libusb_claim_interface(handle, 3) == LIBUSB_ERROR_BUSY);
	kill(child, SIGKILL);
	CHECK(waitpid(child, NULL, 0) == child);
	while (libusb_claim_interface(handle, 3) == LIBUSB_ERROR_BUSY)
		usleep(1000);
	CHECK(libusb_set_interface_alt_setting(handle, 3, 1) == 0);
}

static void cancel(void)
{
	static uint8_t data[1 << 20];
	struct libusb_transfer *transfer;
	int flag;

	prepare(IDLE);
	transfer = submit(EP_IN, data, 4096, &flag);
	CHECK(libusb_cancel_transfer(transfer) == 0);
	wait_for(&flag);
	CHECK(transfer->status == LIBUSB_TRANSFER_CANCELLED);
	CHECK(transfer->actual_length == 0);
	CHECK(libusb_cancel_transfer(transfer) == LIBUSB_ERROR_NOT_FOUND);
	libusb_free_transfer(transfer);
}

/* In the bus's own time a mebibyte takes 22 ms. */
static void partial(void)
{
	static uint8_t data[1 << 20];
	struct libusb_transfer *transfer;
	int flag;

	prepare(IDLE);
	transfer = submit(EP_IN, data, sizeof(data), &flag);
	set_mode(SOURCE);
	usleep(5000);
	CHECK(libusb_cancel_transfer(transfer) == 0);
	wait_for(&flag);
	CHECK(transfer->status == LIBUSB_TRANSFER_CANCELLED);
	CHECK(transfer->actual_length > 0);
	CHECK(transfer->actual_length < (int)sizeof(data));
	CHECK(transfer->actual_length % 512 == 0);
	CHECK(data[0] == 1 && data[2] == 2 && data[4] == 4);
	libusb_free_transfer(transfer);
}

#define MANY 300

static void memory(void)
{
	static struct libusb_transfer *transfers[MANY];
	static uint8_t data[65536];
	int flags[MANY], count = 0, error = 0;

	prepare(IDLE);
	for (; count < MANY && error == 0; count++) {
		transfers[count] = libusb_alloc_transfer(0);
		flags[count] = 0;
		libusb_fill_bulk_transfer(transfers[count], handle, EP_IN, data,
			sizeof(data), ended, &flags[count], 0);
		error = libusb_submit_transfer(transfers[count]);
	}
	CHECK(error == LIBUSB_ERROR_NO_MEM);
	CHECK(count > 240 && count <= 256);
	count--;
	for (int i = 0; i < count; i++)
		CHECK(libusb_cancel_transfer(transfers[i]) == 0);
	for (int i = 0; i < count; i++)
		wait_for(&flags[i]);
	CHECK(libusb_submit_transfer(transfers[count]) == 0);
}

/* Sizes that end in a short packet, over the loopback. */
static void echo(void)
{
	static const int sizes[] = {1, 511, 512, 513, 16383, 16384, 16385,
		20000, 32768, 50000, 65535};
	static uint8_t there[65536], back[131072];

	prepare(LOOPBACK);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct libusb_transfer *in, *out;
			int in_flag, out_flag, got = 0;

			for (int at = 0; at < sizes[i]; at++)
				there[at] = rand();
			out = submit(EP_OUT, there, sizes[i], &out_flag);
			while (got < sizes[i]) {
				in = submit(EP_IN, back + got, 65536, &in_flag);
				wait_for(&in_flag);
				CHECK(in->status == LIBUSB_TRANSFER_COMPLETED);
				got += in->actual_length;
				libusb_free_transfer(in);
			}
			wait_for(&out_flag);
			CHECK(out->actual_length == sizes[i]);
			CHECK(got == sizes[i]);
			CHECK(memcmp(there, back, got) == 0);
			libusb_free_transfer(out);
		}
	}
}

static void zero(void)
{
	static uint8_t data[1024];
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	int flag = 0;

	prepare(SINK);
	libusb_fill_bulk_transfer(transfer, handle, EP_OUT, data, sizeof(data),
		ended, &flag, 1000);
	transfer->flags = LIBUSB_TRANSFER_ADD_ZERO_PACKET;
	CHECK(libusb_submit_transfer(transfer) == 0);
	wait_for(&flag);
	CHECK(transfer->status == LIBUSB_TRANSFER_COMPLETED);
	CHECK(transfer->actual_length == sizeof(data));
	/* The empty transfer does not stop those behind it. */
	for (int i = 0; i < 100; i++) {
		flag = 0;
		CHECK(libusb_submit_transfer(transfer) == 0);
		wait_for(&flag);
		CHECK(transfer->status == LIBUSB_TRANSFER_COMPLETED);
	}
	libusb_free_transfer(transfer);
}

static void mapped(void)
{
	uint8_t *data;
	struct libusb_transfer *transfer;
	int flag;

	prepare(SOURCE);
	for (int i = 0; i < 100; i++) {
		data = libusb_dev_mem_alloc(handle, 1 << 20);
		CHECK(data);
		transfer = submit(EP_IN, data, 1 << 20, &flag);
		wait_for(&flag);
		CHECK(transfer->actual_length == 1 << 20);
		if (i == 0)
			CHECK(data[0] == 1 && data[2] == 2);
		libusb_free_transfer(transfer);
		CHECK(libusb_dev_mem_free(handle, data, 1 << 20) == 0);
	}
}

/* Two mapped buffers side by side: a URB of one does not count for the other,
   and one that ends where another begins is still found. */
static void neighbours(void)
{
	size_t size = 3 << 20;

	handle = open_handle(NULL);
	for (int i = 0; i < 12; i++) {
		uint8_t *first = libusb_dev_mem_alloc(handle, size);
		uint8_t *second = libusb_dev_mem_alloc(handle, size);
		struct libusb_transfer *transfer = libusb_alloc_transfer(0);
		int flag = 0;

		CHECK(first && second && transfer);
		libusb_fill_control_setup(second, 0x80, 6, 0x100, 0, 18);
		libusb_fill_control_transfer(
			transfer, handle, second, ended, &flag, 1000);
		CHECK(libusb_submit_transfer(transfer) == 0);
		wait_for(&flag);
		CHECK(transfer->actual_length == 18);
		libusb_free_transfer(transfer);
		CHECK(libusb_dev_mem_free(handle, first, size) == 0);
		first = libusb_dev_mem_alloc(handle, 2 * size);
		CHECK(first);
		CHECK(libusb_dev_mem_free(handle, second, size) == 0);
		CHECK(libusb_dev_mem_free(handle, first, 2 * size) == 0);
	}
}

static void ignore(int number)
{
	(void)number;
}

/* The deadline of a synchronous transfer holds also if a signal arrives. */
static void interrupted(void)
{
	struct sigaction action = {.sa_handler = ignore};
	struct itimerval soon = {.it_value.tv_usec = 20000};
	struct usbdevfs_setinterface select = {0, 1};
	uint8_t data[64];
	struct usbdevfs_bulktransfer bulk = {0x81, sizeof(data), 200, data};
	unsigned interface = 0;
	int fd = open("/dev/bus/usb/001/002", O_RDWR);

	CHECK(ioctl(fd, USBDEVFS_CLAIMINTERFACE, &interface) == 0);
	CHECK(ioctl(fd, USBDEVFS_SETINTERFACE, &select) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK(ioctl(fd, USBDEVFS_BULK, &bulk) == -1 && errno == ETIMEDOUT);
	close(fd);
}

static void stall(void)
{
	uint8_t data[64];
	int moved;

	handle = open_handle(NULL);
	CHECK(libusb_control_transfer(handle, 0xc0, 0x77, 0, 0, data, 64,
		      1000) == LIBUSB_ERROR_PIPE);
	CHECK(libusb_control_transfer(
		      handle, 0x80, 6, 0x100, 0, data, 64, 1000) == 18);
	CHECK(libusb_claim_interface(handle, 1) == 0);
	/* No transfer is possible while the setting is off. */
	CHECK(libusb_bulk_transfer(handle, EP_OUT, data, 64, &moved, 100) ==
		LIBUSB_ERROR_IO);
	use(1, 2);
	CHECK(libusb_claim_interface(handle, 2) == 0);
	/* EP2 has all buffers of the pair, so SET_INTERFACE stalls for EP4. */
	CHECK(libusb_set_interface_alt_setting(handle, 2, 1) < 0);
	CHECK(libusb_set_interface_alt_setting(handle, 1, 1) == 0);
	CHECK(libusb_set_interface_alt_setting(handle, 2, 1) == 0);
	CHECK(libusb_clear_halt(handle, EP_OUT) == 0);
}

static void reset(void)
{
	prepare(SOURCE);
	CHECK(libusb_reset_device(handle) == 0);
	/* libusb has released and claimed again the interfaces that were
	   claimed. */
	CHECK(libusb_set_interface_alt_setting(handle, 0, 1) == 0);
	CHECK(command(0x22, "", 0) == 12);
	CHECK(libusb_get_device_speed(libusb_get_device(handle)) ==
		LIBUSB_SPEED_HIGH);
}

/* A read is pending when the cable is pulled. */
/* Make transfers until the cable is pulled, which is scripted by their number. */
static void *pull(void *device)
{
	int error = 0;

	while (error != LIBUSB_ERROR_NO_DEVICE)
		error = libusb_control_transfer(device,
			LIBUSB_ENDPOINT_IN | LIBUSB_RECIPIENT_DEVICE,
			LIBUSB_REQUEST_GET_STATUS, 0, 0, NULL, 0, 10000);
	return NULL;
}

static void unplug(void)
{
	static uint8_t data[512];
	libusb_device **list;
	pthread_t thread;
	int moved, error;

	prepare(IDLE);
	CHECK(pthread_create(&thread, NULL, pull, handle) == 0);
	error = libusb_bulk_transfer(
		handle, EP_IN, data, sizeof(data), &moved, 60000);
	CHECK(error == LIBUSB_ERROR_NO_DEVICE);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(command(0x22, "", 0) == LIBUSB_ERROR_NO_DEVICE);
	CHECK(libusb_claim_interface(handle, 2) == LIBUSB_ERROR_NO_DEVICE);
	libusb_close(handle);
	handle = NULL;
	/* The root hub. */
	CHECK(libusb_get_device_list(NULL, &list) == 1);
	libusb_free_device_list(list, 1);
}

static int seen;

static int plugged(libusb_context *context, libusb_device *device,
	libusb_hotplug_event event, void *user)
{
	(void)context;
	(void)device;
	(void)user;
	seen |= event;
	return 0;
}

static void hotplug(void)
{
	struct timeval timeout = {10, 0};

	CHECK(libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG));
	CHECK(libusb_hotplug_register_callback(NULL,
		      LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED |
			      LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
		      LIBUSB_HOTPLUG_ENUMERATE, 0x20b7, 0x9db1,
		      LIBUSB_HOTPLUG_MATCH_ANY, plugged, NULL, NULL) == 0);
	CHECK(seen == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED);
	handle = open_handle(NULL);
	pull(handle);
	while (!(seen & LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT)) {
		time_t before = time(NULL);

		libusb_handle_events_timeout(NULL, &timeout);
		CHECK(time(NULL) - before < 9);
	}
}

static _Atomic bool stop;

static void *stream(void *unused)
{
	static uint8_t data[65536];
	int moved;

	(void)unused;
	while (!stop)
		CHECK(libusb_bulk_transfer(handle, EP_IN, data, sizeof(data),
			      &moved, 1000) == 0 &&
			moved == sizeof(data));
	return NULL;
}

static void threads(void)
{
	pthread_t threads[3];

	prepare(SOURCE);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, stream, NULL);
	for (int i = 0; i < 300; i++)
		CHECK(command(0x22, "", 0) == 12);
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* A child that closes its inherited descriptors does not affect its parent. */
static void forks(void)
{
	int status;

	prepare(IDLE);
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (child == 0) {
			for (int fd = 3; fd < 64; fd++)
				close(fd);
			_exit(system("true"));
		}
		CHECK(command(0x22, "", 0) == 12);
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		CHECK(command(0x22, "", 0) == 12);
	}
}

/* A program that was given only an open device file, as on Android. */
static void wrapped(void)
{
	struct libusb_config_descriptor *config;
	int fd = open("/dev/bus/usb/001/002", O_RDWR);

	CHECK(fd >= 0);
	CHECK(libusb_wrap_sys_device(NULL, fd, &handle) == 0);
	CHECK(libusb_get_active_config_descriptor(
		      libusb_get_device(handle), &config) == 0);
	CHECK(config->bNumInterfaces == 5);
	libusb_free_config_descriptor(config);
	use(0, 1);
	CHECK(command(0x22, "", 0) == 12);
}

static const struct {
	const char *name;
	void (*play)(void);
} scenes[] = {
	{"busy", busy},
	{"killed", killed},
	{"cancel", cancel},
	{"partial", partial},
	{"memory", memory},
	{"echo", echo},
	{"zero", zero},
	{"mapped", mapped},
	{"neighbours", neighbours},
	{"interrupted", interrupted},
	{"stall", stall},
	{"reset", reset},
	{"unplug", unplug},
	{"hotplug", hotplug},
	{"threads", threads},
	{"forks", forks},
	{"wrapped", wrapped},
};

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	CHECK(libusb_init(NULL) == 0);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		if (strcmp(scenes[i].name, argv[1]) != 0)
			continue;
		scenes[i].play();
		if (handle)
			libusb_close(handle);
		puts("done");
		return 0;
	}
	CHECK(!"a scene");
}
