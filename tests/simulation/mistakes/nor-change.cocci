// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in changes of a flash chip.
//
// FILE: lib/chip/nor-change.c

// NAME: a program goes on over the end of its page
@@ expression page, address; @@
nor_page_rest(...)
{
	<...
-	page - address % page
+	page
	...>
}
