// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the registry of objects.  tests/model has many more.
//
// FILE: lib/base/handle.c

// NAME: the parent is closed first
@@ expression object; @@
first_leaf(...)
{
	<...
-	!LIST_EMPTY(&object->children)
+	false
	...>
}

// NAME: a token is used again
@@ @@
enlist(...)
{
	<...
-	++last_serial << KIND_BITS
+	(live + 1) << KIND_BITS
	...>
}

// NAME: a closed object stays in the registry
@@ expression object; @@
delist(...)
{
	<...
-	LIST_REMOVE(object, hashed);
	...>
}
