/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What people who write firmware see of an 8051: breakpoints, trace, profile,
   disassembly, and names from SDCC's files. */
#include "tests/support/mcs51-test.h"

#include <stdio.h>
#include <stdlib.h>

#include "virtual/mcs51/debug.h"

static int set_up(void **state)
{
	fresh_computer(state);
	cpu->debug = mcs51_debug_create();
	return cpu->debug ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	mcs51_debug_destroy(cpu->debug);
	return 0;
}

/* What one of the functions prints. */
static char *printed(void (*print)(const struct mcs51_debug *,
			     const struct mcs51_symbols *, FILE *),
	const struct mcs51_symbols *symbols)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(cpu->debug, symbols, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* ---- Breakpoints ---- */

static void a_breakpoint_stops_before_its_instruction_each_time(void **state)
{
	(void)state;
	PUT(0, 0x04, 0x04, 0x80, 0xfc); /* inc a; inc a; sjmp 0 */
	mcs51_breakpoint(cpu, 1, true);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(mcs51_run(cpu, 1000), MCS51_BREAKPOINT);
		assert_int_equal(now->pc, 1);
		assert_int_equal(now->acc, 2 * i + 1);
	}
	mcs51_breakpoint(cpu, 1, false);
	assert_int_equal(mcs51_run(cpu, 1000), MCS51_TIME);
}

static void a_breakpoint_in_a_loop_that_waits_stops_each_pass(void **state)
{
	(void)state;
	PUT(0, 0x00, 0x80, 0xfd);
	assert_int_equal(mcs51_run(cpu, 1000), MCS51_WAITS);
	mcs51_breakpoint(cpu, 0, true);
	for (int i = 0; i < 100; i++)
		assert_int_equal(mcs51_run(cpu, 1000), MCS51_BREAKPOINT);
	assert_in_range(cpu->cycles, 99 * 4, 110 * 4);
}

static void a_breakpoint_on_a_vector_stops_before_the_handler(void **state)
{
	(void)state;
	PUT(0, 0x80, 0xfe);
	now->ie = 0x81;
	mcs51_breakpoint(cpu, 0x03, true);
	mcs51_request(cpu, MCS51_INT0, true);
	assert_int_equal(mcs51_run(cpu, 1000), MCS51_BREAKPOINT);
	assert_int_equal(now->pc, 0x03);
	assert_int_equal(cpu->cycles, 4);
}

/* ---- Trace and profile ---- */

static void the_trace_has_the_last_instructions_with_registers(void **state)
{
	char *text;

	(void)state;
	PUT(0, 0x74, 0x12, 0x90, 0x34, 0x56, 0x80, 0xfe);
	mcs51_run(cpu, 6);
	text = printed(mcs51_print_trace, NULL);
	assert_string_equal(text,
		"           0  0000  mov a,#0x12              "
		"a=00 psw=00 sp=07 dptr=0000\n"
		"           2  0002  mov dptr,#0x3456         "
		"a=12 psw=00 sp=07 dptr=0000\n"
		"           5  0005  sjmp 0x0005              "
		"a=12 psw=00 sp=07 dptr=3456\n");
	free(text);
}

static void the_trace_keeps_1000_instructions_and_the_faulty_one(void **state)
{
	char *text, *last;
	int lines = 0;

	(void)state;
	PUT(3000, 0xa5);
	assert_int_equal(mcs51_run(cpu, 10000), MCS51_FAULT);
	text = printed(mcs51_print_trace, NULL);
	assert_memory_equal(text, "        2001  07d1  nop", 23);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, MCS51_TRACE);
	last = strstr(text, "0bb8  .db 0xa5");
	assert_non_null(last);
	free(text);
}

static const char map[] =
	"C:   00000000  l_CSEG\n"
	"     00000000  s_XSEG\n"
	"C:   00000010  _main                              main\r\n"
	"C:   00000020  _delay                             main\n"
	"D:   00000030  _variable                          main\n";

