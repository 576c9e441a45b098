# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""The mistakes that mutations.py makes."""

from typing import NamedTuple


class Mistake(NamedTuple):
    name: str
    changes: list  # of file, right text, wrong text


def one(name, file, right, wrong):
    return Mistake(name, [(file, right, wrong)])


ENGINE = "lib/stream/engine.c"
PIPE = "lib/stream/pipe.c"
BYTES = "lib/stream/pipe-io.c"
MGMT = "lib/device/mgmt.c"
HANDLE = "lib/base/handle.c"
WAIT = "lib/base/wait.c"

MISTAKES = [
    one("a cancelled read loses its last byte", ENGINE,
        "	engine->in_flight--;\n	stats->transfers++;\n",
        "	engine->in_flight--;\n	stats->transfers++;\n"
        "	if (transfer->status == CLYDE_ERROR_CANCELED && transfer->actual)\n"
        "		transfer->actual--;\n"),
    one("a cancelled read loses all its bytes", ENGINE,
        "	engine->in_flight--;\n	stats->transfers++;\n",
        "	engine->in_flight--;\n	stats->transfers++;\n"
        "	if (transfer->status == CLYDE_ERROR_CANCELED)\n"
        "		transfer->actual = 0;\n"),
    one("a cancel begins with the oldest", ENGINE,
        "	for (uint64_t i = engine->tail; i-- > first;)\n",
        "	for (uint64_t i = first; i < engine->tail; i++)\n"),
    one("two completions are taken in the wrong order", ENGINE,
        "		struct slot *slot = slot_at(engine, engine->head);\n\n"
        "		if (slot->used",
        "		struct slot *slot = slot_at(engine, "
        "engine->done - engine->head > 1\n"
        "			? engine->head + 1 : engine->head);\n\n"
        "		if (slot->used"),
    one("a read is queued into bytes that are not released", ENGINE,
        "		engine->tail - engine->head < engine->slots)",
        "		engine->tail - engine->head < engine->slots + 1)"),
    one("a buffer is queued again before it is read to its end", ENGINE,
        "	if (slot->used < slot->transfer->actual)\n"
        "		return 0;\n	engine->head++;",
        "	engine->head++;"),
    one("a zero-length packet ends the stream", ENGINE,
        "		if (transfer->status < 0)\n			note_failure",
        "		if (transfer->status == 0 && engine->in && "
        "transfer->actual == 0)\n"
        "			transfer->status = CLYDE_ERROR_IO;\n"
        "		if (transfer->status < 0)\n			note_failure"),
    one("a zero-length packet hides what is behind it", ENGINE,
        "		engine_consume(engine, 0);\n",
        "		engine_consume(engine, 0);\n		break;\n"),
    one("the offset counts what was asked for", ENGINE,
        "engine->good += transfer->actual",
        "engine->good += transfer->size"),
    one("an error is forgotten", ENGINE,
        "		if (transfer->status < 0)\n			note_failure",
        "		if (false)\n			note_failure"),
    one("a failed transfer leaves the others to wait for ever", ENGINE,
        "	if (flowing && engine->state == ENGINE_FAILED)\n",
        "	if (false)\n"),
    one("a resume leaves the reads unarmed", ENGINE,
        "	return engine->in ? submit_reads(engine) : 0;",
        "	return 0;"),
    one("a resume leaves the stream cancelled", ENGINE,
        "	if (engine->state == ENGINE_IDLE || "
        "engine->state == ENGINE_CANCELLED ||\n"
        "		engine->state == ENGINE_CUT)\n",
        "	if (engine->state == ENGINE_IDLE)\n"),
    one("a resume clears what another program cancelled", ENGINE,
        "	if (transfer->status == CLYDE_ERROR_CANCELED && "
        "is_flowing(engine))\n",
        "	if (false)\n"),
    one("a cancel keeps what had not left", ENGINE,
        "	if (!engine->in)\n"
        "		slot_at(engine, engine->tail)->used = 0;\n", ""),
    one("a held write is never sent", ENGINE,
        "	if (engine->deferred && engine->state == ENGINE_RUNNING)",
        "	if (false)"),
    one("a reset keeps what was not read", ENGINE,
        "	engine->head = engine->done = engine->tail = 0;\n", ""),
    one("a reset keeps the count", ENGINE,
        "	engine->good = 0;\n", ""),
    one("a transfer is not freed", ENGINE,
        "	for (uint32_t i = 0; engine->slot && i < engine->slots; i++)",
        "	for (uint32_t i = 1; engine->slot && i < engine->slots; i++)"),
    one("a closed pipe leaves its transfers in flight", PIPE,
        "		engine_drain(pipe->engine);\n		link_select",
        "		link_select"),
    one("a reset leaves the transfers in flight", PIPE,
        "	engine_drain(pipe->engine);\n	engine_clear(pipe->engine);\n",
        "	engine_clear(pipe->engine);\n"),
    one("reads are armed before the pipe is reset", PIPE,
        "	result = set_alternate(pipe, pipe->alternate);\n"
        "	if (result < 0) {",
        "	engine_start(pipe->engine);\n"
        "	result = set_alternate(pipe, pipe->alternate);\n"
        "	if (result < 0) {"),
    one("a reset does not reset the device's side", PIPE,
        "	result = set_alternate(pipe, pipe->alternate);\n"
        "	if (result < 0) {",
        "	result = pipe->object.token ? 0 : "
        "set_alternate(pipe, pipe->alternate);\n"
        "	if (result < 0) {"),
    one("a pipe that could not be reset goes on", PIPE,
        "		engine_disable(pipe->engine, result);\n", ""),
    one("a closed pipe stays selected", PIPE,
        "		link_select(link, kinds[pipe->id].interface, "
        "USB_ALT_OFF,\n			COMMAND_TIMEOUT_MS);\n", ""),
    one("a closed pipe stays in its device", PIPE,
        "	if (pipe->device->pipes[pipe->id] == pipe)\n", "	if (false)\n"),
    one("quad buffers leave room for the pair's other pipe", PIPE,
        "	return device->pipes[id] == NULL &&\n",
        "	return true || device->pipes[id] == NULL &&\n"),
    one("EP8's idle time goes to EP6", PIPE,
        "	unsigned slot = pipe->id - CLYDE_PIPE_EP6_IN;",
        "	unsigned slot = 0 * pipe->id;"),
    one("a deadline is never met", WAIT,
        "	return link->ops->now(link) >= wait->deadline;",
        "	return link->ops->now(link) >= wait->deadline + "
        "5000000 * wait->yields;"),
    one("a deadline is met too soon", BYTES,
        "		.wait = wait_begin(pipe->device, timeout_ms),",
        "		.wait = wait_begin(pipe->device, timeout_ms / 2000),"),
    one("a read counts a byte twice", BYTES,
        "		pipe->offset += ready;\n", "		pipe->offset += ready + 1;\n"),
    one("a read skips a byte", BYTES,
        "		engine_consume(pipe->engine, ready);\n",
        "		engine_consume(pipe->engine, "
        "ready > 1000 ? ready + 1 : ready);\n"),
    one("a write skips a byte", BYTES,
        "		done += free;\n",
        "		done += free + (size % 16 == 5 && done + free < size);\n"),
    one("a write that cannot be submitted says nothing", ENGINE,
        "		engine->error = result;\n		return result;\n",
        "		engine->error = engine->in ? result : 0;\n"
        "		return result;\n"),
    one("a flush does not wait for the last transfer", BYTES,
        "engine_in_flight(pipe->engine) > 0) {\n"
        "		result = wait",
        "engine_in_flight(pipe->engine) > 1) {\n"
        "		result = wait"),
    one("a flush does not look at errors", BYTES,
        "	if (result == 0 && engine_error(pipe->engine) < 0)",
        "	if (false)"),
    one("a second region may be acquired", BYTES,
        "		pipe->acquired = true;\n", ""),
    one("a release gives all of it back", BYTES,
        "		result = engine_consume(pipe->engine, size);\n",
        "		result = engine_consume(\n"
        "			pipe->engine, pipe->acquired_size);\n"),
    # The engine refuses it as well: both have to be wrong.
    Mistake("more may be released than was acquired", [
        (BYTES, "	if (size > pipe->acquired_size)", "	if (false)"),
        (ENGINE, "				"
         "size > slot->transfer->actual - slot->used)))",
         "				false)))"),
        ]),
    one("an interrupt is not heeded", WAIT,
        "	if (interrupted)\n", "	if (false)\n"),
    one("a reply is taken whatever its serial", MGMT,
        "size > 0 && serial == mgmt->serial)", "size > 0)"),
    one("a reply that comes too late is taken for an error", MGMT,
        "	} else if (mgmt->abandoned[serial]) {\n",
        "	} else if (false) {\n"),
    one("WAIT is taken for an answer", MGMT,
        "		if (mgmt->reply_size < 2 || mgmt->reply.code != MGMT_WAIT)",
        "		if (mgmt->reply.code == MGMT_WAIT)\n"
        "			mgmt->reply.code = MGMT_ACK;\n"
        "		if (true)"),
    one("WAIT is asked for ever", MGMT,
        "		if (device->link->ops->now(device->link) >= deadline)",
        "		if (device->link->ops->now(device->link) >= "
        "deadline + 20000000000)"),
    one("a short reply is taken", MGMT,
        "	if (mgmt->reply_size != 2 + reply_size || ",
        "	if ("),
    one("the read for replies is not armed again", MGMT,
        "	result = submit_read(mgmt);\n	if (result < 0)\n"
        "		mgmt->failure = result;\n}",
        "	result = 0;\n	if (result < 0)\n"
        "		mgmt->failure = result;\n}"),
    one("a request that was not taken stays", MGMT,
        "		mgmt->serial = 0;\n		cancel_request(mgmt);",
        "		mgmt->serial = 0;"),
    one("the parent is closed first", HANDLE,
        "	while (!LIST_EMPTY(&object->children))\n", "	while (false)\n"),
    one("a token is used again", HANDLE,
        "++last_serial << KIND_BITS", "(live + 1) << KIND_BITS"),
    one("a closed object stays in the registry", HANDLE,
        "	LIST_REMOVE(object, hashed);\n", ""),
    one("a link gives a transfer back twice", "lib/link/virtual/link.c",
        "		transfer->transfer.complete(&transfer->transfer);\n",
        "		transfer->transfer.complete(&transfer->transfer);\n"
        "		if (bus_now(link->bus) % 64 == 0 && !transfer->queued)\n"
        "			transfer->transfer.complete("
        "&transfer->transfer);\n"),
    one("an unplug does not end a wait", "lib/link/virtual/link.c",
        "		if (bus_unplugged(link->bus))\n"
        "			return CLYDE_ERROR_NO_DEVICE;\n", ""),
    one("a stalled bitstream is waited for", "lib/device/fpga.c",
        "	return result < 0 ? result : engine_error(engine);",
        "	return result < 0 ? result : 0;"),
    one("what a run did to streams is not undone", "lib/run/core.c",
        "	run->claim.attached = false;\n	return core_write_streams("
        "device);",
        "	run->claim.attached = false;\n	return 0;"),
]
