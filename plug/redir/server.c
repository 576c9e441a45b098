/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The usbredir server: one thread that accepts connections, plugs a device into
 * the present one, lets time pass on its bus, and obeys the commands of its
 * caller.  Nothing here may block but the ppoll() in wait_for_work().
 */
#include "redir.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

/* How many completions the bus may reach before the socket is read again. */
#define RUNS_MAX 64

struct server {
	int listener;
	struct redir_callbacks *callbacks;
	const sigset_t *awake;
	struct session *session; /* or NULL */
	struct plug *plug;       /* or NULL */
	bool unplugged;          /* until REDIR_PLUG */
};

/* ---- Listening -------------------------------------------------------- */

/* Whether the path is a socket on which no process listens: the server that
   made it has died. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	struct stat info;
	int fd, error;

	if (lstat(address->sun_path, &info) < 0 || !S_ISSOCK(info.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	error = connect(fd, (const void *)address, sizeof(*address)) < 0 ? errno
									 : 0;
	close(fd);
	return error == ECONNREFUSED;
}

/* bind() fails with EADDRINUSE also if the path is no socket. */
static int bind_error(const struct sockaddr_un *address, int error)
{
	struct stat info;

	if (error == EADDRINUSE && lstat(address->sun_path, &info) == 0 &&
		!S_ISSOCK(info.st_mode))
		return -EEXIST;
	return -error;
}

int redir_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, error = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (is_abandoned(&address))
		unlink(path);
	/* Only this user may use the device. */
	mask = umask(0177);
	if (bind(fd, (const void *)&address, sizeof(address)) < 0)
		error = errno;
	umask(mask);
	if (error == 0 && listen(fd, 1) < 0) {
		error = errno;
		unlink(path);
	}
	if (error) {
		close(fd);
		return bind_error(&address, error);
	}
	*ret_fd = fd;
	return 0;
}

/* ---- Plugging in and out ---------------------------------------------- */

static void unplug(struct server *server)
{
	if (server->plug == NULL)
		return;
	if (server->session)
		session_unplug(server->session);
	server->callbacks->unplug(server->callbacks);
	server->plug = NULL;
}

static void enumerate(struct server *server)
{
	if (session_plug(server->session, server->plug->bus) == 0)
		return;
	server->callbacks->report(server->callbacks,
		"the device cannot be enumerated, as its descriptors make no "
		"sense");
	server->unplugged = true;
	unplug(server);
}

/* If the device has left the bus, as it does when it starts new firmware:
   unplug it from the guest, and plug it in again as another device when it is
   back. */
static void reenumerate(struct server *server)
{
	struct bus *bus = server->plug->bus;

	if (!bus_lost(bus))
		return;
	session_unplug(server->session);
	if (bus_enumerate(bus))
		enumerate(server);
}

static int plug(struct server *server)
{
	int result;

	if (server->plug || server->unplugged || server->session == NULL)
		return 0;
	result = server->callbacks->plug(server->callbacks, &server->plug);
	if (result < 0)
		return result;
	enumerate(server);
	return 0;
}

static void disconnect(struct server *server)
{
	struct session *session = server->session;
	char line[200];

	if (session->why[0]) {
		snprintf(line, sizeof(line), "the guest was disconnected: %s",
			session->why);
		server->callbacks->report(server->callbacks, line);
	}
	unplug(server);
	session_free(session);
	server->session = NULL;
}

static int accept_one(struct server *server)
{
	int fd = accept4(
		server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) /* the client has disconnected already */
		return 0;
	if (server->session) {
		server->callbacks->report(server->callbacks,
			"a second guest was refused: the device is in use");
		close(fd);
		return 0;
	}
	server->session = session_new(fd);
	return server->session ? plug(server) : -ENOMEM;
}

/* ---- Time ------------------------------------------------------------- */

/*
 * Run the bus and answer the transfers that complete.  Returns when the bus has
 * to run again: PLUG_NEVER if nothing will happen before the guest sends
 * something.
 */
static uint64_t run(struct server *server)
{
	struct plug *plug = server->plug;
	bool more = plug != NULL;

	for (int i = 0; more && i < RUNS_MAX; i++) {
		/* The guest does not read its answers: do not produce more. */
		if (session_is_full(server->session))
			return PLUG_NEVER;
		more = plug_run(plug);
		if (plug->gone)
			break;
		session_reap(server->session);
		reenumerate(server);
		plug = server->plug;
		if (plug == NULL)
			break;
		/* Without a pace virtual time is not real time: send each
		   answer before time passes any further. */
		if (plug->pace == PACE_OFF)
			break;
	}
	if (plug && plug->gone) {
		server->unplugged = true;
		unplug(server);
		plug = NULL;
	}
	if (plug == NULL)
		return PLUG_NEVER;
	return more ? 0 : plug_due_ns(plug);
}

/* How long ppoll() may sleep; NULL: without a limit. */
static const struct timespec *sleep_for(
	uint64_t due_ns, struct timespec *ret_time)
{
	*ret_time = plug_time_left(due_ns);
	return due_ns == PLUG_NEVER ? NULL : ret_time;
}

/* ---- Serving ---------------------------------------------------------- */

/* Sleep until a socket is ready or the bus has to run; handle the sockets. */
static int wait_for_work(struct server *server, uint64_t due_ns)
{
	struct session *session = server->session;
	bool full = session && session_is_full(session);
	bool writing = session &&
		usbredirparser_has_data_to_write(session->parser) > 0;
	struct pollfd polls[2] = {
		{.fd = server->listener, .events = POLLIN},
		{.fd = session ? session->fd : -1,
			.events =
				(full ? 0 : POLLIN) | (writing ? POLLOUT : 0)},
	};
	struct timespec time;
	const struct timespec *timeout = sleep_for(due_ns, &time);
	int result = 0;

	if (timeout == NULL || timeout->tv_sec || timeout->tv_nsec)
		server->callbacks->idle(server->callbacks);
	if (ppoll(polls, 2, timeout, server->awake) < 0)
		return errno == EINTR ? 0 : -errno;
	/* Bring the bus to the present first: the packets that have just
	   arrived must be queued at the present, not at the time at which the
	   server began to sleep. */
	if (server->plug && server->plug->pace == PACE_LINK)
		run(server);
	if (session && polls[1].revents & ~POLLOUT &&
		!session_receive(session)) {
		session_send(session);
		disconnect(server);
	}
	if (polls[0].revents)
		result = accept_one(server);
	return result;
}

/* Carry out the caller's commands.  False to stop. */
static bool handle_commands(struct server *server, int *ret_result)
{
	for (;;)
		switch (server->callbacks->next_command(server->callbacks)) {
		case REDIR_STOP:
			return false;
		case REDIR_NONE:
			return true;
		case REDIR_UNPLUG:
			server->unplugged = true;
			unplug(server);
			break;
		case REDIR_PLUG:
			server->unplugged = false;
			*ret_result = plug(server);
			break;
		}
}

int redir_serve(
	int listener, struct redir_callbacks *callbacks, const sigset_t *awake)
{
	struct server server = {
		.listener = listener,
		.callbacks = callbacks,
		.awake = awake,
	};
	int result = 0;

	while (result == 0 && handle_commands(&server, &result)) {
		uint64_t due_ns = run(&server);

		if (server.session && !session_send(server.session))
			disconnect(&server);
		if (result == 0)
			result = wait_for_work(&server, due_ns);
	}
	if (server.session)
		disconnect(&server);
	return result;
}
