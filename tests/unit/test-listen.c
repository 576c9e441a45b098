/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The sockets at which an applet listens: clients that come and go, addresses
   that are refused, and what is at a path already. */
#include "tests/support/endpoint-test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- Unix sockets ------------------------------------------------------- */

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void a_socket_serves_one_client_after_the_other(void **state)
{
	char *path = strdup(in_folder("", "socket"));
	struct pollfd fds[ENDPOINT_FDS];
	struct endpoint endpoint;
	char bytes[8] = "";

	(void)state;
	begin(&endpoint);
	assert_int_equal(
		endpoint_listen(&endpoint, in_folder("unix:", "socket")), 0);
	assert_string_equal(event, "listening");
	assert_string_equal(told, in_folder("unix:", "socket"));
	assert_true(endpoint_serves(&endpoint));
	for (unsigned turn = 0; turn < 2; turn++) {
		int client;

		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint.in, -1);
		assert_int_equal(endpoint_refuse(&endpoint), 0);
		endpoint_poll(&endpoint, true, true, fds);
		assert_int_equal(fds[0].fd, -1);
		assert_int_equal(fds[2].fd, endpoint.listener);
		client = connect_unix(path);
		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_true(endpoint.in >= 0);
		endpoint_poll(&endpoint, true, false, fds);
		assert_int_equal(fds[0].fd, endpoint.in);
		assert_int_equal(fds[1].fd, -1);
		assert_int_equal(fds[2].fd, -1);
		assert_int_equal(write(client, "in", 2), 2);
		assert_int_equal(endpoint_read(&endpoint, bytes, 8), 2);
		assert_string_equal(bytes, "in");
		assert_int_equal(endpoint_write(&endpoint, "out", 3), 3);
		assert_bytes(client, "out");
		close(client);
		assert_int_equal(endpoint_read(&endpoint, bytes, 8), 0);
		assert_true(endpoint.ended);
		endpoint_poll(&endpoint, true, true, fds);
		assert_int_equal(fds[0].fd, -1);
		assert_int_equal(fds[1].fd, endpoint.out);
		endpoint_disconnect(&endpoint);
	}
	endpoint_close(&endpoint);
	assert_false(exists(path));
	free(path);
}

static void a_second_client_is_refused_unless_the_first_has_gone(void **state)
{
	char *path = strdup(in_folder("", "socket"));
	struct endpoint endpoint;
	int first, second;
	char byte;

	(void)state;
	begin(&endpoint);
	assert_int_equal(
		endpoint_listen(&endpoint, in_folder("unix:", "socket")), 0);
	first = connect_unix(path);
	assert_int_equal(endpoint_look(&endpoint), 0);
	assert_int_equal(endpoint_refuse(&endpoint), 0);
	second = connect_unix(path);
	fail_next("accept4", EAGAIN);
	assert_int_equal(endpoint_refuse(&endpoint), 0);
	assert_int_equal(endpoint_refuse(&endpoint), 1);
	assert_int_equal(read(second, &byte, 1), 0);
	close(second);
	/* The second is next. */
	close(first);
	second = connect_unix(path);
	assert_int_equal(endpoint_refuse(&endpoint), 0);
	endpoint_disconnect(&endpoint);
	assert_int_equal(endpoint_look(&endpoint), 0);
	assert_int_equal(write(second, "x", 1), 1);
	assert_int_equal(endpoint_read(&endpoint, &byte, 1), 1);
	endpoint_close(&endpoint);
	close(second);
	free(path);
}

/* A client that closes its end while bytes for it are unread. */
static void a_reset_is_the_end_of_a_client(void **state)
{
	char *path = strdup(in_folder("", "socket"));
	struct endpoint endpoint;
	char byte;
	int client;

	(void)state;
	begin(&endpoint);
	assert_int_equal(
		endpoint_listen(&endpoint, in_folder("unix:", "socket")), 0);
	client = connect_unix(path);
	assert_int_equal(endpoint_look(&endpoint), 0);
	assert_int_equal(endpoint_write(&endpoint, "abc", 3), 3);
	close(client);
	assert_int_equal(endpoint_read(&endpoint, &byte, 1), 0);
	assert_true(endpoint.ended && endpoint.hung_up);
	assert_int_equal(endpoint_write(&endpoint, "abc", 3), 3);
	endpoint_close(&endpoint);
	free(path);
}

