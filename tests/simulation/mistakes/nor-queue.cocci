// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what is on its way to a flash chip.
//
// FILE: lib/chip/nor-queue.c

// NAME: an interrupted call leaves its batches on their way
@@ expression flash; @@
nor_abandon(...)
{
	<...
-	nor_keep_going(flash, true);
+	nor_keep_going(flash, false);
	...>
}
