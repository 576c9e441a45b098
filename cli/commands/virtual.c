/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde virtual: runs a command with virtual Glasgows plugged in, or with
 * --listen serves one on a socket (virtual-listen.c).  The command gets the
 * shim of plug/usbfs preloaded; this process serves the devices and ends with
 * the command's exit status.
 */
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/number.h"
#include "plug/devices.h"
#include "virtual-command.h"
#include "virtual-listen.h"
#include "plug/usbfs/host.h"

#define SHIM "libclyde-usbfs.so"

/* A limit, so that the number of bytes cannot overflow */
#define MEMORY_MAX_MB 1024

struct virtual
{
	struct tool *tool;
	char specification[CLYDE_URI_SIZE];
	const char *listen;
	enum pace pace;
	struct usbfs_options options;
	char **command;
	struct virtual_devices plugged;
	struct usbfs_host *host;
	pid_t child;
	bool stopped[VIRTUAL_DEVICES_MAX]; /* print_stopped() has said it */
};

/* ---- Arguments -------------------------------------------------------- */

enum {
	KEY_DEVICES = 0x200,
	KEY_REVISION,
	KEY_API,
	KEY_PACE,
	KEY_FAULT,
	KEY_SPLIT,
	KEY_MEMORY,
	KEY_LISTEN,
	KEY_WIRE,
	KEY_PART,
};

static const struct argp_option options[] = {
	{"devices", KEY_DEVICES, "N", 0, "How many are plugged in (default: 1)",
		0},
	{"revision", KEY_REVISION, "REV", 0, "Their revision (default: C3)", 0},
	{"api", KEY_API, "LEVEL", 0,
		"API level of their firmware; 0 is none, a bare FX2 "
		"(default: 9)",
		0},
	{"pace", KEY_PACE, "off|link", 0,
		"Move data as fast as memory, or in the bus's own time "
		"(default: off)",
		0},
	{"fault", KEY_FAULT, "FAULT", 0,
		"Something goes wrong, see clyde-virtual(7); may be repeated",
		0},
	{"wire", KEY_WIRE, "PIN-PIN", 0,
		"A wire between port pins, like A0-A1; may be repeated", 0},
	{"part", KEY_PART, "PART", 0,
		"A part on port pins, see clyde-virtual(7); may be repeated",
		0},
	{"listen", KEY_LISTEN, "redir:PATH", 0,
		"Instead of a command: serve one by usbredir on a UNIX socket, "
		"to QEMU",
		0},
	{"no-scatter-gather", KEY_SPLIT, NULL, 0,
		"Be a host controller for which libusb splits at 16 KiB", 0},
	{"memory", KEY_MEMORY, "MB", 0,
		"How much USB transfers may take in all (default: 16)", 0},
	{0},
};

static error_t add_key(
	struct virtual *virtual, const char *key, const char *value)
{
	char *text = virtual->specification;
	size_t used = strlen(text), room = sizeof(virtual->specification);

	if (strchr(value, ',')) {
		misuse(virtual->tool, "--%s %s: a value has no comma", key,
			value);
		return EINVAL;
	}
	if ((size_t)snprintf(text + used, room - used, "%s%s=%s",
		    used ? "," : "", key, value) < room - used)
		return 0;
	misuse(virtual->tool, "more than %zu characters of keys", room - 1);
	return EINVAL;
}

static error_t parse_pace(struct virtual *virtual, const char *text)
{
	if (strcmp(text, "off") == 0)
		virtual->pace = PACE_OFF;
	else if (strcmp(text, "link") == 0)
		virtual->pace = PACE_LINK;
	else {
		misuse(virtual->tool, "--pace %s is neither off nor link",
			text);
		return EINVAL;
	}
	return 0;
}

static error_t parse_memory(struct virtual *virtual, const char *text)
{
	static const struct number_form form = {
		.minimum = 1, .maximum = MEMORY_MAX_MB};
	uint64_t megabytes;

	if (number_parse(text, &form, &megabytes, NULL) == NUMBER_OK) {
		virtual->options.bytes_max = megabytes << 20;
		return 0;
	}
	misuse(virtual->tool, "--memory %s is not in 1..%d", text,
		MEMORY_MAX_MB);
	return EINVAL;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct virtual *virtual = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, virtual->tool);
		return 0;
	case KEY_DEVICES:
		return add_key(virtual, "devices", argument);
	case KEY_REVISION:
		return add_key(virtual, "revision", argument);
	case KEY_API:
		return add_key(virtual, "api", argument);
	case KEY_FAULT:
		return add_key(virtual, "fault", argument);
	case KEY_WIRE:
		return add_key(virtual, "wire", argument);
	case KEY_PART:
		return add_key(virtual, "part", argument);
	case KEY_PACE:
		return parse_pace(virtual, argument);
	case KEY_MEMORY:
		return parse_memory(virtual, argument);
	case KEY_LISTEN:
		virtual->listen = argument;
		return 0;
	case KEY_SPLIT:
		virtual->options.no_scatter_gather = true;
		return 0;
	case ARGP_KEY_ARG:
		virtual->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "-- COMMAND [ARGUMENT...]",
	.doc = "Run COMMAND with virtual Glasgows plugged in: whatever uses "
	       "libusb in it finds them.  Ends with its exit status.\v"
	       "-d virtual:KEY=VALUE,... gives what has no option here.",
	.children = children,
};