static void a_connection_that_cannot_be_taken_may_be_an_error(void **state)
{
	static const int passing[] = {EAGAIN, EINTR, ECONNABORTED};
	struct endpoint endpoint;
	int client;

	(void)state;
	begin(&endpoint);
	assert_int_equal(
		endpoint_listen(&endpoint, in_folder("unix:", "socket")), 0);
	client = connect_unix(in_folder("", "socket"));
	for (unsigned i = 0; i < 3; i++) {
		fail_next("accept4", passing[i]);
		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint.in, -1);
	}
	fail_next("accept4", ENOMEM);
	assert_int_equal(endpoint_look(&endpoint), CLYDE_ERROR_NO_MEMORY);
	assert_says("no connection can be taken: Cannot allocate memory");
	assert_int_equal(endpoint_look(&endpoint), 0);
	assert_true(endpoint.in >= 0);
	endpoint_close(&endpoint);
	close(client);
}

static void refuse_listen(const char *where, int error, const char *sentence)
{
	struct endpoint endpoint;

	begin(&endpoint);
	assert_int_equal(endpoint_listen(&endpoint, where), error);
	assert_says(sentence);
	assert_string_equal(told, "");
	endpoint_close(&endpoint);
}

static void only_a_socket_without_a_listener_is_replaced(void **state)
{
	char *where = strdup(in_folder("unix:", "old"));
	const char *path = where + strlen("unix:");
	struct endpoint endpoint, other;

	(void)state;
	begin(&other);
	assert_int_equal(endpoint_listen(&other, where), 0);
	refuse_listen(where, CLYDE_ERROR_ADDRESS, "in use by another program");
	assert_true(exists(path));
	/* As if its program had been killed. */
	close(other.listener);
	begin(&endpoint);
	assert_int_equal(endpoint_listen(&endpoint, where), 0);
	endpoint_close(&endpoint);
	assert_false(exists(path));
	make_file(path);
	refuse_listen(where, CLYDE_ERROR_ADDRESS, "choose another address");
	assert_true(exists(path));
	unlink(path);
	free(where);
}

static void a_path_that_cannot_be_a_socket_is_refused(void **state)
{
	char text[200] = "unix:";

	(void)state;
	refuse_listen("unix:", CLYDE_ERROR_INVALID, "a path of 1 to 107 bytes");
	long_path(text + 5, 108);
	refuse_listen(text, CLYDE_ERROR_INVALID, "a path of 1 to 107 bytes");
	refuse_listen(in_folder("unix:", "missing/socket"), CLYDE_ERROR_INVALID,
		"No such file");
	fail_next("bind", EACCES);
	refuse_listen(in_folder("unix:", "s"), CLYDE_ERROR_ACCESS,
		"no permission to listen there");
	fail_next("bind", EPERM);
	refuse_listen(in_folder("unix:", "s"), CLYDE_ERROR_ACCESS,
		"no permission to listen there");
	fail_next("listen", EADDRINUSE);
	refuse_listen(in_folder("unix:", "s"), CLYDE_ERROR_ADDRESS, "in use");
	assert_false(exists(in_folder("", "s")));
	fail_next("socket", EMFILE);
	refuse_listen(in_folder("unix:", "s"), CLYDE_ERROR_INVALID,
		"Too many open files");
}

/* ---- TCP ---------------------------------------------------------------- */

static int connect_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons(atoi(strrchr(told, ':') + 1));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void a_port_of_0_is_told_as_the_port_that_it_became(void **state)
{
	static const char *const texts[] = {"tcp:127.0.0.1:0", "tcp::0"};
	struct endpoint endpoint;
	char again[128];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int client;

		begin(&endpoint);
		bound_to_all = false;
		assert_int_equal(endpoint_listen(&endpoint, texts[i]), 0);
		assert_false(bound_to_all);
		assert_memory_equal(told, "tcp:127.0.0.1:", 14);
		assert_int_not_equal(atoi(told + 14), 0);
		client = connect_tcp();
		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint_write(&endpoint, "hello", 5), 5);
		assert_bytes(client, "hello");
		close(client);
		snprintf(again, sizeof(again), "%s", told);
		refuse_listen(again, CLYDE_ERROR_ADDRESS, "in use");
		endpoint_close(&endpoint);
	}
	begin(&endpoint);
	fail_next("getsockname", EIO);
	assert_int_equal(endpoint_listen(&endpoint, "tcp:127.0.0.1:0"), 0);
	assert_string_equal(told, "tcp:127.0.0.1:0");
	endpoint_close(&endpoint);
}

