// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in writes of a flash chip.
//
// FILE: lib/chip/nor-write.c

// NAME: a write loses the bytes beside it
@@ expression job, window; @@
make_wanted(...)
{
	<...
-	memcpy(job->wanted, window->now, window->size);
+	memset(job->wanted, 0xff, window->size);
	...>
}

// NAME: a write programs bytes that are not erased
@@ expression index; @@
erase(...)
{
	<...
-	index < 0
+	(index < 0 || true)
	...>
}
