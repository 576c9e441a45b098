/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by sample.c, which has the objects, and calls.c, which has the calls
   on them. */
#ifndef MODEL_OBJECTS_H
#define MODEL_OBJECTS_H

#include "shim.h"

#include "lib/base/inside.h"
#include "lib/base/internal.h"
#include "sample.h"

/* An object of the sample library; what the library frees. */
struct sample {
	struct object object; /* First, so that both have one address. */
	struct tree tree;     /* Of a context. */
	/* The interrupt of a context, or the wake-up flag of a device's
	   link. */
	atomic_bool flag;
	atomic_bool pending; /* The one completion of a device is pending, */
	bool arrived;        /* or it was handled. */
};

enum life { NONE, OPEN, DYING, DESTROYED, FREED };

/* What the model knows of an object; it is kept after the object is freed. */
struct record {
	uint64_t token;
	uint32_t life;
	uint32_t inside;    /* Calls inside. */
	uint32_t closed;    /* Closes that returned 0. */
	uint32_t destroyer; /* Thread + 1. */
};

/* By thread, with one more entry for the time before and after an execution. */
struct ledger {
	uint64_t last_token;
	/* Objects that this close has destroyed, a bit each. */
	uint64_t destroyed[MODEL_THREADS_MAX + 1];
	struct inside inside[MODEL_THREADS_MAX + 1];
};

struct kind {
	const char *name;
	enum object_kind kind;
	enum sample_id parent;
};

extern struct sample objects[SAMPLE_COUNT];
extern struct record records[SAMPLE_COUNT];
extern struct ledger ledger;
extern const struct kind kinds[SAMPLE_COUNT];

/* Returns whether the object is the other one, or below it. */
bool descends(enum sample_id id, enum sample_id from);

/* Asserts that the object is open and not being destroyed; check_lock(): that
   this thread has the tree's lock. */
void check_alive(enum sample_id id);
void check_lock(enum sample_id id);

/* Opens an object inside a call on its parent, as clyde_..._open() does. */
int make(enum sample_id id);

#endif
