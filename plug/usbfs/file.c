/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An open device file on the host's side: slots from the shim's ring become
 * URBs on the bus, and return by the other ring.  plug/usbfs/host.c and
 * request.c call it.  Nothing in the shared memory may be trusted: indices and
 * sizes are read once, and checked.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_memory(struct host_file *file)
{
	int fd = memfd_create("clyde-usbfs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *memory;

	if (fd < 0)
		return -errno;
	/* Without the seal the client could truncate the memory, and an access
	   here would be a SIGBUS. */
	if (ftruncate(fd, USBFS_MEMORY_SIZE) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		close(fd);
		return -ENOMEM;
	}
	memory = mmap(NULL, USBFS_MEMORY_SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		close(fd);
		return -ENOMEM;
	}
	file->shared = memory;
	file->data = (uint8_t *)memory + USBFS_DATA_OFFSET;
	return fd;
}

int file_open(struct host_file *file, int fds[USBFS_FDS])
{
	struct stat status;
	int ends[2];

	file->slots = calloc(USBFS_SLOTS, sizeof(*file->slots));
	if (file->slots == NULL)
		return -ENOMEM;
	fds[USBFS_FD_MEMORY] = open_memory(file);
	if (fds[USBFS_FD_MEMORY] < 0)
		return fds[USBFS_FD_MEMORY];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		close(fds[USBFS_FD_MEMORY]);
		return -errno;
	}
	file->pipe = ends[0];
	fds[USBFS_FD_PIPE] = ends[1];
	/* A pipe of one page has one slot; a byte fills it. */
	if (fstat(ends[0], &status) < 0 ||
		fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0 ||
		write(ends[1], "", 1) != 1) {
		close(fds[USBFS_FD_MEMORY]);
		close(ends[1]);
		return -EIO;
	}
	file->inode = status.st_ino;
	fds[USBFS_FD_GLOBAL] = file->host->global_fd;
	fds[USBFS_FD_WAKE] = file->host->wake;
	return 0;
}

/* A client that was killed has not subtracted the bytes of its URBs itself. */
void file_discharge(struct host_file *file)
{
	uint64_t bytes = atomic_exchange(&file->shared->bytes, 0);

	if (bytes <= atomic_load(&file->host->global->bytes))
		atomic_fetch_sub(&file->host->global->bytes, bytes);
}

void file_free(struct host_file *file)
{
	if (file->shared) {
		file_discharge(file);
		munmap(file->shared, USBFS_MEMORY_SIZE);
	}
	if (file->pipe >= 0)
		close(file->pipe);
	close(file->socket);
	free(file->slots);
	free(file);
}

/* ---- Done ------------------------------------------------------------- */

void file_signal(struct host_file *file)
{
	char byte;

	file->signal = false;
	/* Pairs with the fence of clear_signal() in the shim: either the shim
	   sees the slot that is done, or this side sees the filled pipe. */
	atomic_thread_fence(memory_order_seq_cst);
	if (file->pipe >= 0 &&
		atomic_exchange(&file->shared->signalled, 1) == 0 &&
		read(file->pipe, &byte, 1) < 0)
		return; /* the pipe was empty: poll() reports POLLOUT already */
}

static void give_back(
	struct host_file *file, uint32_t index, int status, uint32_t actual)
{
	struct usbfs_shared *shared = file->shared;

	shared->slots[index].status = status;
	shared->slots[index].actual = actual;
	shared->slots[index].over = 1;
	shared->done[file->done_tail % USBFS_SLOTS] = index;
	atomic_store_explicit(
		&shared->done_tail, ++file->done_tail, memory_order_release);
	file->signal = true;
}

/* The status that usbfs reports for an URB. */
static int usbfs_status(const struct host_slot *slot, const struct urb *urb)
{
	switch (urb->status) {
	case -ECANCELED:
		return -ENOENT;
	case -ENODEV:
		return -ESHUTDOWN;
	case 0:
		if (slot->flags & USBFS_SHORT_NOT_OK &&
			urb->actual < urb->length)
			return -EREMOTEIO;
	}
	return urb->status;
}

static uint32_t endpoint_bit(uint8_t endpoint)
{
	return UINT32_C(1) << usbfs_endpoint_index(endpoint);
}

