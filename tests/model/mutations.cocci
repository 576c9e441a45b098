// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// What mutations.py breaks, one mutation at a time.  docs/testing.md says how a
// mutation is written.
//
// FILE: lib/base/handle.c

// NAME: delist before destroy
// PLACES: 2
@@ expression leaf; @@
destroy_tree(...)
{
	<...
+	pthread_mutex_lock(&registry);
+	delist(leaf);
+	pthread_mutex_unlock(&registry);
	leaf->destroy(leaf);
	...
-	delist(leaf);
	...>
}

// NAME: parents before children
@@ expression object; @@
first_leaf(...)
{
	<...
-	!LIST_EMPTY(&object->children)
+	0
	...>
}

// NAME: no broadcast when the last call leaves
@@ expression object; @@
object_unpin(...)
{
	<...
-	if (object->users == 0)
-		pthread_cond_broadcast(&left);
	...>
}

// NAME: no broadcast when a part is destroyed
@@ @@
destroy_tree(...)
{
	<...
-	pthread_cond_broadcast(&left);
	...>
}

// NAME: a close does not wait for calls
@@ expression object; @@
busy(...)
{
	<...
-	if (object->users > 0)
-		return true;
	...>
}

// NAME: a close does not wait for calls on children
@@ expression child; @@
busy(...)
{
	<...
-	child->target || busy(child)
+	child->target
	...>
}

// NAME: a close does not wait for another's close of a part
@@ expression child; @@
busy(...)
{
	<...
-	child->target || busy(child)
+	busy(child)
	...>
}

// NAME: a close waits once, whatever woke it up
@@ expression target; statement body; @@
destroy_tree(...)
{
	<...
-	while (busy(target))
+	if (busy(target))
		body
	...>
}

// NAME: a close of what is being closed goes on
@@ expression object, token; @@
close_locked(...)
{
	<...
-	if (object_closing(object))
-		return await_end(token);
	...>
}

// NAME: a close does not wait for another thread's teardown
@@ expression token; @@
await_end(...)
{
	<...
-	while (find(token))
-		pthread_cond_wait(&left, &registry);
	...>
}

// NAME: a close waits for another thread's teardown once
@@ expression token; @@
await_end(...)
{
	<...
-	while (find(token))
+	if (find(token))
		pthread_cond_wait(&left, &registry);
	...>
}

// NAME: a close in a callback waits
@@ @@
close_locked(...)
{
	<...
-	inside()->callbacks > 0
+	0
	...>
}

// NAME: a run waits for the close that waits for it
@@ @@
await_end(...)
{
	<...
-	inside()->runs > 0
+	0
	...>
}

// NAME: a close does not mark
@@ expression object; @@
close_object(...)
{
	<...
-	mark(object);
	...>
}

// NAME: a close marks the parent alone
@@ expression child; @@
mark(...)
{
	<...
-	mark(child);
+	;
	...>
}

// NAME: a close wakes the parent alone
@@ expression child; @@
end_waits(...)
{
	<...
-	end_waits(child);
+	;
	...>
}

// NAME: a close wakes before it marks
// PLACES: 3
@@ expression object; @@
close_object(...)
{
	<...
-	mark(object);
	end_waits(object);
+	mark(object);
	...>
}

@@ expression object; @@
destroy_tree(...)
{
	<...
-	if (object->wake)
-		object->wake(object);
	...>
}

// NAME: a close wakes what another tears down
@@ expression child; @@
end_waits(...)
{
	<...
-	!child->target
+	true
	...>
}

// NAME: each is woken as soon as it is marked
@@ expression object; @@
mark(...)
{
	<...
	atomic_store_explicit(&object->closing, true, ...);
+	if (object->wake)
+		object->wake(object);
	...>
}

// NAME: a teardown does not lock the tree
// PLACES: 2
@@ expression root, tree; @@
destroy_tree(...)
{
	<...
(
-	if (!root)
-		lock_tree(tree);
|
-	if (!root)
-		pthread_mutex_unlock(&tree->lock);
)
	...>
}

