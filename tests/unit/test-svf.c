/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The player of SVF, by seed: files are drawn together with what has to come out,
 * which the test computes in its own way, from the specification's table of paths
 * as text, and from bits as characters.  Arguments: SEED COUNT.
 */
#include "tests/support/svf-test.h"

static uint64_t first_seed = 1;
static unsigned files = 300;

/* ---- Files by seed -------------------------------------------------------- */

static const char *const stables[] = {"RESET", "IDLE", "DRPAUSE", "IRPAUSE"};

/* From and to; the specification's table for STATE, and what follows from it for
   scans. */
static const char *const paths[][3] = {
	{"RESET", "RESET", "RESET"},
	{"RESET", "IDLE", "IDLE"},
	{"RESET", "DRPAUSE", "IDLE DRSELECT DRCAPTURE DREXIT1 DRPAUSE"},
	{"RESET", "IRPAUSE",
		"IDLE DRSELECT IRSELECT IRCAPTURE IREXIT1 IRPAUSE"},
	{"IDLE", "RESET", "RESET"},
	{"IDLE", "IDLE", ""},
	{"IDLE", "DRPAUSE", "DRSELECT DRCAPTURE DREXIT1 DRPAUSE"},
	{"IDLE", "IRPAUSE", "DRSELECT IRSELECT IRCAPTURE IREXIT1 IRPAUSE"},
	{"DRPAUSE", "RESET", "RESET"},
	{"DRPAUSE", "IDLE", "DREXIT2 DRUPDATE IDLE"},
	{"DRPAUSE", "DRPAUSE",
		"DREXIT2 DRUPDATE DRSELECT DRCAPTURE DREXIT1 DRPAUSE"},
	{"DRPAUSE", "IRPAUSE",
		"DREXIT2 DRUPDATE DRSELECT IRSELECT IRCAPTURE IREXIT1 "
		"IRPAUSE"},
	{"IRPAUSE", "RESET", "RESET"},
	{"IRPAUSE", "IDLE", "IREXIT2 IRUPDATE IDLE"},
	{"IRPAUSE", "DRPAUSE",
		"IREXIT2 IRUPDATE DRSELECT DRCAPTURE DREXIT1 DRPAUSE"},
	{"IRPAUSE", "IRPAUSE",
		"IREXIT2 IRUPDATE DRSELECT IRSELECT IRCAPTURE IREXIT1 "
		"IRPAUSE"},
	{"RESET", "DRSHIFT", "IDLE DRSELECT DRCAPTURE DRSHIFT"},
	{"RESET", "IRSHIFT", "IDLE DRSELECT IRSELECT IRCAPTURE IRSHIFT"},
	{"IDLE", "DRSHIFT", "DRSELECT DRCAPTURE DRSHIFT"},
	{"IDLE", "IRSHIFT", "DRSELECT IRSELECT IRCAPTURE IRSHIFT"},
	{"DRPAUSE", "DRSHIFT", "DREXIT2 DRSHIFT"},
	{"DRPAUSE", "IRSHIFT",
		"DREXIT2 DRUPDATE DRSELECT IRSELECT IRCAPTURE IRSHIFT"},
	{"IRPAUSE", "DRSHIFT", "IREXIT2 IRUPDATE DRSELECT DRCAPTURE DRSHIFT"},
	{"IRPAUSE", "IRSHIFT", "IREXIT2 IRSHIFT"},
	{"DREXIT1", "RESET", "RESET"},
	{"DREXIT1", "IDLE", "DRUPDATE IDLE"},
	{"DREXIT1", "DRPAUSE", "DRPAUSE"},
	{"DREXIT1", "IRPAUSE",
		"DRUPDATE DRSELECT IRSELECT IRCAPTURE IREXIT1 IRPAUSE"},
	{"IREXIT1", "RESET", "RESET"},
	{"IREXIT1", "IDLE", "IRUPDATE IDLE"},
	{"IREXIT1", "DRPAUSE", "IRUPDATE DRSELECT DRCAPTURE DREXIT1 DRPAUSE"},
	{"IREXIT1", "IRPAUSE", "IRPAUSE"},
};

#define LENGTH_MAX 70

struct pattern {
	unsigned length;
	bool ever;
	/* Characters 0 and 1, the least significant bit first */
	char tdi[LENGTH_MAX + 1], tdo[LENGTH_MAX + 1], mask[LENGTH_MAX + 1];
	bool expects;
};

