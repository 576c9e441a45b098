/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Netlists of bitstreams, as modules in the user's cache folder:
 *
 *	$XDG_CACHE_HOME/clyde/netlists/MACHINE-CONVERTER-BITSTREAM.so
 *
 * CONVERTER is a hash of the files that make a module, BITSTREAM one of what the
 * bitstream writes into the FPGA, so a file of the cache is never out of date.  A
 * module gets its name when it is whole: two processes may make the same one at
 * the same time.  No code is loaded that another user could have written.
 */
#include "netlist.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/internal.h"
#include "uri.h"

#define CONVERTER "netlist/netlist.py"

/* No bitstream of revC's iCE40 is larger. */
#define FILE_MAX (1 << 20)

/* The statuses of CONVERTER. */
#define CONVERTER_UNFIT       65
#define CONVERTER_UNAVAILABLE 69

/* The netlists of this process, and the files that they were read from. */
struct entry {
	struct netlist netlist;
	dev_t device;
	ino_t inode;
	struct timespec modified;
	struct entry *next;
};

static struct entry *entries;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* FNV-1a of 64 bits. */
#define HASH_INITIAL 0xcbf29ce484222325

static uint64_t add_to_hash(uint64_t hash, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	return hash;
}

/* ---- The bitstream -------------------------------------------------------- */

/* A file into FILE_MAX + 1 bytes; or -errno. */
static ssize_t read_file(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	size_t size;
	int error;

	if (file == NULL)
		return -errno;
	size = fread(data, 1, FILE_MAX + 1, file);
	error = ferror(file) ? errno : 0;
	fclose(file);
	return error ? -error : (ssize_t)size;
}

/* The id is Clyde's if the bitstream is the image of this build, so that a run
   does not load the image again. */
static void give_id(struct netlist *netlist, const uint8_t *data, size_t size)
{
	uint64_t hash = add_to_hash(HASH_INITIAL, data, size);

	if (netlist->port.digest == virtual_image_port()->digest) {
		memcpy(netlist->id, image_id, FPGA_ID_SIZE);
		return;
	}
	for (unsigned i = 0; i < FPGA_ID_SIZE; i++)
		netlist->id[i] = hash >> 8 * i;
}

static int read_bitstream(
	const char *path, uint8_t *data, struct netlist *netlist)
{
	ssize_t size = read_file(path, data);
	const char *why;

	if (size < 0)
		return set_error(size == -ENOENT ? CLYDE_ERROR_INVALID
						 : error_from_errno(-size),
			"%s: %s", path, strerror(-size));
	if (size > FILE_MAX)
		return set_error(CLYDE_ERROR_CORRUPT,
			"%s: longer than 1 MiB: no bitstream", path);
	bitstream_reset(&netlist->port);
	bitstream_feed(&netlist->port, data, size);
	why = bitstream_why(&netlist->port);
	if (why)
		return set_error(
			CLYDE_ERROR_CORRUPT, "%s: the bitstream %s", path, why);
	netlist->size = size;
	give_id(netlist, data, size);
	return 0;
}

/* ---- The cache ------------------------------------------------------------ */

static bool make_folder(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static int make_cache(char path[PATH_MAX])
{
	static const char *const below[] = {"", "/clyde", "/netlists"};
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int used;

	if (cache && *cache == '/')
		used = snprintf(path, PATH_MAX / 2, "%s", cache);
	else if (home && *home)
		used = snprintf(path, PATH_MAX / 2, "%s/.cache", home);
	else
		return set_error(CLYDE_ERROR_FILE,
			"there is no folder to keep a netlist in: set "
			"XDG_CACHE_HOME");
	if (used >= PATH_MAX / 2)
		return set_error(CLYDE_ERROR_FILE, "%s: %s", cache,
			strerror(ENAMETOOLONG));
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
		strcat(path, below[i]);
		if (!make_folder(path))
			return set_error(CLYDE_ERROR_FILE, "%s: %s", path,
				strerror(errno));
	}
	return 0;
}

/* Whether only this user can have written a file or folder. */
static bool is_own(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_uid == geteuid() &&
		!(status.st_mode & (S_IWGRP | S_IWOTH));
}

/* A hash of the files that make a module; they are in one folder. */
static int hash_converter(const char *converter, uint64_t *ret_hash)
{
	static const char *const names[] = {
		"netlist.py", "ram.v", "revc.pcf", "twin.cc", "twin.h"};
	int folder = strrchr(converter, '/') - converter;
	uint8_t *data = calloc(1, FILE_MAX + 1);
	char path[PATH_MAX + 16];

	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	*ret_hash = HASH_INITIAL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ssize_t size;

		snprintf(path, sizeof(path), "%.*s/%s", folder, converter,
			names[i]);
		size = read_file(path, data);
		if (size < 0) {
			free(data);
			return set_error(CLYDE_ERROR_UNSUPPORTED, "%s: %s",
				path, strerror(-size));
		}
		*ret_hash = add_to_hash(*ret_hash, data, size);
	}
	free(data);
	return 0;
}

/* Where the module of a bitstream is, or will be. */
static int name_module(const char *converter, const struct bitstream *port,
	char path[PATH_MAX])
{
	struct utsname system;
	uint64_t hash = 0;
	int result = hash_converter(converter, &hash);
	size_t used;

	if (result == 0)
		result = make_cache(path);
	if (result < 0)
		return result;
	if (!is_own(path))
		return set_error(CLYDE_ERROR_ACCESS,
			"%s: other users can write to it, so no netlist is "
			"loaded from it",
			path);
	uname(&system);
	used = strlen(path);
	snprintf(path + used, PATH_MAX - used,
		"/%s-%016" PRIx64 "-%016" PRIx64 ".so", system.machine, hash,
		port->digest);
	return 0;
}