/*
 * A transfer that libusb has split into URBs of 16 KiB ended early: cancel the
 * rest of its URBs, up to the first URB of the next transfer.  If the next
 * transfer has not been submitted yet, further URBs of this one may come: they
 * are refused.
 */
static void cancel_continuations(
	struct host_file *file, const struct host_slot *first)
{
	struct bus *bus = file->device->plug->bus;
	uint8_t endpoint = first->urb.endpoint;
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < file->slots_used; i++) {
		const struct host_slot *slot = &file->slots[i];

		if (slot->pending && slot->urb.endpoint == endpoint &&
			!(slot->flags & USBFS_CONTINUATION) &&
			slot->number > first->number && slot->number < next)
			next = slot->number;
	}
	if (next == UINT64_MAX)
		file->continuations_refused |= endpoint_bit(endpoint);
	for (unsigned i = 0; i < file->slots_used; i++) {
		struct host_slot *slot = &file->slots[i];

		if (slot->pending && slot->urb.endpoint == endpoint &&
			slot->number > first->number && slot->number < next)
			bus_cancel(bus, &slot->urb);
	}
}

static void slot_done(struct completion *completion, struct urb *urb)
{
	struct host_slot *slot = (struct host_slot *)completion;
	struct host_file *file = slot->file;
	int status = usbfs_status(slot, urb);

	if (slot->status == 0)
		slot->status = status;
	if (--slot->pending > 0) {
		/* The empty packet is still on the bus. */
		if (status != 0)
			bus_cancel(file->device->plug->bus, &slot->zero);
		return;
	}
	if (slot->status != 0 && slot->status != -ENOENT &&
		slot->flags & (USBFS_SHORT_NOT_OK | USBFS_CONTINUATION))
		cancel_continuations(file, slot);
	if (slot->synchronous)
		file_reply(file, slot->status, slot->urb.actual);
	else
		give_back(file, slot - file->slots, slot->status,
			slot->urb.actual);
}

/* ---- Submitted -------------------------------------------------------- */

static int fill_control(struct host_slot *slot, uint8_t *data, uint32_t length)
{
	struct urb *urb = &slot->urb;

	if (length < sizeof(urb->setup))
		return -EINVAL;
	memcpy(&urb->setup, data, sizeof(urb->setup));
	if (urb->setup.wLength > length - sizeof(urb->setup))
		return -EINVAL;
	urb->endpoint = 0;
	urb->data = data + sizeof(urb->setup);
	urb->length = urb->setup.wLength;
	return 0;
}

static int fill_bulk(struct host_file *file, struct host_slot *slot,
	uint8_t endpoint, uint8_t *data, uint32_t length)
{
	const struct host_device *device = file->device;
	int interface = usbfs_interface_of(&device->map, endpoint);

	if (interface < 0 ||
		usbfs_endpoint_off(
			&device->map, endpoint, device->alternate[interface]))
		return -ENOENT;
	if (device->claims[interface] != file)
		return -EBUSY;
	if (!(slot->flags & USBFS_CONTINUATION))
		file->continuations_refused &= ~endpoint_bit(endpoint);
	else if (file->continuations_refused & endpoint_bit(endpoint))
		return -EREMOTEIO;
	if (endpoint & USB_DIR_IN || length == 0 || length % USB_PACKET_SIZE)
		slot->flags &= ~USBFS_ZERO_PACKET;
	slot->urb.endpoint = endpoint;
	slot->urb.data = data;
	slot->urb.length = length;
	return 0;
}

/* Make the URBs from a copy of the shared slot: the client may change the slot
   at any time. */
static int fill(struct host_file *file, struct host_slot *slot,
	const struct usbfs_slot *from)
{
	uint8_t *data = file->data + from->offset;

	if (from->offset > USBFS_DATA_SIZE ||
		from->length > USBFS_DATA_SIZE - from->offset)
		return -EINVAL;
	slot->completion.done = slot_done;
	slot->file = file;
	slot->flags = from->flags;
	slot->urb = (struct urb){.user = slot};
	slot->zero = (struct urb){.user = slot, .endpoint = from->endpoint};
	if (from->flags & USBFS_CONTROL) {
		slot->flags = USBFS_CONTROL;
		return fill_control(slot, data, from->length);
	}
	return fill_bulk(file, slot, from->endpoint, data, from->length);
}