/* What is to come out of a file so far. */
struct oracle {
	struct text file, wanted;
	const char *state;
	const char *end_dr, *end_ir, *run_state, *run_end;
	struct pattern hdr, hir, sdr, sir, tdr, tir;
};

static struct oracle oracle;

static void go(const char *to)
{
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char copy[100], *save;

		if (strcmp(paths[i][0], oracle.state) != 0 ||
			strcmp(paths[i][1], to) != 0)
			continue;
		strcpy(copy, paths[i][2]);
		for (char *state = strtok_r(copy, " ", &save); state;
			state = strtok_r(NULL, " ", &save))
			say(&oracle.wanted, "%s\n", state);
		oracle.state = to;
		return;
	}
	fail_msg("no path from %s to %s", oracle.state, to);
}

/* Between the words of a file, and inside scan data. */
static void put_space(bool needed)
{
	switch (draw(needed ? 8 : 16)) {
	case 0:
		say(&oracle.file, "\n");
		break;
	case 1:
		say(&oracle.file, "\t \r\n");
		break;
	case 2:
		say(&oracle.file, "! SDR 8 TDI (00);\n");
		break;
	case 3:
		say(&oracle.file, "// a comment ! and // more\n");
		break;
	case 4:
		say(&oracle.file, "  ");
		break;
	default:
		say(&oracle.file, "%s", needed ? " " : "");
		break;
	}
}

static void put_word(const char *word)
{
	unsigned style = draw(3);

	for (; *word; word++)
		say(&oracle.file, "%c",
			(style == 0 || (style == 1 && draw(2))) &&
					*word >= 'A' && *word <= 'Z'
				? *word - 'A' + 'a'
				: *word);
	put_space(true);
}

static void put_end(void)
{
	say(&oracle.file, ";");
	put_space(false);
}

static const char *draw_stable(void)
{
	return stables[draw(4)];
}

static void draw_bits(char *bits, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		bits[i] = '0' + draw(2);
	if (draw(8) == 0)
		memset(bits, '0', length);
	bits[length] = '\0';
}

/* Leading zeros may be left out, but one digit is there. */
static void put_bits(const char *name, const char *bits)
{
	size_t digits = (strlen(bits) + 3) / 4, length = strlen(bits);
	bool shorten = draw(2), started = !shorten;

	if (name) {
		put_word(name);
		say(&oracle.file, "(");
	}
	for (size_t i = digits; i-- > 0;) {
		unsigned digit = 0;

		for (unsigned j = 0; j < 4 && 4 * i + j < length; j++)
			digit |= (bits[4 * i + j] - '0') << j;
		started |= digit || i == 0;
		if (started)
			say(&oracle.file, draw(2) ? "%x" : "%X", digit);
		put_space(false);
	}
	say(&oracle.file, ")");
	put_space(false);
}

/* A statement with a pattern; what is left out stays as it was. */
static void put_pattern(
	const char *statement, struct pattern *pattern, unsigned minimum)
{
	bool same = pattern->ever && pattern->length >= minimum && draw(2);
	unsigned length = minimum + draw(LENGTH_MAX - minimum + 1);
	char number[16], smask[LENGTH_MAX + 1];
	bool give_tdi, give_mask;

	if (!same && (!pattern->ever || pattern->length != length)) {
		pattern->length = length;
		memset(pattern->mask, '1', LENGTH_MAX);
		pattern->mask[pattern->length] = '\0';
		pattern->ever = true;
	}
	give_tdi = pattern->length > 0 && (!same || draw(2));
	give_mask = pattern->length > 0 && draw(3) == 0;
	pattern->expects = pattern->length > 0 && draw(2);
	if (give_tdi)
		draw_bits(pattern->tdi, pattern->length);
	if (give_mask)
		draw_bits(pattern->mask, pattern->length);
	if (pattern->expects)
		draw_bits(pattern->tdo, pattern->length);
	if (pattern->length == 0)
		pattern->tdi[0] = '\0';
	put_word(statement);
	snprintf(number, sizeof(number), draw(2) ? "%u" : "%03u",
		pattern->length);
	put_word(number);
	if (pattern->length > 0 && draw(4) == 0) {
		draw_bits(smask, pattern->length);
		put_bits("SMASK", smask);
	}
	if (give_mask && draw(2)) {
		put_bits("MASK", pattern->mask);
		give_mask = false;
	}
	if (pattern->expects)
		put_bits("TDO", pattern->tdo);
	if (give_tdi)
		put_bits("TDI", pattern->tdi);
	if (give_mask)
		put_bits("MASK", pattern->mask);
	put_end();
}

