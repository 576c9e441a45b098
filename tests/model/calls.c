/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The calls that the steps of a case make: each does on lib/base/handle.c what
   calls of the library do, and checks the results. */
#include "objects.h"

/* Asserts that nothing is left of the object and its children: all that was
   lent to them belongs to the caller again. */
static void check_over(enum sample_id id)
{
	for (int i = 0; i < SAMPLE_COUNT; i++)
		if (descends(i, id) && records[i].life != NONE &&
			records[i].life != FREED)
			model_fail("a close of %s has returned, and %s is left",
				kinds[id].name, kinds[i].name);
}

void sample_close(enum sample_id id)
{
	uint64_t *destroyed = &ledger.destroyed[model_self()];
	uint64_t token = records[id].token;
	int result;

	*destroyed = 0;
	result = clyde_close_token(token);
	if (result != 0 && result != CLYDE_ERROR_CLOSED)
		model_fail("closing %s says %d", kinds[id].name, result);
	if (result == CLYDE_ERROR_CLOSED && *destroyed)
		model_fail("a close that says it is stale has destroyed");
	if (token)
		check_over(id);
	if (result < 0)
		return;
	if (records[id].closed++ > 0)
		model_fail("two closes of %s say 0", kinds[id].name);
	if (!(*destroyed >> id & 1))
		model_fail("a close of %s says 0 without having destroyed it",
			kinds[id].name);
}

/* A close in a callback must not wait.  If it does not close the object, the
   object must exist, or another thread must have closed it. */
static void try_close(enum sample_id id)
{
	int result = clyde_close_token(records[id].token);

	if (result == CLYDE_ERROR_CLOSED)
		check_over(id);
	else if (result != CLYDE_ERROR_INSIDE)
		model_fail("closing %s in a callback says %d", kinds[id].name,
			result);
}

static void call_back(enum sample_id id)
{
	inside()->callbacks++;
	try_close(id);
	inside()->callbacks--;
}

static void check_refusal(enum sample_id id, void *handle, int result)
{
	if (result == CLYDE_ERROR_CLOSED && handle && records[id].life != FREED)
		model_fail("%s is said to be closed, but is there",
			kinds[id].name);
	if (result == CLYDE_ERROR_CANCELED && records[id].life == OPEN &&
		!objects[id].object.closing)
		model_fail("%s is said to be closing, but is open",
			kinds[id].name);
	if (result != CLYDE_ERROR_CLOSED && result != CLYDE_ERROR_CANCELED)
		model_fail("entering %s says %d", kinds[id].name, result);
}

/* Enters the object.  A call may be let in only while the object is open, at
   the moment when the call has the lock. */
static bool enter(enum sample_id id)
{
	void *handle = (void *)(uintptr_t)records[id].token;
	int result = object_enter_kind(&handle, kinds[id].kind);

	if (result < 0) {
		check_refusal(id, handle, result);
		return false;
	}
	if (handle != &objects[id])
		model_fail("the token of %s means another", kinds[id].name);
	check_lock(id);
	check_alive(id);
	if (objects[id].object.closing)
		model_fail("a call was let into %s, which is being closed",
			kinds[id].name);
	records[id].inside++;
	return true;
}

static void leave(enum sample_id id)
{
	check_lock(id);
	check_alive(id);
	records[id].inside--;
	object_leave(&objects[id].object);
}

static void work_inside(enum sample_id id)
{
	model_point(MODEL_STEP, &records[id]);
	check_lock(id);
	for (enum sample_id at = id; at != CONTEXT; at = kinds[at].parent)
		check_alive(at);
	check_alive(CONTEXT);
}

void sample_call(enum sample_id id)
{
	if (!enter(id))
		return;
	work_inside(id);
	leave(id);
}

void sample_call_back(enum sample_id id, enum sample_id closed)
{
	if (!enter(id))
		return;
	call_back(closed);
	work_inside(id);
	leave(id);
}

static void yield(enum sample_id id)
{
	object_yield(&objects[id].object);
	check_lock(id);
	check_alive(id);
}

