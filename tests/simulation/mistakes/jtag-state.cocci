// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the ways between the states of a TAP.
//
// FILE: lib/core/jtag-state.c

// NAME: Shift-DR is thought to be as stable as Pause-DR
@@ expression state; @@
jtag_is_stable(...)
{
	<...
-	state == JTAG_DR_PAUSE
+	state == JTAG_DR_SHIFT
	...>
}

// NAME: a reset has four clocks
@@ @@
jtag_path(...)
{
	<...
-	RESET_CLOCKS
+	4
	...>
}
