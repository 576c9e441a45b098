/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Memory that AddressSanitizer, if it is there, shall not let anyone touch. */
#ifndef MODEL_POISON_H
#define MODEL_POISON_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#endif
