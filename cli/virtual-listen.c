/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde virtual --listen: one virtual Glasgow on a socket. */
#include "virtual-listen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/virtual-options.h"
#include "virtual/redir.h"

#define SCHEME "redir:"

struct lender {
	struct redir_owner owner; /* first */
	struct virtual_options options;
	struct device *device;
	struct bus *bus;
	bool save_failed;
};

/* ---- Signals ---------------------------------------------------------- */

/* SIGUSR1 pulls the plug, SIGUSR2 plugs in again. */
static volatile sig_atomic_t wished = REDIR_GO_ON;

static void wish_for(int number)
{
	wished = number == SIGUSR1 ? REDIR_PULL : REDIR_PLUG;
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

static enum redir_wish wish(struct redir_owner *owner)
{
	enum redir_wish now = wished;

	(void)owner;
	wished = REDIR_GO_ON;
	return interrupted() ? REDIR_STOP : now;
}

/* ---- The device ------------------------------------------------------- */

static void settle(struct redir_owner *owner)
{
	struct lender *lender = (struct lender *)owner;

	if (lender->device == NULL || lender->options.eeprom == NULL ||
		lender->save_failed)
		return;
	lender->save_failed = virtual_options_save(&lender->options,
				      device_eeprom(lender->device)) < 0;
	if (lender->save_failed)
		owner->say(owner, "the EEPROM's file cannot be written");
}

static void unplug(struct redir_owner *owner)
{
	struct lender *lender = (struct lender *)owner;

	settle(owner);
	bus_free(lender->bus);
	device_free(lender->device);
	lender->bus = NULL;
	lender->device = NULL;
}

static bool preload(struct device *device)
{
	uint8_t *bitstream;
	size_t size;

	if (image_build(&bitstream, &size) < 0)
		return false;
	device_preload(device, bitstream, size, image_id);
	free(bitstream);
	return true;
}

static int plug(struct redir_owner *owner, struct redir_plug *ret_plug)
{
	struct lender *lender = (struct lender *)owner;
	const struct virtual_options *options = &lender->options;

	lender->device = device_new(&options->device, &options->faults);
	if (lender->device)
		lender->bus = bus_new(
			device_function(lender->device), options->packets);
	if (lender->bus == NULL ||
		(options->configured && !preload(lender->device))) {
		unplug(owner);
		return -ENOMEM;
	}
	*ret_plug = (struct redir_plug){
		.function = device_function(lender->device),
		.bus = lender->bus,
		.unplug = options->unplug_us == UINT64_MAX
			? TICK_NEVER
			: options->unplug_us * TICKS_PER_US,
	};
	return 0;
}

static void say(struct redir_owner *owner, const char *line)
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
		return fail(tool, STATUS_OUTPUT, "%s: %s", path,
			strerror(-result));
	}
}

static bool parse_keys(struct tool *tool, const char *keys,
	struct virtual_options *ret_options)
{
	struct complaint complaint = {0};
	int result =
		virtual_options_parse(keys, 0, ret_options, &complaint);

	if (result < 0)
		return fail(tool, status_of(-result, false), "%s",
			complaint.text);
	if (ret_options->devices == 1 || ret_options->only >= 0)
		return true;
	virtual_options_clear(ret_options);
	return misuse(tool, "one socket is one device; choose by index=N");
}

void virtual_listen(
	struct tool *tool, const char *where, const char *keys, bool paced)
{
	struct lender lender = {
		.owner = {plug, unplug, settle, say, wish},
	};
	const char *path = where + strlen(SCHEME);
	sigset_t awake;
	int listener, result;

	if (strncmp(where, SCHEME, strlen(SCHEME)) != 0 || *path == '\0') {
		misuse(tool, "--listen=%s is not redir:PATH", where);
		return;
	}
	if (!parse_keys(tool, keys, &lender.options))
		return;
	if (open_socket(tool, path, &listener)) {
		hear_wishes(&awake);
		printf("listening on " SCHEME "%s\n", path);
		fflush(stdout);
		result = redir_serve(listener, &lender.owner, paced, &awake);
		unlink(path);
		close(listener);
		if (result < 0)
			fail(tool, status_of(-result, false), "%s",
				strerror(-result));
		else
			fail(tool, STATUS_INTERRUPTED, "interrupted");
	}
	virtual_options_clear(&lender.options);
}
