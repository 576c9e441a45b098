/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A device file on the shim's side: the connection to the host, its requests
 * and replies, the ring of commands, and read() and lseek().  The other files of
 * the shim call it, from any thread of the program.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX 65536

/* By descriptor.  Every call of the program reads this, open and close write
   it. */
static _Atomic(struct shim_file *) files[FDS_MAX];
static _Atomic unsigned files_open;
static _Atomic int files_end; /* one more than the highest ever used */

struct shim_file *shim_file_of(int fd)
{
	if (atomic_load_explicit(&files_open, memory_order_relaxed) == 0 ||
		fd < 0 || fd >= FDS_MAX)
		return NULL;
	return files[fd];
}

struct shim_file *shim_files_next(struct shim_file *file)
{
	int end = files_end;

	if (files_open == 0)
		return NULL;
	for (int fd = file ? file->fd + 1 : 0; fd < end; fd++)
		if (files[fd])
			return files[fd];
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* ---- The socket ------------------------------------------------------- */

static int connect_host(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path),
		    "%s/%s", shim_directory(),
		    USBFS_SOCKET) >= sizeof(address.sun_path))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close_fd(fd);
		return -ENODEV; /* the host has ended, and so its devices */
	}
	return fd;
}

/* Take all descriptors of a reply to USBFS_OPEN, or none. */
static bool take_fds(struct msghdr *message, int fds[USBFS_FDS])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count = 0;
	int *given;

	if (header == NULL || header->cmsg_level != SOL_SOCKET ||
		header->cmsg_type != SCM_RIGHTS)
		return false;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	given = (int *)CMSG_DATA(header);
	if (count == USBFS_FDS && !(message->msg_flags & MSG_CTRUNC)) {
		memcpy(fds, given, sizeof(int) * USBFS_FDS);
		return true;
	}
	for (size_t i = 0; i < count; i++)
		close_fd(given[i]);
	return false;
}

/* Receive the reply to a request, and descriptors if `fds` is not NULL: the
   reply's value, or -errno. */
static long receive_reply(int socket, int fds[USBFS_FDS])
{
	struct usbfs_reply reply = {-ENODEV, 0};
	struct iovec part = {&reply, sizeof(reply)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * USBFS_FDS)];
	} control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = fds ? &control : NULL,
		.msg_controllen = fds ? sizeof(control.space) : 0,
	};
	ssize_t size;
	bool taken;

	do
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	taken = fds && size >= 0 && take_fds(&message, fds);
	if (size == sizeof(reply) && reply.result >= 0 && (taken || !fds))
		return reply.value;
	for (int i = 0; i < USBFS_FDS && taken; i++)
		close_fd(fds[i]);
	if (size != sizeof(reply))
		return -ENODEV;
	return reply.result < 0 ? reply.result : -EMFILE;
}

/* poll() that goes on after a signal, with the time that is left. */
static int poll_for(struct pollfd *event, uint32_t timeout_ms)
{
	struct timespec now;
	int64_t end_ms, left_ms = timeout_ms;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 + left_ms;
	do {
		result = poll(event, 1, left_ms > INT_MAX ? INT_MAX : left_ms);
		clock_gettime(CLOCK_MONOTONIC, &now);
		left_ms = end_ms - now.tv_sec * INT64_C(1000) -
			now.tv_nsec / 1000000;
		if (left_ms < 0)
			left_ms = 0;
	} while (result < 0 && errno == EINTR);
	return result;
}

/* Wait for the reply.  After the timeout, cancel the transfer; the reply then
   comes. */
static long wait_reply(
	struct shim_file *file, uint32_t slot, uint32_t timeout_ms)
{
	struct pollfd event = {file->socket, POLLIN, 0};
	bool late = false;
	long result;

	if (timeout_ms > 0) {
		late = poll_for(&event, timeout_ms) == 0;
		if (late) {
			pthread_mutex_lock(&file->local->lock);
			shim_command(file, USBFS_CANCEL | slot);
			pthread_mutex_unlock(&file->local->lock);
			shim_wake(file);
		}
	}
	result = receive_reply(file->socket, NULL);
	return late && result == -ENOENT ? -ETIMEDOUT : result;
}

long shim_request(struct shim_file *file, enum usbfs_op op, uint32_t a,
	uint32_t b, uint32_t timeout_ms)
{
	struct usbfs_request request = {op, a, b};
	int error = errno;
	long result = -ENODEV;

	pthread_mutex_lock(&file->local->request_lock);
	if (send(file->socket, &request, sizeof(request), MSG_NOSIGNAL) ==
		sizeof(request))
		result = wait_reply(file, a, timeout_ms);
	pthread_mutex_unlock(&file->local->request_lock);
	errno = error;
	return result;
}

/* ---- The rings -------------------------------------------------------- */

void shim_wake(struct shim_file *file)
{
	static const uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&file->global->asleep, memory_order_relaxed) &&
		atomic_exchange(&file->global->asleep, 0))
		syscall(SYS_write, file->wake, &one, sizeof(one));
}

bool shim_gone(const struct shim_file *file)
{
	return file->shared->state.gone || file->local->broken;
}

/* Whether the host has closed its end of the pipe. */
static bool host_hung_up(struct shim_file *file)
{
	struct pollfd event = {file->fd, 0, 0};

	return poll(&event, 1, 0) > 0 && event.revents & POLLERR;
}

/* The ring has room for each slot and one cancel of it.  Only a program that
   cancels the same URB over and over can fill it; then this waits. */
