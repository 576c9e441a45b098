// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the virtual link.
//
// FILE: lib/link/virtual/link.c

// NAME: a link gives a transfer back twice
@@ identifier link; expression mine; @@
deliver(struct virtual_link *link)
{
	<...
	mine->transfer.complete(&mine->transfer);
+	if (bus_now(link->bus) % 64 == 0 && !mine->queued)
+		mine->transfer.complete(&mine->transfer);
	...>
}

// NAME: an unplug does not end a wait
@@ expression bus; @@
virtual_wait(...)
{
	<...
-	if (bus_unplugged(bus))
-		return CLYDE_ERROR_NO_DEVICE;
	...>
}
