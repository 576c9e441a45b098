/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Preloaded by tests/support/starts-threads: makes the file CLYDE_THREADS_MARK
 * when the program CLYDE_THREADS_OF itself starts a thread.  A thread that a
 * library of the program starts, such as libusb's for hotplug, does not count.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
	const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

/* The program is the first object of the loader's list. */
static int of_program(struct dl_phdr_info *info, size_t size, void *address)
{
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && (uintptr_t)address >= start &&
			(uintptr_t)address < start + segment->p_memsz)
			return 1;
	}
	return -1;
}

static void mark(void *caller)
{
	const char *path = getenv("CLYDE_THREADS_MARK");
	const char *program = getenv("CLYDE_THREADS_OF");
	int fd;

	if (path == NULL || program == NULL ||
		strcmp(program, program_invocation_short_name) != 0 ||
		dl_iterate_phdr(of_program, caller) != 1)
		return;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*run)(void *), void *argument)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		void *) = dlsym(RTLD_NEXT, "pthread_create");

	mark(__builtin_return_address(0));
	return next(thread, attributes, run, argument);
}