static void want_bits(const struct pattern *pattern)
{
	say(&oracle.wanted, "%s", pattern->length ? pattern->tdi : "");
}

static void want_expected(const struct pattern *pattern)
{
	for (unsigned i = 0; i < pattern->length; i++)
		say(&oracle.wanted, "%c",
			pattern->expects && pattern->mask[i] == '1'
				? pattern->tdo[i]
				: 'x');
}

static void draw_scan(bool ir)
{
	struct pattern *const three[] = {ir ? &oracle.hir : &oracle.hdr,
		ir ? &oracle.sir : &oracle.sdr, ir ? &oracle.tir : &oracle.tdr};

	put_pattern(ir ? "SIR" : "SDR", three[1], 1);
	go(ir ? "IRSHIFT" : "DRSHIFT");
	say(&oracle.wanted, "shift ");
	for (unsigned i = 0; i < 3; i++)
		want_bits(three[i]);
	say(&oracle.wanted, " ");
	for (unsigned i = 0; i < 3; i++)
		want_expected(three[i]);
	oracle.state = ir ? "IREXIT1" : "DREXIT1";
	say(&oracle.wanted, "\n%s\n", oracle.state);
	go(ir ? oracle.end_ir : oracle.end_dr);
}

static void draw_around(void)
{
	switch (draw(4)) {
	case 0:
		put_pattern("HDR", &oracle.hdr, 0);
		break;
	case 1:
		put_pattern("HIR", &oracle.hir, 0);
		break;
	case 2:
		put_pattern("TDR", &oracle.tdr, 0);
		break;
	default:
		put_pattern("TIR", &oracle.tir, 0);
		break;
	}
}

/* Numbers of nanoseconds, written in several ways. */
static unsigned put_time(void)
{
	unsigned us = 1 + draw(5000);
	char number[32];

	switch (draw(4)) {
	case 0:
		snprintf(number, sizeof(number), "%uE-6", us);
		break;
	case 1:
		snprintf(
			number, sizeof(number), "%u.%uE-005", us / 10, us % 10);
		break;
	case 2:
		snprintf(number, sizeof(number), "0.%06u", us);
		break;
	default:
		snprintf(number, sizeof(number), "%u000.0E-9", us);
		break;
	}
	put_word(number);
	put_word("SEC");
	return us * 1000;
}

/* A run that would take its own run_state and end_state from the one before. */
static void draw_run(void)
{
	unsigned clocks = 0, system_clocks = 0;
	unsigned long long minimum = 0, maximum = UINT64_MAX;
	unsigned form = draw(4);

	put_word("RUNTEST");
	if (draw(2)) {
		oracle.run_state = oracle.run_end = draw_stable();
		put_word(oracle.run_state);
	}
	if (form < 3) {
		unsigned count = draw(1000000);
		bool system = draw(4) == 0;
		char number[16];

		snprintf(number, sizeof(number), "%u", count);
		put_word(number);
		put_word(system ? "SCK" : "TCK");
		*(system ? &system_clocks : &clocks) = count;
	}
	if (form > 0) {
		minimum = put_time();
		if (draw(3) == 0) {
			put_word("MAXIMUM");
			put_word("1.5");
			put_word("SEC");
			maximum = 1500000000;
		}
	}
	if (draw(3) == 0) {
		oracle.run_end = draw_stable();
		put_word("ENDSTATE");
		put_word(oracle.run_end);
	}
	put_end();
	if (oracle.run_state == oracle.state ||
		strcmp(oracle.run_state, oracle.state) == 0) {
		if (strcmp(oracle.state, "RESET") == 0)
			go("RESET");
	} else {
		go(oracle.run_state);
	}
	say(&oracle.wanted, "run %s %u %u %llu %llu\n", oracle.run_state,
		clocks, system_clocks, minimum, maximum);
	if (strcmp(oracle.run_end, oracle.state) != 0 ||
		strcmp(oracle.state, "RESET") == 0)
		go(oracle.run_end);
}

/* Clocks from state to state until a stable one is drawn. */
static void draw_path(void)
{
	const char *state = oracle.state;

	put_word("STATE");
	for (unsigned i = 0;; i++) {
		state = clock(state, draw(2));
		put_word(state);
		say(&oracle.wanted, "%s\n", state);
		for (unsigned j = 0; j < 4; j++)
			if (i > 0 && strcmp(state, stables[j]) == 0 &&
				(i > 20 || draw(2))) {
				put_end();
				oracle.state = stables[j];
				return;
			}
	}
}

