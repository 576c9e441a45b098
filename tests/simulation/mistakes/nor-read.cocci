// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in reads of a flash chip.
//
// FILE: lib/chip/nor-read.c

// NAME: a read leaves the chip in its 4-byte mode
@@ @@
read_range(...)
{
	<...
-	nor_leave(...);
	...>
}
