/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Counts allocations: replaces the C library's functions, by --wrap. */
#include <stdlib.h>
#include <string.h>

#include "simulation.h"

static size_t alive;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	void *memory = __real_malloc(size);

	alive += memory != NULL;
	return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory = __real_calloc(count, size);

	alive += memory != NULL;
	return memory;
}

void *__wrap_realloc(void *memory, size_t size)
{
	void *grown = __real_realloc(memory, size);

	alive += memory == NULL && grown != NULL;
	return grown;
}

void __wrap_free(void *memory)
{
	alive -= memory != NULL;
	__real_free(memory);
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = __wrap_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

size_t allocations(void)
{
	return alive;
}
