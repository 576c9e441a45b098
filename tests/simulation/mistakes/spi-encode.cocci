// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the commands of the SPI core.
//
// FILE: lib/core/spi-encode.c

// NAME: a batch that leaves its chip selected begins the command anew
@@ expression spi, chip; @@
begin_chain(...)
{
	<...
-	spi->kept != chip
+	(spi->kept != chip || true)
	...>
}
