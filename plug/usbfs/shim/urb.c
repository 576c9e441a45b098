/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * URBs on the shim's side.  A URB that the program submits becomes a slot with
 * a copy of its data, as usbfs copies; when the URB is reaped, data is copied
 * back.  Data in a mapped buffer is not copied.  plug/usbfs/shim/ioctl.c calls
 * these functions, from any thread of the program.
 */
#include "file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the kernel counts for a URB beside its buffer, about. */
#define URB_OVERHEAD 288

#define FLAGS_KNOWN                                                    \
	(USBDEVFS_URB_SHORT_NOT_OK | USBDEVFS_URB_BULK_CONTINUATION |  \
		USBDEVFS_URB_ZERO_PACKET | USBDEVFS_URB_NO_INTERRUPT | \
		USBDEVFS_URB_NO_FSBR | USBDEVFS_URB_ISO_ASAP)

/* ---- Submit ----------------------------------------------------------- */

/* The checks that the kernel's proc_do_submiturb() makes first. */
static long check(struct shim_file *file, const struct usbdevfs_urb *urb)
{
	const struct usb_setup *setup = urb->buffer;
	struct usbfs_state *state = &file->shared->state;
	int interface;
	long result;

	if (shim_gone(file))
		return -ENODEV;
	if (urb->flags & ~FLAGS_KNOWN || urb->buffer_length < 0 ||
		(urb->buffer_length > 0 && urb->buffer == NULL))
		return -EINVAL;
	if (urb->type == USBDEVFS_URB_TYPE_CONTROL) {
		if ((urb->endpoint & USB_ENDPOINT_MASK) != 0)
			return -EINVAL;
		if (urb->buffer_length < (int)sizeof(*setup) ||
			urb->buffer_length <
				(int)sizeof(*setup) + setup->wLength)
			return -EINVAL;
		return 0;
	}
	interface = usbfs_interface_of(&state->map, urb->endpoint);
	if (interface < 0)
		return -ENOENT;
	result = shim_check_claim(file, interface);
	if (result < 0)
		return result;
	if (usbfs_endpoint_off(
		    &state->map, urb->endpoint, state->alternate[interface]))
		return -ENOENT;
	if (urb->type != USBDEVFS_URB_TYPE_BULK)
		return -EINVAL;
	return state->must_ask
		? shim_request(file, USBFS_ADMIT, urb->endpoint, 0, 0)
		: 0;
}

static bool reads(const struct usbdevfs_urb *urb)
{
	const struct usb_setup *setup = urb->buffer;

	if (urb->type == USBDEVFS_URB_TYPE_CONTROL)
		return setup->bmRequestType & USB_DIR_IN;
	return urb->endpoint & USB_DIR_IN;
}

static uint8_t flags_of(const struct usbdevfs_urb *urb)
{
	uint8_t flags = 0;

	if (urb->type == USBDEVFS_URB_TYPE_CONTROL)
		return USBFS_CONTROL;
	if (urb->flags & USBDEVFS_URB_SHORT_NOT_OK &&
		urb->endpoint & USB_DIR_IN)
		flags |= USBFS_SHORT_NOT_OK;
	if (urb->flags & USBDEVFS_URB_BULK_CONTINUATION)
		flags |= USBFS_CONTINUATION;
	if (urb->flags & USBDEVFS_URB_ZERO_PACKET)
		flags |= USBFS_ZERO_PACKET;
	return flags;
}

/* Make a slot of a URB.  The caller holds the lock. */
static long fill(struct shim_file *file, const struct usbdevfs_urb *urb,
	uint32_t *ret_index)
{
	uint32_t size = urb->buffer_length, index, bytes;
	struct region *region = region_of(file, urb->buffer, size);
	struct usbfs_slot *slot;
	struct shim_slot *own;

	bytes = URB_OVERHEAD + (region ? 0 : size);
	if (!memory_charge(file, bytes))
		return -ENOMEM;
	index = slot_new(file);
	if (index == NO_SLOT) {
		memory_release(file, bytes);
		return -ENOMEM;
	}
	slot = &file->shared->slots[index];
	own = &file->local->slots[index];
	own->bytes = bytes;
	if (region) {
		slot_drop(file, index);
		region->users++;
		own->mapped = true;
		own->page = region->page;
		slot->offset = region->page * PAGE_SIZE_ +
			((uint8_t *)urb->buffer - region->address);
	} else if (slot_room(file, index, size)) {
		slot->offset = own->page * PAGE_SIZE_;
	} else {
		slot_free(file, index);
		return -ENOMEM;
	}
	slot->length = size;
	slot->endpoint = urb->endpoint;
	slot->flags = flags_of(urb);
	slot->over = 0;
	*ret_index = index;
	return 0;
}

