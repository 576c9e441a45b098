/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the shim with a `clyde virtual` that may write anything to the socket
 * and the memory: the input is a list of what this host and the program do.
 * The program must get a URB back at most once, with no more bytes than its
 * buffer holds.  If the host follows the protocol, the program must get every
 * URB that completes, even if the device leaves meanwhile.
 *
 * The host acts inside the calls in which the shim would wait, so all of it
 * runs on one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "plug/usbfs/shim/file.h"

#define URBS     8
#define DATA_MAX 3000
#define MAPPED   8192

/* The linker leads the shim's calls here. */
int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const void *address, unsigned size);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

static struct host {
	struct input input;
	int socket, pipe, memory;
	uint8_t kind; /* Of its answer to USBFS_OPEN. */
	/* Carries the URBs that it was given before it breaks the protocol. */
	bool honest;
	struct usbfs_shared *shared;
	bool broke_protocol; /* It has broken the protocol. */
	unsigned given;      /* The URBs that it returned before that. */
} host;

static struct program {
	int fd;
	struct shim_file *file;
	struct usbdevfs_urb urbs[URBS];
	uint8_t *buffers[URBS]; /* NULL: not submitted. */
	uint8_t *mapped;
	unsigned reaped;
} program;

const char *shim_directory(void)
{
	return "/nonexistent";
}

/* ---- The host --------------------------------------------------------- */

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void give_back(uint32_t index, int32_t status, uint32_t actual)
{
	struct usbfs_shared *shared = host.shared;

	shared->slots[index % USBFS_SLOTS].status = status;
	shared->slots[index % USBFS_SLOTS].actual = actual;
	shared->slots[index % USBFS_SLOTS].over = 1;
	shared->done[shared->done_tail % USBFS_SLOTS] = index;
	shared->done_tail++;
}

/* Carries the queued URBs as a host that follows the protocol does. */
static void carry(void)
{
	struct usbfs_shared *shared = host.shared;

	for (unsigned i = 0; i < USBFS_COMMANDS &&
		shared->command_head != shared->command_tail;
		i++) {
		uint32_t command = shared->commands[shared->command_head++ %
			USBFS_COMMANDS];

		if (command >= USBFS_SLOTS)
			continue;
		give_back(command, 0,
			shared->slots[command].flags & USBFS_CONTROL
				? shared->slots[command].length - 8
				: shared->slots[command].length);
		host.given++;
	}
}

static void write_memory(void)
{
	static const size_t places[] = {
		offsetof(struct usbfs_shared, command_tail),
		offsetof(struct usbfs_shared, command_head),
		offsetof(struct usbfs_shared, done_tail),
		offsetof(struct usbfs_shared, done_head),
		offsetof(struct usbfs_shared, signalled),
		offsetof(struct usbfs_shared, bytes),
		offsetof(struct usbfs_shared, state),
		offsetof(struct usbfs_shared, state.map),
		offsetof(struct usbfs_shared, done),
		offsetof(struct usbfs_shared, slots),
	};
	uint8_t place = take_byte(&host.input);
	uint8_t offset = take_byte(&host.input);
	uint8_t size = take_byte(&host.input) % 16 + 1;

	take_bytes(&host.input,
		(uint8_t *)host.shared + places[place % 10] + offset, size);
}

/* Sends an answer with this many descriptors and of this many bytes. */
static void answer(
	int32_t result, uint32_t value, const int *fds, int count, size_t size)
{
	struct usbfs_reply reply = {result, value};
	struct iovec part = {&reply, size};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	sendmsg(host.socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void act_as_host(void)
{
	uint8_t operation = take_byte(&host.input);
	uint32_t value;

	if (host.shared == NULL)
		return;
	if (host.honest)
		carry();
	host.broke_protocol |= operation % 8 < 5;
	switch (operation % 8) {
	case 0:
		answer(0, 0, NULL, 0, sizeof(struct usbfs_reply));
		break;
	case 1:
		take_bytes(&host.input, &value, sizeof(value));
		answer(0, value, NULL, 0, sizeof(struct usbfs_reply));
		break;
	case 2:
		answer(-(int)take_byte(&host.input), 0, NULL, 0,
			take_byte(&host.input) %
				(sizeof(struct usbfs_reply) + 1));
		break;
	case 3:
		write_memory();
		break;
	case 4:
		take_bytes(&host.input, &value, sizeof(value));
		give_back(
			take_byte(&host.input), -(int)(operation >> 3), value);
		break;
	case 5:
		carry();
		break;
	case 6:
		host.shared->state.gone = operation >> 3 & 1;
		drop(&host.pipe);
		break;
	case 7:
		drop(&host.socket);
	}
}

static int new_memory(const char *name, size_t size, bool sealed)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, size) < 0)
		abort();
	if (sealed)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	return fd;
}

/* Prepares the answer to USBFS_OPEN; the first byte says what is wrong with it,
   if anything. */
