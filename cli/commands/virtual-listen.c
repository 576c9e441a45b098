/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde virtual --listen: one virtual Glasgow on a socket. */
#include "virtual-listen.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "plug/devices.h"
#include "plug/redir/redir.h"

#define SCHEME "redir:"

struct lender {
	struct redir_callbacks owner; /* first */
	const char *keys;
	enum pace pace;
	struct virtual_devices world;
	char why[320]; /* why no device could be made; or empty */
	bool save_failed;
};

/* ---- Signals ---------------------------------------------------------- */

/* SIGUSR1 pulls the plug, SIGUSR2 plugs in again. */
static volatile sig_atomic_t pull_wished, plug_wished;

static void wish_for(int number)
{
	if (number == SIGUSR1)
		pull_wished = true;
	else
		plug_wished = true;
}

static void hear_wishes(sigset_t *ret_awake)
{
	struct sigaction action = {.sa_handler = wish_for};
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGUSR2);
	/* They come while the server sleeps, and only then. */
	sigprocmask(SIG_BLOCK, &mine, ret_awake);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigdelset(ret_awake, SIGINT);
	sigdelset(ret_awake, SIGTERM);
	sigdelset(ret_awake, SIGUSR1);
	sigdelset(ret_awake, SIGUSR2);
}

/* The signals are blocked while this looks. */
static enum redir_command wish(struct redir_callbacks *owner)
{
	(void)owner;
	if (interrupted())
		return REDIR_STOP;
	if (pull_wished) {
		pull_wished = false;
		return REDIR_UNPLUG;
	}
	if (plug_wished) {
		plug_wished = false;
		return REDIR_PLUG;
	}
	return REDIR_NONE;
}

/* ---- The device ------------------------------------------------------- */

static void settle(struct redir_callbacks *owner)
{
	struct lender *lender = (struct lender *)owner;

	if (lender->save_failed)
		return;
	lender->save_failed = virtual_devices_save(&lender->world) < 0;
	if (lender->save_failed)
		owner->report(owner, "the EEPROM's file cannot be written");
}

static void unplug(struct redir_callbacks *owner)
{
	struct lender *lender = (struct lender *)owner;

	settle(owner);
	virtual_devices_free(&lender->world);
}

static int plug(struct redir_callbacks *owner, struct plug **ret_plug)
{
	struct lender *lender = (struct lender *)owner;
	int result =
		virtual_devices_new(&lender->world, lender->keys, lender->pace);

	if (result < 0) {
		snprintf(lender->why, sizeof(lender->why), "%s",
			clyde_error_message());
		virtual_devices_free(&lender->world);
	} else {
		*ret_plug = &lender->world.plugs[0];
	}
	return result;
}

static void say(struct redir_callbacks *owner, const char *line)
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

/* Try the keys now: what is wrong with them is not the guest's business. */
static bool try_keys(struct tool *tool, struct lender *lender)
{
	struct plug *unused;
	int result = plug(&lender->owner, &unused);
	unsigned count = lender->world.count;

	if (result < 0)
		return fail(tool, status_of(result, false), "%s", lender->why);
	virtual_devices_free(&lender->world);
	if (count == 1)
		return true;
	return misuse(tool, "a socket is for one device; choose by index=N");
}

static void serve(struct tool *tool, struct lender *lender, int listener)
{
	sigset_t awake;
	int result;

	hear_wishes(&awake);
	prctl(PR_SET_TIMERSLACK, 1); /* sleep to the microframe */
	result = redir_serve(listener, &lender->owner, &awake);
	if (result == 0)
		fail(tool, STATUS_INTERRUPTED, "interrupted");
	else
		fail(tool,
			lender->why[0] ? status_of(result, false)
				       : STATUS_INTERNAL,
			"%s", lender->why[0] ? lender->why : strerror(-result));
}

void virtual_listen(
	struct tool *tool, const char *where, const char *keys, enum pace pace)
{
	struct lender lender = {
		.owner = {plug, unplug, settle, say, wish},
		.keys = keys,
		.pace = pace,
	};
	const char *path = where + strlen(SCHEME);
	int listener;

	if (strncmp(where, SCHEME, strlen(SCHEME)) != 0 || *path == '\0') {
		misuse(tool, "--listen=%s is not redir:PATH", where);
		return;
	}
	if (!try_keys(tool, &lender) || !open_socket(tool, path, &listener))
		return;
	printf("listening on " SCHEME "%s\n", path);
	fflush(stdout);
	serve(tool, &lender, listener);
	unlink(path);
	close(listener);
}
