// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the calls that move a pipe's bytes.
//
// FILE: lib/stream/pipe-io.c

// NAME: a deadline is met too soon
@@ expression device, timeout_ms; @@
begin(...)
{
	<...
-	wait_begin(device, timeout_ms)
+	wait_begin(device, timeout_ms / 2000)
	...>
}

// NAME: a deadline does not say up to where the stream is good
@@ expression result; @@
wait_for_transfer(...)
{
	<...
	if (result == CLYDE_ERROR_TIMEOUT)
-		return set_error(...);
+		return result;
	...>
}

// NAME: a read counts a byte twice
@@ expression pipe, ready; @@
read_bytes(...)
{
	<...
-	pipe->offset += ready;
+	pipe->offset += ready + 1;
	...>
}

// NAME: a read skips a byte
@@ expression engine, ready; @@
read_bytes(...)
{
	<...
-	engine_consume(engine, ready);
+	engine_consume(engine, ready > 1000 ? ready + 1 : ready);
	...>
}

// NAME: a write skips a byte
@@ identifier size; expression done, free; @@
write_bytes(..., size_t size, ...)
{
	<...
-	done += free;
+	done += free + (size % 16 == 5 && done + free < size);
	...>
}

// NAME: a flush does not wait for the last transfer
@@ expression engine; @@
flush(...)
{
	<...
-	engine_in_flight(engine) > 0
+	engine_in_flight(engine) > 1
	...>
}

// NAME: a flush does not look at errors
@@ expression result, engine; @@
flush(...)
{
	<...
-	result == 0 && engine_error(engine) < 0
+	false
	...>
}

// NAME: a second region may be acquired
@@ expression pipe; @@
acquire(...)
{
	<...
-	pipe->acquired = true;
	...>
}

// NAME: a release gives all of it back
@@ expression pipe, size; @@
release(...)
{
	<...
-	engine_consume(pipe->engine, size)
+	engine_consume(pipe->engine, pipe->acquired_size)
	...>
}

// NAME: more may be released than was acquired
// The engine refuses it as well: both have to be wrong.
@@ expression pipe, size; @@
release(...)
{
	<...
-	size > pipe->acquired_size
+	false
	...>
}
