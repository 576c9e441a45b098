// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what the library undoes after a run.
//
// FILE: lib/run/core.c

// NAME: what a run did to streams is not undone
@@ expression device; @@
core_detach(...)
{
	<...
-	core_write_streams(device)
+	0
	...>
}
