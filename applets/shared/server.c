/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A server of one client after the other; see server.h.  Whatever a client does,
 * and whenever it leaves, nothing here ends the run.
 */
#include "server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Endpoints ------------------------------------------------------------ */

/* What follows "pty:"; "" for "pty"; NULL for another endpoint. */
static const char *pty_path(const char *where)
{
	if (strcmp(where, "pty") == 0)
		return "";
	return strncmp(where, "pty:", 4) == 0 && where[4] ? where + 4 : NULL;
}

int server_check(struct clyde_run *run, const char *applet, bool ptys)
{
	const char *where = run_text(run, "endpoint");

	return ptys && pty_path(where) ? 0 : endpoint_check(applet, where);
}

static int open_endpoint(struct server *server)
{
	const char *where = run_text(server->run, "endpoint");
	const char *path = pty_path(where);

	if (path)
		return endpoint_open_pty(
			&server->endpoint, *path ? path : NULL);
	return endpoint_listen(&server->endpoint, where);
}

/* ---- Waiting -------------------------------------------------------------- */

/* The protocol's functions have done all that they have begun. */
static int core_idle(void *user)
{
	(void)user;
	return 1;
}

/* A client that has gone and left a full pty is not reported by a read. */
static int wait_to_write(struct server *server)
{
	struct endpoint *endpoint = &server->endpoint;
	struct pollfd fds[ENDPOINT_FDS];
	struct run_wait wait = {
		.fds = fds,
		.count = endpoint_poll(endpoint, false, true, fds),
		.timeout_ms = -1,
		.core_idle = core_idle,
	};
	int result = run_wait(server->run, &wait);

	for (size_t i = 0; i < wait.count && result > 0; i++)
		if (fds[i].revents & (POLLHUP | POLLERR))
			endpoint->ended = endpoint->hung_up = true;
	return result < 0 ? result : 0;
}

static int limit_ms(const struct server *server)
{
	if (server->connected)
		return server->wait_ms;
	return server->ptys ? SERVER_RECHECK_MS : -1;
}

static int wait_to_read(struct server *server)
{
	struct endpoint *endpoint = &server->endpoint;
	struct pollfd fds[ENDPOINT_FDS + 1];
	size_t count = endpoint_poll(endpoint, true, false, fds);
	struct run_wait wait = {
		.fds = fds,
		.count = count + 1,
		.timeout_ms = limit_ms(server),
		.core_idle = core_idle,
	};
	bool refuses = endpoint->in >= 0 && !server->queues;
	int result;

	if (server->connected && server->wait_ms == 0)
		return 0;
	/* The next client, to be refused. */
	fds[count] =
		(struct pollfd){refuses ? endpoint->listener : -1, POLLIN, 0};
	result = run_wait(server->run, &wait);
	server->waited = result == 0;
	return result < 0 ? result : 0;
}

/* ---- Answers -------------------------------------------------------------- */

/* Answers to a client that has gone are dropped. */
int server_flush(struct server *server)
{
	struct endpoint *endpoint = &server->endpoint;
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < server->out_size && !endpoint->hung_up) {
		ssize_t done = endpoint_write(
			endpoint, server->out + at, server->out_size - at);

		if (done < 0)
			return done;
		at += done;
		if (done == 0 && !endpoint->hung_up)
			result = wait_to_write(server);
	}
	server->out_size = 0;
	return result;
}

/* Answers are collected, so that one send() has all of a short one: some clients
   read an answer by one recv(). */
int server_answer(struct server *server, const void *data, size_t size)
{
	int result = 0;

	while (size > 0 && result == 0) {
		size_t room = SERVER_OUT_SIZE - server->out_size;
		size_t some = size < room ? size : room;

		memcpy(server->out + server->out_size, data, some);
		server->out_size += some;
		data = (const uint8_t *)data + some;
		size -= some;
		if (size > 0)
			result = server_flush(server);
	}
	return result;
}

void server_dismiss(struct server *server)
{
	server->dismissed = true;
}

bool server_has_gone(const struct server *server)
{
	return server->endpoint.hung_up;
}

/* ---- Clients -------------------------------------------------------------- */

static int begin(struct server *server)
{
	server->connected = true;
	server->dismissed = server->waited = false;
	server->wait_ms = -1;
	server->out_size = 0;
	/* An answer to a command must not wait for the acknowledgement of the
	   one before.  It fails if it is no TCP socket. */
	setsockopt(server->endpoint.in, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		sizeof(int));
	return server->protocol->begin(server->user);
}

static int end(struct server *server)
{
	int result = server->protocol->end(server->user);

	server->connected = false;
	endpoint_disconnect(&server->endpoint);
	return result;
}

static void refuse_others(struct server *server)
{
	while (endpoint_refuse(&server->endpoint))
		run_tell(server->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "refused"), END_FIELD},
			"another client was refused: one is connected already");
}

/* What the present client wants now. */
static int attend(struct server *server)
{
	ssize_t size =
		endpoint_read(&server->endpoint, server->in, SERVER_IN_SIZE);
	int result;

	if (!server->queues)
		refuse_others(server);
	if (size < 0)
		return size;
	if (size > 0) {
		server->wait_ms = 0;
		result = server->protocol->take(server->user, server->in, size);
	} else {
		result = server->protocol->idle(
			server->user, server->waited, &server->wait_ms);
	}
	server->waited = false;
	return result < 0 ? result : server_flush(server);
}

/* Returns 1 if it was the last client. */
static int turn(struct server *server, bool once)
{
	struct endpoint *endpoint = &server->endpoint;
	int result = endpoint_look(endpoint);

	if (result == 0 && endpoint->in >= 0 && !server->connected)
		result = begin(server);
	if (result == 0 && server->connected)
		result = attend(server);
	if (result < 0)
		return result;
	if (server->connected && (endpoint->ended || server->dismissed)) {
		result = end(server);
		return result < 0 ? result : once;
	}
	return wait_to_read(server);
}

int server_run(struct server *server, struct clyde_run *run,
	const struct server_protocol *protocol, void *user)
{
	bool once = run_value(run, "once");
	int result;

	server->run = run;
	server->protocol = protocol;
	server->user = user;
	endpoint_init(&server->endpoint, server->run);
	result = open_endpoint(server);
	while (result == 0) {
		result = turn(server, once);
		if (result == 0)
			result = run_stopped(server->run);
	}
	endpoint_close(&server->endpoint);
	return result < 0 ? result : 0;
}
