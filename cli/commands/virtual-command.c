/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Whether COMMAND of `clyde virtual` will load the shim.  A program that does
 * not load the shim would use the USB of this machine, where the user expects a
 * virtual device, so it must not be started.  virtual.c calls takes_shim()
 * before it starts COMMAND.
 *
 * Only COMMAND is examined, and the interpreters of a script; not the programs
 * that COMMAND starts in turn.
 */
#include "virtual-command.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* How many files are examined: COMMAND, and interpreters that are scripts
   themselves.  Linux follows about as many (fs/exec.c). */
#define FILES_MAX 4

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__arm__)
#define MACHINE EM_ARM
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#define MACHINE EM_NONE /* not known here: the machine is not checked */
#endif

#define CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
		access(path, X_OK) == 0;
}

/* The file that execvp() would run; false if there is none. */
static bool find_program(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH");

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return access(path, X_OK) == 0;
	}
	if (folders == NULL)
		folders = "/bin:/usr/bin";
	for (;;) {
		size_t size = strcspn(folders, ":");

		snprintf(path, PATH_MAX, "%.*s%s%s", (int)size, folders,
			size ? "/" : "", name);
		if (is_program(path))
			return true;
		if (folders[size] == '\0')
			return false;
		folders += size + 1;
	}
}

/* Whether a program runs set-user-ID or set-group-ID, or with capabilities of
   its file: the dynamic loader ignores LD_PRELOAD then.  Capabilities give root
   nothing new. */
static bool gains_rights(int fd)
{
	struct stat status;

	if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return true;
	if (fstat(fd, &status) < 0)
		return false;
	return (status.st_mode & S_ISUID && status.st_uid != geteuid()) ||
		(status.st_mode & S_ISGID && status.st_gid != getegid());
}

/* Whether an ELF file names a dynamic loader. */
static bool has_loader(int fd, const ElfW(Ehdr) * header)
{
	for (unsigned i = 0; i < header->e_phnum; i++) {
		ElfW(Phdr) part;
		off_t at = header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &part, sizeof(part), at) != sizeof(part))
			return false;
		if (part.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static const char *why_not_elf(int fd)
{
	ElfW(Ehdr) header;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
		header.e_ident[EI_CLASS] != CLASS ||
		(MACHINE != EM_NONE && header.e_machine != MACHINE))
		return "is for another kind of machine";
	if (!has_loader(fd, &header))
		return "is statically linked";
	return NULL;
}

/* Copy the interpreter's path from the text after "#!"; false if it names
   none. */
static bool interpreter_of(const char *line, char path[PATH_MAX])
{
	size_t size;

	line += strspn(line, " \t");
	size = strcspn(line, " \t\n");
	if (size == 0 || size >= PATH_MAX)
		return false;
	memcpy(path, line, size);
	path[size] = '\0';
	return true;
}

/* Why a file would run without the shim, or NULL; `path` becomes the
   interpreter's if the file is a script. */
static const char *why_not(char path[PATH_MAX], bool *ret_script)
{
	char begin[256] = "";
	const char *why = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	*ret_script = false;
	/* A program that may be run but not read loads the shim, unless it is
	   statically linked, which cannot be known. */
	if (fd < 0)
		return NULL;
	size = pread(fd, begin, sizeof(begin) - 1, 0);
	if (size >= SELFMAG && memcmp(begin, ELFMAG, SELFMAG) == 0)
		why = gains_rights(fd) ? "runs with another user's rights"
				       : why_not_elf(fd);
	else if (size > 2 && memcmp(begin, "#!", 2) == 0)
		*ret_script = interpreter_of(begin + 2, path);
	close(fd);
	return why;
}

bool takes_shim(struct tool *tool, const char *command)
{
	char path[PATH_MAX];
	const char *why = NULL;
	bool script = true;

	if (!find_program(command, path))
		return true; /* virtual.c reports why it cannot start */
	/* QEMU's user mode gives LD_PRELOAD to the program that it emulates. */
	if (strncmp(basename(path), "qemu-", strlen("qemu-")) == 0)
		return true;
	for (int i = 0; script && why == NULL && i < FILES_MAX; i++)
		why = why_not(path, &script);
	if (why == NULL)
		return true;
	return fail(tool, STATUS_NOT_EXECUTABLE,
		"virtual: %s %s: it would use this machine's USB, not the "
		"virtual devices",
		path, why);
}
