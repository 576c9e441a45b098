/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads /proc, /sys and udev's rules for clyde doctor.  What it reads may be
 * any text: sizes are bounded, and a file that cannot be read is a result, not
 * a failure.
 */
#include "doctor-linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/number.h"

/* The first size - 1 bytes of a file, as a string; the length, or -errno. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + used, size - 1 - used);
		used += got > 0 ? got : 0;
	} while (got > 0 && used < size - 1);
	got = got < 0 ? -errno : (ssize_t)used;
	close(fd);
	text[used] = '\0';
	return got;
}

static const struct number_form of_kernel = {.maximum = INT_MAX};

/* A number and a newline. */
static int64_t read_number(const char *path)
{
	char text[32];
	const char *end;
	ssize_t size = read_text(path, text, sizeof(text));
	uint64_t number;

	if (size < 0)
		return size;
	if (number_parse(text, &of_kernel, &number, &end) != NUMBER_OK)
		return -EINVAL;
	return number;
}

/* ---- Processes that have a file open ---------------------------------- */

/* 1 if the process has the file open, 0 if not, -EACCES if its list of files
   may not be read. */
static int process_has(uint64_t pid, const char *path)
{
	char folder[32], target[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int has = 0;

	snprintf(folder, sizeof(folder), "/proc/%" PRIu64 "/fd", pid);
	directory = opendir(folder);
	if (directory == NULL)
		return errno == EACCES ? -EACCES : 0;
	while (has == 0 && (entry = readdir(directory))) {
		char link[sizeof(folder) + sizeof(entry->d_name)];
		ssize_t size;

		snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
		size = readlink(link, target, sizeof(target) - 1);
		target[size < 0 ? 0 : size] = '\0';
		has = strcmp(target, path) == 0;
	}
	closedir(directory);
	return has;
}

static void add_holder(struct holders *holders, uint64_t pid)
{
	struct holder *holder;
	char path[32];

	if (holders->count++ >= HOLDERS_MAX)
		return;
	holder = &holders->list[holders->count - 1];
	holder->pid = pid;
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/comm", pid);
	if (read_text(path, holder->name, sizeof(holder->name)) < 0)
		holder->name[0] = '\0';
	holder->name[strcspn(holder->name, "\n")] = '\0';
}

void find_holders(const char *path, struct holders *ret_holders)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	*ret_holders = (struct holders){.hidden = processes == NULL};
	while (processes && (entry = readdir(processes))) {
		uint64_t pid;
		int has;

		if (number_parse(entry->d_name, &of_kernel, &pid, NULL) !=
				NUMBER_OK ||
			pid == (uint64_t)getpid())
			continue;
		has = process_has(pid, path);
		if (has > 0)
			add_holder(ret_holders, pid);
		ret_holders->hidden |= has < 0;
	}
	if (processes)
		closedir(processes);
}

/* ---- Drivers ---------------------------------------------------------- */

/* Whether the entry `name` is the device with this address on this bus. */
static bool is_device(
	const char *folder, const char *name, unsigned bus, unsigned address)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/busnum", folder, name);
	if (read_number(path) != bus)
		return false;
	snprintf(path, sizeof(path), "%s/%s/devnum", folder, name);
	return read_number(path) == address;
}

/* The driver of the entry `name`, such as "1-2:1.0".  False if it is not an
   interface of this device, or has no driver. */
static bool read_driver(const char *folder, const char *name,
	const char *device, struct driver *ret_driver)
{
	size_t length = strlen(device);
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t size;

	if (strncmp(name, device, length) != 0 || name[length] != ':' ||
		strchr(name, '.') == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/%s/driver", folder, name);
	size = readlink(path, target, sizeof(target) - 1);
	if (size < 0)
		return false;
	target[size] = '\0';
	slash = strrchr(target, '/');
	ret_driver->interface = atoi(strrchr(name, '.') + 1);
	snprintf(ret_driver->folder, sizeof(ret_driver->folder), "%.63s", name);
	snprintf(ret_driver->name, sizeof(ret_driver->name), "%.31s",
		slash ? slash + 1 : target);
	return true;
}

static int by_interface(const void *first, const void *second)
{
	const struct driver *a = first, *b = second;

	return (a->interface > b->interface) - (a->interface < b->interface);
}

int find_drivers(const char *folder, const char *node,
	struct driver ret_drivers[DRIVERS_MAX])
{
	char device[NAME_MAX + 1] = "";
	unsigned bus, address;
	DIR *directory = opendir(folder);
	struct dirent *entry;
	int count = 0;

	if (directory == NULL)
		return -errno;
	if (sscanf(node, NODES_FOLDER "/%u/%u", &bus, &address) == 2)
		while (device[0] == '\0' && (entry = readdir(directory)))
			if (is_device(folder, entry->d_name, bus, address))
				strcpy(device, entry->d_name);
	rewinddir(directory);
	while (device[0] && count < DRIVERS_MAX && (entry = readdir(directory)))
		count += read_driver(
			folder, entry->d_name, device, &ret_drivers[count]);
	closedir(directory);
	qsort(ret_drivers, count, sizeof(*ret_drivers), by_interface);
	return device[0] ? count : -ENOENT;
}

/* ---- Permission ------------------------------------------------------- */

const char *const rule_folders[] = {
	"/etc/udev/rules.d",
	"/run/udev/rules.d",
	"/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d",
	"/lib/udev/rules.d",
	NULL,
};

#define RULES_MAX (64 << 10)

/* Whether a line, other than a comment, has Glasgow's vendor and product id. */
static bool names_glasgow(char *text, struct rule *ret_rule)
{
	bool found = false;
	char *save;

	ret_rule->skips_bind = false;
	for (char *line = strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		/* ACTION!="add|change", GOTO="end" */
		if (*line != '#' && strstr(line, "ACTION!=") &&
			strstr(line, "GOTO") && strstr(line, "bind") == NULL)
			ret_rule->skips_bind = true;
		if (*line == '#' || strstr(line, "20b7") == NULL ||
			strstr(line, "9db1") == NULL)
			continue;
		ret_rule->uaccess = strstr(line, "uaccess") != NULL;
		found = true;
	}
	return found;
}

static bool find_rule_in(const char *folder, struct rule *ret_rule)
{
	DIR *directory = opendir(folder);
	char *text = malloc(RULES_MAX);
	bool found = false;
	struct dirent *entry;

	while (directory && text && !found && (entry = readdir(directory))) {
		char path[PATH_MAX];
		const char *suffix = strrchr(entry->d_name, '.');

		if (suffix == NULL || strcmp(suffix, ".rules") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (read_text(path, text, RULES_MAX) < 0 ||
			!names_glasgow(text, ret_rule))
			continue;
		strcpy(ret_rule->path, path);
		found = true;
	}
	if (directory)
		closedir(directory);
	free(text);
	return found;
}

bool find_rule(const char *const *folders, struct rule *ret_rule)
{
	for (; *folders; folders++)
		if (find_rule_in(*folders, ret_rule))
			return true;
	return false;
}

int try_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* ---- Memory ----------------------------------------------------------- */

int read_memory_limit(const char *path)
{
	return read_number(path);
}
