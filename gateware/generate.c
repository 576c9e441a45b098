/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Writes the Verilog that follows from wire/regs.h and wire/cores.h, for
 * scripts/image and scripts/twin:
 *	generate DIRECTORY
 * regs.vh has the addresses of registers and the sizes, memory.vh the initial
 * content of the memory in registers.v, cores.v an instance of each core.  The
 * image's id is a hash of the output, so any change of it needs a new image.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cores.h"

static const struct listed {
	const char *name;
	struct core_entry entry;
} cores[] = {
#define X(NAME, name, ...) {#name, CORE_ENTRY(NAME, name, __VA_ARGS__)},
	CORE_TABLE(X)
#undef X
};

_Static_assert(CORE_COUNT < 16, "switch.v has four bits for a core");
_Static_assert(CORE_COUNT <= 8, "REG_ALERTS has a bit for each");

static bool per_pin(const struct listed *core)
{
	return core->entry.flags & CORE_PER_PIN;
}

static bool has_commands(const struct listed *core)
{
	return core->entry.flags & CORE_COMMANDS;
}

static bool has_clock(const struct listed *core)
{
	return core->entry.flags & CORE_CLOCK;
}

/* Verilog has no port of width 0, so an unused one has a bit. */
static unsigned width_out(const struct listed *core)
{
	if (per_pin(core))
		return PIN_COUNT;
	return core->entry.outputs ? core->entry.outputs : 1;
}

static void define(FILE *file, const char *name, unsigned value)
{
	fprintf(file, "`define %s %u\n", name, value);
}

/* The clock of the core with this input, from 1; 0 if the core has none. */
static unsigned clock_of(unsigned input)
{
	unsigned clock = 0;

	for (unsigned i = 0; i < CORE_COUNT; i++) {
		const struct core_entry *entry = &cores[i].entry;

		clock += has_clock(&cores[i]);
		if (input >= entry->first_input &&
			input < entry->first_input + entry->inputs)
			return has_clock(&cores[i]) ? clock : 0;
	}
	return 0;
}

/* The first output of each clock, and the clock of each input: bytes, the last
   first. */
static void write_clocks(FILE *file)
{
	unsigned clocks = 0;

	for (unsigned i = 0; i < CORE_COUNT; i++)
		clocks += has_clock(&cores[i]);
	define(file, "CLOCKS", clocks);
	fprintf(file, "`define CLOCK_FUNCTIONS {");
	for (unsigned i = CORE_COUNT; i-- > 0;)
		if (has_clock(&cores[i]))
			fprintf(file, "8'd%u%s", cores[i].entry.first_output,
				--clocks ? ", " : "}\n");
	fprintf(file, "`define INPUT_CLOCKS {");
	for (unsigned i = INPUT_END; i-- > 0;)
		fprintf(file, "8'd%u%s", clock_of(i), i ? ", " : "}\n");
}

