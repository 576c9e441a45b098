/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The objects of the sample library, for lib/base/handle.c: asserts the rules
   at every step of their life. */
#include "objects.h"

#include <stdio.h>
#include <string.h>

#include "poison.h"
#include "sample.h"

_Alignas(64) struct sample objects[SAMPLE_COUNT];
_Alignas(64) struct record records[SAMPLE_COUNT];
_Alignas(8) struct ledger ledger;

const struct kind kinds[SAMPLE_COUNT] = {
	[CONTEXT] = {"the context", OBJECT_CONTEXT, CONTEXT},
	[DEVICE] = {"the device", OBJECT_DEVICE, CONTEXT},
	[OTHER_DEVICE] = {"the other device", OBJECT_DEVICE, CONTEXT},
	[PIPE] = {"the pipe", OBJECT_PIPE, DEVICE},
	[OTHER] = {"the other pipe", OBJECT_PIPE, DEVICE},
	[RUN] = {"the run", OBJECT_RUN, CONTEXT},
};

int set_error(int error, const char *format, ...)
{
	(void)format;
	return error;
}

void error_enter(void)
{
}

ssize_t error_leave(ssize_t result)
{
	return result;
}

void error_keep(struct failure *ret_failure)
{
	(void)ret_failure;
}

void error_restore(const struct failure *failure)
{
	(void)failure;
}

struct inside *inside(void)
{
	return &ledger.inside[model_self()];
}

/* ---- For the explorer ------------------------------------------------- */

const struct model_memory sample_memory[] = {
	{objects, sizeof(objects)},
	{records, sizeof(records)},
	{&ledger, sizeof(ledger)},
	{NULL, 0},
};

static int index_of(const void *at)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)objects;

	return offset < sizeof(objects) ? (int)(offset / sizeof(*objects)) : -1;
}

static const char *part_of(const void *at)
{
	const struct sample *sample = &objects[index_of(at)];

	if (at == &sample->tree.lock)
		return "the lock of the tree of";
	if (at == &sample->tree.waiting)
		return "the waiters for the tree of";
	if (at == &sample->tree.turned)
		return "the turns in the tree of";
	if (at == &sample->object.closing)
		return "the closing of";
	if (at == &sample->flag)
		return "the flag of";
	if (at == &sample->pending)
		return "the completion of";
	return "a part of";
}

const char *sample_describe(const void *at)
{
	static char text[80];
	int index = index_of(at);

	if (at == NULL)
		return "";
	if (at >= (void *)records && at < (void *)(records + SAMPLE_COUNT))
		return kinds[(struct record *)at - records].name;
	if (index < 0)
		return object_describe(at) ? object_describe(at) : "something";
	snprintf(text, sizeof(text), "%s %s", part_of(at), kinds[index].name);
	return text;
}

void sample_touch(const void *at)
{
	int index = at ? index_of(at) : -1;

	if (index >= 0 && records[index].life == FREED)
		model_fail(
			"%s is used after it was freed", sample_describe(at));
}

/* ---- Objects ---------------------------------------------------------- */

bool descends(enum sample_id id, enum sample_id from)
{
	while (id != from && id != CONTEXT)
		id = kinds[id].parent;
	return id == from;
}

void check_alive(enum sample_id id)
{
	if (records[id].life != OPEN)
		model_fail(
			"%s is needed, but not there any more", kinds[id].name);
}

/* A context's wake() raises the interrupt, which a wait reads after it has
   ended.  A device's and a pipe's wake() raises the flag of the link, which
   ends the wait. */
static void wake_context(struct object *object)
{
	if (object_closing(object))
		atomic_store(&((struct sample *)object)->flag, true);
}

static void wake_link(enum sample_id device)
{
	check_alive(device);
	atomic_store(&objects[device].flag, true);
}

static void wake_device(struct object *object)
{
	wake_link(index_of(object));
}

static void wake_pipe(struct object *object)
{
	wake_link(kinds[index_of(object)].parent);
}

void check_lock(enum sample_id id)
{
	if (objects[CONTEXT].tree.lock.holder != model_self() + 1)
		model_fail(
			"%s is used without the tree's lock", kinds[id].name);
}