/* Join the keys of -d and those of the options.  The options come last, so an
   option overrides a key of -d. */
static bool whole_specification(struct virtual *virtual)
{
	static const char scheme[] = "virtual:";
	const char *uri = virtual->tool->uri;
	char own[CLYDE_URI_SIZE];

	if (uri == NULL)
		return true;
	if (strncmp(uri, scheme, strlen(scheme)) != 0)
		return misuse(virtual->tool, "-d %s is no virtual device", uri);
	uri += strlen(scheme);
	strcpy(own, virtual->specification);
	if ((size_t)snprintf(virtual->specification,
		    sizeof(virtual->specification), "%s%s%s", uri,
		    *uri && *own ? "," : "",
		    own) < sizeof(virtual->specification))
		return true;
	return misuse(virtual->tool, "more than %zu characters of keys",
		sizeof(virtual->specification) - 1);
}

/* ---- The command ------------------------------------------------------ */

/* Find the shim: in the build tree, relative to this executable as installed,
   or below the configured prefix. */
static bool find_shim(struct virtual *virtual, char path[PATH_MAX])
{
	static const char *const places[] = {
		"/../plug/" SHIM,
		"/../" CLYDE_LIBDIR "/clyde/" SHIM,
	};
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[size < 0 ? 0 : size] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, PATH_MAX, "%.*s%s", PATH_MAX - 128, self,
			places[i]);
		if (access(path, R_OK) == 0)
			return true;
	}
	snprintf(path, PATH_MAX, "%s",
		CLYDE_PREFIX "/" CLYDE_LIBDIR "/clyde/" SHIM);
	return access(path, R_OK) == 0 ||
		fail(virtual->tool, STATUS_INTERNAL, "%s is not installed",
			path);
}

static void prepend(const char *name, const char *value, char separator)
{
	const char *old = getenv(name);
	char *text;

	if (old == NULL || *old == '\0')
		setenv(name, value, true);
	else if (asprintf(&text, "%s%c%s", value, separator, old) >= 0) {
		setenv(name, text, true);
		free(text);
	}
}

/* LD_PRELOAD cannot quote the characters at which the loader splits or expands
   it.  If the shim's path has one of them, use a link in the host's directory,
   whose name has none.  The path is better: the link is gone at the end, when
   children of the command may still start programs. */
static bool name_shim(struct virtual *virtual, char path[PATH_MAX])
{
	char shim[PATH_MAX], real[PATH_MAX];

	if (!find_shim(virtual, shim))
		return false;
	if (realpath(shim, real) && strpbrk(real, " \t\n:;$") == NULL) {
		memcpy(path, real, sizeof(real));
		return true;
	}
	snprintf(path, PATH_MAX, "%s/" SHIM,
		usbfs_host_directory(virtual->host));
	return symlink(shim, path) == 0 ||
		fail(virtual->tool, STATUS_OUTPUT, "%s: %s", path,
			strerror(errno));
}

/* Preload the shim into the command. */
static bool set_environment(struct virtual *virtual)
{
	char shim[PATH_MAX];

	if (!name_shim(virtual, shim))
		return false;
	prepend("LD_PRELOAD", shim, ' ');
	setenv("CLYDE_USBFS", usbfs_host_directory(virtual->host), true);
	setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", true);
	/* AddressSanitizer ends a program in which its library is not the first
	   preloaded one; here it works in second place too. */
	prepend("ASAN_OPTIONS", "verify_asan_link_order=0", ':');
	return true;
}

static bool start(struct virtual *virtual, const sigset_t *mask)
{
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE); /* main() ignores SIGPIPE */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(
		&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(&virtual->child, virtual->command[0], NULL,
		&attributes, virtual->command, environ);
	posix_spawnattr_destroy(&attributes);
	if (error == 0)
		return true;
	return fail(virtual->tool,
		error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE,
		"virtual: cannot run %s: %s", virtual->command[0],
		strerror(error));
}

