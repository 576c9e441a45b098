// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in what the library makes of a core's replies.
//
// FILE: lib/core/queue.c

// NAME: a transfer that was given up keeps its memory
@@ expression batch, i; @@
abandon(...)
{
	<...
-	batch->sent[i].in = NULL;
	...>
}

// NAME: a chain fails because the chain before it did
@@ expression core; @@
end_chain(...)
{
	<...
-	core->chain_failed = NULL;
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

// NAME: settings that a failure has skipped are not sent again
@@ expression core; @@
core_begin_chain(...)
{
	<...
-	core->doubtful > 0 || core->lost
+	false
	...>
}

// NAME: commands are counted on behind a barrier
@@ expression core; @@
core_end_batch(...)
{
	<...
-	core->commands = 0;
	...>
}

// NAME: a batch has the failed step of one before it
@@ expression last; @@
take_result(...)
{
	<...
-	last->failed && !last->fault.earlier
+	last->failed
	...>
}

// NAME: a reply that comes in pieces begins anew
@@ typedef uint8_t; expression sent, batch; @@
give(...)
{
	<...
-	(uint8_t *)sent->in + batch->at_byte
+	(uint8_t *)sent->in
	...>
}

// NAME: a batch whose reply is not complete is over
@@ expression batch; @@
settle(...)
{
	<...
-	batch->at_byte < batch->sent[batch->at].reply
+	batch->at_byte < batch->sent[batch->at].reply / 2
	...>
}
