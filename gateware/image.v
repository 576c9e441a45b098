// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Everything between the pads.  Those of the FX2's bus and of the ports have
// a register each way, see bridge.v and pinmux.v.

`default_nettype none
`include "regs.vh"

module image (
	input wire clk,

	input wire [3:0] flag,
	input wire [7:0] fd_in,
	output wire [7:0] fd_out,
	output wire fd_oe,
	output wire [1:0] faddr,
	output wire sloe, // active high, these four
	output wire slrd,
	output wire slwr,
	output wire pktend,

	input wire scl_in,
	input wire sda_in,
	output wire sda_low,
	output wire alert_low,

	output wire [15:0] pin_o,
	output wire [15:0] pin_o_late,
	output wire [15:0] pin_oe,
	input wire [15:0] pin_i,
	input wire [15:0] pin_i_late
);

	// Pipes.
	wire [3:0] pipe_reset;
	wire [1:0] flush;
	wire [31:0] idle;
	wire [15:0] out_data;
	wire [1:0] out_valid;
	wire [1:0] out_ready;
	wire [15:0] in_data;
	wire [1:0] in_valid;
	wire [1:0] in_ready;
	wire [1:0] in_room;
	wire [1:0] in_flush;

	bridge bridge (
		.clk(clk), .rst(pipe_reset), .idle(idle), .flush(flush),
		.flag(flag), .fd_in(fd_in), .fd_out(fd_out), .fd_oe(fd_oe),
		.faddr(faddr), .sloe(sloe), .slrd(slrd), .slwr(slwr),
		.pktend(pktend),
		.out_data(out_data), .out_valid(out_valid),
		.out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
		.in_room(in_room), .in_flush(in_flush)
	);

	// Registers.
	wire start, write, accept, read;
	wire [7:0] byte_in;
	wire [7:0] byte_out;
	wire [15:0] stream;
	wire [8 * 16 - 1:0] pin;
	wire [8 * `INPUTS - 1:0] input_select;
	wire [`CORES - 1:0] alert_set;
	wire [7:0] core_addr;
	wire [7:0] core_data;
	wire core_write;
	wire [31:0] core_q;

	i2c i2c (
		.clk(clk), .scl_in(scl_in), .sda_in(sda_in), .sda_low(sda_low),
		.start(start), .write(write), .byte_in(byte_in),
		.accept(accept), .read(read), .byte_out(byte_out)
	);

	registers registers (
		.clk(clk),
		.i2c_start(start), .i2c_write(write), .i2c_byte(byte_in),
		.i2c_accept(accept), .i2c_read(read), .i2c_data(byte_out),
		.pipe_reset(pipe_reset), .flush(flush), .idle(idle),
		.stream(stream), .pin(pin), .input_select(input_select),
		.alert_set(alert_set), .alert(alert_low),
		.core_addr(core_addr), .core_write(core_write),
		.core_data(core_data), .core_q(core_q)
	);

	// The cores, between pipes and pins.
	wire [`CORES - 1:0] core_rst;
	wire [8 * `CORES - 1:0] core_out_data;
	wire [`CORES - 1:0] core_out_valid;
	wire [`CORES - 1:0] core_out_ready;
	wire [8 * `CORES - 1:0] core_in_data;
	wire [`CORES - 1:0] core_in_valid;
	wire [`CORES - 1:0] core_in_ready;
	wire [`CORES - 1:0] core_in_room;
	wire [`CORES - 1:0] core_in_flush;
	wire [16 * `FUNCTIONS - 1:0] function_o;
	wire [16 * `FUNCTIONS - 1:0] function_oe;
	wire [`CLOCKS - 1:0] clock_turn;
	wire [`CLOCKS - 1:0] clock_late;
	wire [15:0] levels;
	wire [`INPUTS - 1:0] inputs;

	switch switch (
		.clk(clk), .pipe_reset(pipe_reset), .stream(stream),
		.out_data(out_data), .out_valid(out_valid),
		.out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
		.in_room(in_room), .in_flush(in_flush),
		.core_rst(core_rst),
		.core_out_data(core_out_data), .core_out_valid(core_out_valid),
		.core_out_ready(core_out_ready),
		.core_in_data(core_in_data), .core_in_valid(core_in_valid),
		.core_in_ready(core_in_ready),
		.core_in_room(core_in_room), .core_in_flush(core_in_flush)
	);

	cores cores (
		.clk(clk), .rst(core_rst),
		.reg_addr(core_addr), .reg_write(core_write),
		.reg_data(core_data), .reg_q(core_q),
		.out_data(core_out_data), .out_valid(core_out_valid),
		.out_ready(core_out_ready),
		.in_data(core_in_data), .in_valid(core_in_valid),
		.in_ready(core_in_ready),
		.in_room(core_in_room), .in_flush(core_in_flush),
		.alert(alert_set),
		.function_o(function_o), .function_oe(function_oe),
		.clock_turn(clock_turn), .clock_late(clock_late),
		.levels(levels), .inputs(inputs)
	);

	pinmux pinmux (
		.clk(clk), .pin(pin), .input_select(input_select),
		.function_o(function_o), .function_oe(function_oe),
		.clock_turn(clock_turn), .clock_late(clock_late),
		.pin_o(pin_o), .pin_o_late(pin_o_late), .pin_oe(pin_oe),
		.pad_i(pin_i), .pad_i_late(pin_i_late),
		.levels(levels), .inputs(inputs)
	);

endmodule
