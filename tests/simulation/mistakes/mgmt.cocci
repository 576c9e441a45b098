// SPDX-License-Identifier: 0BSD OR Apache-2.0
//
// Mistakes in management commands.
//
// FILE: lib/device/mgmt.c

// NAME: a reply is taken whatever its serial
@@ expression size, carried, mgmt; @@
dispatch(...)
{
	<...
-	size > 0 && carried == mgmt->serial
+	size > 0
	...>
}

// NAME: a reply that comes too late is taken for an error
@@ expression mgmt, carried; @@
dispatch(...)
{
	<...
-	mgmt->abandoned[carried] = false;
+	mgmt->failure = CLYDE_ERROR_PROTOCOL;
	...>
}

// NAME: a reply to no request ends the wait
@@ expression mgmt, carried; @@
dispatch(...)
{
	<...
-	mgmt->stray = carried;
+	mgmt->failure = CLYDE_ERROR_PROTOCOL;
	...>
}

// NAME: WAIT is taken for an answer
@@ expression mgmt; @@
mgmt_command_for(...)
{
	<...
-	if (mgmt->reply_size < 2 || mgmt->reply.code != MGMT_WAIT)
-		break;
+	if (mgmt->reply.code == MGMT_WAIT)
+		mgmt->reply.code = MGMT_ACK;
+	break;
	...>
}

// NAME: WAIT is asked for ever
@@ expression link, deadline; @@
mgmt_command_for(...)
{
	<...
-	link->ops->now(link) >= deadline
+	link->ops->now(link) >= deadline + 20000000000
	...>
}

// NAME: a short reply is taken
@@ expression mgmt, size; @@
mgmt_command_for(...)
{
	<...
-	mgmt->reply_size != 2 + size || mgmt->reply.code != MGMT_ACK
+	mgmt->reply.code != MGMT_ACK
	...>
}

// NAME: the read for replies is not armed again
@@ expression mgmt; @@
received(...)
{
	<...
-	submit_read(mgmt)
+	0
	...>
}

// NAME: a request that was not taken stays
@@ expression mgmt; @@
abandon(...)
{
	<...
-	cancel_request(mgmt);
	...>
}
