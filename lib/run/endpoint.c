/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The user's end of an applet's bytes: this terminal, a pty or a socket, as
 * descriptors that the applet reads and writes.  Sockets that listen are made by
 * listen.c.
 *
 * Nothing here may wait.  endpoint_close() must leave the terminal's settings
 * and the file system as they were before.
 */
#include "endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE_KEY 0x1c /* Ctrl-\ */
/* At most this is written at once, since a descriptor that could not be opened
   again may block.  PIPE_BUF of Linux: a pipe that poll() reports as writable has
   room for so much. */
#define WRITE_SIZE 4096

/* ---- This terminal ---------------------------------------------------- */

/* Open the file of a descriptor again, so that O_NONBLOCK does not affect other
   processes that share the description.  What cannot be opened again, such as a
   socket, is duplicated. */
static int reopen(int fd, int flags)
{
	struct stat status;
	char path[32];
	int mine = -1;

	if (fstat(fd, &status) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))
		mine = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (mine < 0)
		mine = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return mine < 0 ? -errno : mine;
}

static bool is_socket(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Keys like Ctrl-C are sent to the line, except for the one that leaves. */
static int make_raw(struct endpoint *endpoint)
{
	struct termios raw;

	endpoint->saved = malloc(sizeof(struct termios));
	if (endpoint->saved == NULL ||
		tcgetattr(endpoint->in, endpoint->saved) < 0)
		return set_error(CLYDE_ERROR_IO,
			"the terminal does not tell its settings");
	raw = *(struct termios *)endpoint->saved;
	raw.c_iflag &= ~(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
	raw.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(endpoint->in, TCSADRAIN, &raw) < 0)
		return set_error(CLYDE_ERROR_IO,
			"the terminal does not change its settings");
	endpoint->terminal = true;
	run_tell(endpoint->run, "events",
		(const struct clyde_field[]){
			TEXT_FIELD("event", "terminal"), END_FIELD},
		"Ctrl-\\ leaves");
	return 0;
}

int endpoint_open_tty(struct endpoint *endpoint)
{
	struct clyde_run *run = endpoint->run;

	if (run_input(run) < 0)
		return set_error(CLYDE_ERROR_INVALID,
			"tty needs an input and an output to work on");
	endpoint->in = reopen(run_input(run), O_RDONLY);
	endpoint->out = reopen(run_output(run), O_WRONLY);
	if (endpoint->in < 0 || endpoint->out < 0)
		return set_error(CLYDE_ERROR_FILE,
			"standard input or standard output is closed");
	endpoint->socket = is_socket(endpoint->out);
	return isatty(endpoint->in) ? make_raw(endpoint) : 0;
}

/* ---- A pseudoterminal ------------------------------------------------- */

/* Whether a link is that of a program that was killed: it leads nowhere, or to
   our own pty, which has got the same number. */
static bool abandoned(const char *path, const char *slave)
{
	static const char folder[] = "/dev/pts/";
	char target[64] = "";

	if (readlink(path, target, sizeof(target) - 1) < 0 ||
		strncmp(target, folder, strlen(folder)) != 0)
		return false;
	return strcmp(target, slave) == 0 || access(target, F_OK) < 0;
}

static int link_path(
	struct endpoint *endpoint, const char *path, const char *slave)
{
	if (strlen(path) >= sizeof(endpoint->path))
		return set_error(CLYDE_ERROR_INVALID,
			"%.40s...: a path of at most %zu bytes is needed", path,
			sizeof(endpoint->path) - 1);
	if (abandoned(path, slave))
		unlink(path);
	if (symlink(slave, path) == 0) {
		strcpy(endpoint->path, path);
		return 0;
	}
	if (errno == EEXIST)
		return set_error(CLYDE_ERROR_ADDRESS,
			"%s: there is something already; choose another path",
			path);
	return set_error(
		errno == EACCES ? CLYDE_ERROR_ACCESS : CLYDE_ERROR_INVALID,
		"%s: %s", path, strerror(errno));
}

/* A master reports POLLHUP only after its slave was opened and closed once, so
   this opens and closes it. */
static int prepare_slave(int master, char *slave, size_t size)
{
	struct termios raw;
	int fd, result = 0;

	if (grantpt(master) < 0 || unlockpt(master) < 0 ||
		ptsname_r(master, slave, size) != 0)
		return -errno;
	fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &raw) < 0)
		result = -errno;
	cfmakeraw(&raw);
	if (result == 0 && tcsetattr(fd, TCSANOW, &raw) < 0)
		result = -errno;
	close(fd);
	return result;
}

int endpoint_open_pty(struct endpoint *endpoint, const char *path)
{
	char slave[64];
	int result;

	endpoint->master =
		posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (endpoint->master < 0)
		return set_error(error_from_errno(errno),
			"there is no pty to be had: %s", strerror(errno));
	result = prepare_slave(endpoint->master, slave, sizeof(slave));
	if (result < 0)
		return set_error(error_from_errno(-result),
			"the pty cannot be used: %s", strerror(-result));
	/* Without inotify, endpoint_look() notices that the slave was opened the
	   next time it is called. */
	endpoint->opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	inotify_add_watch(endpoint->opened, slave, IN_OPEN);
	if (path) {
		result = link_path(endpoint, path, slave);
		if (result < 0)
			return result;
	}
	run_tell(endpoint->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "pty"),
			TEXT_FIELD("path", slave), END_FIELD},
		"%s", slave);
	return 0;
}

