/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The shim, preloaded into COMMAND: functions of libc that take a path or a
 * descriptor.  A call on a device file of usbfs goes to the host; every other
 * call goes on to libc, unchanged.  plug/usbfs/shim/path.c redirects paths,
 * plug/usbfs/shim/file.c has the connection to the host,
 * plug/usbfs/shim/udev.c has the monitors of devices that come and go.
 */
#include "shim.h"
#include "udev.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

void *shim_next(_Atomic(void *) *cache, const char *name)
{
	void *next = *cache;

	if (next == NULL) {
		next = dlsym(RTLD_NEXT, name);
		*cache = next;
	}
	return next;
}

static int64_t result_of(int64_t result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* ---- Open ------------------------------------------------------------- */

/* open() has the argument `mode` only if a file may be created. */
#define MODE(flags, mode)                                                  \
	do {                                                               \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) { \
			va_list list;                                      \
                                                                           \
			va_start(list, flags);                             \
			mode = va_arg(list, mode_t);                       \
			va_end(list);                                      \
		}                                                          \
	} while (0)

#define OPEN(name)                                                             \
	SHIM_API int name(const char *path, int flags, ...)                    \
	{                                                                      \
		DEFINE_NEXT(name);                                             \
		char buffer[SHIM_PATH_SIZE];                                   \
		unsigned bus, address;                                         \
		mode_t mode = 0;                                               \
                                                                               \
		if (shim_is_device(path, &bus, &address))                      \
			return (int)result_of(shim_open(bus, address, flags)); \
		MODE(flags, mode);                                             \
		return next(shim_path(AT_FDCWD, path, buffer), flags, mode);   \
	}

#define OPENAT(name)                                                           \
	SHIM_API int name(int at, const char *path, int flags, ...)            \
	{                                                                      \
		DEFINE_NEXT(name);                                             \
		char buffer[SHIM_PATH_SIZE];                                   \
		unsigned bus, address;                                         \
		mode_t mode = 0;                                               \
                                                                               \
		if (!(flags & O_PATH) && shim_is_device(path, &bus, &address)) \
			return (int)result_of(shim_open(bus, address, flags)); \
		MODE(flags, mode);                                             \
		return next(at, shim_path(at, path, buffer), flags, mode);     \
	}

/* With _FORTIFY_SOURCE, glibc's headers make these of open(). */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);

#define OPEN_2(name, plain)                            \
	SHIM_API int name(const char *path, int flags) \
	{                                              \
		return plain(path, flags);             \
	}
#define OPENAT_2(name, plain)                                  \
	SHIM_API int name(int at, const char *path, int flags) \
	{                                                      \
		return plain(at, path, flags);                 \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2, open)
OPEN_2(__open64_2, open64)
OPENAT_2(__openat_2, openat)
OPENAT_2(__openat64_2, openat64)

SHIM_API FILE *fopen(const char *restrict path, const char *restrict mode)
{
	DEFINE_NEXT(fopen);
	char buffer[SHIM_PATH_SIZE];

	return next(shim_path(AT_FDCWD, path, buffer), mode);
}

SHIM_API FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	DEFINE_NEXT(fopen64);
	char buffer[SHIM_PATH_SIZE];

	return next(shim_path(AT_FDCWD, path, buffer), mode);
}

/* ---- Calls on a descriptor -------------------------------------------- */

SHIM_API int close(int fd)
{
	DEFINE_NEXT(close);

	shim_close(fd);
	shim_close_monitor(fd);
	return next(fd);
}

/* read() of a device file gives the device's descriptors. */
SHIM_API ssize_t read(int fd, void *data, size_t size)
{
	DEFINE_NEXT(read);
	struct shim_file *file = shim_file_of(fd);

	return file ? result_of(shim_read(file, data, size))
		    : next(fd, data, size);
}

SHIM_API off_t lseek(int fd, off_t offset, int whence)
{
	DEFINE_NEXT(lseek);
	struct shim_file *file = shim_file_of(fd);
	int64_t result;
	off_t position;

	if (file == NULL)
		return next(fd, offset, whence);
	result = shim_seek(file, offset, whence);
	if (__builtin_add_overflow(result, 0, &position))
		result = -EOVERFLOW;
	return result_of(result);
}

SHIM_API off64_t lseek64(int fd, off64_t offset, int whence)
{
	DEFINE_NEXT(lseek64);
	struct shim_file *file = shim_file_of(fd);

	return file ? result_of(shim_seek(file, offset, whence))
		    : next(fd, offset, whence);
}

SHIM_API int ioctl(int fd, unsigned long request, ...)
{
	DEFINE_NEXT(ioctl);
	struct shim_file *file = shim_file_of(fd);
	va_list list;
	void *argument;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (file)
		return result_of(shim_ioctl(file, request, argument));
	return next(fd, request, argument);
}

#define MMAP(name, type)                                                   \
	SHIM_API void *name(void *address, size_t size, int protection,    \
		int flags, int fd, type offset)                            \
	{                                                                  \
		DEFINE_NEXT(name);                                         \
		struct shim_file *file = fd < 0 || flags & MAP_ANONYMOUS   \
			? NULL                                             \
			: shim_file_of(fd);                                \
                                                                           \
		if (file)                                                  \
			return shim_map(file, size, protection);           \
		return next(address, size, protection, flags, fd, offset); \
	}

MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

SHIM_API int munmap(void *address, size_t size)
{
	DEFINE_NEXT(munmap);

	if (shim_unmap(address, size))
		return 0;
	return next(address, size);
}