static void open_host(uint8_t kind)
{
	int fds[8], ends[2];
	size_t size = kind == 1 ? 4096 : USBFS_MEMORY_SIZE;
	struct usbfs_global *world;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	host.pipe = ends[0];
	host.memory = new_memory("memory", size, kind != 2);
	fds[USBFS_FD_MEMORY] = host.memory;
	fds[USBFS_FD_GLOBAL] =
		new_memory("world", kind == 3 ? 0 : 4096, kind != 4);
	fds[USBFS_FD_WAKE] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	fds[USBFS_FD_PIPE] = ends[1];
	for (int i = USBFS_FDS; i < 8; i++)
		fds[i] = fds[USBFS_FD_WAKE];
	if (kind != 3) {
		world = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			fds[USBFS_FD_GLOBAL], 0);
		world->bytes_max = 16 << 20;
		world->capabilities = 0xff;
		munmap(world, 4096);
	}
	if (kind == 5)
		answer(0, 0, fds, 3, sizeof(struct usbfs_reply));
	else if (kind == 6)
		answer(0, 0, fds, 8, sizeof(struct usbfs_reply));
	else if (kind == 7)
		answer(0, 0, NULL, 0, sizeof(struct usbfs_reply));
	else
		answer(kind == 8 ? -ENODEV : 0, 0, fds, USBFS_FDS,
			sizeof(struct usbfs_reply));
	for (int i = 1; i < USBFS_FDS; i++)
		close(fds[i]);
}

int __wrap_socket(int domain, int type, int protocol)
{
	int ends[2];

	if (socketpair(domain, type | SOCK_NONBLOCK, protocol, ends) < 0)
		abort();
	host.socket = ends[1];
	return ends[0];
}

int __wrap_connect(int fd, const void *address, unsigned size)
{
	(void)fd;
	(void)address;
	(void)size;
	return 0;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct usbfs_request unused;

	while (host.socket >= 0 &&
		recv(host.socket, &unused, sizeof(unused), MSG_DONTWAIT) > 0)
		;
	if (host.memory < 0)
		open_host(host.kind);
	else
		act_as_host();
	return __real_recvmsg(fd, message, flags | MSG_DONTWAIT);
}

/* A wait without a deadline must be woken.  At the end of its input, the host
   hangs up. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	act_as_host();
	if (host.input.size == 0)
		drop(&host.pipe);
	return __real_poll(fds, count, timeout_ms < 0 ? 1 : 0);
}

/* ---- Both sides opened ------------------------------------------------ */

/* The interfaces of a Glasgow, all of them claimed and on. */
static void show_state(void)
{
	static const uint8_t endpoints[] = {0x01, 0x81, 0x02, 0x04, 0x86, 0x88};
	struct usbfs_state *state = &host.shared->state;

	for (unsigned i = 0; i < USB_IFACE_COUNT; i++) {
		state->alternate[i] = USB_ALT_ON;
		state->claimed[i] = USBFS_CLAIM_MINE;
		state->map.alternates[i] = 2;
	}
	for (unsigned i = 0; i < sizeof(endpoints); i++)
		state->map.owners[usbfs_endpoint_index(endpoints[i])] =
			(endpoints[i] & USB_ENDPOINT_MASK) / 2 + 1;
	state->configuration = 1;
	host.shared->signalled = 1;
}

static bool open_both(void)
{
	program.fd = shim_open(USBFS_BUS, USBFS_ADDRESS, O_RDWR | O_CLOEXEC);
	if (program.fd < 0)
		return false;
	check(host.kind == 0 || host.kind > 8);
	program.file = shim_file_of(program.fd);
	host.shared = mmap(NULL, USBFS_MEMORY_SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED, host.memory, 0);
	check(host.shared != MAP_FAILED);
	show_state();
	return true;
}

/* ---- The program ------------------------------------------------------ */

static long call(unsigned long request, void *argument)
{
	return shim_ioctl(program.file, request, argument);
}

static void submit(struct input *input)
{
	static const uint8_t endpoints[] = {
		0, 0x81, 0x01, 0x02, 0x86, 0x88, 0x04, 0x83};
	uint8_t kind = take_byte(input);
	unsigned index = kind % URBS;
	uint16_t size = take_word(input) % DATA_MAX;
	struct usbdevfs_urb *urb = &program.urbs[index];
	uint8_t *buffer;

	if (program.buffers[index])
		return;
	buffer = malloc(size + 1);
	check(buffer != NULL);
	memset(buffer, 0, size + 1);
	*urb = (struct usbdevfs_urb){
		.type = kind & 8 ? USBDEVFS_URB_TYPE_CONTROL
				 : USBDEVFS_URB_TYPE_BULK,
		.endpoint = kind & 8 ? 0 : endpoints[kind >> 4 & 7],
		.buffer =
			kind & 128 && program.mapped ? program.mapped : buffer,
		.buffer_length = size,
	};
	if (kind & 8 && size >= sizeof(struct usb_setup))
		memcpy(urb->buffer,
			&(struct usb_setup){.bmRequestType = kind & 128,
				.wLength = size - sizeof(struct usb_setup)},
			sizeof(struct usb_setup));
	program.buffers[index] = buffer;
	if (call(USBDEVFS_SUBMITURB, urb) < 0) {
		free(buffer);
		program.buffers[index] = NULL;
	}
}

