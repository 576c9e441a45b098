// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the life of the SPI core.
//
// FILE: lib/core/spi.c

// NAME: a closed SPI core leaves its pins connected
@@ @@
shut(...)
{
	<...
-	core_disconnect(...);
+	;
	...>
}
