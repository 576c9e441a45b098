/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The system calls of the shim that differ by architecture.  libc's functions
 * must not be called for them, since the shim replaces these functions.
 */
#include "shim.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* mmap2() of 32-bit machines takes the offset in units of this. */
#define MMAP2_UNIT 4096

void *kernel_map(size_t size, int protection, int flags, int fd, off64_t offset)
{
#ifdef SYS_mmap2
	return (void *)syscall(SYS_mmap2, NULL, size, protection, flags, fd,
		(long)(offset / MMAP2_UNIT));
#else
	return (void *)syscall(
		SYS_mmap, NULL, size, protection, flags, fd, (long)offset);
#endif
}

/* statx() has the same structure on every machine, with sizes of 64 bits. */
int kernel_status(int at, const char *path, int flags, struct statx *ret_status)
{
	return (int)syscall(
		SYS_statx, at, path, flags, STATX_BASIC_STATS, ret_status);
}

/* preadv() takes the offset in two arguments on every machine; a 64-bit kernel
   reads all of it from the first. */
ssize_t kernel_read(int fd, void *data, size_t size, int64_t offset)
{
	struct iovec part = {data, size};

	return syscall(SYS_preadv, fd, &part, 1L, (unsigned long)offset,
		(unsigned long)((uint64_t)offset >> 32));
}