/* Whether the slave is open, or was and has left bytes. */
static bool slave_is_open(const struct endpoint *endpoint)
{
	struct pollfd master = {.fd = endpoint->master, .events = POLLIN};
	char events[1024];

	/* Read the events first: an open after poll() makes a new one. */
	while (read(endpoint->opened, events, sizeof(events)) > 0)
		;
	poll(&master, 1, 0);
	return !(master.revents & POLLHUP) || master.revents & POLLIN;
}

/* ---- All of them ------------------------------------------------------ */

void endpoint_init(struct endpoint *endpoint, struct clyde_run *run)
{
	*endpoint = (struct endpoint){.run = run,
		.in = -1,
		.out = -1,
		.listener = -1,
		.master = -1,
		.opened = -1};
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void endpoint_disconnect(struct endpoint *endpoint)
{
	if (endpoint->master < 0) {
		if (endpoint->out != endpoint->in)
			drop(&endpoint->out);
		drop(&endpoint->in);
	}
	endpoint->in = endpoint->out = -1;
	endpoint->ended = endpoint->hung_up = false;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint->terminal)
		tcsetattr(endpoint->in, TCSANOW, endpoint->saved);
	endpoint_disconnect(endpoint);
	free(endpoint->saved);
	drop(&endpoint->listener);
	drop(&endpoint->master);
	drop(&endpoint->opened);
	if (endpoint->path[0])
		unlink(endpoint->path);
}

bool endpoint_serves(const struct endpoint *endpoint)
{
	return endpoint->listener >= 0 || endpoint->master >= 0;
}

int endpoint_look(struct endpoint *endpoint)
{
	if (endpoint->in >= 0)
		return 0;
	if (endpoint->master >= 0 && slave_is_open(endpoint))
		endpoint->in = endpoint->out = endpoint->master;
	if (endpoint->listener >= 0) {
		int fd = accept4(endpoint->listener, NULL, NULL,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		endpoint->socket = true;
		if (fd >= 0)
			endpoint->in = endpoint->out = fd;
		else if (errno != EAGAIN && errno != EINTR &&
			errno != ECONNABORTED)
			return set_error(error_from_errno(errno),
				"no connection can be taken: %s",
				strerror(errno));
	}
	return 0;
}

static bool ready(int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};

	return poll(&one, 1, 0) == 1;
}

/* A client that came after the other one had closed its end is the next, and is
   not refused: the end is visible here before the client is.  So the listener is
   looked at first. */
int endpoint_refuse(struct endpoint *endpoint)
{
	int fd;

	if (endpoint->listener < 0 || endpoint->in < 0 ||
		!ready(endpoint->listener, POLLIN) ||
		ready(endpoint->in, POLLRDHUP))
		return 0;
	fd = accept4(
		endpoint->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

static ssize_t find_key(
	struct endpoint *endpoint, const uint8_t *data, ssize_t size)
{
	const uint8_t *key;

	if (!endpoint->terminal || size <= 0)
		return size;
	key = memchr(data, LEAVE_KEY, size);
	if (key == NULL)
		return size;
	endpoint->ended = endpoint->left = true;
	return key - data;
}

ssize_t endpoint_read(struct endpoint *endpoint, void *data, size_t size)
{
	ssize_t result;

	if (!ready(endpoint->in, POLLIN))
		return 0;
	result = read(endpoint->in, data, size);
	if (result > 0)
		return find_key(endpoint, data, result);
	/* EIO is what a master whose slave is closed returns. */
	if (result < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (result < 0 && endpoint->master < 0 && errno != ECONNRESET)
		return set_error(CLYDE_ERROR_IO, "the input cannot be read: %s",
			strerror(errno));
	endpoint->ended = true;
	endpoint->hung_up |= result < 0;
	return 0;
}

ssize_t endpoint_write(struct endpoint *endpoint, const void *data, size_t size)
{
	ssize_t result;

	if (endpoint->out < 0 || endpoint->hung_up)
		return size;
	if (!ready(endpoint->out, POLLOUT))
		return 0;
	if (size > WRITE_SIZE && !endpoint->socket)
		size = WRITE_SIZE;
	/* A client may take an answer by one recv(), so a socket is given all at
	   once.  If the other end has closed its socket, a write() would end an
	   application that does not ignore SIGPIPE. */
	result = endpoint->socket
		? send(endpoint->out, data, size, MSG_NOSIGNAL | MSG_DONTWAIT)
		: write(endpoint->out, data, size);
	if (result >= 0)
		return result;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (!endpoint_serves(endpoint))
		return set_error(CLYDE_ERROR_IO,
			"the output cannot be written: %s", strerror(errno));
	endpoint->ended = endpoint->hung_up = true;
	return 0;
}

size_t endpoint_poll(const struct endpoint *endpoint, bool input, bool output,
	struct pollfd fds[ENDPOINT_FDS])
{
	bool alone = endpoint->in < 0;

	input &= !endpoint->ended;
	output &= !endpoint->hung_up;
	fds[0] = (struct pollfd){input ? endpoint->in : -1, POLLIN, 0};
	fds[1] = (struct pollfd){output ? endpoint->out : -1, POLLOUT, 0};
	fds[2] = (struct pollfd){alone ? endpoint->listener : -1, POLLIN, 0};
	fds[3] = (struct pollfd){alone ? endpoint->opened : -1, POLLIN, 0};
	return ENDPOINT_FDS;
}
