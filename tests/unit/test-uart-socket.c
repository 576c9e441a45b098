/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the uart applet's sockets in an application that, unlike the tool, does
 * not ignore SIGPIPE; and the addresses of a name, of which the first may be
 * another machine's.
 *
 * getaddrinfo() is wrapped: a name has the addresses that a test gives.  So is
 * bind(), which does not have those of class E.
 */
#include "tests/support/clyde-test.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "applets/uart/uart.h"

/* ---- Unix sockets ----------------------------------------------------- */

static void a_client_that_has_gone_does_not_end_the_application(void **state)
{
	struct endpoint endpoint = {.master = -1};
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	endpoint.listener = endpoint.opened = -1;
	endpoint.in = endpoint.out = ends[0];
	endpoint.socket = true;
	endpoint.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(endpoint_write(&endpoint, "x", 1), 1);
	close(ends[1]);
	assert_int_equal(endpoint_write(&endpoint, "x", 1), 0);
	assert_true(endpoint.hung_up && endpoint.ended);
	close(endpoint.listener);
	close(ends[0]);
}

/* A listener with as many connections in its queue as it takes. */
static int full_listener(const struct sockaddr_un *address, int *ret_client)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (const struct sockaddr *)address,
				 sizeof(*address)),
		0);
	assert_int_equal(listen(listener, 0), 0);
	*ret_client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(*ret_client, (const struct sockaddr *)address,
				 sizeof(*address)),
		0);
	return listener;
}

static void a_program_that_takes_no_connection_keeps_its_address(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/clyde-test-XXXXXX", where[64];
	struct endpoint endpoint = {0};
	int listener, client;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	snprintf(where, sizeof(where), "unix:%s", address.sun_path);
	listener = full_listener(&address, &client);
	assert_int_equal(
		endpoint_listen(&endpoint, where), CLYDE_ERROR_ADDRESS);
	assert_says("in use by another program");
	close(endpoint.listener);
	close(client);
	close(listener);
	unlink(address.sun_path);
	rmdir(folder);
}

/* ---- Names ------------------------------------------------------------ */

#define ELSEWHERE 0xf0000001 /* 240.0.0.1, and higher ones. */

static struct sockaddr_in addresses[2];
static struct addrinfo list[2];

int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list);
void __wrap_freeaddrinfo(struct addrinfo *info);

int __wrap_getaddrinfo(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list)
{
	(void)hints;
	assert_string_equal(node, "a-name");
	for (unsigned i = 0; i < 2; i++) {
		addresses[i].sin_family = AF_INET;
		addresses[i].sin_port = htons(atoi(service));
		list[i] = (struct addrinfo){
			.ai_family = AF_INET,
			.ai_socktype = SOCK_STREAM,
			.ai_addr = (struct sockaddr *)&addresses[i],
			.ai_addrlen = sizeof(addresses[i]),
			.ai_next = i == 0 ? &list[1] : NULL,
		};
	}
	*ret_list = list;
	return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *info)
{
	assert_ptr_equal(info, list);
}

int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_in *inet = (const struct sockaddr_in *)address;

	if (address->sa_family != AF_INET ||
		ntohl(inet->sin_addr.s_addr) < ELSEWHERE)
		return __real_bind(fd, address, size);
	errno = EADDRNOTAVAIL;
	return -1;
}

static struct clyde_context *context;
static char listening[96];

/* Ends the run when it says where it listens. */
static void hear(void *user, const struct clyde_record *record)
{
	const struct clyde_field *field = record->fields;

	(void)user;
	for (; field->type != CLYDE_FIELD_END; field++)
		if (strcmp(field->name, "address") == 0) {
			snprintf(listening, sizeof(listening), "%s",
				field->text);
			clyde_context_interrupt(context);
		}
}

static int listen_at_name(const char *port)
{
	static const char *const settings[][2] = {
		{"mode", "socket"}, {"tx", "A0"}, {"rx", "A1"}};
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_observer observer = {.record = hear};
	struct clyde_run *run;
	char where[32];
	int result;

	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	context = fixture.context;
	listening[0] = '\0';
	snprintf(where, sizeof(where), "tcp:a-name:%s", port);
	assert_int_equal(clyde_run_new(context, "uart", &run), 0);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (clyde_run_set(run, settings[i][0], settings[i][1]) < 0)
			fail_msg("%s", clyde_error_message());
	assert_int_equal(clyde_run_set(run, "endpoint", where), 0);
	result = clyde_run_start(run, fixture.device, NULL, &observer);
	close_fixture(&fixture);
	return result;
}

static void an_address_of_another_machine_is_passed_over(void **state)
{
	(void)state;
	addresses[0].sin_addr.s_addr = htonl(ELSEWHERE);
	addresses[1].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(listen_at_name("0"), CLYDE_ERROR_INTERRUPTED);
	assert_memory_equal(listening, "tcp:127.0.0.1:", 14);
}

static void a_name_without_an_address_of_this_machine_is_refused(void **state)
{
	(void)state;
	addresses[0].sin_addr.s_addr = htonl(ELSEWHERE);
	addresses[1].sin_addr.s_addr = htonl(ELSEWHERE + 1);
	assert_int_equal(listen_at_name("0"), CLYDE_ERROR_INVALID);
	assert_says("not an address of this machine");
}

/* Its clients would reach the other program. */
static void an_address_in_use_is_not_passed_over(void **state)
{
	struct sockaddr_in taken = {.sin_family = AF_INET};
	socklen_t size = sizeof(taken);
	int other = socket(AF_INET, SOCK_STREAM, 0);
	char port[8];

	(void)state;
	taken.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
		bind(other, (const struct sockaddr *)&taken, sizeof(taken)), 0);
	assert_int_equal(listen(other, 1), 0);
	assert_int_equal(
		getsockname(other, (struct sockaddr *)&taken, &size), 0);
	snprintf(port, sizeof(port), "%u", ntohs(taken.sin_port));
	addresses[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addresses[1].sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(listen_at_name(port), CLYDE_ERROR_ADDRESS);
	assert_string_equal(listening, "");
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_client_that_has_gone_does_not_end_the_application),
		cmocka_unit_test(
			a_program_that_takes_no_connection_keeps_its_address),
		cmocka_unit_test(an_address_of_another_machine_is_passed_over),
		cmocka_unit_test(
			a_name_without_an_address_of_this_machine_is_refused),
		cmocka_unit_test(an_address_in_use_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
