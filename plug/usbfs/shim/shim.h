/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the shim share.  The shim runs in processes that do not
 * know of it.  So it must preserve errno, raise no signal, start no thread, and
 * make its own system calls directly: a call of libc could be the shim's own.
 */
#ifndef PLUG_SHIM_H
#define PLUG_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define SHIM_API __attribute__((visibility("default")))

#define SHIM_PATH_SIZE 4096

/* Define `next`: libc's function of this name, which the shim replaces. */
#define DEFINE_NEXT(name)              \
	static _Atomic(void *) cache_; \
	__typeof__(name) *next = (__typeof__(name) *)shim_next(&cache_, #name)

void *shim_next(_Atomic(void *) *cache, const char *name);

/* ---- plug/usbfs/shim/kernel.c ----------------------------------------- */

/* As mmap(), statx() and pread(): MAP_FAILED or -1, and errno. */
void *kernel_map(
	size_t size, int protection, int flags, int fd, off64_t offset);
int kernel_status(
	int at, const char *path, int flags, struct statx *ret_status);
ssize_t kernel_read(int fd, void *data, size_t size, int64_t offset);

/* ---- plug/usbfs/shim/path.c ------------------------------------------- */

/* The host's directory, or NULL if this process is not under a host. */
const char *shim_directory(void);

/* Redirect a path: the same pointer, or the buffer with a path in the host's
   directory. */
const char *shim_path(int at, const char *path, char buffer[SHIM_PATH_SIZE]);

/* Whether the path is a device file; if so, its bus and address. */
bool shim_is_device(const char *path, unsigned *ret_bus, unsigned *ret_address);

/* ---- plug/usbfs/shim/file.c ------------------------------------------- */

struct shim_file;

/* Open a device file: a descriptor, or -errno. */
int shim_open(unsigned bus, unsigned address, int flags);

/* The device file behind a descriptor, or NULL. */
struct shim_file *shim_file_of(int fd);
void shim_close(int fd);

/* As the system calls: a result, or -errno. */
long shim_ioctl(struct shim_file *file, unsigned long request, void *argument);
ssize_t shim_read(struct shim_file *file, void *data, size_t size);
int64_t shim_seek(struct shim_file *file, int64_t offset, int whence);
void *shim_map(struct shim_file *file, size_t size, int protection);
/* False if the address is not that of a mapped buffer. */
bool shim_unmap(void *address, size_t size);

#endif