void shim_command(struct shim_file *file, uint32_t command)
{
	struct usbfs_shared *shared = file->shared;
	uint32_t tail = file->local->command_tail++;

	while (tail - atomic_load(&shared->command_head) >= USBFS_COMMANDS &&
		!shim_gone(file)) {
		if (tail - atomic_load(&shared->command_head) >
				USBFS_COMMANDS ||
			host_hung_up(file))
			file->local->broken = true;
		shim_wake(file);
	}
	shared->commands[tail % USBFS_COMMANDS] = command;
	atomic_store_explicit(
		&shared->command_tail, tail + 1, memory_order_release);
}

/* ---- Open and close --------------------------------------------------- */

static void init_private(struct shim_private *local)
{
	pthread_mutexattr_t shared;

	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&local->lock, &shared);
	pthread_mutex_init(&local->request_lock, &shared);
	pthread_mutexattr_destroy(&shared);
	local->free_slot = NO_SLOT;
}

/* Whether the memory is sealed: if the host could truncate it, an access would
   be a SIGBUS in the program. */
static bool is_sealed(int fd, size_t size)
{
	struct statx status;
	long seals = syscall(SYS_fcntl, fd, F_GET_SEALS);

	return seals >= 0 && seals & F_SEAL_SHRINK &&
		kernel_status(fd, "", AT_EMPTY_PATH, &status) == 0 &&
		status.stx_size >= size;
}

static void *map_shared(int fd, size_t size)
{
	void *memory;

	if (!is_sealed(fd, size))
		return NULL;
	memory = kernel_map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* Memory that forks inherit, and that no other process can map. */
static struct shim_private *new_private(void)
{
	void *memory = kernel_map(sizeof(struct shim_private),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	init_private(memory);
	return memory;
}

static void free_file(struct shim_file *file)
{
	if (file->shared)
		syscall(SYS_munmap, file->shared, (size_t)USBFS_MEMORY_SIZE);
	if (file->global)
		syscall(SYS_munmap, file->global, (size_t)PAGE_SIZE_);
	if (file->local)
		syscall(SYS_munmap, file->local, sizeof(*file->local));
	close_fd(file->socket);
	close_fd(file->wake);
	close_fd(file->memory);
	free(file);
}

static long connect_file(struct shim_file *file, unsigned bus, unsigned address)
{
	struct usbfs_request request = {USBFS_OPEN, bus, address};
	int fds[USBFS_FDS];
	long result = connect_host();

	if (result < 0)
		return result;
	file->socket = result;
	if (send(file->socket, &request, sizeof(request), MSG_NOSIGNAL) !=
		sizeof(request))
		return -ENODEV;
	result = receive_reply(file->socket, fds);
	if (result < 0)
		return result;
	file->memory = fds[USBFS_FD_MEMORY];
	file->wake = fds[USBFS_FD_WAKE];
	file->fd = fds[USBFS_FD_PIPE];
	file->shared = map_shared(file->memory, USBFS_MEMORY_SIZE);
	file->global = map_shared(fds[USBFS_FD_GLOBAL], PAGE_SIZE_);
	file->local = new_private();
	close_fd(fds[USBFS_FD_GLOBAL]);
	/* A write to the pipe must not block until the host reads. */
	if (file->shared == NULL || file->global == NULL ||
		file->local == NULL || file->fd >= FDS_MAX ||
		syscall(SYS_fcntl, file->fd, F_SETFL, O_NONBLOCK) < 0) {
		close_fd(file->fd);
		return -ENOMEM;
	}
	file->data = (uint8_t *)file->shared + USBFS_DATA_OFFSET;
	return 0;
}

int shim_open(unsigned bus, unsigned address, int flags)
{
	struct shim_file *file = calloc(1, sizeof(*file));
	int error = errno, end;
	long result;

	if (file == NULL)
		return -ENOMEM;
	file->socket = file->wake = file->memory = -1;
	file->writable = (flags & O_ACCMODE) != O_RDONLY;
	file->bus = bus;
	file->address = address;
	result = connect_file(file, bus, address);
	if (result < 0) {
		free_file(file);
		return result;
	}
	if (!(flags & O_CLOEXEC))
		syscall(SYS_fcntl, file->fd, F_SETFD, 0);
	/* A file that the shim still has at this descriptor was closed by a
	   system call that the shim did not see. */
	shim_close(file->fd);
	files[file->fd] = file;
	files_open++;
	end = files_end;
	while (end <= file->fd &&
		!atomic_compare_exchange_weak(&files_end, &end, file->fd + 1))
		;
	errno = error;
	return file->fd;
}

/* ---- Read ------------------------------------------------------------- */

ssize_t shim_read(struct shim_file *file, void *data, size_t size)
{
	char path[SHIM_PATH_SIZE];
	ssize_t result;
	int fd;

	if (shim_gone(file))
		return -ENODEV;
	snprintf(path, sizeof(path), "%s/dev/bus/usb/%03u/%03u",
		shim_directory(), file->bus, file->address);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENODEV;
	result = kernel_read(fd, data, size, file->position);
	close_fd(fd);
	if (result < 0)
		return -EFAULT;
	file->position += result;
	return result;
}

int64_t shim_seek(struct shim_file *file, int64_t offset, int whence)
{
	int64_t position = file->position;

	if (whence == SEEK_CUR) {
		if (__builtin_add_overflow(offset, position, &offset))
			return -EOVERFLOW;
	} else if (whence != SEEK_SET) {
		return -EINVAL;
	}
	if (offset < 0)
		return -EINVAL;
	file->position = offset;
	return offset;
}

void shim_close(int fd)
{
	struct shim_file *file = shim_file_of(fd);
	int error = errno;

	if (file == NULL || atomic_exchange(&files[fd], NULL) == NULL)
		return;
	files_open--;
	free_file(file);
	errno = error;
}