/* Asserts that the URB was submitted, and notes that it is no longer. */
static bool reap(bool wait)
{
	struct usbdevfs_urb *urb = NULL;
	size_t index;

	if (call(wait ? USBDEVFS_REAPURB : USBDEVFS_REAPURBNDELAY, &urb) < 0)
		return false;
	program.reaped++;
	index = urb - program.urbs;
	check(urb >= program.urbs && index < URBS && program.buffers[index]);
	check(urb->actual_length >= 0 &&
		urb->actual_length <= urb->buffer_length);
	free(program.buffers[index]);
	program.buffers[index] = NULL;
	return true;
}

static void transfer(struct input *input)
{
	uint8_t kind = take_byte(input);
	uint16_t size = take_word(input) % DATA_MAX;
	uint8_t *data = calloc(1, size + 1);
	struct usbdevfs_ctrltransfer control = {
		.bRequestType = kind & 128,
		.wLength = size,
		.timeout = kind >> 1 & 3,
		.data = data,
	};
	struct usbdevfs_bulktransfer bulk = {
		.ep = kind & 128 ? 0x86 : 0x02,
		.len = size,
		.timeout = kind >> 1 & 3,
		.data = data,
	};
	long result;

	check(data != NULL);
	result = kind & 1 ? call(USBDEVFS_CONTROL, &control)
			  : call(USBDEVFS_BULK, &bulk);
	check(result <= size);
	free(data);
}

static void ask(struct input *input)
{
	static const unsigned long requests[] = {USBDEVFS_CLAIMINTERFACE,
		USBDEVFS_RELEASEINTERFACE, USBDEVFS_SETCONFIGURATION,
		USBDEVFS_CLEAR_HALT, USBDEVFS_RESETEP, USBDEVFS_RESET,
		USBDEVFS_GET_CAPABILITIES, USBDEVFS_GET_SPEED, 0};
	uint8_t kind = take_byte(input);
	unsigned value = take_byte(input);
	struct usbdevfs_setinterface set = {take_byte(input), 1};
	struct usbdevfs_getdriver driver = {.interface = set.interface};
	struct usbdevfs_ioctl inner = {
		.ifno = set.interface, .ioctl_code = USBDEVFS_CONNECT};

	call(requests[kind % 9], &value);
	if (kind & 16)
		call(USBDEVFS_SETINTERFACE, &set);
	if (kind & 32)
		call(USBDEVFS_GETDRIVER, &driver);
	if (kind & 64)
		call(USBDEVFS_IOCTL, &inner);
}

static bool maps_are_idle(void)
{
	for (unsigned i = 0; i < URBS; i++)
		if (program.buffers[i])
			return false;
	return true;
}

static void remap(void)
{
	if (program.mapped == NULL) {
		program.mapped =
			shim_map(program.file, MAPPED, PROT_READ | PROT_WRITE);
		if (program.mapped == MAP_FAILED)
			program.mapped = NULL;
	} else if (maps_are_idle()) {
		check(shim_unmap(program.mapped, MAPPED));
		program.mapped = NULL;
	}
}

static void act(struct input *input)
{
	uint8_t operation = take_byte(input);

	switch (operation % 8) {
	case 0:
	case 1:
		submit(input);
		break;
	case 2:
		reap(operation & 8);
		break;
	case 3:
		call(USBDEVFS_DISCARDURB,
			&program.urbs[take_byte(input) % URBS]);
		break;
	case 4:
		transfer(input);
		break;
	case 5:
		ask(input);
		break;
	case 6:
		remap();
		break;
	case 7:
		host.honest = operation & 8;
		act_as_host();
	}
}

static void check_reaped(void)
{
	while (reap(false))
		;
	check(host.broke_protocol || program.reaped == host.given);
}

static void close_both(void)
{
	int fd = program.fd;

	if (program.mapped)
		shim_unmap(program.mapped, MAPPED);
	if (fd >= 0) {
		shim_close(fd);
		close(fd);
	}
	for (unsigned i = 0; i < URBS; i++)
		free(program.buffers[i]);
	if (host.shared)
		munmap(host.shared, USBFS_MEMORY_SIZE);
	drop(&host.memory);
	drop(&host.pipe);
	drop(&host.socket);
	memset(&program, 0, sizeof(program));
}

/* The first byte says how the device is opened, the second how much of the rest
   is the host's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t kind = take_byte(&input);
	size_t share = input.size * take_byte(&input) / 256;

	host = (struct host){.input = {input.data, share},
		.socket = -1,
		.pipe = -1,
		.memory = -1,
		.kind = kind,
		.honest = true};
	input.data += share;
	input.size -= share;
	if (open_both()) {
		while (input.size > 0)
			act(&input);
		check_reaped();
	}
	close_both();
	return 0;
}
