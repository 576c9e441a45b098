/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The usbredir server: takes connections from a listening socket and devices
 * from an owner, brings them together and lets time pass on the bus.
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

/* How often the bus is run between two looks at the socket, in which it moves
   on to the next completion. */
#define RUNS_MAX 64

struct server {
	int listener;
	struct redir_owner *owner;
	const sigset_t *awake;
	struct session *session; /* or NULL */
	struct plug *plug;       /* or NULL */
	bool pulled;             /* not to be plugged in for now */
};

/* ---- Listening -------------------------------------------------------- */

/* No process accepts on the socket: the server that made it has died. */
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

/* bind() says EADDRINUSE for anything that is there. */
static int explain(const struct sockaddr_un *address, int error)
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
	/* The device is its user's, as a device node is. */
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
		return explain(&address, error);
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
	server->owner->unplug(server->owner);
	server->plug = NULL;
}

static void enumerate(struct server *server)
{
	if (session_plug(server->session, server->plug->bus) == 0)
		return;
	server->owner->say(server->owner,
		"the device cannot be enumerated, as its descriptors make no "
		"sense");
	server->pulled = true;
	unplug(server);
}

/* New firmware is another device, in the same port. */
static void follow(struct server *server)
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

	if (server->plug || server->pulled || server->session == NULL)
		return 0;
	result = server->owner->plug(server->owner, &server->plug);
	if (result < 0)
		return result;
	enumerate(server);
	return 0;
}

static void hang_up(struct server *server)
{
	struct session *session = server->session;
	char line[200];

	if (session->why[0]) {
		snprintf(line, sizeof(line), "the guest was disconnected: %s",
			session->why);
		server->owner->say(server->owner, line);
	}
	unplug(server);
	session_free(session);
	server->session = NULL;
}

static int accept_one(struct server *server)
{
	int fd = accept4(
		server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) /* the client has left already */
		return 0;
	if (server->session) {
		server->owner->say(server->owner,
			"a second guest was refused: the device is in use");
		close(fd);
		return 0;
	}
	server->session = session_new(fd);
	return server->session ? plug(server) : -ENOMEM;
}

/* ---- Time ------------------------------------------------------------- */

/*
 * Run the bus and answer what completes.  Returns when it needs to be run
 * again: WORLD_NEVER if nothing will happen before the guest asks for
 * something.
 */
static uint64_t run(struct server *server)
{
	struct plug *plug = server->plug;
	bool more = plug != NULL;

	for (int i = 0; more && i < RUNS_MAX; i++) {
		/* Until the guest has read, who knows what it wants? */
		if (session_is_full(server->session))
			return WORLD_NEVER;
		more = plug_run(plug);
		if (plug->gone)
			break;
		session_reap(server->session);
		follow(server);
		plug = server->plug;
		if (plug == NULL)
			break;
		/* Without a pace, each answer goes out at once. */
		if (plug->pace == PACE_OFF)
			break;
	}
	if (plug && plug->gone) {
		server->pulled = true;
		unplug(server);
		plug = NULL;
	}
	if (plug == NULL)
		return WORLD_NEVER;
	return more ? 0 : plug_due_ns(plug);
}

/* How long to sleep: NULL is until somebody calls. */
static const struct timespec *sleep_for(
	uint64_t due_ns, struct timespec *ret_time)
{
	*ret_time = world_left(due_ns);
	return due_ns == WORLD_NEVER ? NULL : ret_time;
}

/* ---- Serving ---------------------------------------------------------- */

/* Sleep until there is something to do, and look what. */
static int look(struct server *server, uint64_t due_ns)
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
		server->owner->settle(server->owner);
	if (ppoll(polls, 2, timeout, server->awake) < 0)
		return errno == EINTR ? 0 : -errno;
	/* What has come now is queued at this moment of the bus, not at the
	   one at which it was left. */
	if (server->plug && server->plug->pace == PACE_LINK)
		run(server);
	if (session && polls[1].revents & ~POLLOUT &&
		!session_receive(session)) {
		session_send(session);
		hang_up(server);
	}
	if (polls[0].revents)
		result = accept_one(server);
	return result;
}

/* What signals asked for, in the order pull, plug.  False to stop. */
static bool obey(struct server *server, int *ret_result)
{
	for (;;)
		switch (server->owner->wish(server->owner)) {
		case REDIR_STOP:
			return false;
		case REDIR_GO_ON:
			return true;
		case REDIR_PULL:
			server->pulled = true;
			unplug(server);
			break;
		case REDIR_PLUG:
			server->pulled = false;
			*ret_result = plug(server);
			break;
		}
}

int redir_serve(int listener, struct redir_owner *owner, const sigset_t *awake)
{
	struct server server = {
		.listener = listener,
		.owner = owner,
		.awake = awake,
	};
	int result = 0;

	while (result == 0 && obey(&server, &result)) {
		uint64_t due_ns = run(&server);

		if (server.session && !session_send(server.session))
			hang_up(&server);
		if (result == 0)
			result = look(&server, due_ns);
	}
	if (server.session)
		hang_up(&server);
	return result;
}
