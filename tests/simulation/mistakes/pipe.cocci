// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in the life of a pipe.
//
// FILE: lib/stream/pipe.c

// NAME: a closed pipe leaves its transfers in flight
@@ expression engine; @@
shut(...)
{
	<...
-	engine_drain(engine);
	...>
}

// NAME: a reset leaves the transfers in flight
@@ expression engine; @@
rearm(...)
{
	<...
-	engine_drain(engine)
+	0
	...>
}

// NAME: reads are armed before the pipe is reset
@@ expression result, pipe; @@
rearm(...)
{
	<...
+	engine_start(pipe->engine);
	result = set_alternate(pipe, pipe->alternate);
	...>
}

// NAME: a reset does not reset the device's side
@@ expression pipe; @@
rearm(...)
{
	<...
-	set_alternate(pipe, pipe->alternate)
+	(pipe->object.token ? 0 : set_alternate(pipe, pipe->alternate))
	...>
}

// NAME: a pipe that could not be reset goes on
@@ @@
rearm(...)
{
	<...
-	engine_disable(...);
	...>
}

// NAME: a closed pipe stays selected
@@ @@
shut(...)
{
	<...
-	link_select(..., USB_ALT_OFF, ...);
	...>
}

// NAME: a closed pipe stays in its device
@@ expression pipe; @@
shut(...)
{
	<...
-	pipe->device->pipes[pipe->id] = NULL;
+	;
	...>
}

// NAME: quad buffers leave room for the pair's other pipe
@@ expression device, id, pair; @@
pipe_is_free(...)
{
	<...
-	device->pipes[id] == NULL && (pair == NULL || ...)
+	true
	...>
}

// NAME: EP8's idle time goes to EP6
@@ expression pipe; @@
set_idle_flush(...)
{
	<...
-	pipe->id - CLYDE_PIPE_EP6_IN
+	0 * pipe->id
	...>
}
