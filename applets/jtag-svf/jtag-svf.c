/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet jtag-svf: its table, its claims, and its run, which gives a file to
 * the library's player.  The library calls claim() and run() by applet_jtag_svf.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "applets/shared/jtag.h"

static const struct clyde_parameter parameters[] = {
	{
		.name = "file",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.help = "The SVF file",
	},
	JTAG_PINS,
	JTAG_FREQUENCY("1MHz",
		"Of TCK, at most; less where FREQUENCY in the file says so"),
	JTAG_DELAY,
	{0},
};

struct play {
	struct clyde_run *run;
	FILE *file;
	uint64_t bytes, size; /* read so far; of the file, or 0 */
};

static int claim(struct clyde_run *run)
{
	return jtag_claim(run, "jtag-svf");
}

static int fail_file(struct clyde_run *run)
{
	return set_error(CLYDE_ERROR_FILE, "jtag-svf: %s: %s",
		run_text(run, "file"), strerror(errno));
}

static ssize_t read_file(void *user, void *bytes, size_t size)
{
	struct play *play = user;
	size_t got = fread(bytes, 1, size, play->file);

	play->bytes += got;
	return got == 0 && ferror(play->file) ? fail_file(play->run)
					      : (ssize_t)got;
}

static void progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	struct play *play = user;

	run_progress(play->run, what, done, total ? total : play->size);
}

static int play_file(struct play *play, struct jtag *jtag)
{
	const struct clyde_svf_options options = {0};
	const struct clyde_observer observer = {
		.progress = progress, .user = play};
	int64_t begin_ns = now_ns(run_device(play->run));
	double time_s;
	int result;

	if (fseek(play->file, 0, SEEK_END) == 0) {
		play->size = ftell(play->file);
		rewind(play->file);
	}
	result = clyde_jtag_svf(
		jtag_core(jtag), &options, read_file, play, &observer);
	if (result < 0)
		return result;
	time_s = (now_ns(run_device(play->run)) - begin_ns) / 1e9;
	run_tell(play->run, "results",
		(const struct clyde_field[]){COUNT_FIELD("bytes", play->bytes),
			REAL_FIELD("time_s", time_s), END_FIELD},
		"played %llu B, in %.3f s: all that was compared is right",
		(unsigned long long)play->bytes, time_s);
	return 0;
}

static int run(struct clyde_run *run)
{
	struct play play = {
		.run = run, .file = fopen(run_text(run, "file"), "re")};
	struct jtag *jtag = NULL;
	int result;

	if (play.file == NULL)
		return fail_file(run);
	result = jtag_open(run, run_value(run, "frequency"), &jtag);
	if (result == 0)
		result = play_file(&play, jtag);
	jtag_close(jtag);
	fclose(play.file);
	return result;
}

const struct applet applet_jtag_svf = {
	.table =
		{
			.name = "jtag-svf",
			.help = "Play an SVF file over JTAG",
			.parameters = parameters,
			.aliases = "svf",
		},
	.claim = claim,
	.run = run,
};
