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

#include "redir-session.h"

/* How much of the virtual world is run between two looks at the socket. */
#define SLICE_TICKS (10000 * (tick)TICKS_PER_US)

struct server {
	int listener;
	struct redir_owner *owner;
	bool paced;
	const sigset_t *awake;
	struct session *session; /* or NULL */
	bool plugged;
	bool pulled; /* not to be plugged in for now */
	struct redir_plug plug;
	/* Where the two clocks met */
	tick start;
	uint64_t start_ns;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/* ---- Listening -------------------------------------------------------- */

/* Nobody accepts on it: whoever did has died and left it. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	struct stat info;
	int fd, error;

	if (lstat(address->sun_path, &info) < 0 || !S_ISSOCK(info.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	error = connect(fd, (const void *)address, sizeof(*address)) < 0
		? errno
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
	if (!server->plugged)
		return;
	if (server->session)
		session_unplug(server->session);
	server->owner->unplug(server->owner);
	server->plugged = false;
}

static int plug(struct server *server)
{
	int result;

	if (server->plugged || server->pulled || server->session == NULL)
		return 0;
	result = server->owner->plug(server->owner, &server->plug);
	if (result < 0)
		return result;
	server->plugged = true;
	result = session_plug(server->session, server->plug.bus);
	if (result < 0) {
		unplug(server);
		return result;
	}
	server->start = bus_now(server->plug.bus);
	server->start_ns = clock_ns();
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
	int fd = accept4(server->listener, NULL, NULL,
		SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) /* whoever it was has left */
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

static tick ticks_of(uint64_t ns)
{
	return ns / 25 * 12 + ns % 25 * 12 / 25;
}

/* Where the bus should be by now. */
static tick due(const struct server *server)
{
	return server->start + ticks_of(clock_ns() - server->start_ns);
}

/* How far to go now. */
static tick horizon(const struct server *server)
{
	tick until = bus_now(server->plug.bus) + SLICE_TICKS;
	tick now;

	if (server->paced) {
		now = due(server);
		/* With nothing queued, any time is one jump. */
		if (now < until || server->session->count == 0)
			until = now;
	}
	return server->plug.unplug < until ? server->plug.unplug : until;
}

/*
 * Run the bus for a while and answer what completes.  Returns when it needs
 * to be run again: TICK_NEVER if nothing will happen before the guest asks
 * for something.
 */
static tick run(struct server *server)
{
	struct redir_plug *at = &server->plug;
	struct session *session = server->session;
	struct bus *bus = at->bus;
	tick until = horizon(server);
	struct bus_stats before, after;

	if (!server->paced && session->count == 0)
		return TICK_NEVER;
	bus_stats(bus, &before);
	while (bus_now(bus) < until && !session_is_full(session)) {
		bus_run(bus, until);
		session_reap(session);
		/* Without a pace, each answer goes out at once. */
		if (!server->paced)
			break;
	}
	bus_stats(bus, &after);
	if (bus_now(bus) >= at->unplug) {
		server->pulled = true;
		unplug(server);
		return TICK_NEVER;
	}
	/* A microframe in which nothing moved: the device has to act first. */
	if (session->controls == 0 && after.packets == before.packets &&
		after.microframes != before.microframes)
		return at->function->ops->advance(at->function, bus_now(bus));
	return session->count ? bus_now(bus) : TICK_NEVER;
}

/* What comes now comes at this moment of the bus, not at the one at which it
   was left to sleep.  A model that is slower than its bus falls behind. */
static void catch_up(struct server *server)
{
	for (int i = 0; i < 16 && server->paced && server->plugged &&
		bus_now(server->plug.bus) < due(server);
		i++)
		run(server);
}

/* How long to sleep: NULL is until somebody calls. */
static const struct timespec *sleep_for(
	const struct server *server, tick when, struct timespec *ret_time)
{
	uint64_t now_ns, until_ns;
	tick next;

	*ret_time = (struct timespec){0};
	if (when > server->plug.unplug && server->plugged && server->paced)
		when = server->plug.unplug;
	if (when == TICK_NEVER)
		return NULL;
	if (!server->paced)
		return ret_time;
	/* What happens is seen at the end of its microframe. */
	next = bus_now(server->plug.bus);
	next = when > next ? when : next;
	until_ns = server->start_ns +
		tick_to_ns(next - server->start + TICKS_PER_MICROFRAME);
	now_ns = clock_ns();
	if (until_ns > now_ns) {
		ret_time->tv_sec = (until_ns - now_ns) / 1000000000;
		ret_time->tv_nsec = (until_ns - now_ns) % 1000000000;
	}
	return ret_time;
}

/* ---- Serving ---------------------------------------------------------- */

/* Sleep until there is something to do, and look what. */
static int look(struct server *server, tick when)
{
	struct session *session = server->session;
	bool full = session && session_is_full(session);
	bool writing = session &&
		usbredirparser_has_data_to_write(session->parser) > 0;
	struct pollfd polls[2] = {
		{.fd = server->listener, .events = POLLIN},
		{.fd = session ? session->fd : -1,
			.events = (full ? 0 : POLLIN) |
				(writing ? POLLOUT : 0)},
	};
	struct timespec time;
	const struct timespec *timeout =
		sleep_for(server, full ? TICK_NEVER : when, &time);
	int result = 0;

	if (timeout == NULL || timeout->tv_sec || timeout->tv_nsec)
		server->owner->settle(server->owner);
	if (ppoll(polls, 2, timeout, server->awake) < 0)
		return errno == EINTR ? 0 : -errno;
	catch_up(server);
	if (session && polls[1].revents & ~POLLOUT &&
		!session_receive(session)) {
		session_send(session);
		hang_up(server);
	}
	if (polls[0].revents)
		result = accept_one(server);
	return result;
}

static int obey(struct server *server, enum redir_wish wish)
{
	if (wish == REDIR_PULL) {
		server->pulled = true;
		unplug(server);
	}
	if (wish == REDIR_PLUG) {
		server->pulled = false;
		return plug(server);
	}
	return 0;
}

int redir_serve(int listener, struct redir_owner *owner, bool paced,
	const sigset_t *awake)
{
	struct server server = {
		.listener = listener,
		.owner = owner,
		.paced = paced,
		.awake = awake,
		.plug.unplug = TICK_NEVER,
	};
	enum redir_wish wish;
	int result = 0;

	while (result == 0 && (wish = owner->wish(owner)) != REDIR_STOP) {
		tick when = TICK_NEVER;

		result = obey(&server, wish);
		if (server.plugged)
			when = run(&server);
		if (server.session && !session_send(server.session))
			hang_up(&server);
		if (result == 0)
			result = look(&server, when);
	}
	if (server.session)
		hang_up(&server);
	return result;
}
