/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses an address and makes a socket that listens there, for endpoint.c.
 * Nothing here may remove a file other than a socket at which nobody listens.
 */
#include "endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/number.h"

#define BAD_ADDRESS                                                       \
	"an address is like tcp:127.0.0.1:3000, tcp::3000 (this machine " \
	"only),"                                                          \
	" tcp:*:3000 (everybody), or unix:PATH"

static int refused(const char *where, int error)
{
	switch (error) {
	case EADDRINUSE:
		return set_error(CLYDE_ERROR_ADDRESS,
			"%s: in use by another program; choose another address",
			where);
	case EADDRNOTAVAIL:
		return set_error(CLYDE_ERROR_INVALID,
			"%s: not an address of this machine", where);
	case EACCES:
	case EPERM:
		return set_error(CLYDE_ERROR_ACCESS,
			"%s: no permission to listen there", where);
	}
	return set_error(CLYDE_ERROR_INVALID, "%s: %s", where, strerror(error));
}

static void report_address(struct endpoint *endpoint, const char *where)
{
	run_tell(endpoint->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "listening"),
			TEXT_FIELD("address", where), END_FIELD},
		"listening on %s", where);
}

/* ---- unix ------------------------------------------------------------- */

/* Whether a socket is that of a program that was killed: nobody listens. */
static bool abandoned(const struct sockaddr_un *address)
{
	struct stat status;
	int fd;
	bool refuses;

	if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
		return false;
	/* A connect() that blocked would wait for a program that listens and
	   takes no connection. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	refuses = connect(fd, (const struct sockaddr *)address,
			  sizeof(*address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return refuses;
}

static int listen_unix(struct endpoint *endpoint, const char *where)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = where + strlen("unix:");
	int fd;

	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path))
		return set_error(CLYDE_ERROR_INVALID,
			"%.60s: a path of 1 to %zu bytes is needed", where,
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refused(where, errno);
	endpoint->listener = fd;
	if (abandoned(&address))
		unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return refused(where, errno);
	strcpy(endpoint->path, path);
	if (listen(fd, 1) < 0)
		return refused(where, errno);
	report_address(endpoint, where);
	return 0;
}

/* ---- tcp -------------------------------------------------------------- */

/* "127.0.0.1:3000", "[::1]:3000", ":3000", "*:3000" */
static bool split(const char *text, char host[256], char port[8], bool *ret_any)
{
	const char *colon = strrchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : 0;
	static const struct number_form form = {.maximum = 65535};
	uint64_t number;

	if (colon == NULL || size >= 256 ||
		number_parse(colon + 1, &form, &number, NULL) != NUMBER_OK)
		return false;
	snprintf(port, 8, "%u", (unsigned)number);
	*ret_any = size == 1 && *text == '*';
	if (size >= 2 && *text == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	} else if (memchr(text, ':', size)) {
		return false;
	}
	snprintf(host, 256, "%.*s", (int)size, text);
	if (size == 0)
		strcpy(host, "127.0.0.1");
	return true;
}

/* Report the address with the port that the system chose for port 0. */
static void tell_address(struct endpoint *endpoint, const char *where)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);
	char host[64], port[8], text[96];

	if (getsockname(endpoint->listener, (struct sockaddr *)&address,
		    &size) < 0 ||
		getnameinfo((struct sockaddr *)&address, size, host,
			sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		report_address(endpoint, where);
		return;
	}
	snprintf(text, sizeof(text),
		address.ss_family == AF_INET6 ? "tcp:[%s]:%s" : "tcp:%s:%s",
		host, port);
	report_address(endpoint, text);
}

/* A socket that listens at an address, or -errno. */
static int listener_at(const struct addrinfo *info)
{
	static const int yes = 1;
	int fd = socket(info->ai_family,
		info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
		listen(fd, 1) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Listen at the first of a name's addresses that this machine has.  "localhost"
   may begin with that of IPv6, on a machine without it.  An address that is in use
   is not passed over: its clients would reach the other program. */
static int listen_at(struct endpoint *endpoint, const char *where,
	const struct addrinfo *list)
{
	int fd = -EADDRNOTAVAIL;

	for (; list; list = list->ai_next) {
		fd = listener_at(list);
		if (fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT)
			break;
	}
	if (fd < 0)
		return refused(where, -fd);
	endpoint->listener = fd;
	tell_address(endpoint, where);
	return 0;
}

static int listen_tcp(struct endpoint *endpoint, const char *where)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list;
	char host[256], port[8];
	bool any;
	int result;

	if (!split(where + strlen("tcp:"), host, port, &any))
		return set_error(
			CLYDE_ERROR_INVALID, "%.80s: " BAD_ADDRESS, where);
	result = getaddrinfo(any ? NULL : host, port, &hints, &list);
	if (result != 0)
		return set_error(CLYDE_ERROR_INVALID, "%s: %s", where,
			gai_strerror(result));
	result = listen_at(endpoint, where, list);
	freeaddrinfo(list);
	return result;
}

int endpoint_check(const char *applet, const char *where)
{
	char host[256], port[8];
	bool any;

	if (strncmp(where, "unix:", 5) == 0 && where[5])
		return 0;
	if (strncmp(where, "tcp:", 4) == 0 &&
		split(where + 4, host, port, &any))
		return 0;
	return set_error(
		CLYDE_ERROR_INVALID, "%s: %.80s: " BAD_ADDRESS, applet, where);
}

int endpoint_listen(struct endpoint *endpoint, const char *where)
{
	if (strncmp(where, "unix:", strlen("unix:")) == 0)
		return listen_unix(endpoint, where);
	return listen_tcp(endpoint, where);
}