static void check_destroy(enum sample_id id)
{
	if (records[id].life != OPEN)
		model_fail("%s is destroyed twice", kinds[id].name);
	if (records[id].inside > 0)
		model_fail(
			"%s is destroyed with a call inside", kinds[id].name);
	for (int i = 0; i < SAMPLE_COUNT; i++)
		if (i != (int)id && descends(i, id) &&
			records[i].life != NONE && records[i].life != FREED)
			model_fail("%s is destroyed before %s", kinds[id].name,
				kinds[i].name);
}

/* The thread that closes the context is alone in its tree, and needs no
   lock. */
static void check_alone(enum sample_id id)
{
	if (objects[CONTEXT].tree.lock.holder == model_self() + 1 &&
		id != CONTEXT)
		return;
	if (!objects[CONTEXT].object.closing)
		model_fail("%s is destroyed without the tree's lock",
			kinds[id].name);
	if (objects[CONTEXT].tree.lock.holder)
		model_fail("%s is destroyed while another has the tree's lock",
			kinds[id].name);
	for (int i = 0; i < SAMPLE_COUNT; i++)
		if (records[i].inside > 0 ||
			(i != (int)id && records[i].life == DYING))
			model_fail("%s is destroyed with the context, and %s "
				   "is in use",
				kinds[id].name, kinds[i].name);
}

/* Other threads may run in the middle, since a device closes its link here and
   a pipe selects its alternate setting. */
static void destroy(struct object *object)
{
	enum sample_id id = index_of(object);

	check_destroy(id);
	check_alone(id);
	records[id].life = DYING;
	records[id].destroyer = model_self() + 1;
	model_point(MODEL_STEP, &records[id]);
	if (records[id].inside > 0)
		model_fail("%s: a call enters while it is destroyed",
			kinds[id].name);
	check_alone(id);
	if (id != CONTEXT) {
		check_alive(kinds[id].parent);
		check_alive(CONTEXT);
	}
	records[id].life = DESTROYED;
	ledger.destroyed[model_self()] |= 1u << id;
}

void model_free(void *memory)
{
	int id = index_of(memory);

	if (id < 0 || memory != &objects[id])
		model_fail("what is freed was not allocated");
	if (records[id].life != DESTROYED)
		model_fail("%s is freed, but not destroyed, or twice",
			kinds[id].name);
	records[id].life = FREED;
	memset(&objects[id], 0xdd, sizeof(objects[id]));
	ASAN_POISON_MEMORY_REGION(&objects[id], sizeof(objects[id]));
}

int make(enum sample_id id)
{
	static void (*const wakes[])(struct object * object) = {
		[CONTEXT] = wake_context,
		[DEVICE] = wake_device,
		[OTHER_DEVICE] = wake_device,
		[PIPE] = wake_pipe,
		[OTHER] = wake_pipe,
		[RUN] = NULL,
	};
	struct object *parent =
		id == CONTEXT ? NULL : &objects[kinds[id].parent].object;
	int result;

	records[id].life = OPEN;
	result = object_init(&objects[id].object, kinds[id].kind, parent,
		&objects[CONTEXT].tree, wakes[id], destroy);
	if (result < 0) {
		records[id].life = NONE;
		return result;
	}
	records[id].token = (uintptr_t)object_handle(&objects[id].object);
	if (records[id].token <= ledger.last_token)
		model_fail(
			"%s got a token that was used before", kinds[id].name);
	ledger.last_token = records[id].token;
	return 0;
}

void sample_begin(unsigned wanted)
{
	ASAN_UNPOISON_MEMORY_REGION(objects, sizeof(objects));
	memset(objects, 0, sizeof(objects));
	memset(records, 0, sizeof(records));
	memset(&ledger, 0, sizeof(ledger));
	object_reset();
	objects[DEVICE].pending = true;
	for (int i = 0; i < SAMPLE_COUNT; i++)
		if (wanted >> i & 1)
			make(i);
}

void sample_end(void)
{
	clyde_close_token(records[CONTEXT].token);
	for (int i = 0; i < SAMPLE_COUNT; i++)
		if (records[i].life != NONE && records[i].life != FREED)
			model_fail("%s is left", kinds[i].name);
	if (clyde_live_objects() != 0)
		model_fail("%zu objects are left", clyde_live_objects());
}