static void copy_out(
	struct shim_file *file, const struct usbdevfs_urb *urb, uint32_t index)
{
	uint32_t size = urb->buffer_length;

	if (urb->type == USBDEVFS_URB_TYPE_CONTROL && reads(urb))
		size = sizeof(struct usb_setup);
	else if (reads(urb))
		return;
	if (!file->local->slots[index].mapped && size > 0)
		memcpy(slot_data(file, index), urb->buffer, size);
}

static long submit(struct shim_file *file, struct usbdevfs_urb *urb)
{
	uint32_t index;
	long result;

	pthread_mutex_lock(&file->local->lock);
	result = fill(file, urb, &index);
	if (result == 0) {
		file->local->slots[index].urb = urb;
		copy_out(file, urb, index);
		shim_command(file, index);
	}
	pthread_mutex_unlock(&file->local->lock);
	if (result == 0)
		shim_wake(file);
	return result;
}

long urb_submit(struct shim_file *file, struct usbdevfs_urb *urb)
{
	long result = check(file, urb);

	if (result < 0)
		return result;
	result = submit(file, urb);
	/* The host may not have noticed yet that another file was closed, whose
	   memory still counts. */
	if (result == -ENOMEM &&
		shim_request(file, USBFS_CHECK_CLOSED, 0, 0, 0) == 0)
		result = submit(file, urb);
	return result;
}

/* ---- Discard ---------------------------------------------------------- */

long urb_discard(struct shim_file *file, struct usbdevfs_urb *urb)
{
	struct shim_private *local = file->local;
	long result = -EINVAL;

	pthread_mutex_lock(&local->lock);
	for (uint32_t i = 0; i < local->fresh_slot; i++) {
		if (local->slots[i].urb != urb || file->shared->slots[i].over)
			continue;
		shim_command(file, USBFS_CANCEL | i);
		result = 0;
		break;
	}
	pthread_mutex_unlock(&local->lock);
	if (result == 0)
		shim_wake(file);
	return result;
}

/* ---- Reap ------------------------------------------------------------- */

/* Copy a slot's result to the URB.  False if the host reports more bytes than
   there is room for. */
static bool copy_in(
	struct shim_file *file, struct usbdevfs_urb *urb, uint32_t index)
{
	const struct usbfs_slot *slot = &file->shared->slots[index];
	uint32_t actual = *(const volatile uint32_t *)&slot->actual;
	uint32_t skip = urb->type == USBDEVFS_URB_TYPE_CONTROL
		? sizeof(struct usb_setup)
		: 0;

	if (actual > urb->buffer_length - skip)
		return false;
	urb->status = slot->status;
	urb->actual_length = actual;
	urb->error_count = 0;
	if (reads(urb) && !file->local->slots[index].mapped)
		memcpy((uint8_t *)urb->buffer + skip,
			slot_data(file, index) + skip, actual);
	return true;
}

/* The next slot that is done.  False if there is none, or if the host names a
   slot that was not submitted. */
static bool next_done(struct shim_file *file, uint32_t *ret_index)
{
	struct usbfs_shared *shared = file->shared;
	uint32_t head = file->local->done_head, index;

	if (file->local->broken ||
		atomic_load_explicit(
			&shared->done_tail, memory_order_acquire) == head)
		return false;
	index = *(volatile uint32_t *)&shared->done[head % USBFS_SLOTS];
	if (index >= file->local->fresh_slot ||
		file->local->slots[index].urb == NULL) {
		file->local->broken = true;
		return false;
	}
	file->local->done_head = head + 1;
	atomic_store_explicit(
		&shared->done_head, head + 1, memory_order_release);
	*ret_index = index;
	return true;
}

/* Reap a URB if one is done.  The caller holds the lock. */
static bool take_done(struct shim_file *file, void **ret_urb)
{
	struct usbdevfs_urb *urb;
	uint32_t index;

	if (!next_done(file, &index))
		return false;
	urb = file->local->slots[index].urb;
	if (!copy_in(file, urb, index)) {
		file->local->broken = true;
		return false;
	}
	*ret_urb = urb;
	slot_free(file, index);
	return true;
}

