/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Loads modules: libclyde-twin.so, the twin, from where $CLYDE_TWIN says, the
 * build, or where it is installed; and netlists, from where they are cached.
 * virtual/fpga/fpga.h's callers pass modules to virtual/fpga/twin.c.  No module
 * is ever unloaded: the C++ runtime that it brings was not made for that.
 */
#include "twin-model.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "libclyde-twin.so"

static struct twin_module twin;
static const char *why_not;
static pthread_once_t once = PTHREAD_ONCE_INIT;

bool twin_module_load(const char *path, struct twin_module *ret_module)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return false;
	*ret_module = (struct twin_module){
		.library = library,
		.power_up = dlsym(library, "twin_new"),
		.edge = dlsym(library, "twin_edge"),
		.power_down = dlsym(library, "twin_free"),
	};
	return ret_module->power_up && ret_module->edge &&
		ret_module->power_down;
}

/* Search relative to a file: the program, or the library with this code. */
static bool find_beside(const char *file, const char *name, char *path)
{
	static const char *const places[] = {
		"../gateware/",
		"clyde/",
		"../" CLYDE_LIBDIR "/clyde/",
	};
	char self[PATH_MAX];

	if (realpath(file, self) == NULL)
		return false;
	*(strrchr(self, '/') + 1) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int size = snprintf(
			path, PATH_MAX, "%s%s%s", self, places[i], name);

		if (size < PATH_MAX && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

bool twin_find(const char *name, char *path)
{
	Dl_info info;

	return find_beside("/proc/self/exe", name, path) ||
		(dladdr((void *)&once, &info) &&
			find_beside(info.dli_fname, name, path));
}

static void find(void)
{
	const char *given = getenv("CLYDE_TWIN");
	char path[PATH_MAX];

	if (given && *given)
		why_not = twin_module_load(given, &twin)
			? NULL
			: "what $CLYDE_TWIN names does not load";
	else if (!twin_find(MODULE, path) || !twin_module_load(path, &twin))
		why_not = MODULE " is not there: it is built where Verilator "
				 "is installed";
}

const struct twin_module *twin_module(const char **ret_why)
{
	pthread_once(&once, find);
	*ret_why = why_not;
	return why_not ? NULL : &twin;
}
