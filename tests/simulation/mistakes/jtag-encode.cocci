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

// NAME: a run goes on in a state that is not stable
@@ expression state; @@
run(...)
{
	<...
-	!jtag_is_stable(state)
+	false
	...>
}

// NAME: a run in reset leaves it
@@ expression state; identifier high; @@
run(...)
{
	<...
-	bool high = state == JTAG_RESET;
+	bool high = false;
	...>
}

// NAME: a chain with a poll ends where its last step does
@@ expression batch, core; @@
jtag_encode(...)
{
	<...
-	!batch->chained && core->chain_can_fail
+	false
	...>
}

// NAME: a poll of the IR looks at the data register
@@ expression step; @@
poll_bits(...)
{
	<...
-	step->flags & CLYDE_JTAG_POLL_IR
+	0
	...>
}

// NAME: a scan's reply is thought to have no part of a byte
@@ expression step; @@
note(...)
{
	<...
-	bytes_of(step->bits)
+	step->bits / 8
	...>
}

// NAME: a poll without memory for its bits is not waited for
@@ expression sent; @@
note(...)
{
	<...
-	sent->reply = 1;
+	sent->reply = !!step->in;
	...>
}
