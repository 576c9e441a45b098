/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What world.c, the objects, and calls.c, what is done with them, share. */
#ifndef MODEL_OBJECTS_H
#define MODEL_OBJECTS_H

#include "shim.h"

#include "lib/base/inside.h"
#include "lib/base/internal.h"
#include "world.h"

/* What the library frees. */
struct sample {
	struct object object; /* first */
	struct tree tree;     /* a context's */
	atomic_bool flag;     /* a context's interrupt, a device's link's */
	atomic_bool pending;  /* a device's one completion, */
	bool arrived;         /* which was handled */
};

enum life { NONE, OPEN, DYING, DESTROYED, FREED };

/* What is known of it, for ever. */
struct record {
	uint64_t token;
	uint32_t life;
	uint32_t inside;    /* calls */
	uint32_t closed;    /* closes that said 0 */
	uint32_t destroyer; /* thread + 1 */
};

/* By thread, and one for nobody. */
struct ledger {
	uint64_t last_token;
	uint64_t destroyed[MODEL_THREADS_MAX + 1]; /* bits, in this close */
	struct inside inside[MODEL_THREADS_MAX + 1];
};

struct kind {
	const char *name;
	enum object_kind kind;
	enum world_id parent;
};

extern struct sample objects[WORLD_COUNT];
extern struct record records[WORLD_COUNT];
extern struct ledger ledger;
extern const struct kind kinds[WORLD_COUNT];

/* Whether it is the other, or below it. */
bool descends(enum world_id id, enum world_id from);

/* It is there, and is not torn down; this thread has the tree's lock. */
void check_alive(enum world_id id);
void check_lock(enum world_id id);

/* Open it, as clyde_..._open() does, inside a call on its parent. */
int make(enum world_id id);

#endif