/*
 * Fill the pipe, without a SIGPIPE for the program if the host has just closed
 * it.  If the program ignores SIGPIPE, as Python does, the signal mask of this
 * thread must not change: while it does, a signal for this thread can be given
 * to another thread.
 */
static void fill_pipe(struct shim_file *file)
{
	uint64_t pipe_signal = UINT64_C(1) << (SIGPIPE - 1), before;
	static const struct timespec at_once;
	struct sigaction action;

	if (sigaction(SIGPIPE, NULL, &action) == 0 &&
		action.sa_handler == SIG_IGN) {
		syscall(SYS_write, file->fd, "", 1);
		return;
	}
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &pipe_signal, &before, 8);
	if (syscall(SYS_write, file->fd, "", 1) < 0 && errno == EPIPE)
		syscall(SYS_rt_sigtimedwait, &pipe_signal, NULL, &at_once, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
}

/*
 * No URB is done: fill the pipe, so that poll() reports nothing.  While the
 * pipe was empty the host did not signal, so a URB may be done meanwhile: look
 * again.  True if there was one.
 *
 * The host may be about to take its byte, after it has set `signalled`.  Then
 * this byte is added to the same slot, and stays: the pipe remains full.
 */
static bool clear_signal(struct shim_file *file, void **ret_urb)
{
	struct usbfs_shared *shared = file->shared;

	if (!atomic_load(&shared->signalled))
		return false;
	fill_pipe(file);
	atomic_store(&shared->signalled, 0);
	/* Pairs with the fence of file_signal() in the host. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!take_done(file, ret_urb))
		return false;
	/* More URBs may be done, without a signal: ask the host for one. */
	shim_command(file, USBFS_SIGNAL);
	shim_wake(file);
	return true;
}

static long reap(struct shim_file *file, void **ret_urb)
{
	bool done, gone;
	int error = errno;

	pthread_mutex_lock(&file->local->lock);
	gone = shim_gone(file);
	done = take_done(file, ret_urb) ||
		(!gone && clear_signal(file, ret_urb));
	pthread_mutex_unlock(&file->local->lock);
	errno = error;
	if (done)
		return 0;
	return gone || file->local->broken ? -ENODEV : -EAGAIN;
}

long urb_reap(struct shim_file *file, void **ret_urb, bool wait)
{
	for (;;) {
		struct pollfd event = {file->fd, POLLOUT, 0};
		long result = reap(file, ret_urb);

		if (result != -EAGAIN || !wait)
			return result;
		if (poll(&event, 1, -1) < 0)
			return -errno;
		/* After an unplug, only URBs that are done can be reaped. */
		if (event.revents & POLLERR)
			return reap(file, ret_urb) < 0 ? -ENODEV : 0;
	}
}

/* ---- Synchronous transfers -------------------------------------------- */

long urb_transfer(struct shim_file *file, uint8_t endpoint,
	const struct usb_setup *setup, void *data, uint32_t length,
	uint32_t timeout_ms)
{
	uint32_t skip = setup ? sizeof(*setup) : 0, index;
	uint8_t *room;
	struct usbdevfs_urb urb = {
		.type = setup ? USBDEVFS_URB_TYPE_CONTROL
			      : USBDEVFS_URB_TYPE_BULK,
		.endpoint = endpoint,
		.buffer_length = skip + length,
	};
	long result;

	pthread_mutex_lock(&file->local->lock);
	result = fill(file, &urb, &index);
	pthread_mutex_unlock(&file->local->lock);
	if (result < 0)
		return result;
	room = slot_data(file, index);
	if (setup)
		memcpy(room, setup, skip);
	if (!(endpoint & USB_DIR_IN) && length > 0)
		memcpy(room + skip, data, length);
	result = shim_request(file, USBFS_TRANSFER, index, 0, timeout_ms);
	if (result > (long)length) {
		file->local->broken = true;
		result = -ENODEV;
	}
	if (result > 0 && endpoint & USB_DIR_IN)
		memcpy(data, room + skip, result);
	pthread_mutex_lock(&file->local->lock);
	slot_free(file, index);
	pthread_mutex_unlock(&file->local->lock);
	return result;
}