/* ---- The converter -------------------------------------------------------- */

/* A file in memory with a bitstream, to be read from its start; or -1. */
static int hold(const uint8_t *data, size_t size)
{
	int fd = memfd_create("bitstream", MFD_CLOEXEC);

	if (fd >= 0 &&
		(write(fd, data, size) != (ssize_t)size ||
			lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Start the converter; its output and errors go to a pipe. */
static int start(const char *converter, const char *module, int bitstream,
	int output, pid_t *ret_child)
{
	char *const arguments[] = {
		"python3", (char *)converter, (char *)module, NULL};
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, bitstream, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_adddup2(&actions, output, 2);
	error = posix_spawnp(
		ret_child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* The last line that comes from a file descriptor until its end. */
static void read_line(int fd, char line[ERROR_SIZE])
{
	size_t used = 0;
	char byte;

	line[0] = '\0';
	for (;;) {
		ssize_t size = read(fd, &byte, 1);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return;
		if (byte == '\n') {
			used = 0;
			continue;
		}
		if (used == ERROR_SIZE - 1)
			continue;
		line[used++] = byte;
		line[used] = '\0';
	}
}

/* The converter's wait status. */
static int await(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* What a wait status means, with the converter's last line. */
static int judge(const char *path, int status, const char *line)
{
	int result = CLYDE_ERROR_UNSUPPORTED;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		return set_error(CLYDE_ERROR_INTERRUPTED,
			"interrupted while the netlist of %s was made", path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CONVERTER_UNAVAILABLE)
		result = CLYDE_ERROR_NO_PROGRAM;
	return set_error(result, "%s: %s", path,
		*line ? line : "the netlist could not be made");
}

static int convert(const char *path, const char *converter, const char *module,
	int bitstream)
{
	char line[ERROR_SIZE];
	int pipes[2];
	pid_t child;
	int error;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return set_error(
			error_from_errno(errno), "%s", strerror(errno));
	error = start(converter, module, bitstream, pipes[1], &child);
	close(pipes[1]);
	if (error == 0)
		read_line(pipes[0], line);
	close(pipes[0]);
	if (error)
		return set_error(CLYDE_ERROR_NO_PROGRAM,
			"%s: the netlist is made by python3: %s", path,
			strerror(error));
	return judge(path, await(child), line);
}

/* Make a module, which gets its name when it is whole. */
static int make(const char *path, const char *converter, const char *module,
	int bitstream)
{
	char own[PATH_MAX + 32];
	int result;

	snprintf(own, sizeof(own), "%s.%ld", module, (long)getpid());
	result = convert(path, converter, own, bitstream);
	if (result == 0 && (chmod(own, 0600) < 0 || rename(own, module) < 0))
		result = set_error(
			CLYDE_ERROR_FILE, "%s: %s", module, strerror(errno));
	if (result < 0)
		unlink(own);
	return result;
}

/* ---- Netlists ------------------------------------------------------------- */

static int load(const char *path, const uint8_t *data, struct netlist *netlist)
{
	char converter[PATH_MAX], module[PATH_MAX];
	int result, bitstream;

	if (!twin_find(CONVERTER, converter))
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"%s: " CONVERTER " is not there: it is built and "
			"installed with the twin",
			path);
	result = name_module(converter, &netlist->port, module);
	if (result < 0)
		return result;
	if (!is_own(module) || !twin_module_load(module, &netlist->module)) {
		bitstream = hold(data, netlist->size);
		if (bitstream < 0)
			return set_error(
				CLYDE_ERROR_NO_MEMORY, "out of memory");
		result = make(path, converter, module, bitstream);
		close(bitstream);
		if (result == 0 && !twin_module_load(module, &netlist->module))
			result = set_error(CLYDE_ERROR_UNSUPPORTED,
				"%s does not load", module);
	}
	netlist->module.digest = netlist->port.digest;
	return result;
}

static struct entry *find(const struct stat *file)
{
	struct entry *entry = entries;

	while (entry &&
		(entry->device != file->st_dev ||
			entry->inode != file->st_ino ||
			memcmp(&entry->modified, &file->st_mtim,
				sizeof(entry->modified)) != 0 ||
			(off_t)entry->netlist.size != file->st_size))
		entry = entry->next;
	return entry;
}

static int add(
	const char *path, const struct stat *file, struct entry **ret_entry)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	uint8_t *data = calloc(1, FILE_MAX + 1);
	int result;

	if (entry && data)
		result = read_bitstream(path, data, &entry->netlist);
	else
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (result == 0)
		result = load(path, data, &entry->netlist);
	free(data);
	if (result < 0) {
		free(entry);
		return result;
	}
	entry->device = file->st_dev;
	entry->inode = file->st_ino;
	entry->modified = file->st_mtim;
	entry->next = entries;
	entries = entry;
	*ret_entry = entry;
	return 0;
}

int netlist_get(const char *path, const struct netlist **ret_netlist)
{
	struct stat file = {0};
	struct entry *entry = NULL;
	int result = 0;

	pthread_mutex_lock(&lock);
	/* A file that is not there is reported by read_bitstream(). */
	if (stat(path, &file) == 0)
		entry = find(&file);
	if (entry == NULL)
		result = add(path, &file, &entry);
	if (result == 0)
		*ret_netlist = &entry->netlist;
	pthread_mutex_unlock(&lock);
	return result;
}
