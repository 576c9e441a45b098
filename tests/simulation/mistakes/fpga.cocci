// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the load of the FPGA.
//
// FILE: lib/device/fpga.c

// NAME: a stalled bitstream is waited for
@@ expression engine; @@
wait_for_transfer(...)
{
	<...
-	engine_error(engine)
+	0
	...>
}