/*
 * Pass a signal on to COMMAND if a process sent it.  The kernel sends a signal
 * of the terminal to the whole process group, so COMMAND has it already.  True
 * when COMMAND has ended.
 */
static bool take_signal(struct virtual *virtual, int signals)
{
	struct signalfd_siginfo info;
	int status;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGCHLD) {
		if (info.ssi_code != SI_KERNEL)
			kill(virtual->child, info.ssi_signo);
		return false;
	}
	if (waitpid(virtual->child, &status, WNOHANG) != virtual->child)
		return false;
	virtual->tool->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						    : WEXITSTATUS(status);
	return true;
}

/* Print, once, why the firmware of a device has stopped. */
static void print_stopped(struct virtual *virtual)
{
	for (unsigned at = 0; at < virtual->plugged.count; at++) {
		const struct device *device = virtual->plugged.plugs[at].device;
		const char *fault = device_fault(device);

		if (fault && !virtual->stopped[at])
			fprintf(stderr, "clyde: note: %s\n", fault);
		virtual->stopped[at] = fault;
	}
}

static bool serve(struct virtual *virtual, int signals)
{
	/* The default timer slack of 50 us is large beside a microframe. */
	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		int result = usbfs_host_serve(virtual->host, signals);

		if (result < 0) {
			kill(virtual->child, SIGTERM);
			return fail(virtual->tool, STATUS_INTERNAL,
				"virtual: %s", strerror(-result));
		}
		print_stopped(virtual);
		if (take_signal(virtual, signals))
			return true;
	}
}

static void run(struct virtual *virtual)
{
	static const int numbers[] = {
		SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	sigset_t mask, old;
	int signals;

	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&mask, numbers[i]);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (takes_shim(virtual->tool, virtual->command[0]) &&
		set_environment(virtual) && start(virtual, &old))
		serve(virtual, signals);
	close(signals);
}

/* Report devices that the host could not enumerate; a kernel logs these. */
static void print_missing(const struct virtual *virtual)
{
	unsigned count = usbfs_host_missing(virtual->host);

	if (count > 0)
		fprintf(stderr,
			"clyde: note: %u of %u devices cannot be enumerated: "
			"unplugged, or their descriptors make no sense\n",
			count, virtual->plugged.count);
}

/* Print the faults that seed=N drew, each in the syntax of --fault. */
static void print_drawn(const struct virtual *virtual)
{
	char text[FAULT_TEXT_SIZE];

	for (unsigned at = 0; at < virtual->plugged.count; at++) {
		const struct faults *faults = &virtual->plugged.options[at]
						       .faults;

		for (unsigned i = 0; i < faults->count; i++) {
			if (!faults->list[i].drawn)
				continue;
			fault_text(&faults->list[i], text);
			fprintf(stderr, "clyde: note: drawn: fault=%s\n", text);
		}
	}
}

static void print_note(const char *sentence)
{
	fprintf(stderr, "clyde: note: %s\n", sentence);
}

void command_virtual(struct tool *tool, int argc, char **argv)
{
	struct virtual virtual = {
		.tool = tool,
		.options = {.bytes_max = USBFS_BYTES_DEFAULT},
	};
	char why[USBFS_WHY_SIZE];
	int result;

	if (!parse_in_order(tool, &argp, argc, argv, &virtual) ||
		!whole_specification(&virtual))
		return;
	if (virtual.listen && virtual.command) {
		misuse(tool, "'%s' is one argument too many",
			virtual.command[0]);
		return;
	}
	if (virtual.listen) {
		virtual_listen(tool, virtual.listen, virtual.specification,
			virtual.pace);
		return;
	}
	if (virtual.command == NULL) {
		misuse(tool, "COMMAND is missing; see clyde help virtual");
		return;
	}
	result = virtual_devices_new(&virtual.plugged, virtual.specification,
		virtual.pace, print_note);
	if (result < 0) {
		fail(tool, status_of(result, false), "%s",
			clyde_error_message());
	} else if (usbfs_host_new(virtual.plugged.plugs, virtual.plugged.count,
			   &virtual.options, &virtual.host, why) < 0) {
		fail(tool, STATUS_INTERNAL, "virtual: %s", why);
	} else {
		print_missing(&virtual);
		print_stopped(&virtual);
		print_drawn(&virtual);
		run(&virtual);
		usbfs_host_free(virtual.host);
		if (virtual_devices_save(&virtual.plugged) < 0 ||
			virtual_devices_finish(&virtual.plugged) < 0)
			fail(tool, STATUS_OUTPUT, "%s", clyde_error_message());
	}
	virtual_devices_free(&virtual.plugged);
}
