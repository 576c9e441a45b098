// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the commands of the probe core, and in the states that the TAPs are
// thought to be in.
//
// FILE: lib/core/jtag-encode.c

// NAME: the last bit of a scan leaves TMS low
@@ expression last; @@
scan(...)
{
	<...
-	last ? PROBE_LAST : 0
+	0
	...>
}

// NAME: the state behind a scan is not followed
@@ expression jtag; @@
scan(...)
{
	<...
-	jtag->states = next_states(jtag->states, true);
	...>
}

// NAME: TDI is low where no bits are given for it
@@ expression step; @@
tdi_flag(...)
{
	<...
-	step->flags & CLYDE_JTAG_ZEROS
+	1
	...>
}

// NAME: a vector begins its TMS anew after each byte
@@ expression tms, i; @@
vector(...)
{
	<...
-	tms[i]
+	tms[0]
	...>
}
