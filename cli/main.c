/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of commands, the signals, and main().  Unless a second signal
 * comes, every run ends in finish(), so that devices are closed and the message
 * is printed once.
 */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct command commands[] = {
	{"complete", "complete -- WORD...",
		"List what the last word may become; for shells",
		command_complete},
	{"doctor", "doctor", "Find out what keeps devices from working",
		command_doctor},
	{"factory", "factory",
		"Give a board a new configuration block, if it has lost its "
		"own",
		command_factory},
	{"flash", "flash [APPLET]",
		"Store firmware, and a bitstream, in a device", command_flash},
	{"help", "help [COMMAND]", "Explain a command, or the exit statuses",
		command_help},
	{"info", "info", "Show what a device is", command_info},
	{"list", "list", "List the devices; this needs no command",
		command_list},
	{"load", "load [FILE]", "Load a bitstream, or Clyde's, into the FPGA",
		command_load},
	{"report", "report FILE.json...",
		"Show what benchmarks have measured, as a page or as text",
		command_report},
	{"run", "run [APPLET]", "Run an applet, or list them", command_run},
	{"safe", "safe", "Switch supplies and pull resistors off",
		command_safe},
	{"selftest", "selftest", "Test a board to which nothing is connected",
		command_selftest},
	{"virtual", "virtual -- COMMAND",
		"Run a command with virtual devices plugged in, or lend one",
		command_virtual},
	{"voltage", "voltage [PORTS VOLTS]",
		"Show or set the port supplies and their limits",
		command_voltage},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

const struct command *command_at(size_t index)
{
	return index < COMMANDS ? &commands[index] : NULL;
}

/* ---- Signals ---------------------------------------------------------- */

static struct clyde_context *interruptible;
static volatile sig_atomic_t caught_signal;
/* The terminal's mode at the start; an applet may have made it raw. */
static struct termios terminal;
static bool has_terminal;

static void interrupt(int number)
{
	if (caught_signal) {
		if (has_terminal)
			tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	caught_signal = number;
	clyde_context_interrupt(interruptible);
}

int interrupted(void)
{
	return caught_signal;
}

/* The first signal interrupts the command; the second ends the process, after a
   second SIGQUIT with a core dump. */
static void catch_signals(struct clyde_context *context)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {
		.sa_handler = interrupt,
		.sa_flags = SA_RESTART,
	};
	struct sigaction old;

	interruptible = context;
	has_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
	/* A closed pipe is then a write error: it is reported, and devices are
	   closed first. */
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		/* nohup and "&" start a program with signals ignored; they
		   have to stay ignored. */
		if (sigaction(numbers[i], NULL, &old) == 0 &&
			old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

/* ---- Dispatch --------------------------------------------------------- */

static const struct argp_child children[] = {
	{&global_argp, 0, "Options, before or after the command:", 0},
	{0},
};

static bool parse_line(struct tool *tool, int argc, char **argv, int *ret_at)
{
	struct argp_option options[COMMANDS + 2] = {
		{.doc = "Commands:"},
	};
	struct argp argp = {
		.options = options,
		.args_doc = "[COMMAND [ARGUMENT...]]",
		.doc = "Use a Glasgow Interface Explorer, real or virtual.\v"
		       "clyde(1) has all of it, clyde-virtual(7) the virtual "
		       "device.",
		.children = children,
	};

	for (unsigned i = 0; i < COMMANDS; i++)
		options[i + 1] = (struct argp_option){
			.name = commands[i].synopsis,
			.flags = OPTION_DOC,
			.doc = commands[i].help,
		};
	return parse_word(tool, &argp, argc, argv, ret_at);
}

void dispatch(struct tool *tool, int argc, char **argv)
{
	static char *list[] = {"list", NULL};
	int at;

	tool->command_name[0] = '\0';
	if (!parse_line(tool, argc, argv, &at))
		return;
	argc = at ? argc - at : 1;
	argv = at ? argv + at : list;
	/* Upstream's name for a run of several applets */
	if (strcmp(argv[0], "multi") == 0)
		argv[0] = "run";
	for (unsigned i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		strcpy(tool->command_name, argv[0]);
		commands[i].run(tool, argc, argv);
		return;
	}
	misuse(tool, "unknown command '%s'; see clyde --help", argv[0]);
}

/* If a standard stream is closed, open() would give its number to another file,
   which output would overwrite then.  The access modes are the wrong ones, so
   that using the stream still fails. */
static void fill_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

int main(int argc, char **argv)
{
	struct tool tool = {0};
	enum status status;

	fill_standard_streams();
	if (clyde_context_new(&tool.context) < 0) {
		fputs("clyde: out of memory\n", stderr);
		return STATUS_MEMORY;
	}
	catch_signals(tool.context);
	dispatch(&tool, argc, argv);
	status = finish(&tool);
	/* Without a caught signal, 130 is the exit status of the COMMAND of
	   clyde virtual. */
	if (status == STATUS_INTERRUPTED && caught_signal)
		return 128 + caught_signal;
	return status;
}
