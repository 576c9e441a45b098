/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Draws files in SVF, and what they do to the TAPs. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "jtag.h"

#define SCAN_BYTES 40

struct file {
	struct jtag_plan *plan;
	struct random *random;
	char *text;
	size_t size;
	unsigned lines, mismatch;
	uint8_t end[2]; /* the states behind SDR and SIR */
};

__attribute__((format(printf, 2, 3))) static void say(
	struct file *file, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	file->size += vsnprintf(file->text + file->size, SVF_TEXT - file->size,
		format, arguments);
	va_end(arguments);
}

/* The bit that is shifted last comes first. */
static void say_bits(struct file *file, const char *what, const uint8_t *bits,
	uint32_t count)
{
	say(file, " %s (", what);
	for (uint32_t i = (count + 3) / 4; i-- > 0;) {
		unsigned left = count - 4 * i;
		unsigned digit = bits[i / 2] >> i % 2 * 4 & 15;

		say(file, "%X", left < 4 ? digit & ((1u << left) - 1) : digit);
	}
	say(file, ")");
}

static void end_line(struct file *file)
{
	say(file, ";\n");
	file->lines++;
}

/* What must come, of which bits that are not certain are masked. */
static void say_expected(struct file *file, uint8_t *right, uint8_t *mask,
	uint32_t bits, bool differs)
{
	for (uint32_t i = 0; i < bits && differs; i++)
		if (mask[i / 8] >> i % 8 & 1) {
			right[i / 8] ^= 1 << i % 8;
			file->mismatch = file->lines + 1;
			break;
		}
	say_bits(file, "TDO", right, bits);
	say_bits(file, "MASK", mask, bits);
}

static void draw_scan(struct file *file, bool ir, bool differs)
{
	uint8_t out[SCAN_BYTES], right[SCAN_BYTES], mask[SCAN_BYTES];
	const struct chain *chain = &file->plan->chain;
	struct clyde_jtag_step step = {
		.kind = ir ? CLYDE_JTAG_IR : CLYDE_JTAG_DR,
		.out = out,
		.state = file->end[ir],
		.bits = ir ? chain_ir_bits(chain) : chain_dr_bits(chain),
	};
	bool checks = differs || draw(file->random, 4);

	if (!ir)
		step.bits += draw(file->random, 20);
	for (unsigned i = 0; i < SCAN_BYTES; i++)
		out[i] = random_next(file->random);
	say(file, "%s %" PRIu32, ir ? "SIR" : "SDR", step.bits);
	say_bits(file, "TDI", out, step.bits);
	jtag_plan_step(file->plan, &step, right, mask);
	if (checks)
		say_expected(file, right, mask, step.bits, differs);
	end_line(file);
}

static void draw_end(struct file *file)
{
	bool ir = draw(file->random, 2), pause = draw(file->random, 2);

	file->end[ir] = pause ? (ir ? CLYDE_TAP_IR_PAUSE : CLYDE_TAP_DR_PAUSE)
			      : CLYDE_TAP_IDLE;
	say(file, "%s %s", ir ? "ENDIR" : "ENDDR",
		pause ? (ir ? "IRPAUSE" : "DRPAUSE") : "IDLE");
	end_line(file);
}

static void draw_run(struct file *file)
{
	const struct clyde_jtag_step step = {
		.kind = CLYDE_JTAG_RUN, .clocks = 1 + draw(file->random, 200)};

	jtag_plan_go(file->plan, CLYDE_TAP_IDLE);
	jtag_plan_step(file->plan, &step, NULL, NULL);
	say(file, "RUNTEST %" PRIu32 " TCK", step.clocks);
	end_line(file);
}

static void draw_state(struct file *file)
{
	bool resets = draw(file->random, 2);

	jtag_plan_go(file->plan, resets ? CLYDE_TAP_RESET : CLYDE_TAP_IDLE);
	say(file, "STATE %s", resets ? "RESET" : "IDLE");
	end_line(file);
}

unsigned svf_draw(
	struct jtag_plan *plan, struct random *random, char text[SVF_TEXT])
{
	struct file file = {.plan = plan,
		.random = random,
		.text = text,
		.end = {CLYDE_TAP_IDLE, CLYDE_TAP_IDLE}};
	unsigned statements = 1 + draw(random, 12);
	bool differs = draw(random, 3) == 0;

	say(&file, "! a file\n");
	file.lines = 1;
	jtag_plan_go(plan, CLYDE_TAP_RESET);
	say(&file, "STATE RESET");
	end_line(&file);
	for (unsigned i = 0; i < statements && file.mismatch == 0; i++) {
		bool last = differs && i + 1 == statements;
		unsigned kind = last ? 5 : draw(random, 9);

		if (kind == 0)
			draw_end(&file);
		else if (kind == 1)
			draw_run(&file);
		else if (kind == 2)
			draw_state(&file);
		else
			draw_scan(&file, kind < 5, last);
	}
	return file.mismatch;
}