static void draw_state(void)
{
	const char *to = draw_stable();

	put_word("STATE");
	put_word(to);
	put_end();
	go(to);
}

static void draw_statement(void)
{
	switch (draw(12)) {
	case 0:
		draw_state();
		return;
	case 1:
		draw_path();
		return;
	case 2:
		oracle.end_dr = draw_stable();
		put_word("ENDDR");
		put_word(oracle.end_dr);
		put_end();
		return;
	case 3:
		oracle.end_ir = draw_stable();
		put_word("ENDIR");
		put_word(oracle.end_ir);
		put_end();
		return;
	case 4:
		put_word("FREQUENCY");
		put_word("1.25E6");
		put_word("HZ");
		put_end();
		say(&oracle.wanted, "frequency 1250000\n");
		return;
	case 5:
	case 6:
		draw_around();
		return;
	case 7:
		draw_run();
		return;
	default:
		draw_scan(draw(2));
		return;
	}
}

static void make_file(uint64_t seed)
{
	memset(&oracle, 0, sizeof(oracle));
	random_state = seed;
	oracle.state = "RESET";
	oracle.end_dr = oracle.end_ir = "IDLE";
	oracle.run_state = oracle.run_end = "IDLE";
	say(&oracle.file, "TRST OFF;STATE RESET;");
	say(&oracle.wanted, "trst OFF\nRESET\n");
	for (unsigned i = 0; i < 60; i++)
		draw_statement();
}

static void show_difference(uint64_t seed)
{
	const char *seen = port.seen.bytes, *wanted = oracle.wanted.bytes;
	size_t at = 0, line = 0;

	while (seen[at] == wanted[at])
		line = seen[at++] == '\n' ? at : line;
	fail_msg("seed %llu: %.*s instead of %.*s", (unsigned long long)seed,
		(int)strcspn(seen + line, "\n"), seen + line,
		(int)strcspn(wanted + line, "\n"), wanted + line);
}

static void a_file_does_what_the_specification_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < files; i++) {
		int error;

		make_file(first_seed + i);
		error = play_bytes(oracle.file.bytes, oracle.file.size,
			1 + draw(i % 2 ? 5 : 5000));
		if (error != 0)
			fail_msg("seed %llu: %s",
				(unsigned long long)(first_seed + i), why);
		if (strcmp(port.seen.bytes, oracle.wanted.bytes) != 0)
			show_difference(first_seed + i);
	}
}

/* The first difference, against a comparison of one bit after the other. */
static void the_first_difference_is_found(void **state)
{
	(void)state;
	random_state = first_seed;
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t tdo[2][20], mask[2][20], got[40] = {0};
		unsigned sizes[2] = {1 + draw(150), 1 + draw(150)};
		unsigned first = UINT32_MAX, flips = draw(3);
		struct svf_scan scan = {.line = 1, .pieces_count = 2};
		char text[SVF_WHY_SIZE] = "", begin[40];
		bool same;

		for (unsigned j = 0; j < 40; j++) {
			tdo[j / 20][j % 20] = draw(256);
			mask[j / 20][j % 20] = draw(3) ? 0xff : draw(256);
		}
		for (unsigned j = 0; j < sizes[0] + sizes[1]; j++) {
			unsigned which = j >= sizes[0];
			unsigned at = which ? j - sizes[0] : j;

			got[j / 8] |= bit(tdo[which], at) << j % 8;
		}
		for (; flips > 0; flips--) {
			unsigned j = draw(sizes[0] + sizes[1]);
			unsigned which = j >= sizes[0];

			got[j / 8] ^= 1 << j % 8;
			if (bit(mask[which], which ? j - sizes[0] : j) &&
				j != first)
				first = j < first ? j : first;
			else if (j == first)
				first = UINT32_MAX;
			if (flips == 2)
				break; /* a second one could take it back */
		}
		for (unsigned j = 0; j < 2; j++)
			scan.pieces[j] = (struct svf_bits){
				sizes[j], tdo[j], tdo[j], mask[j]};
		same = svf_compare(&scan, got, text);
		assert_int_equal(same, first == UINT32_MAX);
		snprintf(begin, sizeof(begin), "line 1: SDR: bit %u is", first);
		assert_true(same || strncmp(text, begin, strlen(begin)) == 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_does_what_the_specification_says),
		cmocka_unit_test(the_first_difference_is_found),
	};

	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		files = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