static void the_profile_has_the_cycles_of_functions_and_of_waiting(void **state)
{
	struct mcs51_symbols *symbols = mcs51_symbols_parse(map, strlen(map));
	char *text;

	(void)state;
	assert_non_null(symbols);
	PUT(0, 0x02, 0x00, 0x10);
	PUT(0x10, 0x12, 0x00, 0x20, 0x80, 0xfe);
	PUT(0x20, 0x7a, 10, 0xda, 0xfe, 0x22);
	while (mcs51_run(cpu, 1000) == MCS51_WAITS)
		mcs51_skip(cpu, 1000);
	text = printed(mcs51_print_profile, symbols);
	assert_string_equal(text,
		"           933   93.2 %  idle, waiting\n"
		"            36    3.6 %  delay\n"
		"            28    2.8 %  main\n"
		"             4    0.4 %  0x0000 to 0x00ff\n");
	free(text);
	text = printed(mcs51_print_trace, symbols);
	assert_non_null(strstr(text, "djnz r2,0x0022"));
	assert_non_null(strstr(text, "  delay+0x2\n"));
	free(text);
	mcs51_symbols_destroy(symbols);
}

/* ---- Disassembly ---- */

static void instructions_are_written_as_sdcc_s_assembler_writes_them(
	void **state)
{
	static const struct {
		uint8_t code[3];
		const char *text;
	} cases[] = {
		{{0x00}, "nop"},
		{{0x01, 0x34}, "ajmp 0x1034"},
		{{0xf1, 0x34}, "acall 0x1734"},
		{{0x02, 0x12, 0x34}, "ljmp 0x1234"},
		{{0x10, 0x0b, 0xfd}, "jbc 0x21.3,0x1000"},
		{{0x20, 0xe7, 0x10}, "jb acc.7,0x1013"},
		{{0x85, 0x30, 0x81}, "mov sp,0x30"},
		{{0x86, 0x82}, "mov dpl,@r0"},
		{{0x8f, 0x86}, "mov dps,r7"},
		{{0x75, 0xb5, 0x01}, "mov oed,#0x01"},
		{{0x90, 0xe6, 0x00}, "mov dptr,#0xe600"},
		{{0xb4, 0x01, 0x80}, "cjne a,#0x01,0x0f83"},
		{{0xb7, 0x01, 0x00}, "cjne @r1,#0x01,0x1003"},
		{{0xbf, 0x01, 0x00}, "cjne r7,#0x01,0x1003"},
		{{0xb5, 0xf0, 0x00}, "cjne a,b,0x1003"},
		{{0xd5, 0x30, 0x00}, "djnz 0x30,0x1003"},
		{{0xd6}, "xchd a,@r0"},
		{{0xda, 0xfe}, "djnz r2,0x1000"},
		{{0xa0, 0x80}, "orl c,/ioa.0"},
		{{0xe2}, "movx a,@r0"},
		{{0xf7}, "mov @r1,a"},
		{{0xa5}, ".db 0xa5"},
		{{0x63, 0xd9, 0x12}, "xrl 0xd9,#0x12"},
	};
	char text[MCS51_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		mcs51_disassemble(cases[i].code, 0x1000, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* The table of texts knows of as many operands as an instruction has bytes. */
static void every_text_is_of_the_length_of_its_instruction(void **state)
{
	(void)state;
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		uint8_t code[3] = {opcode, 0x7b, 0x6c};
		char text[MCS51_TEXT], other[MCS51_TEXT];
		unsigned int length = mcs51_disassemble(code, 0x1000, text);

		assert_in_range(length, 1, 3);
		for (unsigned int i = 1; i < 3; i++) {
			code[i] ^= 0x11;
			mcs51_disassemble(code, 0x1000, other);
			assert_int_equal(strcmp(text, other) != 0, i < length);
			code[i] ^= 0x11;
		}
	}
}

/* ---- Symbols ---- */

static struct mcs51_symbols *parse(const char *text)
{
	struct mcs51_symbols *symbols = mcs51_symbols_parse(text, strlen(text));

	assert_non_null(symbols);
	return symbols;
}

static void expect_symbol(const struct mcs51_symbols *symbols, size_t index,
	uint16_t address, const char *name)
{
	assert_in_range(index, 0, symbols->count - 1);
	assert_string_equal(symbols->symbol[index].name, name);
	assert_int_equal(symbols->symbol[index].address, address);
}

static void a_map_gives_its_global_names_of_code(void **state)
{
	struct mcs51_symbols *symbols = parse(map);

	(void)state;
	assert_int_equal(symbols->count, 2);
	expect_symbol(symbols, 0, 0x10, "main");
	expect_symbol(symbols, 1, 0x20, "delay");
	assert_null(mcs51_symbol_at(symbols, 0x0f));
	assert_string_equal(mcs51_symbol_at(symbols, 0x10)->name, "main");
	assert_string_equal(mcs51_symbol_at(symbols, 0x1f)->name, "main");
	assert_string_equal(mcs51_symbol_at(symbols, 0xffff)->name, "delay");
	assert_int_equal(mcs51_symbol_named(symbols, "_delay")->address, 0x20);
	assert_int_equal(mcs51_symbol_named(symbols, "main")->address, 0x10);
	assert_null(mcs51_symbol_named(symbols, "variable"));
	mcs51_symbols_destroy(symbols);
}

static void a_cdb_gives_its_functions_static_ones_too(void **state)
{
	struct mcs51_symbols *symbols =
		parse("M:main\n"
		      "F:G$main$0_0$0({2}DF,SV:S),C,0,0,0,0,0\n"
		      "L:G$IOA$0_0$0:80\n"
		      "L:Fa$help$0$0:6D\n"
		      "L:A$a$148:70\n"
		      "L:C$a.c$2$0_0$2:6D\n"
		      "L:XFa$help$0$0:79\n"
		      "L:Fb$help$0$0:7A\n"
		      "L:XFb$help$0$0:82\n"
		      "L:G$main$0$0:100\n"
		      "L:XG$main$0$0:1FF");

	(void)state;
	assert_int_equal(symbols->count, 3);
	expect_symbol(symbols, 0, 0x6d, "help");
	expect_symbol(symbols, 1, 0x7a, "help");
	expect_symbol(symbols, 2, 0x100, "main");
	mcs51_symbols_destroy(symbols);
}

static void a_map_with_debug_information_gives_each_address_once(void **state)
{
	struct mcs51_symbols *symbols =
		parse("C:   0000006D  Ft$help$0$0   t\n"
		      "C:   00000079  XFt$help$0$0  t\n"
		      "C:   000000A0  G$main$0$0    t\n"
		      "C:   000000A0  _main         t\n"
		      "C:   000000E2  XG$main$0$0   t\n"
		      "C:   000000E3  __mulint      _mulint\n"
		      "C:   000000E3  __mulint_dummy   _mulint\n");

	(void)state;
	assert_int_equal(symbols->count, 3);
	expect_symbol(symbols, 0, 0x6d, "help");
	expect_symbol(symbols, 1, 0xa0, "main");
	expect_symbol(symbols, 2, 0xe3, "_mulint");
	mcs51_symbols_destroy(symbols);
}

static void lines_that_are_not_well_formed_give_nothing(void **state)
{
	struct mcs51_symbols *symbols =
		parse("C:\nC: _main\nC: 10\nC: 1x _main\nC: 10000 _far\n"
		      "C: 123456789 _long\nC: 10 _\nL:\nL:G\nL:G$main\n"
		      "L:G$main$0$0\nL:G$main$0$0:\nL:$$:10\nL:XG$end$0$0:10\n"
		      "L:Q$other$0$0:10\nL:XQ$other$0$0:12\n\n");

	(void)state;
	assert_int_equal(symbols->count, 0);
	assert_null(mcs51_symbol_at(symbols, 0));
	mcs51_symbols_destroy(symbols);
	mcs51_symbols_destroy(NULL);
}

static void a_long_name_is_cut_off(void **state)
{
	char line[200] = "C: 10 _";
	struct mcs51_symbols *symbols;

	(void)state;
	memset(line + strlen(line), 'x', 150);
	symbols = parse(line);
	assert_int_equal(symbols->count, 1);
	assert_int_equal(strlen(symbols->symbol[0].name),
		sizeof(symbols->symbol[0].name) - 1);
	mcs51_symbols_destroy(symbols);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_breakpoint_stops_before_its_instruction_each_time),
		TEST(a_breakpoint_in_a_loop_that_waits_stops_each_pass),
		TEST(a_breakpoint_on_a_vector_stops_before_the_handler),
		TEST(the_trace_has_the_last_instructions_with_registers),
		TEST(the_trace_keeps_1000_instructions_and_the_faulty_one),
		TEST(the_profile_has_the_cycles_of_functions_and_of_waiting),
		TEST(instructions_are_written_as_sdcc_s_assembler_writes_them),
		TEST(every_text_is_of_the_length_of_its_instruction),
		TEST(a_map_gives_its_global_names_of_code),
		TEST(a_cdb_gives_its_functions_static_ones_too),
		TEST(a_map_with_debug_information_gives_each_address_once),
		TEST(lines_that_are_not_well_formed_give_nothing),
		TEST(a_long_name_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
