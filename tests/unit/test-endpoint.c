/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The user's end of an applet's bytes without an applet: descriptors, a terminal
   and pseudoterminals, whose other ends the tests have. */
#include "tests/support/endpoint-test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* ---- Descriptors -------------------------------------------------------- */

static void a_run_without_descriptors_has_no_tty(void **state)
{
	struct endpoint endpoint;

	(void)state;
	begin(&endpoint);
	assert_int_equal(endpoint_open_tty(&endpoint), CLYDE_ERROR_INVALID);
	assert_says("tty needs an input and an output");
	endpoint_close(&endpoint);
	attach(&endpoint, 1000000, 1);
	assert_int_equal(endpoint_open_tty(&endpoint), CLYDE_ERROR_FILE);
	assert_says("standard input or standard output is closed");
	endpoint_close(&endpoint);
	attach(&endpoint, 0, 1000000);
	assert_int_equal(endpoint_open_tty(&endpoint), CLYDE_ERROR_FILE);
	endpoint_close(&endpoint);
}

/* Pipes in both directions: what the applet reads is in[], what it writes
   out[]. */
static void pipes_carry_bytes_and_stay_as_they_are(void **state)
{
	struct endpoint endpoint;
	char bytes[16] = "";
	int in[2], out[2];

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	attach(&endpoint, in[0], out[1]);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	assert_false(endpoint.terminal || endpoint.socket);
	assert_false(endpoint_serves(&endpoint));
	/* Another process may share the descriptions. */
	assert_true(fcntl(endpoint.in, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(in[0], F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(out[1], F_GETFL) & O_NONBLOCK);
	assert_int_equal(endpoint_read(&endpoint, bytes, 16), 0);
	assert_false(endpoint.ended);
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_int_equal(endpoint_read(&endpoint, bytes, 16), 3);
	assert_string_equal(bytes, "abc");
	assert_int_equal(endpoint_write(&endpoint, "defg", 4), 4);
	assert_bytes(out[0], "defg");
	close(in[1]);
	assert_int_equal(endpoint_read(&endpoint, bytes, 16), 0);
	assert_true(endpoint.ended);
	assert_false(endpoint.hung_up);
	endpoint_close(&endpoint);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static void a_pipe_that_is_full_takes_nothing(void **state)
{
	static const char many[10000];
	struct endpoint endpoint;
	int out[2], in = open("/dev/null", O_RDONLY);
	ssize_t total = 0, size;

	(void)state;
	assert_int_equal(pipe(out), 0);
	attach(&endpoint, in, out[1]);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	/* At most so much at once that a pipe with room never blocks. */
	assert_int_equal(endpoint_write(&endpoint, many, sizeof(many)), 4096);
	while ((size = endpoint_write(&endpoint, many, sizeof(many))) > 0)
		total += size;
	assert_int_equal(size, 0);
	assert_true(total > 4096);
	endpoint_close(&endpoint);
	close(out[0]);
	close(out[1]);
	close(in);
}

static void a_pipe_without_a_reader_is_an_error(void **state)
{
	struct endpoint endpoint;
	int out[2], in = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(pipe(out), 0);
	close(out[0]);
	attach(&endpoint, in, out[1]);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	assert_int_equal(endpoint_write(&endpoint, "a", 1), CLYDE_ERROR_IO);
	assert_says("the output cannot be written: Broken pipe");
	fail_next("write", EAGAIN);
	assert_int_equal(endpoint_write(&endpoint, "a", 1), 0);
	fail_next("write", EINTR);
	assert_int_equal(endpoint_write(&endpoint, "a", 1), 0);
	endpoint_close(&endpoint);
	close(out[1]);
	close(in);
}

static void an_input_that_cannot_be_read_is_an_error(void **state)
{
	struct endpoint endpoint;
	int in = open("/", O_RDONLY), out = open("/dev/null", O_WRONLY);
	char byte;

	(void)state;
	attach(&endpoint, in, out);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	assert_int_equal(endpoint_read(&endpoint, &byte, 1), CLYDE_ERROR_IO);
	assert_says("the input cannot be read: Is a directory");
	fail_next("read", EAGAIN);
	assert_int_equal(endpoint_read(&endpoint, &byte, 1), 0);
	fail_next("read", EINTR);
	assert_int_equal(endpoint_read(&endpoint, &byte, 1), 0);
	assert_false(endpoint.ended);
	endpoint_close(&endpoint);
	close(in);
	close(out);
}

/* ---- A terminal --------------------------------------------------------- */

struct terminal {
	int master, slave;
	struct termios before;
};

static struct terminal make_terminal(void)
{
	struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY)};

	assert_int_equal(grantpt(terminal.master), 0);
	assert_int_equal(unlockpt(terminal.master), 0);
	terminal.slave = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
	assert_true(terminal.slave >= 0);
	assert_int_equal(tcgetattr(terminal.slave, &terminal.before), 0);
	return terminal;
}

static void assert_cooked(const struct terminal *terminal)
{
	struct termios now;

	assert_int_equal(tcgetattr(terminal->slave, &now), 0);
	assert_int_equal(now.c_lflag, terminal->before.c_lflag);
	assert_int_equal(now.c_iflag, terminal->before.c_iflag);
}

static void close_terminal(const struct terminal *terminal)
{
	assert_cooked(terminal);
	close(terminal->slave);
	close(terminal->master);
}

static void a_terminal_is_raw_until_its_end(void **state)
{
	struct terminal terminal = make_terminal();
	struct endpoint endpoint;
	struct termios now;
	char bytes[16] = "";

	(void)state;
	attach(&endpoint, terminal.slave, terminal.slave);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	assert_string_equal(event, "terminal");
	assert_int_equal(tcgetattr(terminal.slave, &now), 0);
	assert_false(now.c_lflag & (ECHO | ICANON | ISIG));
	assert_int_equal(endpoint_write(&endpoint, "out", 3), 3);
	assert_bytes(terminal.master, "out");
	/* Ctrl-C is a byte, and what is behind the key that leaves is lost. */
	assert_int_equal(write(terminal.master, "a\x03\rb", 4), 4);
	assert_int_equal(endpoint_read(&endpoint, bytes, 16), 4);
	assert_memory_equal(bytes, "a\x03\rb", 4);
	assert_false(endpoint.left);
	assert_int_equal(write(terminal.master,
				 "cd\x1c"
				 "e",
				 4),
		4);
	assert_int_equal(endpoint_read(&endpoint, bytes, 16), 2);
	assert_memory_equal(bytes, "cd", 2);
	assert_true(endpoint.left && endpoint.ended);
	endpoint_close(&endpoint);
	close_terminal(&terminal);
}

static void a_terminal_that_cannot_be_raw_is_an_error(void **state)
{
	struct terminal terminal = make_terminal();
	struct endpoint endpoint;

	(void)state;
	attach(&endpoint, terminal.slave, terminal.slave);
	/* The first call is that of isatty(), inside the C library. */
	fail_next("tcgetattr", EIO);
	assert_int_equal(endpoint_open_tty(&endpoint), CLYDE_ERROR_IO);
	assert_says("does not tell its settings");
	endpoint_close(&endpoint);
	attach(&endpoint, terminal.slave, terminal.slave);
	fail_next("tcsetattr", EIO);
	assert_int_equal(endpoint_open_tty(&endpoint), CLYDE_ERROR_IO);
	assert_says("does not change its settings");
	assert_false(endpoint.terminal);
	endpoint_close(&endpoint);
	close_terminal(&terminal);
}

/* The key is a byte like others where no user is. */
static void only_a_terminal_has_a_key_to_leave(void **state)
{
	struct endpoint endpoint;
	int ends[2];
	char bytes[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	attach(&endpoint, ends[0], ends[0]);
	assert_int_equal(endpoint_open_tty(&endpoint), 0);
	assert_true(endpoint.socket);
	assert_int_equal(write(ends[1], "\x1c", 1), 1);
	assert_int_equal(endpoint_read(&endpoint, bytes, 8), 1);
	assert_false(endpoint.left || endpoint.ended);
	endpoint_close(&endpoint);
	close(ends[0]);
	close(ends[1]);
}

/* ---- Pseudoterminals ---------------------------------------------------- */

static int open_slave(void)
{
	int slave = open(told, O_RDWR | O_NOCTTY | O_NONBLOCK);

	assert_true(slave >= 0);
	return slave;
}

static bool is_readable(const struct pollfd *fd)
{
	struct pollfd one = *fd;

	return one.fd >= 0 && poll(&one, 1, 0) == 1;
}

static void a_pty_serves_one_program_after_the_other(void **state)
{
	struct pollfd fds[ENDPOINT_FDS];
	struct endpoint endpoint;
	char bytes[8] = "";

	(void)state;
	begin(&endpoint);
	assert_int_equal(endpoint_open_pty(&endpoint, NULL), 0);
	assert_string_equal(event, "pty");
	assert_true(endpoint_serves(&endpoint));
	for (unsigned turn = 0; turn < 2; turn++) {
		int slave;

		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint.in, -1);
		/* Without a program, what is written is dropped. */
		assert_int_equal(endpoint_write(&endpoint, "lost", 4), 4);
		assert_int_equal(endpoint_poll(&endpoint, true, true, fds), 4);
		assert_int_equal(fds[0].fd, -1);
		assert_int_equal(fds[1].fd, -1);
		assert_false(is_readable(&fds[3]));
		slave = open_slave();
		assert_true(is_readable(&fds[3]));
		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint.in, endpoint.master);
		assert_int_equal(endpoint_look(&endpoint), 0);
		assert_int_equal(endpoint_write(&endpoint, "out", 3), 3);
		assert_bytes(slave, "out");
		assert_int_equal(write(slave, "in\r\n", 4), 4);
		assert_int_equal(endpoint_read(&endpoint, bytes, 8), 4);
		assert_memory_equal(bytes, "in\r\n", 4);
		close(slave);
		assert_int_equal(endpoint_read(&endpoint, bytes, 8), 0);
		assert_true(endpoint.ended && endpoint.hung_up);
		assert_int_equal(endpoint_write(&endpoint, "lost", 4), 4);
		endpoint_disconnect(&endpoint);
		assert_false(endpoint.ended || endpoint.hung_up);
	}
	endpoint_close(&endpoint);
}

