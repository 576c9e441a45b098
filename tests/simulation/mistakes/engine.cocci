// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what keeps transfers in flight.
//
// FILE: lib/stream/engine.c

// NAME: a cancelled read loses its last byte
@@ identifier ended; expression engine; @@
complete(struct transfer *ended)
{
	<...
	engine->in_flight--;
+	if (ended->status == CLYDE_ERROR_CANCELED && ended->actual)
+		ended->actual--;
	...>
}

// NAME: a cancelled read loses all its bytes
@@ identifier ended; expression engine; @@
complete(struct transfer *ended)
{
	<...
	engine->in_flight--;
+	if (ended->status == CLYDE_ERROR_CANCELED)
+		ended->actual = 0;
	...>
}

// NAME: a cancel begins with the oldest
@@ type sequence; identifier i; expression engine, first; statement body; @@
engine_stop(...)
{
	<...
-	for (sequence i = engine->tail; i-- > first;)
+	for (sequence i = first; i < engine->tail; i++)
		body
	...>
}

// NAME: two completions are taken in the wrong order
@@ expression engine; @@
engine_next(...)
{
	<...
-	slot_at(engine, engine->head)
+	slot_at(engine, engine->done - engine->head > 1 ? engine->head + 1
+							 : engine->head)
	...>
}

// NAME: a read is queued into bytes that are not released
@@ expression engine; @@
submit_reads(...)
{
	<...
-	engine->tail - engine->head < engine->slots
+	engine->tail - engine->head < engine->slots + 1
	...>
}

// NAME: a buffer is queued again before it is read to its end
@@ expression slot; @@
engine_consume(...)
{
	<...
-	if (slot->used < slot->transfer->actual)
-		return 0;
	...>
}

// NAME: a zero-length packet ends the stream
@@ expression engine, ended; @@
take_completed(...)
{
	<...
+	if (ended->status == 0 && engine->in && ended->actual == 0)
+		ended->status = CLYDE_ERROR_IO;
	if (ended->status < 0)
		note_failure(engine, ended);
	...>
}

// NAME: a zero-length packet hides what is behind it
@@ expression engine; @@
engine_next(...)
{
	<...
	engine_consume(engine, 0);
+	break;
	...>
}

// NAME: the offset counts what was asked for
@@ expression engine, ended; @@
take_completed(...)
{
	<...
-	engine->good += ended->actual;
+	engine->good += ended->size;
	...>
}

// NAME: an error is forgotten
@@ expression engine, ended; @@
take_completed(...)
{
	<...
-	if (ended->status < 0)
-		note_failure(engine, ended);
	...>
}

// NAME: a failed transfer leaves the others to wait for ever
@@ expression engine; @@
take_completed(...)
{
	<...
-	engine_stop(engine);
+	;
	...>
}

// NAME: a resume leaves the reads unarmed
@@ expression engine; @@
engine_start(...)
{
	<...
-	engine->in ? submit_reads(engine) : 0
+	0
	...>
}

// NAME: a resume leaves the stream cancelled
@@ expression engine; @@
engine_start(...)
{
	<...
-	engine->state == ENGINE_IDLE || engine->state == ENGINE_CANCELLED ||
-		engine->state == ENGINE_CUT
+	engine->state == ENGINE_IDLE
	...>
}

// NAME: a resume clears what another program cancelled
@@ expression transfer; @@
complete(...)
{
	<...
-	transfer->status = CLYDE_ERROR_RESET;
+	;
	...>
}

// NAME: a cancel keeps what had not left
@@ expression engine; @@
engine_drop(...)
{
	<...
-	if (!engine->in)
-		slot_at(engine, engine->tail)->used = 0;
	...>
}

// NAME: a held write is never sent
@@ expression engine; @@
submit_deferred(...)
{
	<...
-	submit_or_defer(engine);
+	;
	...>
}

// NAME: a reset keeps what was not read
@@ expression engine; @@
engine_clear(...)
{
	<...
-	engine->head = engine->done = engine->tail = 0;
	...>
}

// NAME: a reset keeps the count
@@ expression engine; @@
engine_clear(...)
{
	<...
-	engine->good = 0;
	...>
}

// NAME: a transfer is not freed
@@ type number; identifier i; expression condition; statement body; @@
engine_free(...)
{
	<...
-	for (number i = 0; condition; i++)
+	for (number i = 1; condition; i++)
		body
	...>
}

// NAME: a write that cannot be submitted says nothing
@@ expression engine, result; @@
submit(...)
{
	<...
-	engine->error = result;
+	engine->error = engine->in ? result : 0;
	...>
}

// NAME: more may be released than was acquired
// The check in lib/stream/pipe-io.c refuses it as well: both have to be wrong.
@@ expression slot, size; @@
engine_consume(...)
{
	<...
-	size > slot->transfer->actual - slot->used
+	false
	...>
}
