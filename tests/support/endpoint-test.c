/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See endpoint-test.h. */
#include "endpoint-test.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "lib/run/run.h"

/* ---- Calls that fail ---------------------------------------------------- */

static const char *failing; /* the name of a call, or NULL */
static int failing_error;

static bool fails(const char *name)
{
	if (failing == NULL || strcmp(failing, name) != 0)
		return false;
	failing = NULL;
	errno = failing_error;
	return true;
}

void fail_next(const char *name, int error)
{
	failing = name;
	failing_error = error;
}

/* A call with up to four parameters, none of which is wider than a register. */
#define WRAP(result, name, parameters, arguments) \
	result __real_##name parameters;          \
	result __wrap_##name parameters;          \
	result __wrap_##name parameters           \
	{                                         \
		if (fails(#name))                 \
			return -1;                \
		return __real_##name arguments;   \
	}

WRAP(int, socket, (int domain, int type, int protocol),
	(domain, type, protocol))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, accept4,
	(int fd, struct sockaddr *address, socklen_t *size, int flags),
	(fd, address, size, flags))
WRAP(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
	(fd, address, size))
WRAP(int, posix_openpt, (int flags), (flags))
WRAP(int, grantpt, (int fd), (fd))
WRAP(int, tcgetattr, (int fd, struct termios *settings), (fd, settings))
WRAP(int, tcsetattr, (int fd, int when, const struct termios *settings),
	(fd, when, settings))
WRAP(int, symlink, (const char *target, const char *path), (target, path))
WRAP(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))

int __real_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list);
int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list);

int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list)
{
	if (node && strcmp(node, "no-such-name") == 0)
		return EAI_NONAME;
	return __real_getaddrinfo(node, service, hints, ret_list);
}

bool bound_to_all;

int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_storage own = {0};
	struct sockaddr_in *four = (struct sockaddr_in *)&own;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&own;

	if (fails("bind"))
		return -1;
	memcpy(&own, address, size);
	if (own.ss_family == AF_INET && four->sin_addr.s_addr == INADDR_ANY) {
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		bound_to_all = true;
	}
	if (own.ss_family == AF_INET6 &&
		IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr)) {
		six->sin6_addr = in6addr_loopback;
		bound_to_all = true;
	}
	return __real_bind(fd, (struct sockaddr *)&own, size);
}

/* ---- A run, and files --------------------------------------------------- */

static struct clyde_run run;
char told[TOLD_SIZE], event[32];

static void hear(void *user, const struct clyde_record *record)
{
	const struct clyde_field *field = record->fields;

	(void)user;
	told[0] = '\0';
	for (; field->type != CLYDE_FIELD_END; field++)
		if (strcmp(field->name, "event") == 0)
			snprintf(event, sizeof(event), "%s", field->text);
		else
			snprintf(told, sizeof(told), "%s", field->text);
}

void attach(struct endpoint *endpoint, int in, int out)
{
	told[0] = event[0] = '\0';
	run = (struct clyde_run){
		.in_fd = in, .out_fd = out, .observer = {.record = hear}};
	endpoint_init(endpoint, &run);
}

void begin(struct endpoint *endpoint)
{
	attach(endpoint, -1, -1);
}

static char folder[] = "/tmp/test-endpoint-XXXXXX";

const char *in_folder(const char *prefix, const char *name)
{
	static char texts[2][128];
	static unsigned turn;
	char *text = texts[turn++ % 2];

	snprintf(text, sizeof(texts[0]), "%s%s/%s", prefix, folder, name);
	return text;
}

bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

char *long_path(char *text, size_t size)
{
	size_t at = snprintf(text, size + 1, "%s/", folder);

	memset(text + at, 'x', size - at);
	text[size] = '\0';
	return text;
}

void assert_bytes(int fd, const char *expected)
{
	char bytes[32] = "";

	assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), strlen(expected));
	assert_string_equal(bytes, expected);
}

int make_folder(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}