/* A program may write and close before anything looks. */
static void what_a_program_has_left_is_read(void **state)
{
	struct endpoint endpoint;
	char bytes[8] = "";
	int slave;

	(void)state;
	begin(&endpoint);
	assert_int_equal(endpoint_open_pty(&endpoint, NULL), 0);
	slave = open_slave();
	assert_int_equal(write(slave, "abc", 3), 3);
	close(slave);
	assert_int_equal(endpoint_look(&endpoint), 0);
	assert_true(endpoint.in >= 0);
	assert_int_equal(endpoint_read(&endpoint, bytes, 8), 3);
	assert_string_equal(bytes, "abc");
	endpoint_close(&endpoint);
}

static void a_link_to_a_pty_lasts_as_long_as_it(void **state)
{
	char *path = strdup(in_folder("", "link"));
	char target[64] = "";
	struct endpoint endpoint;

	(void)state;
	begin(&endpoint);
	assert_int_equal(endpoint_open_pty(&endpoint, path), 0);
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, told);
	endpoint_close(&endpoint);
	assert_false(exists(path));
	/* A link that leads nowhere is that of a program that was killed. */
	assert_int_equal(symlink("/dev/pts/999999999", path), 0);
	begin(&endpoint);
	assert_int_equal(endpoint_open_pty(&endpoint, path), 0);
	endpoint_close(&endpoint);
	assert_false(exists(path));
	free(path);
}

