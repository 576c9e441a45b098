/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Prints what the user sees of an execution that breaks a rule or is
   replayed. */
#include "execution.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void print_schedule(const char *schedule)
{
	fprintf(stderr, "  again: model-objects --case %s --schedule %s\n",
		run.it->name, schedule[0] ? schedule : "-");
}

void model_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "%s: ", run.it->name);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	run.schedule[run.length] = '\0';
	print_schedule(run.schedule);
	run.failed = true;
	setcontext(&run.main);
	abort();
}

/* Called by AddressSanitizer when it reports an error. */
void __asan_on_error(void);
void __asan_on_error(void)
{
	if (run.it == NULL)
		return;
	run.schedule[run.length] = '\0';
	print_schedule(run.schedule);
}

static void on_crash(int signal)
{
	fprintf(stderr, "%s: %s\n", run.it->name, strsignal(signal));
	__asan_on_error();
	_exit(1);
}

static const char *const op_names[] = {
	[MODEL_START] = "starts",
	[MODEL_LOCK] = "locks",
	[MODEL_TRYLOCK] = "tries to lock",
	[MODEL_UNLOCK] = "unlocks",
	[MODEL_RELOCK] = "is woken by",
	[MODEL_LOAD] = "loads",
	[MODEL_STORE] = "stores",
	[MODEL_AWAIT] = "ends its wait on",
	[MODEL_STEP] = "is in",
	[MODEL_END] = "ends",
};

void print_step(unsigned index)
{
	const struct fiber *fiber = &run.fibers[index];

	printf("%c %s %s\n", 'A' + index, op_names[fiber->op],
		fiber->at ? run.it->describe(fiber->at) : "");
	fflush(stdout);
}

void report_crashes(void)
{
	static char stack[64 * 1024];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {
		.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGABRT, &action, NULL);
}

void report_deadlock(void)
{
	char text[400] = "";

	for (unsigned i = 0; i < run.it->threads; i++) {
		const struct fiber *fiber = &run.fibers[i];
		size_t size = strlen(text);

		if (fiber->op != MODEL_END)
			snprintf(text + size, sizeof(text) - size,
				"; %c never %s %s", 'A' + i,
				op_names[fiber->op],
				run.it->describe(fiber->at));
	}
	model_fail("deadlock%s", text);
}
