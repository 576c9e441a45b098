/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shrinks a program with a violation to the fewest steps and faults that
   still show it. */
#include "simulation.h"

/* Returns whether the program has a violation with these steps and faults. */
static bool still_violates(struct program *program, uint64_t steps,
	uint32_t faults, struct outcome *outcome, unsigned *runs)
{
	struct program smaller = *program;
	struct outcome result;
	struct tally tally = {0};

	smaller.kept_steps = steps;
	smaller.kept_faults = faults;
	++*runs;
	if (simulate(&smaller, &result, &tally, NULL))
		return false;
	*program = smaller;
	*outcome = result;
	return true;
}

/* Removes stretches of steps first, then single steps, until none can go. */
static bool drop_steps(
	struct program *program, struct outcome *outcome, unsigned *runs)
{
	bool dropped = false;

	for (unsigned length = program->steps; length > 0; length /= 2) {
		uint64_t stretch = length >= 64 ? ~UINT64_C(0)
						: (UINT64_C(1) << length) - 1;

		for (unsigned at = 0; at < program->steps; at += length) {
			uint64_t less = program->kept_steps & ~(stretch << at);

			if (less != program->kept_steps &&
				still_violates(program, less,
					program->kept_faults, outcome, runs))
				dropped = true;
		}
	}
	return dropped;
}

static bool drop_faults(
	struct program *program, struct outcome *outcome, unsigned *runs)
{
	bool dropped = false;

	for (unsigned i = 0; i < DEVICES * FAULTS_MAX; i++) {
		uint32_t less = program->kept_faults & ~(UINT32_C(1) << i);

		if (less != program->kept_faults &&
			still_violates(program, program->kept_steps, less,
				outcome, runs))
			dropped = true;
	}
	return dropped;
}

unsigned shrink(struct program *program, struct outcome *outcome)
{
	unsigned runs = 0;
	bool dropped;

	do {
		dropped = drop_faults(program, outcome, &runs);
		dropped |= drop_steps(program, outcome, &runs);
	} while (dropped);
	return runs;
}
