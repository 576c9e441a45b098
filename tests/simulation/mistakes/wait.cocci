// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what all waits have in common.
//
// FILE: lib/base/wait.c

// NAME: a deadline is never met
@@ identifier begun; expression link; @@
wait_over(const struct wait *begun)
{
	<...
-	link->ops->now(link) >= begun->deadline
+	link->ops->now(link) >= begun->deadline + 5000000 * begun->yields
	...>
}

// NAME: an interrupt is not heeded
@@ @@
object_stopped(...)
{
	<...
-	return set_error(CLYDE_ERROR_INTERRUPTED, ...);
+	;
	...>
}
