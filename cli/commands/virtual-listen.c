/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde virtual --listen: serves one virtual Glasgow on a UNIX socket, to one
 * client after another.  Each client gets a newly plugged device; the EEPROM's
 * file is the only state that stays.  Signals unplug and plug the device.
 */
#include "virtual-listen.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "plug/devices.h"
#include "plug/redir/redir.h"

#define SCHEME "redir:"

struct server {
	struct redir_callbacks
		owner; /* first: callbacks cast it to this struct */
	const char *keys;
	enum pace pace;
	struct virtual_devices plugged;
	char why[320]; /* why plug() failed, or empty */
	bool save_failed;
};

/* ---- Signals ---------------------------------------------------------- */

/* SIGUSR1 unplugs the device, SIGUSR2 plugs it in again. */
static volatile sig_atomic_t unplug_requested, plug_requested;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		unplug_requested = true;
	else
		plug_requested = true;
}

static void catch_signals(sigset_t *ret_awake)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGUSR2);
	/* The server unblocks the signals only while it sleeps, so that no
	   signal is missed between a check of the flags and the sleep. */
	sigprocmask(SIG_BLOCK, &mine, ret_awake);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigdelset(ret_awake, SIGINT);
	sigdelset(ret_awake, SIGTERM);
	sigdelset(ret_awake, SIGUSR1);
	sigdelset(ret_awake, SIGUSR2);
}

/* Called with the signals blocked, so reading and clearing a flag cannot lose
   a signal. */
static enum redir_command next_request(struct redir_callbacks *owner)
{
	(void)owner;
	if (interrupted())
		return REDIR_STOP;
	if (unplug_requested) {
		unplug_requested = false;
		return REDIR_UNPLUG;
	}
	if (plug_requested) {
		plug_requested = false;
		return REDIR_PLUG;
	}
	return REDIR_NONE;
}

/* ---- The device ------------------------------------------------------- */

static void save_eeprom(struct redir_callbacks *owner)
{
	struct server *server = (struct server *)owner;

	if (server->save_failed)
		return;
	server->save_failed = virtual_devices_save(&server->plugged) < 0;
	if (server->save_failed)
		owner->report(owner, clyde_error_message());
}

static void unplug(struct redir_callbacks *owner)
{
	struct server *server = (struct server *)owner;

	save_eeprom(owner);
	if (virtual_devices_finish(&server->plugged) < 0)
		owner->report(owner, clyde_error_message());
	virtual_devices_free(&server->plugged);
}

static void print_note(const char *sentence)
{
	fprintf(stderr, "clyde: note: %s\n", sentence);
}

static int plug(struct redir_callbacks *owner, struct plug **ret_plug)
{
	struct server *server = (struct server *)owner;
	int result = virtual_devices_new(
		&server->plugged, server->keys, server->pace, print_note);

	if (result < 0) {
		snprintf(server->why, sizeof(server->why), "%s",
			clyde_error_message());
		virtual_devices_free(&server->plugged);
	} else {
		*ret_plug = &server->plugged.plugs[0];
	}
	return result;
}

static void report(struct redir_callbacks *owner, const char *line)
{
	(void)owner;
	fprintf(stderr, "clyde: %s\n", line);
}

/* ---- The socket ------------------------------------------------------- */

static bool open_socket(struct tool *tool, const char *path, int *ret_fd)
{
	int result = redir_listen(path, ret_fd);

	switch (result) {
	case 0:
		return true;
	case -ENAMETOOLONG:
		return fail(tool, STATUS_USAGE,
			"%.40s...: longer than the path of a socket may be, "
			"107 bytes; use a shorter one",
			path);
	case -EADDRINUSE:
		return fail(tool, STATUS_BUSY,
			"%s: in use by another program; choose another path",
			path);
	case -EEXIST:
		return fail(tool, STATUS_OUTPUT,
			"%s: there is something that is not a socket; choose "
			"another path",
			path);
	case -EACCES:
	case -EPERM:
		return fail(tool, STATUS_PERMISSION,
			"%s: no permission to make a socket there", path);
	default:
		return fail(
			tool, STATUS_OUTPUT, "%s: %s", path, strerror(-result));
	}
}

/* Plug a device in once before listening, so that wrong keys are an error of
   this command and not of the first client's session. */
static bool try_keys(struct tool *tool, struct server *server)
{
	struct plug *unused;
	int result = plug(&server->owner, &unused);
	unsigned count = server->plugged.count;

	if (result < 0)
		return fail(tool, status_of(result, false), "%s", server->why);
	virtual_devices_free(&server->plugged);
	if (count == 1)
		return true;
	return misuse(tool, "a socket is for one device; choose by index=N");
}

static void serve(struct tool *tool, struct server *server, int listener)
{
	sigset_t awake;
	int result;

	catch_signals(&awake);
	/* The default timer slack of 50 us is large beside a microframe. */
	prctl(PR_SET_TIMERSLACK, 1);
	result = redir_serve(listener, &server->owner, &awake);
	if (result == 0)
		fail(tool, STATUS_INTERRUPTED, "interrupted");
	else
		fail(tool,
			server->why[0] ? status_of(result, false)
				       : STATUS_INTERNAL,
			"%s", server->why[0] ? server->why : strerror(-result));
}

void virtual_listen(
	struct tool *tool, const char *where, const char *keys, enum pace pace)
{
	struct server server = {
		.owner = {plug, unplug, save_eeprom, report, next_request},
		.keys = keys,
		.pace = pace,
	};
	const char *path = where + strlen(SCHEME);
	int listener;

	if (strncmp(where, SCHEME, strlen(SCHEME)) != 0 || *path == '\0') {
		misuse(tool, "--listen=%s is not redir:PATH", where);
		return;
	}
	if (!try_keys(tool, &server) || !open_socket(tool, path, &listener))
		return;
	printf("listening on " SCHEME "%s\n", path);
	fflush(stdout);
	serve(tool, &server, listener);
	unlink(path);
	close(listener);
}