int file_submit(struct host_file *file, uint32_t index, bool synchronous)
{
	struct host_slot *slot = &file->slots[index % USBFS_SLOTS];
	struct usbfs_slot from;
	int result;

	if (index >= USBFS_SLOTS || slot->pending)
		return -EPROTO;
	memcpy(&from, &file->shared->slots[index], sizeof(from));
	if (file->slots_used <= index)
		file->slots_used = index + 1;
	result = file->gone ? -ENODEV : fill(file, slot, &from);
	if (result < 0)
		return result;
	slot->synchronous = synchronous;
	slot->status = 0;
	slot->pending = 1;
	slot->number = ++file->submitted;
	bus_submit(file->device->plug->bus, &slot->urb);
	if (slot->flags & USBFS_ZERO_PACKET) {
		slot->pending = 2;
		bus_submit(file->device->plug->bus, &slot->zero);
	}
	return 0;
}

static void cancel(struct host_file *file, struct host_slot *slot)
{
	struct bus *bus = file->device->plug->bus;

	if (slot->pending == 0)
		return;
	if (slot->flags & USBFS_ZERO_PACKET)
		bus_cancel(bus, &slot->zero);
	bus_cancel(bus, &slot->urb);
}

void file_cancel(struct host_file *file, int interface)
{
	for (unsigned i = 0; i < file->slots_used; i++) {
		struct host_slot *slot = &file->slots[i];

		if (interface < 0 ||
			usbfs_interface_of(&file->device->map,
				slot->urb.endpoint) == interface)
			cancel(file, slot);
	}
}

bool file_has_commands(const struct host_file *file)
{
	return file->device && !file->broken &&
		atomic_load_explicit(&file->shared->command_tail,
			memory_order_acquire) != file->command_head;
}

bool file_take_commands(struct host_file *file)
{
	struct usbfs_shared *shared = file->shared;
	uint32_t tail = atomic_load_explicit(
		&shared->command_tail, memory_order_acquire);
	uint32_t count = tail - file->command_head;
	bool cancelled = false;

	if (count == 0 || file->broken)
		return false;
	if (count > USBFS_COMMANDS)
		file->broken = true;
	while (count-- > 0 && !file->broken && !cancelled) {
		uint32_t command = atomic_load_explicit(
			(_Atomic uint32_t *)&shared
				->commands[file->command_head++ %
					USBFS_COMMANDS],
			memory_order_relaxed);
		uint32_t index = command & ~USBFS_CANCEL;
		int result;

		if (command == USBFS_SIGNAL) {
			file->signal = true;
		} else if (index >= USBFS_SLOTS) {
			file->broken = true;
		} else if (command & USBFS_CANCEL) {
			cancel(file, &file->slots[index]);
			cancelled = true;
		} else {
			result = file_submit(file, index, false);
			if (result == -EPROTO)
				file->broken = true;
			else if (result < 0)
				give_back(file, index, result, 0);
		}
	}
	atomic_store_explicit(&shared->command_head, file->command_head,
		memory_order_release);
	return true;
}

/* ---- The device ------------------------------------------------------- */

void file_show_state(struct host_file *file)
{
	struct usbfs_state *state = &file->shared->state;
	const struct host_device *device = file->device;

	for (unsigned i = 0; i < USB_IFACE_COUNT; i++) {
		state->alternate[i] = device->alternate[i];
		if (device->claims[i] == file)
			state->claimed[i] = USBFS_CLAIM_MINE;
		else
			state->claimed[i] =
				device->claims[i] || device->plug->taken
				? USBFS_CLAIM_OTHER
				: USBFS_CLAIM_NONE;
	}
	state->configuration = device->configuration;
	state->must_ask = bus_refuses(device->plug->bus);
	state->map = device->map;
}

void file_unplug(struct host_file *file)
{
	file->gone = true;
	atomic_store(&file->shared->state.gone, 1);
	if (file->waiting)
		file_reply(file, -ENODEV, 0);
	if (file->pipe >= 0)
		close(file->pipe);
	file->pipe = -1;
}
