/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The folder of one host: it holds the socket, the tree of files, and the link
 * to the shim that LD_PRELOAD names (cli/commands/virtual.c).  plug/usbfs/tree.c
 * calls these functions.
 *
 * The folder's name must never have a character at which the dynamic loader
 * splits or expands LD_PRELOAD: the loader would run COMMAND without the shim,
 * on this machine's real USB.
 *
 * A host that is killed leaves its folder, and the next host removes it.  A
 * folder is only removed if it belongs to this user, has a socket on which no
 * process listens, and has no lock: a host holds the lock on its folder as long
 * as it lives.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFIX      "clyde-"
#define RANDOM      "XXXXXX"
#define NAME_LENGTH (sizeof(PREFIX RANDOM) - 1)

/* How the name begins until the folder is locked: sweep() does not match it. */
#define DRAFT "clyde."

/* The paths of the socket and of the monitors' sockets in USBFS_UEVENTS must fit
   an address of 108 bytes. */
#define BASE_MAX 48

/* $TMPDIR, if it is short enough and LD_PRELOAD can name it; else /tmp. */
static const char *base_folder(void)
{
	const char *base = getenv("TMPDIR");

	if (base == NULL || base[0] != '/' || strlen(base) > BASE_MAX)
		return "/tmp";
	for (const char *at = base; *at; at++)
		if (*at <= ' ' || strchr(":;$\x7f", *at))
			return "/tmp";
	return base;
}

static int remove_one(const char *path, const struct stat *status, int type,
	struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Whether the folder has a socket on which no process listens.  A folder without
   a socket may be something else that has such a name. */
static bool is_deserted(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" USBFS_SOCKET,
		path);
	refused =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* Remove a folder that a killed host of this user has left.  The lock protects a
   host that has bound its socket and does not listen yet. */
static void remove_if_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
		is_deserted(path) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		folder_remove(path);
	close(fd);
}

/* Remove the folders that killed hosts have left in `base`. */
static void sweep(const char *base)
{
	DIR *directory = opendir(base);
	struct dirent *entry;
	char path[BASE_MAX + NAME_LENGTH + 2];

	if (directory == NULL)
		return;
	while ((entry = readdir(directory))) {
		if (strlen(entry->d_name) != NAME_LENGTH ||
			strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%.*s", base, (int)NAME_LENGTH,
			entry->d_name);
		remove_if_left(path);
	}
	closedir(directory);
}

int folder_new(struct usbfs_host *host)
{
	const char *base = base_folder();
	char draft[sizeof(host->directory)];

	snprintf(host->base, sizeof(host->base), "%s", base);
	sweep(base);
	snprintf(draft, sizeof(draft), "%s/" DRAFT RANDOM, base);
	if (mkdtemp(draft) == NULL)
		return -errno;
	snprintf(host->directory, sizeof(host->directory), "%s/" PREFIX "%s",
		base, draft + strlen(draft) - strlen(RANDOM));
	host->lock = open(draft, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host->lock >= 0 && flock(host->lock, LOCK_EX | LOCK_NB) == 0 &&
		rename(draft, host->directory) == 0)
		return 0;
	host->directory[0] = '\0';
	rmdir(draft);
	return -errno;
}

void folder_free(struct usbfs_host *host)
{
	if (host->directory[0])
		folder_remove(host->directory);
	if (host->lock >= 0)
		close(host->lock);
}
