/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Redirection of paths: /sys, /run/udev and /dev/bus/usb lead to the host's
 * directory in the functions that open, list, stat or resolve a path.  A
 * redirected path must never appear in a result: realpath() and readlink() give
 * the original one.
 */
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plug/usbfs/wire.h"

#define USB_MAJOR 189

static char directory[PATH_MAX];

static void find_directory(void)
{
	const char *value = getenv(USBFS_ENVIRONMENT);

	if (value && strlen(value) < sizeof(directory))
		strcpy(directory, value);
}

const char *shim_directory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_directory);
	return directory[0] ? directory : NULL;
}

/* Whether the path is `top`, or below it. */
static bool within(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 &&
		(path[length] == '/' || path[length] == '\0');
}

static bool exists(const char *path)
{
	struct statx status;

	return kernel_status(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &status) == 0;
}

/* Whether the descriptor is that of "/".  libudev walks from there, one name at
   a time. */
static bool is_root(int at)
{
	char name[40], target[4];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", at);
	return syscall(SYS_readlinkat, AT_FDCWD, name, target,
		       sizeof(target)) == 1;
}

const char *shim_path(int at, const char *path, char buffer[SHIM_PATH_SIZE])
{
	const char *top = shim_directory();
	const char *slash = "";
	int error = errno;

	if (top == NULL || path == NULL || path[0] == '\0')
		return path;
	if (path[0] != '/') {
		if (at == AT_FDCWD || !within(path, "sys") || !is_root(at))
			return path;
		slash = "/";
	} else if (!within(path, "/sys") && !within(path, "/run/udev") &&
		!within(path, "/dev/bus/usb")) {
		return path;
	}
	if ((size_t)snprintf(buffer, SHIM_PATH_SIZE, "%s%s%s", top, slash,
		    path) >= SHIM_PATH_SIZE)
		return path;
	/* Other paths in /sys that the host's tree does not have, such as
	   /sys/devices/system, are the machine's own. */
	if (!within(buffer + strlen(top), "/sys") ||
		within(buffer + strlen(top), "/sys/bus/usb") ||
		within(buffer + strlen(top), "/sys/devices/clyde") ||
		exists(buffer))
		path = buffer;
	errno = error;
	return path;
}

bool shim_is_device(const char *path, unsigned *ret_bus, unsigned *ret_address)
{
	unsigned bus, address;
	int end = 0;

	if (shim_directory() == NULL || path == NULL ||
		!within(path, "/dev/bus/usb") ||
		sscanf(path, "/dev/bus/usb/%3u/%3u%n", &bus, &address, &end) !=
			2 ||
		path[end] != '\0')
		return false;
	*ret_bus = bus;
	*ret_address = address;
	return true;
}

/* ---- Status and links ------------------------------------------------- */

/* stat() of a device file gives a character device. */
#define SHOWN(name, type)                                                  \
	static int name(const char *path, int result, struct type *status) \
	{                                                                  \
		unsigned bus, address;                                     \
                                                                           \
		if (result == 0 && shim_is_device(path, &bus, &address)) { \
			status->st_mode = S_IFCHR | 0666;                  \
			status->st_rdev = makedev(USB_MAJOR, address - 1); \
			status->st_size = 0;                               \
		}                                                          \
		return result;                                             \
	}

/* The two structures are the same on 64-bit machines, and differ on 32-bit
   ones. */
SHOWN(shown_stat, stat)
SHOWN(shown_stat64, stat64)

#define STAT(name, type)                                                 \
	SHIM_API int name(const char *path, struct type *status)         \
	{                                                                \
		DEFINE_NEXT(name);                                       \
		char buffer[SHIM_PATH_SIZE];                             \
                                                                         \
		return shown_##type(path,                                \
			next(shim_path(AT_FDCWD, path, buffer), status), \
			status);                                         \
	}

#define FSTATAT(name, type)                                                   \
	SHIM_API int name(                                                    \
		int at, const char *path, struct type *status, int flags)     \
	{                                                                     \
		DEFINE_NEXT(name);                                            \
		char buffer[SHIM_PATH_SIZE];                                  \
                                                                              \
		return shown_##type(path,                                     \
			next(at, shim_path(at, path, buffer), status, flags), \
			status);                                              \
	}

STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

SHIM_API int statx(int at, const char *restrict path, int flags, unsigned mask,
	struct statx *restrict status)
{
	DEFINE_NEXT(statx);
	char buffer[SHIM_PATH_SIZE];
	unsigned bus, address;
	int result = next(at, shim_path(at, path, buffer), flags, mask, status);

	if (result == 0 && shim_is_device(path, &bus, &address)) {
		status->stx_mode = S_IFCHR | 0666;
		status->stx_rdev_major = USB_MAJOR;
		status->stx_rdev_minor = address - 1;
		status->stx_size = 0;
	}
	return result;
}

