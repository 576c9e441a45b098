/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes clyde doctor with any texts in the files of /sys and udev that it
   reads: each line of the input has a letter for the file, and its text. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/doctor-linux.h"
#include "fuzz.h"

static char folder[64];

static const char *const folders[] = {
	"devices", "devices/1-2", "devices/1-2:1.0", "devices/1-2:1.", "rules"};
static const char *const files[] = {"devices/1-2/busnum", "devices/1-2/devnum",
	"rules/70-a.rules", "rules/b.rules", "memory"};
static const char *const links[] = {
	"devices/1-2:1.0/driver", "devices/1-2:1./driver"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *in(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

static void clean_up(void)
{
	char path[128];

	for (size_t i = 0; i < COUNT(links); i++)
		unlink(in(path, links[i]));
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(in(path, files[i]));
	for (size_t i = COUNT(folders); i-- > 0;)
		rmdir(in(path, folders[i]));
	rmdir(folder);
}

static void set_up(void)
{
	char path[128];

	strcpy(folder, "/dev/shm/clyde-fuzz-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		strcpy(folder, "/tmp/clyde-fuzz-XXXXXX");
		check(mkdtemp(folder) != NULL);
	}
	for (size_t i = 0; i < COUNT(folders); i++)
		check(mkdir(in(path, folders[i]), 0755) == 0);
	atexit(clean_up);
}

static void put(const char *name, const char *data, size_t size)
{
	char path[128];
	int fd = open(in(path, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void put_link(const char *name, const char *target)
{
	char path[128];

	unlink(in(path, name));
	if (*target)
		check(symlink(target, path) == 0 || strlen(target) > 4000);
}

/* A line "aTEXT" is the text of a file, "ATEXT" the target of a link. */
static void fill(char *text)
{
	for (size_t i = 0; i < COUNT(files); i++)
		put(files[i], "", 0);
	for (char *save, *line = strtok_r(text, "\r", &save); line;
		line = strtok_r(NULL, "\r", &save)) {
		unsigned file = line[0] - 'a', link = line[0] - 'A';

		if (file < COUNT(files))
			put(files[file], line + 1, strlen(line + 1));
		else if (link < COUNT(links))
			put_link(links[link], line + 1);
	}
}

static void examine(void)
{
	struct driver drivers[DRIVERS_MAX];
	struct rule rule;
	char path[128];
	const char *const rules[] = {in(path, "rules"), NULL};
	char devices[128];
	int count = find_drivers(
		in(devices, "devices"), NODES_FOLDER "/001/012", drivers);

	check(count <= DRIVERS_MAX);
	for (int i = 0; i < count; i++) {
		check(strlen(drivers[i].folder) < sizeof(drivers[i].folder));
		check(strlen(drivers[i].name) < sizeof(drivers[i].name));
		check(i == 0 ||
			drivers[i].interface >= drivers[i - 1].interface);
	}
	if (find_rule(rules, &rule))
		check(strstr(rule.path, ".rules") != NULL);
	read_memory_limit(in(devices, "memory"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *text;

	if (size > 4096)
		return 0;
	if (folder[0] == '\0')
		set_up();
	text = take_text(&input);
	fill(text);
	examine();
	free(text);
	return 0;
}
