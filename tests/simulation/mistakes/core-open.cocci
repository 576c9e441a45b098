// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the life of a core that is an object.
//
// FILE: lib/core/open.c

// NAME: a closed core leaves its pins connected
@@ @@
shut(...)
{
	<...
-	core_disconnect(...);
+	;
	...>
}

// NAME: a closed core stays claimed
@@ expression claim; @@
shut(...)
{
	<...
-	claim_drop(claim);
	...>
}

// NAME: a rate is exceeded
@@ expression rate; @@
core_period(...)
{
	<...
-	(CORE_CLOCK_HZ + rate - 1) / rate
+	CORE_CLOCK_HZ / rate
	...>
}

// NAME: a delay of the sample is taken for half as long
@@ expression delay_ns; @@
core_delay(...)
{
	<...
-	HALF_CYCLES(delay_ns)
+	HALF_CYCLES(delay_ns / 4)
	...>
}
