// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the life of a core that is an object.
//
// FILE: lib/core/open.c

// NAME: a closed core leaves its pins connected
@@ @@
shut(...)
{
	<...
-	core_disconnect(...);
+	;
	...>
}