// NAME: a root is torn down with its tree locked
@@ expression target; @@
destroy_tree(...)
{
	<...
-	target->parent == NULL
+	false
	...>
}

// NAME: the registry stays locked during a teardown
// PLACES: 2
@@ @@
destroy_tree(...)
{
	<...
(
-	pthread_mutex_unlock(&registry);
|
-	pthread_mutex_lock(&registry);
)
	...>
}

// NAME: a call enters what began to close while it waited
@@ expression object; @@
object_enter_kind(...)
{
	<...
-	if (!object_closing(object))
		return 0;
	...>
}

// NAME: a call enters what is being closed
// PLACES: 2
@@ expression object; @@
look_up(...)
{
	<...
-	object_closing(object)
+	0
	...>
}

@@ expression object; @@
object_enter_kind(...)
{
	<...
-	if (!object_closing(object))
		return 0;
	...>
}

// NAME: a call is not counted
// PLACES: 2
@@ expression object; @@
object_pin_kind(...)
{
	<...
-	object->users++;
+	;
	...>
}

@@ expression object; @@
object_unpin(...)
{
	<...
-	object->users--;
	...>
}

// NAME: a call unpins before it unlocks
// PLACES: 2
@@ expression object; @@
object_leave(...)
{
	<...
-	object_unlock(object);
	object_unpin(object);
+	object_unlock(object);
	...>
}

// NAME: a second caller does not wake the one that waits
@@ expression object; @@
lock_for(...)
{
	<...
-	if (object->wake)
-		object->wake(object);
	...>
}

// NAME: a second caller is not counted
// PLACES: 2
@@ expression tree; @@
lock_for(...)
{
	<...
(
-	atomic_fetch_add(&tree->waiting, 1);
|
-	taken(tree);
)
	...>
}

// NAME: a second caller is counted for ever
@@ expression tree; @@
lock_for(...)
{
	<...
-	taken(tree);
	...>
}

// NAME: a turn is over without a word
@@ expression tree; @@
taken(...)
{
	<...
-	pthread_cond_broadcast(&tree->turned);
	...>
}

// NAME: who waits for its turn again is not counted
// PLACES: 2
@@ expression tree, count; @@
taken(...)
{
	<...
-	atomic_fetch_add(&tree->waiting, count);
	...>
}

@@ expression tree; @@
object_yield(...)
{
	<...
-	taken(tree);
	...>
}

// NAME: a turn is over for the last one who gave it up
@@ iterator name SLIST_FOREACH; expression turn, tree; statement body; @@
taken(...)
{
	<...
-	SLIST_FOREACH (turn, &tree->turns, next)
+	turn = SLIST_FIRST(&tree->turns);
		body
	...>
}

// NAME: a wait does not yield
@@ expression tree; @@
object_yield(...)
{
	<...
-	atomic_load_explicit(&tree->waiting, memory_order_relaxed) == 0
+	atomic_load_explicit(&tree->waiting, memory_order_relaxed) < 99
	...>
}

// NAME: a wait yields and does not lock again
@@ expression tree; @@
object_yield(...)
{
	<...
	taken(tree);
+	pthread_mutex_unlock(&tree->lock);
	...>
}

// NAME: a child is opened under a closing parent
@@ expression parent; @@
object_init(...)
{
	<...
-	parent && object_closing(parent)
+	0
	...>
}

// NAME: a token is used again
@@ @@
delist(...)
{
	<...
	live--;
+	last_serial--;
	...>
}

// NAME: a token is the object's place in the registry
@@ @@
enlist(...)
{
	<...
-	++last_serial << KIND_BITS
+	(live + 1) << KIND_BITS
	...>
}

// NAME: the siblings are lost with the child
@@ expression object; @@
delist(...)
{
	<...
-	LIST_REMOVE(object, sibling);
+	LIST_INIT(&object->parent->children);
	...>
}