static void a_star_is_all_addresses_of_the_machine(void **state)
{
	struct endpoint endpoint;

	(void)state;
	begin(&endpoint);
	bound_to_all = false;
	assert_int_equal(endpoint_listen(&endpoint, "tcp:127.0.0.1:0"), 0);
	assert_false(bound_to_all);
	endpoint_close(&endpoint);
	begin(&endpoint);
	assert_int_equal(endpoint_listen(&endpoint, "tcp:*:0"), 0);
	assert_true(bound_to_all);
	endpoint_close(&endpoint);
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool has = fd >= 0 &&
		bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return has;
}

static void an_address_of_ipv6_is_in_brackets(void **state)
{
	struct endpoint endpoint;

	(void)state;
	if (!has_ipv6()) {
		refuse_listen("tcp:[::1]:0", CLYDE_ERROR_INVALID, "[::1]");
		return;
	}
	begin(&endpoint);
	assert_int_equal(endpoint_listen(&endpoint, "tcp:[::1]:0"), 0);
	assert_memory_equal(told, "tcp:[::1]:", 10);
	endpoint_close(&endpoint);
}

static void a_socket_that_cannot_listen_is_an_error(void **state)
{
	(void)state;
	refuse_listen("tcp:no-such-name:1", CLYDE_ERROR_INVALID,
		"Name or service not known");
	refuse_listen("tcp:[]:x", CLYDE_ERROR_INVALID, "an address is like");
	fail_next("bind", EADDRNOTAVAIL);
	refuse_listen("tcp:127.0.0.1:0", CLYDE_ERROR_INVALID,
		"not an address of this machine");
	fail_next("bind", EACCES);
	refuse_listen("tcp:127.0.0.1:1", CLYDE_ERROR_ACCESS, "no permission");
	fail_next("listen", EADDRINUSE);
	refuse_listen("tcp:127.0.0.1:0", CLYDE_ERROR_ADDRESS, "in use");
	fail_next("socket", EAFNOSUPPORT);
	refuse_listen("tcp:127.0.0.1:0", CLYDE_ERROR_INVALID,
		"Address family not supported");
}

/* ---- Addresses ---------------------------------------------------------- */

static void an_address_is_checked_before_anything_is_opened(void **state)
{
	static const char *const good[] = {"unix:x", "tcp::1", "tcp:*:65535",
		"tcp:a.b:0", "tcp:[::1]:80", "tcp:[a]:16"};
	static const char *const bad[] = {"", "unix:", "unix", "tcp:", "tcp:1",
		"tcp::", "tcp::65536", "tcp::x", "tcp::0x50", "tcp:::1:80",
		"tcp:[::1:80", "tcp:::1]:80", "udp::1", "pty"};
	char text[300] = "tcp:";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(endpoint_check("uart", good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			endpoint_check("uart", bad[i]), CLYDE_ERROR_INVALID);
		assert_memory_equal(clyde_error_message(), "uart: ", 6);
		assert_says("an address is like tcp:127.0.0.1:3000");
	}
	memset(text + 4, 'a', 255);
	strcpy(text + 4 + 255, ":80");
	assert_int_equal(endpoint_check("uart", text), 0);
	memset(text + 4, 'a', 256);
	strcpy(text + 4 + 256, ":80");
	assert_int_equal(endpoint_check("uart", text), CLYDE_ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_serves_one_client_after_the_other),
		cmocka_unit_test(
			a_second_client_is_refused_unless_the_first_has_gone),
		cmocka_unit_test(a_reset_is_the_end_of_a_client),
		cmocka_unit_test(
			a_connection_that_cannot_be_taken_may_be_an_error),
		cmocka_unit_test(only_a_socket_without_a_listener_is_replaced),
		cmocka_unit_test(a_path_that_cannot_be_a_socket_is_refused),
		cmocka_unit_test(
			a_port_of_0_is_told_as_the_port_that_it_became),
		cmocka_unit_test(a_star_is_all_addresses_of_the_machine),
		cmocka_unit_test(an_address_of_ipv6_is_in_brackets),
		cmocka_unit_test(a_socket_that_cannot_listen_is_an_error),
		cmocka_unit_test(
			an_address_is_checked_before_anything_is_opened),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
