/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Finds and loads libclyde-twin.so, the Verilated image: where $CLYDE_TWIN
 * says, in the build, or where it is installed.  virtual/fpga/twin.c calls it.
 * The search happens once for each process.
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

static struct twin_module module;
static const char *why_not;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool bind_symbols(void *library)
{
	module.power_up = dlsym(library, "twin_new");
	module.edge = dlsym(library, "twin_edge");
	module.power_down = dlsym(library, "twin_free");
	return module.power_up && module.edge && module.power_down;
}

/* The module is never unloaded: the C++ runtime that it brings was not made for
   that. */
static bool load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	return library && bind_symbols(library);
}

/* Search relative to a file: the program, or the library with this code. */
static bool load_beside(const char *file)
{
	static const char *const places[] = {
		"../gateware/" MODULE,
		"clyde/" MODULE,
		"../" CLYDE_LIBDIR "/clyde/" MODULE,
	};
	char self[PATH_MAX], path[PATH_MAX + 64];

	if (realpath(file, self) == NULL)
		return false;
	*(strrchr(self, '/') + 1) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s%s", self, places[i]);
		if (access(path, R_OK) == 0)
			return load(path);
	}
	return false;
}

static void find(void)
{
	const char *path = getenv("CLYDE_TWIN");
	Dl_info info;

	why_not = "libclyde-twin.so is not there: it is built where Verilator "
		  "is installed";
	if (path && *path) {
		if (load(path))
			why_not = NULL;
		else
			why_not = "what $CLYDE_TWIN names does not load";
		return;
	}
	if (load_beside("/proc/self/exe") ||
		(dladdr((void *)&once, &info) && load_beside(info.dli_fname)))
		why_not = NULL;
}

const struct twin_module *twin_module(const char **ret_why)
{
	pthread_once(&once, find);
	*ret_why = why_not;
	return why_not ? NULL : &module;
}