static void write_regs(FILE *file)
{
	static const struct {
		const char *name;
		unsigned value;
	} addresses[] = {
#define ADDRESS(name) {#name, name}
		ADDRESS(REG_HEALTH),
		ADDRESS(REG_PIPE_RESET),
		ADDRESS(REG_ALERTS),
		ADDRESS(REG_FLUSH),
		ADDRESS(REG_IDLE_FLUSH),
		ADDRESS(REG_STREAM),
		ADDRESS(REG_MAP),
		ADDRESS(REG_CORE_COUNT),
		ADDRESS(REG_TABLE_INDEX),
		ADDRESS(REG_TABLE),
		ADDRESS(REG_PIN),
		ADDRESS(REG_INPUT),
		ADDRESS(REG_CORES),
		ADDRESS(REG_COUNT),
		ADDRESS(REG_HEALTH_VALUE),
		ADDRESS(REG_MAP_VERSION),
#undef ADDRESS
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		fprintf(file, "`define %s 8'h%02x\n", addresses[i].name,
			addresses[i].value);
	fprintf(file, "`define REG_IDLE_DEFAULT 16'd%u\n", REG_IDLE_DEFAULT);
	define(file, "CORES", CORE_COUNT);
	define(file, "FUNCTIONS", OUTPUT_END);
	define(file, "INPUTS", INPUT_END);
	write_clocks(file);
}

static void write_byte(FILE *file, unsigned at, unsigned value)
{
	if (value != 0)
		fprintf(file, "memory[%u] = 8'h%02x;\n", at, value);
}

/* Entry n of the table, from 1, is 16 bytes at 256 + 16 * n. */
static void write_memory(FILE *file)
{
	write_byte(file, REG_HEALTH, REG_HEALTH_VALUE);
	write_byte(file, REG_MAP, REG_MAP_VERSION);
	write_byte(file, REG_CORE_COUNT, CORE_COUNT);
	for (unsigned i = 0; i < 4; i++)
		write_byte(file, REG_IDLE_FLUSH + i,
			REG_IDLE_DEFAULT >> 8 * (i % 2) & 0xff);
	for (unsigned i = 0; i < CORE_COUNT; i++) {
		const uint8_t *bytes = (const uint8_t *)&cores[i].entry;

		for (unsigned j = 0; j < sizeof(struct core_entry); j++)
			write_byte(file, 256 + 16 * (i + 1) + j, bytes[j]);
	}
}

static void write_head(FILE *file)
{
	fprintf(file,
		"`default_nettype none\n"
		"`include \"regs.vh\"\n\n"
		"module cores (\n"
		"	input wire clk,\n"
		"	input wire [`CORES - 1:0] rst,\n"
		"	input wire [7:0] reg_addr,\n"
		"	input wire reg_write,\n"
		"	input wire [7:0] reg_data,\n"
		"	output wire [31:0] reg_q,\n"
		"	input wire [8 * `CORES - 1:0] out_data,\n"
		"	input wire [`CORES - 1:0] out_valid,\n"
		"	output wire [`CORES - 1:0] out_ready,\n"
		"	output wire [8 * `CORES - 1:0] in_data,\n"
		"	output wire [`CORES - 1:0] in_valid,\n"
		"	input wire [`CORES - 1:0] in_ready,\n"
		"	input wire [`CORES - 1:0] in_room,\n"
		"	output wire [`CORES - 1:0] in_flush,\n"
		"	output wire [`CORES - 1:0] alert,\n"
		"	output wire [16 * `FUNCTIONS - 1:0] function_o,\n"
		"	output wire [16 * `FUNCTIONS - 1:0] function_oe,\n"
		"	output wire [`CLOCKS - 1:0] clock_turn,\n"
		"	output wire [`CLOCKS - 1:0] clock_late,\n"
		"	input wire [15:0] levels,\n"
		"	input wire [`INPUTS - 1:0] inputs\n"
		");\n");
}

/* The expression for pin_i: the levels, the core's inputs, both, or 0. */
static void write_inputs(FILE *file, const struct listed *core)
{
	const struct core_entry *entry = &core->entry;

	if (entry->inputs == 0) {
		fprintf(file, per_pin(core) ? "levels" : "1'b0");
		return;
	}
	if (per_pin(core))
		fprintf(file, "{");
	fprintf(file, "inputs[%u:%u]", entry->first_input + entry->inputs - 1,
		entry->first_input);
	if (per_pin(core))
		fprintf(file, ", levels}");
}

/* The ports that only some cores have. */
static void write_options(FILE *file, const struct listed *core, unsigned i)
{
	if (has_commands(core))
		fprintf(file,
			"		.in_room(in_room[%u]), "
			".in_flush(in_flush[%u]),\n",
			i, i);
	if (has_clock(core))
		fprintf(file,
			"		.clock_turn(clock_turn[%u]), "
			".clock_late(clock_late[%u]),\n",
			clock_of(core->entry.first_input) - 1,
			clock_of(core->entry.first_input) - 1);
}

static void write_core(FILE *file, const struct listed *core, unsigned i)
{
	const struct core_entry *entry = &core->entry;
	const char *name = core->name,
		   *unused = entry->outputs ? "" : "unused_";
	unsigned last = width_out(core) - 1;

	fprintf(file,
		"\n"
		"	wire here_%s = reg_addr >= 8'h%02x & reg_addr < "
		"8'h%02x;\n"
		"	wire [31:0] q_%s;\n"
		"	wire [%u:0] %so_%s;\n"
		"	wire [%u:0] %soe_%s;\n"
		"	core_%s %s (\n"
		"		.clk(clk), .rst(rst[%u]),\n"
		"		.reg_addr(reg_addr[4:0] - 5'd%u),\n"
		"		.reg_write(reg_write & here_%s),\n"
		"		.reg_data(reg_data), .reg_q(q_%s),\n",
		name, entry->base, entry->base + entry->registers, name, last,
		unused, name, last, unused, name, name, name, i,
		entry->base % 32, name, name);
	fprintf(file,
		"		.out_data(out_data[%u:%u]),\n"
		"		.out_valid(out_valid[%u]), "
		".out_ready(out_ready[%u]),\n"
		"		.in_data(in_data[%u:%u]),\n"
		"		.in_valid(in_valid[%u]), "
		".in_ready(in_ready[%u]),\n",
		8 * i + 7, 8 * i, i, i, 8 * i + 7, 8 * i, i, i);
	write_options(file, core, i);
	fprintf(file,
		"		.alert(alert[%u]),\n"
		"		.pin_o(%so_%s), .pin_oe(%soe_%s), .pin_i(",
		i, unused, name, unused, name);
	write_inputs(file, core);
	fprintf(file, ")\n	);\n");
	if (!has_commands(core))
		fprintf(file,
			"	assign in_flush[%u] = 1'b0;\n"
			"	wire unused_room_%s = in_room[%u];\n",
			i, name, i);
}

/* The functions of a pin, the last first, as a concatenation begins with its
   highest bit. */
static void write_functions(FILE *file, const char *signal)
{
	fprintf(file,
		"			assign function_%s[`FUNCTIONS * i +: "
		"`FUNCTIONS] = {",
		signal);
	for (unsigned i = CORE_COUNT; i-- > 0;) {
		const struct listed *core = &cores[i];

		if (per_pin(core))
			fprintf(file, "%s_%s[i], ", signal, core->name);
		else if (core->entry.outputs)
			fprintf(file, "%s_%s, ", signal, core->name);
	}
	fprintf(file, "1'b0};\n");
}

static void write_cores(FILE *file)
{
	write_head(file);
	for (unsigned i = 0; i < CORE_COUNT; i++)
		write_core(file, &cores[i], i);
	fprintf(file, "\n	assign reg_q = 32'd0");
	for (unsigned i = 0; i < CORE_COUNT; i++)
		fprintf(file, " |\n		(q_%s & {32{here_%s}})",
			cores[i].name, cores[i].name);
	fprintf(file,
		";\n\n"
		"	genvar i;\n"
		"	generate\n"
		"		for (i = 0; i < 16; i = i + 1) begin : pin\n");
	write_functions(file, "o");
	write_functions(file, "oe");
	fprintf(file, "		end\n	endgenerate\n\nendmodule\n");
}

static void write_file(
	const char *directory, const char *name, void (*write)(FILE *file))
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	fprintf(file, "// Written by gateware/generate.c.\n");
	write(file);
	if (fclose(file) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: generate DIRECTORY\n");
		return 64;
	}
	write_file(argv[1], "regs.vh", write_regs);
	write_file(argv[1], "memory.vh", write_memory);
	write_file(argv[1], "cores.v", write_cores);
	return 0;
}