static void assert_no_link(const char *path, int error, const char *sentence)
{
	struct endpoint endpoint;

	begin(&endpoint);
	assert_int_equal(endpoint_open_pty(&endpoint, path), error);
	assert_says(sentence);
	endpoint_close(&endpoint);
}

static void what_is_at_the_path_of_a_link_stays(void **state)
{
	struct terminal terminal = make_terminal();
	char *path = strdup(in_folder("", "taken"));
	char text[200];

	(void)state;
	make_file(path);
	assert_no_link(path, CLYDE_ERROR_ADDRESS, "there is something already");
	assert_true(exists(path));
	unlink(path);
	assert_int_equal(symlink(ptsname(terminal.master), path), 0);
	assert_no_link(path, CLYDE_ERROR_ADDRESS, "choose another path");
	assert_true(exists(path));
	unlink(path);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_no_link(path, CLYDE_ERROR_ADDRESS, "choose another path");
	assert_true(exists(path));
	unlink(path);
	assert_no_link(in_folder("", "missing/link"), CLYDE_ERROR_INVALID,
		"No such file");
	fail_next("symlink", EACCES);
	assert_no_link(path, CLYDE_ERROR_ACCESS, "Permission denied");
	assert_no_link(long_path(text, 108), CLYDE_ERROR_INVALID,
		"a path of at most 107 bytes is needed");
	close_terminal(&terminal);
	free(path);
}

static void a_machine_without_ptys_is_an_error(void **state)
{
	static const struct {
		const char *call;
		int number, error;
		const char *sentence;
	} calls[] = {
		{"posix_openpt", ENOSPC, CLYDE_ERROR_FILE, "no pty to be had"},
		{"grantpt", EACCES, CLYDE_ERROR_ACCESS, "cannot be used"},
		{"tcgetattr", EIO, CLYDE_ERROR_IO, "cannot be used"},
		{"tcsetattr", EIO, CLYDE_ERROR_IO, "cannot be used"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct endpoint endpoint;

		begin(&endpoint);
		fail_next(calls[i].call, calls[i].number);
		assert_int_equal(
			endpoint_open_pty(&endpoint, NULL), calls[i].error);
		assert_says(calls[i].sentence);
		assert_string_equal(told, "");
		endpoint_close(&endpoint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_without_descriptors_has_no_tty),
		cmocka_unit_test(pipes_carry_bytes_and_stay_as_they_are),
		cmocka_unit_test(a_pipe_that_is_full_takes_nothing),
		cmocka_unit_test(a_pipe_without_a_reader_is_an_error),
		cmocka_unit_test(an_input_that_cannot_be_read_is_an_error),
		cmocka_unit_test(a_terminal_is_raw_until_its_end),
		cmocka_unit_test(a_terminal_that_cannot_be_raw_is_an_error),
		cmocka_unit_test(only_a_terminal_has_a_key_to_leave),
		cmocka_unit_test(a_pty_serves_one_program_after_the_other),
		cmocka_unit_test(what_a_program_has_left_is_read),
		cmocka_unit_test(a_link_to_a_pty_lasts_as_long_as_it),
		cmocka_unit_test(what_is_at_the_path_of_a_link_stays),
		cmocka_unit_test(a_machine_without_ptys_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