/* As wait_for_transfer() of pipe-io.c, with device_stopped() of wait.c. */
static int wait_once(enum sample_id id, bool slices)
{
	struct sample *device = &objects[kinds[id].parent];
	bool interrupted;

	if (object_closing(&objects[id].object))
		return CLYDE_ERROR_CANCELED;
	interrupted = atomic_load(&objects[CONTEXT].flag);
	if (object_closing(&device->object))
		return CLYDE_ERROR_CANCELED;
	if (interrupted)
		return CLYDE_ERROR_INTERRUPTED;
	model_await(&device->flag, slices);
	atomic_store(&device->flag, false);
	yield(id);
	return 0;
}

void sample_wait(enum sample_id id, bool slices)
{
	int result;

	if (!enter(id))
		return;
	yield(id);
	do
		result = wait_once(id, slices);
	while (result == 0);
	if (result != CLYDE_ERROR_CANCELED)
		model_fail("a wait on %s that a close has ended says %d",
			kinds[id].name, result);
	leave(id);
}

/* Pins the object, which then lives but is not locked. */
static bool pin(enum sample_id id)
{
	void *handle = (void *)(uintptr_t)records[id].token;
	void *given = handle;
	int result = object_pin_kind(&handle, kinds[id].kind);

	if (result < 0)
		check_refusal(id, given, result);
	else
		records[id].inside++;
	return result == 0;
}

static void unpin(enum sample_id id)
{
	check_alive(id);
	records[id].inside--;
	object_unpin(&objects[id].object);
}

static void with_lock(enum sample_id id)
{
	object_lock(&objects[id].object);
	work_inside(id);
	object_unlock(&objects[id].object);
}

/* As clyde_run_start() and run_release(): the device exists until its pins are
   released, also if another thread closes the device. */
static void run(enum sample_id closed, void (*end)(enum sample_id id))
{
	if (!pin(RUN))
		return;
	if (pin(DEVICE)) {
		with_lock(RUN);
		inside()->runs++;
		for (int i = 0; i < 2 && !object_closing(&objects[RUN].object);
			i++)
			sample_call(DEVICE);
		if (end)
			end(closed);
		with_lock(DEVICE);
		inside()->runs--;
		with_lock(RUN);
		unpin(DEVICE);
	}
	unpin(RUN);
}

void sample_run(void)
{
	run(RUN, NULL);
}

/* A run closes a pipe of its own, unless the device's close does that. */
static void close_own(enum sample_id id)
{
	int result = clyde_close_token(records[id].token);

	if (result == CLYDE_ERROR_INSIDE && records[id].life != FREED &&
		!objects[id].object.closing)
		model_fail("%s is not closed, and could be", kinds[id].name);
	if (result != CLYDE_ERROR_INSIDE)
		check_over(id);
}

void sample_run_and_close(enum sample_id pipe)
{
	run(pipe, close_own);
}

void sample_run_and_call_back(enum sample_id id)
{
	run(id, call_back);
}

void sample_open(enum sample_id id)
{
	enum sample_id parent = kinds[id].parent;
	int result;

	if (!enter(parent))
		return;
	result = make(id);
	check_lock(parent);
	check_alive(parent);
	if (result < 0 &&
		(result != CLYDE_ERROR_CANCELED ||
			!objects[parent].object.closing))
		model_fail("opening %s says %d", kinds[id].name, result);
	leave(parent);
}

/* Handles one completion of the device, for the thread that waits for it. */
static void handle(struct sample *device)
{
	if (atomic_load(&device->pending)) {
		atomic_store(&device->pending, false);
		device->arrived = true;
	}
	atomic_store(&device->flag, false);
}

void sample_handle(void)
{
	if (!enter(DEVICE))
		return;
	handle(&objects[DEVICE]);
	leave(DEVICE);
}

/* As peek() of pipe-io.c: it checks for bytes after every turn of another
   thread.  A wait without a transfer would not end. */
void sample_read(enum sample_id id)
{
	struct sample *device = &objects[kinds[id].parent];

	if (!enter(id))
		return;
	yield(id);
	while (!device->arrived) {
		model_await_either(&device->flag, &device->pending);
		handle(device);
		yield(id);
	}
	leave(id);
}
