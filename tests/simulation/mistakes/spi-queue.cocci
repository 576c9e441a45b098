// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what the library makes of the SPI core's replies.
//
// FILE: lib/core/spi-queue.c

// NAME: a transfer that was given up keeps its memory
@@ expression batch, i; @@
abandon(...)
{
	<...
-	batch->sent[i].step.in = NULL;
	...>
}

// NAME: a chain fails because the chain before it did
@@ expression spi; @@
end_chain(...)
{
	<...
-	spi->chain_failed = NULL;
	...>
}

// NAME: a batch that is skipped does not fail
@@ expression batch, of, step; @@
fail_chain(...)
{
	<...
-	set_fault(batch, of, step);
+	if (batch == of)
+		set_fault(batch, of, step);
	...>
}