SHIM_API int access(const char *path, int mode)
{
	DEFINE_NEXT(access);
	char buffer[SHIM_PATH_SIZE];

	return next(shim_path(AT_FDCWD, path, buffer), mode);
}

SHIM_API int faccessat(int at, const char *path, int mode, int flags)
{
	DEFINE_NEXT(faccessat);
	char buffer[SHIM_PATH_SIZE];

	return next(at, shim_path(at, path, buffer), mode, flags);
}

/* Remove the host's directory from the start of a path: the new size.  `text`
   need not end with a zero byte. */
static ssize_t strip(char *text, ssize_t size)
{
	const char *top = shim_directory();
	ssize_t length = top ? strlen(top) : 0;

	if (top == NULL || size < length || memcmp(text, top, length) != 0)
		return size;
	memmove(text, text + length, size - length);
	return size - length;
}

/*
 * A link in /proc/PID/fd to the pipe that stands for a device file: replace it
 * by the device file's path.  Only the write end stands for a device file; the
 * read end is the host's.
 */
static ssize_t show_device(
	int at, const char *path, char *text, ssize_t length, size_t size)
{
	static const char pipe[] = "pipe:[";
	char link[SHIM_PATH_SIZE + 32], number[24] = "";
	size_t start = sizeof(pipe) - 1;
	int error = errno;
	struct statx status;
	ssize_t result;

	if (shim_directory() == NULL || length <= (ssize_t)start ||
		length - start >= sizeof(number) ||
		memcmp(text, pipe, start) != 0 ||
		kernel_status(at, path, AT_SYMLINK_NOFOLLOW, &status) < 0 ||
		(status.stx_mode & S_IWUSR) == 0)
		return length;
	memcpy(number, text + start, length - start);
	snprintf(link, sizeof(link), "%s/" USBFS_PIPES "/%lu", shim_directory(),
		strtoul(number, NULL, 10));
	result = syscall(SYS_readlinkat, AT_FDCWD, link, text, size);
	errno = error;
	return result < 0 ? length : result;
}

SHIM_API ssize_t readlink(
	const char *restrict path, char *restrict text, size_t size)
{
	DEFINE_NEXT(readlink);
	char buffer[SHIM_PATH_SIZE];
	const char *real = shim_path(AT_FDCWD, path, buffer);
	ssize_t length = strip(text, next(real, text, size));

	return show_device(AT_FDCWD, real, text, length, size);
}

SHIM_API ssize_t readlinkat(
	int at, const char *restrict path, char *restrict text, size_t size)
{
	DEFINE_NEXT(readlinkat);
	char buffer[SHIM_PATH_SIZE];

	const char *real = shim_path(at, path, buffer);
	ssize_t length = strip(text, next(at, real, text, size));

	return show_device(at, real, text, length, size);
}

SHIM_API char *realpath(const char *restrict path, char *restrict resolved)
{
	DEFINE_NEXT(realpath);
	char buffer[SHIM_PATH_SIZE];
	char *result = next(shim_path(AT_FDCWD, path, buffer), resolved);

	if (result)
		strip(result, strlen(result) + 1);
	return result;
}

/* libusb and libudev check that /sys is a sysfs. */
#define STATFS(name, type)                                               \
	SHIM_API int name(const char *path, struct type *status)         \
	{                                                                \
		DEFINE_NEXT(name);                                       \
		char buffer[SHIM_PATH_SIZE];                             \
		const char *real = shim_path(AT_FDCWD, path, buffer);    \
		int result = next(real, status);                         \
                                                                         \
		if (result == 0 && real != path && within(path, "/sys")) \
			status->f_type = SYSFS_MAGIC;                    \
		return result;                                           \
	}

STATFS(statfs, statfs)
STATFS(statfs64, statfs64)

/* ---- Directories ------------------------------------------------------ */

SHIM_API DIR *opendir(const char *path)
{
	DEFINE_NEXT(opendir);
	char buffer[SHIM_PATH_SIZE];

	return next(shim_path(AT_FDCWD, path, buffer));
}

#define SCANDIR(name, type)                                                  \
	SHIM_API int name(const char *restrict path,                         \
		struct type ***restrict list,                                \
		int (*filter)(const struct type *),                          \
		int (*compare)(const struct type **, const struct type **))  \
	{                                                                    \
		DEFINE_NEXT(name);                                           \
		char buffer[SHIM_PATH_SIZE];                                 \
                                                                             \
		return next(shim_path(AT_FDCWD, path, buffer), list, filter, \
			compare);                                            \
	}

SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

SHIM_API int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	DEFINE_NEXT(inotify_add_watch);
	char buffer[SHIM_PATH_SIZE];

	return next(fd, shim_path(AT_FDCWD, path, buffer), mask);
}
